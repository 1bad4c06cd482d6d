// SPDX-License-Identifier: MIT
// sections: the parts of the page that are lists: limits, parts of memory, threads, events, what could be sensed.
function section(id, title, children) {
    return h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), children);
}

function tableOf(heads, rows) {
    return h('div.table-scroll', { tabindex: -1 }, h('table', {}, h('thead', {}, h('tr', {}, heads.map(([name, kind]) =>
        h(`th${kind ? `.${kind}` : ''}`, { scope: 'col' }, name)))), h('tbody', {}, rows)));
}

const LEVEL_KINDS = { cgroup_v1: 'cgroup v1', cgroup_v2: 'cgroup v2', host: 'host', user: 'limit=', commit: 'commit limit',
    rlimit_as: 'ulimit -v', rlimit_data: 'ulimit -d' };

function limitsView(data) {
    const rows = data.levels.map(level => {
        const unit = known(level.limit) && level.limit > 0 ? 1000 / level.limit : 0;
        const pressing = Math.max(0, (level.used || 0) - (level.reclaimable || 0));
        return h(level.binding ? 'tr.binding' : 'tr', {},
            h('td.code', {}, h('span.path', { title: level.path }, level.path), level.binding ? h('em', {}, 'binding') : null, level.own ? h('em.dim', {}, 'own') : null),
            h('td.wide.tight', {}, LEVEL_KINDS[level.kind] || level.kind),
            h('td.n', {}, known(level.limit) ? sizeProse(level.limit) : 'none'),
            h('td.n', {}, sizeProse(level.used)), h('td.n.wide', {}, sizeProse(level.reclaimable)),
            h('td.n', {}, known(level.headroom) ? sizeProse(level.headroom) : '–'), h('td.n.wide', {}, sizeProse(level.peak)),
            h('td.n.wide', {}, known(level.oom_kills) ? countText(level.oom_kills) : '–'),
            h('td.bar.wide', {}, unit ? barOf([['pressing', pressing * unit], ['reclaimable', (level.reclaimable || 0) * unit]],
                `${percentText(pressing * unit / 1000)} of the limit`) : null));
    });
    return section('limits', 'Limits', rows.length === 0 ? [h('p.none', {}, 'No limit was found.')] : [tableOf([['level'],
        ['kind', 'wide'], ['limit', 'n'], ['used', 'n'], ['reclaimable', 'n.wide'], ['headroom', 'n'], ['peak', 'n.wide'],
        ['OOM kills', 'n.wide'], ['', 'wide']], rows),
    h('p.hint', {}, 'The level with the least headroom binds. Headroom is limit − used + reclaimable.')]);
}

function memoryView(data) {
    const memory = data.memory;
    if (!memory)
        return section('memory', 'Memory', [h('p.none', {}, 'The journal holds no whole state.')]);
    const parts = [['sites', 'recorded call sites', '', memory.sites_resident || 0], ...data.others]
        .filter(([, , , bytes]) => bytes > 0);
    const anonymous = parts.filter(([key]) => key !== 'page_tables'), all = d3.sum(anonymous, part => part[3]) || 1;
    const colour = key => `part-${Math.min(6, anonymous.findIndex(part => part[0] === key))}`;
    const facts = [['resident', memory.rss], ['peak resident', memory.peak_rss], ['anonymous', memory.anon], ['file', memory.file],
        ['shared', memory.shmem], ['swapped', memory.swap], ['page tables', memory.page_tables],
        ['committed by the sites', memory.committed]];
    return section('memory', 'Parts of memory', [
        barOf(anonymous.map(([key, , , bytes]) => [colour(key), 1000 * bytes / all]), 'parts of the anonymous memory'),
        h('ul.parts', {}, parts.map(([key, text, name, bytes]) => h('li', {},
            h(`i${key === 'page_tables' ? '' : `.${colour(key)}`}`, { 'aria-hidden': 'true' }), h('span', {}, text, name ? ` ${name}` : ''),
            h('b', {}, sizeProse(bytes)), h('small', {}, key === 'page_tables' ? 'not anonymous' : percentText(bytes / all))))),
        h('dl.pairs', {}, facts.map(([key, bytes]) => h('div', {}, h('dt', {}, key), h('dd', {}, sizeProse(bytes)))),
            h('div', {}, h('dt', {}, 'major faults'), h('dd', {}, countText(memory.major_faults || 0)))),
        data.inputs.length > 0 ? tableOf([['file open for reading'], ['size', 'n'], ['read', 'n']], data.inputs.map(([path, size, offset]) =>
            h('tr', {}, h('td.code', {}, path), h('td.n', {}, sizeProse(size)),
                h('td.n', {}, size > 0 && known(offset) ? `${Math.min(100, Math.round(100 * offset / size))} %` : '–')))) : null]);
}

function threadsView(data) {
    const states = { R: 'running', S: 'asleep', D: 'in the kernel', T: 'stopped', t: 'stopped', Z: 'ended' };
    const list = h('div.threads');
    const rank = ([, , state, , node]) => (node > 0 ? 0 : 2) + (state === 'R' ? 0 : 1);
    const threads = [...data.threads].sort((a, b) => rank(a) - rank(b));
    const more = h('button.quiet', { type: 'button', onclick: () => add(100) });
    let shown = 0;
    function add(count) {
        for (const [tid, name, state, why, node, user] of threads.slice(shown, shown + count)) {
            const frames = stackOf(data, node);
            const details = h('details', { ontoggle: () => {
                if (details.open && details.children.length === 1)
                    details.append(node > 0 ? stackList(data, node, user) : h('p.none', {}, why || 'no stack'));
            } }, h('summary', {}, h('b', {}, name || 'thread'), h('span.n', {}, String(tid)), h('span.state', {}, states[state] || state),
                h('span.code', {}, node > 0 ? (frames[user] || frames[0]).label : why)));
            list.append(details);
        }
        shown += count;
        more.hidden = shown >= threads.length;
        more.textContent = `${threads.length - shown} more`;
    }
    add(12);
    if (list.firstChild && threads[0][4] > 0)
        list.firstChild.open = true;
    return section('threads', 'Threads at the last moment', threads.length === 0 ?
        [h('p.none', {}, 'No thread was asked for its stack: memory never came close to a limit.')] : [list, more]);
}

function eventsView(data) {
    const list = data.events.slice(-500);
    return section('events', 'Events', list.length === 0 ? [h('p.none', {}, 'None was recorded.')] : [
        tableOf([['time', 'n'], ['kind'], ['what happened']], list.map(([t, kind, text]) => h('tr', {},
            h('td.n', {}, timeText(t, 1)), h('td', {}, kind.replace('_', ' ')), h('td.text', {}, text)))),
        list.length < data.events.length ? h('p.hint', {}, `${data.events.length - list.length} earlier ones are left out.`) : null]);
}

function sensedView(data) {
    const missing = data.capabilities.filter(([, available]) => !available);
    const item = ([name, available, why]) => h(available ? 'li' : 'li.missing', {},
        h('i', { 'aria-hidden': 'true' }, available ? '✓' : '✕'), h('b', {}, name.replace(/_/g, ' ')),
        h('span.unseen', {}, available ? ' available: ' : ' missing: '), h('span', {}, why));
    return section('sensed', 'What could be sensed', [
        h('p', { id: 'sensed-summary' }, data.capabilities.length === 0 ? 'The journal does not say.' : missing.length === 0 ?
            'Everything that was asked for.' : `${missing.length} of ${data.capabilities.length} could not be sensed.`),
        h('ul.sensed', {}, [...missing, ...data.capabilities.filter(([, available]) => available)].map(item)),
        data.notes.length > 0 ? h('ul.notes', {}, data.notes.map(note => h('li', {}, note))) : null]);
}

function runView(data) {
    const { process, verdict, memory } = data;
    const facts = [['command', process.command], ['directory', process.directory], ['executable', process.executable],
        ['started', process.started], ['host', process.host], ['kernel', process.kernel], ['Python', process.python],
        ['LASTWORDS', process.options], ['pid, parent', `${process.pid}, ${process.ppid}`], ['processors', String(process.cpus)],
        ['threads', memory && String(memory.threads)], ['journal', process.journal], ['recorded by', process.shim && `lastwords ${process.shim}`],
        ['sampling', memory && `every ${sizeProse(memory.sample_interval)} on average, ${countText(memory.samples)} samples, ` +
            `${countText(memory.samples_dropped)} dropped`]];
    return section('run', 'Evidence and run', [
        h('ul.evidence', {}, verdict.evidence.map(text => h('li', {}, text)), h('li', {}, `cause ${verdict.cause}, confidence ` +
            `${verdict.confidence.toFixed(2)}, OOM kill ${verdict.oom_kill}`)),
        h('dl.run', {}, facts.filter(([, value]) => value).map(([key, value]) => h('div', {}, h('dt', {}, key), h('dd', {}, value))))]);
}
