/* Opening and joining: one open escalation for one thing. */
#include "engine/tools/opening.h"

#include <string.h>

#include "common/base/civil.h"
#include "engine/store/escalation_life.h"
#include "engine/tools/binding.h"
#include "engine/tools/settle.h"

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

static struct escalation escalation_of(struct call *c, struct tx *tx, const char *key)
{
    int64_t life_us = c->policy->escalation.expiry_hours * INT64_C(3600) * 1000000;
    return (struct escalation){
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
}

static struct err escalation_new(struct call *c, struct tx *tx, const char *key,
                                 struct escalation *e)
{
    struct str bound, args;
    char hex[SHA256_HEX_SIZE];
    *e = escalation_of(c, tx, key);
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

/* Nothing is approved by time-out, nor joined under a policy that it was not asked under: it ends
 * here, and the call opens another. */
static struct err dead_end(struct call *c, struct tx *tx, struct escalation *e, bool *open)
{
    int64_t expires;
    TRY(instant_parse(e->expires_at, &expires));
    bool expired = tx->now_us >= expires;
    if (!expired && text_eq(e->policy_version, c->policy->digest))
        return OK;
    *open = false;
    if (expired)
        return settle_by_engine(c, tx, e, ESCALATION_EXPIRED, NULL);
    struct json *detail = json_object_new(c->arena);
    json_put_text(c->arena, detail, "asked_under", e->policy_version);
    json_put_text(c->arena, detail, "why", "it was asked again under another policy");
    return settle_by_engine(c, tx, e, ESCALATION_STALE, detail);
}

struct err escalation_ask(struct call *c, struct tx *tx, struct escalation *e)
{
    const char *key;
    bool open;
    TRY(key_of(c, &key));
    TRY(escalation_open_find(tx, c->arena, key, &open, e));
    if (open)
        TRY(dead_end(c, tx, e, &open));
    return open ? OK : escalation_new(c, tx, key, e);
}

/* ---- who stands beside it ---- */

static struct err asker_note(struct call *c, struct tx *tx, const struct escalation *e,
                             enum party_role role, const char *principal)
{
    const struct asked what = {e->tool, e->object_id, e->object_version};
    const struct asker who = {role, principal, c->actor.id};
    if (principal == NULL || text_empty(e->object_id) || role == PARTY_APPROVER)
        return OK;
    return asker_add(tx, &what, &who);
}

struct err escalation_join(struct call *c, struct tx *tx, const struct escalation *e,
                           enum party_role role, const struct ask *asked)
{
    enum { LENDERS_MAX = 16 };
    const char *lenders[LENDERS_MAX];
    const char *self = c->actor.kind == ACTOR_HUMAN ? c->actor.principal : c->actor.on_behalf_of;
    const struct party p = {.role = role, .actor = c->actor.id, .principal_id = self};
    TRY(escalation_party_add(tx, e->escalation_id, &p));
    TRY(asker_note(c, tx, e, role, self));
    size_t n = role == PARTY_AGENT ? 0 : gate_seats(c->policy, asked, lenders, LENDERS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct seat seat = {role, self, lenders[i]};
        TRY(escalation_seat_add(tx, e->escalation_id, &seat));
        TRY(asker_note(c, tx, e, role, lenders[i]));
    }
    return OK;
}
