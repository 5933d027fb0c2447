/* gate_input read where it lies in an event's text, without a tree: for who decides a million
 * events again. What ask_print writes now is read; anything else – an older schema, an escape in a
 * text, a member out of order – is left to ask_read. Whoever trusts this alone may: it takes
 * nothing that ask_read refuses, and of what it takes both make the same ask. */
#ifndef ENGINE_GATE_ASK_SKIM_H
#define ENGINE_GATE_ASK_SKIM_H

#include "common/base/json_skim.h"
#include "engine/gate/ask.h"

/* The ask of the object that begins at `s`, which is then behind it; the texts are copied into
 * `arena`. False, and `s` as it was, when this is for ask_read to say (a full arena, too). */
bool ask_skim(struct arena *arena, struct json_skim *s, struct ask *ask);

#endif
