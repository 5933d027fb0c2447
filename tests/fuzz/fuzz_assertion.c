/* Claims of any bytes are read or refused; what is read can be signed and comes back the same. */
#include "proto/assertion.h"

#include <string.h>

#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void comes_back(struct arena *arena, const struct assertion *a)
{
    static const uint8_t seed[ED25519_KEY_LEN] = {5};
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    struct jose_key public = {.alg = JOSE_EDDSA};
    struct assertion b;
    struct jws jws;
    const char *text;

    INVARIANT(ed25519_from_seed(seed, &key).kind == ERR_NONE);
    ed25519_public(key, public.ed25519);
    INVARIANT(assertion_sign(arena, key, "w", a, &text).kind == ERR_NONE);
    INVARIANT(jws_parse(arena, str_of(text), &jws).kind == ERR_NONE);
    INVARIANT(jws_verify(&jws, &public).kind == ERR_NONE);
    INVARIANT(assertion_parse(arena, &jws, &b).kind == ERR_NONE);
    INVARIANT(strcmp(a->sub, b.sub) == 0 && strcmp(a->jti, b.jti) == 0 && a->exp == b.exp);
    INVARIANT(text_eq(a->principal, b.principal) && text_eq(a->obo, b.obo));
    INVARIANT(a->amr_n == b.amr_n && a->auth_time == b.auth_time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    const struct jws jws = {.alg = JOSE_EDDSA, .kid = "w", .payload = {(const char *)data, size}};
    const struct assertion_request req = {.method = "POST",
                                          .path = STR("/mcp"),
                                          .body = STR("{}"),
                                          .aud = ASSERTION_AUD,
                                          .now_us = 1790000000000000,
                                          .started_us = 1789999000000000};
    struct assertion a;

    if (assertion_parse(arena, &jws, &a).kind != ERR_NONE)
        return 0;
    comes_back(arena, &a);
    if (assertion_check(&a, &req).kind == ERR_NONE) {
        INVARIANT(strcmp(a.htu, "/mcp") == 0 && strcmp(a.htm, "POST") == 0);
        INVARIANT(a.exp - a.iat <= ASSERTION_LIFE_MAX_S && a.exp > a.iat);
    }
    return 0;
}
