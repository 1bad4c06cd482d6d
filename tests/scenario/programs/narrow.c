/* SPDX-License-Identifier: MIT */
/*
 * narrow: grows by small blocks where something is missing.
 *
 * usage: narrow MODE
 *
 *   seccomp   perf_event_open and process_vm_readv are refused, as container profiles do
 *   granted   perf_event_open is refused for threads that there are, but not for one that there is not
 *   early     no descriptor is left from the beginning
 *   late      no descriptor is left once it holds 60 MiB
 *   unlink    its journal, the only *.lw file in $NARROW_DIR, is removed once it holds 60 MiB
 */
#include <dirent.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SITE static __attribute__((noipa))
#define MIB  ((size_t)1 << 20)

static void check(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static void install(struct sock_filter *rules, size_t count)
{
    struct sock_fprog filter = {(unsigned short)count, rules};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "narrow: no_new_privs");
    check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "narrow: seccomp");
}

static void refuse_calls(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    install(rules, sizeof rules / sizeof rules[0]);
}

/* Whoever asks for nobody gets as far as the kernel, which says that there is no such thread. */
static void refuse_counters(void)
{
    const unsigned pid = offsetof(struct seccomp_data, args[1]); /* its low half: little-endian */
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pid),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1 << 22, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    install(rules, sizeof rules / sizeof rules[0]);
}

static void use_descriptors(void)
{
    struct rlimit limit = {64, 64};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 300;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "narrow: setrlimit");
    while (dup(0) >= 0)
        continue;
}

static void unlink_journal(void)
{
    const char *directory = getenv("NARROW_DIR");
    char path[1024];
    DIR *open = opendir(directory);
    struct dirent *entry;
    check(open != NULL, "narrow: NARROW_DIR");
    while ((entry = readdir(open)))
        if (strstr(entry->d_name, ".lw")) {
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            check(unlink(path) == 0, path);
            puts("narrow: unlinked");
            fflush(stdout);
        }
    closedir(open);
}

SITE void small_blocks(size_t mib)
{
    for (size_t bytes = 0; bytes < mib * MIB; bytes += 208) {
        char *block = malloc(200);
        check(block != NULL, "narrow: malloc");
        memset(block, 1, 200);
        if (bytes % (208 * 5000) == 0)
            nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    bool calls = strcmp(mode, "seccomp") == 0, counters = strcmp(mode, "granted") == 0;
    if (calls || counters) { /* as in a container: there from the beginning of the program */
        calls ? refuse_calls() : refuse_counters();
        execl("/proc/self/exe", argv[0], "none", (char *)NULL);
        check(0, "narrow: exec");
    }
    if (strcmp(mode, "early") == 0)
        use_descriptors();
    small_blocks(60);
    if (strcmp(mode, "late") == 0)
        use_descriptors();
    if (strcmp(mode, "unlink") == 0)
        unlink_journal();
    small_blocks(1000);
    puts("narrow: done");
    return 0;
}
