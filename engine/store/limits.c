/* Daily sums of what was confirmed without a human, and of what was written off. On the writer the
 * sums of the group under way stand in memory: each event names its rows with their hashes as
 * always, and the rows are written once, before the group commits, as the last of their events left
 * them. What a call did that is undone is undone here, too. */
#include "engine/store/limits.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum { DAY_LOAD, DAY_FIRST, DAY_NEXT, SINCE, OF_TABLE };

/* clang-format off */
/* A first row and a later one: an upsert would make a temporary table each time it runs. */
#define SUMS_OF(table, first)                                                                      \
    [(first) + DAY_LOAD] = {table "_load",                                                         \
        "SELECT sum_minor, count, version FROM " table " WHERE day_key = ?1"},                     \
    [(first) + DAY_FIRST] = {table "_first",                                                       \
        "INSERT INTO " table " (day_key, scope, key, day, currency, sum_minor, count, version,"    \
        " seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (day_key) DO NOTHING"},     \
    [(first) + DAY_NEXT] = {table "_next",                                                         \
        "UPDATE " table " SET sum_minor = ?2, count = ?3, version = ?4, seq = ?5"                  \
        " WHERE day_key = ?1 AND version = ?6"},                                                   \
    [(first) + SINCE] = {table "_since",                                                           \
        "SELECT currency, sum(sum_minor), sum(count) FROM " table                                  \
        " WHERE scope = ?1 AND key = ?2 AND day >= ?3 GROUP BY currency ORDER BY currency"}
/* clang-format on */

const struct db_sql limits_sql[] = {SUMS_OF("auto_confirmed", 0), SUMS_OF("written_off", OF_TABLE)};
const size_t limits_sql_n = sizeof limits_sql / sizeof limits_sql[0];

static struct stmt *sums_stmt(struct db *db, enum table table, size_t which)
{
    return db_stmt(db, SQL_LIMITS, which + (table == TABLE_WRITTEN_OFF ? OF_TABLE : 0));
}

#define SUMS_BYTES_MAX ((size_t)64 << 20)
enum { BUCKETS = 1024, CURRENCIES_MAX = 64 };

/* A row's numbers. */
struct figures {
    int64_t sum_minor, count, version, seq;
};

/* One row: a scope's day in one currency. */
struct day {
    struct day *next;         /* of the same scope and key */
    struct day *next_changed; /* of the group */
    const struct scope *of;
    const char *day_key;
    char day[DATE_TEXT_MAX], currency[4];
    struct figures book, now; /* as the book has it; as the call under way sees it */
    bool changed;
};

/* What the book held of a window when the group first looked. */
struct window {
    struct window *next;
    char from[DATE_TEXT_MAX];
    struct money sums[CURRENCIES_MAX];
    size_t n;
    int64_t count;
};

struct scope {
    struct scope *next; /* in its bucket */
    enum table table;
    const char *scope, *key;
    struct day *days;
    struct window *windows;
};

/* What the call under way found, to be put back when it is undone. */
struct undo {
    struct undo *next;
    struct day *day;
    struct figures before;
};

struct sums {
    struct arena *arena; /* of the group */
    struct scope *buckets[BUCKETS];
    struct day *changed;
    struct undo *undo;
};

/* ---- the group's memory ---- */

void limits_forget(struct store *store)
{
    struct sums *s = store->sums;
    if (s == NULL)
        return;
    arena_reset(s->arena);
    *s = (struct sums){.arena = s->arena};
}

static struct err sums_make(struct store *store)
{
    if (store->sums != NULL)
        return OK;
    struct sums *s = calloc(1, sizeof *s);
    struct arena *arena = s == NULL ? NULL : arena_new(SUMS_BYTES_MAX);
    if (arena == NULL)
        free(s);
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    s->arena = arena;
    store->sums = s;
    return OK;
}

void limits_free(struct store *store)
{
    if (store->sums != NULL)
        arena_free(store->sums->arena);
    free(store->sums);
    store->sums = NULL;
}

void limits_call_begin(struct store *store)
{
    if (store->sums != NULL)
        store->sums->undo = NULL;
}

void limits_call_undo(struct store *store)
{
    for (struct undo *u = store->sums == NULL ? NULL : store->sums->undo; u != NULL; u = u->next)
        u->day->now = u->before;
    limits_call_begin(store);
}

static size_t bucket_of(const char *scope, const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *scope != '\0'; scope++)
        h = (h ^ (unsigned char)*scope) * UINT64_C(1099511628211);
    for (; *key != '\0'; key++)
        h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return (h >> 32) % BUCKETS;
}

static struct err scope_find(struct tx *tx, enum table table, const char *scope, const char *key,
                             struct scope **out)
{
    TRY(sums_make(tx->store));
    struct sums *s = tx->store->sums;
    struct scope **bucket = &s->buckets[bucket_of(scope, key)];
    for (*out = *bucket; *out != NULL; *out = (*out)->next) {
        if ((*out)->table == table && text_eq((*out)->scope, scope) && text_eq((*out)->key, key))
            return OK;
    }
    struct scope *made = ARENA_NEW(s->arena, struct scope);
    ENSURE(made != NULL, ERR_LIMIT, "a group counts too many limits");
    *made = (struct scope){.next = *bucket,
                           .table = table,
                           .scope = arena_strdup(s->arena, scope),
                           .key = arena_strdup(s->arena, key)};
    TRY(arena_check(s->arena));
    *out = *bucket = made;
    return OK;
}

/* ---- one day ---- */

static struct err day_load(struct tx *tx, struct day *d)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = sums_stmt(tx->db, d->of->table, DAY_LOAD);
    stmt_bind_text(q, 1, d->day_key);
    TRY(stmt_step(q, &row));
    if (row)
        d->book = (struct figures){
            .sum_minor = stmt_int(q, 0), .count = stmt_int(q, 1), .version = stmt_int(q, 2)};
    d->now = d->book;
    return OK;
}

/* Today's, of the amount's currency. */
static struct err day_find(struct tx *tx, struct scope *scope, struct money amount,
                           struct day **out)
{
    char day[DATE_TEXT_MAX];
    struct arena *arena = tx->store->sums->arena;
    date_print(instant_date_utc(tx->now_us), day);
    for (*out = scope->days; *out != NULL; *out = (*out)->next) {
        if (text_eq((*out)->day, day) && text_eq((*out)->currency, amount.cur))
            return OK;
    }
    struct day *made = ARENA_NEW(arena, struct day);
    ENSURE(made != NULL, ERR_LIMIT, "a group counts too many limits");
    made->day_key = arena_fmt(arena, "%s|%s|%s|%s", scope->scope, scope->key, day, amount.cur);
    TRY(arena_check(arena));
    memcpy(made->day, day, sizeof day);
    memcpy(made->currency, amount.cur, sizeof made->currency);
    made->of = scope;
    TRY(day_load(tx, made));
    made->next = scope->days;
    *out = scope->days = made;
    return OK;
}

/* The row's canonical text, as tables.c makes it of the row itself. */
static struct err day_print(const struct day *d, struct buf *text)
{
    buf_clear(text);
    buf_puts(text, "{\"count\":\"");
    buf_puti(text, d->now.count);
    buf_puts(text, "\",\"currency\":");
    TRY(jcs_text_print(str_of(d->currency), text));
    buf_puts(text, ",\"day\":");
    TRY(jcs_text_print(str_of(d->day), text));
    buf_puts(text, ",\"day_key\":");
    TRY(jcs_text_print(str_of(d->day_key), text));
    buf_puts(text, ",\"key\":");
    TRY(jcs_text_print(str_of(d->of->key), text));
    buf_puts(text, ",\"scope\":");
    TRY(jcs_text_print(str_of(d->of->scope), text));
    buf_puts(text, ",\"seq\":\"");
    buf_puti(text, d->now.seq);
    buf_puts(text, "\",\"sum_minor\":\"");
    buf_puti(text, d->now.sum_minor);
    buf_puts(text, "\",\"version\":\"");
    buf_puti(text, d->now.version);
    buf_puts(text, "\"}");
    return buf_check(text);
}

static struct err day_change(struct sums *s, struct day *d, int64_t amount, int64_t seq)
{
    struct undo *u = ARENA_NEW(s->arena, struct undo);
    struct figures after = d->now;
    ENSURE(u != NULL, ERR_LIMIT, "a group counts too many limits");
    ENSURE(!__builtin_add_overflow(after.sum_minor, amount, &after.sum_minor), ERR_LIMIT,
           "the sum of what was confirmed does not fit");
    after.count++;
    after.version++;
    after.seq = seq;
    *u = (struct undo){.next = s->undo, .day = d, .before = d->now};
    s->undo = u;
    d->now = after;
    if (!d->changed) {
        d->changed = true;
        d->next_changed = s->changed;
        s->changed = d;
    }
    return OK;
}

static struct err day_add(struct tx *tx, enum table table, const char *scope, const char *key,
                          struct money amount)
{
    struct scope *of;
    struct day *d;
    struct buf *text = &tx->store->text;
    uint8_t hash[SHA256_LEN];
    TRY(scope_find(tx, table, scope, key, &of));
    TRY(day_find(tx, of, amount, &d));
    TRY(day_change(tx->store->sums, d, amount.minor, tx_seq(tx)));
    TRY(day_print(d, text));
    sha256(text->at, text->len, hash);
    return effect_note(tx, table, d->day_key, d->now.version, hash);
}

struct err auto_confirmed_add(struct tx *tx, const char *scope, const char *key,
                              struct money amount)
{
    return day_add(tx, TABLE_AUTO_CONFIRMED, scope, key, amount);
}

struct err written_off_add(struct tx *tx, const char *scope, const char *key, struct money amount)
{
    return day_add(tx, TABLE_WRITTEN_OFF, scope, key, amount);
}

/* ---- writing ---- */

static struct err day_first(struct store *store, const struct day *d)
{
    CLEANUP(stmt_reset) struct stmt *q = sums_stmt(store->db, d->of->table, DAY_FIRST);
    stmt_bind_text(q, 1, d->day_key);
    stmt_bind_text(q, 2, d->of->scope);
    stmt_bind_text(q, 3, d->of->key);
    stmt_bind_text(q, 4, d->day);
    stmt_bind_text(q, 5, d->currency);
    stmt_bind_int(q, 6, d->now.sum_minor);
    stmt_bind_int(q, 7, d->now.count);
    stmt_bind_int(q, 8, d->now.version);
    stmt_bind_int(q, 9, d->now.seq);
    return stmt_run(q);
}

static struct err day_next(struct store *store, const struct day *d)
{
    CLEANUP(stmt_reset) struct stmt *q = sums_stmt(store->db, d->of->table, DAY_NEXT);
    stmt_bind_text(q, 1, d->day_key);
    stmt_bind_int(q, 2, d->now.sum_minor);
    stmt_bind_int(q, 3, d->now.count);
    stmt_bind_int(q, 4, d->now.version);
    stmt_bind_int(q, 5, d->now.seq);
    stmt_bind_int(q, 6, d->book.version);
    return stmt_run(q);
}

static struct err day_put(struct store *store, const struct day *d)
{
    TRY(d->book.version == 0 ? day_first(store, d) : day_next(store, d));
    ENSURE(db_changes(store->db) == 1, ERR_BUG, "a sum has moved on in the meantime");
    return OK;
}

struct err limits_write(struct store *store)
{
    for (const struct day *d = store->sums == NULL ? NULL : store->sums->changed; d != NULL;
         d = d->next_changed) {
        if (d->now.version != d->book.version) /* not undone */
            TRY(day_put(store, d));
    }
    return OK;
}

/* ---- windows ---- */

static struct err window_load(struct tx *tx, enum table table, const char *scope, const char *key,
                              struct window *w)
{
    CLEANUP(stmt_reset) struct stmt *q = sums_stmt(tx->db, table, SINCE);
    stmt_bind_text(q, 1, scope);
    stmt_bind_text(q, 2, key);
    stmt_bind_text(q, 3, w->from);
    for (;;) {
        bool row;
        char currency[8] = "";
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        struct str cur = stmt_peek(q, 0);
        ENSURE(w->n < CURRENCIES_MAX && cur.len == 3, ERR_LIMIT,
               "a limit's window holds too many currencies");
        memcpy(currency, cur.at, cur.len);
        TRY(money_make(stmt_int(q, 1), currency, &w->sums[w->n++]));
        w->count += stmt_int(q, 2);
    }
}

/* What the group has added to a window since the book was asked. */
static struct err window_grow(struct window *w, const struct day *d)
{
    int64_t more = d->now.sum_minor - d->book.sum_minor;
    size_t i = 0;
    if (d->now.version == d->book.version || strcmp(d->day, w->from) < 0)
        return OK;
    while (i < w->n && !text_eq(w->sums[i].cur, d->currency))
        i++;
    ENSURE(i < CURRENCIES_MAX, ERR_LIMIT, "a limit's window holds too many currencies");
    if (i == w->n)
        TRY(money_make(0, d->currency, &w->sums[w->n++]));
    ENSURE(!__builtin_add_overflow(w->sums[i].minor, more, &w->sums[i].minor), ERR_LIMIT,
           "the sum of what was confirmed does not fit");
    w->count += d->now.count - d->book.count;
    return OK;
}

static struct err window_find(struct tx *tx, struct scope *scope, const char *from,
                              const struct window **out)
{
    struct arena *arena = tx->store->sums->arena;
    for (struct window *w = scope->windows; w != NULL; w = w->next) {
        if (text_eq(w->from, from)) {
            *out = w;
            return OK;
        }
    }
    struct window *made = ARENA_NEW(arena, struct window);
    ENSURE(made != NULL, ERR_LIMIT, "a group counts too many limits");
    memcpy(made->from, from, sizeof made->from);
    TRY(window_load(tx, scope->table, scope->scope, scope->key, made));
    made->next = scope->windows;
    *out = scope->windows = made;
    return OK;
}

/* On the writer: as the book had it before the group, and what the group did. */
static struct err window_of_group(struct tx *tx, enum table table, const char *scope,
                                  const char *key, struct window *w)
{
    struct scope *of;
    const struct window *before;
    TRY(scope_find(tx, table, scope, key, &of));
    TRY(window_find(tx, of, w->from, &before));
    *w = *before;
    for (const struct day *d = of->days; d != NULL; d = d->next)
        TRY(window_grow(w, d));
    return OK;
}

static int by_currency(const void *x, const void *y)
{
    const struct money *a = x, *b = y;
    return strcmp(a->cur, b->cur);
}

struct asked {
    enum table table;
    const char *scope, *key;
    struct date from;
};

static struct err window_read(struct tx *tx, const struct asked *a, struct money *sums, size_t max,
                              struct window *w)
{
    *w = (struct window){.n = 0};
    date_print(a->from, w->from);
    if (tx->store->mode == STORE_WRITER)
        TRY(window_of_group(tx, a->table, a->scope, a->key, w));
    else
        TRY(window_load(tx, a->table, a->scope, a->key, w));
    ENSURE(w->n <= max, ERR_LIMIT, "a limit's window holds too many currencies");
    qsort(w->sums, w->n, sizeof w->sums[0], by_currency);
    memcpy(sums, w->sums, w->n * sizeof w->sums[0]);
    return OK;
}

struct err auto_confirmed_since(struct tx *tx, const char *scope, const char *key, struct date from,
                                struct money *sums, size_t max, size_t *n, int64_t *count)
{
    struct window w;
    const struct asked asked = {TABLE_AUTO_CONFIRMED, scope, key, from};
    TRY(window_read(tx, &asked, sums, max, &w));
    *n = w.n;
    *count = w.count;
    return OK;
}

struct err written_off_since(struct tx *tx, const char *scope, const char *key, struct date from,
                             struct money *sums, size_t max, size_t *n)
{
    struct window w;
    const struct asked asked = {TABLE_WRITTEN_OFF, scope, key, from};
    TRY(window_read(tx, &asked, sums, max, &w));
    *n = w.n;
    return OK;
}
