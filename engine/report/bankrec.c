/* The statement's arithmetic: sums of groups go to their sections, sections to their side. */
#include "engine/report/bankrec.h"

#include "common/base/str.h"

static const struct {
    const char *name, *title;
    bool adjusts_bank;
} sections[BANKREC_SECTIONS] = {
    [BANKREC_DEPOSIT_IN_TRANSIT] = {"deposits_in_transit", "Deposits in transit", true},
    [BANKREC_OUTSTANDING] = {"outstanding_payments", "Outstanding payments", true},
    [BANKREC_BANK_ERROR] = {"bank_errors", "Errors on the bank's side", true},
    [BANKREC_BANK_CREDIT] = {"bank_credits", "Received by the bank, not booked", false},
    [BANKREC_BANK_DEBIT] = {"bank_debits", "Paid by the bank, not booked", false},
    [BANKREC_BOOK_ERROR] = {"book_errors", "Errors in the books", false},
    [BANKREC_DIFFERENCE] = {"differences", "Differences of confirmed matches", false},
    [BANKREC_PROPOSED] = {"proposed", "Proposed matches, both sides", false},
};

const char *bankrec_section_name(enum bankrec_section section)
{
    return sections[section].name;
}

const char *bankrec_section_title(enum bankrec_section section)
{
    return sections[section].title;
}

bool bankrec_adjusts_bank(enum bankrec_section section)
{
    return sections[section].adjusts_bank;
}

const char *bankrec_basis_name(enum bankrec_basis basis)
{
    static const char *const names[] = {"movement", "statement", "carried"};
    return names[basis];
}

/* A booked entry that is wrong will never reach the bank, so it is no timing item. An amount that
 * differs is taken to be the books' mistake: what the bank did stands as an unbooked item. */
static bool book_error(const char *class_)
{
    static const char *const classes[] = {"DUPLICATE", "AMOUNT_BREAK", "REVERSAL", "WRONG_ENTITY"};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (text_eq(class_, classes[i]))
            return true;
    }
    return false;
}

enum bankrec_section bankrec_section_of(bool bank, int64_t amount_minor, const char *class_,
                                        bool proposed)
{
    if (proposed)
        return BANKREC_PROPOSED;
    if (bank && text_eq(class_, "DUPLICATE"))
        return BANKREC_BANK_ERROR;
    if (bank)
        return amount_minor < 0 ? BANKREC_BANK_DEBIT : BANKREC_BANK_CREDIT;
    if (book_error(class_))
        return BANKREC_BOOK_ERROR;
    return amount_minor < 0 ? BANKREC_OUTSTANDING : BANKREC_DEPOSIT_IN_TRANSIT;
}

/* An error is taken off its own side; the books' leg of a proposal off the books, where its bank
 * leg comes in: what is left is the difference of the two. */
struct err bankrec_effect(enum bankrec_section section, bool bank, int64_t amount_minor,
                          int64_t *effect)
{
    const bool off = section == BANKREC_BANK_ERROR || section == BANKREC_BOOK_ERROR ||
                     (section == BANKREC_PROPOSED && !bank);
    *effect = amount_minor;
    ENSURE(!off || !__builtin_sub_overflow(0, amount_minor, effect), ERR_LIMIT,
           "an amount does not fit");
    return OK;
}

static struct err add(int64_t amount, int64_t *sum)
{
    ENSURE(!__builtin_add_overflow(*sum, amount, sum), ERR_LIMIT, "a sum does not fit");
    return OK;
}

static struct err sub(int64_t amount, int64_t *sum)
{
    ENSURE(!__builtin_sub_overflow(*sum, amount, sum), ERR_LIMIT, "a sum does not fit");
    return OK;
}

static struct err group_take(const struct bankrec_group *g, struct bankrec *out, int64_t *settled)
{
    if (g->settled)
        return g->bank ? add(g->sum_minor, settled) : sub(g->sum_minor, settled);
    enum bankrec_section s =
        bankrec_section_of(g->bank, g->negative ? -1 : 1, g->class_, g->proposed);
    int64_t effect;
    TRY(bankrec_effect(s, g->bank, g->sum_minor, &effect));
    TRY(add(g->count, &out->sections[s].count));
    return add(effect, &out->sections[s].effect_minor);
}

static struct err adjust(struct bankrec *out)
{
    out->adjusted_bank_minor = out->bank_minor;
    out->adjusted_books_minor = out->books_minor;
    for (unsigned s = 0; s < BANKREC_SECTIONS; s++)
        TRY(add(out->sections[s].effect_minor,
                sections[s].adjusts_bank ? &out->adjusted_bank_minor : &out->adjusted_books_minor));
    out->unexplained_minor = out->adjusted_bank_minor;
    return sub(out->adjusted_books_minor, &out->unexplained_minor);
}

struct err bankrec_compute(const struct bankrec_in *in, struct bankrec *out)
{
    *out = (struct bankrec){.bank_minor = in->bank.anchor.minor,
                            .books_minor = in->books.anchor.minor};
    int64_t settled = 0; /* the bank's side of settled entries less the books' */
    TRY(add(in->bank.moved_minor, &out->bank_minor));
    TRY(add(in->books.moved_minor, &out->books_minor));
    for (size_t i = 0; i < in->groups_n; i++)
        TRY(group_take(&in->groups[i], out, &settled));
    out->sections[BANKREC_DIFFERENCE].count = in->differences_n;
    out->sections[BANKREC_DIFFERENCE].effect_minor = in->differences_minor;
    out->unlisted_minor = settled;
    TRY(sub(in->differences_minor, &out->unlisted_minor));
    TRY(adjust(out));
    out->unexplained_known =
        in->bank.anchor.basis != BANKREC_MOVEMENT && in->books.anchor.basis != BANKREC_MOVEMENT;
    if (!out->unexplained_known)
        out->unexplained_minor = 0;
    out->reconciled = out->unexplained_known && out->unexplained_minor == 0 &&
                      out->unlisted_minor == 0 && in->breaks_n == 0 &&
                      in->bank.anchor.basis == BANKREC_COVERED;
    return OK;
}
