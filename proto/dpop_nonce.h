/* Nonces that a server gives out for DPoP proofs (RFC 9449 8, 9): made of the time and a secret of
 * this process, so that nothing has to be remembered, none can be made in advance, and none
 * outlives the process. Everybody gets the same one in the same minute: a nonce says when a proof
 * was made, not by whom. */
#ifndef PROTO_DPOP_NONCE_H
#define PROTO_DPOP_NONCE_H

#include <stdint.h>

#include "common/base/str.h"
#include "common/sys/crypt.h"

#define DPOP_NONCE_STEP_S 60 /* a new one so often; the one before is still taken */
#define DPOP_NONCE_SIZE   33 /* 32 characters and NUL */

struct dpop_nonces {
    uint8_t secret[SHA256_LEN];
};

/* What a nonce is worth. */
enum dpop_nonce { DPOP_NONCE_STALE = 0, DPOP_NONCE_BEFORE, DPOP_NONCE_NOW };

/* A fresh secret: what others gave out is worth nothing. */
void dpop_nonces_init(struct dpop_nonces *nonces);

/* The one to use at now_s. */
void dpop_nonce_print(const struct dpop_nonces *nonces, int64_t now_s, char out[DPOP_NONCE_SIZE]);

/* NULL is stale. One of a time yet to come is, too: the clock went back. */
enum dpop_nonce dpop_nonce_age(const struct dpop_nonces *nonces, int64_t now_s, const char *nonce);

#endif
