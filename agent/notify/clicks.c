/* Who, what is it, may it be here, do it, say how it went. */
#include "agent/notify/clicks.h"

#include <string.h>

#include "agent/notify/slack.h"
#include "agent/store/chat.h"
#include "common/base/civil.h"
#include "common/sys/log.h"

#define AGAIN_US  (2 * US_PER_SECOND)
#define GIVE_UP_S INT64_C(120)

/* What became of a click: done with, or to be tried again. */
struct answer {
    bool again;
    const char *outcome;  /* a word for the row */
    const char *sentence; /* for the person */
    const char *url;      /* where to go on; NULL: nowhere */
};

static struct answer said(const char *outcome, const char *sentence, const char *url)
{
    return (struct answer){.outcome = outcome, .sentence = sentence, .url = url};
}

/* ---- a word to the person ---- */

/* A response_url is Slack's own, or (in tests) of the API that stands in for it. */
static bool url_is_slacks(const struct deliverer *w, const char *url)
{
    static const char hooks[] = "https://hooks.slack.com/";
    const char *api = w->config->slack_api_url;
    const char *host = strstr(api, "://");
    const size_t origin = host == NULL ? 0 : (size_t)(host + 3 - api) + strcspn(host + 3, "/");
    if (strncmp(url, hooks, sizeof hooks - 1) == 0)
        return true;
    return w->agent->config->env == CONFIG_DEV && origin > 0 && strncmp(url, api, origin) == 0 &&
           url[origin] == '/';
}

static void whisper(struct deliverer *w, struct arena *arena, const struct click *c,
                    const struct answer *a)
{
    struct fetch_req req = {.url = c->response_url};
    struct fetch_reply reply = {0};
    if (a->sentence == NULL || c->response_url == NULL || !url_is_slacks(w, c->response_url))
        return;
    struct err e = slack_whisper(arena, a->sentence, a->url, &req.body);
    if (e.kind == ERR_NONE)
        e = deliver_post(w, arena, &req, &reply);
    const struct send_result r = deliver_judge(w, arena, e, &reply);
    if (r.end != SEND_DONE)
        log_warn("a word to a person in Slack did not go out", LOG_TEXT("click", c->click_id),
                 LOG_TEXT("why", r.why), LOG_END);
}

/* ---- the decision ---- */

static const char *denial(struct arena *arena, const struct mcpc_result *r)
{
    const char *clause = json_get_text(r->structured, "clause");
    const char *reason = json_get_text(r->structured, "reason");
    if (text_eq(reason, "MISSING_RATIONALE"))
        return "Nothing was recorded: this needs your reason. Write it into the field and press "
               "again.";
    return arena_fmt(arena, "Refused and recorded as refused: %s (%s)",
                     clause == NULL ? "the policy says no" : clause, reason == NULL ? "-" : reason);
}

static const char *recorded(struct arena *arena, const struct click *c, const struct mcpc_result *r)
{
    int64_t seq;
    const bool numbered = json_int(json_get(r->structured, "seq"), &seq);
    const char *word = text_eq(c->decision, "confirm") ? "Confirmed" : "Rejected";
    return numbered
               ? arena_fmt(arena, "%s, recorded as #%lld under your name.", word, (long long)seq)
               : arena_fmt(arena, "%s, recorded under your name.", word);
}

static struct answer result_read(struct arena *arena, const struct click *c,
                                 const struct mcpc_result *r, const char *url)
{
    if (text_eq(r->status, "pending_approval"))
        return said("pending", "Recorded. It waits for a second person now.", url);
    if (text_eq(r->status, "denied"))
        return said("denied", denial(arena, r), url);
    if (text_eq(r->status, "failed"))
        return said("failed",
                    arena_fmt(arena, "Nothing was decided: %s.",
                              r->message == NULL ? "the engine says no" : r->message),
                    url);
    if (json_get(r->structured, "difference") != NULL)
        return said("stale",
                    "Nothing was decided: what it is about has changed since the message was "
                    "written. Look again.",
                    url);
    return said("done", recorded(arena, c, r), NULL);
}

static struct answer decide(struct deliverer *w, struct arena *arena, const struct click *c,
                            const struct mcpc_actor *who, const char *url)
{
    struct json *args = json_object_new(arena);
    struct mcpc_result result;
    json_put_text(arena, args, "escalation_id", c->escalation_id);
    json_put_text(arena, args, "decision", c->decision);
    json_put_text(arena, args, "digest", c->digest);
    if (!text_empty(c->reason))
        json_put_text(arena, args, "rationale", c->reason);
    json_put_text(arena, args, "idempotency_key", c->click_id);
    struct err e = arena_check(arena);
    if (e.kind == ERR_NONE)
        e = mcpc_call(w->mcpc, arena, who, "resolve_escalation", args, &result);
    if (e.kind == ERR_UPSTREAM || e.kind == ERR_UNKNOWN)
        return (struct answer){.again = true, .url = url};
    if (e.kind != ERR_NONE)
        return said("refused", arena_fmt(arena, "Nothing was decided: %s.", e.msg), url);
    return result_read(arena, c, &result, url);
}

/* Reading it as that person: what they may not see they cannot decide either. */
static struct answer look_and_decide(struct deliverer *w, struct arena *arena,
                                     const struct click *c, const struct mcpc_actor *who)
{
    const char *uri = arena_fmt(arena, "recon://escalations/%s", c->escalation_id);
    const struct card_about about = {.workspace_url = w->agent->config->workspace_url};
    const struct json *doc;
    struct card card;
    struct err e = mcpc_read_json(w->mcpc, arena, who, uri, &doc);
    if (e.kind == ERR_UPSTREAM || e.kind == ERR_UNKNOWN)
        return (struct answer){.again = true};
    if (e.kind == ERR_NONE)
        e = card_collect(arena, doc, &about, &card);
    if (e.kind != ERR_NONE)
        return said("unseen", "This is not yours to see or to decide.", NULL);
    if (!card.open)
        return said("settled", arena_fmt(arena, "Nothing to decide any more: %s.", card.outcome),
                    card.url);
    if (!card.decide_here)
        return said("elsewhere",
                    "This is decided in the workspace, not in Slack: it wants a fresh login.",
                    card.url);
    return decide(w, arena, c, who, card.url);
}

static struct answer nobody(struct deliverer *w, struct arena *arena, struct err e)
{
    if (e.kind == ERR_MISSING)
        return said("unlinked",
                    "Nobody knows who you are: your Slack account is not linked to a person. Type "
                    "/closegate link, or decide in the workspace.",
                    arena_fmt(arena, "%s/inbox", w->agent->config->workspace_url));
    if (e.kind == ERR_AUTH)
        return said("disabled", "Nothing was decided: you may not act at present.", NULL);
    return (struct answer){.again = true};
}

static struct answer carry_out(struct deliverer *w, struct arena *arena, const struct click *c)
{
    struct person person;
    struct err e = deliver_whois(w, arena, "slack", c->subject, &person);
    if (e.kind != ERR_NONE)
        return nobody(w, arena, e);
    e = chat_person_seen(w->db, person.principal_id, c->subject, w->clock_us());
    if (e.kind != ERR_NONE)
        log_warn("a person of the chat app is not remembered", LOG_ERR(e), LOG_END);
    /* Slack's signature says that this person was signed in there when they pressed. */
    const struct mcpc_actor who = {.sub = person.actor,
                                   .principal = person.principal_id,
                                   .channel = "slack",
                                   .acr = "slack-signed-request",
                                   .auth_time = c->created_us / US_PER_SECOND};
    return look_and_decide(w, arena, c, &who);
}

/* ---- one step ---- */

static struct answer too_late(struct deliverer *w, struct arena *arena, const struct click *c)
{
    return said("late",
                "The engine gave no answer in time. Look in the workspace whether this was "
                "decided.",
                arena_fmt(arena, "%s/inbox/%s", w->agent->config->workspace_url, c->escalation_id));
}

struct err click_step(struct deliverer *w, struct arena *arena, bool *worked)
{
    struct click c;
    TRY(click_due(w->db, arena, w->clock_us(), worked, &c));
    if (!*worked)
        return OK;
    struct answer a = carry_out(w, arena, &c);
    const int64_t now_us = w->clock_us();
    if (a.again && now_us - c.created_us < GIVE_UP_S * US_PER_SECOND)
        return click_later(w->db, &c, now_us + AGAIN_US, now_us);
    if (a.again)
        a = too_late(w, arena, &c);
    log_info("a press of a button in Slack", LOG_TEXT("click", c.click_id),
             LOG_TEXT("escalation", c.escalation_id), LOG_TEXT("outcome", a.outcome), LOG_END);
    whisper(w, arena, &c, &a);
    return click_done(w->db, &c, a.outcome, now_us);
}
