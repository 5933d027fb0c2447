/* Access tokens that were verified, so that the next call with one costs a hash and no signature
 * (ADR 0015). What is kept is what the issuer said, never what the registry says of it: whom the
 * client and the person are is looked up at every call. Bounded: a full set of places gives up what
 * ends first. One thread. */
#ifndef ENGINE_AUTH_TOKEN_CACHE_H
#define ENGINE_AUTH_TOKEN_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "common/sys/crypt.h"
#include "proto/access_token.h"

#define TOKEN_CACHE_SETS 1024 /* of TOKEN_CACHE_WAYS places each */
#define TOKEN_CACHE_WAYS 4

struct token_cache;

struct token_cache *token_cache_new(void); /* NULL without memory */
void token_cache_free(struct token_cache *cache);
CLEANUP_DEFINE(struct token_cache *, token_cache_free)

/* The keys are those of `generation` now: what was verified with others is forgotten. */
void token_cache_keys(struct token_cache *cache, uint64_t generation);

/* `hash` is the SHA-256 of the whole token. Kept until `until_us`, at most. Without memory it is
 * not kept. */
void token_cache_put(struct token_cache *cache, const uint8_t hash[SHA256_LEN], int64_t until_us,
                     const struct access_token *token);

/* ERR_MISSING: not seen, or over. Else a copy whose texts are in `arena`. */
MUST_CHECK struct err token_cache_get(struct token_cache *cache, const uint8_t hash[SHA256_LEN],
                                      int64_t now_us, struct arena *arena,
                                      struct access_token *token);

size_t token_cache_count(const struct token_cache *cache);

#endif
