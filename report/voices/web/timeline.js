// SPDX-License-Identifier: MIT
// timeline: memory against its limit over the whole run, with pressure and the stages of the ladder below.
//
// Drag zooms, a double click or Escape shows the whole run again. The legend is the read-out: it shows the values at
// the cursor, or at the last sample.
const TIMELINE = { left: 62, right: 10, top: 40, height: 210, stage: 9, pressure: 44, axis: 22, gap: 10 };
const STAGES = ['calm', 'warn', 'relief', 'margin', 'action'];

function timelineView(data) {
    const { ticks } = data;
    const first = ticks.count > 0 ? Math.min(ticks.t[0], data.moments.activated ?? Infinity) : 0;
    const last = ticks.count > 0 ? Math.max(ticks.t[ticks.count - 1], first + 1) : 1;
    const whole = [first, last + (last - first) * 0.005];
    const sensed = ticks.some.some(known), pressure = ticks.some.some(value => value > 0);
    const series = [
        { key: 'limit', name: 'limit' }, { key: 'used', name: 'used' }, { key: 'reclaimable', name: 'reclaimable' },
        { key: 'resident', name: 'resident' }, { key: 'committed', name: 'committed' },
        { key: 'headroom', name: 'headroom', off: true },
    ].filter(({ key }) => ticks[key].some(value => known(value) && value > 0));
    const marks = timelineMarks(data);
    let domain = whole, cursor = null, drag = null, width = 0, x = null;

    const svg = s('svg.timeline', { tabindex: 0, role: 'application', 'aria-roledescription': 'chart',
        'aria-label': 'Timeline. Left and right move the cursor, plus and minus zoom, Escape shows the whole run.' });
    const reset = h('button.quiet', { type: 'button', hidden: true, id: 'timeline-reset', onclick: () => zoom(whole) },
        'whole run');
    const moment = h('output.moment', { 'aria-live': 'polite' });
    const near = h('p.near');
    const legend = h('div.legend', { role: 'group', 'aria-label': 'series; values at the cursor' });
    for (const one of series) {
        one.output = h('output');
        one.button = h(`button.series.${one.key}`, { type: 'button', 'aria-pressed': String(!one.off),
            onclick: () => { one.off = !one.off; one.button.setAttribute('aria-pressed', String(!one.off)); draw(); } },
            h('i', { 'aria-hidden': 'true' }), h('span', {}, one.name), one.output);
        legend.append(one.button);
    }
    const some = h('output'), full = h('output');
    if (sensed)
        legend.append(h('span.series.some', {}, h('i'), h('span', {}, 'some'), some),
            h('span.series.full', {}, h('i'), h('span', {}, 'full'), full));

    // The largest value worth showing: reservations and far limits may leave the picture, the memory in use may not.
    function top(from, to) {
        let use = 0, limit = 0, committed = 0, headroom = 0;
        for (let i = from; i <= to; i++) {
            use = Math.max(use, ticks.used[i] || 0, ticks.resident[i] || 0);
            limit = Math.max(limit, ticks.limit[i] || 0);
            committed = Math.max(committed, ticks.committed[i] || 0);
            headroom = Math.max(headroom, ticks.headroom[i] || 0);
        }
        const on = Object.fromEntries(series.map(one => [one.key, !one.off]));
        if (!on.used && !on.resident && !on.limit && on.committed)
            return committed || 1;
        use = use || Math.min(limit, committed) || 1;
        return Math.max(use, on.limit && limit < 4 * use ? limit : 0, on.committed ? Math.min(committed, 1.5 * use) : 0,
            on.headroom ? Math.min(headroom, 2 * use) : 0) * 1.04;
    }

    // First, least, largest and last sample of each screen column: as many points as can be seen, none lost.
    function thin(values, from, to) {
        if (to - from < 2 * width)
            return d3.range(from, to + 1);
        const kept = [];
        for (let i = from; i <= to;) {
            const column = Math.floor(x(ticks.t[i])), until = x.invert(column + 1);
            let least = i, most = i, end = i + 1;
            for (; end <= to && ticks.t[end] < until; end++) {
                if (values[end] < values[least]) least = end;
                if (values[end] > values[most]) most = end;
            }
            kept.push(i, Math.min(least, most), Math.max(least, most), end - 1);
            i = end;
        }
        return kept;
    }

    function draw() {
        if (width === 0)
            return;
        const T = TIMELINE, bottom = T.top + T.height, stageAt = bottom + 4;
        const pressureAt = stageAt + T.stage + T.gap, end = pressure ? pressureAt + T.pressure : stageAt + T.stage;
        x = d3.scaleLinear(domain, [T.left, width - T.right]);
        const bisect = d3.bisector(d => d).left;
        const from = Math.max(0, bisect(ticks.t, domain[0]) - 1);
        const to = Math.min(ticks.count - 1, bisect(ticks.t, domain[1]) + 1);
        const most = top(from, to), y = d3.scaleLinear([0, most], [bottom, T.top]);
        svg.setAttribute('viewBox', `0 0 ${width} ${end + T.axis}`);
        svg.setAttribute('height', end + T.axis);
        svg.replaceChildren(s('clipPath', { id: 'plot' },
            s('rect', { x: T.left, y: T.top - 1, width: Math.max(0, width - T.left - T.right), height: end - T.top + 2 })));

        const unit = most > 4 * GIB ? GIB : most > 4 * MIB ? MIB : KIB;
        const name = unit === GIB ? 'GiB' : unit === MIB ? 'MiB' : 'KiB';
        for (const value of d3.ticks(0, most / unit, 5))
            svg.append(s('line.rule', { x1: T.left, x2: width - T.right, y1: y(value * unit), y2: y(value * unit) }),
                s('text.tick.end', { x: T.left - 8, y: y(value * unit) + 4 }, `${countText(value)} ${value ? name : ''}`));
        timeAxis(end);

        const plot = s('g', { 'clip-path': 'url(#plot)' });
        const shapes = {
            used: () => s('path.used', { d: area(ticks.used, () => y(0), i => y(ticks.used[i])) }),
            reclaimable: () => s('path.reclaimable', { d: area(ticks.reclaimable,
                i => y(Math.max(0, ticks.used[i] - ticks.reclaimable[i])), i => y(ticks.used[i])) }),
        };
        const area = (values, low, high) => d3.area().defined(i => known(values[i])).x(i => x(ticks.t[i])).y0(low).y1(high)(
            thin(values, from, to));
        for (const key of ['used', 'reclaimable', 'committed', 'headroom', 'resident', 'limit']) {
            const one = series.find(item => item.key === key);
            if (one && !one.off)
                plot.append(shapes[key] ? shapes[key]() : s(`path.line.${key}`, { d: d3.line().curve(
                    key === 'limit' ? d3.curveStepAfter : d3.curveLinear).defined(i => known(ticks[key][i]))
                    .x(i => x(ticks.t[i])).y(i => Math.max(-9, y(ticks[key][i])))(thin(ticks[key], from, to)) }));
        }
        drawStages(plot, stageAt, from, to);
        if (pressure)
            drawPressure(plot, pressureAt, from, to);
        svg.append(plot);
        drawMarks(end);
        svg.append(s('rect.brush', { y: T.top, height: end - T.top, hidden: '' }),
            s('line.cursor', { y1: T.top, y2: end }));
        drawCursor();
    }

    // Steps of a clock from a second on, decimal ones below.
    function timeStep(span) {
        const least = span / Math.max(2, width / 110);
        const clock = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
        const day = 86400000;
        return least < 1000 ? d3.tickStep(0, span, Math.max(2, width / 110)) :
            (clock.find(seconds => seconds * 1000 >= least) || Math.ceil(least / day) * 86400) * 1000;
    }

    function timeAxis(end) {
        const step = timeStep(domain[1] - domain[0]);
        for (let t = Math.ceil(domain[0] / step) * step; t <= domain[1]; t += step)
            svg.append(s('line.rule.faint', { x1: x(t), x2: x(t), y1: TIMELINE.top, y2: end }),
                x(t) > width - 30 ? '' : s('text.tick.middle', { x: x(t), y: end + 15 }, timeText(t, step)));
    }

    function drawStages(plot, at, from, to) {
        for (let i = from, next; i <= to; i = next) {
            for (next = i + 1; next <= to && ticks.stage[next] === ticks.stage[i];)
                next++;
            const start = x(ticks.t[i]), stop = x(ticks.t[Math.min(next, to)]);
            plot.append(s(`rect.stage.${STAGES[ticks.stage[i]] || 'calm'}`,
                { x: start, y: at, width: Math.max(2, stop - start), height: TIMELINE.stage }));
        }
        svg.append(s('text.tick.end', { x: TIMELINE.left - 8, y: at + 9 }, 'stage'));
    }

    function drawPressure(plot, at, from, to) {
        const most = Math.max(10, d3.max(ticks.some.subarray(from, to + 1)) || 0);
        const y = d3.scaleLinear([0, most], [at + TIMELINE.pressure, at]);
        for (const key of ['some', 'full'])
            plot.append(s(`path.${key}`, { d: d3.area().defined(i => known(ticks[key][i])).x(i => x(ticks.t[i])).y0(y(0))
                .y1(i => y(ticks[key][i]))(thin(ticks[key], from, to)) }));
        svg.append(s('line.rule', { x1: TIMELINE.left, x2: width - TIMELINE.right, y1: y(0), y2: y(0) }),
            s('text.tick.end', { x: TIMELINE.left - 8, y: at + 10 }, `${Math.round(most)} %`),
            s('text.tick.end', { x: TIMELINE.left - 8, y: at + 24 }, 'pressure'));
    }

    // Labels that would write over each other go to another lane; in the last lane one that finds no room is left to
    // the cursor, which reads all marks.
    function drawMarks(end) {
        const lanes = [0, 0, 0].map(() => -Infinity);
        for (const mark of marks.filter(one => one.t >= domain[0] && one.t <= domain[1])) {
            const at = x(mark.t), wide = 6.4 * mark.label.length + 8, start = Math.min(at + 3, width - wide);
            const lane = lanes.findIndex(stop => start >= stop);
            svg.append(s(`line.mark.${mark.key}`, { x1: at, x2: at, y1: lane < 0 ? TIMELINE.top : TIMELINE.top - 2 - 12 * lane, y2: end }));
            if (lane < 0)
                continue;
            lanes[lane] = start + wide;
            svg.append(s('text.label', { x: start, y: TIMELINE.top - 4 - 12 * lane }, mark.label));
        }
    }

    function drawCursor() {
        const i = cursor ?? ticks.count - 1;
        const line = svg.querySelector('.cursor');
        moment.textContent = ticks.count === 0 ? '' :
            `${cursor === null ? 'at the end, ' : 'at '}${timeText(ticks.t[i], 1)}, ${STAGES[ticks.stage[i]] || 'unknown'}`;
        for (const one of series)
            one.output.textContent = sizeProse(ticks[one.key][i]);
        some.textContent = known(ticks.some[i]) ? `${ticks.some[i].toFixed(1)} %` : '–';
        full.textContent = known(ticks.full[i]) ? `${ticks.full[i].toFixed(1)} %` : '–';
        const close = cursor === null || !x ? [] : marks.filter(mark => Math.abs(x(mark.t) - x(ticks.t[i])) < 8);
        near.textContent = close.slice(-3).map(mark => `${timeText(mark.t, 1)} ${mark.text}`).join('   ');
        if (!line || !x)
            return;
        line.setAttribute('visibility', cursor === null ? 'hidden' : 'visible');
        line.setAttribute('x1', x(ticks.t[i]));
        line.setAttribute('x2', x(ticks.t[i]));
    }

    function zoom(next) {
        const span = Math.max(next[1] - next[0], 1);
        domain = [Math.max(whole[0], next[0]), Math.min(whole[1], next[0] + span)];
        reset.hidden = domain[0] <= whole[0] && domain[1] >= whole[1];
        svg.dataset.from = domain[0];
        svg.dataset.to = domain[1];
        draw();
    }

    const timeAt = event => x.invert(Math.max(TIMELINE.left,
        Math.min(width - TIMELINE.right, event.clientX - svg.getBoundingClientRect().left)));
    const sampleAt = t => {
        const i = d3.bisector(d => d).left(ticks.t, t);
        return i > 0 && (i === ticks.count || t - ticks.t[i - 1] < ticks.t[i] - t) ? i - 1 : i;
    };

    svg.addEventListener('pointerdown', event => {
        if (event.button === 0 && x && ticks.count > 0) {
            drag = timeAt(event);
            svg.setPointerCapture(event.pointerId);
        }
    });
    svg.addEventListener('pointermove', event => {
        if (!x || ticks.count === 0)
            return;
        cursor = sampleAt(timeAt(event));
        const brush = svg.querySelector('.brush');
        if (drag !== null && brush) {
            const [a, b] = d3.extent([drag, timeAt(event)]);
            brush.removeAttribute('hidden');
            brush.setAttribute('x', x(a));
            brush.setAttribute('width', x(b) - x(a));
        }
        drawCursor();
    });
    svg.addEventListener('pointerup', event => {
        const [a, b] = d3.extent([drag ?? 0, drag === null ? 0 : timeAt(event)]);
        drag = null;
        svg.querySelector('.brush')?.setAttribute('hidden', '');
        if (x && x(b) - x(a) > 4)
            zoom([a, b]);
    });
    svg.addEventListener('pointercancel', () => { drag = null; draw(); });
    svg.addEventListener('pointerleave', () => { if (drag === null) { cursor = null; drawCursor(); } });
    svg.addEventListener('dblclick', () => zoom(whole));
    svg.addEventListener('blur', () => { cursor = null; drawCursor(); });
    svg.addEventListener('keydown', event => {
        const at = cursor ?? ticks.count - 1, far = event.shiftKey ? 10 : 1, half = (domain[1] - domain[0]) / 4;
        const steps = { ArrowLeft: at - far, ArrowRight: at + far, Home: sampleAt(domain[0]), End: sampleAt(domain[1]) };
        if (event.ctrlKey || event.metaKey || event.altKey || ticks.count === 0)
            return;
        if (event.key in steps)
            cursor = Math.max(0, Math.min(ticks.count - 1, steps[event.key]));
        else if (event.key === '+' || event.key === '=')
            zoom([Math.max(domain[0], ticks.t[at] - half), Math.min(domain[1], Math.max(ticks.t[at] + half, domain[0] + 2 * half))]);
        else if (event.key === '-')
            zoom([domain[0] - 2 * half, domain[1] + 2 * half]);
        else if (event.key === 'Escape')
            zoom(whole);
        else
            return;
        event.preventDefault();
        drawCursor();
    });
    const chart = h('div.chart', {}, svg);
    onWidth(chart, next => { width = next; draw(); });
    const view = section('timeline', 'Timeline', ticks.count === 0 ? [h('p.none', {}, 'The journal holds no samples.')] :
        [h('div.controls', {}, legend), chart, near,
            h('p.hint', {}, 'Drag to zoom, double click or Escape for the whole run. Click a series to hide or show it.')]);
    view.firstChild.replaceWith(h('div.heading', {}, view.firstChild.cloneNode(true), moment, reset));
    return view;
}

// Moments and events in the order of time; text is what the cursor reads, label stands at the mark.
function timelineMarks(data) {
    const words = { warn: 'warn', margin: 'margin', complete: 'report complete', action: 'action', recovered: 'recovered',
        ended: 'end' };
    const loud = new Set(['refused', 'relief', 'oom_kill', 'limit', 'signal']);
    const marks = [];
    for (const [key, label] of Object.entries(words))
        if (known(data.moments[key]))
            marks.push({ t: data.moments[key], key, label, text: label });
    for (const [t, kind, text] of data.events)
        if (loud.has(kind) && marks.length < 200)
            marks.push({ t, key: 'event', label: kind.replace('_', ' '), text: `${kind.replace('_', ' ')}: ${text}` });
    return marks.sort((a, b) => a.t - b.t);
}
