/* Our address has one spelling, and the metadata stands where RFC 9728 puts it. */
#include "proto/protected_resource.h"

#include "common/sys/jcs.h"
#include "tests/unit/test.h"

START_TEST(an_address_has_one_spelling)
{
    static const char *const good[] = {
        "https://closegate.example/mcp",         "https://closegate.example:8443/mcp",
        "https://closegate.example/finance/mcp", "https://[2001:db8::1]:8443/mcp",
        "https://closegate.example/MCP",         "https://closegate.example/a..b/.well/mcp",
    };
    static const char *const bad[] = {
        "",
        "closegate.example/mcp",
        "ftp://closegate.example/mcp",
        "HTTPS://closegate.example/mcp",
        "https://Closegate.example/mcp",
        "https://closegate.example",
        "https://closegate.example/",
        "https://closegate.example/mcp/",
        "https://closegate.example/mcp?x=1",
        "https://closegate.example?x",
        "https://closegate.example/mcp#top",
        "https://closegate.example:443/mcp",
        "https://closegate.example:/mcp",
        "https://ana@closegate.example/mcp",
        "https://closegate.example//mcp",
        "https://closegate.example/./mcp",
        "https://closegate.example/a/../mcp",
        "https://closegate.example/mcp/..",
        "https://closegate.example/m cp",
        "http://closegate.example/mcp",
        "http://127.0.0.1:8001/mcp",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(resource_uri_wrong(good[i], false) == NULL, "%s: %s", good[i],
                      resource_uri_wrong(good[i], false));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(resource_uri_wrong(bad[i], false) != NULL, "%s", bad[i]);
    ck_assert_ptr_null(resource_uri_wrong("http://127.0.0.1:8001/mcp", true));
    ck_assert_ptr_null(resource_uri_wrong("http://localhost:8001/mcp", true));
    ck_assert_ptr_nonnull(resource_uri_wrong("http://127.0.0.1:80/mcp", true));
    ck_assert_ptr_nonnull(resource_uri_wrong("http://closegate.example/mcp", true));
}
END_TEST

START_TEST(the_metadata_stands_between_the_host_and_the_path)
{
    struct arena *arena = arena_new(64 * 1024);
    ck_assert_str_eq(resource_metadata_url(arena, "https://c.example/mcp"),
                     "https://c.example/.well-known/oauth-protected-resource/mcp");
    ck_assert_str_eq(resource_metadata_url(arena, "https://c.example:8443/finance/mcp"),
                     "https://c.example:8443/.well-known/oauth-protected-resource/finance/mcp");
    arena_free(arena);
}
END_TEST

START_TEST(the_document_says_what_a_client_needs_and_no_more)
{
    static const char *const algs[] = {"ES256", "EdDSA", NULL};
    struct arena *arena = arena_new(64 * 1024);
    struct protected_resource r = {
        .resource = "https://c.example/mcp", .issuer = "https://idp.example", .name = "closegate"};
    struct str text;
    ck_ok(jcs_text(arena, resource_metadata(arena, &r), &text));
    ck_assert_str_eq(str_dup(arena, text),
                     "{\"authorization_servers\":[\"https://idp.example\"],"
                     "\"bearer_methods_supported\":[\"header\"],"
                     "\"resource\":\"https://c.example/mcp\",\"resource_name\":\"closegate\","
                     "\"scopes_supported\":[\"mcp:read\",\"mcp:propose\"]}");
    r.dpop_algs = algs;
    r.dpop_required = r.mtls_bound = true;
    ck_ok(jcs_text(arena, resource_metadata(arena, &r), &text));
    ck_assert_ptr_nonnull(strstr(str_dup(arena, text),
                                 "\"dpop_bound_access_tokens_required\":true,"
                                 "\"dpop_signing_alg_values_supported\":[\"ES256\",\"EdDSA\"]"));
    ck_assert_ptr_nonnull(
        strstr(str_dup(arena, text), "\"tls_client_certificate_bound_access_tokens\":true"));
    arena_free(arena);
}
END_TEST

TEST_MAIN("protected_resource", an_address_has_one_spelling,
          the_metadata_stands_between_the_host_and_the_path,
          the_document_says_what_a_client_needs_and_no_more)
