/* SPDX-License-Identifier: MIT */
/* Doctor says something about everything, and sees through scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "commands/doctor_checks.h"

static const struct finding *find(const struct finding *findings, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(findings[i].what, what) == 0)
            return &findings[i];
    fail_msg("nothing is said about the %s", what);
    return findings;
}

static void says_something_about_everything(void **unused)
{
    struct finding finding;
    size_t count = 0;

    while (doctor_check(count, &finding)) {
        assert_true(finding.what[0] && finding.text[0]);
        count++;
    }
    assert_true(count >= 10);
}

static void finds_a_dynamic_program(void **unused)
{
    struct finding findings[8];
    size_t count = doctor_command("sh", findings, 8);

    assert_non_null(strstr(find(findings, count, "command")->text, "sh"));
    assert_int_equal(find(findings, count, "linking")->grade, FINDING_GOOD);
    assert_int_equal(doctor_command("sh", findings, 1), 1);
}

static void misses_what_is_not_there(void **unused)
{
    struct finding findings[8];

    assert_int_equal(doctor_command("/nonexistent/x", findings, 8), 1);
    assert_int_equal(findings[0].grade, FINDING_BAD);
    assert_int_equal(doctor_command("", findings, 8), 1);
    assert_int_equal(findings[0].grade, FINDING_BAD);
}

static void sees_through_a_script(void **unused)
{
    char path[] = "/tmp/lastwords-test-XXXXXX";
    struct finding findings[8];
    int fd = mkstemp(path);
    static const char script[] = "#!/usr/bin/env sh\necho\n";

    assert_int_equal(write(fd, script, sizeof(script) - 1), sizeof(script) - 1);
    fchmod(fd, 0700);
    close(fd);
    size_t count = doctor_command(path, findings, 8);
    unlink(path);
    assert_non_null(strstr(find(findings, count, "interpreter")->text, "/sh"));
    assert_int_equal(find(findings, count, "linking")->grade, FINDING_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_something_about_everything),
        cmocka_unit_test(finds_a_dynamic_program),
        cmocka_unit_test(misses_what_is_not_there),
        cmocka_unit_test(sees_through_a_script),
    };

    return cmocka_run_group_tests_name("report_doctor", tests, NULL, NULL);
}
