/* `init`: a new, empty book for a real company. */
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "common/sys/disk.h"
#include "common/sys/embed.h"
#include "engine/auth/actor_auth.h"
#include "engine/cli/commands.h"
#include "engine/cli/master_folder.h"
#include "engine/cli/new_book.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)

static const struct cli_option options[] = {
    {"starter", "NAME", "the policy to start from: saas (default) or sox"},
    {"policy", "FILE", "your own policy.yaml, instead of a starter"},
    {"people", "FILE", "people.yaml: the first people with their roles and identities"},
    {"master", "DIR",
     "entities.csv, accounts.csv, counterparties.csv, balances.csv and sources.yaml"},
};

static struct err starter_find(struct cli *cli, const char *name, struct str *text)
{
    const char *file = arena_fmt(cli->arena, "%s.yaml", name);
    for (size_t i = 0; i < policy_starters_n; i++) {
        if (text_eq(policy_starters[i].name, file)) {
            *text = (struct str){.at = (const char *)policy_starters[i].bytes,
                                 .len = policy_starters[i].len};
            return OK;
        }
    }
    return err_at(ERR_INPUT, "--starter", "no such starter: saas and sox are there");
}

static struct err policy_find(struct cli *cli, struct str *text)
{
    const char *starter = cli_option(cli, "starter"), *file = cli_option(cli, "policy");
    ENSURE(starter == NULL || file == NULL, ERR_INPUT, "give --starter or --policy, not both");
    if (file != NULL)
        return disk_read(cli->arena, file, FILE_BYTES_MAX, text);
    return starter_find(cli, starter == NULL ? "saas" : starter, text);
}

/* In dev the person at the keyboard and a colleague to be; in prod people have names. */
static struct err people_default(struct cli *cli, struct boot_person **people, size_t *n)
{
    static struct boot_role controller[] = {{.role = "controller"}};
    static struct boot_identity second[] = {{.kind = "actor", .issuer = "", .subject = "second"}};
    const struct passwd *pw = getpwuid(getuid());
    const char *me = pw == NULL ? "first" : pw->pw_name;
    ENSURE(cli_config(cli)->env == CONFIG_DEV, ERR_INPUT,
           "in prod say who the first two people are: --people people.yaml");
    *people = ARENA_ARRAY(cli->arena, 2, struct boot_person);
    struct boot_identity *first = ARENA_NEW(cli->arena, struct boot_identity);
    ENSURE(*people != NULL && first != NULL, ERR_LIMIT, "out of memory");
    *first = (struct boot_identity){
        .kind = "actor", .issuer = "", .subject = arena_strdup(cli->arena, me)};
    (*people)[0] = (struct boot_person){.name = first->subject,
                                        .roles = controller,
                                        .roles_n = 1,
                                        .identities = first,
                                        .identities_n = 1};
    (*people)[1] = (struct boot_person){.name = "Second approver",
                                        .roles = controller,
                                        .roles_n = 1,
                                        .identities = second,
                                        .identities_n = 1};
    *n = 2;
    return arena_check(cli->arena);
}

static struct err people_find(struct cli *cli, struct boot_person **people, size_t *n)
{
    const char *file = cli_option(cli, "people");
    struct str text;
    if (file == NULL)
        return people_default(cli, people, n);
    TRY(disk_read(cli->arena, file, FILE_BYTES_MAX, &text));
    struct err e = people_read(cli->arena, text, people, n);
    if (e.kind != ERR_NONE)
        return err_fmt(cli->arena, e.kind,
                       arena_fmt(cli->arena, "%s:%s", file, e.where == NULL ? "" : e.where), "%s",
                       e.msg);
    ENSURE(cli_config(cli)->env == CONFIG_DEV || *n >= 2, ERR_INPUT,
           "in prod a book needs two people, so that no one alone can grant roles");
    return OK;
}

static struct err init(struct cli *cli)
{
    struct boot_person *people;
    struct master master = {0};
    const char *folder = cli_option(cli, "master");
    struct str policy;
    size_t n;
    TRY(policy_find(cli, &policy));
    TRY(people_find(cli, &people, &n));
    if (folder != NULL)
        TRY(master_folder_read(cli->arena, folder, &master));
    return new_book(cli, policy, people, n, folder == NULL ? NULL : &master, false);
}

static int run_init(struct cli *cli)
{
    struct err e = init(cli);
    if (e.kind != ERR_NONE) {
        int code = cli_fail(cli, e);
        return e.kind == ERR_CONFLICT ? CLI_NO : code;
    }
    if (cli->json) {
        struct json *o = json_object_new(cli->arena);
        json_put_text(cli->arena, o, "book", cli_path(cli, "recon.db"));
        json_put_text(cli->arena, o, "policy", cli_config(cli)->policy);
        cli_print(cli, o);
        return CLI_YES;
    }
    printf("book       %s\npolicy     %s\nkeys       %s\n           %s\n           %s\n\n",
           cli_path(cli, "recon.db"), cli_config(cli)->policy, cli_path(cli, AUTH_WORKSPACE_KEY),
           cli_path(cli, AUTH_NOTIFIER_KEY), cli_path(cli, "log.key"));
    printf("Next: closegate-engine %singest --source ID FILE, then recon.\n",
           cli_option(cli, "master") == NULL ? "ingest --master DIR, then " : "");
    return CLI_YES;
}

const struct command command_init = {
    .name = "init",
    .args = "",
    .summary = "make a new book: key, policy, first people",
    .help =
        "Makes the data folder with recon.db, policy.yaml (and a starter's cases for `policy "
        "test`\n"
        "in policy.test.yaml), the key that signs the log (log.key; `keys export` tells its "
        "public\n"
        "side) and those of the workspace (workspace.key) and of its service (notifier.key). In\n"
        "dev the person who runs it becomes a controller; in prod --people names at least two.\n"
        "This user of this host is linked to the first of them, unless the file says whose it is.\n"
        "A book that exists is never touched (exit 2).",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_init,
};
