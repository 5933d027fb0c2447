/* What is replied: JSON by its writer, errors in one shape, the engine's answers by one table. */
#include "agent/call/request.h"

#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"

#define BODY_MAX ((size_t)64 << 20)

void reply_pair(struct request *r, const char *name, const char *value)
{
    INVARIANT(r->reply.pairs_n < REPLY_PAIRS_MAX);
    r->reply.pairs[r->reply.pairs_n++] = (struct http_pair){.name = name, .value = value};
}

void reply_text(struct request *r, int status, const char *content_type, struct str body)
{
    r->reply.status = status;
    r->reply.content_type = content_type;
    r->reply.body = body;
}

void reply_raw(struct request *r, int status, struct str json)
{
    reply_text(r, status, "application/json", json);
}

void reply_json(struct request *r, int status, const struct json *tree)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, BODY_MAX);
    jw_tree(&w, NULL, tree);
    struct err e = jw_done(&w, &text);
    const char *kept = e.kind == ERR_NONE ? arena_dup(r->arena, text.at, text.len) : NULL;
    if (kept == NULL) {
        log_error("a reply could not be written", LOG_TEXT("request", r->id), LOG_ERR(e), LOG_END);
        reply_raw(r, 500, STR("{\"error\":\"bug\",\"message\":\"the answer is too large\"}"));
        return;
    }
    reply_raw(r, status, (struct str){kept, text.len});
}

void reply_redirect(struct request *r, const char *url)
{
    r->reply.status = 303;
    reply_pair(r, "Location", url);
}

void reply_cookie(struct request *r, const char *name, const char *value, int64_t max_age_s)
{
    const char *age =
        max_age_s < 0 ? "" : arena_fmt(r->arena, "; Max-Age=%lld", (long long)max_age_s);
    const char *text = arena_fmt(r->arena, "%s=%s; Path=/; Secure; HttpOnly; SameSite=Lax%s", name,
                                 value, age == NULL ? "" : age);
    if (text != NULL)
        reply_pair(r, "Set-Cookie", text);
}

void reply_error(struct request *r, int status, const char *error, const char *message,
                 const char *pointer)
{
    struct json *o = json_object_new(r->arena);
    json_put_text(r->arena, o, "error", error);
    json_put_text(r->arena, o, "message", message);
    if (pointer != NULL)
        json_put_text(r->arena, o, "pointer", pointer);
    json_put_text(r->arena, o, "request_id", r->id);
    reply_json(r, status, o);
}

/* The engine is somebody else's service to us: when it cannot be asked, that is 503, and a browser
 * shows what still works. */
static int status_of(enum err_kind kind)
{
    if (kind == ERR_INPUT || kind == ERR_REFUSED)
        return 422;
    if (kind == ERR_UPSTREAM)
        return 503;
    return http_status_of(kind);
}

void reply_failure(struct request *r, struct err e)
{
    if (e.kind == ERR_BUG || e.kind == ERR_STORE)
        log_error("a request failed", LOG_TEXT("request", r->id), LOG_STR("path", r->http->path),
                  LOG_ERR(e), LOG_END);
    reply_error(r, status_of(e.kind), err_kind_name(e.kind), e.msg, e.where);
}

/* ---- an engine tool's answer ---- */

static const struct {
    const char *status;
    int http;
} statuses[] = {
    {"ok", 200},       {"pending_approval", 202}, {"denied", 403},    {"stale", 409},
    {"approved", 409}, {"rejected", 409},         {"withdrawn", 409}, {"expired", 409},
};

static const struct {
    const char *error;
    int http;
} failures[] = {
    {"input", 422},    {"auth", 403},  {"missing", 404},         {"conflict", 409}, {"limit", 413},
    {"upstream", 503}, {"store", 503}, {"unknown_outcome", 503}, {"refused", 422},
};

static void reply_failed(struct request *r, const struct mcpc_result *result)
{
    const char *error = result->error == NULL ? "failed" : result->error;
    int http = 500;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (strcmp(failures[i].error, error) == 0)
            http = failures[i].http;
    reply_error(r, http, error, result->message == NULL ? "the engine refused" : result->message,
                result->pointer);
}

/* The receipt stands beside what was answered; in the protocol it has its own place, which browsers
 * do not see. */
static const struct json *with_receipt(struct request *r, const struct mcpc_result *result)
{
    const struct json *told = result->structured;
    if (result->receipt == NULL || !json_is(told, JSON_TYPE_OBJECT))
        return told;
    struct json *o = json_object_new(r->arena);
    for (size_t i = 0; i < told->count; i++)
        if (!str_is(told->members[i].key, "receipt"))
            json_add(r->arena, o, told->members[i].key, told->members[i].value);
    json_put(r->arena, o, "receipt", result->receipt);
    return o;
}

void reply_result(struct request *r, const struct mcpc_result *result)
{
    const char *status = result->status;
    int http = 500; /* what nobody knows is not "done" */
    if (text_eq(status, "failed") || result->structured == NULL) {
        reply_failed(r, result);
        return;
    }
    for (size_t i = 0; status != NULL && i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(statuses[i].status, status) == 0)
            http = statuses[i].http;
    reply_json(r, http, with_receipt(r, result));
}
