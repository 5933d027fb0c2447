/* What holds of every event and every row, whatever it is about; matches and what waits for people
 * have files of their own. */
#include "tests/eval/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/sys/json_read.h"

const char *const rules_names[] = {
    /* of the book itself (book_check.c) */
    "chain-holds", "event-in-order", "change-has-its-event", "row-stays", "policy-in-force",
    /* of every event */
    "event-is-the-callers", "strangers", "reads-change-nothing", "refused-changes-nothing",
    "denied-changes-nothing", "waiting-changes-nothing", "clause-is-the-policys",
    "told-as-recorded", "frozen", "authority", "allowed-by-the-gate", "actor-of-the-row",
    "event-names-it",
    /* of matches */
    "proposer-is-the-caller", "amount-is-the-books", "legs-as-they-stand", "matched-once",
    "match-states", "no-agent-confirms", "two-pairs-of-eyes", "own-agent", "second-approver",
    "material-wants-a-reason", "rejection-wants-a-reason", "people-take-back", "blocked", "channel",
    "login-age", "machine-confirms", "machine-confirms-its-matcher", "no-tie-is-broken", "entities",
    "match-type", "sensitive-account", "materiality", "auto-confirm-is-enabled", "auto-confirm-cap",
    "cumulative-limit", "left-to-people",
    /* of what waits */
    "approval-states", "bound-stays", "digest-is-of-the-facts", "asked-because-of-policy",
    "requester-is-the-caller", "people-approve", "people-reject", "people-ask-back",
    "withdrawn-by-who-asked", "answered-by-who-asked", "approved-is-done", "rejected-is-done",
    "nothing-by-time-out", "frozen-waits",
    /* of exceptions and administration */
    "exception-states", "people-end-exceptions", "resolution-wants-a-reason",
    "administration-is-peoples", "own-seat", "delivery-is-the-services", "counted-as-it-happened",
    NULL};

void rules_must(struct rules_step *s, bool holds, const char *rule, const struct rules_event *e,
                const struct book_change *c, const char *format, ...)
{
    char text[512];
    va_list args;
    if (holds || s->fault.rule != NULL)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->fault = (struct book_fault){
        .rule = rule, .text = arena_strdup(s->arena, text), .event = e, .change = c};
}

const struct rules_event *rules_event_of(const struct rules_step *s, const struct book_change *c)
{
    for (size_t i = 0; i < s->events_n; i++) {
        if (s->events[i].seq == c->seq)
            return &s->events[i];
    }
    return &s->events[0];
}

static bool listed(const char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(list[i], text))
            return true;
    }
    return false;
}
#define LISTED(list, text) listed(list, sizeof list / sizeof list[0], text)

/* ---- whose event it is ---- */

/* What the engine does by itself: housekeeping at any time, and what a pass consists of. */
static void whose(struct rules_step *s, const struct rules_event *e)
{
    static const char *const always[] = {"engine:sweeper"};
    static const char *const of_a_pass[] = {"engine:matcher", "engine:auto-confirm", "engine:jobs"};
    if (e->callers) {
        rules_must(s,
                   text_eq(e->principal, s->as->principal) && text_eq(e->obo, s->as->obo) &&
                       text_eq(json_get_text(e->tree, "client"), s->as->by->client_id) &&
                       text_eq(json_get_text(e->tree, "channel"), s->as->channel),
                   "event-is-the-callers", e, NULL, "the event tells of another caller than %s",
                   s->as->sub);
        rules_must(s, !s->reads, "reads-change-nothing", e, NULL, "%s left an event", s->tool);
        return;
    }
    bool passes = text_eq(s->tool, "run_recon_pass") && LISTED(of_a_pass, e->actor);
    rules_must(s, passes || LISTED(always, e->actor), "strangers", e, NULL,
               "%s acted while %s called %s", e->actor == NULL ? "nobody" : e->actor, s->as->sub,
               s->tool);
}

/* DESIGN §11: what is frozen changes nothing; people who are not frozen themselves thaw. */
static void not_frozen(struct rules_step *s, const struct rules_event *e)
{
    const char *who = e->principal != NULL ? e->principal : e->obo;
    bool thaws = text_eq(e->action, "THAW") && e->kind == ACTOR_HUMAN;
    for (size_t i = 0; i < s->frozen_n; i++) {
        const char *scope = s->frozen[i].scope, *value = s->frozen[i].value;
        bool self = text_eq(scope, "actor") && (text_eq(value, e->actor) || text_eq(value, who));
        bool other = text_eq(scope, "all") ||
                     (text_eq(scope, "kind") && text_eq(value, actor_kind_name(e->kind))) ||
                     (text_eq(scope, "tool") && text_eq(value, e->tool));
        rules_must(s, !self && (!other || thaws), "frozen", e, NULL, "%s %s is frozen", scope,
                   value);
    }
}

/* Every caller, and the person an agent acts for, holds the action where it happened. */
static struct err authorised(struct rules_step *s, const struct rules_event *e)
{
    static const char *const by_nature[] = {"RECORD_DELIVERY", "SWEEP"};
    struct authority a = {.action = e->action};
    bool may = true;
    if (!e->callers || e->action == NULL || LISTED(by_nature, e->action))
        return OK;
    const char *entity = json_get_text(e->tree, "entity_id");
    a.entities = &entity;
    a.entities_n = entity == NULL ? 0 : 1;
    TRY(rules_authority(s, e, &a, &may));
    rules_must(s, may, "authority", e, NULL, "%s has no grant of %s", e->actor, e->action);
    return OK;
}

/* ---- what a decision may leave behind ---- */

static void leaves_only(struct rules_step *s, const struct rules_event *e)
{
    static const char *const waiting[] = {"escalations",      "escalation_parties",    "askers",
                                          "escalation_seats", "escalation_addressees", "policies"};
    bool denied = text_eq(e->decision, "deny");
    for (size_t i = 0; i < s->changes_n; i++) {
        const struct book_change *c = &s->changes[i];
        if (c->seq != e->seq)
            continue;
        rules_must(s, !denied, "denied-changes-nothing", e, c, "a refusal wrote %s", c->table);
        rules_must(s, denied || LISTED(waiting, c->table), "waiting-changes-nothing", e, c,
                   "what waits for a person wrote %s", c->table);
    }
    rules_must(s, !denied || text_eq(e->type, "POLICY_VIOLATION"), "denied-changes-nothing", e,
               NULL, "a refusal of the type %s", e->type);
}

static void quotes(struct rules_step *s, const struct rules_event *e)
{
    const char *pointer = json_get_text(e->tree, "clause_pointer");
    const char *text = json_get_text(e->tree, "clause_text");
    const char *stated = e->policy == NULL || pointer == NULL || e->reason == NULL
                             ? NULL
                             : stated_clause(e->policy, e->reason, pointer);
    bool own = text_eq(e->reason, "BULK_LIMIT") && stated == NULL && text != NULL;
    rules_must(s, own || (stated != NULL && text_eq(stated, text)), "clause-is-the-policys", e,
               NULL, "%s at %s is quoted as \"%s\"", e->reason, pointer, text);
}

static struct err event_holds(struct rules_step *s, const struct rules_event *e)
{
    whose(s, e);
    if (text_eq(e->decision, "allow")) {
        not_frozen(s, e);
        return authorised(s, e);
    }
    if (e->decision == NULL)
        return OK;
    leaves_only(s, e);
    quotes(s, e);
    if (!text_eq(e->decision, "human"))
        return OK;
    not_frozen(s, e);
    return authorised(s, e);
}

/* ---- what the caller heard ---- */

/* An answer that was kept is the same for the same caller and tool. */
static struct err told_again(struct rules_step *s, const char *decision)
{
    char seq[24];
    const char *bind = seq;
    struct answer *event;
    struct json *tree;
    size_t n;
    (void)snprintf(seq, sizeof seq, "%lld", (long long)s->said->seq);
    TRY(rules_ask(s, ASK_EVENT, &bind, 1, &event, &n));
    bool there = n == 1 && s->said->seq <= s->head;
    if (there) {
        TRY(json_read(s->arena, str_of(event[0].at[0]), NULL, &tree));
        there = text_eq(json_get_text(tree, "actor_id"), s->as->sub) &&
                text_eq(json_get_text(tree, "decision"), decision);
    }
    rules_must(s, there, "told-as-recorded", NULL, NULL,
               "the answer was \"%s\" (event %s), and nothing was recorded", decision, seq);
    return OK;
}

static const struct rules_event *told_of(const struct rules_step *s)
{
    for (size_t i = 0; i < s->events_n; i++) {
        if (s->events[i].callers && s->events[i].seq == s->said->seq)
            return &s->events[i];
    }
    return NULL;
}

static struct err as_told(struct rules_step *s)
{
    const struct rules_event *e = told_of(s), *first = NULL;
    for (size_t i = 0; i < s->events_n && first == NULL; i++)
        first = s->events[i].callers ? &s->events[i] : NULL;
    enum eval_outcome outcome = s->said->outcome;
    if (outcome == EVAL_REFUSED || outcome == EVAL_NOTHING) {
        rules_must(s, first == NULL, "refused-changes-nothing", first, NULL,
                   "%s was refused before the gate and left an event", s->tool);
        return OK;
    }
    if (outcome == EVAL_DENIED && e == NULL)
        return told_again(s, "deny");
    if (outcome == EVAL_DENIED)
        rules_must(s,
                   text_eq(e->decision, "deny") && text_eq(e->reason, s->said->reason) &&
                       text_eq(json_get_text(e->tree, "clause_text"), s->said->clause),
                   "told-as-recorded", e, NULL, "the answer was %s", s->said->reason);
    if (outcome == EVAL_PENDING && e != NULL)
        rules_must(s, !text_eq(e->decision, "deny"), "told-as-recorded", e, NULL,
                   "the answer was that it waits"); /* asking, and asking back, are allowed */
    if (outcome == EVAL_DONE && e != NULL)
        rules_must(s, text_eq(e->decision, "allow"), "told-as-recorded", e, NULL,
                   "the answer was that it is done");
    rules_must(s, e != NULL || first == NULL || outcome == EVAL_UNTOLD, "told-as-recorded", first,
               NULL, "the answer does not name the event");
    return OK;
}

/* ---- rows of every kind ---- */

/* Whose row it is, by its own word. */
static const char *author_member(const char *table)
{
    static const char *const named[][2] = {{"comments", "author"},
                                           {"evidence", "added_by"},
                                           {"assignments", "assigned_by"},
                                           {"exception_flags", "actor"},
                                           {"escalation_notes", "actor"},
                                           {"escalation_addressees", "actor"},
                                           {"askers", "actor"},
                                           {"escalation_parties", "actor"}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++) {
        if (text_eq(named[i][0], table))
            return named[i][1];
    }
    return NULL;
}

/* Rows that only people change, and by which action. */
static const char *administered(const struct book_change *c)
{
    static const char *const by[][2] = {{"principals", "CHANGE_REGISTRY"},
                                        {"identities", "CHANGE_REGISTRY"},
                                        {"clients", "CHANGE_REGISTRY"},
                                        {"roles", "CHANGE_REGISTRY"},
                                        {"policies", "CHANGE_POLICY"},
                                        {"delegations", "SET_DELEGATION"},
                                        {"matching_rules", "CHANGE_MASTER_DATA"},
                                        {"entities", "CHANGE_MASTER_DATA"},
                                        {"accounts", "CHANGE_MASTER_DATA"},
                                        {"counterparties", "CHANGE_MASTER_DATA"},
                                        {"sources", "CHANGE_MASTER_DATA"},
                                        {"files", "INGEST"},
                                        {"entries", "INGEST"},
                                        {"statements", "INGEST"},
                                        {"ledger_balances", "INGEST"}};
    if (text_eq(c->table, "freezes"))
        return text_eq(json_get_text(c->after, "status"), "frozen") ? "FREEZE" : "THAW";
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        if (text_eq(by[i][0], c->table))
            return by[i][1];
    }
    return NULL;
}

/* The event by the same actor that is this action, and not refused; else `e`. */
static const struct rules_event *asked_by(const struct rules_step *s, const struct rules_event *e,
                                          const char *action)
{
    for (size_t i = 0; i < s->events_n; i++) {
        const struct rules_event *o = &s->events[i];
        if (text_eq(o->actor, e->actor) && text_eq(o->action, action) && o->decision != NULL &&
            !text_eq(o->decision, "deny"))
            return o;
    }
    return e;
}

static struct err administration(struct rules_step *s, const struct rules_event *e,
                                 const struct book_change *c, const char *action)
{
    const struct authority a = {.action = action};
    bool may;
    if (text_eq(c->table, "policies"))
        e = asked_by(s, e, action); /* the text is written before the asking is judged */
    rules_must(s, e->kind == ACTOR_HUMAN && text_eq(e->action, action), "administration-is-peoples",
               e, c, "%s changed %s by %s", e->actor, c->table,
               e->action == NULL ? "?" : e->action);
    if (e->policy == NULL || text_eq(c->table, "matching_rules"))
        return OK; /* a rule is of one entity, and the event's entity was asked about */
    TRY(rules_authority(s, e, &a, &may));
    rules_must(s, may, "authority", e, c, "%s has no grant of %s", e->actor, action);
    bool seat = !text_eq(c->table, "delegations") ||
                (text_eq(json_get_text(c->after, "lender"), e->principal) &&
                 text_eq(json_get_text(e->tree, "channel"), "web"));
    rules_must(s, seat, "own-seat", e, c, "%s lent the seat of %s", e->actor,
               json_get_text(c->after, "lender"));
    return OK;
}

static struct err delivery(struct rules_step *s, const struct rules_event *e,
                           const struct book_change *c)
{
    const char *client = json_get_text(e->tree, "client");
    struct answer *row;
    size_t n;
    TRY(rules_ask(s, ASK_CLIENT, &client, 1, &row, &n));
    rules_must(s,
               n == 1 && text_eq(row[0].at[0], "service") && row[0].at[1] != NULL &&
                   strstr(row[0].at[1], "\"record_delivery\"") != NULL,
               "delivery-is-the-services", e, c, "recorded by %s", e->actor);
    return OK;
}

static void counted(struct rules_step *s, const struct rules_event *e, const struct book_change *c)
{
    if (text_eq(c->table, "auto_confirmed"))
        rules_must(s, text_eq(e->actor, "engine:auto-confirm"), "counted-as-it-happened", e, c,
                   "%s counted as the machine", e->actor);
    if (text_eq(c->table, "written_off"))
        rules_must(s, e->kind == ACTOR_HUMAN, "counted-as-it-happened", e, c, "%s wrote off",
                   e->actor);
}

static struct err change_holds(struct rules_step *s, const struct book_change *c)
{
    const struct rules_event *e = rules_event_of(s, c);
    const char *author = author_member(c->table), *action = administered(c);
    bool late = author != NULL && c->before != NULL;
    if (author != NULL && (!late || text_eq(c->table, "assignments")))
        rules_must(s, text_eq(json_get_text(c->after, author), e->actor), "actor-of-the-row", e, c,
                   "the row says %s, the event %s", json_get_text(c->after, author), e->actor);
    if (action != NULL)
        return administration(s, e, c, action);
    counted(s, e, c);
    if (text_eq(c->table, "matches"))
        return rules_match_new(s, e, c);
    if (text_eq(c->table, "match_states"))
        return rules_match_state(s, e, c);
    if (text_eq(c->table, "escalations"))
        return rules_escalation(s, e, c);
    if (text_eq(c->table, "exception_states"))
        return rules_exception(s, e, c);
    return text_eq(c->table, "deliveries") ? delivery(s, e, c) : OK;
}

struct err rules_apply(struct rules_step *s)
{
    for (size_t i = 0; i < s->events_n; i++)
        TRY(event_holds(s, &s->events[i]));
    for (size_t i = 0; i < s->changes_n && s->fault.rule == NULL; i++)
        TRY(change_holds(s, &s->changes[i]));
    return as_told(s);
}
