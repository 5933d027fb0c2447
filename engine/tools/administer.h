/* What the administrative tools have in common: the facts the gate and a second human are shown,
 * who is left to administer after a change, and who may read the registry. */
#ifndef ENGINE_TOOLS_ADMINISTER_H
#define ENGINE_TOOLS_ADMINISTER_H

#include "engine/store/registry.h"
#include "engine/tools/tool.h"

/* The role that reads the registry and its reports and may do nothing; no policy need name it. */
#define ROLE_AUDITOR "auditor"

struct admin_change {
    const char *act;
    const char *object_type, *object_id;
    int64_t version;
    const char *subject; /* the principal whose identity or rights change; NULL: nobody's */
    const struct json *before, *after; /* NULL: nothing was, nothing is left */
    const char *event_type;
};

/* Fills the ask, the bound facts and the event's detail. */
MUST_CHECK struct err administer(struct call *c, const struct admin_change *change);
/* The same for a person of the registry who becomes another. */
MUST_CHECK struct err administer_person(struct call *c, const char *act,
                                        const struct person *before, const struct person *after);
/* It is so already: settles the call, nothing is asked or recorded. */
MUST_CHECK struct err administer_same(struct call *c, const char *member, const char *id);
/* The result of an apply: {<member>: id, changed: true}. */
MUST_CHECK struct err administer_done(struct call *c, const char *member, const char *id);

/* What a change of a person answers. */
struct person_changed {
    const char *principal_id;
    bool changed;
};
#define PERSON_CHANGED_N 2
extern const struct json_field person_changed_fields[PERSON_CHANGED_N];

struct json *person_print(struct arena *arena, const struct person *person);
/* Its roles: an array of {role, entity}, entity being "all" or an id. */
struct json *grants_print(struct arena *arena, const struct person *person);
struct json *client_print(struct arena *arena, const struct client *client);

/* May this person do it in the whole book: active, with a way to show up, and with a role in every
 * entity that the policy grants it for every entity? */
bool person_able(const struct policy *policy, enum action action, const struct person *person);

/* How many people an act of this kind takes: two in prod. */
size_t administrators_needed(const struct call *c);

/* How many people another policy takes under this one: three in prod where that is T3. */
size_t policy_changers_needed(const struct call *c, const struct policy *policy);

/* ERR_CONFLICT, saying why, when this change would leave fewer people than it takes to change the
 * registry or to thaw. `after` is the person as they would be. */
MUST_CHECK struct err administrators_stay(struct call *c, struct tx *tx,
                                          const struct person *after);

/* ERR_AUTH unless the caller is a human who may change the registry, or an auditor of every
 * entity. */
MUST_CHECK struct err registry_readable(struct call *c, struct tx *tx);

/* A name for people to read: UTF-8 without control or invisible characters, not all blanks. NULL
 * when good, else the complaint. */
const char *shown_name_check(const char *text);

#endif
