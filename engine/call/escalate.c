/* Escalating: the call's exact effect is bound, hashed and shown to a human; nothing else happens.
 */
#include "engine/call/escalate.h"

#include <string.h>

#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/escalations.h"
#include "engine/tools/settle.h"
#include "engine/tools/transition.h"

/* The arguments that have an effect: without the asker's words. */
static struct json *effect_args(struct call *c)
{
    struct json *o = json_object_new(c->arena);
    for (size_t i = 0; i < c->args_tree->count; i++) {
        const struct json_member *m = &c->args_tree->members[i];
        if (!str_is(m->key, "rationale"))
            (void)json_add(c->arena, o, m->key, m->value);
    }
    return o;
}

static struct err hash_tree(struct arena *arena, const struct json *tree, struct str *text,
                            char hex[SHA256_HEX_SIZE])
{
    TRY(arena_check(arena));
    TRY(jcs_text(arena, tree, text));
    sha256_hex(text->at, text->len, hex);
    return OK;
}

static struct err key_of(struct call *c, const char **key)
{
    struct json *o = json_object_new(c->arena);
    struct str text;
    char hex[SHA256_HEX_SIZE];
    json_put_text(c->arena, o, "tool", c->tool->name);
    json_put_text(c->arena, o, "object_id", c->object_id);
    json_put_int(c->arena, o, "object_version", c->ask.object_version);
    json_put(c->arena, o, "arguments", effect_args(c));
    TRY(hash_tree(c->arena, o, &text, hex));
    *key = arena_strdup(c->arena, hex);
    return arena_check(c->arena);
}

/* Everything a human approves, and nothing that may change without them seeing it. */
static struct json *bound_facts(struct call *c, const struct escalation *e)
{
    struct arena *arena = c->arena;
    struct json *o = json_object_new(arena), *object = json_object_new(arena),
                *accounts = json_array_new(arena), *entities = json_array_new(arena);
    json_put_text(arena, o, "tool", e->tool);
    json_put(arena, o, "arguments", effect_args(c));
    json_put_text(arena, object, "type", e->object_type);
    json_put_text(arena, object, "id", e->object_id);
    json_put_int(arena, object, "version", e->object_version);
    json_put(arena, o, "object", object);
    json_put_text(arena, o, "entity_id", e->entity_id);
    if (e->has_amount) {
        char amount[MONEY_TEXT_MAX];
        money_print(e->amount, amount);
        json_put_text(arena, o, "amount", amount);
        json_put_text(arena, o, "currency", e->amount.cur);
    }
    for (size_t i = 0; i < c->ask.accounts_n; i++)
        json_push(arena, accounts, json_text_new(arena, c->ask.accounts[i].id));
    json_put(arena, o, "accounts", accounts);
    for (size_t i = 0; i < c->ask.entities_n; i++)
        json_push(arena, entities, json_text_new(arena, c->ask.entities[i]));
    json_put(arena, o, "entities", entities);
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
    if (c->bound != NULL)
        json_put(arena, o, "facts", c->bound);
    return o;
}

static const char *instant_text(struct arena *arena, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    return arena_strdup(arena, text);
}

/* The code people compare: the first 40 bits of SHA-256(escalation_id || digest). */
static const char *code_of(struct arena *arena, const struct escalation *e)
{
    uint8_t hash[SHA256_LEN];
    char code[APPROVAL_CODE_TEXT_MAX];
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, e->escalation_id, strlen(e->escalation_id));
    sha256_add(&h, e->digest, strlen(e->digest));
    sha256_end(&h, hash);
    approval_code_print(hash, code);
    return arena_strdup(arena, code);
}

static struct err escalation_new(struct call *c, struct tx *tx, const char *key,
                                 struct escalation *e)
{
    int64_t life_us = c->policy->escalation.expiry_hours * INT64_C(3600) * 1000000;
    struct str bound, args;
    char hex[SHA256_HEX_SIZE];
    *e = (struct escalation){
        .escalation_id = tx_new_id(tx, "esc"),
        .key_sha256 = key,
        .tool = c->tool->name,
        .object_type = c->object_type == NULL ? "none" : c->object_type,
        .object_id = c->object_id == NULL ? "" : c->object_id,
        .object_version = c->ask.object_version,
        .entity_id = c->entity_id,
        .has_amount = c->ask.has_amount,
        .amount = c->ask.amount,
        .policy_version = c->policy->digest,
        .reason = reason_name(c->verdict.reason),
        .clause = c->verdict.clause,
        .pointer = c->verdict.pointer,
        .requester = c->actor.id,
        .requester_principal = c->actor.principal,
        .requester_obo = c->actor.on_behalf_of,
        .created_at = instant_text(c->arena, tx->now_us),
        .expires_at = instant_text(c->arena, tx->now_us + life_us),
    };
    TRY(arena_check(c->arena));
    TRY(hash_tree(c->arena, effect_args(c), &args, hex));
    e->args = args.at;
    TRY(hash_tree(c->arena, bound_facts(c, e), &bound, hex));
    e->bound = bound.at;
    e->digest = arena_strdup(c->arena, hex);
    TRY(arena_check(c->arena));
    e->code = code_of(c->arena, e);
    TRY(arena_check(c->arena));
    TRY(escalation_insert(tx, e));
    e->state = ESCALATION_PENDING;
    e->version = 1;
    return OK;
}

/* Whoever asks stands beside it: as a human barred from confirming, as an agent's human by policy;
 * a human who may approve, but not alone, has approved a stage. */
static struct err party_join(struct call *c, struct tx *tx, const struct escalation *e)
{
    struct party p = {.actor = c->actor.id};
    if (c->actor.kind == ACTOR_ENGINE)
        return OK;
    p.principal_id = c->actor.kind == ACTOR_HUMAN ? c->actor.principal : c->actor.on_behalf_of;
    p.role = c->actor.kind == ACTOR_LLM ? PARTY_AGENT : PARTY_REQUESTER;
    if (c->verdict.reason == REASON_SECOND_APPROVER_REQUIRED)
        p.role = PARTY_APPROVER;
    return escalation_party_add(tx, e->escalation_id, &p);
}

/* Joins; and when this was the first of two approvals, the stage advances. */
static struct err stage_join(struct call *c, struct tx *tx, struct escalation *e,
                             const char **event_type)
{
    TRY(party_join(c, tx, e));
    if (c->verdict.reason != REASON_SECOND_APPROVER_REQUIRED ||
        e->state == ESCALATION_STAGE_APPROVED)
        return OK; /* asking twice is still one pair of eyes */
    *event_type = "ESCALATION_STAGE_APPROVED";
    return transition_escalation(c, tx, e, ESCALATION_STAGE_APPROVED, NULL);
}

/* The call was an answer to an escalation: no escalation of an escalation. */
static struct err escalate_answer(struct call *c, struct tx *tx, struct escalation *e,
                                  const char **event_type)
{
    *event_type = "ESCALATION_PENDING";
    TRY(escalation_load(tx, c->arena, c->escalation_id, e));
    return c->verdict.reason == REASON_SECOND_APPROVER_REQUIRED ? stage_join(c, tx, e, event_type)
                                                                : OK;
}

/* Nothing is approved by time-out or under a policy that it was not asked under: one that nobody
 * can confirm any more must not be joined. It ends here, and the call opens another. */
static struct err dead_end(struct call *c, struct tx *tx, struct escalation *e, bool *open)
{
    int64_t expires;
    TRY(instant_parse(e->expires_at, &expires));
    bool expired = tx->now_us >= expires;
    if (!expired && text_eq(e->policy_version, c->policy->digest))
        return OK;
    struct call sweep = *c;
    sweep.actor = (struct actor){.kind = ACTOR_ENGINE, .id = "engine:sweeper", .backend = "engine"};
    sweep.rationale = NULL;
    sweep.opened_at = NULL;
    sweep.detail = NULL;
    *open = false;
    return settle_move(&sweep, tx, e, expired ? ESCALATION_EXPIRED : ESCALATION_STALE);
}

static struct err escalate_call(struct call *c, struct tx *tx, struct escalation *e,
                                const char **event_type)
{
    const char *key;
    bool open;
    *event_type = "ESCALATION_PENDING";
    TRY(key_of(c, &key));
    TRY(escalation_open_find(tx, c->arena, key, &open, e));
    if (open)
        TRY(dead_end(c, tx, e, &open));
    if (!open)
        TRY(escalation_new(c, tx, key, e));
    return stage_join(c, tx, e, event_type);
}

struct err escalate(struct call *c, struct tx *tx, const char **event_type)
{
    struct escalation *e = ARENA_NEW(c->arena, struct escalation);
    ENSURE(e != NULL, ERR_LIMIT, "out of memory");
    if (c->escalation_id != NULL)
        TRY(escalate_answer(c, tx, e, event_type));
    else
        TRY(escalate_call(c, tx, e, event_type));
    c->escalation_id = e->escalation_id;
    c->result = settled_outcome(c->arena, e);
    /* Why this caller was stopped, which may not be why the first one was. */
    json_put_text(c->arena, c->result, "reason", reason_name(c->verdict.reason));
    json_put_text(c->arena, c->result, "clause", c->verdict.clause);
    json_put_text(c->arena, c->result, "pointer", c->verdict.pointer);
    return arena_check(c->arena);
}
