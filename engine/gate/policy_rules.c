/* Rules that name what they stop: sensitive accounts and events, match types no machine confirms,
 * and the blocked list. */
#include "common/base/id.h"
#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

enum { ACCOUNTS_MAX = 1000 };

/* ---- always_human_accounts ---- */

static struct err check_selector(struct policy_build *b, const struct doc_account *doc,
                                 const char *pointer)
{
    int set =
        (doc->id != NULL) + (doc->prefix != NULL) + (doc->class_ != NULL) + (doc->event != NULL);
    if (set != 1)
        return policy_refuse(b, pointer, "exactly one of id, prefix, class and event, not %d", set);
    if (doc->event != NULL && doc->legs != 0)
        return policy_refuse(b, policy_at(b, pointer, "legs"), "an event has no legs");
    return OK;
}

static bool same_selector(const struct policy_account *a, const struct policy_account *b)
{
    return text_eq(a->id, b->id) && text_eq(a->prefix, b->prefix) &&
           text_eq(a->class_, b->class_) && text_eq(a->event, b->event);
}

static struct err load_account(struct policy_build *b, size_t i, struct policy_account *accounts)
{
    enum { LEGS_ALL = 2 };
    const char *pointer = policy_at_index(b, "/always_human_accounts", i);
    struct policy_account *to = &accounts[i];
    struct doc_account doc;
    TRY(policy_doc_account(b, b->doc.accounts->items[i], pointer, &doc));
    TRY(check_selector(b, &doc, pointer));
    *to = (struct policy_account){.id = doc.id,
                                  .prefix = doc.prefix,
                                  .class_ = doc.class_,
                                  .event = doc.event,
                                  .legs_all = doc.legs == LEGS_ALL};
    for (size_t j = 0; j < i; j++) {
        if (same_selector(&accounts[j], to))
            return policy_refuse(b, pointer, "the same as item %zu of this list", j);
    }
    return policy_clause_of(b, doc.clause, REASON_ACCOUNT_FORCED_HUMAN, pointer, &to->clause);
}

struct err policy_load_accounts(struct policy_build *b)
{
    static const char pointer[] = "/always_human_accounts";
    const struct json *list = b->doc.accounts;
    if (list == NULL)
        return OK;
    if (!json_is(list, JSON_TYPE_ARRAY) || list->count > ACCOUNTS_MAX)
        return policy_refuse(b, pointer, "expected a list of at most %d accounts", ACCOUNTS_MAX);
    struct policy_account *accounts = ARENA_ARRAY(b->arena, list->count, struct policy_account);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < list->count; i++)
        TRY(load_account(b, i, accounts));
    b->policy->accounts = accounts;
    b->policy->accounts_n = list->count;
    return OK;
}

/* ---- no_auto_confirm_match_types and their clauses ---- */

static const struct doc_strategy *strategy_find(const struct policy_doc *doc, const char *type)
{
    for (size_t i = 0; i < doc->strategies_n; i++) {
        if (text_eq(doc->strategies[i].type, type))
            return &doc->strategies[i];
    }
    return NULL;
}

static struct err load_match_type(struct policy_build *b, size_t i, struct policy_match_type *to)
{
    static const char clauses[] = "/strategy_clauses_by_match_type";
    const char *pointer = policy_at_index(b, "/no_auto_confirm_match_types", i);
    const char *type = b->doc.match_types[i];
    if (policy_name_find(policy_match_type_names, type) == 0)
        return policy_refuse(b, pointer, "\"%s\" is not a match type: expected one of %s", type,
                             policy_name_list(b->arena, policy_match_type_names));
    const struct doc_strategy *strategy = strategy_find(&b->doc, type);
    if (strategy == NULL)
        return policy_refuse(b, pointer, "\"%s\" has no clause in strategy_clauses_by_match_type",
                             type);
    to->name = type;
    to->clause.text = strategy->clause;
    to->clause.pointer = policy_at(b, clauses, type);
    return policy_clause_check(b, strategy->clause, to->clause.pointer);
}

/* A clause without its type is a control somebody believes in and nobody applies. */
static struct err check_strategies(struct policy_build *b)
{
    for (size_t i = 0; i < b->doc.strategies_n; i++) {
        const char *type = b->doc.strategies[i].type;
        bool listed = false;
        for (size_t j = 0; j < b->doc.match_types_n; j++)
            listed = listed || text_eq(b->doc.match_types[j], type);
        if (!listed)
            return policy_refuse(b, policy_at(b, "/strategy_clauses_by_match_type", type),
                                 "\"%s\" is not listed in no_auto_confirm_match_types", type);
    }
    return OK;
}

struct err policy_load_match_types(struct policy_build *b)
{
    size_t n = b->doc.match_types_n;
    struct policy_match_type *types = ARENA_ARRAY(b->arena, n, struct policy_match_type);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++)
        TRY(load_match_type(b, i, &types[i]));
    b->policy->match_types = types;
    b->policy->match_types_n = n;
    return check_strategies(b);
}

/* ---- blocked ---- */

static struct err check_block(struct policy_build *b, const struct doc_block *doc,
                              const char *pointer)
{
    bool any = doc->counterparty != NULL || doc->account != NULL || doc->account_prefix != NULL ||
               doc->entity != NULL || doc->actor != NULL || doc->tool != NULL ||
               doc->over != NULL || doc->actor_kind != 0 || doc->action != 0;
    if (!any)
        return policy_refuse(b, pointer,
                             "a blocked rule needs a condition: counterparty, account, "
                             "account_prefix, entity, actor, actor_kind, tool, action or over");
    if (doc->account != NULL && doc->account_prefix != NULL)
        return policy_refuse(b, pointer, "account or account_prefix, not both");
    return OK;
}

static struct err check_actor(struct policy_build *b, const struct doc_block *doc,
                              const char *pointer)
{
    struct actor_id actor;
    if (doc->actor == NULL)
        return OK;
    const char *at = policy_at(b, pointer, "actor");
    struct err e = actor_parse(str_of(doc->actor), &actor);
    if (e.kind != ERR_NONE)
        return policy_refuse(b, at, "%s", e.msg);
    if (doc->actor_kind != 0 && (unsigned)actor.kind != doc->actor_kind)
        return policy_refuse(b, at, "this actor is not of the rule's actor_kind");
    return OK;
}

static struct err load_block(struct policy_build *b, size_t i, struct policy_block *to)
{
    const struct doc_block *doc = &b->doc.blocked[i];
    const char *pointer = policy_at_index(b, "/blocked", i);
    for (size_t j = 0; j < i; j++) {
        if (text_eq(b->doc.blocked[j].id, doc->id))
            return policy_refuse(b, policy_at(b, pointer, "id"),
                                 "another rule is called \"%s\" already", doc->id);
    }
    TRY(check_block(b, doc, pointer));
    TRY(check_actor(b, doc, pointer));
    *to = (struct policy_block){.id = doc->id,
                                .counterparty = doc->counterparty,
                                .account = doc->account,
                                .account_prefix = doc->account_prefix,
                                .entity = doc->entity,
                                .actor = doc->actor,
                                .tool = doc->tool,
                                .actor_kind = (enum actor_kind)doc->actor_kind,
                                .action = (enum action)doc->action,
                                .has_over = doc->over != NULL};
    if (doc->over != NULL)
        TRY(policy_limit_parse(b, doc->over, policy_at(b, pointer, "over"), POLICY_ZERO_ALLOWED,
                               &to->over));
    return policy_clause_of(b, doc->clause, REASON_POLICY_BLOCK, pointer, &to->clause);
}

struct err policy_load_blocked(struct policy_build *b)
{
    size_t n = b->doc.blocked_n;
    struct policy_block *rules = ARENA_ARRAY(b->arena, n, struct policy_block);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++)
        TRY(load_block(b, i, &rules[i]));
    b->policy->blocked = rules;
    b->policy->blocked_n = n;
    return OK;
}
