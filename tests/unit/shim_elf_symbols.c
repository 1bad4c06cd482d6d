/* SPDX-License-Identifier: MIT */
/* elf_symbols: names of addresses, held against what dladdr says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdlib.h>

#include "observe/elf_symbols.h"
#include "observe/modules.h"

#define STEP  997u
#define TRIED 1500u

static struct journal journal;

static int open_journal(void **state)
{
    void *file = calloc(1, journal_file_bytes()), *memory = calloc(1, journal_private_bytes());
    if (!file || !memory)
        return 1;
    journal_format(&journal, file, memory, 4096);
    modules_refresh();
    return 0;
}

/* One site whose stack is this address alone. */
static const struct lw_symbol *name_of(uint64_t address)
{
    struct lw_section *sites = journal_section(&journal, LW_SECTION_SITES),
                      *symbols = journal_section(&journal, LW_SECTION_SYMBOLS);
    elf_forget();
    symbols->used = 0;
    sites->used = 1;
    journal.nodes[1] = (struct lw_node){.frame = address};
    journal.sites[0] = (struct lw_site){.node = 1, .resident_bytes = 4096};
    elf_note_symbols(&journal, 1, 4096);
    assert_int_equal(symbols->used, 1);
    return &journal.symbols[0];
}

/* false: no symbol here, of either. A name may be one of several that begin at the same place. */
static bool agrees(uint64_t address)
{
    Dl_info info;
    const struct lw_symbol *symbol = name_of(address);
    bool known = dladdr((void *)(uintptr_t)(address - 1), &info) && info.dli_sname;
    assert_int_equal(symbol->name != 0, known);
    if (!known)
        return false;
    assert_int_equal(symbol->offset, address - (uintptr_t)info.dli_saddr);
    const char *name = journal.strings + symbol->name;
    void *same = dlsym(RTLD_DEFAULT, name);
    assert_true(strcmp(name, info.dli_sname) == 0 || same == NULL || same == info.dli_saddr);
    return true;
}

static void names_in_the_c_library(void **state)
{
    uint32_t known = 0;
    for (uint32_t i = 0; i < TRIED; i++)
        known += agrees((uintptr_t)&strtol + (uintptr_t)i * STEP % 400000 + 1);
    assert_true(known > TRIED / 4);
    assert_true(agrees((uintptr_t)dlsym(RTLD_DEFAULT, "fgetxattr") + 1));
}

static void no_name_where_nothing_is(void **state)
{
    assert_false(agrees(4097));
    assert_false(agrees((uintptr_t)&journal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_the_c_library),
        cmocka_unit_test(no_name_where_nothing_is),
    };
    return cmocka_run_group_tests(tests, open_journal, NULL);
}
