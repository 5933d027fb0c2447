/* Receipts for whoever is answered: begun with the event, completed once the head that covers it is
 * on the disk. */
#include "engine/call/receipt.h"

#include "common/sys/log.h"
#include "engine/store/tree.h"

static struct err row_seen(void *arg, const struct audit_row *row)
{
    bool *seen = arg;
    (void)row;
    *seen = true;
    return OK;
}

/* As query_audit would show it. */
static struct err event_seen(struct tx *tx, struct arena *arena, const struct actor *actor,
                             int64_t seq, bool *seen)
{
    struct audit_filter f = {.after_seq = seq - 1, .before_seq = seq + 1, .limit = 1};
    int64_t last;
    bool all, more;
    *seen = false;
    TRY(actor_scope(tx, arena, actor, &all, &f.entities, &f.entities_n));
    f.scoped = !all;
    return audit_query(tx, &f, row_seen, seen, &last, &more);
}

struct err receipt_for(struct tx *tx, struct arena *arena, const struct actor *actor, int64_t seq,
                       struct receipt **r)
{
    struct receipt *made = ARENA_NEW(arena, struct receipt);
    bool seen;
    *r = NULL;
    ENSURE(made != NULL, ERR_LIMIT, "out of memory");
    TRY(event_seen(tx, arena, actor, seq, &seen));
    if (!seen)
        return OK;
    struct err e = receipt_of(tx, arena, seq, made);
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    *r = made;
    return OK;
}

/* The roles were read for the gate already; a role in every entity sees every event. */
static bool sees_all(const struct ask *ask)
{
    for (size_t i = 0; i < ask->roles_n; i++) {
        if (ask->roles[i].entity == NULL)
            return true;
    }
    return false;
}

struct err receipt_begin(struct call *c, struct tx *tx)
{
    bool seen = true;
    if (!c->wants_receipt || tree_signer(tx->store) == NULL)
        return OK;
    if (!sees_all(&c->ask))
        TRY(event_seen(tx, c->arena, &c->actor, c->seq, &seen));
    if (!seen)
        return OK;
    c->receipt = ARENA_NEW(c->arena, struct receipt);
    ENSURE(c->receipt != NULL, ERR_LIMIT, "out of memory");
    return tree_receipt_begin(tx, c->arena, c->receipt);
}

/* ---- after the commit ---- */

static bool wants(const struct call *c)
{
    return c->wants_receipt && c->seq > 0 &&
           (c->outcome == CALL_OK || c->outcome == CALL_PENDING || c->outcome == CALL_DENIED);
}

static void missed(struct call *c, struct err e)
{
    c->receipt = NULL;
    log_warn("an answer goes without its receipt", LOG_INT("seq", c->seq), LOG_ERR(e), LOG_END);
}

/* On any connection, in a snapshot of its own. */
static struct err receipt_read_back(struct store *store, struct call *c, int64_t now_us)
{
    struct tx tx;
    TRY(tx_read_begin(store, c->arena, now_us, &tx));
    struct err e = receipt_for(&tx, c->arena, &c->actor, c->seq, &c->receipt);
    tx_read_end(&tx);
    return e;
}

void receipts_end(struct store *store, struct call **calls, size_t n)
{
    const int64_t now_us = store_head(store)->timestamp_us;
    for (size_t i = 0; i < n; i++) {
        struct call *c = calls[i];
        if (!wants(c))
            continue;
        struct err e = c->receipt != NULL ? tree_receipt(store, c->arena, c->seq, c->receipt)
                                          : receipt_read_back(store, c, now_us);
        if (e.kind != ERR_NONE)
            missed(c, e);
    }
}

void receipt_of_job(struct call *c, struct job_port *port)
{
    if (!wants(c) || (c->receipt != NULL && c->receipt->index + 1 == (uint64_t)c->seq))
        return;
    c->receipt = NULL;
    struct err e = receipt_read_back(port->reader, c, port->clock_us());
    if (e.kind != ERR_NONE)
        missed(c, e);
}
