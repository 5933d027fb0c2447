/* The kill switch: what it stops, what it leaves to thaw by, and what waits meanwhile. */
#include "tests/unit/admin_book.h"

#define FREEZE(scope, value)                                                                       \
    "{\"scope\":\"" scope "\",\"value\":\"" value "\",\"reason\":\"odd nights\"}"
#define FREEZE_ALL "{\"scope\":\"all\",\"reason\":\"stop\"}"

static const char *freeze_id(const struct call *c)
{
    spine_is(c, CALL_OK);
    return json_get_text(c->result, "freeze_id");
}

static struct call *thaw_as(const char *name, const char *id, bool prod)
{
    const char *args = arena_fmt(arena, "{\"freeze_id\":\"%s\",\"rationale\":\"safe\"}", id);
    return prod ? admin_prod(name, "thaw", args) : admin_dev(name, "thaw", args);
}

static struct call *confirm_as(const struct actor *actor, const char *match_id)
{
    return spine_run(spine_on_match(actor, "confirm_match", match_id, "seen"));
}

START_TEST(a_frozen_agent_is_denied_until_it_is_thawed)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    const char *id = freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "llm:claude.s-1")));
    admin_denied(confirm_as(&agent, ids[0]), REASON_FROZEN);
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 1);
    spine_is(confirm_as(&spine_ana, ids[0]), CALL_OK);
    spine_is(thaw_as("ana", id, false), CALL_OK);
    spine_failed(thaw_as("ana", id, false), ERR_MISSING);
    ck_assert_int_eq(spine_events_of("FROZEN"), 1);
    ck_assert_int_eq(spine_events_of("THAWED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_frozen_person_is_frozen_with_every_agent_of_theirs)
{
    const struct actor cho = spine_human("cho"), agent = spine_agent("cho");
    const char **ids = spine_matches(1, 1, 1000);
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "human:cho")));
    admin_denied(confirm_as(&cho, ids[0]), REASON_FROZEN);
    admin_denied(confirm_as(&agent, ids[0]), REASON_FROZEN);
    book_is_intact();
}
END_TEST

START_TEST(a_freeze_stops_its_kind_and_its_tool_and_nothing_else)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    const char *kind = freeze_id(admin_dev("ana", "freeze", FREEZE("kind", "llm")));
    admin_denied(confirm_as(&agent, ids[0]), REASON_FROZEN);
    spine_is(confirm_as(&spine_ana, ids[0]), CALL_OK);
    spine_is(thaw_as("ana", kind, false), CALL_OK);
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("tool", "confirm_match")));
    admin_denied(confirm_as(&spine_ana, ids[1]), REASON_FROZEN);
    spine_is(spine_run(spine_on_match(&spine_ana, "reject_match", ids[1], "no")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(everything_frozen_is_thawed_by_two_people)
{
    const char **ids = spine_matches(1, 1, 1000);
    const char *id = freeze_id(admin_prod("ana", "freeze", FREEZE_ALL));
    admin_denied(confirm_as(&spine_ana, ids[0]), REASON_FROZEN);
    admin_denied(admin_prod("ben", "change_person", "{\"act\":\"disable\",\"person\":\"dia\"}"),
                 REASON_FROZEN);
    struct call *asked = thaw_as("ben", id, true);
    spine_is(asked, CALL_PENDING);
    admin_denied(admin_answer("ben", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    spine_is(admin_answer("ana", asked, "confirm"), CALL_OK);
    spine_is(confirm_as(&spine_ana, ids[0]), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(no_freeze_of_kind_or_tool_locks_itself_in)
{
    const char *humans = freeze_id(admin_prod("ana", "freeze", FREEZE("kind", "human")));
    struct call *asked = thaw_as("ana", humans, true);
    spine_is(asked, CALL_PENDING);
    spine_is(admin_answer("ben", asked, "confirm"), CALL_OK);
    const char *tool = freeze_id(admin_prod("ana", "freeze", FREEZE("tool", "thaw")));
    (void)freeze_id(admin_prod("ana", "freeze", FREEZE("tool", "resolve_escalation")));
    asked = thaw_as("ben", tool, true);
    spine_is(asked, CALL_PENDING);
    spine_is(admin_answer("ana", asked, "confirm"), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(enough_people_stay_who_can_thaw)
{
    struct call *c = admin_prod("ana", "freeze", FREEZE("actor", "human:ben"));
    spine_failed(c, ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(c->err.msg, "1 people would be left"));
    /* in dev one who thaws is enough; the last one is not frozen there either */
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "human:ben")));
    spine_failed(admin_dev("ana", "freeze", FREEZE("actor", "human:ana")), ERR_CONFLICT);
    book_is_intact();
}
END_TEST

START_TEST(what_a_frozen_agent_asked_for_waits)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *one = confirm_as(&agent, ids[0]), *two = confirm_as(&agent, ids[1]);
    const char *kind = freeze_id(admin_dev("ana", "freeze", FREEZE("kind", "llm")));
    admin_denied(spine_run(spine_answer(&spine_ana, one, "confirm", "seen")), REASON_FROZEN);
    ck_assert_int_eq(spine_escalation(one->escalation_id).state, ESCALATION_PENDING);
    spine_is(thaw_as("ana", kind, false), CALL_OK);
    spine_is(spine_run(spine_answer(&spine_ana, one, "confirm", "seen")), CALL_OK);
    /* the person behind the agent, frozen */
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "human:ben")));
    admin_denied(spine_run(spine_answer(&spine_ana, two, "confirm", "seen")), REASON_FROZEN);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

START_TEST(a_freeze_is_thrown_once_and_by_people)
{
    const struct actor agent = spine_agent("ana");
    struct json *args;
    const char *id = freeze_id(admin_dev("ana", "freeze", FREEZE("kind", "engine")));
    struct call *again = admin_dev("ben", "freeze", FREEZE("kind", "engine"));
    ck_assert_str_eq(freeze_id(again), id);
    ck_assert_int_eq(spine_events_of("FROZEN"), 1);
    ck_ok(json_read(arena, str_of(FREEZE("kind", "llm")), NULL, &args));
    spine_is(spine_run(spine_call(&agent, "freeze", NULL, args)), CALL_PENDING);
    admin_denied(admin_dev("cho", "freeze", FREEZE("kind", "llm")), REASON_NOT_AUTHORISED);
    static const char *const wrong[] = {FREEZE("kind", "martian"), FREEZE("tool", "no_such_tool"),
                                        FREEZE("all", "x"),
                                        "{\"scope\":\"actor\",\"reason\":\"x\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        spine_failed(admin_dev("ana", "freeze", wrong[i]), ERR_INPUT);
    spine_failed(admin_dev("ana", "freeze", FREEZE("actor", "human:nobody")), ERR_MISSING);
    book_is_intact();
}
END_TEST

SPINE_MAIN("freeze", admin_up, spine_down, a_frozen_agent_is_denied_until_it_is_thawed,
           a_frozen_person_is_frozen_with_every_agent_of_theirs,
           a_freeze_stops_its_kind_and_its_tool_and_nothing_else,
           everything_frozen_is_thawed_by_two_people, no_freeze_of_kind_or_tool_locks_itself_in,
           enough_people_stay_who_can_thaw, what_a_frozen_agent_asked_for_waits,
           a_freeze_is_thrown_once_and_by_people)
