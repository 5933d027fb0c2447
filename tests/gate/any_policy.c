/* The text of a policy, section by section. Few names and few amounts, so that rules meet. */
#include "tests/gate/any_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/sys/yaml_read.h"

#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define PICK(d, list) ((list)[dice_below((d), COUNT(list))])

uint64_t dice_next(struct dice *dice)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state * UINT64_C(2685821657736338717);
}

size_t dice_below(struct dice *dice, size_t n)
{
    return (size_t)((dice_next(dice) >> 33) % n);
}

bool dice_one_in(struct dice *dice, size_t n)
{
    return dice_below(dice, n) == 0;
}

static const char *const entities[] = {"us", "uk", "jp", "kw"};
static const struct policy_entity bound[] = {
    {"us", "USD"}, {"uk", "GBP"}, {"jp", "JPY"}, {"kw", "KWD"}};
static const char *const amounts[] = {"100 USD",   "10000 USD", "10000.01 USD",   "20000 USD",
                                      "50000 USD", "8000 GBP",  "1000000 JPY",    "500.125 KWD",
                                      "9000 EUR",  "1 USD",     "99999999999 JPY"};
static const char *const accounts[] = {"1000", "1010", "2400", "24", "2210", "22"};
static const char *const classes[] = {"cash", "revenue", "payroll"};
static const char *const events[] = {"vendor_bank_change", "manual_journal"};
static const char *const roles[] = {"controller", "accountant", "clerk"};
static const char *const tools[] = {"confirm_match", "reject_match", "evil"};
static const char *const types[] = {"exact", "fuzzy", "late", "fx"};
static const char *const own[] = {"deny", "below_materiality", "allow"};
static const char *const people[] = {"PROPOSE",
                                     "CONFIRM",
                                     "REJECT",
                                     "FLAG",
                                     "ESCALATE",
                                     "RESOLVE",
                                     "WITHDRAW",
                                     "ASSIGN",
                                     "COMMENT",
                                     "ATTACH",
                                     "RESOLVE_EXCEPTION",
                                     "SET_DELEGATION",
                                     "RECORD_DELIVERY",
                                     "POST_ENTRY",
                                     "INGEST",
                                     "CHANGE_MASTER_DATA",
                                     "CHANGE_POLICY",
                                     "CHANGE_REGISTRY",
                                     "UNMATCH",
                                     "FREEZE",
                                     "THAW"};
static const char *const machines[] = {"PROPOSE", "CONFIRM", "FLAG", "ESCALATE", "INGEST"};

static void clause_put(struct dice *d, struct buf *b, const char *about, size_t i)
{
    if (dice_one_in(d, 2))
        buf_putf(b, ", clause: This is the sentence of %s %zu.", about, i);
}

static void overrides_put(struct dice *d, struct buf *b)
{
    static const char *const limits[] = {"0", "8000", "\"8000 GBP\"", "\"1000000 JPY\"", "12"};
    buf_putf(b, "entity_materiality_overrides: {");
    for (size_t i = 0, n = 0; i < COUNT(entities); i++) {
        if (dice_one_in(d, 3))
            buf_putf(b, "%s%s: %s", n++ == 0 ? "" : ", ", entities[i], PICK(d, limits));
    }
    buf_putf(b, "}\n");
}

/* No two rules may be the same: each selector is used once. */
static void accounts_put(struct dice *d, struct buf *b)
{
    size_t k = 0;
    buf_putf(b, "always_human_accounts:");
    for (size_t i = 0; i < COUNT(accounts); i++) {
        bool prefix = dice_one_in(d, 3);
        if (!dice_one_in(d, 3))
            continue;
        buf_putf(b, "\n  - {%s: \"%s\"%s", prefix ? "prefix" : "id", accounts[i],
                 dice_one_in(d, 3) ? ", legs: all" : "");
        clause_put(d, b, "account", k++);
        buf_putf(b, "}");
    }
    for (size_t i = 0; i < COUNT(classes); i++) {
        if (dice_one_in(d, 4))
            buf_putf(b, "\n  - {class: %s%s}", classes[i], dice_one_in(d, 2) ? ", legs: all" : ""),
                k++;
    }
    for (size_t i = 0; i < COUNT(events); i++) {
        if (dice_one_in(d, 3))
            buf_putf(b, "\n  - {event: %s}", events[i]), k++;
    }
    buf_putf(b, k == 0 ? " []\n" : "\n");
}

static void types_put(struct dice *d, struct buf *b)
{
    bool listed[COUNT(types)];
    size_t n = 0;
    buf_putf(b, "no_auto_confirm_match_types: [");
    for (size_t i = 0; i < COUNT(types); i++) {
        listed[i] = dice_one_in(d, 3);
        if (listed[i])
            buf_putf(b, "%s%s", n++ == 0 ? "" : ", ", types[i]);
    }
    buf_putf(b, "]\nstrategy_clauses_by_match_type: {");
    n = 0;
    for (size_t i = 0; i < COUNT(types); i++) {
        if (listed[i])
            buf_putf(b, "%s%s: Matches of type %s are confirmed by a person.", n++ == 0 ? "" : ", ",
                     types[i], types[i]);
    }
    buf_putf(b, "}\n");
}

static void limits_put(struct dice *d, struct buf *b)
{
    static const char *const per[] = {"entity", "account", "counterparty", "book"};
    buf_putf(b, "auto_confirm: {enabled: %s", dice_one_in(d, 4) ? "false" : "true");
    if (dice_one_in(d, 2))
        buf_putf(b, ", cap: {amount: \"%s\", count: %zu, period: month}", PICK(d, amounts),
                 1 + dice_below(d, 3));
    buf_putf(b, "}\ncumulative_limits: [");
    size_t n = dice_below(d, 4);
    for (size_t i = 0; i < n; i++) {
        buf_putf(b, "%s{id: window-%zu, per: %s, window_days: 30, max: \"%s\"", i == 0 ? "" : ", ",
                 i, PICK(d, per), PICK(d, amounts));
        clause_put(d, b, "window", i);
        buf_putf(b, "}");
    }
    buf_putf(b, "]\n");
    if (!dice_one_in(d, 3))
        buf_putf(b, "write_off_limit: \"%s\"\n", dice_one_in(d, 5) ? "0 USD" : PICK(d, amounts));
}

/* One condition at least. */
static void block_put(struct dice *d, struct buf *b, size_t i)
{
    static const char *const kinds[] = {"human", "llm", "engine"};
    static const char *const actors[] = {"engine:auto-confirm", "llm:s-1", "human:ana"};
    buf_putf(b, "\n  - {id: rule-%zu", i);
    if (dice_one_in(d, 4))
        buf_putf(b, ", counterparty: bad");
    if (dice_one_in(d, 4))
        buf_putf(b, ", entity: %s", PICK(d, entities));
    if (dice_one_in(d, 4))
        buf_putf(b, ", %s: \"%s\"", dice_one_in(d, 2) ? "account" : "account_prefix",
                 PICK(d, accounts));
    if (dice_one_in(d, 5))
        buf_putf(b, ", actor: \"%s\"", PICK(d, actors));
    else if (dice_one_in(d, 4))
        buf_putf(b, ", actor_kind: %s", PICK(d, kinds));
    if (dice_one_in(d, 4))
        buf_putf(b, ", tool: %s", PICK(d, tools));
    if (dice_one_in(d, 4))
        buf_putf(b, ", over: \"%s\"", PICK(d, amounts));
    buf_putf(b, ", action: %s", PICK(d, people));
    buf_putf(b, ", clause: This is forbidden by rule %zu.}", i);
}

static void blocked_put(struct dice *d, struct buf *b)
{
    size_t n = dice_below(d, 5);
    buf_putf(b, "blocked:%s", n == 0 ? " []" : "");
    for (size_t i = 0; i < n; i++)
        block_put(d, b, i);
    buf_putf(b, "\n");
}

static void names_put(struct dice *d, struct buf *b, const char *const *names, size_t n,
                      size_t one_in)
{
    size_t first = dice_below(d, n);
    buf_putf(b, "[%s", names[first]);
    for (size_t i = 0; i < n; i++) {
        if (i != first && !dice_one_in(d, one_in))
            buf_putf(b, ", %s", names[i]);
    }
    buf_putf(b, "]");
}

static void maxima_put(struct dice *d, struct buf *b)
{
    static const char *const pairs[][2] = {
        {"50000 USD", "20000 USD"}, {"20000 USD", "20000 USD"}, {"1000000 JPY", "999 JPY"}};
    size_t i = dice_below(d, COUNT(pairs)), how = dice_below(d, 4);
    if (how == 1 || how == 3)
        buf_putf(b, ", max: \"%s\"", pairs[i][0]);
    if (how >= 2)
        buf_putf(b, ", single_max: \"%s\"", pairs[i][1]);
}

static void authority_put(struct dice *d, struct buf *b)
{
    size_t n = 1 + dice_below(d, 5);
    buf_putf(b, "authority:\n");
    for (size_t i = 0; i < n; i++) {
        buf_putf(b, "  - {role: %s, actions: ", PICK(d, roles));
        names_put(d, b, people, COUNT(people), dice_one_in(d, 2) ? 8 : 2);
        buf_putf(b, ", entities: ");
        if (dice_one_in(d, 2))
            buf_putf(b, "all");
        else
            names_put(d, b, entities, COUNT(entities), 2);
        maxima_put(d, b);
        buf_putf(b, "}\n");
    }
    if (dice_one_in(d, 5))
        return;
    buf_putf(b, "  - {role: engine, actions: ");
    names_put(d, b, machines, COUNT(machines), 8);
    buf_putf(b, ", entities: all%s}\n", dice_one_in(d, 5) ? ", max: \"20000 USD\"" : "");
}

static void channels_put(struct dice *d, struct buf *b)
{
    static const char *const t1[] = {"web", "slack", "chat", "api", "cli"};
    static const char *const t2[] = {"web", "slack", "chat", "api"};
    buf_putf(b, "channels:\n  T1: ");
    names_put(d, b, t1, COUNT(t1), 2);
    buf_putf(b, "\n  T2: ");
    names_put(d, b, t2, COUNT(t2), 2);
    buf_putf(b, "\n  T3: [web]\n  max_login_age_minutes: {%sT2: %zu, T3: %zu}\n",
             dice_one_in(d, 2) ? "T1: 1000, " : "", 1 + dice_below(d, 500), 1 + dice_below(d, 10));
}

static void rest_put(struct dice *d, struct buf *b)
{
    static const char *const highs[] = {"0.90", "0.95", "1", "0.70"};
    static const char *const reasons[] = {"MATERIALITY_OVER_THRESHOLD", "SECOND_APPROVER_REQUIRED",
                                          "AMBIGUOUS_MATCH", "FX_RATE_MISSING"};
    buf_putf(b, "sod: {own_agent: %s}\nfx: {max_staleness_days: 4}\nmatching: {high: \"%s\"}\n",
             PICK(d, own), PICK(d, highs));
    channels_put(d, b);
    if (dice_one_in(d, 2)) {
        buf_putf(b, "bulk: {max_items: %zu", 1 + dice_below(d, 5));
        if (dice_one_in(d, 2))
            buf_putf(b, ", max_amount: \"%s\"", PICK(d, amounts));
        if (dice_one_in(d, 2)) {
            buf_putf(b, ", reasons: ");
            names_put(d, b, reasons, COUNT(reasons), 2);
        }
        clause_put(d, b, "bulk", 0);
        buf_putf(b, "}\n");
    }
    if (dice_one_in(d, 2))
        buf_putf(b, "administration: {policy_changes: %s}\n", dice_one_in(d, 3) ? "T2" : "T3");
    buf_putf(b, "clauses:\n");
    for (int i = REASON_ALLOWED + 1; i < REASON_COUNT; i++) {
        if (i != REASON_BULK_LIMIT || dice_one_in(d, 2))
            buf_putf(b, "  %s: This is the sentence for %s.\n", reason_name((enum reason)i),
                     reason_name((enum reason)i));
    }
}

struct any_policy any_policy_make(struct arena *arena, struct dice *d)
{
    static const char *const thresholds[] = {"0", "100", "9999.99", "10000", "20000"};
    struct any_policy made = {0};
    struct json *tree = NULL;
    struct policy *policy = NULL;
    static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    buf_putf(&b, "version: 1\nmateriality_threshold_usd: %s\n", PICK(d, thresholds));
    overrides_put(d, &b);
    accounts_put(d, &b);
    types_put(d, &b);
    limits_put(d, &b);
    blocked_put(d, &b);
    authority_put(d, &b);
    rest_put(d, &b);
    made.text = arena_strdup(arena, buf_text(&b));
    struct err e = yaml_read(arena, str_of(made.text), &tree);
    if (e.kind == ERR_NONE)
        e = policy_load(arena, tree, digest, &policy);
    if (e.kind == ERR_NONE)
        e = policy_bind_entities(arena, policy, bound, COUNT(bound));
    if (e.kind != ERR_NONE) {
        (void)fprintf(stderr, "%s\nthis policy does not load: %s %s\n", made.text,
                      e.where == NULL ? "-" : e.where, e.msg);
        abort();
    }
    buf_fini(&b);
    made.tree = tree;
    made.policy = policy;
    return made;
}
