/* What a browser asked, bound by tables, and what it is told: the engine's answers as statuses, and
 * errors in one shape. The engine is what this test says it is. */
#include <string.h>

#include "agent/call/request.h"
#include "common/sys/json_read.h"
#include "tests/unit/test.h"

/* ---- the engine ---- */

static struct mcpc_result engine_says;
static struct err engine_fails;

struct err mcpc_call(struct mcpc *mcpc, struct arena *arena, const struct mcpc_actor *actor,
                     const char *tool, const struct json *args, struct mcpc_result *result)
{
    (void)mcpc, (void)arena, (void)args;
    ck_assert_str_eq(actor->sub, "human:maria");
    ck_assert_str_eq(actor->channel, "web");
    ck_assert_str_eq(tool, "confirm_match");
    *result = engine_says;
    return engine_fails;
}

struct err mcpc_read_json(struct mcpc *mcpc, struct arena *arena, const struct mcpc_actor *actor,
                          const char *uri, const struct json **tree)
{
    (void)mcpc, (void)actor, (void)uri;
    *tree = json_object_new(arena);
    return engine_fails;
}

/* ---- a request ---- */

static struct http_field fields[4];
static struct http_req http;

static struct request asked(struct arena *arena, const char *query, const char *body)
{
    engine_says = (struct mcpc_result){0};
    engine_fails = OK;
    http = (struct http_req){.method = HTTP_GET,
                             .path = STR("/api/v1/x"),
                             .query = str_of(query),
                             .body = str_of(body),
                             .fields = fields};
    struct request r = {.arena = arena, .http = &http, .id = "0123456789abcdef", .signed_in = true};
    r.session.actor = "human:maria";
    r.session.principal_id = "prn_maria";
    return r;
}

#define ASKED(r, query, body)                                                                      \
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);                                  \
    struct request r = asked(arena, query, body)

struct query {
    const char *text, *other;
    int64_t number;
    bool flag;
};

static const struct json_field table[] = {
    JSON_TEXT(struct query, text, .max = 20),
    JSON_TEXT(struct query, other),
    JSON_INT(struct query, number, .min = 1, .max = 200, .def = 50),
    JSON_BOOL(struct query, flag),
};

static struct err bind(struct request *r, struct query *q)
{
    return request_query(r, JSON_FIELDS(table), q);
}

START_TEST(a_query_is_bound_by_its_table)
{
    ASKED(r, "text=a%20b%2Bc+d&number=7&flag=true&other=", "");
    struct query q;
    ck_ok(bind(&r, &q));
    ck_assert_str_eq(q.text, "a b+c d");
    ck_assert_int_eq(q.number, 7);
    ck_assert(q.flag);
    ck_assert_ptr_null(q.other); /* an empty field of a form says nothing */
}
END_TEST

START_TEST(no_query_takes_the_defaults)
{
    ASKED(r, "", "");
    struct query q;
    ck_ok(bind(&r, &q));
    ck_assert_int_eq(q.number, 50);
    ck_assert_ptr_null(q.text);
}
END_TEST

START_TEST(a_query_that_is_not_understood_is_refused_by_name)
{
    static const struct {
        const char *query, *where;
    } bad[] = {
        {"unknown=1", "/unknown"},
        {"text=a&text=b", "/text"},
        {"number=x", "/number"},
        {"number=1e3", "/number"},
        {"number=201", "/number"},
        {"flag=maybe", "/flag"},
        {"text=012345678901234567890", "/text"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ASKED(r, bad[i].query, "");
        struct query q;
        struct err e = bind(&r, &q);
        ck_assert_msg(e.kind == ERR_INPUT, "%s was taken", bad[i].query);
        ck_assert_str_eq(e.where, bad[i].where);
    }
}
END_TEST

START_TEST(a_query_that_is_not_well_formed_is_refused)
{
    static const char *const bad[] = {"text=%",   "text=%4", "text=%zz",   "text=%00",
                                      "text=%ff", "%ff=1",   "text=%c0%80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ASKED(r, bad[i], "");
        struct query q;
        ck_err(bind(&r, &q), ERR_INPUT);
    }
}
END_TEST

START_TEST(a_cookie_is_found_among_others)
{
    ASKED(r, "", "");
    fields[0] = (struct http_field){.name = STR("Cookie"), .value = STR("a=1; b=2;c=3")};
    http.fields_n = 1;
    ck_assert_str_eq(request_cookie(&r, "a"), "1");
    ck_assert_str_eq(request_cookie(&r, "b"), "2");
    ck_assert_str_eq(request_cookie(&r, "c"), "3");
    ck_assert_ptr_null(request_cookie(&r, "d"));
    ck_assert_ptr_null(request_cookie(&r, ""));
}
END_TEST

START_TEST(a_cookie_that_is_there_twice_is_not_there)
{
    ASKED(r, "", "");
    fields[0] = (struct http_field){.name = STR("Cookie"), .value = STR("a=1; a=2")};
    http.fields_n = 1;
    ck_assert_ptr_null(request_cookie(&r, "a"));
    fields[0].value = STR("a=1");
    fields[1] = (struct http_field){.name = STR("cookie"), .value = STR("a=2")};
    http.fields_n = 2;
    ck_assert_ptr_null(request_cookie(&r, "a"));
}
END_TEST

/* ---- replies ---- */

static const struct json *replied(struct request *r)
{
    struct json *tree;
    ck_ok(json_read(r->arena, r->reply.body, NULL, &tree));
    return tree;
}

static int status_of_tool(struct request *r, const char *status, bool is_error, const char *error)
{
    struct json *o = json_object_new(r->arena);
    json_put_text(r->arena, o, "status", status);
    engine_says = (struct mcpc_result){.is_error = is_error, .status = status, .structured = o};
    if (error != NULL) {
        engine_says.structured = NULL;
        engine_says.error = error;
        engine_says.message = "because";
        engine_says.pointer = "/match_id";
    }
    r->reply = (struct reply){0};
    ck_ok(request_call(r, "confirm_match", NULL));
    return r->reply.status;
}

START_TEST(what_became_of_a_call_is_a_status)
{
    ASKED(r, "", "");
    ck_assert_int_eq(status_of_tool(&r, "ok", false, NULL), 200);
    ck_assert_int_eq(status_of_tool(&r, "pending_approval", false, NULL), 202);
    ck_assert_int_eq(status_of_tool(&r, "denied", true, NULL), 403);
    ck_assert_int_eq(status_of_tool(&r, "stale", false, NULL), 409);
    ck_assert_int_eq(status_of_tool(&r, "approved", false, NULL), 409);
    ck_assert_int_eq(status_of_tool(&r, "expired", false, NULL), 409);
}
END_TEST

START_TEST(a_receipt_stands_beside_what_was_answered_whatever_that_was)
{
    static const char *const how[] = {"ok", "pending_approval", "denied", "stale"};
    ASKED(r, "", "");
    struct json *receipt = json_object_new(r.arena), *told = json_object_new(r.arena);
    json_put_text(r.arena, receipt, "format", "closegate-receipt/1");
    json_put_text(r.arena, told, "receipt", "a tool's own word for something");
    json_put_int(r.arena, told, "seq", 7);
    for (size_t i = 0; i < sizeof how / sizeof how[0]; i++) {
        engine_says =
            (struct mcpc_result){.status = how[i], .structured = told, .receipt = receipt};
        r.reply = (struct reply){0};
        ck_ok(request_call(&r, "confirm_match", NULL));
        const struct json *body = replied(&r);
        int64_t seq;
        ck_assert(json_int(json_get(body, "seq"), &seq) && seq == 7);
        ck_assert_str_eq(json_get_text(json_get(body, "receipt"), "format"), "closegate-receipt/1");
    }
    engine_says.receipt = NULL;
    ck_ok(request_call(&r, "confirm_match", NULL));
    ck_assert_str_eq(json_get_text(replied(&r), "receipt"), "a tool's own word for something");
}
END_TEST

START_TEST(a_call_that_failed_says_why_and_where)
{
    ASKED(r, "", "");
    ck_assert_int_eq(status_of_tool(&r, "failed", true, "input"), 422);
    ck_assert_str_eq(json_get_text(replied(&r), "message"), "because");
    ck_assert_str_eq(json_get_text(replied(&r), "pointer"), "/match_id");
    ck_assert_str_eq(json_get_text(replied(&r), "request_id"), "0123456789abcdef");
    ck_assert_int_eq(status_of_tool(&r, "failed", true, "missing"), 404);
    ck_assert_int_eq(status_of_tool(&r, "failed", true, "conflict"), 409);
    ck_assert_int_eq(status_of_tool(&r, "failed", true, "store"), 503);
    ck_assert_int_eq(status_of_tool(&r, "failed", true, "something new"), 500);
}
END_TEST

START_TEST(a_status_nobody_knows_is_never_done)
{
    ASKED(r, "", "");
    ck_assert_int_eq(status_of_tool(&r, "half done", false, NULL), 500);
    ck_assert_int_eq(status_of_tool(&r, NULL, false, NULL), 500);
}
END_TEST

START_TEST(an_engine_that_is_not_there_is_said_to_be)
{
    ASKED(r, "", "");
    reply_failure(&r, err_new(ERR_UPSTREAM, "nobody listens there"));
    ck_assert_int_eq(r.reply.status, 503);
    ck_assert_str_eq(json_get_text(replied(&r), "error"), "upstream");
    reply_failure(&r, err_new(ERR_UNKNOWN, "no answer came"));
    ck_assert_int_eq(r.reply.status, 503);
    ck_assert_str_eq(json_get_text(replied(&r), "error"), "unknown_outcome");
}
END_TEST

START_TEST(a_body_is_bound_and_its_faults_have_a_place)
{
    ASKED(r, "", "{\"text\":\"x\",\"text\":\"y\"}");
    struct query q;
    ck_err(request_body(&r, JSON_FIELDS(table), &q), ERR_INPUT);
    http.body = STR("{\"number\": 900}");
    struct err e = request_body(&r, JSON_FIELDS(table), &q);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/number");
    http.body = STR("");
    ck_err(request_body(&r, JSON_FIELDS(table), &q), ERR_INPUT);
}
END_TEST

START_TEST(cookies_are_for_this_host_alone)
{
    ASKED(r, "", "");
    reply_cookie(&r, "__Host-x", "v", -1);
    ck_assert_str_eq(r.reply.pairs[0].name, "Set-Cookie");
    ck_assert_str_eq(r.reply.pairs[0].value, "__Host-x=v; Path=/; Secure; HttpOnly; SameSite=Lax");
    reply_cookie(&r, "__Host-x", "", 0);
    ck_assert_str_eq(r.reply.pairs[1].value,
                     "__Host-x=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
}
END_TEST

TEST_MAIN("agent_request", a_query_is_bound_by_its_table, no_query_takes_the_defaults,
          a_query_that_is_not_understood_is_refused_by_name,
          a_query_that_is_not_well_formed_is_refused, a_cookie_is_found_among_others,
          a_cookie_that_is_there_twice_is_not_there, what_became_of_a_call_is_a_status,
          a_receipt_stands_beside_what_was_answered_whatever_that_was,
          a_receipt_stands_beside_what_was_answered_whatever_that_was,
          a_call_that_failed_says_why_and_where, a_status_nobody_knows_is_never_done,
          an_engine_that_is_not_there_is_said_to_be, a_body_is_bound_and_its_faults_have_a_place,
          cookies_are_for_this_host_alone)
