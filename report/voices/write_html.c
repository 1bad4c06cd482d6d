/* SPDX-License-Identifier: MIT */
#include "voices/write_html.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "profile/labels.h"
#include "sources/sizes.h"
#include "voices/write_text.h"
#include "web_hashes.h" /* made by the build: WEB_SCRIPT_HASH, WEB_STYLE_HASH */

#define FIRST_LINES   5u
#define CHAIN_COLUMNS 100u

extern const char web_script[], web_script_end[], web_style[], web_style_end[];

/* ---- markup ---- */

static void put(struct sink *sink, const char *markup)
{
    fputs(markup, sink->file);
}

static void put_text(struct sink *sink, const char *text)
{
    for (; *text; text++) {
        size_t plain = strcspn(text, "&<>\"'");
        fwrite(text, 1, plain, sink->file);
        text += plain;
        if (!*text)
            return;
        sink_printf(sink, "&#%d;", *text);
    }
}

/* JSON has these four only within strings, where an escape means the same: nothing in it can end the script. */
static int put_json(const char *buffer, size_t size, void *context)
{
    struct sink *sink = context;

    for (size_t i = 0; i < size; i++) {
        if (buffer[i] == '<' || buffer[i] == '>' || buffer[i] == '&' || buffer[i] == '\'')
            sink_printf(sink, "\\u%04x", buffer[i]);
        else
            putc_unlocked(buffer[i], sink->file);
    }
    return 0;
}

/* ---- the first screen ---- */

static void write_head(struct sink *sink, const struct profile *profile, const char *title)
{
    put(sink, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '" WEB_SCRIPT_HASH
              "'; style-src '" WEB_STYLE_HASH "'; base-uri 'none'; form-action 'none'\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    put_text(sink, profile->program);
    sink_printf(sink, " (%u) ", profile->identity->pid);
    put_text(sink, title);
    put(sink, " · lastwords</title>\n<style>");
    fwrite(web_style, 1, (size_t)(web_style_end - web_style), sink->file);
    put(sink, "</style>\n</head>\n");
}

static void write_bar(struct sink *sink, const struct profile *profile)
{
    time_t when = (time_t)((profile->identity->started_realtime_ns + profile->last_ns) / 1000000000);
    char host[sizeof(profile->identity->host) + 1], day[64] = "";
    char clean[4 * sizeof(host)];
    struct tm parts;

    snprintf(host, sizeof(host), "%.*s", (int)sizeof(profile->identity->host), profile->identity->host);
    sink_printable(host, strlen(host), clean, sizeof(clean));
    if (profile->identity->started_realtime_ns > 0 && gmtime_r(&when, &parts))
        strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S UTC", &parts);
    put(sink, "<div class=\"bar\"><span class=\"brand\">lastwords</span><span class=\"place\">");
    put_text(sink, clean);
    sink_printf(sink, "%s%s</span><span id=\"tools\"></span></div>\n", clean[0] && day[0] ? " · " : "", day);
}

/* The binding limit as a bar of 1000 units: what presses, what could be given back, what is left. */
static void write_meter(struct sink *sink, const struct profile *profile)
{
    if (!profile->binding || profile->binding->record.limit_bytes == 0 ||
        profile->binding->record.limit_bytes == LW_UNLIMITED)
        return;
    const struct lw_level *level = &profile->binding->record;
    double unit = 1000.0 / (double)level->limit_bytes;
    double pressing = (double)level_pressing_bytes(level) * unit;
    double reclaimable = (double)known_bytes(level->reclaimable_bytes) * unit;
    double share = (double)profile_resident_bytes(profile) * unit;

    pressing = pressing > 1000 ? 1000 : pressing;
    reclaimable = pressing + reclaimable > 1000 ? 1000 - pressing : reclaimable;
    share = share > pressing ? pressing : share;
    sink_printf(sink,
                "<svg class=\"meter\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\""
                "%.1f percent of the limit is used and cannot be given back\"><rect class=\"left\" width=\"1000\" "
                "height=\"10\"/><rect class=\"pressing\" width=\"%.1f\" height=\"10\"/><rect class=\"own\" "
                "width=\"%.1f\" height=\"10\"/><rect class=\"reclaimable\" x=\"%.1f\" width=\"%.1f\" "
                "height=\"10\"/></svg>\n",
                pressing / 10, pressing, share, pressing, reclaimable);
}

/* Rows of the first screen: the remedies on one side, all others but the cause on the other. */
struct row_filter {
    struct sink *sink;
    bool remedies;
};

static void put_row(void *context, const char *key, const char *text)
{
    const struct row_filter *filter = context;
    bool remedy = strcmp(key, "quick fix") == 0 || strcmp(key, "proper fix") == 0;

    if (remedy != filter->remedies || strcmp(key, "cause") == 0)
        return;
    sink_printf(filter->sink, "<div class=\"row\"><dt>%s</dt><dd>", key);
    put_text(filter->sink, text);
    put(filter->sink, "</dd></div>\n");
}

static void write_line(struct sink *sink, const struct line *line, uint64_t all_bytes)
{
    double share = all_bytes ? 1000.0 * (double)line->resident_bytes / (double)all_bytes : 0;

    sink_printf(sink,
                "<tr><td class=\"n\">%s</td><td class=\"n share\">%.0f %%<svg viewBox=\"0 0 1000 10\" "
                "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"%.0f\" height=\"10\"/></svg></td>"
                "<td class=\"n wide\">%s</td><td class=\"n\">%s</td><td class=\"code\">",
                size_table(line->resident_bytes).text, share / 10, share > 1000 ? 1000 : share,
                size_table(line->committed_bytes).text, size_rate(line->growth_bytes_per_s).text);
    put_text(sink, label_chain(&line->sites[0]->stack, CHAIN_COLUMNS).text);
    put(sink, "</td></tr>\n");
}

/* The same choice as on a terminal: at most five, and none below half a percent but the first. */
static void write_first_lines(struct sink *sink, const struct profile *profile)
{
    uint64_t all_bytes = profile_resident_bytes(profile);

    if (profile->line_count == 0) {
        put(sink, "<p class=\"none\">No allocation was recorded: the memory is older than the records, or the process "
                  "was too short-lived.</p>\n");
        return;
    }
    put(sink, "<table class=\"first\"><thead><tr><th class=\"n\">resident</th><th class=\"share\">share</th>"
              "<th class=\"n wide\">committed</th><th class=\"n\">growth</th><th>where</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < profile->line_count && i < FIRST_LINES; i++)
        if (i == 0 || profile->lines[i].resident_bytes >= (all_bytes / 200 ? all_bytes / 200 : 1))
            write_line(sink, &profile->lines[i], all_bytes);
    put(sink, "</tbody></table>\n");
}

static void write_first_screen(struct sink *sink, const struct story *story, const char *title)
{
    const struct profile *profile = story->profile;
    struct row_filter facts = {sink, false}, remedies = {sink, true};

    sink_printf(sink, "<header id=\"verdict\" class=\"%s\">\n", story->verdict.by_memory ? "bad" : "plain");
    write_bar(sink, profile);
    put(sink, "<h1><span class=\"command\">");
    put_text(sink, profile->command);
    sink_printf(sink, "</span> (pid %u) <strong>", profile->identity->pid);
    put_text(sink, title);
    put(sink, "</strong></h1>\n<p class=\"cause\">");
    put_text(sink, story->verdict.sentence);
    put(sink, "</p>\n");
    write_meter(sink, profile);
    put(sink, "<div class=\"answer\"><dl class=\"facts\">\n");
    text_rows(story, put_row, &facts);
    put(sink, "</dl>\n");
    if (story->advice_count > 0) {
        put(sink, "<section class=\"remedy\" aria-labelledby=\"remedy\"><h2 id=\"remedy\">What to do</h2><dl>\n");
        text_rows(story, put_row, &remedies);
        put(sink, "</dl></section>\n");
    }
    put(sink, "</div>\n");
    write_first_lines(sink, profile);
    put(sink, "</header>\n");
}

void write_html(struct sink *sink, const struct story *story)
{
    char title[200];
    json_t *data = html_data(story);

    verdict_title(story->profile, &story->verdict, title, sizeof(title));
    write_head(sink, story->profile, title);
    put(sink, "<body>\n");
    write_first_screen(sink, story, title);
    put(sink, "<noscript><p class=\"none\">The charts and tables below need scripts, which are switched off here."
              "</p></noscript>\n<main id=\"report\"></main>\n<script type=\"application/json\" id=\"data\">");
    json_dump_callback(data, put_json, sink,
                       JSON_COMPACT | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12));
    put(sink, "</script>\n<script>");
    fwrite(web_script, 1, (size_t)(web_script_end - web_script), sink->file);
    put(sink, "</script>\n</body>\n</html>\n");
    json_decref(data);
}
