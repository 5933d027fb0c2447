/* Events as they come: linked, in order, canonical, and under a policy that the book has. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "common/sys/yaml_read.h"
#include "tests/eval/book_own.h"

/* ---- the policy an event names ---- */

static struct err policy_load(struct book_check *k, const char *digest, struct known_policy *p,
                              bool *found)
{
    char hex[SHA256_HEX_SIZE];
    struct json *tree;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(k->db, CHECK_SET, POLICY);
    stmt_bind_text(q, 1, digest);
    TRY(stmt_step(q, found));
    if (!*found)
        return OK;
    if (p->arena == NULL)
        p->arena = arena_new(POLICY_BYTES);
    ENSURE(p->arena != NULL, ERR_LIMIT, "out of memory");
    arena_reset(p->arena);
    struct str text = stmt_str(q, 0, p->arena);
    TRY(arena_check(p->arena));
    sha256_hex(text.at, text.len, hex);
    *found = text_eq(hex, digest);
    TRY(yaml_read(p->arena, text, &tree));
    p->stated.tree = tree;
    memcpy(p->digest, hex, sizeof p->digest);
    return OK;
}

/* NULL: the book has no such text. */
static struct err policy_of(struct book_check *k, const char *digest, const struct stated **policy)
{
    bool found;
    *policy = NULL;
    if (digest == NULL)
        return OK;
    for (size_t i = 0; i < POLICIES_MAX; i++) {
        if (k->policies[i].arena != NULL && text_eq(k->policies[i].digest, digest)) {
            *policy = &k->policies[i].stated;
            return OK;
        }
    }
    struct known_policy *p = &k->policies[k->policies_next++ % POLICIES_MAX];
    TRY(policy_load(k, digest, p, &found));
    if (found)
        *policy = &p->stated;
    return OK;
}

/* Another policy rules only after an event that says so. */
static void policy_in_force(struct book_check *k, const struct rules_event *e,
                            struct book_fault *fault)
{
    const char *digest = json_get_text(e->tree, "policy_version");
    if (digest == NULL)
        return;
    bool told = text_eq(e->type, "POLICY_LOADED") || text_eq(e->type, "POLICY_APPROVED") ||
                text_eq(e->type, "POLICY_PROPOSED") || text_eq(e->type, "ENGINE_STARTED");
    if (!text_eq(digest, k->in_force) && !told && k->in_force[0] != '\0' && e->decision != NULL)
        book_broken(k, fault, "policy-in-force",
                    "event %" PRId64 " was judged under another policy", e->seq);
    if (e->policy == NULL)
        book_broken(k, fault, "policy-in-force",
                    "event %" PRId64 " names a policy that is not there", e->seq);
    const char *after = json_text(json_pointer_get(e->tree, "/detail/after/policy_version"));
    (void)snprintf(k->in_force, sizeof k->in_force, "%s",
                   told && after != NULL && !text_eq(e->type, "POLICY_PROPOSED") ? after : digest);
}

/* ---- events ---- */

static void reason_count(struct book_check *k, const struct rules_event *e)
{
    if (e->reason == NULL)
        return;
    for (size_t i = 0; i < k->reasons_n; i++) {
        if (text_eq(k->reasons[i].name, e->reason)) {
            k->reasons[i].n++;
            return;
        }
    }
    if (k->reasons_n < REASONS_MAX)
        k->reasons[k->reasons_n++] = (struct book_count){.name = strdup(e->reason), .n = 1};
}

static enum actor_kind kind_of(const char *actor)
{
    struct actor_id id;
    bool good = actor != NULL && actor_parse(str_of(actor), &id).kind == ERR_NONE;
    return good ? id.kind : ACTOR_NONE;
}

static struct err event_read(struct book_check *k, struct rules_event *e, const char *caller)
{
    struct json *tree;
    TRY(json_read(k->arena, e->text, NULL, &tree));
    e->tree = tree;
    e->type = json_get_text(tree, "event_type");
    e->actor = json_get_text(tree, "actor_id");
    e->principal = json_get_text(tree, "principal_id");
    e->obo = json_get_text(tree, "on_behalf_of");
    e->tool = json_get_text(tree, "tool");
    e->action = json_get_text(tree, "action");
    e->decision = json_get_text(tree, "decision");
    e->reason = json_get_text(tree, "reason");
    e->at = json_get_text(tree, "timestamp_utc");
    e->rationale = json_get_text(tree, "rationale");
    if (text_blank(e->rationale))
        e->rationale = NULL; /* blanks are no reason */
    e->kind = kind_of(e->actor);
    e->callers = caller != NULL && text_eq(e->actor, caller);
    return policy_of(k, json_get_text(tree, "policy_version"), &e->policy);
}

static bool canonical(struct book_check *k, const struct rules_event *e)
{
    struct str text;
    return jcs_text(k->arena, e->tree, &text).kind == ERR_NONE && str_eq(text, e->text);
}

static void linked(struct book_check *k, const struct rules_event *e, struct str prev,
                   struct str self, struct book_fault *fault)
{
    uint8_t hash[SHA256_LEN];
    struct sha256 h;
    sha256_begin(&h);
    sha256_add(&h, k->hash, SHA256_LEN);
    sha256_add(&h, e->text.at, e->text.len);
    sha256_end(&h, hash);
    bool holds = prev.len == SHA256_LEN && memcmp(prev.at, k->hash, SHA256_LEN) == 0 &&
                 self.len == SHA256_LEN && memcmp(self.at, hash, SHA256_LEN) == 0;
    if (!holds)
        book_broken(k, fault, "chain-holds", "event %" PRId64 " is not the one the chain has",
                    e->seq);
    memcpy(k->hash, hash, SHA256_LEN);
}

static void in_order(struct book_check *k, const struct rules_event *e, struct book_fault *fault)
{
    const char *book_id = json_get_text(e->tree, "book_id");
    int64_t seq = 0;
    (void)json_int(json_get(e->tree, "seq"), &seq);
    if (k->head == 0)
        (void)snprintf(k->book_id, sizeof k->book_id, "%s", book_id == NULL ? "" : book_id);
    bool good = e->seq == k->head + 1 && seq == e->seq && text_eq(book_id, k->book_id) &&
                e->at != NULL && strcmp(e->at, k->last_at) > 0 && canonical(k, e);
    if (!good)
        book_broken(k, fault, "event-in-order", "event %" PRId64 " after event %" PRId64, e->seq,
                    k->head);
    (void)snprintf(k->last_at, sizeof k->last_at, "%s", e->at == NULL ? "" : e->at);
    k->head = e->seq;
}

static struct err event_room(struct book_check *k)
{
    if (k->events_n < k->events_cap)
        return OK;
    k->events_cap = k->events_cap == 0 ? 64 : 2 * k->events_cap;
    k->events = realloc(k->events, k->events_cap * sizeof *k->events);
    ENSURE(k->events != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

struct err book_events_read(struct book_check *k, const char *caller, int64_t max,
                            struct book_fault *fault)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(k->db, CHECK_SET, EVENTS);
    stmt_bind_int(q, 1, k->head);
    stmt_bind_int(q, 2, max);
    for (k->events_n = 0;; k->events_n++) {
        bool row;
        TRY(event_room(k));
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        struct rules_event *e = &k->events[k->events_n];
        *e = (struct rules_event){.seq = stmt_int(q, 0), .text = stmt_str(q, 1, k->arena)};
        TRY(arena_check(k->arena));
        TRY(event_read(k, e, caller));
        linked(k, e, stmt_peek(q, 2), stmt_peek(q, 3), fault);
        in_order(k, e, fault);
        policy_in_force(k, e, fault);
        if (e->callers || caller != NULL)
            reason_count(k, e);
    }
}
