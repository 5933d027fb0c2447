/* Answers against the tables that screens are typed by. */
#include "agent/call/shape_rows.h"

#include "common/sys/log.h"

const struct json_field shape_number_map[2] = {TEXT("key", MUST), WHOLE("value", MUST)};

/* NULL: it is of no kind that there is. */
static const struct shape *kind_of(const struct shape *shape, const struct json *tree)
{
    const char *name = json_get_text(tree, shape->fields[0].name);
    for (size_t i = 0; name != NULL && i < shape->kinds_n; i++)
        if (text_eq(shape->kinds[i]->fields[0].names[0], name))
            return shape->kinds[i];
    return NULL;
}

static struct err fits(struct arena *arena, const struct shape *shape, const struct json *tree)
{
    TRY(json_fits(arena, shape->fields, shape->n, tree));
    if (shape->kinds == NULL)
        return OK;
    const struct shape *kind = kind_of(shape, tree);
    ENSURE(kind != NULL, ERR_INPUT, "of no kind that screens know");
    return json_fits(arena, kind->fields, kind->n, tree);
}

struct err shape_check(struct request *r, const struct shape *shape, const struct json *tree)
{
    struct err e = fits(r->arena, shape, tree);
    if (e.kind != ERR_INPUT)
        return e;
    return err_fmt(r->arena, ERR_UPSTREAM, e.where, "the engine's answer cannot be shown: %s",
                   e.msg);
}

struct err shape_note(struct request *r, const struct shape *shape, const struct json *tree)
{
    TRY(arena_check(r->arena));
    struct err e = fits(r->arena, shape, tree);
    if (e.kind != ERR_INPUT)
        return e;
    log_error("an answer has another shape than screens expect", LOG_TEXT("request", r->id),
              LOG_TEXT("shape", shape->name), LOG_ERR(e), LOG_END);
    return OK;
}

struct err shape_call(struct request *r, const char *tool, const struct json *arguments,
                      const struct shape *shape)
{
    const struct mcpc_actor who = request_actor(r);
    struct mcpc_result result;
    TRY(arena_check(r->arena));
    TRY(mcpc_call(r->mcpc, r->arena, &who, tool, arguments, &result));
    if (result.structured != NULL && text_eq(result.status, "ok"))
        TRY(shape_note(r, shape, result.structured));
    reply_result(r, &result);
    return OK;
}
