/* Addresses in their normal form: the spellings that RFC 3986 says are one, and what is no address.
 */
#include "proto/http_uri.h"

#include <string.h>

#include "tests/unit/test.h"

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)1 << 20);
}

static void down(void)
{
    arena_free(arena);
}

START_TEST(spellings_of_one_address_become_one)
{
    static const char *const cases[][2] = {
        {"https://r.example/mcp", "https://r.example/mcp"},
        {"HTTPS://R.Example/mcp", "https://r.example/mcp"},
        {"https://r.example:443/mcp", "https://r.example/mcp"},
        {"https://r.example:0443/mcp", "https://r.example/mcp"},
        {"https://r.example:/mcp", "https://r.example/mcp"},
        {"http://r.example:80/mcp", "http://r.example/mcp"},
        {"http://r.example:443/mcp", "http://r.example:443/mcp"},
        {"https://r.example:80/mcp", "https://r.example:80/mcp"},
        {"http://127.0.0.1:18200/mcp", "http://127.0.0.1:18200/mcp"},
        {"http://[::1]:8001/mcp", "http://[::1]:8001/mcp"},
        {"http://[2001:DB8::1]/mcp", "http://[2001:db8::1]/mcp"},
        {"https://r.example/mcp?a=b", "https://r.example/mcp"},
        {"https://r.example/mcp#top", "https://r.example/mcp"},
        {"https://r.example/mcp?a#b", "https://r.example/mcp"},
        {"https://r.example", "https://r.example/"},
        {"https://r.example?a", "https://r.example/"},
        {"https://r.example#a", "https://r.example/"},
        {"https://r.example/%6dcp", "https://r.example/mcp"},
        {"https://r.example/%7Emcp", "https://r.example/~mcp"},
        {"https://r.example/a%2fb", "https://r.example/a%2Fb"},
        {"https://r.example/%c3%a9", "https://r.example/%C3%A9"},
        {"https://r.example/./mcp", "https://r.example/mcp"},
        {"https://r.example/a/../mcp", "https://r.example/mcp"},
        {"https://r.example/../../mcp", "https://r.example/mcp"},
        {"https://r.example/%2e%2E/mcp", "https://r.example/mcp"},
        {"https://r.example/a/b/..", "https://r.example/a/"},
        {"https://r.example/a/.", "https://r.example/a/"},
        {"https://r.example/..", "https://r.example/"},
        {"https://r.example/a//b", "https://r.example/a//b"},
        {"https://r.example/.a/..b/...", "https://r.example/.a/..b/..."},
        {"https://r.example:65535/", "https://r.example:65535/"},
        {"https://r.example:8/", "https://r.example:8/"},
        {"https://r.example:10/", "https://r.example:10/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *normal = NULL, *again = NULL;
        ck_ok(http_uri_normal(arena, cases[i][0], &normal));
        ck_assert_str_eq(normal, cases[i][1]);
        ck_ok(http_uri_normal(arena, normal, &again));
        ck_assert_str_eq(again, normal);
    }
}
END_TEST

START_TEST(places_that_differ_stay_apart)
{
    static const char *const cases[] = {
        "https://r.example/mcp",   "http://r.example/mcp",      "https://r.example/mcp/",
        "https://r.example/MCP",   "https://r.example:444/mcp", "https://x.r.example/mcp",
        "https://r.example/a/mcp", "https://r.example/m%2Fcp",  "https://r.example//mcp",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t j = 0; j < i; j++) {
            const char *a = NULL, *b = NULL;
            ck_ok(http_uri_normal(arena, cases[i], &a));
            ck_ok(http_uri_normal(arena, cases[j], &b));
            ck_assert_str_ne(a, b);
        }
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const cases[] = {
        "",
        "https:",
        "https:/r.example/mcp",
        "https://",
        "https:///mcp",
        "/mcp",
        "r.example/mcp",
        "ftp://r.example/mcp",
        "httpss://r.example/mcp",
        "https://ana@r.example/mcp",
        "https://ana:pw@r.example/mcp",
        "https://r.example:65536/mcp",
        "https://r.example:99999999999999999999/mcp",
        "https://r.example:0/mcp",
        "https://r.example:x/mcp",
        "https://r.example:1:2/mcp",
        "https://[::1/mcp",
        "https://[]/mcp",
        "https://[::1]x/mcp",
        "https://[g::1]/mcp",
        "https://r example/mcp",
        "https://r.example/m cp",
        "https://r.example/m\\cp",
        "https://r.example/m\"cp",
        "https://r.example/m\ncp",
        "https://r.example/m\x80",
        "https://r.example/%",
        "https://r.example/%2",
        "https://r.example/%zz",
        "https://r.example/%2?",
        "https://r.ex%61mple/mcp",
        "https://../mcp",
        "https://./mcp",
        "https://-r.example/mcp",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *normal = NULL;
        struct err e = http_uri_normal(arena, cases[i], &normal);
        ck_assert_msg(e.kind == ERR_INPUT && normal == NULL, "taken: %s", cases[i]);
    }
    char *endless = arena_alloc(arena, HTTP_URI_MAX + 2);
    memset(endless, 'a', HTTP_URI_MAX + 1);
    memcpy(endless, "https://", 8);
    const char *normal = NULL;
    ck_err(http_uri_normal(arena, endless, &normal), ERR_INPUT);
    endless[HTTP_URI_MAX] = '\0';
    ck_ok(http_uri_normal(arena, endless, &normal));
}
END_TEST

TEST_MAIN_AROUND("http_uri", up, down, spellings_of_one_address_become_one,
                 places_that_differ_stay_apart, what_is_no_address_is_refused)
