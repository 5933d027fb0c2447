/* How a delivery leaves: the escalation is read as it is now (by the agent's own service), its card
 * drawn for the channel and handed over. Private to agent/notify. */
#ifndef AGENT_NOTIFY_DELIVER_H
#define AGENT_NOTIFY_DELIVER_H

#include "agent/call/request.h"
#include "agent/notify/card.h"
#include "agent/notify/send.h"
#include "common/sys/crypt_push.h"
#include "common/sys/fetch.h"

/* One thread's. */
struct deliverer {
    const struct agent *agent;
    const struct notify_config *config;
    struct agent_db *db;
    struct mcpc *mcpc;
    const struct push_key *push; /* NULL: no push */
    int64_t (*clock_us)(void);
};

/* A row a channel; the name is the outbox's. */
struct channel {
    const char *name;
    bool (*configured)(const struct notify_config *config);
    struct send_result (*deliver)(void *deliverer, struct arena *arena, const struct delivery *d);
};
extern const struct channel channels[];
extern const size_t channels_n;

struct send_result slack_deliver(void *deliverer, struct arena *arena, const struct delivery *d);
struct send_result teams_deliver(void *deliverer, struct arena *arena, const struct delivery *d);
struct send_result mail_deliver(void *deliverer, struct arena *arena, const struct delivery *d);
struct send_result push_deliver(void *deliverer, struct arena *arena, const struct delivery *d);

/* The card as of now, and its document (`doc` may be NULL). The name of whoever decided is the
 * registry's. */
MUST_CHECK struct err deliver_card(struct deliverer *w, struct arena *arena,
                                   const char *escalation_id, struct card *card,
                                   const struct json **doc);
/* What a card that could not be had means for its delivery. */
struct send_result deliver_without_card(struct err e);
/* "Reminder", "Overdue", or NULL for what is no reminder. */
const char *deliver_lead(const struct delivery *d, const struct card *card);

/* Somebody else's HTTP: public addresses only, but for CLOSEGATE_NOTIFY_ALLOW. */
MUST_CHECK struct err deliver_post(const struct deliverer *w, struct arena *arena,
                                   struct fetch_req *req, struct fetch_reply *reply);
/* What an exchange means, before its body is looked at: SEND_DONE for 2xx. */
struct send_result deliver_judge(const struct deliverer *w, struct arena *arena, struct err e,
                                 const struct fetch_reply *reply);

/* The person an identity is linked to. ERR_MISSING: nobody. ERR_AUTH: disabled. */
struct person {
    const char *principal_id, *actor, *name;
    const struct json *roles;
};
MUST_CHECK struct err deliver_whois(struct deliverer *w, struct arena *arena, const char *kind,
                                    const char *subject, struct person *out);

#endif
