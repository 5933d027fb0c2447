/* The engine's table, and what no single row can say. */
#include "common/sys/config.h"

#include <string.h>

#include "common/sys/config_rows.h"

#define AT(member) .offset = offsetof(struct config, member)

static const struct setting rows[] = {
    ROW_ENV,
    {.name = "CLOSEGATE_DATA_DIR",
     .type = SETTING_PATH,
     AT(data_dir),
     .fallback = "/var/lib/closegate",
     .help = "The folder of recon.db and the engine's keys and socket."},
    {.name = "CLOSEGATE_KEY_DIR",
     .type = SETTING_PATH,
     AT(key_dir),
     .help = "The folder of log.key; the data folder when unset. A folder of its own: the engine "
             "cannot read it, a process of its own holds the keys and signs for it."},
    {.name = "CLOSEGATE_POLICY",
     .type = SETTING_PATH,
     AT(policy),
     .help = "The policy file; policy.yaml in the data folder when unset."},
    {.name = "CLOSEGATE_ENGINE_LISTEN",
     .type = SETTING_LISTEN,
     AT(engine_listen),
     .fallback = "127.0.0.1:8001",
     .help = "Where the MCP server listens; the host is numeric."},
    ROWS_TLS("CLOSEGATE_ENGINE", tls),
    {.name = "CLOSEGATE_ENGINE_SOCKET",
     .type = SETTING_PATH,
     AT(engine_socket),
     .help = "The engine's Unix socket; engine.sock in the data folder when unset."},
    {.name = "CLOSEGATE_ENGINE_AUDIENCE",
     .type = SETTING_TEXT,
     AT(engine_audience),
     .fallback = "closegate-engine",
     .help = "The aud that actor assertions for this engine name."},
    {.name = "CLOSEGATE_ENGINE_RESOURCE",
     .type = SETTING_TEXT,
     AT(engine_resource),
     .help = "With CLOSEGATE_AUTH_BACKEND=oidc: the engine's address as its clients know it, such "
             "as https://closegate.example.com/mcp; access tokens name exactly it as their aud. "
             "In dev CLOSEGATE_ENGINE_LISTEN and /mcp when unset."},
    {.name = "CLOSEGATE_ENGINE_OIDC_CLIENTS",
     .type = SETTING_LIST,
     AT(engine_oidc_clients),
     .fallback = "",
     .help = "client=id, client=id: what the provider calls clients that are registered here under "
             "another id; others go by the provider's."},
    {.name = "CLOSEGATE_AUTH_BACKEND",
     .type = SETTING_CHOICE,
     AT(auth_backend),
     .choices = "header-trust|oidc|dev",
     .fallback = "header-trust",
     .help = "How a caller is known; dev only with CLOSEGATE_ENV=dev, oidc with "
             "CLOSEGATE_OIDC_ISSUER and CLOSEGATE_ENGINE_RESOURCE."},
    {.name = "CLOSEGATE_HEADER_TRUST_HEADER",
     .type = SETTING_TEXT,
     AT(header_trust_header),
     .fallback = "X-Actor-Id",
     .help = "The header in which a trusted proxy names the actor."},
    {.name = "CLOSEGATE_TRUSTED_PROXIES",
     .type = SETTING_NETWORKS,
     AT(trusted_proxies),
     .fallback = "127.0.0.0/8, ::1/128",
     .help = "The networks whose word about the actor is taken."},
    {.name = "CLOSEGATE_FORWARDER_KEYS",
     .type = SETTING_TEXT,
     AT(forwarder_keys),
     .help = "client=key,…: Ed25519 public keys (base64url) of clients that count instead of the "
             "registry's."},
    {.name = "CLOSEGATE_CA_FILE",
     .type = SETTING_PATH,
     AT(ca_file),
     .help = "Certificates (PEM) of a private CA that outgoing TLS trusts besides the system's: "
             "the identity "
             "provider's and its keys'. "
             "Read at the start."},
    {.name = "CLOSEGATE_CLI_CA",
     .type = SETTING_PATH,
     AT(cli_tls.peer_ca),
     .help =
         "Certificates (PEM) of the only ones who vouch for the engine that mcp-stdio --url and "
         "call --as reach over https; the system's and CLOSEGATE_CA_FILE's when unset."},
    {.name = "CLOSEGATE_CLI_CERT",
     .type = SETTING_PATH,
     AT(cli_tls.cert),
     .help = "The certificate (PEM) that those commands show the engine."},
    {.name = "CLOSEGATE_CLI_KEY",
     .type = SETTING_PATH,
     AT(cli_tls.key),
     .help = "That certificate's private key (PEM, unencrypted), mode 0600."},
    {.name = "CLOSEGATE_OIDC_ISSUER",
     .type = SETTING_TEXT,
     AT(oidc_issuer),
     .fallback = "",
     .help = "The identity provider, exactly as it calls itself: whose access tokens count with "
             "CLOSEGATE_AUTH_BACKEND=oidc; with it, in prod, decisions of T3 "
             "take a login made for that decision, which the engine checks itself."},
    {.name = "CLOSEGATE_OIDC_CLIENT_ID",
     .type = SETTING_TEXT,
     AT(oidc_client_id),
     .fallback = "",
     .help = "What the provider calls the workspace: the audience of such a login's ID token."},
    {.name = "CLOSEGATE_OIDC_ACR",
     .type = SETTING_LIST,
     AT(oidc_acr),
     .fallback = "",
     .help = "The acr values of which such a login has to have one; any when unset."},
    {.name = "CLOSEGATE_OIDC_CLOCK_SKEW_SECONDS",
     .type = SETTING_INT,
     AT(oidc_skew_seconds),
     .fallback = "60",
     .min = 0,
     .max = 300,
     .help = "How far the provider's clock and ours may differ."},
    {.name = "CLOSEGATE_DPOP",
     .type = SETTING_CHOICE,
     AT(dpop),
     .choices = "required|optional",
     .fallback = "optional",
     .help = "Whether only access tokens that are bound to a client's key are taken; those that "
             "are take a DPoP proof with every request in any case."},
    {.name = "CLOSEGATE_DPOP_NONCE",
     .type = SETTING_CHOICE,
     AT(dpop_nonce),
     .choices = "required|optional",
     .fallback = "required",
     .help = "Whether a DPoP proof has to carry a nonce that this process gave out."},
    {.name = "CLOSEGATE_DPOP_BODY_HASH",
     .type = SETTING_CHOICE,
     AT(dpop_body),
     .choices = "required|optional",
     .fallback = "optional",
     .help = "Whether a DPoP proof has to say for which body it is (bh, our own claim); one that "
             "does is held to it in any case."},
    {.name = "CLOSEGATE_ALLOWED_ORIGINS",
     .type = SETTING_LIST,
     AT(allowed_origins),
     .fallback = "",
     .help = "Values of the Origin header that are let in; in dev this machine's own are too."},
    {.name = "CLOSEGATE_ALLOWED_HOSTS",
     .type = SETTING_LIST,
     AT(allowed_hosts),
     .fallback = "",
     .help = "Further values of the Host header that are let in, besides this machine's own."},
    {.name = "CLOSEGATE_INGEST_DIRS",
     .type = SETTING_LIST,
     AT(ingest_dirs),
     .fallback = "",
     .help = "Folders, besides the data folder, that the engine may read files from which are "
             "ingested by their path: those too large (512 KiB) to be sent to it."},
    ROW_UNSAFE_NO_CONFINEMENT,
    ROW_LOG_LEVEL,
    ROW_MAX_CONNECTIONS,
    ROW_MAX_CONNECTIONS_PER_PEER,
    ROWS_HTTP_PACE,
    {.name = "CLOSEGATE_ACTOR_RATE",
     .type = SETTING_INT,
     AT(actor_rate),
     .fallback = "1000",
     .min = 0,
     .max = 1000000,
     .help = "Requests a second of one caller (twice as many at once): of a person, or of what a "
             "client does for one; 0 for any."},
    {.name = "CLOSEGATE_ACTOR_IN_FLIGHT",
     .type = SETTING_INT,
     AT(actor_in_flight),
     .fallback = "256",
     .min = 0,
     .max = 100000,
     .help = "Requests of one caller that are under way at a time, subscriptions too; 0 for any."},
    {.name = "CLOSEGATE_METRICS_PEERS",
     .type = SETTING_NETWORKS,
     AT(metrics_peers),
     .fallback = "127.0.0.0/8, ::1/128",
     .help = "The networks that may read /metrics; the Unix socket always may, a request that a "
             "proxy forwarded never."},
    {.name = "CLOSEGATE_CLOCK_JUMP_SECONDS",
     .type = SETTING_INT,
     AT(clock_jump_seconds),
     .fallback = "3600",
     .min = 0,
     .max = 31536000,
     .help =
         "A clock that jumps further forward under the running engine stops commits until it is "
         "set right or acknowledged (closegate-engine clock ack); 0 for never."},
    {.name = "CLOSEGATE_WORKSPACE_URL",
     .type = SETTING_TEXT,
     AT(workspace_url),
     .fallback = "",
     .help = "Where people find the approval inbox, such as https://closegate.example.com: clients "
             "whose call waits for a human are pointed there."},
    {.name = "CLOSEGATE_SWEEP_SECONDS",
     .type = SETTING_INT,
     AT(sweep_seconds),
     .fallback = "60",
     .min = 0,
     .max = 86400,
     .help = "How often the engine does its housekeeping (what expires, what aged); 0 for never: "
             "then closegate-engine sweep is for cron."},
    {.name = "CLOSEGATE_RECEIPTS",
     .type = SETTING_CHOICE,
     AT(receipts),
     .choices = "on|off",
     .fallback = "on",
     .help = "off signs no heads of the log and gives no receipts, for measuring what they cost; "
             "refused while CLOSEGATE_ENV is prod."},
    {.name = "CLOSEGATE_WITNESSES",
     .type = SETTING_LIST,
     AT(witnesses),
     .fallback = "",
     .help =
         "Whom the log's checkpoints are brought to for cosigning: `VKEY URL, VKEY URL`, each a "
         "witness's verifier key (closegate-witness key) and the URL below which it takes "
         "add-checkpoint."},
    {.name = "CLOSEGATE_WITNESS_MODE",
     .type = SETTING_CHOICE,
     AT(witness_mode),
     .choices = "advisory|required",
     .fallback = "advisory",
     .help = "What it means that events are not cosigned: it is reported, or changes are refused "
             "as well once the oldest of them is older than CLOSEGATE_WITNESS_MAX_AGE."},
    {.name = "CLOSEGATE_WITNESS_QUORUM",
     .type = SETTING_INT,
     AT(witness_quorum),
     .fallback = "1",
     .min = 1,
     .max = WITNESSES_MAX,
     .help = "How many witnesses must have cosigned a checkpoint over an event for it to count as "
             "cosigned."},
    {.name = "CLOSEGATE_WITNESS_MAX_AGE",
     .type = SETTING_INT,
     AT(witness_max_age),
     .fallback = "300",
     .min = 1,
     .max = 31536000,
     .help = "Seconds that an event may wait for its quorum before changes are refused, where "
             "witnesses are required."},
    {.name = "CLOSEGATE_FX_ADAPTER",
     .type = SETTING_CHOICE,
     AT(fx_adapter),
     .choices = "fixed",
     .fallback = "fixed",
     .help = "Where exchange rates come from."},
    {.name = "CLOSEGATE_FX_ADAPTER_PROD_GUARD",
     .type = SETTING_CHOICE,
     AT(fx_adapter_prod_guard),
     .choices = "warn|refuse",
     .fallback = "warn",
     .help = "What a fixed rate table in prod means: a loud warning, or no start."},
};

/* One file may configure both daemons. */
static const char *const foreign[] = {
    "CLOSEGATE_AGENT_*",
    "CLOSEGATE_ENGINE_URL",
    "CLOSEGATE_LLM_*",
    "CLOSEGATE_NOTIFY_*",
    "CLOSEGATE_OIDC_*",
    "CLOSEGATE_SMTP_*",
    "CLOSEGATE_PUSH_*",
    "CLOSEGATE_HEADER_TRUST_JWKS*",
    "CLOSEGATE_HEADER_TRUST_JWT_*",
    "CLOSEGATE_SLACK_*",
    "CLOSEGATE_TEAMS_*",
    "CLOSEGATE_WITNESS_NAME", /* closegate-witness's own */
    "CLOSEGATE_WITNESS_DATA_DIR",
    "CLOSEGATE_WITNESS_LISTEN",
    "CLOSEGATE_WITNESS_LOGS",
    "CLOSEGATE_WITNESS_FOLLOW",
    "CLOSEGATE_WITNESS_FOLLOW_SECONDS",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_API_KEY_FILE",
    "OPENAI_API_KEY",
    "OPENAI_API_KEY_FILE",
    "CLOSEGATE_NO_INSTALL", /* deploy/quickstart's */
    NULL,
};

static const struct settings_table table = {
    .prefix = "CLOSEGATE_",
    .rows = rows,
    .n = sizeof rows / sizeof rows[0],
    .foreign = foreign,
};

static bool is_header_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-";
    size_t len = strlen(name);
    return len > 0 && len <= 64 && strspn(name, allowed) == len;
}

static struct err witnesses_check(const struct config *c)
{
    const bool required = c->witness_mode == WITNESS_REQUIRED;
    if (c->witness_list.n > 0 && c->witness_quorum > (int64_t)c->witness_list.n)
        return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_QUORUM", "there are fewer witnesses than that");
    if (required && c->witness_list.n == 0)
        return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_MODE",
                      "required needs witnesses: CLOSEGATE_WITNESSES names none");
    if (required && c->receipts == CONFIG_RECEIPTS_OFF)
        return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_MODE",
                      "required needs signed heads, and CLOSEGATE_RECEIPTS is off");
    return OK;
}

static struct err check(const struct config *c)
{
    TRY(witnesses_check(c));
    if (c->env == CONFIG_PROD && c->auth_backend == CONFIG_AUTH_DEV)
        return err_at(ERR_INPUT, "CLOSEGATE_AUTH_BACKEND",
                      "dev is refused while CLOSEGATE_ENV is prod");
    if (!is_header_name(c->header_trust_header))
        return err_at(ERR_INPUT, "CLOSEGATE_HEADER_TRUST_HEADER",
                      "a header name of letters, digits and hyphens is expected");
    if (c->env == CONFIG_PROD && c->fx_adapter == CONFIG_FX_FIXED &&
        c->fx_adapter_prod_guard == CONFIG_GUARD_REFUSE)
        return err_at(
            ERR_INPUT, "CLOSEGATE_FX_ADAPTER",
            "fixed rates are refused while CLOSEGATE_ENV is prod and the guard is refuse");
    if (c->env == CONFIG_PROD && c->receipts == CONFIG_RECEIPTS_OFF)
        return err_at(ERR_INPUT, "CLOSEGATE_RECEIPTS",
                      "off is refused while CLOSEGATE_ENV is prod");
    if (strlen(c->engine_socket) > 107)
        return err_at(ERR_INPUT, "CLOSEGATE_ENGINE_SOCKET",
                      "a Unix socket's path has at most 107 bytes");
    return OK;
}

struct err config_load(struct arena *arena, const char *file, const char *const *env,
                       struct config *out)
{
    *out = (struct config){0};
    TRY(settings_load(arena, &table, file, env, out));
    if (out->policy == NULL)
        out->policy = arena_fmt(arena, "%s/policy.yaml", out->data_dir);
    if (out->key_dir == NULL)
        out->key_dir = out->data_dir;
    if (out->engine_socket == NULL)
        out->engine_socket = arena_fmt(arena, "%s/engine.sock", out->data_dir);
    if (out->engine_resource == NULL && out->env == CONFIG_DEV)
        out->engine_resource = arena_fmt(
            arena, "%s://%s/mcp", out->tls.cert == NULL ? "http" : "https", out->engine_listen);
    TRY(arena_check(arena));
    TRY(err_in(witness_list_read(arena, &out->witnesses, &out->witness_list),
               "CLOSEGATE_WITNESSES"));
    TRY(config_rows_check_tls(arena, "CLOSEGATE_ENGINE", &out->tls));
    if ((out->cli_tls.cert == NULL) != (out->cli_tls.key == NULL))
        return err_at(ERR_INPUT, "CLOSEGATE_CLI_KEY",
                      "a certificate and its key are set together, or neither");
    return check(out);
}

void config_print_reference(struct buf *out)
{
    buf_puts(out, "# Settings of closegate-engine\n\n"
                  "From the environment, or from a file of `NAME=value` lines (`#` starts a "
                  "comment line); the environment wins. An unknown `CLOSEGATE_` name is "
                  "refused.\n\n");
    settings_print_reference(&table, out);
}
