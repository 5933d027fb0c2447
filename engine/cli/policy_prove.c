/* `policy prove`: the control invariants held against a policy, and the first counterexample as a
 * case of `policy test`. It always proves: what the book knows of earlier proofs is not asked. */
#include <inttypes.h>
#include <stdio.h>

#include "common/sys/disk.h"
#include "engine/call/admit.h"
#include "engine/call/boot.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/cli/policy_file.h"

struct proving {
    struct named_policy named;
    struct policy_examined examined;
    int64_t took_ms;
};

/* Without a book there are no entities: an override that names no currency compares with nothing.
 */
static struct err find_file(struct cli *cli, const char *file, struct named_policy *named)
{
    named->name = file;
    TRY(disk_read(cli->arena, file, POLICY_BYTES_MAX, &named->text));
    return in_file(cli->arena, file, policy_parse(cli->arena, named->text, &named->policy));
}

static struct err find(struct cli *cli, struct named_policy *named)
{
    const bool in_force = cli_option(cli, "in-force") != NULL;
    const char *name = in_force          ? "in-force"
                       : cli->args_n > 0 ? cli->args[0]
                                         : cli_config(cli)->policy;
    const char *path;
    if (!in_force && book_find(cli, &path).kind != ERR_NONE)
        return find_file(cli, name, named);
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(cli, &book));
    return book_err(cli, policy_named(cli->arena, &book.tx, name, named));
}

static struct err prove(struct cli *cli, struct proving *p)
{
    TRY(find(cli, &p->named));
    int64_t begun_us = cli_clock_us();
    TRY(policy_examine(cli->arena, p->named.text, p->named.policy, &p->examined));
    p->took_ms = (cli_clock_us() - begun_us) / 1000;
    return OK;
}

/* ---- telling ---- */

static void tell_json(struct cli *cli, const struct proving *p)
{
    const struct proof_report *r = &p->examined.report;
    struct arena *arena = cli->arena;
    struct json *o = json_object_new(arena), *list = json_array_new(arena);
    json_put_bool(arena, o, "holds", r->holds);
    json_put_text(arena, o, "policy", p->named.name);
    json_put_text(arena, o, "digest", p->named.policy->digest);
    json_put_int(arena, o, "gate_version", GATE_VERSION);
    json_put_int(arena, o, "proof_version", PROOF_VERSION);
    json_put_int(arena, o, "points", (int64_t)r->points);
    json_put_int(arena, o, "allowed", (int64_t)r->allowed);
    json_put_int(arena, o, "verdicts", (int64_t)r->decided);
    json_put_bool(arena, o, "whole", r->whole);
    json_put_int(arena, o, "ms", p->took_ms);
    for (size_t i = 0; i < r->invariants_n; i++) {
        struct json *row = json_object_new(arena);
        json_put_text(arena, row, "name", r->invariants[i].name);
        json_put_text(arena, row, "sentence", r->invariants[i].sentence);
        json_put_text(arena, row, "spaces", r->invariants[i].spaces);
        json_push(arena, list, row);
    }
    json_put(arena, o, "invariants", list);
    if (!r->holds) {
        struct json *finding = json_object_new(arena);
        json_put_text(arena, finding, "invariant", r->finding.invariant);
        json_put_text(arena, finding, "what", r->finding.what);
        json_put(arena, finding, "case", p->examined.counterexample);
        json_put(arena, o, "finding", finding);
    }
    cli_print(cli, o);
}

static void tell(struct cli *cli, const struct proving *p)
{
    const struct proof_report *r = &p->examined.report;
    printf("%s: %s\n", p->named.name,
           r->holds ? "every invariant holds" : "an invariant is broken");
    printf("  digest %s\n", p->named.policy->digest);
    printf("  %" PRIu64 " points (%" PRIu64 " allowed), %" PRIu64 " verdicts, %" PRId64 " ms%s\n",
           r->points, r->allowed, r->decided, p->took_ms,
           r->whole ? "" : "; the widest products in part");
    for (size_t i = 0; i < r->invariants_n; i++)
        printf("\n  %s\n    %s\n    checked on: %s\n", r->invariants[i].name,
               r->invariants[i].sentence, r->invariants[i].spaces);
    if (r->holds)
        return;
    printf("\nbroken: %s: %s\nthe counterexample, as a case of `policy test`:\n",
           r->finding.invariant, r->finding.what);
    cli_print(cli, p->examined.counterexample);
}

static int run_prove(struct cli *cli)
{
    struct proving p = {.took_ms = 0};
    if (cli->args_n > 0 && cli_option(cli, "in-force") != NULL)
        return cli_misuse(cli, "FILE or --in-force, not both");
    struct err e = prove(cli, &p);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (cli->json)
        tell_json(cli, &p);
    else
        tell(cli, &p);
    return p.examined.report.holds ? CLI_YES : CLI_NO;
}

static const struct cli_option options[] = {
    {.name = "in-force", .help = "the policy that the book has in force, whatever the file says"},
};

const struct command command_policy_prove = {
    .name = "policy prove",
    .args = "[FILE]",
    .summary = "hold the control invariants against a policy, and show a counterexample",
    .help = "Decides every point of the subspaces in which the policy's rules meet. FILE is\n"
            "CLOSEGATE_POLICY when left out; the digest of a policy that the book keeps will do.\n"
            "0: every invariant holds. 2: one is broken; the counterexample is a case of policy "
            "test.\n"
            "1: it could not be read.",
    .args_max = 1,
    .options = options,
    .options_n = 1,
    .run = run_prove,
};
