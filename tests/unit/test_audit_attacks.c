/* The attack suite on the audit log: each way to change what happened behind the triggers' back is
 * found by the verifier at the right event or row. */
#include <fcntl.h>
#include <sys/stat.h>

#include "common/sys/json_read.h"
#include "tests/unit/audit_book.h"

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

int main(void)
{
    const TTest *const tests[] = {an_edited_event_is_found,
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
                                  a_trigger_rewritten_through_the_schema_table_is_found,
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
                                  a_page_of_noise_is_found};
    TCase *tcase = test_case("audit_attacks", up, down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, an_edited_row_is_found, 0, sizeof edits / sizeof edits[0]);
    tcase_add_loop_test(tcase, an_edited_list_of_what_was_turned_down_is_found, 0,
                        sizeof turned_down / sizeof turned_down[0]);
    return test_run("audit_attacks", tcase);
}
