/* What is read in one pass is what the tree says, and what is not plain is left to the tree. */
#include "engine/gate/ask_skim.h"

#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "tests/gate/same_ask.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct world_policies policies;
static struct arena *scratch;

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    scratch = arena_new((size_t)16 << 20);
    policies = world_policies_load(arena);
}

static void down(void)
{
    arena_free(scratch);
    arena_free(arena);
}

static const char *text_of(const struct ask *a)
{
    struct str text = STR("");
    ck_ok(jcs_text(scratch, ask_print(scratch, a), &text));
    return str_dup(scratch, text);
}

static bool skim(const char *text, struct ask *a)
{
    struct json_skim s = json_skim_of(str_of(text));
    return ask_skim(scratch, &s, a);
}

/* Every member comes back, and the reading stops behind the object. */
static void comes_back(const struct ask *a)
{
    struct ask back;
    arena_reset(scratch);
    const char *text = text_of(a);
    const char *event = arena_fmt(scratch, "%s,\"gate_version\":2}", text);
    struct json_skim s = json_skim_of(str_of(event));
    ck_assert_msg(ask_skim(scratch, &s, &back), "not read: %s", text);
    ck_assert_str_eq(s.at, ",\"gate_version\":2}");
    ck_assert_str_eq(text_of(&back), text);
}

START_TEST(every_choice_of_the_world_is_read_as_it_was_written)
{
    for (int w = 0; w < WORLD_POLICIES; w++) {
        for (size_t d = 0; d < DIMS; d++) {
            for (size_t c = 0; c < world_dims[d].n; c++) {
                struct world world;
                size_t choice[DIMS] = {0};
                choice[d] = c;
                world_make(&world, policies.policy[w], choice);
                if (world.ask.bulk_n >= 0) /* fewer than none is nothing that ask_read takes */
                    comes_back(&world.ask);
            }
        }
    }
}
END_TEST

START_TEST(a_wide_amount_and_a_product_are_read)
{
    struct world world;
    struct ask back;
    world_begin(&world, policies.policy[POLICY_BELOW]);
    world.ask.amount.minor = INT64_MIN + 1;
    world.values[1].value = (struct decimal){.coef = 123456789, .scale = 30};
    world.values[1].source = "ECB";
    world.values[1].status = FX_STALE;
    comes_back(&world.ask);
    ck_assert(skim(text_of(&world.ask), &back));
    ck_assert_int_eq(decimal_cmp(back.values[1].value, world.values[1].value), 0);
}
END_TEST

/* An ask of the three members that none goes without, and of others before the first, the second
 * and the third of them. */
static const char *around(const char *a, const char *b, const char *c)
{
    return arena_fmt(scratch, "{%s\"action\":\"CONFIRM\",%s\"schema\":4,%s\"tier\":\"T2\"}", a, b,
                     c);
}

static const char *with(const char *members)
{
    return around("", arena_fmt(scratch, "%s,", members), "");
}

static const char *with_values(const char *members)
{
    return arena_fmt(scratch,
                     "{\"action\":\"CONFIRM\",\"schema\":4,\"tier\":\"T2\",\"values\":[{%s}]}",
                     members);
}

/* One pass and the tree say the same of it. */
static void is_read(const char *text)
{
    struct ask skimmed, read;
    struct json *tree;
    ck_assert_msg(skim(text, &skimmed), "not read: %s", text);
    ck_ok(json_read(scratch, str_of(text), NULL, &tree));
    ck_ok(ask_read(scratch, tree, &read));
    ck_assert_msg(same_ask(&skimmed, &read), "not the same: %s", text);
}

static void is_left(const char *text)
{
    struct ask ask = {.action = ACTION_SWEEP};
    ck_assert_msg(!skim(text, &ask), "read: %s", text);
    ck_assert_int_eq(ask.action, ACTION_SWEEP);
}

START_TEST(what_is_not_plain_is_left_to_the_tree)
{
    struct world world;
    world_begin(&world, policies.policy[POLICY_BELOW]);
    world.ask.counterparty = "a \"quoted\" name";
    is_left(text_of(&world.ask));
    is_left("{\"action\":\"CONFIRM\",\"schema\":3,\"tier\":\"T2\"}");
    is_left("{\"action\":\"CONFIRM\",\"schema\":4,\"tier\":\"T2\",\"zebra\":1}");
    is_left("{\"schema\":4,\"action\":\"CONFIRM\",\"tier\":\"T2\"}");
    is_left("{\"action\":\"PAY\",\"schema\":4,\"tier\":\"T2\"}");
    is_left(with("\"ambiguous\":\"true\""));
    is_left(with("\"approvers_n\":1.5"));
    is_left("{\"action\":\"CONFIRM\",\"schema\":4,\"tier\":\"T2\"");
    is_left("[]");
    is_left("");
    is_read(with("\"ambiguous\":true"));
}
END_TEST

START_TEST(no_ask_goes_without_action_schema_and_tier)
{
    is_read("{\"action\":\"CONFIRM\",\"schema\":4,\"tier\":\"T2\"}");
    is_left("{\"schema\":4,\"tier\":\"T2\"}");
    is_left("{\"action\":\"CONFIRM\",\"tier\":\"T2\"}");
    is_left("{\"action\":\"CONFIRM\",\"schema\":4}");
}
END_TEST

/* What a sum or a value is not said to be is not taken for nothing. */
START_TEST(a_sum_is_there_when_it_is_known)
{
    is_read(with("\"auto_confirmed\":{\"known\":true,\"sum\":\"7\"}"));
    is_read(with("\"auto_confirmed\":{\"known\":false}"));
    is_left(with("\"auto_confirmed\":{\"known\":true}"));
    is_left(with("\"auto_confirmed\":{\"known\":false,\"sum\":\"7\"}"));
    is_left(with("\"auto_confirmed\":{\"sum\":\"7\"}"));
    is_left(with("\"auto_confirmed\":{}"));
    is_left(with("\"bulk_sum\":{\"known\":true}"));
    is_read(with("\"cumulative\":[{\"known\":true,\"sum\":\"7\"},{\"known\":false}]"));
    is_left(with("\"cumulative\":[{\"known\":true,\"sum\":\"7\"},{\"known\":true}]"));
    is_left(with("\"cumulative\":[{\"known\":true,\"sum\":\"7\"},{}]"));
}
END_TEST

START_TEST(a_value_has_what_its_status_says)
{
    static const char known[] =
        "\"currency\":\"GBP\",\"rate\":\"0.8\",\"status\":\"known\",\"value\":\"8\"";
    is_read(with_values(known));
    is_read(with_values("\"currency\":\"GBP\",\"status\":\"missing\""));
    is_left(with_values("\"rate\":\"0.8\",\"status\":\"known\",\"value\":\"8\""));
    is_left(with_values("\"currency\":\"GBP\",\"rate\":\"0.8\",\"value\":\"8\""));
    is_left(with_values("\"currency\":\"GBP\",\"rate\":\"0.8\",\"status\":\"known\""));
    is_left(with_values("\"currency\":\"GBP\",\"status\":\"stale\",\"value\":\"8\""));
    is_left(with_values("\"currency\":\"GBP\",\"status\":\"missing\",\"value\":\"8\""));
    is_left(with_values("\"currency\":\"GBP\",\"rate\":\"0.8\",\"status\":\"missing\""));
    is_left(with_values("\"as_of\":\"2026-01-02\",\"currency\":\"GBP\",\"status\":\"missing\""));
    is_left(with_values(""));
    is_left(with("\"amount\":{\"currency\":\"GBP\"}"));
}
END_TEST

START_TEST(members_of_members_are_there_once_and_in_order)
{
    is_read(around("\"accounts\":[{\"class\":\"cash\",\"id\":\"1\"}],", "", ""));
    is_left(around("\"accounts\":[{\"id\":\"1\",\"class\":\"cash\"}],", "", ""));
    is_left(around("\"accounts\":[{\"id\":\"1\",\"id\":\"2\"}],", "", ""));
    is_left(with("\"auto_confirmed\":{\"known\":false,\"known\":true,\"sum\":\"7\"}"));
    is_left(with("\"auto_confirmed\":{\"sum\":\"7\",\"known\":true}"));
    is_left(with("\"roles\":[{\"role\":\"a\",\"role\":\"b\"}]"));
    is_left(with_values("\"status\":\"missing\",\"currency\":\"GBP\""));
    is_left(with("\"amount\":{\"currency\":\"GBP\",\"amount\":\"1\"}"));
    is_left(with("\"amount\":{\"amount\":\"1\",\"amount\":\"2\",\"currency\":\"GBP\"}"));
}
END_TEST

START_TEST(a_name_in_a_list_says_something)
{
    static const char *const lists[] = {"entities", "events", "own_agents_of", "proposers"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        is_read(with(arena_fmt(scratch, "\"%s\":[\"a\",\"b\"]", lists[i])));
        is_left(with(arena_fmt(scratch, "\"%s\":[\"a\",\"\"]", lists[i])));
    }
    is_read(around("", "", "\"seats\":[\"a\"],"));
    is_left(around("", "", "\"seats\":[\"\"],"));
    is_read(with("\"roles\":[{\"entity\":\"\",\"role\":\"a\"}]"));
    is_left(with("\"roles\":[{\"role\":\"\"}]"));
    is_left(with("\"roles\":[{\"entity\":\"us\"}]"));
    is_left(with("\"roles\":[{}]"));
}
END_TEST

START_TEST(numbers_are_as_they_are_printed)
{
    is_read(with("\"bulk_n\":0"));
    is_read(with("\"bulk_n\":4096"));
    is_left(with("\"bulk_n\":-1"));
    is_left(with("\"bulk_n\":100001"));
    is_read(with("\"approvers_n\":-10"));
    is_left(with("\"approvers_n\":007"));
    is_left(with("\"approvers_n\":-0"));
    is_left(with("\"approvers_n\":-"));
}
END_TEST

/* 38 digits fit into a decimal; one more would not into what it is counted in. */
START_TEST(a_decimal_has_so_many_digits_and_no_more)
{
    static const char sum[] = "\"auto_confirmed\":{\"known\":true,\"sum\":\"%s%s\"}";
    static const char nines[] = "99999999999999999999999999999999999999";
    is_read(with(arena_fmt(scratch, sum, nines, "")));
    is_read(with(arena_fmt(scratch, sum, "-", nines)));
    is_left(with(arena_fmt(scratch, sum, nines, "9")));
    is_left(with(arena_fmt(scratch, sum, nines, nines)));
    is_left(with(arena_fmt(scratch, sum, nines, "x99")));
    is_left(with(arena_fmt(scratch, sum, "", "")));
    is_left(with(arena_fmt(scratch, sum, "1.", "")));
}
END_TEST

START_TEST(a_text_is_utf8_without_controls)
{
    is_read(with("\"client\":\"M\xc3\xbcller \xf0\x9d\x84\x9e \x7f\""));
    is_left(with("\"client\":\"two\nlines\""));
    is_left(with("\"client\":\"\x1f\""));
    is_left(with("\"client\":\"M\xfcller\""));
    is_left(with("\"client\":\"\xc3\""));
    is_left(with("\"client\":\"\xed\xa0\x80\""));
    is_left(with("\"entities\":[\"\xc0\xaf\"]"));
}
END_TEST

TEST_MAIN_AROUND("ask_skim", up, down, every_choice_of_the_world_is_read_as_it_was_written,
                 a_wide_amount_and_a_product_are_read, what_is_not_plain_is_left_to_the_tree,
                 no_ask_goes_without_action_schema_and_tier, a_sum_is_there_when_it_is_known,
                 a_value_has_what_its_status_says, members_of_members_are_there_once_and_in_order,
                 a_name_in_a_list_says_something, numbers_are_as_they_are_printed,
                 a_decimal_has_so_many_digits_and_no_more, a_text_is_utf8_without_controls)
