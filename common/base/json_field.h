/* Private to json_bind.c, json_unbind.c and json_schema.c: what a row of a field table means. Each
 * rule is here once, so that what the binder refuses and what the schema says cannot part. */
#ifndef COMMON_BASE_JSON_FIELD_H
#define COMMON_BASE_JSON_FIELD_H

#include "common/base/json.h"

#define JSON_DECIMAL_LEN 40
#define JSON_DECIMAL_RE  "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$"
#define JSON_DATE_RE     "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

struct json_range {
    int64_t min, max;
};

static inline const char *field_name(const struct json_field *f)
{
    return f->as != NULL ? f->as : f->name;
}

/* Code points of a text, elements of an array: 0 to INT64_MAX unless the row says less. */
static inline struct json_range field_lengths(const struct json_field *f)
{
    struct json_range r = {.min = f->min > 0 ? f->min : 0, .max = f->max > 0 ? f->max : INT64_MAX};
    if (f->kind == JSON_KIND_TEXT && f->required && f->min == 0)
        r.min = 1;
    if (f->kind == JSON_KIND_DECIMAL && f->max == 0)
        r.max = JSON_DECIMAL_LEN;
    return r;
}

static inline struct json_range field_values(const struct json_field *f)
{
    if (f->min == 0 && f->max == 0)
        return (struct json_range){.min = INT64_MIN, .max = INT64_MAX};
    bool open = f->max == 0 && f->min >= 0;
    return (struct json_range){.min = f->min, .max = open ? INT64_MAX : f->max};
}

/* An enum's name that may be written and read: not past the end, not "". */
static inline bool enum_named(const struct json_field *f, int value)
{
    for (int i = 0; i <= value; i++) {
        if (f->names[i] == NULL)
            return false;
    }
    return value >= 0 && f->names[value][0] != '\0';
}

#endif
