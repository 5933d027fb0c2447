/* A DPoP proof of any bytes is read or refused; what is read has what RFC 9449 requires, and nobody
 * without the key gets one taken: the one in the corpus is for this request, and no other text is
 * unless its signature is that key's. And any address comes to a normal form that stays as it is.
 */
#include "proto/dpop.h"

#include <string.h>

#include "common/base/invariant.h"
#include "proto/dpop_nonce.h"
#include "proto/http_uri.h"

#define NOW_S INT64_C(1790000000)
#define URI   "https://r.example/mcp"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_whole(const struct dpop_proof *p)
{
    char jkt[JWK_THUMBPRINT_SIZE];
    INVARIANT(p->jws.alg != JOSE_ALG_NONE && p->key.alg == p->jws.alg);
    INVARIANT(strcmp(p->jws.typ, DPOP_TYP) == 0);
    INVARIANT(strlen(p->jti) >= 8 && p->htm != NULL && p->htu != NULL && p->iat >= 0);
    INVARIANT(strlen(p->jkt) == JWK_THUMBPRINT_SIZE - 1);
    jwk_thumbprint(&p->key, jkt);
    INVARIANT(strcmp(jkt, p->jkt) == 0);
    INVARIANT(p->key.alg != JOSE_RS256 || p->key.rsa.modulus_len <= DPOP_RSA_MAX);
}

/* The key that the corpus' proof was made with. */
static const char *known(void)
{
    static const uint8_t seed[ED25519_KEY_LEN] = {9, 4, 4, 9};
    static char jkt[JWK_THUMBPRINT_SIZE];
    if (jkt[0] == '\0') {
        struct ed25519_key *key = NULL;
        struct jose_key k = {.alg = JOSE_EDDSA};
        INVARIANT(ed25519_from_seed(seed, &key).kind == ERR_NONE);
        ed25519_public(key, k.ed25519);
        jwk_thumbprint(&k, jkt);
        ed25519_free(key);
    }
    return jkt;
}

static void proof_of(struct arena *arena, struct str text)
{
    static const uint8_t token[SHA256_LEN] = {7};
    static const struct dpop_nonces nonces = {{1}};
    struct dpop_proof p;
    if (dpop_parse(arena, text, &p).kind != ERR_NONE)
        return;
    read_whole(&p);
    const struct dpop_request req = {.method = "POST",
                                     .uri = URI,
                                     .body = STR("{}"),
                                     .token_sha256 = token,
                                     .jkt = known(),
                                     .now_s = NOW_S,
                                     .skew_s = 60};
    struct dpop_request other = req;
    other.jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    INVARIANT(dpop_check(arena, &p, &other).kind != ERR_NONE);
    if (dpop_check(arena, &p, &req).kind == ERR_NONE)
        INVARIANT(p.ath != NULL && strcmp(p.htm, "POST") == 0 && strcmp(p.jkt, known()) == 0 &&
                  p.iat >= NOW_S - DPOP_LIFE_S - 60 && p.iat <= NOW_S + 60);
    INVARIANT(dpop_nonce_age(&nonces, NOW_S, p.nonce) == DPOP_NONCE_STALE);
}

static void address_of(struct arena *arena, const char *text)
{
    const char *once = NULL, *twice = NULL;
    if (http_uri_normal(arena, text, &once).kind != ERR_NONE)
        return;
    INVARIANT(strlen(once) <= strlen(text) + 1 && strpbrk(once, "?# \\\"") == NULL);
    INVARIANT(strstr(once, "/./") == NULL && strstr(once, "/../") == NULL);
    INVARIANT(strlen(once) > HTTP_URI_MAX ||
              (http_uri_normal(arena, once, &twice).kind == ERR_NONE && strcmp(once, twice) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    const struct str text = {(const char *)data, size};
    proof_of(arena, text);
    const char *address = str_dup(arena, text);
    if (address != NULL)
        address_of(arena, address);
    return 0;
}
