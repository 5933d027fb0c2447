/* What people are told when a provider gives no answer, and whether it is asked again. */
#include "agent/llm/trouble.h"

#include <string.h>

#include "common/base/civil.h"
#include "tests/unit/test.h"

#define NOW INT64_C(784111770000000) /* Sun, 06 Nov 1994 08:49:30 GMT */

static struct arena *arena;
static const struct llm_endpoint theirs = {LLM_API_ANTHROPIC, "https://api.example",
                                           "sk-ant-api03-SECRETsecretSECRET"},
                                 local = {LLM_API_OPENAI, "http://127.0.0.1:1/v1", NULL};

static void up(void)
{
    arena = arena_new((size_t)16 << 20);
}

static void down(void)
{
    arena_free(arena);
}

static struct llm_trouble of_reply(const struct llm_endpoint *to, int status, const char *body,
                                   const char *name, const char *value)
{
    const struct http_pair pair = {name, value};
    const struct fetch_reply reply = {
        .status = status, .body = str_of(body), .pairs = &pair, .pairs_n = name == NULL ? 0 : 1};
    struct llm_trouble trouble;
    ck_ok(llm_trouble_of(arena, to, OK, &reply, NOW, &trouble));
    return trouble;
}

static struct llm_trouble of_err(struct err e)
{
    struct llm_trouble trouble;
    ck_ok(llm_trouble_of(arena, &theirs, e, NULL, NOW, &trouble));
    return trouble;
}

#define SAYS(type, code, message)                                                                  \
    "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"code\":" code                          \
    ",\"message\":\"" message "\"}}"

START_TEST(each_failure_has_its_kind)
{
    static const struct {
        int status;
        bool again;
        const char *kind, *body;
    } rows[] = {
        {400, false, "question", SAYS("invalid_request_error", "null", "bad schema")},
        {400, false, "context",
         SAYS("invalid_request_error", "null",
              "prompt is too long: 210000 tokens > 200000 maximum")},
        {400, false, "context", SAYS("invalid_request_error", "\"context_length_exceeded\"", "x")},
        {400, false, "context", SAYS("exceed_context_size_error", "400", "x")},
        {400, false, "context", SAYS("x", "null", "This model's MAXIMUM CONTEXT length is 8192")},
        {400, false, "quota",
         SAYS("invalid_request_error", "null", "Your credit balance is too low to access the API")},
        {400, false, "refused", SAYS("x", "\"content_filter\"", "x")},
        {401, false, "key", SAYS("authentication_error", "null", "invalid x-api-key")},
        {402, false, "quota", "{\"error\":{\"message\":\"Insufficient Balance\"}}"},
        {403, false, "key", ""},
        {403, false, "model", SAYS("invalid_request_error", "\"model_not_found\"", "x")},
        {404, false, "model", SAYS("not_found_error", "null", "model: m-9")},
        {404, false, "model", "{\"detail\":\"Not Found\"}"},
        {405, false, "setting", ""},
        {302, false, "setting", ""},
        {200, true, "malformed", "<html>hello</html>"},
        {408, true, "timeout", ""},
        {409, true, "busy", ""},
        {413, false, "context", SAYS("request_too_large", "null", "x")},
        {422, false, "question", "{\"detail\":[{\"loc\":[\"body\"]}]}"},
        {429, true, "rate", SAYS("rate_limit_error", "null", "x")},
        {429, true, "rate", "[{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\"}}]"},
        {429, false, "quota", SAYS("insufficient_quota", "\"insufficient_quota\"", "x")},
        {500, true, "busy", SAYS("api_error", "null", "x")},
        {502, true, "busy", "<html>bad gateway</html>"},
        {503, true, "busy", "{\"error\":\"loading model\"}"},
        {504, true, "timeout", ""},
        {529, true, "busy", SAYS("overloaded_error", "null", "Overloaded")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct llm_trouble got = of_reply(&theirs, rows[i].status, rows[i].body, NULL, NULL);
        ck_assert_msg(text_eq(got.kind, rows[i].kind) && got.again == rows[i].again,
                      "row %zu (%d): %s %d", i, rows[i].status, got.kind, got.again);
        ck_assert_int_eq(got.after_ms, 0);
        ck_assert_int_eq(got.sentence[strlen(got.sentence) - 1], '.');
    }
}
END_TEST

START_TEST(an_error_within_a_stream_has_its_kind_too)
{
    static const struct {
        bool again;
        const char *kind, *where;
    } rows[] = {
        {true, "busy", LLM_STREAM "overloaded_error"},
        {true, "busy", LLM_STREAM "api_error"},
        {true, "busy", LLM_STREAM "of_tomorrow"},
        {true, "rate", LLM_STREAM "rate_limit_error"},
        {true, "rate", LLM_STREAM "429"},
        {true, "busy", LLM_STREAM "502"},
        {false, "quota", LLM_STREAM "insufficient_quota"},
        {true, "cut", LLM_STREAM "cut"},
        {false, "question", LLM_STREAM "invalid_request_error"},
        {true, "malformed", LLM_STREAM "malformed"},
        {false, "too_large", LLM_STREAM "too_large"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct llm_trouble got = of_err(err_at(ERR_UPSTREAM, rows[i].where, "so"));
        ck_assert_msg(text_eq(got.kind, rows[i].kind) && got.again == rows[i].again, "row %zu: %s",
                      i, got.kind);
    }
    ck_assert_str_eq(
        of_err(err_at(ERR_UPSTREAM, LLM_STREAM "overloaded_error", "Overloaded")).sentence,
        "The provider is overloaded or out of order: “Overloaded”. Try again in a "
        "while.");
    ck_assert_str_eq(of_err(err_at(ERR_UPSTREAM, LLM_STREAM "cut", "the stream ended")).sentence,
                     "The provider's answer was cut off. Try again.");
}
END_TEST

START_TEST(an_exchange_that_came_to_nothing_says_where)
{
    ck_assert_str_eq(of_err(err_at(ERR_MISSING, "127.0.0.1:1", "nobody answers there")).sentence,
                     "The provider cannot be reached: nobody answers there (127.0.0.1:1). Check "
                     "that it runs and that CLOSEGATE_LLM_BASE_URL is right.");
    ck_assert_str_eq(of_err(err_at(ERR_UPSTREAM, "api.example:443", "no trust")).kind,
                     "unreachable");
    ck_assert_str_eq(of_err(err_at(ERR_UNKNOWN, "api.example", "no whole answer")).kind, "timeout");
    ck_assert(of_err(err_at(ERR_UNKNOWN, "api.example", "no whole answer")).again);
    ck_assert_str_eq(of_err(err_at(ERR_LIMIT, "api.example", "too large")).kind, "too_large");
    ck_assert_str_eq(of_err(err_at(ERR_INPUT, "the URL", "not a URL")).kind, "setting");
    ck_assert_str_eq(of_err(err_new(ERR_STORE, "disk full")).kind, "fault");
    ck_assert(!of_err(err_new(ERR_STORE, "disk full")).again);
    struct llm_trouble trouble;
    struct fetch_reply reply = {.status = 200, .body = STR("{\"hello\":1}")};
    ck_ok(llm_trouble_of(arena, &theirs, err_at(ERR_UPSTREAM, LLM_STREAM "cut", "x"), &reply, NOW,
                         &trouble));
    ck_assert_str_eq(trouble.kind, "malformed");
    reply.body.len = 0;
    ck_ok(llm_trouble_of(arena, &theirs, err_at(ERR_UPSTREAM, LLM_STREAM "cut", "x"), &reply, NOW,
                         &trouble));
    ck_assert_str_eq(trouble.kind, "cut");
    ck_err(llm_trouble_of(arena, &theirs, OK, &reply, NOW, &trouble), ERR_BUG);
    ck_err(llm_trouble_of(arena, &theirs, OK, NULL, NOW, &trouble), ERR_BUG);
}
END_TEST

START_TEST(when_to_ask_again_is_taken_from_whoever_knows)
{
    static const struct {
        const char *name, *value;
        int64_t after_ms;
    } rows[] = {
        {"Retry-After", "7", 7000},
        {"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", 7000},
        {"retry-after", "Sun, 06 Nov 1994 08:00:00 GMT", 0},
        {"retry-after", "soon", 0},
        {"retry-after", "-1", 0},
        {"retry-after", "99999999999", 86400000},
        {"retry-after-ms", "1250", 1250},
        {"retry-after-ms", "1250.75", 1250},
        {"retry-after-ms", "99999999999999999999999", 86400000},
        {"retry-after-ms", "x", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_int_eq(of_reply(&theirs, 429, "", rows[i].name, rows[i].value).after_ms,
                         rows[i].after_ms);
    ck_assert_str_eq(of_reply(&theirs, 429, "", "retry-after-ms", "1250").sentence,
                     "The provider's limit is reached for now. Try again in 2 s.");
    ck_assert_int_eq(of_reply(&theirs, 400, "", "retry-after", "7").after_ms, 0);
}
END_TEST

START_TEST(a_provider_may_say_whether_to_ask_again)
{
    ck_assert(!of_reply(&theirs, 500, "", "X-Should-Retry", "false").again);
    ck_assert(of_reply(&theirs, 400, "", "x-should-retry", "true").again);
    ck_assert(!of_reply(&theirs, 401, "", "x-should-retry", "true").again);
    ck_assert(!of_reply(&theirs, 400, "", "x-should-retry", "TRUE").again);
}
END_TEST

START_TEST(the_key_is_in_no_sentence)
{
    static const char *const messages[] = {
        "Incorrect API key provided: sk-ant-api03-SECRETsecretSECRET. You can find it.",
        "x=sk-ant-api03-SECRETsecretSECRET",
        "'sk-ant-a' and sk-ant-api03-SEC",
        "sk-proj-****cret",
        "Bearer sk-ant-api03-SECRETsecretSECRETsk-ant-api03-SECRETsecretSECRET",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        const char *body = arena_fmt(arena, SAYS("x", "null", "%s"), messages[i]);
        const char *got = of_reply(&theirs, 401, body, NULL, NULL).sentence;
        ck_assert_msg(strstr(got, "[key]") != NULL && strstr(got, "SEC") == NULL &&
                          strstr(got, "sk-") == NULL && strstr(got, "cret") == NULL,
                      "%s", got);
    }
    ck_assert_str_eq(
        of_reply(&theirs, 401, SAYS("x", "null", "bad key: sk-ant-api03-SECRETsecretSECRET, alas"),
                 NULL, NULL)
            .sentence,
        "The provider does not accept the key: “bad key: [key], alas”. Check ANTHROPIC_API_KEY.");
    ck_assert_str_eq(of_reply(&local, 401, "", NULL, NULL).sentence,
                     "The provider does not accept the key. None is set: set OPENAI_API_KEY.");
    const struct llm_endpoint odd = {LLM_API_OPENAI, "http://x", "a b\"c;d"};
    ck_assert_str_eq(of_reply(&odd, 500, "echo a b\"c;d!", NULL, NULL).sentence,
                     "The provider is overloaded or out of order: “echo [key]!”. Try again in a "
                     "while.");
}
END_TEST

START_TEST(what_is_quoted_is_short_and_harmless)
{
    char flood[5000];
    memset(flood, 'a', sizeof flood - 1);
    flood[sizeof flood - 1] = '\0';
    ck_assert_uint_lt(strlen(of_reply(&theirs, 500, flood, NULL, NULL).sentence), 500);
    const char *got =
        of_reply(&theirs, 500, " \n a\x1b[2J\nb\xe2\x80\xaey\xff", NULL, NULL).sentence;
    ck_assert_str_eq(got,
                     "The provider is overloaded or out of order: “a␛[2J␊b[U+202E]y\xef\xbf\xbd”. "
                     "Try again in a while.");
    /* a proxy's page is for browsers; a tree without a message says nothing */
    ck_assert_ptr_null(
        strstr(of_reply(&theirs, 502, "\n<html>x</html>", NULL, NULL).sentence, "html"));
    ck_assert_str_eq(of_reply(&theirs, 500, "[]", NULL, NULL).sentence,
                     "The provider is overloaded or out of order. Try again in a while.");
}
END_TEST

TEST_MAIN_AROUND("llm_trouble", up, down, each_failure_has_its_kind,
                 an_error_within_a_stream_has_its_kind_too,
                 an_exchange_that_came_to_nothing_says_where,
                 when_to_ask_again_is_taken_from_whoever_knows,
                 a_provider_may_say_whether_to_ask_again, the_key_is_in_no_sentence,
                 what_is_quoted_is_short_and_harmless)
