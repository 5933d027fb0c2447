/* From the command line to whom is believed; and the telling of a report. */
#include <stdio.h>
#include <string.h>

#include "common/sys/disk.h"
#include "common/verify/verify.h"

static struct err given(struct cli *cli, struct trust *trust)
{
    size_t n;
    const char *const *keys = cli_option_all(cli, "key", &n);
    for (size_t i = 0; i < n; i++)
        TRY(trust_give(trust, keys[i]));
    const char *const *witnesses = cli_option_all(cli, "witness", &n);
    for (size_t i = 0; i < n; i++)
        TRY(trust_witness(trust, witnesses[i]));
    trust->witnesses_min = trust->witnesses_n;
    return arena_check(cli->arena);
}

static const char *witnesses_wanted(const struct cli *cli, struct trust *trust)
{
    uint64_t n;
    const char *text = cli_option(cli, "witnesses");
    if (text == NULL)
        return NULL;
    if (!note_number_parse(str_of(text), &n) || n == 0 || n > trust->witnesses_n)
        return "--witnesses is a number from 1 to how many --witness were given";
    trust->witnesses_min = (size_t)n;
    return NULL;
}

/* What is forged is told in the report; what cannot be read is an error. */
static struct err chains(struct cli *cli, struct trust *trust, struct report *report)
{
    size_t n;
    const char *const *files = cli_option_all(cli, "key-chain", &n);
    for (size_t i = 0; i < n; i++) {
        struct str text;
        TRY(disk_read(cli->arena, files[i], VERIFY_FILE_MAX, &text));
        struct err e = trust_chain(trust, text);
        const char *where = arena_fmt(cli->arena, "%s%s%s", files[i], e.where == NULL ? "" : " ",
                                      e.where == NULL ? "" : e.where);
        if (e.kind == ERR_AUTH || e.kind == ERR_CONFLICT)
            (void)report_fails(report, "keys", where, "%s", e.msg);
        else if (e.kind != ERR_NONE)
            return err_at(e.kind, where, e.msg);
    }
    return OK;
}

int verify_trust(struct cli *cli, struct trust *trust, struct report *report)
{
    if (cli_option(cli, "key") == NULL)
        return cli_misuse(cli, "give the log's key with --key: nothing is believed of what is "
                               "checked");
    trust_init(trust, cli->arena);
    struct err e = given(cli, trust);
    if (e.kind == ERR_INPUT) {
        (void)cli_fail(cli, e);
        return CLI_USAGE;
    }
    const char *why = e.kind == ERR_NONE ? witnesses_wanted(cli, trust) : NULL;
    if (why != NULL)
        return cli_misuse(cli, why);
    if (e.kind == ERR_NONE)
        e = chains(cli, trust, report);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

int verify_told(const struct cli *cli, const struct report *report)
{
    CLEANUP(buf_fini) struct buf text;
    struct json *tree = cli->json ? report_json(report) : NULL;
    buf_init(&text, VERIFY_FILE_MAX);
    if (arena_full(report->arena))
        return cli_fail(cli, err_new(ERR_LIMIT, "out of memory"));
    if (cli->json) {
        cli_print(cli, tree);
    } else {
        report_print(report, &text);
        (void)fwrite(buf_text(&text), 1, text.len, stdout);
    }
    return report_good(report) ? CLI_YES : CLI_NO;
}
