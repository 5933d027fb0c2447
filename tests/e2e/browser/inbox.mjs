// The inbox: what a controller does all day, and what happens to them there.
import { api, check, comes, desk, note, picture, url } from './harness.mjs';

const idOf = page => new URL(page.url()).pathname.split('/')[2] ?? '';
const words = page => page.getByRole('textbox', { name: /reason|question|answer/i }).last();
const button = (page, name) => page.getByRole('group', { name: 'Decide' }).getByRole('button', { name });
const lastLine = page => page.getByLabel('The open item').getByRole('status').first();

// Whole, with all that is bound.
export async function waiting() {
    const { status, body } = await api('sam', 'POST', 'tools/list_pending_escalations', { limit: 200 });
    if (status !== 200) throw new Error(`what waits: ${status} ${JSON.stringify(body)}`);
    return body.escalations;
}
// One that a single controller may confirm, not used by another story.
const taken = new Set();
async function one(fits = e => e.reason === 'ACCOUNT_FORCED_HUMAN') {
    const found = (await waiting()).find(e => fits(e) && !taken.has(e.escalation_id) && !/brackwater/i.test(JSON.stringify(e)));
    if (!found) throw new Error('nothing waits that fits this story');
    taken.add(found.escalation_id);
    return found;
}
async function opened(page, e) {
    await page.goto(`${url}/inbox/${e.escalation_id}`);
    await page.getByRole('group', { name: 'Decide' }).waitFor();
    return page;
}
const state = async id => (await api('sam', 'GET', `escalations/${id}`)).body.escalation;

// Presses, gives words where they are asked for, and waits until it is recorded.
async function decideByKey(page, key, reason) {
    const id = idOf(page);
    await page.keyboard.press(key);
    // some acts ask for words first, some go out at once
    const asked = await page.waitForFunction(was => (location.pathname.split('/')[2] !== was ? 'gone' : document.activeElement?.tagName === 'TEXTAREA' && 'words'), id);
    if (await asked.jsonValue() === 'words') {
        await page.keyboard.type(reason);
        await page.keyboard.press('Control+Enter');
    }
    await page.waitForFunction(was => location.pathname.split('/')[2] !== was, id);
}

export const inbox = {
    'one screen to decide from': async a => {
        const page = await a('maria', '/inbox');
        await page.getByRole('group', { name: 'Decide' }).waitFor();
        const seen = await page.evaluate(() => {
            const title = document.getElementById('pane-title');
            const sizes = [...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && e.childNodes.length && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
                .map(e => parseFloat(getComputedStyle(e).fontSize));
            const box = e => e.getBoundingClientRect();
            return {
                largest: parseFloat(getComputedStyle(title).fontSize) >= Math.max(...sizes),
                title: box(title).bottom <= innerHeight,
                clause: [...document.querySelectorAll('blockquote, [class*=clause]')].some(e => box(e).bottom <= innerHeight),
                buttons: [...document.querySelectorAll('[role=group][aria-label=Decide] button')].every(e => box(e).bottom <= innerHeight && box(e).top >= 0),
            };
        });
        check('one screen: what will happen is the largest thing on it', seen.largest, seen);
        check('one screen: act, clause and buttons are in sight at 1280 by 800 without scrolling', seen.title && seen.clause && seen.buttons, seen);
        const e = (await api('maria', 'GET', `escalations/${idOf(page)}`)).body.escalation;
        const text = await page.locator('main').innerText();
        check('one screen: the clause is there word for word, with its pointer and the digest code',
            text.includes(e.clause) && text.includes(e.pointer) && text.includes(e.code), { clause: e.clause, pointer: e.pointer, code: e.code });
        await picture(page, 'inbox-decide');
    },

    'several at once': async a => {
        const groups = Object.groupBy((await waiting()).filter(e => e.tool === 'confirm_match' && Number(e.amount) < 5000 && e.currency === 'USD' && !/brackwater/i.test(JSON.stringify(e))), e => e.pointer);
        const two = Object.values(groups).find(g => g.length > 1).slice(0, 2);
        const other = (await waiting()).find(e => e.pointer !== two[0].pointer && e.reason === 'MATERIALITY_OVER_THRESHOLD');
        two.forEach(e => taken.add(e.escalation_id));
        const page = await a('maria', '/inbox');
        await page.getByRole('group', { name: 'Decide' }).waitFor();
        const pick = async e => {
            await page.getByRole('searchbox').or(page.getByPlaceholder(/Words, code/)).first().fill(e.code);
            await page.getByRole('checkbox', { name: `Select ${e.code}` }).check();
        };
        for (const e of [...two, other]) await pick(e);
        await page.getByPlaceholder(/Words, code/).fill('');
        const bar = page.getByRole('region', { name: 'Selected items' });
        await bar.getByText(/2 of 3/).waitFor();
        const said = await bar.innerText();
        check('several: it says how many may be decided together, and why not all', /same clause|one clause/.test(said), said);
        await bar.getByRole('textbox').fill('All three lines were seen on the statement.');
        await picture(page, 'inbox-several');
        await bar.getByRole('button', { name: 'Confirm 2' }).click();
        await bar.getByText(/recorded|Confirmed/i).first().waitFor();
        await picture(page, 'inbox-several-done');
        let now;
        await comes('several: each is recorded as an event of its own', async () => {
            now = await Promise.all(two.map(e => state(e.escalation_id)));
            return now.every(e => e.state === 'APPROVED') && new Set(now.map(e => e.decided.seq)).size === 2;
        }, () => now.map(e => [e.state, e.decided]));
        check('several: what was under another clause still waits', (await state(other.escalation_id)).state === 'PENDING');
    },

    'triage ten by keyboard': async a => {
        const page = await a('maria', '/inbox?sort=sla');
        await page.getByRole('group', { name: 'Decide' }).waitFor();
        const before = new Set((await waiting()).map(e => e.escalation_id));
        const ways = { confirm: 0, reject: 0 };
        const times = [];
        for (let tries = 0; ways.confirm + ways.reject < 10 && tries < 30; tries++) {
            const { body } = await api('maria', 'GET', `escalations/${idOf(page)}`);
            const may = body.escalation.may?.confirm;
            // two people, a halted counterparty, the stories after this one: the next, please
            if (!may?.may || may.needs_another || taken.has(idOf(page)) || /HX-\d/.test(JSON.stringify(body.escalation.bound)) || body.escalation.tool !== 'confirm_match') {
                const was = idOf(page);
                await page.keyboard.press('j');
                await page.waitForFunction(id => location.pathname.split('/')[2] !== id, was);
                await page.getByRole('group', { name: 'Decide' }).waitFor();
                continue;
            }
            const key = (ways.confirm + ways.reject) % 4 === 3 ? 'r' : 'a';
            const began = Date.now();
            await decideByKey(page, key, key === 'r' ? 'Not the same payment.' : 'Agrees with the statement.');
            times.push(Date.now() - began);
            ways[key === 'r' ? 'reject' : 'confirm']++;
            await page.getByRole('group', { name: 'Decide' }).waitFor();
        }
        check('triage: ten are decided and no hand left the keyboard', ways.confirm + ways.reject === 10, ways);
        let text;
        await comes('triage: the last is said to be recorded, with its number and code', async () => {
            text = await lastLine(page).innerText();
            return /recorded/.test(text) && /#\d/.test(text) && /[0-9A-Z]{4}-[0-9A-Z]{4}/.test(text);
        }, () => text);
        await picture(page, 'inbox-triaged');
        const after = new Set((await waiting()).map(e => e.escalation_id));
        check('triage: ten fewer wait, in the book, too', [...before].filter(id => !after.has(id)).length === 10, [before.size, after.size]);
        note(`triage: a decision by keyboard, words included, took ${times.sort((x, y) => x - y)[5]} ms in the middle`);
    },

    'reject with reason': async a => {
        const e = await one();
        const page = await opened(await a('maria', '/'), e);
        await page.keyboard.press('r');
        await words(page).waitFor();
        check('reject: the words are asked for before anything happens', (await page.getByText('(needed here)').count()) > 0 && (await state(e.escalation_id)).state === 'PENDING');
        await page.keyboard.press('Control+Enter');
        await comes('reject: without words nothing goes out, and it says so', async () => await page.getByText(/Say why/).isVisible() && (await state(e.escalation_id)).state === 'PENDING');
        await page.keyboard.type('The invoice number is another one: 2611, not 2617.');
        await page.keyboard.press('Control+Enter');
        await lastLine(page).getByText('Rejected').waitFor();
        const now = await state(e.escalation_id);
        check('reject: recorded with the words', now.state === 'REJECTED' && now.decided?.rationale === 'The invoice number is another one: 2611, not 2617.', now);
        const event = (await api('maria', 'GET', `audit/${now.decided.seq}`)).body;
        check('reject: what was looked at, and since when, is in the book', /opened_at/.test(JSON.stringify(event)), event);
    },

    'refused own proposal': async a => {
        const e = await one();
        const asked = await api('maria', 'POST', 'tools/escalate_match', { match_id: e.object_id, rationale: 'please look', to: 'human:demo-user' });
        const page = await opened(await a('maria', '/'), e);
        const confirm = button(page, /Confirm/);
        await comes('own proposal: the button is off before it is pressed', async () => await confirm.getAttribute('aria-disabled') === 'true', () => asked);
        const why = await page.locator('footer').innerText();
        check('own proposal: and why is said beside it', /(yourself|you asked|own|requested)/i.test(why), why);
        await page.keyboard.press('a');
        await confirm.click({ force: true });
        await page.waitForTimeout(300);
        check('own proposal: pressing does nothing', (await state(e.escalation_id)).state === 'PENDING');
        await picture(page, 'inbox-own-proposal');
        const other = await opened(await a('demo-user', '/'), e);
        await decideByKey(other, 'a', 'Looked at it.');
        check('own proposal: somebody else confirms it', (await state(e.escalation_id)).state === 'APPROVED');
        await comes('own proposal: and she sees that, without asking', async () => (await page.locator('footer').innerText()).includes('recorded'), () => page.locator('footer').innerText());
    },

    'somebody was faster': async a => {
        const e = await one();
        const page = await a('maria', '/');
        await page.route('**/api/v1/events', route => route.abort()); // her window hears of nothing
        await opened(page, e);
        await words(page).fill('I have checked this one.');
        const first = await api('demo-user', 'POST', `escalations/${e.escalation_id}/decision`, { decision: 'confirm', digest: e.digest, rationale: 'mine', idempotency_key: 'faster-than-maria' });
        await button(page, /Confirm/).click();
        const told = page.getByRole('alert').filter({ hasText: /settled before|did nothing/i });
        await told.waitFor();
        const text = await told.innerText();
        check('faster: she is told that it was settled, by whom, and that her press did nothing', first.status === 200 && /Robin|demo-user/.test(text), text);
        check('faster: her words are still there', (await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes('I have checked this one.'));
        await picture(page, 'inbox-settled-before');
        page.trouble.length = 0; // the events were kept from her
    },

    'stale approval': async a => {
        const e = await desk('something_that_will_move');
        taken.add(e.escalation_id);
        const page = await a('demo-user', '/');
        await page.route('**/api/v1/events', route => route.abort());
        await opened(page, e);
        await words(page).fill('Three of them, all alike.');
        await desk('move_it', { match_id: e.moves });
        await button(page, /Confirm/).click();
        const told = page.getByRole('alert').filter({ hasText: /Nothing was done/ });
        await told.waitFor();
        await page.locator('main').getByText('Changed since it was asked').first().waitFor();
        const text = await page.locator('main').innerText();
        check('stale: nothing was done, and what differs is shown, was and is', /Changed since it was asked/.test(text), text.slice(-900));
        check('stale: the words are still there', await page.evaluate(() => JSON.stringify({ ...sessionStorage }).includes('Three of them')));
        check('stale: the book agrees', (await state(e.escalation_id)).state === 'STALE');
        await picture(page, 'inbox-stale');
        page.trouble.length = 0;
    },

    'engine down and back': async a => {
        const e = await one();
        const page = await opened(await a('maria', '/'), e);
        await words(page).fill('Seen on the statement of 3 March.');
        await desk('kill_engine');
        await page.getByText(/engine has not answered/i).waitFor({ timeout: 60000 });
        check('engine down: the screen says so by itself, and since when', true);
        check('engine down: what is on it can still be read', (await page.locator('#pane-title').innerText()).length > 5);
        await button(page, /Confirm/).click();
        await page.getByRole('alert').or(page.getByText(/not known|did not work|cannot be reached|no answer/i)).first().waitFor();
        check('engine down: nothing is said to be done', await page.getByText(/recorded · #|Confirmed · recorded/).count() === 0);
        check('engine down: the words are still there', await words(page).inputValue() === 'Seen on the statement of 3 March.');
        await picture(page, 'inbox-engine-down');
        await desk('start_engine');
        await page.getByText(/engine has not answered/i).waitFor({ state: 'detached', timeout: 60000 });
        check('engine back: the screen says so by itself', true);
        const again = page.getByRole('button', { name: 'Send it again' });
        await again.or(button(page, /Confirm/)).first().waitFor();
        if (await again.isVisible()) await again.click();
        else await button(page, /Confirm/).click();
        await lastLine(page).getByText(/Confirmed/).waitFor();
        const now = await state(e.escalation_id);
        check('engine back: it is recorded, once', now.state === 'APPROVED' && now.events.filter(x => x.event_type === 'ESCALATION_APPROVED').length === 1, now.events);
    },

    'session expired mid-decision': async a => {
        const e = await one();
        const page = await opened(await a('maria', '/'), e);
        await words(page).fill('Typed before the session ended.');
        await desk('end_sessions', { person: 'maria' });
        await words(page).press('Control+Enter');
        await page.getByRole('dialog').getByText('You are signed out').waitFor();
        check('expired: the door opens in front of the work', true);
        await picture(page, 'inbox-signed-out');
        await page.getByRole('dialog').getByRole('button', { name: 'Continue as maria' }).click();
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        check('expired: the same item is open', idOf(page) === e.escalation_id, page.url());
        check('expired: nothing typed is lost', await words(page).inputValue() === 'Typed before the session ended.', await words(page).inputValue());
        check('expired: nothing was decided', (await state(e.escalation_id)).state === 'PENDING');
        const again = page.getByRole('button', { name: 'Send it again' });
        await again.or(button(page, /Confirm/)).first().waitFor();
        if (await again.isVisible()) await again.click();
        else await button(page, /Confirm/).click();
        await lastLine(page).getByText(/Confirmed/).waitFor();
        const now = await state(e.escalation_id);
        check('expired: signed in again, it is recorded with those words', now.state === 'APPROVED' && now.decided.rationale === 'Typed before the session ended.', now.decided);
    },

    'a second window': async a => {
        const e = await one();
        const mine = await opened(await a('maria', '/'), e);
        const other = await mine.context().newPage();
        await other.goto(`${url}/inbox`);
        const count = page => page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: /Inbox/ }).innerText();
        await other.getByRole('group', { name: 'Decide' }).waitFor();
        await other.locator('nav[aria-label=Screens] a[href^="/inbox"] .count').waitFor();
        const before = await count(other);
        const began = Date.now();
        await api('demo-user', 'POST', `escalations/${e.escalation_id}/decision`, { decision: 'confirm', digest: e.digest, rationale: 'seen', idempotency_key: 'second-window-1' });
        await comes('second window: the open item says that it was decided elsewhere', async () => (await mine.locator('footer').innerText()).includes('Robin Ashdown'), () => mine.locator('footer').innerText());
        await other.waitForFunction(was => document.querySelector('nav[aria-label=Screens] a[href^="/inbox"]')?.innerText !== was, before);
        note(`second window: it knew ${Date.now() - began} ms after the decision was sent`);
        check('second window: and so does the count in the other window', await count(other) !== before, [before, await count(other)]);
    },

    'two people': async a => {
        const e = await one(x => Number(x.amount) > 250000);
        const page = await opened(await a('maria', '/'), e);
        await comes('two people: it says before that hers is one of two', () => page.getByText(/first of two|second (person|approver)/i).first().isVisible());
        await decideByKey(page, 'a', 'Rate seen on the statement.');
        check('two people: hers is recorded and it waits', (await state(e.escalation_id)).state === 'STAGE_APPROVED', (await state(e.escalation_id)).state);
        const other = await opened(await a('demo-user', '/'), e);
        await decideByKey(other, 'a', 'Seen, too.');
        check('two people: the second completes it', (await state(e.escalation_id)).state === 'APPROVED');
    },

    'from Slack': async a => {
        const { escalation_id: id } = await desk('in_slack');
        taken.add(id);
        const page = await opened(await a('maria', '/'), { escalation_id: id });
        await picture(page, 'inbox-before-slack');
        const pressed = await desk('press_in_slack', { id, reason: 'wire 4471' });
        await page.locator('footer').getByText(/Maria/).first().waitFor();
        const now = await state(id);
        await comes('Slack: what was pressed there is on this screen, without asking', async () => pressed.status === 200 && now.state === 'APPROVED' && (await page.locator('footer').innerText()).includes('Maria'), () => [pressed, now.decided]);
        check('Slack: with the words given there', now.decided.rationale === 'wire 4471', now.decided);
    },
};
