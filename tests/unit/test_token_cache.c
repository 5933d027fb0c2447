/* What was verified is found until it is over or the keys are others, and never by another hash. */
#include "engine/auth/token_cache.h"

#include <string.h>

#include "tests/unit/test.h"

static struct arena *arena;
static struct token_cache *cache;

static void up(void)
{
    arena = arena_new((size_t)16 << 20);
    cache = token_cache_new();
    ck_assert_ptr_nonnull(cache);
}

static void down(void)
{
    token_cache_free(cache);
    arena_free(arena);
}

static const uint8_t *hash_of(size_t n)
{
    uint8_t *hash = arena_alloc(arena, SHA256_LEN);
    sha256(&n, sizeof n, hash);
    return hash;
}

/* Of one set, whatever follows. */
static const uint8_t *crowded(uint8_t n)
{
    uint8_t *hash = arena_alloc(arena, SHA256_LEN);
    memset(hash, 7, SHA256_LEN);
    hash[SHA256_LEN - 1] = n;
    return hash;
}

static struct access_token token_of(const char *sub)
{
    return (struct access_token){.iss = "https://idp.example",
                                 .sub = sub,
                                 .aud = "https://c.example/mcp",
                                 .client_id = "claude",
                                 .jti = "j",
                                 .scopes = ACCESS_READ};
}

static void put(const uint8_t *hash, int64_t until_us, const char *sub)
{
    const struct access_token t = token_of(sub);
    token_cache_put(cache, hash, until_us, &t);
}

static const char *got(const uint8_t *hash, int64_t now_us)
{
    struct access_token t;
    struct err e = token_cache_get(cache, hash, now_us, arena, &t);
    return e.kind == ERR_NONE ? t.sub : NULL;
}

START_TEST(a_token_is_found_until_it_is_over)
{
    ck_assert_ptr_null(got(hash_of(1), 0));
    put(hash_of(1), 100, "ana");
    put(hash_of(2), 200, "bo");
    ck_assert_str_eq(got(hash_of(1), 99), "ana");
    ck_assert_str_eq(got(hash_of(2), 199), "bo");
    ck_assert_uint_eq(token_cache_count(cache), 2);
    ck_assert_ptr_null(got(hash_of(1), 100));
    ck_assert_uint_eq(token_cache_count(cache), 1);
    ck_assert_ptr_null(got(hash_of(1), 99)); /* nor when the clock goes back */
    put(hash_of(2), 300, "bo again");
    ck_assert_str_eq(got(hash_of(2), 250), "bo again");
    ck_assert_uint_eq(token_cache_count(cache), 1);
}
END_TEST

START_TEST(what_is_found_is_a_copy)
{
    put(hash_of(1), 100, "ana");
    const char *sub = got(hash_of(1), 0);
    token_cache_keys(cache, 9);
    ck_assert_str_eq(sub, "ana");
}
END_TEST

START_TEST(other_keys_empty_it)
{
    token_cache_keys(cache, 1);
    put(hash_of(1), 100, "ana");
    token_cache_keys(cache, 1);
    ck_assert_ptr_nonnull(got(hash_of(1), 0));
    token_cache_keys(cache, 2);
    ck_assert_ptr_null(got(hash_of(1), 0));
    ck_assert_uint_eq(token_cache_count(cache), 0);
}
END_TEST

START_TEST(a_hash_that_differs_in_one_bit_is_another_token)
{
    uint8_t hash[SHA256_LEN];
    put(crowded(0), 100, "ana");
    for (size_t bit = 0; bit < 8 * SHA256_LEN; bit++) {
        memcpy(hash, crowded(0), SHA256_LEN);
        hash[bit / 8] = (uint8_t)(hash[bit / 8] ^ 1u << bit % 8);
        ck_assert_ptr_null(got(hash, 0));
    }
    ck_assert_str_eq(got(crowded(0), 0), "ana");
}
END_TEST

START_TEST(a_full_set_gives_up_what_ends_first)
{
    for (uint8_t i = 0; i < TOKEN_CACHE_WAYS; i++)
        put(crowded(i), 1000 - 100 * i, "old");
    put(crowded(99), 5000, "new");
    ck_assert_ptr_null(got(crowded(TOKEN_CACHE_WAYS - 1), 0));
    for (uint8_t i = 0; i + 1 < TOKEN_CACHE_WAYS; i++)
        ck_assert_str_eq(got(crowded(i), 0), "old");
    ck_assert_str_eq(got(crowded(99), 0), "new");
    ck_assert_uint_eq(token_cache_count(cache), TOKEN_CACHE_WAYS);
}
END_TEST

START_TEST(however_many_tokens_there_are_the_places_are_as_many)
{
    for (size_t i = 0; i < 20000; i++) {
        struct arena *keep = arena;
        arena = arena_new(64 * 1024);
        put(hash_of(i), 100, "ana");
        arena_free(arena);
        arena = keep;
    }
    const size_t most = (size_t)TOKEN_CACHE_SETS * TOKEN_CACHE_WAYS;
    ck_assert_uint_le(token_cache_count(cache), most);
    ck_assert_uint_gt(token_cache_count(cache), most * 9 / 10);
}
END_TEST

START_TEST(a_token_that_says_too_much_is_not_kept)
{
    char *much = arena_alloc(arena, 16 * 1024);
    memset(much, 'a', 16 * 1024 - 1);
    much[16 * 1024 - 1] = '\0';
    put(hash_of(1), 100, "ana");
    put(hash_of(1), 100, much);
    ck_assert_ptr_null(got(hash_of(1), 0));
    ck_assert_uint_eq(token_cache_count(cache), 0);
}
END_TEST

TEST_MAIN_AROUND("token_cache", up, down, a_token_is_found_until_it_is_over,
                 what_is_found_is_a_copy, other_keys_empty_it,
                 a_hash_that_differs_in_one_bit_is_another_token,
                 a_full_set_gives_up_what_ends_first,
                 however_many_tokens_there_are_the_places_are_as_many,
                 a_token_that_says_too_much_is_not_kept)
