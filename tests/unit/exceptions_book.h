/* On the book of spine_book.h: who may flag, take, resolve and write off, the calls that do, and
 * what the book says of it. */
#ifndef TESTS_UNIT_EXCEPTIONS_BOOK_H
#define TESTS_UNIT_EXCEPTIONS_BOOK_H

#include "engine/fsm/entry.h"
#include "engine/store/exceptions.h"
#include "engine/store/work.h"
#include "tests/unit/spine_book.h"

#define DAY_US INT64_C(86400000000)

/* A write-off to 100 USD is one person's; more than 1,000 in a week is not. Clerks decide to 5,000
 * alone. */
static const char authority[] =
    "write_off_limit: 100 USD\n"
    "authority:\n"
    "  - {role: controller, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, FLAG, ASSIGN,"
    " COMMENT, ATTACH, RESOLVE_EXCEPTION, UNMATCH, INGEST], entities: all}\n"
    "  - {role: clerk, actions: [CONFIRM, REJECT, RESOLVE, PROPOSE, FLAG, ASSIGN, COMMENT, ATTACH,"
    " RESOLVE_EXCEPTION], entities: all, single_max: 5000 USD}\n"
    "  - {role: engine, actions: [CONFIRM, PROPOSE], entities: all}\n"
    "exceptions: {escalate_after_days: 10}";

static struct actor eve; /* of UK only */

static void policy_set(void)
{
    struct policy *p;
    const char *text =
        with("authority: [{role: controller, actions: [CONFIRM], entities: all}]", authority);
    const char *at = strstr(text, "cumulative_limits: []");
    text = arena_fmt(arena,
                     "%.*scumulative_limits: [{id: week, per: book, window_days: 7, max: "
                     "1000 USD}]%s",
                     (int)(at - text), text, at + strlen("cumulative_limits: []"));
    ck_ok(load_text(str_of(text), &p));
    book_policy = p;
}

static void exceptions_up(void)
{
    struct tx tx;
    enum put put;
    spine_up();
    policy_set();
    eve = spine_human("eve");
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    ck_ok(identity_link(&tx, "p-cho", "actor", "", "cho"));
    ck_ok(source_put(&tx,
                     &(struct source_def){.source_id = "s",
                                          .entity_id = "US",
                                          .account_id = "1010",
                                          .side = SIDE_BANK,
                                          .mapping = "{}"},
                     &put));
    book_end(&tx);
    spine_entries(1, 8, 5000);     /* about 50 USD */
    spine_entries(101, 2, 50000);  /* about 500 USD */
    spine_entries(201, 2, 600000); /* about 6,000 USD */
}

/* ---- calls ---- */

static struct call *call_of(const struct actor *actor, const char *tool,
                            const char *const pairs[][2])
{
    struct json *args = json_object_new(arena);
    for (size_t i = 0; pairs[i][0] != NULL; i++)
        json_put_text(arena, args, pairs[i][0], pairs[i][1]);
    struct call *c = spine_call(actor, tool, NULL, args);
    if (c->tool->run != TOOL_READ)
        return spine_run(c);
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &tx));
    c->err = c->tool->read(c, &tx);
    tx_read_end(&tx);
    c->outcome = c->err.kind == ERR_NONE ? CALL_OK : CALL_FAILED;
    return c;
}
#define CALL(actor, tool, ...)                                                                     \
    call_of((actor), (tool), (const char *const[][2]){__VA_ARGS__, {NULL, NULL}})

static struct call *flag(const struct actor *actor, const char *entry, const char *class_)
{
    return CALL(actor, "flag_exception", {"entry_id", entry}, {"class", class_},
                {"rationale", "seen on the statement"});
}

/* Flagged by ben; its id. */
__attribute__((unused)) static const char *flagged(const char *entry, const char *class_)
{
    const struct actor ben = spine_human("ben");
    struct call *c = flag(&ben, entry, class_);
    spine_is(c, CALL_OK);
    return arena_strdup(arena, json_get_text(c->result, "exception_id"));
}

__attribute__((unused)) static struct call *resolve(const struct actor *actor, const char *id,
                                                    const char *outcome)
{
    return CALL(actor, "resolve_exception", {"exception_id", id}, {"outcome", outcome},
                {"rationale", "the bank said so"});
}

/* ---- what the book says ---- */

static struct exception_row row_of(const char *id)
{
    struct exception_row x;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(exception_load(&tx, arena, id, &x));
    tx_read_end(&tx);
    return x;
}

__attribute__((unused)) static void state_is(const char *id, enum exception_state state)
{
    const struct exception_row x = row_of(id);
    ck_assert_str_eq(exception_state_name(x.state), exception_state_name(state));
}

__attribute__((unused)) static enum entry_state stand_of(const char *entry)
{
    enum entry_state state;
    const char *match_id;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_state(&tx, arena, entry, &state, &match_id));
    tx_read_end(&tx);
    return state;
}

struct looking {
    const char *entry;
    bool found;
};

__attribute__((unused)) static struct err look(void *arg, const struct open_entry *e)
{
    struct looking *l = arg;
    l->found = l->found || str_is(e->entry_id, l->entry);
    return OK;
}

__attribute__((unused)) static bool in_matching(const char *entry)
{
    struct looking l = {.entry = entry};
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_unmatched(&tx, "US", "1010", look, &l));
    tx_read_end(&tx);
    return l.found;
}

#endif
