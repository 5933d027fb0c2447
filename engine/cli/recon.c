/* `recon`: passes over the book's accounts, and the whole picture afterwards: what policy
 * confirmed, what waits for a human with its clause word for word, what is an exception, and totals
 * that add up. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/picture.h"
#include "engine/cli/run_call.h"
#include "engine/cli/totals.h"

static const struct cli_option options[] = {
    {"entity", "ID", "only this entity; default: all"},
    {"account", "ID", "only this account"},
};

/* ---- the passes ---- */

static struct err pass(struct cli *cli, const char *entity, struct json *passes)
{
    struct json *args = json_object_new(cli->arena);
    struct run_call done;
    json_put_text(cli->arena, args, "entity_id", entity);
    if (cli_option(cli, "account") != NULL)
        json_put_text(cli->arena, args, "account", cli_option(cli, "account"));
    TRY(arena_check(cli->arena));
    TRY(run_call(cli, "run_recon_pass", args, &done));
    json_push(cli->arena, passes, done.result);
    ENSURE(done.outcome == CALL_OK, ERR_AUTH, "policy did not let the pass run");
    return OK;
}

static bool has_account(const struct json *entity, const char *account)
{
    const struct json *rows = json_get(entity, "entries");
    for (size_t i = 0; rows != NULL && i < rows->count; i++) {
        const struct json *reconciled = json_get(rows->items[i], "reconciled");
        if (text_eq(json_get_text(rows->items[i], "account_id"), account) && reconciled != NULL &&
            reconciled->truth)
            return true;
    }
    return false;
}

/* Every entity, or those that have entries in the account that was named. */
static struct err passes_run(struct cli *cli, struct json *passes)
{
    const char *account = cli_option(cli, "account");
    const struct json *status, *entities;
    if (cli_option(cli, "entity") != NULL)
        return pass(cli, cli_option(cli, "entity"), passes);
    TRY(run_read(cli, "recon://status", NULL, &status));
    entities = json_get(status, "entities");
    ENSURE(entities != NULL && entities->count > 0, ERR_MISSING,
           "the book has no entities yet: closegate-engine ingest --master DIR");
    for (size_t i = 0; i < entities->count; i++) {
        const struct json *e = entities->items[i];
        if (account == NULL || has_account(e, account))
            TRY(pass(cli, json_get_text(e, "entity_id"), passes));
    }
    if (passes->count == 0)
        return err_fmt(cli->arena, ERR_MISSING, "--account",
                       "no entity has entries in a reconciled account \"%s\"", account);
    return OK;
}

static struct err passes_print(struct arena *arena, const struct json *passes)
{
    static const struct column columns[] = {
        {"this pass", false}, {"accounts", true}, {"unmatched", true}, {"proposed", true},
        {"confirmed", true},  {"waiting", true},  {"denied", true},    {"exceptions", true},
    };
    static const char *const figures[] = {"accounts", "entries", "proposed",  "confirmed",
                                          "waiting",  "denied",  "exceptions"};
    struct columns table = {
        .arena = arena, .columns = columns, .columns_n = sizeof columns / sizeof columns[0]};
    for (size_t i = 0; i < passes->count; i++) {
        const struct json *r = passes->items[i];
        TRY(columns_add(&table, json_get_text(r, "entity_id")));
        for (size_t k = 0; k < sizeof figures / sizeof figures[0]; k++)
            TRY(columns_add(&table, arena_fmt(arena, "%" PRId64, figure(r, figures[k]))));
    }
    columns_print(&table, "", stdout);
    return OK;
}

static struct err recon(struct cli *cli, struct json *passes, struct picture *p)
{
    TRY(passes_run(cli, passes));
    return picture_load(cli, p);
}

static int run_recon(struct cli *cli)
{
    struct json *passes = json_array_new(cli->arena);
    struct picture p = {0};
    struct err e = recon(cli, passes, &p);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (!cli->json) {
        e = passes_print(cli->arena, passes);
        if (e.kind == ERR_NONE)
            e = picture_print(cli->arena, &p);
        return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
    }
    struct json *o = json_object_new(cli->arena);
    json_put(cli->arena, o, "passes", passes);
    json_put(cli->arena, o, "status", p.status);
    json_put(cli->arena, o, "waiting", p.waiting);
    json_put(cli->arena, o, "waiting_counts", p.counts);
    json_put(cli->arena, o, "exceptions", p.exceptions);
    cli_print(cli, o);
    return CLI_YES;
}

const struct command command_recon = {
    .name = "recon",
    .args = "",
    .summary = "reconcile: match, let policy confirm, show what waits and what is left",
    .help =
        "A pass over every reconciled account, then the whole book: what policy and what people\n"
        "confirmed by type, what waits for a human by clause, exceptions by class, totals.\n"
        "Repeating it changes nothing until something new was loaded or the policy changed.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_recon,
};
