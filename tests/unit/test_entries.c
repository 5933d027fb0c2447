/* Entries, files, statements and master data in a real book. */
#include "common/sys/crypt.h"
#include "common/sys/db.h"
#include "common/sys/jcs.h"
#include "engine/store/entries.h"
#include "engine/store/files.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"
#include "tests/unit/book.h"
#include "tests/unit/proposal.h"

static struct money usd(int64_t minor)
{
    struct money m;
    ck_ok(money_make(minor, "USD", &m));
    return m;
}

static struct entry entry_of(const char *id, enum side side, const char *account, int64_t minor)
{
    return (struct entry){.entry_id = id,
                          .version = 1,
                          .side = side,
                          .contra = CONTRA_NONE,
                          .source_id = "s",
                          .file_id = "f",
                          .row_no = 1,
                          .entity_id = "US",
                          .account_id = account,
                          .date = {20000},
                          .amount = usd(minor),
                          .raw_sha256 = "00"};
}

static void put_entries(const struct entry *entries, size_t n)
{
    struct tx tx;
    book_begin(&tx);
    for (size_t i = 0; i < n; i++)
        ck_ok(entry_insert(&tx, &entries[i]));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, (int64_t)n));
    book_end(&tx);
}

static void put_chart(void)
{
    static const char *const accounts[][2] = {
        {"1010", "cash"}, {"4000", "revenue"}, {"6100", "expense"}};
    book_chart(accounts, 3);
}

START_TEST(an_entry_reads_back_as_it_was_written)
{
    struct entry e = entry_of("s:1", SIDE_GL, "1010", -5), back;
    struct tx tx;
    e.contra = CONTRA_ACCOUNT;
    e.value_date = (struct date){20001};
    e.has_value_date = true;
    e.counterparty = "Acme";
    e.memo = "two\nlines";
    e.reference = "R";
    e.group_key = "G";
    e.journal_id = "J";
    e.contra_account = "4000";
    e.event_kind = "fee";
    e.reverses = "s:0";
    put_entries(&e, 1);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_load(&tx, arena, "s:1", &back));
    ck_err(entry_load(&tx, arena, "s:2", &back), ERR_MISSING);
    tx_read_end(&tx);
    ck_assert(entry_same(&e, &back, NULL));
    ck_assert_str_eq(back.memo, "two\nlines");
    ck_assert_int_eq(back.value_date.days, 20001);
    const char *differs;
    back.amount.minor = 5;
    ck_assert(!entry_same(&e, &back, &differs));
    ck_assert_str_eq(differs, "amount");
    book_is_intact();
}
END_TEST

struct walked {
    size_t n;
    char id[64];
    int64_t amount_minor;
};

static struct err walk_open(void *arg, const struct open_entry *e)
{
    struct walked *w = arg;
    w->n++;
    w->amount_minor = e->amount.minor;
    (void)snprintf(w->id, sizeof w->id, "%s", e->entry_id.at);
    return OK;
}

static struct err walk_hash(void *arg, const char *id, int64_t version, int64_t seq,
                            const uint8_t row_sha256[32])
{
    (void)id;
    ck_assert_int_eq(version, 1);
    ck_assert_int_gt(seq, 0);
    hex_print(row_sha256, 32, arg);
    return OK;
}

/* What `audit verify --book` of any release works out: the object of texts, through the tree. */
START_TEST(a_rows_hash_is_that_of_its_canonical_object)
{
    static const char odd[] =
        "\"q\" \\ \x01\t\n \x7f caf\xc3\xa9 \xe2\x82\xac \xf0\x9d\x84\x9e 12345678901";
    struct entry e = entry_of("s:1", SIDE_GL, "1010", -5);
    char got[65], want[65], seq[24];
    struct str text;
    struct tx tx;
    e.memo = odd;
    e.counterparty = "";
    put_entries(&e, 1);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(table_walk(&tx, TABLE_ENTRIES, walk_hash, got));
    tx_read_end(&tx);
    (void)snprintf(seq, sizeof seq, "%lld", (long long)store_head(book_writer)->seq);
    const char *const members[][2] = {
        {"memo", odd},          {"entry_id", "s:1"},          {"version", "1"},
        {"side", "gl"},         {"counterparty", ""},         {"amount_minor", "-5"},
        {"seq", seq},           {"source_id", e.source_id},   {"file_id", e.file_id},
        {"row_no", "1"},        {"entity_id", "US"},          {"account_id", "1010"},
        {"date", "2024-10-04"}, {"value_date", NULL},         {"currency", "USD"},
        {"reference", NULL},    {"group_key", NULL},          {"journal_id", e.journal_id},
        {"contra", "none"},     {"contra_account", NULL},     {"event_kind", NULL},
        {"reverses", NULL},     {"raw_sha256", e.raw_sha256},
    };
    struct json *o = json_object_new(arena);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_put(arena, o, members[i][0],
                 members[i][1] == NULL ? json_null_new(arena)
                                       : json_text_new(arena, members[i][1]));
    ck_ok(jcs_text(arena, o, &text));
    sha256_hex(text.at, text.len, want);
    ck_assert_str_eq(got, want);
}
END_TEST

START_TEST(the_latest_version_of_an_entry_counts)
{
    struct entry e[2] = {entry_of("s:1", SIDE_GL, "1010", 1), entry_of("s:1", SIDE_GL, "1010", 2)};
    struct walked open = {0};
    struct tx tx;
    e[1].version = 2;
    put_entries(e, 2);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_unmatched(&tx, "US", "1010", walk_open, &open));
    tx_read_end(&tx);
    ck_assert_uint_eq(open.n, 1);
    ck_assert_int_eq(open.amount_minor, 2);
}
END_TEST

START_TEST(only_entries_in_no_live_match_are_unmatched)
{
    const struct entry e[4] = {
        entry_of("b:1", SIDE_BANK, "1010", 100), entry_of("g:1", SIDE_GL, "1010", 100),
        entry_of("g:2", SIDE_GL, "1010", 7), entry_of("g:3", SIDE_GL, "4000", -100)};
    struct leg legs[2] = {{.entry_id = "b:1", .version = 1, .side = SIDE_BANK, .amount_minor = 100},
                          {.entry_id = "g:1", .version = 1, .side = SIDE_GL, .amount_minor = 100}};
    struct match m = exact_proposal(legs, 2);
    struct walked open = {0};
    struct entry_totals *totals;
    enum entry_state state;
    const char *match_id;
    size_t n;
    struct tx tx;
    m.rule = "exact";
    m.composition_sha256 = "00";
    m.amount = usd(100);
    put_entries(e, 4);
    book_begin(&tx);
    ck_ok(match_insert(&tx, &m));
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_unmatched(&tx, "US", "1010", walk_open, &open));
    ck_assert_uint_eq(open.n, 1);
    ck_assert_str_eq(open.id, "g:2");
    ck_ok(entry_state(&tx, arena, "b:1", &state, &match_id));
    ck_assert_int_eq(state, ENTRY_PROPOSED);
    ck_assert_str_eq(match_id, m.match_id);
    ck_ok(entries_totals(&tx, arena, "US", &totals, &n));
    tx_read_end(&tx);
    ck_assert_uint_eq(n, 3); /* 1010 bank, 1010 gl, 4000 gl */
    ck_assert_int_eq(totals[0].count[ENTRY_PROPOSED], 1);
    ck_assert_int_eq(totals[1].sum_minor[ENTRY_PROPOSED], 100);
    ck_assert_int_eq(totals[1].sum_minor[ENTRY_UNMATCHED], 7);
    ck_assert_int_eq(totals[2].sum_minor[ENTRY_UNMATCHED], -100);
    ck_assert_str_eq(totals[2].account_id, "4000");
}
END_TEST

START_TEST(a_match_whose_entry_is_taken_takes_nothing)
{
    const struct entry e[3] = {entry_of("b:1", SIDE_BANK, "1010", 100),
                               entry_of("g:1", SIDE_GL, "1010", 100),
                               entry_of("b:0", SIDE_BANK, "1010", 100)};
    struct leg legs[2] = {{.entry_id = "b:1", .version = 1, .side = SIDE_BANK, .amount_minor = 100},
                          {.entry_id = "g:1", .version = 1, .side = SIDE_GL, .amount_minor = 100}};
    struct match m = exact_proposal(legs, 2);
    struct walked open = {0};
    bool taken;
    struct tx tx;
    m.rule = "exact";
    m.composition_sha256 = "00";
    m.amount = usd(100);
    put_entries(e, 3);
    book_begin(&tx);
    ck_ok(match_insert_open(&tx, &m, &taken));
    ck_assert(!taken);
    legs[0].entry_id = "b:0";
    m.match_id = NULL;
    ck_ok(match_insert_open(&tx, &m, &taken));
    ck_assert(taken);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_unmatched(&tx, "US", "1010", walk_open, &open));
    tx_read_end(&tx);
    ck_assert_uint_eq(open.n, 1);
    ck_assert_str_eq(open.id, "b:0");
    book_is_intact();
}
END_TEST

START_TEST(a_sum_that_overflows_is_an_error_not_a_number)
{
    const struct entry e[2] = {entry_of("g:1", SIDE_GL, "1010", INT64_MAX),
                               entry_of("g:2", SIDE_GL, "1010", 1)};
    struct entry_totals *totals;
    size_t n;
    struct tx tx;
    put_entries(e, 2);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    struct err failed = entries_totals(&tx, arena, "US", &totals, &n);
    tx_read_end(&tx);
    ck_assert_int_ne(failed.kind, ERR_NONE);
}
END_TEST

static struct ask_account *accounts_of(const struct entry *legs, size_t n, size_t *accounts_n)
{
    struct ask_account *accounts;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_accounts(&tx, arena, legs, n, &accounts, accounts_n));
    tx_read_end(&tx);
    return accounts;
}

START_TEST(the_accounts_of_a_match_are_those_of_its_journals)
{
    struct entry e[5] = {
        entry_of("b:1", SIDE_BANK, "1010", 100), entry_of("g:1", SIDE_GL, "1010", 100),
        entry_of("g:2", SIDE_GL, "4000", -90), entry_of("g:3", SIDE_GL, "6100", -10),
        entry_of("g:4", SIDE_GL, "2400", 1)};
    size_t n;
    put_chart();
    for (size_t i = 1; i < 5; i++) {
        e[i].contra = CONTRA_JOURNAL;
        e[i].journal_id = i < 4 ? "J1" : "J2";
    }
    put_entries(e, 5);
    struct ask_account *a = accounts_of(e, 2, &n);
    ck_assert_uint_eq(n, 3);
    ck_assert_str_eq(a[0].id, "1010");
    ck_assert(a[0].reconciled && a[0].known);
    ck_assert_str_eq(a[1].id, "4000");
    ck_assert_str_eq(a[1].class_, "revenue");
    ck_assert(!a[1].reconciled);
    ck_assert_str_eq(a[2].id, "6100");
}
END_TEST

START_TEST(a_contra_side_that_nobody_names_is_an_account_without_an_id)
{
    struct entry e = entry_of("g:1", SIDE_GL, "1010", 1);
    size_t n;
    put_chart();
    e.contra = CONTRA_JOURNAL; /* no journal at all */
    struct ask_account *a = accounts_of(&e, 1, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_ptr_null(a[1].id);
    ck_assert(!a[1].known);
    e.journal_id = "alone"; /* a journal that shows only this account */
    put_entries(&e, 1);
    a = accounts_of(&e, 1, &n);
    ck_assert_uint_eq(n, 2);
    ck_assert_ptr_null(a[1].id);
    e.contra = CONTRA_ACCOUNT;
    a = accounts_of(&e, 1, &n);
    ck_assert_ptr_null(a[1].id);
    e.contra_account = "9999"; /* an account that the chart does not know */
    a = accounts_of(&e, 1, &n);
    ck_assert_str_eq(a[1].id, "9999");
    ck_assert(!a[1].known);
    e.contra = CONTRA_NONE;
    (void)accounts_of(&e, 1, &n);
    ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(a_put_that_changes_nothing_writes_nothing)
{
    struct entity e = {.entity_id = "UK",
                       .name = "UK Ltd",
                       .functional_currency = "GBP",
                       .zone = "Europe/London",
                       .calendar = "UK_EW"},
                  back;
    enum put put;
    struct tx tx;
    book_begin(&tx);
    ck_ok(entity_put(&tx, &e, &put));
    ck_assert_int_eq(put, PUT_ADDED);
    book_end(&tx);
    book_begin(&tx);
    ck_ok(entity_put(&tx, &e, &put));
    ck_assert_int_eq(put, PUT_SAME);
    ck_assert_uint_eq(tx.effects_n, 0);
    e.name = "UK plc";
    ck_ok(entity_put(&tx, &e, &put));
    ck_assert_int_eq(put, PUT_CHANGED);
    book_end(&tx);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entity_load(&tx, arena, "UK", &back));
    tx_read_end(&tx);
    ck_assert_int_eq(back.version, 2);
    ck_assert_str_eq(back.name, "UK plc");
    book_is_intact();
}
END_TEST

static bool put_statement(int32_t from, int32_t to, int64_t opening, int64_t lines, int64_t closing)
{
    struct statement s = {.file_id = "f",
                          .source_id = "s",
                          .entity_id = "US",
                          .account_id = "1010",
                          .from = {from},
                          .to = {to},
                          .opening = usd(opening),
                          .closing = usd(closing),
                          .lines = usd(lines)};
    bool broken;
    struct tx tx;
    book_begin(&tx);
    ck_ok(statement_insert(&tx, &s));
    book_end(&tx);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(statement_broken(&tx, "US", "1010", &broken));
    tx_read_end(&tx);
    return broken;
}

START_TEST(a_statement_that_does_not_add_up_breaks_its_account_until_it_does)
{
    ck_assert(!put_statement(20000, 20010, -100, 50, -50));
    ck_assert(put_statement(20011, 20020, -50, 50, 1));
    ck_assert(put_statement(20012, 20020, 0, 0, 0)); /* does not cover the broken days */
    ck_assert(!put_statement(20011, 20020, -50, 51, 1));
    ck_assert(put_statement(20021, 20022, INT64_MAX, 1, 0)); /* does not fit: not equal either */
}
END_TEST

static void plan_line(void *arg, const char *detail)
{
    static const char *const large[] = {"SCAN entries",    "SCAN e",         "SCAN n",
                                        "SCAN quarantine", "SCAN live_legs", "SCAN l",
                                        "SCAN exceptions", "SCAN x"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        size_t len = strlen(large[i]);
        bool scan =
            strncmp(detail, large[i], len) == 0 && (detail[len] == '\0' || detail[len] == ' ');
        ck_assert_msg(!scan, "%s: %s", (const char *)arg, detail);
    }
}

START_TEST(no_query_reads_a_whole_large_table)
{
    for (size_t t = 0; t < sql_tables_n; t++) {
        const struct sql_table *table = &sql_tables[t];
        bool mine =
            table->set == SQL_ENTRIES || table->set == SQL_FILES || table->set == SQL_MASTER;
        for (size_t i = 0; mine && i < *table->n; i++) {
            char name[64];
            (void)snprintf(name, sizeof name, "%s", table->sql[i].name);
            ck_ok(db_explain(store_db(book_writer), table->sql[i].text, plan_line, name));
        }
    }
}
END_TEST

BOOK_MAIN("entries", an_entry_reads_back_as_it_was_written, the_latest_version_of_an_entry_counts,
          only_entries_in_no_live_match_are_unmatched, a_rows_hash_is_that_of_its_canonical_object,
          a_match_whose_entry_is_taken_takes_nothing, a_sum_that_overflows_is_an_error_not_a_number,
          the_accounts_of_a_match_are_those_of_its_journals,
          a_contra_side_that_nobody_names_is_an_account_without_an_id,
          a_put_that_changes_nothing_writes_nothing,
          a_statement_that_does_not_add_up_breaks_its_account_until_it_does,
          no_query_reads_a_whole_large_table)
