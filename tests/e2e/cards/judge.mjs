// Judges the messages in a folder (slack-*.json, teams-*.json): by Slack's own types, by Microsoft's
// own renderer, by the documented limits, and by what a payee's words must not become. Draws each
// Adaptive Card in Chromium. Sentences as TAP. Usage: judge.mjs FOLDER PICTURES
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { slack, teams, TEAMS_BYTES } from './limits.mjs';

const [folder, pictures] = process.argv.slice(2);
const home = process.env.CLOSEGATE_CARDS;
const require = createRequire(`${home}/package.json`);
const ts = require('typescript'), Ajv = require('ajv').default;
const A = require('./node_modules/adaptivecards/dist/adaptivecards.js');
const ajv = new Ajv({ allErrors: true, strict: false });
const fits = { slack: ajv.compile(slack), teams: ajv.compile(teams) };
const files = kind => readdirSync(folder).filter(f => f.startsWith(kind + '-')).sort();
const load = f => JSON.parse(readFileSync(join(folder, f), 'utf8'));
let failed = 0;

function check(sentence, wrong) {
    const all = [wrong].flat().filter(Boolean);
    failed += all.length > 0;
    console.log(`${all.length ? 'not ok' : 'ok'} - ${sentence}${all.length ? ' # ' + all.slice(0, 5).join('; ').replace(/\s+/g, ' ').slice(0, 600) : ''}`);
}
const complaints = kind => fits[kind].errors?.filter(e => e.keyword !== 'if')
    .map(e => `${e.instancePath} ${e.message}`);

/** Every string of a tree. */
function* strings(node) {
    if (typeof node === 'string') yield node;
    else if (node && typeof node === 'object') for (const v of Object.values(node)) yield* strings(v);
}

// ---- Slack ----

/** What Slack's own types say of the blocks, as the compiler would to whoever writes them. */
function typed(message) {
    const name = join(home, 'message.ts');
    const source = `import type { KnownBlock } from '@slack/types';\n`
        + `export const blocks: KnownBlock[] = ${JSON.stringify(message.blocks)};\n`;
    const options = { strict: true, noEmit: true, types: [], skipLibCheck: true,
        module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
    const host = ts.createCompilerHost(options), read = host.getSourceFile.bind(host);
    host.getSourceFile = (f, ...more) => f === name
        ? ts.createSourceFile(f, source, ts.ScriptTarget.Latest) : read(f, ...more);
    return ts.getPreEmitDiagnostics(ts.createProgram([name], options, host))
        .map(d => ts.flattenDiagnosticMessageText(d.messageText, ' '));
}

function ids(message) {
    const seen = new Set(), wrong = [];
    for (const b of message.blocks) {
        if (seen.has(b.block_id)) wrong.push(`twice block ${b.block_id}`);
        seen.add(b.block_id);
        const actions = (b.elements ?? []).map(e => e.action_id).filter(Boolean);
        if (new Set(actions).size !== actions.length) wrong.push(`twice an action in ${b.block_id}`);
    }
    return wrong;
}

/** The only markup in it is our own date. */
const inertSlack = message => [...strings(message)].flatMap(s =>
    (s.replace(/<!date\^\d+\^\{date_short_pretty\} \{time\}\|[^<>]+>/g, '').match(/[<>]/g) ?? [])
        .map(() => s.slice(0, 80)).concat(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
            .test(s) ? [`a hidden character in ${s.slice(0, 60)}`] : []));

// ---- Teams ----

function parsed(content) {
    const version = new A.Version(1, 5), card = new A.AdaptiveCard(version);
    const context = new A.SerializationContext(version), wrong = [];
    card.parse(content, context);
    for (let i = 0; i < context.eventCount; i++) wrong.push(context.getEventAt(i).message);
    return wrong.concat(card.validateProperties().validationEvents.map(e => e.message));
}

const inertTeams = content => [...strings(content.body)].flatMap(s =>
    (s.replace(/\{\{(DATE\([^(){}]*, SHORT|TIME\([^(){}]*)\)\}\}/g, '').includes('{{') ? [s] : []));

async function draw(page, content, picture) {
    await page.setContent('<!doctype html><meta charset="utf-8"><style>body{margin:16px;background:'
        + '#f5f5f5;font-family:sans-serif}#card{background:#fff;border:1px solid #ddd;padding:4px;'
        + 'width:480px}</style><div id="card"></div>');
    const dist = join(home, 'node_modules/adaptivecards/dist');
    await page.addStyleTag({ path: join(dist, 'adaptivecards.css') });
    await page.addScriptTag({ path: join(dist, 'adaptivecards.min.js') });
    const seen = await page.evaluate(json => {
        const { AdaptiveCards } = window, made = new AdaptiveCards.AdaptiveCard();
        AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
            const span = document.createElement('span');
            span.textContent = text.replace(/\\(.)/g, '$1'); // as CommonMark's escapes read
            result.outputHtml = span.innerHTML;
            result.didProcess = true;
        };
        made.parse(JSON.parse(json));
        document.getElementById('card').append(made.render());
        return { text: document.body.innerText, buttons: document.querySelectorAll('.ac-pushButton').length,
            foreign: document.querySelectorAll('#card script, #card img, #card svg, #card a').length,
            pwned: window.pwned === 1 };
    }, JSON.stringify(content));
    await page.locator('#card').screenshot({ path: picture });
    return seen;
}

async function browser() {
    const { chromium } = require('playwright-core');
    return chromium.launch({ executablePath: process.env.CLOSEGATE_CHROMIUM, args: ['--no-sandbox',
        '--disable-gpu', '--disable-dev-shm-usage', '--no-pings', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--host-resolver-rules=MAP * ~NOTFOUND'] });
}

// ---- all of them ----

for (const f of files('slack')) {
    const m = load(f);
    check(`${f}: Slack's types take it`, typed(m));
    check(`${f}: within the documented limits`, fits.slack(m) ? [] : complaints('slack'));
    check(`${f}: every id once`, ids(m));
    check(`${f}: nothing of a payee's acts`, inertSlack(m));
}
const wrong = { type: 'header', text: { type: 'mrkdwn', text: 'x' } };
check('a header of mrkdwn would be refused by both', typed({ blocks: [wrong] }).length > 0
    && !fits.slack({ channel: 'C1', text: 'x', blocks: [wrong] }) ? [] : ['it is not']);
mkdirSync(pictures, { recursive: true });
const chromium = process.env.CLOSEGATE_CHROMIUM ? await browser() : null;
const page = await chromium?.newPage({ viewport: { width: 540, height: 800 } });
for (const f of files('teams')) {
    const m = load(f), content = m.attachments[0].content, bytes = Buffer.byteLength(JSON.stringify(m));
    check(`${f}: Microsoft's renderer takes it`, parsed(content));
    check(`${f}: within the documented limits`, fits.teams(m) ? [] : complaints('teams'));
    check(`${f}: ${bytes} bytes are few enough`, bytes > TEAMS_BYTES ? ['too many'] : []);
    check(`${f}: nothing of a payee's is a template`, inertTeams(content));
    if (!page) continue;
    const seen = await draw(page, content, join(pictures, f.replace('.json', '.png')));
    check(`${f}: drawn with its link, and nothing of a payee's acts`, seen.foreign || seen.pwned
        || seen.buttons !== 1 || !seen.text.includes('Digest code') ? [JSON.stringify(seen)] : []);
}
check('a card with an unknown element would be refused', parsed({ type: 'AdaptiveCard', version: '1.5',
    body: [{ type: 'TextBlok', text: 'x' }] }).length > 0 ? [] : ['it is not']);
await chromium?.close();
process.exit(failed ? 1 : 0);
