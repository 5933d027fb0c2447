// The door: who comes in, what a page may do at all, and what is left after signing out.
import { check, comes, desk, keep, origin, picture, require, settled, signIn, url } from './harness.mjs';

const { CspEvaluator } = require('csp_evaluator/dist/evaluator.js');
const { CspParser } = require('csp_evaluator/dist/parser.js');
const { Severity } = require('csp_evaluator/dist/finding.js');

export const signing = {
    'sign in': async a => {
        const page = await a();
        await page.goto(url);
        await page.getByRole('heading', { name: 'closegate' }).waitFor();
        await comes('sign in: the door says loudly that this is no real place', () => page.getByText(/DEV/).first().isVisible());
        await picture(page, 'door');
        await signIn(page, 'maria', '/inbox');
        await comes('sign in: the address asked for is where one is', () => /^\/inbox(\/|$)/.test(new URL(page.url()).pathname), () => page.url());
        await comes('sign in: the page says who it is', () => page.getByText('Maria Lindqvist').first().isVisible());
        await comes('sign in: and that it is no production', () => page.getByRole('banner').getByText('DEV').isVisible());
        const cookies = await page.context().cookies();
        check('sign in: one cookie, which no script reads', cookies.length === 1 && cookies[0].httpOnly && cookies[0].secure
            && cookies[0].name.startsWith('__Host-') && cookies[0].sameSite === 'Lax', cookies);
        check('sign in: nothing of it is kept where scripts read', await page.evaluate(value =>
            !JSON.stringify({ ...localStorage, ...sessionStorage }).includes(value) && document.cookie === '', cookies[0].value));
        await page.reload();
        await page.getByText('Maria Lindqvist').first().waitFor();
        check('sign in: and stays in after a reload', true);
    },

    'what the page may do': async a => {
        const page = await a();
        const reply = await page.goto(url);
        const policy = reply.headers()['content-security-policy'];
        const found = new CspEvaluator(new CspParser(policy).csp).evaluate();
        keep('csp.txt', [policy, ...found.map(f => `${Severity[f.severity]} ${f.directive} ${f.value ?? ''} ${f.description}`), ''].join('\n'));
        // what it says of every 'self' (it cannot see that we host nothing of others') is no finding
        const worse = found.filter(f => f.severity < Severity.MEDIUM_MAYBE);
        check('the page: the CSP evaluator finds nothing', worse.length === 0, found);
        const ran = await page.evaluate(async () => {
            window.ran = [];
            const script = document.createElement('script');
            script.textContent = 'window.ran.push("inline")';
            const image = document.createElement('div');
            image.innerHTML = '<img src="x:" onerror="window.ran.push(\'handler\')">';
            const link = document.createElement('a');
            link.href = 'javascript:window.ran.push("link")';
            document.body.append(script, image, link);
            link.click();
            setTimeout('window.ran.push("text")', 0); // eval itself is let through for who drives
            await fetch('https://example.com/').catch(() => {});
            await new Promise(done => setTimeout(done, 300));
            return window.ran;
        });
        check('the page: no inline script, handler, javascript: link or text runs', ran.length === 0, ran);
        const stopped = await page.evaluate(() => window.stopped);
        check('the page: asking elsewhere is stopped by the policy itself', stopped.some(s => s.startsWith('connect-src')), stopped);
        page.trouble.length = 0; // all of it was ours
        const framed = await page.evaluate(() => new Promise(done => {
            const frame = document.createElement('iframe');
            frame.src = location.href;
            frame.onload = () => done(frame.contentDocument?.getElementById('app') ? 'shown' : 'empty');
            document.body.append(frame);
            setTimeout(() => done('nothing'), 1500);
        }));
        check('the page: is not shown in a frame', framed !== 'shown', framed);
        page.trouble.length = 0;
        const assets = await page.evaluate(() => [...document.querySelectorAll('script[src], link[rel=stylesheet]')].map(e => e.src || e.href));
        for (const asset of assets) {
            const head = (await page.request.get(asset)).headers();
            check(`the page: ${new URL(asset).pathname} is ours, kept for good and of its type`, asset.startsWith(origin)
                && /immutable/.test(head['cache-control']) && /javascript|css/.test(head['content-type']), head);
        }
    },

    'sign out': async a => {
        const page = await a('sam', '/');
        const second = await page.context().newPage();
        await second.goto(url + '/inbox');
        await settled(second);
        await page.getByText('Sam Okonjo').first().click();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByRole('button', { name: /Continue as sam/ }).waitFor();
        check('sign out: the door again', true);
        await page.goBack().catch(() => {});
        await page.waitForTimeout(300);
        check('sign out: going back shows nothing of before', await page.getByText('Sam Okonjo').count() === 0);
        const after = await page.request.get(`${url}/api/v1/escalations`);
        check('sign out: the session is over for the server, too', after.status() === 401, after.status());
        await second.reload();
        await second.getByRole('button', { name: /Continue as sam/ }).waitFor();
        check('sign out: and in the other window', true);
    },

    'sessions ended by the operator': async a => {
        const page = await a('demo-user', '/');
        const ended = await desk('end_sessions', { person: 'demo-user' });
        check('operator: closegate-agent session end ends them', ended.exit === 0, ended);
        await page.goto(url + '/inbox');
        await page.getByRole('button', { name: /Continue as demo-user/ }).waitFor();
        check('operator: whoever it was is asked to sign in anew', true);
    },
};
