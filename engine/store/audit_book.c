/* Verifying the book against its log, in both directions: every row that a decision made against
 * the event that last wrote it, every event's rows against the tables. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/db.h"
#include "common/sys/json_read.h"
#include "engine/store/audit.h"
#include "engine/store/derived_verify.h"
#include "engine/store/live_verify.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

static const struct db_sql book_walk_sql = {"verify_effects",
                                            "SELECT seq, event FROM audit_events ORDER BY seq"};

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

/* The rows of the book are the first question's, too. */
static void told(struct book_check *b, int64_t seq)
{
    b->report->told[AUDIT_ROWS] =
        (struct audit_told){.answer = AUDIT_NOT_OK, .bad_seq = seq, .says = b->report->problem};
}

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
    told(b, seq);
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
    TRY(stmt_new(tx->db, &book_walk_sql, &q));
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
        told(b, 0);
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
