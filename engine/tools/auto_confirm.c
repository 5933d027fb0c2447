/* Asking the gate about proposals: page by page, each page's calls as one batch of the writer's,
 * the next page made ready meanwhile. */
#include "engine/tools/auto_confirm.h"

#include <stdio.h>

#include "common/base/id.h"
#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/matches.h"
#include "engine/tools/child.h"

#define CONFIRM_BATCH 256
#define PAGE_BYTES    ((size_t)256 << 20)

extern const struct tool tool_confirm_match;

/* Proposals of the matcher that engine:auto-confirm has not asked about under this policy. */
struct asking {
    struct call *c;
    struct job_port *port;
    const char *entity_id, *account_id;
    struct confirm_counts *counts;
    struct arena *page; /* of the rows below */
    const char **ids;
    size_t n;
    char after[ID_TEXT_MAX];
    bool more;
};

static struct err page_read(struct asking *a, struct tx *tx)
{
    struct match *rows;
    size_t n;
    TRY(matches_list(tx, a->page, a->entity_id, a->account_id, MATCH_PROPOSED, a->after,
                     CONFIRM_BATCH, &rows, &n));
    a->n = 0;
    a->more = n == CONFIRM_BATCH;
    a->ids = ARENA_ARRAY(a->page, n + 1, const char *);
    ENSURE(a->ids != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        bool asked;
        TRY(match_was_asked(tx, rows[i].match_id, "engine:auto-confirm", a->c->policy->digest,
                            &asked));
        if (rows[i].source == SOURCE_MATCHER && !asked)
            a->ids[a->n++] = rows[i].match_id;
    }
    if (n > 0)
        (void)snprintf(a->after, sizeof a->after, "%s", rows[n - 1].match_id);
    return OK;
}

static struct err args_hash(struct call *c, const struct json *args)
{
    struct str text;
    char hex[SHA256_HEX_SIZE];
    TRY(jcs_text(c->arena, args, &text));
    sha256_hex(text.at, text.len, hex);
    c->args_sha256 = arena_strdup(c->arena, hex);
    return arena_check(c->arena);
}

static struct err confirm_call(const struct asking *a, const char *match_id, struct call **out)
{
    struct call *c = child_new(a->c, &tool_confirm_match, "engine:auto-confirm");
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    *out = c;
    struct json *args = json_object_new(c->arena);
    json_put_text(c->arena, args, "match_id", match_id);
    c->args_tree = args;
    c->rationale = "auto-confirm: asked under policy for a proposal of the matcher";
    c->args = arena_alloc(c->arena, c->tool->args_size);
    ENSURE(c->args != NULL, ERR_LIMIT, "out of memory");
    TRY(args_hash(c, args));
    return json_bind(c->arena, c->tool->fields, c->tool->fields_n, args, c->args);
}

static void outcome_count(struct confirm_counts *r, const struct call *c)
{
    r->confirmed += c->outcome == CALL_OK;
    r->waiting += c->outcome == CALL_PENDING;
    r->denied += c->outcome == CALL_DENIED;
}

/* A page's calls. */
struct batch {
    struct call *calls[CONFIRM_BATCH];
    size_t n;
    bool under_way;
};

static struct err batch_make(struct asking *a, struct batch *b)
{
    struct tx tx;
    *b = (struct batch){.n = 0};
    ENSURE(!a->port->cancelled(a->port), ERR_CONFLICT, "the pass was cancelled");
    arena_reset(a->page);
    TRY(tx_read_begin(a->port->reader, a->page, a->port->clock_us(), &tx));
    struct err e = page_read(a, &tx);
    tx_read_end(&tx);
    for (size_t i = 0; e.kind == ERR_NONE && i < a->n; i++) {
        e = confirm_call(a, a->ids[i], &b->calls[i]);
        b->n += b->calls[i] != NULL;
    }
    return e;
}

/* Whoever asked for the pass, or the engine itself, was stopped meanwhile: so is the asking. */
static bool is_frozen_out(const struct call *c)
{
    return c->outcome == CALL_DENIED && c->verdict.reason == REASON_FROZEN;
}

/* The reason is the call's own when whoever asked for the pass has no say any more. */
static struct err failed(const struct asking *a, struct err e)
{
    if (e.kind == ERR_AUTH)
        return err_fmt(a->c->arena, e.kind, NULL, "%s", e.msg);
    return err_fmt(a->c->arena, e.kind, NULL,
                   "a confirmation could not be recorded, run the pass again: %s", e.msg);
}

/* Waits for what is under way, counts it and lets it go. */
static struct err batch_end(struct asking *a, struct batch *b)
{
    struct err e = b->under_way ? children_finish(a->port) : OK;
    for (size_t i = 0; i < b->n; i++) {
        if (b->under_way && e.kind == ERR_NONE && b->calls[i]->outcome == CALL_FAILED)
            e = failed(a, b->calls[i]->err);
        outcome_count(a->counts, b->calls[i]);
        if (e.kind == ERR_NONE && is_frozen_out(b->calls[i]))
            e = child_denied(a->c, b->calls[i]);
        child_free(b->calls[i]);
    }
    *b = (struct batch){.n = 0};
    return e;
}

/* The next page is read while the writer has the one before. */
static struct err page_ask(struct asking *a, struct batch *before)
{
    struct batch next;
    struct err made = batch_make(a, &next), e = batch_end(a, before);
    const struct confirm_counts *n = a->counts;
    progress_tell(a->port, n->before + n->confirmed + n->waiting + n->denied, -1);
    if (e.kind == ERR_NONE)
        e = made;
    if (e.kind == ERR_NONE && next.n > 0)
        e = children_begin(a->port, next.calls, next.n);
    next.under_way = e.kind == ERR_NONE && next.n > 0;
    *before = next;
    return e;
}

/* Outlives the calls and the page it may speak of. */
static struct err kept(struct arena *arena, struct err e)
{
    if (e.kind == ERR_NONE)
        return OK;
    const char *where = e.where == NULL ? NULL : arena_strdup(arena, e.where);
    return err_fmt(arena, e.kind, where, "%s", e.msg);
}

struct err auto_confirm(struct call *c, struct job_port *port, const char *entity_id,
                        const char *account_id, struct confirm_counts *counts)
{
    CLEANUP(arena_free) struct arena *page = arena_new(PAGE_BYTES);
    struct asking a = {.c = c,
                       .port = port,
                       .entity_id = entity_id,
                       .account_id = account_id,
                       .counts = counts,
                       .page = page,
                       .more = true};
    struct batch batch = {.n = 0};
    struct err e = OK;
    ENSURE(page != NULL, ERR_LIMIT, "out of memory");
    while (e.kind == ERR_NONE && a.more)
        e = kept(c->arena, page_ask(&a, &batch));
    struct err last = batch_end(&a, &batch);
    return e.kind == ERR_NONE ? kept(c->arena, last) : e;
}
