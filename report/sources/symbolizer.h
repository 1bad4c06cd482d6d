/* SPDX-License-Identifier: MIT */
/*
 * symbolizer: names, files and lines of native addresses from the binaries at hand.
 *
 * The journal brings names of its own; this adds file:line, inlined frames and better names where the very binary
 * (same build id) and its debug information are on this machine. It never uses the network: no debuginfod.
 */
#ifndef LASTWORDS_REPORT_SYMBOLIZER_H
#define LASTWORDS_REPORT_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/journal_format.h"

#define SYMBOLIZER_MAX_INLINED 8u

struct symbolizer;

struct symbolizer_frame {
    const char *function; /* mangled as in the binary; NULL: not known here. Lives as long as the symbolizer */
    const char *file;     /* likewise */
    int line;             /* 0: unknown */
};

struct symbolizer *symbolizer_new(void);
void symbolizer_free(struct symbolizer *symbolizer);

/*
 * Looks `address` (a return address) up in the module, which is opened at its first use. Fills `frames`, innermost
 * inlined function first, and returns how many; 0 when the binary is not here, is another one, or knows nothing.
 */
size_t symbolizer_lookup(struct symbolizer *symbolizer, const struct lw_module *module, const char *path,
                         uint64_t address, struct symbolizer_frame frames[SYMBOLIZER_MAX_INLINED]);

/* Demangles C++ and old Rust names into `out`; false, with `out` untouched, when it is neither or too intricate. */
bool symbolizer_demangle(const char *name, char *out, size_t size);

#endif
