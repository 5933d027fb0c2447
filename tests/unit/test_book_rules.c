/* The checker of the random adversary can fail: what waits, events and answers, rows,
 * administration. */
#include "tests/unit/lies.h"

/* ---- what waits ---- */

static const char esc[] = "esc_1";

static void open_put(struct lie *l, const char *requester, const char *tool, const char *bound)
{
    char hex[SHA256_HEX_SIZE];
    sha256_hex("{}", 2, hex);
    const struct escalation e = {.escalation_id = esc,
                                 .code = "7QK4-M2XD",
                                 .key_sha256 = "k",
                                 .digest = hex,
                                 .bound = bound,
                                 .tool = tool,
                                 .args = "{}",
                                 .object_type = "match",
                                 .object_id = l->match_id,
                                 .object_version = 1,
                                 .entity_id = "US",
                                 .policy_version = lie_digest,
                                 .reason = "TIER_REQUIRES_HUMAN",
                                 .clause = "This is the sentence for TIER_REQUIRES_HUMAN.",
                                 .pointer = "/clauses/TIER_REQUIRES_HUMAN",
                                 .requester = requester,
                                 .requester_obo = "p-ana",
                                 .created_at = "2026-01-01T00:00:00.000000Z",
                                 .expires_at = "2026-01-08T00:00:00.000000Z"};
    ck_ok(escalation_insert(l->tx, &e));
    l->escalation_id = esc;
}

static void open_by_agent(struct lie *l)
{
    open_put(l, "llm:claude.s-1", "confirm_match", "{}");
}

/* The asking itself, as an agent's call that policy reserves for a person. */
static void ask_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    l->type = "ESCALATION_PENDING";
    l->outcome = EVAL_PENDING;
    l->verdict = (struct verdict){.ruling = RULING_HUMAN,
                                  .reason = REASON_TIER_REQUIRES_HUMAN,
                                  .row = "10.10",
                                  .clause = "This is the sentence for TIER_REQUIRES_HUMAN.",
                                  .pointer = "/clauses/TIER_REQUIRES_HUMAN"};
}

static void open_honest(struct lie *l)
{
    ask_as_agent(l);
    open_by_agent(l);
}

static void open_for_another(struct lie *l)
{
    ask_as_agent(l);
    open_put(l, "llm:claude.s-2", "confirm_match", "{}");
}

static void open_over_other_facts(struct lie *l)
{
    ask_as_agent(l);
    open_put(l, "llm:claude.s-1", "confirm_match", "{\"amount\":\"1\"}");
}

static void open_unasked(struct lie *l)
{
    l->actor = spine_agent("ana");
    open_by_agent(l);
}

static void open_and_confirm(struct lie *l)
{
    open_honest(l);
    confirm(l);
}

static void answered(struct lie *l, enum escalation_state state, const char *by)
{
    struct escalation e;
    ck_ok(escalation_load(l->tx, arena, esc, &e));
    ck_ok(escalation_move(l->tx, &e, state, by, NULL, NULL));
    l->tool = "resolve_escalation";
    l->action = ACTION_RESOLVE;
}

static void approve(struct lie *l)
{
    l->actor = spine_human("ben");
    answered(l, ESCALATION_APPROVED, "human:ben");
    l->action = ACTION_CONFIRM;
    confirm(l);
}

static void approve_alone(struct lie *l)
{
    l->actor = spine_human("ben");
    answered(l, ESCALATION_APPROVED, "human:ben");
}

static void approve_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    answered(l, ESCALATION_APPROVED, l->actor.id);
}

static void approve_for_another(struct lie *l)
{
    l->actor = spine_human("ben");
    answered(l, ESCALATION_APPROVED, "human:cho");
    confirm(l);
}

static void approve_late(struct lie *l)
{
    book_now += INT64_C(8) * 86400 * 1000000;
    l->tx->now_us = book_now;
    l->actor = spine_human("ben");
    l->actor.auth_time_us = book_now;
    answered(l, ESCALATION_APPROVED, "human:ben");
    l->action = ACTION_CONFIRM;
    confirm(l);
}

static void reject_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    answered(l, ESCALATION_REJECTED, l->actor.id);
}

static void reject_alone(struct lie *l)
{
    l->actor = spine_human("ben");
    answered(l, ESCALATION_REJECTED, "human:ben");
}

static void withdraw_as_another_agent(struct lie *l)
{
    l->actor = spine_agent("ben");
    l->actor.id = "llm:claude.s-9";
    answered(l, ESCALATION_WITHDRAWN, l->actor.id);
    l->action = ACTION_WITHDRAW;
}

static void withdraw_as_the_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    answered(l, ESCALATION_WITHDRAWN, l->actor.id);
    l->action = ACTION_WITHDRAW;
}

static void open_and_joined(struct lie *l)
{
    open_by_agent(l);
    ck_ok(escalation_party_add(l->tx, esc, &(struct party){PARTY_REQUESTER, "human:ben", "p-ben"}));
}

static void ask_back_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    answered(l, ESCALATION_INFO_REQUESTED, NULL);
}

static void stage_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    answered(l, ESCALATION_STAGE_APPROVED, NULL);
}

static void expire_early(struct lie *l)
{
    l->actor = (struct actor){.kind = ACTOR_ENGINE, .id = "engine:sweeper"};
    l->sent = spine_ana;
    l->outcome = EVAL_UNTOLD;
    answered(l, ESCALATION_EXPIRED, "engine:sweeper");
}

static void open_and_end(struct lie *l)
{
    open_by_agent(l);
    answered(l, ESCALATION_WITHDRAWN, "human:ana");
}

static void open_again(struct lie *l)
{
    l->actor = spine_human("ben");
    answered(l, ESCALATION_PENDING, "human:ben");
}

static void swap_the_target(struct lie *l)
{
    sql_run(l,
            "UPDATE escalations SET object_id = ?2, version = version + 1, seq = ?3"
            " WHERE escalation_id = ?1",
            esc, l->matches[1]);
    ck_ok(effect_row(l->tx, TABLE_ESCALATIONS, esc));
    l->actor = spine_human("ben");
}

static void open_of_frozen(struct lie *l)
{
    const char *id;
    open_by_agent(l);
    ck_ok(freeze_put(l->tx, "actor", "llm:claude.s-1", "why", &id));
}

static void open_and_ask_back(struct lie *l)
{
    open_by_agent(l);
    answered(l, ESCALATION_INFO_REQUESTED, NULL);
}

static void answer_as_another_agent(struct lie *l)
{
    l->actor = spine_agent("ben");
    l->actor.id = "llm:claude.s-9";
    answered(l, ESCALATION_PENDING, NULL);
}

START_TEST(what_waits_is_answered_by_people_and_is_what_happens)
{
    static const struct row rows[] = {
        {.rule = "", .tell = open_honest},
        {.rule = "requester-is-the-caller", .tell = open_for_another},
        {.rule = "digest-is-of-the-facts", .tell = open_over_other_facts},
        {.rule = "asked-because-of-policy", .tell = open_unasked},
        {.rule = "waiting-changes-nothing", .tell = open_and_confirm},
        {.rule = "", .tell = approve, .before = open_by_agent},
        {.rule = "approved-is-done", .tell = approve_alone, .before = open_by_agent},
        {.rule = "people-approve", .tell = approve_as_agent, .before = open_by_agent},
        {.rule = "people-approve", .tell = stage_as_agent, .before = open_by_agent},
        {.rule = "actor-of-the-row", .tell = approve_for_another, .before = open_by_agent},
        {.rule = "nothing-by-time-out", .tell = approve_late, .before = open_by_agent},
        {.rule = "nothing-by-time-out", .tell = expire_early, .before = open_by_agent},
        {.rule = "people-reject", .tell = reject_as_agent, .before = open_by_agent},
        {.rule = "rejected-is-done", .tell = reject_alone, .before = open_by_agent},
        {.rule = "withdrawn-by-who-asked",
         .tell = withdraw_as_another_agent,
         .before = open_by_agent},
        {.rule = "", .tell = withdraw_as_the_agent, .before = open_by_agent},
        {.rule = "withdrawn-by-who-asked",
         .tell = withdraw_as_the_agent,
         .before = open_and_joined},
        {.rule = "answered-by-who-asked",
         .tell = answer_as_another_agent,
         .before = open_and_ask_back},
        {.rule = "people-ask-back", .tell = ask_back_as_agent, .before = open_by_agent},
        {.rule = "approval-states", .tell = open_again, .before = open_and_end},
        {.rule = "bound-stays", .tell = swap_the_target, .before = open_by_agent},
        {.rule = "frozen-waits", .tell = approve, .before = open_of_frozen},
        {.rule = "left-to-people", .tell = by_machine, .before = open_by_agent},
    };
    ALL_CAUGHT(rows);
}
END_TEST

/* ---- events and answers ---- */

static void nothing(struct lie *l)
{
    (void)l;
}

static void say_nothing(struct lie *l)
{
    l->silent = true;
    l->outcome = EVAL_DENIED;
    l->heard = "FROZEN";
}

static void as_another_person(struct lie *l)
{
    l->sent = l->actor;
    l->sent.principal = "p-ben";
}

static void as_a_stranger(struct lie *l)
{
    l->sent = spine_human("ben");
}

static void while_reading(struct lie *l)
{
    l->reads = true;
}

static void after_a_refusal(struct lie *l)
{
    l->outcome = EVAL_REFUSED;
}

static void deny(struct lie *l, const char *clause)
{
    l->type = "POLICY_VIOLATION";
    l->outcome = EVAL_DENIED;
    l->heard = "STATE_INVALID";
    l->verdict = (struct verdict){.reason = REASON_STATE_INVALID,
                                  .row = "1",
                                  .clause = clause,
                                  .pointer = "/clauses/STATE_INVALID"};
}

static void deny_honest(struct lie *l)
{
    deny(l, "This is the sentence for STATE_INVALID.");
}

static void deny_in_other_words(struct lie *l)
{
    deny(l, "Because we say so.");
}

static void deny_and_say_another(struct lie *l)
{
    deny_honest(l);
    l->heard = "FROZEN";
}

static void freeze_ana(struct lie *l)
{
    const char *id;
    ck_ok(freeze_put(l->tx, "actor", "p-ana", "why", &id));
}

static void freeze_people(struct lie *l)
{
    const char *id;
    ck_ok(freeze_put(l->tx, "kind", "human", "why", &id));
}

static void under_another_policy(struct lie *l)
{
    l->policy_version = digest;
}

static void confirm_silently(struct lie *l)
{
    sql_run(l,
            "INSERT INTO match_states (match_id, state, actor, version, seq)"
            " VALUES (?1, ?2, 'human:ana', 2, ?3 - 1)",
            l->match_id, "CONFIRMED");
    l->silent = true;
}

static void confirm_beside(struct lie *l)
{
    sql_run(l,
            "INSERT INTO match_states (match_id, state, actor, version, seq)"
            " VALUES (?1, ?2, 'human:ana', 2, ?3)",
            l->matches[1], "CONFIRMED");
}

static void change_the_past(struct lie *l)
{
    sql_run(l, "UPDATE match_states SET state = ?2, seq = seq + 0 * ?3 WHERE match_id = ?1",
            l->match_id, "CONFIRMED");
    l->silent = true;
}

static void change_an_entry(struct lie *l)
{
    (void)l;
    sql_run(l, "UPDATE entries SET memo = ?2, seq = seq + 0 * ?3 WHERE entry_id = ?1", "b:1", "x");
    l->silent = true;
}

static void take_a_row_away(struct lie *l)
{
    sql_run(l, "DELETE FROM match_states WHERE match_id = ?1 AND ?2 <> '' AND ?3 > 0", l->match_id,
            "x");
    l->silent = true;
}

START_TEST(an_event_is_its_callers_and_the_answer_is_the_event)
{
    static const struct row rows[] = {
        {.rule = "", .tell = nothing},
        {.rule = "", .tell = deny_honest},
        {.rule = "event-is-the-callers", .tell = as_another_person},
        {.rule = "strangers", .tell = as_a_stranger},
        {.rule = "reads-change-nothing", .tell = while_reading},
        {.rule = "refused-changes-nothing", .tell = after_a_refusal},
        {.rule = "clause-is-the-policys", .tell = deny_in_other_words},
        {.rule = "told-as-recorded", .tell = deny_and_say_another},
        {.rule = "told-as-recorded", .tell = say_nothing},
        {.rule = "frozen", .tell = confirm, .before = freeze_ana},
        {.rule = "frozen", .tell = confirm, .before = freeze_people},
        {.rule = "policy-in-force", .tell = under_another_policy},
    };
    ALL_CAUGHT(rows);
}
END_TEST

START_TEST(no_row_changes_but_by_its_event)
{
    static const struct row rows[] = {
        {.rule = "change-has-its-event", .tell = confirm_silently},
        {.rule = "change-has-its-event", .tell = confirm_beside},
        {.rule = "row-stays", .tell = change_the_past, .before = confirm_rejected},
        {.rule = "row-stays", .tell = change_an_entry},
        {.rule = "change-has-its-event", .tell = take_a_row_away, .before = confirm},
    };
    ALL_CAUGHT(rows);
}
END_TEST

/* ---- administration and exceptions ---- */

static void role_by_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    l->tool = "grant_role";
    l->action = ACTION_CHANGE_REGISTRY;
    ck_ok(role_grant(l->tx, "p-cho", "controller", NULL));
}

static void role_by_the_way(struct lie *l)
{
    confirm(l);
    ck_ok(role_grant(l->tx, "p-cho", "controller", NULL));
}

static void lend_anothers_seat(struct lie *l)
{
    const struct delegation d = {.lender = "p-ben",
                                 .borrower = "p-ana",
                                 .from = "2026-01-01T00:00:00.000000Z",
                                 .until = "2026-02-01T00:00:00.000000Z",
                                 .rationale = "away"};
    l->tool = "set_delegation";
    l->action = ACTION_SET_DELEGATION;
    ck_ok(delegation_put(l->tx, &d));
}

static void comment_as_another(struct lie *l)
{
    struct comment c = {.object = "match:x",
                        .author = "human:ben",
                        .principal = "p-ben",
                        .author_kind = "human",
                        .text = "fine"};
    l->tool = "comment_item";
    l->action = ACTION_COMMENT;
    ck_ok(comment_add(l->tx, &c));
}

static void delivered(struct lie *l)
{
    const struct delivery d = {
        .escalation_id = esc, .channel = "slack", .status = "delivered", .attempts = 1};
    l->tool = "record_delivery";
    l->action = ACTION_RECORD_DELIVERY;
    ck_ok(delivery_add(l->tx, &d));
}

static void count_as_the_machine(struct lie *l)
{
    confirm(l);
    ck_ok(auto_confirmed_add(l->tx, "book", "", (struct money){.minor = 1, .cur = "USD"}));
}

static const char *exception_id;

static void list_exception(struct lie *l)
{
    struct exception_row x = {.entry_id = "b:1",
                              .entity_id = "US",
                              .account_id = "1010",
                              .class_ = "TIMING",
                              .detail = "{}",
                              .flag = {.actor = "human:ana",
                                       .principal = "p-ana",
                                       .rationale = "late",
                                       .rationale_author = "human"}};
    ck_ok(exception_flag(l->tx, &x));
    exception_id = x.exception_id;
}

static void end_it(struct lie *l, enum exception_state state, const char *outcome)
{
    struct exception_row x;
    ck_ok(exception_load(l->tx, arena, exception_id, &x));
    ck_ok(exception_move(l->tx, &x, state, outcome, l->actor.id));
    l->tool = "resolve_exception";
    l->action = ACTION_RESOLVE_EXCEPTION;
}

static void resolve_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    end_it(l, EXCEPTION_RESOLVED, "false_positive");
}

static void resolve_without_reason(struct lie *l)
{
    l->rationale = NULL;
    end_it(l, EXCEPTION_RESOLVED, "false_positive");
}

static void resolve_as_written_off(struct lie *l)
{
    end_it(l, EXCEPTION_RESOLVED, "write_off");
}

static void write_off_what_one_flagged(struct lie *l)
{
    end_it(l, EXCEPTION_WRITTEN_OFF, "write_off");
}

#define MAY_RESOLVE                                                                                \
    "actions: [CONFIRM, REJECT, RESOLVE,",                                                         \
        "actions: [RESOLVE_EXCEPTION, COMMENT, SET_DELEGATION, CONFIRM, REJECT, RESOLVE,"

START_TEST(people_administer_and_give_up_money)
{
    static const struct row rows[] = {
        {"administration-is-peoples", role_by_agent, NULL, "actions: [CONFIRM, REJECT, RESOLVE,",
         "actions: [CHANGE_REGISTRY, CONFIRM, REJECT, RESOLVE,", 0},
        {.rule = "administration-is-peoples", .tell = role_by_the_way},
        {"own-seat", lend_anothers_seat, NULL, MAY_RESOLVE, 0},
        {"actor-of-the-row", comment_as_another, NULL, MAY_RESOLVE, 0},
        {.rule = "delivery-is-the-services", .tell = delivered, .before = open_by_agent},
        {.rule = "counted-as-it-happened", .tell = count_as_the_machine},
        {"people-end-exceptions", resolve_as_agent, list_exception, MAY_RESOLVE, 0},
        {"resolution-wants-a-reason", resolve_without_reason, list_exception, MAY_RESOLVE, 0},
        {"exception-states", resolve_as_written_off, list_exception, MAY_RESOLVE, 0},
        {"two-pairs-of-eyes", write_off_what_one_flagged, list_exception, MAY_RESOLVE, 0},
    };
    ALL_CAUGHT(rows);
}
END_TEST

TEST_MAIN("book_rules", what_waits_is_answered_by_people_and_is_what_happens,
          an_event_is_its_callers_and_the_answer_is_the_event, no_row_changes_but_by_its_event,
          people_administer_and_give_up_money)
