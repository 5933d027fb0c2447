/* The identity headers of any bytes: whoever comes out is exactly who the header names, in the
 * grammar, human only when the registry knows it; never an engine. */
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "engine/auth/actor_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct err client_load(struct tx *tx, struct arena *arena, const char *client_id,
                       struct client *client)
{
    (void)tx, (void)arena;
    ENSURE(strcmp(client_id, AUTH_WORKSPACE_CLIENT) == 0, ERR_MISSING, "no such client");
    *client = (struct client){.client_id = AUTH_WORKSPACE_CLIENT,
                              .kind = CLIENT_WORKSPACE,
                              .active = true,
                              .channels = ~0u};
    return OK;
}

struct err principal_load(struct tx *tx, struct arena *arena, const char *principal_id,
                          struct principal *principal)
{
    (void)tx, (void)arena, (void)principal_id;
    *principal = (struct principal){.principal_id = "prn_ana", .name = "Ana", .active = true};
    return OK;
}

struct err identity_find(struct tx *tx, struct arena *arena, const char *kind, const char *issuer,
                         const char *subject, struct principal *principal)
{
    (void)kind, (void)issuer;
    ENSURE(strcmp(subject, "ana") == 0, ERR_MISSING, "nobody");
    return principal_load(tx, arena, "prn_ana", principal);
}

struct err identity_subject(struct tx *tx, struct arena *arena, const char *kind,
                            const char *principal_id, const char **subject)
{
    (void)tx, (void)arena, (void)kind, (void)principal_id;
    *subject = "ana";
    return OK;
}

static struct config config;
static struct auth *auth;

static void setup(void)
{
    static struct netblock all;
    const struct log_options quiet = {.level = LOG_ERROR, .fd = 2};
    if (auth != NULL)
        return;
    log_init(&quiet);
    config = (struct config){
        .env = CONFIG_DEV, .header_trust_header = "X-Actor-Id", .trusted_proxies = {&all, 1}};
    INVARIANT(auth_new(&config, 0, &auth).kind == ERR_NONE);
}

/* First line: the actor header; the rest, when there is any: the assertion. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct http_field fields[2] = {{.name = STR("X-Actor-Id")}, {.name = STR(ASSERTION_HEADER)}};
    const bool two =
        str_cut((struct str){(const char *)data, size}, '\n', &fields[0].value, &fields[1].value);
    const struct http_req http = {
        .method = HTTP_POST, .path = STR("/mcp"), .fields = fields, .fields_n = two ? 2 : 1};
    const struct web_peer peer = {.text = "x"};
    const struct auth_request req = {.http = &http, .peer = &peer, .now_us = 1790000000000000};

    setup();
    struct auth_check *check = auth_begin(auth, arena, &req);
    if (check == NULL)
        return 0;
    struct auth_result r = auth_end(auth, check, auth_lookup(NULL, check));
    if (r.status != 0) {
        INVARIANT(r.why != NULL && r.status >= 400);
        return 0;
    }
    INVARIANT(!two && str_is(fields[0].value, r.actor.id));
    INVARIANT(r.actor.kind == ACTOR_LLM || strcmp(r.actor.id, "human:ana") == 0);
    return 0;
}
