/* One error check at the end: what was written wrong is said there, what was right is compact JSON.
 */
#include "common/sys/json_write.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "tests/unit/test.h"

#define ck_body(w, want)                                                                           \
    do {                                                                                           \
        struct str body_;                                                                          \
        ck_ok(jw_done((w), &body_));                                                               \
        ck_assert_str_eq(body_.at, (want));                                                        \
    } while (0)

START_TEST(members_and_elements_are_written_compactly)
{
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, 1000);
    jw_obj(&w);
    jw_text(&w, "id", "mat_1");
    jw_text(&w, "none", NULL);
    jw_int(&w, "least", INT64_MIN);
    jw_bool(&w, "yes", true);
    jw_arr_in(&w, "list");
    jw_text(&w, NULL, "a/\"\n\x01\xc3\xa9");
    jw_obj(&w);
    jw_end(&w);
    jw_number(&w, NULL, STR("1.10"));
    jw_end(&w);
    jw_raw(&w, "event", STR("{\"a\":1}"));
    jw_money(&w, "amount", (struct money){.minor = 1250, .cur = "USD"});
    jw_money(&w, "nothing", (struct money){0});
    jw_end(&w);
    ck_body(&w, "{\"id\":\"mat_1\",\"none\":null,\"least\":-9223372036854775808,\"yes\":true,"
                "\"list\":[\"a/\\\"\\n\\u0001\xc3\xa9\",{},1.10],\"event\":{\"a\":1},"
                "\"amount\":{\"amount\":\"12.50\",\"currency\":\"USD\"},\"nothing\":null}");
}
END_TEST

START_TEST(a_raw_node_is_written_as_it_is)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    CLEANUP(jw_fini) struct jw w;
    struct json *o = json_object_new(a), *l = json_array_new(a);
    json_push(a, l, json_raw_new(a, STR("{\"b\":[1,\"x\"]}")));
    json_push(a, l, json_raw_new(a, STR("null")));
    json_put(a, o, "events", l);
    jw_init(&w, 1000);
    jw_tree(&w, NULL, o);
    ck_body(&w, "{\"events\":[{\"b\":[1,\"x\"]},null]}");
}
END_TEST

START_TEST(a_scalar_may_be_the_whole_value)
{
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, 1000);
    jw_null(&w, NULL);
    ck_body(&w, "null");
}
END_TEST

START_TEST(pretty_is_indented)
{
    CLEANUP(jw_fini) struct jw w;
    jw_init_pretty(&w, 1000);
    jw_obj(&w);
    jw_int(&w, "a", 1);
    jw_end(&w);
    ck_body(&w, "{\n  \"a\": 1\n}\n");
}
END_TEST

START_TEST(a_tree_is_written_as_it_was_read)
{
    static const char text[] =
        "{\"z\":[1,2.50,{\"a\\u0000b\":\"\\u0000\"}],\"a\":null,\"t\":false}";
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    CLEANUP(jw_fini) struct jw w;
    struct json *tree = NULL;
    ck_ok(json_read(a, STR(text), NULL, &tree));
    jw_init(&w, 1000);
    jw_arr(&w);
    jw_tree(&w, NULL, tree);
    jw_tree(&w, NULL, NULL);
    jw_end(&w);
    ck_body(&w, "[{\"z\":[1,2.50,{\"a\\u0000b\":\"\\u0000\"}],\"a\":null,\"t\":false},null]");
}
END_TEST

START_TEST(the_ceiling_is_told_at_the_end)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    jw_init(&w, 10);
    jw_arr(&w);
    for (int i = 0; i < 10; i++)
        jw_text(&w, NULL, "xxxx");
    jw_end(&w);
    ck_err(jw_done(&w, &body), ERR_LIMIT);
}
END_TEST

START_TEST(bad_utf8_is_refused)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    jw_init(&w, 100);
    jw_text(&w, NULL, "\xed\xa0\x80");
    ck_err(jw_done(&w, &body), ERR_INPUT);
}
END_TEST

static void key_in_array(struct jw *w)
{
    jw_arr(w);
    jw_int(w, "a", 1);
    jw_end(w);
}

static void no_key_in_object(struct jw *w)
{
    jw_obj(w);
    jw_int(w, NULL, 1);
    jw_end(w);
}

static void two_values(struct jw *w)
{
    jw_null(w, NULL);
    jw_null(w, NULL);
}

static void no_end(struct jw *w)
{
    jw_obj(w);
}

static void too_many_ends(struct jw *w)
{
    jw_obj(w);
    jw_end(w);
    jw_end(w);
}

static void nothing(struct jw *w)
{
    (void)w;
}

static void bad_number(struct jw *w)
{
    jw_number(w, NULL, STR("01"));
}

START_TEST(misuse_is_a_bug_of_ours)
{
    static void (*const misuses[])(struct jw *) = {
        key_in_array, no_key_in_object, two_values, no_end, too_many_ends, nothing, bad_number};
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        CLEANUP(jw_fini) struct jw w;
        struct str body;
        jw_init(&w, 100);
        misuses[i](&w);
        ck_err(jw_done(&w, &body), ERR_BUG);
    }
}
END_TEST

START_TEST(too_deep_is_a_limit)
{
    CLEANUP(jw_fini) struct jw w;
    struct str body;
    jw_init(&w, 1000);
    for (int i = 0; i <= JW_DEPTH_MAX; i++)
        jw_arr(&w);
    ck_err(jw_done(&w, &body), ERR_LIMIT);
}
END_TEST

TEST_MAIN("json_write", members_and_elements_are_written_compactly, a_raw_node_is_written_as_it_is,
          a_scalar_may_be_the_whole_value, pretty_is_indented, a_tree_is_written_as_it_was_read,
          the_ceiling_is_told_at_the_end, bad_utf8_is_refused, misuse_is_a_bug_of_ours,
          too_deep_is_a_limit)
