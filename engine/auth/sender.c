/* Sender constraints of access tokens. A proof is judged on the thread that reads the registry;
 * that it counts once is the loop's to know (memory, for all requests) and the book's (for changes,
 * in their own transaction, as with assertions). With nonces, which end with the process, nothing
 * made for the one before is taken, so the memory may start empty; without them the time does that.
 */
#include "engine/auth/sender.h"

#include <string.h>

#include "engine/auth/auth_own.h"
#include "proto/http_uri.h"

#define PROOFS_MAX ((size_t)1 << 21) /* within the time that one could come again */

/* RFC 9449 12.2 */
#define PROOF_WRONG  "invalid_dpop_proof"
#define NONCE_WANTED "use_dpop_nonce"

static const char *const algs[] = {"ES256", "EdDSA", "RS256", NULL};

static int64_t keep_s(const struct config *config)
{
    return DPOP_LIFE_S + 2 * config->oidc_skew_seconds;
}

struct err sender_new(struct auth *auth)
{
    struct sender *s = &auth->sender;
    struct err e = http_uri_normal(auth->arena, auth->resource.resource, &s->uri);
    if (e.kind != ERR_NONE)
        return err_at(e.kind, "CLOSEGATE_ENGINE_RESOURCE", e.msg);
    s->used = jti_set_new(keep_s(auth->config), PROOFS_MAX);
    ENSURE(s->used != NULL, ERR_LIMIT, "no memory");
    dpop_nonces_init(&s->nonces);
    auth->resource.dpop_algs = algs;
    auth->resource.dpop_required = auth->config->dpop == CONFIG_REQUIRED;
    return OK;
}

void sender_fini(struct sender *sender)
{
    jti_set_free(sender->used);
    crypt_wipe(&sender->nonces, sizeof sender->nonces);
}

/* ---- the proof ---- */

static struct err no_proof(struct auth_check *check, const char *error, const char *why)
{
    check->sender.error = error;
    auth_refuse(check, 401, why);
    return OK;
}

/* RFC 9449 4.3, 1: one field, of one value. */
static const char *field(const struct auth_check *check, struct str *text)
{
    const struct http_field *found = NULL;
    for (size_t i = 0; i < check->http->fields_n; i++) {
        if (!str_is_nocase(check->http->fields[i].name, DPOP_HEADER))
            continue;
        if (found != NULL)
            return "the request shows more than one proof (DPoP)";
        found = &check->http->fields[i];
    }
    if (found == NULL)
        return "the access token is bound to a key, and no proof shows that it is the caller's "
               "(DPoP)";
    *text = found->value;
    return NULL;
}

static struct err proof_judge(struct auth_check *check, struct str text)
{
    const struct config *config = check->auth->config;
    const struct dpop_request req = {
        .method = http_method_name(check->http->method),
        .uri = check->auth->sender.uri,
        .body = check->http->body,
        .token_sha256 = check->access_sha256,
        .jkt = check->token.cnf_jkt,
        .now_s = check->now_us / 1000000,
        .skew_s = config->oidc_skew_seconds,
        .since_s = config->dpop_nonce == CONFIG_REQUIRED ? 0 : check->auth->started_us / 1000000,
        .body_bound = config->dpop_body == CONFIG_REQUIRED,
    };
    TRY(dpop_parse(check->arena, text, &check->sender.proof));
    return dpop_check(check->arena, &check->sender.proof, &req);
}

static struct err proof_check(struct auth_check *check)
{
    struct str text;
    struct sender_seen *seen = &check->sender;
    const char *wrong = field(check, &text);
    if (wrong != NULL)
        return no_proof(check, PROOF_WRONG, wrong);
    struct err e = proof_judge(check, text);
    if (arena_full(check->arena))
        return err_new(ERR_LIMIT, "out of memory");
    if (e.kind != ERR_NONE)
        return no_proof(check, PROOF_WRONG, auth_why(check->arena, e));
    seen->nonce =
        dpop_nonce_age(&check->auth->sender.nonces, check->now_us / 1000000, seen->proof.nonce);
    const bool wanted =
        check->auth->config->dpop_nonce == CONFIG_REQUIRED || seen->proof.nonce != NULL;
    if (wanted && seen->nonce == DPOP_NONCE_STALE)
        return no_proof(check, NONCE_WANTED,
                        "the proof does not carry a nonce of ours that still counts");
    seen->held = true;
    return OK;
}

struct err sender_check(struct auth_check *check)
{
    const struct access_token *t = &check->token;
    check->sender.dpop = t->cnf_jkt != NULL;
    HOLDS(check,
          t->cnf_x5t == NULL || web_peer_shows(check->from, t->cnf_x5t, check->now_us / 1000000),
          401, "the access token is bound to a certificate that this connection did not show");
    if (t->cnf_jkt == NULL) {
        HOLDS(check, check->auth->config->dpop == CONFIG_OPTIONAL, 401,
              "only access tokens that are bound to a key are taken here: ask for one with DPoP");
        HOLDS(check, check->scheme == SCHEME_BEARER, 401,
              "the access token is not bound to a key: show it as Bearer");
        return OK;
    }
    HOLDS(check, check->scheme == SCHEME_DPOP, 401,
          "the access token is bound to a key: show it as DPoP, with a proof");
    return proof_check(check);
}

/* ---- once ---- */

void sender_spend(struct auth_check *check)
{
    const struct dpop_proof *proof = &check->sender.proof;
    if (!check->sender.held)
        return;
    check->result.actor.jti = arena_fmt(check->arena, "dpop:%s/%s", proof->jkt, proof->jti);
    check->result.actor.jti_expires_us =
        (proof->iat + keep_s(check->auth->config)) * INT64_C(1000000);
}

static void use(struct auth *auth, struct auth_check *check)
{
    const struct dpop_proof *proof = &check->sender.proof;
    struct err e = jti_set_use(auth->sender.used, proof->jkt, proof->jti, check->now_us / 1000000);
    if (e.kind == ERR_CONFLICT) {
        check->sender.error = PROOF_WRONG;
        auth_refuse(check, 401, "the proof was used before (jti)");
    } else if (e.kind != ERR_NONE) {
        auth_refuse(check, 503, "too many proofs in a minute");
    }
}

bool sender_asks(const struct auth_check *check)
{
    return text_eq(check->sender.error, NONCE_WANTED);
}

void sender_end(struct auth *auth, struct auth_check *check)
{
    const struct sender_seen *seen = &check->sender;
    struct auth_result *r = &check->result;
    if (seen->held && r->status == 0)
        use(auth, check);
    const bool due = (seen->held && seen->nonce != DPOP_NONCE_NOW) || sender_asks(check);
    if (!due || r->fields_n >= AUTH_FIELDS_MAX)
        return;
    char *nonce = arena_alloc(check->arena, DPOP_NONCE_SIZE);
    if (nonce == NULL)
        return;
    dpop_nonce_print(&auth->sender.nonces, check->now_us / 1000000, nonce);
    r->fields[r->fields_n++] = (struct http_pair){DPOP_NONCE_HEADER, nonce};
}
