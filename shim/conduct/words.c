/* SPDX-License-Identifier: MIT */
#include "conduct/words.h"
#include "conduct/flight.h"

#include <string.h>

#define TOP_LINES     6u
#define MAX_LINES     512u
#define COMMAND_SHOWN 100u

struct line {
    uint64_t frame; /* the responsible frame */
    uint32_t node;  /* of the largest site */
    uint64_t largest;
    uint64_t resident, committed;
    int64_t growth;
};

static const char *string_at(uint32_t offset)
{
    return flight.journal.strings + offset;
}

static bool is_library(const char *path)
{
    return strstr(path, "/lib/python") || strstr(path, "-packages/") || path[0] == '<';
}

/* The innermost Python frame of the user's own files, else the innermost frame that has a name, else the innermost. */
static uint64_t responsible(uint32_t node)
{
    const struct journal *journal = &flight.journal;
    uint64_t first = node ? journal->nodes[node].frame : 0;
    for (uint32_t at = node; at; at = journal->nodes[at].parent) {
        uint64_t frame = journal->nodes[at].frame;
        if (!(frame & LW_FRAME_PYTHON))
            continue;
        if (!is_library(string_at(journal->python_frames[LW_FRAME_INDEX(frame)].file)))
            return frame;
    }
    return first;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_native(struct text *text, uint64_t address)
{
    const struct journal *journal = &flight.journal;
    uint64_t symbols = journal->header->sections[LW_SECTION_SYMBOLS - 1].used;
    uint64_t modules = journal->header->sections[LW_SECTION_MODULES - 1].used;
    for (uint64_t i = symbols; i-- > 0;) {
        if (journal->symbols[i].address == address && journal->symbols[i].name) {
            text_add(text, string_at(journal->symbols[i].name));
            return;
        }
    }
    for (uint64_t i = modules; i-- > 0;) {
        const struct lw_module *module = &journal->modules[i];
        if (address >= module->start && address < module->end) {
            text_add(text, base_name(string_at(module->path)));
            text_char(text, '+');
            text_hex(text, address - module->bias);
            return;
        }
    }
    text_hex(text, address);
}

static void add_frame(struct text *text, uint64_t frame)
{
    if (!frame) {
        text_add(text, "(many small sites)");
    } else if (frame & LW_FRAME_PYTHON) {
        const struct lw_python_frame *python = &flight.journal.python_frames[LW_FRAME_INDEX(frame)];
        text_add(text, base_name(string_at(python->file)));
        text_char(text, ':');
        text_i64(text, python->line);
        text_char(text, ' ');
        text_add(text, string_at(python->function));
    } else if (frame & LW_FRAME_MARKER) {
        text_add(text, "(stack not readable)");
    } else {
        add_native(text, frame);
    }
}

static struct line *line_for(struct line *lines, uint32_t *count, uint64_t frame)
{
    for (uint32_t i = 0; i < *count; i++)
        if (lines[i].frame == frame)
            return &lines[i];
    if (*count == MAX_LINES)
        return &lines[MAX_LINES - 1];
    lines[*count] = (struct line){.frame = frame};
    return &lines[(*count)++];
}

static uint32_t roll_up(struct line *lines)
{
    struct journal *journal = &flight.journal;
    uint32_t sites = journal_used(journal_section(journal, LW_SECTION_SITES)), count = 0;
    for (uint32_t i = 0; i < sites; i++) {
        const struct lw_site *site = &journal->sites[i];
        if (!site->resident_bytes && !site->committed_bytes)
            continue;
        struct line *line = line_for(lines, &count, responsible(site->node));
        line->resident += site->resident_bytes;
        line->committed += site->committed_bytes;
        line->growth += site->growth_bytes_per_s;
        if (site->resident_bytes >= line->largest) {
            line->largest = site->resident_bytes;
            line->node = site->node;
        }
    }
    return count;
}

/* Moves the lines with the most resident memory to the front. */
static void pick_top(struct line *lines, uint32_t count)
{
    for (uint32_t i = 0; i < TOP_LINES && i < count; i++) {
        uint32_t best = i;
        for (uint32_t j = i + 1; j < count; j++)
            if (lines[j].resident > lines[best].resident)
                best = j;
        struct line swap = lines[i];
        lines[i] = lines[best];
        lines[best] = swap;
    }
}

static void add_limit(struct text *text)
{
    const struct lw_state *state = &flight.state;
    if (state->binding_level < 0)
        return;
    const struct lw_level *level = &state->levels[state->binding_level];
    text_add(text, "  limit      ");
    text_size(text, level->limit_bytes);
    text_add(text, level->kind == LW_LEVEL_HOST   ? "   the host's memory"
                   : level->kind == LW_LEVEL_USER ? "   limit= on the process's own resident memory"
                                                  : "   cgroup ");
    if (level->kind == LW_LEVEL_CGROUP_V1 || level->kind == LW_LEVEL_CGROUP_V2) {
        text_add(text, level->path);
        text_add(text, level->kind == LW_LEVEL_CGROUP_V1 ? " (v1)" : " (v2)");
    }
    text_add(text, "   used ");
    text_size(text, level->used_bytes);
    text_add(text, ", reclaimable ");
    text_size(text, level->reclaimable_bytes);
    text_add(text, ", headroom ");
    text_size(text, level->headroom_bytes);
    text_add(text, " (");
    text_fixed1(text, level->limit_bytes ? level->headroom_bytes * 1000 / level->limit_bytes : 0);
    text_add(text, " %)\n");
}

static void add_growth(struct text *text)
{
    const struct lw_state *state = &flight.state;
    text_add(text, "  growth     ");
    text_rate(text, state->growth_bytes_per_s);
    text_add(text, " over the last seconds\n");
    if (state->some_total_us == LW_UNKNOWN)
        return;
    text_add(text, "  pressure   some ");
    text_fixed1(text, state->some_avg10_permyriad / 10);
    text_add(text, " %  full ");
    text_fixed1(text, state->full_avg10_permyriad / 10);
    text_add(text, " % (10 s)\n");
}

static void add_row(struct text *text, const struct line *line)
{
    uint64_t frame = flight.journal.nodes[line->node].frame;
    size_t start = text->length;
    text_add(text, "  ");
    text_size(text, line->resident);
    text_pad(text, 14);
    text_size(text, line->committed);
    text_pad(text, 26);
    text_rate(text, line->growth);
    text_pad(text, 41);
    add_frame(text, line->frame);
    if (frame != line->frame) {
        text_add(text, " → ");
        add_frame(text, frame);
    }
    if (text->length - start > 200)
        text->length = start + 200;
    text_char(text, '\n');
}

static void add_table(struct text *text)
{
    static struct line lines[MAX_LINES]; /* one conductor */
    const struct lw_state *state = &flight.state;
    uint32_t count = roll_up(lines);
    pick_top(lines, count);
    if (count && state->scan_anon_bytes) {
        text_add(text, "  cause      ");
        text_u64(text, lines[0].resident * 100 / state->scan_anon_bytes);
        text_add(text, " % of all resident memory came from ");
        add_frame(text, lines[0].frame);
        text_char(text, '\n');
    }
    text_add(text, "\n  resident    committed   growth         where\n");
    for (uint32_t i = 0; i < TOP_LINES && i < count; i++)
        add_row(text, &lines[i]);
    text_add(text, "  explained ");
    text_fixed1(text, state->scan_anon_bytes ? state->explained_bytes * 1000 / state->scan_anon_bytes : 0);
    text_add(text, " % of ");
    text_size(text, state->scan_anon_bytes);
    text_add(text, " anonymous; lastwords itself ");
    text_size(text, state->self_bytes);
    text_char(text, '\n');
}

/* The command line, shortened: an inline script is not worth a screen. */
static void add_command(struct text *text, const struct lw_identity *identity)
{
    uint32_t n = identity->command_bytes;
    while (n && !identity->command[n - 1])
        n--;
    for (uint32_t i = 0; i < n && i < COMMAND_SHOWN; i++) {
        unsigned char c = (unsigned char)identity->command[i];
        text_char(text, c < 32 ? ' ' : (char)c);
    }
    if (n > COMMAND_SHOWN)
        text_add(text, "...");
}

static void add_who(struct text *text)
{
    text_add(text, "lastwords: ");
    add_command(text, flight.journal.identity);
    text_add(text, " (pid ");
    text_u64(text, flight.journal.identity->pid);
    text_char(text, ')');
}

static void add_time(struct text *text, uint64_t ms)
{
    if (ms < 1000) {
        text_u64(text, ms);
        text_add(text, " ms");
    } else {
        text_fixed1(text, ms / 100);
        text_add(text, " s");
    }
}

static void add_journal_name(struct text *text)
{
    text_add(text, "lastwords report ");
    text_add(text, flight.journal_path[0] ? flight.journal_path : flight.journal_name);
    text_char(text, '\n');
}

static void add_action(struct text *text, bool last)
{
    const struct options *options = &flight.options;
    bool signal = options->action == LW_ACTION_SIGNAL;
    if (flight.state.stage != LW_STAGE_ACTION || (!signal && options->action != LW_ACTION_PARK))
        return;
    text_add(text, "  action     ");
    if (last) {
        text_add(text, signal ? "the time after the signal is over, the process is ended\n"
                              : "nobody made room in time, the process is ended\n");
        return;
    }
    if (signal) {
        text_add(text, "signal ");
        text_u64(text, (uint64_t)options->signal);
        text_add(text, " is sent to the process");
    } else {
        text_add(text, "threads that grow wait for headroom");
    }
    text_add(text, ", for ");
    text_u64(text, (uint64_t)options->grace_s);
    text_add(text, " s at most\n");
}

void words_first_screen(struct text *text, bool last)
{
    add_who(text);
    text_add(text, " was about to be OOM-killed\n");
    add_limit(text);
    add_growth(text);
    add_action(text, last);
    add_table(text);
    text_add(text, "  full report: ");
    add_journal_name(text);
}

void words_warning(struct text *text)
{
    const struct lw_state *state = &flight.state;
    add_who(text);
    text_add(text, " has ");
    text_size(text, state->headroom_bytes);
    text_add(text, " of headroom left");
    if (state->binding_level >= 0) {
        text_add(text, " of ");
        text_size(text, state->levels[state->binding_level].limit_bytes);
    }
    if (state->time_to_limit_ms != LW_UNKNOWN) {
        text_add(text, ", the limit comes in ");
        add_time(text, state->time_to_limit_ms);
        text_add(text, " at this rate");
    }
    text_add(text, ": ");
    add_journal_name(text);
}

void words_recovered(struct text *text)
{
    add_who(text);
    text_add(text, " has recovered: ");
    text_size(text, flight.state.headroom_bytes);
    text_add(text, " of headroom\n");
}
