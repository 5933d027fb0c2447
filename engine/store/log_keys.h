/* The book's log keys. Their public side is the book's own KEY_ROTATED events: detail {statement,
 * vkey, before, from_size} (docs/KEYS.md). Their private side is files of the data folder: log.key,
 * and while a rotation is under way log.key.next. Which of them signs is decided by the book's last
 * KEY_ROTATED and by nothing else, so a rotation may be cut off at any point. */
#ifndef ENGINE_STORE_LOG_KEYS_H
#define ENGINE_STORE_LOG_KEYS_H

#include "common/sys/log_key.h"
#include "engine/store/audit.h"
#include "engine/store/store.h"

/* ---- the book's side ---- */

/* A KEY_ROTATED event. */
struct log_key_event {
    int64_t seq;
    struct log_key_statement statement; /* checked: signatures, this book's origin, this seq */
    const char *note;                   /* the signed statement */
    bool wiped;                         /* the old private key was to be overwritten */
};

/* closegate/<book_id>; "" while the book is empty. */
MUST_CHECK struct err log_origin(struct tx *tx, struct arena *arena, const char **origin);

/* All of them, in order. ERR_STORE for a statement that does not hold or does not follow from the
 * one before. */
MUST_CHECK struct err log_keys_list(struct tx *tx, struct arena *arena, struct log_key_event **rows,
                                    size_t *n);
/* What `keys export --chain` writes: every statement, oldest first; none while the book has no key.
 */
MUST_CHECK struct err log_keys_chain(struct tx *tx, struct arena *arena, struct json **chain);
/* The last one; *found is false when the book has no key. */
MUST_CHECK struct err log_key_now(struct tx *tx, struct arena *arena, bool *found,
                                  struct log_key_event *now);

/* ---- the data folder's side ---- */

struct log_keys;

/* What there is in `data_dir`: nothing is judged yet but the files' mode and owner (ERR_AUTH). */
MUST_CHECK struct err log_keys_open(const char *data_dir, struct log_keys **keys);
void log_keys_free(struct log_keys *keys); /* after every store that uses them; takes NULL */
CLEANUP_DEFINE(struct log_keys *, log_keys_free)

/* Outside of a group: the key that the book says is current signs the store's heads from now on,
 * and a rotation that was cut off is finished. ERR_MISSING: the book has no key yet (nobody signs
 * then); ERR_AUTH: it has one, and it is not in the data folder. Texts live in `arena`. */
MUST_CHECK struct err log_keys_use(struct log_keys *keys, struct store *store, struct arena *arena);

/* In a call's transaction: the event's detail, with a statement of the key that is current (none:
 * the first) and the next one, which signs from the event under way on. The first key is log.key;
 * a later one is made as log.key.next, or is there from a rotation that came to nothing. The caller
 * appends the event. */
MUST_CHECK struct err log_keys_rotate(struct log_keys *keys, struct tx *tx, bool wipe_old,
                                      const struct json **detail);
/* The store's own keys, by log_keys_use; NULL: it signs nothing. */
struct log_keys *store_log_keys(const struct store *store);

/* After the commit or its failure: the files follow the book. Cheap when nothing was rotated. */
MUST_CHECK struct err log_keys_settle(struct log_keys *keys, struct store *store);

#endif
