/* SPDX-License-Identifier: MIT */
#include "observe/maps.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <fcntl.h>
#include <string.h>

static bool parse_hex(const char **cursor, uint64_t *value)
{
    const char *at = *cursor;
    uint64_t result = 0;
    for (;; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (digit > 9)
            digit = (unsigned)(*at - 'a') < 6 ? (unsigned)(*at - 'a') + 10 : 16;
        if (digit > 15)
            break;
        result = result << 4 | digit;
    }
    bool any = at != *cursor;
    *cursor = at;
    *value = result;
    return any;
}

/* "7f2c4a000000-7f2c4a021000 rw-p 00000000 08:01 1234    /usr/lib/x.so" */
bool maps_parse(const char *line, struct map *map)
{
    uint64_t ignored;
    *map = (struct map){.name = ""};
    if (!parse_hex(&line, &map->start) || *line++ != '-' || !parse_hex(&line, &map->end) || *line++ != ' ' ||
        strlen(line) < 5)
        return false;
    map->readable = line[0] == 'r';
    map->writable = line[1] == 'w';
    map->executable = line[2] == 'x';
    map->shared = line[3] == 's';
    line += 5;
    if (!parse_hex(&line, &ignored) || *line++ != ' ' || !parse_hex(&line, &ignored) || *line++ != ':' ||
        !parse_hex(&line, &ignored) || *line++ != ' ' || !text_parse_u64(&line, &map->inode))
        return false;
    while (*line == ' ')
        line++;
    map->name = line;
    return true;
}

bool maps_each(bool (*found)(void *context, const struct map *map), void *context)
{
    char chunk[4096], line[1024];
    int fd = sys_open("/proc/thread-self/maps", O_RDONLY, 0); /* see process_read */
    size_t length = 0;
    long n;
    if (fd < 0)
        return false;
    while ((n = sys_read(fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < n; i++) {
            struct map map;
            if (chunk[i] != '\n') {
                if (length + 1 < sizeof line)
                    line[length++] = chunk[i];
                continue;
            }
            line[length] = '\0';
            length = 0;
            if (maps_parse(line, &map) && !found(context, &map)) {
                sys_close(fd);
                return true;
            }
        }
    }
    sys_close(fd);
    return true;
}

bool maps_is_thread_heap(uint64_t start)
{
    struct {
        uint64_t arena; /* in this heap or in the first one of its chain, close behind the head */
        uint64_t previous;
        uint64_t bytes, accessible_bytes;
    } head;
    const uint64_t most = 64u << 20, page = 4096;
    if (start % most != 0)
        return false;
    if (!sys_peek(start, &head, sizeof head))
        return true;
    return head.arena && head.arena % most < page && head.previous % most == 0 && head.bytes && head.bytes % page == 0 &&
           head.bytes <= head.accessible_bytes && head.accessible_bytes <= most && head.accessible_bytes % page == 0;
}
