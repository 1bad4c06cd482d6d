/* SPDX-License-Identifier: MIT */
/* signals: what a program is told of its own dispositions, by every function that tells; and which signals kill it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

sighandler_t __sysv_signal(int number, sighandler_t handler);
sighandler_t bsd_signal(int number, sighandler_t handler);

static void handler(int number)
{
}

static const char *name_of(sighandler_t what)
{
    return what == SIG_DFL    ? "default"
           : what == SIG_IGN  ? "ignored"
           : what == SIG_ERR  ? "error"
           : what == SIG_HOLD ? "held"
           : what == handler  ? "mine"
                              : "a stranger's";
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* sigset is asked all the same */
typedef sighandler_t setter(int, sighandler_t);

static void round_trip(const char *name, setter *set, int number)
{
    struct sigaction now;
    printf("%s %d:", name, number);
    sighandler_t first = set(number, SIG_DFL);
    printf(" %s", name_of(first));
    printf(" %s", name_of(set(number, handler)));
    printf(" %s", name_of(set(number, SIG_IGN)));
    printf(" %s", name_of(set(number, SIG_DFL)));
    sigaction(number, NULL, &now);
    printf(" %s flags %x\n", name_of(now.sa_handler), now.sa_flags & ~0x04000000);
}

static void dies_of(int number)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 40; i++)
            memset(malloc(1 << 20), 1, 1 << 20);
        usleep(50000);
        raise(number);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("signal %d: status %x\n", number, status & 0x7f);
}

static void waits_for(int number)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(number);
    int got = 0;
    sigwait(&set, &got);
    printf("sigwait %d\n", got);
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    kill(getpid(), number);
    struct signalfd_siginfo info = {0};
    ssize_t bytes = read(fd, &info, sizeof info);
    printf("signalfd %zd %u\n", bytes, info.ssi_signo);
    close(fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGTRAP, SIGCHLD};
    static const struct {
        const char *name;
        setter *set;
    } setters[] = {{"signal", signal},
                   {"bsd_signal", bsd_signal},
                   {"ssignal", ssignal},
                   {"__sysv_signal", __sysv_signal},
                   {"sigset", sigset}};
    for (int i = 0; i < 40; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(200000);
    dies_of(SIGTERM);
    dies_of(SIGUSR1);
    dies_of(SIGPIPE);
    waits_for(SIGTERM);
    waits_for(SIGRTMIN + 3);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct sigaction now;
        sigaction(numbers[i], NULL, &now);
        printf("at first %d %s\n", numbers[i], name_of(now.sa_handler));
        for (size_t k = 0; k < sizeof setters / sizeof setters[0]; k++)
            round_trip(setters[k].name, setters[k].set, numbers[i]);
    }
    return 0;
}
