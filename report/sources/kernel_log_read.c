/* SPDX-License-Identifier: MIT */
#include "sources/kernel_log_read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sources/arena.h"

#define SYSLOG_READ_ALL    3 /* of syslog(2) */
#define SYSLOG_SIZE_BUFFER 10
#define MAX_SYSLOG_BYTES   (64 << 20)

extern char **environ;

int kernel_log_read_stream(FILE *stream, struct kernel_log *log)
{
    char line[KERNEL_LINE_MAX];
    size_t length = 0;
    int c;

    errno = 0;
    while ((c = getc_unlocked(stream)) != EOF) {
        if (c == '\n') {
            kernel_log_feed(log, line, length);
            length = 0;
        } else if (length < sizeof(line)) {
            line[length++] = (char)c; /* what is longer is cut */
        }
    }
    if (length > 0)
        kernel_log_feed(log, line, length);
    kernel_log_flush(log);
    return ferror(stream) ? -(errno ? errno : EIO) : 0;
}

int kernel_log_read_file(const char *path, struct kernel_log *log, struct problem *problem)
{
    bool input = strcmp(path, "-") == 0;
    FILE *stream = input ? stdin : fopen(path, "re");
    struct stat status;
    int error = stream ? 0 : -errno;

    if (stream && fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode))
        error = -EISDIR;
    if (!error)
        error = kernel_log_read_stream(stream, log);
    if (stream && !input)
        fclose(stream);
    if (error)
        problem_set(problem, "%.400s: cannot be read (%s): name a file with the text of dmesg or journalctl -k, or -",
                    input ? "standard input" : path, strerror(-error));
    return error;
}

/* ---- this machine ---- */

int kernel_log_read_live(int fd, struct kernel_log *log)
{
    char record[KERNEL_LINE_MAX];

    for (;;) {
        ssize_t length = read(fd, record, sizeof(record));
        if (length < 0 && (errno == EINTR || errno == EPIPE)) /* EPIPE: overwritten before it was read */
            continue;
        if (length < 0)
            return errno == EAGAIN ? 0 : -errno;
        if (length == 0)
            return 0;
        /* the first line; what follows are the device's names */
        char *newline = memchr(record, '\n', (size_t)length);
        kernel_log_feed(log, record, newline ? (size_t)(newline - record) : (size_t)length);
    }
}

static int open_kmsg(void)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int kernel_log_open_live(void)
{
    int fd = open_kmsg();

    if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int read_kmsg(struct kernel_log *log)
{
    int fd = open_kmsg();

    if (fd < 0)
        return fd;
    int error = kernel_log_read_live(fd, log);
    close(fd);
    kernel_log_flush(log);
    return error;
}

static int read_syslog(struct kernel_log *log)
{
    int size = klogctl(SYSLOG_SIZE_BUFFER, NULL, 0);

    if (size <= 0)
        return size < 0 ? -errno : -ENODATA;
    size = size < MAX_SYSLOG_BYTES ? size : MAX_SYSLOG_BYTES;
    char *text = array_resize(NULL, (size_t)size + 1, 1);
    int length = klogctl(SYSLOG_READ_ALL, text, size), error = length < 0 ? -errno : 0;
    for (char *line = text, *end = text + (length > 0 ? length : 0); line < end;) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *next = newline ? newline : end;
        kernel_log_feed(log, line, (size_t)(next - line));
        line = next + 1;
    }
    free(text);
    kernel_log_flush(log);
    return error;
}

static int spawn_journalctl(pid_t *pid, int output)
{
    static char *const arguments[] = {"journalctl", "-k", "-q", "--no-pager", "-o", "short-unix", NULL};
    posix_spawn_file_actions_t actions;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int error = posix_spawnp(pid, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

static int read_journalctl(struct kernel_log *log)
{
    int ends[2], status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    int error = spawn_journalctl(&pid, ends[1]);
    close(ends[1]);
    FILE *stream = error ? NULL : fdopen(ends[0], "r");
    if (!stream) {
        close(ends[0]);
        return error ? error : -ENOMEM;
    }
    uint64_t before = kernel_log_lines(log);
    error = kernel_log_read_stream(stream, log);
    fclose(stream);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0 && kernel_log_lines(log) > before;
    return error ? error : good ? 0 : -EACCES;
}

static const struct {
    const char *name;
    int (*read)(struct kernel_log *log);
} machine_logs[] = {{"/dev/kmsg", read_kmsg}, {"syslog(2)", read_syslog}, {"journalctl -k", read_journalctl}};

int kernel_log_read_machine(struct kernel_log *log, const char **where, struct problem *problem)
{
    int first = 0;

    for (size_t i = 0; i < sizeof(machine_logs) / sizeof(machine_logs[0]); i++) {
        int error = machine_logs[i].read(log);
        if (error == 0) {
            *where = machine_logs[i].name;
            return 0;
        }
        first = first ? first : error;
    }
    problem_set(
        problem,
        "the kernel log cannot be read here (/dev/kmsg: %s; syslog(2) and journalctl -k neither): run as root or "
        "with CAP_SYSLOG (kernel.dmesg_restrict=1 is what forbids it), or have an administrator write it to a file "
        "(dmesg >kernel.log) and name that",
        strerror(-first));
    return first;
}

int kernel_log_read_quietly(struct kernel_log *log)
{
    int error = read_kmsg(log);

    return error ? read_syslog(log) : 0;
}
