// SPDX-License-Identifier: MIT
// data: the block that write_html_data.c and web_tables.c wrote, unfolded into columns that charts can walk.
//
//   strings[]            every text once
//   frames[]             [flags, label, function, file, line, module]; texts by index; flags: 1 native, 2 library,
//                        4 main program, 8 a remark instead of a frame
//   nodes.up[], .frame[] node i+1: distance to its caller's node, and its frame; node 0 is the root. A stack is its
//                        innermost node. A caller's number is always smaller.
//   sites.*[]            one column each, largest resident first; touches[]: [row, node, bytes, user];
//                        user: frames from the innermost to the responsible one, -1: none
//   lines.*[]            the same rolled up by responsible line; sites[]: rows of sites
//   ticks.*[]            differences to the last known value; null: unknown. t in 0.1 ms, sizes in KiB, pressure in
//                        1/100 of a percent
//   moments, events      milliseconds since the process was started
function readData(raw) {
    const data = { ...raw };
    const count = raw.nodes.up.length + 1;

    data.frames = raw.frames.map(([flags, label, fn, file, line, module]) => ({
        label: raw.strings[label], fn: raw.strings[fn], file: raw.strings[file], line, module: raw.strings[module],
        native: (flags & 1) > 0, library: (flags & 2) > 0, main: (flags & 4) > 0, remark: (flags & 8) > 0,
    }));
    data.nodes = { count, parent: new Int32Array(count), frame: new Int32Array(count).fill(-1) };
    for (let i = 1; i < count; i++) {
        data.nodes.parent[i] = i - raw.nodes.up[i - 1];
        data.nodes.frame[i] = raw.nodes.frame[i - 1];
    }
    data.ticks = readTicks(raw.ticks);
    data.sites.count = raw.sites.id.length;
    data.lines.count = raw.lines.frame.length;
    data.sites.touchesOf = new Map();
    for (const [row, node, bytes, user] of raw.sites.touches) {
        if (!data.sites.touchesOf.has(row))
            data.sites.touchesOf.set(row, []);
        data.sites.touchesOf.get(row).push({ node, bytes, user });
    }
    return data;
}

function readTicks(raw) {
    const units = { t: 0.1, some: 0.01, full: 0.01, stage: 1 };
    const ticks = { count: raw.t.length };

    for (const [key, column] of Object.entries(raw)) {
        let sum = 0;
        ticks[key] = Float64Array.from(column, difference => {
            if (difference === null)
                return NaN;
            sum += difference;
            return sum * (units[key] || 1024);
        });
    }
    return ticks;
}

// The tree of stacks without the frames that say nothing to most readers: of the interpreter, the run-time, without a
// name. `at` leads from a node to its place there. hide: null for the whole tree.
function treeOf(data, hide) {
    const { count, parent, frame } = data.nodes;
    const tree = { count: 1, parent: [0], frame: [-1], at: new Int32Array(count) };
    const places = new Map();
    for (let i = 1; i < count; i++) {
        const above = tree.at[parent[i]], key = above * data.frames.length + frame[i];
        if (hide && hide[frame[i]])
            tree.at[i] = above;
        else if (places.has(key))
            tree.at[i] = places.get(key);
        else {
            tree.at[i] = tree.count++;
            tree.parent.push(above);
            tree.frame.push(frame[i]);
            places.set(key, tree.at[i]);
        }
    }
    return tree;
}

// Frames of a stack, innermost first.
function stackOf(data, node) {
    const frames = [];
    for (; node > 0; node = data.nodes.parent[node])
        frames.push(data.frames[data.nodes.frame[node]]);
    return frames;
}

// Which frames hold the words, and from that which stacks: an array over the frames, or null without words.
function findFrames(data, words) {
    const wanted = words.trim().toLowerCase();
    if (!wanted)
        return null;
    return Uint8Array.from(data.frames, frame =>
        `${frame.label}\n${frame.fn}\n${frame.file}\n${frame.module}`.toLowerCase().includes(wanted) ? 1 : 0);
}

function findNodes(data, found) {
    const { count, parent, frame } = data.nodes;
    const below = new Uint8Array(count);
    for (let i = 1; i < count; i++)
        below[i] = below[parent[i]] | found[frame[i]];
    return below;
}

// Does a frame further in than the responsible one say anything to the reader? As in the text report.
function telling(frame, python) {
    if (frame.remark || !frame.fn)
        return false;
    if (!frame.native)
        return !frame.library || !(/^<(?!module)/.test(frame.fn) || frame.fn.includes('<locals>') ||
            frame.file.includes('_decorators.py') || frame.file.startsWith('<frozen '));
    return !frame.library && !(python && (frame.main || /(^|\/)(python|libpython|pypy)[^/]*$/.test(frame.module)));
}

// The responsible frame and the way inward from it.
function chainOf(data, node, user) {
    const frames = stackOf(data, node);
    if (user < 0 || user >= frames.length)
        return '(call sites that found no room in the journal)';
    const python = !frames[user].native;
    const inward = frames.slice(0, user).reverse().filter(frame => telling(frame, python));
    return [frames[user], ...inward].map(frame => frame.label).join(' → ');
}
