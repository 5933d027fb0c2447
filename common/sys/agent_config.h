/* The agent's settings: CLOSEGATE_* from the environment or a file, typed and checked once, before
 * anything starts. `prod` is the default. docs/AGENT-CONFIG.md is agent_config_print_reference's
 * output. */
#ifndef COMMON_SYS_AGENT_CONFIG_H
#define COMMON_SYS_AGENT_CONFIG_H

#include "common/sys/config.h"
#include "common/sys/http_pace.h"
#include "common/sys/llm_config.h"

enum agent_client_auth { /* how we show ourselves at the provider's token endpoint */
                         CLIENT_AUTH_AUTO = 0,
                         CLIENT_AUTH_BASIC,
                         CLIENT_AUTH_POST,
                         CLIENT_AUTH_NONE,
};

/* oidc: the provider and what we are to it. */
struct oidc_config {
    const char *issuer, *client_id; /* NULL unless the backend is oidc */
    const char *client_secret;      /* NULL: a public client */
    int client_auth;                /* enum agent_client_auth */
    const char *scopes;
    int64_t max_age_s;       /* of a login that is taken; 0: any, and auth_time may lack */
    struct setting_list acr; /* of a fresh login, one of these; empty: any */
    int64_t skew_s;
    const char *roles_claim;
    struct setting_list roles; /* group=role; empty: whom the registry knows may sign in */
    int64_t logins_per_minute; /* of one peer address */
};

/* header-trust: a proxy's own signed token. */
struct proxy_jwt_config {
    const char *jwks; /* NULL: the bare header is believed; not in prod */
    const char *header, *issuer, *audience, *claim;
};

enum agent_auth { AGENT_AUTH_OIDC = 0, AGENT_AUTH_HEADER_TRUST, AGENT_AUTH_DEV };

/* Where notices go. A channel whose first setting is NULL (push: false) does not exist. */
struct notify_config {
    const char *slack_bot_token; /* NULL: Slack gets nothing */
    const char *slack_channel;
    const char *slack_signing_secret; /* NULL: nothing is taken from Slack */
    const char *slack_api_url;        /* without a slash at its end */
    const char *teams_webhook_url;    /* NULL: Teams gets nothing; a secret by itself */
    const char *smtp_url;             /* NULL: no mail */
    const char *smtp_from, *smtp_user, *smtp_password; /* user, password: may be NULL */
    bool push;
    const char *push_contact; /* mailto: or https:, for whoever runs a push service */
    int64_t attempts, backoff_ms;
    struct setting_list allow; /* host:port that may be a private address */
};

/* Texts live in the arena agent_config_load was given. None is NULL unless it says so. */
struct agent_config {
    int env;                   /* enum config_env */
    const char *data_dir;      /* agent.db, and keys that only the agent has */
    const char *listen;        /* host:port */
    const char *workspace_url; /* where browsers find us, without a slash at its end */
    const char *engine_url;    /* the engine's /mcp */
    struct tls_files tls;      /* of listen */
    /* Of the way to the engine: whom alone it is believed to (peer_ca), and what we show it. */
    struct tls_files engine_tls;
    const char *engine_audience;
    const char *ca_file;                          /* for trust_load; NULL: none */
    const char *workspace_client, *workspace_key; /* speaks for people */
    const char *notifier_client, *notifier_key;   /* the agent's own service */
    int64_t engine_timeout_ms;
    int auth_backend; /* enum agent_auth; dev is refused when env is prod */
    const char *header_trust_header;
    struct setting_networks trusted_proxies;
    struct proxy_jwt_config proxy_jwt;
    struct oidc_config oidc;
    int64_t session_idle_minutes, session_hours;
    int64_t workers;
    int64_t max_connections, max_connections_per_peer;
    struct http_pace http;
    struct setting_networks metrics_peers;
    int log_level;             /* enum log_level */
    int unsafe_no_confinement; /* enum confine_need; in dev WHOLE asks for what there is */
    struct notify_config notify;
    struct llm_config llm;
};

MUST_CHECK struct err agent_config_load(struct arena *arena, const char *file,
                                        const char *const *env, struct agent_config *out);
void agent_config_print_reference(struct buf *out);

#endif
