/* One state is current; those before it live until their last holder lets go. */
#include "agent/llm/tools_kept.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/store/tool_pins.h"
#include "common/sys/json_write.h"
#include "common/sys/log.h"

#define KEPT_US     INT64_C(60000000)
#define TOOLS_BYTES ((size_t)32 << 20)
#define FIRST_SIGHT "first sight"

struct tools_kept {
    struct mcpc_shared *engine;
    const struct setting_list *wanted;
    pthread_mutex_t lock;
    struct tools_held *now; /* NULL: none yet */
};

struct err tools_kept_new(struct mcpc_shared *engine, const struct setting_list *wanted,
                          struct tools_kept **out)
{
    struct tools_kept *kept = calloc(1, sizeof *kept);
    ENSURE(kept != NULL, ERR_LIMIT, "out of memory");
    kept->engine = engine;
    kept->wanted = wanted;
    pthread_mutex_init(&kept->lock, NULL);
    *out = kept;
    return OK;
}

static void held_free(struct tools_held *held)
{
    arena_free(held->arena);
    free(held);
}

/* With the lock. */
static void let_go(struct tools_held *held)
{
    if (held != NULL && --held->holders == 0)
        held_free(held);
}

void tools_kept_free(struct tools_kept *kept)
{
    if (kept == NULL)
        return;
    let_go(kept->now);
    pthread_mutex_destroy(&kept->lock);
    free(kept);
}

void tools_forget(struct tools_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    let_go(kept->now);
    kept->now = NULL;
    pthread_mutex_unlock(&kept->lock);
}

void tools_release(struct tools_kept *kept, struct tools_held *held)
{
    if (held == NULL)
        return;
    pthread_mutex_lock(&kept->lock);
    let_go(held);
    pthread_mutex_unlock(&kept->lock);
}

static int64_t comebacks_of(const struct tools_kept *kept)
{
    struct mcpc_health health;
    mcpc_health(kept->engine, &health);
    return health.comebacks;
}

static struct tools_held *current(struct tools_kept *kept, int64_t now_us)
{
    const int64_t comebacks = comebacks_of(kept);
    pthread_mutex_lock(&kept->lock);
    struct tools_held *held = kept->now;
    if (held != NULL &&
        (now_us - held->at_us > KEPT_US || now_us < held->at_us || held->comebacks != comebacks))
        held = NULL;
    if (held != NULL)
        held->holders++;
    pthread_mutex_unlock(&kept->lock);
    return held;
}

/* ---- the pins ---- */

struct pins {
    struct tool_pin *seen;
    size_t seen_n;
    struct toolset_pin *accepted;
    size_t accepted_n;
};

static struct err pins_of(struct agent_db *db, struct arena *arena, struct pins *p)
{
    *p = (struct pins){0};
    TRY(pin_list(db, arena, &p->seen, &p->seen_n));
    p->accepted = ARENA_ARRAY(arena, p->seen_n + 1, struct toolset_pin);
    TRY(arena_check(arena));
    for (size_t i = 0; i < p->seen_n; i++)
        if (p->seen[i].sha256 != NULL)
            p->accepted[p->accepted_n++] = (struct toolset_pin){p->seen[i].name, p->seen[i].sha256};
    return OK;
}

static bool is_seen(const struct pins *p, const struct toolset_row *row)
{
    for (size_t i = 0; i < p->seen_n; i++)
        if (text_eq(p->seen[i].name, row->name))
            return text_eq(p->seen[i].seen_sha256, row->sha256);
    return false;
}

static struct err see_one(struct agent_db *db, const struct toolset *set,
                          const struct toolset_row *row, int64_t now_us)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init(&w, TOOLS_BYTES);
    jw_tree(&w, NULL, row->definition);
    TRY(jw_done(&w, &text));
    TRY(pin_see(db, row->name, row->sha256, buf_text(&w.out), now_us));
    if (set->first_seen && row->state == TOOLSET_OFFERED)
        TRY(pin_accept(db, row->name, row->sha256, FIRST_SIGHT, now_us));
    return OK;
}

/* In one transaction, or two that look at once would both be the first. */
static struct err judge(struct tools_kept *kept, struct agent_db *db, const struct json *listed,
                        int64_t now_us, struct tools_held *held)
{
    struct toolset *set = &held->set;
    struct pins pins;
    TRY(pins_of(db, held->arena, &pins));
    TRY(toolset_make(held->arena, listed, kept->wanted, pins.accepted, pins.accepted_n, set));
    for (size_t i = 0; i < set->rows_n; i++)
        if (set->rows[i].definition != NULL && !is_seen(&pins, &set->rows[i]))
            TRY(see_one(db, set, &set->rows[i], now_us));
    return OK;
}

static void tell_withheld(const struct toolset *set)
{
    for (size_t i = 0; i < set->rows_n; i++)
        if (set->rows[i].state == TOOLSET_NEW || set->rows[i].state == TOOLSET_CHANGED)
            log_warn("a tool is withheld from the model until somebody accepts its definition",
                     LOG_TEXT("tool", set->rows[i].name), LOG_END);
}

static struct err look(struct tools_kept *kept, const struct worker_tools *worker,
                       const struct mcpc_actor *actor, int64_t now_us, struct tools_held *held)
{
    const struct json *listed;
    held->at_us = now_us;
    TRY(mcpc_tools(worker->mcpc, held->arena, actor, &listed));
    held->comebacks = comebacks_of(kept);
    TRY(agent_db_begin(worker->db));
    TRY(agent_db_end(worker->db, judge(kept, worker->db, listed, now_us, held)));
    tell_withheld(&held->set);
    return OK;
}

struct err tools_hold(struct tools_kept *kept, const struct worker_tools *worker,
                      struct arena *arena, const struct mcpc_actor *actor, int64_t now_us,
                      struct tools_held **out)
{
    *out = current(kept, now_us);
    if (*out != NULL)
        return OK;
    struct tools_held *held = calloc(1, sizeof *held);
    ENSURE(held != NULL, ERR_LIMIT, "out of memory");
    held->arena = arena_new(TOOLS_BYTES);
    struct err e = held->arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                                       : look(kept, worker, actor, now_us, held);
    if (e.kind != ERR_NONE) { /* its words may live in what goes now */
        e = err_fmt(arena, e.kind, e.where == NULL ? NULL : arena_strdup(arena, e.where), "%s",
                    e.msg);
        held_free(held);
        return e;
    }
    pthread_mutex_lock(&kept->lock);
    let_go(kept->now);
    kept->now = held;
    held->holders = 2; /* the keeper and the caller */
    pthread_mutex_unlock(&kept->lock);
    *out = held;
    return OK;
}
