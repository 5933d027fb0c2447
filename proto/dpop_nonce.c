/* HMAC of the step that the time is in: 192 bits, of which nobody needs to know how they came
 * about. */
#include "proto/dpop_nonce.h"

#include <string.h>

#define BYTES 24 /* 32 characters of base64url, none left over */

void dpop_nonces_init(struct dpop_nonces *nonces)
{
    crypt_random(nonces->secret, sizeof nonces->secret);
}

static void print(const struct dpop_nonces *nonces, int64_t step, char out[DPOP_NONCE_SIZE])
{
    uint8_t text[8], hash[SHA256_LEN];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    hmac_sha256(nonces->secret, sizeof nonces->secret, text, sizeof text, hash);
    base64url_print(hash, BYTES, out);
}

void dpop_nonce_print(const struct dpop_nonces *nonces, int64_t now_s, char out[DPOP_NONCE_SIZE])
{
    print(nonces, now_s / DPOP_NONCE_STEP_S, out);
}

static bool is_of(const struct dpop_nonces *nonces, int64_t step, const char *nonce)
{
    char want[DPOP_NONCE_SIZE];
    print(nonces, step, want);
    return strlen(nonce) == sizeof want - 1 && bytes_eq_ct(nonce, want, sizeof want - 1);
}

enum dpop_nonce dpop_nonce_age(const struct dpop_nonces *nonces, int64_t now_s, const char *nonce)
{
    const int64_t step = now_s / DPOP_NONCE_STEP_S;
    if (nonce == NULL)
        return DPOP_NONCE_STALE;
    if (is_of(nonces, step, nonce))
        return DPOP_NONCE_NOW;
    return is_of(nonces, step - 1, nonce) ? DPOP_NONCE_BEFORE : DPOP_NONCE_STALE;
}
