/* To Teams by a Workflows webhook. It cannot change what it posted: how something ended is a card
 * of its own. */
#include "agent/notify/deliver.h"
#include "agent/notify/teams.h"

static struct send_result post(struct deliverer *w, struct arena *arena, const struct card *card,
                               const char *lead)
{
    struct fetch_req req = {.url = w->config->teams_webhook_url};
    struct fetch_reply reply = {0};
    struct err e = teams_message(arena, card, lead, &req.body);
    if (e.kind != ERR_NONE)
        return (struct send_result){.end = SEND_NEVER, .why = e.msg};
    e = deliver_post(w, arena, &req, &reply);
    struct send_result r = deliver_judge(w, arena, e, &reply);
    if (r.end == SEND_DONE)
        r.external_id = "posted"; /* a webhook gives no name */
    return r;
}

struct send_result teams_deliver(void *deliverer, struct arena *arena, const struct delivery *d)
{
    struct deliverer *w = deliverer;
    struct outbox_message m = {0};
    struct card card;
    struct err e = deliver_card(w, arena, d->escalation_id, &card, NULL);
    if (e.kind != ERR_NONE)
        return deliver_without_card(e);
    if (!text_eq(d->kind, "update"))
        return card.open ? post(w, arena, &card, deliver_lead(d, &card))
                         : (struct send_result){.end = SEND_DROP,
                                                .why = "it was settled before this left"};
    e = outbox_message_of(w->db, arena, d->escalation_id, "teams", &m);
    if (e.kind != ERR_NONE || m.coming)
        return (struct send_result){.end = SEND_WAIT, .why = "its message is still to leave"};
    if (m.external_id == NULL && !m.maybe)
        return (struct send_result){.end = SEND_DROP, .why = "no message stands in Teams"};
    return post(w, arena, &card, NULL);
}
