/* SPDX-License-Identifier: MIT */
/*
 * leak: one site among many that allocate never gives its small blocks back.
 *
 * usage: leak [MIB_PER_SECOND [MIB_IN_ALL]]
 *
 * Three sites churn (they allocate much more, and free it all); remember() keeps what it gets.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHURN_SLOTS = 4096, BLOCK_BYTES = 112 };

struct record {
    struct record *next;
    char text[BLOCK_BYTES - sizeof(struct record *)];
};

static struct record *kept;

static __attribute__((noinline)) void remember(unsigned number)
{
    struct record *record = malloc(sizeof *record);
    if (!record)
        exit(1);
    memset(record->text, (int)number, sizeof record->text);
    record->next = kept;
    kept = record;
}

static __attribute__((noinline)) void churn_strings(char **slot, unsigned number)
{
    free(*slot);
    *slot = malloc(16 + number % 200);
    memset(*slot, 's', 16);
}

static __attribute__((noinline)) void churn_nodes(char **slot, unsigned number)
{
    free(*slot);
    *slot = calloc(1 + number % 4, 48);
}

static __attribute__((noinline)) void churn_buffers(unsigned number)
{
    size_t bytes = 4096 + number % 7 * 1024;
    char *buffer = malloc(bytes);
    memset(buffer, 'b', bytes);
    free(buffer);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static char *strings[CHURN_SLOTS], *nodes[CHURN_SLOTS];
    double mib_per_s = argc > 1 ? atof(argv[1]) : 40;
    double all_mib = argc > 2 ? atof(argv[2]) : 4096;
    double start = now_s();

    for (unsigned number = 0;; number++) {
        double leaked_mib = (double)number * BLOCK_BYTES / (1 << 20);
        if (leaked_mib >= all_mib)
            break;
        remember(number);
        churn_strings(&strings[number * 7 % CHURN_SLOTS], number);
        churn_nodes(&nodes[number * 11 % CHURN_SLOTS], number);
        if (number % 16 == 0)
            churn_buffers(number);
        if (number % 1024 == 0) {
            double ahead_s = leaked_mib / mib_per_s - (now_s() - start);
            if (ahead_s > 0) {
                struct timespec pause = {(time_t)ahead_s, (long)((ahead_s - (double)(time_t)ahead_s) * 1e9)};
                nanosleep(&pause, NULL);
            }
        }
    }
    puts("leak: done");
    return 0;
}
