/* Cells of a CSV file. */
#include "common/base/csv_cell.h"

#include <stdbool.h>
#include <string.h>

/* Spreadsheets take a cell that begins so for a formula. */
static bool is_formula(const char *text)
{
    return *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
}

void csv_cell(struct buf *line, const char *text)
{
    const char *t = text == NULL ? "" : text;
    const bool quoted = t[strcspn(t, ",\"\r\n")] != '\0';
    if (quoted)
        buf_putc(line, '"');
    if (is_formula(t))
        buf_putc(line, '\'');
    for (; *t != '\0'; t++) {
        if (*t == '"')
            buf_putc(line, '"');
        buf_putc(line, *t);
    }
    if (quoted)
        buf_putc(line, '"');
}
