/* JSON as a tree, and the table that is the schema: one table of fields binds a tree to a struct,
 * words the complaint, writes the struct back as a tree and prints the JSON Schema.
 * Trees come from common/sys/json_read.h and yaml_read.h, or are built here. Everything lives in
 * the arena it was made in; nodes are never changed once shared, so a subtree may stand in several
 * trees. Builders give NULL when the arena is full and take NULL as "do nothing": ask arena_check
 * at the end. */
#ifndef COMMON_BASE_JSON_H
#define COMMON_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/str.h"

/* ---- the tree ---- */

enum json_type {
    JSON_TYPE_NULL = 0,
    JSON_TYPE_BOOL,
    JSON_TYPE_NUMBER, /* kept as its literal text, never a double */
    JSON_TYPE_TEXT,
    JSON_TYPE_ARRAY,
    JSON_TYPE_OBJECT,
    JSON_TYPE_RAW, /* JSON text that is written as it is; nothing looks into it */
};

struct json {
    enum json_type type;
    bool truth;            /* BOOL */
    uint32_t line, column; /* 1-based, from YAML; 0 when unknown */
    struct str text; /* TEXT: its UTF-8, may hold NUL; NUMBER: the literal; a NUL follows both.
                        RAW: one JSON value */
    size_t count;    /* elements of an ARRAY, members of an OBJECT */
    const struct json **items;   /* ARRAY */
    struct json_member *members; /* OBJECT, in the order they were written */
    size_t cap;
    uint32_t root; /* of the search tree over the keys: member index + 1, in RFC 8785's order */
};

struct json_member {
    struct str key; /* a NUL follows */
    const struct json *value;
    uint32_t line, column; /* of the key */
    uint32_t left, right, level;
};

struct json *json_null_new(struct arena *arena);
struct json *json_bool_new(struct arena *arena, bool truth);
struct json *json_int_new(struct arena *arena, int64_t n);
/* `literal` must be a JSON number (json_number_valid), anything else breaks an INVARIANT. */
struct json *json_number_new(struct arena *arena, struct str literal);
struct json *json_text_new(struct arena *arena,
                           const char *text);                    /* copied; NULL gives JSON null */
struct json *json_str_new(struct arena *arena, struct str text); /* copied */
struct json *json_array_new(struct arena *arena);
struct json *json_object_new(struct arena *arena);
/* `text` is one JSON value that is known to be good (a canonical event of the book, what was
 * printed just now) and is not copied: it lives as long as the arena. For answers that pass
 * through. Only jw_tree writes such a node; jcs refuses it, and to whoever asks for members it has
 * none. */
struct json *json_raw_new(struct arena *arena, struct str text);

/* Appends to an array. */
void json_push(struct arena *arena, struct json *array, const struct json *value);
/* Sets a member (the key is copied); a key that is there already gets the new value. */
void json_put(struct arena *arena, struct json *object, const char *key, const struct json *value);
/* Adds a member; NULL when the key is there already, or the arena is full (arena_check tells
 * which). */
struct json_member *json_add(struct arena *arena, struct json *object, struct str key,
                             const struct json *value);
/* The usual pairs of the two above; a NULL text puts null. */
void json_put_text(struct arena *arena, struct json *object, const char *key, const char *text);
/* A NULL text puts nothing. */
void json_put_known(struct arena *arena, struct json *object, const char *key, const char *text);
void json_put_int(struct arena *arena, struct json *object, const char *key, int64_t n);
void json_put_bool(struct arena *arena, struct json *object, const char *key, bool truth);
/* Microseconds since 1970 as RFC 3339 in UTC (instant_print). */
void json_put_instant(struct arena *arena, struct json *object, const char *key, int64_t us);

/* All take NULL for a tree, and give NULL (false) when what was asked is not there. */
const struct json *json_get(const struct json *object, const char *key);
const struct json_member *json_find(const struct json *object, struct str key);
/* RFC 6901: "" is the whole tree, "/a/0", ~0 is ~ and ~1 is /. NULL also for a malformed pointer.
 */
const struct json *json_pointer_get(const struct json *tree, const char *pointer);
bool json_is(const struct json *node, enum json_type type);
const char *json_text(const struct json *node);     /* NULL when not text, or when it holds a NUL */
bool json_int(const struct json *node, int64_t *n); /* an integer literal that fits */
const char *json_get_text(const struct json *object, const char *key); /* json_text of json_get */

/* Same types, texts, number literals ("1" is not "1.0"), elements in order, members in any order.
 */
bool json_equal(const struct json *a, const struct json *b);

bool json_number_valid(struct str literal);      /* RFC 8259 section 6 */
const char *json_type_name(enum json_type type); /* "an object", "text" … */

/* Where a pointer stands, for an error's `where`: "12:5 /lines/3" when the tree knows lines (a
 * missing member is placed at the nearest node above it), else "/lines/3"; NULL for the root of a
 * tree without. */
const char *json_where(struct arena *arena, const struct json *tree, const char *pointer);

/* `pointer` with one more step, escaped as RFC 6901 wants: ("/lines", "a/b") gives "/lines/a~1b".
 */
const char *json_pointer_join(struct arena *arena, const char *pointer, struct str key);

/* ---- the table ---- */

enum json_kind {
    JSON_KIND_TEXT = 0,
    JSON_KIND_BOOL,
    JSON_KIND_INT,
    JSON_KIND_ENUM,
    JSON_KIND_DECIMAL,
    JSON_KIND_DATE,
    JSON_KIND_OBJECT,
    JSON_KIND_OBJECT_PTR,
    JSON_KIND_TEXTS,
    JSON_KIND_OBJECTS,
    JSON_KIND_ANY,
    JSON_KIND_MAP,
};

/* What a row may say (`.required = true, .max = 64`). The members above the line belong to the
 * macros. */
struct json_field {
    const char *name;
    enum json_kind kind;
    size_t offset, count_offset, elem_size;
    const char *const *names;
    const struct json_field *fields;
    size_t nfields;
    int end_;
    /* ------------------------------------------------------------------------------------------ */
    const char *as;   /* the member's name in JSON, when it is not the struct's */
    const char *help; /* the schema's description */
    bool required;
    bool nullable; /* JSON null is taken as absent (it is refused otherwise; ANY takes it as a
                      value) */
    bool literal;  /* TEXT, DECIMAL: an unquoted number is taken by its literal (for YAML, not for
                      tools) */
    /* TEXT: code points; 0 max is no ceiling, and an empty text needs no .min to be refused when
     * the field is required: say .min = -1 to allow it. INT: the range; both 0 is any int64, a max
     * of 0 with min >= 0 is no upper bound. TEXTS, OBJECTS, MAP: how many; 0 max is no ceiling. */
    int64_t min, max;
    int64_t each_max;     /* TEXTS: code points of each; 0 is no ceiling. None may be empty. */
    bool unique;          /* TEXTS: twins are refused */
    size_t has;           /* JSON_HAS(struct x, has_limit): a bool that says whether it was there */
    int64_t def;          /* INT, BOOL, ENUM: the value when absent */
    const char *def_text; /* TEXT, DECIMAL, DATE: the same */
    /* TEXT, DECIMAL, DATE, each of TEXTS: NULL when good, else the complaint ("expected an IBAN").
     */
    const char *(*check)(const char *text);
    /* Clients mirror the argument in the HTTP header Mcp-Param-<header> (MCP 2026-07-28), so that
     * proxies can route by it: of a top-level TEXT, INT or BOOL, and never an amount or a name. */
    const char *header;
    const char
        *pattern; /* what check accepts, for the schema's reader; the binder does not run it */
    /* ANY: the type it must have, and of an ARRAY each of its elements; NULL (0) is any. */
    enum json_type holds, each;
};

/* JSON_TEXT(struct s, member, attributes …): const char *; NULL when absent; holds no NUL */
#define JSON_TEXT(type, ...) JSON_ROW_(JSON_KIND_TEXT, const char *, type, __VA_ARGS__, .end_ = 0)
/* const char *: a plain decimal in a string, -?(0|[1-9][0-9]*)(\.[0-9]+)?; default ceiling 40
 * digits */
#define JSON_DECIMAL(type, ...)                                                                    \
    JSON_ROW_(JSON_KIND_DECIMAL, const char *, type, __VA_ARGS__, .end_ = 0)
/* const char *: YYYY-MM-DD, a day of the (proleptic Gregorian) calendar, years 0001 to 9999 */
#define JSON_DATE(type, ...) JSON_ROW_(JSON_KIND_DATE, const char *, type, __VA_ARGS__, .end_ = 0)
#define JSON_BOOL(type, ...) JSON_ROW_(JSON_KIND_BOOL, bool, type, __VA_ARGS__, .end_ = 0)
#define JSON_INT(type, ...)  JSON_ROW_(JSON_KIND_INT, int64_t, type, __VA_ARGS__, .end_ = 0)
/* const struct json *: the subtree as it is */
#define JSON_ANY(type, ...)                                                                        \
    JSON_ROW_(JSON_KIND_ANY, const struct json *, type, __VA_ARGS__, .end_ = 0)
/* JSON_ENUM(struct s, member, names, …): an enum or int that indexes `names`, which ends in NULL. A
 * name "" is not accepted: with names[0] = "", 0 means absent. */
#define JSON_ENUM(type, member, ...) JSON_ENUM_(type, member, __VA_ARGS__, .end_ = 0)
/* JSON_OBJECT(struct s, member, table, …): an embedded struct bound by `table` (an array); when
 * absent its rows take their defaults (say .has to know). JSON_OBJECT_PTR: a pointer to one, NULL
 * when absent. */
#define JSON_OBJECT(type, member, ...)                                                             \
    JSON_NEST_(JSON_KIND_OBJECT, type, member, sizeof(((type *)0)->member), __VA_ARGS__, .end_ = 0)
#define JSON_OBJECT_PTR(type, member, ...)                                                         \
    JSON_NEST_(JSON_KIND_OBJECT_PTR, type, member, sizeof(*((type *)0)->member), __VA_ARGS__,      \
               .end_ = 0)
/* JSON_TEXTS(struct s, member, count, …): const char **member; size_t count. NULL when absent, not
 * NULL when the array is there but empty; so for the next two. */
#define JSON_TEXTS(type, member, ...) JSON_TEXTS_(type, member, __VA_ARGS__, .end_ = 0)
/* JSON_OBJECTS(struct s, member, count, table, …): struct e *member; size_t count */
#define JSON_OBJECTS(type, member, count, ...)                                                     \
    JSON_MANY_(JSON_KIND_OBJECTS, type, member, count, __VA_ARGS__, .end_ = 0)
/* JSON_MAP(struct s, member, count, table, …): an object with free keys as struct e *member; size_t
 * count. `table` has two rows of struct e: a JSON_TEXT for the key (its .max, .check … hold), and
 * any row for the value. */
#define JSON_MAP(type, member, count, ...)                                                         \
    JSON_MANY_(JSON_KIND_MAP, type, member, count, __VA_ARGS__, .end_ = 0)

#define JSON_HAS(type, member) (offsetof(type, member) + 1)
#define JSON_FIELDS(table)     (table), sizeof(table) / sizeof((table)[0])

#define JSON_ROW_(k, ctype, type, member, ...)                                                     \
    {                                                                                              \
        .name = #member, .kind = (k),                                                              \
        .offset = _Generic(((type *)0)->member, ctype                                              \
                           : offsetof(type, member)),                                              \
        __VA_ARGS__                                                                                \
    }
#define JSON_ENUM_(type, member, names_, ...)                                                      \
    {                                                                                              \
        .name = #member, .kind = JSON_KIND_ENUM,                                                   \
        .offset = _Generic(((type *)0)->member, int                                                \
                           : offsetof(type, member), unsigned                                      \
                           : offsetof(type, member)),                                              \
        .names = (names_), __VA_ARGS__                                                             \
    }
#define JSON_NEST_(k, type, member, size, table, ...)                                              \
    {                                                                                              \
        .name = #member, .kind = (k), .offset = offsetof(type, member), .elem_size = (size),       \
        .fields = (table), .nfields = sizeof(table) / sizeof((table)[0]), __VA_ARGS__              \
    }
#define JSON_TEXTS_(type, member, count, ...)                                                        \
    {                                                                                                \
        .name = #member, .kind = JSON_KIND_TEXTS,                                                  \
        .offset = _Generic(((type *)0)->member, const char ** : offsetof(type, member)),           \
        .count_offset = _Generic(((type *)0)->count, size_t : offsetof(type, count)), __VA_ARGS__ \
    }
#define JSON_MANY_(k, type, member, count, table, ...)                                             \
    {                                                                                              \
        .name = #member, .kind = (k), .offset = offsetof(type, member),                            \
        .count_offset = _Generic(((type *)0)->count, size_t                                        \
                                 : offsetof(type, count)),                                         \
        .elem_size = sizeof(*((type *)0)->member), .fields = (table),                              \
        .nfields = sizeof(table) / sizeof((table)[0]), __VA_ARGS__                                 \
    }

/* Sets every member of the struct at `out` that the table names, from an object; what is absent
 * becomes its default, else 0 or NULL. Unknown members, missing or mistyped ones, a NUL in text,
 * anything out of bounds: ERR_INPUT, worded, `where` as json_where gives it. Texts and subtrees are
 * shared with the tree, arrays come from the arena. Call as TRY(json_bind(arena,
 * JSON_FIELDS(fields), tree, &out)). */
MUST_CHECK struct err json_bind(struct arena *arena, const struct json_field *fields, size_t n,
                                const struct json *tree, void *out);

/* Whether a tree is what the table says, for what passes through to others and binds to nothing:
 * required members are there and every named one has its type (null too where it is nullable); what
 * the table does not name may be anything. Lengths and ranges are not looked at. ERR_INPUT with the
 * JSON pointer. Rows need no struct: JSON_SHAPE(kind, name, …, .end_ = 0). */
MUST_CHECK struct err json_fits(struct arena *arena, const struct json_field *fields, size_t n,
                                const struct json *tree);
#define JSON_SHAPE(kind_, name_, ...)                                                              \
    {                                                                                              \
        .name = (name_), .kind = (kind_), __VA_ARGS__                                              \
    }

/* The struct as a tree that json_bind reads back to the same struct: what is absent (NULL, a false
 * .has, an enum named "") is left out. ERR_BUG for an enum value without a name. */
MUST_CHECK struct err json_unbind(struct arena *arena, const struct json_field *fields, size_t n,
                                  const void *in, struct json **tree);

/* The table as JSON Schema 2020-12 (without $schema), members in the table's order. */
MUST_CHECK struct err json_schema(struct arena *arena, const struct json_field *fields, size_t n,
                                  struct json **tree);

#endif
