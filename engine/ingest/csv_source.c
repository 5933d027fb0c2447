/* The file as a whole: its columns found before the first row is read, rows counted, and those left
 * out that the mapping says are no entries. */
#include "engine/ingest/csv_source.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "engine/ingest/source_own.h"

#define SEEN_FIRST 1024u
#define HEADER_MAX 600 /* bytes of the header that an error shows */

/* ---- contents seen, for ids made from them ---- */

static struct seen_slot *seen_slot_of(struct seen_slot *slots, size_t cap,
                                      const uint8_t hash[ID_HASH_LEN])
{
    size_t at;
    memcpy(&at, hash, sizeof at);
    for (at &= cap - 1; slots[at].count > 0; at = (at + 1) & (cap - 1)) {
        if (memcmp(slots[at].hash, hash, ID_HASH_LEN) == 0)
            break;
    }
    return &slots[at];
}

static struct err seen_room(struct seen *seen)
{
    if (seen->used * 2 < seen->cap)
        return OK;
    size_t cap = seen->cap == 0 ? SEEN_FIRST : seen->cap * 2;
    struct seen_slot *slots = calloc(cap, sizeof *slots);
    ENSURE(slots != NULL, ERR_LIMIT, "out of memory for the ids of a file");
    for (size_t i = 0; i < seen->cap; i++) {
        if (seen->slots[i].count > 0)
            *seen_slot_of(slots, cap, seen->slots[i].hash) = seen->slots[i];
    }
    free(seen->slots);
    seen->slots = slots;
    seen->cap = cap;
    return OK;
}

struct err seen_count(struct seen *seen, const uint8_t hash[ID_HASH_LEN], uint32_t *count)
{
    TRY(seen_room(seen));
    struct seen_slot *slot = seen_slot_of(seen->slots, seen->cap, hash);
    if (slot->count == 0) {
        memcpy(slot->hash, hash, ID_HASH_LEN);
        seen->used++;
    }
    *count = ++slot->count;
    return OK;
}

/* ---- columns ---- */

static const char *header_text(struct arena *arena, const struct str *names, size_t n)
{
    struct buf b;
    buf_init(&b, HEADER_MAX);
    for (size_t i = 0; i < n && !b.failed; i++)
        buf_putf(&b, "%s\"%.*s\"", i == 0 ? "" : ", ", (int)names[i].len, names[i].at);
    const char *text = arena_fmt(arena, "%s%s", buf_text(&b), b.failed ? " …" : "");
    buf_fini(&b);
    return text == NULL ? "" : text;
}

static struct err column_find(struct csv_source *s, struct arena *arena, struct str name,
                              size_t *index)
{
    size_t n, found = 0;
    const struct str *names = csv_header(s->reader, &n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(names[i], name)) {
            *index = i;
            found++;
        }
    }
    if (found == 0)
        return err_fmt(arena, ERR_INPUT, s->m->id, "the file has no column \"%.*s\"; it has %s",
                       (int)name.len, name.at, header_text(arena, names, n));
    if (found > 1)
        return err_fmt(arena, ERR_INPUT, s->m->id, "the file has %zu columns called \"%.*s\"",
                       found, (int)name.len, name.at);
    return OK;
}

static struct err column_set(struct csv_source *s, struct arena *arena, int column, struct str name)
{
    struct source_column *c = &s->columns[column];
    if (name.at == NULL || name.len == 0)
        return OK;
    c->name = name.at;
    if (s->m->file.header)
        return column_find(s, arena, name, &c->index);
    c->index = strtoul(name.at, NULL, 10) - 1; /* digits, from 1: mapping.c saw to it */
    return OK;
}

static struct err columns_find(struct csv_source *s, struct arena *arena)
{
    const struct mapping_columns *k = &s->m->columns;
    const char *const named[] = {
        [COL_ID] = k->id,
        [COL_DATE] = k->date,
        [COL_VALUE_DATE] = k->value_date,
        [COL_AMOUNT] = k->amount,
        [COL_DEBIT] = k->debit,
        [COL_CREDIT] = k->credit,
        [COL_DIRECTION] = k->direction == NULL ? NULL : k->direction->column,
        [COL_CURRENCY] = k->currency,
        [COL_COUNTERPARTY] = k->counterparty,
        [COL_REFERENCE] = k->reference,
        [COL_GROUP_KEY] = k->group_key,
        [COL_JOURNAL_ID] = k->journal_id,
        [COL_CONTRA_ACCOUNT] = k->contra_account,
        [COL_EVENT_KIND] = k->event_kind,
        [COL_REVERSES] = k->reverses,
        [COL_ACCOUNT] = k->account,
        [COL_BALANCE] = k->balance,
    };
    struct str memo[MAPPING_MEMO_MAX];
    s->memo_n = mapping_memo_columns(s->m, memo);
    for (int i = 0; i < COL_MEMO; i++)
        TRY(column_set(s, arena, i, str_of(named[i])));
    for (size_t i = 0; i < s->memo_n; i++)
        TRY(column_set(s, arena, COL_MEMO + (int)i, memo[i]));
    for (size_t i = 0; i < s->m->id_from_n && i < ID_FROM_MAX; i++)
        TRY(column_set(s, arena, COL_ID_FROM + (int)i, str_of(s->m->id_from[i])));
    for (size_t i = 0; i < s->m->file.skip_when_n && i < SKIP_MAX; i++)
        TRY(column_set(s, arena, COL_SKIP + (int)i, str_of(s->m->file.skip_when[i].column)));
    return OK;
}

/* ---- accounts ---- */

static int account_cmp(const void *a, const void *b)
{
    const struct account *const *x = a, *const *y = b;
    return strcmp((*x)->account_id, (*y)->account_id);
}

static struct err accounts_take(struct csv_source *s, struct arena *arena,
                                const struct account *accounts, size_t n)
{
    s->accounts = calloc(n + 1, sizeof *s->accounts);
    ENSURE(s->accounts != NULL, ERR_LIMIT, "out of memory for the chart of accounts");
    s->accounts_n = n;
    for (size_t i = 0; i < n; i++) {
        s->accounts[i] = &accounts[i];
        if (text_eq(accounts[i].account_id, s->m->account))
            s->account = &accounts[i];
    }
    if (n > 0)
        qsort(s->accounts, n, sizeof *s->accounts, account_cmp);
    if (s->m->account == NULL)
        return OK;
    if (s->account == NULL)
        return err_fmt(arena, ERR_INPUT, s->m->id, "the chart of \"%s\" has no account \"%s\"",
                       s->m->entity, s->m->account);
    if (s->account->currency == NULL && s->m->currency == NULL && s->m->columns.currency == NULL)
        return err_fmt(arena, ERR_INPUT, s->m->id,
                       "neither the mapping nor the chart says the currency of account \"%s\": add "
                       "`currency:` to the source or to the account's row in accounts.csv",
                       s->m->account);
    return OK;
}

/* ---- the interface ---- */

static struct csv_options options_of(const struct mapping *m)
{
    return (struct csv_options){
        .delimiter = m->file.delimiter[1] != '\0' ? '\t' : m->file.delimiter[0],
        .quote = m->file.quote[0],
        .no_quotes = m->file.quote[0] == '\0',
        .no_header = !m->file.header,
        .ragged = m->file.ragged,
        .skip_lines = (size_t)m->file.skip_rows,
        .encoding = (enum csv_encoding)m->file.encoding,
    };
}

/* Where the bytes come from. */
struct origin {
    const void *bytes;
    size_t len;
    csv_fill_fn fill; /* NULL: from `bytes` */
    void *fill_arg;
};

static struct err source_open(struct arena *arena, const struct origin *from,
                              const struct mapping *mapping, const struct account *accounts,
                              size_t accounts_n, struct csv_source **source)
{
    CLEANUP(csv_source_close) struct csv_source *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_LIMIT, "out of memory for a file");
    s->m = mapping;
    TRY(accounts_take(s, arena, accounts, accounts_n));
    struct csv_options options = options_of(mapping);
    if (from->fill != NULL)
        TRY(csv_open_stream(from->fill, from->fill_arg, &options, arena, &s->reader));
    else
        TRY(csv_open(from->bytes, from->len, &options, arena, &s->reader));
    TRY(columns_find(s, arena));
    *source = s;
    s = NULL;
    return OK;
}

struct err csv_source_open(struct arena *arena, const void *bytes, size_t len,
                           const struct mapping *mapping, const struct account *accounts,
                           size_t accounts_n, struct csv_source **source)
{
    const struct origin from = {.bytes = bytes, .len = len};
    ENSURE(len <= INGEST_FILE_MAX, ERR_LIMIT, "the file is larger than 64 MiB");
    return source_open(arena, &from, mapping, accounts, accounts_n, source);
}

struct err csv_source_open_stream(struct arena *arena, csv_fill_fn fill, void *fill_arg,
                                  const struct mapping *mapping, const struct account *accounts,
                                  size_t accounts_n, struct csv_source **source)
{
    const struct origin from = {.fill = fill, .fill_arg = fill_arg};
    return source_open(arena, &from, mapping, accounts, accounts_n, source);
}

void csv_source_close(struct csv_source *source)
{
    if (source == NULL)
        return;
    csv_close(source->reader);
    free(source->accounts);
    free(source->seen.slots);
    free(source);
}

static bool all_blank(const struct csv_row *csv)
{
    for (size_t i = 0; i < csv->n; i++) {
        if (str_trim(csv->fields[i]).len > 0)
            return false;
    }
    return true;
}

static bool skip_holds(const struct mapping_skip *s, struct str text)
{
    if (s->empty)
        return text.len == 0;
    if (s->is != NULL)
        return str_is(text, s->is);
    size_t n = strlen(s->starts);
    return text.len >= n && memcmp(text.at, s->starts, n) == 0;
}

static bool skipped(const struct reading_row *r)
{
    const struct mapping_file *f = &r->source->m->file;
    if (all_blank(r->csv))
        return true;
    for (size_t i = 0; i < f->skip_when_n && i < SKIP_MAX; i++) {
        if (skip_holds(&f->skip_when[i], row_field(r, COL_SKIP + (int)i)))
            return true;
    }
    return false;
}

struct err csv_source_next(struct csv_source *source, struct arena *arena, struct source_row *row)
{
    struct csv_row csv;
    bool more;
    *row = (struct source_row){.kind = SOURCE_END};
    TRY(csv_next(source->reader, &csv, &more));
    if (!more)
        return OK;
    row->row_no = ++source->row_no;
    row->line_no = (int64_t)csv.line;
    row->raw = csv.raw;
    struct reading_row r = {.source = source, .arena = arena, .csv = &csv, .out = row};
    if (csv.fault != CSV_FINE)
        (void)row_refuse(&r, -1, NULL, csv.reason);
    else if (skipped(&r))
        row->kind = SOURCE_SKIPPED;
    else
        (void)row_entry(&r);
    ENSURE(row->kind != SOURCE_ENTRY || row->entry.entry_id != NULL, ERR_LIMIT,
           "out of memory for the ids of a file");
    return arena_check(arena);
}
