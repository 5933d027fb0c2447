/* The words that tables of shapes are written in; of those files alone, for the names are short. A
 * table of rows and its shape go together: `static const struct json_field x_rows[] = {…};
 * SHAPE(x, "TypeName", "where it stands");`. */
#ifndef AGENT_CALL_SHAPE_ROWS_H
#define AGENT_CALL_SHAPE_ROWS_H

#include "agent/call/shape.h"

/* clang-format off */
#define N(table)          (sizeof(table) / sizeof((table)[0]))
#define TEXT(...)         JSON_SHAPE_(JSON_KIND_TEXT, __VA_ARGS__, .end_ = 0)
#define AMOUNT(...)       JSON_SHAPE_(JSON_KIND_DECIMAL, __VA_ARGS__, .end_ = 0)
#define WHOLE(...)        JSON_SHAPE_(JSON_KIND_INT, __VA_ARGS__, .end_ = 0)
#define TRUTH(...)        JSON_SHAPE_(JSON_KIND_BOOL, __VA_ARGS__, .end_ = 0)
#define TEXTS(...)        JSON_SHAPE_(JSON_KIND_TEXTS, __VA_ARGS__, .end_ = 0)
#define ANY(...)          JSON_SHAPE_(JSON_KIND_ANY, __VA_ARGS__, .end_ = 0)
#define JSON_SHAPE_(k, ...) JSON_SHAPE(k, __VA_ARGS__)
#define ONE(...)          NEST_(JSON_KIND_OBJECT_PTR, __VA_ARGS__, .end_ = 0)
#define MANY(...)         NEST_(JSON_KIND_OBJECTS, __VA_ARGS__, .end_ = 0)
#define NEST_(k, n, t, ...) JSON_SHAPE(k, n, .fields = (t), .nfields = N(t), __VA_ARGS__)
#define NUMBERS(...)      NUMBERS_(__VA_ARGS__, .end_ = 0)
#define NUMBERS_(n, ...)  JSON_SHAPE(JSON_KIND_MAP, n, .fields = shape_number_map, .nfields = 2, __VA_ARGS__)
#define MUST              .required = true
#define OR_NULL           .nullable = true
/* IS(name, …): one of these words. */
#define IS(nm, ...)       JSON_SHAPE(JSON_KIND_ENUM, nm, .names = (const char *const[]){__VA_ARGS__, NULL}, MUST)
#define SHAPE_(v, nm, hlp, ...) const struct shape v = {.name = nm, .help = hlp, .fields = v##_rows, .n = N(v##_rows), __VA_ARGS__}
#define SHAPE(v, nm, hlp) SHAPE_(v, nm, hlp, .closed = false)
/* All its members are named: it is ours. */
#define OURS(v, nm, hlp)  SHAPE_(v, nm, hlp, .closed = true)
/* One of the shapes in an array of them. */
#define EITHER(v, nm, hlp, list) SHAPE_(v, nm, hlp, .kinds = (list), .kinds_n = N(list))
/* clang-format on */

/* A map of numbers: its key and its value. */
extern const struct json_field shape_number_map[2];

#endif
