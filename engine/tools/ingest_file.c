/* ingest_file: a file of a declared source into the book. Reads and parses on its own thread and
 * hands the rows to the writer in chunks, so that nobody's click waits for a file. Loading the same
 * file again changes nothing; loading again what was cut short goes on where it stopped. */
#include <string.h>

#include "engine/ingest/csv_source.h"
#include "engine/tools/child.h"
#include "engine/tools/ingest_bytes.h"
#include "engine/tools/ingest_chunk.h"
#include "engine/tools/ingest_report.h"
#include "engine/tools/settle.h"
#include "engine/tools/statement_chain.h"

#define CHUNK_ROWS      2000u
#define CHUNK_BYTES_MAX ((size_t)16 << 20) /* of a chunk's arena, before it is sent off */

struct ingest_file {
    const char *source_id, *path, *name, *content_base64;
    const char *opening, *closing, *from, *to, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct ingest_file, source_id, .required = true, .max = 64,
              .help = "the source whose mapping reads the file"),
    JSON_TEXT(struct ingest_file, path, .max = 4096,
              .help = "absolute path of the file on the engine's host; command line only"),
    JSON_TEXT(struct ingest_file, name, .max = 255,
              .help = "the file's name, for the record; with content_base64"),
    JSON_TEXT(struct ingest_file, content_base64, .min = -1,
              .help = "the file's bytes (base64), instead of a path"),
    JSON_DECIMAL(struct ingest_file, opening, .help = "the statement's opening balance"),
    JSON_DECIMAL(struct ingest_file, closing, .help = "the statement's closing balance"),
    JSON_DATE(struct ingest_file, from, .help = "the statement's first day; default: of the rows"),
    JSON_DATE(struct ingest_file, to, .help = "the statement's last day; default: of the rows"),
    JSON_TEXT(struct ingest_file, rationale, .max = 2000, .help = "why, when it is unusual"),
};

/* What the rows say about the statement they make up. */
struct rows_seen {
    int64_t n;
    struct money lines, first_amount, last_amount, first_balance, last_balance;
    struct date from, to;
    bool balances;
};

struct load {
    struct call *c;
    struct job_port *port;
    const struct ingest_file *args;
    struct source_def source;
    struct mapping mapping;
    struct account *accounts;
    size_t accounts_n;
    const struct account *account; /* NULL when rows name theirs */
    struct ingest_bytes bytes;
    struct csv_source *rows;
    struct rows_seen seen;
    struct ingest_counts counts;
    struct control_totals totals;
    struct statement statement;
    bool again; /* the book has the file, and now more of its rows can be read, or other balances
                   are given */
    struct statement *known; /* what the book has of this file; NULL for none */
    bool has_statement, ended;
    struct ingest_report report;
};

static void load_fini(struct load *l)
{
    csv_source_close(l->rows);
    ingest_bytes_close(&l->bytes);
}

static inline void load_fini_cleanup(struct load *l)
{
    load_fini(l);
}

/* ---- the bytes ---- */

static struct err bytes_take(struct load *l)
{
    const struct ingest_file *a = l->args;
    ENSURE((a->path == NULL) != (a->content_base64 == NULL), ERR_INPUT,
           "either path or content_base64");
    ENSURE(a->path == NULL || l->c->actor.channel == CHANNEL_CLI, ERR_AUTH,
           "a path is for the command line; send content_base64");
    ENSURE(a->path != NULL || a->name != NULL, ERR_INPUT,
           "content_base64 wants a name for the record");
    TRY(err_in(a->path != NULL ? ingest_bytes_open(&l->bytes, a->path)
                               : ingest_bytes_decode(&l->bytes, a->content_base64),
               a->path));
    const char *slash = a->path == NULL ? NULL : strrchr(a->path, '/');
    l->report.name = slash == NULL ? a->name : slash + 1;
    l->report.file_id = file_id_make(l->c->arena, a->source_id, l->bytes.sha256);
    return arena_check(l->c->arena);
}

/* ---- what the book knows ---- */

/* An error whose texts live in an arena that goes. */
static struct err kept(struct load *l, struct err e)
{
    if (e.kind == ERR_NONE)
        return e;
    const char *where = e.where == NULL ? NULL : arena_strdup(l->c->arena, e.where);
    return err_fmt(l->c->arena, e.kind, where, "%s", e.msg);
}

static struct err file_ask(struct load *l, struct tx *tx)
{
    struct file_row file;
    struct err e = file_find(tx, l->c->arena, l->args->source_id, l->bytes.sha256, &file);
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    l->report.rows = file.rows_n;
    l->report.loaded = file.loaded_n;
    l->report.duplicates = file.duplicate_n;
    l->report.quarantined = file.quarantined_n;
    l->report.already_loaded = true;
    return OK;
}

static struct err rows_open(struct load *l)
{
    csv_source_close(l->rows);
    l->rows = NULL;
    TRY(ingest_bytes_rewind(&l->bytes));
    if (l->bytes.fd >= 0)
        return csv_source_open_stream(l->c->arena, ingest_bytes_fill, &l->bytes, &l->mapping,
                                      l->accounts, l->accounts_n, &l->rows);
    return csv_source_open(l->c->arena, l->bytes.at, l->bytes.len, &l->mapping, l->accounts,
                           l->accounts_n, &l->rows);
}

/* Is this row new by now? When it still is not, why. */
static struct err again_row(struct load *l, struct tx *tx, struct arena *scratch,
                            const struct source_row *row)
{
    const char *reason = row->reason, *differs;
    struct entry old;
    if (row->kind == SOURCE_ENTRY) {
        struct err e = entry_load(tx, scratch, row->entry.entry_id, &old);
        l->again = e.kind == ERR_MISSING;
        if (l->again)
            return OK;
        TRY(e);
        if (!entry_same(&row->entry, &old, &differs))
            reason = entry_conflict(scratch, row->row_no, row->line_no, &old, differs);
    }
    if (reason != NULL)
        ingest_report_problem(&l->report, l->c->arena, row->row_no, row->line_no, reason);
    return OK;
}

/* The book has the file, but rows of it were quarantined: has a chart or a mapping that was mended
 * since made an entry of one? */
static struct err again_ask(struct load *l, struct tx *tx)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(CHUNK_BYTES_MAX);
    struct source_row row = {.kind = SOURCE_SKIPPED};
    ENSURE(scratch != NULL, ERR_LIMIT, "out of memory");
    TRY(rows_open(l));
    while (row.kind != SOURCE_END && !l->again) {
        arena_reset(scratch);
        TRY(kept(l, csv_source_next(l->rows, scratch, &row)));
        TRY(kept(l, again_row(l, tx, scratch, &row)));
    }
    return OK;
}

/* The newest statement that this very file made. */
static struct err statement_find(struct load *l, struct tx *tx)
{
    struct statement *rows;
    size_t n;
    if (l->mapping.account == NULL)
        return OK;
    TRY(statements_list(tx, l->c->arena, l->source.entity_id, l->mapping.account, &rows, &n));
    for (size_t i = 0; i < n && l->known == NULL; i++) {
        if (text_eq(rows[i].file_id, l->report.file_id))
            l->known = &rows[i];
    }
    return OK;
}

static struct err book_ask(struct load *l, struct tx *tx)
{
    TRY(source_load(tx, l->c->arena, l->args->source_id, &l->source));
    TRY(accounts_list(tx, l->c->arena, l->source.entity_id, &l->accounts, &l->accounts_n));
    TRY(mapping_parse(l->c->arena, str_of(l->source.mapping), &l->mapping));
    TRY(file_ask(l, tx));
    if (l->report.already_loaded)
        TRY(statement_find(l, tx));
    return l->report.already_loaded && l->report.quarantined > 0 ? again_ask(l, tx) : OK;
}

static struct err book_read(struct load *l)
{
    struct tx tx;
    TRY(tx_read_begin(l->port->reader, l->c->arena, l->port->clock_us(), &tx));
    struct err e = book_ask(l, &tx);
    tx_read_end(&tx);
    TRY(e);
    for (size_t i = 0; i < l->accounts_n; i++) {
        if (text_eq(l->accounts[i].account_id, l->mapping.account))
            l->account = &l->accounts[i];
    }
    return OK;
}

/* ---- the statement ---- */

static const char *statement_currency(const struct load *l)
{
    if (l->account == NULL)
        return NULL;
    return l->account->currency != NULL ? l->account->currency : l->mapping.currency;
}

/* What can be told before the first row is read. */
static struct err statement_ask(struct load *l)
{
    const struct ingest_file *a = l->args;
    l->has_statement = a->opening != NULL || a->closing != NULL || l->mapping.statement != NULL;
    ENSURE((a->opening == NULL) == (a->closing == NULL), ERR_INPUT,
           "opening and closing come together");
    ENSURE(l->has_statement || (a->from == NULL && a->to == NULL), ERR_INPUT,
           "from and to are of a statement: give opening and closing too");
    const char *cur = statement_currency(l);
    ENSURE(!l->has_statement || cur != NULL, ERR_INPUT,
           "a statement is of one account that is kept in one currency");
    if (!l->has_statement)
        return OK;
    TRY(money_make(0, cur, &l->seen.lines));
    if (a->opening != NULL) {
        TRY(err_in(money_parse(a->opening, cur, &l->statement.opening), "/opening"));
        TRY(err_in(money_parse(a->closing, cur, &l->statement.closing), "/closing"));
    }
    return OK;
}

static bool is_day(struct date day, const char *given)
{
    char text[DATE_TEXT_MAX];
    date_print(day, text);
    return given == NULL || text_eq(text, given);
}

/* Balances that the book does not have with this file: somebody corrects what was typed. */
static bool statement_is_new(const struct load *l)
{
    const struct ingest_file *a = l->args;
    const struct statement *s = l->known;
    if (a->opening == NULL)
        return false;
    return s == NULL || s->opening.minor != l->statement.opening.minor ||
           s->closing.minor != l->statement.closing.minor || !is_day(s->from, a->from) ||
           !is_day(s->to, a->to);
}

static struct err row_see(struct load *l, const struct source_row *row)
{
    struct rows_seen *s = &l->seen;
    if (!l->has_statement)
        return OK;
    TRY(money_add(s->lines, row->entry.amount, &s->lines));
    if (s->n++ == 0) {
        s->from = s->to = row->entry.date;
        s->first_amount = row->entry.amount;
        s->first_balance = row->balance;
    }
    s->balances = row->has_balance;
    s->last_amount = row->entry.amount;
    s->last_balance = row->balance;
    if (row->entry.date.days < s->from.days)
        s->from = row->entry.date;
    if (row->entry.date.days > s->to.days)
        s->to = row->entry.date;
    return OK;
}

/* A running balance: before the oldest row, and after the newest. */
static struct err balances_take(struct load *l)
{
    const struct rows_seen *s = &l->seen;
    bool newest_first = l->mapping.statement->order == NEWEST_FIRST;
    l->statement.closing = newest_first ? s->first_balance : s->last_balance;
    return money_sub(newest_first ? s->last_balance : s->first_balance,
                     newest_first ? s->last_amount : s->first_amount, &l->statement.opening);
}

static struct err statement_make(struct load *l, struct statement **statement)
{
    const struct ingest_file *a = l->args;
    struct statement *s = &l->statement;
    *statement = NULL;
    if (!l->has_statement)
        return OK;
    if (a->opening == NULL && !l->seen.balances) {
        l->has_statement = false; /* a file without a row has no balances */
        return OK;
    }
    ENSURE(l->seen.n > 0 || (a->from != NULL && a->to != NULL), ERR_INPUT,
           "no row says the statement's days: give from and to");
    if (a->opening == NULL)
        TRY(balances_take(l));
    s->from = l->seen.from;
    s->to = l->seen.to;
    if (a->from != NULL)
        TRY(date_parse(a->from, &s->from));
    if (a->to != NULL)
        TRY(date_parse(a->to, &s->to));
    ENSURE(s->from.days <= s->to.days, ERR_INPUT, "the statement ends before it begins");
    s->file_id = l->report.file_id;
    s->source_id = l->source.source_id;
    s->entity_id = l->source.entity_id;
    s->account_id = l->account->account_id;
    s->lines = l->seen.lines;
    *statement = s;
    return OK;
}

/* ---- rows into chunks ---- */

static struct err row_take(struct load *l, struct call *child, struct ingest_chunk *chunk,
                           struct source_row *row)
{
    struct ingest_row *to = &chunk->rows[chunk->rows_n];
    if (row->kind == SOURCE_SKIPPED) {
        l->report.skipped++;
        return OK;
    }
    const char *raw = arena_dup(child->arena, row->raw.at, row->raw.len);
    *to = (struct ingest_row){.row_no = row->row_no,
                              .line_no = row->line_no,
                              .reason = row->reason,
                              .raw = {raw, row->raw.len}};
    if (row->kind == SOURCE_ENTRY) {
        row->entry.version = 1;
        row->entry.file_id = l->report.file_id;
        to->entry = row->entry;
        ingest_report_flags(&l->report, l->c->arena, row);
        TRY(row_see(l, row));
    }
    chunk->rows_n++;
    return arena_check(child->arena);
}

static struct err chunk_fill(struct load *l, struct call *child, struct ingest_chunk *chunk)
{
    while (chunk->rows_n < CHUNK_ROWS && arena_used(child->arena) < CHUNK_BYTES_MAX) {
        struct source_row row;
        TRY(csv_source_next(l->rows, child->arena, &row));
        l->ended = row.kind == SOURCE_END;
        if (l->ended)
            break;
        TRY(row_take(l, child, chunk, &row));
    }
    chunk->last = l->ended;
    return l->ended ? statement_make(l, &chunk->statement) : OK;
}

static void problems_note(struct load *l, const struct ingest_chunk *chunk)
{
    for (size_t i = 0; i < chunk->rows_n; i++) {
        const struct ingest_row *row = &chunk->rows[i];
        if (row->reason != NULL)
            ingest_report_problem(&l->report, l->c->arena, row->row_no, row->line_no, row->reason);
    }
}

static struct err chunk_count(struct load *l, const struct ingest_chunk *chunk)
{
    l->counts.loaded += chunk->counts.loaded;
    l->counts.duplicates += chunk->counts.duplicates;
    l->counts.quarantined += chunk->counts.quarantined;
    l->counts.resumed += chunk->counts.resumed;
    for (size_t i = 0; i < chunk->totals.n; i++)
        TRY(control_add(&l->totals, chunk->totals.at[i].count, chunk->totals.at[i].sum));
    problems_note(l, chunk);
    return OK;
}

/* What came of a chunk that the writer had. */
static struct err chunk_settle(struct load *l, const struct call *child)
{
    l->c->verdict = child->verdict;
    l->c->outcome = child->outcome;
    l->c->seq = child->seq;
    l->c->actor.jti = NULL; /* spent with the first chunk */
    if (l->c->caused_by == 0)
        l->c->caused_by = child->seq;
    if (child->outcome != CALL_OK)
        return OK;
    if (l->c->run_id == NULL)
        l->c->run_id = l->c->batch_id = arena_strdup(l->c->arena, child->run_id);
    l->c->run_over = child->run_over;
    TRY(arena_check(l->c->arena));
    TRY(chunk_count(l, child->args));
    progress_tell(l->port, l->counts.loaded + l->counts.duplicates + l->counts.quarantined, -1);
    return OK;
}

static struct err chunk_finish(struct load *l, struct call *child)
{
    if (child == NULL)
        return OK;
    struct err e = child_finish(l->port, child, l->c->arena);
    if (e.kind == ERR_NONE)
        e = chunk_settle(l, child);
    e = kept(l, e);
    child_free(child);
    return e;
}

/* The next rows, read while the writer stores those before. */
static struct err chunk_read(struct load *l, struct call **out)
{
    CLEANUP(child_free) struct call *child = child_of(l->c, &tool_ingest_chunk);
    ENSURE(child != NULL, ERR_LIMIT, "out of memory");
    struct ingest_chunk *chunk = ARENA_NEW(child->arena, struct ingest_chunk);
    ENSURE(chunk != NULL, ERR_LIMIT, "out of memory");
    *chunk = (struct ingest_chunk){
        .source_id = l->source.source_id,
        .entity_id = l->source.entity_id,
        .file_id = l->report.file_id,
        .name = l->report.name,
        .sha256 = l->bytes.sha256,
        .source_version = l->source.version,
        .rows = ARENA_ARRAY(child->arena, CHUNK_ROWS, struct ingest_row),
        .again = l->again,
        .bytes_n = (int64_t)l->bytes.len,
    };
    ENSURE(chunk->rows != NULL, ERR_LIMIT, "out of memory");
    child->args = chunk;
    child->args_tree = l->c->args_tree;
    TRY(kept(l, chunk_fill(l, child, chunk)));
    TRY(ingest_bytes_same(&l->bytes));
    *out = child;
    child = NULL;
    return OK;
}

/* With what the chunks before it came to. */
static struct err chunk_begin(struct load *l, struct call *child)
{
    struct ingest_chunk *chunk = child->args;
    chunk->before = l->counts;
    child->caused_by = l->c->caused_by;
    child->run_id = l->c->run_id;
    child->batch_id = l->c->batch_id;
    child->actor.jti = l->c->actor.jti;
    return child_begin(l->port, child);
}

/* Until the file has ended, or policy or an error has said no. */
static struct err chunks_load(struct load *l)
{
    struct call *stored = NULL;
    struct err e = OK;
    bool go = true;
    while (go && !l->ended) {
        struct call *next = NULL;
        e = l->port->cancelled(l->port)
                ? err_new(ERR_CONFLICT, "cancelled; load the same file again to go on")
                : chunk_read(l, &next);
        struct err done = chunk_finish(l, stored);
        stored = NULL;
        e = done.kind == ERR_NONE ? e : done;
        go = e.kind == ERR_NONE && (l->c->outcome == CALL_NONE || l->c->outcome == CALL_OK);
        if (go)
            e = chunk_begin(l, next);
        if (go && e.kind == ERR_NONE)
            stored = next;
        else
            child_free(next);
        go = go && e.kind == ERR_NONE;
    }
    struct err done = chunk_finish(l, stored);
    return done.kind == ERR_NONE ? e : done;
}

/* ---- the report ---- */

static struct err done_tell(struct load *l)
{
    l->report.source_id = l->source.source_id;
    TRY(ingest_report_print(l->c->arena, &l->report, &l->c->result));
    if (l->c->seq != 0)
        json_put_int(l->c->arena, l->c->result, "seq", l->c->seq);
    l->c->outcome = CALL_OK;
    return arena_check(l->c->arena);
}

/* The statement with its neighbours, as the book has them now. */
static struct err statement_tell(struct load *l, const struct statement *s)
{
    struct tx tx;
    ingest_report_statement(&l->report, l->c->arena, s);
    TRY(arena_check(l->c->arena));
    TRY(tx_read_begin(l->port->reader, l->c->arena, l->port->clock_us(), &tx));
    struct err e = statement_gap(&tx, l->c->arena, s, &l->report.statement->gap);
    tx_read_end(&tx);
    return e;
}

static struct err rows_load(struct load *l)
{
    TRY(rows_open(l));
    l->report.already_loaded = false;
    l->report.problems_n = 0;
    TRY(chunks_load(l));
    if (l->c->outcome != CALL_OK) {
        l->c->result = refusal_print(l->c, "denied");
        return arena_check(l->c->arena);
    }
    l->report.loaded = l->counts.loaded;
    l->report.duplicates = l->counts.duplicates;
    l->report.quarantined = l->counts.quarantined;
    l->report.resumed = l->counts.resumed;
    l->report.rows = l->counts.loaded + l->counts.duplicates + l->counts.quarantined;
    if (l->has_statement)
        TRY(statement_tell(l, &l->statement));
    TRY(ingest_report_totals(&l->report, l->c->arena, &l->totals));
    return done_tell(l);
}

static struct err job(struct call *c, struct job_port *port)
{
    CLEANUP(load_fini) struct load l = {.c = c, .port = port, .args = c->args, .bytes.fd = -1};
    ENSURE(c->actor.kind != ACTOR_LLM, ERR_AUTH,
           "files are loaded by people: on the command line, or in the workspace");
    TRY(ingest_report_init(&l.report, c->arena));
    TRY(bytes_take(&l));
    TRY(book_read(&l));
    TRY(statement_ask(&l));
    l.again = l.again || (l.report.already_loaded && statement_is_new(&l));
    if (l.report.already_loaded && !l.again) {
        if (l.known != NULL)
            TRY(statement_tell(&l, l.known));
        return done_tell(&l);
    }
    return rows_load(&l);
}

const struct tool tool_ingest_file = {
    .name = "ingest_file",
    .title = "Load a file",
    .summary = "Loads a file of a declared source: its rows become entries, and those that cannot "
               "be read for certain are quarantined with their reason. The same file twice changes "
               "nothing.",
    .tier = TIER_T1,
    .action = ACTION_INGEST,
    .run = TOOL_JOB,
    .offer = OFFER_SOCKET,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct ingest_file),
    .result = ingest_report_fields,
    .result_n = INGEST_REPORT_FIELDS_N,
    .job = job,
};
