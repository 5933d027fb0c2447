/* Who calls: the registry is read on a reader thread, and an access token that was not seen before
 * is verified on the prover's, so authentication takes turns of its own. And what is said to those
 * who cannot call yet: where tokens come from (RFC 9728), and what a token would have to be good
 * for. */
#include <string.h>

#include "common/sys/json_write.h"
#include "common/sys/log.h"
#include "engine/mcp/engine_own.h"
#include "engine/mcp/mcp_own.h"

#define METADATA_BYTES ((size_t)16 * 1024)

/* What outlives a request (a session, a sealed state) belongs to this actor of this client. */
static const char *owner_of(struct arena *arena, const struct actor *a)
{
    return arena_fmt(arena, "%s %s", a->client == NULL ? "" : a->client, a->id);
}

static bool admitted(struct mcp_req *r)
{
    const struct asker asker = asker_of(&engine_req(r)->who.actor);
    uint8_t caller[QUOTA_KEY] = {(uint8_t)asker.lane};
    memcpy(caller + 1, &asker.flow, sizeof asker.flow);
    return req_admit(r, caller);
}

/* Whose turn it is to be looked up, while nobody knows who it is: whoever the peer says it speaks
 * for. Only of those whose word we take may that be a person. */
static struct asker claimed(const struct mcp_req *r)
{
    const struct config *config = host_of(r)->options.config;
    const struct web_peer *peer = web_peer(r->web);
    struct str name = {0}, token = {0};
    bool trusted = peer->is_unix;
    for (size_t i = 0; i < config->trusted_proxies.n && !trusted; i++)
        trusted = netblock_has(&config->trusted_proxies.items[i], &peer->addr);
    (void)http_header(web_http(r->web), config->header_trust_header, &name);
    (void)http_header(web_http(r->web), "Authorization", &token);
    const bool person = name.len > 6 && memcmp(name.at, "human:", 6) == 0;
    const enum lane lane = trusted && (person || r->admin) ? LANE_PEOPLE : LANE_MACHINES;
    struct asker asker = asker_of_bytes(lane, peer->addr.byte, sizeof peer->addr.byte);
    asker = asker_with(asker, name.at, name.len);
    return asker_with(asker, token.at, token.len);
}

static void on_known(struct err e, void *arg)
{
    struct mcp_req *r = arg;
    struct engine_req *own = engine_req(r);

    log_context(r->request_id, NULL);
    if (e.kind != ERR_NONE)
        log_error("the registry cannot be read", LOG_ERR(e), LOG_END);
    own->who = auth_end(host_of(r)->options.auth, own->check, e);
    r->fields = own->who.fields;
    r->fields_n = own->who.fields_n;
    r->until_us = own->who.until_us;
    r->owner = own->who.status != 0 ? NULL : owner_of(r->arena, &own->who.actor);
    if (own->who.status != 0)
        req_refuse(r, own->who.status, own->who.why);
    else if (r->owner == NULL)
        req_refuse(r, 503, "no memory for this request");
    else if (r->web == NULL)
        req_accepted(r);              /* left before anybody knew who it was */
    else if (r->admin || admitted(r)) /* nobody is kept from the kill switch */
        req_known(r);
}

/* On a reader thread. */
static struct err look_up(struct tx *tx, void *arg)
{
    return auth_lookup(tx, engine_req(arg)->check);
}

static void ask_registry(struct mcp_req *r)
{
    if (auth_settled(engine_req(r)->check)) {
        on_known(OK, r);
        return;
    }
    struct engine_req *own = engine_req(r);
    struct err e =
        spine_read_for(host_of(r)->options.spine, own->asker, r->arena, look_up, on_known, r);
    if (e.kind != ERR_NONE)
        req_fault(r, jsonrpc_fault_of(e));
}

/* On the prover's thread. */
static void prove(void *arg)
{
    auth_prove(engine_req(arg)->check);
}

static void on_proved(void *arg)
{
    ask_registry(arg);
}

static void ask_prover(struct mcp_req *r)
{
    struct engine_req *own = engine_req(r);
    own->proof = (struct proof){.run = prove, .done = on_proved, .arg = r};
    struct err e = prover_submit(host_of(r)->options.prover, &own->proof);
    if (e.kind != ERR_NONE)
        req_refuse(r, 503, e.msg);
}

void engine_authenticate(struct mcp_req *r)
{
    struct engine_host *h = host_of(r);
    struct engine_req *own = r->host = ARENA_NEW(r->arena, struct engine_req);
    const struct auth_request ask = {.http = web_http(r->web),
                                     .peer = web_peer(r->web),
                                     .door = r->admin ? AUTH_ADMIN : AUTH_MCP,
                                     .now_us = h->options.clock_us()};
    if (own != NULL) {
        own->host = h;
        own->asker = claimed(r);
        own->check = auth_begin(h->options.auth, r->arena, &ask);
    }
    if (own == NULL || own->check == NULL)
        req_refuse(r, 503, "no memory for this request");
    else if (auth_unproved(own->check))
        ask_prover(r);
    else
        ask_registry(r);
}

bool engine_may(struct mcp_req *r, enum access_scope scope)
{
    struct auth_result *who = &engine_req(r)->who;
    if (auth_scope_allows(host_of(r)->options.auth, r->arena, scope, who))
        return true;
    r->fields_n = who->fields_n;
    req_refuse(r, 403,
               scope == ACCESS_PROPOSE
                   ? "this needs an access token with the scope " ACCESS_SCOPE_PROPOSE
                   : "this needs an access token with the scope " ACCESS_SCOPE_READ);
    return false;
}

/* ---- the published metadata ---- */

/* At the well-known root, and where RFC 9728 3.1 puts it for our address, whatever stands before
 * /mcp outside. */
static bool is_metadata_path(struct str path, const char *metadata_url)
{
    const char *at = strstr(metadata_url, RESOURCE_METADATA_PATH);
    return str_is(path, RESOURCE_METADATA_PATH) || str_is(path, RESOURCE_METADATA_PATH "/mcp") ||
           (at != NULL && str_is(path, at));
}

static void say_metadata(struct web_req *web, const struct json *doc)
{
    static const struct http_pair keep = {"Cache-Control", "max-age=300"};
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, METADATA_BYTES);
    jw_tree(&w, NULL, doc);
    if (jw_done(&w, &text).kind != ERR_NONE) {
        web_refuse(web, 503, "no memory for this request");
        return;
    }
    web_reply(web, &(struct http_reply){.status = 200,
                                        .content_type = "application/json",
                                        .pairs = &keep,
                                        .pairs_n = 1,
                                        .body = text.at,
                                        .body_len = text.len});
}

void engine_resource_metadata(struct mcp *mcp, struct web_req *web)
{
    const struct engine_host *h = mcp->host->ctx;
    const struct protected_resource *resource = auth_resource(h->options.auth);
    CLEANUP(arena_free) struct arena *arena = arena_new(METADATA_BYTES);
    if (resource == NULL) {
        web_refuse(web, 404,
                   "access tokens are not taken here: CLOSEGATE_AUTH_BACKEND is not oidc");
        return;
    }
    const char *url = arena == NULL ? NULL : resource_metadata_url(arena, resource->resource);
    const struct json *doc = url == NULL ? NULL : resource_metadata(arena, resource);
    if (doc == NULL)
        web_refuse(web, 503, "no memory for this request");
    else if (!is_metadata_path(web_http(web)->path, url))
        web_refuse(web, 404, "there is no such resource here");
    else
        say_metadata(web, doc);
}
