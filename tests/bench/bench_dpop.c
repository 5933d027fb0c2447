/* What holding a request against its DPoP proof costs: reading it, its claims, the signature, the
 * nonce; for each algorithm, beside the floor, an Ed25519 verification of as many bytes in the same
 * run. Processor time, best of several rounds. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/invariant.h"
#include "proto/dpop.h"
#include "proto/dpop_nonce.h"
#include "tests/bench/clock.h"
#include "tests/unit/made_token.h"

#define URI "https://r.example/mcp"

enum { ROUNDS = 40, CALLS = 100 };

struct made {
    struct str token, proof;
    const char *jkt;
    int64_t now_s;
};

static void check(struct arena *arena, const struct dpop_nonces *nonces, const struct made *m)
{
    struct dpop_proof p;
    uint8_t hash[SHA256_LEN];
    sha256(m->token.at, m->token.len, hash);
    const struct dpop_request req = {.method = "POST",
                                     .uri = URI,
                                     .body = STR("{}"),
                                     .token_sha256 = hash,
                                     .jkt = m->jkt,
                                     .now_s = m->now_s,
                                     .skew_s = 60};
    INVARIANT(dpop_parse(arena, m->proof, &p).kind == ERR_NONE);
    INVARIANT(dpop_check(arena, &p, &req).kind == ERR_NONE);
    INVARIANT(dpop_nonce_age(nonces, m->now_s, p.nonce) == DPOP_NONCE_STALE);
}

/* Nanoseconds a call, best round. */
static int64_t measure(struct arena *arena, const struct made *m)
{
    struct dpop_nonces nonces;
    int64_t best = INT64_MAX;
    dpop_nonces_init(&nonces);
    for (int r = 0; r < ROUNDS; r++) {
        const int64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < CALLS; i++) {
            check(arena, &nonces, m);
            arena_reset(arena);
        }
        const int64_t took = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / CALLS;
        best = took < best ? took : best;
    }
    return best;
}

static int64_t floor_of(const struct made *m)
{
    struct ed25519_key *key = NULL;
    uint8_t public_key[ED25519_KEY_LEN], sig[ED25519_SIG_LEN];
    int64_t best = INT64_MAX;
    INVARIANT(ed25519_new(&key).kind == ERR_NONE);
    ed25519_public(key, public_key);
    ed25519_sign(key, m->proof.at, m->proof.len, sig);
    for (int r = 0; r < ROUNDS; r++) {
        const int64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < CALLS; i++)
            INVARIANT(ed25519_verify(public_key, m->proof.at, m->proof.len, sig));
        const int64_t took = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / CALLS;
        best = took < best ? took : best;
    }
    ed25519_free(key);
    return best;
}

static struct made made_of(struct arena *arena, const struct made_key *key, const char *alg)
{
    struct made m = {.token = STR("a.token.of-some-length"), .now_s = 1790000000};
    char ath[BASE64_SIZE(SHA256_LEN)];
    uint8_t hash[SHA256_LEN];
    struct dpop_proof p;
    sha256(m.token.at, m.token.len, hash);
    base64url_print(hash, sizeof hash, ath);
    m.proof = str_of(
        made_token(arena, key,
                   arena_fmt(arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s}", alg,
                             made_jwk(arena, key, NULL, "")),
                   arena_fmt(arena,
                             "{\"jti\":\"0123456789abcdef\",\"htm\":\"POST\",\"htu\":\"" URI
                             "\",\"iat\":1790000000,\"nonce\":\"0123456789abcdef0123456789abcdef\","
                             "\"ath\":\"%s\"}",
                             ath)));
    INVARIANT(dpop_parse(arena, m.proof, &p).kind == ERR_NONE);
    m.jkt = arena_strdup(arena, p.jkt);
    return m;
}

static void report(struct arena *arena, struct made_key *key, const char *alg)
{
    CLEANUP(arena_free) struct arena *kept = arena_new((size_t)1 << 20);
    const struct made m = made_of(kept, key, alg);
    const int64_t ns = measure(arena, &m), least = floor_of(&m);
    printf("%s, %zu bytes: %lld.%lld us, %lld.%02lld times the floor (%lld.%lld us)\n", alg,
           m.proof.len, (long long)(ns / 1000), (long long)(ns % 1000 / 100),
           (long long)(ns / least), (long long)(ns * 100 / least % 100), (long long)(least / 1000),
           (long long)(least % 1000 / 100));
    made_key_free(key);
}

int main(void)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    INVARIANT(arena != NULL);
    report(arena, made_ec("P-256"), "ES256");
    report(arena, made_ed25519(), "EdDSA");
    report(arena, made_rsa(2048), "RS256");
    arena_free(arena);
    return EXIT_SUCCESS;
}
