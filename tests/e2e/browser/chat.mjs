// A person, a model that writes what a hostile one would, and what waits for a decision. usage: by
// tests/e2e/browser_chat.py
import { axe, check, close, comes, open, overflow, picture, settled, tell, url } from './harness.mjs';

const composer = page => page.getByRole('textbox', { name: 'Message' });
const answer = (page, text) => page.locator('.answer').getByText(text);
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let talk;

// What a model could have brought to life on the page.
const alive = page => page.evaluate(() => {
    const found = [];
    if (window.pwned) found.push('ran');
    if (document.querySelector('[onerror], [onload], [onclick], a[href^="javascript:"], .model-text img, .model-text a[href^="http"], .model-text a[href^="/settings"]')) found.push('markup');
    if (/[\u202a-\u202e\u2066-\u2069\u200b]/.test(document.body.innerText)) found.push('a bidi or hidden character');
    return found;
});

async function judged(page, what) {
    const found = await axe(page);
    check(`${what}: axe finds nothing serious`, found.length === 0, found);
    check(`${what}: as wide as its window`, await overflow(page) <= 0, await overflow(page));
    check(`${what}: the policy of the page had to stop nothing`, await page.evaluate(() => window.stopped.length) === 0, await page.evaluate(() => window.stopped));
}

await open();
const failed = await tell({
    'a conversation by keyboard': async a => {
        const page = await a('maria', '/');
        await settled(page);
        await page.keyboard.press('g');
        await page.keyboard.press('c');
        await composer(page).waitFor();
        await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
        check('chat: g c goes there, and one can write', true);
        await comes('chat: there is something to begin with', async () => await page.getByRole('list', { name: 'To begin with' }).getByRole('button').count() >= 3);
        await judged(page, 'a new conversation');
        await picture(page, 'conversation-new-light');
        await page.keyboard.type('What is');
        await page.keyboard.press('Shift+Enter');
        await page.keyboard.type('in the way?');
        await page.keyboard.press('Enter');
        await page.waitForURL('**/chat/ses_*');
        talk = new URL(page.url()).pathname;
        await answer(page, 'That is all.').waitFor();
        await comes('chat: the answer stands once, streamed and recorded', async () => await page.locator('main').getByText(/That is all\.$/).count() === 1 + await page.locator('[role=status]').getByText('That is all.').count());
        await comes('chat: who listens hears the whole answer', async () => /The model answered: .*What is in the way/.test((await page.locator('[role=status]').allInnerTexts()).join(' ')), () => page.locator('[role=status]').allInnerTexts());
        check('chat: the focus is still where one writes', await composer(page).evaluate(e => e === document.activeElement));
    },

    'what the model wrote': async a => {
        const page = await a('maria', talk);
        await answer(page, 'That is all.').waitFor();
        check('chat: nothing of it is alive', (await alive(page)).length === 0, await alive(page));
        check('chat: an image is its words', await page.getByText('a chart (image not loaded)').isVisible());
        check('chat: a place of ours is a link', await page.locator('.model-text a[href="/inbox"]').count() === 1);
        await page.getByRole('button', { name: 'apple.com' }).click();
        const dialog = page.getByRole('dialog');
        const seen = await dialog.innerText();
        check('chat: an address is shown whole first, as it is asked for', seen.includes('xn--pple-43d.com') && /name another place/.test(seen), seen);
        await judged(page, 'an address');
        await page.keyboard.press('Escape');
        check('chat: it leads nowhere by itself', new URL(page.url()).pathname === talk, page.url());
        await judged(page, 'a conversation');
        await picture(page, 'conversation-light');
        await page.emulateMedia({ media: 'print' });
        await page.waitForFunction(() => document.querySelectorAll('.call tbody tr').length >= 20 && !document.querySelector('.pane details:not([open])')).catch(() => {});
        const rows = await page.locator('.call tbody tr:visible').count();
        check('chat: printed it is whole, what was folded too', rows >= 20 && await page.locator('.pane details:not([open])').count() === 0, rows);
        await picture(page, 'conversation-print');
    },

    'an approval within it': async a => {
        const page = await a('maria', talk);
        const card = page.locator('section.card');
        await card.getByRole('button', { name: 'Confirm match' }).waitFor();
        await comes('chat: what policy refused stands there with its clause', () => page.locator('.call > .clause').getByText(/Brackwater/).isVisible());
        await comes('chat: a tool that nobody has failed', () => page.getByText('Transfer money').isVisible());
        await card.getByRole('button', { name: 'Reject with reason' }).click();
        await comes('approval: rejecting wants words', async () => /Say why/.test(await card.innerText()));
        await card.getByRole('textbox').fill('Looked at it myself.');
        await card.getByRole('button', { name: 'Confirm match' }).click();
        await card.getByText('Confirmed · recorded').waitFor();
        let said;
        await comes('approval: recorded, with its number and its code', async () => {
            said = await card.innerText();
            const code = /Code\s+(\S+)/.exec(said)?.[1];
            return /recorded · #[\d,]+/.test(said) && said.split(code).length >= 3;
        }, () => said);
        await page.locator('.note').getByText('Decided', { exact: true }).waitFor();
        await comes('approval: the conversation goes on from there', async () => /Open/.test(await page.locator('.pane > .head').innerText()), () => page.locator('.pane > .head').innerText());
        await page.reload();
        await card.getByText('Confirmed').first().waitFor();
        await comes('approval: settled it has no buttons', async () => await card.getByRole('button', { name: 'Confirm match' }).count() === 0);
    },

    'stopped, and in trouble': async a => {
        const page = await a('maria', talk);
        await composer(page).fill('slowly, please');
        await composer(page).press('Enter');
        await page.locator('.live').getByText('word word').waitFor();
        await composer(page).fill('a draft');
        await page.reload();
        await page.locator('.live').getByText('word word').waitFor();
        await comes('chat: a draft outlives a reload, and the text goes on', async () => await composer(page).inputValue() === 'a draft');
        const before = (await page.locator('.live').innerText()).length;
        await page.waitForFunction(n => (document.querySelector('.live')?.innerText.length ?? 0) > n, before);
        await composer(page).focus();
        await page.keyboard.press('Escape');
        await page.locator('.note').getByText('Stopped', { exact: true }).waitFor();
        await comes('chat: Escape stops it, and what came is kept', async () => await page.locator('.live').count() === 0 && await page.locator('.answer').getByText('word word').count() === 1);
        await composer(page).fill('trouble, please');
        await composer(page).press('Enter');
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.locator('.answer').getByText('Now it works.').waitFor();
        check('chat: it is tried again by a press', true);
        await picture(page, 'conversation-trouble');
    },

    'in dark, on a phone': async a => {
        const dark = await a('maria', talk, { colorScheme: 'dark' });
        await answer(dark, 'That is all.').waitFor();
        await judged(dark, 'chat in dark');
        await picture(dark, 'chat-dark');
        const page = await a('maria', talk, PHONE);
        await answer(page, 'That is all.').waitFor();
        await judged(page, 'chat at 390 px');
        await picture(page, 'conversation-phone');
        await page.goto(`${url}/chat`);
        await composer(page).waitFor();
        await page.getByRole('navigation', { name: 'My conversations' }).getByRole('link').first().waitFor();
        await comes('chat at 390 px: a new one and the old ones are on one page', async () => await composer(page).isVisible() && await page.getByRole('navigation', { name: 'My conversations' }).getByRole('link').first().isVisible());
        await judged(page, 'a new conversation at 390 px');
        await picture(page, 'conversation-new-phone');
        await page.setViewportSize({ width: 320, height: 640 });
        await comes('chat at 320 px: nothing beside the screen (WCAG 1.4.10)', async () => await overflow(page) <= 0, () => overflow(page));
    },

    'the model\'s tools': async a => {
        const page = await a('maria', '/chat');
        await page.getByRole('link', { name: 'Look at them' }).click();
        const tools = page.getByRole('region', { name: 'Tools of the model' });
        await tools.getByText('Nothing waits to be looked at.').waitFor();
        await tools.locator('summary').click();
        await comes('tools: what is offered, and what is not', async () => await tools.getByText('Offered', { exact: true }).count() > 10, () => tools.innerText());
        await judged(page, 'tools of the model');
        check('tools: only the screen scrolls, not the page', await page.evaluate(() => document.documentElement.scrollTop === 0 && document.documentElement.scrollHeight <= innerHeight));
        await picture(page, 'conversation-tools');
        await page.keyboard.press('Control+k');
        await page.keyboard.type('why is it late');
        await page.getByRole('option', { name: /Ask in the chat/ }).click();
        await page.waitForFunction(() => document.querySelector('.composer textarea')?.value === 'why is it late');
        check('chat: the palette brings a question, and sends nothing', new URL(page.url()).pathname === '/chat', page.url());
    },

    'somebody else\'s': async a => {
        const page = await a('sam', talk);
        await page.getByText(/does not exist, or is not yours/).waitFor();
        check('chat: a conversation is its person\'s alone', true);
        await judged(page, 'nobody\'s conversation');
    },
});
await close();
process.exit(failed ? 1 : 0);
