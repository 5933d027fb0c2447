// The official SDK's client before an engine that wants a token, headless: it finds out where tokens
// come from, has its person log in and agree, reads with what it got, and comes back for more when a
// call needs more. Nothing of the dance is done by hand but the browser's part.
// usage: oauth.mjs URL CLIENT_ID REDIRECT MODE {"read": tool, "change": {tool, arguments}, "wait": …}
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { check, run } from './checks.mjs';

const [url, clientId, redirect, mode, planText] = process.argv.slice(2);
const plan = JSON.parse(planText);
const label = `v2 ${mode}`;
const kept = {};
const asked = []; // the addresses a browser was sent to
const wire = [];  // what was answered, by status

// What a program keeps of a login; the verifier is only ever compared by the provider.
const provider = {
    get redirectUrl() { return redirect; },
    get clientMetadata() {
        return { client_name: 'closegate-e2e', redirect_uris: [redirect],
                 grant_types: ['authorization_code'], response_types: ['code'],
                 token_endpoint_auth_method: 'none' };
    },
    state: () => 'of-this-login',
    clientInformation: () => ({ client_id: clientId }),
    tokens: () => kept.tokens,
    saveTokens: tokens => { kept.tokens = tokens; },
    codeVerifier: () => kept.verifier,
    saveCodeVerifier: verifier => { kept.verifier = verifier; },
    discoveryState: () => kept.discovery,
    saveDiscoveryState: state => { kept.discovery = state; },
    redirectToAuthorization: to => { asked.push(new URL(to)); },
};

async function watched(to, options) {
    const answer = await fetch(to, options);
    wire.push({ to: String(to), status: answer.status,
                challenge: answer.headers.get('www-authenticate') ?? '' });
    return answer;
}

// A browser in which the person is asked nothing: it follows until it is sent back to the program.
async function browse(from) {
    const jars = new Map();
    let at = from.href;
    for (let i = 0; i < 12 && !at.startsWith(redirect); i++) {
        const answer = await fetch(at, { redirect: 'manual', headers: {
            cookie: [...jars].map(([name, value]) => `${name}=${value}`).join('; ') } });
        for (const line of answer.headers.getSetCookie()) {
            const [pair] = line.split(';');
            jars.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
        }
        const to = answer.headers.get('location');
        if (to === null) throw new Error(`the provider goes no further at ${at}: ${answer.status}`);
        at = new URL(to, at).href;
    }
    return new URL(at).searchParams;
}

let transport, client;

async function connect() {
    transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider, fetch: watched });
    client = new Client({ name: 'closegate-e2e', version: '1' }, {
        versionNegotiation: { mode: mode === 'legacy' || mode === 'auto' ? mode : { pin: mode } } });
    await client.connect(transport);
}

// Does it; when the program is sent to log in first, that is done and it is done again.
async function persistently(what) {
    try {
        return await what();
    } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error;
        await transport.finishAuth(await browse(asked.at(-1)));
        await connect();
        return await what();
    }
}

const scopeAsked = () => asked.at(-1).searchParams.get('scope') ?? '';
const claims = () => JSON.parse(Buffer.from(kept.tokens.access_token.split('.')[1], 'base64url'));

await run(async () => {
    await persistently(async () => { if (!kept.tokens) await connect(); });
    const first = wire.find(w => w.status === 401);
    check(`${label}: the engine says where tokens come from`,
        first && first.challenge.includes('resource_metadata="'), first);
    check(`${label}: the client asked for a token for this engine, with no more than reading`,
        asked.length === 1 && asked[0].searchParams.get('resource') === url &&
        scopeAsked() === 'mcp:read', asked.map(String));
    check(`${label}: the token is for this engine alone`,
        claims().aud === url && claims().scope === 'mcp:read', claims());

    const tools = (await client.listTools()).tools;
    check(`${label}: lists its tools`, tools.some(t => t.name === plan.change.tool), tools.length);
    const read = await client.callTool({ name: plan.read.tool, arguments: plan.read.arguments });
    check(`${label}: reads`, !read.isError, read);

    const changed = await persistently(() =>
        client.callTool({ name: plan.change.tool, arguments: plan.change.arguments }));
    const short = wire.find(w => w.status === 403);
    check(`${label}: a change needs more, and the engine says what`,
        short && short.challenge.includes('error="insufficient_scope"') &&
        short.challenge.includes('scope="mcp:read mcp:propose"'), short);
    check(`${label}: the client came back with it, and the change was made`,
        asked.length === 2 && scopeAsked().includes('mcp:propose') && !changed.isError,
        { asked: asked.map(String), changed });

    const waits = await client.callTool({ name: plan.wait.tool, arguments: plan.wait.arguments });
    check(`${label}: what policy reserves for people waits for them`,
        waits.structuredContent?.status === 'pending_approval', waits);
    const decided = await client.callTool({ name: 'resolve_escalation', arguments: {
        escalation_id: waits.structuredContent?.escalation_id, decision: 'confirm',
        digest: waits.structuredContent?.digest, rationale: 'as the test says' } });
    check(`${label}: no token makes an agent the human who decides`,
        decided.structuredContent?.status === 'denied', decided);
    check(`${label}: no token ever stood in an address`,
        wire.every(w => !w.to.includes('access_token')), wire.map(w => w.to));
    await client.close();
});
