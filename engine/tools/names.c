/* Names beside ids. */
#include "engine/tools/names.h"

#include "common/sys/json_read.h"
#include "engine/store/master.h"

/* What is not there has no name; any other error goes up. */
static struct err there(struct err e, bool *yes)
{
    *yes = e.kind == ERR_NONE;
    return e.kind == ERR_MISSING ? OK : e;
}

static struct err person_name(struct call *c, struct tx *tx, const char *actor, const char **name)
{
    struct actor_id id;
    struct principal p;
    bool known = false;
    *name = NULL;
    if (actor_parse(str_of(actor), &id).kind != ERR_NONE || id.kind != ACTOR_HUMAN)
        return OK;
    TRY(there(identity_find(tx, c->arena, "actor", "", actor_name(&id), &p), &known));
    if (known)
        *name = p.name;
    return OK;
}

struct err actor_print(struct call *c, struct tx *tx, const char *actor, const char *on_behalf_of,
                       struct json **out)
{
    struct json *o = *out = json_object_new(c->arena), *of = json_object_new(c->arena);
    struct principal p;
    const char *name;
    bool known;
    TRY(person_name(c, tx, actor, &name));
    json_put_text(c->arena, o, "actor", actor);
    json_put_known(c->arena, o, "name", name);
    if (on_behalf_of == NULL)
        return arena_check(c->arena);
    TRY(there(principal_load(tx, c->arena, on_behalf_of, &p), &known));
    json_put_text(c->arena, of, "principal_id", on_behalf_of);
    if (known)
        json_put_text(c->arena, of, "name", p.name);
    json_put(c->arena, o, "on_behalf_of", of);
    return arena_check(c->arena);
}

struct err principal_name(struct call *c, struct tx *tx, const char *principal_id,
                          const char **name)
{
    struct principal p;
    bool known;
    TRY(there(principal_load(tx, c->arena, principal_id, &p), &known));
    *name = known ? p.name : NULL;
    return OK;
}

struct err entity_print(struct call *c, struct tx *tx, const char *entity_id, struct json **out)
{
    struct json *o = *out = json_object_new(c->arena);
    struct entity e;
    bool known;
    TRY(there(entity_load(tx, c->arena, entity_id, &e), &known));
    json_put_text(c->arena, o, "entity_id", entity_id);
    if (known) {
        json_put_text(c->arena, o, "name", e.name);
        json_put_text(c->arena, o, "currency", e.functional_currency);
        json_put_text(c->arena, o, "zone", e.zone);
    }
    return arena_check(c->arena);
}

struct err account_print(struct call *c, struct tx *tx, const char *const *entities, size_t n,
                         const char *account_id, struct json **out)
{
    struct json *o = *out = json_object_new(c->arena);
    struct account a;
    bool known = false;
    for (size_t i = 0; i < n && !known; i++)
        TRY(there(account_load(tx, c->arena, entities[i], account_id, &a), &known));
    json_put_text(c->arena, o, "account_id", account_id);
    if (known) {
        json_put_text(c->arena, o, "name", a.name);
        json_put_text(c->arena, o, "class", a.class_);
        json_put_bool(c->arena, o, "reconciled", a.reconciled);
    }
    return arena_check(c->arena);
}

struct one_event {
    struct arena *arena;
    struct json *event;
};

static struct err event_take(void *arg, const struct audit_row *row)
{
    static const struct json_limits limits = {
        .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};
    struct one_event *e = arg;
    return json_read(e->arena, str_of(row->event), &limits, &e->event);
}

struct err event_print_head(struct call *c, struct tx *tx, int64_t seq, struct json **out)
{
    const struct audit_filter filter = {.after_seq = seq - 1, .limit = 1};
    struct one_event e = {.arena = c->arena};
    struct json *o = *out = json_object_new(c->arena), *by;
    int64_t last;
    bool more;
    TRY(audit_query(tx, &filter, event_take, &e, &last, &more));
    ENSURE(last == seq && e.event != NULL, ERR_STORE, "an event is missing; run audit verify");
    const char *actor = json_get_text(e.event, "actor_id");
    TRY(actor_print(c, tx, actor == NULL ? "" : actor, json_get_text(e.event, "on_behalf_of"),
                    &by));
    json_put_int(c->arena, o, "seq", seq);
    json_put_known(c->arena, o, "event_type", json_get_text(e.event, "event_type"));
    json_put_known(c->arena, o, "at", json_get_text(e.event, "timestamp_utc"));
    json_put(c->arena, o, "by", by);
    json_put_known(c->arena, o, "tool", json_get_text(e.event, "tool"));
    json_put_known(c->arena, o, "rationale", json_get_text(e.event, "rationale"));
    return arena_check(c->arena);
}
