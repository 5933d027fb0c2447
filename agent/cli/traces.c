/* `traces list|show|export|forget`: what was said to the model and what it did, for reviewers and
 * whoever keeps records. Works beside a running agent and without one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cli/open.h"
#include "agent/cli/trace_show.h"
#include "agent/store/trace_line.h"
#include "common/base/civil.h"

#define LIST_DEFAULT 50
#define LIST_MAX     1000
#define ROW_BYTES    ((size_t)64 * 1024 * 1024)
#define TOLD_N       64 /* prompts that were printed lately */

/* ---- options ---- */

/* An option that is a date or an instant, both in UTC; untouched when it was not given. */
static struct err time_option(const struct cli *cli, const char *name, int64_t *us)
{
    const char *text = cli_option(cli, name);
    struct date day;
    if (text == NULL || instant_parse(text, us).kind == ERR_NONE)
        return OK;
    if (date_parse(text, &day).kind == ERR_NONE) {
        *us = date_begin_utc(day);
        return OK;
    }
    return err_fmt(cli->arena, ERR_INPUT, NULL,
                   "--%s: expected a date (2026-03-31) or an instant in UTC (2026-03-31T10:00:00Z)",
                   name);
}

static struct err limit_option(const struct cli *cli, int64_t *limit)
{
    const char *text = cli_option(cli, "limit");
    char *end;
    *limit = LIST_DEFAULT;
    if (text == NULL)
        return OK;
    *limit = strtoll(text, &end, 10);
    ENSURE(*text != '\0' && *end == '\0' && *limit >= 1 && *limit <= LIST_MAX, ERR_INPUT,
           "--limit: expected a number from 1 to 1000");
    return OK;
}

/* ---- list ---- */

static struct json *talk_json(struct arena *arena, const struct talk *t)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "session_id", t->session_id);
    json_put_text(arena, o, "title", t->title);
    json_put_text(arena, o, "principal_id", t->principal_id);
    json_put_text(arena, o, "actor", t->actor);
    json_put_known(arena, o, "entity_id", t->entity_id);
    json_put_text(arena, o, "origin", t->origin);
    json_put_text(arena, o, "model", t->model);
    json_put_text(arena, o, "state", fsm_state_name(&fsm_agent_session, (int)t->state));
    json_put_bool(arena, o, "turn_open", t->turn_open);
    json_put_instant(arena, o, "created_at", t->created_us);
    json_put_instant(arena, o, "used_at", t->used_us);
    json_put_int(arena, o, "rows", t->rows_n);
    json_put_int(arena, o, "tokens", trace_use_tokens(&t->use));
    json_put_int(arena, o, "cost_micros", t->use.cost_micros);
    return o;
}

static struct err list(struct cli *cli, struct agent_db *db)
{
    struct json *rows = json_array_new(cli->arena);
    const char *after = cli_option(cli, "after");
    struct talk_place behind;
    struct talk *talks, last;
    int64_t limit;
    size_t n;
    TRY(limit_option(cli, &limit));
    if (after != NULL) {
        TRY(err_in(talk_load_any(db, cli->arena, after, &last), after));
        behind = (struct talk_place){last.used_us, last.session_id};
    }
    TRY(talks_list(db, cli->arena, cli_option(cli, "person"), after == NULL ? NULL : &behind,
                   (size_t)limit, &talks, &n));
    for (size_t i = 0; i < n; i++)
        json_push(cli->arena, rows, talk_json(cli->arena, &talks[i]));
    TRY(arena_check(cli->arena));
    cli_print(cli, rows);
    return OK;
}

/* ---- show and export ---- */

struct telling {
    struct cli *cli;
    struct agent_db *db;
    struct arena *arena; /* of one row */
    struct buf line;
    bool as_text, prompts;
    char told[TOLD_N][TRACE_DIGEST];
    size_t told_next;
    int64_t rows;
};

static struct err line_out(struct telling *t)
{
    const bool whole = fwrite(t->line.at, 1, t->line.len, stdout) == t->line.len;
    buf_clear(&t->line);
    ENSURE(whole, ERR_STORE, "standard output could not be written");
    return OK;
}

static struct err tell_prompt(struct telling *t, const char *sha256)
{
    struct str text;
    if (sha256 == NULL || !t->prompts)
        return OK;
    for (size_t i = 0; i < TOLD_N; i++) {
        if (strcmp(t->told[i], sha256) == 0)
            return OK;
    }
    struct err e = prompt_load(t->db, t->arena, sha256, &text);
    if (e.kind == ERR_MISSING) /* its session is being forgotten meanwhile */
        return OK;
    TRY(e);
    TRY(prompt_line(sha256, text, &t->line));
    memcpy(t->told[t->told_next], sha256, TRACE_DIGEST);
    t->told_next = (t->told_next + 1) % TOLD_N;
    return line_out(t);
}

static struct err tell_row(void *ctx, const struct talk *talk, const struct trace *row)
{
    struct telling *t = ctx;
    arena_reset(t->arena);
    t->rows++;
    if (t->as_text)
        return trace_show_row(t->arena, talk, row, stdout);
    TRY(tell_prompt(t, row->system_sha256));
    TRY(tell_prompt(t, row->tools_sha256));
    TRY(trace_line(talk, row, &t->line));
    return line_out(t);
}

static struct err tell(struct telling *t, const struct traces_filter *filter)
{
    struct talk talk;
    if (filter->session_id != NULL)
        TRY(err_in(talk_load_any(t->db, t->cli->arena, filter->session_id, &talk),
                   filter->session_id));
    if (t->as_text)
        TRY(trace_show_head(t->cli->arena, &talk, stdout));
    TRY(traces_each(t->db, filter, tell_row, t));
    ENSURE(fflush(stdout) == 0 && ferror(stdout) == 0, ERR_STORE,
           "standard output could not be written");
    return OK;
}

static struct err tell_all(struct cli *cli, struct agent_db *db, const struct traces_filter *filter,
                           bool as_text, int64_t *rows)
{
    struct telling t = {
        .cli = cli, .db = db, .as_text = as_text, .prompts = cli_option(cli, "prompts") != NULL};
    t.arena = arena_new(ROW_BYTES);
    ENSURE(t.arena != NULL, ERR_LIMIT, "no memory");
    buf_init(&t.line, TRACE_LINE_MAX);
    struct err e = tell(&t, filter);
    buf_fini(&t.line);
    arena_free(t.arena);
    *rows = t.rows;
    return e;
}

static struct err show(struct cli *cli, struct agent_db *db)
{
    int64_t rows;
    const struct traces_filter filter = {.session_id = cli->args[0]};
    return tell_all(cli, db, &filter, !cli->json, &rows);
}

static struct err export(struct cli *cli, struct agent_db *db)
{
    struct traces_filter filter = {.session_id = cli_option(cli, "session")};
    int64_t rows;
    TRY(time_option(cli, "since", &filter.since_us));
    TRY(time_option(cli, "until", &filter.until_us));
    TRY(tell_all(cli, db, &filter, false, &rows));
    fprintf(stderr, "%lld rows\n", (long long)rows);
    return OK;
}

/* ---- forget ---- */

static struct err forget(struct cli *cli, struct agent_db *db)
{
    const int64_t now_us = cli_clock_us();
    int64_t before_us = now_us - cli_config(cli)->llm.trace_days * US_PER_DAY;
    struct traces_forgotten f = {.more = true};
    int64_t sessions = 0, rows = 0;
    TRY(time_option(cli, "before", &before_us));
    while (f.more) {
        TRY(traces_forget(db, before_us, now_us, &f));
        sessions += f.sessions;
        rows += f.rows;
    }
    struct json *o = json_object_new(cli->arena);
    json_put_instant(cli->arena, o, "before", before_us);
    json_put_int(cli->arena, o, "sessions", sessions);
    json_put_int(cli->arena, o, "rows", rows);
    TRY(arena_check(cli->arena));
    cli_print(cli, o);
    return OK;
}

/* ---- the commands ---- */

static int run(struct cli *cli, struct err (*what)(struct cli *cli, struct agent_db *db))
{
    CLEANUP(agent_db_close) struct agent_db *db = NULL;
    struct err e = open_agent_db(cli, &db);
    if (e.kind == ERR_NONE)
        e = what(cli, db);
    if (e.kind == ERR_INPUT)
        return cli_misuse(cli, e.msg);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

static int run_list(struct cli *cli)
{
    return run(cli, list);
}

static int run_show(struct cli *cli)
{
    return run(cli, show);
}

static int run_export(struct cli *cli)
{
    return run(cli, export);
}

static int run_forget(struct cli *cli)
{
    return run(cli, forget);
}

static const struct cli_option list_options[] = {
    {"person", "PRINCIPAL", "only this person's"},
    {"limit", "N", "at most so many; 50, up to 1000"},
    {"after", "SESSION", "only those behind this one in the list"},
};

static const struct cli_option export_options[] = {
    {"session", "SESSION", "only this conversation"},
    {"since", "TIME", "from this date or instant on, UTC: 2026-03-31T10:00:00Z"},
    {"until", "TIME", "before this date or instant"},
    {"prompts", NULL,
     "also the texts of system prompts and tool sets, before the rows that use them"},
};

static const struct cli_option forget_options[] = {
    {"before", "TIME", "what was last used before; CLOSEGATE_LLM_TRACE_DAYS ago without"},
};

const struct command command_traces_list = {
    .name = "traces list",
    .args = "",
    .summary = "conversations with the model, the last used first",
    .options = list_options,
    .options_n = sizeof list_options / sizeof list_options[0],
    .run = run_list,
};

const struct command command_traces_show = {
    .name = "traces show",
    .args = "SESSION",
    .summary = "one conversation: who said what, each call and what came of it",
    .help = "With --json one line a row, as traces export prints them.",
    .args_min = 1,
    .args_max = 1,
    .run = run_show,
};

const struct command command_traces_export = {
    .name = "traces export",
    .args = "",
    .summary = "every row of conversations as JSON lines, in the order of time",
    .help = "One line a row: session, person, model, the digests of its system prompt and tools,\n"
            "tokens, cost and body. With --prompts a line of kind prompt stands before the first\n"
            "row that names its digest; it may come again.",
    .options = export_options,
    .options_n = sizeof export_options / sizeof export_options[0],
    .run = run_export,
};

const struct command command_traces_forget = {
    .name = "traces forget",
    .args = "",
    .summary = "delete conversations that were last used long ago",
    .help =
        "Conversations are deleted whole, and cannot be had back: export them first. serve does\n"
        "the same each day with CLOSEGATE_LLM_TRACE_DAYS.",
    .options = forget_options,
    .options_n = sizeof forget_options / sizeof forget_options[0],
    .run = run_forget,
};
