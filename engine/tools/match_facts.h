/* Private to engine/tools: the facts about a match that the gate judges, read from the book. */
#ifndef ENGINE_TOOLS_MATCH_FACTS_H
#define ENGINE_TOOLS_MATCH_FACTS_H

#include "engine/store/matches.h"
#include "engine/tools/people_facts.h"
#include "engine/tools/tool.h"

/* Fills the ask's object, money and place from the match and its legs: amount, accounts, entities,
 * events, proposers (with the co-requesters of an open escalation), values in the policy's
 * currencies, and for a confirmation the windows of cumulative limits. Sets the call's object,
 * entity, match and bound facts. */
MUST_CHECK struct err match_facts(struct call *c, struct tx *tx, const struct match *m);

/* The account that the match's difference goes to joins the others, so that every rule on accounts
 * speaks of it, too. */
MUST_CHECK struct err difference_fact(struct call *c, struct tx *tx, const struct match *m);

/* {amount, currency, account_id}, for evidence and for whoever reads the match; NULL when its sides
 * agree. */
struct json *difference_print(struct arena *arena, const struct match *m);

/* The part that needs no match row: money and place of some legs (a new proposal). */
MUST_CHECK struct err legs_facts(struct call *c, struct tx *tx, const struct entry *legs, size_t n,
                                 struct money amount);

/* What the windows of cumulative limits and the auto-confirm cap hold where the act counts, valued
 * at the rates of the day `on`. After legs_facts. */
struct window {
    const char *entity_id, *account_id;
    struct date on;
};
MUST_CHECK struct err windows_facts(struct call *c, struct tx *tx, const struct window *w);

#endif
