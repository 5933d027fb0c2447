/* What people and agents do with an exception, through the spine: who may flag, take, comment on,
 * resolve and write off, and what then counts. */
#include <string.h>

#include "tests/unit/exceptions_book.h"

static int64_t given_up(void)
{
    return spine_int("SELECT coalesce(sum(sum_minor), 0) FROM written_off WHERE scope = 'book'",
                     NULL);
}

/* ---- flagging ---- */

START_TEST(whoever_may_flag_makes_an_exception_of_an_entry)
{
    const struct actor agent = spine_agent("ben");
    struct call *c = flag(&agent, "b:1", "FX_DIFFERENCE");
    spine_is(c, CALL_OK);
    const char *id = json_get_text(c->result, "exception_id");
    state_is(id, EXCEPTION_OPEN);
    ck_assert_str_eq(row_of(id).class_, "FX_DIFFERENCE");
    ck_assert_str_eq(row_of(id).flag.actor, "llm:claude.s-1");
    ck_assert_str_eq(row_of(id).flag.on_behalf_of, "p-ben");
    ck_assert_str_eq(row_of(id).flag.rationale_author, "model");
    ck_assert_int_eq(stand_of("b:1"), ENTRY_EXCEPTION);
    book_is_intact();
}
END_TEST

START_TEST(the_same_is_not_flagged_twice_and_another_class_takes_its_place)
{
    const struct actor ben = spine_human("ben");
    const char *first = flagged("b:1", "FEE");
    struct call *again = flag(&ben, "b:1", "FEE");
    spine_is(again, CALL_DENIED);
    ck_assert_int_eq(again->verdict.reason, REASON_STATE_INVALID);
    spine_is(CALL(&ben, "assign_item", {"object", first}, {"to", "p-dia"}), CALL_OK);
    struct call *other = flag(&ben, "b:1", "NSF_RETURN");
    spine_is(other, CALL_OK);
    const char *second = json_get_text(other->result, "exception_id");
    ck_assert_str_eq(json_get_text(other->result, "replaces"), first);
    state_is(first, EXCEPTION_RESOLVED);
    ck_assert_str_eq(row_of(first).outcome, "reclassified");
    state_is(second, EXCEPTION_INVESTIGATING); /* whoever had it has it still */
    ck_assert_str_eq(row_of(second).assignee, "p-dia");
    ck_assert(!row_of(first).latest);
    book_is_intact();
}
END_TEST

START_TEST(what_stands_in_a_match_is_not_flagged)
{
    const struct actor ben = spine_human("ben");
    struct tx tx;
    book_begin(&tx);
    (void)spine_proposal(&tx, 1, 5000);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    struct call *c = flag(&ben, "b:1", "FEE");
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_STATE_INVALID);
}
END_TEST

START_TEST(flagging_asks_for_no_ceiling)
{
    const struct actor cho = spine_human("cho");
    spine_is(flag(&cho, "b:201", "DUPLICATE"), CALL_OK);
}
END_TEST

START_TEST(what_one_may_not_see_is_not_there)
{
    const char *id = flagged("b:1", "FEE");
    spine_failed(flag(&eve, "b:2", "FEE"), ERR_MISSING);
    spine_failed(resolve(&eve, id, "false_positive"), ERR_MISSING);
    spine_failed(CALL(&eve, "investigate_exception", {"entry_id", "b:1"}), ERR_MISSING);
    spine_failed(CALL(&eve, "comment_item", {"object", id}, {"text", "mine"}), ERR_MISSING);
    spine_failed(CALL(&eve, "comment_item", {"object", "entry:b:1"}, {"text", "mine"}),
                 ERR_MISSING);
    spine_failed(CALL(&eve, "comment_item", {"object", "entry:none"}, {"text", "mine"}),
                 ERR_MISSING);
    spine_failed(CALL(&eve, "assign_item", {"object", id}, {"to", "p-eve"}), ERR_MISSING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM comments", NULL), 0);
}
END_TEST

START_TEST(a_class_that_is_none_is_refused)
{
    struct json *args = json_object_new(arena);
    struct call c = {.arena = arena, .tool = tool_find("flag_exception"), .actor = spine_ana};
    json_put_text(arena, args, "entry_id", "b:1");
    json_put_text(arena, args, "class", "WEATHER");
    json_put_text(arena, args, "rationale", "x");
    struct err e = call_bind(&c, args);
    ck_err(e, ERR_INPUT);
    ck_assert_str_eq(e.where, "/class");
}
END_TEST

/* ---- assigning ---- */

START_TEST(who_takes_an_exception_investigates_it_and_may_give_it_back)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    struct call *c =
        CALL(&ben, "assign_item", {"object", id}, {"to", "human:cho"}, {"rationale", "yours"});
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "assignee"), "p-cho");
    state_is(id, EXCEPTION_INVESTIGATING);
    int64_t events = spine_events();
    spine_is(CALL(&ben, "assign_item", {"object", id}, {"to", "p-cho"}), CALL_OK);
    ck_assert_int_eq(spine_events(), events); /* it was so already */
    spine_is(CALL(&ben, "assign_item", {"object", id}, {"to", "role:clerk"}), CALL_OK);
    state_is(id, EXCEPTION_INVESTIGATING);
    spine_is(CALL(&ben, "assign_item", {"object", id}), CALL_OK);
    state_is(id, EXCEPTION_OPEN);
    ck_assert_ptr_null(row_of(id).assignee);
    book_is_intact();
}
END_TEST

START_TEST(nobody_is_given_what_they_may_not_see)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "p-eve"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "p-nobody"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "human:nobody"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "role:engine"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", "exc_1"}, {"to", "p-cho"}), ERR_INPUT);
    state_is(id, EXCEPTION_OPEN);
}
END_TEST

START_TEST(what_ended_is_given_to_nobody)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_is(resolve(&ben, id, "false_positive"), CALL_OK);
    struct call *c = CALL(&ben, "assign_item", {"object", id}, {"to", "p-cho"});
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_STATE_INVALID);
}
END_TEST

/* ---- comments and evidence ---- */

START_TEST(comments_say_who_wrote_them_and_stay)
{
    const struct actor ben = spine_human("ben"), agent = spine_agent("ben");
    struct comment *rows;
    struct tx tx;
    size_t n;
    const char *id = flagged("b:1", "FEE");
    spine_is(CALL(&ben, "comment_item", {"object", id}, {"text", "called the bank"}), CALL_OK);
    spine_is(CALL(&agent, "comment_item", {"object", id}, {"text", "looks like March"}), CALL_OK);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(comments_of(&tx, arena, arena_fmt(arena, "exception:%s", id), 10, &rows, &n));
    tx_read_end(&tx);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(rows[0].author_kind, "human");
    ck_assert_str_eq(rows[0].principal, "p-ben");
    ck_assert_str_eq(rows[1].author, "llm:claude.s-1");
    ck_assert_str_eq(rows[1].author_kind, "model");
    ck_assert_str_eq(rows[1].principal, "p-ben");
    book_is_intact();
}
END_TEST

START_TEST(evidence_is_a_digest_and_the_same_document_is_one)
{
    const struct actor ben = spine_human("ben");
    static const char sha[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct call *one = CALL(&ben, "attach_evidence", {"object", "entry:b:1"}, {"sha256", sha},
                            {"name", "advice.pdf"}, {"media_type", "application/pdf"});
    spine_is(one, CALL_OK);
    struct call *two = CALL(&ben, "attach_evidence", {"object", "entry:b:1"}, {"sha256", sha},
                            {"name", "advice.pdf"});
    spine_is(two, CALL_OK);
    ck_assert_str_eq(json_get_text(one->result, "evidence_id"),
                     json_get_text(two->result, "evidence_id"));
    ck_assert_int_eq(spine_int("SELECT count(*) FROM evidence", NULL), 1);
    book_is_intact();
}
END_TEST

START_TEST(everything_that_has_an_id_can_be_commented)
{
    const struct actor agent = spine_agent("ben"), ben = spine_human("ben");
    const char **ids = spine_matches(301, 1, 7000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(pending, CALL_PENDING);
    const char *escalation = pending->escalation_id;
    spine_is(CALL(&ben, "comment_item", {"object", ids[0]}, {"text", "a"}), CALL_OK);
    spine_is(CALL(&ben, "comment_item", {"object", escalation}, {"text", "b"}), CALL_OK);
    spine_is(CALL(&ben, "comment_item", {"object", "entry:b:301"}, {"text", "c"}), CALL_OK);
    spine_is(CALL(&ben, "assign_item", {"object", escalation}, {"to", "p-cho"}), CALL_OK);
    ck_assert_int_eq(spine_int("SELECT count(DISTINCT object) FROM comments", NULL), 3);
    book_is_intact();
}
END_TEST

/* ---- resolving ---- */

START_TEST(a_resolved_exception_stands_no_more_and_its_entry_is_unmatched)
{
    const struct actor cho = spine_human("cho");
    const char *id = flagged("b:1", "TIMING");
    struct call *c = resolve(&cho, id, "timing_accepted");
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "state"), "RESOLVED");
    ck_assert_int_eq(stand_of("b:1"), ENTRY_UNMATCHED);
    ck_assert(in_matching("b:1"));
    struct call *again = resolve(&cho, id, "timing_accepted");
    spine_is(again, CALL_DENIED);
    ck_assert_int_eq(again->verdict.reason, REASON_STATE_INVALID);
    book_is_intact();
}
END_TEST

START_TEST(an_exception_does_not_end_without_a_reason)
{
    const struct actor cho = spine_human("cho");
    const char *id = flagged("b:1", "TIMING");
    struct call *c =
        CALL(&cho, "resolve_exception", {"exception_id", id}, {"outcome", "timing_accepted"});
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/rationale");
    state_is(id, EXCEPTION_OPEN);
}
END_TEST

START_TEST(a_small_write_off_is_one_persons_and_counts)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_is(resolve(&ben, id, "write_off"), CALL_OK);
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert_int_eq(given_up(), 5001);
    ck_assert_int_eq(stand_of("b:1"), ENTRY_UNMATCHED);
    ck_assert(!in_matching("b:1"));
    ck_assert_int_eq(spine_int("SELECT count(*) FROM auto_confirmed", NULL), 0);
    book_is_intact();
}
END_TEST

START_TEST(a_large_write_off_is_not_who_flagged_its)
{
    const struct actor ben = spine_human("ben"), cho = spine_human("cho");
    const char *id = flagged("b:101", "UNIDENTIFIED_RECEIPT");
    struct call *own = resolve(&ben, id, "write_off");
    spine_is(own, CALL_DENIED);
    ck_assert_int_eq(own->verdict.reason, REASON_SOD_SAME_ACTOR);
    state_is(id, EXCEPTION_OPEN);
    spine_is(resolve(&cho, id, "write_off"), CALL_OK);
    ck_assert_int_eq(given_up(), 50101);
    book_is_intact();
}
END_TEST

START_TEST(many_small_write_offs_are_a_large_one)
{
    const struct actor ben = spine_human("ben"), cho = spine_human("cho");
    const char *large = flagged("b:101", "FEE"), *other = flagged("b:102", "FEE");
    const char *small = flagged("b:1", "FEE");
    spine_is(resolve(&cho, large, "write_off"), CALL_OK);
    spine_is(resolve(&ben, small, "write_off"), CALL_OK); /* 551 of 1,000 */
    spine_is(resolve(&cho, other, "write_off"), CALL_OK); /* 1,052 */
    const char *last = flagged("b:2", "FEE");
    struct call *c = resolve(&ben, last, "write_off"); /* 50 more, and he flagged it */
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_SOD_SAME_ACTOR);
    spine_is(resolve(&ben, last, "false_positive"), CALL_OK);
}
END_TEST

START_TEST(a_write_off_above_single_max_takes_two_people)
{
    const struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char *id = flagged("b:201", "FEE");
    struct call *first = resolve(&cho, id, "write_off");
    spine_is(first, CALL_PENDING);
    ck_assert_int_eq(first->verdict.reason, REASON_SECOND_APPROVER_REQUIRED);
    spine_is(resolve(&cho, id, "write_off"), CALL_PENDING); /* still one pair of eyes */
    state_is(id, EXCEPTION_OPEN);
    struct call *second = spine_run(spine_answer(&dia, first, "confirm", "seen the notice"));
    spine_is(second, CALL_OK);
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert_int_eq(spine_escalation(first->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(given_up(), 600201);
    book_is_intact();
}
END_TEST

START_TEST(what_an_agent_wants_to_write_off_a_human_confirms)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *asked = resolve(&agent, id, "write_off");
    spine_is(asked, CALL_PENDING);
    ck_assert_int_eq(asked->verdict.reason, REASON_TIER_REQUIRES_HUMAN);
    ck_assert_str_eq(spine_escalation(asked->escalation_id).object_type, "exception");
    state_is(id, EXCEPTION_OPEN);
    spine_failed(spine_run(spine_answer(&cho, asked, "confirm", NULL)), ERR_INPUT);
    struct call *done = spine_run(spine_answer(&cho, asked, "confirm", "one fee, as every month"));
    spine_is(done, CALL_OK);
    ck_assert_str_eq(json_get_text(done->result, "state"), "WRITTEN_OFF");
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(given_up(), 5001);
    book_is_intact();
}
END_TEST

/* What a confirmed request says is the bound tool's: the answer's schema must let it through. */
START_TEST(the_schema_of_an_answer_is_open)
{
    struct json *schema;
    ck_ok(tool_output_schema(arena, tool_find("resolve_escalation"), &schema));
    ck_assert(json_get(schema, "additionalProperties")->truth);
    ck_ok(tool_output_schema(arena, tool_find("resolve_exception"), &schema));
    ck_assert(!json_get(schema, "additionalProperties")->truth);
}
END_TEST

START_TEST(an_answer_is_not_stale_because_somebody_took_the_exception)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *asked = resolve(&agent, id, "false_positive");
    spine_is(CALL(&cho, "assign_item", {"object", id}, {"to", "p-cho"}), CALL_OK);
    spine_is(spine_run(spine_answer(&cho, asked, "confirm", "agreed")), CALL_OK);
    state_is(id, EXCEPTION_RESOLVED);
}
END_TEST

START_TEST(a_human_who_acts_directly_settles_what_was_asked)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *same = resolve(&agent, id, "false_positive");
    struct call *other = resolve(&agent, id, "timing_accepted");
    spine_is(other, CALL_PENDING);
    spine_is(resolve(&cho, id, "false_positive"), CALL_OK);
    ck_assert_int_eq(spine_escalation(same->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(spine_escalation(other->escalation_id).state, ESCALATION_STALE);
    book_is_intact();
}
END_TEST

START_TEST(a_rejected_request_leaves_the_exception_open)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *asked = resolve(&agent, id, "write_off");
    spine_is(spine_run(spine_answer(&cho, asked, "reject", "it is a deposit")), CALL_OK);
    state_is(id, EXCEPTION_OPEN);
    ck_assert_int_eq(given_up(), 0);
}
END_TEST

SPINE_MAIN("exceptions", exceptions_up, spine_down, whoever_may_flag_makes_an_exception_of_an_entry,
           the_same_is_not_flagged_twice_and_another_class_takes_its_place,
           what_stands_in_a_match_is_not_flagged, flagging_asks_for_no_ceiling,
           what_one_may_not_see_is_not_there, a_class_that_is_none_is_refused,
           who_takes_an_exception_investigates_it_and_may_give_it_back,
           nobody_is_given_what_they_may_not_see, what_ended_is_given_to_nobody,
           comments_say_who_wrote_them_and_stay, evidence_is_a_digest_and_the_same_document_is_one,
           everything_that_has_an_id_can_be_commented,
           a_resolved_exception_stands_no_more_and_its_entry_is_unmatched,
           an_exception_does_not_end_without_a_reason, a_small_write_off_is_one_persons_and_counts,
           a_large_write_off_is_not_who_flagged_its, many_small_write_offs_are_a_large_one,
           a_write_off_above_single_max_takes_two_people,
           what_an_agent_wants_to_write_off_a_human_confirms, the_schema_of_an_answer_is_open,
           an_answer_is_not_stale_because_somebody_took_the_exception,
           a_human_who_acts_directly_settles_what_was_asked,
           a_rejected_request_leaves_the_exception_open)
