/* One sentence a row: the plain ask (the engine, or a person, or an agent, confirms a small, sure
 * match of the matcher's), one thing wrong with it, and the row, reason and clause that answer. The
 * plain world and its policy are tests/gate/world.c. */
#include <string.h>

#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct world_policies p;
static const struct policy *policy;
static struct policy no_blocks; /* without blocked rules, which stand before the rows on rates */
static struct policy no_limits; /* and without max and single_max */
static struct world w;

enum { ENGINE, LLM, HUMAN };

static void up(void)
{
    arena = arena_new((size_t)16 << 20);
    p = world_policies_load(arena);
    policy = p.policy[POLICY_BELOW];
    no_blocks = *policy;
    no_blocks.blocked_n = 0;
    no_limits = no_blocks;
    struct policy_authority *grants =
        ARENA_ARRAY(arena, no_limits.authority_n, struct policy_authority);
    ck_assert_ptr_nonnull(grants);
    for (size_t i = 0; i < no_limits.authority_n; i++) {
        grants[i] = no_limits.authority[i];
        grants[i].has_max = grants[i].has_single_max = false;
    }
    no_limits.authority = grants;
}

static void down(void)
{
    arena_free(arena);
}

static void begin(size_t kind)
{
    world_begin(&w, policy);
    world_set(&w, DIM_KIND, kind);
}

static void expect(const char *row, enum ruling ruling, enum reason reason, const char *pointer)
{
    struct verdict v = gate_decide(policy, &w.ask);
    ck_assert_str_eq(v.row, row);
    ck_assert_str_eq(ruling_name(v.ruling), ruling_name(ruling));
    ck_assert_str_eq(reason_name(v.reason), reason_name(reason));
    ck_assert_str_eq(v.pointer, pointer);
    ck_assert_int_eq(v.clause[0] != '\0', ruling != RULING_ALLOW);
}

START_TEST(row_a_a_frozen_actor_does_nothing)
{
    begin(HUMAN);
    w.ask.frozen = true;
    expect("a", RULING_DENY, REASON_FROZEN, "/clauses/FROZEN");
}
END_TEST

START_TEST(row_b_a_blocked_counterparty_is_left_alone)
{
    begin(ENGINE);
    w.ask.counterparty = "bad";
    expect("b", RULING_DENY, REASON_POLICY_BLOCK, "/blocked/0");
}
END_TEST

START_TEST(row_b_all_conditions_of_a_blocked_rule_must_hold)
{
    begin(LLM);
    world_set(&w, DIM_ACCOUNTS, 4);
    world_set(&w, DIM_ENTITIES, 1);
    expect("b", RULING_DENY, REASON_POLICY_BLOCK, "/blocked/1");
}
END_TEST

START_TEST(row_b_a_blocked_amount_that_is_not_known_is_blocked)
{
    begin(HUMAN);
    w.ask.values_n = 0;
    expect("b", RULING_DENY, REASON_POLICY_BLOCK, "/blocked/2");
}
END_TEST

START_TEST(row_c_a_role_without_the_action_is_refused)
{
    begin(HUMAN);
    world_set(&w, DIM_ROLES, 5);
    expect("c", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_c_a_role_in_another_entity_is_refused)
{
    begin(HUMAN);
    world_set(&w, DIM_ROLES, 3);
    expect("c", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_c_a_role_in_one_entity_does_not_reach_the_whole_book)
{
    begin(HUMAN);
    world_set(&w, DIM_ROLES, 1);
    world_set(&w, DIM_ENTITIES, 5);
    expect("c", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_c_more_than_the_max_of_the_role_is_refused)
{
    begin(HUMAN);
    world_set(&w, DIM_LEVEL, LEVEL_TOO_MUCH);
    expect("c", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_c_an_amount_nobody_knows_is_more_than_any_max)
{
    begin(HUMAN);
    policy = &no_blocks;
    w.ask.has_amount = false;
    expect("c", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_c_nobody_wears_the_engines_role)
{
    begin(HUMAN);
    world_set(&w, DIM_ROLES, 4);
    expect("c", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_d1_a_confirmation_from_the_command_line_is_refused)
{
    begin(HUMAN);
    w.ask.channel = CHANNEL_CLI;
    expect("d.1", RULING_DENY, REASON_CHANNEL_NOT_ALLOWED, "/clauses/CHANNEL_NOT_ALLOWED");
}
END_TEST

START_TEST(row_d1_a_confirmation_is_t2_whatever_its_tool_says)
{
    begin(HUMAN);
    w.ask.tier = TIER_T0;
    w.ask.channel = CHANNEL_CLI;
    expect("d.1", RULING_DENY, REASON_CHANNEL_NOT_ALLOWED, "/clauses/CHANNEL_NOT_ALLOWED");
}
END_TEST

START_TEST(row_d1_t3_is_decided_on_the_web_alone)
{
    begin(HUMAN);
    w.ask.tier = TIER_T3;
    w.ask.channel = CHANNEL_SLACK;
    expect("d.1", RULING_DENY, REASON_CHANNEL_NOT_ALLOWED, "/clauses/CHANNEL_NOT_ALLOWED");
}
END_TEST

START_TEST(row_d1_t1_is_decided_where_the_policy_says)
{
    begin(HUMAN);
    w.ask.action = ACTION_COMMENT;
    w.ask.tier = TIER_T1;
    w.ask.channel = CHANNEL_SLACK;
    expect("d.1", RULING_DENY, REASON_CHANNEL_NOT_ALLOWED, "/clauses/CHANNEL_NOT_ALLOWED");
}
END_TEST

START_TEST(row_d2_a_login_of_yesterday_is_refused)
{
    begin(HUMAN);
    w.ask.auth_age_s = 86400;
    expect("d.2", RULING_DENY, REASON_AUTH_TOO_OLD, "/clauses/AUTH_TOO_OLD");
}
END_TEST

START_TEST(row_d2_a_login_of_no_known_age_is_refused)
{
    begin(HUMAN);
    w.ask.auth_age_s = -1;
    expect("d.2", RULING_DENY, REASON_AUTH_TOO_OLD, "/clauses/AUTH_TOO_OLD");
}
END_TEST

START_TEST(row_e_nothing_is_posted_to_a_closed_period)
{
    begin(HUMAN);
    w.ask.posting = true;
    w.ask.period_closed = true;
    expect("e", RULING_DENY, REASON_PERIOD_CLOSED, "/clauses/PERIOD_CLOSED");
}
END_TEST

START_TEST(row_1_what_is_not_proposed_is_not_confirmed)
{
    begin(HUMAN);
    w.ask.state = MATCH_REJECTED;
    expect("1", RULING_DENY, REASON_STATE_INVALID, "/clauses/STATE_INVALID");
}
END_TEST

START_TEST(row_1b_a_confirmed_match_is_not_rejected)
{
    begin(HUMAN);
    w.ask.action = ACTION_REJECT;
    w.ask.state_valid = false;
    expect("1b", RULING_DENY, REASON_STATE_INVALID, "/clauses/STATE_INVALID");
}
END_TEST

START_TEST(row_1b_an_entry_in_a_live_match_is_not_proposed_again)
{
    begin(ENGINE);
    w.ask.action = ACTION_PROPOSE;
    w.ask.entry_taken = true;
    expect("1b", RULING_DENY, REASON_STATE_INVALID, "/clauses/STATE_INVALID");
}
END_TEST

START_TEST(row_1c_a_settled_escalation_is_not_resolved_again)
{
    begin(HUMAN);
    w.ask.action = ACTION_RESOLVE;
    w.ask.state_valid = false;
    expect("1c", RULING_DENY, REASON_STATE_INVALID, "/clauses/STATE_INVALID");
}
END_TEST

START_TEST(row_2_a_person_does_not_confirm_their_own_proposal)
{
    begin(HUMAN);
    world_set(&w, DIM_RELATION, 2);
    expect("2", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
}
END_TEST

START_TEST(row_2_a_person_without_a_principal_is_anybodys_eyes)
{
    begin(HUMAN);
    w.ask.principal = NULL;
    expect("2", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
}
END_TEST

START_TEST(row_2_above_materiality_an_own_agents_proposal_is_ones_own)
{
    begin(HUMAN);
    world_set(&w, DIM_RELATION, 4);
    world_set(&w, DIM_LEVEL, LEVEL_ABOVE);
    expect("2", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
}
END_TEST

START_TEST(row_2_on_a_sensitive_account_an_own_agents_proposal_is_ones_own)
{
    begin(HUMAN);
    policy = p.policy[POLICY_OWN];
    world_set(&w, DIM_RELATION, 4);
    world_set(&w, DIM_ACCOUNTS, 1);
    expect("2", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
}
END_TEST

START_TEST(row_3_an_llm_does_not_confirm_an_llm)
{
    begin(LLM);
    w.ask.source = SOURCE_LLM;
    expect("3", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
}
END_TEST

START_TEST(row_3_stands_before_the_accounts_of_row_4)
{
    begin(LLM);
    w.ask.source = SOURCE_LLM;
    world_set(&w, DIM_ACCOUNTS, 1);
    expect("3", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
}
END_TEST

START_TEST(row_4_a_listed_account_is_a_persons)
{
    begin(ENGINE);
    world_set(&w, DIM_ACCOUNTS, 1);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/always_human_accounts/0");
}
END_TEST

START_TEST(row_4_legs_all_also_means_the_reconciled_account)
{
    begin(ENGINE);
    world_set(&w, DIM_ACCOUNTS, 3);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/always_human_accounts/1");
}
END_TEST

START_TEST(row_4_a_prefix_names_accounts)
{
    begin(ENGINE);
    world_set(&w, DIM_ACCOUNTS, 4);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/always_human_accounts/2");
}
END_TEST

START_TEST(row_4_a_class_names_accounts)
{
    begin(ENGINE);
    world_set(&w, DIM_ACCOUNTS, 5);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/always_human_accounts/3");
}
END_TEST

START_TEST(row_4_an_event_kind_is_a_persons)
{
    begin(LLM);
    world_set(&w, DIM_ACCOUNTS, 9);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/always_human_accounts/4");
}
END_TEST

START_TEST(row_4_an_account_the_chart_does_not_know_is_sensitive)
{
    begin(ENGINE);
    world_set(&w, DIM_ACCOUNTS, 6);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/clauses/ACCOUNT_FORCED_HUMAN");
}
END_TEST

START_TEST(row_4_an_unknown_contra_side_is_sensitive)
{
    begin(ENGINE);
    world_set(&w, DIM_ACCOUNTS, 7);
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/clauses/ACCOUNT_FORCED_HUMAN");
}
END_TEST

START_TEST(row_4_no_accounts_at_all_are_unknown_ones)
{
    begin(ENGINE);
    w.ask.accounts_n = 0;
    expect("4", RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN, "/clauses/ACCOUNT_FORCED_HUMAN");
}
END_TEST

START_TEST(row_5_the_engine_stops_above_materiality)
{
    begin(ENGINE);
    world_set(&w, DIM_LEVEL, LEVEL_ABOVE);
    expect("5", RULING_HUMAN, REASON_MATERIALITY_OVER_THRESHOLD, "/materiality_threshold_usd");
}
END_TEST

START_TEST(row_5_an_entitys_own_threshold_is_quoted)
{
    begin(ENGINE);
    world_set(&w, DIM_LEVEL, LEVEL_HAIR);
    world_set(&w, DIM_ENTITIES, 1);
    expect("5", RULING_HUMAN, REASON_MATERIALITY_OVER_THRESHOLD,
           "/entity_materiality_overrides/uk");
}
END_TEST

START_TEST(row_6_some_match_types_are_a_persons)
{
    begin(ENGINE);
    w.ask.match_type = "fuzzy";
    expect("6", RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
           "/strategy_clauses_by_match_type/fuzzy");
}
END_TEST

START_TEST(row_7_above_materiality_a_person_says_why)
{
    begin(HUMAN);
    world_set(&w, DIM_LEVEL, LEVEL_ABOVE);
    w.ask.has_rationale = false;
    expect("7", RULING_DENY, REASON_MISSING_RATIONALE, "/clauses/MISSING_RATIONALE");
}
END_TEST

START_TEST(row_7_an_amount_without_a_rate_needs_a_rationale_too)
{
    begin(HUMAN);
    policy = &no_limits;
    world_set(&w, DIM_RATES, RATES_MISSING);
    w.ask.has_rationale = false;
    expect("7", RULING_DENY, REASON_MISSING_RATIONALE, "/clauses/MISSING_RATIONALE");
}
END_TEST

START_TEST(row_8_rejecting_the_matcher_takes_a_reason)
{
    begin(HUMAN);
    w.ask.action = ACTION_REJECT;
    w.ask.has_rationale = false;
    expect("8", RULING_DENY, REASON_MISSING_RATIONALE, "/clauses/MISSING_RATIONALE");
}
END_TEST

START_TEST(row_9_anybody_may_propose)
{
    begin(LLM);
    w.ask.action = ACTION_PROPOSE;
    expect("9", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_10_1_a_machine_confirms_only_what_the_matcher_proposed)
{
    begin(ENGINE);
    w.ask.source = SOURCE_HUMAN;
    expect("10.1", RULING_HUMAN, REASON_SOURCE_REQUIRES_HUMAN, "/clauses/SOURCE_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_10_2_a_machine_breaks_no_tie)
{
    begin(ENGINE);
    w.ask.ambiguous = true;
    expect("10.2", RULING_HUMAN, REASON_AMBIGUOUS_MATCH, "/clauses/AMBIGUOUS_MATCH");
}
END_TEST

START_TEST(row_10_3_a_machine_matches_no_two_entities)
{
    begin(ENGINE);
    w.ask.entity_mismatch = true;
    expect("10.3", RULING_HUMAN, REASON_ENTITY_MISMATCH, "/clauses/ENTITY_MISMATCH");
}
END_TEST

START_TEST(row_10_4_intercompany_takes_a_pair_rule)
{
    begin(ENGINE);
    w.ask.intercompany = true;
    expect("10.4", RULING_HUMAN, REASON_INTERCOMPANY_UNPAIRED, "/clauses/INTERCOMPANY_UNPAIRED");
}
END_TEST

START_TEST(row_10_5_a_full_window_is_a_persons)
{
    begin(ENGINE);
    world_set(&w, DIM_WINDOWS, 3);
    expect("10.5", RULING_HUMAN, REASON_CUMULATIVE_OVER_THRESHOLD, "/cumulative_limits/0");
}
END_TEST

START_TEST(row_10_5_a_window_that_cannot_be_valued_is_full)
{
    begin(ENGINE);
    world_set(&w, DIM_WINDOWS, 4);
    expect("10.5", RULING_HUMAN, REASON_CUMULATIVE_OVER_THRESHOLD, "/cumulative_limits/0");
}
END_TEST

START_TEST(row_10_6_the_cap_counts_confirmations)
{
    begin(ENGINE);
    w.ask.auto_confirmed_n = 100;
    expect("10.6", RULING_HUMAN, REASON_AUTO_CONFIRM_CAP, "/clauses/AUTO_CONFIRM_CAP");
}
END_TEST

START_TEST(row_10_6_auto_confirm_that_is_off_confirms_nothing)
{
    begin(ENGINE);
    policy = p.policy[POLICY_BARE];
    expect("10.6", RULING_HUMAN, REASON_AUTO_CONFIRM_CAP, "/clauses/AUTO_CONFIRM_CAP");
}
END_TEST

START_TEST(row_10_7_a_machine_needs_a_rate)
{
    begin(ENGINE);
    policy = &no_blocks;
    world_set(&w, DIM_RATES, RATES_MISSING);
    expect("10.7", RULING_HUMAN, REASON_FX_RATE_MISSING, "/clauses/FX_RATE_MISSING");
}
END_TEST

START_TEST(row_10_8_a_machine_needs_a_fresh_rate)
{
    begin(ENGINE);
    policy = &no_blocks;
    world_set(&w, DIM_RATES, RATES_STALE);
    expect("10.8", RULING_HUMAN, REASON_FX_RATE_STALE, "/clauses/FX_RATE_STALE");
}
END_TEST

START_TEST(row_10_9_the_engine_confirms_only_what_the_matcher_stands_by)
{
    begin(ENGINE);
    w.ask.sure = false;
    expect("10.9", RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
           "/clauses/STRATEGY_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_10_9_a_score_below_high_is_not_enough)
{
    begin(ENGINE);
    w.ask.score_bp = 8999;
    expect("10.9", RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
           "/clauses/STRATEGY_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_10_10_an_llm_confirms_nothing)
{
    begin(LLM);
    expect("10.10", RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_10_11_no_process_confirms_but_auto_confirm)
{
    static const char *const others[] = {"engine:matcher", "engine:auto-confirm.2", "", NULL};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        begin(ENGINE);
        w.ask.actor = others[i];
        expect("10.11", RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
    }
}
END_TEST

START_TEST(row_12_15_what_is_t3_takes_a_known_person_and_two_others)
{
    static const enum action acts[] = {ACTION_CONFIRM, ACTION_UNMATCH, ACTION_RESOLVE_EXCEPTION,
                                       ACTION_CHANGE_REGISTRY, ACTION_THAW};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        begin(HUMAN);
        w.ask.action = acts[i];
        w.ask.tier = TIER_T3;
        w.ask.keeps_amount = false;
        w.ask.approvers_n = 1;
        expect("12.15", RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
               "/clauses/SECOND_APPROVER_REQUIRED");
        w.ask.approvers_n = 2;
        expect("13", RULING_ALLOW, REASON_ALLOWED, "");
    }
    w.ask.principal = NULL;
    expect("12.15", RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
           "/clauses/SECOND_APPROVER_REQUIRED");
    begin(ENGINE);
    w.ask.tier = TIER_T3;
    w.ask.approvers_n = 2;
    expect("12.15", RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
           "/clauses/SECOND_APPROVER_REQUIRED");
}
END_TEST

START_TEST(row_12_15_an_exception_that_gives_nothing_up_needs_nobody_else)
{
    begin(HUMAN);
    w.ask.action = ACTION_RESOLVE_EXCEPTION;
    w.ask.tier = TIER_T3;
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

/* What version 2 decided is decided so again, and only for that. */
START_TEST(the_gate_before_had_neither_row_nor_the_principal_of_12_13)
{
    struct verdict v;
    begin(ENGINE);
    w.ask.actor = "engine:matcher";
    v = gate_decide_2(policy, &w.ask);
    ck_assert_str_eq(v.row, "13");
    begin(HUMAN);
    w.ask.action = ACTION_THAW;
    w.ask.tier = TIER_T3;
    w.ask.approvers_n = 1;
    v = gate_decide_2(policy, &w.ask);
    ck_assert_str_ne(v.row, "12.15");
    struct policy t3 = no_blocks;
    t3.policy_change_t3 = true;
    begin(HUMAN);
    w.ask.action = ACTION_CHANGE_POLICY;
    w.ask.prod = true;
    w.ask.principal = NULL;
    w.ask.approvers_n = 2;
    v = gate_decide(&t3, &w.ask);
    ck_assert_str_eq(v.row, "12.13");
    v = gate_decide_2(&t3, &w.ask);
    ck_assert_str_ne(v.row, "12.13");
    begin(LLM); /* and else it is the same gate */
    v = gate_decide_2(policy, &w.ask);
    ck_assert_str_eq(v.row, gate_decide(policy, &w.ask).row);
}
END_TEST

START_TEST(row_11_above_single_max_a_second_person_confirms)
{
    begin(HUMAN);
    world_set(&w, DIM_LEVEL, LEVEL_TWO_PEOPLE);
    expect("11", RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
           "/clauses/SECOND_APPROVER_REQUIRED");
}
END_TEST

START_TEST(row_12_1_an_llm_does_not_approve_an_escalation)
{
    begin(LLM);
    w.ask.action = ACTION_RESOLVE;
    w.ask.decision = DECISION_CONFIRM;
    expect("12.1", RULING_DENY, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_12_2_an_llm_settles_no_exception)
{
    begin(LLM);
    w.ask.action = ACTION_RESOLVE_EXCEPTION;
    expect("12.2", RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_12_3_nobody_lends_anothers_seat)
{
    begin(HUMAN);
    w.ask.action = ACTION_SET_DELEGATION;
    w.ask.own_seat = false;
    expect("12.3", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
}
END_TEST

START_TEST(row_c_2_deliveries_are_the_workspaces_to_record)
{
    begin(LLM);
    w.ask.action = ACTION_RECORD_DELIVERY;
    w.ask.delivery_service = false;
    expect("c.2", RULING_DENY, REASON_NOT_AUTHORISED, "/clauses/NOT_AUTHORISED");
    w.ask.delivery_service = true;
    w.ask.roles_n = 0;
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_12_5_an_llm_loads_no_file)
{
    begin(LLM);
    w.ask.action = ACTION_INGEST;
    expect("12.5", RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_12_6_in_prod_two_people_change_the_registry)
{
    begin(HUMAN);
    w.ask.action = ACTION_CHANGE_REGISTRY;
    w.ask.prod = true;
    expect("12.6", RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
}
END_TEST

static void answers_in_prod(enum action action)
{
    begin(HUMAN);
    w.ask.action = action;
    w.ask.prod = true;
    w.ask.approvers_n = 1;
    w.ask.decision = DECISION_CONFIRM;
}

START_TEST(row_2b_whom_a_change_is_about_does_not_approve_it)
{
    answers_in_prod(ACTION_CHANGE_REGISTRY);
    w.ask.subject = w.ask.principal;
    expect("2b", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
    w.ask.subject = "p-bob";
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_2b_who_asked_for_a_policy_does_not_approve_it)
{
    answers_in_prod(ACTION_CHANGE_POLICY);
    w.ask.proposers = &w.ask.principal;
    w.ask.proposers_n = 1;
    expect("2b", RULING_DENY, REASON_SOD_SAME_ACTOR, "/clauses/SOD_SAME_ACTOR");
    w.ask.prod = false; /* in dev one person is enough */
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_a_people_thaw_what_is_frozen_unless_they_are)
{
    answers_in_prod(ACTION_THAW);
    w.ask.frozen = true;
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
    w.ask.frozen_self = true;
    expect("a", RULING_DENY, REASON_FROZEN, "/clauses/FROZEN");
    begin(LLM);
    w.ask.action = ACTION_THAW;
    w.ask.frozen = true;
    expect("a", RULING_DENY, REASON_FROZEN, "/clauses/FROZEN");
}
END_TEST

START_TEST(row_12_6_a_machine_changes_no_policy)
{
    begin(LLM);
    w.ask.action = ACTION_CHANGE_POLICY;
    expect("12.6", RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN, "/clauses/TIER_REQUIRES_HUMAN");
}
END_TEST

START_TEST(row_13_the_engine_confirms_a_sure_small_match)
{
    begin(ENGINE);
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_13_a_person_confirms_with_a_reason)
{
    begin(HUMAN);
    world_set(&w, DIM_LEVEL, LEVEL_SINGLE);
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_13_a_second_person_confirms_what_one_may_not)
{
    begin(HUMAN);
    world_set(&w, DIM_LEVEL, LEVEL_MAX);
    w.ask.approvers_n = 1;
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_13_below_materiality_an_own_agents_proposal_may_be_confirmed)
{
    begin(HUMAN);
    world_set(&w, DIM_RELATION, 4);
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(row_13_a_comment_without_an_amount_is_not_too_big)
{
    begin(HUMAN);
    w.ask.action = ACTION_COMMENT;
    w.ask.has_amount = false;
    expect("13", RULING_ALLOW, REASON_ALLOWED, "");
}
END_TEST

START_TEST(no_row_speaks_of_posting_yet)
{
    begin(HUMAN);
    w.ask.action = ACTION_POST_ENTRY;
    expect("-", RULING_DENY, REASON_UNLISTED, "/clauses/UNLISTED");
}
END_TEST

START_TEST(no_row_speaks_of_an_act_that_changes_nothing)
{
    begin(HUMAN);
    w.ask.change = false;
    expect("-", RULING_DENY, REASON_UNLISTED, "/clauses/UNLISTED");
}
END_TEST

/* ---- what a trace says ---- */

/* Facts of several at once and of a login made for the decision stand in an event only where there
 * was such a thing. */
static bool is_rare(struct str name)
{
    return (name.len > 5 && memcmp(name.at, "bulk_", 5) == 0) ||
           (name.len > 6 && memcmp(name.at, "login_", 6) == 0);
}

static void facts_are_held(const struct gate_step *step, const struct json *facts, bool rare)
{
    struct str name, rest = str_of(step->facts);
    for (bool more = rest.len > 0; more;) {
        more = str_cut(rest, ',', &name, &rest);
        ck_assert_msg((!rare && is_rare(name)) || json_find(facts, name) != NULL,
                      "row %s: %.*s is no fact", step->row, (int)name.len, name.at);
    }
    ck_assert_int_gt((int)strlen(step->meaning), 5);
}

START_TEST(a_trace_names_only_facts_that_the_event_holds)
{
    struct gate_step steps[64];
    struct verdict v;
    for (int i = 2 * (ACTION_NONE + 1); i < 2 * ACTION_COUNT; i++) {
        begin(HUMAN);
        w.ask.action = (enum action)(i / 2);
        w.ask.prod = true;
        w.ask.subject = "p-eve";
        w.ask.bulk_n = i % 2 == 1 ? 2 : 0;
        w.ask.login_wanted = i % 2 == 1;
        const struct json *facts = ask_print(arena, &w.ask);
        const size_t n = gate_trace(policy, &w.ask, steps, 64, &v);
        for (size_t k = 0; k < n; k++)
            facts_are_held(&steps[k], facts, i % 2 == 1);
    }
}
END_TEST

START_TEST(a_ruling_has_a_name)
{
    ck_assert_str_eq(ruling_name(RULING_ALLOW), "allow");
    ck_assert_str_eq(ruling_name(RULING_HUMAN), "human");
    ck_assert_str_eq(ruling_name((enum ruling)9), "deny");
}
END_TEST

static void add(TCase *tcase, const TTest *const *tests, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tcase, tests[i]);
}

static void add_what_stops_anything(TCase *tcase)
{
    const TTest *const tests[] = {row_a_a_frozen_actor_does_nothing,
                                  row_b_a_blocked_counterparty_is_left_alone,
                                  row_b_all_conditions_of_a_blocked_rule_must_hold,
                                  row_b_a_blocked_amount_that_is_not_known_is_blocked,
                                  row_c_a_role_without_the_action_is_refused,
                                  row_c_a_role_in_another_entity_is_refused,
                                  row_c_a_role_in_one_entity_does_not_reach_the_whole_book,
                                  row_c_more_than_the_max_of_the_role_is_refused,
                                  row_c_an_amount_nobody_knows_is_more_than_any_max,
                                  row_c_nobody_wears_the_engines_role,
                                  row_d1_a_confirmation_from_the_command_line_is_refused,
                                  row_d1_a_confirmation_is_t2_whatever_its_tool_says,
                                  row_d1_t3_is_decided_on_the_web_alone,
                                  row_d1_t1_is_decided_where_the_policy_says,
                                  row_d2_a_login_of_yesterday_is_refused,
                                  row_d2_a_login_of_no_known_age_is_refused,
                                  row_e_nothing_is_posted_to_a_closed_period};
    add(tcase, tests, sizeof tests / sizeof tests[0]);
}

static void add_confirming(TCase *tcase)
{
    const TTest *const tests[] = {row_1_what_is_not_proposed_is_not_confirmed,
                                  row_1b_a_confirmed_match_is_not_rejected,
                                  row_1b_an_entry_in_a_live_match_is_not_proposed_again,
                                  row_1c_a_settled_escalation_is_not_resolved_again,
                                  row_2_a_person_does_not_confirm_their_own_proposal,
                                  row_2_a_person_without_a_principal_is_anybodys_eyes,
                                  row_2_above_materiality_an_own_agents_proposal_is_ones_own,
                                  row_2_on_a_sensitive_account_an_own_agents_proposal_is_ones_own,
                                  row_3_an_llm_does_not_confirm_an_llm,
                                  row_3_stands_before_the_accounts_of_row_4,
                                  row_4_a_listed_account_is_a_persons,
                                  row_4_legs_all_also_means_the_reconciled_account,
                                  row_4_a_prefix_names_accounts,
                                  row_4_a_class_names_accounts,
                                  row_4_an_event_kind_is_a_persons,
                                  row_4_an_account_the_chart_does_not_know_is_sensitive,
                                  row_4_an_unknown_contra_side_is_sensitive,
                                  row_4_no_accounts_at_all_are_unknown_ones,
                                  row_5_the_engine_stops_above_materiality,
                                  row_5_an_entitys_own_threshold_is_quoted,
                                  row_6_some_match_types_are_a_persons,
                                  row_7_above_materiality_a_person_says_why,
                                  row_7_an_amount_without_a_rate_needs_a_rationale_too,
                                  row_8_rejecting_the_matcher_takes_a_reason,
                                  row_9_anybody_may_propose,
                                  row_10_1_a_machine_confirms_only_what_the_matcher_proposed,
                                  row_10_2_a_machine_breaks_no_tie,
                                  row_10_3_a_machine_matches_no_two_entities,
                                  row_10_4_intercompany_takes_a_pair_rule,
                                  row_10_5_a_full_window_is_a_persons,
                                  row_10_5_a_window_that_cannot_be_valued_is_full,
                                  row_10_6_the_cap_counts_confirmations,
                                  row_10_6_auto_confirm_that_is_off_confirms_nothing,
                                  row_10_7_a_machine_needs_a_rate,
                                  row_10_8_a_machine_needs_a_fresh_rate,
                                  row_10_9_the_engine_confirms_only_what_the_matcher_stands_by,
                                  row_10_9_a_score_below_high_is_not_enough,
                                  row_10_10_an_llm_confirms_nothing};
    add(tcase, tests, sizeof tests / sizeof tests[0]);
}

static void add_the_rest(TCase *tcase)
{
    const TTest *const tests[] = {row_10_11_no_process_confirms_but_auto_confirm,
                                  row_12_15_what_is_t3_takes_a_known_person_and_two_others,
                                  row_12_15_an_exception_that_gives_nothing_up_needs_nobody_else,
                                  the_gate_before_had_neither_row_nor_the_principal_of_12_13,
                                  row_11_above_single_max_a_second_person_confirms,
                                  row_12_1_an_llm_does_not_approve_an_escalation,
                                  row_12_2_an_llm_settles_no_exception,
                                  row_12_3_nobody_lends_anothers_seat,
                                  row_c_2_deliveries_are_the_workspaces_to_record,
                                  row_12_5_an_llm_loads_no_file,
                                  row_12_6_in_prod_two_people_change_the_registry,
                                  row_12_6_a_machine_changes_no_policy,
                                  row_2b_whom_a_change_is_about_does_not_approve_it,
                                  row_2b_who_asked_for_a_policy_does_not_approve_it,
                                  row_a_people_thaw_what_is_frozen_unless_they_are,
                                  row_13_the_engine_confirms_a_sure_small_match,
                                  row_13_a_person_confirms_with_a_reason,
                                  row_13_a_second_person_confirms_what_one_may_not,
                                  row_13_below_materiality_an_own_agents_proposal_may_be_confirmed,
                                  row_13_a_comment_without_an_amount_is_not_too_big,
                                  no_row_speaks_of_posting_yet,
                                  no_row_speaks_of_an_act_that_changes_nothing,
                                  a_trace_names_only_facts_that_the_event_holds,
                                  a_ruling_has_a_name};
    add(tcase, tests, sizeof tests / sizeof tests[0]);
}

int main(void)
{
    TCase *tcase = test_case("gate", up, down);
    add_what_stops_anything(tcase);
    add_confirming(tcase);
    add_the_rest(tcase);
    return test_run("gate", tcase);
}
