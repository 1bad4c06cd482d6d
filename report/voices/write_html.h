/* SPDX-License-Identifier: MIT */
/*
 * write_html: the post-mortem as one page that stands alone: no file beside it, no network, ever. The first screen is
 * plain markup, readable without scripts; the rest is drawn from a block of data by the sources in web/, which the
 * build puts into the command. Write errors stay in the sink.
 *
 * Journals are hostile: no text of one becomes markup (escaped here, text nodes there), and the page's own policy
 * allows exactly its own script and style, by their hashes.
 */
#ifndef LASTWORDS_REPORT_WRITE_HTML_H
#define LASTWORDS_REPORT_WRITE_HTML_H

#include <jansson.h>

#include "judgement/story.h"
#include "sources/sink.h"

void write_html(struct sink *sink, const struct story *story);

/* What the page draws; the shape is told in web/data.js. A new reference. */
json_t *html_data(const struct story *story);

#endif
