/* The engine of the crash simulator apart from what people ask of it: how a life begins (the log's
 * keys, the book, what a dead life left behind), the entries that a pass finds open, and a witness
 * who cosigns heads. */
#ifndef TESTS_FAULT_CRASH_ENGINE_H
#define TESTS_FAULT_CRASH_ENGINE_H

#include "engine/call/boot.h"
#include "engine/call/sweeper.h"
#include "engine/store/cosignatures.h"
#include "engine/store/log_keys.h"
#include "engine/store/tree.h"
#include "engine/tools/child.h"
#include "engine/tools/run.h"
#include "tests/fault/crash_tape.h"
#include "tests/unit/admin_book.h"
#include "tests/unit/spine_threads.h"

extern const struct tool tool_keep_cosignature;

/* ---- lives ---- */

static struct log_keys *keys;
static const char *first_vkey;
static unsigned life; /* every start of an engine is another process */

const char *__wrap_lock_owner(void);

/* A process is told apart by a number of its own, and all of our lives are of one process. */
const char *__wrap_lock_owner(void)
{
    static char text[16];
    (void)snprintf(text, sizeof text, "life %u", life);
    return text;
}

/* What serve does before anybody is heard (engine/call/boot.c), without the proof of the policy. */
static void dead_swept(void)
{
    static const struct tool *const recovery[] = {&tool_sweep_runs, NULL};
    const struct sweeper_options options = {.sweeps = recovery, .engine_id = "engine:recovery"};
    struct sweep_report report;
    struct run *runs;
    struct tx tx;
    int64_t locks;
    size_t n;
    ck_ok(sweep_book(book_writer, &options, book_policy, book_clock, arena, &report));
    ck_assert_msg(report.failed == 0 && report.denied == 0, "%s", report.why.msg);
    ck_ok(tx_read_begin(book_writer, arena, book_clock(), &tx));
    ck_ok(runs_live(&tx, arena, &runs, &n));
    ck_ok(locks_dead(&tx, "nobody", &locks));
    tx_read_end(&tx);
    ck_assert_msg(n == 0 && locks == 0, "%zu runs and %lld locks of a dead process live on", n,
                  (long long)locks);
}

/* The last key signs and is log.key, whatever a rotation had come to. */
static void engine_starts(void)
{
    life++;
    ck_ok(log_keys_open(book_folder, &keys));
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    ck_ok(log_keys_use(keys, book_writer, arena));
    ck_assert_int_eq(access(arena_fmt(arena, "%s/log.key", book_folder), F_OK), 0);
}

static void engine_stops(void)
{
    store_close(book_writer);
    book_writer = NULL;
    log_keys_free(keys);
    keys = NULL;
}

/* ---- retired keys ---- */

static void retired_is(const char *path, const struct note_key *key)
{
    uint8_t held[ED25519_KEY_LEN];
    struct ed25519_key *secret;
    ck_ok(ed25519_load(path, &secret));
    ed25519_public(secret, held);
    ed25519_free(secret);
    ck_assert_msg(memcmp(held, key->public_key, sizeof held) == 0, "%s is another key", path);
}

/* A key that was retired is in its file, unless it was to be wiped: then it is in none, and not on
 * the disk either. While an engine has started. */
static void retired_keys_are_where_they_should(void)
{
    struct log_key_event *rows;
    struct tx tx;
    size_t n;
    ck_assert_msg(tape_wiped(".retired"), "a key that was to be wiped is still on the disk");
    ck_ok(tx_read_begin(book_writer, arena, book_clock(), &tx));
    ck_ok(log_keys_list(&tx, arena, &rows, &n));
    tx_read_end(&tx);
    for (size_t i = 1; i < n; i++) {
        const struct note_key *old = &rows[i].statement.old_key;
        char id[2 * NOTE_ID_LEN + 1];
        hex_print(old->id, NOTE_ID_LEN, id);
        const char *path = arena_fmt(arena, "%s/log.key.%s.retired", book_folder, id);
        if (!rows[i].wiped)
            retired_is(path, old);
        else
            ck_assert_msg(access(path, F_OK) != 0, "%s was to be wiped", path);
    }
}

/* ---- what a pass finds ---- */

#define PAIRS_MAX 560 /* more than one chunk of a pass */

static int pairs_n; /* in the book */

static void pair_entry(struct tx *tx, int number, enum side side)
{
    struct entry e =
        spine_line(arena_fmt(arena, "%s:%06d", side == SIDE_BANK ? "pb" : "pg", number), side);
    e.account_id = "1020";
    e.reference = e.entry_id + 3;
    ck_ok(money_make(1000 + 100 * number, "USD", &e.amount));
    ck_ok(entry_insert(tx, &e));
}

/* Pairs that match, on an account where nothing else is. */
static void pairs_add(int n)
{
    struct tx tx;
    book_begin(&tx);
    for (int i = pairs_n + 1; i <= pairs_n + n; i++) {
        pair_entry(&tx, i, SIDE_BANK);
        pair_entry(&tx, i, SIDE_GL);
    }
    pairs_n += n;
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2 * (int64_t)n));
    book_end(&tx);
}

static void pairs_account(void)
{
    struct tx tx;
    enum put put;
    book_begin(&tx);
    ck_ok(account_put(&tx,
                      &(struct account){.entity_id = "US",
                                        .account_id = "1020",
                                        .name = "x",
                                        .class_ = "cash",
                                        .reconciled = true},
                      &put));
    book_end(&tx);
    pairs_n = 0;
}

static int64_t pairs_count(struct db *db, const char *of)
{
    const struct db_sql sql = {"pairs", of};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row;
    ck_ok(stmt_new(db, &sql, &q));
    ck_ok(stmt_step(q, &row));
    const int64_t ends = stmt_int(q, 0);
    ck_assert_int_eq(ends % 2, 0);
    return ends / 2;
}

static int pairs_there(struct db *db)
{
    return (int)pairs_count(db, "SELECT count(*) FROM entries WHERE entry_id GLOB 'p[bg]:*'");
}

/* How many of them a live match has. */
static int64_t pairs_matched(struct db *db)
{
    return pairs_count(db, "SELECT count(*) FROM live_legs WHERE entry_id GLOB 'p[bg]:*'");
}

/* ---- the witness ---- */

#define COSIGNED_MAX 64

/* A head that it was shown and cosigned, and whether that is kept. */
static struct cosigned {
    int64_t size;
    size_t asked_at, answered_at;
    bool answered;
} cosigned[COSIGNED_MAX];
static size_t cosigned_n;
static struct note_signer witness;
static const char *witness_vkey;

static void witness_up(struct arena *of)
{
    uint8_t public_key[ED25519_KEY_LEN];
    ck_ok(ed25519_new(&witness.secret));
    ed25519_public(witness.secret, public_key);
    ck_ok(note_key_make("witness.example/crash", NOTE_COSIGNATURE_V1, public_key, &witness.key));
    witness_vkey = note_key_print(of, &witness.key);
    cosigned_n = 0;
}

static void witness_down(void)
{
    ed25519_free(witness.secret);
    witness.secret = NULL;
}

/* The newest head as a reader sees it, cosigned: the call that keeps it (engine/call/feeder.c). */
static struct call *cosigning(struct store *reader, struct cosigned *c)
{
    const struct call engine = {.policy = NULL};
    struct call *call = child_new(&engine, &tool_keep_cosignature, "engine:feeder");
    struct cosignature *args = ARENA_NEW(call->arena, struct cosignature);
    struct tree_head head;
    struct note note;
    struct buf line;
    struct tx tx;
    ck_ok(tx_read_begin(reader, call->arena, book_clock(), &tx));
    ck_ok(head_latest(&tx, call->arena, &head));
    tx_read_end(&tx);
    ck_ok(note_parse(head.note, &note));
    buf_init(&line, 1024);
    note_sign_line(note.text, &witness, 1767225600, &line);
    *args = (struct cosignature){.size = (int64_t)head.size,
                                 .witness = witness_vkey,
                                 .line = str_dup(call->arena, buf_str(&line)),
                                 .cosigned_s = 1767225600};
    buf_fini(&line);
    call->args_tree = json_object_new(call->arena);
    call->args = args;
    *c = (struct cosigned){.size = args->size, .asked_at = tape_length()};
    return call;
}

/* How far a crash at this step must leave the log anchored, how far it may, and what it must hold
 * because the witness saw it. */
struct anchored {
    int64_t least, most;
};
static struct anchored anchored_by(size_t at)
{
    struct anchored a = {0, 0};
    for (size_t i = 0; i < cosigned_n; i++) {
        const struct cosigned *c = &cosigned[i];
        if (c->asked_at <= at && c->size > a.most)
            a.most = c->size;
        if (c->answered && c->answered_at <= at && c->size > a.least)
            a.least = c->size;
    }
    return a;
}

static void cosigned_after_crash(size_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < cosigned_n; i++) {
        struct cosigned c = cosigned[i];
        if (c.asked_at > at)
            continue;
        c.answered = c.answered && c.answered_at <= at;
        c.asked_at = c.answered_at = 0;
        cosigned[n++] = c;
    }
    cosigned_n = n;
}

#endif
