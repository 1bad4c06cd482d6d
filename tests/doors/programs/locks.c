/* SPDX-License-Identifier: MIT */
/* locks: a program without privileges that locks half of what it may lock, and more than it may. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static int without_privilege(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return -1;
    data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
    data[CAP_TO_INDEX(CAP_IPC_LOCK)].permitted &= ~CAP_TO_MASK(CAP_IPC_LOCK);
    return (int)syscall(SYS_capset, &header, data);
}

static const char *lock(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? "no memory" : mlock(memory, bytes) == 0 ? "locked" : strerror(errno);
}

int main(void)
{
    struct rlimit limit = {8 * MIB, 8 * MIB};
    if (without_privilege() != 0 || setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return perror("locks"), 2;
    char *large = malloc(64 * MIB);
    memset(large, 1, 64 * MIB);
    usleep(300000);
    printf("4 of 8 MiB: %s\n", lock(4 * MIB));
    printf("8 more: %s\n", lock(8 * MIB));
    free(large);
    return 0;
}
