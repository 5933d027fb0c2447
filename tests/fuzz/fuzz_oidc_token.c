/* Claims of any bytes are read or refused; a token that is taken is of the issuer, for the client,
 * of the login and in time, and a logout token that is taken names somebody and is no ID token. */
#include "proto/oidc_token.h"

#include <string.h>

#include "common/base/invariant.h"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void taken(const struct id_token *t, const struct id_token_rules *rules)
{
    INVARIANT(strcmp(t->iss, rules->issuer) == 0 && strcmp(t->nonce, rules->nonce) == 0);
    INVARIANT(t->sub[0] != '\0' && strlen(t->sub) <= OIDC_SUB_MAX);
    INVARIANT(t->exp > NOW - rules->skew_s && t->iat <= NOW + rules->skew_s);
    INVARIANT(rules->since_s == 0 || t->auth_time >= rules->since_s - rules->skew_s);
    INVARIANT(claim_holds(json_get(t->claims, "aud"), rules->client_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct id_token_rules rules = {.issuer = "https://i",
                                                .client_id = "c",
                                                .nonce = "n",
                                                .access_token = "a",
                                                .alg = JOSE_RS256,
                                                .now_s = NOW,
                                                .skew_s = 60};
    static const char *items[] = {"g=r"};
    const struct setting_list mapping = {items, 1};
    CLEANUP(arena_free) struct arena *arena = arena_new(4 << 20);
    const struct str payload = {(const char *)data, size};
    struct id_token_rules fresh = rules, bare = rules;
    struct id_token t;
    struct logout_token out;

    fresh.since_s = NOW - 30;
    bare.nonce = NULL; /* as the engine asks */
    bare.dated = true;
    if (id_token_read(arena, payload, &t).kind == ERR_NONE) {
        if (id_token_check(&t, &rules).kind == ERR_NONE)
            taken(&t, &rules);
        if (id_token_check(&t, &fresh).kind == ERR_NONE)
            taken(&t, &fresh);
        if (id_token_check(&t, &bare).kind == ERR_NONE)
            INVARIANT(t.nonce != NULL && t.auth_time >= 0 && t.exp > NOW - bare.skew_s);
        (void)roles_mapped(claim_find(t.claims, "groups"), &mapping, NULL);
        (void)roles_mapped(claim_find(t.claims, "/r/roles"), &mapping, NULL);
    }
    if (logout_token_read(arena, payload, NULL, "https://i", "c", NOW, 60, &out).kind == ERR_NONE)
        INVARIANT((out.sub != NULL || out.sid != NULL) && out.jti != NULL &&
                  out.until_s > NOW - 60);
    return 0;
}
