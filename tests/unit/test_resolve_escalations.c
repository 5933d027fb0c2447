/* Several escalations in one act: refused as a whole, or each by itself. */
#include "tests/unit/spine_book.h"

/* Two items at most, or a hundred dollars more than one of them. */
static const char bulk_two[] = "bulk: {max_items: 2, max_amount: \"3000 USD\"}\n";

static void policy_with(const char *bulk)
{
    const char *text = with("bulk: {max_items: 25}\n", bulk);
    const char *find = "authority: [{role: controller, actions: [CONFIRM], entities: all}]";
    const char *at = strstr(text, find);
    struct policy *policy = NULL;
    ck_assert_ptr_nonnull(at);
    ck_ok(load_text(str_of(arena_fmt(arena, "%.*s%s%s", (int)(at - text), text, spine_authority,
                                     at + strlen(find))),
                    &policy));
    book_policy = policy;
}

/* What an agent of ben's asked for: all under one clause. */
static struct call **asked(int first, int n, int64_t cents)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(first, n, cents);
    struct call **calls = ARENA_ARRAY(arena, (size_t)n, struct call *);
    for (int i = 0; i < n; i++) {
        calls[i] = spine_run(spine_on_match(&agent, "confirm_match", ids[i], NULL));
        spine_is(calls[i], CALL_PENDING);
    }
    return calls;
}

static struct json *items_of(struct call *const *calls, size_t n)
{
    struct json *items = json_array_new(arena);
    for (size_t i = 0; i < n; i++) {
        struct json *one = json_object_new(arena);
        json_put_text(arena, one, "escalation_id", calls[i]->escalation_id);
        json_put_text(arena, one, "digest", json_get_text(calls[i]->result, "digest"));
        json_push(arena, items, one);
    }
    return items;
}

static struct call *decide_keyed(const struct actor *actor, const char *decision,
                                 const struct json *items, const char *key)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "decision", decision);
    json_put_text(arena, args, "rationale", "looked at each");
    json_put(arena, args, "items", items);
    return spine_run(spine_call(actor, "resolve_escalations", key, args));
}

static struct call *decide(const struct actor *actor, const char *decision,
                           struct call *const *calls, size_t n)
{
    return decide_keyed(actor, decision, items_of(calls, n), NULL);
}

static const struct json *item_at(const struct call *c, size_t i)
{
    const struct json *results = json_get(c->result, "results");
    ck_assert_msg(results != NULL && i < results->count, "no result %zu", i);
    return results->items[i];
}

#define ITEM_IS(c, i, want) ck_assert_str_eq(json_get_text(item_at((c), (i)), "status"), (want))

static void refused(const struct call *c, enum reason reason, const char *row, const char *pointer,
                    struct call *const *calls, size_t n)
{
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, reason);
    ck_assert_str_eq(c->verdict.row, row);
    ck_assert_str_eq(c->verdict.pointer, pointer);
    ck_assert_str_eq(json_get_text(c->result, "pointer"), pointer);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(spine_escalation(calls[i]->escalation_id).state, ESCALATION_PENDING);
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 1);
}

START_TEST(five_under_one_clause_are_confirmed_each_with_its_own_event)
{
    struct call **calls = asked(1, 5, 1000);
    int64_t before = spine_events();
    struct call *c = decide(&spine_ana, "confirm", calls, 5);
    spine_is(c, CALL_OK);
    int64_t last = c->seq;
    for (size_t i = 0; i < 5; i++) {
        const struct json *one = item_at(c, i);
        int64_t seq = 0;
        ITEM_IS(c, i, "ok");
        ck_assert_str_eq(json_get_text(one, "state"), "CONFIRMED");
        ck_assert(json_int(json_get(one, "seq"), &seq));
        ck_assert_int_gt(seq, last);
        last = seq;
        ck_assert_int_eq(spine_escalation(calls[i]->escalation_id).state, ESCALATION_APPROVED);
        ck_assert_int_eq(spine_state(json_get_text(one, "match_id")), MATCH_CONFIRMED);
    }
    ck_assert_int_eq(spine_events(), before + 1 + 2 * 5);
    ck_assert_int_eq(spine_events_of("ESCALATION_APPROVED"), 5);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE json_extract(event,"
                               " '$.batch_id') = ?1",
                               c->batch_id),
                     11);
    book_is_intact();
}
END_TEST

START_TEST(a_rejection_rejects_each_match)
{
    struct call **calls = asked(1, 3, 1000);
    struct call *c = decide(&spine_ana, "reject", calls, 3);
    spine_is(c, CALL_OK);
    for (size_t i = 0; i < 3; i++) {
        ITEM_IS(c, i, "ok");
        ck_assert_int_eq(spine_state(json_get_text(item_at(c, i), "match_id")), MATCH_REJECTED);
    }
    book_is_intact();
}
END_TEST

START_TEST(what_one_item_meets_stops_no_other)
{
    struct call **calls = asked(1, 5, 1000);
    struct json *items = items_of(calls, 5);
    const char *none = "0000000000000000000000000000000000000000000000000000000000000000";
    struct actor ben = spine_human("ben");
    /* the second is decided already, the third is rejected under it, the fourth shows nothing */
    spine_is(spine_run(spine_answer(&spine_ana, calls[1], "confirm", "seen")), CALL_OK);
    struct json *fourth = json_object_new(arena);
    json_put_text(arena, fourth, "escalation_id", calls[3]->escalation_id);
    json_put_text(arena, fourth, "digest", none);
    items->items[3] = fourth;
    (void)ben;
    struct call *c = decide_keyed(&spine_ana, "confirm", items, NULL);
    spine_is(c, CALL_OK);
    ITEM_IS(c, 0, "ok");
    ITEM_IS(c, 1, "settled");
    ck_assert_str_eq(json_get_text(item_at(c, 1), "outcome"), "approved");
    ck_assert_str_eq(json_get_text(item_at(c, 1), "decided_by"), "human:ana");
    ck_assert_ptr_null(json_get(item_at(c, 1), "seq"));
    ITEM_IS(c, 2, "ok");
    ITEM_IS(c, 3, "failed");
    ck_assert_ptr_nonnull(json_get_text(item_at(c, 3), "message"));
    ITEM_IS(c, 4, "ok");
    ck_assert_int_eq(spine_escalation(calls[3]->escalation_id).state, ESCALATION_PENDING);
    book_is_intact();
}
END_TEST

START_TEST(each_item_is_judged_for_whoever_decides)
{
    /* the clerk may confirm 5,000 USD alone; the second is a little more than that */
    policy_with("bulk: {max_items: 5, max_amount: \"50000 USD\"}\n");
    struct call *small = asked(1, 1, 1000)[0], *large = asked(2, 1, 600000)[0];
    struct call *both[] = {small, large};
    const struct actor cho = spine_human("cho");
    struct call *c = decide(&cho, "confirm", both, 2);
    spine_is(c, CALL_OK);
    ITEM_IS(c, 0, "ok");
    ITEM_IS(c, 1, "pending_approval");
    ck_assert_str_eq(json_get_text(item_at(c, 1), "reason"), "SECOND_APPROVER_REQUIRED");
    ck_assert_int_eq(spine_escalation(large->escalation_id).state, ESCALATION_STAGE_APPROVED);
    book_is_intact();
}
END_TEST

START_TEST(own_requests_are_denied_one_by_one)
{
    /* what ben proposed himself he may not confirm, whoever asked for it */
    struct json *args = json_object_new(arena), *bank = json_array_new(arena),
                *gl = json_array_new(arena);
    struct call *others = asked(1, 1, 1000)[0];
    const struct actor ben = spine_human("ben"), agent = spine_agent("ana");
    spine_entries(7, 1, 2000);
    json_push(arena, bank, json_text_new(arena, "b:7"));
    json_push(arena, gl, json_text_new(arena, "g:7"));
    json_put(arena, args, "bank_ids", bank);
    json_put(arena, args, "gl_ids", gl);
    struct call *mine = spine_run(spine_call(&ben, "propose_match", NULL, args));
    spine_is(mine, CALL_OK);
    const char *match_id = json_get_text(mine->result, "match_id");
    struct call *waits = spine_run(spine_on_match(&agent, "confirm_match", match_id, NULL));
    spine_is(waits, CALL_PENDING);
    struct call *both[] = {waits, others};
    /* not one clause: a person's proposal is stopped by another row than the matcher's */
    struct call *c = decide(&ben, "confirm", both, 2);
    refused(c, REASON_BULK_LIMIT, "f.2", "/bulk", both, 2);
    c = decide(&ben, "confirm", &waits, 1);
    spine_is(c, CALL_OK);
    ITEM_IS(c, 0, "denied");
    ck_assert_str_eq(json_get_text(item_at(c, 0), "reason"), "SOD_SAME_ACTOR");
    ck_assert_int_eq(spine_state(match_id), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

START_TEST(more_items_than_the_policy_allows_are_refused_as_a_whole)
{
    policy_with(bulk_two);
    struct call **calls = asked(1, 3, 1000);
    refused(decide(&spine_ana, "confirm", calls, 3), REASON_BULK_LIMIT, "f.4", "/bulk/max_items",
            calls, 3);
    spine_is(decide(&spine_ana, "confirm", calls, 2), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(more_money_than_the_policy_allows_is_refused_as_a_whole)
{
    policy_with(bulk_two);
    struct call **calls = asked(1, 2, 150000); /* 1500.01 and 1500.02 */
    refused(decide(&spine_ana, "reject", calls, 2), REASON_BULK_LIMIT, "f.5", "/bulk/max_amount",
            calls, 2);
    book_is_intact();
}
END_TEST

START_TEST(without_a_bound_of_its_own_the_sum_stays_within_materiality)
{
    struct call **calls = asked(1, 3, 450000);
    refused(decide(&spine_ana, "confirm", calls, 3), REASON_BULK_LIMIT, "f.5",
            "/materiality_threshold_usd", calls, 3);
    spine_is(decide(&spine_ana, "confirm", calls, 2), CALL_OK);
}
END_TEST

START_TEST(an_amount_without_a_rate_is_more_than_any_bound)
{
    policy_with("bulk: {max_items: 5, max_amount: \"50000 EUR\"}\n");
    struct call **calls = asked(1, 2, 1000);
    refused(decide(&spine_ana, "confirm", calls, 2), REASON_BULK_LIMIT, "f.5", "/bulk/max_amount",
            calls, 2);
}
END_TEST

START_TEST(a_reason_that_is_not_listed_is_decided_one_by_one)
{
    policy_with("bulk: {max_items: 5, reasons: [AMBIGUOUS_MATCH]}\n");
    struct call **calls = asked(1, 2, 1000);
    refused(decide(&spine_ana, "confirm", calls, 2), REASON_BULK_LIMIT, "f.3", "/bulk/reasons",
            calls, 2);
}
END_TEST

START_TEST(an_agent_decides_nothing_at_once)
{
    struct call **calls = asked(1, 2, 1000);
    const struct actor agent = spine_agent("ana");
    refused(decide(&agent, "reject", calls, 2), REASON_TIER_REQUIRES_HUMAN, "f.1",
            "/clauses/TIER_REQUIRES_HUMAN", calls, 2);
}
END_TEST

START_TEST(what_is_twice_or_nowhere_is_refused_with_its_place)
{
    struct call **calls = asked(1, 2, 1000);
    struct call *twice[] = {calls[0], calls[1], calls[0]};
    int64_t before = spine_events();
    struct call *c = decide(&spine_ana, "confirm", twice, 3);
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/items/2/escalation_id");
    struct call gone = *calls[1];
    gone.escalation_id = "esc_none";
    struct call *with_gone[] = {calls[0], &gone};
    c = decide(&spine_ana, "confirm", with_gone, 2);
    spine_failed(c, ERR_MISSING);
    ck_assert_str_eq(c->err.where, "/items/1/escalation_id");
    ck_assert_int_eq(spine_events(), before);
}
END_TEST

START_TEST(what_is_out_of_sight_is_not_there)
{
    struct call **calls = asked(1, 1, 1000);
    const struct actor eve = spine_human("eve");
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    book_end(&tx);
    spine_failed(decide(&eve, "confirm", calls, 1), ERR_MISSING);
}
END_TEST

START_TEST(the_same_key_gives_the_whole_answer_again)
{
    struct call **calls = asked(1, 3, 1000);
    struct json *items = items_of(calls, 3);
    struct call *c = decide_keyed(&spine_ana, "confirm", items, "k-1");
    spine_is(c, CALL_OK);
    int64_t before = spine_events();
    struct call *again = decide_keyed(&spine_ana, "confirm", items, "k-1");
    spine_is(again, CALL_OK);
    ck_assert_int_eq(spine_events(), before);
    ck_assert_int_eq(again->seq, c->seq);
    for (size_t i = 0; i < 3; i++)
        ITEM_IS(again, i, "ok");
    spine_failed(decide_keyed(&spine_ana, "reject", items, "k-1"), ERR_CONFLICT);
    book_is_intact();
}
END_TEST

START_TEST(one_assertion_is_spent_once_for_all)
{
    struct call **calls = asked(1, 3, 1000);
    struct actor ana = spine_ana;
    ana.jti = "workspace/1";
    ana.jti_expires_us = book_now + INT64_C(60000000);
    struct call *c = decide(&ana, "confirm", calls, 3);
    spine_is(c, CALL_OK);
    for (size_t i = 0; i < 3; i++)
        ITEM_IS(c, i, "ok");
    spine_failed(decide(&ana, "confirm", calls, 3), ERR_AUTH);
}
END_TEST

START_TEST(when_a_screen_was_opened_is_told_of_what_was_there_then)
{
    struct call *one = asked(1, 1, 1000)[0];
    char opened[INSTANT_TEXT_MAX];
    instant_print(book_now, opened);
    struct call *two = asked(2, 1, 1000)[0], *both[] = {one, two};
    struct json *args = json_object_new(arena), *review = json_object_new(arena);
    json_put_text(arena, review, "opened_at", opened);
    json_put_text(arena, args, "decision", "confirm");
    json_put_text(arena, args, "rationale", "seen");
    json_put(arena, args, "items", items_of(both, 2));
    json_put(arena, args, "review", review);
    struct call *c = spine_run(spine_call(&spine_ana, "resolve_escalations", NULL, args));
    spine_is(c, CALL_OK);
    ITEM_IS(c, 0, "ok");
    ITEM_IS(c, 1, "ok");
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE event_type = 'OK' AND"
                               " json_extract(event, '$.opened_at') = ?1",
                               opened),
                     1);
}
END_TEST

SPINE_MAIN("resolve_escalations", spine_up, spine_down,
           five_under_one_clause_are_confirmed_each_with_its_own_event,
           a_rejection_rejects_each_match, what_one_item_meets_stops_no_other,
           each_item_is_judged_for_whoever_decides, own_requests_are_denied_one_by_one,
           more_items_than_the_policy_allows_are_refused_as_a_whole,
           more_money_than_the_policy_allows_is_refused_as_a_whole,
           without_a_bound_of_its_own_the_sum_stays_within_materiality,
           an_amount_without_a_rate_is_more_than_any_bound,
           a_reason_that_is_not_listed_is_decided_one_by_one, an_agent_decides_nothing_at_once,
           what_is_twice_or_nowhere_is_refused_with_its_place, what_is_out_of_sight_is_not_there,
           the_same_key_gives_the_whole_answer_again, one_assertion_is_spent_once_for_all,
           when_a_screen_was_opened_is_told_of_what_was_there_then)
