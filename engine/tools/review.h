/* Private to engine/tools: what a person's screen says of how they came to their decision. It goes
 * into the event, and nothing is decided by it. */
#ifndef ENGINE_TOOLS_REVIEW_H
#define ENGINE_TOOLS_REVIEW_H

#include "common/base/json.h"

struct review {
    const char *opened_at; /* an instant in UTC, as it was written; NULL: not said */
    const char **evidence_opened;
    size_t evidence_opened_n;
};

enum { REVIEW_FIELDS = 2 };
extern const struct json_field review_fields[REVIEW_FIELDS];

#endif
