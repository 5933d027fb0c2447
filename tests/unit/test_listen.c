/* Who hears what: subscriptions and sessions over a wire that only writes down what was sent. A
 * web_req is the number of a connection here. */
#include <stdio.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "engine/mcp/mcp_own.h"
#include "engine/mcp/sse.h"
#include "tests/unit/test.h"

#define CARRIERS 8

static char wires[CARRIERS][1 << 16]; /* what each connection got */
static bool open_wires[CARRIERS], broken[CARRIERS];
static loop_fn *gone_fn[CARRIERS];
static void *gone_ctx[CARRIERS];

static struct web_req *wire(size_t i)
{
    open_wires[i] = true;
    wires[i][0] = '\0';
    return (struct web_req *)&wires[i];
}

static size_t number(const struct web_req *web)
{
    return (size_t)((const char *)web - wires[0]) / sizeof wires[0];
}

static bool write_down(struct web_req *web, const char *id, const char *text, size_t len)
{
    char *at = wires[number(web)];
    if (broken[number(web)])
        return false;
    const size_t used = strlen(at);
    (void)snprintf(at + used, sizeof wires[0] - used, "[%s]%.*s\n", id == NULL ? "" : id, (int)len,
                   text);
    return true;
}

/* ---- the wire ---- */
void sse_begin(struct web_req *web, const char *session_id)
{
    (void)web, (void)session_id;
}
bool sse_event(struct web_req *web, const char *id, struct str data)
{
    return write_down(web, id, data.at == NULL ? "" : data.at, data.len);
}
bool sse_retry(struct web_req *web, int64_t retry_ms)
{
    (void)retry_ms;
    return write_down(web, NULL, "retry", 5);
}
bool sse_comment(struct web_req *web)
{
    return !broken[number(web)];
}
void web_on_gone(struct web_req *web, loop_fn *gone, void *ctx)
{
    gone_fn[number(web)] = gone;
    gone_ctx[number(web)] = ctx;
}
void web_stream_end(struct web_req *web)
{
    open_wires[number(web)] = false;
}

/* ---- the exchange ---- */
static int faults, ended;

void exchange_send(struct mcp_req *r, const struct json *message)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, 1 << 20);
    jw_tree(&w, NULL, message);
    ck_ok(jw_done(&w, &text));
    if (r->web != NULL && !write_down(r->web, NULL, text.at, text.len)) {
        web_stream_end(r->web);
        r->web = NULL;
    }
}
bool exchange_stream(struct mcp_req *r)
{
    r->streaming = true;
    return true;
}
struct json *exchange_notification(struct arena *arena, const char *method,
                                   const struct json *params)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "method", method);
    json_put(arena, o, "params", params);
    return o;
}
const struct json *exchange_json_copy(struct arena *arena, const struct json *tree)
{
    (void)tree;
    return json_object_new(arena);
}
void exchange_drop(struct mcp_req *r)
{
    ended++;
    arena_free(r->arena);
}
void exchange_unanswered(struct asked *a)
{
    *a = (struct asked){0};
}
void exchange_forget_session(struct session *s)
{
    (void)s;
}
void req_fault(struct mcp_req *r, struct jsonrpc_fault fault)
{
    (void)fault;
    faults++;
    arena_free(r->arena);
}
void req_refuse(struct mcp_req *r, int status, const char *why)
{
    (void)status, (void)why;
    faults++;
    arena_free(r->arena);
}
void req_result(struct mcp_req *r, struct json *result)
{
    exchange_send(r, result);
    exchange_drop(r);
}

/* ---- the host: a scope is the name of what one may see; "" sees nothing ---- */
static const char *asks_as = "US";

static bool may_watch(struct mcp_req *r, const char *uri)
{
    (void)r;
    return strncmp(uri, "test://", 7) == 0 || strncmp(uri, "task_", 5) == 0;
}
static void *scope_new(struct mcp_req *r)
{
    (void)r;
    return strdup(asks_as);
}
static bool scope_sees(const void *scope, const void *change)
{
    return strcmp(scope, change) == 0;
}
static const struct mcp_host host = {
    .may_watch = may_watch, .scope_new = scope_new, .scope_free = free, .scope_sees = scope_sees};

static struct mcp mcp;
static int64_t now_us;

static int64_t clock_us(void)
{
    return now_us;
}

static void begin(void)
{
    memset(&mcp, 0, sizeof mcp);
    now_us = 100;
    mcp.options.clock_us = clock_us;
    memset(broken, 0, sizeof broken);
    mcp.host = &host;
    TAILQ_INIT(&mcp.requests);
    TAILQ_INIT(&mcp.listeners);
    sessions_init(&mcp.sessions);
    faults = ended = 0;
    mcp.in_flight = 1000; /* as many requests as a test makes */
}

static void end(void)
{
    listeners_end(&mcp);
    sessions_free(&mcp.sessions);
    ck_assert_uint_eq(mcp.watched.n, 0); /* nothing is followed that nobody follows */
    for (size_t i = 0; i < WATCH_SLOTS; i++)
        ck_assert_uint_eq(mcp.watched.slots[i], 0);
}

static struct mcp_req *request(size_t carrier, const char *params)
{
    struct arena *arena = arena_new((size_t)1 << 20);
    struct mcp_req *r = ARENA_NEW(arena, struct mcp_req);
    struct json *tree;
    *r = (struct mcp_req){.mcp = &mcp, .web = wire(carrier), .arena = arena};
    ck_ok(json_read(arena, str_of(params), NULL, &tree));
    r->msg.params = tree;
    r->msg.id = json_text_new(arena, arena_fmt(arena, "sub-%zu", carrier));
    r->era.era = ERA_MODERN;
    return r;
}

static void listens(size_t carrier, const char *as, const char *params)
{
    asks_as = as;
    do_subscriptions_listen(request(carrier, params));
}

#define BOTH                                                                                       \
    "{\"notifications\":{\"resourceSubscriptions\":[\"test://a\",\"other://b\",\"test://c\"],"     \
    "\"taskIds\":[\"task_1\"],\"toolsListChanged\":true}}"

static bool heard(size_t carrier, const char *text)
{
    return strstr(wires[carrier], text) != NULL;
}

START_TEST(listening_is_acknowledged_with_what_is_granted)
{
    begin();
    listens(0, "US", BOTH);
    ck_assert(heard(0, "notifications/subscriptions/acknowledged"));
    ck_assert(heard(0, "[\"test://a\",\"test://c\"]"));
    ck_assert(!heard(0, "other://b"));
    ck_assert(!heard(0, "promptsListChanged"));
    ck_assert(heard(0, "\"io.modelcontextprotocol/subscriptionId\":\"sub-0\""));
    ck_assert_uint_eq(mcp_listeners(&mcp), 1);
    end();
    ck_assert_int_eq(ended, 1);
}
END_TEST

START_TEST(a_listener_hears_what_it_asked_for_and_may_see)
{
    begin();
    listens(0, "US", BOTH);
    listens(1, "DE", BOTH);
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(heard(0, "\"uri\":\"test://a\"") && !heard(1, "resources/updated"));
    mcp_resource_updated(&mcp, "test://c", "DE");
    ck_assert(heard(1, "\"uri\":\"test://c\"") && !heard(0, "\"uri\":\"test://c\""));
    mcp_resource_updated(&mcp, "test://nobody", "US");
    ck_assert(!heard(0, "test://nobody"));
    mcp_task_updated(&mcp, "task_1", NULL, "DE");
    ck_assert(heard(1, "notifications/tasks") && !heard(0, "notifications/tasks"));
    mcp_list_changed(&mcp, MCP_TOOLS);
    mcp_list_changed(&mcp, MCP_PROMPTS);
    ck_assert(heard(0, "tools/list_changed") && heard(1, "tools/list_changed"));
    ck_assert(!heard(0, "prompts/list_changed"));
    end();
}
END_TEST

START_TEST(who_left_is_forgotten_and_the_others_still_hear)
{
    begin();
    listens(0, "US", BOTH);
    listens(1, "US", BOTH);
    broken[0] = true;
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert_uint_eq(mcp_listeners(&mcp), 1);
    ck_assert(heard(1, "\"uri\":\"test://a\""));
    broken[1] = true;
    listeners_pulse(&mcp);
    ck_assert_uint_eq(mcp_listeners(&mcp), 0);
    end();
}
END_TEST

START_TEST(who_is_gone_at_the_acknowledgement_is_no_listener)
{
    begin();
    broken[0] = true;
    listens(0, "US", BOTH);
    ck_assert_uint_eq(mcp_listeners(&mcp), 0);
    listeners_pulse(&mcp);
    end();
}
END_TEST

START_TEST(a_scope_that_is_over_ends_its_subscription_only)
{
    begin();
    listens(0, "US", BOTH);
    listens(1, "DE", BOTH);
    mcp_scope_over(&mcp, TAILQ_FIRST(&mcp.listeners)->scope);
    ck_assert_uint_eq(mcp_listeners(&mcp), 1);
    ck_assert_int_eq(ended, 1);
    mcp_resource_updated(&mcp, "test://a", "DE");
    ck_assert(heard(1, "\"uri\":\"test://a\""));
    end();
}
END_TEST

START_TEST(more_may_listen_than_one_message_s_memory_holds)
{
    begin();
    for (size_t i = 0; i < 9000; i++)
        listens(i % (CARRIERS - 1), "US",
                "{\"notifications\":{\"resourceSubscriptions\":"
                "[\"test://a\"]}}");
    listens(CARRIERS - 1, "US", "{\"notifications\":{\"resourceSubscriptions\":[\"test://a\"]}}");
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(heard(CARRIERS - 1, "resources/updated")); /* the last of them too */
    end();
}
END_TEST

static void listens_until(size_t carrier, int64_t until_us)
{
    struct mcp_req *r = request(carrier, BOTH);
    asks_as = "US";
    r->until_us = until_us;
    do_subscriptions_listen(r);
}

START_TEST(who_listens_with_a_token_is_told_until_it_ends)
{
    begin();
    listens_until(0, 200);
    listens_until(1, 201);
    listens_until(2, 0);
    now_us = 199;
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(heard(0, "test://a\"") && mcp_listeners(&mcp) == 3);
    now_us = 200;
    mcp_resource_updated(&mcp, "test://c", "US"); /* nobody waits for a pulse */
    ck_assert(!heard(0, "\"uri\":\"test://c\"") && heard(1, "\"uri\":\"test://c\""));
    ck_assert_int_eq(ended, 1);
    now_us = 1000;
    mcp_lapse(&mcp);
    ck_assert_uint_eq(mcp_listeners(&mcp), 1);
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(heard(2, "\"uri\":\"test://a\"")); /* what has no end goes on */
    end();
}
END_TEST

START_TEST(what_to_listen_for_must_be_said)
{
    begin();
    listens(0, "US", "{}");
    listens(0, "US", "{\"notifications\":[]}");
    ck_assert_int_eq(faults, 2);
    ck_assert_uint_eq(mcp_listeners(&mcp), 0);
    end();
}
END_TEST

/* ---- sessions ---- */

static struct session *session_of(const char *owner)
{
    struct session *s = session_new(&mcp, &mcp.sessions, owner, MCP_LEGACY_LATEST, NULL);
    ck_assert_ptr_nonnull(s);
    s->scope = strdup("US");
    return s;
}

static struct stream *get_stream(struct session *s, size_t carrier)
{
    struct stream *st = stream_new(s, wire(carrier), NULL);
    ck_assert_ptr_nonnull(st);
    return s->get = st;
}

START_TEST(a_session_is_its_owner_s_alone)
{
    begin();
    struct session *s = session_of("ana");
    ck_assert_ptr_eq(session_find(&mcp.sessions, str_of(s->id), "ana", 1), s);
    ck_assert_ptr_null(session_find(&mcp.sessions, str_of(s->id), "ben", 1));
    ck_assert_ptr_null(session_find(&mcp.sessions, STR("nope"), "ana", 1));
    char id[SESSION_ID_SIZE];
    memcpy(id, s->id, sizeof id);
    session_end(&mcp.sessions, s);
    ck_assert_ptr_null(session_find(&mcp.sessions, str_of(id), "ana", 1));
    end();
}
END_TEST

START_TEST(a_session_hears_of_what_it_follows_and_may_see)
{
    begin();
    struct session *s = session_of("ana");
    (void)get_stream(s, 0);
    ck_assert(session_watch(s, "test://a"));
    ck_assert(session_watch(s, "test://a")); /* once */
    ck_assert_uint_eq(mcp.watched.n, 1);
    mcp_resource_updated(&mcp, "test://a", "DE");
    mcp_resource_updated(&mcp, "test://c", "US");
    mcp_task_updated(&mcp, "test://a", NULL, "US"); /* no such thing in this era */
    ck_assert_str_eq(wires[0], "");
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(heard(0, "\"uri\":\"test://a\""));
    session_unwatch(s, "test://a");
    wires[0][0] = '\0';
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert_str_eq(wires[0], "");
    end();
}
END_TEST

START_TEST(what_was_missed_comes_after_the_last_event_named)
{
    begin();
    struct session *s = session_of("ana");
    struct stream *st = get_stream(s, 0), *other = stream_new(s, wire(1), NULL);
    stream_event(st, STR("one"));
    stream_event(other, STR("not yours"));
    gone_fn[0](gone_ctx[0]);
    stream_event(st, STR("two"));
    stream_event(st, STR("three"));
    ck_assert_str_eq(wires[0], "[1-1]one\n");
    ck_assert(stream_resume(s, wire(2), STR("1-1"), 0));
    ck_assert_str_eq(wires[2], "[1-2]two\n[1-3]three\n");
    stream_event(st, STR("four"));
    ck_assert(heard(2, "[1-4]four"));
    end();
}
END_TEST

START_TEST(what_names_no_event_of_the_session_is_not_resumed)
{
    static const char *const wrong[] = {"",    "1",    "-",     "1-",
                                        "-1",  "1-2",  "2-1",   "01x-1",
                                        "a-1", "1--1", "1-1-1", "99999999999999999999999-1"};
    begin();
    struct session *s = session_of("ana");
    stream_event(get_stream(s, 0), STR("one"));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bool resumed = stream_resume(s, wire(1), str_of(wrong[i]), 0);
        /* "1-" is before the first event: allowed, and gives all of them */
        ck_assert_msg(!resumed || strcmp(wrong[i], "1-") == 0, "%s", wrong[i]);
    }
    end();
}
END_TEST

START_TEST(a_stream_lets_go_of_who_opened_it_when_their_token_ends)
{
    begin();
    struct session *s = session_of("ana");
    struct stream *st = get_stream(s, 0);
    st->until_us = 200;
    ck_assert(session_watch(s, "test://a"));
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(heard(0, "[1-1]"));
    now_us = 200;
    mcp_resource_updated(&mcp, "test://a", "US");
    ck_assert(!open_wires[0] && !heard(0, "[1-2]"));
    ck_assert(stream_resume(s, wire(1), STR("1-1"), 300)); /* with another token: nothing is lost */
    ck_assert(heard(1, "[1-2]"));
    now_us = 299;
    mcp_lapse(&mcp);
    ck_assert(open_wires[1]);
    now_us = 300;
    mcp_lapse(&mcp);
    ck_assert(!open_wires[1]);
    ck_assert(stream_resume(s, wire(2), STR("1-2"), 0));
    now_us = 9999;
    mcp_lapse(&mcp);
    ck_assert(open_wires[2]);
    end();
}
END_TEST

START_TEST(an_ended_stream_is_replayed_and_then_over)
{
    begin();
    struct session *s = session_of("ana");
    struct stream *st = stream_new(s, wire(0), NULL);
    stream_event(st, STR("one"));
    gone_fn[0](gone_ctx[0]);
    stream_event(st, STR("result"));
    stream_end(st);
    ck_assert(stream_resume(s, wire(1), STR("1-1"), 0));
    ck_assert_str_eq(wires[1], "[1-2]result\n");
    ck_assert(!open_wires[1]);
    end();
}
END_TEST

START_TEST(what_is_kept_is_bounded_in_number_and_in_bytes)
{
    static char large[400 * 1024];
    begin();
    struct session *s = session_of("ana");
    struct stream *st = get_stream(s, 0);
    for (int i = 0; i < 2 * SESSION_KEPT_MAX; i++)
        stream_event(st, STR("x"));
    ck_assert_uint_eq(s->kept_n, SESSION_KEPT_MAX);
    memset(large, 'a', sizeof large);
    for (int i = 0; i < 5; i++)
        stream_event(st, (struct str){large, sizeof large});
    ck_assert_uint_le(s->kept_bytes, SESSION_KEPT_BYTES);
    ck_assert_uint_le(s->kept_n, SESSION_KEPT_MAX);
    for (int i = 0; i < SESSION_URIS_MAX; i++) {
        char uri[32];
        (void)snprintf(uri, sizeof uri, "test://%d", i);
        ck_assert(session_watch(s, uri));
    }
    ck_assert(!session_watch(s, "test://more"));
    end();
}
END_TEST

START_TEST(the_longest_unused_makes_room_and_the_busy_stay)
{
    begin();
    struct session *busy = session_of("ana"), *first = session_of("ana");
    char id[SESSION_ID_SIZE];
    memcpy(id, first->id, sizeof id);
    (void)get_stream(busy, 0);
    while (mcp.sessions.n < SESSIONS_MAX)
        ck_assert_ptr_nonnull(session_new(&mcp, &mcp.sessions, "ben", MCP_LEGACY_LATEST, NULL));
    ck_assert_ptr_nonnull(session_new(&mcp, &mcp.sessions, "ben", MCP_LEGACY_LATEST, NULL));
    ck_assert_uint_eq(mcp.sessions.n, SESSIONS_MAX);
    ck_assert_ptr_null(session_find(&mcp.sessions, str_of(id), "ana", 1));
    ck_assert_ptr_eq(session_find(&mcp.sessions, str_of(busy->id), "ana", 1), busy);
    end();
}
END_TEST

START_TEST(an_unused_session_ends_and_one_whose_stream_broke_may_come_back)
{
    begin();
    struct session *s = session_of("ana"), *idle = session_of("ana");
    (void)get_stream(s, 0);
    (void)idle;
    s->used_ms = -SESSION_IDLE_MS; /* long ago; only its stream holds it */
    sessions_expire(&mcp.sessions, loop_now_ms());
    ck_assert_uint_eq(mcp.sessions.n, 2);
    gone_fn[0](gone_ctx[0]);
    sessions_expire(&mcp.sessions, loop_now_ms());
    ck_assert_uint_eq(mcp.sessions.n, 2);
    sessions_expire(&mcp.sessions, loop_now_ms() + SESSION_IDLE_MS);
    ck_assert_uint_eq(mcp.sessions.n, 0);
    end();
}
END_TEST

TEST_MAIN("listen", listening_is_acknowledged_with_what_is_granted,
          a_listener_hears_what_it_asked_for_and_may_see,
          who_left_is_forgotten_and_the_others_still_hear,
          who_is_gone_at_the_acknowledgement_is_no_listener,
          a_scope_that_is_over_ends_its_subscription_only,
          more_may_listen_than_one_message_s_memory_holds,
          who_listens_with_a_token_is_told_until_it_ends, what_to_listen_for_must_be_said,
          a_session_is_its_owner_s_alone, a_session_hears_of_what_it_follows_and_may_see,
          what_was_missed_comes_after_the_last_event_named,
          what_names_no_event_of_the_session_is_not_resumed,
          a_stream_lets_go_of_who_opened_it_when_their_token_ends,
          an_ended_stream_is_replayed_and_then_over, what_is_kept_is_bounded_in_number_and_in_bytes,
          the_longest_unused_makes_room_and_the_busy_stay,
          an_unused_session_ends_and_one_whose_stream_broke_may_come_back)
