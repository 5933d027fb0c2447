/* Collects what was checked, and prints it. */
#include "common/verify/report.h"

#include <string.h>

void report_init(struct report *r, struct arena *arena, const char *subject)
{
    *r = (struct report){.arena = arena,
                         .subject = subject,
                         .checks = json_array_new(arena),
                         .facts = json_object_new(arena)};
}

static void check_add(struct report *r, const char *check, bool holds, const char *where,
                      const char *says)
{
    struct json *row = json_object_new(r->arena);
    json_put_text(r->arena, row, "check", check);
    json_put_bool(r->arena, row, "holds", holds);
    json_put_known(r->arena, row, "where", where);
    json_put_text(r->arena, row, "says", says);
    json_push(r->arena, r->checks, row);
}

void report_holds(struct report *r, const char *check, const char *says, ...)
{
    va_list ap;
    va_start(ap, says);
    check_add(r, check, true, NULL, arena_vfmt(r->arena, says, ap));
    va_end(ap);
    r->held++;
}

bool report_fails(struct report *r, const char *check, const char *where, const char *says, ...)
{
    va_list ap;
    va_start(ap, says);
    const char *text = arena_vfmt(r->arena, says, ap);
    va_end(ap);
    where = where == NULL ? NULL : arena_strdup(r->arena, where);
    check_add(r, check, false, where, text);
    if (r->failed == NULL) {
        r->failed = check;
        r->problem = text == NULL ? says : text;
        r->where = where;
    }
    return false;
}

bool report_good(const struct report *r)
{
    return r->failed == NULL && r->held > 0 && !arena_full(r->arena);
}

struct json *report_json(const struct report *r)
{
    struct json *o = json_object_new(r->arena);
    json_put_text(r->arena, o, "subject", r->subject);
    json_put_bool(r->arena, o, "holds", report_good(r));
    json_put_known(r->arena, o, "failed", r->failed);
    json_put_known(r->arena, o, "where", r->where);
    json_put_known(r->arena, o, "problem", r->problem);
    json_put(r->arena, o, "facts", r->facts);
    json_put(r->arena, o, "checks", r->checks);
    return o;
}

/* Text from outside must not drive the reader's terminal. */
static void plain_put(struct buf *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        buf_putc(out, (unsigned char)*text < 0x20 || *text == 0x7F ? '?' : *text);
}

static void facts_put(const struct report *r, struct buf *out)
{
    for (size_t i = 0; i < r->facts->count; i++) {
        const struct json *value = r->facts->members[i].value;
        if (!json_is(value, JSON_TYPE_TEXT) && !json_is(value, JSON_TYPE_NUMBER))
            continue;
        buf_puts(out, "  ");
        plain_put(out, r->facts->members[i].key.at);
        buf_puts(out, ": ");
        plain_put(out, value->text.at);
        buf_putc(out, '\n');
    }
}

void report_print(const struct report *r, struct buf *out)
{
    plain_put(out, r->subject);
    buf_puts(out, report_good(r) ? ": holds\n" : ": DOES NOT HOLD\n");
    facts_put(r, out);
    for (size_t i = 0; i < r->checks->count; i++) {
        const struct json *row = r->checks->items[i];
        const char *where = json_get_text(row, "where");
        buf_puts(out, json_get(row, "holds")->truth ? "  ok    " : "  FAILS ");
        plain_put(out, json_get_text(row, "check"));
        buf_puts(out, ": ");
        if (where != NULL) {
            plain_put(out, where);
            buf_puts(out, ": ");
        }
        plain_put(out, json_get_text(row, "says"));
        buf_putc(out, '\n');
    }
}
