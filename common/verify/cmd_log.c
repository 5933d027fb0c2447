/* `log`: does a whole exported log hold, and does it still contain what is known from earlier? */
#include "common/sys/disk.h"
#include "common/verify/log_check.h"
#include "common/verify/verify.h"

static struct err against_all(struct cli *cli, struct log_check *check)
{
    size_t n;
    const char *const *files = cli_option_all(cli, "against", &n);
    for (size_t i = 0; i < n; i++) {
        struct str bytes;
        TRY(disk_read(cli->arena, files[i], VERIFY_FILE_MAX, &bytes));
        TRY(log_check_against(check, files[i], bytes));
    }
    return OK;
}

static int run_log(struct cli *cli)
{
    struct trust trust;
    struct report report;
    struct log_check check;
    char *path = arena_strdup(cli->arena, cli->args[0]);
    const struct log_source source = {log_file_lines, path};
    report_init(&report, cli->arena, cli->args[0]);
    int code = verify_trust(cli, &trust, &report);
    if (code != CLI_YES)
        return code;
    log_check_init(&check, cli->arena, &trust, &report);
    struct err e = arena_check(cli->arena);
    if (e.kind == ERR_NONE)
        e = log_check_keys(&check, &source);
    if (e.kind == ERR_NONE)
        e = against_all(cli, &check);
    if (e.kind == ERR_NONE)
        e = log_check_run(&check, &source);
    return e.kind == ERR_NONE ? verify_told(cli, &report) : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    TRUST_OPTIONS,
    {"against", "FILE...", "an earlier checkpoint or receipt that the log must still contain"},
};

const struct command command_log = {
    .name = "log",
    .args = "FILE",
    .summary = "check an exported log: chain, tree, every signature, and what was known before",
    .help =
        "FILE is what `closegate-engine audit export --heads` wrote: a line for each event, and "
        "for\n"
        "each checkpoint. Checked are the chain of hashes, canonical form, numbers, book and "
        "clock\n"
        "of every event; that each checkpoint is signed by a key that was given, or one it handed\n"
        "over to in this log, and tells the root of the events before it; that the last one "
        "covers\n"
        "the whole log; and for each --against that the log still begins with what it was signed\n"
        "for: a log whose end was cut off, or that was written anew, does not.\n"
        "0: all of it holds; 2: something does not, and where; 1: could not be read.",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .no_config = true,
    .run = run_log,
};
