/* `sweep`: the engine's housekeeping once, on a book that no daemon serves: for cron where
 * CLOSEGATE_SWEEP_SECONDS is 0 or no engine runs all day, and for tests. What finds nothing to do
 * records nothing, not even a start. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/sys/book_lock.h"
#include "engine/call/boot.h"
#include "engine/call/sweeper.h"
#include "engine/cli/commands.h"
#include "engine/cli/log_key.h"

static struct err policy_read(struct cli *cli, struct store *store, struct policy **policy)
{
    struct tx tx;
    TRY(tx_read_begin(store, cli->arena, cli_clock_us(), &tx));
    struct err e = policy_now(&tx, cli->arena, policy);
    tx_read_end(&tx);
    return e;
}

static struct err round_run(struct cli *cli, struct store *store, struct sweep_report *report)
{
    const struct sweeper_options options = {.prod = cli_config(cli)->env == CONFIG_PROD,
                                            .sweeps = sweeps};
    struct policy *policy;
    TRY(policy_read(cli, store, &policy));
    return sweep_book(store, &options, policy, cli_clock_us, cli->arena, report);
}

static struct err sweep(struct cli *cli, struct sweep_report *report)
{
    CLEANUP(book_unlock) struct book_lock *lock = NULL;
    CLEANUP(log_keys_free) struct log_keys *keys = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    const char *book = cli_path(cli, "recon.db");
    struct stat st;
    TRY(arena_check(cli->arena));
    if (stat(book, &st) != 0)
        return err_at(ERR_MISSING, book, "there is no book: run closegate-engine init first");
    TRY(book_lock(book, cli->arena, &lock));
    TRY(store_open(book, STORE_WRITER, cli->arena, &store));
    struct err e = log_key_begin(cli, store, NULL, &keys);
    if (e.kind == ERR_NONE)
        e = anchor_check(cli, store);
    if (e.kind == ERR_NONE)
        e = round_run(cli, store, report);
    if (e.kind != ERR_NONE && e.msg != NULL) /* the store's texts end with the store */
        e = err_fmt(cli->arena, e.kind, e.where == NULL ? NULL : arena_strdup(cli->arena, e.where),
                    "%s", e.msg);
    return e;
}

static void told(struct cli *cli, const struct sweep_report *r)
{
    struct json *o = json_object_new(cli->arena);
    json_put_int(cli->arena, o, "calls", r->calls);
    json_put_int(cli->arena, o, "recorded", r->acted);
    json_put_int(cli->arena, o, "denied", r->denied);
    json_put_int(cli->arena, o, "failed", r->failed);
    if (cli->json)
        cli_print(cli, o);
    else
        printf("%" PRId64 " recorded, %" PRId64 " denied, %" PRId64 " failed\n", r->acted,
               r->denied, r->failed);
}

static int run_sweep(struct cli *cli)
{
    struct sweep_report report;
    struct err e = sweep(cli, &report);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    told(cli, &report);
    if (report.failed > 0)
        return cli_fail(cli, report.why);
    return report.denied > 0 ? CLI_NO : CLI_YES;
}

const struct command command_sweep = {
    .name = "sweep",
    .args = "",
    .summary = "do the housekeeping once, on a book that no engine serves",
    .help = "What expires, what aged, what a dead process left behind. A running engine does this\n"
            "by itself every CLOSEGATE_SWEEP_SECONDS; then this command says so and does nothing.\n"
            "Exit 2 when policy or a freeze denied a part of it.",
    .run = run_sweep,
};
