/* The outbox, for the people who ask why nobody heard. */
#include "agent/call/topic.h"
#include "agent/notify/notify_own.h"
#include "common/base/civil.h"

#define ROWS_MAX 200

struct json *delivery_json(struct arena *arena, const struct delivery *d)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "delivery_id", d->delivery_id);
    json_put_text(arena, o, "channel", d->channel);
    json_put_text(arena, o, "recipient", d->recipient);
    json_put_text(arena, o, "escalation_id", d->escalation_id);
    json_put_text(arena, o, "kind", d->kind);
    json_put_text(arena, o, "event_type", d->event_type);
    json_put_int(arena, o, "seq", d->seq);
    json_put_text(arena, o, "state", d->state);
    json_put_int(arena, o, "attempts", d->attempts);
    json_put_int(arena, o, "tries_left", d->tries_left);
    json_put_int(arena, o, "unsure", d->unsure);
    if (text_eq(d->state, "QUEUED"))
        json_put_instant(arena, o, "next_at", d->next_us);
    if (d->last_error != NULL)
        json_put_text(arena, o, "last_error", d->last_error);
    json_put_instant(arena, o, "created_at", d->created_us);
    json_put_instant(arena, o, "updated_at", d->updated_us);
    return o;
}

struct json *outbox_counts_json(struct arena *arena, const struct outbox_counts *c)
{
    struct json *o = json_object_new(arena);
    json_put_int(arena, o, "queued", c->queued);
    json_put_int(arena, o, "sending", c->sending);
    json_put_int(arena, o, "sent", c->sent);
    json_put_int(arena, o, "dead_letter", c->dead);
    json_put_int(arena, o, "cancelled", c->cancelled);
    if (c->oldest_us != 0)
        json_put_instant(arena, o, "oldest_queued_at", c->oldest_us);
    return o;
}

/* Which channels there are; never where they lead. */
static struct json *channels_json(struct request *r)
{
    const struct notify_config *c = &r->config->notify;
    struct json *o = json_object_new(r->arena);
    json_put_bool(r->arena, o, "slack", c->slack_bot_token != NULL);
    json_put_bool(r->arena, o, "slack_buttons", c->slack_signing_secret != NULL);
    json_put_bool(r->arena, o, "teams", c->teams_webhook_url != NULL);
    json_put_bool(r->arena, o, "email", c->smtp_url != NULL);
    json_put_bool(r->arena, o, "push", c->push);
    return o;
}

struct outbox_args {
    int state;
    const char *before;
    int64_t limit;
};

static const char *const states[] = {"",          "QUEUED", "SENDING", "SENT", "DEAD_LETTER",
                                     "CANCELLED", NULL};

static const struct json_field query[] = {
    JSON_ENUM(struct outbox_args, state, states, .help = "only in this state"),
    JSON_TEXT(struct outbox_args, before, .max = 32, .help = "older than this instant"),
    JSON_INT(struct outbox_args, limit, .min = 1, .max = ROWS_MAX, .def = 50, .help = "how many"),
};

/* Deliveries name escalations of every entity, so they are for whoever sees every entity. Not yes:
 * it is replied. */
static struct err sees_all(struct request *r, bool *yes)
{
    const struct json *me, *all;
    TRY(request_read(r, "recon://me", &me));
    all = json_get(me, "sees_all");
    *yes = json_is(all, JSON_TYPE_BOOL) && all->truth;
    if (!*yes)
        reply_error(r, 403, "auth",
                    "The notices of every entity are for people who see every entity.", NULL);
    return OK;
}

struct err get_outbox(struct request *r)
{
    struct json *o = json_object_new(r->arena), *list = json_array_new(r->arena);
    struct outbox_counts counts;
    struct outbox_args args;
    struct delivery *rows;
    int64_t before_us = 0, next_seq;
    bool followed, yes;
    size_t n;
    TRY(request_query(r, JSON_FIELDS(query), &args));
    TRY(sees_all(r, &yes));
    if (!yes)
        return OK;
    if (args.before != NULL)
        TRY(err_in(instant_parse(args.before, &before_us), "/before"));
    TRY(outbox_count(r->db, &counts));
    TRY(outbox_list(r->db, r->arena, args.state == 0 ? NULL : states[args.state], before_us,
                    (size_t)args.limit, &rows, &n));
    TRY(cursor_find(r->db, &followed, &next_seq));
    for (size_t i = 0; i < n; i++)
        json_push(r->arena, list, delivery_json(r->arena, &rows[i]));
    json_put(r->arena, o, "counts", outbox_counts_json(r->arena, &counts));
    json_put(r->arena, o, "channels", channels_json(r));
    if (followed)
        json_put_int(r->arena, o, "followed_to_seq", next_seq);
    json_put(r->arena, o, "deliveries", list);
    reply_json(r, 200, o);
    return OK;
}

/* POST outbox/{id}/retry */
struct err post_outbox_retry(struct request *r)
{
    struct str id, verb;
    struct delivery d;
    bool found, yes;
    ENSURE(str_cut(r->rest, '/', &id, &verb) && str_is(verb, "retry"), ERR_MISSING,
           "there is no such page");
    const char *delivery_id = str_dup(r->arena, id);
    TRY(arena_check(r->arena));
    TRY(sees_all(r, &yes));
    if (!yes)
        return OK;
    TRY(outbox_retry(r->db, r->arena, delivery_id, r->config->notify.attempts, r->now_us));
    TRY(outbox_find(r->db, r->arena, delivery_id, &found, &d));
    notify_wake(r->agent->notify);
    if (r->agent->tell != NULL)
        r->agent->tell(r->agent->tell_ctx, TOPIC_OUTBOX);
    reply_json(r, 200, delivery_json(r->arena, &d));
    return OK;
}
