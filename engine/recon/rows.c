/* The entries of a pass, sorted by content: group (entity, account, currency), amount, side, day,
 * id. One radix sort over a packed key; equal keys are put right by id. */
#include "engine/recon/internal.h"

#include <stdlib.h>

struct group_key {
    uint32_t entity, account;
    char cur[4];
};

int32_t workday_of(const struct recon_params *params, int32_t day)
{
    int64_t since_monday = (int64_t)day - 4; /* 1970-01-05 */
    int64_t week = since_monday >= 0 ? since_monday / 7 : -((6 - since_monday) / 7);
    int64_t weekday = since_monday - week * 7;
    int64_t count = week * 5 + (weekday < 5 ? weekday : 5);
    size_t lo = 0, hi = params->holidays_n;
    while (lo < hi) { /* holidays before `day` */
        size_t mid = (lo + hi) / 2;
        if (params->holidays[mid] < day)
            lo = mid + 1;
        else
            hi = mid;
    }
    count -= (int64_t)lo; /* recon_params_check: none of them is on a weekend */
    return (int32_t)count;
}

static int group_cmp(const void *a, const void *b)
{
    const struct group_key *x = a, *y = b;
    if (x->entity != y->entity)
        return x->entity < y->entity ? -1 : 1;
    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    return memcmp(x->cur, y->cur, sizeof x->cur);
}

struct groups {
    struct group_key *keys; /* ascending */
    uint32_t n, cap;
};

static struct err group_insert(struct groups *g, struct arena *scratch, uint32_t at,
                               const struct group_key *key)
{
    if (g->n == g->cap) {
        uint32_t cap = g->cap == 0 ? 64 : g->cap * 2;
        struct group_key *grown = ARENA_ARRAY(scratch, cap, struct group_key);
        if (grown == NULL)
            return arena_check(scratch);
        if (g->n > 0)
            memcpy(grown, g->keys, g->n * sizeof *grown);
        g->keys = grown;
        g->cap = cap;
    }
    memmove(&g->keys[at + 1], &g->keys[at], (g->n - at) * sizeof g->keys[0]);
    g->keys[at] = *key;
    g->n++;
    return OK;
}

/* Where the key is, or would be. */
static uint32_t group_at(const struct groups *g, const struct group_key *key)
{
    uint32_t lo = 0, hi = g->n;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (group_cmp(&g->keys[mid], key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct group_key group_of_entry(const struct recon_entry *e)
{
    struct group_key k = {.entity = e->entity, .account = e->account};
    memcpy(k.cur, e->cur, sizeof k.cur);
    return k;
}

/* Entries of one book mostly share their group: remember the last, search the few others. */
static struct err groups_assign(struct pass *p, struct arena *scratch, uint32_t *group_of,
                                uint32_t *groups_n)
{
    struct groups g = {0};
    struct group_key last = {0};
    for (size_t i = 0; i < p->n; i++) {
        struct group_key k = group_of_entry(&p->entries[i]);
        if (i > 0 && group_cmp(&k, &last) == 0)
            continue;
        last = k;
        uint32_t at = group_at(&g, &k);
        if (at == g.n || group_cmp(&g.keys[at], &k) != 0)
            TRY(group_insert(&g, scratch, at, &k));
    }
    *groups_n = g.n;
    uint32_t at = 0;
    for (size_t i = 0; g.n > 1 && i < p->n; i++) {
        struct group_key k = group_of_entry(&p->entries[i]);
        if (group_cmp(&g.keys[at], &k) != 0)
            at = group_at(&g, &k);
        group_of[i] = at;
    }
    return OK;
}

static uint32_t bits_of(uint64_t v)
{
    return v == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(v);
}

struct span { /* the ranges the packed key must hold */
    int64_t amount_min;
    int32_t day_min;
    uint32_t amount_bits, day_bits, group_bits;
};

static struct span span_of(const struct pass *p, uint32_t groups_n)
{
    int64_t lo = INT64_MAX, hi = INT64_MIN;
    int32_t day_lo = INT32_MAX, day_hi = INT32_MIN;
    for (size_t i = 0; i < p->n; i++) {
        const struct recon_entry *e = &p->entries[i];
        lo = e->amount_minor < lo ? e->amount_minor : lo;
        hi = e->amount_minor > hi ? e->amount_minor : hi;
        day_lo = e->day < day_lo ? e->day : day_lo;
        day_hi = e->day > day_hi ? e->day : day_hi;
    }
    return (struct span){
        .amount_min = lo,
        .day_min = day_lo,
        .amount_bits = bits_of((uint64_t)hi - (uint64_t)lo),
        .day_bits = bits_of((uint64_t)((int64_t)day_hi - day_lo)),
        .group_bits = bits_of(groups_n - 1),
    };
}

struct sort_item *sort_items(struct sort_item *a, struct sort_item *b, size_t n, uint32_t bits)
{
    enum { DIGIT = 11, BUCKETS = 1 << DIGIT };
    for (uint32_t shift = 0; shift < bits; shift += DIGIT) {
        size_t at[BUCKETS] = {0};
        for (size_t i = 0; i < n; i++)
            at[a[i].key >> shift & (BUCKETS - 1)]++;
        size_t sum = 0;
        for (size_t k = 0; k < BUCKETS; k++) {
            size_t count = at[k];
            at[k] = sum;
            sum += count;
        }
        for (size_t i = 0; i < n; i++)
            b[at[a[i].key >> shift & (BUCKETS - 1)]++] = a[i];
        struct sort_item *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

struct compare_ctx {
    const struct pass *p;
    const uint32_t *group_of;
};

static int entry_cmp(const void *x, const void *y, void *arg)
{
    const struct compare_ctx *ctx = arg;
    uint32_t i = ((const struct sort_item *)x)->entry, j = ((const struct sort_item *)y)->entry;
    const struct recon_entry *a = &ctx->p->entries[i], *b = &ctx->p->entries[j];
    if (ctx->group_of[i] != ctx->group_of[j])
        return ctx->group_of[i] < ctx->group_of[j] ? -1 : 1;
    if (a->amount_minor != b->amount_minor)
        return a->amount_minor < b->amount_minor ? -1 : 1;
    if (a->side != b->side)
        return a->side < b->side ? -1 : 1;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return strcmp(a->id, b->id);
}

static struct sort_item *sort_entries(const struct pass *p, struct sort_item *items,
                                      struct sort_item *spare, const uint32_t *group_of,
                                      uint32_t groups_n)
{
    struct span s = span_of(p, groups_n);
    struct compare_ctx ctx = {.p = p, .group_of = group_of};
    uint32_t bits = s.group_bits + s.amount_bits + 1 + s.day_bits;
    for (size_t i = 0; i < p->n; i++) {
        const struct recon_entry *e = &p->entries[i];
        items[i].entry = (uint32_t)i;
        if (bits > 63)
            continue;
        uint64_t key = group_of[i];
        key = key << s.amount_bits | ((uint64_t)e->amount_minor - (uint64_t)s.amount_min);
        key = key << 1 | (uint64_t)e->side;
        items[i].key = key << s.day_bits | (uint64_t)((int64_t)e->day - s.day_min);
    }
    if (bits > 63) { /* amounts at both ends of the range: rare, and small books */
        qsort_r(items, p->n, sizeof items[0], entry_cmp, &ctx);
        return items;
    }
    struct sort_item *sorted = sort_items(items, spare, p->n, bits);
    for (size_t i = 0; i < p->n;) {
        size_t j = i + 1;
        while (j < p->n && sorted[j].key == sorted[i].key)
            j++;
        if (j - i > 1)
            qsort_r(sorted + i, j - i, sizeof sorted[0], entry_cmp, &ctx);
        i = j;
    }
    return sorted;
}

static bool undoes(const struct recon_entry *e)
{
    return (e->flags & RECON_REVERSAL) != 0 || (e->reverses != NULL && e->reverses[0] != '\0');
}

static void entry_prefetch(const struct recon_entry *e)
{
    __builtin_prefetch(e);
    __builtin_prefetch((const char *)(e + 1) - 1); /* may lie on the next cache line */
}

static struct err rows_fill(struct pass *p, const struct sort_item *sorted,
                            const uint32_t *group_of)
{
    for (size_t i = 0; i < p->n; i++) {
        if (i + 16 < p->n) /* the sorted order jumps about in memory: ask early */
            entry_prefetch(&p->entries[sorted[i + 16].entry]);
        if (i + 8 < p->n) {
            __builtin_prefetch(p->entries[sorted[i + 8].entry].text);
            __builtin_prefetch(p->entries[sorted[i + 8].entry].reference);
        }
        uint32_t at = sorted[i].entry;
        const struct recon_entry *e = &p->entries[at];
        const struct norm *norm = normalise(&p->words, e, p->arena);
        if (norm == NULL)
            return arena_check(p->arena);
        p->rows[i] = (struct row){
            .amount = e->amount_minor,
            .norm = norm,
            .entry = at,
            .group = group_of[at],
            .day = e->day,
            .workday = i > 0 && p->rows[i - 1].day == e->day ? p->rows[i - 1].workday
                                                             : workday_of(p->params, e->day),
            .side = (uint8_t)e->side,
            .hints = (uint8_t)(norm->hints | (undoes(e) ? HINT_UNDOES : 0)),
            .state =
                e->amount_minor == 0 || (e->flags & RECON_PENDING) != 0 ? ROW_EXCLUDED : ROW_FREE,
        };
    }
    return OK;
}

struct err rows_build(struct pass *p)
{
    p->rows = ARENA_ARRAY(p->arena, p->n + 1, struct row);
    CLEANUP(arena_free) struct arena *scratch = arena_new(p->params->bytes_max);
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory to sort the entries");
    struct sort_item *items = ARENA_ARRAY(scratch, p->n + 1, struct sort_item);
    struct sort_item *spare = ARENA_ARRAY(scratch, p->n + 1, struct sort_item);
    uint32_t *group_of = ARENA_ARRAY(scratch, p->n + 1, uint32_t);
    TRY(arena_check(scratch));
    TRY(arena_check(p->arena));
    if (p->n == 0)
        return OK;
    uint32_t groups_n = 0;
    TRY(groups_assign(p, scratch, group_of, &groups_n));
    return rows_fill(p, sort_entries(p, items, spare, group_of, groups_n), group_of);
}

/* The first row at or after (group, amount), or just after it when `after`. */
static uint32_t row_bound(const struct pass *p, uint32_t group, int64_t amount, bool after)
{
    uint32_t lo = 0, hi = (uint32_t)p->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const struct row *r = &p->rows[mid];
        bool below = r->group != group ? r->group < group : r->amount < amount;
        if (below || (after && r->group == group && r->amount == amount))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void rows_block(const struct pass *p, uint32_t group, int64_t amount, uint32_t *from, uint32_t *to)
{
    *from = row_bound(p, group, amount, false);
    *to = row_bound(p, group, amount, true);
}

uint32_t block_end(const struct pass *p, uint32_t from)
{
    uint32_t to = from + 1;
    while (to < p->n && p->rows[to].group == p->rows[from].group &&
           p->rows[to].amount == p->rows[from].amount)
        to++;
    return to;
}
