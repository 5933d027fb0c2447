/* What goes over the wire to the engine, how often, and what is made of what comes back: against a
 * server that says what the test wants it to say. */
#include "agent/mcpc/mcpc.h"

#include "common/sys/jose.h"
#include "common/sys/loop.h"
#include "proto/assertion.h"
#include "tests/unit/mcp_script.h"

static struct mcpc_shared *shared;
static struct mcpc *m;
static struct arena *arena;

static void setup(void)
{
    const struct mcpc_options options = script_options();
    ck_ok(mcpc_shared_new(&options, &shared));
    ck_ok(mcpc_new(shared, &m));
    arena = arena_new(64 << 20);
}

static void start(void)
{
    script_start();
    setup();
}

static void stop(void)
{
    mcpc_free(m);
    mcpc_shared_free(shared);
    arena_free(arena);
    script_stop();
}

static const struct json *args(const char *text)
{
    struct json *tree;
    ck_ok(json_read(arena, str_of(text), NULL, &tree));
    return tree;
}

/* A tool's result around this structured content. */
static const char *told(const char *structured)
{
    return arena_fmt(arena,
                     "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"resultType\":\"complete\","
                     "\"content\":[{\"type\":\"text\",\"text\":\"x\"}],\"structuredContent\":%s,"
                     "\"isError\":false}}",
                     structured);
}

static const char *failed_saying(const char *error, const char *words)
{
    return arena_fmt(arena,
                     "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[{\"type\":\"text\","
                     "\"text\":\"{\\\"status\\\":\\\"failed\\\",\\\"error\\\":\\\"%s\\\","
                     "\\\"message\\\":\\\"%s\\\",\\\"pointer\\\":\\\"/a\\\"}\"}],"
                     "\"isError\":true}}",
                     error, words);
}

static const char *failed(const char *error)
{
    return failed_saying(error, "so it is");
}

static struct err call(const char *tool, const char *arguments, struct mcpc_result *result)
{
    return mcpc_call(m, arena, &maria, tool, args(arguments), result);
}

static const char *header(const char *request, const char *name)
{
    struct str line, rest = str_of(request), key, value;
    while (str_cut(rest, '\n', &line, &rest) && line.len > 1)
        if (str_cut(line, ':', &key, &value) && str_is_nocase(key, name)) {
            value = str_trim(value);
            value.len--; /* CR */
            return str_dup(arena, value);
        }
    return NULL;
}

static const char *body_of(const char *request)
{
    return strstr(request, "\r\n\r\n") + 4;
}

/* ---- what is said ---- */

START_TEST(a_call_carries_the_envelope_and_the_headers_that_repeat_it)
{
    struct mcpc_result result;
    start();
    script_add((struct step){.body = told("{\"status\":\"ok\",\"n\":7}")});
    ck_ok(call("look", "{\"a\":1}", &result));
    const char *r = script_request("tools/call", 0);
    ck_assert_int_eq(strncmp(r, "POST /mcp HTTP/1.1\r\n", 20), 0);
    ck_assert_str_eq(header(r, "MCP-Protocol-Version"), "2026-07-28");
    ck_assert_str_eq(header(r, "Mcp-Method"), "tools/call");
    ck_assert_str_eq(header(r, "Mcp-Name"), "look");
    ck_assert_str_eq(header(r, "Content-Type"), "application/json");
    ck_assert_str_eq(header(r, "Accept"), "application/json, text/event-stream");
    ck_assert_ptr_null(header(r, "Mcp-Session-Id"));
    const struct json *body = args(body_of(r));
    const struct json *params = json_get(body, "params");
    ck_assert_str_eq(json_get_text(params, "name"), "look");
    ck_assert_ptr_nonnull(json_pointer_get(params, "/arguments/a"));
    const struct json *meta = json_get(params, "_meta");
    ck_assert_str_eq(json_get_text(meta, "io.modelcontextprotocol/protocolVersion"), "2026-07-28");
    ck_assert_uint_eq(json_get(meta, "io.modelcontextprotocol/clientCapabilities")->count, 0);
    ck_assert_str_eq(result.status, "ok");
    ck_assert(!result.is_error);
    ck_assert_ptr_nonnull(json_get(result.structured, "n"));
    ck_assert_ptr_nonnull(result.request_id);
    stop();
}
END_TEST

static struct assertion claims_of(const char *request, const char *key_path, const char *kid)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    struct jose_key public_key = {.alg = JOSE_EDDSA};
    struct assertion a;
    struct jws jws;
    ck_ok(ed25519_load(key_path, &key));
    ed25519_public(key, public_key.ed25519);
    ck_ok(jws_parse(arena, str_of(header(request, ASSERTION_HEADER)), &jws));
    ck_ok(jws_verify(&jws, &public_key));
    ck_assert_str_eq(jws.kid, kid);
    ck_ok(assertion_parse(arena, &jws, &a));
    const struct assertion_request req = {.method = "POST",
                                          .path = STR("/mcp"),
                                          .body = str_of(body_of(request)),
                                          .aud = ASSERTION_AUD,
                                          .now_us = script_clock()};
    ck_ok(assertion_check(&a, &req));
    return a;
}

START_TEST(every_request_is_signed_for_its_own_body_and_no_two_alike)
{
    struct mcpc_result result;
    const char *const amr[] = {"pwd", "otp"};
    start();
    struct mcpc_actor actor = maria;
    actor.acr = "urn:mfa";
    actor.amr = (const char **)(uintptr_t)amr;
    actor.amr_n = 2;
    actor.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    actor.id_token = "aaa.bbb.ccc";
    script_add((struct step){.body = told("{}")});
    script_add((struct step){.body = told("{}")});
    ck_ok(mcpc_call(m, arena, &actor, "look", NULL, &result));
    const struct mcpc_actor own = mcpc_service(shared);
    ck_ok(mcpc_call(m, arena, &own, "look", NULL, &result));
    const char *r = script_request("tools/call", 0);
    const struct assertion a = claims_of(r, script.key, "workspace");
    ck_assert_str_eq(a.sub, "human:maria");
    ck_assert_str_eq(a.principal, "p-1");
    ck_assert_str_eq(a.channel, "web");
    ck_assert_str_eq(a.acr, "urn:mfa");
    ck_assert_uint_eq(a.amr_n, 2);
    ck_assert_int_eq(a.auth_time, 1789999000);
    ck_assert_str_eq(header(r, "traceparent"), actor.traceparent);
    ck_assert_str_eq(header(r, "X-Closegate-Id-Token"), "aaa.bbb.ccc");
    const struct assertion d =
        claims_of(script_request("server/discover", 0), script.key, "workspace");
    ck_assert_str_ne(a.jti, d.jti);
    ck_assert_ptr_null(header(script_request("tools/list", 0), "X-Closegate-Id-Token"));
    const struct assertion s =
        claims_of(script_request("tools/call", 1), script.service_key, "notifier");
    ck_assert_str_eq(s.sub, "llm:notifier.service");
    ck_assert_ptr_null(header(script_request("tools/call", 1), "X-Closegate-Id-Token"));
    stop();
}
END_TEST

START_TEST(marked_arguments_are_mirrored_and_odd_ones_encoded)
{
    struct mcpc_result result;
    start();
    script_add((struct step){.body = told("{}")});
    script_add((struct step){.body = told("{}")});
    ck_ok(
        call("mirror", "{\"entity_id\":\"Zürich\",\"n\":-7,\"b\":true,\"plain\":\"x\"}", &result));
    const char *r = script_request("tools/call", 0);
    ck_assert_str_eq(header(r, "Mcp-Param-Entity-Id"), "=?base64?WsO8cmljaA==?=");
    ck_assert_str_eq(header(r, "Mcp-Param-N"), "-7");
    ck_assert_str_eq(header(r, "Mcp-Param-B"), "true");
    ck_assert_ptr_null(header(r, "Mcp-Param-Plain"));
    ck_ok(call("mirror", "{\"entity_id\":\"acme-uk\"}", &result));
    r = script_request("tools/call", 1);
    ck_assert_str_eq(header(r, "Mcp-Param-Entity-Id"), "acme-uk");
    ck_assert_ptr_null(header(r, "Mcp-Param-N"));
    stop();
}
END_TEST

START_TEST(the_engine_is_asked_what_it_is_once_and_again_after_its_tools_changed)
{
    struct mcpc_result result;
    struct mcpc_health health;
    start();
    mcpc_health(shared, &health);
    ck_assert(!health.reachable && health.heard_us == 0);
    for (int i = 0; i < 3; i++) {
        script_add((struct step){.body = told("{}")});
        ck_ok(call("look", "{}", &result));
    }
    ck_assert_int_eq(script_count("server/discover"), 1);
    ck_assert_int_eq(script_count("tools/list"), 1);
    mcpc_health(shared, &health);
    ck_assert(health.reachable && health.comebacks == 0);
    ck_assert_str_eq(health.version, "9.9");
    ck_assert_str_eq(health.protocol, "2026-07-28");
    mcpc_tools_changed(shared);
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    ck_assert_int_eq(script_count("server/discover"), 1);
    ck_assert_int_eq(script_count("tools/list"), 2);
    stop();
}
END_TEST

/* ---- how often ---- */

/* What a server may do to a request instead of answering it. */
static const struct step silences[] = {
    {.how = DROP},
    {.how = HALF},
    {.body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[]},\"result\":{}}"},
    {.body = "not JSON at all"},
    {.body = "{\"jsonrpc\":\"2.0\",\"id\":999999,\"result\":{\"content\":[]}}"},
    {.status = 502, .body = "<html>bad gateway</html>", .type = "text/html"},
    {.status = 504, .body = ""},
    {.status = 500, .body = "{\"error\":\"x\"}"},
};
#define SILENCES (sizeof silences / sizeof silences[0])

START_TEST(a_change_without_a_key_is_never_said_twice)
{
    struct mcpc_result result;
    start();
    for (size_t i = 0; i < SILENCES; i++) {
        script_add(silences[i]);
        ck_err(call("change", "{\"a\":1}", &result), ERR_UNKNOWN);
        ck_assert_int_eq(script_count("tools/call"), (int)i + 1);
    }
    script_add((struct step){.body = failed("unknown_outcome")});
    ck_err(call("change", "{\"idempotency_key\":\"\"}", &result), ERR_UNKNOWN);
    script_add((struct step){.status = 503, .body = "{\"error\":\"busy\"}"});
    ck_err(call("change", "{}", &result), ERR_UPSTREAM); /* nothing was begun */
    ck_assert_int_eq(script_count("tools/call"), (int)SILENCES + 2);
    /* and a tool that nobody lists is taken for a change */
    script_add((struct step){.how = DROP});
    ck_err(call("unheard_of", "{}", &result), ERR_UNKNOWN);
    ck_assert_int_eq(script_count("tools/call"), (int)SILENCES + 3);
    stop();
}
END_TEST

START_TEST(a_change_with_a_key_is_said_again_with_the_same_key_and_a_new_assertion)
{
    struct mcpc_result result;
    start();
    script_add((struct step){.how = DROP});
    script_add((struct step){.body = failed("unknown_outcome")});
    script_add((struct step){.body = told("{\"status\":\"pending_approval\"}")});
    ck_ok(call("change", "{\"idempotency_key\":\"k-1\"}", &result));
    ck_assert_str_eq(result.status, "pending_approval");
    ck_assert_int_eq(script_count("tools/call"), 3);
    const char *jti[3];
    for (int i = 0; i < 3; i++) {
        const char *r = script_request("tools/call", i);
        ck_assert_ptr_nonnull(strstr(body_of(r), "\"idempotency_key\":\"k-1\""));
        jti[i] = claims_of(r, script.key, "workspace").jti;
    }
    ck_assert_str_ne(jti[0], jti[1]);
    ck_assert_str_ne(jti[1], jti[2]);
    for (int i = 0; i < 3; i++) /* and not for ever */
        script_add((struct step){.how = DROP});
    ck_err(call("change", "{\"idempotency_key\":\"k-2\"}", &result), ERR_UNKNOWN);
    ck_assert_int_eq(script_count("tools/call"), 6);
    stop();
}
END_TEST

START_TEST(a_change_that_may_have_been_heard_stays_unknown_whatever_its_repetitions_meet)
{
    static const struct step after[] = {
        {.status = 503, .body = "{\"error\":\"stopping\"}"},
        {.status = 403, .body = "{\"error\":\"disabled meanwhile\"}"},
    };
    struct mcpc_result result;
    start();
    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        script_add((struct step){.how = DROP});
        script_add(after[i]);
        if (after[i].status == 503)
            script_add(after[i]);
        ck_err(call("change", "{\"idempotency_key\":\"k\"}", &result), ERR_UNKNOWN);
    }
    stop();
}
END_TEST

START_TEST(a_read_is_said_again_until_it_is_answered)
{
    struct mcpc_result result;
    struct str text;
    start();
    script_add((struct step){.how = DROP});
    script_add((struct step){.status = 503, .head = "Retry-After: 1\r\n", .body = "{}"});
    script_add((struct step){.body = told("{}")});
    const int64_t began = loop_now_ms();
    ck_ok(call("look", "{}", &result));
    ck_assert_int_ge(loop_now_ms() - began, 1000); /* it waited as it was told */
    script_add(
        (struct step){.how = HALF, .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}"});
    script_add((struct step){
        .body =
            "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"contents\":[{\"text\":\"{\\\"a\\\":1}"
            "\"}]}}"});
    ck_ok(mcpc_read(m, arena, &maria, "recon://status", &text));
    ck_assert_str_eq(text.at, "{\"a\":1}");
    ck_assert_str_eq(header(script_request("resources/read", 1), "Mcp-Name"), "recon://status");
    stop();
}
END_TEST

START_TEST(a_wait_longer_than_a_call_is_not_waited_for)
{
    struct mcpc_result result;
    start();
    for (int i = 0; i < 3; i++)
        script_add((struct step){.status = 503, .head = "Retry-After: 3000\r\n", .body = "{}"});
    const int64_t began = loop_now_ms();
    ck_err(call("look", "{}", &result), ERR_UPSTREAM);
    ck_assert_int_lt(loop_now_ms() - began, 60000); /* of 3000 s */
    stop();
}
END_TEST

START_TEST(a_server_that_is_silent_is_an_unknown_outcome_within_the_time_of_a_call)
{
    struct mcpc_result result;
    start();
    script_add((struct step){.how = STREAM}); /* a head, and then nothing */
    const int64_t began = loop_now_ms();
    ck_err(call("change", "{}", &result), ERR_UNKNOWN);
    ck_assert_int_lt(loop_now_ms() - began, 20000);
    ck_assert_int_eq(script_count("tools/call"), 1);
    stop();
}
END_TEST

START_TEST(a_read_does_not_wait_long_for_a_server_that_is_known_to_be_silent)
{
    struct mcpc_result result;
    start();
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    for (int i = 0; i < 3; i++)
        script_add((struct step){.how = STREAM});
    ck_err(call("look", "{}", &result), ERR_UPSTREAM); /* repeated, within twice a call's time */
    const int before = script_count("tools/call");
    ck_err(call("look", "{}", &result), ERR_UPSTREAM); /* not repeated, so one call's time */
    ck_assert_int_eq(script_count("tools/call"), before + 1);
    stop();
}
END_TEST

START_TEST(nobody_there_is_told_from_an_unknown_outcome_and_its_health_says_since_when)
{
    struct mcpc_result result;
    struct mcpc_health health;
    start();
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    script_add((struct step){.how = DROP}); /* the engine dies, and its connections with it */
    ck_err(call("change", "{}", &result), ERR_UNKNOWN);
    script_hang_up();
    ck_err(call("change", "{}", &result), ERR_UPSTREAM);
    mcpc_health(shared, &health);
    ck_assert(!health.reachable && health.since_us == script_clock() && health.why[0] != '\0');
    ck_err(mcpc_ready(m, arena), ERR_UPSTREAM);
    script_listen(); /* and comes back: what was known of it is asked anew */
    script_add((struct step){.body = told("{}")});
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    ck_ok(call("look", "{}", &result));
    mcpc_health(shared, &health);
    ck_assert(health.reachable && health.comebacks == 1 && health.why[0] == '\0');
    ck_assert_int_eq(script_count("server/discover"), 2);
    ck_assert_int_eq(script_count("tools/list"), 2);
    stop();
}
END_TEST

static void *slow_call(void *arg)
{
    CLEANUP(mcpc_free) struct mcpc *other = NULL;
    CLEANUP(arena_free) struct arena *own = arena_new(1 << 20);
    struct mcpc_result result;
    (void)arg;
    ck_ok(mcpc_new(shared, &other));
    ck_err(mcpc_call(other, own, &maria, "change", NULL, &result), ERR_UNKNOWN);
    return NULL;
}

START_TEST(one_slow_call_does_not_make_an_engine_unreachable_that_answers_others)
{
    pthread_t thread;
    struct mcpc_result result;
    struct mcpc_health health;
    start();
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    script_add((struct step){.how = STREAM}); /* nothing comes */
    ck_assert_int_eq(pthread_create(&thread, NULL, slow_call, NULL), 0);
    while (script_count("tools/call") < 2)
        usleep(1000);
    usleep(20000);
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    pthread_join(thread, NULL);
    mcpc_health(shared, &health);
    ck_assert(health.reachable && health.comebacks == 0);
    stop();
}
END_TEST

/* ---- what is made of it ---- */

START_TEST(denials_and_failures_are_results_with_the_engines_words)
{
    struct mcpc_result result;
    start();
    script_add((struct step){
        .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[],\"structuredContent\":{"
                "\"status\":\"denied\",\"reason\":\"SOD_SAME_ACTOR\"},\"isError\":true}}"});
    ck_ok(call("change", "{}", &result));
    ck_assert(result.is_error);
    ck_assert_str_eq(result.status, "denied");
    ck_assert_str_eq(json_get_text(result.structured, "reason"), "SOD_SAME_ACTOR");
    ck_ok(mcpc_failure(arena, &result));
    script_add((struct step){.body = failed("conflict")});
    ck_ok(call("change", "{}", &result));
    ck_assert_str_eq(result.status, "failed");
    ck_assert_ptr_null(result.structured);
    ck_assert_str_eq(result.error, "conflict");
    ck_assert_str_eq(result.pointer, "/a");
    struct err e = mcpc_failure(arena, &result);
    ck_assert_int_eq(e.kind, ERR_CONFLICT);
    ck_assert_str_eq(e.msg, "so it is");
    ck_assert_str_eq(e.where, "/a");
    script_add((struct step){.body = told("{\"x\":1}")});
    ck_ok(call("change", "{}", &result));
    ck_assert_str_eq(result.status, "ok");
    stop();
}
END_TEST

START_TEST(a_receipt_is_handed_on_as_it_came_and_one_that_is_none_takes_nothing_away)
{
    static const char *const none[] = {"{}", "{\"closegate/receipt\":\"verified\"}",
                                       "{\"closegate/receipt\":null}", "7"};
    struct mcpc_result result;
    start();
    script_add((struct step){
        .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[],\"structuredContent\":{"
                "\"status\":\"ok\",\"seq\":7},\"_meta\":{\"closegate/receipt\":{\"index\":6}}}}"});
    ck_ok(call("change", "{}", &result));
    int64_t index;
    ck_assert(json_int(json_get(result.receipt, "index"), &index) && index == 6);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        script_add((struct step){
            .body = arena_fmt(arena,
                              "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[],"
                              "\"structuredContent\":{\"status\":\"ok\"},\"_meta\":%s}}",
                              none[i])});
        ck_ok(call("change", "{}", &result));
        ck_assert_str_eq(result.status, "ok");
        ck_assert_ptr_null(result.receipt);
    }
    stop();
}
END_TEST

START_TEST(a_failure_without_a_word_has_a_sentence_all_the_same)
{
    struct mcpc_result result;
    start();
    script_add((struct step){.body = failed_saying("conflict", "")});
    ck_ok(call("change", "{}", &result));
    ck_assert_str_ne(result.message, "");
    ck_assert_str_ne(mcpc_failure(arena, &result).msg, "");
    script_add((struct step){.body = failed_saying("unknown_outcome", "")});
    struct err e = call("change", "{}", &result);
    ck_err(e, ERR_UNKNOWN);
    ck_assert_str_ne(e.msg, "");
    script_add((struct step){.body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[],"
                                     "\"isError\":true}}"});
    ck_ok(call("change", "{}", &result));
    ck_assert_str_ne(mcpc_failure(arena, &result).msg, "");
    stop();
}
END_TEST

START_TEST(refusals_keep_their_sentence_and_their_kind)
{
    static const struct {
        int status;
        const char *error;
        enum err_kind kind;
    } rows[] = {
        {401, "{\"code\":401,\"message\":\"why\"}", ERR_AUTH},
        {403, "{\"code\":403,\"message\":\"why\"}", ERR_AUTH},
        {200, "{\"code\":-32602,\"message\":\"why\"}", ERR_INPUT},
        {200, "{\"code\":-32602,\"message\":\"why\",\"data\":{\"uri\":\"recon://x\"}}",
         ERR_MISSING},
        {200, "{\"code\":-32002,\"message\":\"why\"}", ERR_MISSING},
        {404, "{\"code\":-32601,\"message\":\"why\"}", ERR_UPSTREAM},
        {500, "{\"code\":-32603,\"message\":\"why\"}", ERR_UPSTREAM},
        {413, "\"why\"", ERR_INPUT},
        {403, "\"why\"", ERR_AUTH},
    };
    struct str text;
    start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step step = {
            .status = rows[i].status,
            .body =
                arena_fmt(arena, "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":%s}", rows[i].error)};
        script_add(step);
        if (rows[i].status == 401)
            script_add(step); /* another assertion may have pleased it */
        struct err e = mcpc_read(m, arena, &maria, "recon://x", &text);
        ck_assert_msg(e.kind == rows[i].kind, "%zu: %s %s", i, err_kind_name(e.kind), e.msg);
        ck_assert_str_eq(e.msg, "why");
    }
    stop();
}
END_TEST

START_TEST(what_is_no_answer_is_refused_whatever_it_is)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "7",
        "{}",
        "{\"jsonrpc\":\"2.0\",\"id\":$ID}",
        "{\"jsonrpc\":\"1.0\",\"id\":$ID,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":[]}",
        "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{},\"error\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"id\":$ID,\"result\":{}}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"$ID\",\"result\":{}}",
        "[{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}]",
        "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"contents\":[]}}",
        "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"contents\":[{\"text\":7}]}}",
    };
    struct str text;
    start();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        script_add((struct step){.body = bodies[i]});
        struct err e = mcpc_read(m, arena, &maria, "recon://x", &text);
        ck_assert_msg(e.kind == ERR_UPSTREAM, "%zu: %s", i, err_kind_name(e.kind));
    }
    stop();
}
END_TEST

START_TEST(an_answer_that_is_too_large_is_not_taken)
{
    struct mcpc_options options;
    struct mcpc_result result;
    struct str text;
    script_start();
    options = script_options();
    options.reply_max = 8192;
    arena = arena_new(64 << 20);
    ck_ok(mcpc_shared_new(&options, &shared));
    ck_ok(mcpc_new(shared, &m));
    char *long_text = arena_alloc(arena, 9001);
    memset(long_text, 'x', 9000);
    script_add((struct step){.body = long_text});
    ck_err(mcpc_read(m, arena, &maria, "recon://x", &text), ERR_LIMIT);
    script_add((struct step){.body = long_text});
    ck_err(call("change", "{}", &result), ERR_UNKNOWN); /* it was done, perhaps */
    ck_assert_int_eq(script_count("tools/call"), 1);
    stop();
}
END_TEST

START_TEST(an_answer_in_events_is_the_one_with_its_id)
{
    struct mcpc_result result;
    start();
    script_add((struct step){
        .type = "text/event-stream; charset=utf-8",
        .body = ": hello\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n"
                "data: {\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[],"
                "\"structuredContent\":{\"n\":1}}}\n\n"});
    ck_ok(call("look", "{}", &result));
    ck_assert_ptr_nonnull(json_get(result.structured, "n"));
    script_add((struct step){.type = "text/event-stream", .body = "data: {}\n\n"});
    ck_err(call("change", "{}", &result), ERR_UNKNOWN);
    stop();
}
END_TEST

START_TEST(a_key_that_is_not_there_yet_is_waited_for_and_a_new_one_is_found)
{
    struct mcpc_result result;
    start();
    unlink(script.key);
    ck_err(call("look", "{}", &result), ERR_UPSTREAM);
    ck_assert_int_eq(script_count("server/discover"), 0);
    script_key(script.key);
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    unlink(script.key);
    script_key(script.key); /* another one */
    script_add((struct step){.status = 401, .body = "{\"error\":\"the signature is wrong\"}"});
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    (void)claims_of(script_request("tools/call", 2), script.key, "workspace");
    stop();
}
END_TEST

START_TEST(headers_that_the_engine_finds_wrong_are_made_from_its_list_anew)
{
    struct mcpc_result result;
    start();
    script.tools = "[{\"name\":\"mirror\",\"annotations\":{\"readOnlyHint\":true}}]";
    script_add((struct step){.body = told("{}")});
    ck_ok(call("mirror", "{\"entity_id\":\"a\"}", &result));
    ck_assert_ptr_null(header(script_request("tools/call", 0), "Mcp-Param-Entity-Id"));
    script.tools = script_tools;
    script_add((struct step){.status = 400,
                             .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32020,"
                                     "\"message\":\"missing\"}}"});
    script_add((struct step){.body = told("{}")});
    ck_ok(call("mirror", "{\"entity_id\":\"a\"}", &result));
    ck_assert_str_eq(header(script_request("tools/call", 2), "Mcp-Param-Entity-Id"), "a");
    stop();
}
END_TEST

START_TEST(a_server_of_before_is_spoken_to_in_a_session_of_each_actor)
{
    static const char hello[] =
        "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"protocolVersion\":\"2025-11-25\","
        "\"capabilities\":{},\"serverInfo\":{\"name\":\"x\",\"version\":\"0.9\"}}}";
    struct mcpc_result result;
    struct mcpc_health health;
    const struct step greets = {.body = hello, .head = "Mcp-Session-Id: s-1\r\n"};
    const struct step accepts = {.status = 202, .body = ""};
    start();
    script.legacy = true;
    script_add((struct step){.status = 400,
                             .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32600,"
                                     "\"message\":\"unknown version\"}}"});
    script_add(greets);
    script_add(accepts);
    script_add((struct step){.body = told("{}")});
    ck_ok(call("look", "{}", &result));
    const char *r = script_request("tools/call", 0);
    ck_assert_str_eq(header(r, "MCP-Protocol-Version"), "2025-11-25");
    ck_assert_str_eq(header(r, "Mcp-Session-Id"), "s-1");
    ck_assert_ptr_null(header(r, "Mcp-Method"));
    ck_assert_ptr_null(strstr(body_of(r), "_meta"));
    ck_assert_ptr_null(header(script_request("initialize", 0), "Mcp-Session-Id"));
    ck_assert_ptr_null(strstr(script_request("notifications/initialized", 0), "\"id\""));
    mcpc_health(shared, &health);
    ck_assert_str_eq(health.protocol, "2025-11-25");
    script_add((struct step){.status = 404, .body = "{\"error\":\"no such session\"}"});
    script_add((struct step){.body = hello, .head = "Mcp-Session-Id: s-2\r\n"});
    script_add(accepts);
    script_add((struct step){.body = told("{}")});
    ck_ok(call("change", "{}", &result)); /* it was not looked at: said again in a new session */
    ck_assert_str_eq(header(script_request("tools/call", 2), "Mcp-Session-Id"), "s-2");
    const struct mcpc_actor own = mcpc_service(shared);
    script_add((struct step){.body = hello, .head = "Mcp-Session-Id: s-3\r\n"});
    script_add(accepts);
    script_add((struct step){.body = told("{}")});
    ck_ok(mcpc_call(m, arena, &own, "look", NULL, &result));
    ck_assert_str_eq(header(script_request("tools/call", 3), "Mcp-Session-Id"), "s-3");
    stop();
}
END_TEST

START_TEST(a_refusal_or_a_failure_does_not_make_a_server_an_old_one)
{
    static const struct step steps[] = {
        {.status = 401, .body = "{\"error\":\"why\"}"},
        {.status = 403, .body = "{\"error\":\"why\"}"},
        {.status = 500, .body = "{\"error\":\"why\"}"},
        {.status = 503, .body = "{\"error\":\"why\"}"},
        {.how = DROP},
        {.body = "nonsense"},
    };
    struct mcpc_result result;
    struct mcpc_health health;
    start();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        pthread_mutex_lock(&script.lock);
        script.discover = steps[i];
        pthread_mutex_unlock(&script.lock);
        struct err e = call("look", "{}", &result);
        ck_assert_int_ne(e.kind, ERR_NONE);
    }
    ck_assert_int_eq(script_count("initialize"), 0);
    mcpc_health(shared, &health);
    ck_assert_str_eq(health.protocol, "");
    stop();
}
END_TEST

START_TEST(an_address_that_is_none_is_refused_at_once)
{
    static const char *const bad[] = {NULL, "", "127.0.0.1:8001", "http://h/mcp?x=1", "http://h#x"};
    struct mcpc_options options = {.clock_us = script_clock};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.url = bad[i];
        ck_err(mcpc_shared_new(&options, &shared), ERR_INPUT);
    }
}
END_TEST

TEST_MAIN("mcpc", a_call_carries_the_envelope_and_the_headers_that_repeat_it,
          every_request_is_signed_for_its_own_body_and_no_two_alike,
          marked_arguments_are_mirrored_and_odd_ones_encoded,
          the_engine_is_asked_what_it_is_once_and_again_after_its_tools_changed,
          a_change_without_a_key_is_never_said_twice,
          a_change_with_a_key_is_said_again_with_the_same_key_and_a_new_assertion,
          a_change_that_may_have_been_heard_stays_unknown_whatever_its_repetitions_meet,
          a_read_is_said_again_until_it_is_answered, a_wait_longer_than_a_call_is_not_waited_for,
          a_server_that_is_silent_is_an_unknown_outcome_within_the_time_of_a_call,
          a_read_does_not_wait_long_for_a_server_that_is_known_to_be_silent,
          nobody_there_is_told_from_an_unknown_outcome_and_its_health_says_since_when,
          one_slow_call_does_not_make_an_engine_unreachable_that_answers_others,
          denials_and_failures_are_results_with_the_engines_words,
          a_receipt_is_handed_on_as_it_came_and_one_that_is_none_takes_nothing_away,
          a_failure_without_a_word_has_a_sentence_all_the_same,
          refusals_keep_their_sentence_and_their_kind, what_is_no_answer_is_refused_whatever_it_is,
          an_answer_that_is_too_large_is_not_taken, an_answer_in_events_is_the_one_with_its_id,
          a_key_that_is_not_there_yet_is_waited_for_and_a_new_one_is_found,
          headers_that_the_engine_finds_wrong_are_made_from_its_list_anew,
          a_server_of_before_is_spoken_to_in_a_session_of_each_actor,
          a_refusal_or_a_failure_does_not_make_a_server_an_old_one,
          an_address_that_is_none_is_refused_at_once)
