/* SPDX-License-Identifier: MIT */
/*
 * write_summary: the first screen in a buffer, most important first, cut at a line so that nothing stands there half:
 * for places with a limit of their own, such as a container's termination log.
 */
#ifndef LASTWORDS_REPORT_WRITE_SUMMARY_H
#define LASTWORDS_REPORT_WRITE_SUMMARY_H

#include "voices/write_text.h"

#define SUMMARY_BYTES 4096u /* what the kubelet reads of a termination log */

/* At most SUMMARY_BYTES bytes of plain text that end in a newline, and a terminator. Returns the length. */
size_t write_summary(const struct story *story, char out[SUMMARY_BYTES + 1]);

#endif
