/* Private to engine/tools: what people work on, named by one text: a match (mat_…), an exception
 * (exc_…), an escalation (esc_…), or an entry as "entry:<entry_id>"; "match:mat_…" and its like are
 * taken, too. What the caller may not see is not there. */
#ifndef ENGINE_TOOLS_OBJECT_H
#define ENGINE_TOOLS_OBJECT_H

#include "engine/store/work.h"
#include "engine/tools/tool.h"

#define OBJECT_TEXT_MAX 300
#define OBJECT_HELP                                                                                \
    "a match (mat_…), exception (exc_…) or escalation (esc_…) by its id, or entry:ENTRY_ID"

struct object {
    enum object_kind kind;
    const char *id, *key; /* key: "kind:id", as the book has it */
    const char *const *entities;
    size_t entities_n;
    const char *entity_id; /* the first of them; NULL: none in particular */
    int64_t version;
    bool open; /* somebody can still do something about it */
};

/* ERR_INPUT for a text that names nothing, ERR_MISSING when there is no such object for this
 * caller. */
MUST_CHECK struct err object_load(struct call *c, struct tx *tx, const char *text,
                                  struct object *o);

/* Loads it and fills the ask's object and place; weighs no amount. */
MUST_CHECK struct err object_plan(struct call *c, struct tx *tx, const char *text,
                                  struct object *o);

#endif
