/* list_registry: people with identities and roles, clients, and the freezes that stand; and
 * list_policies: every version that was proposed or in force, and by whom. For those who administer
 * and for auditors. */
#include "common/sys/json_read.h"
#include "engine/store/escalations.h"
#include "engine/store/policies.h"
#include "engine/tools/administer.h"

/* ---- list_registry ---- */

struct registry {
    const struct json *people, *clients, *freezes;
};

static const struct json_field registry_result[] = {
    JSON_ANY(struct registry, people, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true, .help = "array: principal_id, name, status, identities, roles"),
    JSON_ANY(struct registry, clients, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array: client_id, kind, status, key_sha256, channels, tools"),
    JSON_ANY(struct registry, freezes, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array: freeze_id, scope, value, name, reason, frozen_at, frozen_by"),
};

struct event_head {
    struct arena *arena;
    const char *at, *actor;
};

static struct err head_read(void *arg, const struct audit_row *row)
{
    struct event_head *head = arg;
    struct json *event;
    TRY(json_read(head->arena, str_of(arena_strdup(head->arena, row->event)), NULL, &event));
    head->at = json_get_text(event, "timestamp_utc");
    head->actor = json_get_text(event, "actor_id");
    return OK;
}

static struct err freeze_print(struct call *c, struct tx *tx, const struct freeze *f,
                               struct json *list)
{
    struct json *o = json_object_new(c->arena);
    struct event_head head = {.arena = c->arena};
    const struct audit_filter by_seq = {.after_seq = f->seq - 1, .limit = 1};
    struct principal person;
    int64_t last;
    bool more;
    TRY(audit_query(tx, &by_seq, head_read, &head, &last, &more));
    json_put_text(c->arena, o, "freeze_id", f->freeze_id);
    json_put_text(c->arena, o, "scope", f->scope);
    json_put_text(c->arena, o, "value", f->value);
    if (text_eq(f->scope, "actor") &&
        principal_load(tx, c->arena, f->value, &person).kind == ERR_NONE)
        json_put_text(c->arena, o, "name", person.name);
    json_put_text(c->arena, o, "reason", f->reason);
    json_put_text(c->arena, o, "frozen_at", head.at);
    json_put_text(c->arena, o, "frozen_by", head.actor);
    json_push(c->arena, list, o);
    return arena_check(c->arena);
}

static struct err registry_read(struct call *c, struct tx *tx)
{
    struct json *people = json_array_new(c->arena), *clients = json_array_new(c->arena),
                *freezes = json_array_new(c->arena);
    struct person *persons;
    struct client *programs;
    struct freeze *frozen;
    size_t n;
    TRY(registry_readable(c, tx));
    TRY(people_list(tx, c->arena, &persons, &n));
    for (size_t i = 0; i < n; i++)
        json_push(c->arena, people, person_print(c->arena, &persons[i]));
    TRY(clients_list(tx, c->arena, &programs, &n));
    for (size_t i = 0; i < n; i++)
        json_push(c->arena, clients, client_print(c->arena, &programs[i]));
    TRY(freezes_list(tx, c->arena, &frozen, &n));
    for (size_t i = 0; i < n; i++)
        TRY(freeze_print(c, tx, &frozen[i], freezes));
    const struct registry registry = {people, clients, freezes};
    return json_unbind(c->arena, JSON_FIELDS(registry_result), &registry, &c->result);
}

const struct tool tool_list_registry = {
    .name = "list_registry",
    .title = "List people, clients and freezes",
    .summary = "The registry as it is: people with identities and roles, clients, freezes. For "
               "those who may change it, and for auditors.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .result = registry_result,
    .result_n = sizeof registry_result / sizeof registry_result[0],
    .read = registry_read,
};

/* ---- list_policies ---- */

struct list_policies {
    const char *policy_version;
};

static const struct json_field policies_fields[] = {
    JSON_TEXT(struct list_policies, policy_version, .min = 64, .max = 64,
              .help = "only this one, with its text"),
};

struct policies {
    const char *in_force;
    const struct json *policies;
};

static const struct json_field policies_result[] = {
    JSON_TEXT(struct policies, in_force, .help = "the version in force"),
    JSON_ANY(struct policies, policies, .holds = JSON_TYPE_ARRAY, .each = JSON_TYPE_OBJECT,
             .required = true,
             .help = "array: policy_version, in_force, proposed_at, proposed_by, approved_at, "
                     "approved_by, loaded_at, and while it waits escalation_id and code"),
};

struct version {
    const char *digest;
    struct json *told;
    struct version *next;
};

struct listing {
    struct call *c;
    struct version *first, **end;
};

static struct err version_of(struct listing *l, const char *digest, struct json **told)
{
    struct version *v = l->first;
    while (v != NULL && !text_eq(v->digest, digest))
        v = v->next;
    if (v == NULL) {
        v = ARENA_NEW(l->c->arena, struct version);
        ENSURE(v != NULL, ERR_LIMIT, "out of memory");
        *v = (struct version){.digest = digest, .told = json_object_new(l->c->arena)};
        json_put_text(l->c->arena, v->told, "policy_version", digest);
        *l->end = v;
        l->end = &v->next;
    }
    *told = v->told;
    return arena_check(l->c->arena);
}

static struct err policy_event(void *arg, const struct audit_row *row)
{
    struct listing *l = arg;
    struct arena *arena = l->c->arena;
    const struct list_policies *a = l->c->args;
    struct json *event;
    TRY(json_read(arena, str_of(arena_strdup(arena, row->event)), NULL, &event));
    const char *digest = json_text(json_pointer_get(event, "/object/id"));
    const char *type = json_get_text(event, "event_type"),
               *at = json_get_text(event, "timestamp_utc"),
               *actor = json_get_text(event, "actor_id");
    if (digest == NULL || (a->policy_version != NULL && !text_eq(a->policy_version, digest)))
        return OK;
    struct json *o;
    TRY(version_of(l, digest, &o));
    if (text_eq(type, "POLICY_LOADED")) {
        json_put_text(arena, o, "loaded_at", at);
        return arena_check(arena);
    }
    bool approved = text_eq(type, "POLICY_APPROVED");
    json_put_text(arena, o, approved ? "approved_at" : "proposed_at", at);
    json_put_text(arena, o, approved ? "approved_by" : "proposed_by", actor);
    return arena_check(arena);
}

static struct err version_complete(struct call *c, struct tx *tx, const char *in_force,
                                   struct json *o)
{
    const struct list_policies *a = c->args;
    const char *digest = json_get_text(o, "policy_version"), *text;
    struct escalation e;
    bool waits;
    json_put_bool(c->arena, o, "in_force", text_eq(digest, in_force));
    TRY(escalation_of_object(tx, c->arena, "propose_policy", digest, &waits, &e));
    if (waits) {
        json_put_text(c->arena, o, "escalation_id", e.escalation_id);
        json_put_text(c->arena, o, "code", e.code);
    }
    if (a->policy_version != NULL) {
        TRY(policy_text_load(tx, c->arena, digest, &text));
        json_put_text(c->arena, o, "text", text);
    }
    return arena_check(c->arena);
}

static struct err policies_read(struct call *c, struct tx *tx)
{
    static const char *const types[] = {"POLICY_PROPOSED", "POLICY_APPROVED", "POLICY_LOADED"};
    struct listing l = {.c = c, .end = &l.first};
    struct json *list = json_array_new(c->arena);
    struct policies out = {.policies = list};
    TRY(registry_readable(c, tx));
    TRY(policy_in_force(tx, c->arena, &out.in_force));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct audit_filter filter = {.event_type = types[i], .limit = 1000};
        for (bool more = true; more;)
            TRY(audit_query(tx, &filter, policy_event, &l, &filter.after_seq, &more));
    }
    for (const struct version *v = l.first; v != NULL; v = v->next) {
        TRY(version_complete(c, tx, out.in_force, v->told));
        json_push(c->arena, list, v->told);
    }
    return json_unbind(c->arena, JSON_FIELDS(policies_result), &out, &c->result);
}

const struct tool tool_list_policies = {
    .name = "list_policies",
    .title = "List policies",
    .summary = "Every policy that was proposed or in force, by whom, and what waits for approval.",
    .tier = TIER_T0,
    .run = TOOL_READ,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = policies_fields,
    .fields_n = sizeof policies_fields / sizeof policies_fields[0],
    .args_size = sizeof(struct list_policies),
    .result = policies_result,
    .result_n = sizeof policies_result / sizeof policies_result[0],
    .read = policies_read,
};
