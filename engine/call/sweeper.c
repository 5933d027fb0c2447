/* Rounds of housekeeping, through the running spine or on a locked book. */
#include "engine/call/sweeper.h"

#include <stdlib.h>

#include "common/sys/log.h"
#include "engine/tools/child.h"

#define REPEATS_MAX 1000 /* of one tool in one round: the others have their turn too */
#define SKIPS_MAX   60   /* rounds that a denied tool sits out at most */

/* ---- one call ---- */

/* On an arena of its own; freed by child_free. NULL when there is no memory. */
static struct call *sweep_new(const struct tool *tool, const struct sweeper_options *options,
                              const struct policy *policy)
{
    const struct call engine = {.policy = policy, .prod = options->prod};
    const char *id = options->engine_id == NULL ? "engine:sweeper" : options->engine_id;
    struct call *c = child_new(&engine, tool, id);
    if (c == NULL)
        return NULL;
    c->args_tree = json_object_new(c->arena);
    c->args = arena_alloc(c->arena, tool->args_size == 0 ? 1 : tool->args_size);
    if (arena_check(c->arena).kind == ERR_NONE)
        return c;
    child_free(c);
    return NULL;
}

static bool sweep_more(const struct call *c)
{
    const struct json *more = c->outcome == CALL_OK ? json_get(c->result, "more") : NULL;
    return json_is(more, JSON_TYPE_BOOL) && more->truth;
}

static void sweep_told(const struct call *c)
{
    if (c->outcome == CALL_FAILED)
        log_error("housekeeping failed", LOG_TEXT("tool", c->tool->name), LOG_ERR(c->err), LOG_END);
    else if (c->outcome != CALL_OK)
        log_warn("housekeeping was not allowed", LOG_TEXT("tool", c->tool->name),
                 LOG_TEXT("reason", reason_name(c->verdict.reason)), LOG_END);
    else if (c->seq != 0)
        log_info("housekeeping", LOG_TEXT("tool", c->tool->name), LOG_INT("seq", c->seq), LOG_END);
}

/* ---- rounds on the loop ---- */

/* A tool that was denied (a freeze, a policy) is asked less and less often: every asking is an
 * event. */
struct turn {
    int64_t skip, skipped;
};

struct sweeper {
    struct sweeper_options options;
    struct loop_timer *timer;
    const struct policy *policy;
    struct turn *turns; /* a tool each */
    size_t at;          /* whose turn it is */
    int repeats;
    struct sweeper_stats stats;
};

static void round_go_on(struct sweeper *s);

static void denied_note(struct sweeper *s, bool denied)
{
    struct turn *t = &s->turns[s->at];
    int64_t more = 2 * t->skip + 1;
    t->skip = !denied ? 0 : more > SKIPS_MAX ? SKIPS_MAX : more;
    t->skipped = 0;
}

static void on_swept(struct call *c, void *arg)
{
    struct sweeper *s = arg;
    bool denied = c->outcome == CALL_DENIED || c->outcome == CALL_PENDING;
    bool again = sweep_more(c) && ++s->repeats < REPEATS_MAX;
    s->stats.calls++;
    s->stats.acted += c->outcome == CALL_OK && c->seq != 0;
    s->stats.denied += denied;
    s->stats.failed += c->outcome == CALL_FAILED;
    sweep_told(c);
    child_free(c);
    denied_note(s, denied);
    if (!again) {
        s->at++;
        s->repeats = 0;
    }
    round_go_on(s);
}

/* What cannot be submitted now (the engine is full, or stopping) waits for the next round. */
static bool tool_submit(struct sweeper *s, const struct tool *tool)
{
    CLEANUP(child_free) struct call *c = sweep_new(tool, &s->options, s->policy);
    struct err e = c == NULL ? err_new(ERR_LIMIT, "out of memory")
                             : spine_submit(s->options.spine, c, on_swept, s);
    if (e.kind != ERR_NONE) {
        log_warn("housekeeping is put off", LOG_TEXT("tool", tool->name), LOG_ERR(e), LOG_END);
        return false;
    }
    c = NULL; /* on_swept's now */
    return true;
}

static bool turn_is_due(struct turn *t)
{
    if (t->skipped >= t->skip)
        return true;
    t->skipped++;
    return false;
}

static void round_go_on(struct sweeper *s)
{
    while (s->options.sweeps[s->at] != NULL && s->repeats == 0 && !turn_is_due(&s->turns[s->at]))
        s->at++;
    const struct tool *tool = s->options.sweeps[s->at];
    s->stats.under_way = tool != NULL && tool_submit(s, tool);
}

void sweeper_round(struct sweeper *sweeper)
{
    if (sweeper->stats.under_way || sweeper->policy == NULL)
        return;
    sweeper->stats.rounds++;
    sweeper->at = 0;
    sweeper->repeats = 0;
    round_go_on(sweeper);
}

static void on_time(void *ctx)
{
    sweeper_round(ctx);
}

struct err sweeper_start(struct loop *loop, const struct sweeper_options *options,
                         struct sweeper **sweeper)
{
    size_t n = 0;
    struct sweeper *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_LIMIT, "out of memory");
    while (options->sweeps[n] != NULL)
        n++;
    s->options = *options;
    s->turns = calloc(n + 1, sizeof *s->turns);
    struct err e = s->turns == NULL ? err_new(ERR_LIMIT, "out of memory") : OK;
    if (e.kind == ERR_NONE && options->every_s > 0)
        e = loop_timer_new(loop, (uint32_t)(options->every_s * 1000), true, on_time, s, &s->timer);
    if (e.kind != ERR_NONE) {
        sweeper_free(s);
        return e;
    }
    *sweeper = s;
    return OK;
}

void sweeper_set_policy(struct sweeper *sweeper, const struct policy *policy)
{
    sweeper->policy = policy;
}

void sweeper_free(struct sweeper *sweeper)
{
    if (sweeper == NULL)
        return;
    loop_timer_free(sweeper->timer);
    free(sweeper->turns);
    free(sweeper);
}

struct sweeper_stats sweeper_stats(const struct sweeper *sweeper)
{
    return sweeper->stats;
}

/* ---- a round on a locked book ---- */

static void report_add(struct sweep_report *r, struct arena *arena, const struct call *c)
{
    r->calls++;
    r->acted += c->outcome == CALL_OK && c->seq != 0;
    r->denied += c->outcome == CALL_DENIED || c->outcome == CALL_PENDING;
    r->failed += c->outcome == CALL_FAILED;
    if (c->outcome == CALL_FAILED && r->why.kind == ERR_NONE)
        r->why = err_fmt(arena, c->err.kind, arena_strdup(arena, c->tool->name), "%s", c->err.msg);
}

struct err sweep_book(struct store *writer, const struct sweeper_options *options,
                      const struct policy *policy, int64_t (*clock_us)(void), struct arena *arena,
                      struct sweep_report *report)
{
    *report = (struct sweep_report){.calls = 0};
    for (size_t i = 0; options->sweeps[i] != NULL; i++) {
        bool more = true;
        for (int n = 0; more && n < REPEATS_MAX; n++) {
            CLEANUP(child_free)
            struct call *c = sweep_new(options->sweeps[i], options, policy);
            ENSURE(c != NULL, ERR_LIMIT, "out of memory");
            ENSURE(call_group(writer, &c, 1, clock_us), ERR_UNKNOWN,
                   "outcome unknown, repeat the command");
            report_add(report, arena, c);
            more = sweep_more(c);
        }
    }
    return OK;
}
