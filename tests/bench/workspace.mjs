// What the workspace takes in Chromium, each figure beside what the same page does for a key that does
// nothing. usage: by tests/bench/bench_workspace.py
import { close, open, settled, signIn, url, windowOf } from '../e2e/browser/harness.mjs';

const at = (list, p) => [...list].sort((x, y) => x - y)[Math.min(list.length - 1, Math.floor(list.length * p))] ?? NaN;
const row = (name, list, noted = '') => console.log(`${name.padEnd(44)} ${at(list, 0.5).toFixed(1).padStart(9)} ms ${at(list, 0.95).toFixed(1).padStart(9)} ms ${' '.repeat(12)}  ${noted}`);

await open();
const page = await windowOf();
const sizes = [];
page.on('response', async reply => {
    const { responseBodySize, responseHeadersSize } = await reply.request().sizes().catch(() => ({ responseBodySize: 0, responseHeadersSize: 0 }));
    sizes.push({ url: new URL(reply.url()).pathname, bytes: responseBodySize + responseHeadersSize });
});
await signIn(page, 'maria', '/inbox');
await page.getByRole('group', { name: 'Decide' }).waitFor();
await settled(page);
const files = sizes.filter(s => !s.url.startsWith('/api/'));
const sum = list => (list.reduce((n, s) => n + s.bytes, 0) / 1000).toFixed(0);
console.log(`first load, page and assets                  ${sum(files).padStart(9)} kB on the wire in ${files.length} files; with data ${sum(sizes)} kB`);

// From the key's own time to the task after the frame in which what() is so.
const measure = () => page.evaluate(() => {
    window.took = [];
    window.until = () => true;
    addEventListener('keydown', start, true);
    addEventListener('click', start, true);
    function start(e) {
        const began = e.timeStamp;
        const before = window.look?.();
        const look = () => requestAnimationFrame(() => {
            if (!window.until(before) && performance.now() - began < 5000) return look();
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => window.took.push(performance.now() - began);
            port2.postMessage(0);
        });
        look();
    }
});
const taken = async n => {
    await page.waitForFunction(k => window.took.length >= k, n);
    return page.evaluate(() => window.took.splice(0));
};
async function keys(key, n, until) {
    await page.evaluate(text => { window.look = () => location.pathname + document.querySelector('[aria-current=true]')?.innerText; window.until = eval(`(${text})`); }, until);
    const list = [];
    for (let i = 0; i < n; i++) {
        await page.keyboard.press(key);
        list.push(...await taken(1));
        await page.waitForTimeout(60);
    }
    return list;
}
await measure();
await page.locator('#pane-title').evaluate(e => e.focus());
row('floor: a key that does nothing → painted', await keys('q', 60, '() => true'));
row('j → the next item is painted', await keys('j', 60, 'before => window.look() !== before && !!document.getElementById("pane-title")'), 'target 50 ms');

await page.evaluate(() => {
    window.look = () => document.querySelector('section[aria-label="The open item"] [role=status]')?.innerText ?? '';
    window.until = before => /recorded/.test(window.look()) && window.look() !== before;
});
const decided = [];
for (let i = 0; i < 25; i++) {
    await page.getByRole('group', { name: 'Decide' }).getByRole('button', { name: /Confirm/ }).waitFor();
    const box = page.getByRole('textbox', { name: /Reason/ }).last();
    await box.fill('Agrees with the statement.');
    await page.waitForTimeout(150);
    await page.evaluate(() => window.took.splice(0));
    await page.getByRole('group', { name: 'Decide' }).getByRole('button', { name: /Confirm/ }).click();
    decided.push(...await taken(1));
}
row('Confirm → "recorded" is painted', decided, 'target 50 ms');

// ---- 5,000 rows ----
await page.goto(`${url}/inbox`);
await page.getByRole('group', { name: 'Decide' }).waitFor();
await settled(page);
const frames = scroll => page.evaluate(async wheel => {
    const box = [...document.querySelectorAll('section[aria-label="What waits"] *')].find(e => e.scrollHeight > e.clientHeight + 1000 && /auto|scroll/.test(getComputedStyle(e).overflowY));
    const list = [];
    let last = performance.now();
    for (let i = 0; i < 180; i++) {
        if (wheel) box.scrollTop += 160;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        list.push(now - last);
        last = now;
    }
    return { list, rows: box.querySelectorAll('li').length, height: box.scrollHeight, top: box.scrollTop };
}, scroll);
row('floor: a frame of a page at rest', (await frames(false)).list);
const scrolled = await frames(true);
row('a frame while the queue is scrolled', scrolled.list, `${scrolled.rows} rows in the page, ${scrolled.list.filter(t => t > 34).length} of ${scrolled.list.length} frames late; ${scrolled.height} px`);
await close();
