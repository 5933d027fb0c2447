/* To Slack by its Web API: chat.postMessage, and chat.update of the message that is out. */
#include "agent/notify/deliver.h"
#include "agent/notify/slack.h"
#include "common/sys/json_read.h"

/* Slack's words for "another time". */
static const char *const passing[] = {"ratelimited",         "internal_error",
                                      "fatal_error",         "request_timeout",
                                      "service_unavailable", "team_added_to_org"};
/* The message is not there to be changed any more. */
static const char *const gone[] = {"message_not_found", "cant_update_message",
                                   "edit_window_closed"};

static bool listed(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(text, list[i]))
            return true;
    }
    return false;
}

#define LISTED(text, list) listed((text), (list), sizeof(list) / sizeof((list)[0]))

/* What Slack's body says; it answers 200 to what it refuses. */
static struct send_result answer_read(struct arena *arena, const struct fetch_reply *reply,
                                      int64_t retry_after_s)
{
    struct json *tree;
    if (json_read(arena, reply->body, NULL, &tree).kind != ERR_NONE)
        return (struct send_result){.end = SEND_UNSURE, .why = "Slack's answer is not JSON"};
    const struct json *ok = json_get(tree, "ok");
    const char *error = json_get_text(tree, "error");
    const char *channel = json_get_text(tree, "channel"), *ts = json_get_text(tree, "ts");
    if (json_is(ok, JSON_TYPE_BOOL) && ok->truth && channel != NULL && ts != NULL)
        return (struct send_result){.end = SEND_DONE,
                                    .external_id = arena_fmt(arena, "%s/%s", channel, ts)};
    if (error == NULL)
        return (struct send_result){.end = SEND_UNSURE, .why = "Slack's answer says nothing"};
    if (LISTED(error, gone))
        return (struct send_result){.end = SEND_DROP, .why = "the message is gone from Slack"};
    return (struct send_result){.end = LISTED(error, passing) ? SEND_LATER : SEND_NEVER,
                                .why = arena_fmt(arena, "Slack says %.100s", error),
                                .retry_after_s = retry_after_s};
}

static struct send_result call_slack(struct deliverer *w, struct arena *arena, const char *method,
                                     struct str body)
{
    const struct http_pair auth = {"Authorization",
                                   arena_fmt(arena, "Bearer %s", w->config->slack_bot_token)};
    struct fetch_req req = {
        .url = arena_fmt(arena, "%s/%s", w->config->slack_api_url, method),
        .content_type = "application/json; charset=utf-8",
        .pairs = &auth,
        .pairs_n = 1,
        .body = body,
    };
    struct fetch_reply reply = {0};
    struct err e = arena_check(arena);
    if (e.kind == ERR_NONE)
        e = deliver_post(w, arena, &req, &reply);
    const struct send_result r = deliver_judge(w, arena, e, &reply);
    return r.end == SEND_DONE ? answer_read(arena, &reply, r.retry_after_s) : r;
}

static struct send_result message_send(struct deliverer *w, struct arena *arena,
                                       const struct card *card, const struct slack_place *place)
{
    struct str body;
    struct err e = slack_message(arena, card, place, &body);
    if (e.kind != ERR_NONE)
        return (struct send_result){.end = SEND_NEVER, .why = e.msg};
    return call_slack(w, arena, place->ts == NULL ? "chat.postMessage" : "chat.update", body);
}

/* "C0123/1700000000.000100": where a message stands. */
static bool place_of(struct arena *arena, const char *external_id, const char **channel,
                     const char **ts)
{
    struct str left, right;
    if (external_id == NULL || !str_cut(str_of(external_id), '/', &left, &right))
        return false;
    *channel = str_dup(arena, left);
    *ts = str_dup(arena, right);
    return *channel != NULL && *ts != NULL;
}

static struct send_result update_send(struct deliverer *w, struct arena *arena,
                                      const struct card *card, const struct delivery *d,
                                      const struct outbox_message *m)
{
    struct slack_place place = {.channel = w->config->slack_channel, .delivery_id = d->delivery_id};
    if (m->coming)
        return (struct send_result){.end = SEND_WAIT, .why = "its message is still to leave"};
    if (place_of(arena, m->external_id, &place.channel, &place.ts))
        return message_send(w, arena, card, &place);
    if (m->maybe && !card->open) /* one may stand there that we cannot name: say how it ended */
        return message_send(w, arena, card, &place);
    return (struct send_result){.end = SEND_DROP, .why = "no message stands in Slack"};
}

struct send_result slack_deliver(void *deliverer, struct arena *arena, const struct delivery *d)
{
    struct deliverer *w = deliverer;
    struct outbox_message m = {0};
    struct card card;
    const char *channel;
    struct err e = deliver_card(w, arena, d->escalation_id, &card, NULL);
    if (e.kind != ERR_NONE)
        return deliver_without_card(e);
    e = outbox_message_of(w->db, arena, d->escalation_id, "slack", &m);
    if (e.kind != ERR_NONE)
        return (struct send_result){.end = SEND_WAIT, .why = e.msg};
    if (text_eq(d->kind, "update"))
        return update_send(w, arena, &card, d, &m);
    if (!card.open)
        return (struct send_result){.end = SEND_DROP, .why = "it was settled before this left"};
    struct slack_place place = {.channel = w->config->slack_channel,
                                .lead = deliver_lead(d, &card),
                                .delivery_id = d->delivery_id};
    /* a reminder stands under the message it reminds of, which has the buttons */
    if (text_eq(d->kind, "reminder"))
        place.brief = place_of(arena, m.external_id, &channel, &place.thread_ts);
    return message_send(w, arena, &card, &place);
}
