/* The policy for reading: its text, and each clause with the pointer that verdicts name and the
 * line it stands on. */
#include "agent/inbox/inbox_own.h"

#include "common/sys/yaml_read.h"

/* A clause is a text called `clause`, and every text below these. */
static bool is_clauses(const char *pointer)
{
    return text_eq(pointer, "/clauses") || text_eq(pointer, "/strategy_clauses_by_match_type");
}

static void clause_push(struct arena *arena, struct json *list, const char *pointer,
                        const struct json *value)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "pointer", pointer);
    json_put(arena, o, "text", value);
    json_put_int(arena, o, "line", value->line);
    json_push(arena, list, o);
}

/* The tree is at most as deep as yaml_read lets it be. */
static void clauses_find(struct arena *arena, const struct json *node, const char *pointer,
                         struct json *list)
{
    for (size_t i = 0; json_is(node, JSON_TYPE_ARRAY) && i < node->count; i++)
        clauses_find(arena, node->items[i], arena_fmt(arena, "%s/%zu", pointer, i), list);
    for (size_t i = 0; json_is(node, JSON_TYPE_OBJECT) && i < node->count; i++) {
        const struct json_member *m = &node->members[i];
        const char *at = json_pointer_join(arena, pointer, m->key);
        const bool clause = str_is(m->key, "clause") || is_clauses(pointer);
        if (clause && json_is(m->value, JSON_TYPE_TEXT))
            clause_push(arena, list, at, m->value);
        else
            clauses_find(arena, m->value, at, list);
    }
}

struct err get_policy(struct request *r)
{
    const struct json *policy;
    struct json *o = json_object_new(r->arena), *list = json_array_new(r->arena), *tree;
    TRY(request_read(r, "recon://policy", &policy));
    const struct json *text = json_get(policy, "text");
    ENSURE(json_is(text, JSON_TYPE_TEXT), ERR_UPSTREAM, "the engine gave no policy");
    TRY(yaml_read(r->arena, text->text, &tree));
    clauses_find(r->arena, tree, "", list);
    json_put(r->arena, o, "policy_version", json_get(policy, "policy_version"));
    json_put(r->arena, o, "text", text);
    json_put(r->arena, o, "clauses", list);
    reply_json(r, 200, o);
    return OK;
}
