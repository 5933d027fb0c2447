/* `ask`: one question, answered on standard output as it comes. What was called and what waits for
 * people stands on standard error. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cli/headless.h"
#include "agent/llm/begin.h"
#include "agent/llm/show.h"
#include "common/base/id.h"

#define RESUME_ROWS 100000

/* ---- what is asked ---- */

static struct err read_stdin(struct cli *cli, struct str *text)
{
    char *bytes = arena_alloc(cli->arena, LLM_SAID_MAX + 1);
    ENSURE(bytes != NULL, ERR_LIMIT, "no memory");
    const size_t n = fread(bytes, 1, LLM_SAID_MAX + 1, stdin);
    ENSURE(ferror(stdin) == 0, ERR_STORE, "standard input could not be read");
    *text = (struct str){bytes, n};
    return OK;
}

static struct err words_of(struct cli *cli, const char **out)
{
    const bool piped = cli->args_n == 0 || text_eq(cli->args[0], "-");
    struct str text = piped ? STR("") : str_of(cli->args[0]);
    *out = NULL;
    if (cli_option(cli, "resume") != NULL) {
        ENSURE(cli->args_n == 0 && cli_option(cli, "session") != NULL, ERR_INPUT,
               "--resume takes a --session and no words");
        return OK;
    }
    ENSURE(cli->args_n > 0 || isatty(STDIN_FILENO) == 0, ERR_INPUT, "say what is asked");
    if (piped)
        TRY(read_stdin(cli, &text));
    ENSURE(text.len <= LLM_SAID_MAX, ERR_INPUT, "more than 20000 bytes are asked");
    ENSURE(utf8_valid(text.at, text.len) && memchr(text.at, 0, text.len) == NULL, ERR_INPUT,
           "what is asked is not text in UTF-8");
    while (text.len > 0 && strchr(" \t\r\n", text.at[text.len - 1]) != NULL)
        text.len--;
    ENSURE(text.len > 0, ERR_INPUT, "nothing is asked");
    *out = str_dup(cli->arena, text);
    return arena_check(cli->arena);
}

/* ---- where it is asked ---- */

static struct err own_talk(struct headless *h, const char *id, struct talk *t)
{
    const struct err e = talk_load(h->db, h->cli->arena, id, h->person.principal_id, t);
    if (e.kind == ERR_MISSING)
        return err_at(ERR_MISSING, id, "this person has no such conversation");
    return e;
}

static struct err begin(struct headless *h, const char *text, struct talk *t, int64_t *n)
{
    const struct llm_begin new = {.principal_id = h->person.principal_id,
                                  .actor = h->person.actor,
                                  .origin = "ask",
                                  .entity_id = cli_option(h->cli, "entity"),
                                  .text = text};
    TRY(headless_entity(h, new.entity_id));
    TRY(agent_db_begin(h->db));
    return agent_db_end(h->db, llm_begin(h->agent.llm, h->db, h->cli->arena, &new, t, n));
}

/* The last turn's first row. */
static struct err last_said(struct headless *h, const struct talk *t, int64_t *n)
{
    struct trace *rows;
    size_t rows_n;
    *n = 0;
    TRY(traces_load(h->db, h->cli->arena, t->session_id, 0, RESUME_ROWS, &rows, &rows_n));
    for (size_t i = 0; i < rows_n; i++)
        *n = rows[i].kind == TRACE_SAID ? rows[i].n : *n;
    return OK;
}

static struct err resume(struct headless *h, struct talk *t, int64_t *n)
{
    TRY(last_said(h, t, n));
    ENSURE(strcmp(t->origin, "ask") == 0, ERR_CONFLICT,
           "this conversation was not begun by ask: what began it goes on with it");
    return headless_again(h, t);
}

static struct err say(struct headless *h, struct talk *t, const char *text, int64_t *n)
{
    ENSURE(!t->turn_open, ERR_CONFLICT,
           "the last turn is still under way; if its process is gone, --resume goes on with it");
    TRY(agent_db_begin(h->db));
    return agent_db_end(h->db, llm_say(h->agent.llm, h->db, h->cli->arena, t, text, n));
}

/* ---- the command ---- */

static struct err ask(struct headless *h, const char *text, struct turn_told *out)
{
    const char *id = cli_option(h->cli, "session");
    struct talk t;
    struct turn_follow follow = {.text = h->cli->json ? NULL : stdout, .lines = true};
    if (id != NULL)
        TRY(own_talk(h, id, &t));
    if (id == NULL)
        TRY(begin(h, text, &t, &follow.said_n));
    else if (text != NULL)
        TRY(say(h, &t, text, &follow.said_n));
    follow.from_n = id == NULL || text != NULL ? follow.said_n + 1 : t.rows_n;
    if (text == NULL)
        TRY(resume(h, &t, &follow.said_n));
    else
        llm_wake(h->agent.llm, t.session_id);
    follow.session_id = t.session_id;
    return headless_follow(h, h->cli->arena, &follow, out);
}

static void print_told(struct cli *cli, const struct turn_told *told)
{
    struct json *o = json_object_new(cli->arena);
    json_put_text(cli->arena, o, "session_id", told->talk.session_id);
    json_put_text(cli->arena, o, "outcome", turn_end_name(told->end));
    json_put_known(cli->arena, o, "why", told->why);
    json_put_text(cli->arena, o, "answer", told->answer);
    json_put(cli->arena, o, "calls", told->calls);
    json_put(cli->arena, o, "pending", told->pending);
    json_put(cli->arena, o, "usage", headless_use_json(cli->arena, &told->use));
    json_put(cli->arena, o, "session", show_talk(cli->arena, &told->talk));
    json_put(cli->arena, o, "rows", told->rows);
    cli_print(cli, o);
}

static int code_of(enum turn_end end)
{
    switch (end) {
    case TURN_ANSWERED:
        return CLI_YES;
    case TURN_STOPPED:
    case TURN_BUDGET:
    case TURN_STEPS:
    case TURN_LENGTH:
    case TURN_REFUSED:
        return CLI_NO;
    case TURN_LEFT:
    case TURN_FAILED:
        break;
    }
    return CLI_UNKNOWN;
}

static int finish(struct cli *cli, const struct turn_told *told)
{
    if (told->end == TURN_LEFT)
        fprintf(stderr, "%s\n", told->why);
    fprintf(stderr, "%s, session %s\n", headless_use(cli->arena, &told->use),
            told->talk.session_id);
    if (cli->json)
        print_told(cli, told);
    return code_of(told->end);
}

static int run_ask(struct cli *cli)
{
    struct headless h = {.cli = cli};
    const char *id = cli_option(cli, "session"), *text;
    struct turn_told told = {0};
    struct err e = words_of(cli, &text);
    if (id != NULL && !id_valid(id, "ses"))
        return cli_misuse(cli, "--session is a conversation's id: ses_…");
    if (id != NULL && cli_option(cli, "entity") != NULL)
        return cli_misuse(cli, "--entity is of a new conversation; --session goes on in one");
    if (e.kind == ERR_INPUT)
        return cli_misuse(cli, e.msg);
    if (e.kind == ERR_NONE)
        e = headless_open(cli, &h);
    if (e.kind == ERR_NONE)
        e = headless_person(&h, cli_option(cli, "for"));
    const bool nobody = h.loop != NULL && (e.kind == ERR_AUTH || e.kind == ERR_MISSING);
    if (e.kind == ERR_NONE)
        e = ask(&h, text, &told);
    headless_close(&h);
    if (e.kind == ERR_NONE)
        return finish(cli, &told);
    if (e.kind == ERR_INPUT)
        return cli_misuse(cli, e.msg);
    (void)cli_fail(cli, e);
    return nobody ? CLI_NO : CLI_UNKNOWN;
}

static const struct cli_option options[] = {
    {"for", "human:ID", "on whose behalf; else whom the registry links this user of this host to"},
    {"entity", "ENTITY", "the entity that it is about"},
    {"session", "SESSION", "go on in a conversation of this person's"},
    {"resume", NULL, "go on with the session's turn that was cut off or failed; no words"},
};

const struct command command_ask = {
    .name = "ask",
    .args = "[TEXT]",
    .summary = "ask the model, which works by the engine's tools on a person's behalf",
    .help =
        "TEXT - or none is read from standard input, at most 20000 bytes. The answer goes to\n"
        "standard output as it comes; if the provider breaks off in it and is asked again, it\n"
        "begins anew on a line of its own. What was called, what policy said and where people\n"
        "decide what waits goes to standard error, at the end tokens and cost. With --json the\n"
        "answer, its rows, what waits and what it took are one object at the end.\n"
        "\n"
        "Ctrl-C ends the turn as the Chat's stop does; a second one leaves it open for --resume.\n"
        "Whoever can read workspace.key may ask for everybody: the file's permissions decide.\n"
        "\n"
        "Exits with 0 when it was answered, whatever the calls came to; with 2 when it was not:\n"
        "stopped, a budget, the limit of steps or of an answer's length, the model declined, or\n"
        "there is no such person or they are disabled; with 1 when that cannot be told: the\n"
        "provider, the engine or agent.db failed, or the turn is still open.",
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_ask,
};
