// SPDX-License-Identifier: MIT
// table: lines and call sites, sortable and filtered; of thousands of rows only those in view exist.
const TABLE = { row: 27, spare: 8 };
const SITE_KINDS = ['', 'heap', 'mapping', 'shared', 'file', 'brk'];

// columns: [{key, name, say(row), order(row) → number or text, wide: hidden on a phone, text: left-aligned}]
function gridView({ id, name, count, columns, share, matching, detail }) {
    let rows = d3.range(count), sort = { column: columns.find(column => column.first), down: true }, active = -1, open = -1;

    const body = h('div.grid-body', { role: 'presentation' });
    const scroll = h('div.grid-scroll', { role: 'presentation', onscroll: () => draw() }, body);
    const head = h('div.grid-row.grid-head', { role: 'row' }, columns.map(column => {
        column.cell = h(cellTag(column), { role: 'columnheader', 'aria-sort': 'none' },
            h('button', { type: 'button', onclick: () => sortBy(column), title: column.title }, column.name));
        return column.cell;
    }));
    const grid = h(`div.grid.${id}`, { role: 'grid', id: `${id}-grid`, tabindex: 0, 'aria-label': name,
        'aria-colcount': columns.length }, head, scroll);
    const counted = h('output.sum', { id: `${id}-count`, 'aria-live': 'polite' });
    const filter = h('input', { type: 'search', id: `${id}-filter`, placeholder: `filter ${name}`, autocomplete: 'off',
        spellcheck: 'false', 'aria-label': `filter ${name}`, oninput: () => arrange() });
    const panel = h('div.detail', { id: `${id}-detail`, hidden: true });

    function cellTag(column) {
        return ['div', column.text ? 'text' : 'n', ...(column.wide ? ['wide'] : []), `c-${column.key}`].join('.');
    }

    function sortBy(column) {
        sort = { column, down: sort.column === column ? !sort.down : !column.text };
        arrange();
    }

    function arrange() {
        const every = d3.range(count), allowed = matching(filter.value), keys = every.map(sort.column.order);
        const sign = sort.down ? -1 : 1;
        rows = allowed ? every.filter(allowed) : every;
        rows.sort((a, b) => sign * (keys[a] < keys[b] ? -1 : keys[a] > keys[b] ? 1 : 0) || a - b);
        for (const column of columns)
            column.cell.setAttribute('aria-sort', column !== sort.column ? 'none' : sort.down ? 'descending' : 'ascending');
        const all = d3.sum(d3.range(count), share.bytes), part = d3.sum(rows, share.bytes);
        counted.textContent = rows.length === count ? `${plural(count, name.replace(/s$/, ''), name)} · ${sizeProse(all)} ${share.name}` :
            `${countText(rows.length)} of ${plural(count, name.replace(/s$/, ''), name)} · ${percentText(all ? part / all : 0)} of ${share.name}`;
        grid.setAttribute('aria-rowcount', rows.length + 1);
        body.style.height = `${rows.length * TABLE.row}px`;
        scroll.style.height = `${Math.min(rows.length, 14) * TABLE.row + 1}px`;
        scroll.scrollTop = 0;
        active = -1;
        draw();
    }

    function draw() {
        const high = scroll.clientHeight || 14 * TABLE.row;
        const from = Math.max(0, Math.floor(scroll.scrollTop / TABLE.row) - TABLE.spare);
        const to = Math.min(rows.length, Math.ceil((scroll.scrollTop + high) / TABLE.row) + TABLE.spare);
        body.replaceChildren(...rows.slice(from, to).map((row, i) => drawRow(row, from + i)));
        grid.setAttribute('aria-activedescendant', active >= 0 ? `${id}-row-${active}` : '');
    }

    function drawRow(row, place) {
        const node = h('div.grid-row', { role: 'row', id: `${id}-row-${place}`, 'aria-rowindex': place + 2,
            'aria-selected': String(row === open), onclick: () => { active = place; show(row); } },
            columns.map(column => h(cellTag(column), { role: 'gridcell', title: column.text ? (column.whole || column.say)(row) : null },
                column.bar ? column.bar(row) : null, h('span', {}, column.say(row)))));
        node.style.transform = `translateY(${place * TABLE.row}px)`;
        if (place === active)
            node.classList.add('active');
        return node;
    }

    function show(row) {
        open = row === open ? -1 : row;
        panel.hidden = open < 0;
        panel.replaceChildren(...(open < 0 ? [] : detail(open)));
        draw();
        if (open >= 0)
            panel.scrollIntoView({ block: 'nearest' });
    }

    grid.addEventListener('keydown', event => {
        const page = Math.max(1, Math.floor(scroll.clientHeight / TABLE.row) - 1), end = rows.length - 1;
        const places = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page,
            Home: 0, End: end };
        if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey)
            return;
        if (event.key in places && rows.length > 0) {
            active = Math.max(0, Math.min(end, places[event.key]));
            const y = active * TABLE.row;
            if (y < scroll.scrollTop)
                scroll.scrollTop = y;
            else if (y + TABLE.row > scroll.scrollTop + scroll.clientHeight)
                scroll.scrollTop = y + TABLE.row - scroll.clientHeight;
            draw();
        } else if ((event.key === 'Enter' || event.key === ' ') && active >= 0)
            show(rows[active]);
        else if (event.key === 'Escape' && open >= 0)
            show(open);
        else
            return;
        event.preventDefault();
    });
    return { nodes: [h('div.controls', {}, counted, filter), grid, panel], show, arrange };
}

function numberColumns(columns, largest) {
    return [
        { key: 'resident', name: 'resident', say: row => sizeTable(columns.resident[row]), order: row => columns.resident[row] ?? -1,
            first: true, bar: row => barOf([['own', 1000 * (columns.resident[row] || 0) / (largest || 1)]]) },
        { key: 'committed', name: 'committed', say: row => sizeTable(columns.committed[row]), order: row => columns.committed[row] ?? -1, wide: true },
        { key: 'peak', name: 'peak', say: row => sizeTable(columns.peak[row]), order: row => columns.peak[row] ?? -1, wide: true },
        { key: 'growth', name: 'growth', say: row => rateText(columns.growth[row]), order: row => columns.growth[row] },
        { key: 'live', name: 'live', say: row => countText(columns.live[row] ?? 0), order: row => columns.live[row] ?? -1, wide: true,
            title: 'live allocations' },
    ];
}

function siteDetail(data, row, flame) {
    const { sites } = data, touches = (sites.touchesOf.get(row) || []).slice(0, 8);
    return [
        h('h3', {}, `Site ${sites.id[row]}`, h('small', {}, `${SITE_KINDS[sites.kind[row]] || 'unknown'} · resident ` +
            `${sizeProse(sites.resident[row])} · committed ${sizeProse(sites.committed[row])} · swapped ` +
            `${sizeProse(sites.swapped[row])} · ${plural(sites.live[row] ?? 0, 'live allocation')}`)),
        h('button.quiet', { type: 'button', onclick: () => flame.show(sites.node[row]) }, 'show in the flame graph'),
        stackList(data, sites.node[row], sites.user[row]),
        touches.length > 0 ? h('h4', {}, 'First touched by') : null,
        ...touches.map(touch => h('details', {}, h('summary', {}, h('b', {}, sizeProse(touch.bytes)), ' ',
            chainOf(data, touch.node, touch.user)), stackList(data, touch.node, touch.user))),
    ].filter(Boolean);
}

function tablesView(data, flame) {
    const { sites, lines } = data;
    const texts = new Map();
    const siteText = row => {
        if (!texts.has(row))
            texts.set(row, chainOf(data, sites.node[row], sites.user[row]));
        return texts.get(row);
    };
    const lineText = row => siteText(lines.site[row]);
    // Sites of one line begin alike: what tells them apart is the end.
    const siteShort = row => {
        const parts = siteText(row).split(' → ');
        return parts.length > 3 ? `${parts[0]} → ${parts[1]} → … → ${parts[parts.length - 1]}` : parts.join(' → ');
    };
    const siteGrid = gridView({
        id: 'sites', name: 'sites', count: sites.count, share: { name: 'resident', bytes: row => sites.resident[row] || 0 },
        columns: [...numberColumns(sites, d3.max(sites.resident)),
            { key: 'where', name: 'where', say: siteShort, whole: siteText, order: siteText, text: true }],
        matching: words => {
            const found = findFrames(data, words), nodes = found && findNodes(data, found);
            return nodes && (row => nodes[sites.node[row]]);
        },
        detail: row => siteDetail(data, row, flame),
    });
    const lineGrid = gridView({
        id: 'lines', name: 'lines', count: lines.count, share: { name: 'resident', bytes: row => lines.resident[row] || 0 },
        columns: [...numberColumns(lines, d3.max(lines.resident)),
            { key: 'sites', name: 'sites', say: row => countText(lines.sites[row].length), order: row => lines.sites[row].length, wide: true },
            { key: 'where', name: 'where', say: lineText, order: lineText, text: true }],
        matching: words => {
            const found = findFrames(data, words);
            return found && (row => lines.frame[row] >= 0 && found[lines.frame[row]]);
        },
        detail: row => [h('h3', {}, lines.frame[row] >= 0 ? data.frames[lines.frame[row]].label : lineText(row),
            h('small', {}, plural(lines.sites[row].length, 'call site'))),
        ...lines.sites[row].slice(0, 12).map((site, i) => h('details', { open: i === 0 },
            h('summary', {}, h('b', {}, sizeProse(sites.resident[site])), ' ', siteText(site)), ...siteDetail(data, site, flame).slice(1))),
        lines.sites[row].length > 12 ? h('p.hint', {}, `${lines.sites[row].length - 12} smaller ones are among the call sites.`) : null,
        ].filter(Boolean),
    });
    const panels = { lines: h('div', { role: 'tabpanel', id: 'panel-lines', 'aria-labelledby': 'tab-lines' }, lineGrid.nodes),
        sites: h('div', { role: 'tabpanel', id: 'panel-sites', 'aria-labelledby': 'tab-sites', hidden: true }, siteGrid.nodes) };
    const tabs = [['lines', 'Lines'], ['sites', 'Call sites']].map(([key, name]) => h('button', { type: 'button', role: 'tab',
        id: `tab-${key}`, 'aria-controls': `panel-${key}`, onclick: () => choose(key) }, name));
    const choose = key => {
        for (const tab of tabs) {
            const on = tab.id === `tab-${key}`;
            tab.setAttribute('aria-selected', String(on));
            tab.tabIndex = on ? 0 : -1;
            panels[tab.id.slice(4)].hidden = !on;
        }
        (key === 'lines' ? lineGrid : siteGrid).arrange();
    };
    const list = h('div.tabs', { role: 'tablist', 'aria-label': 'lines or call sites', onkeydown: event => {
        if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
            const next = tabs.find(tab => tab.getAttribute('aria-selected') !== 'true');
            choose(next.id.slice(4));
            next.focus();
        }
    } }, tabs);
    const rest = sites.rest.count > 0 ? h('p.hint', {}, `${plural(sites.rest.count, 'smaller site')} with ` +
        `${sizeProse(sites.rest.resident)} resident are not in this page: lastwords report --json has them all.`) : null;
    const view = section('where', 'Lines and call sites', sites.count === 0 ? [h('p.none', {}, 'No allocation was recorded.')] :
        [list, panels.lines, panels.sites, rest,
            h('p.hint', {}, 'A line is the innermost frame of your own code; a call site is one whole stack. ' +
                'Enter or a click on a row shows its stacks.')]);
    choose('lines');
    return view;
}
