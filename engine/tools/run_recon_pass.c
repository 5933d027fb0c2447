/* run_recon_pass: match what is open in an entity's reconciled accounts. The matcher computes
 * outside the writer on a snapshot; its findings enter in bounded chunks as engine:matcher's
 * proposals; then, if the policy says so, engine:auto-confirm asks the gate about each proposal,
 * once per policy. */
#include <string.h>

#include "engine/tools/auto_confirm.h"
#include "engine/tools/child.h"
#include "engine/tools/recon_findings.h"
#include "engine/tools/recon_request.h"
#include "engine/tools/settle.h"

#define PASS_BYTES ((size_t)64 << 20) /* parameters and errors of one account */

static const struct json_field fields[] = {
    JSON_TEXT(struct run_recon_pass, entity_id, .required = true, .max = 64,
              .help = "whose accounts"),
    JSON_TEXT(struct run_recon_pass, account, .max = 64,
              .help = "only this account; default: every reconciled one"),
};

struct pass_report {
    const char *entity_id, *run_id;
    int64_t accounts, entries, proposed, overtaken, exceptions, confirmed, waiting, denied;
};

static const struct json_field result[] = {
    JSON_TEXT(struct pass_report, entity_id, .required = true, .help = "the entity"),
    JSON_TEXT(struct pass_report, run_id, .help = "the workflow run"),
    JSON_INT(struct pass_report, accounts, .help = "accounts looked at"),
    JSON_INT(struct pass_report, entries, .help = "open entries looked at"),
    JSON_INT(struct pass_report, proposed, .help = "matches proposed now"),
    JSON_INT(struct pass_report, overtaken, .help = "proposals dropped, their entries were taken"),
    JSON_INT(struct pass_report, exceptions, .help = "exceptions found now"),
    JSON_INT(struct pass_report, confirmed, .help = "matches that policy confirmed now"),
    JSON_INT(struct pass_report, waiting, .help = "matches that now wait for a human"),
    JSON_INT(struct pass_report, denied, .help = "matches that policy denied the engine"),
};

/* One account on its way through the pass. */
struct pass {
    struct call *c;
    struct job_port *port;
    struct pass_report *report;
    struct arena *arena; /* of this account */
    struct entity entity;
    const char *account_id;
    struct findings findings;
};

/* ---- proposing, in chunks ---- */

/* The next chunk, worded in its call's memory; *out is NULL when nothing is left to say. */
static struct err chunk_new(struct pass *p, struct call **out)
{
    CLEANUP(child_free) struct call *c = child_new(p->c, &tool_recon_chunk, "engine:matcher");
    *out = NULL;
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    struct recon_chunk *chunk = ARENA_NEW(c->arena, struct recon_chunk);
    ENSURE(chunk != NULL, ERR_LIMIT, "out of memory");
    *chunk = (struct recon_chunk){.entity_id = p->entity.entity_id,
                                  .account_id = p->account_id,
                                  .requested_by = p->c->actor.id};
    struct err e = findings_take(&p->findings, p->port, c->arena, chunk);
    if (e.kind != ERR_NONE) /* its text goes with the chunk */
        return err_fmt(p->c->arena, e.kind,
                       e.where == NULL ? NULL : arena_strdup(p->c->arena, e.where), "%s", e.msg);
    if (chunk->matches_n + chunk->exceptions_n == 0)
        return OK;
    c->args = chunk;
    *out = c;
    c = NULL;
    return OK;
}

/* Every entry looked at, every finding stored and every proposal asked about is a step; how many
 * there will be is known at the end only. */
static int64_t steps(const struct pass_report *r)
{
    return r->entries + r->proposed + r->overtaken + r->exceptions + r->confirmed + r->waiting +
           r->denied;
}

static struct err chunk_count(struct pass *p, const struct call *c)
{
    const struct recon_chunk *chunk = c->args;
    if (c->outcome == CALL_FAILED) /* its memory goes with the chunk */
        return err_fmt(p->c->arena, c->err.kind, NULL, "%s", c->err.msg);
    if (c->outcome != CALL_OK)
        return child_denied(p->c, c);
    p->report->proposed += chunk->proposed;
    p->report->overtaken += chunk->overtaken;
    p->report->exceptions += chunk->listed;
    progress_tell(p->port, steps(p->report), -1);
    return OK;
}

/* While the writer stores a chunk the next one is worded. Others take their turn in between. */
static struct err propose(struct pass *p)
{
    struct call *stored = NULL, *next = NULL;
    struct err e = OK;
    do {
        e = p->port->cancelled(p->port) ? err_new(ERR_CONFLICT, "the pass was cancelled")
                                        : chunk_new(p, &next);
        if (stored != NULL) {
            struct err done = child_finish(p->port, stored, p->c->arena);
            if (done.kind == ERR_NONE)
                done = chunk_count(p, stored);
            child_free(stored);
            e = done.kind == ERR_NONE ? e : done;
        }
        stored = NULL;
        if (e.kind == ERR_NONE && next != NULL)
            e = child_begin(p->port, next);
        if (e.kind == ERR_NONE)
            stored = next;
        else
            child_free(next);
        next = NULL;
    } while (stored != NULL);
    return e;
}

/* Accounts with little to say are proposed together: one commit for all of them. */
#define LINE_MAX 32
struct line {
    struct pass passes[LINE_MAX];
    size_t n, rows;
};

static struct err together(struct line *l, struct call **calls, struct pass **of, size_t *n)
{
    for (size_t i = 0; i < l->n; i++) {
        of[*n] = &l->passes[i];
        TRY(chunk_new(of[*n], &calls[*n]));
        *n += calls[*n] != NULL;
    }
    if (*n == 0)
        return OK;
    struct job_port *port = l->passes[0].port;
    ENSURE(!port->cancelled(port), ERR_CONFLICT, "the pass was cancelled");
    TRY(port->submit(port, calls, *n));
    for (size_t i = 0; i < *n; i++)
        TRY(chunk_count(of[i], calls[i]));
    return OK;
}

static struct err propose_together(struct line *l)
{
    struct call *calls[LINE_MAX] = {NULL};
    struct pass *of[LINE_MAX];
    size_t n = 0;
    struct err e = together(l, calls, of, &n);
    for (size_t i = 0; i < n; i++)
        child_free(calls[i]);
    for (size_t i = 0; e.kind == ERR_NONE && i < l->n; i++)
        e = propose(&l->passes[i]); /* what one chunk could not hold */
    return e;
}

static struct err confirm(struct pass *p)
{
    struct confirm_counts counts = {.before = steps(p->report)};
    if (!p->c->policy->auto_confirm.enabled || p->findings.broken)
        return OK;
    struct err e = auto_confirm(p->c, p->port, p->entity.entity_id, p->account_id, &counts);
    p->report->confirmed += counts.confirmed;
    p->report->waiting += counts.waiting;
    p->report->denied += counts.denied;
    return e;
}

/* ---- the job ---- */

static void line_clear(struct line *l)
{
    for (size_t i = 0; i < l->n; i++) {
        findings_free(&l->passes[i].findings);
        arena_free(l->passes[i].arena);
    }
    l->n = l->rows = 0;
}

static struct err line_run(struct line *l)
{
    TRY(l->rows > FINDINGS_CHUNK_ROWS ? propose(&l->passes[0]) : propose_together(l));
    for (size_t i = 0; i < l->n; i++)
        TRY(confirm(&l->passes[i]));
    return OK;
}

/* Proposes what the line holds and lets it go. The error outlives the accounts' memory. */
static struct err line_flush(struct call *c, struct line *l)
{
    struct err e = l->n == 0 ? OK : line_run(l);
    if (e.kind != ERR_NONE)
        e = err_fmt(c->arena, e.kind, e.where == NULL ? NULL : arena_strdup(c->arena, e.where),
                    "%s", e.msg);
    line_clear(l);
    return e;
}

/* Behind the others in the line; one that is too long for them stands alone. */
static struct err line_add(struct call *c, struct line *l, struct pass *p)
{
    struct err e =
        findings_compute(&p->findings, p->port, p->arena, p->c->policy, &p->entity, p->account_id);
    if (e.kind != ERR_NONE) {
        e = err_fmt(c->arena, e.kind, e.where == NULL ? NULL : arena_strdup(c->arena, e.where),
                    "%s", e.msg);
        findings_free(&p->findings);
        arena_free(p->arena);
        return e;
    }
    p->report->accounts++;
    p->report->entries += (int64_t)p->findings.open.n;
    progress_tell(p->port, steps(p->report), -1);
    if (l->n == LINE_MAX || l->rows + findings_left(&p->findings) > FINDINGS_CHUNK_ROWS)
        e = line_flush(c, l);
    l->rows += findings_left(&p->findings);
    l->passes[l->n++] = *p;
    if (e.kind == ERR_NONE && l->rows > FINDINGS_CHUNK_ROWS)
        return line_flush(c, l); /* two large accounts are never held at once */
    return e;
}

static struct err account_pass(struct call *c, struct job_port *port, const struct entity *entity,
                               const char *account_id, struct pass_report *report, struct line *l)
{
    struct pass p = {.c = c,
                     .port = port,
                     .report = report,
                     .arena = arena_new(PASS_BYTES),
                     .entity = *entity,
                     .account_id = account_id};
    ENSURE(p.arena != NULL, ERR_LIMIT, "out of memory");
    return line_add(c, l, &p);
}

struct accounts {
    struct entity entity;
    struct account *rows;
    size_t n;
};

static struct err accounts_find(struct call *c, struct job_port *port, struct accounts *a)
{
    const struct run_recon_pass *args = c->args;
    struct tx tx;
    TRY(tx_read_begin(port->reader, c->arena, port->clock_us(), &tx));
    struct err e = entity_load(&tx, c->arena, args->entity_id, &a->entity);
    if (e.kind == ERR_NONE)
        e = accounts_list(&tx, c->arena, args->entity_id, &a->rows, &a->n);
    tx_read_end(&tx);
    return e;
}

static struct err accounts_pass(struct call *c, struct job_port *port, const struct accounts *a,
                                struct pass_report *report, bool *found)
{
    const struct run_recon_pass *args = c->args;
    struct line *l = ARENA_NEW(c->arena, struct line);
    ENSURE(l != NULL, ERR_LIMIT, "out of memory");
    struct err e = OK;
    for (size_t i = 0; e.kind == ERR_NONE && i < a->n; i++) {
        bool wanted = a->rows[i].reconciled &&
                      (args->account == NULL || text_eq(args->account, a->rows[i].account_id));
        *found |= wanted;
        if (wanted)
            e = account_pass(c, port, &a->entity, a->rows[i].account_id, report, l);
    }
    if (e.kind == ERR_NONE)
        return line_flush(c, l);
    line_clear(l);
    return e;
}

static struct err job(struct call *c, struct job_port *port)
{
    const struct run_recon_pass *args = c->args;
    struct accounts a;
    struct pass_report report = {.entity_id = args->entity_id, .run_id = c->run_id};
    bool found = false;
    TRY(accounts_find(c, port, &a));
    struct err e = accounts_pass(c, port, &a, &report, &found);
    if (c->outcome == CALL_DENIED) { /* while it worked: what is stored stands */
        c->result = refusal_print(c, "denied");
        json_put_int(c->arena, c->result, "seq", c->seq);
        return arena_check(c->arena);
    }
    TRY(e);
    if (!found)
        return err_at(ERR_MISSING, "/account", "the entity has no such reconciled account");
    TRY(json_unbind(c->arena, JSON_FIELDS(result), &report, &c->result));
    json_put_text(c->arena, c->result, "status", "ok");
    json_put_int(c->arena, c->result, "seq", c->seq);
    return arena_check(c->arena);
}

const struct tool tool_run_recon_pass = {
    .name = "run_recon_pass",
    .title = "Run a reconciliation pass",
    .summary = "Matches the open entries of an entity's reconciled accounts. What policy allows is "
               "confirmed; the rest waits for a human or is listed as an exception.",
    .tier = TIER_T0,
    .action = ACTION_PROPOSE,
    .run = TOOL_JOB,
    .offer = OFFER_MCP | OFFER_SOCKET,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct run_recon_pass),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .open = &tool_recon_request,
    .job = job,
};
