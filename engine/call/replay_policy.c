/* The policies of a replay: texts from the book by digest, each hashed again, bound to the book's
 * entities. Master data may have changed since: an override that names no currency is in its
 * entity's functional one, and a row of an entity that was changed no longer says which that was.
 * Then a verdict that is equal is equal, and one that is not proves nothing. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "engine/call/boot.h"
#include "engine/call/replay_own.h"
#include "engine/store/audit.h"
#include "engine/store/master.h"
#include "engine/store/policies.h"

#define POLICIES_BYTES_MAX ((size_t)256 << 20) /* all of them */
#define PAGE               1000

struct replay_policies {
    const struct replay *replay;
    struct tx *tx;
    struct arena *arena;
    struct replay_policy *first; /* the one added last */
};

/* ---- loads ---- */

static struct err load_add(void *arg, const struct audit_row *row)
{
    struct replay *w = arg;
    struct replay_load *loads =
        arena_grow(w->arena, w->loads, w->loads_n, &w->loads_cap, sizeof *loads);
    ENSURE(loads != NULL, ERR_LIMIT, "out of memory");
    w->loads = loads;
    loads[w->loads_n++].seq = row->seq;
    return OK;
}

struct err replay_loads_read(struct replay *w, struct tx *tx)
{
    struct audit_filter filter = {.event_type = "POLICY_LOADED", .limit = PAGE};
    bool more = true;
    while (more) {
        int64_t last;
        TRY(audit_query(tx, &filter, load_add, w, &last, &more));
        filter.after_seq = last;
    }
    for (size_t i = 0; i < w->loads_n; i++)
        TRY(policy_of_event(tx, w->arena, w->loads[i].seq, &w->loads[i].digest));
    return OK;
}

/* The load that was the last before an event; loads_n: none was. */
static size_t load_before(const struct replay *w, int64_t seq)
{
    size_t low = 0, high = w->loads_n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (w->loads[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? w->loads_n : low - 1;
}

bool replay_was_late(const struct replay *w, const struct replay_policy *policy, int64_t seq)
{
    const size_t i = load_before(w, seq);
    return policy->policy != NULL && i < w->loads_n && !text_eq(w->loads[i].digest, policy->digest);
}

static bool load_is_first(const struct replay *w, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (text_eq(w->loads[j].digest, w->loads[i].digest))
            return false;
    }
    return true;
}

void replay_policies_count(struct replay *w)
{
    const size_t before = load_before(w, w->report->from);
    for (size_t i = before == w->loads_n ? 0 : before; i < w->loads_n; i++) {
        if (w->loads[i].seq <= w->report->to)
            w->report->policies += i == before || load_is_first(w, i);
    }
}

/* ---- texts ---- */

/* The first entity whose currency an override of this policy takes, and whose row is not the first
 * there was. */
static struct err unsure_find(struct replay_policies *all, const struct policy *unbound,
                              const char **entity)
{
    for (size_t i = 0; *entity == NULL && i < unbound->overrides_n; i++) {
        const struct policy_override *o = &unbound->overrides[i];
        struct entity row;
        if (o->limit.cur[0] != '\0')
            continue;
        TRY(entity_load(all->tx, all->arena, o->entity, &row));
        if (row.version > 1)
            *entity = o->entity;
    }
    return OK;
}

static struct err text_bind(struct replay_policies *all, struct str text, struct replay_policy *p)
{
    struct policy *unbound, *bound = NULL;
    TRY(policy_parse(all->arena, text, &unbound));
    TRY(unsure_find(all, unbound, &p->unsure));
    TRY(policy_for_book(all->arena, all->tx, text, &bound));
    p->policy = bound;
    return OK;
}

/* What is wrong with it is told by every event that was decided under it. */
static struct err policy_read(struct replay_policies *all, struct replay_policy *p)
{
    const char *text;
    char digest[SHA256_HEX_SIZE];
    struct err e = policy_text_load(all->tx, all->arena, p->digest, &text);
    if (e.kind == ERR_MISSING) {
        p->broken = "the book does not have the text of its policy";
        return OK;
    }
    TRY(e);
    sha256_hex(text, strlen(text), digest);
    if (!text_eq(digest, p->digest)) {
        p->broken =
            "the text of its policy is not the one that was in force: its digest is another";
        return OK;
    }
    e = text_bind(all, str_of(text), p);
    if (e.kind == ERR_INPUT || e.kind == ERR_MISSING)
        p->unknown = arena_fmt(all->arena, "its policy cannot be loaded here: %s%s%s",
                               e.where == NULL ? "" : e.where, e.where == NULL ? "" : ": ", e.msg);
    else
        TRY(e);
    return arena_check(all->arena);
}

/* `digest` is one, or "". */
static struct err policy_add(struct replay_policies *all, const char *digest)
{
    struct replay_policy *p = ARENA_NEW(all->arena, struct replay_policy);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    memcpy(p->digest, digest, strlen(digest));
    for (size_t i = 0; p->since == 0 && i < all->replay->loads_n; i++) {
        if (text_eq(all->replay->loads[i].digest, p->digest))
            p->since = all->replay->loads[i].seq;
    }
    p->next = all->first;
    all->first = p;
    return policy_read(all, p);
}

/* ---- one thread's ---- */

struct err replay_policies_new(const struct replay *w, struct tx *tx,
                               struct replay_policies **policies)
{
    struct replay_policies *all = *policies = calloc(1, sizeof *all);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    all->replay = w;
    all->tx = tx;
    all->arena = arena_new(POLICIES_BYTES_MAX);
    ENSURE(all->arena != NULL, ERR_LIMIT, "out of memory");
    return OK;
}

void replay_policies_free(struct replay_policies *policies)
{
    if (policies == NULL)
        return;
    arena_free(policies->arena);
    free(policies);
}

struct err replay_policy_find(struct replay_policies *policies, const char *digest, int64_t seq,
                              const struct replay_policy **policy)
{
    static const struct replay_policy never = {.broken = "its policy was never in force before it"};
    const char *named = digest != NULL && strlen(digest) == SHA256_HEX_SIZE - 1 ? digest : "";
    struct replay_policy *p = policies->first;
    while (p != NULL && !text_eq(p->digest, named))
        p = p->next;
    if (p == NULL) {
        TRY(policy_add(policies, named));
        p = policies->first;
    }
    *policy = p->broken == NULL && (p->since == 0 || p->since >= seq) ? &never : p;
    return OK;
}
