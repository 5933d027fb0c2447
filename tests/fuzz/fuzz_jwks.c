/* A JWKS document of any bytes gives good keys or is refused; a key that is given has an algorithm
 * and is not one of those that must not be used. */
#include "common/sys/jwks.h"

#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void key_is_good(const struct jose_key *key)
{
    switch (key->alg) {
    case JOSE_RS256:
        INVARIANT(rsa_public_valid(&key->rsa));
        return;
    case JOSE_ES256:
        INVARIANT(p256_point_valid(key->p256));
        return;
    case JOSE_EDDSA:
        INVARIANT(!ed25519_public_weak(key->ed25519));
        return;
    case JOSE_ALG_NONE:
        break;
    }
    INVARIANT(!"a key without an algorithm");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwks set;
    CLEANUP(arena_free) struct arena *arena = arena_new(8 << 20);
    const struct jose_key *key;

    if (jwks_parse(arena, (struct str){(const char *)data, size}, &set).kind != ERR_NONE)
        return 0;
    INVARIANT(set.n <= JWKS_KEYS_MAX);
    for (size_t i = 0; i < set.n; i++) {
        key_is_good(&set.keys[i]);
        const struct jws jws = {.alg = set.keys[i].alg, .kid = set.keys[i].kid};
        INVARIANT(jwks_find(&set, &jws, &key).kind != ERR_MISSING);
    }
    return 0;
}
