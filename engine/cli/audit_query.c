/* `audit query`: the log, filtered, oldest first, as a table or as JSON lines. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/id.h"
#include "engine/cli/audit_line.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"

#define LIMIT_DEFAULT  50
#define LIMIT_MAX      100000
#define PAGE_ROWS      200
#define PAGE_BYTES_MAX ((size_t)256 << 20)

static const struct column columns[] = {
    {"seq", true},    {"time (UTC)", false}, {"type", false},
    {"actor", false}, {"action", false},     {"decision", false},
    {"amount", true}, {"cur", false},        {"object", false},
};

struct listing {
    struct cli *cli;
    struct arena *page; /* of the rows being read */
    struct columns table;
    struct buf lines; /* --json */
    int64_t last, given;
};

/* ---- the filter ---- */

static struct err number(struct cli *cli, const char *name, int64_t min, int64_t max, int64_t *n)
{
    const char *text = cli_option(cli, name);
    char *end;
    if (text == NULL)
        return OK;
    *n = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || *n < min || *n > max)
        return err_fmt(cli->arena, ERR_INPUT, NULL,
                       "--%s: expected a number from %" PRId64 " to %" PRId64, name, min, max);
    return OK;
}

static struct err time_check(struct cli *cli, const char *name)
{
    const char *text = cli_option(cli, name);
    struct date day;
    int64_t us;
    if (text == NULL || date_parse(text, &day).kind == ERR_NONE ||
        instant_parse(text, &us).kind == ERR_NONE)
        return OK;
    return err_fmt(cli->arena, ERR_INPUT, NULL,
                   "--%s: expected a date (2026-03-31) or an instant in UTC (2026-03-31T10:00:00Z)",
                   name);
}

static struct err filter_of(struct cli *cli, struct audit_filter *f)
{
    *f = (struct audit_filter){.entity_id = cli_option(cli, "entity"),
                               .actor = cli_option(cli, "actor"),
                               .event_type = cli_option(cli, "type"),
                               .match_id = cli_option(cli, "match"),
                               .escalation_id = cli_option(cli, "escalation"),
                               .from = cli_option(cli, "from"),
                               .to = cli_option(cli, "to"),
                               .limit = LIMIT_DEFAULT};
    if (f->actor != NULL) {
        struct actor_id id;
        TRY(err_in(actor_parse(str_of(f->actor), &id), "--actor"));
    }
    TRY(time_check(cli, "from"));
    TRY(time_check(cli, "to"));
    TRY(number(cli, "limit", 1, LIMIT_MAX, &f->limit));
    return number(cli, "after", 0, INT64_MAX - 1, &f->after_seq);
}

/* ---- a row ---- */

static const char *seconds(struct arena *arena, const char *utc)
{
    return utc == NULL || strlen(utc) < 19 ? utc : arena_fmt(arena, "%.10s %.8s", utc, utc + 11);
}

static const char *decision(struct arena *arena, const struct json *event)
{
    const char *ruling = json_get_text(event, "decision"), *reason = json_get_text(event, "reason");
    if (ruling == NULL)
        return NULL;
    return text_eq(ruling, "allow") ? ruling : arena_fmt(arena, "%s %s", ruling, reason);
}

static const char *object(struct arena *arena, const struct json *event)
{
    const struct json *o = json_get(event, "object");
    const char *type = json_get_text(o, "type"), *id = json_get_text(o, "id");
    return id == NULL ? type : arena_fmt(arena, "%s %s", type, id);
}

static struct err table_add(struct listing *l, const struct audit_row *row)
{
    struct arena *arena = l->page;
    const char *amount, *currency;
    struct json *event;
    TRY(audit_line_tree(arena, row, &event));
    TRY(audit_line_amount(arena, event, &amount, &currency));
    const char *const cells[] = {arena_fmt(arena, "%" PRId64, row->seq),
                                 seconds(arena, json_get_text(event, "timestamp_utc")),
                                 json_get_text(event, "event_type"),
                                 json_get_text(event, "actor_id"),
                                 json_get_text(event, "action"),
                                 decision(arena, event),
                                 amount,
                                 currency,
                                 object(arena, event)};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        TRY(columns_add(&l->table, cells[i]));
    return OK;
}

static struct err row_take(void *arg, const struct audit_row *row)
{
    struct listing *l = arg;
    l->given++;
    if (!l->cli->json)
        return table_add(l, row);
    audit_line_json(row, &l->lines);
    fwrite(l->lines.at, 1, l->lines.len, stdout);
    TRY(buf_check(&l->lines));
    buf_clear(&l->lines);
    return OK;
}

/* ---- the command ---- */

/* A page of the book in memory at a time; what is printed stays. */
static struct err pages(struct listing *l, struct tx *tx, struct audit_filter *f, bool *more)
{
    const int64_t wanted = f->limit;
    *more = true;
    tx->arena = l->page;
    for (l->last = f->after_seq; *more && l->given < wanted;) {
        f->limit = wanted - l->given < PAGE_ROWS ? wanted - l->given : PAGE_ROWS;
        f->after_seq = l->last;
        arena_reset(l->page);
        TRY(audit_query(tx, f, row_take, l, &l->last, more));
    }
    return OK;
}

static struct err query(struct listing *l, bool *more)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    struct audit_filter filter;
    TRY(filter_of(l->cli, &filter));
    TRY(book_open(l->cli, &book));
    return book_err(l->cli, pages(l, &book.tx, &filter, more));
}

static int run_query(struct cli *cli)
{
    struct listing l = {.cli = cli,
                        .table = {.arena = cli->arena,
                                  .columns = columns,
                                  .columns_n = sizeof columns / sizeof columns[0]}};
    bool more = false;
    l.page = arena_new(PAGE_BYTES_MAX);
    if (l.page == NULL)
        return cli_fail(cli, err_new(ERR_LIMIT, "no memory"));
    buf_init(&l.lines, (size_t)16 << 20);
    struct err e = query(&l, &more);
    buf_fini(&l.lines);
    arena_free(l.page);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (!cli->json && l.table.cells_n > 0)
        columns_print(&l.table, "", stdout);
    if (!cli->json && l.table.cells_n == 0)
        fprintf(stderr, "no such events\n");
    if (more)
        fprintf(stderr, "there are more: --after %" PRId64 "\n", l.last);
    return CLI_YES;
}

static const struct cli_option options[] = {
    {"entity", "ID", "only events of this entity"},
    {"actor", "ACTOR", "only acts of this actor, as human:ana or engine:matcher"},
    {"type", "TYPE", "only OK, POLICY_VIOLATION, ESCALATION_PENDING …"},
    {"match", "ID", "only events about this match"},
    {"escalation", "ID", "only events about this escalation"},
    {"from", "TIME", "from this date or instant on, UTC: 2026-03-31T10:00:00Z"},
    {"to", "TIME", "before this date or instant"},
    {"limit", "N", "at most so many; 50, up to 100000"},
    {"after", "SEQ", "only events behind this one"},
};

const struct command command_audit_query = {
    .name = "audit query",
    .args = "",
    .summary = "list events of the audit log, filtered, oldest first",
    .help =
        "With --json one line an event: {seq, hash_prev, hash_self, event}. What is left out by\n"
        "--limit is said on standard error.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_query,
};
