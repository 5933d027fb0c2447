/* A recorded ask as it would be under another policy than the one it was recorded under. What an
 * event knows about money is in the recording policy's terms: the amount in each of its currencies,
 * its windows' sums. What the other policy asks for in the same terms is carried over; a currency
 * that was not recorded is valued by the other policy's own rates of the day; and what cannot be
 * known – another window, a currency without a rate – is never guessed: if the verdict depends on
 * it, there is none. */
#ifndef ENGINE_GATE_UNDER_H
#define ENGINE_GATE_UNDER_H

#include "engine/gate/gate.h"

enum { UNDER_CURRENCIES_MAX = 64, UNDER_WINDOWS_MAX = 100 };

/* From one policy to another, worked out once. Holds room for one ask at a time: one for each
 * thread. */
struct under {
    const struct policy *from, *to;
    size_t value_from[UNDER_CURRENCIES_MAX]; /* SIZE_MAX: was not recorded */
    size_t window_from[UNDER_WINDOWS_MAX];
    bool same, cap_same, bulk_same;
    struct ask_value values[UNDER_CURRENCIES_MAX];
    struct ask_cumulative windows[UNDER_WINDOWS_MAX];
};

/* Both must outlive it. ERR_LIMIT when the other policy has more currencies or windows than there
 * is room for. */
MUST_CHECK struct err under_init(struct under *under, const struct policy *from,
                                 const struct policy *to);

/* What `to` says to an ask recorded under `from` on this day. False: it depends on what the event
 * does not know; *verdict is then the one that not knowing would get. No allocation. */
bool under_decide(struct under *under, const struct ask *ask, struct date day,
                  struct verdict *verdict);

#endif
