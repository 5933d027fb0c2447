/* The search: every fact alone, the amount by halving, then every pair. Pairs are only looked for
 * among facts of which none will do alone, so neither of a pair's is idle. */
#include "engine/gate/flip.h"

#include <inttypes.h>
#include <string.h>

#include "engine/gate/case_internal.h"
#include "engine/gate/flip_internal.h"

#define MINOR_MAX (INT64_C(1) << 60)

const char *flip_by_name(enum flip_by by)
{
    static const char *const names[] = {"actor", "others", "time", "nobody"};
    return (unsigned)by < 4 ? names[by] : names[FLIP_BY_NOBODY];
}

static void found(struct flips *flips, const char *words, const char *facts, enum flip_by by,
                  struct verdict becomes)
{
    if (flips->n < FLIPS_MAX)
        flips->at[flips->n++] =
            (struct flip){.words = words, .facts = facts, .by = by, .becomes = becomes};
}

/* ---- one fact ---- */

static void one_fact(struct flipping *f, const struct flip_fact *fact, struct flips *flips)
{
    for (size_t choice = 0; choice < fact->choices; choice++) {
        struct ask a = *f->ask;
        if (!fact->set(f, choice, &a))
            continue;
        struct verdict v = gate_decide(f->policy, &a);
        if (v.ruling != flips->wanted)
            continue;
        found(flips, fact->words(f, choice), fact->facts, fact->by, v);
        return;
    }
}

/* ---- the amount ---- */

/* The same facts about another amount; false when it cannot be valued the same way. */
static bool amount_at(struct flipping *f, int64_t minor, struct ask_value *values, struct ask *a)
{
    *a = *f->ask;
    a->amount.minor = minor;
    a->values = values;
    struct decimal amount = decimal_of_money(a->amount);
    for (size_t i = 0; i < a->values_n; i++) {
        values[i] = f->ask->values[i];
        if (values[i].status == FX_KNOWN &&
            decimal_mul(amount, values[i].rate, &values[i].value).kind != ERR_NONE)
            return false;
    }
    return true;
}

static bool allowed_at(struct flipping *f, int64_t minor, struct ask_value *values,
                       struct verdict *v)
{
    struct ask a;
    if (!amount_at(f, minor, values, &a))
        return false;
    *v = gate_decide(f->policy, &a);
    return v->ruling == RULING_ALLOW;
}

static const char *amount_words(struct flipping *f, const char *before, int64_t minor,
                                const char *after)
{
    char text[MONEY_TEXT_MAX];
    struct money m = f->ask->amount;
    m.minor = minor;
    money_print(m, text);
    return arena_fmt(f->arena, "%s %s %s%s", before, text, m.cur, after);
}

/* Between an amount that is allowed and a larger one that is not: the last that is. */
static int64_t last_allowed(struct flipping *f, int64_t allowed, int64_t stopped,
                            struct ask_value *values)
{
    struct verdict v;
    while (stopped - allowed > 1) {
        int64_t middle = allowed + (stopped - allowed) / 2;
        if (allowed_at(f, middle, values, &v))
            allowed = middle;
        else
            stopped = middle;
    }
    return allowed;
}

static void amount_facts(struct flipping *f, struct flips *flips)
{
    const struct ask *a = f->ask;
    struct ask_value *values = ARENA_ARRAY(f->arena, a->values_n, struct ask_value);
    int64_t now = a->amount.minor < 0 ? -a->amount.minor : a->amount.minor;
    struct verdict v;
    if (!a->has_amount || values == NULL || now > MINOR_MAX || now < 0)
        return;
    if (flips->wanted == RULING_ALLOW) {
        if (now == 0 || !allowed_at(f, 0, values, &v))
            return;
        int64_t last = last_allowed(f, 0, now, values);
        (void)allowed_at(f, last, values, &v);
        found(flips, amount_words(f, "up to", last, ""), "amount,values", FLIP_BY_NOBODY, v);
        return;
    }
    int64_t more = now < 1 ? 1 : now;
    while (more < MINOR_MAX && allowed_at(f, more, values, &v))
        more *= 2;
    if (allowed_at(f, more, values, &v) || !allowed_at(f, now, values, &v))
        return;
    int64_t first = last_allowed(f, now, more, values) + 1;
    (void)allowed_at(f, first, values, &v);
    found(flips, amount_words(f, "from", first, " on"), "amount,values", FLIP_BY_NOBODY, v);
}

/* ---- two facts ---- */

/* The second fact's way that works beside the first. */
static bool with_second(struct flipping *f, const struct ask *first, const struct flip_fact *fact,
                        enum ruling wanted, size_t *choice, struct verdict *v)
{
    for (*choice = 0; *choice < fact->choices; (*choice)++) {
        struct ask a = *first;
        if (!fact->set(f, *choice, &a))
            continue;
        *v = gate_decide(f->policy, &a);
        if (v->ruling == wanted)
            return true;
    }
    return false;
}

static bool pair_at(struct flipping *f, const struct flip_fact *one, const struct flip_fact *two,
                    struct flips *flips)
{
    struct verdict v;
    size_t with;
    for (size_t choice = 0; choice < one->choices; choice++) {
        struct ask a = *f->ask;
        if (!one->set(f, choice, &a) || !with_second(f, &a, two, flips->wanted, &with, &v))
            continue;
        found(flips, arena_fmt(f->arena, "%s, and %s", one->words(f, choice), two->words(f, with)),
              arena_fmt(f->arena, "%s,%s", one->facts, two->facts),
              one->by > two->by ? one->by : two->by, v);
        return true;
    }
    return false;
}

static void two_facts(struct flipping *f, enum flip_by at_most, struct flips *flips)
{
    for (size_t i = 0; i < flip_facts_n; i++) {
        for (size_t k = i + 1; k < flip_facts_n && flip_facts[i].by <= at_most; k++) {
            if (flip_facts[k].by <= at_most)
                (void)pair_at(f, &flip_facts[i], &flip_facts[k], flips);
        }
    }
}

/* ---- the whole ---- */

/* What somebody can change first, the others as they were found. */
static void sort(struct flips *flips)
{
    for (size_t i = 1; i < flips->n; i++) {
        struct flip flip = flips->at[i];
        size_t k = i;
        for (; k > 0 && flips->at[k - 1].by > flip.by; k--)
            flips->at[k] = flips->at[k - 1];
        flips->at[k] = flip;
    }
}

static void find(struct flipping *f, struct flips *flips)
{
    size_t i = 0;
    for (; i < flip_facts_n && flip_facts[i].by != FLIP_BY_NOBODY; i++)
        one_fact(f, &flip_facts[i], flips);
    if (flips->wanted == RULING_ALLOW)
        amount_facts(f, flips);
    for (; i < flip_facts_n; i++)
        one_fact(f, &flip_facts[i], flips);
    /* what the one who asks can do alone is worth two facts */
    if (flips->n == 0 || flips->at[0].by != FLIP_BY_ACTOR)
        two_facts(f, FLIP_BY_ACTOR, flips);
    sort(flips);
    if (flips->n == 0 || flips->at[0].by == FLIP_BY_NOBODY)
        two_facts(f, FLIP_BY_TIME, flips);
    if (flips->n == 0)
        two_facts(f, FLIP_BY_NOBODY, flips);
    sort(flips);
}

struct err flips_find(struct arena *arena, const struct policy *policy, const struct ask *ask,
                      struct flips *flips)
{
    struct flipping f = {.arena = arena, .policy = policy, .ask = ask};
    const struct case_seed seed = {.action = ask->action, .actor = ask->actor};
    enum ruling now = gate_decide(policy, ask).ruling;
    TRY(case_plain(arena, policy, &seed, &f.plain));
    *flips = (struct flips){.wanted = now == RULING_ALLOW ? RULING_HUMAN : RULING_ALLOW};
    if (now == RULING_ALLOW) {
        amount_facts(&f, flips);
        return arena_check(arena);
    }
    find(&f, flips);
    if (flips->n == 0 && now == RULING_DENY) {
        flips->wanted = RULING_HUMAN;
        find(&f, flips);
    }
    return arena_check(arena);
}

struct json *flips_print(struct arena *arena, const struct flips *flips)
{
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < flips->n; i++) {
        const struct flip *flip = &flips->at[i];
        struct json *o = json_object_new(arena), *facts = json_array_new(arena);
        struct str name, rest = str_of(flip->facts);
        while (rest.len > 0) {
            if (!str_cut(rest, ',', &name, &rest))
                rest.len = 0;
            json_push(arena, facts, json_str_new(arena, name));
        }
        json_put_text(arena, o, "words", flip->words);
        json_put(arena, o, "facts", facts);
        json_put_text(arena, o, "by", flip_by_name(flip->by));
        json_put_text(arena, o, "ruling", ruling_name(flip->becomes.ruling));
        json_put_text(arena, o, "reason", reason_name(flip->becomes.reason));
        json_push(arena, list, o);
    }
    return arena_full(arena) ? NULL : list;
}
