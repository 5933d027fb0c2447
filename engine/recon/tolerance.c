/* Two amounts that differ for a reason: the bank kept a fee, the book is net of one, or two digits
 * changed places. Never confirmable by a machine: a difference is somebody's to explain. */
#include "engine/recon/internal.h"

#define NAMED 8000u

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* The same digits, the shorter padded with zeros in front. */
static bool same_digits(uint64_t a, uint64_t b)
{
    int count[10] = {0};
    while (a != 0 || b != 0) {
        count[a % 10]++;
        count[b % 10]--;
        a /= 10;
        b /= 10;
    }
    for (int d = 0; d < 10; d++) {
        if (count[d] != 0)
            return false;
    }
    return true;
}

enum recon_type difference_kind(const struct recon_params *params, int64_t bank, int64_t book)
{
    int64_t difference;
    if (bank == book || bank == 0 || book == 0 || (bank < 0) != (book < 0) ||
        __builtin_sub_overflow(bank, book, &difference))
        return RECON_TYPE_NONE;
    uint64_t off = magnitude(difference), size = magnitude(book);
    bool small =
        params->fee_max_minor > 0 && off <= (uint64_t)params->fee_max_minor &&
        off <= size / 10000 * params->fee_share_max + size % 10000 * params->fee_share_max / 10000;
    bool swapped =
        params->transposition && off % 9 == 0 && same_digits(magnitude(bank), magnitude(book));
    if (swapped)
        return RECON_TYPE_TRANSPOSITION; /* the rarer coincidence explains more */
    if (small && difference < 0)
        return RECON_TYPE_FEE; /* less came in, or more went out, than the book has */
    return small && params->book_net_of_fee ? RECON_TYPE_BOOK_NET : RECON_TYPE_NONE;
}

/* How far the difference is from none, by its kind. */
static uint32_t amount_part(const struct recon_params *params, enum recon_type type,
                            uint64_t difference)
{
    if (type == RECON_TYPE_TRANSPOSITION)
        return 5000;
    uint64_t max = (uint64_t)params->fee_max_minor;
    uint32_t part = (uint32_t)(10000 - (wide)difference * 5000 / max);
    return type == RECON_TYPE_FEE ? part : part / 2;
}

static struct err candidate(struct pass *p, uint32_t bank, const struct left *b, bool capped)
{
    const struct row *a = &p->rows[bank];
    int32_t lag = a->workday - b->workday;
    enum recon_type type = difference_kind(p->params, a->amount, b->amount);
    if (type == RECON_TYPE_NONE || abs64(lag) > 2 * p->params->window_days)
        return OK;
    enum ref_relation ref = ref_compare(a->norm, b->norm);
    uint32_t text = text_similarity_least(a->norm, b->norm, ref == REF_ABSENT ? NAMED : 0);
    if (ref == REF_DIFFER || (ref == REF_ABSENT && text < NAMED))
        return OK;
    bool silent = text < 6000 && !text_known(p, a->norm);
    struct edge edge = {.bank = bank, .book = b->row, .type = (uint8_t)type, .capped = capped};
    edge.parts = (struct recon_parts){
        .text = silent ? RECON_ABSENT : (uint16_t)text,
        .reference = ref == REF_ABSENT ? RECON_ABSENT : 10000,
        .date = (uint16_t)score_date(p, lag, p->params->window_days),
        .amount = (uint16_t)amount_part(p->params, type, magnitude(a->amount - b->amount)),
        .channel = 10000,
    };
    uint32_t score = score_parts(p->params, &edge.parts), high = p->params->high_min;
    edge.score = (uint16_t)(score >= high ? high - 1 : score);
    return edge.score >= p->params->review_min ? edge_push(p, &edge) : OK;
}

struct err pass_tolerance(struct pass *p)
{
    uint32_t max = p->params->candidates_max;
    struct near near;
    near.max = max < NEAR_MAX ? max : NEAR_MAX;
    near.before = near.after = 2 * p->params->window_days * 7 / 5 + 3;
    p->edges_n = 0;
    index_refresh(p, &p->index[RECON_BOOK]);
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->rows[i].state != ROW_FREE || p->rows[i].side != RECON_BANK)
            continue;
        near_begin(&near, &p->index[RECON_BOOK]);
        near_by_text(p, &near, i);
        for (uint32_t k = 0; k < near.n; k++)
            TRY(candidate(p, i, near.rows[k], near.capped));
    }
    if (p->edges_n > 0)
        assign_edges(p);
    return OK;
}
