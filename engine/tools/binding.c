/* Bound facts, then and now. */
#include "engine/tools/binding.h"

#include <string.h>

#include "common/sys/jcs.h"
#include "engine/tools/scope.h"

struct json *effect_args(struct call *c)
{
    struct json *o = json_object_new(c->arena);
    for (size_t i = 0; i < c->args_tree->count; i++) {
        const struct json_member *m = &c->args_tree->members[i];
        if (!str_is(m->key, "rationale"))
            (void)json_add(c->arena, o, m->key, m->value);
    }
    return o;
}

struct err hash_tree(struct arena *arena, const struct json *tree, struct str *text,
                     char hex[SHA256_HEX_SIZE])
{
    TRY(arena_check(arena));
    TRY(jcs_text(arena, tree, text));
    sha256_hex(text->at, text->len, hex);
    return OK;
}

/* ---- what is bound ---- */

static struct json *object_of(struct arena *arena, const struct escalation *e)
{
    struct json *object = json_object_new(arena);
    json_put_text(arena, object, "type", e->object_type);
    json_put_text(arena, object, "id", e->object_id);
    json_put_int(arena, object, "version", e->object_version);
    return object;
}

static void place_put(struct call *c, struct json *o)
{
    struct arena *arena = c->arena;
    struct json *accounts = json_array_new(arena), *entities = json_array_new(arena);
    for (size_t i = 0; i < c->ask.accounts_n; i++)
        json_push(arena, accounts, json_text_new(arena, c->ask.accounts[i].id));
    json_put(arena, o, "accounts", accounts);
    for (size_t i = 0; i < c->ask.entities_n; i++)
        json_push(arena, entities, json_text_new(arena, c->ask.entities[i]));
    json_put(arena, o, "entities", entities);
}

const struct json *call_bound(struct call *c)
{
    if (c->bound == NULL && c->bound_make != NULL)
        c->bound = c->bound_make(c->arena, c->bound_of);
    return c->bound;
}

struct json *bound_facts(struct call *c, const struct escalation *e)
{
    struct arena *arena = c->arena;
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "tool", e->tool);
    json_put(arena, o, "arguments", effect_args(c));
    json_put(arena, o, "object", object_of(arena, e));
    json_put_text(arena, o, "entity_id", e->entity_id);
    if (e->has_amount) {
        char amount[MONEY_TEXT_MAX];
        money_print(e->amount, amount);
        json_put_text(arena, o, "amount", amount);
        json_put_text(arena, o, "currency", e->amount.cur);
    }
    place_put(c, o);
    json_put_text(arena, o, "policy_version", e->policy_version);
    json_put_text(arena, o, "reason", e->reason);
    json_put_text(arena, o, "clause", e->clause);
    json_put_text(arena, o, "pointer", e->pointer);
    json_put_text(arena, o, "requester", e->requester);
    json_put_text(arena, o, "expires_at", e->expires_at);
    if (c->rationale != NULL && !text_eq(c->rationale_author, "template")) {
        json_put_text(arena, o, "rationale", c->rationale);
        json_put_text(arena, o, "rationale_author", c->rationale_author);
    }
    const struct json *facts = call_bound(c);
    if (facts != NULL)
        json_put(arena, o, "facts", facts);
    return o;
}

/* ---- the difference ---- */

enum { DIFFERENCES_MAX = 100 };

static void differ(struct arena *arena, struct json *list, const char *at, const struct json *was,
                   const struct json *now)
{
    struct json *one = json_object_new(arena);
    if (list->count >= DIFFERENCES_MAX)
        return;
    json_put_text(arena, one, "pointer", at);
    json_put(arena, one, "was", was == NULL ? json_null_new(arena) : was);
    json_put(arena, one, "now", now == NULL ? json_null_new(arena) : now);
    json_push(arena, list, one);
}

/* One pair of nodes still to be compared; facts are nested as deep as JSON may be. */
static void compare(struct arena *arena, struct json *list, const char *at, const struct json *was,
                    const struct json *now);

static void compare_objects(struct arena *arena, struct json *list, const char *at,
                            const struct json *was, const struct json *now)
{
    for (size_t i = 0; i < was->count; i++) {
        const struct json_member *m = &was->members[i], *other = json_find(now, m->key);
        compare(arena, list, json_pointer_join(arena, at, m->key), m->value,
                other == NULL ? NULL : other->value);
    }
    for (size_t i = 0; i < now->count; i++) {
        const struct json_member *m = &now->members[i];
        if (json_find(was, m->key) == NULL)
            differ(arena, list, json_pointer_join(arena, at, m->key), NULL, m->value);
    }
}

static void compare(struct arena *arena, struct json *list, const char *at, const struct json *was,
                    const struct json *now)
{
    if (at == NULL || (was != NULL && now != NULL && json_equal(was, now)))
        return;
    if (json_is(was, JSON_TYPE_OBJECT) && json_is(now, JSON_TYPE_OBJECT)) {
        compare_objects(arena, list, at, was, now);
        return;
    }
    bool arrays = json_is(was, JSON_TYPE_ARRAY) && json_is(now, JSON_TYPE_ARRAY);
    if (!arrays || was->count != now->count) {
        differ(arena, list, at, was, now);
        return;
    }
    for (size_t i = 0; i < was->count; i++)
        compare(arena, list, arena_fmt(arena, "%s/%zu", at, i), was->items[i], now->items[i]);
}

/* ---- the asker's ruling today ---- */

static enum actor_kind kind_of(const char *actor)
{
    struct actor_id id;
    return actor_parse(str_of(actor), &id).kind == ERR_NONE ? id.kind : ACTOR_NONE;
}

/* The same ask by whoever asked first, in the best of circumstances: where they sat then and how
 * long they had been signed in is past. */
static struct err asker_verdict(struct call *now, struct tx *tx, const struct escalation *e,
                                struct verdict *verdict)
{
    const struct actor asker = {.kind = kind_of(e->requester),
                                .id = e->requester,
                                .principal = e->requester_principal,
                                .on_behalf_of = e->requester_obo,
                                .channel = CHANNEL_WEB,
                                .auth_time_us = tx->now_us};
    struct ask ask = now->ask;
    ask.decision = DECISION_NONE;
    ask.has_rationale = true;
    ask.approvers_n = 0;
    ask.seats_n = ask.roles_n = 0;
    ask.frozen = ask.frozen_self = false;
    struct err err = actor_facts(tx, now->arena, &asker, e->tool, &ask);
    if (err.kind != ERR_NONE && err.kind != ERR_AUTH)
        return err;
    if (err.kind == ERR_AUTH) /* disabled since: nobody we would listen to */
        ask.actor_kind = ACTOR_NONE;
    ask.frozen = ask.frozen_self = false; /* judged of its own, and for a while only */
    *verdict = gate_decide(now->policy, &ask);
    return OK;
}

/* The escalation as it would be opened now. */
static struct err escalation_now(struct call *now, struct tx *tx, const struct escalation *e,
                                 struct escalation *today)
{
    struct verdict verdict;
    *today = *e;
    today->object_type = now->object_type == NULL ? "none" : now->object_type;
    today->object_id = now->object_id == NULL ? "" : now->object_id;
    today->object_version = now->ask.object_version;
    today->entity_id = now->entity_id;
    today->has_amount = now->ask.has_amount;
    today->amount = now->ask.amount;
    today->policy_version = now->policy->digest;
    if (text_eq(e->policy_version, now->policy->digest))
        return OK;
    TRY(asker_verdict(now, tx, e, &verdict));
    today->reason = reason_name(verdict.reason);
    today->clause = verdict.clause;
    today->pointer = verdict.pointer;
    return OK;
}

/* The asker's words and the policy's name are no part of what would happen. */
static struct json *compared(struct arena *arena, const struct json *bound)
{
    static const char *const beside[] = {"policy_version", "rationale", "rationale_author"};
    struct json *o = json_object_new(arena);
    for (size_t i = 0; i < bound->count; i++) {
        bool skip = false;
        for (size_t k = 0; k < sizeof beside / sizeof beside[0]; k++)
            skip |= str_is(bound->members[i].key, beside[k]);
        if (!skip)
            (void)json_add(arena, o, bound->members[i].key, bound->members[i].value);
    }
    return o;
}

struct err bound_difference(struct call *now, struct tx *tx, const struct escalation *e,
                            struct json **difference)
{
    struct arena *arena = now->arena;
    struct escalation today;
    struct json *was, *list = json_array_new(arena);
    TRY(bound_read(arena, e, &was));
    TRY(escalation_now(now, tx, e, &today));
    const struct json *facts = bound_facts(now, &today);
    TRY(arena_check(arena));
    compare(arena, list, "", compared(arena, was), compared(arena, facts));
    if (list->count > 0 && !text_eq(e->policy_version, now->policy->digest))
        differ(arena, list, "/policy_version", json_text_new(arena, e->policy_version),
               json_text_new(arena, now->policy->digest));
    *difference = list;
    return arena_check(arena);
}
