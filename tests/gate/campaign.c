/* The gate against its oracle at random points of random policies:
 *
 *     campaign [--points N] [--seed S] [--prove N]
 *
 * Without --seed one is drawn and printed, so that a failure can be had again; --points is a
 * million without being said. A point is a choice in every dimension of the policy's domain, most
 * of them plain, or nearly every point would be refused for five reasons at once; at every other
 * point lists are mixed of several choices, and each currency has a rate of its own. With --prove
 * so many policies are proved instead: what the grammar takes, the proof must take. Exit 1 at the
 * first difference or counterexample, with the policy and the facts. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/gate/domain.h"
#include "engine/gate/proof.h"
#include "tests/gate/any_policy.h"
#include "tests/gate/oracle.h"

enum { POINTS_EACH = 20000, LIST_MAX = 6, CURRENCIES_MAX = 32 };

/* A point, and the lists that no single choice has. */
struct drawn {
    struct domain_point point;
    struct ask_account accounts[LIST_MAX];
    const char *entities[LIST_MAX];
    struct ask_role roles[LIST_MAX];
    struct ask_value values[CURRENCIES_MAX];
};

struct tally {
    uint64_t points, rulings[3], reasons[REASON_COUNT];
};

/* ---- drawing ---- */

/* Another choice of this dimension, in an ask of its own. */
static struct ask other_choice(const struct domain *d, struct dice *dice, enum domain_dim dim)
{
    struct ask a = {.object_type = NULL};
    domain_set(d, dim, dice_below(dice, domain_choices(d, dim)), &a);
    return a;
}

static void mix_accounts(const struct domain *d, struct dice *dice, struct drawn *p)
{
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct ask a = other_choice(d, dice, DOMAIN_ACCOUNTS);
        for (size_t k = 0; k < a.accounts_n && n < LIST_MAX; k++)
            p->accounts[n++] = a.accounts[k];
        if (a.events_n > 0)
            p->point.ask.events = a.events, p->point.ask.events_n = a.events_n;
    }
    p->point.ask.accounts = p->accounts;
    p->point.ask.accounts_n = n;
}

static void mix_entities(const struct domain *d, struct dice *dice, struct drawn *p)
{
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct ask a = other_choice(d, dice, DOMAIN_ENTITIES);
        for (size_t k = 0; k < a.entities_n && n < LIST_MAX; k++)
            p->entities[n++] = a.entities[k];
    }
    p->point.ask.entities = p->entities;
    p->point.ask.entities_n = n;
}

static void mix_roles(const struct domain *d, struct dice *dice, struct drawn *p)
{
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct ask a = other_choice(d, dice, DOMAIN_ROLES);
        for (size_t k = 0; k < a.roles_n && n < LIST_MAX; k++)
            p->roles[n++] = a.roles[k];
    }
    p->point.ask.roles = p->roles;
    p->point.ask.roles_n = n;
}

/* In each currency what the amount of another choice is worth there, known or not. */
static void mix_values(const struct domain *d, struct dice *dice, struct drawn *p)
{
    size_t n = p->point.ask.values_n;
    if (n == 0 || n > CURRENCIES_MAX)
        return;
    memcpy(p->values, p->point.ask.values, n * sizeof p->values[0]);
    for (size_t i = 0; i < n; i++) {
        const struct ask a = other_choice(d, dice, DOMAIN_AMOUNT);
        if (i < a.values_n)
            p->values[i] = a.values[i];
    }
    p->point.ask.values = p->values;
}

/* Anything but the plain choice of these refuses nearly everything, and once is enough. */
static bool refuses(size_t dim)
{
    return dim == DOMAIN_CHANGE || dim == DOMAIN_FROZEN || dim == DOMAIN_STATE_VALID ||
           dim == DOMAIN_ENTRY_TAKEN || dim == DOMAIN_PERIOD || dim == DOMAIN_ROLES ||
           dim == DOMAIN_STATE || dim == DOMAIN_CHANNEL || dim == DOMAIN_TIER;
}

static void draw(const struct domain *d, struct dice *dice, struct drawn *p)
{
    size_t choice[DOMAIN_DIMS], plain_of = 2 + dice_below(dice, 6);
    for (size_t dim = 0; dim < DOMAIN_DIMS; dim++)
        choice[dim] = dice_one_in(dice, refuses(dim) ? 12 : plain_of)
                          ? dice_below(dice, domain_choices(d, dim))
                          : 0;
    choice[DOMAIN_ACTOR] = dice_below(dice, domain_core(d, DOMAIN_ACTOR));
    choice[DOMAIN_AMOUNT] = dice_below(dice, domain_choices(d, DOMAIN_AMOUNT));
    domain_ask(d, choice, &p->point);
    if (dice_one_in(dice, 2))
        return;
    if (dice_one_in(dice, 2))
        mix_accounts(d, dice, p);
    if (dice_one_in(dice, 2))
        mix_entities(d, dice, p);
    if (dice_one_in(dice, 2))
        mix_roles(d, dice, p);
    if (dice_one_in(dice, 2))
        mix_values(d, dice, p);
}

/* ---- comparing ---- */

static bool agree(const struct verdict *v, const struct oracle_answer *o)
{
    return v->ruling == o->ruling && v->reason == o->reason && strcmp(v->row, o->row) == 0 &&
           strcmp(v->pointer, o->pointer) == 0;
}

static void facts_print(const struct any_policy *any, const struct ask *ask,
                        const struct verdict *v)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)16 << 20);
    struct str text = {.at = ""};
    struct err e = jcs_text(arena, ask_print(arena, ask), &text);
    printf("%s\n%s\ngate   %s %s row %s %s\n", any->text, e.kind == ERR_NONE ? text.at : e.msg,
           ruling_name(v->ruling), reason_name(v->reason), v->row, v->pointer);
}

static int differ(const struct any_policy *any, const struct ask *ask, const struct verdict *v,
                  const struct oracle_answer *o)
{
    facts_print(any, ask, v);
    printf("oracle %s %s row %s %s\n", ruling_name(o->ruling), reason_name(o->reason), o->row,
           o->pointer);
    return EXIT_FAILURE;
}

static int prove(struct arena *arena, struct dice *dice, struct tally *tally)
{
    const struct any_policy any = any_policy_make(arena, dice);
    struct proof_report r;
    struct err e =
        policy_prove(arena, &(struct proof_of){.policy = any.policy, .tree = any.tree}, &r);
    if (e.kind != ERR_NONE) {
        printf("%s\n", e.msg);
        return EXIT_FAILURE;
    }
    tally->points += r.points;
    if (r.holds)
        return EXIT_SUCCESS;
    facts_print(&any, r.finding.ask, &r.finding.verdict);
    printf("%s: %s\n", r.finding.invariant, r.finding.what);
    return EXIT_FAILURE;
}

static int compare(struct arena *arena, struct dice *dice, uint64_t points, struct tally *tally)
{
    const struct any_policy any = any_policy_make(arena, dice);
    struct domain *domain;
    struct err e = domain_new(arena, any.policy, &domain);
    if (e.kind != ERR_NONE) {
        printf("%s\n", e.msg);
        return EXIT_FAILURE;
    }
    for (uint64_t i = 0; i < points; i++) {
        struct drawn p;
        draw(domain, dice, &p);
        const struct verdict v = gate_decide(any.policy, &p.point.ask);
        const struct oracle_answer o = oracle_decide(any.policy, &p.point.ask);
        if (!agree(&v, &o))
            return differ(&any, &p.point.ask, &v, &o);
        tally->points++;
        tally->rulings[v.ruling]++;
        tally->reasons[v.reason]++;
    }
    return EXIT_SUCCESS;
}

static void report(const struct tally *t, uint64_t policies)
{
    printf("%" PRIu64 " points of %" PRIu64 " policies agree: %" PRIu64 " allowed, %" PRIu64
           " human, %" PRIu64 " denied\n",
           t->points, policies, t->rulings[RULING_ALLOW], t->rulings[RULING_HUMAN],
           t->rulings[RULING_DENY]);
    for (int r = REASON_ALLOWED; r < REASON_COUNT; r++)
        printf("  %-28s %" PRIu64 "\n", reason_name((enum reason)r), t->reasons[r]);
}

/* Every reason was given: otherwise the comparison says less than it seems to. */
static bool all_reasons(const struct tally *t)
{
    for (int r = REASON_ALLOWED; r < REASON_COUNT; r++) {
        if (t->reasons[r] == 0)
            return false;
    }
    return true;
}

static int prove_all(struct arena *arena, struct dice *dice, uint64_t n)
{
    struct tally tally = {0};
    for (uint64_t i = 0; i < n; i++) {
        arena_reset(arena);
        if (prove(arena, dice, &tally) != 0)
            return EXIT_FAILURE;
    }
    printf("%" PRIu64 " policies hold, at %" PRIu64 " points\n", n, tally.points);
    return EXIT_SUCCESS;
}

static int compare_all(struct arena *arena, struct dice *dice, uint64_t points)
{
    struct tally tally = {0};
    uint64_t policies = 0;
    while (tally.points < points) {
        arena_reset(arena);
        uint64_t left = points - tally.points;
        if (compare(arena, dice, left < POINTS_EACH ? left : POINTS_EACH, &tally) != 0)
            return EXIT_FAILURE;
        policies++;
    }
    report(&tally, policies);
    if (points < 1000000 || all_reasons(&tally))
        return EXIT_SUCCESS;
    printf("a reason was never given\n");
    return EXIT_FAILURE;
}

struct options {
    uint64_t points, seed, to_prove;
};

static uint64_t *option_of(struct options *o, const char *word)
{
    if (strcmp(word, "--points") == 0)
        return &o->points;
    if (strcmp(word, "--seed") == 0)
        return &o->seed;
    return strcmp(word, "--prove") == 0 ? &o->to_prove : NULL;
}

/* A word that is passed over would be a campaign that nobody asked for. */
static bool options_read(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i += 2) {
        const char *digits = i + 1 < argc ? argv[i + 1] : "";
        uint64_t *to = option_of(o, argv[i]);
        char *end;
        errno = 0;
        const uint64_t n = strtoull(digits, &end, 10);
        if (to == NULL || digits[0] < '0' || digits[0] > '9' || *end != '\0' || errno != 0)
            return false;
        *to = n;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.points = 1000000};
    if (!options_read(argc, argv, &o)) {
        (void)fprintf(stderr, "usage: campaign [--points N] [--seed S] [--prove N]\n");
        return 64;
    }
    uint64_t seed = o.seed;
    while (seed == 0)
        crypt_random(&seed, sizeof seed);
    printf("seed %" PRIu64 "\n", seed);
    (void)fflush(stdout);
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)512 << 20);
    struct dice dice = {seed};
    return o.to_prove > 0 ? prove_all(arena, &dice, o.to_prove)
                          : compare_all(arena, &dice, o.points);
}
