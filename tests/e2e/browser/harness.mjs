// What every story uses: Chromium as Debian has it, with nothing that could leave the machine; people
// at windows; sentences as TAP; pictures; axe. Paths and addresses come from tests/lib/browser.py.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const env = process.env;
export const require = createRequire(`${env.CLOSEGATE_BROWSER}/package.json`);
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const url = env.CLOSEGATE_AGENT;
export const origin = new URL(url ?? 'http://127.0.0.1').origin;
const pictures = join(env.CLOSEGATE_ARTEFACTS, 'screens');
mkdirSync(pictures, { recursive: true });

// no name but this machine's is resolved, no service of the browser's maker is spoken to
const FLAGS = [
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-quic', '--no-pings',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--disable-domain-reliability', '--disable-client-side-phishing-detection',
    '--disable-default-apps', '--disable-extensions', '--no-first-run', '--no-default-browser-check',
    '--metrics-recording-only', '--force-color-profile=srgb', '--hide-scrollbars',
    '--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater',
];

// how many times slower than this machine the pages run: CLOSEGATE_BROWSER_SLOW=8 finds what races
const SLOW = Number(env.CLOSEGATE_BROWSER_SLOW ?? 1);

let browser;
export async function open() {
    browser = await chromium.launch({ executablePath: env.CLOSEGATE_CHROMIUM, args: FLAGS });
    return browser;
}
export const close = () => browser?.close();

// ---- sentences ----

let failed = 0;
export function check(sentence, good, said = '') {
    const text = typeof said === 'string' ? said : JSON.stringify(said);
    if (!good) failed++;
    // what was said must not look like a sentence of its own
    console.log(`${good ? 'ok' : 'not ok'} - ${sentence}${good ? '' : ` # ${String(text).replace(/\s+/g, ' ').slice(0, 500)}`}`);
}
// That it comes to hold: what a screen shows after an answer from elsewhere is asked for until it is so.
export async function comes(sentence, holds, said = () => '') {
    const until = Date.now() + 15000 * SLOW;
    let good = false, seen;
    for (;;) {
        try {
            good = await holds();
            seen = undefined;
        } catch (e) {
            seen = e.message;
        }
        if (good || Date.now() > until) break;
        await new Promise(done => setTimeout(done, 50));
    }
    check(sentence, good, good ? '' : (seen ?? (await said())));
}
export const note = text => console.log(`# ${text}`);

// ---- elsewhere ----

// Something that happens beside the browser: the engine's end, another person, a signed request.
export async function desk(name, body = {}) {
    const reply = await fetch(`${env.CLOSEGATE_DESK}/${name}`, { method: 'POST', body: JSON.stringify(body) });
    const { said, error } = await reply.json();
    if (error) throw new Error(`desk ${name}: ${error}`);
    return said;
}
export const api = (person, method, path, body) => desk('api', { person, method, path, body });

// ---- people at windows ----

// A window of somebody's own. What it asked for elsewhere, what its console said and what its policy
// stopped is in `trouble`.
export async function windowOf(options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'Europe/Berlin',
        colorScheme: 'light', reducedMotion: 'reduce', ...options,
    });
    context.setDefaultTimeout(30000);
    const page = await context.newPage();
    if (SLOW > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: SLOW });
    page.trouble = [];
    page.on('console', m => {
        // a status that the screen itself handles is no trouble
        if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) page.trouble.push(m.text());
    });
    page.on('pageerror', e => page.trouble.push(`pageerror ${e.message}`));
    page.on('request', r => {
        const to = new URL(r.url());
        if (to.origin !== origin && !/^(data|blob|file):$/.test(to.protocol)) page.trouble.push(`asks ${r.url()}`);
    });
    await page.addInitScript(() => {
        window.stopped = [];
        document.addEventListener('securitypolicyviolation', e => window.stopped.push(`${e.effectiveDirective} ${e.blockedURI} ${e.sample}`));
    });
    return page;
}

export async function signIn(page, person, path = '/') {
    await page.goto(url + path);
    await page.getByRole('button', { name: `Continue as ${person}` }).click();
    await page.getByRole('navigation').first().waitFor();
    return page;
}

// Nothing is on its way any more, and nothing says that it is loading.
export async function settled(page) {
    await page.waitForLoadState('domcontentloaded');
    // drawn at all: until the session is known there is nothing, and no screen has set the title
    await page.waitForFunction(() => document.title !== 'closegate' && document.querySelector('h1') && !document.querySelector('[aria-busy="true"], .loading'), null, { timeout: 30000 }).catch(() => {});
    await page.waitForTimeout(150);
}

export async function picture(page, name) {
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: false }).catch(e => note(`no picture ${name}: ${e.message}`));
}
export const keep = (name, text) => writeFileSync(join(env.CLOSEGATE_ARTEFACTS, name), text);

// ---- what judges a page ----

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// The violations of that impact and worse, a line each.
export async function axe(page, impacts = ['serious', 'critical']) {
    await page.evaluate(axeSource); // outside the page's own policy
    const found = await page.evaluate(tags => globalThis.axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }), TAGS);
    return found.violations.filter(v => impacts.includes(v.impact))
        .map(v => `${v.impact} ${v.id} ×${v.nodes.length} ${v.nodes[0].target.join(' ')}: ${v.nodes[0].any?.[0]?.message ?? v.help}`);
}

// Pixels by which the page is wider than its window.
export const overflow = page => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

// ---- stories ----

// Each by itself: what one breaks, the next does not feel.
export async function tell(stories) {
    const only = env.CLOSEGATE_STORY;
    for (const [name, story] of Object.entries(stories)) {
        if (only && !name.includes(only)) continue;
        const began = Date.now();
        const pages = [];
        const a = async (person, path, options) => {
            const page = await windowOf(options);
            pages.push(page);
            return person ? signIn(page, person, path) : page;
        };
        try {
            await story(a);
            const trouble = pages.flatMap(p => p.trouble);
            check(`${name}: no error in any console, nothing asked for elsewhere`, trouble.length === 0, trouble);
        } catch (e) {
            check(`${name}: to its end`, false, e.stack ?? e);
            for (const [i, page] of pages.entries()) await picture(page, `broken-${name.replace(/\W+/g, '-')}-${i}`);
        }
        for (const page of pages) await page.context().close().catch(() => {});
        note(`${name}: ${Date.now() - began} ms`);
    }
    return failed;
}
