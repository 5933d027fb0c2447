/* The checks in the standard's order. A rule that a token breaks is named in words that help
 * whoever set the provider up. */
#include "proto/oidc_token.h"

#include <string.h>

#define TEXT_MAX      ((size_t)1024)
#define IAT_AGE_MAX_S 600 /* a token for us was made just now */
#define LOGOUT_AGE_S  600
#define LOGOUT_EVENT  "http://schemas.openid.net/event/backchannel-logout"

static struct err read_times(struct id_token *t)
{
    TRY(claim_time(t->claims, "iat", &t->iat));
    TRY(claim_time(t->claims, "exp", &t->exp));
    TRY(claim_time(t->claims, "nbf", &t->nbf));
    TRY(claim_time(t->claims, "auth_time", &t->auth_time));
    ENSURE(t->iat >= 0, ERR_INPUT, "the ID token does not say when it was made (iat)");
    ENSURE(t->exp >= 0, ERR_INPUT, "the ID token does not say until when it holds (exp)");
    return OK;
}

/* What describes the person: left out when it is not of the usual form, for nothing depends on it.
 */
static void read_person(struct id_token *t)
{
    const struct json *verified = json_get(t->claims, "email_verified");
    const char *name = NULL, *email = NULL;
    if (claim_text(t->claims, "name", TEXT_MAX, &name).kind == ERR_NONE)
        t->name = name;
    if (json_is(verified, JSON_TYPE_BOOL) && verified->truth &&
        claim_text(t->claims, "email", 320, &email).kind == ERR_NONE)
        t->email = email;
}

struct err id_token_read(struct arena *arena, struct str payload, struct id_token *t)
{
    *t = (struct id_token){0};
    TRY(claims_read(arena, payload, &t->claims));
    TRY(claim_text(t->claims, "iss", TEXT_MAX, &t->iss));
    TRY(claim_text(t->claims, "sub", OIDC_SUB_MAX, &t->sub));
    TRY(claim_text(t->claims, "azp", TEXT_MAX, &t->azp));
    TRY(claim_text(t->claims, "nonce", TEXT_MAX, &t->nonce));
    TRY(claim_text(t->claims, "at_hash", 128, &t->at_hash));
    TRY(claim_text(t->claims, "acr", TEXT_MAX, &t->acr));
    TRY(claim_text(t->claims, "sid", TEXT_MAX, &t->sid));
    ENSURE(t->iss != NULL, ERR_INPUT, "the ID token names no issuer");
    ENSURE(t->sub != NULL, ERR_INPUT, "the ID token names nobody (sub)");
    read_person(t);
    return read_times(t);
}

/* 3.1.3.7 items 3 to 5. Further audiences are taken only when the token says that it was made for
 * us. */
static struct err check_audience(const struct json *claims, const char *azp, const char *client_id)
{
    const struct json *aud = json_get(claims, "aud");
    ENSURE(claim_holds(aud, client_id), ERR_AUTH,
           "the token was made for another application (aud)");
    ENSURE(azp == NULL || strcmp(azp, client_id) == 0, ERR_AUTH,
           "the token was made for another application (azp)");
    ENSURE(!json_is(aud, JSON_TYPE_ARRAY) || aud->count == 1 || azp != NULL, ERR_AUTH,
           "the token is also for others and does not say that it was made for us (azp)");
    return OK;
}

/* Items 9 and 10, with the clocks allowed to differ. */
static struct err check_times(const struct id_token *t, const struct id_token_rules *rules)
{
    ENSURE(rules->now_s < t->exp + rules->skew_s, ERR_AUTH, "the ID token has expired");
    ENSURE(t->iat <= rules->now_s + rules->skew_s, ERR_AUTH,
           "the ID token is from the future: compare the clocks");
    ENSURE(t->iat >= rules->now_s - rules->skew_s - IAT_AGE_MAX_S, ERR_AUTH,
           "the ID token was not made for this login: it is too old");
    ENSURE(t->nbf <= rules->now_s + rules->skew_s, ERR_AUTH, "the ID token does not hold yet");
    ENSURE(t->auth_time <= rules->now_s + rules->skew_s, ERR_AUTH,
           "the ID token says that the login is in the future");
    return OK;
}

/* Item 11. */
static bool nonce_fits(const char *nonce, const char *sent)
{
    return nonce != NULL && (sent == NULL || (strlen(nonce) == strlen(sent) &&
                                              bytes_eq_ct(nonce, sent, strlen(sent))));
}

/* Items 12 and 13. */
static struct err check_login(const struct id_token *t, const struct id_token_rules *rules)
{
    bool named = rules->acr == NULL || rules->acr->n == 0;
    for (size_t i = 0; !named && t->acr != NULL && i < rules->acr->n; i++)
        named = strcmp(t->acr, rules->acr->items[i]) == 0;
    ENSURE(named, ERR_AUTH, "the login was not of the strength that is asked for here (acr)");
    ENSURE(t->auth_time >= 0 || (rules->since_s == 0 && !rules->dated), ERR_AUTH,
           "the identity provider does not say when you logged in (auth_time)");
    ENSURE(rules->since_s == 0 || t->auth_time >= rules->since_s - rules->skew_s, ERR_AUTH,
           "the identity provider did not ask you to log in again");
    return OK;
}

/* 3.1.3.6: the left half of the access token's hash, of the hash that the signature uses. */
static bool at_hash_fits(const struct id_token *t, const struct id_token_rules *rules)
{
    uint8_t hash[SHA512_LEN];
    char text[BASE64_SIZE(SHA512_LEN / 2)];
    const size_t len = strlen(rules->access_token);
    if (rules->alg == JOSE_EDDSA) /* Ed25519 hashes with SHA-512 inside */
        sha512(rules->access_token, len, hash);
    else
        sha256(rules->access_token, len, hash);
    base64url_print(hash, (rules->alg == JOSE_EDDSA ? SHA512_LEN : SHA256_LEN) / 2, text);
    return strcmp(text, t->at_hash) == 0;
}

struct err id_token_check(const struct id_token *t, const struct id_token_rules *rules)
{
    ENSURE(strcmp(t->iss, rules->issuer) == 0, ERR_AUTH, "the ID token is of another issuer");
    TRY(check_audience(t->claims, t->azp, rules->client_id));
    TRY(check_times(t, rules));
    ENSURE(nonce_fits(t->nonce, rules->nonce), ERR_AUTH,
           "the ID token does not belong to this login (nonce)");
    ENSURE(t->at_hash == NULL || rules->access_token == NULL || at_hash_fits(t, rules), ERR_AUTH,
           "the ID token and the access token do not belong together (at_hash)");
    return check_login(t, rules);
}

/* ---- the logout token ---- */

static struct err check_logout_times(const struct json *claims, int64_t now_s, int64_t skew_s,
                                     int64_t *until_s)
{
    int64_t iat, exp;
    TRY(claim_time(claims, "iat", &iat));
    TRY(claim_time(claims, "exp", &exp));
    ENSURE(iat >= 0 && exp >= 0, ERR_AUTH, "the logout token lacks iat or exp");
    ENSURE(iat <= now_s + skew_s && now_s < exp + skew_s && iat >= now_s - skew_s - LOGOUT_AGE_S,
           ERR_AUTH, "the logout token is too old, or from the future");
    /* Past this the token is refused by its age; until then its jti is remembered. */
    *until_s = exp < iat + LOGOUT_AGE_S ? exp + skew_s : iat + LOGOUT_AGE_S + skew_s;
    return OK;
}

struct err logout_token_read(struct arena *arena, struct str payload, const char *typ,
                             const char *issuer, const char *client_id, int64_t now_s,
                             int64_t skew_s, struct logout_token *t)
{
    const struct json *claims = NULL;
    const char *iss;
    *t = (struct logout_token){0};
    /* "application/logout+jwt" without its first part (RFC 7515 4.1.9). */
    ENSURE(typ == NULL || str_is_nocase(str_of(typ), "logout+jwt") ||
               str_is_nocase(str_of(typ), "JWT"),
           ERR_AUTH, "the token is of another type than a logout token");
    TRY(claims_read(arena, payload, &claims));
    TRY(claim_text(claims, "iss", TEXT_MAX, &iss));
    TRY(claim_text(claims, "sub", OIDC_SUB_MAX, &t->sub));
    TRY(claim_text(claims, "sid", TEXT_MAX, &t->sid));
    TRY(claim_text(claims, "jti", TEXT_MAX, &t->jti));
    ENSURE(text_eq(iss, issuer), ERR_AUTH, "the logout token is of another issuer");
    TRY(check_audience(claims, json_get_text(claims, "azp"), client_id));
    TRY(check_logout_times(claims, now_s, skew_s, &t->until_s));
    ENSURE(t->sub != NULL || t->sid != NULL, ERR_AUTH, "the logout token names nobody");
    ENSURE(t->jti != NULL, ERR_AUTH, "the logout token has no jti");
    const struct json *event = json_get(json_get(claims, "events"), LOGOUT_EVENT);
    ENSURE(json_is(event, JSON_TYPE_OBJECT), ERR_AUTH, "the token is not about a logout");
    ENSURE(json_get(claims, "nonce") == NULL, ERR_AUTH, "a logout token must not have a nonce");
    return OK;
}
