/* `recon`: passes over the book's accounts, and the whole picture afterwards: what policy
 * confirmed, what waits for a human with its clause word for word, what is an exception, and totals
 * that add up. */
#include <stdio.h>
#include <string.h>

#include "engine/cli/commands.h"
#include "engine/cli/run_call.h"

static const struct cli_option options[] = {
    {"entity", "ID", "only this entity; default: all"},
    {"account", "ID", "only this account"},
};

static const char *text_of(const struct json *o, const char *name)
{
    const char *text = json_get_text(o, name);
    return text == NULL ? "" : text;
}

static long long figure(const struct json *o, const char *name)
{
    int64_t n = 0;
    return json_int(json_get(o, name), &n) ? (long long)n : 0;
}

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

static struct err passes_run(struct cli *cli, struct json *passes)
{
    const struct json *status, *entities;
    if (cli_option(cli, "entity") != NULL)
        return pass(cli, cli_option(cli, "entity"), passes);
    TRY(run_read(cli, "recon://status", NULL, &status));
    entities = json_get(status, "entities");
    for (size_t i = 0; entities != NULL && i < entities->count; i++)
        TRY(pass(cli, text_of(entities->items[i], "entity_id"), passes));
    return OK;
}

/* ---- the picture ---- */

struct picture {
    const struct json *status, *exceptions;
    struct json *waiting;
};

static struct err waiting_load(struct cli *cli, struct json **waiting)
{
    const char *cursor = NULL;
    *waiting = json_array_new(cli->arena);
    do {
        struct json *args = json_object_new(cli->arena);
        const struct json *page, *rows;
        json_put_int(cli->arena, args, "limit", 200);
        if (cursor != NULL)
            json_put_text(cli->arena, args, "cursor", cursor);
        TRY(run_read(cli, "list_pending_escalations", args, &page));
        rows = json_get(page, "escalations");
        for (size_t i = 0; rows != NULL && i < rows->count; i++)
            json_push(cli->arena, *waiting, rows->items[i]);
        cursor = json_get_text(page, "next_cursor");
    } while (cursor != NULL);
    return arena_check(cli->arena);
}

static struct err picture_load(struct cli *cli, struct picture *p)
{
    const struct json *exceptions;
    TRY(run_read(cli, "recon://status", NULL, &p->status));
    TRY(run_read(cli, "recon://exceptions", NULL, &exceptions));
    p->exceptions = json_get(exceptions, "exceptions");
    return waiting_load(cli, &p->waiting);
}

static void waiting_print(const struct json *waiting)
{
    printf("\nwaiting for a human: %zu\n", waiting->count);
    for (size_t i = 0; i < waiting->count; i++) {
        const struct json *e = waiting->items[i];
        printf("  %s  %-10s %14s %s  %s\n      %s\n      %s\n", text_of(e, "code"),
               text_of(e, "entity_id"), text_of(e, "amount"), text_of(e, "currency"),
               text_of(e, "reason"), text_of(e, "clause"), text_of(e, "object_id"));
    }
}

static void exceptions_print(const struct json *exceptions)
{
    size_t n = exceptions == NULL ? 0 : exceptions->count;
    printf("\nexceptions: %zu\n", n);
    for (size_t i = 0; i < n; i++) {
        const struct json *x = exceptions->items[i];
        printf("  %-10s %-6s %-4s %s %14s %s  %-22s %s\n", text_of(x, "entity_id"),
               text_of(x, "account_id"), text_of(x, "side"), text_of(x, "date"),
               text_of(x, "amount"), text_of(x, "currency"), text_of(x, "class"),
               text_of(x, "entry_id"));
    }
}

static void cell(const struct json *row, const char *state)
{
    const struct json *s = json_get(row, state);
    printf(" %4lld %16s", figure(s, "count"), text_of(s, "sum"));
}

static void totals_print(const struct json *status)
{
    const struct json *entities = json_get(status, "entities");
    printf("\n%-10s %-6s %-9s %-3s %21s %21s %21s %21s\n", "entity", "acct", "side", "cur",
           "confirmed", "proposed", "exception", "open");
    for (size_t i = 0; entities != NULL && i < entities->count; i++) {
        const struct json *rows = json_get(entities->items[i], "entries");
        for (size_t k = 0; rows != NULL && k < rows->count; k++) {
            const struct json *r = rows->items[k];
            if (json_get(r, "reconciled") == NULL || !json_get(r, "reconciled")->truth)
                continue;
            printf("%-10s %-6s %-9s %-3s", text_of(entities->items[i], "entity_id"),
                   text_of(r, "account_id"), text_of(r, "side"), text_of(r, "currency"));
            cell(r, "confirmed");
            cell(r, "proposed");
            cell(r, "exception");
            cell(r, "unmatched");
            printf("\n");
        }
    }
}

static void picture_print(const struct json *passes, const struct picture *p)
{
    for (size_t i = 0; i < passes->count; i++) {
        const struct json *r = passes->items[i];
        printf("%s: %lld open entries in %lld accounts; proposed %lld, confirmed by policy %lld, "
               "waiting %lld, denied %lld, exceptions found %lld\n",
               text_of(r, "entity_id"), figure(r, "entries"), figure(r, "accounts"),
               figure(r, "proposed"), figure(r, "confirmed"), figure(r, "waiting"),
               figure(r, "denied"), figure(r, "exceptions"));
    }
    waiting_print(p->waiting);
    exceptions_print(p->exceptions);
    totals_print(p->status);
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
        picture_print(passes, &p);
        return CLI_YES;
    }
    struct json *o = json_object_new(cli->arena);
    json_put(cli->arena, o, "passes", passes);
    json_put(cli->arena, o, "status", p.status);
    json_put(cli->arena, o, "waiting", p.waiting);
    json_put(cli->arena, o, "exceptions", p.exceptions);
    cli_print(cli, o);
    return CLI_YES;
}

const struct command command_recon = {
    .name = "recon",
    .args = "",
    .summary = "reconcile: match, let policy confirm, show what waits and what is left",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_recon,
};
