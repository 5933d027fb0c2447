/* Words that a reader looks for in the texts of a row. */
#ifndef ENGINE_STORE_WORDS_H
#define ENGINE_STORE_WORDS_H

#include "common/base/arena.h"
#include "common/base/str.h"

struct words {
    const char **list;
    size_t n;
};

/* Parted by blanks; none when `text` is NULL. */
MUST_CHECK struct err words_split(struct arena *arena, const char *text, struct words *words);

/* Each of them is in one of the texts, ASCII letters of either case. Each text has a NUL behind it,
 * or is without .at. */
bool words_in(const struct words *words, const struct str *texts, size_t n);

#endif
