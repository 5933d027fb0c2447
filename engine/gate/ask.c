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

/* ---- gate_input: the names in the order of RFC 8785 ---- */

static void write_decimal(struct canon *w, struct str key, struct decimal d)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_print(d, text);
    canon_text(w, key, text);
}

static void write_accounts(struct canon *w, const struct ask *a)
{
    canon_arr(w, KEY("accounts"));
    for (size_t i = 0; i < a->accounts_n; i++) {
        canon_obj(w, CANON_ITEM);
        canon_fact(w, KEY("class"), a->accounts[i].class_);
        canon_fact(w, KEY("id"), a->accounts[i].id);
        canon_bool(w, KEY("known"), a->accounts[i].known);
        canon_bool(w, KEY("reconciled"), a->accounts[i].reconciled);
        canon_end(w);
    }
    canon_end(w);
}

static void write_amount(struct canon *w, const struct ask *a)
{
    char text[MONEY_TEXT_MAX];
    if (!a->has_amount)
        return;
    money_print(a->amount, text);
    canon_obj(w, KEY("amount"));
    canon_text(w, KEY("amount"), text);
    canon_text(w, KEY("currency"), a->amount.cur);
    canon_end(w);
}

static void write_sum(struct canon *w, struct str key, const struct ask_cumulative *c)
{
    canon_obj(w, key);
    canon_bool(w, KEY("known"), c->known);
    if (c->known)
        write_decimal(w, KEY("sum"), c->sum);
    canon_end(w);
}

static void write_sums(struct canon *w, const struct ask *a)
{
    canon_arr(w, KEY("cumulative"));
    for (size_t i = 0; i < a->cumulative_n; i++)
        write_sum(w, CANON_ITEM, &a->cumulative[i]);
    canon_end(w);
}

static void write_roles(struct canon *w, const struct ask *a)
{
    canon_arr(w, KEY("roles"));
    for (size_t i = 0; i < a->roles_n; i++) {
        canon_obj(w, CANON_ITEM);
        canon_fact(w, KEY("entity"), a->roles[i].entity);
        canon_fact(w, KEY("lender"), a->roles[i].lender);
        canon_text(w, KEY("role"), a->roles[i].role);
        canon_end(w);
    }
    canon_end(w);
}

static void write_value(struct canon *w, const struct ask_value *v)
{
    bool known = v->status != FX_MISSING;
    canon_obj(w, CANON_ITEM);
    if (known && v->source != NULL) {
        char day[DATE_TEXT_MAX];
        date_print(v->as_of, day);
        canon_text(w, KEY("as_of"), day);
    }
    canon_text(w, KEY("currency"), v->cur);
    if (known) {
        write_decimal(w, KEY("rate"), v->rate);
        canon_fact(w, KEY("source"), v->source);
    }
    canon_text(w, KEY("status"), fx_names[v->status]);
    if (known)
        write_decimal(w, KEY("value"), v->value);
    canon_end(w);
}

/* Only of an act that is one: every other event goes without. */
static void write_bulk(struct canon *w, const struct ask *a)
{
    if (a->bulk_n == 0)
        return;
    canon_int(w, KEY("bulk_n"), a->bulk_n);
    canon_bool(w, KEY("bulk_one_clause"), a->bulk_one_clause);
    canon_fact(w, KEY("bulk_reason"), a->bulk_reason);
    write_sum(w, KEY("bulk_sum"), &a->bulk_sum);
}

static void write_a_to_c(struct canon *w, const struct ask *a)
{
    write_accounts(w, a);
    canon_text(w, KEY("action"), action_name(a->action));
    canon_fact(w, KEY("actor"), a->actor);
    canon_text(w, KEY("actor_kind"), actor_kind_name(a->actor_kind));
    canon_bool(w, KEY("ambiguous"), a->ambiguous);
    write_amount(w, a);
    canon_int(w, KEY("approvers_n"), a->approvers_n);
    canon_int(w, KEY("auth_age_s"), a->auth_age_s);
    write_sum(w, KEY("auto_confirmed"), &a->auto_confirmed);
    canon_int(w, KEY("auto_confirmed_n"), a->auto_confirmed_n);
    write_bulk(w, a);
    canon_bool(w, KEY("change"), a->change);
    canon_text(w, KEY("channel"), channel_name(a->channel));
    canon_fact(w, KEY("client"), a->client);
    canon_fact(w, KEY("counterparty"), a->counterparty);
    write_sums(w, a);
}

static void write_d_to_o(struct canon *w, const struct ask *a)
{
    canon_text(w, KEY("decision"), decision_name(a->decision));
    canon_bool(w, KEY("delivery_service"), a->delivery_service);
    canon_texts(w, KEY("entities"), a->entities, a->entities_n);
    canon_bool(w, KEY("entity_mismatch"), a->entity_mismatch);
    canon_bool(w, KEY("entry_taken"), a->entry_taken);
    canon_texts(w, KEY("events"), a->events, a->events_n);
    canon_bool(w, KEY("frozen"), a->frozen);
    canon_bool(w, KEY("frozen_self"), a->frozen_self);
    canon_bool(w, KEY("has_rationale"), a->has_rationale);
    canon_bool(w, KEY("intercompany"), a->intercompany);
    canon_bool(w, KEY("intercompany_paired"), a->intercompany_paired);
    canon_bool(w, KEY("keeps_amount"), a->keeps_amount);
    if (a->login_wanted) {
        canon_bool(w, KEY("login_bound"), a->login_bound);
        canon_bool(w, KEY("login_wanted"), a->login_wanted);
    }
    canon_fact(w, KEY("match_type"), a->match_type);
    canon_fact(w, KEY("object_id"), a->object_id);
    canon_fact(w, KEY("object_type"), a->object_type);
    canon_int(w, KEY("object_version"), a->object_version);
    canon_fact(w, KEY("on_behalf_of"), a->on_behalf_of);
    canon_texts(w, KEY("own_agents_of"), a->own_agents_of, a->own_agents_of_n);
    canon_bool(w, KEY("own_seat"), a->own_seat);
}

static void write_p_to_v(struct canon *w, const struct ask *a)
{
    canon_bool(w, KEY("period_closed"), a->period_closed);
    canon_bool(w, KEY("posting"), a->posting);
    canon_fact(w, KEY("principal"), a->principal);
    canon_bool(w, KEY("prod"), a->prod);
    canon_texts(w, KEY("proposers"), a->proposers, a->proposers_n);
    write_roles(w, a);
    canon_int(w, KEY("schema"), ASK_SCHEMA);
    canon_int(w, KEY("score_bp"), a->score_bp);
    canon_texts(w, KEY("seats"), a->seats, a->seats_n);
    canon_text(w, KEY("source"), source_name(a->source));
    canon_text(w, KEY("state"), match_state_name(a->state));
    canon_bool(w, KEY("state_valid"), a->state_valid);
    canon_fact(w, KEY("subject"), a->subject);
    canon_bool(w, KEY("sure"), a->sure);
    canon_text(w, KEY("tier"), tier_name(a->tier));
    canon_fact(w, KEY("tool"), a->tool);
    canon_arr(w, KEY("values"));
    for (size_t i = 0; i < a->values_n; i++)
        write_value(w, &a->values[i]);
    canon_end(w);
}

void ask_write(struct canon *w, struct str key, const struct ask *ask)
{
    canon_obj(w, key);
    write_a_to_c(w, ask);
    write_d_to_o(w, ask);
    write_p_to_v(w, ask);
    canon_end(w);
}

struct json *ask_print(struct arena *arena, const struct ask *ask)
{
    struct canon w;
    canon_into_tree(&w, arena);
    ask_write(&w, CANON_ITEM, ask);
    return w.root;
}
