/* `policy validate`, also as `validate`: would this file load, for this book? Mistakes are told the
 * way compilers tell them. */
#include <inttypes.h>
#include <stdio.h>

#include "common/sys/disk.h"
#include "common/sys/yaml_read.h"
#include "engine/call/admit.h"
#include "engine/call/boot.h"
#include "engine/cli/book.h"
#include "engine/cli/commands.h"
#include "engine/cli/policy_file.h"
#include "engine/store/policies.h"

struct checked {
    const char *file;
    struct policy *policy;
    const char *in_force; /* the digest the book has in force; NULL without a book */
    bool has_book;
    struct err wrong; /* about the file's contents */
};

/* ---- checking ---- */

static bool is_the_files(struct err e)
{
    return e.kind == ERR_INPUT || e.kind == ERR_LIMIT;
}

/* Rules about entities are found after the text is gone from sight: look their place up again. */
static struct err placed(struct arena *arena, struct str text, struct err e)
{
    struct json *tree;
    if (e.where == NULL || e.where[0] != '/' || yaml_read(arena, text, &tree).kind != ERR_NONE)
        return e;
    return err_at(e.kind, json_where(arena, tree, e.where), e.msg);
}

/* A policy that breaks a control invariant would not come into force either. A proof that could not
 * be made says nothing of the file. */
static struct err prove(struct cli *cli, struct tx *tx, struct str text, struct checked *c)
{
    struct json *proof;
    struct err e = policy_admit(cli->arena, tx, text, c->policy, &proof);
    if (e.kind != ERR_REFUSED)
        return e;
    c->wrong = e;
    return OK;
}

static struct err check_for_book(struct cli *cli, struct str text, struct checked *c)
{
    __attribute__((cleanup(book_close_cleanup))) struct book book = {0};
    TRY(book_open(cli, &book));
    c->has_book = true;
    TRY(policy_in_force(&book.tx, cli->arena, &c->in_force));
    c->wrong = placed(cli->arena, text, policy_for_book(cli->arena, &book.tx, text, &c->policy));
    if (c->wrong.kind == ERR_NONE)
        return book_err(cli, prove(cli, &book.tx, text, c));
    return is_the_files(c->wrong) ? OK : book_err(cli, c->wrong);
}

static struct err check(struct cli *cli, struct checked *c)
{
    const char *path;
    struct str text;
    TRY(disk_read(cli->arena, c->file, POLICY_BYTES_MAX, &text));
    if (book_find(cli, &path).kind == ERR_NONE)
        return check_for_book(cli, text, c);
    c->wrong = policy_parse(cli->arena, text, &c->policy);
    if (c->wrong.kind == ERR_NONE)
        return prove(cli, NULL, text, c);
    return is_the_files(c->wrong) ? OK : c->wrong;
}

/* ---- telling ---- */

static int invalid(struct cli *cli, const struct checked *c)
{
    const struct place at = place_of(c->wrong.where);
    if (!cli->json) {
        printf("%s:%" PRId64 ":%" PRId64 ": %s%s%s\n", c->file, at.line, at.column, at.pointer,
               at.pointer[0] == '\0' ? "" : ": ", c->wrong.msg);
        return CLI_NO;
    }
    struct json *o = json_object_new(cli->arena), *list = json_array_new(cli->arena),
                *error = json_object_new(cli->arena);
    json_put_bool(cli->arena, o, "valid", false);
    json_put_text(cli->arena, o, "file", c->file);
    json_put_int(cli->arena, error, "line", at.line);
    json_put_int(cli->arena, error, "column", at.column);
    json_put_text(cli->arena, error, "pointer", at.pointer);
    json_put_text(cli->arena, error, "message", c->wrong.msg);
    json_push(cli->arena, list, error);
    json_put(cli->arena, o, "errors", list);
    cli_print(cli, o);
    return CLI_NO;
}

static struct json *summary(struct cli *cli, const struct policy *p)
{
    struct arena *arena = cli->arena;
    struct json *o = json_object_new(arena);
    char amount[DECIMAL_TEXT_MAX];
    decimal_print(p->materiality.max, amount);
    json_put_text(arena, o, "materiality", arena_fmt(arena, "%s %s", amount, p->materiality.cur));
    json_put_int(arena, o, "overrides", (int64_t)p->overrides_n);
    json_put_bool(arena, o, "auto_confirm", p->auto_confirm.enabled);
    json_put_int(arena, o, "always_human_accounts", (int64_t)p->accounts_n);
    json_put_int(arena, o, "no_auto_confirm_match_types", (int64_t)p->match_types_n);
    json_put_int(arena, o, "cumulative_limits", (int64_t)p->cumulative_n);
    json_put_int(arena, o, "blocked", (int64_t)p->blocked_n);
    json_put_int(arena, o, "authority", (int64_t)p->authority_n);
    json_put_int(arena, o, "fx_rates", (int64_t)p->fx_rates_n);
    return o;
}

static int valid(struct cli *cli, const struct checked *c)
{
    const struct policy *p = c->policy;
    struct json *figures = summary(cli, p);
    if (cli->json) {
        struct json *o = json_object_new(cli->arena);
        json_put_bool(cli->arena, o, "valid", true);
        json_put_text(cli->arena, o, "file", c->file);
        json_put_text(cli->arena, o, "digest", p->digest);
        json_put(cli->arena, o, "errors", json_array_new(cli->arena));
        json_put(cli->arena, o, "summary", figures);
        if (c->has_book)
            json_put_bool(cli->arena, o, "in_force", text_eq(c->in_force, p->digest));
        cli_print(cli, o);
        return CLI_YES;
    }
    printf("%s: valid%s\n  digest %s%s\n", c->file,
           c->has_book ? ", also for the book's entities" : "", p->digest,
           !c->has_book                      ? ""
           : text_eq(c->in_force, p->digest) ? ", in force"
                                             : ", not in force");
    printf("  materiality %s, %zu overrides; auto-confirm %s\n",
           json_get_text(figures, "materiality"), p->overrides_n,
           p->auto_confirm.enabled ? "on" : "off");
    printf("  %zu rules on accounts, %zu on match types, %zu cumulative limits, %zu blocked, "
           "%zu grants, %zu rates\n",
           p->accounts_n, p->match_types_n, p->cumulative_n, p->blocked_n, p->authority_n,
           p->fx_rates_n);
    return CLI_YES;
}

static int run_validate(struct cli *cli)
{
    struct checked c = {.file = cli->args_n > 0 ? cli->args[0] : cli_config(cli)->policy};
    struct err e = check(cli, &c);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    return c.wrong.kind == ERR_NONE ? valid(cli, &c) : invalid(cli, &c);
}

#define VALIDATE_HELP                                                                              \
    "FILE is CLOSEGATE_POLICY when left out. A book in the data folder is asked for its "          \
    "entities.\n"                                                                                  \
    "A mistake is told as FILE:LINE:COLUMN: POINTER: what is wrong. 0: it would load; 2: it "      \
    "would\n"                                                                                      \
    "not; 1: it could not be read. docs/POLICY.md has every key."

const struct command command_policy_validate = {
    .name = "policy validate",
    .args = "[FILE]",
    .summary = "check a policy file, with line and column of the first mistake",
    .help = VALIDATE_HELP,
    .args_max = 1,
    .run = run_validate,
};

const struct command command_validate = {
    .name = "validate",
    .args = "[FILE]",
    .summary = "the same as policy validate",
    .help = VALIDATE_HELP,
    .args_max = 1,
    .run = run_validate,
};
