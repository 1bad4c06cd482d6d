/* SPDX-License-Identifier: MIT */
/*
 * elf_symbols: exported symbols of the loaded modules, read in memory. Unlike dlsym it also sees libraries that were
 * loaded with RTLD_LOCAL (an embedded libpython), and it does not wait for a dlopen whose constructors run: it takes
 * only the lock of dl_iterate_phdr, which is held while a module enters or leaves the list. Watcher thread only, in
 * calm times.
 */
#ifndef LW_OBSERVE_ELF_SYMBOLS_H
#define LW_OBSERVE_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/journal.h"

/* NULL: no module exports it. size may be NULL. */
void *elf_symbol(const char *name, uint64_t *size_bytes);
/* The loaded modules that the journal does not have yet. Cheap when nothing was loaded since. */
void elf_note_modules(struct journal *journal);
/*
 * Is this address in a module that exchanges the stack under its callers (greenlet, also below gevent)? Known once the
 * module is noted. What lies beyond such a frame is not the caller's. Any thread; safe in signal handlers.
 */
bool elf_is_switcher(uint64_t address);
/* The module behind this handle of dlopen, whose code may be in stacks and which the last listing may have missed. */
void elf_note_leaving(struct journal *journal, void *handle);
/* Names for the native frames of sites that hold at least so many bytes; looks up no more than `budget` of them. */
void elf_note_symbols(struct journal *journal, uint32_t budget, uint64_t from_bytes);
void elf_forget(void); /* a new journal begins */

#endif
