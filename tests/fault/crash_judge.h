/* What must hold of the folder that a crash left: the log is a beginning of what the engine wrote,
 * whole groups of it, with everything that anybody was told; it verifies, in all four answers and
 * with every receipt that was handed out; and the engine goes on from there, where a repeated key
 * is answered as before or decided now, once. */
#ifndef TESTS_FAULT_CRASH_JUDGE_H
#define TESTS_FAULT_CRASH_JUDGE_H

#include "common/sys/disk.h"
#include "common/verify/check.h"
#include "tests/fault/crash_load.h"

#define LOG_MAX     4096
#define REPEATS_MAX 10 /* answered keys that are asked again */
#define KEPT_MAX    8  /* receipts that a verifier brings along */
#define AGAIN_MAX   (REPEATS_MAX + WAVE_MAX)

/* The log as the engine wrote it, to the leg's end. */
static uint8_t live[LOG_MAX][SHA256_LEN];
static int64_t live_n;

/* hash_self of every event, from event 1 on; how many there are. */
static int64_t log_read(struct db *db, uint8_t hashes[LOG_MAX][SHA256_LEN])
{
    static const struct db_sql all = {"all", "SELECT hash_self FROM audit_events ORDER BY seq"};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    int64_t n = 0;
    bool row = true;
    ck_ok(stmt_new(db, &all, &q));
    for (;; n++) {
        ck_ok(stmt_step(q, &row));
        if (!row)
            return n;
        ck_assert_int_lt(n, LOG_MAX);
        ck_assert_uint_eq(stmt_peek(q, 0).len, SHA256_LEN);
        memcpy(hashes[n], stmt_peek(q, 0).at, SHA256_LEN);
    }
}

/* ---- where a crash at this step leaves people ---- */

static bool was_told(const struct asked *a, size_t at)
{
    return a->answered && a->answered_at <= at && a->seq > 0;
}

static bool in_doubt(const struct asked *a, size_t at)
{
    return a->asked_at < at && !(a->answered && a->answered_at <= at);
}

/* By which event the book stood when somebody was answered last: all before it was on the disk. */
static int64_t last_told(size_t at)
{
    int64_t last = 0;
    for (size_t i = 0; i < asked_n; i++) {
        const struct asked *a = &asked[i];
        ck_assert_int_le(a->seq, a->head);
        if (a->answered && a->answered_at <= at && a->head > last)
            last = a->head;
    }
    return last;
}

/* ---- a look: cheap, at every crash ---- */

static int name_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Two numbers that tell books apart; nobody means us harm, and a hash that stands up to that would
 * take as long as all the rest of a look. */
struct mark {
    uint64_t a, b;
};

static void mark_add(struct mark *m, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t done = 0, len; done < n; done += len) {
        uint64_t word = 0;
        len = n - done < sizeof word ? n - done : sizeof word;
        memcpy(&word, at + done, len);
        m->a = (m->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        m->a ^= m->a >> 32;
        m->b = (m->b + word) * UINT64_C(0xff51afd7ed558ccd);
        m->b ^= m->b >> 29;
    }
}

/* Of the folder's files, names and bytes; not the log's index. */
static struct mark folder_mark(const char *folder)
{
    const char *names[64];
    size_t n = 0;
    struct mark m = {1, 2};
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *d; (d = readdir(dir)) != NULL;) {
        if (d->d_type == DT_REG && strstr(d->d_name, "-shm") == NULL) {
            ck_assert_uint_lt(n, 64);
            names[n++] = arena_strdup(arena, d->d_name);
        }
    }
    (void)closedir(dir);
    qsort(names, n, sizeof names[0], name_order);
    for (size_t i = 0; i < n; i++) {
        struct str bytes;
        ck_ok(disk_read(arena, arena_fmt(arena, "%s/%s", folder, names[i]), SIZE_MAX, &bytes));
        mark_add(&m, names[i], strlen(names[i]) + 1);
        mark_add(&m, bytes.at, bytes.len);
    }
    return m;
}

struct look {
    struct mark book;         /* the same mark is the same book */
    int64_t events, cosigned; /* the last event; of how many the largest cosigned head is */
};

/* Recovers the book. */
static struct look crash_look(const char *folder)
{
    static const struct db_sql last = {"last",
                                       "SELECT (SELECT ifnull(max(seq), 0) FROM audit_events),"
                                       " (SELECT ifnull(max(size), 0) FROM audit_cosignatures)"};
    struct look l;
    struct db *db;
    struct stmt *q;
    bool row;
    ck_ok(db_open(arena_fmt(arena, "%s/recon.db", folder), DB_MIGRATOR, &db));
    ck_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, NULL));
    ck_ok(stmt_new(db, &last, &q));
    ck_ok(stmt_step(q, &row));
    l.events = stmt_int(q, 0);
    l.cosigned = stmt_int(q, 1);
    stmt_free(q);
    db_close(db);
    l.book = folder_mark(folder);
    return l;
}

/* Nobody was told more than there is. */
static void look_holds(const struct look *l, size_t at)
{
    const int64_t told = last_told(at);
    const struct anchored anchored = anchored_by(at);
    ck_assert_msg(l->events >= told, "event %lld was told, and the book ends with %lld",
                  (long long)told, (long long)l->events);
    ck_assert_msg(l->events >= anchored.most,
                  "a witness saw the head of event %lld, and the book ends with %lld",
                  (long long)anchored.most, (long long)l->events);
    ck_assert_msg(l->cosigned >= anchored.least,
                  "the cosignature of %lld events is lost: the book has those of %lld",
                  (long long)anchored.least, (long long)l->cosigned);
}

/* ---- a judgement: of every book that is another one ---- */

/* The key, and some receipts of events up to `events`, the last one among them, as auditors kept
 * them. */
static struct audit_given given_of(int64_t events)
{
    struct audit_kept *kept = ARENA_ARRAY(arena, KEPT_MAX + 1, struct audit_kept);
    const char **vkeys = ARENA_ARRAY(arena, 2, const char *);
    size_t n = 0;
    vkeys[0] = first_vkey;
    vkeys[1] = witness_vkey;
    const struct asked *last = NULL;
    for (size_t i = 0; i < asked_n; i++) {
        const struct asked *a = &asked[i];
        if (a->receipt.at == NULL || a->seq > events)
            continue;
        last = last == NULL || a->seq > last->seq ? a : last;
        if (n < KEPT_MAX && roll() % 8 == 0)
            kept[n++] = (struct audit_kept){a->key, a->receipt};
    }
    if (last != NULL)
        kept[n++] = (struct audit_kept){last->key, last->receipt};
    return (struct audit_given){.path = book_path,
                                .threads = 1,
                                .keys = vkeys,
                                .keys_n = 1,
                                .witnesses = vkeys + 1,
                                .witnesses_n = 1,
                                .kept = kept,
                                .kept_n = n};
}

static void verifies(size_t at, int64_t events, int64_t receipts_to)
{
    const struct anchored anchored = anchored_by(at);
    const struct audit_given given = given_of(receipts_to);
    struct audit_report r;
    ck_ok(audit_verify_path(book_path, true, &given, arena, &r));
    ck_assert_msg(r.kind == AUDIT_INTACT, "%s (event %lld, %s %s)", r.problem, (long long)r.bad_seq,
                  r.table == NULL ? "-" : r.table, r.row == NULL ? "-" : r.row);
    for (int i = 0; i < AUDIT_QUESTIONS; i++)
        ck_assert_msg(r.told[i].answer == AUDIT_OK, "question %d: %s", i,
                      r.told[i].says == NULL ? "not known" : r.told[i].says);
    ck_assert_int_eq(r.events, events);
    ck_assert_int_eq(r.covered, events); /* whole groups: the last head is over the last event */
    ck_assert_msg(anchored.least <= r.anchored && r.anchored <= anchored.most,
                  "a witness cosigned %lld to %lld events, and the book says %lld",
                  (long long)anchored.least, (long long)anchored.most, (long long)r.anchored);
}

/* What had become an event is answered with it; anything else is decided now. */
static void answered_again(const struct asked *a, const struct call *c, int64_t events)
{
    const bool there = a->seq > 0 && a->seq <= events;
    ck_assert_msg(c->outcome != CALL_FAILED || c->err.kind == ERR_CONFLICT, "%s %s: %s", a->tool,
                  a->args, c->err.msg);
    if (there && a->outcome == CALL_PENDING) /* with what has become of it */
        ck_assert_str_eq(c->escalation_id, a->escalation_id);
    else if (there)
        ck_assert_msg(c->outcome == a->outcome && c->seq == a->seq,
                      "%s %s was answered by event %lld and now by %lld", a->tool, a->args,
                      (long long)a->seq, (long long)c->seq);
    else if (c->outcome != CALL_PENDING || a->seq != 0) /* told before where it waits */
        ck_assert_msg(c->seq > events || hears_only(a, c) || c->outcome == CALL_FAILED,
                      "%s %s was not decided before the crash, and is now by event %lld of %lld",
                      a->tool, a->args, (long long)c->seq, (long long)events);
}

/* The same keys again, as one group: of whoever waits for an answer, and of some who have theirs.
 */
static void goes_on(size_t at, int64_t events)
{
    const struct asked *who[AGAIN_MAX];
    struct call *calls[AGAIN_MAX];
    size_t n = 0, repeats = 0;
    for (size_t i = 0; i < asked_n && n < AGAIN_MAX; i++) {
        const bool repeat = was_told(&asked[i], at) && repeats < REPEATS_MAX && roll() % 8 == 0;
        repeats += repeat;
        if (is_pass(&asked[i]) || (!repeat && !in_doubt(&asked[i], at)))
            continue;
        who[n] = &asked[i];
        calls[n++] = call_of(&asked[i]);
    }
    if (n == 0)
        return;
    ck_assert(call_group(book_writer, calls, n, book_clock));
    for (size_t i = 0; i < n; i++)
        answered_again(who[i], calls[i], events);
    ck_ok(log_keys_settle(keys, book_writer));
}

/* ---- long work ---- */

/* What was told of a pass is so: its run has ended well, and what it found is there. */
static void passes_hold(size_t at)
{
    const int64_t matched = pairs_matched(store_db(book_writer));
    for (size_t i = 0; i < asked_n; i++) {
        struct tx tx;
        struct run run;
        if (!is_pass(&asked[i]) || !was_told(&asked[i], at))
            continue;
        ck_assert_int_ge(matched, asked[i].pairs);
        ck_ok(tx_read_begin(book_writer, arena, book_clock(), &tx));
        ck_ok(run_load(&tx, arena, asked[i].run_id, &run));
        tx_read_end(&tx);
        ck_assert_int_eq(run.state, RUN_SUCCEEDED);
    }
}

/* A pass that was told is answered as before; one that was cut off goes on where it stopped, and
 * each pair is matched once (which audit verify --book sees). */
static void pass_goes_on(const struct asked *a, bool told_before)
{
    struct job_port port = {
        .submit = book_submit, .cancelled = book_cancelled, .clock_us = book_clock};
    struct call *c = call_of(a);
    ck_ok(store_open(book_path, STORE_READER, arena, &book_reader));
    port.reader = book_reader;
    ck_ok(call_job(c, &port));
    store_close(book_reader);
    book_reader = NULL;
    ck_assert_int_eq(c->outcome, CALL_OK);
    ck_assert(!told_before || c->seq == a->seq);
    ck_assert_int_ge(pairs_matched(store_db(book_writer)), a->pairs);
}

static void passes_go_on(size_t at)
{
    for (size_t i = 0; i < asked_n; i++) {
        const bool told_before = was_told(&asked[i], at);
        if (is_pass(&asked[i]) && (told_before || in_doubt(&asked[i], at)) && roll() % 8 == 0)
            pass_goes_on(&asked[i], told_before);
    }
}

/* In book_folder, which a crash at this step left as it is: nobody has opened the book since. It is
 * verified as it lies there, or after the engine went on from it. */
static void crash_judge(size_t at, int64_t events)
{
    const bool goes = roll() % 2 == 0; /* both would be twice the time */
    static uint8_t hashes[LOG_MAX][SHA256_LEN];
    const size_t arenas = spine_arenas_n;
    if (!goes)
        verifies(at, events, events);
    engine_starts();
    retired_keys_are_where_they_should();
    ck_assert_int_eq(log_read(store_db(book_writer), hashes), events);
    ck_assert_int_le(events, live_n);
    for (int64_t i = 0; i < events; i++)
        ck_assert_msg(memcmp(hashes[i], live[i], SHA256_LEN) == 0,
                      "event %lld is not what the engine wrote", (long long)i + 1);
    passes_hold(at);
    dead_swept();
    if (goes) {
        goes_on(at, events);
        passes_go_on(at);
    }
    const int64_t now = store_head(book_writer)->seq;
    engine_stops();
    if (goes)
        verifies(at, now, events);
    arenas_back_to(arenas);
}

/* ---- what was handed out, as a stranger checks it ---- */

/* The receipts alone, by the first key and the chain of statements; no book is near. */
static void receipts_hold(struct store *store)
{
    struct log_key_event *rows;
    struct trust trust;
    struct tx tx;
    size_t n;
    ck_ok(tx_read_begin(store, arena, book_clock(), &tx));
    ck_ok(log_keys_list(&tx, arena, &rows, &n));
    tx_read_end(&tx);
    trust_init(&trust, arena);
    ck_ok(trust_give(&trust, first_vkey));
    for (size_t i = 0; i < n; i++)
        ck_ok(trust_state(&trust, str_of(rows[i].note)));
    for (size_t i = 0; i < asked_n; i++) {
        struct receipt r;
        struct report report;
        if (asked[i].receipt.at == NULL)
            continue;
        ck_ok(receipt_read(arena, asked[i].receipt, &r));
        report_init(&report, arena, asked[i].key);
        ck_assert_msg(check_receipt(&r, &trust, &report), "%s: %s", asked[i].key, report.problem);
        ck_assert_int_eq((int64_t)r.index + 1, asked[i].seq);
    }
}

static void live_read(void)
{
    struct store *store;
    ck_ok(store_open(book_path, STORE_READER, arena, &store));
    live_n = log_read(store_db(store), live);
    receipts_hold(store);
    store_close(store);
}

#endif
