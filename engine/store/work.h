/* What people and agents do around an object without deciding it: who has it, what was said about
 * it, which documents belong to it. Comments and evidence are only ever added. An object is written
 * "kind:id"; which events concern it is kept beside (object_events), so that its history can be
 * read. */
#ifndef ENGINE_STORE_WORK_H
#define ENGINE_STORE_WORK_H

#include "engine/store/store.h"

enum object_kind { OBJECT_MATCH = 0, OBJECT_EXCEPTION, OBJECT_ESCALATION, OBJECT_ENTRY };
const char *object_kind_name(enum object_kind kind); /* "match" … */

/* "exception:exc_…"; NULL when there is no memory. */
const char *object_key(struct arena *arena, enum object_kind kind, const char *id);

/* The event under way concerns the object. Once or often, it is the same. */
MUST_CHECK struct err object_event_add(struct tx *tx, const char *object);

struct object_event {
    int64_t seq;
    const char *event; /* canonical text */
};
/* The latest first, at most `limit`. */
MUST_CHECK struct err object_events(struct tx *tx, struct arena *arena, const char *object,
                                    int64_t limit, struct object_event **rows, size_t *n);

struct assignment {
    const char *assignee; /* a principal_id, or "role:NAME"; NULL: nobody */
    const char *assigned_by;
    int64_t version; /* 0: was never assigned */
};
MUST_CHECK struct err assignment_load(struct tx *tx, struct arena *arena, const char *object,
                                      struct assignment *a);
/* Assigns on top of `a->version`; ERR_CONFLICT when somebody else did meanwhile. Notes the effect,
 * updates *a. */
MUST_CHECK struct err assignment_put(struct tx *tx, const char *object, const char *assignee,
                                     const char *assigned_by, struct assignment *a);

struct comment {
    const char *comment_id; /* NULL for a new one */
    const char *object, *author, *principal;
    const char *author_kind; /* human, model, template */
    const char *text, *created_at;
};
/* Fills comment_id and created_at; notes the effect. */
MUST_CHECK struct err comment_add(struct tx *tx, struct comment *comment);
/* In the order they were made, at most `limit`, the last ones. */
MUST_CHECK struct err comments_of(struct tx *tx, struct arena *arena, const char *object,
                                  int64_t limit, struct comment **rows, size_t *n);

/* The digest of a document that is kept elsewhere. */
struct evidence {
    const char *evidence_id; /* NULL for a new one */
    const char *object, *sha256, *name, *media_type;
    int64_t bytes_n; /* 0: not said */
    const char *added_by, *principal, *created_at;
};
MUST_CHECK struct err evidence_add(struct tx *tx, struct evidence *evidence);
MUST_CHECK struct err evidence_of(struct tx *tx, struct arena *arena, const char *object,
                                  int64_t limit, struct evidence **rows, size_t *n);

#endif
