/* A file of cases, and what a case expects. */
#include "engine/gate/case.h"

#include <string.h>

#include "common/base/str.h"

#define NAME_MAX_CHARS 200
#define CASES_MAX      10000

struct expect_row {
    unsigned ruling;
    const char *reason, *row, *clause, *pointer;
};

struct case_row {
    const char *name;
    const struct json *given;
    struct expect_row expect;
};

struct entity_row {
    const char *entity, *currency;
};

struct file_row {
    struct entity_row *entities;
    size_t entities_n;
    const struct json *given;
    struct case_row *cases;
    size_t cases_n;
};

/* In the order of enum ruling; none is absent. */
static const char *const ruling_names[] = {"deny", "human", "allow", NULL};

static const struct json_field expect_fields[] = {
    JSON_ENUM(struct expect_row, ruling, ruling_names, .required = true),
    JSON_TEXT(struct expect_row, reason),
    JSON_TEXT(struct expect_row, row, .literal = true),
    JSON_TEXT(struct expect_row, clause),
    JSON_TEXT(struct expect_row, pointer),
};
static const struct json_field case_fields[] = {
    JSON_TEXT(struct case_row, name, .required = true, .max = NAME_MAX_CHARS),
    JSON_ANY(struct case_row, given, .required = true, .holds = JSON_TYPE_OBJECT),
    JSON_OBJECT(struct case_row, expect, expect_fields, .required = true),
};
static const struct json_field entity_fields[] = {
    JSON_TEXT(struct entity_row, entity, .required = true),
    JSON_TEXT(struct entity_row, currency, .required = true),
};
static const struct json_field file_fields[] = {
    JSON_MAP(struct file_row, entities, entities_n, entity_fields),
    JSON_ANY(struct file_row, given, .holds = JSON_TYPE_OBJECT),
    JSON_OBJECTS(struct file_row, cases, cases_n, case_fields, .required = true, .min = 1,
                 .max = CASES_MAX),
};

struct err cases_entities(struct arena *arena, const struct json *tree,
                          struct policy_entity **entities, size_t *n)
{
    struct file_row file;
    TRY(json_bind(arena, JSON_FIELDS(file_fields), tree, &file));
    *entities = ARENA_ARRAY(arena, file.entities_n, struct policy_entity);
    TRY(arena_check(arena));
    for (size_t i = 0; i < file.entities_n; i++) {
        const struct entity_row *e = &file.entities[i];
        const char *at = json_pointer_join(arena, "/entities", str_of(e->entity));
        if (!currency_valid(e->currency))
            return err_at(ERR_INPUT, json_where(arena, tree, at),
                          "not a currency of ISO 4217 such as USD");
        (*entities)[i] = (struct policy_entity){.id = e->entity, .functional_cur = e->currency};
    }
    *n = file.entities_n;
    return OK;
}

/* The file's facts with the case's own put over them. */
static const struct json *merged(struct arena *arena, const struct json *all,
                                 const struct json *own)
{
    struct json *given = json_object_new(arena);
    if (all == NULL || given == NULL)
        return own;
    given->line = own->line;
    given->column = own->column;
    for (size_t i = 0; i < all->count; i++) {
        if (json_find(own, all->members[i].key) == NULL)
            (void)json_add(arena, given, all->members[i].key, all->members[i].value);
    }
    for (size_t i = 0; i < own->count; i++) {
        struct json_member *m = json_add(arena, given, own->members[i].key, own->members[i].value);
        if (m != NULL) {
            m->line = own->members[i].line;
            m->column = own->members[i].column;
        }
    }
    return given;
}

static struct err expect_read(struct arena *arena, const struct json *tree, size_t i,
                              const struct expect_row *row, struct case_expect *expect)
{
    *expect = (struct case_expect){.ruling = (enum ruling)row->ruling,
                                   .row = row->row,
                                   .clause = row->clause,
                                   .pointer = row->pointer};
    if (row->reason == NULL || reason_find(row->reason, &expect->reason))
        return OK;
    const char *at = arena_fmt(arena, "/cases/%zu/expect/reason", i);
    TRY(arena_check(arena));
    return err_at(ERR_INPUT, json_where(arena, tree, at),
                  "not a reason; docs/POLICY.md lists them");
}

/* "12:5 /amount" of a case is "12:5 /cases/3/given/amount" of the file. */
static struct err in_case(struct arena *arena, const struct json *tree, size_t i, struct err e)
{
    const char *below = e.where == NULL ? NULL : strchr(e.where, '/');
    size_t place = e.where == NULL || e.where[0] == '/' ? 0 : strcspn(e.where, " ");
    if (e.kind != ERR_INPUT)
        return e;
    const char *at = arena_fmt(arena, "/cases/%zu/given%s", i, below == NULL ? "" : below);
    TRY(arena_check(arena));
    if (place == 0)
        return err_at(e.kind, json_where(arena, tree, at), e.msg);
    return err_at(e.kind, arena_fmt(arena, "%.*s %s", (int)place, e.where, at), e.msg);
}

static struct err names_unique(struct arena *arena, const struct json *tree,
                               const struct file_row *file)
{
    struct json *seen = json_object_new(arena);
    for (size_t i = 0; i < file->cases_n; i++) {
        if (json_add(arena, seen, str_of(file->cases[i].name), json_null_new(arena)) != NULL)
            continue;
        TRY(arena_check(arena));
        const char *at = arena_fmt(arena, "/cases/%zu/name", i);
        TRY(arena_check(arena));
        return err_at(ERR_INPUT, json_where(arena, tree, at), "another case has this name");
    }
    return OK;
}

struct err cases_read(struct arena *arena, const struct policy *policy, const struct json *tree,
                      struct gate_case **cases, size_t *n)
{
    struct file_row file;
    TRY(json_bind(arena, JSON_FIELDS(file_fields), tree, &file));
    TRY(names_unique(arena, tree, &file));
    struct gate_case *list = ARENA_ARRAY(arena, file.cases_n, struct gate_case);
    TRY(arena_check(arena));
    for (size_t i = 0; i < file.cases_n; i++) {
        const struct json *given = merged(arena, file.given, file.cases[i].given);
        list[i].name = file.cases[i].name;
        list[i].given = file.cases[i].given;
        TRY(expect_read(arena, tree, i, &file.cases[i].expect, &list[i].expect));
        TRY(in_case(arena, tree, i, case_read(arena, policy, given, &list[i].ask)));
    }
    *cases = list;
    *n = file.cases_n;
    return OK;
}

static bool wanted(const char *expected, const char *got)
{
    return expected == NULL || text_eq(expected, got);
}

bool case_passes(const struct gate_case *c, const struct verdict *verdict)
{
    const struct case_expect *e = &c->expect;
    return e->ruling == verdict->ruling &&
           (e->reason == REASON_NONE || e->reason == verdict->reason) &&
           wanted(e->row, verdict->row) && wanted(e->clause, verdict->clause) &&
           wanted(e->pointer, verdict->pointer);
}
