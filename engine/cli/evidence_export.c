/* `audit-evidence-export`: who may, of what, and the order of the bundle's files. The archive is
 * whole, its manifest recorded in the log and signed, or there is no file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/disk.h"
#include "common/sys/jcs.h"
#include "engine/call/boot.h"
#include "engine/call/call.h"
#include "engine/cli/commands.h"
#include "engine/cli/pbc.h"
#include "engine/cli/run_call.h"
#include "engine/store/tree.h"

#define ARENA_MAX ((size_t)4 << 30)

/* ---- what the command line asks for ---- */

static const struct cli_option options[] = {
    {"from", "DATE", "first day of the period (UTC)"},
    {"to", "DATE", "its last day"},
    {"out", "FILE", "into this new ZIP, whole or not at all"},
    {"entity", "ID", "of this entity alone"},
    {"control", "ID", "the population and sample of this control (an action: CONFIRM) alone"},
    {"sample", "N", "draw N of each control, with --mus N of each currency"},
    {"seed", "TEXT", "what the draw follows from: the same seed draws the same"},
    {"mus", NULL, "by monetary units instead of at random"},
    {"interval", "AMOUNT", "with --mus: every so many units of each currency, instead of --sample"},
    {"eval", "DIR", "reports of closegate-eval to put beside"},
};

static bool number_parse(const char *text, int64_t *n)
{
    char *end;
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    *n = strtoll(text, &end, 10);
    return *end == '\0';
}

/* NULL, or what is wrong with the line. */
static const char *plan_take(struct cli *cli, struct sample_plan *plan)
{
    const char *n = cli_option(cli, "sample"), *seed = cli_option(cli, "seed"),
               *interval = cli_option(cli, "interval");
    const bool mus = cli_option(cli, "mus") != NULL;
    *plan = (struct sample_plan){.seed = seed, .interval = interval};
    if (n == NULL && interval == NULL)
        return mus || seed != NULL ? "say how much to draw: --sample N, or --mus --interval AMOUNT"
                                   : NULL;
    if (seed == NULL)
        return "a sample needs --seed TEXT, so that it can be drawn again";
    if (interval != NULL && (!mus || n != NULL))
        return "--interval goes with --mus and without --sample";
    if (n != NULL && !number_parse(n, &plan->n))
        return "--sample is a number";
    plan->method = mus ? SAMPLE_MUS : SAMPLE_RANDOM;
    struct err e = sample_plan_check(plan);
    return e.kind == ERR_NONE ? NULL
                              : arena_fmt(cli->arena, "--%s: %s",
                                          text_eq(e.where, "n") ? "sample" : e.where, e.msg);
}

static const char *period_take(struct cli *cli, struct pbc *p)
{
    struct date from, to;
    p->from = cli_option(cli, "from");
    p->to = cli_option(cli, "to");
    p->entity = cli_option(cli, "entity");
    p->control = cli_option(cli, "control");
    p->eval_dir = cli_option(cli, "eval");
    if (p->from == NULL || p->to == NULL || cli_option(cli, "out") == NULL)
        return "say --from DATE, --to DATE and --out FILE";
    if (date_parse(p->from, &from).kind != ERR_NONE || date_parse(p->to, &to).kind != ERR_NONE)
        return "--from and --to are days: 2026-03-31";
    if (from.days > to.days)
        return "--from is behind --to";
    if (p->control != NULL && !control_good(p->control))
        return "--control is an action of the gate, such as CONFIRM";
    return NULL;
}

/* ---- who, and which events ---- */

static struct err asker_make(struct pbc *p, const char *tool, struct call **out)
{
    struct call *c = ARENA_NEW(p->arena, struct call);
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    *c = (struct call){.arena = p->arena, .tool = tool_find(tool)};
    ENSURE(c->tool != NULL, ERR_BUG, "the command names a tool that is not there");
    if (p->asker == NULL) {
        struct policy *policy;
        TRY(policy_now(&p->book.tx, p->arena, &policy));
        c->policy = policy;
        TRY(run_person(&p->book.tx, p->arena, &c->actor));
    } else {
        c->policy = p->asker->policy;
        c->actor = p->asker->actor;
    }
    *out = c;
    return OK;
}

struct err pbc_tool(struct pbc *p, const char *name, const struct json *args,
                    const struct json **result)
{
    struct call *c;
    TRY(asker_make(p, name, &c));
    TRY(call_bind(c, args));
    c->until_seq = p->ask.last;
    TRY(err_in(c->tool->read(c, &p->book.tx), name));
    *result = c->result;
    return arena_check(p->arena);
}

static struct err entities_text(struct pbc *p, const struct scope *scope)
{
    struct json *list = json_array_new(p->arena);
    struct str text;
    if (p->entity != NULL) {
        if (!scope_has(scope, p->entity))
            return err_fmt(p->arena, ERR_MISSING, NULL, "there is no entity \"%s\"", p->entity);
        json_push(p->arena, list, json_text_new(p->arena, p->entity));
    } else if (scope->all) {
        return OK;
    }
    for (size_t i = 0; p->entity == NULL && i < scope->n; i++)
        json_push(p->arena, list, json_text_new(p->arena, scope->entities[i]));
    TRY(jcs_text(p->arena, list, &text));
    p->ask.entities = text.at;
    p->scoped = true;
    return OK;
}

static struct err may(struct pbc *p)
{
    struct scope scope;
    struct entity known;
    TRY(asker_make(p, "record_export", &p->asker));
    TRY(exporter_scope(p->asker, &p->book.tx, &scope));
    if (p->entity != NULL)
        TRY(entity_load(&p->book.tx, p->arena, p->entity, &known));
    return entities_text(p, &scope);
}

/* The period's events, from behind the one before to its own last one. */
static struct err range_find(struct pbc *p)
{
    int64_t begin, end;
    struct date to;
    char next[DATE_TEXT_MAX];
    TRY(date_parse(p->to, &to));
    TRY(date_add_days(to, 1, &to));
    date_print(to, next);
    TRY(audit_seq_at(&p->book.tx, p->from, &begin));
    TRY(audit_seq_at(&p->book.tx, next, &end));
    TRY(pbc_last(&p->book.tx, begin, &p->ask.first));
    TRY(pbc_last(&p->book.tx, end, &p->ask.last));
    p->ask.first++;
    p->ask.until = p->to;
    ENSURE(p->ask.first <= p->ask.last, ERR_MISSING, "the log has no events of this period");
    return audit_time(&p->book.tx, p->ask.last, &p->time_us);
}

/* ---- the bundle ---- */

static struct err files_write(struct pbc *p)
{
    static struct err (*const parts[])(struct pbc *) = {
        pbc_readme, pbc_log_files, pbc_proof,  pbc_sample_files, pbc_transactions,
        pbc_people, pbc_policies,  pbc_config, pbc_close,        pbc_eval,
    };
    static const struct {
        const char *name;
        enum pbc_query query;
    } lists[] = {
        {"overrides.csv", PBC_OVERRIDES},      {"exceptions_aging.csv", PBC_EXCEPTIONS},
        {"dead_letter.csv", PBC_DEAD_LETTERS}, {"sweeper_runs.csv", PBC_SWEEPER_RUNS},
        {"fx_rates_used.csv", PBC_FX_RATES},   {"ingestion_runs.csv", PBC_INGESTION},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        TRY(parts[i](p));
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        TRY(pbc_csv(p, lists[i].name, lists[i].query));
    return pbc_completeness(p);
}

static struct err manifest_write(struct pbc *p, char hex[SHA256_HEX_SIZE], size_t *files)
{
    struct json *o = json_object_new(p->arena);
    char origin[TREE_ORIGIN_SIZE];
    tree_origin(p->book.store, origin);
    json_put_text(p->arena, o, "format", BUNDLE_FORMAT);
    json_put_text(p->arena, o, "origin", origin);
    json_put_text(p->arena, o, "from", p->from);
    json_put_text(p->arena, o, "to", p->to);
    json_put_int(p->arena, o, "first_seq", p->ask.first);
    json_put_int(p->arena, o, "last_seq", p->ask.last);
    json_put(p->arena, o, "entities",
             p->ask.entities == NULL ? json_null_new(p->arena)
                                     : json_raw_new(p->arena, str_of(p->ask.entities)));
    json_put_text(p->arena, o, "control", p->control);
    json_put(p->arena, o, "sample", sample_plan_print(p->arena, &p->plan));
    json_put_int(p->arena, o, "events", p->events);
    json_put_int(p->arena, o, "transactions", p->transactions);
    *files = p->files->count;
    const struct json *list = p->files;
    p->files = json_array_new(p->arena); /* the manifest does not list itself */
    json_put(p->arena, o, "files", list);
    TRY(arena_check(p->arena));
    return pbc_json(p, "manifest.json", o, hex);
}

static struct json *export_args(struct pbc *p, const char *hex, size_t files)
{
    struct json *args = json_object_new(p->arena);
    struct str sample;
    json_put_text(p->arena, args, "from", p->from);
    json_put_text(p->arena, args, "to", p->to);
    json_put_known(p->arena, args, "entity_id", p->entity);
    json_put_known(p->arena, args, "control", p->control);
    if (jcs_text(p->arena, sample_plan_print(p->arena, &p->plan), &sample).kind == ERR_NONE)
        json_put_text(p->arena, args, "sample", sample.at);
    json_put_int(p->arena, args, "first_seq", p->ask.first);
    json_put_int(p->arena, args, "last_seq", p->ask.last);
    json_put_int(p->arena, args, "files", (int64_t)files);
    json_put_int(p->arena, args, "transactions", p->transactions);
    json_put_text(p->arena, args, "manifest_sha256", hex);
    return args;
}

struct exported {
    char manifest[SHA256_HEX_SIZE];
    size_t files;
    bool is_signed;
    int64_t seq;
};

/* The event and the signature, or no bundle. */
static struct err record(struct pbc *p, struct exported *out)
{
    struct run_call done;
    struct json *args = export_args(p, out->manifest, out->files);
    TRY(arena_check(p->arena));
    TRY(run_call(p->cli, "record_export", args, &done));
    ENSURE(done.outcome == CALL_OK, ERR_AUTH, "the export was not allowed");
    (void)json_int(json_get(done.result, "seq"), &out->seq);
    const char *note = json_get_text(done.result, "note");
    out->is_signed = note != NULL;
    return note == NULL ? OK : pbc_file(p, "manifest.note", str_of(note));
}

static struct err bundle_make(struct pbc *p, const char *part, struct exported *out)
{
    TRY(zip_writer_new(part, p->time_us, &p->zip));
    TRY(files_write(p));
    TRY(manifest_write(p, out->manifest, &out->files));
    TRY(record(p, out));
    return zip_writer_finish(p->zip);
}

static struct err export_to(struct pbc *p, const char *path, struct exported *out)
{
    struct str here;
    if (disk_read(p->arena, path, 1, &here).kind != ERR_MISSING)
        return err_at(ERR_CONFLICT, path, "this file exists; it is not replaced");
    const char *part = arena_fmt(p->arena, "%s.part", path);
    p->part = part;
    p->answers = json_array_new(p->arena);
    p->files = json_array_new(p->arena);
    p->tallies.arena = p->arena;
    TRY(arena_check(p->arena));
    TRY(book_open(p->cli, &p->book));
    TRY(may(p));
    TRY(range_find(p));
    TRY(bundle_make(p, part, out));
    return disk_name_new(part, path);
}

static void told(const struct pbc *p, const char *path, const struct exported *out)
{
    struct cli *cli = p->cli;
    struct json *o = json_object_new(cli->arena);
    if (!cli->json) {
        printf("%s: events %" PRId64 " to %" PRId64 ", %zu files, %" PRId64
               " transactions, manifest %s%s\n",
               path, p->ask.first, p->ask.last, out->files, p->transactions, out->manifest,
               out->is_signed ? "" : "; NOT SIGNED: nobody signs this book's log (keys init)");
        return;
    }
    json_put_text(cli->arena, o, "file", path);
    json_put_int(cli->arena, o, "first_seq", p->ask.first);
    json_put_int(cli->arena, o, "last_seq", p->ask.last);
    json_put_int(cli->arena, o, "events", p->events);
    json_put_int(cli->arena, o, "files", (int64_t)out->files);
    json_put_int(cli->arena, o, "transactions", p->transactions);
    json_put_text(cli->arena, o, "manifest_sha256", out->manifest);
    json_put_bool(cli->arena, o, "signed", out->is_signed);
    json_put_int(cli->arena, o, "recorded_seq", out->seq);
    cli_print(cli, o);
}

static int run_export(struct cli *cli)
{
    struct pbc p = {.cli = cli};
    struct exported out = {.files = 0};
    const char *wrong = period_take(cli, &p);
    if (wrong == NULL)
        wrong = plan_take(cli, &p.plan);
    if (wrong != NULL)
        return cli_misuse(cli, wrong);
    p.arena = arena_new(ARENA_MAX);
    p.scratch = arena_new(ARENA_MAX);
    struct err e = p.arena == NULL || p.scratch == NULL ? err_new(ERR_LIMIT, "no memory") : OK;
    if (e.kind == ERR_NONE)
        e = book_err(cli, export_to(&p, cli_option(cli, "out"), &out));
    if (e.kind == ERR_NONE)
        told(&p, cli_option(cli, "out"), &out);
    sha256_drop(&p.sum);
    zip_writer_free(p.zip);
    book_close(&p.book);
    arena_free(p.scratch);
    arena_free(p.arena);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

const struct command command_audit_evidence_export = {
    .name = "audit-evidence-export",
    .args = "",
    .summary = "one ZIP of what auditors ask for, the same bytes every time",
    .help =
        "Populations of each control with a sample drawn from a seed, the sampled decisions with\n"
        "everything on them and their receipts, the log of the period with its proof, people,\n"
        "policies, settings, exceptions, dead letters, sweeps, rates, files loaded, and a "
        "statement\n"
        "of what was looked for and not found. closegate-verify bundle checks it. For auditors "
        "and\n"
        "for those who may change the registry; that it was made is an event of the log. The book\n"
        "is read on this host; the recording goes through the engine when one runs.\n"
        "docs/PBC.md describes every file.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_export,
};
