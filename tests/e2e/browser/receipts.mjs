// Receipts: verified where a decision is recorded, refused when anything was changed on the way, and
// checked by others without us. usage: by tests/e2e/browser_receipts.py
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { api, axe, check, close, comes, desk, note, open, overflow, picture, settled, tell, url } from './harness.mjs';

const env = process.env;
const words = page => page.getByRole('textbox', { name: /reason/i }).last();
const lastLine = page => page.getByLabel('The open item').getByRole('status').first();
const alarm = page => page.getByRole('alert').filter({ hasText: 'does not verify' }).first();
const header = page => page.getByRole('banner').getByRole('link', { name: /verif/ });
const receiptOf = page => page.getByRole('article').locator('.receipt');
// A response as it comes, changed on its way.
const change = (page, path, make) => page.route(path, async route => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ response, json: (await make(body, response.status())) ?? body });
});

const taken = new Set();
async function one() {
    const { body } = await api('sam', 'POST', 'tools/list_pending_escalations', { limit: 200 });
    const e = body.escalations.find(w => w.reason === 'ACCOUNT_FORCED_HUMAN' && !taken.has(w.escalation_id));
    if (!e) throw new Error('nothing waits that fits this story');
    taken.add(e.escalation_id);
    return e;
}
async function confirmed(page) {
    const e = await one();
    await page.goto(`${url}/inbox/${e.escalation_id}`);
    await page.getByRole('group', { name: 'Decide' }).waitFor();
    await words(page).fill('Agrees with the statement.');
    await page.getByRole('group', { name: 'Decide' }).getByRole('button', { name: /^Confirm/ }).first().click();
    await lastLine(page).getByText('recorded').waitFor();
    return e;
}
const decidedSeq = async id => (await api('sam', 'GET', `escalations/${id}`)).body.escalation.decided.seq;

// What is downloaded by a press, as a path.
async function saved(page, name, form) {
    const [got] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
    const path = join(env.CLOSEGATE_ARTEFACTS, got.suggestedFilename());
    await got.saveAs(path);
    check(`download: the file is called after the book and the event, ${form}`, new RegExp(`^closegate-book_\\w+-\\d+\\.${form}$`).test(got.suggestedFilename()), got.suggestedFilename());
    return path;
}

const stories = {
    'a receipt with each decision': async a => {
        const page = await a('maria', '/inbox');
        const e = await confirmed(page);
        await lastLine(page).getByText('verified', { exact: true }).waitFor();
        const said = await lastLine(page).innerText();
        check('receipt: what was recorded says its number, its code and that it is verified', /#\d/.test(said) && said.includes(e.code) && /verified/.test(said), said);
        await picture(page, 'receipt-last-decision');
        const seq = await decidedSeq(e.escalation_id);
        const id = (await desk('vkey')).split('+')[1];

        await page.goto(`${url}/inbox/${e.escalation_id}`);
        await page.getByText(`Verified in this browser against key ${id}`).waitFor();
        check('receipt: a settled item shows it too, with the key it was verified against', true);

        await page.goto(`${url}/audit/${seq}`);
        const receipt = receiptOf(page);
        await receipt.getByText(`Verified in this browser against key ${id}`).waitFor();
        check('receipt: nothing of it is unfolded before it is asked for', !(await receipt.getByText('Path to the root').isVisible()));
        await receipt.locator('summary').focus();
        await page.keyboard.press('Enter');
        const facts = await receipt.innerText();
        check('receipt: log, place, root, path and key are unfolded by keyboard', ['Root', 'Path to the root', 'Event’s hash', `closegate/book_`].every(w => facts.includes(w)), facts);
        check('receipt: it says that the key is the server’s word until somebody compares it', /server’s word/.test(facts), facts);
        await picture(page, 'receipt-event');
        const vkey = await desk('vkey');
        for (const [name, form] of [[/Receipt \(\.json\)/, 'json'], [/C2SP proof/, 'tlog-proof']]) {
            const path = await saved(page, name, form);
            const { exit, said: report } = await desk('verify', { path, key: vkey });
            check(`download: closegate-verify accepts the ${form} file`, exit === 0, report);
            const text = readFileSync(path, 'utf8');
            check(`download: the ${form} file is the bytes and no mark before them`, /^[{c]/.test(text), text.slice(0, 20));
        }
        for (const [look, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 844 } }]]) {
            const other = await a('maria', `/audit/${seq}`, options);
            await receiptOf(other).getByText(/Verified in this browser/).waitFor();
            await receiptOf(other).locator('summary').click();
            await settled(other);
            const found = await axe(other);
            check(`receipt: axe has nothing serious to say about it, ${look}`, found.length === 0, found);
            check(`receipt: it is no wider than the window, ${look}`, (await overflow(other)) <= 0, await overflow(other));
            await picture(other, `receipt-${look}`);
        }
        await page.emulateMedia({ media: 'print' });
        check('receipt: on paper it stands too, without its buttons', (await receipt.getByText(/Verified in this browser/).isVisible()) && !(await page.getByRole('button', { name: /C2SP proof/ }).isVisible()));
    },

    'a receipt that was changed': async a => {
        const page = await a('maria', '/inbox');
        // the answer to the decision is changed on its way: another reason than the one recorded
        await change(page, '**/escalations/*/decision', body => ({ ...body, receipt: { ...body.receipt, event: body.receipt.event.replace('Agrees with', 'Does not agree with') } }));
        const e = await confirmed(page);
        await lastLine(page).getByText('receipt does not verify').waitFor();
        check('changed: the answer to a decision whose receipt was edited says so where it is recorded', true);
        await picture(page, 'receipt-changed');
        await page.unrouteAll({ behavior: 'wait' });
        const seq = await decidedSeq(e.escalation_id);

        const forged = {
            'one letter of the event': r => ({ ...r, event: r.event.replace('"maria', '"naria').replace('human:maria', 'human:naria') }),
            'the proof of another': async (r, s) => ({ ...r, proof: JSON.parse(await desk('prove', { seq: s - 1, form: 'json' })).proof }),
            'the whole receipt of another event': async (r, s) => JSON.parse(await desk('prove', { seq: s - 1, form: 'json' })),
            'another number': r => ({ ...r, index: r.index - 1 }),
            'no signature': r => ({ ...r, checkpoint: r.checkpoint.split('\n\n')[0] + '\n\n' }),
            'a larger log': r => ({ ...r, checkpoint: r.checkpoint.replace(/\n(\d+)\n/, (_, n) => `\n${Number(n) + 1}\n`) }),
            'an extra member': r => ({ ...r, verified: true }),
        };
        for (const [what, forge] of Object.entries(forged)) {
            await page.unrouteAll({ behavior: 'wait' });
            await change(page, `**/audit/${seq}/receipt`, body => forge(body, seq));
            await page.goto(`${url}/audit/${seq}`);
            await receiptOf(page).getByText(/This receipt does not verify|Verified in this browser/).waitFor();
            check(`changed: a receipt with ${what} is refused`, await receiptOf(page).getByText('This receipt does not verify').isVisible());
        }
        await picture(page, 'receipt-refused');
        check('changed: what is refused cannot be downloaded as a receipt', (await receiptOf(page).locator('details, button').count()) === 0);
        const found = await axe(page);
        check('changed: axe has nothing serious to say about it', found.length === 0, found);
        await page.unrouteAll({ behavior: 'wait' });
        await page.route(`**/audit/${seq}/receipt`, route => route.fulfill({ status: 404, json: { error: 'missing', message: 'there is no such resource' } }));
        await page.goto(`${url}/audit/${seq}`);
        await receiptOf(page).getByText('No receipt').waitFor();
        check('changed: where there is no receipt it says so, and not that all is well', !(await receiptOf(page).innerText()).includes('erified in'));
        page.trouble.length = 0;
    },

    'a receipt with each of several': async a => {
        const { body } = await api('sam', 'POST', 'tools/list_pending_escalations', { limit: 200 });
        const fits = body.escalations.filter(e => e.tool === 'confirm_match' && Number(e.amount) < 5000 && e.currency === 'USD' && !taken.has(e.escalation_id) && !/brackwater/i.test(JSON.stringify(e)));
        const two = Object.values(Object.groupBy(fits, e => e.pointer)).find(g => g.length > 1).slice(0, 2);
        two.forEach(e => taken.add(e.escalation_id));
        const page = await a('maria', '/inbox');
        await page.getByRole('group', { name: 'Decide' }).waitFor();
        for (const e of two) {
            await page.getByPlaceholder(/Words, code/).fill(e.code);
            await page.getByRole('checkbox', { name: `Select ${e.code}` }).check();
        }
        await page.getByPlaceholder(/Words, code/).fill('');
        const bar = page.getByRole('region', { name: 'Selected items' });
        await bar.getByRole('textbox').fill('Both lines were seen on the statement.');
        await bar.getByRole('button', { name: 'Confirm 2' }).click();
        await bar.getByText('verified', { exact: true }).nth(1).waitFor();
        await comes('several: each has a receipt of its own, verified where it stands', async () => (await bar.getByText('verified', { exact: true }).count()) === 2, () => bar.innerText());
        await picture(page, 'receipt-several');
    },

    'how far the log is verified': async a => {
        const page = await a('maria', '/inbox');
        await header(page).filter({ hasText: 'verified to' }).waitFor();
        const sizeOf = async () => Number((await header(page).innerText()).match(/#([\d,]+)/)?.[1].replace(/,/g, ''));
        const before = await sizeOf();
        await confirmed(page);
        await page.waitForFunction(was => Number(document.querySelector('header a[href*="log-key"]')?.textContent.match(/#([\d,]+)/)?.[1].replace(/,/g, '')) > was, before);
        const kept = () => page.evaluate(() => JSON.parse(localStorage.getItem(Object.keys(localStorage).find(k => k.startsWith('closegate.log.')))));
        const now = await kept();
        check('header: it moves on with each decision, and the browser keeps what it verified', now.head.size > before && typeof now.head.root === 'string', [before, now]);

        await header(page).click();
        const key = page.locator('#log-key');
        await key.getByText(/continues the .* events|is the one this browser had verified/).waitFor();
        await key.getByRole('button', { name: /I have compared it/ }).click();
        await key.getByText(/You compared it/).waitFor();
        check('header: the key is compared by a person, and the browser remembers', typeof (await kept()).compared === 'string', await kept());
        await picture(page, 'receipt-log-key');
        const found = await axe(page);
        check('header: axe has nothing serious to say about the key', found.length === 0, found);

        // a head that is signed, and older than what was seen: the log was cut
        const cut = await desk('prove', { seq: before - 3, form: 'json' });
        const old = JSON.parse(cut).checkpoint;
        await change(page, '**/audit/checkpoint', () => ({ checkpoint: old, size: 0, root: '' }));
        await page.goto(`${url}/inbox`);
        const size = Number(old.split('\n')[1]);
        if (size < now.head.size) {
            await alarm(page).waitFor();
            check('cut: a log that is shorter than what this browser saw is said on every screen', /has \d+ events; this browser has seen \d+/.test(await alarm(page).innerText()), await alarm(page).innerText());
            check('cut: and cannot be put away', (await alarm(page).getByRole('button').count()) === 0);
            check('cut: the header says it in words', await page.getByRole('banner').getByText('the audit log does not verify').isVisible());
            await picture(page, 'receipt-log-cut');
            const phone = await axe(page);
            check('cut: axe has nothing serious to say about the alarm', phone.length === 0, phone);
        } else check('cut: an older head was there to show', false, [size, now.head.size]);
        await page.unrouteAll({ behavior: 'wait' });

        // the same size or later, but not the same history: the proof does not fit what was kept
        await page.evaluate(() => Object.keys(localStorage).filter(k => k.startsWith('closegate.log.')).forEach(k => { const v = JSON.parse(localStorage[k]); v.head.root = btoa(String.fromCharCode(...new Uint8Array(32).fill(7))); localStorage[k] = JSON.stringify(v); }));
        await page.goto(`${url}/health`);
        await alarm(page).waitFor();
        check('fork: a log that does not begin as it did is said on every screen', /does not begin with/.test(await alarm(page).innerText()), await alarm(page).innerText());
        await alarm(page).getByRole('link').click();
        await page.getByRole('checkbox', { name: /It is known why/ }).check();
        await page.getByRole('button', { name: /Forget what this browser knew/ }).click();
        await header(page).filter({ hasText: 'verified to' }).waitFor();
        await comes('fork: who knows why starts over, and not before they said so', async () => (await alarm(page).count()) === 0);
    },

    'another key': async a => {
        const page = await a('sam', '/inbox');
        await header(page).filter({ hasText: 'verified to' }).waitFor();
        const stranger = await desk('another_log');
        await change(page, '**/audit/keys', () => ({ format: 'closegate-key-chain/1', statements: [stranger.chain] }));
        await page.goto(`${url}/inbox`);
        await alarm(page).waitFor();
        const said = await alarm(page).innerText();
        check('key: one that nobody signed for is said on every screen, with both keys', said.includes(stranger.vkey.split('+')[1]) && said.includes((await desk('vkey')).split('+')[1]), said);
        await page.unrouteAll({ behavior: 'wait' });
        await page.goto(`${url}/inbox`);
        await header(page).filter({ hasText: 'verified to' }).waitFor();

        const old = (await desk('vkey')).split('+')[1];
        await desk('rotate');
        const now = (await desk('vkey')).split('+')[1];
        await page.reload();
        await header(page).filter({ hasText: 'verified to' }).waitFor();
        await header(page).click();
        await page.locator('#log-key').getByText(/Since then the log has changed its key/).waitFor();
        check('key: one that the old key signed for is followed without a question, and told', now !== old && (await page.locator('#log-key').innerText()).includes(now), [old, now]);
        const e = await confirmed(page);
        await lastLine(page).getByText('verified', { exact: true }).waitFor();
        await page.goto(`${url}/audit/${await decidedSeq(e.escalation_id)}`);
        await receiptOf(page).getByText(`Verified in this browser against key ${now}`).waitFor();
        await page.goto(`${url}/audit/3`);
        await receiptOf(page).getByText(`Verified in this browser against key ${old}`).waitFor();
        check('key: what was signed before and after the change verifies, each by its key', true);
        await picture(page, 'receipt-key-changed');
    },

    'where it cannot be told': async a => {
        const page = await a(null);
        await page.addInitScript(() => Object.defineProperty(crypto, 'subtle', { value: undefined }));
        await page.goto(`${url}/`);
        await page.getByRole('button', { name: 'Continue as maria' }).click();
        await header(page).filter({ hasText: 'log not verified here' }).waitFor();
        check('unknown: a page without cryptography says that it has not verified the log', (await alarm(page).count()) === 0);
        await page.goto(`${url}/audit/3`);
        await receiptOf(page).getByText(/cannot be told here/).waitFor();
        check('unknown: and of a receipt neither yes nor no', !/does not verify|Verified in/.test(await receiptOf(page).innerText()), await receiptOf(page).innerText());
        const found = await axe(page);
        check('unknown: axe has nothing serious to say about it', found.length === 0, found);
    },

    'a page without us': async a => {
        const [json, proof] = await Promise.all(['json', 'tlog-proof'].map(form => desk('prove', { seq: 5, form })));
        const [vkey, chain] = [await desk('vkey'), await desk('chain')];
        const first = chain.match(/new (closegate[^\\]+)\\n/)[1];
        for (const [where, address, options] of [['from the agent', `${url}/verify.html`, {}], ['from a file', pathToFileURL(env.CLOSEGATE_PAGE).href, {}], ['dark, from a file', pathToFileURL(env.CLOSEGATE_PAGE).href, { colorScheme: 'dark' }], ['on a phone', `${url}/verify.html`, { viewport: { width: 390, height: 844 } }]]) {
            const page = await a(null, null, options);
            const asks = [];
            page.on('request', r => r.url() !== address && !r.url().startsWith('data:') && asks.push(r.url()));
            await page.goto(address);
            const result = page.locator('#result');
            const verdict = result.locator('.verdict strong');
            const give = async (text, key) => {
                await page.getByLabel('Text of the receipt').fill(text);
                await page.getByLabel('Key', { exact: true }).fill(key);
                await page.locator('#result:not([aria-busy])').waitFor();
                return verdict.innerText();
            };
            await page.getByLabel('Text of the receipt').fill(json);
            await page.locator('#result:not([aria-busy])').waitFor();
            check(`without us, ${where}: nothing is said before there is a key`, (await verdict.count()) === 0 && /the key is missing/.test(await result.innerText()), await result.innerText());
            check(`without us, ${where}: the receipt verifies against the key it was given`, (await give(json, first)) === 'Verified', await result.innerText());
            const told = await result.innerText();
            check(`without us, ${where}: it says which event of which log, and who signed`, /event 5 of the log closegate\/book_/.test(told) && told.includes(first.split('+')[1]), told);
            await picture(page, `receipt-verify-${where.replace(/\W+/g, '-')}`);
            check(`without us, ${where}: the C2SP proof does, too`, (await give(proof, first)) === 'Verified', await result.innerText());
            const r = JSON.parse(json);
            const forged = [
                JSON.stringify({ ...r, event: r.event.replace('"seq":5', '"seq":6') }), JSON.stringify({ ...r, index: 5 }),
                JSON.stringify({ ...r, hash_prev: r.hash_prev.replace(/^./, c => (c === 'a' ? 'b' : 'a')) }),
                JSON.stringify({ ...r, proof: r.proof.slice(1) }), json.replace('{', '{"index":4,'),
                proof.replace('index 4', 'index 3'), proof.replace(/\n— [^\n]+\n$/, '\n'), json.slice(0, -20),
            ];
            let refused = 0;
            // the good one between any two, so that no answer is that of the one before
            for (const text of forged) refused += (await give(text, first)) === 'Not verified' && (await give(json, first)) === 'Verified';
            check(`without us, ${where}: of ${forged.length} forged ones each is refused`, refused === forged.length, refused);
            const stranger = await desk('another_log');
            check(`without us, ${where}: against another key it does not verify`, (await give(json, stranger.vkey)) === 'Not verified');
            check(`without us, ${where}: words that are no key are refused with words`, (await give(json, 'trust me')) === 'Not verified' && /key/.test(await result.innerText()));
            // the key has changed since: the newest alone does not do, with the chain it does
            if (vkey !== first) {
                check(`without us, ${where}: today’s key alone did not sign it`, (await give(json, vkey)) === 'Not verified');
                await page.getByText('The log has changed its key since').click();
                await page.getByLabel('Key chain').fill(chain);
                check(`without us, ${where}: with the key chain it verifies`, (await give(json, vkey)) === 'Verified', await result.innerText());
            }
            const found = await axe(page);
            check(`without us, ${where}: axe has nothing serious to say`, found.length === 0, found);
            check(`without us, ${where}: it asked for nothing, and its policy stopped nothing`, asks.length === 0 && (await page.evaluate(() => window.stopped.length)) === 0, [asks, await page.evaluate(() => window.stopped)]);
            check(`without us, ${where}: it is no wider than the window`, (await overflow(page)) <= 0, await overflow(page));
        }
        const page = await a(null);
        await page.goto(pathToFileURL(env.CLOSEGATE_PAGE).href);
        await page.getByLabel('Key', { exact: true }).fill(first);
        const drop = await page.evaluateHandle(([text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], 'receipt.json', { type: 'application/json' }));
            return data;
        }, [json]);
        await page.dispatchEvent('body', 'drop', { dataTransfer: drop });
        await page.locator('.verdict strong').filter({ hasText: /^Verified$/ }).waitFor();
        check('without us: a file that is dropped is checked', true);
        const hostile = JSON.parse(json);
        await page.getByLabel('Text of the receipt').fill(JSON.stringify({ ...hostile, '<img src=x onerror=window.pwned=1>': 1 }));
        await page.locator('.verdict strong').filter({ hasText: 'Not verified' }).waitFor();
        check('without us: what a receipt says is text, whatever it says', !(await page.evaluate(() => window.pwned)));
        const sent = await page.evaluate(() => fetch('https://example.invalid/').then(() => 'sent', () => 'stopped'));
        check('without us: the page could not send anything if it wanted to', sent === 'stopped' && (await page.evaluate(() => window.stopped.some(s => s.startsWith('connect-src')))), sent);
        page.trouble.length = 0;
    },
};

note('receipts');
await open();
const failed = await tell(stories);
await close();
process.exit(failed ? 1 : 0);
