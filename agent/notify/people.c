/* The people who have signed in are asked of the registry, one by one. */
#include "agent/notify/people.h"

#include <string.h>

#include "agent/store/chat.h"
#include "agent/store/people.h"

#define CONTACTS_MAX 500

struct asking {
    const struct json *doc, *to, *assigned; /* whose attention was asked for, who has it now */
    const char *entity_id;
    bool everybody; /* with a role in the entity: nobody in particular is asked for */
};

/* `member` is "principal" or "role". */
static bool is_asked(const struct asking *a, const char *member, const char *who)
{
    for (size_t i = 0; json_is(a->to, JSON_TYPE_ARRAY) && i < a->to->count; i++) {
        if (text_eq(json_get_text(a->to->items[i], member), who))
            return true;
    }
    return a->assigned != NULL && text_eq(json_get_text(a->assigned, member), who);
}

static bool role_is_asked(const struct asking *a, const char *role)
{
    if (a->everybody)
        return !text_eq(role, "auditor"); /* who only reads is not reminded */
    return is_asked(a, "role", role);
}

static bool has_role(const struct asking *a, const struct json *roles)
{
    for (size_t i = 0; json_is(roles, JSON_TYPE_ARRAY) && i < roles->count; i++) {
        const char *entity = json_get_text(roles->items[i], "entity");
        const char *role = json_get_text(roles->items[i], "role");
        if (role != NULL && (text_eq(entity, "all") || text_eq(entity, a->entity_id)) &&
            role_is_asked(a, role))
            return true;
    }
    return false;
}

/* They may not decide it: another does. */
static bool asked_for_it(const struct json *doc, const char *actor)
{
    const struct json *parties = json_get(doc, "parties");
    bool did = text_eq(json_get_text(doc, "requester"), actor);
    for (size_t i = 0; json_is(parties, JSON_TYPE_ARRAY) && i < parties->count; i++)
        did |= text_eq(json_get_text(parties->items[i], "role"), "requester") &&
               text_eq(json_get_text(parties->items[i], "actor"), actor);
    return did;
}

static struct err wants(struct deliverer *w, struct arena *arena, const struct asking *a,
                        const struct contact *c, bool *yes)
{
    static const char human[] = "human:";
    struct person person;
    bool chats = false;
    *yes = false;
    if (asked_for_it(a->doc, c->actor))
        return OK;
    if (w->config->slack_bot_token != NULL)
        TRY(chat_person_find(w->db, c->principal_id, &chats));
    if (chats || strncmp(c->actor, human, sizeof human - 1) != 0)
        return OK;
    struct err e = deliver_whois(w, arena, "actor", c->actor + sizeof human - 1, &person);
    if (e.kind == ERR_MISSING || e.kind == ERR_AUTH)
        return OK; /* no longer one of us */
    TRY(e);
    *yes = is_asked(a, "principal", c->principal_id) || has_role(a, person.roles);
    return OK;
}

static struct err document(struct deliverer *w, struct arena *arena, const char *escalation_id,
                           const struct json **doc)
{
    const struct mcpc_actor service = mcpc_service(w->agent->engine);
    const char *uri = arena_fmt(arena, "recon://escalations/%s", escalation_id);
    TRY(arena_check(arena));
    return mcpc_read_json(w->mcpc, arena, &service, uri, doc);
}

struct err people_to_tell(void *ctx, struct arena *arena, const char *escalation_id,
                          const char *event_type, const char ***out, size_t *n)
{
    struct deliverer *w = ctx;
    struct asking a = {0};
    struct contact *contacts;
    size_t contacts_n;
    *n = 0;
    struct err e = document(w, arena, escalation_id, &a.doc);
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    a.to = json_get(a.doc, "to");
    a.assigned = json_get(a.doc, "assigned_to");
    a.entity_id = json_get_text(a.doc, "entity_id");
    const bool nobody = a.assigned == NULL && (!json_is(a.to, JSON_TYPE_ARRAY) || a.to->count == 0);
    a.everybody = nobody && text_eq(event_type, "ESCALATION_REMINDED");
    if (nobody && !a.everybody)
        return OK; /* the chat apps and the inbox say it; nobody in particular is asked */
    TRY(contacts_list(w->db, arena, CONTACTS_MAX, &contacts, &contacts_n));
    *out = ARENA_ARRAY(arena, contacts_n, const char *);
    TRY(arena_check(arena));
    for (size_t i = 0; i < contacts_n; i++) {
        bool yes;
        TRY(wants(w, arena, &a, &contacts[i], &yes));
        if (yes)
            (*out)[(*n)++] = contacts[i].principal_id;
    }
    return OK;
}
