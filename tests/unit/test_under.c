/* An ask of one policy's terms under another: carried over, valued, or not known; never guessed.
 * And where the two part in the input space. */
#include "engine/gate/under.h"

#include <string.h>

#include "common/base/str.h"
#include "engine/gate/case.h"
#include "engine/gate/space.h"
#include "tests/unit/policy_base.h"

static const struct policy *from, *to;
static struct under *under;

static void between(const struct policy *a, const struct policy *b)
{
    from = a;
    to = b;
    under = ARENA_NEW(arena, struct under);
    ck_ok(under_init(under, a, b));
}

static bool decide(const char *facts, struct verdict *v)
{
    struct json *tree = NULL;
    struct ask ask;
    ck_ok(yaml_read(arena, str_of(facts), &tree));
    ck_ok(case_read(arena, from, tree, &ask));
    return under_decide(under, &ask, (struct date){.days = 20600}, v);
}

static const char engine_grant[] =
    "authority: [{role: controller, actions: [CONFIRM], entities: all},"
    " {role: engine, actions: [CONFIRM], entities: all}]\n";
static const char no_engine[] =
    "authority: [{role: controller, actions: [CONFIRM], entities: all}]\n";

/* The text with one part replaced, which is there. */
static const char *put_for(const char *text, const char *find, const char *put)
{
    const char *at = strstr(text, find);
    if (at == NULL)
        ck_abort_msg("not there: %s", find);
    return at == NULL
               ? text
               : arena_fmt(arena, "%.*s%s%s", (int)(at - text), text, put, at + strlen(find));
}

/* Two parts replaced, and the engine may confirm. */
static const struct policy *with_both(const char *find, const char *put, const char *find_too,
                                      const char *put_too)
{
    static int n;
    struct policy *p = NULL;
    const char *text = put_for(with(find, put), no_engine, engine_grant);
    ck_ok(load_text(str_of(put_for(text, find_too, put_too)), &p));
    p->digest[0] = (char)('0' + n++ % 10);
    return p;
}

static const struct policy *with_engine(const char *find, const char *put)
{
    return with_both(find, put, "ap: {}", "ap: {}");
}

static const char blocked[] =
    "blocked: [{id: big, over: \"90 EUR\", clause: This is too big for us.}]";

START_TEST(another_threshold_in_the_same_currency_is_known)
{
    struct verdict v;
    between(with_engine("version: 1", "version: 1"),
            with_engine("materiality_threshold_usd: 10000", "materiality_threshold_usd: 5000"));
    ck_assert(decide("{action: CONFIRM, amount: \"5000.01 USD\"}", &v));
    ck_assert_int_eq(v.reason, REASON_MATERIALITY_OVER_THRESHOLD);
    ck_assert(decide("{action: CONFIRM, amount: \"5000.00 USD\"}", &v));
    ck_assert_int_eq(v.ruling, RULING_ALLOW);
}
END_TEST

START_TEST(a_currency_that_was_not_recorded_is_valued_by_the_other_policys_own_rates)
{
    struct verdict v;
    between(with_engine("version: 1", "version: 1"),
            with_both("blocked: []", blocked, "fx: {max_staleness_days: 4}",
                      "fx: {max_staleness_days: 31, rates: [{base: USD, quote: EUR, rate: \"0.9\","
                      " as_of: 2026-05-20, source: us}]}"));
    ck_assert(decide("{action: CONFIRM, amount: \"100.00 USD\"}", &v));
    ck_assert_int_eq(v.ruling, RULING_ALLOW);
    ck_assert(decide("{action: CONFIRM, amount: \"100.01 USD\"}", &v));
    ck_assert_int_eq(v.reason, REASON_POLICY_BLOCK);
    between(with_engine("version: 1", "version: 1"), with_engine("blocked: []", blocked));
    ck_assert(!decide("{action: CONFIRM, amount: \"100.00 USD\"}", &v)); /* no rate to EUR */
    ck_assert(decide("{action: CONFIRM, amount: \"90.00 EUR\", rates: {USD: \"1\"}}", &v));
    ck_assert_int_eq(v.ruling, RULING_ALLOW);
    ck_assert(decide("{action: CONFIRM, amount: \"90.01 EUR\", rates: {USD: \"1\"}}", &v));
    ck_assert_int_eq(v.reason, REASON_POLICY_BLOCK);
}
END_TEST

START_TEST(what_does_not_depend_on_the_unknown_is_known)
{
    struct verdict v;
    between(with_engine("version: 1", "version: 1"), with_engine("blocked: []", blocked));
    ck_assert(decide("{action: CONFIRM, amount: \"100.00 USD\", frozen: true}", &v));
    ck_assert_int_eq(v.reason, REASON_FROZEN);
}
END_TEST

START_TEST(a_window_that_was_not_recorded_is_not_known_and_another_limit_on_it_is)
{
    static const char limit[] = "cumulative_limits: [{id: %s, per: book, window_days: %d, max: "
                                "\"%s USD\"}]";
    struct verdict v;
    const struct policy *seven =
        with_engine("cumulative_limits: []", arena_fmt(arena, limit, "a", 7, "1000"));
    between(seven, with_engine("cumulative_limits: []", arena_fmt(arena, limit, "b", 7, "500")));
    ck_assert(
        decide("{action: CONFIRM, amount: \"1.00 USD\", cumulative: {a: \"499.01 USD\"}}", &v));
    ck_assert_int_eq(v.reason, REASON_CUMULATIVE_OVER_THRESHOLD);
    between(seven, with_engine("cumulative_limits: []", arena_fmt(arena, limit, "a", 8, "1000")));
    ck_assert(!decide("{action: CONFIRM, amount: \"1.00 USD\"}", &v));
    ck_assert(decide("{action: CONFIRM, actor: \"human:ana\", amount: \"1.00 USD\"}", &v));
    ck_assert_int_eq(v.ruling, RULING_ALLOW); /* people are not asked for windows */
}
END_TEST

START_TEST(another_period_of_the_cap_is_not_known)
{
    struct verdict v;
    const struct policy *month =
        with_engine("auto_confirm: {enabled: true}",
                    "auto_confirm: {enabled: true, cap: {count: 10, period: month}}");
    between(month, with_engine("auto_confirm: {enabled: true}",
                               "auto_confirm: {enabled: true, cap: {count: 5, period: month}}"));
    ck_assert(decide("{action: CONFIRM, auto_confirmed_n: 5}", &v));
    ck_assert_int_eq(v.reason, REASON_AUTO_CONFIRM_CAP);
    between(month, with_engine("auto_confirm: {enabled: true}",
                               "auto_confirm: {enabled: true, cap: {count: 10, period: year}}"));
    ck_assert(!decide("{action: CONFIRM, auto_confirmed_n: 5}", &v));
    between(month, with_engine("version: 1", "version: 1"));
    ck_assert(decide("{action: CONFIRM, auto_confirmed_n: 5}", &v)); /* no cap at all */
    ck_assert_int_eq(v.ruling, RULING_ALLOW);
}
END_TEST

START_TEST(the_same_policy_decides_as_the_gate_does)
{
    struct verdict v;
    const struct policy *p = with_engine("version: 1", "version: 1");
    between(p, p);
    ck_assert(decide("{action: CONFIRM, amount: \"10000.01 USD\"}", &v));
    ck_assert_int_eq(v.reason, REASON_MATERIALITY_OVER_THRESHOLD);
}
END_TEST

/* ---- the input space ---- */

START_TEST(the_smallest_points_where_two_policies_part_are_cases)
{
    struct space space;
    const struct policy *old = with_engine("version: 1", "version: 1");
    const struct policy *lower =
        with_engine("materiality_threshold_usd: 10000", "materiality_threshold_usd: 5000");
    ck_ok(space_compare(arena, old, lower, &space));
    ck_assert_uint_gt(space.changed, 0);
    ck_assert_uint_gt(space.totals[RULING_ALLOW][RULING_HUMAN], 0);
    ck_assert_uint_eq(space.totals[RULING_HUMAN][RULING_ALLOW], 0); /* lower is only stricter */
    ck_assert_uint_eq(space.totals[RULING_DENY][RULING_ALLOW], 0);
    for (size_t i = 0; i < space.examples_n; i++) {
        const struct space_example *e = &space.examples[i];
        const struct json *printed = space_example_print(arena, old, lower, e);
        struct ask ask;
        ck_ok(case_read(arena, lower, json_get(printed, "given"), &ask));
        ck_assert_int_eq(gate_decide(lower, &ask).reason, e->to.reason);
    }
}
END_TEST

START_TEST(nothing_parts_a_policy_from_itself)
{
    struct space space;
    const struct policy *p = with_engine("version: 1", "version: 1");
    ck_ok(space_compare(arena, p, p, &space));
    ck_assert_uint_eq(space.changed, 0);
    ck_assert_uint_eq(space.examples_n, 0);
}
END_TEST

TEST_MAIN_AROUND("under", arena_up, arena_down, another_threshold_in_the_same_currency_is_known,
                 a_currency_that_was_not_recorded_is_valued_by_the_other_policys_own_rates,
                 what_does_not_depend_on_the_unknown_is_known,
                 a_window_that_was_not_recorded_is_not_known_and_another_limit_on_it_is,
                 another_period_of_the_cap_is_not_known, the_same_policy_decides_as_the_gate_does,
                 the_smallest_points_where_two_policies_part_are_cases,
                 nothing_parts_a_policy_from_itself)
