/* The section `bulk`: how much one act of a person may decide at once. A policy from before there
 * was such an act loads as it did: without the section the defaults hold, without a clause ours. */
#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

enum { ITEMS_DEFAULT = 50 };

_Static_assert(REASON_COUNT <= 64, "bulk.reasons are kept in 64 bits");

static const char sentence[] =
    "Several items are decided at once only under one clause and within the policy's bulk limits.";

static struct err load_reasons(struct policy_build *b, const struct doc_bulk *doc,
                               uint64_t *reasons)
{
    *reasons = doc->reasons_n == 0 ? ~UINT64_C(0) : 0;
    for (size_t i = 0; i < doc->reasons_n; i++) {
        const char *at = policy_at_index(b, "/bulk/reasons", i);
        enum reason reason;
        if (!reason_find(doc->reasons[i], &reason) || reason == REASON_ALLOWED)
            return policy_refuse(b, at, "\"%s\" is not a reason; docs/POLICY.md lists them",
                                 doc->reasons[i]);
        *reasons |= UINT64_C(1) << reason;
    }
    return OK;
}

/* The rule's own sentence, its reason's, or ours; and where the rule stands. */
static struct err load_clauses(struct policy_build *b, const struct doc_bulk *doc, bool written)
{
    struct policy_bulk *to = &b->policy->bulk;
    struct policy_clause *of_reason = &b->policy->clauses[REASON_BULK_LIMIT];
    if (of_reason->text == NULL)
        *of_reason = (struct policy_clause){sentence, "/clauses"};
    if (!written) {
        to->clause = to->items_clause = to->amount_clause = to->reasons_clause = *of_reason;
        return OK;
    }
    TRY(policy_clause_of(b, doc->clause, REASON_BULK_LIMIT, "/bulk", &to->clause));
    const char *text = to->clause.text;
    to->items_clause = (struct policy_clause){text, "/bulk/max_items"};
    to->amount_clause = (struct policy_clause){
        text, doc->max_amount == NULL ? "/materiality_threshold_usd" : "/bulk/max_amount"};
    to->reasons_clause =
        (struct policy_clause){text, doc->reasons_n == 0 ? "/bulk" : "/bulk/reasons"};
    return OK;
}

struct err policy_load_bulk(struct policy_build *b)
{
    static const struct doc_bulk left_out = {.max_items = ITEMS_DEFAULT};
    const bool written = b->doc.bulk != NULL;
    const struct doc_bulk *doc = written ? b->doc.bulk : &left_out;
    struct policy_bulk *to = &b->policy->bulk;
    to->max_items = doc->max_items;
    to->max_amount = b->policy->materiality;
    if (doc->max_amount != NULL)
        TRY(policy_limit_parse(b, doc->max_amount, "/bulk/max_amount", POLICY_ZERO_ALLOWED,
                               &to->max_amount));
    TRY(load_reasons(b, doc, &to->reasons));
    return load_clauses(b, doc, written);
}
