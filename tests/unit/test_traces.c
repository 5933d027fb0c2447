/* Traces: append-only, counted as they come, told in the order of time, and forgotten whole. */
#include "agent/store/traces.h"

#include <pthread.h>
#include <sys/stat.h>

#include "common/base/json.h"
#include "tests/unit/talk_book.h"

static struct trace answered(int64_t at_us)
{
    return (struct trace){.turn = 1,
                          .kind = TRACE_ANSWERED,
                          .at_us = at_us,
                          .model = "model-1-0401",
                          .latency_us = 1250000,
                          .use = {100, 20, 3000, 400, 5550}};
}

static struct json *text_body(struct fixture *f, const char *text)
{
    struct json *body = json_object_new(f->arena);
    json_put_text(f->arena, body, "text", text);
    return body;
}

START_TEST(a_trace_comes_back_as_it_was_kept)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    struct trace row = answered(NOW + 1), *rows;
    char system[TRACE_DIGEST], tools[TRACE_DIGEST];
    struct json *tree;
    size_t n;
    ck_ok(in_tx(&f, prompt_keep(f.db, STR("You are careful."), system)));
    ck_ok(in_tx(&f, prompt_keep(f.db, STR("[]"), tools)));
    row.system_sha256 = system;
    row.tools_sha256 = tools;
    ck_ok(say(&f, &t, &row, "caf\xc3\xa9 \"\n"));
    ck_assert_int_eq(row.n, 0);
    ck_ok(traces_load(f.db, f.arena, t.session_id, 0, 10, &rows, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(rows[0].session_id, t.session_id);
    ck_assert_int_eq(rows[0].n, 0);
    ck_assert_int_eq(rows[0].turn, 1);
    ck_assert_int_eq(rows[0].kind, TRACE_ANSWERED);
    ck_assert_int_eq(rows[0].at_us, NOW + 1);
    ck_assert_str_eq(rows[0].model, "model-1-0401");
    ck_assert_str_eq(rows[0].system_sha256, system);
    ck_assert_str_eq(rows[0].tools_sha256, tools);
    ck_assert_int_eq(rows[0].latency_us, 1250000);
    ck_assert_int_eq(rows[0].use.cache_read_tokens, 3000);
    ck_assert_int_eq(rows[0].use.cost_micros, 5550);
    ck_ok(trace_tree(f.arena, &rows[0], &tree));
    ck_assert_str_eq(json_get_text(tree, "text"), "caf\xc3\xa9 \"\n");
    teardown(&f);
}
END_TEST

START_TEST(every_kind_can_be_kept)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    struct trace *rows;
    size_t n;
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++) {
        struct trace row = {.kind = (enum trace_kind)kind, .at_us = NOW};
        ck_ok(say(&f, &t, &row, trace_kind_name(row.kind)));
    }
    ck_ok(traces_load(f.db, f.arena, t.session_id, 0, 100, &rows, &n));
    ck_assert_uint_eq(n, TRACE_KINDS);
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++)
        ck_assert_int_eq(rows[kind].kind, (int)kind);
    teardown(&f);
}
END_TEST

START_TEST(the_session_counts_what_is_added_to_it)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    for (int i = 0; i < 3; i++) {
        struct trace row = answered(NOW + 10 + i);
        ck_ok(say(&f, &t, &row, "x"));
        ck_assert_int_eq(row.n, i);
    }
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.rows_n, 3);
    ck_assert_int_eq(got.used_us, NOW + 12);
    ck_assert_int_eq(got.use.input_tokens, 300);
    ck_assert_int_eq(got.use.output_tokens, 60);
    ck_assert_int_eq(got.use.cache_read_tokens, 9000);
    ck_assert_int_eq(got.use.cache_write_tokens, 1200);
    ck_assert_int_eq(got.use.cost_micros, 16650);
    ck_assert_int_eq(trace_use_tokens(&got.use), 10560);
    ck_assert_int_eq(got.version, 0); /* traces alone do not move it */
    ck_assert_int_eq(t.rows_n, got.rows_n);
    ck_assert_int_eq(t.use.cost_micros, got.use.cost_micros);
    ck_assert_int_eq(t.used_us, got.used_us);
    teardown(&f);
}
END_TEST

static struct err step_that_fails(struct fixture *f, struct talk *t)
{
    struct trace row = answered(NOW + 1);
    struct talk stale = *t;
    stale.version = 41;
    TRY(trace_add(f->db, f->arena, t, &row, text_body(f, "x")));
    return talk_move(f->db, f->arena, &stale, AGENT_SESSION_EVENT_SAY, true, NOW + 1);
}

START_TEST(traces_of_a_step_that_lost_are_not_there)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    struct trace_use spent;
    ck_err(in_tx(&f, step_that_fails(&f, &t)), ERR_CONFLICT);
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.rows_n, 0);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_traces"), 0);
    ck_ok(traces_spent(f.db, NULL, NOW, &spent));
    ck_assert_int_eq(spent.cost_micros, 0);
    teardown(&f);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), none = t;
    struct trace row = answered(NOW);
    char *large = arena_alloc(f.arena, TRACE_BODY_MAX + 1);
    row.use.input_tokens = -1;
    ck_err(say(&f, &t, &row, "x"), ERR_INPUT);
    row.use.input_tokens = INT64_MAX;
    ck_err(say(&f, &t, &row, "x"), ERR_INPUT);
    row = answered(NOW);
    ck_err(in_tx(&f, trace_add(f.db, f.arena, &t, &row, json_array_new(f.arena))), ERR_INPUT);
    ck_err(in_tx(&f, trace_add(f.db, f.arena, &t, &row, NULL)), ERR_INPUT);
    memset(large, 'x', TRACE_BODY_MAX);
    ck_err(say(&f, &t, &row, large), ERR_LIMIT);
    none.session_id = "ses_none";
    ck_err(say(&f, &none, &row, "x"), ERR_MISSING);
    row.system_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    ck_err(say(&f, &t, &row, "x"), ERR_CONFLICT); /* a prompt nobody kept */
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_traces"), 0);
    teardown(&f);
}
END_TEST

START_TEST(a_page_of_a_session_begins_where_it_is_asked_to)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    struct talk other = talk_of(&f, "prn_maria", "chat", NOW);
    struct trace *rows;
    size_t n;
    for (int i = 0; i < 5; i++) {
        said(&f, &t, NOW + i, "mine");
        said(&f, &other, NOW + i, "other");
    }
    ck_ok(traces_load(f.db, f.arena, t.session_id, 3, 10, &rows, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(rows[0].n, 3);
    ck_ok(traces_load(f.db, f.arena, t.session_id, 0, 2, &rows, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(rows[1].n, 1);
    ck_ok(traces_load(f.db, f.arena, t.session_id, 5, 2, &rows, &n));
    ck_assert_uint_eq(n, 0);
    teardown(&f);
}
END_TEST

START_TEST(whoever_comes_past_the_functions_changes_no_trace)
{
    static const char *const harmful[] = {
        "UPDATE agent_traces SET body = '{}'",
        "UPDATE agent_traces SET n = 7 WHERE n = 1",
        "DELETE FROM agent_traces",
        "DELETE FROM agent_traces WHERE n = 1",
        "REPLACE INTO agent_traces SELECT session_id, n, turn, kind, at_us, '{}', model, "
        "system_sha256, tools_sha256, latency_us, input_tokens, output_tokens, cache_read_tokens, "
        "cache_write_tokens, cost_micros FROM agent_traces WHERE n = 0",
        "INSERT INTO agent_traces SELECT session_id, n + 9, turn, kind, at_us, '{}', model, "
        "system_sha256, tools_sha256, latency_us, input_tokens, output_tokens, cache_read_tokens, "
        "cache_write_tokens, cost_micros FROM agent_traces WHERE n = 0",
        "REPLACE INTO agent_sessions SELECT session_id, 'prn_ben', actor, entity_id, origin, "
        "title, api, model, state, turn_open, version, created_us, used_us, ended_us, "
        "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_micros, rows_n, "
        "nonce, forgotten FROM agent_sessions",
        "UPDATE agent_prompts SET text = 'You are careless.'",
        "DELETE FROM agent_prompts",
    };
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    struct trace row = answered(NOW), *rows;
    char system[TRACE_DIGEST];
    size_t n;
    ck_ok(in_tx(&f, prompt_keep(f.db, STR("You are careful."), system)));
    row.system_sha256 = system;
    ck_ok(say(&f, &t, &row, "one"));
    said(&f, &t, NOW, "two");
    for (size_t i = 0; i < sizeof harmful / sizeof harmful[0]; i++) {
        struct err e = by_hand(&f, harmful[i]);
        ck_assert_msg(e.kind == ERR_CONFLICT, "%s: %s", harmful[i], err_kind_name(e.kind));
    }
    ck_ok(traces_load(f.db, f.arena, t.session_id, 0, 10, &rows, &n));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(rows[0].body.at, "{\"text\":\"one\"}");
    teardown(&f);
}
END_TEST

#define ADDERS 2
#define ADDED  40

struct adder {
    const char *path, *session_id;
};

static struct err add_one(struct agent_db *db, struct arena *arena, const char *session_id)
{
    struct talk t = {.session_id = session_id};
    struct trace row = answered(NOW);
    struct json *body = json_object_new(arena);
    return trace_add(db, arena, &t, &row, body);
}

static void *add_many(void *arg)
{
    const struct adder *a = arg;
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 20);
    ck_ok(agent_db_open(a->path, &db));
    for (int i = 0; i < ADDED; i++) {
        ck_ok(agent_db_begin(db));
        ck_ok(agent_db_end(db, add_one(db, arena, a->session_id)));
    }
    return NULL;
}

START_TEST(two_connections_at_once_number_their_rows_without_a_gap)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    struct adder adder = {f.path, t.session_id};
    pthread_t threads[ADDERS];
    struct trace *rows;
    struct trace_use spent;
    size_t n;
    for (int i = 0; i < ADDERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, &adder), 0);
    for (int i = 0; i < ADDERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_ok(traces_load(f.db, f.arena, t.session_id, 0, 1000, &rows, &n));
    ck_assert_uint_eq(n, ADDERS * ADDED);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(rows[i].n, (int64_t)i);
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_assert_int_eq(got.use.cost_micros, 5550 * ADDERS * ADDED);
    ck_ok(traces_spent(f.db, "prn_maria", NOW, &spent));
    ck_assert_int_eq(spent.cost_micros, got.use.cost_micros);
    teardown(&f);
}
END_TEST

/* ---- spending ---- */

START_TEST(spending_is_summed_by_person_and_day)
{
    FRESH(f);
    struct trace_use spent;
    struct talk maria = talk_of(&f, "prn_maria", "chat", NOW - DAY);
    struct talk ben = talk_of(&f, "prn_ben", "chat", NOW - DAY);
    struct trace yesterday = answered(NOW - DAY), today = answered(NOW), bens = answered(NOW);
    ck_ok(say(&f, &maria, &yesterday, "x"));
    ck_ok(say(&f, &maria, &today, "x"));
    ck_ok(say(&f, &ben, &bens, "x"));
    ck_ok(traces_spent(f.db, "prn_maria", NOW, &spent));
    ck_assert_int_eq(trace_use_tokens(&spent), 3520);
    ck_assert_int_eq(spent.cost_micros, 5550);
    ck_ok(traces_spent(f.db, NULL, NOW, &spent));
    ck_assert_int_eq(spent.cost_micros, 2 * 5550);
    ck_ok(traces_spent(f.db, "prn_maria", NOW - DAY, &spent));
    ck_assert_int_eq(spent.cost_micros, 2 * 5550);
    ck_ok(traces_spent(f.db, "prn_maria", NOW + DAY, &spent));
    ck_assert_int_eq(spent.cost_micros, 0);
    ck_ok(traces_spent(f.db, "prn_nobody", 0, &spent));
    ck_assert_int_eq(trace_use_tokens(&spent), 0);
    teardown(&f);
}
END_TEST

START_TEST(a_clock_that_was_ahead_does_not_hide_todays_spending)
{
    FRESH(f);
    struct trace_use spent;
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW + 3 * DAY);
    struct trace row = answered(NOW);
    ck_ok(say(&f, &t, &row, "x"));
    ck_assert_int_eq(row.at_us, NOW + 3 * DAY); /* never before the row above it */
    ck_assert_int_eq(rows_in(&f, "SELECT min(day) * 86400000000 FROM agent_spend") / DAY,
                     NOW / DAY);
    ck_ok(traces_spent(f.db, "prn_maria", NOW, &spent));
    ck_assert_int_eq(spent.cost_micros, 5550);
    teardown(&f);
}
END_TEST

/* ---- walking ---- */

struct told {
    int64_t n, last_us, stop_at;
    char last_id[64];
    int64_t last_n;
};

static struct err tell(void *ctx, const struct talk *t, const struct trace *row)
{
    struct told *told = ctx;
    ck_assert_str_eq(t->session_id, row->session_id);
    ck_assert_str_eq(t->actor, "human:maria");
    ck_assert_int_ge(row->at_us, told->last_us);
    if (row->at_us == told->last_us && strcmp(row->session_id, told->last_id) == 0)
        ck_assert_int_gt(row->n, told->last_n);
    told->last_us = row->at_us;
    told->last_n = row->n;
    snprintf(told->last_id, sizeof told->last_id, "%s", row->session_id);
    told->n++;
    return told->n == told->stop_at ? err_new(ERR_UPSTREAM, "enough") : OK;
}

static int64_t count_told(struct fixture *f, struct traces_filter filter)
{
    struct told told = {0};
    ck_ok(traces_each(f->db, &filter, tell, &told));
    return told.n;
}

START_TEST(every_trace_is_told_once_in_the_order_of_time)
{
    FRESH(f);
    struct talk talks[3];
    struct told told = {.stop_at = 20};
    for (int i = 0; i < 3; i++)
        talks[i] = talk_of(&f, i == 0 ? "prn_ben" : "prn_maria", "chat", NOW);
    for (int i = 0; i < 90; i++) /* many at the same time */
        said(&f, &talks[(i * 7) % 3], NOW + (i / 20) * MINUTE, "x");
    ck_assert_int_eq(count_told(&f, (struct traces_filter){0}), 90);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.session_id = talks[1].session_id}), 30);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.since_us = NOW + MINUTE}), 70);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.until_us = NOW + MINUTE}), 20);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.since_us = NOW + MINUTE,
                                                           .until_us = NOW + 3 * MINUTE}),
                     40);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.session_id = talks[1].session_id,
                                                           .since_us = NOW + MINUTE,
                                                           .until_us = NOW + 3 * MINUTE}),
                     13);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.session_id = "ses_none"}), 0);
    ck_err(traces_each(f.db, &(struct traces_filter){0}, tell, &told), ERR_UPSTREAM);
    ck_assert_int_eq(told.n, 20);
    teardown(&f);
}
END_TEST

/* ---- prompts ---- */

START_TEST(a_prompt_is_kept_once_and_found_by_its_digest)
{
    FRESH(f);
    char a[TRACE_DIGEST], again[TRACE_DIGEST], empty[TRACE_DIGEST];
    struct str text;
    ck_ok(in_tx(&f, prompt_keep(f.db, STR("You are careful."), a)));
    ck_ok(in_tx(&f, prompt_keep(f.db, STR("You are careful."), again)));
    ck_ok(in_tx(&f, prompt_keep(f.db, (struct str){0}, empty)));
    ck_assert_str_eq(a, again);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_prompts"), 2);
    ck_ok(prompt_load(f.db, f.arena, a, &text));
    ck_assert(str_is(text, "You are careful."));
    ck_err(prompt_load(f.db, f.arena, "0000", &text), ERR_MISSING);
    teardown(&f);
}
END_TEST

START_TEST(the_files_log_does_not_grow_with_what_was_written)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    char wal[128];
    struct stat st;
    snprintf(wal, sizeof wal, "%s-wal", f.path);
    for (int i = 0; i < 1500; i++) /* ten pages or so each */
        said(&f, &t, NOW + i, "x");
    ck_assert_int_eq(stat(wal, &st), 0);
    ck_assert_int_lt(st.st_size, 24 << 20);
    teardown(&f);
}
END_TEST

/* ---- retention ---- */

static struct talk old_talk(struct fixture *f, int rows, const char *prompt)
{
    struct talk t = talk_of(f, "prn_maria", "chat", NOW - 100 * DAY);
    char digest[TRACE_DIGEST];
    ck_ok(agent_db_begin(f->db));
    struct err e = prompt_keep(f->db, str_of(prompt), digest);
    for (int i = 0; i < rows && e.kind == ERR_NONE; i++) {
        struct trace row = answered(NOW - 100 * DAY + i);
        row.system_sha256 = digest;
        e = trace_add(f->db, f->arena, &t, &row, text_body(f, "x"));
    }
    ck_ok(agent_db_end(f->db, e));
    return t;
}

static struct traces_forgotten forget_all(struct fixture *f, int64_t before_us, int *calls)
{
    struct traces_forgotten sum = {0}, one;
    *calls = 0;
    do {
        ck_ok(traces_forget(f->db, before_us, NOW, &one));
        ck_assert_int_le(one.rows, 200); /* a short transaction, however much there is */
        ck_assert_int_le(one.sessions, 50);
        sum.rows += one.rows;
        sum.sessions += one.sessions;
        *calls += 1;
        ck_assert_int_lt(*calls, 1000);
    } while (one.more);
    return sum;
}

START_TEST(old_sessions_are_forgotten_whole_and_in_short_steps)
{
    FRESH(f);
    struct talk large = old_talk(&f, 450, "old prompt"), kept, got;
    int calls;
    for (int i = 0; i < 60; i++)
        (void)old_talk(&f, 1, "shared prompt");
    kept = old_talk(&f, 5, "shared prompt"); /* begun long ago, used today */
    said(&f, &kept, NOW, "still here");
    struct traces_forgotten f1 = forget_all(&f, NOW - 30 * DAY, &calls);
    ck_assert_int_eq(f1.sessions, 61);
    ck_assert_int_eq(f1.rows, 510);
    ck_assert_int_gt(calls, 3);
    ck_err(talk_load_any(f.db, f.arena, large.session_id, &got), ERR_MISSING);
    ck_ok(talk_load_any(f.db, f.arena, kept.session_id, &got));
    ck_assert_int_eq(got.rows_n, 6);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_traces"), 6);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_sessions"), 1);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_prompts"), 1);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_prompt_uses"), 1);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_spend"), 0);
    f1 = forget_all(&f, NOW - 30 * DAY, &calls); /* nothing is left to do */
    ck_assert_int_eq(f1.rows + f1.sessions, 0);
    ck_assert_int_eq(calls, 1);
    teardown(&f);
}
END_TEST

START_TEST(what_is_being_forgotten_is_out_of_sight_and_closed)
{
    FRESH(f);
    struct talk t = old_talk(&f, 450, "p"), got, *list;
    struct traces_forgotten one;
    struct trace row = answered(NOW);
    size_t n;
    ck_ok(traces_forget(f.db, NOW - DAY, NOW, &one)); /* and here the agent stops */
    ck_assert(one.more);
    ck_assert_int_eq(one.sessions, 0);
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_traces"), 250);
    ck_err(talk_load(f.db, f.arena, t.session_id, "prn_maria", &got), ERR_MISSING);
    ck_ok(talks_list(f.db, f.arena, NULL, NULL, 10, &list, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){0}), 0);
    ck_assert_int_eq(count_told(&f, (struct traces_filter){.session_id = t.session_id}), 0);
    ck_err(say(&f, &t, &row, "x"), ERR_MISSING);
    ck_err(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW)),
           ERR_CONFLICT);
    ck_err(by_hand(&f, "UPDATE agent_sessions SET forgotten = 0"), ERR_CONFLICT);
    ck_assert(one.more); /* whatever the bound of the next run, it is finished */
    ck_ok(traces_forget(f.db, 0, NOW, &one));
    ck_ok(traces_forget(f.db, 0, NOW, &one));
    ck_assert_int_eq(rows_in(&f, "SELECT count(*) FROM agent_sessions"), 0);
    teardown(&f);
}
END_TEST

START_TEST(a_turn_under_way_is_spared_until_it_is_dead)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW - DAY / 2), dead, got;
    int calls;
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &t, AGENT_SESSION_EVENT_SAY, true, NOW - MINUTE)));
    dead = talk_of(&f, "prn_maria", "ask", NOW - 3 * DAY);
    ck_ok(in_tx(&f, talk_move(f.db, f.arena, &dead, AGENT_SESSION_EVENT_SAY, true, NOW - 2 * DAY)));
    ck_assert_int_eq(forget_all(&f, NOW, &calls).sessions, 1);
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    ck_err(talk_load_any(f.db, f.arena, dead.session_id, &got), ERR_MISSING);
    teardown(&f);
}
END_TEST

START_TEST(the_future_is_not_forgotten)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW), got;
    struct traces_forgotten one;
    ck_err(traces_forget(f.db, NOW + 1, NOW, &one), ERR_INPUT);
    ck_ok(traces_forget(f.db, NOW, NOW, &one)); /* used at that very time */
    ck_assert_int_eq(one.sessions, 0);
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    teardown(&f);
}
END_TEST

TEST_MAIN("traces", a_trace_comes_back_as_it_was_kept, every_kind_can_be_kept,
          the_session_counts_what_is_added_to_it, traces_of_a_step_that_lost_are_not_there,
          what_makes_no_sense_is_refused, a_page_of_a_session_begins_where_it_is_asked_to,
          whoever_comes_past_the_functions_changes_no_trace,
          two_connections_at_once_number_their_rows_without_a_gap,
          spending_is_summed_by_person_and_day,
          a_clock_that_was_ahead_does_not_hide_todays_spending,
          every_trace_is_told_once_in_the_order_of_time,
          a_prompt_is_kept_once_and_found_by_its_digest,
          the_files_log_does_not_grow_with_what_was_written,
          old_sessions_are_forgotten_whole_and_in_short_steps,
          what_is_being_forgotten_is_out_of_sight_and_closed,
          a_turn_under_way_is_spared_until_it_is_dead, the_future_is_not_forgotten)
