/* A walk over JSON text that nobody builds a tree of. */
#include "common/base/json_skim.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

static const char all[] = "{\"a\":[1,{\"z\":\"]}\"}],\"b\":{\"z\":2},\"c\":\"\\\"z\\\":3,\\\\\","
                          "\"d\":-1.5e3,\"e\":null,\"f\":{},\"g\":[],\"h\":\"\",\"z\":\"x\"}";

/* The member's value, as it is passed; the empty text when there is none. */
static struct str member(struct str object, const char *name)
{
    struct json_skim s = json_skim_of(object);
    struct str key;
    if (!json_skim_into(&s, '{'))
        return (struct str){.at = NULL};
    while (json_skim_key(&s, &key)) {
        const char *from = s.at;
        json_skim_pass(&s);
        if (str_is(key, name))
            return (struct str){.at = from, .len = (size_t)(s.at - from)};
    }
    return (struct str){.at = NULL};
}

static void is_member(const char *object, const char *name, const char *want)
{
    const struct str value = member(str_of(object), name);
    ck_assert_msg((value.at != NULL) == (want != NULL), "%s in %s", name, object);
    if (want != NULL)
        ck_assert_msg(str_is(value, want), "%s: %.*s", name, (int)value.len, value.at);
}

START_TEST(a_member_is_found_whatever_stands_before_it)
{
    is_member(all, "a", "[1,{\"z\":\"]}\"}]");
    is_member(all, "b", "{\"z\":2}");
    is_member(all, "c", "\"\\\"z\\\":3,\\\\\"");
    is_member(all, "d", "-1.5e3");
    is_member(all, "e", "null");
    is_member(all, "f", "{}");
    is_member(all, "g", "[]");
    is_member(all, "h", "\"\"");
    is_member(all, "z", "\"x\"");
    is_member(all, "", NULL);
    is_member(all, "y", NULL);
    is_member("{}", "a", NULL);
    is_member("[\"a\",1]", "a", NULL);
    is_member("\"a\"", "a", NULL);
    is_member("", "a", NULL);
}
END_TEST

START_TEST(elements_come_one_after_the_other_and_then_what_follows)
{
    static const char *const want[] = {"{\"a\":[1,2]}", "[]", "\",]\"", "7", "false"};
    struct json_skim s = json_skim_of(STR("[{\"a\":[1,2]},[],\",]\",7,false],9"));
    ck_assert(!json_skim_into(&s, '{'));
    ck_assert(json_skim_into(&s, '['));
    for (size_t i = 0; i < 5; i++) {
        ck_assert(json_skim_item(&s));
        const char *from = s.at;
        json_skim_pass(&s);
        ck_assert_msg(str_is((struct str){from, (size_t)(s.at - from)}, want[i]), "%zu", i);
    }
    ck_assert(!json_skim_item(&s));
    ck_assert_str_eq(s.at, ",9");
    s = json_skim_of(STR("[]"));
    ck_assert(json_skim_into(&s, '[') && !json_skim_item(&s) && s.at == s.end);
}
END_TEST

START_TEST(a_text_is_passed_as_it_is_written)
{
    struct json_skim s = json_skim_of(STR("\"Gr\u00fc\\\"\\\\\\\\\",1"));
    struct str quoted;
    ck_assert(json_skim_text(&s, &quoted));
    ck_assert(str_is(quoted, "\"Gr\u00fc\\\"\\\\\\\\\""));
    ck_assert(!json_skim_text(&s, &quoted));
    ck_assert_str_eq(s.at, ",1");
}
END_TEST

/* Each prefix, and each with one byte changed, in memory of its own, so that a sanitizer sees a
 * look past its end; every walk ends. */
START_TEST(text_that_is_no_json_is_not_looked_past)
{
    static const char odd[] = "}]{[,:\"\\ 1";
    for (size_t n = 0; n < sizeof all; n++) {
        for (size_t k = 0; k < sizeof odd; k++) {
            char *copy = malloc(n + (n == 0));
            ck_assert_ptr_nonnull(copy);
            memcpy(copy, all, n);
            if (n > 0 && k > 0)
                copy[n / 2] = odd[k - 1];
            const struct str text = {.at = copy, .len = n};
            const struct str value = member(text, "z");
            ck_assert(value.at == NULL || value.at + value.len <= copy + n);
            struct json_skim s = json_skim_of(member(text, "a"));
            if (s.at != NULL && json_skim_into(&s, '[')) {
                for (size_t i = 0; json_skim_item(&s); i++) {
                    ck_assert_uint_le(i, n);
                    json_skim_pass(&s);
                }
            }
            free(copy);
        }
    }
}
END_TEST

TEST_MAIN("json_skim", a_member_is_found_whatever_stands_before_it,
          elements_come_one_after_the_other_and_then_what_follows,
          a_text_is_passed_as_it_is_written, text_that_is_no_json_is_not_looked_past)
