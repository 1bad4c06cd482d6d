/* SPDX-License-Identifier: MIT */
#include "sources/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sources/arena.h"
#include "sources/journal_records.h"
#include "sources/small_file.h"

#define STREAM_NAME "standard input" /* as messages call it */

static struct journal *open_stream(int fd, struct problem *problem)
{
    size_t capacity = 1 << 20, size = 0;
    unsigned char *bytes = array_resize(NULL, capacity, 1);

    for (;;) {
        ssize_t n = read_fully(fd, bytes + size, capacity - size, -1);
        size += n > 0 ? (size_t)n : 0;
        if (n >= 0 && size < capacity)
            return journal_adopt(bytes, size, STREAM_NAME, problem);
        if (n < 0 || capacity >= JOURNAL_MAX_BYTES) {
            problem_set(problem, STREAM_NAME ": %s", n < 0 ? strerror((int)-n) : "is too large for a journal");
            free(bytes);
            return NULL;
        }
        capacity *= 2;
        bytes = array_resize(bytes, capacity, 1);
    }
}

/* A slot of the state may be half-written at any moment, both only by ill luck: look again. */
static void state_reread(struct journal *journal, int fd)
{
    struct lw_state state;
    uint64_t offset;
    size_t size;
    unsigned char *slots = journal_section(journal, LW_SECTION_STATE, &offset, &size);

    for (int i = 0; i < 20 && slots && !journal_state(journal, &state); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        read_fully(fd, slots, size, (off_t)offset);
    }
}

static struct journal *open_file(int fd, const char *path, struct problem *problem)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        problem_set(problem, "%s: is not a regular file: name a journal, a directory or a process id", path);
        return NULL;
    }
    if ((uint64_t)status.st_size > JOURNAL_MAX_BYTES) {
        problem_set(problem, "%s: has %lld bytes, too many for a journal", path, (long long)status.st_size);
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    size_t head = size < LW_HEADER_BYTES ? size : LW_HEADER_BYTES;
    unsigned char *bytes = array_resize(NULL, size, 1);
    ssize_t first = read_fully(fd, bytes, head, 0);
    ssize_t rest = first == (ssize_t)head ? read_fully(fd, bytes + head, size - head, (off_t)head) : 0;
    if (first < 0 || rest < 0) {
        problem_set(problem, "%s: cannot be read (%s)", path, strerror((int)-(first < 0 ? first : rest)));
        free(bytes);
        return NULL;
    }
    struct journal *journal = journal_adopt(bytes, (size_t)(first + rest), path, problem);
    if (journal && journal_header(journal)->life == LW_LIFE_LIVE)
        state_reread(journal, fd);
    return journal;
}

struct journal *journal_open(const char *path, struct problem *problem)
{
    if (strcmp(path, "-") == 0)
        return open_stream(STDIN_FILENO, problem);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        const char *remedy = errno == EACCES ? "a journal can be read by its owner and by root"
                                             : "name a journal, a directory or a process id";
        problem_set(problem, "%s: cannot be opened (%s): %s", path, strerror(errno), remedy);
        return NULL;
    }
    struct journal *journal = open_file(fd, path, problem);
    close(fd);
    return journal;
}

bool journal_peek(const char *path, struct lw_header *header, struct lw_identity *identity)
{
    struct problem ignored;
    struct stat status;
    bool good = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        read_fully(fd, header, sizeof(*header), 0) == sizeof(*header) &&
        journal_header_check(header, sizeof(*header), path, &ignored)) {
        for (uint32_t i = 0; i < header->section_count && i < LW_MAX_SECTIONS && !good; i++) {
            const struct lw_section *section = &header->sections[i];
            good = section->kind == LW_SECTION_IDENTITY && section->used > 0 && section->offset < JOURNAL_MAX_BYTES &&
                   read_fully(fd, identity, sizeof(*identity), (off_t)section->offset) == sizeof(*identity);
        }
    }
    close(fd);
    if (good)
        journal_identity_bound(identity);
    return good;
}

bool journal_path_beside(const char *name, const char *suffix, char *out, size_t size)
{
    size_t length = strlen(name), cut = strlen(JOURNAL_FILE_SUFFIX);

    if (strcmp(name, STREAM_NAME) == 0)
        return false;
    if (length > cut && strcmp(name + length - cut, JOURNAL_FILE_SUFFIX) == 0)
        length -= cut;
    return snprintf(out, size, "%.*s%s", (int)length, name, suffix) < (int)size;
}
