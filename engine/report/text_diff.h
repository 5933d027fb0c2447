/* What changed between two texts, line by line, as `diff -u` prints it (three lines of context). */
#ifndef ENGINE_REPORT_TEXT_DIFF_H
#define ENGINE_REPORT_TEXT_DIFF_H

#include "common/base/buf.h"

#define TEXT_DIFF_LINES_MAX 5000 /* of a text that is compared */

/* Appends the diff, headed by the two names; nothing when the texts are the same. ERR_LIMIT for a
 * text of more lines. The scratch is the arena's. */
MUST_CHECK struct err text_diff(struct arena *arena, const char *old_name, struct str old_text,
                                const char *new_name, struct str new_text, struct buf *out);

#endif
