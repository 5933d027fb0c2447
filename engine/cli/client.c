/* `client`: the programs that may call the engine. */
#include <stdio.h>

#include "common/sys/crypt.h"
#include "engine/cli/admin.h"
#include "engine/cli/commands.h"

static const struct cli_option add_options[] = {
    {"kind", "KIND", "workspace, mcp_client or service"},
    {"name", "NAME", "the name people read"},
    {"public-key", "KEY", "its Ed25519 public key, base64url"},
    {"new-key", "FILE", "make a key pair: the private key goes to FILE"},
    {"channels", "LIST", "web,slack,chat,api; default by kind"},
    {"tools", "LIST", "the only tools it may call; a service needs them"},
    {"rationale", "TEXT", "why"},
};
static const struct cli_option key_options[] = {
    {"public-key", "KEY", "the new Ed25519 public key, base64url"},
    {"new-key", "FILE", "make a key pair: the private key goes to FILE"},
    {"rationale", "TEXT", "why"},
};
static const struct cli_option access_options[] = {
    {"channels", "LIST", "web,slack,chat,api"},
    {"tools", "LIST", "the only tools it may call"},
    {"rationale", "TEXT", "why"},
};

static const struct admin_call call_add = {
    .tool = "change_client",
    .act = "add",
    .parts = {{.member = "client"},
              {.option = "kind", .member = "kind"},
              {.option = "name", .member = "name"},
              {.option = "public-key", .member = "public_key"},
              {.option = "channels", .member = "channels", .list = true},
              {.option = "tools", .member = "tools", .list = true},
              {.option = "rationale", .member = "rationale"}}};
static const struct admin_call call_key = {
    .tool = "change_client",
    .act = "rotate_key",
    .parts = {{.member = "client"},
              {.option = "public-key", .member = "public_key"},
              {.option = "rationale", .member = "rationale"}}};
static const struct admin_call call_access = {
    .tool = "change_client",
    .act = "set_access",
    .parts = {{.member = "client"},
              {.option = "channels", .member = "channels", .list = true},
              {.option = "tools", .member = "tools", .list = true},
              {.option = "rationale", .member = "rationale"}}};
static const struct admin_call call_disable = {
    .tool = "change_client",
    .act = "disable",
    .parts = {{.member = "client"}, {.option = "rationale", .member = "rationale"}}};
static const struct admin_call call_enable = {
    .tool = "change_client",
    .act = "enable",
    .parts = {{.member = "client"}, {.option = "rationale", .member = "rationale"}}};

/* The private half stays in its file; a file that is there is never replaced. */
static struct err key_make(const char *path, struct json *args, struct arena *arena)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    uint8_t public_key[ED25519_KEY_LEN];
    char text[BASE64_SIZE(ED25519_KEY_LEN)];
    TRY(ed25519_new(&key));
    TRY(ed25519_save(key, path));
    ed25519_public(key, public_key);
    base64url_print(public_key, sizeof public_key, text);
    json_put_text(arena, args, "public_key", text);
    return arena_check(arena);
}

static int with_key(struct cli *cli, const struct admin_call *call)
{
    struct json *args = json_object_new(cli->arena);
    const char *file = cli_option(cli, "new-key");
    if (file != NULL && cli_option(cli, "public-key") != NULL)
        return cli_misuse(cli, "give --public-key or --new-key, not both");
    struct err e = file == NULL ? OK : key_make(file, args, cli->arena);
    return e.kind == ERR_NONE ? admin_run(cli, call, args) : cli_fail(cli, e);
}

static int run_add(struct cli *cli)
{
    return with_key(cli, &call_add);
}

static int run_key(struct cli *cli)
{
    return with_key(cli, &call_key);
}

static int run_access(struct cli *cli)
{
    return admin_run(cli, &call_access, NULL);
}

static int run_disable(struct cli *cli)
{
    return admin_run(cli, &call_disable, NULL);
}

static int run_enable(struct cli *cli)
{
    return admin_run(cli, &call_enable, NULL);
}

static const char *words(struct cli *cli, const struct json *list, const char *none)
{
    const char *text = list == NULL || list->count == 0 ? none : "";
    for (size_t i = 0; list != NULL && i < list->count; i++)
        text = arena_fmt(cli->arena, "%s%s%s", text == NULL ? "" : text, i == 0 ? "" : ",",
                         json_text(list->items[i]));
    return text == NULL ? "" : text;
}

static void client_row(struct cli *cli, const struct json *c, const char **cells)
{
    cells[0] = admin_text(c, "client_id");
    cells[1] = admin_text(c, "kind");
    cells[2] = admin_text(c, "status");
    cells[3] = words(cli, json_get(c, "channels"), "");
    cells[4] = words(cli, json_get(c, "tools"), "all");
    cells[5] = arena_fmt(cli->arena, "%.16s", admin_text(c, "key_sha256"));
}

static int run_list(struct cli *cli)
{
    static const struct column heads[] = {{"client", false},   {"kind", false},  {"status", false},
                                          {"channels", false}, {"tools", false}, {"key", false}};
    static const struct admin_list list = {.tool = "list_registry",
                                           .member = "clients",
                                           .heads = heads,
                                           .heads_n = 6,
                                           .row = client_row};
    return admin_list(cli, &list, json_object_new(cli->arena));
}

#define CLIENT_ROW(id, words_, line, says, opts, fn)                                               \
    const struct command command_client_##id = {.name = (words_),                                  \
                                                .args = (line),                                    \
                                                .summary = (says),                                 \
                                                .help = ADMIN_EXITS,                               \
                                                .args_min = 1,                                     \
                                                .args_max = 1,                                     \
                                                .options = (opts),                                 \
                                                .options_n = sizeof(opts) / sizeof((opts)[0]),     \
                                                .run = (fn)}

CLIENT_ROW(add, "client add", "ID --kind KIND --name NAME", "register a program", add_options,
           run_add);
CLIENT_ROW(rotate_key, "client rotate-key", "ID --public-key KEY", "give a client another key",
           key_options, run_key);
CLIENT_ROW(set_access, "client set-access", "ID [--channels LIST] [--tools LIST]",
           "change a client's channels or tools", access_options, run_access);
CLIENT_ROW(disable, "client disable", "ID", "refuse a client from the next call on", admin_why,
           run_disable);
CLIENT_ROW(enable, "client enable", "ID", "let a disabled client in again", admin_why, run_enable);

const struct command command_client_list = {
    .name = "client list",
    .args = "",
    .summary = "clients with channels, tools and key fingerprints",
    .help = "For those who may change the registry, and for auditors.",
    .run = run_list,
};
