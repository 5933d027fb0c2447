/* A book with an audit log of eight events, for the tests that read it and those that attack it. */
#ifndef TESTS_UNIT_AUDIT_BOOK_H
#define TESTS_UNIT_AUDIT_BOOK_H

#include "tests/unit/raw_book.h"

static struct book b;

/* A book of eight events:
 * 1 created, 2 people, 3 policy, 4 five entries and an exception, 5 two matches, 6 an escalation,
 * 7 the first match confirmed, 8 nothing but itself. */
static void people(void)
{
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-ana", "Ana", true));
    ck_ok(principal_put(&b.tx, "p-bob", "Bob", true));
    ck_ok(role_grant(&b.tx, "p-ana", "controller", NULL));
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
}

static void policy_and_entries(void)
{
    static const char *const ids[] = {"bank:1", "bank:2", "gl:1", "gl:2", "gl:3"};
    static const struct exception_row missing = {.entry_id = "gl:3",
                                                 .entity_id = "us",
                                                 .account_id = "1000",
                                                 .class_ = "MISSING_BANK",
                                                 .detail = "{}"};
    bool is_new;
    call_begin(&b);
    ck_ok(policy_keep(&b.tx, "0123456789012345678901234567890123456789012345678901234567890123",
                      STR("version: 1\n"), &is_new));
    append(&b, "POLICY_LOADED");
    call_end(&b);
    call_begin(&b);
    for (int i = 0; i < 5; i++)
        entry_add(&b, ids[i], i < 2 ? SIDE_BANK : SIDE_GL, 1200000 + i % 2);
    ck_ok(exception_insert(&b.tx, &missing, &is_new));
    ck_ok(effect_bulk(&b.tx, TABLE_ENTRIES, 5));
    ck_ok(effect_bulk(&b.tx, TABLE_EXCEPTIONS, 1));
    append(&b, "INGESTED");
    call_end(&b);
}

static struct match first, second;

static void matches(void)
{
    call_begin(&b);
    first = pair_of(&b, "bank:1", "gl:1", 1200000);
    second = pair_of(&b, "bank:2", "gl:2", 1200001);
    first.match_id = "mat_1";
    second.match_id = "mat_2";
    ck_ok(match_insert(&b.tx, &first));
    ck_ok(match_insert(&b.tx, &second));
    ck_ok(effect_bulk(&b.tx, TABLE_MATCHES, 2));
    append(&b, "OK");
    call_end(&b);
}

static void decisions(void)
{
    const struct party party = {PARTY_AGENT, "llm:s-1", "p-ana"};
    const struct escalation e = escalation_of("esc_1", "key-1");
    const struct event confirmed = {.type = "OK",
                                    .match_id = "mat_1",
                                    .entity_id = "us",
                                    .rationale = "wire 4471",
                                    .rationale_author = "human"};
    call_begin(&b);
    ck_ok(escalation_insert(&b.tx, &e));
    ck_ok(escalation_party_add(&b.tx, "esc_1", &party));
    append(&b, "ESCALATION_PENDING");
    call_end(&b);
    call_begin(&b);
    ck_ok(match_transition(&b.tx, &first, MATCH_CONFIRMED, "human:ana"));
    ck_ok(audit_append(&b.tx, &confirmed));
    call_end(&b);
    event_add(&b, "ENGINE_STARTED");
}

static void up(void)
{
    book_up(&b);
    people();
    policy_and_entries();
    matches();
    decisions();
}

static void down(void)
{
    book_down(&b);
}

#endif
