/* Master data files. They are small and everything rests on them: the first row that is wrong stops
 * the load, so that a chart is never half there. */
#include "engine/ingest/master.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/calendar.h"
#include "common/sys/csv_read.h"
#include "common/sys/zone_read.h"

#define COLUMNS_MAX    8u
#define ROWS_MAX       100000u
#define ID_MAX         64u
#define NAME_BYTES_MAX 200u

/* One file: its columns (`optional` of them, the last ones, may be missing) and where rows go. */
struct table {
    const char *file;
    const char *columns[COLUMNS_MAX];
    size_t columns_n, optional;
    bool scoped;       /* ids are unique within the first column */
    size_t id_columns; /* how many columns behind the first make a scoped id; 0 is one */
};

struct key {
    const char *scope, *id; /* an account's entity; "" where ids stand alone */
    size_t line;
};

struct rows {
    const struct table *table;
    struct key *keys; /* of every row, to find the ids that are there twice */
    struct arena *arena;
    struct csv_reader *reader;
    size_t index[COLUMNS_MAX];
    bool there[COLUMNS_MAX];
    const char *values[COLUMNS_MAX]; /* of the current row, NULL when empty */
    size_t line, n;
};

static struct err row_wrong(const struct rows *r, const char *fmt, const char *value)
{
    const char *where = arena_fmt(r->arena, "%s line %zu", r->table->file, r->line);
    const char *what = value == NULL ? "" : value;
    return err_fmt(r->arena, ERR_INPUT, where, "%s%s%s%s", value == NULL ? "" : "\"", what,
                   value == NULL ? "" : "\" ", fmt);
}

static struct err columns_known(const struct rows *r)
{
    size_t n;
    const struct str *names = csv_header(r->reader, &n);
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < r->table->columns_n && !str_is(names[i], r->table->columns[at]))
            at++;
        if (at == r->table->columns_n)
            return err_fmt(r->arena, ERR_INPUT, r->table->file, "unknown column \"%.*s\"",
                           (int)names[i].len, names[i].at);
    }
    return OK;
}

static struct err columns_find(struct rows *r)
{
    size_t n;
    const struct str *names = csv_header(r->reader, &n);
    TRY(columns_known(r));
    for (size_t c = 0; c < r->table->columns_n; c++) {
        for (size_t i = 0; i < n; i++) {
            if (!str_is(names[i], r->table->columns[c]))
                continue;
            if (r->there[c])
                return err_fmt(r->arena, ERR_INPUT, r->table->file, "two columns are called \"%s\"",
                               r->table->columns[c]);
            r->there[c] = true;
            r->index[c] = i;
        }
        if (!r->there[c] && c + r->table->optional < r->table->columns_n)
            return err_fmt(r->arena, ERR_INPUT, r->table->file, "there is no column \"%s\"",
                           r->table->columns[c]);
    }
    return OK;
}

static struct err rows_open(struct rows *r, const struct table *table, struct arena *arena,
                            struct str csv)
{
    const struct csv_options options = {.delimiter = ','};
    *r = (struct rows){.table = table, .arena = arena};
    struct err e = csv_open(csv.at, csv.len, &options, arena, &r->reader);
    if (e.kind == ERR_NONE)
        e = columns_find(r);
    if (e.kind == ERR_NONE || e.where == table->file)
        return e;
    e.where = e.where == NULL ? table->file : arena_fmt(arena, "%s %s", table->file, e.where);
    return e;
}

static struct err rows_next(struct rows *r, bool *more)
{
    struct csv_row row;
    TRY(csv_next(r->reader, &row, more));
    if (!*more)
        return OK;
    r->line = row.line;
    if (row.fault != CSV_FINE)
        return row_wrong(r, row.reason, NULL);
    if (++r->n > ROWS_MAX)
        return row_wrong(r, "more than 100000 rows", NULL);
    for (size_t c = 0; c < r->table->columns_n; c++) {
        struct str text = r->there[c] ? str_trim(row.fields[r->index[c]]) : STR("");
        r->values[c] = text.len == 0 ? NULL : str_dup(r->arena, text);
    }
    return arena_check(r->arena);
}

/* ---- checking values ---- */

static struct err value_check(const struct rows *r, size_t column, size_t len_max)
{
    const char *v = r->values[column];
    if (v == NULL) {
        const char *what = arena_fmt(r->arena, "there is no %s", r->table->columns[column]);
        return row_wrong(r, what == NULL ? "a value is missing" : what, NULL);
    }
    if (strlen(v) > len_max)
        return row_wrong(r, "is too long", v);
    for (const char *p = v; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return row_wrong(r, "holds control characters", v);
    }
    return OK;
}

static struct err id_check(const struct rows *r, size_t column)
{
    TRY(value_check(r, column, ID_MAX));
    const char *v = r->values[column];
    for (const char *p = v; *p != '\0'; p++) {
        bool letter =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!letter && strchr("-_.:", *p) == NULL)
            return row_wrong(r, "is no id: letters, digits and - _ . : only", v);
    }
    return OK;
}

static struct err currency_check(const struct rows *r, const char *currency)
{
    return currency_valid(currency) ? OK : row_wrong(r, "is not a currency of ISO 4217", currency);
}

static int key_cmp(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    int c = strcmp(x->scope, y->scope);
    if (c == 0)
        c = strcmp(x->id, y->id);
    return c != 0 ? c : (x->line > y->line) - (x->line < y->line);
}

static struct err keys_unique(struct rows *r)
{
    if (r->n > 1)
        qsort(r->keys, r->n, sizeof *r->keys, key_cmp);
    for (size_t i = 1; i < r->n; i++) {
        const struct key *k = &r->keys[i], *before = &r->keys[i - 1];
        r->line = k->line;
        if (strcmp(k->id, before->id) == 0 && strcmp(k->scope, before->scope) == 0)
            return row_wrong(r, "is there twice", k->id);
    }
    return OK;
}

/* ---- a file ---- */

typedef struct err (*row_fn)(const struct rows *r, void *row);

static const char *id_of(const struct rows *r)
{
    const char *id = r->values[r->table->scoped ? 1 : 0];
    for (size_t c = 2; id != NULL && c <= r->table->id_columns; c++)
        id = arena_fmt(r->arena, "%s %s", id, r->values[c]);
    return id;
}

/* Every row of the file through `fn` into an array of elements of `size`; ids unique. */
static struct err rows_all(struct rows *r, struct str csv, size_t size, row_fn fn, void **array)
{
    size_t lines = 1; /* there are not more rows than that */
    for (size_t i = 0; i < csv.len; i++)
        lines += csv.at[i] == '\n' || csv.at[i] == '\r';
    lines = lines < ROWS_MAX ? lines : ROWS_MAX;
    char *all = arena_array(r->arena, lines, size);
    r->keys = ARENA_ARRAY(r->arena, lines, struct key);
    TRY(arena_check(r->arena));
    bool more;
    TRY(rows_next(r, &more));
    while (more) {
        bool scoped = r->table->scoped;
        TRY(fn(r, all + (r->n - 1) * size));
        r->keys[r->n - 1] = (struct key){scoped ? r->values[0] : "", id_of(r), r->line};
        TRY(arena_check(r->arena));
        TRY(rows_next(r, &more));
    }
    *array = all;
    return keys_unique(r);
}

static struct err table_read(struct arena *arena, const struct table *table, struct str csv,
                             size_t size, row_fn fn, void **array, size_t *n)
{
    struct rows r;
    struct err e = rows_open(&r, table, arena, csv);
    if (e.kind == ERR_NONE)
        e = rows_all(&r, csv, size, fn, array);
    csv_close(r.reader);
    *n = e.kind == ERR_NONE ? r.n : 0;
    return e;
}

/* ---- entities ---- */

static const struct table entities_table = {
    .file = "entities.csv",
    .columns = {"id", "name", "functional_currency", "zone", "calendar", "parent"},
    .columns_n = 6,
    .optional = 1,
};

static struct err entity_row(const struct rows *r, void *row)
{
    const char *const *v = r->values;
    const struct calendar *calendar;
    struct zone zone;
    TRY(id_check(r, 0));
    for (size_t c = 1; c < 5; c++)
        TRY(value_check(r, c, NAME_BYTES_MAX));
    TRY(currency_check(r, v[2]));
    struct err e = zone_load(v[3], r->arena, &zone);
    if (e.kind != ERR_NONE)
        return row_wrong(r, e.msg, v[3]);
    if (calendar_find(v[4], &calendar).kind != ERR_NONE)
        return row_wrong(r, "is not a calendar we know (NONE, US_FED, TARGET, UK_EW)", v[4]);
    if (v[5] != NULL)
        TRY(id_check(r, 5));
    *(struct entity *)row = (struct entity){.entity_id = v[0],
                                            .name = v[1],
                                            .functional_currency = v[2],
                                            .zone = v[3],
                                            .calendar = v[4],
                                            .parent = v[5]};
    return OK;
}

struct err master_read_entities(struct arena *arena, struct str csv, struct master *master)
{
    void *array;
    TRY(table_read(arena, &entities_table, csv, sizeof(struct entity), entity_row, &array,
                   &master->entities_n));
    master->entities = array;
    return OK;
}

/* ---- accounts ---- */

static const struct table accounts_table = {
    .file = "accounts.csv",
    .columns = {"entity", "id", "name", "class", "currency", "reconciled"},
    .columns_n = 6,
    .scoped = true,
};

static bool yes_no(const char *text, bool *yes)
{
    *yes = text_eq(text, "yes") || text_eq(text, "true") || text_eq(text, "1");
    return *yes || text_eq(text, "no") || text_eq(text, "false") || text_eq(text, "0");
}

static struct err account_row(const struct rows *r, void *row)
{
    const char *const *v = r->values;
    bool reconciled = false;
    TRY(id_check(r, 0));
    TRY(id_check(r, 1));
    TRY(value_check(r, 2, NAME_BYTES_MAX));
    TRY(id_check(r, 3));
    if (v[4] != NULL)
        TRY(currency_check(r, v[4]));
    TRY(value_check(r, 5, ID_MAX));
    if (!yes_no(v[5], &reconciled))
        return row_wrong(r, "is neither yes nor no", v[5]);
    *(struct account *)row = (struct account){.entity_id = v[0],
                                              .account_id = v[1],
                                              .name = v[2],
                                              .class_ = v[3],
                                              .currency = v[4],
                                              .reconciled = reconciled};
    return OK;
}

struct err master_read_accounts(struct arena *arena, struct str csv, struct master *master)
{
    void *array;
    TRY(table_read(arena, &accounts_table, csv, sizeof(struct account), account_row, &array,
                   &master->accounts_n));
    master->accounts = array;
    return OK;
}

/* ---- counterparties ---- */

static const struct table counterparties_table = {
    .file = "counterparties.csv",
    .columns = {"id", "name", "kind"},
    .columns_n = 3,
};

static bool kind_known(const char *kind)
{
    static const char *const kinds[] = {"customer",  "vendor",       "bank",
                                        "processor", "intercompany", "other"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    }
    return false;
}

static struct err counterparty_row(const struct rows *r, void *row)
{
    const char *const *v = r->values;
    TRY(id_check(r, 0));
    TRY(value_check(r, 1, NAME_BYTES_MAX));
    TRY(value_check(r, 2, ID_MAX));
    if (!kind_known(v[2]))
        return row_wrong(r, "is not customer, vendor, bank, processor, intercompany or other",
                         v[2]);
    *(struct counterparty *)row =
        (struct counterparty){.counterparty_id = v[0], .name = v[1], .kind = v[2]};
    return OK;
}

struct err master_read_counterparties(struct arena *arena, struct str csv, struct master *master)
{
    void *array;
    TRY(table_read(arena, &counterparties_table, csv, sizeof(struct counterparty), counterparty_row,
                   &array, &master->counterparties_n));
    master->counterparties = array;
    return OK;
}

/* ---- balances of the ledger ---- */

static const struct table balances_table = {
    .file = "balances.csv",
    .columns = {"entity", "account", "currency", "date", "balance"},
    .columns_n = 5,
    .scoped = true,
    .id_columns = 3,
};

static struct err balance_row(const struct rows *r, void *row)
{
    const char *const *v = r->values;
    struct ledger_balance b = {.entity_id = v[0], .account_id = v[1]};
    TRY(id_check(r, 0));
    TRY(id_check(r, 1));
    for (size_t c = 2; c < 5; c++)
        TRY(value_check(r, c, ID_MAX));
    TRY(currency_check(r, v[2]));
    if (date_parse(v[3], &b.date).kind != ERR_NONE)
        return row_wrong(r, "is not a date (2026-02-28)", v[3]);
    struct err e = money_parse(v[4], v[2], &b.balance);
    if (e.kind != ERR_NONE)
        return row_wrong(r, e.msg, v[4]);
    *(struct ledger_balance *)row = b;
    return OK;
}

struct err master_read_balances(struct arena *arena, struct str csv, struct master *master)
{
    void *array;
    TRY(table_read(arena, &balances_table, csv, sizeof(struct ledger_balance), balance_row, &array,
                   &master->balances_n));
    master->balances = array;
    return OK;
}

struct err master_read_sources(struct arena *arena, struct str yaml, struct master *master)
{
    struct err e = mappings_read(arena, yaml, &master->mappings, &master->mappings_n);
    if (e.kind == ERR_NONE)
        return e;
    e.where = e.where == NULL ? "sources.yaml" : arena_fmt(arena, "sources.yaml:%s", e.where);
    return e;
}

/* ---- together ---- */

static const struct entity *entity_in(const struct master *m, const char *id)
{
    for (size_t i = 0; i < m->entities_n; i++) {
        if (text_eq(m->entities[i].entity_id, id))
            return &m->entities[i];
    }
    return NULL;
}

static const struct entity *entity_known(const struct master *a, const struct master *b,
                                         const char *id)
{
    const struct entity *e = entity_in(a, id);
    return e == NULL ? entity_in(b, id) : e;
}

static const struct account *account_in(const struct master *m, const char *entity, const char *id)
{
    for (size_t i = 0; i < m->accounts_n; i++) {
        if (text_eq(m->accounts[i].account_id, id) && text_eq(m->accounts[i].entity_id, entity))
            return &m->accounts[i];
    }
    return NULL;
}

static struct err balance_refers(struct arena *arena, const struct master *m,
                                 const struct master *book, const struct ledger_balance *b)
{
    const struct account *a = account_in(m, b->entity_id, b->account_id);
    if (a == NULL)
        a = account_in(book, b->entity_id, b->account_id);
    if (a == NULL)
        return err_fmt(arena, ERR_INPUT, "balances.csv",
                       "the chart of \"%s\" has no account \"%s\"", b->entity_id, b->account_id);
    if (a->currency != NULL && !text_eq(a->currency, b->balance.cur))
        return err_fmt(arena, ERR_INPUT, "balances.csv",
                       "account \"%s\" of \"%s\" is kept in %s, and the balance is in %s",
                       b->account_id, b->entity_id, a->currency, b->balance.cur);
    return OK;
}

static struct err parents_check(struct arena *arena, const struct master *m,
                                const struct master *book, const struct entity *entity)
{
    const struct entity *at = entity;
    for (size_t steps = 0; at->parent != NULL; steps++) {
        const struct entity *parent = entity_known(m, book, at->parent);
        if (parent == NULL)
            return err_fmt(arena, ERR_INPUT, "entities.csv",
                           "\"%s\", the parent of \"%s\", is no "
                           "entity",
                           at->parent, at->entity_id);
        if (steps > m->entities_n + book->entities_n)
            return err_fmt(arena, ERR_INPUT, "entities.csv",
                           "the parents of \"%s\" run in a "
                           "circle",
                           entity->entity_id);
        at = parent;
    }
    return OK;
}

static struct err mapping_refers(struct arena *arena, const struct master *m,
                                 const struct master *book, const struct mapping *mapping)
{
    if (entity_known(m, book, mapping->entity) == NULL)
        return err_fmt(arena, ERR_INPUT, "sources.yaml", "source \"%s\": there is no entity \"%s\"",
                       mapping->id, mapping->entity);
    if (mapping->account != NULL && account_in(m, mapping->entity, mapping->account) == NULL &&
        account_in(book, mapping->entity, mapping->account) == NULL)
        return err_fmt(arena, ERR_INPUT, "sources.yaml",
                       "source \"%s\": the chart of \"%s\" has no account \"%s\"", mapping->id,
                       mapping->entity, mapping->account);
    return OK;
}

struct err master_check(struct arena *arena, const struct master *master, const struct master *book)
{
    for (size_t i = 0; i < master->entities_n; i++)
        TRY(parents_check(arena, master, book, &master->entities[i]));
    for (size_t i = 0; i < master->accounts_n; i++) {
        const struct account *a = &master->accounts[i];
        if (entity_known(master, book, a->entity_id) == NULL)
            return err_fmt(arena, ERR_INPUT, "accounts.csv",
                           "account \"%s\": there is no entity \"%s\"", a->account_id,
                           a->entity_id);
    }
    for (size_t i = 0; i < master->balances_n; i++)
        TRY(balance_refers(arena, master, book, &master->balances[i]));
    for (size_t i = 0; i < master->mappings_n; i++)
        TRY(mapping_refers(arena, master, book, &master->mappings[i]));
    return OK;
}
