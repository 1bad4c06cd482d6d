/* SPDX-License-Identifier: MIT */
/* loader_door: the list of loaded modules, as the unwinder sees it (see observe/modules.h), and modules that go. */
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "observe/modules.h"

#include <dlfcn.h>

DOOR int dl_iterate_phdr(modules_visit *visit, void *context)
{
    if (UNLIKELY(thread_state.flags & (THREAD_HANDLER | THREAD_HOLDS)))
        return modules_iterate(visit, context);
    return next.dl_iterate_phdr(visit, context);
}

DOOR int dlclose(void *handle)
{
    bool told = tracker_unloading(handle);
    int result = next.dlclose(handle);
    if (told)
        tracker_unloaded();
    return result;
}
