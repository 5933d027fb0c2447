/* A consistency proof as a file (what `audit consistency` prints), between two checkpoints that
 * stand beside it:
 * {"format":"closegate-consistency/1","from":57,"to":103,"proof":["<base64>",…]} */
#ifndef COMMON_VERIFY_CONSISTENCY_H
#define COMMON_VERIFY_CONSISTENCY_H

#include "common/base/json.h"
#include "common/sys/merkle.h"

#define CONSISTENCY_FORMAT "closegate-consistency/1"

struct consistency {
    uint64_t from, to; /* below 2^53 */
    struct merkle_proof proof;
};

/* ERR_INPUT with a JSON pointer, ERR_LIMIT. */
MUST_CHECK struct err consistency_read(struct arena *arena, struct str json, struct consistency *c);
/* The same from a tree: of a proof that stands within another document. */
MUST_CHECK struct err consistency_bind(struct arena *arena, const struct json *tree,
                                       struct consistency *c);
/* NULL when the arena is full. */
struct json *consistency_print(struct arena *arena, const struct consistency *c);

#endif
