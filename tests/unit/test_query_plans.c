/* Every statement of the store, explained: none walks a whole large table. A statement that must is
 * on the list below, with its reason; a reason that is no longer needed fails, too. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/store/sql.h"
#include "tests/unit/test.h"

static const char *const large[] = {"audit_events",
                                    "entries",
                                    "matches",
                                    "match_states",
                                    "live_legs",
                                    "live_parts",
                                    "unsettled",
                                    "exceptions",
                                    "quarantine",
                                    "escalations",
                                    "auto_confirmed",
                                    "idempotency",
                                    "exception_states",
                                    "exception_flags",
                                    "exception_due",
                                    "assignments",
                                    "comments",
                                    "evidence",
                                    "object_events",
                                    "written_off",
                                    "jtis",
                                    "workflow_runs",
                                    "askers",
                                    "escalation_parties",
                                    "escalation_seats",
                                    "escalation_addressees",
                                    "escalation_notes",
                                    "escalation_marks",
                                    "deliveries"};

static const struct {
    const char *statement, *why;
} allowed[] = {
    {"parts_any", "asks whether there is a first row, and looks no further"},
    {"pbc_exceptions", "an evidence bundle ages every exception there was; asked once a bundle"},
    {"_walk", "audit verify --book reads every row of every table; that is its work"},
};

struct explained {
    const char *name;
    bool allowed;
    int scans;
};

/* "SCAN e" names an alias; the statement's text says whose. */
static bool names_large(const char *sql, const char *scanned)
{
    char with_alias[128];
    size_t len = strcspn(scanned, " ");
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        if (strlen(large[i]) == len && strncmp(scanned, large[i], len) == 0)
            return true;
        (void)snprintf(with_alias, sizeof with_alias, " %s %.*s ", large[i], (int)len, scanned);
        if (strstr(sql, with_alias) != NULL)
            return true;
    }
    return false;
}

static const char *sql_now;

static void plan_line(void *arg, const char *detail)
{
    struct explained *e = arg;
    if (strncmp(detail, "SCAN ", 5) != 0 || !names_large(sql_now, detail + 5))
        return;
    e->scans++;
    if (!e->allowed)
        (void)fprintf(stderr, "%s: %s\n", e->name, detail);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool is_allowed(const char *name)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (ends_with(name, allowed[i].statement))
            return true;
    }
    return false;
}

static int explain_all(struct db *db, int *allowed_scans)
{
    int bad = 0;
    for (size_t t = 0; t < sql_tables_n; t++) {
        for (size_t i = 0; i < *sql_tables[t].n; i++) {
            const struct db_sql *sql = &sql_tables[t].sql[i];
            struct explained e = {.name = sql->name, .allowed = is_allowed(sql->name)};
            ck_assert_ptr_nonnull(sql->text);
            sql_now = sql->text;
            ck_ok(db_explain(db, sql->text, plan_line, &e));
            bad += e.allowed ? 0 : e.scans;
            *allowed_scans += e.allowed ? e.scans : 0;
        }
    }
    return bad;
}

START_TEST(no_statement_scans_a_large_table)
{
    char folder[] = "/tmp/test_plans_XXXXXX", path[64];
    struct arena *arena = arena_new((size_t)8 << 20);
    struct store *store = NULL;
    int migrated, allowed_scans = 0;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/recon.db", folder);
    ck_ok(store_migrate(path, "2026-03-03T09:00:00Z", arena, &migrated));
    ck_ok(store_open(path, STORE_WRITER, arena, &store));
    int bad = explain_all(store_db(store), &allowed_scans);
    ck_assert_msg(bad == 0, "%d scans, named on standard error", bad);
    ck_assert_int_gt(allowed_scans, 0);
    store_close(store);
    arena_free(arena);
    char command[96];
    (void)snprintf(command, sizeof command, "%s-wal", path);
    (void)unlink(command);
    (void)snprintf(command, sizeof command, "%s-shm", path);
    (void)unlink(command);
    (void)unlink(path);
    (void)rmdir(folder);
}
END_TEST

TEST_MAIN("query_plans", no_statement_scans_a_large_table)
