/* How a match comes to be: its rows leave play, its rivals are counted, its margin is settled. */
#include "engine/recon/internal.h"

static const struct type_info {
    const char *name, *rule;
    enum recon_class class;
} types[] = {
    [RECON_TYPE_NONE] = {"none", "none/0", RECON_CLASS_NONE},
    [RECON_TYPE_HARD_KEY] = {"hard_key", "hard_key/1", RECON_CLASS_EXACT},
    [RECON_TYPE_EXACT] = {"exact", "exact/1", RECON_CLASS_EXACT},
    [RECON_TYPE_REFERENCE] = {"reference", "reference/1", RECON_CLASS_EXACT},
    [RECON_TYPE_AMOUNT_ONLY] = {"amount_only", "amount_only/1", RECON_CLASS_FUZZY},
    [RECON_TYPE_LATE] = {"late", "late/1", RECON_CLASS_FUZZY},
    [RECON_TYPE_ONE_TO_MANY] = {"one_to_many", "one_to_many/1", RECON_CLASS_MULTI},
    [RECON_TYPE_MANY_TO_ONE] = {"many_to_one", "many_to_one/1", RECON_CLASS_MULTI},
    [RECON_TYPE_MANY_TO_MANY] = {"many_to_many", "many_to_many/1", RECON_CLASS_MULTI},
    [RECON_TYPE_FEE] = {"tolerance_fee", "tolerance_fee/1", RECON_CLASS_FUZZY},
    [RECON_TYPE_BOOK_NET] = {"tolerance_book_net", "tolerance_book_net/1", RECON_CLASS_FUZZY},
    [RECON_TYPE_TRANSPOSITION] = {"tolerance_transposition", "tolerance_transposition/1",
                                  RECON_CLASS_FUZZY},
    [RECON_TYPE_FUZZY] = {"fuzzy", "fuzzy/1", RECON_CLASS_FUZZY},
    [RECON_TYPE_REVERSAL] = {"reversal", "reversal/1", RECON_CLASS_OFFSET},
    [RECON_TYPE_LEARNED_ALIAS] = {"learned_alias", "learned_alias/1", RECON_CLASS_FUZZY},
    [RECON_TYPE_LEARNED_FEE] = {"learned_fee", "learned_fee/1", RECON_CLASS_FUZZY},
};

const char *recon_type_name(enum recon_type t)
{
    return (size_t)t < sizeof types / sizeof types[0] ? types[t].name : "none";
}

const char *recon_class_name(enum recon_class c)
{
    static const char *const names[] = {
        [RECON_CLASS_NONE] = "none",         [RECON_CLASS_EXACT] = "exact_match",
        [RECON_CLASS_FUZZY] = "fuzzy_match", [RECON_CLASS_MULTI] = "multi_to_one",
        [RECON_CLASS_OFFSET] = "offset",
    };
    return (size_t)c < sizeof names / sizeof names[0] ? names[c] : "none";
}

/* Sums may pass int64 on the way; what does not fit is shown at its limit. */
static int64_t difference_of(const struct pass *p, const uint32_t *rows, uint32_t bank_n,
                             uint32_t book_n)
{
    wide sum = 0;
    for (uint32_t i = 0; i < bank_n + book_n; i++)
        sum += i < bank_n ? p->rows[rows[i]].amount : -(wide)p->rows[rows[i]].amount;
    if (bank_n == 0)
        sum = -sum;
    return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

struct recon_match *match_add(struct pass *p, enum recon_type type, const uint32_t *rows,
                              uint32_t bank_n, uint32_t book_n)
{
    uint32_t index = (uint32_t)p->matches_n++;
    struct recon_match *m = &p->matches[index];
    *m = (struct recon_match){
        .rule = types[type].rule,
        .difference_minor = difference_of(p, rows, bank_n, book_n),
        .legs = (uint32_t)p->legs_n,
        .bank_n = bank_n,
        .book_n = book_n,
        .class = (uint8_t)types[type].class,
        .type = (uint8_t)type,
        .solutions = 1,
        .parts = {RECON_ABSENT, RECON_ABSENT, RECON_ABSENT, RECON_ABSENT, RECON_ABSENT},
    };
    for (uint32_t i = 0; i < bank_n + book_n; i++) {
        struct row *r = &p->rows[rows[i]];
        r->state = ROW_MATCHED;
        r->match = index;
        p->legs[p->legs_n++] = r->entry;
    }
    return m;
}

struct recon_match *match_pair(struct pass *p, const struct edge *edge)
{
    const uint32_t rows[] = {edge->bank, edge->book};
    struct recon_match *m = match_add(p, (enum recon_type)edge->type, rows, 1, 1);
    m->score_bp = edge->score;
    m->parts = edge->parts;
    m->learned = edge->learned;
    m->capped = edge->capped != 0;
    return m;
}

void match_rival(const struct pass *p, struct recon_match *match, uint32_t rival, uint32_t score)
{
    struct recon_alternative new = {.entry = p->rows[rival].entry, .score_bp = (uint16_t)score};
    for (size_t i = 0; i < RECON_ALTERNATIVES; i++) {
        if (match->alternatives[i].score_bp >= new.score_bp)
            continue;
        struct recon_alternative old = match->alternatives[i];
        match->alternatives[i] = new;
        new = old;
    }
}

void match_settle(const struct pass *p, struct recon_match *match)
{
    match->runner_up_bp = match->alternatives[0].score_bp;
    match->margin_bp = match->score_bp > match->runner_up_bp
                           ? (uint16_t)(match->score_bp - match->runner_up_bp)
                           : 0;
    if (match->runner_up_bp > 0 && match->margin_bp < p->params->margin_min)
        match->ambiguous = true;
    if (match->solutions != 1)
        match->ambiguous = true;
}

bool recon_auto_confirmable(const struct recon_result *result, const struct recon_match *match)
{
    bool evident = match->class == RECON_CLASS_EXACT || match->class == RECON_CLASS_MULTI;
    return evident && match->score_bp >= result->high_min && !match->ambiguous && !match->capped &&
           match->solutions == 1 && match->difference_minor == 0;
}
