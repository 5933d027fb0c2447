/* The first transaction of a book, and the record of every start. */
#include "engine/call/boot.h"

#include "common/sys/crypt.h"
#include "common/sys/log.h"
#include "common/sys/yaml_read.h"
#include "engine/call/admit.h"
#include "engine/call/sweeper.h"
#include "engine/store/audit.h"
#include "engine/store/log_keys.h"
#include "engine/store/policies.h"
#include "engine/store/tree.h"
#include "engine/tools/run.h"

static const struct actor engine_init = {
    .kind = ACTOR_ENGINE, .id = "engine:init", .backend = "engine"};
static const struct actor engine_serve = {
    .kind = ACTOR_ENGINE, .id = "engine:serve", .backend = "engine"};

/* ---- policy ---- */

struct err policy_parse(struct arena *arena, struct str text, struct policy **policy)
{
    char digest[SHA256_HEX_SIZE];
    struct json *tree;
    sha256_hex(text.at, text.len, digest);
    TRY(yaml_read(arena, text, &tree));
    return policy_load(arena, tree, digest, policy);
}

struct err policy_for_book(struct arena *arena, struct tx *tx, struct str text,
                           struct policy **policy)
{
    struct entity *rows;
    size_t n;
    TRY(policy_parse(arena, text, policy));
    TRY(entities_list(tx, arena, &rows, &n));
    struct policy_entity *entities = ARENA_ARRAY(arena, n + 1, struct policy_entity);
    ENSURE(entities != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        entities[i] = (struct policy_entity){.id = rows[i].entity_id,
                                             .functional_cur = rows[i].functional_currency};
    return policy_bind_entities(arena, *policy, entities, n);
}

struct err policy_now(struct tx *tx, struct arena *arena, struct policy **policy)
{
    const char *digest, *text;
    TRY(policy_in_force(tx, arena, &digest));
    ENSURE(digest != NULL, ERR_MISSING, "the book has no policy in force");
    TRY(policy_text_load(tx, arena, digest, &text));
    return policy_for_book(arena, tx, str_of(text), policy);
}

/* ---- one transaction in the engine's own name ---- */

typedef struct err own_fn(struct tx *tx, void *arg);

static struct err own_call(struct store *store, struct arena *arena, int64_t (*clock_us)(void),
                           own_fn *fn, void *arg)
{
    struct tx tx;
    TRY(store_group_begin(store));
    struct err e = tx_call_begin(store, arena, clock_us(), &tx);
    if (e.kind == ERR_NONE)
        e = fn(&tx, arg);
    if (e.kind == ERR_NONE)
        e = tx_call_keep(&tx);
    if (e.kind == ERR_NONE)
        e = store_group_commit(store);
    if (e.kind != ERR_NONE)
        (void)store_group_abandon(store);
    return e;
}

/* ---- the log's first key ---- */

static struct err first_key(struct tx *tx, struct log_keys *keys, const char *policy)
{
    const struct json *detail;
    const char *origin;
    TRY(log_origin(tx, tx->arena, &origin));
    TRY(log_keys_rotate(keys, tx, false, &detail));
    const struct event rotated = {.type = "KEY_ROTATED",
                                  .actor = &engine_init,
                                  .policy_version = policy,
                                  .object_type = "log_key",
                                  .object_id = origin,
                                  .detail = detail};
    return audit_append(tx, &rotated);
}

static struct err first_key_of(struct tx *tx, void *arg)
{
    struct log_key_event now;
    const char *digest;
    bool found;
    ENSURE(store_head(tx->store)->seq > 0, ERR_MISSING,
           "the book is empty: run closegate-engine init first");
    TRY(log_key_now(tx, tx->arena, &found, &now));
    ENSURE(!found, ERR_CONFLICT, "the book has a log key already; keys rotate gives it another");
    TRY(policy_in_force(tx, tx->arena, &digest));
    return first_key(tx, arg, digest);
}

struct err book_first_key(struct store *store, struct log_keys *keys, int64_t (*clock_us)(void),
                          struct arena *arena)
{
    TRY(tree_build(store));
    TRY(own_call(store, arena, clock_us, first_key_of, keys));
    return log_keys_use(keys, store, arena);
}

/* ---- the first transaction ---- */

static struct err person_put(struct tx *tx, const struct boot_person *p)
{
    const char *id = tx_new_id(tx, "prn");
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    TRY(principal_put(tx, id, p->name, true));
    for (size_t i = 0; i < p->identities_n; i++)
        TRY(identity_link(tx, id, p->identities[i].kind, p->identities[i].issuer,
                          p->identities[i].subject));
    for (size_t i = 0; i < p->roles_n; i++)
        TRY(role_grant(tx, id, p->roles[i].role, p->roles[i].entity));
    return OK;
}

static struct json *proof_detail(struct arena *arena, const struct json *proof)
{
    struct json *detail = proof == NULL ? NULL : json_object_new(arena);
    if (detail != NULL)
        json_put(arena, detail, "proof", proof);
    return detail;
}

static struct err book_begin(struct tx *tx, const struct boot_spec *spec, const char *digest)
{
    struct json *detail = json_object_new(tx->arena);
    bool is_new;
    TRY(policy_keep(tx, digest, spec->policy_text, &is_new));
    for (size_t i = 0; i < spec->people_n; i++)
        TRY(person_put(tx, &spec->people[i]));
    for (size_t i = 0; i < spec->clients_n; i++)
        TRY(client_put(tx, &spec->clients[i]));
    json_put_text(tx->arena, detail, "schema_sha256", store_schema_digest(tx->store));
    json_put_text(tx->arena, detail, "env", spec->prod ? "prod" : "dev");
    const struct event created = {.type = "BOOK_CREATED",
                                  .actor = &engine_init,
                                  .policy_version = digest,
                                  .object_type = "book",
                                  .detail = detail};
    TRY(audit_append(tx, &created));
    if (spec->log_keys != NULL)
        TRY(first_key(tx, spec->log_keys, digest));
    const struct event loaded = {.type = "POLICY_LOADED",
                                 .actor = &engine_init,
                                 .policy_version = digest,
                                 .object_type = "policy",
                                 .object_id = digest,
                                 .object_version = 1,
                                 .detail = proof_detail(tx->arena, spec->proof)};
    return audit_append(tx, &loaded);
}

static struct err mapping_put(struct tx *tx, const struct mapping *m)
{
    struct str text;
    enum put put;
    TRY(mapping_print(tx->arena, m, &text));
    const struct source_def source = {.source_id = m->id,
                                      .entity_id = m->entity,
                                      .account_id = m->account,
                                      .side = (enum side)m->side,
                                      .mapping = text.at};
    return source_put(tx, &source, &put);
}

static struct err master_put(struct tx *tx, const struct master *m, struct json *detail)
{
    enum put put;
    for (size_t i = 0; i < m->entities_n; i++)
        TRY(entity_put(tx, &m->entities[i], &put));
    for (size_t i = 0; i < m->accounts_n; i++)
        TRY(account_put(tx, &m->accounts[i], &put));
    for (size_t i = 0; i < m->counterparties_n; i++)
        TRY(counterparty_put(tx, &m->counterparties[i], &put));
    for (size_t i = 0; i < m->balances_n; i++)
        TRY(ledger_balance_put(tx, &m->balances[i], &put));
    for (size_t i = 0; i < m->mappings_n; i++)
        TRY(mapping_put(tx, &m->mappings[i]));
    json_put_int(tx->arena, detail, "entities", (int64_t)m->entities_n);
    json_put_int(tx->arena, detail, "accounts", (int64_t)m->accounts_n);
    json_put_int(tx->arena, detail, "counterparties", (int64_t)m->counterparties_n);
    json_put_int(tx->arena, detail, "balances", (int64_t)m->balances_n);
    json_put_int(tx->arena, detail, "sources", (int64_t)m->mappings_n);
    return arena_check(tx->arena);
}

static struct err book_seed(struct tx *tx, const struct boot_spec *spec, const char *digest)
{
    struct json *detail = json_object_new(tx->arena);
    if (spec->master == NULL)
        return OK;
    TRY(master_put(tx, spec->master, detail));
    json_put_text(tx->arena, detail, "company", spec->demo ? "demo" : "own");
    const struct event seeded = {.type = "SEEDED",
                                 .actor = &engine_init,
                                 .policy_version = digest,
                                 .object_type = "book",
                                 .detail = detail};
    return audit_append(tx, &seeded);
}

static struct err create(struct tx *tx, void *arg)
{
    const struct boot_spec *spec = arg;
    char digest[SHA256_HEX_SIZE];
    struct policy *policy;
    ENSURE(store_head(tx->store)->seq == 0, ERR_CONFLICT, "the book exists already");
    sha256_hex(spec->policy_text.at, spec->policy_text.len, digest);
    TRY(book_begin(tx, spec, digest));
    TRY(book_seed(tx, spec, digest));
    /* A policy that does not hold for these entities would keep the engine from starting. */
    return policy_for_book(tx->arena, tx, spec->policy_text, &policy);
}

struct err book_create(struct store *store, const struct boot_spec *spec, int64_t (*clock_us)(void),
                       struct arena *arena)
{
    struct boot_spec copy = *spec;
    return own_call(store, arena, clock_us, create, &copy);
}

/* ---- every start ---- */

struct starting {
    const struct boot_start *start;
    struct policy *policy;
    struct json *proof; /* of that policy, for the event that begins this process */
    struct arena *arena;
    int64_t last_event_us; /* of the process before */
    bool inert;
};

/* What an older gate let through may be what this one refuses. */
static struct err policy_taken(struct tx *tx, struct starting *s, struct str text)
{
    TRY(policy_for_book(s->arena, tx, text, &s->policy));
    return policy_admit(s->arena, tx, text, s->policy, &s->proof);
}

/* Who is told of it looks at the file otherwise. */
static struct err not_the_files(const struct starting *s, const char *in_force, struct err e)
{
    return err_fmt(s->arena, e.kind, NULL, "the policy in force (%s), not the file: %s%s%s",
                   in_force, e.where == NULL ? "" : e.where, e.where == NULL ? "" : ": ", e.msg);
}

static struct err policy_decide(struct tx *tx, struct starting *s)
{
    const char *in_force, *text;
    char digest[SHA256_HEX_SIZE];
    bool is_new;
    sha256_hex(s->start->policy_text.at, s->start->policy_text.len, digest);
    TRY(policy_in_force(tx, s->arena, &in_force));
    if (!text_eq(in_force, digest) && s->start->prod && in_force != NULL) {
        s->inert = true;
        TRY(policy_text_load(tx, s->arena, in_force, &text));
        struct err e = policy_taken(tx, s, str_of(text));
        return e.kind == ERR_NONE ? OK : not_the_files(s, in_force, e);
    }
    TRY(policy_taken(tx, s, s->start->policy_text));
    if (text_eq(in_force, digest))
        return OK;
    TRY(policy_keep(tx, digest, s->start->policy_text, &is_new));
    struct json *detail = json_object_new(tx->arena);
    json_put_known(tx->arena, detail, "replaces", in_force);
    json_put(tx->arena, detail, "proof", s->proof);
    const struct event loaded = {.type = "POLICY_LOADED",
                                 .actor = &engine_serve,
                                 .policy_version = s->policy->digest,
                                 .object_type = "policy",
                                 .object_id = s->policy->digest,
                                 .object_version = 1,
                                 .detail = detail};
    return audit_append(tx, &loaded);
}

static struct err started(struct tx *tx, void *arg)
{
    struct starting *s = arg;
    ENSURE(store_head(tx->store)->seq > 0, ERR_MISSING,
           "the book is empty: run closegate-engine init first");
    s->last_event_us = store_head(tx->store)->timestamp_us;
    TRY(policy_decide(tx, s));
    struct json *detail = json_object_new(tx->arena);
    json_put_text(tx->arena, detail, "config_sha256", s->start->config_sha256);
    json_put_text(tx->arena, detail, "binary_sha256", s->start->binary_sha256);
    json_put_text(tx->arena, detail, "schema_sha256", store_schema_digest(tx->store));
    json_put_text(tx->arena, detail, "env", s->start->prod ? "prod" : "dev");
    json_put_bool(tx->arena, detail, "policy_file_inert", s->inert);
    json_put(tx->arena, detail, "proof", s->proof);
    json_put_int(tx->arena, detail, "seconds_since_last_event",
                 (tx->now_us - s->last_event_us) / 1000000);
    const struct event event = {.type = "ENGINE_STARTED",
                                .actor = &engine_serve,
                                .policy_version = s->policy->digest,
                                .object_type = "engine",
                                .detail = detail};
    return audit_append(tx, &event);
}

/* What a process that died left behind, before the first caller is heard. A sweep that fails or is
 * denied (a freeze) is tried again by the sweeper; it keeps nobody from starting. */
static struct err recover(struct store *store, const struct starting *s, int64_t (*clock_us)(void))
{
    static const struct tool *const recovery[] = {&tool_sweep_runs, NULL};
    const struct sweeper_options options = {
        .prod = s->start->prod, .sweeps = recovery, .engine_id = "engine:recovery"};
    struct sweep_report report;
    TRY(sweep_book(store, &options, s->policy, clock_us, s->arena, &report));
    if (report.failed > 0)
        log_error("what a dead process left behind could not be swept", LOG_ERR(report.why),
                  LOG_END);
    return OK;
}

struct err engine_start(struct store *store, const struct boot_start *start,
                        int64_t (*clock_us)(void), struct arena *arena, struct policy **policy,
                        bool *inert)
{
    struct starting s = {.start = start, .arena = arena};
    struct err e = own_call(store, arena, clock_us, started, &s);
    *inert = s.inert;
    TRY(e);
    TRY(recover(store, &s, clock_us));
    *policy = s.policy;
    return OK;
}
