/* The report of a load: counts, control totals, the first problems and flags, the statement. */
#include "engine/tools/ingest_report.h"

#define SHOWN_MAX 20u /* problems and flags that are told one by one */

static const struct json_field problem_fields[] = {
    JSON_INT(struct problem, row, .help = "of the data rows, from 1"),
    JSON_INT(struct problem, line, .help = "of the file, from 1"),
    JSON_TEXT(struct problem, reason, .help = "what is wrong, in words"),
};
static const struct json_field flagged_fields[] = {
    JSON_INT(struct flagged, row),
    JSON_INT(struct flagged, line),
    JSON_TEXT(struct flagged, column, .help = "the first column that is odd"),
    JSON_TEXT(struct flagged, flags, .help = "formula, control, bidi, hidden"),
};
static const struct json_field total_fields[] = {
    JSON_TEXT(struct total, currency),
    JSON_INT(struct total, count),
    JSON_TEXT(struct total, sum, .help = "of the rows loaded"),
};
static const struct json_field statement_fields[] = {
    JSON_TEXT(struct statement_told, status, .help = "BALANCED or BROKEN"),
    JSON_TEXT(struct statement_told, from),
    JSON_TEXT(struct statement_told, to),
    JSON_TEXT(struct statement_told, currency),
    JSON_TEXT(struct statement_told, opening),
    JSON_TEXT(struct statement_told, lines),
    JSON_TEXT(struct statement_told, closing),
    JSON_TEXT(struct statement_told, gap,
              .help = "how it and its neighbour do not follow on each other; absent when they do"),
};

const struct json_field ingest_report_fields[INGEST_REPORT_FIELDS_N] = {
    JSON_TEXT(struct ingest_report, source_id),
    JSON_TEXT(struct ingest_report, file_id),
    JSON_TEXT(struct ingest_report, name),
    JSON_BOOL(struct ingest_report, already_loaded,
              .help = "the book has this very file: nothing done"),
    JSON_INT(struct ingest_report, rows, .help = "loaded + duplicates + quarantined"),
    JSON_INT(struct ingest_report, loaded),
    JSON_INT(struct ingest_report, duplicates, .help = "the book had them, with the same content"),
    JSON_INT(struct ingest_report, quarantined, .help = "could not be read for certain"),
    JSON_INT(struct ingest_report, resumed,
             .help = "written by an earlier load that was cut short"),
    JSON_INT(struct ingest_report, skipped, .help = "no entries, by the mapping's rules, or empty"),
    JSON_INT(struct ingest_report, flagged_n, .help = "rows with odd characters in their texts"),
    JSON_OBJECTS(struct ingest_report, totals, totals_n, total_fields),
    JSON_OBJECTS(struct ingest_report, problems, problems_n, problem_fields,
                 .help = "the first 20"),
    JSON_OBJECTS(struct ingest_report, flagged, flagged_shown, flagged_fields,
                 .help = "the first 20"),
    JSON_OBJECT_PTR(struct ingest_report, statement, statement_fields),
};

struct err ingest_report_init(struct ingest_report *report, struct arena *arena)
{
    report->problems = ARENA_ARRAY(arena, SHOWN_MAX, struct problem);
    report->flagged = ARENA_ARRAY(arena, SHOWN_MAX, struct flagged);
    return arena_check(arena);
}

void ingest_report_problem(struct ingest_report *report, struct arena *arena, int64_t row,
                           int64_t line, const char *reason)
{
    if (report->problems_n < SHOWN_MAX)
        report->problems[report->problems_n++] =
            (struct problem){row, line, arena_strdup(arena, reason)};
}

static const char *flags_text(struct arena *arena, unsigned flags)
{
    const char *text = "";
    for (unsigned i = 0; i < SOURCE_FLAGS && text != NULL; i++) {
        if ((flags & (1u << i)) != 0)
            text = arena_fmt(arena, "%s%s%s", text, text[0] == '\0' ? "" : ", ",
                             source_flag_name(1u << i));
    }
    return text;
}

void ingest_report_flags(struct ingest_report *report, struct arena *arena,
                         const struct source_row *row)
{
    if (row->flags == 0)
        return;
    report->flagged_n++;
    if (report->flagged_shown < SHOWN_MAX)
        report->flagged[report->flagged_shown++] =
            (struct flagged){row->row_no, row->line_no, arena_strdup(arena, row->flag_column),
                             flags_text(arena, row->flags)};
}

static const char *money_text(struct arena *arena, struct money m)
{
    char text[MONEY_TEXT_MAX];
    money_print(m, text);
    return arena_strdup(arena, text);
}

static const char *date_text(struct arena *arena, struct date d)
{
    char text[DATE_TEXT_MAX];
    date_print(d, text);
    return arena_strdup(arena, text);
}

struct err ingest_report_totals(struct ingest_report *report, struct arena *arena,
                                const struct control_totals *totals)
{
    report->totals = ARENA_ARRAY(arena, totals->n, struct total);
    TRY(arena_check(arena));
    for (report->totals_n = 0; report->totals_n < totals->n; report->totals_n++) {
        const struct control_total *t = &totals->at[report->totals_n];
        report->totals[report->totals_n] =
            (struct total){.currency = arena_strdup(arena, t->sum.cur),
                           .sum = money_text(arena, t->sum),
                           .count = t->count};
    }
    return arena_check(arena);
}

void ingest_report_statement(struct ingest_report *report, struct arena *arena,
                             const struct statement *s)
{
    report->statement = ARENA_NEW(arena, struct statement_told);
    if (report->statement == NULL)
        return;
    *report->statement = (struct statement_told){
        .status = s->balanced ? "BALANCED" : "BROKEN",
        .from = date_text(arena, s->from),
        .to = date_text(arena, s->to),
        .currency = arena_strdup(arena, s->closing.cur),
        .opening = money_text(arena, s->opening),
        .lines = money_text(arena, s->lines),
        .closing = money_text(arena, s->closing),
    };
}

struct err ingest_report_print(struct arena *arena, const struct ingest_report *report,
                               struct json **result)
{
    TRY(json_unbind(arena, ingest_report_fields, INGEST_REPORT_FIELDS_N, report, result));
    json_put_text(arena, *result, "status", "ok");
    return arena_check(arena);
}
