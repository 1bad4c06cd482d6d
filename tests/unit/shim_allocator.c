/* SPDX-License-Identifier: MIT */
#include "ground/allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the kernel got at exec, beside what the C library has been told since. */
static char **as_started;

static const char *look(const char *name, bool early, size_t capacity)
{
    static char buffer[4096];
    char **kept = environ;
    if (early)
        environ = NULL;
    const char *found = allocator_environment(name, buffer, capacity);
    environ = kept;
    return found;
}

static void test_same_as_getenv(void **state)
{
    for (char **entry = as_started; *entry; entry++) {
        char name[256];
        size_t n = strcspn(*entry, "=");
        if (n == 0 || n >= sizeof name || strlen(*entry) > 4000)
            continue;
        memcpy(name, *entry, n);
        name[n] = '\0';
        const char *value = getenv(name);
        if (!value || strcmp(value, *entry + n + 1) != 0)
            continue; /* twice in there */
        assert_string_equal(look(name, true, 4096), value);
        assert_string_equal(look(name, false, 4096), value);
    }
}

static void test_not_there(void **state)
{
    static const char *const names[] = {"ALLOCATOR_TES", "LLOCATOR_TEST", "ALLOCATOR_TESTED", "NOWHERE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(look(names[i], true, 4096));
        assert_null(look(names[i], false, 4096));
    }
}

static void test_known_values(void **state)
{
    for (int early = 0; early < 2; early++) {
        assert_string_equal(look("ALLOCATOR_TEST", early, 4096), "action=abort:allocator=jemalloc");
        assert_string_equal(look("ALLOCATOR_TEST", early, 7), "action");
        assert_string_equal(look("ALLOCATOR_EMPTY", early, 4096), "");
        assert_int_equal(strlen(look("ALLOCATOR_LONG", early, 4096)), 3000);
    }
}

/* Wanted: by a setting that a test must be started with. */
static void test_wanted(void **state)
{
    static const struct {
        const char *setting;
        bool wanted;
    } cases[] = {{"allocator=jemalloc", true},
                 {"action=abort:allocator=jemalloc:dir=/x", true},
                 {"allocator=keep", false},
                 {"allocator=jemalloc:allocator=keep", false},
                 {"allocator=tcmalloc", false},
                 {"dir=\":allocator=jemalloc\"", false},
                 {"allocator=jemalloc:off=1", false},
                 {"allocator=jemalloc:only=shim_*", true},
                 {"allocator=jemalloc:only=other", false},
                 {"allocator=jemalloc:skip=other,shim_allocator", false},
                 {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("LASTWORDS", cases[i].setting, 1);
        if (allocator_wanted() != cases[i].wanted)
            fail_msg("%s", cases[i].setting);
    }
    unsetenv("LASTWORDS");
    assert_false(allocator_wanted());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_getenv), cmocka_unit_test(test_not_there),
                                       cmocka_unit_test(test_known_values), cmocka_unit_test(test_wanted)};
    if (!getenv("ALLOCATOR_TEST")) { /* an environment of which the kernel knows as well */
        static char longest[3001];
        memset(longest, 'x', sizeof longest - 1);
        setenv("ALLOCATOR_TESTS", "another", 1);
        setenv("ALLOCATOR_TEST", "action=abort:allocator=jemalloc", 1);
        setenv("ALLOCATOR_EMPTY", "", 1);
        setenv("ALLOCATOR_LONG", longest, 1);
        char self[4096];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        self[n > 0 ? n : 0] = 0;
        execv(self, argv);
        return 1;
    }
    as_started = environ;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
