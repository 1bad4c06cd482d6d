/* SPDX-License-Identifier: MIT */
#include "conduct/brake.h"
#include "conduct/flight.h"
#include "ground/text.h"

#include <fcntl.h>
#include <string.h>

#define LEAD_SHARE 20u /* of the limit: that far before the margin it begins to pull */

static struct {
    uint64_t held_bytes; /* 0: not held */
    bool refused;
} brake;

static bool write_high(const char *number)
{
    char path[CGROUP_PATH_BYTES + 16];
    struct text text = TEXT_ON(path);
    text_add(&text, flight.brake);
    text_add(&text, "/memory.high");
    int fd = text.cut ? -1 : sys_open(path, O_WRONLY, 0);
    bool written = fd >= 0 && sys_write_all(fd, number, strlen(number)) >= 0;
    sys_close(fd);
    return written;
}

void brake_hold(const struct cgroup_level *level, uint64_t margin_bytes)
{
    char number[24];
    struct text text = TEXT_ON(number);
    uint64_t limit = level->numbers.limit_bytes, lead = margin_bytes + limit / LEAD_SHARE;
    if (!flight.brake[0] || brake.refused || lead >= limit || !text_equal(level->directory, flight.brake))
        return;
    uint64_t high = (limit - lead) & ~UINT64_C(0xFFFFF); /* steps of 1 MiB: the margin moves a little all the time */
    if (high == brake.held_bytes || !high)
        return;
    text_u64(&text, high);
    brake.refused = !write_high(number);
    brake.held_bytes = brake.refused ? 0 : high;
    if (brake.refused)
        journal_event(&flight.journal, flight_now_ns(), LW_EVENT_DEGRADED, 0,
                      "memory.high of the job's cgroup cannot be written: no brake");
}

void brake_release(void)
{
    if (brake.held_bytes)
        write_high("max");
    brake.held_bytes = 0;
}

bool brake_is_held(void)
{
    return brake.held_bytes != 0;
}

void brake_reset(void)
{
    brake.held_bytes = 0;
    brake.refused = false;
}
