/* Opening agent.db, and the turn at writing. */
#include "agent/store/agent_db_own.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/once.h"
#include "common/base/invariant.h"
#include "common/sys/embed.h"
#include "common/sys/log.h"
#include "common/sys/migrate.h"

/* SQLite moves its log into the file only when it is told to (wal_autocheckpoint is off): after so
 * many transactions, by the thread whose turn it is, so that nobody writes behind it meanwhile and
 * the log begins anew. */
#define COMMITS_A_MOVE 250

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int commits; /* since the last move; of whose turn it is */

/* Not taken back by a transaction that happens to end well: it may have had nothing to write. */
static atomic_bool doubted;

static void doubt_if(struct err e)
{
    if (e.kind == ERR_STORE || e.kind == ERR_UNKNOWN)
        atomic_store(&doubted, true);
}

/* clang-format off */
const struct agent_sql agent_sqls[] = {
    {SET_SESSIONS, sessions_sql, &sessions_sql_n},
    {SET_PEOPLE, people_sql, &people_sql_n},
    {SET_FILTERS, filters_sql, &filters_sql_n},
    {SET_OUTBOX, outbox_sql, &outbox_sql_n},
    {SET_CHAT, chat_sql, &chat_sql_n},
    {SET_PUSH, push_sql, &push_sql_n},
    {SET_ONCE, once_sql, &once_sql_n},
    {SET_TALKS, talks_sql, &talks_sql_n},
    {SET_TRACES, traces_sql, &traces_sql_n},
    {SET_FORGET, forget_sql, &forget_sql_n},
    {SET_PINS, pins_sql, &pins_sql_n},
    {SET_RUNS, runs_sql, &runs_sql_n},
};
/* clang-format on */
const size_t agent_sqls_n = sizeof agent_sqls / sizeof agent_sqls[0];

struct err agent_db_migrate(const char *path, const char *now_utc, struct arena *arena,
                            int *migrated)
{
    CLEANUP(db_close) struct db *db = NULL;
    struct migrate_report report;
    TRY(db_open(path, DB_MIGRATOR, &db));
    TRY(migrate_run(db, agent_migrations, agent_migrations_n, now_utc, arena, &report));
    *migrated = (int)report.applied_n;
    return OK;
}

static struct err prepare_all(struct db *db)
{
    for (size_t i = 0; i < agent_sqls_n; i++)
        TRY(db_prepare_all(db, agent_sqls[i].set, agent_sqls[i].sql, *agent_sqls[i].n));
    return OK;
}

struct err agent_db_open(const char *path, struct agent_db **out)
{
    CLEANUP(agent_db_close) struct agent_db *db = calloc(1, sizeof *db);
    ENSURE(db != NULL, ERR_LIMIT, "no memory");
    db->path = strdup(path);
    ENSURE(db->path != NULL, ERR_LIMIT, "no memory");
    TRY(db_open(path, DB_WRITER, &db->db));
    TRY(prepare_all(db->db));
    *out = db;
    db = NULL;
    return OK;
}

void agent_db_close(struct agent_db *db)
{
    if (db == NULL)
        return;
    INVARIANT(!db->writing);
    db_close(db->db);
    free(db->path);
    free(db);
}

struct err agent_db_begin(struct agent_db *db)
{
    INVARIANT(!db->writing);
    pthread_mutex_lock(&turn);
    struct err e = db_begin_immediate(db->db);
    if (e.kind != ERR_NONE) {
        pthread_mutex_unlock(&turn);
        doubt_if(e);
        return e;
    }
    db->writing = true;
    return OK;
}

static void log_move(const char *path)
{
    CLEANUP(db_close) struct db *db = NULL;
    struct err e = db_open(path, DB_CHECKPOINTER, &db);
    if (e.kind == ERR_NONE)
        e = db_checkpoint(db, DB_CHECKPOINT_PASSIVE, NULL, NULL);
    if (e.kind != ERR_NONE)
        log_warn("the log of agent.db stays as long as it is", LOG_ERR(e), LOG_END);
}

struct err agent_db_end(struct agent_db *db, struct err e)
{
    INVARIANT(db->writing);
    struct err end = e.kind == ERR_NONE ? db_commit(db->db) : OK;
    if ((e.kind != ERR_NONE || end.kind != ERR_NONE) && db_in_transaction(db->db)) {
        struct err undone = db_rollback(db->db);
        if (end.kind == ERR_NONE)
            end = undone;
    }
    if (++commits >= COMMITS_A_MOVE) {
        commits = 0;
        log_move(db->path);
    }
    db->writing = false;
    pthread_mutex_unlock(&turn);
    doubt_if(e);
    doubt_if(end);
    return e.kind == ERR_NONE ? end : e;
}

bool agent_db_is_doubted(void)
{
    return atomic_load(&doubted);
}

/* What is used up already when it is marked is forgotten by the next mark: one row, each time anew.
 */
struct err agent_db_prove(struct agent_db *db, int64_t now_us)
{
    bool first;
    TRY(agent_db_begin(db));
    TRY(agent_db_end(db, once_use(db, "logout", STR("agent.db is written"), 0, now_us, &first)));
    atomic_store(&doubted, false);
    return OK;
}

struct stmt *agent_stmt(struct agent_db *db, enum agent_set set, size_t number)
{
    return db_stmt(db->db, set, number);
}
