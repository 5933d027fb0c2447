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

/* The reference as a group key, or 0. */
static uint64_t group_key(uint64_t ref)
{
    uint64_t class = REF_CLASS(ref);
    return class == REF_FIELD || class == REF_KEY ? ref & REF_VALUE : 0;
}

/* Which keys a side may have: a bit each, some bits shared. */
struct seen {
    uint64_t *side[2];
    uint32_t shift; /* of a 64-bit product down to a bit number */
};

static uint64_t seen_bit(const struct seen *seen, uint64_t key)
{
    return key * UINT64_C(0x9E3779B97F4A7C15) >> seen->shift;
}

static struct err seen_new(const struct pass *p, struct arena *scratch, struct seen *seen)
{
    uint32_t bits = 10;
    while (bits < 26 && (p->n >> bits) > 0)
        bits++;
    bits += 3; /* eight bits or more an entry */
    seen->shift = 64 - bits;
    seen->side[RECON_BANK] = ARENA_ARRAY(scratch, ((size_t)1 << bits) / 64, uint64_t);
    seen->side[RECON_BOOK] = ARENA_ARRAY(scratch, ((size_t)1 << bits) / 64, uint64_t);
    return arena_check(scratch);
}

static void seen_fill(const struct pass *p, struct seen *seen)
{
    for (uint32_t r = 0; r < p->n; r++) {
        const struct row *row = &p->rows[r];
        for (uint32_t i = 0; row->state == ROW_FREE && i < row->norm->ref_n; i++) {
            uint64_t key = group_key(norm_refs(row->norm)[i]), bit = seen_bit(seen, key);
            if (key != 0)
                seen->side[row->side][bit / 64] |= UINT64_C(1) << bit % 64;
        }
    }
}

/* The keys of rows whose key the other side may have too; counts only when `keys` is NULL. */
static size_t keyed_fill(const struct pass *p, const struct seen *seen, struct keyed *keys)
{
    size_t n = 0;
    for (uint32_t r = 0; r < p->n; r++) {
        const struct row *row = &p->rows[r];
        const uint64_t *other = seen->side[row->side == RECON_BANK ? RECON_BOOK : RECON_BANK];
        for (uint32_t i = 0; row->state == ROW_FREE && i < row->norm->ref_n; i++) {
            uint64_t key = group_key(norm_refs(row->norm)[i]), bit = seen_bit(seen, key);
            if (key == 0 || (other[bit / 64] >> bit % 64 & 1) == 0)
                continue;
            if (keys != NULL)
                keys[n] = (struct keyed){.key = key, .group = row->group, .row = r};
            n++;
        }
    }
    return n;
}

static struct err keyed_collect(struct pass *p, struct keyed **out, size_t *out_n)
{
    CLEANUP(arena_free) struct arena *scratch = arena_new(p->params->bytes_max);
    ENSURE(scratch != NULL, ERR_LIMIT, "no memory for the keys seen");
    struct seen seen;
    TRY(seen_new(p, scratch, &seen));
    seen_fill(p, &seen);
    *out_n = keyed_fill(p, &seen, NULL);
    *out = ARENA_ARRAY(p->arena, *out_n + 1, struct keyed);
    TRY(arena_check(p->arena));
    (void)keyed_fill(p, &seen, *out);
    qsort(*out, *out_n, sizeof **out, keyed_cmp);
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
