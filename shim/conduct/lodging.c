/* SPDX-License-Identifier: MIT */
#include "conduct/lodging.h"
#include "conduct/flight.h"
#include "ground/text.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static void name_journal(const struct lw_identity *identity)
{
    struct text text = TEXT_ON(flight.journal_name);
    text_add(&text, "lastwords-");
    text_add(&text, identity->program);
    text_char(&text, '.');
    text_add(&text, identity->host);
    text_char(&text, '.');
    text_u64(&text, identity->pid);
    text_char(&text, '.');
    text_u64(&text, identity->started_realtime_ns / 1000000000u);
    text_add(&text, ".lw");
    for (char *c = flight.journal_name; *c; c++)
        if (*c == '/')
            *c = '_';
}

/* Room for every byte of the file now, so that no store can fail for want of it; pages come as they are used. */
static void *map_file(int fd, uint64_t bytes)
{
    if (sys_call(SYS_fallocate, fd, 0, 0, (long)bytes, 0, 0) < 0)
        return NULL;
    long p = sys_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p < 0 && p > -4096)
        return NULL;
    /* No read-ahead: the first touch would fetch all of it where the device is set to megabytes. 1.6 ms were seen. */
    sys_call(SYS_madvise, p, (long)bytes, MADV_RANDOM, 0, 0, 0);
    return (void *)p;
}

static void *try_directory(const char *directory)
{
    struct text text = TEXT_ON(flight.journal_path);
    text_add(&text, directory);
    text_char(&text, '/');
    text_add(&text, flight.journal_name);
    int fd = text.cut ? -1 : sys_open(flight.journal_path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (fd < 0)
        return NULL;
    void *file = map_file(fd, journal_file_bytes());
    if (file) {
        flight.journal_fd = fd;
        return file;
    }
    sys_unlink(flight.journal_path); /* the file system is full, or cannot be mapped */
    sys_close(fd);
    return NULL;
}

static void *open_anonymous(void)
{
    flight.journal_path[0] = '\0';
    int fd = (int)sys_call(SYS_memfd_create, (long)"lastwords-journal", 1 /* MFD_CLOEXEC */, 0, 0, 0, 0);
    if (fd < 0)
        return NULL;
    sys_call(SYS_ftruncate, fd, (long)journal_file_bytes(), 0, 0, 0, 0);
    flight.journal_fd = fd;
    return map_file(fd, journal_file_bytes());
}

void *lodging_open(const struct lw_identity *identity)
{
    const char *candidates[] = {flight.options.dir[0] ? flight.options.dir : identity->directory, flight.tmpdir,
                                "/tmp"};
    name_journal(identity);
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        void *file = candidates[i][0] ? try_directory(candidates[i]) : NULL;
        if (!file)
            continue;
        if (i && flight.options.dir[0] && flight.options.verbose >= 1) {
            char buffer[700];
            struct text text = TEXT_ON(buffer);
            text_add(&text, "lastwords: no journal can be written to dir=");
            text_add(&text, flight.options.dir);
            text_add(&text, "; it is ");
            text_add(&text, flight.journal_path);
            text_char(&text, '\n');
            sys_write_all(2, buffer, text.length);
        }
        return file;
    }
    return open_anonymous();
}

void lodging_fetch(void)
{
    sys_call(SYS_readahead, flight.journal_fd, 0, (long)journal_file_bytes(), 0, 0, 0);
}
