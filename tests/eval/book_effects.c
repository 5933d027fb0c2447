/* Rows against events: what each says it wrote is what stands there, and nothing else changed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "tests/eval/book_own.h"

/* ---- what they wrote ---- */

static struct err change_add(struct book_check *k, const struct book_row *row, const char *before)
{
    struct json *was = NULL, *is;
    if (k->changes_n == k->changes_cap) {
        k->changes_cap = k->changes_cap == 0 ? 256 : 2 * k->changes_cap;
        k->changes = realloc(k->changes, k->changes_cap * sizeof *k->changes);
        ENSURE(k->changes != NULL && k->changes_n < CHANGES_MAX, ERR_LIMIT, "out of memory");
    }
    if (before != NULL)
        TRY(json_read(k->arena, str_of(before), NULL, &was));
    TRY(json_read(k->arena, row->text, NULL, &is));
    k->changes[k->changes_n++] = (struct book_change){.table = book_table_name(row->table),
                                                      .id = row->id,
                                                      .before = was,
                                                      .after = is,
                                                      .version = row->version,
                                                      .seq = row->seq};
    return OK;
}

static struct err legs_held(struct book_check *k, const struct book_change *c, int sign)
{
    struct json *legs;
    const char *text = json_get_text(c->after, "legs");
    TRY(json_read(k->arena, str_of(text), NULL, &legs));
    for (size_t i = 0; i < legs->count; i++) {
        const struct json *amount = json_get(legs->items[i], "amount_minor");
        int64_t minor = 0;
        if (!json_int(amount, &minor) && json_text(amount) != NULL)
            minor = strtoll(json_text(amount), NULL, 10);
        book_hold(k->rows, json_get_text(legs->items[i], "entry_id"), sign * llabs(minor));
    }
    return OK;
}

/* What live matches hold of entries follows what becomes of them. */
static struct err hold_follows(struct book_check *k, const struct book_change *c)
{
    struct book_change match = {.table = "matches"};
    struct book_row row;
    struct json *tree;
    size_t matches;
    bool found;
    if (text_eq(c->table, "matches"))
        return legs_held(k, c, 1);
    if (!text_eq(c->table, "match_states") ||
        text_eq(json_get_text(c->after, "state"), "CONFIRMED") ||
        !book_table_find("matches", &matches))
        return OK;
    TRY(book_row_load(k->rows, k->arena, matches, c->id, &found, &row));
    if (!found)
        return OK;
    TRY(json_read(k->arena, row.text, NULL, &tree));
    match.after = tree;
    return legs_held(k, &match, -1);
}

struct err book_row_seen(struct book_check *k, const struct book_row *row)
{
    const struct book_kept *kept = book_kept(k->rows, row->table, row->id);
    TRY(change_add(k, row, kept == NULL ? NULL : kept->brief));
    book_keep(k->rows, row);
    if (row->rowid > k->ends[row->table])
        k->ends[row->table] = row->rowid;
    return hold_follows(k, &k->changes[k->changes_n - 1]);
}

static bool hash_is(const struct json *effect, const uint8_t hash[SHA256_LEN])
{
    char hex[SHA256_HEX_SIZE];
    hex_print(hash, SHA256_LEN, hex);
    return text_eq(json_get_text(effect, "row_sha256"), hex);
}

/* One row that an event says it wrote. A later event of the same step may have written it again:
 * then that one answers for it. */
static struct err effect_seen(struct book_check *k, const struct rules_event *e,
                              const struct json *effect, struct book_fault *fault)
{
    const char *name = json_get_text(effect, "table"), *id = json_get_text(effect, "id");
    struct book_row row = {.seq = 0};
    int64_t version = 0;
    size_t table;
    bool found = false;
    (void)json_int(json_get(effect, "version"), &version);
    bool known = name != NULL && book_table_find(name, &table);
    if (known && id != NULL)
        TRY(book_row_load(k->rows, k->arena, table, id, &found, &row));
    if (!found || row.seq < e->seq) {
        book_broken(k, fault, "change-has-its-event",
                    "event %" PRId64 " wrote %s %s, and the book has another", e->seq, name, id);
        return OK;
    }
    if (row.seq > e->seq)
        return OK;
    const struct book_kept *kept = book_kept(k->rows, table, id);
    bool good = row.version == version && hash_is(effect, row.sha256) &&
                (kept == NULL || row.version > kept->version || row.version == 1);
    if (!good)
        book_broken(k, fault, "change-has-its-event",
                    "%s %s is not what event %" PRId64 " wrote: %.*s", name, id, e->seq,
                    (int)row.text.len, row.text.at);
    if (kept != NULL && kept->brief == NULL)
        book_broken(k, fault, "row-stays", "%s %s was written again by event %" PRId64, name, id,
                    e->seq);
    return book_row_seen(k, &row);
}

/* Rows written in bulk: the next ones of the table, in order. */
static struct err bulk_seen(struct book_check *k, const struct rules_event *e,
                            const struct json *bulk, struct book_fault *fault)
{
    const char *name = json_get_text(bulk, "table");
    struct book_row *page = ARENA_ARRAY(k->arena, PAGE, struct book_row);
    char hex[SHA256_HEX_SIZE];
    uint8_t hash[SHA256_LEN];
    struct sha256 sum;
    int64_t count = 0, seen = 0;
    size_t table, n = PAGE;
    struct err err = OK;
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    (void)json_int(json_get(bulk, "count"), &count);
    ENSURE(name != NULL && book_table_find(name, &table), ERR_STORE, "a bulk of no table we know");
    sha256_begin(&sum);
    while (err.kind == ERR_NONE && n > 0 && seen < count) {
        size_t want = count - seen < PAGE ? (size_t)(count - seen) : PAGE;
        err = book_rows_after(k->rows, k->arena, table, k->ends[table], want, page, &n);
        for (size_t i = 0; err.kind == ERR_NONE && i < n; i++, seen++) {
            sha256_add(&sum, page[i].sha256, SHA256_LEN);
            err = page[i].seq == e->seq ? book_row_seen(k, &page[i])
                                        : err_new(ERR_STORE, "a bulk holds another event's row");
        }
    }
    sha256_end(&sum, hash);
    TRY(err);
    hex_print(hash, SHA256_LEN, hex);
    if (seen != count || !text_eq(hex, json_get_text(bulk, "rows_sha256")))
        book_broken(k, fault, "change-has-its-event",
                    "event %" PRId64 " wrote %" PRId64 " of %s, and the book has others", e->seq,
                    count, name);
    return OK;
}

/* An event that wrote a row twice tells of it twice; the last word counts. */
static bool told_again(const struct json *rows, size_t at)
{
    const struct json *row = rows->items[at];
    for (size_t i = at + 1; i < rows->count; i++) {
        if (json_equal(json_get(row, "table"), json_get(rows->items[i], "table")) &&
            json_equal(json_get(row, "id"), json_get(rows->items[i], "id")))
            return true;
    }
    return false;
}

struct err book_effects_seen(struct book_check *k, struct book_fault *fault)
{
    k->changes_n = 0;
    for (size_t i = 0; i < k->events_n; i++) {
        const struct rules_event *e = &k->events[i];
        const struct json *rows = json_get(e->tree, "effects");
        const struct json *bulk = json_get(e->tree, "effects_bulk");
        for (size_t r = 0; bulk != NULL && r < bulk->count; r++)
            TRY(bulk_seen(k, e, bulk->items[r], fault));
        for (size_t r = 0; rows != NULL && r < rows->count; r++) {
            if (!told_again(rows, r))
                TRY(effect_seen(k, e, rows->items[r], fault));
        }
    }
    return OK;
}

/* ---- what nobody says they wrote ---- */

struct err book_nothing_more(struct book_check *k, struct book_fault *fault)
{
    int64_t ends[BOOK_TABLES_MAX];
    TRY(book_rows_ends(k->rows, ends));
    for (size_t i = 0; i < book_tables_n(); i++) {
        if (ends[i] != k->ends[i])
            book_broken(k, fault, "change-has-its-event",
                        "%s ends at row %" PRId64 "; events told of %" PRId64, book_table_name(i),
                        ends[i], k->ends[i]);
    }
    return OK;
}

void book_row_holds(struct book_check *k, const struct book_row *row, struct book_fault *fault)
{
    const struct book_kept *kept = book_kept(k->rows, row->table, row->id);
    bool same = kept != NULL && kept->version == row->version && kept->seq == row->seq &&
                memcmp(kept->sha256, row->sha256, sizeof kept->sha256) == 0;
    if (!same)
        book_broken(k, fault, "row-stays",
                    "%s %s changed, and no event tells of it: before %s, after %.*s",
                    book_table_name(row->table), row->id,
                    kept == NULL          ? "(not there)"
                    : kept->brief == NULL ? "(kept as its hash)"
                                          : kept->brief,
                    (int)row->text.len, row->text.at);
}

/* The next rows of a table, round and round. */
static struct err turn_of(struct book_check *k, size_t table, size_t max, size_t *looked,
                          struct book_fault *fault)
{
    struct book_row *page = ARENA_ARRAY(k->arena, max, struct book_row);
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    TRY(book_rows_after(k->rows, k->arena, table, k->turn[table], max, page, looked));
    for (size_t i = 0; i < *looked; i++)
        book_row_holds(k, &page[i], fault);
    k->turn[table] = *looked < max ? 0 : page[*looked - 1].rowid;
    return OK;
}

static bool moves(size_t table)
{
    static const char *const moving[] = {
        "match_states", "escalations", "exception_states", "principals",  "identities",
        "clients",      "roles",       "freezes",          "delegations", "matching_rules"};
    for (size_t i = 0; i < sizeof moving / sizeof moving[0]; i++) {
        if (text_eq(book_table_name(table), moving[i]))
            return true;
    }
    return false;
}

struct err book_turns(struct book_check *k, bool moving, struct book_fault *fault)
{
    size_t left = moving ? TURN_MOVING : TURN_REST, tables = book_tables_n();
    for (size_t tried = 0; left > 0 && tried < tables; tried++) {
        size_t table = k->turn_table[moving] % tables, looked = 0;
        if (moves(table) == moving)
            TRY(turn_of(k, table, left, &looked, fault));
        left -= looked;
        if (left > 0)
            k->turn_table[moving]++;
    }
    return OK;
}
