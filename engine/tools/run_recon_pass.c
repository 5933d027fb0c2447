/* run_recon_pass: match what is open in an entity's reconciled accounts. The matcher computes
 * outside the writer on a snapshot; its findings enter in bounded chunks as engine:matcher's
 * proposals; then, if the policy says so, engine:auto-confirm asks the gate about each proposal,
 * once per policy. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "engine/store/files.h"
#include "engine/tools/child.h"
#include "engine/tools/fee.h"
#include "engine/tools/recon_chunk.h"
#include "engine/tools/recon_inputs.h"
#include "engine/tools/recon_request.h"

#define CHUNK_ROWS    500
#define CONFIRM_BATCH 256
#define PASS_BYTES    ((size_t)3 << 30)

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

extern const struct tool tool_confirm_match;

/* One account on its way through the pass. */
struct pass {
    struct call *c;
    struct job_port *port;
    struct pass_report *report;
    struct arena *arena; /* of this account */
    struct entity entity;
    const char *account_id;
    struct entry *entries;
    size_t entries_n;
    struct match *matches;
    size_t matches_n;
    struct exception_row *exceptions;
    size_t exceptions_n;
    const char *fee_account_id; /* where policy says that fees go; NULL: not said */
    struct reversed reversed;
    bool broken; /* a statement of the account does not add up */
};

/* ---- computing, on a snapshot ---- */

static struct err snapshot_load(struct pass *p)
{
    struct tx tx;
    TRY(tx_read_begin(p->port->reader, p->arena, p->port->clock_us(), &tx));
    struct err e = entries_unmatched(&tx, p->arena, p->entity.entity_id, p->account_id, &p->entries,
                                     &p->entries_n);
    if (e.kind == ERR_NONE)
        e = statement_broken(&tx, p->entity.entity_id, p->account_id, &p->broken);
    if (e.kind == ERR_NONE)
        e = fee_account(&tx, p->arena, p->c->policy, p->entity.entity_id, &p->fee_account_id);
    if (e.kind == ERR_NONE)
        e = reversed_load(&tx, p->arena, p->entity.entity_id, p->account_id, &p->reversed);
    tx_read_end(&tx);
    return e;
}

/* An exception for each entry of a proposal that a human has rejected or taken back before. */
static struct err rejected_again(struct pass *p, const struct match *m)
{
    for (size_t i = 0; i < m->legs_n; i++)
        p->exceptions[p->exceptions_n++] = (struct exception_row){.entry_id = m->legs[i].entry_id,
                                                                  .entity_id = m->entity_id,
                                                                  .account_id = m->account_id,
                                                                  .class_ = "REJECTED_BEFORE",
                                                                  .detail = "{}"};
    return OK;
}

static struct err proposals_keep(struct pass *p, struct tx *tx, const struct recon_result *found)
{
    for (size_t i = 0; i < found->matches_n; i++) {
        struct match *m = &p->matches[p->matches_n];
        bool rejected, reversed;
        TRY(proposal_of(p->arena, found, &found->matches[i], p->entries, p->fee_account_id, m));
        TRY(match_was_rejected(tx, m->composition_sha256, &rejected));
        TRY(reversed_has(&p->reversed, p->arena, m->legs, m->legs_n, &reversed));
        if (rejected || reversed)
            TRY(rejected_again(p, m));
        else
            p->matches_n++;
    }
    return OK;
}

static struct err findings_keep(struct pass *p, const struct recon_result *found)
{
    struct tx tx;
    p->matches = ARENA_ARRAY(p->arena, found->matches_n + 1, struct match);
    p->exceptions = ARENA_ARRAY(p->arena, p->entries_n + 1, struct exception_row);
    ENSURE(p->matches != NULL && p->exceptions != NULL, ERR_LIMIT, "too many entries for one pass");
    TRY(tx_read_begin(p->port->reader, p->arena, p->port->clock_us(), &tx));
    struct err e = proposals_keep(p, &tx, found);
    tx_read_end(&tx);
    for (size_t i = 0; e.kind == ERR_NONE && i < found->exceptions_n; i++)
        e = exception_of(p->arena, found, &found->exceptions[i], p->entries,
                         &p->exceptions[p->exceptions_n++]);
    return e;
}

static struct err compute(struct pass *p)
{
    CLEANUP(recon_result_free) struct recon_result *found = NULL;
    struct recon_entry *entries;
    struct recon_params params;
    TRY(snapshot_load(p));
    if (p->entries_n == 0)
        return OK;
    TRY(recon_params_of(p->arena, p->c->policy, &p->entity, p->entries[0].amount.cur, p->entries,
                        p->entries_n, &params));
    TRY(recon_entries_of(p->arena, p->entries, p->entries_n, &entries));
    TRY(recon_pass(entries, p->entries_n, &params, &found));
    return findings_keep(p, found);
}

/* ---- proposing, in chunks ---- */

static struct err chunk_new(struct pass *p, size_t match_at, size_t exception_at, struct call **out)
{
    struct call *c = child_new(p->c, &tool_recon_chunk, "engine:matcher");
    ENSURE(c != NULL, ERR_LIMIT, "out of memory");
    *out = c;
    struct recon_chunk *chunk = ARENA_NEW(c->arena, struct recon_chunk);
    ENSURE(chunk != NULL, ERR_LIMIT, "out of memory");
    size_t matches = p->matches_n - match_at, exceptions = p->exceptions_n - exception_at;
    *chunk = (struct recon_chunk){
        .entity_id = p->entity.entity_id,
        .account_id = p->account_id,
        .requested_by = p->c->actor.id,
        .matches = p->matches + match_at,
        .matches_n = matches > CHUNK_ROWS ? CHUNK_ROWS : matches,
        .exceptions = p->exceptions + exception_at,
        .exceptions_n = exceptions > CHUNK_ROWS ? CHUNK_ROWS : exceptions,
    };
    c->args = chunk;
    return OK;
}

static struct err chunk_count(struct pass *p, const struct call *c)
{
    const struct recon_chunk *chunk = c->args;
    if (c->outcome == CALL_FAILED) /* its memory goes with the chunk */
        return err_fmt(p->c->arena, c->err.kind, NULL, "%s", c->err.msg);
    ENSURE(c->outcome == CALL_OK, ERR_AUTH, "policy does not let engine:matcher propose");
    p->report->proposed += chunk->proposed;
    p->report->overtaken += chunk->overtaken;
    p->report->exceptions += chunk->listed;
    return OK;
}

static struct err chunk_submit(struct pass *p, size_t match_at, size_t exception_at)
{
    CLEANUP(child_free) struct call *c = NULL;
    TRY(chunk_new(p, match_at, exception_at, &c));
    TRY(p->port->submit(p->port, &c, 1));
    return chunk_count(p, c);
}

/* Exceptions that the book lists already make no event. */
static struct err exceptions_new(struct pass *p)
{
    struct tx tx;
    size_t kept = 0;
    TRY(tx_read_begin(p->port->reader, p->arena, p->port->clock_us(), &tx));
    struct err e = OK;
    for (size_t i = 0; e.kind == ERR_NONE && i < p->exceptions_n; i++) {
        bool stands = false;
        e = exception_stands(&tx, &p->exceptions[i], &stands);
        if (!stands)
            p->exceptions[kept++] = p->exceptions[i];
    }
    tx_read_end(&tx);
    p->exceptions_n = kept;
    return e;
}

/* More than one chunk: others take their turn between them. */
static struct err propose(struct pass *p)
{
    size_t m = 0, x = 0;
    while (m < p->matches_n || x < p->exceptions_n) {
        ENSURE(!p->port->cancelled(p->port), ERR_CONFLICT, "the pass was cancelled");
        TRY(chunk_submit(p, m, x));
        m = m + CHUNK_ROWS < p->matches_n ? m + CHUNK_ROWS : p->matches_n;
        x = x + CHUNK_ROWS < p->exceptions_n ? x + CHUNK_ROWS : p->exceptions_n;
    }
    return OK;
}

/* Accounts with little to say are proposed together: one commit for all of them. */
#define LINE_MAX 32
struct line {
    struct pass passes[LINE_MAX];
    size_t n, rows;
};

static size_t rows_of(const struct pass *p)
{
    return p->matches_n + p->exceptions_n;
}

static struct err together(struct line *l, struct call **calls, struct pass **of, size_t *n)
{
    for (size_t i = 0; i < l->n; i++) {
        struct pass *p = &l->passes[i];
        if (rows_of(p) == 0)
            continue;
        of[*n] = p;
        TRY(chunk_new(p, 0, 0, &calls[(*n)++]));
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
    return e;
}

/* ---- asking the gate ---- */

/* Proposals of the matcher that engine:auto-confirm has not asked about under this policy. */
struct to_ask {
    const char **ids;
    size_t n;
    const char *after;
    bool more;
};

static struct err to_ask_page(struct pass *p, struct tx *tx, struct to_ask *a)
{
    struct match *rows;
    size_t n;
    TRY(matches_list(tx, p->arena, p->entity.entity_id, p->account_id, MATCH_PROPOSED, a->after,
                     CONFIRM_BATCH, &rows, &n));
    a->n = 0;
    a->more = n == CONFIRM_BATCH;
    a->ids = ARENA_ARRAY(p->arena, n + 1, const char *);
    ENSURE(a->ids != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        bool asked;
        a->after = rows[i].match_id;
        TRY(match_was_asked(tx, rows[i].match_id, "engine:auto-confirm", p->c->policy->digest,
                            &asked));
        if (rows[i].source == SOURCE_MATCHER && !asked)
            a->ids[a->n++] = rows[i].match_id;
    }
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

static struct err confirm_call(struct pass *p, const char *match_id, struct call **out)
{
    struct call *c = child_new(p->c, &tool_confirm_match, "engine:auto-confirm");
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

static void outcome_count(struct pass_report *r, const struct call *c)
{
    r->confirmed += c->outcome == CALL_OK;
    r->waiting += c->outcome == CALL_PENDING;
    r->denied += c->outcome == CALL_DENIED;
}

static struct err confirm_batch(struct pass *p, const struct to_ask *a)
{
    struct call *calls[CONFIRM_BATCH] = {NULL};
    struct err e = OK;
    for (size_t i = 0; e.kind == ERR_NONE && i < a->n; i++)
        e = confirm_call(p, a->ids[i], &calls[i]);
    if (e.kind == ERR_NONE && a->n > 0)
        e = p->port->submit(p->port, calls, a->n);
    for (size_t i = 0; i < a->n; i++) {
        if (calls[i] == NULL)
            continue;
        outcome_count(p->report, calls[i]);
        if (e.kind == ERR_NONE && calls[i]->outcome == CALL_FAILED)
            e = err_new(calls[i]->err.kind,
                        "a confirmation could not be recorded; run the pass again");
        child_free(calls[i]);
    }
    return e;
}

static struct err auto_confirm(struct pass *p)
{
    struct to_ask a = {.more = p->c->policy->auto_confirm.enabled && !p->broken};
    while (a.more) {
        struct tx tx;
        ENSURE(!p->port->cancelled(p->port), ERR_CONFLICT, "the pass was cancelled");
        TRY(tx_read_begin(p->port->reader, p->arena, p->port->clock_us(), &tx));
        struct err e = to_ask_page(p, &tx, &a);
        tx_read_end(&tx);
        TRY(e);
        TRY(confirm_batch(p, &a));
    }
    return OK;
}

/* ---- the job ---- */

static void line_clear(struct line *l)
{
    for (size_t i = 0; i < l->n; i++)
        arena_free(l->passes[i].arena);
    l->n = l->rows = 0;
}

static struct err line_run(struct line *l)
{
    TRY(l->rows > CHUNK_ROWS ? propose(&l->passes[0]) : propose_together(l));
    for (size_t i = 0; i < l->n; i++)
        TRY(auto_confirm(&l->passes[i]));
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
    struct err e = compute(p);
    if (e.kind == ERR_NONE)
        e = exceptions_new(p);
    if (e.kind != ERR_NONE) {
        e = err_fmt(c->arena, e.kind, e.where == NULL ? NULL : arena_strdup(c->arena, e.where),
                    "%s", e.msg);
        arena_free(p->arena);
        return e;
    }
    p->report->accounts++;
    p->report->entries += (int64_t)p->entries_n;
    if (l->n == LINE_MAX || l->rows + rows_of(p) > CHUNK_ROWS)
        e = line_flush(c, l);
    l->passes[l->n++] = *p;
    l->rows += rows_of(p);
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
    TRY(accounts_pass(c, port, &a, &report, &found));
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
