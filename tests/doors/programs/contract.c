/* SPDX-License-Identifier: MIT */
/* contract: what the C library promises for its heap functions, told line by line; every call through a pointer. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>
#include <sys/mman.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const size_t sizes[] = {0,       1,       7,        16,       24,          100,
                               1000,    4095,    4096,     4097,     65536,       131071,
                               1 << 20, 9 << 20, SIZE_MAX, 1L << 46, PTRDIFF_MAX, (size_t)PTRDIFF_MAX + 1};

static const char *name_of(int error)
{
    return error == 0 ? "0" : error == ENOMEM ? "ENOMEM" : error == EINVAL ? "EINVAL" : error == 77 ? "kept" : "?";
}

/* One line: what came back, how it is aligned (up to `alignment`), whether it can hold `size`. */
static void tell(const char *what, size_t size, unsigned char *block, size_t alignment)
{
    int error = errno;
    size_t usable = malloc_usable_size(block);
    printf("%s(%zx): %s errno %s, aligned %d, fits %d\n", what, size, block ? "block" : "NULL", name_of(error),
           (uintptr_t)block % alignment == 0, block ? usable >= size : -1);
    if (block)
        memset(block, 0xA5, usable);
    errno = 77;
}

static void plain(void)
{
    for (size_t i = 0; i < COUNT(sizes); i++) {
        errno = 77;
        void *block = malloc(sizes[i]);
        tell("malloc", sizes[i], block, 16);
        free(block);
        block = valloc(sizes[i]);
        tell("valloc", sizes[i], block, 4096);
        free(block);
        block = pvalloc(sizes[i]);
        tell("pvalloc", sizes[i], block, 4096);
        free(block);
    }
}

static void zeroed(void)
{
    static const size_t pairs[][2] = {
        {0, 0}, {0, 8}, {8, 0}, {3, 5}, {100, 100}, {1 << 10, 1 << 12}, {SIZE_MAX, 2}, {SIZE_MAX / 2 + 1, 2}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        size_t bytes = pairs[i][0] * pairs[i][1], dirty = 0;
        errno = 77;
        unsigned char *block = calloc(pairs[i][0], pairs[i][1]);
        for (size_t k = 0; block && k < bytes; k++)
            dirty += block[k] != 0;
        printf("dirty %zu ", dirty);
        tell("calloc", pairs[i][0], block, 16);
        free(block);
        block = reallocarray(malloc(10), pairs[i][0], pairs[i][1]);
        tell("reallocarray", pairs[i][0], block, 16);
        free(block);
    }
}

static void aligned(void)
{
    static const size_t alignments[] = {0,  1,  2,    3,       4,       8,        16,
                                        24, 64, 4096, 1 << 16, 1 << 21, SIZE_MAX, (SIZE_MAX >> 1) + 1};
    for (size_t i = 0; i < COUNT(alignments); i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            size_t alignment = alignments[i],
                   good = alignment && alignment < 1UL << 40 && !(alignment & (alignment - 1)) ? alignment : 1;
            void *block = &block;
            errno = 77;
            int error = posix_memalign(&block, alignment, sizes[k]);
            printf("posix_memalign(%zx, %zx): %s, errno %s, untouched %d\n", alignment, sizes[k], name_of(error),
                   name_of(errno), block == &block);
            if (error == 0) {
                tell("posix_memalign", sizes[k], block, good);
                free(block);
            }
            errno = 77;
            block = aligned_alloc(alignment, sizes[k]);
            printf("%zx ", alignment);
            tell("aligned_alloc", sizes[k], block, good);
            free(block);
            block = memalign(alignment, sizes[k]);
            printf("%zx ", alignment);
            tell("memalign", sizes[k], block, good);
            free(block);
        }
}

static void resized(void)
{
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            size_t had = sizes[i], wanted = sizes[k], kept = 0;
            if (had > 16 << 20)
                continue;
            unsigned char *block = malloc(had);
            memset(block, 0x5A, had);
            errno = 77;
            unsigned char *moved = realloc(block, wanted);
            int error = errno;
            unsigned char *valid = moved ? moved : wanted ? block : NULL; /* with size 0 the block is freed */
            size_t least = !moved || had < wanted ? had : wanted;
            for (size_t n = 0; valid && n < least; n++)
                kept += valid[n] == 0x5A;
            printf("realloc(%zx, %zx): %s errno %s, kept all %d\n", had, wanted, moved ? "block" : "NULL",
                   name_of(error), !valid || kept == least);
            free(valid);
        }
    void *fresh = realloc(NULL, 100);
    tell("realloc of NULL", 100, fresh, 16);
    free(fresh);
    fresh = realloc(NULL, 0);
    tell("realloc of NULL", 0, fresh, 16);
    free(fresh);
}

/* Got by one, resized by another, freed by a third. */
static void mixed(void)
{
    void *(*const aligning[])(size_t, size_t) = {aligned_alloc, memalign};
    void (*free_sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    void (*free_aligned_sized)(void *, size_t, size_t) =
        (void (*)(void *, size_t, size_t))dlsym(RTLD_DEFAULT, "free_aligned_sized");
    for (int round = 0; round < 2000; round++) {
        size_t size = (size_t)round * 97 % 30000 + 1;
        char *block = aligning[round % 2]((size_t)16 << round % 9, size);
        strcpy(block, "");
        block = realloc(block, size * 2);
        block = reallocarray(block, 3, size);
        if (free_sized && round % 3 == 0)
            free_sized(block, 3 * size);
        else if (free_aligned_sized && round % 3 == 1)
            free_aligned_sized(aligned_alloc(64, 640), 64, 640), free(block);
        else
            free(block);
    }
    errno = 77;
    free(NULL);
    if (free_sized)
        free_sized(NULL, 0);
    printf("mixed: done, errno %s, usable size of NULL %zu\n", name_of(errno), malloc_usable_size(NULL));
}

/* free() keeps errno (glibc 2.33), even for a block that is unmapped. */
static void errno_kept(void)
{
    void *small = malloc(100), *large = malloc(9 << 20);
    errno = 77;
    free(small);
    free(large);
    printf("errno after free: %s\n", name_of(errno));
}

static void mapped(void)
{
    errno = 77;
    void *none = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("mmap of nothing: %d errno %s\n", none == MAP_FAILED, name_of(errno));
    none = mmap(NULL, 1L << 52, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("mmap of everything: %d errno %s\n", none == MAP_FAILED, name_of(errno));
    char *pages = mmap(NULL, 9 << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = 77;
    printf("munmap unaligned: %d errno %s\n", munmap(pages + 1, 4096), name_of(errno));
    printf("munmap of nothing: %d errno %s\n", munmap(pages, 0), name_of(errno));
    printf("mremap in place only, blocked: ");
    mmap(pages + (8 << 12), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    void *moved = mremap(pages, 8 << 12, 16 << 12, 0);
    printf("%d errno %s\n", moved == MAP_FAILED, name_of(errno));
    errno = 77;
    moved = mremap(pages, 8 << 12, 16 << 12, MREMAP_FIXED, pages);
    printf("mremap with bad flags: %d errno %s\n", moved == MAP_FAILED, name_of(errno));
    errno = 77;
    printf("madvise: %d %d errno %s\n", madvise(pages, 4096, MADV_DONTNEED), madvise(pages, 4096, 12345),
           name_of(errno));
    printf("munmap: %d\n", munmap(pages, 9 << 12));
}

int main(void)
{
    plain();
    zeroed();
    aligned();
    resized();
    mixed();
    errno_kept();
    mapped();
    return 0;
}
