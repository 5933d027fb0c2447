/* The scanner against the tree: what it passes the tree prints to the same bytes, what RFC 8785
 * would write otherwise it refuses, and nothing that resembles an earlier text gets by. */
#include "common/base/canon_memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "tests/unit/test.h"

static bool surely(const char *text)
{
    return canon_surely(str_of(text), NULL, 0);
}

START_TEST(canonical_texts_pass)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "0",
        "-1",
        "9007199254740992",
        "-9007199254740992",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\\b\\t\\n\\f\\r\\\"\\\\\"",
        "\"\\u0000\\u0001\\u000b\\u001f\x7f\"",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
        "{\"a\":1,\"b\":[1,2,{\"c\":{}}],\"ba\":\"\"}",
        "{\"A\":1,\"B\":2,\"a\":3}",
        "{\"\":1,\" \":2,\"entities\":3,\"entity\":4,\"entity_id\":5,\"entity_idx\":6}",
        "[[[]],{},\"x\",[true]]",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(surely(good[i]), "%s", good[i]);
}
END_TEST

START_TEST(texts_that_are_not_canonical_do_not)
{
    static const char *const bad[] = {
        "",
        " {}",
        "{} ",
        "{ }",
        "{\"a\" :1}",
        "{\"a\": 1}",
        "{\"b\":1,\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"entity_id\":1,\"entity\":2}",
        "{\"entity_idx\":1,\"entity_id\":2}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "[1,]",
        "[,1]",
        "[1 ,2]",
        "[1",
        "{\"a\":1",
        "[1}",
        "{\"a\":1]",
        "1,2",
        "{}{}",
        "01",
        "-0",
        "-",
        "+1",
        "tru",
        "truee",
        "nul",
        "True",
        "\"a",
        "\"\\/\"",
        "\"\\u0041\"",
        "\"\\u000a\"",
        "\"\\u0008\"",
        "\"\\u001F\"",
        "\"\\u00e9\"",
        "\"\\x\"",
        "\"\\",
        "\"a\nb\"",
        "\"a\tb\"",
        "\"\xC3\"",
        "\"\xED\xA0\x80\"",
        "\"\xC0\xAF\"",
        "\"\xFF\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!surely(bad[i]), "%s", bad[i]);
    ck_assert(!canon_surely((struct str){"\"a\0b\"", 5}, NULL, 0)); /* a raw NUL */
}
END_TEST

/* Canonical as they may be, only the tree can say so. */
START_TEST(what_it_is_not_sure_of_is_left_to_the_tree)
{
    ck_assert(!surely("1.5"));
    ck_assert(!surely("1e+30"));
    ck_assert(!surely("9007199254740993"));
    ck_assert(!surely("-9007199254740993"));
    ck_assert(!surely("123456789012345678901234567890"));
    ck_assert(!surely("{\"\xC3\xA9\":1}"));
    ck_assert(!surely("{\"a\\\"\":1}"));
}
END_TEST

START_TEST(nests_go_as_deep_as_an_event_may_and_no_deeper)
{
    char text[2 * CANON_SCAN_DEPTH + 4];
    memset(text, '[', CANON_SCAN_DEPTH);
    memset(text + CANON_SCAN_DEPTH, ']', CANON_SCAN_DEPTH);
    ck_assert(canon_surely((struct str){text, 2 * CANON_SCAN_DEPTH}, NULL, 0));
    memset(text, '[', CANON_SCAN_DEPTH + 1);
    memset(text + CANON_SCAN_DEPTH + 1, ']', CANON_SCAN_DEPTH + 1);
    ck_assert(!canon_surely((struct str){text, 2 * CANON_SCAN_DEPTH + 2}, NULL, 0));
}
END_TEST

START_TEST(members_are_found_on_the_way_and_only_the_outermost)
{
    struct canon_find f[] = {
        {.name = STR("a")}, {.name = STR("absent")}, {.name = STR("n")}, {.name = STR("o")}};
    struct str text;
    int64_t n;
    ck_assert(canon_surely(STR("{\"a\":\"x\",\"i\":{\"n\":1,\"o\":2},\"n\":-42,\"o\":{\"a\":[1]}}"),
                           f, 4));
    ck_assert(canon_plain(f[0].value, &text) && str_is(text, "x"));
    ck_assert_ptr_null(f[1].value.at);
    ck_assert(canon_integer(f[2].value, &n) && n == -42);
    ck_assert(str_is(f[3].value, "{\"a\":[1]}"));
    ck_assert(!canon_plain(f[2].value, &text));
    ck_assert(!canon_integer(f[0].value, &n));
    ck_assert(canon_surely(STR("{\"a\":\"\\n\"}"), f, 4));
    ck_assert(!canon_plain(f[0].value, &text)); /* does not stand for itself */
}
END_TEST

/* ---- differences ---- */

/* The same numbers in every run. */
static uint64_t seed = 7;

static size_t any_below(size_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(seed >> 33) % n;
}

/* A small grammar's random texts: canonical ones, and the same with one byte changed. */
struct making {
    char text[4096];
    size_t len;
};

static void make(struct making *m, const char *text)
{
    const size_t n = strlen(text);
    ck_assert_uint_lt(m->len + n, sizeof m->text);
    memcpy(m->text + m->len, text, n);
    m->len += n;
}

static void make_value(struct making *m, int depth)
{
    static const char *const scalars[] = {"0",
                                          "-7",
                                          "9007199254740992",
                                          "true",
                                          "false",
                                          "null",
                                          "\"\"",
                                          "\"wire 4471\"",
                                          "\"\\n\"",
                                          "\"\xC3\xA9\"",
                                          "\"0123456789abcdef\"",
                                          "12"};
    static const char *const keys[] = {
        "\"a\":", "\"ab\":", "\"abcdefgh\":", "\"abcdefghi\":", "\"b\":", "\"seq\":"};
    const int kind = depth == 0 ? 2 : (int)any_below(4);
    if (kind >= 2) {
        make(m, scalars[any_below(sizeof scalars / sizeof scalars[0])]);
        return;
    }
    bool any = false;
    make(m, kind == 0 ? "{" : "[");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (any_below(2) == 0)
            continue;
        if (any)
            make(m, ",");
        any = true;
        if (kind == 0)
            make(m, keys[i]);
        make_value(m, depth - 1);
    }
    make(m, kind == 0 ? "}" : "]");
}

static bool by_tree(struct arena *arena, struct str text)
{
    static const struct json_limits limits = {.depth_max = CANON_SCAN_DEPTH};
    struct json *tree;
    struct str again;
    arena_reset(arena);
    return json_read(arena, text, &limits, &tree).kind == ERR_NONE &&
           jcs_text(arena, tree, &again).kind == ERR_NONE && str_eq(text, again);
}

static const struct str seq_name[] = {{"seq", 3}};

static void compare(struct arena *arena, struct canon_memo *memo, struct str text)
{
    struct canon_find find = {.name = seq_name[0]};
    struct str value;
    const bool tree = by_tree(arena, text), scan = canon_surely(text, &find, 1);
    const bool memory = canon_memo_surely(memo, text, &value);
    ck_assert_msg(!scan || tree, "%.*s", (int)text.len, text.at);
    ck_assert_msg(memory == scan, "%.*s", (int)text.len, text.at);
    ck_assert(!scan || ((value.at == NULL) == (find.value.at == NULL)));
    ck_assert(!scan || value.at == NULL || str_eq(value, find.value));
}

START_TEST(it_agrees_with_the_tree_on_random_texts_and_their_neighbours)
{
    static const char bytes[] = "\"\\{}[]:,0123456789-tfnaebu \n\x01\x7f\xC3\xA9";
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    CLEANUP(canon_memo_free) struct canon_memo *memo = canon_memo_new(seq_name, 1);
    for (int round = 0; round < 20000; round++) {
        struct making m = {.len = 0};
        make_value(&m, 4);
        compare(arena, memo, (struct str){m.text, m.len});
        ck_assert(canon_surely((struct str){m.text, m.len}, NULL, 0));
        for (int i = 0; i < 4 && m.len > 0; i++) {
            const size_t at = any_below(m.len);
            const char was = m.text[at];
            m.text[at] = bytes[any_below(sizeof bytes - 1)];
            compare(arena, memo, (struct str){m.text, m.len});
            m.text[at] = was;
        }
        compare(arena, memo, (struct str){m.text, any_below(m.len + 1)});
    }
}
END_TEST

/* ---- the memory of earlier texts ---- */

START_TEST(a_text_that_resembles_an_earlier_one_is_looked_at_where_it_differs)
{
    CLEANUP(canon_memo_free) struct canon_memo *memo = canon_memo_new(seq_name, 1);
    struct str value;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"{\"a\":\"x\",\"b\":[true,1],\"seq\":1}", true},
        {"{\"a\":\"y\",\"b\":[true,1],\"seq\":2}", true},
        {"{\"a\":\"yy\",\"b\":[false,12],\"seq\":30}", true},
        {"{\"a\":null,\"b\":[\"\",-1],\"seq\":\"z\"}", true},
        {"{\"a\":\"y\",\"b\":[true,1],\"seq\":02}", false},
        {"{\"a\":\"y\",\"b\":[true,1.],\"seq\":2}", false},
        {"{\"a\":\"y\",\"b\":[true,1]],\"seq\":2}", false},
        {"{\"a\":\"y\\u0041\",\"b\":[true,1],\"seq\":2}", false},
        {"{\"a\":\"y\xFF\",\"b\":[true,1],\"seq\":2}", false},
        {"{\"a\":\"y\",\"b\":[true,1],\"seq\":2} ", false},
        {"{\"a\":\"y\",\"b\":[true,1],\"seq\":2", false},
        {"{\"a\":\"y\",\"b\":[true,1],\"a\":2}", false},
        {"{\"a\":\"y\",\"b\":[true,1,2],\"seq\":77}", true},
        {"{\"a\":\"y\",\"b\":[],\"seq\":78}", true},
        {"{\"a\":\"\",\"b\":[true,1],\"seq\":9}", true},
        {"", false},
    };
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            ck_assert_msg(canon_memo_surely(memo, str_of(cases[i].text), &value) == cases[i].good,
                          "%s", cases[i].text);
    }
    ck_assert(canon_memo_surely(memo, STR("{\"a\":\"\",\"b\":[true,1],\"seq\":9}"), &value));
    ck_assert(str_is(value, "9"));
}
END_TEST

START_TEST(more_shapes_than_it_remembers_are_still_told_apart)
{
    CLEANUP(canon_memo_free) struct canon_memo *memo = canon_memo_new(seq_name, 1);
    char text[256];
    struct str value;
    for (int round = 0; round < 200; round++) {
        int n = snprintf(text, sizeof text, "{\"a\":[");
        for (int i = 0; i < round % 23; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%d", i == 0 ? "" : ",", round);
        (void)snprintf(text + n, sizeof text - (size_t)n, "],\"seq\":%d}", round);
        ck_assert(canon_memo_surely(memo, str_of(text), &value));
        ck_assert_int_eq(strtol(value.at, NULL, 10), round);
        text[n] = '[';
        ck_assert(!canon_memo_surely(memo, str_of(text), &value));
    }
}
END_TEST

START_TEST(a_text_too_long_to_remember_is_still_answered)
{
    CLEANUP(canon_memo_free) struct canon_memo *memo = canon_memo_new(seq_name, 1);
    const size_t len = 200000;
    char *text = malloc(len);
    struct str value;
    memset(text, 'x', len);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + len - 10, "\",\"seq\":5}", 10);
    ck_assert(canon_memo_surely(memo, (struct str){text, len}, &value));
    ck_assert(str_is(value, "5"));
    text[100] = '"';
    ck_assert(!canon_memo_surely(memo, (struct str){text, len}, &value));
    free(text);
}
END_TEST

TEST_MAIN("canon_scan", canonical_texts_pass, texts_that_are_not_canonical_do_not,
          what_it_is_not_sure_of_is_left_to_the_tree,
          nests_go_as_deep_as_an_event_may_and_no_deeper,
          members_are_found_on_the_way_and_only_the_outermost,
          it_agrees_with_the_tree_on_random_texts_and_their_neighbours,
          a_text_that_resembles_an_earlier_one_is_looked_at_where_it_differs,
          more_shapes_than_it_remembers_are_still_told_apart,
          a_text_too_long_to_remember_is_still_answered)
