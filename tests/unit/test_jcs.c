/* RFC 8785: its sample object (section 3.2), its sorting example, and its table of doubles
 * (appendix B), given as bits and the text that ECMAScript prints. */
#include "common/sys/jcs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "tests/unit/test.h"

static const char *canonical(struct arena *a, struct str text)
{
    struct json *tree = NULL;
    struct str out;
    ck_ok(json_read(a, text, NULL, &tree));
    ck_ok(jcs_text(a, tree, &out));
    ck_assert_uint_eq(strlen(out.at), out.len);
    return out.at;
}

START_TEST(the_sample_object_of_the_rfc)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    ck_assert_str_eq(
        canonical(a,
                  STR("{ \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3,"
                      " 0.000000000000000000000000001],\n"
                      " \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
                      " \"literals\": [null, true, false] }")),
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
        "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}
END_TEST

START_TEST(keys_are_sorted_by_utf16_code_units)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    ck_assert_str_eq(
        canonical(a, STR("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
                         "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
                         "\"\\ud83d\\ude00\":\"Emoji\",\"\\u0080\":\"Control\","
                         "\"\\u00f6\":\"Latin\",\"</script>\":\"S\"}")),
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"</script>\":\"S\",\"\xc2\x80\":\"Control\","
        "\"\xc3\xb6\":\"Latin\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji\","
        "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    ck_assert_str_eq(canonical(a, STR("{\"aa\":1,\"a\":2,\"\":3,\"b\":{}}")),
                     "{\"\":3,\"a\":2,\"aa\":1,\"b\":{}}");
}
END_TEST

static const struct {
    uint64_t bits;
    const char *text;
} doubles[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
    {0x3d30000000000000,
     "5.684341886080802e-14"}, /* 2^-44: the nearest 16 digits would end in 801 */
    {0x7e37e43c8800759c, "1e+300"},
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x3ff0000000000000, "1"},
    {0x3fb999999999999a, "0.1"},
};

START_TEST(doubles_are_printed_as_ecmascript_does)
{
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        double d;
        memcpy(&d, &doubles[i].bits, sizeof d);
        ck_assert_str_eq(canonical(a, str_of(arena_fmt(a, "%.17g", d))), doubles[i].text);
        ck_assert_str_eq(canonical(a, str_of(doubles[i].text)), doubles[i].text);
    }
}
END_TEST

START_TEST(random_doubles_read_back_and_have_no_shorter_text)
{
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        double d, back;
        memcpy(&d, &x, sizeof d);
        if ((x >> 52 & 0x7ff) == 0x7ff)
            continue;
        const char *text = canonical(a, str_of(arena_fmt(a, "%.17g", d)));
        back = strtod(text, NULL);
        ck_assert_msg(memcmp(&d, &back, sizeof d) == 0, "%.17g %s", d, text);
        ck_assert_str_eq(canonical(a, str_of(text)), text);
    }
}
END_TEST

START_TEST(integers_keep_their_digits_within_two_to_the_53)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    ck_assert_str_eq(canonical(a, STR("9007199254740991")), "9007199254740991");
    ck_assert_str_eq(canonical(a, STR("-9007199254740992")), "-9007199254740992");
    ck_assert_str_eq(canonical(a, STR("9007199254740993")), "9007199254740992");
    ck_assert_str_eq(canonical(a, STR("-0")), "0");
    ck_assert_str_eq(canonical(a, STR("10.00")), "10");
    ck_assert_str_eq(canonical(a, STR("1e-400")), "0");
}
END_TEST

START_TEST(control_characters_have_the_rfcs_spelling)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    ck_assert_str_eq(canonical(a, STR("\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001F\\u007f\\/\"")),
                     "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f/\"");
}
END_TEST

START_TEST(what_has_no_double_is_refused)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct str out;
    ck_err(jcs_text(a, json_number_new(a, STR("1e400")), &out), ERR_INPUT);
    ck_err(jcs_text(a, json_number_new(a, STR("-1e99999999999999999999")), &out), ERR_INPUT);
    ck_err(jcs_text(a, json_str_new(a, STR("\xff")), &out), ERR_INPUT);
    char *long_number = arena_alloc(a, 1102);
    memset(long_number, '7', 1101);
    ck_err(jcs_text(a, json_number_new(a, str_of(long_number)), &out), ERR_INPUT);
}
END_TEST

START_TEST(depth_and_size_have_ceilings)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct str out;
    const struct json *deep = json_null_new(a);
    for (unsigned i = 0; i < JCS_DEPTH_MAX; i++) {
        struct json *up = json_array_new(a);
        json_push(a, up, deep);
        deep = up;
    }
    ck_err(jcs_text(a, deep, &out), ERR_LIMIT);
    CLEANUP(buf_fini) struct buf b;
    buf_init(&b, 5);
    ck_err(jcs_print(json_text_new(a, "12345"), &b), ERR_LIMIT);
}
END_TEST

START_TEST(raw_json_is_never_called_canonical)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    struct json *o = json_object_new(a);
    struct str out;
    json_put(a, o, "event", json_raw_new(a, STR("{\"a\": 1}")));
    ck_err(jcs_text(a, o, &out), ERR_BUG);
}
END_TEST

START_TEST(large_objects_come_out_sorted)
{
    CLEANUP(arena_free) struct arena *a = arena_new(64 << 20);
    struct json *o = json_object_new(a);
    struct str out;
    for (unsigned i = 0; i < 5000; i++)
        json_put_int(a, o, arena_fmt(a, "%04u", i * 1237u % 5000u), 0);
    ck_ok(jcs_text(a, o, &out));
    const char *p = out.at + 1;
    for (unsigned i = 0; i < 5000; i++, p += 9) {
        char want[12];
        (void)snprintf(want, sizeof want, "\"%04u\":0%c", i, i == 4999 ? '}' : ',');
        ck_assert_mem_eq(p, want, 9);
    }
}
END_TEST

/* A text of every kind of byte in turn, the slow obvious way beside it. */
static size_t texts_make(size_t n, char *text, char *want)
{
    static const struct {
        const char *as, *printed;
    } kinds[] = {{"a", "a"},       {"\"", "\\\""}, {"bcdefghijk", "bcdefghijk"},
                 {"\\", "\\\\"},   {"\n", "\\n"},  {"\x01", "\\u0001"},
                 {"\x7f", "\x7f"}, {"é", "é"},     {"l\"m\"n", "l\\\"m\\\"n"}};
    char *to = want;
    *text = '\0';
    *to++ = '"';
    for (size_t i = 0; i < n; i++) {
        size_t kind = (i * 7 + i / 5) % (sizeof kinds / sizeof kinds[0]);
        size_t len = strlen(kinds[kind].as), printed = strlen(kinds[kind].printed);
        memcpy(text, kinds[kind].as, len + 1);
        memcpy(to, kinds[kind].printed, printed);
        text += len;
        to += printed;
    }
    *to++ = '"';
    *to = '\0';
    return (size_t)(to - want);
}

START_TEST(texts_of_any_length_are_printed_up_to_the_last_byte_there_is_room_for)
{
    static char text[16384], want[32768];
    for (size_t n = 0; n < 1500; n += n < 80 ? 1 : 37) {
        size_t len = texts_make(n, text, want);
        for (size_t spare = 0; spare < 3000; spare += 999) {
            CLEANUP(buf_fini) struct buf out;
            buf_init(&out, len + spare);
            ck_ok(jcs_text_print(str_of(text), &out));
            ck_ok(buf_check(&out));
            ck_assert_str_eq(buf_text(&out), want);
        }
        CLEANUP(buf_fini) struct buf tight;
        buf_init(&tight, len - 1);
        ck_ok(jcs_text_print(str_of(text), &tight));
        ck_err(buf_check(&tight), ERR_LIMIT);
    }
}
END_TEST

TEST_MAIN("jcs", the_sample_object_of_the_rfc, keys_are_sorted_by_utf16_code_units,
          doubles_are_printed_as_ecmascript_does, random_doubles_read_back_and_have_no_shorter_text,
          integers_keep_their_digits_within_two_to_the_53,
          control_characters_have_the_rfcs_spelling, what_has_no_double_is_refused,
          depth_and_size_have_ceilings, raw_json_is_never_called_canonical,
          large_objects_come_out_sorted,
          texts_of_any_length_are_printed_up_to_the_last_byte_there_is_room_for)
