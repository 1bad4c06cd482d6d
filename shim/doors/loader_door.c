/* SPDX-License-Identifier: MIT */
/* loader_door: the list of loaded modules, as the unwinder sees it (see observe/modules.h). */
#include "doors/doors.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "observe/modules.h"

DOOR int dl_iterate_phdr(modules_visit *visit, void *context)
{
    if (UNLIKELY(thread_state.flags & THREAD_HANDLER))
        return modules_iterate(visit, context);
    return next.dl_iterate_phdr(visit, context);
}
