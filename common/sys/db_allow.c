/* What a statement may do, asked by SQLite for every step it compiles: a list of what is allowed,
 * so that what we did not think of is denied. DEFENSIVE alone lets DROP TRIGGER through, and a list
 * that denies only DDL lets PRAGMA recursive_triggers=OFF through; nothing of either passes here.
 */
#include <string.h>

#include "common/base/str.h"
#include "common/sys/db_own.h"

static bool is_system_table(const char *name)
{
    return name == NULL || sqlite3_strnicmp(name, "sqlite_", 7) == 0;
}

static bool is_harmful_function(const char *name)
{
    static const char *const names[] = {"load_extension", "fts3_tokenizer", "sqlite_attach",
                                        "sqlite_detach"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (name == NULL || sqlite3_stricmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static int allow_write(struct db *db, const char *table)
{
    if (is_system_table(table))
        return SQLITE_DENY;
    if (db->mode == DB_WRITER)
        return SQLITE_OK;
    db->write_denied = true;
    return SQLITE_DENY;
}

static int allow_serving(struct db *db, int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return is_harmful_function(b) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return allow_write(db, a);
    default:
        /* Transactions too: they are db_begin …, so that the writer always knows where it is. */
        return SQLITE_DENY;
    }
}

static int allow_script(int action, const char *a)
{
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return SQLITE_DENY;
    case SQLITE_PRAGMA:
        return text_eq(a, "application_id") || text_eq(a, "user_version") ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_OK;
    }
}

int db_authorize(void *arg, int action, const char *a, const char *b, const char *schema,
                 const char *trigger)
{
    (void)schema;
    (void)trigger;
    struct db *db = arg;
    if (action == SQLITE_ATTACH || action == SQLITE_DETACH)
        return SQLITE_DENY;
    if (action == SQLITE_FUNCTION && is_harmful_function(b))
        return SQLITE_DENY;
    if (db->door == DOOR_OURS)
        return SQLITE_OK;
    if (db->mode == DB_MIGRATOR)
        return db->door == DOOR_SCRIPT ? allow_script(action, a) : SQLITE_OK;
    return allow_serving(db, action, a, b);
}
