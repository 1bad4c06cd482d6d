/* SPDX-License-Identifier: MIT */
#include "commands/run_options.h"

#include <stdlib.h>
#include <string.h>

#include "sources/sizes.h"

/* The keys of LASTWORDS, as the library knows them. `limit` is not among them: here it means a cgroup. */
static const struct {
    const char *key;
    const char *values;
    const char *text;
} keys[] = {
    {"action", "report|abort|refuse|park|signal", "what to do when the end is near (default report)"},
    {"signal", "NAME", "action=signal: the signal sent to the own process (TERM)"},
    {"margin", "SIZE|N%|auto", "headroom at which the action is taken (auto: as late as is safe)"},
    {"warn", "SIZE|N%", "headroom at which an early snapshot is taken (15%)"},
    {"grace", "SECONDS", "action=signal: time for the program to clean up (10)"},
    {"exit", "CODE|abrt", "how a controlled abort ends (abrt: SIGABRT without a core file)"},
    {"core", "0|1", "leave a core file (0)"},
    {"dir", "PATH", "where journals go (., else TMPDIR, /tmp)"},
    {"keep", "auto|always", "auto removes the journal of a run without an incident"},
    {"sample", "SIZE|auto", "mean bytes between allocation samples (auto)"},
    {"touch", "auto|off", "first-touch counter"},
    {"python", "auto|objects|off", "Python frames; objects samples small objects too"},
    {"allocator", "keep|jemalloc", "whose malloc the program gets"},
    {"relief", "on|off", "give freed memory back to the system before acting (on)"},
    {"activate", "SIZE", "a smaller process costs nothing and leaves nothing (32M)"},
    {"only", "PATTERNS", "which programs to watch"},
    {"skip", "PATTERNS", "which programs not to watch"},
    {"score", "-1000..1000", "oom_score_adj to set"},
    {"termination_log", "PATH|off", "a summary of at most 4,096 bytes"},
    {"verbose", "0..2", "lines on standard error (1)"},
    {"off", "0|1", "load and do nothing"},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

void run_options_print(FILE *out)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char left[80];
        snprintf(left, sizeof(left), "--%s=%s", keys[i].key, keys[i].values);
        fprintf(out, "  %-40s %s\n", left, keys[i].text);
    }
}

/* Edit distance, for "did you mean". Long words are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[32], n = strlen(b);

    if (n >= 32 || strlen(a) >= 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < insert ? change : insert;
        }
    }
    return row[n];
}

static const char *key_nearest(const char *name)
{
    const char *best = "limit";
    size_t least = distance(name, best);

    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t far = distance(name, keys[i].key);
        if (far < least) {
            least = far;
            best = keys[i].key;
        }
    }
    return best;
}

static const char *key_known(const char *name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(name, keys[i].key) == 0)
            return keys[i].key;
    return NULL;
}

static bool take_limit(struct run_options *options, const char *value, struct problem *problem)
{
    uint64_t bytes;

    if (!size_parse(value, &bytes)) {
        problem_set(problem, "--limit %s: is not a size: write 512M or 2G", value);
        return false;
    }
    options->limit_bytes = bytes;
    options->limit_text = value;
    return true;
}

static bool take(struct run_options *options, const char *name, const char *value, struct problem *problem)
{
    if (strcmp(name, "limit") == 0)
        return take_limit(options, value, problem);
    if (strpbrk(value, "\"")) {
        problem_set(problem, "--%s=%s: a value cannot hold a double quote", name, value);
        return false;
    }
    if (options->setting_count == RUN_MAX_SETTINGS) {
        problem_set(problem, "--%s: too many options", name);
        return false;
    }
    options->settings[options->setting_count++] = (struct run_setting){.key = key_known(name), .value = value};
    return true;
}

/* One "--name=value" or "--name value". Returns how many words it took; 0: problem. */
static int parse_one(char **argv, struct run_options *options, struct problem *problem)
{
    char name[64];
    const char *equals = strchr(argv[0], '=');
    size_t length = equals ? (size_t)(equals - argv[0]) - 2 : strlen(argv[0] + 2);

    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0) {
        options->help = true;
        return 1;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(length < sizeof(name) ? length : sizeof(name) - 1), argv[0] + 2);
    if (argv[0][1] != '-' || (strcmp(name, "limit") != 0 && !key_known(name))) {
        problem_set(problem, "%s: no such option; the nearest is --%s", argv[0], key_nearest(name));
        return 0;
    }
    const char *value = equals ? equals + 1 : argv[1];
    if (!value || (!equals && strcmp(value, "--") == 0)) {
        problem_set(problem, "--%s: wants a value", name);
        return 0;
    }
    return take(options, name, value, problem) ? (equals ? 1 : 2) : 0;
}

bool run_options_parse(int argc, char **argv, struct run_options *options, struct problem *problem)
{
    int i = 1;

    *options = (struct run_options){.help = false};
    while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0) {
        int taken = parse_one(argv + i, options, problem);
        if (taken == 0)
            return false;
        i += taken;
    }
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (i >= argc && !options->help) {
        problem_set(problem, "no command to run: lastwords run [options] -- COMMAND");
        return false;
    }
    options->command = argv + i;
    return true;
}

static bool append(char *out, size_t size, const char *key, const char *value)
{
    size_t used = strlen(out);
    const char *quote = strchr(value, ':') ? "\"" : "";
    int length = snprintf(out + used, size - used, "%s%s=%s%s%s", used ? ":" : "", key, quote, value, quote);

    return length >= 0 && (size_t)length < size - used;
}

bool run_options_environment(const struct run_options *options, const char *inherited, bool limit_by_library, char *out,
                             size_t size)
{
    if (size == 0 || (inherited && strlen(inherited) >= size))
        return false;
    snprintf(out, size, "%s", inherited ? inherited : "");
    for (size_t i = 0; i < options->setting_count; i++)
        if (!append(out, size, options->settings[i].key, options->settings[i].value))
            return false;
    return !limit_by_library || append(out, size, "limit", options->limit_text);
}

/* Walks key=value:key="va:lue" from the left; the last one wins. */
static void inherited_value(const char *inherited, const char *key, char *out, size_t size)
{
    size_t wanted = strlen(key);

    while (*inherited) {
        size_t name = strcspn(inherited, "=:");
        const char *value = inherited + name + (inherited[name] == '=');
        bool quoted = inherited[name] == '=' && *value == '"';
        value += quoted;
        size_t length = inherited[name] == '=' ? strcspn(value, quoted ? "\"" : ":") : 0;
        if (name == wanted && strncmp(inherited, key, name) == 0)
            snprintf(out, size, "%.*s", (int)length, value);
        inherited = value + length;
        inherited += strcspn(inherited, ":");
        inherited += *inherited == ':';
    }
}

void run_options_effective(const struct run_options *options, const char *inherited, const char *key, char *out,
                           size_t size)
{
    out[0] = '\0';
    if (inherited)
        inherited_value(inherited, key, out, size);
    for (size_t i = 0; i < options->setting_count; i++)
        if (strcmp(options->settings[i].key, key) == 0)
            snprintf(out, size, "%s", options->settings[i].value);
}
