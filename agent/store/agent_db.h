/* agent.db: what the agent keeps of its own. A handle is one connection of one thread; all threads
 * of the process take turns at writing (a transaction holds the turn), so nobody meets SQLITE_BUSY
 * of our own making. Only agent/store holds SQL; each noun is a pair of files over this one. */
#ifndef AGENT_STORE_AGENT_DB_H
#define AGENT_STORE_AGENT_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"

struct agent_db;

/* Takes the file's schema forward, making the file (0600) when there is none. At start, before any
 * handle is opened. */
MUST_CHECK struct err agent_db_migrate(const char *path, const char *now_utc, struct arena *arena,
                                       int *migrated);

MUST_CHECK struct err agent_db_open(const char *path, struct agent_db **out);
void agent_db_close(struct agent_db *db);
CLEANUP_DEFINE(struct agent_db *, agent_db_close)

/* A write transaction: waits for its turn. Every begin ends in exactly one commit or rollback, also
 * when begin's caller fails in between; agent_db_end does the right one, for
 *     TRY(agent_db_begin(db));
 *     struct err e = ...;
 *     return agent_db_end(db, e);
 */
MUST_CHECK struct err agent_db_begin(struct agent_db *db);
/* Commits when `e` is OK (and gives the commit's error), else rolls back and gives `e`. */
MUST_CHECK struct err agent_db_end(struct agent_db *db, struct err e);

/* Has a write of this process failed, and none been proved to go through since? Any thread. */
bool agent_db_is_doubted(void);
/* Writes something that means nothing, and thereby ends the doubt; or says why not. */
MUST_CHECK struct err agent_db_prove(struct agent_db *db, int64_t now_us);

#endif
