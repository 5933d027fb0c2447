/* Struct → tree by the same table: what json_bind would read back to the same struct. */
#include <string.h>

#include "common/base/invariant.h"
#include "common/base/json_field.h"

static struct err unbind_fields(struct arena *arena, const struct json_field *fields, size_t n,
                                const char *in, struct json **tree);
static struct err unbind_field(struct arena *arena, const struct json_field *f, const char *in,
                               const struct json **value);

static const void *pointer_at(const char *at)
{
    const void *p;
    memcpy(&p, at, sizeof p);
    return p;
}

static size_t count_at(const struct json_field *f, const char *in)
{
    size_t n;
    memcpy(&n, in + f->count_offset, sizeof n);
    return n;
}

static struct json *unbind_int(struct arena *arena, const char *at)
{
    int64_t n;
    memcpy(&n, at, sizeof n);
    return json_int_new(arena, n);
}

static struct json *unbind_bool(struct arena *arena, const char *at)
{
    bool truth;
    memcpy(&truth, at, sizeof truth);
    return json_bool_new(arena, truth);
}

/* An enum that stands at a nameless "" is absent. */
static struct err unbind_enum(struct arena *arena, const struct json_field *f, const char *at,
                              const struct json **value)
{
    int n;
    memcpy(&n, at, sizeof n);
    if (enum_named(f, n)) {
        *value = json_text_new(arena, f->names[n]);
        return OK;
    }
    if (n == 0 && f->names[0] != NULL)
        return OK;
    return err_fmt(arena, ERR_BUG, field_name(f), "the enum value %d has no name", n);
}

static struct err unbind_texts(struct arena *arena, const struct json_field *f, const char *in,
                               const struct json **value)
{
    const char *const *texts = pointer_at(in + f->offset);
    if (texts == NULL)
        return OK;
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < count_at(f, in); i++)
        json_push(arena, array, json_text_new(arena, texts[i]));
    *value = array;
    return OK;
}

static struct err unbind_objects(struct arena *arena, const struct json_field *f, const char *in,
                                 const struct json **value)
{
    const char *elems = pointer_at(in + f->offset);
    if (elems == NULL)
        return OK;
    struct json *array = json_array_new(arena);
    for (size_t i = 0; i < count_at(f, in); i++) {
        struct json *one = NULL;
        TRY(unbind_fields(arena, f->fields, f->nfields, elems + i * f->elem_size, &one));
        json_push(arena, array, one);
    }
    *value = array;
    return OK;
}

static struct err unbind_map(struct arena *arena, const struct json_field *f, const char *in,
                             const struct json **value)
{
    INVARIANT(f->nfields == 2 && f->fields[0].kind == JSON_KIND_TEXT);
    const char *elems = pointer_at(in + f->offset);
    if (elems == NULL)
        return OK;
    struct json *object = json_object_new(arena);
    for (size_t i = 0; i < count_at(f, in); i++) {
        const char *elem = elems + i * f->elem_size;
        const char *key = pointer_at(elem + f->fields[0].offset);
        const struct json *one = NULL;
        ENSURE(key != NULL, ERR_BUG, "a map's entry has no key");
        TRY(unbind_field(arena, &f->fields[1], elem, &one));
        if (one == NULL)
            one = json_null_new(arena);
        if (json_add(arena, object, str_of(key), one) == NULL)
            return arena_full(arena) ? arena_check(arena)
                                     : err_at(ERR_BUG, key, "a map's key is there twice");
    }
    *value = object;
    return OK;
}

static bool lacks_required(const struct json_field *f, const struct json *object)
{
    for (size_t i = 0; i < f->nfields; i++) {
        if (f->fields[i].required && json_get(object, field_name(&f->fields[i])) == NULL)
            return true;
    }
    return false;
}

/* An embedded struct that need not be there, and lacks what it would have to have, is not there. */
static struct err unbind_object(struct arena *arena, const struct json_field *f, const char *at,
                                const struct json **value)
{
    struct json *object = NULL;
    if (at == NULL)
        return OK;
    TRY(unbind_fields(arena, f->fields, f->nfields, at, &object));
    bool may_lack = f->kind == JSON_KIND_OBJECT && !f->required && f->has == 0;
    *value = may_lack && lacks_required(f, object) ? NULL : object;
    return OK;
}

/* *value stays NULL for what is absent. */
static struct err unbind_field(struct arena *arena, const struct json_field *f, const char *in,
                               const struct json **value)
{
    const char *at = in + f->offset;
    const char *text;
    switch (f->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_DECIMAL:
    case JSON_KIND_DATE:
        text = pointer_at(at);
        *value = text == NULL ? NULL : json_text_new(arena, text);
        return OK;
    case JSON_KIND_BOOL:
        *value = unbind_bool(arena, at);
        return OK;
    case JSON_KIND_INT:
        *value = unbind_int(arena, at);
        return OK;
    case JSON_KIND_ENUM:
        return unbind_enum(arena, f, at, value);
    case JSON_KIND_OBJECT:
        return unbind_object(arena, f, at, value);
    case JSON_KIND_OBJECT_PTR:
        return unbind_object(arena, f, pointer_at(at), value);
    case JSON_KIND_TEXTS:
        return unbind_texts(arena, f, in, value);
    case JSON_KIND_OBJECTS:
        return unbind_objects(arena, f, in, value);
    case JSON_KIND_ANY:
        *value = pointer_at(at);
        return OK;
    case JSON_KIND_MAP:
        return unbind_map(arena, f, in, value);
    }
    return err_at(ERR_BUG, field_name(f), "a row of an unknown kind");
}

static bool field_there(const struct json_field *f, const char *in)
{
    bool there = true;
    if (f->has != 0)
        memcpy(&there, in + f->has - 1, sizeof there);
    return there;
}

static struct err unbind_fields(struct arena *arena, const struct json_field *fields, size_t n,
                                const char *in, struct json **tree)
{
    struct json *object = json_object_new(arena);
    for (size_t i = 0; i < n; i++) {
        const struct json *value = NULL;
        if (!field_there(&fields[i], in))
            continue;
        TRY(unbind_field(arena, &fields[i], in, &value));
        json_put(arena, object, field_name(&fields[i]), value);
    }
    TRY(arena_check(arena));
    *tree = object;
    return OK;
}

struct err json_unbind(struct arena *arena, const struct json_field *fields, size_t n,
                       const void *in, struct json **tree)
{
    return unbind_fields(arena, fields, n, in, tree);
}
