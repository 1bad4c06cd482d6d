/* SPDX-License-Identifier: MIT */
/* json_parts: how a number, a text, a date and a stack look in every JSON that is written. All return new references.
 */
#ifndef LASTWORDS_REPORT_JSON_PARTS_H
#define LASTWORDS_REPORT_JSON_PARTS_H

#include <jansson.h>

#include "profile/profile.h"

/* A size or count; null for LW_UNKNOWN, LW_UNLIMITED and whatever JSON readers could not hold. */
json_t *json_number(uint64_t value);

/* Texts of a profile are valid UTF-8; one that was cut elsewhere is repaired. */
json_t *json_text(const char *value);

/* null for "" */
json_t *json_text_or_null(const char *value);

/* ISO 8601 in UTC; null for 0. */
json_t *json_date(uint64_t realtime_ns);

/* Innermost first, without remarks. */
json_t *json_stack(const struct stack *stack);

/* Adds "function", "file" and "line" of a frame, which may be NULL. */
void json_add_place(json_t *object, const struct frame *frame);

#endif
