/* Field table + tree → struct. The first thing wrong is the answer: what, and where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/civil.h"
#include "common/base/invariant.h"
#include "common/base/json_field.h"

/* The way down from the root, kept on the stack; made into a pointer only for a complaint. */
struct step {
    const struct step *up; /* NULL for the root */
    struct str key;        /* of an object; at is NULL when `index` counts */
    size_t index;
    uint32_t line, column;
};

/* One value on its way into one member. */
struct bind {
    struct arena *arena;
    const struct step *step;
    const struct json_field *f;
    const struct json *value;
    char *out; /* the struct that holds the member */
};

static const char *step_pointer(struct arena *arena, const struct step *step)
{
    if (step->up == NULL)
        return "";
    const char *above = step_pointer(arena, step->up);
    if (step->key.at != NULL)
        return json_pointer_join(arena, above, step->key);
    char digits[32];
    (void)snprintf(digits, sizeof digits, "%zu", step->index);
    return json_pointer_join(arena, above, str_of(digits));
}

static const char *step_where(struct arena *arena, const struct step *step)
{
    const char *pointer = step_pointer(arena, step);
    bool root = pointer[0] == '\0';
    if (step->line == 0)
        return root ? NULL : pointer;
    return arena_fmt(arena, "%u:%u%s%s", step->line, step->column, root ? "" : " ", pointer);
}

#define COMPLAIN(b, ...)                                                                           \
    err_fmt((b)->arena, ERR_INPUT, step_where((b)->arena, (b)->step), __VA_ARGS__)

static struct err fields_bind(struct arena *arena, const struct step *step,
                              const struct json_field *fields, size_t n, const struct json *tree,
                              char *out);
static struct err field_bind(const struct bind *b);

/* ---- writing members: through memcpy, so that no aliasing rule is bent ---- */

static void put_text(const struct bind *b, const char *text)
{
    memcpy(b->out + b->f->offset, &text, sizeof text);
}

static void put_many(const struct bind *b, void *elems, size_t count)
{
    memcpy(b->out + b->f->offset, &elems, sizeof elems);
    memcpy(b->out + b->f->count_offset, &count, sizeof count);
}

/* ---- scalars ---- */

static int64_t code_points(struct str s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.at[i] & 0xC0) != 0x80;
    return n;
}

static struct err length_check(const struct bind *b, int64_t n, const char *what)
{
    struct json_range r = field_lengths(b->f);
    if (n < r.min && r.min == 1)
        return COMPLAIN(b, "must not be empty");
    if (n < r.min)
        return COMPLAIN(b, "fewer than %lld %s", (long long)r.min, what);
    if (n > r.max)
        return COMPLAIN(b, "more than %lld %s", (long long)r.max, what);
    return OK;
}

/* The text of the value, without NUL; or the complaint `expected`. */
static struct err text_take(const struct bind *b, const char *expected, struct str *text)
{
    bool literal = b->f->literal && b->value->type == JSON_TYPE_NUMBER;
    if (b->value->type != JSON_TYPE_TEXT && !literal)
        return COMPLAIN(b, "expected %s, not %s", expected, json_type_name(b->value->type));
    *text = b->value->text;
    if (memchr(text->at, '\0', text->len) != NULL)
        return COMPLAIN(b, "text must not hold U+0000");
    return OK;
}

static struct err text_check(const struct bind *b, const char *text)
{
    const char *complaint = b->f->check == NULL ? NULL : b->f->check(text);
    return complaint == NULL ? OK : COMPLAIN(b, "%s", complaint);
}

static struct err bind_text(const struct bind *b)
{
    struct str text = {0};
    TRY(text_take(b, "text", &text));
    TRY(length_check(b, code_points(text), "characters"));
    put_text(b, text.at);
    return text_check(b, text.at);
}

static size_t digits_of(const char *p)
{
    size_t n = 0;
    while (p[n] >= '0' && p[n] <= '9')
        n++;
    return n;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)? */
static bool decimal_valid(const char *p)
{
    p += *p == '-';
    size_t whole = digits_of(p);
    if (whole == 0 || (whole > 1 && *p == '0'))
        return false;
    p += whole;
    if (*p == '.') {
        size_t part = digits_of(p + 1);
        if (part == 0)
            return false;
        p += 1 + part;
    }
    return *p == '\0';
}

static struct err bind_decimal(const struct bind *b)
{
    if (b->value->type != JSON_TYPE_TEXT && !b->f->literal)
        return COMPLAIN(b, "expected a decimal string");
    struct str text = {0};
    TRY(text_take(b, "a decimal", &text));
    if (!decimal_valid(text.at))
        return COMPLAIN(b, "expected a decimal string");
    TRY(length_check(b, code_points(text), "characters"));
    put_text(b, text.at);
    return text_check(b, text.at);
}

static struct err bind_date(const struct bind *b)
{
    struct str text = {0};
    struct date day;
    TRY(text_take(b, "a date YYYY-MM-DD", &text));
    if (date_parse(text.at, &day).kind != ERR_NONE)
        return COMPLAIN(b, "expected a date YYYY-MM-DD");
    put_text(b, text.at);
    return text_check(b, text.at);
}

static struct err bind_bool(const struct bind *b)
{
    if (b->value->type != JSON_TYPE_BOOL)
        return COMPLAIN(b, "expected true or false, not %s", json_type_name(b->value->type));
    memcpy(b->out + b->f->offset, &b->value->truth, sizeof b->value->truth);
    return OK;
}

static struct err bind_int(const struct bind *b)
{
    int64_t n;
    if (!json_is(b->value, JSON_TYPE_NUMBER))
        return COMPLAIN(b, "expected an integer, not %s", json_type_name(b->value->type));
    if (!json_int(b->value, &n))
        return COMPLAIN(b, "expected an integer (digits only, within 64 bits)");
    struct json_range r = field_values(b->f);
    if (n < r.min)
        return COMPLAIN(b, "less than %lld", (long long)r.min);
    if (n > r.max)
        return COMPLAIN(b, "more than %lld", (long long)r.max);
    memcpy(b->out + b->f->offset, &n, sizeof n);
    return OK;
}

/* "a, b or c" */
static const char *names_list(struct arena *arena, const char *const *names)
{
    const char *list = "";
    for (size_t i = 0; names[i] != NULL; i++) {
        if (names[i][0] == '\0')
            continue;
        const char *glue = list[0] == '\0' ? "" : names[i + 1] == NULL ? " or " : ", ";
        list = arena_fmt(arena, "%s%s\"%s\"", list, glue, names[i]);
        if (list == NULL)
            return "one of the listed names";
    }
    return list;
}

static struct err bind_enum(const struct bind *b)
{
    struct str text = {.at = "", .len = 0};
    if (b->value->type == JSON_TYPE_TEXT)
        text = b->value->text;
    for (int i = 0; text.len > 0 && b->f->names[i] != NULL; i++) {
        if (str_is(text, b->f->names[i])) {
            memcpy(b->out + b->f->offset, &i, sizeof i);
            return OK;
        }
    }
    return COMPLAIN(b, "expected %s", names_list(b->arena, b->f->names));
}

static struct err bind_any(const struct bind *b)
{
    const struct json_field *f = b->f;
    const bool null = f->nullable && b->value->type == JSON_TYPE_NULL;
    if (f->holds != JSON_TYPE_NULL && b->value->type != f->holds && !null)
        return COMPLAIN(b, "expected %s", json_type_name(f->holds));
    for (size_t i = 0; f->each != JSON_TYPE_NULL && i < b->value->count; i++)
        if (b->value->items[i]->type != f->each)
            return COMPLAIN(b, "expected %s in each place", json_type_name(f->each));
    memcpy(b->out + b->f->offset, &b->value, sizeof b->value);
    return OK;
}

/* ---- nested ---- */

static struct err bind_object(const struct bind *b)
{
    const struct json_field *f = b->f;
    return fields_bind(b->arena, b->step, f->fields, f->nfields, b->value, b->out + f->offset);
}

static struct err bind_object_ptr(const struct bind *b)
{
    const struct json_field *f = b->f;
    void *object = arena_alloc(b->arena, f->elem_size);
    TRY(arena_check(b->arena));
    memcpy(b->out + f->offset, &object, sizeof object);
    return fields_bind(b->arena, b->step, f->fields, f->nfields, b->value, object);
}

static struct err many_check(const struct bind *b, enum json_type type)
{
    if (b->value->type != type)
        return COMPLAIN(b, "expected %s, not %s", json_type_name(type),
                        json_type_name(b->value->type));
    return length_check(b, (int64_t)b->value->count,
                        type == JSON_TYPE_ARRAY ? "elements" : "members");
}

static struct step step_to_item(const struct step *up, const struct json *value, size_t index)
{
    return (struct step){.up = up, .index = index, .line = value->line, .column = value->column};
}

static int texts_cmp(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct err texts_unique(const struct bind *b, const char *const *texts, size_t n)
{
    const char **sorted = ARENA_ARRAY(b->arena, n, const char *);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++)
        sorted[i] = texts[i];
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, texts_cmp);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return COMPLAIN(b, "\"%.64s\" is there twice", sorted[i]);
    }
    return OK;
}

static struct err bind_texts(const struct bind *b)
{
    TRY(many_check(b, JSON_TYPE_ARRAY));
    size_t n = b->value->count;
    const char **texts = ARENA_ARRAY(b->arena, n, const char *);
    TRY(arena_check(b->arena));
    struct json_field each = {.kind = JSON_KIND_TEXT,
                              .min = 1,
                              .max = b->f->each_max,
                              .literal = b->f->literal,
                              .check = b->f->check};
    for (size_t i = 0; i < n; i++) {
        struct step step = step_to_item(b->step, b->value->items[i], i);
        struct bind one = {b->arena, &step, &each, b->value->items[i], (char *)&texts[i]};
        TRY(bind_text(&one));
    }
    put_many(b, texts, n);
    return b->f->unique ? texts_unique(b, texts, n) : OK;
}

static struct err bind_objects(const struct bind *b)
{
    TRY(many_check(b, JSON_TYPE_ARRAY));
    const struct json_field *f = b->f;
    size_t n = b->value->count;
    char *elems = arena_array(b->arena, n, f->elem_size);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++) {
        struct step step = step_to_item(b->step, b->value->items[i], i);
        TRY(fields_bind(b->arena, &step, f->fields, f->nfields, b->value->items[i],
                        elems + i * f->elem_size));
    }
    put_many(b, elems, n);
    return OK;
}

/* One member of a map: its key goes in by the table's first row, its value by the second. */
static struct err map_entry_bind(const struct bind *b, const struct json_member *m, char *elem)
{
    const struct json key = {.type = JSON_TYPE_TEXT, .text = m->key};
    struct step at_key = {.up = b->step, .key = m->key, .line = m->line, .column = m->column};
    struct bind one = {b->arena, &at_key, &b->f->fields[0], &key, elem};
    TRY(field_bind(&one));
    struct step at_value = {
        .up = b->step, .key = m->key, .line = m->value->line, .column = m->value->column};
    one = (struct bind){b->arena, &at_value, &b->f->fields[1], m->value, elem};
    return field_bind(&one);
}

static struct err bind_map(const struct bind *b)
{
    INVARIANT(b->f->nfields == 2 && b->f->fields[0].kind == JSON_KIND_TEXT);
    TRY(many_check(b, JSON_TYPE_OBJECT));
    size_t n = b->value->count;
    char *elems = arena_array(b->arena, n, b->f->elem_size);
    TRY(arena_check(b->arena));
    for (size_t i = 0; i < n; i++)
        TRY(map_entry_bind(b, &b->value->members[i], elems + i * b->f->elem_size));
    put_many(b, elems, n);
    return OK;
}

/* ---- rows ---- */

static struct err (*const binders[])(const struct bind *b) = {
    [JSON_KIND_TEXT] = bind_text,       [JSON_KIND_BOOL] = bind_bool,
    [JSON_KIND_INT] = bind_int,         [JSON_KIND_ENUM] = bind_enum,
    [JSON_KIND_DECIMAL] = bind_decimal, [JSON_KIND_DATE] = bind_date,
    [JSON_KIND_OBJECT] = bind_object,   [JSON_KIND_OBJECT_PTR] = bind_object_ptr,
    [JSON_KIND_TEXTS] = bind_texts,     [JSON_KIND_OBJECTS] = bind_objects,
    [JSON_KIND_ANY] = bind_any,         [JSON_KIND_MAP] = bind_map,
};

/* The member as it is when nothing was said; an embedded struct takes its own rows' defaults. */
static void field_absent(const struct json_field *f, char *out)
{
    int number = (int)f->def;
    bool truth = f->def != 0, there = false;
    const void *null = NULL;
    if (f->has != 0)
        memcpy(out + f->has - 1, &there, sizeof there);
    switch (f->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_DECIMAL:
    case JSON_KIND_DATE:
        memcpy(out + f->offset, &f->def_text, sizeof f->def_text);
        break;
    case JSON_KIND_BOOL:
        memcpy(out + f->offset, &truth, sizeof truth);
        break;
    case JSON_KIND_INT:
        memcpy(out + f->offset, &f->def, sizeof f->def);
        break;
    case JSON_KIND_ENUM:
        memcpy(out + f->offset, &number, sizeof number);
        break;
    case JSON_KIND_OBJECT:
        for (size_t i = 0; i < f->nfields; i++)
            field_absent(&f->fields[i], out + f->offset);
        break;
    case JSON_KIND_TEXTS:
    case JSON_KIND_OBJECTS:
    case JSON_KIND_MAP:
        memset(out + f->count_offset, 0, sizeof(size_t));
        memcpy(out + f->offset, &null, sizeof null);
        break;
    case JSON_KIND_OBJECT_PTR:
    case JSON_KIND_ANY:
        memcpy(out + f->offset, &null, sizeof null);
        break;
    }
}

static struct err field_bind(const struct bind *b)
{
    const struct json_field *f = b->f;
    bool there = true;
    if (b->value == NULL && f->required)
        return COMPLAIN(b, "required");
    if (b->value == NULL ||
        (f->nullable && b->value->type == JSON_TYPE_NULL && f->kind != JSON_KIND_ANY)) {
        field_absent(f, b->out);
        return OK;
    }
    if (f->has != 0)
        memcpy(b->out + f->has - 1, &there, sizeof there);
    return binders[f->kind](b);
}

/* ---- unknown members, with a guess at what was meant ---- */

#define NAME_LEN 64u

/* Levenshtein distance; anything longer than NAME_LEN is far away. */
static size_t distance(struct str a, struct str b)
{
    size_t row[NAME_LEN + 1];
    if (a.len > NAME_LEN || b.len > NAME_LEN)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t swap = diagonal + (a.at[i - 1] != b.at[j - 1]);
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = swap < step ? swap : step;
        }
    }
    return row[b.len];
}

static const char *nearest_name(const struct json_field *fields, size_t n, struct str key)
{
    const char *best = NULL;
    size_t best_distance = key.len / 3 + 1;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(key, str_of(field_name(&fields[i])));
        if (d <= best_distance && (best == NULL || d < best_distance)) {
            best = field_name(&fields[i]);
            best_distance = d;
        }
    }
    return best;
}

static bool name_known(const struct json_field *fields, size_t n, struct str key)
{
    for (size_t i = 0; i < n; i++) {
        if (str_is(key, field_name(&fields[i])))
            return true;
    }
    return false;
}

static struct err members_known(struct arena *arena, const struct step *up,
                                const struct json_field *fields, size_t n, const struct json *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct json_member *m = &tree->members[i];
        if (name_known(fields, n, m->key))
            continue;
        struct step step = {.up = up, .key = m->key, .line = m->line, .column = m->column};
        struct bind b = {.arena = arena, .step = &step};
        const char *near = nearest_name(fields, n, m->key);
        if (near != NULL)
            return COMPLAIN(&b, "unknown member; did you mean \"%s\"?", near);
        return COMPLAIN(&b, "unknown member");
    }
    return OK;
}

static struct err fields_bind(struct arena *arena, const struct step *up,
                              const struct json_field *fields, size_t n, const struct json *tree,
                              char *out)
{
    if (tree->type != JSON_TYPE_OBJECT) {
        struct bind b = {.arena = arena, .step = up};
        return COMPLAIN(&b, "expected an object, not %s", json_type_name(tree->type));
    }
    TRY(members_known(arena, up, fields, n, tree));
    for (size_t i = 0; i < n; i++) {
        const char *name = field_name(&fields[i]);
        const struct json *value = json_get(tree, name);
        const struct json *place = value == NULL ? tree : value;
        struct step step = {
            .up = up, .key = str_of(name), .line = place->line, .column = place->column};
        struct bind b = {arena, &step, &fields[i], value, out};
        TRY(field_bind(&b));
    }
    return OK;
}

struct err json_bind(struct arena *arena, const struct json_field *fields, size_t n,
                     const struct json *tree, void *out)
{
    ENSURE(tree != NULL, ERR_INPUT, "expected an object, not nothing");
    struct step root = {.line = tree->line, .column = tree->column};
    return fields_bind(arena, &root, fields, n, tree, out);
}
