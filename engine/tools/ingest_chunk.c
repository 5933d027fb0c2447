/* ingest_chunk: rows of a file become entries, or go to quarantine, in one event. The book decides
 * here what is new: an entry it has with the same content is a duplicate, with other content a
 * question for a person. The last chunk of a file records the file, so that a load cut short is
 * repaired by loading the same file again. */
#include "engine/tools/ingest_chunk.h"

#include "common/sys/jcs.h"
#include "engine/store/master.h"
#include "engine/store/tables.h"
#include "engine/tools/run.h"

struct err control_add(struct control_totals *totals, int64_t count, struct money sum)
{
    size_t i = 0;
    while (i < totals->n && !money_same_currency(totals->at[i].sum, sum))
        i++;
    ENSURE(i < CURRENCIES_MAX, ERR_LIMIT, "more currencies than there are");
    if (i == totals->n) {
        totals->at[totals->n++] = (struct control_total){count, sum};
        return OK;
    }
    TRY(money_add(totals->at[i].sum, sum, &totals->at[i].sum));
    totals->at[i].count += count;
    return OK;
}

/* ---- what the gate is asked ---- */

static struct err still_wanted(struct call *c, struct tx *tx, const struct ingest_chunk *chunk)
{
    struct source_def source;
    struct file_row file;
    TRY(source_load(tx, c->arena, chunk->source_id, &source));
    ENSURE(source.version == chunk->source_version, ERR_CONFLICT,
           "the source's mapping changed while the file was read; load it again");
    struct err e = file_find(tx, c->arena, chunk->source_id, chunk->sha256, &file);
    if (e.kind == ERR_NONE && chunk->again)
        return OK;
    ENSURE(e.kind != ERR_NONE, ERR_CONFLICT, "somebody else has just loaded this file");
    return e.kind == ERR_MISSING ? OK : e;
}

/* One file of a source at a time. */
static struct err place_plan(struct call *c, struct tx *tx, const struct ingest_chunk *chunk)
{
    struct run_place *place = ARENA_NEW(c->arena, struct run_place);
    ENSURE(place != NULL, ERR_LIMIT, "out of memory");
    place->entity_id = chunk->entity_id;
    place->lock_key = arena_fmt(c->arena, "ingest:%s", chunk->source_id);
    c->planned = place;
    TRY(arena_check(c->arena));
    return c->run_id == NULL ? run_may_begin(c, tx, place) : OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct ingest_chunk *chunk = c->args;
    const char **entity = ARENA_ARRAY(c->arena, 1, const char *);
    ENSURE(entity != NULL, ERR_LIMIT, "out of memory");
    ENSURE(c->actor.kind != ACTOR_LLM, ERR_AUTH,
           "files are loaded by people: on the command line, or in the workspace");
    TRY(still_wanted(c, tx, chunk));
    TRY(place_plan(c, tx, chunk));
    entity[0] = chunk->entity_id;
    c->ask.entities = entity;
    c->ask.entities_n = 1;
    c->ask.state_valid = true;
    c->ask.change = true;
    c->entity_id = chunk->entity_id;
    c->object_type = "file";
    c->object_id = chunk->file_id;
    c->event_type = "INGESTED";
    return OK;
}

/* ---- rows ---- */

struct writing {
    struct call *c;
    struct tx *tx;
    struct ingest_chunk *chunk;
    int64_t entries, quarantined; /* rows written */
};

static struct err quarantine_row_write(struct writing *w, const struct ingest_row *row)
{
    const struct quarantine_row q = {.file_id = w->chunk->file_id,
                                     .row_no = row->row_no,
                                     .line_no = row->line_no,
                                     .reason = row->reason,
                                     .raw = row->raw};
    bool added;
    TRY(quarantine_insert(w->tx, &q, &added));
    w->chunk->counts.quarantined++;
    w->chunk->counts.resumed += !added;
    w->quarantined += added;
    return OK;
}

static struct err entry_count(struct writing *w, const struct ingest_row *row)
{
    w->entries++;
    w->chunk->counts.loaded++;
    return control_add(&w->chunk->totals, 1, row->entry.amount);
}

const char *entry_conflict(struct arena *arena, int64_t row, int64_t line, const struct entry *old,
                           const char *differs)
{
    return arena_fmt(arena,
                     "row %lld (line %lld): entry %s is already in the book with another %s, from "
                     "row %lld of file %s",
                     (long long)row, (long long)line, old->entry_id, differs,
                     (long long)old->row_no, old->file_id);
}

/* The book has this id. */
static struct err entry_known(struct writing *w, struct ingest_row *row, const struct entry *old)
{
    const char *differs;
    bool this_file = text_eq(old->file_id, w->chunk->file_id);
    if (entry_same(&row->entry, old, &differs)) {
        bool resumed = this_file && old->row_no == row->row_no;
        w->chunk->counts.resumed += resumed;
        w->chunk->counts.loaded += resumed;
        w->chunk->counts.duplicates += !resumed;
        return resumed ? control_add(&w->chunk->totals, 1, row->entry.amount) : OK;
    }
    row->reason = entry_conflict(w->c->arena, row->row_no, row->line_no, old, differs);
    ENSURE(row->reason != NULL, ERR_LIMIT, "out of memory");
    return quarantine_row_write(w, row);
}

static struct err row_write(struct writing *w, struct ingest_row *row)
{
    struct entry old;
    bool added;
    if (row->reason != NULL)
        return quarantine_row_write(w, row);
    TRY(entry_insert_new(w->tx, &row->entry, &added));
    if (added)
        return entry_count(w, row);
    TRY(entry_load(w->tx, w->c->arena, row->entry.entry_id, &old));
    return entry_known(w, row, &old);
}

/* ---- the event ---- */

static struct json *totals_print(struct arena *arena, const struct control_totals *totals)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < totals->n; i++) {
        char text[MONEY_TEXT_MAX];
        struct json *one = json_object_new(arena);
        money_print(totals->at[i].sum, text);
        json_put_text(arena, one, "currency", totals->at[i].sum.cur);
        json_put_int(arena, one, "count", totals->at[i].count);
        json_put_text(arena, one, "sum", text);
        json_push(arena, array, one);
    }
    return array;
}

static struct json *detail_print(struct call *c, const struct ingest_chunk *chunk)
{
    struct json *o = json_object_new(c->arena), *file = json_object_new(c->arena);
    json_put_text(c->arena, file, "file_id", chunk->file_id);
    json_put_text(c->arena, file, "source_id", chunk->source_id);
    json_put_text(c->arena, file, "name", chunk->name);
    json_put_text(c->arena, file, "sha256", chunk->sha256);
    json_put(c->arena, o, "file", file);
    json_put_int(c->arena, o, "rows", (int64_t)chunk->rows_n);
    json_put_int(c->arena, o, "loaded", chunk->counts.loaded);
    json_put_int(c->arena, o, "duplicates", chunk->counts.duplicates);
    json_put_int(c->arena, o, "quarantined", chunk->counts.quarantined);
    json_put_int(c->arena, o, "resumed", chunk->counts.resumed);
    json_put(c->arena, o, "totals", totals_print(c->arena, &chunk->totals));
    json_put_bool(c->arena, o, "last", chunk->last);
    if (chunk->last && chunk->statement != NULL)
        json_put_text(c->arena, o, "statement", chunk->statement->balanced ? "BALANCED" : "BROKEN");
    return o;
}

static struct err file_write(struct tx *tx, const struct ingest_chunk *chunk)
{
    const struct ingest_counts *a = &chunk->before, *b = &chunk->counts;
    struct file_row file = {.file_id = chunk->file_id,
                            .source_id = chunk->source_id,
                            .name = chunk->name,
                            .sha256 = chunk->sha256,
                            .bytes_n = chunk->bytes_n,
                            .loaded_n = a->loaded + b->loaded,
                            .duplicate_n = a->duplicates + b->duplicates,
                            .quarantined_n = a->quarantined + b->quarantined};
    file.rows_n = file.loaded_n + file.duplicate_n + file.quarantined_n;
    return file_put(tx, &file);
}

/* The first chunk begins the run, the last one ends it. */
static struct err run_write(struct call *c, struct tx *tx, const struct ingest_chunk *chunk,
                            int64_t rows)
{
    const struct ingest_counts *a = &chunk->before, *b = &chunk->counts;
    struct json *figures = json_object_new(c->arena);
    struct run run;
    struct str text;
    TRY(c->run_id == NULL ? run_begin(c, tx, c->planned, &run)
                          : run_load(tx, c->arena, c->run_id, &run));
    TRY(run_advance(c->arena, &run, rows));
    if (!chunk->last)
        return run_save(tx, &run);
    json_put_text(c->arena, figures, "file_id", chunk->file_id);
    json_put_int(c->arena, figures, "loaded", a->loaded + b->loaded);
    json_put_int(c->arena, figures, "duplicates", a->duplicates + b->duplicates);
    json_put_int(c->arena, figures, "quarantined", a->quarantined + b->quarantined);
    TRY(jcs_text(c->arena, figures, &text));
    c->run_over = true;
    return run_finish(tx, &run, RUN_EVENT_SUCCEED, text.at);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct ingest_chunk *chunk = c->args;
    struct writing w = {.c = c, .tx = tx, .chunk = chunk};
    chunk->counts = (struct ingest_counts){.loaded = 0};
    chunk->totals.n = 0;
    for (size_t i = 0; i < chunk->rows_n; i++)
        TRY(row_write(&w, &chunk->rows[i]));
    TRY(effect_bulk(tx, TABLE_ENTRIES, w.entries));
    TRY(effect_bulk(tx, TABLE_QUARANTINE, w.quarantined));
    if (chunk->last)
        TRY(file_write(tx, chunk));
    if (chunk->last && chunk->statement != NULL)
        TRY(statement_insert(tx, chunk->statement));
    TRY(run_write(c, tx, chunk, w.entries + w.quarantined));
    c->detail = detail_print(c, chunk);
    c->result = json_object_new(c->arena);
    return arena_check(c->arena);
}

const struct tool tool_ingest_chunk = {
    .name = "ingest_file",
    .title = "Rows of a file",
    .summary = "Some rows of a file that is being loaded.",
    .tier = TIER_T1,
    .action = ACTION_INGEST,
    .run = TOOL_CHANGE,
    .plan = plan,
    .apply = apply,
};
