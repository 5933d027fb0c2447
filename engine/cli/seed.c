/* `seed saas`: the demo company, from what the binary carries: people, policy, master data, and the
 * bank, processor and ledger files of one month. */
#include <stdio.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "engine/cli/commands.h"
#include "engine/cli/master_folder.h"
#include "engine/cli/new_book.h"
#include "engine/cli/run_call.h"

static struct err demo_book(struct cli *cli)
{
    struct boot_person *people;
    struct master master;
    size_t n;
    struct str who = embedded_find(demo_saas, demo_saas_n, "people.yaml");
    struct str policy = embedded_find(demo_saas, demo_saas_n, "policy.yaml");
    ENSURE(who.at != NULL && policy.at != NULL, ERR_BUG, "the demo company is not in this binary");
    TRY(people_read(cli->arena, who, &people, &n));
    TRY(master_embedded_read(cli->arena, demo_saas, demo_saas_n, &master));
    return new_book(cli, policy, people, n, &master, true);
}

/* "bank-us.csv" is a file of source "bank-us"; master data is not. */
static bool is_source_file(const struct embedded *f, char *source, size_t size)
{
    static const char *const master[] = {"entities.csv", "accounts.csv", "counterparties.csv",
                                         "balances.csv"};
    size_t len = strlen(f->name);
    for (size_t i = 0; i < sizeof master / sizeof master[0]; i++) {
        if (text_eq(f->name, master[i]))
            return false;
    }
    if (len < 5 || len - 4 >= size || strcmp(f->name + len - 4, ".csv") != 0)
        return false;
    memcpy(source, f->name, len - 4);
    source[len - 4] = '\0';
    return true;
}

static struct err file_load(struct cli *cli, const struct embedded *f, const char *source,
                            struct json *reports)
{
    struct json *args = json_object_new(cli->arena);
    char *content = arena_alloc(cli->arena, BASE64_SIZE(f->len));
    struct run_call done;
    ENSURE(content != NULL, ERR_LIMIT, "out of memory");
    base64_print(f->bytes, f->len, content);
    json_put_text(cli->arena, args, "source_id", source);
    json_put_text(cli->arena, args, "name", f->name);
    json_put_text(cli->arena, args, "content_base64", content);
    TRY(arena_check(cli->arena));
    TRY(run_call(cli, "ingest_file", args, &done));
    json_push(cli->arena, reports, done.result);
    if (done.outcome != CALL_OK)
        return err_at(ERR_AUTH, f->name, "policy did not let the demo's file in");
    return OK;
}

static struct err seed(struct cli *cli, struct json *reports)
{
    if (!book_exists(cli))
        TRY(demo_book(cli));
    for (size_t i = 0; i < demo_saas_n; i++) {
        char source[128];
        if (is_source_file(&demo_saas[i], source, sizeof source))
            TRY(file_load(cli, &demo_saas[i], source, reports));
    }
    return OK;
}

static int64_t figure(const struct json *report, const char *name)
{
    int64_t n = 0;
    return json_int(json_get(report, name), &n) ? n : 0;
}

static int run_seed(struct cli *cli)
{
    struct json *reports = json_array_new(cli->arena);
    if (!text_eq(cli->args[0], "saas"))
        return cli_misuse(cli, "the demo company is called saas");
    if (cli_config(cli)->env == CONFIG_PROD) {
        struct err e = err_new(ERR_AUTH, "a demo company has no place in prod: CLOSEGATE_ENV=dev");
        return cli_fail(cli, e);
    }
    struct err e = seed(cli, reports);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (cli->json) {
        cli_print(cli, reports);
        return CLI_YES;
    }
    printf("book %s\n\n%-24s %8s %8s %10s %12s\n", cli_path(cli, "recon.db"), "file", "rows",
           "loaded", "duplicate", "quarantined");
    for (size_t i = 0; i < reports->count; i++) {
        const struct json *r = reports->items[i];
        const char *name = json_get_text(r, "name");
        printf("%-24s %8lld %8lld %10lld %12lld%s\n", name == NULL ? "" : name,
               (long long)figure(r, "rows"), (long long)figure(r, "loaded"),
               (long long)figure(r, "duplicates"), (long long)figure(r, "quarantined"),
               json_get(r, "already_loaded") != NULL && json_get(r, "already_loaded")->truth
                   ? "  (loaded before)"
                   : "");
    }
    return CLI_YES;
}

const struct command command_seed = {
    .name = "seed",
    .args = "saas",
    .summary = "make and load the demo company (dev only)",
    .help =
        "Makes a book for a demo company with two entities, two currencies and three people, and\n"
        "loads its bank, processor and ledger files. Repeating it changes nothing.",
    .args_min = 1,
    .args_max = 1,
    .run = run_seed,
};
