/* A provider's document is believed only when it is of the provider we were told of. */
#include "proto/oidc_discovery.h"

#include <string.h>

#include "tests/unit/test.h"

#define GOOD                                                                                       \
    "\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"https://idp.example/a\","     \
    "\"token_endpoint\":\"https://idp.example/t\",\"jwks_uri\":\"https://keys.example/k\""

static struct arena *arena;

static struct err parse(const char *text, struct oidc_metadata *m)
{
    return discovery_parse(arena, str_of(text), "https://idp.example", false, m);
}

START_TEST(a_good_document_gives_the_addresses)
{
    struct oidc_metadata m;
    arena = arena_new(1 << 20);
    ck_ok(parse("{" GOOD "}", &m));
    ck_assert_str_eq(m.jwks_uri, "https://keys.example/k");
    ck_assert(m.userinfo_endpoint == NULL && m.end_session_endpoint == NULL);
    ck_assert(!m.iss_in_answer && m.takes_basic && !m.takes_post);
    ck_ok(parse("{" GOOD ",\"userinfo_endpoint\":\"https://idp.example/u\",\"more\":[1],"
                "\"authorization_response_iss_parameter_supported\":true,"
                "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
                "\"response_types_supported\":[\"code\"],"
                "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]}",
                &m));
    ck_assert_str_eq(m.userinfo_endpoint, "https://idp.example/u");
    ck_assert(m.iss_in_answer && !m.takes_basic && m.takes_post);
    arena_free(arena);
}
END_TEST

START_TEST(a_document_of_somebody_else_or_without_what_is_needed_is_refused)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "<html>",
        "{" GOOD ",\"issuer\":\"https://idp.example\"}",
        "{\"issuer\":\"https://idp.example/\",\"authorization_endpoint\":\"https://x/a\","
        "\"token_endpoint\":\"https://x/t\",\"jwks_uri\":\"https://x/k\"}",
        "{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://x/a\","
        "\"token_endpoint\":\"https://x/t\",\"jwks_uri\":\"https://x/k\"}",
        "{\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"http://x/a\","
        "\"token_endpoint\":\"https://x/t\",\"jwks_uri\":\"https://x/k\"}",
        "{\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"javascript:1\","
        "\"token_endpoint\":\"https://x/t\",\"jwks_uri\":\"https://x/k\"}",
        "{\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"https://x/a\","
        "\"token_endpoint\":7,\"jwks_uri\":\"https://x/k\"}",
        "{\"issuer\":\"https://idp.example\",\"authorization_endpoint\":\"https://x/a\","
        "\"token_endpoint\":\"https://x/t\"}",
        "{" GOOD ",\"userinfo_endpoint\":\"http://idp.example/u\"}",
        "{" GOOD ",\"response_types_supported\":[\"id_token\"]}",
        "{" GOOD ",\"code_challenge_methods_supported\":[\"plain\"]}",
    };
    struct oidc_metadata m;
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(parse(bad[i], &m).kind == ERR_INPUT, "%s", bad[i]);
    arena_free(arena);
}
END_TEST

START_TEST(an_address_is_https_or_in_dev_of_this_machine)
{
    static const struct {
        const char *url;
        bool prod, dev;
    } cases[] = {
        {"https://idp.example/x?y=1", true, true},
        {"https://idp.example:8443", true, true},
        {"https://[2001:db8::1]/", true, true},
        {"http://127.0.0.1:18301/x", false, true},
        {"http://localhost/x", false, true},
        {"http://[::1]:8080/x", false, true},
        {"http://127.0.0.1.evil.example/", false, false},
        {"http://localhost.evil.example/", false, false},
        {"http://127.0.0.1@evil.example/", false, false},
        {"http://idp.example/", false, false},
        {"https://user@idp.example/", false, false},
        {"https://", false, false},
        {"https:///x", false, false},
        {"HTTPS://idp.example/", false, false},
        {"ftp://idp.example/", false, false},
        {"https://idp.example/#x", false, false},
        {"https://idp.example/\n", false, false},
        {"https://idp.example/a b", false, false},
        {"", false, false},
        {NULL, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(oidc_url_allowed(cases[i].url, false) == cases[i].prod, "%s", cases[i].url);
        ck_assert_msg(oidc_url_allowed(cases[i].url, true) == cases[i].dev, "%s", cases[i].url);
    }
}
END_TEST

START_TEST(the_document_is_under_the_issuer_with_or_without_its_last_slash)
{
    arena = arena_new(1 << 16);
    ck_assert_str_eq(discovery_url(arena, "https://x/realms/a"),
                     "https://x/realms/a/.well-known/openid-configuration");
    ck_assert_str_eq(discovery_url(arena, "https://x/"),
                     "https://x/.well-known/openid-configuration");
    arena_free(arena);
}
END_TEST

START_TEST(who_only_verifies_needs_the_issuer_and_its_keys)
{
    const char *uri = NULL;
    const char *issuer = "https://idp.example";
    const struct str bare =
                         STR("{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"https://k/k\"}"),
                     open = STR("{\"issuer\":\"https://idp.example\",\"jwks_uri\":\"http://k/k\"}"),
                     none = STR("{\"issuer\":\"https://idp.example\"}");
    arena = arena_new(1 << 20);
    ck_ok(discovery_keys(arena, bare, issuer, false, &uri));
    ck_assert_str_eq(uri, "https://k/k");
    ck_err(discovery_keys(arena, bare, "https://idp.example/", false, &uri), ERR_INPUT);
    ck_assert_ptr_null(uri);
    ck_err(discovery_keys(arena, open, issuer, false, &uri), ERR_INPUT);
    ck_err(discovery_keys(arena, none, issuer, true, &uri), ERR_INPUT);
    arena_free(arena);
}
END_TEST

TEST_MAIN("oidc_discovery", a_good_document_gives_the_addresses,
          a_document_of_somebody_else_or_without_what_is_needed_is_refused,
          an_address_is_https_or_in_dev_of_this_machine,
          the_document_is_under_the_issuer_with_or_without_its_last_slash,
          who_only_verifies_needs_the_issuer_and_its_keys)
