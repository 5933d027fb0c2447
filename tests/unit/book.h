/* A real book in a temporary folder for tests of what works on one: created, with the principal
 * p-ana (human:ana, role controller everywhere) and a policy that lets her load and confirm. Calls
 * run as on a locked book, one group each. */
#ifndef TESTS_UNIT_BOOK_H
#define TESTS_UNIT_BOOK_H

#include <stdio.h>
#include <unistd.h>

#include "engine/call/call.h"
#include "engine/store/audit.h"
#include "engine/store/master.h"
#include "tests/unit/policy_base.h"

static char book_folder[64], book_path[96];
static struct store *book_writer, *book_reader;
static const struct policy *book_policy;
static int64_t book_now = INT64_C(1767225600000000); /* 2026-01-01 */

static const struct actor book_ana = {.kind = ACTOR_HUMAN,
                                      .id = "human:ana",
                                      .principal = "p-ana",
                                      .channel = CHANNEL_CLI,
                                      .backend = "os"};

__attribute__((unused)) static int64_t book_clock(void)
{
    return book_now += 1000;
}

static void book_event(struct tx *tx, const char *type)
{
    static const struct actor engine = {.kind = ACTOR_ENGINE, .id = "engine:test"};
    const struct event event = {.type = type, .actor = &engine};
    ck_ok(audit_append(tx, &event));
}

static void book_populate(void)
{
    struct tx tx;
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
    book_event(&tx, "BOOK_CREATED");
    ck_ok(principal_put(&tx, "p-ana", "Ana", true));
    ck_ok(role_grant(&tx, "p-ana", "controller", NULL));
    book_event(&tx, "REGISTRY_CHANGED");
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
}

static void book_up(void)
{
    int migrated;
    arena_up();
    (void)snprintf(book_folder, sizeof book_folder, "/tmp/closegate-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(book_folder));
    (void)snprintf(book_path, sizeof book_path, "%s/recon.db", book_folder);
    ck_ok(store_migrate(book_path, "2026-01-01T00:00:00.000000Z", arena, &migrated));
    ck_ok(store_open(book_path, STORE_WRITER, arena, &book_writer));
    ck_ok(store_open(book_path, STORE_READER, arena, &book_reader));
    book_policy = load("actions: [CONFIRM]", "actions: [CONFIRM, INGEST, CHANGE_MASTER_DATA]");
    book_populate();
}

static void book_down(void)
{
    static const char *const names[] = {"recon.db", "recon.db-wal", "recon.db-shm", "recon.lock"};
    store_close(book_writer);
    store_close(book_reader);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", book_folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(book_folder);
    arena_down();
}

/* ---- writing by hand: between book_begin and book_end, one event ---- */

__attribute__((unused)) static void book_begin(struct tx *tx)
{
    ck_ok(store_group_begin(book_writer));
    ck_ok(tx_call_begin(book_writer, arena, book_clock(), tx));
}

__attribute__((unused)) static void book_end(struct tx *tx)
{
    book_event(tx, "OK");
    ck_ok(tx_call_keep(tx));
    ck_ok(store_group_commit(book_writer));
}

/* The entity US and its accounts, each an id and a class; the first one is reconciled. */
__attribute__((unused)) static void book_chart(const char *const (*accounts)[2], size_t n)
{
    struct tx tx;
    enum put put;
    book_begin(&tx);
    ck_ok(entity_put(&tx,
                     &(struct entity){.entity_id = "US",
                                      .name = "US Inc",
                                      .functional_currency = "USD",
                                      .zone = "America/New_York",
                                      .calendar = "US_FED"},
                     &put));
    for (size_t i = 0; i < n; i++)
        ck_ok(account_put(&tx,
                          &(struct account){.entity_id = "US",
                                            .account_id = accounts[i][0],
                                            .name = "x",
                                            .class_ = accounts[i][1],
                                            .reconciled = i == 0},
                          &put));
    book_end(&tx);
}

/* ---- calls ---- */

static struct err book_submit(struct job_port *port, struct call **calls, size_t n)
{
    (void)port;
    ck_assert(call_group(book_writer, calls, n, book_clock));
    return OK;
}

static bool book_cancelled(struct job_port *port)
{
    (void)port;
    return false;
}

/* The call as an edge would make it, run to its outcome. */
__attribute__((unused)) static struct call *book_call(const char *tool, const struct json *args)
{
    struct job_port port = {.reader = book_reader,
                            .submit = book_submit,
                            .cancelled = book_cancelled,
                            .clock_us = book_clock};
    struct call *c = ARENA_NEW(arena, struct call);
    ck_assert_ptr_nonnull(c);
    *c = (struct call){
        .arena = arena, .tool = tool_find(tool), .actor = book_ana, .policy = book_policy};
    ck_assert_msg(c->tool != NULL, "no tool %s", tool);
    c->err = call_bind(c, args);
    if (c->err.kind != ERR_NONE) {
        c->outcome = CALL_FAILED;
    } else if (c->tool->run == TOOL_JOB) {
        c->err = call_job(c, &port);
        if (c->err.kind != ERR_NONE)
            c->outcome = CALL_FAILED;
    } else {
        ck_assert(call_group(book_writer, &c, 1, book_clock));
    }
    return c;
}

/* The chain and every row of the book are what the events say. */
__attribute__((unused)) static void book_is_intact(void)
{
    struct audit_report report;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(audit_verify(&tx, arena, &report));
    ck_assert_msg(report.kind == AUDIT_INTACT, "%s", report.problem);
    ck_ok(audit_verify_book(&tx, arena, &report));
    tx_read_end(&tx);
    ck_assert_msg(report.kind == AUDIT_INTACT, "%s (%s %s)", report.problem,
                  report.table == NULL ? "-" : report.table, report.row == NULL ? "-" : report.row);
}

#define BOOK_MAIN(name, ...) TEST_MAIN_AROUND(name, book_up, book_down, __VA_ARGS__)

#endif
