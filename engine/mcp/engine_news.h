/* What events of the book mean for those who listen: which URIs changed, which tasks moved, and
 * whom each change concerns. Made on a reader thread, told on the loop's. */
#ifndef ENGINE_MCP_ENGINE_NEWS_H
#define ENGINE_MCP_ENGINE_NEWS_H

#include <sys/queue.h>

#include "engine/mcp/watch.h"
#include "engine/store/escalations.h"

/* Entities that one change names together. */
struct concern {
    const char *const *entities;
    size_t n;
    SLIST_ENTRY(concern) link;
};

/* Whom a change is for: everybody; or who may see all entities of one of its concerns; or, of a
 * task, its parties. */
struct change {
    bool everybody, task;
    const struct concern **concerns;
    size_t n, cap;
    struct party *parties;
    size_t parties_n;
};

/* One URI or task, however many events changed it. */
struct news_note {
    const char *uri; /* or the task's id */
    struct change change;
    struct json *task; /* as tasks/get answers it; once news_tasks was called */
    STAILQ_ENTRY(news_note) link;
};

struct news {
    struct arena *arena;       /* of all of it */
    const struct watch *watch; /* nothing else is noted */
    STAILQ_HEAD(, news_note) notes;
    SLIST_HEAD(, concern) concerns;
    size_t notes_n;
    bool policy;   /* another one is in force */
    bool registry; /* who may what has changed */
};

void news_init(struct news *n, struct arena *arena, const struct watch *watch);

/* Takes in one event, canonical text as it was hashed; `scratch` is for its tree. */
MUST_CHECK struct err news_take(struct news *n, struct arena *scratch, const char *event);

/* Reads the tasks noted as they are now. One that cannot be read is told of no more. */
MUST_CHECK struct err news_tasks(struct news *n, struct tx *tx);

/* Whether changes of this URI are ever noted. */
bool news_has(const char *uri);

#endif
