/* `call`: one tool call to the running engine, as any MCP client would make it. Over TCP, with --as
 * under an assertion that the workspace's own key signs: a convenience of dev, since in prod that
 * key is the workspace's alone. With --admin or without a name, over the Unix socket, where the
 * kernel says who calls. */
#include <stdio.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/fetch.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "common/verify/receipt.h"
#include "engine/auth/actor_auth.h"
#include "engine/cli/cli_tls.h"
#include "engine/cli/commands.h"
#include "engine/cli/out_file.h"
#include "proto/jsonrpc.h"

static const char protocol_version[] = "2025-11-25";

static struct err request_body(struct cli *cli, struct str *body)
{
    struct json *arguments = NULL, *params = json_object_new(cli->arena);
    CLEANUP(jw_fini) struct jw w;
    struct str text;

    jw_init(&w, WEB_BODY_MAX_DEFAULT);
    struct str given = str_of(cli->args_n > 1 ? cli->args[1] : "{}");
    struct err e = json_read(cli->arena, given, NULL, &arguments);
    if (e.kind != ERR_NONE)
        return err_fmt(cli->arena, e.kind, e.where, "the arguments are not JSON: %s", e.msg);
    ENSURE(json_is(arguments, JSON_TYPE_OBJECT), ERR_INPUT, "the arguments are no JSON object");
    json_put_text(cli->arena, params, "name", cli->args[0]);
    json_put(cli->arena, params, "arguments", arguments);
    jw_tree(&w, NULL, jsonrpc_request(cli->arena, 1, "tools/call", params));
    TRY(jw_done(&w, &text));
    body->at = str_dup(cli->arena, text);
    body->len = text.len;
    return arena_check(cli->arena);
}

/* The registry's principal of human:<name>; NULL for nobody. Read from the book beside the engine.
 */
static struct err principal_of(struct cli *cli, const char *actor, const char **principal_id)
{
    CLEANUP(store_close) struct store *store = NULL;
    struct principal person;
    struct actor_id id;
    struct tx tx;

    if (actor == NULL)
        return OK;
    TRY(actor_parse(str_of(actor), &id));
    ENSURE(id.kind == ACTOR_HUMAN, ERR_INPUT, "expected human:<name>");
    TRY(store_open(cli_path(cli, "recon.db"), STORE_READER, cli->arena, &store));
    TRY(tx_read_begin(store, cli->arena, cli_clock_us(), &tx));
    struct err e = identity_find(&tx, cli->arena, "actor", "", actor_name(&id), &person);
    tx_read_end(&tx);
    TRY(err_in(e, actor));
    *principal_id = person.principal_id;
    return OK;
}

/* What an assertion of the workspace says for this request. */
static struct err sign(struct cli *cli, const char *as, struct str body, const char **token)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    const bool human = strncmp(as, "human:", 6) == 0;
    const char *person = NULL;
    const char *channel = cli_option(cli, "channel");
    const int64_t now_s = cli_clock_us() / 1000000;
    char hash[ASSERTION_HASH_SIZE], jti[33];
    uint8_t random[16];

    ENSURE(cli_config(cli)->env == CONFIG_DEV, ERR_AUTH,
           "--as is for CLOSEGATE_ENV=dev: in prod only the workspace signs for people");
    TRY(principal_of(cli, human ? as : cli_option(cli, "for"), &person));
    TRY(ed25519_load(cli_path(cli, AUTH_WORKSPACE_KEY), &key));
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, jti);
    assertion_body_hash(body, hash);
    const struct assertion a = {.sub = as,
                                .principal = human ? person : NULL,
                                .obo = human ? NULL : person,
                                .aud = cli_config(cli)->engine_audience,
                                .htm = "POST",
                                .htu = "/mcp",
                                .bh = hash,
                                .iat = now_s,
                                .exp = now_s + ASSERTION_LIFE_MAX_S,
                                .jti = jti,
                                .channel = channel != NULL ? channel
                                           : human         ? "web"
                                                           : "api",
                                .auth_time = human ? now_s : 0};
    return assertion_sign(cli->arena, key, AUTH_WORKSPACE_CLIENT, &a, token);
}

static struct err post(struct cli *cli, struct str body, struct json **answer)
{
    const char *as = cli_option(cli, "as");
    const bool admin = cli_option(cli, "admin") != NULL;
    struct http_pair pairs[2] = {{"MCP-Protocol-Version", protocol_version}};
    const char *scheme = as != NULL && cli_config(cli)->tls.cert != NULL ? "https" : "http";
    struct fetch_req req = {.url = arena_fmt(cli->arena, "%s://%s%s", scheme,
                                             cli_config(cli)->engine_listen,
                                             admin ? "/admin" : "/mcp"),
                            .unix_socket = as == NULL ? cli_config(cli)->engine_socket : NULL,
                            .pairs = pairs,
                            .pairs_n = 1,
                            .body = body};
    struct fetch_reply reply;

    ENSURE(!admin || as == NULL, ERR_INPUT, "--admin and --as do not go together");
    if (as != NULL) {
        TRY(cli_tls(cli, req.url, &req.tls));
        pairs[1].name = ASSERTION_HEADER;
        TRY(sign(cli, as, body, &pairs[1].value));
        req.pairs_n = 2;
    }
    struct err e = fetch(cli->arena, &req, &reply);
    if (e.kind == ERR_MISSING)
        e.msg = "no engine answers there: start it with closegate-engine serve";
    TRY(e);
    return err_in(json_read(cli->arena, reply.body, NULL, answer), "the engine's answer");
}

/* What was done is done, whether its receipt can be written or not: that is said, and no more. */
static void receipt_keep(const struct cli *cli, struct out_file *out, const struct json *result)
{
    const struct json *receipt = json_pointer_get(result, "/_meta/closegate~1receipt");
    struct str text;
    if (out->path == NULL)
        return;
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, 2 * RECEIPT_BYTES_MAX);
    jw_tree(&w, NULL, receipt);
    struct err e =
        receipt == NULL ? err_new(ERR_MISSING, "none came with the answer") : jw_done(&w, &text);
    if (e.kind == ERR_NONE)
        e = out_put(out, text.at, text.len);
    if (e.kind == ERR_NONE)
        e = out_finish(out);
    if (e.kind != ERR_NONE)
        (void)fprintf(stderr, "%s: no receipt was written: %s\n", cli->program->name, e.msg);
}

static int answer_told(struct cli *cli, const struct json *answer, struct out_file *receipt)
{
    const struct json *error = json_get(answer, "error");
    const struct json *result = json_get(answer, "result");
    if (error != NULL || result == NULL) {
        const char *why = json_get_text(error, "message");
        return cli_fail(cli, err_new(ERR_UPSTREAM, why != NULL ? why : "no result in the answer"));
    }
    receipt_keep(cli, receipt, result);
    const struct json *told = json_get(result, "structuredContent");
    const char *text = json_text(json_pointer_get(result, "/content/0/text"));
    if (told != NULL)
        cli_print(cli, told);
    else if (text != NULL)
        printf("%s\n", text);
    const struct json *failed = json_get(result, "isError");
    if (failed == NULL || !failed->truth)
        return CLI_YES;
    return told != NULL ? CLI_NO : CLI_UNKNOWN; /* denied, or not done */
}

static int run_call(struct cli *cli)
{
    __attribute__((cleanup(out_drop_cleanup))) struct out_file receipt = {0};
    const char *path = cli_option(cli, "receipt");
    struct str body = {0};
    struct json *answer = NULL;
    struct err e = request_body(cli, &body);
    if (e.kind == ERR_NONE && path != NULL) /* before anything is done */
        e = out_begin(cli->arena, path, &receipt);
    if (e.kind == ERR_NONE)
        e = post(cli, body, &answer);
    return e.kind == ERR_NONE ? answer_told(cli, answer, &receipt) : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"as", "ACTOR", "sign as this actor with the data folder's workspace key (dev only)"},
    {"for", "ACTOR", "the human:… on whose behalf --as llm:… acts"},
    {"channel", "NAME", "of --as: web, slack, chat or api; default web for humans"},
    {"receipt", "FILE", "write the receipt of what was recorded to this new file"},
    {"admin", NULL, "call an administrative tool, as the person the kernel says you are"},
};

const struct command command_call = {
    .name = "call",
    .args = "TOOL [JSON]",
    .summary = "call a tool of the running engine and print its result",
    .help =
        "Without --as the call goes over the engine's Unix socket, as an agent of the person that\n"
        "this user of this host is linked to. 0: done, or waiting for a human; 2: denied. With\n"
        "--as and a listener of TLS it shows CLOSEGATE_CLI_CERT and believes CLOSEGATE_CLI_CA.",
    .args_min = 1,
    .args_max = 2,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_call,
};
