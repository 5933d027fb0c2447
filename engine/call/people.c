/* people.yaml: who is there when a book begins. */
#include "common/sys/yaml_read.h"
#include "engine/call/boot.h"

struct role_line {
    const char *role;
    const struct json *entities;
};
struct identity_line {
    const char *kind, *issuer, *subject;
};
struct person_line {
    const char *id, *name, *title;
    struct role_line *roles;
    size_t roles_n;
    struct identity_line *identities;
    size_t identities_n;
};
struct people_file {
    struct person_line *people;
    size_t people_n;
};

static const struct json_field role_fields[] = {
    JSON_TEXT(struct role_line, role, .required = true, .max = 64, .help = "a role of the policy"),
    JSON_ANY(struct role_line, entities, .required = true, .help = "all, or a list of entity ids"),
};
static const struct json_field identity_fields[] = {
    JSON_TEXT(struct identity_line, kind, .required = true, .max = 16,
              .help = "oidc, header, slack, os or actor"),
    JSON_TEXT(struct identity_line, issuer, .def_text = "", .min = -1, .max = 300),
    JSON_TEXT(struct identity_line, subject, .required = true, .max = 300),
};
static const struct json_field person_fields[] = {
    JSON_TEXT(struct person_line, id, .required = true, .max = 64, .help = "as in human:<id>"),
    JSON_TEXT(struct person_line, name, .required = true, .max = 200),
    JSON_TEXT(struct person_line, title, .max = 200),
    JSON_OBJECTS(struct person_line, roles, roles_n, role_fields, .required = true),
    JSON_OBJECTS(struct person_line, identities, identities_n, identity_fields),
};
static const struct json_field file_fields[] = {
    JSON_OBJECTS(struct people_file, people, people_n, person_fields, .required = true, .min = 1),
};

static struct err roles_of(struct arena *arena, const struct person_line *line,
                           struct boot_person *p)
{
    size_t n = 0;
    for (size_t i = 0; i < line->roles_n; i++)
        n += json_is(line->roles[i].entities, JSON_TYPE_ARRAY) ? line->roles[i].entities->count : 1;
    p->roles = ARENA_ARRAY(arena, n + 1, struct boot_role);
    ENSURE(p->roles != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < line->roles_n; i++) {
        const struct json *e = line->roles[i].entities;
        if (text_eq(json_text(e), "all")) {
            p->roles[p->roles_n++] = (struct boot_role){.role = line->roles[i].role};
            continue;
        }
        ENSURE(json_is(e, JSON_TYPE_ARRAY), ERR_INPUT, "entities: expected all, or a list of ids");
        for (size_t k = 0; k < e->count; k++) {
            ENSURE(json_text(e->items[k]) != NULL, ERR_INPUT, "entities: expected entity ids");
            p->roles[p->roles_n++] =
                (struct boot_role){.role = line->roles[i].role, .entity = json_text(e->items[k])};
        }
    }
    return OK;
}

static struct err identities_of(struct arena *arena, const struct person_line *line,
                                struct boot_person *p)
{
    p->identities = ARENA_ARRAY(arena, line->identities_n + 1, struct boot_identity);
    ENSURE(p->identities != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < line->identities_n; i++)
        p->identities[p->identities_n++] =
            (struct boot_identity){.kind = line->identities[i].kind,
                                   .issuer = line->identities[i].issuer,
                                   .subject = line->identities[i].subject};
    if (p->identities_n == 0)
        p->identities[p->identities_n++] =
            (struct boot_identity){.kind = "actor", .issuer = "", .subject = line->id};
    return OK;
}

struct err people_read(struct arena *arena, struct str yaml, struct boot_person **people, size_t *n)
{
    struct json *tree;
    struct people_file file;
    TRY(yaml_read(arena, yaml, &tree));
    TRY(json_bind(arena, JSON_FIELDS(file_fields), tree, &file));
    *people = ARENA_ARRAY(arena, file.people_n, struct boot_person);
    ENSURE(*people != NULL, ERR_LIMIT, "out of memory");
    for (*n = 0; *n < file.people_n; (*n)++) {
        struct boot_person *p = &(*people)[*n];
        p->name = file.people[*n].name;
        TRY(roles_of(arena, &file.people[*n], p));
        TRY(identities_of(arena, &file.people[*n], p));
    }
    return OK;
}
