/* SPDX-License-Identifier: MIT */
#include "observe/elf_symbols.h"
#include "ground/fence.h"
#include "ground/segment.h"
#include "ground/text.h"
#include "observe/modules.h"

#include <dlfcn.h> /* dlinfo, for a module that leaves */
#include <elf.h>
#include <link.h>
#include <string.h>

struct search {
    const char *name;
    void *address;
    uint64_t size;
};

struct tables {
    const ElfW(Sym) * symbols;
    const char *strings;
    const uint32_t *hash;       /* DT_GNU_HASH */
    const uint32_t *plain_hash; /* DT_HASH */
};

static bool find_tables(const struct dl_phdr_info *info, struct tables *tables)
{
    const ElfW(Dyn) *dynamic = NULL;
    *tables = (struct tables){0};
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            dynamic = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    if (!dynamic || (info->dlpi_name && strstr(info->dlpi_name, "vdso")))
        return false;
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        uintptr_t value = dynamic->d_un.d_ptr;
        if (value < info->dlpi_addr) /* musl and some machines leave it unrelocated */
            value += info->dlpi_addr;
        if (dynamic->d_tag == DT_SYMTAB)
            tables->symbols = (const void *)value;
        else if (dynamic->d_tag == DT_STRTAB)
            tables->strings = (const void *)value;
        else if (dynamic->d_tag == DT_GNU_HASH)
            tables->hash = (const void *)value;
        else if (dynamic->d_tag == DT_HASH)
            tables->plain_hash = (const void *)value;
    }
    return tables->symbols && tables->strings;
}

/* DT_GNU_HASH, read: symbols before the first are in no chain; the last entry of each chain is odd. */
struct hash_table {
    uint32_t buckets, first;
    const uint32_t *bucket, *chain;
};

static struct hash_table hash_table_of(const struct tables *tables)
{
    const uint32_t *head = tables->hash;
    const ElfW(Addr) *bloom = (const void *)(head + 4);
    const uint32_t *bucket = (const void *)(bloom + head[2]);
    return (struct hash_table){.buckets = head[0], .first = head[1], .bucket = bucket, .chain = bucket + head[0]};
}

static int search_module(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *search = context;
    struct tables tables;
    if (!find_tables(info, &tables) || !tables.hash)
        return 0;
    uint32_t hash = 5381;
    for (const char *c = search->name; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    struct hash_table table = hash_table_of(&tables);
    uint32_t i = table.buckets ? table.bucket[hash % table.buckets] : 0;
    for (; i >= table.first && i; i++) {
        uint32_t entry = table.chain[i - table.first];
        const ElfW(Sym) *symbol = &tables.symbols[i];
        if ((entry | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
            strcmp(tables.strings + symbol->st_name, search->name) == 0) {
            search->address = (void *)(info->dlpi_addr + symbol->st_value);
            search->size = symbol->st_size;
            return 1;
        }
        if (entry & 1)
            break;
    }
    return 0;
}

void *elf_symbol(const char *name, uint64_t *size_bytes)
{
    struct search search = {.name = name};
    fence_each_module(search_module, &search);
    if (size_bytes)
        *size_bytes = search.size;
    return search.address;
}

/* ---- modules ---- */

static unsigned long long modules_seen; /* dlpi_adds when the modules were last listed */

#define SWITCHERS 4u
static struct {
    uint32_t count;
    uint64_t start[SWITCHERS], end[SWITCHERS];
} switchers; /* they stay: the interpreter unloads no module */

#define NAMED_WORDS      1024u /* a bit for each node of the journal's layout */
#define RECENT_ADDRESSES 4096u
static uint64_t named[NAMED_WORDS];
static uint64_t recent[RECENT_ADDRESSES];

static void copy_build_id(const struct dl_phdr_info *info, struct lw_module *module)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_NOTE)
            continue;
        const char *at = (const char *)(info->dlpi_addr + segment->p_vaddr), *end = at + segment->p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *note = (const void *)at;
            const char *name = at + sizeof *note, *value = name + ((note->n_namesz + 3) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
                note->n_descsz <= sizeof module->build_id) {
                module->build_id_bytes = (uint8_t)note->n_descsz;
                memcpy(module->build_id, value, note->n_descsz);
                return;
            }
            at = value + ((note->n_descsz + 3) & ~3u);
        }
    }
}

static bool have_module(struct journal *journal, const struct lw_module *module)
{
    uint32_t count = journal_used(journal_section(journal, LW_SECTION_MODULES));
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&journal->modules[i], module, sizeof *module) == 0)
            return true;
    return false;
}

/* "greenlet/_greenlet.cpython-311-x86_64-linux-gnu.so", in releases before 1.0 "greenlet.cpython-38-…so" */
static bool is_switcher_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return text_starts(name, "_greenlet.") || text_starts(name, "greenlet.");
}

static void note_switcher(const struct lw_module *module)
{
    uint32_t count = switchers.count;
    for (uint32_t i = 0; i < count; i++)
        if (switchers.start[i] == module->start)
            return;
    if (count == SWITCHERS)
        return;
    switchers.start[count] = module->start;
    switchers.end[count] = module->end;
    __atomic_store_n(&switchers.count, count + 1, __ATOMIC_RELEASE);
}

bool elf_is_switcher(uint64_t address)
{
    uint32_t count = __atomic_load_n(&switchers.count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (address >= switchers.start[i] && address < switchers.end[i])
            return true;
    return false;
}

static void note_module(struct journal *journal, const struct dl_phdr_info *info)
{
    struct segment extent = segment_extent(info, NULL);
    struct lw_module module = {.start = extent.start, .end = extent.end, .bias = info->dlpi_addr};
    const char *path = info->dlpi_name && info->dlpi_name[0] ? info->dlpi_name : journal->identity->executable;
    module.path = journal_string(journal, path);
    copy_build_id(info, &module);
    if (module.end && !have_module(journal, &module))
        journal_module(journal, &module);
    if (is_switcher_path(path))
        note_switcher(&module);
}

static int note_each(struct dl_phdr_info *info, size_t size, void *context)
{
    if (modules_seen == info->dlpi_adds)
        return 1;
    note_module(context, info);
    return 0;
}

void elf_note_modules(struct journal *journal)
{
    unsigned long long adds = modules_loaded();
    if (adds == modules_seen)
        return;
    fence_each_module(note_each, journal);
    modules_refresh();
    modules_seen = adds;
}

struct leaving {
    struct journal *journal;
    uintptr_t address; /* that it was loaded at */
};

static int note_leaving(struct dl_phdr_info *info, size_t size, void *context)
{
    struct leaving *leaving = context;
    if (info->dlpi_addr != leaving->address)
        return 0;
    note_module(leaving->journal, info);
    return 1;
}

void elf_note_leaving(struct journal *journal, void *handle)
{
    struct link_map *map = NULL;
    if (!handle || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || !map)
        return;
    struct leaving leaving = {journal, map->l_addr};
    fence_each_module(note_leaving, &leaving);
}

/* ---- names ---- */

static uint32_t module_of(struct journal *journal, uint64_t address)
{
    uint32_t count = journal_used(journal_section(journal, LW_SECTION_MODULES));
    for (uint32_t i = count; i-- > 0;)
        if (address >= journal->modules[i].start && address < journal->modules[i].end)
            return i;
    return UINT32_MAX;
}

/* How many symbols there are: no table says so but by its hash. Only those before the first are undefined ones. */
static uint32_t symbol_count(const struct tables *tables, uint32_t *first)
{
    *first = 1;
    if (!tables->hash)
        return tables->plain_hash ? tables->plain_hash[1] : 0;
    struct hash_table table = hash_table_of(tables);
    uint32_t last = 0;
    *first = table.first;
    for (uint32_t i = 0; i < table.buckets; i++)
        last = table.bucket[i] > last ? table.bucket[i] : last;
    if (last < table.first)
        return 0;
    while (!(table.chain[last - table.first] & 1))
        last++;
    return last + 1;
}

static const ElfW(Sym) * symbol_around(const struct tables *tables, uint64_t address)
{
    const ElfW(Sym) *best = NULL;
    uint32_t first, count = symbol_count(tables, &first);
    for (uint32_t i = first; i < count; i++) {
        const ElfW(Sym) *symbol = &tables->symbols[i];
        if (symbol->st_shndx != SHN_UNDEF && symbol->st_value && ELF64_ST_TYPE(symbol->st_info) != STT_TLS &&
            address - symbol->st_value < (symbol->st_size ? symbol->st_size : 1) &&
            (!best || symbol->st_value > best->st_value))
            best = symbol;
    }
    return best;
}

struct naming {
    struct journal *journal;
    struct lw_symbol symbol;
};

static int name_in_module(struct dl_phdr_info *info, size_t size, void *context)
{
    struct naming *naming = context;
    struct tables tables;
    struct segment extent = segment_extent(info, NULL);
    uint64_t address = naming->symbol.address;
    if (!segment_has(&extent, address - 1))
        return 0;
    const ElfW(Sym) *symbol = find_tables(info, &tables) ? symbol_around(&tables, address - 1 - info->dlpi_addr) : NULL;
    if (symbol) {
        naming->symbol.name = journal_string(naming->journal, tables.strings + symbol->st_name);
        naming->symbol.offset = (uint32_t)(address - info->dlpi_addr - symbol->st_value);
    }
    return 1;
}

/* Not by dladdr: a constructor in a dlopen may hold the loader's lock for minutes, and grow. */
static void note_symbol(struct journal *journal, uint64_t address)
{
    struct naming naming = {journal, {.address = address, .module = module_of(journal, address)}};
    modules_iterate(name_in_module, &naming);
    journal_symbol(journal, &naming.symbol);
}

/* A module's whole symbol table is walked: some 10 us. Each address is looked up once, each node is marked. */
static bool name_node(struct journal *journal, uint32_t node)
{
    uint64_t bit = UINT64_C(1) << node % 64, *word = &named[node / 64 % NAMED_WORDS];
    uint64_t address = journal->nodes[node].frame;
    if (*word & bit)
        return false;
    *word |= bit;
    uint64_t *slot = &recent[index_mix(address, 0) % RECENT_ADDRESSES];
    if (address & (LW_FRAME_PYTHON | LW_FRAME_MARKER) || *slot == address)
        return false;
    *slot = address;
    note_symbol(journal, address);
    return true;
}

void elf_note_symbols(struct journal *journal, uint32_t budget, uint64_t from_bytes)
{
    uint32_t sites = journal_used(journal_section(journal, LW_SECTION_SITES));
    for (uint32_t i = 0; i < sites; i++) {
        const struct lw_site *site = &journal->sites[i];
        if (site->resident_bytes < from_bytes && site->committed_bytes < from_bytes)
            continue;
        for (uint32_t node = site->node; node && budget; node = journal->nodes[node].parent)
            budget -= name_node(journal, node);
    }
}

void elf_forget(void)
{
    modules_seen = 0;
    memset(named, 0, sizeof named);
    memset(recent, 0, sizeof recent);
}
