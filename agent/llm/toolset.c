/* A row a tool: defined, judged, offered. */
#include "agent/llm/toolset.h"

#include <string.h>

#include "common/sys/jcs.h"

#define KEY        "idempotency_key"
#define NAME_BYTES 64

struct reason {
    const char *name, *why;
};

/* What the engine refuses a model stands here too: what is not offered is not tried. */
static const struct reason reasons[] = {
    {"resolve_escalation", "a decision that waits for a person is made by a person"},
    {"resolve_escalations", "a decision that waits for a person is made by a person"},
    {"set_delegation", "a seat is lent by the person who holds it"},
    {"record_delivery", "it is for the workspace's own notices"},
    {"whois", "it is for the workspace's own sign-in"},
    {"ingest_file", "files enter the book from its administrators"},
    {"load_master", "master data enters the book from its administrators"},
    {"change_person", "the registry is its administrators'"},
    {"change_client", "the registry is its administrators'"},
    {"link_identity", "the registry is its administrators'"},
    {"grant_role", "the registry is its administrators'"},
    {"list_registry", "the registry is its administrators'"},
    {"access_review", "reviews of access are for the people who answer for them"},
    {"sod_report", "reviews of access are for the people who answer for them"},
    {"record_export", "evidence is taken from the book by the people who answer for it"},
    {"freeze", "stopping and starting is for people"},
    {"thaw", "stopping and starting is for people"},
    {"acknowledge_clock", "the clock is for administrators"},
    {"propose_policy", "a model does not word the rules that it is held to"},
    {"list_policies", "a model does not word the rules that it is held to"},
};

const char *toolset_reason(const char *name)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (text_eq(reasons[i].name, name))
            return reasons[i].why;
    }
    return NULL;
}

/* ---- one tool ---- */

/* What both providers take as a tool's name. */
static bool is_name(const char *name)
{
    const size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-");
    return n > 0 && n <= NAME_BYTES && name[n] == '\0';
}

/* What is digested: what says what the tool is, not how a client may draw it. */
static const struct json *definition_of(struct arena *arena, const struct json *row)
{
    static const char *const parts[] = {"name",        "title",       "description",
                                        "inputSchema", "annotations", "outputSchema"};
    struct json *definition = json_object_new(arena);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        json_put(arena, definition, parts[i], json_get(row, parts[i]));
    return definition;
}

/* `object` less one member. */
static const struct json *without(struct arena *arena, const struct json *object, const char *name)
{
    if (json_get(object, name) == NULL)
        return object;
    struct json *rest = json_object_new(arena);
    for (size_t i = 0; i < object->count; i++) {
        if (!str_is(object->members[i].key, name))
            (void)json_add(arena, rest, object->members[i].key, object->members[i].value);
    }
    return rest;
}

static const struct json *without_text(struct arena *arena, const struct json *array,
                                       const char *text)
{
    struct json *rest = json_array_new(arena);
    for (size_t i = 0; i < array->count; i++) {
        if (!text_eq(json_text(array->items[i]), text))
            json_push(arena, rest, array->items[i]);
    }
    return rest;
}

/* The arguments as a model may write them: the key of a repetition is the workspace's. */
static const struct json *schema_of(struct arena *arena, const struct json *input)
{
    struct json *schema = json_object_new(arena);
    for (size_t i = 0; i < input->count; i++) {
        const struct json_member *m = &input->members[i];
        const struct json *value = m->value;
        if (str_is(m->key, "properties") && json_is(value, JSON_TYPE_OBJECT))
            value = without(arena, value, KEY);
        else if (str_is(m->key, "required") && json_is(value, JSON_TYPE_ARRAY))
            value = without_text(arena, value, KEY);
        (void)json_add(arena, schema, m->key, value);
    }
    return schema;
}

static bool is_wanted(const struct setting_list *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->n; i++) {
        if (text_eq(wanted->items[i], name))
            return true;
    }
    return false;
}

static const struct toolset_pin *pin_of(const struct toolset_pin *pins, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(pins[i].name, name))
            return &pins[i];
    }
    return NULL;
}

/* Why it stays away whoever accepted it; NULL when it may be offered. */
static const char *why_off(const struct toolset_row *row, const struct setting_list *wanted)
{
    if (!is_name(row->name))
        return "its name is not one that a provider takes";
    if (row->sha256[0] == '\0')
        return "its definition has no canonical form";
    const struct json *input = json_get(row->definition, "inputSchema");
    if (!text_eq(json_get_text(input, "type"), "object"))
        return "its arguments are not described as an object";
    if (wanted->n == 0)
        return toolset_reason(row->name);
    return is_wanted(wanted, row->name) ? NULL : "CLOSEGATE_LLM_TOOLS does not name it";
}

static enum toolset_state state_of(const struct toolset_row *row, bool first_seen)
{
    if (row->why != NULL)
        return TOOLSET_OFF;
    if (row->accepted_sha256 == NULL)
        return first_seen ? TOOLSET_OFFERED : TOOLSET_NEW;
    return strcmp(row->accepted_sha256, row->sha256) == 0 ? TOOLSET_OFFERED : TOOLSET_CHANGED;
}

static struct err row_make(struct arena *arena, const struct json *tool, struct toolset_row *row)
{
    const struct json *read_only = json_get(json_get(tool, "annotations"), "readOnlyHint");
    const struct json *summary = json_get(tool, "description");
    struct str canonical;
    row->name = json_get_text(tool, "name");
    ENSURE(row->name != NULL, ERR_INPUT, "the engine's list of tools has a row without a name");
    row->title = json_get_text(tool, "title");
    row->summary = json_is(summary, JSON_TYPE_TEXT) ? summary->text : STR("");
    row->read_only = json_is(read_only, JSON_TYPE_BOOL) && read_only->truth;
    row->definition = definition_of(arena, tool);
    TRY(arena_check(arena));
    struct err e = jcs_text(arena, row->definition, &canonical);
    if (e.kind == ERR_NONE)
        sha256_hex(canonical.at, canonical.len, row->sha256);
    return arena_check(arena);
}

/* ---- all of them ---- */

static struct toolset_row *row_named(const struct toolset *set, const char *name)
{
    for (size_t i = 0; i < set->rows_n; i++) {
        if (text_eq(set->rows[i].name, name))
            return &set->rows[i];
    }
    return NULL;
}

/* What is configured and not listed is a row too: somebody should see that it is in vain. */
static void add_missing(struct toolset *set, const struct setting_list *wanted)
{
    for (size_t i = 0; i < wanted->n; i++) {
        if (row_named(set, wanted->items[i]) == NULL)
            set->rows[set->rows_n++] = (struct toolset_row){
                .name = wanted->items[i],
                .why = "the engine lists no such tool for a language model",
            };
    }
}

/* What the model is given, and its digest. */
static struct err offer(struct arena *arena, struct toolset *set)
{
    struct llm_tool *tools = ARENA_ARRAY(arena, set->rows_n + 1, struct llm_tool);
    struct json *all = json_array_new(arena);
    TRY(arena_check(arena));
    for (size_t i = 0; i < set->rows_n; i++) {
        const struct toolset_row *row = &set->rows[i];
        if (row->state != TOOLSET_OFFERED)
            continue;
        struct llm_tool *tool = &tools[set->n++];
        tool->name = row->name;
        tool->description = row->summary;
        tool->schema = schema_of(arena, json_get(row->definition, "inputSchema"));
        struct json *one = json_object_new(arena);
        json_put_text(arena, one, "name", tool->name);
        json_put(arena, one, "description", json_str_new(arena, tool->description));
        json_put(arena, one, "schema", tool->schema);
        json_push(arena, all, one);
    }
    TRY(arena_check(arena));
    TRY(jcs_text(arena, all, &set->canonical));
    sha256_hex(set->canonical.at, set->canonical.len, set->sha256);
    set->tools = tools;
    return OK;
}

struct err toolset_make(struct arena *arena, const struct json *listed,
                        const struct setting_list *wanted, const struct toolset_pin *pins,
                        size_t pins_n, struct toolset *out)
{
    *out = (struct toolset){.first_seen = pins_n == 0};
    ENSURE(json_is(listed, JSON_TYPE_ARRAY), ERR_INPUT, "the engine's list of tools is none");
    out->rows = ARENA_ARRAY(arena, listed->count + wanted->n + 1, struct toolset_row);
    TRY(arena_check(arena));
    for (size_t i = 0; i < listed->count; i++) {
        struct toolset_row row = {.state = TOOLSET_OFF};
        TRY(row_make(arena, listed->items[i], &row));
        if (row_named(out, row.name) != NULL)
            return err_fmt(arena, ERR_INPUT, NULL, "the engine lists the tool %.64s twice",
                           row.name);
        const struct toolset_pin *pin = pin_of(pins, pins_n, row.name);
        row.accepted_sha256 = pin == NULL ? NULL : pin->sha256;
        row.why = why_off(&row, wanted);
        row.state = state_of(&row, out->first_seen);
        out->rows[out->rows_n++] = row;
    }
    add_missing(out, wanted);
    return offer(arena, out);
}

const struct toolset_row *toolset_find(const struct toolset *set, const char *name)
{
    const struct toolset_row *row = name == NULL ? NULL : row_named(set, name);
    return row != NULL && row->state == TOOLSET_OFFERED ? row : NULL;
}

struct err toolset_arguments(const struct json *arguments)
{
    ENSURE(json_is(arguments, JSON_TYPE_OBJECT), ERR_INPUT, "expected an object of arguments");
    if (json_get(arguments, KEY) != NULL)
        return err_at(ERR_INPUT, "/" KEY, "is not the model's to choose: leave it out");
    return OK;
}
