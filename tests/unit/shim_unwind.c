/* SPDX-License-Identifier: MIT */
/* unwind: native stacks of this program, and of one whose unwind tables lead to what is no address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>

#include "observe/modules.h"
#include "observe/unwind.h"

/* This program contains the library, whose own frames are left out: what remains are those of the C library. */
static struct {
    uint64_t frames[UNWIND_MAX];
    uint32_t count;
} seen;

static void on_signal(int signal, siginfo_t *info, void *ucontext)
{
    seen.count = unwind_interrupted(ucontext, seen.frames, UNWIND_MAX);
}

static void look(void)
{
    seen.count = unwind_native(seen.frames, UNWIND_MAX);
}

static void look_in_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, before;
    sigaction(SIGUSR1, &action, &before);
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
}

static void are_addresses(void)
{
    for (uint32_t i = 0; i < seen.count; i++) {
        assert_true(seen.frames[i] >= 4096);
        assert_true(seen.frames[i] >> 56 == 0);
    }
}

static int load(void **state)
{
    char why[160];
    unwind_begin();
    return !unwind_load(why, sizeof why);
}

static void a_stack_of_this_program(void **state)
{
    look();
    assert_true(seen.count > 0); /* the C library, where the program began */
    are_addresses();
    look_in_handler();
    assert_true(seen.count > 0);
    are_addresses();
}

/* Visits until it comes to `until`, and notes where each one lies. */
struct visited {
    uint64_t until;
    uint64_t at[256];
    uint32_t count;
};

static int visit(struct dl_phdr_info *info, size_t size, void *context)
{
    struct visited *visited = context;
    uint64_t at = (uintptr_t)info->dlpi_phdr;
    if (visited->count < sizeof visited->at / sizeof visited->at[0])
        visited->at[visited->count++] = at;
    return at == visited->until;
}

static struct visited modules_until(uint64_t until)
{
    struct visited visited = {.until = until};
    assert_int_equal(modules_iterate(visit, &visited), until != 0);
    return visited;
}

static void each_module_comes_once_and_those_looked_for_lately_first(void **state)
{
    modules_refresh();
    struct visited all = modules_until(0);
    assert_true(all.count >= 3); /* this program, the C library, the loader, and more */
    for (uint32_t i = 0; i < all.count; i++) {
        uint64_t wanted = all.at[i];
        modules_until(wanted);
        assert_int_equal(modules_until(wanted).count, 1);
        struct visited again = modules_until(0);
        assert_int_equal(again.count, all.count);
        assert_int_equal(again.at[0], wanted);
        for (uint32_t k = 0; k < all.count; k++) {
            uint32_t times = 0;
            for (uint32_t j = 0; j < again.count; j++)
                times += again.at[j] == all.at[k];
            assert_int_equal(times, 1);
        }
    }
    modules_until(all.at[0]);
    modules_until(all.at[1]);
    assert_int_equal(modules_until(all.at[0]).count, 2); /* of two in turn neither is far */
}

#ifdef __x86_64__
/* Says that its return address lies where it has put its argument. */
void misleading(uint64_t instead, void (*call)(void));
__asm__(".text\n"
        ".type misleading, @function\n"
        "misleading:\n"
        ".cfi_startproc\n"
        "push %rdi\n"
        "call *%rsi\n"
        "add $8, %rsp\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size misleading, . - misleading\n");

static void what_is_no_address_ends_a_stack(void **state)
{
    static const uint64_t values[] = {
        UINT64_C(0xd439aae3e596dc00), UINT64_C(1) << 63 | 7, UINT64_C(1) << 62 | 1, UINT64_MAX, 1, 0,
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        misleading(values[i], look);
        are_addresses();
        misleading(values[i], look_in_handler);
        assert_true(seen.count > 0); /* raise() */
        are_addresses();
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_of_this_program),
        cmocka_unit_test(each_module_comes_once_and_those_looked_for_lately_first),
#ifdef __x86_64__
        cmocka_unit_test(what_is_no_address_ends_a_stack),
#endif
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
