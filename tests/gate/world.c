/* The dimensions, their values, and the policies they are chosen around. */
#include "tests/gate/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/yaml_read.h"

/* ---- policies ---- */

static const char head[] = "version: 1\n"
                           "materiality_threshold_usd: 10000\n";
static const char rules[] =
    "entity_materiality_overrides: {uk: \"8000 GBP\", jp: \"1000000 JPY\"}\n"
    "always_human_accounts:\n"
    "  - \"2400\"\n"
    "  - {id: \"1010\", legs: all, clause: Payroll cash is confirmed by a person.}\n"
    "  - {prefix: \"22\"}\n"
    "  - {class: deferred_revenue}\n"
    "  - {event: vendor_bank_change, clause: A changed bank account is confirmed by a person.}\n"
    "no_auto_confirm_match_types: [fuzzy]\n"
    "strategy_clauses_by_match_type: {fuzzy: A similar name is confirmed by a person.}\n"
    "auto_confirm: {enabled: true, cap: {amount: \"30000 USD\", count: 100, period: month}}\n"
    "cumulative_limits:\n"
    "  - {id: party, per: counterparty, window_days: 30, max: \"30000 USD\","
    " clause: Too much with one party is confirmed by a person.}\n"
    "  - {id: all, per: book, window_days: 7, max: \"900000 EUR\"}\n"
    "write_off_limit: \"100 USD\"\n"
    "blocked:\n"
    "  - {id: party, counterparty: bad, clause: Nothing is done with this counterparty.}\n"
    "  - {id: agents, actor_kind: llm, account_prefix: \"22\", entity: uk,"
    " clause: Agents stay away from payroll.}\n"
    "  - {id: size, over: \"90000 USD\", clause: This is too big for this system.}\n"
    "  - {id: tool, tool: evil, account: \"2400\", clause: This tool is not used here.}\n"
    "  - {id: bot, actor: \"engine:retired\", action: CONFIRM,"
    " clause: This process was retired.}\n"
    "bulk: {max_items: 3, max_amount: \"40000 USD\","
    " reasons: [MATERIALITY_OVER_THRESHOLD, SECOND_APPROVER_REQUIRED]}\n"
    "administration: {policy_changes: T3}\n"
    "sod: {own_agent: %s}\n";
static const char bare[] = "auto_confirm: {enabled: false}\n"
                           "sod: {own_agent: deny}\n";
static const char tail[] =
    "authority:\n"
    "  - {role: controller, entities: all, actions: [PROPOSE, REJECT, FLAG, ESCALATE, RESOLVE,"
    " WITHDRAW, ASSIGN, COMMENT, ATTACH, SET_DELEGATION, RECORD_DELIVERY,"
    " POST_ENTRY, INGEST, CHANGE_MASTER_DATA, CHANGE_POLICY, CHANGE_REGISTRY, FREEZE, THAW]}\n"
    "  - {role: controller, entities: all, actions: [CONFIRM, UNMATCH, RESOLVE_EXCEPTION],"
    " max: \"50000 USD\","
    " single_max: \"20000 USD\"}\n"
    "  - {role: accountant, entities: [uk], actions: [CONFIRM, REJECT], max: \"20000 USD\"}\n"
    "  - {role: engine, entities: all, actions: [PROPOSE, CONFIRM, FLAG, ESCALATE, INGEST]}\n"
    "fx: {max_staleness_days: 4}\n"
    "channels:\n"
    "  T1: [web, cli]\n"
    "  T2: [web, slack]\n"
    "  T3: [web]\n"
    "  max_login_age_minutes: {T2: 480, T3: 5}\n"
    "clauses:\n";

static const char *policy_text(struct arena *arena, enum world_policy which)
{
    static const char *const own[] = {"below_materiality", "deny", "allow"};
    const char *middle = which == POLICY_BARE ? bare : NULL;
    const char *clauses = "";
    for (int i = REASON_ALLOWED + 1; i < REASON_COUNT; i++)
        clauses = arena_fmt(arena, "%s  %s: This is the sentence for %s.\n", clauses,
                            reason_name((enum reason)i), reason_name((enum reason)i));
    if (middle != NULL)
        return arena_fmt(arena, "%s%s%s%s", head, middle, tail, clauses);
    const char *at = strstr(rules, "%s");
    return arena_fmt(arena, "%s%.*s%s%s%s%s", head, (int)(at - rules), rules, own[which], at + 2,
                     tail, clauses);
}

static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct world_policies world_policies_load(struct arena *arena)
{
    struct world_policies w;
    for (int i = 0; i < WORLD_POLICIES; i++) {
        struct json *tree = NULL;
        struct policy *policy = NULL;
        const char *text = policy_text(arena, (enum world_policy)i);
        struct err e = yaml_read(arena, str_of(text), &tree);
        if (e.kind == ERR_NONE)
            e = policy_load(arena, tree, digest, &policy);
        if (e.kind != ERR_NONE) {
            (void)fprintf(stderr, "the tests' policy %d: %s %s\n", i, e.where, e.msg);
            abort();
        }
        w.policy[i] = policy;
        w.tree[i] = tree;
    }
    return w;
}

/* ---- amounts ---- */

static const struct {
    const char *usd, *gbp, *jpy, *eur;
} levels[LEVELS] = {
    [LEVEL_SMALL] = {"100", "80", "10000", "90"},
    [LEVEL_BELOW] = {"9999.99", "7999.99", "999999", "9000"},
    [LEVEL_EQUAL] = {"10000", "8000", "1000000", "9001"},
    [LEVEL_HAIR] = {"10000.000001", "8000.000001", "1000000.000001", "9002"},
    [LEVEL_ABOVE] = {"10000.01", "8000.01", "1000001", "9003"},
    [LEVEL_SINGLE] = {"20000", "16000", "2000000", "18000"},
    [LEVEL_TWO_PEOPLE] = {"20000.01", "16000.01", "2000001", "18001"},
    [LEVEL_MAX] = {"50000.00", "40000", "5000000", "45000"},
    [LEVEL_TOO_MUCH] = {"50000.01", "40000.01", "5000001", "45001"},
    [LEVEL_BLOCKED] = {"90000.01", "72000.01", "9000001", "81001"},
};

static struct decimal number(const char *text)
{
    struct decimal d = decimal_of_int(0);
    struct err e = decimal_parse(text, DECIMAL_PARSE_SCALE_MAX, &d);
    if (e.kind != ERR_NONE)
        abort();
    return d;
}

/* Parsed once: [level][USD, GBP, JPY, EUR]. */
static const struct decimal *level_values(enum level level)
{
    static struct decimal values[LEVELS][4];
    static bool made;
    for (int i = 0; !made && i < LEVELS; i++) {
        values[i][0] = number(levels[i].usd);
        values[i][1] = number(levels[i].gbp);
        values[i][2] = number(levels[i].jpy);
        values[i][3] = number(levels[i].eur);
    }
    made = true;
    return values[level];
}

static struct decimal level_value(enum level level, const char *cur)
{
    static const char *const currencies[] = {"USD", "GBP", "JPY"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(cur, currencies[i]) == 0)
            return level_values(level)[i];
    }
    return level_values(level)[3];
}

static enum fx_status status_of(enum rates rates, const char *cur)
{
    if (rates == RATES_MISSING || (rates == RATES_USD_MISSING && strcmp(cur, "USD") == 0))
        return FX_MISSING;
    if (rates == RATES_STALE || (rates == RATES_GBP_STALE && strcmp(cur, "GBP") == 0))
        return FX_STALE;
    return FX_KNOWN;
}

static void values_set(struct world *w)
{
    size_t n = w->policy->currencies_n;
    for (size_t i = 0; i < n; i++) {
        size_t from = w->rates == RATES_SWAPPED ? (i + 1) % (n + 1) : i;
        const char *cur = from < n ? w->policy->currencies[from] : "SEK";
        struct ask_value *v = &w->values[i];
        *v = (struct ask_value){.status = status_of(w->rates, cur),
                                .value = level_value(w->level, cur),
                                .rate = decimal_of_int(1)};
        memcpy(v->cur, cur, sizeof v->cur);
    }
    w->ask.values = w->values;
    w->ask.values_n = w->rates == RATES_NONE ? 0 : n;
    w->ask.has_amount = w->rates != RATES_NO_AMOUNT;
    w->ask.amount = (struct money){.minor = 1, .cur = "USD"};
}

static void set_level(struct world *w, size_t choice)
{
    w->level = (enum level)choice;
    values_set(w);
}

static void set_rates(struct world *w, size_t choice)
{
    w->rates = (enum rates)choice;
    values_set(w);
}

/* ---- who ---- */

static void set_kind(struct world *w, size_t choice)
{
    static const enum actor_kind kinds[] = {ACTOR_ENGINE, ACTOR_LLM, ACTOR_HUMAN, ACTOR_NONE,
                                            (enum actor_kind)7};
    static const char *const names[] = {"engine:auto-confirm", "llm:s-1", "human:ana", "", "?"};
    w->ask.actor_kind = kinds[choice];
    w->ask.actor = names[choice];
    w->ask.principal = choice == 2 ? "p-ana" : NULL;
    w->ask.on_behalf_of = choice == 1 ? "p-ana" : NULL;
}

static void set_roles(struct world *w, size_t choice)
{
    static const struct ask_role roles[] = {
        {"controller", NULL, NULL}, {"controller", "us", NULL},   {"accountant", NULL, NULL},
        {"accountant", "uk", NULL}, {"engine", NULL, NULL},       {"nobody", NULL, NULL},
        {"controller", "us", NULL}, {"controller", "us", NULL},   {"controller", NULL, "p-bob"},
        {"engine", NULL, "p-bob"},  {"controller", "uk", "p-cem"}};
    w->roles[0] = roles[choice];
    w->roles[1] = choice == 10 ? (struct ask_role){"controller", NULL, "p-bob"} : roles[3];
    w->ask.roles = w->roles;
    w->ask.roles_n = choice == 7 ? 0 : choice == 6 || choice == 10 ? 2 : 1;
}

/* 0 the best of circumstances; every tier on the channels and login ages around its limits. */
static void set_place(struct world *w, size_t choice)
{
    static const struct {
        enum channel channel;
        int64_t age_s;
    } places[] = {
        {CHANNEL_WEB, 60},     {CHANNEL_SLACK, 60},       {CHANNEL_CHAT, 60},
        {CHANNEL_API, 60},     {CHANNEL_CLI, 60},         {CHANNEL_NONE, 60},
        {CHANNEL_WEB, -1},     {CHANNEL_WEB, 480 * 60},   {CHANNEL_WEB, 480 * 60 + 1},
        {CHANNEL_WEB, 5 * 60}, {CHANNEL_WEB, 5 * 60 + 1}, {(enum channel)9, 60},
    };
    w->ask.channel = places[choice].channel;
    w->ask.auth_age_s = places[choice].age_s;
}

static void set_tier(struct world *w, size_t choice)
{
    static const enum tier tiers[] = {TIER_T2, TIER_T1, TIER_T0, TIER_T3, (enum tier)4};
    w->ask.tier = tiers[choice];
}

static void set_relation(struct world *w, size_t choice)
{
    static const char *const people[] = {"p-bob", "p-ana", "p-cem"};
    w->proposers[0] = w->agents[0] = people[0];
    w->proposers[1] = w->agents[1] = people[1];
    w->ask.proposers = w->proposers;
    w->ask.own_agents_of = w->agents;
    w->ask.proposers_n = choice == 1 ? 1 : choice == 2 ? 2 : 0;
    w->ask.own_agents_of_n = choice == 3 ? 1 : choice == 4 ? 2 : 0;
    if (choice == 5)
        w->ask.principal = NULL;
}

static void set_approvers(struct world *w, size_t choice)
{
    w->ask.approvers_n = (int64_t)choice;
}

/* Who spoke before; p-bob and p-cem lend, p-ana acts. */
static void set_seats(struct world *w, size_t choice)
{
    static const char *const before[][2] = {{0}, {"p-bob"}, {"p-dia"}, {"p-dia", "p-cem"}};
    w->ask.seats = w->seats;
    w->ask.seats_n = 0;
    for (size_t i = 0; i < 2 && before[choice][i] != NULL; i++)
        w->seats[w->ask.seats_n++] = before[choice][i];
}

static void set_frozen(struct world *w, size_t choice)
{
    w->ask.frozen = choice == 1 || choice == 2;
    w->ask.frozen_self = choice >= 2;
}

static void set_seat(struct world *w, size_t choice)
{
    w->ask.own_seat = (choice & 1) == 0;
    w->ask.delivery_service = (choice & 2) == 0;
}

static void set_subject(struct world *w, size_t choice)
{
    w->ask.subject = choice == 1 ? "p-ana" : choice == 2 ? "p-bob" : NULL;
}

static void set_prod(struct world *w, size_t choice)
{
    w->ask.prod = choice == 1;
}

static void set_blocked(struct world *w, size_t choice)
{
    w->ask.counterparty = choice == 1 ? "bad" : choice == 2 ? NULL : "good";
    w->ask.tool = choice == 3 ? "evil" : "confirm_match";
    if (choice == 4)
        w->ask.actor = "engine:retired";
}

/* ---- what ---- */

static void set_action(struct world *w, size_t choice)
{
    /* CONFIRM is the plain one; then all of them, and what is none */
    w->ask.action = choice == 0 ? ACTION_CONFIRM : (enum action)(choice - 1);
}

static void set_change(struct world *w, size_t choice)
{
    w->ask.change = choice == 0;
}

static void set_keeps(struct world *w, size_t choice)
{
    w->ask.keeps_amount = choice == 0;
}

static void set_state(struct world *w, size_t choice)
{
    static const enum match_state states[] = {MATCH_PROPOSED, MATCH_NONE, MATCH_CONFIRMED,
                                              MATCH_REJECTED, MATCH_REVERSED};
    w->ask.state = states[choice];
}

static void set_state_valid(struct world *w, size_t choice)
{
    w->ask.state_valid = choice != 1 && choice != 3;
    w->ask.entry_taken = choice >= 2;
}

static void set_decision(struct world *w, size_t choice)
{
    w->ask.decision = (enum decision)choice;
}

static void set_source(struct world *w, size_t choice)
{
    static const enum source sources[] = {SOURCE_MATCHER, SOURCE_LLM, SOURCE_HUMAN, SOURCE_NONE};
    w->ask.source = sources[choice];
}

static void set_match_type(struct world *w, size_t choice)
{
    w->ask.match_type = choice == 0 ? "exact" : choice == 1 ? "fuzzy" : NULL;
}

static void set_rationale(struct world *w, size_t choice)
{
    w->ask.has_rationale = choice == 0;
}

static void set_score(struct world *w, size_t choice)
{
    w->ask.sure = choice != 1;
    w->ask.score_bp = choice == 2 ? 8999 : choice == 3 ? 9000 : 10000;
}

static void set_flags(struct world *w, size_t choice)
{
    w->ask.ambiguous = (choice & 1) != 0;
    w->ask.entity_mismatch = (choice & 2) != 0;
    w->ask.intercompany = (choice & 4) != 0;
    w->ask.intercompany_paired = (choice & 8) != 0;
}

/* ---- where ---- */

static void set_entities(struct world *w, size_t choice)
{
    static const char *const lists[][2] = {{"us"}, {"uk"}, {"us", "uk"}, {"uk", "jp"}, {"jp"}, {0}};
    w->ask.entities = w->entities;
    w->ask.entities_n = 0;
    for (size_t i = 0; i < 2 && lists[choice][i] != NULL; i++)
        w->entities[w->ask.entities_n++] = lists[choice][i];
}

static void set_accounts(struct world *w, size_t choice)
{
    static const struct ask_account contra[] = {
        {"4000", "revenue", true, false},  {"2400", "liability", true, false},
        {"2400", "liability", true, true}, {"1010", "cash", true, true},
        {"2210", "payroll", true, false},  {"4100", "deferred_revenue", true, false},
        {"9999", NULL, false, false},      {NULL, NULL, false, false},
        {"24", "revenue", true, false},    {"4000", "revenue", true, false},
    };
    w->accounts[0] = (struct ask_account){"1000", "cash", true, true};
    w->accounts[1] = contra[choice < 10 ? choice : 0];
    w->ask.accounts = w->accounts;
    w->ask.accounts_n = choice == 11 ? 0 : 2;
    w->events[0] = choice == 10 ? "payout" : "vendor_bank_change";
    w->ask.events = w->events;
    w->ask.events_n = choice >= 9 ? 1 : 0;
    if (choice == 11)
        w->ask.events_n = 0;
}

static void set_period(struct world *w, size_t choice)
{
    w->ask.posting = choice == 1 || choice == 3;
    w->ask.period_closed = choice >= 2;
}

/* What the two windows hold before: with SMALL on top, just within, exactly full, over, unknown. */
static void set_windows(struct world *w, size_t choice)
{
    static const char *const sums[] = {"0", "29899.99", "29900", "29900.01", "0"};
    w->cumulative[0] =
        (struct ask_cumulative){.sum = number(sums[choice < 5 ? choice : 0]), .known = choice != 4};
    w->cumulative[1] =
        (struct ask_cumulative){.sum = number(choice == 6 ? "899910.01" : "0"), .known = true};
    w->ask.cumulative = w->cumulative;
    w->ask.cumulative_n = choice == 5 ? 1 : 2;
}

static void set_cap(struct world *w, size_t choice)
{
    static const char *const sums[] = {"0", "29900", "29900.01", "0", "0", "0", "0"};
    static const int64_t counts[] = {0, 0, 0, 99, 100, 101, 0};
    w->ask.auto_confirmed =
        (struct ask_cumulative){.sum = number(sums[choice]), .known = choice != 6};
    w->ask.auto_confirmed_n = counts[choice];
}

static void set_login(struct world *w, size_t choice)
{
    w->ask.login_wanted = choice == 1 || choice == 2;
    w->ask.login_bound = choice >= 2;
}

static void set_bulk(struct world *w, size_t choice)
{
    static const char other[] = "AMBIGUOUS_MATCH", usual[] = "MATERIALITY_OVER_THRESHOLD";
    static const struct {
        int64_t n;
        const char *reason, *sum;
        bool one;
    } acts[] = {
        {0, NULL, "0", false},    {2, usual, "100", true},      {3, usual, "40000", true},
        {4, usual, "100", true},  {2, usual, "100", false},     {2, NULL, "100", true},
        {2, other, "100", true},  {2, usual, "40000.01", true}, {2, usual, NULL, true},
        {-1, usual, "100", true}, {2, usual, "10000.01", true}, {2, "NOTHING", "1", true},
        {51, usual, "1", true},
    };
    w->ask.bulk_n = acts[choice].n;
    w->ask.bulk_reason = acts[choice].reason;
    w->ask.bulk_one_clause = acts[choice].one;
    w->ask.bulk_sum.known = acts[choice].sum != NULL;
    w->ask.bulk_sum.sum = number(acts[choice].sum == NULL ? "0" : acts[choice].sum);
}

const struct dim world_dims[DIMS] = {
    [DIM_KIND] = {"kind", 5, set_kind},
    [DIM_ACTION] = {"action", ACTION_COUNT + 2, set_action},
    [DIM_LEVEL] = {"level", LEVELS, set_level},
    [DIM_RATES] = {"rates", RATES, set_rates},
    [DIM_ENTITIES] = {"entities", 6, set_entities},
    [DIM_ACCOUNTS] = {"accounts", 12, set_accounts},
    [DIM_SOURCE] = {"source", 4, set_source},
    [DIM_STATE] = {"state", 5, set_state},
    [DIM_MATCH_TYPE] = {"match_type", 3, set_match_type},
    [DIM_RATIONALE] = {"rationale", 2, set_rationale},
    [DIM_RELATION] = {"relation", 6, set_relation},
    [DIM_ROLES] = {"roles", 11, set_roles},
    [DIM_PLACE] = {"place", 12, set_place},
    [DIM_TIER] = {"tier", 5, set_tier},
    [DIM_APPROVERS] = {"approvers", 3, set_approvers},
    [DIM_FLAGS] = {"flags", 16, set_flags},
    [DIM_WINDOWS] = {"windows", 7, set_windows},
    [DIM_CAP] = {"cap", 7, set_cap},
    [DIM_SCORE] = {"score", 4, set_score},
    [DIM_FROZEN] = {"frozen", 4, set_frozen},
    [DIM_PERIOD] = {"period", 4, set_period},
    [DIM_STATE_VALID] = {"state_valid", 4, set_state_valid},
    [DIM_DECISION] = {"decision", 6, set_decision},
    [DIM_SEAT] = {"seat", 4, set_seat},
    [DIM_SUBJECT] = {"subject", 3, set_subject},
    [DIM_PROD] = {"prod", 2, set_prod},
    [DIM_BLOCKED] = {"blocked", 5, set_blocked},
    [DIM_CHANGE] = {"change", 2, set_change},
    [DIM_KEEPS] = {"keeps", 2, set_keeps},
    [DIM_SEATS] = {"seats", 4, set_seats},
    [DIM_LOGIN] = {"login", 4, set_login},
    [DIM_BULK] = {"bulk", 13, set_bulk},
};

void world_set(struct world *w, size_t dim, size_t choice)
{
    world_dims[dim].set(w, choice);
}

void world_begin(struct world *w, const struct policy *policy)
{
    static const size_t plain[DIMS] = {0};
    world_make(w, policy, plain);
}

void world_make(struct world *w, const struct policy *policy, const size_t choice[DIMS])
{
    memset(&w->ask, 0, sizeof w->ask);
    w->policy = policy;
    w->level = (enum level)choice[DIM_LEVEL];
    w->ask.object_type = "match";
    w->ask.object_id = "mat_1";
    w->ask.object_version = 1;
    for (size_t i = 0; i < DIMS; i++) {
        if (i != DIM_LEVEL)
            world_set(w, i, choice[i]);
    }
}
