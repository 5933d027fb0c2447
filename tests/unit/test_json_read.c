/* RFC 8259, to the letter: a table of what must be read (y), a table of what must be refused (n).
 */
#include "common/sys/json_read.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#define LIT(s)                                                                                     \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }

static const struct str must_read[] = {
    LIT("[]"),
    LIT("{}"),
    LIT("null"),
    LIT("true"),
    LIT("false"),
    LIT("0"),
    LIT("-0"),
    LIT("\"\""),
    LIT(" \t\r\n[ ] \n"),
    LIT("[1,2 , 3]"),
    LIT("{\"a\":1,\"b\":{\"a\":2}}"),
    LIT("{\"\":0}"),
    LIT("123456789012345678901234567890"),
    LIT("0.1e-400"),
    LIT("1E400"),
    LIT("1e+2"),
    LIT("-1.25"),
    LIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    LIT("\"\\u0000\""),
    LIT("\"\\u0041\\u00e9\\u20AC\""),
    LIT("\"\\ud83d\\ude00\""),
    LIT("\"\\uDBFF\\uDFFF\""),
    LIT("\"\x7f\""),
    LIT("\"\xc3\xa9\""),
    LIT("\"\xf0\x9f\x98\x80\""),
    LIT("\"\xf4\x8f\xbf\xbf\""),
    LIT("\"\xe2\x80\xa8\""),
    LIT("\"\\\\ud800\""),
    LIT("\"\\ufeff\""),
    LIT("\"\\uFFFF\""),
    LIT("[[[[[[[[[[]]]]]]]]]]"),
    LIT("{\"a\":1,\"A\":2,\"a \":3}"),
};

static const struct str must_refuse[] = {
    LIT(""),
    LIT(" "),
    LIT("\n\t"),
    LIT("["),
    LIT("]"),
    LIT("{"),
    LIT("}"),
    LIT("[1,]"),
    LIT("[,1]"),
    LIT("[1,,2]"),
    LIT("[1 2]"),
    LIT("[1:2]"),
    LIT("{\"a\":1,}"),
    LIT("{,}"),
    LIT("{\"a\"}"),
    LIT("{\"a\",1}"),
    LIT("{\"a\":}"),
    LIT("{a:1}"),
    LIT("{'a':1}"),
    LIT("{1:1}"),
    LIT("{null:1}"),
    LIT("{\"a\":1 \"b\":2}"),
    LIT("[\"a\""),
    LIT("[}"),
    LIT("{]"),
    LIT("[1]]"),
    LIT("{}}"),
    LIT("1 2"),
    LIT("[] []"),
    LIT("{}x"),
    LIT("[],"),
    LIT("\"a\" \"b\""),
    LIT("nul"),
    LIT("nulll"),
    LIT("True"),
    LIT("TRUE"),
    LIT("tru"),
    LIT("undefined"),
    LIT("NaN"),
    LIT("-NaN"),
    LIT("Infinity"),
    LIT("-Infinity"),
    LIT("-"),
    LIT("--1"),
    LIT("+1"),
    LIT("01"),
    LIT("-01"),
    LIT("00"),
    LIT("1."),
    LIT("-1."),
    LIT(".1"),
    LIT("-.1"),
    LIT("1.e1"),
    LIT("1e"),
    LIT("1e+"),
    LIT("1eE2"),
    LIT("1.2.3"),
    LIT("0x1F"),
    LIT("0b1"),
    LIT("1_000"),
    LIT("1,000"),
    LIT("\xef\xbc\x91"),
    LIT("[1 000.0]"),
    LIT("\""),
    LIT("\"a"),
    LIT("\"\\"),
    LIT("\"\\\""),
    LIT("\"\\x41\""),
    LIT("\"\\a\""),
    LIT("\"\\'\""),
    LIT("\"\\0\""),
    LIT("\"\\u\""),
    LIT("\"\\u12\""),
    LIT("\"\\u12G4\""),
    LIT("\"\\U0041\""),
    LIT("\"\n\""),
    LIT("\"\t\""),
    LIT("\"\0\""),
    LIT("\"\x1f\""),
    LIT("'a'"),
    LIT("\"\\ud800\""),
    LIT("\"\\udc00\""),
    LIT("\"\\ud800x\""),
    LIT("\"\\ud800\\n\""),
    LIT("\"\\ud800\\ud800\""),
    LIT("\"\\udc00\\ud800\""),
    LIT("\"\\ud83d\\u0041\""),
    LIT("{\"\\ud800\":1}"),
    LIT("\xef\xbb\xbf{}"),
    LIT("\xfe\xff\0{\0}"),
    LIT("\xff\xfe{\0}\0"),
    LIT("\"\x80\""),
    LIT("\"\xc0\x80\""),
    LIT("\"\xc1\xbf\""),
    LIT("\"\xe0\x80\xaf\""),
    LIT("\"\xed\xa0\x80\""),
    LIT("\"\xf4\x90\x80\x80\""),
    LIT("\"\xf5\x80\x80\x80\""),
    LIT("\"\xc3\""),
    LIT("\"\xe2\x82\""),
    LIT("\xff"),
    LIT("[\xc3\xa9]"),
    LIT("// c\n1"),
    LIT("/* c */1"),
    LIT("1 // c"),
    LIT("[1/**/]"),
    LIT("#c\n1"),
    LIT("\v1"),
    LIT("1\f"),
    LIT("[\v]"),
    LIT("\xc2\xa0[]"),
    LIT("\xe2\x80\xa8[]"),
    LIT("[]\0"),
    LIT("\0"),
    LIT("[\0]"),
    LIT("1\0"),
    LIT("{\"a\":1,\"a\":1}"),
    LIT("{\"a\":1,\"\\u0061\":2}"),
    LIT("{\"\":1,\"\":2}"),
    LIT("[{\"x\":{\"k\":1,\"b\":0,\"k\":1}}]"),
    LIT("<a>"),
    LIT("*"),
    LIT("[\"a\":1]"),
    LIT("{\"a\":1]"),
    LIT("[1}"),
    LIT("{\"a\":/*c*/1}"),
    LIT("{\"a\" b}"),
};

static struct err read_it(struct arena *a, struct str s, struct json **tree)
{
    return json_read(a, s, NULL, tree);
}

START_TEST(what_rfc_8259_allows_is_read)
{
    for (size_t i = 0; i < sizeof must_read / sizeof must_read[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        struct err e = read_it(a, must_read[i], &tree);
        ck_assert_msg(e.kind == ERR_NONE, "%s: %s", must_read[i].at, e.msg);
        ck_assert_ptr_nonnull(tree);
    }
}
END_TEST

START_TEST(what_it_does_not_is_refused_with_a_place)
{
    for (size_t i = 0; i < sizeof must_refuse / sizeof must_refuse[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        struct err e = read_it(a, must_refuse[i], &tree);
        ck_assert_msg(e.kind == ERR_INPUT, "row %zu: %s", i, must_refuse[i].at);
        ck_assert_ptr_null(tree);
        ck_assert_msg(e.msg != NULL && e.msg[0] != '\0', "row %zu", i);
        ck_assert_msg(e.where != NULL || strncmp(e.msg, "empty", 5) == 0, "row %zu: %s", i, e.msg);
    }
}
END_TEST

START_TEST(every_prefix_of_a_document_is_refused)
{
    static const char doc[] = "{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{}}";
    for (size_t n = 0; n < sizeof doc - 1; n++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        ck_err(read_it(a, (struct str){.at = doc, .len = n}, &tree), ERR_INPUT);
    }
}
END_TEST

START_TEST(twin_keys_are_named_by_their_pointer)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *tree = NULL;
    struct err e = read_it(a, STR("{\"l\":[0,{\"a/b\":1,\"\\u0061\\/b\":2}]}"), &tree);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/l/1/a~1b");
}
END_TEST

START_TEST(syntax_errors_name_the_byte)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *tree = NULL;
    ck_assert_str_eq(read_it(a, STR("[1,\"\\ud800\"]"), &tree).where, "byte 4");
    ck_assert_str_eq(read_it(a, STR("[\"\xff\"]"), &tree).where, "byte 2");
    ck_assert_str_eq(read_it(a, STR("[1,2"), &tree).where, "byte 4");
}
END_TEST

static struct str nest(struct arena *a, size_t depth)
{
    char *text = arena_alloc(a, 2 * depth);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return (struct str){.at = text, .len = 2 * depth};
}

START_TEST(depth_is_counted_and_a_million_brackets_do_no_harm)
{
    CLEANUP(arena_free) struct arena *a = arena_new(64 << 20);
    struct json *tree = NULL;
    struct json_limits four = {.depth_max = 4};
    ck_ok(json_read(a, nest(a, 32), NULL, &tree));
    ck_err(json_read(a, nest(a, 33), NULL, &tree), ERR_LIMIT);
    ck_ok(json_read(a, nest(a, 4), &four, &tree));
    ck_err(json_read(a, nest(a, 5), &four, &tree), ERR_LIMIT);
    ck_err(json_read(a, nest(a, 500000), NULL, &tree), ERR_LIMIT);
    struct str half = nest(a, 500000);
    half.len /= 2;
    ck_err(json_read(a, half, NULL, &tree), ERR_LIMIT);
}
END_TEST

START_TEST(size_and_number_of_values_have_ceilings)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *tree = NULL;
    struct json_limits small = {.bytes_max = 8, .nodes_max = 3};
    ck_ok(json_read(a, STR("[1,2]"), &small, &tree));
    ck_err(json_read(a, STR("[1,2,3]"), &small, &tree), ERR_LIMIT);
    ck_err(json_read(a, STR("[1111111]"), &small, &tree), ERR_LIMIT);
    CLEANUP(arena_free) struct arena *tiny = arena_new(400);
    ck_err(json_read(tiny, STR("[1,2,3,4,5,6,7,8,9,10]"), NULL, &tree), ERR_LIMIT);
}
END_TEST

START_TEST(numbers_and_texts_are_kept_exactly)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *tree = NULL;
    ck_ok(
        read_it(a, STR("{\"n\":1.10e+05,\"t\":\"a\\u0000\\ud83d\\ude00\\/\",\"b\":true}"), &tree));
    ck_assert_str_eq(json_get(tree, "n")->text.at, "1.10e+05");
    const struct json *t = json_get(tree, "t");
    ck_assert_uint_eq(t->text.len, 7);
    ck_assert_mem_eq(t->text.at, "a\0\xf0\x9f\x98\x80/", 7);
    ck_assert_ptr_null(json_text(t));
    ck_assert(json_get(tree, "b")->truth);
    ck_assert_uint_eq(tree->line, 0);
}
END_TEST

static const char padding[] = "Invoice 2611 paid by Orchard Analytics on the second of March, "
                              "reference RMT-20481, as agreed; "
                              "Invoice 2612 paid by Larkspur Hosting on the third of March, "
                              "reference LKS-1181, as was said too "
                              "and so on.";

/* The passes before the parse go by words and windows: what is wrong is found at every distance. */
START_TEST(what_is_wrong_in_a_long_text_is_found_wherever_it_stands)
{
    static const struct {
        const char *bytes, *says;
    } bad[] = {
        {"\xff", "not valid UTF-8"},           {"\xc3", "not valid UTF-8"},
        {"\xed\xa0\x80", "not valid UTF-8"},   {"\\ud800", "half a surrogate pair"},
        {"\\udc00x", "half a surrogate pair"},
    };
    for (size_t at = 0; at < 200; at++) {
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
            struct json *tree = NULL;
            char text[512];
            int n = snprintf(text, sizeof text, "[\"%.*s%s%.*s\"]", (int)at, padding, bad[i].bytes,
                             (int)(200 - at), padding);
            struct err e = read_it(a, (struct str){text, (size_t)n}, &tree);
            ck_assert_msg(e.kind == ERR_INPUT && strcmp(e.msg, bad[i].says) == 0, "%zu %zu: %s", at,
                          i, e.msg == NULL ? "-" : e.msg);
        }
    }
}
END_TEST

START_TEST(a_text_of_any_length_ends_where_it_ends)
{
    for (size_t at = 0; at < 200; at++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        char text[512];
        int n = snprintf(text, sizeof text, "[\"%.*s\\\"\xc3\xbc\\\\\",\v1]", (int)at, padding);
        ck_err(read_it(a, (struct str){text, (size_t)n}, &tree), ERR_INPUT);
        n = snprintf(text, sizeof text, "[\"%.*s\\\"\xc3\xbc\\\\\",1]", (int)at, padding);
        ck_ok(read_it(a, (struct str){text, (size_t)n}, &tree));
        ck_assert_uint_eq(tree->count, 2);
        ck_assert_uint_eq(tree->items[0]->text.len, at + 4);
    }
}
END_TEST

TEST_MAIN("json_read", what_rfc_8259_allows_is_read, what_it_does_not_is_refused_with_a_place,
          every_prefix_of_a_document_is_refused, twin_keys_are_named_by_their_pointer,
          syntax_errors_name_the_byte, depth_is_counted_and_a_million_brackets_do_no_harm,
          size_and_number_of_values_have_ceilings, numbers_and_texts_are_kept_exactly,
          what_is_wrong_in_a_long_text_is_found_wherever_it_stands,
          a_text_of_any_length_ends_where_it_ends)
