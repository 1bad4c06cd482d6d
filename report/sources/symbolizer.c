/* SPDX-License-Identifier: MIT */
#include "sources/symbolizer.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/arena.h"

#define MAX_MODULES 512u

/* One binary that was asked for; module is NULL when it is not here or is another one. */
struct binary {
    uint64_t start; /* with the path: an unloaded library may have lain there before */
    uint32_t path;
    Dwfl *session;
    Dwfl_Module *module;
};

struct symbolizer {
    struct binary binaries[MAX_MODULES];
    size_t count;
};

/* Only files of this machine: the standard callback would ask a debuginfod server. */
static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_build_id_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct symbolizer *symbolizer_new(void)
{
    struct symbolizer *symbolizer = array_resize(NULL, 1, sizeof(*symbolizer));

    unsetenv("DEBUGINFOD_URLS");
    symbolizer->count = 0;
    return symbolizer;
}

void symbolizer_free(struct symbolizer *symbolizer)
{
    if (!symbolizer)
        return;
    for (size_t i = 0; i < symbolizer->count; i++)
        if (symbolizer->binaries[i].session)
            dwfl_end(symbolizer->binaries[i].session);
    free(symbolizer);
}

static bool same_build(Dwfl_Module *module, const struct lw_module *wanted)
{
    const unsigned char *bits;
    GElf_Addr address;
    int length = dwfl_module_build_id(module, &bits, &address);

    return length > 0 && wanted->build_id_bytes > 0 && wanted->build_id_bytes <= sizeof(wanted->build_id) &&
           (length == wanted->build_id_bytes ||
            (length > wanted->build_id_bytes && wanted->build_id_bytes == sizeof(wanted->build_id))) &&
           memcmp(bits, wanted->build_id, wanted->build_id_bytes) == 0;
}

static void binary_open(struct binary *binary, const struct lw_module *wanted, const char *path)
{
    struct stat status;

    if (path[0] != '/' || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    binary->session = dwfl_begin(&callbacks);
    if (!binary->session)
        return;
    Dwfl_Module *module = dwfl_report_offline(binary->session, path, path, -1);
    dwfl_report_end(binary->session, NULL, NULL);
    if (module && same_build(module, wanted))
        binary->module = module;
}

static const struct binary *binary_of(struct symbolizer *symbolizer, const struct lw_module *wanted, const char *path)
{
    for (size_t i = 0; i < symbolizer->count; i++)
        if (symbolizer->binaries[i].start == wanted->start && symbolizer->binaries[i].path == wanted->path)
            return &symbolizer->binaries[i];
    if (symbolizer->count == MAX_MODULES)
        return NULL;
    struct binary *binary = &symbolizer->binaries[symbolizer->count++];
    *binary = (struct binary){.start = wanted->start, .path = wanted->path};
    binary_open(binary, wanted, path);
    return binary;
}

static const char *linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Attribute *found = dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute);

    if (!found)
        found = dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute);
    const char *name = found ? dwarf_formstring(found) : NULL;
    return name ? name : dwarf_diename(die);
}

/*
 * The scopes around `pc`, innermost first, are the inlined subroutines and then the function itself. Where one was
 * inlined stands in its own entry: the call site is the line of the next frame.
 */
static size_t inlined_frames(Dwarf_Die *unit, Dwarf_Addr pc, struct symbolizer_frame *frames)
{
    Dwarf_Die *scopes = NULL;
    Dwarf_Files *files = NULL;
    size_t file_count = 0, count = 0;
    int scope_count = dwarf_getscopes(unit, pc, &scopes);
    const char *file = NULL;
    int line = 0;
    Dwarf_Line *source = dwarf_getsrc_die(unit, pc);

    if (source) {
        file = dwarf_linesrc(source, NULL, NULL);
        dwarf_lineno(source, &line);
    }
    dwarf_getsrcfiles(unit, &files, &file_count);
    for (int i = 0; i < scope_count && count < SYMBOLIZER_MAX_INLINED; i++) {
        int tag = dwarf_tag(&scopes[i]);
        Dwarf_Attribute attribute;
        Dwarf_Word number = 0;
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        frames[count++] = (struct symbolizer_frame){.function = linkage_name(&scopes[i]), .file = file, .line = line};
        if (tag == DW_TAG_subprogram)
            break;
        file = NULL;
        line = 0;
        if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_file, &attribute), &number) == 0 && files)
            file = dwarf_filesrc(files, number, NULL, NULL);
        if (dwarf_formudata(dwarf_attr(&scopes[i], DW_AT_call_line, &attribute), &number) == 0)
            line = (int)number;
    }
    free(scopes);
    return count;
}

size_t symbolizer_lookup(struct symbolizer *symbolizer, const struct lw_module *module, const char *path,
                         uint64_t address, struct symbolizer_frame frames[SYMBOLIZER_MAX_INLINED])
{
    const struct binary *binary = binary_of(symbolizer, module, path);
    Dwarf_Addr bias = 0;
    GElf_Addr elf_bias = 0;
    GElf_Off offset;
    GElf_Sym symbol;

    if (!binary || !binary->module)
        return 0;
    uint64_t in_file = address - 1 - module->bias; /* the call, not the return address */
    if (dwfl_module_getelf(binary->module, &elf_bias) == NULL)
        return 0;
    Dwarf_Die *unit = dwfl_module_addrdie(binary->module, in_file + elf_bias, &bias);
    size_t count = unit ? inlined_frames(unit, in_file + elf_bias - bias, frames) : 0;
    if (count > 0)
        return count;
    const char *name = dwfl_module_addrinfo(binary->module, in_file + elf_bias, &offset, &symbol, NULL, NULL, NULL);
    if (!name)
        return 0;
    frames[0] = (struct symbolizer_frame){.function = name};
    return 1;
}
