/* Private to engine/tools: learned rules between the book, the matcher and whoever reads them. */
#ifndef ENGINE_TOOLS_LEARNED_H
#define ENGINE_TOOLS_LEARNED_H

#include "engine/fsm/matching_rule.h"
#include "engine/recon/pass.h"
#include "engine/store/matching_rules.h"
#include "engine/tools/tool.h"

/* The rules as the matcher takes them, in their order; recon_match.learned counts from 1 in it. */
MUST_CHECK struct err learned_of(struct arena *arena, const struct matching_rule *rules, size_t n,
                                 struct recon_learned **learned);

/* The rule as a sentence a person can agree or disagree with. */
const char *rule_says(struct arena *arena, const struct matching_rule *rule);

/* {rule_id, version, says}: what a match's evidence holds of the rule that found it. */
struct json *rule_evidence(struct arena *arena, const struct matching_rule *rule);

/* The whole rule with its parameters. */
struct json *rule_print(struct arena *arena, const struct matching_rule *rule);

/* What propose_rule and retire_rule answer. */
struct rule_moved {
    const char *rule_id, *state, *says;
    int64_t version;
};
#define RULE_MOVED_FIELDS 4
extern const struct json_field rule_moved_fields[RULE_MOVED_FIELDS];

/* The call is about this rule, as it would be afterwards; `version` is what an escalation binds. */
MUST_CHECK struct err rule_facts(struct call *c, const struct matching_rule *rule, int64_t version);

/* Writes the rule, whose machine allows `event`, and says so in the call's event and result. */
MUST_CHECK struct err rule_move(struct call *c, struct tx *tx, struct matching_rule *rule);

/* The state after the event; ERR_CONFLICT when the machine has no such step. */
MUST_CHECK struct err rule_step(struct call *c, struct matching_rule *rule,
                                enum matching_rule_event event);

#endif
