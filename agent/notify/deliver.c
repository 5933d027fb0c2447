/* What the channels have in common. */
#include "agent/notify/deliver.h"

#include <string.h>

#include "common/sys/backoff.h"

#define POST_TIMEOUT_MS 10000
#define REPLY_MAX       ((size_t)256 * 1024)

/* ---- the engine's side ---- */

struct err deliver_whois(struct deliverer *w, struct arena *arena, const char *kind,
                         const char *subject, struct person *out)
{
    const struct mcpc_actor service = mcpc_service(w->agent->engine);
    struct json *args = json_object_new(arena);
    struct mcpc_result result;
    json_put_text(arena, args, "kind", kind);
    json_put_text(arena, args, "subject", subject);
    TRY(arena_check(arena));
    TRY(mcpc_call(w->mcpc, arena, &service, "whois", args, &result));
    TRY(mcpc_failure(arena, &result));
    *out = (struct person){
        .principal_id = json_get_text(result.structured, "principal_id"),
        .actor = json_get_text(result.structured, "actor_id"),
        .name = json_get_text(result.structured, "name"),
        .roles = json_get(result.structured, "roles"),
    };
    ENSURE(text_eq(json_get_text(result.structured, "status"), "active"), ERR_AUTH,
           "this person is disabled in the registry");
    ENSURE(out->principal_id != NULL && out->actor != NULL, ERR_AUTH,
           "this person has no actor to act as");
    return OK;
}

static bool subject_of(const char *actor, const char **subject)
{
    static const char human[] = "human:";
    const bool is_human = actor != NULL && strncmp(actor, human, sizeof human - 1) == 0;
    *subject = is_human ? actor + sizeof human - 1 : NULL;
    return is_human;
}

struct err deliver_card(struct deliverer *w, struct arena *arena, const char *escalation_id,
                        struct card *card, const struct json **doc)
{
    const struct mcpc_actor service = mcpc_service(w->agent->engine);
    const char *uri = arena_fmt(arena, "recon://escalations/%s", escalation_id), *subject;
    struct card_about about = {.workspace_url = w->agent->config->workspace_url};
    const struct json *tree;
    struct person by = {0};
    TRY(arena_check(arena));
    TRY(mcpc_read_json(w->mcpc, arena, &service, uri, &tree));
    /* without the registry the actor's id says it as well */
    if (subject_of(card_decided_by(tree), &subject) &&
        deliver_whois(w, arena, "actor", subject, &by).kind == ERR_NONE)
        about.decided_name = by.name;
    if (doc != NULL)
        *doc = tree;
    return card_collect(arena, tree, &about, card);
}

struct send_result deliver_without_card(struct err e)
{
    if (e.kind == ERR_MISSING)
        return (struct send_result){.end = SEND_DROP, .why = "the engine knows no such escalation"};
    return (struct send_result){.end = SEND_WAIT, .why = e.msg};
}

const char *deliver_lead(const struct delivery *d, const struct card *card)
{
    if (!text_eq(d->kind, "reminder"))
        return NULL;
    return card->overdue ? "Overdue" : "Reminder";
}

/* ---- the other side ---- */

struct err deliver_post(const struct deliverer *w, struct arena *arena, struct fetch_req *req,
                        struct fetch_reply *reply)
{
    const struct fetch_guard guard = {.allow = w->config->allow.items,
                                      .allow_n = w->config->allow.n};
    req->guard = &guard;
    req->timeout_ms = POST_TIMEOUT_MS;
    req->reply_max = REPLY_MAX;
    return fetch(arena, req, reply);
}

static struct send_result status_result(const struct deliverer *w, struct arena *arena,
                                        const struct fetch_reply *reply)
{
    struct send_result r = {.end = SEND_NEVER, .why = arena_fmt(arena, "HTTP %d", reply->status)};
    if (reply->status >= 200 && reply->status < 300)
        return (struct send_result){.end = SEND_DONE};
    if (reply->status == 408 || reply->status == 425 || reply->status == 429 ||
        reply->status >= 500)
        r.end = SEND_LATER;
    if (!retry_after_parse(fetch_header(reply, "Retry-After"), w->clock_us(), &r.retry_after_s))
        r.retry_after_s = 0;
    return r;
}

struct send_result deliver_judge(const struct deliverer *w, struct arena *arena, struct err e,
                                 const struct fetch_reply *reply)
{
    struct send_result r = {.end = SEND_LATER, .why = e.msg};
    if (e.kind == ERR_NONE)
        return status_result(w, arena, reply);
    if (e.kind == ERR_UNKNOWN || e.kind == ERR_LIMIT)
        r.end = SEND_UNSURE;
    else if (e.kind == ERR_INPUT)
        r.end = SEND_NEVER;
    return r;
}
