/* A text cell of a CSV file, RFC 4180. What a spreadsheet would run as a formula gets an apostrophe
 * in front; amounts are written as they are, with buf_puts. */
#ifndef COMMON_BASE_CSV_CELL_H
#define COMMON_BASE_CSV_CELL_H

#include "common/base/buf.h"

void csv_cell(struct buf *line, const char *text); /* NULL is empty */

#endif
