/* record_delivery: what became of a notice about an escalation. The workspace's service reports it,
 * and nobody else; a notice that reached nobody for good is an event of its own, so that the book
 * holds the evidence. */
#include "engine/store/escalation_life.h"
#include "engine/tools/scope.h"

struct record_delivery {
    const char *escalation_id, *channel, *detail;
    int status; /* index of statuses */
    int64_t attempts;
};

enum { DELIVERED = 1, FAILED, DEAD_LETTER };
static const char *const statuses[] = {"", "delivered", "failed", "dead_letter", NULL};

static const char *channel_check(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        bool good = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '-';
        if (!good)
            return "expected lower-case letters, digits, - and _";
    }
    return NULL;
}

static const struct json_field fields[] = {
    JSON_TEXT(struct record_delivery, escalation_id, .required = true, .max = 64,
              .help = "what the notice is about"),
    JSON_TEXT(struct record_delivery, channel, .required = true, .max = 32, .check = channel_check,
              .pattern = "^[a-z0-9_-]+$", .help = "web, slack, teams, email …"),
    JSON_ENUM(struct record_delivery, status, statuses, .required = true,
              .help = "dead_letter: given up for good"),
    JSON_INT(struct record_delivery, attempts, .required = true, .min = 1, .max = 10000,
             .help = "how often it was tried so far"),
    JSON_TEXT(struct record_delivery, detail, .max = 500, .help = "what went wrong"),
};

struct recorded {
    const char *escalation_id, *channel, *delivery;
    int64_t attempts;
};

static const struct json_field result[] = {
    JSON_TEXT(struct recorded, escalation_id, .help = "the escalation"),
    JSON_TEXT(struct recorded, channel, .help = "the channel"),
    JSON_TEXT(struct recorded, delivery, .help = "delivered, failed or dead_letter"),
    JSON_INT(struct recorded, attempts, .help = "how often it was tried"),
};

static struct err answer(struct call *c, const struct delivery *d)
{
    const struct recorded done = {d->escalation_id, d->channel, d->status, d->attempts};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

/* The same report twice is one; another one under the same number is a mistake. */
static struct err recorded_before(struct call *c, struct tx *tx, const struct delivery *d)
{
    struct delivery before;
    bool found;
    if (!c->ask.delivery_service)
        return OK; /* the gate refuses it, whatever was recorded */
    TRY(delivery_find(tx, c->arena, d, &found, &before));
    if (!found)
        return OK;
    if (!text_eq(before.status, d->status) || !text_eq(before.detail, d->detail))
        return err_at(ERR_CONFLICT, "/attempts",
                      "this attempt on this channel was recorded otherwise");
    c->outcome = CALL_OK;
    TRY(answer(c, &before));
    json_put_text(c->arena, c->result, "status", "ok");
    return arena_check(c->arena);
}

static struct err entities_fact(struct call *c, const struct escalation *e)
{
    struct json *bound;
    TRY(bound_read(c->arena, e, &bound));
    const struct json *all = json_get(bound, "entities");
    size_t n = json_is(all, JSON_TYPE_ARRAY) ? all->count : 0;
    const char **list = ARENA_ARRAY(c->arena, n + 1, const char *);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        list[i] = json_text(all->items[i]);
    c->ask.entities = list;
    c->ask.entities_n = n;
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct record_delivery *args = c->args;
    struct escalation e;
    struct delivery *d = ARENA_NEW(c->arena, struct delivery);
    ENSURE(d != NULL, ERR_LIMIT, "out of memory");
    TRY(escalation_load(tx, c->arena, args->escalation_id, &e));
    *d = (struct delivery){.escalation_id = e.escalation_id,
                           .channel = args->channel,
                           .status = statuses[args->status],
                           .attempts = args->attempts,
                           .detail = args->detail};
    TRY(recorded_before(c, tx, d));
    TRY(entities_fact(c, &e));
    c->object_type = c->ask.object_type = "escalation";
    c->object_id = c->ask.object_id = c->escalation_id = e.escalation_id;
    c->ask.object_version = e.version;
    c->entity_id = e.entity_id;
    c->match_id = text_eq(e.object_type, "match") ? e.object_id : NULL;
    c->ask.state_valid = true;
    c->event_type = args->status == DEAD_LETTER ? "DELIVERY_FAILED" : NULL;
    c->planned = d;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct delivery *d = c->planned;
    struct json *detail = json_object_new(c->arena);
    json_put_text(c->arena, detail, "channel", d->channel);
    json_put_text(c->arena, detail, "delivery", d->status);
    json_put_int(c->arena, detail, "attempts", d->attempts);
    json_put_known(c->arena, detail, "problem", d->detail);
    c->detail = detail;
    TRY(delivery_add(tx, d));
    return answer(c, d);
}

const struct tool tool_record_delivery = {
    .name = "record_delivery",
    .title = "Record what became of a notice",
    .summary = "For the workspace's service: whether a notice about an escalation reached anybody. "
               "Given up for good, it is evidence in the book.",
    .tier = TIER_T1,
    .action = ACTION_RECORD_DELIVERY,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct record_delivery),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
