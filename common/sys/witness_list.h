/* The witnesses that a log's keeper brings its checkpoints to, as a setting names them: each is a
 * verifier key, a space and the URL below which add-checkpoint is. Pure. */
#ifndef COMMON_SYS_WITNESS_LIST_H
#define COMMON_SYS_WITNESS_LIST_H

#include "common/sys/note.h"
#include "common/sys/settings.h"

#define WITNESSES_MAX 16

enum witness_mode {
    WITNESS_ADVISORY = 0, /* what is not cosigned is reported */
    WITNESS_REQUIRED,     /* and changes are refused when it is old */
};

struct witness_peer {
    struct note_key key; /* NOTE_COSIGNATURE_V1 */
    const char *vkey, *url;
};

struct witness_list {
    struct witness_peer *items;
    size_t n;
};

/* ERR_INPUT, saying which item: a bad key, a log's key, a URL that is none, one witness twice. */
MUST_CHECK struct err witness_list_read(struct arena *arena, const struct setting_list *setting,
                                        struct witness_list *out);

#endif
