/* change_client: registers a program that may call the engine, disables or enables it, changes its
 * key, its channels or its list of tools. A disabled client is refused from the next call on. */
#include <string.h>

#include "common/sys/crypt.h"
#include "engine/tools/administer.h"

enum act { ACT_NONE, ACT_ADD, ACT_DISABLE, ACT_ENABLE, ACT_ROTATE_KEY, ACT_SET_ACCESS };
static const char *const acts[] = {"",           "add",        "disable", "enable",
                                   "rotate_key", "set_access", NULL};
static const char *const kinds[] = {"", "workspace", "mcp_client", "service", NULL};
#define CLIENT_ID_WORDS "expected lower-case letters, digits, _ and -, at most 64, no dots"

struct change_client {
    int act, kind;
    const char *client, *name, *public_key, *rationale;
    const char **channels, **tools;
    size_t channels_n, tools_n;
};

/* No dots: llm:<client>.<session> says where the client's name ends. */
static const char *client_id_check(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    bool begins = text[0] != '_' && text[0] != '-';
    return begins && n > 0 && n <= 64 && text[n] == '\0' ? NULL : CLIENT_ID_WORDS;
}

static const struct json_field fields[] = {
    JSON_ENUM(struct change_client, act, acts, .required = true, .help = "what to do"),
    JSON_TEXT(struct change_client, client, .required = true, .max = 64, .check = client_id_check,
              .pattern = "^[a-z0-9][a-z0-9_-]{0,63}$",
              .help = "its id, as in llm:<client>.<session>"),
    JSON_ENUM(struct change_client, kind, kinds,
              .help =
                  "add: workspace speaks for people, mcp_client for agents, service for itself"),
    JSON_TEXT(struct change_client, name, .max = 200, .check = shown_name_check,
              .help = "add: the name people read"),
    JSON_TEXT(struct change_client, public_key, .max = 43,
              .help = "add and rotate_key: the Ed25519 public key, base64url"),
    JSON_TEXTS(struct change_client, channels, channels_n, .max = 4, .each_max = 8, .unique = true,
               .help = "add and set_access: web, slack, chat, api; default by kind"),
    JSON_TEXTS(struct change_client, tools, tools_n, .max = 100, .each_max = 64, .unique = true,
               .help = "add and set_access: the only tools it may call; a service needs a list, "
                       "on which " CLIENT_READS " lets it read every resource and entity"),
    JSON_TEXT(struct change_client, rationale, .max = 2000, .help = "why"),
};

struct changed_client {
    const char *client_id;
    bool changed;
};

static const struct json_field result[] = {
    JSON_TEXT(struct changed_client, client_id, .help = "the client"),
    JSON_BOOL(struct changed_client, changed, .help = "false: it was so already"),
};

struct planned {
    struct client before, after;
    bool is_new;
};

/* ---- parts ---- */

static struct err key_read(const struct change_client *a, struct client *client)
{
    size_t len;
    if (!base64url_parse(str_of(a->public_key), client->public_key, sizeof client->public_key,
                         &len) ||
        len != sizeof client->public_key)
        return err_at(ERR_INPUT, "/public_key", "expected 32 bytes in base64url");
    client->has_key = true;
    return OK;
}

static struct err channels_read(const struct change_client *a, struct client *client)
{
    client->channels = 0;
    for (size_t i = 0; i < a->channels_n; i++) {
        enum channel channel;
        if (!channel_find(a->channels[i], &channel) || channel == CHANNEL_CLI)
            return err_at(ERR_INPUT, "/channels", "expected web, slack, chat and api");
        client->channels |= 1u << channel;
    }
    if (client->channels == 0)
        return err_at(ERR_INPUT, "/channels", "a client without a channel can do nothing");
    return OK;
}

static struct err tools_read(struct call *c, const struct change_client *a, struct client *client)
{
    for (size_t i = 0; i < a->tools_n; i++) {
        const struct tool *tool = tool_find(a->tools[i]);
        const bool service = client->kind == CLIENT_SERVICE;
        const unsigned offer = service ? OFFER_MCP | OFFER_SERVICE : OFFER_MCP;
        if (service && text_eq(a->tools[i], CLIENT_READS))
            continue;
        if (tool == NULL || (tool->offer & offer) == 0)
            return err_fmt(c->arena, ERR_INPUT, "/tools", "no tool %.64s is offered to clients",
                           a->tools[i]);
    }
    client->tools = a->tools;
    client->tools_n = a->tools_n;
    return OK;
}

static struct err access_read(struct call *c, const struct change_client *a, struct client *client)
{
    if (a->channels != NULL)
        TRY(channels_read(a, client));
    if (a->tools != NULL)
        TRY(tools_read(c, a, client));
    if (client->kind == CLIENT_WORKSPACE && client->tools != NULL)
        return err_at(ERR_INPUT, "/tools", "a workspace may call what its people may");
    if (client->kind == CLIENT_SERVICE && client->tools_n == 0)
        return err_at(ERR_INPUT, "/tools", "a service needs the list of its tools");
    return OK;
}

/* ---- plan ---- */

static struct err plan_add(struct call *c, const struct change_client *a, struct planned *p)
{
    static const uint32_t usual[] = {
        [CLIENT_WORKSPACE] =
            1u << CHANNEL_WEB | 1u << CHANNEL_SLACK | 1u << CHANNEL_CHAT | 1u << CHANNEL_API,
        [CLIENT_MCP] = 1u << CHANNEL_API,
        [CLIENT_SERVICE] = 1u << CHANNEL_API,
    };
    ENSURE(p->is_new, ERR_CONFLICT, "a client of this id is registered already");
    if (a->kind == 0 || a->name == NULL)
        return err_at(ERR_INPUT, a->kind == 0 ? "/kind" : "/name",
                      "a new client needs its kind and a name");
    p->after = (struct client){.client_id = a->client,
                               .name = a->name,
                               .kind = (enum client_kind)a->kind,
                               .active = true,
                               .channels = usual[a->kind]};
    if (a->public_key != NULL)
        TRY(key_read(a, &p->after));
    return access_read(c, a, &p->after);
}

static struct err plan_act(struct call *c, const struct change_client *a, struct planned *p)
{
    bool key = a->act == ACT_ADD || a->act == ACT_ROTATE_KEY;
    bool access = a->act == ACT_ADD || a->act == ACT_SET_ACCESS;
    if (a->public_key != NULL ? !key : a->act == ACT_ROTATE_KEY)
        return err_at(ERR_INPUT, "/public_key", "rotate_key needs a key, add may have one");
    if ((a->channels != NULL || a->tools != NULL) ? !access : a->act == ACT_SET_ACCESS)
        return err_at(ERR_INPUT, "/channels",
                      "set_access needs channels or tools, add may have them");
    if (a->act == ACT_ADD)
        return plan_add(c, a, p);
    if (a->kind != 0 || a->name != NULL)
        return err_at(ERR_INPUT, a->kind != 0 ? "/kind" : "/name", "goes with add only");
    ENSURE(!p->is_new, ERR_MISSING, "no such client is registered");
    if (a->act == ACT_ROTATE_KEY)
        return key_read(a, &p->after);
    if (a->act == ACT_SET_ACCESS)
        return access_read(c, a, &p->after);
    p->after.active = a->act == ACT_ENABLE;
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct change_client *a = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    c->planned = p;
    struct err e = client_load(tx, c->arena, a->client, &p->before);
    p->is_new = e.kind == ERR_MISSING;
    if (!p->is_new)
        TRY(e);
    p->after = p->before;
    TRY(plan_act(c, a, p));
    const struct json *before = p->is_new ? NULL : client_print(c->arena, &p->before);
    const struct json *after = client_print(c->arena, &p->after);
    TRY(arena_check(c->arena));
    if (before != NULL && json_equal(before, after))
        return administer_same(c, "client_id", a->client);
    const struct admin_change change = {
        .act = acts[a->act],
        .object_type = "client",
        .object_id = a->client,
        .version = p->before.version,
        .before = before,
        .after = after,
        .event_type = "REGISTRY_CHANGED",
    };
    return administer(c, &change);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct planned *p = c->planned;
    TRY(client_put(tx, &p->after));
    return administer_done(c, "client_id", p->after.client_id);
}

const struct tool tool_change_client = {
    .name = "change_client",
    .title = "Change a client",
    .summary = "Registers a program, disables or enables it, changes its key, channels or tools. "
               "In prod a second human confirms it.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_REGISTRY,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET | OFFER_WORKSPACE,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct change_client),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
