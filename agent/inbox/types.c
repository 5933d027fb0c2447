/* The shapes as TypeScript interfaces: what the handlers check is what the screens are typed by. */
#include "agent/inbox/shapes.h"

#include <string.h>

static void type_put(struct buf *out, const struct json_field *f, int depth);

static void indent(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_puts(out, "  ");
}

static void members_put(struct buf *out, const struct json_field *fields, size_t n, bool open,
                        int depth)
{
    buf_puts(out, "{\n");
    for (size_t i = 0; i < n; i++) {
        const struct json_field *f = &fields[i];
        if (f->help != NULL) {
            indent(out, depth + 1);
            buf_putf(out, "/** %s */\n", f->help);
        }
        indent(out, depth + 1);
        buf_putf(out, "%s%s: ", f->as != NULL ? f->as : f->name, f->required ? "" : "?");
        type_put(out, f, depth + 1);
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

static void type_put(struct buf *out, const struct json_field *f, int depth)
{
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
        members_put(out, f->fields, f->nfields, false, depth);
        break;
    case JSON_KIND_TEXTS:
        buf_puts(out, "string[]");
        break;
    case JSON_KIND_OBJECTS:
        members_put(out, f->fields, f->nfields, false, depth);
        buf_puts(out, "[]");
        break;
    case JSON_KIND_ANY:
        buf_puts(out, any_of(f));
        break;
    case JSON_KIND_MAP:
        buf_puts(out, "Record<string, ");
        type_put(out, &f->fields[1], depth);
        buf_putc(out, '>');
        break;
    }
    if (f->nullable)
        buf_puts(out, " | null");
}

void shapes_print_types(struct buf *out)
{
    buf_puts(out, "// Printed by `closegate-agent docs types` from the tables its handlers check "
                  "answers with: do not edit.\n// Amounts are decimal text, times are UTC "
                  "instants, days are YYYY-MM-DD.\n");
    for (size_t i = 0; i < shapes_n; i++) {
        buf_putf(out, "\n/** %s */\nexport interface %s ", shapes[i]->help, shapes[i]->name);
        members_put(out, shapes[i]->fields, shapes[i]->n, !shapes[i]->sent, 0);
        buf_putc(out, '\n');
    }
}
