/* libyaml's events build the tree. The subset is small on purpose: a policy must read the same to
 * its author, to us and to any other YAML reader, so whatever these could disagree on is an error.
 */
#include "common/sys/yaml_read.h"

#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "common/base/invariant.h"

/* An open mapping or sequence. In a mapping, `key` is the text of a key that waits for its value.
 */
struct level {
    struct json *node;
    bool has_key;
    struct str key;
    yaml_mark_t key_mark;
};

struct reader {
    struct arena *arena;
    struct str bytes;
    yaml_parser_t parser;
    struct level stack[YAML_DEPTH_MAX];
    unsigned depth;
    unsigned documents;
    struct json *root;
};

#define AT(r, mark, ...)                                                                           \
    err_fmt((r)->arena, ERR_INPUT,                                                                 \
            arena_fmt((r)->arena, "%zu:%zu", (mark).line + 1, (mark).column + 1), __VA_ARGS__)

/* ---- plain scalars ---- */

static bool all_in(const char *text, const char *set)
{
    return text[0] != '\0' && text[strspn(text, set)] == '\0';
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)? */
static bool plain_number(struct str s)
{
    return json_number_valid(s) && memchr(s.at, 'e', s.len) == NULL &&
           memchr(s.at, 'E', s.len) == NULL;
}

/* Digits with points, colons and underscores, perhaps an exponent: 010 1:30 1_000 .5 5. 1e3. Two
 * points make a version or an address, which everybody reads as text. */
static bool numberish(const char *text)
{
    size_t len = strspn(text, "0123456789_.:");
    const char *rest = text + len;
    const char *point = memchr(text, '.', len);
    size_t lead = text[0] == '.' ? 1 : 0;
    if (lead >= len || text[lead] < '0' || text[lead] > '9')
        return false;
    if (point != NULL && memchr(point + 1, '.', (size_t)(text + len - point - 1)) != NULL)
        return false;
    if (*rest == 'e' || *rest == 'E') {
        rest += 1;
        rest += *rest == '+' || *rest == '-';
        return all_in(rest, "0123456789_");
    }
    return *rest == '\0';
}

/* Would some YAML reader take this for something else than the text it looks like? */
static bool surprising(const char *text)
{
    static const char *const words[] = {"yes",   "no",   "on", "off",  "y",    "n", "true",
                                        "false", "null", "~",  ".inf", ".nan", "=", "<<"};
    bool sign = text[0] == '+' || text[0] == '-';
    const char *rest = sign ? text + 1 : text;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(rest, words[i]) == 0 && (!sign || words[i][0] == '.'))
            return true;
    }
    if (rest[0] == '0' && (rest[1] == 'x' || rest[1] == 'X'))
        return all_in(rest + 2, "0123456789abcdefABCDEF_");
    if (rest[0] == '0' && rest[1] != '\0' && strchr("oObB", rest[1]) != NULL)
        return all_in(rest + 2, "01234567_");
    return numberish(rest);
}

static struct err surprise(const struct reader *r, yaml_mark_t mark, const char *text)
{
    static const char *const truths[] = {"yes", "on", "y", "true"};
    static const char *const lies[] = {"no", "off", "n", "false"};
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++) {
        if (strcasecmp(text, truths[i]) == 0)
            return AT(r, mark, "write true, or \"%s\" in quotes", text);
        if (strcasecmp(text, lies[i]) == 0)
            return AT(r, mark, "write false, or \"%s\" in quotes", text);
    }
    if (strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0)
        return AT(r, mark, "write null, or \"%s\" in quotes", text);
    return AT(r, mark,
              "YAML readers disagree about %.64s: write a plain number, or \"%.64s\" in quotes",
              text, text);
}

static struct err plain_value(const struct reader *r, const yaml_event_t *e, struct json **value)
{
    const char *text = (const char *)e->data.scalar.value;
    struct str s = {.at = text, .len = e->data.scalar.length};
    if (s.len == 0)
        return AT(r, e->start_mark, "an empty value: write null, \"\" or the value");
    if (str_is(s, "null"))
        *value = json_null_new(r->arena);
    else if (str_is(s, "true") || str_is(s, "false"))
        *value = json_bool_new(r->arena, s.at[0] == 't');
    else if (plain_number(s))
        *value = json_number_new(r->arena, s);
    else if (surprising(text))
        return surprise(r, e->start_mark, text);
    else
        *value = json_str_new(r->arena, s);
    return OK;
}

/* ---- building ---- */

static struct level *top(struct reader *r)
{
    return r->depth == 0 ? NULL : &r->stack[r->depth - 1];
}

static bool wants_key(struct reader *r)
{
    struct level *l = top(r);
    return l != NULL && l->node->type == JSON_TYPE_OBJECT && !l->has_key;
}

static struct err key_set(struct reader *r, const yaml_event_t *e)
{
    struct level *l = top(r);
    struct str key = {.at = (const char *)e->data.scalar.value, .len = e->data.scalar.length};
    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        if (key.len == 0)
            return AT(r, e->start_mark, "an empty key");
        if (str_is(key, "<<"))
            return AT(r, e->start_mark, "merge keys (<<) are not taken");
        if (surprising(key.at) && !plain_number(key))
            return AT(r, e->start_mark, "write the key \"%.64s\" in quotes", key.at);
    }
    const struct json_member *twin = json_find(l->node, key);
    if (twin != NULL)
        return AT(r, e->start_mark, "the key \"%.64s\" is already there at line %u", key.at,
                  twin->line);
    l->key = (struct str){.at = str_dup(r->arena, key), .len = key.len};
    l->key_mark = e->start_mark;
    l->has_key = true;
    return arena_check(r->arena);
}

static struct err value_add(struct reader *r, struct json *value, yaml_mark_t mark)
{
    TRY(arena_check(r->arena));
    INVARIANT(value != NULL);
    value->line = (uint32_t)mark.line + 1;
    value->column = (uint32_t)mark.column + 1;
    struct level *l = top(r);
    if (l == NULL) {
        r->root = value;
    } else if (l->node->type == JSON_TYPE_ARRAY) {
        json_push(r->arena, l->node, value);
    } else {
        struct json_member *m = json_add(r->arena, l->node, l->key, value);
        TRY(arena_check(r->arena));
        m->line = (uint32_t)l->key_mark.line + 1;
        m->column = (uint32_t)l->key_mark.column + 1;
        l->has_key = false;
    }
    return arena_check(r->arena);
}

static struct err marks_refuse(const struct reader *r, const yaml_event_t *e,
                               const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        return AT(r, e->start_mark, "anchors (&%.64s) are not taken", (const char *)anchor);
    if (tag != NULL)
        return AT(r, e->start_mark, "tags (%.64s) are not taken", (const char *)tag);
    return OK;
}

static struct err on_scalar(struct reader *r, const yaml_event_t *e)
{
    TRY(marks_refuse(r, e, e->data.scalar.anchor, e->data.scalar.tag));
    if (wants_key(r))
        return key_set(r, e);
    struct json *value = NULL;
    if (e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        TRY(plain_value(r, e, &value));
    else
        value = json_str_new(r->arena, (struct str){.at = (const char *)e->data.scalar.value,
                                                    .len = e->data.scalar.length});
    return value_add(r, value, e->start_mark);
}

static struct err on_open(struct reader *r, const yaml_event_t *e, struct json *node)
{
    if (wants_key(r))
        return AT(r, e->start_mark, "a key must be text");
    if (r->depth == YAML_DEPTH_MAX) {
        struct err deep = AT(r, e->start_mark, "nested deeper than %u", YAML_DEPTH_MAX);
        deep.kind = ERR_LIMIT;
        return deep;
    }
    TRY(value_add(r, node, e->start_mark));
    r->stack[r->depth++] = (struct level){.node = node};
    return OK;
}

static struct err on_document(struct reader *r, const yaml_event_t *e)
{
    if (r->documents++ > 0)
        return AT(r, e->start_mark, "a second document: there may be one only");
    if (e->data.document_start.version_directive != NULL ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
        return AT(r, e->start_mark, "directives (%%) are not taken");
    return OK;
}

static struct err on_event(struct reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(r, e);
    case YAML_ALIAS_EVENT:
        return AT(r, e->start_mark, "aliases (*%.64s) are not taken",
                  (const char *)e->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e);
    case YAML_SEQUENCE_START_EVENT:
        TRY(marks_refuse(r, e, e->data.sequence_start.anchor, e->data.sequence_start.tag));
        return on_open(r, e, json_array_new(r->arena));
    case YAML_MAPPING_START_EVENT:
        TRY(marks_refuse(r, e, e->data.mapping_start.anchor, e->data.mapping_start.tag));
        return on_open(r, e, json_object_new(r->arena));
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        return OK;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return OK;
}

/* ---- places and libyaml's own complaints ---- */

/* The mark of a byte offset, in characters as libyaml counts. */
static yaml_mark_t mark_of(struct str s, size_t offset)
{
    yaml_mark_t m = {0};
    for (size_t i = 0; i < offset && i < s.len; i++) {
        m.column += ((unsigned char)s.at[i] & 0xC0) != 0x80;
        if (s.at[i] == '\n') {
            m.line++;
            m.column = 0;
        }
    }
    return m;
}

/* The byte that a mark points at, 0 past the end. */
static char byte_at(struct str s, yaml_mark_t mark)
{
    size_t i = 0;
    for (size_t line = 0; line < mark.line && i < s.len; i++)
        line += s.at[i] == '\n';
    for (size_t column = 0; i < s.len; i++) {
        bool starts = ((unsigned char)s.at[i] & 0xC0) != 0x80;
        if (starts && column++ == mark.column)
            return s.at[i];
    }
    return '\0';
}

static struct err parser_failed(const struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    ENSURE(p->error != YAML_MEMORY_ERROR, ERR_LIMIT, "out of memory");
    const char *problem = p->problem == NULL ? "not YAML" : p->problem;
    if (p->error == YAML_READER_ERROR)
        return AT(r, mark_of(r->bytes, p->problem_offset), "%s", problem);
    if (byte_at(r->bytes, p->problem_mark) == '\t')
        return AT(r, p->problem_mark, "a tab: indent with spaces");
    if (p->context == NULL)
        return AT(r, p->problem_mark, "%s", problem);
    return AT(r, p->problem_mark, "%s (%s)", problem, p->context);
}

static struct err reader_run(struct reader *r)
{
    bool end = false;
    while (!end) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return parser_failed(r);
        end = event.type == YAML_STREAM_END_EVENT;
        struct err e = on_event(r, &event);
        yaml_event_delete(&event);
        TRY(e);
    }
    return OK;
}

static struct err bytes_check(struct arena *arena, struct str bytes)
{
    if (bytes.len > YAML_BYTES_MAX)
        return err_fmt(arena, ERR_LIMIT, NULL, "more than %zu bytes", YAML_BYTES_MAX);
    size_t i = 0, n = 0;
    uint32_t cp;
    while (i < bytes.len && (n = utf8_next(bytes.at + i, bytes.len - i, &cp)) > 0)
        i += n;
    yaml_mark_t mark = mark_of(bytes, i);
    const struct reader r = {.arena = arena};
    if (i < bytes.len)
        return AT(&r, mark, "not valid UTF-8");
    if (bytes.len >= 3 && memcmp(bytes.at, "\xEF\xBB\xBF", 3) == 0)
        return err_at(ERR_INPUT, "1:1", "starts with a byte order mark: save it as plain UTF-8");
    return OK;
}

struct err yaml_read(struct arena *arena, struct str bytes, struct json **tree)
{
    TRY(bytes_check(arena, bytes));
    struct reader r = {.arena = arena, .bytes = bytes};
    ENSURE(yaml_parser_initialize(&r.parser), ERR_LIMIT, "out of memory");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)bytes.at, bytes.len);
    struct err e = reader_run(&r);
    yaml_parser_delete(&r.parser);
    TRY(e);
    if (r.root == NULL)
        return err_at(ERR_INPUT, "1:1", "empty: expected a mapping");
    *tree = r.root;
    return OK;
}
