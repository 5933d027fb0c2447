/* propose_policy: another policy is to be in force. In prod the proposal waits, with what differs,
 * for another human (resolve_escalation); in dev one is enough. Whoever approves puts it in force
 * in the same transaction: POLICY_APPROVED under the policy that was, POLICY_LOADED for the one
 * that is now. Calls under way keep theirs. */
#include "common/base/civil.h"
#include "common/sys/yaml_read.h"
#include "engine/call/admit.h"
#include "engine/call/boot.h"
#include "engine/store/policies.h"
#include "engine/tools/administer.h"
#include "engine/tools/policy_diff.h"

#define POLICY_CHARS_MAX 300000 /* with everything around it, it fits into one request */

struct propose_policy {
    const char *text, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct propose_policy, text, .required = true, .max = POLICY_CHARS_MAX,
              .help = "the policy file's text, as it is"),
    JSON_TEXT(struct propose_policy, rationale, .max = 2000, .help = "why"),
};

struct proposed {
    const char *policy_version;
    bool changed;
};

static const struct json_field result[] = {
    JSON_TEXT(struct proposed, policy_version, .help = "SHA-256 of the text"),
    JSON_BOOL(struct proposed, changed, .help = "false: it is in force already"),
};

struct planned {
    struct policy *policy;
    const char *replaces; /* the version in force */
    struct json *changes;
    struct json *proof;
};

static struct err changes_find(struct call *c, struct tx *tx, struct planned *p)
{
    const struct propose_policy *a = c->args;
    struct json *before, *after;
    const char *text;
    TRY(policy_text_load(tx, c->arena, p->replaces, &text));
    TRY(yaml_read(c->arena, str_of(text), &before));
    TRY(yaml_read(c->arena, str_of(a->text), &after));
    return policy_diff(c->arena, before, after, &p->changes);
}

/* A policy under which nobody could change the policy, the people or a freeze is a dead end. */
static struct err people_stay(struct call *c, struct tx *tx, const struct policy *policy)
{
    static const enum action needed_for[] = {ACTION_CHANGE_POLICY, ACTION_CHANGE_REGISTRY,
                                             ACTION_THAW};
    struct person *people;
    size_t n;
    TRY(people_list(tx, c->arena, &people, &n));
    for (size_t i = 0; i < sizeof needed_for / sizeof needed_for[0]; i++) {
        bool is_policy = needed_for[i] == ACTION_CHANGE_POLICY;
        size_t now = 0, then = 0, needed = administrators_needed(c), needed_now = needed;
        if (is_policy) {
            needed = policy_changers_needed(c, policy);
            needed_now = policy_changers_needed(c, c->policy);
        }
        for (size_t k = 0; k < n; k++) {
            now += person_able(c->policy, needed_for[i], &people[k]);
            then += person_able(policy, needed_for[i], &people[k]);
        }
        if (then < needed && (then < now || needed > needed_now))
            return err_fmt(c->arena, ERR_CONFLICT, "/authority",
                           "under this policy %zu people could %s, and it takes %zu", then,
                           action_name(needed_for[i]), needed);
    }
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct propose_policy *a = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    c->planned = p;
    TRY(policy_for_book(c->arena, tx, str_of(a->text), &p->policy));
    TRY(policy_in_force(tx, c->arena, &p->replaces));
    ENSURE(p->replaces != NULL, ERR_MISSING, "the book has no policy in force");
    if (text_eq(p->replaces, p->policy->digest))
        return administer_same(c, "policy_version", p->policy->digest);
    TRY(people_stay(c, tx, p->policy));
    TRY(changes_find(c, tx, p));
    struct json *before = json_object_new(c->arena), *after = json_object_new(c->arena);
    json_put_text(c->arena, before, "policy_version", p->replaces);
    json_put_text(c->arena, after, "policy_version", p->policy->digest);
    json_put(c->arena, after, "changes", p->changes);
    const struct admin_change change = {.act = "propose",
                                        .object_type = "policy",
                                        .object_id = p->policy->digest,
                                        .version = 1,
                                        .before = before,
                                        .after = after,
                                        .event_type = "POLICY_APPROVED"};
    return administer(c, &change);
}

/* Only what somebody may propose is proved: it takes its time, and the gate has spoken first. */
static struct err prove(struct call *c, struct tx *tx)
{
    const struct propose_policy *a = c->args;
    struct planned *p = c->planned;
    return policy_admit(c->arena, tx, str_of(a->text), p->policy, &p->proof);
}

/* What the change's event tells, and the proof. */
static const struct json *detail_proved(struct call *c, const struct json *proof)
{
    struct json *detail = json_object_new(c->arena);
    for (size_t i = 0; c->detail != NULL && detail != NULL && i < c->detail->count; i++)
        json_put(c->arena, detail, c->detail->members[i].key.at, c->detail->members[i].value);
    json_put(c->arena, detail, "proof", proof);
    return detail;
}

/* The text and who wrote it, kept before anybody decides. */
static struct err propose(struct call *c, struct tx *tx)
{
    const struct propose_policy *a = c->args;
    struct planned *p = c->planned;
    bool is_new;
    TRY(prove(c, tx));
    TRY(policy_keep(tx, p->policy->digest, str_of(a->text), &is_new));
    const struct event event = {.type = "POLICY_PROPOSED",
                                .actor = &c->actor,
                                .tool = c->tool->name,
                                .policy_version = p->replaces,
                                .object_type = "policy",
                                .object_id = p->policy->digest,
                                .object_version = 1,
                                .rationale = c->rationale,
                                .rationale_author =
                                    c->rationale == NULL ? NULL : c->rationale_author,
                                .request_id = c->request_id,
                                .detail = detail_proved(c, p->proof)};
    TRY(arena_check(c->arena));
    return audit_append(tx, &event);
}

/* After POLICY_APPROVED. */
static struct err load(struct call *c, struct tx *tx, void *arg)
{
    const struct planned *p = arg;
    struct json *detail = json_object_new(c->arena);
    char now[INSTANT_TEXT_MAX];
    instant_print(tx->now_us, now);
    json_put_text(c->arena, detail, "replaces", p->replaces);
    json_put_text(c->arena, detail, "effective_from", now);
    json_put(c->arena, detail, "proof", p->proof);
    TRY(arena_check(c->arena));
    const struct event event = {.type = "POLICY_LOADED",
                                .actor = &c->actor,
                                .policy_version = p->policy->digest,
                                .object_type = "policy",
                                .object_id = p->policy->digest,
                                .object_version = 1,
                                .escalation_id = c->escalation_id,
                                .request_id = c->request_id,
                                .caused_by = c->seq,
                                .detail = detail};
    c->policy_loaded = true;
    return audit_append(tx, &event);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct planned *p = c->planned;
    if (c->escalation_id == NULL) /* nobody else had to be asked */
        TRY(propose(c, tx));
    else
        TRY(prove(c, tx));
    c->then = load;
    c->then_arg = p;
    return administer_done(c, "policy_version", p->policy->digest);
}

const struct tool tool_propose_policy = {
    .name = "propose_policy",
    .title = "Propose a policy",
    .summary = "Proposes the text of another policy. In prod another human approves it, or two "
               "others where changes of policy are T3; then it is in force at once.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_POLICY,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct propose_policy),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
    .wait = propose,
};
