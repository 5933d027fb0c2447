// Signing in with the company's provider, as a browser does it. usage: by tests/e2e/browser_oidc.py
import { check, close, comes, desk, open, picture, tell, url } from './harness.mjs';

const issuer = new URL(process.env.CLOSEGATE_ISSUER).origin;

await open();
const failed = await tell({
    'the company\'s sign-in': async a => {
        const page = await a();
        await page.goto(`${url}/audit`);
        await page.getByRole('link', { name: /Sign in with your company/ }).waitFor();
        await picture(page, 'door-oidc');
        const seen = [];
        page.on('framenavigated', f => f === page.mainFrame() && seen.push(new URL(f.url()).origin));
        await page.getByRole('link', { name: /Sign in with your company/ }).click();
        await page.getByRole('navigation', { name: 'Screens' }).waitFor();
        await comes('oidc: signed in at the provider, one is back where one wanted to go', () => new URL(page.url()).pathname === '/audit', () => page.url());
        await comes('oidc: and the page says who it is', () => page.getByText('Maria Lindqvist').first().isVisible());
        const cookies = (await page.context().cookies(url)).filter(c => c.name.startsWith('__Host-'));
        check('oidc: of the login itself nothing is left in the browser', cookies.length === 1, cookies.map(c => c.name));
        check('oidc: no code and no state is left in the address', !/code=|state=/.test(page.url()), page.url());
        // words, a session that ends, the provider, and the words again
        await page.goto(`${url}/inbox`);
        await page.getByRole('group', { name: 'Decide' }).waitFor();
        const item = page.url();
        await page.getByRole('textbox', { name: /Reason/ }).last().fill('Typed before the session ended.');
        await desk('end_sessions');
        await page.keyboard.press('Control+Enter');
        const again = page.getByRole('dialog').getByRole('link', { name: /Sign in with your company/ });
        await again.waitFor();
        await again.click();
        await page.getByRole('group', { name: 'Decide' }).waitFor();
        await comes('oidc: a session that ended under the hands: back at the same item', () => page.url() === item, () => [item, page.url()]);
        await comes('oidc: and nothing typed is lost over the provider\'s page', async () => await page.getByRole('textbox', { name: /Reason/ }).last().inputValue() === 'Typed before the session ended.');
        const ours = page.trouble.filter(t => !t.includes(issuer)); // where one signs in is another site
        // out, here and there
        await page.getByText('Maria Lindqvist').first().click();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.waitForURL(u => u.origin === issuer || /\/auth\/logout|\/$/.test(u.pathname));
        await comes('oidc: signed out for the server', async () => (await page.request.get(`${url}/api/v1/escalations`)).status() === 401);
        page.trouble = ours; // and what the provider's page of goodbye asks for is its own
    },
});
await close();
process.exit(failed ? 1 : 0);
