/* `policy diff`: what another policy would have decided otherwise, of every decision the book has
 * recorded and of the abstract input space; for people, programs and spreadsheets. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/csv_cell.h"
#include "common/sys/jcs.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/out_file.h"
#include "engine/cli/policy_effect.h"
#include "engine/cli/policy_file.h"
#include "engine/gate/space.h"
#include "engine/store/audit.h"

#define LINE_BYTES_MAX ((size_t)8 << 20)
#define ROW_BYTES_MAX  ((size_t)8 << 20)
#define TEXT_ROWS_MAX  50 /* more are for a file */

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct differing {
    struct cli *cli;
    enum format format;
    struct named_policy old, new;
    struct out_file out;
    struct buf line;
    struct arena *row; /* of the row being written */
    struct policy_effect effect;
    struct space space;
    int64_t written;
};

/* ---- options ---- */

static struct err format_of(struct differing *d)
{
    static const char *const names[] = {"text", "json", "csv"};
    const char *name = cli_option(d->cli, "format");
    d->format = d->cli->json ? FORMAT_JSON : FORMAT_TEXT;
    if (name == NULL)
        return OK;
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(names[i], name) == 0) {
            d->format = (enum format)i;
            return OK;
        }
    }
    return err_at(ERR_INPUT, name, "--format is text, json or csv");
}

/* Digits are a number of the log, anything else is a time. */
static struct err since_of(struct differing *d, struct tx *tx)
{
    const char *since = cli_option(d->cli, "since");
    d->effect.first = 1;
    TRY(audit_last_seq(tx, &d->effect.last));
    if (since == NULL)
        return OK;
    size_t digits = strspn(since, "0123456789");
    if (since[digits] != '\0' || digits == 0)
        return audit_seq_at(tx, since, &d->effect.first);
    if (digits > 15)
        return err_at(ERR_INPUT, since, "expected an event's number, or a date");
    d->effect.first = 0;
    for (const char *c = since; *c != '\0'; c++)
        d->effect.first = d->effect.first * 10 + (*c - '0');
    d->effect.first += d->effect.first == 0;
    return OK;
}

/* ---- one change ---- */

static const char *text_or(const char *text, const char *otherwise)
{
    return text_empty(text) ? otherwise : text;
}

static const char *amount_text(struct arena *arena, const struct effect_row *r)
{
    char text[MONEY_TEXT_MAX];
    if (!r->has_amount)
        return "";
    money_print(r->amount, text);
    return arena_fmt(arena, "%s %s", text, r->amount.cur);
}

static void row_text(struct differing *d, const struct effect_row *r)
{
    struct arena *arena = d->row;
    const char *amount = amount_text(arena, r);
    if (d->written >= TEXT_ROWS_MAX)
        return;
    buf_putf(&d->line, "%" PRId64 "  %s  %s%s%s%s%s by %s%s%s\n", r->seq, r->when,
             action_name(r->action), amount[0] == '\0' ? "" : " ", amount,
             r->entities[0] == '\0' ? "" : " in ", plain_text(arena, r->entities),
             plain_text(arena, text_or(r->actor, "nobody")), r->object_id == NULL ? "" : " on ",
             r->object_id == NULL ? "" : plain_text(arena, r->object_id));
    buf_putf(&d->line, "    was %s, %s%s%s\n", ruling_name(r->from.ruling),
             reason_name(r->from.reason), r->from.pointer[0] == '\0' ? "" : ", ", r->from.pointer);
    buf_putf(&d->line, "    now %s, %s%s%s\n", ruling_name(r->to.ruling), reason_name(r->to.reason),
             r->to.pointer[0] == '\0' ? "" : ", ", r->to.pointer);
    if (r->to.clause[0] != '\0')
        buf_putf(&d->line, "        \"%s\"\n", plain_text(arena, r->to.clause));
}

static struct json *verdict_json(struct arena *arena, const struct verdict *v)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "ruling", ruling_name(v->ruling));
    json_put_text(arena, o, "reason", reason_name(v->reason));
    json_put_text(arena, o, "row", v->row);
    json_put_text(arena, o, "clause", v->clause);
    json_put_text(arena, o, "pointer", v->pointer);
    return o;
}

static struct err row_json(struct differing *d, const struct effect_row *r)
{
    struct arena *arena = d->row;
    struct json *o = json_object_new(arena);
    char text[MONEY_TEXT_MAX];
    json_put_int(arena, o, "seq", r->seq);
    json_put_text(arena, o, "when", r->when);
    json_put_text(arena, o, "action", action_name(r->action));
    if (r->has_amount) {
        money_print(r->amount, text);
        json_put_text(arena, o, "amount", text);
        json_put_text(arena, o, "currency", r->amount.cur);
    }
    json_put_text(arena, o, "entities", r->entities);
    json_put_known(arena, o, "actor", r->actor);
    json_put_known(arena, o, "object_type", r->object_type);
    json_put_known(arena, o, "object_id", r->object_id);
    json_put(arena, o, "from", verdict_json(arena, &r->from));
    json_put(arena, o, "to", verdict_json(arena, &r->to));
    TRY(arena_check(arena));
    buf_puts(&d->line, d->written == 0 ? "\n" : ",\n");
    return jcs_print(o, &d->line);
}

static void row_csv(struct differing *d, const struct effect_row *r)
{
    char text[MONEY_TEXT_MAX] = "";
    const char *const cells[] = {r->entities,
                                 r->actor,
                                 r->object_type,
                                 r->object_id,
                                 ruling_name(r->from.ruling),
                                 reason_name(r->from.reason),
                                 r->from.pointer,
                                 r->from.clause,
                                 ruling_name(r->to.ruling),
                                 reason_name(r->to.reason),
                                 r->to.pointer,
                                 r->to.clause};
    if (r->has_amount)
        money_print(r->amount, text);
    buf_putf(&d->line, "%" PRId64 ",%s,%s,%s,%s", r->seq, r->when, action_name(r->action), text,
             r->has_amount ? r->amount.cur : "");
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        buf_putc(&d->line, ',');
        csv_cell(&d->line, cells[i]);
    }
    buf_puts(&d->line, "\r\n");
}

static struct err line_out(struct differing *d)
{
    TRY(buf_check(&d->line));
    TRY(out_put(&d->out, d->line.at == NULL ? "" : d->line.at, d->line.len));
    buf_clear(&d->line);
    return OK;
}

static struct err row_take(void *arg, const struct effect_row *row)
{
    struct differing *d = arg;
    arena_reset(d->row);
    if (d->format == FORMAT_TEXT)
        row_text(d, row);
    else if (d->format == FORMAT_CSV)
        row_csv(d, row);
    else
        TRY(row_json(d, row));
    d->written++;
    TRY(arena_check(d->row));
    return line_out(d);
}

/* ---- totals ---- */

/* Calls `fn` for each direction in which anything went. */
typedef void direction_fn(struct differing *d, enum ruling from, enum ruling to, void *arg);

static void directions(struct differing *d, direction_fn *fn, void *arg)
{
    for (unsigned from = 0; from < RULINGS; from++) {
        for (unsigned to = 0; to < RULINGS; to++) {
            if (d->effect.totals[from][to].count > 0 || d->space.totals[from][to] > 0)
                fn(d, (enum ruling)from, (enum ruling)to, arg);
        }
    }
}

static void points_text(struct differing *d, enum ruling from, enum ruling to, void *arg)
{
    (void)arg;
    if (d->space.totals[from][to] > 0)
        buf_putf(&d->line, "  %s -> %s%s: %" PRIu64 " points\n", ruling_name(from), ruling_name(to),
                 from == to ? " for another reason" : "", d->space.totals[from][to]);
}

/* A point as a case, with what it was before. */
static struct json *example_json(struct differing *d, const struct space_example *e)
{
    struct arena *arena = d->cli->arena;
    struct json *o = space_example_print(arena, d->old.policy, d->new.policy, e);
    json_put(arena, o, "was", verdict_json(arena, &e->from));
    return o;
}

static struct err examples_text(struct differing *d)
{
    for (size_t i = 0; i < d->space.examples_n; i++) {
        const struct space_example *e = &d->space.examples[i];
        const struct json *c = example_json(d, e);
        struct str given = STR("");
        TRY(jcs_text(d->cli->arena, json_get(c, "given"), &given));
        buf_putf(&d->line, "  - was %s, %s; now %s, %s%s%s\n    given: %.*s\n",
                 ruling_name(e->from.ruling), reason_name(e->from.reason),
                 ruling_name(e->to.ruling), reason_name(e->to.reason),
                 e->to.pointer[0] == '\0' ? "" : ", ", e->to.pointer, (int)given.len, given.at);
    }
    return arena_check(d->cli->arena);
}

static struct err end_text(struct differing *d)
{
    if (d->written > TEXT_ROWS_MAX)
        buf_putf(&d->line, "… and %" PRId64 " more; --format csv or json has them all\n",
                 d->written - TEXT_ROWS_MAX);
    if (d->written > 0)
        buf_putc(&d->line, '\n');
    policy_effect_print(d->cli->arena, &d->effect, &d->line);
    buf_putf(&d->line, "of %" PRIu64 " points of the input space, %" PRIu64 " change\n",
             d->space.points, d->space.changed);
    directions(d, points_text, NULL);
    if (d->space.unknown > 0)
        buf_putf(&d->line, "  not known: %" PRIu64 " points\n", d->space.unknown);
    return examples_text(d);
}

static void total_json(struct differing *d, enum ruling from, enum ruling to, void *arg)
{
    struct arena *arena = d->cli->arena;
    const struct effect_total *t = &d->effect.totals[from][to];
    struct json *o = json_object_new(arena), *money = json_array_new(arena);
    json_put_text(arena, o, "from", ruling_name(from));
    json_put_text(arena, o, "to", ruling_name(to));
    json_put_int(arena, o, "decisions", t->count);
    for (size_t i = 0; i < t->money_n; i++) {
        struct json *sum = json_object_new(arena);
        json_put_text(arena, sum, "amount", effect_sum_text(arena, &t->money[i]));
        json_put_text(arena, sum, "currency", t->money[i].cur);
        json_push(arena, money, sum);
    }
    json_put(arena, o, "money", money);
    json_put_int(arena, o, "without_amount", t->unvalued);
    json_put_int(arena, o, "points", (int64_t)d->space.totals[from][to]);
    json_push(arena, arg, o);
}

static struct json *named_json(struct arena *arena, const struct named_policy *p)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "name", p->name);
    json_put_text(arena, o, "policy_version", p->policy->digest);
    return o;
}

/* The list of changes is open. */
static struct err end_json(struct differing *d)
{
    struct arena *arena = d->cli->arena;
    struct json *o = json_object_new(arena), *totals = json_array_new(arena),
                *space = json_object_new(arena), *examples = json_array_new(arena);
    directions(d, total_json, totals);
    for (size_t i = 0; i < d->space.examples_n; i++)
        json_push(arena, examples, example_json(d, &d->space.examples[i]));
    json_put_int(arena, space, "points", (int64_t)d->space.points);
    json_put_int(arena, space, "changed", (int64_t)d->space.changed);
    json_put_int(arena, space, "not_known", (int64_t)d->space.unknown);
    json_put(arena, space, "examples", examples);
    json_put_int(arena, o, "decisions", d->effect.decisions);
    json_put_int(arena, o, "decisions_changed", d->effect.changed);
    json_put_int(arena, o, "events", d->effect.events);
    json_put_int(arena, o, "first_seq", d->effect.first);
    json_put_int(arena, o, "gate_version", GATE_VERSION);
    json_put(arena, o, "new", named_json(arena, &d->new));
    json_put_int(arena, o, "not_known", d->effect.unknown);
    json_put(arena, o, "old", named_json(arena, &d->old));
    json_put(arena, o, "space", space);
    json_put(arena, o, "totals", totals);
    TRY(arena_check(arena));
    buf_puts(&d->line, d->written == 0 ? "]," : "\n],");
    size_t brace = d->line.len;
    TRY(jcs_print(o, &d->line));
    TRY(buf_check(&d->line));
    memmove(d->line.at + brace, d->line.at + brace + 1, d->line.len - brace - 1);
    d->line.len--;
    buf_putc(&d->line, '\n');
    return OK;
}

/* ---- the whole ---- */

static struct err begin(struct differing *d)
{
    static const char csv_head[] =
        "seq,when,action,amount,currency,entities,actor,object_type,object_id,from_ruling,"
        "from_reason,from_pointer,from_clause,to_ruling,to_reason,to_pointer,to_clause\r\n";
    TRY(out_begin(d->cli->arena, cli_option(d->cli, "out"), &d->out));
    if (d->format == FORMAT_CSV)
        buf_puts(&d->line, csv_head);
    else if (d->format == FORMAT_JSON)
        buf_puts(&d->line, "{\"changes\":[");
    return line_out(d);
}

static struct err compare(struct differing *d)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    struct cli *cli = d->cli;
    const char *path;
    TRY(format_of(d));
    TRY(book_find(cli, &path));
    TRY(book_open(cli, &book));
    TRY(book_err(cli, policy_named(cli->arena, &book.tx, cli->args[0], &d->old)));
    TRY(book_err(cli, policy_named(cli->arena, &book.tx, cli->args[1], &d->new)));
    TRY(book_err(cli, since_of(d, &book.tx)));
    d->effect.old = d->old.policy;
    d->effect.new = d->new.policy;
    d->effect.row = row_take;
    d->effect.arg = d;
    TRY(begin(d));
    TRY(book_err(cli, policy_effect_find(path, &book.tx, cli->arena, &d->effect)));
    TRY(space_compare(cli->arena, d->old.policy, d->new.policy, &d->space));
    if (d->format == FORMAT_TEXT)
        TRY(end_text(d));
    else if (d->format == FORMAT_JSON)
        TRY(end_json(d));
    TRY(line_out(d));
    return out_finish(&d->out);
}

/* What a program cannot read out of a CSV, on the other output. */
static void told_beside(struct differing *d)
{
    if (d->format != FORMAT_CSV && d->out.path == NULL)
        return;
    fprintf(stderr,
            "%" PRId64 " of %" PRId64 " decisions change, %" PRId64 " not known; %" PRIu64
            " of %" PRIu64 " points\n",
            d->effect.changed, d->effect.decisions, d->effect.unknown, d->space.changed,
            d->space.points);
}

static int run_diff(struct cli *cli)
{
    struct differing *d = ARENA_NEW(cli->arena, struct differing);
    if (d == NULL || (d->row = arena_new(ROW_BYTES_MAX)) == NULL)
        return cli_fail(cli, err_new(ERR_LIMIT, "no memory"));
    d->cli = cli;
    buf_init(&d->line, LINE_BYTES_MAX);
    struct err e = compare(d);
    if (e.kind == ERR_NONE)
        told_beside(d);
    out_drop(&d->out);
    buf_fini(&d->line);
    arena_free(d->row);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    bool same = d->effect.changed == 0 && d->space.changed == 0;
    const bool known = d->effect.unknown == 0 && d->space.unknown == 0;
    return !same ? CLI_NO : known ? CLI_YES : CLI_UNKNOWN;
}

static const struct cli_option options[] = {
    {"since", "DATE|SEQ", "only decisions from this day, instant or event on"},
    {"format", "FORMAT", "text (the default), json or csv; text shows the first 50"},
    {"out", "FILE", "into this new file, whole or not at all; default: standard output"},
};

const struct command command_policy_diff = {
    .name = "policy diff",
    .args = "OLD NEW",
    .summary = "which recorded decisions would have been others, and for how much money",
    .help =
        "OLD and NEW are files, digests of policies the book keeps (8 digits or more), or\n"
        "in-force. Every recorded decision is decided again under both, with the facts its event\n"
        "recorded; a limit in a currency that was not recorded takes NEW's own rates of the day,\n"
        "and what cannot be known is counted apart, never guessed. Then the input space around\n"
        "each action. 0: nothing changes; 2: something does; 1: could not tell.",
    .args_min = 2,
    .args_max = 2,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_diff,
};
