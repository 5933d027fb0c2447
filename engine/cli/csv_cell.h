/* Where csv_cell stands now. */
#ifndef ENGINE_CLI_CSV_CELL_H
#define ENGINE_CLI_CSV_CELL_H

#include "common/base/csv_cell.h"

#endif
