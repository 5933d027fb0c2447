/* Who may do what, and where a human's decision may come from: the grants of `authority` and the
 * `channels` of each tier. */
#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

/* What the engine does by itself; everything else is for people and their agents. */
#define ENGINE_ACTIONS                                                                             \
    (UINT64_C(1) << ACTION_PROPOSE | UINT64_C(1) << ACTION_CONFIRM | UINT64_C(1) << ACTION_FLAG |  \
     UINT64_C(1) << ACTION_ESCALATE | UINT64_C(1) << ACTION_INGEST)

_Static_assert(ACTION_COUNT <= 64, "a grant keeps its actions in 64 bits");

/* ---- authority ---- */

static struct err load_actions(struct policy_build *b, const struct doc_authority *doc,
                               const char *pointer, uint64_t *actions)
{
    const char *list = policy_at(b, pointer, "actions");
    for (size_t i = 0; i < doc->actions_n; i++) {
        const char *at = policy_at_index(b, list, i);
        size_t action = policy_name_find(policy_action_names, doc->actions[i]);
        if (action == 0)
            return policy_refuse(b, at, "\"%s\" is not an action: expected one of %s",
                                 doc->actions[i], policy_name_list(b->arena, policy_action_names));
        if (action == ACTION_SWEEP)
            return policy_refuse(b, at, "keeping house is the engine's own and nobody's to grant");
        uint64_t bit = UINT64_C(1) << action;
        if (text_eq(doc->role, "engine") && (bit & ENGINE_ACTIONS) == 0)
            return policy_refuse(b, at,
                                 "the engine may hold PROPOSE, CONFIRM, FLAG, ESCALATE and INGEST; "
                                 "%s is for people",
                                 doc->actions[i]);
        *actions |= bit;
    }
    return OK;
}

static struct err load_entity(struct policy_build *b, const struct json *list, size_t i,
                              const char *pointer, const char **entities)
{
    const char *at = policy_at_index(b, pointer, i);
    const char *id = json_text(list->items[i]);
    const char *complaint =
        id == NULL ? "expected an entity id as text" : policy_name_complaint(id);
    if (complaint != NULL)
        return policy_refuse(b, at, "%s", complaint);
    for (size_t j = 0; j < i; j++) {
        if (text_eq(entities[j], id))
            return policy_refuse(b, at, "\"%s\" is in this list already", id);
    }
    entities[i] = id;
    return OK;
}

static struct err load_entities(struct policy_build *b, const struct json *node,
                                const char *pointer, struct policy_authority *to)
{
    enum { ENTITIES_MAX = 1000 };
    if (json_is(node, JSON_TYPE_TEXT) && str_is(node->text, "all"))
        return OK;
    if (!json_is(node, JSON_TYPE_ARRAY) || node->count == 0 || node->count > ENTITIES_MAX)
        return policy_refuse(b, pointer, "expected `all`, or a list of 1 to %d entity ids",
                             ENTITIES_MAX);
    const char **entities = ARENA_ARRAY(b->arena, node->count, const char *);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < node->count; i++)
        TRY(load_entity(b, node, i, pointer, entities));
    to->entities = entities;
    to->entities_n = node->count;
    return OK;
}

static struct err load_maxima(struct policy_build *b, const struct doc_authority *doc,
                              const char *pointer, struct policy_authority *to)
{
    const char *single = policy_at(b, pointer, "single_max");
    to->has_max = doc->max != NULL;
    to->has_single_max = doc->single_max != NULL;
    if (to->has_max)
        TRY(policy_limit_parse(b, doc->max, policy_at(b, pointer, "max"), POLICY_ZERO_REFUSED,
                               &to->max));
    if (!to->has_single_max)
        return OK;
    TRY(policy_limit_parse(b, doc->single_max, single, POLICY_ZERO_REFUSED, &to->single_max));
    if (text_eq(doc->role, "engine"))
        return policy_refuse(b, single, "the engine approves nothing that a second person joins");
    if (!to->has_max)
        return OK;
    if (to->single_max.cur_index != to->max.cur_index)
        return policy_refuse(b, single, "must be in the currency of max");
    if (decimal_cmp(to->single_max.max, to->max.max) > 0)
        return policy_refuse(b, single, "must not be more than max");
    return OK;
}

static struct err load_grant(struct policy_build *b, size_t i, struct policy_authority *to)
{
    const struct doc_authority *doc = &b->doc.authority[i];
    const char *pointer = policy_at_index(b, "/authority", i);
    to->role = doc->role;
    TRY(load_actions(b, doc, pointer, &to->actions));
    TRY(load_entities(b, doc->entities, policy_at(b, pointer, "entities"), to));
    TRY(load_maxima(b, doc, pointer, to));
    return policy_clause_of(b, NULL, REASON_NOT_AUTHORISED, pointer, &to->clause);
}

struct err policy_load_authority(struct policy_build *b)
{
    size_t n = b->doc.authority_n;
    struct policy_authority *grants = ARENA_ARRAY(b->arena, n, struct policy_authority);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++)
        TRY(load_grant(b, i, &grants[i]));
    b->policy->authority = grants;
    b->policy->authority_n = n;
    return OK;
}

/* ---- channels ---- */

struct tier_channels {
    const char *pointer;
    const char *const *names;
    size_t n;
    uint32_t allowed;
};

static struct err load_tier(struct policy_build *b, const struct tier_channels *tier,
                            uint32_t *channels)
{
    for (size_t i = 0; i < tier->n; i++) {
        const char *at = policy_at_index(b, tier->pointer, i);
        size_t channel = policy_name_find(policy_channel_names, tier->names[i]);
        if (channel == 0)
            return policy_refuse(b, at, "\"%s\" is not a channel: expected one of %s",
                                 tier->names[i], policy_name_list(b->arena, policy_channel_names));
        if ((tier->allowed & 1u << channel) == 0)
            return policy_refuse(b, at, "decisions of this tier may not come from \"%s\"",
                                 tier->names[i]);
        *channels |= 1u << channel;
    }
    return OK;
}

/* The command line administers and never approves; what cannot be undone is decided in a browser.
 */
struct err policy_load_channels(struct policy_build *b)
{
    const uint32_t any = ~(uint32_t)0, web = 1u << CHANNEL_WEB, cli = 1u << CHANNEL_CLI;
    const struct doc_channels *doc = &b->doc.channels;
    const struct tier_channels tiers[] = {
        [TIER_T1] = {"/channels/T1", doc->t1, doc->t1_n, any},
        [TIER_T2] = {"/channels/T2", doc->t2, doc->t2_n, any & ~cli},
        [TIER_T3] = {"/channels/T3", doc->t3, doc->t3_n, web},
    };
    struct policy *p = b->policy;
    p->channels[TIER_T0] = any;
    for (size_t tier = TIER_T1; tier <= TIER_T3; tier++)
        TRY(load_tier(b, &tiers[tier], &p->channels[tier]));
    p->login_age_max_s[TIER_T1] = doc->max_login_age_minutes.t1 * 60;
    p->login_age_max_s[TIER_T2] = doc->max_login_age_minutes.t2 * 60;
    p->login_age_max_s[TIER_T3] = doc->max_login_age_minutes.t3 * 60;
    return OK;
}
