/* SPDX-License-Identifier: MIT */
/* html_timeline: the timeline as the page takes it: columns of differences, thinned where a screen has no room. */
#ifndef LASTWORDS_REPORT_HTML_TIMELINE_H
#define LASTWORDS_REPORT_HTML_TIMELINE_H

#include <jansson.h>

#include "profile/profile.h"

/* The shape is told in web/data.js. A new reference. */
json_t *html_timeline(const struct profile *profile);

#endif
