/* Answers to escalations whose bound call is not a confirmation, and to those whose ground moved
 * while they waited. */
#include "tests/unit/spine_book.h"

#define WEEK_US (INT64_C(8) * 86400 * 1000000)

static const char entities_csv[] =
    "id,name,functional_currency,zone,calendar,parent\nUK,UK Ltd,GBP,Europe/London,UK_EW,\n";

/* In prod, where master data takes two. */
static struct call *in_prod(struct call *c)
{
    c->prod = true;
    return spine_run(c);
}

static struct call *load_as(const struct actor *actor, const char *csv)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entities_csv", csv);
    return in_prod(spine_call(actor, "load_master", NULL, args));
}

static int64_t entities(void)
{
    return spine_int("SELECT count(*) FROM entities", NULL);
}

static struct actor at_terminal(const char *name)
{
    struct actor a = spine_human(name);
    a.channel = CHANNEL_CLI;
    return a;
}

START_TEST(master_data_of_prod_is_changed_by_the_second_person)
{
    const struct actor ana = at_terminal("ana"), ben = spine_human("ben");
    struct call *asked = load_as(&ana, entities_csv);
    spine_is(asked, CALL_PENDING);
    ck_assert_int_eq(entities(), 1);
    spine_is(in_prod(spine_answer(&spine_ana, asked, "confirm", "mine")), CALL_DENIED);
    ck_assert_int_eq(entities(), 1);
    struct call *done = in_prod(spine_answer(&ben, asked, "confirm", "read it"));
    spine_is(done, CALL_OK);
    ck_assert_str_eq(json_get_text(done->result, "status"), "ok");
    ck_assert_int_eq(entities(), 2);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(spine_events_of("MASTER_DATA_CHANGED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(an_approval_of_what_is_so_already_is_stale)
{
    const struct actor ana = at_terminal("ana"), ben = spine_human("ben");
    struct call *one = load_as(&ana, entities_csv);
    struct call *two = load_as(&ana, arena_fmt(arena, "%s\n", entities_csv));
    spine_is(two, CALL_PENDING);
    ck_assert_str_ne(one->escalation_id, two->escalation_id);
    spine_is(in_prod(spine_answer(&ben, one, "confirm", "read it")), CALL_OK);
    struct call *done = in_prod(spine_answer(&ben, two, "confirm", "read it"));
    spine_is(done, CALL_OK);
    ck_assert_str_eq(json_get_text(done->result, "status"), "stale");
    ck_assert_int_eq(spine_escalation(two->escalation_id).state, ESCALATION_STALE);
    ck_assert_int_eq(entities(), 2);
    book_is_intact();
}
END_TEST

START_TEST(who_joined_a_request_for_master_data_may_not_confirm_it)
{
    const struct actor ana = at_terminal("ana"), ben = at_terminal("ben");
    const struct actor ben_web = spine_human("ben");
    struct call *asked = load_as(&ana, entities_csv);
    struct call *joined = load_as(&ben, entities_csv);
    ck_assert_str_eq(asked->escalation_id, joined->escalation_id);
    spine_is(in_prod(spine_answer(&ben_web, asked, "confirm", "mine, too")), CALL_DENIED);
    spine_is(in_prod(spine_answer(&spine_ana, asked, "confirm", "mine")), CALL_DENIED);
    ck_assert_int_eq(entities(), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_frozen_tool_is_frozen_behind_an_escalation_too)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct tx tx;
    book_begin(&tx);
    const struct db_sql freeze = {
        "freeze", "INSERT INTO freezes (freeze_id, scope, value, status, reason, version, seq)"
                  " VALUES ('frz_1', 'tool', 'confirm_match', 'frozen', 'x', 1, ?1)"};
    struct stmt *q = NULL;
    ck_ok(stmt_new(store_db(book_writer), &freeze, &q));
    stmt_bind_int(q, 1, tx_seq(&tx));
    ck_ok(stmt_run(q));
    stmt_free(q);
    ck_ok(effect_row(&tx, TABLE_FREEZES, "frz_1"));
    book_end(&tx);
    struct call *c = spine_run(spine_answer(&spine_ana, pending, "confirm", "seen"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_FROZEN);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

START_TEST(a_rule_that_blocks_a_tool_blocks_it_behind_an_escalation)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    const struct policy *open = book_policy;
    static const char *const tools_blocked[] = {"confirm_match", "resolve_escalation"};
    for (size_t i = 0; i < 2; i++) {
        struct policy_block block = {
            .tool = tools_blocked[i], .actor_kind = ACTOR_HUMAN, .clause = {.text = "Not now."}};
        struct policy blocked = *open;
        blocked.blocked = &block;
        blocked.blocked_n = 1;
        struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[i], NULL));
        spine_is(pending, CALL_PENDING);
        book_policy = &blocked;
        struct call *c = spine_run(spine_answer(&spine_ana, pending, "confirm", "seen"));
        book_policy = open;
        spine_is(c, CALL_DENIED);
        ck_assert_int_eq(c->verdict.reason, REASON_POLICY_BLOCK);
        ck_assert_int_eq(spine_state(ids[i]), MATCH_PROPOSED);
    }
}
END_TEST

START_TEST(a_stage_does_not_outlive_its_escalation)
{
    struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char **ids = spine_matches(1, 1, 700000);
    struct call *first = spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen"));
    spine_is(first, CALL_PENDING);
    book_now += WEEK_US;
    dia.auth_time_us = cho.auth_time_us = book_now;
    struct call *second = spine_run(spine_on_match(&dia, "confirm_match", ids[0], "seen"));
    spine_is(second, CALL_PENDING);
    ck_assert_int_eq(spine_escalation(first->escalation_id).state, ESCALATION_EXPIRED);
    spine_is(spine_run(spine_on_match(&cho, "confirm_match", ids[0], "again")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(a_stage_under_another_policy_does_not_count)
{
    const struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char **ids = spine_matches(1, 1, 700000);
    spine_is(spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen")), CALL_PENDING);
    struct policy changed = *book_policy;
    changed.digest[0] = changed.digest[0] == 'a' ? 'b' : 'a';
    book_policy = &changed;
    spine_is(spine_run(spine_on_match(&dia, "confirm_match", ids[0], "seen")), CALL_PENDING);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    spine_is(spine_run(spine_on_match(&cho, "confirm_match", ids[0], "again")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(the_stage_of_somebody_disabled_since_does_not_count)
{
    const struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char **ids = spine_matches(1, 1, 700000);
    struct tx tx;
    spine_is(spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen")), CALL_PENDING);
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-cho", "cho", false));
    book_end(&tx);
    spine_is(spine_run(spine_on_match(&dia, "confirm_match", ids[0], "seen")), CALL_PENDING);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], "seen")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(what_was_settled_in_an_entity_is_told_to_nobody_outside)
{
    const struct actor agent = spine_agent("ben"), eve = spine_human("eve");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *settled = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct call *open = spine_run(spine_on_match(&agent, "confirm_match", ids[1], NULL));
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    book_end(&tx);
    spine_is(spine_run(spine_answer(&spine_ana, settled, "confirm", "seen")), CALL_OK);
    spine_failed(spine_run(spine_answer(&eve, settled, "confirm", "what was it")), ERR_MISSING);
    struct call *c = spine_run(spine_answer(&eve, open, "confirm", "mine"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_NOT_AUTHORISED);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
}
END_TEST

SPINE_MAIN("resolve_escalation", spine_up, spine_down,
           master_data_of_prod_is_changed_by_the_second_person,
           an_approval_of_what_is_so_already_is_stale,
           who_joined_a_request_for_master_data_may_not_confirm_it,
           a_frozen_tool_is_frozen_behind_an_escalation_too,
           a_rule_that_blocks_a_tool_blocks_it_behind_an_escalation,
           a_stage_does_not_outlive_its_escalation, a_stage_under_another_policy_does_not_count,
           the_stage_of_somebody_disabled_since_does_not_count,
           what_was_settled_in_an_entity_is_told_to_nobody_outside)
