// Every screen as it is: judged by axe in light and dark, narrow, printed, and with what a hostile payee
// wrote on it. The pictures are kept, and meant to be looked at.
import { api, axe, check, overflow, picture, settled, url } from './harness.mjs';

export const SCREENS = { home: '/', inbox: '/inbox', reconciliation: '/reconciliation', exceptions: '/exceptions', audit: '/audit', policy: '/policy', chat: '/chat', health: '/health', settings: '/settings' };

async function each(page, what) {
    for (const [name, path] of Object.entries(SCREENS)) {
        await page.goto(url + path);
        await settled(page);
        await what(name, page);
    }
}

// What is on a page that a payee could have brought to life, or turned around.
const alive = page => page.evaluate(() => {
    const found = [];
    if (window.pwned) found.push('ran');
    if (document.querySelector('[onload], [onerror], [onclick], a[href^="javascript:"], img[src="x"]')) found.push('markup');
    if (/[\u202a-\u202e\u2066-\u2069\u200b]/.test(document.body.innerText)) found.push('a bidi or hidden character');
    return found;
});

export const screens = {
    'every screen in light': async a => {
        const page = await a('maria', '/');
        await each(page, async name => {
            await picture(page, `${name}-light`);
            const found = await axe(page);
            check(`${name}: axe finds nothing serious`, found.length === 0, found);
            check(`${name}: one heading says where one is`, await page.locator('h1:visible, h1.visually-hidden').count() >= 1);
            check(`${name}: the title does, too`, /closegate/.test(await page.title()) && (await page.title()).length > 12, await page.title());
            const stopped = await page.evaluate(() => window.stopped);
            check(`${name}: the policy of the page had to stop nothing`, stopped.length === 0, stopped);
            check(`${name}: is as wide as its window`, await overflow(page) <= 0, await overflow(page));
        });
    },

    'every screen in dark': async a => {
        const page = await a('maria', '/', { colorScheme: 'dark' });
        await each(page, async name => {
            await picture(page, `${name}-dark`);
            const found = await axe(page);
            check(`${name} in dark: axe finds nothing serious`, found.length === 0, found);
        });
    },

    'every screen on a phone': async a => {
        const page = await a('maria', '/', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
        await each(page, async name => {
            await picture(page, `${name}-phone`);
            check(`${name} at 390 px: nothing beside the screen`, await overflow(page) <= 0, await overflow(page));
            const found = await axe(page);
            check(`${name} at 390 px: axe finds nothing serious`, found.length === 0, found);
        });
        await page.setViewportSize({ width: 320, height: 640 });
        await each(page, async name => {
            check(`${name} at 320 px: nothing beside the screen (WCAG 1.4.10)`, await overflow(page) <= 0, await overflow(page));
        });
    },

    'printed': async a => {
        const page = await a('maria', '/');
        for (const name of ['inbox', 'audit', 'policy']) {
            await page.goto(url + SCREENS[name]);
            await settled(page);
            await page.emulateMedia({ media: 'print' });
            const seen = await page.evaluate(() => ({
                rail: [...document.querySelectorAll('nav')].some(e => e.checkVisibility()),
                text: document.querySelector('main').innerText.length,
                paper: getComputedStyle(document.body).backgroundColor,
            }));
            check(`${name} printed: what is read, not what is pressed, on white`, !seen.rail && seen.text > 200 && /255, 255, 255|rgba\(0, 0, 0, 0\)/.test(seen.paper), seen);
            await picture(page, `${name}-print`);
            await page.emulateMedia({ media: 'screen' });
        }
    },

    'what a payee wrote': async a => {
        const page = await a('maria', '/');
        const { body } = await api('maria', 'POST', 'tools/list_pending_escalations', { limit: 200 });
        const hostile = body.escalations.filter(e => /HX-[123]/.test(JSON.stringify(e.bound)));
        check('payee: the hostile lines wait to be decided', hostile.length === 3, hostile.length);
        for (const e of hostile) {
            const which = JSON.stringify(e.bound).match(/HX-\d/)[0];
            await page.goto(`${url}/inbox/${e.escalation_id}`);
            await settled(page);
            await page.locator('#pane-title').waitFor();
            check(`payee: ${which} is inert where it is decided`, (await alive(page)).length === 0, await alive(page));
            check(`payee: ${which} moves nothing`, await overflow(page) <= 0, await overflow(page));
            await picture(page, `hostile-${which}`);
            for (const open of await page.getByRole('button', { name: /Show all/ }).all()) await open.click({ timeout: 500 }).catch(() => {});
            check(`payee: ${which} is inert when all of it is shown`, (await alive(page)).length === 0 && await overflow(page) <= 0, await alive(page));
            await page.goto(`${url}/reconciliation/${e.object_id}`);
            await settled(page);
            check(`payee: ${which} is inert on its match`, (await alive(page)).length === 0 && await overflow(page) <= 0, await alive(page));
        }
        await each(page, async name => check(`payee: nothing comes to life on ${name}`, (await alive(page)).length === 0, await alive(page)));
        await page.goto(`${url}/exceptions?q=gpj`);
        await settled(page);
        check('payee: nothing comes to life among what was searched for', (await alive(page)).length === 0, await alive(page));
        const marked = await page.goto(`${url}/inbox/${hostile.find(e => /HX-2/.test(JSON.stringify(e.bound))).escalation_id}`)
            .then(() => page.locator('#pane-title').waitFor()).then(() => page.locator('main').innerText());
        check('payee: what turns text around is shown as a mark', marked.includes('RLO'), marked.slice(0, 600));
        const tag = (await page.goto(`${url}/inbox/${hostile.find(e => /HX-1/.test(JSON.stringify(e.bound))).escalation_id}`)
            .then(() => page.locator('#pane-title').waitFor()).then(() => page.locator('main').innerText()));
        check('payee: markup is there to be read', tag.includes('<script>') || tag.includes('<img') || tag.includes('<svg'), tag.slice(0, 600));
    },

    'by keyboard alone': async a => {
        const page = await a('maria', '/inbox');
        await settled(page);
        const reached = new Set();
        for (let i = 0; i < 60; i++) {
            await page.keyboard.press('Tab');
            const at = await page.evaluate(() => {
                const e = document.activeElement;
                if (!e || e === document.body) return null;
                const s = getComputedStyle(e);
                const ring = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none';
                return { name: (e.ariaLabel || e.innerText || e.id || e.tagName).trim().slice(0, 40), ring };
            });
            if (at) reached.add(JSON.stringify(at));
        }
        const without = [...reached].map(r => JSON.parse(r)).filter(r => !r.ring).map(r => r.name);
        check('keyboard: whatever has the focus shows it', reached.size > 10 && without.length === 0, without);
        await page.keyboard.press('Escape');
        await page.evaluate(() => document.activeElement?.blur());
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
        const list = await page.getByRole('dialog').innerText();
        check('keyboard: ? lists the shortcuts', /Next item/.test(list) && /Reject with reason/.test(list), list.slice(0, 300));
        await picture(page, 'shortcuts');
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+k');
        await page.getByRole('dialog').getByRole('combobox').or(page.getByRole('dialog').getByRole('textbox')).or(page.getByRole('dialog').getByRole('searchbox')).first().waitFor();
        await page.keyboard.type('polic');
        await page.getByRole('option', { name: /polic/i }).first().waitFor();
        await picture(page, 'palette');
        const found = await axe(page);
        check('keyboard: the palette opens on Ctrl K, and axe finds nothing serious in it', found.length === 0, found);
        await page.keyboard.press('Enter');
        await page.waitForURL(/\/policy/);
        check('keyboard: and goes where it says', true);
        await page.keyboard.press('g');
        await page.keyboard.press('i');
        await page.waitForURL(/\/inbox/);
        check('keyboard: g i is the inbox', true);
    },
};
