/* What differs between two trees: places, before, after. */
#include "engine/tools/policy_diff.h"

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "tests/unit/policy_base.h"

static const char *diff(const char *before, const char *after)
{
    struct json *a, *b, *changes;
    struct str text;
    ck_ok(json_read(arena, str_of(before), NULL, &a));
    ck_ok(json_read(arena, str_of(after), NULL, &b));
    ck_ok(policy_diff(arena, a, b, &changes));
    ck_ok(jcs_text(arena, changes, &text));
    return text.at;
}

START_TEST(the_same_differs_in_nothing)
{
    ck_assert_str_eq(diff("{\"a\":[1,{\"b\":2}]}", "{\"a\":[1,{\"b\":2}]}"), "[]");
    ck_assert_str_eq(diff("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), "[]");
}
END_TEST

START_TEST(a_member_changes_comes_and_goes)
{
    ck_assert_str_eq(diff("{\"a\":{\"x/y\":1}}", "{\"a\":{\"x/y\":2}}"),
                     "[{\"after\":2,\"before\":1,\"pointer\":\"/a/x~1y\"}]");
    ck_assert_str_eq(diff("{\"a\":1}", "{\"b\":1}"), "[{\"before\":1,\"pointer\":\"/a\"},"
                                                     "{\"after\":1,\"pointer\":\"/b\"}]");
}
END_TEST

START_TEST(rules_with_ids_are_compared_by_id)
{
    ck_assert_str_eq(
        diff("[{\"id\":\"p\",\"v\":1},{\"id\":\"q\",\"v\":1}]", "[{\"id\":\"q\",\"v\":2}]"),
        "[{\"before\":{\"id\":\"p\",\"v\":1},\"pointer\":\"/0\"},"
        "{\"after\":2,\"before\":1,\"pointer\":\"/0/v\"}]");
}
END_TEST

START_TEST(a_list_is_compared_between_what_is_the_same)
{
    ck_assert_str_eq(diff("[1,2,4]", "[1,2,3,4]"), "[{\"after\":3,\"pointer\":\"/2\"}]");
    ck_assert_str_eq(diff("[1,2,3]", "[1,9,3]"), "[{\"after\":9,\"before\":2,\"pointer\":\"/1\"}]");
    ck_assert_str_eq(diff("[]", "[{}]"), "[{\"after\":{},\"pointer\":\"/0\"}]");
    ck_assert_str_eq(diff("{}", "[]"), "[{\"after\":[],\"before\":{},\"pointer\":\"\"}]");
}
END_TEST

START_TEST(a_great_difference_is_cut_and_says_so)
{
    struct json *a = json_array_new(arena), *b = json_array_new(arena), *changes;
    for (int i = 0; i < 600; i++) {
        json_push(arena, a, json_int_new(arena, i));
        json_push(arena, b, json_int_new(arena, i + 1000));
    }
    ck_ok(policy_diff(arena, a, b, &changes));
    ck_assert_uint_eq(changes->count, 501);
    int64_t more = 0;
    ck_assert(json_int(json_get(changes->items[500], "more"), &more));
    ck_assert_int_eq(more, 100);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_same_differs_in_nothing, a_member_changes_comes_and_goes,
                                  rules_with_ids_are_compared_by_id,
                                  a_list_is_compared_between_what_is_the_same,
                                  a_great_difference_is_cut_and_says_so};
    return run("policy_diff", tests, sizeof tests / sizeof tests[0]);
}
