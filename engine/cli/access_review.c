/* `access-review` and `sod-report`: what an auditor asks about access every quarter. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/cli/admin.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"

/* ---- access-review ---- */

static const struct cli_option review_options[] = {
    {"as-of", "DATE", "at the end of this day (UTC); default: now"},
    {"csv", NULL, "one line a role, RFC 4180"},
};

/* Quoted whenever it is not plain; what a spreadsheet would calculate begins with an apostrophe. */
static void csv_put(const char *text, bool last)
{
    if (strchr("=+-@", text[0]) != NULL && text[0] != '\0')
        printf("\"'");
    else
        putchar('"');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"')
            putchar('"');
        putchar(*p);
    }
    printf("\"%s", last ? "\r\n" : ",");
}

typedef struct err row_fn(struct cli *cli, void *arg, const char *const cells[9]);

/* One row a role; a person without any has one, too, and so has a client. */
static struct err each_row(struct cli *cli, const struct json *review, row_fn *fn, void *arg)
{
    const struct json *people = json_get(review, "people"), *clients = json_get(review, "clients");
    for (size_t i = 0; i < people->count; i++) {
        const struct json *p = people->items[i], *roles = json_get(p, "roles");
        for (size_t k = 0; k < roles->count || k == 0; k++) {
            const struct json *r = k < roles->count ? roles->items[k] : NULL;
            const char *const cells[9] = {
                admin_text(p, "principal_id"),
                admin_text(p, "name"),
                admin_text(p, "status"),
                admin_pairs(cli, json_get(p, "identities"), "kind", "subject", " "),
                admin_text(r, "role"),
                admin_text(r, "entity"),
                admin_text(r, "granted_at"),
                arena_fmt(cli->arena, "%s%s%s", admin_text(r, "granted_by"),
                          json_get_text(r, "approved_by") == NULL ? "" : " / ",
                          admin_text(r, "approved_by")),
                admin_text(p, "last_act")};
            TRY(arena_check(cli->arena));
            TRY(fn(cli, arg, cells));
        }
    }
    for (size_t i = 0; i < clients->count; i++) {
        const struct json *c = clients->items[i];
        const char *const cells[9] = {
            admin_text(c, "client_id"),
            admin_text(c, "name"),
            admin_text(c, "status"),
            arena_fmt(cli->arena, "key %.16s", admin_text(c, "key_sha256")),
            admin_text(c, "kind"),
            "",
            "",
            "",
            ""};
        TRY(fn(cli, arg, cells));
    }
    return OK;
}

static struct err csv_row(struct cli *cli, void *arg, const char *const cells[9])
{
    (void)cli, (void)arg;
    for (size_t i = 0; i < 9; i++)
        csv_put(cells[i], i == 8);
    return OK;
}

static struct err table_row(struct cli *cli, void *arg, const char *const cells[9])
{
    (void)cli;
    for (size_t i = 0; i < 9; i++)
        TRY(columns_add(arg, cells[i]));
    return OK;
}

static int run_review(struct cli *cli)
{
    static const struct column heads[] = {
        {"id", false},      {"name", false},   {"status", false}, {"known by", false},
        {"role", false},    {"entity", false}, {"since", false},  {"granted / approved by", false},
        {"last act", false}};
    static const char *const names[9] = {
        "id",      "name",   "status",     "known_by",
        "role",    "entity", "granted_at", "granted_and_approved_by",
        "last_act"};
    struct columns table = {.arena = cli->arena, .columns = heads, .columns_n = 9};
    struct json *args = json_object_new(cli->arena);
    const struct json *review;
    int code;
    if (cli_option(cli, "as-of") != NULL)
        json_put_text(cli->arena, args, "as_of", cli_option(cli, "as-of"));
    if (!admin_read(cli, "access_review", args, &review, &code))
        return code;
    if (cli->json) {
        cli_print(cli, review);
        return CLI_YES;
    }
    bool csv = cli_option(cli, "csv") != NULL;
    struct err e = csv ? csv_row(cli, NULL, names) : OK;
    if (e.kind == ERR_NONE)
        e = each_row(cli, review, csv ? csv_row : table_row, &table);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (!csv) {
        printf("access as of %s\n\n", admin_text(review, "as_of"));
        columns_print(&table, "", stdout);
    }
    return CLI_YES;
}

const struct command command_access_review = {
    .name = "access-review",
    .args = "",
    .summary = "who may do what, who granted and approved it, who last acted when",
    .help = "The quarterly access list: every person with identities and roles, every client with\n"
            "its key's fingerprint, as of any day since the book began. For those who may change\n"
            "the registry, and for auditors.",
    .options = review_options,
    .options_n = sizeof review_options / sizeof review_options[0],
    .run = run_review,
};

/* ---- sod-report ---- */

static const struct cli_option sod_options[] = {
    {"from", "DATE", "first day of what was stopped; default: 92 days ago"},
    {"to", "DATE", "last day; default: today"},
};

static void conflicts_told(struct cli *cli, const struct json *list)
{
    printf("people whose roles allow both sides: %zu\n", list->count);
    for (size_t i = 0; i < list->count; i++) {
        const struct json *o = list->items[i], *mitigated = json_get(o, "mitigated_by");
        printf("  %s: %s + %s: %s%s%s\n", plain_text(cli->arena, admin_text(o, "name")),
               json_text(json_pointer_get(o, "/actions/0")),
               json_text(json_pointer_get(o, "/actions/1")), admin_text(o, "why"),
               json_text(mitigated) == NULL ? "" : "; ",
               json_text(mitigated) == NULL ? "" : json_text(mitigated));
    }
}

static void sod_told(struct cli *cli, const struct json *r)
{
    const struct json *alike = json_get(r, "lookalikes"), *ends = json_get(r, "dead_ends"),
                      *unheld = json_get(r, "roles_unheld"),
                      *unknown = json_get(r, "roles_unknown"), *stopped = json_get(r, "prevented");
    int64_t n = 0;
    conflicts_told(cli, json_get(r, "conflicts"));
    printf("people who may be one: %zu\n", alike->count);
    for (size_t i = 0; i < alike->count; i++)
        printf("  %s and %s: %s\n",
               json_text(json_pointer_get(alike->items[i], "/people/0/principal_id")),
               json_text(json_pointer_get(alike->items[i], "/people/1/principal_id")),
               admin_text(alike->items[i], "hint"));
    for (size_t i = 0; i < ends->count; i++)
        printf("fewer than two can decide: %s\n", admin_text(ends->items[i], "action"));
    for (size_t i = 0; i < unheld->count; i++)
        printf("nobody holds the role: %s\n", json_text(unheld->items[i]));
    for (size_t i = 0; i < unknown->count; i++)
        printf("the policy does not know the role: %s of %s\n",
               admin_text(unknown->items[i], "role"),
               admin_text(unknown->items[i], "principal_id"));
    (void)json_int(json_get(r, "prevented_n"), &n);
    printf("stopped for being one pair of eyes: %" PRId64 "\n", n);
    for (size_t i = 0; i < stopped->count; i++)
        printf("  %s %s %s %s\n", admin_text(stopped->items[i], "at"),
               admin_text(stopped->items[i], "actor"), admin_text(stopped->items[i], "tool"),
               admin_text(stopped->items[i], "reason"));
}

static int run_sod(struct cli *cli)
{
    struct json *args = json_object_new(cli->arena);
    const struct json *report;
    int code;
    for (size_t i = 0; i < 2; i++) {
        const char *value = cli_option(cli, sod_options[i].name);
        if (value != NULL)
            json_put_text(cli->arena, args, sod_options[i].name, value);
    }
    if (!admin_read(cli, "sod_report", args, &report, &code))
        return code;
    if (cli->json)
        cli_print(cli, report);
    else
        sod_told(cli, report);
    return CLI_YES;
}

const struct command command_sod_report = {
    .name = "sod-report",
    .args = "",
    .summary = "where duties are not segregated, and what was stopped for it",
    .help = "Conflicting roles, people who may be one and the same (a hint only), acts that fewer\n"
            "than two people can decide, and the denials of the period. docs/ADMIN.md has the\n"
            "table of conflicting pairs.",
    .options = sod_options,
    .options_n = sizeof sod_options / sizeof sod_options[0],
    .run = run_sod,
};
