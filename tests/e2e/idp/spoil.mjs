// ID tokens as a hostile, broken or captured provider would send them: each takes the good token
// apart and puts together one that has to be refused. {header, claims} are parsed, `key` signs in the
// provider's name, `other()` is a key that nobody publishes.
const without = (claims, name) => {
    const { [name]: _, ...rest } = claims;
    return rest;
};
const resigned = changes => ({ header, claims, key, signed }) =>
    signed(header, { ...claims, ...changes(claims) }, key);
const lacking = name => ({ header, claims, key, signed }) =>
    signed(header, without(claims, name), key);
const headed = changes => ({ header, claims, key, signed }) =>
    signed({ ...header, ...changes }, claims, key);

export const spoilers = {
    // who and for whom
    'iss-of-another': resigned(() => ({ iss: 'https://evil.example' })),
    'iss-with-a-slash': resigned(({ iss }) => ({ iss: `${iss}/` })),
    'no-iss': lacking('iss'),
    'no-sub': lacking('sub'),
    'empty-sub': resigned(() => ({ sub: '' })),
    'sub-a-number': resigned(() => ({ sub: 7 })),
    'aud-of-another': resigned(() => ({ aud: 'another' })),
    'aud-also-another': resigned(({ aud }) => ({ aud: [aud, 'another'] })),
    'no-aud': lacking('aud'),
    'azp-of-another': resigned(({ aud }) => ({ aud: [aud, 'another'], azp: 'another' })),
    // when
    'no-iat': lacking('iat'),
    'no-exp': lacking('exp'),
    'expired': resigned(({ iat }) => ({ iat: iat - 7200, exp: iat - 3600 })),
    'expired-just-now': resigned(({ iat }) => ({ exp: iat - 120 })),
    'made-long-ago': resigned(({ iat }) => ({ iat: iat - 7200 })),
    'made-tomorrow': resigned(({ iat }) => ({ iat: iat + 86400, exp: iat + 90000 })),
    'exp-a-text': resigned(({ exp }) => ({ exp: String(exp) })),
    'not-yet': resigned(({ iat }) => ({ nbf: iat + 600 })),
    // which login
    'nonce-of-another': resigned(() => ({ nonce: 'another' })),
    'no-nonce': lacking('nonce'),
    'at-hash-of-another': resigned(() => ({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })),
    'no-auth-time': lacking('auth_time'),
    'auth-time-tomorrow': resigned(({ iat }) => ({ auth_time: iat + 86400 })),
    // signed how
    'signature-changed': ({ head, body, sig }) => {
        const bytes = Buffer.from(sig, 'base64url');
        bytes[7] ^= 1;
        return `${head}.${body}.${bytes.toString('base64url')}`;
    },
    'claims-changed': ({ head, claims, sig, b64 }) =>
        `${head}.${b64({ ...claims, sub: 'sam' })}.${sig}`,
    'signed-by-a-stranger': ({ header, claims, signed, other }) => signed(header, claims, other()),
    'alg-none': ({ header, body, b64 }) => `${b64({ ...header, alg: 'none' })}.${body}.`,
    'alg-NoNe': ({ header, body, b64 }) => `${b64({ ...header, alg: 'NoNe' })}.${body}.`,
    'no-signature': ({ head, body }) => `${head}.${body}.`,
    'hmac-of-the-public-key': ({ header, claims, hmac, publicJwk, key }) =>
        hmac({ ...header, alg: 'HS256' }, claims, JSON.stringify(publicJwk(key))),
    'hmac-of-the-secret': ({ header, claims, hmac, secret }) =>
        hmac({ ...header, alg: 'HS256' }, claims, secret ?? 'secret'),
    'alg-of-another-kind': ({ header, claims, key, signed }) =>
        signed({ ...header, alg: header.alg === 'RS256' ? 'ES256' : 'RS256' }, claims, key),
    // the header wants a say
    'kid-unknown': headed({ kid: 'never-seen' }),
    'kid-a-number': headed({ kid: 7 }),
    'brings-its-own-key': ({ header, claims, signed, other, publicJwk }) => {
        const stranger = other();
        return signed({ ...header, jwk: publicJwk(stranger) }, claims, stranger);
    },
    'points-to-its-own-keys': headed({ jku: 'http://127.0.0.1:1/keys' }),
    'points-to-a-certificate': headed({ x5u: 'http://127.0.0.1:1/cert' }),
    'critical-extension': headed({ crit: ['urn:new'], 'urn:new': true }),
    'payload-not-encoded': headed({ b64: false, crit: ['b64'] }),
    // written how
    'sub-twice': ({ head, claims, key, signed, header }) =>
        signed(header, JSON.stringify(claims).replace('{', '{"sub":"sam",'), key),
    'sub-twice-escaped': ({ claims, key, signed, header }) =>
        signed(header, JSON.stringify(claims).replace('{', '{"\\u0073ub":"sam",'), key),
    'alg-twice': ({ claims, key, signed, header }) =>
        signed(JSON.stringify(header).replace('{', '{"alg":"none",'), claims, key),
    'padded': ({ token }) => `${token}=`,
    'four-parts': ({ token }) => `${token}.AAAA`,
    'claims-a-list': ({ header, claims, key, signed }) => signed(header, [claims], key),
    'not-a-token': () => 'not.a.token',
    'empty': () => '',
};
