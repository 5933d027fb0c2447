/* Finding a policy, and words about one. */
#include "engine/cli/policy_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/disk.h"
#include "engine/call/boot.h"
#include "engine/store/policies.h"

#define DIGEST_PART_MIN 8

struct place place_of(const char *where)
{
    struct place p = {.pointer = where == NULL ? "" : where};
    char *end;
    if (where == NULL || where[0] < '0' || where[0] > '9')
        return p;
    p.line = strtoll(where, &end, 10);
    if (*end == ':')
        p.column = strtoll(end + 1, &end, 10);
    p.pointer = *end == ' ' ? end + 1 : "";
    return p;
}

struct err in_file(struct arena *arena, const char *file, struct err e)
{
    if (e.kind == ERR_NONE || (e.kind != ERR_INPUT && e.kind != ERR_LIMIT))
        return e;
    const struct place at = place_of(e.where);
    if (at.line == 0)
        return err_fmt(arena, e.kind, file, "%s%s%s", at.pointer, at.pointer[0] == '\0' ? "" : ": ",
                       e.msg);
    const char *where = arena_fmt(arena, "%s:%" PRId64 ":%" PRId64, file, at.line, at.column);
    return err_fmt(arena, e.kind, where, "%s%s%s", at.pointer, at.pointer[0] == '\0' ? "" : ": ",
                   e.msg);
}

/* ---- finding ---- */

static bool is_digest(const char *name)
{
    size_t len = strlen(name);
    return len >= DIGEST_PART_MIN && len <= 64 && strspn(name, "0123456789abcdef") == len;
}

/* The text that the book keeps under the digest, of which the name may be the beginning. */
static struct err kept(struct arena *arena, struct tx *tx, const char *name, struct str *text)
{
    const char *digest, *kept_text;
    TRY(policy_digest_find(tx, arena, name, &digest));
    TRY(policy_text_load(tx, arena, digest, &kept_text));
    *text = str_of(kept_text);
    return OK;
}

struct err policy_named(struct arena *arena, struct tx *tx, const char *name,
                        struct named_policy *named)
{
    const char *digest, *text;
    named->name = name;
    if (strcmp(name, "in-force") == 0) {
        TRY(policy_in_force(tx, arena, &digest));
        ENSURE(digest != NULL, ERR_MISSING, "the book has no policy in force");
        TRY(policy_text_load(tx, arena, digest, &text));
        named->text = str_of(text);
    } else if (is_digest(name)) {
        TRY(kept(arena, tx, name, &named->text));
    } else {
        TRY(disk_read(arena, name, POLICY_BYTES_MAX, &named->text));
    }
    return in_file(arena, name, policy_for_book(arena, tx, named->text, &named->policy));
}

/* ---- words ---- */

struct err row_facts(struct arena *arena, const char *facts, const struct json *ask,
                     row_fact_fn *fn, void *arg)
{
    struct str name, rest = str_of(facts);
    while (rest.len > 0) {
        if (!str_cut(rest, ',', &name, &rest))
            rest.len = 0;
        const struct json_member *m = json_find(ask, name);
        TRY(fn(arg, str_dup(arena, name), m == NULL ? NULL : m->value));
    }
    return arena_check(arena);
}

const char *ruling_words(enum ruling ruling)
{
    switch (ruling) {
    case RULING_ALLOW:
        return "allowed";
    case RULING_HUMAN:
        return "a human decides";
    case RULING_DENY:
        break;
    }
    return "denied";
}
