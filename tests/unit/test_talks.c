/* Conversations: whose they are, how they move, and what two who move one at once get. */
#include "agent/store/talks.h"

#include <pthread.h>

#include "common/base/id.h"
#include "tests/unit/talk_book.h"

START_TEST(a_talk_comes_back_as_it_was_kept)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    ck_assert(id_valid(t.session_id, "ses"));
    ck_ok(talk_load(f.db, f.arena, t.session_id, "prn_maria", &got));
    ck_assert_str_eq(got.session_id, t.session_id);
    ck_assert_str_eq(got.principal_id, "prn_maria");
    ck_assert_str_eq(got.actor, "human:maria");
    ck_assert_str_eq(got.entity_id, "US");
    ck_assert_str_eq(got.origin, "chat");
    ck_assert_str_eq(got.title, "What is left?");
    ck_assert_str_eq(got.api, "anthropic");
    ck_assert_str_eq(got.model, "model-1");
    ck_assert_int_eq(got.state, AGENT_SESSION_ACTIVE);
    ck_assert(!got.turn_open);
    ck_assert_int_eq(got.version, 0);
    ck_assert_int_eq(got.created_us, NOW);
    ck_assert_int_eq(got.used_us, NOW);
    ck_assert_int_eq(got.ended_us, 0);
    ck_assert_int_eq(got.rows_n, 0);
    ck_assert_uint_eq(strlen(got.nonce), 22);
    ck_assert_str_eq(got.nonce, t.nonce);
    teardown(&f);
}
END_TEST

START_TEST(no_two_have_the_same_id_or_nonce)
{
    FRESH(f);
    struct talk a = talk_of(&f, "prn_maria", "chat", NOW);
    struct talk b = talk_of(&f, "prn_maria", "chat", NOW);
    ck_assert_str_ne(a.session_id, b.session_id);
    ck_assert_str_ne(a.nonce, b.nonce);
    teardown(&f);
}
END_TEST

START_TEST(nobody_reads_or_names_anothers)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    ck_err(talk_load(f.db, f.arena, t.session_id, "prn_ben", &got), ERR_MISSING);
    ck_err(talk_load(f.db, f.arena, t.session_id, "", &got), ERR_MISSING);
    ck_err(talk_load(f.db, f.arena, t.session_id, NULL, &got), ERR_BUG);
    ck_err(talk_load(f.db, f.arena, "ses_none", "prn_maria", &got), ERR_MISSING);
    ck_err(in_tx(&f, talk_title(f.db, t.session_id, "prn_ben", "mine")), ERR_MISSING);
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_str_eq(got.title, "What is left?");
    teardown(&f);
}
END_TEST

START_TEST(a_title_changes_and_the_version_stays)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    char longer[TALK_TITLE_MAX + 2];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_ok(in_tx(&f, talk_title(f.db, t.session_id, "prn_maria", "Bank of March")));
    ck_err(in_tx(&f, talk_title(f.db, t.session_id, "prn_maria", longer)), ERR_INPUT);
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_str_eq(got.title, "Bank of March");
    ck_assert_int_eq(got.version, 0);
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW)));
    teardown(&f);
}
END_TEST

START_TEST(it_moves_as_the_machine_says_and_counts_its_versions)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW + 1)));
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_CALL, true, NOW + 2)));
    ck_err(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW + 3)),
           ERR_CONFLICT);
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_RETURN, true, NOW + 3)));
    ck_ok(in_tx(&f, talk_hold(f.db, &t, false, NOW + 4)));
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.state, AGENT_SESSION_ACTIVE);
    ck_assert(!got.turn_open);
    ck_assert_int_eq(got.version, 4);
    ck_assert_int_eq(t.version, 4);
    ck_assert_int_eq(got.used_us, NOW + 4);
    ck_assert_int_eq(got.ended_us, 0);
    teardown(&f);
}
END_TEST

START_TEST(what_ended_stays_ended)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_END, false, NOW + 7)));
    ck_assert_int_eq(t.ended_us, NOW + 7);
    for (int event = 0; event < AGENT_SESSION_EVENTS; event++)
        ck_err(in_tx(&f, talk_move(f.db, f.arena, &t, (enum agent_session_event)event, false, NOW)),
               ERR_CONFLICT);
    ck_err(in_tx(&f, talk_hold(f.db, &t, true, NOW + 8)), ERR_CONFLICT); /* no turn in it */
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.state, AGENT_SESSION_ENDED);
    ck_assert_int_eq(got.ended_us, NOW + 7);
    ck_assert_int_eq(got.version, 1);
    teardown(&f);
}
END_TEST

START_TEST(of_two_that_read_the_same_version_one_moves)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), other = t, got;
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW + 1)));
    ck_err(in_tx(&f, talk_move(f.db, f.arena, &other, AGENT_SESSION_EVENT_SAY, true, NOW + 1)),
           ERR_CONFLICT);
    ck_err(in_tx(&f, talk_hold(f.db, &other, false, NOW + 1)), ERR_CONFLICT);
    ck_assert_int_eq(other.version, 0); /* untouched */
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.version, 1);
    ck_assert(got.turn_open);
    teardown(&f);
}
END_TEST

START_TEST(a_clock_that_was_set_back_stands_still)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW - DAY)));
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.used_us, NOW);
    teardown(&f);
}
END_TEST

#define RACERS 2
#define MOVES  60

struct racer {
    const char *path, *session_id;
    int won, lost;
};

/* Takes a turn whenever nobody else has it: reads, works on what it read, moves. */
static void *race(void *arg)
{
    struct racer *r = arg;
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct talk t;
    ck_ok(agent_db_open(r->path, &db));
    while (r->won + r->lost < MOVES) {
        arena_reset(arena);
        ck_ok(talk_load_any(db, arena, r->session_id, &t));
        const int64_t before = t.version;
        ck_ok(agent_db_begin(db));
        struct err e =
            agent_db_end(db, talk_move(db, arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW));
        if (e.kind == ERR_NONE) {
            ck_assert_int_eq(t.version, before + 1);
            r->won++;
        } else {
            ck_err(e, ERR_CONFLICT);
            r->lost++;
        }
    }
    return NULL;
}

START_TEST(two_connections_at_once_lose_no_move_and_make_none_twice)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    int won = 0;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.path = f.path, .session_id = t.session_id};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        won += racers[i].won;
    }
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.version, won);
    ck_assert_int_gt(won, 0);
    teardown(&f);
}
END_TEST

START_TEST(a_list_is_the_persons_own_and_goes_on_where_it_stopped)
{
    FRESH(f);
    struct talk *page;
    size_t n, seen = 0;
    struct talk_place behind, *from = NULL;
    int64_t last = INT64_MAX;
    for (int i = 0; i < 7; i++) /* two share a time */
        talk_of(&f, "prn_maria", "chat", NOW + (i / 2) * MINUTE);
    talk_of(&f, "prn_ben", "chat", NOW + DAY);
    do {
        ck_ok(talks_list(f.db, f.arena, "prn_maria", from, 3, &page, &n));
        for (size_t i = 0; i < n; i++) {
            ck_assert_str_eq(page[i].principal_id, "prn_maria");
            ck_assert_int_le(page[i].used_us, last);
            last = page[i].used_us;
        }
        seen += n;
        if (n > 0) {
            behind = (struct talk_place){page[n - 1].used_us, page[n - 1].session_id};
            from = &behind;
        }
    } while (n == 3);
    ck_assert_uint_eq(seen, 7);
    ck_ok(talks_list(f.db, f.arena, NULL, NULL, 100, &page, &n));
    ck_assert_uint_eq(n, 8);
    ck_assert_str_eq(page[0].principal_id, "prn_ben");
    ck_ok(talks_list(f.db, f.arena, "prn_nobody", NULL, 100, &page, &n));
    ck_assert_uint_eq(n, 0);
    teardown(&f);
}
END_TEST

START_TEST(what_is_taken_up_again_is_what_was_under_way)
{
    FRESH(f);
    struct talk idle = talk_of(&f, "prn_maria", "chat", NOW);
    struct talk late = talk_of(&f, "prn_maria", "chat", NOW + 1);
    struct talk early = talk_of(&f, "prn_ben", "chat", NOW);
    struct talk ask = talk_of(&f, "prn_ben", "ask", NOW), *rows;
    size_t n;
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &late, AGENT_SESSION_EVENT_SAY, true, NOW + 9)));
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &early, AGENT_SESSION_EVENT_SAY, true, NOW + 8)));
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &early, AGENT_SESSION_EVENT_CALL, true, NOW + 8)));
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &ask, AGENT_SESSION_EVENT_SAY, true, NOW + 7)));
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &idle, AGENT_SESSION_EVENT_SAY, false, NOW + 7)));
    ck_ok(talks_to_resume(f.db, f.arena, "chat", 10, &rows, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(rows[0].session_id, early.session_id);
    ck_assert_int_eq(rows[0].state, AGENT_SESSION_WAITING_TOOL);
    ck_assert_str_eq(rows[1].session_id, late.session_id);
    ck_ok(talks_to_resume(f.db, f.arena, NULL, 10, &rows, &n));
    ck_assert_uint_eq(n, 3);
    ck_ok(talks_to_resume(f.db, f.arena, NULL, 1, &rows, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(rows[0].session_id, ask.session_id);
    teardown(&f);
}
END_TEST

START_TEST(every_state_of_the_machine_can_be_kept)
{
    FRESH(f);
    struct talk got;
    static const enum agent_session_event steps[] = {
        AGENT_SESSION_EVENT_CALL,   AGENT_SESSION_EVENT_FAIL,   AGENT_SESSION_EVENT_RETRY,
        AGENT_SESSION_EVENT_CALL,   AGENT_SESSION_EVENT_RETURN, AGENT_SESSION_EVENT_HAND_OVER,
        AGENT_SESSION_EVENT_SETTLE, AGENT_SESSION_EVENT_END};
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, steps[i], false, NOW)));
        ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
        ck_assert_int_eq(got.state, t.state);
    }
    ck_assert_int_eq(got.state, AGENT_SESSION_ENDED);
    teardown(&f);
}
END_TEST

START_TEST(whoever_comes_past_the_functions_is_stopped)
{
    static const char *const harmful[] = {
        "UPDATE agent_sessions SET principal_id = 'prn_ben'",
        "UPDATE agent_sessions SET actor = 'human:ben'",
        "UPDATE agent_sessions SET nonce = 'aaaaaaaaaaaaaaaaaaaaaa'",
        "UPDATE agent_sessions SET state = 'ENDED', ended_us = 1",
        "UPDATE agent_sessions SET turn_open = 1",
        "UPDATE agent_sessions SET rows_n = 0",
        "UPDATE agent_sessions SET used_us = created_us",
        "UPDATE agent_sessions SET version = 0",
        "DELETE FROM agent_sessions",
    };
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    said(&f, &t, NOW + 1, "hello");
    ck_ok(in_tx(&f, talk_hold(f.db, &t, false, NOW + 2)));
    for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++) {
        struct err e = by_hand(&f, harmful[i]);
        ck_assert_msg(e.kind == ERR_CONFLICT, "%s: %s", harmful[i], err_kind_name(e.kind));
    }
    teardown(&f);
}
END_TEST

START_TEST(an_origin_or_an_absent_owner_is_refused)
{
    FRESH(f);
    struct talk t = {.principal_id = "prn_maria",
                     .actor = "human:maria",
                     .origin = "mail",
                     .api = "openai",
                     .model = "m"};
    ck_err(in_tx(&f, talk_add(f.db, f.arena, &t, NOW)), ERR_CONFLICT);
    t.origin = "chat";
    t.principal_id = NULL;
    ck_err(in_tx(&f, talk_add(f.db, f.arena, &t, NOW)), ERR_CONFLICT);
    teardown(&f);
}
END_TEST

TEST_MAIN("talks", a_talk_comes_back_as_it_was_kept, no_two_have_the_same_id_or_nonce,
          nobody_reads_or_names_anothers, a_title_changes_and_the_version_stays,
          it_moves_as_the_machine_says_and_counts_its_versions, what_ended_stays_ended,
          of_two_that_read_the_same_version_one_moves, a_clock_that_was_set_back_stands_still,
          two_connections_at_once_lose_no_move_and_make_none_twice,
          a_list_is_the_persons_own_and_goes_on_where_it_stopped,
          what_is_taken_up_again_is_what_was_under_way, every_state_of_the_machine_can_be_kept,
          whoever_comes_past_the_functions_is_stopped, an_origin_or_an_absent_owner_is_refused)
