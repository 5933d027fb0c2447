/* config_snapshot.json: which program on which schema with which settings, now and at each start of
 * the period. No setting of the engine is a secret; private keys are in files that are not read. */
#include <string.h>

#include "common/sys/db.h"
#include "common/sys/witness_list.h"
#include "engine/cli/binary.h"
#include "engine/cli/pbc.h"
#include "engine/gate/gate.h"

#ifndef CLOSEGATE_VERSION
#define CLOSEGATE_VERSION "0"
#endif

static const struct json *list_print(struct arena *arena, const struct setting_list *list)
{
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < list->n; i++)
        json_push(arena, array, json_text_new(arena, list->items[i]));
    return array;
}

/* Paths are of one machine and its keeper's business: the log's place says nothing of its content.
 */
static struct json *settings_print(struct arena *arena, const struct config *c)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "CLOSEGATE_ENV", c->env == CONFIG_PROD ? "prod" : "dev");
    json_put_text(arena, o, "CLOSEGATE_AUTH_BACKEND",
                  c->auth_backend == CONFIG_AUTH_OIDC  ? "oidc"
                  : c->auth_backend == CONFIG_AUTH_DEV ? "dev"
                                                       : "header-trust");
    json_put_text(arena, o, "CLOSEGATE_ENGINE_AUDIENCE", c->engine_audience);
    json_put_text(arena, o, "CLOSEGATE_OIDC_ISSUER", c->oidc_issuer);
    json_put(arena, o, "CLOSEGATE_OIDC_ACR", list_print(arena, &c->oidc_acr));
    json_put(arena, o, "CLOSEGATE_ALLOWED_ORIGINS", list_print(arena, &c->allowed_origins));
    json_put(arena, o, "CLOSEGATE_ALLOWED_HOSTS", list_print(arena, &c->allowed_hosts));
    json_put_int(arena, o, "CLOSEGATE_CLOCK_JUMP_SECONDS", c->clock_jump_seconds);
    json_put_int(arena, o, "CLOSEGATE_SWEEP_SECONDS", c->sweep_seconds);
    json_put_text(arena, o, "CLOSEGATE_RECEIPTS", c->receipts == CONFIG_RECEIPTS_ON ? "on" : "off");
    json_put(arena, o, "CLOSEGATE_WITNESSES", list_print(arena, &c->witnesses));
    json_put_text(arena, o, "CLOSEGATE_WITNESS_MODE",
                  c->witness_mode == WITNESS_REQUIRED ? "required" : "advisory");
    json_put_int(arena, o, "CLOSEGATE_WITNESS_QUORUM", c->witness_quorum);
    json_put_int(arena, o, "CLOSEGATE_WITNESS_MAX_AGE", c->witness_max_age);
    json_put_text(arena, o, "CLOSEGATE_FX_ADAPTER", "fixed");
    json_put_text(arena, o, "CLOSEGATE_FX_ADAPTER_PROD_GUARD",
                  c->fx_adapter_prod_guard == CONFIG_GUARD_REFUSE ? "refuse" : "warn");
    return o;
}

static struct err file_print(struct pbc *p, struct json **out)
{
    static const char *const names[] = {"application_id", "user_version", "page_size",
                                        "auto_vacuum"};
    *out = json_object_new(p->arena);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int64_t value;
        TRY(db_pragma_look(p->book.tx.db, names[i], &value));
        json_put_int(p->arena, *out, names[i], value);
    }
    json_put_text(p->arena, *out, "journal_mode", "wal"); /* else the book does not open */
    return arena_check(p->arena);
}

struct err pbc_config(struct pbc *p)
{
    struct json *o = json_object_new(p->arena), *starts, *schema, *pragmas;
    const char *binary = binary_digest(p->arena);
    TRY(pbc_rows(p, p->arena, PBC_ENGINE_STARTS, NULL, &starts));
    TRY(pbc_rows(p, p->arena, PBC_SCHEMA, NULL, &schema));
    TRY(file_print(p, &pragmas));
    json_put_text(p->arena, o, "version", "closegate-engine " CLOSEGATE_VERSION);
    json_put_text(p->arena, o, "binary_sha256", binary);
    json_put_int(p->arena, o, "gate_version", GATE_VERSION);
    json_put_int(p->arena, o, "gate_input_schema", ASK_SCHEMA);
    json_put(p->arena, o, "settings", settings_print(p->arena, cli_config(p->cli)));
    json_put_text(p->arena, o, "settings_sha256", config_digest(p->arena, cli_config(p->cli)));
    json_put_text(p->arena, o, "policy_in_force", p->asker->policy->digest);
    json_put_text(p->arena, o, "schema_sha256", store_schema_digest(p->book.store));
    json_put(p->arena, o, "pragmas", pragmas);
    json_put(p->arena, o, "schema", schema);
    json_put(p->arena, o, "starts", starts);
    TRY(arena_check(p->arena));
    pbc_answer(p, "config_snapshot.json", NULL, pbc_text(PBC_ENGINE_STARTS),
               (int64_t)starts->count);
    TRY(pbc_json(p, "config_snapshot.json", o, NULL));
    return p->scoped ? OK : pbc_csv(p, "engine_starts.csv", PBC_ENGINE_STARTS);
}
