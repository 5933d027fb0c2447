/* DESIGN §4, row by row, as straight questions. Deliberately naive: it measures the amount anew for
 * every question and knows nothing of how gate.c is built. */
#include "tests/gate/oracle.h"

#include <string.h>

/* ---- words ---- */

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool begins(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

static bool among(const char *word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (same(word, list[i]))
            return true;
    }
    return false;
}

/* ---- amounts: known to be within, known to be over, or not known and why ---- */

enum weight { WITHIN, OVER, NO_RATE, OLD_RATE };

/* The amount in the limit's currency, plus what a window already holds. */
static enum weight weigh(const struct ask *a, const struct policy_limit *l, struct decimal before)
{
    struct decimal total;
    if (!a->has_amount)
        return NO_RATE;
    for (size_t i = 0; i < a->values_n; i++) {
        const struct ask_value *v = &a->values[i];
        if (!same(v->cur, l->cur))
            continue;
        if (v->status == FX_MISSING)
            return NO_RATE;
        if (v->status == FX_STALE)
            return OLD_RATE;
        if (decimal_add(before, v->value, &total).kind != ERR_NONE)
            return OVER;
        return decimal_cmp(total, l->max) > 0 ? OVER : WITHIN;
    }
    return NO_RATE;
}

static enum weight against(const struct ask *a, const struct policy_limit *l)
{
    return weigh(a, l, decimal_of_int(0));
}

static bool is_write_off(const struct ask *a)
{
    return a->action == ACTION_RESOLVE_EXCEPTION && !a->keeps_amount;
}

/* May one person give this up alone? Not when there is no limit, nor when any cannot be told. */
static bool big_write_off(const struct policy *p, const struct ask *a)
{
    bool small = p->has_write_off_limit && against(a, &p->write_off_limit) == WITHIN;
    for (size_t i = 0; i < p->cumulative_n; i++) {
        const struct ask_cumulative *w = i < a->cumulative_n ? &a->cumulative[i] : NULL;
        small =
            small && w != NULL && w->known && weigh(a, &p->cumulative[i].limit, w->sum) == WITHIN;
    }
    return is_write_off(a) && !small;
}

/* Confirming and posting are about money: there an amount that nobody filled in is unknown, not
 * absent. */
static bool about_money(const struct ask *a)
{
    return a->has_amount || a->action == ACTION_CONFIRM || a->action == ACTION_POST_ENTRY ||
           a->action == ACTION_UNMATCH || is_write_off(a);
}

static const struct policy_override *override_for(const struct policy *p, const char *entity)
{
    for (size_t i = 0; i < p->overrides_n; i++) {
        if (same(p->overrides[i].entity, entity))
            return &p->overrides[i];
    }
    return NULL;
}

struct materiality {
    bool over, no_rate, old_rate;
    const char *pointer;
};

/* Several entities: passing the threshold of any of them is enough. */
static struct materiality materiality(const struct policy *p, const struct ask *a)
{
    struct materiality m = {.pointer = p->materiality_clause.pointer};
    size_t n = a->entities_n == 0 ? 1 : a->entities_n;
    for (size_t i = 0; i < n; i++) {
        const struct policy_override *o =
            a->entities_n == 0 ? NULL : override_for(p, a->entities[i]);
        enum weight w = against(a, o != NULL ? &o->limit : &p->materiality);
        m.over = m.over || w == OVER;
        m.no_rate = m.no_rate || w == NO_RATE;
        m.old_rate = m.old_rate || w == OLD_RATE;
        if (w == OVER && o != NULL)
            m.pointer = o->clause.pointer;
    }
    return m;
}

static bool material_or_unknown(const struct policy *p, const struct ask *a)
{
    struct materiality m = materiality(p, a);
    return m.over || m.no_rate || m.old_rate;
}

/* ---- accounts ---- */

static bool account_is_listed(const struct policy_account *r, const struct ask_account *account)
{
    if (account->reconciled && !r->legs_all)
        return false;
    return (r->id != NULL && same(account->id, r->id)) ||
           (r->prefix != NULL && begins(account->id, r->prefix)) ||
           (r->class_ != NULL && same(account->class_, r->class_));
}

/* The rule that reserves it for a human; *sensitive also when an account is not known. */
static const struct policy_account *sensitive_rule(const struct policy *p, const struct ask *a,
                                                   bool *sensitive)
{
    *sensitive = true;
    for (size_t r = 0; r < p->accounts_n; r++) {
        const struct policy_account *rule = &p->accounts[r];
        if (rule->event != NULL && among(rule->event, a->events, a->events_n))
            return rule;
        for (size_t i = 0; rule->event == NULL && i < a->accounts_n; i++) {
            if (account_is_listed(rule, &a->accounts[i]))
                return rule;
        }
    }
    *sensitive = a->accounts_n == 0;
    for (size_t i = 0; i < a->accounts_n; i++) {
        if (a->accounts[i].id == NULL || !a->accounts[i].known)
            *sensitive = true;
    }
    return NULL;
}

/* ---- b: blocked ---- */

static bool blocked_place(const struct policy_block *b, const struct ask *a)
{
    bool account = b->account == NULL && b->account_prefix == NULL;
    for (size_t i = 0; i < a->accounts_n; i++) {
        if (b->account != NULL && same(b->account, a->accounts[i].id))
            account = true;
        if (b->account_prefix != NULL && begins(a->accounts[i].id, b->account_prefix))
            account = true;
    }
    bool entity = b->entity == NULL || among(b->entity, a->entities, a->entities_n);
    bool party = b->counterparty == NULL || same(b->counterparty, a->counterparty);
    return account && entity && party;
}

static bool blocked_by(const struct policy_block *b, const struct ask *a)
{
    bool who = (b->actor == NULL || same(b->actor, a->actor)) &&
               (b->actor_kind == ACTOR_NONE || b->actor_kind == a->actor_kind);
    bool what = (b->action == ACTION_NONE || b->action == a->action) &&
                (b->tool == NULL || same(b->tool, a->tool));
    bool much = !b->has_over || (about_money(a) && against(a, &b->over) != WITHIN);
    return who && what && much && blocked_place(b, a);
}

/* ---- c and 11: authority ---- */

static bool eyes_of(const struct policy *p, const struct ask *a, const char *who);

/* May a role that somebody lends be used here: not for lending on, not by a machine, and not where
 * the lender would be a second pair of eyes on its own work. */
static bool loan_holds(const struct policy *p, const struct ask *a, const char *lender)
{
    if (lender == NULL)
        return true;
    if (a->actor_kind != ACTOR_HUMAN || a->action == ACTION_SET_DELEGATION)
        return false;
    if (among(lender, a->seats, a->seats_n) || same(lender, a->subject))
        return false;
    if (a->decision == DECISION_CONFIRM && among(lender, a->proposers, a->proposers_n))
        return false;
    bool eyes_matter = a->action == ACTION_CONFIRM || big_write_off(p, a);
    return !(eyes_matter && eyes_of(p, a, lender));
}

static bool has_role(const struct policy *p, const struct ask *a, const char *role,
                     const char *entity)
{
    if (same(role, "engine") || a->actor_kind == ACTOR_ENGINE)
        return same(role, "engine") && a->actor_kind == ACTOR_ENGINE;
    for (size_t i = 0; i < a->roles_n; i++) {
        if (same(a->roles[i].role, role) && loan_holds(p, a, a->roles[i].lender) &&
            (a->roles[i].entity == NULL || same(a->roles[i].entity, entity)))
            return true;
    }
    return false;
}

static bool granted_in(const struct policy *p, const struct ask *a, const char *entity, bool alone)
{
    for (size_t i = 0; i < p->authority_n; i++) {
        const struct policy_authority *g = &p->authority[i];
        bool acts = (g->actions >> a->action & 1) == 1;
        bool here = g->entities_n == 0 || among(entity, g->entities, g->entities_n);
        bool much = about_money(a) && g->has_max && against(a, &g->max) != WITHIN;
        bool much_alone =
            alone && about_money(a) && g->has_single_max && against(a, &g->single_max) != WITHIN;
        if (acts && here && has_role(p, a, g->role, entity) && !much && !much_alone)
            return true;
    }
    return false;
}

static bool granted(const struct policy *p, const struct ask *a, bool alone)
{
    if (a->entities_n == 0)
        return granted_in(p, a, NULL, alone);
    for (size_t i = 0; i < a->entities_n; i++) {
        if (!granted_in(p, a, a->entities[i], alone))
            return false;
    }
    return true;
}

/* ---- answers ---- */

static struct oracle_answer answer(const struct policy *p, enum ruling ruling, enum reason reason,
                                   const char *row)
{
    return (struct oracle_answer){ruling, reason, row,
                                  ruling == RULING_ALLOW ? "" : p->clauses[reason].pointer};
}

static struct oracle_answer answer_at(enum ruling ruling, enum reason reason, const char *row,
                                      const char *pointer)
{
    return (struct oracle_answer){ruling, reason, row, pointer};
}

static const struct oracle_answer nothing = {.row = NULL};

static struct oracle_answer deny(const struct policy *p, enum reason reason, const char *row)
{
    return answer(p, RULING_DENY, reason, row);
}

static struct oracle_answer human(const struct policy *p, enum reason reason, const char *row)
{
    return answer(p, RULING_HUMAN, reason, row);
}

static struct oracle_answer allow(const struct policy *p, const char *row)
{
    return answer(p, RULING_ALLOW, REASON_ALLOWED, row);
}

/* Another policy, where that takes whoever asked and two others. */
static bool policy_by_three(const struct policy *p, const struct ask *a)
{
    return a->action == ACTION_CHANGE_POLICY && a->prod && p->policy_change_t3;
}

/* a to e: what stops anything */
static struct oracle_answer stopped(const struct policy *p, const struct ask *a)
{
    bool way_out = a->action == ACTION_THAW && a->actor_kind == ACTOR_HUMAN;
    if (a->frozen_self || (a->frozen && !way_out))
        return deny(p, REASON_FROZEN, "a");
    for (size_t i = 0; i < p->blocked_n; i++) {
        if (blocked_by(&p->blocked[i], a))
            return answer_at(RULING_DENY, REASON_POLICY_BLOCK, "b", p->blocked[i].clause.pointer);
    }
    if (a->action == ACTION_SWEEP && a->actor_kind != ACTOR_ENGINE)
        return deny(p, REASON_NOT_AUTHORISED, "c.1");
    if (a->action == ACTION_RECORD_DELIVERY && !a->delivery_service)
        return deny(p, REASON_NOT_AUTHORISED, "c.2");
    bool by_nature = a->action == ACTION_SWEEP || a->action == ACTION_RECORD_DELIVERY;
    if (!by_nature && !granted(p, a, false))
        return deny(p, REASON_NOT_AUTHORISED, "c");
    enum tier tier = a->tier;
    bool two_pairs =
        a->action == ACTION_CONFIRM || a->action == ACTION_UNMATCH || big_write_off(p, a);
    if (two_pairs && tier != TIER_T3)
        tier = TIER_T2;
    if (policy_by_three(p, a) && a->decision == DECISION_CONFIRM)
        tier = TIER_T3;
    if (a->actor_kind == ACTOR_HUMAN && tier != TIER_T0) {
        if (tier == TIER_T3 && a->channel != CHANNEL_WEB)
            return deny(p, REASON_CHANNEL_NOT_ALLOWED, "d.1");
        if ((p->channels[tier] >> a->channel & 1) == 0)
            return deny(p, REASON_CHANNEL_NOT_ALLOWED, "d.1");
        int64_t max = p->login_age_max_s[tier];
        if (max != 0 && (a->auth_age_s < 0 || a->auth_age_s > max))
            return deny(p, REASON_AUTH_TOO_OLD, "d.2");
        bool made_for_this = !a->login_wanted || a->login_bound;
        if (tier == TIER_T3 && a->decision == DECISION_CONFIRM && !made_for_this)
            return deny(p, REASON_AUTH_TOO_OLD, "d.3");
    }
    if (a->posting && a->period_closed)
        return deny(p, REASON_PERIOD_CLOSED, "e");
    return nothing;
}

/* This one proposed it or asked for it, or its agent did, where that is as bad. */
static bool eyes_of(const struct policy *p, const struct ask *a, const char *who)
{
    bool sensitive;
    if (among(who, a->proposers, a->proposers_n))
        return true;
    if (!among(who, a->own_agents_of, a->own_agents_of_n))
        return false;
    (void)sensitive_rule(p, a, &sensitive);
    if (p->own_agent == OWN_AGENT_DENY || a->tier == TIER_T3 || sensitive)
        return true;
    return p->own_agent != OWN_AGENT_ALLOW && material_or_unknown(p, a);
}

/* 2: one pair of eyes */
static bool one_pair_of_eyes(const struct policy *p, const struct ask *a)
{
    if (a->actor_kind != ACTOR_HUMAN)
        return false;
    return a->principal == NULL || eyes_of(p, a, a->principal);
}

/* 4 to 6 */
static struct oracle_answer confirm_by_policy(const struct policy *p, const struct ask *a)
{
    bool sensitive;
    const struct policy_account *rule = sensitive_rule(p, a, &sensitive);
    if (a->actor_kind != ACTOR_HUMAN && rule != NULL)
        return answer_at(RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "4", rule->clause.pointer);
    if (a->actor_kind != ACTOR_HUMAN && sensitive)
        return human(p, REASON_ACCOUNT_FORCED_HUMAN, "4");
    if (a->actor_kind != ACTOR_ENGINE)
        return nothing;
    struct materiality m = materiality(p, a);
    if (m.over)
        return answer_at(RULING_HUMAN, REASON_MATERIALITY_OVER_THRESHOLD, "5", m.pointer);
    for (size_t i = 0; i < p->match_types_n; i++) {
        if (same(p->match_types[i].name, a->match_type))
            return answer_at(RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN, "6",
                             p->match_types[i].clause.pointer);
    }
    return nothing;
}

/* Does what the window holds, and this act on top of it, pass the limit? */
static bool passes(const struct ask *a, const struct ask_cumulative *window,
                   const struct policy_limit *l)
{
    return window == NULL || !window->known || weigh(a, l, window->sum) == OVER;
}

static bool cap_is_reached(const struct policy *p, const struct ask *a)
{
    const struct policy_auto_confirm *c = &p->auto_confirm;
    if (a->actor_kind == ACTOR_ENGINE && !c->enabled)
        return true;
    if (c->has_cap_count && a->auto_confirmed_n >= c->cap_count)
        return true;
    return c->has_cap_amount && passes(a, &a->auto_confirmed, &c->cap_amount);
}

/* Is there a limit that a machine must keep and that this amount cannot be compared with? */
static bool unvalued(const struct policy *p, const struct ask *a, enum weight why)
{
    struct materiality m = materiality(p, a);
    if (why == NO_RATE ? m.no_rate : m.old_rate)
        return true;
    for (size_t i = 0; i < p->cumulative_n; i++) {
        if (against(a, &p->cumulative[i].limit) == why)
            return true;
    }
    return p->auto_confirm.has_cap_amount && against(a, &p->auto_confirm.cap_amount) == why;
}

/* 10, in its order */
static struct oracle_answer confirm_by_machine(const struct policy *p, const struct ask *a)
{
    if (a->source != SOURCE_MATCHER)
        return human(p, REASON_SOURCE_REQUIRES_HUMAN, "10.1");
    if (a->ambiguous)
        return human(p, REASON_AMBIGUOUS_MATCH, "10.2");
    if (a->entity_mismatch)
        return human(p, REASON_ENTITY_MISMATCH, "10.3");
    if (a->intercompany && !a->intercompany_paired)
        return human(p, REASON_INTERCOMPANY_UNPAIRED, "10.4");
    for (size_t i = 0; i < p->cumulative_n; i++) {
        if (passes(a, i < a->cumulative_n ? &a->cumulative[i] : NULL, &p->cumulative[i].limit))
            return answer_at(RULING_HUMAN, REASON_CUMULATIVE_OVER_THRESHOLD, "10.5",
                             p->cumulative[i].clause.pointer);
    }
    if (cap_is_reached(p, a))
        return human(p, REASON_AUTO_CONFIRM_CAP, "10.6");
    if (unvalued(p, a, NO_RATE))
        return human(p, REASON_FX_RATE_MISSING, "10.7");
    if (unvalued(p, a, OLD_RATE))
        return human(p, REASON_FX_RATE_STALE, "10.8");
    if (a->actor_kind == ACTOR_LLM)
        return human(p, REASON_TIER_REQUIRES_HUMAN, "10.10");
    if (!a->sure || a->score_bp < p->matching.high_bp)
        return human(p, REASON_STRATEGY_REQUIRES_HUMAN, "10.9");
    if (!same(a->actor, "engine:auto-confirm"))
        return human(p, REASON_TIER_REQUIRES_HUMAN, "10.11");
    return nothing;
}

static struct oracle_answer confirm(const struct policy *p, const struct ask *a)
{
    if (a->state != MATCH_PROPOSED)
        return deny(p, REASON_STATE_INVALID, "1");
    if (one_pair_of_eyes(p, a))
        return deny(p, REASON_SOD_SAME_ACTOR, "2");
    if (a->source == SOURCE_LLM && a->actor_kind == ACTOR_LLM)
        return deny(p, REASON_SOD_SAME_ACTOR, "3");
    struct oracle_answer by_policy = confirm_by_policy(p, a);
    if (by_policy.row != NULL)
        return by_policy;
    if (!a->has_rationale && material_or_unknown(p, a))
        return deny(p, REASON_MISSING_RATIONALE, "7");
    if (a->actor_kind != ACTOR_HUMAN) {
        struct oracle_answer by_machine = confirm_by_machine(p, a);
        if (by_machine.row != NULL)
            return by_machine;
    } else if (a->approvers_n < 1 && !granted(p, a, true)) {
        return human(p, REASON_SECOND_APPROVER_REQUIRED, "11");
    }
    return allow(p, "13");
}

static struct oracle_answer administration(const struct policy *p, const struct ask *a)
{
    bool human_answers = a->actor_kind == ACTOR_HUMAN && a->decision == DECISION_CONFIRM;
    bool concerned = a->principal == NULL || same(a->principal, a->subject) ||
                     among(a->principal, a->proposers, a->proposers_n);
    if (a->prod && human_answers && concerned)
        return deny(p, REASON_SOD_SAME_ACTOR, "2b");
    if (a->actor_kind != ACTOR_HUMAN || (a->prod && a->approvers_n < 1))
        return human(p, REASON_TIER_REQUIRES_HUMAN, "12.6");
    if (policy_by_three(p, a) && (a->approvers_n < 2 || a->principal == NULL))
        return human(p, REASON_SECOND_APPROVER_REQUIRED, "12.13");
    return allow(p, "13");
}

static struct oracle_answer resolve_exception(const struct policy *p, const struct ask *a)
{
    bool big = big_write_off(p, a);
    if (a->actor_kind == ACTOR_LLM)
        return human(p, REASON_TIER_REQUIRES_HUMAN, "12.2");
    if (big && one_pair_of_eyes(p, a))
        return deny(p, REASON_SOD_SAME_ACTOR, "12.7");
    if (big && !a->has_rationale)
        return deny(p, REASON_MISSING_RATIONALE, "12.8");
    if (is_write_off(a) && a->approvers_n < 1 && !granted(p, a, true))
        return human(p, REASON_SECOND_APPROVER_REQUIRED, "12.9");
    return allow(p, "13");
}

static struct oracle_answer unmatch(const struct policy *p, const struct ask *a)
{
    if (a->actor_kind != ACTOR_HUMAN)
        return human(p, REASON_TIER_REQUIRES_HUMAN, "12.10");
    if (!a->has_rationale && material_or_unknown(p, a))
        return deny(p, REASON_MISSING_RATIONALE, "12.11");
    if (a->approvers_n < 1 && !granted(p, a, true))
        return human(p, REASON_SECOND_APPROVER_REQUIRED, "12.12");
    return allow(p, "13");
}

/* Several escalations in one act: by people, all for one and the same reason, and not too much. */
static struct oracle_answer at_once(const struct policy *p, const struct ask *a)
{
    const struct policy_bulk *b = &p->bulk;
    enum reason reason;
    if (a->bulk_n == 0)
        return nothing;
    if (a->actor_kind != ACTOR_HUMAN)
        return deny(p, REASON_TIER_REQUIRES_HUMAN, "f.1");
    if (!a->bulk_one_clause || a->bulk_reason == NULL || a->tier == TIER_T3)
        return answer_at(RULING_DENY, REASON_BULK_LIMIT, "f.2", b->clause.pointer);
    if (!reason_find(a->bulk_reason, &reason) || (b->reasons >> reason & 1) == 0)
        return answer_at(RULING_DENY, REASON_BULK_LIMIT, "f.3", b->reasons_clause.pointer);
    if (a->bulk_n < 1 || a->bulk_n > b->max_items)
        return answer_at(RULING_DENY, REASON_BULK_LIMIT, "f.4", b->items_clause.pointer);
    if (!a->bulk_sum.known || decimal_cmp(a->bulk_sum.sum, b->max_amount.max) > 0)
        return answer_at(RULING_DENY, REASON_BULK_LIMIT, "f.5", b->amount_clause.pointer);
    return nothing;
}

static struct oracle_answer other(const struct policy *p, const struct ask *a)
{
    bool llm = a->actor_kind == ACTOR_LLM;
    switch (a->action) {
    case ACTION_RESOLVE:
        if (llm && a->decision == DECISION_CONFIRM)
            return deny(p, REASON_TIER_REQUIRES_HUMAN, "12.1");
        if (llm && a->decision != DECISION_ANSWER)
            return human(p, REASON_TIER_REQUIRES_HUMAN, "12.2");
        return allow(p, "13");
    case ACTION_RESOLVE_EXCEPTION:
        return resolve_exception(p, a);
    case ACTION_UNMATCH:
        return unmatch(p, a);
    case ACTION_FREEZE:
        if (a->actor_kind != ACTOR_HUMAN)
            return human(p, REASON_TIER_REQUIRES_HUMAN, "12.10");
        return allow(p, "13");
    case ACTION_SET_DELEGATION:
        if (llm)
            return human(p, REASON_TIER_REQUIRES_HUMAN, "12.2");
        if (!a->own_seat || a->channel != CHANNEL_WEB)
            return deny(p, REASON_NOT_AUTHORISED, "12.3");
        return allow(p, "13");
    case ACTION_INGEST:
        if (llm)
            return human(p, REASON_TIER_REQUIRES_HUMAN, "12.5");
        return allow(p, "13");
    case ACTION_CHANGE_MASTER_DATA:
    case ACTION_CHANGE_POLICY:
    case ACTION_CHANGE_REGISTRY:
    case ACTION_THAW:
        return administration(p, a);
    case ACTION_SWEEP:
    case ACTION_RECORD_DELIVERY:
    case ACTION_FLAG:
    case ACTION_ESCALATE:
    case ACTION_WITHDRAW:
    case ACTION_ASSIGN:
    case ACTION_COMMENT:
    case ACTION_ATTACH:
        return allow(p, "13");
    case ACTION_REJECT:
        if (a->source != SOURCE_LLM && a->source != SOURCE_HUMAN && !a->has_rationale)
            return deny(p, REASON_MISSING_RATIONALE, "8");
        return allow(p, "13");
    case ACTION_PROPOSE:
        return allow(p, "9");
    case ACTION_CONFIRM:
    case ACTION_POST_ENTRY: /* its rows come with posting */
    case ACTION_NONE:
    case ACTION_COUNT:
        break;
    }
    return deny(p, REASON_UNLISTED, "-");
}

static struct oracle_answer decide(const struct policy *p, const struct ask *a)
{
    bool kind =
        a->actor_kind == ACTOR_HUMAN || a->actor_kind == ACTOR_LLM || a->actor_kind == ACTOR_ENGINE;
    bool action = a->action > ACTION_NONE && a->action < ACTION_COUNT;
    if (!kind || !action || !a->change || a->tier > TIER_T3 || a->channel > CHANNEL_CLI)
        return deny(p, REASON_UNLISTED, "-");
    struct oracle_answer stop = stopped(p, a);
    if (stop.row == NULL && a->action == ACTION_RESOLVE)
        stop = at_once(p, a);
    if (stop.row != NULL)
        return stop;
    if (a->action == ACTION_CONFIRM)
        return confirm(p, a);
    bool about_state =
        a->action == ACTION_REJECT || a->action == ACTION_FLAG || a->action == ACTION_PROPOSE;
    if (!a->state_valid || a->entry_taken)
        return answer(p, RULING_DENY, REASON_STATE_INVALID, about_state ? "1b" : "1c");
    return other(p, a);
}

/* Confirming, taking back, giving up money and administration: what three people stand for when it
 * is T3. */
static bool irreversible(const struct policy *p, const struct ask *a)
{
    bool acts = a->action == ACTION_CONFIRM || a->action == ACTION_UNMATCH || is_write_off(a) ||
                a->action == ACTION_CHANGE_MASTER_DATA || a->action == ACTION_CHANGE_POLICY ||
                a->action == ACTION_CHANGE_REGISTRY || a->action == ACTION_THAW;
    bool t3 = a->tier == TIER_T3 || (policy_by_three(p, a) && a->decision == DECISION_CONFIRM);
    return acts && t3;
}

/* Nothing of T3 is simply done where a login is made for each decision: it is asked for first. A
 * proposal is not doing anything. */
struct oracle_answer oracle_decide(const struct policy *p, const struct ask *a)
{
    struct oracle_answer o = decide(p, a);
    bool at_once = a->actor_kind == ACTOR_HUMAN && a->tier == TIER_T3 && a->login_wanted &&
                   a->decision != DECISION_CONFIRM && a->action != ACTION_PROPOSE;
    if (o.ruling == RULING_ALLOW && at_once)
        return human(p, REASON_TIER_REQUIRES_HUMAN, "12.14");
    bool three = a->actor_kind == ACTOR_HUMAN && a->principal != NULL && a->approvers_n >= 2;
    if (o.ruling == RULING_ALLOW && irreversible(p, a) && !three)
        return human(p, REASON_SECOND_APPROVER_REQUIRED, "12.15");
    return o;
}
