/* The feeder on a book whose witness has cosigned everything and is gone since: what it cannot read
 * is no reason to let changes go on, and what nobody has signed is brought to nobody. The spine's
 * threads are real, the feeder's clock is the test's. */
#include "engine/call/feeder.h"

#include <sqlite3.h>
#include <string.h>

#include "engine/call/boot.h"
#include "engine/store/cosignatures.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"
#include "tests/unit/spine_threads.h"

#define MAX_AGE_S  60
#define TICKS_MS   2500 /* more than two of the feeder's */
#define TOO_LONG_S 60

static struct log_keys *keys;
static struct note_signer witness;
static struct witness_peer peer;
static const struct witness_list list = {.items = &peer, .n = 1};
static struct feeder *feeder;
static const char **matches;

/* Goes on by `step` with each look. */
static int64_t feeder_now, step;

static int64_t feeder_clock(void)
{
    return feeder_now += step;
}

/* ---- a book that is anchored as a whole ---- */

static void cosign_all(void)
{
    CLEANUP(buf_fini) struct buf line;
    struct tree_head head;
    struct note note;
    struct tx tx;
    buf_init(&line, 1024);
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    ck_ok(head_latest(&tx, arena, &head));
    ck_ok(note_parse(head.note, &note));
    note_sign_line(note.text, &witness, 1700000000, &line);
    const struct cosignature c = {.size = (int64_t)head.size,
                                  .witness = peer.vkey,
                                  .line = buf_text(&line),
                                  .cosigned_s = 1700000000};
    ck_ok(cosignature_keep(&tx, &c));
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
}

static void up(void)
{
    uint8_t public_key[ED25519_KEY_LEN];
    spine_up();
    ck_ok(log_keys_open(book_folder, &keys));
    ck_err(log_keys_use(keys, book_writer, arena), ERR_MISSING);
    ck_ok(book_first_key(book_writer, keys, book_clock, arena));
    matches = spine_matches(1, 1, 500);
    ck_ok(ed25519_new(&witness.secret));
    ed25519_public(witness.secret, public_key);
    ck_ok(note_key_make("w.example/gone", NOTE_COSIGNATURE_V1, public_key, &witness.key));
    peer = (struct witness_peer){.key = witness.key,
                                 .vkey = note_key_print(arena, &witness.key),
                                 .url = "http://127.0.0.1:1"};
    cosign_all();
    step = 0;
}

static void down(void)
{
    spine_stop(spine);
    feeder_free(feeder);
    loop_free(loop);
    feeder = NULL;
    spine = NULL;
    loop = NULL;
    ed25519_free(witness.secret);
    log_keys_free(keys);
    (void)unlink(arena_fmt(arena, "%s/log.key", book_folder));
    spine_down();
}

static void begin(enum witness_mode mode, bool signs)
{
    spine_begin_with(
        (struct spine_options){.readers = 1, .in_flight_max = 16, .log_keys = signs ? keys : NULL});
    const struct feeder_options options = {
        .spine = spine,
        .rule = {.witnesses = &list, .mode = mode, .quorum = 1, .max_age_s = MAX_AGE_S},
        .book_path = book_path,
        .clock_us = feeder_clock};
    feeder_now = threads_clock();
    ck_ok(feeder_start(loop, &options, &feeder));
    ck_assert_ptr_null(spine_held(spine));
}

static void attack(const char *sql)
{
    sqlite3 *raw = NULL;
    ck_assert_int_eq(sqlite3_open(book_path, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_busy_timeout(raw, 10000), SQLITE_OK);
    int rc = sqlite3_exec(raw, sql, NULL, NULL, NULL);
    ck_assert_msg(rc == SQLITE_OK, "the attack itself failed: %s", sqlite3_errmsg(raw));
    (void)sqlite3_close(raw);
}

/* ---- running the loop ---- */

static void on_answer(struct call *c, void *arg)
{
    (void)arg;
    spine_is(c, CALL_OK);
    loop_stop(loop);
}

static void one_more_event(void)
{
    struct call *c = spine_on_match(&spine_ana, "confirm_match", matches[0], NULL);
    ck_ok(spine_submit(spine, c, on_answer, NULL));
    ck_ok(loop_run(loop));
}

static bool is_held(void)
{
    return spine_held(spine) != NULL;
}

static bool is_seen(void)
{
    struct feeder_stats stats;
    feeder_stats(feeder, &stats);
    return stats.head == spine_head(spine);
}

static void on_look(void *ctx)
{
    bool (*const *is_so)(void) = ctx;
    if ((*is_so)())
        loop_stop(loop);
}

static void on_end(void *ctx)
{
    (void)ctx;
    loop_stop(loop);
}

static void run_for(uint32_t after_ms)
{
    struct loop_timer *end;
    ck_ok(loop_timer_new(loop, after_ms, false, on_end, NULL, &end));
    ck_ok(loop_run(loop));
    loop_timer_free(end);
}

static void run_until(bool (*is_so)(void))
{
    struct loop_timer *look;
    ck_ok(loop_timer_new(loop, 20, true, on_look, &is_so, &look));
    run_for(TOO_LONG_S * 1000);
    loop_timer_free(look);
    ck_assert(is_so());
}

/* ---- what the tests say ---- */

/* The head that would be brought is damaged: how far the log is anchored is known all the same. */
START_TEST(changes_are_held_though_nothing_can_be_brought)
{
    begin(WITNESS_REQUIRED, true);
    one_more_event();
    attack("DROP TRIGGER audit_heads_no_update; PRAGMA ignore_check_constraints = ON;"
           " UPDATE audit_heads SET root = x'00' WHERE size = (SELECT max(size) FROM audit_heads)");
    feeder_now += (MAX_AGE_S + 1) * INT64_C(1000000);
    run_until(is_held);
    ck_assert(is_seen());
}
END_TEST

START_TEST(changes_are_held_when_nobody_can_tell_what_is_anchored)
{
    step = (MAX_AGE_S + 1) * INT64_C(1000000);
    begin(WITNESS_REQUIRED, true);
    run_for(TICKS_MS);
    ck_assert(!is_held()); /* however long ago the last look was, there is nothing new */
    attack("ALTER TABLE audit_cosignatures RENAME TO gone");
    one_more_event();
    run_until(is_held);
    ck_assert(!is_seen());
}
END_TEST

/* Receipts are off: the newest event is under no head, and the newest head is cosigned. */
START_TEST(what_a_witness_has_cosigned_is_not_brought_again)
{
    struct feeder_stats stats;
    begin(WITNESS_ADVISORY, false);
    one_more_event();
    run_until(is_seen);
    run_for(TICKS_MS);
    feeder_stats(feeder, &stats);
    ck_assert_int_eq(stats.failed, 0);
    ck_assert_int_eq(stats.of[0].state, FEEDER_WAITS);
}
END_TEST

TEST_MAIN_AROUND("feeder", up, down, changes_are_held_though_nothing_can_be_brought,
                 changes_are_held_when_nobody_can_tell_what_is_anchored,
                 what_a_witness_has_cosigned_is_not_brought_again)
