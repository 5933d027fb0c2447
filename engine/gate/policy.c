/* policy_load: runs the parts over one document, top to bottom, and stops at the first complaint.
 * The clauses come first, because every other rule may fall back on its reason's. Called at start,
 * on SIGHUP and by `policy validate`; what it returns is never changed again. */
#include "engine/gate/policy.h"

#include <string.h>

#include "common/base/str.h"
#include "engine/gate/policy_internal.h"

enum { POLICY_GRAMMAR = 1 };

static struct err load_clause(struct policy_build *b, const struct doc_clause *doc)
{
    const char *pointer = policy_at(b, "/clauses", doc->reason);
    enum reason reason;
    if (!reason_find(doc->reason, &reason))
        return policy_refuse(b, pointer, "\"%s\" is not a reason; docs/POLICY.md lists them",
                             doc->reason);
    if (reason == REASON_ALLOWED)
        return policy_refuse(b, pointer, "what is allowed needs no clause");
    b->policy->clauses[reason] = (struct policy_clause){.text = doc->text, .pointer = pointer};
    return policy_clause_check(b, doc->text, pointer);
}

static struct err load_clauses(struct policy_build *b)
{
    for (size_t i = 0; i < b->doc.clauses_n; i++)
        TRY(load_clause(b, &b->doc.clauses[i]));
    for (size_t reason = REASON_ALLOWED + 1; reason < REASON_COUNT; reason++) {
        if (b->policy->clauses[reason].text == NULL && reason != REASON_BULK_LIMIT)
            return policy_refuse(b, "/clauses", "%s has no clause",
                                 reason_name((enum reason)reason));
    }
    return OK;
}

/* Sections whose keys come with the issues that need them. */
static struct err check_empty(struct policy_build *b, const struct json *section,
                              const char *pointer)
{
    if (section == NULL || (json_is(section, JSON_TYPE_OBJECT) && section->count == 0))
        return OK;
    if (json_is(section, JSON_TYPE_OBJECT))
        pointer = policy_at(b, pointer, section->members[0].key.at);
    return policy_refuse(b, pointer, "this section has no keys yet: write {} or leave it out");
}

static struct err load_parts(struct policy_build *b)
{
    struct policy *p = b->policy;
    p->version = b->doc.version;
    if (p->version != POLICY_GRAMMAR)
        return policy_refuse(b, "/version", "this engine reads version %d of the grammar",
                             POLICY_GRAMMAR);
    TRY(load_clauses(b));
    TRY(policy_load_materiality(b));
    TRY(policy_load_accounts(b));
    TRY(policy_load_match_types(b));
    TRY(policy_load_auto_confirm(b));
    TRY(policy_load_cumulative(b));
    TRY(policy_load_write_off(b));
    TRY(policy_load_blocked(b));
    TRY(policy_load_authority(b));
    p->own_agent = (enum own_agent)b->doc.sod.own_agent;
    TRY(policy_load_fx(b));
    TRY(policy_load_matching(b));
    TRY(check_empty(b, b->doc.ap, "/ap"));
    TRY(check_empty(b, b->doc.close, "/close"));
    TRY(policy_load_escalation(b));
    TRY(policy_load_channels(b));
    p->policy_change_t3 =
        b->doc.administration != NULL && b->doc.administration->policy_changes == 1;
    return policy_load_bulk(b);
}

struct err policy_load(struct arena *arena, const struct json *tree, const char *digest,
                       struct policy **policy)
{
    struct policy_build b = {.arena = arena, .tree = tree};
    ENSURE(digest != NULL && strlen(digest) == sizeof b.policy->digest - 1, ERR_BUG,
           "a policy's digest is 64 hex digits");
    b.policy = ARENA_NEW(arena, struct policy);
    TRY(arena_check(arena));
    memcpy(b.policy->digest, digest, sizeof b.policy->digest);
    TRY(policy_doc_bind(arena, tree, &b.doc));
    TRY(load_parts(&b));
    TRY(arena_check(arena));
    *policy = b.policy;
    return OK;
}
