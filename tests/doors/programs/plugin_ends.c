/* SPDX-License-Identifier: MIT */
/* plugin_ends: a library that allocates and frees where it can: constructor, destructor, thread-local state. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static __thread char *mine;
static char *from_constructor;

__attribute__((constructor)) static void begin(void)
{
    from_constructor = strdup("made in the constructor");
    free(malloc(1 << 20));
}

__attribute__((destructor)) static void end(void)
{
    free(from_constructor);
    free(malloc(1 << 20));
}

/* Gets by its own malloc, gives back what others got: crosswise when it was loaded with RTLD_DEEPBIND. */
void *plugin_swap(void *theirs, size_t size)
{
    free(theirs);
    free(mine);
    mine = malloc(size);
    return malloc(size);
}

size_t plugin_many(void **blocks, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++)
        free(blocks[i]);
    for (size_t i = 0; i < count; i++)
        blocks[i] = malloc(size);
    return count;
}
