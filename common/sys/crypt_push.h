/* Web push (RFC 8291, 8188, 8292): a message sealed for one browser, and the token that says who
 * sends it. P-256, AES-128-GCM and ES256 over OpenSSL. */
#ifndef COMMON_SYS_CRYPT_PUSH_H
#define COMMON_SYS_CRYPT_PUSH_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define PUSH_POINT_LEN  65 /* 0x04, x, y */
#define PUSH_SECRET_LEN 16
#define PUSH_SALT_LEN   16
#define PUSH_PLAIN_MAX  3000 /* what every push service takes, sealed */

/* The sender's key (VAPID). May sign from several threads at once. */
struct push_key;

/* The key in `path` (PEM, 0600), made and written when there is no file. ERR_AUTH: others may read
 * it. */
MUST_CHECK struct err push_key_open(struct arena *arena, const char *path, struct push_key **key);
void push_key_free(struct push_key *key);
CLEANUP_DEFINE(struct push_key *, push_key_free)
void push_key_public(const struct push_key *key, uint8_t out[PUSH_POINT_LEN]);

/* "vapid t=…, k=…": the Authorization of a request to the origin `aud`, good until `exp_s`. */
MUST_CHECK struct err push_token(struct arena *arena, const struct push_key *key, const char *aud,
                                 const char *contact, int64_t exp_s, const char **header);

/* One aes128gcm record for the browser whose public key and secret these are. ERR_INPUT: the point
 * is not on the curve. ERR_LIMIT: too long. */
MUST_CHECK struct err push_seal(struct arena *arena, const uint8_t browser[PUSH_POINT_LEN],
                                const uint8_t secret[PUSH_SECRET_LEN], struct str plain,
                                struct str *body);

/* The same with what is random otherwise: for the RFC's own example. */
struct push_known {
    uint8_t private_key[32], public_key[PUSH_POINT_LEN], salt[PUSH_SALT_LEN];
};
MUST_CHECK struct err push_seal_known(struct arena *arena, const struct push_known *known,
                                      const uint8_t browser[PUSH_POINT_LEN],
                                      const uint8_t secret[PUSH_SECRET_LEN], struct str plain,
                                      struct str *body);

#endif
