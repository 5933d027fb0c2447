/* The engine's settings: CLOSEGATE_* from the environment or a file of the same names. Everything
 * is typed and checked here, once, before anything starts. `prod` is the default: a convenience has
 * to be asked for. docs/CONFIG.md is config_print_reference's output. */
#ifndef COMMON_SYS_CONFIG_H
#define COMMON_SYS_CONFIG_H

#include "common/sys/http_pace.h"
#include "common/sys/log.h"
#include "common/sys/settings.h"
#include "common/sys/tls.h"
#include "common/sys/witness_list.h"

enum config_env { CONFIG_PROD = 0, CONFIG_DEV };
enum config_auth { CONFIG_AUTH_HEADER_TRUST = 0, CONFIG_AUTH_OIDC, CONFIG_AUTH_DEV };
enum config_fx { CONFIG_FX_FIXED = 0 };
enum config_receipts { CONFIG_RECEIPTS_ON = 0, CONFIG_RECEIPTS_OFF };
enum config_wanted { CONFIG_REQUIRED = 0, CONFIG_OPTIONAL };
enum config_guard { CONFIG_GUARD_WARN = 0, CONFIG_GUARD_REFUSE };

/* Texts live in the arena config_load was given. None is NULL unless it says so. */
struct config {
    int env; /* enum config_env */
    const char *data_dir;
    const char *key_dir;         /* of log.key; default <data_dir> */
    const char *policy;          /* default <data_dir>/policy.yaml */
    const char *engine_listen;   /* host:port */
    struct tls_files tls;        /* of engine_listen */
    struct tls_files cli_tls;    /* of the command line's own client, over TCP */
    const char *engine_socket;   /* default <data_dir>/engine.sock */
    const char *engine_audience; /* the aud of assertions; default "closegate-engine" */
    const char *engine_resource; /* our URI: the aud of access tokens; in dev from engine_listen */
    struct setting_list
        engine_oidc_clients; /* client=id: what the provider calls clients of ours */
    int auth_backend;        /* enum config_auth; dev is refused when env is prod */
    const char *header_trust_header;
    struct setting_networks trusted_proxies;
    const char *forwarder_keys; /* client=key,…; pins over the registry's; NULL: none */
    const char *ca_file;        /* for trust_load; NULL: none */
    const char *oidc_issuer, *oidc_client_id; /* whose logins bind T3; "" when none does */
    struct setting_list oidc_acr;             /* one of these; empty: any */
    int64_t oidc_skew_seconds;
    int dpop, dpop_nonce, dpop_body; /* enum config_wanted each */
    struct setting_list allowed_origins;
    struct setting_list allowed_hosts;
    int log_level; /* enum log_level */
    int64_t max_connections, max_connections_per_peer;
    struct http_pace http;
    int64_t actor_rate, actor_in_flight;   /* requests of one caller; 0: any */
    struct setting_networks metrics_peers; /* who may read /metrics over TCP */
    int64_t clock_jump_seconds;            /* 0: no limit */
    int64_t sweep_seconds;                 /* 0: no timer */
    int fx_adapter;                        /* enum config_fx */
    int fx_adapter_prod_guard;             /* enum config_guard */
    int receipts;                          /* enum config_receipts; off is refused in prod */
    struct setting_list witnesses;         /* as they were given */
    struct witness_list witness_list;      /* read */
    int witness_mode;                      /* enum witness_mode */
    int64_t witness_quorum;
    int64_t witness_max_age;         /* seconds */
    const char *workspace_url;       /* where people decide; "" when there is no workspace */
    int unsafe_no_confinement;       /* enum confine_need; in dev WHOLE asks for what there is */
    struct setting_list ingest_dirs; /* folders that files may be ingested from by their path */
};

/* `env` is an environ-like vector (main passes `environ`, tests their own); `file` may be NULL. */
MUST_CHECK struct err config_load(struct arena *arena, const char *file, const char *const *env,
                                  struct config *out);
void config_print_reference(struct buf *out);

#endif
