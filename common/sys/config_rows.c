/* In a file of its own, so that the agent does not hold the engine's settings. */
#include "common/sys/config_rows.h"

struct err config_rows_check_tls(struct arena *arena, const char *who, const struct tls_files *tls)
{
    if ((tls->cert == NULL) != (tls->key == NULL))
        return err_at(ERR_INPUT, arena_fmt(arena, "%s_TLS_KEY", who),
                      "a certificate and its key are set together, or neither");
    if (tls->peer_ca != NULL && tls->cert == NULL)
        return err_at(ERR_INPUT, arena_fmt(arena, "%s_TLS_CLIENT_CA", who),
                      "a client shows a certificate only to who has one");
    return OK;
}
