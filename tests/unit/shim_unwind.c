/* SPDX-License-Identifier: MIT */
/* unwind: native stacks of this program, and of one whose unwind tables lead to what is no address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <signal.h>

#include "observe/unwind.h"

/* This program contains the library, whose own frames are left out: what remains are those of the C library. */
static struct {
    uint64_t frames[UNWIND_MAX];
    uint32_t count;
} seen;

static void on_signal(int signal, siginfo_t *info, void *ucontext)
{
    seen.count = unwind_interrupted(ucontext, seen.frames, UNWIND_MAX);
}

static void look(void)
{
    seen.count = unwind_native(seen.frames, UNWIND_MAX);
}

static void look_in_handler(void)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, before;
    sigaction(SIGUSR1, &action, &before);
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
}

static void are_addresses(void)
{
    for (uint32_t i = 0; i < seen.count; i++) {
        assert_true(seen.frames[i] >= 4096);
        assert_true(seen.frames[i] >> 56 == 0);
    }
}

static int load(void **state)
{
    char why[160];
    unwind_begin();
    return !unwind_load(why, sizeof why);
}

static void a_stack_of_this_program(void **state)
{
    look();
    assert_true(seen.count > 0); /* the C library, where the program began */
    are_addresses();
    look_in_handler();
    assert_true(seen.count > 0);
    are_addresses();
}

#ifdef __x86_64__
/* Says that its return address lies where it has put its argument. */
void misleading(uint64_t instead, void (*call)(void));
__asm__(".text\n"
        ".type misleading, @function\n"
        "misleading:\n"
        ".cfi_startproc\n"
        "push %rdi\n"
        "call *%rsi\n"
        "add $8, %rsp\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size misleading, . - misleading\n");

static void what_is_no_address_ends_a_stack(void **state)
{
    static const uint64_t values[] = {
        UINT64_C(0xd439aae3e596dc00), UINT64_C(1) << 63 | 7, UINT64_C(1) << 62 | 1, UINT64_MAX, 1, 0,
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        misleading(values[i], look);
        are_addresses();
        misleading(values[i], look_in_handler);
        assert_true(seen.count > 0); /* raise() */
        are_addresses();
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_of_this_program),
#ifdef __x86_64__
        cmocka_unit_test(what_is_no_address_ends_a_stack),
#endif
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
