/* Lies told to a book beside its checker: each is an act with an event, a hash and a row that
 * agree, so that only the rule it breaks can tell; or without them. */
#ifndef TESTS_UNIT_LIES_H
#define TESTS_UNIT_LIES_H

#include "tests/eval/book_check.h"

#include "engine/store/delegations.h"
#include "engine/store/escalation_life.h"
#include "engine/store/exceptions.h"
#include "engine/store/limits.h"
#include "engine/store/policies.h"
#include "engine/store/registry.h"
#include "engine/store/work.h"
#include "tests/unit/spine_book.h"

/* What an event will say, and what the caller was and heard. */
struct lie {
    struct tx *tx;
    const char **matches; /* proposals of the matcher, of 120.01, 120.02 … or of 20,000 each */
    struct actor actor, sent;
    const char *tool, *type, *match_id, *escalation_id, *rationale, *policy_version;
    enum action action;
    struct verdict verdict;
    enum eval_outcome outcome;
    const char *heard; /* the reason */
    bool reads, silent, unjudged;
};

typedef void lie_fn(struct lie *l);

/* A rule, how it is broken, what was there before, and what the policy says otherwise. */
struct row {
    const char *rule;
    lie_fn *tell, *before;
    const char *find, *put;
    int64_t cents;
};

static char lie_digest[SHA256_HEX_SIZE];

/* ---- a book with a policy that its events name ---- */

static const char *replaced(const char *text, const char *find, const char *put)
{
    const char *at = strstr(text, find);
    ck_assert_msg(at != NULL, "not in the policy: %s", find);
    return arena_fmt(arena, "%.*s%s%s", (int)(at - text), text, put, at + strlen(find));
}

static void policy_put(const struct row *row)
{
    const char *text =
        with("authority: [{role: controller, actions: [CONFIRM], entities: all}]", spine_authority);
    struct tx tx;
    bool is_new;
    if (row->find != NULL)
        text = replaced(text, row->find, row->put);
    sha256_hex(text, strlen(text), lie_digest);
    book_begin(&tx);
    ck_ok(policy_keep(&tx, lie_digest, str_of(text), &is_new));
    book_end(&tx);
}

/* ---- telling ---- */

static void event_append(struct lie *l)
{
    const struct ask ask = {.action = l->action, .change = true, .tool = l->tool};
    const struct event event = {.type = l->type,
                                .actor = &l->actor,
                                .tool = l->tool,
                                .ask = &ask,
                                .verdict = l->unjudged ? NULL : &l->verdict,
                                .policy_version = l->policy_version,
                                .match_id = l->match_id,
                                .escalation_id = l->escalation_id,
                                .entity_id = "US",
                                .rationale = l->rationale};
    ck_ok(audit_append(l->tx, &event));
}

static void in_one_event(struct lie *l, lie_fn *tell)
{
    struct tx tx;
    l->tx = &tx;
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    tell(l);
    if (!l->silent)
        event_append(l);
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
}

static struct lie honest(const char **matches)
{
    return (struct lie){.matches = matches,
                        .actor = spine_ana,
                        .tool = "confirm_match",
                        .type = "OK",
                        .action = ACTION_CONFIRM,
                        .match_id = matches[0],
                        .rationale = "seen on the statement",
                        .policy_version = lie_digest,
                        .verdict = {.ruling = RULING_ALLOW,
                                    .reason = REASON_ALLOWED,
                                    .row = "13",
                                    .clause = "",
                                    .pointer = ""},
                        .outcome = EVAL_DONE};
}

/* The rule that the checker names after the lie; "" when every rule held. */
static const char *found_out(struct lie *l, struct book_check *check)
{
    static const char *const channels[] = {"none", "web", "slack", "chat", "api", "cli"};
    static const struct eval_key nobody = {.client_id = NULL};
    const struct actor *who = l->sent.id == NULL ? &l->actor : &l->sent;
    const struct eval_actor as = {.by = &nobody,
                                  .sub = who->id,
                                  .principal = who->principal,
                                  .obo = who->on_behalf_of,
                                  .channel = channels[who->channel]};
    const struct book_call call = {.as = &as, .tool = l->tool, .reads = l->reads};
    const struct eval_said said = {.outcome = l->outcome,
                                   .seq = store_head(book_writer)->seq,
                                   .reason = l->heard,
                                   .clause = l->verdict.clause};
    struct book_fault fault;
    ck_ok(book_check_step(check, &call, &said, &fault));
    if (fault.rule == NULL)
        ck_ok(book_check_all(check, &fault));
    return fault.rule == NULL ? "" : arena_strdup(arena, fault.rule);
}

static void caught(const struct row *row)
{
    struct book_check *check;
    book_now = INT64_C(1767225600000000);
    spine_up();
    policy_put(row);
    struct lie l = honest(spine_matches(1, 3, row->cents == 0 ? 12000 : row->cents));
    if (row->before != NULL) {
        struct lie first = honest(l.matches);
        in_one_event(&first, row->before);
        l.match_id = first.match_id;
        l.escalation_id = first.escalation_id;
    }
    ck_ok(book_check_new(book_path, &check));
    in_one_event(&l, row->tell);
    const char *rule = found_out(&l, check);
    book_check_free(check);
    ck_assert_msg(text_eq(rule, row->rule), "wanted \"%s\", found \"%s\"", row->rule, rule);
    spine_down();
}

#define ALL_CAUGHT(rows)                                                                           \
    for (size_t i_ = 0; i_ < sizeof(rows) / sizeof((rows)[0]); i_++)                               \
    caught(&(rows)[i_])

/* ---- what several lies are about ---- */

/* Whatever the store's own functions would say. */
__attribute__((unused)) static void sql_run(struct lie *l, const char *text, const char *a,
                                            const char *b)
{
    const struct db_sql sql = {"a lie", text};
    CLEANUP(stmt_free) struct stmt *q = NULL;
    ck_ok(stmt_new(l->tx->db, &sql, &q));
    stmt_bind_text(q, 1, a);
    stmt_bind_text(q, 2, b);
    stmt_bind_int(q, 3, store_head(book_writer)->seq + 1);
    ck_ok(stmt_run(q));
}

__attribute__((unused)) static void moved(struct lie *l, enum match_state to, const char *actor)
{
    struct match m;
    ck_ok(match_load(l->tx, arena, l->match_id, &m));
    ck_ok(match_transition(l->tx, &m, to, actor));
}

__attribute__((unused)) static void confirm(struct lie *l)
{
    moved(l, MATCH_CONFIRMED, l->actor.id);
}

__attribute__((unused)) static void confirm_rejected(struct lie *l)
{
    moved(l, MATCH_REJECTED, l->actor.id);
}

__attribute__((unused)) static void by_machine(struct lie *l)
{
    l->actor = spine_engine;
    l->sent = spine_ana;
    l->tool = "run_recon_pass";
    l->outcome = EVAL_UNTOLD;
    l->rationale = NULL;
    confirm(l);
}

#endif
