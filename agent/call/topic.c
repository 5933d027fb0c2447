/* The topics' names, as browsers hear them. */
#include "agent/call/topic.h"

const char *const topic_names[TOPICS_N] = {
    "escalations", "exceptions", "status",  "runs",  "policy",
    "audit",       "outbox",     "matches", "rules", "engine",
};
