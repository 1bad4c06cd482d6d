/* SPDX-License-Identifier: MIT */
/*
 * web_tables: texts, frames and stacks of a report as tables without repetition, for the page that write_html makes.
 *
 * Ten thousand stacks share most of their frames: a stack becomes one node of a tree, a node one frame and its caller.
 * Nothing fails but for room: a hostile journal could hold more than a page should carry.
 */
#ifndef LASTWORDS_REPORT_WEB_TABLES_H
#define LASTWORDS_REPORT_WEB_TABLES_H

#include <jansson.h>

#include "profile/profile.h"

#define WEB_NO_ROOM   UINT32_MAX
#define WEB_MAX_NODES 150000u /* a writer has 65536 */

struct web_tables;

struct web_tables *web_tables_new(void);
void web_tables_free(struct web_tables *tables);

/* Index of a text; cut when it is longer than anybody reads. 0 is "". */
uint32_t web_text(struct web_tables *tables, const char *text);

uint32_t web_frame(struct web_tables *tables, const struct frame *frame);

/* The node of the innermost frame; 0 for an empty stack; WEB_NO_ROOM: the stack is not there, or only in part. */
uint32_t web_stack(struct web_tables *tables, const struct stack *stack);

/* Adds "strings", "frames" and "nodes" to `root`; the shape is told in web/data.js, which reads it. */
void web_tables_json(const struct web_tables *tables, json_t *root);

#endif
