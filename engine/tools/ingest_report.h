/* Private to engine/tools: what a load tells its caller. */
#ifndef ENGINE_TOOLS_INGEST_REPORT_H
#define ENGINE_TOOLS_INGEST_REPORT_H

#include "engine/ingest/csv_source.h"
#include "engine/tools/ingest_chunk.h"

struct problem {
    int64_t row, line;
    const char *reason;
};
struct flagged {
    int64_t row, line;
    const char *column, *flags;
};
struct total {
    const char *currency, *sum;
    int64_t count;
};
struct statement_told {
    const char *status, *from, *to, *currency, *opening, *lines, *closing;
    const char *gap; /* NULL: it follows on, as far as the book knows */
};

struct ingest_report {
    const char *source_id, *file_id, *name;
    bool already_loaded;
    int64_t rows, loaded, duplicates, quarantined, resumed, skipped, flagged_n;
    struct total *totals;
    size_t totals_n;
    struct problem *problems;
    size_t problems_n;
    struct flagged *flagged;
    size_t flagged_shown;
    struct statement_told *statement;
};

/* The shape of the result. */
#define INGEST_REPORT_FIELDS_N 15
extern const struct json_field ingest_report_fields[INGEST_REPORT_FIELDS_N];

MUST_CHECK struct err ingest_report_init(struct ingest_report *report, struct arena *arena);
/* The first of each kind are kept, the rest is only counted by whoever calls. */
void ingest_report_problem(struct ingest_report *report, struct arena *arena, int64_t row,
                           int64_t line, const char *reason);
void ingest_report_flags(struct ingest_report *report, struct arena *arena,
                         const struct source_row *row);
MUST_CHECK struct err ingest_report_totals(struct ingest_report *report, struct arena *arena,
                                           const struct control_totals *totals);
void ingest_report_statement(struct ingest_report *report, struct arena *arena,
                             const struct statement *statement);
MUST_CHECK struct err ingest_report_print(struct arena *arena, const struct ingest_report *report,
                                          struct json **result);

#endif
