/* What the db*.c files share; nobody else includes this or sqlite3.h. */
#ifndef COMMON_SYS_DB_OWN_H
#define COMMON_SYS_DB_OWN_H

#include <sqlite3.h>

#include "common/sys/db.h"

struct stmt {
    struct db *db;
    sqlite3_stmt *q; /* NULL: a statement that writes, left out on a reader */
    const char *name;
    int bind_rc; /* the first binding or column that failed */
};

/* Our own PRAGMAs and transactions get past the authorizer by saying so while they are prepared. */
enum db_door {
    DOOR_SHUT = 0, /* the rules of the connection's mode */
    DOOR_OURS,     /* a constant text of db*.c */
    DOOR_SCRIPT,   /* a migration: schema, but no transaction control and few pragmas */
};

enum { TX_BEGIN, TX_BEGIN_IMMEDIATE, TX_COMMIT, TX_ROLLBACK, TX_SAVE, TX_RELEASE, TX_UNDO, TX_N };

struct db_message {
    struct db_message *next;
    char text[];
};

struct db {
    sqlite3 *h;
    enum db_mode mode;
    enum db_door door;
    enum db_class last;
    bool write_denied; /* set by the authorizer: the statement would write rows */
    struct stmt *sets[DB_SETS_MAX];
    size_t sets_n[DB_SETS_MAX];
    struct stmt tx[TX_N];
    struct db_message *messages;
    size_t messages_n;
};

/* The error for SQLite's result code, remembered as the connection's last class. `where` is static.
 */
MUST_CHECK struct err db_error(struct db *db, int rc, const char *where);

/* Prepares one statement into *q. */
MUST_CHECK struct err db_prepare(struct db *db, const struct db_sql *sql, struct stmt *q);

/* One statement of ours, behind the door, on any connection. */
MUST_CHECK struct err db_prepare_ours(struct db *db, const char *text, struct stmt *q);
/* A pragma's value as a number, whatever the mode. */
MUST_CHECK struct err db_pragma_read(struct db *db, const char *name, int64_t *value);

void stmt_fini(struct stmt *q);
static inline void stmt_fini_cleanup(struct stmt *q)
{
    stmt_fini(q);
}

/* sqlite3_set_authorizer's callback; `arg` is the struct db. */
int db_authorize(void *arg, int action, const char *a, const char *b, const char *schema,
                 const char *trigger);

#endif
