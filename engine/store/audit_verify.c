/* Verifying: the chain event by event, then every row of the book against the event that last wrote
 * it, in both directions. It believes nothing but the bytes it reads and its own arithmetic. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "common/sys/db.h"
#include "common/sys/embed.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/migrate.h"
#include "engine/store/audit.h"
#include "engine/store/derived_verify.h"
#include "engine/store/live_verify.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

/* ---- the chain ---- */

struct chain_check {
    struct audit_report *report;
    struct arena *arena;   /* of the report */
    struct arena *scratch; /* of one event */
    struct buf canonical;
    int64_t before; /* the seq that the walk begins behind; 0: all of it */
    uint8_t prev[SHA256_LEN];
    char prev_utc[INSTANT_TEXT_MAX]; /* "" before the first event */
};

static struct err fault(struct chain_check *c, int64_t seq, const char *problem)
{
    c->report->kind = AUDIT_BROKEN;
    c->report->bad_seq = seq;
    c->report->problem = problem;
    return OK;
}

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

/* The members that the chain itself speaks of; NULL when they are good, else what is wrong. */
static const char *event_problem(struct chain_check *c, int64_t expected, const struct json *tree,
                                 struct str text)
{
    int64_t seq;
    buf_clear(&c->canonical);
    struct err e = jcs_print(tree, &c->canonical);
    if (e.kind != ERR_NONE || !str_eq(buf_str(&c->canonical), text))
        return "the event is not in canonical form (RFC 8785)";
    if (!json_int(json_get(tree, "seq"), &seq) || seq != expected)
        return "the event carries another seq than its row";
    const char *book = json_get_text(tree, "book_id");
    if (book == NULL || (c->report->book_id != NULL && !text_eq(book, c->report->book_id)))
        return "the event belongs to another book";
    if ((expected == 1) != text_eq(json_get_text(tree, "event_type"), "BOOK_CREATED"))
        return "event 1 is BOOK_CREATED, and only event 1";
    const char *utc = json_get_text(tree, "timestamp_utc");
    int64_t us;
    if (utc == NULL || instant_parse(utc, &us).kind != ERR_NONE)
        return "the event has no valid time";
    if (strcmp(utc, c->prev_utc) <= 0)
        return "the event is not later than the one before";
    return NULL;
}

static void event_accept(struct chain_check *c, const struct json *tree,
                         const uint8_t self[SHA256_LEN])
{
    struct audit_report *r = c->report;
    const char *utc = json_get_text(tree, "timestamp_utc");
    memcpy(c->prev, self, SHA256_LEN);
    r->events++;
    if (r->book_id == NULL)
        r->book_id = arena_strdup(c->arena, json_get_text(tree, "book_id"));
    if (r->first_utc == NULL)
        r->first_utc = arena_strdup(c->arena, utc);
    (void)snprintf(c->prev_utc, sizeof c->prev_utc, "%s", utc);
}

static struct err event_check(struct chain_check *c, struct stmt *q)
{
    int64_t expected = c->before + c->report->events + 1;
    struct str text = stmt_peek(q, 1), prev = stmt_peek(q, 2), self = stmt_peek(q, 3);
    uint8_t hash[SHA256_LEN];
    struct json *tree;
    struct sha256 h;
    if (stmt_int(q, 0) != expected)
        return fault(c, expected, "an event is missing: the numbers do not follow each other");
    if (prev.len != SHA256_LEN || memcmp(prev.at, c->prev, SHA256_LEN) != 0)
        return fault(c, expected, "hash_prev is not the hash of the event before");
    sha256_begin(&h);
    sha256_add(&h, c->prev, SHA256_LEN);
    sha256_add(&h, text.at, text.len);
    sha256_end(&h, hash);
    if (self.len != SHA256_LEN || memcmp(self.at, hash, SHA256_LEN) != 0)
        return fault(c, expected, "hash_self is not the hash of the event");
    arena_reset(c->scratch);
    struct err e = json_read(c->scratch, text, &event_limits, &tree);
    if (e.kind != ERR_NONE)
        return fault(c, expected, "the event is not JSON");
    const char *problem = event_problem(c, expected, tree, text);
    if (problem != NULL)
        return fault(c, expected, problem);
    event_accept(c, tree, hash);
    return arena_check(c->arena);
}

static const struct db_sql verify_walk = {
    "verify_walk", "SELECT seq, event, hash_prev, hash_self FROM audit_events ORDER BY seq"};
static const struct db_sql verify_tail = {
    "verify_tail", "SELECT seq, event, hash_prev, hash_self FROM audit_events WHERE seq > ?1"
                   " ORDER BY seq"};
static const struct db_sql verify_before = {
    "verify_before", "SELECT a.seq, a.timestamp_utc, a.hash_self FROM audit_events a WHERE a.seq ="
                     " (SELECT max(seq) FROM audit_events) - ?1"};

static struct err chain_walk(struct tx *tx, struct chain_check *c)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    TRY(stmt_new(tx->db, c->before == 0 ? &verify_walk : &verify_tail, &q));
    if (c->before != 0)
        stmt_bind_int(q, 1, c->before);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        TRY(event_check(c, q));
        if (c->report->kind != AUDIT_INTACT)
            return OK;
    }
}

static void chain_check_cleanup(struct chain_check *c)
{
    arena_free(c->scratch);
    buf_fini(&c->canonical);
}

/* What the disk or another process did is no finding about the schema. */
static struct err schema_fault(struct tx *tx, struct err e, struct audit_report *report)
{
    enum db_class class = db_last_class(tx->db);
    if (class != DB_OK && class != DB_CORRUPT && class != DB_OTHER)
        return e;
    report->kind = AUDIT_BROKEN;
    report->problem = e.msg;
    return OK;
}

struct err audit_verify(struct tx *tx, struct arena *arena, struct audit_report *report)
{
    __attribute__((cleanup(chain_check_cleanup))) struct chain_check c = {
        .report = report, .arena = arena, .scratch = arena_new(64u << 20)};
    buf_init(&c.canonical, 8u << 20);
    *report = (struct audit_report){.kind = AUDIT_INTACT};
    ENSURE(c.scratch != NULL, ERR_LIMIT, "out of memory");
    struct err schema = migrate_check(tx->db, recon_migrations, recon_migrations_n, arena);
    if (schema.kind != ERR_NONE)
        return schema_fault(tx, schema, report);
    TRY(chain_walk(tx, &c));
    if (report->kind == AUDIT_INTACT && report->events == 0) {
        report->kind = AUDIT_BROKEN;
        report->problem = "the book has no events, not even its first";
    }
    hex_print(c.prev, sizeof c.prev, report->head);
    report->last_utc = c.prev_utc[0] == '\0' ? NULL : arena_strdup(arena, c.prev_utc);
    return arena_check(arena);
}

/* Where the tail begins: behind the event that is `n` before the last, taken at its word. */
static struct err tail_find(struct tx *tx, struct chain_check *c, int64_t n)
{
    CLEANUP(stmt_free) struct stmt *q = NULL;
    bool row;
    TRY(stmt_new(tx->db, &verify_before, &q));
    stmt_bind_int(q, 1, n);
    TRY(stmt_step(q, &row));
    if (!row)
        return OK;
    struct str utc = stmt_peek(q, 1), self = stmt_peek(q, 2);
    c->before = stmt_int(q, 0);
    (void)snprintf(c->prev_utc, sizeof c->prev_utc, "%.*s", (int)utc.len, utc.at);
    if (self.len == SHA256_LEN)
        memcpy(c->prev, self.at, SHA256_LEN);
    return OK;
}

struct err audit_verify_tail(struct tx *tx, struct arena *arena, int64_t n,
                             struct audit_report *report)
{
    __attribute__((cleanup(chain_check_cleanup))) struct chain_check c = {
        .report = report, .arena = arena, .scratch = arena_new(64u << 20)};
    buf_init(&c.canonical, 8u << 20);
    *report = (struct audit_report){.kind = AUDIT_INTACT};
    if (tx->store->book_id[0] != '\0') /* opened when there was a book */
        report->book_id = tx->store->book_id;
    ENSURE(c.scratch != NULL, ERR_LIMIT, "out of memory");
    TRY(tail_find(tx, &c, n));
    TRY(chain_walk(tx, &c));
    hex_print(c.prev, sizeof c.prev, report->head);
    report->last_utc = arena_strdup(arena, c.prev_utc);
    report->before = c.before;
    return arena_check(arena);
}

/* ---- the book ---- */

/* The latest effect of a row, or one table's bulk effect of an event. */
struct claim {
    char *id; /* NULL: a bulk effect */
    int64_t seq, version, count;
    uint8_t hash[SHA256_LEN];
    bool seen;
};

/* Claims of one table: rows sorted by id (the last claim of an id wins), bulk in order of seq. */
struct claims {
    struct claim *at;
    size_t n, cap;
};

struct book_check {
    struct audit_report *report;
    struct arena *arena;
    struct claims rows[TABLE_COUNT], bulk[TABLE_COUNT];
    enum table table;
    size_t bulk_next;
    struct sha256 bulk_sum;
    int64_t bulk_seen;
};

static void book_fault(struct book_check *b, enum table table, const char *row, int64_t seq,
                       const char *problem)
{
    if (b->report->kind != AUDIT_INTACT)
        return;
    b->report->kind = AUDIT_BROKEN;
    b->report->table = table_name(table);
    b->report->row = row == NULL ? NULL : arena_strdup(b->arena, row);
    b->report->bad_seq = seq;
    b->report->problem = problem;
}

static struct err claim_add(struct claims *c, const struct claim *claim)
{
    if (c->n == c->cap) {
        size_t cap = c->cap == 0 ? 256 : c->cap * 2;
        struct claim *at = realloc(c->at, cap * sizeof *at);
        ENSURE(at != NULL, ERR_LIMIT, "out of memory");
        c->at = at;
        c->cap = cap;
    }
    c->at[c->n++] = *claim;
    return OK;
}

static bool table_find(const char *name, enum table *table)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        if (text_eq(table_name((enum table)i), name)) {
            *table = (enum table)i;
            return true;
        }
    }
    return false;
}

static struct err claim_effect(struct book_check *b, const struct json *effect, int64_t seq)
{
    enum table table;
    struct claim claim = {.seq = seq};
    const char *id = json_get_text(effect, "id"), *hash = json_get_text(effect, "row_sha256");
    bool good = table_find(json_get_text(effect, "table"), &table) && id != NULL && hash != NULL &&
                hex_parse(hash, claim.hash, sizeof claim.hash) &&
                json_int(json_get(effect, "version"), &claim.version);
    ENSURE(good, ERR_STORE, "an event names an effect that cannot be read");
    claim.id = strdup(id);
    ENSURE(claim.id != NULL, ERR_LIMIT, "out of memory");
    return claim_add(&b->rows[table], &claim);
}

static struct err claim_bulk(struct book_check *b, const struct json *effect, int64_t seq)
{
    enum table table;
    struct claim claim = {.seq = seq};
    const char *hash = json_get_text(effect, "rows_sha256");
    bool good = table_find(json_get_text(effect, "table"), &table) && hash != NULL &&
                hex_parse(hash, claim.hash, sizeof claim.hash) &&
                json_int(json_get(effect, "count"), &claim.count);
    ENSURE(good, ERR_STORE, "an event names a bulk effect that cannot be read");
    return claim_add(&b->bulk[table], &claim);
}

static struct err claims_of_event(struct book_check *b, const struct json *tree, int64_t seq)
{
    const struct json *rows = json_get(tree, "effects"), *bulk = json_get(tree, "effects_bulk");
    for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++)
        TRY(claim_effect(b, rows->items[i], seq));
    for (size_t i = 0; json_is(bulk, JSON_TYPE_ARRAY) && i < bulk->count; i++)
        TRY(claim_bulk(b, bulk->items[i], seq));
    return OK;
}

static struct err claims_collect(struct tx *tx, struct book_check *b)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(64u << 20);
    CLEANUP(stmt_free) struct stmt *q = NULL;
    ENSURE(scratch != NULL, ERR_LIMIT, "out of memory");
    TRY(stmt_new(tx->db, &verify_walk, &q));
    for (;;) {
        bool row;
        struct json *tree;
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        arena_reset(scratch);
        TRY(json_read(scratch, stmt_peek(q, 1), &event_limits, &tree));
        TRY(claims_of_event(b, tree, stmt_int(q, 0)));
    }
}

static int claim_order(const void *x, const void *y)
{
    const struct claim *a = x, *b = y;
    int by_id = strcmp(a->id, b->id);
    if (by_id != 0)
        return by_id;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    return a->version < b->version ? -1 : a->version > b->version; /* an event may write it twice */
}

/* Sorted by id, only the latest claim of each. */
static void claims_settle(struct claims *c)
{
    size_t kept = 0;
    if (c->n == 0)
        return;
    qsort(c->at, c->n, sizeof *c->at, claim_order);
    for (size_t i = 0; i < c->n; i++) {
        if (i + 1 < c->n && strcmp(c->at[i].id, c->at[i + 1].id) == 0)
            free(c->at[i].id);
        else
            c->at[kept++] = c->at[i];
    }
    c->n = kept;
}

static struct claim *claim_of(struct claims *c, const char *id)
{
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = strcmp(c->at[mid].id, id);
        if (order == 0)
            return &c->at[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static void row_against_claim(struct book_check *b, struct claim *claim, const char *id,
                              int64_t version, int64_t seq, const uint8_t hash[SHA256_LEN])
{
    claim->seen = true;
    if (claim->seq != seq || claim->version != version)
        book_fault(b, b->table, id, claim->seq,
                   "the row says another event or version wrote it than the log does");
    else if (memcmp(claim->hash, hash, SHA256_LEN) != 0)
        book_fault(b, b->table, id, seq,
                   "the row is not what the event wrote: it was changed behind the engine's back");
}

/* Rows of a bulk effect come one after the other; their hashes add up to one. */
static void row_of_bulk(struct book_check *b, const char *id, int64_t seq,
                        const uint8_t hash[SHA256_LEN])
{
    struct claims *c = &b->bulk[b->table];
    if (b->bulk_next >= c->n || c->at[b->bulk_next].seq != seq) {
        book_fault(b, b->table, id, seq,
                   b->bulk_seen > 0 ? "rows that an earlier event loaded are gone"
                                    : "no event wrote this row");
        return;
    }
    struct claim *claim = &c->at[b->bulk_next];
    if (b->bulk_seen == 0)
        sha256_begin(&b->bulk_sum);
    sha256_add(&b->bulk_sum, hash, SHA256_LEN);
    if (++b->bulk_seen < claim->count)
        return;
    uint8_t sum[SHA256_LEN];
    sha256_end(&b->bulk_sum, sum);
    claim->seen = true;
    b->bulk_seen = 0;
    b->bulk_next++;
    if (memcmp(sum, claim->hash, SHA256_LEN) != 0)
        book_fault(b, b->table, NULL, seq,
                   "the rows that this event loaded were changed behind the engine's back");
}

static struct err row_check(void *arg, const char *id, int64_t version, int64_t seq,
                            const uint8_t hash[SHA256_LEN])
{
    struct book_check *b = arg;
    struct claim *claim = claim_of(&b->rows[b->table], id);
    b->report->rows++;
    if (claim != NULL)
        row_against_claim(b, claim, id, version, seq, hash);
    else
        row_of_bulk(b, id, seq, hash);
    return OK;
}

static void claims_unmet(struct book_check *b, enum table table)
{
    for (size_t i = 0; i < b->rows[table].n; i++) {
        const struct claim *c = &b->rows[table].at[i];
        if (!c->seen)
            book_fault(b, table, c->id, c->seq, "a row that this event wrote is gone");
    }
    for (size_t i = 0; i < b->bulk[table].n; i++) {
        if (!b->bulk[table].at[i].seen)
            book_fault(b, table, NULL, b->bulk[table].at[i].seq,
                       "rows that this event loaded are gone");
    }
}

static struct err tables_check(struct tx *tx, struct book_check *b)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        b->table = (enum table)t;
        b->bulk_next = 0;
        b->bulk_seen = 0;
        claims_settle(&b->rows[t]);
        TRY(table_walk(tx, b->table, row_check, b));
        if (b->bulk_seen > 0)
            sha256_drop(&b->bulk_sum);
        claims_unmet(b, b->table);
    }
    return OK;
}

/* live_legs and live_parts are derived: they are not hashed, but derived again. */
static struct err legs_check(struct tx *tx, struct book_check *b)
{
    struct live_finding finding;
    TRY(live_verify(tx, b->arena, &finding));
    if (finding.table == NULL)
        return OK;
    book_fault(b, TABLE_MATCHES, finding.entry_id, 0, finding.problem);
    b->report->table = finding.table;
    return OK;
}

/* So are these. */
static struct err derived_check(struct tx *tx, struct book_check *b)
{
    struct derived_finding finding;
    TRY(derived_verify(tx, b->arena, &finding));
    if (finding.table == NULL)
        return OK;
    book_fault(b, finding.of, finding.row, 0, finding.problem);
    b->report->table = finding.table;
    return OK;
}

static void book_check_cleanup(struct book_check *b)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        for (size_t i = 0; i < b->rows[t].n; i++)
            free(b->rows[t].at[i].id);
        free(b->rows[t].at);
        free(b->bulk[t].at);
    }
}

/* Indexes answer most questions, and no row hash covers them. */
static struct err indexes_check(struct tx *tx, struct book_check *b)
{
    const char *complaint;
    TRY(db_integrity(tx->db, b->arena, &complaint));
    if (complaint != NULL && b->report->kind == AUDIT_INTACT) {
        b->report->kind = AUDIT_BROKEN;
        b->report->problem = arena_fmt(b->arena, "the database's own check: %s", complaint);
    }
    return OK;
}

static struct err book_walk(struct tx *tx, struct book_check *b)
{
    TRY(claims_collect(tx, b));
    TRY(tables_check(tx, b));
    if (b->report->kind == AUDIT_INTACT)
        TRY(legs_check(tx, b));
    if (b->report->kind == AUDIT_INTACT)
        TRY(derived_check(tx, b));
    return b->report->kind == AUDIT_INTACT ? indexes_check(tx, b) : OK;
}

struct err audit_verify_book(struct tx *tx, struct arena *arena, struct audit_report *report)
{
    __attribute__((cleanup(book_check_cleanup))) struct book_check b = {.report = report,
                                                                        .arena = arena};
    if (report->kind != AUDIT_INTACT)
        return OK;
    TRY(book_walk(tx, &b));
    return arena_check(arena);
}
