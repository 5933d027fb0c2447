/* The bank reconciliation statement of an account as the book has it: what the tool, the close
 * summary and the resources have in common. */
#ifndef ENGINE_TOOLS_RECONCILIATION_H
#define ENGINE_TOOLS_RECONCILIATION_H

#include "engine/report/bankrec.h"
#include "engine/store/master.h"
#include "engine/store/reconciling.h"
#include "engine/tools/scope.h"

struct reconciliation {
    struct reconciling of;
    struct account account;
    struct bankrec_statement *statements; /* the newest 1000 */
    size_t statements_n;
    struct bankrec_break *breaks;
    size_t breaks_n;
    struct bankrec_in in;
    struct reconciling_flow flows[2]; /* books, bank */
    struct reconciling_difference *differences;
    size_t differences_n;
    struct bankrec out;
};

/* ERR_MISSING for an account the chart does not have (or the caller may not see); ERR_INPUT when it
 * holds several currencies and none is named. `currency` NULL: the account's own, or the only one
 * there is. */
MUST_CHECK struct err reconciliation_load(struct call *c, struct tx *tx, const char *entity_id,
                                          const char *account_id, const char *currency,
                                          struct date day, struct reconciliation *r);
/* The two halves of it: whose statement it is, which is cheap, and its figures and differences. */
MUST_CHECK struct err reconciliation_find(struct call *c, struct tx *tx, const char *entity_id,
                                          const char *account_id, const char *currency,
                                          struct date day, struct reconciliation *r);
/* The balances per bank and per books alone: neither items nor what is unexplained. */
MUST_CHECK struct err reconciliation_balances(struct call *c, struct tx *tx,
                                              struct reconciliation *r);
MUST_CHECK struct err reconciliation_figures(struct call *c, struct tx *tx,
                                             struct reconciliation *r);

/* The statement without its items: balances, sections, what is unexplained, what keeps it from
 * being reconciled. */
MUST_CHECK struct err reconciliation_print(struct call *c, const struct reconciliation *r,
                                           struct json **out);

/* {basis, balance or movement} of one side as far as reconciliation_balances knows it. */
struct json *reconciliation_side(struct call *c, const struct reconciliation *r, bool bank);

/* An amount of the statement's currency as text in the call's arena. */
const char *reconciliation_money(struct call *c, const struct reconciliation *r, int64_t minor);

#endif
