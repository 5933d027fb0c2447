/* Counting what the items came to, and saying it. */
#include "agent/cli/run_told.h"

#include "common/base/invariant.h"
#include "common/sys/inert.h"

#define WORD_UNITS 200

/* Outcomes in the order people want to read them; others stand behind, as "left". */
static const char *const outcomes[] = {"proposed", "flagged", "escalated", "commented",
                                       "written",  "waiting", "denied"};
enum { OUTCOMES = sizeof outcomes / sizeof outcomes[0] };

void run_told_progress(const struct run_item *item, size_t n)
{
    fprintf(stderr, "[%lld/%zu] %s %s: %s", (long long)item->n + 1, n, item->object, item->title,
            item->outcome);
    if (item->pending > 0)
        fprintf(stderr, " (%lld for people to decide)", (long long)item->pending);
    fputc('\n', stderr);
}

/* ---- what waits ---- */

static struct err count_open(struct headless *h, struct arena *arena, const char *session_id,
                             int64_t *open)
{
    static const char *const waiting[] = {"PENDING", "STAGE_APPROVED", "INFO_REQUESTED"};
    const struct mcpc_actor who = headless_reader(h, "run");
    struct turn_told told;
    const struct json *tree;
    TRY(headless_read(h, arena, session_id, 0, &told));
    for (size_t i = 0; i < told.pending->count; i++) {
        const char *id = json_get_text(told.pending->items[i], "escalation_id");
        const char *uri = arena_fmt(arena, "recon://escalations/%s", id);
        TRY(arena_check(arena));
        TRY(mcpc_read_json(h->mcpc, arena, &who, uri, &tree));
        const char *state = json_get_text(tree, "state");
        for (size_t k = 0; state != NULL && k < sizeof waiting / sizeof waiting[0]; k++)
            *open += text_eq(state, waiting[k]);
    }
    return OK;
}

struct err run_told_waiting(struct headless *h, const struct run_item *items, size_t n,
                            int64_t *open)
{
    *open = 0;
    for (size_t i = 0; i < n; i++) {
        CLEANUP(arena_free) struct arena *arena = NULL;
        if (items[i].pending == 0)
            continue;
        arena = arena_new((size_t)64 * 1024 * 1024);
        ENSURE(arena != NULL, ERR_LIMIT, "no memory");
        const struct err e = count_open(h, arena, items[i].session_id, open);
        if (e.kind != ERR_MISSING)
            TRY(e); /* a conversation that was forgotten waits for nothing */
    }
    return OK;
}

/* ---- the summary ---- */

struct sums {
    int64_t of[OUTCOMES], left, open, pending;
    struct trace_use use;
};

static void count_outcome(struct sums *s, const char *outcome)
{
    for (size_t i = 0; i < OUTCOMES; i++)
        if (text_eq(outcome, outcomes[i])) {
            s->of[i]++;
            return;
        }
    s->left++;
}

static struct err count_items(struct headless *h, const struct run_item *items, size_t n,
                              struct sums *s)
{
    *s = (struct sums){.left = 0};
    for (size_t i = 0; i < n; i++) {
        struct talk t;
        s->pending += items[i].pending;
        if (items[i].state == RUN_ITEM_DONE)
            count_outcome(s, items[i].outcome);
        else
            s->open++;
        if (items[i].session_id == NULL)
            continue;
        const struct err e = talk_load_any(h->db, h->cli->arena, items[i].session_id, &t);
        if (e.kind == ERR_MISSING)
            continue;
        TRY(e);
        s->use.input_tokens += t.use.input_tokens;
        s->use.output_tokens += t.use.output_tokens;
        s->use.cache_read_tokens += t.use.cache_read_tokens;
        s->use.cache_write_tokens += t.use.cache_write_tokens;
        s->use.cost_micros += t.use.cost_micros;
    }
    return OK;
}

struct json *run_told_json(struct arena *arena, const struct agent_run *run)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "run_id", run->run_id);
    json_put_text(arena, o, "workflow", run->workflow);
    json_put_text(arena, o, "state", fsm_state_name(&fsm_workflow_run, (int)run->state));
    json_put_known(arena, o, "why", run->why);
    json_put_text(arena, o, "actor", run->actor);
    json_put_known(arena, o, "entity_id", run->entity_id);
    json_put_known(arena, o, "period", run->period);
    json_put_int(arena, o, "items", run->items_n);
    json_put_instant(arena, o, "created_at", run->created_us);
    json_put_instant(arena, o, "updated_at", run->updated_us);
    return o;
}

struct json *run_told_items(struct arena *arena, const struct run_item *items, size_t n)
{
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < n; i++) {
        struct json *o = json_object_new(arena);
        json_put_int(arena, o, "n", items[i].n);
        json_put_text(arena, o, "object", items[i].object);
        json_put_text(arena, o, "title", items[i].title);
        json_put_text(arena, o, "state", run_item_state_name(items[i].state));
        json_put_known(arena, o, "session_id", items[i].session_id);
        json_put_known(arena, o, "outcome", items[i].outcome);
        json_put_int(arena, o, "pending", items[i].pending);
        json_push(arena, list, o);
    }
    return list;
}

static void print_json(struct headless *h, const struct agent_run *run,
                       const struct run_item *items, size_t n, const struct sums *s,
                       struct str report)
{
    struct arena *arena = h->cli->arena;
    struct json *o = json_object_new(arena), *counts = json_object_new(arena);
    for (size_t i = 0; i < OUTCOMES; i++)
        if (s->of[i] > 0)
            json_put_int(arena, counts, outcomes[i], s->of[i]);
    json_put_int(arena, counts, "left", s->left);
    json_put_int(arena, counts, "open", s->open);
    json_put(arena, o, "run", run_told_json(arena, run));
    json_put(arena, o, "outcomes", counts);
    json_put_int(arena, o, "pending", s->pending);
    json_put(arena, o, "usage", headless_use_json(arena, &s->use));
    json_put(arena, o, "items", run_told_items(arena, items, n));
    if (report.len > 0)
        json_put(arena, o, "report", json_str_new(arena, report));
    cli_print(h->cli, o);
}

static void print_lines(struct headless *h, const struct agent_run *run, const struct sums *s,
                        FILE *to)
{
    fprintf(to, "run %s: %s\n", run->run_id, fsm_state_name(&fsm_workflow_run, (int)run->state));
    for (size_t i = 0; i < OUTCOMES; i++)
        if (s->of[i] > 0)
            fprintf(to, "%lld %s, ", (long long)s->of[i], outcomes[i]);
    fprintf(to, "%lld left", (long long)s->left);
    if (s->open > 0)
        fprintf(to, ", %lld not done: --resume %s goes on", (long long)s->open, run->run_id);
    if (s->pending > 0 && run->state != RUN_SUCCEEDED)
        fprintf(to, "\n%lld for people to decide: %s/inbox", (long long)s->pending,
                cli_config(h->cli)->workspace_url);
    fprintf(to, "\n%s\n", headless_use(h->cli->arena, &s->use));
}

struct err run_told_summary(struct headless *h, const struct agent_run *run,
                            const struct run_item *items, size_t n, struct str report)
{
    struct sums s;
    TRY(count_items(h, items, n, &s));
    if (h->cli->json)
        print_json(h, run, items, n, &s, report);
    else
        print_lines(h, run, &s, report.len > 0 ? stderr : stdout);
    return arena_check(h->cli->arena);
}
