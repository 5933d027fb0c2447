/* What could be otherwise, in words: each fact that a row reads, the better way round. */
#include <inttypes.h>
#include <string.h>

#include "common/base/str.h"
#include "engine/gate/case_internal.h"
#include "engine/gate/flip_internal.h"
#include "engine/gate/rows.h"

#define SAYING(name, text)                                                                         \
    static const char *name(struct flipping *f, size_t choice)                                     \
    {                                                                                              \
        (void)f, (void)choice;                                                                     \
        return text;                                                                               \
    }

/* A fact that is true and should not be, or the other way round. */
#define MAKE(name, member, value)                                                                  \
    static bool name(struct flipping *f, size_t choice, struct ask *a)                             \
    {                                                                                              \
        (void)f, (void)choice;                                                                     \
        bool differs = a->member != (value);                                                       \
        a->member = (value);                                                                       \
        return differs;                                                                            \
    }

/* ---- of the one who asks ---- */

MAKE(set_rationale, has_rationale, true)
SAYING(say_rationale, "with a rationale")
MAKE(set_login, login_bound, true)
SAYING(say_login, "with a login made for this one decision")
MAKE(set_keeps, keeps_amount, true)
SAYING(say_keeps, "if no money were given up")

static bool set_age(struct flipping *f, size_t choice, struct ask *a)
{
    (void)f, (void)choice;
    bool human = a->actor_kind == ACTOR_HUMAN && a->auth_age_s != 0;
    a->auth_age_s = 0;
    return human;
}
SAYING(say_age, "after signing in again")

/* The web first. */
static bool set_channel(struct flipping *f, size_t choice, struct ask *a)
{
    enum channel channel = (enum channel)(choice + CHANNEL_WEB);
    bool differs = a->actor_kind == ACTOR_HUMAN && a->channel != channel;
    (void)f;
    a->channel = channel;
    return differs;
}

static const char *say_channel(struct flipping *f, size_t choice)
{
    static const char *const names[] = {"the web", "Slack", "the chat", "the API",
                                        "the command line"};
    return arena_fmt(f->arena, "through %s", names[choice]);
}

static bool set_one_by_one(struct flipping *f, size_t choice, struct ask *a)
{
    bool several = a->bulk_n != 0;
    (void)f, (void)choice;
    a->bulk_n = 0;
    return several;
}
SAYING(say_one_by_one, "one by one")

static bool set_fewer(struct flipping *f, size_t choice, struct ask *a)
{
    bool more = a->bulk_n > f->policy->bulk.max_items;
    (void)choice;
    a->bulk_n = f->policy->bulk.max_items;
    return more;
}

static const char *say_fewer(struct flipping *f, size_t choice)
{
    (void)choice;
    return arena_fmt(f->arena, "with at most %" PRId64 " at once", f->policy->bulk.max_items);
}

/* ---- of other people ---- */

static bool set_approvers(struct flipping *f, size_t choice, struct ask *a)
{
    bool more = a->approvers_n < (int64_t)choice + 1;
    (void)f;
    a->approvers_n = (int64_t)choice + 1;
    return more;
}

static const char *say_approvers(struct flipping *f, size_t choice)
{
    (void)f;
    return choice == 0 ? "once another person has approved it"
                       : "once two other people have approved it";
}

/* The i-th role that people hold, each once; NULL past the last. */
static const char *role_at(const struct policy *p, size_t wanted)
{
    size_t n = 0;
    for (size_t i = 0; i < p->authority_n; i++) {
        bool seen = same_text(p->authority[i].role, "engine");
        for (size_t k = 0; k < i && !seen; k++)
            seen = same_text(p->authority[k].role, p->authority[i].role);
        if (!seen && n++ == wanted)
            return p->authority[i].role;
    }
    return NULL;
}

static bool role_put(struct flipping *f, size_t choice, struct ask *a, size_t keep)
{
    const char *name = role_at(f->policy, choice);
    struct ask_role *roles = ARENA_ARRAY(f->arena, keep + 1, struct ask_role);
    if (name == NULL || roles == NULL)
        return false;
    for (size_t i = 0; i < keep; i++)
        roles[i] = a->roles[i];
    roles[keep] = (struct ask_role){.role = name};
    a->roles = roles;
    a->roles_n = keep + 1;
    return true;
}

/* Somebody who has nothing to do with it yet, as they would come to it. */
static bool set_person(struct flipping *f, size_t choice, struct ask *a)
{
    bool human = a->actor_kind == ACTOR_HUMAN;
    a->actor_kind = ACTOR_HUMAN;
    a->actor = "human:another";
    a->principal = "another person";
    a->on_behalf_of = NULL;
    a->channel = CHANNEL_WEB;
    a->auth_age_s = 0;
    a->frozen_self = false;
    a->frozen = human && a->frozen;
    a->has_rationale = true;
    return role_put(f, choice, a, 0);
}

static const char *say_person(struct flipping *f, size_t choice)
{
    const struct ask *a = f->ask;
    const char *role = role_at(f->policy, choice);
    bool vowel = role[0] != '\0' && strchr("aeiou", role[0]) != NULL;
    const char *entity = a->entities_n == 1 ? a->entities[0] : NULL;
    bool human = a->actor_kind == ACTOR_HUMAN && a->actor != NULL;
    const char *name = human && strchr(a->actor, ':') != NULL ? strchr(a->actor, ':') + 1 : "";
    return arena_fmt(f->arena, "by %s%s, for instance %s %s%s%s",
                     human ? "another person than " : "a person", name, vowel ? "an" : "a", role,
                     entity == NULL ? "" : " in ", entity == NULL ? "" : entity);
}

static bool set_role(struct flipping *f, size_t choice, struct ask *a)
{
    return a->actor_kind != ACTOR_ENGINE && role_put(f, choice, a, a->roles_n);
}

static const char *say_role(struct flipping *f, size_t choice)
{
    return arena_fmt(f->arena, "with the role %s", role_at(f->policy, choice));
}

static bool set_thawed(struct flipping *f, size_t choice, struct ask *a)
{
    bool frozen = a->frozen || a->frozen_self;
    (void)f, (void)choice;
    a->frozen = a->frozen_self = false;
    return frozen;
}
SAYING(say_thawed, "once the freeze is lifted")
MAKE(set_open, period_closed, false)
SAYING(say_open, "if its period were open")
MAKE(set_free, entry_taken, false)
SAYING(say_free, "once its entries are in no other live match")
MAKE(set_paired, intercompany_paired, true)
SAYING(say_paired, "with a rule that pairs the two entities")

/* Known, and small enough. */
static bool set_rates(struct flipping *f, size_t choice, struct ask *a)
{
    struct ask_value *values = ARENA_ARRAY(f->arena, a->values_n, struct ask_value);
    bool unknown = false;
    (void)choice;
    for (size_t i = 0; values != NULL && i < a->values_n; i++) {
        values[i] = a->values[i];
        if (values[i].status == FX_KNOWN)
            continue;
        values[i].status = FX_KNOWN;
        values[i].value = decimal_of_int(0);
        unknown = true;
    }
    a->values = values;
    return unknown && values != NULL;
}

static const char *say_rates(struct flipping *f, size_t choice)
{
    const char *list = NULL;
    (void)choice;
    for (size_t i = 0; i < f->ask->values_n; i++) {
        if (f->ask->values[i].status != FX_KNOWN)
            list = list == NULL ? f->ask->values[i].cur
                                : arena_fmt(f->arena, "%s and %s", list, f->ask->values[i].cur);
    }
    return arena_fmt(f->arena, "with a fresh rate from %s to %s that keeps it within the limits",
                     f->ask->amount.cur, list == NULL ? "" : list);
}

/* ---- of time ---- */

static bool set_windows(struct flipping *f, size_t choice, struct ask *a)
{
    struct ask_cumulative *sums = ARENA_ARRAY(f->arena, a->cumulative_n, struct ask_cumulative);
    (void)choice;
    for (size_t i = 0; sums != NULL && i < a->cumulative_n; i++)
        sums[i].known = true;
    a->cumulative = sums;
    return sums != NULL && a->cumulative_n > 0;
}
SAYING(say_windows, "once what counts against the cumulative limit is older than its window")

static bool set_cap(struct flipping *f, size_t choice, struct ask *a)
{
    (void)f, (void)choice;
    a->auto_confirmed = (struct ask_cumulative){.known = true};
    a->auto_confirmed_n = 0;
    return true;
}
SAYING(say_cap, "in the next period of the auto-confirm cap")

/* ---- of nobody ---- */

static bool set_state(struct flipping *f, size_t choice, struct ask *a)
{
    bool differs = a->state != f->plain.state || !a->state_valid;
    (void)choice;
    a->state = f->plain.state;
    a->state_valid = true;
    return differs;
}
SAYING(say_state, "if its state still allowed it")

static bool set_source(struct flipping *f, size_t choice, struct ask *a)
{
    bool differs = a->source != SOURCE_MATCHER;
    (void)f, (void)choice;
    a->source = SOURCE_MATCHER;
    return differs;
}
SAYING(say_source, "if the matcher had proposed it")

static bool set_relation(struct flipping *f, size_t choice, struct ask *a)
{
    bool differs = a->proposers_n > 0 || a->own_agents_of_n > 0 || a->subject != NULL;
    (void)f, (void)choice;
    a->proposers_n = a->own_agents_of_n = 0;
    a->subject = NULL;
    return differs;
}

static const char *say_relation(struct flipping *f, size_t choice)
{
    const char *who = f->ask->actor;
    (void)choice;
    return arena_fmt(f->arena, "if neither %s nor their agent had proposed it or asked for it",
                     who == NULL ? "they" : who);
}

static bool set_accounts(struct flipping *f, size_t choice, struct ask *a)
{
    (void)choice;
    a->accounts = f->plain.accounts;
    a->accounts_n = f->plain.accounts_n;
    a->events_n = 0;
    return true;
}
SAYING(say_accounts, "if it touched no account and no event that goes to a person")

static bool set_type(struct flipping *f, size_t choice, struct ask *a)
{
    bool differs = !same_text(a->match_type, f->plain.match_type);
    (void)choice;
    a->match_type = f->plain.match_type;
    return differs;
}

static const char *say_type(struct flipping *f, size_t choice)
{
    (void)choice;
    return arena_fmt(f->arena, "if it were a match of the type %s", f->plain.match_type);
}

MAKE(set_clear, ambiguous, false)
SAYING(say_clear, "if it were the only answer")
MAKE(set_one_entity, entity_mismatch, false)
SAYING(say_one_entity, "if its legs were of one entity")

static bool set_sure(struct flipping *f, size_t choice, struct ask *a)
{
    bool differs = !a->sure || a->score_bp < f->policy->matching.high_bp;
    (void)choice;
    a->sure = true;
    a->score_bp = 10000;
    return differs;
}
SAYING(say_sure, "if the matcher stood by it")

static bool set_party(struct flipping *f, size_t choice, struct ask *a)
{
    bool some = a->counterparty != NULL;
    (void)f, (void)choice;
    a->counterparty = "another counterparty";
    return some;
}
SAYING(say_party, "if it were another counterparty's")

const struct flip_fact flip_facts[] = {
    {"has_rationale", FLIP_BY_ACTOR, set_rationale, say_rationale, 1},
    {"channel", FLIP_BY_ACTOR, set_channel, say_channel, 5},
    {"auth_age_s", FLIP_BY_ACTOR, set_age, say_age, 1},
    {"login_bound", FLIP_BY_ACTOR, set_login, say_login, 1},
    {"bulk_n", FLIP_BY_ACTOR, set_fewer, say_fewer, 1},
    {"bulk_n", FLIP_BY_ACTOR, set_one_by_one, say_one_by_one, 1},
    {"keeps_amount", FLIP_BY_ACTOR, set_keeps, say_keeps, 1},
    {"actor_kind,actor,principal,roles", FLIP_BY_OTHERS, set_person, say_person, 32},
    {"roles", FLIP_BY_OTHERS, set_role, say_role, 32},
    {"approvers_n", FLIP_BY_OTHERS, set_approvers, say_approvers, 2},
    {"frozen,frozen_self", FLIP_BY_OTHERS, set_thawed, say_thawed, 1},
    {"period_closed", FLIP_BY_OTHERS, set_open, say_open, 1},
    {"entry_taken", FLIP_BY_OTHERS, set_free, say_free, 1},
    {"intercompany_paired", FLIP_BY_OTHERS, set_paired, say_paired, 1},
    {"values", FLIP_BY_OTHERS, set_rates, say_rates, 1},
    {"cumulative", FLIP_BY_TIME, set_windows, say_windows, 1},
    {"auto_confirmed,auto_confirmed_n", FLIP_BY_TIME, set_cap, say_cap, 1},
    {"state,state_valid", FLIP_BY_NOBODY, set_state, say_state, 1},
    {"source", FLIP_BY_NOBODY, set_source, say_source, 1},
    {"proposers,own_agents_of,subject", FLIP_BY_NOBODY, set_relation, say_relation, 1},
    {"accounts,events", FLIP_BY_NOBODY, set_accounts, say_accounts, 1},
    {"match_type", FLIP_BY_NOBODY, set_type, say_type, 1},
    {"ambiguous", FLIP_BY_NOBODY, set_clear, say_clear, 1},
    {"entity_mismatch", FLIP_BY_NOBODY, set_one_entity, say_one_entity, 1},
    {"sure,score_bp", FLIP_BY_NOBODY, set_sure, say_sure, 1},
    {"counterparty", FLIP_BY_NOBODY, set_party, say_party, 1},
};
const size_t flip_facts_n = sizeof flip_facts / sizeof flip_facts[0];
