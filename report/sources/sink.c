/* SPDX-License-Identifier: MIT */
#include "sources/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void problem_set(struct problem *problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
}

void problem_print(const struct problem *problem)
{
    char clean[2 * sizeof(problem->text)];

    sink_printable(problem->text, strlen(problem->text), clean, sizeof(clean));
    fprintf(stderr, "lastwords: %s\n", clean);
}

/* What a new file would get from open(2); the mask can only be read by setting it. */
static mode_t new_file_mode(void)
{
    mode_t mask = umask(077);

    umask(mask);
    return 0666 & ~mask;
}

/*
 * A file beside `path` that takes its place later. A link stays one: what it points to is replaced. NULL when `path`
 * is no regular file, or when nothing can be made beside it.
 */
static FILE *open_draft(const char *path, char **target, char **draft)
{
    struct stat status;
    bool there = stat(path, &status) == 0;

    if (there && !S_ISREG(status.st_mode))
        return NULL;
    *target = there ? realpath(path, NULL) : strdup(path);
    if (*target && asprintf(draft, "%s.XXXXXX", *target) < 0)
        *draft = NULL;
    if (*draft) {
        int descriptor = mkostemp(*draft, O_CLOEXEC);
        if (descriptor >= 0) {
            fchmod(descriptor, there ? status.st_mode & 0777 : new_file_mode());
            FILE *file = fdopen(descriptor, "w");
            if (file)
                return file;
            close(descriptor);
            unlink(*draft);
        }
    }
    free(*draft);
    free(*target);
    *target = *draft = NULL;
    return NULL;
}

int sink_open(struct sink *sink, const char *path, struct problem *problem)
{
    if (!path || strcmp(path, "-") == 0) {
        sink_over(sink, stdout, "standard output");
        return 0;
    }
    char *target = NULL, *draft = NULL;
    FILE *file = open_draft(path, &target, &draft);
    if (!file)
        file = fopen(path, "we");
    if (!file) {
        int error = errno;
        problem_set(problem, "%s: cannot be written (%s): choose another file with -o", path, strerror(error));
        return -error;
    }
    sink_over(sink, file, path);
    sink->owned = true;
    sink->target = target;
    sink->draft = draft;
    return 0;
}

void sink_over(struct sink *sink, FILE *file, const char *name)
{
    const char *no_color = getenv("NO_COLOR");
    int descriptor = fileno(file);

    *sink = (struct sink){.file = file};
    snprintf(sink->name, sizeof(sink->name), "%s", name);
    sink->colour = descriptor >= 0 && isatty(descriptor) && (!no_color || !*no_color);
}

void sink_printf(struct sink *sink, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(sink->file, format, arguments);
    va_end(arguments);
}

void sink_style(struct sink *sink, enum sink_style style)
{
    static const char *const codes[] = {[SINK_PLAIN] = "\033[0m", [SINK_BOLD] = "\033[1m", [SINK_DIM] = "\033[2m"};

    if (sink->colour)
        fputs(codes[style], sink->file);
}

int sink_close(struct sink *sink, struct problem *problem)
{
    int error = sink->failed ? EIO : 0;

    errno = 0;
    if (fflush(sink->file) != 0 || ferror(sink->file))
        error = errno ? errno : EIO;
    if (sink->owned && fclose(sink->file) != 0 && !error)
        error = errno;
    sink->file = NULL;
    if (sink->draft && !error && rename(sink->draft, sink->target) != 0)
        error = errno;
    if (sink->draft && error)
        unlink(sink->draft);
    free(sink->draft);
    free(sink->target);
    sink->draft = sink->target = NULL;
    if (error)
        problem_set(problem, "%s: the output is incomplete (%s)", sink->name, strerror(error));
    return -error;
}

/* Length in bytes of the well-formed UTF-8 character at `text`, and its code point; 0 when it is broken. */
static size_t decode(const unsigned char *text, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;

    if (n == 0 || n > left)
        return 0;
    *code = n == 1 ? text[0] : text[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (text[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < least[n] || *code > 0x10ffff || surrogate ? 0 : n;
}

static bool harmless(uint32_t code)
{
    return code >= 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0x200b && code <= 0x200f) &&
           !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff;
}

size_t sink_printable(const char *text, size_t length, char *out, size_t size)
{
    const unsigned char *in = (const unsigned char *)text;
    size_t written = 0;

    for (size_t i = 0; i < length;) {
        uint32_t code = 0;
        size_t n = decode(in + i, length - i, &code);
        if (n > 0 && harmless(code)) {
            if (written + n >= size)
                break;
            memcpy(out + written, in + i, n);
            written += n;
            i += n;
            continue;
        }
        if (written + 4 >= size)
            break;
        snprintf(out + written, size - written, "\\x%02x", in[i]);
        written += 4;
        i++;
    }
    out[written] = '\0';
    return written;
}
