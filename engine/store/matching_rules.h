/* Learned matching rules: what a confirmed match taught the matcher, once policy let it through. A
 * rule is in force or retired; it is never deleted, and its version counts what happened to it. */
#ifndef ENGINE_STORE_MATCHING_RULES_H
#define ENGINE_STORE_MATCHING_RULES_H

#include <stdint.h>

#include "engine/store/store.h"

enum rule_fee { RULE_FEE_NONE = 0, RULE_FEE_FIXED, RULE_FEE_PERCENTAGE };
const char *rule_fee_name(enum rule_fee fee); /* "none", "fixed", "percentage" */

enum rule_state { RULE_ACTIVE = 0, RULE_RETIRED };
const char *rule_state_name(enum rule_state state); /* "ACTIVE", "RETIRED": the machine's names */

struct matching_rule {
    const char *rule_id; /* of its match: mat_X teaches rul_X, so a match teaches one rule */
    const char *entity_id, *account_id;
    char currency[4];
    const char *bank_name, *book_name; /* as the matcher reads names */
    int64_t lag_days;                  /* business days from book to bank */
    enum rule_fee fee;
    int64_t fee_minor;              /* fixed: bank less book */
    int64_t fee_ppm;                /* percentage: millionths of the book's amount */
    const char *difference_account; /* where a fee goes; NULL without one */
    enum rule_state state;
    const char *source_match;
    const char *author;   /* actor who proposed it */
    const char *approver; /* actor whose act put it in force, or out of it */
    const char *rationale;
    int64_t version; /* from 1 */
};

/* "rul_X" for "mat_X"; ERR_INPUT for what is no match's id. */
MUST_CHECK struct err rule_id_of(struct arena *arena, const char *match_id, const char **rule_id);

/* ERR_MISSING when there is none. */
MUST_CHECK struct err matching_rule_load(struct tx *tx, struct arena *arena, const char *rule_id,
                                         struct matching_rule *rule);

/* An active rule that says the same (names, fee, place); *rule_id NULL when there is none. */
MUST_CHECK struct err matching_rule_twin(struct tx *tx, struct arena *arena,
                                         const struct matching_rule *rule, const char **rule_id);

/* Adds it as version 1, or moves the one that is there to rule->version, which must be the next
 * (ERR_CONFLICT else). Notes the effect. */
MUST_CHECK struct err matching_rule_put(struct tx *tx, const struct matching_rule *rule);

/* Of an account or (account NULL) an entity, all or only those in force, ordered by id. */
MUST_CHECK struct err matching_rules_list(struct tx *tx, struct arena *arena, const char *entity_id,
                                          const char *account_id, bool active,
                                          struct matching_rule **rows, size_t *n);

#endif
