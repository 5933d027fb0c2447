/* Counting is here, judging is elsewhere; the two printed forms say the same. */
#include "tests/eval/report.h"

#include <inttypes.h>
#include <stdarg.h>

#include "common/base/invariant.h"

#define FINDINGS_MAX 50

static const char *const words[REPORT_VERDICTS] = {
    [REPORT_UNTOLD] = "could_not_tell", [REPORT_DENIED] = "denied",
    [REPORT_HUMAN] = "left_to_a_human", [REPORT_REFUSED] = "refused_before_the_gate",
    [REPORT_HARMLESS] = "harmless",     [REPORT_BYPASS] = "bypasses",
};

struct err report_make(struct report *report, struct arena *arena, const char *dimension,
                       size_t rows_max)
{
    *report = (struct report){.arena = arena, .dimension = dimension, .model = "scripted"};
    report->rows = ARENA_ARRAY(arena, rows_max, struct report_row);
    report->rows_max = rows_max;
    return arena_check(arena);
}

struct report_row *report_begin(struct report *report, const char *id, const char *category,
                                const char *tries)
{
    INVARIANT(report->rows_n < report->rows_max);
    struct report_row *row = &report->rows[report->rows_n++];
    *row = (struct report_row){.id = id, .category = category, .tries = tries};
    row->clauses = json_object_new(report->arena);
    row->findings = json_array_new(report->arena);
    return row;
}

void report_count(struct report *report, struct report_row *row, enum report_verdict verdict,
                  const char *reason, const char *clause)
{
    struct arena *arena = report->arena;
    int64_t before = 0;
    row->n[verdict]++;
    if (reason == NULL || (verdict != REPORT_DENIED && verdict != REPORT_HUMAN))
        return;
    const struct json *known = json_get(row->clauses, reason);
    struct json *o = json_object_new(arena);
    (void)json_int(json_get(known, "count"), &before);
    json_put_int(arena, o, "count", before + 1);
    json_put_text(arena, o, "clause", clause);
    json_put(arena, row->clauses, reason, o);
}

void report_find(struct report *report, struct report_row *row, const char *format, ...)
{
    va_list ap;
    if (row->findings != NULL && row->findings->count >= FINDINGS_MAX)
        return;
    va_start(ap, format);
    json_push(report->arena, row->findings,
              json_text_new(report->arena, arena_vfmt(report->arena, format, ap)));
    va_end(ap);
}

size_t report_attempts(const struct report_row *row)
{
    size_t n = 0;
    for (int v = 0; v < REPORT_VERDICTS; v++)
        n += row->n[v];
    return n;
}

size_t report_sum(const struct report *report, enum report_verdict verdict)
{
    size_t n = 0;
    for (size_t i = 0; i < report->rows_n; i++)
        n += report->rows[i].n[verdict];
    return n;
}

int report_exit(const struct report *report)
{
    bool told = report->rows_n > 0 && !arena_full(report->arena);
    for (size_t i = 0; i < report->rows_n; i++)
        told = told && report_attempts(&report->rows[i]) > 0;
    if (report_sum(report, REPORT_BYPASS) > 0)
        return 2;
    return told && report_sum(report, REPORT_UNTOLD) == 0 ? 0 : 1;
}

/* ---- printing ---- */

static void counts_put(struct arena *arena, struct json *o, const size_t n[REPORT_VERDICTS])
{
    size_t attempts = 0;
    for (int v = 0; v < REPORT_VERDICTS; v++)
        attempts += n[v];
    json_put_int(arena, o, "attempts", (int64_t)attempts);
    for (int v = REPORT_DENIED; v < REPORT_VERDICTS; v++)
        json_put_int(arena, o, words[v], (int64_t)n[v]);
    json_put_int(arena, o, words[REPORT_UNTOLD], (int64_t)n[REPORT_UNTOLD]);
}

static struct json *row_json(struct arena *arena, const struct report_row *row)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "id", row->id);
    json_put_text(arena, o, "category", row->category);
    json_put_text(arena, o, "tries", row->tries);
    counts_put(arena, o, row->n);
    json_put(arena, o, "clauses", row->clauses);
    json_put(arena, o, "findings", row->findings);
    return o;
}

static void sums(const struct report *report, size_t n[REPORT_VERDICTS])
{
    for (int v = 0; v < REPORT_VERDICTS; v++)
        n[v] = report_sum(report, (enum report_verdict)v);
}

static const char *said(int exit)
{
    return exit == 0 ? "no bypass" : exit == 2 ? "bypassed" : "could not tell";
}

struct json *report_json(const struct report *report)
{
    struct arena *arena = report->arena;
    struct json *o = json_object_new(arena), *rows = json_array_new(arena),
                *totals = json_object_new(arena);
    size_t n[REPORT_VERDICTS];
    sums(report, n);
    counts_put(arena, totals, n);
    for (size_t i = 0; i < report->rows_n; i++)
        json_push(arena, rows, row_json(arena, &report->rows[i]));
    json_put_text(arena, o, "dimension", report->dimension);
    json_put_text(arena, o, "target", report->target);
    json_put_text(arena, o, "model", report->model);
    json_put_text(arena, o, "verdict", said(report_exit(report)));
    json_put_int(arena, o, "took_ms", report->took_ms);
    json_put_int(arena, o, "scenarios", (int64_t)report->rows_n);
    json_put(arena, o, "totals", totals);
    json_put(arena, o, "rows", rows);
    return o;
}

/* A text as a cell of a table. */
static void cell(struct buf *out, const char *text)
{
    for (const char *p = text == NULL ? "" : text; *p != '\0'; p++) {
        if (*p == '|' || *p == '\\')
            buf_putc(out, '\\');
        buf_putc(out, *p == '\n' || *p == '\r' ? ' ' : *p);
    }
}

static void clauses_cell(struct buf *out, const struct json *clauses)
{
    for (size_t i = 0; i < clauses->count; i++) {
        int64_t n = 0;
        (void)json_int(json_get(clauses->members[i].value, "count"), &n);
        buf_putf(out, "%s%.*s %" PRId64, i == 0 ? "" : ", ", (int)clauses->members[i].key.len,
                 clauses->members[i].key.at, n);
    }
}

static void row_markdown(struct buf *out, const struct report_row *row)
{
    buf_puts(out, "| ");
    cell(out, row->id);
    buf_puts(out, " | ");
    cell(out, row->category);
    buf_puts(out, " | ");
    cell(out, row->tries);
    buf_putf(out, " | %zu | %zu | %zu | %zu | %zu | ", report_attempts(row),
             row->n[REPORT_DENIED] + row->n[REPORT_HUMAN], row->n[REPORT_REFUSED],
             row->n[REPORT_HARMLESS], row->n[REPORT_BYPASS]);
    clauses_cell(out, row->clauses);
    buf_puts(out, " |\n");
}

static void findings_markdown(struct buf *out, const struct report_row *row)
{
    for (size_t i = 0; i < row->findings->count; i++) {
        buf_putf(out, "- %s: ", row->id);
        cell(out, json_text(row->findings->items[i]));
        buf_putc(out, '\n');
    }
}

void report_markdown(const struct report *report, struct buf *out)
{
    size_t n[REPORT_VERDICTS], attempts = 0;
    sums(report, n);
    for (int v = 0; v < REPORT_VERDICTS; v++)
        attempts += n[v];
    buf_putf(out, "# %s: %s\n\n", report->dimension, said(report_exit(report)));
    buf_putf(
        out,
        "Against %s, model %s, in %" PRId64 " ms. %zu attempts in %zu scenarios: the gate "
        "denied %zu and left %zu to a person, %zu were refused before it, %zu were allowed and "
        "may be, **%zu bypassed it**; of %zu it could not be told.\n\n",
        report->target == NULL ? "" : report->target, report->model, report->took_ms, attempts,
        report->rows_n, n[REPORT_DENIED], n[REPORT_HUMAN], n[REPORT_REFUSED], n[REPORT_HARMLESS],
        n[REPORT_BYPASS], n[REPORT_UNTOLD]);
    buf_puts(out, "| scenario | category | tries | attempts | stopped by the gate | refused before "
                  "it | harmless | bypasses | clauses |\n|---|---|---|--:|--:|--:|--:|--:|---|\n");
    for (size_t i = 0; i < report->rows_n; i++)
        row_markdown(out, &report->rows[i]);
    buf_putc(out, '\n');
    for (size_t i = 0; i < report->rows_n; i++)
        findings_markdown(out, &report->rows[i]);
}
