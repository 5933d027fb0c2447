/* `policy explain`: what the gate would say now about an act on a match, row by row, with the facts
 * each row looked at. The ask is made by the tool's own plan, so it is the one a call would make;
 * it runs on a snapshot and changes nothing. */
#include <stdio.h>
#include <string.h>

#include "common/sys/disk.h"
#include "common/sys/jcs.h"
#include "engine/call/boot.h"
#include "engine/call/call.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/policy_file.h"
#include "engine/gate/flip.h"

#define STEPS_MAX 64

struct explanation {
    struct cli *cli;
    struct call call;
    struct gate_step steps[STEPS_MAX];
    size_t steps_n;
    struct json *facts; /* ask_print's */
    struct flips flips; /* what would change the verdict */
};

/* ---- who asks ---- */

static struct err person(struct tx *tx, struct cli *cli, const char *text, struct principal *p)
{
    struct actor_id id;
    TRY(err_in(actor_parse(str_of(text), &id), text));
    if (id.kind != ACTOR_HUMAN)
        return err_at(ERR_INPUT, text, "expected human:NAME");
    return err_in(identity_find(tx, cli->arena, "actor", "", actor_name(&id), p), text);
}

static struct err channel_of(struct cli *cli, struct actor *actor)
{
    const char *name = cli_option(cli, "channel");
    actor->channel = actor->kind == ACTOR_HUMAN ? CHANNEL_WEB
                     : actor->kind == ACTOR_LLM ? CHANNEL_API
                                                : CHANNEL_NONE;
    if (name != NULL && !channel_find(name, &actor->channel))
        return err_at(ERR_INPUT, name, "no such channel: web, slack, chat, api or cli");
    return OK;
}

/* A human as if they had just signed in. */
static struct err actor_of(struct tx *tx, struct cli *cli, struct actor *actor)
{
    const char *as = cli_option(cli, "as"), *obo = cli_option(cli, "for");
    struct principal p;
    struct actor_id id;
    as = as == NULL ? "engine:auto-confirm" : as;
    TRY(err_in(actor_parse(str_of(as), &id), as));
    *actor =
        (struct actor){.kind = id.kind, .id = as, .backend = "explain", .auth_time_us = tx->now_us};
    if (id.kind == ACTOR_HUMAN) {
        TRY(person(tx, cli, as, &p));
        actor->principal = p.principal_id;
    } else if (id.kind == ACTOR_LLM && obo != NULL) {
        TRY(person(tx, cli, obo, &p));
        actor->on_behalf_of = p.principal_id;
    }
    ENSURE(obo == NULL || id.kind == ACTOR_LLM, ERR_INPUT, "--for goes with --as llm:…");
    return channel_of(cli, actor);
}

/* ---- the ask ---- */

static struct err policy_of(struct tx *tx, struct cli *cli, struct policy **policy)
{
    const char *file = cli_option(cli, "policy");
    struct str text;
    if (file == NULL)
        return policy_now(tx, cli->arena, policy);
    TRY(disk_read(cli->arena, file, POLICY_BYTES_MAX, &text));
    struct err e = policy_for_book(cli->arena, tx, text, policy);
    if (e.kind != ERR_NONE)
        return err_fmt(cli->arena, e.kind, file, "%s%s%s", e.where == NULL ? "" : e.where,
                       e.where == NULL ? "" : ": ", e.msg);
    return OK;
}

static struct err tool_of(struct cli *cli, const struct tool **tool)
{
    const char *action = cli_option(cli, "action");
    const bool confirm = action == NULL || text_eq(action, "confirm");
    ENSURE(confirm || text_eq(action, "reject"), ERR_INPUT, "--action is confirm or reject");
    *tool = tool_find(confirm ? "confirm_match" : "reject_match");
    return *tool == NULL ? err_new(ERR_BUG, "the tool is gone") : OK;
}

/* The engine's own confirmations always carry their template for a rationale. */
static struct json *arguments_of(struct cli *cli, const struct actor *actor)
{
    struct json *args = json_object_new(cli->arena);
    const char *rationale = cli_option(cli, "rationale");
    if (rationale == NULL && actor->kind == ACTOR_ENGINE)
        rationale = "confirmed by policy";
    json_put_text(cli->arena, args, "match_id", cli_option(cli, "match"));
    json_put_known(cli->arena, args, "rationale", rationale);
    return args;
}

static struct err judge(struct explanation *x, struct tx *tx)
{
    struct cli *cli = x->cli;
    struct call *c = &x->call;
    struct policy *policy;
    *c = (struct call){.arena = cli->arena, .prod = cli_config(cli)->env == CONFIG_PROD};
    TRY(tool_of(cli, &c->tool));
    TRY(policy_of(tx, cli, &policy));
    c->policy = policy;
    TRY(actor_of(tx, cli, &c->actor));
    TRY(call_bind(c, arguments_of(cli, &c->actor)));
    TRY(call_judge(c, tx));
    x->steps_n = gate_trace(c->policy, &c->ask, x->steps, STEPS_MAX, &c->verdict);
    ENSURE(x->steps_n <= STEPS_MAX, ERR_BUG, "the matrix has outgrown the explanation");
    x->facts = ask_print(cli->arena, &c->ask);
    return flips_find(cli->arena, c->policy, &c->ask, &x->flips);
}

static struct err explain(struct explanation *x)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(x->cli, &book));
    return book_err(x->cli, judge(x, &book.tx));
}

/* ---- telling ---- */

static struct err fact_print(void *arg, const char *name, const struct json *value)
{
    struct explanation *x = arg;
    struct str text = STR("none");
    if (value != NULL)
        TRY(jcs_text(x->cli->arena, value, &text));
    printf("             %s: %s\n", name, plain_text(x->cli->arena, str_dup(x->cli->arena, text)));
    return OK;
}

struct putting {
    struct arena *arena;
    struct json *out;
};

static struct err fact_put(void *arg, const char *name, const struct json *value)
{
    const struct putting *p = arg;
    json_put(p->arena, p->out, name, value == NULL ? json_null_new(p->arena) : value);
    return arena_check(p->arena);
}

/* What nobody can change is told as what it is. */
static void flips_tell(struct explanation *x)
{
    if (x->flips.n == 0) {
        if (x->call.verdict.ruling != RULING_ALLOW)
            printf("\nno change of one fact or two would make it another verdict\n");
        return;
    }
    printf("\nit would be otherwise\n");
    for (size_t i = 0; i < x->flips.n; i++) {
        const struct flip *flip = &x->flips.at[i];
        printf("  %s: %s%s%s\n", plain_text(x->cli->arena, flip->words),
               ruling_words(flip->becomes.ruling),
               flip->becomes.reason == REASON_ALLOWED ? "" : ", ",
               flip->becomes.reason == REASON_ALLOWED ? "" : reason_name(flip->becomes.reason));
        if (flip->by == FLIP_BY_NOBODY && x->call.verdict.ruling != RULING_ALLOW)
            printf("    (this is so, and nobody can change it)\n");
    }
}

static struct err told(struct explanation *x)
{
    struct call *c = &x->call;
    const struct verdict *v = &c->verdict;
    printf("%s %s as %s\npolicy %s, gate %d\n\n", c->tool->name, cli_option(x->cli, "match"),
           c->actor.id, c->policy->digest, GATE_VERSION);
    for (size_t i = 0; i < x->steps_n; i++) {
        printf("  %-5s %-4s %s\n", x->steps[i].row, x->steps[i].held ? "YES" : "no",
               x->steps[i].meaning);
        TRY(row_facts(x->cli->arena, x->steps[i].facts, x->facts, fact_print, x));
    }
    printf("\nrow %s decides: %s, %s\n", v->row, ruling_words(v->ruling), reason_name(v->reason));
    if (v->clause[0] != '\0')
        printf("  \"%s\"\n  %s\n", plain_text(x->cli->arena, v->clause), v->pointer);
    flips_tell(x);
    return OK;
}

static struct err steps_json(struct explanation *x, struct json *list)
{
    struct arena *arena = x->cli->arena;
    for (size_t i = 0; i < x->steps_n; i++) {
        struct json *o = json_object_new(arena), *facts = json_object_new(arena);
        struct putting put = {.arena = arena, .out = facts};
        TRY(row_facts(arena, x->steps[i].facts, x->facts, fact_put, &put));
        json_put_text(arena, o, "row", x->steps[i].row);
        json_put_text(arena, o, "condition", x->steps[i].meaning);
        json_put(arena, o, "facts", facts);
        json_put_bool(arena, o, "held", x->steps[i].held);
        json_push(arena, list, o);
    }
    return arena_check(arena);
}

static struct err told_json(struct explanation *x)
{
    struct arena *arena = x->cli->arena;
    const struct verdict *v = &x->call.verdict;
    struct json *o = json_object_new(arena), *verdict = json_object_new(arena),
                *steps = json_array_new(arena);
    TRY(steps_json(x, steps));
    json_put_text(arena, o, "tool", x->call.tool->name);
    json_put_text(arena, o, "match_id", cli_option(x->cli, "match"));
    json_put_text(arena, o, "actor", x->call.actor.id);
    json_put_text(arena, o, "policy_version", x->call.policy->digest);
    json_put_int(arena, o, "gate_version", GATE_VERSION);
    json_put(arena, o, "steps", steps);
    json_put_text(arena, verdict, "row", v->row);
    json_put_text(arena, verdict, "ruling", ruling_name(v->ruling));
    json_put_text(arena, verdict, "reason", reason_name(v->reason));
    json_put_text(arena, verdict, "clause", v->clause);
    json_put_text(arena, verdict, "pointer", v->pointer);
    json_put(arena, o, "verdict", verdict);
    json_put(arena, o, "gate_input", x->facts);
    json_put(arena, o, "otherwise", flips_print(arena, &x->flips));
    TRY(arena_check(arena));
    cli_print(x->cli, o);
    return OK;
}

static int run_explain(struct cli *cli)
{
    struct explanation *x = ARENA_NEW(cli->arena, struct explanation);
    if (cli_option(cli, "match") == NULL)
        return cli_misuse(cli, "--match is missing");
    if (x == NULL)
        return cli_fail(cli, err_new(ERR_LIMIT, "out of memory"));
    *x = (struct explanation){.cli = cli};
    struct err e = explain(x);
    if (e.kind == ERR_NONE)
        e = cli->json ? told_json(x) : told(x);
    return e.kind == ERR_NONE ? CLI_YES : cli_fail(cli, e);
}

static const struct cli_option options[] = {
    {"match", "ID", "the match that would be acted on"},
    {"as", "ACTOR", "who would act: human:ana, llm:s-1; default engine:auto-confirm"},
    {"for", "ACTOR", "the human:… an llm acts for"},
    {"action", "ACTION", "confirm (the default) or reject"},
    {"rationale", "TEXT", "the words that would be given"},
    {"channel", "NAME", "web, slack, chat, api or cli; default web for humans, api for llms"},
    {"policy", "FILE", "under this policy instead of the one in force"},
};

const struct command command_policy_explain = {
    .name = "policy explain",
    .args = "--match ID",
    .summary = "show every row the gate would look at, with its facts, and the one that decides",
    .help = "The facts are read from the book as it is now and nothing is changed or recorded. A\n"
            "human is taken to have signed in just now. Below the row that decides stands the "
            "smallest\n"
            "change of the facts from which another verdict would follow, and whether anybody can\n"
            "bring it about.",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_explain,
};
