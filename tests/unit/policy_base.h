/* What the tests of the policy loader share: one small document that loads, a part of it replaced,
 * and the arena everything lives in. */
#ifndef TESTS_UNIT_POLICY_BASE_H
#define TESTS_UNIT_POLICY_BASE_H

#include <string.h>

#include "common/sys/yaml_read.h"
#include "engine/gate/policy.h"
#include "tests/unit/test.h"

static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* Every line is a thing to replace; the clauses stand last, so that lines keep their numbers. */
static const char base[] =
    "version: 1\n"
    "materiality_threshold_usd: 10000\n"
    "entity_materiality_overrides: {acme-uk: 8000, acme-jp: \"1000000 JPY\"}\n"
    "always_human_accounts: [\"2400\"]\n"
    "no_auto_confirm_match_types: [fuzzy]\n"
    "strategy_clauses_by_match_type: {fuzzy: A similar name is confirmed by a person.}\n"
    "auto_confirm: {enabled: true}\n"
    "cumulative_limits: []\n"
    "blocked: []\n"
    "authority: [{role: controller, actions: [CONFIRM], entities: all}]\n"
    "sod: {own_agent: deny}\n"
    "fx: {max_staleness_days: 4}\n"
    "matching: {}\n"
    "ap: {}\n"
    "close: {}\n"
    "escalation: {}\n"
    "channels:\n"
    "  T1: [web, cli]\n"
    "  T2: [web, slack]\n"
    "  T3: [web]\n"
    "  max_login_age_minutes: {T2: 480, T3: 5}\n"
    "bulk: {max_items: 25}\n"
    "clauses:\n"
    "  UNLISTED: This is the sentence for UNLISTED.\n"
    "  FROZEN: This is the sentence for FROZEN.\n"
    "  POLICY_BLOCK: This is the sentence for POLICY_BLOCK.\n"
    "  NOT_AUTHORISED: This is the sentence for NOT_AUTHORISED.\n"
    "  CHANNEL_NOT_ALLOWED: This is the sentence for CHANNEL_NOT_ALLOWED.\n"
    "  AUTH_TOO_OLD: This is the sentence for AUTH_TOO_OLD.\n"
    "  PERIOD_CLOSED: This is the sentence for PERIOD_CLOSED.\n"
    "  STATE_INVALID: This is the sentence for STATE_INVALID.\n"
    "  SOD_SAME_ACTOR: This is the sentence for SOD_SAME_ACTOR.\n"
    "  ACCOUNT_FORCED_HUMAN: This is the sentence for ACCOUNT_FORCED_HUMAN.\n"
    "  MATERIALITY_OVER_THRESHOLD: This is the sentence for MATERIALITY_OVER_THRESHOLD.\n"
    "  STRATEGY_REQUIRES_HUMAN: This is the sentence for STRATEGY_REQUIRES_HUMAN.\n"
    "  MISSING_RATIONALE: This is the sentence for MISSING_RATIONALE.\n"
    "  SOURCE_REQUIRES_HUMAN: This is the sentence for SOURCE_REQUIRES_HUMAN.\n"
    "  AMBIGUOUS_MATCH: This is the sentence for AMBIGUOUS_MATCH.\n"
    "  ENTITY_MISMATCH: This is the sentence for ENTITY_MISMATCH.\n"
    "  INTERCOMPANY_UNPAIRED: This is the sentence for INTERCOMPANY_UNPAIRED.\n"
    "  CUMULATIVE_OVER_THRESHOLD: This is the sentence for CUMULATIVE_OVER_THRESHOLD.\n"
    "  AUTO_CONFIRM_CAP: This is the sentence for AUTO_CONFIRM_CAP.\n"
    "  FX_RATE_MISSING: This is the sentence for FX_RATE_MISSING.\n"
    "  FX_RATE_STALE: This is the sentence for FX_RATE_STALE.\n"
    "  TIER_REQUIRES_HUMAN: This is the sentence for TIER_REQUIRES_HUMAN.\n"
    "  SECOND_APPROVER_REQUIRED: This is the sentence for SECOND_APPROVER_REQUIRED.\n"
    "  BULK_LIMIT: This is the sentence for BULK_LIMIT.\n";

static struct arena *arena;

static void arena_up(void)
{
    arena = arena_new((size_t)64 * 1024 * 1024);
    ck_assert_ptr_nonnull(arena);
}

static void arena_down(void)
{
    arena_free(arena);
}

/* The base document with `find`, which is there exactly once, replaced. */
static const char *with(const char *find, const char *put)
{
    const char *at = strstr(base, find);
    ck_assert_msg(at != NULL, "not in the base document: %s", find);
    ck_assert_msg(strstr(at + 1, find) == NULL, "more than once in the base document: %s", find);
    return arena_fmt(arena, "%.*s%s%s", (int)(at - base), base, put, at + strlen(find));
}

static struct err load_text(struct str text, struct policy **policy)
{
    struct json *tree = NULL;
    TRY(yaml_read(arena, text, &tree));
    return policy_load(arena, tree, digest, policy);
}

__attribute__((unused)) static const struct policy *load(const char *find, const char *put)
{
    struct policy *policy = NULL;
    ck_ok(load_text(str_of(with(find, put)), &policy));
    return policy;
}

__attribute__((unused)) static int run(const char *name, const TTest *const *tests, size_t n)
{
    return test_run_all(name, arena_up, arena_down, tests, n);
}

#endif
