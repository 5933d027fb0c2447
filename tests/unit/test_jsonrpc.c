/* JSON-RPC messages: what is one, what is not, and that an id comes back as it was written. */
#include "proto/jsonrpc.h"

#include <string.h>

#include "common/sys/json_write.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct jsonrpc_msg msg;
static struct jsonrpc_fault fault;

static int code_of(const char *body)
{
    jsonrpc_parse(arena, str_of(body), &msg, &fault);
    return fault.code;
}

static const char *text_of(const struct json *tree)
{
    struct jw w;
    struct str out;
    jw_init(&w, 4096);
    jw_tree(&w, NULL, tree);
    ck_ok(jw_done(&w, &out));
    const char *text = str_dup(arena, out);
    jw_fini(&w);
    return text;
}

START_TEST(requests_notifications_and_responses_are_told_apart)
{
    arena = arena_new(1 << 20);
    ck_assert_int_eq(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"), 0);
    ck_assert_int_eq(msg.kind, JSONRPC_REQUEST);
    ck_assert_str_eq(msg.method, "ping");
    ck_assert_ptr_null(msg.params);
    ck_assert_int_eq(
        code_of("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\",\"params\":{}}"), 0);
    ck_assert_int_eq(msg.kind, JSONRPC_NOTIFICATION);
    ck_assert_int_eq(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"), 0);
    ck_assert_int_eq(msg.kind, JSONRPC_RESPONSE);
    ck_assert_int_eq(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}"), 0);
    ck_assert_int_eq(msg.kind, JSONRPC_RESPONSE);
    arena_free(arena);
}
END_TEST

START_TEST(an_id_comes_back_exactly)
{
    static const char *const ids[] = {
        "0",          "7", "-1", "\"a\"", "\"\"", "9007199254740993", "\"server-discover-probe-1\"",
        "\"\\u00e9\""};
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const char *body =
            arena_fmt(arena, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"m\"}", ids[i]);
        ck_assert_int_eq(code_of(body), 0);
        const char *want = arena_fmt(arena, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":null}",
                                     strcmp(ids[i], "\"\\u00e9\"") == 0 ? "\"\xc3\xa9\"" : ids[i]);
        ck_assert_str_eq(text_of(jsonrpc_result(arena, msg.id, json_null_new(arena))), want);
    }
    arena_free(arena);
}
END_TEST

START_TEST(what_is_not_a_message_is_an_invalid_request)
{
    static const char *const bad[] = {
        "[]",
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        "1",
        "null",
        "\"ping\"",
        "{}",
        "{\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1e3,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\u0000b\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"result\":{}}",
    };
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(code_of(bad[i]) == JSONRPC_INVALID_REQUEST, "%s: %d", bad[i], fault.code);
        ck_assert_int_eq(fault.status, 400);
        ck_assert_int_eq(msg.kind, JSONRPC_NONE);
    }
    arena_free(arena);
}
END_TEST

START_TEST(what_is_not_json_is_a_parse_error)
{
    static const char *const bad[] = {
        "",
        "{",
        "{\"jsonrpc\":\"2.0\",\"jsonrpc\":\"2.0\"}",
        "\xff",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":01}",
        "\xef\xbb\xbf{}",
    };
    arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(code_of(bad[i]) == JSONRPC_PARSE, "%s: %d", bad[i], fault.code);
        ck_assert_ptr_null(msg.id);
    }
    arena_free(arena);
}
END_TEST

START_TEST(a_fault_keeps_the_id_where_one_could_be_read)
{
    arena = arena_new(1 << 20);
    ck_assert_int_eq(code_of("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":7}"),
                     JSONRPC_INVALID_REQUEST);
    ck_assert_str_eq(text_of(jsonrpc_error(arena, msg.id, &fault)),
                     "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32600,\"message\":"
                     "\"not a request or notification: method must be text\"}}");
    ck_assert_int_eq(code_of("[1]"), JSONRPC_INVALID_REQUEST);
    ck_assert_ptr_null(strstr(text_of(jsonrpc_error(arena, msg.id, &fault)), "\"id\""));
    arena_free(arena);
}
END_TEST

START_TEST(a_bug_is_not_explained_to_the_caller)
{
    struct jsonrpc_fault f = jsonrpc_fault_of(err_new(ERR_BUG, "a secret of ours"));
    ck_assert_str_eq(f.message, "internal error");
    ck_assert_int_eq(f.status, 500);
    ck_assert_int_eq(jsonrpc_fault_of(err_new(ERR_STORE, "x")).status, 503);
}
END_TEST

TEST_MAIN("jsonrpc", requests_notifications_and_responses_are_told_apart, an_id_comes_back_exactly,
          what_is_not_a_message_is_an_invalid_request, what_is_not_json_is_a_parse_error,
          a_fault_keeps_the_id_where_one_could_be_read, a_bug_is_not_explained_to_the_caller)
