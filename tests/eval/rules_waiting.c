/* What waits for a person, and what nobody matched: DESIGN §6, docs/ESCALATIONS.md,
 * docs/EXCEPTIONS.md. */
#include <string.h>

#include "tests/eval/rules.h"

static const char *was(const struct book_change *c, const char *member)
{
    return json_get_text(c->before, member);
}

static const char *is(const struct book_change *c, const char *member)
{
    return json_get_text(c->after, member);
}

/* ---- the states of an approval ---- */

static const char *const open_states[] = {"PENDING", "STAGE_APPROVED", "INFO_REQUESTED"};

static bool is_open(const char *state)
{
    for (size_t i = 0; i < sizeof open_states / sizeof open_states[0]; i++) {
        if (text_eq(state, open_states[i]))
            return true;
    }
    return false;
}

/* docs/fsm.md: what ended stays; a stage is not taken back to PENDING but by a question answered.
 */
static bool may_move(const char *from, const char *to)
{
    if (!is_open(from))
        return false;
    if (text_eq(to, "PENDING"))
        return text_eq(from, "INFO_REQUESTED");
    if (text_eq(to, "STAGE_APPROVED"))
        return !text_eq(from, "STAGE_APPROVED");
    return true;
}

/* What a person approves is what was asked: none of it moves. */
static void bound_stays(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c)
{
    static const char *const fixed[] = {
        "key_sha256", "digest",         "tool",       "object_type",         "object_id",
        "entity_id",  "object_version", "currency",   "amount_minor",        "policy_version",
        "reason",     "requester",      "created_at", "requester_principal", "requester_obo",
        "expires_at"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        rules_must(s, text_eq(was(c, fixed[i]), is(c, fixed[i])), "bound-stays", e, c,
                   "%s was another", fixed[i]);
}

/* ---- a new one ---- */

/* Asked for by policy's ruling on the call itself, or on purpose: then the clause is the one that a
 * confirmation would be stopped by, and the gate allowed the asking. */
static struct err asked(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c, const struct answer *row)
{
    const char *state = is(c, "state"), *reason = row->at[5];
    bool on_purpose = text_eq(e->action, "ESCALATE") && text_eq(e->decision, "allow");
    rules_must(s, on_purpose || (text_eq(e->decision, "human") && text_eq(reason, e->reason)),
               "asked-because-of-policy", e, c, "the gate did not reserve it for a person");
    rules_must(s,
               text_eq(is(c, "requester"), e->actor) &&
                   text_eq(is(c, "requester_principal"), e->principal) &&
                   text_eq(is(c, "requester_obo"), e->obo),
               "requester-is-the-caller", e, c, "requested by %s", is(c, "requester"));
    rules_must(s, text_eq(is(c, "policy_version"), json_get_text(e->tree, "policy_version")),
               "asked-because-of-policy", e, c, "asked under another policy");
    rules_must(
        s, e->policy == NULL || text_eq(stated_clause(e->policy, reason, row->at[7]), row->at[6]),
        "clause-is-the-policys", e, c, "%s is quoted as \"%s\"", reason, row->at[6]);
    bool staged = text_eq(state, "STAGE_APPROVED") && e->kind == ACTOR_HUMAN &&
                  text_eq(e->reason, "SECOND_APPROVER_REQUIRED");
    rules_must(s, text_eq(state, "PENDING") || staged, "approval-states", e, c, "begins as %s",
               state);
    return OK;
}

/* ---- how it is answered ---- */

static const char *side_name(const char *const *names, const char *tool, const char *otherwise)
{
    for (size_t i = 0; names[i] != NULL; i += 2) {
        if (text_eq(names[i], tool))
            return names[i + 1];
    }
    return otherwise;
}

/* The row that the bound act writes. NULL: any. */
static const char *written_by(const char *tool)
{
    static const char *const names[] = {
        "confirm_match",  "match_states", "unmatch", "match_states",      "freeze",
        "freezes",        "thaw",         "freezes", "resolve_exception", "exception_states",
        "set_delegation", "delegations",  NULL};
    return side_name(names, tool, NULL);
}

/* An approval is an act: in this step the same person's event did what was bound. */
static void act_is_done(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c)
{
    const char *table = written_by(is(c, "tool"));
    bool done = false;
    for (size_t i = 0; i < s->changes_n; i++) {
        const struct book_change *o = &s->changes[i];
        const struct rules_event *by = rules_event_of(s, o);
        bool it =
            table == NULL ? strncmp(o->table, "escalation", 10) != 0 : text_eq(o->table, table);
        bool object = table == NULL || !text_eq(is(c, "object_type"), "match") ||
                      text_eq(o->id, is(c, "object_id"));
        done |= it && object && text_eq(by->actor, e->actor) && text_eq(by->decision, "allow");
    }
    rules_must(s, done, "approved-is-done", e, c, "%s was approved and did not happen",
               is(c, "tool"));
}

static struct err requester_is_free(struct rules_step *s, const struct rules_event *e,
                                    const struct book_change *c)
{
    for (size_t i = 0; i < s->frozen_n; i++) {
        const char *scope = s->frozen[i].scope, *value = s->frozen[i].value;
        bool self = text_eq(scope, "actor") && (text_eq(value, is(c, "requester")) ||
                                                text_eq(value, is(c, "requester_principal")) ||
                                                text_eq(value, is(c, "requester_obo")));
        bool direct =
            !text_eq(e->tool, "resolve_escalation") && !text_eq(e->tool, "resolve_escalations");
        rules_must(s, !self || direct, "frozen-waits", e, c, "%s is frozen", value);
    }
    return OK;
}

/* Nobody completes what they asked for: for a confirmation the match's own rule looks at all hands;
 * here, at those of this escalation. */
static struct err hands_of(struct rules_step *s, const struct rules_event *e,
                           const struct book_change *c)
{
    bool confirms = text_eq(is(c, "tool"), "confirm_match");
    struct answer *parties;
    size_t n;
    TRY(rules_ask(s, ASK_PARTIES, &c->id, 1, &parties, &n));
    for (size_t i = 0; i < n; i++)
        rules_must(s,
                   !confirms || !text_eq(parties[i].at[0], "requester") ||
                       !text_eq(parties[i].at[1], e->principal),
                   "two-pairs-of-eyes", e, c, "%s asked for it", e->actor);
    return OK;
}

static struct err approved(struct rules_step *s, const struct rules_event *e,
                           const struct book_change *c)
{
    int64_t now, expires;
    rules_must(s, e->kind == ACTOR_HUMAN, "people-approve", e, c, "approved by %s", e->actor);
    TRY(instant_parse(e->at, &now));
    TRY(instant_parse(is(c, "expires_at"), &expires));
    bool answered =
        text_eq(e->tool, "resolve_escalation") || text_eq(e->tool, "resolve_escalations");
    rules_must(s, now < expires || !answered, "nothing-by-time-out", e, c, "it had expired");
    TRY(requester_is_free(s, e, c));
    TRY(hands_of(s, e, c));
    act_is_done(s, e, c);
    return OK;
}

static bool rejects_the_match(const struct rules_step *s, const struct book_change *c)
{
    for (size_t i = 0; i < s->changes_n; i++) {
        const struct book_change *o = &s->changes[i];
        if (text_eq(o->table, "match_states") && text_eq(o->id, is(c, "object_id")) &&
            text_eq(is(o, "state"), "REJECTED"))
            return true;
    }
    return false;
}

static void turned_down(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c)
{
    bool direct = text_eq(s->tool, "reject_match") && rejects_the_match(s, c);
    rules_must(s, e->kind == ACTOR_HUMAN || direct, "people-reject", e, c, "rejected by %s",
               e->actor);
    rules_must(s, !text_eq(is(c, "tool"), "confirm_match") || rejects_the_match(s, c),
               "rejected-is-done", e, c, "the match it was about is not rejected");
}

/* People are compared, and sessions only where nobody stands behind them. */
static bool is_own(const struct rules_event *e, const char *actor, const char *person)
{
    const char *self = e->principal != NULL ? e->principal : e->obo;
    return self != NULL && person != NULL ? text_eq(person, self) : text_eq(actor, e->actor);
}

/* By whoever asked, their agent, or a person. */
static struct err by_who_asked(struct rules_step *s, const struct rules_event *e,
                               const struct book_change *c, const char *rule)
{
    struct answer *parties;
    size_t n;
    bool asked = e->kind == ACTOR_HUMAN;
    TRY(rules_ask(s, ASK_PARTIES, &c->id, 1, &parties, &n));
    for (size_t i = 0; i < n; i++)
        asked |=
            !text_eq(parties[i].at[0], "approver") && is_own(e, parties[i].at[2], parties[i].at[1]);
    rules_must(s, asked, rule, e, c, "%s has not asked for it", e->actor);
    return OK;
}

/* An agent takes back only what nobody but it and its person has asked for. */
static struct err taken_back_by(struct rules_step *s, const struct rules_event *e,
                                const struct book_change *c)
{
    const char *person = is(c, "requester_principal");
    struct answer *parties;
    size_t n;
    bool alone = is_own(e, is(c, "requester"), person != NULL ? person : is(c, "requester_obo"));
    TRY(rules_ask(s, ASK_PARTIES, &c->id, 1, &parties, &n));
    for (size_t i = 0; i < n; i++)
        alone &= is_own(e, parties[i].at[2], parties[i].at[1]);
    rules_must(s, e->kind == ACTOR_HUMAN || alone, "withdrawn-by-who-asked", e, c,
               "%s is not alone in asking for it", e->actor);
    return OK;
}

static struct err stage(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c)
{
    struct answer *parties;
    size_t n;
    bool approver = false;
    if (text_eq(was(c, "state"), "INFO_REQUESTED") && !text_eq(e->decision, "human"))
        return by_who_asked(s, e, c, "answered-by-who-asked");
    TRY(rules_ask(s, ASK_PARTIES, &c->id, 1, &parties, &n));
    for (size_t i = 0; i < n; i++)
        approver |=
            text_eq(parties[i].at[0], "approver") && text_eq(parties[i].at[1], e->principal);
    rules_must(s, e->kind == ACTOR_HUMAN && approver, "people-approve", e, c,
               "a stage approved by %s", e->actor);
    return hands_of(s, e, c);
}

static struct err moved(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c)
{
    const char *to = is(c, "state");
    if (text_eq(to, "APPROVED"))
        return approved(s, e, c);
    if (text_eq(to, "STAGE_APPROVED"))
        return stage(s, e, c);
    if (text_eq(to, "WITHDRAWN"))
        return taken_back_by(s, e, c);
    if (text_eq(to, "PENDING"))
        return by_who_asked(s, e, c, "answered-by-who-asked");
    if (text_eq(to, "REJECTED"))
        turned_down(s, e, c);
    rules_must(s, !text_eq(to, "INFO_REQUESTED") || e->kind == ACTOR_HUMAN, "people-ask-back", e, c,
               "%s asked back", e->actor);
    rules_must(s,
               !text_eq(to, "EXPIRED") ||
                   (e->kind == ACTOR_ENGINE && strcmp(e->at, is(c, "expires_at")) >= 0),
               "nothing-by-time-out", e, c, "expired before its time, or by %s", e->actor);
    return OK;
}

struct err rules_escalation(struct rules_step *s, const struct rules_event *e,
                            const struct book_change *c)
{
    struct answer *all;
    char hex[SHA256_HEX_SIZE];
    size_t n;
    TRY(rules_ask(s, ASK_ESCALATION, &c->id, 1, &all, &n));
    sha256_hex(all[0].at[1], strlen(all[0].at[1]), hex);
    rules_must(s, text_eq(hex, is(c, "digest")), "digest-is-of-the-facts", e, c,
               "the digest is not that of what is bound");
    if (c->before == NULL)
        return asked(s, e, c, &all[0]);
    bound_stays(s, e, c);
    rules_must(s, may_move(was(c, "state"), is(c, "state")), "approval-states", e, c,
               "from %s to %s", was(c, "state"), is(c, "state"));
    rules_must(s, is_open(is(c, "state")) || text_eq(is(c, "decided_by"), e->actor),
               "actor-of-the-row", e, c, "the row says %s, the event %s",
               is(c, "decided_by") == NULL ? "nobody" : is(c, "decided_by"), e->actor);
    return moved(s, e, c);
}

/* ---- exceptions ---- */

static bool gives_up_much(const struct rules_event *e, const struct matter *m)
{
    struct decimal max;
    char cur[4];
    return !stated_limit(json_get(e->policy->tree, "write_off_limit"), NULL, &max, cur) ||
           stated_weigh(e->policy, &m->amount, 1, &max, cur) != WITHIN;
}

/* Above the limit a write-off is decided as a confirmation is: by other hands, with a reason. */
static struct err written_off(struct rules_step *s, const struct rules_event *e,
                              const struct book_change *c, const struct matter *m)
{
    const char *const bind[] = {c->id, "resolve_exception"};
    struct answer *flag, *askers;
    size_t flags_n, n;
    bool alone, other;
    struct authority a = {.action = "RESOLVE_EXCEPTION",
                          .entities = m->entities,
                          .entities_n = m->entities_n,
                          .amount = &m->amount,
                          .alone = true};
    TRY(rules_authority(s, e, &a, &alone));
    TRY(rules_other_approver(s, e, "resolve_exception", c->id, &other));
    TRY(rules_ask(s, ASK_FLAG, &c->id, 1, &flag, &flags_n));
    TRY(rules_ask(s, ASK_ASKERS, bind, 2, &askers, &n));
    bool asked_alone = !other;
    for (size_t i = 0; i < n; i++)
        asked_alone &=
            !text_eq(askers[i].at[0], "requester") || text_eq(askers[i].at[1], e->principal);
    rules_must(s, alone || !asked_alone, "second-approver", e, c, "written off by one person");
    if (!gives_up_much(e, m))
        return OK;
    rules_must(s, e->rationale != NULL, "material-wants-a-reason", e, c, "without a reason");
    rules_must(s, flags_n == 0 || !text_eq(flag[0].at[1], e->principal), "two-pairs-of-eyes", e, c,
               "%s flagged it", e->actor);
    for (size_t i = 0; i < n; i++)
        rules_must(
            s, !text_eq(askers[i].at[0], "requester") || !text_eq(askers[i].at[1], e->principal),
            "two-pairs-of-eyes", e, c, "%s asked for it", e->actor);
    rules_must(s, stated_channel(e->policy, "T2", json_get_text(e->tree, "channel")), "channel", e,
               c, "written off on the channel %s", json_get_text(e->tree, "channel"));
    return OK;
}

static struct err ended(struct rules_step *s, const struct rules_event *e,
                        const struct book_change *c)
{
    struct matter *m = ARENA_NEW(s->arena, struct matter);
    struct authority a = {.action = "RESOLVE_EXCEPTION"};
    bool may;
    ENSURE(m != NULL, ERR_LIMIT, "out of memory");
    rules_must(s, e->kind == ACTOR_HUMAN, "people-end-exceptions", e, c, "ended by %s", e->actor);
    rules_must(s, e->rationale != NULL, "resolution-wants-a-reason", e, c, "without a reason");
    if (e->kind != ACTOR_HUMAN || e->policy == NULL)
        return OK;
    TRY(rules_entry_matter(s, is(c, "entry_id"), m));
    a.entities = m->entities;
    a.entities_n = m->entities_n;
    a.amount = text_eq(is(c, "outcome"), "write_off") ? &m->amount : NULL;
    TRY(rules_authority(s, e, &a, &may));
    rules_must(s, may, "authority", e, c, "%s has no grant of RESOLVE_EXCEPTION", e->actor);
    return a.amount == NULL ? OK : written_off(s, e, c, m);
}

struct err rules_exception(struct rules_step *s, const struct rules_event *e,
                           const struct book_change *c)
{
    const char *from = c->before == NULL ? "OPEN" : was(c, "state"), *to = is(c, "state");
    const char *outcome = is(c, "outcome");
    bool over = text_eq(from, "RESOLVED") || text_eq(from, "WRITTEN_OFF");
    bool ends = text_eq(to, "RESOLVED") || text_eq(to, "WRITTEN_OFF");
    /* docs/EXCEPTIONS.md: a match ends it, and another class; the pass, what it sees no more. */
    bool follows = text_eq(outcome, "matched") || text_eq(outcome, "reclassified");
    rules_must(s, !over, "exception-states", e, c, "from %s to %s", from, to);
    rules_must(s, text_eq(is(c, "actor"), e->actor), "actor-of-the-row", e, c,
               "the row says %s, the event %s", is(c, "actor"), e->actor);
    rules_must(s, !text_eq(to, "ESCALATED") || e->kind == ACTOR_ENGINE, "exception-states", e, c,
               "%s made it old", e->actor);
    rules_must(s, text_eq(to, "WRITTEN_OFF") == text_eq(outcome, "write_off"), "exception-states",
               e, c, "%s with the outcome %s", to, outcome == NULL ? "none" : outcome);
    return ends && !follows ? ended(s, e, c) : OK;
}
