/* On the book of spine_book.h: four people who show up by their own ids, two of whom administer.
 * What the tests of administration have in common. */
#ifndef TESTS_UNIT_ADMIN_BOOK_H
#define TESTS_UNIT_ADMIN_BOOK_H

#include "engine/store/registry.h"
#include "tests/unit/spine_book.h"

static const char admin_authority[] =
    "authority:\n"
    "  - {role: controller, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, INGEST,"
    " CHANGE_MASTER_DATA, CHANGE_REGISTRY, CHANGE_POLICY, FREEZE, THAW], entities: all}\n"
    "  - {role: clerk, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE], entities: all,"
    " single_max: 5000 USD}\n"
    "  - {role: engine, actions: [CONFIRM, PROPOSE], entities: all}";

/* At a terminal of their own. */
__attribute__((unused)) static struct actor admin_at(const char *name)
{
    struct actor a = spine_human(name);
    a.channel = CHANNEL_CLI;
    a.backend = "os";
    a.auth_time_us = 0;
    return a;
}

static void admin_up(void)
{
    static const char *const names[] = {"ana", "ben", "cho", "dia"};
    struct tx tx;
    spine_up();
    book_policy =
        load("authority: [{role: controller, actions: [CONFIRM], entities: all}]", admin_authority);
    book_begin(&tx);
    for (size_t i = 0; i < 4; i++)
        ck_ok(identity_link(&tx, arena_fmt(arena, "p-%s", names[i]), "actor", "", names[i]));
    book_end(&tx);
}

static struct call *admin_prepare(const char *name, const char *tool, const char *args, bool prod)
{
    const struct actor actor = admin_at(name);
    struct json *tree;
    ck_ok(json_read(arena, str_of(args), NULL, &tree));
    struct call *c = spine_call(&actor, tool, NULL, tree);
    c->prod = prod;
    return c;
}

/* By one person: in dev, where one is enough, or in prod, where it waits. */
__attribute__((unused)) static struct call *admin_dev(const char *name, const char *tool,
                                                      const char *args)
{
    return spine_run(admin_prepare(name, tool, args, false));
}

__attribute__((unused)) static struct call *admin_prod(const char *name, const char *tool,
                                                       const char *args)
{
    return spine_run(admin_prepare(name, tool, args, true));
}

/* A second person's answer on their terminal. */
__attribute__((unused)) static struct call *
admin_answer(const char *name, const struct call *pending, const char *decision)
{
    const struct actor actor = admin_at(name);
    struct call *c = spine_answer(&actor, pending, decision, "read it");
    c->prod = true;
    return spine_run(c);
}

__attribute__((unused)) static struct person admin_person(const char *name)
{
    struct person p;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(person_find(&tx, arena, name, &p));
    tx_read_end(&tx);
    return p;
}

__attribute__((unused)) static void admin_denied(const struct call *c, enum reason reason)
{
    spine_is(c, CALL_DENIED);
    ck_assert_str_eq(reason_name(c->verdict.reason), reason_name(reason));
}

#endif
