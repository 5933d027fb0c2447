/* `audit export`: the whole log in order, with the hashes, as JSON lines or as CSV for a
 * spreadsheet. Both carry the event's canonical text, so either can be checked without the book. */
#include <inttypes.h>
#include <string.h>

#include "common/base/csv_cell.h"
#include "common/sys/json_write.h"
#include "engine/cli/audit_line.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/cli/out_file.h"
#include "engine/store/tree.h"

#define PAGE_ROWS      500
#define PAGE_BYTES_MAX ((size_t)256 << 20)
#define LINE_BYTES_MAX ((size_t)32 << 20)

struct export
{
    struct cli *cli;
    bool csv;
    struct out_file out;
    struct buf line;
    struct arena *page; /* of the rows being written */
    int64_t events, last;
    bool heads;
    uint64_t head; /* the size of the next head to write; 0: none is left */
    struct tx *tx;
};

/* ---- CSV ---- */

/* Columns taken from the event as they are: the column's name and the pointer of its text. */
static const struct {
    const char *name, *pointer;
} members[] = {
    {"timestamp_utc", "/timestamp_utc"},
    {"event_type", "/event_type"},
    {"actor_id", "/actor_id"},
    {"principal_id", "/principal_id"},
    {"on_behalf_of", "/on_behalf_of"},
    {"client", "/client"},
    {"channel", "/channel"},
    {"tool", "/tool"},
    {"tier", "/tier"},
    {"action", "/action"},
    {"decision", "/decision"},
    {"reason", "/reason"},
    {"row", "/row"},
    {"clause_text", "/clause_text"},
    {"clause_pointer", "/clause_pointer"},
    {"policy_version", "/policy_version"},
    {"entity_id", "/entity_id"},
    {"object_type", "/object/type"},
    {"object_id", "/object/id"},
    {"match_id", "/match_id"},
    {"escalation_id", "/escalation_id"},
    {"state_from", "/state_from"},
    {"state_to", "/state_to"},
    {"source", "/source"},
    {"amount_usd", "/amount_usd"},
    {"fx_rate", "/fx/rate"},
    {"fx_source", "/fx/source"},
    {"fx_as_of", "/fx/as_of"},
    {"rationale", "/rationale"},
    {"rationale_author", "/rationale_author"},
    {"opened_at", "/opened_at"},
    {"batch_id", "/batch_id"},
    {"request_id", "/request_id"},
    {"args_sha256", "/args_sha256"},
    {"book_id", "/book_id"},
};
enum { MEMBERS_N = sizeof members / sizeof members[0] };

static void csv_head(struct buf *line)
{
    buf_puts(line, "seq");
    for (size_t i = 0; i < MEMBERS_N; i++)
        buf_putf(line, ",%s", members[i].name);
    buf_puts(line, ",amount,currency,caused_by,hash_prev,hash_self,event\r\n");
}

static struct err csv_line(struct export *x, const struct audit_row *row)
{
    const char *amount, *currency;
    char prev[65], self[65];
    struct json *event;
    int64_t caused_by;
    TRY(audit_line_tree(x->page, row, &event));
    TRY(audit_line_amount(x->page, event, &amount, &currency));
    buf_putf(&x->line, "%" PRId64, row->seq);
    for (size_t i = 0; i < MEMBERS_N; i++) {
        buf_putc(&x->line, ',');
        csv_cell(&x->line, json_text(json_pointer_get(event, members[i].pointer)));
    }
    buf_putf(&x->line, ",%s,%s,", amount == NULL ? "" : amount, currency == NULL ? "" : currency);
    if (json_int(json_get(event, "caused_by"), &caused_by))
        buf_putf(&x->line, "%" PRId64, caused_by);
    hex_print(row->hash_prev, sizeof row->hash_prev, prev);
    hex_print(row->hash_self, sizeof row->hash_self, self);
    buf_putf(&x->line, ",%s,%s,", prev, self);
    csv_cell(&x->line, row->event);
    buf_puts(&x->line, "\r\n");
    return OK;
}

/* ---- walking ---- */

static struct err line_out(struct export *x)
{
    TRY(buf_check(&x->line));
    TRY(out_put(&x->out, x->line.at, x->line.len));
    buf_clear(&x->line);
    return OK;
}

/* ---- heads ---- */

static struct err head_next(struct export *x)
{
    struct tree_head head;
    struct err e = head_covering(x->tx, x->page, (uint64_t)x->last + 1, &head);
    x->head = e.kind == ERR_NONE ? head.size : 0;
    return e.kind == ERR_MISSING ? OK : e;
}

/* The head that ends with the event written last, as {"checkpoint":"<note>"}. */
static struct err head_put(struct export *x)
{
    struct tree_head head;
    struct str line;
    TRY(head_of(x->tx, x->page, x->head, &head));
    TRY(head_cosigned(x->tx, x->page, &head));
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, LINE_BYTES_MAX);
    jw_obj(&w);
    jw_str(&w, "checkpoint", head.note);
    jw_end(&w);
    TRY(jw_done(&w, &line));
    buf_put(&x->line, line.at, line.len);
    buf_putc(&x->line, '\n');
    TRY(line_out(x));
    return head_next(x);
}

static struct err row_take(void *arg, const struct audit_row *row)
{
    struct export *x = arg;
    /* An export with a hole would look complete. */
    ENSURE(row->seq == x->last + 1, ERR_STORE, "an event is missing; run audit verify");
    x->last = row->seq;
    x->events++;
    if (x->csv)
        TRY(csv_line(x, row));
    else
        audit_line_json(row, &x->line);
    TRY(line_out(x));
    return x->head == (uint64_t)row->seq ? head_put(x) : OK;
}

static struct err pages(struct export *x, struct tx *tx)
{
    int64_t last;
    bool more = true;
    tx->arena = x->page;
    x->tx = tx;
    if (x->heads)
        TRY(head_next(x));
    while (more) {
        const struct audit_filter f = {.after_seq = x->last, .limit = PAGE_ROWS};
        arena_reset(x->page);
        TRY(audit_query(tx, &f, row_take, x, &last, &more));
    }
    return OK;
}

static struct err export_to(struct export *x, const char *path)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(x->cli, &book));
    TRY(out_begin(x->cli->arena, path, &x->out));
    if (x->csv) {
        csv_head(&x->line);
        TRY(line_out(x));
    }
    TRY(book_err(x->cli, pages(x, &book.tx)));
    return out_finish(&x->out);
}

static void told(const struct export *x, const char *path)
{
    struct cli *cli = x->cli;
    if (!cli->json || path == NULL) {
        fprintf(path == NULL ? stderr : stdout, "%" PRId64 " events, sha256 %s\n", x->events,
                x->out.sha256);
        return;
    }
    struct json *o = json_object_new(cli->arena);
    json_put_text(cli->arena, o, "file", path);
    json_put_int(cli->arena, o, "events", x->events);
    json_put_int(cli->arena, o, "bytes", x->out.bytes);
    json_put_text(cli->arena, o, "sha256", x->out.sha256);
    cli_print(cli, o);
}

static int run_export(struct cli *cli)
{
    const char *format = cli_option(cli, "format"), *path = cli_option(cli, "out");
    struct export x = {.cli = cli, .csv = text_eq(format, "csv")};
    if (!x.csv && format != NULL && !text_eq(format, "jsonl"))
        return cli_misuse(cli, "--format is jsonl or csv");
    x.heads = cli_option(cli, "heads") != NULL;
    if (x.heads && x.csv)
        return cli_misuse(cli, "--heads goes with JSON lines");
    x.page = arena_new(PAGE_BYTES_MAX);
    if (x.page == NULL)
        return cli_fail(cli, err_new(ERR_LIMIT, "no memory"));
    buf_init(&x.line, LINE_BYTES_MAX);
    struct err e = export_to(&x, path);
    if (e.kind == ERR_NONE)
        told(&x, path);
    out_drop(&x.out);
    buf_fini(&x.line);
    arena_free(x.page);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"format", "FORMAT", "jsonl (the default) or csv"},
    {"out", "FILE", "into this new file, whole or not at all; default: standard output"},
    {"heads", NULL, "each signed head too, behind the last event it covers (JSON lines)"},
};

const struct command command_audit_export = {
    .name = "audit export",
    .args = "",
    .summary = "write the whole audit log, with its hashes, as JSON lines or CSV",
    .help = "As of one moment, in order, and never with a hole. Says how many events it wrote and\n"
            "the SHA-256 of what it wrote: with --out on standard output, else on standard error.\n"
            "CSV is RFC 4180 in UTF-8; a cell that a spreadsheet would take for a formula begins\n"
            "with an apostrophe. docs/AUDIT.md shows how to check an export by hand.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_export,
};
