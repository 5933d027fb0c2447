/* By web push, to each browser of a person that asked for it. A browser that is gone is forgotten.
 */
#include <string.h>

#include "agent/notify/deliver.h"
#include "agent/store/push_subs.h"
#include "common/sys/inert.h"
#include "common/sys/json_write.h"

#define TOKEN_LIFE_S INT64_C(43200) /* RFC 8292: at most a day */
#define TTL_S        "86400"
#define TITLE_SHOWN  200

/* What the workspace's service worker shows; nothing of a payee's is in it. */
static struct err payload(struct arena *arena, const struct card *card, const char *lead,
                          struct str *out)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    const char *title = card_title(arena, card);
    title = lead == NULL ? title : arena_fmt(arena, "%s: %s", lead, title);
    jw_init(&w, PUSH_PLAIN_MAX);
    jw_obj(&w);
    jw_text(&w, "title", inert_line(arena, INERT_PLAIN, title, TITLE_SHOWN));
    jw_text(&w, "body", arena_fmt(arena, "Digest code %s", card->code));
    jw_text(&w, "url", card->url);
    jw_text(&w, "tag", card->escalation_id);
    jw_end(&w);
    TRY(arena_check(arena));
    TRY(jw_done(&w, &body));
    *out = (struct str){str_dup(arena, body), body.len};
    return arena_check(arena);
}

/* "https://push.example:8443" of the whole address. */
static const char *origin_of(struct arena *arena, const char *url)
{
    const char *host = strstr(url, "://");
    const size_t n =
        host == NULL ? strlen(url) : (size_t)(host + 3 - url) + strcspn(host + 3, "/?#");
    return arena_dup(arena, url, n);
}

static struct send_result push_one(struct deliverer *w, struct arena *arena,
                                   const struct push_sub *sub, struct str plain, const char *topic)
{
    struct http_pair pairs[] = {{"Authorization", NULL},
                                {"Content-Encoding", "aes128gcm"},
                                {"TTL", TTL_S},
                                {"Urgency", "normal"},
                                {"Topic", topic}};
    struct fetch_req req = {.url = sub->endpoint,
                            .content_type = "application/octet-stream",
                            .pairs = pairs,
                            .pairs_n = sizeof pairs / sizeof pairs[0]};
    struct fetch_reply reply = {0};
    const int64_t until = w->clock_us() / 1000000 + TOKEN_LIFE_S;
    struct err e = push_seal(arena, sub->p256dh, sub->auth, plain, &req.body);
    if (e.kind == ERR_NONE)
        e = push_token(arena, w->push, origin_of(arena, sub->endpoint), w->config->push_contact,
                       until, &pairs[0].value);
    if (e.kind == ERR_NONE)
        e = deliver_post(w, arena, &req, &reply);
    const struct send_result r = deliver_judge(w, arena, e, &reply);
    if (e.kind == ERR_NONE && (reply.status == 404 || reply.status == 410)) {
        struct err removed = push_sub_remove(w->db, sub->endpoint, NULL);
        (void)removed; /* it is tried, and gone, another time */
        return (struct send_result){.end = SEND_DROP, .why = "the browser is gone"};
    }
    return r;
}

/* One browser that has it is enough: the same message again to another would say nothing new. */
static struct send_result push_all(struct deliverer *w, struct arena *arena,
                                   const struct push_sub *subs, size_t n, struct str plain,
                                   const char *topic)
{
    struct send_result worst = {.end = SEND_DROP, .why = "no browser asks for messages"};
    bool one = false;
    for (size_t i = 0; i < n; i++) {
        const struct send_result r = push_one(w, arena, &subs[i], plain, topic);
        one |= r.end == SEND_DONE;
        if (r.end != SEND_DONE && r.end != SEND_DROP)
            worst = r;
    }
    return one ? (struct send_result){.end = SEND_DONE, .external_id = topic} : worst;
}

struct send_result push_deliver(void *deliverer, struct arena *arena, const struct delivery *d)
{
    struct deliverer *w = deliverer;
    struct push_sub *subs;
    struct card card;
    struct str plain;
    size_t n;
    struct err e = push_subs_of(w->db, arena, d->recipient, &subs, &n);
    if (e.kind != ERR_NONE)
        return (struct send_result){.end = SEND_WAIT, .why = e.msg};
    if (n == 0 || w->push == NULL)
        return (struct send_result){.end = SEND_DROP, .why = "no browser asks for messages"};
    e = deliver_card(w, arena, d->escalation_id, &card, NULL);
    if (e.kind != ERR_NONE)
        return deliver_without_card(e);
    if (!card.open)
        return (struct send_result){.end = SEND_DROP, .why = "it was settled before this left"};
    e = payload(arena, &card, deliver_lead(d, &card), &plain);
    if (e.kind != ERR_NONE)
        return (struct send_result){.end = SEND_NEVER, .why = e.msg};
    return push_all(w, arena, subs, n, plain, card.escalation_id);
}
