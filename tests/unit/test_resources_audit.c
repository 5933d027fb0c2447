/* What the workspace reads: an event, why it was decided so, whether the log holds, an entry with
 * what became of it, an account. And that what is somebody else's is as if it were not there. */
#include <string.h>

#include "engine/store/policies.h"
#include "tests/unit/spine_book.h"

static const struct resource *resource(const char *prefix)
{
    for (size_t i = 0; i < resources_n; i++) {
        const char *uri = resources[i].uri;
        const size_t n = strlen(prefix);
        if (strncmp(uri, prefix, n) == 0 && (uri[n] == '\0' || uri[n] == '{'))
            return &resources[i];
    }
    ck_abort_msg("no resource %s", prefix);
    return NULL;
}

static const struct json *read_as(const struct actor *actor, const char *prefix, const char *id,
                                  enum err_kind want)
{
    struct arena *own = arena_new((size_t)64 << 20);
    struct call *c = ARENA_NEW(own, struct call);
    struct tx snapshot;
    spine_arenas[spine_arenas_n++] = own;
    *c = (struct call){.arena = own, .actor = *actor, .policy = book_policy};
    ck_ok(tx_read_begin(book_reader, own, book_clock(), &snapshot));
    const struct err e = resource(prefix)->read(c, &snapshot, id);
    tx_read_end(&snapshot);
    ck_assert_msg(e.kind == want, "%s%s: %s %s", prefix, id == NULL ? "" : id,
                  err_kind_name(e.kind), e.msg == NULL ? "-" : e.msg);
    return c->result;
}

static const struct json *told(const char *prefix, const char *id)
{
    return read_as(&spine_ana, prefix, id, ERR_NONE);
}

static const char *number(int64_t n)
{
    return arena_fmt(arena, "%lld", (long long)n);
}

static bool is(const struct json *o, const char *pointer, const char *want)
{
    return text_eq(json_text(json_pointer_get(o, pointer)), want);
}

static bool truth(const struct json *o, const char *key)
{
    const struct json *b = json_get(o, key);
    return b != NULL && b->truth;
}

static struct actor eve_of_uk(void)
{
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "Eve", true));
    ck_ok(role_grant(&tx, "p-eve", "clerk", "UK"));
    book_end(&tx);
    return spine_human("eve");
}

/* The policy that the test's calls run under, as the book keeps it. */
static void keep_policy(void)
{
    struct tx tx;
    bool is_new;
    book_begin(&tx);
    for (size_t i = 0; i < 2; i++) {
        enum put put;
        ck_ok(entity_put(&tx,
                         &(struct entity){.entity_id = i == 0 ? "acme-uk" : "acme-jp",
                                          .name = "x",
                                          .functional_currency = i == 0 ? "GBP" : "JPY",
                                          .zone = "Europe/London",
                                          .calendar = "NONE"},
                         &put));
    }
    ck_ok(policy_keep(
        &tx, book_policy->digest,
        str_of(with("authority: [{role: controller, actions: [CONFIRM], entities: all}]",
                    spine_authority)),
        &is_new));
    book_end(&tx);
}

START_TEST(a_denial_is_explained_by_the_rows_of_then)
{
    keep_policy();
    const char **ids = spine_matches(1, 1, 2500000);
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    spine_is(c, CALL_DENIED);
    const struct json *o = told("recon://explain/", number(c->seq)), *steps = json_get(o, "steps");
    ck_assert_msg(steps != NULL, "%s", json_get_text(o, "note"));
    ck_assert(is(o, "/recorded/reason", "MISSING_RATIONALE"));
    ck_assert(truth(o, "agrees"));
    ck_assert_uint_gt(steps->count, 3);
    const struct json *last = steps->items[steps->count - 1];
    ck_assert(truth(last, "held"));
    ck_assert(is(last, "/reason", "MISSING_RATIONALE"));
    ck_assert(is(o, "/decides", json_get_text(last, "row")));
    ck_assert_ptr_nonnull(json_pointer_get(last, "/facts/has_rationale"));
    for (size_t i = 0; i + 1 < steps->count; i++)
        ck_assert(!truth(steps->items[i], "held"));
}
END_TEST

START_TEST(without_the_policys_text_the_record_is_told_and_no_trace_is_made_up)
{
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    const struct json *o = told("recon://explain/", number(c->seq));
    ck_assert_ptr_null(json_get(o, "steps"));
    ck_assert_ptr_nonnull(json_get_text(o, "note"));
    ck_assert(is(o, "/recorded/decision", "allow"));
    o = told("recon://explain/", "1"); /* BOOK_CREATED decides nothing */
    ck_assert_ptr_null(json_get(o, "steps"));
}
END_TEST

START_TEST(an_event_is_read_as_it_was_hashed)
{
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    const struct json *o = told("recon://audit/", number(c->seq));
    ck_assert(is(o, "/event/match_id", ids[0]));
    ck_assert_uint_eq(strlen(json_get_text(o, "hash_self")), 64);
    ck_assert_ptr_nonnull(strstr(json_get_text(o, "canonical"), ids[0]));
    const struct json *before = told("recon://audit/", number(c->seq - 1));
    ck_assert(is(o, "/hash_prev", json_get_text(before, "hash_self")));
    static const char *const none[] = {"0", "-1", "01", "1x", "99999", "9223372036854775807", ""};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        (void)read_as(&spine_ana, "recon://audit/", none[i], ERR_MISSING);
}
END_TEST

START_TEST(what_is_anothers_is_not_there)
{
    const struct actor eve = eve_of_uk();
    const char **ids = spine_matches(1, 1, 500);
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    (void)read_as(&eve, "recon://audit/", number(c->seq), ERR_MISSING);
    (void)read_as(&eve, "recon://explain/", number(c->seq), ERR_MISSING);
    (void)read_as(&eve, "recon://entries/", "b:1", ERR_MISSING);
    (void)read_as(&eve, "recon://accounts/", "US/1010", ERR_MISSING);
    (void)read_as(&spine_ana, "recon://entries/", "b:404", ERR_MISSING);
    (void)read_as(&spine_ana, "recon://entries/", "b%4", ERR_MISSING);
    (void)read_as(&spine_ana, "recon://entries/", "b%00", ERR_MISSING);
    (void)read_as(&spine_ana, "recon://accounts/", "US", ERR_MISSING);
    (void)read_as(&spine_ana, "recon://accounts/", "US/9999", ERR_MISSING);
}
END_TEST

START_TEST(an_entry_tells_its_match_and_its_state)
{
    const char **ids = spine_matches(1, 1, 500);
    const struct json *o = told("recon://entries/", "b%3A1");
    ck_assert(is(o, "/entry_id", "b:1"));
    ck_assert(is(o, "/state", "proposed"));
    ck_assert(is(o, "/matches/0/match_id", ids[0]));
    ck_assert(is(o, "/versions/0/amount", "5.01"));
    ck_assert(is(o, "/open", "0.00"));
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL)), CALL_OK);
    o = told("recon://entries/", "b:1");
    ck_assert(is(o, "/state", "confirmed"));
    ck_assert(is(o, "/matches/0/state", "CONFIRMED"));
}
END_TEST

START_TEST(an_account_tells_where_its_reconciliation_stands)
{
    (void)spine_matches(1, 1, 500);
    book_now = INT64_C(1768910400000000); /* the entries are of 1 January */
    const struct json *o = told("recon://accounts/", "US/1010");
    ck_assert(is(o, "/class", "cash"));
    ck_assert(is(o, "/positions/0/currency", "USD"));
    ck_assert(is(o, "/positions/0/bank/movement", "5.01"));
    o = told("recon://accounts/", "US/4000"); /* not reconciled: no position */
    ck_assert_uint_eq(json_get(o, "positions")->count, 0);
}
END_TEST

START_TEST(the_tail_of_the_log_is_verified_and_its_reach_is_said)
{
    struct tx tx;
    const struct json *o = told("recon://verify", NULL);
    int64_t from, to;
    ck_assert(truth(o, "intact"));
    ck_assert(json_int(json_get(o, "from_seq"), &from));
    ck_assert_int_eq(from, 1);
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    for (int i = 0; i < 1010; i++)
        book_event(&tx, "OK");
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
    o = told("recon://verify", NULL);
    ck_assert(truth(o, "intact"));
    ck_assert(json_int(json_get(o, "from_seq"), &from));
    ck_assert(json_int(json_get(o, "to_seq"), &to));
    ck_assert_int_eq(to - from + 1, 1000);
    ck_assert_int_eq(to, spine_events());
    const struct json *last = told("recon://audit/", number(to));
    ck_assert(is(o, "/head", json_get_text(last, "hash_self")));
}
END_TEST

SPINE_MAIN("resources_audit", spine_up, spine_down, a_denial_is_explained_by_the_rows_of_then,
           without_the_policys_text_the_record_is_told_and_no_trace_is_made_up,
           an_event_is_read_as_it_was_hashed, what_is_anothers_is_not_there,
           an_entry_tells_its_match_and_its_state, an_account_tells_where_its_reconciliation_stands,
           the_tail_of_the_log_is_verified_and_its_reach_is_said)
