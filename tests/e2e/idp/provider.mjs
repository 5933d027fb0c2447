// A certified OpenID provider (oidc-provider) for the sign-in tests, and what a broken or hostile one
// would do instead. One process is one issuer on a free port of this machine; it prints
// "listening PORT". Whoever comes to log in is `person` and agrees to everything, unless told
// otherwise over POST /test/set {person, deny, spoil, noAuthTime …}.
//
// argv[2]: {"alg", "workspace", "people": {sub: {claims}}, "clients": {id: {secret, auth, redirect}},
// "tls": {"key", "cert"}: the files with which it is https, "resources": [uri]: for which it makes
// access tokens as JWTs (RFC 8707, 9068), "service": {id, secret}: a client that acts for itself}
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { createHmac, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { errors, Provider } from 'oidc-provider';
import { spoilers } from './spoil.mjs';

console.warn = () => {}; // that its adapter is not for production
const setup = JSON.parse(process.argv[2]);
const now = { person: Object.keys(setup.people)[0], deny: false, spoil: '', acr: 'urn:test:pwd',
              authAge: 0, down: false };
const counts = { jwks: 0, token: 0, discovery: 0, userinfo: 0 };
let issuer, keys = [], old = [], generation = 0, provider;

function privateJwk(alg, kid) {
    const kinds = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }],
                    EdDSA: ['ed25519', {}] };
    const { privateKey } = generateKeyPairSync(...kinds[alg]);
    return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid };
}

function newKeys() {
    generation++;
    old = keys;
    // RS256 first: the provider wants one of its own whatever it signs with
    keys = [privateJwk('RS256', `r-${generation}`), privateJwk('ES256', `e-${generation}`),
            privateJwk('EdDSA', `d-${generation}`)];
}

// What the spoilers sign with: the key in use, and one that nobody publishes.
export const b64 = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    .toString('base64url');

function signed(header, payload, jwk) {
    const text = `${b64(header)}.${b64(payload)}`;
    const key = createPrivateKey({ key: jwk, format: 'jwk' });
    const how = jwk.kty === 'EC' ? { key, dsaEncoding: 'ieee-p1363' } : key;
    return `${text}.${sign(jwk.kty === 'OKP' ? null : 'sha256', Buffer.from(text), how)
        .toString('base64url')}`;
}

function spoiled(token) {
    const [head, body, sig] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url'));
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    const key = keys.find(k => k.alg === header.alg);
    return spoilers[now.spoil]({ token, head, body, sig, header, claims, key, signed, b64, issuer,
        other: () => privateJwk(header.alg, key.kid),
        hmac: (h, p, secret) => `${b64(h)}.${b64(p)}.${createHmac('sha256', secret)
            .update(`${b64(h)}.${b64(p)}`).digest('base64url')}`,
        publicJwk: ({ kty, n, e, crv, x, y, kid, alg, use }) =>
            JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, kid, alg, use })),
        secret: Object.values(setup.clients)[0].secret });
}

// What goes wrong outside the token, by route.
const mischief = {
    token: {
        'token-500': ctx => { ctx.status = 500; ctx.body = 'broken'; },
        'token-html': ctx => { ctx.type = 'text/html'; ctx.body = '<h1>maintenance</h1>'; },
        'token-none': ctx => { ctx.body = { ...ctx.body, id_token: undefined }; },
        'token-number': ctx => { ctx.body = { ...ctx.body, id_token: 7 }; },
        'token-endless': ctx => { ctx.body = { ...ctx.body, more: 'x'.repeat(8 << 20) }; },
    },
    jwks: {
        'keys-none': ctx => { ctx.body = { keys: [] }; },
        'keys-500': ctx => { ctx.status = 500; ctx.body = 'broken'; },
        'keys-html': ctx => { ctx.type = 'text/html'; ctx.body = '<h1>log in</h1>'; },
        'keys-secret': ctx => { ctx.body = { keys }; },
        'keys-twins': ctx => { ctx.body = { keys: [...ctx.body.keys, ...ctx.body.keys] }; },
    },
    userinfo: { 'userinfo-sub': ctx => { ctx.body = { ...ctx.body, sub: 'somebody-else' }; } },
    discovery: {
        'issuer-other': ctx => { ctx.body = { ...ctx.body, issuer: `${issuer}/other` }; },
        'issuer-slash': ctx => { ctx.body = { ...ctx.body, issuer: `${issuer}/` }; },
        'endpoint-elsewhere': ctx => {
            ctx.body = { ...ctx.body, token_endpoint: 'http://idp.example/token' };
        },
        'pkce-plain': ctx => {
            ctx.body = { ...ctx.body, code_challenge_methods_supported: ['plain'] };
        },
    },
};
const callbacks = {
    'iss-other': q => q.set('iss', 'https://evil.example'), 'iss-missing': q => q.delete('iss'),
    'state-other': q => q.set('state', 'A'.repeat(43)), 'state-missing': q => q.delete('state'),
    'state-twice': q => q.append('state', 'x'), 'code-twice': q => q.append('code', 'x'),
    'code-missing': q => q.delete('code'),
};

async function meddle(ctx, next) {
    await next();
    const route = ctx.oidc?.route;
    if (route in counts) counts[route]++;
    if (route === 'token' && ctx.body?.id_token && now.spoil in spoilers)
        ctx.body = { ...ctx.body, id_token: spoiled(ctx.body.id_token) };
    mischief[route]?.[now.spoil]?.(ctx);
    const to = ctx.response.get('location');
    if (to?.startsWith(setup.workspace) && now.spoil in callbacks) {
        const url = new URL(to);
        callbacks[now.spoil](url.searchParams);
        ctx.response.set('location', url.href);
    }
}

const scopes = 'mcp:read mcp:propose';

// RFC 8707: a token is made for a resource that is known, or for none.
const resourceIndicators = {
    enabled: true, defaultResource: () => undefined, useGrantedResource: () => true,
    getResourceServerInfo: (_, resource) => {
        if (!setup.resources.includes(resource)) throw new errors.InvalidTarget();
        return { scope: scopes, audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt',
                 jwt: { sign: { alg: setup.alg } } };
    },
};

function service({ id, secret }) {
    return { client_id: id, client_secret: secret, grant_types: ['client_credentials'],
             redirect_uris: [], response_types: [], id_token_signed_response_alg: setup.alg };
}

function client([client_id, { secret, auth, redirect }]) {
    if (redirect) // a program on somebody's machine: it has no secret to keep
        return { client_id, token_endpoint_auth_method: 'none', application_type: 'native',
                 redirect_uris: [redirect], grant_types: ['authorization_code'],
                 response_types: ['code'], id_token_signed_response_alg: setup.alg };
    return { client_id, client_secret: secret, token_endpoint_auth_method: auth,
             application_type: auth === 'none' ? 'native' : 'web',
             redirect_uris: [`${setup.workspace}/auth/callback`], grant_types: ['authorization_code'],
             response_types: ['code'], id_token_signed_response_alg: setup.alg,
             post_logout_redirect_uris: [`${setup.workspace}/auth/logout`],
             backchannel_logout_uri: `${setup.workspace}/auth/backchannel-logout`,
             backchannel_logout_session_required: true };
}

function build() {
    provider = new Provider(issuer, {
        jwks: { keys: [...keys.filter(k => k.alg === setup.alg), ...keys.filter(k => k.alg !== setup.alg)] },
        cookies: { keys: ['of a test'] },
        clients: [...Object.entries(setup.clients).map(client),
                  ...(setup.service ? [service(setup.service)] : [])],
        enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
        scopes: ['openid', 'email', 'profile', 'groups', ...(setup.resources ? scopes.split(' ') : [])],
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'],
                  groups: ['groups'] },
        acrValues: ['urn:test:pwd', 'urn:test:mfa'],
        conformIdTokenClaims: !setup.claimsInToken,
        pkce: { required: () => true },
        features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true },
                    rpInitiatedLogout: { enabled: true },
                    ...(setup.resources && { resourceIndicators,
                                             clientCredentials: { enabled: true } }) },
        findAccount: (_, id) => setup.people[id] && { accountId: id,
            claims: async () => ({ ...setup.people[id], sub: id }) },
        interactions: { url: (_, i) => `/interaction/${i.uid}` },
        fetch: (url, options) => fetch(url, options), // to this machine too: the logout's way
    });
    provider.silent = true; // clients that leave are part of the tests
    provider.use(meddle);
    provider.on('backchannel.error', (ctx, error) => console.error('backchannel', error.message));
}

// Logs `person` in and lets them agree.
async function interact(req, res) {
    const { prompt, params, session, grantId } = await provider.interactionDetails(req, res);
    if (now.deny)
        return provider.interactionFinished(req, res,
            { error: 'access_denied', error_description: now.deny },
            { mergeWithLastSubmission: false });
    if (prompt.name === 'login')
        return provider.interactionFinished(req, res, { login: { accountId: now.person,
            acr: now.acr, amr: ['pwd'],
            ts: Math.floor(Date.now() / 1000) - now.authAge } }, { mergeWithLastSubmission: false });
    const grant = (grantId && await provider.Grant.find(grantId)) ||
        new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(' '));
    grant.addOIDCClaims(prompt.details.missingOIDCClaims ?? []);
    for (const [resource, wanted] of Object.entries(prompt.details.missingResourceScopes ?? {}))
        grant.addResourceScope(resource, wanted.join(' '));
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } },
        { mergeWithLastSubmission: true });
}

const text = async req => {
    let all = '';
    for await (const piece of req) all += piece;
    return all;
};

const controls = {
    '/test/set': body => Object.assign(now, body),
    '/test/counts': () => counts,
    '/test/names': () => ({ spoilers: Object.keys(spoilers), callbacks: Object.keys(callbacks),
                            mischief: Object.fromEntries(Object.entries(mischief)
                                .map(([route, ways]) => [route, Object.keys(ways)])) }),
    // new keys sign; the old ones stay published, or not
    '/test/rotate': ({ keep }) => { newKeys(); if (keep) keys = [...keys, ...old]; build(); return {}; },
    // a token of any header and claims, signed with a key in use
    '/test/sign': ({ header, claims }) => {
        const key = keys.find(k => k.alg === header?.alg) ?? keys.find(k => k.alg === setup.alg);
        return { token: signed({ alg: setup.alg, kid: key.kid, ...header }, claims, key) };
    },
    '/test/logout-token': ({ claims = {}, header = {} }) => {
        const key = keys.find(k => k.alg === setup.alg), iat = Math.floor(Date.now() / 1000);
        const all = { iss: issuer, aud: Object.keys(setup.clients)[0], iat, exp: iat + 120,
                      jti: randomUUID(),
                      events: { 'http://schemas.openid.net/event/backchannel-logout': {} }, ...claims };
        for (const name in all) if (all[name] === null) delete all[name];
        return { token: signed({ alg: setup.alg, kid: key.kid, typ: 'logout+jwt', ...header }, all, key) };
    },
};

async function serve(req, res) {
    try {
        const path = new URL(req.url, issuer).pathname;
        if (path in controls) {
            const answer = controls[path](JSON.parse(await text(req) || '{}'));
            return res.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
        }
        if (now.down) return req.socket.destroy();
        if (path.startsWith('/interaction/')) return await interact(req, res);
        return provider.callback()(req, res);
    } catch (error) {
        res.statusCode = 500;
        return res.end(String(error?.stack ?? error));
    }
}

const server = setup.tls ? https.createServer({ key: readFileSync(setup.tls.key),
    cert: readFileSync(setup.tls.cert) }, serve) : http.createServer(serve);
server.listen(setup.port ?? 0, '127.0.0.1', () => {
    issuer = `${setup.tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
    newKeys();
    build();
    console.log(`listening ${server.address().port}`);
});
process.stdin.on('end', () => process.exit(0)).resume();
