/* Policies by generation, and a second look at policy file and settings. */
#include "engine/cli/reload.h"

#include <stdlib.h>
#include <string.h>

#include "common/sys/disk.h"
#include "common/sys/log.h"
#include "engine/call/boot.h"
#include "engine/cli/binary.h"
#include "engine/tools/child.h"

#define POLICY_ARENA_BYTES ((size_t)64 << 20)

extern const struct tool tool_reload_policy, tool_note_config;

/* A policy and the memory it lives in. */
struct generation {
    struct reload *reload;
    struct arena *arena;
    struct policy *policy;
    struct generation *older;
    void (*done)(void *arg);
    void *arg;
};

struct reload {
    struct reload_options options;
    struct generation *newest;
};

struct err reload_new(const struct reload_options *options, struct reload **reload)
{
    struct reload *r = calloc(1, sizeof *r);
    ENSURE(r != NULL, ERR_LIMIT, "out of memory");
    r->options = *options;
    *reload = r;
    return OK;
}

static void generation_free(struct generation *g)
{
    if (g != NULL)
        arena_free(g->arena); /* g lives in it */
}

void reload_free(struct reload *reload)
{
    if (reload == NULL)
        return;
    while (reload->newest != NULL) {
        struct generation *g = reload->newest;
        reload->newest = g->older;
        generation_free(g);
    }
    free(reload);
}

/* ---- the policy of the book ---- */

static struct err read_policy(struct tx *tx, void *arg)
{
    struct generation *g = arg;
    return policy_now(tx, g->arena, &g->policy);
}

/* A policy that the book says is in force and that cannot be had: nothing is decided until it is.
 */
static void no_policy(struct reload *r, struct err e)
{
    log_error("the policy in force could not be read: calls are refused until it can be",
              LOG_ERR(e), LOG_END);
    engine_host_set_policy(r->options.host, NULL);
}

static void on_policy_read(struct err e, void *arg)
{
    struct generation *g = arg;
    struct reload *r = g->reload;
    void (*done)(void *) = g->done;
    void *done_arg = g->arg;
    if (e.kind != ERR_NONE) {
        no_policy(r, e);
        generation_free(g);
    } else {
        g->older = r->newest;
        r->newest = g;
        engine_host_set_policy(r->options.host, g->policy);
        sweeper_set_policy(r->options.sweeper, g->policy);
        log_info("another policy is in force", LOG_TEXT("policy", g->policy->digest), LOG_END);
    }
    if (done != NULL)
        done(done_arg);
}

void reload_policy(void *reload, void (*done)(void *arg), void *arg)
{
    struct reload *r = reload;
    struct arena *arena = arena_new(POLICY_ARENA_BYTES);
    struct generation *g = arena == NULL ? NULL : ARENA_NEW(arena, struct generation);
    struct err e = err_new(ERR_LIMIT, "out of memory");
    if (g != NULL) {
        *g = (struct generation){.reload = r, .arena = arena, .done = done, .arg = arg};
        e = spine_read(r->options.spine, arena, read_policy, on_policy_read, g);
    }
    if (e.kind == ERR_NONE)
        return; /* on_policy_read's now */
    no_policy(r, e);
    arena_free(arena);
    if (done != NULL)
        done(arg);
}

/* ---- calls in the engine's own name ---- */

/* On an arena of its own, in which its arguments are to be made. NULL: no policy, or no memory. */
static struct call *own_new(struct reload *r, const struct tool *tool)
{
    const struct call engine = {.policy = engine_host_policy(r->options.host),
                                .prod = cli_config(r->options.cli)->env == CONFIG_PROD};
    return engine.policy == NULL ? NULL : child_new(&engine, tool, "engine:serve");
}

/* Takes the call, also when it fails. `what` is for the log. */
static void own_submit(struct reload *r, struct call *c, const struct json *args, call_done *done,
                       const char *what)
{
    struct err e = call_bind(c, args);
    if (e.kind == ERR_NONE)
        e = spine_submit(r->options.spine, c, done, r);
    if (e.kind == ERR_NONE)
        return; /* done's now */
    log_error(what, LOG_ERR(e), LOG_END);
    child_free(c);
}

static void on_file_read(struct call *c, void *arg)
{
    struct reload *r = arg;
    const char *file = cli_config(r->options.cli)->policy;
    const char *state = json_get_text(c->result, "file");
    if (c->outcome == CALL_FAILED)
        log_error("the policy file has a mistake; the policy in force stays",
                  LOG_TEXT("file", file), LOG_ERR(c->err), LOG_END);
    else if (c->outcome != CALL_OK)
        log_warn("the policy file is not taken", LOG_TEXT("file", file),
                 LOG_TEXT("reason", reason_name(c->verdict.reason)), LOG_END);
    else if (text_eq(state, "inert"))
        log_warn("the policy file is not in force: propose it, and a second human approves it",
                 LOG_TEXT("file", file), LOG_TEXT("in_force", c->policy->digest), LOG_END);
    else if (c->policy_loaded)
        reload_policy(r, NULL, NULL);
    child_free(c);
}

static void file_again(struct reload *r)
{
    static const char what[] = "the policy file could not be read again; the policy in force stays";
    struct call *c = own_new(r, &tool_reload_policy);
    struct str text = {0};
    struct err e = c == NULL ? err_new(ERR_LIMIT, "out of memory")
                             : disk_read(c->arena, cli_config(r->options.cli)->policy,
                                         POLICY_BYTES_MAX, &text);
    if (e.kind == ERR_NONE && !utf8_valid(text.at, text.len))
        e = err_at(ERR_INPUT, cli_config(r->options.cli)->policy, "not UTF-8");
    if (e.kind != ERR_NONE) {
        log_error(what, LOG_ERR(e), LOG_END);
        child_free(c);
        return;
    }
    struct json *args = json_object_new(c->arena);
    json_put(c->arena, args, "text", json_str_new(c->arena, text));
    own_submit(r, c, args, on_file_read, what);
}

/* ---- settings ---- */

static void on_config_noted(struct call *c, void *arg)
{
    (void)arg;
    if (c->outcome == CALL_OK)
        log_info("settings have changed", LOG_INT("seq", c->seq), LOG_END);
    else
        log_error("changed settings could not be recorded", LOG_ERR(c->err), LOG_END);
    child_free(c);
}

static bool list_equal(const struct setting_list *a, const struct setting_list *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (!text_eq(a->items[i], b->items[i]))
            return false;
    }
    return a->n == b->n;
}

static bool networks_equal(const struct setting_networks *a, const struct setting_networks *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->items, b->items, a->n * sizeof *a->items) == 0);
}

static void name_push(struct arena *arena, struct json *names, bool differs, const char *name)
{
    if (differs)
        json_push(arena, names, json_text_new(arena, name));
}

static void names_of_pace(struct arena *arena, struct json *names, const struct config *a,
                          const struct config *b)
{
    const struct http_pace *x = &a->http, *y = &b->http;
    name_push(arena, names, x->head_s != y->head_s, "CLOSEGATE_HTTP_HEAD_SECONDS");
    name_push(arena, names, x->body_s != y->body_s, "CLOSEGATE_HTTP_BODY_SECONDS");
    name_push(arena, names, x->idle_s != y->idle_s, "CLOSEGATE_HTTP_IDLE_SECONDS");
    name_push(arena, names, x->write_s != y->write_s, "CLOSEGATE_HTTP_WRITE_SECONDS");
    name_push(arena, names, x->peer_rate != y->peer_rate, "CLOSEGATE_PEER_RATE");
    name_push(arena, names, a->actor_rate != b->actor_rate, "CLOSEGATE_ACTOR_RATE");
    name_push(arena, names, a->actor_in_flight != b->actor_in_flight, "CLOSEGATE_ACTOR_IN_FLIGHT");
}

/* What may change while calls are under way: all of it is looked at on this thread only. */
static struct json *take_settings(struct arena *arena, struct config *now,
                                  const struct config *next)
{
    struct json *names = json_array_new(arena);
    struct log_options log = log_options_default();
    bool level = now->log_level != next->log_level;
    name_push(arena, names, level, "CLOSEGATE_LOG_LEVEL");
    name_push(arena, names, !list_equal(&now->allowed_origins, &next->allowed_origins),
              "CLOSEGATE_ALLOWED_ORIGINS");
    name_push(arena, names, !list_equal(&now->allowed_hosts, &next->allowed_hosts),
              "CLOSEGATE_ALLOWED_HOSTS");
    name_push(arena, names, !networks_equal(&now->trusted_proxies, &next->trusted_proxies),
              "CLOSEGATE_TRUSTED_PROXIES");
    now->log_level = next->log_level;
    now->allowed_origins = next->allowed_origins;
    now->allowed_hosts = next->allowed_hosts;
    now->trusted_proxies = next->trusted_proxies;
    log.level = (enum log_level)next->log_level;
    if (level)
        log_init(&log);
    return names;
}

static struct json *at_restart(struct arena *arena, const struct config *a, const struct config *b)
{
    struct json *names = json_array_new(arena);
    name_push(arena, names, a->env != b->env, "CLOSEGATE_ENV");
    name_push(arena, names, !text_eq(a->data_dir, b->data_dir), "CLOSEGATE_DATA_DIR");
    name_push(arena, names, !text_eq(a->key_dir, b->key_dir), "CLOSEGATE_KEY_DIR");
    name_push(arena, names, !text_eq(a->policy, b->policy), "CLOSEGATE_POLICY");
    name_push(arena, names, !text_eq(a->engine_listen, b->engine_listen),
              "CLOSEGATE_ENGINE_LISTEN");
    name_push(arena, names, !text_eq(a->tls.cert, b->tls.cert), "CLOSEGATE_ENGINE_TLS_CERT");
    name_push(arena, names, !text_eq(a->tls.key, b->tls.key), "CLOSEGATE_ENGINE_TLS_KEY");
    name_push(arena, names, !text_eq(a->tls.peer_ca, b->tls.peer_ca),
              "CLOSEGATE_ENGINE_TLS_CLIENT_CA");
    name_push(arena, names, a->tls.clients != b->tls.clients, "CLOSEGATE_ENGINE_TLS_CLIENTS");
    name_push(arena, names, !text_eq(a->engine_socket, b->engine_socket),
              "CLOSEGATE_ENGINE_SOCKET");
    name_push(arena, names, !text_eq(a->engine_audience, b->engine_audience),
              "CLOSEGATE_ENGINE_AUDIENCE");
    name_push(arena, names, !text_eq(a->engine_resource, b->engine_resource),
              "CLOSEGATE_ENGINE_RESOURCE");
    name_push(arena, names, !list_equal(&a->engine_oidc_clients, &b->engine_oidc_clients),
              "CLOSEGATE_ENGINE_OIDC_CLIENTS");
    name_push(arena, names, a->auth_backend != b->auth_backend, "CLOSEGATE_AUTH_BACKEND");
    name_push(arena, names, !text_eq(a->header_trust_header, b->header_trust_header),
              "CLOSEGATE_HEADER_TRUST_HEADER");
    name_push(arena, names, !text_eq(a->forwarder_keys, b->forwarder_keys),
              "CLOSEGATE_FORWARDER_KEYS");
    name_push(arena, names, !text_eq(a->oidc_issuer, b->oidc_issuer), "CLOSEGATE_OIDC_ISSUER");
    name_push(arena, names, a->unsafe_no_confinement != b->unsafe_no_confinement,
              "CLOSEGATE_UNSAFE_NO_CONFINEMENT");
    name_push(arena, names, !list_equal(&a->ingest_dirs, &b->ingest_dirs), "CLOSEGATE_INGEST_DIRS");
    name_push(arena, names, a->max_connections != b->max_connections, "CLOSEGATE_MAX_CONNECTIONS");
    name_push(arena, names, a->max_connections_per_peer != b->max_connections_per_peer,
              "CLOSEGATE_MAX_CONNECTIONS_PER_PEER");
    names_of_pace(arena, names, a, b);
    name_push(arena, names, a->sweep_seconds != b->sweep_seconds, "CLOSEGATE_SWEEP_SECONDS");
    name_push(arena, names, a->receipts != b->receipts, "CLOSEGATE_RECEIPTS");
    name_push(arena, names, !list_equal(&a->witnesses, &b->witnesses), "CLOSEGATE_WITNESSES");
    name_push(arena, names, a->witness_mode != b->witness_mode, "CLOSEGATE_WITNESS_MODE");
    name_push(arena, names, a->witness_quorum != b->witness_quorum, "CLOSEGATE_WITNESS_QUORUM");
    name_push(arena, names, a->witness_max_age != b->witness_max_age, "CLOSEGATE_WITNESS_MAX_AGE");
    name_push(arena, names, a->fx_adapter != b->fx_adapter, "CLOSEGATE_FX_ADAPTER");
    name_push(arena, names, a->fx_adapter_prod_guard != b->fx_adapter_prod_guard,
              "CLOSEGATE_FX_ADAPTER_PROD_GUARD");
    return names;
}

/* Settings that were taken live in the command's arena: a hang-up costs it a few kilobytes. */
static void settings_again(struct reload *r)
{
    struct cli *cli = r->options.cli;
    struct config next;
    struct err e = config_load(cli->arena, cli->config_file, cli->env, &next);
    struct call *c = e.kind == ERR_NONE ? own_new(r, &tool_note_config) : NULL;
    if (e.kind == ERR_NONE && c == NULL)
        e = err_new(ERR_LIMIT, "out of memory");
    if (e.kind != ERR_NONE) {
        log_error("the settings could not be taken; those in force stay", LOG_ERR(e), LOG_END);
        return;
    }
    struct json *args = json_object_new(c->arena);
    struct json *later = at_restart(c->arena, cli_config(cli), &next);
    struct json *changed = take_settings(c->arena, cli_config(cli), &next);
    if (changed == NULL || later == NULL || changed->count + later->count == 0) {
        child_free(c);
        return;
    }
    json_put_text(c->arena, args, "config_sha256", config_digest(c->arena, &next));
    json_put(c->arena, args, "changed", changed);
    json_put(c->arena, args, "at_restart", later);
    for (size_t i = 0; i < later->count; i++)
        log_warn("this setting holds from the next start on",
                 LOG_TEXT("setting", json_text(later->items[i])), LOG_END);
    own_submit(r, c, args, on_config_noted, "changed settings could not be recorded");
}

void reload_hangup(struct reload *reload)
{
    log_info("SIGHUP: looking at the policy file and the settings again", LOG_END);
    settings_again(reload);
    file_again(reload);
}
