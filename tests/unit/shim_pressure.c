/* SPDX-License-Identifier: MIT */
/* pressure: what the kernel writes, what it may leave out, and what is no pressure file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "journal_format.h"
#include "observe/pressure.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void parses_what_the_kernel_writes(void **unused)
{
    static const struct {
        const char *text;
        struct pressure_numbers numbers;
    } rows[] = {
        {"some avg10=0.12 avg60=0.03 avg300=0.00 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=99\n",
         {1234, 99, 12, 0}},
        {"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
         {0, 0, 0, 0}},
        {"some avg10=99.05 avg60=88.00 avg300=12.34 total=18446744073709\n"
         "full avg10=100.00 avg60=7.00 avg300=1.00 total=17000000000000\n",
         {18446744073709, 17000000000000, 9905, 10000}},
        {"some avg10=88.30 avg60=1.00 avg300=0.10 total=5\n", {5, LW_UNKNOWN, 8830, 0}},
        {"some avg10=1.50 avg60=1.00 avg300=0.10 total=5", {5, LW_UNKNOWN, 150, 0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pressure_numbers numbers;
        assert_true(pressure_parse(rows[i].text, &numbers));
        assert_int_equal(numbers.some_total_us, rows[i].numbers.some_total_us);
        assert_int_equal(numbers.full_total_us, rows[i].numbers.full_total_us);
        assert_int_equal(numbers.some_avg10_permyriad, rows[i].numbers.some_avg10_permyriad);
        assert_int_equal(numbers.full_avg10_permyriad, rows[i].numbers.full_avg10_permyriad);
    }
}

static void refuses_everything_else(void **unused)
{
    static const char *const rows[] = {
        "",
        "\n",
        "some",
        "some avg10=",
        "some avg10=x avg60=0.00 avg300=0.00 total=1\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=\n",
        "some avg10=0.00 avg60=0.00 avg300=0.00\n",
        "some avg60=0.00 avg300=0.00 total=1\n",
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n",
        "max 100000\n",
        "Operation not supported",
        /* a line that was cut does not borrow from the next one */
        "some avg10=0.00 avg60=0.00\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=99\n",
        "some \nfull avg10=0.00 avg60=0.00 avg300=0.00 total=99\n",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pressure_numbers numbers = {1, 2, 3, 4};
        if (pressure_parse(rows[i], &numbers))
            fail_msg("'%s' was taken for pressure", rows[i]);
        assert_int_equal(numbers.some_total_us, 1);
        assert_int_equal(numbers.full_total_us, 2);
        assert_int_equal(numbers.some_avg10_permyriad, 3);
        assert_int_equal(numbers.full_avg10_permyriad, 4);
    }
}

static const char some_and_full[] = "some avg10=2.04 avg60=0.75 avg300=0.40 total=157622151\n"
                                    "full avg10=1.10 avg60=0.13 avg300=0.07 total=154732\n";

static void reads_again_and_again(void **unused)
{
    char path[] = "/tmp/lastwords-pressure-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, some_and_full, sizeof some_and_full - 1), sizeof some_and_full - 1);
    struct pressure pressure;
    assert_true(pressure_open(&pressure, path));
    assert_true(pressure.own);
    assert_string_equal(pressure.where, path);
    struct pressure_numbers numbers;
    for (int i = 0; i < 2; i++) {
        assert_true(pressure_read(&pressure, &numbers));
        assert_int_equal(numbers.some_total_us, 157622151);
        assert_int_equal(numbers.full_avg10_permyriad, 110);
    }
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_false(pressure_read(&pressure, &numbers));
    assert_int_equal(numbers.some_total_us, LW_UNKNOWN);
    assert_int_equal(numbers.full_total_us, LW_UNKNOWN);
    pressure_close(&pressure);
    assert_int_equal(pressure.fd, -1);
    assert_false(pressure_read(&pressure, &numbers));
    close(fd);
    unlink(path);
}

/* Without a file of its own a cgroup has the host's numbers, or a reason why there are none. */
static void falls_back_to_the_host(void **unused)
{
    static const char *const files[] = {"", "/nonexistent/memory.pressure", "/dev/null"};
    for (size_t i = 0; i < COUNT(files); i++) {
        struct pressure pressure;
        bool open = pressure_open(&pressure, files[i]);
        assert_false(pressure.own);
        assert_int_equal(pressure.fd >= 0, open);
        if (open)
            assert_string_equal(pressure.where, "/proc/pressure/memory");
        else
            assert_non_null(strstr(pressure.where, "can be read"));
        pressure_close(&pressure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_the_kernel_writes),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(reads_again_and_again),
        cmocka_unit_test(falls_back_to_the_host),
    };
    return cmocka_run_group_tests_name("shim_pressure", tests, NULL, NULL);
}
