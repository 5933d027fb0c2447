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

static const size_t sig_len_of[] = {[JOSE_EDDSA] = ED25519_SIG_LEN};

static struct err decode(struct arena *arena, struct str text, struct str *bytes)
{
    char *out = arena_alloc(arena, text.len + 1);
    TRY(arena_check(arena));
    ENSURE(base64url_parse(text, out, text.len, &bytes->len), ERR_INPUT,
           "the token is not strict base64url");
    bytes->at = out;
    return OK;
}

static struct err header_parse(struct arena *arena, struct str part, struct jws *jws)
{
    const struct json_limits limits = {.depth_max = 4, .bytes_max = 2048, .nodes_max = 64};
    struct str bytes = {0};
    struct json *tree = NULL;
    struct header h = {0};

    TRY(decode(arena, part, &bytes));
    TRY(json_read(arena, bytes, &limits, &tree));
    TRY(json_bind(arena, JSON_FIELDS(header_fields), tree, &h));
    jws->alg = (enum jose_alg)h.alg;
    jws->kid = h.kid;
    jws->typ = h.typ;
    return OK;
}

struct err jws_parse(struct arena *arena, struct str text, struct jws *jws)
{
    struct str header, rest, payload, sig, bytes = {0};

    *jws = (struct jws){0};
    ENSURE(text.len <= JWS_TEXT_MAX, ERR_LIMIT, "the token is too long");
    ENSURE(str_cut(text, '.', &header, &rest) && str_cut(rest, '.', &payload, &sig) &&
               memchr(sig.at, '.', sig.len) == NULL,
           ERR_INPUT, "the token does not have three parts");
    TRY(header_parse(arena, header, jws));
    TRY(decode(arena, payload, &jws->payload));
    TRY(decode(arena, sig, &bytes));
    ENSURE(bytes.len == sig_len_of[jws->alg], ERR_INPUT, "the signature has the wrong length");
    memcpy(jws->sig, bytes.at, bytes.len);
    jws->sig_len = bytes.len;
    jws->signed_part = (struct str){text.at, header.len + 1 + payload.len};
    return OK;
}

struct err jws_verify(const struct jws *jws, const struct jose_key *key)
{
    ENSURE(key->alg == jws->alg, ERR_AUTH, "the token names another algorithm than its key");
    switch (key->alg) {
    case JOSE_EDDSA:
        ENSURE(ed25519_verify(key->ed25519, jws->signed_part.at, jws->signed_part.len, jws->sig),
               ERR_AUTH, "the token's signature does not verify");
        return OK;
    case JOSE_ALG_NONE:
        break;
    }
    return err_new(ERR_AUTH, "the token is not signed");
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
