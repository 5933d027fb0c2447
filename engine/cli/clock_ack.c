/* `clock ack`: the running engine's clock jumped and is right all the same. */
#include <inttypes.h>
#include <stdio.h>

#include "engine/cli/commands.h"
#include "engine/cli/run_call.h"
#include "engine/cli/totals.h"

static const struct cli_option options[] = {
    {"reason", "TEXT", "how it is known that the time is right now; required"},
};

static int run_clock_ack(struct cli *cli)
{
    struct json *args = json_object_new(cli->arena);
    struct run_call done;
    if (cli_option(cli, "reason") == NULL)
        return cli_misuse(cli, "--reason is missing");
    json_put_text(cli->arena, args, "rationale", cli_option(cli, "reason"));
    struct err e = arena_check(cli->arena);
    if (e.kind == ERR_NONE)
        e = run_call(cli, "acknowledge_clock", args, &done);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (cli->json || done.outcome != CALL_OK)
        cli_print(cli, done.result);
    else
        printf("acknowledged: the clock had jumped %" PRId64 " s; commits go on\n",
               figure(done.result, "jump_seconds"));
    return done.outcome == CALL_OK ? CLI_YES : CLI_NO;
}

const struct command command_clock_ack = {
    .name = "clock ack",
    .args = "",
    .summary = "let commits go on after the engine's clock jumped forward",
    .help =
        "A clock that jumps forward by more than CLOSEGATE_CLOCK_JUMP_SECONDS under the running\n"
        "engine stops every commit, since an event's time can never be taken back. Set the\n"
        "clock right, and commits go on by themselves; or say with this command that the new\n"
        "time is right. Recorded as CLOCK_ACKNOWLEDGED. Needs authority for FREEZE.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_clock_ack,
};
