/* The tree: order kept, twins found, pointers followed, equality as the header says. */
#include "common/base/json.h"

#include <string.h>

#include "tests/unit/test.h"

START_TEST(members_keep_their_order_and_put_replaces)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *o = json_object_new(a);
    json_put_int(a, o, "z", 1);
    json_put_text(a, o, "a", "x");
    json_put_bool(a, o, "m", true);
    json_put_int(a, o, "z", 2);
    ck_assert_uint_eq(o->count, 3);
    ck_assert_str_eq(o->members[0].key.at, "z");
    ck_assert_str_eq(json_get(o, "z")->text.at, "2");
    ck_assert_str_eq(json_get_text(o, "a"), "x");
    ck_assert_ptr_null(json_get(o, "b"));
    ck_assert_ptr_null(json_get(NULL, "b"));
    ck_assert_ptr_null(json_add(a, o, STR("m"), json_null_new(a)));
    ck_ok(arena_check(a));
}
END_TEST

START_TEST(a_hundred_thousand_members_are_added_and_found)
{
    CLEANUP(arena_free) struct arena *a = arena_new(256 << 20);
    struct json *o = json_object_new(a);
    const struct json *null = json_null_new(a);
    for (int i = 0; i < 100000; i++)
        ck_assert_ptr_nonnull(json_add(a, o, str_of(arena_fmt(a, "k%06d", i)), null));
    ck_assert_ptr_null(json_add(a, o, STR("k031337"), null));
    ck_assert_ptr_nonnull(json_get(o, "k099999"));
    ck_assert_ptr_null(json_get(o, "k100000"));
    ck_assert_uint_le(o->members[o->root - 1].level, 18);
}
END_TEST

START_TEST(a_full_arena_is_told_once_at_the_end)
{
    CLEANUP(arena_free) struct arena *a = arena_new(600);
    struct json *o = json_object_new(a);
    for (int i = 0; i < 100; i++)
        json_put_int(a, o, "some key", i);
    json_put(a, NULL, "x", json_null_new(a));
    json_push(a, NULL, json_array_new(a));
    ck_err(arena_check(a), ERR_LIMIT);
}
END_TEST

START_TEST(pointers_are_followed_as_rfc_6901_says)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    static const char *const keys[] = {"", "a/b", "c%d", "e^f", "g|h", "i\\j", "k\"l", " ", "m~n"};
    static const char *const pointers[] = {"/",     "/a~1b", "/c%d", "/e^f", "/g|h",
                                           "/i\\j", "/k\"l", "/ ",   "/m~0n"};
    struct json *o = json_object_new(a), *foo = json_array_new(a);
    json_push(a, foo, json_text_new(a, "bar"));
    json_push(a, foo, json_text_new(a, "baz"));
    json_put(a, o, "foo", foo);
    for (int i = 0; i < 9; i++)
        json_put_int(a, o, keys[i], i);
    ck_assert_ptr_eq(json_pointer_get(o, ""), o);
    ck_assert_ptr_eq(json_pointer_get(o, "/foo"), foo);
    ck_assert_str_eq(json_text(json_pointer_get(o, "/foo/0")), "bar");
    for (int i = 0; i < 9; i++) {
        int64_t n = -1;
        ck_assert_msg(json_int(json_pointer_get(o, pointers[i]), &n) && n == i, "%s", pointers[i]);
        ck_assert_str_eq(json_pointer_join(a, "", str_of(keys[i])), pointers[i]);
    }
}
END_TEST

START_TEST(pointers_to_nothing_give_null)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    static const char *const wrong[] = {"foo",
                                        "/foo/2",
                                        "/foo/-",
                                        "/foo/01",
                                        "/foo/0/x",
                                        "/bar",
                                        "/a~2b",
                                        "/a~",
                                        "/foo/ 0",
                                        "/foo/+1",
                                        "/foo/99999999999999999999"};
    struct json *o = json_object_new(a), *foo = json_array_new(a);
    json_push(a, foo, json_text_new(a, "bar"));
    json_push(a, foo, json_text_new(a, "baz"));
    json_put(a, o, "foo", foo);
    json_put_int(a, o, "a~b", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(json_pointer_get(o, wrong[i]) == NULL, "%s", wrong[i]);
    ck_assert_ptr_null(json_pointer_get(NULL, ""));
}
END_TEST

START_TEST(where_names_the_line_when_there_is_one)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *o = json_object_new(a), *in = json_object_new(a);
    json_put(a, o, "in", in);
    ck_assert_ptr_null(json_where(a, o, ""));
    ck_assert_str_eq(json_where(a, o, "/in/x"), "/in/x");
    in->line = 12;
    in->column = 5;
    ck_assert_str_eq(json_where(a, o, "/in/x"), "12:5 /in/x");
}
END_TEST

START_TEST(integers_are_read_from_their_digits)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    int64_t n = 7;
    ck_assert(json_int(json_number_new(a, STR("-9223372036854775808")), &n) && n == INT64_MIN);
    ck_assert(json_int(json_number_new(a, STR("9223372036854775807")), &n) && n == INT64_MAX);
    ck_assert(json_int(json_number_new(a, STR("-0")), &n) && n == 0);
    ck_assert(!json_int(json_number_new(a, STR("9223372036854775808")), &n));
    ck_assert(!json_int(json_number_new(a, STR("1.0")), &n));
    ck_assert(!json_int(json_number_new(a, STR("1e3")), &n));
    ck_assert(!json_int(json_text_new(a, "1"), &n));
}
END_TEST

START_TEST(numbers_follow_rfc_8259)
{
    static const char *const good[] = {"0", "-0", "10", "1.50", "1e5", "1E+5", "-0.1e-10"};
    static const char *const bad[] = {"",    "-",  "01",  "1.", ".5", "1e",
                                      "1e+", "+1", "0x1", "1 ", "NaN"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(json_number_valid(str_of(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!json_number_valid(str_of(bad[i])), "%s", bad[i]);
}
END_TEST

START_TEST(equality_ignores_member_order_only)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *x = json_object_new(a), *y = json_object_new(a), *l = json_array_new(a),
                *m = json_array_new(a);
    json_put_int(a, x, "a", 1);
    json_put_int(a, x, "b", 2);
    json_put_int(a, y, "b", 2);
    ck_assert(!json_equal(x, y));
    json_put_int(a, y, "a", 1);
    ck_assert(json_equal(x, y));
    json_push(a, l, x);
    json_push(a, l, json_null_new(a));
    json_push(a, m, json_null_new(a));
    json_push(a, m, y);
    ck_assert(!json_equal(l, m));
    ck_assert(!json_equal(json_number_new(a, STR("1")), json_number_new(a, STR("1.0"))));
    ck_assert(!json_equal(json_text_new(a, "1"), json_int_new(a, 1)));
}
END_TEST

START_TEST(text_with_a_nul_is_not_a_c_string)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    ck_assert_ptr_null(json_text(json_str_new(a, (struct str){.at = "a\0b", .len = 3})));
    ck_assert_str_eq(json_text(json_text_new(a, "")), "");
    ck_assert(json_is(json_text_new(a, NULL), JSON_TYPE_NULL));
}
END_TEST

START_TEST(raw_json_has_no_members_and_is_no_text)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    const struct json *raw = json_raw_new(a, STR("{\"a\":1}"));
    const struct json_field fields[] = {{.name = "a", .kind = JSON_KIND_INT}};
    int64_t n;
    ck_assert_ptr_null(json_get(raw, "a"));
    ck_assert_ptr_null(json_pointer_get(raw, "/a"));
    ck_assert_ptr_null(json_text(raw));
    ck_assert(!json_int(raw, &n));
    ck_err(json_bind(a, fields, 1, raw, &n), ERR_INPUT);
    ck_assert(json_equal(raw, json_raw_new(a, STR("{\"a\":1}"))));
    ck_assert(!json_equal(raw, json_object_new(a)));
}
END_TEST

TEST_MAIN("json", members_keep_their_order_and_put_replaces,
          a_hundred_thousand_members_are_added_and_found, a_full_arena_is_told_once_at_the_end,
          pointers_are_followed_as_rfc_6901_says, pointers_to_nothing_give_null,
          where_names_the_line_when_there_is_one, integers_are_read_from_their_digits,
          numbers_follow_rfc_8259, equality_ignores_member_order_only,
          text_with_a_nul_is_not_a_c_string, raw_json_has_no_members_and_is_no_text)
