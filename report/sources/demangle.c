/* SPDX-License-Identifier: MIT */
#include "sources/symbolizer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MANGLED         1024 /* characters */
#define MAX_BACK_REFERENCES 40   /* each pair of them can double the result: a journal may be hostile */

/* Of libstdc++: the C++ ABI's own demangler. */
char *__cxa_demangle(const char *mangled, char *buffer, size_t *length, int *status);

static bool simple_enough(const char *name)
{
    size_t references = 0, i;

    for (i = 0; name[i]; i++) {
        bool reference =
            (name[i] == 'S' || name[i] == 'T') &&
            (isdigit((unsigned char)name[i + 1]) || isupper((unsigned char)name[i + 1]) || name[i + 1] == '_');
        references += reference;
    }
    return i <= MAX_MANGLED && references <= MAX_BACK_REFERENCES;
}

bool symbolizer_demangle(const char *name, char *out, size_t size)
{
    int status = -1;

    if (strncmp(name, "_Z", 2) != 0 || !simple_enough(name))
        return false;
    char *plain = __cxa_demangle(name, NULL, NULL, &status);
    bool good = plain && status == 0;
    if (good)
        snprintf(out, size, "%s", plain);
    free(plain);
    return good;
}
