/* SPDX-License-Identifier: MIT */
/* perf_map: names of compiled code, from a file that anybody may have written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/perf_map.h"

static void must_be(const struct perf_map *map, uint64_t address, const char *name)
{
    size_t length = 0;
    const char *found = perf_map_name(map, address, &length);
    if (!name) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_int_equal(length, strlen(name));
    assert_memory_equal(found, name, length);
}

static void names_by_address(void **unused)
{
    static const char text[] = "7f0020 10 LazyCompile:*work /job.js:12\n7f0000 20 py::load:/etl.py\n"
                               "0x7f0100 8 with prefix\n7f0000 18 later\n7f0200 40 cut off";
    struct perf_map *map = perf_map_parse(text, sizeof(text) - 1);
    must_be(map, 0x7effff, NULL);
    must_be(map, 0x7f0000, "later");
    must_be(map, 0x7f0017, "later");
    must_be(map, 0x7f0018, NULL);
    must_be(map, 0x7f0020, "LazyCompile:*work /job.js:12");
    must_be(map, 0x7f002f, "LazyCompile:*work /job.js:12");
    must_be(map, 0x7f0030, NULL);
    must_be(map, 0x7f0107, "with prefix");
    must_be(map, 0x7f0200, NULL);
    perf_map_close(map);
}

static void nonsense(void **unused)
{
    static const char *const lines[] = {"",
                                        "\n",
                                        "x 1 a\n",
                                        "1\n",
                                        "1 \n",
                                        "1 2\n",
                                        "1 2 \n",
                                        "1 0 zero\n",
                                        " 1 2 a\n",
                                        "-1 2 a\n",
                                        "1 -2 a\n",
                                        "1 2g a\n",
                                        "11111111111111111 2 a\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct perf_map *map = perf_map_parse(lines[i], strlen(lines[i]));
        must_be(map, 1, NULL);
        must_be(map, 0, NULL);
        must_be(map, UINT64_MAX, NULL);
        perf_map_close(map);
    }
    char *noise = malloc(100000);
    srandom(1);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 100000; i++)
            noise[i] = "0123456789abcdef \n\n xyz\0"[random() % 24];
        struct perf_map *map = perf_map_parse(noise, 100000);
        size_t length = 0;
        for (uint64_t address = 0; address < 5000; address++)
            if (perf_map_name(map, address, &length))
                assert_in_range(length, 1, PERF_MAP_MAX_NAME);
        perf_map_close(map);
    }
    free(noise);
}

static struct lw_identity me(void)
{
    struct lw_identity identity = {.pid = (uint32_t)getpid(), .uid = getuid()};
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%39s", identity.boot_id), 1);
    fclose(file);
    return identity;
}

static struct perf_map *opened(const struct lw_identity *identity)
{
    struct perf_map *map = perf_map_open(identity);
    if (map)
        must_be(map, 0x1000, "f");
    perf_map_close(map);
    return map;
}

/* Only a regular file of the process's user, of this boot, not older than the process. */
static void only_its_own(void **unused)
{
    char path[64], other[80];
    struct lw_identity identity = me();
    snprintf(path, sizeof(path), "/tmp/perf-%u.map", identity.pid);
    snprintf(other, sizeof(other), "%s.other", path);
    assert_null(opened(&identity));
    FILE *file = fopen(other, "w");
    fputs("1000 10 f\n", file);
    fclose(file);
    assert_int_equal(symlink(other, path), 0);
    assert_null(opened(&identity));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(opened(&identity));
    unlink(path);
    assert_int_equal(rename(other, path), 0);
    assert_non_null(opened(&identity));
    identity.uid++;
    assert_null(opened(&identity));
    identity.uid--;
    identity.started_realtime_ns = UINT64_MAX;
    assert_null(opened(&identity));
    identity.started_realtime_ns = 0;
    identity.boot_id[0] ^= 1;
    assert_null(opened(&identity));
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_by_address),
        cmocka_unit_test(nonsense),
        cmocka_unit_test(only_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
