/* One pass over the period's events: the log itself, each control's population beside it. An
 * archive takes one file at a time, so populations wait in files that have no name, where the
 * archive is made: there is room for it, and rights. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/cli/pbc_pass.h"

#define LINE_MAX    ((size_t)32 << 20)
#define PIECE       ((size_t)64 << 10)
#define CONTROL_MAX 64

/* A population's file until its turn. */
struct spool {
    const char *control;
    FILE *file;
    int64_t rows;
};

struct pass {
    struct pbc *p;
    struct buf line;
    struct spool spools[CONTROL_MAX];
    size_t n;
};

static FILE *file_nameless(struct pbc *p)
{
    const char *name = arena_fmt(p->arena, "%s.spool", p->part);
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    if (name == NULL)
        return NULL;
    (void)unlink(name); /* of one that was cut off */
    const int fd = open(name, flags, 0600);
    if (fd < 0)
        return NULL;
    (void)unlink(name);
    FILE *file = fdopen(fd, "w+");
    if (file == NULL)
        (void)close(fd);
    return file;
}

static struct err spool_of(struct pass *w, const char *control, struct spool **spool)
{
    for (size_t i = 0; i < w->n; i++) {
        if (text_eq(w->spools[i].control, control)) {
            *spool = &w->spools[i];
            return OK;
        }
    }
    ENSURE(w->n < CONTROL_MAX, ERR_BUG, "more controls than the gate has actions");
    struct spool *s = &w->spools[w->n++];
    *s = (struct spool){.control = arena_strdup(w->p->arena, control), .file = file_nameless(w->p)};
    if (s->file == NULL)
        return err_at(ERR_STORE, w->p->part, "a temporary file cannot be made beside this");
    population_head(&w->line);
    ENSURE(fwrite(w->line.at, 1, w->line.len, s->file) == w->line.len, ERR_STORE,
           "a temporary file cannot be written");
    buf_clear(&w->line);
    *spool = s;
    return arena_check(w->p->arena);
}

static struct err population_add(struct pass *w, const struct pbc_event *event)
{
    struct pbc *p = w->p;
    struct population_row row;
    struct spool *spool;
    struct tally *tally;
    TRY(population_read(p->scratch, event->event, &row));
    if (row.control == NULL || (p->control != NULL && !text_eq(p->control, row.control)))
        return OK;
    TRY(tally_add(&p->tallies, &row, &tally));
    TRY(spool_of(w, row.control, &spool));
    TRY(population_line(p->scratch, &row, ++spool->rows, (const uint8_t *)event->hash_self.at,
                        &w->line));
    ENSURE(fwrite(w->line.at, 1, w->line.len, spool->file) == w->line.len, ERR_STORE,
           "a temporary file cannot be written");
    buf_clear(&w->line);
    return OK;
}

/* As `audit export` writes it; of another entity's event the hashes alone. */
static struct err event_take(void *arg, const struct pbc_event *event)
{
    struct pass *w = arg;
    char prev[65], self[65];
    arena_reset(w->p->scratch);
    hex_print(event->hash_prev.at, 32, prev);
    hex_print(event->hash_self.at, 32, self);
    buf_putf(&w->line, "{\"seq\":%" PRId64 ",\"hash_prev\":\"%s\",\"hash_self\":\"%s\"", event->seq,
             prev, self);
    if (event->shown) {
        buf_puts(&w->line, ",\"event\":");
        buf_put(&w->line, event->event.at, event->event.len);
    }
    buf_puts(&w->line, "}\n");
    TRY(buf_check(&w->line));
    TRY(pbc_put(w->p, w->line.at, w->line.len));
    buf_clear(&w->line);
    w->p->events++;
    TRY(pbc_gather(w->p->gathered, event));
    return event->shown ? population_add(w, event) : OK;
}

static struct err spool_file(struct pbc *p, struct spool *s)
{
    const char *name = arena_fmt(p->arena, "population_%s.csv", s->control);
    char *piece = arena_alloc(p->arena, PIECE);
    size_t got;
    TRY(arena_check(p->arena));
    TRY(pbc_begin(p, name, true));
    ENSURE(fflush(s->file) == 0, ERR_STORE, "a temporary file cannot be written");
    rewind(s->file);
    while ((got = fread(piece, 1, PIECE, s->file)) > 0)
        TRY(pbc_put(p, piece, got));
    ENSURE(ferror(s->file) == 0, ERR_STORE, "a temporary file cannot be read");
    pbc_answer(p, name, arena_fmt(p->arena, "?5 is '%s'", s->control), pbc_text(PBC_POPULATION),
               s->rows);
    return pbc_end(p);
}

static struct err spool_empty(struct pass *w)
{
    struct spool *s;
    TRY(spool_of(w, w->p->control, &s));
    return OK;
}

static struct err files(struct pass *w)
{
    struct pbc *p = w->p;
    TRY(pbc_begin(p, "log/events.jsonl", true));
    TRY(pbc_log(&p->book.tx, &p->ask, event_take, w));
    TRY(pbc_end(p));
    pbc_answer(p, "log/events.jsonl", NULL, pbc_text(PBC_LOG), p->events);
    /* The control that was asked for has a population, though it may be empty. */
    if (p->control != NULL)
        TRY(spool_empty(w));
    tallies_sort(&p->tallies);
    for (size_t i = 0; i < p->tallies.n; i++) {
        struct spool *s;
        TRY(spool_of(w, p->tallies.at[i].control, &s));
        TRY(spool_file(p, s));
    }
    return p->control != NULL && p->tallies.n == 0 ? spool_file(p, &w->spools[0]) : OK;
}

struct err pbc_log_files(struct pbc *p)
{
    struct pass w = {.p = p};
    p->gathered = ARENA_NEW(p->arena, struct pbc_gathered);
    ENSURE(p->gathered != NULL, ERR_LIMIT, "out of memory");
    p->gathered->arena = p->arena;
    buf_init(&w.line, LINE_MAX);
    struct err e = files(&w);
    pbc_gathered_sort(p->gathered);
    for (size_t i = 0; i < w.n; i++)
        if (w.spools[i].file != NULL)
            fclose(w.spools[i].file);
    buf_fini(&w.line);
    return e;
}

/* ---- the sample, and the figures that the populations must come to ---- */

static struct err sample_file(struct pbc *p)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf lines;
    buf_init(&lines, LINE_MAX);
    if (p->plan.method == SAMPLE_NONE)
        return OK;
    sample_head(&lines);
    for (size_t i = 0; i < p->sampled_n; i++)
        sample_lines(p->arena, p->sampled[i].control, &p->plan, &p->sampled[i].sample, &lines);
    TRY(arena_check(p->arena));
    TRY(buf_check(&lines));
    return pbc_file(p, arena_fmt(p->arena, "sample_%s.csv", p->plan.seed), buf_str(&lines));
}

static struct err samples_draw(struct pbc *p)
{
    p->sampled = ARENA_ARRAY(p->arena, p->tallies.n + 1, struct pbc_sampled);
    TRY(arena_check(p->arena));
    for (size_t i = 0; i < p->tallies.n; i++) {
        const struct tally *t = &p->tallies.at[i];
        p->sampled[i].control = t->control;
        TRY(sample_pick(p->arena, &p->plan, t->control, t->items, t->items_n,
                        &p->sampled[i].sample));
    }
    p->sampled_n = p->tallies.n;
    return OK;
}

static struct json *controls_print(struct pbc *p)
{
    struct json *list = json_array_new(p->arena);
    for (size_t i = 0; i < p->tallies.n; i++) {
        struct json *o = tally_print(p->arena, &p->tallies.at[i]);
        if (p->plan.method != SAMPLE_NONE)
            json_put(p->arena, o, "sample", sample_print(p->arena, &p->sampled[i].sample));
        json_push(p->arena, list, o);
    }
    return list;
}

/* The last hash of the period, as the chain has it. */
static struct err hash_at(struct pbc *p, int64_t seq, char hex[65])
{
    struct pbc at = *p;
    struct json *rows;
    at.ask = (struct pbc_ask){.first = seq, .last = seq};
    TRY(pbc_rows(&at, p->arena, PBC_HASH, NULL, &rows));
    const char *text = rows->count == 1 ? json_get_text(rows->items[0], "hash_self") : NULL;
    ENSURE(text != NULL && strlen(text) == 64, ERR_STORE, "an event is missing");
    memcpy(hex, text, 65);
    return OK;
}

static struct json *types_print(struct pbc *p)
{
    struct json *list = json_array_new(p->arena);
    for (size_t i = 0; i < p->gathered->types_n; i++) {
        const struct pbc_type *t = &p->gathered->types[i];
        struct json *o = json_object_new(p->arena);
        json_put_text(p->arena, o, "event_type", t->event_type);
        json_put_int(p->arena, o, "events", t->events);
        json_put_int(p->arena, o, "first_seq", t->first_seq);
        json_put_int(p->arena, o, "last_seq", t->last_seq);
        json_push(p->arena, list, o);
    }
    return list;
}

struct err pbc_sample_files(struct pbc *p)
{
    struct json *o = json_object_new(p->arena);
    int64_t decisions = 0;
    char hex[65];
    TRY(samples_draw(p));
    TRY(sample_file(p));
    for (size_t i = 0; i < p->tallies.n; i++)
        decisions += p->tallies.at[i].count;
    TRY(hash_at(p, p->ask.last, hex));
    json_put_text(p->arena, o, "from", p->from);
    json_put_text(p->arena, o, "to", p->to);
    json_put_int(p->arena, o, "first_seq", p->ask.first);
    json_put_int(p->arena, o, "last_seq", p->ask.last);
    json_put_text(p->arena, o, "head_hash", hex);
    json_put_int(p->arena, o, "events", p->events);
    json_put_int(p->arena, o, "decisions", decisions);
    json_put_int(p->arena, o, "events_without_a_decision", p->events - decisions);
    json_put(p->arena, o, "controls", controls_print(p));
    json_put(p->arena, o, "sample", sample_plan_print(p->arena, &p->plan));
    json_put(p->arena, o, "events_by_type", types_print(p));
    json_put_text(p->arena, o, "query_by_type", pbc_text(PBC_TYPES));
    json_put_text(p->arena, o, "query_log", pbc_text(PBC_LOG));
    TRY(arena_check(p->arena));
    return pbc_json(p, "population_reconciliation.json", o, NULL);
}
