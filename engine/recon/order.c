/* The order of the result: the rules find things by amount, whoever works through them wants them
 * by day. A stable sort, so that within a day the order is still one of content alone. */
#include "engine/recon/internal.h"

#include "common/base/invariant.h"

/* Puts elements where `sorted` says they come from, without a second copy of them all. */
static void permute(char *base, size_t size, struct sort_item *sorted, size_t n)
{
    char saved[128];
    INVARIANT(size <= sizeof saved);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i].entry == i)
            continue;
        memcpy(saved, base + i * size, size);
        size_t to = i;
        while (sorted[to].entry != i) {
            size_t from = sorted[to].entry;
            memcpy(base + to * size, base + from * size, size);
            sorted[to].entry = (uint32_t)to;
            to = from;
        }
        memcpy(base + to * size, saved, size);
        sorted[to].entry = (uint32_t)to;
    }
}

static uint64_t day_key(int32_t day)
{
    return (uint64_t)((int64_t)day - INT32_MIN);
}

static uint64_t match_key(const struct pass *p, const struct recon_match *m)
{
    int32_t first = INT32_MAX;
    for (uint32_t k = 0; k < m->bank_n + m->book_n; k++) {
        int32_t day = p->entries[p->legs[m->legs + k]].day;
        first = day < first ? day : first;
    }
    return day_key(first);
}

struct err pass_order(struct pass *p, struct recon_result *result)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(p->params->bytes_max);
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory to order the result");
    size_t most = p->matches_n > result->exceptions_n ? p->matches_n : result->exceptions_n;
    struct sort_item *items = ARENA_ARRAY(scratch, most + 1, struct sort_item);
    struct sort_item *spare = ARENA_ARRAY(scratch, most + 1, struct sort_item);
    TRY(arena_check(scratch));
    for (size_t i = 0; i < p->matches_n; i++)
        items[i] = (struct sort_item){.key = match_key(p, &p->matches[i]), .entry = (uint32_t)i};
    permute((char *)p->matches, sizeof *p->matches, sort_items(items, spare, p->matches_n, 32),
            p->matches_n);
    for (size_t i = 0; i < result->exceptions_n; i++) {
        const struct recon_entry *e = &p->entries[result->exceptions[i].entry];
        items[i] = (struct sort_item){.key = day_key(e->day) << 1 | (uint64_t)e->side,
                                      .entry = (uint32_t)i};
    }
    permute((char *)result->exceptions, sizeof *result->exceptions,
            sort_items(items, spare, result->exceptions_n, 33), result->exceptions_n);
    return OK;
}
