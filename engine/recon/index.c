/* Rows of one side still free, found by what their texts share: a word's beginning, a reference, a
 * key, or just the date. A misspelt word is found by its neighbours. */
#include "engine/recon/internal.h"

#include <stdlib.h>

#define STEM   4u
#define COMMON 32u /* more rows than this within the days: the word alone is no lead */

static uint64_t key_mix(uint32_t group, uint64_t what)
{
    return (what ^ ((uint64_t)group << 40)) * UINT64_C(0x9E3779B97F4A7C15);
}

uint64_t index_key_any(const struct row *row)
{
    return key_mix(row->group, row->amount < 0 ? 1 : 2);
}

/* The keys of a row, the most selective last: each word of the name, each two that follow each
 * other, each reference. */
#define KEYS_MAX (2 * NORM_TOKENS + NORM_REFS + 1)
static uint32_t keys_of(const struct row *row, uint64_t *keys, uint32_t *single_n)
{
    const struct norm *n = row->norm;
    uint64_t stems[NORM_TOKENS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->name_n; i++) {
        const struct token *t = &norm_tokens(n)[i];
        if (t->weight >= 3)
            stems[count++] = hash_bytes(norm_bytes(n) + t->at, t->len < STEM ? t->len : STEM);
    }
    *single_n = count;
    for (uint32_t i = 0; i < *single_n; i++)
        keys[i] = key_mix(row->group, stems[i] + 1);
    for (uint32_t i = 1; i < *single_n; i++)
        keys[count++] = key_mix(row->group, stems[i - 1] * 31 + stems[i] + 2);
    for (uint32_t i = 0; i < n->ref_n; i++)
        keys[count++] = key_mix(row->group, norm_refs(n)[i] + 3);
    return count;
}

static int item_cmp(const void *a, const void *b)
{
    const struct index_item *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Keys are evenly spread: deal the items out by their leading bits, then sort each small heap. */
static struct err items_sort(struct index *index)
{
    uint32_t bits = 1;
    while (bits < 24 && (index->items_n >> bits) > 4)
        bits++;
    CLEANUP(arena_free) struct arena *scratch = arena_new(SIZE_MAX);
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory to sort an index");
    size_t *at = ARENA_ARRAY(scratch, ((size_t)1 << bits) + 1, size_t);
    struct index_item *dealt = ARENA_ARRAY(scratch, index->items_n + 1, struct index_item);
    TRY(arena_check(scratch));
    for (size_t i = 0; i < index->items_n; i++)
        at[(index->items[i].key >> (64 - bits)) + 1]++;
    for (size_t k = 1; k <= (size_t)1 << bits; k++)
        at[k] += at[k - 1];
    for (size_t i = 0; i < index->items_n; i++)
        dealt[at[index->items[i].key >> (64 - bits)]++] = index->items[i];
    memcpy(index->items, dealt, index->items_n * sizeof *dealt);
    for (size_t k = 0, from = 0; k < (size_t)1 << bits; k++) {
        if (at[k] - from > 1)
            qsort(index->items + from, at[k] - from, sizeof *dealt, item_cmp);
        from = at[k];
    }
    return OK;
}

struct err index_build(struct pass *p, enum recon_side side, bool dated, struct index *index)
{
    uint64_t keys[KEYS_MAX];
    uint32_t single_n;
    size_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->rows[i].state == ROW_FREE && p->rows[i].side == side)
            n += 1 + keys_of(&p->rows[i], keys, &single_n);
    }
    index->items = ARENA_ARRAY(p->arena, n + 1, struct index_item);
    index->stamp = ARENA_ARRAY(p->arena, p->n + 1, uint32_t);
    TRY(arena_check(p->arena));
    for (uint32_t i = 0; i < p->n; i++) {
        const struct row *r = &p->rows[i];
        if (r->state != ROW_FREE || r->side != side)
            continue;
        uint32_t count = keys_of(r, keys, &single_n);
        if (dated)
            keys[count++] = index_key_any(r);
        for (uint32_t k = 0; k < count; k++)
            index->items[index->items_n++] =
                (struct index_item){.key = keys[k], .row = i, .day = r->day};
    }
    return items_sort(index);
}

static size_t lower(const struct index *index, uint64_t key, int64_t day)
{
    size_t lo = 0, hi = index->items_n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct index_item *it = &index->items[mid];
        if (it->key < key || (it->key == key && it->day < day))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void near_begin(struct near *near, struct index *index)
{
    near->index = index;
    near->n = 0;
    near->capped = false;
    index->look_up++;
}

void near_by_key(const struct pass *p, struct near *near, uint64_t key, int32_t day)
{
    struct index *index = near->index;
    size_t from = lower(index, key, (int64_t)day - near->before);
    size_t to = lower(index, key, (int64_t)day + near->after + 1);
    size_t above = lower(index, key, day), below = above;
    const struct index_item *items = index->items;
    uint32_t looked = 0;
    while (below > from || above < to) {
        bool take_below = below > from && (above == to || (int64_t)day - items[below - 1].day <=
                                                              (int64_t)items[above].day - day);
        uint32_t row = items[take_below ? --below : above++].row;
        if (++looked > 4 * near->max + 64 || near->n == near->max) {
            near->capped = true;
            return;
        }
        if (p->rows[row].state != ROW_FREE || index->stamp[row] == index->look_up)
            continue;
        index->stamp[row] = index->look_up;
        near->rows[near->n++] = row;
    }
}

void near_by_text(const struct pass *p, struct near *near, uint32_t row)
{
    uint64_t keys[KEYS_MAX];
    uint32_t single_n;
    uint32_t count = keys_of(&p->rows[row], keys, &single_n);
    int32_t day = p->rows[row].day;
    for (uint32_t k = count; k > 0 && near->n < near->max; k--) {
        uint64_t key = keys[k - 1];
        bool single = k <= single_n && single_n > 1; /* for a slip in the other word */
        if (single && lower(near->index, key, (int64_t)day + near->after + 1) -
                              lower(near->index, key, (int64_t)day - near->before) >
                          COMMON)
            continue; /* a common word alone is no lead */
        near_by_key(p, near, key, day);
    }
}
