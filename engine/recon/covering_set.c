/* Which few amounts add up to a total, to the cent, and whether another few do too (FINANCE 4.3).
 * Depth first over amounts sorted by size; a branch is cut when the largest that are left cannot
 * reach the total. Stops at the second solution or when the node budget is spent. */
#include "engine/recon/internal.h"

struct search {
    int64_t amounts[COVER_MAX]; /* as seen from the target: its own sign is positive, descending */
    uint32_t origin[COVER_MAX];
    wide sum[COVER_MAX + 1]; /* of the positive amounts before */
    uint32_t n, positive_n, items_max, nodes_max;
    uint32_t stack[COVER_ITEMS_MAX];
    uint32_t depth, negatives;
    struct cover *cover;
};

static void solution(struct search *s)
{
    if (++s->cover->solutions > 1)
        return;
    s->cover->items_n = s->depth;
    for (uint32_t i = 0; i < s->depth; i++)
        s->cover->items[i] = s->origin[s->stack[i]];
}

/* The most that `items` more amounts from `at` on can add. */
static wide reachable(const struct search *s, uint32_t at, uint32_t items)
{
    uint32_t to = at + items < s->positive_n ? at + items : s->positive_n;
    return to > at ? s->sum[to] - s->sum[at] : 0;
}

/* The last member: every amount from `at` on that is exactly what is left. */
static void last_member(struct search *s, uint32_t at, wide left)
{
    uint32_t lo = at, hi = s->n;
    while (lo < hi) { /* descending */
        uint32_t mid = (lo + hi) / 2;
        if (s->amounts[mid] > left)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < s->n && s->amounts[lo] == left && s->cover->solutions < 2; lo++) {
        if (s->amounts[lo] < 0 && s->negatives == 1)
            return;
        s->stack[s->depth++] = lo;
        if (s->depth >= 2)
            solution(s);
        s->depth--;
    }
}

static bool stopped(const struct search *s)
{
    return s->cover->spent || s->cover->solutions > 1;
}

static void descend(struct search *s, uint32_t at, wide left, wide most_negative)
{
    if (++s->cover->nodes > s->nodes_max) {
        s->cover->spent = true;
        return;
    }
    if (left == 0 && s->depth >= 2)
        solution(s); /* and on: members that cancel out make another answer */
    uint32_t items = s->items_max - s->depth;
    if (items == 1) {
        last_member(s, at, left);
        return;
    }
    for (uint32_t i = at; i < s->n && items > 0 && !stopped(s); i++) {
        if (left > 0 && reachable(s, i, items) < left)
            return;
        bool negative = s->amounts[i] < 0;
        if (negative && s->negatives == 1)
            return;
        wide allowance = s->negatives == 0 ? -most_negative : 0;
        if (!negative && s->amounts[i] > left + allowance)
            continue;
        s->stack[s->depth++] = i;
        s->negatives += negative ? 1 : 0;
        descend(s, i + 1, left - s->amounts[i], most_negative);
        s->negatives -= negative ? 1 : 0;
        s->depth--;
    }
}

void cover_find(const int64_t *amounts, uint32_t n, int64_t target, uint32_t items_max,
                uint32_t nodes_max, struct cover *cover)
{
    *cover = (struct cover){0};
    struct search s = {.items_max = items_max < COVER_ITEMS_MAX ? items_max : COVER_ITEMS_MAX,
                       .nodes_max = nodes_max,
                       .cover = cover};
    for (uint32_t i = 0; i < n && i < COVER_MAX; i++) {
        if (amounts[i] == 0 || amounts[i] == INT64_MIN || target == INT64_MIN)
            continue;
        int64_t seen = target < 0 ? -amounts[i] : amounts[i];
        uint32_t at = s.n++;
        for (; at > 0 && s.amounts[at - 1] < seen; at--) {
            s.amounts[at] = s.amounts[at - 1];
            s.origin[at] = s.origin[at - 1];
        }
        s.amounts[at] = seen;
        s.origin[at] = i;
    }
    if (s.n < 2 || target == 0)
        return;
    for (; s.positive_n < s.n && s.amounts[s.positive_n] > 0; s.positive_n++)
        s.sum[s.positive_n + 1] = s.sum[s.positive_n] + s.amounts[s.positive_n];
    int64_t smallest = s.amounts[s.n - 1];
    descend(&s, 0, target < 0 ? -(wide)target : target, smallest < 0 ? smallest : 0);
}
