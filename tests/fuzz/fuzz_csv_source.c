/* A CSV file from anybody, by one of a few mappings (the first byte chooses): every row comes out
 * as an entry, quarantined with a reason, or skipped, and numbers count up. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ingest/csv_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD "sources:\n  - id: s\n    entity: US\n    sign: as_is\n"
static const char *const yamls[] = {
    HEAD "    account: \"1\"\n    side: bank\n    date_format: YYYY-MM-DD\n    contra: none\n"
         "    decimal: \".\"\n    thousands: \",\"\n    parentheses_negative: true\n"
         "    columns: {id: Id, date: Date, amount: Amount, memo: [Text, Id]}\n",
    HEAD "    side: gl\n    date_format: D.M.YY\n    year_pivot: 70\n    contra: journal\n"
         "    decimal: \",\"\n    thousands: \".\"\n    id_from: [1, 2]\n    minus: reverses\n"
         "    file: {header: false, ragged: true, delimiter: \";\", encoding: windows-1252}\n"
         "    columns: {date: 1, debit: 2, credit: 3, account: 4, journal_id: 5, currency: 6}\n",
    HEAD "    account: \"1\"\n    side: bank\n    date_format: DD MMM YYYY\n    contra: none\n"
         "    decimal: \".\"\n    thousands: \" \"\n    trailing_minus: true\n    symbol: $\n"
         "    file: {encoding: utf-16, delimiter: tab, skip_when: [{column: Id, is: Total}]}\n"
         "    columns: {id: Id, date: Date, amount: Amount,\n"
         "              direction: {column: DC, credit: [C], debit: [D]}}\n",
};
static const struct account chart[] = {{.entity_id = "US", .account_id = "1", .currency = "USD"},
                                       {.entity_id = "US", .account_id = "2", .currency = "JPY"}};

static void check_row(const struct source_row *row, int64_t before)
{
    if (row->row_no != before + 1 || row->line_no < 1)
        abort();
    if (row->kind == SOURCE_QUARANTINE && row->reason == NULL)
        abort();
    if (row->kind == SOURCE_ENTRY &&
        (row->entry.entry_id == NULL || row->entry.amount.cur[0] == '\0' ||
         !date_valid(row->entry.date) || row->entry.account_id == NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    CLEANUP(csv_source_close) struct csv_source *source = NULL;
    struct mapping *m;
    struct source_row row;
    int64_t before = 0;
    size_t n;
    if (size == 0)
        return 0;
    const char *yaml = yamls[data[0] % (sizeof yamls / sizeof yamls[0])];
    if (mappings_read(arena, str_of(yaml), &m, &n).kind != ERR_NONE)
        abort();
    if (csv_source_open(arena, data + 1, size - 1, m, chart, 2, &source).kind != ERR_NONE)
        return 0;
    while (csv_source_next(source, arena, &row).kind == ERR_NONE && row.kind != SOURCE_END)
        check_row(&row, before++);
    return 0;
}
