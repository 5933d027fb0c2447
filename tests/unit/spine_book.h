/* On the book of book.h: four people, a chart, pairs of entries and the matcher's proposals of
 * them, and a policy with every outcome in it. What the tests of the spine have in common. */
#ifndef TESTS_UNIT_SPINE_BOOK_H
#define TESTS_UNIT_SPINE_BOOK_H

#include "common/sys/db.h"
#include "common/sys/json_read.h"
#include "engine/store/entries.h"
#include "engine/store/escalations.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"
#include "tests/unit/book.h"
#include "tests/unit/proposal.h"

/* Materiality is 10,000 USD; a clerk confirms up to 5,000 alone, and any amount with another. */
static const char spine_authority[] =
    "authority:\n"
    "  - {role: controller, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, INGEST,"
    " CHANGE_MASTER_DATA, UNMATCH, FREEZE], entities: all}\n"
    "  - {role: clerk, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, UNMATCH], entities: "
    "all,"
    " single_max: 5000 USD}\n"
    "  - {role: engine, actions: [CONFIRM, PROPOSE], entities: all}";

static const struct actor spine_ana = {.kind = ACTOR_HUMAN,
                                       .id = "human:ana",
                                       .principal = "p-ana",
                                       .channel = CHANNEL_WEB,
                                       .backend = "header-trust",
                                       .auth_time_us = INT64_C(1767225600000000)};

/* Somebody else at a browser. */
__attribute__((unused)) static struct actor spine_human(const char *name)
{
    struct actor a = spine_ana;
    a.id = arena_fmt(arena, "human:%s", name);
    a.principal = arena_fmt(arena, "p-%s", name);
    return a;
}

/* An agent on behalf of somebody. */
__attribute__((unused)) static struct actor spine_agent(const char *of)
{
    return (struct actor){.kind = ACTOR_LLM,
                          .id = "llm:claude.s-1",
                          .on_behalf_of = arena_fmt(arena, "p-%s", of),
                          .channel = CHANNEL_API,
                          .backend = "header-trust"};
}

__attribute__((unused)) static const struct actor spine_engine = {
    .kind = ACTOR_ENGINE, .id = "engine:auto-confirm", .backend = "engine"};

static void spine_people(void)
{
    static const char *const people[][2] = {
        {"ben", "controller"}, {"cho", "clerk"}, {"dia", "clerk"}};
    struct tx tx;
    book_begin(&tx);
    for (size_t i = 0; i < 3; i++) {
        const char *id = arena_fmt(arena, "p-%s", people[i][0]);
        ck_ok(principal_put(&tx, id, people[i][0], true));
        ck_ok(role_grant(&tx, id, people[i][1], NULL));
    }
    book_end(&tx);
}

static void spine_chart(void)
{
    static const char *const accounts[][2] = {{"1010", "cash"}, {"4000", "revenue"}};
    book_chart(accounts, 2);
}

/* A line of account 1010 on 2026-01-01, of whatever amount. */
static struct entry spine_line(const char *id, enum side side)
{
    return (struct entry){.entry_id = id,
                          .version = 1,
                          .side = side,
                          .contra = side == SIDE_BANK ? CONTRA_NONE : CONTRA_ACCOUNT,
                          .contra_account = side == SIDE_BANK ? NULL : "4000",
                          .source_id = side == SIDE_BANK ? "b" : "g",
                          .file_id = "f",
                          .row_no = 1,
                          .entity_id = "US",
                          .account_id = "1010",
                          .date = {20454},
                          .raw_sha256 = "00"};
}

static void spine_entry(struct tx *tx, const char *id, enum side side, int64_t cents)
{
    struct entry e = spine_line(id, side);
    e.reference = id + 2;
    ck_ok(money_make(cents, "USD", &e.amount));
    ck_ok(entry_insert(tx, &e));
}

/* Entries b:N and g:N of the same amount, for each N from `first`. */
static void spine_entries(int first, int n, int64_t cents)
{
    struct tx tx;
    book_begin(&tx);
    for (int i = first; i < first + n; i++) {
        spine_entry(&tx, arena_fmt(arena, "b:%d", i), SIDE_BANK, cents + i);
        spine_entry(&tx, arena_fmt(arena, "g:%d", i), SIDE_GL, cents + i);
    }
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2 * (int64_t)n));
    book_end(&tx);
}

/* The matcher's proposal of pair N; its match_id. */
static const char *spine_proposal(struct tx *tx, int number, int64_t cents)
{
    struct leg *legs = ARENA_ARRAY(arena, 2, struct leg);
    struct match m = sure_proposal(legs, 2);
    legs[0] = (struct leg){.entry_id = arena_fmt(arena, "b:%d", number),
                           .version = 1,
                           .side = SIDE_BANK,
                           .amount_minor = cents + number};
    legs[1] = (struct leg){.entry_id = arena_fmt(arena, "g:%d", number),
                           .version = 1,
                           .side = SIDE_GL,
                           .amount_minor = cents + number};
    ck_ok(match_composition(arena, m.rule, legs, 2, &m.composition_sha256));
    ck_ok(match_measure(&m, "USD"));
    ck_ok(match_insert(tx, &m));
    return m.match_id;
}

/* `n` proposals of about `cents` each, over entries of their own. */
__attribute__((unused)) static const char **spine_matches(int first, int n, int64_t cents)
{
    const char **ids = ARENA_ARRAY(arena, (size_t)n, const char *);
    struct tx tx;
    spine_entries(first, n, cents);
    book_begin(&tx);
    for (int i = 0; i < n; i++)
        ids[i] = spine_proposal(&tx, first + i, cents);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, n));
    book_end(&tx);
    return ids;
}

__attribute__((unused)) static void spine_up(void)
{
    book_up();
    book_policy =
        load("authority: [{role: controller, actions: [CONFIRM], entities: all}]", spine_authority);
    spine_people();
    spine_chart();
}

/* ---- calls ---- */

static struct arena *spine_arenas[4096];
static size_t spine_arenas_n;

/* Every call's own memory. */
__attribute__((unused)) static void spine_down(void)
{
    while (spine_arenas_n > 0)
        arena_free(spine_arenas[--spine_arenas_n]);
    book_down();
}

/* On an arena of its own, as every request has; spine_down frees it. */
static struct call *spine_call(const struct actor *actor, const char *tool, const char *key,
                               const struct json *args)
{
    struct arena *own = arena_new((size_t)16 << 20);
    struct call *c = ARENA_NEW(own, struct call);
    struct json *all = json_object_new(own);
    ck_assert_uint_lt(spine_arenas_n, sizeof spine_arenas / sizeof spine_arenas[0]);
    spine_arenas[spine_arenas_n++] = own;
    ck_assert_ptr_nonnull(c);
    *c = (struct call){
        .arena = own, .tool = tool_find(tool), .actor = *actor, .policy = book_policy};
    ck_assert_msg(c->tool != NULL, "no tool %s", tool);
    for (size_t i = 0; i < args->count; i++)
        (void)json_add(own, all, args->members[i].key, args->members[i].value);
    if (key != NULL)
        json_put_text(own, all, "idempotency_key", key);
    ck_ok(call_bind(c, all));
    return c;
}

/* A read tool's answer to `actor` (on the reader's connection, now) with arguments in JSON; fails
 * the test when it ends otherwise than `want`. NULL unless it is OK. */
__attribute__((unused)) static struct json *spine_asked(const struct actor *actor, const char *tool,
                                                        const char *text, enum err_kind want)
{
    struct json *args;
    struct tx tx;
    ck_ok(json_read(arena, str_of(text), NULL, &args));
    struct call *c = spine_call(actor, tool, NULL, args);
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &tx));
    const struct err e = c->tool->read(c, &tx);
    tx_read_end(&tx);
    ck_assert_msg(e.kind == want, "%s: %s %s", text, err_kind_name(e.kind),
                  e.msg == NULL ? "" : e.msg);
    return c->result;
}

__attribute__((unused)) static struct call *spine_on_match(const struct actor *actor,
                                                           const char *tool, const char *match_id,
                                                           const char *rationale)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "match_id", match_id);
    if (rationale != NULL)
        json_put_text(arena, args, "rationale", rationale);
    return spine_call(actor, tool, NULL, args);
}

__attribute__((unused)) static struct call *spine_keyed(const struct actor *actor,
                                                        const char *match_id, const char *key)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "match_id", match_id);
    return spine_call(actor, "confirm_match", key, args);
}

__attribute__((unused)) static struct call *spine_answer(const struct actor *actor,
                                                         const struct call *pending,
                                                         const char *decision,
                                                         const char *rationale)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "escalation_id", pending->escalation_id);
    json_put_text(arena, args, "decision", decision);
    json_put_text(arena, args, "digest", json_get_text(pending->result, "digest"));
    if (rationale != NULL)
        json_put_text(arena, args, "rationale", rationale);
    return spine_call(actor, "resolve_escalation", NULL, args);
}

/* Alone in its group. */
__attribute__((unused)) static struct call *spine_run(struct call *c)
{
    ck_assert(call_group(book_writer, &c, 1, book_clock));
    return c;
}

__attribute__((unused)) static void spine_is(const struct call *c, enum call_outcome want)
{
    ck_assert_msg(c->outcome == want, "outcome %d, wanted %d: %s (%s), reason %s", (int)c->outcome,
                  (int)want, c->err.msg == NULL ? "-" : c->err.msg,
                  c->err.where == NULL ? "-" : c->err.where, reason_name(c->verdict.reason));
}

__attribute__((unused)) static void spine_failed(const struct call *c, enum err_kind kind)
{
    spine_is(c, CALL_FAILED);
    ck_assert_msg(c->err.kind == kind, "%s: %s", err_kind_name(c->err.kind), c->err.msg);
    ck_assert_ptr_nonnull(c->err.msg);
    ck_assert_ptr_null(c->result);
}

/* ---- what the book says ---- */

__attribute__((unused)) static enum match_state spine_state(const char *match_id)
{
    struct match m;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(match_load(&tx, arena, match_id, &m));
    tx_read_end(&tx);
    return m.state;
}

__attribute__((unused)) static struct escalation spine_escalation(const char *id)
{
    struct escalation e;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(escalation_load(&tx, arena, id, &e));
    tx_read_end(&tx);
    return e;
}

static int64_t spine_int(const char *sql, const char *bind)
{
    const struct db_sql text = {"test", sql};
    struct stmt *q = NULL;
    bool row;
    ck_ok(stmt_new(store_db(book_reader), &text, &q));
    if (bind != NULL)
        stmt_bind_text(q, 1, bind);
    ck_ok(stmt_step(q, &row));
    int64_t n = row ? stmt_int(q, 0) : 0;
    stmt_free(q);
    return n;
}

__attribute__((unused)) static int64_t spine_events(void)
{
    return spine_int("SELECT count(*) FROM audit_events", NULL);
}

__attribute__((unused)) static int64_t spine_events_of(const char *type)
{
    return spine_int("SELECT count(*) FROM audit_events WHERE event_type = ?1", type);
}

/* `up` before each test: spine_up, or one that does more; `down` after it likewise. */
#define SPINE_MAIN(name, up, down, ...) TEST_MAIN_AROUND(name, up, down, __VA_ARGS__)

#endif
