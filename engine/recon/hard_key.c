/* Hard keys: a cheque number, a whole reference or a payout id that one bank line and one book
 * entry of this amount share with nobody else. Nothing else needs to agree, but a name that
 * contradicts keeps the match from being confirmed by a machine. */
#include "engine/recon/internal.h"

#include <stdlib.h>

struct keyed {
    uint64_t ref;
    uint32_t row;
};

static int keyed_cmp(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->ref != y->ref)
        return x->ref < y->ref ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool pair_by_key(struct pass *p, uint32_t bank, uint32_t book)
{
    const struct row *a = &p->rows[bank], *b = &p->rows[book];
    int32_t lag = row_lag(a, b);
    if (lag > p->params->window_cheque_days || lag < -2 * p->params->window_days)
        return false;
    uint32_t text = text_similarity(a->norm, b->norm);
    bool silent = text < 6000 && !text_known(p, a->norm);
    bool other_name = text < 6000 && !silent;
    struct edge edge = {
        .bank = bank,
        .book = book,
        .type = RECON_TYPE_HARD_KEY,
        .score = (uint16_t)(other_name ? (p->params->review_min + p->params->high_min) / 2 : 10000),
        .parts = {.text = silent ? RECON_ABSENT : (uint16_t)text,
                  .reference = 10000,
                  .date = (uint16_t)score_date(p, lag, p->params->window_cheque_days),
                  .amount = 10000,
                  .channel = 10000},
    };
    match_settle(p, match_pair(p, &edge));
    return true;
}

/* One reference's rows: exactly one of each side makes a pair. */
static void keyed_run(struct pass *p, const struct keyed *run, size_t n)
{
    uint32_t bank = NONE, book = NONE;
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &p->rows[run[i].row];
        uint32_t *at = r->side == RECON_BANK ? &bank : &book;
        if (r->state != ROW_FREE)
            continue;
        if (*at != NONE)
            return;
        *at = run[i].row;
    }
    if (bank != NONE && book != NONE)
        pair_by_key(p, bank, book);
}

struct err hard_key_block(struct pass *p, uint32_t from, uint32_t to)
{
    size_t n = 0;
    for (uint32_t r = from; r < to; r++)
        n += p->rows[r].norm->ref_n;
    if (n < 2)
        return OK;
    struct keyed small[64];
    struct keyed *keys = n <= 64 ? small : ARENA_ARRAY(p->arena, n, struct keyed);
    if (keys == NULL)
        return arena_check(p->arena);
    n = 0;
    for (uint32_t r = from; r < to; r++) {
        const struct norm *norm = p->rows[r].norm;
        for (uint32_t i = 0; i < norm->ref_n; i++) {
            if (REF_CLASS(norm_refs(norm)[i]) != REF_TEXT && p->rows[r].state == ROW_FREE)
                keys[n++] = (struct keyed){.ref = norm_refs(norm)[i], .row = r};
        }
    }
    if (n < 2)
        return OK;
    qsort(keys, n, sizeof *keys, keyed_cmp);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && keys[j].ref == keys[i].ref; j++)
            continue;
        keyed_run(p, &keys[i], j - i);
    }
    return OK;
}
