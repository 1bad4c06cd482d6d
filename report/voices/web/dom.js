// SPDX-License-Identifier: MIT
// dom: elements, and numbers as people read them (the same words as the text report). Text is only ever set as text.
const KIB = 1024, MIB = 1024 * KIB, GIB = 1024 * MIB, TIB = 1024 * GIB;
const SVG = 'http://www.w3.org/2000/svg';

// h('button.quiet', {type: 'button', onclick: f}, 'text', child, …)
function h(tag, attributes, ...children) {
    const [name, ...classes] = tag.split('.');
    return fill(document.createElement(name), classes, attributes, children);
}

function s(tag, attributes, ...children) {
    const [name, ...classes] = tag.split('.');
    return fill(document.createElementNS(SVG, name), classes, attributes, children);
}

function fill(node, classes, attributes, children) {
    if (classes.length > 0)
        node.setAttribute('class', classes.join(' '));
    for (const [key, value] of Object.entries(attributes || {})) {
        if (key.startsWith('on'))
            node.addEventListener(key.slice(2), value);
        else if (value !== null && value !== undefined && value !== false)
            node.setAttribute(key, value === true ? '' : value);
    }
    return put(node, children);
}

// Appends what there is: null, undefined and false stand for nothing.
function put(node, ...children) {
    node.append(...children.flat(2).filter(child => child !== null && child !== undefined && child !== false));
    return node;
}

const known = value => value !== null && value !== undefined && !Number.isNaN(value);

function shortNumber(value, unit) {
    const whole = value >= 99.95 || Math.abs(value - Math.round(value)) < 0.05;
    return `${value.toFixed(whole ? 0 : 1)} ${unit}`;
}

function sizeProse(bytes) {
    if (!known(bytes))
        return '–';
    if (bytes === 0)
        return '0';
    if (bytes < KIB)
        return `${Math.round(bytes)} byte${bytes === 1 ? '' : 's'}`;
    if (bytes < MIB)
        return shortNumber(bytes / KIB, 'KiB');
    if (bytes < 10 * GIB && (bytes < GIB || bytes % GIB !== 0))
        return shortNumber(bytes / MIB, 'MiB');
    if (bytes < 10 * TIB && (bytes < TIB || bytes % TIB !== 0))
        return shortNumber(bytes / GIB, 'GiB');
    return shortNumber(bytes / TIB, 'TiB');
}

function sizeTable(bytes) {
    if (!known(bytes))
        return '–';
    if (bytes < 10000 * MIB - MIB / 20)
        return `${(bytes / MIB).toFixed(1)} MiB`;
    return bytes < 10000 * GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${(bytes / TIB).toFixed(1)} TiB`;
}

function rateText(bytes) {
    const size = Math.abs(bytes);
    if (!known(bytes) || size < 50 * KIB)
        return '+0';
    return `${bytes < 0 ? '-' : '+'}${size < 10 * GIB ? shortNumber(size / MIB, 'MiB') : shortNumber(size / GIB, 'GiB')}/s`;
}

function percentText(share) {
    const percent = 100 * share;
    return `${percent > 0 && percent < 0.05 ? '< 0.1' : percent.toFixed(percent >= 99.95 ? 0 : 1)} %`;
}

// A moment: seconds with as many decimals as `stepMs` needs; minutes and hours in long runs.
function timeText(ms, stepMs) {
    if (!known(ms))
        return '–';
    const decimals = stepMs >= 999 ? 0 : Math.min(4, Math.ceil(-Math.log10(stepMs / 1000)));
    if (ms < 120000)
        return `${(ms / 1000).toFixed(decimals)} s`;
    const seconds = ms / 1000, hours = Math.floor(seconds / 3600), minutes = Math.floor(seconds / 60) % 60;
    if (stepMs >= 60000)
        return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')} h` : `${minutes} min`;
    const rest = (seconds % 60).toFixed(decimals).padStart(decimals > 0 ? 3 + decimals : 2, '0');
    return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest} h` : `${minutes}:${rest} min`;
}

const countText = d3.format(',');

function plural(count, one, many) {
    return `${countText(count)} ${count === 1 ? one : many || `${one}s`}`;
}

// A bar of one or several parts of 1000 units: [[class, units], …]
function barOf(parts, label) {
    let x = 0;
    const rects = parts.map(([name, units]) => {
        const width = Math.max(0, Math.min(1000 - x, units || 0));
        const rect = s('rect', { class: name, x: x.toFixed(1), width: width.toFixed(1), height: 10 });
        x += width;
        return rect;
    });
    return s('svg.bar-of', { viewBox: '0 0 1000 10', preserveAspectRatio: 'none', role: label ? 'img' : null,
        'aria-label': label, 'aria-hidden': label ? null : 'true' }, rects);
}

// A stack as a list, innermost first, the responsible frame marked.
function stackList(data, node, user) {
    const list = h('ol.stack');
    stackOf(data, node).forEach((frame, i) => list.append(h(i === user ? 'li.user' : 'li',
        { title: [frame.fn, frame.file && `${frame.file}${frame.line > 0 ? `:${frame.line}` : ''}`, frame.module]
            .filter(Boolean).join('\n') },
        h('span.kind', { 'aria-hidden': 'true' }, frame.remark ? '' : frame.native ? 'C' : 'Py'), frame.label,
        i === user ? h('em', {}, 'responsible') : null)));
    if (!list.firstChild)
        list.append(h('li', {}, 'no stack'));
    return list;
}

// Redraws when the width of the element changes.
function onWidth(element, draw) {
    let width = 0;
    new ResizeObserver(entries => {
        const next = Math.floor(entries[0].contentRect.width);
        if (next > 0 && next !== width)
            draw(width = next);
    }).observe(element);
}
