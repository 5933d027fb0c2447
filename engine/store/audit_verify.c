/* Verifying the log: numbers, hashes, canonical form and times, event by event on several threads,
 * and what the tree says beside. It believes nothing but the bytes it reads and its own arithmetic.
 *
 * The four questions are answered apart from each other: an event whose text was changed leaves the
 * tree of the stored hashes as it was, and a log written anew with good hashes has another tree. */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/canon_memo.h"
#include "common/sys/db.h"
#include "common/sys/embed.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/migrate.h"
#include "engine/store/audit_verify_own.h"

#define JOINED_MAX ((size_t)16 * 1024) /* bytes of a text that is not hashed in parts */

/* One thread's. */
struct verify_hand {
    struct canon_memo *memo;
    struct buf canonical;
    struct stmt *before;             /* the row before a chunk */
    uint8_t prev[SHA256_LEN];        /* hash_self of the row before */
    char prev_utc[INSTANT_TEXT_MAX]; /* "" before the first event */
    struct tree_hand tree;
    uint8_t joined[SHA256_LEN + JOINED_MAX]; /* hash_prev and text: one piece is hashed faster */
};

/* What the chain speaks of in an event; slices of its text or of a tree in scratch. */
struct facts {
    struct str book, type, utc;
    int64_t seq;
};

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

enum { NAME_BOOK, NAME_TYPE, NAME_SEQ, NAME_UTC, NAMES };
static const struct str names[NAMES] = {[NAME_BOOK] = {"book_id", 7},
                                        [NAME_TYPE] = {"event_type", 10},
                                        [NAME_SEQ] = {"seq", 3},
                                        [NAME_UTC] = {"timestamp_utc", 13}};

static const struct db_sql row_before = {
    "verify_before", "SELECT event, hash_self FROM audit_events WHERE seq = ?1"};

void told_bad(struct audit_told *told, int64_t seq, const char *says)
{
    if (told->answer != AUDIT_NOT_OK)
        *told = (struct audit_told){.answer = AUDIT_NOT_OK, .bad_seq = seq, .says = says};
}

/* ---- one event ---- */

static struct str text_member(const struct json *tree, const char *name)
{
    return str_of(json_get_text(tree, name));
}

/* By a tree, when the bytes alone do not say. The complaint, or NULL. */
static const char *facts_by_tree(struct verify_hand *own, struct arena *scratch, struct str text,
                                 struct facts *facts)
{
    struct json *tree;
    if (json_read(scratch, text, &event_limits, &tree).kind != ERR_NONE)
        return "the event is not JSON";
    buf_clear(&own->canonical);
    struct err e = jcs_print(tree, &own->canonical);
    if (e.kind != ERR_NONE || !str_eq(buf_str(&own->canonical), text))
        return "the event is not in canonical form (RFC 8785)";
    *facts = (struct facts){.book = text_member(tree, "book_id"),
                            .type = text_member(tree, "event_type"),
                            .utc = text_member(tree, "timestamp_utc")};
    if (!json_int(json_get(tree, "seq"), &facts->seq))
        facts->seq = -1;
    return NULL;
}

static const char *facts_read(struct verify_hand *own, struct arena *scratch, struct str text,
                              struct facts *facts)
{
    struct str at[NAMES];
    const bool good =
        canon_memo_surely(own->memo, text, at) && canon_integer(at[NAME_SEQ], &facts->seq) &&
        canon_plain(at[NAME_BOOK], &facts->book) && canon_plain(at[NAME_TYPE], &facts->type) &&
        canon_plain(at[NAME_UTC], &facts->utc);
    return good ? NULL : facts_by_tree(own, scratch, text, facts);
}

/* The members that the chain itself speaks of; NULL when they are good. */
static const char *facts_problem(const struct verify *v, int64_t expected, const struct facts *f)
{
    if (f->seq != expected)
        return "the event carries another seq than its row";
    if (f->book.len == 0 || !str_is(f->book, v->book))
        return "the event belongs to another book";
    if ((expected == 1) != str_is(f->type, "BOOK_CREATED"))
        return "event 1 is BOOK_CREATED, and only event 1";
    return NULL;
}

/* The event's time behind the one before. */
static const char *clock_problem(struct verify_hand *own, const struct facts *f)
{
    char utc[INSTANT_TEXT_MAX] = "";
    int64_t us;
    if (f->utc.len == 0 || f->utc.len >= sizeof utc)
        return "the event has no valid time";
    memcpy(utc, f->utc.at, f->utc.len);
    if (instant_parse(utc, &us).kind != ERR_NONE)
        return "the event has no valid time";
    const bool later = strcmp(utc, own->prev_utc) > 0;
    memcpy(own->prev_utc, utc, sizeof utc);
    return later ? NULL : "the event is not later than the one before";
}

static void row_hash(struct verify_hand *own, struct str text, uint8_t hash[SHA256_LEN])
{
    struct sha256 h;
    if (text.len <= JOINED_MAX) {
        memcpy(own->joined, own->prev, SHA256_LEN);
        memcpy(own->joined + SHA256_LEN, text.at, text.len);
        sha256(own->joined, SHA256_LEN + text.len, hash);
        return;
    }
    sha256_begin(&h);
    sha256_add(&h, own->prev, SHA256_LEN);
    sha256_add(&h, text.at, text.len);
    sha256_end(&h, hash);
}

static const char *hash_problem(struct verify_hand *own, const struct walk_row *row)
{
    uint8_t hash[SHA256_LEN];
    if (row->hash_prev.len != SHA256_LEN || memcmp(row->hash_prev.at, own->prev, SHA256_LEN) != 0)
        return "hash_prev is not the hash of the event before";
    row_hash(own, row->event, hash);
    if (row->hash_self.len != SHA256_LEN || memcmp(row->hash_self.at, hash, SHA256_LEN) != 0)
        return "hash_self is not the hash of the event";
    return NULL;
}

/* ---- chunks ---- */

/* What a chunk begins behind; of a log's first event: nothing. */
static struct err before_read(struct verify_hand *own, struct walk_hand *hand, int64_t seq)
{
    bool row = false;
    struct facts f;
    memset(own->prev, 0, sizeof own->prev);
    own->prev_utc[0] = '\0';
    CLEANUP(stmt_reset) struct stmt *q = own->before;
    stmt_bind_int(q, 1, seq);
    if (seq > 0)
        TRY(stmt_step(q, &row));
    if (!row)
        return OK;
    const struct str self = stmt_peek(q, 1);
    if (self.len == SHA256_LEN)
        memcpy(own->prev, self.at, SHA256_LEN);
    if (facts_read(own, hand->scratch, stmt_peek(q, 0), &f) == NULL)
        (void)clock_problem(own, &f);
    return OK;
}

static struct err verify_open(struct walk_hand *hand, struct walk_chunk *chunk)
{
    const struct verify *v = hand->arg;
    struct verify_hand *own = hand->own;
    chunk->found = ARENA_NEW(chunk->arena, struct chunk_found);
    ENSURE(chunk->found != NULL, ERR_LIMIT, "out of memory");
    TRY(before_read(own, hand, chunk->first - 1));
    return v->tree ? tree_chunk_open(v, &own->tree, chunk) : OK;
}

/* The event is good so far as its chunk knows. */
static void event_count(struct chunk_found *found, const struct verify_hand *own,
                        const struct walk_row *row)
{
    found->good++;
    memcpy(found->head, row->hash_self.at, SHA256_LEN);
    memcpy(found->last_utc, own->prev_utc, sizeof found->last_utc);
    if (found->first_utc[0] == '\0')
        memcpy(found->first_utc, own->prev_utc, sizeof found->first_utc);
}

static struct err verify_row(struct walk_hand *hand, struct walk_chunk *chunk,
                             const struct walk_row *row)
{
    const struct verify *v = hand->arg;
    struct verify_hand *own = hand->own;
    struct chunk_found *found = chunk->found;
    const int64_t expected = chunk->first + chunk->rows - 1;
    struct facts f;
    if (found->gap == 0 && row->seq != expected)
        found->gap = expected;
    if (found->gap != 0) {
        told_bad(&found->rows, found->gap,
                 "an event is missing: the numbers do not follow each other");
        return OK;
    }
    const char *hash = hash_problem(own, row),
               *form = facts_read(own, hand->scratch, row->event, &f);
    const char *facts = form != NULL ? form : facts_problem(v, expected, &f);
    const char *clock = form != NULL ? NULL : clock_problem(own, &f);
    if (hash != NULL || facts != NULL)
        told_bad(&found->rows, expected, hash != NULL ? hash : facts);
    if (clock != NULL)
        told_bad(&found->clock, expected, clock);
    if (row->hash_self.len == SHA256_LEN)
        memcpy(own->prev, row->hash_self.at, SHA256_LEN);
    if (found->rows.answer != AUDIT_NOT_OK && found->clock.answer != AUDIT_NOT_OK)
        event_count(found, own, row);
    if (!v->tree)
        return OK;
    found->tree.key_events += form == NULL && str_is(f.type, "KEY_ROTATED");
    return tree_row(v, &own->tree, chunk, &found->tree, row);
}

static struct err verify_close(struct walk_hand *hand, struct walk_chunk *chunk)
{
    const struct verify *v = hand->arg;
    struct verify_hand *own = hand->own;
    struct chunk_found *found = chunk->found;
    if (found->gap == 0 && chunk->rows < chunk->last - chunk->first + 1) {
        found->gap = chunk->first + chunk->rows;
        told_bad(&found->rows, found->gap,
                 "an event is missing: the numbers do not follow each other");
    }
    if (v->tree)
        tree_chunk_close(&own->tree, chunk, &found->tree);
    return OK;
}

static struct err verify_join(void *arg, const struct walk_chunk *chunk, bool *stop)
{
    struct verify *v = arg;
    const struct chunk_found *found = chunk->found;
    struct audit_report *r = v->report;
    struct audit_told *rows = &r->told[AUDIT_ROWS], *clock = &r->told[AUDIT_CLOCK];
    if (rows->answer != AUDIT_NOT_OK && clock->answer != AUDIT_NOT_OK && found->good > 0) {
        r->events += found->good;
        hex_print(found->head, sizeof found->head, r->head);
        r->last_utc = arena_strdup(v->arena, found->last_utc);
        if (r->first_utc == NULL)
            r->first_utc = arena_strdup(v->arena, found->first_utc);
    }
    if (found->rows.answer == AUDIT_NOT_OK)
        told_bad(rows, found->rows.bad_seq, found->rows.says);
    if (found->clock.answer == AUDIT_NOT_OK)
        told_bad(clock, found->clock.bad_seq, found->clock.says);
    v->gap = found->gap;
    *stop = v->gap != 0;
    if (v->tree)
        TRY(tree_join(v, chunk, &found->tree));
    return arena_check(v->arena);
}

/* ---- threads ---- */

static struct err own_init(struct verify_hand *own)
{
    buf_init(&own->canonical, 8u << 20);
    own->memo = canon_memo_new(names, NAMES);
    ENSURE(own->memo != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

static void own_cleanup(struct verify_hand *own)
{
    canon_memo_free(own->memo);
    buf_fini(&own->canonical);
    stmt_free(own->before);
    tree_hand_end(&own->tree);
}

static struct err verify_begin(struct walk_hand *hand)
{
    const struct verify *v = hand->arg;
    struct verify_hand *own = hand->own = calloc(1, sizeof *own);
    ENSURE(own != NULL, ERR_LIMIT, "out of memory");
    TRY(own_init(own));
    TRY(stmt_new(hand->tx.db, &row_before, &own->before));
    return v->tree ? tree_hand_begin(hand, &own->tree) : OK;
}

static void verify_end(struct walk_hand *hand)
{
    if (hand->own != NULL)
        own_cleanup(hand->own);
    free(hand->own);
}

static struct err log_walk(struct verify *v, const struct audit_given *given, bool *damaged)
{
    const struct walk walk = {.path = given == NULL ? NULL : given->path,
                              .tx = v->tx,
                              .first = v->before + 1,
                              .last = v->last,
                              .threads = given == NULL ? 1 : given->threads,
                              .arg = v,
                              .begin = verify_begin,
                              .end = verify_end,
                              .open = verify_open,
                              .row = verify_row,
                              .close = verify_close,
                              .join = verify_join};
    return audit_walk(&walk, v->arena, damaged);
}

/* ---- the whole ---- */

/* What event 1 says it is of; and where the log ends. A log of numbers below 1 alone is looked at,
 * so that the first event is missed. */
static struct err ends_find(struct verify *v)
{
    static const struct db_sql ends = {
        "verify_ends", "SELECT max(seq), (SELECT event FROM audit_events WHERE seq = 1)"
                       " FROM audit_events"};
    __attribute__((cleanup(own_cleanup))) struct verify_hand own = {.memo = NULL};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    CLEANUP(arena_free) struct arena *scratch = arena_new(64u << 20);
    struct facts first;
    bool row;
    ENSURE(scratch != NULL, ERR_LIMIT, "out of memory");
    TRY(own_init(&own));
    TRY(stmt_new(v->tx->db, &ends, &q));
    TRY(stmt_step(q, &row));
    v->last = stmt_int(q, 0);
    if (!stmt_is_null(q, 0) && v->last < 1)
        v->last = 1;
    v->book = "";
    if (!stmt_is_null(q, 1) && facts_read(&own, scratch, stmt_peek(q, 1), &first) == NULL)
        v->book = str_dup(v->arena, first.book);
    return arena_check(v->arena);
}

/* What the disk or another process did is no finding about the schema. */
static struct err schema_fault(struct tx *tx, struct err e, struct audit_report *report)
{
    enum db_class class = db_last_class(tx->db);
    if (class != DB_OK && class != DB_CORRUPT && class != DB_OTHER)
        return e;
    report->kind = AUDIT_BROKEN;
    report->problem = e.msg;
    told_bad(&report->told[AUDIT_ROWS], 0, e.msg);
    return OK;
}

/* The whole is broken when any answer is no, at the first event that any of them names. */
static void report_settle(struct audit_report *r)
{
    for (size_t i = 0; i < AUDIT_QUESTIONS; i++) {
        const struct audit_told *t = &r->told[i];
        if (t->answer != AUDIT_NOT_OK)
            continue;
        if (r->kind != AUDIT_BROKEN || t->bad_seq < r->bad_seq) {
            r->bad_seq = t->bad_seq;
            r->problem = t->says;
        }
        r->kind = AUDIT_BROKEN;
    }
}

/* Rows and clock, as far as the walk came. */
static void walk_settle(struct verify *v)
{
    struct audit_told *rows = &v->report->told[AUDIT_ROWS], *clock = &v->report->told[AUDIT_CLOCK];
    if (v->last == 0)
        told_bad(rows, 0, "the book has no events, not even its first");
    if (rows->answer != AUDIT_NOT_OK)
        rows->answer = AUDIT_OK;
    if (clock->answer != AUDIT_NOT_OK && v->gap == 0)
        clock->answer = AUDIT_OK;
    if (clock->answer == AUDIT_NOT_KNOWN)
        clock->says = "events behind the one that is missing were not looked at";
}

struct err audit_verify_with(struct tx *tx, const struct audit_given *given, struct arena *arena,
                             struct audit_report *report)
{
    static const struct audit_given nothing = {.threads = 1};
    struct verify v = {.tx = tx, .arena = arena, .report = report, .tree = true};
    bool damaged;
    *report = (struct audit_report){.kind = AUDIT_INTACT};
    memset(report->head, '0', sizeof report->head - 1);
    given = given == NULL ? &nothing : given;
    struct err schema = migrate_check(tx->db, recon_migrations, recon_migrations_n, arena);
    if (schema.kind != ERR_NONE)
        return schema_fault(tx, schema, report);
    TRY(ends_find(&v));
    TRY(known_read(&v, given));
    struct err e = log_walk(&v, given, &damaged);
    if (damaged) {
        report->kind = AUDIT_BROKEN;
        report->problem = arena_fmt(arena, "the file is damaged: %s", e.msg);
        told_bad(&report->told[AUDIT_ROWS], 0, report->problem);
        return arena_check(arena);
    }
    TRY(e);
    report->book_id = report->events > 0 ? v.book : NULL;
    walk_settle(&v);
    TRY(known_settle(&v, given));
    report_settle(report);
    return arena_check(arena);
}

struct err audit_verify(struct tx *tx, struct arena *arena, struct audit_report *report)
{
    return audit_verify_with(tx, NULL, arena, report);
}

/* Where the tail begins: behind the event that is `n` before the last, taken at its word. */
static int64_t tail_begin(const struct verify *v, int64_t n)
{
    return v->last > n ? v->last - n : 0;
}

struct err audit_verify_tail(struct tx *tx, struct arena *arena, int64_t n,
                             struct audit_report *report)
{
    struct verify v = {.tx = tx, .arena = arena, .report = report};
    *report = (struct audit_report){.kind = AUDIT_INTACT};
    memset(report->head, '0', sizeof report->head - 1);
    TRY(ends_find(&v));
    if (tx->store->book_id[0] != '\0') /* opened when there was a book */
        v.book = tx->store->book_id;
    v.before = report->before = tail_begin(&v, n);
    TRY(log_walk(&v, NULL, NULL));
    if (report->last_utc == NULL)
        report->last_utc = "";
    report->book_id = v.book;
    for (size_t i = 0; i < AUDIT_QUESTIONS; i++) {
        if (report->told[i].answer == AUDIT_NOT_KNOWN && (i == AUDIT_ROWS || i == AUDIT_CLOCK))
            report->told[i].answer = AUDIT_OK;
    }
    report_settle(report);
    return arena_check(arena);
}
