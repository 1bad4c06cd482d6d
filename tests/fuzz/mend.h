/* SPDX-License-Identifier: MIT */
/* mend: sums up the state slots of a damaged journal anew, so that a reader goes on to what lies behind the checksum. */
#ifndef LASTWORDS_TESTS_MEND_H
#define LASTWORDS_TESTS_MEND_H

#include <stddef.h>
#include <stdint.h>

void mend_state(uint8_t *bytes, size_t size); /* any bytes: nothing is done where no state can be found */

#endif
