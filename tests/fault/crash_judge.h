/* What must hold of the folder that a crash left: the log is a beginning of what the engine wrote,
 * whole groups of it, with everything that anybody was told; it verifies, in all four answers and
 * with every receipt that was handed out; and the engine goes on from there, where a repeated key
 * is answered as before or decided now, once. */
#ifndef TESTS_FAULT_CRASH_JUDGE_H
#define TESTS_FAULT_CRASH_JUDGE_H

#include <dirent.h>

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

static int64_t last_told(size_t at)
{
    int64_t last = 0;
    for (size_t i = 0; i < asked_n; i++) {
        if (was_told(&asked[i], at) && asked[i].seq > last)
            last = asked[i].seq;
    }
    return last;
}

/* ---- a look: cheap, at every crash ---- */

static int name_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of the folder's files, names and bytes; not the log's index. */
static void folder_digest(const char *folder, uint8_t out[SHA256_LEN])
{
    const char *names[64];
    size_t n = 0;
    struct sha256 h;
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
    sha256_begin(&h);
    for (size_t i = 0; i < n; i++) {
        struct str bytes;
        ck_ok(disk_read(arena, arena_fmt(arena, "%s/%s", folder, names[i]), SIZE_MAX, &bytes));
        sha256_add(&h, names[i], strlen(names[i]) + 1);
        sha256_add(&h, bytes.at, bytes.len);
    }
    sha256_end(&h, out);
}

/* Recovers the book, and tells apart what is there: the same digest is the same book. */
static int64_t crash_look(const char *folder, uint8_t out[SHA256_LEN])
{
    static const struct db_sql last = {"last", "SELECT ifnull(max(seq), 0) FROM audit_events"};
    struct db *db;
    struct stmt *q;
    bool row;
    ck_ok(db_open(arena_fmt(arena, "%s/recon.db", folder), DB_MIGRATOR, &db));
    ck_ok(db_checkpoint(db, DB_CHECKPOINT_TRUNCATE, NULL, NULL));
    ck_ok(stmt_new(db, &last, &q));
    ck_ok(stmt_step(q, &row));
    const int64_t events = stmt_int(q, 0);
    stmt_free(q);
    db_close(db);
    folder_digest(folder, out);
    return events;
}

/* ---- a judgement: of every book that is another one ---- */

/* The key, and some receipts of events up to `events`, the last one among them, as auditors kept
 * them. */
static struct audit_given given_of(int64_t events)
{
    struct audit_kept *kept = ARENA_ARRAY(arena, KEPT_MAX + 1, struct audit_kept);
    const char **vkeys = ARENA_ARRAY(arena, 1, const char *);
    size_t n = 0;
    vkeys[0] = first_vkey;
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
    return (struct audit_given){
        .path = book_path, .threads = 1, .keys = vkeys, .keys_n = 1, .kept = kept, .kept_n = n};
}

static void verifies(bool book, int64_t events, int64_t receipts_to)
{
    const struct audit_given given = given_of(receipts_to);
    struct audit_report r;
    ck_ok(audit_verify_path(book_path, book, &given, arena, &r));
    ck_assert_msg(r.kind == AUDIT_INTACT, "%s (event %lld, %s %s)", r.problem, (long long)r.bad_seq,
                  r.table == NULL ? "-" : r.table, r.row == NULL ? "-" : r.row);
    for (int i = 0; i < AUDIT_QUESTIONS; i++)
        ck_assert_msg(r.told[i].answer == AUDIT_OK, "question %d: %s", i,
                      r.told[i].says == NULL ? "not known" : r.told[i].says);
    ck_assert_int_eq(r.events, events);
    ck_assert_int_eq(r.covered, events); /* whole groups: the last head is over the last event */
}

/* The last key signs and is log.key, whatever a rotation had come to. */
static void engine_starts(void)
{
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
    else
        ck_assert(c->seq == 0 || c->seq > events);
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
        if (!repeat && !in_doubt(&asked[i], at))
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

/* In book_folder, which a crash at this step left as it is: nobody has opened the book since. */
static void crash_judge(size_t at, int64_t events)
{
    static uint8_t hashes[LOG_MAX][SHA256_LEN];
    const size_t arenas = spine_arenas_n;
    verifies(false, events, events);
    engine_starts();
    ck_assert_int_eq(log_read(store_db(book_writer), hashes), events);
    ck_assert_int_le(events, live_n);
    for (int64_t i = 0; i < events; i++)
        ck_assert_msg(memcmp(hashes[i], live[i], SHA256_LEN) == 0,
                      "event %lld is not what the engine wrote", (long long)i + 1);
    goes_on(at, events);
    const int64_t now = store_head(book_writer)->seq;
    engine_stops();
    verifies(true, now, events);
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
