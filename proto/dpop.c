/* The checks of RFC 9449 section 4.3, in the order of what they cost. */
#include "proto/dpop.h"

#include <string.h>

#include "proto/assertion.h"
#include "proto/http_uri.h"
#include "proto/oidc_claims.h"

#define JTI_MIN    ((size_t)8)
#define TEXT_MAX   ((size_t)256)
#define HASH_CHARS ((size_t)43) /* of a SHA-256 in base64url */

/* ---- reading ---- */

static struct err key_read(struct dpop_proof *proof)
{
    struct err e = jwk_parse(proof->jws.jwk, &proof->key);
    ENSURE(e.kind == ERR_NONE, ERR_INPUT, "the proof's key (jwk) is none that is taken here");
    /* What is computed with it grows with both. */
    ENSURE(proof->key.alg != JOSE_RS256 ||
               (proof->key.rsa.modulus_len <= DPOP_RSA_MAX && proof->key.rsa.exponent_len <= 4),
           ERR_INPUT, "the proof's RSA key is longer than 4096 bits");
    ENSURE(proof->key.alg == proof->jws.alg, ERR_INPUT,
           "the proof names another algorithm than its key");
    jwk_thumbprint(&proof->key, proof->jkt);
    return OK;
}

static struct err required(const char *text, const char *name)
{
    return text != NULL ? OK : err_at(ERR_INPUT, name, "the proof lacks a claim");
}

static struct err hash_read(const struct json *claims, const char *name, const char **text)
{
    uint8_t hash[SHA256_LEN];
    size_t len;
    TRY(claim_text(claims, name, HASH_CHARS, text));
    if (*text != NULL &&
        (strlen(*text) != HASH_CHARS || !base64url_parse(str_of(*text), hash, sizeof hash, &len)))
        return err_at(ERR_INPUT, name, "a hash of the proof is no SHA-256 in base64url");
    return OK;
}

/* It is written into the book, so it is plain. */
static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x21 || *text > 0x7e)
            return false;
    return true;
}

static struct err claims_of(struct arena *arena, struct dpop_proof *proof)
{
    const struct json *claims = NULL;
    TRY(claims_read(arena, proof->jws.payload, &claims));
    TRY(claim_text(claims, "jti", TEXT_MAX, &proof->jti));
    TRY(claim_text(claims, "htm", TEXT_MAX, &proof->htm));
    TRY(claim_text(claims, "htu", HTTP_URI_MAX, &proof->htu));
    TRY(claim_text(claims, "nonce", TEXT_MAX, &proof->nonce));
    TRY(claim_time(claims, "iat", &proof->iat));
    TRY(hash_read(claims, "ath", &proof->ath));
    TRY(hash_read(claims, "bh", &proof->bh));
    TRY(required(proof->jti, "jti"));
    TRY(required(proof->htm, "htm"));
    TRY(required(proof->htu, "htu"));
    if (proof->iat < 0)
        return err_at(ERR_INPUT, "iat", "the proof does not say when it was made");
    if (strlen(proof->jti) < JTI_MIN || !is_visible(proof->jti))
        return err_at(ERR_INPUT, "jti", "a proof's jti is 8 to 256 visible characters");
    return OK;
}

struct err dpop_parse(struct arena *arena, struct str text, struct dpop_proof *proof)
{
    *proof = (struct dpop_proof){.iat = -1};
    TRY(jws_parse_own_key(arena, text, &proof->jws));
    ENSURE(strcmp(proof->jws.typ, DPOP_TYP) == 0, ERR_INPUT, "the proof's typ is not " DPOP_TYP);
    TRY(key_read(proof));
    return claims_of(arena, proof);
}

/* ---- checking ---- */

static struct err times_check(const struct dpop_proof *proof, const struct dpop_request *req)
{
    ENSURE(proof->iat <= req->now_s + req->skew_s, ERR_AUTH,
           "the proof is from the future: compare the clocks (iat)");
    ENSURE(proof->iat >= req->now_s - DPOP_LIFE_S - req->skew_s, ERR_AUTH,
           "the proof is too old (iat)");
    ENSURE(req->since_s == 0 || proof->iat >= req->since_s, ERR_AUTH,
           "the proof was made before the engine started");
    return OK;
}

static struct err body_check(const struct dpop_proof *proof, const struct dpop_request *req)
{
    char hash[ASSERTION_HASH_SIZE];
    ENSURE(proof->bh != NULL || !req->body_bound, ERR_AUTH,
           "the proof does not say for which body it is (bh)");
    if (proof->bh == NULL)
        return OK;
    assertion_body_hash(req->body, hash);
    ENSURE(strcmp(proof->bh, hash) == 0, ERR_AUTH, "the proof is for another body (bh)");
    return OK;
}

static struct err token_check(const struct dpop_proof *proof, const struct dpop_request *req)
{
    char hash[BASE64_SIZE(SHA256_LEN)];
    base64url_print(req->token_sha256, SHA256_LEN, hash);
    ENSURE(proof->ath != NULL, ERR_AUTH,
           "the proof does not say for which access token it is (ath)");
    ENSURE(strcmp(proof->ath, hash) == 0, ERR_AUTH, "the proof is for another access token (ath)");
    ENSURE(strcmp(proof->jkt, req->jkt) == 0, ERR_AUTH,
           "the proof was made with another key than the access token is bound to");
    return OK;
}

struct err dpop_check(struct arena *arena, const struct dpop_proof *proof,
                      const struct dpop_request *req)
{
    const char *uri = NULL;
    TRY(token_check(proof, req));
    ENSURE(strcmp(proof->htm, req->method) == 0, ERR_AUTH, "the proof is for another method (htm)");
    struct err e = http_uri_normal(arena, proof->htu, &uri);
    if (e.kind == ERR_LIMIT)
        return e;
    ENSURE(e.kind == ERR_NONE && strcmp(uri, req->uri) == 0, ERR_AUTH,
           "the proof is for another address (htu)");
    TRY(times_check(proof, req));
    TRY(body_check(proof, req));
    ENSURE(jws_verify(&proof->jws, &proof->key).kind == ERR_NONE, ERR_AUTH,
           "the proof's signature does not verify");
    return OK;
}
