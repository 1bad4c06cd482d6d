/* SPDX-License-Identifier: MIT */
/*
 * descriptor_door: our descriptors stay ours. Daemons and launchers close whatever is open, by number or by range, and
 * reuse the numbers: afterwards we would read the program's files for ours and close them in a forked child. So for
 * the program ours do not exist: closing one is answered as for a number that is not open, a range leaves them out.
 * What dup2 puts in the place of one of ours is the program's from then on.
 */
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "ground/sys.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

DOOR int close(int fd)
{
    tracker_safe_point();
    if (LIKELY(!sys_is_ours(fd)))
        return next.close(fd);
    errno = EBADF;
    return -1;
}

DOOR int close_range(unsigned first, unsigned last, int flags)
{
    unsigned ours;
    while (first <= last && sys_first_ours(first, last, &ours)) {
        if (ours > first && next.close_range(first, ours - 1, flags) != 0)
            return -1;
        first = ours + 1;
        if (first > last)
            return 0;
    }
    return next.close_range(first, last, flags);
}

DOOR void closefrom(int first)
{
    close_range(first > 0 ? (unsigned)first : 0, UINT_MAX, 0);
}

DOOR int dup2(int from, int to)
{
    int result = next.dup2(from, to);
    if (result >= 0 && from != to)
        sys_disown(to);
    return result;
}

DOOR int dup3(int from, int to, int flags)
{
    int result = next.dup3(from, to, flags);
    if (result >= 0)
        sys_disown(to);
    return result;
}

/* libunwind keeps a pipe, to try addresses on: it is made inside our code. */
DOOR int pipe2(int ends[2], int flags)
{
    int result = next.pipe2(ends, flags);
    if (result == 0 && UNLIKELY(guard_inside())) {
        ends[0] = sys_lift(ends[0]);
        ends[1] = sys_lift(ends[1]);
    }
    return result;
}
