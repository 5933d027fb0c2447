/* Odd CSV files, row by row: what becomes an entry, what is quarantined and in which words. */
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "engine/ingest/csv_source.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct source_row rows[64];
static size_t rows_n;

static const struct account chart[] = {
    {.entity_id = "US", .account_id = "2000", .currency = NULL},
    {.entity_id = "US", .account_id = "1010", .currency = "USD"},
    {.entity_id = "US", .account_id = "1020", .currency = "EUR"},
    {.entity_id = "US", .account_id = "1030", .currency = "JPY"},
    {.entity_id = "US", .account_id = "1040", .currency = "KWD"},
};

static struct err open_file(const char *mapping, const void *bytes, size_t len,
                            struct csv_source **source)
{
    struct buf yaml;
    struct mapping *m;
    size_t n;
    arena_free(arena);
    arena = arena_new(64 << 20);
    buf_init(&yaml, 1 << 16);
    buf_putf(&yaml, "sources:\n  - id: s\n    entity: US\n%s", mapping);
    const char *text = arena_dup(arena, buf_text(&yaml), yaml.len);
    buf_fini(&yaml);
    ck_ok(mappings_read(arena, str_of(text), &m, &n));
    return csv_source_open(arena, bytes, len, m, chart, sizeof chart / sizeof chart[0], source);
}

static void load_bytes(const char *mapping, const void *bytes, size_t len)
{
    struct csv_source *source = NULL;
    ck_ok(open_file(mapping, bytes, len, &source));
    for (rows_n = 0; rows_n < sizeof rows / sizeof rows[0]; rows_n++) {
        ck_ok(csv_source_next(source, arena, &rows[rows_n]));
        if (rows[rows_n].kind == SOURCE_END)
            break;
    }
    csv_source_close(source);
}

static void load(const char *mapping, const char *csv)
{
    load_bytes(mapping, csv, strlen(csv));
}

#define COMMON "    side: bank\n    date_format: YYYY-MM-DD\n    sign: as_is\n    contra: none\n"
#define SIMPLE                                                                                     \
    "    account: \"1010\"\n" COMMON                                                               \
    "    decimal: \".\"\n    columns: {id: Id, date: Date, amount: Amount, memo: Text}\n"

static void entry_is(size_t i, const char *id, const char *date, int64_t minor, const char *cur)
{
    char text[DATE_TEXT_MAX];
    ck_assert_uint_lt(i, rows_n);
    ck_assert_msg(rows[i].kind == SOURCE_ENTRY, "row %zu: %s", i,
                  rows[i].reason == NULL ? "-" : rows[i].reason);
    date_print(rows[i].entry.date, text);
    ck_assert_str_eq(rows[i].entry.entry_id, id);
    ck_assert_str_eq(text, date);
    ck_assert_int_eq(rows[i].entry.amount.minor, minor);
    ck_assert_str_eq(rows[i].entry.amount.cur, cur);
}

static void refused_is(size_t i, const char *reason)
{
    ck_assert_uint_lt(i, rows_n);
    ck_assert_int_eq(rows[i].kind, SOURCE_QUARANTINE);
    ck_assert_str_eq(rows[i].reason, reason);
}

START_TEST(csv_rows_become_entries)
{
    load(SIMPLE, "Id,Date,Amount,Text\nT1,2026-01-02,15750.50,Enterprise Corp\n"
                 "T2,2026-01-03,-0.05,\n");
    ck_assert_uint_eq(rows_n, 2);
    entry_is(0, "s:T1", "2026-01-02", 1575050, "USD");
    entry_is(1, "s:T2", "2026-01-03", -5, "USD");
    ck_assert_str_eq(rows[0].entry.memo, "Enterprise Corp");
    ck_assert_ptr_null(rows[1].entry.memo);
    ck_assert_str_eq(rows[0].entry.account_id, "1010");
    ck_assert_uint_eq(strlen(rows[0].entry.raw_sha256), 64);
    ck_assert_int_eq(rows[1].row_no, 2);
    ck_assert_int_eq(rows[1].line_no, 3);
}
END_TEST

START_TEST(a_reason_names_row_line_column_and_value)
{
    load("    account: \"1020\"\n" COMMON "    decimal: \",\"\n    thousands: \".\"\n"
         "    file: {delimiter: \";\"}\n"
         "    columns: {id: Id, date: Date, amount: Amount, memo: Text}\n",
         "Id;Date;Amount;Text\nA;2026-01-02;1.234,56;\"two\nlines\"\nB;2026-01-02;12,5o;x\n"
         "C;2026-01-02;1.23,00;x\nD;2026-01-02;1234,5;x\nE;2026-01-02;1,234.56;x\n"
         "F;2026-01-02;12.345.678,90;x\n");
    entry_is(0, "s:A", "2026-01-02", 123456, "EUR");
    ck_assert_str_eq(rows[0].entry.memo, "two\nlines");
    refused_is(1, "row 2 (line 4), column \"Amount\": \"12,5o\" is not an amount with decimal "
                  "comma and thousands separator \".\"");
    refused_is(2, "row 3 (line 5), column \"Amount\": \"1.23,00\" has thousands separators in the "
                  "wrong places");
    entry_is(3, "s:D", "2026-01-02", 123450, "EUR");
    ck_assert_int_eq(rows[4].kind, SOURCE_QUARANTINE);
    entry_is(5, "s:F", "2026-01-02", 1234567890, "EUR");
}
END_TEST

START_TEST(dates_are_read_in_the_declared_format_only)
{
    load("    account: \"1010\"\n    side: bank\n    date_format: DD/MM/YYYY\n    sign: as_is\n"
         "    contra: none\n    decimal: \".\"\n"
         "    columns: {id: Id, date: Date, value_date: Value, amount: Amount}\n",
         "Id,Date,Value,Amount\nA,03/04/2026,05/04/2026,1\nB,30/02/2026,,1\nC,04/13/2026,,1\n"
         "D,2026-04-03,,1\nE,,,1\nF,03/04/2026,31/04/2026,1\n");
    entry_is(0, "s:A", "2026-04-03", 100, "USD");
    ck_assert(rows[0].entry.has_value_date);
    refused_is(1, "row 2 (line 3), column \"Date\": \"30/02/2026\" is not a date in the format "
                  "DD/MM/YYYY");
    ck_assert_int_eq(rows[2].kind, SOURCE_QUARANTINE);
    ck_assert_int_eq(rows[3].kind, SOURCE_QUARANTINE);
    refused_is(4, "row 5 (line 6), column \"Date\": there is no date");
    refused_is(5, "row 6 (line 7), column \"Value\": \"31/04/2026\" is not a date in the format "
                  "DD/MM/YYYY");
}
END_TEST

#define DEBIT_CREDIT(side)                                                                         \
    "    account: \"1010\"\n    side: " side "\n    date_format: YYYY-MM-DD\n    sign: as_is\n"    \
    "    contra: none\n    decimal: \".\"\n"                                                       \
    "    columns: {id: Id, date: Date, debit: Debit, credit: Credit}\n"
#define DEBIT_CREDIT_FILE                                                                          \
    "Id,Date,Debit,Credit\nA,2026-01-02,10.00,\nB,2026-01-02,,2.50\nC,2026-01-02,1500.00,0.00\n"   \
    "D,2026-01-02,1,1\nE,2026-01-02,,\nF,2026-01-02,-5,\nG,2026-01-02,0.00,0.00\n"

START_TEST(debit_and_credit_have_the_sources_own_view)
{
    load(DEBIT_CREDIT("gl"), DEBIT_CREDIT_FILE);
    entry_is(0, "s:A", "2026-01-02", 1000, "USD");
    entry_is(1, "s:B", "2026-01-02", -250, "USD");
    entry_is(2, "s:C", "2026-01-02", 150000, "USD");
    refused_is(3, "row 4 (line 5), column \"Debit\": \"1\" is a debit, and the row has a credit "
                  "too");
    refused_is(4, "row 5 (line 6), column \"Debit\": there is neither a debit nor a credit");
    refused_is(5, "row 6 (line 7), column \"Debit\": \"-5\" is negative, and the mapping does not "
                  "say what a minus means there");
    entry_is(6, "s:G", "2026-01-02", 0, "USD");
    load(DEBIT_CREDIT("bank"), DEBIT_CREDIT_FILE);
    entry_is(0, "s:A", "2026-01-02", -1000, "USD");
    entry_is(1, "s:B", "2026-01-02", 250, "USD");
    load(DEBIT_CREDIT("bank") "    minus: repeats\n", DEBIT_CREDIT_FILE);
    entry_is(5, "s:F", "2026-01-02", -500, "USD");
    load(DEBIT_CREDIT("bank") "    minus: reverses\n", DEBIT_CREDIT_FILE);
    entry_is(5, "s:F", "2026-01-02", 500, "USD");
}
END_TEST

START_TEST(direction_words_are_taken_exactly)
{
    load("    account: \"1010\"\n" COMMON "    decimal: \".\"\n    thousands: \",\"\n"
         "    columns: {id: Id, date: Date, amount: Amount,\n"
         "              direction: {column: DC, credit: [CR, C], debit: [DR]}}\n",
         "Id,Date,Amount,DC\nA,2026-01-02,\"1,000.00\",CR\nB,2026-01-02,5,DR\nC,2026-01-02,5,dr\n"
         "D,2026-01-02,5,\n");
    entry_is(0, "s:A", "2026-01-02", 100000, "USD");
    entry_is(1, "s:B", "2026-01-02", -500, "USD");
    refused_is(2, "row 3 (line 4), column \"DC\": \"dr\" is neither a word for credit nor one for "
                  "debit");
    refused_is(3, "row 4 (line 5), column \"DC\": \"\" is neither a word for credit nor one for "
                  "debit");
}
END_TEST

START_TEST(amount_spellings_are_those_declared)
{
    static const char csv[] = "Id,Date,Amount,Text\nA,2026-01-02,(12.50),\nB,2026-01-02,12.50-,\n"
                              "C,2026-01-02,$12.50,\nD,2026-01-02,+12.50,\nE,2026-01-02,.50,\n"
                              "F,2026-01-02,12.,\nG,2026-01-02,1e3,\nH,2026-01-02,--1,\n"
                              "I,2026-01-02,\xE2\x88\x92"
                              "3.25,\nJ,2026-01-02,$(2.00),\nK,2026-01-02,12.505,\n"
                              "L,2026-01-02,99999999999999999999,\nM,2026-01-02,,\n";
    load(SIMPLE "    parentheses_negative: true\n    trailing_minus: true\n    symbol: $\n", csv);
    entry_is(0, "s:A", "2026-01-02", -1250, "USD");
    entry_is(1, "s:B", "2026-01-02", -1250, "USD");
    entry_is(2, "s:C", "2026-01-02", 1250, "USD");
    entry_is(3, "s:D", "2026-01-02", 1250, "USD");
    entry_is(4, "s:E", "2026-01-02", 50, "USD");
    for (size_t i = 5; i < 8; i++)
        ck_assert_int_eq(rows[i].kind, SOURCE_QUARANTINE);
    entry_is(8, "s:I", "2026-01-02", -325, "USD");
    entry_is(9, "s:J", "2026-01-02", -200, "USD");
    refused_is(10, "row 11 (line 12), column \"Amount\": \"12.505\" has 3 digits behind the "
                   "decimal point, USD has 2");
    refused_is(11, "row 12 (line 13), column \"Amount\": \"99999999999999999999\" is too large");
    refused_is(12, "row 13 (line 14), column \"Amount\": there is no amount");
    load(SIMPLE, csv);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(rows[i].kind, SOURCE_QUARANTINE);
}
END_TEST

START_TEST(separators_of_other_countries_are_read)
{
    load(SIMPLE "    thousands: \"'\"\n",
         "Id,Date,Amount,Text\nA,2026-01-02,1'234.50,\nB,2026-01-02,1\xE2\x80\x99"
         "234.50,\n");
    entry_is(0, "s:A", "2026-01-02", 123450, "USD");
    entry_is(1, "s:B", "2026-01-02", 123450, "USD");
    load(SIMPLE "    thousands: \" \"\n",
         "Id,Date,Amount,Text\nA,2026-01-02,1 234.50,\nB,2026-01-02,1\xC2\xA0"
         "234.50,\nC,2026-01-02,12 34.50,\n");
    entry_is(0, "s:A", "2026-01-02", 123450, "USD");
    entry_is(1, "s:B", "2026-01-02", 123450, "USD");
    ck_assert_int_eq(rows[2].kind, SOURCE_QUARANTINE);
    load(SIMPLE "    thousands: \",\"\n    grouping: indian\n",
         "Id,Date,Amount,Text\nA,2026-01-02,\"12,34,567.00\",\nB,2026-01-02,\"1,234,567.00\",\n");
    entry_is(0, "s:A", "2026-01-02", 123456700, "USD");
    ck_assert_int_eq(rows[1].kind, SOURCE_QUARANTINE);
}
END_TEST

START_TEST(a_currency_has_its_own_number_of_digits)
{
    load("    account: \"1030\"\n" COMMON "    decimal: \".\"\n"
         "    columns: {id: Id, date: Date, amount: Amount}\n",
         "Id,Date,Amount\nA,2026-01-02,1200\nB,2026-01-02,1200.00\n");
    entry_is(0, "s:A", "2026-01-02", 1200, "JPY");
    refused_is(1, "row 2 (line 3), column \"Amount\": \"1200.00\" has 2 digits behind the decimal "
                  "point, JPY has 0");
    load("    account: \"1040\"\n" COMMON "    decimal: \".\"\n"
         "    columns: {id: Id, date: Date, amount: Amount}\n",
         "Id,Date,Amount\nA,2026-01-02,1.234\n");
    entry_is(0, "s:A", "2026-01-02", 1234, "KWD");
}
END_TEST

START_TEST(mixed_currencies_are_checked_against_the_account)
{
    load("    account: \"1010\"\n" COMMON "    decimal: \".\"\n"
         "    columns: {id: Id, date: Date, amount: Amount, currency: Ccy}\n",
         "Id,Date,Amount,Ccy\nA,2026-01-02,1,USD\nB,2026-01-02,1,EUR\nC,2026-01-02,1,XYZ\n"
         "D,2026-01-02,1,\nE,2026-01-02,1,usd\nF,2026-01-02,1,XAU\n");
    entry_is(0, "s:A", "2026-01-02", 100, "USD");
    refused_is(1, "row 2 (line 3), column \"Ccy\": \"EUR\" is not the currency of account 1010, "
                  "which is USD");
    refused_is(2, "row 3 (line 4), column \"Ccy\": \"XYZ\" is not a currency of ISO 4217");
    refused_is(3, "row 4 (line 5), column \"Ccy\": there is no currency");
    entry_is(4, "s:E", "2026-01-02", 100, "USD");
    ck_assert_int_eq(rows[5].kind, SOURCE_QUARANTINE);
    load("    account: \"2000\"\n" COMMON "    decimal: \".\"\n"
         "    columns: {id: Id, date: Date, amount: Amount, currency: Ccy}\n",
         "Id,Date,Amount,Ccy\nA,2026-01-02,1,USD\nB,2026-01-02,1,JPY\n");
    entry_is(1, "s:B", "2026-01-02", 1, "JPY");
}
END_TEST

START_TEST(rows_may_name_their_account)
{
    load(COMMON "    decimal: \".\"\n"
                "    columns: {id: Id, date: Date, amount: Amount, account: Account}\n",
         "Id,Date,Amount,Account\nA,2026-01-02,1,1030\nB,2026-01-02,1,9999\nC,2026-01-02,1,\n"
         "D,2026-01-02,1,2000\n");
    entry_is(0, "s:A", "2026-01-02", 1, "JPY");
    refused_is(1, "row 2 (line 3), column \"Account\": \"9999\" is not in the chart of accounts");
    refused_is(2, "row 3 (line 4), column \"Account\": there is no account");
    refused_is(3, "row 4 (line 5): neither the mapping nor the chart says the account's currency");
}
END_TEST

START_TEST(totals_and_empty_rows_are_skipped_by_rule)
{
    load(SIMPLE "    file: {ragged: true, skip_rows: 2, skip_when: [{column: Id, is: Total}, "
                "{column: Text, starts: \"Opening\"}]}\n",
         "Account statement\nJanuary\nId,Date,Amount,Text\nO,2026-01-01,100,Opening balance\n"
         "A,2026-01-02,1,x\n,,,\n   ,\nTotal,,1\n\n\n");
    ck_assert_uint_eq(rows_n, 5);
    ck_assert_int_eq(rows[0].kind, SOURCE_SKIPPED);
    entry_is(1, "s:A", "2026-01-02", 100, "USD");
    ck_assert_int_eq(rows[1].line_no, 5);
    for (size_t i = 2; i < 5; i++)
        ck_assert_int_eq(rows[i].kind, SOURCE_SKIPPED);
}
END_TEST

START_TEST(a_total_that_no_rule_names_is_quarantined_not_loaded)
{
    load(SIMPLE, "Id,Date,Amount,Text\nA,2026-01-02,1,x\nTotal,,1,\n");
    refused_is(1, "row 2 (line 3), column \"Date\": there is no date");
}
END_TEST

START_TEST(broken_rows_keep_their_bytes)
{
    struct csv_source *source = NULL;
    struct source_row row;
    static const char csv[] = "Id,Date,Amount,Text\nA,2026-01-02,1\nB,2026-01-02,1,\"open\n";
    ck_ok(open_file(SIMPLE, csv, sizeof csv - 1, &source));
    ck_ok(csv_source_next(source, arena, &row));
    ck_assert_int_eq(row.kind, SOURCE_QUARANTINE);
    ck_assert(str_is(row.raw, "A,2026-01-02,1"));
    ck_assert_ptr_nonnull(strstr(row.reason, "row 1 (line 2): "));
    ck_ok(csv_source_next(source, arena, &row));
    ck_assert_int_eq(row.kind, SOURCE_QUARANTINE);
    ck_assert(str_is(row.raw, "B,2026-01-02,1,\"open"));
    csv_source_close(source);
}
END_TEST

START_TEST(encodings_are_the_declared_ones)
{
    load(SIMPLE, "\xEF\xBB\xBFId,Date,Amount,Text\r\nA,2026-01-02,1,caf\xC3\xA9\r\n");
    ck_assert_str_eq(rows[0].entry.memo, "caf\xC3\xA9");
    load(SIMPLE "    file: {encoding: windows-1252}\n",
         "Id,Date,Amount,Text\nA,2026-01-02,1,caf\xE9 \x80\n");
    ck_assert_str_eq(rows[0].entry.memo, "caf\xC3\xA9 \xE2\x82\xAC");
    load(SIMPLE, "Id,Date,Amount,Text\nA,2026-01-02,1,caf\xE9\nB,2026-01-02,1,x\n");
    ck_assert_int_eq(rows[0].kind, SOURCE_QUARANTINE);
    entry_is(1, "s:B", "2026-01-02", 100, "USD");
}
END_TEST

START_TEST(odd_text_is_kept_and_flagged)
{
    load(SIMPLE, "Id,Date,Amount,Text\nA,2026-01-02,1,=1+1\nB,2026-01-02,1,a\xE2\x80\xAE"
                 "b\nC,2026-01-02,1,a\x01"
                 "b\nD,2026-01-02,1,a\xE2\x80\x8B"
                 "b\nE,2026-01-02,1,plain\n");
    ck_assert_uint_eq(rows[0].flags, FLAG_FORMULA);
    ck_assert_str_eq(rows[0].entry.memo, "=1+1");
    ck_assert_str_eq(rows[0].flag_column, "Text");
    ck_assert_uint_eq(rows[1].flags, FLAG_BIDI);
    ck_assert_uint_eq(rows[2].flags, FLAG_CONTROL);
    ck_assert_uint_eq(rows[3].flags, FLAG_HIDDEN);
    ck_assert_uint_eq(rows[4].flags, 0);
}
END_TEST

START_TEST(an_id_that_cannot_be_seen_is_no_id)
{
    load(SIMPLE, "Id,Date,Amount,Text\n,2026-01-02,1,x\nA\xE2\x80\x8B,2026-01-02,1,x\n"
                 "\"A\nB\",2026-01-02,1,x\n");
    refused_is(0, "row 1 (line 2), column \"Id\": there is no id");
    refused_is(1, "row 2 (line 3), column \"Id\": \"A\\u200b\" holds characters that cannot be "
                  "seen");
    ck_assert_int_eq(rows[2].kind, SOURCE_QUARANTINE);
}
END_TEST

START_TEST(ids_made_from_content_are_stable_and_count_repeats)
{
    static const char mapping[] =
        "    account: \"1010\"\n" COMMON "    decimal: \".\"\n    id_from: [Date, Amount, Text]\n"
        "    columns: {date: Date, amount: Amount, memo: Text}\n";
    char first[80], third[80];
    load(mapping, "Date,Amount,Text\n2026-01-02,1,x\n2026-01-02,2,x\n2026-01-02,1,x\n");
    (void)snprintf(first, sizeof first, "%s", rows[0].entry.entry_id);
    (void)snprintf(third, sizeof third, "%s", rows[2].entry.entry_id);
    ck_assert_str_ne(first, third);
    ck_assert_uint_eq(strlen(first), strlen("s:") + 24 + 2);
    ck_assert(strncmp(first, third, strlen(first) - 1) == 0);
    load(mapping, "Text,Date,Amount\nx,2026-01-02,1\nx,2026-01-02,1\n");
    ck_assert_str_eq(rows[0].entry.entry_id, first);
    ck_assert_str_eq(rows[1].entry.entry_id, third);
}
END_TEST

START_TEST(sign_inverted_turns_amounts_and_balances)
{
    load("    account: \"1010\"\n    side: bank\n    date_format: YYYY-MM-DD\n"
         "    sign: inverted\n    contra: none\n    decimal: \".\"\n"
         "    statement: {order: oldest_first}\n"
         "    columns: {id: Id, date: Date, amount: Amount, balance: Bal}\n",
         "Id,Date,Amount,Bal\nA,2026-01-02,5,100\nB,2026-01-02,5,\n");
    entry_is(0, "s:A", "2026-01-02", -500, "USD");
    ck_assert(rows[0].has_balance);
    ck_assert_int_eq(rows[0].balance.minor, -10000);
    ck_assert_int_eq(rows[1].kind, SOURCE_QUARANTINE);
}
END_TEST

START_TEST(all_the_texts_of_an_entry_are_mapped)
{
    load("    account: \"1010\"\n    side: gl\n    date_format: YYYY-MM-DD\n    sign: as_is\n"
         "    contra: journal\n    decimal: \".\"\n"
         "    columns: {id: Id, date: D, amount: A, memo: [M1, M2], counterparty: P,\n"
         "              reference: R, group_key: G, journal_id: J, contra_account: C,\n"
         "              event_kind: E, reverses: V}\n",
         "Id,D,A,M1,M2,P,R,G,J,C,E,V\n1,2026-01-02,1, one ,two,Acme,INV-1,po_1,JE1,4000,fee,0\n");
    const struct entry *e = &rows[0].entry;
    ck_assert_str_eq(e->memo, "one two");
    ck_assert_str_eq(e->counterparty, "Acme");
    ck_assert_str_eq(e->reference, "INV-1");
    ck_assert_str_eq(e->group_key, "po_1");
    ck_assert_str_eq(e->journal_id, "JE1");
    ck_assert_str_eq(e->contra_account, "4000");
    ck_assert_str_eq(e->event_kind, "fee");
    ck_assert_str_eq(e->reverses, "s:0");
    ck_assert_int_eq(e->contra, CONTRA_JOURNAL);
}
END_TEST

START_TEST(a_file_that_does_not_fit_its_mapping_loads_nothing)
{
    struct csv_source *source = NULL;
    struct err e = open_file(SIMPLE, "Id,Date,Amnt,Text\n", 18, &source);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.msg, "the file has no column \"Amount\"; it has \"Id\", \"Date\", \"Amnt\", "
                            "\"Text\"");
    ck_err(open_file(SIMPLE, "", 0, &source), ERR_INPUT);
    e = open_file(SIMPLE, "Id,Date,Amount,Text,Id\n", 23, &source);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.msg, "the file has 2 columns called \"Id\"");
    ck_err(open_file("    account: \"7\"\n" COMMON "    decimal: \".\"\n"
                     "    columns: {id: Id, date: Date, amount: Amount}\n",
                     "Id,Date,Amount\n", 15, &source),
           ERR_INPUT);
    ck_err(open_file("    account: \"2000\"\n" COMMON "    decimal: \".\"\n"
                     "    columns: {id: Id, date: Date, amount: Amount}\n",
                     "Id,Date,Amount\n", 15, &source),
           ERR_INPUT);
}
END_TEST

START_TEST(a_file_without_a_header_has_numbered_columns)
{
    load("    account: \"1010\"\n" COMMON "    decimal: \".\"\n    file: {header: false}\n"
         "    columns: {id: 1, date: 2, amount: 3}\n",
         "A,2026-01-02,1\nB,2026-01-02,1x\n");
    entry_is(0, "s:A", "2026-01-02", 100, "USD");
    refused_is(1, "row 2 (line 2), column \"3\": \"1x\" is not an amount with decimal point");
}
END_TEST

TEST_MAIN("csv_source", csv_rows_become_entries, a_reason_names_row_line_column_and_value,
          dates_are_read_in_the_declared_format_only, debit_and_credit_have_the_sources_own_view,
          direction_words_are_taken_exactly, amount_spellings_are_those_declared,
          separators_of_other_countries_are_read, a_currency_has_its_own_number_of_digits,
          mixed_currencies_are_checked_against_the_account, rows_may_name_their_account,
          totals_and_empty_rows_are_skipped_by_rule,
          a_total_that_no_rule_names_is_quarantined_not_loaded, broken_rows_keep_their_bytes,
          encodings_are_the_declared_ones, odd_text_is_kept_and_flagged,
          an_id_that_cannot_be_seen_is_no_id, ids_made_from_content_are_stable_and_count_repeats,
          sign_inverted_turns_amounts_and_balances, all_the_texts_of_an_entry_are_mapped,
          a_file_that_does_not_fit_its_mapping_loads_nothing,
          a_file_without_a_header_has_numbered_columns)
