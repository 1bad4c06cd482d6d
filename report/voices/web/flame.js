// SPDX-License-Identifier: MIT
// flame: who called whom, as wide as the memory is large; the outermost frame on top.
//
// All stacks are one tree already. What would be narrower than a pixel is not drawn; many of these side by side are one
// hatched remainder. Drawn on a canvas, so everything that can be pointed at can be reached with the arrow keys and is
// said in the line below as well.
const FLAME = { row: 21, gap: 1, pad: 5, sliver: 6, font: '11.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace' };

function flameView(data) {
    const { sites } = data;
    const python = Boolean(data.process.python);
    const quiet = Uint8Array.from(data.frames, frame => frame.native && !frame.remark && !telling(frame, python) ? 1 : 0);
    const metrics = [
        { key: 'resident', name: 'resident', say: sizeProse },
        { key: 'committed', name: 'committed', say: sizeProse },
        { key: 'growth', name: 'growth', say: rateText, note: 'only what grows' },
        { key: 'peak', name: 'peak', say: sizeProse, note: 'each site at its own peak' },
        { key: 'touched', name: 'touched by', say: sizeProse, note: 'stacks that used the pages first, as sampled' },
    ];
    let nodes = null, children = null;
    let metric = metrics[0], total = null, focus = 0, selected = 0, hovered = null, found = null, boxes = [], width = 0;

    const canvas = h('canvas.flame', { tabindex: 0, role: 'application', 'aria-roledescription': 'flame graph',
        'aria-label': 'Flame graph. Arrow keys move, Enter zooms in, Escape zooms out.', 'aria-describedby': 'flame-frame' });
    const pen = canvas.getContext('2d');
    const scroll = h('div.flame-scroll', {}, canvas);
    const sum = h('output.sum', { id: 'flame-total' });
    const matches = h('output.matches', { id: 'flame-matches', 'aria-live': 'polite' });
    const frameLine = h('div.frame', { id: 'flame-frame', 'aria-live': 'polite' });
    const reset = h('button.quiet', { type: 'button', id: 'flame-reset', hidden: true, onclick: () => zoom(0) }, 'whole graph');
    const search = h('input', { type: 'search', id: 'flame-search', placeholder: 'search frames', autocomplete: 'off',
        spellcheck: 'false', 'aria-label': 'search frames', oninput: () => look() });
    const choice = h('fieldset.choice', {}, h('legend.unseen', {}, 'width of the flame graph'), metrics.map((one, i) =>
        h('label', { title: one.note }, h('input', { type: 'radio', name: 'metric', value: one.key, checked: i === 0,
            onchange: () => measure(one) }), h('span', {}, one.name))));

    const every = h('input', { type: 'checkbox', id: 'flame-every', checked: !python, onchange: () => plant() });

    function plant() {
        nodes = treeOf(data, every.checked ? null : quiet);
        children = childLists(nodes);
        focus = 0;
        measure(metric);
    }

    // Bytes of each node, its callees included.
    function measure(next) {
        metric = next;
        total = new Float64Array(nodes.count);
        if (metric.key === 'touched')
            for (const touches of sites.touchesOf.values())
                for (const { node, bytes } of touches)
                    total[nodes.at[node]] += bytes;
        else
            for (let row = 0; row < sites.count; row++)
                total[nodes.at[sites.node[row]]] += Math.max(0, sites[metric.key][row] || 0);
        for (let i = nodes.count - 1; i > 0; i--)
            total[nodes.parent[i]] += total[i];
        focus = total[focus] > 0 ? focus : 0;
        selected = focus;
        look();
    }

    function look() {
        found = findFrames(data, search.value);
        matches.textContent = '';
        if (found) {
            // A match below a match is counted once.
            const above = new Uint8Array(nodes.count);
            let bytes = 0;
            for (let i = 1; i < nodes.count; i++) {
                const hit = found[nodes.frame[i]];
                if (hit && !above[nodes.parent[i]])
                    bytes += total[i];
                above[i] = above[nodes.parent[i]] | hit;
            }
            const frames = found.reduce((a, b) => a + b, 0);
            matches.textContent = `${plural(frames, 'frame')} · ${percentText(total[0] ? bytes / total[0] : 0)} of all, ` +
                metric.say(bytes);
        }
        layOut();
    }

    function zoom(node) {
        focus = node;
        selected = node;
        layOut();
        scroll.scrollTop = 0;
    }

    // The callers of the focus over the whole width, then everything below it.
    function layOut() {
        boxes = [];
        reset.hidden = focus === 0;
        sum.textContent = `${metric.name} ${metric.say(total[0])}`;
        if (total[0] > 0 && width > 0) {
            const callers = [];
            for (let node = focus; node > 0; node = nodes.parent[node])
                callers.unshift(nodes.parent[node]);
            callers.forEach((node, depth) => boxes.push({ node, x: 0, width, depth, caller: true }));
            place(focus, 0, width, callers.length);
            // Rows of slivers alone would be a long white page: a zoom shows them.
            const last = d3.max(boxes, box => box.width >= FLAME.sliver ? box.depth : 0);
            boxes = boxes.filter(box => box.depth <= last);
        }
        draw();
        describe();
    }

    // Without recursion: a hostile stack may be as deep as it likes.
    function place(start, left, wide, depth) {
        const todo = [{ node: start, x: left, width: wide, depth }];
        while (todo.length > 0) {
            const box = todo.pop();
            boxes.push(box);
            const scale = box.width / total[box.node];
            const below = children(box.node).filter(node => total[node] > 0).sort((a, b) => total[b] - total[a]);
            let x = box.x, i = 0;
            for (; i < below.length && total[below[i]] * scale >= 1; i++) {
                todo.push({ node: below[i], x, width: total[below[i]] * scale, depth: box.depth + 1 });
                x += total[below[i]] * scale;
            }
            const rest = d3.sum(below.slice(i), node => total[node]);
            if (rest * scale >= 1)
                boxes.push({ node: -1, x, width: rest * scale, depth: box.depth + 1, count: below.length - i, rest });
        }
    }

    function colours() {
        const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(['all', 'user', 'library', 'native', 'runtime', 'found', 'ink', 'ink-found', 'line', 'ink-dim']
            .map(name => [name, style.getPropertyValue(`--flame-${name}`).trim()]));
    }

    function kindOf(node) {
        const frame = data.frames[nodes.frame[node]];
        if (node === 0 || !frame || frame.remark)
            return 'all';
        if (!frame.native)
            return frame.library ? 'library' : 'user';
        return frame.library ? 'runtime' : frame.main && !python ? 'user' : 'native';
    }

    function draw() {
        const ratio = window.devicePixelRatio || 1, colour = colours();
        const rows = 1 + d3.max(boxes, box => box.depth) || 1;
        canvas.width = Math.max(1, Math.round(width * ratio));
        canvas.height = Math.round(rows * FLAME.row * ratio);
        canvas.dataset.boxes = boxes.length;
        pen.setTransform(ratio, 0, 0, ratio, 0, 0);
        canvas.setAttribute('height', canvas.height);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${rows * FLAME.row}px`;
        pen.font = FLAME.font;
        pen.textBaseline = 'middle';
        const letter = pen.measureText('m').width;
        for (const box of boxes)
            drawBox(box, colour, letter);
        const box = boxes.find(one => one.node === selected);
        if (box && (document.activeElement === canvas || selected !== focus))
            outline(box, colour.ink, 2);
        if (hovered && boxes.includes(hovered))
            outline(hovered, colour.ink, 1);
        if (total[0] <= 0) {
            pen.fillStyle = colour.ink;
            pen.fillText(`nothing to show: no site has ${metric.name === 'touched by' ? 'sampled touches' : metric.name}`, 0, FLAME.row / 2);
        }
    }

    function drawBox(box, colour, letter) {
        const y = box.depth * FLAME.row, wide = Math.max(0.5, box.width - (box.width > 3 ? FLAME.gap : 0));
        const hit = box.node > 0 && found && found[nodes.frame[box.node]];
        pen.globalAlpha = box.caller ? 0.55 : found && !hit ? 0.5 : 1;
        pen.fillStyle = box.node < 0 ? colour.line : hit ? colour.found : shade(colour[kindOf(box.node)], box.node);
        pen.fillRect(box.x, y, wide, FLAME.row - FLAME.gap);
        pen.globalAlpha = found && !hit && !box.caller ? 0.75 : 1;
        const letters = Math.floor((wide - 2 * FLAME.pad) / letter);
        if (letters < 3 || box.node < 0)
            return;
        const label = labelOf(box.node);
        pen.fillStyle = hit ? colour['ink-found'] : colour.ink;
        pen.fillText(label.length > letters ? `${label.slice(0, letters - 1)}…` : label, box.x + FLAME.pad, y + FLAME.row / 2);
        pen.globalAlpha = 1;
    }

    // Neighbours of one kind differ a little, the same frame always looks the same.
    function shade(base, node) {
        const tone = d3.hsl(base), step = ((nodes.frame[node] * 2654435761 >>> 0) % 5) - 2;
        tone.l = Math.max(0, Math.min(1, tone.l + step * 0.014));
        return tone.formatHex ? tone.formatHex() : String(tone);
    }

    function outline(box, colour, thick) {
        pen.globalAlpha = 1;
        pen.strokeStyle = colour;
        pen.lineWidth = thick;
        pen.strokeRect(box.x + thick / 2, box.depth * FLAME.row + thick / 2, Math.max(1, box.width - FLAME.gap - thick), FLAME.row - FLAME.gap - thick);
    }

    function labelOf(node) {
        return node === 0 ? `all ${metric.name} ${metric.say(total[0])}` : data.frames[nodes.frame[node]].label;
    }

    function describe() {
        const box = hovered || boxes.find(one => one.node === selected);
        frameLine.replaceChildren();
        if (!box)
            return;
        if (box.node < 0) {
            frameLine.append(h('strong', {}, `${plural(box.count, 'frame')} too narrow to draw`), ` ${metric.say(box.rest)}`);
            return;
        }
        const bytes = total[box.node], caller = box.node > 0 ? total[nodes.parent[box.node]] : 0;
        const frame = data.frames[nodes.frame[box.node]];
        put(frameLine, h('strong', {}, box.node === 0 ? 'everything' : labelOf(box.node)), h('span.much', {}, metric.say(bytes)),
            h('span', {}, `${percentText(bytes / total[0])} of all`),
            caller > 0 && box.node > 0 && nodes.parent[box.node] > 0 ? h('span', {}, `${percentText(bytes / caller)} of its caller`) : null,
            frame ? h('span.far', {}, [frame.native ? frame.fn : '', frame.file && `${frame.file}${frame.line > 0 ? `:${frame.line}` : ''}`,
                frame.module].filter(Boolean).join(' · ')) : null);
    }

    function boxAt(event) {
        const bounds = canvas.getBoundingClientRect();
        const x = event.clientX - bounds.left, depth = Math.floor((event.clientY - bounds.top) / FLAME.row);
        return boxes.find(box => box.depth === depth && x >= box.x && x < box.x + box.width) || null;
    }

    function reveal() {
        const box = boxes.find(one => one.node === selected);
        if (!box)
            return;
        const y = box.depth * FLAME.row;
        if (y < scroll.scrollTop || y + FLAME.row > scroll.scrollTop + scroll.clientHeight)
            scroll.scrollTop = y - scroll.clientHeight / 2;
    }

    // The neighbours of the selected box that are on the screen.
    function step(key) {
        const here = boxes.find(box => box.node === selected) || boxes[0];
        const row = box => boxes.filter(one => one.node >= 0 && one.depth === box.depth).sort((a, b) => a.x - b.x);
        if (key === 'ArrowUp')
            return boxes.find(box => here.node > 0 && box.node === nodes.parent[here.node]);
        if (key === 'ArrowDown')
            return boxes.filter(box => box.node > 0 && nodes.parent[box.node] === here.node).sort((a, b) => b.width - a.width)[0];
        const peers = row(here), at = peers.indexOf(here);
        return peers[at + (key === 'ArrowLeft' ? -1 : 1)];
    }

    canvas.addEventListener('pointermove', event => {
        const box = boxAt(event);
        if (box !== hovered) {
            hovered = box;
            canvas.classList.toggle('hot', Boolean(box && box.node >= 0));
            draw();
            describe();
        }
    });
    canvas.addEventListener('pointerleave', () => { hovered = null; draw(); describe(); });
    canvas.addEventListener('click', event => {
        const box = boxAt(event);
        if (box && box.node >= 0) {
            hovered = null;
            zoom(box.node);
        }
    });
    canvas.addEventListener('focus', () => draw());
    canvas.addEventListener('blur', () => draw());
    canvas.addEventListener('keydown', event => {
        if (event.ctrlKey || event.metaKey || event.altKey || boxes.length === 0)
            return;
        if (event.key === 'Enter' || event.key === ' ')
            zoom(selected);
        else if (event.key === 'Escape' || event.key === 'Backspace')
            zoom(event.key === 'Escape' ? 0 : nodes.parent[focus]);
        else if (event.key.startsWith('Arrow')) {
            const box = step(event.key);
            if (box) {
                selected = box.node;
                hovered = null;
                draw();
                describe();
                reveal();
            }
        } else
            return;
        event.preventDefault();
    });
    search.addEventListener('keydown', event => {
        if (event.key === 'Escape') {
            search.value = '';
            look();
            event.preventDefault();
        }
    });
    addEventListener('themechange', () => draw());
    plant();
    onWidth(scroll, next => { width = next; layOut(); });

    const keys = [['user', python ? 'your Python' : 'your program'],
        ...(python ? [['library', 'Python libraries']] : []), ['native', 'native'],
        ['runtime', 'allocator, run-time']];
    const all = h('label.check', {}, every, python ? 'interpreter and run-time frames' : 'run-time frames');
    const view = section('flame', 'Flame graph', [
        h('div.controls', {}, choice, sum, search, all, matches, reset), scroll, frameLine,
        h('p.hint', {}, keys.map(([key, name]) => h('span.key', {}, h(`i.flame-${key}`), name)),
            'Outermost caller on top. Click zooms, Escape zooms out; arrow keys and Enter do the same.')]);
    // From a table: the stack of a site, seen from its responsible line.
    view.show = node => {
        zoom(total[nodes.at[node]] > 0 ? nodes.at[node] : 0);
        view.scrollIntoView();
        canvas.focus({ preventScroll: true });
    };
    return view;
}

// Children of each node: two arrays instead of many.
function childLists({ count, parent }) {
    const first = new Int32Array(count).fill(-1), next = new Int32Array(count).fill(-1);
    for (let i = count - 1; i > 0; i--) {
        next[i] = first[parent[i]];
        first[parent[i]] = i;
    }
    return node => {
        const list = [];
        for (let child = first[node]; child >= 0; child = next[child])
            list.push(child);
        return list;
    };
}
