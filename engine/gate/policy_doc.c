/* policy.yaml as field tables: names, types, ranges, defaults and what is required. What a table
 * can say is said here and nowhere else; what needs two values at once is checked by the section's
 * own file. docs/POLICY.md is these tables in words. */
#include "engine/gate/policy_internal.h"

enum {
    RULES_MAX = 1000,     /* of one kind; the gate reads them one by one */
    CUMULATIVE_MAX = 100, /* each is a sum over the book for every decision */
    RATES_MAX = 4000,     /* two currencies, eight years of business days */
    DAYS_MAX = 3660,      /* ten years */
    HOURS_MAX = 24 * 366, /* a year */
    MINUTES_MAX = 60 * 24 * 366,
};

static const char *const legs_names[] = {"", "contra", "all", NULL};
static const char *const per_names[] = {"entity", "account", "counterparty", "book", NULL};
static const char *const period_names[] = {"day", "week", "month", "quarter", "year", NULL};
static const char *const admin_tier_names[] = {"T2", "T3", NULL};
static const char *const clock_names[] = {"wall", "business", NULL};
static const char *const own_agent_names[] = {"deny", "below_materiality", "allow", NULL};

static const struct json_field override_fields[] = {
    JSON_TEXT(struct doc_override, entity, .required = true, .max = 64,
              .check = policy_name_complaint),
    JSON_TEXT(struct doc_override, limit, .required = true, .max = 40, .literal = true),
};

static const struct json_field account_fields[] = {
    JSON_TEXT(struct doc_account, id, .max = 64, .check = policy_name_complaint),
    JSON_TEXT(struct doc_account, prefix, .max = 64, .check = policy_name_complaint),
    JSON_TEXT(struct doc_account, class_, .as = "class", .max = 64, .check = policy_name_complaint),
    JSON_TEXT(struct doc_account, event, .max = 64, .check = policy_id_complaint),
    JSON_ENUM(struct doc_account, legs, legs_names),
    JSON_TEXT(struct doc_account, clause),
};

static const struct json_field strategy_fields[] = {
    JSON_TEXT(struct doc_strategy, type, .required = true),
    JSON_TEXT(struct doc_strategy, clause, .required = true),
};

static const struct json_field cap_fields[] = {
    JSON_TEXT(struct doc_cap, amount, .max = 40),
    JSON_INT(struct doc_cap, count, .min = 1, .max = 1000000000,
             .has = JSON_HAS(struct doc_cap, has_count)),
    JSON_ENUM(struct doc_cap, period, period_names, .required = true),
};

static const struct json_field auto_confirm_fields[] = {
    JSON_BOOL(struct doc_auto_confirm, enabled, .required = true),
    JSON_OBJECT_PTR(struct doc_auto_confirm, cap, cap_fields),
};

static const struct json_field cumulative_fields[] = {
    JSON_TEXT(struct doc_cumulative, id, .required = true, .max = 64, .check = policy_id_complaint),
    JSON_ENUM(struct doc_cumulative, per, per_names, .required = true),
    JSON_INT(struct doc_cumulative, window_days, .required = true, .min = 1, .max = DAYS_MAX),
    JSON_TEXT(struct doc_cumulative, max, .required = true, .max = 40),
    JSON_TEXT(struct doc_cumulative, clause),
};

static const struct json_field block_fields[] = {
    JSON_TEXT(struct doc_block, id, .required = true, .max = 64, .check = policy_id_complaint),
    JSON_TEXT(struct doc_block, counterparty, .max = 128, .check = policy_name_complaint),
    JSON_TEXT(struct doc_block, account, .max = 64, .check = policy_name_complaint),
    JSON_TEXT(struct doc_block, account_prefix, .max = 64, .check = policy_name_complaint),
    JSON_TEXT(struct doc_block, entity, .max = 64, .check = policy_name_complaint),
    JSON_TEXT(struct doc_block, actor, .max = 160),
    JSON_ENUM(struct doc_block, actor_kind, policy_actor_kind_names),
    JSON_TEXT(struct doc_block, tool, .max = 64, .check = policy_id_complaint),
    JSON_ENUM(struct doc_block, action, policy_action_names),
    JSON_TEXT(struct doc_block, over, .max = 40),
    JSON_TEXT(struct doc_block, clause, .required = true),
};

static const struct json_field authority_fields[] = {
    JSON_TEXT(struct doc_authority, role, .required = true, .max = 64,
              .check = policy_id_complaint),
    JSON_TEXTS(struct doc_authority, actions, actions_n, .required = true, .min = 1, .max = 64,
               .unique = true),
    JSON_ANY(struct doc_authority, entities, .required = true),
    JSON_TEXT(struct doc_authority, max, .max = 40),
    JSON_TEXT(struct doc_authority, single_max, .max = 40),
};

static const struct json_field sod_fields[] = {
    JSON_ENUM(struct doc_sod, own_agent, own_agent_names, .required = true),
};

static const struct json_field rate_fields[] = {
    JSON_TEXT(struct doc_rate, base, .required = true, .max = 3),
    JSON_TEXT(struct doc_rate, quote, .required = true, .max = 3),
    JSON_DECIMAL(struct doc_rate, rate, .required = true, .literal = true),
    JSON_DATE(struct doc_rate, as_of, .required = true),
    JSON_TEXT(struct doc_rate, source, .required = true, .max = 100,
              .check = policy_name_complaint),
};

static const struct json_field fx_fields[] = {
    JSON_INT(struct doc_fx, max_staleness_days, .required = true, .min = 0, .max = 31),
    JSON_OBJECTS(struct doc_fx, rates, rates_n, rate_fields, .max = RATES_MAX),
};

static const struct json_field windows_fields[] = {
    JSON_INT(struct doc_windows, days, .def = 5, .min = 0, .max = 366),
    JSON_INT(struct doc_windows, cheque_days, .def = 45, .min = 0, .max = 366),
    JSON_INT(struct doc_windows, group_days, .def = 10, .min = 0, .max = 366),
};

static const struct json_field tolerances_fields[] = {
    JSON_DECIMAL(struct doc_tolerances, fee_cap, .literal = true),
    JSON_DECIMAL(struct doc_tolerances, fee_share, .literal = true, .def_text = "0.10"),
    JSON_TEXT(struct doc_tolerances, fee_account, .max = 64),
    JSON_BOOL(struct doc_tolerances, transposition, .def = true),
    JSON_BOOL(struct doc_tolerances, book_net_of_fee, .def = true),
};

static const struct json_field weights_fields[] = {
    JSON_DECIMAL(struct doc_weights, text, .literal = true, .required = true),
    JSON_DECIMAL(struct doc_weights, reference, .literal = true, .required = true),
    JSON_DECIMAL(struct doc_weights, date, .literal = true, .required = true),
    JSON_DECIMAL(struct doc_weights, amount, .literal = true, .required = true),
    JSON_DECIMAL(struct doc_weights, account, .literal = true, .required = true),
};

static const struct json_field groups_fields[] = {
    JSON_INT(struct doc_groups, items_max, .def = 5, .min = 2, .max = 12),
    JSON_INT(struct doc_groups, candidates_max, .def = 30, .min = 2, .max = 60),
    JSON_INT(struct doc_groups, nodes_max, .def = 20000, .min = 100, .max = 10000000),
};

static const struct json_field matching_fields[] = {
    JSON_OBJECT_PTR(struct doc_matching, windows, windows_fields),
    JSON_OBJECT_PTR(struct doc_matching, tolerances, tolerances_fields),
    JSON_OBJECT_PTR(struct doc_matching, weights, weights_fields),
    JSON_OBJECT_PTR(struct doc_matching, groups, groups_fields),
    JSON_DECIMAL(struct doc_matching, high, .literal = true, .def_text = "0.90"),
    JSON_DECIMAL(struct doc_matching, review, .literal = true, .def_text = "0.70"),
    JSON_DECIMAL(struct doc_matching, ambiguity_margin, .literal = true, .def_text = "0.05"),
    JSON_INT(struct doc_matching, candidates_max, .def = 200, .min = 1, .max = 10000),
};

static const struct json_field escalation_fields[] = {
    JSON_INT(struct doc_escalation, expiry_hours, .def = 168, .min = 1, .max = HOURS_MAX),
    JSON_INT(struct doc_escalation, sla_hours, .def = 24, .min = 1, .max = HOURS_MAX),
    JSON_ANY(struct doc_escalation, reminders_hours),
    JSON_ENUM(struct doc_escalation, clock, clock_names),
};

static const struct json_field exceptions_fields[] = {
    JSON_INT(struct doc_exceptions, escalate_after_days, .def = 30, .min = 1, .max = 3660),
};

static const struct json_field login_age_fields[] = {
    JSON_INT(struct doc_login_age, t1, .as = "T1", .min = 1, .max = MINUTES_MAX, .def = 0),
    JSON_INT(struct doc_login_age, t2, .as = "T2", .min = 1, .max = MINUTES_MAX, .required = true),
    JSON_INT(struct doc_login_age, t3, .as = "T3", .min = 1, .max = MINUTES_MAX, .required = true),
};

static const struct json_field channels_fields[] = {
    JSON_TEXTS(struct doc_channels, t1, t1_n, .as = "T1", .required = true, .min = 1,
               .unique = true),
    JSON_TEXTS(struct doc_channels, t2, t2_n, .as = "T2", .required = true, .min = 1,
               .unique = true),
    JSON_TEXTS(struct doc_channels, t3, t3_n, .as = "T3", .required = true, .min = 1,
               .unique = true),
    JSON_OBJECT(struct doc_channels, max_login_age_minutes, login_age_fields, .required = true),
};

static const struct json_field bulk_fields[] = {
    JSON_INT(struct doc_bulk, max_items, .required = true, .min = 1, .max = 1000),
    JSON_TEXT(struct doc_bulk, max_amount, .max = 40),
    JSON_TEXTS(struct doc_bulk, reasons, reasons_n, .min = 1, .max = REASON_COUNT, .unique = true),
    JSON_TEXT(struct doc_bulk, clause),
};

static const struct json_field administration_fields[] = {
    JSON_ENUM(struct doc_administration, policy_changes, admin_tier_names, .required = true),
};

static const struct json_field clause_fields[] = {
    JSON_TEXT(struct doc_clause, reason, .required = true),
    JSON_TEXT(struct doc_clause, text, .required = true),
};

static const struct json_field fields[] = {
    JSON_INT(struct policy_doc, version, .required = true),
    JSON_DECIMAL(struct policy_doc, materiality, .as = "materiality_threshold_usd",
                 .required = true, .literal = true),
    JSON_MAP(struct policy_doc, overrides, overrides_n, override_fields,
             .as = "entity_materiality_overrides", .max = RULES_MAX),
    JSON_ANY(struct policy_doc, accounts, .as = "always_human_accounts"),
    JSON_TEXTS(struct policy_doc, match_types, match_types_n, .as = "no_auto_confirm_match_types",
               .unique = true),
    JSON_MAP(struct policy_doc, strategies, strategies_n, strategy_fields,
             .as = "strategy_clauses_by_match_type"),
    JSON_OBJECT(struct policy_doc, auto_confirm, auto_confirm_fields, .required = true),
    JSON_OBJECTS(struct policy_doc, cumulative, cumulative_n, cumulative_fields,
                 .as = "cumulative_limits", .max = CUMULATIVE_MAX),
    JSON_TEXT(struct policy_doc, write_off_limit, .max = 40),
    JSON_OBJECTS(struct policy_doc, blocked, blocked_n, block_fields, .max = RULES_MAX),
    JSON_OBJECTS(struct policy_doc, authority, authority_n, authority_fields, .required = true,
                 .min = 1, .max = RULES_MAX),
    JSON_OBJECT(struct policy_doc, sod, sod_fields, .required = true),
    JSON_OBJECT(struct policy_doc, fx, fx_fields, .required = true),
    JSON_OBJECT_PTR(struct policy_doc, matching, matching_fields),
    JSON_ANY(struct policy_doc, ap),
    JSON_ANY(struct policy_doc, close),
    JSON_OBJECT_PTR(struct policy_doc, escalation, escalation_fields),
    JSON_OBJECT_PTR(struct policy_doc, exceptions, exceptions_fields),
    JSON_OBJECT(struct policy_doc, channels, channels_fields, .required = true),
    JSON_OBJECT_PTR(struct policy_doc, bulk, bulk_fields),
    JSON_OBJECT_PTR(struct policy_doc, administration, administration_fields),
    JSON_MAP(struct policy_doc, clauses, clauses_n, clause_fields, .required = true),
};

static const struct json nothing = {.type = JSON_TYPE_OBJECT};

/* A section that is left out is the section with nothing in it: its table's defaults. */
#define DEFAULTS(arena, table, member)                                                             \
    do {                                                                                           \
        if ((member) == NULL) {                                                                    \
            (member) = arena_alloc((arena), sizeof *(member));                                     \
            TRY(arena_check(arena));                                                               \
            TRY(json_bind((arena), JSON_FIELDS(table), &nothing, (member)));                       \
        }                                                                                          \
    } while (0)

static struct err matching_defaults(struct arena *arena, struct doc_matching *m)
{
    static const struct doc_weights weights = {
        .text = "0.45", .reference = "0.25", .date = "0.15", .amount = "0.10", .account = "0.05"};
    DEFAULTS(arena, windows_fields, m->windows);
    DEFAULTS(arena, tolerances_fields, m->tolerances);
    DEFAULTS(arena, groups_fields, m->groups);
    if (m->weights == NULL) {
        m->weights = ARENA_NEW(arena, struct doc_weights);
        TRY(arena_check(arena));
        *m->weights = weights;
    }
    return OK;
}

struct err policy_doc_bind(struct arena *arena, const struct json *tree, struct policy_doc *doc)
{
    TRY(json_bind(arena, JSON_FIELDS(fields), tree, doc));
    DEFAULTS(arena, matching_fields, doc->matching);
    DEFAULTS(arena, escalation_fields, doc->escalation);
    DEFAULTS(arena, exceptions_fields, doc->exceptions);
    return matching_defaults(arena, doc->matching);
}

struct err policy_doc_account(struct policy_build *b, const struct json *node, const char *pointer,
                              struct doc_account *account)
{
    if (json_is(node, JSON_TYPE_TEXT)) {
        const char *id = json_text(node);
        const char *complaint =
            id == NULL ? "an account id holds no NUL" : policy_name_complaint(id);
        if (complaint != NULL)
            return policy_refuse(b, pointer, "%s", complaint);
        *account = (struct doc_account){.id = id};
        return OK;
    }
    if (!json_is(node, JSON_TYPE_OBJECT))
        return policy_refuse(b, pointer,
                             "expected an account id in quotes, such as \"2400\", or an object "
                             "with one of id, prefix, class, event");
    return policy_err_under(b, pointer,
                            json_bind(b->arena, JSON_FIELDS(account_fields), node, account));
}
