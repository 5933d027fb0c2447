/* The grammar of actors byte for byte, ULIDs that sort by time, and the approval code. */
#include "common/base/id.h"

#include <string.h>

#include "tests/unit/test.h"

START_TEST(actor_parse_takes_the_three_kinds)
{
    struct actor_id a, b;
    ck_ok(actor_parse(STR("human:ana"), &a));
    ck_assert_int_eq(a.kind, ACTOR_HUMAN);
    ck_assert_str_eq(a.text, "human:ana");
    ck_assert_str_eq(actor_name(&a), "ana");
    ck_ok(actor_parse(STR("llm:s-1"), &b));
    ck_assert_int_eq(b.kind, ACTOR_LLM);
    ck_assert(!actor_same(&a, &b));
    ck_assert(actor_same(&a, &a));
    ck_ok(actor_parse(STR("engine:Recon_2.x@host"), &b));
    ck_assert_int_eq(b.kind, ACTOR_ENGINE);
    ck_assert_str_eq(actor_kind_name(ACTOR_LLM), "llm");
    ck_assert_str_eq(actor_kind_name(ACTOR_NONE), "none");
}
END_TEST

START_TEST(actor_of_no_kind_is_nobody_not_even_itself)
{
    struct actor_id nobody = {0};
    ck_assert(!actor_same(&nobody, &nobody));
    ck_assert_str_eq(actor_name(&nobody), "");
}
END_TEST

START_TEST(actor_parse_refuses_everything_odd)
{
    const struct str bad[] = {
        STR(""),
        STR("human"),
        STR("human:"),
        STR(":ana"),
        STR("Human:ana"),
        STR("HUMAN:ana"),
        STR("human :ana"),
        STR(" human:ana"),
        STR("human: ana"),
        STR("human:ana "),
        STR("human:an a"),
        STR("human:ana\n"),
        STR("human:.ana"),
        STR("human:-ana"),
        STR("human:@"),
        STR("human:a:b"),
        STR("human:a/b"),
        STR("human:a\0b"),
        STR("human\0:ana"),
        STR("robot:ana"),
        STR("none:ana"),
        STR("human:\xC3\xA4na"),
        STR("human:a\tb"),
        STR("human:ana,llm:x"),
        STR("human:ana\0"),
    };
    struct actor_id a = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(actor_parse(bad[i], &a), ERR_INPUT);
    ck_err(actor_parse(str_of(NULL), &a), ERR_INPUT);
    ck_assert_int_eq(a.kind, ACTOR_NONE);
}
END_TEST

START_TEST(actor_names_have_at_most_128_bytes)
{
    char text[200] = "engine:";
    struct actor_id a;
    memset(text + 7, 'x', 129);
    ck_err(actor_parse((struct str){.at = text, .len = 7 + 129}, &a), ERR_INPUT);
    ck_ok(actor_parse((struct str){.at = text, .len = 7 + 128}, &a));
    ck_assert_uint_eq(strlen(a.text), 135);
}
END_TEST

START_TEST(id_print_makes_a_ulid_behind_its_prefix)
{
    unsigned char random[ID_RANDOM_LEN], ones[ID_RANDOM_LEN];
    memset(random, 0, sizeof random);
    memset(ones, 0xFF, sizeof ones);
    char out[ID_TEXT_MAX];
    id_print("mat", 0, random, out);
    ck_assert_str_eq(out, "mat_00000000000000000000000000");
    id_print("esc", ((int64_t)1 << 48) - 1, ones, out);
    ck_assert_str_eq(out, "esc_7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    id_print("mat", 1469918176385, random, out); /* the time in the ULID specification's example */
    ck_assert_str_eq(out, "mat_01ARYZ6S410000000000000000");
    ck_assert(id_valid(out, "mat"));
    ck_assert(id_valid(out, NULL));
    ck_assert(!id_valid(out, "esc"));
    ck_assert(!id_valid(out, "ma"));
}
END_TEST

START_TEST(ids_sort_by_time)
{
    unsigned char random[ID_RANDOM_LEN];
    char before[ID_TEXT_MAX], after[ID_TEXT_MAX];
    memset(random, 0xFF, sizeof random);
    id_print("mat", 1, random, before);
    for (int64_t ms = 2; ms < (int64_t)1 << 47; ms = ms * 3 + 1) {
        memset(random, 0, sizeof random);
        id_print("mat", ms, random, after);
        ck_assert_int_lt(strcmp(before, after), 0);
        memcpy(before, after, sizeof before);
    }
}
END_TEST

START_TEST(id_valid_refuses_what_id_print_never_makes)
{
    static const char *const bad[] = {
        "",
        "mat_",
        "mat-01ARYZ6S410000000000000000",
        "_01ARYZ6S410000000000000000",
        "MAT_01ARYZ6S410000000000000000",
        "mat_01ARYZ6S41000000000000000",
        "mat_01ARYZ6S4100000000000000000",
        "mat_81ARYZ6S410000000000000000",
        "mat_01ARYZ6S41000000000000000I",
        "mat_01ARYZ6S41000000000000000L",
        "mat_01ARYZ6S41000000000000000O",
        "mat_01ARYZ6S41000000000000000U",
        "mat_01aryz6s410000000000000000",
        "mat_01ARYZ6S410000000000000000 ",
        "abcdefghi_01ARYZ6S410000000000000000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!id_valid(bad[i], NULL), "%s", bad[i]);
    ck_assert(!id_valid(NULL, NULL));
}
END_TEST

START_TEST(approval_code_shows_the_first_forty_bits)
{
    char out[APPROVAL_CODE_TEXT_MAX];
    approval_code_print((const unsigned char[]){0, 0, 0, 0, 0}, out);
    ck_assert_str_eq(out, "0000-0000");
    approval_code_print((const unsigned char[]){0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, out);
    ck_assert_str_eq(out, "ZZZZ-ZZZZ");
    /* 7 Q K 4 M 2 X D = 7 23 19 4 20 2 29 13 */
    approval_code_print((const unsigned char[]){0x3D, 0xE6, 0x4A, 0x0B, 0xAD}, out);
    ck_assert_str_eq(out, "7QK4-M2XD");
}
END_TEST

TEST_MAIN("id", actor_parse_takes_the_three_kinds, actor_of_no_kind_is_nobody_not_even_itself,
          actor_parse_refuses_everything_odd, actor_names_have_at_most_128_bytes,
          id_print_makes_a_ulid_behind_its_prefix, ids_sort_by_time,
          id_valid_refuses_what_id_print_never_makes, approval_code_shows_the_first_forty_bits)
