/* Group commit: what arrived while the last commit was syncing is one transaction. A call that
 * fails is undone to its savepoint and the others go on, unless SQLite has thrown the whole
 * transaction away: then the whole group failed, and every caller is told. Nobody hears of a
 * decision before it is on the disk. */
#include "engine/call/call.h"
#include "engine/call/measure.h"
#include "engine/call/receipt.h"

/* In the call's own arena: what worded it, a connection or another call, may go before this call
 * is answered. */
static const char *text_kept(struct arena *arena, const char *text, const char *otherwise)
{
    const char *copy = text == NULL ? NULL : arena_strdup(arena, text);
    return copy == NULL ? otherwise : copy;
}

static void call_failed(struct call *c, struct err e)
{
    bool full = arena_full(c->arena);
    c->outcome = CALL_FAILED;
    c->result = NULL;
    c->receipt = NULL;
    c->seq = 0;
    c->err = err_at(e.kind, text_kept(c->arena, e.where, NULL),
                    text_kept(c->arena, e.msg, "the call failed"));
    if (full) /* whatever it said, this is why */
        c->err = err_new(ERR_LIMIT, "the request needs more memory than one request may have");
}

/* For every call that had not failed by itself before: what they did goes with the transaction. The
 * reason is the database's, not theirs. */
static void group_failed(struct call **calls, size_t n, enum err_kind kind, const char *msg)
{
    for (size_t i = 0; i < n; i++) {
        struct call *c = calls[i];
        if (c->outcome == CALL_FAILED)
            continue;
        c->outcome = CALL_FAILED;
        c->result = NULL;
        c->receipt = NULL;
        c->seq = 0;
        c->err = err_new(kind, text_kept(c->arena, msg, "the transaction failed"));
    }
}

typedef struct err in_savepoint(struct call *c, struct tx *tx);

static struct err call_in_group(struct store *store, struct call *c, in_savepoint *run,
                                int64_t (*clock_us)(void))
{
    struct tx tx;
    TRY(tx_call_begin(store, c->arena, clock_us(), &tx));
    struct err e = run(c, &tx);
    if (e.kind == ERR_NONE)
        e = tx_call_keep(&tx);
    if (e.kind != ERR_NONE)
        tx_call_undo(&tx);
    return e;
}

/* What a call consists of, each as if it had come by itself: one that fails takes no other along.
 * That the answer cannot be kept is no reason to undo what was decided. */
static void parts_run(struct store *store, struct call *c, int64_t (*clock_us)(void))
{
    for (size_t i = 0; i < c->parts_n && store_group_alive(store); i++) {
        struct call *part = c->part_make(c, i);
        struct err e = part == NULL ? OK : call_in_group(store, part, call_run, clock_us);
        if (e.kind != ERR_NONE)
            call_failed(part, e);
        if (part != NULL) {
            c->policy_loaded |= part->policy_loaded;
            measure_call(part);
        }
        c->part_take(c, i, part);
    }
    if (!store_group_alive(store))
        return;
    struct err kept = call_in_group(store, c, call_keep, clock_us);
    if (kept.kind != ERR_NONE)
        call_failed(c, err_new(ERR_UNKNOWN, "the items were decided one by one, but the answer is "
                                            "lost: look at each"));
}

/* What takes a whole group along. */
static const char *group_reason(struct err e)
{
    return e.kind == ERR_STORE ? e.msg : "the transaction was rolled back; nothing was recorded";
}

/* False when the transaction is gone and with it the group: every call has its error then. */
static bool calls_run(struct store *store, struct call **calls, size_t n, int64_t (*clock_us)(void),
                      const struct group_more *more, size_t *ran)
{
    for (*ran = 0; *ran < n && (more == NULL || more->fn(more->arg)); ++*ran) {
        struct call *c = calls[*ran];
        struct err e = call_in_group(store, c, call_run, clock_us);
        if (e.kind != ERR_NONE)
            call_failed(c, e);
        else if (c->parts_n > 0)
            parts_run(store, c, clock_us);
        if (store_group_alive(store))
            continue;
        *ran = n;
        group_failed(calls, n, ERR_STORE, group_reason(e));
        return false;
    }
    return true;
}

static bool group_lost(struct group_more *more)
{
    if (more != NULL)
        more->lost = true;
    return true;
}

bool call_group_while(struct store *store, struct call **calls, size_t n, int64_t (*clock_us)(void),
                      struct group_more *more, size_t *ran)
{
    struct err e = store_group_begin(store);
    if (e.kind != ERR_NONE) {
        *ran = n;
        group_failed(calls, n, ERR_STORE, group_reason(e));
        return group_lost(more) && store_group_abandon(store);
    }
    if (!calls_run(store, calls, n, clock_us, more, ran))
        return group_lost(more) && store_group_abandon(store);
    const int64_t since = metric_now_us();
    e = store_group_commit(store);
    measure_commit(since);
    if (e.kind == ERR_NONE) {
        receipts_end(store, calls, *ran);
        return true;
    }
    (void)group_lost(more);
    if (e.kind != ERR_UNKNOWN) {
        group_failed(calls, *ran, ERR_STORE, group_reason(e));
        return store_group_abandon(store);
    }
    group_failed(calls, *ran, ERR_UNKNOWN, "outcome unknown, repeat with the same idempotency_key");
    (void)store_group_abandon(store);
    return false;
}

bool call_group(struct store *store, struct call **calls, size_t n, int64_t (*clock_us)(void))
{
    size_t ran;
    return call_group_while(store, calls, n, clock_us, NULL, &ran);
}
