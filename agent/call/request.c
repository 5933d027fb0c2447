/* What was asked: body, query and cookies, each bound by a table or looked up by name. */
#include "agent/call/request.h"

#include <string.h>

#include "common/base/err.h"
#include "common/sys/json_read.h"

#define QUERY_MAX ((size_t)8 * 1024)

struct err request_body(struct request *r, const struct json_field *fields, size_t n, void *out)
{
    struct json *tree;
    TRY(json_read(r->arena, r->http->body, NULL, &tree));
    return json_bind(r->arena, fields, n, tree, out);
}

/* ---- the query ---- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded, WHATWG: %xx and +; NULL for what is not well formed or no
 * UTF-8. */
static char *decoded(struct arena *arena, struct str s)
{
    char *text = arena_alloc(arena, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; text != NULL && i < s.len; i++) {
        char c = s.at[i] == '+' ? ' ' : s.at[i];
        if (c == '%') {
            const int high = i + 2 < s.len ? hex_of(s.at[i + 1]) : -1;
            const int low = i + 2 < s.len ? hex_of(s.at[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        }
        text[n++] = c;
    }
    return text != NULL && utf8_valid(text, n) ? text : NULL;
}

static const struct json_field *field_of(const struct json_field *fields, size_t n,
                                         const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (text_eq(fields[i].as != NULL ? fields[i].as : fields[i].name, name))
            return &fields[i];
    return NULL;
}

/* A parameter's value as JSON would have it. NULL: it is none of the row's kind. */
static const struct json *value_of(struct arena *arena, const struct json_field *f,
                                   const char *text)
{
    if (f->kind == JSON_KIND_INT)
        return json_number_valid(str_of(text)) ? json_number_new(arena, str_of(text)) : NULL;
    if (f->kind != JSON_KIND_BOOL)
        return json_text_new(arena, text);
    if (text_eq(text, "true") || text_eq(text, "1"))
        return json_bool_new(arena, true);
    return text_eq(text, "false") || text_eq(text, "0") ? json_bool_new(arena, false) : NULL;
}

static struct err parameter(struct request *r, const struct json_field *fields, size_t n,
                            struct str text, struct json *object)
{
    struct str left, right;
    if (!str_cut(text, '=', &left, &right))
        right = STR("");
    const char *name = decoded(r->arena, left);
    const char *value = decoded(r->arena, right);
    TRY(arena_check(r->arena));
    ENSURE(name != NULL && value != NULL, ERR_INPUT, "the query is not well formed");
    const char *where = json_pointer_join(r->arena, "", str_of(name));
    const struct json_field *f = field_of(fields, n, name);
    if (f == NULL)
        return err_at(ERR_INPUT, where, "there is no such parameter");
    if (*value == '\0') /* a form's empty field: not said */
        return OK;
    const struct json *v = value_of(r->arena, f, value);
    if (v == NULL)
        return err_at(ERR_INPUT, where,
                      f->kind == JSON_KIND_INT ? "expected a whole number"
                                               : "expected true or false");
    if (json_add(r->arena, object, str_of(name), v) == NULL)
        return err_at(ERR_INPUT, where, "given twice");
    return OK;
}

struct err request_query(struct request *r, const struct json_field *fields, size_t n, void *out)
{
    struct json *object = json_object_new(r->arena);
    struct str rest = r->http->query, part;
    ENSURE(rest.len <= QUERY_MAX, ERR_LIMIT, "the query is too long");
    while (rest.len > 0) {
        struct str all = rest;
        if (!str_cut(all, '&', &part, &rest))
            rest = STR("");
        if (part.len > 0)
            TRY(parameter(r, fields, n, part, object));
    }
    TRY(arena_check(r->arena));
    return json_bind(r->arena, fields, n, object, out);
}

/* ---- cookies ---- */

const char *request_cookie(struct request *r, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < r->http->fields_n; i++) {
        struct str rest = r->http->fields[i].value, pair, left, right;
        if (!str_is_nocase(r->http->fields[i].name, "Cookie"))
            continue;
        while (rest.len > 0) {
            struct str all = rest;
            if (!str_cut(all, ';', &pair, &rest))
                rest = STR("");
            if (!str_cut(str_trim(pair), '=', &left, &right) || !str_is(left, name))
                continue;
            if (found != NULL)
                return NULL;
            found = str_dup(r->arena, right);
        }
    }
    return found;
}

/* W3C Trace Context, version 00: the caller's trace, this request as the parent, sampled. */
static const char *trace_of(const struct request *r)
{
    return r->trace == NULL ? NULL : arena_fmt(r->arena, "00-%s-%s-01", r->trace, r->id);
}

struct mcpc_actor request_actor(const struct request *r)
{
    return (struct mcpc_actor){.sub = r->session.actor,
                               .principal = r->session.principal_id,
                               .channel = "web",
                               .auth_time = r->session.auth_time,
                               .acr = r->session.acr,
                               .traceparent = trace_of(r)};
}

struct err request_read(struct request *r, const char *uri, const struct json **tree)
{
    const struct mcpc_actor who = request_actor(r);
    ENSURE(uri != NULL, ERR_LIMIT, "no memory");
    return mcpc_read_json(r->mcpc, r->arena, &who, uri, tree);
}

struct err request_call(struct request *r, const char *tool, const struct json *arguments)
{
    const struct mcpc_actor who = request_actor(r);
    struct mcpc_result result;
    TRY(arena_check(r->arena));
    TRY(mcpc_call(r->mcpc, r->arena, &who, tool, arguments, &result));
    reply_result(r, &result);
    return OK;
}
