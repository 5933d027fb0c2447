/* Starting, stopping, and the loop thread's side of a turn: a room goes from a worker's step to the
 * provider's answer and back, until a step says that nothing is left to do. */
#include "agent/llm/llm_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/log.h"

#define WORKERS      8
#define WAITING_MAX  100000
#define STEP_BYTES   ((size_t)96 << 20)
#define OWN_BYTES    ((size_t)8 << 20)
#define ANSWER_MAX   ((size_t)4 << 20) /* of an answer that is no stream: an error's text */
#define BUSY_MS      200
#define HEARTBEAT_MS 20000
#define RETENTION_MS 3600000
#define RESUME_MAX   10000

enum post_kind { POST_TELL = 0, POST_WAKE, POST_HALT, POST_RESUME, POST_HANG_UP };

struct post {
    enum post_kind kind;
    char session_id[ID_TEXT_MAX]; /* POST_HANG_UP: a principal; "" is everybody */
    char event[8];
    TAILQ_ENTRY(post) link;
    size_t len;
    char json[];
};

/* ---- a step begins ---- */

static void room_go(struct room *room);
static void submit(struct room *room, struct step *step);

static struct step *step_new(struct llm *llm, struct room *room, enum step_came came)
{
    struct step *step = calloc(1, sizeof *step);
    if (step == NULL)
        return NULL;
    *step = (struct step){.llm = llm, .room = room, .came = came};
    step->arena = arena_new(STEP_BYTES);
    if (step->arena == NULL) {
        free(step);
        return NULL;
    }
    if (room != NULL) {
        step->attempt = room->attempt;
        step->version = room->version;
    }
    return step;
}

static void step_free(struct step *step)
{
    if (step != NULL)
        arena_free(step->arena);
    free(step);
}

static void on_pause_over(void *ctx)
{
    struct room *room = ctx;
    loop_timer_free(room->pause);
    room->pause = NULL;
    room->stage = STAGE_IDLE;
    room_go(room);
}

/* Looks again later. A timer that cannot be had leaves the turn open in agent.db, for a restart or
 * the next word. */
static void room_pause(struct room *room, int64_t after_ms)
{
    const uint32_t ms = after_ms < 1 ? 1 : after_ms > 600000 ? 600000 : (uint32_t)after_ms;
    room->stage = STAGE_PAUSED;
    const struct err e =
        loop_timer_new(room->llm->options.loop, ms, false, on_pause_over, room, &room->pause);
    if (e.kind == ERR_NONE)
        return;
    log_error("a turn cannot go on by itself", LOG_TEXT("session", room->session_id), LOG_ERR(e),
              LOG_END);
    room->stage = STAGE_IDLE;
    room_leave(room);
}

static void submit(struct room *room, struct step *step)
{
    if (room->llm->stopped) {
        step_free(step);
        return;
    }
    if (step == NULL || pool_submit(room->llm->pool, step).kind != ERR_NONE) {
        step_free(step);
        room_pause(room, BUSY_MS);
        return;
    }
    room->stage = STAGE_WORKING;
    room->again = false;
}

static void room_go(struct room *room)
{
    const bool halted = atomic_load(&room->halt);
    submit(room, step_new(room->llm, room, halted ? CAME_HALT : CAME_NOTHING));
    room_tell_state(room);
}

/* ---- the provider ---- */

static void on_text(void *ctx, struct str delta)
{
    struct room *room = ctx;
    buf_put(&room->text, delta.at, delta.len);
    room_tell_text(room, delta);
}

static void on_call(void *ctx, const char *tool)
{
    struct room *room = ctx;
    CLEANUP(jw_fini) struct jw w;
    struct str json;
    jw_init(&w, 4096);
    jw_obj(&w);
    jw_text(&w, "tool", tool);
    jw_end(&w);
    if (jw_done(&w, &json).kind == ERR_NONE)
        room_tell(room, "call", json);
}

static void on_took(void *ctx, const char *bytes, size_t n)
{
    struct room *room = ctx;
    llm_reader_put(room->reader, bytes, n);
}

static void reader_drop(struct room *room)
{
    llm_reader_free(room->reader);
    room->reader = NULL;
}

/* What came of the question: an answer, or why there is none. */
static struct err take_answer(struct room *room, struct err e, const struct fetch_reply *reply,
                              struct step *step)
{
    struct llm *llm = room->llm;
    if (e.kind == ERR_NONE && reply->status == 200)
        e = llm_reader_end(room->reader, step->arena, &step->answer);
    step->came = CAME_ANSWER;
    if (e.kind == ERR_NONE && reply->status == 200)
        return OK;
    step->came = CAME_TROUBLE;
    return llm_trouble_of(step->arena, &llm->endpoint, e, reply, llm->options.clock_us(),
                          &step->trouble);
}

static void count(struct llm *llm, const struct step *step)
{
    struct llm_counts *c = &llm->counts;
    if (step == NULL || step->came != CAME_ANSWER) {
        c->troubles++;
        return;
    }
    const struct llm_usage *u = &step->answer.usage;
    c->answers++;
    c->use.input += u->input;
    c->use.output += u->output;
    c->use.cache_read += u->cache_read;
    c->use.cache_write += u->cache_write;
    c->cost_micros +=
        llm_cost_micros(&llm->config->price, u->input, u->output, u->cache_read, u->cache_write);
}

static void on_done(void *ctx, struct err e, const struct fetch_reply *reply)
{
    struct room *room = ctx;
    struct llm *llm = room->llm;
    struct step *step = step_new(llm, room, CAME_TROUBLE);
    room->one = NULL;
    room->stage = STAGE_IDLE;
    if (step != NULL) {
        step->latency_us = llm->options.clock_us() - room->asked_us;
        const struct err failed = take_answer(room, e, reply, step);
        if (failed.kind != ERR_NONE) {
            log_error("an answer of the model was lost", LOG_TEXT("session", room->session_id),
                      LOG_ERR(failed), LOG_END);
            step_free(step);
            step = NULL; /* asked again after a pause */
        }
    }
    reader_drop(room);
    count(llm, step);
    submit(room, step);
    room_tell_state(room);
    if (step == NULL || step->came == CAME_TROUBLE)
        buf_clear(&room->text);
}

static struct err ask(struct room *room, const struct step *step)
{
    struct llm *llm = room->llm;
    const struct llm_hooks hooks = {.text = on_text, .call = on_call, .ctx = room};
    struct fetch_loop_req req = {.req = step->req,
                                 .idle_ms = (uint32_t)llm->config->idle_ms,
                                 .took = on_took,
                                 .done = on_done,
                                 .ctx = room};
    req.req.timeout_ms = (uint32_t)llm->config->timeout_ms;
    req.req.reply_max = ANSWER_MAX;
    buf_clear(&room->text);
    TRY(llm_reader_new(llm->endpoint.api, hooks, &room->reader));
    room->attempt = step->attempt;
    room->asked_us = llm->options.clock_us();
    TRY(fetch_loop_add(llm->fetch, &req, &room->one));
    room->stage = STAGE_ASKING;
    llm->counts.questions++;
    return OK;
}

/* Stops the model in mid-sentence: what it said so far is kept. */
static void halt_asking(struct room *room)
{
    struct step *step = step_new(room->llm, room, CAME_HALT);
    fetch_one_cancel(room->one);
    room->one = NULL;
    if (step != NULL) {
        step->latency_us = room->llm->options.clock_us() - room->asked_us;
        /* cut, so an error; what is left of the answer is in it all the same */
        const struct err e = llm_reader_end(room->reader, step->arena, &step->answer);
        if (e.kind != ERR_NONE && e.kind != ERR_UPSTREAM)
            step->answer = (struct llm_answer){0};
    }
    reader_drop(room);
    room->stage = STAGE_IDLE;
    submit(room, step);
}

/* ---- a step is over ---- */

static void turn_over(struct room *room)
{
    room->stage = STAGE_IDLE;
    buf_clear(&room->text);
    if (room->again && !room->llm->stopped) {
        room_go(room);
        return;
    }
    atomic_store(&room->halt, false);
    room_tell_state(room);
    room_leave(room);
}

static void follow(struct room *room, const struct step *step)
{
    struct err e;
    room->stage = STAGE_IDLE;
    room->attempt = 0;
    switch (step->next) {
    case NEXT_NOTHING:
        turn_over(room);
        return;
    case NEXT_PAUSE:
        room->attempt = step->attempt;
        room_pause(room, step->after_ms);
        room_tell_state(room);
        return;
    case NEXT_ASK:
        break;
    }
    if (atomic_load(&room->halt)) {
        room_go(room);
        return;
    }
    e = ask(room, step);
    if (e.kind != ERR_NONE) {
        log_error("the model cannot be asked", LOG_TEXT("session", room->session_id), LOG_ERR(e),
                  LOG_END);
        reader_drop(room);
        room_pause(room, BUSY_MS);
    }
    room_tell_state(room);
}

static void on_step_done(void *job, void *ctx)
{
    struct step *step = job;
    struct llm *llm = ctx;
    struct room *room = step->room;
    if (room != NULL) {
        room->state = step->state;
        room->turn_open = step->turn_open;
        room->version = step->version;
        room->known = true;
        if (step->came == CAME_HALT)
            atomic_store(&room->halt, false);
        if (llm->stopped)
            room->stage = STAGE_IDLE;
        else
            follow(room, step);
    }
    step_free(step);
}

static void on_work(void *job, const struct worker_tools *tools)
{
    turn_work(job, tools);
}

/* ---- posts: what other threads want ---- */

static void post(struct llm *llm, enum post_kind kind, const char *session_id, const char *event,
                 struct str json)
{
    struct post *p = calloc(1, sizeof *p + json.len + 1);
    if (p == NULL || strlen(session_id) >= sizeof p->session_id) {
        free(p);
        return;
    }
    p->kind = kind;
    p->len = json.len;
    memcpy(p->session_id, session_id, strlen(session_id) + 1);
    snprintf(p->event, sizeof p->event, "%s", event);
    memcpy(p->json, json.at, json.len);
    pthread_mutex_lock(&llm->lock);
    TAILQ_INSERT_TAIL(&llm->posts, p, link);
    pthread_mutex_unlock(&llm->lock);
    loop_wake(llm->wake);
}

void llm_post(struct llm *llm, const char *session_id, const char *event, struct str json)
{
    post(llm, POST_TELL, session_id, event, json);
}

void llm_wake(struct llm *llm, const char *session_id)
{
    if (llm != NULL)
        post(llm, POST_WAKE, session_id, "", STR(""));
}

void llm_resume(struct llm *llm, const char *session_id)
{
    if (llm != NULL)
        post(llm, POST_RESUME, session_id, "", STR(""));
}

void llm_halt(struct llm *llm, const char *session_id)
{
    if (llm != NULL)
        post(llm, POST_HALT, session_id, "", STR(""));
}

void llm_hang_up(struct llm *llm, const char *principal_id)
{
    if (llm != NULL)
        post(llm, POST_HANG_UP, principal_id == NULL ? "" : principal_id, "", STR(""));
}

static void wake_room(struct llm *llm, const struct post *p)
{
    struct room *room;
    const struct err e = room_of(llm, p->session_id, &room);
    if (e.kind != ERR_NONE) {
        log_error("a turn cannot begin", LOG_TEXT("session", p->session_id), LOG_ERR(e), LOG_END);
        return;
    }
    if (room->stage == STAGE_WORKING)
        room->again = true;
    if (room->stage != STAGE_IDLE)
        return;
    atomic_store(&room->halt, false);
    submit(room, step_new(llm, room, p->kind == POST_RESUME ? CAME_RESUME : CAME_NOTHING));
}

static void halt_room(struct llm *llm, const struct post *p)
{
    struct room *room;
    if (room_of(llm, p->session_id, &room).kind != ERR_NONE)
        return;
    atomic_store(&room->halt, true);
    switch (room->stage) {
    case STAGE_WORKING: /* its worker looks at `halt` */
        break;
    case STAGE_ASKING:
        halt_asking(room);
        break;
    case STAGE_PAUSED:
        loop_timer_free(room->pause);
        room->pause = NULL;
        room->stage = STAGE_IDLE;
        room_go(room);
        break;
    case STAGE_IDLE:
        room_go(room);
        break;
    }
}

static void take_post(struct llm *llm, const struct post *p)
{
    struct room *room;
    switch (p->kind) {
    case POST_TELL:
        room = room_find(llm, p->session_id);
        if (room != NULL)
            room_tell(room, p->event, (struct str){p->json, p->len});
        break;
    case POST_WAKE:
    case POST_RESUME:
        if (!llm->stopped)
            wake_room(llm, p);
        break;
    case POST_HALT:
        if (!llm->stopped)
            halt_room(llm, p);
        break;
    case POST_HANG_UP:
        feeds_end(llm, p->session_id[0] == '\0' ? NULL : p->session_id);
        break;
    }
}

static void on_wake(void *ctx)
{
    struct llm *llm = ctx;
    TAILQ_HEAD(, post) mine = TAILQ_HEAD_INITIALIZER(mine);
    pthread_mutex_lock(&llm->lock);
    TAILQ_CONCAT(&mine, &llm->posts, link);
    pthread_mutex_unlock(&llm->lock);
    for (struct post *p; (p = TAILQ_FIRST(&mine)) != NULL;) {
        TAILQ_REMOVE(&mine, p, link);
        take_post(llm, p);
        free(p);
    }
    feeds_sweep(llm);
}

/* ---- starting and stopping ---- */

static void on_heartbeat(void *ctx)
{
    feeds_beat(ctx);
}

static void on_retention(void *ctx)
{
    struct llm *llm = ctx;
    struct step *step = step_new(llm, NULL, CAME_OLD);
    if (step == NULL || pool_submit(llm->pool, step).kind != ERR_NONE)
        step_free(step); /* in an hour again */
}

static struct err resume(struct llm *llm)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(STEP_BYTES);
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct talk *talks;
    size_t n;
    ENSURE(arena != NULL, ERR_LIMIT, "out of memory");
    TRY(agent_db_open(llm->options.db_path, &db));
    TRY(talks_to_resume(db, arena, "chat", RESUME_MAX, &talks, &n));
    for (size_t i = 0; i < n; i++)
        post(llm, POST_RESUME, talks[i].session_id, "", STR(""));
    if (n > 0)
        log_info("conversations are taken up again", LOG_INT("turns", n), LOG_END);
    return OK;
}

static struct err start(struct llm *llm)
{
    const struct llm_options *o = &llm->options;
    const struct pool_options pool = {.name = "llm",
                                      .workers = o->workers == 0 ? WORKERS : o->workers,
                                      .waiting_max = WAITING_MAX,
                                      .db_path = o->db_path,
                                      .engine = o->agent->engine,
                                      .work = on_work,
                                      .done = on_step_done,
                                      .ctx = llm};
    TRY(redactor_new(llm->arena, &llm->config->redact, &llm->redactor));
    TRY(tools_kept_new(o->agent->engine, &llm->config->tools, &llm->tools));
    TRY(fetch_loop_new(o->loop, &llm->fetch));
    TRY(loop_wake_new(o->loop, on_wake, llm, &llm->wake));
    TRY(pool_start(o->loop, &pool, &llm->pool));
    TRY(loop_timer_new(o->loop, HEARTBEAT_MS, true, on_heartbeat, llm, &llm->heartbeat));
    if (!o->resume)
        return OK;
    TRY(loop_timer_new(o->loop, RETENTION_MS, true, on_retention, llm, &llm->retention));
    return resume(llm);
}

struct err llm_start(const struct llm_options *options, struct llm **out)
{
    const struct llm_config *config = &options->agent->config->llm;
    *out = NULL;
    if (config->api == LLM_API_NONE)
        return OK;
    struct llm *llm = calloc(1, sizeof *llm);
    ENSURE(llm != NULL, ERR_LIMIT, "out of memory");
    *llm = (struct llm){
        .options = *options,
        .agent = options->agent,
        .config = config,
        .endpoint = {.api = config->api, .base_url = config->base_url, .key = config->key}};
    TAILQ_INIT(&llm->posts);
    TAILQ_INIT(&llm->rooms);
    TAILQ_INIT(&llm->feeds);
    pthread_mutex_init(&llm->lock, NULL);
    llm->arena = arena_new(OWN_BYTES);
    const struct err e = llm->arena == NULL ? err_new(ERR_LIMIT, "out of memory") : start(llm);
    if (e.kind != ERR_NONE) {
        llm_stop(llm);
        llm_free(llm);
        return e;
    }
    *out = llm;
    return OK;
}

static void room_end(struct room *room)
{
    fetch_one_cancel(room->one);
    reader_drop(room);
    loop_timer_free(room->pause);
    room->one = NULL;
    room->pause = NULL;
    room->stage = STAGE_IDLE;
    room_leave(room);
}

void llm_end_streams(struct llm *llm)
{
    if (llm != NULL)
        feeds_end(llm, NULL);
}

void llm_stop(struct llm *llm)
{
    if (llm == NULL || llm->stopped)
        return;
    llm->stopped = true;
    feeds_end(llm, NULL);
    pool_stop(llm->pool); /* a worker reads its room until then */
    for (struct room *room = TAILQ_FIRST(&llm->rooms), *next; room != NULL; room = next) {
        next = TAILQ_NEXT(room, link);
        room_end(room);
    }
    loop_timer_free(llm->heartbeat);
    loop_timer_free(llm->retention);
    fetch_loop_free(llm->fetch);
}

void llm_free(struct llm *llm)
{
    if (llm == NULL)
        return;
    loop_wake_free(llm->wake);
    for (struct post *p; (p = TAILQ_FIRST(&llm->posts)) != NULL;) {
        TAILQ_REMOVE(&llm->posts, p, link);
        free(p);
    }
    tools_kept_free(llm->tools);
    redactor_free(llm->redactor);
    pthread_mutex_destroy(&llm->lock);
    arena_free(llm->arena);
    free(llm);
}
