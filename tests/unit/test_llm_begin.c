/* How a conversation begins and goes on, whoever brings the words. */
#include "agent/llm/begin.h"

#include "agent/llm/llm_own.h"
#include "common/sys/json_read.h"
#include "tests/unit/talk_book.h"

#define IBAN "DE89370400440532013000"

static int64_t now_us(void)
{
    return NOW;
}

struct told {
    struct fixture f;
    struct llm_config config;
    struct llm llm;
};

static void up(struct told *t)
{
    *t = (struct told){.config = {.api = LLM_API_OPENAI, .model = "model-1"}};
    setup(&t->f);
    t->llm.config = &t->config;
    t->llm.endpoint.api = LLM_API_OPENAI;
    t->llm.options.clock_us = now_us;
    ck_ok(redactor_new(t->f.arena, &t->config.redact, &t->llm.redactor));
}

static void down(struct told *t)
{
    redactor_free(t->llm.redactor);
    teardown(&t->f);
}

static struct err begun_with(struct told *t, const char *title, const char *text, struct talk *talk,
                             int64_t *n)
{
    const struct llm_begin begin = {.principal_id = "prn_maria",
                                    .actor = "human:maria",
                                    .origin = "ask",
                                    .title = title,
                                    .text = text};
    return in_tx(&t->f, llm_begin(&t->llm, t->f.db, t->f.arena, &begin, talk, n));
}

static struct err says(struct told *t, struct talk *talk, const char *text, int64_t *n)
{
    return in_tx(&t->f, llm_say(&t->llm, t->f.db, t->f.arena, talk, text, n));
}

static const char *said_at(struct told *t, const struct talk *talk, int64_t n, int64_t *turn)
{
    struct trace *rows;
    struct json *body;
    size_t rows_n;
    ck_ok(traces_load(t->f.db, t->f.arena, talk->session_id, n, 1, &rows, &rows_n));
    ck_assert_uint_eq(rows_n, 1);
    ck_assert_int_eq(rows[0].kind, TRACE_SAID);
    ck_ok(trace_tree(t->f.arena, &rows[0], &body));
    *turn = rows[0].turn;
    return json_get_text(body, "text");
}

START_TEST(it_begins_with_its_words_in_one_step)
{
    struct told t;
    struct talk talk, got;
    int64_t n, turn;
    up(&t);
    ck_ok(begun_with(&t, NULL, "  Why is this open?\nSince March.", &talk, &n));
    ck_assert_int_eq(n, 0);
    ck_ok(talk_load(t.f.db, t.f.arena, talk.session_id, "prn_maria", &got));
    ck_assert_str_eq(got.title, "Why is this open?");
    ck_assert_str_eq(got.origin, "ask");
    ck_assert_str_eq(got.api, "openai");
    ck_assert_str_eq(got.model, "model-1");
    ck_assert(got.turn_open);
    ck_assert_int_eq(got.state, AGENT_SESSION_ACTIVE);
    ck_assert_str_eq(said_at(&t, &got, 0, &turn), "  Why is this open?\nSince March.");
    ck_assert_int_eq(turn, 1);
    ck_ok(begun_with(&t, "Item 1", "Look.", &talk, &n));
    ck_assert_str_eq(talk.title, "Item 1");
    down(&t);
}
END_TEST

START_TEST(no_account_number_is_kept_in_its_words_or_its_title)
{
    struct told t;
    struct talk talk;
    int64_t n, turn;
    up(&t);
    ck_ok(begun_with(&t, NULL, "Who is " IBAN "?", &talk, &n));
    ck_assert_ptr_null(strstr(talk.title, IBAN));
    ck_assert_ptr_null(strstr(said_at(&t, &talk, 0, &turn), IBAN));
    ck_ok(in_tx(&t.f, talk_hold(t.f.db, &talk, false, NOW)));
    ck_ok(says(&t, &talk, "And " IBAN "?", &n));
    ck_assert_ptr_null(strstr(said_at(&t, &talk, n, &turn), IBAN));
    down(&t);
}
END_TEST

START_TEST(a_long_first_line_is_cut_between_characters)
{
    struct told t;
    struct talk talk;
    char text[200] = "";
    int64_t n;
    up(&t);
    for (size_t i = 0; i < 60; i++)
        strcat(text, i == 0 ? "x" : "\xc3\xa9"); /* 1 + 2 * 59 bytes */
    ck_ok(begun_with(&t, NULL, text, &talk, &n));
    ck_assert(utf8_valid(talk.title, strlen(talk.title)));
    ck_assert_uint_eq(strlen(talk.title), 79 + 3);
    down(&t);
}
END_TEST

START_TEST(nothing_is_said_while_a_turn_is_open_or_after_the_end)
{
    struct told t;
    struct talk talk, stale;
    int64_t n, turn;
    up(&t);
    ck_ok(begun_with(&t, NULL, "One", &talk, &n));
    ck_err(says(&t, &talk, "Two", &n), ERR_CONFLICT);
    ck_ok(in_tx(&t.f, talk_hold(t.f.db, &talk, false, NOW)));
    stale = talk;
    ck_ok(says(&t, &talk, "Two", &n));
    ck_assert_int_eq(n, 1);
    ck_assert_str_eq(said_at(&t, &talk, 1, &turn), "Two");
    ck_assert_int_eq(turn, 2);
    ck_assert(talk.turn_open);
    ck_err(says(&t, &stale, "Two, too", &n), ERR_CONFLICT);
    ck_assert_int_eq(rows_in(&t.f, "SELECT count(*) FROM agent_traces"), 2);
    ck_ok(in_tx(&t.f, talk_move(t.f.db, t.f.arena, &talk, AGENT_SESSION_EVENT_END, false, NOW)));
    ck_err(says(&t, &talk, "Three", &n), ERR_CONFLICT);
    down(&t);
}
END_TEST

START_TEST(blank_words_begin_nothing)
{
    struct told t;
    struct talk talk;
    int64_t n;
    up(&t);
    ck_err(begun_with(&t, NULL, " \t\r\n", &talk, &n), ERR_INPUT);
    ck_err(begun_with(&t, NULL, "", &talk, &n), ERR_INPUT);
    ck_assert_int_eq(rows_in(&t.f, "SELECT count(*) FROM agent_sessions"), 0);
    down(&t);
}
END_TEST

START_TEST(an_entity_is_one_that_the_engine_lists)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    struct json *me;
    ck_ok(json_read(arena, STR("{\"entities\":[{\"entity_id\":\"us\"},{\"name\":\"?\"}]}"), NULL,
                    &me));
    ck_ok(llm_entity_check(me, "us"));
    ck_ok(llm_entity_check(me, NULL));
    ck_err(llm_entity_check(me, "uk"), ERR_INPUT);
    ck_err(llm_entity_check(me, ""), ERR_INPUT);
    ck_err(llm_entity_check(json_object_new(arena), "us"), ERR_INPUT);
}
END_TEST

TEST_MAIN("llm_begin", it_begins_with_its_words_in_one_step,
          no_account_number_is_kept_in_its_words_or_its_title,
          a_long_first_line_is_cut_between_characters,
          nothing_is_said_while_a_turn_is_open_or_after_the_end, blank_words_begin_nothing,
          an_entity_is_one_that_the_engine_lists)
