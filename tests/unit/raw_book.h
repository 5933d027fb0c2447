/* A book in a temporary folder for the tests of the store: a writer's connection, calls in groups
 * of one, a verifier with eyes of its own, and an attacker with a raw connection. */
#ifndef TESTS_UNIT_RAW_BOOK_H
#define TESTS_UNIT_RAW_BOOK_H

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/sys/crypt.h"
#include "engine/store/audit.h"
#include "engine/store/entries.h"
#include "engine/store/escalations.h"
#include "engine/store/exceptions.h"
#include "engine/store/idempotency.h"
#include "engine/store/limits.h"
#include "engine/store/matches.h"
#include "engine/store/policies.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"
#include "tests/unit/proposal.h"
#include "tests/unit/test.h"

#define MAYBE_UNUSED __attribute__((unused))

struct book {
    char folder[32], path[48];
    struct arena *arena;
    struct store *store;
    struct tx tx;
    int64_t clock_us;
};

#define BOOK_CLOCK INT64_C(1772528400000000) /* 2026-03-03T09:00:00Z */

MAYBE_UNUSED static void call_begin(struct book *b)
{
    b->clock_us += 1000000;
    ck_ok(store_group_begin(b->store));
    ck_ok(tx_call_begin(b->store, b->arena, b->clock_us, &b->tx));
}

MAYBE_UNUSED static void call_end(struct book *b)
{
    ck_ok(tx_call_keep(&b->tx));
    ck_ok(store_group_commit(b->store));
}

MAYBE_UNUSED static void append(struct book *b, const char *type)
{
    const struct event event = {.type = type};
    ck_ok(audit_append(&b->tx, &event));
}

/* A call of its own that does nothing but append. */
MAYBE_UNUSED static void event_add(struct book *b, const char *type)
{
    call_begin(b);
    append(b, type);
    call_end(b);
}

MAYBE_UNUSED static void book_up(struct book *b)
{
    int migrated;
    *b = (struct book){.folder = "/tmp/test_book_XXXXXX", .clock_us = BOOK_CLOCK};
    ck_assert_ptr_nonnull(mkdtemp(b->folder));
    (void)snprintf(b->path, sizeof b->path, "%s/recon.db", b->folder);
    b->arena = arena_new((size_t)256 << 20);
    ck_ok(store_migrate(b->path, "2026-03-03T09:00:00Z", b->arena, &migrated));
    ck_ok(store_open(b->path, STORE_WRITER, b->arena, &b->store));
    event_add(b, "BOOK_CREATED");
}

MAYBE_UNUSED static void book_reopen(struct book *b)
{
    store_close(b->store);
    b->store = NULL;
    ck_ok(store_open(b->path, STORE_WRITER, b->arena, &b->store));
}

MAYBE_UNUSED static void book_down(struct book *b)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[64];
    store_close(b->store);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s%s", b->path, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(b->folder);
    arena_free(b->arena);
}

/* ---- rows ---- */

MAYBE_UNUSED static void entry_add(struct book *b, const char *id, enum side side, int64_t minor)
{
    struct entry e = {.entry_id = id,
                      .version = 1,
                      .side = side,
                      .contra = CONTRA_NONE,
                      .source_id = "src",
                      .file_id = "fil_1",
                      .row_no = 1,
                      .entity_id = "us",
                      .account_id = "1000",
                      .memo = "invoice 4471",
                      .raw_sha256 = "00"};
    ck_ok(date_parse("2026-03-02", &e.date));
    ck_ok(money_make(minor, "USD", &e.amount));
    ck_ok(entry_insert(&b->tx, &e));
}

/* One bank line against one book line. */
MAYBE_UNUSED static struct match pair_of(struct book *b, const char *bank, const char *gl,
                                         int64_t minor)
{
    struct leg *legs = ARENA_ARRAY(b->arena, 2, struct leg);
    legs[0] =
        (struct leg){.entry_id = bank, .version = 1, .side = SIDE_BANK, .amount_minor = minor};
    legs[1] = (struct leg){.entry_id = gl, .version = 1, .side = SIDE_GL, .amount_minor = minor};
    struct match m = sure_proposal(legs, 2);
    m.entity_id = "us";
    m.account_id = "1000";
    ck_ok(match_measure(&m, "USD"));
    ck_ok(match_composition(b->arena, m.rule, legs, 2, &m.composition_sha256));
    return m;
}

MAYBE_UNUSED static struct escalation escalation_of(const char *id, const char *key)
{
    return (struct escalation){.escalation_id = id,
                               .code = "7QK4-M2XD",
                               .key_sha256 = key,
                               .digest = "d",
                               .bound = "{}",
                               .tool = "confirm_match",
                               .args = "{}",
                               .object_type = "match",
                               .object_id = "mat_1",
                               .object_version = 1,
                               .entity_id = "us",
                               .has_amount = true,
                               .amount = {.minor = 1200000, .cur = "USD"},
                               .policy_version = "p1",
                               .reason = "MATERIALITY_OVER_THRESHOLD",
                               .clause = "A person.",
                               .pointer = "/materiality_threshold_usd",
                               .requester = "llm:s-1",
                               .requester_obo = "p-ana",
                               .created_at = "2026-03-03T09:00:00Z",
                               .expires_at = "2026-03-10T09:00:00Z"};
}

/* ---- the verifier ---- */

MAYBE_UNUSED static struct err book_verify(struct book *b, struct audit_report *report)
{
    return audit_verify_file(b->path, true, b->arena, report);
}

MAYBE_UNUSED static void expect_intact(struct book *b)
{
    struct audit_report r;
    ck_ok(book_verify(b, &r));
    ck_assert_msg(r.kind == AUDIT_INTACT, "seq %lld %s %s: %s", (long long)r.bad_seq,
                  r.table == NULL ? "-" : r.table, r.row == NULL ? "-" : r.row, r.problem);
}

/* Broken at this event (0: none), in this table (NULL: none). */
MAYBE_UNUSED static void expect_broken(struct book *b, int64_t seq, const char *table)
{
    struct audit_report r;
    ck_ok(book_verify(b, &r));
    ck_assert_int_eq(r.kind, AUDIT_BROKEN);
    ck_assert_msg(r.bad_seq == seq && text_eq(r.table, table), "broken at %lld %s %s: %s",
                  (long long)r.bad_seq, r.table == NULL ? "-" : r.table,
                  r.row == NULL ? "-" : r.row, r.problem);
    ck_assert_ptr_nonnull(r.problem);
}

/* ---- the attacker: somebody with the file and any SQLite ---- */

MAYBE_UNUSED static int attack_rc(struct book *b, const char *sql)
{
    sqlite3 *raw = NULL;
    ck_assert_int_eq(sqlite3_open(b->path, &raw), SQLITE_OK);
    int rc = sqlite3_exec(raw, sql, NULL, NULL, NULL);
    (void)sqlite3_close(raw);
    return rc;
}

MAYBE_UNUSED static void attack(struct book *b, const char *sql)
{
    int rc = attack_rc(b, sql);
    ck_assert_msg(rc == SQLITE_OK, "the attack itself failed (%d): %s", rc, sql);
}

/* The file's own bytes, which no trigger guards and no index follows: `with` over those that `text`
 * begins with, or over the head of the page it stands in. */
MAYBE_UNUSED static void attack_file(struct book *b, const char *text, bool page, const void *with,
                                     size_t n)
{
    static char bytes[(size_t)32 << 20];
    attack(b, "PRAGMA wal_checkpoint(TRUNCATE)");
    FILE *f = fopen(b->path, "r+b");
    ck_assert_ptr_nonnull(f);
    const size_t len = fread(bytes, 1, sizeof bytes, f);
    const char *at = memmem(bytes, len, text, strlen(text));
    ck_assert_ptr_nonnull(at);
    const size_t page_len = (size_t)(unsigned char)bytes[16] << 8 | (unsigned char)bytes[17];
    const size_t place = (size_t)(at - bytes) - (page ? (size_t)(at - bytes) % page_len : 0);
    ck_assert_int_eq(fseek(f, (long)place, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(with, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

#endif
