/* The witness's settings: CLOSEGATE_WITNESS_* from the environment or a file of the same names, and
 * a few that all of closegate's programs have. docs/WITNESS.md explains them. */
#ifndef WITNESS_SETTINGS_H
#define WITNESS_SETTINGS_H

#include "common/sys/note.h"
#include "common/sys/settings.h"

struct witness_settings {
    const char *name, *data_dir, *listen, *ca_file;
    struct setting_list logs, follow;
    int64_t follow_seconds, max_connections, max_connections_per_peer;
    int log_level;
    int env, unsafe_no_confinement; /* as the engine's */

    struct note_key *log_keys; /* of `logs`, read */
    size_t log_keys_n;
};

MUST_CHECK struct err witness_settings_load(struct arena *arena, const char *file,
                                            const char *const *env, struct witness_settings *out);
/* Reads and checks what options have put into the lists. */
MUST_CHECK struct err witness_settings_check(struct arena *arena, struct witness_settings *s);
void witness_settings_print(struct buf *out);

#endif
