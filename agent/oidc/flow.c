/* What travels with the browser. The cookie is the memory: a visitor who only looks at the sign-in
 * page leaves nothing in our database. */
#include "agent/oidc/flow.h"

#include <stdio.h>
#include <string.h>

#include "common/base/form.h"
#include "common/base/json.h"
#include "common/sys/crypt.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"

#define BACK_MAX   ((size_t)1024)
#define STATE_LEN  43
#define SUFFIX_LEN 10

static const struct json_field fields[] = {
    JSON_TEXT(struct flow, state, .required = true, .max = STATE_LEN),
    JSON_TEXT(struct flow, nonce, .required = true, .max = 64),
    JSON_TEXT(struct flow, verifier, .required = true, .max = 64),
    JSON_TEXT(struct flow, back, .required = true, .max = BACK_MAX),
    JSON_INT(struct flow, begun_s, .required = true),
    JSON_TEXT(struct flow, session, .max = 64),
    JSON_TEXT(struct flow, escalation_id, .max = 64),
    JSON_TEXT(struct flow, decision, .max = 32),
    JSON_TEXT(struct flow, digest, .max = 64),
};

static const char *secret(struct arena *arena)
{
    uint8_t bytes[32];
    char *text = arena_alloc(arena, BASE64_SIZE(sizeof bytes));
    crypt_random(bytes, sizeof bytes);
    if (text != NULL)
        base64url_print(bytes, sizeof bytes, text);
    return text;
}

struct err flow_begin(struct arena *arena, struct flow *flow)
{
    flow->state = secret(arena);
    flow->verifier = secret(arena);
    if (flow->nonce == NULL)
        flow->nonce = secret(arena);
    return arena_check(arena);
}

void pkce_challenge(const char *verifier, char out[FLOW_SECRET_SIZE])
{
    uint8_t hash[SHA256_LEN];
    char text[BASE64_SIZE(SHA256_LEN)];
    sha256(verifier, strlen(verifier), hash);
    base64url_print(hash, sizeof hash, text);
    memcpy(out, text, FLOW_SECRET_SIZE);
}

static void put_age(struct buf *url, const struct flow *flow, const struct oidc_config *oidc)
{
    char digits[24];
    if (flow->session != NULL) {
        form_put(url, "prompt", "login");
        form_put(url, "max_age", "0");
    } else if (oidc->max_age_s > 0) {
        (void)snprintf(digits, sizeof digits, "%lld", (long long)oidc->max_age_s);
        form_put(url, "max_age", digits);
    }
}

static void put_acr(struct arena *arena, struct buf *url, const struct oidc_config *oidc)
{
    const char *all = oidc->acr.n == 0 ? NULL : oidc->acr.items[0];
    for (size_t i = 1; i < oidc->acr.n && all != NULL; i++)
        all = arena_fmt(arena, "%s %s", all, oidc->acr.items[i]);
    if (all != NULL)
        form_put(url, "acr_values", all);
}

struct err flow_url(struct arena *arena, const struct flow *flow, const struct oidc_config *oidc,
                    const struct oidc_metadata *meta, const char *redirect_uri, const char **url)
{
    CLEANUP(buf_fini) struct buf out;
    char challenge[FLOW_SECRET_SIZE];
    pkce_challenge(flow->verifier, challenge);
    buf_init(&out, (size_t)16 * 1024);
    buf_puts(&out, meta->authorization_endpoint);
    if (strchr(meta->authorization_endpoint, '?') == NULL) /* else form_put goes on behind it */
        buf_putc(&out, '?');
    form_put(&out, "response_type", "code");
    form_put(&out, "client_id", oidc->client_id);
    form_put(&out, "redirect_uri", redirect_uri);
    form_put(&out, "scope", oidc->scopes);
    form_put(&out, "state", flow->state);
    form_put(&out, "nonce", flow->nonce);
    form_put(&out, "code_challenge", challenge);
    form_put(&out, "code_challenge_method", "S256");
    put_age(&out, flow, oidc);
    if (flow->session != NULL)
        put_acr(arena, &out, oidc);
    TRY(buf_check(&out));
    *url = arena_strdup(arena, buf_text(&out));
    return arena_check(arena);
}

/* ---- the cookie ---- */

static bool is_state(const char *state)
{
    uint8_t bytes[32];
    size_t len;
    return state != NULL && strlen(state) == STATE_LEN &&
           base64url_parse(str_of(state), bytes, sizeof bytes, &len) && len == sizeof bytes;
}

const char *flow_cookie(struct arena *arena, const char *state)
{
    return is_state(state) ? arena_fmt(arena, FLOW_COOKIE "%.*s", SUFFIX_LEN, state) : NULL;
}

struct err flow_seal(struct arena *arena, const struct seals *seals, const struct flow *flow,
                     const char **value)
{
    struct json *tree = NULL;
    struct str text;
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, 8192);
    TRY(json_unbind(arena, JSON_FIELDS(fields), flow, &tree));
    jw_tree(&w, NULL, tree);
    TRY(jw_done(&w, &text));
    return seal_text(seals, arena, SEAL_LOGIN, flow->state, text, value);
}

struct err flow_open(struct arena *arena, const struct seals *seals, const char *state,
                     const char *value, int64_t now_s, struct flow *flow)
{
    struct str text;
    struct json *tree = NULL;
    *flow = (struct flow){0};
    ENSURE(is_state(state) && value != NULL &&
               unseal_text(seals, arena, SEAL_LOGIN, state, value, &text),
           ERR_AUTH, "this sign-in was not begun in this browser, or too long ago");
    TRY(json_read(arena, text, NULL, &tree));
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, flow));
    ENSURE(now_s >= flow->begun_s && now_s < flow->begun_s + FLOW_LIFE_S, ERR_AUTH,
           "this sign-in was begun too long ago");
    return OK;
}

/* ---- coming back ---- */

struct err callback_read(struct arena *arena, struct str query, struct callback *c)
{
    *c = (struct callback){0};
    TRY(form_get(arena, query, "state", &c->state));
    TRY(form_get(arena, query, "code", &c->code));
    TRY(form_get(arena, query, "iss", &c->iss));
    TRY(form_get(arena, query, "error", &c->error));
    return form_get(arena, query, "error_description", &c->error_description);
}

struct err callback_issuer_check(const struct callback *c, const struct oidc_metadata *meta)
{
    ENSURE(c->iss != NULL || !meta->iss_in_answer, ERR_AUTH,
           "the answer does not say which identity provider it is of");
    ENSURE(c->iss == NULL || strcmp(c->iss, meta->issuer) == 0, ERR_AUTH,
           "the answer is of another identity provider");
    return OK;
}

const char *flow_back(const char *back)
{
    static const char nowhere[] = "/";
    const size_t len = back == NULL ? 0 : strlen(back);
    if (len == 0 || len > BACK_MAX || back[0] != '/')
        return nowhere;
    /* "//host" and "/\host" are another host's to a browser. */
    if (back[1] == '/' || back[1] == '\\')
        return nowhere;
    for (const char *p = back; *p != '\0'; p++) {
        if (*p < 0x21 || *p > 0x7e || *p == '\\')
            return nowhere;
    }
    return strncmp(back, "/auth/", 6) == 0 || strncmp(back, "/api/", 5) == 0 ? nowhere : back;
}
