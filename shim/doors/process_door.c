/* SPDX-License-Identifier: MIT */
/* process_door: the ways into life and out of it: constructor, exit handlers, _exit, exec. */
#include "conduct/lifecycle.h"
#include "doors/doors.h"
#include "ground/next.h"

#include <stdlib.h>
#include <unistd.h>

static void at_exit(int code, void *context)
{
    lifecycle_exit(code);
}

/* Early among the constructors, so that our exit handler runs late. */
__attribute__((constructor(101))) static void start(void)
{
    next_resolve();
    lifecycle_start();
    on_exit(at_exit, NULL);
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
