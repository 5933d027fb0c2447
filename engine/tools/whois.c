/* whois: the person behind an identity, for the services that meet people elsewhere: a sign-in, a
 * click in a chat, a shell. It reads the registry and changes nothing; who is linked to nobody is
 * nobody. */
#include "engine/tools/administer.h"

struct whois {
    int kind; /* index of kinds */
    const char *issuer, *subject;
};

static const char *const kinds[] = {"", "oidc", "header", "slack", "os", "actor", NULL};

static const struct json_field fields[] = {
    JSON_ENUM(struct whois, kind, kinds, .required = true,
              .help =
                  "of the identity: oidc with its issuer, header, slack, os (host:uid), or actor"),
    JSON_TEXT(struct whois, issuer, .max = 500, .help = "whose subject it is; oidc needs it"),
    JSON_TEXT(struct whois, subject, .required = true, .max = 500,
              .help = "as it is registered; of kind actor the id without human:"),
};

struct known {
    const char *principal_id, *actor_id, *name, *status;
    const struct json *roles;
};

static const struct json_field result[] = {
    JSON_TEXT(struct known, principal_id, .help = "the person, for good"),
    JSON_TEXT(struct known, actor_id,
              .help = "human:ID, as whom they call; absent when the registry has none for them"),
    JSON_TEXT(struct known, name, .help = "the name people read"),
    JSON_TEXT(struct known, status, .help = "active or disabled: refused from the next call on"),
    JSON_ANY(struct known, roles, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true, .help = "array of {role, entity}; entity is an id or all"),
};

static struct err read_person(struct call *c, struct tx *tx)
{
    const struct whois *args = c->args;
    const char *issuer = args->issuer == NULL ? "" : args->issuer, *subject = NULL;
    struct principal found;
    struct person person;
    if (text_eq(kinds[args->kind], "oidc") == text_empty(issuer))
        return err_at(ERR_INPUT, "/issuer", "kind oidc needs an issuer, no other has one");
    TRY(identity_find(tx, c->arena, kinds[args->kind], issuer, args->subject, &found));
    TRY(person_load(tx, c->arena, found.principal_id, &person));
    TRY(identity_subject(tx, c->arena, "actor", found.principal_id, &subject));
    const struct known known = {
        .principal_id = found.principal_id,
        .actor_id = subject == NULL ? NULL : arena_fmt(c->arena, "human:%s", subject),
        .name = found.name,
        .status = found.active ? "active" : "disabled",
        .roles = grants_print(c->arena, &person)};
    TRY(arena_check(c->arena));
    return json_unbind(c->arena, JSON_FIELDS(result), &known, &c->result);
}

const struct tool tool_whois = {
    .name = "whois",
    .title = "Who is behind an identity",
    .summary = "The person that an identity is linked to, with their roles. For services, which "
               "meet people at a sign-in or in a chat.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_SERVICE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct whois),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .read = read_person,
};
