/* The shapes as TypeScript interfaces: what the handlers check is what the screens are typed by. */
#include "agent/call/shape.h"

struct types {
    struct buf *out;
    const struct shape_list *list; /* whose names may be said */
};

static void type_put(struct types *t, const struct json_field *f, int depth);

static void indent(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_puts(out, "  ");
}

static void members_put(struct types *t, const struct json_field *fields, size_t n, bool open,
                        int depth)
{
    struct buf *out = t->out;
    buf_puts(out, "{\n");
    for (size_t i = 0; i < n; i++) {
        const struct json_field *f = &fields[i];
        if (f->help != NULL) {
            indent(out, depth + 1);
            buf_putf(out, "/** %s */\n", f->help);
        }
        indent(out, depth + 1);
        buf_putf(out, "%s%s: ", f->as != NULL ? f->as : f->name, f->required ? "" : "?");
        type_put(t, f, depth + 1);
        buf_putc(out, '\n');
    }
    if (open) {
        indent(out, depth + 1);
        buf_puts(out, "[member: string]: unknown\n");
    }
    indent(out, depth);
    buf_putc(out, '}');
}

static const char *any_of(const struct json_field *f)
{
    switch (f->holds) {
    case JSON_TYPE_OBJECT:
        return "Record<string, unknown>";
    case JSON_TYPE_ARRAY:
        return f->each == JSON_TYPE_OBJECT ? "Record<string, unknown>[]" : "unknown[]";
    case JSON_TYPE_BOOL:
        return "boolean";
    case JSON_TYPE_TEXT:
        return "string";
    case JSON_TYPE_NUMBER:
        return "number";
    case JSON_TYPE_NULL:
    case JSON_TYPE_RAW:
        break;
    }
    return "unknown";
}

static void names_put(struct buf *out, const struct json_field *f)
{
    for (size_t i = 0, n = 0; f->names[i] != NULL; i++)
        if (f->names[i][0] != '\0')
            buf_putf(out, "%s'%s'", n++ == 0 ? "" : " | ", f->names[i]);
}

/* By its name, when it has one. */
static void object_put(struct types *t, const struct json_field *f, int depth)
{
    for (size_t i = 0; i < t->list->n; i++)
        if (t->list->rows[i]->fields == f->fields) {
            buf_puts(t->out, t->list->rows[i]->name);
            return;
        }
    members_put(t, f->fields, f->nfields, false, depth);
}

static void type_put(struct types *t, const struct json_field *f, int depth)
{
    struct buf *out = t->out;
    switch (f->kind) {
    case JSON_KIND_TEXT:
    case JSON_KIND_DECIMAL:
    case JSON_KIND_DATE:
        buf_puts(out, "string");
        break;
    case JSON_KIND_BOOL:
        buf_puts(out, "boolean");
        break;
    case JSON_KIND_INT:
        buf_puts(out, "number");
        break;
    case JSON_KIND_ENUM:
        names_put(out, f);
        break;
    case JSON_KIND_OBJECT:
    case JSON_KIND_OBJECT_PTR:
        object_put(t, f, depth);
        break;
    case JSON_KIND_TEXTS:
        buf_puts(out, "string[]");
        break;
    case JSON_KIND_OBJECTS:
        object_put(t, f, depth);
        buf_puts(out, "[]");
        break;
    case JSON_KIND_ANY:
        buf_puts(out, any_of(f));
        break;
    case JSON_KIND_MAP:
        buf_puts(out, "Record<string, ");
        type_put(t, &f->fields[1], depth);
        buf_putc(out, '>');
        break;
    }
    if (f->nullable)
        buf_puts(out, " | null");
}

static void shape_put(struct types *t, const struct shape *s)
{
    buf_putf(t->out, "\n/** %s */\nexport ", s->help);
    if (s->kinds == NULL) {
        buf_putf(t->out, "interface %s ", s->name);
        members_put(t, s->fields, s->n, !s->closed, 0);
    } else {
        buf_putf(t->out, "type %s = ", s->name);
        for (size_t i = 0; i < s->kinds_n; i++)
            buf_putf(t->out, "%s%s", i == 0 ? "" : " | ", s->kinds[i]->name);
    }
    buf_putc(t->out, '\n');
}

void shapes_print_types(struct buf *out, const struct shape_list *const *lists, size_t n)
{
    buf_puts(out, "// Printed by `closegate-agent docs types` from the tables its handlers check "
                  "answers with: do not edit.\n// Amounts are decimal text, times are UTC "
                  "instants, days are YYYY-MM-DD.\n");
    for (size_t i = 0; i < n; i++) {
        struct types t = {out, lists[i]};
        for (size_t k = 0; k < lists[i]->n; k++)
            shape_put(&t, lists[i]->rows[k]);
    }
}
