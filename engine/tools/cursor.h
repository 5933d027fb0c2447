/* Private to engine/tools: opaque cursors of lists. A cursor is where the last page ended, in
 * base64url under a prefix; anything else is refused. "" and NULL mean the beginning. */
#ifndef ENGINE_TOOLS_CURSOR_H
#define ENGINE_TOOLS_CURSOR_H

#include "common/base/arena.h"

const char *cursor_print(struct arena *arena, const char *last);
MUST_CHECK struct err cursor_parse(struct arena *arena, const char *cursor, const char **last);

#endif
