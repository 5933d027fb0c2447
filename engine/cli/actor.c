/* `actor` and `role`: the people of the registry. */
#include <stdio.h>
#include <string.h>

#include "engine/cli/admin.h"
#include "engine/cli/commands.h"

#define ROWS(a) (a), sizeof(a) / sizeof((a)[0])

/* One call a command: what it fills is said here, what it means by the tool. */
#define ADMIN_COMMAND(id, words, line, says, n, opts, tool_name, act_name, ...)                    \
    static const struct admin_call call_##id = {                                                   \
        .tool = (tool_name), .act = (act_name), .parts = {__VA_ARGS__}};                           \
    static int run_##id(struct cli *cli)                                                           \
    {                                                                                              \
        return admin_run(cli, &call_##id, NULL);                                                   \
    }                                                                                              \
    const struct command command_##id = {.name = (words),                                          \
                                         .args = (line),                                           \
                                         .summary = (says),                                        \
                                         .help = ADMIN_EXITS,                                      \
                                         .args_min = (n),                                          \
                                         .args_max = (n),                                          \
                                         .options = (opts),                                        \
                                         .options_n = sizeof(opts) / sizeof((opts)[0]),            \
                                         .run = run_##id}

#define PERSON                                                                                     \
    {                                                                                              \
        .member = "person"                                                                         \
    }
#define WHY                                                                                        \
    {                                                                                              \
        .option = "rationale", .member = "rationale"                                               \
    }

static const struct cli_option name_options[] = {
    {"name", "NAME", "the name people read"},
    {"rationale", "TEXT", "why"},
};
static const struct cli_option identity_options[] = {
    {"kind", "KIND", "oidc, header, slack, os or actor"},
    {"subject", "TEXT", "the sub, header value, Slack id, host:uid or actor id"},
    {"issuer", "URL", "of oidc: the issuer, to the letter"},
    {"rationale", "TEXT", "why"},
};
static const struct cli_option role_options[] = {
    {"entity", "ID", "where: an entity, or all"},
    {"rationale", "TEXT", "why"},
};

#define IDENTITY                                                                                   \
    PERSON, {.option = "kind", .member = "kind"}, {.option = "subject", .member = "subject"},      \
        {.option = "issuer", .member = "issuer"}, WHY
#define ROLE PERSON, {.member = "role"}, {.option = "entity", .member = "entity"}, WHY

ADMIN_COMMAND(actor_add, "actor add", "ID --name NAME", "add a person, who will be human:ID", 1,
              name_options, "change_person", "add", PERSON, {.option = "name", .member = "name"},
              WHY);
ADMIN_COMMAND(actor_rename, "actor rename", "PERSON --name NAME", "change the name people read", 1,
              name_options, "change_person", "rename", PERSON, {.option = "name", .member = "name"},
              WHY);
ADMIN_COMMAND(actor_disable, "actor disable", "PERSON",
              "refuse a person and all their agents from the next call on", 1, admin_why,
              "change_person", "disable", PERSON, WHY);
ADMIN_COMMAND(actor_enable, "actor enable", "PERSON", "let a disabled person in again", 1,
              admin_why, "change_person", "enable", PERSON, WHY);
ADMIN_COMMAND(actor_link, "actor link", "PERSON --kind KIND --subject TEXT",
              "say by what a person is known", 1, identity_options, "link_identity", "link",
              IDENTITY);
ADMIN_COMMAND(actor_unlink, "actor unlink", "PERSON --kind KIND --subject TEXT",
              "take an identity back", 1, identity_options, "link_identity", "unlink", IDENTITY);
ADMIN_COMMAND(role_grant, "role grant", "PERSON ROLE --entity ID", "give a person a role", 2,
              role_options, "grant_role", "grant", ROLE);
ADMIN_COMMAND(role_revoke, "role revoke", "PERSON ROLE --entity ID", "take a role back", 2,
              role_options, "grant_role", "revoke", ROLE);

/* ---- reading ---- */

static bool is_person(const struct json *p, const char *name)
{
    const struct json *identities = json_get(p, "identities");
    if (strncmp(name, "human:", 6) == 0)
        name += 6;
    for (size_t i = 0; identities != NULL && i < identities->count; i++) {
        const struct json *identity = identities->items[i];
        if (text_eq(json_get_text(identity, "kind"), "actor") &&
            text_eq(json_get_text(identity, "subject"), name))
            return true;
    }
    return text_eq(json_get_text(p, "principal_id"), name);
}

static void person_row(struct cli *cli, const struct json *p, const char **cells)
{
    cells[0] = admin_text(p, "principal_id");
    cells[1] = admin_text(p, "name");
    cells[2] = admin_text(p, "status");
    cells[3] = admin_pairs(cli, json_get(p, "identities"), "kind", "subject", ", ");
    cells[4] = admin_pairs(cli, json_get(p, "roles"), "role", "entity", ", ");
}

static const struct column person_heads[] = {
    {"person", false}, {"name", false}, {"status", false}, {"known by", false}, {"roles", false}};
static const struct admin_list people_list = {.tool = "list_registry",
                                              .member = "people",
                                              .heads = person_heads,
                                              .heads_n = 5,
                                              .row = person_row};

static int run_list(struct cli *cli)
{
    return admin_list(cli, &people_list, json_object_new(cli->arena));
}

static int run_show(struct cli *cli)
{
    const char *name = cli->args[0];
    struct json *found = json_array_new(cli->arena);
    const struct json *registry, *people;
    int code;
    if (!admin_read(cli, "list_registry", json_object_new(cli->arena), &registry, &code))
        return code;
    people = json_get(registry, "people");
    for (size_t i = 0; people != NULL && i < people->count; i++) {
        if (is_person(people->items[i], name))
            json_push(cli->arena, found, people->items[i]);
    }
    if (found->count == 0)
        return cli_fail(cli, err_at(ERR_MISSING, name, "the registry knows nobody so"));
    return admin_print(cli, &people_list, found, found->items[0]);
}

const struct command command_actor_list = {
    .name = "actor list",
    .args = "",
    .summary = "people with their identities and roles",
    .help = "For those who may change the registry, and for auditors.",
    .run = run_list,
};

const struct command command_actor_show = {
    .name = "actor show",
    .args = "PERSON",
    .summary = "one person, by human:ID, the ID alone or a principal_id",
    .args_min = 1,
    .args_max = 1,
    .run = run_show,
};

const struct command command_role_list = {
    .name = "role list",
    .args = "",
    .summary = "who holds which role where",
    .help = "For those who may change the registry, and for auditors.",
    .run = run_list,
};
