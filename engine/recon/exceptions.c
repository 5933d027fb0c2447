/* What no rule could settle: each row left gets one class, the most telling that holds, and up to
 * three near misses for whoever works it. */
#include "engine/recon/internal.h"

struct sorting {
    struct pass *p;
    struct index index[2];  /* by side */
    int32_t *last_bank_day; /* per group; INT32_MIN: no bank line */
};

static void near_add(const struct pass *p, struct recon_exception *e, uint32_t row, uint32_t other,
                     uint32_t score)
{
    const struct row *r = &p->rows[row], *o = &p->rows[other];
    struct recon_near new = {.entry = o->entry, .score_bp = (uint16_t)score};
    if (__builtin_sub_overflow(r->amount, o->amount, &new.difference_minor))
        new.difference_minor = r->amount < 0 ? INT64_MIN : INT64_MAX;
    for (size_t i = 0; i < RECON_NEAR; i++) {
        if (i < e->near_n && e->near[i].entry == new.entry)
            return;
        if (i < e->near_n && e->near[i].score_bp >= new.score_bp)
            continue;
        struct recon_near old = e->near[i];
        e->near[i] = new;
        if (i >= e->near_n) {
            e->near_n = (uint8_t)(i + 1);
            return;
        }
        new = old;
    }
}

static bool same_text(const struct pass *p, uint32_t a, uint32_t b)
{
    const char *x = entry_of(p, a)->text, *y = entry_of(p, b)->text;
    const char *rx = entry_of(p, a)->reference, *ry = entry_of(p, b)->reference;
    return strcmp(x == NULL ? "" : x, y == NULL ? "" : y) == 0 &&
           strcmp(rx == NULL ? "" : rx, ry == NULL ? "" : ry) == 0;
}

/* Another entry of the same side with the same amount, day and words. */
static uint32_t twin_of(const struct pass *p, uint32_t row)
{
    const struct row *r = &p->rows[row];
    for (uint32_t step = 1; step <= 64; step++) {
        const uint32_t at[] = {row - step, row + step};
        for (size_t k = 0; k < 2; k++) {
            if (at[k] >= p->n)
                continue;
            const struct row *o = &p->rows[at[k]];
            if (o->group == r->group && o->amount == r->amount && o->side == r->side &&
                o->day == r->day && same_text(p, row, at[k]))
                return at[k];
        }
    }
    return NONE;
}

/* Left rows of the other side with this very amount. */
static void near_same_amount(const struct pass *p, uint32_t row, struct recon_exception *e)
{
    const struct row *r = &p->rows[row];
    for (int way = -1; way <= 1; way += 2) {
        for (uint32_t at = row + (uint32_t)way, step = 0; at < p->n && step < 64;
             at += (uint32_t)way, step++) {
            const struct row *o = &p->rows[at];
            if (o->group != r->group || o->amount != r->amount)
                break;
            if (o->side != r->side && o->state == ROW_FREE)
                near_add(p, e, row, at, 5000 + text_similarity(r->norm, o->norm) / 4);
        }
    }
}

/* Left rows of the other side with the same name or reference and another amount. True when one of
 * them is so alike that the amount is what broke. */
static bool near_same_name(struct sorting *s, uint32_t row, struct recon_exception *e)
{
    struct pass *p = s->p;
    const struct row *r = &p->rows[row];
    struct near near;
    bool broke = false;
    struct index *index = &p->index[r->side == RECON_BANK ? RECON_BOOK : RECON_BANK];
    near.max = 16;
    near.before = near.after = 2 * p->params->window_days;
    near_begin(&near, index);
    near_by_text(p, &near, row);
    for (uint32_t i = 0; i < near.n; i++) {
        const struct left *o = near.rows[i];
        enum ref_relation ref = ref_compare(r->norm, o->norm);
        uint32_t text = text_similarity_least(r->norm, o->norm, 6000);
        bool same = ref == REF_SAME_HARD || ref == REF_SAME_TEXT || text >= 8600;
        if (ref == REF_DIFFER || (!same && text < 6000) || o->amount == r->amount)
            continue;
        near_add(p, e, row, o->row, same ? 6000 : 4000);
        uint64_t off = (uint64_t)abs64((r->amount >> 1) - (o->amount >> 1));
        broke = broke || (same && (r->amount < 0) == (o->amount < 0) &&
                          off <= (uint64_t)abs64(r->amount >> 1) / 10);
    }
    return broke;
}

static enum recon_exception_class class_book(const struct sorting *s, const struct row *r)
{
    const struct recon_params *params = s->p->params;
    if ((r->hints & (HINT_VOID | HINT_REVERSAL)) != 0)
        return RECON_EXC_REVERSAL;
    int32_t last = s->last_bank_day[r->group];
    int32_t days = r->amount < 0 ? params->window_cheque_days : params->window_days;
    if (last != INT32_MIN && workday_of(params, last) - (int64_t)r->workday <= days)
        return RECON_EXC_TIMING;
    return RECON_EXC_MISSING_BANK;
}

static enum recon_exception_class class_bank(const struct row *r)
{
    if ((r->hints & HINT_FEE) != 0)
        return RECON_EXC_FEE; /* RETURNED ITEM FEE is a fee */
    if ((r->hints & HINT_NSF) != 0)
        return RECON_EXC_NSF_RETURN;
    if ((r->hints & HINT_REVERSAL) != 0)
        return RECON_EXC_REVERSAL;
    return r->amount > 0 ? RECON_EXC_UNIDENTIFIED_RECEIPT : RECON_EXC_MISSING_GL;
}

static void exception_fill(struct sorting *s, uint32_t row, struct recon_exception *e)
{
    struct pass *p = s->p;
    const struct row *r = &p->rows[row];
    *e = (struct recon_exception){.entry = r->entry};
    if (r->amount == 0) {
        e->class = RECON_EXC_ZERO_AMOUNT;
        return;
    }
    if (r->state == ROW_EXCLUDED) {
        e->class = RECON_EXC_TIMING;
        return;
    }
    uint32_t twin = twin_of(p, row);
    near_same_amount(p, row, e);
    bool broke = near_same_name(s, row, e);
    if (twin != NONE)
        near_add(p, e, row, twin, 10000);
    bool twin_matched = twin != NONE && p->rows[twin].state == ROW_MATCHED;
    enum recon_exception_class rest = r->side == RECON_BANK ? class_bank(r) : class_book(s, r);
    bool told = rest == RECON_EXC_FEE || rest == RECON_EXC_NSF_RETURN;
    e->class = (uint8_t)(twin_matched                       ? RECON_EXC_DUPLICATE
                         : (r->marks & MARK_AMBIGUOUS) != 0 ? RECON_EXC_AMBIGUOUS
                         : twin != NONE                     ? RECON_EXC_DUPLICATE
                         : broke && !told                   ? RECON_EXC_AMOUNT_BREAK
                                                            : rest);
}

static struct err last_bank_days(struct sorting *s)
{
    struct pass *p = s->p;
    uint32_t groups = p->n == 0 ? 0 : p->rows[p->n - 1].group + 1;
    s->last_bank_day = ARENA_ARRAY(p->arena, groups + 1, int32_t);
    if (s->last_bank_day == NULL)
        return arena_check(p->arena);
    for (uint32_t g = 0; g < groups; g++)
        s->last_bank_day[g] = INT32_MIN;
    for (uint32_t i = 0; i < p->n; i++) {
        const struct row *r = &p->rows[i];
        if (r->side == RECON_BANK && r->day > s->last_bank_day[r->group])
            s->last_bank_day[r->group] = r->day;
    }
    return OK;
}

struct err pass_exceptions(struct pass *p, struct recon_result *result)
{
    struct sorting s = {.p = p};
    size_t n = 0;
    for (uint32_t i = 0; i < p->n; i++)
        n += p->rows[i].state != ROW_MATCHED ? 1 : 0;
    result->exceptions = ARENA_ARRAY(p->results, n + 1, struct recon_exception);
    TRY(arena_check(p->results));
    TRY(last_bank_days(&s));
    index_refresh(p, &p->index[RECON_BANK]);
    index_refresh(p, &p->index[RECON_BOOK]);
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->rows[i].state != ROW_MATCHED)
            exception_fill(&s, i, &result->exceptions[result->exceptions_n++]);
    }
    return OK;
}

const char *recon_exception_name(enum recon_exception_class c)
{
    static const char *const names[] = {
        [RECON_EXC_NONE] = "NONE",
        [RECON_EXC_TIMING] = "TIMING",
        [RECON_EXC_MISSING_GL] = "MISSING_GL",
        [RECON_EXC_MISSING_BANK] = "MISSING_BANK",
        [RECON_EXC_AMOUNT_BREAK] = "AMOUNT_BREAK",
        [RECON_EXC_FEE] = "FEE",
        [RECON_EXC_DUPLICATE] = "DUPLICATE",
        [RECON_EXC_REVERSAL] = "REVERSAL",
        [RECON_EXC_UNIDENTIFIED_RECEIPT] = "UNIDENTIFIED_RECEIPT",
        [RECON_EXC_NSF_RETURN] = "NSF_RETURN",
        [RECON_EXC_AMBIGUOUS] = "AMBIGUOUS",
        [RECON_EXC_ZERO_AMOUNT] = "ZERO_AMOUNT",
    };
    return (size_t)c < sizeof names / sizeof names[0] ? names[c] : "NONE";
}
