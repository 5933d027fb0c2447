/* `checkpoint`: is this head of the log signed by its key, and cosigned? */
#include <stdio.h>

#include "common/sys/disk.h"
#include "common/verify/verify.h"

static void facts_put(struct report *report, const struct checkpoint *c)
{
    char hex[2 * MERKLE_HASH_LEN + 1];
    hex_print(c->root.at, sizeof c->root.at, hex);
    json_put(report->arena, report->facts, "log", json_str_new(report->arena, c->origin));
    json_put_int(report->arena, report->facts, "events", (int64_t)c->size);
    json_put_text(report->arena, report->facts, "root", hex);
}

static int run_checkpoint(struct cli *cli)
{
    struct trust trust;
    struct report report;
    struct note note;
    struct checkpoint c;
    struct str bytes;
    report_init(&report, cli->arena, cli->args[0]);
    int code = verify_trust(cli, &trust, &report);
    if (code != CLI_YES)
        return code;
    struct err e = disk_read(cli->arena, cli->args[0], VERIFY_FILE_MAX, &bytes);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (trust_checkpoint(&trust, bytes, &report, &note, &c))
        facts_put(&report, &c);
    return verify_told(cli, &report);
}

static const struct cli_option options[] = {TRUST_OPTIONS};

const struct command command_checkpoint = {
    .name = "checkpoint",
    .args = "FILE",
    .summary = "check a checkpoint: that this state of the log is signed, and cosigned",
    .help = "FILE is a checkpoint: a C2SP signed note of the log's name, its size and its root.\n"
            "0: signed as asked; 2: not; 1: could not be read.",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .no_config = true,
    .run = run_checkpoint,
};
