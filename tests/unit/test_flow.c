/* A login under way: what is sent, what is remembered in the browser, what may come back. */
#include "agent/oidc/flow.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/oidc/rate.h"
#include "common/base/form.h"
#include "tests/unit/test.h"

#define NOW 1700000000

static struct arena *arena;
static struct seals *seals;

static void setup(void)
{
    char folder[] = "/tmp/test_flow_XXXXXX";
    arena = arena_new(4 << 20);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const char *path = arena_fmt(arena, "%s/agent.secret", folder);
    ck_ok(seals_open(path, &seals));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void teardown(void)
{
    seals_free(seals);
    arena_free(arena);
}

START_TEST(the_challenge_is_the_one_of_rfc_7636)
{
    char challenge[FLOW_SECRET_SIZE];
    pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge);
    ck_assert_str_eq(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}
END_TEST

static const struct oidc_config oidc = {
    .client_id = "close gate", .scopes = "openid email", .max_age_s = 3600};

static const char *parameter(const char *url, const char *name)
{
    const char *value;
    ck_ok(form_get(arena, str_of(strchr(url, '?') + 1), name, &value));
    return value;
}

START_TEST(the_address_holds_all_that_the_standard_wants)
{
    const struct oidc_metadata meta = {.authorization_endpoint = "https://idp/a?tenant=1"};
    struct flow flow = {.back = "/", .begun_s = NOW};
    char challenge[FLOW_SECRET_SIZE];
    const char *url;
    setup();
    ck_ok(flow_begin(arena, &flow));
    ck_ok(flow_url(arena, &flow, &oidc, &meta, "https://c/auth/callback", &url));
    ck_assert(strncmp(url, "https://idp/a?tenant=1&response_type=code&", 42) == 0);
    ck_assert_str_eq(parameter(url, "client_id"), "close gate");
    ck_assert_str_eq(parameter(url, "redirect_uri"), "https://c/auth/callback");
    ck_assert_str_eq(parameter(url, "scope"), "openid email");
    ck_assert_str_eq(parameter(url, "state"), flow.state);
    ck_assert_str_eq(parameter(url, "nonce"), flow.nonce);
    ck_assert_str_eq(parameter(url, "max_age"), "3600");
    ck_assert(parameter(url, "prompt") == NULL);
    pkce_challenge(flow.verifier, challenge);
    ck_assert_str_eq(parameter(url, "code_challenge"), challenge);
    ck_assert_str_eq(parameter(url, "code_challenge_method"), "S256");
    ck_assert(strstr(url, flow.verifier) == NULL);
    teardown();
}
END_TEST

START_TEST(a_fresh_login_asks_for_one)
{
    static const char *values[] = {"urn:a", "urn:b"};
    struct oidc_config strong = oidc;
    const struct oidc_metadata meta = {.authorization_endpoint = "https://idp/a"};
    struct flow flow = {.back = "/", .nonce = "of-the-decision", .session = "ab"};
    const char *url;
    setup();
    strong.acr = (struct setting_list){values, 2};
    ck_ok(flow_begin(arena, &flow));
    ck_ok(flow_url(arena, &flow, &strong, &meta, "https://c/auth/callback", &url));
    ck_assert_str_eq(parameter(url, "nonce"), "of-the-decision");
    ck_assert_str_eq(parameter(url, "prompt"), "login");
    ck_assert_str_eq(parameter(url, "max_age"), "0");
    ck_assert_str_eq(parameter(url, "acr_values"), "urn:a urn:b");
    teardown();
}
END_TEST

START_TEST(the_browser_keeps_the_login_and_cannot_change_it)
{
    struct flow flow = {.back = "/inbox?view=open", .begun_s = NOW}, again;
    const char *value;
    setup();
    ck_ok(flow_begin(arena, &flow));
    ck_ok(flow_seal(arena, seals, &flow, &value));
    ck_ok(flow_open(arena, seals, flow.state, value, NOW + 599, &again));
    ck_assert_str_eq(again.verifier, flow.verifier);
    ck_assert_str_eq(again.back, flow.back);
    ck_assert(again.session == NULL);
    ck_err(flow_open(arena, seals, flow.state, value, NOW + 600, &again), ERR_AUTH);
    ck_err(flow_open(arena, seals, flow.state, value, NOW - 1, &again), ERR_AUTH);
    ck_err(flow_open(arena, seals, flow.state, NULL, NOW, &again), ERR_AUTH);
    ck_err(flow_open(arena, seals, NULL, value, NOW, &again), ERR_AUTH);

    struct flow other = {.back = "/", .begun_s = NOW};
    ck_ok(flow_begin(arena, &other));
    ck_err(flow_open(arena, seals, other.state, value, NOW, &again), ERR_AUTH);
    char *cut = arena_strdup(arena, value);
    for (size_t i = 0; i < strlen(value); i += 7) {
        cut[i] = cut[i] == 'A' ? 'B' : 'A';
        ck_err(flow_open(arena, seals, flow.state, cut, NOW, &again), ERR_AUTH);
        cut[i] = value[i];
    }
    cut[strlen(cut) - 4] = '\0';
    ck_err(flow_open(arena, seals, flow.state, cut, NOW, &again), ERR_AUTH);
    teardown();
}
END_TEST

START_TEST(only_a_state_of_ours_names_a_cookie)
{
    struct flow flow = {.back = "/"};
    setup();
    ck_ok(flow_begin(arena, &flow));
    const char *name = flow_cookie(arena, flow.state);
    ck_assert(strncmp(name, "__Host-closegate-login-", 23) == 0 && strlen(name) == 33);
    ck_assert(flow_cookie(arena, NULL) == NULL);
    ck_assert(flow_cookie(arena, "") == NULL);
    ck_assert(flow_cookie(arena, "st1") == NULL);
    ck_assert(flow_cookie(arena, arena_fmt(arena, "%s=", flow.state)) == NULL);
    ck_assert(flow_cookie(arena, arena_fmt(arena, "%.42s;", flow.state)) == NULL);
    teardown();
}
END_TEST

START_TEST(one_goes_back_only_to_a_page_of_ours)
{
    static const char *const good[] = {"/", "/inbox", "/inbox/e-1?x=%2F%2Fy#z", "/a//b"};
    static const char *const bad[] = {NULL,
                                      "",
                                      "inbox",
                                      "//evil.example",
                                      "/\\evil",
                                      "/a\\b",
                                      "https://x/",
                                      "/\t/evil",
                                      "/\r\nSet-Cookie:x",
                                      "/ x",
                                      "/auth/login",
                                      "/api/v1/logout",
                                      "javascript:1",
                                      "/\xc3\xa9",
                                      "\\/evil"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_str_eq(flow_back(good[i]), good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_str_eq(flow_back(bad[i]), "/");
}
END_TEST

START_TEST(an_answer_names_its_issuer_when_that_was_promised)
{
    struct oidc_metadata meta = {.issuer = "https://idp", .iss_in_answer = false};
    struct callback c;
    setup();
    ck_ok(callback_read(arena, STR("code=c&state=s&session_state=x"), &c));
    ck_ok(callback_issuer_check(&c, &meta));
    meta.iss_in_answer = true;
    ck_err(callback_issuer_check(&c, &meta), ERR_AUTH);
    ck_ok(callback_read(arena, STR("code=c&state=s&iss=https%3A%2F%2Fidp"), &c));
    ck_ok(callback_issuer_check(&c, &meta));
    ck_ok(callback_read(arena, STR("code=c&state=s&iss=https://evil"), &c));
    meta.iss_in_answer = false;
    ck_err(callback_issuer_check(&c, &meta), ERR_AUTH);
    ck_err(callback_read(arena, STR("code=c&state=s&code=d"), &c), ERR_INPUT);
    ck_err(callback_read(arena, STR("code=c&state=s&st%61te=t"), &c), ERR_INPUT);
    teardown();
}
END_TEST

START_TEST(what_was_sealed_for_one_use_opens_for_no_other)
{
    const char *text;
    struct str bytes;
    setup();
    ck_ok(seal_text(seals, arena, SEAL_SESSION, "x", STR("id"), &text));
    ck_assert(unseal_text(seals, arena, SEAL_SESSION, "x", text, &bytes) && str_is(bytes, "id"));
    ck_assert(!unseal_text(seals, arena, SEAL_LOGIN, "x", text, &bytes));
    ck_assert(!unseal_text(seals, arena, SEAL_SESSION, "y", text, &bytes));
    ck_assert(!unseal_text(seals, arena, SEAL_SESSION, "x", "", &bytes));
    struct seals *before = seals;
    struct arena *first = arena; /* `text` lives there */
    setup();                     /* another agent, another secret */
    ck_assert(!unseal_text(seals, arena, SEAL_SESSION, "x", text, &bytes));
    seals_free(before);
    arena_free(first);
    teardown();
}
END_TEST

START_TEST(whoever_signs_in_too_often_waits_and_nobody_else)
{
    struct netaddr one, two, near;
    struct rate *rate = rate_new(5);
    int64_t now = NOW * INT64_C(1000000);
    ck_ok(netaddr_parse(STR("192.0.2.1"), &one));
    ck_ok(netaddr_parse(STR("2001:db8::1"), &two));
    ck_ok(netaddr_parse(STR("2001:db8::ffff"), &near));
    for (int i = 0; i < 5; i++)
        ck_assert(rate_take(rate, &one, now));
    ck_assert(!rate_take(rate, &one, now));
    ck_assert(rate_take(rate, &two, now));
    ck_assert(!rate_take(rate, &one, now + 11999999));
    ck_assert(rate_take(rate, &one, now + 12000001));
    ck_assert(!rate_take(rate, &one, now + 12000001));
    for (int i = 0; i < 4; i++)
        ck_assert(rate_take(rate, &near, now));
    ck_assert(!rate_take(rate, &two, now));
    for (int i = 0; i < 5; i++)
        ck_assert(rate_take(rate, &one, now + 120000000));
    ck_assert(!rate_take(rate, &one, now + 120000000));
    rate_free(rate);
}
END_TEST

TEST_MAIN("flow", the_challenge_is_the_one_of_rfc_7636,
          the_address_holds_all_that_the_standard_wants, a_fresh_login_asks_for_one,
          the_browser_keeps_the_login_and_cannot_change_it, only_a_state_of_ours_names_a_cookie,
          one_goes_back_only_to_a_page_of_ours, an_answer_names_its_issuer_when_that_was_promised,
          what_was_sealed_for_one_use_opens_for_no_other,
          whoever_signs_in_too_often_waits_and_nobody_else)
