/* A book goes forward through its migrations once each, and notices every other history. */
#include "common/sys/migrate.h"

#include <string.h>

#include "tests/unit/test.h"

#define FILE_OF(name, text)                                                                        \
    {                                                                                              \
        (name), (const unsigned char *)(text), sizeof(text) - 1                                    \
    }

static const struct embedded two[] = {
    FILE_OF("0001_book.sql", "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) STRICT;"),
    FILE_OF("0002_more.sql",
            "-- comment\nCREATE TABLE more(id INTEGER PRIMARY KEY, k TEXT REFERENCES meta(key)) "
            "STRICT;\nINSERT INTO meta VALUES ('a', 'b');"),
};

#define FRESH(arena, db)                                                                           \
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 18);                                  \
    CLEANUP(db_close) struct db *db = NULL;                                                        \
    ck_ok(db_open(":memory:", DB_MIGRATOR, &db))

START_TEST(migrations_apply_once_in_order)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_ok(migrate_run(db, two, 1, "2026-03-03T09:15:02Z", arena, &r));
    ck_assert(r.applied_n == 1 && r.version == 1);
    ck_ok(migrate_run(db, two, 2, "2026-03-04T09:15:02Z", arena, &r));
    ck_assert(r.applied_n == 1 && r.version == 2);
    ck_assert_str_eq(r.applied[0].name, "0002_more.sql");
    ck_assert_int_eq(r.applied[0].number, 2);
    ck_assert_uint_eq(strlen(r.applied[0].sha256), 64);
    ck_ok(migrate_run(db, two, 2, "2026-03-05T09:15:02Z", arena, &r));
    ck_assert(r.applied_n == 0 && r.version == 2);
    ck_ok(migrate_check(db, two, 2, arena));
    struct stmt *q CLEANUP(stmt_free) = NULL;
    static const struct db_sql sql = {"at", "SELECT applied_at FROM schema_migrations"
                                            " WHERE number = 2"};
    ck_ok(stmt_new(db, &sql, &q));
    bool row;
    ck_ok(stmt_step(q, &row));
    ck_assert_str_eq(stmt_text(q, 0, arena), "2026-03-04T09:15:02Z");
}
END_TEST

START_TEST(a_failed_migration_leaves_nothing_and_is_named)
{
    FRESH(arena, db);
    struct embedded files[] = {two[0],
                               FILE_OF("0002_bad.sql", "CREATE TABLE half(a) STRICT;"
                                                       "CREATE TABLE good(a TEXT) STRICT;")};
    struct migrate_report r;
    struct err e = migrate_run(db, files, 2, "-", arena, &r);
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_str_eq(e.where, "0002_bad.sql");
    ck_assert(!db_in_transaction(db));
    ck_assert(r.applied_n == 1 && r.version == 1);
    ck_ok(migrate_check(db, files, 1, arena));
    ck_ok(migrate_run(db, two, 2, "-", arena, &r));
}
END_TEST

START_TEST(a_migration_may_not_leave_its_transaction_or_break_a_key)
{
    static const char *const bad[] = {
        "COMMIT;",
        "PRAGMA foreign_keys = OFF;",
        "ATTACH ':memory:' AS x;",
        "INSERT INTO more VALUES (1, 'nobody');",
        "PRAGMA defer_foreign_keys = ON;",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FRESH(arena, db);
        struct embedded files[] = {
            two[0], two[1], {"0003_bad.sql", (const unsigned char *)bad[i], strlen(bad[i])}};
        struct migrate_report r;
        ck_err(migrate_run(db, files, 3, "-", arena, &r), ERR_STORE);
        ck_assert_int_eq(r.version, 2);
    }
}
END_TEST

START_TEST(a_changed_file_is_named)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_ok(migrate_run(db, two, 2, "-", arena, &r));
    struct embedded changed[] = {two[0],
                                 FILE_OF("0002_more.sql", "CREATE TABLE more(id TEXT) STRICT;")};
    struct err e = migrate_run(db, changed, 2, "-", arena, &r);
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_str_eq(e.where, "0002_more.sql");
    struct embedded renamed[] = {two[0], two[1]};
    renamed[1].name = "0002_other.sql";
    ck_err(migrate_run(db, renamed, 2, "-", arena, &r), ERR_STORE);
    ck_err(migrate_check(db, changed, 2, arena), ERR_STORE);
}
END_TEST

START_TEST(a_newer_book_is_refused_by_an_older_program)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_ok(migrate_run(db, two, 2, "-", arena, &r));
    struct err e = migrate_run(db, two, 1, "-", arena, &r);
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_ptr_nonnull(strstr(e.msg, "newer closegate"));
    ck_err(migrate_check(db, two, 1, arena), ERR_STORE);
}
END_TEST

START_TEST(an_older_book_is_not_served)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_err(migrate_check(db, two, 2, arena), ERR_STORE); /* empty */
    ck_ok(migrate_run(db, two, 1, "-", arena, &r));
    struct err e = migrate_check(db, two, 2, arena);
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_str_eq(e.where, "0002_more.sql");
}
END_TEST

static void edit(struct db *db, const char *sql)
{
    ck_ok(db_begin_immediate(db));
    ck_ok(db_script(db, sql));
    ck_ok(db_commit(db));
}

START_TEST(an_edited_record_or_schema_is_found)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_ok(migrate_run(db, two, 2, "-", arena, &r));
    edit(db, "CREATE INDEX extra ON meta(value)");
    struct err e = migrate_check(db, two, 2, arena);
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_str_eq(e.where, "schema");
    edit(db, "DROP INDEX extra");
    ck_ok(migrate_check(db, two, 2, arena));
    edit(db, "DELETE FROM schema_migrations WHERE number = 1");
    ck_err(migrate_check(db, two, 2, arena), ERR_STORE);
}
END_TEST

START_TEST(files_out_of_order_are_our_bug)
{
    FRESH(arena, db);
    struct migrate_report r;
    static const char *const bad[] = {"0002_a.sql", "1_a.sql",    "0001-a.sql",  "0001_.sql",
                                      "0001_a.txt", "0001_A.sql", "00011_a.sql", "0001_a.sql.sql"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct embedded file = {bad[i], (const unsigned char *)"SELECT 1", 8};
        ck_err(migrate_run(db, &file, 1, "-", arena, &r), ERR_BUG);
    }
    struct embedded nul = {"0001_a.sql", (const unsigned char *)"SELECT 1;\0DROP", 14};
    ck_err(migrate_run(db, &nul, 1, "-", arena, &r), ERR_BUG);
}
END_TEST

START_TEST(the_embedded_migrations_make_a_book)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_assert_uint_ge(recon_migrations_n, 1);
    ck_ok(migrate_run(db, recon_migrations, recon_migrations_n, "-", arena, &r));
    ck_assert_uint_eq(r.applied_n, recon_migrations_n);
    ck_ok(migrate_check(db, recon_migrations, recon_migrations_n, arena));
    char want[65], got[65];
    ck_ok(migrate_expected_digest(recon_migrations, recon_migrations_n, want));
    ck_ok(db_schema_digest(db, got));
    ck_assert_str_eq(want, got);
}
END_TEST

/* What stood before 0012 made its tables anew, with gaps where rows never came to be. */
static const char before_checks[] =
    "INSERT INTO entries (rowid, entry_id, version, side, source_id, file_id, row_no, entity_id,"
    " account_id, date, amount_minor, currency, contra, raw_sha256, seq) VALUES"
    " (7, 'e2', 1, 'bank', 's', 'f', 1, 'US', '1010', '2026-03-03', -5, 'USD', 'none', 'x', 2),"
    " (9, 'e1', 1, 'gl', 's', 'f', 2, 'US', '1010', '2026-03-03', -4, 'USD', 'none', 'x', 2);"
    "INSERT INTO matches (rowid, match_id, entity_id, account_id, class, match_type, rule,"
    " rule_version, source, proposer, composition_sha256, currency, amount_minor,"
    " difference_minor, score_bp, ambiguous, sure, legs, evidence, seq) VALUES"
    " (4, 'm2', 'US', '1010', 'exact_match', 'fee', 'fee/1', 1, 'matcher', 'engine:matcher', 'c',"
    " 'USD', 5, -1, 9000, 0, 1, '[]', '{}', 3),"
    " (6, 'm1', 'US', '1010', 'exact_match', 'fee', 'fee/1', 1, 'matcher', 'engine:matcher', 'd',"
    " 'USD', 5, 0, 9000, 0, 1, '[]', '{}', 3);"
    "INSERT INTO match_states (rowid, match_id, state, actor, version, seq) VALUES"
    " (3, 'm2', 'CONFIRMED', 'human:ana', 2, 4), (5, 'm1', 'REVERSED', 'human:ana', 3, 5);"
    "INSERT INTO match_differences (rowid, match_id, account_id, currency, amount_minor, seq)"
    " VALUES (2, 'm2', '6000', 'USD', -1, 3);"
    "INSERT INTO live_legs (entry_id, match_id) VALUES ('e2', 'm2');";

static const char *const after_checks[] = {
    "SELECT 1 WHERE (SELECT group_concat(rowid || entry_id) FROM entries NOT INDEXED) = '7e2,9e1'",
    "SELECT 1 WHERE (SELECT group_concat(rowid || match_id) FROM matches NOT INDEXED) = '4m2,6m1'",
    "SELECT 1 WHERE (SELECT group_concat(rowid || match_id || state) FROM match_states NOT INDEXED)"
    " = '3m2CONFIRMED,5m1REVERSED'",
    "SELECT 1 WHERE (SELECT group_concat(rowid || match_id) FROM match_differences) = '2m2'",
    /* nothing that is written for every row says a list that SQLite would make a table of */
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name IN ('entries', 'matches',"
    " 'match_states', 'auto_confirmed', 'idempotency', 'live_legs') AND sql LIKE '% IN (''%,%')",
    /* and what referred to the tables still does */
    "SELECT 1 WHERE (SELECT count(*) FROM sqlite_schema WHERE name IN ('match_states',"
    " 'match_differences') AND sql LIKE '%REFERENCES \"matches\"%') = 2",
};

static const char *const refused_after[] = {
    "UPDATE entries SET side = 'other'",
    "UPDATE entries SET contra = 'other'",
    "UPDATE matches SET class = 'other'",
    "UPDATE matches SET source = 'other'",
    "UPDATE match_states SET state = 'PROPOSED_MATCH'",
    "DELETE FROM matches",
    "INSERT INTO live_parts (entry_id, match_id, entity_id, minor) VALUES ('e2', 'm2', 'US', -1)",
};

START_TEST(a_book_of_before_keeps_its_rows_in_the_order_they_were_written)
{
    FRESH(arena, db);
    struct migrate_report r;
    ck_ok(migrate_run(db, recon_migrations, 11, "-", arena, &r));
    ck_ok(db_begin_immediate(db));
    ck_ok(db_script(db, before_checks));
    ck_ok(db_commit(db));
    ck_ok(migrate_run(db, recon_migrations, recon_migrations_n, "-", arena, &r));
    for (size_t i = 0; i < sizeof after_checks / sizeof after_checks[0]; i++) {
        const struct db_sql sql = {"after", after_checks[i]};
        struct stmt *q CLEANUP(stmt_free) = NULL;
        bool yes;
        ck_ok(stmt_new(db, &sql, &q));
        ck_ok(stmt_step(q, &yes));
        ck_assert_msg(yes, "%s", after_checks[i]);
    }
    for (size_t i = 0; i < sizeof refused_after / sizeof refused_after[0]; i++) {
        ck_ok(db_begin_immediate(db));
        ck_assert_msg(db_script(db, refused_after[i]).kind == ERR_CONFLICT, "%s", refused_after[i]);
        ck_ok(db_rollback(db));
    }
}
END_TEST

TEST_MAIN("migrate", migrations_apply_once_in_order, a_failed_migration_leaves_nothing_and_is_named,
          a_migration_may_not_leave_its_transaction_or_break_a_key, a_changed_file_is_named,
          a_newer_book_is_refused_by_an_older_program, an_older_book_is_not_served,
          an_edited_record_or_schema_is_found, files_out_of_order_are_our_bug,
          the_embedded_migrations_make_a_book,
          a_book_of_before_keeps_its_rows_in_the_order_they_were_written)
