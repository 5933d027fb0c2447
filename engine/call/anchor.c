/* Quorums over what is kept. */
#include "engine/call/anchor.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/sys/log.h"
#include "engine/store/audit.h"
#include "engine/store/cosignatures.h"
#include "engine/store/tree.h"

const char anchor_held[] =
    "the log's newest events have waited too long for their witnesses (CLOSEGATE_WITNESS_MAX_AGE): "
    "nothing is changed until enough of them have cosigned";

int64_t anchor_quorum(const struct anchor_rule *rule, const int64_t sizes[WITNESSES_MAX])
{
    int64_t least = 0;
    for (size_t i = 0; i < rule->witnesses->n; i++) {
        int64_t as_far = 0;
        for (size_t k = 0; k < rule->witnesses->n; k++)
            as_far += sizes[k] >= sizes[i];
        if (as_far >= rule->quorum && sizes[i] > least)
            least = sizes[i];
    }
    return least;
}

/* The line under its head, checked as a stranger would. */
static struct err line_holds(struct tx *tx, struct arena *arena, const struct witness_peer *peer,
                             const struct cosignature *c, bool *yes)
{
    struct tree_head head;
    struct note note;
    int64_t cosigned_s;
    *yes = false;
    struct err e = head_of(tx, arena, (uint64_t)c->size, &head);
    if (e.kind == ERR_MISSING)
        return OK;
    TRY(e);
    const char *whole = arena_fmt(arena, "%.*s%s", (int)head.note.len, head.note.at, c->line);
    TRY(arena_check(arena));
    *yes = note_parse(str_of(whole), &note).kind == ERR_NONE &&
           note_signed(&note, &peer->key, &cosigned_s);
    return OK;
}

static struct err witness_read(struct tx *tx, struct arena *arena, const struct witness_peer *peer,
                               int64_t *size, int64_t *cosigned_s)
{
    struct cosignature latest;
    bool found, holds = false;
    *size = *cosigned_s = 0;
    TRY(cosignature_latest(tx, arena, peer->vkey, &found, &latest));
    if (!found)
        return OK;
    TRY(line_holds(tx, arena, peer, &latest, &holds));
    if (!holds) {
        log_error("a cosignature in the book does not hold; it counts for nothing",
                  LOG_TEXT("witness", peer->key.name), LOG_INT("size", latest.size), LOG_END);
        return OK;
    }
    *size = latest.size;
    *cosigned_s = latest.cosigned_s;
    return OK;
}

struct err anchor_read(struct tx *tx, struct arena *arena, const struct anchor_rule *rule,
                       struct anchor *anchor)
{
    *anchor = (struct anchor){.size = 0};
    for (size_t i = 0; i < rule->witnesses->n; i++)
        TRY(witness_read(tx, arena, &rule->witnesses->items[i], &anchor->sizes[i],
                         &anchor->cosigned_s[i]));
    anchor->size = anchor_quorum(rule, anchor->sizes);
    TRY(audit_last_seq(tx, &anchor->head));
    return anchor->head > anchor->size ? audit_time(tx, anchor->size + 1, &anchor->oldest_us) : OK;
}

bool anchor_holds_up(const struct anchor_rule *rule, const struct anchor *anchor, int64_t now_us)
{
    const int64_t age_us = rule->max_age_s * 1000000;
    const bool late = anchor->head > anchor->size && now_us - anchor->oldest_us > age_us;
    const bool unseen = anchor->unseen_us != 0 && now_us - anchor->unseen_us > age_us;
    return rule->mode == WITNESS_REQUIRED && (late || unseen);
}
