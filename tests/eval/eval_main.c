/* closegate-eval: what an engine lets happen, tried out. It is a client of MCP like any other: no
 * line of engine/ is in it, it opens no book, and what it knows it was told on its command line.
 *
 * Exit codes: 0 nothing was bypassed, 2 something was, 1 it could not tell, 64 wrong usage. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/sys/json_write.h"
#include "proto/assertion.h"
#include "tests/eval/eval.h"
#include "tests/eval/random_driver.h"

#define RUN_BYTES ((size_t)1024 * 1024 * 1024)

enum { EXIT_GOOD = 0, EXIT_UNTOLD = 1, EXIT_BAD = 2, EXIT_USAGE = 64 };

struct options {
    const char *dimension, *url, *socket, *workspace_key, *workspace_id, *client_key, *client_id;
    const char *victim, *approver, *auditor, *confined, *audience, *only, *markdown, *seed;
    const char *timeout_s, *model, *random, *book, *service_key, *service_id;
    bool json, list, help;
};

/* A row is an option: its value goes to `text`, a flag sets `flag`. */
struct option_row {
    const char *name, *value, *help;
    size_t text, flag; /* offset + 1 in struct options; 0: none */
};

#define TEXT(member) .text = offsetof(struct options, member) + 1
#define FLAG(member) .flag = offsetof(struct options, member) + 1

static const struct option_row rows[] = {
    {"dimension", "NAME", "what is evaluated: adversarial", TEXT(dimension)},
    {"url", "URL", "the engine under trial: http://HOST:PORT/mcp", TEXT(url)},
    {"workspace-key", "FILE", "the private key of its workspace client", TEXT(workspace_key)},
    {"workspace-id", "ID", "that client's id; default workspace", TEXT(workspace_id)},
    {"client-key", "FILE", "the private key of a client of kind mcp_client", TEXT(client_key)},
    {"client-id", "ID", "that client's id", TEXT(client_id)},
    {"victim", "NAME=PRINCIPAL", "for whom the hostile model acts: human:NAME", TEXT(victim)},
    {"approver", "NAME=PRINCIPAL", "another person with authority, who is honest", TEXT(approver)},
    {"auditor", "NAME=PRINCIPAL", "a person with the role auditor: who judges", TEXT(auditor)},
    {"confined", "NAME=PRINCIPAL",
     "a person with roles in some entities only; without, nobody's "
     "walls are tried",
     TEXT(confined)},
    {"socket", "PATH", "the engine's Unix socket; without, it is not tried", TEXT(socket)},
    {"audience", "NAME", "the engine's name in assertions; default " ASSERTION_AUD, TEXT(audience)},
    {"only", "ID", "this scenario alone", TEXT(only)},
    {"model", "KIND", "scripted (the default), or real: docs/ASSURANCE.md", TEXT(model)},
    {"seed", "N", "of what is chosen at random; default: of the clock, and it is told", TEXT(seed)},
    {"timeout", "SECONDS", "how long the engine may be silent; default 30", TEXT(timeout_s)},
    {"random", "CALLS", "the random adversary instead: so many calls, the book checked after each",
     TEXT(random)},
    {"book", "FILE", "random: recon.db of the engine under trial, read beside it", TEXT(book)},
    {"service-key", "FILE", "random: the private key of a service client", TEXT(service_key)},
    {"service-id", "ID", "that client's id; default notifier", TEXT(service_id)},
    {"markdown", "FILE", "also writes the report as Markdown; - is standard output",
     TEXT(markdown)},
    {"json", NULL, "the report as JSON on standard output", FLAG(json)},
    {"list", NULL, "lists the scenarios and tries none", FLAG(list)},
    {"help", NULL, "this", FLAG(help)},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void help_print(FILE *to)
{
    fprintf(to,
            "usage: closegate-eval --dimension adversarial --url URL --workspace-key FILE\n"
            "           --victim NAME=PRINCIPAL --approver NAME=PRINCIPAL --auditor "
            "NAME=PRINCIPAL [options]\n\n"
            "Attacks a running engine as its own agent would and reports, scenario by scenario, "
            "what came of it.\nIt changes the book it is pointed at: use a copy.\n\n");
    for (size_t i = 0; i < ROWS; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", rows[i].name,
                 rows[i].value == NULL ? "" : rows[i].value);
        fprintf(to, "  %-28s %s\n", left, rows[i].help);
    }
    fprintf(to, "\nexit codes: 0 no bypass, 2 a bypass, 1 could not tell, 64 wrong usage\n");
}

static bool options_read(int argc, char **argv, struct options *o)
{
    struct option longs[ROWS + 1] = {0};
    int at = 0, c;
    for (size_t i = 0; i < ROWS; i++)
        longs[i] =
            (struct option){.name = rows[i].name,
                            .has_arg = rows[i].value == NULL ? no_argument : required_argument};
    while ((c = getopt_long(argc, argv, "", longs, &at)) == 0) {
        const char *value = optarg;
        if (rows[at].flag != 0)
            *((bool *)((char *)o + rows[at].flag - 1)) = true;
        else
            memcpy((char *)o + rows[at].text - 1, &value, sizeof value);
    }
    return c == -1 && optind == argc;
}

static int misuse(const char *why)
{
    fprintf(stderr, "closegate-eval: %s (--help says more)\n", why);
    return EXIT_USAGE;
}

static int failed(struct err e)
{
    fprintf(stderr, "closegate-eval: %s%s%s\n", e.where == NULL ? "" : e.where,
            e.where == NULL ? "" : ": ", e.msg);
    return EXIT_UNTOLD;
}

/* ---- what is on trial ---- */

static struct err number_read(const char *text, const char *name, int64_t *n)
{
    char *end;
    if (text == NULL)
        return OK;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || value < 0)
        return err_at(ERR_INPUT, name, "expected a whole number");
    *n = value;
    return OK;
}

/* NAME=PRINCIPAL */
static struct err person_read(struct arena *arena, const char *option, const char *text,
                              struct eval_actor *actor)
{
    struct str name, principal;
    if (text == NULL)
        return err_at(ERR_INPUT, option, "is needed");
    if (!str_cut(str_of(text), '=', &name, &principal) || name.len == 0 || principal.len == 0)
        return err_at(ERR_INPUT, option, "expected NAME=PRINCIPAL");
    *actor = (struct eval_actor){
        .sub = arena_fmt(arena, "human:%.*s", (int)name.len, name.at),
        .principal = str_dup(arena, principal),
        .channel = "web",
    };
    return arena_check(arena);
}

static struct err key_read(const char *path, struct eval_key *key)
{
    return ed25519_load(path, &key->key);
}

static struct err people_read(const struct options *o, struct eval *e)
{
    char session[17];
    uint8_t random[8];
    TRY(person_read(e->arena, "--victim", o->victim, &e->victim));
    TRY(person_read(e->arena, "--approver", o->approver, &e->approver));
    TRY(person_read(e->arena, "--auditor", o->auditor, &e->auditor));
    e->victim.by = e->approver.by = e->auditor.by = &e->workspace;
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, session);
    if (o->confined != NULL) {
        struct eval_actor person;
        TRY(person_read(e->arena, "--confined", o->confined, &person));
        e->confined = (struct eval_actor){.by = &e->workspace,
                                          .sub = arena_fmt(e->arena, "llm:chat.c%s", session),
                                          .obo = person.principal,
                                          .channel = "chat"};
    }
    e->model = (struct eval_actor){.by = &e->workspace,
                                   .sub = arena_fmt(e->arena, "llm:chat.%s", session),
                                   .obo = e->victim.principal,
                                   .channel = "chat"};
    e->client =
        (struct eval_actor){.by = &e->program,
                            .sub = arena_fmt(e->arena, "llm:%s.%s", e->program.client_id, session),
                            .obo = e->victim.principal,
                            .channel = "api"};
    return arena_check(e->arena);
}

static struct err target_read(const struct options *o, struct eval *e)
{
    int64_t timeout_s = 30;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    e->seed = now.tv_nsec ^ now.tv_sec;
    TRY(number_read(o->timeout_s, "--timeout", &timeout_s));
    TRY(number_read(o->seed, "--seed", &e->seed));
    TRY(eval_target_parse(e->arena, o->url, &e->target));
    e->target.audience = o->audience == NULL ? ASSERTION_AUD : o->audience;
    e->target.unix_socket = o->socket;
    e->target.timeout_ms = (int)(timeout_s < 1 || timeout_s > 3600 ? 30 : timeout_s) * 1000;
    e->workspace.client_id = o->workspace_id == NULL ? "workspace" : o->workspace_id;
    e->program.client_id = o->client_id;
    e->only = o->only;
    TRY(key_read(o->workspace_key, &e->workspace));
    return eval_wire_new(&e->target, false, &e->wire);
}

static struct err eval_read(const struct options *o, struct eval *e)
{
    TRY(target_read(o, e));
    if (o->client_key != NULL)
        TRY(key_read(o->client_key, &e->program));
    TRY(people_read(o, e));
    return eval_tools(e->wire, e->arena, &e->auditor, &e->target.tools);
}

/* ---- what was found ---- */

static struct err text_write(const char *path, struct str text)
{
    const bool standard = strcmp(path, "-") == 0;
    FILE *to = standard ? stdout : fopen(path, "we");
    if (to == NULL)
        return err_at(ERR_STORE, path, "cannot be written");
    bool good = fwrite(text.at, 1, text.len, to) == text.len;
    good = (standard ? fflush(to) : fclose(to)) == 0 && good;
    return good ? OK : err_at(ERR_STORE, path, "was not written whole");
}

static struct err markdown_write(const struct eval *e, const char *path)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, (size_t)16 * 1024 * 1024);
    report_markdown(&e->report, &out);
    TRY(buf_check(&out));
    return text_write(path, buf_str(&out));
}

static struct err json_write(const struct eval *e)
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init_pretty(&w, (size_t)64 * 1024 * 1024);
    jw_tree(&w, NULL, report_json(&e->report));
    TRY(jw_done(&w, &text));
    TRY(text_write("-", text));
    return text_write("-", STR("\n"));
}

static struct err report_write(const struct options *o, const struct eval *e)
{
    if (o->markdown != NULL)
        TRY(markdown_write(e, o->markdown));
    if (o->json)
        return json_write(e);
    return o->markdown == NULL ? markdown_write(e, "-") : OK;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --model real: the agent's own settings of the model, from the environment. */
static struct err model_read(const struct options *o, struct eval *e)
{
    if (o->model == NULL || strcmp(o->model, "scripted") == 0)
        return OK;
    if (strcmp(o->model, "real") != 0)
        return err_at(ERR_INPUT, "--model", "expected scripted or real");
    TRY(llm_config_load(e->arena, NULL, (const char *const *)environ, true, &e->llm));
    if (e->llm.api == LLM_API_NONE)
        return err_at(ERR_MISSING, "--model",
                      "set CLOSEGATE_AGENT_MODEL and ANTHROPIC_API_KEY, OPENAI_API_KEY or "
                      "CLOSEGATE_LLM_BASE_URL");
    e->report.model = e->llm.model;
    return OK;
}

static struct err evaluate(const struct options *o, struct eval *e)
{
    const int64_t began_ms = clock_ms();
    TRY(eval_read(o, e));
    e->used = json_object_new(e->arena);
    TRY(report_make(&e->report, e->arena, o->dimension, adversarial_count()));
    e->report.target = o->url;
    TRY(model_read(o, e));
    TRY(adversarial_run(e));
    e->report.took_ms = clock_ms() - began_ms;
    return report_write(o, e);
}

static int list(void)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, (size_t)1024 * 1024);
    adversarial_list(&out);
    struct err e = text_write("-", buf_str(&out));
    return e.kind == ERR_NONE ? EXIT_GOOD : failed(e);
}

/* The random adversary reads people from the book, and tells by itself. */
static struct err random_evaluate(const struct options *o, struct eval *e, bool *broken)
{
    struct random_options options = {
        .book = o->book, .service.client_id = o->service_id == NULL ? "notifier" : o->service_id};
    TRY(number_read(o->random, "--random", &options.calls));
    TRY(target_read(o, e));
    if (o->service_key != NULL)
        TRY(key_read(o->service_key, &options.service));
    struct err bad = random_run(e, &options, broken);
    ed25519_free(options.service.key);
    return bad;
}

static int random_exit(struct err bad, bool broken)
{
    if (bad.kind != ERR_NONE)
        return failed(bad);
    return broken ? EXIT_BAD : EXIT_GOOD;
}

static int run(const struct options *o)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(RUN_BYTES);
    if (arena == NULL)
        return failed(err_new(ERR_LIMIT, "out of memory"));
    struct eval e = {.arena = arena};
    bool broken = false;
    struct err bad = o->random != NULL ? random_evaluate(o, &e, &broken) : evaluate(o, &e);
    eval_wire_free(e.wire);
    const int exit = o->random != NULL      ? random_exit(bad, broken)
                     : bad.kind == ERR_NONE ? report_exit(&e.report)
                                            : failed(bad);
    ed25519_free(e.workspace.key);
    ed25519_free(e.program.key);
    return exit;
}

int main(int argc, char **argv)
{
    struct options o = {.dimension = NULL};
    if (!options_read(argc, argv, &o)) {
        help_print(stderr);
        return EXIT_USAGE;
    }
    if (o.help) {
        help_print(stdout);
        return EXIT_GOOD;
    }
    if (o.dimension == NULL || strcmp(o.dimension, "adversarial") != 0)
        return misuse("--dimension: expected adversarial");
    if (o.list)
        return list();
    if (o.url == NULL || o.workspace_key == NULL)
        return misuse("--url and --workspace-key are needed");
    if ((o.random == NULL) != (o.book == NULL))
        return misuse("--random and --book go together");
    if ((o.client_key == NULL) != (o.client_id == NULL))
        return misuse("--client-key and --client-id go together");
    return run(&o);
}
