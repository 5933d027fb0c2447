/* A compact JWS of any bytes is read or refused, by the strict reader and by the one for foreign
 * tokens, and what is read never verifies under a key that did not sign it. What the strict reader
 * takes the other takes too, and says the same of it. */
#include "common/sys/jose.h"

#include <string.h>

#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nobody[ED25519_KEY_LEN] = {1};
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct jose_key key = {.alg = JOSE_EDDSA};
    struct jws jws;

    memcpy(key.ed25519, nobody, sizeof nobody);
    struct err e = jws_parse(arena, (struct str){(const char *)data, size}, &jws);
    if (e.kind == ERR_NONE) {
        INVARIANT(jws.kid != NULL && jws.kid[0] != '\0');
        INVARIANT(jws.signed_part.at == (const char *)data && jws.signed_part.len < size);
        INVARIANT(jws.sig_len == ED25519_SIG_LEN);
        key.alg = JOSE_ALG_NONE;
        INVARIANT(jws_verify(&jws, &key).kind == ERR_AUTH);
    }
    const bool strict = e.kind == ERR_NONE;
    struct jws foreign;
    e = jws_parse_foreign(arena, (struct str){(const char *)data, size}, &foreign);
    INVARIANT(!strict || e.kind == ERR_NONE || strlen(jws.kid) > JOSE_KID_MAX);
    if (e.kind == ERR_NONE) {
        INVARIANT(foreign.alg != JOSE_ALG_NONE && foreign.sig_len <= JWS_SIG_MAX);
        INVARIANT(!strict || (text_eq(foreign.kid, jws.kid) && foreign.alg == jws.alg));
        static const struct jose_key no_key = {.alg = JOSE_RS256};
        INVARIANT(jws_verify(&foreign, &no_key).kind == ERR_AUTH);
    }
    return 0;
}
