/* Field table against a tree that nobody binds. */
#include "common/base/json_field.h"

/* Where a value stands: worded only when it is wrong there. */
struct at {
    const struct at *up; /* NULL: the whole tree */
    struct str key;      /* .at NULL: the element of this index */
    size_t index;
};

static struct err fits(struct arena *arena, const struct json_field *fields, size_t n,
                       const struct json *tree, const struct at *at);

/* No deeper than tables nest. */
static const char *pointer_of(struct arena *arena, const struct at *at)
{
    if (at->up == NULL)
        return "";
    const char *above = pointer_of(arena, at->up);
    if (above == NULL)
        return NULL;
    return at->key.at == NULL ? arena_fmt(arena, "%s/%zu", above, at->index)
                              : json_pointer_join(arena, above, at->key);
}

static struct err wrong(struct arena *arena, const struct at *at, const char *what)
{
    const char *where = at->up == NULL ? NULL : pointer_of(arena, at);
    TRY(arena_check(arena));
    return err_at(ERR_INPUT, where, what);
}

static bool is_name_of(const struct json_field *f, const struct json *value)
{
    for (size_t i = 0; json_text(value) != NULL && f->names[i] != NULL; i++)
        if (f->names[i][0] != '\0' && str_is(value->text, f->names[i]))
            return true;
    return false;
}

static struct err fits_each(struct arena *arena, const struct json_field *f,
                            const struct json *value, const struct at *at)
{
    if (!json_is(value, JSON_TYPE_ARRAY))
        return wrong(arena, at, "expected an array");
    for (size_t i = 0; i < value->count; i++) {
        const struct at here = {.up = at, .index = i};
        if (f->kind == JSON_KIND_TEXTS && !json_is(value->items[i], JSON_TYPE_TEXT))
            return wrong(arena, &here, "expected text");
        if (f->kind == JSON_KIND_OBJECTS)
            TRY(fits(arena, f->fields, f->nfields, value->items[i], &here));
    }
    return OK;
}

/* A map's table has a row for the key and one for the value. */
static struct err fits_map(struct arena *arena, const struct json_field *f,
                           const struct json *value, const struct at *at);

static struct err fits_value(struct arena *arena, const struct json_field *f,
                             const struct json *value, const struct at *at)
{
    int64_t number;
    if (f->nullable && json_is(value, JSON_TYPE_NULL))
        return OK;
    switch (f->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_DATE:
        return json_is(value, JSON_TYPE_TEXT) ? OK : wrong(arena, at, "expected text");
    case JSON_KIND_DECIMAL:
        return json_is(value, JSON_TYPE_TEXT) ? OK : wrong(arena, at, "expected a decimal string");
    case JSON_KIND_BOOL:
        return json_is(value, JSON_TYPE_BOOL) ? OK : wrong(arena, at, "expected true or false");
    case JSON_KIND_INT:
        return json_int(value, &number) ? OK : wrong(arena, at, "expected an integer");
    case JSON_KIND_ENUM:
        return is_name_of(f, value) ? OK : wrong(arena, at, "not one of its names");
    case JSON_KIND_OBJECT:
    case JSON_KIND_OBJECT_PTR:
        return fits(arena, f->fields, f->nfields, value, at);
    case JSON_KIND_TEXTS:
    case JSON_KIND_OBJECTS:
        return fits_each(arena, f, value, at);
    case JSON_KIND_MAP:
        return fits_map(arena, f, value, at);
    case JSON_KIND_ANY:
        return f->holds == JSON_TYPE_NULL || json_is(value, f->holds)
                   ? OK
                   : wrong(arena, at, "of another type than it should be");
    }
    return err_new(ERR_BUG, "a kind of field that is none");
}

static struct err fits_map(struct arena *arena, const struct json_field *f,
                           const struct json *value, const struct at *at)
{
    if (!json_is(value, JSON_TYPE_OBJECT))
        return wrong(arena, at, "expected an object");
    for (size_t i = 0; i < value->count; i++) {
        const struct at here = {.up = at, .key = value->members[i].key};
        TRY(fits_value(arena, &f->fields[1], value->members[i].value, &here));
    }
    return OK;
}

static struct err fits(struct arena *arena, const struct json_field *fields, size_t n,
                       const struct json *tree, const struct at *at)
{
    if (!json_is(tree, JSON_TYPE_OBJECT))
        return wrong(arena, at, "expected an object");
    for (size_t i = 0; i < n; i++) {
        const struct json *value = json_get(tree, field_name(&fields[i]));
        if (value == NULL && !fields[i].required)
            continue;
        const struct at here = {.up = at, .key = str_of(field_name(&fields[i]))};
        if (value == NULL)
            return wrong(arena, &here, "is missing");
        TRY(fits_value(arena, &fields[i], value, &here));
    }
    return OK;
}

struct err json_fits(struct arena *arena, const struct json_field *fields, size_t n,
                     const struct json *tree)
{
    const struct at whole = {.up = NULL};
    return fits(arena, fields, n, tree, &whole);
}
