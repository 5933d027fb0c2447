/* generate_close_summary agrees with query_audit to the cent: the test walks the log page by page,
 * adds up for itself, and compares; and a filter that matches rarely still costs a bounded look. */
#include <string.h>

#include "common/sys/json_read.h"
#include "engine/store/files.h"
#include "engine/store/ledger.h"
#include "tests/unit/spine_book.h"

/* Just signed in. */
static struct actor person(const char *name)
{
    struct actor a = spine_human(name);
    a.auth_time_us = book_now;
    return a;
}

static const struct json *read_tool(const struct actor *actor, const char *tool,
                                    const struct json *args, enum err_kind want)
{
    struct tx snapshot;
    struct call *c = spine_call(actor, tool, NULL, args);
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &snapshot));
    c->err = c->tool->read(c, &snapshot);
    tx_read_end(&snapshot);
    ck_assert_msg(c->err.kind == want, "%s: %s", err_kind_name(c->err.kind),
                  c->err.msg == NULL ? "-" : c->err.msg);
    return c->result;
}

static const struct json *summary_as(const struct actor *actor, const char *period,
                                     enum err_kind want)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    json_put_text(arena, args, "period", period);
    return read_tool(actor, "generate_close_summary", args, want);
}

static const struct json *summary(const char *period)
{
    return summary_as(&spine_ana, period, ERR_NONE);
}

/* ---- the other way to the figures ---- */

struct walked {
    int64_t events, pages;
    int64_t allowed, denied, escalated;
    int64_t confirmed[2], confirmed_minor[2]; /* by people, by policy */
    int64_t rejected, rejected_minor;
};

/* An event of a page is the text as it was hashed. */
static void event_take(struct walked *w, const struct json *raw)
{
    struct json *e;
    ck_assert(json_is(raw, JSON_TYPE_RAW));
    ck_ok(json_read(arena, raw->text, NULL, &e));
    const char *decision = json_get_text(e, "decision"), *to = json_get_text(e, "state_to");
    const char *minor = json_get_text(e, "amount_minor");
    const bool policy = strncmp(json_get_text(e, "actor_id"), "human:", 6) != 0;
    const bool match = text_eq(json_get_text(json_get(e, "object"), "type"), "match");
    const int64_t amount = minor == NULL ? 0 : strtoll(minor, NULL, 10);
    w->allowed += text_eq(decision, "allow");
    w->denied += text_eq(decision, "deny");
    w->escalated += text_eq(decision, "human");
    if (!text_eq(decision, "allow") || !match)
        return;
    if (text_eq(to, "CONFIRMED")) {
        w->confirmed[policy]++;
        w->confirmed_minor[policy] += amount;
    }
    if (text_eq(to, "REJECTED")) {
        w->rejected++;
        w->rejected_minor += amount;
    }
}

/* With the arguments that the figure itself names. */
static struct walked walk(const struct json *check)
{
    struct walked w = {0};
    const char *cursor = NULL;
    do {
        struct json *args = json_object_new(arena);
        const struct json *given = json_get(check, "arguments"), *page, *events;
        for (size_t i = 0; i < given->count; i++)
            (void)json_add(arena, args, given->members[i].key, given->members[i].value);
        json_put_int(arena, args, "limit", 3);
        if (cursor != NULL)
            json_put_text(arena, args, "cursor", cursor);
        page = read_tool(&spine_ana, "query_audit", args, ERR_NONE);
        events = json_get(page, "events");
        for (size_t i = 0; i < events->count; i++)
            event_take(&w, json_get(events->items[i], "event"));
        w.events += (int64_t)events->count;
        w.pages++;
        cursor = json_get_text(page, "next_cursor");
    } while (cursor != NULL);
    return w;
}

/* ---- the summary's figures ---- */

static int64_t number(const struct json *o, const char *pointer)
{
    int64_t n = -1;
    ck_assert_msg(json_int(json_pointer_get(o, pointer), &n), "no number at %s", pointer);
    return n;
}

/* Minor units and events of one figure, of those `by` (NULL: all). */
static void figure(const struct json *o, const char *name, const char *by, int64_t *count,
                   int64_t *minor)
{
    const struct json *sums = json_get(json_get(o, name), "sums");
    *count = *minor = 0;
    for (size_t i = 0; i < sums->count; i++) {
        const struct json *s = sums->items[i];
        struct money m;
        if (by != NULL && !text_eq(json_get_text(s, "by"), by))
            continue;
        ck_ok(money_parse(json_get_text(s, "sum"), json_get_text(s, "currency"), &m));
        *count += number(s, "/count");
        *minor += m.minor;
    }
}

static void figure_is(const struct json *o, const char *name, const char *by, int64_t count,
                      int64_t minor)
{
    int64_t n, sum;
    figure(o, name, by, &n, &sum);
    ck_assert_msg(n == count && sum == minor, "%s by %s: %lld of %lld, walked %lld of %lld", name,
                  by == NULL ? "all" : by, (long long)n, (long long)sum, (long long)count,
                  (long long)minor);
}

static void agrees(const struct json *o, const struct walked *w)
{
    ck_assert_int_eq(number(o, "/decisions/allowed"), w->allowed);
    ck_assert_int_eq(number(o, "/decisions/denied"), w->denied);
    ck_assert_int_eq(number(o, "/decisions/escalated"), w->escalated);
    figure_is(o, "confirmed", "people", w->confirmed[0], w->confirmed_minor[0]);
    figure_is(o, "confirmed", "policy", w->confirmed[1], w->confirmed_minor[1]);
    figure_is(o, "rejected", NULL, w->rejected, w->rejected_minor);
}

/* Ana and policy confirm, Cho rejects and is refused, what is material waits and one is approved.
 */
static void decide(void)
{
    const struct actor ana = person("ana"), cho = person("cho"), ben = person("ben");
    const char **small = spine_matches(1, 9, 12345), **large = spine_matches(100, 3, 2500000);
    struct call *waits;
    for (int i = 0; i < 3; i++)
        spine_is(spine_run(spine_on_match(&ana, "confirm_match", small[i], NULL)), CALL_OK);
    for (int i = 3; i < 6; i++)
        spine_is(spine_run(spine_on_match(&spine_engine, "confirm_match", small[i], "by policy")),
                 CALL_OK);
    spine_is(spine_run(spine_on_match(&cho, "reject_match", small[6], "wrong customer")), CALL_OK);
    spine_is(spine_run(spine_on_match(&cho, "reject_match", small[7], NULL)), CALL_DENIED);
    spine_is(spine_run(spine_on_match(&ana, "confirm_match", large[0], NULL)), CALL_DENIED);
    for (int i = 0; i < 3; i++) {
        waits = spine_run(spine_on_match(&spine_engine, "confirm_match", large[i], "by policy"));
        spine_is(waits, CALL_PENDING);
    }
    spine_is(spine_run(spine_answer(&ben, waits, "confirm", "wire 4471 seen")), CALL_OK);
}

START_TEST(every_figure_is_the_logs_to_the_cent)
{
    book_now = INT64_C(1768910400000000); /* 2026-01-20T12:00:00Z */
    decide();
    const struct json *o = summary("2026-01");
    const struct walked w = walk(json_pointer_get(o, "/decisions/check"));
    ck_assert_int_gt(w.pages, 3);
    ck_assert_int_eq(w.confirmed[0], 4); /* three, and the approved one */
    ck_assert_int_eq(w.confirmed[1], 3);
    ck_assert_int_eq(w.rejected, 1);
    ck_assert_int_gt(w.denied, 1);
    ck_assert_int_eq(w.escalated, 3);
    agrees(o, &w);
    ck_assert_int_eq(number(o, "/overrides/rejected_of_matcher/count"), 1);
    ck_assert_int_eq(number(o, "/waiting/0/count"), 2);
    ck_assert_uint_eq(json_pointer_get(o, "/people/list")->count, 3);
}
END_TEST

START_TEST(a_period_is_of_the_entitys_zone)
{
    /* 2026-02-01T03:00Z is still January in New York. */
    book_now = INT64_C(1769914800000000);
    const struct actor ana = person("ana");
    const char **ids = spine_matches(1, 2, 700);
    spine_is(spine_run(spine_on_match(&ana, "confirm_match", ids[0], NULL)), CALL_OK);
    book_now = INT64_C(1769922000000000); /* 05:00Z: February */
    spine_is(spine_run(spine_on_match(&ana, "confirm_match", ids[1], NULL)), CALL_OK);
    const struct json *january = summary("2026-01"), *february = summary("2026-02");
    figure_is(january, "confirmed", NULL, 1, 701);
    figure_is(february, "confirmed", NULL, 1, 702);
    ck_assert_str_eq(json_get_text(january, "to_utc"), "2026-02-01T05:00:00.000000Z");
    ck_assert_str_eq(json_get_text(february, "from_utc"), "2026-02-01T05:00:00.000000Z");
    const struct walked w = walk(json_pointer_get(february, "/decisions/check"));
    agrees(february, &w);
}
END_TEST

START_TEST(an_account_opens_and_closes_with_its_balances)
{
    struct tx tx;
    book_begin(&tx);
    struct statement s = {.file_id = "f",
                          .source_id = "b",
                          .entity_id = "US",
                          .account_id = "1010",
                          .from = {20454},
                          .to = {20484}};
    struct ledger_balance b = {.entity_id = "US", .account_id = "1010", .date = {20453}};
    enum put put;
    ck_ok(money_make(1000, "USD", &s.opening));
    ck_ok(money_make(701, "USD", &s.lines));
    ck_ok(money_make(1701, "USD", &s.closing));
    ck_ok(statement_insert(&tx, &s));
    ck_ok(money_make(1000, "USD", &b.balance));
    ck_ok(ledger_balance_put(&tx, &b, &put));
    book_end(&tx);
    (void)spine_matches(1, 1, 700);
    const struct json *account = json_pointer_get(summary("2026-01"), "/accounts/0");
    ck_assert_str_eq(json_text(json_pointer_get(account, "/opening/bank/balance")), "10.00");
    ck_assert_str_eq(json_text(json_pointer_get(account, "/opening/books/balance")), "10.00");
    ck_assert_str_eq(json_text(json_pointer_get(account, "/bank/balance")), "17.01");
    ck_assert_str_eq(json_text(json_pointer_get(account, "/unexplained")), "0.00");
    ck_assert_str_eq(json_text(json_pointer_get(account, "/entries/0/state")), "proposed");
    ck_assert_str_eq(json_text(json_pointer_get(account, "/entries/0/sum")), "7.01");
}
END_TEST

START_TEST(a_period_that_is_none_and_an_entity_not_seen_are_refused)
{
    struct json *args = json_object_new(arena);
    struct call c = {.arena = arena, .tool = tool_find("generate_close_summary")};
    json_put_text(arena, args, "entity_id", "US");
    json_put_text(arena, args, "period", "2026-13");
    ck_err(call_bind(&c, args), ERR_INPUT);
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "Eve", true));
    ck_ok(role_grant(&tx, "p-eve", "clerk", "UK"));
    book_end(&tx);
    const struct actor eve = spine_human("eve");
    (void)summary_as(&eve, "2026-01", ERR_MISSING);
}
END_TEST

START_TEST(a_filter_that_matches_rarely_looks_at_so_many_events_and_gives_a_cursor)
{
    struct tx tx;
    int64_t pages = 0, found = 0;
    const char *cursor = NULL;
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    for (int i = 0; i < AUDIT_SCAN_MAX + 10; i++)
        book_event(&tx, "OK");
    book_event(&tx, "RARE");
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
    do {
        struct json *args = json_object_new(arena);
        json_put_text(arena, args, "actor", "engine:test");
        json_put_text(arena, args, "event_type", "RARE");
        if (cursor != NULL)
            json_put_text(arena, args, "cursor", cursor);
        const struct json *page = read_tool(&spine_ana, "query_audit", args, ERR_NONE);
        found += (int64_t)json_get(page, "events")->count;
        cursor = json_get_text(page, "next_cursor");
        ck_assert(pages++ > 0 || (found == 0 && cursor != NULL));
    } while (cursor != NULL);
    ck_assert_int_eq(pages, 2);
    ck_assert_int_eq(found, 1);
}
END_TEST

/* ---- the other order ---- */

static const struct json *ordered(const char *order, const char *cursor, enum err_kind want)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "order", order);
    json_put_text(arena, args, "actor", "engine:test");
    json_put_int(arena, args, "limit", 3);
    if (cursor != NULL)
        json_put_text(arena, args, "cursor", cursor);
    return read_tool(&spine_ana, "query_audit", args, want);
}

static int64_t seq_at(const struct json *page, size_t i)
{
    int64_t seq = 0;
    ck_assert(json_int(json_get(json_get(page, "events")->items[i], "seq"), &seq));
    return seq;
}

static void events_make(int n)
{
    struct tx tx;
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    for (int i = 0; i < n; i++)
        book_event(&tx, "OK");
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
}

START_TEST(the_newest_are_the_oldest_backwards_whatever_is_added_meanwhile)
{
    int64_t seqs[64];
    size_t n = 0;
    const struct json *page;
    const char *cursor = NULL;
    events_make(10);
    do {
        page = ordered("oldest", cursor, ERR_NONE);
        for (size_t i = 0; i < json_get(page, "events")->count; i++)
            seqs[n++] = seq_at(page, i);
        cursor = json_get_text(page, "next_cursor");
    } while (cursor != NULL && n < 60);
    ck_assert_uint_ge(n, 10);
    do {
        page = ordered("newest", cursor, ERR_NONE);
        for (size_t i = 0; i < json_get(page, "events")->count; i++)
            ck_assert_int_eq(seq_at(page, i), seqs[--n]);
        cursor = json_get_text(page, "next_cursor");
        events_make(1);
    } while (cursor != NULL);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_cursor_of_one_order_is_refused_in_the_other)
{
    events_make(10);
    const char *up = json_get_text(ordered("oldest", NULL, ERR_NONE), "next_cursor");
    const char *down = json_get_text(ordered("newest", NULL, ERR_NONE), "next_cursor");
    ck_assert(up != NULL && down != NULL);
    ordered("newest", up, ERR_INPUT);
    ordered("oldest", down, ERR_INPUT);
    ordered("newest", "YWZ0ZXI6YmVmb3JlOg", ERR_INPUT); /* before: nothing */
    ordered("oldest", "YWZ0ZXI6N3g", ERR_INPUT);        /* after: 7x */
    ordered("newest", down, ERR_NONE);
}
END_TEST

SPINE_MAIN("close_summary", spine_up, spine_down, every_figure_is_the_logs_to_the_cent,
           a_period_is_of_the_entitys_zone, an_account_opens_and_closes_with_its_balances,
           a_period_that_is_none_and_an_entity_not_seen_are_refused,
           a_filter_that_matches_rarely_looks_at_so_many_events_and_gives_a_cursor,
           the_newest_are_the_oldest_backwards_whatever_is_added_meanwhile,
           a_cursor_of_one_order_is_refused_in_the_other)
