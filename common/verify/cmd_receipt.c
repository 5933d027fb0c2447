/* `receipt`: does each of these files prove that its event is in the log? */
#include <string.h>

#include "common/sys/disk.h"
#include "common/verify/check.h"
#include "common/verify/verify.h"

static struct err receipt_load(struct arena *arena, const char *path, struct receipt *r)
{
    struct str bytes;
    TRY(disk_read(arena, path, VERIFY_FILE_MAX, &bytes));
    return tlog_proof_is(bytes) ? tlog_proof_read(arena, bytes, r) : receipt_read(arena, bytes, r);
}

/* What does not hold outweighs what could not be read, and that what holds. */
static int worse(int a, int b)
{
    if (a == CLI_NO || b == CLI_NO)
        return CLI_NO;
    return a != CLI_YES ? a : b;
}

static int one(struct cli *cli, const char *path)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)512 * 1024 * 1024);
    struct trust trust;
    struct report report;
    struct receipt r;
    struct cli own = *cli;
    if (arena == NULL)
        return cli_fail(cli, err_new(ERR_LIMIT, "out of memory"));
    own.arena = arena;
    report_init(&report, arena, path);
    int code = verify_trust(&own, &trust, &report);
    if (code != CLI_YES)
        return code;
    struct err e = receipt_load(arena, path, &r);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, err_at(e.kind, path,
                                    e.where == NULL || strcmp(e.where, path) == 0
                                        ? e.msg
                                        : arena_fmt(arena, "%s: %s", e.where, e.msg)));
    (void)check_receipt(&r, &trust, &report);
    return verify_told(cli, &report);
}

static int run_receipt(struct cli *cli)
{
    int code = CLI_YES;
    for (size_t i = 0; i < cli->args_n && code != CLI_USAGE; i++)
        code = worse(code, one(cli, cli->args[i]));
    return code;
}

static const struct cli_option options[] = {TRUST_OPTIONS};

const struct command command_receipt = {
    .name = "receipt",
    .args = "FILE...",
    .summary = "check receipts: that an event, word for word, is in the log that the key signs",
    .help =
        "FILE is a receipt as JSON (closegate-receipt/1) or a C2SP tlog-proof. Checked are the\n"
        "signature on the checkpoint by a key that was given, the cosignatures asked for, that\n"
        "the event's hash leads to the checkpoint's root at the event's own number, and that\n"
        "the event is canonical and of the book whose log it is. With --json, a line a file.\n"
        "0: all hold; 2: one does not, and why; 1: one cannot be read.",
    .args_min = 1,
    .args_max = SIZE_MAX,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .no_config = true,
    .run = run_receipt,
};
