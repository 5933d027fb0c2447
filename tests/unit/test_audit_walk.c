/* Reading the log in chunks on several threads, and what verifying makes of it: the same answer on
 * any number of threads, and the first wrong event wherever chunks and tiles begin and end. */
#include "engine/store/audit_walk.h"

#include <stdatomic.h>

#include "engine/store/tree.h"
#include "tests/unit/raw_book.h"

enum { EVENTS = 2 * WALK_CHUNK + 900, GROUP = 97 };

static struct book b;
static struct note_signer signer;
static const unsigned thread_counts[] = {1, 2, 3, 8};

#define EACH_COUNT(t) (size_t t = 0; t < sizeof thread_counts / sizeof thread_counts[0]; t++)

static void up(void)
{
    uint8_t seed[ED25519_KEY_LEN] = {7}, key[ED25519_KEY_LEN];
    char origin[TREE_ORIGIN_SIZE];
    book_up(&b);
    ck_ok(ed25519_from_seed(seed, &signer.secret));
    ed25519_public(signer.secret, key);
    tree_origin(b.store, origin);
    ck_ok(note_key_make(origin, NOTE_ED25519, key, &signer.key));
    ck_ok(tree_sign_with(b.store, &signer));
    for (int64_t n = 1; n < EVENTS;) {
        call_begin(&b);
        for (int i = 0; i < GROUP && n < EVENTS; i++, n++)
            append(&b, "ENGINE_STARTED");
        call_end(&b);
        arena_reset(b.arena);
    }
}

static void down(void)
{
    book_down(&b);
    ed25519_free(signer.secret);
}

/* ---- the walk ---- */

struct sum {
    int64_t seqs, rows;
};

struct looking {
    int64_t next, seqs; /* the first event of the next chunk; of all that were joined */
    int64_t bad, worse; /* events at which a row fails; 0: none */
    int64_t stop_at;    /* the chunk that has it is the last one */
    int joins;
};

static struct err sum_open(struct walk_hand *hand, struct walk_chunk *chunk)
{
    (void)hand;
    chunk->found = ARENA_NEW(chunk->arena, struct sum);
    return arena_check(chunk->arena);
}

static struct err sum_row(struct walk_hand *hand, struct walk_chunk *chunk,
                          const struct walk_row *row)
{
    const struct looking *l = hand->arg;
    struct sum *sum = chunk->found;
    if (row->seq == l->bad || row->seq == l->worse)
        return err_fmt(hand->scratch, ERR_STORE, NULL, "event %lld", (long long)row->seq);
    sum->seqs += row->seq;
    sum->rows += row->event.len > 0 && row->hash_self.len == 32;
    return OK;
}

static struct err sum_join(void *arg, const struct walk_chunk *chunk, bool *stop)
{
    struct looking *l = arg;
    const struct sum *sum = chunk->found;
    ck_assert_int_eq(chunk->first, l->next);
    ck_assert_int_eq(chunk->rows, chunk->last - chunk->first + 1);
    ck_assert_int_eq(sum->rows, chunk->rows);
    l->next = chunk->last + 1;
    l->seqs += sum->seqs;
    l->joins++;
    *stop = l->stop_at != 0 && chunk->last >= l->stop_at;
    return OK;
}

static struct err look(struct looking *l, int64_t first, int64_t last, unsigned threads)
{
    const struct walk walk = {.path = b.path,
                              .first = first,
                              .last = last,
                              .threads = threads,
                              .arg = l,
                              .open = sum_open,
                              .row = sum_row,
                              .join = sum_join};
    l->next = first;
    arena_reset(b.arena);
    return audit_walk(&walk, b.arena, NULL);
}

START_TEST(chunks_are_joined_in_order_whatever_the_threads)
{
    static const int64_t ranges[][2] = {
        {1, EVENTS}, {1, 1}, {WALK_CHUNK, WALK_CHUNK + 1}, {4000, 8200}, {EVENTS, EVENTS}};
    for
        EACH_COUNT(t)
        {
            for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
                const int64_t first = ranges[i][0], last = ranges[i][1];
                struct looking l = {.next = 0};
                ck_ok(look(&l, first, last, thread_counts[t]));
                ck_assert_int_eq(l.next, last + 1);
                ck_assert_int_eq(l.seqs, (first + last) * (last - first + 1) / 2);
            }
            struct looking none = {.next = 0};
            ck_ok(look(&none, 5, 4, thread_counts[t]));
            ck_assert_int_eq(none.joins, 0);
        }
}
END_TEST

START_TEST(the_error_is_that_of_the_first_chunk_that_failed)
{
    for
        EACH_COUNT(t)
        {
            struct looking l = {.bad = 2 * WALK_CHUNK + 5, .worse = WALK_CHUNK + 7};
            struct err e = look(&l, 1, EVENTS, thread_counts[t]);
            ck_assert_int_eq(e.kind, ERR_STORE);
            ck_assert_str_eq(e.msg, "event 4103");
            ck_assert_int_eq(l.joins, 1);
        }
}
END_TEST

START_TEST(a_join_may_end_the_walk)
{
    for
        EACH_COUNT(t)
        {
            struct looking l = {.stop_at = WALK_CHUNK + 1, .bad = 2 * WALK_CHUNK + 5};
            ck_ok(look(&l, 1, EVENTS, thread_counts[t]));
            ck_assert_int_eq(l.joins, 2);
        }
}
END_TEST

START_TEST(a_number_that_no_event_has_is_an_error)
{
    attack(&b, "DROP TRIGGER audit_no_delete; DELETE FROM audit_events WHERE seq = 5000");
    for
        EACH_COUNT(t)
        {
            struct looking l = {.next = 0};
            ck_err(look(&l, 1, EVENTS, thread_counts[t]), ERR_STORE);
            ck_assert_int_eq(l.joins, 1);
        }
}
END_TEST

/* The page that has the event is no page any more. */
static void page_spoil(int64_t seq)
{
    static const char nothing[8] = {0};
    char text[32];
    (void)snprintf(text, sizeof text, "\"seq\":%lld,", (long long)seq);
    attack_file(&b, text, true, nothing, sizeof nothing);
}

/* The first of three chunks waits until somebody has read the second, and is at the third. */
struct waiting {
    atomic_bool third;
    bool stop, fail; /* behind the first chunk; in it */
};

static struct err wait_open(struct walk_hand *hand, struct walk_chunk *chunk)
{
    struct waiting *w = hand->arg;
    if (chunk->first > 2 * WALK_CHUNK)
        atomic_store(&w->third, true);
    return OK;
}

static struct err wait_row(struct walk_hand *hand, struct walk_chunk *chunk,
                           const struct walk_row *row)
{
    struct waiting *w = hand->arg;
    (void)row;
    while (chunk->first == 1 && !atomic_load(&w->third))
        (void)usleep(1000);
    ENSURE(chunk->first > 1 || !w->fail, ERR_LIMIT, "too much");
    return OK;
}

static struct err wait_join(void *arg, const struct walk_chunk *chunk, bool *stop)
{
    const struct waiting *w = arg;
    (void)chunk;
    *stop = w->stop;
    return OK;
}

static struct err wait_walk(bool stop, bool fail, bool *damaged)
{
    struct waiting w = {.stop = stop, .fail = fail};
    const struct walk walk = {.path = b.path,
                              .first = 1,
                              .last = EVENTS,
                              .threads = 2,
                              .arg = &w,
                              .open = wait_open,
                              .row = wait_row,
                              .join = wait_join};
    return audit_walk(&walk, b.arena, damaged);
}

START_TEST(damage_behind_the_end_or_the_first_error_is_not_the_answer)
{
    bool damaged;
    page_spoil(5000);
    ck_ok(wait_walk(true, false, &damaged));
    ck_assert(!damaged);
    ck_err(wait_walk(false, true, &damaged), ERR_LIMIT);
    ck_assert(!damaged);
    ck_err(wait_walk(false, false, &damaged), ERR_STORE);
    ck_assert(damaged);
}
END_TEST

/* ---- verifying ---- */

/* SQL with every trigger out of the way, and put back word for word. */
static void attack_behind(const char *sql)
{
    sqlite3 *raw = NULL;
    sqlite3_stmt *q = NULL;
    char *drops = NULL;
    ck_assert_int_eq(sqlite3_open(b.path, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(raw,
                                  "CREATE TEMP TABLE t AS SELECT name, sql FROM sqlite_schema"
                                  " WHERE type = 'trigger'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(raw,
                                        "SELECT group_concat('DROP TRIGGER ' || name, ';') FROM t",
                                        -1, &q, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    drops = strdup((const char *)sqlite3_column_text(q, 0));
    (void)sqlite3_finalize(q);
    ck_assert_int_eq(sqlite3_exec(raw, drops, NULL, NULL, NULL), SQLITE_OK);
    free(drops);
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

static struct audit_report verify_against(unsigned threads, const struct audit_kept *kept,
                                          size_t kept_n)
{
    const char *key;
    struct audit_report r;
    arena_reset(b.arena);
    key = note_key_print(b.arena, &signer.key);
    const struct audit_given given = {.path = b.path,
                                      .threads = threads,
                                      .keys = &key,
                                      .keys_n = 1,
                                      .kept = kept,
                                      .kept_n = kept_n};
    ck_ok(audit_verify_path(b.path, false, &given, b.arena, &r));
    return r;
}

static struct audit_report verify(unsigned threads)
{
    return verify_against(threads, NULL, 0);
}

/* A head of this size that somebody kept; with another root when it is `other`. */
static struct audit_kept kept_head(struct buf *out, uint64_t size, bool other)
{
    struct tree_head head;
    struct buf text;
    struct tx tx;
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(head_of(&tx, b.arena, size, &head));
    tx_read_end(&tx);
    head.root.at[0] ^= other;
    const struct checkpoint c = {
        .origin = str_of(signer.key.name), .size = size, .root = head.root};
    buf_init(&text, NOTE_BYTES_MAX);
    buf_init(out, NOTE_BYTES_MAX);
    checkpoint_print(&c, &text);
    ck_ok(note_sign(buf_str(&text), &signer, out));
    buf_fini(&text);
    return (struct audit_kept){.name = "kept", .text = buf_str(out)};
}

/* Broken there in the one question, and in no other; on any number of threads. */
static void expect_told(enum audit_question question, int64_t seq)
{
    for
        EACH_COUNT(t)
        {
            const struct audit_report r = verify(thread_counts[t]);
            ck_assert_int_eq(r.kind, AUDIT_BROKEN);
            ck_assert_int_eq(r.bad_seq, seq);
            for (size_t i = 0; i < AUDIT_QUESTIONS; i++) {
                const struct audit_told *told = &r.told[i];
                ck_assert_msg(told->answer == (i == question ? AUDIT_NOT_OK : AUDIT_OK),
                              "%u threads, question %zu: %d at %lld, %s", thread_counts[t], i,
                              (int)told->answer, (long long)told->bad_seq, told->says);
            }
            ck_assert_int_eq(r.told[question].bad_seq, seq);
        }
}

START_TEST(a_log_of_several_chunks_is_intact_on_any_number_of_threads)
{
    for
        EACH_COUNT(t)
        {
            const struct audit_report r = verify(thread_counts[t]);
            ck_assert_msg(r.kind == AUDIT_INTACT, "%s", r.problem);
            ck_assert_int_eq(r.events, EVENTS);
            ck_assert_int_eq(r.covered, EVENTS);
            ck_assert_int_eq(r.heads, 1 + (EVENTS - 2) / GROUP);
            ck_assert(!r.asked && !r.own_word);
            ck_assert_str_eq(r.key, note_key_print(b.arena, &signer.key));
        }
}
END_TEST

START_TEST(an_edited_event_is_named_where_chunks_begin_and_end)
{
    static const int64_t seqs[] = {
        EVENTS, 2 * WALK_CHUNK + 1, 2 * WALK_CHUNK, WALK_CHUNK + 1, WALK_CHUNK, 257, 256, 2};
    char sql[256];
    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) { /* each before the last one */
        (void)snprintf(sql, sizeof sql,
                       "UPDATE audit_events SET event = replace(event, 'ENGINE_STARTED',"
                       " 'ENGINE_STOPPED') WHERE seq = %lld",
                       (long long)seqs[i]);
        attack_behind(sql);
        expect_told(AUDIT_ROWS, seqs[i]);
    }
}
END_TEST

START_TEST(a_tile_that_was_changed_names_the_event)
{
    attack_behind("UPDATE audit_tiles SET hashes = CAST(substr(hashes, 1, 32 * 9) || zeroblob(32)"
                  " || substr(hashes, 32 * 10 + 1) AS BLOB) WHERE level = 0 AND n = 20");
    expect_told(AUDIT_TREE, 20 * 256 + 10);
    attack_behind("UPDATE audit_tiles SET hashes = CAST(substr(hashes, 1, 32 * 255) ||"
                  " zeroblob(32) AS BLOB) WHERE level = 0 AND n = 18"); /* its last leaf */
    expect_told(AUDIT_TREE, 18 * 256 + 256);
    attack_behind("UPDATE audit_tiles SET root = zeroblob(32) WHERE level = 0 AND n = 3");
    expect_told(AUDIT_TREE, 3 * 256 + 1);
    attack_behind("DELETE FROM audit_tiles WHERE level = 0 AND n = 1");
    expect_told(AUDIT_TREE, 257);
    attack_behind("INSERT INTO audit_tiles SELECT 0, 1000, root, hashes FROM audit_tiles LIMIT 1");
    ck_assert_int_eq(verify(2).told[AUDIT_TREE].answer, AUDIT_NOT_OK);
}
END_TEST

/* The first wrong event is the first one after the last head that held. */
START_TEST(a_head_that_was_changed_names_what_it_covers_beyond_the_one_before)
{
    const int64_t size = 1 + 43 * GROUP, before = size - GROUP; /* in the second chunk */
    char sql[128];
    (void)snprintf(sql, sizeof sql, "UPDATE audit_heads SET root = zeroblob(32) WHERE size = %lld",
                   (long long)size);
    attack_behind(sql);
    expect_told(AUDIT_TREE, before + 1);
}
END_TEST

START_TEST(an_end_cut_off_is_missed_by_the_heads_that_are_left)
{
    const int64_t size = 1 + 50 * GROUP;
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM audit_events WHERE seq > %lld;"
                   "DELETE FROM audit_tiles WHERE (n + 1) * 256 > %lld",
                   (long long)size, (long long)size);
    attack_behind(sql);
    expect_told(AUDIT_TRUNCATION, size + 1);
}
END_TEST

START_TEST(an_event_gone_stops_what_follows_from_being_told)
{
    attack_behind("DELETE FROM audit_events WHERE seq = 4500");
    for
        EACH_COUNT(t)
        {
            const struct audit_report r = verify(thread_counts[t]);
            ck_assert_int_eq(r.bad_seq, 4500);
            ck_assert_int_eq(r.told[AUDIT_ROWS].bad_seq, 4500);
            ck_assert_int_eq(r.told[AUDIT_TREE].bad_seq, 4500);
            ck_assert_int_eq(r.told[AUDIT_CLOCK].answer, AUDIT_NOT_KNOWN);
            ck_assert_int_eq(r.told[AUDIT_TRUNCATION].answer, AUDIT_NOT_KNOWN);
            ck_assert_int_eq(r.events, 4499);
        }
}
END_TEST

static enum audit_answer truncation_against(const struct audit_kept *kept, size_t n)
{
    const struct audit_report r = verify_against(2, kept, n);
    ck_assert_int_eq(r.told[AUDIT_ROWS].bad_seq, 4500);
    return r.told[AUDIT_TRUNCATION].answer;
}

START_TEST(a_kept_head_behind_an_event_that_is_gone_is_not_known_and_one_before_it_is)
{
    struct buf notes[3];
    const struct audit_kept kept[] = {kept_head(&notes[0], 1 + 40 * GROUP, false),
                                      kept_head(&notes[1], 1 + 50 * GROUP, false),
                                      kept_head(&notes[2], 1 + 40 * GROUP, true)};
    for
        EACH_COUNT(t)
    ck_assert_int_eq(verify_against(thread_counts[t], kept, 2).told[AUDIT_TRUNCATION].answer,
                     AUDIT_OK);
    attack_behind("DELETE FROM audit_events WHERE seq = 4500");
    ck_assert_int_eq(truncation_against(&kept[0], 1), AUDIT_OK);
    ck_assert_int_eq(truncation_against(&kept[1], 1), AUDIT_NOT_KNOWN);
    ck_assert_int_eq(truncation_against(kept, 2), AUDIT_NOT_KNOWN);
    ck_assert_int_eq(truncation_against(&kept[2], 1), AUDIT_NOT_OK);
    for (size_t i = 0; i < 3; i++)
        buf_fini(&notes[i]);
}
END_TEST

/* Where signing ended before the gap, every head was compared. */
START_TEST(an_event_gone_behind_the_last_head_leaves_what_the_heads_say)
{
    attack_behind("DELETE FROM audit_heads WHERE size > 4000;"
                  "DELETE FROM audit_events WHERE seq = 4500");
    const struct audit_report r = verify(2);
    ck_assert_int_eq(r.told[AUDIT_ROWS].bad_seq, 4500);
    ck_assert_int_eq(r.told[AUDIT_TREE].answer, AUDIT_NOT_KNOWN);
    ck_assert_int_eq(r.told[AUDIT_TRUNCATION].answer, AUDIT_OK);
}
END_TEST

START_TEST(an_event_gone_is_told_though_the_file_is_damaged_behind_it)
{
    attack_behind("DELETE FROM audit_events WHERE seq = 4000");
    page_spoil(5000);
    for
        EACH_COUNT(t)
        {
            const struct audit_report r = verify(thread_counts[t]);
            ck_assert_int_eq(r.told[AUDIT_ROWS].bad_seq, 4000);
            ck_assert_int_eq(r.told[AUDIT_TREE].bad_seq, 4000);
        }
}
END_TEST

/* What the verifier keeps does not grow with what a forger writes. */
START_TEST(many_wrong_heads_and_witnesses_take_no_more_memory_than_one)
{
    (void)verify(2);
    const size_t before = arena_used(b.arena), room = 1024;
    attack_behind("WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                  " INSERT INTO audit_cosignatures SELECT 98, printf('w%d', i) ||"
                  " hex(zeroblob(500)), 'x', 0 FROM n");
    ck_assert_int_eq(verify(2).kind, AUDIT_INTACT);
    ck_assert_uint_lt(arena_used(b.arena), before + room);
    attack_behind("UPDATE audit_heads SET root = zeroblob(32)");
    ck_assert_int_eq(verify(2).told[AUDIT_TREE].answer, AUDIT_NOT_OK);
    ck_assert_uint_lt(arena_used(b.arena), before + room);
}
END_TEST

START_TEST(without_a_key_signatures_are_not_known_and_roots_are)
{
    struct audit_report r;
    arena_reset(b.arena);
    ck_ok(audit_verify_file(b.path, false, b.arena, &r));
    ck_assert_int_eq(r.kind, AUDIT_INTACT);
    ck_assert_int_eq(r.told[AUDIT_TREE].answer, AUDIT_NOT_KNOWN);
    ck_assert(r.asked);
    attack_behind("UPDATE audit_heads SET root = zeroblob(32) WHERE size = 98");
    ck_ok(audit_verify_file(b.path, false, b.arena, &r));
    ck_assert_int_eq(r.told[AUDIT_TREE].answer, AUDIT_NOT_OK);
}
END_TEST

TEST_MAIN_AROUND("audit_walk", up, down, chunks_are_joined_in_order_whatever_the_threads,
                 the_error_is_that_of_the_first_chunk_that_failed, a_join_may_end_the_walk,
                 a_number_that_no_event_has_is_an_error,
                 damage_behind_the_end_or_the_first_error_is_not_the_answer,
                 a_log_of_several_chunks_is_intact_on_any_number_of_threads,
                 an_edited_event_is_named_where_chunks_begin_and_end,
                 a_tile_that_was_changed_names_the_event,
                 a_head_that_was_changed_names_what_it_covers_beyond_the_one_before,
                 an_end_cut_off_is_missed_by_the_heads_that_are_left,
                 an_event_gone_stops_what_follows_from_being_told,
                 a_kept_head_behind_an_event_that_is_gone_is_not_known_and_one_before_it_is,
                 an_event_gone_behind_the_last_head_leaves_what_the_heads_say,
                 an_event_gone_is_told_though_the_file_is_damaged_behind_it,
                 many_wrong_heads_and_witnesses_take_no_more_memory_than_one,
                 without_a_key_signatures_are_not_known_and_roots_are)
