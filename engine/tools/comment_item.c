/* comment_item: what somebody says about an item. Comments are only ever added; who wrote one, and
 * whether a person or a model, the transport says. */
#include "engine/tools/object.h"

struct comment_item {
    const char *object, *text, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct comment_item, object, .required = true, .max = OBJECT_TEXT_MAX,
              .help = OBJECT_HELP),
    JSON_TEXT(struct comment_item, text, .required = true, .max = 4000, .help = "what to say"),
    JSON_TEXT(struct comment_item, rationale, .max = 2000, .help = "why"),
};

struct commented {
    const char *comment_id, *object, *created_at;
};

static const struct json_field result[] = {
    JSON_TEXT(struct commented, comment_id, .help = "the comment"),
    JSON_TEXT(struct commented, object, .help = "what it is about, as kind:id"),
    JSON_TEXT(struct commented, created_at, .help = "UTC"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct comment_item *args = c->args;
    struct object *o = ARENA_NEW(c->arena, struct object);
    ENSURE(o != NULL, ERR_LIMIT, "out of memory");
    c->planned = o;
    return object_plan(c, tx, args->object, o);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct comment_item *args = c->args;
    const struct object *o = c->planned;
    bool human = c->actor.kind == ACTOR_HUMAN;
    struct comment comment = {.object = o->key,
                              .author = c->actor.id,
                              .principal = human ? c->actor.principal : c->actor.on_behalf_of,
                              .author_kind = c->rationale_author,
                              .text = args->text};
    TRY(comment_add(tx, &comment));
    struct json *detail = json_object_new(c->arena);
    json_put_text(c->arena, detail, "comment_id", comment.comment_id);
    c->detail = detail;
    const struct commented done = {
        .comment_id = comment.comment_id, .object = o->key, .created_at = comment.created_at};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

const struct tool tool_comment_item = {
    .name = "comment_item",
    .title = "Comment on an item",
    .summary = "Adds a comment to a match, exception, escalation or entry. It stays, with who "
               "wrote it.",
    .tier = TIER_T1,
    .action = ACTION_COMMENT,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct comment_item),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
