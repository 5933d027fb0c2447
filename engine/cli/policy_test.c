/* `policy test`: the cases beside a policy, each decided, and how much of the policy they reach. It
 * reads two files and nothing else; a book is asked only for its entities' currencies when the
 * cases do not say them. */
#include <stdio.h>
#include <string.h>

#include "common/sys/disk.h"
#include "common/sys/jcs.h"
#include "common/sys/yaml_read.h"
#include "engine/call/boot.h"
#include "engine/cli/book.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/policy_file.h"
#include "engine/gate/case.h"
#include "engine/gate/coverage.h"
#include "engine/store/master.h"

#define STEPS_MAX 64

struct testing {
    struct cli *cli;
    const char *policy_file, *cases_file;
    struct policy *policy;
    struct gate_case *cases;
    size_t n, failed;
    struct coverage coverage;
    struct json *results; /* with --json */
};

/* One case, decided. */
struct result {
    struct testing *t;
    const struct gate_case *c;
    struct verdict v;
    struct gate_step step; /* the row that decided; no row: nothing in it */
    struct json *facts;    /* of the row, with --json */
};

/* ---- the files ---- */

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

/* saas.yaml for saas.test.yaml, and the other way round. */
static struct err files_find(struct testing *t)
{
    static const char tests[] = ".test.yaml", yaml[] = ".yaml";
    struct cli *cli = t->cli;
    const char *cases = cli->args_n > 0 ? cli->args[0] : NULL, *policy = cli_option(cli, "policy");
    if (cases != NULL && policy == NULL && !ends_in(cases, tests))
        return err_at(ERR_INPUT, cases, "which policy? say --policy, or name it X.test.yaml");
    if (policy == NULL)
        policy = cases == NULL ? cli_config(cli)->policy
                               : arena_fmt(cli->arena, "%.*s%s",
                                           (int)(strlen(cases) - strlen(tests)), cases, yaml);
    TRY(arena_check(cli->arena));
    size_t stem = ends_in(policy, yaml) ? strlen(policy) - strlen(yaml) : strlen(policy);
    if (cases == NULL)
        cases = arena_fmt(cli->arena, "%.*s%s", (int)stem, policy, tests);
    t->policy_file = policy;
    t->cases_file = cases;
    return arena_check(cli->arena);
}

static struct err bind_to_book(struct testing *t, struct str text)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(t->cli, &book));
    return book_err(t->cli, policy_for_book(t->cli->arena, &book.tx, text, &t->policy));
}

/* The entities are the file's, else the book's; without either an override that names no currency
 * compares with nothing. */
static struct err policy_load_for(struct testing *t, const struct json *cases)
{
    struct arena *arena = t->cli->arena;
    struct policy_entity *entities;
    struct str text;
    const char *book;
    size_t n;
    TRY(disk_read(arena, t->policy_file, POLICY_BYTES_MAX, &text));
    TRY(in_file(arena, t->cases_file, cases_entities(arena, cases, &entities, &n)));
    if (n == 0 && book_find(t->cli, &book).kind == ERR_NONE)
        return in_file(arena, t->policy_file, bind_to_book(t, text));
    TRY(in_file(arena, t->policy_file, policy_parse(arena, text, &t->policy)));
    if (n == 0)
        return OK;
    return in_file(arena, t->policy_file, policy_bind_entities(arena, t->policy, entities, n));
}

static struct err load(struct testing *t)
{
    struct arena *arena = t->cli->arena;
    struct str text;
    struct json *tree;
    TRY(files_find(t));
    TRY(disk_read(arena, t->cases_file, YAML_BYTES_MAX, &text));
    TRY(in_file(arena, t->cases_file, yaml_read(arena, text, &tree)));
    TRY(policy_load_for(t, tree));
    TRY(in_file(arena, t->cases_file, cases_read(arena, t->policy, tree, &t->cases, &t->n)));
    return coverage_init(arena, t->policy, &t->coverage);
}

/* ---- one case, told ---- */

static void verdict_print(struct arena *arena, const char *word, const char *ruling,
                          const char *reason, const char *row, const char *clause,
                          const char *pointer)
{
    printf("  # %-8s %s%s%s%s%s%s%s\n", word, ruling, reason == NULL ? "" : " ",
           reason == NULL ? "" : reason, row == NULL ? "" : ", row ", row == NULL ? "" : row,
           text_empty(pointer) ? "" : ", ", text_empty(pointer) ? "" : pointer);
    if (!text_empty(clause))
        printf("  #          \"%s\"\n", plain_text(arena, clause));
}

static struct err fact_print(void *arg, const char *name, const struct json *value)
{
    struct result *r = arg;
    struct arena *arena = r->t->cli->arena;
    struct str text = STR("none");
    if (value != NULL)
        TRY(jcs_text(arena, value, &text));
    printf("  #   %s: %s\n", name, plain_text(arena, str_dup(arena, text)));
    return OK;
}

static struct err fact_put(void *arg, const char *name, const struct json *value)
{
    struct result *r = arg;
    struct arena *arena = r->t->cli->arena;
    json_put(arena, r->facts, name, value == NULL ? json_null_new(arena) : value);
    return arena_check(arena);
}

static struct err failure_print(struct result *r)
{
    struct arena *arena = r->t->cli->arena;
    const struct case_expect *e = &r->c->expect;
    verdict_print(arena, "expected", ruling_name(e->ruling),
                  e->reason == REASON_NONE ? NULL : reason_name(e->reason), e->row, e->clause,
                  e->pointer);
    verdict_print(arena, "got", ruling_name(r->v.ruling), reason_name(r->v.reason), r->v.row,
                  r->v.clause, r->v.pointer);
    if (r->step.row == NULL)
        return OK;
    printf("  # because %s\n", r->step.meaning);
    return row_facts(arena, r->step.facts, ask_print(arena, &r->c->ask), fact_print, r);
}

static struct json *verdict_json(struct arena *arena, enum ruling ruling, const char *reason,
                                 const char *row, const char *clause, const char *pointer)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "ruling", ruling_name(ruling));
    json_put_known(arena, o, "reason", reason);
    json_put_known(arena, o, "row", row);
    json_put_known(arena, o, "clause", clause);
    json_put_known(arena, o, "pointer", pointer);
    return o;
}

static struct err result_put(struct result *r, bool passes)
{
    struct arena *arena = r->t->cli->arena;
    const struct case_expect *e = &r->c->expect;
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "name", r->c->name);
    json_put_bool(arena, o, "passes", passes);
    json_put(arena, o, "got",
             verdict_json(arena, r->v.ruling, reason_name(r->v.reason), r->v.row, r->v.clause,
                          r->v.pointer));
    if (!passes) {
        json_put(arena, o, "expected",
                 verdict_json(arena, e->ruling,
                              e->reason == REASON_NONE ? NULL : reason_name(e->reason), e->row,
                              e->clause, e->pointer));
        r->facts = json_object_new(arena);
        if (r->step.row != NULL)
            TRY(row_facts(arena, r->step.facts, ask_print(arena, &r->c->ask), fact_put, r));
        json_put_known(arena, o, "because", r->step.meaning);
        json_put(arena, o, "facts", r->facts);
    }
    json_push(arena, r->t->results, o);
    return arena_check(arena);
}

static struct err decide(struct testing *t, size_t i)
{
    struct gate_step steps[STEPS_MAX];
    struct result r = {.t = t, .c = &t->cases[i]};
    size_t n = gate_trace(t->policy, &r.c->ask, steps, STEPS_MAX, &r.v);
    bool passes = case_passes(r.c, &r.v);
    ENSURE(n <= STEPS_MAX, ERR_BUG, "the matrix has outgrown the explanation");
    if (n > 0 && steps[n - 1].held)
        r.step = steps[n - 1];
    coverage_see(&t->coverage, r.c->name, &r.c->ask);
    t->failed += !passes;
    if (t->cli->json)
        return result_put(&r, passes);
    printf("%sok %zu - %s\n", passes ? "" : "not ", i + 1, plain_text(t->cli->arena, r.c->name));
    return passes ? OK : failure_print(&r);
}

/* ---- coverage, told ---- */

static const char *lacking(const struct cover_item *item)
{
    if (item->decides == NULL && item->lets_pass == NULL)
        return "no case reaches it";
    return item->decides == NULL ? "no case that it decides"
                                 : "no case that it is looked at for and lets pass";
}

static void coverage_print(const struct testing *t)
{
    const struct coverage *c = &t->coverage;
    printf("# %zu of %zu cases pass; %zu of %zu rules are reached both ways\n", t->n - t->failed,
           t->n, coverage_reached(c), c->n);
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].decides == NULL || c->items[i].lets_pass == NULL)
            printf("# not covered: %s (%s): %s\n", plain_text(t->cli->arena, c->items[i].pointer),
                   c->items[i].what, lacking(&c->items[i]));
    }
}

static void told_json(const struct testing *t)
{
    struct arena *arena = t->cli->arena;
    const struct coverage *c = &t->coverage;
    struct json *o = json_object_new(arena), *cover = json_object_new(arena),
                *rules = json_array_new(arena);
    for (size_t i = 0; i < c->n; i++) {
        struct json *rule = json_object_new(arena);
        json_put_text(arena, rule, "pointer", c->items[i].pointer);
        json_put_text(arena, rule, "what", c->items[i].what);
        json_put_text(arena, rule, "decides", c->items[i].decides);
        json_put_text(arena, rule, "lets_pass", c->items[i].lets_pass);
        json_push(arena, rules, rule);
    }
    json_put_text(arena, o, "policy", t->policy_file);
    json_put_text(arena, o, "policy_version", t->policy->digest);
    json_put_text(arena, o, "file", t->cases_file);
    json_put_int(arena, o, "gate_version", GATE_VERSION);
    json_put_int(arena, o, "cases", (int64_t)t->n);
    json_put_int(arena, o, "failed", (int64_t)t->failed);
    json_put(arena, o, "results", t->results);
    json_put_int(arena, cover, "rules", (int64_t)c->n);
    json_put_int(arena, cover, "reached", (int64_t)coverage_reached(c));
    json_put(arena, cover, "each", rules);
    json_put(arena, o, "coverage", cover);
    cli_print(t->cli, o);
}

static struct err run_all(struct testing *t)
{
    TRY(load(t));
    t->results = json_array_new(t->cli->arena);
    if (!t->cli->json)
        printf("TAP version 13\n1..%zu\n", t->n);
    for (size_t i = 0; i < t->n; i++)
        TRY(decide(t, i));
    TRY(arena_check(t->cli->arena));
    if (t->cli->json)
        told_json(t);
    else
        coverage_print(t);
    return OK;
}

static int run_test(struct cli *cli)
{
    struct testing t = {.cli = cli};
    struct err e = run_all(&t);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    bool whole =
        cli_option(cli, "coverage") == NULL || coverage_reached(&t.coverage) == t.coverage.n;
    return t.failed == 0 && whole ? CLI_YES : CLI_NO;
}

static const struct cli_option options[] = {
    {"policy", "FILE", "the policy; default: X.yaml for X.test.yaml, else CLOSEGATE_POLICY"},
    {"coverage", NULL, "also demand that every rule of the policy is reached both ways"},
};

const struct command command_policy_test = {
    .name = "policy test",
    .args = "[FILE.test.yaml]",
    .summary = "decide the cases beside a policy, and tell what they do not reach",
    .help =
        "FILE is the policy's own name with .test.yaml when left out. A failing case shows what\n"
        "was expected, what came, and the facts that the deciding row read. 0: every case gets\n"
        "what it expects (and, with --coverage, every rule is reached both ways); 2: not so; 1:\n"
        "a file could not be read, with line and column. docs/POLICY.md has the form of a case.",
    .args_max = 1,
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_test,
};
