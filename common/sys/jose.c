/* Compact JWS. Strict on purpose: one text for one token, one header for one meaning. What is not
 * understood is refused; a signature is checked with the algorithm of the key, never with the one
 * that the header asks for. */
#include "common/sys/jose.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/json_write.h"

struct header {
    int alg; /* enum jose_alg */
    const char *kid, *typ;
};

static const char *const alg_names[] = {"", "EdDSA", NULL};
static const struct json_field header_fields[] = {
    JSON_ENUM(struct header, alg, alg_names, .required = true),
    JSON_TEXT(struct header, kid, .required = true, .max = 128),
    JSON_TEXT(struct header, typ, .max = 64),
};

/* A foreign header's: what would take over how the token is checked, by any value. */
static const char *const takeovers[] = {"crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc"};

static struct err decode(struct arena *arena, struct str text, struct str *bytes)
{
    char *out = arena_alloc(arena, text.len + 1);
    TRY(arena_check(arena));
    ENSURE(base64url_parse(text, out, text.len, &bytes->len), ERR_INPUT,
           "the token is not strict base64url");
    bytes->at = out;
    return OK;
}

static struct err header_parse(struct arena *arena, const struct json *tree, struct jws *jws)
{
    struct header h = {0};

    TRY(json_bind(arena, JSON_FIELDS(header_fields), tree, &h));
    jws->alg = (enum jose_alg)h.alg;
    jws->kid = h.kid;
    jws->typ = h.typ;
    return OK;
}

static enum jose_alg foreign_alg(const char *name)
{
    if (text_eq(name, "RS256"))
        return JOSE_RS256;
    if (text_eq(name, "ES256"))
        return JOSE_ES256;
    return text_eq(name, "EdDSA") || text_eq(name, "Ed25519") ? JOSE_EDDSA : JOSE_ALG_NONE;
}

/* An optional text member: absent, or text that is neither empty nor too long. */
static struct err short_text(const struct json *tree, const char *name, const char **text)
{
    const struct json *node = json_get(tree, name);
    *text = json_text(node);
    if (node == NULL)
        return OK;
    ENSURE(!text_empty(*text) && strlen(*text) <= JOSE_KID_MAX, ERR_INPUT,
           "the token's kid or typ is not a short text");
    return OK;
}

static struct err somebodys_header(const struct json *tree, bool own_key, struct jws *jws)
{
    ENSURE(json_is(tree, JSON_TYPE_OBJECT), ERR_INPUT, "the token's header is not an object");
    for (size_t i = 0; i < sizeof takeovers / sizeof takeovers[0]; i++)
        ENSURE((own_key && strcmp(takeovers[i], "jwk") == 0) ||
                   json_get(tree, takeovers[i]) == NULL,
               ERR_INPUT, "the token's header wants to say how it is to be checked");
    jws->alg = foreign_alg(json_get_text(tree, "alg"));
    ENSURE(jws->alg != JOSE_ALG_NONE, ERR_INPUT,
           "the token is not signed with RS256, ES256 or EdDSA");
    TRY(short_text(tree, "kid", &jws->kid));
    return short_text(tree, "typ", &jws->typ);
}

static struct err foreign_header_parse(struct arena *arena, const struct json *tree,
                                       struct jws *jws)
{
    (void)arena;
    return somebodys_header(tree, false, jws);
}

static struct err own_key_header_parse(struct arena *arena, const struct json *tree,
                                       struct jws *jws)
{
    (void)arena;
    TRY(somebodys_header(tree, true, jws));
    jws->jwk = json_get(tree, "jwk");
    ENSURE(json_is(jws->jwk, JSON_TYPE_OBJECT), ERR_INPUT, "the token does not bring its key");
    ENSURE(jws->typ != NULL, ERR_INPUT, "the token does not say what it is (typ)");
    return OK;
}

static bool sig_len_fits(enum jose_alg alg, size_t len)
{
    if (alg == JOSE_RS256)
        return len >= RSA_MODULUS_MIN && len <= RSA_MODULUS_MAX;
    return len == ED25519_SIG_LEN; /* and so P256_SIG_LEN */
}

typedef struct err header_fn(struct arena *arena, const struct json *tree, struct jws *jws);

static struct err parse(struct arena *arena, struct str text, header_fn *read_header,
                        struct jws *jws)
{
    const struct json_limits limits = {.depth_max = 4, .bytes_max = 4096, .nodes_max = 64};
    struct str header, rest, payload, sig, bytes = {0};
    struct json *tree = NULL;

    *jws = (struct jws){0};
    ENSURE(text.len <= JWS_TEXT_MAX, ERR_LIMIT, "the token is too long");
    ENSURE(str_cut(text, '.', &header, &rest) && str_cut(rest, '.', &payload, &sig) &&
               memchr(sig.at, '.', sig.len) == NULL,
           ERR_INPUT, "the token does not have three parts");
    TRY(decode(arena, header, &bytes));
    TRY(json_read(arena, bytes, &limits, &tree));
    TRY(read_header(arena, tree, jws));
    TRY(decode(arena, payload, &jws->payload));
    TRY(decode(arena, sig, &bytes));
    ENSURE(sig_len_fits(jws->alg, bytes.len), ERR_INPUT, "the signature has the wrong length");
    memcpy(jws->sig, bytes.at, bytes.len);
    jws->sig_len = bytes.len;
    jws->signed_part = (struct str){text.at, header.len + 1 + payload.len};
    return OK;
}

struct err jws_parse(struct arena *arena, struct str text, struct jws *jws)
{
    return parse(arena, text, header_parse, jws);
}

struct err jws_parse_foreign(struct arena *arena, struct str text, struct jws *jws)
{
    return parse(arena, text, foreign_header_parse, jws);
}

struct err jws_parse_own_key(struct arena *arena, struct str text, struct jws *jws)
{
    return parse(arena, text, own_key_header_parse, jws);
}

static bool signature_is(const struct jws *jws, const struct jose_key *key)
{
    const struct str part = jws->signed_part;
    switch (key->alg) {
    case JOSE_EDDSA:
        return jws->sig_len == ED25519_SIG_LEN &&
               ed25519_verify(key->ed25519, part.at, part.len, jws->sig);
    case JOSE_RS256:
        return rsa_verify(&key->rsa, part, (struct str){(const char *)jws->sig, jws->sig_len});
    case JOSE_ES256:
        return jws->sig_len == P256_SIG_LEN && p256_verify(key->p256, part, jws->sig);
    case JOSE_ALG_NONE:
        break;
    }
    return false;
}

struct err jws_verify(const struct jws *jws, const struct jose_key *key)
{
    ENSURE(key->alg != JOSE_ALG_NONE, ERR_AUTH, "the token is not signed");
    ENSURE(key->alg == jws->alg, ERR_AUTH, "the token names another algorithm than its key");
    ENSURE(signature_is(jws, key), ERR_AUTH, "the token's signature does not verify");
    return OK;
}

static struct err header_print(struct arena *arena, const char *kid, const char *typ,
                               struct buf *out)
{
    const struct header h = {.alg = JOSE_EDDSA, .kid = kid, .typ = typ};
    struct json *tree = NULL;
    struct str body;
    CLEANUP(jw_fini) struct jw w;

    jw_init(&w, 2048);
    TRY(json_unbind(arena, JSON_FIELDS(header_fields), &h, &tree));
    jw_tree(&w, NULL, tree);
    TRY(jw_done(&w, &body));
    char *room = buf_room(out, BASE64_SIZE(body.len));
    ENSURE(room != NULL, ERR_LIMIT, "the token is too long");
    base64url_print(body.at, body.len, room);
    buf_grow(out, strlen(room));
    return OK;
}

struct err jws_sign(struct arena *arena, const struct ed25519_key *key, const char *kid,
                    const char *typ, struct str payload, const char **text)
{
    CLEANUP(buf_fini) struct buf out;
    uint8_t sig[ED25519_SIG_LEN];
    char sig_text[BASE64_SIZE(ED25519_SIG_LEN)];

    buf_init(&out, JWS_TEXT_MAX);
    TRY(header_print(arena, kid, typ, &out));
    buf_putc(&out, '.');
    char *room = buf_room(&out, BASE64_SIZE(payload.len));
    ENSURE(room != NULL, ERR_LIMIT, "the token is too long");
    base64url_print(payload.at, payload.len, room);
    buf_grow(&out, strlen(room));
    ed25519_sign(key, out.at, out.len, sig);
    base64url_print(sig, sizeof sig, sig_text);
    buf_putc(&out, '.');
    buf_puts(&out, sig_text);
    TRY(buf_check(&out));
    *text = str_dup(arena, buf_str(&out));
    return arena_check(arena);
}
