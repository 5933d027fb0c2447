/* Equal amounts: each block of one account, currency and amount is settled by itself. Hard keys
 * first, then every candidate pair within the windows is scored and assigned as a whole. */
#include "engine/recon/internal.h"

#define BLOCK_EDGES 1000000u /* candidates of one block, however many rows share the amount */

static uint32_t free_bank_end(const struct pass *p, uint32_t from, uint32_t to)
{
    while (from < to && p->rows[from].side == RECON_BANK)
        from++;
    return from;
}

static bool any_free(const struct pass *p, uint32_t from, uint32_t to)
{
    for (; from < to; from++) {
        if (p->rows[from].state == ROW_FREE)
            return true;
    }
    return false;
}

/* First book row of [from, to) on or after `day`. */
static uint32_t first_on(const struct pass *p, uint32_t from, uint32_t to, int32_t day)
{
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        if (p->rows[mid].day < day)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Scores `bank` against the books of [from, to), nearest day first, at most `max` of them. */
static struct err edges_of(struct pass *p, uint32_t bank, uint32_t from, uint32_t to, uint32_t max)
{
    const struct row *r = &p->rows[bank];
    uint32_t above = first_on(p, from, to, r->day), below = above, seen = 0;
    size_t first = p->edges_n;
    int32_t late = p->params->window_cheque_days, early = -2 * p->params->window_days;
    while (seen < max) {
        bool has_below = below > from && row_lag(r, &p->rows[below - 1]) <= late;
        bool has_above = above < to && row_lag(r, &p->rows[above]) >= early;
        if (!has_below && !has_above)
            return OK;
        bool take_below = has_below && (!has_above || (int64_t)r->day - p->rows[below - 1].day <=
                                                          (int64_t)p->rows[above].day - r->day);
        uint32_t book = take_below ? --below : above++;
        struct edge edge;
        if (p->rows[book].state != ROW_FREE)
            continue;
        seen++;
        if (edge_score(p, bank, book, &edge))
            TRY(edge_push(p, &edge));
    }
    for (size_t i = first; i < p->edges_n; i++)
        p->edges[i].capped = 1;
    return OK;
}

static struct err block_match(struct pass *p, uint32_t from, uint32_t to)
{
    uint32_t books = free_bank_end(p, from, to);
    if (!any_free(p, from, books) || !any_free(p, books, to))
        return OK;
    TRY(hard_key_block(p, from, to));
    uint32_t max = p->params->candidates_max;
    if ((uint64_t)max * (books - from) > BLOCK_EDGES)
        max = BLOCK_EDGES / (books - from) > 8 ? BLOCK_EDGES / (books - from) : 8;
    p->edges_n = 0;
    for (uint32_t bank = from; bank < books; bank++) {
        if (p->rows[bank].state == ROW_FREE)
            TRY(edges_of(p, bank, books, to, max));
    }
    if (p->edges_n > 0)
        assign_edges(p);
    return OK;
}

struct err pass_exact(struct pass *p)
{
    for (uint32_t from = 0; from < p->n;) {
        uint32_t to = block_end(p, from);
        if (to - from > 1)
            TRY(block_match(p, from, to));
        from = to;
    }
    return OK;
}
