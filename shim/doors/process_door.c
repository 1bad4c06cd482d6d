/* SPDX-License-Identifier: MIT */
/*
 * process_door: the ways into life and out of it: constructor, exit handlers, _exit, exec, and the calls that a process
 * with a helper thread could not make.
 *
 * fork needs no door: atfork handlers see it (lifecycle.c), and what they miss (clone, _Fork) is told by a page that
 * the kernel wipes in a child. vfork and posix_spawn need none either: until exec such a child is its parent's memory
 * under another pid, which lifecycle knows.
 */
#include "conduct/lifecycle.h"
#include "doors/doors.h"
#include "ground/next.h"

#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

static int quick_code;

static void at_exit(int code, void *context)
{
    lifecycle_exit(code);
}

static void at_quick_exit_(void)
{
    lifecycle_exit(quick_code);
}

/* Early among the constructors, so that our exit handlers run late. */
__attribute__((constructor(101))) static void start(void)
{
    next_resolve();
    lifecycle_start();
    on_exit(at_exit, NULL);
    at_quick_exit(at_quick_exit_);
}

DOOR __attribute__((noreturn)) void _exit(int code)
{
    lifecycle_exit(code);
    next.exit_now(code);
    __builtin_unreachable();
}

DOOR __attribute__((noreturn)) void _Exit(int code)
{
    _exit(code);
}

DOOR __attribute__((noreturn)) void quick_exit(int code)
{
    quick_code = code;
    next.quick_exit(code);
    __builtin_unreachable();
}

/* ---- exec ---- */

DOOR int execve(const char *path, char *const argv[], char *const envp[])
{
    lifecycle_exec();
    return next.execve(path, argv, envp);
}

DOOR int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

DOOR int execvpe(const char *file, char *const argv[], char *const envp[])
{
    lifecycle_exec();
    return next.execvpe(file, argv, envp);
}

DOOR int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

DOOR int execveat(int fd, const char *path, char *const argv[], char *const envp[], int flags)
{
    lifecycle_exec();
    return next.execveat(fd, path, argv, envp, flags);
}

DOOR int fexecve(int fd, char *const argv[], char *const envp[])
{
    lifecycle_exec();
    return next.fexecve(fd, argv, envp);
}

static size_t count_of(const char *first, va_list arguments)
{
    size_t count = 0;
    while (first) {
        count++;
        first = va_arg(arguments, const char *);
    }
    return count;
}

static void collect(const char **argv, size_t count, const char *first, va_list *arguments)
{
    argv[0] = first;
    for (size_t i = 1; i <= count; i++)
        argv[i] = va_arg(*arguments, const char *);
}

/* argv[] of the caller's arguments, on the stack as in the C library; `arguments` is left behind the NULL. */
#define COLLECT(argv, first)                                                                                           \
    va_list arguments;                                                                                                 \
    va_start(arguments, first);                                                                                        \
    size_t count = count_of(first, arguments);                                                                         \
    va_end(arguments);                                                                                                 \
    const char *argv[count + 1];                                                                                       \
    va_start(arguments, first);                                                                                        \
    collect(argv, count, first, &arguments)

DOOR int execl(const char *path, const char *argument, ...)
{
    COLLECT(argv, argument);
    va_end(arguments);
    return execve(path, (char *const *)argv, environ);
}

DOOR int execlp(const char *file, const char *argument, ...)
{
    COLLECT(argv, argument);
    va_end(arguments);
    return execvpe(file, (char *const *)argv, environ);
}

DOOR int execle(const char *path, const char *argument, ...)
{
    COLLECT(argv, argument);
    char *const *envp = va_arg(arguments, char *const *);
    va_end(arguments);
    return execve(path, (char *const *)argv, envp);
}

/* ---- calls that a helper thread would spoil ---- */

/* The parent leaves by a call within the C library; the child goes on as any forked one. */
DOOR int daemon(int nochdir, int noclose)
{
    lifecycle_exec();
    return next.daemon(nochdir, noclose);
}

/* EINVAL for a process with more than one thread. */
DOOR int unshare(int flags)
{
    if (flags & (CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM))
        lifecycle_exec();
    return next.unshare(flags);
}

DOOR int setns(int fd, int type)
{
    if (!type || type & CLONE_NEWUSER)
        lifecycle_exec();
    return next.setns(fd, type);
}

/*
 * Capabilities and the bounds on them belong to a thread. Were ours to keep what the program's threads give up, glibc's
 * setresgid() and the like, which go to every thread and compare the results, would abort the process; and a thread
 * with privileges would be left in a process that believes to have dropped them.
 */
int capset(cap_user_header_t header, const cap_user_data_t data); /* in no header of the C library */

DOOR int capset(cap_user_header_t header, const cap_user_data_t data)
{
    lifecycle_exec();
    return next.capset(header, data);
}

/* Below a filter that kills, not even a file can be opened: then we are no more. */
DOOR int prctl(int option, ...)
{
    unsigned long a[4];
    va_list arguments;
    va_start(arguments, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(arguments, unsigned long);
    va_end(arguments);
    if (option == PR_SET_KEEPCAPS || option == PR_CAPBSET_DROP || option == PR_SET_SECUREBITS ||
        (option == PR_CAP_AMBIENT && a[0] != PR_CAP_AMBIENT_IS_SET))
        lifecycle_exec();
    if (option == PR_SET_SECCOMP)
        lifecycle_give_up();
    return next.prctl(option, a[0], a[1], a[2], a[3]);
}
