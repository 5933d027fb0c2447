/* Another policy comes into force: proposed by one, approved by another, recorded under both. */
#include "common/sys/crypt.h"
#include "engine/call/boot.h"
#include "engine/store/policies.h"
#include "tests/unit/admin_book.h"

static const char one_authority[] = "authority: [{role: controller, actions: [CONFIRM], entities: "
                                    "all}]";

/* The book's policy is in force by an event, as after init. */
static void policy_up(void)
{
    struct tx tx;
    enum put put;
    bool is_new;
    char hex[SHA256_HEX_SIZE];
    struct policy *policy;
    admin_up();
    struct str text = str_of(with(one_authority, admin_authority));
    sha256_hex(text.at, text.len, hex);
    book_begin(&tx);
    static const char *const entities[][2] = {{"acme-uk", "GBP"}, {"acme-jp", "JPY"}};
    for (size_t i = 0; i < 2; i++)
        ck_ok(entity_put(&tx,
                         &(struct entity){.entity_id = entities[i][0],
                                          .name = "x",
                                          .functional_currency = entities[i][1],
                                          .zone = "Europe/London",
                                          .calendar = "UK_EW"},
                         &put));
    ck_ok(policy_for_book(arena, &tx, text, &policy));
    ck_ok(policy_keep(&tx, hex, text, &is_new));
    const struct event loaded = {.type = "POLICY_LOADED",
                                 .actor = &spine_engine,
                                 .policy_version = hex,
                                 .object_type = "policy",
                                 .object_id = arena_strdup(arena, hex)};
    ck_ok(audit_append(&tx, &loaded));
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
    book_policy = policy;
}

static const char *in_force(void)
{
    const char *now;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(policy_in_force(&tx, arena, &now));
    tx_read_end(&tx);
    return now;
}

static const char *stricter(void)
{
    const char *text = with(one_authority, admin_authority);
    const char *at = strstr(text, "5000 USD");
    return arena_fmt(arena, "%.*s4000 USD%s", (int)(at - text), text, at + 8);
}

static struct call *propose(const char *by, const char *text, bool prod)
{
    const struct actor actor = admin_at(by);
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "text", text);
    struct call *c = spine_call(&actor, "propose_policy", NULL, args);
    c->prod = prod;
    return spine_run(c);
}

START_TEST(in_prod_another_human_puts_it_in_force)
{
    const char *before = in_force();
    struct call *asked = propose("ana", stricter(), true);
    spine_is(asked, CALL_PENDING);
    ck_assert(!asked->policy_loaded);
    ck_assert_str_eq(in_force(), before);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 1);
    admin_denied(admin_answer("ana", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    struct call *done = admin_answer("ben", asked, "confirm");
    spine_is(done, CALL_OK);
    ck_assert(done->policy_loaded);
    ck_assert_str_ne(in_force(), before);
    ck_assert_str_eq(in_force(), json_get_text(done->result, "policy_version"));
    ck_assert_int_eq(spine_int("SELECT max(CASE event_type WHEN 'POLICY_LOADED' THEN seq END)"
                               " = 1 + max(CASE event_type WHEN 'POLICY_APPROVED' THEN seq END)"
                               " FROM audit_events",
                               NULL),
                     1);
    /* decided under the one that was */
    ck_assert_int_eq(spine_int("SELECT policy_version = ?1 FROM audit_events WHERE event_type ="
                               " 'POLICY_APPROVED'",
                               before),
                     1);
    book_is_intact();
}
END_TEST

START_TEST(the_proposal_says_what_differs)
{
    struct call *asked = propose("ana", stricter(), true);
    struct escalation e = spine_escalation(asked->escalation_id);
    struct json *bound;
    ck_ok(json_read(arena, str_of(e.bound), NULL, &bound));
    const struct json *row = json_pointer_get(bound, "/facts/after/changes/0");
    ck_assert_str_eq(json_get_text(row, "pointer"), "/authority/1/single_max");
    ck_assert_str_eq(json_get_text(row, "before"), "5000 USD");
    ck_assert_str_eq(json_get_text(row, "after"), "4000 USD");
    ck_assert_ptr_null(json_pointer_get(bound, "/facts/after/changes/1"));
}
END_TEST

START_TEST(in_dev_one_person_is_enough)
{
    struct call *done = propose("ana", stricter(), false);
    spine_is(done, CALL_OK);
    ck_assert(done->policy_loaded);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 1);
    ck_assert_int_eq(spine_events_of("POLICY_APPROVED"), 1);
    ck_assert_str_eq(in_force(), json_get_text(done->result, "policy_version"));
    spine_is(propose("ana", stricter(), false), CALL_OK);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_rejected_proposal_changes_nothing)
{
    const char *before = in_force();
    struct call *asked = propose("ana", stricter(), true);
    spine_is(admin_answer("ben", asked, "reject"), CALL_OK);
    ck_assert_str_eq(in_force(), before);
    ck_assert_int_eq(spine_events_of("POLICY_APPROVED"), 0);
    book_is_intact();
}
END_TEST

START_TEST(what_does_not_load_is_refused_with_its_place)
{
    struct call *c = propose("ana", "version: 1\nsods: {}\n", true);
    spine_failed(c, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(c->err.where, "2:1"));
    spine_failed(propose("ana", "version: [", true), ERR_INPUT);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 0);
}
END_TEST

START_TEST(a_policy_that_nobody_could_change_again_is_refused)
{
    spine_failed(propose("ana", base, true), ERR_CONFLICT);
    admin_denied(propose("cho", stricter(), true), REASON_NOT_AUTHORISED);
}
END_TEST

START_TEST(a_second_proposal_does_not_outlive_the_first_ones_approval)
{
    struct call *one = propose("ana", stricter(), true);
    struct call *two = propose("ana", arena_fmt(arena, "# other\n%s", stricter()), true);
    struct policy *policy;
    struct tx tx;
    spine_is(two, CALL_PENDING);
    spine_is(admin_answer("ben", one, "confirm"), CALL_OK);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(policy_now(&tx, arena, &policy));
    tx_read_end(&tx);
    book_policy = policy; /* as the running engine does */
    const char *now = in_force();
    struct call *late = admin_answer("ben", two, "confirm");
    ck_assert(!late->policy_loaded);
    ck_assert_str_eq(in_force(), now);
    book_is_intact();
}
END_TEST

/* ---- where another policy is T3 ---- */

static const char *t3_text(const char *more)
{
    return arena_fmt(arena, "%s%sadministration: {policy_changes: T3}\n", stricter(), more);
}

/* cho and dia control, too; the policy in force asks for three people. */
static void three_people(bool keep_all)
{
    struct tx tx;
    book_begin(&tx);
    ck_ok(role_grant(&tx, "p-cho", "controller", NULL));
    if (keep_all)
        ck_ok(role_grant(&tx, "p-dia", "controller", NULL));
    book_end(&tx);
    spine_is(propose("ana", t3_text(""), false), CALL_OK);
    struct policy *policy;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(policy_now(&tx, arena, &policy));
    tx_read_end(&tx);
    ck_assert(policy->policy_change_t3);
    book_policy = policy;
}

/* In the workspace, signed in a minute ago. */
static struct actor at_desk(const char *name)
{
    struct actor a = spine_human(name);
    a.auth_time_us = book_now - INT64_C(60000000);
    return a;
}

static struct call *confirm_as(const struct actor *actor, const struct call *asked)
{
    struct call *c = spine_answer(actor, asked, "confirm", "read it");
    c->prod = true;
    return spine_run(c);
}

START_TEST(a_policy_of_t3_takes_three_people)
{
    three_people(true);
    const char *before = in_force();
    struct call *asked = propose("ana", t3_text("# again\n"), true);
    spine_is(asked, CALL_PENDING);
    const struct actor ana = at_desk("ana"), ben = at_desk("ben"), cho = at_desk("cho");
    admin_denied(confirm_as(&ana, asked), REASON_SOD_SAME_ACTOR);
    admin_denied(admin_answer("ben", asked, "confirm"), REASON_CHANNEL_NOT_ALLOWED);
    struct call *first = confirm_as(&ben, asked);
    spine_is(first, CALL_PENDING);
    ck_assert_int_eq(first->verdict.reason, REASON_SECOND_APPROVER_REQUIRED);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_STAGE_APPROVED);
    spine_is(confirm_as(&ben, asked), CALL_PENDING); /* one pair of eyes */
    ck_assert_str_eq(in_force(), before);
    struct call *done = confirm_as(&cho, asked);
    spine_is(done, CALL_OK);
    ck_assert(done->policy_loaded);
    ck_assert_str_ne(in_force(), before);
    book_is_intact();
}
END_TEST

START_TEST(who_approved_and_was_disabled_since_does_not_count)
{
    three_people(true);
    struct call *asked = propose("ana", t3_text("# again\n"), true);
    const struct actor ben = at_desk("ben"), cho = at_desk("cho"), dia = at_desk("dia");
    struct tx tx;
    spine_is(confirm_as(&ben, asked), CALL_PENDING);
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-ben", "ben", false));
    book_end(&tx);
    spine_is(confirm_as(&cho, asked), CALL_PENDING);
    spine_is(confirm_as(&dia, asked), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(a_login_from_this_morning_is_too_old_for_t3)
{
    three_people(true);
    struct call *asked = propose("ana", t3_text("# again\n"), true);
    struct actor ben = at_desk("ben");
    ben.auth_time_us = book_now - INT64_C(6) * 60 * 1000000;
    struct call *c = confirm_as(&ben, asked);
    admin_denied(c, REASON_AUTH_TOO_OLD);
    ck_assert_str_eq(c->verdict.row, "d.2");
}
END_TEST

START_TEST(where_logins_are_bound_t3_takes_one_made_for_the_decision_and_once)
{
    three_people(true);
    struct call *asked = propose("ana", t3_text("# again\n"), true);
    const struct login of_ben = {.iss = "https://idp.example",
                                 .sub = "b",
                                 .nonce = "n",
                                 .sha256 = "1111",
                                 .auth_time_us = book_now,
                                 .until_us = book_now + INT64_C(300000000)};
    struct actor ben = at_desk("ben"), cho = at_desk("cho");
    ben.login_wanted = cho.login_wanted = true;
    struct call *c = confirm_as(&ben, asked);
    admin_denied(c, REASON_AUTH_TOO_OLD);
    ck_assert_str_eq(c->verdict.row, "d.3");
    ben.login = &of_ben; /* one that holds, but was made for something else */
    admin_denied(confirm_as(&ben, asked), REASON_AUTH_TOO_OLD);
    ben.login_bound = true;
    spine_is(confirm_as(&ben, asked), CALL_PENDING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM audit_events WHERE"
                               " event ->> '$.auth.login.sha256' = ?1"
                               " AND event ->> '$.gate_input.login_bound' = 1",
                               "1111"),
                     1);
    c = confirm_as(&ben, asked); /* used */
    admin_denied(c, REASON_AUTH_TOO_OLD);
    struct login of_cho = of_ben;
    of_cho.sha256 = "2222";
    cho.login = &of_cho;
    cho.login_bound = true;
    spine_is(confirm_as(&cho, asked), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(t3_is_not_among_several_at_once)
{
    three_people(true);
    struct call *asked = propose("ana", t3_text("# again\n"), true);
    const struct actor ben = at_desk("ben");
    struct json *args = json_object_new(arena), *items = json_array_new(arena),
                *one = json_object_new(arena);
    json_put_text(arena, one, "escalation_id", asked->escalation_id);
    json_put_text(arena, one, "digest", json_get_text(asked->result, "digest"));
    json_push(arena, items, one);
    json_put_text(arena, args, "decision", "confirm");
    json_put(arena, args, "items", items);
    struct call *c = spine_call(&ben, "resolve_escalations", NULL, args);
    c->prod = true;
    admin_denied(spine_run(c), REASON_BULK_LIMIT);
}
END_TEST

START_TEST(a_policy_that_takes_three_needs_three)
{
    struct call *c = propose("ana", t3_text(""), true); /* ana and ben are two */
    spine_failed(c, ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(c->err.msg, "it takes 3"));
    three_people(false);
    const char *args = "{\"act\":\"disable\",\"person\":\"human:cho\"}";
    spine_failed(admin_prod("ana", "change_person", args), ERR_CONFLICT);
}
END_TEST

SPINE_MAIN("propose_policy", policy_up, spine_down, in_prod_another_human_puts_it_in_force,
           the_proposal_says_what_differs, in_dev_one_person_is_enough,
           a_rejected_proposal_changes_nothing, what_does_not_load_is_refused_with_its_place,
           a_policy_that_nobody_could_change_again_is_refused,
           a_second_proposal_does_not_outlive_the_first_ones_approval,
           a_policy_of_t3_takes_three_people, who_approved_and_was_disabled_since_does_not_count,
           a_login_from_this_morning_is_too_old_for_t3,
           where_logins_are_bound_t3_takes_one_made_for_the_decision_and_once,
           t3_is_not_among_several_at_once, a_policy_that_takes_three_needs_three)
