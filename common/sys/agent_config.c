/* The agent's table of settings, and what no single row can say. */
#include "common/sys/agent_config.h"

#include <string.h>

#include "common/sys/config_rows.h"

#define AT(member) .offset = offsetof(struct agent_config, member)

static const struct setting rows[] = {
    ROW_ENV,
    {.name = "CLOSEGATE_AGENT_DATA_DIR",
     .type = SETTING_PATH,
     AT(data_dir),
     .fallback = "/var/lib/closegate-agent",
     .help = "The folder of agent.db and the agent's own keys."},
    {.name = "CLOSEGATE_AGENT_LISTEN",
     .type = SETTING_LISTEN,
     AT(listen),
     .fallback = "127.0.0.1:8000",
     .help = "Where the workspace is served; the host is numeric."},
    ROWS_TLS("CLOSEGATE_AGENT", tls),
    {.name = "CLOSEGATE_WORKSPACE_URL",
     .type = SETTING_TEXT,
     AT(workspace_url),
     .help = "Where browsers find the workspace, such as https://closegate.example.com; in dev the "
             "listening address when unset."},
    {.name = "CLOSEGATE_ENGINE_URL",
     .type = SETTING_TEXT,
     AT(engine_url),
     .fallback = "http://127.0.0.1:8001/mcp",
     .help = "The engine's MCP endpoint."},
    {.name = "CLOSEGATE_AGENT_ENGINE_CA",
     .type = SETTING_PATH,
     AT(engine_tls.peer_ca),
     .help = "Certificates (PEM) of the only ones who vouch for the engine of an https:// "
             "CLOSEGATE_ENGINE_URL; the system's and CLOSEGATE_CA_FILE's when unset."},
    {.name = "CLOSEGATE_AGENT_ENGINE_CERT",
     .type = SETTING_PATH,
     AT(engine_tls.cert),
     .help = "The certificate (PEM) that we show the engine."},
    {.name = "CLOSEGATE_AGENT_ENGINE_KEY",
     .type = SETTING_PATH,
     AT(engine_tls.key),
     .help = "That certificate's private key (PEM, unencrypted), mode 0600."},
    {.name = "CLOSEGATE_CA_FILE",
     .type = SETTING_PATH,
     AT(ca_file),
     .help = "Certificates (PEM) of a private CA that outgoing TLS trusts besides the system's: "
             "the identity "
             "provider's, the engine's, a proxy's keys', mail's and chat's. "
             "Read at the start."},
    {.name = "CLOSEGATE_ENGINE_AUDIENCE",
     .type = SETTING_TEXT,
     AT(engine_audience),
     .fallback = "closegate-engine",
     .help = "The aud of our actor assertions: the engine's setting of the same name."},
    {.name = "CLOSEGATE_AGENT_WORKSPACE_CLIENT",
     .type = SETTING_TEXT,
     AT(workspace_client),
     .fallback = "workspace",
     .help = "The registered client of kind workspace that speaks for signed-in people."},
    {.name = "CLOSEGATE_AGENT_WORKSPACE_KEY",
     .type = SETTING_PATH,
     AT(workspace_key),
     .help = "That client's private key; workspace.key in the agent's data folder when unset."},
    {.name = "CLOSEGATE_AGENT_NOTIFIER_CLIENT",
     .type = SETTING_TEXT,
     AT(notifier_client),
     .fallback = "notifier",
     .help = "The registered client of kind service that follows escalations and reports "
             "deliveries."},
    {.name = "CLOSEGATE_AGENT_NOTIFIER_KEY",
     .type = SETTING_PATH,
     AT(notifier_key),
     .help = "That client's private key; notifier.key in the agent's data folder when unset."},
    {.name = "CLOSEGATE_AGENT_ENGINE_TIMEOUT_MS",
     .type = SETTING_INT,
     AT(engine_timeout_ms),
     .fallback = "10000",
     .min = 100,
     .max = 600000,
     .help = "How long a call to the engine may take; a pass of the matcher may take ten times "
             "that."},
    {.name = "CLOSEGATE_AGENT_AUTH_BACKEND",
     .type = SETTING_CHOICE,
     AT(auth_backend),
     .choices = "oidc|header-trust|dev",
     .fallback = "oidc",
     .help = "How people sign in; dev only with CLOSEGATE_ENV=dev."},
    {.name = "CLOSEGATE_HEADER_TRUST_HEADER",
     .type = SETTING_TEXT,
     AT(header_trust_header),
     .fallback = "X-Actor-Id",
     .help = "header-trust: the header in which a trusted proxy names the person."},
    {.name = "CLOSEGATE_TRUSTED_PROXIES",
     .type = SETTING_NETWORKS,
     AT(trusted_proxies),
     .fallback = "127.0.0.0/8, ::1/128",
     .help = "The networks whose word about the person is taken."},
    {.name = "CLOSEGATE_HEADER_TRUST_JWKS",
     .type = SETTING_TEXT,
     AT(proxy_jwt.jwks),
     .help = "header-trust: where the proxy publishes the keys that sign its tokens; required in "
             "prod."},
    {.name = "CLOSEGATE_HEADER_TRUST_JWT_HEADER",
     .type = SETTING_TEXT,
     AT(proxy_jwt.header),
     .fallback = "X-Forwarded-Jwt",
     .help = "The header with the proxy's token, such as Cf-Access-Jwt-Assertion."},
    {.name = "CLOSEGATE_HEADER_TRUST_JWT_ISSUER",
     .type = SETTING_TEXT,
     AT(proxy_jwt.issuer),
     .help = "The iss of the proxy's tokens."},
    {.name = "CLOSEGATE_HEADER_TRUST_JWT_AUDIENCE",
     .type = SETTING_TEXT,
     AT(proxy_jwt.audience),
     .help = "The aud that the proxy's tokens have for this workspace."},
    {.name = "CLOSEGATE_HEADER_TRUST_JWT_CLAIM",
     .type = SETTING_TEXT,
     AT(proxy_jwt.claim),
     .fallback = "email",
     .help = "The claim of the proxy's tokens that names the person, as it is linked."},
    {.name = "CLOSEGATE_OIDC_ISSUER",
     .type = SETTING_TEXT,
     AT(oidc.issuer),
     .help = "oidc: the identity provider, exactly as it calls itself."},
    {.name = "CLOSEGATE_OIDC_CLIENT_ID",
     .type = SETTING_TEXT,
     AT(oidc.client_id),
     .help = "oidc: what the provider calls this workspace."},
    {.name = "CLOSEGATE_OIDC_CLIENT_SECRET",
     .type = SETTING_TEXT,
     .secret = true,
     AT(oidc.client_secret),
     .help = "oidc: our secret at the provider; unset for a public client."},
    {.name = "CLOSEGATE_OIDC_CLIENT_AUTH",
     .type = SETTING_CHOICE,
     AT(oidc.client_auth),
     .choices = "auto|basic|post|none",
     .fallback = "auto",
     .help = "How the secret is sent: client_secret_basic, client_secret_post, not at all; auto "
             "asks the provider's document."},
    {.name = "CLOSEGATE_OIDC_SCOPES",
     .type = SETTING_TEXT,
     AT(oidc.scopes),
     .fallback = "openid email profile",
     .help = "What is asked for at a sign-in; openid is part of it."},
    {.name = "CLOSEGATE_OIDC_MAX_AGE_SECONDS",
     .type = SETTING_INT,
     AT(oidc.max_age_s),
     .fallback = "43200",
     .min = 0,
     .max = 2592000,
     .help = "The provider asks people to log in again when their login is older; 0 for a provider "
             "that does not tell when they did."},
    {.name = "CLOSEGATE_OIDC_ACR",
     .type = SETTING_LIST,
     AT(oidc.acr),
     .help = "The acr values of which a fresh login has to have one; any when unset."},
    {.name = "CLOSEGATE_OIDC_CLOCK_SKEW_SECONDS",
     .type = SETTING_INT,
     AT(oidc.skew_s),
     .fallback = "60",
     .min = 0,
     .max = 300,
     .help = "How far the provider's clock and ours may differ."},
    {.name = "CLOSEGATE_OIDC_ROLES_CLAIM",
     .type = SETTING_TEXT,
     AT(oidc.roles_claim),
     .fallback = "groups",
     .help = "The claim that lists a person's groups; a JSON pointer when it begins with a slash."},
    {.name = "CLOSEGATE_OIDC_ROLES",
     .type = SETTING_LIST,
     AT(oidc.roles),
     .help = "Which groups may sign in, as group=role, …; whoever the registry knows when unset. "
             "What they may do is the registry's to say."},
    {.name = "CLOSEGATE_AGENT_LOGINS_PER_MINUTE",
     .type = SETTING_INT,
     AT(oidc.logins_per_minute),
     .fallback = "30",
     .min = 1,
     .max = 100000,
     .help = "Sign-ins of one peer address; more are told to wait."},
    {.name = "CLOSEGATE_AGENT_SESSION_IDLE_MINUTES",
     .type = SETTING_INT,
     AT(session_idle_minutes),
     .fallback = "30",
     .min = 1,
     .max = 1440,
     .help = "A session that is not used for so long ends."},
    {.name = "CLOSEGATE_AGENT_SESSION_HOURS",
     .type = SETTING_INT,
     AT(session_hours),
     .fallback = "12",
     .min = 1,
     .max = 168,
     .help = "No session lasts longer, used or not."},
    {.name = "CLOSEGATE_AGENT_WORKERS",
     .type = SETTING_INT,
     AT(workers),
     .fallback = "8",
     .min = 1,
     .max = 128,
     .help = "How many requests are worked on at the same time; others queue."},
    ROW_MAX_CONNECTIONS,
    ROW_MAX_CONNECTIONS_PER_PEER,
    ROWS_HTTP_PACE,
    {.name = "CLOSEGATE_METRICS_PEERS",
     .type = SETTING_NETWORKS,
     AT(metrics_peers),
     .fallback = "127.0.0.0/8, ::1/128",
     .help = "The networks that may read /metrics; a request that a proxy forwarded never."},
    ROW_LOG_LEVEL,
    ROW_UNSAFE_NO_CONFINEMENT,
    {.name = "CLOSEGATE_SLACK_BOT_TOKEN",
     .type = SETTING_TEXT,
     .secret = true,
     AT(notify.slack_bot_token),
     .help = "The Slack app's bot token (chat:write); without one Slack gets nothing."},
    {.name = "CLOSEGATE_SLACK_CHANNEL",
     .type = SETTING_TEXT,
     AT(notify.slack_channel),
     .help = "The id of the Slack channel that notices go to, such as C0123456789."},
    {.name = "CLOSEGATE_SLACK_SIGNING_SECRET",
     .type = SETTING_TEXT,
     .secret = true,
     AT(notify.slack_signing_secret),
     .help = "The Slack app's signing secret; without one no button and no command of Slack is "
             "taken."},
    {.name = "CLOSEGATE_SLACK_API_URL",
     .type = SETTING_TEXT,
     AT(notify.slack_api_url),
     .fallback = "https://slack.com/api",
     .help = "Slack's Web API; another one only for tests and GovSlack."},
    {.name = "CLOSEGATE_TEAMS_WEBHOOK_URL",
     .type = SETTING_TEXT,
     .secret = true,
     AT(notify.teams_webhook_url),
     .help = "The URL of a Workflows webhook in Teams; without one Teams gets nothing."},
    {.name = "CLOSEGATE_SMTP_URL",
     .type = SETTING_TEXT,
     AT(notify.smtp_url),
     .help = "smtp://host:port (STARTTLS when offered, demanded with a password) or "
             "smtps://host:port; without one no mail is sent."},
    {.name = "CLOSEGATE_SMTP_FROM",
     .type = SETTING_TEXT,
     AT(notify.smtp_from),
     .help = "The sender's address of mails."},
    {.name = "CLOSEGATE_SMTP_USER",
     .type = SETTING_TEXT,
     AT(notify.smtp_user),
     .help = "The user at the mail server; none when unset."},
    {.name = "CLOSEGATE_SMTP_PASSWORD",
     .type = SETTING_TEXT,
     .secret = true,
     AT(notify.smtp_password),
     .help = "That user's password."},
    {.name = "CLOSEGATE_PUSH_ENABLED",
     .type = SETTING_BOOL,
     AT(notify.push),
     .fallback = "false",
     .help = "Reminders as web push messages to browsers whose person asked for them."},
    {.name = "CLOSEGATE_PUSH_CONTACT",
     .type = SETTING_TEXT,
     AT(notify.push_contact),
     .help = "mailto: or https: address told to push services, needed with "
             "CLOSEGATE_PUSH_ENABLED."},
    {.name = "CLOSEGATE_NOTIFY_ATTEMPTS",
     .type = SETTING_INT,
     AT(notify.attempts),
     .fallback = "12",
     .min = 1,
     .max = 100,
     .help = "How often a notice is tried before it is a dead letter."},
    {.name = "CLOSEGATE_NOTIFY_BACKOFF_MS",
     .type = SETTING_INT,
     AT(notify.backoff_ms),
     .fallback = "2000",
     .min = 1,
     .max = 600000,
     .help = "The pause after the first failed attempt; it doubles, with jitter, up to a quarter "
             "of an hour."},
    {.name = "CLOSEGATE_NOTIFY_ALLOW",
     .type = SETTING_LIST,
     AT(notify.allow),
     .fallback = "",
     .help = "host:port of chat and push services that may be at a private address; all others "
             "have to be public."},
};

/* One file may configure both daemons. */
static const char *const foreign[] = {
    "CLOSEGATE_DATA_DIR",
    "CLOSEGATE_POLICY",
    "CLOSEGATE_ENGINE_LISTEN",
    "CLOSEGATE_ENGINE_OIDC_CLIENTS",
    "CLOSEGATE_ENGINE_RESOURCE",
    "CLOSEGATE_ENGINE_SOCKET",
    "CLOSEGATE_ENGINE_TLS_*",
    "CLOSEGATE_ACTOR_*",
    "CLOSEGATE_AUTH_BACKEND",
    "CLOSEGATE_DPOP*",
    "CLOSEGATE_FORWARDER_KEYS",
    "CLOSEGATE_ALLOWED_ORIGINS",
    "CLOSEGATE_ALLOWED_HOSTS",
    "CLOSEGATE_CLI_*",
    "CLOSEGATE_CLOCK_JUMP_SECONDS",
    "CLOSEGATE_INGEST_DIRS",
    "CLOSEGATE_KEY_DIR",
    "CLOSEGATE_SWEEP_SECONDS",
    "CLOSEGATE_FX_*",
    "CLOSEGATE_RECEIPTS",
    "CLOSEGATE_WITNESSES",
    "CLOSEGATE_WITNESS_*",
    "CLOSEGATE_LLM_*", /* llm_config.h, which also takes these */
    "CLOSEGATE_AGENT_MODEL",
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

static bool is_https(const char *url)
{
    return strncmp(url, "https://", 8) == 0 && url[8] != '\0';
}

static bool is_http(const char *url)
{
    return strncmp(url, "http://", 7) == 0 && url[7] != '\0';
}

static struct err check_engine_tls(const struct agent_config *c)
{
    const struct tls_files *tls = &c->engine_tls;
    if ((tls->cert == NULL) != (tls->key == NULL))
        return err_at(ERR_INPUT, "CLOSEGATE_AGENT_ENGINE_KEY",
                      "a certificate and its key are set together, or neither");
    if ((tls->cert != NULL || tls->peer_ca != NULL) && !is_https(c->engine_url))
        return err_at(ERR_INPUT, "CLOSEGATE_ENGINE_URL",
                      "an https:// address is expected, since certificates are named for it");
    return OK;
}

static struct err check_urls(struct arena *arena, struct agent_config *c)
{
    const bool dev = c->env == CONFIG_DEV;
    if (c->workspace_url == NULL && dev)
        c->workspace_url =
            arena_fmt(arena, "%s://%s", c->tls.cert == NULL ? "http" : "https", c->listen);
    TRY(arena_check(arena));
    if (c->workspace_url == NULL)
        return err_at(ERR_INPUT, "CLOSEGATE_WORKSPACE_URL",
                      "has to be set while CLOSEGATE_ENV is prod");
    if (!is_https(c->workspace_url) && !(dev && is_http(c->workspace_url)))
        return err_at(ERR_INPUT, "CLOSEGATE_WORKSPACE_URL", "an https:// address is expected");
    if (c->workspace_url[strlen(c->workspace_url) - 1] == '/')
        return err_at(ERR_INPUT, "CLOSEGATE_WORKSPACE_URL", "no slash at its end, please");
    if (!is_https(c->engine_url) && !is_http(c->engine_url))
        return err_at(ERR_INPUT, "CLOSEGATE_ENGINE_URL", "an address is expected");
    return check_engine_tls(c);
}

static struct err check_oidc(const struct agent_config *c)
{
    const struct oidc_config *o = &c->oidc;
    if (text_empty(o->issuer))
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_ISSUER",
                      "has to be set while CLOSEGATE_AGENT_AUTH_BACKEND is oidc");
    if (!is_https(o->issuer) && !(c->env == CONFIG_DEV && is_http(o->issuer)))
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_ISSUER", "an https:// address is expected");
    if (text_empty(o->client_id))
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_CLIENT_ID",
                      "has to be set while CLOSEGATE_AGENT_AUTH_BACKEND is oidc");
    if ((o->client_auth == CLIENT_AUTH_BASIC || o->client_auth == CLIENT_AUTH_POST) &&
        text_empty(o->client_secret))
        return err_at(ERR_INPUT, "CLOSEGATE_OIDC_CLIENT_SECRET",
                      "has to be set while CLOSEGATE_OIDC_CLIENT_AUTH sends it");
    for (size_t i = 0; i < o->roles.n; i++) {
        const char *eq = strrchr(o->roles.items[i], '=');
        if (eq == NULL || eq == o->roles.items[i] || eq[1] == '\0')
            return err_at(ERR_INPUT, "CLOSEGATE_OIDC_ROLES", "each has to read group=role");
    }
    return OK;
}

static struct err check_header_trust(const struct agent_config *c)
{
    const struct proxy_jwt_config *p = &c->proxy_jwt;
    const bool dev = c->env == CONFIG_DEV;
    if (p->jwks == NULL && dev)
        return OK;
    if (text_empty(p->jwks))
        return err_at(ERR_INPUT, "CLOSEGATE_HEADER_TRUST_JWKS",
                      "has to be set while CLOSEGATE_ENV is prod: a header alone shows nobody");
    if (!is_https(p->jwks) && !(dev && is_http(p->jwks)))
        return err_at(ERR_INPUT, "CLOSEGATE_HEADER_TRUST_JWKS", "an https:// address is expected");
    if (text_empty(p->issuer))
        return err_at(ERR_INPUT, "CLOSEGATE_HEADER_TRUST_JWT_ISSUER",
                      "has to be set with CLOSEGATE_HEADER_TRUST_JWKS");
    if (text_empty(p->audience))
        return err_at(ERR_INPUT, "CLOSEGATE_HEADER_TRUST_JWT_AUDIENCE",
                      "has to be set with CLOSEGATE_HEADER_TRUST_JWKS");
    return OK;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static struct err check_chat(const struct notify_config *n, bool dev)
{
    if (is_set(n->slack_bot_token) != is_set(n->slack_channel))
        return err_at(ERR_INPUT, "CLOSEGATE_SLACK_CHANNEL",
                      "CLOSEGATE_SLACK_BOT_TOKEN and this are set together, or neither");
    if (!is_https(n->slack_api_url) && !(dev && is_http(n->slack_api_url)))
        return err_at(ERR_INPUT, "CLOSEGATE_SLACK_API_URL", "an https:// address is expected");
    if (n->teams_webhook_url != NULL && !is_https(n->teams_webhook_url) &&
        !(dev && is_http(n->teams_webhook_url)))
        return err_at(ERR_INPUT, "CLOSEGATE_TEAMS_WEBHOOK_URL", "an https:// address is expected");
    return OK;
}

static struct err check_notify(const struct notify_config *n, bool dev)
{
    TRY(check_chat(n, dev));
    if (is_set(n->smtp_url) != is_set(n->smtp_from))
        return err_at(ERR_INPUT, "CLOSEGATE_SMTP_FROM",
                      "CLOSEGATE_SMTP_URL and this are set together, or neither");
    if (is_set(n->smtp_user) != is_set(n->smtp_password))
        return err_at(ERR_INPUT, "CLOSEGATE_SMTP_USER",
                      "CLOSEGATE_SMTP_PASSWORD and this are set together, or neither");
    if (is_set(n->smtp_url) && strncmp(n->smtp_url, "smtp://", 7) != 0 &&
        strncmp(n->smtp_url, "smtps://", 8) != 0)
        return err_at(ERR_INPUT, "CLOSEGATE_SMTP_URL", "smtp:// or smtps:// is expected");
    if (n->push && (n->push_contact == NULL ||
                    (strncmp(n->push_contact, "mailto:", 7) != 0 && !is_https(n->push_contact))))
        return err_at(ERR_INPUT, "CLOSEGATE_PUSH_CONTACT",
                      "mailto: or https: is expected, for CLOSEGATE_PUSH_ENABLED");
    return OK;
}

static struct err check(struct arena *arena, struct agent_config *c)
{
    if (c->env == CONFIG_PROD && c->auth_backend == AGENT_AUTH_DEV)
        return err_at(ERR_INPUT, "CLOSEGATE_AGENT_AUTH_BACKEND",
                      "dev is refused while CLOSEGATE_ENV is prod");
    if (c->auth_backend == AGENT_AUTH_OIDC)
        TRY(check_oidc(c));
    if (c->auth_backend == AGENT_AUTH_HEADER_TRUST)
        TRY(check_header_trust(c));
    TRY(check_notify(&c->notify, c->env == CONFIG_DEV));
    TRY(config_rows_check_tls(arena, "CLOSEGATE_AGENT", &c->tls));
    return check_urls(arena, c);
}

struct err agent_config_load(struct arena *arena, const char *file, const char *const *env,
                             struct agent_config *out)
{
    *out = (struct agent_config){0};
    TRY(settings_load(arena, &table, file, env, out));
    if (out->workspace_key == NULL)
        out->workspace_key = arena_fmt(arena, "%s/workspace.key", out->data_dir);
    if (out->notifier_key == NULL)
        out->notifier_key = arena_fmt(arena, "%s/notifier.key", out->data_dir);
    TRY(arena_check(arena));
    TRY(llm_config_load(arena, file, env, out->env == CONFIG_DEV, &out->llm));
    return check(arena, out);
}

void agent_config_print_reference(struct buf *out)
{
    buf_puts(out, "# Settings of closegate-agent\n\n"
                  "From the environment, or from a file of `NAME=value` lines (`#` starts a "
                  "comment line); the environment wins. An unknown `CLOSEGATE_` name is "
                  "refused.\n\n");
    settings_print_reference(&table, out);
    buf_puts(out,
             "\n# Settings of the model\n\n"
             "Without a key and without an address there is no chat. [LLM.md](LLM.md) says how "
             "each provider is set up.\n\n");
    llm_config_print_reference(out);
}
