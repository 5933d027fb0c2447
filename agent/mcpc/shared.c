/* What all threads know of the engine: how it answered last, what it speaks, what its tools are,
 * with which keys we sign. Everything under one lock, held for moments, never while something is
 * asked or read from the disk by anybody but who needs it. */
#include <stdlib.h>
#include <string.h>

#include "agent/mcpc/mcpc_own.h"
#include "common/base/invariant.h"
#include "common/sys/log.h"
#include "common/sys/loop.h"
#include "proto/assertion.h"

#define CONNECT_MS  2000U
#define CALL_MS     30000U
#define REPLY_MAX   ((size_t)16 * 1024 * 1024)
#define TEXTS_MAX   ((size_t)64 * 1024)
#define TOOLS_BYTES ((size_t)1024 * 1024)

static void lock(struct mcpc_shared *s)
{
    INVARIANT(pthread_mutex_lock(&s->lock) == 0);
}

static void unlock(struct mcpc_shared *s)
{
    INVARIANT(pthread_mutex_unlock(&s->lock) == 0);
}

/* ---- made and unmade ---- */

/* "http://host:port/path" cut into what each request needs. A URL without a path means /mcp. */
static struct err urls_make(struct mcpc_shared *s, const char *url)
{
    const char *host = url == NULL ? NULL : strstr(url, "://");
    ENSURE(host != NULL && strpbrk(url, "?#") == NULL, ERR_INPUT,
           "the engine's address must be a URL such as http://127.0.0.1:8001");
    const char *path = strchr(host + 3, '/');
    const size_t n = path == NULL ? strlen(url) : (size_t)(path - url);
    const bool bare = path == NULL || path[1] == '\0';
    s->path = arena_strdup(s->arena, bare ? "/mcp" : path);
    s->url = arena_fmt(s->arena, "%.*s%s", (int)n, url, s->path);
    s->ready_url = arena_fmt(s->arena, "%.*s/readyz", (int)n, url);
    return arena_check(s->arena);
}

const struct tls_files *mcpc_tls(const struct mcpc_options *options)
{
    const struct tls_files *tls = &options->tls;
    return tls->peer_ca == NULL && tls->cert == NULL ? NULL : tls;
}

static const char *kept(struct mcpc_shared *s, const char *text, const char *otherwise)
{
    const char *what = text != NULL ? text : otherwise;
    return what == NULL ? NULL : arena_strdup(s->arena, what);
}

static struct err options_keep(struct mcpc_shared *s, const struct mcpc_options *options)
{
    struct mcpc_options *o = &s->options;
    *o = *options;
    o->unix_socket = kept(s, options->unix_socket, NULL);
    o->tls.cert = kept(s, options->tls.cert, NULL);
    o->tls.key = kept(s, options->tls.key, NULL);
    o->tls.peer_ca = kept(s, options->tls.peer_ca, NULL);
    o->audience = kept(s, options->audience, ASSERTION_AUD);
    o->version = kept(s, options->version, "0");
    o->connect_ms = options->connect_ms == 0 ? CONNECT_MS : options->connect_ms;
    o->call_ms = options->call_ms == 0 ? CALL_MS : options->call_ms;
    o->reply_max = options->reply_max == 0 ? REPLY_MAX : options->reply_max;
    s->workspace.client_id = kept(s, options->client_id, "workspace");
    s->workspace.key_path = kept(s, options->key_path, NULL);
    s->own.client_id = kept(s, options->service_id, "notifier");
    s->own.key_path = kept(s, options->service_key_path, NULL);
    s->service = arena_fmt(s->arena, "llm:%s.service", s->own.client_id);
    return urls_make(s, options->url);
}

struct err mcpc_shared_new(const struct mcpc_options *options, struct mcpc_shared **out)
{
    struct mcpc_shared *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_LIMIT, "out of memory");
    INVARIANT(pthread_mutex_init(&s->lock, NULL) == 0);
    s->arena = arena_new(TEXTS_MAX);
    s->tools_arena = arena_new(TOOLS_BYTES);
    SLIST_INIT(&s->tools);
    SLIST_INIT(&s->workspace.keys);
    SLIST_INIT(&s->own.keys);
    struct err e = s->arena == NULL || s->tools_arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                                                              : options_keep(s, options);
    if (e.kind != ERR_NONE) {
        mcpc_shared_free(s);
        return e;
    }
    s->health.since_us = options->clock_us();
    *out = s;
    return OK;
}

static void keys_free(struct signer *signer)
{
    while (!SLIST_EMPTY(&signer->keys)) {
        struct signing_key *k = SLIST_FIRST(&signer->keys);
        SLIST_REMOVE_HEAD(&signer->keys, link);
        ed25519_free(k->key);
        free(k);
    }
}

void mcpc_shared_free(struct mcpc_shared *s)
{
    if (s == NULL)
        return;
    keys_free(&s->workspace);
    keys_free(&s->own);
    arena_free(s->tools_arena);
    arena_free(s->arena);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- keys ---- */

struct mcpc_actor mcpc_service(const struct mcpc_shared *s)
{
    return (struct mcpc_actor){.service = true, .sub = s->service, .channel = "api"};
}

static struct signer *signer_of(struct mcpc_shared *s, const struct mcpc_actor *actor)
{
    return actor->service ? &s->own : &s->workspace;
}

/* Under the lock. */
static struct err key_read(struct signer *signer, bool *changed)
{
    struct signing_key *k;
    *changed = false;
    ENSURE(signer->key_path != NULL, ERR_UPSTREAM, "no key is configured to sign with");
    k = calloc(1, sizeof *k);
    ENSURE(k != NULL, ERR_LIMIT, "out of memory");
    struct err e = ed25519_load(signer->key_path, &k->key);
    if (e.kind != ERR_NONE) {
        free(k);
        return e;
    }
    ed25519_public(k->key, k->public_key);
    const struct signing_key *now = SLIST_FIRST(&signer->keys);
    *changed = now == NULL || memcmp(now->public_key, k->public_key, sizeof k->public_key) != 0;
    if (*changed) {
        SLIST_INSERT_HEAD(&signer->keys, k, link);
    } else {
        ed25519_free(k->key);
        free(k);
    }
    return OK;
}

/* Without its key the agent is as good as without its engine: said in one way, mended by itself. */
static struct err key_missing(struct err e)
{
    if (e.kind == ERR_MISSING)
        return err_at(ERR_UPSTREAM, e.where,
                      "the key to sign with is not there: has init been run?");
    return e.kind == ERR_LIMIT ? e : err_at(ERR_UPSTREAM, e.where, e.msg);
}

struct err shared_key(struct mcpc_shared *s, const struct mcpc_actor *actor,
                      const struct ed25519_key **key, const char **client_id)
{
    struct signer *signer = signer_of(s, actor);
    struct err e = OK;
    bool changed;
    lock(s);
    if (SLIST_EMPTY(&signer->keys))
        e = key_read(signer, &changed);
    *key = e.kind != ERR_NONE ? NULL : SLIST_FIRST(&signer->keys)->key;
    *client_id = signer->client_id;
    unlock(s);
    return e.kind == ERR_NONE ? OK : key_missing(e);
}

bool shared_key_again(struct mcpc_shared *s, const struct mcpc_actor *actor)
{
    bool changed = false;
    lock(s);
    struct err e = key_read(signer_of(s, actor), &changed);
    unlock(s);
    if (e.kind != ERR_NONE)
        log_warn("the key to sign with could not be read again", LOG_ERR(e), LOG_END);
    return changed;
}

/* ---- what the engine is ---- */

static void tools_drop(struct mcpc_shared *s)
{
    SLIST_INIT(&s->tools);
    arena_reset(s->tools_arena);
}

enum mcpc_era shared_era(struct mcpc_shared *s)
{
    lock(s);
    const enum mcpc_era era = s->era;
    unlock(s);
    return era;
}

static void text_keep(char *to, size_t size, const char *text)
{
    const size_t n = text == NULL ? 0 : strnlen(text, size - 1);
    if (n > 0)
        memcpy(to, text, n);
    to[n] = '\0';
}

void shared_learn(struct mcpc_shared *s, enum mcpc_era era, const char *version)
{
    lock(s);
    s->era = era;
    text_keep(s->health.version, sizeof s->health.version, version);
    text_keep(s->health.protocol, sizeof s->health.protocol,
              era == MCPC_MODERN ? MCP_MODERN : MCP_LEGACY);
    unlock(s);
}

/* ---- health ---- */

void shared_heard(struct mcpc_shared *s)
{
    const int64_t now_us = s->options.clock_us();
    lock(s);
    const bool back = !s->health.reachable, again = back && s->health.heard_us != 0;
    s->health.heard_us = now_us;
    s->heard_ms = loop_now_ms();
    if (back) {
        s->health.reachable = true;
        s->health.since_us = now_us;
        s->health.why[0] = '\0';
    }
    if (again) { /* it may be another one by now */
        s->health.comebacks++;
        s->era = MCPC_ERA_UNKNOWN;
        tools_drop(s);
    }
    unlock(s);
    if (again)
        log_info("the engine answers again", LOG_END);
}

void shared_failed(struct mcpc_shared *s, struct err e, int64_t began_ms)
{
    const int64_t now_us = s->options.clock_us();
    lock(s);
    const bool failed = !s->health.reachable || s->heard_ms <= began_ms;
    const bool lost = failed && s->health.reachable;
    if (lost)
        s->health.since_us = now_us;
    if (failed) {
        s->health.reachable = false;
        text_keep(s->health.why, sizeof s->health.why, e.msg);
    }
    unlock(s);
    if (lost)
        log_warn("the engine does not answer", LOG_ERR(e), LOG_END);
}

bool shared_reachable(struct mcpc_shared *s)
{
    lock(s);
    const bool reachable = s->health.reachable;
    unlock(s);
    return reachable;
}

bool shared_away(struct mcpc_shared *s)
{
    lock(s);
    const bool away = !s->health.reachable && s->health.why[0] != '\0';
    unlock(s);
    return away;
}

int64_t shared_comebacks(struct mcpc_shared *s)
{
    lock(s);
    const int64_t n = s->health.comebacks;
    unlock(s);
    return n;
}

void mcpc_health(struct mcpc_shared *s, struct mcpc_health *out)
{
    lock(s);
    *out = s->health;
    unlock(s);
}

/* ---- tools ---- */

void mcpc_tools_changed(struct mcpc_shared *s)
{
    lock(s);
    tools_drop(s);
    unlock(s);
}

struct tool_facts shared_tool(struct mcpc_shared *s, struct arena *arena, const char *name)
{
    struct tool_facts facts = {.known = false};
    const struct tool_row *row;
    lock(s);
    SLIST_FOREACH(row, &s->tools, link)
    if (strcmp(row->name, name) == 0) {
        facts = row->facts;
        break;
    }
    for (size_t i = 0; i < facts.mirrors_n; i++) { /* the row may be dropped after the lock */
        facts.mirrors[i].argument = arena_strdup(arena, facts.mirrors[i].argument);
        facts.mirrors[i].header = arena_strdup(arena, facts.mirrors[i].header);
    }
    unlock(s);
    return facts;
}

/* Members of the schema that come in a header, too (x-mcp-header). */
static void mirrors_take(struct arena *arena, const struct json *row, struct tool_facts *facts)
{
    const struct json *properties = json_pointer_get(row, "/inputSchema/properties");
    for (size_t i = 0; json_is(properties, JSON_TYPE_OBJECT) && i < properties->count; i++) {
        const struct json_member *m = &properties->members[i];
        const char *header = json_get_text(m->value, "x-mcp-header");
        if (header == NULL || facts->mirrors_n == MIRRORS_MAX)
            continue;
        facts->mirrors[facts->mirrors_n++] = (struct mirror){.argument = str_dup(arena, m->key),
                                                             .header = arena_strdup(arena, header)};
    }
}

static bool is_taken(const struct mcpc_shared *s, const char *name)
{
    const struct tool_row *row;
    SLIST_FOREACH(row, &s->tools, link)
    if (strcmp(row->name, name) == 0)
        return true;
    return false;
}

static void row_take(struct mcpc_shared *s, const struct json *row)
{
    const char *name = json_get_text(row, "name");
    const struct json *read_only = json_pointer_get(row, "/annotations/readOnlyHint");
    if (name == NULL || is_taken(s, name))
        return;
    struct tool_row *taken = ARENA_NEW(s->tools_arena, struct tool_row);
    if (taken == NULL)
        return;
    taken->name = arena_strdup(s->tools_arena, name);
    taken->facts.known = true;
    taken->facts.read_only = json_is(read_only, JSON_TYPE_BOOL) && read_only->truth;
    mirrors_take(s->tools_arena, row, &taken->facts);
    if (!arena_full(s->tools_arena))
        SLIST_INSERT_HEAD(&s->tools, taken, link);
}

void shared_tools_take(struct mcpc_shared *s, const struct json *rows)
{
    lock(s);
    for (size_t i = 0; json_is(rows, JSON_TYPE_ARRAY) && i < rows->count; i++)
        row_take(s, rows->items[i]);
    if (arena_full(s->tools_arena)) /* a server that tells too much is asked again and again */
        tools_drop(s);
    unlock(s);
}
