/* Resources: what may be read beside the tools, within the caller's entities. */
#include "engine/tools/resources.h"
#include "common/sys/json_read.h"
#include "engine/store/escalations.h"
#include "engine/store/exceptions.h"
#include "engine/store/files.h"
#include "engine/store/master.h"
#include "engine/store/matches.h"
#include "engine/store/policies.h"
#include "engine/tools/match_view.h"
#include "engine/tools/resources_escalations.h"
#include "engine/tools/resources_own.h"
#include "engine/tools/rules_resource.h"
#include "engine/tools/runs_resource.h"
#include "engine/tools/scope.h"
#include "engine/tools/statement_chain.h"

/* ---- recon://status ---- */

static void state_put(struct arena *arena, struct json *o, const struct entry_totals *t,
                      enum entry_state state)
{
    struct money sum;
    struct json *s = json_object_new(arena);
    char text[MONEY_TEXT_MAX];
    if (money_make(t->sum_minor[state], t->currency, &sum).kind != ERR_NONE)
        return;
    money_print(sum, text);
    json_put_int(arena, s, "count", t->count[state]);
    json_put_text(arena, s, "sum", text);
    json_put(arena, o, entry_state_name(state), s);
}

static bool is_reconciled(const struct account *accounts, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(accounts[i].account_id, id))
            return accounts[i].reconciled;
    }
    return false;
}

static struct err totals_print(struct call *c, struct tx *tx, const char *entity_id,
                               struct json **out)
{
    struct entry_totals *totals;
    struct account *accounts;
    size_t n, accounts_n;
    TRY(entries_totals(tx, c->arena, entity_id, &totals, &n));
    TRY(accounts_list(tx, c->arena, entity_id, &accounts, &accounts_n));
    *out = json_array_new(c->arena);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(c->arena);
        json_put_text(c->arena, o, "account_id", totals[i].account_id);
        json_put_bool(c->arena, o, "reconciled",
                      is_reconciled(accounts, accounts_n, totals[i].account_id));
        json_put_text(c->arena, o, "side", side_name(totals[i].side));
        json_put_text(c->arena, o, "currency", totals[i].currency);
        for (unsigned s = 0; s < ENTRY_STATES; s++)
            state_put(c->arena, o, &totals[i], (enum entry_state)s);
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

static struct err confirmed_print(struct call *c, struct tx *tx, const char *entity_id,
                                  struct json **out)
{
    struct match_sum *sums;
    size_t n;
    TRY(matches_confirmed(tx, c->arena, entity_id, &sums, &n));
    *out = json_array_new(c->arena);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(c->arena);
        char text[MONEY_TEXT_MAX];
        money_print(sums[i].amount, text);
        json_put_text(c->arena, o, "match_type", sums[i].match_type);
        json_put_text(c->arena, o, "by", sums[i].by_policy ? "policy" : "people");
        json_put_int(c->arena, o, "count", sums[i].count);
        json_put_text(c->arena, o, "sum", text);
        json_put_text(c->arena, o, "currency", sums[i].amount.cur);
        json_push(c->arena, *out, o);
    }
    return arena_check(c->arena);
}

/* The accounts of which nothing is confirmed without a human until a statement adds up. */
static struct err broken_print(struct call *c, struct tx *tx, const char *entity_id,
                               struct json **out)
{
    struct account *accounts;
    size_t n;
    TRY(accounts_list(tx, c->arena, entity_id, &accounts, &n));
    *out = json_array_new(c->arena);
    for (size_t i = 0; i < n; i++) {
        bool broken = false;
        if (accounts[i].reconciled)
            TRY(statement_chain_broken(tx, c->arena, entity_id, accounts[i].account_id, &broken));
        if (broken)
            json_push(c->arena, *out, json_text_new(c->arena, accounts[i].account_id));
    }
    return arena_check(c->arena);
}

static struct err entity_status(struct call *c, struct tx *tx, const struct entity *e,
                                struct json **out)
{
    struct match_counts counts;
    struct exception_count *classes;
    struct json *o = json_object_new(c->arena), *m = json_object_new(c->arena),
                *x = json_object_new(c->arena), *totals, *confirmed, *broken;
    size_t n;
    TRY(matches_count(tx, e->entity_id, &counts));
    TRY(exceptions_count(tx, c->arena, e->entity_id, &classes, &n));
    TRY(totals_print(c, tx, e->entity_id, &totals));
    TRY(confirmed_print(c, tx, e->entity_id, &confirmed));
    TRY(broken_print(c, tx, e->entity_id, &broken));
    json_put_text(c->arena, o, "entity_id", e->entity_id);
    json_put_text(c->arena, o, "name", e->name);
    json_put_int(c->arena, m, "proposed", counts.proposed);
    json_put_int(c->arena, m, "confirmed", counts.confirmed);
    json_put_int(c->arena, m, "rejected", counts.rejected);
    json_put_int(c->arena, m, "reversed", counts.reversed);
    json_put(c->arena, o, "matches", m);
    json_put(c->arena, o, "confirmed", confirmed);
    for (size_t i = 0; i < n; i++)
        json_put_int(c->arena, x, classes[i].class_, classes[i].count);
    json_put(c->arena, o, "exceptions", x);
    TRY(exception_states_put(c, tx, e->entity_id, o));
    json_put(c->arena, o, "broken_statements", broken);
    json_put(c->arena, o, "entries", totals);
    *out = o;
    return arena_check(c->arena);
}

static struct err status_read(struct call *c, struct tx *tx, const char *id)
{
    struct entity *entities;
    struct scope scope;
    size_t n;
    (void)id;
    struct json *list = json_array_new(c->arena);
    TRY(scope_load(c, tx, &scope));
    TRY(entities_list(tx, c->arena, &entities, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *o;
        if (!scope_has(&scope, entities[i].entity_id))
            continue;
        TRY(entity_status(c, tx, &entities[i], &o));
        json_push(c->arena, list, o);
    }
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "book_id", store_book_id(tx->store));
    json_put_text(c->arena, c->result, "policy_version", c->policy->digest);
    json_put(c->arena, c->result, "entities", list);
    return arena_check(c->arena);
}

/* ---- recon://escalations ---- */

extern const struct tool tool_list_pending_escalations;

static struct err escalations_read(struct call *c, struct tx *tx, const char *id)
{
    const struct tool *tool = &tool_list_pending_escalations;
    (void)id;
    c->args = arena_alloc(c->arena, tool->args_size);
    ENSURE(c->args != NULL, ERR_LIMIT, "out of memory");
    TRY(json_bind(c->arena, tool->fields, tool->fields_n, json_object_new(c->arena), c->args));
    return tool->read(c, tx);
}

/* ---- recon://policy ---- */

static struct err policy_read(struct call *c, struct tx *tx, const char *id)
{
    const char *text;
    (void)id;
    TRY(policy_text_load(tx, c->arena, c->policy->digest, &text));
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "policy_version", c->policy->digest);
    json_put_text(c->arena, c->result, "text", text);
    return arena_check(c->arena);
}

/* ---- recon://matches/{id} ---- */

static struct err match_read(struct call *c, struct tx *tx, const char *id)
{
    struct match m;
    struct scope scope;
    bool seen;
    TRY(scope_load(c, tx, &scope));
    TRY(match_load(tx, c->arena, id, &m));
    TRY(scope_has_match(&scope, c, tx, &m, &seen));
    ENSURE(seen, ERR_MISSING, "there is no such match");
    return match_view(c, tx, &scope, &m, &c->result);
}

const struct resource resources[] = {
    {"recon://me", "me", "Who the caller is",
     "The caller's person, roles, entities, what their roles may do and up to which amounts, seats "
     "lent and borrowed, freezes that concern them, and which engine and policy answer",
     "application/json", me_read},
    {"recon://status", "status", "Reconciliation status",
     "Counts and sums per entity, account and side: confirmed, proposed, exceptions, open",
     "application/json", status_read},
    {"recon://escalations", "escalations", "What waits for a human",
     "Open escalations with the clause that stopped each", "application/json", escalations_read},
    {"recon://escalations/{id}", "escalation", "An escalation",
     "Bound facts, parties, questions and answers, reminders and events of one escalation",
     "application/json", escalation_read_one},
    {"recon://feed", "feed", "Where the log stands",
     "The place in the log from which a follower of escalations begins; changes with every event "
     "that recon://feed/{after_seq} tells",
     "application/json", feed_read_head},
    {"recon://feed/{after_seq}", "feed-page", "What became of escalations",
     "At most 200 events of escalations behind a place in the log, in order; go on from next, at "
     "once while more is true",
     "application/json", feed_read_after},
    {"recon://exceptions", "exceptions", "What could not be matched",
     "Entries in no live match, with class, state, age, who has them and near misses; the first of "
     "each entity, and where the next page begins",
     "application/json", exceptions_read},
    {"recon://exceptions/entity/{entity}", "entity-exceptions", "One entity's exceptions",
     "The first page of an entity's exceptions", "application/json", entity_exceptions_read},
    {"recon://exceptions/entity/{entity}/{cursor}", "entity-exceptions-page",
     "One entity's exceptions, the next page", "From behind a page's next cursor",
     "application/json", entity_exceptions_read},
    {"recon://exceptions/{id}", "exception", "An exception",
     "State, entry, comments, evidence and history of one exception", "application/json",
     exception_read},
    {"recon://policy", "policy", "The policy in force", "Its text and version", "application/json",
     policy_read},
    {"recon://matches/{id}", "match", "A match",
     "Legs, accounts and people by name, evidence, other candidates, comments and state of a match",
     "application/json", match_read},
    {"recon://rules", "rules", "Matching rules learned",
     "What confirmed matches taught the matcher, in force or retired, and by whom",
     "application/json", rules_read},
    {"recon://runs", "runs", "Workflow runs",
     "Passes and loads, the newest first: state, figures, why one failed", "application/json",
     runs_read},
    {"recon://runs/{id}", "run", "A workflow run", "State, progress and result of one run",
     "application/json", run_read_one},
    {"recon://entries/{id}", "entry", "An entry",
     "Every version of a ledger line, where it came from, its matches and exceptions",
     "application/json", entry_read_one},
    {"recon://accounts/{entity}/{account}", "account", "An account",
     "An account and its reconciliation as it stands today", "application/json", account_read_one},
    {"recon://audit/checkpoint", "checkpoint", "The log's signed head",
     "The last signed head of the audit log with its cosignatures: a C2SP checkpoint, to be kept "
     "and checked outside",
     "application/json", checkpoint_read},
    {"recon://audit/keys", "log_keys", "The log's keys",
     "The keys that sign the log's heads, by their own statements, each signed by the key before: "
     "a "
     "key chain, which proves nothing but to who was given one of its keys",
     "application/json", log_keys_read},
    {"recon://audit/consistency/{from}/{to}", "consistency", "That the log was continued",
     "The proof that the log of `to` events begins with the log of `from` events, between two "
     "heads "
     "that the caller has",
     "application/json", log_consistency_read},
    {"recon://audit/{seq}", "audit_event", "An audit event",
     "One event as it was hashed, with both hashes", "application/json", audit_event_read},
    {"recon://audit/{seq}/receipt", "receipt", "An event's receipt",
     "The event as it was hashed, its proof and the signed head: what closegate-verify checks "
     "without the book",
     "application/json", audit_event_read},
    {"recon://explain/{seq}", "explanation", "Why it was decided so",
     "The rows of the gate over the facts and the policy of an event, beside what was recorded",
     "application/json", explain_read},
    {"recon://verify", "verify", "Does the log hold",
     "The last 1000 events verified, and the chain's head", "application/json", verify_read},
};
const size_t resources_n = sizeof resources / sizeof resources[0];
