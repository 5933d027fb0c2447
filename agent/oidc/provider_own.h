/* Private to provider.c and provider_call.c. */
#ifndef AGENT_OIDC_PROVIDER_OWN_H
#define AGENT_OIDC_PROVIDER_OWN_H

#include <pthread.h>

#include "agent/oidc/provider.h"

#define KEY_SETS_MAX 8

struct provider {
    const struct agent_config *config;
    jwks_get_fn *get;
    void *get_ctx;
    struct arena *arena; /* of the two texts */
    const char *redirect_uri, *discovery_url;
    pthread_mutex_t lock, fetch_lock;
    /* Under lock: */
    char *document; /* owned; NULL: none yet */
    int64_t fetched_us, tried_us;
    struct jwks_cache *key_sets[KEY_SETS_MAX];
    size_t key_sets_n;
};

#endif
