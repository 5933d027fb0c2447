/* sources.yaml: what is read, what is refused and where. */
#include <stdio.h>
#include <string.h>

#include "common/sys/disk.h"
#include "engine/ingest/mapping.h"
#include "tests/unit/test.h"

#define HEAD                                                                                       \
    "sources:\n"                                                                                   \
    "  - id: us-bank\n"                                                                            \
    "    entity: US\n"
#define FORMAT                                                                                     \
    "    date_format: YYYY-MM-DD\n"                                                                \
    "    decimal: \".\"\n"                                                                         \
    "    sign: as_is\n"
#define BANK HEAD "    account: 1010\n    side: bank\n" FORMAT "    contra: none\n"

static struct arena *arena;

static struct err read(const char *yaml, struct mapping **m)
{
    size_t n;
    arena_free(arena);
    arena = arena_new(1 << 20);
    return mappings_read(arena, str_of(yaml), m, &n);
}

/* The whole complaint: "line:column pointer: message". */
static const char *complaint(const char *yaml)
{
    struct mapping *m;
    struct err e = read(yaml, &m);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    return arena_fmt(arena, "%s: %s", e.where == NULL ? "-" : e.where, e.msg);
}

START_TEST(mapping_reads_a_short_source_with_defaults)
{
    struct mapping *m;
    ck_ok(read(BANK "    columns: {id: Id, date: Date, amount: Amount}\n", &m));
    ck_assert_str_eq(m->id, "us-bank");
    ck_assert_str_eq(m->account, "1010");
    ck_assert_str_eq(m->file.delimiter, ",");
    ck_assert_str_eq(m->file.quote, "\"");
    ck_assert(m->file.header);
    ck_assert_str_eq(m->thousands, "");
    ck_assert_int_eq(m->year_pivot, -1);
    ck_assert(!m->parentheses_negative);
    ck_assert_int_eq((int)m->side, SIDE_BANK);
    ck_assert_int_eq((int)m->contra, CONTRA_NONE);
}
END_TEST

START_TEST(mapping_survives_the_canonical_text_byte_for_byte)
{
    struct mapping *m, again;
    struct str jcs, twice;
    ck_ok(read(HEAD "    side: gl\n" FORMAT "    contra: journal\n"
                    "    id_from: [Date, Amount]\n"
                    "    thousands: \",\"\n"
                    "    file: {delimiter: tab, quote: \"\", skip_rows: 3, ragged: true,\n"
                    "           skip_when: [{column: Date, is: Total}]}\n"
                    "    columns:\n"
                    "      date: Date\n"
                    "      amount: Amount\n"
                    "      direction: {column: DC, credit: [C, CR], debit: [D, DR]}\n"
                    "      account: Account\n"
                    "      journal_id: Journal\n"
                    "      memo: [Text, More]\n",
               &m));
    ck_ok(mapping_print(arena, m, &jcs));
    ck_ok(mapping_parse(arena, jcs, &again));
    ck_ok(mapping_print(arena, &again, &twice));
    ck_assert(str_eq(jcs, twice));
    ck_assert_str_eq(again.columns.direction->credit[1], "CR");
    ck_assert_uint_eq(again.id_from_n, 2);
    struct str memo[MAPPING_MEMO_MAX];
    ck_assert_uint_eq(mapping_memo_columns(&again, memo), 2);
    ck_assert(str_is(memo[1], "More"));
}
END_TEST

START_TEST(mapping_errors_name_line_and_column)
{
    ck_assert_str_eq(complaint(BANK "    columns: {id: Id, date: Date, amont: Amount}\n"),
                     "10:35 /sources/0/columns/amont: unknown member; did you mean \"amount\"?");
    ck_assert_str_eq(complaint(BANK "    columns:\n      id: Id\n      date: Date\n"),
                     "11:7 /sources/0/columns: no amount: name amount, or debit and credit");
}
END_TEST

START_TEST(mapping_wants_what_would_have_to_be_guessed)
{
    ck_assert_ptr_nonnull(strstr(complaint(HEAD "    account: \"1\"\n    side: bank\n"
                                                "    decimal: \".\"\n    sign: as_is\n"
                                                "    contra: none\n"
                                                "    columns: {id: I, date: D, amount: A}\n"),
                                 "date_format"));
    ck_assert_ptr_nonnull(strstr(complaint(HEAD "    account: \"1\"\n    side: bank\n"
                                                "    date_format: DD/MM/YY\n"
                                                "    decimal: \".\"\n    sign: as_is\n"
                                                "    contra: none\n"
                                                "    columns: {id: I, date: D, amount: A}\n"),
                                 "/date_format"));
    ck_assert_ptr_nonnull(strstr(complaint(HEAD "    account: \"1\"\n    side: bank\n" FORMAT
                                                "    columns: {id: I, date: D, amount: A}\n"),
                                 "/contra: required"));
    ck_assert_ptr_nonnull(strstr(complaint(HEAD "    side: bank\n" FORMAT "    contra: none\n"
                                                "    columns: {id: I, date: D, amount: A}\n"),
                                 "no account"));
    ck_assert_ptr_nonnull(
        strstr(complaint(BANK "    columns: {date: D, amount: A}\n"), "no id: name columns.id"));
}
END_TEST

START_TEST(mapping_refuses_what_does_not_go_together)
{
    static const struct {
        const char *rest, *want;
    } cases[] = {
        {"    columns: {id: I, date: D, amount: A, debit: B, credit: C}\n", "not both"},
        {"    columns: {id: I, date: D, debit: B}\n", "debit and credit come together"},
        {"    columns: {id: I, date: D, amount: A, account: K}\n", "either account or"},
        {"    id_from: [A]\n    columns: {id: I, date: D, amount: A}\n", "either columns.id or"},
        {"    thousands: \".\"\n    columns: {id: I, date: D, amount: A}\n",
         "the same character as decimal"},
        {"    minus: reverses\n    columns: {id: I, date: D, amount: A}\n", "minus goes with"},
        {"    columns: {id: I, date: D, amount: A, balance: B}\n", "wants statement.order"},
        {"    statement: {order: newest_first}\n    columns: {id: I, date: D, amount: A}\n",
         "wants columns.balance"},
        {"    columns: {id: I, date: D, amount: A, direction: {column: X, credit: [C], debit: "
         "[C]}}\n",
         "both credit and debit"},
        {"    currency: USD\n    columns: {id: I, date: D, amount: A, currency: C}\n",
         "either currency or"},
        {"    currency: usd\n    columns: {id: I, date: D, amount: A}\n", "ISO 4217"},
        {"    file: {header: false}\n    columns: {id: Id, date: 2, amount: 3}\n",
         "columns are numbers"},
        {"    file: {delimiter: \"--\"}\n    columns: {id: I, date: D, amount: A}\n",
         "expected one of"},
        {"    file: {skip_when: [{column: D}]}\n    columns: {id: I, date: D, amount: A}\n",
         "each rule says one of"},
        {"    columns: {id: I, date: D, amount: A, memo: []}\n", "expected 1 to 8 columns"},
        {"    columns: {id: I, date: D, amount: A, memo: [[x]]}\n", "the name of a column"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[2048];
        (void)snprintf(yaml, sizeof yaml, "%s%s", BANK, cases[i].rest);
        const char *said = complaint(yaml);
        ck_assert_msg(strstr(said, cases[i].want) != NULL, "%s\nsaid %s", cases[i].rest, said);
    }
}
END_TEST

START_TEST(mapping_refuses_the_same_id_twice)
{
    const char *said =
        complaint(BANK "    columns: {id: I, date: D, amount: A}\n"
                       "  - id: us-bank\n    entity: US\n    account: 1010\n    side: bank\n" FORMAT
                       "    contra: none\n    columns: {id: I, date: D, amount: A}\n");
    ck_assert_str_eq(said, "11:9 /sources/1/id: another source has this id already");
}
END_TEST

START_TEST(mapping_takes_column_numbers_without_a_header)
{
    struct mapping *m;
    ck_ok(read(BANK "    file: {header: false}\n"
                    "    columns: {id: 1, date: 2, amount: 3, memo: [4, 5]}\n",
               &m));
    ck_assert_str_eq(m->columns.amount, "3");
}
END_TEST

START_TEST(mapping_refuses_a_contra_side_without_its_column)
{
    ck_assert_ptr_nonnull(
        strstr(complaint(HEAD "    account: \"1\"\n    side: gl\n" FORMAT "    contra: journal\n"
                              "    columns: {id: I, date: D, amount: A}\n"),
               "wants columns.journal_id"));
    ck_assert_ptr_nonnull(
        strstr(complaint(HEAD "    account: \"1\"\n    side: gl\n" FORMAT "    contra: account\n"
                              "    columns: {id: I, date: D, amount: A}\n"),
               "wants columns.contra_account"));
}
END_TEST

START_TEST(mapping_example_of_the_documentation_loads)
{
    struct mapping *m;
    struct str text;
    size_t n;
    arena_free(arena);
    arena = arena_new(1 << 20);
    ck_ok(disk_read(arena, "docs/INGEST.md", 1 << 18, &text));
    const char *from = strstr(text.at, "```yaml\n");
    ck_assert_ptr_nonnull(from);
    from += strlen("```yaml\n");
    const char *to = strstr(from, "```");
    ck_assert_ptr_nonnull(to);
    ck_ok(mappings_read(arena, (struct str){from, (size_t)(to - from)}, &m, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(m->columns.amount, "Betrag");
    ck_assert_str_eq(m->file.delimiter, ";");
}
END_TEST

TEST_MAIN("mapping", mapping_example_of_the_documentation_loads,
          mapping_reads_a_short_source_with_defaults,
          mapping_survives_the_canonical_text_byte_for_byte, mapping_errors_name_line_and_column,
          mapping_wants_what_would_have_to_be_guessed, mapping_refuses_what_does_not_go_together,
          mapping_refuses_the_same_id_twice, mapping_takes_column_numbers_without_a_header,
          mapping_refuses_a_contra_side_without_its_column)
