/* SPDX-License-Identifier: MIT */
/*
 * Looks like an interpreter from the outside: exports what one is found by, with the version that FAKE_VERSION says,
 * and nothing behind it that a walk may believe. -DBUILD=symbol: exports that as well, and -DFAKE_PYPY no CPython.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FAKE_PYPY
char _PyRuntime[4096];
char PyCode_Type[4096], PyUnicode_Type[4096], PyBytes_Type[4096];
unsigned long Py_Version;

const char *Py_GetVersion(void)
{
    const char *version = getenv("FAKE_VERSION");
    return version ? version : "3.11.2 (main)";
}

int Py_IsInitialized(void)
{
    return 1;
}

/* Garbage, should anybody follow it. */
void *_PyThreadState_UncheckedGet(void)
{
    return (void *)(uintptr_t)0x1234567;
}

void *PyThreadState_GetUnchecked(void)
{
    return (void *)(uintptr_t)0x1234567;
}

void *PyGILState_GetThisThreadState(void)
{
    return (void *)(uintptr_t)0x1234567;
}
#endif

#ifdef BUILD
void BUILD(void)
{
}
#endif

int main(void)
{
#ifndef FAKE_PYPY
    unsigned minor = 0;
    sscanf(Py_GetVersion(), "3.%u", &minor);
    Py_Version = 0x03000000 | minor << 16;
#endif
    char *blocks[64], *volatile before = memset(malloc(40 << 20), 1, 40 << 20); /* the records begin */
    usleep(500000);
    for (int i = 0; i < 64; i++)
        blocks[i] = memset(malloc(1 << 20), i, 1 << 20);
    usleep(1300000); /* resident pages are looked at once a second */
    for (int i = 0; i < 64; i++)
        free(blocks[i]);
    free(before);
    puts("done");
}
