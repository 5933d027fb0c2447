/* Rows that both daemons' settings have alike: one file of settings may serve both, so a name means
 * the same to each. Private to config.c and agent_config.c, which say with AT where their struct
 * keeps it. */
#ifndef COMMON_SYS_CONFIG_ROWS_H
#define COMMON_SYS_CONFIG_ROWS_H

#include "common/sys/settings.h"
#include "common/sys/tls.h"

#define ROW_ENV                                                                                    \
    {                                                                                              \
        .name = "CLOSEGATE_ENV", .type = SETTING_CHOICE, AT(env), .choices = "prod|dev",           \
        .fallback = "prod", .help = "dev allows conveniences that prod refuses."                   \
    }

#define ROW_LOG_LEVEL                                                                              \
    {                                                                                              \
        .name = "CLOSEGATE_LOG_LEVEL", .type = SETTING_CHOICE, AT(log_level),                      \
        .choices = "error|warn|info|debug", .fallback = "info",                                    \
        .help = "The most detailed lines that are logged."                                         \
    }

#define ROW_MAX_CONNECTIONS                                                                        \
    {                                                                                              \
        .name = "CLOSEGATE_MAX_CONNECTIONS", .type = SETTING_INT, AT(max_connections),             \
        .fallback = "1024", .min = 1, .max = 100000, .help = "Open connections in all."            \
    }

#define ROW_MAX_CONNECTIONS_PER_PEER                                                               \
    {                                                                                              \
        .name = "CLOSEGATE_MAX_CONNECTIONS_PER_PEER", .type = SETTING_INT,                         \
        AT(max_connections_per_peer), .fallback = "512", .min = 0, .max = 100000,                  \
        .help = "Open connections of one TCP peer address; 0 for no such ceiling."                 \
    }

#define HTTP_SECONDS(word, m, standard, text)                                                      \
    {                                                                                              \
        .name = "CLOSEGATE_HTTP_" word "_SECONDS", .type = SETTING_INT, AT(http.m),                \
        .fallback = standard, .min = 1, .max = 86400, .help = text                                 \
    }

/* `http` is a struct http_pace. */
#define ROWS_HTTP_PACE                                                                             \
    HTTP_SECONDS("HEAD", head_s, "10",                                                             \
                 "From a connection, or a request's first byte, to the end of its headers."),      \
        HTTP_SECONDS("BODY", body_s, "30", "From there to the end of the request's body."),        \
        HTTP_SECONDS("IDLE", idle_s, "60", "Between two requests of a connection."),               \
        HTTP_SECONDS(                                                                              \
            "WRITE", write_s, "30",                                                                \
            "Until a client has taken the whole of an answer, or what a stream owes it."),         \
    {                                                                                              \
        .name = "CLOSEGATE_PEER_RATE", .type = SETTING_INT, AT(http.peer_rate),                    \
        .fallback = "1000", .min = 0, .max = 1000000,                                              \
        .help = "Requests a second of one TCP peer address (twice as many at once), besides the "  \
                "trusted proxies, who speak for many; 0 for any."                                  \
    }

/* A listener's TLS. `who` is the name's beginning, `m` the struct tls_files. */
#define ROWS_TLS(who, m)                                                                           \
    {.name = who "_TLS_CERT",                                                                      \
     .type = SETTING_PATH,                                                                         \
     AT(m.cert),                                                                                   \
     .help = "Our certificate and those between it and its root (PEM): the TCP listener speaks "   \
             "TLS 1.3, and nothing else. Read again at SIGHUP."},                                  \
        {.name = who "_TLS_KEY",                                                                   \
         .type = SETTING_PATH,                                                                     \
         AT(m.key),                                                                                \
         .help = "That certificate's private key (PEM, unencrypted), mode 0600."},                 \
        {.name = who "_TLS_CLIENT_CA",                                                             \
         .type = SETTING_PATH,                                                                     \
         AT(m.peer_ca),                                                                            \
         .help = "Certificates (PEM) of those who vouch for clients: a client is then asked for "  \
                 "one."},                                                                          \
    {                                                                                              \
        .name = who "_TLS_CLIENTS", .type = SETTING_CHOICE, AT(m.clients),                         \
        .choices = "required|optional", .fallback = "required",                                    \
        .help = "Whether a client without a certificate is let in, where certificates are asked "  \
                "for."                                                                             \
    }

/* enum confine_need (confine.h) in its order. */
#define ROW_UNSAFE_NO_CONFINEMENT                                                                  \
    {                                                                                              \
        .name = "CLOSEGATE_UNSAFE_NO_CONFINEMENT", .type = SETTING_CHOICE,                         \
        AT(unsafe_no_confinement), .choices = "no|partly|yes", .fallback = "no",                   \
        .help = "no: a daemon confines itself (Landlock, seccomp) and in prod does not start "     \
                "where it cannot; partly: it starts with what the kernel has; yes: it is not "     \
                "confined. All but no is written into every event of the engine's."                \
    }

/* What ROWS_TLS read for the names that begin with `who` goes together. */
MUST_CHECK struct err config_rows_check_tls(struct arena *arena, const char *who,
                                            const struct tls_files *tls);

#endif
