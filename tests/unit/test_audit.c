/* The audit log: what is appended is what is read, the chain goes on, and the attack suite: each
 * way to change what happened is refused by the serving connection, or found by the verifier at the
 * right event or row. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

#include "common/sys/db.h"
#include "common/sys/json_read.h"
#include "tests/unit/raw_book.h"

static struct book b;

/* A book of eight events:
 * 1 created, 2 people, 3 policy, 4 five entries and an exception, 5 two matches, 6 an escalation,
 * 7 the first match confirmed, 8 nothing but itself. */
static void people(void)
{
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-ana", "Ana", true));
    ck_ok(principal_put(&b.tx, "p-bob", "Bob", true));
    ck_ok(role_grant(&b.tx, "p-ana", "controller", NULL));
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
}

static void policy_and_entries(void)
{
    static const char *const ids[] = {"bank:1", "bank:2", "gl:1", "gl:2", "gl:3"};
    static const struct exception_row missing = {.entry_id = "gl:3",
                                                 .entity_id = "us",
                                                 .account_id = "1000",
                                                 .class_ = "MISSING_BANK",
                                                 .detail = "{}"};
    bool is_new;
    call_begin(&b);
    ck_ok(policy_keep(&b.tx, "0123456789012345678901234567890123456789012345678901234567890123",
                      STR("version: 1\n"), &is_new));
    append(&b, "POLICY_LOADED");
    call_end(&b);
    call_begin(&b);
    for (int i = 0; i < 5; i++)
        entry_add(&b, ids[i], i < 2 ? SIDE_BANK : SIDE_GL, 1200000 + i % 2);
    ck_ok(exception_insert(&b.tx, &missing, &is_new));
    ck_ok(effect_bulk(&b.tx, TABLE_ENTRIES, 5));
    ck_ok(effect_bulk(&b.tx, TABLE_EXCEPTIONS, 1));
    append(&b, "INGESTED");
    call_end(&b);
}

static struct match first, second;

static void matches(void)
{
    call_begin(&b);
    first = pair_of(&b, "bank:1", "gl:1", 1200000);
    second = pair_of(&b, "bank:2", "gl:2", 1200001);
    first.match_id = "mat_1";
    second.match_id = "mat_2";
    ck_ok(match_insert(&b.tx, &first));
    ck_ok(match_insert(&b.tx, &second));
    ck_ok(effect_bulk(&b.tx, TABLE_MATCHES, 2));
    append(&b, "OK");
    call_end(&b);
}

static void decisions(void)
{
    const struct party party = {PARTY_AGENT, "llm:s-1", "p-ana"};
    const struct escalation e = escalation_of("esc_1", "key-1");
    const struct event confirmed = {.type = "OK",
                                    .match_id = "mat_1",
                                    .entity_id = "us",
                                    .rationale = "wire 4471",
                                    .rationale_author = "human"};
    call_begin(&b);
    ck_ok(escalation_insert(&b.tx, &e));
    ck_ok(escalation_party_add(&b.tx, "esc_1", &party));
    append(&b, "ESCALATION_PENDING");
    call_end(&b);
    call_begin(&b);
    ck_ok(match_transition(&b.tx, &first, MATCH_CONFIRMED, "human:ana"));
    ck_ok(audit_append(&b.tx, &confirmed));
    call_end(&b);
    event_add(&b, "ENGINE_STARTED");
}

static void up(void)
{
    book_up(&b);
    people();
    policy_and_entries();
    matches();
    decisions();
}

static void down(void)
{
    book_down(&b);
}

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
                     "mat_2|us|9223372036854775807|USD|3|Nobody.|8|\"quoted\" \u00e4");
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
    ck_assert_uint_eq(s.n, 7); /* all but the one of us */
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

/* ---- attacks behind the triggers' back: found ---- */

#define TRIGGERS_OFF                                                                               \
    "CREATE TEMP TABLE t AS SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name ="   \
    " 'audit_events';"                                                                             \
    "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_append;"

/* Changes rows with the triggers dropped, then puts them back word for word. */
static void attack_behind(const char *sql)
{
    sqlite3 *raw = NULL;
    sqlite3_stmt *q = NULL;
    ck_assert_int_eq(sqlite3_open(b.path, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw, TRIGGERS_OFF, NULL, NULL, NULL), SQLITE_OK);
    int rc = sqlite3_exec(raw, sql, NULL, NULL, NULL);
    ck_assert_msg(rc == SQLITE_OK, "the attack itself failed: %s", sqlite3_errmsg(raw));
    ck_assert_int_eq(sqlite3_prepare_v2(raw, "SELECT sql FROM t", -1, &q, NULL), SQLITE_OK);
    while (sqlite3_step(q) == SQLITE_ROW)
        ck_assert_int_eq(
            sqlite3_exec(raw, (const char *)sqlite3_column_text(q, 0), NULL, NULL, NULL),
            SQLITE_OK);
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(raw);
}

START_TEST(an_edited_event_is_found)
{
    attack_behind("UPDATE audit_events SET event = replace(event, 'wire 4471', 'wire 4472')"
                  " WHERE seq = 7");
    expect_broken(&b, 7, NULL);
}
END_TEST

START_TEST(a_deleted_event_is_found)
{
    attack_behind("DELETE FROM audit_events WHERE seq = 4");
    expect_broken(&b, 4, NULL);
}
END_TEST

START_TEST(a_gap_that_was_closed_again_is_found)
{
    attack_behind("DELETE FROM audit_events WHERE seq = 4;"
                  "UPDATE audit_events SET seq = seq - 1 WHERE seq > 4");
    expect_broken(&b, 4, NULL);
}
END_TEST

START_TEST(two_events_changed_over_are_found)
{
    attack_behind("UPDATE audit_events SET seq = 99 WHERE seq = 3;"
                  "UPDATE audit_events SET seq = 3 WHERE seq = 4;"
                  "UPDATE audit_events SET seq = 4 WHERE seq = 99");
    expect_broken(&b, 3, NULL);
}
END_TEST

START_TEST(a_forged_hash_prev_is_found)
{
    attack_behind("UPDATE audit_events SET hash_prev = zeroblob(32) WHERE seq = 5");
    expect_broken(&b, 5, NULL);
}
END_TEST

START_TEST(a_forged_hash_self_is_found)
{
    attack_behind("UPDATE audit_events SET hash_self = randomblob(32) WHERE seq = 8");
    expect_broken(&b, 8, NULL);
}
END_TEST

START_TEST(a_beginning_that_was_cut_off_is_found)
{
    attack_behind("DELETE FROM audit_events WHERE seq = 1");
    CLEANUP(store_close) struct store *again = NULL;
    ck_err(store_open(b.path, STORE_WRITER, b.arena, &again), ERR_STORE);
    expect_broken(&b, 1, NULL);
}
END_TEST

START_TEST(an_emptied_log_is_found)
{
    attack_behind("DELETE FROM audit_events");
    expect_broken(&b, 0, NULL);
}
END_TEST

START_TEST(events_that_were_cut_off_at_the_end_leave_rows_nobody_wrote)
{
    attack_behind("DELETE FROM audit_events WHERE seq >= 7");
    expect_broken(&b, 7, "match_states");
}
END_TEST

/* The first wrong event is named, not the last. */
START_TEST(the_first_of_many_wrong_events_is_named)
{
    attack_behind("UPDATE audit_events SET event = event || ' ' WHERE seq >= 3");
    expect_broken(&b, 3, NULL);
}
END_TEST

START_TEST(a_dropped_trigger_is_found_while_serving_and_at_the_next_start)
{
    struct audit_report r;
    struct tx tx;
    attack(&b, "DROP TRIGGER audit_no_delete");
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(audit_verify(&tx, b.arena, &r));
    tx_read_end(&tx);
    ck_assert_int_eq(r.kind, AUDIT_BROKEN);
    CLEANUP(store_close) struct store *again = NULL;
    ck_err(store_open(b.path, STORE_WRITER, b.arena, &again), ERR_STORE);
}
END_TEST

START_TEST(a_trigger_rewritten_through_the_schema_table_is_found)
{
    attack(&b, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
               " replace(sql, 'append-only', 'whatever') WHERE name = 'audit_no_update'");
    CLEANUP(store_close) struct store *again = NULL;
    ck_err(store_open(b.path, STORE_READER, b.arena, &again), ERR_STORE);
    expect_broken(&b, 0, NULL);
}
END_TEST

/* ---- forged events with honest arithmetic ---- */

/* Appends this text with the right seq, hash_prev and hash_self, as a stranger who knows how. */
static int forge(const char *event)
{
    const struct chain_head *head = store_head(b.store);
    uint8_t self[32];
    struct sha256 h;
    sqlite3 *raw = NULL;
    sqlite3_stmt *q = NULL;
    sha256_begin(&h);
    sha256_add(&h, head->hash, 32);
    sha256_add(&h, event, strlen(event));
    sha256_end(&h, self);
    ck_assert_int_eq(sqlite3_open(b.path, &raw), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_prepare_v2(raw, "INSERT INTO audit_events VALUES (?, ?, ?, ?)", -1, &q, NULL),
        SQLITE_OK);
    (void)sqlite3_bind_int64(q, 1, head->seq + 1);
    (void)sqlite3_bind_text(q, 2, event, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(q, 3, head->hash, 32, SQLITE_STATIC);
    (void)sqlite3_bind_blob(q, 4, self, 32, SQLITE_STATIC);
    int rc = sqlite3_step(q);
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(raw);
    return rc;
}

static const char *forged(const char *fmt)
{
    /* fmt takes the book's id */
    const char *at = strstr(fmt, "BOOK");
    return arena_fmt(b.arena, "%.*s%s%s", (int)(at - fmt), fmt, store_book_id(b.store), at + 4);
}

#define LATER "\"timestamp_utc\":\"2026-03-03T10:00:00.000000Z\"}"

START_TEST(an_honest_forgery_passes_so_that_the_next_tests_mean_something)
{
    const char *e = forged("{\"book_id\":\"BOOK\",\"event_type\":\"OK\",\"seq\":9," LATER);
    ck_assert_int_eq(forge(e), SQLITE_DONE);
    expect_intact(&b);
}
END_TEST

static void expect_forgery_found(const char *fmt)
{
    ck_assert_int_eq(forge(forged(fmt)), SQLITE_DONE);
    expect_broken(&b, 9, NULL);
}

START_TEST(an_event_that_is_not_canonical_is_found)
{
    expect_forgery_found("{\"book_id\":\"BOOK\", \"event_type\":\"OK\",\"seq\":9," LATER);
}
END_TEST

START_TEST(members_out_of_order_are_found)
{
    expect_forgery_found("{\"event_type\":\"OK\",\"book_id\":\"BOOK\",\"seq\":9," LATER);
}
END_TEST

START_TEST(twin_keys_are_found)
{
    expect_forgery_found(
        "{\"book_id\":\"BOOK\",\"event_type\":\"OK\",\"event_type\":\"OK\",\"seq\":9," LATER);
}
END_TEST

START_TEST(a_clock_that_goes_backwards_is_found)
{
    expect_forgery_found("{\"book_id\":\"BOOK\",\"event_type\":\"OK\",\"seq\":9,"
                         "\"timestamp_utc\":\"2026-03-03T09:00:07.000000Z\"}");
}
END_TEST

START_TEST(a_clock_that_stands_still_is_found)
{
    expect_forgery_found("{\"book_id\":\"BOOK\",\"event_type\":\"OK\",\"seq\":9,"
                         "\"timestamp_utc\":\"2026-03-03T09:00:08.000000Z\"}");
}
END_TEST

START_TEST(a_time_in_another_spelling_is_found)
{
    expect_forgery_found("{\"book_id\":\"BOOK\",\"event_type\":\"OK\",\"seq\":9,"
                         "\"timestamp_utc\":\"tomorrow\"}");
}
END_TEST

START_TEST(an_event_of_another_book_is_found)
{
    attack_behind("UPDATE audit_events SET event = event WHERE 0");
    static const char other[] =
        "{\"book_id\":\"book_OTHER\",\"event_type\":\"OK\",\"seq\":9," LATER;
    ck_assert_int_ne(forge(other), SQLITE_DONE); /* the trigger */
    attack(&b, "DROP TRIGGER audit_append");
    ck_assert_int_eq(forge(other), SQLITE_DONE);
    struct audit_report r;
    struct tx tx;
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(audit_verify(&tx, b.arena, &r)); /* the schema is wrong already */
    tx_read_end(&tx);
    ck_assert_int_eq(r.kind, AUDIT_BROKEN);
}
END_TEST

START_TEST(another_books_rows_copied_in_are_found)
{
    struct book other;
    book_up(&other);
    call_begin(&other);
    ck_ok(principal_put(&other.tx, "p-eve", "Eve", true));
    append(&other, "REGISTRY_CHANGED");
    call_end(&other);
    store_close(other.store);
    other.store = NULL;
    const char *copy = arena_fmt(b.arena,
                                 "ATTACH '%s' AS o; INSERT INTO main.principals SELECT * FROM"
                                 " o.principals",
                                 other.path);
    attack(&b, copy);
    expect_broken(&b, 2, "principals");
    copy = arena_fmt(b.arena,
                     "ATTACH '%s' AS o; INSERT INTO main.audit_events SELECT 9, event, hash_prev,"
                     " hash_self FROM o.audit_events WHERE seq = 2",
                     other.path);
    ck_assert_int_ne(attack_rc(&b, copy), SQLITE_OK);
    book_down(&other);
}
END_TEST

/* ---- attacks on the rows that decisions made ---- */

static const struct {
    const char *sql, *table;
    int64_t seq;
} edits[] = {
    {"UPDATE matches SET amount_minor = 1 WHERE match_id = 'mat_1'", "matches", 5},
    {"UPDATE matches SET proposer = 'human:ana'", "matches", 5},
    {"UPDATE matches SET legs = 'x' WHERE match_id = 'mat_2'", "matches", 5},
    {"UPDATE matches SET rationale = CAST(x'ff' AS TEXT)", "matches", 5},
    {"UPDATE match_states SET actor = 'human:bob'", "match_states", 7},
    {"UPDATE match_states SET version = 9", "match_states", 7},
    {"DELETE FROM match_states", "match_states", 7},
    {"INSERT INTO match_states VALUES ('mat_2', 'CONFIRMED', 'human:ana', 2, 7)", "match_states",
     7},
    {"INSERT INTO match_states VALUES ('mat_2', 'CONFIRMED', 'human:ana', 2, 8)", "match_states",
     8},
    {"UPDATE principals SET status = 'disabled' WHERE principal_id = 'p-bob'", "principals", 2},
    {"UPDATE principals SET name = '' WHERE principal_id = 'p-ana'", "principals", 2},
    {"INSERT INTO principals VALUES ('p-eve', 'Eve', 'active', 1, 2)", "principals", 2},
    {"PRAGMA foreign_keys = OFF; DELETE FROM principals WHERE principal_id = 'p-bob'", "principals",
     2},
    {"UPDATE roles SET role = 'controller', entity_id = 'uk'", "roles", 2},
    {"DELETE FROM roles", "roles", 2},
    {"UPDATE policies SET text = 'version: 2'", "policies", 3},
    {"UPDATE entries SET amount_minor = amount_minor + 1 WHERE entry_id = 'gl:2'", "entries", 4},
    {"UPDATE entries SET memo = NULL WHERE entry_id = 'gl:1'", "entries", 4},
    {"UPDATE entries SET memo = '' WHERE entry_id = 'gl:1'", "entries", 4},
    {"DELETE FROM entries WHERE entry_id = 'gl:3'", "entries", 4},
    {"DELETE FROM entries WHERE entry_id = 'bank:1'", "entries", 4},
    {"INSERT INTO entries SELECT 'gl:9', version, side, source_id, file_id, row_no, entity_id,"
     " account_id, date, value_date, amount_minor, currency, counterparty, memo, reference,"
     " group_key, journal_id, contra_account, contra, event_kind, reverses, raw_sha256, seq"
     " FROM entries WHERE entry_id = 'gl:1'",
     "entries", 4},
    {"UPDATE entries SET rowid = -1 WHERE entry_id = 'gl:2'", "entries", 4},
    {"UPDATE exceptions SET class = 'TIMING'", "exceptions", 4},
    {"DELETE FROM exceptions", "exceptions", 4},
    {"UPDATE escalations SET requester_obo = 'p-bob'", "escalations", 6},
    {"UPDATE escalations SET state = 'APPROVED', decided_by = 'human:bob'", "escalations", 6},
    {"UPDATE escalations SET expires_at = '2027-01-01T00:00:00Z'", "escalations", 6},
    {"DELETE FROM escalation_parties", "escalation_parties", 6},
    {"UPDATE escalation_parties SET role = 'approver'", "escalation_parties", 6},
    {"DELETE FROM live_legs WHERE entry_id = 'gl:2'", "live_legs", 0},
    {"INSERT INTO live_legs VALUES ('gl:3', 'mat_1')", "live_legs", 0},
    {"DELETE FROM unsettled WHERE entry_id = 'gl:3'", "unsettled", 0},
    {"UPDATE live_legs SET match_id = 'mat_2' WHERE entry_id = 'gl:1'", "live_legs", 0},
    {"INSERT INTO rejected_compositions VALUES ('00', 'mat_2')", "rejected_compositions", 0},
    {"DELETE FROM exception_due", "exception_due", 0},
    {"UPDATE exception_due SET entry_id = 'gl:1'", "exception_due", 0},
    {"INSERT INTO exception_due VALUES ('exc_1', 'gl:1')", "exception_due", 0},
    {"INSERT INTO auto_confirmed VALUES ('k', 'book', '', '2026-03-03', 'USD', 1, 1, 1, 8)",
     "auto_confirmed", 8},
};

START_TEST(an_edited_row_is_found)
{
    attack(&b, edits[_i].sql);
    struct audit_report r;
    ck_ok(book_verify(&b, &r));
    ck_assert_msg(r.kind == AUDIT_BROKEN, "not found: %s", edits[_i].sql);
    ck_assert_msg(text_eq(r.table, edits[_i].table) && r.bad_seq == edits[_i].seq,
                  "%s: found in %s at %lld", edits[_i].sql, r.table, (long long)r.bad_seq);
}
END_TEST

/* A match that was turned down is not proposed again; whoever edits that list is found. */
static const char *const turned_down[] = {
    "DELETE FROM rejected_compositions",
    "UPDATE rejected_compositions SET composition_sha256 = '00'",
    "UPDATE rejected_compositions SET match_id = 'mat_1'",
    "INSERT INTO rejected_compositions SELECT composition_sha256, match_id FROM matches"
    " WHERE match_id = 'mat_1'",
};

START_TEST(an_edited_list_of_what_was_turned_down_is_found)
{
    struct audit_report r;
    call_begin(&b);
    ck_ok(match_transition(&b.tx, &second, MATCH_REJECTED, "human:ana"));
    append(&b, "OK");
    call_end(&b);
    expect_intact(&b);
    attack(&b, turned_down[_i]);
    ck_ok(book_verify(&b, &r));
    ck_assert_msg(r.kind == AUDIT_BROKEN, "not found: %s", turned_down[_i]);
    ck_assert_str_eq(r.table, "rejected_compositions");
}
END_TEST

/* ---- attacks on the file's bytes ---- */

static char *file_read(off_t *size)
{
    int fd = open(b.path, O_RDONLY);
    struct stat st;
    ck_assert(fd >= 0 && fstat(fd, &st) == 0);
    char *bytes = malloc((size_t)st.st_size);
    ck_assert(read(fd, bytes, (size_t)st.st_size) == st.st_size);
    (void)close(fd);
    *size = st.st_size;
    return bytes;
}

/* Writes `with` over the first place where `text` stands in the file, behind SQLite's back. */
static void file_edit(const char *text, const char *with)
{
    off_t size;
    store_close(b.store);
    b.store = NULL;
    attack(&b, "PRAGMA wal_checkpoint(TRUNCATE)");
    char *bytes = file_read(&size);
    char *at = memmem(bytes, (size_t)size, text, strlen(text));
    ck_assert_msg(at != NULL, "not in the file: %s", text);
    int fd = open(b.path, O_WRONLY);
    ck_assert(pwrite(fd, with, strlen(with), at - bytes) == (ssize_t)strlen(with));
    (void)close(fd);
    free(bytes);
}

START_TEST(a_flipped_byte_in_an_event_is_found)
{
    file_edit("wire 4471", "wire 4479");
    expect_broken(&b, 7, NULL);
}
END_TEST

START_TEST(a_flipped_byte_in_a_match_is_found)
{
    file_edit("\"amount_minor\":\"1200001\"", "\"amount_minor\":\"1200009\"");
    expect_broken(&b, 5, "matches");
}
END_TEST

/* Every row is as it was, but a question that goes by the index gets another answer. The index's
 * row is the match's id after its entity and account. */
START_TEST(an_edited_index_is_found)
{
    file_edit("us1000", "uk1000");
    struct audit_report r;
    ck_ok(book_verify(&b, &r));
    ck_assert_int_eq(r.kind, AUDIT_BROKEN);
}
END_TEST

START_TEST(a_page_of_noise_is_found)
{
    sqlite3 *raw = NULL;
    sqlite3_stmt *q = NULL;
    store_close(b.store);
    b.store = NULL;
    attack(&b, "PRAGMA wal_checkpoint(TRUNCATE)");
    ck_assert_int_eq(sqlite3_open(b.path, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(raw,
                                        "SELECT rootpage FROM sqlite_schema WHERE name = 'matches'",
                                        -1, &q, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    off_t page = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(raw);
    char noise[4096];
    memset(noise, 0xA5, sizeof noise);
    int fd = open(b.path, O_WRONLY);
    ck_assert(pwrite(fd, noise, sizeof noise, (page - 1) * 4096) == sizeof noise);
    (void)close(fd);
    struct audit_report r;
    ck_ok(book_verify(&b, &r));
    ck_assert_int_eq(r.kind, AUDIT_BROKEN);
}
END_TEST

/* ---- speed, printed ---- */

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

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
    int64_t begun = now_ns();
    ck_ok(book_verify(&b, &r));
    (void)fprintf(stderr, "# %" PRId64 " events verified in %" PRId64 " ms\n", r.events,
                  (now_ns() - begun) / 1000000);
    ck_assert_int_eq(r.kind, AUDIT_INTACT);
    ck_assert_int_eq(r.events, 20008);
}
END_TEST

static void add(TCase *tcase, const TTest *const *tests, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
}

static void add_all(TCase *tcase)
{
    const TTest *const honest[] = {a_book_as_it_was_written_is_intact,
                                   the_chain_goes_on_after_the_book_was_closed,
                                   a_stuck_clock_does_not_stop_time,
                                   a_clock_that_fell_an_hour_back_stops_the_book,
                                   a_call_that_is_undone_leaves_nothing_behind,
                                   effects_of_a_call_that_failed_do_not_reach_the_next_event,
                                   an_abandoned_group_never_was,
                                   the_event_holds_what_was_given_and_the_columns_say_the_same,
                                   a_query_finds_by_each_filter,
                                   a_query_cuts_time_at_the_instant_asked};
    const TTest *const attacks[] = {the_serving_connection_appends_and_nothing_else,
                                    the_serving_connection_changes_no_schema_and_no_setting,
                                    the_triggers_stop_a_stranger_too,
                                    an_edited_event_is_found,
                                    a_deleted_event_is_found,
                                    a_gap_that_was_closed_again_is_found,
                                    two_events_changed_over_are_found,
                                    a_forged_hash_prev_is_found,
                                    a_forged_hash_self_is_found,
                                    a_beginning_that_was_cut_off_is_found,
                                    an_emptied_log_is_found,
                                    events_that_were_cut_off_at_the_end_leave_rows_nobody_wrote,
                                    the_first_of_many_wrong_events_is_named,
                                    a_dropped_trigger_is_found_while_serving_and_at_the_next_start,
                                    a_trigger_rewritten_through_the_schema_table_is_found};
    const TTest *const forgeries[] = {
        an_honest_forgery_passes_so_that_the_next_tests_mean_something,
        an_event_that_is_not_canonical_is_found,
        members_out_of_order_are_found,
        twin_keys_are_found,
        a_clock_that_goes_backwards_is_found,
        a_clock_that_stands_still_is_found,
        a_time_in_another_spelling_is_found,
        an_event_of_another_book_is_found,
        another_books_rows_copied_in_are_found,
        a_flipped_byte_in_an_event_is_found,
        a_flipped_byte_in_a_match_is_found,
        an_edited_index_is_found,
        a_page_of_noise_is_found,
        twenty_thousand_events_verify_in_a_time_that_is_printed};
    add(tcase, honest, sizeof honest / sizeof honest[0]);
    add(tcase, attacks, sizeof attacks / sizeof attacks[0]);
    add(tcase, forgeries, sizeof forgeries / sizeof forgeries[0]);
    tcase_add_loop_test(tcase, an_edited_row_is_found, 0, sizeof edits / sizeof edits[0]);
    tcase_add_loop_test(tcase, an_edited_list_of_what_was_turned_down_is_found, 0,
                        sizeof turned_down / sizeof turned_down[0]);
}

int main(void)
{
    TCase *tcase = test_case("audit", up, down);
    add_all(tcase);
    return test_run("audit", tcase);
}
