/* `consistency`: is the newer of two checkpoints a continuation of the older? */
#include <inttypes.h>
#include <stdio.h>

#include "common/sys/disk.h"
#include "common/verify/consistency.h"
#include "common/verify/log_check.h"
#include "common/verify/verify.h"

/* A checkpoint that is signed, or a line of the report. */
static struct err head_read(struct cli *cli, const struct trust *trust, const char *path,
                            struct report *report, struct checkpoint *c, bool *good)
{
    struct str bytes;
    struct note note;
    struct report own;
    TRY(disk_read(cli->arena, path, VERIFY_FILE_MAX, &bytes));
    report_init(&own, cli->arena, path);
    *good = trust_checkpoint(trust, bytes, &own, &note, c);
    if (*good)
        report_holds(report, "signature", "%s: %" PRIu64 " events, signed as asked", path, c->size);
    else
        (void)report_fails(report, own.failed, path, "%s", own.problem);
    return OK;
}

static void proof_judge(const struct consistency *proof, const struct checkpoint *old,
                        const struct checkpoint *now, struct report *report)
{
    if (proof->from != old->size || proof->to != now->size)
        (void)report_fails(report, "consistency", NULL,
                           "the proof is between %" PRIu64 " and %" PRIu64
                           " events, the checkpoints between %" PRIu64 " and %" PRIu64,
                           proof->from, proof->to, old->size, now->size);
    else if (merkle_consistency_holds(old->size, &old->root, now->size, &now->root, &proof->proof))
        report_holds(report, "consistency",
                     "the first %" PRIu64 " of the %" PRIu64 " events are those of before",
                     old->size, now->size);
    else
        (void)report_fails(report, "consistency", NULL,
                           "the proof does not lead from one root to the other: it is another's, "
                           "or the log was written anew between them");
}

static struct err by_proof(struct cli *cli, const char *path, const struct checkpoint *old,
                           const struct checkpoint *now, struct report *report)
{
    struct str bytes;
    struct consistency proof;
    TRY(disk_read(cli->arena, path, VERIFY_FILE_MAX, &bytes));
    struct err e = consistency_read(cli->arena, bytes, &proof);
    if (e.kind != ERR_NONE)
        return err_at(e.kind, arena_fmt(cli->arena, "%s %s", path, e.where == NULL ? "" : e.where),
                      e.msg);
    proof_judge(&proof, old, now, report);
    return OK;
}

static struct err by_log(struct cli *cli, const char *path, struct trust *trust,
                         const struct checkpoint *old, const struct checkpoint *now,
                         struct report *report)
{
    struct log_check check;
    const struct log_source source = {log_file_lines, arena_strdup(cli->arena, path)};
    TRY(arena_check(cli->arena));
    log_check_init(&check, cli->arena, trust, report);
    check.events_only = true;
    TRY(log_check_known(&check, cli->args[0], old));
    TRY(log_check_known(&check, cli->args[1], now));
    return log_check_run(&check, &source);
}

static struct err compare(struct cli *cli, struct trust *trust, struct report *report)
{
    const char *log = cli_option(cli, "log"), *proof = cli_option(cli, "proof");
    struct checkpoint old, now;
    bool old_good = false, now_good = false;
    if (log != NULL) {
        struct log_check keys;
        const struct log_source source = {log_file_lines, arena_strdup(cli->arena, log)};
        log_check_init(&keys, cli->arena, trust, report);
        TRY(arena_check(cli->arena));
        TRY(log_check_keys(&keys, &source));
    }
    TRY(head_read(cli, trust, cli->args[0], report, &old, &old_good));
    TRY(head_read(cli, trust, cli->args[1], report, &now, &now_good));
    if (!old_good || !now_good)
        return OK;
    if (!str_eq(old.origin, now.origin))
        (void)report_fails(report, "consistency", NULL, "checkpoints of two logs");
    else if (old.size > now.size)
        (void)report_fails(report, "consistency", NULL,
                           "%s has fewer events than %s, which should be the older", cli->args[1],
                           cli->args[0]);
    else
        return log != NULL ? by_log(cli, log, trust, &old, &now, report)
                           : by_proof(cli, proof, &old, &now, report);
    return OK;
}

static int run_consistency(struct cli *cli)
{
    struct trust trust;
    struct report report;
    if ((cli_option(cli, "log") == NULL) == (cli_option(cli, "proof") == NULL))
        return cli_misuse(cli, "give the log with --log, or a proof with --proof");
    report_init(&report, cli->arena, arena_fmt(cli->arena, "%s to %s", cli->args[0], cli->args[1]));
    int code = verify_trust(cli, &trust, &report);
    if (code != CLI_YES)
        return code;
    struct err e = compare(cli, &trust, &report);
    return e.kind == ERR_NONE ? verify_told(cli, &report) : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    TRUST_OPTIONS,
    {"log", "FILE", "the exported log, from which the proof is made"},
    {"proof", "FILE", "a consistency proof (audit consistency --json)"},
};

const struct command command_consistency = {
    .name = "consistency",
    .args = "OLD NEW",
    .summary = "check that the newer checkpoint continues the older: nothing before was changed",
    .help = "OLD and NEW are checkpoints. Both must be signed as asked; then the events that OLD\n"
            "was signed for must be the first of those that NEW was signed for.\n"
            "0: they are; 2: not, or not signed; 1: could not be read.",
    .args_min = 2,
    .args_max = 2,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .no_config = true,
    .run = run_consistency,
};
