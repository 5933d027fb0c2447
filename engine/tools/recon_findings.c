/* A pass over one account: computed on a snapshot, worded in chunks. */
#include "engine/tools/recon_findings.h"

#include "engine/store/files.h"
#include "engine/tools/fee.h"
#include "engine/tools/learned.h"
#include "engine/tools/statement_chain.h"

#define CHUNK_BYTES ((size_t)8 << 20)
#define LOOKED_MAX  5000

/* ---- computing ---- */

static struct err ground_read(struct proposal_ground *ground, struct tx *tx,
                              const struct policy *policy, const char *entity_id,
                              const char *account_id)
{
    struct matching_rule *rules;
    TRY(matching_rules_list(tx, tx->arena, entity_id, account_id, true, &rules, &ground->rules_n));
    ground->rules = rules;
    return fee_account(tx, tx->arena, policy, entity_id, &ground->fee_account_id);
}

static struct err snapshot_read(struct findings *f, struct tx *tx, const struct policy *policy,
                                const char *entity_id, const char *account_id)
{
    TRY(open_account_load(tx, entity_id, account_id, &f->open));
    TRY(statement_chain_broken(tx, tx->arena, entity_id, account_id, &f->broken));
    TRY(ground_read(&f->ground, tx, policy, entity_id, account_id));
    return reversed_load(tx, tx->arena, entity_id, account_id, &f->reversed);
}

struct err findings_compute(struct findings *f, struct job_port *port, struct arena *arena,
                            const struct policy *policy, const struct entity *entity,
                            const char *account_id)
{
    struct recon_params params;
    struct recon_learned *learned;
    struct tx tx;
    *f = (struct findings){.match_next = 0};
    TRY(tx_read_begin(port->reader, arena, port->clock_us(), &tx));
    struct err e = snapshot_read(f, &tx, policy, entity->entity_id, account_id);
    tx_read_end(&tx);
    TRY(e);
    if (f->open.n == 0)
        return OK;
    TRY(recon_params_of(arena, policy, entity, &f->open, &params));
    TRY(learned_of(arena, f->ground.rules, f->ground.rules_n, &learned));
    params.learned = learned;
    params.learned_n = f->ground.rules_n;
    return recon_pass(f->open.entries, f->open.n, &params, &f->result);
}

void findings_free(struct findings *f)
{
    recon_result_free(f->result);
    open_account_free(&f->open);
    *f = (struct findings){.match_next = 0};
}

size_t findings_left(const struct findings *f)
{
    const struct recon_result *r = f->result;
    return r == NULL ? 0 : r->matches_n - f->match_next + r->exceptions_n - f->exception_next;
}

/* ---- wording ---- */

/* Rows of a chunk under way. */
struct taking {
    struct findings *f;
    struct tx *tx;
    struct arena *arena;
    struct match *matches;
    struct exception_row *exceptions;
    size_t matches_n, exceptions_n, exceptions_cap;
};

static struct err exception_room(struct taking *t, size_t more)
{
    if (t->exceptions_n + more <= t->exceptions_cap)
        return OK;
    size_t cap = t->exceptions_cap * 2 + more;
    struct exception_row *grown = ARENA_ARRAY(t->arena, cap, struct exception_row);
    ENSURE(grown != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < t->exceptions_n; i++)
        grown[i] = t->exceptions[i];
    t->exceptions = grown;
    t->exceptions_cap = cap;
    return OK;
}

/* Exceptions that the book lists already make no event. */
static struct err exception_keep(struct taking *t, const struct exception_row *row)
{
    bool stands;
    TRY(exception_stands(t->tx, row, &stands));
    if (stands)
        return OK;
    TRY(exception_room(t, 1));
    t->exceptions[t->exceptions_n++] = *row;
    return OK;
}

/* An exception for each entry of a proposal that a human has rejected or taken back before. */
static struct err rejected_again(struct taking *t, const struct match *m)
{
    for (size_t i = 0; i < m->legs_n; i++) {
        const struct exception_row row = {.entry_id = m->legs[i].entry_id,
                                          .entity_id = m->entity_id,
                                          .account_id = m->account_id,
                                          .class_ = "REJECTED_BEFORE",
                                          .detail = "{}"};
        TRY(exception_keep(t, &row));
    }
    return OK;
}

static struct err match_take(struct taking *t, const struct recon_match *rm)
{
    const struct findings *f = t->f;
    struct match *m = &t->matches[t->matches_n];
    bool rejected, reversed;
    TRY(proposal_of(t->arena, &f->open, f->result, rm, &f->ground, m));
    TRY(match_was_rejected(t->tx, m->composition_sha256, &rejected));
    TRY(reversed_has(&f->reversed, t->arena, m->legs, m->legs_n, &reversed));
    if (rejected || reversed)
        return rejected_again(t, m);
    t->matches_n++;
    return proposal_evidence(t->arena, &f->open, f->result, rm, &f->ground, m);
}

/* Whether the chunk may grow: by its rows, its bytes, and how long the snapshot has stood. */
static bool has_room(const struct taking *t, size_t looked)
{
    return t->matches_n < FINDINGS_CHUNK_ROWS && t->exceptions_n < FINDINGS_CHUNK_ROWS &&
           looked < LOOKED_MAX && arena_used(t->arena) < CHUNK_BYTES;
}

static struct err rows_take(struct taking *t)
{
    struct findings *f = t->f;
    const struct recon_result *r = f->result;
    size_t looked = 0;
    for (; f->match_next < r->matches_n && has_room(t, looked); looked++)
        TRY(match_take(t, &r->matches[f->match_next++]));
    for (; f->match_next == r->matches_n && f->exception_next < r->exceptions_n &&
           has_room(t, looked);
         looked++) {
        struct exception_row row;
        TRY(exception_of(t->arena, &f->open, r, &r->exceptions[f->exception_next++], &row));
        TRY(exception_keep(t, &row));
    }
    return arena_check(t->arena);
}

struct err findings_take(struct findings *f, struct job_port *port, struct arena *arena,
                         struct recon_chunk *chunk)
{
    struct tx tx;
    struct taking t = {.f = f, .tx = &tx, .arena = arena};
    struct err e = OK;
    if (findings_left(f) == 0)
        return OK;
    t.matches = ARENA_ARRAY(arena, FINDINGS_CHUNK_ROWS, struct match);
    ENSURE(t.matches != NULL, ERR_LIMIT, "out of memory");
    while (e.kind == ERR_NONE && findings_left(f) > 0 && t.matches_n + t.exceptions_n == 0) {
        TRY(tx_read_begin(port->reader, arena, port->clock_us(), &tx));
        e = rows_take(&t);
        tx_read_end(&tx);
    }
    chunk->matches = t.matches;
    chunk->matches_n = t.matches_n;
    chunk->exceptions = t.exceptions;
    chunk->exceptions_n = t.exceptions_n;
    return e;
}
