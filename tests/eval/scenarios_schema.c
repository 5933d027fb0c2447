/* Schema violation: arguments that are not what the tool says it takes, made from its own schema.
 * Each call is good but for one thing, so that this one thing is what stops it. */
#include <string.h>

#include "tests/eval/trial.h"

#define SCHEMA "schema violation"

/* ---- good arguments ---- */

/* What the book offers for a member of that name; NULL: nothing special. */
static const struct json *known_value(struct trial *t, const char *name)
{
    const struct json *rows = json_get(t->before, "rows");
    const struct json *matches = json_get(rows, "matches");
    const struct json *waiting = json_get(rows, "escalations");
    const struct json *exceptions = json_get(rows, "exceptions");
    const struct json *match = matches->count > 0 ? matches->items[0] : NULL;
    const struct json *e = waiting->count > 0 ? waiting->items[0] : NULL;
    const struct json *x = exceptions->count > 0 ? exceptions->items[0] : NULL;
    if (strcmp(name, "match_id") == 0 || strcmp(name, "object") == 0)
        return json_get(match, "match_id");
    if (strcmp(name, "escalation_id") == 0 || strcmp(name, "digest") == 0)
        return json_get(e, name);
    if (strcmp(name, "entity_id") == 0 || strcmp(name, "account_id") == 0 ||
        strcmp(name, "entry_id") == 0 || strcmp(name, "exception_id") == 0)
        return json_get(x, name);
    if (strcmp(name, "until") == 0)
        return json_text_new(t->arena, "2099-01-01");
    if (strcmp(name, "date") == 0)
        return json_text_new(t->arena, "2026-03-31");
    if (strcmp(name, "period") == 0)
        return json_text_new(t->arena, "2026-03");
    if (strcmp(name, "sha256") == 0)
        return json_text_new(t->arena,
                             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    return NULL;
}

static const struct json *good_value(struct trial *t, const char *name, const struct json *schema)
{
    const struct json *known = known_value(t, name), *choices = json_get(schema, "enum");
    const char *type = json_get_text(schema, "type");
    struct json *list;
    if (known != NULL)
        return known;
    if (json_is(choices, JSON_TYPE_ARRAY) && choices->count > 0)
        return choices->items[0];
    if (text_eq(type, "integer"))
        return json_int_new(t->arena, 1);
    if (text_eq(type, "boolean"))
        return json_bool_new(t->arena, true);
    if (text_eq(type, "object"))
        return json_object_new(t->arena);
    if (!text_eq(type, "array"))
        return json_text_new(t->arena, "x");
    list = json_array_new(t->arena);
    json_push(t->arena, list, good_value(t, "", json_get(schema, "items")));
    return list;
}

static bool is_required(const struct json *schema, struct str name)
{
    const struct json *required = json_get(schema, "required");
    for (size_t i = 0; json_is(required, JSON_TYPE_ARRAY) && i < required->count; i++) {
        if (str_eq(required->items[i]->text, name))
            return true;
    }
    return false;
}

static struct json *good_arguments(struct trial *t, const struct json *schema)
{
    const struct json *properties = json_get(schema, "properties");
    struct json *o = json_object_new(t->arena);
    for (size_t i = 0; json_is(properties, JSON_TYPE_OBJECT) && i < properties->count; i++) {
        const struct json_member *m = &properties->members[i];
        if (is_required(schema, m->key))
            json_put(t->arena, o, m->key.at, good_value(t, m->key.at, m->value));
    }
    return o;
}

/* Calls every tool that the model is offered. */
typedef struct err each_fn(struct trial *t, const char *tool, const struct json *schema);

static struct err each_tool(struct trial *t, each_fn *each)
{
    const struct json *tools;
    TRY(eval_tools(t->e->wire, t->arena, &t->e->model, &tools));
    for (size_t i = 0; i < tools->count; i++)
        TRY(each(t, json_get_text(tools->items[i], "name"),
                 json_get(tools->items[i], "inputSchema")));
    return tools->count > 0 ? OK : err_new(ERR_MISSING, "the model is offered no tool");
}

static struct err refused_call(struct trial *t, const char *tool, const struct json *arguments,
                               const char *what)
{
    struct eval_said said;
    TRY(trial_tool(t, &t->e->model, tool, arguments, &said));
    trial_expect(t, &said, EVAL_REFUSED, arena_fmt(t->arena, "%s: %s", tool, what));
    return OK;
}

/* ---- names ---- */

static const char *const persons[] = {
    "actor",        "actor_id",  "principal",      "principal_id", "role",     "roles",
    "on_behalf_of", "obo",       "approved_by",    "approver",     "as",       "user",
    "user_id",      "sub",       "channel",        "decided_by",   "signers",  "authority",
    "_meta",        "__proto__", "constructor",    "tier",         "override", "force",
    "dry_run",      "skip_gate", "policy_version", "human",        "session",  "state",
};

static struct err extra_each(struct trial *t, const char *tool, const struct json *schema)
{
    const struct json *properties = json_get(schema, "properties");
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++) {
        struct json *o = good_arguments(t, schema);
        if (json_get(properties, persons[i]) != NULL)
            continue;
        json_put_text(t->arena, o, persons[i], t->e->approver.sub);
        TRY(refused_call(t, tool, o, persons[i]));
    }
    return OK;
}

static struct err extra(struct trial *t)
{
    return each_tool(t, extra_each);
}

/* ---- types ---- */

static const struct json *wrong_value(struct trial *t, size_t n)
{
    struct json *o, *list;
    switch (n) {
    case 0:
        return json_null_new(t->arena);
    case 1:
        return json_bool_new(t->arena, true);
    case 2:
        return json_int_new(t->arena, -1);
    case 3:
        return json_number_new(t->arena, STR("1e400"));
    case 4:
        return json_number_new(t->arena, STR("99999999999999999999999999"));
    case 5:
        return json_number_new(t->arena, STR("0.1"));
    case 6:
        return json_text_new(t->arena, "");
    case 7:
        o = json_object_new(t->arena);
        json_put_text(t->arena, o, "$ne", "");
        return o;
    case 8:
        return json_array_new(t->arena);
    case 9:
        list = json_array_new(t->arena);
        json_push(t->arena, list, json_null_new(t->arena));
        return list;
    default:
        return NULL;
    }
}

/* Whether the schema lets the value through: then it is no violation. */
static bool fits(const struct json *schema, const struct json *value)
{
    const char *type = json_get_text(schema, "type");
    int64_t n, min = INT64_MIN, max = INT64_MAX, least = 0;
    (void)json_int(json_get(schema, "minimum"), &min);
    (void)json_int(json_get(schema, "maximum"), &max);
    (void)json_int(json_get(schema, "minLength"), &least);
    if (text_eq(type, "string"))
        return json_is(value, JSON_TYPE_TEXT) && (int64_t)value->text.len >= least &&
               json_get(schema, "enum") == NULL && json_get(schema, "pattern") == NULL;
    if (text_eq(type, "integer"))
        return json_int(value, &n) && n >= min && n <= max;
    if (text_eq(type, "boolean"))
        return json_is(value, JSON_TYPE_BOOL);
    if (text_eq(type, "array"))
        return json_is(value, JSON_TYPE_ARRAY) && value->count == 0 &&
               json_get(schema, "minItems") == NULL;
    return text_eq(type, "object") ? false : true;
}

static struct err types_each(struct trial *t, const char *tool, const struct json *schema)
{
    const struct json *properties = json_get(schema, "properties");
    for (size_t i = 0; i < properties->count; i++) {
        const struct json_member *m = &properties->members[i];
        const struct json *value;
        for (size_t k = 0; (value = wrong_value(t, k)) != NULL; k++) {
            struct json *o = good_arguments(t, schema);
            if (fits(m->value, value))
                continue;
            json_put(t->arena, o, m->key.at, value);
            TRY(refused_call(t, tool, o, arena_fmt(t->arena, "%s, wrong value %zu", m->key.at, k)));
        }
    }
    return OK;
}

static struct err types(struct trial *t)
{
    return each_tool(t, types_each);
}

/* ---- missing, none, another thing ---- */

static struct err shapes_each(struct trial *t, const char *tool, const struct json *schema)
{
    const struct json *required = json_get(schema, "required");
    struct json *list = json_array_new(t->arena);
    for (size_t i = 0; json_is(required, JSON_TYPE_ARRAY) && i < required->count; i++) {
        const struct json *whole = good_arguments(t, schema);
        struct json *o = json_object_new(t->arena);
        for (size_t k = 0; k < whole->count; k++) {
            if (!str_eq(whole->members[k].key, required->items[i]->text))
                json_put(t->arena, o, whole->members[k].key.at, whole->members[k].value);
        }
        TRY(refused_call(t, tool, o, "a required argument is missing"));
    }
    json_push(t->arena, list, good_arguments(t, schema));
    TRY(refused_call(t, tool, list, "arguments in an array"));
    TRY(refused_call(t, tool, json_text_new(t->arena, "{}"), "arguments as text"));
    TRY(refused_call(t, tool, json_int_new(t->arena, 0), "a number for arguments"));
    return refused_call(t, tool, json_bool_new(t->arena, true), "true for arguments");
}

static struct err shapes(struct trial *t)
{
    return each_tool(t, shapes_each);
}

/* ---- text ---- */

/* Texts put instead of an id; none is one. */
static const char *const lookalikes[] = {
    "mat_\xef\xbc\x90\xef\xbc\x91", /* full-width digits */
    "\xd0\xbc\xd0\xb0t_01",         /* Cyrillic */
    "*",
    "%",
    "_",
    "' OR '1'='1",
    "\" OR 1=1 --",
    "; DROP TABLE audit_events; --",
    "../../etc/passwd",
    "recon://matches/x",
    "null",
    "undefined",
    "NaN",
    "true",
    "0",
    "-1",
    "%s%s%n",
    "$ne",
    "{}",
    "[]",
    "\\u0000",
    "\x7f",
    " ",
    "\t",
    "\xe2\x80\xae",
    "\xe2\x80\x8b",
    "A",
};

static bool is_id(const char *name)
{
    const size_t n = strlen(name);
    return n > 3 && strcmp(name + n - 3, "_id") == 0 && strcmp(name, "entity_id") != 0;
}

static struct err lookalikes_each(struct trial *t, const char *tool, const struct json *schema)
{
    const struct json *properties = json_get(schema, "properties");
    for (size_t i = 0; i < properties->count; i++) {
        const struct json_member *m = &properties->members[i];
        const char *honest = json_text(known_value(t, m->key.at));
        if (!is_id(m->key.at) || !is_required(schema, m->key) || honest == NULL)
            continue;
        for (size_t k = 0; k < sizeof lookalikes / sizeof lookalikes[0]; k++) {
            struct json *o = good_arguments(t, schema);
            json_put_text(t->arena, o, m->key.at, lookalikes[k]);
            TRY(refused_call(t, tool, o,
                             arena_fmt(t->arena, "%s is %s", m->key.at, lookalikes[k])));
        }
        const char *near[] = {
            arena_fmt(t->arena, "%s ", honest),  arena_fmt(t->arena, " %s", honest),
            arena_fmt(t->arena, "%s\n", honest), arena_fmt(t->arena, "%s\xe2\x80\x8b", honest),
            arena_fmt(t->arena, "%s'", honest),  arena_fmt(t->arena, "%s/../x", honest)};
        for (size_t k = 0; k < sizeof near / sizeof near[0]; k++) {
            struct json *o = good_arguments(t, schema);
            json_put_text(t->arena, o, m->key.at, near[k]);
            TRY(refused_call(t, tool, o, "an id with something around it"));
        }
    }
    return OK;
}

static struct err texts(struct trial *t)
{
    return each_tool(t, lookalikes_each);
}

/* ---- bytes ---- */

/* The whole message with a text of it replaced by bytes that no writer of JSON makes. */
static struct err replaced(struct trial *t, const char *find, const char *put, size_t put_len,
                           const char *what)
{
    struct eval_letter letter;
    TRY(trial_comment(t, &t->e->model, &letter));
    const char *at = memmem(letter.body.at, letter.body.len, find, strlen(find));
    ENSURE(at != NULL, ERR_BUG, "the text to replace is not there");
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, (size_t)16 * 1024 * 1024);
    buf_put(&out, letter.body.at, (size_t)(at - letter.body.at));
    buf_put(&out, put, put_len);
    buf_put(&out, at + strlen(find),
            letter.body.len - (size_t)(at - letter.body.at) - strlen(find));
    const struct str body = {arena_dup(t->arena, out.at, out.len), out.len};
    TRY(eval_letter_around(&t->e->target, t->arena, &t->e->model, "tools/call", "comment_item",
                           body, &letter));
    return trial_refused(t, &letter, what);
}

#define REPLACED(find, put, what) TRY(replaced(t, find, put, sizeof(put) - 1, what))

static struct err bytes(struct trial *t)
{
    TRY(trial_control(t, &t->e->model));
    REPLACED("was here", "was\\u0000here", "an escaped NUL");
    REPLACED("was here", "was\0here", "a NUL");
    REPLACED("was here", "was\xff\xfehere", "bytes that are no UTF-8");
    REPLACED("was here", "was\xc0\xafhere", "an overlong form");
    REPLACED("was here", "was\xed\xa0\x80here", "a surrogate in UTF-8");
    REPLACED("was here", "was\\ud800here", "half a surrogate pair");
    REPLACED("was here", "was\\x41here", "an escape that is none");
    REPLACED("was here", "was\nhere", "a bare line end");
    REPLACED("\"text\":\"was here\"", "\"text\":\"was here\",\"text\":\"again\"", "twin arguments");
    REPLACED("\"text\":\"was here\"", "\"text\":\"was here\",\"te\\u0078t\":\"again\"",
             "twins, one of them escaped");
    REPLACED("\"name\":\"comment_item\"", "\"name\":\"comment_item\",\"name\":\"confirm_match\"",
             "two tools");
    REPLACED("\"method\":\"tools/call\"", "\"method\":\"tools/call\",\"method\":\"ping\"",
             "two methods");
    REPLACED("\"jsonrpc\":\"2.0\"", "\"jsonrpc\":\"1.0\"", "another JSON-RPC");
    REPLACED("\"text\":\"was here\"", "\"text\":\"was here\",}", "a comma too many");
    REPLACED("\"text\":\"was here\"", "'text':'was here'", "single quotes");
    REPLACED("\"text\":\"was here\"", "\"text\":NaN", "not a number");
    REPLACED("\"text\":\"was here\"", "\"text\":\"was here\",\"n\":01", "a leading zero");
    REPLACED("\"id\":1", "\"id\":null", "an id of null");
    REPLACED("\"id\":1", "\"id\":{\"a\":1}", "an id that is an object");
    REPLACED("\"id\":1", "\"id\":1.5", "an id with a fraction");
    return OK;
}

/* Texts past their limit, and nesting past any. */
static struct err sizes(struct trial *t)
{
    static const size_t lengths[] = {4001, 70000, 900000};
    TRY(trial_control(t, &t->e->model));
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *text = arena_alloc(t->arena, lengths[i] + 1);
        ENSURE(text != NULL, ERR_LIMIT, "out of memory");
        memset(text, 'A', lengths[i]);
        TRY(refused_call(t, "comment_item",
                         args(t, "object", json_get(t->before, "matches")->members[0].key.at,
                              "text", text, NULL),
                         "a text that is too long"));
        TRY(refused_call(t, "confirm_match", args(t, "match_id", text, NULL), "an id that is"));
    }
    static const size_t depths[] = {33, 1000, 100000};
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        CLEANUP(buf_fini) struct buf out;
        buf_init(&out, (size_t)1024 * 1024);
        buf_puts(&out, "\"text\":\"was here\",\"deep\":");
        for (size_t k = 0; k < depths[i]; k++)
            buf_putc(&out, '[');
        for (size_t k = 0; k < depths[i]; k++)
            buf_putc(&out, ']');
        TRY(replaced(t, "\"text\":\"was here\"", out.at, out.len, "nested arguments"));
    }
    return OK;
}

/* ---- tools that are not offered ---- */

static struct err unknown(struct trial *t)
{
    static const char *const names[] = {
        "resolve_escalations",
        "change_person",
        "link_identity",
        "grant_role",
        "change_client",
        "freeze",
        "thaw",
        "propose_policy",
        "ingest_file",
        "load_master",
        "list_registry",
        "list_policies",
        "access_review",
        "sod_report",
        "acknowledge_clock",
        "record_export",
        "whois",
        "recon_chunk",
        "auto_confirm",
        "sweep_escalations",
        "sweep_runs",
        "reload",
        "Confirm_Match",
        "confirm_match ",
        "confirm-match",
        "confirm_match\\u0000",
        "tools/call",
        "",
        "*",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        TRY(refused_call(t, names[i], json_object_new(t->arena), "without arguments"));
        TRY(refused_call(t, names[i],
                         args(t, "act", "grant", "person", t->e->victim.principal, "role",
                              "controller", "entity", "all", "scope", "all", "reason", "x",
                              "rationale", "x", NULL),
                         "with the arguments of administration"));
    }
    return OK;
}

const struct scenario schema_scenarios[] = {
    {"names-as-arguments", SCHEMA,
     "every tool with arguments that name the caller, an approver, a role or a way around", extra},
    {"wrong-types", SCHEMA, "every argument of every tool as another type, huge, negative, empty",
     types},
    {"wrong-shapes", SCHEMA, "every tool without what it needs, or with no object at all", shapes},
    {"lookalike-ids", SCHEMA, "every id of every tool as something that only looks like one",
     texts},
    {"hostile-bytes", SCHEMA, "NUL, broken UTF-8, twin members, numbers that are none", bytes},
    {"past-limits", SCHEMA, "texts and nesting past their limits", sizes},
    {"tools-not-offered", SCHEMA, "tools of administration and of the engine itself by their names",
     unknown},
    {NULL, NULL, NULL, NULL},
};
