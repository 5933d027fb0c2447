/* The strict subset: what is read, what surprises, and where each complaint points. */
#include "common/sys/yaml_read.h"

#include <string.h>

#include "tests/unit/test.h"

static const struct json *yaml(struct arena *a, const char *text)
{
    struct json *tree = NULL;
    ck_ok(yaml_read(a, str_of(text), &tree));
    return tree;
}

START_TEST(a_policy_like_file_is_read_with_lines_and_columns)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    const struct json *t = yaml(a, "# comment\n"
                                   "version: 3\n"
                                   "threshold: 10000.00\n"
                                   "on_text: \"no\"\n"
                                   "since: 2026-03-31\n"
                                   "enabled: true\n"
                                   "nothing: null\n"
                                   "accounts: [1500-X, '0100', 10.0.0.1]\n"
                                   "nested:\n"
                                   "  - id: a\n"
                                   "    text: |\n"
                                   "      two\n"
                                   "      lines\n");
    ck_assert_str_eq(json_get(t, "version")->text.at, "3");
    ck_assert(json_is(json_get(t, "version"), JSON_TYPE_NUMBER));
    ck_assert_str_eq(json_get(t, "threshold")->text.at, "10000.00");
    ck_assert(json_is(json_get(t, "threshold"), JSON_TYPE_NUMBER));
    ck_assert_str_eq(json_get_text(t, "on_text"), "no");
    ck_assert_str_eq(json_get_text(t, "since"), "2026-03-31");
    ck_assert(json_get(t, "enabled")->truth);
    ck_assert(json_is(json_get(t, "nothing"), JSON_TYPE_NULL));
    ck_assert_str_eq(json_text(json_pointer_get(t, "/accounts/0")), "1500-X");
    ck_assert_str_eq(json_text(json_pointer_get(t, "/accounts/1")), "0100");
    ck_assert_str_eq(json_text(json_pointer_get(t, "/accounts/2")), "10.0.0.1");
    ck_assert_str_eq(json_text(json_pointer_get(t, "/nested/0/text")), "two\nlines\n");
    ck_assert_str_eq(json_where(a, t, "/nested/0/id"), "10:9 /nested/0/id");
    ck_assert_str_eq(json_where(a, t, ""), "2:1");
    ck_assert_uint_eq(t->members[1].line, 3);
    ck_assert_uint_eq(t->members[1].column, 1);
}
END_TEST

static const char *const surprises[] = {
    "yes",     "Yes",    "YES",  "no",   "No",    "on",     "off",   "Off",  "y",    "n",
    "Y",       "N",      "True", "TRUE", "False", "Null",   "NULL",  "~",    "010",  "0o10",
    "0x1F",    "0b11",   "-010", "+1",   "+1.5",  "1_000",  "1_0.5", "1e3",  "1E3",  "1.5e-3",
    ".5",      "5.",     "-.5",  ".inf", "-.inf", "+.INF",  ".nan",  ".NaN", "1:30", "-1:30",
    "1:30:15", "1:30.5", "00",   "007",  "=",     "1.0e+3", "12e03", "00.5", "0_1",
};

START_TEST(type_surprises_are_errors_that_say_what_to_write)
{
    for (size_t i = 0; i < sizeof surprises / sizeof surprises[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        struct err e = yaml_read(a, str_of(arena_fmt(a, "a: 1\nkey: %s\n", surprises[i])), &tree);
        ck_assert_msg(e.kind == ERR_INPUT, "%s was read", surprises[i]);
        ck_assert_str_eq(e.where, "2:6");
        ck_assert_msg(strstr(e.msg, "quotes") != NULL, "%s: %s", surprises[i], e.msg);
        ck_assert_msg(strstr(e.msg, surprises[i]) != NULL, "%s: %s", surprises[i], e.msg);
        const struct json *quoted = yaml(a, arena_fmt(a, "key: '%s'\n", surprises[i]));
        ck_assert_str_eq(json_get_text(quoted, "key"), surprises[i]);
    }
}
END_TEST

static const char *const texts[] = {
    "saas",
    "no_rate",
    "yes sir",
    "1500-X",
    "2026-03-31",
    "2026-03-31T10:00:00Z",
    "1.2.3",
    "10.0.0.1",
    "30d",
    "9am",
    "nil",
    "NaN",
    "Infinity",
    "e3",
    "x1F",
    "0xZZ",
    "0bits",
    "1-2",
    "N/A",
    "-x",
    "a:b",
    "Ünïcode",
    "none",
    "truely",
    "_1",
    "1000000 JPY",
    ".hidden",
    "T3",
    "1/2",
    "+x",
    "https://example.test/a",
    "<=",
};

START_TEST(plain_words_ids_and_dates_are_text)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        const struct json *t = yaml(a, arena_fmt(a, "key: %s\n", texts[i]));
        ck_assert_str_eq(json_get_text(t, "key"), texts[i]);
    }
}
END_TEST

static const char *const numbers[] = {"0",     "-0",   "1",      "-3",
                                      "10000", "0.30", "-12.50", "123456789012345678901"};

START_TEST(plain_decimals_are_numbers_by_their_literal)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        const struct json *n = json_get(yaml(a, arena_fmt(a, "key: %s\n", numbers[i])), "key");
        ck_assert(json_is(n, JSON_TYPE_NUMBER));
        ck_assert_str_eq(n->text.at, numbers[i]);
    }
}
END_TEST

static const struct {
    const char *text, *where, *says;
} refused[] = {
    {"", "1:1", "empty"},
    {"# only a comment\n", "1:1", "empty"},
    {"a: 1\nb: 2\na: 3\n", "3:1", "already there at line 1"},
    {"a: 1\n\"a\": 3\n", "2:1", "already there at line 1"},
    {"a: &x 1\n", "1:4", "anchors (&x)"},
    {"a: &x {b: 1}\n", "1:4", "anchors (&x)"},
    {"a: *x\n", "1:4", "aliases (*x)"},
    {"a: !!str 1\n", "1:4", "tags"},
    {"a: !mine [1]\n", "1:4", "tags"},
    {"a: ! 1\n", "1:4", "tags"},
    {"<<: {a: 1}\n", "1:1", "merge keys"},
    {"a: 1\n---\nb: 2\n", "2:1", "second document"},
    {"%YAML 1.1\n---\na: 1\n", "1:1", "directives"},
    {"%TAG ! tag:x,2026:\n---\na: 1\n", "1:1", "directives"},
    {"a:\n", "1:3", "an empty value"},
    {"a:\nb: 1\n", "1:3", "an empty value"},
    {"- 1\n-\n", "2:2", "an empty value"},
    {"no: 1\n", "1:1", "in quotes"},
    {"a:\n  on: 1\n", "2:3", "in quotes"},
    {"true: 1\n", "1:1", "in quotes"},
    {"010: 1\n", "1:1", "in quotes"},
    {"? [a]\n: 1\n", "1:3", "a key must be text"},
    {"{a: 1}: 1\n", "1:1", "a key must be text"},
    {"a:\n\tb: 1\n", "2:1", "a tab"},
    {"a: 1\n  b: 2\n", "2:4", "mapping values are not allowed"},
    {"a: [1, 2\n", "2:1", "','"},
    {"a: 'x\n", "2:1", "unexpected end"},
    {"a: @x\n", "1:4", "cannot start"},
    {"a: \"\\ud800\"\n", "1:7", "Unicode"},
    {"a: \"\\q\"\n", "1:5", "escape"},
    {"a: x\x01y\n", "1:5", "control"},
    {"a: \xc3\xa9\xff\n", "1:5", "UTF-8"},
    {"a: 1\nb: \xff\n", "2:4", "UTF-8"},
    {"\xef\xbb\xbf"
     "a: 1\n",
     "1:1", "byte order mark"},
};

START_TEST(everything_else_is_refused_where_it_stands)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        struct json *tree = NULL;
        struct err e = yaml_read(a, str_of(refused[i].text), &tree);
        ck_assert_msg(e.kind == ERR_INPUT, "row %zu was read: %s", i, refused[i].text);
        ck_assert_msg(strstr(e.msg, refused[i].says) != NULL, "row %zu: %s at %s", i, e.msg,
                      e.where);
        ck_assert_msg(text_eq(e.where, refused[i].where), "row %zu: %s at %s", i, e.msg, e.where);
        ck_assert_ptr_null(tree);
    }
}
END_TEST

START_TEST(keys_may_be_numbers_kept_as_text)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    ck_assert_str_eq(json_get_text(yaml(a, "1500: cash\n"), "1500"), "cash");
}
END_TEST

START_TEST(depth_and_size_have_ceilings)
{
    CLEANUP(arena_free) struct arena *a = arena_new(64 << 20);
    struct json *tree = NULL;
    char nest[2000];
    for (size_t depth = 32; depth <= 33; depth++) {
        memset(nest, '[', depth);
        memset(nest + depth, ']', depth);
        ck_assert_int_eq(yaml_read(a, (struct str){nest, 2 * depth}, &tree).kind,
                         depth == 32 ? ERR_NONE : ERR_LIMIT);
    }
    char *big = arena_alloc(a, YAML_BYTES_MAX + 1);
    memset(big, 'a', YAML_BYTES_MAX + 1);
    ck_err(yaml_read(a, (struct str){big, YAML_BYTES_MAX + 1}, &tree), ERR_LIMIT);
    memset(big, '[', YAML_BYTES_MAX);
    ck_assert_int_ne(yaml_read(a, (struct str){big, YAML_BYTES_MAX}, &tree).kind, ERR_NONE);
    CLEANUP(arena_free) struct arena *tiny = arena_new(500);
    ck_err(yaml_read(tiny, STR("a: [1, 2, 3, 4, 5, 6, 7]"), &tree), ERR_LIMIT);
}
END_TEST

TEST_MAIN("yaml_read", a_policy_like_file_is_read_with_lines_and_columns,
          type_surprises_are_errors_that_say_what_to_write, plain_words_ids_and_dates_are_text,
          plain_decimals_are_numbers_by_their_literal, everything_else_is_refused_where_it_stands,
          keys_may_be_numbers_kept_as_text, depth_and_size_have_ceilings)
