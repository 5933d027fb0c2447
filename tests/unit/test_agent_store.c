/* agent.db: sessions hold as long as they may and no longer, people and filters are each their own,
 * and a transaction that fails leaves nothing. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/store/filters.h"
#include "agent/store/people.h"
#include "agent/store/sessions.h"
#include "tests/unit/test.h"

#define MINUTE INT64_C(60000000)
#define NOW    INT64_C(1772529302000000)

static const struct session_life life = {
    .now_us = NOW, .idle_us = 30 * MINUTE, .whole_us = 12 * 60 * MINUTE};

struct fixture {
    char folder[64], path[96];
    struct arena *arena;
    struct agent_db *db;
};

static void setup(struct fixture *f)
{
    int migrated;
    strcpy(f->folder, "/tmp/closegate-agent-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/agent.db", f->folder);
    f->arena = arena_new(1 << 20);
    ck_ok(agent_db_migrate(f->path, "2026-03-03T09:15:02Z", f->arena, &migrated));
    ck_assert_int_gt(migrated, 0);
    ck_ok(agent_db_open(f->path, &f->db));
}

static void teardown(struct fixture *f)
{
    char cmd[128];
    agent_db_close(f->db);
    arena_free(f->arena);
    unlink(f->path);
    snprintf(cmd, sizeof cmd, "%s-wal", f->path);
    unlink(cmd);
    snprintf(cmd, sizeof cmd, "%s-shm", f->path);
    unlink(cmd);
    rmdir(f->folder);
}

#define FRESH(f)                                                                                   \
    struct fixture f;                                                                              \
    setup(&f)

static struct session maria(int64_t at_us)
{
    return (struct session){.backend = "oidc",
                            .issuer = "https://id.example",
                            .subject = "00u1",
                            .idp_session = "sid-1",
                            .actor = "human:maria",
                            .principal_id = "prn_maria",
                            .name = "Maria",
                            .auth_time = at_us / 1000000,
                            .acr = "urn:mfa",
                            .created_us = at_us,
                            .seen_us = at_us};
}

static void add(struct fixture *f, struct session *s)
{
    ck_ok(agent_db_begin(f->db));
    ck_ok(agent_db_end(f->db, session_add(f->db, f->arena, s)));
}

static bool holds(struct fixture *f, const struct session *s, int64_t now_us)
{
    struct session_life at = life;
    struct session got;
    bool found;
    at.now_us = now_us;
    ck_ok(session_find(f->db, f->arena, s->id, &at, &found, &got));
    return found;
}

START_TEST(a_session_comes_back_as_it_was_kept)
{
    FRESH(f);
    struct session s = maria(NOW), got;
    bool found;
    add(&f, &s);
    ck_assert_uint_eq(strlen(s.csrf), 43);
    ck_ok(session_find(f.db, f.arena, s.id, &life, &found, &got));
    ck_assert(found);
    ck_assert_str_eq(got.actor, "human:maria");
    ck_assert_str_eq(got.principal_id, "prn_maria");
    ck_assert_str_eq(got.idp_session, "sid-1");
    ck_assert_str_eq(got.csrf, s.csrf);
    ck_assert_str_eq(got.acr, "urn:mfa");
    ck_assert_int_eq(got.auth_time, NOW / 1000000);
    teardown(&f);
}
END_TEST

START_TEST(another_id_is_no_session)
{
    FRESH(f);
    struct session s = maria(NOW);
    add(&f, &s);
    s.id[31] ^= 1;
    ck_assert(!holds(&f, &s, NOW));
    teardown(&f);
}
END_TEST

START_TEST(ids_and_tokens_are_never_the_same_twice)
{
    FRESH(f);
    struct session a = maria(NOW), b = maria(NOW);
    add(&f, &a);
    add(&f, &b);
    ck_assert(memcmp(a.id, b.id, sizeof a.id) != 0);
    ck_assert_str_ne(a.csrf, b.csrf);
    teardown(&f);
}
END_TEST

START_TEST(a_session_ends_when_it_idles)
{
    FRESH(f);
    struct session s = maria(NOW);
    add(&f, &s);
    ck_assert(holds(&f, &s, NOW + 30 * MINUTE - 1));
    ck_assert(!holds(&f, &s, NOW + 30 * MINUTE));
    ck_ok(session_touch(f.db, &s, NOW + 20 * MINUTE));
    ck_assert(holds(&f, &s, NOW + 45 * MINUTE));
    teardown(&f);
}
END_TEST

START_TEST(a_session_ends_however_much_it_is_used)
{
    FRESH(f);
    struct session s = maria(NOW);
    add(&f, &s);
    for (int64_t at = NOW; at < NOW + 12 * 60 * MINUTE; at += 10 * MINUTE)
        ck_ok(session_touch(f.db, &s, at));
    ck_assert(holds(&f, &s, NOW + 12 * 60 * MINUTE - 1));
    ck_assert(!holds(&f, &s, NOW + 12 * 60 * MINUTE));
    teardown(&f);
}
END_TEST

START_TEST(a_clock_that_steps_back_takes_no_use_back)
{
    FRESH(f);
    struct session s = maria(NOW);
    add(&f, &s);
    ck_ok(session_touch(f.db, &s, NOW + 20 * MINUTE));
    s.seen_us = 0;
    ck_ok(session_touch(f.db, &s, NOW + 2 * MINUTE));
    ck_assert(holds(&f, &s, NOW + 49 * MINUTE));
    teardown(&f);
}
END_TEST

START_TEST(signing_out_ends_one_session_and_only_that)
{
    FRESH(f);
    struct session a = maria(NOW), b = maria(NOW);
    add(&f, &a);
    add(&f, &b);
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(f.db, session_end(f.db, a.id, "signed out", NOW)));
    ck_assert(!holds(&f, &a, NOW));
    ck_assert(holds(&f, &b, NOW));
    teardown(&f);
}
END_TEST

START_TEST(the_provider_ends_by_sid_or_by_subject)
{
    FRESH(f);
    struct session a = maria(NOW), b = maria(NOW), c = maria(NOW);
    int64_t n;
    b.idp_session = "sid-2";
    c.subject = "00u2";
    add(&f, &a);
    add(&f, &b);
    add(&f, &c);
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(
        f.db, sessions_end_of(f.db, "https://id.example", NULL, "sid-1", "provider", NOW, &n)));
    ck_assert_int_eq(n, 2); /* c is of the same sid */
    ck_assert(holds(&f, &b, NOW));
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(
        f.db, sessions_end_of(f.db, "https://other.example", "00u1", NULL, "provider", NOW, &n)));
    ck_assert_int_eq(n, 0);
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(
        f.db, sessions_end_of(f.db, "https://id.example", "00u1", NULL, "provider", NOW, &n)));
    ck_assert_int_eq(n, 1);
    ck_assert(!holds(&f, &b, NOW));
    teardown(&f);
}
END_TEST

START_TEST(nobodys_sessions_are_everybodys_to_no_one)
{
    FRESH(f);
    ck_ok(agent_db_begin(f.db));
    ck_err(
        agent_db_end(f.db, sessions_end_of(f.db, "https://id.example", NULL, NULL, "x", NOW, NULL)),
        ERR_BUG);
    teardown(&f);
}
END_TEST

START_TEST(what_failed_in_a_transaction_left_nothing)
{
    FRESH(f);
    struct session s = maria(NOW);
    ck_ok(agent_db_begin(f.db));
    ck_ok(session_add(f.db, f.arena, &s));
    ck_err(agent_db_end(f.db, err_new(ERR_CONFLICT, "no")), ERR_CONFLICT);
    ck_assert(!holds(&f, &s, NOW));
    teardown(&f);
}
END_TEST

START_TEST(a_second_connection_sees_what_was_committed)
{
    FRESH(f);
    CLEANUP(agent_db_close) struct agent_db *other = NULL;
    struct session s = maria(NOW), got;
    bool found;
    ck_ok(agent_db_open(f.path, &other));
    add(&f, &s);
    ck_ok(session_find(other, f.arena, s.id, &life, &found, &got));
    ck_assert(found);
    teardown(&f);
}
END_TEST

START_TEST(sessions_that_hold_are_listed_the_last_used_first)
{
    FRESH(f);
    struct session a = maria(NOW - 10 * MINUTE), b = maria(NOW), c = maria(NOW - 40 * MINUTE);
    struct session *rows;
    size_t n;
    add(&f, &a);
    add(&f, &b);
    add(&f, &c);
    ck_ok(sessions_list(f.db, f.arena, &life, 10, &rows, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(rows[0].seen_us, NOW);
    int64_t gone;
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(f.db, sessions_forget(f.db, NOW - 20 * MINUTE, &gone)));
    ck_assert_int_eq(gone, 1);
    teardown(&f);
}
END_TEST

START_TEST(what_is_known_of_a_person_is_not_forgotten_by_a_sign_in_without_it)
{
    FRESH(f);
    struct contact c = {.principal_id = "prn_maria",
                        .actor = "human:maria",
                        .name = "Maria",
                        .email = "maria@example.com",
                        .updated_us = NOW},
                   got;
    bool found;
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(f.db, contact_put(f.db, &c)));
    c.email = NULL;
    c.name = "Maria L.";
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(f.db, contact_put(f.db, &c)));
    ck_ok(contact_find(f.db, f.arena, "prn_maria", &found, &got));
    ck_assert(found);
    ck_assert_str_eq(got.name, "Maria L.");
    ck_assert_str_eq(got.email, "maria@example.com");
    teardown(&f);
}
END_TEST

static struct err keep(struct fixture *f, struct filter *filter)
{
    TRY(agent_db_begin(f->db));
    return agent_db_end(f->db, filter_put(f->db, f->arena, filter));
}

START_TEST(a_filter_is_its_owners_alone)
{
    FRESH(f);
    struct filter one = {.filter_id = "flt_1",
                         .principal_id = "prn_a",
                         .screen = "inbox",
                         .name = "mine",
                         .query = "to=me",
                         .created_us = NOW};
    struct filter again = one, *rows;
    bool found;
    size_t n;
    ck_ok(keep(&f, &one));
    again.filter_id = "flt_2";
    again.query = "to=me&sort=sla";
    ck_ok(keep(&f, &again));
    ck_assert_str_eq(again.filter_id, "flt_1");
    ck_ok(filters_list(f.db, f.arena, "prn_a", &rows, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(rows[0].query, "to=me&sort=sla");
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(f.db, filter_drop(f.db, "prn_b", "flt_1", &found)));
    ck_assert(!found);
    ck_ok(agent_db_begin(f.db));
    ck_ok(agent_db_end(f.db, filter_drop(f.db, "prn_a", "flt_1", &found)));
    ck_assert(found);
    teardown(&f);
}
END_TEST

START_TEST(nobody_keeps_more_filters_than_fit)
{
    FRESH(f);
    for (int i = 0; i < FILTERS_MAX; i++) {
        struct filter one = {.filter_id = arena_fmt(f.arena, "flt_%d", i),
                             .principal_id = "prn_a",
                             .screen = "inbox",
                             .name = arena_fmt(f.arena, "n%d", i),
                             .query = "",
                             .created_us = NOW};
        ck_ok(keep(&f, &one));
    }
    struct filter over = {.filter_id = "flt_x",
                          .principal_id = "prn_a",
                          .screen = "inbox",
                          .name = "over",
                          .query = "",
                          .created_us = NOW};
    ck_err(keep(&f, &over), ERR_LIMIT);
    over.principal_id = "prn_b";
    ck_ok(keep(&f, &over));
    teardown(&f);
}
END_TEST

TEST_MAIN("agent_store", a_session_comes_back_as_it_was_kept, another_id_is_no_session,
          ids_and_tokens_are_never_the_same_twice, a_session_ends_when_it_idles,
          a_session_ends_however_much_it_is_used, a_clock_that_steps_back_takes_no_use_back,
          signing_out_ends_one_session_and_only_that, the_provider_ends_by_sid_or_by_subject,
          nobodys_sessions_are_everybodys_to_no_one, what_failed_in_a_transaction_left_nothing,
          a_second_connection_sees_what_was_committed,
          sessions_that_hold_are_listed_the_last_used_first,
          what_is_known_of_a_person_is_not_forgotten_by_a_sign_in_without_it,
          a_filter_is_its_owners_alone, nobody_keeps_more_filters_than_fit)
