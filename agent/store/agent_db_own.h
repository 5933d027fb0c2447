/* Private to agent/store: the connection, and which statement tables there are. A file that holds
 * SQL adds its set here and its row in agent_db.c; agent_db_open then prepares it. */
#ifndef AGENT_STORE_AGENT_DB_OWN_H
#define AGENT_STORE_AGENT_DB_OWN_H

#include "agent/store/agent_db.h"
#include "common/sys/db.h"

enum agent_set {
    SET_SESSIONS,
    SET_PEOPLE,
    SET_FILTERS,
    SET_OUTBOX,
    SET_CHAT,
    SET_PUSH,
    SET_ONCE,
    SET_TALKS,
    SET_TRACES,
    SET_FORGET,
    SET_PINS,
    SET_RUNS,
};

struct agent_sql {
    enum agent_set set;
    const struct db_sql *sql;
    const size_t *n;
};
extern const struct agent_sql agent_sqls[];
extern const size_t agent_sqls_n;

extern const struct db_sql sessions_sql[];
extern const size_t sessions_sql_n;
extern const struct db_sql people_sql[];
extern const size_t people_sql_n;
extern const struct db_sql filters_sql[];
extern const size_t filters_sql_n;
extern const struct db_sql outbox_sql[];
extern const size_t outbox_sql_n;
extern const struct db_sql chat_sql[];
extern const size_t chat_sql_n;
extern const struct db_sql push_sql[];
extern const size_t push_sql_n;
extern const struct db_sql once_sql[];
extern const size_t once_sql_n;
extern const struct db_sql talks_sql[];
extern const size_t talks_sql_n;
extern const struct db_sql traces_sql[];
extern const size_t traces_sql_n;
extern const struct db_sql forget_sql[];
extern const size_t forget_sql_n;
extern const struct db_sql pins_sql[];
extern const size_t pins_sql_n;
extern const struct db_sql runs_sql[];
extern const size_t runs_sql_n;

struct agent_db {
    struct db *db;
    char *path;
    bool writing; /* this handle holds the turn */
};

/* The handle of a statement of a set, ready to bind. */
struct stmt *agent_stmt(struct agent_db *db, enum agent_set set, size_t number);

#endif
