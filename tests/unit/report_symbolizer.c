/* SPDX-License-Identifier: MIT */
/* Files and lines of this very binary; and nothing from a binary that is another build. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>
#include <cmocka.h>

#include "sources/symbolizer.h"

/* The build id of the main program, from its own notes in memory. */
static int read_own(struct dl_phdr_info *info, size_t size, void *context)
{
    struct lw_module *module = context;

    module->bias = info->dlpi_addr;
    module->start = info->dlpi_addr;
    module->end = UINT64_MAX;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        const char *at = (const char *)(info->dlpi_addr + header->p_vaddr), *end = at + header->p_memsz;
        while (header->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) < end) {
            const ElfW(Nhdr) *note = (const void *)at;
            const char *description = at + sizeof(*note) + ((note->n_namesz + 3) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_descsz <= sizeof(module->build_id)) {
                module->build_id_bytes = (uint8_t)note->n_descsz;
                memcpy(module->build_id, description, note->n_descsz);
            }
            at = description + ((note->n_descsz + 3) & ~3u);
        }
    }
    return 1; /* the first is the main program */
}

__attribute__((noinline, noclone)) static uint64_t caller_address(void)
{
    return (uint64_t)(uintptr_t)__builtin_return_address(0);
}

static void names_its_own_lines(void **unused)
{
    struct lw_module module = {.start = 0};
    struct symbolizer_frame frames[SYMBOLIZER_MAX_INLINED];
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[length > 0 ? length : 0] = '\0';
    dl_iterate_phdr(read_own, &module);
    if (module.build_id_bytes == 0)
        skip();
    struct symbolizer *symbolizer = symbolizer_new();
    volatile uint64_t address = caller_address();
    int line = __LINE__ - 1;
    assert_true(symbolizer_lookup(symbolizer, &module, path, address, frames) >= 1);
    assert_string_equal(frames[0].function, "names_its_own_lines");
    assert_non_null(strstr(frames[0].file, "report_symbolizer.c"));
    assert_int_equal(frames[0].line, line);
    symbolizer_free(symbolizer);

    symbolizer = symbolizer_new();
    module.build_id[0] ^= 1;
    assert_int_equal(symbolizer_lookup(symbolizer, &module, path, address, frames), 0);
    symbolizer_free(symbolizer);
}

static void knows_nothing_of_what_is_not_there(void **unused)
{
    static const char *const paths[] = {"", "relative", "/nonexistent", "/dev/null", "/etc/passwd", "/", "[vdso]"};
    struct lw_module module = {.start = 1, .build_id_bytes = 20};
    struct symbolizer_frame frames[SYMBOLIZER_MAX_INLINED];
    struct symbolizer *symbolizer = symbolizer_new();

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++, module.start++)
        assert_int_equal(symbolizer_lookup(symbolizer, &module, paths[i], 0x1000, frames), 0);
    symbolizer_free(symbolizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_its_own_lines),
        cmocka_unit_test(knows_nothing_of_what_is_not_there),
    };

    return cmocka_run_group_tests_name("report_symbolizer", tests, NULL, NULL);
}
