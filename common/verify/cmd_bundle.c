/* `bundle`: is this the evidence that the book's log vouches for, all of it and nothing else? */
#include <errno.h>
#include <sys/stat.h>

#include "common/verify/bundle.h"
#include "common/verify/verify.h"

#define ARENA_MAX ((size_t)4 << 30)

static struct err opened(struct cli *cli, FILE **file, uint64_t *len)
{
    const char *path = cli->args[0];
    struct stat st;
    *file = fopen(path, "rbe");
    if (*file == NULL)
        return err_at(errno == ENOENT ? ERR_MISSING : ERR_STORE, path, "this file cannot be read");
    if (fstat(fileno(*file), &st) != 0 || !S_ISREG(st.st_mode))
        return err_at(ERR_INPUT, path, "this is no regular file");
    *len = (uint64_t)st.st_size;
    return OK;
}

static int run_bundle(struct cli *cli)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(ARENA_MAX);
    struct trust trust;
    struct report report;
    FILE *file = NULL;
    uint64_t len = 0;
    if (arena == NULL)
        return cli_fail(cli, err_new(ERR_LIMIT, "no memory"));
    report_init(&report, arena, cli->args[0]);
    int code = verify_trust(cli, &trust, &report);
    if (code != CLI_YES)
        return code;
    struct err e = opened(cli, &file, &len);
    if (e.kind == ERR_NONE)
        e = bundle_check(arena, file, len, &trust, &report);
    if (file != NULL)
        fclose(file);
    return e.kind == ERR_NONE ? verify_told(cli, &report) : cli_fail(cli, e);
}

static const struct cli_option options[] = {TRUST_OPTIONS};

const struct command command_bundle = {
    .name = "bundle",
    .args = "FILE.zip",
    .summary = "check an evidence bundle: files, signature, log, populations, sample, receipts",
    .help =
        "FILE.zip is what `closegate-engine audit-evidence-export` wrote. Checked are every "
        "file's\n"
        "hash and that none is missing or added; that the manifest is signed by a key that was\n"
        "given, or one it handed over to; that the period's events follow each other without a "
        "gap\n"
        "and lead to a signed checkpoint; that every population is what these events make it; "
        "that\n"
        "the seed draws this sample; and each sampled decision's receipt. Nothing is unpacked.\n"
        "0: all of it holds; 2: something does not, and where; 1: could not be read.",
    .args_min = 1,
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .no_config = true,
    .run = run_bundle,
};
