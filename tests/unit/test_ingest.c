/* Files and master data through the gate into a real book: counts that add up, the same file twice,
 * a load cut short, statements, refusals. */
#include <fcntl.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/sys/crypt.h"
#include "common/sys/db.h"
#include "engine/call/sweeper.h"
#include "engine/store/files.h"
#include "engine/store/master.h"
#include "engine/tools/run.h"
#include "tests/unit/book.h"

static const char entities_csv[] = "id,name,functional_currency,zone,calendar,parent\n"
                                   "US,US Inc,USD,America/New_York,US_FED,\n"
                                   "UK,UK Ltd,GBP,Europe/London,UK_EW,US\n";
static const char accounts_csv[] = "entity,id,name,class,currency,reconciled\n"
                                   "US,1010,Bank,cash,USD,yes\n"
                                   "US,4000,Sales,revenue,,no\n"
                                   "UK,1010,Bank,cash,GBP,yes\n";
static const char counterparties_csv[] = "id,name,kind\nacme,Acme Corp,customer\n";
static const char sources_yaml[] =
    "sources:\n"
    "  - id: us-bank\n    entity: US\n    account: \"1010\"\n    side: bank\n"
    "    date_format: YYYY-MM-DD\n    decimal: \".\"\n    sign: as_is\n    contra: none\n"
    "    columns: {id: Id, date: Date, amount: Amount, memo: Text}\n"
    "  - id: us-balance\n    entity: US\n    account: \"1010\"\n    side: bank\n"
    "    date_format: YYYY-MM-DD\n    decimal: \".\"\n    sign: as_is\n    contra: none\n"
    "    statement: {order: newest_first}\n"
    "    columns: {id: Id, date: Date, amount: Amount, balance: Balance}\n";

static struct call *load_texts(const char *entities, const char *accounts, const char *sources)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entities_csv", entities);
    json_put_text(arena, args, "accounts_csv", accounts);
    json_put_text(arena, args, "counterparties_csv", counterparties_csv);
    json_put_text(arena, args, "sources_yaml", sources);
    return book_call("load_master", args);
}

static void done(const struct call *c)
{
    ck_assert_msg(c->outcome == CALL_OK, "outcome %d: %s (%s)", (int)c->outcome,
                  c->err.msg == NULL ? "-" : c->err.msg, c->err.where == NULL ? "-" : c->err.where);
}

static void master_loaded(void)
{
    done(load_texts(entities_csv, accounts_csv, sources_yaml));
}

static struct json *ingest_args(const char *source, const char *csv, size_t len)
{
    struct json *args = json_object_new(arena);
    char *text = arena_alloc(arena, BASE64_SIZE(len));
    ck_assert_ptr_nonnull(text);
    base64_print(csv, len, text);
    json_put_text(arena, args, "source_id", source);
    json_put_text(arena, args, "name", "file.csv");
    json_put_text(arena, args, "content_base64", text);
    return args;
}

static struct call *ingest(const char *source, const char *csv)
{
    return book_call("ingest_file", ingest_args(source, csv, strlen(csv)));
}

static int64_t count_of(const struct call *c, const char *name)
{
    int64_t n = -1;
    done(c);
    ck_assert_msg(json_int(json_get(c->result, name), &n), "no %s", name);
    return n;
}

static void counts_are(const struct call *c, int64_t loaded, int64_t duplicates,
                       int64_t quarantined)
{
    ck_assert_int_eq(count_of(c, "loaded"), loaded);
    ck_assert_int_eq(count_of(c, "duplicates"), duplicates);
    ck_assert_int_eq(count_of(c, "quarantined"), quarantined);
    ck_assert_int_eq(count_of(c, "rows"), loaded + duplicates + quarantined);
}

static const char *told(const struct call *c, const char *pointer)
{
    const char *text = json_text(json_pointer_get(c->result, pointer));
    return text == NULL ? "(nothing)" : text;
}

START_TEST(master_data_is_loaded_once_and_not_again)
{
    struct tx tx;
    struct account a;
    master_loaded();
    int64_t seq = store_head(book_writer)->seq;
    struct call *again = load_texts(entities_csv, accounts_csv, sources_yaml);
    done(again);
    ck_assert_int_eq(store_head(book_writer)->seq, seq);
    ck_assert_int_eq(again->seq, 0);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(account_load(&tx, arena, "UK", "1010", &a));
    tx_read_end(&tx);
    ck_assert_str_eq(a.currency, "GBP");
    ck_assert_int_eq(a.version, 1);
    book_is_intact();
}
END_TEST

START_TEST(master_data_is_all_or_nothing)
{
    static const struct {
        const char *entities, *accounts, *want;
    } cases[] = {
        {"id,name,functional_currency,zone,calendar\nA,A,XXX,UTC,NONE\n", NULL,
         "\"XXX\" is not a currency of ISO 4217"},
        {"id,name,functional_currency,zone,calendar\nA,A,USD,Mars/Base,NONE\n", NULL, "Mars/Base"},
        {"id,name,functional_currency,zone,calendar\nA,A,USD,UTC,MOON\n", NULL, "calendar"},
        {"id,name,functional_currency,zone,calendar\nA,A,USD,UTC,NONE\nA,B,USD,UTC,NONE\n", NULL,
         "\"A\" is there twice"},
        {"id,name,functional_currency,zone,calendar,parent\nA,A,USD,UTC,NONE,B\n"
         "B,B,USD,UTC,NONE,A\n",
         NULL, "run in a circle"},
        {"id,name,functional_currency,zone,calendar,parent\nA,A,USD,UTC,NONE,Q\n", NULL,
         "is no entity"},
        {"id,name,functional_currency,zone\nA,A,USD,UTC\n", NULL, "no column \"calendar\""},
        {"id,name,functional_currency,zone,calendar,colour\nA,A,USD,UTC,NONE,red\n", NULL,
         "unknown column \"colour\""},
        {entities_csv, "entity,id,name,class,currency,reconciled\nFR,1,x,cash,,no\n",
         "there is no entity \"FR\""},
        {entities_csv, "entity,id,name,class,currency,reconciled\nUS,1,x,cash,,maybe\n",
         "\"maybe\" is neither yes nor no"},
        {entities_csv, "entity,id,name,class,currency,reconciled\nUS,1,x,cash,,no\n",
         "has no account \"1010\""},
    };
    int64_t seq = store_head(book_writer)->seq;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct call *c =
            load_texts(cases[i].entities,
                       cases[i].accounts == NULL ? accounts_csv : cases[i].accounts, sources_yaml);
        ck_assert_int_eq(c->outcome, CALL_FAILED);
        ck_assert_int_eq(c->err.kind, ERR_INPUT);
        ck_assert_msg(strstr(c->err.msg, cases[i].want) != NULL, "%s, wanted %s", c->err.msg,
                      cases[i].want);
    }
    ck_assert_int_eq(store_head(book_writer)->seq, seq);
}
END_TEST

START_TEST(master_data_in_prod_waits_for_another_human)
{
    struct json *args = json_object_new(arena);
    struct call *c;
    json_put_text(arena, args, "counterparties_csv", counterparties_csv);
    c = ARENA_NEW(arena, struct call);
    *c = (struct call){.arena = arena,
                       .tool = tool_find("load_master"),
                       .actor = book_ana,
                       .policy = book_policy,
                       .prod = true};
    ck_ok(call_bind(c, args));
    ck_assert(call_group(book_writer, &c, 1, book_clock));
    ck_assert_int_eq(c->outcome, CALL_PENDING);
}
END_TEST

START_TEST(every_row_is_loaded_a_duplicate_or_quarantined)
{
    static const char csv[] = "Id,Date,Amount,Text\nA,2026-01-02,1.50,x\nB,2026-01-32,1,x\n"
                              "A,2026-01-02,1.50,x\nA,2026-01-02,2.50,x\nC,2026-01-03,-4,=x\n,,,\n";
    master_loaded();
    struct call *c = ingest("us-bank", csv);
    counts_are(c, 2, 1, 2);
    ck_assert_int_eq(count_of(c, "skipped"), 1);
    ck_assert_int_eq(count_of(c, "flagged_n"), 1);
    ck_assert_str_eq(told(c, "/totals/0/sum"), "-2.50");
    ck_assert_str_eq(told(c, "/problems/0/reason"),
                     "row 2 (line 3), column \"Date\": \"2026-01-32\" is not a date in the format "
                     "YYYY-MM-DD");
    ck_assert_ptr_nonnull(strstr(told(c, "/problems/1/reason"),
                                 "row 4 (line 5): entry us-bank:A is already in the book with "
                                 "another amount, from row 1 of file fil_"));
    struct quarantine_row *rows;
    struct tx tx;
    size_t n;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(quarantine_list(&tx, arena, told(c, "/file_id"), 100, &rows, &n));
    tx_read_end(&tx);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(rows[1].row_no, 4);
    ck_assert(str_is(rows[1].raw, "A,2026-01-02,2.50,x"));
    book_is_intact();
}
END_TEST

START_TEST(the_same_file_twice_changes_nothing_and_says_so)
{
    static const char csv[] = "Id,Date,Amount,Text\nA,2026-01-02,1.50,x\nB,bad,1,x\n";
    master_loaded();
    counts_are(ingest("us-bank", csv), 1, 0, 1);
    int64_t seq = store_head(book_writer)->seq;
    struct call *again = ingest("us-bank", csv);
    counts_are(again, 1, 0, 1);
    ck_assert(json_get(again->result, "already_loaded")->truth);
    ck_assert_int_eq(store_head(book_writer)->seq, seq);
}
END_TEST

START_TEST(a_file_is_tried_again_once_the_chart_is_mended)
{
    static const char csv[] = "Id,Date,Amount,Account\nA,2026-01-02,1,1010\nB,2026-01-03,2,1020\n"
                              "C,2026-01-03,x,1010\n";
    static const char by_account[] =
        "sources:\n  - id: by-account\n    entity: US\n    side: bank\n"
        "    date_format: YYYY-MM-DD\n    decimal: \".\"\n    sign: as_is\n    contra: none\n"
        "    columns: {id: Id, date: Date, amount: Amount, account: Account}\n";
    master_loaded();
    done(load_texts(entities_csv, accounts_csv, by_account));
    counts_are(ingest("by-account", csv), 1, 0, 2);
    struct call *same = ingest("by-account", csv);
    counts_are(same, 1, 0, 2);
    ck_assert(json_get(same->result, "already_loaded")->truth);
    ck_assert_ptr_nonnull(strstr(told(same, "/problems/0/reason"), "\"1020\" is not in the chart"));
    done(load_texts(entities_csv,
                    "entity,id,name,class,currency,reconciled\nUS,1020,More,cash,USD,yes\n",
                    by_account));
    struct call *mended = ingest("by-account", csv);
    counts_are(mended, 2, 0, 1);
    ck_assert(!json_get(mended->result, "already_loaded")->truth);
    int64_t seq = store_head(book_writer)->seq;
    same = ingest("by-account", csv);
    counts_are(same, 2, 0, 1);
    ck_assert_ptr_nonnull(strstr(told(same, "/problems/0/reason"), "row 3 (line 4)"));
    ck_assert_int_eq(store_head(book_writer)->seq, seq);
    book_is_intact();
}
END_TEST

START_TEST(an_overlapping_file_brings_only_what_is_new)
{
    master_loaded();
    counts_are(ingest("us-bank", "Id,Date,Amount,Text\nA,2026-01-02,1.50,x\nB,2026-01-03,1,x\n"), 2,
               0, 0);
    struct call *c =
        ingest("us-bank", "Id,Date,Amount,Text\nB,2026-01-03,1,x\nA,2026-01-02,1.50,y\n"
                          "C,2026-01-04,1,x\n");
    counts_are(c, 1, 1, 1);
    ck_assert_ptr_nonnull(strstr(told(c, "/problems/0/reason"), "with another memo, from row 1 of "
                                                                "file fil_"));
    book_is_intact();
}
END_TEST

static size_t chunks_allowed;

/* The engine dies behind the first chunks. */
static struct err submit_some(struct job_port *port, struct call **calls, size_t n)
{
    ENSURE(chunks_allowed > 0, ERR_STORE, "cut off");
    chunks_allowed--;
    return book_submit(port, calls, n);
}

static const char *long_file(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_puts(&b, "Id,Date,Amount,Text\n");
    for (int i = 0; i < 5000; i++)
        buf_putf(&b, "%d,2026-01-02,%s,x\n", i, i % 1000 == 999 ? "oops" : "0.01");
    const char *text = arena_dup(arena, buf_text(&b), b.len);
    buf_fini(&b);
    return text;
}

/* Its locks are another process's then, and the next one sweeps. */
static void its_process_dies(void)
{
    static const struct tool *const recovery[] = {&tool_sweep_runs, NULL};
    const struct sweeper_options options = {.sweeps = recovery, .engine_id = "engine:recovery"};
    const struct db_sql sql = {"test", "UPDATE advisory_locks SET owner = 'dead'"};
    struct sweep_report report;
    struct stmt *q;
    ck_ok(stmt_new(store_db(book_writer), &sql, &q));
    ck_ok(stmt_run(q));
    stmt_free(q);
    ck_ok(sweep_book(book_writer, &options, book_policy, book_clock, arena, &report));
    ck_assert_int_eq(report.acted, 1);
}

START_TEST(a_load_cut_short_is_repaired_by_loading_the_file_again)
{
    struct job_port port = {.reader = book_reader,
                            .submit = submit_some,
                            .cancelled = book_cancelled,
                            .clock_us = book_clock};
    const char *csv = long_file();
    struct call c = {
        .arena = arena, .tool = tool_find("ingest_file"), .actor = book_ana, .policy = book_policy};
    master_loaded();
    ck_ok(call_bind(&c, ingest_args("us-bank", csv, strlen(csv))));
    chunks_allowed = 1;
    ck_err(call_job(&c, &port), ERR_STORE);
    its_process_dies();
    struct call *again = ingest("us-bank", csv);
    counts_are(again, 4995, 0, 5);
    ck_assert_int_eq(count_of(again, "resumed"), 2000);
    ck_assert_str_eq(told(again, "/totals/0/sum"), "49.95");
    counts_are(ingest("us-bank", csv), 4995, 0, 5);
    book_is_intact();
}
END_TEST

static bool account_is_broken(void)
{
    struct tx tx;
    bool broken;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(statement_broken(&tx, "US", "1010", &broken));
    tx_read_end(&tx);
    return broken;
}

static struct call *ingest_statement(const char *csv, const char *opening, const char *closing)
{
    struct json *args = ingest_args("us-bank", csv, strlen(csv));
    json_put_text(arena, args, "opening", opening);
    json_put_text(arena, args, "closing", closing);
    return book_call("ingest_file", args);
}

START_TEST(a_statement_given_with_the_file_is_judged)
{
    master_loaded();
    struct call *c = ingest_statement("Id,Date,Amount,Text\nA,2026-01-02,5,x\nB,2026-01-09,x,x\n",
                                      "-1", "10.00");
    ck_assert_str_eq(told(c, "/statement/status"), "BROKEN");
    ck_assert(account_is_broken());
    c = ingest_statement("Id,Date,Amount,Text\nA,2026-01-02,5,x\nB,2026-01-09,6,x\n", "-1",
                         "10.00");
    counts_are(c, 1, 1, 0);
    ck_assert_str_eq(told(c, "/statement/status"), "BALANCED");
    ck_assert_str_eq(told(c, "/statement/lines"), "11.00");
    ck_assert_str_eq(told(c, "/statement/to"), "2026-01-09");
    ck_assert(!account_is_broken());
    ck_assert_int_eq(ingest_statement("Id,Date,Amount,Text\n", "1", NULL)->outcome, CALL_FAILED);
    ck_assert_int_eq(ingest_statement("Id,Date,Amount,Text\n", "1.001", "1")->outcome, CALL_FAILED);
    book_is_intact();
}
END_TEST

START_TEST(a_balance_column_makes_the_statement)
{
    master_loaded();
    struct call *c = ingest("us-balance", "Id,Date,Amount,Balance\nB,2026-01-03,-4,11\n"
                                          "A,2026-01-02,5,15\n");
    ck_assert_str_eq(told(c, "/statement/opening"), "10.00");
    ck_assert_str_eq(told(c, "/statement/closing"), "11.00");
    ck_assert_str_eq(told(c, "/statement/status"), "BALANCED");
    c = ingest("us-balance", "Id,Date,Amount,Balance\nD,2026-01-05,1,99\nC,2026-01-04,1,12\n");
    ck_assert_str_eq(told(c, "/statement/status"), "BROKEN");
    c = ingest("us-balance", "Id,Date,Amount,Balance\n");
    counts_are(c, 0, 0, 0);
    ck_assert_str_eq(told(c, "/statement/status"), "(nothing)");
}
END_TEST

START_TEST(a_file_that_does_not_fit_loads_nothing)
{
    master_loaded();
    int64_t seq = store_head(book_writer)->seq;
    struct call *c = ingest("us-bank", "Id,Datum,Amount,Text\nA,2026-01-02,1,x\n");
    ck_assert_int_eq(c->outcome, CALL_FAILED);
    ck_assert_ptr_nonnull(strstr(c->err.msg, "no column \"Date\""));
    c = ingest("nobody", "Id\n");
    ck_assert_int_eq(c->err.kind, ERR_MISSING);
    ck_assert_int_eq(store_head(book_writer)->seq, seq);
}
END_TEST

START_TEST(an_llm_loads_no_files_and_a_stranger_is_denied)
{
    struct job_port port = {.reader = book_reader,
                            .submit = book_submit,
                            .cancelled = book_cancelled,
                            .clock_us = book_clock};
    static const char csv[] = "Id,Date,Amount,Text\nA,2026-01-02,1,x\n";
    struct tx tx;
    master_loaded();
    struct call c = {
        .arena = arena, .tool = tool_find("ingest_file"), .actor = book_ana, .policy = book_policy};
    c.actor.kind = ACTOR_LLM;
    c.actor.id = "llm:dev";
    ck_ok(call_bind(&c, ingest_args("us-bank", csv, strlen(csv))));
    ck_err(c.tool->job(&c, &port), ERR_AUTH);
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-bob", "Bob", true));
    book_end(&tx);
    c.actor = book_ana;
    c.actor.id = "human:bob";
    c.actor.principal = "p-bob";
    ck_ok(c.tool->job(&c, &port));
    ck_assert_int_eq(c.outcome, CALL_DENIED);
    ck_assert_str_eq(told(&c, "/reason"), "NOT_AUTHORISED");
    book_is_intact();
}
END_TEST

START_TEST(a_path_is_read_for_the_command_line_only)
{
    struct job_port port = {.reader = book_reader,
                            .submit = book_submit,
                            .cancelled = book_cancelled,
                            .clock_us = book_clock};
    char path[128];
    struct json *args = json_object_new(arena);
    master_loaded();
    (void)snprintf(path, sizeof path, "%s/bank.csv", book_folder);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("Id,Date,Amount,Text\nA,2026-01-02,1,x\n", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    json_put_text(arena, args, "source_id", "us-bank");
    json_put_text(arena, args, "path", path);
    struct call c = {
        .arena = arena, .tool = tool_find("ingest_file"), .actor = book_ana, .policy = book_policy};
    ck_ok(call_bind(&c, args));
    c.actor.channel = CHANNEL_WEB;
    ck_err(c.tool->job(&c, &port), ERR_AUTH);
    struct call *ok = book_call("ingest_file", args);
    counts_are(ok, 1, 0, 0);
    ck_assert_str_eq(told(ok, "/name"), "bank.csv");
    ck_assert_int_eq(unlink(path), 0);
    c.actor.channel = CHANNEL_CLI;
    ck_err(c.tool->job(&c, &port), ERR_MISSING);
}
END_TEST

/* ---- where chunks end ---- */

static const char *path_text(void)
{
    return arena_fmt(arena, "%s/bank.csv", book_folder);
}

static struct json *path_args(void)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "source_id", "us-bank");
    json_put_text(arena, args, "path", path_text());
    return args;
}

/* `rows` rows of ids that begin with `id`, of amount `cents`, each with a text of `wide` bytes. */
static void file_write(const char *id, int rows, int cents, int wide)
{
    FILE *f = fopen(path_text(), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("Id,Date,Amount,Text\n", f), 0);
    for (int i = 0; i < rows; i++)
        ck_assert_int_gt(fprintf(f, "%s%05d,2026-01-02,0.%02d,%*c\n", id, i, cents, wide, 'x'), 0);
    ck_assert_int_eq(fclose(f), 0);
}

/* How many events; the same file again makes none. */
static int64_t chunks_of(int64_t rows)
{
    int64_t before = store_head(book_writer)->seq;
    counts_are(book_call("ingest_file", path_args()), rows, 0, 0);
    int64_t chunks = store_head(book_writer)->seq - before;
    counts_are(book_call("ingest_file", path_args()), rows, 0, 0);
    ck_assert_int_eq(store_head(book_writer)->seq - before, chunks);
    return chunks;
}

/* An event each; the last one may be empty, and records the file. */
START_TEST(a_file_may_end_at_the_edge_of_a_chunk)
{
    static const int rows[] = {0, 1, 1999, 2000, 2001, 4000};
    static const int64_t chunks[] = {1, 1, 1, 2, 2, 3};
    master_loaded();
    for (int i = 0; i < 6; i++) {
        file_write(arena_fmt(arena, "%c", 'A' + i), rows[i], 1, 1);
        ck_assert_int_eq(chunks_of(rows[i]), chunks[i]);
    }
    ck_assert_int_eq(unlink(path_text()), 0);
    book_is_intact();
}
END_TEST

/* Rows nearly as long as a field may be: a chunk is cut by its bytes, too. */
START_TEST(long_rows_make_more_chunks_not_larger_ones)
{
    master_loaded();
    file_write("L", 400, 1, 60000);
    ck_assert_int_gt(chunks_of(400), 1);
    ck_assert_int_eq(unlink(path_text()), 0);
    book_is_intact();
}
END_TEST

/* ---- a file that changes under the load ---- */

/* Several chunks, and more than is read at once. */
enum { LONG_ROWS = 4500, WIDE = 600 };

static void file_dated(time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path_text(), times, 0), 0);
}

static int changing_rows, looks_before;
static time_t changing_date;

/* Asked between the two readings, and then before each chunk. */
static int64_t clock_that_changes_the_file(void)
{
    if (looks_before-- == 0) {
        file_write("R", changing_rows, 99, WIDE);
        file_dated(changing_date);
    }
    return book_clock();
}

/* The clock is asked for the first time when the digest is taken and no row is read yet. */
START_TEST(a_file_that_changes_between_its_two_readings_loads_nothing)
{
    static const struct {
        int rows, then;
        time_t date;
    } cases[] = {
        {LONG_ROWS, LONG_ROWS, 1000001}, /* as long, written to */
        {LONG_ROWS, LONG_ROWS + 1, 1000000},
        {LONG_ROWS, LONG_ROWS - 1, 1000000},
        {LONG_ROWS, 0, 1000001},
        {20, 20, 1000000}, /* as long and dated back: the digest tells, before the last chunk */
    };
    struct job_port port = {.reader = book_reader,
                            .submit = book_submit,
                            .cancelled = book_cancelled,
                            .clock_us = clock_that_changes_the_file};
    master_loaded();
    int64_t seq = store_head(book_writer)->seq;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct call c = {.arena = arena,
                         .tool = tool_find("ingest_file"),
                         .actor = book_ana,
                         .policy = book_policy};
        ck_ok(call_bind(&c, path_args()));
        file_write("R", cases[i].rows, 1, WIDE);
        file_dated(1000000);
        changing_rows = cases[i].then;
        changing_date = cases[i].date;
        looks_before = 0;
        struct err e = call_job(&c, &port);
        ck_assert_msg(e.kind == ERR_CONFLICT, "case %zu: %s", i, e.msg == NULL ? "-" : e.msg);
        ck_assert_int_eq(looks_before, -1);
        ck_assert_int_eq(store_head(book_writer)->seq, seq);
    }
    ck_assert_int_eq(unlink(path_text()), 0);
    book_is_intact();
}
END_TEST

BOOK_MAIN("ingest", master_data_is_loaded_once_and_not_again, master_data_is_all_or_nothing,
          master_data_in_prod_waits_for_another_human,
          every_row_is_loaded_a_duplicate_or_quarantined,
          the_same_file_twice_changes_nothing_and_says_so,
          a_file_is_tried_again_once_the_chart_is_mended,
          an_overlapping_file_brings_only_what_is_new,
          a_load_cut_short_is_repaired_by_loading_the_file_again,
          a_statement_given_with_the_file_is_judged, a_balance_column_makes_the_statement,
          a_file_that_does_not_fit_loads_nothing, an_llm_loads_no_files_and_a_stranger_is_denied,
          a_path_is_read_for_the_command_line_only, a_file_may_end_at_the_edge_of_a_chunk,
          long_rows_make_more_chunks_not_larger_ones,
          a_file_that_changes_between_its_two_readings_loads_nothing)
