/* One line on one side, several on the other, found by sum: members must name the same party as the
 * total (or the total be a plain deposit), lie near it and add up to the cent in one way only. Two
 * ways are an exception AMBIGUOUS: a machine does not choose between sums. */
#include "engine/recon/internal.h"

#include <stdlib.h>

#define COHERENT 8000u /* similarity of a member's name to the total's */

#define TURNED_AWAY_MAX 1024u

struct proposal {
    uint32_t target, members[COVER_ITEMS_MAX];
    uint32_t members_n, search_n, nodes;
    uint16_t score;
    bool capped;
    struct recon_parts parts;
};

struct grouping {
    struct pass *p;
    struct index *index; /* of the members' side */
    enum recon_side target_side;
    struct proposal *proposals;
    size_t n, cap;
    uint32_t again[TURNED_AWAY_MAX];
    size_t again_n;
};

/* How far a member may lie from a total: book entries come before the bank line they make up, and
 * few of them are posted after it. */
static bool in_reach(const struct pass *p, const struct row *target, const struct left *member)
{
    int32_t lag = target->workday - member->workday;
    lag = target->side == RECON_BANK ? lag : -lag;
    return lag <= p->params->window_group_days && lag >= -p->params->window_days;
}

static bool coherent(const struct pass *p, uint32_t target, const struct left *m)
{
    const struct row *t = &p->rows[target];
    if (!in_reach(p, t, m) || abs64(m->amount) / 2 > abs64(t->amount))
        return false;
    enum ref_relation ref = ref_compare(t->norm, m->norm);
    if (ref == REF_SAME_TEXT || ref == REF_SAME_HARD)
        return true;
    return ref == REF_ABSENT && text_similarity_least(t->norm, m->norm, COHERENT) >= COHERENT;
}

/* Candidates that name the target's party, nearest first; at most the parameter's number. */
static uint32_t candidates_named(struct grouping *g, uint32_t target, uint32_t *rows, bool *capped)
{
    struct pass *p = g->p;
    struct near near;
    int32_t long_days = p->params->window_group_days * 7 / 5 + 3;
    int32_t short_days = p->params->window_days * 7 / 5 + 3;
    uint32_t max = p->params->candidates_max, kept = 0;
    near.max = max < NEAR_MAX ? max : NEAR_MAX;
    near.before = g->target_side == RECON_BANK ? long_days : short_days;
    near.after = g->target_side == RECON_BANK ? short_days : long_days;
    near_begin(&near, g->index);
    near_by_text(p, &near, target);
    *capped = near.capped;
    for (uint32_t i = 0; i < near.n; i++) {
        if (!coherent(p, target, near.rows[i]))
            continue;
        if (kept == p->params->group_candidates_max || kept == COVER_MAX) {
            *capped = true;
            break;
        }
        rows[kept++] = near.rows[i]->row;
    }
    return kept;
}

/* For a deposit slip that names nobody: what was booked in the days around it. */
static uint32_t candidates_dated(struct grouping *g, uint32_t target, uint32_t *rows, bool *capped)
{
    struct pass *p = g->p;
    const struct row *t = &p->rows[target];
    uint32_t max = p->params->group_candidates_max, kept = 0;
    struct near near;
    near.max = max < COVER_MAX ? max : COVER_MAX;
    near.before = near.after = 3;
    near_begin(&near, g->index);
    near_by_key(&near, index_key_any(t), t->day);
    *capped = near.capped;
    for (uint32_t i = 0; i < near.n; i++) {
        if (abs64(near.rows[i]->amount) <= abs64(t->amount))
            rows[kept++] = near.rows[i]->row;
    }
    return kept;
}

static void proposal_score(const struct grouping *g, struct proposal *q, bool named)
{
    const struct pass *p = g->p;
    const struct row *t = &p->rows[q->target];
    uint32_t text = 10000;
    int64_t days = 0;
    bool referenced = true;
    for (uint32_t i = 0; i < q->members_n; i++) {
        const struct row *m = &p->rows[q->members[i]];
        uint32_t s = text_similarity(t->norm, m->norm);
        text = s < text ? s : text;
        days += abs64((int64_t)t->workday - m->workday);
        referenced = referenced && ref_compare(t->norm, m->norm) >= REF_SAME_TEXT;
    }
    int32_t mean = (int32_t)(days / q->members_n);
    q->parts = (struct recon_parts){
        .text = named ? (uint16_t)text : RECON_ABSENT,
        .reference = referenced ? 10000 : RECON_ABSENT,
        .date = (uint16_t)score_date(p, mean, p->params->window_group_days),
        .amount = 10000,
        .channel = 10000,
    };
    uint32_t low = p->params->review_min + (p->params->high_min - p->params->review_min) / 4;
    q->score = (uint16_t)(named ? score_parts(p->params, &q->parts) : low);
}

static struct err proposal_keep(struct grouping *g, const struct proposal *q)
{
    if (g->n == g->cap) {
        size_t cap = g->cap == 0 ? 256 : g->cap * 2;
        struct proposal *grown = ARENA_ARRAY(g->p->arena, cap, struct proposal);
        if (grown == NULL)
            return arena_check(g->p->arena);
        if (g->n > 0)
            memcpy(grown, g->proposals, g->n * sizeof *grown);
        g->proposals = grown;
        g->cap = cap;
    }
    g->proposals[g->n++] = *q;
    return OK;
}

/* All of the named candidates together, however many. */
static bool whole_sum(const struct pass *p, uint32_t target, const uint32_t *rows, uint32_t n)
{
    wide sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += p->rows[rows[i]].amount;
    return n >= 2 && n <= COVER_ITEMS_MAX && sum == p->rows[target].amount;
}

static void mark_ambiguous(struct pass *p, uint32_t target, const uint32_t *rows,
                           const struct cover *cover)
{
    p->rows[target].marks |= MARK_AMBIGUOUS;
    for (uint32_t i = 0; i < cover->items_n; i++)
        p->rows[rows[cover->items[i]]].marks |= MARK_AMBIGUOUS;
}

static struct err target_try(struct grouping *g, uint32_t target)
{
    struct pass *p = g->p;
    const struct row *t = &p->rows[target];
    uint32_t rows[COVER_MAX];
    int64_t amounts[COVER_MAX];
    struct proposal q = {.target = target};
    uint32_t n = candidates_named(g, target, rows, &q.capped);
    bool slip = (t->hints & HINT_DEPOSIT) != 0 && !text_known(p, t->norm);
    bool named = !(n < 2 && slip);
    if (!named)
        n = candidates_dated(g, target, rows, &q.capped);
    if (n < 2)
        return OK;
    for (uint32_t i = 0; i < n; i++)
        amounts[i] = p->rows[rows[i]].amount;
    struct cover cover;
    cover_find(amounts, n, t->amount, p->params->group_items_max, p->params->group_nodes_max,
               &cover);
    if (cover.solutions == 0 && named && whole_sum(p, target, rows, n)) {
        cover.solutions = 1;
        for (cover.items_n = 0; cover.items_n < n; cover.items_n++)
            cover.items[cover.items_n] = cover.items_n;
    }
    if (cover.solutions > 1)
        mark_ambiguous(p, target, rows, &cover);
    if (cover.solutions != 1)
        return OK;
    q.members_n = cover.items_n;
    q.search_n = n;
    q.nodes = cover.nodes;
    q.capped = q.capped || cover.spent;
    for (uint32_t i = 0; i < cover.items_n; i++)
        q.members[i] = rows[cover.items[i]];
    proposal_score(g, &q, named);
    return q.score >= p->params->review_min ? proposal_keep(g, &q) : OK;
}

static int proposal_cmp(const void *a, const void *b)
{
    const struct proposal *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->target < y->target ? -1 : x->target > y->target;
}

static void proposal_match(struct grouping *g, struct proposal *q)
{
    uint32_t rows[COVER_ITEMS_MAX + 1];
    bool one_bank = g->target_side == RECON_BANK;
    for (uint32_t i = 1; i < q->members_n; i++) { /* legs in content order */
        uint32_t row = q->members[i], at = i;
        for (; at > 0 && q->members[at - 1] > row; at--)
            q->members[at] = q->members[at - 1];
        q->members[at] = row;
    }
    memcpy(rows + (one_bank ? 1 : 0), q->members, q->members_n * sizeof rows[0]);
    rows[one_bank ? 0 : q->members_n] = q->target;
    struct recon_match *m =
        match_add(g->p, one_bank ? RECON_TYPE_ONE_TO_MANY : RECON_TYPE_MANY_TO_ONE, rows,
                  one_bank ? 1 : q->members_n, one_bank ? q->members_n : 1);
    m->score_bp = q->score;
    m->parts = q->parts;
    m->capped = q->capped;
    m->search_n = q->search_n;
    m->search_nodes = q->nodes;
    match_settle(g->p, m);
}

/* Best first; a proposal whose member is taken speaks against the match that took it. Keeps the
 * targets of those turned away, for another try among what is left. */
static void proposals_accept(struct grouping *g)
{
    struct pass *p = g->p;
    g->again_n = 0;
    if (g->n == 0)
        return;
    qsort(g->proposals, g->n, sizeof *g->proposals, proposal_cmp);
    for (size_t i = 0; i < g->n; i++) {
        struct proposal *q = &g->proposals[i];
        uint32_t taken = p->rows[q->target].state == ROW_FREE ? NONE : q->target;
        for (uint32_t k = 0; k < q->members_n && taken == NONE; k++)
            taken = p->rows[q->members[k]].state == ROW_FREE ? NONE : q->members[k];
        if (taken == NONE) {
            proposal_match(g, q);
            continue;
        }
        struct recon_match *m = &p->matches[p->rows[taken].match];
        match_rival(p, m, q->target, q->score);
        match_settle(p, m);
        if (g->again_n < TURNED_AWAY_MAX && p->rows[q->target].state == ROW_FREE)
            g->again[g->again_n++] = q->target;
    }
}

static struct err group_side(struct pass *p, enum recon_side target_side)
{
    enum recon_side members = target_side == RECON_BANK ? RECON_BOOK : RECON_BANK;
    struct grouping g = {.p = p, .target_side = target_side, .index = &p->index[members]};
    index_refresh(p, g.index);
    for (uint32_t i = 0; i < p->n; i++) {
        if (p->rows[i].state == ROW_FREE && p->rows[i].side == target_side)
            TRY(target_try(&g, i));
    }
    proposals_accept(&g);
    for (int round = 0; round < 2 && g.again_n > 0; round++) {
        g.n = 0;
        index_refresh(p, g.index);
        for (size_t i = 0; i < g.again_n; i++)
            TRY(target_try(&g, g.again[i]));
        proposals_accept(&g);
    }
    return OK;
}

struct err pass_grouped(struct pass *p)
{
    TRY(group_side(p, RECON_BANK));
    return group_side(p, RECON_BOOK);
}
