/* What screens are given and send, as tables (agent/inbox/shapes.c, agent/llm/chat_shapes.c): the
 * handlers hold answers against them before they go to a browser, and the workspace's TypeScript
 * types are printed from them (`closegate-agent docs types`). Documents may hold more than is
 * named; what is named, is so. */
#ifndef AGENT_CALL_SHAPE_H
#define AGENT_CALL_SHAPE_H

#include "agent/call/request.h"
#include "common/base/buf.h"

struct shape {
    const char *name; /* of the TypeScript type */
    const char *help;
    const struct json_field *fields;
    size_t n;
    bool closed; /* exactly these members: what browsers send, and what is all ours */
    /* It is one of these, and `fields` are what they have in common. The first field of all of them
     * is an enum that tells which; each of them knows one name of it. NULL: it is itself. */
    const struct shape *const *kinds;
    size_t kinds_n;
};

/* Shapes that know each other: a member whose table is that of another is printed by its name. */
struct shape_list {
    const struct shape *const *rows;
    size_t n;
};

/* ERR_UPSTREAM with the place: this is something else than screens can show. */
MUST_CHECK struct err shape_check(struct request *r, const struct shape *shape,
                                  const struct json *tree);

/* The same, but one that differs is logged and passes: what was done is done, and one odd row would
 * hide the others. An error is that of the arena. */
MUST_CHECK struct err shape_note(struct request *r, const struct shape *shape,
                                 const struct json *tree);

/* request_call whose answer is noted so. */
MUST_CHECK struct err shape_call(struct request *r, const char *tool, const struct json *arguments,
                                 const struct shape *shape);

/* The shapes as TypeScript, a list below the other. */
void shapes_print_types(struct buf *out, const struct shape_list *const *lists, size_t n);

#endif
