/* The registry read whole, and the changes that take something away. */
#include "engine/store/registry.h"

#include <string.h>

#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    IDENTITIES_OF,
    GRANTS_OF,
    PEOPLE_IDS,
    IDENTITY_LAST,
    CLIENT_IDS,
    FREEZES_LIST,
    FREEZE_FIND,
    FREEZE_ON,
    IDENTITY_UNLINK,
    ROLE_REVOKE,
    FREEZE_PUT,
    FREEZE_END,
    LAST_ACT
};

#define IDENTITY_COLUMNS                                                                           \
    "SELECT identity_id, principal_id, kind, issuer, subject, status, version, seq FROM "          \
    "identities"
#define FREEZE_COLUMNS "SELECT freeze_id, scope, value, reason, version, seq FROM freezes"

const struct db_sql registry_sql[] = {
    [IDENTITIES_OF] = {"identities_of", IDENTITY_COLUMNS
                       " WHERE principal_id = ?1 AND status = 'active' ORDER BY identity_id"},
    [GRANTS_OF] = {"grants_of",
                   "SELECT grant_id, principal_id, role, entity_id, version, seq FROM roles"
                   " WHERE principal_id = ?1 AND status = 'granted' ORDER BY role, entity_id"},
    [PEOPLE_IDS] = {"people_ids", "SELECT principal_id FROM principals ORDER BY principal_id"},
    [IDENTITY_LAST] = {"identity_last",
                       IDENTITY_COLUMNS " WHERE kind = ?1 AND issuer = ?2 AND subject = ?3"
                                        " ORDER BY identity_id DESC LIMIT 1"},
    [CLIENT_IDS] = {"client_ids", "SELECT client_id FROM clients ORDER BY client_id"},
    [FREEZES_LIST] = {"freezes_list", FREEZE_COLUMNS " WHERE status = 'frozen' ORDER BY freeze_id"},
    [FREEZE_FIND] = {"freeze_find",
                     FREEZE_COLUMNS " WHERE status = 'frozen' AND scope = ?1 AND value = ?2"},
    [FREEZE_ON] =
        {"freeze_on",
         "SELECT coalesce(sum(scope = 'actor'), 0), count(*) FROM freezes"
         " WHERE status = 'frozen' AND (scope = 'all'"
         " OR (scope = 'actor' AND value IN (?1, ?2)) OR (scope = 'kind' AND value = ?3))"},
    [IDENTITY_UNLINK] = {"identity_unlink",
                         "UPDATE identities SET status = 'unlinked', version = version + 1,"
                         " seq = ?2 WHERE identity_id = ?1 AND status = 'active'"},
    [ROLE_REVOKE] = {"role_revoke", "UPDATE roles SET status = 'revoked', version = version + 1,"
                                    " seq = ?2 WHERE grant_id = ?1 AND status = 'granted'"},
    [FREEZE_PUT] = {"freeze_put",
                    "INSERT INTO freezes (freeze_id, scope, value, status, reason, version, seq)"
                    " VALUES (?1, ?2, ?3, 'frozen', ?4, 1, ?5)"},
    [FREEZE_END] = {"freeze_end", "UPDATE freezes SET status = 'thawed', version = version + 1,"
                                  " seq = ?2 WHERE freeze_id = ?1 AND status = 'frozen'"},
    [LAST_ACT] = {"last_act", "SELECT json_extract(event, '$.timestamp_utc') FROM audit_events"
                              " WHERE actor_id = ?1 ORDER BY seq DESC LIMIT 1"},
};
const size_t registry_sql_n = sizeof registry_sql / sizeof registry_sql[0];

/* ---- people ---- */

static void identity_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct identity *)row = (struct identity){.identity_id = stmt_text(q, 0, arena),
                                                .principal_id = stmt_text(q, 1, arena),
                                                .kind = stmt_text(q, 2, arena),
                                                .issuer = stmt_text(q, 3, arena),
                                                .subject = stmt_text(q, 4, arena),
                                                .active = str_is(stmt_peek(q, 5), "active"),
                                                .version = stmt_int(q, 6),
                                                .seq = stmt_int(q, 7)};
}

static struct err identities_of(struct tx *tx, struct arena *arena, struct person *p)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, IDENTITIES_OF);
    stmt_bind_text(q, 1, p->base.principal_id);
    TRY(rows_read(q, arena, sizeof *p->identities, identity_read, &rows, &p->identities_n));
    p->identities = rows;
    return OK;
}

static void grant_read(struct stmt *q, struct arena *arena, void *row)
{
    const char *entity = stmt_text(q, 3, arena);
    *(struct grant *)row = (struct grant){.grant_id = stmt_text(q, 0, arena),
                                          .principal_id = stmt_text(q, 1, arena),
                                          .role = stmt_text(q, 2, arena),
                                          .entity = text_empty(entity) ? NULL : entity,
                                          .version = stmt_int(q, 4),
                                          .seq = stmt_int(q, 5)};
}

static struct err grants_of(struct tx *tx, struct arena *arena, struct person *p)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, GRANTS_OF);
    stmt_bind_text(q, 1, p->base.principal_id);
    TRY(rows_read(q, arena, sizeof *p->grants, grant_read, &rows, &p->grants_n));
    p->grants = rows;
    return OK;
}

static void id_read(struct stmt *q, struct arena *arena, void *row)
{
    *(const char **)row = stmt_text(q, 0, arena);
}

/* The ids of a statement without bindings. */
static struct err ids_list(struct tx *tx, struct arena *arena, size_t statement, const char ***ids,
                           size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, statement);
    TRY(rows_read(q, arena, sizeof **ids, id_read, &rows, n));
    *ids = rows;
    return OK;
}

struct err person_load(struct tx *tx, struct arena *arena, const char *principal_id,
                       struct person *person)
{
    *person = (struct person){.identities = NULL};
    TRY(principal_load(tx, arena, principal_id, &person->base));
    TRY(identities_of(tx, arena, person));
    return grants_of(tx, arena, person);
}

struct err people_list(struct tx *tx, struct arena *arena, struct person **people, size_t *n)
{
    const char **ids;
    TRY(ids_list(tx, arena, PEOPLE_IDS, &ids, n));
    *people = ARENA_ARRAY(arena, *n + 1, struct person);
    TRY(arena_check(arena));
    for (size_t i = 0; i < *n; i++)
        TRY(person_load(tx, arena, ids[i], &(*people)[i]));
    return OK;
}

struct err person_find(struct tx *tx, struct arena *arena, const char *name, struct person *person)
{
    static const char prefix[] = "human:";
    struct principal found;
    struct err e = person_load(tx, arena, name, person);
    if (e.kind != ERR_MISSING)
        return e;
    if (strncmp(name, prefix, sizeof prefix - 1) == 0)
        name += sizeof prefix - 1;
    e = identity_find(tx, arena, "actor", "", name, &found);
    if (e.kind == ERR_MISSING)
        return err_fmt(arena, ERR_MISSING, NULL, "the registry knows nobody by %.140s", name);
    TRY(e);
    return person_load(tx, arena, found.principal_id, person);
}

struct err identity_last(struct tx *tx, struct arena *arena, const char *kind, const char *issuer,
                         const char *subject, bool *found, struct identity *identity)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, IDENTITY_LAST);
    stmt_bind_text(q, 1, kind);
    stmt_bind_text(q, 2, issuer);
    stmt_bind_text(q, 3, subject);
    TRY(stmt_step(q, found));
    if (*found)
        identity_read(q, arena, identity);
    return arena_check(arena);
}

struct err clients_list(struct tx *tx, struct arena *arena, struct client **clients, size_t *n)
{
    const char **ids;
    TRY(ids_list(tx, arena, CLIENT_IDS, &ids, n));
    *clients = ARENA_ARRAY(arena, *n + 1, struct client);
    TRY(arena_check(arena));
    for (size_t i = 0; i < *n; i++)
        TRY(client_load(tx, arena, ids[i], &(*clients)[i]));
    return OK;
}

struct err actor_last_act(struct tx *tx, struct arena *arena, const char *actor, const char **at)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, LAST_ACT);
    bool row;
    stmt_bind_text(q, 1, actor);
    TRY(stmt_step(q, &row));
    *at = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

/* ---- freezes ---- */

static void freeze_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct freeze *)row = (struct freeze){.freeze_id = stmt_text(q, 0, arena),
                                            .scope = stmt_text(q, 1, arena),
                                            .value = stmt_text(q, 2, arena),
                                            .reason = stmt_text(q, 3, arena),
                                            .version = stmt_int(q, 4),
                                            .seq = stmt_int(q, 5)};
}

struct err freezes_list(struct tx *tx, struct arena *arena, struct freeze **freezes, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, FREEZES_LIST);
    TRY(rows_read(q, arena, sizeof **freezes, freeze_read, &rows, n));
    *freezes = rows;
    return OK;
}

struct err freeze_find(struct tx *tx, struct arena *arena, const char *scope, const char *value,
                       bool *found, struct freeze *freeze)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, FREEZE_FIND);
    stmt_bind_text(q, 1, scope);
    stmt_bind_text(q, 2, value);
    TRY(stmt_step(q, found));
    if (*found)
        freeze_read(q, arena, freeze);
    return arena_check(arena);
}

struct err freeze_on(struct tx *tx, const char *actor, const char *principal, bool *self, bool *any)
{
    struct actor_id id;
    bool row;
    TRY(actor_parse(str_of(actor), &id));
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, FREEZE_ON);
    stmt_bind_text(q, 1, actor);
    stmt_bind_text(q, 2, principal);
    stmt_bind_text(q, 3, actor_kind_name(id.kind));
    TRY(stmt_step(q, &row));
    *self = row && stmt_int(q, 0) > 0;
    *any = row && stmt_int(q, 1) > 0;
    return OK;
}

/* ---- changes ---- */

/* One row by its id, from the state it was seen in; ERR_CONFLICT when it is in it no more. */
static struct err row_end(struct tx *tx, size_t statement, enum table table, const char *id)
{
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, statement);
        stmt_bind_text(q, 1, id);
        stmt_bind_int(q, 2, tx_seq(tx));
        TRY(stmt_run(q));
    }
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "the registry has changed under this call");
    return effect_row(tx, table, id);
}

struct err identity_unlink(struct tx *tx, const struct identity *identity)
{
    return row_end(tx, IDENTITY_UNLINK, TABLE_IDENTITIES, identity->identity_id);
}

struct err role_revoke(struct tx *tx, const struct grant *grant)
{
    return row_end(tx, ROLE_REVOKE, TABLE_ROLES, grant->grant_id);
}

struct err freeze_end(struct tx *tx, const struct freeze *freeze)
{
    return row_end(tx, FREEZE_END, TABLE_FREEZES, freeze->freeze_id);
}

struct err freeze_put(struct tx *tx, const char *scope, const char *value, const char *reason,
                      const char **freeze_id)
{
    const char *id = tx_new_id(tx, "frz");
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_REGISTRY, FREEZE_PUT);
        stmt_bind_text(q, 1, id);
        stmt_bind_text(q, 2, scope);
        stmt_bind_text(q, 3, value);
        stmt_bind_text(q, 4, reason);
        stmt_bind_int(q, 5, tx_seq(tx));
        TRY(stmt_run(q));
    }
    *freeze_id = id;
    return effect_row(tx, TABLE_FREEZES, id);
}
