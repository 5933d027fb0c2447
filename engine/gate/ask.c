/* The names of the gate's vocabulary, and an ask as the JSON object an auditor reads. */
#include "engine/gate/ask.h"

#include <string.h>

#include "common/base/str.h"

#define ACTION_TEXT(name) [ACTION_##name] = #name,
static const char *const action_names[ACTION_COUNT] = {[ACTION_NONE] = "NONE",
                                                       ACTION_LIST(ACTION_TEXT)};
#undef ACTION_TEXT

static const char *const tier_names[] = {"T0", "T1", "T2", "T3"};
static const char *const channel_names[] = {"none", "web", "slack", "chat", "api", "cli"};
static const char *const state_names[] = {"NONE", "PROPOSED_MATCH", "CONFIRMED", "REJECTED",
                                          "REVERSED"};
static const char *const source_names[] = {"none", "matcher", "llm", "human"};
static const char *const decision_names[] = {"none",     "confirm",      "reject",
                                             "withdraw", "request_info", "answer"};
static const char *const fx_names[] = {"missing", "stale", "known"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *name_at(const char *const *names, size_t n, unsigned i)
{
    return i < n ? names[i] : names[0];
}

static bool name_find(const char *const *names, size_t n, const char *name, size_t *i)
{
    for (*i = 1; *i < n; (*i)++) {
        if (text_eq(names[*i], name))
            return true;
    }
    return false;
}

const char *action_name(enum action action)
{
    return name_at(action_names, COUNT(action_names), action);
}

bool action_find(const char *name, enum action *action)
{
    size_t i;
    bool found = name_find(action_names, COUNT(action_names), name, &i);
    *action = found ? (enum action)i : ACTION_NONE;
    return found;
}

const char *tier_name(enum tier tier)
{
    return name_at(tier_names, COUNT(tier_names), tier);
}

const char *channel_name(enum channel channel)
{
    return name_at(channel_names, COUNT(channel_names), channel);
}

bool channel_find(const char *name, enum channel *channel)
{
    size_t i;
    bool found = name_find(channel_names, COUNT(channel_names), name, &i);
    *channel = found ? (enum channel)i : CHANNEL_NONE;
    return found;
}

const char *match_state_name(enum match_state state)
{
    return name_at(state_names, COUNT(state_names), state);
}

bool match_state_find(const char *name, enum match_state *state)
{
    size_t i;
    bool found = name_find(state_names, COUNT(state_names), name, &i);
    *state = found ? (enum match_state)i : MATCH_NONE;
    return found;
}

const char *source_name(enum source source)
{
    return name_at(source_names, COUNT(source_names), source);
}

bool source_find(const char *name, enum source *source)
{
    size_t i;
    bool found = name_find(source_names, COUNT(source_names), name, &i);
    *source = found ? (enum source)i : SOURCE_NONE;
    return found;
}

const char *decision_name(enum decision decision)
{
    return name_at(decision_names, COUNT(decision_names), decision);
}

const char *fx_status_name(enum fx_status status)
{
    return name_at(fx_names, COUNT(fx_names), status);
}

/* ---- gate_input ---- */

static void put_text(struct arena *arena, struct json *o, const char *key, const char *text)
{
    if (text != NULL)
        json_put_text(arena, o, key, text);
}

static void put_decimal(struct arena *arena, struct json *o, const char *key, struct decimal d)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_print(d, text);
    json_put_text(arena, o, key, text);
}

static void put_texts(struct arena *arena, struct json *o, const char *key,
                      const char *const *texts, size_t n)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < n; i++)
        json_push(arena, array, json_text_new(arena, texts[i]));
    json_put(arena, o, key, array);
}

static void print_actor(struct arena *arena, struct json *o, const struct ask *a)
{
    json_put_text(arena, o, "actor_kind", actor_kind_name(a->actor_kind));
    put_text(arena, o, "actor", a->actor);
    put_text(arena, o, "principal", a->principal);
    put_text(arena, o, "on_behalf_of", a->on_behalf_of);
    put_text(arena, o, "client", a->client);
    json_put_text(arena, o, "channel", channel_name(a->channel));
    json_put_int(arena, o, "auth_age_s", a->auth_age_s);
    struct json *roles = json_array_new(arena);
    for (size_t i = 0; i < a->roles_n; i++) {
        struct json *role = json_object_new(arena);
        json_put_text(arena, role, "role", a->roles[i].role);
        put_text(arena, role, "entity", a->roles[i].entity);
        put_text(arena, role, "lender", a->roles[i].lender);
        json_push(arena, roles, role);
    }
    json_put(arena, o, "roles", roles);
    json_put_bool(arena, o, "prod", a->prod);
    json_put_bool(arena, o, "frozen", a->frozen);
    json_put_bool(arena, o, "frozen_self", a->frozen_self);
    json_put_bool(arena, o, "delivery_service", a->delivery_service);
}

static void print_object(struct arena *arena, struct json *o, const struct ask *a)
{
    put_text(arena, o, "object_type", a->object_type);
    put_text(arena, o, "object_id", a->object_id);
    json_put_int(arena, o, "object_version", a->object_version);
    json_put_text(arena, o, "state", match_state_name(a->state));
    json_put_bool(arena, o, "state_valid", a->state_valid);
    json_put_bool(arena, o, "entry_taken", a->entry_taken);
    json_put_text(arena, o, "source", source_name(a->source));
    put_text(arena, o, "match_type", a->match_type);
    json_put_int(arena, o, "score_bp", a->score_bp);
    json_put_bool(arena, o, "sure", a->sure);
    put_text(arena, o, "counterparty", a->counterparty);
    put_texts(arena, o, "proposers", a->proposers, a->proposers_n);
    put_texts(arena, o, "own_agents_of", a->own_agents_of, a->own_agents_of_n);
    json_put_bool(arena, o, "ambiguous", a->ambiguous);
    json_put_bool(arena, o, "entity_mismatch", a->entity_mismatch);
    json_put_bool(arena, o, "intercompany", a->intercompany);
    json_put_bool(arena, o, "intercompany_paired", a->intercompany_paired);
    json_put_bool(arena, o, "period_closed", a->period_closed);
    put_text(arena, o, "subject", a->subject);
    json_put_bool(arena, o, "keeps_amount", a->keeps_amount);
}

static struct json *print_accounts(struct arena *arena, const struct ask *a)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < a->accounts_n; i++) {
        struct json *account = json_object_new(arena);
        put_text(arena, account, "id", a->accounts[i].id);
        put_text(arena, account, "class", a->accounts[i].class_);
        json_put_bool(arena, account, "known", a->accounts[i].known);
        json_put_bool(arena, account, "reconciled", a->accounts[i].reconciled);
        json_push(arena, array, account);
    }
    return array;
}

static struct json *print_values(struct arena *arena, const struct ask *a)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < a->values_n; i++) {
        const struct ask_value *v = &a->values[i];
        struct json *value = json_object_new(arena);
        json_put_text(arena, value, "currency", v->cur);
        json_put_text(arena, value, "status", fx_names[v->status]);
        if (v->status != FX_MISSING) {
            put_decimal(arena, value, "value", v->value);
            put_decimal(arena, value, "rate", v->rate);
            put_text(arena, value, "source", v->source);
        }
        if (v->status != FX_MISSING && v->source != NULL) {
            char day[DATE_TEXT_MAX];
            date_print(v->as_of, day);
            json_put_text(arena, value, "as_of", day);
        }
        json_push(arena, array, value);
    }
    return array;
}

static struct json *print_sum(struct arena *arena, const struct ask_cumulative *c)
{
    struct json *o = json_object_new(arena);
    json_put_bool(arena, o, "known", c->known);
    if (c->known)
        put_decimal(arena, o, "sum", c->sum);
    return o;
}

static void print_money(struct arena *arena, struct json *o, const struct ask *a)
{
    put_texts(arena, o, "entities", a->entities, a->entities_n);
    json_put(arena, o, "accounts", print_accounts(arena, a));
    put_texts(arena, o, "events", a->events, a->events_n);
    if (a->has_amount) {
        struct json *amount = json_object_new(arena);
        char text[MONEY_TEXT_MAX];
        money_print(a->amount, text);
        json_put_text(arena, amount, "amount", text);
        json_put_text(arena, amount, "currency", a->amount.cur);
        json_put(arena, o, "amount", amount);
    }
    json_put(arena, o, "values", print_values(arena, a));
    struct json *sums = json_array_new(arena);
    for (size_t i = 0; i < a->cumulative_n; i++)
        json_push(arena, sums, print_sum(arena, &a->cumulative[i]));
    json_put(arena, o, "cumulative", sums);
    json_put(arena, o, "auto_confirmed", print_sum(arena, &a->auto_confirmed));
    json_put_int(arena, o, "auto_confirmed_n", a->auto_confirmed_n);
}

struct json *ask_print(struct arena *arena, const struct ask *ask)
{
    struct json *o = json_object_new(arena);
    json_put_int(arena, o, "schema", ASK_SCHEMA);
    json_put_text(arena, o, "action", action_name(ask->action));
    json_put_text(arena, o, "tier", tier_name(ask->tier));
    put_text(arena, o, "tool", ask->tool);
    json_put_bool(arena, o, "change", ask->change);
    json_put_bool(arena, o, "posting", ask->posting);
    json_put_text(arena, o, "decision", decision_name(ask->decision));
    print_actor(arena, o, ask);
    print_object(arena, o, ask);
    print_money(arena, o, ask);
    json_put_bool(arena, o, "has_rationale", ask->has_rationale);
    json_put_int(arena, o, "approvers_n", ask->approvers_n);
    put_texts(arena, o, "seats", ask->seats, ask->seats_n);
    json_put_bool(arena, o, "own_seat", ask->own_seat);
    return o;
}
