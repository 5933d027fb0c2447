/* One process a book: an exclusive flock on <book>.lock ("recon.db" -> "recon.lock") beside the
 * database, with the holder's pid inside. The kernel drops it when the holder ends, however it
 * ends. */
#ifndef COMMON_SYS_BOOK_LOCK_H
#define COMMON_SYS_BOOK_LOCK_H

#include "common/base/err.h"

struct book_lock;

/* Takes the lock or fails at once: ERR_CONFLICT with the holder's pid in the message (it lives in
 * `arena`), ERR_STORE when the file cannot be made. `path` is the database's. */
MUST_CHECK struct err book_lock(const char *path, struct arena *arena, struct book_lock **lock);
void book_unlock(struct book_lock *lock); /* takes NULL; the file stays, empty */
CLEANUP_DEFINE(struct book_lock *, book_unlock)

#endif
