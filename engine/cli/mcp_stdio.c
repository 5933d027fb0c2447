/* `mcp-stdio`: for MCP clients that only start a process. It carries their messages to the running
 * engine and the answers back, and decides nothing: what the calls may do is the engine's to say,
 * by whoever the kernel (or the registered client's key) says is behind this process. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "common/sys/lines.h"
#include "common/sys/log.h"
#include "engine/cli/bridge.h"
#include "engine/cli/cli_tls.h"
#include "engine/cli/commands.h"

#define READ_BYTES ((size_t)64 * 1024)
#define WAIT_S     30

static struct err signer_of(struct cli *cli, struct ed25519_key **key, struct bridge_signer *out)
{
    const char *client = cli_option(cli, "client"), *session = cli_option(cli, "session");
    const char *path = cli_option(cli, "key"), *person = cli_option(cli, "for");
    if (client == NULL)
        return path == NULL && person == NULL && session == NULL
                   ? OK
                   : err_new(ERR_INPUT, "--key, --for and --session belong to --client");
    ENSURE(path != NULL, ERR_INPUT, "--client needs --key, the file that client add wrote");
    TRY(ed25519_load(path, key));
    *out = (struct bridge_signer){
        .key = *key,
        .client = client,
        .actor = session != NULL ? arena_fmt(cli->arena, "llm:%s.%s", client, session)
                                 : arena_fmt(cli->arena, "llm:%s.%ld", client, (long)getpid()),
        .obo = person,
        .audience = cli_config(cli)->engine_audience};
    return arena_check(cli->arena);
}

static void take_lines(struct bridge *b, struct lines *lines)
{
    struct str line;
    for (;;) {
        enum lines_step step = lines_next(lines, &line);
        if (step == LINES_NONE)
            return;
        if (step == LINES_LINE)
            bridge_take(b, line);
        else
            bridge_too_long(b);
    }
}

static void carry(struct bridge *b)
{
    static char bytes[READ_BYTES];
    struct lines lines;
    struct str line;
    lines_init(&lines, BRIDGE_LINE_MAX);
    while (!atomic_load(&b->ending)) {
        ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        lines_put(&lines, bytes, (size_t)n);
        take_lines(b, &lines);
    }
    enum lines_step last = lines_last(&lines, &line);
    if (last == LINES_LINE)
        bridge_take(b, line);
    else if (last == LINES_TOO_LONG)
        bridge_too_long(b);
    lines_fini(&lines);
}

static int run_mcp_stdio(struct cli *cli)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    struct log_options log = log_options_default();
    struct bridge b = {.url = cli_option(cli, "url"), .out = STDOUT_FILENO};

    log.level = (enum log_level)cli_config(cli)->log_level;
    log_init(&log);
    if (b.url == NULL)
        b.unix_socket = cli_config(cli)->engine_socket;
    struct err e = signer_of(cli, &key, &b.signer);
    if (e.kind == ERR_NONE && b.url != NULL)
        e = cli_tls(cli, b.url, &b.tls);
    if (e.kind != ERR_NONE)
        return e.kind == ERR_INPUT && e.where == NULL ? cli_misuse(cli, e.msg) : cli_fail(cli, e);
    (void)signal(SIGPIPE, SIG_IGN); /* a client that left is a failed write */
    bridge_init(&b);
    carry(&b);
    bridge_end(&b, WAIT_S);
    return CLI_YES;
}

static const struct cli_option options[] = {
    {"url", "URL",
     "the engine over TCP, https://engine.example.com say, instead of its Unix socket"},
    {"client", "ID", "call as llm:ID.SESSION, a registered client, instead of llm:cli.PID"},
    {"key", "FILE", "of --client: its private key"},
    {"for", "PRINCIPAL", "of --client: the principal_id of the person it acts for"},
    {"session", "NAME", "of --client: the session's name; this process's number when left out"},
};

const struct command command_mcp_stdio = {
    .name = "mcp-stdio",
    .args = "",
    .summary = "MCP on standard input and output, for clients that start a process",
    .help =
        "Each line of standard input is a JSON-RPC message for the running engine; each line of\n"
        "standard output is one of its. Both eras of MCP are served. Over the Unix socket the\n"
        "kernel says who calls: an agent of the person that this user of this host is linked to,\n"
        "never that person. The end of the input ends the session, after open calls have their\n"
        "answers (30 seconds at most). Nothing but messages is printed; the log is on standard\n"
        "error. Over https CLOSEGATE_CLI_CA pins who vouches for the engine, and "
        "CLOSEGATE_CLI_CERT\n"
        "and CLOSEGATE_CLI_KEY are shown to it. docs/clients/ says how to set up the clients we\n"
        "know.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_mcp_stdio,
};
