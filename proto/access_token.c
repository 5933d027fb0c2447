/* The checks of RFC 9068 section 4, stricter where the standard leaves a choice: one audience, and
 * every claim that it calls required. */
#include "proto/access_token.h"

#include <string.h>

#include "common/sys/crypt.h"
#include "proto/oidc_claims.h"

#define TEXT_MAX  ((size_t)1024)
#define ID_MAX    ((size_t)255)
#define SCOPE_MAX ((size_t)4096)

bool access_token_typ(const char *typ)
{
    return typ != NULL && (str_is_nocase(str_of(typ), "at+jwt") ||
                           str_is_nocase(str_of(typ), "application/at+jwt"));
}

/* ---- reading ---- */

static struct err required(const char *text, const char *name)
{
    return text != NULL ? OK : err_at(ERR_INPUT, name, "the access token lacks a claim");
}

static struct err read_times(const struct json *claims, struct access_token *t)
{
    TRY(claim_time(claims, "iat", &t->iat));
    TRY(claim_time(claims, "exp", &t->exp));
    TRY(claim_time(claims, "nbf", &t->nbf));
    TRY(claim_time(claims, "auth_time", &t->auth_time));
    if (t->iat < 0 || t->exp < 0)
        return err_at(ERR_INPUT, t->iat < 0 ? "iat" : "exp",
                      "the access token does not say when it was made or until when it holds");
    return OK;
}

/* One audience, plain or as a list of one: what is also for others, others can bring here. */
static struct err read_audience(const struct json *claims, struct access_token *t)
{
    const struct json *aud = json_get(claims, "aud");
    if (json_is(aud, JSON_TYPE_ARRAY) && aud->count != 1)
        return err_at(ERR_INPUT, "aud", "the access token is not for one resource alone");
    t->aud = json_text(json_is(aud, JSON_TYPE_ARRAY) ? aud->items[0] : aud);
    if (text_empty(t->aud) || strlen(t->aud) > TEXT_MAX)
        return err_at(ERR_INPUT, "aud", "the access token does not say for whom it is");
    return OK;
}

/* RFC 9068 2.2.3, RFC 6749 3.3: names with a space between. */
static struct err read_scopes(const struct json *claims, struct access_token *t)
{
    const struct json *node = json_get(claims, "scope");
    const char *text = json_text(node);
    struct str one, rest;
    if (node == NULL)
        return OK;
    if (text == NULL || strlen(text) > SCOPE_MAX)
        return err_at(ERR_INPUT, "scope", "the access token's scope is not a text");
    rest = str_of(text);
    for (bool more = true; more;) {
        more = str_cut(rest, ' ', &one, &rest);
        if (str_is(one, ACCESS_SCOPE_READ))
            t->scopes |= ACCESS_READ;
        else if (str_is(one, ACCESS_SCOPE_PROPOSE))
            t->scopes |= ACCESS_PROPOSE | ACCESS_READ;
    }
    return OK;
}

static struct err thumbprint(const struct json *cnf, const char *name, const char **text)
{
    uint8_t hash[SHA256_LEN];
    size_t len;
    const struct json *node = json_get(cnf, name);
    *text = json_text(node);
    if (node == NULL)
        return OK;
    if (*text == NULL || strlen(*text) != ACCESS_THUMBPRINT_LEN ||
        !base64url_parse(str_of(*text), hash, sizeof hash, &len))
        return err_at(ERR_INPUT, "cnf", "a thumbprint of the access token is no SHA-256");
    return OK;
}

/* Bound to what we do not know is bound to what we cannot check. */
static struct err read_cnf(const struct json *claims, struct access_token *t)
{
    const struct json *cnf = json_get(claims, "cnf");
    if (cnf == NULL)
        return OK;
    if (!json_is(cnf, JSON_TYPE_OBJECT))
        return err_at(ERR_INPUT, "cnf", "the access token's cnf is not an object");
    TRY(thumbprint(cnf, "jkt", &t->cnf_jkt));
    TRY(thumbprint(cnf, "x5t#S256", &t->cnf_x5t));
    for (size_t i = 0; i < cnf->count; i++)
        if (!str_is(cnf->members[i].key, "jkt") && !str_is(cnf->members[i].key, "x5t#S256"))
            return err_at(ERR_INPUT, "cnf", "the access token is bound in a way unknown here");
    if (cnf->count == 0)
        return err_at(ERR_INPUT, "cnf", "the access token is bound to nothing");
    return OK;
}

struct err access_token_read(struct arena *arena, struct str payload, struct access_token *t)
{
    const struct json *claims = NULL;
    const char *azp = NULL;
    *t = (struct access_token){0};
    TRY(claims_read(arena, payload, &claims));
    TRY(claim_text(claims, "iss", TEXT_MAX, &t->iss));
    TRY(claim_text(claims, "sub", ID_MAX, &t->sub));
    TRY(claim_text(claims, "client_id", ID_MAX, &t->client_id));
    TRY(claim_text(claims, "azp", ID_MAX, &azp));
    TRY(claim_text(claims, "jti", TEXT_MAX, &t->jti));
    TRY(claim_text(claims, "sid", TEXT_MAX, &t->sid));
    TRY(claim_text(claims, "acr", TEXT_MAX, &t->acr));
    TRY(required(t->iss, "iss"));
    TRY(required(t->sub, "sub"));
    TRY(required(t->client_id, "client_id"));
    TRY(required(t->jti, "jti"));
    if (azp != NULL && strcmp(azp, t->client_id) != 0)
        return err_at(ERR_INPUT, "azp", "the access token names two clients");
    TRY(read_audience(claims, t));
    TRY(read_scopes(claims, t));
    TRY(read_cnf(claims, t));
    return read_times(claims, t);
}

/* ---- checking ---- */

struct err access_token_check(struct arena *arena, const struct access_token *t,
                              const struct access_token_rules *rules)
{
    ENSURE(strcmp(t->iss, rules->issuer) == 0, ERR_AUTH, "the access token is of another issuer");
    if (strcmp(t->aud, rules->resource) != 0)
        return err_fmt(arena, ERR_AUTH, NULL,
                       "the access token was made for another resource (aud): %.200s, and not %s",
                       t->aud, rules->resource);
    ENSURE(t->exp > t->iat, ERR_AUTH, "the access token ends before it begins");
    ENSURE(rules->now_s < t->exp + rules->skew_s, ERR_AUTH, "the access token has expired");
    ENSURE(t->iat <= rules->now_s + rules->skew_s, ERR_AUTH,
           "the access token is from the future: compare the clocks");
    ENSURE(t->nbf <= rules->now_s + rules->skew_s, ERR_AUTH, "the access token does not hold yet");
    ENSURE(t->auth_time <= rules->now_s + rules->skew_s, ERR_AUTH,
           "the access token says that the login is in the future");
    return OK;
}

struct err access_token_copy(struct arena *arena, const struct access_token *from,
                             struct access_token *to)
{
    *to = *from;
    const char **texts[] = {&to->iss, &to->sub, &to->aud,     &to->client_id, &to->jti,
                            &to->sid, &to->acr, &to->cnf_jkt, &to->cnf_x5t};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (*texts[i] != NULL)
            *texts[i] = arena_strdup(arena, *texts[i]);
    return arena_check(arena);
}
