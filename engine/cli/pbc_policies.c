/* policy/: every version that had been proposed, approved or loaded by the period's end, and what
 * each changed in the one before it. */
#include <string.h>

#include "common/sys/yaml_read.h"
#include "engine/cli/pbc.h"
#include "engine/report/text_diff.h"
#include "engine/store/policies.h"
#include "engine/tools/policy_diff.h"

#define DIFF_MAX ((size_t)16 << 20)

static struct err version_file(struct pbc *p, const char *digest, const char **text)
{
    TRY(policy_text_load(&p->book.tx, p->arena, digest, text));
    return pbc_file(p, arena_fmt(p->arena, "policy/%s.yaml", digest), str_of(*text));
}

/* "policy/<old>_<new>.diff" and ".json": the first twelve digits name a version here. */
static struct err change_files(struct pbc *p, const char *was, const char *was_text,
                               const char *now, const char *now_text)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf diff;
    const char *stem = arena_fmt(p->arena, "policy/%.12s_%.12s", was, now);
    struct json *a, *b, *changes;
    buf_init(&diff, DIFF_MAX);
    arena_reset(p->scratch);
    TRY(text_diff(p->scratch, arena_fmt(p->arena, "%s.yaml", was), str_of(was_text),
                  arena_fmt(p->arena, "%s.yaml", now), str_of(now_text), &diff));
    TRY(pbc_file(p, arena_fmt(p->arena, "%s.diff", stem), buf_str(&diff)));
    TRY(yaml_read(p->scratch, str_of(was_text), &a));
    TRY(yaml_read(p->scratch, str_of(now_text), &b));
    TRY(policy_diff(p->scratch, a, b, &changes));
    return pbc_json(p, arena_fmt(p->arena, "%s.json", stem), changes, NULL);
}

static bool seen(const char *const *digests, size_t n, const char *digest)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(digests[i], digest))
            return true;
    }
    return false;
}

struct err pbc_policies(struct pbc *p)
{
    const char *loaded = NULL, *loaded_text = NULL;
    struct json *rows;
    size_t n = 0, pairs_n = 0;
    TRY(pbc_csv(p, "policy/versions.csv", PBC_POLICY_EVENTS));
    TRY(pbc_rows(p, p->arena, PBC_POLICY_EVENTS, NULL, &rows));
    const char **digests = ARENA_ARRAY(p->arena, rows->count + 1, const char *),
               **pairs = ARENA_ARRAY(p->arena, rows->count + 1, const char *),
               **texts = ARENA_ARRAY(p->arena, rows->count + 1, const char *);
    TRY(arena_check(p->arena));
    for (size_t i = 0; i < rows->count; i++) {
        const char *digest = json_get_text(rows->items[i], "policy_version"), *text;
        if (digest == NULL)
            continue;
        if (!seen(digests, n, digest)) {
            TRY(version_file(p, digest, &texts[n]));
            digests[n++] = digest;
        }
        if (!text_eq(json_get_text(rows->items[i], "event_type"), "POLICY_LOADED") ||
            text_eq(digest, loaded))
            continue;
        size_t at = 0;
        while (!text_eq(digests[at], digest))
            at++;
        text = texts[at];
        const char *pair = arena_fmt(p->arena, "%s_%s", loaded == NULL ? "" : loaded, digest);
        TRY(arena_check(p->arena));
        if (loaded != NULL && !seen(pairs, pairs_n, pair))
            TRY(change_files(p, loaded, loaded_text, digest, text));
        pairs[pairs_n++] = pair;
        loaded = digest;
        loaded_text = text;
    }
    return OK;
}
