/* SPDX-License-Identifier: MIT */
#include "conduct/final.h"
#include "conduct/attribution.h"
#include "conduct/brake.h"
#include "conduct/company.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/grace.h"
#include "conduct/muster.h"
#include "conduct/record.h"
#include "conduct/words.h"
#include "ground/guard.h"
#include "ground/signals.h"
#include "ground/text.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define MARK_MIN_BYTES     (64u << 10) /* sites below this are not worth a record */
#define TEXT_KEPT          4096u
#define PATIENCE_REPORT_NS UINT64_C(30000000)
#define PATIENCE_ABORT_NS  UINT64_C(600000000) /* code that is read back from disk first takes its time */
#define WARN_PAUSE_NS      UINT64_C(10000000000)

static void say(const struct text *text)
{
    if (flight.options.verbose >= 1)
        sys_write_all(2, text->buffer, text->length);
}

void final_mark(enum lw_mark_kind kind)
{
    struct journal *journal = &flight.journal;
    uint32_t count = journal_used(journal_section(journal, LW_SECTION_SITES));
    uint64_t now = flight_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        const struct lw_site *site = &journal->sites[i];
        struct lw_mark mark = {.t_ns = now,
                               .kind = kind,
                               .site = i,
                               .resident_bytes = site->resident_bytes,
                               .committed_bytes = site->committed_bytes};
        if (mark.resident_bytes >= MARK_MIN_BYTES)
            journal_mark(journal, &mark);
    }
}

static void note_input(void *context, const char *path, uint32_t fd, uint64_t size, uint64_t offset)
{
    struct journal *journal = &flight.journal;
    struct lw_section *section = journal_section(journal, LW_SECTION_INPUTS);
    if ((int)fd == flight.journal_fd)
        return;
    uint32_t at = journal_next(section);
    if (at == UINT32_MAX)
        return;
    journal->inputs[at] =
        (struct lw_input){.path = journal_string(journal, path), .fd = fd, .size_bytes = size, .offset_bytes = offset};
    journal_publish(section);
}

static void note_inputs(void)
{
    struct lw_section *section = journal_section(&flight.journal, LW_SECTION_INPUTS);
    __atomic_store_n(&section->used, 0, __ATOMIC_RELEASE);
    process_inputs(note_input, NULL);
}

void final_warn(bool leisure)
{
    static uint64_t said_ns;
    char buffer[1024];
    struct text text = TEXT_ON(buffer);
    struct lw_state *state = &flight.state;
    state->stage = LW_STAGE_WARN;
    state->warn_ns = flight_now_ns();
    state->margin_ns = state->complete_ns = state->action_ns = state->recovered_ns = 0;
    state->incidents++;
    if (state->worst_stage < LW_STAGE_WARN)
        state->worst_stage = LW_STAGE_WARN;
    if (leisure) {
        attribution_scan(false);
        final_mark(LW_MARK_WARN);
        note_inputs();
    }
    journal_event(&flight.journal, state->warn_ns, LW_EVENT_STAGE, LW_STAGE_WARN, "headroom fell below warn");
    journal_state(&flight.journal, state);
    words_warning(&text);
    if (!said_ns || state->warn_ns - said_ns > WARN_PAUSE_NS) { /* a job that hovers about the mark says so once */
        said_ns = state->warn_ns;
        say(&text);
    }
}

void final_recovered(void)
{
    char buffer[1024];
    struct text text = TEXT_ON(buffer);
    struct lw_state *state = &flight.state;
    bool reported = state->stage >= LW_STAGE_MARGIN;
    state->stage = LW_STAGE_CALM;
    state->recovered_ns = flight_now_ns();
    journal_event(&flight.journal, state->recovered_ns, LW_EVENT_RECOVERED, (int64_t)state->headroom_bytes,
                  "headroom is back above warn");
    journal_state(&flight.journal, state);
    words_recovered(&text);
    if (reported)
        say(&text);
}

/* The termination log is written early and in place; a container's file exists already. Never created. */
static void write_termination_log(const struct text *text)
{
    const char *path = flight.options.termination_log;
    if (text_equal(path, "off"))
        return;
    if (!path[0] || text_equal(path, "auto"))
        path = "/dev/termination-log";
    int fd = sys_open(path, O_WRONLY | O_TRUNC, 0);
    if (fd >= 0)
        sys_write_all(fd, text->buffer, text->length);
    sys_close(fd);
}

/* Cut at a line, so that nothing stands there half. */
static void cut_at_line(struct text *text)
{
    if (!text->cut)
        return;
    while (text->length && text->buffer[text->length - 1] != '\n')
        text->length--;
}

/* Aloud where something is done; under `lastwords run` the launcher prints the full first screen. */
static void write_words(bool last)
{
    static char buffer[TEXT_KEPT]; /* one conductor */
    struct text text = TEXT_ON(buffer);
    struct lw_section *section = journal_section(&flight.journal, LW_SECTION_TEXT);
    words_first_screen(&text, last);
    cut_at_line(&text);
    memcpy(flight.journal.text, text.buffer, text.length);
    __atomic_store_n(&section->used, text.length, __ATOMIC_RELEASE);
    write_termination_log(&text);
    if (flight.state.stage == LW_STAGE_ACTION && !flight.job[0])
        say(&text);
}

/* Ends the process as asked: SIGABRT without a core file, whatever handlers the program has, or an exit code. */
static __attribute__((noreturn)) void end_process(void)
{
    if (!flight.options.core) {
        struct rlimit none = {0, 0};
        sys_call(SYS_prlimit64, 0, RLIMIT_CORE, (long)&none, 0, 0, 0);
        sys_call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0); /* a core_pattern pipe ignores the limit */
    }
    if (flight.options.exit_code != OPTIONS_EXIT_ABRT)
        sys_call(SYS_exit_group, flight.options.exit_code, 0, 0, 0, 0, 0);
    sigset_t abort_only;
    sigemptyset(&abort_only);
    sigaddset(&abort_only, SIGABRT);
    sigprocmask(SIG_UNBLOCK, &abort_only, NULL);
    signals_default_again(SIGABRT);
    for (;;)
        sys_call(SYS_exit_group, 134, 0, 0, 0, 0, 0);
}

static void enter_margin(struct lw_state *state)
{
    state->stage = state->worst_stage = LW_STAGE_MARGIN;
    state->margin_ns = flight_now_ns();
    journal_event(&flight.journal, state->margin_ns, LW_EVENT_STAGE, LW_STAGE_MARGIN, "headroom fell below margin");
    journal_state(&flight.journal, state);
}

static void complete(struct lw_state *state)
{
    process_renew(state);
    record_moment(flight_now_ns());
    attribution_scan(false);
    state->committed_bytes = sites_committed_bytes(&flight.sites);
    final_mark(LW_MARK_MARGIN);
    note_inputs();
    state->complete_ns = flight_now_ns();
    journal_event(&flight.journal, state->complete_ns, LW_EVENT_COMPLETE,
                  (int64_t)(state->complete_ns - state->margin_ns), "the complete report is in the journal");
    journal_state(&flight.journal, state);
    journal_moment(&flight.journal, state);
}

/* A controlled end is for the process that the kernel would kill: any other may live on when that one is gone. */
static bool is_spared(struct lw_state *state)
{
    const struct lw_level *level = state->binding_level < 0 ? NULL : &state->levels[state->binding_level];
    if (!level || !company_comes_first(level->limit_bytes))
        return false;
    if (!state->spared_ns)
        journal_event(&flight.journal, flight_now_ns(), LW_EVENT_ACTION, 0,
                      "no action: the kernel would kill another process first");
    state->spared_ns = flight_now_ns();
    return true;
}

bool final_is_due(void)
{
    const struct lw_state *state = &flight.state;
    return state->stage == LW_STAGE_MARGIN && state->spared_ns >= state->margin_ns && state->margin_ns &&
           state->headroom_bytes <= state->margin_bytes && state->binding_level >= 0 &&
           !company_comes_first(state->levels[state->binding_level].limit_bytes);
}

static void enter_action(const char *text)
{
    struct lw_state *state = &flight.state;
    state->stage = state->worst_stage = LW_STAGE_ACTION;
    state->action_ns = flight_now_ns();
    journal_event(&flight.journal, state->action_ns, LW_EVENT_ACTION, flight.options.action, text);
    journal_state(&flight.journal, state);
}

static __attribute__((noreturn)) void abort_now(const char *why)
{
    enter_action(why);
    journal_set_life(&flight.journal, LW_LIFE_ENDED, (int)flight.options.exit_code, flight_now_ns());
    write_words(true);
    end_process();
}

static void look_closely(uint64_t patience_ns, bool everybody)
{
    muster_everybody(everybody);
    gate_gather(patience_ns);
    complete(&flight.state);
}

/* Everybody goes on, with a time limit. */
static void begin_grace(void)
{
    char buffer[104];
    struct text text = TEXT_ON(buffer);
    bool signal = flight.options.action == LW_ACTION_SIGNAL;
    if (signal) {
        text_add(&text, "signal ");
        text_u64(&text, (uint64_t)flight.options.signal);
        text_add(&text, " was sent to the process");
    } else {
        text_add(&text, "growing threads wait for headroom");
    }
    text_add(&text, ", the abort comes after ");
    text_u64(&text, (uint64_t)flight.options.grace_s);
    text_add(&text, " s");
    enter_action(buffer);
    write_words(false);
    grace_begin(flight.state.margin_bytes);
    if (signal)
        sys_call(SYS_kill, sys_getpid(), flight.options.signal, 0, 0, 0, 0);
}

void final_act(void)
{
    enum lw_action action = (enum lw_action)flight.options.action;
    gate_close();
    brake_release(); /* from here on it would delay the conductor alone */
    enter_margin(&flight.state);
    company_look_now(flight.state.margin_ns);
    if ((action == LW_ACTION_ABORT || action == LW_ACTION_SIGNAL) && is_spared(&flight.state))
        action = LW_ACTION_REPORT;
    bool last = action == LW_ACTION_ABORT;
    look_closely(last ? PATIENCE_ABORT_NS : PATIENCE_REPORT_NS, last);
    if (last)
        abort_now("controlled abort");
    if (action == LW_ACTION_SIGNAL || action == LW_ACTION_PARK) {
        begin_grace();
        return;
    }
    write_words(false);
    gate_open();
}

void final_end(const char *why)
{
    gate_close();
    look_closely(PATIENCE_ABORT_NS, true);
    abort_now(why);
}
