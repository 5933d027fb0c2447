/* The keys' cache against a provider that rotates, fails, answers nonsense and is asked for kids
 * that never were. Time is given. */
#include "common/sys/jwks_cache.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit/made_token.h"
#include "tests/unit/test.h"

#define SECOND ((int64_t)1000000)
#define START  (1700000000 * SECOND)

static struct arena *arena;
static struct made_key *ed, *ec;
static struct jwks_cache *cache;
static struct {
    pthread_mutex_t lock;
    unsigned asked;
    bool down;
    int status;
    const char *body, *cache_control;
} provider = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct err provider_get(void *ctx, struct arena *to, const struct fetch_req *req,
                               struct fetch_reply *reply)
{
    struct http_pair *pair = ARENA_NEW(to, struct http_pair);
    (void)ctx;
    ck_assert_str_eq(req->url, "https://idp.example/jwks");
    pthread_mutex_lock(&provider.lock);
    provider.asked++;
    *pair = (struct http_pair){"cache-control", provider.cache_control};
    *reply = (struct fetch_reply){.status = provider.status,
                                  .body = str_of(provider.body),
                                  .pairs = pair,
                                  .pairs_n = provider.cache_control == NULL ? 0 : 1};
    bool down = provider.down;
    pthread_mutex_unlock(&provider.lock);
    return down ? err_new(ERR_MISSING, "nobody answers there") : OK;
}

static void publish(const char *keys)
{
    provider.body = arena_fmt(arena, "{\"keys\":[%s]}", keys);
    provider.status = 200;
    provider.down = false;
}

static void setup(void)
{
    arena = arena_new(4 << 20);
    ed = made_ed25519();
    ec = made_ec("P-256");
    provider.asked = 0;
    provider.cache_control = NULL;
    cache = jwks_cache_new(
        &(struct jwks_cache_opts){.url = "https://idp.example/jwks", .get = provider_get});
    publish(made_jwk(arena, ed, "one", ""));
}

static void teardown(void)
{
    jwks_cache_free(cache);
    made_key_free(ed);
    made_key_free(ec);
    arena_free(arena);
}

static enum err_kind find(enum jose_alg alg, const char *kid, int64_t after_s)
{
    const struct jws jws = {.alg = alg, .kid = kid};
    struct jose_key key;
    return jwks_cache_find(cache, &jws, START + after_s * SECOND, &key).kind;
}

START_TEST(a_known_key_is_fetched_once_while_it_is_fresh)
{
    setup();
    for (int64_t s = 0; s < 900; s += 30)
        ck_assert_int_eq(find(JOSE_EDDSA, "one", s), ERR_NONE);
    ck_assert_uint_eq(provider.asked, 1);
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 900), ERR_NONE);
    ck_assert_uint_eq(provider.asked, 2);
    teardown();
}
END_TEST

START_TEST(max_age_is_believed_within_bounds)
{
    static const struct {
        const char *value;
        int64_t fresh_s;
    } cases[] = {
        {"max-age=120", 120},
        {"public, max-age=300, must-revalidate", 300},
        {"Max-Age = 300", 300},
        {"max-age=0", 60},
        {"max-age=1", 60},
        {"no-store", 60},
        {"no-cache, max-age=1000", 60},
        {"max-age=86400", 3600},
        {"max-age=999999999", 3600},
        {"max-age=99999999999999999999", 900},
        {"max-age=-5", 900},
        {"max-age=", 900},
        {"max-age", 900},
        {"x-max-age=30", 900},
        {"", 900},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup();
        provider.cache_control = cases[i].value;
        ck_assert_int_eq(find(JOSE_EDDSA, "one", 0), ERR_NONE);
        ck_assert_int_eq(find(JOSE_EDDSA, "one", cases[i].fresh_s - 1), ERR_NONE);
        ck_assert_msg(provider.asked == 1, "%s", cases[i].value);
        ck_assert_int_eq(find(JOSE_EDDSA, "one", cases[i].fresh_s), ERR_NONE);
        ck_assert_msg(provider.asked == 2, "%s", cases[i].value);
        teardown();
    }
}
END_TEST

START_TEST(a_rotated_key_is_found_at_once_and_a_withdrawn_one_is_gone)
{
    setup();
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 0), ERR_NONE);
    publish(made_jwk(arena, ec, "two", ""));
    ck_assert_int_eq(find(JOSE_ES256, "two", 61), ERR_NONE);
    ck_assert_uint_eq(provider.asked, 2);
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 62), ERR_AUTH);
    teardown();
}
END_TEST

START_TEST(invented_kids_make_us_ask_once_a_minute_at_most)
{
    setup();
    for (int64_t s = 0; s < 600; s++)
        ck_assert_int_eq(find(JOSE_EDDSA, arena_fmt(arena, "made-up-%d", (int)s), s), ERR_AUTH);
    ck_assert_uint_eq(provider.asked, 10);
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 600), ERR_NONE);
    teardown();
}
END_TEST

START_TEST(the_last_good_keys_serve_while_the_provider_is_down_but_not_for_ever)
{
    struct jwks_cache_stats stats;
    setup();
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 0), ERR_NONE);
    provider.down = true;
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 1000), ERR_NONE);
    jwks_cache_stats(cache, &stats);
    ck_assert(stats.stale && stats.failures == 1 && stats.keys == 1);
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 1010), ERR_NONE);
    ck_assert_uint_eq(provider.asked, 2); /* not for every request */
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 900 + 86399), ERR_NONE);
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 900 + 86400 + 60), ERR_UPSTREAM);
    publish(made_jwk(arena, ed, "one", ""));
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 900 + 86400 + 200), ERR_NONE);
    jwks_cache_stats(cache, &stats);
    ck_assert(!stats.stale);
    teardown();
}
END_TEST

START_TEST(nonsense_does_not_replace_good_keys)
{
    static const char *const nonsense[] = {"", "<h1>login</h1>", "{}", "{\"keys\":[]}",
                                           "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        setup();
        ck_assert_int_eq(find(JOSE_EDDSA, "one", 0), ERR_NONE);
        provider.body = nonsense[i];
        ck_assert_int_eq(find(JOSE_EDDSA, "one", 1000), ERR_NONE);
        publish(made_jwk(arena, ec, "two", ""));
        provider.status = 500;
        ck_assert_int_eq(find(JOSE_EDDSA, "one", 1100), ERR_NONE);
        ck_assert_uint_eq(provider.asked, 3);
        teardown();
    }
}
END_TEST

START_TEST(a_provider_that_was_down_at_the_start_is_tried_again_soon)
{
    setup();
    provider.down = true;
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 0), ERR_UPSTREAM);
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 4), ERR_UPSTREAM);
    ck_assert_uint_eq(provider.asked, 1);
    publish(made_jwk(arena, ed, "one", ""));
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 5), ERR_NONE);
    teardown();
}
END_TEST

START_TEST(a_clock_that_went_back_does_not_keep_us_from_asking)
{
    setup();
    ck_assert_int_eq(find(JOSE_EDDSA, "one", 100000), ERR_NONE);
    publish(made_jwk(arena, ec, "two", ""));
    ck_assert_int_eq(find(JOSE_ES256, "two", 0), ERR_NONE);
    teardown();
}
END_TEST

static void *one_thread(void *arg)
{
    size_t *good = arg;
    const struct jws jws = {.alg = JOSE_EDDSA, .kid = "one"};
    struct jose_key key;
    for (int i = 0; i < 200; i++)
        *good += jwks_cache_find(cache, &jws, START + i % 7, &key).kind == ERR_NONE && key.alg != 0
                     ? 1
                     : 0;
    return NULL;
}

START_TEST(many_threads_share_one_fetch)
{
    pthread_t threads[8];
    size_t good[8] = {0};
    setup();
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, one_thread, &good[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(good[i], 200);
    }
    ck_assert_uint_eq(provider.asked, 1);
    teardown();
}
END_TEST

TEST_MAIN("jwks_cache", a_known_key_is_fetched_once_while_it_is_fresh,
          max_age_is_believed_within_bounds,
          a_rotated_key_is_found_at_once_and_a_withdrawn_one_is_gone,
          invented_kids_make_us_ask_once_a_minute_at_most,
          the_last_good_keys_serve_while_the_provider_is_down_but_not_for_ever,
          nonsense_does_not_replace_good_keys,
          a_provider_that_was_down_at_the_start_is_tried_again_soon,
          a_clock_that_went_back_does_not_keep_us_from_asking, many_threads_share_one_fetch)
