/* What people ask of the real spine while the tape runs: waves of decisions, approvals, key
 * rotations and a pass on the book of admin_book.h, each with an idempotency key, and what they
 * were told; beside them a witness cosigns. A leg is one life of the engine: from its start to
 * where the crash will be put. */
#ifndef TESTS_FAULT_CRASH_LOAD_H
#define TESTS_FAULT_CRASH_LOAD_H

#include "common/verify/receipt.h"
#include "tests/fault/crash_engine.h"
#include "tests/fault/crash_main.h"

#define SMALL_MATCHES 400
#define LARGE_MATCHES 60
#define ASKED_MAX     1200
#define WAVES         8
#define WAVE_MAX      40

enum who { WHO_ANA, WHO_BEN, WHO_CHO, WHO_AGENT, WHO_ADMIN };

/* One wish: asked for, perhaps answered. Texts live in the round's arena. */
struct asked {
    enum who who;
    const char *tool, *args, *key;
    size_t asked_at, answered_at; /* steps of the tape by then */
    bool answered;
    enum call_outcome outcome;
    int64_t seq;  /* 0: no event of its own */
    int64_t head; /* of the book by the answer */
    const char *escalation_id, *digest, *run_id;
    int pairs;          /* of a pass: how many there were to match */
    struct str receipt; /* JSON; .at NULL: none */
};

static struct asked asked[ASKED_MAX];
static size_t asked_n, keys_made;
static struct arena *round_arena; /* what a round remembers; `arena` is for now */
static const char **small_matches, **large_matches;
static size_t small_next, large_next;

/* ---- one call ---- */

static struct actor actor_of(enum who who)
{
    switch (who) {
    case WHO_BEN:
        return spine_human("ben");
    case WHO_CHO:
        return spine_human("cho");
    case WHO_AGENT:
        return spine_agent("ana");
    case WHO_ADMIN:
        return admin_at("ana");
    case WHO_ANA:
        break;
    }
    return spine_ana;
}

static struct call *call_of(const struct asked *a)
{
    const struct actor actor = actor_of(a->who);
    struct json *args;
    ck_ok(json_read(arena, str_of(a->args), NULL, &args));
    struct call *c = spine_call(&actor, a->tool, a->key, args);
    c->wants_receipt = true;
    return c;
}

static struct str receipt_text(const struct receipt *r)
{
    struct buf out;
    buf_init(&out, RECEIPT_BYTES_MAX);
    receipt_put(r, &out);
    const struct str text = buf_str(&out);
    const struct str kept = {arena_dup(round_arena, text.at, text.len), text.len};
    buf_fini(&out);
    ck_assert_ptr_nonnull(kept.at);
    return kept;
}

static bool is_pass(const struct asked *a)
{
    return a->pairs > 0;
}

/* An escalation that was settled otherwise, or whose facts have changed, is not decided: whoever
 * answers it hears that. */
static bool hears_only(const struct asked *a, const struct call *c)
{
    return c->outcome == CALL_OK && strcmp(a->tool, "resolve_escalation") == 0;
}

/* On an honest file system nothing fails but for reasons of its own; nothing is decided without an
 * event, and what had become one before the crash is answered with it. */
static void told(struct asked *a, const struct call *c)
{
    /* asked again, it says where it waits, and no event */
    const bool known = a->outcome == CALL_PENDING && a->escalation_id != NULL;
    ck_assert(a->seq == 0 || known || a->seq == c->seq);
    a->answered = true;
    a->outcome = c->outcome;
    a->seq = c->seq;
    ck_assert_msg(c->outcome != CALL_FAILED || c->err.kind == ERR_CONFLICT, "%s %s: %s", a->tool,
                  a->args, c->err.msg);
    ck_assert_msg(c->seq > 0 || known || hears_only(a, c) || c->outcome == CALL_FAILED,
                  "%s %s: decided by no event", a->tool, a->args);
    if (is_pass(a)) {
        ck_assert_msg(c->outcome == CALL_OK, "a pass: %s", c->err.msg);
        a->run_id = arena_strdup(round_arena, json_get_text(c->result, "run_id"));
    }
    if (c->outcome == CALL_PENDING) {
        a->escalation_id = arena_strdup(round_arena, c->escalation_id);
        a->digest = arena_strdup(round_arena, json_get_text(c->result, "digest"));
    }
    if (c->receipt != NULL)
        a->receipt = receipt_text(c->receipt);
    ck_assert(c->seq == 0 || c->outcome == CALL_FAILED || a->receipt.at != NULL);
}

/* ---- a wave ---- */

static struct asked *wish(enum who who, const char *tool, const char *args)
{
    ck_assert_uint_lt(asked_n, ASKED_MAX);
    struct asked *a = &asked[asked_n];
    *a = (struct asked){.who = who,
                        .tool = tool,
                        .args = args,
                        .key = arena_fmt(round_arena, "key-%zu", keys_made++)};
    asked_n++;
    return a;
}

static const char *match_args(const char *id)
{
    return arena_fmt(round_arena, "{\"match_id\":\"%s\"}", id);
}

static const char *next_of(const char **ids, size_t *next, size_t n)
{
    *next = (*next + 1) % n; /* a match met again is a conflict, which is an answer, too */
    return match_args(ids[*next]);
}

/* An escalation that waits, for a second person. */
static struct asked *approval(void)
{
    for (size_t i = 0; i < asked_n; i++) {
        struct asked *a = &asked[i];
        if (!a->answered || a->outcome != CALL_PENDING || a->digest == NULL)
            continue;
        const char *args = arena_fmt(
            round_arena, "{\"escalation_id\":\"%s\",\"decision\":\"%s\",\"digest\":\"%s\"}",
            a->escalation_id, roll() % 4 == 0 ? "reject" : "confirm", a->digest);
        a->digest = NULL; /* asked once */
        return wish(WHO_BEN, "resolve_escalation", args);
    }
    return NULL;
}

static struct asked *any_wish(void)
{
    const uint64_t n = roll() % 100;
    struct asked *a = n < 20 ? approval() : NULL;
    if (a != NULL)
        return a;
    if (n < 35)
        return wish(WHO_ANA, "confirm_match", next_of(large_matches, &large_next, LARGE_MATCHES));
    if (n < 45)
        return wish(WHO_AGENT, "confirm_match", match_args(small_matches[roll() % SMALL_MATCHES]));
    if (n < 50)
        return wish(WHO_ADMIN, "rotate_log_key", roll() % 2 == 0 ? "{\"wipe_old\":true}" : "{}");
    return wish((enum who)(n % 3), n % 7 == 0 ? "reject_match" : "confirm_match",
                next_of(small_matches, &small_next, SMALL_MATCHES));
}

static struct asked *pass(void)
{
    struct asked *a =
        wish(WHO_ANA, "run_recon_pass", "{\"entity_id\":\"US\",\"account\":\"1020\"}");
    a->pairs = pairs_n;
    return a;
}

static int waiting; /* answers still to come before the loop may stop */

static void on_answer(struct call *c, void *arg)
{
    struct asked *a = arg;
    a->answered_at = tape_length();
    a->head = spine_head(spine);
    told(a, c);
    if (--waiting == 0)
        loop_stop(loop);
}

static void ask(struct asked *a)
{
    a->asked_at = tape_length();
    waiting++;
    ck_ok(spine_submit(spine, call_of(a), on_answer, a));
}

static void on_cosigned(struct call *c, void *arg)
{
    struct cosigned *of = arg;
    ck_assert_msg(c->outcome == CALL_OK, "a cosignature: %s", c->err.msg);
    of->answered = true;
    of->answered_at = tape_length();
    child_free(c);
    if (--waiting == 0)
        loop_stop(loop);
}

static void cosign(struct store *reader)
{
    struct cosigned *c = &cosigned[cosigned_n];
    if (cosigned_n == COSIGNED_MAX)
        return;
    cosigned_n++;
    waiting++;
    ck_ok(spine_submit(spine, cosigning(reader, c), on_cosigned, c));
}

/* Beside the writer, and in the end between two of its groups, so that the log begins anew. The
 * engine's own checkpointer may be at it. */
static void log_moved(struct db *db)
{
    const enum db_checkpoint_mode mode =
        roll() % 4 == 0 ? DB_CHECKPOINT_TRUNCATE : DB_CHECKPOINT_PASSIVE;
    const struct err e = db_checkpoint(db, waiting > 0 ? DB_CHECKPOINT_PASSIVE : mode, NULL, NULL);
    ck_assert_msg(e.kind == ERR_NONE || db_last_class(db) == DB_BUSY, "%s", e.msg);
}

static void wave(struct db *checkpointer, struct store *reader, bool with_pass)
{
    const size_t n = 1 + roll() % WAVE_MAX;
    if (with_pass)
        ask(pass());
    for (size_t i = 0; i < n && asked_n < ASKED_MAX; i++)
        ask(any_wish());
    if (roll() % 2 == 0)
        cosign(reader);
    if (roll() % 2 == 0)
        log_moved(checkpointer);
    if (waiting > 0)
        ck_ok(loop_run(loop));
    ck_assert_int_eq(waiting, 0);
    if (roll() % 2 == 0)
        log_moved(checkpointer);
}

static void arenas_back_to(size_t n)
{
    while (spine_arenas_n > n)
        arena_free(spine_arenas[--spine_arenas_n]);
}

/* ---- a leg ---- */

/* What was in doubt when the leg before ended, by the same keys. */
static void ask_again(void)
{
    for (size_t i = 0; i < asked_n; i++) {
        if (!asked[i].answered)
            ask(&asked[i]);
    }
}

/* No connection is open, before or behind it. */
static void leg_run(void)
{
    CLEANUP(db_close) struct db *checkpointer = NULL;
    CLEANUP(store_close) struct store *reader = NULL;
    const size_t arenas = spine_arenas_n;
    const int pass_in = 1 + (int)(roll() % (WAVES - 1)); /* one at a time on an account */
    tape_begin(book_folder);
    engine_starts();
    dead_swept();
    pairs_n = pairs_there(store_db(book_writer));
    pairs_add(roll() % 4 == 0 ? PAIRS_MAX : 60);
    spine_begin_with((struct spine_options){.readers = 1, .in_flight_max = 1000, .log_keys = keys});
    ck_ok(db_open(book_path, DB_CHECKPOINTER, &checkpointer));
    ck_ok(store_open(book_path, STORE_READER, arena, &reader));
    ask_again();
    for (int i = 0; i < WAVES && asked_n < ASKED_MAX - 1; i++)
        wave(checkpointer, reader, i == pass_in);
    store_close(reader);
    reader = NULL;
    spine_stop(spine);
    db_close(checkpointer); /* the last one: the log goes */
    checkpointer = NULL;
    tape_end();
    engine_stops();
    loop_free(loop);
    book_now = atomic_load(&threads_now);
    arenas_back_to(arenas);
}

/* After a crash at step `at` that left `events`: who was told stays told, who was not will ask
 * again, and what came later never was. */
static void asked_after_crash(size_t at, int64_t events)
{
    size_t n = 0;
    for (size_t i = 0; i < asked_n; i++) {
        struct asked a = asked[i];
        if (a.asked_at >= at && !(a.answered && a.answered_at <= at))
            continue;
        a.answered = a.answered && a.answered_at <= at;
        /* Its event is gone, and nobody was told of it. A pass is asked for anew: it answers by its
         * end. */
        if (a.seq > events || (is_pass(&a) && !a.answered)) {
            a.seq = 0;
            a.receipt = (struct str){NULL, 0};
            a.escalation_id = a.digest = NULL;
        }
        a.asked_at = a.answered_at = 0;
        asked[n++] = a;
    }
    asked_n = n;
    cosigned_after_crash(at);
}

/* ---- the book before the first leg ---- */

static void load_up(void)
{
    struct log_key_event first;
    struct tx tx;
    bool found;
    asked_n = keys_made = small_next = large_next = 0;
    admin_up();
    witness_up(round_arena);
    pairs_account();
    small_matches = spine_matches(1, SMALL_MATCHES, 1000);
    large_matches = spine_matches(SMALL_MATCHES + 1, LARGE_MATCHES, 2500000);
    ck_ok(log_keys_open(book_folder, &keys));
    ck_ok(book_first_key(book_writer, keys, book_clock, arena));
    store_close(book_reader); /* which was opened on an empty book */
    ck_ok(store_open(book_path, STORE_READER, arena, &book_reader));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(log_key_now(&tx, arena, &found, &first));
    tx_read_end(&tx);
    first_vkey = arena_strdup(round_arena, note_key_print(arena, &first.statement.new_key));
    store_close(book_writer);
    store_close(book_reader);
    book_writer = book_reader = NULL;
    log_keys_free(keys);
    keys = NULL;
}

#endif
