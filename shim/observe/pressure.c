/* SPDX-License-Identifier: MIT */
#include "observe/pressure.h"
#include "ground/sys.h"
#include "ground/text.h"
#include "journal_format.h"

#include <fcntl.h>
#include <string.h>

/*
 *     some avg10=0.12 avg60=0.03 avg300=0.00 total=1234
 *     full avg10=0.00 avg60=0.00 avg300=0.00 total=99
 */
static bool parse_line(const char *text, const char *name, uint32_t *avg10_permyriad, uint64_t *total_us)
{
    const char *line = strstr(text, name);
    const char *avg = line ? strstr(line, "avg10=") : NULL;
    const char *total = line ? strstr(line, "total=") : NULL;
    const char *end = line ? strchr(line, '\n') : NULL;
    uint64_t whole, hundredths = 0;
    if (!avg || !total || (end && (avg > end || total > end)))
        return false;
    avg += 6;
    total += 6;
    if (!text_parse_u64(&avg, &whole) || !text_parse_u64(&total, total_us))
        return false;
    if (*avg == '.') {
        avg++;
        text_parse_u64(&avg, &hundredths);
    }
    *avg10_permyriad = (uint32_t)(whole * 100 + hundredths % 100);
    return true;
}

bool pressure_parse(const char *text, struct pressure_numbers *numbers)
{
    struct pressure_numbers found = {0};
    if (!parse_line(text, "some", &found.some_avg10_permyriad, &found.some_total_us))
        return false;
    if (!parse_line(text, "full", &found.full_avg10_permyriad, &found.full_total_us))
        found.full_total_us = LW_UNKNOWN;
    *numbers = found;
    return true;
}

static bool try_file(struct pressure *pressure, const char *file, bool own)
{
    struct pressure_numbers numbers;
    pressure->fd = file[0] ? sys_open(file, O_RDONLY, 0) : -1;
    pressure->own = own;
    text_copy(pressure->where, sizeof pressure->where, file);
    if (pressure->fd >= 0 && pressure_read(pressure, &numbers))
        return true;
    pressure_close(pressure);
    return false;
}

bool pressure_open(struct pressure *pressure, const char *cgroup_file)
{
    if (try_file(pressure, cgroup_file, true) || try_file(pressure, "/proc/pressure/memory", false))
        return true;
    text_copy(pressure->where, sizeof pressure->where,
              "neither the cgroup's memory.pressure nor /proc/pressure/memory can be read (psi=0?)");
    return false;
}

void pressure_close(struct pressure *pressure)
{
    sys_close(pressure->fd);
    pressure->fd = -1;
}

bool pressure_read(struct pressure *pressure, struct pressure_numbers *numbers)
{
    char text[256];
    *numbers = (struct pressure_numbers){.some_total_us = LW_UNKNOWN, .full_total_us = LW_UNKNOWN};
    return pressure->fd >= 0 && sys_reread_piece(pressure->fd, text, sizeof text) > 0 && pressure_parse(text, numbers);
}
