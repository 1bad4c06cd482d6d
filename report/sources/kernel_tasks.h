/* SPDX-License-Identifier: MIT */
/* kernel_tasks: the table of tasks in an OOM record, whichever columns the kernel prints. */
#ifndef LASTWORDS_REPORT_KERNEL_TASKS_H
#define LASTWORDS_REPORT_KERNEL_TASKS_H

#include "sources/kernel_log.h"

#define TASK_MAX_COLUMNS 16u

struct task_columns {
    unsigned char kinds[TASK_MAX_COLUMNS]; /* of the numbers behind "[ pid ]" */
    size_t count;                          /* 0: no header was seen */
};

/* "[  pid  ]   uid  tgid total_vm … name". False when the line is no such header. */
bool task_columns_read(const char *line, struct task_columns *columns);

/* A row below it. False when the line is no whole row: cut, or something else. */
bool task_row_read(const char *line, const struct task_columns *columns, struct oom_task *task);

#endif
