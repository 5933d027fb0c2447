/* Errors as values, and the one place that ends the process when an invariant breaks. */
#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/invariant.h"

struct err err_fmt(struct arena *arena, enum err_kind kind, const char *where, const char *fmt, ...)
{
    const char *text = NULL;
    if (arena != NULL) {
        va_list ap;
        va_start(ap, fmt);
        text = arena_vfmt(arena, fmt, ap);
        va_end(ap);
    }
    if (text == NULL)
        text = strcmp(fmt, "%s") == 0 ? "no memory to say why" : fmt;
    return (struct err){.kind = kind, .msg = text, .where = where};
}

struct err err_in(struct err e, const char *where)
{
    if (e.kind != ERR_NONE && e.where == NULL)
        e.where = where;
    return e;
}

const char *err_kind_name(enum err_kind kind)
{
    switch (kind) {
    case ERR_NONE:
        return "ok";
    case ERR_INPUT:
        return "input";
    case ERR_AUTH:
        return "auth";
    case ERR_MISSING:
        return "missing";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_LIMIT:
        return "limit";
    case ERR_UPSTREAM:
        return "upstream";
    case ERR_STORE:
        return "store";
    case ERR_UNKNOWN:
        return "unknown_outcome";
    case ERR_REFUSED:
        return "refused";
    case ERR_BUG:
        return "bug";
    }
    return "bug";
}

void invariant_broken(const char *cond, const char *file, int line)
{
    fprintf(stderr, "closegate: invariant broken: %s (%s:%d)\n", cond, file, line);
    abort();
}
