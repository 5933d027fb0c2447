/* A set-associative table: a token's hash says which set, and within it all places are looked at.
 * Nobody chooses the hash of a token that a provider signs, so no set is filled on purpose. */
#include "engine/auth/token_cache.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_BYTES ((size_t)8 * 1024) /* of one token's claims; longer ones are not kept */

struct place {
    struct arena *arena; /* of the token's texts; NULL: free */
    uint8_t hash[SHA256_LEN];
    int64_t until_us;
    struct access_token token;
};

struct token_cache {
    struct place places[TOKEN_CACHE_SETS][TOKEN_CACHE_WAYS];
    uint64_t generation;
    size_t n;
};

struct token_cache *token_cache_new(void)
{
    return calloc(1, sizeof(struct token_cache));
}

static void empty(struct token_cache *cache, struct place *p)
{
    if (p->arena != NULL)
        cache->n--;
    arena_free(p->arena);
    *p = (struct place){.arena = NULL};
}

static void empty_all(struct token_cache *cache)
{
    for (size_t i = 0; i < TOKEN_CACHE_SETS; i++)
        for (size_t j = 0; j < TOKEN_CACHE_WAYS; j++)
            empty(cache, &cache->places[i][j]);
}

void token_cache_free(struct token_cache *cache)
{
    if (cache == NULL)
        return;
    empty_all(cache);
    free(cache);
}

void token_cache_keys(struct token_cache *cache, uint64_t generation)
{
    if (cache->generation == generation)
        return;
    empty_all(cache);
    cache->generation = generation;
}

static struct place *set_of(struct token_cache *cache, const uint8_t hash[SHA256_LEN])
{
    return cache->places[(hash[0] | (size_t)hash[1] << 8) % TOKEN_CACHE_SETS];
}

static bool is_of(const struct place *p, const uint8_t hash[SHA256_LEN])
{
    return p->arena != NULL && memcmp(p->hash, hash, SHA256_LEN) == 0;
}

/* The token's own place, a free one, or the one that ends first. */
static struct place *place_for(struct place *set, const uint8_t hash[SHA256_LEN])
{
    struct place *best = &set[0];
    for (size_t i = 0; i < TOKEN_CACHE_WAYS; i++) {
        if (is_of(&set[i], hash))
            return &set[i];
        if (best->arena != NULL && (set[i].arena == NULL || set[i].until_us < best->until_us))
            best = &set[i];
    }
    return best;
}

void token_cache_put(struct token_cache *cache, const uint8_t hash[SHA256_LEN], int64_t until_us,
                     const struct access_token *token)
{
    struct place *p = place_for(set_of(cache, hash), hash);
    empty(cache, p);
    p->arena = arena_new(TOKEN_BYTES);
    if (p->arena == NULL)
        return;
    cache->n++;
    if (access_token_copy(p->arena, token, &p->token).kind != ERR_NONE) {
        empty(cache, p);
        return;
    }
    memcpy(p->hash, hash, SHA256_LEN);
    p->until_us = until_us;
}

struct err token_cache_get(struct token_cache *cache, const uint8_t hash[SHA256_LEN],
                           int64_t now_us, struct arena *arena, struct access_token *token)
{
    struct place *set = set_of(cache, hash);
    for (size_t i = 0; i < TOKEN_CACHE_WAYS; i++) {
        if (!is_of(&set[i], hash))
            continue;
        if (now_us < set[i].until_us)
            return access_token_copy(arena, &set[i].token, token);
        empty(cache, &set[i]);
    }
    return err_new(ERR_MISSING, "this token was not seen before");
}

size_t token_cache_count(const struct token_cache *cache)
{
    return cache->n;
}
