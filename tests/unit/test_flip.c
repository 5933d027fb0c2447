/* The smallest change that another verdict follows from: it does follow, and it is told truly. */
#include "engine/gate/flip.h"

#include <stdio.h>
#include <string.h>

#include "common/sys/yaml_read.h"
#include "engine/gate/case.h"
#include "tests/gate/world.h"
#include "tests/unit/test.h"

static struct arena *arena;
static struct world_policies policies;
static struct flips flips;

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
    policies = world_policies_load(arena);
}

static void down(void)
{
    arena_free(arena);
}

static void find(const char *facts)
{
    static const char rates[] = "\nrates: {GBP: \"0.8\", JPY: \"150\", EUR: \"0.9\"}\n";
    const struct policy *p = policies.policy[POLICY_BELOW];
    struct json *tree = NULL;
    struct ask ask;
    ck_ok(yaml_read(arena, str_of(arena_fmt(arena, "%s%s", facts, rates)), &tree));
    ck_ok(case_read(arena, p, tree, &ask));
    ck_ok(flips_find(arena, p, &ask, &flips));
}

static const struct flip *told(const char *words)
{
    for (size_t i = 0; i < flips.n; i++) {
        if (strcmp(flips.at[i].words, words) == 0)
            return &flips.at[i];
    }
    return NULL;
}

/* It is told, by whom, and what then. */
static void says(const char *words, enum flip_by by, enum ruling ruling)
{
    const struct flip *flip = told(words);
    if (flip == NULL) {
        for (size_t i = 0; i < flips.n; i++)
            printf("# %s\n", flips.at[i].words);
        ck_abort_msg("nobody says: %s", words);
        return;
    }
    ck_assert_int_eq(flip->by, by);
    ck_assert_int_eq(flip->becomes.ruling, ruling);
}

START_TEST(an_amount_over_materiality_would_be_allowed_up_to_it)
{
    find("action: CONFIRM\namount: \"10000.01 USD\"");
    says("up to 10000.00 USD", FLIP_BY_NOBODY, RULING_ALLOW);
    says("by a person, for instance a controller in acme-us", FLIP_BY_OTHERS, RULING_ALLOW);
    find("action: CONFIRM\namount: \"123456.78 GBP\"\nentities: [uk]\n"
         "values: {GBP: \"123456.78 GBP\"}");
    ck_assert_ptr_null(told("up to 10000.00 USD"));
}
END_TEST

START_TEST(what_is_allowed_says_from_where_on_it_is_not)
{
    find("action: CONFIRM\namount: \"12.00 USD\"");
    ck_assert_uint_eq(flips.n, 1);
    says("from 10000.01 USD on", FLIP_BY_NOBODY, RULING_HUMAN);
    ck_assert_str_eq(flips.at[0].becomes.pointer, "/materiality_threshold_usd");
}
END_TEST

START_TEST(a_person_is_told_what_they_can_do_themselves)
{
    find("action: CONFIRM\nactor: \"human:ana\"\namount: \"10000.01 USD\"\nhas_rationale: false");
    says("with a rationale", FLIP_BY_ACTOR, RULING_ALLOW);
    find("action: CONFIRM\nactor: \"human:ana\"\nchannel: cli");
    says("through the web", FLIP_BY_ACTOR, RULING_ALLOW);
    find("action: CONFIRM\nactor: \"human:ana\"\nauth_age_s: 28801");
    says("after signing in again", FLIP_BY_ACTOR, RULING_ALLOW);
    find("action: RESOLVE\nbulk_n: 4");
    says("with at most 3 at once", FLIP_BY_ACTOR, RULING_ALLOW);
}
END_TEST

START_TEST(who_proposed_it_is_told_as_what_nobody_can_change)
{
    find("action: CONFIRM\nactor: \"human:ana\"\nproposers: [ana]\nentities: [us]");
    says("by another person than ana, for instance a controller in us", FLIP_BY_OTHERS,
         RULING_ALLOW);
    says("if neither human:ana nor their agent had proposed it or asked for it", FLIP_BY_NOBODY,
         RULING_ALLOW);
    ck_assert_int_eq(flips.at[0].by, FLIP_BY_OTHERS); /* what can be done comes first */
}
END_TEST

START_TEST(two_facts_are_told_when_one_is_not_enough)
{
    find("action: CONFIRM\nactor: \"human:ana\"\nchannel: cli\namount: \"10000.01 USD\"\n"
         "has_rationale: false");
    says("with a rationale, and through the web", FLIP_BY_ACTOR, RULING_ALLOW);
    ck_assert_ptr_null(told("with a rationale"));
}
END_TEST

START_TEST(above_single_max_another_person_joins)
{
    find("action: CONFIRM\nactor: \"human:ana\"\namount: \"20000.01 USD\"");
    says("once another person has approved it", FLIP_BY_OTHERS, RULING_ALLOW);
    says("up to 20000.00 USD", FLIP_BY_NOBODY, RULING_ALLOW);
}
END_TEST

START_TEST(nothing_is_proposed_where_nothing_helps)
{
    find("action: CONFIRM\nactor: \"human:ana\"\nchange: false\nstate: REVERSED");
    ck_assert_uint_eq(flips.n, 0);
}
END_TEST

/* ---- over the world ---- */

static bool is_told_once(size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(flips.at[k].words, flips.at[i].words) == 0)
            return false;
    }
    return true;
}

START_TEST(every_flip_of_the_world_is_another_verdict_in_words_of_its_own)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new((size_t)64 << 20);
    size_t with = 0, n = 0;
    for (size_t d = 0; d < DIMS; d++) {
        for (size_t c = 0; c < world_dims[d].n; c++) {
            for (size_t kind = 0; kind < 3; kind++) {
                struct world w;
                size_t choice[DIMS] = {[DIM_KIND] = kind};
                choice[d] = c;
                arena_reset(scratch);
                world_make(&w, policies.policy[POLICY_BELOW], choice);
                struct verdict v = gate_decide(w.policy, &w.ask);
                ck_ok(flips_find(scratch, w.policy, &w.ask, &flips));
                n++;
                with += flips.n > 0;
                for (size_t i = 0; i < flips.n; i++) {
                    ck_assert_int_ne(flips.at[i].becomes.ruling, v.ruling);
                    ck_assert(is_told_once(i));
                }
            }
        }
    }
    ck_assert_uint_gt(with * 10, n * 8); /* most of them can be helped */
}
END_TEST

TEST_MAIN_AROUND("flip", up, down, an_amount_over_materiality_would_be_allowed_up_to_it,
                 what_is_allowed_says_from_where_on_it_is_not,
                 a_person_is_told_what_they_can_do_themselves,
                 who_proposed_it_is_told_as_what_nobody_can_change,
                 two_facts_are_told_when_one_is_not_enough, above_single_max_another_person_joins,
                 nothing_is_proposed_where_nothing_helps,
                 every_flip_of_the_world_is_another_verdict_in_words_of_its_own)
