/* By mail, to a person whose address is known. */
#include <string.h>

#include "agent/notify/deliver.h"
#include "agent/notify/mail.h"
#include "agent/store/people.h"
#include "common/sys/smtp.h"

static struct send_result end_of(struct err e, const char *name)
{
    switch (e.kind) {
    case ERR_NONE:
        return (struct send_result){.end = SEND_DONE, .external_id = name};
    case ERR_INPUT:
    case ERR_REFUSED:
        return (struct send_result){.end = SEND_NEVER, .why = e.msg};
    case ERR_UNKNOWN:
        return (struct send_result){.end = SEND_UNSURE, .why = e.msg};
    case ERR_AUTH:
    case ERR_MISSING:
    case ERR_CONFLICT:
    case ERR_LIMIT:
    case ERR_UPSTREAM:
    case ERR_STORE:
    case ERR_BUG:
        break;
    }
    return (struct send_result){.end = SEND_LATER, .why = e.msg};
}

static struct send_result mail_send(struct deliverer *w, struct arena *arena,
                                    const struct card *card, const struct delivery *d,
                                    const struct contact *c)
{
    const struct mail_about about = {
        .from = w->config->smtp_from,
        .to = c->email,
        .to_name = c->name,
        .lead = deliver_lead(d, card),
        .delivery_id = d->delivery_id,
        .host = strchr(w->config->smtp_from, '@') + 1,
        .now_us = w->clock_us(),
    };
    struct smtp_mail mail = {
        .url = w->config->smtp_url,
        .user = w->config->smtp_user,
        .password = w->config->smtp_password,
        .from = about.from,
        .to = about.to,
    };
    struct err e = mail_message(arena, card, &about, &mail.message);
    if (e.kind == ERR_NONE)
        e = smtp_send(arena, &mail);
    return end_of(e, d->delivery_id);
}

struct send_result mail_deliver(void *deliverer, struct arena *arena, const struct delivery *d)
{
    struct deliverer *w = deliverer;
    struct contact contact;
    struct card card;
    bool found;
    struct err e = contact_find(w->db, arena, d->recipient, &found, &contact);
    if (e.kind != ERR_NONE)
        return (struct send_result){.end = SEND_WAIT, .why = e.msg};
    if (!found || !smtp_address_ok(contact.email) || !smtp_address_ok(w->config->smtp_from))
        return (struct send_result){.end = SEND_DROP, .why = "no mail address is known"};
    e = deliver_card(w, arena, d->escalation_id, &card, NULL);
    if (e.kind != ERR_NONE)
        return deliver_without_card(e);
    if (!card.open)
        return (struct send_result){.end = SEND_DROP, .why = "it was settled before this left"};
    return mail_send(w, arena, &card, d, &contact);
}
