/* Groups that share a payout, remittance or batch key, or one reference: if the sums of the two
 * sides agree to the cent they are one event, however many rows there are. Refunds inside a payout
 * are rows like any other. */
#include "engine/recon/internal.h"

#include <stdlib.h>

struct keyed {
    uint64_t key;
    uint32_t group, row;
};

static int keyed_cmp(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static struct err keyed_collect(struct pass *p, struct keyed **out, size_t *out_n)
{
    size_t n = 0;
    for (uint32_t r = 0; r < p->n; r++)
        n += p->rows[r].state == ROW_FREE ? p->rows[r].norm->ref_n : 0;
    struct keyed *keys = ARENA_ARRAY(p->arena, n + 1, struct keyed);
    if (keys == NULL)
        return arena_check(p->arena);
    n = 0;
    for (uint32_t r = 0; r < p->n; r++) {
        const struct norm *norm = p->rows[r].norm;
        for (uint32_t i = 0; p->rows[r].state == ROW_FREE && i < norm->ref_n; i++) {
            uint64_t class = REF_CLASS(norm_refs(norm)[i]);
            if (class != REF_FIELD && class != REF_KEY)
                continue;
            keys[n++] = (struct keyed){
                .key = norm_refs(norm)[i] & REF_VALUE, .group = p->rows[r].group, .row = r};
        }
    }
    qsort(keys, n, sizeof *keys, keyed_cmp);
    *out = keys;
    *out_n = n;
    return OK;
}

/* The free rows of the run, bank first, each once; sums by side. */
static uint32_t run_rows(const struct pass *p, const struct keyed *run, size_t n, uint32_t *rows,
                         uint32_t *bank_n, wide *difference)
{
    uint32_t count = 0;
    *difference = 0;
    for (int side = RECON_BANK; side <= RECON_BOOK; side++) {
        for (size_t i = 0; i < n; i++) {
            const struct row *r = &p->rows[run[i].row];
            bool again = i > 0 && run[i - 1].row == run[i].row;
            if (r->side != side || r->state != ROW_FREE || again)
                continue;
            rows[count++] = run[i].row;
            *difference += side == RECON_BANK ? r->amount : -(wide)r->amount;
        }
        if (side == RECON_BANK)
            *bank_n = count;
    }
    return count;
}

static int32_t widest_lag(const struct pass *p, const uint32_t *rows, uint32_t n)
{
    int32_t lo = INT32_MAX, hi = INT32_MIN;
    for (uint32_t i = 0; i < n; i++) {
        int32_t day = p->rows[rows[i]].workday;
        lo = day < lo ? day : lo;
        hi = day > hi ? day : hi;
    }
    return hi - lo;
}

static struct err run_match(struct pass *p, const struct keyed *run, size_t n)
{
    struct arena *arena = p->arena;
    uint32_t small[64], bank_n = 0;
    uint32_t *rows = n <= 64 ? small : ARENA_ARRAY(arena, n, uint32_t);
    if (rows == NULL)
        return arena_check(arena);
    wide difference;
    uint32_t count = run_rows(p, run, n, rows, &bank_n, &difference);
    uint32_t book_n = count - bank_n;
    if (bank_n == 0 || book_n == 0 || difference != 0 || count < 3)
        return OK;
    int32_t lag = widest_lag(p, rows, count);
    if (lag > p->params->window_cheque_days)
        return OK;
    enum recon_type type = bank_n == 1   ? RECON_TYPE_ONE_TO_MANY
                           : book_n == 1 ? RECON_TYPE_MANY_TO_ONE
                                         : RECON_TYPE_MANY_TO_MANY;
    struct recon_match *m = match_add(p, type, rows, bank_n, book_n);
    m->score_bp = 10000;
    m->parts.reference = m->parts.amount = m->parts.channel = 10000;
    m->parts.date = (uint16_t)score_date(p, lag, p->params->window_cheque_days);
    match_settle(p, m);
    return OK;
}

struct err pass_keyed(struct pass *p)
{
    struct keyed *keys = NULL;
    size_t n = 0;
    TRY(keyed_collect(p, &keys, &n));
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && keys[j].key == keys[i].key && keys[j].group == keys[i].group; j++)
            continue;
        if (j - i > 2)
            TRY(run_match(p, &keys[i], j - i));
    }
    return OK;
}
