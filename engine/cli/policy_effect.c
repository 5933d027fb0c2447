/* One event after the other, without a tree: its ask is read where it lies, decided under both
 * policies, and only what differs is kept. Each thread keeps the policies under which the events it
 * met were recorded. */
#include "engine/cli/policy_effect.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/json_skim.h"
#include "common/sys/json_read.h"
#include "engine/call/boot.h"
#include "engine/gate/ask_skim.h"
#include "engine/gate/under.h"
#include "engine/store/audit_walk.h"
#include "engine/store/policies.h"

#define POLICIES_BYTES_MAX ((size_t)256 << 20)

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

/* A policy that events were recorded under, and the way from it to both. */
struct recorded {
    struct recorded *next;
    char digest[65];
    bool usable; /* false: the book's text of it does not load */
    struct under to_old, to_new;
};

/* What a thread keeps. */
struct keeping {
    struct arena *arena;
    struct recorded *policies;
};

/* What a chunk found. */
struct findings {
    struct effect_row *rows;
    size_t n, cap;
    int64_t decisions, unknown;
};

/* What is read of an event. */
struct decided {
    struct str policy_version, when; /* with their quotes */
    struct ask ask;
    bool has_ask;
};

/* ---- the event ---- */

static struct str unquoted(struct str quoted)
{
    return (struct str){.at = quoted.at + 1, .len = quoted.len < 2 ? 0 : quoted.len - 2};
}

static struct err ask_slowly(struct arena *arena, struct str event, struct ask *ask)
{
    struct json *tree;
    TRY(json_read(arena, event, &event_limits, &tree));
    return ask_read(arena, json_get(tree, "gate_input"), ask);
}

static struct err event_read(struct arena *arena, struct str event, struct decided *d)
{
    struct json_skim s = json_skim_of(event);
    struct str key;
    *d = (struct decided){.has_ask = false};
    json_skim_into(&s, '{');
    while (json_skim_key(&s, &key)) {
        if (str_is(key, "gate_input")) {
            d->has_ask = true;
            if (ask_skim(arena, &s, &d->ask))
                continue;
            TRY(ask_slowly(arena, event, &d->ask));
        } else if (str_is(key, "policy_version")) {
            if (!d->has_ask)
                return OK; /* members are in order: it has none */
            if (json_skim_text(&s, &d->policy_version))
                continue;
        } else if (str_is(key, "timestamp_utc")) {
            (void)json_skim_text(&s, &d->when);
            return OK;
        }
        json_skim_pass(&s);
    }
    return OK;
}

static struct date day_of(struct str when)
{
    struct date day = {.days = 0};
    char text[DATE_TEXT_MAX] = "";
    if (when.len >= 10) {
        memcpy(text, when.at, 10);
        (void)date_parse(text, &day).kind;
    }
    return day;
}

/* ---- the policy it was recorded under ---- */

static struct err recorded_load(struct walk_hand *hand, struct keeping *k, struct str digest,
                                struct recorded *r)
{
    const struct policy_effect *effect = hand->arg;
    struct policy *policy;
    const char *text;
    memcpy(r->digest, digest.at, digest.len);
    struct err e = policy_text_load(&hand->tx, k->arena, r->digest, &text);
    if (e.kind == ERR_NONE)
        e = policy_for_book(k->arena, &hand->tx, str_of(text), &policy);
    if (e.kind == ERR_MISSING || e.kind == ERR_INPUT)
        return OK; /* of a grammar that is no longer read: nothing recorded under it can be told */
    TRY(e);
    TRY(under_init(&r->to_old, policy, effect->old));
    TRY(under_init(&r->to_new, policy, effect->new));
    r->usable = true;
    return OK;
}

static struct err recorded_find(struct walk_hand *hand, struct str quoted, struct recorded **found)
{
    struct keeping *k = hand->own;
    struct str digest = unquoted(quoted);
    for (struct recorded *r = k->policies; r != NULL; r = r->next) {
        if (str_is(digest, r->digest)) {
            *found = r;
            return OK;
        }
    }
    struct recorded *r = ARENA_NEW(k->arena, struct recorded);
    TRY(arena_check(k->arena));
    if (digest.len == sizeof r->digest - 1)
        TRY(recorded_load(hand, k, digest, r));
    r->next = k->policies;
    k->policies = r;
    *found = r;
    return OK;
}

/* ---- one decision ---- */

static const char *entities_text(struct arena *arena, const struct ask *a)
{
    const char *all = "";
    for (size_t i = 0; all != NULL && i < a->entities_n; i++)
        all = arena_fmt(arena, "%s%s%s", all, i == 0 ? "" : " ", a->entities[i]);
    return all;
}

static const char *kept(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strdup(arena, text);
}

static struct err change_keep(struct walk_chunk *chunk, int64_t seq, const struct decided *d,
                              struct verdict from, struct verdict to)
{
    struct findings *f = chunk->found;
    const struct ask *a = &d->ask;
    f->rows = arena_grow(chunk->arena, f->rows, f->n, &f->cap, sizeof *f->rows);
    TRY(arena_check(chunk->arena));
    f->rows[f->n++] = (struct effect_row){.seq = seq,
                                          .when = str_dup(chunk->arena, unquoted(d->when)),
                                          .action = a->action,
                                          .has_amount = a->has_amount,
                                          .amount = a->amount,
                                          .entities = entities_text(chunk->arena, a),
                                          .actor = kept(chunk->arena, a->actor),
                                          .object_type = kept(chunk->arena, a->object_type),
                                          .object_id = kept(chunk->arena, a->object_id),
                                          .from = from,
                                          .to = to};
    return arena_check(chunk->arena);
}

static struct err row_look(struct walk_hand *hand, struct walk_chunk *chunk,
                           const struct walk_row *row)
{
    struct findings *f = chunk->found;
    struct recorded *r;
    struct verdict from, to;
    struct decided d;
    struct err e = event_read(hand->scratch, row->event, &d);
    if (e.kind == ERR_INPUT)
        return err_fmt(chunk->arena, ERR_STORE, NULL, "event %lld cannot be read; run audit verify",
                       (long long)row->seq);
    TRY(e);
    if (!d.has_ask)
        return OK;
    f->decisions++;
    TRY(recorded_find(hand, d.policy_version, &r));
    const struct date day = day_of(unquoted(d.when));
    if (!r->usable || !under_decide(&r->to_old, &d.ask, day, &from) ||
        !under_decide(&r->to_new, &d.ask, day, &to)) {
        f->unknown++;
        return OK;
    }
    if (from.ruling == to.ruling && from.reason == to.reason)
        return OK;
    return change_keep(chunk, row->seq, &d, from, to);
}

/* ---- the walk ---- */

static struct err hand_begin(struct walk_hand *hand)
{
    struct arena *arena = arena_new(POLICIES_BYTES_MAX);
    ENSURE(arena != NULL, ERR_LIMIT, "no memory");
    struct keeping *k = ARENA_NEW(arena, struct keeping);
    if (k == NULL) {
        arena_free(arena);
        return err_new(ERR_LIMIT, "no memory");
    }
    k->arena = arena;
    hand->own = k;
    return OK;
}

static void hand_end(struct walk_hand *hand)
{
    struct keeping *k = hand->own;
    if (k != NULL)
        arena_free(k->arena);
}

static struct err chunk_open(struct walk_hand *hand, struct walk_chunk *chunk)
{
    (void)hand;
    chunk->found = ARENA_NEW(chunk->arena, struct findings);
    return arena_check(chunk->arena);
}

static struct err total_add(struct effect_total *t, const struct effect_row *row)
{
    size_t i = 0;
    t->count++;
    t->unvalued += !row->has_amount;
    if (!row->has_amount)
        return OK;
    while (i < t->money_n && strcmp(t->money[i].cur, row->amount.cur) != 0)
        i++;
    ENSURE(i < EFFECT_CURRENCIES_MAX, ERR_LIMIT, "the log has more currencies than can be told");
    if (i == t->money_n) {
        memcpy(t->money[i].cur, row->amount.cur, sizeof t->money[i].cur);
        t->money_n++;
    }
    int128 minor = row->amount.minor;
    t->money[i].minor += minor < 0 ? -minor : minor;
    return OK;
}

static struct err chunk_join(void *arg, const struct walk_chunk *chunk, bool *stop)
{
    struct policy_effect *effect = arg;
    const struct findings *f = chunk->found;
    (void)stop;
    effect->events += chunk->rows;
    effect->decisions += f->decisions;
    effect->unknown += f->unknown;
    effect->changed += (int64_t)f->n;
    for (size_t i = 0; i < f->n; i++) {
        const struct effect_row *row = &f->rows[i];
        TRY(total_add(&effect->totals[row->from.ruling][row->to.ruling], row));
        if (effect->row != NULL)
            TRY(effect->row(effect->arg, row));
    }
    return OK;
}

struct err policy_effect_find(const char *path, struct tx *tx, struct arena *arena,
                              struct policy_effect *effect)
{
    const struct walk walk = {.path = path,
                              .tx = tx,
                              .prepared = true,
                              .first = effect->first,
                              .last = effect->last,
                              .arg = effect,
                              .begin = hand_begin,
                              .end = hand_end,
                              .open = chunk_open,
                              .row = row_look,
                              .join = chunk_join};
    return audit_walk(&walk, arena, NULL);
}

/* ---- money in words ---- */

const char *effect_sum_text(struct arena *arena, const struct effect_money *sum)
{
    char text[DECIMAL_TEXT_MAX];
    int units = 0;
    if (currency_minor_units(sum->cur, &units).kind != ERR_NONE)
        units = 0;
    struct decimal d = {.coef = sum->minor, .scale = (unsigned char)units};
    decimal_print(d, text);
    /* all of the currency's digits, as money has them */
    const char *point = strchr(text, '.');
    int have = point == NULL ? 0 : (int)strlen(point + 1);
    return arena_fmt(arena, "%s%s%.*s", text, units > 0 && point == NULL ? "." : "", units - have,
                     "0000");
}

static void total_print(struct arena *arena, const struct effect_total *t, enum ruling from,
                        enum ruling to, struct buf *out)
{
    if (t->count == 0)
        return;
    buf_putf(out, "  %s -> %s%s: %" PRId64, ruling_name(from), ruling_name(to),
             from == to ? " for another reason" : "", t->count);
    for (size_t i = 0; i < t->money_n; i++)
        buf_putf(out, ", %s %s", effect_sum_text(arena, &t->money[i]), t->money[i].cur);
    if (t->unvalued > 0)
        buf_putf(out, ", %" PRId64 " without an amount", t->unvalued);
    buf_putc(out, '\n');
}

void policy_effect_print(struct arena *arena, const struct policy_effect *effect, struct buf *out)
{
    buf_putf(out, "of %" PRId64 " decisions in %" PRId64 " events, %" PRId64 " change\n",
             effect->decisions, effect->events, effect->changed);
    for (unsigned from = 0; from < RULINGS; from++) {
        for (unsigned to = 0; to < RULINGS; to++)
            total_print(arena, &effect->totals[from][to], (enum ruling)from, (enum ruling)to, out);
    }
    if (effect->unknown > 0)
        buf_putf(out, "  not known: %" PRId64 ", for want of a rate, a window or a policy text\n",
                 effect->unknown);
}
