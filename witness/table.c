/* The witness's program: its commands in the order people meet them, its settings. */
#include "common/sys/trust.h"
#include "witness/commands.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif

static const struct command *const commands[] = {
    &command_init,
    &command_key,
    &command_serve,
    &command_docs,
};

static struct err load(struct arena *arena, const char *file, const char *const *env,
                       void **settings)
{
    struct witness_settings *s = ARENA_NEW(arena, struct witness_settings);
    TRY(arena_check(arena));
    *settings = s;
    TRY(witness_settings_load(arena, file, env, s));
    return trust_load(arena, s->ca_file);
}

const struct program witness_program = {
    .name = "closegate-witness",
    .version = CLOSEGATE_VERSION,
    .purpose = "a witness that a transparency log only ever grows",
    .description =
        "Remembers the last checkpoint of each log it is given the key of, checks that the next "
        "one "
        "goes on from there, and cosigns it (C2SP tlog-witness). Run it where whoever runs the log "
        "cannot reach: then no one of them alone can rewrite what was cosigned.",
    .environment = "CLOSEGATE_WITNESS_NAME, CLOSEGATE_WITNESS_LOGS and the others of "
                   "docs/WITNESS-CONFIG.md\n(closegate-witness docs config).",
    .files =
        ".TP\n\\fIwitness.key\\fR\nThe key that cosigns, in the data folder.\n"
        ".TP\n\\fI*.log\\fR\nWhat was cosigned last, a file for each log. A copy that is older "
        "must never take its place.\n",
    .data_dir = "CLOSEGATE_WITNESS_DATA_DIR",
    .commands = commands,
    .commands_n = sizeof commands / sizeof commands[0],
    .load = load,
};
