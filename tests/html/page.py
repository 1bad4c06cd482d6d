#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The page of `lastwords report --html` in a real browser, as TAP. usage: page.py [WORDS IN A TEST'S NAME]

Journals are real ones (a Python program and a C program under the library, ended at a limit of their own) and
synthetic ones (tests/html/compose) where thousands of sites or hostile texts are needed.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

REPO = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("TEST_BUILD", f"{REPO}/build")
COMMAND = f"{BUILD}/lastwords"
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Pages:
    """Made when first asked for."""

    def __init__(self, work):
        self.work = work

    def journal(self, name):
        made = f"{self.work}/{name}.lw"
        if os.path.exists(made):
            return made
        programs = {"python": ["/usr/bin/python3", f"{self.work}/job.py"],
                    "c": [f"{BUILD}/tests/programs/reserve_touch", "600", "200"]}
        if name in programs:
            directory = f"{self.work}/{name}.d"
            os.mkdir(directory)
            with open(f"{self.work}/job.py", "w", encoding="utf-8") as file:
                file.write(JOB)
            environment = dict(os.environ, LD_PRELOAD=f"{BUILD}/liblastwords.so",
                               LASTWORDS=f"action=abort:limit=160M:dir={directory}:activate=8M")
            subprocess.run(programs[name], env=environment, capture_output=True, check=False, cwd=self.work)
            found = glob.glob(f"{directory}/*.lw")
            assert len(found) == 1, f"{name}: {len(found)} journals"
            os.rename(found[0], made)
        else:
            run(f"{BUILD}/tests/html/compose", name, made)
        return made

    def page(self, name):
        made = f"{self.work}/{name}.html"
        if not os.path.exists(made):
            assert run(COMMAND, "report", "--html", self.journal(name)).strip() == made
        return made

    def json(self, name):
        return json.loads(run(COMMAND, "report", "--json", self.journal(name)))


JOB = """
import threading, time
kept = []
def remember(size):
    kept.append(bytearray(size))
def idle():
    time.sleep(60)
def work():
    while True:
        remember(1 << 20)
        time.sleep(0.01)
for _ in range(3):
    threading.Thread(target=idle, daemon=True).start()
work()
"""


def size_prose(size):
    def short(value, unit):
        whole = value >= 99.95 or abs(value - round(value)) < 0.05
        return f"{value:.0f} {unit}" if whole else f"{value:.1f} {unit}"
    return "0" if size == 0 else short(size / 1024, "KiB") if size < 1 << 20 else short(size / (1 << 20), "MiB")


def same(name, wanted, got):
    assert wanted == got, f"{name}: expected {wanted!r}, got {got!r}"


def rows_of(text):
    """Rows of the first screen of the text report, unwrapped."""
    rows, key = {}, None
    for line in text.splitlines()[1:]:
        match = re.match(r"^  (\S.{9}) (\S.*)$", line)
        if match and match[1].strip() not in ("full report",) and not line.startswith("   "):
            key = match[1].strip()
            rows.setdefault(key, []).append(match[2])
        elif key and re.match(r"^ {13}\S", line):
            rows[key][-1] += " " + line.strip()
        else:
            key = None
    return {key: [" ".join(value.split()) for value in values] for key, values in rows.items() if not key.startswith("full")}


@test
def the_first_screen_says_what_the_text_report_says(browser, pages):
    for name in ("etl", "leak", "calm", "sibling", "python", "c"):
        text = run(COMMAND, "report", pages.journal(name))
        browser.open(pages.page(name), scripts=False)
        same(f"{name}: title", text.splitlines()[0], "lastwords: " + browser.text("h1"))
        rows = rows_of(text)
        same(f"{name}: cause", rows.pop("cause"), [browser.text(".cause")])
        shown = {}
        for key, value in zip(browser.texts(".answer dt"), browser.texts(".answer dd")):
            shown.setdefault(key, []).append(value)
        same(f"{name}: rows", rows, shown)
        lines = [line.split("   ")[-1].strip() for line in text.splitlines() if re.match(r"^ +[\d.]+ MiB +[\d.]+ MiB ", line)]
        same(f"{name}: lines", lines, browser.texts(".first tbody td:last-child"))
        assert "switched off" in browser.text("noscript"), "no word about missing scripts"


@test
def the_answer_is_seen_without_scrolling(browser, pages):
    for name in ("etl", "python", "c"):
        browser.open(pages.page(name), width=1280, height=720)
        for selector in ("h1", ".cause", ".facts", ".remedy", ".first"):
            bottom = browser.js("return document.querySelector(arguments[0]).getBoundingClientRect().bottom", selector)
            assert 0 < bottom <= 720, f"{name}: {selector} ends at {bottom}"


@test
def nothing_is_loaded_and_the_policy_forbids_it(browser, pages):
    browser.open(pages.page("etl"))
    policy = browser.js("return document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy, policy
    got = browser.driver.execute_async_script("""
        const done = arguments[0], image = new Image();
        image.onload = () => done('loaded');
        image.onerror = () => fetch('http://192.0.2.1/').then(() => done('fetched'), () => done('refused'));
        image.src = 'http://192.0.2.1/x.png';""")
    same("an image and a fetch", "refused", got)
    assert all("Content Security Policy" in line for line in browser.complaints()), "refused by something else"
    same("addresses that left the page", [], [url for url in browser.requests() if not url.startswith(("file:", "http://192.0.2.1"))])


@test
def hostile_texts_stay_texts(browser, pages):
    browser.open(pages.page("hostile"))
    for tab in ("lines", "sites"):
        browser.one(f"#tab-{tab}").click()
        browser.one(f"#{tab}-grid .grid-body .grid-row").click()
    browser.at("canvas.flame", 40, 52).click().perform()
    browser.at("svg.timeline", 300, 100).perform()
    same("elements from texts", 0, browser.js("""return document.querySelectorAll(
        'img, iframe, object, embed, link, base, form, b > b, [onerror], [onload], [onfocus], [autofocus], i:not(:empty):not([aria-hidden])').length"""))
    same("scripts and styles", [2, 1], browser.js("return [document.scripts.length, document.querySelectorAll('style').length]"))
    assert "</script><img src=x onerror=alert(1)>" in browser.text("h1")
    for selector in ("#events", "#sensed", "#run"):
        assert "</script><img src=x onerror=alert(1)>" in browser.text(selector), selector
    assert "<img src=x onerror=alert(4)>" in browser.text("#limits")
    assert "<!--<script>" in browser.text("#sites-detail")
    assert "</title><script>" in browser.driver.title
    assert "\x1b" not in browser.text("body") and "\u2028" not in browser.text("body")
    with open(pages.page("hostile"), encoding="utf-8") as file:
        page = file.read()
    same("ends of scripts", 2, len(re.findall(r"</script", page, re.I)))
    same("comments and separators", 0, len(re.findall("<!--|\u2028|\u2029", page)))


@test
def the_metrics_of_the_flame_graph_have_the_totals_of_the_report(browser, pages):
    for name in ("etl", "c"):
        report = pages.json(name)
        browser.open(pages.page(name))
        sums = {"resident": "resident_bytes", "committed": "committed_bytes", "peak": "peak_resident_bytes"}
        wanted = {key: size_prose(sum(site[column] for site in report["sites"])) for key, column in sums.items()}
        wanted["touched"] = size_prose(sum(touch["bytes"] for site in report["sites"] for touch in site["touched_by"]))
        seen = set()
        for key, size in wanted.items():
            browser.js("document.querySelector(`input[value=${arguments[0]}]`).click()", key)
            words = browser.text("#flame-total")
            assert words.endswith(" " + size), f"{name}: {key} is {words!r}, expected {size}"
            seen.add(words)
        same("different totals", 4, len(seen))
        browser.js("document.querySelector('input[value=growth]').click()")
        assert browser.text("#flame-total").endswith("/s"), browser.text("#flame-total")
    assert size_prose(0) != wanted["touched"], "the program that touches elsewhere has no touches"


@test
def flame_search_reports_its_share(browser, pages):
    browser.open(pages.page("etl"))
    report = pages.json("etl")
    whole = sum(site["resident_bytes"] for site in report["sites"])
    part = sum(site["resident_bytes"] for site in report["sites"] if any("read_csv" in (f["function"] or "") for f in site["stack"]))
    browser.fill("#flame-search", "READ_csv")
    same("matches", f"1 frame · {100 * part / whole:.1f} % of all, {size_prose(part)}", browser.text("#flame-matches"))
    browser.fill("#flame-search", "no such frame")
    assert browser.text("#flame-matches").startswith("0 frames · 0.0 %"), browser.text("#flame-matches")
    browser.one("#flame-search").send_keys("\ue00c")
    same("after Escape", ["", ""], [browser.text("#flame-matches"), browser.js("return document.getElementById('flame-search').value")])


@test
def a_click_zooms_the_flame_graph_and_escape_resets_it(browser, pages):
    browser.open(pages.page("etl"))
    assert not browser.one("#flame-reset").is_displayed()
    browser.at("canvas.flame", 60, 52).perform()
    hovered = browser.text("#flame-frame")
    assert "transform.py:6 load" in hovered and "of all" in hovered, hovered
    browser.at("canvas.flame", 60, 52).click().perform()
    assert browser.one("#flame-reset").is_displayed()
    assert "transform.py:6 load" in browser.text("#flame-frame")
    browser.at("canvas.flame", 1100, 73).perform()
    assert "read_csv" in browser.text("#flame-frame"), "not the whole width: " + browser.text("#flame-frame")
    browser.keys("\ue00c")
    assert not browser.one("#flame-reset").is_displayed()
    browser.at("canvas.flame", 1100, 52).perform()
    assert "enrich" in browser.text("#flame-frame"), browser.text("#flame-frame")


@test
def the_flame_graph_walks_by_keyboard(browser, pages):
    browser.open(pages.page("etl"))
    browser.js("document.querySelector('canvas.flame').focus()")
    frames = []
    for key in ("\ue015", "\ue015", "\ue014", "\ue012", "\ue013", "\ue015", "\ue015"):
        browser.keys(key)
        frames.append(browser.text("#flame-frame strong"))
    wanted = ["transform.py:11 <module>", "transform.py:6 load", "transform.py:8 enrich", "transform.py:6 load",
              "transform.py:11 <module>", "transform.py:6 load", "pandas/io/parsers/readers.py:912 read_csv"]
    same("frames", wanted, frames)
    browser.keys("\ue007")
    assert browser.one("#flame-reset").is_displayed()
    browser.keys("\ue00c")
    assert not browser.one("#flame-reset").is_displayed()


@test
def run_time_frames_are_folded_until_asked_for(browser, pages):
    browser.open(pages.page("python"))
    few = browser.js("return +document.querySelector('canvas.flame').style.height.slice(0, -2)")
    browser.one("#flame-every").click()
    many = browser.js("return +document.querySelector('canvas.flame').style.height.slice(0, -2)")
    assert many > few + 60, (few, many)


@test
def tables_sort_filter_and_open(browser, pages):
    browser.open(pages.page("large"))
    report = pages.json("large")
    browser.one("#tab-sites").click()
    same("count", f"10,000 sites", browser.text("#sites-count").split(" ·")[0])
    first = "#sites-grid .grid-body .grid-row:first-child"
    columns = {"resident": "resident_bytes", "committed": "committed_bytes", "peak": "peak_resident_bytes", "live": "live_allocations"}
    for key, column in columns.items():
        values = sorted(site[column] for site in report["sites"])
        shown = (lambda n: f"{n:,}") if key == "live" else (lambda n: f"{n / (1 << 20):.1f} MiB")
        state = f"#sites-grid .c-{key}[role=columnheader]"
        for _ in range(2):
            browser.one(f"{state} button").click()
            order = browser.js("return document.querySelector(arguments[0]).getAttribute('aria-sort')", state)
            same(f"{key} {order}", shown(values[-1 if order == "descending" else 0]), browser.text(f"{first} .c-{key}"))
    browser.one("#sites-grid .c-resident[role=columnheader] button").click()
    browser.fill("#sites-filter", "Stage89.transform_2514")
    wanted = sum(any("Stage89.transform_2514" == f["function"] for f in site["stack"]) for site in report["sites"])
    same("filtered", str(wanted), browser.text("#sites-count").split(" of ")[0])
    browser.one(first).click()
    assert "Stage89.transform_2514" in browser.text("#sites-detail .stack"), browser.text("#sites-detail")
    browser.one("#sites-detail button").click()
    assert browser.one("#flame-reset").is_displayed(), "the site is not shown in the flame graph"


@test
def ten_thousand_sites_are_a_handful_of_elements(browser, pages):
    browser.open(pages.page("large"))
    browser.one("#tab-sites").click()
    report = pages.json("large")
    rows = browser.js("return document.querySelectorAll('#sites-grid .grid-body .grid-row').length")
    assert 14 <= rows <= 40, rows
    browser.js("document.querySelector('#sites-grid').focus()")
    browser.keys("\ue010")
    browser.until("return document.querySelector('#sites-grid .active') !== null")
    same("last row", f'{min(site["resident_bytes"] for site in report["sites"]) / (1 << 20):.1f} MiB',
         browser.text("#sites-grid .active .c-resident"))
    same("number of the row", "10001", browser.js("return document.querySelector('#sites-grid .active').getAttribute('aria-rowindex')"))
    boxes = int(browser.js("return document.querySelector('canvas.flame').dataset.boxes"))
    assert 100 < boxes < 6000, boxes
    elements = browser.js("return document.querySelectorAll('*').length")
    assert elements < 3000, elements


@test
def lines_are_those_of_the_report(browser, pages):
    for name in ("etl", "python", "c"):
        report = pages.json(name)
        browser.open(pages.page(name))
        shown = browser.texts("#lines-grid .grid-body .c-resident")
        same(f"{name}: resident", [f'{line["resident_bytes"] / (1 << 20):.1f} MiB' for line in report["lines"]][:len(shown)], shown)
        chain = browser.text("#lines-grid .grid-body .grid-row:first-child .c-where")
        assert chain.startswith(browser.text(".first tbody td:last-child").split(" → …")[0]), chain


@test
def tables_by_keyboard(browser, pages):
    browser.open(pages.page("etl"))
    browser.js("document.querySelector('#lines-grid').focus()")
    browser.keys("\ue015", "\ue015")
    assert "enrich" in browser.text("#lines-grid .active")
    browser.keys("\ue007")
    assert "enrich" in browser.text("#lines-detail h3") and browser.one("#lines-detail").is_displayed()
    browser.keys("\ue00c")
    assert not browser.one("#lines-detail").is_displayed()
    browser.js("document.querySelector('#tab-lines').focus()")
    browser.keys("\ue014")
    assert browser.one("#panel-sites").is_displayed() and not browser.one("#panel-lines").is_displayed()


def span(browser):
    return browser.js("const d = document.querySelector('svg.timeline').dataset; return d.from ? [+d.from, +d.to] : null")


@test
def a_drag_zooms_the_timeline(browser, pages):
    browser.open(pages.page("etl"))
    browser.at("svg.timeline", 400, 120).click_and_hold().move_by_offset(300, 0).release().perform()
    first, last = span(browser)
    assert 1000 < first < 2500 and first + 500 < last < 4500, (first, last)
    assert browser.one("#timeline-reset").is_displayed()
    browser.at("svg.timeline", 300, 120).double_click().perform()
    assert not browser.one("#timeline-reset").is_displayed()
    browser.at("svg.timeline", 400, 120).click_and_hold().move_by_offset(200, 0).release().perform()
    assert browser.one("#timeline-reset").is_displayed()
    browser.keys("\ue00c")
    assert not browser.one("#timeline-reset").is_displayed(), "Escape"


@test
def the_cursor_reads_the_timeline(browser, pages):
    browser.open(pages.page("etl"))
    ticks = pages.json("etl")["timeline"]
    browser.js("document.querySelector('svg.timeline').focus()")
    browser.keys("\ue011")
    same("first moment", "at 0.200 s, calm", browser.text(".moment"))
    browser.keys("\ue014")
    same("resident of the second", size_prose(ticks[1]["rss_bytes"]), browser.text(".series.resident output"))
    browser.keys("+")
    assert browser.one("#timeline-reset").is_displayed()
    browser.keys("\ue00c")
    assert not browser.one("#timeline-reset").is_displayed()
    browser.at("svg.timeline", 640, 120).perform()
    middle = browser.text(".moment")
    assert re.match(r"at [12]\.\d+ s", middle), middle
    for key in ("limit", "used", "resident", "committed", "headroom"):
        assert browser.text(f".series.{key} output").endswith("iB"), key


@test
def series_can_be_hidden_and_pressure_is_drawn(browser, pages):
    browser.open(pages.page("large"))
    for key in ("limit", "used", "reclaimable", "resident", "committed", "some", "full"):
        assert browser.all(f"svg.timeline path.{key}"), key
    assert not browser.all("svg.timeline path.headroom")
    browser.one("button.series.headroom").click()
    assert browser.all("svg.timeline path.headroom")
    browser.one("button.series.committed").click()
    assert not browser.all("svg.timeline path.committed")
    assert browser.all("svg.timeline rect.stage.warn"), "no stage"
    points = browser.js("return document.querySelector('svg.timeline path.resident').getAttribute('d').split('L').length")
    assert 500 < points < 6000, points


@test
def a_real_run_shows_its_stages_threads_and_events(browser, pages):
    report = pages.json("python")
    browser.open(pages.page("python"))
    marks = browser.texts("svg.timeline text.label")
    assert "margin" in marks or "action" in marks, marks
    assert browser.all("svg.timeline line.mark.margin")
    same("threads", len(report["threads"]), browser.js("return document.querySelectorAll('.threads details').length"))
    for details in browser.all(".threads details:not([open]) > summary"):
        details.click()
    kinds = set(browser.texts(".threads .stack .kind"))
    same("kinds of frames", {"C", "Py"}, kinds & {"C", "Py"})
    stacks = browser.text(".threads")
    assert "work" in stacks, stacks
    same("events", [event["text"] for event in report["events"]], browser.texts("#events td:last-child"))
    missing = sum(not item["available"] for item in report["capabilities"].values())
    same("missing", missing, len(browser.all("#sensed .missing")))
    same("sensed", len(report["capabilities"]), len(browser.all(".sensed li")))
    same("levels", len(report["limit"]["levels"]), len(browser.all("#limits tbody tr")))
    same("binding levels", 1, len(browser.all("#limits tbody tr.binding")))
    parts = sum(1 for part in report["other"] if part["resident_bytes"]) + 1
    same("parts of memory", parts, len(browser.all(".parts li")))


@test
def many_threads_come_in_portions(browser, pages):
    browser.open(pages.page("large"))
    same("at first", 12, len(browser.all(".threads details")))
    browser.one("#threads button").click()
    same("then", 112, len(browser.all(".threads details")))


@test
def light_and_dark(browser, pages):
    ground = "return getComputedStyle(document.documentElement).backgroundColor"
    pixel = "const c = document.querySelector('canvas.flame'); return [...c.getContext('2d').getImageData(300, 30, 1, 1).data]"
    browser.open(pages.page("etl"), scheme="light")
    light, light_pixel = browser.js(ground), browser.js(pixel)
    browser.one("#theme").click()
    dark, dark_pixel = browser.js(ground), browser.js(pixel)
    assert light != dark and light_pixel != dark_pixel, (light, dark, light_pixel, dark_pixel)
    browser.open(pages.page("etl"), scheme="dark")
    same("by the system", dark, browser.js(ground))
    browser.one("#theme").click()
    same("against the system", light, browser.js(ground))


CONTRAST = """
const rgb = text => { const m = text.match(/[\\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m; };
const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('script, noscript, .unseen, [hidden]') || e.getBoundingClientRect().width === 0) continue;
    const style = getComputedStyle(e), ink = rgb(e instanceof SVGElement ? style.fill : style.color);
    let ground = null, at = e, alpha = 1;
    for (; at && !ground; at = at.parentElement) { ground = at instanceof SVGElement ? null : rgb(getComputedStyle(at).backgroundColor); }
    for (let up = e; up; up = up.parentElement) alpha *= Number(getComputedStyle(up).opacity);
    ground = (ground || rgb(getComputedStyle(document.documentElement).backgroundColor)).slice(0, 3);
    const seen = ink.slice(0, 3).map((v, i) => v * alpha + ground[i] * (1 - alpha));
    const [a, b] = [light(seen), light(ground)].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(`${e.tagName} ${e.className.baseVal ?? e.className} ${((a + 0.05) / (b + 0.05)).toFixed(2)} ${e.textContent.slice(0, 30)}`);
}
return [...new Set(bad)];
"""


@test
def texts_have_enough_contrast(browser, pages):
    for scheme in ("light", "dark"):
        for name in ("etl", "python", "calm"):
            browser.open(pages.page(name), scheme=scheme)
            browser.fill("#flame-search", "load")
            browser.js("document.querySelector('#lines-grid .grid-body .grid-row').click()")
            same(f"{name} in {scheme}: too weak", [], browser.js(CONTRAST))
        inks = browser.js("""const s = getComputedStyle(document.documentElement), g = n => s.getPropertyValue('--flame-' + n).trim();
            const l = c => { const {r, g, b} = d3.rgb(c); const f = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
            const c = (a, b) => { const [x, y] = [l(a), l(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
            return [...['all', 'user', 'library', 'native', 'runtime'].map(n => c(g(n), g('ink'))), c(g('found'), g('ink-found'))];""")
        assert min(inks) >= 4.5, f"flame graph in {scheme}: {inks}"


@test
def phones_do_not_scroll_sideways(browser, pages):
    for width in (320, 360, 400, 768):
        for name in ("etl", "python", "large", "hostile"):
            browser.open(pages.page(name), width=width, height=740)
            browser.js("for (const d of document.querySelectorAll('details')) d.open = true")
            for grid in ("lines", "sites"):
                browser.js("document.getElementById(`tab-${arguments[0]}`).click(); document.querySelector(`#${arguments[0]}-grid .grid-body .grid-row`).click()", grid)
            wide = browser.js("return document.documentElement.scrollWidth")
            assert wide <= width, f"{name} at {width}: {wide} wide"
            canvas = browser.js("return document.querySelector('canvas.flame').getBoundingClientRect().width")
            assert 0 < canvas <= width, canvas


@test
def the_whole_page_can_be_walked_with_the_tab_key(browser, pages):
    browser.open(pages.page("etl"))
    browser.js("document.activeElement.blur(); scrollTo(0, 0)")
    walked, invisible = [], []
    for _ in range(120):
        browser.keys("\ue004")
        found = browser.js("""const e = document.activeElement;
            if (!e || e === document.body) return null;
            const shown = e.matches('[type=radio]') ? e.nextElementSibling : e, style = getComputedStyle(shown);
            return [e.id || e.className.baseVal || e.className || e.tagName + ' ' + e.textContent.slice(0, 20),
                style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1,
                e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent || e.getAttribute('aria-labelledby') || ''];""")
        if found is None:
            break
        walked.append(found[0])
        if not found[1] or not found[2]:
            invisible.append(found)
    same("without a visible focus or a name", [], invisible)
    wanted = ["theme", "timeline", "flame-search", "flame-every", "flame", "tab-lines", "lines-filter", "lines-grid"]
    places = [walked.index(name) for name in wanted]
    same("order", sorted(places), places)


@test
def roles_and_names(browser, pages):
    browser.open(pages.page("etl"))
    nameless = browser.js("""return [...document.querySelectorAll('button, input, section, [role=grid], [role=img], [role=application]')]
        .filter(e => !e.closest('[hidden]') && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length ||
            document.getElementById(e.getAttribute('aria-labelledby')))).map(e => e.outerHTML.slice(0, 80))""")
    same("nameless", [], nameless)
    ids = browser.js("const all = [...document.querySelectorAll('[id]')].map(e => e.id); return all.filter((id, i) => all.indexOf(id) !== i)")
    same("ids that are there twice", [], ids)
    lost = browser.js("""return [...document.querySelectorAll('nav a')].map(a => a.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))""")
    same("links that lead nowhere", [], lost)
    same("headings of the first level", 1, len(browser.all("h1")))


@test
def empty_journals_make_a_page(browser, pages):
    for name in ("calm", "sibling", "leak"):
        browser.open(pages.page(name))
        assert browser.text(".cause")
        same(name, 9, len(browser.all("main > section")))


def main():
    number = failed = 0
    if not shutil.which("chromedriver"):
        print("1..1\nok 1 html: pages in a browser # skip this distribution has no Chromium package")
        return 0
    from browser import Browser
    work = tempfile.mkdtemp(prefix="lastwords-html.")
    browser = Browser()
    pages = Pages(work)
    try:
        for function in TESTS:
            name = function.__name__.replace("_", " ")
            if len(sys.argv) > 1 and sys.argv[1] not in name:
                continue
            number += 1
            try:
                function(browser, pages)
                if "policy" not in name:
                    same("the console", [], browser.complaints())
                    same("requests", [], [url for url in browser.requests() if not url.startswith(("file://" + work, "about:", "data:,"))])
                print(f"ok {number} html: {name}", flush=True)
            except Exception as error:  # the next tests can still tell something
                failed += 1
                told = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
                print(f"not ok {number} html: {name}")
                print("\n".join(f"# {line[:3000]}" for line in told.splitlines()), flush=True)
    finally:
        browser.quit()
        shutil.rmtree(work)
    print(f"1..{number}")
    return 1 if failed or not number else 0


if __name__ == "__main__":
    sys.exit(main())
