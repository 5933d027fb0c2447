/* What people taught: pairs of names, and fees between them. Only where neither row has evident
 * company by the rules that need no teaching; never confirmable by a machine. */
#include "engine/recon/internal.h"

#include <stdlib.h>

#define NAMED     9000u /* a row bears the rule's name */
#define NAME_SAME 8600u /* alike enough to need no rule (score.c) */
#define PPM       INT64_C(1000000)

/* ---- fees ---- */

static int64_t share_of(int64_t amount, int64_t ppm)
{
    wide product = (wide)amount * ppm;
    wide half = product < 0 ? -(PPM / 2) : PPM / 2;
    return (int64_t)((product + half) / PPM);
}

bool recon_fee_bank(const struct recon_learned *rule, int64_t book, int64_t *bank)
{
    int64_t off = 0;
    switch (rule->fee) {
    case RECON_LEARNED_NO_FEE:
        break;
    case RECON_LEARNED_FIXED:
        off = rule->fee_minor;
        break;
    case RECON_LEARNED_PERCENTAGE:
        off = -share_of(book, rule->fee_ppm);
        break;
    }
    return !__builtin_add_overflow(book, off, bank) && *bank != 0 && (*bank < 0) == (book < 0);
}

/* The roundest percentage that gives this fee to the cent: whole per cents, tenths, … */
static bool percentage_find(int64_t bank, int64_t book, int64_t *ppm)
{
    wide off = (wide)book - bank;
    for (int64_t step = 10000; step >= 1; step /= 10) {
        wide doubled = off * PPM * 2 / book, rounded = doubled / step;
        *ppm = (int64_t)((rounded + (rounded < 0 ? -1 : 1)) / 2) * step;
        if (*ppm != 0 && share_of(book, *ppm) == (int64_t)off)
            return true;
    }
    return false;
}

static struct err fee_learn(const struct recon_entry *bank, const struct recon_entry *book,
                            enum recon_learned_fee fee, struct recon_learned *rule)
{
    int64_t off;
    rule->fee = bank->amount_minor == book->amount_minor ? RECON_LEARNED_NO_FEE : fee;
    if (rule->fee == RECON_LEARNED_NO_FEE) {
        ENSURE(bank->amount_minor == book->amount_minor, ERR_INPUT,
               "the amounts differ: say whether the difference is a fixed fee or a percentage");
        return OK;
    }
    ENSURE((bank->amount_minor < 0) == (book->amount_minor < 0) && bank->amount_minor != 0 &&
               book->amount_minor != 0 &&
               !__builtin_sub_overflow(bank->amount_minor, book->amount_minor, &off),
           ERR_INPUT, "amounts of different sign are not one event less a fee");
    ENSURE(abs64(off) < abs64(book->amount_minor), ERR_INPUT,
           "a fee is less than what it is taken from");
    if (rule->fee == RECON_LEARNED_FIXED)
        rule->fee_minor = off;
    else
        ENSURE(percentage_find(bank->amount_minor, book->amount_minor, &rule->fee_ppm), ERR_INPUT,
               "no percentage gives this fee to the cent: propose it as a fixed one");
    return OK;
}

/* ---- names ---- */

static const char *name_text(const struct norm *n, struct arena *arena)
{
    char *name = arena_alloc(arena, (size_t)n->name_len + n->name_n + 1), *to = name;
    if (name == NULL)
        return NULL;
    for (uint32_t i = 0; i < n->name_n; i++) {
        const struct token *t = &norm_tokens(n)[i];
        if (to != name)
            *to++ = ' ';
        memcpy(to, norm_bytes(n) + t->at, t->len);
        to += t->len;
    }
    *to = '\0';
    return name;
}

static const struct norm *name_norm(const struct words *words, enum recon_side side,
                                    const char *name, struct arena *arena)
{
    const struct recon_entry entry = {.side = side, .counterparty = name};
    return normalise(words, &entry, arena);
}

struct err recon_learn(const struct recon_entry *bank, const struct recon_entry *book,
                       enum recon_learned_fee fee, const struct recon_params *params,
                       struct arena *arena, struct recon_learned *rule)
{
    struct words words;
    words_init(&words);
    *rule = (struct recon_learned){.id = NULL};
    const struct norm *a = normalise(&words, bank, arena), *b = normalise(&words, book, arena);
    ENSURE(a != NULL && b != NULL, ERR_LIMIT, "out of memory");
    ENSURE(a->name_weight > 0, ERR_INPUT, "the bank line names nobody: there is nothing to learn");
    ENSURE(b->name_weight > 0, ERR_INPUT,
           "the ledger entry names nobody: there is nothing to learn");
    TRY(fee_learn(bank, book, fee, rule));
    ENSURE(rule->fee != RECON_LEARNED_NO_FEE || text_similarity(a, b) < NAME_SAME, ERR_INPUT,
           "the names agree and so do the amounts: the matcher finds this without a rule");
    rule->bank_name = name_text(a, arena);
    rule->book_name = name_text(b, arena);
    rule->lag_days = workday_of(params, bank->day) - workday_of(params, book->day);
    return arena_check(arena);
}

/* ---- the pass ---- */

struct taught {
    const struct recon_learned *rule;
    const struct norm *bank, *book;
    uint16_t number; /* from 1 */
};

/* The rules that need no teaching have an answer for this row: a name or a reference that fits an
 * equal amount. */
static bool evident(const struct pass *p, uint32_t row)
{
    const struct row *r = &p->rows[row];
    uint32_t from, to, seen = 0;
    rows_block(p, r->group, r->amount, &from, &to);
    for (uint32_t i = from; i < to && seen < p->params->candidates_max; i++) {
        const struct row *o = &p->rows[i];
        struct edge edge;
        if (o->side == r->side || o->state != ROW_FREE)
            continue;
        seen++;
        bool found =
            r->side == RECON_BANK ? edge_score(p, row, i, &edge) : edge_score(p, i, row, &edge);
        if (found && (edge.type == RECON_TYPE_EXACT || edge.type == RECON_TYPE_REFERENCE))
            return true;
    }
    return false;
}

static bool lag_allowed(const struct pass *p, const struct recon_learned *rule, int32_t lag)
{
    int32_t usual = p->params->window_days;
    int32_t late = rule->lag_days > usual ? rule->lag_days : usual;
    int32_t early = rule->lag_days < -usual ? rule->lag_days : -usual;
    return lag <= late && lag >= early;
}

static struct err pair_taught(struct pass *p, const struct taught *t, uint32_t bank, uint32_t book)
{
    const struct row *a = &p->rows[bank], *b = &p->rows[book];
    int32_t lag = row_lag(a, b), off = lag - t->rule->lag_days, usual = p->params->window_days;
    enum ref_relation ref = ref_compare(a->norm, b->norm);
    if (!lag_allowed(p, t->rule, lag) || ref == REF_DIFFER)
        return OK;
    struct edge edge = {.bank = bank,
                        .book = book,
                        .type = t->rule->fee == RECON_LEARNED_NO_FEE ? RECON_TYPE_LEARNED_ALIAS
                                                                     : RECON_TYPE_LEARNED_FEE,
                        .learned = t->number};
    edge.parts = (struct recon_parts){
        .text = (uint16_t)text_similarity(t->bank, a->norm),
        .reference = ref == REF_ABSENT ? RECON_ABSENT : 10000,
        .date = (uint16_t)score_date(p, off, usual > abs64(off) ? usual : (int32_t)abs64(off)),
        .amount = 10000,
        .channel = 10000,
    };
    uint32_t score = score_parts(p->params, &edge.parts), high = p->params->high_min;
    edge.score = (uint16_t)(score >= high ? high - 1 : score);
    return edge.score >= p->params->review_min ? edge_push(p, &edge) : OK;
}

/* The bank rows that this book entry is paid by, if the rule speaks of both. */
static struct err book_taught(struct pass *p, const struct taught *t, uint32_t book)
{
    const struct row *b = &p->rows[book];
    uint32_t from, to;
    int64_t amount;
    if (!recon_fee_bank(t->rule, b->amount, &amount))
        return OK;
    rows_block(p, b->group, amount, &from, &to);
    if (to - from > p->params->candidates_max)
        to = from + p->params->candidates_max;
    for (uint32_t i = from; i < to; i++) {
        const struct row *a = &p->rows[i];
        if (a->side != RECON_BANK || a->state != ROW_FREE ||
            text_similarity_least(t->bank, a->norm, NAMED) < NAMED || evident(p, i))
            continue;
        TRY(pair_taught(p, t, i, book));
    }
    return OK;
}

static struct err rule_run(struct pass *p, const struct taught *t)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const struct row *b = &p->rows[i];
        if (b->side == RECON_BOOK && b->state == ROW_FREE &&
            text_similarity_least(t->book, b->norm, NAMED) >= NAMED && !evident(p, i))
            TRY(book_taught(p, t, i));
    }
    return OK;
}

static int by_pair(const void *x, const void *y)
{
    const struct edge *a = x, *b = y;
    if (a->bank != b->bank)
        return a->bank < b->bank ? -1 : 1;
    if (a->book != b->book)
        return a->book < b->book ? -1 : 1;
    return (a->learned > b->learned) - (a->learned < b->learned);
}

/* Two rules may find one pair; it is one candidate, by the first of them. */
static void twins_drop(struct pass *p)
{
    size_t kept = 0;
    if (p->edges_n == 0)
        return;
    qsort(p->edges, p->edges_n, sizeof *p->edges, by_pair);
    for (size_t i = 0; i < p->edges_n; i++) {
        const struct edge *last = kept == 0 ? NULL : &p->edges[kept - 1];
        if (last == NULL || last->bank != p->edges[i].bank || last->book != p->edges[i].book)
            p->edges[kept++] = p->edges[i];
    }
    p->edges_n = kept;
}

struct err pass_learned(struct pass *p)
{
    p->edges_n = 0;
    for (size_t i = 0; i < p->params->learned_n; i++) {
        const struct recon_learned *rule = &p->params->learned[i];
        const struct taught t = {
            .rule = rule,
            .bank = name_norm(&p->words, RECON_BANK, rule->bank_name, p->arena),
            .book = name_norm(&p->words, RECON_BOOK, rule->book_name, p->arena),
            .number = (uint16_t)(i + 1),
        };
        TRY(arena_check(p->arena));
        TRY(rule_run(p, &t));
    }
    twins_drop(p);
    if (p->edges_n > 0)
        assign_edges(p);
    return OK;
}
