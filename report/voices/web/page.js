// SPDX-License-Identifier: MIT
// page: puts the sections below the first screen, which is markup already.
function themeButton() {
    const root = document.documentElement;
    const dark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
    const button = h('button.quiet', { type: 'button', id: 'theme', onclick: () => {
        root.dataset.theme = dark() ? 'light' : 'dark';
        tell();
    } });
    const tell = () => {
        button.textContent = dark() ? 'light' : 'dark';
        button.setAttribute('aria-label', `switch to ${dark() ? 'light' : 'dark'} colours`);
        dispatchEvent(new Event('themechange'));
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', tell);
    tell();
    return button;
}

const data = readData(JSON.parse(document.getElementById('data').textContent));
const main = document.getElementById('report');
const flame = flameView(data);
const views = [timelineView(data), flame, tablesView(data, flame), limitsView(data), memoryView(data), threadsView(data),
    eventsView(data), sensedView(data), runView(data)];
const names = ['Timeline', 'Flame graph', 'Lines', 'Limits', 'Memory', 'Threads', 'Events', 'Sensed', 'Run'];
document.getElementById('tools').append(themeButton());
main.before(h('nav', { 'aria-label': 'sections' }, views.map((view, i) => h('a', { href: `#${view.id}` }, names[i]))));
main.append(...views, h('footer', {}, `lastwords ${data.tool} · this page holds everything it shows and loads nothing`));
document.documentElement.dataset.ready = 'yes';
