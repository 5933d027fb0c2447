/* What is read in one pass is what the tree says, and what is not plain is left to the tree. */
#include "engine/gate/ask_skim.h"

#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
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

START_TEST(what_is_not_plain_is_left_to_the_tree)
{
    struct world world;
    struct ask back;
    world_begin(&world, policies.policy[POLICY_BELOW]);
    world.ask.counterparty = "a \"quoted\" name";
    ck_assert(!skim(text_of(&world.ask), &back));
    ck_assert(!skim("{\"action\":\"CONFIRM\",\"schema\":3}", &back));
    ck_assert(!skim("{\"action\":\"CONFIRM\"}", &back));
    ck_assert(!skim("{\"action\":\"CONFIRM\",\"schema\":4,\"zebra\":1}", &back));
    ck_assert(!skim("{\"schema\":4,\"action\":\"CONFIRM\"}", &back));
    ck_assert(!skim("{\"action\":\"PAY\",\"schema\":4}", &back));
    ck_assert(!skim("{\"ambiguous\":\"true\",\"schema\":4}", &back));
    ck_assert(!skim("{\"approvers_n\":1.5,\"schema\":4}", &back));
    ck_assert(!skim("{\"schema\":4", &back));
    ck_assert(!skim("[]", &back) && !skim("", &back));
    ck_assert(skim("{\"action\":\"CONFIRM\",\"schema\":4}", &back));
    ck_assert_int_eq(back.action, ACTION_CONFIRM);
}
END_TEST

TEST_MAIN_AROUND("ask_skim", up, down, every_choice_of_the_world_is_read_as_it_was_written,
                 a_wide_amount_and_a_product_are_read, what_is_not_plain_is_left_to_the_tree)
