/* SPDX-License-Identifier: MIT */
#include "sources/intern.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static size_t *slot_of(const struct intern *intern, const char *text)
{
    size_t i = hash_of(text) & (intern->slot_count - 1);

    while (intern->slots[i] && strcmp(intern->texts[intern->slots[i] - 1], text) != 0)
        i = (i + 1) & (intern->slot_count - 1);
    return &intern->slots[i];
}

/* Twice the slots, and as many texts as half of them. */
static void grow(struct intern *intern)
{
    intern->slot_count = intern->slot_count ? 2 * intern->slot_count : 256;
    free(intern->slots);
    intern->slots = array_resize(NULL, intern->slot_count, sizeof(*intern->slots));
    memset(intern->slots, 0, intern->slot_count * sizeof(*intern->slots));
    intern->texts = array_resize(intern->texts, intern->slot_count / 2, sizeof(*intern->texts));
    for (size_t i = 0; i < intern->count; i++)
        *slot_of(intern, intern->texts[i]) = i + 1;
}

size_t intern_text(struct intern *intern, const char *text)
{
    if (2 * intern->count >= intern->slot_count)
        grow(intern);
    size_t *slot = slot_of(intern, text);
    if (*slot)
        return *slot - 1;
    size_t bytes = strlen(text) + 1;
    char *copy = arena_new(&intern->arena, bytes, 1);
    memcpy(copy, text, bytes);
    intern->texts[intern->count++] = copy;
    *slot = intern->count;
    return intern->count - 1;
}

size_t intern_format(struct intern *intern, const char *format, ...)
{
    char small[512];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (length < (int)sizeof(small))
        return intern_text(intern, small);
    char *text = array_resize(NULL, (size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    size_t number = intern_text(intern, text);
    free(text);
    return number;
}

void intern_free(struct intern *intern)
{
    arena_free(&intern->arena);
    free(intern->texts);
    free(intern->slots);
    *intern = (struct intern){.count = 0};
}
