/* The registry and the kill switch, read inside the transaction that judges. */
#include "engine/store/actors.h"

#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/store/delegations.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    CLIENT_LOAD,
    PRINCIPAL_LOAD,
    IDENTITY_FIND,
    IDENTITY_SUBJECT,
    ROLES_LOAD,
    FREEZE_STANDS,
    ASKER_GONE,
    JTI_SPEND,
    JTI_SPENT,
    JTI_FORGET,
    PRINCIPAL_PUT,
    IDENTITY_PUT,
    CLIENT_PUT,
    ROLE_PUT
};

const struct db_sql actors_sql[] = {
    [CLIENT_LOAD] = {"client_load", "SELECT client_id, name, kind, public_key, channels, tools,"
                                    " status, version, seq FROM clients WHERE client_id = ?1"},
    [PRINCIPAL_LOAD] =
        {"principal_load",
         "SELECT principal_id, name, status, version, seq FROM principals WHERE principal_id = ?1"},
    [IDENTITY_FIND] =
        {"identity_find",
         "SELECT p.principal_id, p.name, p.status, p.version,"
         " p.seq FROM identities i JOIN principals p ON p.principal_id = i.principal_id"
         " WHERE i.kind = ?1 AND i.issuer = ?2 AND i.subject = ?3"
         " AND i.status = 'active'"},
    [IDENTITY_SUBJECT] = {"identity_subject",
                          "SELECT subject FROM identities WHERE principal_id = ?1 AND kind = ?2"
                          " AND issuer = '' AND status = 'active' ORDER BY identity_id LIMIT 1"},
    [ROLES_LOAD] = {"roles_load", "SELECT role, entity_id FROM roles"
                                  " WHERE principal_id = ?1 AND status = 'granted'"
                                  " ORDER BY role, entity_id"},
    [FREEZE_STANDS] =
        {"freeze_stands",
         "SELECT coalesce(sum(scope = 'actor'), 0), count(*) FROM freezes"
         " WHERE status = 'frozen' AND (scope = 'all'"
         " OR (scope = 'actor' AND value IN (?1, ?2)) OR (scope = 'tool' AND value = ?3)"
         " OR (scope = 'kind' AND value = ?4))"},
    [ASKER_GONE] = {"asker_gone",
                    "SELECT EXISTS (SELECT 1 FROM principals WHERE principal_id IN (?1, ?2)"
                    " AND status <> 'active') OR EXISTS (SELECT 1 FROM clients WHERE client_id = ?3"
                    " AND status <> 'active')"},
    [JTI_SPEND] = {"jti_spend", "INSERT INTO jtis (jti, expires_us) VALUES (?1, ?2)"
                                " ON CONFLICT (jti) DO NOTHING"},
    [JTI_SPENT] = {"jti_spent", "SELECT 1 FROM jtis WHERE jti = ?1"},
    [JTI_FORGET] = {"jti_forget", "DELETE FROM jtis WHERE expires_us < ?1"},
    [PRINCIPAL_PUT] = {"principal_put",
                       "INSERT INTO principals (principal_id, name, status, version, seq)"
                       " VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT (principal_id) DO UPDATE SET"
                       " name = ?2, status = ?3, version = version + 1, seq = ?4"},
    [IDENTITY_PUT] = {"identity_put",
                      "INSERT INTO identities (identity_id, principal_id, kind, issuer, subject,"
                      " status, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, 'active', 1, ?6)"},
    [CLIENT_PUT] = {"client_put",
                    "INSERT INTO clients (client_id, name, kind, public_key, channels, tools,"
                    " status, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8)"
                    " ON CONFLICT (client_id) DO UPDATE SET name = ?2, kind = ?3, public_key = ?4,"
                    " channels = ?5, tools = ?6, status = ?7, version = version + 1, seq = ?8"},
    [ROLE_PUT] = {"role_put", "INSERT INTO roles (grant_id, principal_id, role, entity_id, status,"
                              " version, seq) VALUES (?1, ?2, ?3, ?4, 'granted', 1, ?5)"},
};
const size_t actors_sql_n = sizeof actors_sql / sizeof actors_sql[0];

static const char *const kind_names[] = {"none", "workspace", "mcp_client", "service"};

const char *client_kind_name(enum client_kind kind)
{
    return kind_names[kind <= CLIENT_SERVICE ? kind : CLIENT_NONE];
}

/* ---- clients ---- */

bool client_allows(const struct client *client, const char *name)
{
    for (size_t i = 0; i < client->tools_n; i++) {
        if (text_eq(client->tools[i], name))
            return true;
    }
    return false;
}

static struct err texts_read(struct arena *arena, struct str json, const struct json **array)
{
    struct json *tree;
    TRY(json_read(arena, json, NULL, &tree));
    ENSURE(json_is(tree, JSON_TYPE_ARRAY), ERR_STORE, "a client's list is not an array");
    *array = tree;
    return OK;
}

static struct err client_channels(struct arena *arena, struct str json, uint32_t *channels)
{
    const struct json *array;
    TRY(texts_read(arena, json, &array));
    for (size_t i = 0; i < array->count; i++) {
        enum channel channel;
        ENSURE(channel_find(json_text(array->items[i]), &channel), ERR_STORE,
               "a client names a channel that is none");
        *channels |= 1u << channel;
    }
    return OK;
}

static struct err client_tools(struct arena *arena, struct str json, struct client *c)
{
    const struct json *array;
    TRY(texts_read(arena, json, &array));
    c->tools = ARENA_ARRAY(arena, array->count + 1, const char *);
    ENSURE(c->tools != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < array->count; i++)
        c->tools[c->tools_n++] = json_text(array->items[i]);
    return OK;
}

static enum client_kind kind_find(const char *name)
{
    for (unsigned k = CLIENT_WORKSPACE; k <= CLIENT_SERVICE; k++) {
        if (text_eq(kind_names[k], name))
            return (enum client_kind)k;
    }
    return CLIENT_NONE;
}

struct err client_load(struct tx *tx, struct arena *arena, const char *client_id,
                       struct client *client)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, CLIENT_LOAD);
    stmt_bind_text(q, 1, client_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "no such client is registered");
    *client = (struct client){.client_id = stmt_text(q, 0, arena),
                              .name = stmt_text(q, 1, arena),
                              .kind = kind_find(stmt_text(q, 2, arena)),
                              .active = str_is(stmt_peek(q, 6), "active"),
                              .version = stmt_int(q, 7),
                              .seq = stmt_int(q, 8)};
    struct str key = stmt_str(q, 3, arena);
    size_t len = 0;
    client->has_key = key.len > 0;
    ENSURE(!client->has_key ||
               (base64url_parse(key, client->public_key, sizeof client->public_key, &len) &&
                len == sizeof client->public_key),
           ERR_STORE, "a client's key cannot be read");
    TRY(client_channels(arena, stmt_str(q, 4, arena), &client->channels));
    if (!stmt_is_null(q, 5))
        TRY(client_tools(arena, stmt_str(q, 5, arena), client));
    return arena_check(arena);
}

/* ---- principals ---- */

static struct err principal_read(struct stmt *q, struct arena *arena, const char *missing,
                                 struct principal *principal)
{
    bool row;
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, missing);
    *principal = (struct principal){.principal_id = stmt_text(q, 0, arena),
                                    .name = stmt_text(q, 1, arena),
                                    .active = str_is(stmt_peek(q, 2), "active"),
                                    .version = stmt_int(q, 3),
                                    .seq = stmt_int(q, 4)};
    return arena_check(arena);
}

struct err principal_load(struct tx *tx, struct arena *arena, const char *principal_id,
                          struct principal *principal)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, PRINCIPAL_LOAD);
    stmt_bind_text(q, 1, principal_id);
    return principal_read(q, arena, "no such principal is registered", principal);
}

struct err identity_find(struct tx *tx, struct arena *arena, const char *kind, const char *issuer,
                         const char *subject, struct principal *principal)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, IDENTITY_FIND);
    stmt_bind_text(q, 1, kind);
    stmt_bind_text(q, 2, issuer);
    stmt_bind_text(q, 3, subject);
    return principal_read(q, arena, "nobody is linked to this identity", principal);
}

struct err identity_subject(struct tx *tx, struct arena *arena, const char *kind,
                            const char *principal_id, const char **subject)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, IDENTITY_SUBJECT);
    bool row;
    stmt_bind_text(q, 1, principal_id);
    stmt_bind_text(q, 2, kind);
    TRY(stmt_step(q, &row));
    *subject = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

/* ---- the facts about an actor ---- */

static struct err roles_load(struct tx *tx, struct arena *arena, const char *principal_id,
                             const struct ask_role **roles, size_t *n)
{
    size_t cap = 0;
    struct ask_role *list = NULL;
    *n = 0;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, ROLES_LOAD);
    stmt_bind_text(q, 1, principal_id);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        if (*n == cap) {
            struct ask_role *more = ARENA_ARRAY(arena, cap + 16, struct ask_role);
            ENSURE(more != NULL, ERR_LIMIT, "out of memory");
            if (*n > 0)
                memcpy(more, list, *n * sizeof *more);
            list = more;
            cap += 16;
        }
        const char *entity = stmt_text(q, 1, arena);
        list[(*n)++] = (struct ask_role){.role = stmt_text(q, 0, arena),
                                         .entity = text_empty(entity) ? NULL : entity};
    }
    *roles = list;
    return arena_check(arena);
}

/* A human's own roles and those of seats lent to them; an agent has its human's own, and no more.
 */
static struct err roles_of(struct tx *tx, struct arena *arena, const struct actor *actor,
                           const struct ask_role **roles, size_t *n)
{
    const char *holder = actor->kind == ACTOR_HUMAN ? actor->principal : actor->on_behalf_of;
    struct ask_role *lent;
    size_t lent_n;
    *n = 0;
    if (holder == NULL)
        return OK;
    TRY(roles_load(tx, arena, holder, roles, n));
    if (actor->kind != ACTOR_HUMAN)
        return OK;
    TRY(lent_roles(tx, arena, holder, &lent, &lent_n));
    if (lent_n == 0)
        return OK;
    struct ask_role *all = ARENA_ARRAY(arena, *n + lent_n, struct ask_role);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    if (*n > 0)
        memcpy(all, *roles, *n * sizeof *all);
    memcpy(all + *n, lent, lent_n * sizeof *all);
    *roles = all;
    *n += lent_n;
    return OK;
}

struct err asker_facts(struct tx *tx, const struct actor *actor, const char *tool, struct ask *ask)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, FREEZE_STANDS);
    stmt_bind_text(q, 1, actor->id);
    stmt_bind_text(q, 2, actor->principal != NULL ? actor->principal : actor->on_behalf_of);
    stmt_bind_text(q, 3, tool);
    stmt_bind_text(q, 4, actor_kind_name(actor->kind));
    TRY(stmt_step(q, &row));
    ask->frozen_self |= row && stmt_int(q, 0) > 0;
    ask->frozen |= row && stmt_int(q, 1) > 0;
    return OK;
}

struct err asker_stands(struct tx *tx, const struct actor *asker)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, ASKER_GONE);
    stmt_bind_text(q, 1, asker->principal);
    stmt_bind_text(q, 2, asker->on_behalf_of);
    stmt_bind_text(q, 3, asker->client);
    TRY(stmt_step(q, &row));
    ENSURE(row && stmt_int(q, 0) == 0, ERR_AUTH, "who asked for it is disabled");
    return OK;
}

static struct err still_there(struct tx *tx, struct arena *arena, const char *principal_id)
{
    struct principal p;
    if (principal_id == NULL)
        return OK;
    struct err e = principal_load(tx, arena, principal_id, &p);
    ENSURE(e.kind != ERR_MISSING, ERR_AUTH, "the principal is not registered");
    TRY(e);
    ENSURE(p.active, ERR_AUTH, "the principal is disabled");
    return OK;
}

static struct err client_facts(struct tx *tx, struct arena *arena, const struct actor *actor,
                               struct ask *ask)
{
    struct client client;
    if (actor->client == NULL)
        return OK;
    struct err e = client_load(tx, arena, actor->client, &client);
    ENSURE(e.kind != ERR_MISSING, ERR_AUTH, "the client is not registered");
    TRY(e);
    ENSURE(client.active, ERR_AUTH, "the client is disabled");
    ask->delivery_service =
        client.kind == CLIENT_SERVICE && client_allows(&client, "record_delivery");
    return OK;
}

static const char *login_jti(struct arena *arena, const struct login *login)
{
    return arena_fmt(arena, "login/%s", login->sha256);
}

/* Made for this decision, and not used before. */
static struct err login_fact(struct tx *tx, struct arena *arena, const struct actor *actor,
                             bool *bound)
{
    bool spent;
    *bound = false;
    if (actor->kind != ACTOR_HUMAN || !actor->login_bound || actor->login == NULL)
        return OK;
    const char *jti = login_jti(arena, actor->login);
    ENSURE(jti != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, JTI_SPENT);
    stmt_bind_text(q, 1, jti);
    TRY(stmt_step(q, &spent));
    *bound = !spent;
    return OK;
}

struct err actor_facts(struct tx *tx, struct arena *arena, const struct actor *actor,
                       const char *tool, struct ask *ask)
{
    ask->actor_kind = actor->kind;
    ask->actor = actor->id;
    ask->principal = actor->kind == ACTOR_HUMAN ? actor->principal : NULL;
    ask->on_behalf_of = actor->on_behalf_of;
    ask->client = actor->client;
    ask->channel = actor->channel;
    ask->tool = tool;
    ask->auth_age_s = actor->auth_time_us == 0 || actor->auth_time_us > tx->now_us + 60000000
                          ? -1
                          : (tx->now_us - actor->auth_time_us) / 1000000;
    if (ask->auth_age_s < -1)
        ask->auth_age_s = 0;
    ask->login_wanted = actor->kind == ACTOR_HUMAN && actor->login_wanted;
    TRY(login_fact(tx, arena, actor, &ask->login_bound));
    TRY(still_there(tx, arena, actor->principal));
    TRY(still_there(tx, arena, actor->on_behalf_of));
    TRY(client_facts(tx, arena, actor, ask));
    TRY(roles_of(tx, arena, actor, &ask->roles, &ask->roles_n));
    return asker_facts(tx, actor, tool, ask);
}

/* A service has no roles. What it may see is on its list, or it sees nothing; it changes nothing by
 * this, for the gate judges roles. */
static struct err service_sees(struct tx *tx, struct arena *arena, const struct actor *actor,
                               bool *all)
{
    struct client client;
    if (actor->kind != ACTOR_LLM || actor->client_kind != CLIENT_SERVICE || actor->client == NULL ||
        actor->on_behalf_of != NULL)
        return OK;
    struct err e = client_load(tx, arena, actor->client, &client);
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    *all = client.active && client.kind == CLIENT_SERVICE && client_allows(&client, CLIENT_READS);
    return OK;
}

struct err actor_scope(struct tx *tx, struct arena *arena, const struct actor *actor, bool *all,
                       const char *const **entities, size_t *n)
{
    const struct ask_role *roles = NULL;
    size_t roles_n = 0;
    *n = 0;
    *all = actor->kind == ACTOR_ENGINE;
    TRY(service_sees(tx, arena, actor, all));
    TRY(roles_of(tx, arena, actor, &roles, &roles_n));
    const char **list = ARENA_ARRAY(arena, roles_n + 1, const char *);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < roles_n; i++) {
        if (roles[i].entity == NULL)
            *all = true;
        else
            list[(*n)++] = roles[i].entity;
    }
    *entities = list;
    return OK;
}

struct err jti_spend(struct tx *tx, const char *jti, int64_t expires_us)
{
    /* A jti outlives its assertion by a margin for clocks, then it cannot be replayed anyway. */
    CLEANUP(stmt_reset) struct stmt *old = db_stmt(tx->db, SQL_ACTORS, JTI_FORGET);
    stmt_bind_int(old, 1, tx->now_us - INT64_C(600) * 1000000);
    TRY(stmt_run(old));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, JTI_SPEND);
    stmt_bind_text(q, 1, jti);
    stmt_bind_int(q, 2, expires_us);
    TRY(stmt_run(q));
    ENSURE(db_changes(tx->db) == 1, ERR_AUTH, "this assertion or proof was used before");
    return OK;
}

struct err login_spend(struct tx *tx, struct arena *arena, const struct login *login)
{
    const char *jti = login_jti(arena, login);
    ENSURE(jti != NULL, ERR_LIMIT, "out of memory");
    return jti_spend(tx, jti, login->until_us);
}

/* ---- changes ---- */

struct err principal_put(struct tx *tx, const char *principal_id, const char *name, bool active)
{
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, PRINCIPAL_PUT);
        stmt_bind_text(q, 1, principal_id);
        stmt_bind_text(q, 2, name);
        stmt_bind_text(q, 3, active ? "active" : "disabled");
        stmt_bind_int(q, 4, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_PRINCIPALS, principal_id);
}

struct err identity_link(struct tx *tx, const char *principal_id, const char *kind,
                         const char *issuer, const char *subject)
{
    const char *id = tx_new_id(tx, "idn");
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, IDENTITY_PUT);
        stmt_bind_text(q, 1, id);
        stmt_bind_text(q, 2, principal_id);
        stmt_bind_text(q, 3, kind);
        stmt_bind_text(q, 4, issuer);
        stmt_bind_text(q, 5, subject);
        stmt_bind_int(q, 6, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_IDENTITIES, id);
}

static struct err client_lists(struct tx *tx, const struct client *c, struct str *channels,
                               struct str *tools)
{
    struct json *list = json_array_new(tx->arena), *names = json_array_new(tx->arena);
    for (unsigned i = CHANNEL_WEB; i <= CHANNEL_CLI; i++) {
        if ((c->channels & (1u << i)) != 0)
            json_push(tx->arena, list, json_text_new(tx->arena, channel_name((enum channel)i)));
    }
    for (size_t i = 0; i < c->tools_n; i++)
        json_push(tx->arena, names, json_text_new(tx->arena, c->tools[i]));
    TRY(jcs_text(tx->arena, list, channels));
    *tools = (struct str){.at = NULL};
    return c->tools == NULL ? OK : jcs_text(tx->arena, names, tools);
}

struct err client_put(struct tx *tx, const struct client *client)
{
    char key[BASE64_SIZE(32)];
    struct str channels, tools;
    TRY(client_lists(tx, client, &channels, &tools));
    base64url_print(client->public_key, sizeof client->public_key, key);
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, CLIENT_PUT);
        stmt_bind_text(q, 1, client->client_id);
        stmt_bind_text(q, 2, client->name);
        stmt_bind_text(q, 3, client_kind_name(client->kind));
        stmt_bind_text(q, 4, client->has_key ? key : NULL);
        stmt_bind_str(q, 5, channels);
        stmt_bind_str(q, 6, tools);
        stmt_bind_text(q, 7, client->active ? "active" : "disabled");
        stmt_bind_int(q, 8, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_CLIENTS, client->client_id);
}

struct err role_grant(struct tx *tx, const char *principal_id, const char *role,
                      const char *entity_id)
{
    const char *id = tx_new_id(tx, "grt");
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ACTORS, ROLE_PUT);
        stmt_bind_text(q, 1, id);
        stmt_bind_text(q, 2, principal_id);
        stmt_bind_text(q, 3, role);
        stmt_bind_text(q, 4, entity_id == NULL ? "" : entity_id);
        stmt_bind_int(q, 5, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_ROLES, id);
}
