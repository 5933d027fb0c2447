/* recon_chunk: engine:matcher proposes what a pass found, one event for many matches. An entry that
 * was taken while the pass computed is left alone. */
#include "engine/tools/recon_chunk.h"

#include "engine/store/differences.h"
#include "engine/store/tables.h"
#include "engine/tools/run.h"

static struct err entity_fact(struct call *c, const char *entity_id)
{
    const char **entity = ARENA_ARRAY(c->arena, 1, const char *);
    ENSURE(entity != NULL, ERR_LIMIT, "out of memory");
    entity[0] = entity_id;
    c->ask.entities = entity;
    c->ask.entities_n = 1;
    c->ask.state_valid = true;
    c->entity_id = entity_id;
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct recon_chunk *chunk = c->args;
    (void)tx;
    c->ask.source = SOURCE_MATCHER;
    return entity_fact(c, chunk->entity_id);
}

/* Or settled by a person, while the pass computed: `settling` says that there is such a thing. */
static struct err any_settled(struct tx *tx, const struct match *m, bool settling, bool *settled)
{
    *settled = false;
    for (size_t i = 0; settling && i < m->legs_n && !*settled; i++)
        TRY(entry_settled(tx, m->legs[i].entry_id, settled));
    return OK;
}

static struct err matches_apply(struct recon_chunk *chunk, struct tx *tx)
{
    int64_t differences = 0;
    bool settling;
    TRY(entries_settled_any(tx, &settling));
    for (size_t i = 0; i < chunk->matches_n; i++) {
        struct match m = chunk->matches[i];
        bool taken;
        TRY(any_settled(tx, &m, settling, &taken));
        if (!taken)
            TRY(match_insert_open(tx, &m, &taken));
        if (taken) {
            chunk->overtaken++;
            continue;
        }
        chunk->proposed++;
        differences += match_names_difference(&m);
    }
    TRY(effect_bulk(tx, TABLE_MATCHES, chunk->proposed));
    return effect_bulk(tx, TABLE_MATCH_DIFFERENCES, differences);
}

static struct err exceptions_apply(struct recon_chunk *chunk, struct tx *tx)
{
    for (size_t i = 0; i < chunk->exceptions_n; i++) {
        bool added;
        TRY(exception_insert(tx, &chunk->exceptions[i], &added));
        chunk->listed += added;
    }
    return effect_bulk(tx, TABLE_EXCEPTIONS, chunk->listed);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct recon_chunk *chunk = c->args;
    chunk->proposed = chunk->overtaken = chunk->listed = 0;
    TRY(matches_apply(chunk, tx));
    TRY(exceptions_apply(chunk, tx));
    TRY(run_chunk(c, tx, chunk->proposed + chunk->listed));
    struct json *detail = json_object_new(c->arena);
    json_put_text(c->arena, detail, "account_id", chunk->account_id);
    json_put_text(c->arena, detail, "requested_by", chunk->requested_by);
    json_put_int(c->arena, detail, "proposed", chunk->proposed);
    json_put_int(c->arena, detail, "overtaken", chunk->overtaken);
    json_put_int(c->arena, detail, "exceptions", chunk->listed);
    c->detail = detail;
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

const struct tool tool_recon_chunk = {
    .name = "recon_chunk",
    .title = "Proposals of a pass",
    .summary = "What a reconciliation pass found, proposed by engine:matcher.",
    .tier = TIER_T0,
    .action = ACTION_PROPOSE,
    .run = TOOL_CHANGE,
    .plan = plan,
    .apply = apply,
};
