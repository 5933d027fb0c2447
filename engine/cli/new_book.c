/* A new book on the disk: folder, key, policy, first transaction. */
#include "engine/cli/new_book.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/civil.h"
#include "common/sys/book_lock.h"
#include "common/sys/crypt.h"
#include "common/sys/disk.h"
#include "common/sys/embed.h"
#include "common/sys/os_subject.h"
#include "engine/auth/actor_auth.h"
#include "engine/call/admit.h"
#include "engine/cli/log_key.h"
#include "engine/cli/master_folder.h"

bool book_exists(struct cli *cli)
{
    CLEANUP(store_close) struct store *store = NULL;
    const char *book = cli_path(cli, "recon.db");
    struct stat st;
    if (book == NULL || stat(book, &st) != 0)
        return false;
    struct err e = store_open(book, STORE_READER, cli->arena, &store);
    return e.kind == ERR_NONE && store_head(store)->seq > 0;
}

static struct err folder_make(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_at(ERR_STORE, path, "the data folder could not be made; its parent must exist");
    return OK;
}

/* The folder and those above it. */
static struct err folders_make(struct cli *cli, const char *path)
{
    char *copy = arena_strdup(cli->arena, path);
    ENSURE(copy != NULL, ERR_LIMIT, "out of memory");
    for (char *p = copy + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        TRY(folder_make(copy));
        *p = '/';
    }
    return folder_make(copy);
}

static struct err key_make(struct cli *cli, const char *file, struct client *client)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    const char *path = cli_path(cli, file);
    TRY(arena_check(cli->arena));
    struct err e = ed25519_load(path, &key);
    if (e.kind == ERR_MISSING) {
        TRY(ed25519_new(&key));
        e = ed25519_save(key, path);
    }
    TRY(e);
    ed25519_public(key, client->public_key);
    client->has_key = true;
    return OK;
}

static struct err policy_write(struct cli *cli, struct str text)
{
    struct err e = disk_write_new(cli_config(cli)->policy, text.at, text.len, 0644);
    struct str there;
    if (e.kind != ERR_CONFLICT)
        return e;
    TRY(disk_read(cli->arena, cli_config(cli)->policy, (size_t)1 << 20, &there));
    if (!str_eq(there, text))
        return err_at(ERR_CONFLICT, cli_config(cli)->policy,
                      "there is another policy already; move it away or give it with --policy");
    return OK;
}

/* The cases of the starter that this policy is, word for word; none for a policy of one's own. */
static struct str cases_of(struct arena *arena, struct str policy_text)
{
    for (size_t i = 0; i < policy_starters_n; i++) {
        const struct embedded *f = &policy_starters[i];
        const struct str text = {(const char *)f->bytes, f->len};
        const size_t stem = strlen(f->name) - strlen(".yaml");
        if (str_eq(text, policy_text))
            return embedded_find(policy_starters, policy_starters_n,
                                 arena_fmt(arena, "%.*s.test.yaml", (int)stem, f->name));
    }
    if (str_eq(embedded_find(demo_saas, demo_saas_n, "policy.yaml"), policy_text))
        return embedded_find(demo_saas, demo_saas_n, "policy.test.yaml");
    return (struct str){.at = NULL};
}

/* Beside the policy, for `policy test`; what is there already stays. */
static struct err cases_write(struct cli *cli, struct str policy_text)
{
    const char *policy = cli_config(cli)->policy;
    const size_t len = strlen(policy), end = strlen(".yaml");
    const struct str cases = cases_of(cli->arena, policy_text);
    if (cases.at == NULL || len < end || !text_eq(policy + len - end, ".yaml"))
        return OK;
    const char *path = arena_fmt(cli->arena, "%.*s.test.yaml", (int)(len - end), policy);
    TRY(arena_check(cli->arena));
    struct err e = disk_write_new(path, cases.at, cases.len, 0644);
    return e.kind == ERR_CONFLICT ? OK : e;
}

static bool has_identity(const struct boot_person *p, const char *kind, const char *subject)
{
    for (size_t i = 0; i < p->identities_n; i++) {
        if (text_eq(p->identities[i].kind, kind) && text_eq(p->identities[i].subject, subject))
            return true;
    }
    return false;
}

/* Whoever makes the book may administer it from this terminal: as the first person, unless the
 * people themselves say who this user of the host is. */
static struct err link_me(struct cli *cli, struct boot_person *people, size_t people_n)
{
    struct boot_person *first = &people[0];
    const char *me = os_subject(cli->arena, getuid());
    struct boot_identity *all =
        ARENA_ARRAY(cli->arena, first->identities_n + 1, struct boot_identity);
    ENSURE(all != NULL && me != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < people_n; i++) {
        if (has_identity(&people[i], "os", me))
            return OK;
    }
    memcpy(all, first->identities, first->identities_n * sizeof *all);
    all[first->identities_n] = (struct boot_identity){.kind = "os", .issuer = "", .subject = me};
    first->identities = all;
    first->identities_n++;
    return arena_check(cli->arena);
}

static struct err book_fill(struct cli *cli, const char *book, struct boot_spec *spec)
{
    CLEANUP(log_keys_free) struct log_keys *keys = NULL;
    CLEANUP(store_close) struct store *store = NULL;
    CLEANUP(book_unlock) struct book_lock *lock = NULL;
    char now[INSTANT_TEXT_MAX];
    int migrated;
    instant_print(cli_clock_us(), now);
    TRY(book_lock(book, cli->arena, &lock));
    TRY(store_migrate(book, now, cli->arena, &migrated));
    TRY(store_open(book, STORE_WRITER, cli->arena, &store));
    TRY(log_key_begin(cli, store, NULL, &keys));
    spec->log_keys = keys;
    struct err e = book_create(store, spec, cli_clock_us, cli->arena);
    if (e.kind != ERR_NONE && e.msg != NULL)
        e = err_fmt(cli->arena, e.kind, e.where, "%s", e.msg);
    return e;
}

/* Nothing is made on the disk for a policy that does not hold, for these entities. */
static struct err policy_check(struct cli *cli, struct str text, const struct master *master,
                               struct policy *policy, struct json **proof)
{
    size_t n = master == NULL ? 0 : master->entities_n;
    struct policy_entity *entities = ARENA_ARRAY(cli->arena, n + 1, struct policy_entity);
    ENSURE(entities != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        entities[i] =
            (struct policy_entity){.id = master->entities[i].entity_id,
                                   .functional_cur = master->entities[i].functional_currency};
    TRY(policy_bind_entities(cli->arena, policy, entities, n));
    return policy_admit(cli->arena, NULL, text, policy, proof);
}

struct err new_book(struct cli *cli, struct str policy_text, struct boot_person *people,
                    size_t people_n, const struct master *master, bool demo)
{
    const uint32_t channels =
        1u << CHANNEL_WEB | 1u << CHANNEL_SLACK | 1u << CHANNEL_CHAT | 1u << CHANNEL_API;
    const char *reads[] = {"whois", "list_pending_escalations", "record_delivery", CLIENT_READS};
    struct client clients[] = {{.client_id = AUTH_WORKSPACE_CLIENT,
                                .name = "The workspace (closegate-agent)",
                                .kind = CLIENT_WORKSPACE,
                                .active = true,
                                .channels = channels},
                               {.client_id = AUTH_NOTIFIER_CLIENT,
                                .name = "The workspace's notices",
                                .kind = CLIENT_SERVICE,
                                .active = true,
                                .channels = 1u << CHANNEL_API,
                                .tools = reads,
                                .tools_n = sizeof reads / sizeof reads[0]}};
    const char *book = cli_path(cli, "recon.db");
    struct policy *policy;
    struct json *proof;
    ENSURE(!book_exists(cli), ERR_CONFLICT, "there is a book already; nothing was changed");
    ENSURE(people_n > 0, ERR_INPUT, "a book needs its first people");
    TRY(policy_parse(cli->arena, policy_text, &policy));
    TRY(policy_check(cli, policy_text, master, policy, &proof));
    TRY(folders_make(cli, cli_config(cli)->data_dir));
    TRY(folders_make(cli, cli_config(cli)->key_dir));
    TRY(key_make(cli, AUTH_WORKSPACE_KEY, &clients[0]));
    TRY(key_make(cli, AUTH_NOTIFIER_KEY, &clients[1]));
    TRY(policy_write(cli, policy_text));
    TRY(cases_write(cli, policy_text));
    TRY(link_me(cli, people, people_n));
    struct boot_spec spec = {.policy_text = policy_text,
                             .proof = proof,
                             .people = people,
                             .people_n = people_n,
                             .clients = clients,
                             .clients_n = sizeof clients / sizeof clients[0],
                             .master = master,
                             .demo = demo,
                             .prod = cli_config(cli)->env == CONFIG_PROD};
    return book_fill(cli, book, &spec);
}
