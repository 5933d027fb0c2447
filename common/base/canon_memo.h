/* canon_surely for texts that resemble one another, as one program's events do. A text that was
 * found canonical is kept as a pattern: another that differs from it only in its scalars, each of
 * them canonical too, has the same names in the same order and is canonical for the same reason.
 * Comparing bytes is many times cheaper than parsing them. Not for sharing between threads. */
#ifndef COMMON_BASE_CANON_MEMO_H
#define COMMON_BASE_CANON_MEMO_H

#include "common/base/canon_scan.h"

struct canon_memo;

/* `names`: the members of the outermost object that the caller wants to see, in order, at most
 * CANON_MEMO_NAMES; the array and its texts outlive the memo. NULL: no memory. */
#define CANON_MEMO_NAMES 24u
struct canon_memo *canon_memo_new(const struct str *names, size_t n);
void canon_memo_free(struct canon_memo *memo);
CLEANUP_DEFINE(struct canon_memo *, canon_memo_free)

/* What canon_surely answers, and finds: values[i] of names[i], .at NULL when it is not there. */
bool canon_memo_surely(struct canon_memo *memo, struct str text, struct str *values);

#endif
