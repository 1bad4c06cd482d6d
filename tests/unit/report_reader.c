/* SPDX-License-Identifier: MIT */
/* The reader trusts no byte: cut files, broken tables, bad indexes, torn records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "make_journal.h"
#include "sources/journal_file.h"
#include "sources/journal_process.h"
#include "sources/journal_records.h"

static unsigned char *copy_of(struct make_journal *made, size_t *size)
{
    const unsigned char *bytes = make_finish(made, size);
    unsigned char *copy = malloc(*size);

    memcpy(copy, bytes, *size);
    make_journal_free(made);
    return copy;
}

static struct lw_section *section_of(unsigned char *bytes, enum lw_section_kind kind)
{
    struct lw_header *header = (struct lw_header *)bytes;

    return &header->sections[kind - 1];
}

static void *record_of(unsigned char *bytes, enum lw_section_kind kind, uint64_t index)
{
    struct lw_section *section = section_of(bytes, kind);

    return bytes + section->offset + index * section->record_size;
}

static struct journal *must_read(unsigned char *bytes, size_t size)
{
    struct problem problem = {0};
    struct journal *journal = journal_from_bytes(bytes, size, "test.lw", &problem);

    if (!journal)
        fail_msg("%s", problem.text);
    return journal;
}

static void must_refuse(unsigned char *bytes, size_t size, const char *part)
{
    struct problem problem = {0};

    assert_null(journal_from_bytes(bytes, size, "test.lw", &problem));
    assert_non_null(strstr(problem.text, "test.lw: "));
    if (!strstr(problem.text, part))
        fail_msg("'%s' does not speak of '%s'", problem.text, part);
}

static void reads_a_whole_journal(void **unused)
{
    size_t size, length;
    unsigned char *bytes = copy_of(make_etl(), &size);
    struct journal *journal = must_read(bytes, size);
    struct lw_state state;
    struct lw_tick *ticks;
    struct lw_outcome outcome;
    uint64_t frames[8];

    assert_int_equal(journal_identity(journal)->pid, 4711);
    assert_int_equal(journal_header(journal)->life, LW_LIFE_ENDED);
    assert_int_equal(journal_count(journal, LW_SECTION_SITES), 4);
    assert_true(journal_state(journal, &state));
    assert_int_equal(state.generation, 8);
    assert_int_equal(state.levels[state.binding_level].limit_bytes, 512 * MAKE_MIB);
    assert_int_equal(journal_ticks(journal, &ticks), 25);
    assert_int_equal(ticks[24].rss_bytes, 500 * MAKE_MIB);
    assert_int_equal(journal_stack(journal, 4, frames, 8), 4);
    assert_int_equal(frames[0], 0x10100);
    assert_string_equal(journal_string(journal, 1, &length), "<module>");
    assert_int_equal(length, 8);
    assert_false(journal_outcome(journal, &outcome));
    assert_true(journal_outcome_offset(journal) > 0);
    assert_int_equal(journal_note_count(journal), 0);
    free(ticks);
    journal_close(journal);
    free(bytes);
}

static void visit(struct journal *journal)
{
    struct lw_state state;
    struct lw_outcome outcome;
    struct lw_tick *ticks;
    uint64_t frames[16];
    size_t length;

    journal_state(journal, &state);
    journal_outcome(journal, &outcome);
    journal_ticks(journal, &ticks);
    free(ticks);
    for (uint32_t i = 0; i < 80; i++)
        journal_stack(journal, i, frames, 16);
    for (uint32_t i = 0; i < 2100; i += 7)
        journal_string(journal, i, &length);
}

static void survives_truncation_at_every_byte(void **unused)
{
    size_t size, opened = 0;
    unsigned char *bytes = copy_of(make_etl(), &size);

    for (size_t cut = 0; cut < size; cut++) {
        struct problem problem = {0};
        unsigned char *part = malloc(cut ? cut : 1); /* so that a sanitizer sees every byte beyond */
        memcpy(part, bytes, cut);
        struct journal *journal = journal_from_bytes(part, cut, "cut.lw", &problem);
        if (journal) {
            assert_true(journal_note_count(journal) > 0);
            visit(journal);
            opened++;
        } else {
            assert_true(strlen(problem.text) > 0);
        }
        journal_close(journal);
        free(part);
    }
    assert_true(opened > size / 2);
    free(bytes);
}

static void refuses_what_is_no_journal(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);
    struct lw_header *header = (struct lw_header *)bytes;

    must_refuse(bytes, 0, "empty");
    must_refuse(bytes, 100, "only 100 bytes");
    header->version = 7;
    must_refuse(bytes, size, "format version 7");
    header->byte_order = 0x04030201;
    must_refuse(bytes, size, "byte order");
    header->magic[0] = 'X';
    must_refuse(bytes, size, "not a lastwords journal");
    free(bytes);
}

static void refuses_a_journal_without_identity(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);

    section_of(bytes, LW_SECTION_IDENTITY)->used = 0;
    must_refuse(bytes, size, "cut or damaged");
    ((struct lw_header *)bytes)->life = LW_LIFE_STARTING;
    must_refuse(bytes, size, "being set up");
    free(bytes);
}

static void leaves_out_broken_sections(void **unused)
{
    static const struct lw_section broken[] = {
        {.kind = LW_SECTION_SITES, .record_size = 128, .offset = UINT64_MAX - 63, .capacity = 16, .used = 4},
        {.kind = LW_SECTION_SITES, .record_size = 8, .offset = 4096, .capacity = 16, .used = 4},
        {.kind = LW_SECTION_SITES, .record_size = 0, .offset = 4096, .capacity = 16, .used = 4},
        {.kind = LW_SECTION_SITES, .record_size = 128, .offset = 4097, .capacity = 16, .used = 4},
        {.kind = LW_SECTION_SITES, .record_size = 128, .offset = 0, .capacity = 16, .used = 4},
        {.kind = LW_SECTION_SITES,
         .record_size = UINT32_MAX,
         .offset = 4096,
         .capacity = UINT32_MAX,
         .used = UINT64_MAX},
    };
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);

    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        *section_of(bytes, LW_SECTION_SITES) = broken[i];
        struct journal *journal = must_read(bytes, size);
        assert_int_equal(journal_count(journal, LW_SECTION_SITES), 0);
        assert_true(journal_note_count(journal) == 1);
        journal_close(journal);
    }
    free(bytes);
}

static void cuts_counts_to_the_file(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);
    struct lw_section *sites = section_of(bytes, LW_SECTION_SITES);

    sites->used = sites->capacity = UINT32_MAX;
    struct journal *journal = must_read(bytes, size);
    struct lw_site site;
    uint64_t count = journal_count(journal, LW_SECTION_SITES);
    assert_true(count < size / sizeof(site));
    assert_true(journal_get(journal, LW_SECTION_SITES, count - 1, &site, sizeof(site)));
    assert_false(journal_get(journal, LW_SECTION_SITES, count, &site, sizeof(site)));
    assert_false(journal_get(journal, LW_SECTION_SITES, UINT64_MAX, &site, sizeof(site)));
    journal_close(journal);
    free(bytes);
}

static void takes_the_first_of_two_sections(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);

    section_of(bytes, LW_SECTION_MARKS)->kind = LW_SECTION_SITES;
    struct journal *journal = must_read(bytes, size);
    assert_int_equal(journal_count(journal, LW_SECTION_SITES), 4);
    assert_int_equal(journal_count(journal, LW_SECTION_MARKS), 0);
    journal_close(journal);
    free(bytes);
}

static void does_not_loop_on_bad_parents(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);
    uint64_t frames[64];

    ((struct lw_node *)record_of(bytes, LW_SECTION_NODES, 4))->parent = 4;
    ((struct lw_node *)record_of(bytes, LW_SECTION_NODES, 3))->parent = 5;
    ((struct lw_node *)record_of(bytes, LW_SECTION_NODES, 2))->parent = UINT32_MAX;
    struct journal *journal = must_read(bytes, size);
    assert_int_equal(journal_stack(journal, 4, frames, 64), 1);
    assert_int_equal(journal_stack(journal, 3, frames, 64), 1);
    assert_int_equal(journal_stack(journal, 2, frames, 64), 1);
    assert_int_equal(journal_stack(journal, UINT32_MAX, frames, 64), 0);
    assert_int_equal(journal_stack(journal, 0, frames, 64), 0);
    journal_close(journal);
    free(bytes);
}

static void bounds_strings(void **unused)
{
    size_t size, length;
    unsigned char *bytes = copy_of(make_etl(), &size);
    struct lw_section *strings = section_of(bytes, LW_SECTION_STRINGS);

    bytes[strings->offset + strings->used - 1] = 'x'; /* the last one has no end any more */
    struct journal *journal = must_read(bytes, size);
    assert_string_equal(journal_string(journal, (uint32_t)strings->used - 1, &length), "");
    assert_string_equal(journal_string(journal, (uint32_t)strings->used, &length), "");
    assert_string_equal(journal_string(journal, UINT32_MAX, &length), "");
    assert_string_equal(journal_string(journal, 0, &length), "");
    journal_close(journal);
    free(bytes);
}

static void takes_the_state_that_is_whole(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);
    struct lw_state state, *newer = record_of(bytes, LW_SECTION_STATE, 1),
                           *older = record_of(bytes, LW_SECTION_STATE, 0);

    newer->rss_bytes++; /* torn: half of it is from another time */
    struct journal *journal = must_read(bytes, size);
    assert_true(journal_state(journal, &state));
    assert_int_equal(state.generation, 7);
    journal_close(journal);
    older->rss_bytes++;
    journal = must_read(bytes, size);
    assert_false(journal_state(journal, &state));
    journal_close(journal);
    free(bytes);
}

static void bounds_the_state(void **unused)
{
    struct make_journal *made = make_etl();
    struct lw_state state;
    size_t size;

    make_state(made)->level_count = UINT32_MAX;
    make_state(made)->other_count = 1000;
    make_state(made)->binding_level = 30;
    memset(make_state(made)->levels[0].path, 'p', 256);
    unsigned char *bytes = copy_of(made, &size);
    struct journal *journal = must_read(bytes, size);
    assert_true(journal_state(journal, &state));
    assert_int_equal(state.level_count, LW_MAX_LEVELS);
    assert_int_equal(state.other_count, LW_MAX_OTHER);
    assert_int_equal(state.binding_level, -1);
    assert_int_equal(strlen(state.levels[0].path), 255);
    journal_close(journal);
    free(bytes);
}

static void drops_torn_ticks_and_sorts(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_etl(), &size);
    struct lw_tick *ticks, keep, *records = record_of(bytes, LW_SECTION_TIMELINE_WHOLE, 0);

    records[3].rss_bytes ^= 1;
    keep = records[0];
    records[0] = records[24];
    records[24] = keep;
    struct journal *journal = must_read(bytes, size);
    assert_int_equal(journal_ticks(journal, &ticks), 24);
    for (size_t i = 1; i < 24; i++)
        assert_true(ticks[i - 1].t_ns < ticks[i].t_ns);
    free(ticks);
    journal_close(journal);
    free(bytes);
}

static void believes_only_a_whole_outcome(void **unused)
{
    size_t size;
    unsigned char *bytes = copy_of(make_leak(), &size);
    struct lw_outcome outcome;
    struct journal *journal = must_read(bytes, size);

    assert_true(journal_outcome(journal, &outcome));
    assert_int_equal(outcome.signal, 9);
    journal_close(journal);
    ((struct lw_outcome *)record_of(bytes, LW_SECTION_OUTCOME, 0))->signal = 11;
    journal = must_read(bytes, size);
    assert_false(journal_outcome(journal, &outcome));
    journal_close(journal);
    free(bytes);
}

static void opens_files_and_names_what_it_cannot(void **unused)
{
    char path[] = "/tmp/lastwords-test-XXXXXX";
    struct problem problem = {0};
    struct lw_header header;
    struct lw_identity identity;
    struct make_journal *made = make_etl();

    close(mkstemp(path));
    assert_null(journal_open(path, &problem));
    assert_non_null(strstr(problem.text, "is empty"));
    assert_false(journal_peek(path, &header, &identity));
    assert_true(make_write(made, path));
    struct journal *journal = journal_open(path, &problem);
    assert_non_null(journal);
    assert_true(journal_peek(path, &header, &identity));
    assert_string_equal(identity.program, "python3");
    assert_int_equal(journal_process(&identity), JOURNAL_PROCESS_UNKNOWN);
    journal_close(journal);
    unlink(path);
    assert_null(journal_open(path, &problem));
    assert_non_null(strstr(problem.text, "No such file"));
    assert_null(journal_open("/tmp", &problem));
    assert_non_null(strstr(problem.text, "not a regular file"));
    make_journal_free(made);
}

static struct journal *finished(struct make_journal *made, struct lw_section *change, uint32_t used)
{
    struct problem problem;
    size_t size;
    const unsigned char *bytes = make_finish(made, &size);

    if (change)
        change->used = used;
    struct journal *journal = journal_from_bytes(bytes, size, "made", &problem);
    make_journal_free(made);
    assert_non_null(journal);
    return journal;
}

static void neighbours_are_whole_or_not_there(void **unused)
{
    struct lw_neighbour read[LW_MAX_NEIGHBOURS];
    struct make_journal *made = make_journal_new();

    make_neighbour(made, 12, "one", 1, 2);
    memset(make_neighbour(made, 13, "two", 3, 4)->name, 'x', 16); /* no terminator */
    struct journal *journal = finished(made, NULL, 0);
    assert_int_equal(journal_neighbours(journal, read), 2);
    assert_int_equal(read[0].pid, 12);
    assert_int_equal(strlen(read[1].name), 15);
    journal_close(journal);

    made = make_journal_new(); /* one record of the look is missing: it was being written */
    make_neighbour(made, 12, "one", 1, 2);
    make_neighbour(made, 13, "two", 3, 4);
    journal = finished(made, &make_header(made)->sections[LW_SECTION_NEIGHBOURS - 1], 1);
    assert_int_equal(journal_neighbours(journal, read), 0);
    journal_close(journal);

    made = make_journal_new();
    struct lw_neighbour *torn = make_neighbour(made, 12, "one", 1, 2);
    size_t size;
    make_finish(made, &size);
    torn->rss_bytes++;
    struct problem problem;
    journal = journal_from_bytes(make_header(made), size, "made", &problem); /* the header is where the file begins */
    assert_non_null(journal);
    assert_int_equal(journal_neighbours(journal, read), 0);
    journal_close(journal);
    make_journal_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_journal),
        cmocka_unit_test(survives_truncation_at_every_byte),
        cmocka_unit_test(refuses_what_is_no_journal),
        cmocka_unit_test(refuses_a_journal_without_identity),
        cmocka_unit_test(leaves_out_broken_sections),
        cmocka_unit_test(cuts_counts_to_the_file),
        cmocka_unit_test(takes_the_first_of_two_sections),
        cmocka_unit_test(does_not_loop_on_bad_parents),
        cmocka_unit_test(bounds_strings),
        cmocka_unit_test(takes_the_state_that_is_whole),
        cmocka_unit_test(bounds_the_state),
        cmocka_unit_test(drops_torn_ticks_and_sorts),
        cmocka_unit_test(believes_only_a_whole_outcome),
        cmocka_unit_test(neighbours_are_whole_or_not_there),
        cmocka_unit_test(opens_files_and_names_what_it_cannot),
    };

    return cmocka_run_group_tests_name("report_reader", tests, NULL, NULL);
}
