/* SPDX-License-Identifier: MIT */
/*
 * stacks: allocates where there is little stack, or none that anybody could unwind: threads of PTHREAD_STACK_MIN,
 * coroutines of 16 KiB, a signal handler on an alternate stack, and code whose frame pointer points nowhere.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static void churn(int rounds)
{
    void *keep[64] = {0};
    for (int i = 0; i < rounds; i++) {
        free(keep[i % 64]);
        keep[i % 64] = malloc(5000);
    }
    for (int i = 0; i < 64; i++)
        free(keep[i]);
}

static void *in_thread(void *unused)
{
    churn(500);
    return unused;
}

static void small_threads(void)
{
    pthread_attr_t attributes;
    pthread_t thread[20];
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    for (int i = 0; i < 20; i++)
        pthread_create(&thread[i], &attributes, in_thread, NULL);
    for (int i = 0; i < 20; i++)
        pthread_join(thread[i], NULL);
    puts("threads");
}

static ucontext_t outside, inside;

static void coroutine(void)
{
    for (int i = 0; i < 100; i++) {
        churn(10);
        swapcontext(&inside, &outside);
    }
}

static void coroutines(void)
{
    /* a page below that must not be touched */
    char *room = mmap(NULL, 20480, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(room, 4096, PROT_NONE);
    getcontext(&inside);
    inside.uc_stack.ss_sp = room + 4096;
    inside.uc_stack.ss_size = 16384;
    inside.uc_link = &outside;
    makecontext(&inside, coroutine, 0);
    for (int i = 0; i < 100; i++)
        swapcontext(&outside, &inside);
    puts("coroutines");
}

static void on_signal(int signal)
{
    churn(20);
}

static void alternate_stack(void)
{
    char *room = mmap(NULL, 20480, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(room, 4096, PROT_NONE);
    stack_t stack = {.ss_sp = room + 4096, .ss_size = 16384};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGWINCH, &action, NULL);
    for (int i = 0; i < 200; i++)
        raise(SIGWINCH);
    puts("alternate stack");
}

#ifdef __x86_64__
/* No unwind information, and a frame pointer into the void. */
void *lost_malloc(size_t size, uint64_t frame_pointer);
__asm__(".text\n"
        ".globl lost_malloc\n"
        "lost_malloc:\n"
        "    push %rbp\n"
        "    mov %rsi, %rbp\n"
        "    sub $16, %rsp\n"
        "    call malloc@plt\n"
        "    add $16, %rsp\n"
        "    pop %rbp\n"
        "    ret\n");

static void no_way_back(void)
{
    static const uint64_t nowhere[] = {0, 1, 8, 0x1000, 0xdeadbeefdeadbeef, UINT64_MAX, UINT64_MAX - 7, 0x7fffffffe000};
    for (int i = 0; i < 4000; i++)
        free(lost_malloc(5000, nowhere[i % 8]));
    puts("frame pointers into the void");
}
#else
static void no_way_back(void)
{
    puts("frame pointers into the void");
}
#endif

int main(void)
{
    for (int i = 0; i < 40; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(200000);
    small_threads();
    coroutines();
    alternate_stack();
    no_way_back();
    return 0;
}
