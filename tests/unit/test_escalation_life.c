/* The life of an escalation: whom it remembers, what is asked back, what time does to it, on whose
 * seat it is answered. Each test is one story on a book of its own. */
#include "tests/unit/spine_book.h"

#include "engine/store/delegations.h"

#define HOUR_US (INT64_C(3600) * 1000000)

/* The people of spine_book.h may also escalate, lend and answer. */
static const char life_authority[] =
    "authority:\n"
    "  - {role: controller, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, ESCALATE,"
    " ASSIGN, SET_DELEGATION, INGEST, CHANGE_MASTER_DATA], entities: all}\n"
    "  - {role: clerk, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, ESCALATE,"
    " SET_DELEGATION], entities: all, single_max: 5000 USD}\n"
    "  - {role: asker, actions: [CONFIRM, PROPOSE, ESCALATE, RESOLVE, WITHDRAW], entities: all}\n"
    "  - {role: engine, actions: [CONFIRM, PROPOSE], entities: all}";

static struct actor ana, ben, cho, dia, eve;

static void person(struct tx *tx, const char *name, const char *role)
{
    const char *id = arena_fmt(arena, "p-%s", name);
    ck_ok(principal_put(tx, id, name, true));
    ck_ok(identity_link(tx, id, "actor", "", name));
    if (role != NULL)
        ck_ok(role_grant(tx, id, role, NULL));
}

static void life_up(void)
{
    struct tx tx;
    spine_up();
    book_policy =
        load("authority: [{role: controller, actions: [CONFIRM], entities: all}]", life_authority);
    book_begin(&tx);
    person(&tx, "eve", "asker");
    person(&tx, "fay", NULL);
    ck_ok(identity_link(&tx, "p-ben", "actor", "", "ben"));
    book_end(&tx);
    ana = spine_ana, ben = spine_human("ben"), cho = spine_human("cho"), dia = spine_human("dia"),
    eve = spine_human("eve");
}

/* Signed in a moment ago, whatever the hour. */
static struct call *run_as(struct actor *who, struct call *c)
{
    who->auth_time_us = c->actor.auth_time_us = book_now;
    return spine_run(c);
}

static struct call *escalated(const struct actor *who, const char *match_id, const char *to)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "match_id", match_id);
    json_put_text(arena, args, "rationale", "please look");
    if (to != NULL)
        json_put_text(arena, args, "to", to);
    struct call *c = spine_run(spine_call(who, "escalate_match", NULL, args));
    if (c->outcome == CALL_OK)
        ck_assert_str_eq(json_get_text(c->result, "status"), "pending_approval");
    return c;
}

static struct call *swept(void)
{
    static const struct actor sweeper = {
        .kind = ACTOR_ENGINE, .id = "engine:sweeper", .backend = "engine"};
    struct arena *own = arena_new((size_t)16 << 20);
    struct call *c = ARENA_NEW(own, struct call);
    extern const struct tool tool_sweep_escalations;
    spine_arenas[spine_arenas_n++] = own;
    *c = (struct call){
        .arena = own, .tool = &tool_sweep_escalations, .actor = sweeper, .policy = book_policy};
    ck_ok(call_bind(c, json_object_new(own)));
    spine_is(spine_run(c), CALL_OK);
    return c;
}

static bool more(const struct call *c)
{
    const struct json *m = json_get(c->result, "more");
    return m != NULL && m->truth;
}

static void sweep_all(void)
{
    for (int i = 0; more(swept()); i++)
        ck_assert_int_lt(i, 200);
}

static struct call *lend(struct actor *who, const char *to, int64_t hours)
{
    char until[INSTANT_TEXT_MAX];
    struct json *args = json_object_new(arena);
    instant_print(book_now + hours * HOUR_US, until);
    json_put_text(arena, args, "to", to);
    json_put_text(arena, args, "until", until);
    json_put_text(arena, args, "rationale", "on holiday");
    return run_as(who, spine_call(who, "set_delegation", NULL, args));
}

static void disable(const char *principal)
{
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, principal, principal, false));
    book_end(&tx);
}

/* ---- nobody is forgotten ---- */

START_TEST(who_asked_and_withdrew_still_may_not_confirm)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = escalated(&ana, ids[0], NULL);
    spine_is(asked, CALL_OK);
    spine_is(spine_run(spine_answer(&ana, asked, "withdraw", "never mind")), CALL_OK);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_WITHDRAWN);
    struct call *c = spine_run(spine_on_match(&ana, "confirm_match", ids[0], "mine"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_SOD_SAME_ACTOR);
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", ids[0], "seen")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(who_asked_through_an_agent_and_withdrew_is_still_the_agents_human)
{
    const struct actor agent = spine_agent("ana");
    const char **ids =
        spine_matches(1, 1, 2000000); /* above materiality, where own_agent forbids */
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], "please"));
    spine_is(asked, CALL_PENDING);
    spine_is(spine_run(spine_answer(&ana, asked, "withdraw", "let me")), CALL_OK);
    struct call *c = spine_run(spine_on_match(&ana, "confirm_match", ids[0], "mine"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_SOD_SAME_ACTOR);
    book_is_intact();
}
END_TEST

START_TEST(another_agent_does_not_withdraw_what_this_one_asked)
{
    const struct actor mine = spine_agent("ana");
    struct actor other = spine_agent("ben");
    other.id = "llm:other.s-2";
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&mine, "confirm_match", ids[0], NULL));
    struct call *c = spine_run(spine_answer(&other, asked, "withdraw", "away with it"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_PENDING);
    spine_is(spine_run(spine_answer(&mine, asked, "withdraw", "mine")), CALL_OK);
}
END_TEST

/* ---- a way to a human ---- */

START_TEST(an_agents_own_proposal_reaches_a_human)
{
    const struct actor agent = spine_agent("eve");
    struct json *args = json_object_new(arena), *bank = json_array_new(arena),
                *gl = json_array_new(arena);
    spine_entries(1, 1, 1000);
    json_push(arena, bank, json_text_new(arena, "b:1"));
    json_push(arena, gl, json_text_new(arena, "g:1"));
    json_put(arena, args, "bank_ids", bank);
    json_put(arena, args, "gl_ids", gl);
    struct call *made = spine_run(spine_call(&agent, "propose_match", NULL, args));
    spine_is(made, CALL_OK);
    const char *id = json_get_text(made->result, "match_id");
    spine_is(spine_run(spine_on_match(&agent, "confirm_match", id, NULL)), CALL_DENIED);
    struct call *asked = escalated(&agent, id, "role:controller");
    spine_is(asked, CALL_OK);
    ck_assert_str_eq(spine_escalation(asked->escalation_id).reason, "SOD_SAME_ACTOR");
    spine_is(spine_run(spine_answer(&ben, asked, "confirm", "seen")), CALL_OK);
    ck_assert_int_eq(spine_state(id), MATCH_CONFIRMED);
    book_is_intact();
}
END_TEST

START_TEST(escalating_twice_joins_and_bars_both)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *one = escalated(&ana, ids[0], NULL), *two = escalated(&ben, ids[0], "human:ben");
    ck_assert_str_eq(one->escalation_id, two->escalation_id);
    spine_is(spine_run(spine_answer(&ana, one, "confirm", "me")), CALL_DENIED);
    spine_is(spine_run(spine_answer(&ben, one, "confirm", "me")), CALL_DENIED);
    spine_is(run_as(&cho, spine_answer(&cho, one, "confirm", "seen")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(nobody_is_asked_who_is_not_there)
{
    const char **ids = spine_matches(1, 1, 1000);
    static const char *const bad[] = {"human:nobody", "role:king", "p-nobody"};
    for (size_t i = 0; i < 3; i++) {
        struct call *c = escalated(&ana, ids[0], bad[i]);
        spine_failed(c, ERR_INPUT);
        ck_assert_str_eq(c->err.where, "/to");
    }
    disable("p-fay");
    spine_failed(escalated(&ana, ids[0], "p-fay"), ERR_INPUT);
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", ids[0], "seen")), CALL_OK);
    spine_is(escalated(&ana, ids[0], NULL), CALL_DENIED);
}
END_TEST

/* ---- asking back ---- */

START_TEST(what_is_asked_back_is_answered_by_whoever_asked)
{
    const struct actor agent = spine_agent("eve");
    struct actor other = spine_agent("ben");
    other.id = "llm:other.s-2";
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct call *c = spine_run(spine_answer(&ben, asked, "request_info", NULL));
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/rationale");
    c = spine_run(spine_answer(&agent, asked, "answer", "nobody asked"));
    spine_failed(c, ERR_CONFLICT);
    ck_assert_str_eq(c->err.where, "/decision");
    spine_is(spine_run(spine_answer(&ben, asked, "request_info", "which invoice?")), CALL_OK);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_INFO_REQUESTED);
    c = spine_run(spine_answer(&other, asked, "answer", "all of them"));
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/escalation_id");
    spine_is(spine_run(spine_answer(&agent, asked, "answer", "no. 4471")), CALL_OK);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_PENDING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM escalation_notes", NULL), 2);
    ck_assert_int_eq(spine_events_of("ESCALATION_INFO_REQUESTED"), 1);
    ck_assert_int_eq(spine_events_of("ESCALATION_ANSWERED"), 1);
    spine_is(spine_run(spine_answer(&ben, asked, "confirm", "seen")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(an_answer_gives_an_approved_stage_back_and_stops_no_clock)
{
    const char **ids = spine_matches(1, 1, 700000);
    struct call *first = run_as(&cho, spine_on_match(&cho, "confirm_match", ids[0], "seen"));
    spine_is(first, CALL_PENDING);
    spine_is(spine_run(spine_answer(&ben, first, "request_info", "why?")), CALL_OK);
    spine_is(run_as(&cho, spine_answer(&cho, first, "answer", "as agreed")), CALL_OK);
    ck_assert_int_eq(spine_escalation(first->escalation_id).state, ESCALATION_STAGE_APPROVED);
    spine_is(spine_run(spine_answer(&ben, first, "request_info", "and who?")), CALL_OK);
    book_now += 200 * HOUR_US;
    sweep_all();
    ck_assert_int_eq(spine_escalation(first->escalation_id).state, ESCALATION_EXPIRED);
    book_is_intact();
}
END_TEST

START_TEST(a_review_is_of_its_time)
{
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    static const char *const bad[] = {"yesterday", "2025-12-31T23:59:59Z", "2027-01-01T00:00:00Z"};
    for (size_t i = 0; i <= 3; i++) {
        struct json *args = json_object_new(arena), *review = json_object_new(arena),
                    *seen = json_array_new(arena);
        char now[INSTANT_TEXT_MAX];
        instant_print(book_now, now);
        json_push(arena, seen, json_text_new(arena, "b:1"));
        json_put_text(arena, review, "opened_at", i < 3 ? bad[i] : now);
        json_put(arena, review, "evidence_opened", seen);
        json_put_text(arena, args, "escalation_id", asked->escalation_id);
        json_put_text(arena, args, "digest", json_get_text(asked->result, "digest"));
        json_put_text(arena, args, "decision", "confirm");
        json_put(arena, args, "review", review);
        struct call *c = spine_run(spine_call(&ben, "resolve_escalation", NULL, args));
        if (i == 3) {
            spine_is(c, CALL_OK);
            continue;
        }
        spine_failed(c, ERR_INPUT);
        ck_assert_str_eq(c->err.where, "/review/opened_at");
    }
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE event_type ="
                               " 'ESCALATION_APPROVED' AND event ->> '$.evidence_opened[0]' = ?1"
                               " AND event ->> '$.opened_at' IS NOT NULL"
                               " AND event ->> '$.gate_input.action' = 'CONFIRM'"
                               " AND event ->> '$.entities[0]' = 'US'",
                               "b:1"),
                     1);
}
END_TEST

static struct call *assigned(const struct actor *who, const char *object, const char *to)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "object", object);
    json_put_known(arena, args, "to", to);
    return spine_run(spine_call(who, "assign_item", NULL, args));
}

static size_t waiting_for(const struct actor *who, const char *to)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "to", to);
    struct call *c = spine_call(who, "list_pending_escalations", NULL, args);
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &tx));
    ck_ok(c->tool->read(c, &tx));
    tx_read_end(&tx);
    return json_get(c->result, "escalations")->count;
}

START_TEST(what_is_reassigned_waits_for_somebody_else)
{
    const char **ids = spine_matches(1, 2, 1000);
    struct call *asked = escalated(&ana, ids[0], "human:ben");
    spine_is(asked, CALL_OK);
    spine_is(escalated(&ana, ids[1], "human:ben"), CALL_OK);
    ck_assert_uint_eq(waiting_for(&ben, "me"), 2);
    spine_is(assigned(&ben, asked->escalation_id, "human:eve"), CALL_OK);
    ck_assert_uint_eq(waiting_for(&ben, "me"), 1);
    ck_assert_uint_eq(waiting_for(&ben, "human:eve"), 1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE event_type ="
                               " 'ESCALATION_REASSIGNED' AND escalation_id = ?1",
                               asked->escalation_id),
                     1);
    spine_is(assigned(&ben, asked->escalation_id, "role:clerk"), CALL_OK);
    ck_assert_uint_eq(waiting_for(&ben, "human:eve"), 0);
    ck_assert_uint_eq(waiting_for(&dia, "me"), 1);
    spine_is(assigned(&ben, asked->escalation_id, NULL), CALL_OK);
    ck_assert_uint_eq(waiting_for(&ben, "me"), 2);
    /* it is about attention: whoever may decide it still may */
    spine_is(assigned(&ben, asked->escalation_id, "human:eve"), CALL_OK);
    spine_is(run_as(&ben, spine_answer(&ben, asked, "confirm", "seen")), CALL_OK);
    ck_assert_uint_eq(waiting_for(&ben, "human:eve"), 0);
    book_is_intact();
}
END_TEST

/* ---- time ---- */

START_TEST(reminders_go_out_once_and_then_it_expires)
{
    const struct actor agent = spine_agent("eve");
    const int64_t *hours = book_policy->escalation.reminder_hours;
    const char **ids = spine_matches(1, 3, 1000);
    for (int i = 0; i < 3; i++)
        spine_is(spine_run(spine_on_match(&agent, "confirm_match", ids[i], NULL)), CALL_PENDING);
    int64_t events = spine_events();
    sweep_all();
    ck_assert_int_eq(spine_events(), events); /* nothing to do is nothing recorded */
    book_now += book_policy->escalation.sla_hours * HOUR_US;
    sweep_all();
    sweep_all();
    int64_t at_sla = spine_int("SELECT count(*) FROM escalation_marks WHERE kind = 'sla'", NULL);
    ck_assert_int_eq(at_sla, 3);
    if (book_policy->escalation.reminder_hours_n > 0) {
        book_now += hours[book_policy->escalation.reminder_hours_n - 1] * HOUR_US;
        sweep_all();
        sweep_all();
        ck_assert_int_eq(spine_int("SELECT count(*) FROM escalation_marks WHERE kind = 'reminder'"
                                   " AND number = (SELECT max(number) FROM escalation_marks)",
                                   NULL),
                         3);
    }
    ck_assert_int_eq(spine_events_of("ESCALATION_REMINDED"),
                     spine_int("SELECT count(*) FROM escalation_marks", NULL));
    book_now += book_policy->escalation.expiry_hours * HOUR_US;
    sweep_all();
    sweep_all();
    ck_assert_int_eq(spine_events_of("ESCALATION_EXPIRED"), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(spine_state(ids[i]), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

static const char *due_of(const struct call *asked)
{
    struct call *c = spine_call(&ben, "list_pending_escalations", NULL, json_object_new(arena));
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &tx));
    ck_ok(c->tool->read(c, &tx));
    tx_read_end(&tx);
    const struct json *list = json_get(c->result, "escalations");
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_get_text(list->items[i], "escalation_id"), asked->escalation_id))
            return json_get_text(list->items[i], "sla_due_at");
    }
    ck_abort_msg("it does not wait");
}

/* US is in New York and keeps the days of US_FED; 2026-01-01, when tests begin, is none. */
START_TEST(a_promise_counts_business_days_where_the_policy_says_so)
{
    static const int64_t hours[] = {30};
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(1, 2, 1000);
    struct policy business = *book_policy;
    business.escalation.clock = CLOCK_BUSINESS;
    business.escalation.sla_hours = 24;
    business.escalation.reminder_hours = hours;
    business.escalation.reminder_hours_n = 1;
    book_policy = &business;
    struct call *holiday = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(holiday, CALL_PENDING);
    /* it begins on Wednesday at 19:00; then comes the holiday, and on Friday 19 hours more */
    ck_assert_str_eq(arena_fmt(arena, "%.13s", due_of(holiday)), "2026-01-03T00");
    book_now += 47 * HOUR_US; /* Friday, 18:00 */
    sweep_all();
    ck_assert_int_eq(spine_events_of("ESCALATION_REMINDED"), 0);
    struct call *friday = spine_run(spine_on_match(&agent, "confirm_match", ids[1], NULL));
    ck_assert_str_eq(arena_fmt(arena, "%.13s", due_of(friday)), "2026-01-05T23"); /* Monday */
    book_now += 2 * HOUR_US;
    sweep_all();
    ck_assert_int_eq(spine_events_of("ESCALATION_REMINDED"), 1);
    book_now += 52 * HOUR_US; /* Monday, midnight: 29 hours of the first */
    sweep_all();
    ck_assert_int_eq(spine_events_of("ESCALATION_REMINDED"), 1);
    book_now += 2 * HOUR_US;
    sweep_all();
    sweep_all();
    ck_assert_int_eq(spine_events_of("ESCALATION_REMINDED"), 2);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM escalation_marks WHERE escalation_id = ?1"
                               " AND kind = 'reminder'",
                               holiday->escalation_id),
                     1);
    book_now += 17 * HOUR_US;
    sweep_all();
    ck_assert_int_eq(spine_int("SELECT count(*) FROM escalation_marks WHERE kind = 'sla'", NULL),
                     2);
    book_is_intact();
}
END_TEST

START_TEST(a_sweep_is_bounded_and_says_that_there_is_more)
{
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(1, 130, 1000);
    for (int i = 0; i < 130; i++)
        spine_is(spine_run(spine_on_match(&agent, "confirm_match", ids[i], NULL)), CALL_PENDING);
    book_now += book_policy->escalation.expiry_hours * HOUR_US;
    struct call *c = swept();
    ck_assert(more(c));
    ck_assert_int_eq(spine_events_of("ESCALATION_EXPIRED"), 100);
    sweep_all();
    ck_assert_int_eq(spine_events_of("ESCALATION_EXPIRED"), 130);
}
END_TEST

START_TEST(nobody_else_keeps_house)
{
    extern const struct tool tool_sweep_escalations;
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(1, 1, 1000);
    spine_is(spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL)), CALL_PENDING);
    book_now += book_policy->escalation.expiry_hours * HOUR_US;
    struct call *c = spine_on_match(&ana, "confirm_match", ids[0], NULL);
    c->tool = &tool_sweep_escalations;
    c->actor.auth_time_us = book_now;
    spine_is(spine_run(c), CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_NOT_AUTHORISED);
    ck_assert_int_eq(spine_events_of("ESCALATION_EXPIRED"), 0);
    ck_assert_int_eq((int)tool_sweep_escalations.offer, 0);
}
END_TEST

/* ---- seats ---- */

START_TEST(a_borrower_confirms_on_the_lenders_seat_and_no_longer)
{
    struct actor fay = spine_human("fay");
    const char **ids = spine_matches(1, 3, 1000);
    spine_is(run_as(&fay, spine_on_match(&fay, "confirm_match", ids[0], "seen")), CALL_DENIED);
    spine_is(lend(&ben, "human:fay", 48), CALL_OK);
    spine_is(run_as(&fay, spine_on_match(&fay, "confirm_match", ids[0], "seen")), CALL_OK);
    book_now += 48 * HOUR_US;
    spine_is(run_as(&fay, spine_on_match(&fay, "confirm_match", ids[1], "seen")), CALL_DENIED);
    spine_is(lend(&ben, "p-fay", 48), CALL_OK);
    spine_is(lend(&ben, "p-fay", -1), CALL_OK); /* taken back */
    spine_is(run_as(&fay, spine_on_match(&fay, "confirm_match", ids[1], "seen")), CALL_DENIED);
    spine_is(lend(&ben, "p-fay", 48), CALL_OK);
    disable("p-ben");
    spine_is(run_as(&fay, spine_on_match(&fay, "confirm_match", ids[1], "seen")), CALL_DENIED);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    ck_assert_int_eq(spine_events_of("DELEGATION_SET"), 4);
    book_is_intact();
}
END_TEST

START_TEST(a_lent_seat_is_not_a_second_pair_of_eyes)
{
    struct actor fay = spine_human("fay");
    const char **ids = spine_matches(1, 2, 700000);
    spine_is(lend(&cho, "human:fay", 48), CALL_OK);
    /* the borrower approves the first stage on the seat, the lender is no second */
    struct call *first = run_as(&fay, spine_on_match(&fay, "confirm_match", ids[0], "seen"));
    spine_is(first, CALL_PENDING);
    spine_is(run_as(&cho, spine_on_match(&cho, "confirm_match", ids[0], "me too")), CALL_PENDING);
    ck_assert_int_eq(spine_state(ids[0]), MATCH_PROPOSED);
    spine_is(run_as(&dia, spine_on_match(&dia, "confirm_match", ids[0], "seen")), CALL_OK);
    /* and the other way round: the lender first, the borrower on the lender's seat */
    spine_is(run_as(&cho, spine_on_match(&cho, "confirm_match", ids[1], "seen")), CALL_PENDING);
    struct call *c = run_as(&fay, spine_on_match(&fay, "confirm_match", ids[1], "me too"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_NOT_AUTHORISED);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

START_TEST(who_asked_does_not_come_back_in_a_borrowers_shape)
{
    struct actor fay = spine_human("fay");
    const char **ids = spine_matches(1, 2, 1000);
    spine_is(lend(&ben, "human:fay", 48), CALL_OK);
    struct call *asked = escalated(&ben, ids[0], NULL);
    struct call *c = run_as(&fay, spine_answer(&fay, asked, "confirm", "for ben"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_NOT_AUTHORISED);
    /* what the borrower asks for on the seat, its lender does not confirm */
    fay.auth_time_us = book_now;
    struct call *theirs = escalated(&fay, ids[1], NULL);
    spine_is(theirs, CALL_OK);
    c = run_as(&ben, spine_answer(&ben, theirs, "confirm", "mine, really"));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_SOD_SAME_ACTOR);
    book_is_intact();
}
END_TEST

START_TEST(a_lent_seat_is_not_lent_on)
{
    struct actor fay = spine_human("fay");
    struct actor agent = spine_agent("fay");
    const char **ids = spine_matches(1, 1, 1000);
    spine_is(lend(&ben, "human:fay", 48), CALL_OK);
    spine_is(lend(&fay, "human:eve", 24), CALL_DENIED);
    spine_is(spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL)), CALL_DENIED);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM delegations", NULL), 1);
}
END_TEST

START_TEST(a_loan_has_sensible_times)
{
    struct call *c = lend(&ben, "human:eve", -5);
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/until");
    c = lend(&ben, "human:eve", 24 * 400);
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/until");
    c = lend(&ben, "human:ben", 24);
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/to");
    struct actor chat = ben;
    chat.channel = CHANNEL_CHAT;
    c = lend(&chat, "human:eve", 24);
    spine_is(c, CALL_DENIED);
    struct actor agent = spine_agent("ben");
    c = lend(&agent, "human:eve", 24);
    spine_is(c, CALL_PENDING);
    book_is_intact();
}
END_TEST

START_TEST(what_an_agent_would_lend_is_lent_by_its_person_alone)
{
    struct actor agent = spine_agent("ben");
    struct call *c = lend(&agent, "human:eve", 24);
    spine_is(c, CALL_PENDING);
    struct call *not_hers = spine_run(spine_answer(&ana, c, "confirm", "sure"));
    spine_is(not_hers, CALL_DENIED);
    ck_assert_int_eq(not_hers->verdict.reason, REASON_NOT_AUTHORISED);
    ck_assert_int_eq(spine_escalation(c->escalation_id).state, ESCALATION_PENDING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM delegations", NULL), 0);
    /* no words of his own: those of the agent, which he was shown */
    spine_is(spine_run(spine_answer(&ben, c, "confirm", NULL)), CALL_OK);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM delegations WHERE rationale <> ''", NULL), 1);
    book_is_intact();
}
END_TEST

/* ---- deliveries ---- */

static struct call *delivered(const struct actor *who, const char *id, const char *status,
                              int64_t attempts)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "escalation_id", id);
    json_put_text(arena, args, "channel", "slack");
    json_put_text(arena, args, "status", status);
    json_put_int(arena, args, "attempts", attempts);
    return spine_run(spine_call(who, "record_delivery", NULL, args));
}

START_TEST(only_the_workspaces_service_records_deliveries_and_each_once)
{
    struct tx tx;
    const char *reads[] = {"whois"}, *reports[] = {"record_delivery"};
    struct client service = {.client_id = "notifier",
                             .name = "service",
                             .kind = CLIENT_SERVICE,
                             .active = true,
                             .channels = 1u << CHANNEL_API,
                             .tools = reads,
                             .tools_n = 1};
    struct actor notifier = {.kind = ACTOR_LLM,
                             .id = "llm:notifier.service",
                             .client = "notifier",
                             .client_kind = CLIENT_SERVICE,
                             .channel = CHANNEL_API,
                             .backend = "header-trust"};
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = escalated(&ana, ids[0], NULL);
    book_begin(&tx);
    ck_ok(client_put(&tx, &service));
    book_end(&tx);
    spine_is(delivered(&ana, asked->escalation_id, "delivered", 1), CALL_DENIED);
    spine_is(delivered(&notifier, asked->escalation_id, "delivered", 1), CALL_DENIED);
    service.tools = reports; /* what is not on its list it may not */
    book_begin(&tx);
    ck_ok(client_put(&tx, &service));
    book_end(&tx);
    spine_is(delivered(&notifier, asked->escalation_id, "failed", 1), CALL_OK);
    int64_t events = spine_events();
    spine_is(delivered(&notifier, asked->escalation_id, "failed", 1), CALL_OK);
    ck_assert_int_eq(spine_events(), events);
    spine_failed(delivered(&notifier, asked->escalation_id, "delivered", 1), ERR_CONFLICT);
    spine_is(delivered(&notifier, asked->escalation_id, "dead_letter", 2), CALL_OK);
    ck_assert_int_eq(spine_events_of("DELIVERY_FAILED"), 1);
    spine_is(delivered(&notifier, "esc_none", "failed", 1), CALL_FAILED);
    book_is_intact();
}
END_TEST

/* ---- settled by an act ---- */

START_TEST(acting_directly_settles_what_waits)
{
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *one = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct call *two = spine_run(spine_on_match(&agent, "confirm_match", ids[1], NULL));
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", ids[0], "seen")), CALL_OK);
    spine_is(spine_run(spine_on_match(&ben, "reject_match", ids[1], "not so")), CALL_OK);
    ck_assert_int_eq(spine_escalation(one->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(spine_escalation(two->escalation_id).state, ESCALATION_REJECTED);
    struct call *late = spine_run(spine_answer(&ana, one, "confirm", "me, too"));
    spine_is(late, CALL_OK);
    ck_assert_str_eq(json_get_text(late->result, "status"), "approved");
    ck_assert_str_eq(json_get_text(late->result, "decided_by"), "human:ben");
    book_is_intact();
}
END_TEST

START_TEST(several_answers_in_one_group_have_one_effect)
{
    const struct actor agent = spine_agent("eve");
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct call *group[4] = {
        spine_answer(&ana, asked, "confirm", "seen"), spine_answer(&ben, asked, "confirm", "seen"),
        spine_answer(&ben, asked, "reject", "no"), spine_answer(&ana, asked, "withdraw", "gone")};
    ck_assert(call_group(book_writer, group, 4, book_clock));
    for (size_t i = 1; i < 4; i++) {
        spine_is(group[i], CALL_OK);
        ck_assert_str_eq(json_get_text(group[i]->result, "status"), "approved");
        ck_assert_str_eq(json_get_text(group[i]->result, "decided_by"), "human:ana");
    }
    ck_assert_int_eq(spine_events_of("ESCALATION_APPROVED"), 1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM match_states", NULL), 1);
    book_is_intact();
}
END_TEST

SPINE_MAIN("escalation_life", life_up, spine_down, who_asked_and_withdrew_still_may_not_confirm,
           who_asked_through_an_agent_and_withdrew_is_still_the_agents_human,
           another_agent_does_not_withdraw_what_this_one_asked,
           an_agents_own_proposal_reaches_a_human, escalating_twice_joins_and_bars_both,
           nobody_is_asked_who_is_not_there, what_is_asked_back_is_answered_by_whoever_asked,
           an_answer_gives_an_approved_stage_back_and_stops_no_clock, a_review_is_of_its_time,
           what_is_reassigned_waits_for_somebody_else, reminders_go_out_once_and_then_it_expires,
           a_promise_counts_business_days_where_the_policy_says_so,
           a_sweep_is_bounded_and_says_that_there_is_more, nobody_else_keeps_house,
           a_borrower_confirms_on_the_lenders_seat_and_no_longer,
           a_lent_seat_is_not_a_second_pair_of_eyes,
           who_asked_does_not_come_back_in_a_borrowers_shape, a_lent_seat_is_not_lent_on,
           a_loan_has_sensible_times, what_an_agent_would_lend_is_lent_by_its_person_alone,
           only_the_workspaces_service_records_deliveries_and_each_once,
           acting_directly_settles_what_waits, several_answers_in_one_group_have_one_effect)
