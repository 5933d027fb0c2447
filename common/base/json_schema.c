/* Field table → JSON Schema 2020-12. What it promises, json_bind does: the same ranges, from the
 * same rows (common/base/json_field.h). Checks that no keyword can say stay in the description. */
#include "common/base/json_field.h"

#include <string.h>

static struct json *schema_fields(struct arena *arena, const struct json_field *fields, size_t n);
static struct json *schema_field(struct arena *arena, const struct json_field *f);

/* "type": one name, or several in an array when a literal or null is taken too. */
static void put_type(struct arena *arena, struct json *s, const struct json_field *f,
                     const char *type)
{
    bool literal = f->literal && f->kind != JSON_KIND_TEXTS;
    if (!f->nullable && !literal) {
        json_put_text(arena, s, "type", type);
        return;
    }
    struct json *types = json_array_new(arena);
    json_push(arena, types, json_text_new(arena, type));
    if (literal)
        json_push(arena, types, json_text_new(arena, "number"));
    if (f->nullable)
        json_push(arena, types, json_text_new(arena, "null"));
    json_put(arena, s, "type", types);
}

static void put_help(struct arena *arena, struct json *s, const struct json_field *f)
{
    json_put_known(arena, s, "description", f->help);
    if (f->header != NULL)
        json_put_text(arena, s, "x-mcp-header", f->header);
}

static void put_lengths(struct arena *arena, struct json *s, const struct json_field *f,
                        const char *min, const char *max)
{
    struct json_range r = field_lengths(f);
    if (r.min > 0)
        json_put_int(arena, s, min, r.min);
    if (r.max < INT64_MAX)
        json_put_int(arena, s, max, r.max);
}

static void put_values(struct arena *arena, struct json *s, const struct json_field *f)
{
    struct json_range r = field_values(f);
    if (r.min > INT64_MIN)
        json_put_int(arena, s, "minimum", r.min);
    if (r.max < INT64_MAX)
        json_put_int(arena, s, "maximum", r.max);
    if (f->def != 0)
        json_put_int(arena, s, "default", f->def);
}

static void put_text_rules(struct arena *arena, struct json *s, const struct json_field *f)
{
    const char *pattern = f->pattern;
    if (pattern == NULL && f->kind == JSON_KIND_DECIMAL)
        pattern = JSON_DECIMAL_RE;
    if (pattern == NULL && f->kind == JSON_KIND_DATE)
        pattern = JSON_DATE_RE;
    if (f->kind == JSON_KIND_DATE)
        json_put_text(arena, s, "format", "date");
    else
        put_lengths(arena, s, f, "minLength", "maxLength");
    json_put_known(arena, s, "pattern", pattern);
    json_put_known(arena, s, "default", f->def_text);
}

static void put_enum(struct arena *arena, struct json *s, const struct json_field *f)
{
    struct json *names = json_array_new(arena);
    for (size_t i = 0; f->names[i] != NULL; i++) {
        if (f->names[i][0] != '\0')
            json_push(arena, names, json_text_new(arena, f->names[i]));
    }
    if (f->nullable)
        json_push(arena, names, json_null_new(arena));
    json_put(arena, s, "enum", names);
    if (f->def != 0)
        json_put_text(arena, s, "default", f->names[f->def]);
}

static void put_items(struct arena *arena, struct json *s, const struct json_field *f)
{
    const struct json_field each = {.kind = JSON_KIND_TEXT,
                                    .min = 1,
                                    .max = f->each_max,
                                    .pattern = f->pattern,
                                    .literal = f->literal};
    json_put(arena, s, "items",
             f->kind == JSON_KIND_TEXTS ? schema_field(arena, &each)
                                        : schema_fields(arena, f->fields, f->nfields));
    put_lengths(arena, s, f, "minItems", "maxItems");
    if (f->unique)
        json_put_bool(arena, s, "uniqueItems", true);
}

static void put_map(struct arena *arena, struct json *s, const struct json_field *f)
{
    struct json *key = schema_field(arena, &f->fields[0]);
    json_put(arena, s, "propertyNames", key);
    json_put(arena, s, "additionalProperties", schema_field(arena, &f->fields[1]));
    put_lengths(arena, s, f, "minProperties", "maxProperties");
}

/* A nested table's schema, with this row's type (null too?) and description in front. */
static void put_object(struct arena *arena, struct json *s, const struct json_field *f)
{
    const struct json *nested = schema_fields(arena, f->fields, f->nfields);
    for (size_t i = 0; nested != NULL && i < nested->count; i++) {
        if (!str_is(nested->members[i].key, "type"))
            json_put(arena, s, nested->members[i].key.at, nested->members[i].value);
    }
}

static const char *type_of(enum json_kind kind)
{
    static const char *const types[] = {
        [JSON_KIND_TEXT] = "string",    [JSON_KIND_BOOL] = "boolean",
        [JSON_KIND_INT] = "integer",    [JSON_KIND_ENUM] = "string",
        [JSON_KIND_DECIMAL] = "string", [JSON_KIND_DATE] = "string",
        [JSON_KIND_OBJECT] = "object",  [JSON_KIND_OBJECT_PTR] = "object",
        [JSON_KIND_TEXTS] = "array",    [JSON_KIND_OBJECTS] = "array",
        [JSON_KIND_MAP] = "object",
    };
    return kind == JSON_KIND_ANY ? NULL : types[kind];
}

/* What its row says of a subtree that no table describes. */
static void put_any(struct arena *arena, struct json *s, const struct json_field *f)
{
    static const char *const types[] = {
        [JSON_TYPE_NULL] = NULL,     [JSON_TYPE_BOOL] = "boolean", [JSON_TYPE_NUMBER] = "number",
        [JSON_TYPE_TEXT] = "string", [JSON_TYPE_ARRAY] = "array",  [JSON_TYPE_OBJECT] = "object",
    };
    if (f->holds != JSON_TYPE_NULL)
        put_type(arena, s, f, types[f->holds]);
    if (f->each != JSON_TYPE_NULL) {
        struct json *each = json_object_new(arena);
        json_put_text(arena, each, "type", types[f->each]);
        json_put(arena, s, "items", each);
    }
}

static struct json *schema_field(struct arena *arena, const struct json_field *f)
{
    struct json *s = json_object_new(arena);
    if (f->kind == JSON_KIND_ANY)
        put_any(arena, s, f);
    else
        put_type(arena, s, f, type_of(f->kind));
    put_help(arena, s, f);
    switch (f->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_DECIMAL:
    case JSON_KIND_DATE:
        put_text_rules(arena, s, f);
        break;
    case JSON_KIND_BOOL:
        if (f->def != 0)
            json_put_bool(arena, s, "default", true);
        break;
    case JSON_KIND_INT:
        put_values(arena, s, f);
        break;
    case JSON_KIND_ENUM:
        put_enum(arena, s, f);
        break;
    case JSON_KIND_OBJECT:
    case JSON_KIND_OBJECT_PTR:
        put_object(arena, s, f);
        break;
    case JSON_KIND_TEXTS:
    case JSON_KIND_OBJECTS:
        put_items(arena, s, f);
        break;
    case JSON_KIND_MAP:
        put_map(arena, s, f);
        break;
    case JSON_KIND_ANY:
        break;
    }
    return s;
}

static struct json *schema_fields(struct arena *arena, const struct json_field *fields, size_t n)
{
    struct json *s = json_object_new(arena);
    struct json *properties = json_object_new(arena);
    struct json *required = json_array_new(arena);
    for (size_t i = 0; i < n; i++) {
        json_put(arena, properties, field_name(&fields[i]), schema_field(arena, &fields[i]));
        if (fields[i].required)
            json_push(arena, required, json_text_new(arena, field_name(&fields[i])));
    }
    json_put_text(arena, s, "type", "object");
    json_put(arena, s, "properties", properties);
    if (required != NULL && required->count > 0)
        json_put(arena, s, "required", required);
    json_put_bool(arena, s, "additionalProperties", false);
    return s;
}

struct err json_schema(struct arena *arena, const struct json_field *fields, size_t n,
                       struct json **tree)
{
    struct json *s = schema_fields(arena, fields, n);
    TRY(arena_check(arena));
    *tree = s;
    return OK;
}
