/* Claims of any bytes are read or refused; what is taken is of the issuer, for the resource alone,
 * in time, with scopes that it says, and its copy says the same. */
#include "proto/access_token.h"

#include <string.h>

#include "common/base/invariant.h"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const char *a, const char *b)
{
    return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

static void taken(const struct access_token *t)
{
    INVARIANT(strcmp(t->iss, "https://i") == 0 && strcmp(t->aud, "https://r/mcp") == 0);
    INVARIANT(t->sub[0] != '\0' && t->client_id[0] != '\0' && t->jti[0] != '\0');
    INVARIANT(t->exp > NOW - 60 && t->iat <= NOW + 60 && t->nbf <= NOW + 60 && t->iat >= 0);
    INVARIANT((t->scopes & ACCESS_PROPOSE) == 0 || (t->scopes & ACCESS_READ) != 0);
    INVARIANT((t->scopes & ~(unsigned)(ACCESS_READ | ACCESS_PROPOSE)) == 0);
    INVARIANT(t->cnf_jkt == NULL || strlen(t->cnf_jkt) == ACCESS_THUMBPRINT_LEN);
    INVARIANT(t->cnf_x5t == NULL || strlen(t->cnf_x5t) == ACCESS_THUMBPRINT_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct access_token_rules rules = {
        .issuer = "https://i", .resource = "https://r/mcp", .now_s = NOW, .skew_s = 60};
    CLEANUP(arena_free) struct arena *arena = arena_new(4 << 20);
    struct access_token t, copy;

    if (access_token_read(arena, (struct str){(const char *)data, size}, &t).kind != ERR_NONE)
        return 0;
    if (access_token_check(arena, &t, &rules).kind == ERR_NONE)
        taken(&t);
    if (access_token_copy(arena, &t, &copy).kind == ERR_NONE)
        INVARIANT(same(t.sub, copy.sub) && same(t.sid, copy.sid) && same(t.cnf_jkt, copy.cnf_jkt) &&
                  same(t.cnf_x5t, copy.cnf_x5t) && t.scopes == copy.scopes);
    return 0;
}
