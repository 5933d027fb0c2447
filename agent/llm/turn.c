/* What is to be done next, and the rows that say so. */
#include "agent/llm/turn.h"

#include <stdlib.h>
#include <string.h>

#include "agent/fsm/agent_session.h"
#include "common/sys/backoff.h"
#include "common/sys/crypt.h"
#include "common/sys/log.h"

#define ROWS_MAX      100000
#define PAUSE_MAX_MS  60000
#define AGAIN_MS      1000 /* when agent.db or the engine was in the way */
#define DAY_US        INT64_C(86400000000)
#define FORGET_ROUNDS 200

/* ---- rows ---- */

static struct err row_keep(struct turn *t, const struct trace *trace, const struct json *body)
{
    struct turn_row *rows = arena_grow(t->arena, t->rows, t->n, &t->cap, sizeof *rows);
    ENSURE(rows != NULL, ERR_LIMIT, "out of memory");
    t->rows = rows;
    t->rows[t->n++] = (struct turn_row){*trace, body};
    return OK;
}

static void tell_row(struct turn *t, const struct trace *row, const struct json *body)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    const struct json *shown = show_row(t->arena, row, body);
    jw_init(&w, 4 * TRACE_BODY_MAX);
    if (shown == NULL)
        return;
    jw_tree(&w, NULL, shown);
    if (jw_done(&w, &text).kind == ERR_NONE)
        llm_post(t->llm, t->talk.session_id, "row", text);
}

static struct err add_row(struct turn *t, const struct row_new *new, struct trace *row)
{
    struct agent_db *db = t->worker->db;
    const bool open = !new->turn_ends;
    TRY(trace_add(db, t->arena, &t->talk, row, new->body));
    if (new->event != STAYS)
        return talk_move(db, t->arena, &t->talk, (enum agent_session_event) new->event, open,
                         t->now_us);
    return talk_hold(db, &t->talk, open, t->now_us);
}

static struct trace_use use_of(const struct turn *t, const struct llm_usage *u)
{
    if (u == NULL)
        return (struct trace_use){0};
    return (struct trace_use){
        u->input, u->output, u->cache_read, u->cache_write,
        llm_cost_micros(&t->config->price, u->input, u->output, u->cache_read, u->cache_write)};
}

struct err turn_add(struct turn *t, const struct row_new *new)
{
    t->now_us = t->llm->options.clock_us();
    struct trace row = {.turn = t->number,
                        .kind = new->kind,
                        .at_us = t->now_us,
                        .model = new->model,
                        .latency_us = new->latency_us,
                        .use = use_of(t, new->use)};
    if (new->of_question) {
        row.system_sha256 = t->system_sha256;
        row.tools_sha256 = t->tools_sha256[0] == '\0' ? NULL : t->tools_sha256;
    }
    TRY(agent_db_begin(t->worker->db));
    TRY(agent_db_end(t->worker->db, add_row(t, new, &row)));
    TRY(row_keep(t, &row, new->body));
    tell_row(t, &row, new->body);
    return OK;
}

struct err turn_note(struct turn *t, const char *what, const char *text, int event, bool turn_ends)
{
    struct json *body = json_object_new(t->arena);
    json_put_text(t->arena, body, "what", what);
    json_put_text(t->arena, body, "text", text);
    TRY(arena_check(t->arena));
    return turn_add(t,
                    &(struct row_new){
                        .kind = TRACE_NOTED, .body = body, .event = event, .turn_ends = turn_ends});
}

static struct err rows_load(struct turn *t)
{
    struct trace *traces;
    size_t n;
    TRY(traces_load(t->worker->db, t->arena, t->talk.session_id, 0, ROWS_MAX, &traces, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *body;
        TRY(trace_tree(t->arena, &traces[i], &body));
        TRY(row_keep(t, &traces[i], body));
        if (traces[i].kind == TRACE_SAID) {
            t->said = i;
            t->number = traces[i].turn;
        }
    }
    return OK;
}

struct mcpc_actor turn_actor(struct arena *arena, const struct talk *talk)
{
    return (struct mcpc_actor){.sub = arena_fmt(arena, "llm:chat.%s", talk->session_id),
                               .obo = talk->principal_id,
                               .channel = "chat",
                               .model = talk->model};
}

struct err turn_tools(struct turn *t)
{
    if (t->tools != NULL)
        return OK;
    const struct mcpc_actor actor = turn_actor(t->arena, &t->talk);
    TRY(arena_check(t->arena));
    return tools_hold(t->llm->tools, t->worker, t->arena, &actor, t->now_us, &t->tools);
}

/* ---- what came ---- */

static const char *const stops[] = {
    [LLM_STOP_CUT] = "stopped",   [LLM_STOP_END] = "end",         [LLM_STOP_CALLS] = "calls",
    [LLM_STOP_LENGTH] = "length", [LLM_STOP_REFUSED] = "refused",
};

static struct json *part_json(struct arena *arena, const struct llm_part *p)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "type", p->kind == LLM_TEXT ? "text" : "call");
    if (p->kind == LLM_TEXT) {
        json_put(arena, o, "text", json_str_new(arena, p->text));
        return o;
    }
    json_put_text(arena, o, "call_id", p->call_id);
    json_put_text(arena, o, "tool", p->tool);
    if (p->arguments != NULL)
        json_put(arena, o, "arguments", p->arguments);
    else
        json_put(arena, o, "malformed", json_str_new(arena, p->text));
    return o;
}

static const struct turn_row *last_of(const struct turn *t, enum trace_kind kind)
{
    for (size_t i = t->n; i > 0; i--)
        if (t->rows[i - 1].trace.kind == kind)
            return &t->rows[i - 1];
    return NULL;
}

static const struct turn_row *last_word(const struct turn *t)
{
    for (size_t i = t->n; i > 0; i--) {
        const struct turn_row *row = &t->rows[i - 1];
        switch (row->trace.kind) {
        case TRACE_SAID:
        case TRACE_ANSWERED:
        case TRACE_RETURNED:
        case TRACE_SUMMED:
            return row;
        case TRACE_ASKED:
        case TRACE_CALLING:
        case TRACE_NOTED:
        case TRACE_KINDS:
            break;
        }
    }
    return NULL;
}

static bool asked_for_summary(const struct turn *t)
{
    const struct turn_row *asked = last_of(t, TRACE_ASKED);
    const char *purpose = asked == NULL ? NULL : json_get_text(asked->body, "purpose");
    return purpose != NULL && text_eq(purpose, "summary");
}

static struct err record_summary(struct turn *t, const struct llm_answer *a)
{
    struct json *body = json_object_new(t->arena);
    __attribute__((cleanup(buf_fini_cleanup))) struct buf text;
    buf_init(&text, LLM_TEXT_MAX);
    for (size_t i = 0; i < a->n; i++)
        if (a->parts[i].kind == LLM_TEXT)
            buf_put(&text, a->parts[i].text.at, a->parts[i].text.len);
    TRY(buf_check(&text));
    if (text.len == 0)
        return turn_note(t, "trouble",
                         "The conversation has grown too long, and the model did not summarise it. "
                         "Begin a new one.",
                         AGENT_SESSION_EVENT_FAIL, true);
    /* a question that nobody has answered yet stays as it was said */
    const bool unanswered = last_word(t) == &t->rows[t->said];
    const int64_t upto = t->rows[unanswered ? t->said : t->n - 1].trace.n - (unanswered ? 1 : 0);
    json_put(t->arena, body, "text", json_str_new(t->arena, buf_str(&text)));
    json_put_int(t->arena, body, "upto", upto);
    TRY(arena_check(t->arena));
    return turn_add(t, &(struct row_new){.kind = TRACE_SUMMED,
                                         .body = body,
                                         .event = STAYS,
                                         .use = &a->usage,
                                         .latency_us = t->step->latency_us,
                                         .model = t->talk.model});
}

static struct err record_answer(struct turn *t, const struct llm_answer *a, const char *stop)
{
    struct json *body = json_object_new(t->arena), *parts = json_array_new(t->arena);
    bool calls = false;
    for (size_t i = 0; i < a->n; i++) {
        json_push(t->arena, parts, part_json(t->arena, &a->parts[i]));
        calls = calls || a->parts[i].kind == LLM_CALL;
    }
    json_put(t->arena, body, "parts", parts);
    json_put_text(t->arena, body, "stop", stop);
    json_put_known(t->arena, body, "provider_id", a->id);
    json_put_known(t->arena, body, "provider_model", a->model);
    TRY(arena_check(t->arena));
    return turn_add(t, &(struct row_new){.kind = TRACE_ANSWERED,
                                         .body = body,
                                         .event = calls ? AGENT_SESSION_EVENT_CALL : STAYS,
                                         .use = &a->usage,
                                         .latency_us = t->step->latency_us,
                                         .model = t->talk.model});
}

static int64_t pause_ms(int attempt, int64_t base_ms)
{
    uint64_t random;
    crypt_random(&random, sizeof random);
    const int64_t ms = backoff_us(attempt, base_ms, random) / 1000;
    return ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : ms;
}

/* The provider could not, yet: after a pause once more, as often as is configured. */
static struct err pause(struct turn *t, const struct llm_trouble *trouble)
{
    struct step *step = t->step;
    const int64_t own = pause_ms(step->attempt, t->config->backoff_ms);
    step->after_ms = trouble->after_ms > own ? trouble->after_ms : own;
    step->next = NEXT_PAUSE;
    return turn_note(t, "again",
                     arena_fmt(t->arena, "%s Trying again in %lld s (%d of %lld).",
                               trouble->sentence, (long long)(step->after_ms + 999) / 1000,
                               step->attempt, (long long)t->config->attempts),
                     STAYS, false);
}

static struct err take_trouble(struct turn *t)
{
    const struct llm_trouble *trouble = &t->step->trouble;
    if (trouble->again && t->step->attempt < t->config->attempts)
        return pause(t, trouble);
    if (text_eq(trouble->kind, "context") && !asked_for_summary(t) && t->said > 0)
        return turn_ask(t, true);
    return turn_note(t, "trouble", trouble->sentence, AGENT_SESSION_EVENT_FAIL, true);
}

/* ---- what is to be done ---- */

static size_t answers_of_turn(const struct turn *t)
{
    size_t n = 0;
    for (size_t i = t->said; i < t->n; i++)
        n += t->rows[i].trace.kind == TRACE_ANSWERED;
    return n;
}

/* The turn is over; what people have to decide is handed over to them. */
static struct err end_turn(struct turn *t, const char *what, const char *text)
{
    const char **open;
    size_t n;
    TRY(turn_approvals(t, &open, &n));
    const int event = n > 0 ? AGENT_SESSION_EVENT_HAND_OVER : STAYS;
    if (what != NULL)
        return turn_note(t, what, text, event, true);
    TRY(agent_db_begin(t->worker->db));
    return agent_db_end(t->worker->db,
                        event == STAYS
                            ? talk_hold(t->worker->db, &t->talk, false, t->now_us)
                            : talk_move(t->worker->db, t->arena, &t->talk,
                                        (enum agent_session_event)event, false, t->now_us));
}

/* A conversation stays with the model it was begun with. */
static bool is_of_another_model(const struct turn *t)
{
    return !text_eq(t->talk.model, t->config->model) ||
           !text_eq(t->talk.api, llm_api_name(t->config->api));
}

static struct err ask_next(struct turn *t)
{
    const char *spent;
    if (is_of_another_model(t))
        return end_turn(t, "model",
                        arena_fmt(t->arena,
                                  "This conversation was held with %s, and the model set up now is "
                                  "%s. Begin a new one.",
                                  t->talk.model, t->config->model));
    TRY(budget_spent(t, &spent));
    if (spent != NULL)
        return end_turn(t, "budget", spent);
    if (answers_of_turn(t) >= (size_t)t->config->steps)
        return end_turn(t, "steps",
                        arena_fmt(t->arena,
                                  "The turn was stopped after %lld answers of the model "
                                  "(CLOSEGATE_LLM_STEPS). Say how to go on.",
                                  (long long)t->config->steps));
    return turn_ask(t, turn_is_long(t));
}

/* An answer that calls nothing ends the turn. */
static struct err end_answered(struct turn *t, const struct turn_row *row)
{
    const char *stop = json_get_text(row->body, "stop");
    if (stop != NULL && text_eq(stop, "length"))
        return end_turn(t, "length",
                        "The answer was cut at its longest (CLOSEGATE_LLM_ANSWER_TOKENS).");
    if (stop != NULL && text_eq(stop, "refused"))
        return end_turn(t, "refused", "The model declined to answer this.");
    return end_turn(t, NULL, NULL);
}

static struct err go_on(struct turn *t)
{
    struct owed *owed;
    size_t n, open;
    bool done = true;
    TRY(turn_owed(t, &owed, &n));
    if (n > 0)
        TRY(turn_call_all(t, owed, n, &done));
    if (!done)
        return OK;
    const struct turn_row *last = last_word(t);
    ENSURE(last != NULL, ERR_BUG, "a turn without a word");
    if (last->trace.kind == TRACE_ANSWERED && n == 0)
        return end_answered(t, last);
    if (atomic_load(&t->step->room->halt))
        return end_turn(t, "stopped", "You stopped this.");
    if (last->trace.kind == TRACE_SAID)
        TRY(turn_settle(t, &open));
    return ask_next(t);
}

/* The person stopped it: what the model had said stays, what it wanted to call is left. */
static struct err halt(struct turn *t)
{
    struct owed *owed;
    size_t n;
    if (!t->talk.turn_open)
        return OK;
    const struct turn_row *last = last_word(t);
    if (t->step->answer.n > 0 && !asked_for_summary(t) && last != NULL &&
        last->trace.kind != TRACE_ANSWERED)
        TRY(record_answer(t, &t->step->answer, "stopped"));
    TRY(turn_owed(t, &owed, &n));
    TRY(turn_leave_calls(t, owed, n));
    return end_turn(t, "stopped", "You stopped this.");
}

/* Another process (serve beside ask) ended the turn, or began the next, while the provider was
 * asked here: what it answers is nobody's any more. */
static bool is_late(const struct turn *t)
{
    const enum step_came came = t->step->came;
    return (came == CAME_ANSWER || came == CAME_TROUBLE) && t->step->version != t->talk.version;
}

static struct err take(struct turn *t)
{
    const struct step *step = t->step;
    switch (step->came) {
    case CAME_HALT:
        return halt(t);
    case CAME_TROUBLE:
        return t->talk.turn_open ? take_trouble(t) : OK;
    case CAME_ANSWER:
        t->step->attempt = 0;
        TRY(asked_for_summary(t) ? record_summary(t, &step->answer)
                                 : record_answer(t, &step->answer, stops[step->answer.stop]));
        break;
    case CAME_RESUME:
        if (t->talk.turn_open)
            TRY(turn_note(t, "resumed", "closegate was started again and went on from here.", STAYS,
                          false));
        break;
    case CAME_NOTHING:
    case CAME_OLD:
        break;
    }
    return t->talk.turn_open ? go_on(t) : OK;
}

/* ---- a worker's job ---- */

/* Something was in the way that is not the model's. Nothing is lost: the rows say where it stands.
 * agent.db is tried again after a pause, and a session that somebody else moved on is looked at
 * anew; the rest the person is told. */
static void failed(struct turn *t, struct err e)
{
    struct step *step = t->step;
    const bool again = e.kind == ERR_CONFLICT || e.kind == ERR_STORE;
    log_warn("a step of a conversation failed", LOG_TEXT("session", step->room->session_id),
             LOG_ERR(e), LOG_END);
    step->attempt++;
    if (again && step->attempt <= t->config->attempts) {
        step->next = NEXT_PAUSE;
        step->after_ms = e.kind == ERR_CONFLICT ? 1 : pause_ms(step->attempt, AGAIN_MS);
        return;
    }
    step->next = NEXT_NOTHING;
    const char *sentence = arena_fmt(t->arena, "This could not go on: %s.",
                                     e.msg == NULL ? "something failed" : e.msg);
    if (t->talk.session_id != NULL && t->talk.turn_open && sentence != NULL &&
        turn_note(t, "trouble", sentence, AGENT_SESSION_EVENT_FAIL, true).kind != ERR_NONE)
        log_error("a conversation stands still", LOG_TEXT("session", step->room->session_id),
                  LOG_END);
}

struct err turn_look(struct llm *llm, const struct worker_tools *worker, struct arena *arena,
                     struct talk *talk)
{
    struct turn t = {.llm = llm,
                     .config = llm->config,
                     .worker = worker,
                     .arena = arena,
                     .talk = *talk,
                     .now_us = llm->options.clock_us()};
    size_t open;
    TRY(rows_load(&t));
    TRY(turn_settle(&t, &open));
    if (open == 0) {
        TRY(agent_db_begin(worker->db));
        TRY(agent_db_end(worker->db, talk_move(worker->db, arena, &t.talk,
                                               AGENT_SESSION_EVENT_SETTLE, false, t.now_us)));
    }
    *talk = t.talk;
    return OK;
}

static void forget_old(struct step *step, const struct worker_tools *worker)
{
    const int64_t now_us = step->llm->options.clock_us();
    const int64_t before_us = now_us - step->llm->config->trace_days * DAY_US;
    struct traces_forgotten f = {.more = true};
    struct err e = OK;
    int64_t sessions = 0;
    for (int i = 0; i < FORGET_ROUNDS && f.more && e.kind == ERR_NONE; i++) {
        e = traces_forget(worker->db, before_us, now_us, &f);
        sessions += f.sessions;
    }
    if (e.kind != ERR_NONE)
        log_error("old conversations stay", LOG_ERR(e), LOG_END);
    else if (sessions > 0)
        log_info("old conversations are forgotten", LOG_INT("sessions", sessions), LOG_END);
}

void turn_work(struct step *step, const struct worker_tools *worker)
{
    struct turn t = {.step = step,
                     .llm = step->llm,
                     .config = step->llm->config,
                     .worker = worker,
                     .arena = step->arena,
                     .now_us = step->llm->options.clock_us()};
    if (step->came == CAME_OLD) {
        forget_old(step, worker);
        return;
    }
    struct err e = talk_load_any(worker->db, t.arena, step->room->session_id, &t.talk);
    if (e.kind == ERR_NONE)
        e = rows_load(&t);
    if (e.kind == ERR_NONE && !is_late(&t))
        e = take(&t);
    if (e.kind != ERR_NONE)
        failed(&t, e);
    tools_release(t.llm->tools, t.tools);
    step->version = t.talk.version;
    step->state = t.talk.state;
    step->turn_open = t.talk.turn_open;
}
