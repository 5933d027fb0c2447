/* Calls made by jobs. */
#include "engine/tools/child.h"

#define CHILD_BYTES_MAX ((size_t)64 << 20)

struct call *child_of(const struct call *parent, const struct tool *tool)
{
    struct arena *arena = arena_new(CHILD_BYTES_MAX);
    struct call *c = arena == NULL ? NULL : ARENA_NEW(arena, struct call);
    if (c == NULL) {
        arena_free(arena);
        return NULL;
    }
    *c = (struct call){.arena = arena,
                       .tool = tool,
                       .actor = parent->actor,
                       .asker = parent->asker,
                       .asker_tool = parent->asker_tool,
                       .args_sha256 = parent->args_sha256,
                       .policy = parent->policy,
                       .prod = parent->prod,
                       .request_id = parent->request_id,
                       .batch_id = parent->batch_id,
                       .run_id = parent->run_id,
                       .caused_by = parent->caused_by};
    return c;
}

struct call *child_new(const struct call *parent, const struct tool *tool, const char *engine_id)
{
    struct call *c = child_of(parent, tool);
    if (c != NULL) {
        if (c->asker == NULL && parent->actor.id != NULL) {
            c->asker = &parent->actor;
            c->asker_tool = parent->tool->name;
        }
        c->actor = (struct actor){.kind = ACTOR_ENGINE, .id = engine_id, .backend = "engine"};
        c->rationale_author = "template";
        c->args_sha256 = NULL;
    }
    return c;
}

void child_free(struct call *c)
{
    if (c != NULL)
        arena_free(c->arena);
}

struct err child_denied(struct call *parent, const struct call *c)
{
    parent->verdict = c->verdict;
    parent->outcome = CALL_DENIED;
    parent->seq = c->seq;
    return err_new(ERR_AUTH, "policy denied a part of it");
}

static struct err child_error(const struct call *c, struct arena *arena)
{
    if (c->outcome != CALL_FAILED)
        return OK;
    const char *where = c->err.where == NULL ? NULL : arena_strdup(arena, c->err.where);
    return err_fmt(arena, c->err.kind, where, "%s", c->err.msg);
}

struct err child_run(struct job_port *port, struct call *c, struct arena *arena)
{
    TRY(port->submit(port, &c, 1));
    return child_error(c, arena);
}

struct err children_begin(struct job_port *port, struct call **calls, size_t n)
{
    return port->begin == NULL ? port->submit(port, calls, n) : port->begin(port, calls, n);
}

struct err children_finish(struct job_port *port)
{
    return port->finish == NULL ? OK : port->finish(port);
}

void progress_tell(struct job_port *port, int64_t done, int64_t total)
{
    if (port->progress != NULL)
        port->progress(port, done, total);
}

struct err child_begin(struct job_port *port, struct call *c)
{
    return children_begin(port, &c, 1);
}

struct err child_finish(struct job_port *port, struct call *c, struct arena *arena)
{
    TRY(children_finish(port));
    return child_error(c, arena);
}
