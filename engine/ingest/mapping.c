/* sources.yaml as field tables, and what a table cannot say: which members go together. */
#include "engine/ingest/mapping.h"

#include <string.h>

#include "common/base/date_format.h"
#include "common/sys/csv_read.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/yaml_read.h"

#define COLUMN_MAX  128
#define SOURCES_MAX 1000

static const char *const side_values[] = {"bank", "gl", "subledger", NULL};
static const char *const encoding_values[] = {
    [CSV_UTF8] = "utf-8", [CSV_UTF16] = "utf-16", [CSV_WINDOWS_1252] = "windows-1252", NULL};
static const char *const sign_values[] = {"as_is", "inverted", NULL};
static const char *const minus_values[] = {"refused", "reverses", "repeats", NULL};
static const char *const grouping_values[] = {"threes", "indian", NULL};
static const char *const contra_values[] = {"journal", "account", "none", NULL};
static const char *const order_values[] = {"oldest_first", "newest_first", NULL};

static const char *source_id_complaint(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        bool inner = *p == '-' || *p == '_' || *p == '.';
        bool first =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!first && !(inner && p > text))
            return "expected letters, digits, '-', '_' or '.', beginning with a letter or digit";
    }
    return NULL;
}

static const char *currency_complaint(const char *text)
{
    return currency_valid(text) ? NULL : "expected an ISO 4217 currency in upper case";
}

static const char *delimiter_complaint(const char *text)
{
    if (strcmp(text, "tab") == 0 || strcmp(text, "\t") == 0)
        return NULL;
    return strlen(text) == 1 && strchr(",;|:^~!#*+/&", text[0]) != NULL
               ? NULL
               : "expected one of , ; | : ^ ~ ! # * + / & or tab";
}

static const char *quote_complaint(const char *text)
{
    return text[0] == '\0' || strcmp(text, "\"") == 0 || strcmp(text, "'") == 0
               ? NULL
               : "expected '\"', \"'\" or \"\" for none";
}

static const char *decimal_complaint(const char *text)
{
    return strcmp(text, ".") == 0 || strcmp(text, ",") == 0 ? NULL : "expected \".\" or \",\"";
}

static const char *thousands_complaint(const char *text)
{
    return text[0] == '\0' || (strlen(text) == 1 && strchr(",. '", text[0]) != NULL)
               ? NULL
               : "expected \",\", \".\", \" \", \"'\" or \"\" for none";
}

static const char *symbol_complaint(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((*p >= '0' && *p <= '9') || strchr(".,+-()' \t", *p) != NULL)
            return "a currency symbol has no digits, blanks, signs or separators";
    }
    return NULL;
}

#define COLUMN(type, member, ...)                                                                  \
    JSON_TEXT(type, member, .min = 1, .max = COLUMN_MAX, .literal = true, __VA_ARGS__)

static const struct json_field skip_fields[] = {
    COLUMN(struct mapping_skip, column, .required = true),
    JSON_TEXT(struct mapping_skip, is, .min = 1, .max = 200, .literal = true),
    JSON_TEXT(struct mapping_skip, starts, .min = 1, .max = 200, .literal = true),
    JSON_BOOL(struct mapping_skip, empty, .def = false),
};

static const struct json_field file_fields[] = {
    JSON_ENUM(struct mapping_file, encoding, encoding_values, .def = CSV_UTF8),
    JSON_TEXT(struct mapping_file, delimiter, .min = 1, .max = 3, .def_text = ",",
              .check = delimiter_complaint),
    JSON_TEXT(struct mapping_file, quote, .min = -1, .max = 1, .def_text = "\"",
              .check = quote_complaint),
    JSON_BOOL(struct mapping_file, header, .def = true),
    JSON_BOOL(struct mapping_file, ragged, .def = false),
    JSON_INT(struct mapping_file, skip_rows, .min = 0, .max = 1000, .def = 0),
    JSON_OBJECTS(struct mapping_file, skip_when, skip_when_n, skip_fields, .max = 32),
};

static const struct json_field direction_fields[] = {
    COLUMN(struct mapping_direction, column, .required = true),
    JSON_TEXTS(struct mapping_direction, credit, credit_n, .required = true, .min = 1, .max = 16,
               .each_max = 64, .unique = true, .literal = true),
    JSON_TEXTS(struct mapping_direction, debit, debit_n, .required = true, .min = 1, .max = 16,
               .each_max = 64, .unique = true, .literal = true),
};

static const struct json_field columns_fields[] = {
    COLUMN(struct mapping_columns, id, .help = "what makes a row this row, for ever"),
    COLUMN(struct mapping_columns, date, .required = true),
    COLUMN(struct mapping_columns, value_date, .help = "when the money counts"),
    COLUMN(struct mapping_columns, amount, .help = "signed, or with direction"),
    COLUMN(struct mapping_columns, debit, .help = "with credit"),
    COLUMN(struct mapping_columns, credit, .help = "with debit"),
    JSON_OBJECT_PTR(struct mapping_columns, direction, direction_fields),
    COLUMN(struct mapping_columns, currency, .help = "ISO 4217, per row"),
    COLUMN(struct mapping_columns, counterparty, .help = "the other party"),
    COLUMN(struct mapping_columns, reference, .help = "cheque, invoice, end-to-end id"),
    COLUMN(struct mapping_columns, group_key, .help = "payout or batch id that rows share"),
    COLUMN(struct mapping_columns, journal_id, .help = "what lines of one journal share"),
    COLUMN(struct mapping_columns, contra_account, .help = "the other account"),
    COLUMN(struct mapping_columns, event_kind, .help = "such as vendor_bank_change"),
    COLUMN(struct mapping_columns, reverses, .help = "the id this row takes back"),
    COLUMN(struct mapping_columns, account, .help = "when rows name their account"),
    COLUMN(struct mapping_columns, balance, .help = "running balance, with statement"),
    JSON_ANY(struct mapping_columns, memo, .help = "a column, or several to join"),
};

static const struct json_field statement_fields[] = {
    JSON_ENUM(struct mapping_statement, order, order_values, .required = true),
};

static const struct json_field mapping_fields[] = {
    JSON_TEXT(struct mapping, id, .required = true, .max = 64, .check = source_id_complaint),
    JSON_TEXT(struct mapping, entity, .required = true, .max = 64),
    JSON_TEXT(struct mapping, account, .min = 1, .max = 64, .literal = true),
    JSON_ENUM(struct mapping, side, side_values, .required = true),
    JSON_OBJECT(struct mapping, file, file_fields),
    JSON_OBJECT(struct mapping, columns, columns_fields, .required = true),
    JSON_TEXT(struct mapping, currency, .min = 1, .max = 3, .check = currency_complaint),
    JSON_TEXT(struct mapping, date_format, .required = true, .max = 32),
    JSON_INT(struct mapping, year_pivot, .min = -1, .max = 100, .def = NO_PIVOT),
    JSON_TEXT(struct mapping, decimal, .required = true, .max = 1, .check = decimal_complaint),
    JSON_TEXT(struct mapping, thousands, .min = -1, .max = 1, .def_text = "",
              .check = thousands_complaint),
    JSON_TEXT(struct mapping, symbol, .min = 1, .max = 8, .check = symbol_complaint),
    JSON_ENUM(struct mapping, grouping, grouping_values, .def = GROUPING_THREES),
    JSON_BOOL(struct mapping, parentheses_negative, .def = false),
    JSON_BOOL(struct mapping, trailing_minus, .def = false),
    JSON_ENUM(struct mapping, sign, sign_values, .required = true),
    JSON_ENUM(struct mapping, minus, minus_values, .def = MINUS_REFUSED),
    JSON_TEXTS(struct mapping, id_from, id_from_n, .min = 1, .max = 16, .each_max = COLUMN_MAX,
               .unique = true, .literal = true),
    JSON_ENUM(struct mapping, contra, contra_values, .required = true),
    JSON_OBJECT_PTR(struct mapping, statement, statement_fields),
};

struct sources_doc {
    struct mapping *sources;
    size_t sources_n;
};

static const struct json_field doc_fields[] = {
    JSON_OBJECTS(struct sources_doc, sources, sources_n, mapping_fields, .required = true, .min = 1,
                 .max = SOURCES_MAX),
};

/* ---- what goes together ---- */

struct check {
    struct arena *arena;
    const struct json *tree;
    const char *pointer; /* of the mapping */
    const struct mapping *m;
};

static struct err wrong(const struct check *c, const char *member, const char *what)
{
    const char *pointer = arena_fmt(c->arena, "%s%s", c->pointer, member);
    if (pointer == NULL)
        return arena_check(c->arena);
    return err_fmt(c->arena, ERR_INPUT, json_where(c->arena, c->tree, pointer), "%s", what);
}

static struct err amount_columns_check(const struct check *c)
{
    const struct mapping_columns *k = &c->m->columns;
    bool pair = k->debit != NULL || k->credit != NULL;
    if (k->amount != NULL && pair)
        return wrong(c, "/columns", "either amount, or debit and credit, not both");
    if (pair && (k->debit == NULL || k->credit == NULL))
        return wrong(c, "/columns", "debit and credit come together");
    if (k->amount == NULL && !pair)
        return wrong(c, "/columns", "no amount: name amount, or debit and credit");
    if (k->direction != NULL && k->amount == NULL)
        return wrong(c, "/columns/direction", "direction goes with amount");
    if (c->m->minus != MINUS_REFUSED && !pair && k->direction == NULL)
        return wrong(c, "/minus", "minus goes with debit and credit, or with direction");
    return OK;
}

static struct err direction_check(const struct check *c)
{
    const struct mapping_direction *d = c->m->columns.direction;
    for (size_t i = 0; d != NULL && i < d->credit_n; i++) {
        for (size_t j = 0; j < d->debit_n; j++) {
            if (strcmp(d->credit[i], d->debit[j]) == 0)
                return wrong(c, "/columns/direction", "a word cannot be both credit and debit");
        }
    }
    return OK;
}

static struct err id_check(const struct check *c)
{
    bool column = c->m->columns.id != NULL;
    if (column && c->m->id_from_n > 0)
        return wrong(c, "/id_from", "either columns.id or id_from, not both");
    if (!column && c->m->id_from_n == 0)
        return wrong(c, "/columns",
                     "no id: name columns.id, or the columns in id_from whose "
                     "content makes one");
    return OK;
}

static struct err account_check(const struct check *c)
{
    bool column = c->m->columns.account != NULL;
    if (column && c->m->account != NULL)
        return wrong(c, "/account", "either account or columns.account, not both");
    if (!column && c->m->account == NULL)
        return wrong(c, "", "no account: name account, or columns.account");
    if (c->m->currency != NULL && c->m->columns.currency != NULL)
        return wrong(c, "/currency", "either currency or columns.currency, not both");
    return OK;
}

static struct err contra_check(const struct check *c)
{
    const struct mapping_columns *k = &c->m->columns;
    if (c->m->contra == CONTRA_JOURNAL && k->journal_id == NULL)
        return wrong(c, "/contra", "contra: journal wants columns.journal_id");
    if (c->m->contra == CONTRA_ACCOUNT && k->contra_account == NULL)
        return wrong(c, "/contra", "contra: account wants columns.contra_account");
    return OK;
}

static struct err statement_check(const struct check *c)
{
    bool balance = c->m->columns.balance != NULL;
    if (balance && c->m->statement == NULL)
        return wrong(c, "/columns/balance", "a balance column wants statement.order");
    if (!balance && c->m->statement != NULL)
        return wrong(c, "/statement", "statement.order wants columns.balance");
    if (balance && c->m->columns.account != NULL)
        return wrong(c, "/columns/balance",
                     "a balance column is of one account: no "
                     "columns.account beside it");
    return OK;
}

static struct err format_check(const struct check *c)
{
    struct err e = date_format_check(c->m->date_format, (int)c->m->year_pivot);
    if (e.kind != ERR_NONE)
        return wrong(c, "/date_format", e.msg);
    if (strcmp(c->m->decimal, c->m->thousands) == 0)
        return wrong(c, "/thousands", "the same character as decimal");
    const struct mapping_file *f = &c->m->file;
    if (strcmp(f->delimiter, f->quote) == 0)
        return wrong(c, "/file/delimiter", "the same character as quote");
    for (size_t i = 0; i < f->skip_when_n; i++) {
        const struct mapping_skip *s = &f->skip_when[i];
        if ((s->is != NULL) + (s->starts != NULL) + (int)s->empty != 1)
            return wrong(c, "/file/skip_when", "each rule says one of is, starts, empty: true");
    }
    return OK;
}

static struct err column_number_check(const struct check *c, const char *member, struct str name)
{
    bool digits = name.len > 0 && name.len <= 3 && name.at[0] != '0';
    for (size_t i = 0; i < name.len; i++)
        digits = digits && name.at[i] >= '0' && name.at[i] <= '9';
    return digits ? OK : wrong(c, member, "the file has no header: columns are numbers, from 1");
}

static struct err memo_check(const struct check *c)
{
    const struct json *memo = c->m->columns.memo;
    size_t n = memo == NULL || memo->type != JSON_TYPE_ARRAY ? 1 : memo->count;
    if (n == 0 || n > MAPPING_MEMO_MAX)
        return wrong(c, "/columns/memo", "expected 1 to 8 columns");
    for (size_t i = 0; memo != NULL && i < n; i++) {
        const struct json *one = memo->type == JSON_TYPE_ARRAY ? memo->items[i] : memo;
        bool text = one->type == JSON_TYPE_TEXT || one->type == JSON_TYPE_NUMBER;
        if (!text || one->text.len == 0 || one->text.len > COLUMN_MAX ||
            memchr(one->text.at, '\0', one->text.len) != NULL)
            return wrong(c, "/columns/memo", "expected the name of a column, or a list of them");
    }
    return OK;
}

/* Without a header every column is a number. */
static struct err numbers_check(const struct check *c)
{
    const struct mapping_columns *k = &c->m->columns;
    const char *const names[] = {k->id,
                                 k->date,
                                 k->value_date,
                                 k->amount,
                                 k->debit,
                                 k->credit,
                                 k->currency,
                                 k->counterparty,
                                 k->reference,
                                 k->group_key,
                                 k->journal_id,
                                 k->contra_account,
                                 k->event_kind,
                                 k->reverses,
                                 k->account,
                                 k->balance,
                                 k->direction == NULL ? NULL : k->direction->column};
    struct str memo[MAPPING_MEMO_MAX];
    size_t memo_n = mapping_memo_columns(c->m, memo);
    if (c->m->file.header)
        return OK;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i] != NULL)
            TRY(column_number_check(c, "/columns", str_of(names[i])));
    }
    for (size_t i = 0; i < memo_n; i++)
        TRY(column_number_check(c, "/columns/memo", memo[i]));
    for (size_t i = 0; i < c->m->id_from_n; i++)
        TRY(column_number_check(c, "/id_from", str_of(c->m->id_from[i])));
    for (size_t i = 0; i < c->m->file.skip_when_n; i++)
        TRY(column_number_check(c, "/file/skip_when", str_of(c->m->file.skip_when[i].column)));
    return OK;
}

static struct err mapping_check(const struct check *c)
{
    TRY(account_check(c));
    TRY(amount_columns_check(c));
    TRY(direction_check(c));
    TRY(id_check(c));
    TRY(contra_check(c));
    TRY(statement_check(c));
    TRY(format_check(c));
    TRY(memo_check(c));
    return numbers_check(c);
}

/* ---- the interface ---- */

struct err mappings_read(struct arena *arena, struct str yaml, struct mapping **mappings, size_t *n)
{
    struct json *tree;
    struct sources_doc doc;
    TRY(yaml_read(arena, yaml, &tree));
    TRY(json_bind(arena, JSON_FIELDS(doc_fields), tree, &doc));
    for (size_t i = 0; i < doc.sources_n; i++) {
        const char *pointer = arena_fmt(arena, "/sources/%zu", i);
        ENSURE(pointer != NULL, ERR_LIMIT, "out of memory for the mappings");
        struct check c = {arena, tree, pointer, &doc.sources[i]};
        TRY(mapping_check(&c));
        for (size_t j = 0; j < i; j++) {
            if (strcmp(doc.sources[i].id, doc.sources[j].id) == 0)
                return wrong(&c, "/id", "another source has this id already");
        }
    }
    *mappings = doc.sources;
    *n = doc.sources_n;
    return OK;
}

struct err mapping_print(struct arena *arena, const struct mapping *mapping, struct str *jcs)
{
    struct json *tree;
    TRY(json_unbind(arena, JSON_FIELDS(mapping_fields), mapping, &tree));
    return jcs_text(arena, tree, jcs);
}

struct err mapping_parse(struct arena *arena, struct str jcs, struct mapping *mapping)
{
    struct json *tree;
    struct mapping m;
    TRY(json_read(arena, jcs, NULL, &tree));
    TRY(json_bind(arena, JSON_FIELDS(mapping_fields), tree, &m));
    struct check c = {arena, tree, "", &m};
    TRY(mapping_check(&c));
    *mapping = m;
    return OK;
}

size_t mapping_memo_columns(const struct mapping *mapping, struct str columns[MAPPING_MEMO_MAX])
{
    const struct json *memo = mapping->columns.memo;
    if (memo == NULL)
        return 0;
    if (memo->type != JSON_TYPE_ARRAY) {
        columns[0] = memo->text;
        return 1;
    }
    size_t n = memo->count < MAPPING_MEMO_MAX ? memo->count : MAPPING_MEMO_MAX;
    for (size_t i = 0; i < n; i++)
        columns[i] = memo->items[i]->text;
    return n;
}
