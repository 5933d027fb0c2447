/* `run`: a workflow over the model's loop, item by item. Each item is a conversation of its own;
 * what is done is recorded with it, so that whoever goes on does what is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/run_told.h"
#include "agent/cli/workflow.h"
#include "agent/llm/begin.h"
#include "common/base/civil.h"
#include "common/base/id.h"
#include "common/sys/disk.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     200
#define ITEM_BYTES    ((size_t)64 * 1024 * 1024)
#define REPORT_MAX    ((size_t)16 * 1024 * 1024)

/* Why a run stands still with items left. */
enum standing { GOES_ON = 0, STOPPED, SPENT, COULD_NOT };

struct running {
    struct cli *cli;
    struct headless h;
    const struct workflow *w;
    struct agent_run run;
    struct run_item *items;
    size_t n;
    enum standing standing;
    struct buf report; /* of a workflow that writes one */
};

/* ---- an item ---- */

static const char *outcome_of(const struct workflow *w, const struct turn_told *told)
{
    const struct json *rows = told->rows;
    int64_t pending = 0, denied = 0;
    if (json_int(json_get(told->calls, "pending_approval"), &pending) && pending > 0)
        return "waiting";
    for (const struct workflow_act *act = w->acts; act != NULL && act->tool != NULL; act++)
        for (size_t i = 0; i < rows->count; i++) {
            const char *tool = json_get_text(rows->items[i], "tool");
            const char *status = json_get_text(rows->items[i], "status");
            if (tool != NULL && status != NULL && text_eq(tool, act->tool) && text_eq(status, "ok"))
                return act->outcome;
        }
    if (json_int(json_get(told->calls, "denied"), &denied) && denied > 0)
        return "denied";
    if (told->end != TURN_ANSWERED)
        return turn_end_name(told->end);
    return w->acts == NULL ? "written" : "left";
}

static struct err item_done(struct running *r, struct run_item *item, const char *outcome,
                            int64_t pending)
{
    item->state = RUN_ITEM_DONE;
    item->outcome = outcome;
    item->pending = pending;
    TRY(agent_db_begin(r->h.db));
    TRY(agent_db_end(r->h.db, run_item_save(r->h.db, &r->run, item, cli_clock_us())));
    run_told_progress(item, r->n);
    return OK;
}

static struct err begin_item(struct running *r, struct arena *arena, struct run_item *item,
                             struct talk *t)
{
    const struct llm_begin begin = {.principal_id = r->run.principal_id,
                                    .actor = r->run.actor,
                                    .origin = "run",
                                    .entity_id = r->run.entity_id,
                                    .title = item->title,
                                    .text = item->prompt};
    int64_t n;
    TRY(llm_begin(r->h.agent.llm, r->h.db, arena, &begin, t, &n));
    item->state = RUN_ITEM_STARTED;
    item->session_id = arena_strdup(r->cli->arena, t->session_id);
    TRY(arena_check(r->cli->arena));
    return run_item_save(r->h.db, &r->run, item, cli_clock_us());
}

static struct err say_on(struct running *r, struct arena *arena, struct talk *t)
{
    int64_t n;
    TRY(agent_db_begin(r->h.db));
    TRY(agent_db_end(r->h.db, llm_say(r->h.agent.llm, r->h.db, arena, t, "Go on with this.", &n)));
    llm_wake(r->h.agent.llm, t->session_id);
    return OK;
}

/* Where an item's conversation stands, and on with it: *over when its turn is, which a kill between
 * the turn's end and the item's may have left. */
static struct err take_up(struct running *r, struct arena *arena, const struct run_item *item,
                          bool *over)
{
    struct turn_told told;
    TRY(headless_read(&r->h, arena, item->session_id, 0, &told));
    *over = false;
    if (told.talk.turn_open || told.talk.state == AGENT_SESSION_FAILED)
        return headless_again(&r->h, &told.talk);
    if (told.end == TURN_STOPPED || told.end == TURN_BUDGET)
        return say_on(r, arena, &told.talk);
    *over = true;
    return OK;
}

static bool session_spent(const struct running *r, const struct turn_told *told)
{
    const struct llm_config *llm = &cli_config(r->cli)->llm;
    return (llm->tokens.session > 0 && trace_use_tokens(&told->use) >= llm->tokens.session) ||
           (llm->cost_micros.session > 0 && told->use.cost_micros >= llm->cost_micros.session);
}

static enum standing standing_of(const struct running *r, const struct turn_told *told)
{
    switch (told->end) {
    case TURN_LEFT:
        return r->h.signals > 0 ? STOPPED : COULD_NOT;
    case TURN_FAILED:
        return COULD_NOT;
    case TURN_STOPPED: /* by somebody in the Chat: this item alone */
        return r->h.signals > 0 ? STOPPED : GOES_ON;
    case TURN_BUDGET:
        return session_spent(r, told) ? GOES_ON : SPENT;
    case TURN_STEPS:
    case TURN_LENGTH:
    case TURN_REFUSED:
    case TURN_ANSWERED:
        break;
    }
    return GOES_ON;
}

static struct err follow_item(struct running *r, struct arena *arena, struct run_item *item,
                              bool over, struct turn_told *told)
{
    const struct turn_follow follow = {.session_id = item->session_id};
    if (over)
        return headless_read(&r->h, arena, item->session_id, 0, told);
    return headless_follow(&r->h, arena, &follow, told);
}

static struct err do_item(struct running *r, struct arena *arena, struct run_item *item)
{
    struct turn_told told;
    struct talk t;
    bool over = false;
    if (item->state == RUN_ITEM_OPEN) {
        TRY(agent_db_begin(r->h.db));
        TRY(agent_db_end(r->h.db, begin_item(r, arena, item, &t)));
        llm_wake(r->h.agent.llm, item->session_id);
    } else {
        const struct err e = take_up(r, arena, item, &over);
        if (e.kind == ERR_MISSING) /* its conversation was too old to be kept */
            return item_done(r, item, "forgotten", 0);
        TRY(e);
    }
    TRY(follow_item(r, arena, item, over, &told));
    r->standing = standing_of(r, &told);
    if (r->standing == GOES_ON)
        return item_done(r, item, outcome_of(r->w, &told), (int64_t)told.pending->count);
    if (told.why != NULL)
        fprintf(stderr, "%s\n", told.why);
    return OK;
}

/* ---- the report ---- */

static struct err report_out(struct running *r)
{
    const struct buf *text = &r->report;
    const char *path = cli_option(r->cli, "output");
    if (path != NULL)
        return disk_write_new(path, text->at, text->len, 0644);
    if (r->cli->json)
        return OK;
    ENSURE(fwrite(text->at, 1, text->len, stdout) == text->len && fflush(stdout) == 0, ERR_STORE,
           "standard output could not be written");
    return OK;
}

static struct err report(struct running *r)
{
    if (!r->w->reports)
        return OK;
    TRY(workflow_report(&r->h, &r->run, r->items, r->n, &r->report));
    return report_out(r);
}

/* ---- the run ---- */

static struct err move(struct running *r, enum run_event event, const char *why)
{
    TRY(agent_db_begin(r->h.db));
    return agent_db_end(r->h.db,
                        run_move(r->h.db, r->cli->arena, &r->run, event, why, cli_clock_us()));
}

static struct err do_items(struct running *r)
{
    for (size_t i = 0; i < r->n && r->standing == GOES_ON; i++) {
        CLEANUP(arena_free) struct arena *arena = NULL;
        if (r->items[i].state == RUN_ITEM_DONE)
            continue;
        if (r->h.signals > 0) {
            r->standing = STOPPED;
            break;
        }
        arena = arena_new(ITEM_BYTES);
        ENSURE(arena != NULL, ERR_LIMIT, "no memory");
        TRY(do_item(r, arena, &r->items[i]));
    }
    return OK;
}

static struct err go(struct running *r)
{
    int64_t open = 0;
    if (r->run.state == RUN_QUEUED)
        TRY(move(r, RUN_EVENT_START, NULL));
    if (r->run.state == RUN_WAITING_HUMAN)
        TRY(move(r, RUN_EVENT_RESUME, NULL));
    ENSURE(r->run.state == RUN_RUNNING, ERR_CONFLICT, "this run has ended");
    TRY(do_items(r));
    if (r->standing != GOES_ON)
        return OK;
    TRY(report(r)); /* one that cannot be written is written by --resume */
    TRY(run_told_waiting(&r->h, r->items, r->n, &open));
    return move(r, open > 0 ? RUN_EVENT_WAIT : RUN_EVENT_SUCCEED, NULL);
}

/* ---- beginning ---- */

static struct err keep(struct running *r, const struct workflow_of *of)
{
    r->run = (struct agent_run){.workflow = r->w->name,
                                .principal_id = r->h.person.principal_id,
                                .actor = r->h.person.actor,
                                .entity_id = of->entity_id,
                                .period = of->period};
    TRY(agent_db_begin(r->h.db));
    return agent_db_end(r->h.db,
                        run_add(r->h.db, r->cli->arena, &r->run, r->items, r->n, cli_clock_us()));
}

static struct err begin(struct running *r, const struct workflow_of *of)
{
    const char *lacks;
    TRY(headless_person(&r->h, cli_option(r->cli, "for")));
    TRY(headless_entity(&r->h, of->entity_id));
    TRY(workflow_lacks(&r->h, r->w, &lacks));
    if (lacks == NULL)
        TRY(r->w->list(&r->h, of, &r->items, &r->n));
    TRY(keep(r, of));
    fprintf(stderr, "run %s: %s, %zu items, on behalf of %s\n", r->run.run_id, r->w->name, r->n,
            r->run.actor);
    if (lacks == NULL)
        return OK;
    TRY(move(r, RUN_EVENT_FAIL, lacks));
    return err_new(ERR_MISSING, lacks);
}

/* On behalf of whom it began, who must be there still. */
static struct err take_run(struct running *r)
{
    const char *named = cli_option(r->cli, "for");
    ENSURE(named == NULL || text_eq(named, r->run.actor), ERR_INPUT,
           "the run is on behalf of somebody else; leave --for out");
    TRY(headless_person(&r->h, r->run.actor));
    ENSURE(text_eq(r->h.person.principal_id, r->run.principal_id), ERR_AUTH,
           "whom the run was begun for has another name by now");
    return run_items(r->h.db, r->cli->arena, r->run.run_id, &r->items, &r->n);
}

/* ---- the command ---- */

static const char *usage_of(struct cli *cli, struct workflow_of *of)
{
    const char *limit = cli_option(cli, "limit"), *output = cli_option(cli, "output");
    char first[DATE_TEXT_MAX];
    struct date day;
    char *end;
    *of = (struct workflow_of){.entity_id = cli_option(cli, "entity"),
                               .period = cli_option(cli, "period"),
                               .limit = LIMIT_DEFAULT};
    if (limit != NULL) {
        of->limit = strtoll(limit, &end, 10);
        if (*limit == '\0' || *end != '\0' || of->limit < 1 || of->limit > LIMIT_MAX)
            return "--limit: expected a number from 1 to 200";
    }
    if (of->period != NULL) {
        snprintf(first, sizeof first, "%.7s-01", of->period);
        if (strlen(of->period) != 7 || date_parse(first, &day).kind != ERR_NONE)
            return "--period: expected a month (2026-03)";
    }
    if (output != NULL && access(output, F_OK) == 0)
        return "--output: there is such a file already";
    return NULL;
}

static const char *workflow_usage(struct running *r, const struct workflow_of *of)
{
    const char *resume = cli_option(r->cli, "resume");
    if (resume != NULL && (r->cli->args_n > 0 || of->entity_id != NULL || of->period != NULL))
        return "--resume goes on with what the run began with; it takes no workflow of its own";
    if (resume != NULL)
        return id_valid(resume, "wfr") ? NULL : "--resume: a run's id is wfr_…";
    r->w = r->cli->args_n == 0 ? NULL : workflow_find(r->cli->args[0]);
    if (r->w == NULL)
        return arena_fmt(r->cli->arena, "say which workflow: %s", workflow_names(r->cli->arena));
    if (r->w->by_period && of->period == NULL)
        return "--period is needed: the month that is closed, 2026-03";
    if (cli_option(r->cli, "output") != NULL && !r->w->reports)
        return "--output is for a workflow that writes a report";
    return NULL;
}

/* The run to go on with says which workflow it is, before the loop is made for it. */
static struct err find_run(struct running *r, const char *run_id)
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    TRY(open_agent_db(r->cli, &db));
    TRY(err_in(run_load(db, r->cli->arena, run_id, &r->run), run_id));
    ENSURE(!fsm_workflow_run.terminal[r->run.state], ERR_CONFLICT,
           "this run has ended; begin another");
    r->w = workflow_find(r->run.workflow);
    ENSURE(r->w != NULL, ERR_MISSING, "this version has no such workflow any more");
    return OK;
}

static struct err open_run(struct running *r, const struct workflow_of *of)
{
    const char *resume = cli_option(r->cli, "resume");
    if (resume != NULL)
        TRY(find_run(r, resume));
    TRY(workflow_narrow(r->cli, r->w));
    TRY(headless_open(r->cli, &r->h));
    return resume != NULL ? take_run(r) : begin(r, of);
}

static int code_of(enum standing standing)
{
    switch (standing) {
    case GOES_ON:
        return CLI_YES;
    case STOPPED:
    case SPENT:
        return CLI_NO;
    case COULD_NOT:
        break;
    }
    return CLI_UNKNOWN;
}

static int run_all(struct running *r, const struct workflow_of *of)
{
    struct err e = open_run(r, of);
    const bool nobody = r->h.loop != NULL && r->h.person.principal_id == NULL &&
                        (e.kind == ERR_AUTH || e.kind == ERR_MISSING);
    const bool begun = e.kind == ERR_NONE;
    if (begun)
        e = go(r);
    if (begun) {
        const struct err told =
            run_told_summary(&r->h, &r->run, r->items, r->n, buf_str(&r->report));
        e = e.kind == ERR_NONE ? told : e;
    }
    headless_close(&r->h);
    if (e.kind == ERR_INPUT)
        return cli_misuse(r->cli, e.msg);
    if (e.kind != ERR_NONE)
        return nobody ? ((void)cli_fail(r->cli, e), CLI_NO) : cli_fail(r->cli, e);
    return code_of(r->standing);
}

static int run_run(struct cli *cli)
{
    struct running r = {.cli = cli, .h = {.cli = cli}};
    struct workflow_of of;
    const char *wrong = usage_of(cli, &of);
    if (wrong == NULL)
        wrong = workflow_usage(&r, &of);
    if (wrong != NULL)
        return cli_misuse(cli, wrong);
    buf_init(&r.report, REPORT_MAX);
    const int code = run_all(&r, &of);
    buf_fini(&r.report);
    return code;
}

static const struct cli_option options[] = {
    {"for", "human:ID", "on whose behalf; else whom the registry links this user of this host to"},
    {"entity", "ENTITY", "only this entity's; without, all that the person sees"},
    {"period", "MONTH", "the month that is closed, 2026-03; for close-prep"},
    {"limit", "N", "at most so many items; 20, up to 200"},
    {"output", "FILE", "where the report goes, a new file; without, standard output"},
    {"resume", "RUN", "go on with a run that stopped, was killed, or waited for people"},
};

const struct command command_run = {
    .name = "run",
    .args = "[triage|coding|close-prep]",
    .summary = "work through a list with the model, item by item, on a person's behalf",
    .help =
        "triage: open exceptions, the oldest first; each is investigated, then a match is "
        "proposed,\n"
        "it is flagged, escalated or commented on. close-prep: a readiness report in Markdown, a\n"
        "section an entity. coding: invoices to code, once the engine has payables.\n"
        "\n"
        "Each item is a conversation of its own with the workflow's tools alone and a bound on\n"
        "the model's answers; policy judges every call. What is done is recorded as it is done:\n"
        "after a stop or a kill --resume does what is left, and nothing twice. Progress goes to\n"
        "standard error, the summary (or the report) to standard output.\n"
        "\n"
        "Exits with 0 when every item is done, though approvals may wait (WAITING_HUMAN); with 2\n"
        "when it was stopped or a day's budget is spent, or there is no such person; with 1 when\n"
        "the provider, the engine or agent.db failed, or the engine lacks a tool.",
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_run,
};
