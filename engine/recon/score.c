/* The score of a bank row and a book row of one amount: parts of 0 to 10000, a weighted mean, and
 * the kind of evidence it rests on (FINANCE 4.2). */
#include "engine/recon/internal.h"

#define TEXT_SAME  8600u /* the same name, give or take a cut or a slip */
#define TEXT_LATE  9000u /* enough to look outside the window */
#define TEXT_PARTS 6000u /* below: another name */

uint32_t score_date(const struct pass *p, int32_t lag, int32_t window)
{
    (void)p;
    int64_t days = abs64(lag);
    return days > window ? 0 : (uint32_t)(10000 - days * 10000 / ((int64_t)window + 1));
}

uint32_t score_parts(const struct recon_params *params, const struct recon_parts *parts)
{
    const uint32_t weights[] = {params->weight_text, params->weight_reference, params->weight_date,
                                params->weight_amount, params->weight_channel};
    const uint16_t values[] = {parts->text, parts->reference, parts->date, parts->amount,
                               parts->channel};
    uint64_t sum = 0, total = 0;
    for (size_t i = 0; i < 5; i++) {
        if (values[i] == RECON_ABSENT)
            continue;
        sum += (uint64_t)weights[i] * values[i];
        total += weights[i];
    }
    return total == 0 ? 0 : (uint32_t)(sum / total);
}

static bool cheque_in_book_only(const struct row *bank, const struct row *book)
{
    if ((bank->hints & HINT_CHEQUE) != 0 || bank->norm->token_n == 0)
        return false;
    for (uint32_t i = 0; i < book->norm->ref_n; i++) {
        if (REF_CLASS(norm_refs(book->norm)[i]) == REF_CHEQUE)
            return true;
    }
    return false;
}

/* Within which window these two may meet: 0 in the usual one, 1 in the long one, -1 in neither. */
static int window_of(const struct recon_params *params, int32_t lag)
{
    int64_t days = abs64(lag);
    if (days <= params->window_days)
        return 0;
    if (lag > 0 ? days <= params->window_cheque_days : days <= 2 * (int64_t)params->window_days)
        return 1;
    return -1;
}

/* Nothing but the amount and a near date: between review and half way to high. */
static uint32_t score_amount_only(const struct recon_params *params,
                                  const struct recon_parts *parts)
{
    uint32_t room = (params->high_min - params->review_min) / 2;
    uint32_t score = params->review_min + room * parts->date / 10000;
    return parts->channel == 0 ? params->review_min + (score - params->review_min) / 2 : score;
}

bool edge_score(const struct pass *p, uint32_t bank, uint32_t book, struct edge *edge)
{
    const struct row *a = &p->rows[bank], *b = &p->rows[book];
    int32_t lag = row_lag(a, b);
    int window = window_of(p->params, lag);
    enum ref_relation ref = window < 0 ? REF_DIFFER : ref_compare(a->norm, b->norm);
    if (ref == REF_DIFFER)
        return false;
    uint32_t text = text_similarity_least(a->norm, b->norm, ref == REF_ABSENT ? TEXT_PARTS : 0);
    bool silent = text < TEXT_PARTS && !text_known(p, a->norm);
    if (ref == REF_ABSENT && ((text < TEXT_PARTS && !silent) || (window == 1 && text < TEXT_LATE)))
        return false;
    *edge = (struct edge){.bank = bank, .book = book};
    edge->parts = (struct recon_parts){
        .text = silent ? RECON_ABSENT : (uint16_t)text,
        .reference = ref == REF_ABSENT ? RECON_ABSENT : 10000,
        .date = (uint16_t)score_date(p, lag, p->params->window_days),
        .amount = 10000,
        .channel = cheque_in_book_only(a, b) ? 0 : 10000,
    };
    bool alone = silent && ref == REF_ABSENT;
    edge->score = (uint16_t)(alone ? score_amount_only(p->params, &edge->parts)
                                   : score_parts(p->params, &edge->parts));
    edge->type = ref != REF_ABSENT   ? RECON_TYPE_REFERENCE
                 : window == 1       ? RECON_TYPE_LATE
                 : silent            ? RECON_TYPE_AMOUNT_ONLY
                 : text >= TEXT_SAME ? RECON_TYPE_EXACT
                                     : RECON_TYPE_FUZZY;
    return edge->score >= p->params->review_min;
}

struct err edge_push(struct pass *p, const struct edge *edge)
{
    if (p->edges_n == p->edges_cap) {
        size_t cap = p->edges_cap == 0 ? 1024 : p->edges_cap * 2;
        struct edge *edges = ARENA_ARRAY(p->arena, cap, struct edge);
        if (edges == NULL)
            return arena_check(p->arena);
        if (p->edges_n > 0)
            memcpy(edges, p->edges, p->edges_n * sizeof *edges);
        p->edges = edges;
        p->edges_cap = cap;
    }
    p->edges[p->edges_n++] = *edge;
    return OK;
}
