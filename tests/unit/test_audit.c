/* The audit log: what is appended is what is read, the chain goes on, and neither the serving
 * connection nor a stranger with the file changes what happened. What gets past both is found:
 * test_audit_attacks.c. */
#include <inttypes.h>

#include "common/sys/db.h"
#include "common/sys/json_read.h"
#include "tests/bench/clock.h"
#include "tests/unit/audit_book.h"

/* ---- appending ---- */

START_TEST(a_book_as_it_was_written_is_intact)
{
    struct audit_report r;
    ck_ok(book_verify(&b, &r));
    ck_assert_msg(r.kind == AUDIT_INTACT, "%s %s %s", r.table, r.row, r.problem);
    ck_assert_int_eq(r.events, 8);
    /* 2 principals, a role, a policy, 5 entries, an exception, 2 matches, a state, 2 of the
     * escalation */
    ck_assert_int_eq(r.rows, 15);
    ck_assert_str_eq(r.book_id, store_book_id(b.store));
    ck_assert_str_eq(r.first_utc, "2026-03-03T09:00:01.000000Z");
    ck_assert_str_eq(r.last_utc, "2026-03-03T09:00:08.000000Z");
    char hex[65];
    hex_print(store_head(b.store)->hash, 32, hex);
    ck_assert_str_eq(r.head, hex);
}
END_TEST

START_TEST(the_chain_goes_on_after_the_book_was_closed)
{
    struct chain_head before = *store_head(b.store);
    book_reopen(&b);
    ck_assert_mem_eq(&before, store_head(b.store), sizeof before);
    event_add(&b, "ENGINE_STARTED");
    ck_assert_int_eq(store_head(b.store)->seq, 9);
    expect_intact(&b);
}
END_TEST

START_TEST(a_stuck_clock_does_not_stop_time)
{
    int64_t stuck = b.clock_us;
    for (int i = 0; i < 5; i++) {
        b.clock_us = stuck - 1000000;
        call_begin(&b);
        int64_t now = b.tx.now_us;
        append(&b, "OK");
        append(&b, "OK");
        call_end(&b);
        ck_assert_int_gt(now, stuck);
    }
    ck_assert_int_eq(store_head(b.store)->timestamp_us, stuck + 10);
    expect_intact(&b);
}
END_TEST

START_TEST(a_clock_that_fell_an_hour_back_stops_the_book)
{
    struct tx tx;
    ck_ok(store_group_begin(b.store));
    ck_err(tx_call_begin(b.store, b.arena, b.clock_us - INT64_C(3601000000), &tx), ERR_STORE);
    store_group_abandon(b.store);
    event_add(&b, "OK");
    expect_intact(&b);
}
END_TEST

START_TEST(a_call_that_is_undone_leaves_nothing_behind)
{
    struct chain_head before = *store_head(b.store);
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-eve", "Eve", true));
    append(&b, "REGISTRY_CHANGED");
    ck_assert_int_eq(store_head(b.store)->seq, 9);
    tx_call_undo(&b.tx);
    ck_assert_mem_eq(&before, store_head(b.store), sizeof before);
    ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_assert_uint_eq(b.tx.effects_n, 0);
    ck_ok(principal_put(&b.tx, "p-bob", "Bob", false));
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
    struct principal gone;
    call_begin(&b);
    ck_err(principal_load(&b.tx, b.arena, "p-eve", &gone), ERR_MISSING);
    ck_ok(tx_call_keep(&b.tx));
    store_group_abandon(b.store);
    expect_intact(&b);
}
END_TEST

START_TEST(effects_of_a_call_that_failed_do_not_reach_the_next_event)
{
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-eve", "Eve", true));
    tx_call_undo(&b.tx); /* before its event */
    ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
    append(&b, "OK");
    call_end(&b);
    expect_intact(&b);
}
END_TEST

START_TEST(an_abandoned_group_never_was)
{
    struct chain_head before = *store_head(b.store);
    call_begin(&b);
    append(&b, "OK");
    ck_ok(tx_call_keep(&b.tx));
    store_group_abandon(b.store);
    ck_assert_mem_eq(&before, store_head(b.store), sizeof before);
    event_add(&b, "OK");
    expect_intact(&b);
}
END_TEST

START_TEST(the_event_holds_what_was_given_and_the_columns_say_the_same)
{
    static const struct actor ana = {.kind = ACTOR_HUMAN,
                                     .id = "human:ana",
                                     .principal = "p-ana",
                                     .client = "workspace",
                                     .channel = CHANNEL_WEB,
                                     .backend = "header-trust",
                                     .auth_time_us = BOOK_CLOCK};
    static const char *const signers[] = {"p-ana", "p-bob"};
    const struct verdict v = {RULING_DENY, REASON_SOD_SAME_ACTOR, "2", "Nobody.", "/clauses/X"};
    struct ask ask = {.action = ACTION_CONFIRM,
                      .tier = TIER_T2,
                      .has_amount = true,
                      .amount = {.minor = INT64_MAX, .cur = "USD"}};
    const struct event e = {.type = "POLICY_VIOLATION",
                            .actor = &ana,
                            .tool = "confirm_match",
                            .ask = &ask,
                            .verdict = &v,
                            .policy_version = "p1",
                            .match_id = "mat_2",
                            .entity_id = "us",
                            .signers = signers,
                            .signers_n = 2,
                            .caused_by = 8,
                            .rationale = "\"quoted\" \u00e4"};
    call_begin(&b);
    ck_ok(audit_append(&b.tx, &e));
    call_end(&b);
    sqlite3 *raw = NULL;
    sqlite3_stmt *q = NULL;
    ck_assert_int_eq(sqlite3_open(b.path, &raw), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(
            raw,
            "SELECT event_type || '|' || actor_id || '|' || (event ->> '$.principal_id') || '|' ||"
            " (event ->> '$.tool') || '|' || (event ->> '$.action') || '|' || (event ->> "
            "'$.decision') || '|' || (event ->> '$.reason') || '|' ||"
            " match_id || '|' || entity_id || '|' || (event ->> '$.amount_minor') || '|' ||"
            " (event ->> '$.currency') || '|' || (event ->> '$.gate_input.schema') || '|' ||"
            " (event ->> '$.clause_text') || '|' || (event ->> '$.caused_by') ||"
            " '|' || (event ->> '$.rationale') FROM audit_events WHERE seq = 9",
            -1, &q, NULL),
        SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(q, 0),
                     "POLICY_VIOLATION|human:ana|p-ana|confirm_match|CONFIRM|deny|SOD_SAME_ACTOR|"
                     "mat_2|us|9223372036854775807|USD|4|Nobody.|8|\"quoted\" \u00e4");
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(raw);
    expect_intact(&b);
}
END_TEST

/* ---- reading ---- */

struct seen {
    int64_t seqs[16];
    size_t n;
};

static struct err note(void *arg, const struct audit_row *row)
{
    struct seen *s = arg;
    s->seqs[s->n++] = row->seq;
    return OK;
}

static struct seen query(struct audit_filter f, bool *more)
{
    struct seen s = {.n = 0};
    struct tx tx;
    int64_t last;
    f.limit = f.limit == 0 ? 16 : f.limit;
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(audit_query(&tx, &f, note, &s, &last, more));
    tx_read_end(&tx);
    return s;
}

START_TEST(a_query_finds_by_each_filter)
{
    static const char *const other[] = {"uk"};
    bool more;
    ck_assert_uint_eq(query((struct audit_filter){0}, &more).n, 8);
    ck_assert_int_eq(query((struct audit_filter){.match_id = "mat_1"}, &more).seqs[0], 7);
    ck_assert_uint_eq(query((struct audit_filter){.entity_id = "us"}, &more).n, 1);
    ck_assert_uint_eq(query((struct audit_filter){.event_type = "OK"}, &more).n, 2);
    ck_assert_uint_eq(
        query((struct audit_filter){.event_type = "OK", .match_id = "mat_1"}, &more).n, 1);
    ck_assert_uint_eq(query((struct audit_filter){.actor = "human:ana"}, &more).n, 0);
    ck_assert_uint_eq(query((struct audit_filter){.escalation_id = "esc_9"}, &more).n, 0);
    ck_assert_uint_eq(query((struct audit_filter){.after_seq = 6}, &more).n, 2);
    ck_assert(!more);
    struct seen s = query((struct audit_filter){.limit = 3}, &more);
    ck_assert(more && s.n == 3 && s.seqs[2] == 3);
    s = query((struct audit_filter){.scoped = true, .entities = other, .entities_n = 1}, &more);
    ck_assert_uint_eq(s.n, 6); /* all but the one of us and what changed the registry */
    const struct audit_filter registry = {.event_type = "REGISTRY_CHANGED"};
    ck_assert_uint_eq(query(registry, &more).n, 1);
    ck_assert_uint_eq(query((struct audit_filter){.event_type = registry.event_type,
                                                  .scoped = true,
                                                  .entities = other,
                                                  .entities_n = 1},
                            &more)
                          .n,
                      0);
}
END_TEST

START_TEST(a_query_cuts_time_at_the_instant_asked)
{
    bool more;
    struct audit_filter f = {.from = "2026-03-03T09:00:03Z", .to = "2026-03-03T09:00:05.000001Z"};
    struct seen s = query(f, &more);
    ck_assert(s.n == 3 && s.seqs[0] == 3 && s.seqs[2] == 5);
    f = (struct audit_filter){.from = "2026-03-03", .to = "2026-03-04"};
    ck_assert_uint_eq(query(f, &more).n, 8);
    f = (struct audit_filter){.from = "2026-03-04"};
    ck_assert_uint_eq(query(f, &more).n, 0);
    f = (struct audit_filter){.to = "2026-03-03"};
    ck_assert_uint_eq(query(f, &more).n, 0);
    f = (struct audit_filter){.from = "2026-03-03T09:00:07.5Z", .after_seq = 2};
    ck_assert_uint_eq(query(f, &more).n, 1);
    struct tx tx;
    f = (struct audit_filter){.from = "yesterday", .limit = 1};
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    int64_t last;
    ck_err(audit_query(&tx, &f, note, &s, &last, &more), ERR_INPUT);
    tx_read_end(&tx);
}
END_TEST

START_TEST(the_newest_come_first_and_page_backwards_under_each_filter)
{
    static const char *const other[] = {"uk"};
    bool more;
    struct seen s = query((struct audit_filter){.newest = true}, &more);
    ck_assert(s.n == 8 && s.seqs[0] == 8 && s.seqs[7] == 1 && !more);
    s = query((struct audit_filter){.newest = true, .limit = 3}, &more);
    ck_assert(s.n == 3 && s.seqs[0] == 8 && s.seqs[2] == 6 && more);
    s = query((struct audit_filter){.newest = true, .limit = 3, .before_seq = 6}, &more);
    ck_assert(s.n == 3 && s.seqs[0] == 5 && s.seqs[2] == 3 && more);
    s = query((struct audit_filter){.newest = true, .limit = 3, .before_seq = 3}, &more);
    ck_assert(s.n == 2 && s.seqs[0] == 2 && s.seqs[1] == 1 && !more);
    s = query((struct audit_filter){.newest = true, .event_type = "OK"}, &more);
    ck_assert(s.n == 2 && s.seqs[0] > s.seqs[1]);
    s = query((struct audit_filter){.newest = true, .match_id = "mat_1"}, &more);
    ck_assert(s.n >= 1 && s.seqs[s.n - 1] == 7);
    ck_assert_uint_eq(query((struct audit_filter){.newest = true, .entity_id = "us"}, &more).n, 1);
    ck_assert_uint_eq(query((struct audit_filter){.newest = true, .actor = "human:ana"}, &more).n,
                      0);
    s = query(
        (struct audit_filter){.newest = true, .scoped = true, .entities = other, .entities_n = 1},
        &more);
    ck_assert_uint_eq(s.n, 6);
    s = query((struct audit_filter){.newest = true,
                                    .from = "2026-03-03T09:00:03Z",
                                    .to = "2026-03-03T09:00:05.000001Z",
                                    .before_seq = 5},
              &more);
    ck_assert(s.n == 2 && s.seqs[0] == 4 && s.seqs[1] == 3 && !more);
}
END_TEST

/* ---- attacks on the serving connection: refused ---- */

static struct err serve(const char *sql)
{
    const struct db_sql hostile = {"hostile", sql};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    TRY(stmt_new(store_db(b.store), &hostile, &q));
    return stmt_run(q);
}

static void expect_refused(const char *sql, const char *words)
{
    ck_ok(store_group_begin(b.store));
    struct err e = serve(sql);
    ck_assert_msg(e.kind == ERR_CONFLICT || e.kind == ERR_BUG, "not refused: %s", sql);
    ck_assert_msg(strstr(e.msg, words) != NULL, "%s: %s", sql, e.msg);
    store_group_abandon(b.store);
}

START_TEST(the_serving_connection_appends_and_nothing_else)
{
    static const char only[] = "append-only";
    expect_refused("UPDATE audit_events SET event = '{}' WHERE seq = 3", only);
    expect_refused("UPDATE audit_events SET seq = 99 WHERE seq = 8", only);
    expect_refused("UPDATE OR REPLACE audit_events SET seq = 7 WHERE seq = 8", only);
    expect_refused("DELETE FROM audit_events WHERE seq = 8", only);
    expect_refused("DELETE FROM audit_events", only);
    expect_refused("REPLACE INTO audit_events SELECT seq, event, hash_prev, hash_self"
                   " FROM audit_events WHERE seq = 3",
                   only);
    expect_refused("INSERT INTO audit_events (seq, event, hash_prev, hash_self) SELECT 10, event,"
                   " hash_self, hash_self FROM audit_events WHERE seq = 8",
                   only);
    expect_refused("INSERT INTO audit_events (event, hash_prev, hash_self) SELECT event, hash_self,"
                   " hash_self FROM audit_events WHERE seq = 8",
                   only);
    expect_refused("INSERT INTO audit_events (seq, event, hash_prev, hash_self) SELECT 9, event,"
                   " hash_prev, hash_self FROM audit_events WHERE seq = 8",
                   "hash_prev");
    expect_refused("INSERT INTO audit_events (seq, event, hash_prev, hash_self) SELECT 9, event,"
                   " hash_self, hash_self FROM audit_events WHERE seq = 8",
                   "another seq");
    expect_intact(&b);
}
END_TEST

START_TEST(the_serving_connection_changes_no_schema_and_no_setting)
{
    static const char *const sql[] = {
        "DROP TRIGGER audit_no_update",
        "DROP TABLE audit_events",
        "ALTER TABLE audit_events RENAME TO old",
        "CREATE TRIGGER mine AFTER INSERT ON matches BEGIN SELECT 1; END",
        "CREATE TEMP TRIGGER mine AFTER INSERT ON matches BEGIN SELECT 1; END",
        "CREATE TABLE mine (a)",
        "UPDATE sqlite_schema SET sql = '' WHERE name = 'audit_no_update'",
        "DELETE FROM sqlite_schema",
        "PRAGMA writable_schema = ON",
        "PRAGMA recursive_triggers = OFF",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA synchronous = OFF",
        "SELECT * FROM pragma_recursive_triggers",
        "ATTACH '/tmp/other.db' AS other",
        "VACUUM",
        "COMMIT",
        "SAVEPOINT mine",
    };
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        expect_refused(sql[i], "");
    expect_intact(&b);
}
END_TEST

/* ---- attacks on the file: refused by its triggers ---- */

START_TEST(the_triggers_stop_a_stranger_too)
{
    static const char *const sql[] = {
        "UPDATE audit_events SET event = '{}' WHERE seq = 3",
        "DELETE FROM audit_events WHERE seq = 8",
        "PRAGMA recursive_triggers = OFF; REPLACE INTO audit_events SELECT seq, '{}', hash_prev,"
        " hash_self FROM audit_events WHERE seq = 3",
        "PRAGMA recursive_triggers = ON; REPLACE INTO audit_events SELECT seq, '{}', hash_prev,"
        " hash_self FROM audit_events WHERE seq = 3",
        "INSERT INTO audit_events SELECT seq + 2, event, hash_prev, hash_self FROM audit_events"
        " WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, json_remove(event, '$.seq'), hash_self, hash_self"
        " FROM audit_events WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, json_remove(json_set(event, '$.seq', 9),"
        " '$.book_id'), hash_self, hash_self FROM audit_events WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, json_remove(json_set(event, '$.seq', 9),"
        " '$.event_type'), hash_self, hash_self FROM audit_events WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, json_set(event, '$.seq', 9, '$.book_id', 'book_X'),"
        " hash_self, hash_self FROM audit_events WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, json_set(event, '$.seq', 9, '$.event_type',"
        " 'BOOK_CREATED'), hash_self, hash_self FROM audit_events WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, 'no json', hash_self, hash_self FROM audit_events"
        " WHERE seq = 8",
        "INSERT INTO audit_events SELECT 9, json_set(event, '$.seq', 9), hash_self, x'00'"
        " FROM audit_events WHERE seq = 8",
    };
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        ck_assert_msg(attack_rc(&b, sql[i]) != SQLITE_OK, "not refused: %s", sql[i]);
    expect_intact(&b);
}
END_TEST

/* ---- speed, printed ---- */

START_TEST(twenty_thousand_events_verify_in_a_time_that_is_printed)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new((size_t)1 << 20);
    struct arena *kept = b.arena;
    ck_ok(store_group_begin(b.store));
    for (int i = 0; i < 20000; i++) {
        arena_reset(scratch);
        ck_ok(tx_call_begin(b.store, scratch, ++b.clock_us, &b.tx));
        append(&b, "OK");
        ck_ok(tx_call_keep(&b.tx));
    }
    ck_ok(store_group_commit(b.store));
    b.arena = kept;
    struct audit_report r;
    int64_t begun = clock_ns(CLOCK_MONOTONIC);
    ck_ok(book_verify(&b, &r));
    (void)fprintf(stderr, "# %" PRId64 " events verified in %" PRId64 " ms\n", r.events,
                  (clock_ns(CLOCK_MONOTONIC) - begun) / 1000000);
    ck_assert_int_eq(r.kind, AUDIT_INTACT);
    ck_assert_int_eq(r.events, 20008);
}
END_TEST

TEST_MAIN_AROUND(
    "audit", up, down, a_book_as_it_was_written_is_intact,
    the_chain_goes_on_after_the_book_was_closed, a_stuck_clock_does_not_stop_time,
    a_clock_that_fell_an_hour_back_stops_the_book, a_call_that_is_undone_leaves_nothing_behind,
    effects_of_a_call_that_failed_do_not_reach_the_next_event, an_abandoned_group_never_was,
    the_event_holds_what_was_given_and_the_columns_say_the_same, a_query_finds_by_each_filter,
    the_newest_come_first_and_page_backwards_under_each_filter,
    a_query_cuts_time_at_the_instant_asked, the_serving_connection_appends_and_nothing_else,
    the_serving_connection_changes_no_schema_and_no_setting, the_triggers_stop_a_stranger_too,
    twenty_thousand_events_verify_in_a_time_that_is_printed)
