/* SPDX-License-Identifier: MIT */
#include "ground/options.h"
#include "ground/text.h"

#include <signal.h>
#include <string.h>

#define AT(field) offsetof(struct options, field)

const struct option options_table[] = {
    {"action", OPTION_WORD, AT(action), "report,abort,refuse,park,signal", 0, 0, "report",
     "what to do when the end is near"},
    {"signal", OPTION_SIGNAL, AT(signal), NULL, 1, 64, "TERM", "action=signal: the signal sent to the own process"},
    {"margin", OPTION_AMOUNT, AT(margin), NULL, 0, 0, "auto", "headroom at which the action is taken"},
    {"warn", OPTION_AMOUNT, AT(warn), NULL, 0, 0, "15%", "headroom at which an early snapshot is taken"},
    {"limit", OPTION_SIZE, AT(limit_bytes), NULL, 0, 0, NULL, "limit on the process's own resident memory"},
    {"grace", OPTION_NUMBER, AT(grace_s), NULL, 0, 86400, "10", "action=signal: seconds to clean up before the abort"},
    {"exit", OPTION_EXIT, AT(exit_code), NULL, 0, 255, "abrt", "how a controlled abort ends"},
    {"core", OPTION_NUMBER, AT(core), NULL, 0, 1, "0", "leave a core file"},
    {"dir", OPTION_TEXT, AT(dir), NULL, 0, 0, NULL, "where journals go"},
    {"keep", OPTION_WORD, AT(keep_always), "auto,always", 0, 0, "auto", "keep journals of runs without an incident"},
    {"sample", OPTION_AMOUNT, AT(sample), NULL, 0, 0, "auto", "mean bytes between allocation samples"},
    {"touch", OPTION_WORD, AT(touch), "off,auto", 0, 0, "auto", "first-touch counter"},
    {"python", OPTION_WORD, AT(python), "off,auto,objects", 0, 0, "auto", "Python frames"},
    {"allocator", OPTION_WORD, AT(jemalloc), "keep,jemalloc", 0, 0, "keep", "whose malloc the program gets"},
    {"relief", OPTION_WORD, AT(relief), "off,on", 0, 0, "on", "give freed memory back before acting"},
    {"activate", OPTION_SIZE, AT(activate_bytes), NULL, 0, 0, "32M", "a smaller process costs nothing"},
    {"only", OPTION_TEXT, AT(only), NULL, 0, 0, NULL, "programs to watch"},
    {"skip", OPTION_TEXT, AT(skip), NULL, 0, 0, NULL, "programs to leave alone"},
    {"score", OPTION_NUMBER, AT(score), NULL, -1000, 1000, NULL, "oom_score_adj to set"},
    {"termination_log", OPTION_TEXT, AT(termination_log), NULL, 0, 0, "auto", "a summary of at most 4,096 bytes"},
    {"verbose", OPTION_NUMBER, AT(verbose), NULL, 0, 2, "1", "lines on stderr"},
    {"off", OPTION_NUMBER, AT(off), NULL, 0, 1, "0", "load and do nothing"},
};
const size_t options_count = sizeof options_table / sizeof options_table[0];

uint64_t amount_of(const struct amount *amount, uint64_t limit_bytes)
{
    if (!amount->permyriad)
        return amount->bytes;
    return limit_bytes / 10000 * amount->permyriad + limit_bytes % 10000 * amount->permyriad / 10000;
}

static bool parse_amount(const char *value, struct amount *out)
{
    if (text_equal(value, "auto")) {
        *out = (struct amount){.automatic = true};
        return true;
    }
    const char *at = value;
    uint64_t whole, part = 0;
    if (text_parse_u64(&at, &whole) && whole <= 100) {
        if (at[0] == '.' && at[1] >= '0' && at[1] <= '9') {
            part = (uint64_t)(at[1] - '0') * 10;
            at += 2;
            if (*at >= '0' && *at <= '9')
                part += (uint64_t)(*at++ - '0');
        }
        if (at[0] == '%' && !at[1] && (whole || part) && whole * 100 + part <= 10000) {
            *out = (struct amount){.permyriad = (uint32_t)(whole * 100 + part)};
            return true;
        }
    }
    uint64_t bytes;
    if (!text_parse_size(value, &bytes))
        return false;
    *out = (struct amount){.bytes = bytes};
    return true;
}

static bool parse_word(const char *words, const char *value, int64_t *out)
{
    size_t n = strlen(value);
    int64_t position = 0;
    for (const char *at = words; n; position++) {
        size_t length = strcspn(at, ",");
        if (length == n && memcmp(at, value, n) == 0) {
            *out = position;
            return true;
        }
        if (!at[length])
            break;
        at += length + 1;
    }
    return false;
}

static bool parse_number(const struct option *option, const char *value, int64_t *out)
{
    bool negative = *value == '-';
    const char *at = value + negative;
    uint64_t magnitude;
    if (!text_parse_u64(&at, &magnitude) || *at || magnitude > INT32_MAX)
        return false;
    int64_t number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    if (number < option->low || number > option->high)
        return false;
    *out = number;
    return true;
}

static bool parse_signal(const struct option *option, const char *value, int64_t *out)
{
    static const struct {
        const char *name;
        int number;
    } names[] = {{"TERM", SIGTERM}, {"INT", SIGINT},   {"HUP", SIGHUP},   {"QUIT", SIGQUIT}, {"USR1", SIGUSR1},
                 {"USR2", SIGUSR2}, {"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"XCPU", SIGXCPU}, {"URG", SIGURG}};
    if (text_starts(value, "SIG"))
        value += 3;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_equal(value, names[i].name)) {
            *out = names[i].number;
            return true;
        }
    }
    return parse_number(option, value, out);
}

static bool apply(const struct option *option, const char *value, struct options *options)
{
    void *field = (char *)options + option->offset;
    switch (option->type) {
    case OPTION_WORD:
        return parse_word(option->words, value, field);
    case OPTION_NUMBER:
        return parse_number(option, value, field);
    case OPTION_SIZE:
        return text_parse_size(value, field);
    case OPTION_AMOUNT:
        return parse_amount(value, field);
    case OPTION_SIGNAL:
        return parse_signal(option, value, field);
    case OPTION_EXIT:
        if (text_equal(value, "abrt")) {
            *(int64_t *)field = OPTIONS_EXIT_ABRT;
            return true;
        }
        return parse_number(option, value, field);
    case OPTION_TEXT:
        if (strlen(value) >= OPTIONS_TEXT_BYTES)
            return false;
        text_copy(field, OPTIONS_TEXT_BYTES, value);
        return true;
    }
    return false;
}

void options_preset(struct options *options)
{
    memset(options, 0, sizeof *options);
    options->score = OPTIONS_UNSET;
    for (size_t i = 0; i < options_count; i++)
        if (options_table[i].preset)
            apply(&options_table[i], options_table[i].preset, options);
}

/* Levenshtein distance of short words, to name the key that was probably meant. */
static size_t distance(const char *a, const char *b)
{
    size_t row[40], n = strlen(b);
    if (n >= 40 || strlen(a) >= 40)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; *a; a++, i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = diagonal + (*a != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j - 1] < row[j] ? row[j - 1] + 1 : row[j] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[n];
}

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < options_count; i++)
        if (text_equal(options_table[i].name, name))
            return &options_table[i];
    return NULL;
}

static const struct option *nearest(const char *name)
{
    const struct option *best = &options_table[0];
    for (size_t i = 1; i < options_count; i++)
        if (distance(name, options_table[i].name) < distance(name, best->name))
            best = &options_table[i];
    return best;
}

static void describe_range(struct text *line, const struct option *option)
{
    switch (option->type) {
    case OPTION_WORD:
        text_add(line, option->words);
        break;
    case OPTION_SIZE:
        text_add(line, "bytes such as 512M");
        break;
    case OPTION_AMOUNT:
        text_add(line, "bytes such as 16M, a share such as 2%, or auto");
        break;
    case OPTION_TEXT:
        text_add(line, "at most 255 bytes");
        break;
    default:
        text_i64(line, option->low);
        text_add(line, "..");
        text_i64(line, option->high);
    }
}

static void set(struct options *options, const char *key, const char *value, options_complain *complain, void *context)
{
    char buffer[512]; /* the longest setting, and what is said about it */
    struct text line = TEXT_ON(buffer);
    const struct option *option = find(key);
    if (option && value && apply(option, value, options))
        return;
    text_add(&line, "lastwords: LASTWORDS has ");
    if (!option) {
        text_add(&line, "the unknown key '");
        text_add(&line, key);
        text_add(&line, "' (did you mean '");
        text_add(&line, nearest(key)->name);
        text_add(&line, "'?)");
    } else {
        text_add(&line, key);
        text_add(&line, value ? "=" : " without a value");
        text_add(&line, value ? value : "");
        text_add(&line, ", valid are: ");
        describe_range(&line, option);
    }
    text_add(&line, "; the job runs on with the default\n");
    complain(context, buffer);
}

/* Copies the next key=value up to an unquoted colon, without the quotes; returns where to go on, NULL at the end. */
static const char *next_setting(const char *at, char *out, size_t capacity)
{
    size_t n = 0;
    bool quoted = false;
    for (; *at && (quoted || *at != ':'); at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (n + 1 < capacity)
            out[n++] = *at;
    }
    out[n] = '\0';
    return *at ? at + 1 : NULL;
}

void options_parse(struct options *options, const char *string, options_complain *complain, void *context)
{
    char setting[OPTIONS_TEXT_BYTES + 64];
    while (string && *string) {
        string = next_setting(string, setting, sizeof setting);
        if (!setting[0])
            continue;
        char *value = strchr(setting, '=');
        if (value)
            *value++ = '\0';
        set(options, setting, value, complain, context);
    }
}

static bool listed(const char *patterns, const char *program)
{
    char pattern[OPTIONS_TEXT_BYTES];
    while (*patterns) {
        size_t n = strcspn(patterns, ",");
        memcpy(pattern, patterns, n);
        pattern[n] = '\0';
        if (text_match(pattern, program))
            return true;
        patterns += n + (patterns[n] == ',');
    }
    return false;
}

bool options_watch(const struct options *options, const char *program)
{
    if (options->only[0] && !listed(options->only, program))
        return false;
    return !listed(options->skip, program);
}
