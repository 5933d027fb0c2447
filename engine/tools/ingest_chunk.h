/* Private to engine/tools: some rows of a file on their way into the book. */
#ifndef ENGINE_TOOLS_INGEST_CHUNK_H
#define ENGINE_TOOLS_INGEST_CHUNK_H

#include "engine/store/entries.h"
#include "engine/store/files.h"
#include "engine/tools/tool.h"

#define CURRENCIES_MAX 180u /* more than ISO 4217 has */

struct ingest_counts {
    int64_t loaded, duplicates, quarantined; /* their sum is the rows */
    int64_t resumed; /* of them, what an interrupted load of the same file had written already */
};

/* Control totals: what was loaded, by currency. */
struct control_totals {
    struct control_total {
        int64_t count;
        struct money sum;
    } at[CURRENCIES_MAX];
    size_t n;
};
/* ERR_LIMIT when a sum does not fit. */
MUST_CHECK struct err control_add(struct control_totals *totals, int64_t count, struct money sum);

/* A row as it was read; the chunk may quarantine an entry that the book has with other content. */
struct ingest_row {
    int64_t row_no, line_no;
    const char *reason; /* NULL: `entry` is to be loaded */
    struct entry entry;
    struct str raw;
};

/* The args of the internal tool ingest_chunk. */
struct ingest_chunk {
    const char *source_id, *entity_id, *file_id, *name, *sha256;
    int64_t source_version; /* of the mapping the rows were read with */
    struct ingest_row *rows;
    size_t rows_n;
    struct ingest_counts before;  /* of the chunks before this one */
    bool again;                   /* the book has the file, but not all of its rows */
    bool last;                    /* with this chunk the file is in the book */
    int64_t bytes_n;              /* of the file */
    struct statement *statement;  /* judged and kept with the last chunk; NULL when none */
    struct ingest_counts counts;  /* what apply did */
    struct control_totals totals; /* of what it loaded */
};

extern const struct tool tool_ingest_chunk;

/* Why a row is quarantined whose id the book has with other content. */
const char *entry_conflict(struct arena *arena, int64_t row, int64_t line, const struct entry *old,
                           const char *differs);

#endif
