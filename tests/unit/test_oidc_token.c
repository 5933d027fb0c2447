/* The claims of ID tokens and logout tokens: the good one, and each rule broken on its own. */
#include "proto/oidc_token.h"

#include <string.h>

#include "common/base/buf.h"
#include "tests/unit/test.h"

#define NOW 1700000000

static struct arena *arena;

static const char *const good_claims[][2] = {
    {"iss", "\"https://idp.example\""},
    {"sub", "\"u-1\""},
    {"aud", "\"closegate\""},
    {"exp", "1700000300"},
    {"iat", "1699999990"},
    {"nonce", "\"n-1\""},
    {"auth_time", "1699999900"},
    {"acr", "\"urn:mfa\""},
    {"sid", "\"s-1\""},
};

/* The good token with one claim otherwise; NULL for a value leaves it out, a new name adds it. */
static struct str with(const char *name, const char *value)
{
    struct buf out;
    bool replaced = false;
    buf_init(&out, 65536);
    for (size_t i = 0; i < sizeof good_claims / sizeof good_claims[0]; i++) {
        const bool this_one = text_eq(good_claims[i][0], name);
        const char *v = this_one ? value : good_claims[i][1];
        replaced = replaced || this_one;
        if (v != NULL)
            buf_putf(&out, "%s\"%s\":%s", out.len == 0 ? "{" : ",", good_claims[i][0], v);
    }
    if (!replaced && name != NULL)
        buf_putf(&out, ",\"%s\":%s", name, value);
    buf_puts(&out, "}");
    struct str text = {arena_dup(arena, out.at, out.len), out.len};
    buf_fini(&out);
    return text;
}

static struct id_token_rules rules(void)
{
    return (struct id_token_rules){.issuer = "https://idp.example",
                                   .client_id = "closegate",
                                   .nonce = "n-1",
                                   .alg = JOSE_RS256,
                                   .now_s = NOW,
                                   .skew_s = 60};
}

static struct err judged(struct str payload, const struct id_token_rules *want)
{
    struct id_token t;
    TRY(id_token_read(arena, payload, &t));
    return id_token_check(&t, want);
}

START_TEST(the_good_token_is_taken_and_says_who_it_is)
{
    struct id_token t;
    const struct id_token_rules want = rules();
    arena = arena_new(1 << 20);
    ck_ok(id_token_read(arena, with("name", "\"Ana\""), &t));
    ck_ok(id_token_check(&t, &want));
    ck_assert_str_eq(t.sub, "u-1");
    ck_assert_str_eq(t.sid, "s-1");
    ck_assert_str_eq(t.name, "Ana");
    ck_assert_int_eq(t.auth_time, 1699999900);
    ck_assert(t.email == NULL);
    arena_free(arena);
}
END_TEST

START_TEST(each_broken_rule_refuses_the_token)
{
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"iss", "\"https://idp.example/\""},
        {"iss", "\"https://evil.example\""},
        {"iss", NULL},
        {"iss", "7"},
        {"iss", "[\"https://idp.example\"]"},
        {"sub", NULL},
        {"sub", "\"\""},
        {"sub", "7"},
        {"sub", "null"},
        {"aud", NULL},
        {"aud", "\"other\""},
        {"aud", "[]"},
        {"aud", "[\"other\"]"},
        {"aud", "[\"closegate\",\"other\"]"},
        {"aud", "{\"closegate\":1}"},
        {"azp", "\"other\""},
        {"azp", "7"},
        {"exp", NULL},
        {"exp", "1699999940"},
        {"exp", "\"1700000300\""},
        {"exp", "-1"},
        {"exp", "1e12"},
        {"exp", "99999999999999999999"},
        {"iat", NULL},
        {"iat", "1700000061"},
        {"iat", "1699999339"},
        {"iat", "true"},
        {"nbf", "1700000061"},
        {"nonce", NULL},
        {"nonce", "\"n-2\""},
        {"nonce", "\"n-1 \""},
        {"nonce", "\"\""},
        {"nonce", "[\"n-1\"]"},
        {"auth_time", "1700000061"},
        {"auth_time", "\"yesterday\""},
        {"acr", "7"},
        {"at_hash", "7"},
    };
    const struct id_token_rules want = rules();
    arena = arena_new(4 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(judged(with(bad[i].name, bad[i].value), &want).kind != ERR_NONE, "%s %s",
                      bad[i].name, bad[i].value == NULL ? "(absent)" : bad[i].value);
    arena_free(arena);
}
END_TEST

START_TEST(what_the_standard_leaves_open_is_taken)
{
    static const struct {
        const char *name, *value;
    } fine[] = {
        {"aud", "[\"closegate\"]"},
        {"azp", "\"closegate\""},
        {"exp", "1699999941"},
        {"iat", "1700000060"},
        {"iat", "1699999340.5"},
        {"nbf", "1700000060"},
        {"auth_time", NULL},
        {"acr", NULL},
        {"sid", NULL},
        {"amr", "[\"pwd\"]"},
        {"anything", "{\"a\":[1]}"},
        {"email", "7"},
    };
    const struct id_token_rules want = rules();
    arena = arena_new(4 << 20);
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
        ck_ok(judged(with(fine[i].name, fine[i].value), &want));
    arena_free(arena);
}
END_TEST

START_TEST(twin_claims_and_what_is_no_object_are_refused)
{
    static const char *const bad[] = {
        "",
        "[]",
        "\"x\"",
        "{",
        "{}",
        "{\"sub\":\"a\",\"sub\":\"b\"}",
        "{\"iss\":\"https://idp.example\",\"sub\":\"u-1\",\"aud\":\"closegate\",\"exp\":1700000300,"
        "\"iat\":1699999990,\"nonce\":\"n-1\",\"\\u0073ub\":\"admin\"}"};
    const struct id_token_rules want = rules();
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(judged(str_of(bad[i]), &want).kind == ERR_INPUT, "%s", bad[i]);
    arena_free(arena);
}
END_TEST

START_TEST(further_audiences_need_a_token_that_was_made_for_us)
{
    const struct id_token_rules want = rules();
    arena = arena_new(1 << 20);
    struct str payload = with("aud", "[\"closegate\",\"other\"],\"azp\":\"closegate\"");
    ck_ok(judged(payload, &want));
    payload = with("aud", "[\"closegate\",\"other\"],\"azp\":\"other\"");
    ck_err(judged(payload, &want), ERR_AUTH);
    arena_free(arena);
}
END_TEST

START_TEST(the_access_token_belongs_to_the_id_token)
{
    /* printf %s at-1 | openssl dgst -sha256 -binary | head -c16 | basenc --base64url; the same with
     * sha512 and 32 bytes for EdDSA */
    struct id_token_rules want = rules();
    arena = arena_new(1 << 20);
    want.access_token = "at-1";
    ck_ok(judged(with("at_hash", "\"AT256\""), &(struct id_token_rules){.issuer = want.issuer,
                                                                        .client_id = want.client_id,
                                                                        .nonce = want.nonce,
                                                                        .now_s = NOW,
                                                                        .skew_s = 60}));
    ck_ok(judged(with("at_hash", "\"R8PYaIQdcYEdkSc9TeGyiQ\""), &want));
    want.alg = JOSE_ES256;
    ck_ok(judged(with("at_hash", "\"R8PYaIQdcYEdkSc9TeGyiQ\""), &want));
    want.alg = JOSE_EDDSA;
    ck_err(judged(with("at_hash", "\"R8PYaIQdcYEdkSc9TeGyiQ\""), &want), ERR_AUTH);
    ck_ok(judged(with("at_hash", "\"4J8UayM9qUGnNqHaqK2rpChA_M6CMUIfl5gcZqvthBE\""), &want));
    want.access_token = "at-2";
    ck_err(judged(with("at_hash", "\"4J8UayM9qUGnNqHaqK2rpChA_M6CMUIfl5gcZqvthBE\""), &want),
           ERR_AUTH);
    arena_free(arena);
}
END_TEST

START_TEST(a_fresh_login_is_one_that_happened_since)
{
    struct id_token_rules want = rules();
    const char *values[] = {"urn:phr", "urn:mfa"};
    struct setting_list acr = {values, 1};
    arena = arena_new(1 << 20);
    want.since_s = 1699999900 + 60;
    ck_ok(judged(with(NULL, NULL), &want));
    want.since_s++;
    ck_err(judged(with(NULL, NULL), &want), ERR_AUTH);
    want.since_s = 1;
    ck_err(judged(with("auth_time", NULL), &want), ERR_AUTH);
    want.since_s = 0;
    want.acr = &acr;
    ck_err(judged(with(NULL, NULL), &want), ERR_AUTH);
    ck_err(judged(with("acr", NULL), &want), ERR_AUTH);
    acr.n = 2;
    ck_ok(judged(with(NULL, NULL), &want));
    arena_free(arena);
}
END_TEST

START_TEST(an_address_is_kept_only_when_the_provider_verified_it)
{
    struct id_token t;
    arena = arena_new(1 << 20);
    ck_ok(id_token_read(arena, with("email", "\"a@x\",\"email_verified\":true"), &t));
    ck_assert_str_eq(t.email, "a@x");
    ck_ok(id_token_read(arena, with("email", "\"a@x\",\"email_verified\":\"true\""), &t));
    ck_assert(t.email == NULL);
    ck_ok(id_token_read(arena, with("email", "\"a@x\""), &t));
    ck_assert(t.email == NULL);
    arena_free(arena);
}
END_TEST

/* ---- logout tokens ---- */

#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define HEAD   "\"iss\":\"https://idp.example\",\"aud\":\"closegate\","
#define TIMES  "\"iat\":1699999990,\"exp\":1700000110,"

static enum err_kind logout(const char *claims, const char *typ, struct logout_token *t)
{
    return logout_token_read(arena, str_of(claims), typ, "https://idp.example", "closegate", NOW,
                             60, t)
        .kind;
}

START_TEST(a_logout_token_names_a_session_or_a_person)
{
    struct logout_token t;
    arena = arena_new(1 << 20);
    ck_assert_int_eq(logout("{" HEAD TIMES EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\",\"sid\":\"s\"}",
                            "logout+jwt", &t),
                     ERR_NONE);
    ck_assert_str_eq(t.sub, "u-1");
    ck_assert_str_eq(t.sid, "s");
    ck_assert_str_eq(t.jti, "j");
    ck_assert_int_eq(t.until_s, 1700000110 + 60);
    ck_assert_int_eq(logout("{" HEAD TIMES EVENTS ",\"jti\":\"j\",\"sid\":\"s\"}", NULL, &t),
                     ERR_NONE);
    ck_assert(t.sub == NULL);
    arena_free(arena);
}
END_TEST

START_TEST(what_is_no_logout_token_for_us_ends_nothing)
{
    static const char *const bad[] = {
        "{" HEAD TIMES EVENTS ",\"jti\":\"j\"}",
        "{" HEAD TIMES EVENTS ",\"sub\":\"u-1\"}",
        "{" HEAD TIMES "\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD TIMES "\"events\":{},\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD TIMES "\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"],"
        "\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD TIMES "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":1},"
        "\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD TIMES EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\",\"nonce\":\"n\"}",
        "{" HEAD TIMES EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\",\"nonce\":null}",
        "{" HEAD "\"iat\":1699999990," EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD "\"exp\":1700000110," EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD "\"iat\":1699990000,\"exp\":1700000110," EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD "\"iat\":1699999000,\"exp\":1699999110," EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{" HEAD "\"iat\":1700009000,\"exp\":1700009110," EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{\"iss\":\"https://idp.example\",\"aud\":\"other\"," TIMES EVENTS
        ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{\"iss\":\"https://evil.example\",\"aud\":\"closegate\"," TIMES EVENTS
        ",\"jti\":\"j\",\"sub\":\"u-1\"}",
        "{\"aud\":\"closegate\"," TIMES EVENTS ",\"jti\":\"j\",\"sub\":\"u-1\"}",
    };
    struct logout_token t;
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(logout(bad[i], NULL, &t) == ERR_AUTH, "%s", bad[i]);
    ck_assert_int_eq(logout("{" HEAD TIMES EVENTS ",\"jti\":\"j\",\"sub\":\"u\"}", "at+jwt", &t),
                     ERR_AUTH);
    arena_free(arena);
}
END_TEST

START_TEST(groups_map_to_roles_by_name_and_by_pointer)
{
    static const char *items[] = {"cn=close,dc=x=controller", " approvers = approver"};
    const struct setting_list mapping = {items, 2};
    const struct json *claims = NULL;
    struct str role;
    arena = arena_new(1 << 20);
    ck_assert(roles_mapping_valid(&mapping));
    ck_ok(claims_read(arena,
                      STR("{\"groups\":[\"x\",\"approvers\"],\"one\":\"cn=close,dc=x\","
                          "\"realm_access\":{\"roles\":[\"approvers\"]},\"https://a/b\":[7]}"),
                      &claims));
    ck_assert(roles_mapped(claim_find(claims, "groups"), &mapping, &role));
    ck_assert(str_is(role, "approver"));
    ck_assert(roles_mapped(claim_find(claims, "one"), &mapping, &role));
    ck_assert(str_is(role, "controller"));
    ck_assert(roles_mapped(claim_find(claims, "/realm_access/roles"), &mapping, NULL));
    ck_assert(!roles_mapped(claim_find(claims, "https://a/b"), &mapping, NULL));
    ck_assert(!roles_mapped(claim_find(claims, "nothing"), &mapping, NULL));
    static const char *bad[] = {"approvers", "=x", "x=", " =x"};
    for (size_t i = 0; i < 4; i++)
        ck_assert(!roles_mapping_valid(&(struct setting_list){&bad[i], 1}));
    arena_free(arena);
}
END_TEST

START_TEST(who_compares_the_nonce_later_still_has_one_and_a_date)
{
    struct id_token_rules want = rules();
    arena = arena_new(1 << 20);
    want.nonce = NULL;
    want.dated = true;
    ck_ok(judged(with("nonce", "\"of-a-decision\""), &want));
    ck_err(judged(with("nonce", NULL), &want), ERR_AUTH);
    ck_err(judged(with("auth_time", NULL), &want), ERR_AUTH);
    ck_ok(judged(with("auth_time", "1"), &want)); /* how old it may be is not asked here */
    want.dated = false;
    ck_ok(judged(with("auth_time", NULL), &want));
    arena_free(arena);
}
END_TEST

TEST_MAIN("oidc_token", the_good_token_is_taken_and_says_who_it_is,
          each_broken_rule_refuses_the_token, what_the_standard_leaves_open_is_taken,
          twin_claims_and_what_is_no_object_are_refused,
          further_audiences_need_a_token_that_was_made_for_us,
          the_access_token_belongs_to_the_id_token, a_fresh_login_is_one_that_happened_since,
          an_address_is_kept_only_when_the_provider_verified_it,
          a_logout_token_names_a_session_or_a_person, what_is_no_logout_token_for_us_ends_nothing,
          groups_map_to_roles_by_name_and_by_pointer,
          who_compares_the_nonce_later_still_has_one_and_a_date)
