/* SPDX-License-Identifier: MIT */
/* A program with an interpreter inside, loaded as a plugin would be: nobody else sees its symbols. embed LIB ARGUMENT… */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    int (*run)(int, char **) = library ? (int (*)(int, char **))dlsym(library, "Py_BytesMain") : NULL;
    if (!run) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    argv[1] = argv[0];
    return run(argc - 1, argv + 1);
}
