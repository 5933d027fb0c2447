/* `policy propose|approve|reject|list|show` and `escalation list|show|confirm|reject`: what waits
 * for a second human, on the command line. Only administration is answered here. */
#include <stdio.h>
#include <string.h>

#include "common/sys/disk.h"
#include "engine/call/boot.h"
#include "engine/cli/admin.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/cli/policy_effect.h"
#include "engine/cli/policy_file.h"
#include "engine/store/audit.h"

/* ---- policy ---- */

/* What the proposal would have changed, beside the answer. Whatever keeps it from being told – a
 * mistake in the file, no book on this machine – the proposal itself says better. */
static void effect_tell(struct cli *cli, const char *file)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text;
    struct named_policy old, new;
    const char *path;
    struct policy_effect *effect = ARENA_NEW(cli->arena, struct policy_effect);
    buf_init(&text, (size_t)1 << 20);
    if (effect == NULL || book_find(cli, &path).kind != ERR_NONE ||
        book_open(cli, &book).kind != ERR_NONE ||
        policy_named(cli->arena, &book.tx, "in-force", &old).kind != ERR_NONE ||
        policy_named(cli->arena, &book.tx, file, &new).kind != ERR_NONE ||
        audit_last_seq(&book.tx, &effect->last).kind != ERR_NONE)
        return;
    effect->first = 1;
    effect->old = old.policy;
    effect->new = new.policy;
    if (policy_effect_find(path, &book.tx, cli->arena, effect).kind != ERR_NONE)
        return;
    policy_effect_print(cli->arena, effect, &text);
    fprintf(stderr, "%s", buf_text(&text));
}

static int run_propose(struct cli *cli)
{
    struct json *args = json_object_new(cli->arena);
    struct str text;
    struct err e = disk_read(cli->arena, cli->args[0], POLICY_BYTES_MAX, &text);
    if (e.kind == ERR_NONE && !utf8_valid(text.at, text.len))
        e = err_at(ERR_INPUT, cli->args[0], "not UTF-8");
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    json_put(cli->arena, args, "text", json_str_new(cli->arena, text));
    if (cli_option(cli, "rationale") != NULL)
        json_put_text(cli->arena, args, "rationale", cli_option(cli, "rationale"));
    effect_tell(cli, cli->args[0]);
    return admin_submit(cli, "propose_policy", args);
}

static int run_confirm(struct cli *cli)
{
    return admin_answer(cli, cli->args[0], "confirm");
}

static int run_reject(struct cli *cli)
{
    return admin_answer(cli, cli->args[0], "reject");
}

static void policy_row(struct cli *cli, const struct json *p, const char **cells)
{
    const struct json *now = json_get(p, "in_force");
    const char *wait = json_get_text(p, "code");
    cells[0] = arena_fmt(cli->arena, "%.16s", admin_text(p, "policy_version"));
    cells[1] = now != NULL && now->truth ? "in force"
               : wait != NULL            ? arena_fmt(cli->arena, "waits, code %s", wait)
                                         : "not in force";
    cells[2] = admin_text(p, "proposed_by");
    cells[3] = admin_text(p, "approved_by");
    cells[4] = admin_text(p, "loaded_at");
}

static int run_policies(struct cli *cli)
{
    static const struct column heads[] = {{"version", false},
                                          {"state", false},
                                          {"proposed by", false},
                                          {"approved by", false},
                                          {"loaded", false}};
    static const struct admin_list list = {.tool = "list_policies",
                                           .member = "policies",
                                           .whole = true,
                                           .heads = heads,
                                           .heads_n = 5,
                                           .row = policy_row};
    return admin_list(cli, &list, json_object_new(cli->arena));
}

static int run_policy_show(struct cli *cli)
{
    struct json *args = json_object_new(cli->arena);
    const struct json *result, *one;
    int code;
    json_put_text(cli->arena, args, "policy_version", cli->args[0]);
    if (!admin_read(cli, "list_policies", args, &result, &code))
        return code;
    one = json_pointer_get(result, "/policies/0");
    if (one == NULL)
        return cli_fail(cli, err_at(ERR_MISSING, cli->args[0], "the book has no such policy"));
    if (cli->json)
        cli_print(cli, one);
    else
        printf("%s", admin_text(one, "text"));
    return CLI_YES;
}

const struct command command_policy_propose = {
    .name = "policy propose",
    .args = "FILE",
    .summary = "propose another policy; in prod another human approves it",
    .help = "A mistake is told with line and column. What it would have decided otherwise of all "
            "that is\n"
            "recorded is counted on standard error (policy diff names it). Approved, it is in "
            "force at\n"
            "once.\n" ADMIN_EXITS,
    .args_min = 1,
    .args_max = 1,
    .options = admin_why,
    .options_n = 1,
    .run = run_propose,
};

const struct command command_policy_approve = {
    .name = "policy approve",
    .args = "DIGEST|CODE",
    .summary = "approve a policy that somebody else proposed",
    .help = "Named by its digest (8 digits or more), its code or its escalation_id.\n" ADMIN_EXITS,
    .args_min = 1,
    .args_max = 1,
    .options = admin_why,
    .options_n = 1,
    .run = run_confirm,
};

const struct command command_policy_reject = {
    .name = "policy reject",
    .args = "DIGEST|CODE",
    .summary = "reject a proposed policy",
    .help = ADMIN_EXITS,
    .args_min = 1,
    .args_max = 1,
    .options = admin_why,
    .options_n = 1,
    .run = run_reject,
};

const struct command command_policy_list = {
    .name = "policy list",
    .args = "",
    .summary = "every policy that was proposed or in force, and by whom",
    .run = run_policies,
};

const struct command command_policy_show = {
    .name = "policy show",
    .args = "DIGEST",
    .summary = "the text of a policy",
    .args_min = 1,
    .args_max = 1,
    .run = run_policy_show,
};

/* ---- escalation ---- */

static void waiting_row(struct cli *cli, const struct json *row, const char **cells)
{
    cells[0] = admin_text(row, "code");
    cells[1] = admin_text(row, "tool");
    cells[2] = arena_fmt(cli->arena, "%.40s", admin_text(row, "object_id"));
    cells[3] = admin_text(row, "requester");
    cells[4] = admin_text(row, "created_at");
}

static int run_waiting(struct cli *cli)
{
    static const struct column heads[] = {
        {"code", false}, {"tool", false}, {"object", false}, {"asked by", false}, {"since", false}};
    static const struct admin_list list = {.tool = "list_pending_escalations",
                                           .member = "escalations",
                                           .whole = true,
                                           .heads = heads,
                                           .heads_n = 5,
                                           .row = waiting_row};
    struct json *args = json_object_new(cli->arena);
    json_put_int(cli->arena, args, "limit", 200);
    return admin_list(cli, &list, args);
}

static int run_waiting_show(struct cli *cli)
{
    const struct json *row;
    struct err e = admin_waiting(cli, cli->args[0], &row);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    cli_print(cli, row);
    return CLI_YES;
}

const struct command command_escalation_list = {
    .name = "escalation list",
    .args = "",
    .summary = "what waits for a human (the first 200)",
    .run = run_waiting,
};

const struct command command_escalation_show = {
    .name = "escalation show",
    .args = "ID|CODE",
    .summary = "exactly what would be approved",
    .args_min = 1,
    .args_max = 1,
    .run = run_waiting_show,
};

const struct command command_escalation_confirm = {
    .name = "escalation confirm",
    .args = "ID|CODE",
    .summary = "approve what another administrator asked for",
    .help = "Registry, policy, master data and thaws; anything else is decided in the workspace.\n"
            "The code stands for exactly what escalation show prints.\n" ADMIN_EXITS,
    .args_min = 1,
    .args_max = 1,
    .options = admin_why,
    .options_n = 1,
    .run = run_confirm,
};

const struct command command_escalation_reject = {
    .name = "escalation reject",
    .args = "ID|CODE",
    .summary = "reject what another administrator asked for",
    .help = ADMIN_EXITS,
    .args_min = 1,
    .args_max = 1,
    .options = admin_why,
    .options_n = 1,
    .run = run_reject,
};
