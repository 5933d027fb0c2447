/* One event, member by member (DESIGN §5). Money and what may pass 2^53 are text. */
#include "engine/store/audit_event.h"

#include <inttypes.h>

#include "common/base/civil.h"
#include "engine/store/sql.h"

static void put(struct arena *arena, struct json *o, const char *key, const char *text)
{
    if (text != NULL)
        json_put_text(arena, o, key, text);
}

static void put_instant(struct arena *arena, struct json *o, const char *key, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    json_put_text(arena, o, key, text);
}

static void put_actor(struct arena *arena, struct json *o, const struct actor *a)
{
    put(arena, o, "actor_id", a->id);
    put(arena, o, "principal_id", a->principal);
    put(arena, o, "on_behalf_of", a->on_behalf_of);
    put(arena, o, "client", a->client);
    put(arena, o, "channel", channel_name(a->channel));
    put(arena, o, "model", a->model);
    struct json *auth = json_object_new(arena);
    put(arena, auth, "backend", a->backend);
    put(arena, auth, "iss", a->iss);
    put(arena, auth, "acr", a->acr);
    if (a->auth_time_us != 0)
        put_instant(arena, auth, "auth_time", a->auth_time_us);
    json_put(arena, o, "auth", auth);
}

static struct json *texts(struct arena *arena, const char *const *list, size_t n)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < n; i++)
        json_push(arena, array, json_text_new(arena, list[i]));
    return array;
}

static void put_usd(struct arena *arena, struct json *o, const struct ask *ask)
{
    for (size_t i = 0; i < ask->values_n; i++) {
        const struct ask_value *v = &ask->values[i];
        char text[DECIMAL_TEXT_MAX], day[DATE_TEXT_MAX];
        if (!text_eq(v->cur, "USD") || v->status == FX_MISSING)
            continue;
        decimal_print(v->value, text);
        json_put_text(arena, o, "amount_usd", text);
        struct json *fx = json_object_new(arena);
        decimal_print(v->rate, text);
        json_put_text(arena, fx, "rate", text);
        put(arena, fx, "source", v->source == NULL ? "identity" : v->source);
        if (v->source != NULL) {
            date_print(v->as_of, day);
            json_put_text(arena, fx, "as_of", day);
        }
        json_put(arena, o, "fx", fx);
    }
}

static void put_ask(struct arena *arena, struct json *o, const struct ask *ask)
{
    json_put_text(arena, o, "tier", tier_name(ask->tier));
    json_put_text(arena, o, "action", action_name(ask->action));
    json_put(arena, o, "gate_input", ask_print(arena, ask));
    json_put_int(arena, o, "gate_version", GATE_VERSION);
    struct json *roles = json_array_new(arena);
    for (size_t i = 0; i < ask->roles_n; i++)
        json_push(arena, roles, json_text_new(arena, ask->roles[i].role));
    json_put(arena, o, "roles", roles);
    struct json *accounts = json_array_new(arena);
    for (size_t i = 0; i < ask->accounts_n; i++)
        json_push(arena, accounts, json_text_new(arena, ask->accounts[i].id));
    json_put(arena, o, "accounts", accounts);
    if (ask->has_amount) {
        json_put_text(arena, o, "amount_minor", arena_fmt(arena, "%" PRId64, ask->amount.minor));
        json_put_text(arena, o, "currency", ask->amount.cur);
    }
    put_usd(arena, o, ask);
}

static void put_verdict(struct arena *arena, struct json *o, const struct verdict *v)
{
    json_put_text(arena, o, "decision", ruling_name(v->ruling));
    json_put_text(arena, o, "reason", reason_name(v->reason));
    json_put_text(arena, o, "row", v->row);
    json_put_text(arena, o, "clause_text", v->clause);
    json_put_text(arena, o, "clause_pointer", v->pointer);
}

static void put_object(struct arena *arena, struct json *o, const struct event *e)
{
    if (e->object_type == NULL)
        return;
    struct json *object = json_object_new(arena);
    json_put_text(arena, object, "type", e->object_type);
    put(arena, object, "id", e->object_id);
    json_put_int(arena, object, "version", e->object_version);
    json_put(arena, o, "object", object);
}

static struct json *effects(struct tx *tx)
{
    struct json *array = json_array_new(tx->arena);
    for (size_t i = 0; i < tx->effects_n; i++) {
        struct json *e = json_object_new(tx->arena);
        json_put_text(tx->arena, e, "table", tx->effects[i].table);
        json_put_text(tx->arena, e, "id", tx->effects[i].id);
        json_put_int(tx->arena, e, "version", tx->effects[i].version);
        json_put_text(tx->arena, e, "row_sha256", tx->effects[i].row_sha256);
        json_push(tx->arena, array, e);
    }
    return array;
}

static struct json *bulk_effects(struct tx *tx)
{
    struct json *array = json_array_new(tx->arena);
    for (size_t i = 0; i < tx->bulk_n; i++) {
        struct json *b = json_object_new(tx->arena);
        json_put_text(tx->arena, b, "table", tx->bulk[i].table);
        json_put_int(tx->arena, b, "count", tx->bulk[i].count);
        json_put_text(tx->arena, b, "rows_sha256", tx->bulk[i].rows_sha256);
        json_push(tx->arena, array, b);
    }
    return array;
}

static void put_circumstances(struct arena *arena, struct json *o, const struct event *e)
{
    put(arena, o, "tool", e->tool);
    put(arena, o, "policy_version", e->policy_version);
    put(arena, o, "state_from", e->state_from);
    put(arena, o, "state_to", e->state_to);
    put(arena, o, "match_id", e->match_id);
    put(arena, o, "transition_id", e->transition_id);
    put(arena, o, "entity_id", e->entity_id);
    put(arena, o, "escalation_id", e->escalation_id);
    put(arena, o, "batch_id", e->batch_id);
    put(arena, o, "request_id", e->request_id);
    put(arena, o, "source", e->source);
    put(arena, o, "args_sha256", e->args_sha256);
    put(arena, o, "rationale", e->rationale);
    put(arena, o, "rationale_author", e->rationale_author);
    put(arena, o, "opened_at", e->opened_at);
    if (e->evidence_opened_n > 0)
        json_put(arena, o, "evidence_opened",
                 texts(arena, e->evidence_opened, e->evidence_opened_n));
    if (e->entities != NULL)
        json_put(arena, o, "entities", e->entities);
    if (e->caused_by != 0)
        json_put_int(arena, o, "caused_by", e->caused_by);
    if (e->signers_n > 0)
        json_put(arena, o, "signers", texts(arena, e->signers, e->signers_n));
    if (e->detail != NULL)
        json_put(arena, o, "detail", e->detail);
}

struct json *event_print(struct tx *tx, const struct event *event, const struct chain_head *at)
{
    struct arena *arena = tx->arena;
    struct json *o = json_object_new(arena);
    json_put_int(arena, o, "seq", at->seq);
    json_put_text(arena, o, "book_id", tx->store->book_id);
    json_put_text(arena, o, "event_type", event->type);
    put_instant(arena, o, "timestamp_utc", at->timestamp_us);
    json_put_text(arena, o, "build", CLOSEGATE_BUILD);
    json_put(arena, o, "posture", json_array_new(arena));
    if (event->actor != NULL)
        put_actor(arena, o, event->actor);
    if (event->ask != NULL)
        put_ask(arena, o, event->ask);
    if (event->verdict != NULL)
        put_verdict(arena, o, event->verdict);
    put_object(arena, o, event);
    put_circumstances(arena, o, event);
    json_put(arena, o, "effects", effects(tx));
    if (tx->bulk_n > 0)
        json_put(arena, o, "effects_bulk", bulk_effects(tx));
    return o;
}
