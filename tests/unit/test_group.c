/* A group of calls on a real book: outcomes and their events, savepoints, kept answers, spent
 * assertions, and what becomes of what policy reserves for a human. */
#include "tests/unit/spine_book.h"

#define WEEK_US (INT64_C(7) * 24 * 3600 * 1000000)

/* ---- outcomes ---- */

START_TEST(each_outcome_has_its_event_and_its_answer)
{
    const char **small = spine_matches(1, 1, 1000), **big = spine_matches(2, 1, 2000000);
    const struct actor agent = spine_agent("ben");
    struct call *ok = spine_on_match(&spine_ana, "confirm_match", small[0], NULL);
    struct call *denied = spine_on_match(&spine_ana, "confirm_match", big[0], NULL);
    struct call *pending = spine_on_match(&agent, "confirm_match", big[0], "same cash event");
    struct call *calls[] = {ok, denied, pending};
    int64_t before = spine_events();
    ck_assert(call_group(book_writer, calls, 3, book_clock));
    spine_is(ok, CALL_OK);
    ck_assert_str_eq(json_get_text(ok->result, "status"), "ok");
    ck_assert_int_eq(spine_state(small[0]), MATCH_CONFIRMED);
    spine_is(denied, CALL_DENIED);
    ck_assert_int_eq(denied->verdict.reason, REASON_MISSING_RATIONALE);
    ck_assert_str_eq(json_get_text(denied->result, "clause"),
                     "This is the sentence for MISSING_RATIONALE.");
    spine_is(pending, CALL_PENDING);
    ck_assert_str_eq(json_get_text(pending->result, "status"), "pending_approval");
    ck_assert_int_eq(spine_state(big[0]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_events(), before + 3);
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 1);
    ck_assert_int_eq(spine_events_of("ESCALATION_PENDING"), 1);
    ck_assert_int_eq(ok->seq, before + 1);
    ck_assert_int_eq(pending->seq, before + 3);
    book_is_intact();
}
END_TEST

START_TEST(one_failing_call_is_undone_and_the_others_stand)
{
    const char **ids = spine_matches(1, 3, 1000);
    struct call *calls[] = {spine_on_match(&spine_ana, "confirm_match", ids[0], NULL),
                            spine_on_match(&spine_ana, "confirm_match", "mat_none", NULL),
                            spine_on_match(&spine_ana, "reject_match", ids[1], "not the same"),
                            spine_on_match(&spine_ana, "confirm_match", ids[2], NULL)};
    int64_t before = spine_events();
    ck_assert(call_group(book_writer, calls, 4, book_clock));
    spine_is(calls[0], CALL_OK);
    spine_failed(calls[1], ERR_MISSING);
    spine_is(calls[2], CALL_OK);
    spine_is(calls[3], CALL_OK);
    ck_assert_int_eq(spine_events(), before + 3);
    ck_assert_int_eq(calls[3]->seq, before + 3);
    book_is_intact();
}
END_TEST

/* Fails after its rows are written: only what follows the act is out of memory. */
static struct err apply_then_fail(struct call *c, struct tx *tx)
{
    TRY(tool_find("confirm_match")->apply(c, tx));
    return err_new(ERR_CONFLICT, "after the act");
}

START_TEST(effects_of_a_failed_call_do_not_linger)
{
    const char **ids = spine_matches(1, 2, 1000);
    struct tool failing = *tool_find("confirm_match");
    struct call *calls[] = {spine_on_match(&spine_ana, "confirm_match", ids[0], NULL),
                            spine_on_match(&spine_ana, "confirm_match", ids[1], NULL)};
    int64_t before = spine_events();
    failing.apply = apply_then_fail;
    calls[0]->tool = &failing;
    ck_assert(call_group(book_writer, calls, 2, book_clock));
    spine_failed(calls[0], ERR_CONFLICT);
    spine_is(calls[1], CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_events(), before + 1);
    ck_assert_int_eq(calls[1]->seq, before + 1);
    book_is_intact();
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL)), CALL_OK);
}
END_TEST

/* The sums of what nobody looked at, written once a group: each event saw those before it in its
 * own group, a call that was undone counts nowhere, and the next group goes on from the rows. */
START_TEST(a_group_counts_what_it_confirms_and_nothing_that_was_undone)
{
    const char **ids = spine_matches(0, 6, 1000);
    struct tool failing = *tool_find("confirm_match");
    struct call *calls[5], *last;
    failing.apply = apply_then_fail;
    for (int i = 0; i < 5; i++)
        calls[i] = spine_on_match(&spine_engine, "confirm_match", ids[i], NULL);
    calls[0]->tool = calls[2]->tool = calls[4]->tool = &failing;
    ck_assert(call_group(book_writer, calls, 5, book_clock));
    spine_is(calls[1], CALL_OK);
    spine_is(calls[3], CALL_OK);
    ck_assert_int_eq(calls[1]->ask.auto_confirmed_n, 0);
    ck_assert_int_eq(calls[3]->ask.auto_confirmed_n, 1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM auto_confirmed", NULL), 4);
    ck_assert_int_eq(spine_int("SELECT sum(sum_minor) FROM auto_confirmed", NULL),
                     4 * (1001 + 1003));
    ck_assert_int_eq(spine_int("SELECT min(version) FROM auto_confirmed", NULL), 2);
    book_is_intact();
    last = spine_run(spine_on_match(&spine_engine, "confirm_match", ids[5], NULL));
    spine_is(last, CALL_OK);
    ck_assert_int_eq(last->ask.auto_confirmed_n, 2);
    ck_assert_int_eq(spine_int("SELECT sum(sum_minor) FROM auto_confirmed", NULL),
                     4 * (1001 + 1003 + 1005));
    book_is_intact();
}
END_TEST

START_TEST(a_call_out_of_its_memory_fails_alone)
{
    const char **ids = spine_matches(1, 2, 1000);
    struct call *calls[] = {spine_on_match(&spine_ana, "confirm_match", ids[0], NULL),
                            spine_on_match(&spine_ana, "confirm_match", ids[1], NULL)};
    while (arena_alloc(calls[0]->arena, 1 << 16) != NULL)
        ;
    ck_assert(call_group(book_writer, calls, 2, book_clock));
    spine_failed(calls[0], ERR_LIMIT);
    spine_is(calls[1], CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(an_error_outlives_the_connection_that_worded_it)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct tool failing = *tool_find("confirm_match");
    struct call *c = spine_on_match(&spine_ana, "confirm_match", ids[0], NULL);
    failing.apply = apply_then_fail;
    c->tool = &failing;
    spine_run(c);
    ck_assert(arena_used(c->arena) > 0);
    store_close(book_writer);
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    ck_assert_str_eq(c->err.msg, "after the act");
    ck_assert_ptr_ne(c->err.msg, "after the act"); /* a copy of its own */
}
END_TEST

START_TEST(what_two_calls_of_a_group_want_is_done_for_the_first)
{
    const struct actor ben = spine_human("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *calls[] = {spine_on_match(&spine_ana, "confirm_match", ids[0], NULL),
                            spine_on_match(&ben, "reject_match", ids[0], "no")};
    ck_assert(call_group(book_writer, calls, 2, book_clock));
    spine_is(calls[0], CALL_OK);
    spine_is(calls[1], CALL_DENIED);
    ck_assert_int_eq(calls[1]->verdict.reason, REASON_STATE_INVALID);
    book_is_intact();
}
END_TEST

/* ---- kept answers ---- */

START_TEST(the_same_key_and_arguments_give_the_stored_result_and_no_second_event)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *first = spine_run(spine_keyed(&spine_ana, ids[0], "k-1"));
    int64_t after = spine_events();
    spine_is(first, CALL_OK);
    struct call *again = spine_run(spine_keyed(&spine_ana, ids[0], "k-1"));
    spine_is(again, CALL_OK);
    ck_assert_int_eq(again->seq, first->seq);
    ck_assert(json_equal(again->result, first->result));
    ck_assert_int_eq(spine_events(), after);
    struct call *twice[] = {spine_keyed(&spine_ana, ids[0], "k-1"),
                            spine_keyed(&spine_ana, ids[0], "k-1")};
    ck_assert(call_group(book_writer, twice, 2, book_clock));
    spine_is(twice[0], CALL_OK);
    spine_is(twice[1], CALL_OK);
    ck_assert_int_eq(spine_events(), after);
}
END_TEST

START_TEST(a_key_used_twice_in_one_group_acts_once)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *twice[] = {spine_keyed(&spine_ana, ids[0], "k-1"),
                            spine_keyed(&spine_ana, ids[0], "k-1")};
    int64_t before = spine_events();
    ck_assert(call_group(book_writer, twice, 2, book_clock));
    spine_is(twice[0], CALL_OK);
    spine_is(twice[1], CALL_OK);
    ck_assert_int_eq(spine_events(), before + 1);
    ck_assert(json_equal(twice[0]->result, twice[1]->result));
}
END_TEST

START_TEST(the_same_key_with_other_arguments_is_a_conflict)
{
    const char **ids = spine_matches(1, 2, 1000);
    spine_is(spine_run(spine_keyed(&spine_ana, ids[0], "k-1")), CALL_OK);
    int64_t after = spine_events();
    spine_failed(spine_run(spine_keyed(&spine_ana, ids[1], "k-1")), ERR_CONFLICT);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_events(), after);
    /* Another's key of the same name is another key. */
    const struct actor ben = spine_human("ben");
    spine_is(spine_run(spine_keyed(&ben, ids[1], "k-1")), CALL_OK);
}
END_TEST

START_TEST(a_failed_call_keeps_no_answer)
{
    const char **ids = spine_matches(1, 1, 1000);
    spine_failed(spine_run(spine_keyed(&spine_ana, "mat_none", "k-1")), ERR_MISSING);
    spine_is(spine_run(spine_keyed(&spine_ana, ids[0], "k-1")), CALL_OK);
}
END_TEST

START_TEST(a_kept_denial_is_repeated)
{
    const char **ids = spine_matches(1, 1, 2000000);
    struct call *first = spine_run(spine_keyed(&spine_ana, ids[0], "k-1"));
    struct call *again = spine_run(spine_keyed(&spine_ana, ids[0], "k-1"));
    spine_is(first, CALL_DENIED);
    spine_is(again, CALL_DENIED);
    ck_assert(json_equal(first->result, again->result));
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 1);
}
END_TEST

START_TEST(a_pending_answer_is_told_as_it_stands_now)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *first = spine_run(spine_keyed(&agent, ids[0], "k-1"));
    spine_is(first, CALL_PENDING);
    struct call *again = spine_run(spine_keyed(&agent, ids[0], "k-1"));
    spine_is(again, CALL_PENDING);
    ck_assert_str_eq(again->escalation_id, first->escalation_id);
    ck_assert_int_eq(json_get(again->result, "seq") != NULL, 1);
    spine_is(spine_run(spine_answer(&spine_ana, first, "confirm", NULL)), CALL_OK);
    int64_t after = spine_events();
    struct call *settled = spine_run(spine_keyed(&agent, ids[0], "k-1"));
    spine_is(settled, CALL_OK);
    ck_assert_str_eq(json_get_text(settled->result, "status"), "approved");
    ck_assert_str_eq(json_get_text(settled->result, "decided_by"), "human:ana");
    ck_assert_int_eq(settled->seq, first->seq);
    ck_assert_int_eq(spine_events(), after);
}
END_TEST

START_TEST(a_kept_answer_is_not_for_a_principal_who_was_disabled_since)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct tx tx;
    spine_is(spine_run(spine_keyed(&spine_ana, ids[0], "k-1")), CALL_OK);
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-ana", "Ana", false));
    book_end(&tx);
    spine_failed(spine_run(spine_keyed(&spine_ana, ids[0], "k-1")), ERR_AUTH);
}
END_TEST

/* ---- assertions ---- */

static struct call *with_jti(const char *match_id, const char *jti)
{
    struct actor ana = spine_ana;
    ana.jti = jti;
    ana.jti_expires_us = book_now + 60000000;
    return spine_on_match(&ana, "confirm_match", match_id, NULL);
}

START_TEST(an_assertion_changes_the_book_once_also_after_a_restart)
{
    const char **ids = spine_matches(1, 3, 1000);
    spine_is(spine_run(with_jti(ids[0], "j-1")), CALL_OK);
    spine_failed(spine_run(with_jti(ids[1], "j-1")), ERR_AUTH);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    store_close(book_writer);
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    spine_failed(spine_run(with_jti(ids[1], "j-1")), ERR_AUTH);
    spine_is(spine_run(with_jti(ids[1], "j-2")), CALL_OK);
    struct call *twice[] = {with_jti(ids[2], "j-3"), with_jti(ids[2], "j-3")};
    ck_assert(call_group(book_writer, twice, 2, book_clock));
    spine_is(twice[0], CALL_OK);
    spine_failed(twice[1], ERR_AUTH);
    book_is_intact();
}
END_TEST

START_TEST(a_failed_call_does_not_spend_its_assertion)
{
    const char **ids = spine_matches(1, 1, 1000);
    spine_failed(spine_run(with_jti("mat_none", "j-1")), ERR_MISSING);
    spine_is(spine_run(with_jti(ids[0], "j-1")), CALL_OK);
}
END_TEST

/* ---- escalations ---- */

START_TEST(a_confirmation_runs_the_bound_call_once)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(pending, CALL_PENDING);
    struct call *both[] = {spine_answer(&spine_ana, pending, "confirm", "seen"),
                           spine_answer(&cho, pending, "reject", "too late")};
    int64_t before = spine_events();
    ck_assert(call_group(book_writer, both, 2, book_clock));
    spine_is(both[0], CALL_OK);
    ck_assert_str_eq(json_get_text(both[0]->result, "state"), "CONFIRMED");
    spine_is(both[1], CALL_OK);
    ck_assert_str_eq(json_get_text(both[1]->result, "status"), "approved");
    ck_assert_str_eq(json_get_text(both[1]->result, "decided_by"), "human:ana");
    ck_assert_int_eq(spine_events(), before + 2); /* ESCALATION_APPROVED and OK */
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
    /* The second appended nothing: a plan that finds it settled. */
    spine_is(spine_run(spine_answer(&cho, pending, "confirm", NULL)), CALL_OK);
    ck_assert_int_eq(spine_events(), before + 2);
    book_is_intact();
}
END_TEST

START_TEST(a_rejection_rejects_the_match)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(spine_run(spine_answer(&spine_ana, pending, "reject", "another customer")), CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_REJECTED);
    ck_assert_int_eq(spine_escalation(pending->escalation_id).state, ESCALATION_REJECTED);
    book_is_intact();
}
END_TEST

START_TEST(another_digest_decides_nothing)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "escalation_id", pending->escalation_id);
    json_put_text(arena, args, "decision", "confirm");
    json_put_text(arena, args, "digest", digest);
    int64_t before = spine_events();
    struct call *c = spine_run(spine_call(&spine_ana, "resolve_escalation", NULL, args));
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/digest");
    ck_assert_int_eq(spine_events(), before);
    ck_assert_int_eq(spine_escalation(pending->escalation_id).state, ESCALATION_PENDING);
}
END_TEST

START_TEST(who_asked_may_not_confirm_nor_who_joined)
{
    const struct actor agent = spine_agent("ben"), ben = spine_human("ben"),
                       cho = spine_human("cho"), dia = spine_human("dia");
    const char **ids = spine_matches(1, 1, 700000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    /* Cho may not alone: a first stage of the same escalation. */
    struct call *joined = spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen"));
    spine_is(asked, CALL_PENDING);
    spine_is(joined, CALL_PENDING);
    ck_assert_str_eq(asked->escalation_id, joined->escalation_id);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM escalations", NULL), 1);
    /* His own agent asked, and the policy says deny. */
    struct call *own = spine_run(spine_answer(&ben, asked, "confirm", "mine"));
    spine_is(own, CALL_DENIED);
    ck_assert_int_eq(own->verdict.reason, REASON_SOD_SAME_ACTOR);
    /* Cho counts once, however often. */
    struct call *again = spine_run(spine_answer(&cho, asked, "confirm", "seen"));
    spine_is(again, CALL_PENDING);
    ck_assert_int_eq(again->verdict.reason, REASON_SECOND_APPROVER_REQUIRED);
    struct call *second = spine_run(spine_answer(&dia, asked, "confirm", "seen too"));
    spine_is(second, CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
    book_is_intact();
}
END_TEST

START_TEST(a_second_approver_ends_what_the_first_began)
{
    const struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char **ids = spine_matches(1, 1, 700000);
    struct call *first = spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen"));
    spine_is(first, CALL_PENDING);
    ck_assert_int_eq(first->verdict.reason, REASON_SECOND_APPROVER_REQUIRED);
    struct call *alone = spine_run(spine_on_match(&cho, "confirm_match", ids[0], "seen"));
    spine_is(alone, CALL_PENDING);
    struct call *second = spine_run(spine_on_match(&dia, "confirm_match", ids[0], "seen"));
    spine_is(second, CALL_OK);
    ck_assert_int_eq(spine_escalation(first->escalation_id).state, ESCALATION_APPROVED);
    book_is_intact();
}
END_TEST

START_TEST(a_stage_of_an_escalation_is_an_event_and_one_person_one_stage)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho"),
                       dia = spine_human("dia");
    const char **ids = spine_matches(1, 1, 700000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(spine_run(spine_answer(&cho, asked, "confirm", "one")), CALL_PENDING);
    ck_assert_int_eq(spine_events_of("ESCALATION_STAGE_APPROVED"), 1);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_STAGE_APPROVED);
    spine_is(spine_run(spine_answer(&cho, asked, "confirm", "two")), CALL_PENDING);
    ck_assert_int_eq(spine_events_of("ESCALATION_STAGE_APPROVED"), 1);
    spine_is(spine_run(spine_answer(&dia, asked, "confirm", "three")), CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
    book_is_intact();
}
END_TEST

START_TEST(a_human_acting_directly_settles_the_open_escalation)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *one = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct call *two = spine_run(spine_on_match(&agent, "confirm_match", ids[1], NULL));
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL)), CALL_OK);
    spine_is(spine_run(spine_on_match(&spine_ana, "reject_match", ids[1], "no")), CALL_OK);
    ck_assert_int_eq(spine_escalation(one->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(spine_escalation(two->escalation_id).state, ESCALATION_REJECTED);
    book_is_intact();
}
END_TEST

/* The agent's confirmation of a proposal is reserved for a person under TIER_REQUIRES_HUMAN:
 * another sentence there is another ruling. */
START_TEST(a_policy_that_says_otherwise_makes_what_waits_stale)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct policy changed = *book_policy;
    changed.digest[0] = changed.digest[0] == 'a' ? 'b' : 'a';
    changed.clauses[REASON_TIER_REQUIRES_HUMAN].text = "Only on Mondays.";
    book_policy = &changed;
    struct call *c = spine_run(spine_answer(&spine_ana, pending, "confirm", "seen"));
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "status"), "stale");
    const struct json *first = json_pointer_get(c->result, "/difference/0");
    ck_assert_str_eq(json_get_text(first, "pointer"), "/clause");
    ck_assert_str_eq(json_get_text(first, "now"), "Only on Mondays.");
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_escalation(pending->escalation_id).state, ESCALATION_STALE);
    ck_assert_int_eq(spine_events_of("ESCALATION_STALE"), 1);
    /* The event is about the escalation, not about the match that was left alone. */
    ck_assert_str_eq(c->object_type, "escalation");
    ck_assert_str_eq(c->object_id, pending->escalation_id);
    book_is_intact();
    /* Asked again it waits anew. */
    struct call *again = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(again, CALL_PENDING);
    ck_assert_str_ne(again->escalation_id, pending->escalation_id);
}
END_TEST

START_TEST(a_policy_that_says_the_same_of_it_lets_it_be_confirmed)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct policy changed = *book_policy;
    const char *then = book_policy->digest;
    changed.digest[0] = changed.digest[0] == 'a' ? 'b' : 'a';
    book_policy = &changed;
    struct call *c = spine_run(spine_answer(&spine_ana, pending, "confirm", "seen"));
    spine_is(c, CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
    ck_assert_str_eq(json_get_text(c->detail, "asked_under"), then);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE event_type ="
                               " 'ESCALATION_APPROVED' AND event ->> '$.detail.asked_under' = ?1",
                               then),
                     1);
    book_is_intact();
}
END_TEST

START_TEST(a_changed_target_makes_what_waits_stale)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct match m;
    struct tx tx;
    book_begin(&tx);
    ck_ok(match_load(&tx, arena, ids[0], &m));
    ck_ok(match_transition(&tx, &m, MATCH_REJECTED, "engine:test"));
    book_end(&tx);
    struct call *c = spine_run(spine_answer(&spine_ana, pending, "confirm", "seen"));
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "status"), "stale");
    ck_assert_int_eq(spine_state(ids[0]), MATCH_REJECTED);
    book_is_intact();
}
END_TEST

START_TEST(nothing_is_approved_after_its_time)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    book_now += WEEK_US;
    struct actor ana = spine_ana;
    ana.auth_time_us = book_now;
    struct call *late = spine_run(spine_answer(&ana, pending, "confirm", "seen"));
    spine_is(late, CALL_DENIED);
    ck_assert_int_eq(late->verdict.reason, REASON_STATE_INVALID);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    /* Whoever asks again gets one that can be answered. */
    struct call *again = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(again, CALL_PENDING);
    ck_assert_str_ne(again->escalation_id, pending->escalation_id);
    ck_assert_int_eq(spine_escalation(pending->escalation_id).state, ESCALATION_EXPIRED);
    ck_assert_int_eq(spine_events_of("ESCALATION_EXPIRED"), 1);
    ana.auth_time_us = book_now;
    spine_is(spine_run(spine_answer(&ana, again, "confirm", "seen")), CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
    book_is_intact();
}
END_TEST

START_TEST(withdrawing_leaves_the_match_as_it_is)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    const struct actor ben = spine_human("ben");
    spine_is(spine_run(spine_answer(&ben, pending, "withdraw", NULL)), CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_escalation(pending->escalation_id).state, ESCALATION_WITHDRAWN);
    book_is_intact();
}
END_TEST

/* ---- who may call at all ---- */

START_TEST(a_disabled_principal_is_refused_on_the_next_call)
{
    const struct actor agent = spine_agent("ana");
    const char **ids = spine_matches(1, 1, 1000);
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-ana", "Ana", false));
    book_end(&tx);
    int64_t before = spine_events();
    spine_failed(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL)), ERR_AUTH);
    spine_failed(spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL)), ERR_AUTH);
    ck_assert_int_eq(spine_events(), before);
    book_is_intact();
}
END_TEST

static void freeze(const char *scope, const char *value)
{
    static const struct db_sql sql = {
        "test_freeze", "INSERT INTO freezes (freeze_id, scope, value, status, reason, version, seq)"
                       " VALUES (?1, ?2, ?3, 'frozen', 'test', 1, ?4)"};
    struct stmt *q;
    struct tx tx;
    book_begin(&tx);
    ck_ok(stmt_new(tx.db, &sql, &q));
    stmt_bind_text(q, 1, tx_new_id(&tx, "frz"));
    stmt_bind_text(q, 2, scope);
    stmt_bind_text(q, 3, value);
    stmt_bind_int(q, 4, tx_seq(&tx));
    ck_ok(stmt_run(q));
    stmt_free(q);
    book_end(&tx);
}

START_TEST(what_is_frozen_is_denied_and_recorded)
{
    const struct actor agent = spine_agent("ben"), ben = spine_human("ben");
    const char **ids = spine_matches(1, 1, 1000);
    freeze("actor", "human:ana");
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_FROZEN);
    freeze("kind", "llm");
    c = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    ck_assert_int_eq(c->verdict.reason, REASON_FROZEN);
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 2);
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", ids[0], NULL)), CALL_OK);
    freeze("all", "all");
    c = spine_run(spine_on_match(&ben, "reject_match", ids[0], "no"));
    ck_assert_int_eq(c->verdict.reason, REASON_FROZEN);
}
END_TEST

/* ---- the clock ---- */

START_TEST(a_clock_that_fell_behind_stops_changes_until_it_is_right)
{
    const char **ids = spine_matches(1, 2, 1000);
    struct call *c = spine_run(spine_on_match(&spine_ana, "confirm_match", ids[0], NULL));
    int64_t before = spine_events(), now = book_now;
    spine_is(c, CALL_OK);
    book_now -= WEEK_US;
    spine_failed(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[1], NULL)), ERR_STORE);
    ck_assert_int_eq(spine_events(), before);
    book_now = now - 1000000; /* a little behind: strictly rising times anyway */
    spine_is(spine_run(spine_on_match(&spine_ana, "confirm_match", ids[1], NULL)), CALL_OK);
    book_is_intact();
}
END_TEST

/* ---- calls taken back ---- */

static int64_t effects_of_last(void)
{
    return spine_int("SELECT json_array_length(event, '$.effects') FROM audit_events ORDER BY seq"
                     " DESC LIMIT 1",
                     NULL);
}

START_TEST(a_call_taken_back_while_it_waits_is_not_judged_and_leaves_an_event)
{
    const char **ids = spine_matches(1, 1, 1000);
    const atomic_bool yes = true;
    struct call *c = spine_on_match(&spine_ana, "confirm_match", ids[0], "seen");
    int64_t events = spine_events();
    c->cancelled = &yes;
    c->request_id = "req-1";
    spine_failed(spine_run(c), ERR_CONFLICT);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_events(), events + 1);
    ck_assert_int_eq(spine_events_of("CANCELLED"), 1);
    ck_assert_int_eq(effects_of_last(), 0);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE event_type = 'CANCELLED'"
                               " AND json_extract(event, '$.tool') = 'confirm_match'"
                               " AND json_extract(event, '$.request_id') = 'req-1'"
                               " AND json_extract(event, '$.gate_input') IS NULL"
                               " AND json_extract(event, '$.args_sha256') = ?1",
                               c->args_sha256),
                     1);
    book_is_intact();
}
END_TEST

START_TEST(what_was_done_before_it_was_taken_back_stands)
{
    const char **ids = spine_matches(1, 1, 1000);
    atomic_bool gone = false;
    struct call *c = spine_keyed(&spine_ana, ids[0], "k"), *again;
    c->cancelled = &gone;
    spine_is(spine_run(c), CALL_OK);
    atomic_store(&gone, true);
    again = spine_keyed(&spine_ana, ids[0], "k");
    again->cancelled = &gone;
    spine_is(spine_run(again), CALL_OK); /* it happened: there is nothing to take back */
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
    ck_assert_int_eq(spine_events_of("CANCELLED"), 0);
}
END_TEST

START_TEST(a_call_taken_back_keeps_no_answer_and_may_be_made_again)
{
    const char **ids = spine_matches(1, 1, 1000);
    const atomic_bool yes = true;
    struct call *c = spine_keyed(&spine_ana, ids[0], "k");
    c->cancelled = &yes;
    spine_failed(spine_run(c), ERR_CONFLICT);
    spine_is(spine_run(spine_keyed(&spine_ana, ids[0], "k")), CALL_OK);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_CONFIRMED);
}
END_TEST

START_TEST(one_of_a_group_is_taken_back_and_the_others_stand)
{
    const char **ids = spine_matches(1, 3, 1000);
    const atomic_bool yes = true;
    struct call *calls[3];
    for (int i = 0; i < 3; i++)
        calls[i] = spine_on_match(&spine_ana, "confirm_match", ids[i], "seen");
    calls[1]->cancelled = &yes;
    ck_assert(call_group(book_writer, calls, 3, book_clock));
    spine_is(calls[0], CALL_OK);
    spine_failed(calls[1], ERR_CONFLICT);
    spine_is(calls[2], CALL_OK);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

SPINE_MAIN("group", spine_up, spine_down, each_outcome_has_its_event_and_its_answer,
           one_failing_call_is_undone_and_the_others_stand, effects_of_a_failed_call_do_not_linger,
           a_group_counts_what_it_confirms_and_nothing_that_was_undone,
           a_call_out_of_its_memory_fails_alone, an_error_outlives_the_connection_that_worded_it,
           what_two_calls_of_a_group_want_is_done_for_the_first,
           the_same_key_and_arguments_give_the_stored_result_and_no_second_event,
           a_key_used_twice_in_one_group_acts_once, the_same_key_with_other_arguments_is_a_conflict,
           a_failed_call_keeps_no_answer, a_kept_denial_is_repeated,
           a_pending_answer_is_told_as_it_stands_now,
           a_kept_answer_is_not_for_a_principal_who_was_disabled_since,
           an_assertion_changes_the_book_once_also_after_a_restart,
           a_failed_call_does_not_spend_its_assertion, a_confirmation_runs_the_bound_call_once,
           a_rejection_rejects_the_match, another_digest_decides_nothing,
           who_asked_may_not_confirm_nor_who_joined, a_second_approver_ends_what_the_first_began,
           a_stage_of_an_escalation_is_an_event_and_one_person_one_stage,
           a_human_acting_directly_settles_the_open_escalation,
           a_policy_that_says_otherwise_makes_what_waits_stale,
           a_policy_that_says_the_same_of_it_lets_it_be_confirmed,
           a_changed_target_makes_what_waits_stale, nothing_is_approved_after_its_time,
           withdrawing_leaves_the_match_as_it_is, a_disabled_principal_is_refused_on_the_next_call,
           what_is_frozen_is_denied_and_recorded,
           a_clock_that_fell_behind_stops_changes_until_it_is_right,
           a_call_taken_back_while_it_waits_is_not_judged_and_leaves_an_event,
           what_was_done_before_it_was_taken_back_stands,
           a_call_taken_back_keeps_no_answer_and_may_be_made_again,
           one_of_a_group_is_taken_back_and_the_others_stand)
