/* What settles on one side alone, before the sides are compared: an entry whose void or reversal
 * moved no cash is set against it. A reversal that the other side shows too is left alone: both of
 * its legs will find their partners there. */
#include "engine/recon/internal.h"

#define LINK_REVERSES 10000u /* the source names the entry */
#define LINK_HARD     9800u  /* one cheque number or reference */
#define LINK_TEXT     9600u  /* one number in both texts */
#define LINK_NAME     9000u  /* one name, less 10 a day */
#define LINK_DAYS     90
#define CASH_DAYS     60

static bool is_reversal(const struct pass *p, uint32_t row)
{
    return (p->rows[row].hints & (HINT_VOID | HINT_REVERSAL | HINT_UNDOES)) != 0;
}

static uint32_t link_score(const struct pass *p, uint32_t reversal, uint32_t original)
{
    const struct row *r = &p->rows[reversal], *o = &p->rows[original];
    const char *named = entry_of(p, reversal)->reverses;
    if (named != NULL && named[0] != '\0')
        return strcmp(named, entry_of(p, original)->id) == 0 ? LINK_REVERSES : 0;
    int64_t days = (int64_t)r->day - o->day;
    if (days < -1 || days > LINK_DAYS || is_reversal(p, original))
        return 0;
    enum ref_relation ref = ref_compare(r->norm, o->norm);
    if (ref == REF_DIFFER)
        return 0;
    if (ref != REF_ABSENT)
        return ref == REF_SAME_HARD ? LINK_HARD : LINK_TEXT;
    if (text_similarity_least(r->norm, o->norm, 8500) < 8500)
        return 0;
    return LINK_NAME - 10 * (uint32_t)abs64(days);
}

/* Whether the other side has more lines that could be `row` than this side has other entries for:
 * then cash moved. */
static bool cash_moved(const struct pass *p, uint32_t row)
{
    const struct row *r = &p->rows[row];
    uint32_t from, to, here = 0, there = 0;
    rows_block(p, r->group, r->amount, &from, &to);
    for (uint32_t i = from; i < to; i++) {
        const struct row *o = &p->rows[i];
        if (o->state != ROW_FREE || abs64((int64_t)o->day - r->day) > CASH_DAYS)
            continue;
        if (o->side == r->side) {
            here++;
            continue;
        }
        const struct row *bank = o->side == RECON_BANK ? o : r;
        bool other_cheque = ref_compare(o->norm, r->norm) == REF_DIFFER;
        bool other_name =
            text_similarity_least(o->norm, r->norm, 6000) < 6000 && text_known(p, bank->norm);
        there += other_cheque || other_name ? 0 : 1;
    }
    return there + 1 > here;
}

/* The entry that `reversal` undoes, with the runner-up; NONE when no link is at least `link_min`.
 */
static uint32_t original_of(const struct pass *p, uint32_t reversal, uint32_t link_min,
                            uint32_t *score, uint32_t *rival, uint32_t *rival_score)
{
    const struct row *r = &p->rows[reversal];
    uint32_t from, to, best = NONE;
    *score = *rival_score = 0;
    *rival = NONE;
    if (r->amount == INT64_MIN)
        return NONE;
    rows_block(p, r->group, -r->amount, &from, &to);
    for (uint32_t i = from; i < to; i++) {
        if (p->rows[i].side != r->side || p->rows[i].state != ROW_FREE)
            continue;
        uint32_t s = link_score(p, reversal, i);
        if (s < link_min || s <= *rival_score)
            continue;
        if (s > *score) {
            *rival = best;
            *rival_score = *score;
            best = i;
            *score = s;
        } else {
            *rival = i;
            *rival_score = s;
        }
    }
    return best;
}

static void reversal_try(struct pass *p, uint32_t row, uint32_t link_min)
{
    uint32_t score, rival, rival_score;
    uint32_t original = original_of(p, row, link_min, &score, &rival, &rival_score);
    if (original == NONE || cash_moved(p, row) || cash_moved(p, original))
        return;
    const uint32_t rows[] = {original, row};
    bool bank = p->rows[row].side == RECON_BANK;
    struct recon_match *m = match_add(p, RECON_TYPE_REVERSAL, rows, bank ? 2 : 0, bank ? 0 : 2);
    m->score_bp = (uint16_t)score;
    m->parts.amount = 10000;
    m->parts.reference = score >= LINK_TEXT ? 10000 : RECON_ABSENT;
    m->parts.text = (uint16_t)text_similarity(p->rows[original].norm, p->rows[row].norm);
    if (rival != NONE)
        match_rival(p, m, rival, rival_score);
    match_settle(p, m);
}

struct err pass_housekeeping(struct pass *p)
{
    const uint32_t link_min[] = {LINK_TEXT, 1}; /* sure links first, so that they are not taken */
    for (size_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < p->n; i++) {
            if (p->rows[i].state == ROW_FREE && is_reversal(p, i))
                reversal_try(p, i, link_min[round]);
        }
    }
    return OK;
}
