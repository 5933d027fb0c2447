/* Field table against a tree that nobody binds. */
#include "common/base/json_field.h"

static struct err fits(struct arena *arena, const struct json_field *fields, size_t n,
                       const struct json *tree, const char *at);

static struct err wrong(const char *at, const char *what)
{
    return err_at(ERR_INPUT, *at == '\0' ? NULL : at, what);
}

static bool is_name_of(const struct json_field *f, const struct json *value)
{
    for (size_t i = 0; json_text(value) != NULL && f->names[i] != NULL; i++)
        if (f->names[i][0] != '\0' && str_is(value->text, f->names[i]))
            return true;
    return false;
}

static struct err fits_each(struct arena *arena, const struct json_field *f,
                            const struct json *value, const char *at)
{
    if (!json_is(value, JSON_TYPE_ARRAY))
        return wrong(at, "expected an array");
    for (size_t i = 0; i < value->count; i++) {
        const char *here = arena_fmt(arena, "%s/%zu", at, i);
        TRY(arena_check(arena));
        if (f->kind == JSON_KIND_TEXTS && !json_is(value->items[i], JSON_TYPE_TEXT))
            return wrong(here, "expected text");
        if (f->kind == JSON_KIND_OBJECTS)
            TRY(fits(arena, f->fields, f->nfields, value->items[i], here));
    }
    return OK;
}

/* A map's table has a row for the key and one for the value. */
static struct err fits_map(struct arena *arena, const struct json_field *f,
                           const struct json *value, const char *at);

static struct err fits_value(struct arena *arena, const struct json_field *f,
                             const struct json *value, const char *at)
{
    int64_t number;
    if (f->nullable && json_is(value, JSON_TYPE_NULL))
        return OK;
    switch (f->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_DATE:
        return json_is(value, JSON_TYPE_TEXT) ? OK : wrong(at, "expected text");
    case JSON_KIND_DECIMAL:
        return json_is(value, JSON_TYPE_TEXT) ? OK : wrong(at, "expected a decimal string");
    case JSON_KIND_BOOL:
        return json_is(value, JSON_TYPE_BOOL) ? OK : wrong(at, "expected true or false");
    case JSON_KIND_INT:
        return json_int(value, &number) ? OK : wrong(at, "expected an integer");
    case JSON_KIND_ENUM:
        return is_name_of(f, value) ? OK : wrong(at, "not one of its names");
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
                   : wrong(at, "of another type than it should be");
    }
    return err_new(ERR_BUG, "a kind of field that is none");
}

static struct err fits_map(struct arena *arena, const struct json_field *f,
                           const struct json *value, const char *at)
{
    if (!json_is(value, JSON_TYPE_OBJECT))
        return wrong(at, "expected an object");
    for (size_t i = 0; i < value->count; i++) {
        const char *here = json_pointer_join(arena, at, value->members[i].key);
        TRY(arena_check(arena));
        TRY(fits_value(arena, &f->fields[1], value->members[i].value, here));
    }
    return OK;
}

static struct err fits(struct arena *arena, const struct json_field *fields, size_t n,
                       const struct json *tree, const char *at)
{
    if (!json_is(tree, JSON_TYPE_OBJECT))
        return wrong(at, "expected an object");
    for (size_t i = 0; i < n; i++) {
        const struct json *value = json_get(tree, field_name(&fields[i]));
        if (value == NULL && !fields[i].required)
            continue;
        const char *here = json_pointer_join(arena, at, str_of(field_name(&fields[i])));
        TRY(arena_check(arena));
        if (value == NULL)
            return wrong(here, "is missing");
        TRY(fits_value(arena, &fields[i], value, here));
    }
    return OK;
}

struct err json_fits(struct arena *arena, const struct json_field *fields, size_t n,
                     const struct json *tree)
{
    return fits(arena, fields, n, tree, "");
}
