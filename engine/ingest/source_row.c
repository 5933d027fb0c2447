/* One row → one entry, column by column. Every function either fills its part or refuses the row
 * with what is wrong in words; nothing here has a default for what a file does not say. */
#include <stdio.h>
#include <string.h>

#include "common/base/date_format.h"
#include "common/sys/crypt.h"
#include "engine/ingest/amount.h"
#include "engine/ingest/source_own.h"

/* ---- refusing ---- */

bool row_refuse(struct reading_row *r, int column, const char *value, const char *complaint)
{
    const char *name = column < 0 ? NULL : r->source->columns[column].name;
    const char *reason = arena_fmt(
        r->arena, "row %lld (line %lld)%s%s%s: %s%s%s", (long long)r->out->row_no,
        (long long)r->out->line_no, name == NULL ? "" : ", column \"", name == NULL ? "" : name,
        name == NULL ? "" : "\"", value == NULL ? "" : value, value == NULL ? "" : " ", complaint);
    r->out->kind = SOURCE_QUARANTINE;
    r->out->reason = reason == NULL ? complaint : reason;
    return false;
}

static bool refuse_value(struct reading_row *r, int column, struct str value, const char *complaint)
{
    return row_refuse(r, column, text_quoted(r->arena, value), complaint);
}

/* ---- reading ---- */

static bool has_column(const struct reading_row *r, int column)
{
    return r->source->columns[column].name != NULL;
}

struct str row_field(const struct reading_row *r, int column)
{
    const struct source_column *c = &r->source->columns[column];
    if (c->name == NULL || c->index >= r->csv->n)
        return (struct str){.at = "", .len = 0};
    return str_trim(r->csv->fields[c->index]);
}

/* A text as it came, NULL when empty; odd characters are kept and flagged. */
static const char *row_text(struct reading_row *r, int column)
{
    struct str text = row_field(r, column);
    if (text.len == 0)
        return NULL;
    unsigned flags = text_flags(text);
    if (flags != 0 && r->out->flags == 0)
        r->out->flag_column = r->source->columns[column].name;
    r->out->flags |= flags;
    return str_dup(r->arena, text);
}

static bool read_date(struct reading_row *r, int column, struct date *date)
{
    const struct mapping *m = r->source->m;
    struct str text = row_field(r, column);
    const char *copy = str_dup(r->arena, text);
    if (text.len == 0)
        return row_refuse(r, column, NULL, "there is no date");
    if (copy != NULL &&
        date_parse_format(copy, m->date_format, (int)m->year_pivot, date).kind == ERR_NONE)
        return true;
    const char *complaint = arena_fmt(r->arena, "is not a date in the format %s", m->date_format);
    return refuse_value(r, column, text, complaint == NULL ? "is not a date" : complaint);
}

static const struct account *account_named(const struct csv_source *s, struct str id)
{
    size_t low = 0, high = s->accounts_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *name = s->accounts[middle]->account_id;
        size_t len = strlen(name);
        int c = memcmp(name, id.at, len < id.len ? len : id.len);
        if (c == 0 && len == id.len)
            return s->accounts[middle];
        if (c < 0 || (c == 0 && len < id.len))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool read_account(struct reading_row *r, const struct account **account)
{
    *account = r->source->account;
    if (*account != NULL)
        return true;
    struct str id = row_field(r, COL_ACCOUNT);
    if (id.len == 0)
        return row_refuse(r, COL_ACCOUNT, NULL, "there is no account");
    *account = account_named(r->source, id);
    if (*account == NULL)
        return refuse_value(r, COL_ACCOUNT, id, "is not in the chart of accounts");
    return true;
}

/* ---- the currency ---- */

static bool upper_currency(struct str text, char cur[4])
{
    if (text.len != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        char c = text.at[i];
        cur[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    cur[3] = '\0';
    return currency_valid(cur);
}

static bool currency_agrees(struct reading_row *r, const struct account *account, const char *cur)
{
    if (account->currency == NULL || strcmp(account->currency, cur) == 0)
        return true;
    const char *complaint = arena_fmt(r->arena, "is not the currency of account %s, which is %s",
                                      account->account_id, account->currency);
    int column = has_column(r, COL_CURRENCY) ? (int)COL_CURRENCY : -1;
    return refuse_value(r, column, str_of(cur),
                        complaint == NULL ? "is not the account's currency" : complaint);
}

static bool read_currency(struct reading_row *r, const struct account *account, char cur[4])
{
    struct str text = row_field(r, COL_CURRENCY);
    if (has_column(r, COL_CURRENCY) && text.len == 0)
        return row_refuse(r, COL_CURRENCY, NULL, "there is no currency");
    if (!has_column(r, COL_CURRENCY))
        text = str_of(r->source->m->currency != NULL ? r->source->m->currency : account->currency);
    if (text.len == 0)
        return row_refuse(r, -1, NULL,
                          "neither the mapping nor the chart says the account's currency");
    if (!upper_currency(text, cur))
        return refuse_value(r, COL_CURRENCY, text, "is not a currency of ISO 4217");
    return currency_agrees(r, account, cur);
}

/* ---- the amount ---- */

static bool read_money(struct reading_row *r, int column, const char *cur, struct money *m)
{
    struct str text = row_field(r, column);
    const char *complaint;
    if (text.len == 0)
        return row_refuse(r, column, NULL, "there is no amount");
    if (amount_read(r->arena, r->source->m, text, cur, m, &complaint))
        return true;
    return refuse_value(r, column, text, complaint);
}

/* An amount whose direction stands elsewhere: what a minus means there is the mapping's to say. */
static bool unsigned_amount(struct reading_row *r, int column, bool debit, struct money *m)
{
    if (money_sign(*m) >= 0 || r->source->m->minus == MINUS_REVERSES)
        return true;
    if (r->source->m->minus == MINUS_REPEATS && debit && money_neg(*m, m).kind == ERR_NONE)
        return true;
    return refuse_value(r, column, row_field(r, column),
                        r->source->m->minus == MINUS_REPEATS
                            ? "is negative where money comes in"
                            : "is negative, and the mapping does not say what a minus means there");
}

/* In the source's own view: a bank credits what comes in, a ledger debits it. */
static bool apply_direction(struct reading_row *r, int column, bool debit, struct money *m)
{
    bool lowers = r->source->m->side == SIDE_BANK ? debit : !debit;
    if (!lowers || money_neg(*m, m).kind == ERR_NONE)
        return true;
    return refuse_value(r, column, row_field(r, column), "is too large");
}

static bool read_debit_credit(struct reading_row *r, const char *cur, struct money *m)
{
    struct money sides[2] = {{.minor = 0}, {.minor = 0}};
    bool there[2];
    for (int i = 0; i < 2; i++) {
        int column = i == 0 ? COL_DEBIT : COL_CREDIT;
        there[i] = row_field(r, column).len > 0;
        if (there[i] && !read_money(r, column, cur, &sides[i]))
            return false;
    }
    if (!there[0] && !there[1])
        return row_refuse(r, COL_DEBIT, NULL, "there is neither a debit nor a credit");
    if (!money_is_zero(sides[0]) && !money_is_zero(sides[1]) && there[0] && there[1])
        return refuse_value(r, COL_DEBIT, row_field(r, COL_DEBIT),
                            "is a debit, and the row has a credit too");
    bool debit = there[0] && (!there[1] || !money_is_zero(sides[0]));
    int column = debit ? COL_DEBIT : COL_CREDIT;
    *m = sides[debit ? 0 : 1];
    return unsigned_amount(r, column, debit, m) && apply_direction(r, column, debit, m);
}

static bool word_in(struct str word, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(word, words[i]))
            return true;
    }
    return false;
}

static bool read_directed(struct reading_row *r, const char *cur, struct money *m)
{
    const struct mapping_direction *d = r->source->m->columns.direction;
    struct str word = row_field(r, COL_DIRECTION);
    bool debit = word_in(word, (const char *const *)d->debit, d->debit_n);
    if (!debit && !word_in(word, (const char *const *)d->credit, d->credit_n))
        return refuse_value(r, COL_DIRECTION, word,
                            "is neither a word for credit nor one for debit");
    return read_money(r, COL_AMOUNT, cur, m) && unsigned_amount(r, COL_AMOUNT, debit, m) &&
           apply_direction(r, COL_AMOUNT, debit, m);
}

static bool invert(struct reading_row *r, int column, struct money *m)
{
    if (r->source->m->sign == MAPPING_AS_IS || money_neg(*m, m).kind == ERR_NONE)
        return true;
    return refuse_value(r, column, row_field(r, column), "is too large");
}

static bool read_amount(struct reading_row *r, const char *cur)
{
    const struct mapping_columns *k = &r->source->m->columns;
    struct money *m = &r->out->entry.amount;
    bool read = k->debit != NULL       ? read_debit_credit(r, cur, m)
                : k->direction != NULL ? read_directed(r, cur, m)
                                       : read_money(r, COL_AMOUNT, cur, m);
    return read && invert(r, k->debit != NULL ? COL_DEBIT : COL_AMOUNT, m);
}

static bool read_balance(struct reading_row *r, const char *cur)
{
    if (!has_column(r, COL_BALANCE))
        return true;
    r->out->has_balance = true;
    return read_money(r, COL_BALANCE, cur, &r->out->balance) &&
           invert(r, COL_BALANCE, &r->out->balance);
}

/* ---- the id ---- */

static bool plain_id(struct reading_row *r, int column, struct str id)
{
    if (id.len > ENTRY_ID_MAX)
        return refuse_value(r, column, id, "is longer than 200 bytes");
    if ((text_flags(id) & ~(unsigned)FLAG_FORMULA) != 0 || memchr(id.at, '\n', id.len) != NULL ||
        memchr(id.at, '\r', id.len) != NULL)
        return refuse_value(r, column, id, "holds characters that cannot be seen");
    return true;
}

/* SHA-256 over the chosen columns as they stand, each with its length before it. */
static void content_hash(struct reading_row *r, uint8_t out[SHA256_LEN])
{
    struct sha256 h;
    sha256_begin(&h);
    for (size_t i = 0; i < r->source->m->id_from_n; i++) {
        const struct source_column *c = &r->source->columns[COL_ID_FROM + (int)i];
        struct str text = c->index < r->csv->n ? r->csv->fields[c->index] : STR("");
        char length[24];
        int n = snprintf(length, sizeof length, "%zu:", text.len);
        sha256_add(&h, length, n < 0 ? 0 : (size_t)n);
        sha256_add(&h, text.at, text.len);
    }
    sha256_end(&h, out);
}

static const char *made_id(struct reading_row *r)
{
    uint8_t hash[SHA256_LEN];
    char hex[2 * ID_HASH_LEN + 1];
    uint32_t count;
    content_hash(r, hash);
    if (seen_count(&r->source->seen, hash, &count).kind != ERR_NONE)
        return NULL;
    hex_print(hash, ID_HASH_LEN, hex);
    return arena_fmt(r->arena, "%s:%s-%u", r->source->m->id, hex, (unsigned)count);
}

static bool read_id(struct reading_row *r)
{
    struct str id = row_field(r, COL_ID);
    if (has_column(r, COL_ID)) {
        if (id.len == 0)
            return row_refuse(r, COL_ID, NULL, "there is no id");
        if (!plain_id(r, COL_ID, id))
            return false;
        r->out->entry.entry_id =
            arena_fmt(r->arena, "%s:%.*s", r->source->m->id, (int)id.len, id.at);
        return true;
    }
    r->out->entry.entry_id = made_id(r);
    return true;
}

/* ---- the rest ---- */

static const char *read_memo(struct reading_row *r)
{
    const char *memo = NULL;
    for (size_t i = 0; i < r->source->memo_n; i++) {
        const char *one = row_text(r, COL_MEMO + (int)i);
        if (one != NULL)
            memo = memo == NULL ? one : arena_fmt(r->arena, "%s %s", memo, one);
    }
    return memo;
}

static bool read_texts(struct reading_row *r)
{
    struct entry *e = &r->out->entry;
    e->counterparty = row_text(r, COL_COUNTERPARTY);
    e->memo = read_memo(r);
    e->reference = row_text(r, COL_REFERENCE);
    e->group_key = row_text(r, COL_GROUP_KEY);
    e->journal_id = row_text(r, COL_JOURNAL_ID);
    e->contra_account = row_text(r, COL_CONTRA_ACCOUNT);
    e->event_kind = row_text(r, COL_EVENT_KIND);
    struct str reverses = row_field(r, COL_REVERSES);
    if (reverses.len == 0)
        return true;
    e->reverses = arena_fmt(r->arena, "%s:%.*s", r->source->m->id, (int)reverses.len, reverses.at);
    return plain_id(r, COL_REVERSES, reverses);
}

bool row_entry(struct reading_row *r)
{
    struct entry *e = &r->out->entry;
    const struct account *account;
    char cur[4];
    if (!read_id(r) || !read_account(r, &account) || !read_date(r, COL_DATE, &e->date) ||
        !read_currency(r, account, cur) || !read_amount(r, cur) || !read_balance(r, cur) ||
        !read_texts(r))
        return false;
    e->has_value_date = row_field(r, COL_VALUE_DATE).len > 0;
    if (e->has_value_date && !read_date(r, COL_VALUE_DATE, &e->value_date))
        return false;
    char hex[SHA256_HEX_SIZE];
    sha256_hex(r->csv->raw.at, r->csv->raw.len, hex);
    e->raw_sha256 = arena_strdup(r->arena, hex);
    e->side = (enum side)r->source->m->side;
    e->contra = (enum contra)r->source->m->contra;
    e->source_id = r->source->m->id;
    e->entity_id = r->source->m->entity;
    e->account_id = account->account_id;
    e->row_no = r->out->row_no;
    r->out->kind = SOURCE_ENTRY;
    return true;
}
