/* The figures behind the charts: each act on its day, by whom, how long people took, what waits,
 * how much of the cap is used; and only of what the caller may see. */
#include <string.h>

#include "tests/unit/spine_book.h"

#define HOUR_US (INT64_C(3600) * 1000000)

static struct actor ben, agent;

static void stats_up(void)
{
    spine_up();
    ben = spine_human("ben");
    agent = spine_agent("ben");
}

static struct json *figures(const struct actor *actor, const char *text, enum err_kind want)
{
    return spine_asked(actor, "workspace_stats", text, want);
}

static int64_t at(const struct json *o, const char *pointer)
{
    int64_t n = -1;
    (void)json_int(json_pointer_get(o, pointer), &n);
    return n;
}

static struct call *asked(const char *match_id)
{
    struct call *c = spine_run(spine_on_match(&agent, "confirm_match", match_id, "please"));
    spine_is(c, CALL_PENDING);
    return c;
}

/* A person whose login is fresh, whatever the hour. */
static void answer(struct call *c, const char *decision)
{
    struct actor ana = spine_ana;
    ana.auth_time_us = book_now;
    spine_is(spine_run(spine_answer(&ana, c, decision, "seen")), CALL_OK);
}

START_TEST(acts_stand_on_their_day_by_who_did_them)
{
    const char **ids = spine_matches(1, 6, 1000);
    struct call *one = asked(ids[0]), *two = asked(ids[1]), *three = asked(ids[2]);
    spine_is(spine_run(spine_on_match(&spine_engine, "confirm_match", ids[3], NULL)), CALL_OK);
    answer(one, "confirm");
    book_now += 25 * HOUR_US; /* 2026-01-02 */
    answer(two, "reject");
    spine_is(spine_run(spine_on_match(&spine_engine, "confirm_match", ids[4], NULL)), CALL_OK);
    spine_is(spine_run(spine_on_match(&spine_engine, "confirm_match", ids[5], NULL)), CALL_OK);
    const struct json *f = figures(&spine_ana, "{\"days\":3}", ERR_NONE);
    ck_assert_str_eq(json_get_text(f, "from"), "2025-12-31");
    ck_assert_str_eq(json_get_text(f, "to"), "2026-01-02");
    ck_assert_int_eq(at(f, "/by_day/0/escalations_opened"), 0);
    ck_assert(json_is(json_pointer_get(f, "/by_day/0/auto_share_bp"), JSON_TYPE_NULL));
    ck_assert_int_eq(at(f, "/by_day/1/confirmed_by_policy"), 1);
    ck_assert_int_eq(at(f, "/by_day/1/confirmed_by_people"), 1);
    ck_assert_int_eq(at(f, "/by_day/1/auto_share_bp"), 5000);
    ck_assert_int_eq(at(f, "/by_day/1/escalations_opened"), 3);
    ck_assert_int_eq(at(f, "/by_day/1/escalations_settled"), 1);
    ck_assert_int_eq(at(f, "/by_day/2/confirmed_by_policy"), 2);
    ck_assert_int_eq(at(f, "/by_day/2/rejected"), 1);
    ck_assert_int_eq(at(f, "/by_day/2/escalations_settled"), 1);
    ck_assert_int_eq(at(f, "/by_day/2/decide_median_s"), 25 * 3600);
    ck_assert_int_eq(at(f, "/totals/escalations_opened"), 3);
    ck_assert_int_eq(at(f, "/totals/confirmed_by_policy"), 3);
    ck_assert_int_eq(at(f, "/totals/decide_median_s"), 0);
    ck_assert_int_eq(at(f, "/totals/decide_p90_s"), 25 * 3600);
    ck_assert_int_eq(at(f, "/waiting/total"), 1);
    ck_assert_int_eq(at(f, "/waiting/by_age/1-3d"), 1);
    ck_assert_int_eq(
        at(figures(&spine_ana, "{\"days\":1}", ERR_NONE), "/totals/escalations_opened"), 0);
    (void)three;
}
END_TEST

START_TEST(the_cap_s_use_is_the_larger_of_its_two_shares)
{
    static struct policy capped;
    capped = *book_policy;
    capped.auto_confirm.has_cap_amount = capped.auto_confirm.has_cap_count = true;
    capped.auto_confirm.cap_count = 8;
    capped.auto_confirm.cap_amount =
        (struct policy_limit){.max = decimal_of_int(10000), .cur = "USD", .cur_index = 0};
    book_policy = &capped;
    const char **ids = spine_matches(1, 2, 100000);
    for (size_t i = 0; i < 2; i++)
        spine_is(spine_run(spine_on_match(&spine_engine, "confirm_match", ids[i], NULL)), CALL_OK);
    const struct json *f = figures(&spine_ana, "{}", ERR_NONE);
    ck_assert_str_eq(json_text(json_pointer_get(f, "/auto_confirm/accounts/0/account_id")), "1010");
    ck_assert_int_eq(at(f, "/auto_confirm/accounts/0/count"), 2);
    ck_assert_str_eq(json_text(json_pointer_get(f, "/auto_confirm/accounts/0/sum/amount")),
                     "2000.03");
    ck_assert_int_eq(at(f, "/auto_confirm/accounts/0/use_bp"), 2500); /* 2 of 8 */
    capped.auto_confirm.cap_count = 100;
    f = figures(&spine_ana, "{}", ERR_NONE);
    ck_assert_int_eq(at(f, "/auto_confirm/accounts/0/use_bp"), 2000); /* of 10,000 USD */
    ck_assert_int_eq(at(f, "/auto_confirm/cap/count"), 100);
}
END_TEST

START_TEST(somebody_of_another_entity_counts_nothing_of_it)
{
    const struct actor eve = spine_human("eve");
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    book_end(&tx);
    const char **ids = spine_matches(1, 2, 1000);
    answer(asked(ids[0]), "confirm");
    (void)asked(ids[1]);
    const struct json *f = figures(&eve, "{}", ERR_NONE);
    ck_assert_int_eq(at(f, "/totals/escalations_opened"), 0);
    ck_assert_int_eq(at(f, "/totals/confirmed_by_people"), 0);
    ck_assert_int_eq(at(f, "/waiting/total"), 0);
    ck_assert_uint_eq(json_pointer_get(f, "/auto_confirm/accounts")->count, 0);
    (void)figures(&eve, "{\"entity_id\":\"US\"}", ERR_MISSING);
    (void)figures(&spine_ana, "{\"entity_id\":\"UK\"}", ERR_MISSING);
    ck_assert_int_eq(at(figures(&spine_ana, "{\"entity_id\":\"US\"}", ERR_NONE), "/waiting/total"),
                     1);
}
END_TEST

SPINE_MAIN("workspace_stats", stats_up, spine_down, acts_stand_on_their_day_by_who_did_them,
           the_cap_s_use_is_the_larger_of_its_two_shares,
           somebody_of_another_entity_counts_nothing_of_it)
