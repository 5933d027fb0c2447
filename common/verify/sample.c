/* Two ways to draw, and nothing of the machine they run on. */
#include "common/verify/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"

static const char *const method_names[] = {"none", "random", "mus"};

/* ---- the plan ---- */

static bool seed_good(const char *seed)
{
    size_t len = seed == NULL ? 0 : strlen(seed);
    for (size_t i = 0; i < len; i++) {
        const char c = seed[i];
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
            strchr("._-", c) == NULL)
            return false;
    }
    return len > 0 && len <= SAMPLE_SEED_MAX && seed[0] != '.';
}

struct err sample_plan_check(const struct sample_plan *plan)
{
    struct decimal interval;
    if (plan->method == SAMPLE_NONE)
        return OK;
    if (!seed_good(plan->seed))
        return err_at(ERR_INPUT, "seed", "expected 1 to 100 of A-Z a-z 0-9 . _ -");
    if (plan->interval == NULL && (plan->n < 1 || plan->n > SAMPLE_N_MAX))
        return err_at(ERR_INPUT, "n", "expected 1 to 10000");
    if (plan->interval == NULL)
        return OK;
    if (plan->method != SAMPLE_MUS)
        return err_at(ERR_INPUT, "interval", "an interval is of monetary units");
    TRY(err_in(decimal_parse(plan->interval, MONEY_UNITS_MAX, &interval), "interval"));
    if (decimal_sign(interval) <= 0)
        return err_at(ERR_INPUT, "interval", "expected more than zero");
    return OK;
}

struct json *sample_plan_print(struct arena *arena, const struct sample_plan *plan)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "method", method_names[plan->method]);
    if (plan->method == SAMPLE_NONE)
        return o;
    json_put_text(arena, o, "seed", plan->seed);
    if (plan->interval == NULL)
        json_put_int(arena, o, "n", plan->n);
    json_put_known(arena, o, "interval", plan->interval);
    return o;
}

struct err sample_plan_read(const struct json *tree, struct sample_plan *plan)
{
    const char *method = json_get_text(tree, "method");
    size_t i = 0;
    while (i < 3 && !text_eq(method, method_names[i]))
        i++;
    ENSURE(i < 3, ERR_INPUT, "the sample's method is none, random or mus");
    *plan = (struct sample_plan){.method = (enum sample_method)i,
                                 .seed = json_get_text(tree, "seed"),
                                 .interval = json_get_text(tree, "interval")};
    ENSURE(i == SAMPLE_NONE || plan->interval != NULL || json_int(json_get(tree, "n"), &plan->n),
           ERR_INPUT, "the sample has no size");
    return sample_plan_check(plan);
}

/* ---- digests ---- */

static void line_add(struct sha256 *h, const char *text)
{
    sha256_add(h, text, strlen(text));
    sha256_add(h, "\n", 1);
}

static void digest(const char *what, const char *seed, const char *population, const char *last,
                   uint8_t out[SHA256_LEN])
{
    struct sha256 h;
    sha256_begin(&h);
    line_add(&h, what);
    line_add(&h, seed);
    line_add(&h, population);
    line_add(&h, last);
    sha256_end(&h, out);
}

/* ---- random ---- */

struct ranked {
    uint8_t rank[SHA256_LEN];
    size_t item;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *one = a, *other = b;
    return memcmp(one->rank, other->rank, SHA256_LEN);
}

static void swap(struct ranked *a, struct ranked *b)
{
    const struct ranked kept = *a;
    *a = *b;
    *b = kept;
}

/* A heap with the largest rank first. */
static void heap_add(struct ranked *heap, size_t n, const struct ranked *r)
{
    heap[n] = *r;
    for (size_t at = n; at > 0 && by_rank(&heap[at], &heap[(at - 1) / 2]) > 0; at = (at - 1) / 2)
        swap(&heap[at], &heap[(at - 1) / 2]);
}

static void heap_replace(struct ranked *heap, size_t n, const struct ranked *r)
{
    heap[0] = *r;
    for (size_t at = 0, child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && by_rank(&heap[child + 1], &heap[child]) > 0;
        if (by_rank(&heap[at], &heap[child]) >= 0)
            return;
        swap(&heap[at], &heap[child]);
    }
}

static int by_seq(const void *a, const void *b)
{
    const struct sample_pick *one = a, *other = b;
    return one->item.seq < other->item.seq ? -1 : one->item.seq > other->item.seq;
}

static struct err pick_random(struct arena *arena, const struct sample_plan *plan,
                              const char *population, const struct sample_item *items, size_t n,
                              struct sample *out)
{
    const size_t wanted = (size_t)plan->n < n ? (size_t)plan->n : n;
    struct ranked *heap = ARENA_ARRAY(arena, wanted + 1, struct ranked);
    out->picks = ARENA_ARRAY(arena, wanted + 1, struct sample_pick);
    out->strata = ARENA_NEW(arena, struct sample_stratum);
    TRY(arena_check(arena));
    for (size_t i = 0; i < n; i++) {
        struct ranked r = {.item = i};
        char seq[24];
        (void)snprintf(seq, sizeof seq, "%" PRId64, items[i].seq);
        digest("closegate-sample/1", plan->seed, population, seq, r.rank);
        if (i < wanted)
            heap_add(heap, i, &r);
        else if (by_rank(&r, &heap[0]) < 0)
            heap_replace(heap, wanted, &r);
    }
    for (size_t i = 0; i < wanted; i++)
        out->picks[i] = (struct sample_pick){.item = items[heap[i].item], .hits = 1};
    qsort(out->picks, wanted, sizeof out->picks[0], by_seq);
    out->n = wanted;
    out->strata_n = 1;
    out->strata[0] = (struct sample_stratum){
        .items = (int64_t)n, .picked = (int64_t)wanted, .hits = (int64_t)wanted};
    return OK;
}

/* ---- monetary units ---- */

static int by_currency(const void *a, const void *b)
{
    const struct sample_stratum *one = a, *other = b;
    return strcmp(one->cur, other->cur);
}

static struct sample_stratum *stratum_of(struct sample *s, const char *cur)
{
    for (size_t i = 0; i < s->strata_n; i++) {
        if (strcmp(s->strata[i].cur, cur) == 0)
            return &s->strata[i];
    }
    return NULL;
}

/* The currencies of the population with what is in each; "" holds what has no amount. */
static struct err strata_make(struct arena *arena, const struct sample_item *items, size_t n,
                              struct sample *out)
{
    size_t cap = 0;
    for (size_t i = 0; i < n; i++) {
        struct sample_stratum *s = stratum_of(out, items[i].cur);
        if (s == NULL) {
            out->strata = arena_grow(arena, out->strata, out->strata_n, &cap, sizeof *s);
            ENSURE(out->strata != NULL, ERR_LIMIT, "out of memory");
            s = &out->strata[out->strata_n++];
            *s = (struct sample_stratum){.items = 0};
            memcpy(s->cur, items[i].cur, sizeof s->cur);
        }
        if (items[i].cur[0] == '\0' || items[i].minor <= 0) {
            s->left_out++;
            continue;
        }
        s->items++;
        s->total += items[i].minor;
    }
    if (out->strata_n > 1)
        qsort(out->strata, out->strata_n, sizeof *out->strata, by_currency);
    return OK;
}

/* The digest as a number, modulo: 256 bits, one byte at a time. */
static int64_t digest_mod(const uint8_t bytes[SHA256_LEN], int64_t modulus)
{
    int128 rest = 0; /* below modulus, so that a byte more always fits */
    for (size_t i = 0; i < SHA256_LEN; i++)
        rest = (rest * 256 + bytes[i]) % modulus;
    return (int64_t)rest;
}

static struct err stratum_begin(const struct sample_plan *plan, const char *population,
                                struct sample_stratum *s)
{
    uint8_t bytes[SHA256_LEN];
    struct money interval;
    if (s->items == 0)
        return OK;
    if (plan->interval != NULL) {
        TRY(err_in(money_parse(plan->interval, s->cur, &interval), "interval"));
        s->interval = interval.minor;
    } else {
        const int128 share = s->total / plan->n;
        s->interval = share < 1 ? 1 : share > INT64_MAX ? INT64_MAX : (int64_t)share;
    }
    digest("closegate-mus/1", plan->seed, population, s->cur, bytes);
    s->start = 1 + digest_mod(bytes, s->interval);
    return OK;
}

/* How many of the units start, start + interval … lie in the first `units`. */
static int128 hits_within(const struct sample_stratum *s, int128 units)
{
    return units < s->start ? 0 : (units - s->start) / s->interval + 1;
}

static struct err stratum_pick(struct arena *arena, struct sample_stratum *s,
                               const struct sample_item *items, size_t n, struct sample *out,
                               size_t *cap)
{
    int128 units = 0;
    for (size_t i = 0; s->items > 0 && i < n; i++) {
        if (strcmp(items[i].cur, s->cur) != 0 || items[i].minor <= 0)
            continue;
        const int128 before = hits_within(s, units);
        units += items[i].minor;
        const int64_t hits = (int64_t)(hits_within(s, units) - before);
        if (hits == 0)
            continue;
        out->picks = arena_grow(arena, out->picks, out->n, cap, sizeof *out->picks);
        ENSURE(out->picks != NULL, ERR_LIMIT, "out of memory");
        ENSURE(out->n < SAMPLE_N_MAX, ERR_LIMIT,
               "the interval picks more than 10000 items: take a larger one");
        out->picks[out->n++] = (struct sample_pick){
            .item = items[i], .hits = hits, .certain = items[i].minor >= s->interval};
        s->picked++;
        s->hits += hits;
    }
    return OK;
}

static struct err pick_units(struct arena *arena, const struct sample_plan *plan,
                             const char *population, const struct sample_item *items, size_t n,
                             struct sample *out)
{
    size_t cap = 0;
    TRY(strata_make(arena, items, n, out));
    for (size_t i = 0; i < out->strata_n; i++) {
        TRY(stratum_begin(plan, population, &out->strata[i]));
        TRY(stratum_pick(arena, &out->strata[i], items, n, out, &cap));
    }
    if (out->n > 1)
        qsort(out->picks, out->n, sizeof *out->picks, by_seq);
    return OK;
}

struct err sample_pick(struct arena *arena, const struct sample_plan *plan, const char *population,
                       const struct sample_item *items, size_t n, struct sample *sample)
{
    *sample = (struct sample){.n = 0};
    TRY(sample_plan_check(plan));
    switch (plan->method) {
    case SAMPLE_RANDOM:
        return pick_random(arena, plan, population, items, n, sample);
    case SAMPLE_MUS:
        return pick_units(arena, plan, population, items, n, sample);
    case SAMPLE_NONE:
        break;
    }
    return OK;
}

const char *minor_text(struct arena *arena, int128 minor, const char *cur)
{
    char digits[48];
    size_t at = sizeof digits;
    int units = 0;
    uint128 left = minor < 0 ? -(uint128)minor : (uint128)minor;
    if (currency_minor_units(cur, &units).kind != ERR_NONE)
        units = 0;
    digits[--at] = '\0';
    for (int i = 0; left > 0 || i <= units; i++) {
        if (i == units && units > 0)
            digits[--at] = '.';
        digits[--at] = (char)('0' + (int)(left % 10));
        left /= 10;
    }
    if (minor < 0)
        digits[--at] = '-';
    return arena_strdup(arena, digits + at);
}
