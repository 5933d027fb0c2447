/* Administration: facts and guards that the tools share. */
#include "engine/tools/administer.h"

#include <string.h>

#include "common/sys/crypt.h"

/* ---- a change ---- */

struct err administer(struct call *c, const struct admin_change *change)
{
    struct json *facts = json_object_new(c->arena);
    struct json *nothing = json_null_new(c->arena);
    json_put_text(c->arena, facts, "act", change->act);
    json_put(c->arena, facts, "before", change->before == NULL ? nothing : change->before);
    json_put(c->arena, facts, "after", change->after == NULL ? nothing : change->after);
    c->object_type = c->ask.object_type = change->object_type;
    c->object_id = c->ask.object_id = change->object_id;
    c->ask.object_version = change->version;
    c->ask.state_valid = true;
    c->ask.subject = change->subject;
    c->bound = facts;
    c->detail = facts;
    c->event_type = change->event_type;
    return arena_check(c->arena);
}

struct err administer_person(struct call *c, const char *act, const struct person *before,
                             const struct person *after)
{
    const struct admin_change change = {
        .act = act,
        .object_type = "principal",
        .object_id = before->base.principal_id,
        .version = before->base.version,
        .subject = before->base.principal_id,
        .before = person_print(c->arena, before),
        .after = person_print(c->arena, after),
        .event_type = "REGISTRY_CHANGED",
    };
    return administer(c, &change);
}

const struct json_field person_changed_fields[PERSON_CHANGED_N] = {
    JSON_TEXT(struct person_changed, principal_id, .help = "the person"),
    JSON_BOOL(struct person_changed, changed, .help = "false: it was so already"),
};

static struct err result_put(struct call *c, const char *member, const char *id, bool changed)
{
    c->result = json_object_new(c->arena);
    json_put_text(c->arena, c->result, "status", "ok");
    json_put_text(c->arena, c->result, member, id);
    json_put_bool(c->arena, c->result, "changed", changed);
    return arena_check(c->arena);
}

struct err administer_same(struct call *c, const char *member, const char *id)
{
    c->outcome = CALL_OK;
    return result_put(c, member, id, false);
}

struct err administer_done(struct call *c, const char *member, const char *id)
{
    return result_put(c, member, id, true);
}

/* ---- as people read them ---- */

static struct json *identities_print(struct arena *arena, const struct person *person)
{
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < person->identities_n; i++) {
        const struct identity *identity = &person->identities[i];
        struct json *o = json_object_new(arena);
        json_put_text(arena, o, "kind", identity->kind);
        if (!text_empty(identity->issuer))
            json_put_text(arena, o, "issuer", identity->issuer);
        json_put_text(arena, o, "subject", identity->subject);
        json_push(arena, list, o);
    }
    return list;
}

struct json *grants_print(struct arena *arena, const struct person *person)
{
    struct json *roles = json_array_new(arena);
    for (size_t i = 0; i < person->grants_n; i++) {
        struct json *grant = json_object_new(arena);
        const char *entity = person->grants[i].entity;
        json_put_text(arena, grant, "role", person->grants[i].role);
        json_put_text(arena, grant, "entity", entity == NULL ? "all" : entity);
        json_push(arena, roles, grant);
    }
    return roles;
}

struct json *person_print(struct arena *arena, const struct person *person)
{
    struct json *o = json_object_new(arena);
    json_put_known(arena, o, "principal_id", person->base.principal_id);
    json_put_text(arena, o, "name", person->base.name);
    json_put_text(arena, o, "status", person->base.active ? "active" : "disabled");
    json_put(arena, o, "identities", identities_print(arena, person));
    json_put(arena, o, "roles", grants_print(arena, person));
    return o;
}

struct json *client_print(struct arena *arena, const struct client *client)
{
    struct json *o = json_object_new(arena), *channels = json_array_new(arena),
                *names = json_array_new(arena);
    char print[SHA256_HEX_SIZE];
    sha256_hex(client->public_key, sizeof client->public_key, print);
    for (unsigned i = CHANNEL_WEB; i <= CHANNEL_CLI; i++) {
        if ((client->channels & (1u << i)) != 0)
            json_push(arena, channels, json_text_new(arena, channel_name((enum channel)i)));
    }
    for (size_t i = 0; i < client->tools_n; i++)
        json_push(arena, names, json_text_new(arena, client->tools[i]));
    json_put_text(arena, o, "client_id", client->client_id);
    json_put_text(arena, o, "name", client->name);
    json_put_text(arena, o, "kind", client_kind_name(client->kind));
    json_put_text(arena, o, "status", client->active ? "active" : "disabled");
    json_put_text(arena, o, "key_sha256", client->has_key ? print : NULL);
    json_put(arena, o, "channels", channels);
    json_put(arena, o, "tools", client->tools == NULL ? json_null_new(arena) : names);
    return o;
}

/* ---- who is left ---- */

static bool role_covers(const struct policy *policy, enum action action, const char *role)
{
    for (size_t i = 0; i < policy->authority_n; i++) {
        const struct policy_authority *g = &policy->authority[i];
        if (text_eq(g->role, role) && g->entities_n == 0 &&
            (g->actions & (UINT64_C(1) << action)) != 0)
            return true;
    }
    return false;
}

bool person_able(const struct policy *policy, enum action action, const struct person *person)
{
    if (!person->base.active || person->identities_n == 0)
        return false;
    for (size_t i = 0; i < person->grants_n; i++) {
        const struct grant *grant = &person->grants[i];
        if (grant->entity == NULL && !text_eq(grant->role, "engine") &&
            role_covers(policy, action, grant->role))
            return true;
    }
    return false;
}

size_t administrators_needed(const struct call *c)
{
    return c->prod ? 2 : 1;
}

size_t policy_changers_needed(const struct call *c, const struct policy *policy)
{
    return c->prod && policy->policy_change_t3 ? 3 : administrators_needed(c);
}

/* How many there are who could, and how many there would be. */
static void able_count(const struct call *c, enum action action, const struct person *people,
                       size_t n, const struct person *after, size_t *before_n, size_t *after_n)
{
    *before_n = *after_n = 0;
    for (size_t i = 0; i < n; i++) {
        bool it = text_eq(people[i].base.principal_id, after->base.principal_id);
        *before_n += person_able(c->policy, action, &people[i]);
        *after_n += person_able(c->policy, action, it ? after : &people[i]);
    }
}

struct err administrators_stay(struct call *c, struct tx *tx, const struct person *after)
{
    static const struct {
        enum action action;
        const char *words;
    } guarded[] = {{ACTION_CHANGE_REGISTRY, "change the registry"},
                   {ACTION_THAW, "thaw"},
                   {ACTION_CHANGE_POLICY, "change the policy"}};
    struct person *people;
    const size_t three = policy_changers_needed(c, c->policy);
    size_t n;
    TRY(people_list(tx, c->arena, &people, &n));
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        bool policy = guarded[i].action == ACTION_CHANGE_POLICY;
        size_t before_n, after_n, needed = policy ? three : administrators_needed(c);
        if (policy && three < 3)
            continue; /* who may change the registry may grant that, too */
        able_count(c, guarded[i].action, people, n, after, &before_n, &after_n);
        if (after_n < before_n && after_n < needed)
            return err_fmt(c->arena, ERR_CONFLICT, NULL,
                           "this would leave %zu who may %s where it takes %zu: let somebody else "
                           "do so first",
                           after_n, guarded[i].words, needed);
    }
    return OK;
}

/* ---- who may read ---- */

struct err registry_readable(struct call *c, struct tx *tx)
{
    struct person self;
    ENSURE(c->actor.kind == ACTOR_HUMAN && c->actor.principal != NULL, ERR_AUTH,
           "the registry is read by people who may change it, and by auditors");
    TRY(person_load(tx, c->arena, c->actor.principal, &self));
    ENSURE(self.base.active, ERR_AUTH, "this person is disabled");
    for (size_t i = 0; i < self.grants_n; i++) {
        if (self.grants[i].entity == NULL && text_eq(self.grants[i].role, ROLE_AUDITOR))
            return OK;
    }
    ENSURE(person_able(c->policy, ACTION_CHANGE_REGISTRY, &self), ERR_AUTH,
           "the registry is read by people who may change it, and by auditors (role auditor, every "
           "entity)");
    return OK;
}

const char *shown_name_check(const char *text)
{
    struct str rest = str_of(text);
    bool blank = true;
    while (rest.len > 0) {
        uint32_t cp;
        size_t step = utf8_next(rest.at, rest.len, &cp);
        bool control = cp < 0x20 || (cp >= 0x7F && cp <= 0xA0) || cp == 0xAD ||
                       (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x2028 && cp <= 0x202E) ||
                       (cp >= 0x2060 && cp <= 0x206F) || cp == 0xFEFF;
        if (step == 0 || control)
            return "control and invisible characters are not allowed";
        blank &= cp == ' ';
        rest.at += step;
        rest.len -= step;
    }
    return blank ? "expected a name" : NULL;
}
