/* What the registry says about the caller: the client and its key, who the actor is, whether all of
 * them are still welcome. Runs on a reader thread and touches nothing but the check. */
#include <string.h>

#include "common/sys/log.h"
#include "common/sys/os_subject.h"
#include "engine/auth/auth_own.h"

static bool has_channel(const struct client *client, enum channel channel)
{
    return (client->channels & (1u << channel)) != 0;
}

/* A key from the settings is a pin: it counts instead of the registry's. */
static bool key_of(const struct auth *auth, const struct client *client, struct jose_key *key)
{
    for (size_t i = 0; i < auth->keys_n; i++)
        if (text_eq(auth->keys[i].client_id, client->client_id)) {
            *key = auth->keys[i].key;
            return true;
        }
    *key = (struct jose_key){.alg = JOSE_EDDSA};
    memcpy(key->ed25519, client->public_key, sizeof key->ed25519);
    return client->has_key;
}

static struct err human_is(struct auth_check *check, struct tx *tx, const char *name,
                           const char *claimed)
{
    struct principal person;
    FOUND(check, identity_find(tx, check->arena, "actor", "", name, &person), 401,
          "the registry knows nobody by this actor");
    HOLDS(check, claimed == NULL || text_eq(claimed, person.principal_id), 401,
          "the principal is not the registry's for this actor");
    HOLDS(check, person.active, 403, "this person is disabled");
    check->result.actor.principal = person.principal_id;
    return OK;
}

static struct err llm_acts_for(struct auth_check *check, struct tx *tx, const char *obo)
{
    struct principal person;
    if (obo == NULL)
        return OK;
    FOUND(check, principal_load(tx, check->arena, obo, &person), 401,
          "the registry does not know whom the agent acts for");
    HOLDS(check, person.active, 403, "the person the agent acts for is disabled");
    check->result.actor.on_behalf_of = person.principal_id;
    return OK;
}

/* A program speaks under its own name only; the workspace names its agent's sessions freely. */
static bool name_is_clients(const struct client *client, const char *name)
{
    const size_t n = strlen(client->client_id);
    if (client->kind == CLIENT_WORKSPACE)
        return true;
    if (strncmp(name, client->client_id, n) != 0 || name[n] != '.' || name[n + 1] == '\0')
        return false;
    return client->kind == CLIENT_MCP ||
           (client->kind == CLIENT_SERVICE && strcmp(name + n, ".service") == 0);
}

/* A login that does not hold, or is another person's, is none: what needs one is denied, and the
 * operator is told why. */
static struct err login_take(struct auth_check *check, struct tx *tx)
{
    struct actor *actor = &check->result.actor;
    struct idp *idp = check->auth->idp;
    struct login *login = ARENA_NEW(check->arena, struct login);
    struct principal person;
    ENSURE(login != NULL, ERR_LIMIT, "out of memory");
    struct err e = idp_login(idp, check->arena, check->id_token, check->now_us, login);
    if (e.kind == ERR_NONE)
        e = identity_find(tx, check->arena, "oidc", login->iss, login->sub, &person);
    if (e.kind == ERR_NONE && !text_eq(person.principal_id, actor->principal))
        e = err_new(ERR_AUTH, "the ID token is another person's");
    if (e.kind == ERR_STORE || e.kind == ERR_LIMIT)
        return e;
    if (e.kind == ERR_NONE)
        actor->login = login;
    else
        log_warn("a login for a decision does not count", LOG_TEXT("actor", actor->id), LOG_ERR(e),
                 LOG_END);
    return OK;
}

static struct err assertion_human(struct auth_check *check, struct tx *tx,
                                  const struct client *client)
{
    const struct assertion *a = &check->claims;
    HOLDS(check, client->kind == CLIENT_WORKSPACE, 403,
          "this client may not speak for humans: only a workspace may");
    HOLDS(check, a->principal != NULL, 401, "a human's assertion names the principal");
    HOLDS(check, a->obo == NULL, 401, "a human acts on nobody's behalf (obo)");
    TRY(human_is(check, tx, actor_name(&check->named), a->principal));
    check->result.actor.login_wanted =
        check->auth->idp != NULL && check->auth->config->env == CONFIG_PROD;
    if (check->result.status != 0 || check->auth->idp == NULL || check->id_token == NULL)
        return OK;
    return login_take(check, tx);
}

static struct err assertion_llm(struct auth_check *check, struct tx *tx,
                                const struct client *client)
{
    const struct assertion *a = &check->claims;
    HOLDS(check, name_is_clients(client, actor_name(&check->named)), 403,
          "the actor is not one of this client's: llm:<client>.<session>, or of a service "
          "llm:<client>.service");
    HOLDS(check, a->principal == NULL, 401, "an llm has no principal of its own");
    /* A service answers for itself by its registration and its allow-list. */
    HOLDS(check,
          a->obo != NULL || client->kind == CLIENT_SERVICE ||
              check->auth->config->env != CONFIG_PROD,
          401, "an agent acts on somebody's behalf: obo is missing");
    return llm_acts_for(check, tx, a->obo);
}

static void fill_from_claims(struct auth_check *check, const struct client *client)
{
    const struct assertion *a = &check->claims;
    struct actor *actor = &check->result.actor;

    actor->kind = check->named.kind;
    actor->id = a->sub;
    actor->client = client->client_id;
    actor->client_kind = client->kind;
    actor->backend = "header-trust";
    actor->iss = client->client_id;
    actor->acr = a->acr;
    actor->model = a->model;
    actor->auth_time_us = a->auth_time * 1000000;
    actor->jti = arena_fmt(check->arena, "%s/%s", client->client_id, a->jti);
    actor->jti_expires_us = (a->exp + ASSERTION_SKEW_S) * 1000000;
    check->result.tools = client->tools;
    check->result.tools_n = client->tools_n;
}

static struct err by_assertion(struct auth_check *check, struct tx *tx)
{
    struct client client;
    struct jose_key key;
    FOUND(check, client_load(tx, check->arena, check->jws.kid, &client), 401,
          "the assertion's client is not registered");
    HOLDS(check, key_of(check->auth, &client, &key), 401, "the assertion's client has no key");
    struct err verified = jws_verify(&check->jws, &key);
    HOLDS(check, verified.kind == ERR_NONE, 401, "the assertion's signature does not verify");
    HOLDS(check, client.active, 403, "this client is disabled");
    fill_from_claims(check, &client);
    HOLDS(check,
          channel_find(check->claims.channel, &check->result.actor.channel) &&
              has_channel(&client, check->result.actor.channel),
          403, "this client may not use this channel");
    switch (check->named.kind) {
    case ACTOR_HUMAN:
        return assertion_human(check, tx, &client);
    case ACTOR_LLM:
        return assertion_llm(check, tx, &client);
    case ACTOR_ENGINE:
    case ACTOR_NONE:
        break;
    }
    auth_refuse(check, 403, "engine actors never come from the network");
    return OK;
}

static struct err by_bare_header(struct auth_check *check, struct tx *tx)
{
    const bool human = check->named.kind == ACTOR_HUMAN;
    struct client client;
    FOUND(check, client_load(tx, check->arena, AUTH_WORKSPACE_CLIENT, &client), 401,
          "no workspace is registered: nobody may speak for humans");
    HOLDS(check, !client.has_key, 401,
          "the workspace has a key: the header needs its assertion in " ASSERTION_HEADER);
    HOLDS(check, client.active && client.kind == CLIENT_WORKSPACE, 403,
          "the workspace client is disabled");
    check->result.actor = (struct actor){.kind = check->named.kind,
                                         .id = check->named.text,
                                         .client = client.client_id,
                                         .client_kind = client.kind,
                                         .channel = human ? CHANNEL_WEB : CHANNEL_API,
                                         .backend = "header-trust"};
    HOLDS(check, has_channel(&client, check->result.actor.channel), 403,
          "the workspace may not use this channel");
    return human ? human_is(check, tx, actor_name(&check->named), NULL) : OK;
}

static struct err by_dev(struct auth_check *check, struct tx *tx)
{
    struct principal person;
    FOUND(check, identity_find(tx, check->arena, "actor", "", AUTH_DEMO_SUBJECT, &person), 401,
          "the registry has no human:" AUTH_DEMO_SUBJECT " for whom the dev backend acts");
    HOLDS(check, person.active, 403, "human:" AUTH_DEMO_SUBJECT " is disabled");
    check->result.actor = (struct actor){.kind = ACTOR_LLM,
                                         .id = "llm:dev",
                                         .on_behalf_of = person.principal_id,
                                         .channel = CHANNEL_API,
                                         .backend = "dev"};
    return OK;
}

struct err auth_person_at_host(struct tx *tx, struct arena *arena, const struct principal *person,
                               struct actor *actor)
{
    const char *name = NULL;
    TRY(identity_subject(tx, arena, "actor", person->principal_id, &name));
    *actor = (struct actor){
        .kind = ACTOR_HUMAN,
        .id = arena_fmt(arena, "human:%s", name != NULL ? name : person->principal_id),
        .principal = person->principal_id,
        .channel = CHANNEL_CLI,
        .backend = "os"};
    return arena_check(arena);
}

/* At the MCP door a program speaks, whoever started it: a coding agent in Ana's shell is not Ana.
 */
static struct err by_os(struct auth_check *check, struct tx *tx)
{
    struct principal person;
    const char *subject = os_subject(check->arena, check->uid);
    FOUND(check, identity_find(tx, check->arena, "os", "", subject, &person), 401,
          "this user of this host is linked to nobody in the registry");
    HOLDS(check, person.active, 403, "this person is disabled");
    if (check->door == AUTH_ADMIN)
        return auth_person_at_host(tx, check->arena, &person, &check->result.actor);
    check->result.actor =
        (struct actor){.kind = ACTOR_LLM,
                       .id = arena_fmt(check->arena, "llm:cli.%ld", (long)check->pid),
                       .on_behalf_of = person.principal_id,
                       .channel = CHANNEL_API,
                       .backend = "os"};
    return arena_check(check->arena);
}

struct err auth_lookup(struct tx *tx, void *arg)
{
    struct auth_check *check = arg;
    switch (check->way) {
    case WAY_ASSERTION:
        return by_assertion(check, tx);
    case WAY_BARE:
        return by_bare_header(check, tx);
    case WAY_DEV:
        return by_dev(check, tx);
    case WAY_OS:
        return by_os(check, tx);
    case WAY_TOKEN:
        return bearer_lookup(check, tx);
    case WAY_NONE:
        break;
    }
    auth_refuse(check, 401, "the caller is not shown");
    return OK;
}
