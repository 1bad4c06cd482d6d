/* SPDX-License-Identifier: MIT */
#include "observe/peek.h"
#include "ground/sys.h"

#include <string.h>
#include <sys/uio.h>

#define PAGE    4096u
#define KEPT    64u
#define HINTS   256u
#define NOWHERE KEPT

static struct {
    uint64_t walker;
    uint64_t page[KEPT]; /* 0: none */
    bool used[KEPT];     /* in this walk */
    uint8_t hint[HINTS]; /* where a page may be */
    uint32_t next;       /* place of the page that is read next */
    unsigned char bytes[KEPT][PAGE];
    /* Of one call: the stacks of threads near their end are not made larger. */
    uint64_t wanted[KEPT];
    struct iovec pieces[KEPT];
} kept;

static uint8_t *hint_of(uint64_t page)
{
    return &kept.hint[page / PAGE % HINTS];
}

static uint32_t place_of(uint64_t page)
{
    uint32_t at = *hint_of(page);
    if (kept.page[at] == page)
        return at;
    for (at = 0; at < KEPT && kept.page[at] != page; at++)
        continue;
    return at;
}

/* Reads so many pages, one call for all as long as they are there; those that are not are left out. At most KEPT. */
static void keep(const uint64_t *pages, uint32_t count)
{
    for (uint32_t done = 0; done < count;) {
        uint32_t first = kept.next % KEPT, n = count - done < KEPT - first ? count - done : KEPT - first;
        for (uint32_t i = 0; i < n; i++) {
            kept.pieces[i] = (struct iovec){.iov_base = (void *)(uintptr_t)pages[done + i], .iov_len = PAGE};
            kept.page[first + i] = 0;
            kept.used[first + i] = false;
        }
        uint32_t got = (uint32_t)(sys_peek_pieces(kept.pieces, n, kept.bytes[first], (size_t)n * PAGE) / PAGE);
        for (uint32_t i = 0; i < got; i++) {
            kept.page[first + i] = pages[done + i];
            *hint_of(pages[done + i]) = (uint8_t)(first + i);
        }
        kept.next = first + got;
        done += got < n ? got + 1 : got;
    }
}

void peek_begin(uint64_t walker)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < KEPT && walker == kept.walker; i++)
        if (kept.page[i] && kept.used[i])
            kept.wanted[n++] = kept.page[i];
    memset(kept.page, 0, sizeof kept.page);
    kept.next = 0;
    kept.walker = walker;
    keep(kept.wanted, n);
}

static bool is_wanted(uint64_t page, uint32_t count)
{
    for (uint32_t i = count; i > 0; i--)
        if (kept.wanted[i - 1] == page)
            return true;
    return false;
}

void peek_ahead(const uint64_t *addresses, uint32_t count, size_t bytes)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t page = addresses[i] - addresses[i] % PAGE, end = addresses[i] + bytes;
        for (; page && page < end && n < KEPT; page += PAGE)
            if (place_of(page) == NOWHERE && !is_wanted(page, n))
                kept.wanted[n++] = page;
    }
    keep(kept.wanted, n);
}

static const unsigned char *page_at(uint64_t page)
{
    uint32_t at = page ? place_of(page) : NOWHERE;
    if (page && at == NOWHERE) {
        keep(&page, 1);
        at = place_of(page);
    }
    if (at == NOWHERE)
        return NULL;
    kept.used[at] = true;
    return kept.bytes[at];
}

bool peek(uint64_t address, void *to, size_t bytes)
{
    if (bytes > PAGE / 2)
        return sys_peek(address, to, bytes);
    while (bytes) {
        uint64_t within = address % PAGE;
        size_t n = bytes < PAGE - within ? bytes : PAGE - within;
        const unsigned char *page = page_at(address - within);
        if (!page)
            return false;
        memcpy(to, page + within, n);
        address += n;
        to = (char *)to + n;
        bytes -= n;
    }
    return true;
}
