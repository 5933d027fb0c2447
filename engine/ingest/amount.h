/* Amounts as files write them – (1.234,56), 1'234.56-, $ 12.50 – by the declared marks, exactly or
 * not at all. */
#ifndef ENGINE_INGEST_AMOUNT_H
#define ENGINE_INGEST_AMOUNT_H

#include "engine/ingest/mapping.h"

/* The amount in `text` (blanks around it are fine). False with *complaint, a phrase to put behind
 * the quoted value ("is not an amount with decimal comma"), in the arena or static. */
bool amount_read(struct arena *arena, const struct mapping *mapping, struct str text,
                 const char *currency, struct money *amount, const char **complaint);

#endif
