/* Group commit: what arrived while the last commit was syncing is one transaction. A call that
 * fails is undone to its savepoint and the others go on, unless SQLite has thrown the whole
 * transaction away: then the whole group failed, and every caller is told. Nobody hears of a
 * decision before it is on the disk. */
#include "engine/call/call.h"

static void call_failed(struct call *c, struct err e)
{
    c->outcome = CALL_FAILED;
    c->result = NULL;
    c->seq = 0;
    c->err = e;
    if (arena_full(c->arena)) /* whatever it said, this is why */
        c->err = err_new(ERR_LIMIT, "the request needs more memory than one request may have");
}

/* In the call's own arena: the message may live in another call's, which ends before this one. */
static const char *text_kept(struct arena *arena, const char *text)
{
    const char *copy = text == NULL ? NULL : arena_strdup(arena, text);
    return text == NULL || copy != NULL ? copy : "the transaction failed";
}

static void group_failed(struct call **calls, size_t n, struct err e)
{
    for (size_t i = 0; i < n; i++)
        call_failed(calls[i], (struct err){.kind = e.kind,
                                           .msg = text_kept(calls[i]->arena, e.msg),
                                           .where = text_kept(calls[i]->arena, e.where)});
}

/* False when the transaction is gone and with it the group. */
static bool call_in_group(struct store *store, struct call *c, int64_t (*clock_us)(void))
{
    struct tx tx;
    struct err e = tx_call_begin(store, c->arena, clock_us(), &tx);
    if (e.kind != ERR_NONE) {
        call_failed(c, e);
        return store_group_alive(store);
    }
    e = call_run(c, &tx);
    if (e.kind == ERR_NONE)
        e = tx_call_keep(&tx);
    if (e.kind != ERR_NONE) {
        tx_call_undo(&tx);
        call_failed(c, e);
    }
    return store_group_alive(store);
}

bool call_group(struct store *store, struct call **calls, size_t n, int64_t (*clock_us)(void))
{
    struct err e = store_group_begin(store);
    if (e.kind != ERR_NONE) {
        group_failed(calls, n, e);
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (!call_in_group(store, calls[i], clock_us)) {
            struct err why = calls[i]->err;
            store_group_abandon(store);
            group_failed(calls, n, why);
            return true;
        }
    }
    e = store_group_commit(store);
    if (e.kind == ERR_NONE)
        return true;
    bool unknown = e.kind == ERR_UNKNOWN;
    store_group_abandon(store);
    group_failed(calls, n,
                 unknown ? err_new(ERR_UNKNOWN, "outcome unknown, repeat with the same "
                                                "idempotency_key")
                         : e);
    return !unknown;
}
