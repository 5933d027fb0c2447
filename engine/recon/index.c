/* Rows of one side still free, found by what their texts share: a word's beginning, a reference, a
 * key, or just the date. A misspelt word is found by its neighbours. */
#include "engine/recon/internal.h"

#include <stdlib.h>

#define STEM   4u
#define COMMON 64u /* more rows than this within the days: a loose key is no lead */

static uint64_t key_mix(uint32_t group, uint64_t what)
{
    return (what ^ ((uint64_t)group << 40)) * UINT64_C(0x9E3779B97F4A7C15);
}

uint64_t index_key_any(const struct row *row)
{
    return key_mix(row->group, row->amount < 0 ? 1 : 2);
}

/* The keys of a row, the more selective last: each word of the name; of each two that follow each
 * other, one and the other's first letter (a slip in the other then does no harm); each reference.
 */
#define KEYS_MAX (4 * NORM_TOKENS + NORM_REFS + 1)
static uint32_t keys_of(const struct row *row, uint64_t *keys, uint32_t *loose_n)
{
    const struct norm *n = row->norm;
    uint64_t stems[NORM_TOKENS], firsts[NORM_TOKENS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->name_n; i++) {
        const struct token *t = &norm_tokens(n)[i];
        const char *word = norm_bytes(n) + t->at;
        if (t->weight < 3)
            continue;
        firsts[count] = (uint64_t)(unsigned char)word[0];
        stems[count++] = hash_bytes(word, t->len < STEM ? t->len : STEM);
    }
    uint32_t words_n = count;
    for (uint32_t i = 0; i < words_n; i++)
        keys[i] = key_mix(row->group, stems[i] + 1);
    for (uint32_t i = 1; i < words_n; i++) {
        keys[count++] = key_mix(row->group, stems[i - 1] * 31 + firsts[i]);
        keys[count++] = key_mix(row->group, stems[i] * 37 + firsts[i - 1]);
    }
    *loose_n = words_n == 1 ? 0 : count; /* one word is all there is: take it at its word */
    for (uint32_t i = 1; i < words_n; i++)
        keys[count++] = key_mix(row->group, stems[i - 1] * 41 + stems[i]);
    for (uint32_t i = 0; i < n->ref_n; i++)
        keys[count++] = key_mix(row->group, norm_refs(n)[i] + 3);
    return count;
}

/* Names within two slips of each other, or of the other's beginning, lack at most two letters of
 * it. */
static bool letters_fit(uint32_t a, uint32_t b)
{
    uint32_t not_b = a & ~b, not_a = b & ~a;
    return (not_b & (not_b - 1)) == 0 || (not_a & (not_a - 1)) == 0; /* at most one bit */
}

static int item_cmp(const void *a, const void *b)
{
    const struct index_item *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return x->left < y->left ? -1 : x->left > y->left;
}

/* Keys are evenly spread: deal the items out by their leading bits, then sort each small heap. The
 * heaps' ends stay as a directory for look-ups. */
static struct err items_sort(struct pass *p, struct index *index)
{
    uint32_t bits = 1;
    while (bits < 24 && (index->items_n >> bits) > 4)
        bits++;
    size_t heaps = (size_t)1 << bits;
    index->shift = 64 - bits;
    index->ends = ARENA_ARRAY(p->arena, heaps + 1, uint32_t);
    CLEANUP(arena_free) struct arena *scratch = arena_new(p->params->bytes_max);
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory to sort an index");
    struct index_item *dealt = ARENA_ARRAY(scratch, index->items_n + 1, struct index_item);
    TRY(arena_check(scratch));
    TRY(arena_check(p->arena));
    for (size_t i = 0; i < index->items_n; i++)
        index->ends[index->items[i].key >> index->shift]++;
    for (size_t k = 0, sum = 0; k <= heaps; k++) {
        size_t count = index->ends[k];
        index->ends[k] = (uint32_t)sum;
        sum += count;
    }
    for (size_t i = 0; i < index->items_n; i++)
        dealt[index->ends[index->items[i].key >> index->shift]++] = index->items[i];
    memcpy(index->items, dealt, index->items_n * sizeof *dealt);
    for (size_t k = 0, from = 0; k < heaps; k++) {
        if (index->ends[k] - from > 1)
            qsort(index->items + from, index->ends[k] - from, sizeof *dealt, item_cmp);
        from = index->ends[k];
    }
    return OK;
}

static bool is_left(const struct row *r, enum recon_side side)
{
    return r->state == ROW_FREE && r->side == side;
}

static struct err index_alloc(struct pass *p, enum recon_side side, struct index *index)
{
    uint64_t keys[KEYS_MAX];
    uint32_t loose_n;
    size_t n = 0, left_n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (!is_left(&p->rows[i], side))
            continue;
        n += 1 + keys_of(&p->rows[i], keys, &loose_n);
        left_n++;
    }
    index->items = ARENA_ARRAY(p->arena, n + 1, struct index_item);
    index->left = ARENA_ARRAY(p->arena, left_n + 1, struct left);
    return arena_check(p->arena);
}

struct err index_build(struct pass *p, enum recon_side side, bool dated, struct index *index)
{
    uint64_t keys[KEYS_MAX];
    uint32_t loose_n;
    TRY(index_alloc(p, side, index));
    for (uint32_t i = 0; i < p->n; i++) {
        const struct row *r = &p->rows[i];
        if (!is_left(r, side))
            continue;
        uint32_t count = keys_of(r, keys, &loose_n), at = (uint32_t)index->left_n++;
        index->left[at] =
            (struct left){.amount = r->amount, .norm = r->norm, .row = i, .workday = r->workday};
        if (dated)
            keys[count++] = index_key_any(r);
        for (uint32_t k = 0; k < count; k++)
            index->items[index->items_n++] = (struct index_item){
                .key = keys[k], .left = at, .day = r->day, .letters = r->norm->letters};
    }
    return items_sort(p, index);
}

void index_refresh(const struct pass *p, struct index *index)
{
    for (size_t i = 0; i < index->left_n; i++) {
        if (p->rows[index->left[i].row].state != ROW_FREE)
            index->left[i].stamp = STAMP_TAKEN;
    }
}

static size_t lower(const struct index *index, uint64_t key, int64_t day)
{
    size_t heap = key >> index->shift;
    size_t lo = heap == 0 ? 0 : index->ends[heap - 1], hi = index->ends[heap];
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

/* Asks for what near_take will read. */
static void items_prefetch(const struct index *index, size_t from, size_t to, uint32_t letters)
{
    for (size_t i = from; i < to; i++) {
        if (letters_fit(letters, index->items[i].letters))
            __builtin_prefetch(&index->left[index->items[i].left]);
    }
}

/* Takes the rows of items [from, to) whose letters fit, nearest to `day` first. */
static void near_take(struct near *near, size_t from, size_t to, int32_t day, uint32_t letters)
{
    struct index *index = near->index;
    const struct index_item *items = index->items;
    if (to - from <= COMMON)
        items_prefetch(index, from, to, letters);
    size_t above = from;
    while (above < to && items[above].day < day)
        above++;
    for (size_t below = above; below > from || above < to;) {
        bool take_below = below > from && (above == to || (int64_t)day - items[below - 1].day <=
                                                              (int64_t)items[above].day - day);
        size_t at = take_below ? --below : above++;
        if (!letters_fit(letters, items[at].letters))
            continue;
        struct left *left = &index->left[items[at].left];
        if (left->stamp >= index->look_up) /* seen already, or taken */
            continue;
        if (near->n == near->max) {
            near->capped = true;
            return;
        }
        left->stamp = index->look_up;
        __builtin_prefetch(left->norm);
        __builtin_prefetch((const char *)left->norm + 64);
        near->rows[near->n++] = left;
    }
}

/* Whether item `at` is of `key` and not after the days; after lower() these are a run. */
static bool in_run(const struct near *near, size_t at, uint64_t key, int32_t day)
{
    const struct index *index = near->index;
    return at < index->items_n && index->items[at].key == key &&
           index->items[at].day <= (int64_t)day + near->after;
}

/* The end of the items of `key` within the days, at most `most` from `from` on. */
static size_t run_end(const struct near *near, size_t from, uint64_t key, int32_t day, size_t most)
{
    if (in_run(near, from + most - 1, key, day)) /* of a run, so is all before it */
        return from + most;
    size_t to = from;
    while (in_run(near, to, key, day))
        to++;
    return to;
}

void near_by_key(struct near *near, uint64_t key, int32_t day)
{
    size_t most = 4 * (size_t)near->max + 64;
    size_t from = lower(near->index, key, (int64_t)day - near->before);
    size_t to = run_end(near, from, key, day, most);
    if (to - from == most) { /* too many: start near the day instead */
        near->capped = true;
        size_t at = lower(near->index, key, day);
        from = at - from > most / 2 ? at - most / 2 : from;
        to = run_end(near, from, key, day, most);
    }
    near_take(near, from, to, day, 0);
}

/* Where the items of the keys begin is all over memory: ask for all of them at once. */
static void keys_prefetch(const struct index *index, const uint64_t *keys, uint32_t count)
{
    for (uint32_t k = 0; k < count; k++)
        __builtin_prefetch(&index->ends[keys[k] >> index->shift]);
    for (uint32_t k = 0; k < count; k++) {
        size_t heap = keys[k] >> index->shift;
        __builtin_prefetch(&index->items[heap == 0 ? 0 : index->ends[heap - 1]]);
    }
}

void near_by_text(const struct pass *p, struct near *near, uint32_t row)
{
    uint64_t keys[KEYS_MAX];
    uint32_t loose_n;
    uint32_t count = keys_of(&p->rows[row], keys, &loose_n);
    uint32_t letters = p->rows[row].norm->letters;
    int32_t day = p->rows[row].day;
    keys_prefetch(near->index, keys, count);
    for (uint32_t k = count; k > 0 && near->n < near->max; k--) {
        if (k > loose_n) {
            near_by_key(near, keys[k - 1], day);
            continue;
        }
        /* What too many share is no lead. */
        size_t from = lower(near->index, keys[k - 1], (int64_t)day - near->before);
        size_t to = run_end(near, from, keys[k - 1], day, COMMON + 1);
        if (to - from <= COMMON)
            near_take(near, from, to, day, letters);
    }
}
