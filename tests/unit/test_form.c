/* Forms and queries: one meaning for each text, and what is written reads back. */
#include "common/base/form.h"

#include <string.h>

#include "tests/unit/test.h"

static struct arena *arena;

static enum err_kind got(const char *form, const char *name, const char **value)
{
    return form_get(arena, str_of(form), name, value).kind;
}

START_TEST(a_parameter_is_found_decoded_or_absent)
{
    static const struct {
        const char *form, *want;
    } cases[] = {
        {"a=1", "1"},    {"b=2&a=1", "1"}, {"a=1&b=2", "1"}, {"a=", ""},
        {"a", ""},       {"a=x=y", "x=y"}, {"a=x+y", "x y"}, {"a=%41%c3%A9", "A\xc3\xa9"},
        {"%61=1", "1"},  {"", NULL},       {"b=1", NULL},    {"A=1", NULL},
        {"&&a=1&", "1"}, {"=1&a=2", "2"},  {"a%3D=1", NULL}, {"a=%26b", "&b"},
    };
    const char *value;
    arena = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(got(cases[i].form, "a", &value), ERR_NONE);
        ck_assert_msg(text_eq(value, cases[i].want), "%s", cases[i].form);
    }
    arena_free(arena);
}
END_TEST

START_TEST(a_parameter_that_could_be_read_two_ways_is_refused)
{
    static const char *const bad[] = {"a=1&a=2", "a=1&%61=2", "a&a",        "a=%",
                                      "a=%4",    "a=%4g",     "a=%00",      "a=%ff",
                                      "a=%c3",   "%zz=1&a=1", "a=%ed%a0%80"};
    const char *value;
    arena = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(got(bad[i], "a", &value) == ERR_INPUT, "%s", bad[i]);
    arena_free(arena);
}
END_TEST

START_TEST(every_byte_that_is_written_reads_back)
{
    struct buf out;
    const char *value;
    char text[2] = "";
    arena = arena_new(1 << 20);
    buf_init(&out, 4096);
    for (int c = 1; c < 128; c++) {
        buf_clear(&out);
        text[0] = (char)c;
        form_put(&out, "before", "x&a=y");
        form_put(&out, "a", text);
        ck_assert_int_eq(got(buf_text(&out), "a", &value), ERR_NONE);
        ck_assert_str_eq(value, text);
    }
    buf_clear(&out);
    buf_puts(&out, "https://x/?");
    form_put(&out, "a b", "\xc3\xa9/");
    form_put(&out, "c", "d");
    ck_assert_str_eq(buf_text(&out), "https://x/?a%20b=%C3%A9%2F&c=d");
    buf_fini(&out);
    arena_free(arena);
}
END_TEST

TEST_MAIN("form", a_parameter_is_found_decoded_or_absent,
          a_parameter_that_could_be_read_two_ways_is_refused, every_byte_that_is_written_reads_back)
