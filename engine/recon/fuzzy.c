/* The last resort for equal amounts: a bank text that names nobody, further apart in time than
 * exact.c looks. A name that contradicts is never overridden by the amount. */
#include "engine/recon/internal.h"

static struct err candidate(struct pass *p, uint32_t bank, uint32_t book)
{
    const struct row *a = &p->rows[bank], *b = &p->rows[book];
    int32_t lag = row_lag(a, b), late = 3 * p->params->window_days;
    if ((a->hints & HINT_CHEQUE) != 0)
        late = p->params->window_cheque_days;
    if (lag > late || lag < -2 * p->params->window_days ||
        ref_compare(a->norm, b->norm) == REF_DIFFER || text_known(p, a->norm))
        return OK;
    struct edge edge = {.bank = bank, .book = book, .type = RECON_TYPE_AMOUNT_ONLY};
    edge.parts = (struct recon_parts){
        .text = RECON_ABSENT,
        .reference = RECON_ABSENT,
        .date = (uint16_t)score_date(p, lag, late),
        .amount = 10000,
        .channel = 10000,
    };
    uint32_t room = (p->params->high_min - p->params->review_min) / 4;
    edge.score = (uint16_t)(p->params->review_min + room * edge.parts.date / 10000);
    return edge_push(p, &edge);
}

static struct err block_edges(struct pass *p, uint32_t from, uint32_t to)
{
    uint32_t left = 4 * p->params->candidates_max; /* a large block of strangers is not for us */
    for (uint32_t i = from; i < to && p->rows[i].side == RECON_BANK; i++) {
        for (uint32_t j = to; j > i + 1 && p->rows[j - 1].side == RECON_BOOK; j--) {
            if (p->rows[i].state != ROW_FREE || p->rows[j - 1].state != ROW_FREE)
                continue;
            if (left-- == 0)
                return OK;
            TRY(candidate(p, i, j - 1));
        }
    }
    return OK;
}

struct err pass_fuzzy(struct pass *p)
{
    for (uint32_t from = 0; from < p->n;) {
        uint32_t to = block_end(p, from);
        p->edges_n = 0;
        if (to - from > 1)
            TRY(block_edges(p, from, to));
        if (p->edges_n > 0)
            assign_edges(p);
        from = to;
    }
    return OK;
}
