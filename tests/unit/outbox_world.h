/* The world around the agent's outbox, for tests that cut the agent off: an engine's feed of
 * escalations, made from a seed, a wire on which sending may fail, a life of the agent from its
 * start until nothing is left to do, and what must hold of the wire in the end. Whoever includes it
 * sets wire_put (it is out) and may set world_step (called where the outside is met: the power may
 * go) and world_between (between two deliveries). */
#ifndef TESTS_UNIT_OUTBOX_WORLD_H
#define TESTS_UNIT_OUTBOX_WORLD_H

#include <string.h>

#include "agent/notify/follow.h"
#include "agent/notify/send.h"
#include "tests/unit/test.h"

static void world_still(void)
{
}

static void (*world_step)(void) = world_still, (*world_between)(void) = world_still;
static void (*wire_put)(const struct delivery *d);

static struct arena *arena;
static struct agent_db *db;

#define ESCALATIONS 4
#define EVENTS_MAX  24

struct happening {
    int escalation;
    const char *type;
};

/* Events by seq - 1; each escalation begins PENDING, some are settled. */
static struct happening script[EVENTS_MAX];
static int script_n, settled_at[ESCALATIONS]; /* seq; 0: stays open */
static int64_t now_us;
static unsigned world_dice;

static unsigned chance(unsigned sides)
{
    world_dice = world_dice * 1103515245u + 12345u;
    return (world_dice >> 16) % sides;
}

static void script_make(unsigned of)
{
    static const char *const middle[] = {"ESCALATION_REMINDED", "ESCALATION_REASSIGNED",
                                         "ESCALATION_INFO_REQUESTED"};
    bool open[ESCALATIONS] = {false};
    int begun = 0;
    world_dice = of;
    memset(settled_at, 0, sizeof settled_at);
    for (script_n = 0; script_n < EVENTS_MAX; script_n++) {
        int e = (int)chance(ESCALATIONS);
        const char *type = middle[chance(3)];
        if (begun < ESCALATIONS && (begun == 0 || chance(3) == 0)) {
            e = begun++;
            type = "ESCALATION_PENDING";
            open[e] = true;
        } else if (e >= begun || !open[e]) {
            type = "OK"; /* something else */
        } else if (chance(4) == 0) {
            type = "ESCALATION_APPROVED";
            open[e] = false;
            settled_at[e] = script_n + 1;
        }
        script[script_n] = (struct happening){e, type};
    }
}

static int64_t clock_us(void)
{
    world_step();
    return now_us += 10 * 1000000;
}

static struct err page(void *ctx, struct arena *a, int64_t after, const struct json **out)
{
    struct json *o = json_object_new(a), *events = json_array_new(a);
    int64_t next = after < 0 ? 0 : after;
    (void)ctx;
    world_step();
    for (int i = 0; after >= 0 && i < 3 && next < script_n; i++, next++) {
        struct json *e = json_object_new(a);
        json_put_int(a, e, "seq", next + 1);
        json_put_text(a, e, "event_type", script[next].type);
        json_put_text(a, e, "escalation_id", arena_fmt(a, "esc_%d", script[next].escalation));
        json_push(a, events, e);
    }
    json_put(a, o, "events", events);
    json_put_int(a, o, "next", next);
    json_put_int(a, o, "head", script_n);
    json_put_bool(a, o, "more", next < script_n);
    *out = o;
    return arena_check(a);
}

/* A card is drawn from what the book says now: the world is where the cursor is, at least. */
static bool is_settled(const struct delivery *d)
{
    int64_t at;
    bool found;
    ck_ok(cursor_find(db, &found, &at));
    const int when = settled_at[d->escalation_id[4] - '0'];
    return when != 0 && when <= at;
}

static struct send_result deliver_it(struct arena *a, const struct delivery *d)
{
    struct outbox_message m;
    world_step();
    if (chance(4) == 0)
        return (struct send_result){.end = SEND_LATER, .why = "HTTP 500"};
    if (strcmp(d->kind, "update") != 0) {
        if (is_settled(d))
            return (struct send_result){.end = SEND_DROP, .why = "settled"};
        wire_put(d);
        if (chance(6) == 0) /* it is out, and its answer was lost */
            return (struct send_result){.end = SEND_UNSURE, .why = "no answer"};
        return (struct send_result){.end = SEND_DONE, .external_id = d->escalation_id};
    }
    ck_ok(outbox_message_of(db, a, d->escalation_id, "slack", &m));
    if (m.coming)
        return (struct send_result){.end = SEND_WAIT, .why = "its message is still to leave"};
    if (m.external_id == NULL && !m.maybe)
        return (struct send_result){.end = SEND_DROP, .why = "no message"};
    wire_put(d);
    return (struct send_result){.end = SEND_DONE};
}

/* How the last one ended. */
static enum send_end last_end;

static struct send_result deliver(void *ctx, struct arena *a, const struct delivery *d)
{
    (void)ctx;
    const struct send_result r = deliver_it(a, d);
    last_end = r.end;
    return r;
}

static const struct follow *the_follower(void)
{
    static struct follow f;
    f = (struct follow){.db = db, .slack = true, .tries = 1000, .clock_us = clock_us, .page = page};
    return &f;
}

static const struct sender *the_sender(void)
{
    static struct sender s;
    s = (struct sender){
        .channel = "slack", .db = db, .backoff_ms = 1, .clock_us = clock_us, .deliver = deliver};
    return &s;
}

/* A life: from start until nothing is left to do, or until it is killed. */
static void live(void)
{
    int64_t n, queued;
    bool more = true, worked = true;
    ck_ok(outbox_recover(db, "slack", now_us, &n));
    while (more || worked) {
        ck_ok(follow_step(the_follower(), arena, &more, &queued));
        ck_ok(send_step(the_sender(), arena, &worked));
        world_between();
        int64_t due;
        ck_ok(outbox_next_due(db, "slack", &due));
        if (!worked && due != INT64_MAX) {
            now_us = due > now_us ? due : now_us;
            worked = true;
        }
    }
}

/* ---- the model ---- */

struct seen {
    int notices, last_update; /* notices on the wire; seq of the last update there */
    bool after_settled;       /* a notice after the word that it was settled */
};

/* What was on the wire, in that order. */
static void seen_add(struct seen seen[ESCALATIONS], int sent[EVENTS_MAX + 1], const char *id,
                     const char *kind, int64_t seq)
{
    struct seen *s = &seen[id[4] - '0'];
    sent[seq]++;
    if (strcmp(kind, "update") == 0)
        s->last_update = (int)seq;
    s->notices += strcmp(kind, "notice") == 0;
    s->after_settled |= strcmp(kind, "update") != 0 && s->last_update != 0 &&
                        s->last_update == settled_at[id[4] - '0'];
}

static void rows_hold(const int sent[EVENTS_MAX + 1])
{
    struct delivery *rows;
    size_t n;
    ck_ok(outbox_list(db, arena, NULL, 0, 500, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        const int out = sent[rows[i].seq];
        ck_assert_msg(strcmp(rows[i].state, "SENT") == 0 || strcmp(rows[i].state, "CANCELLED") == 0,
                      "%s is %s", rows[i].delivery_id, rows[i].state);
        if (strcmp(rows[i].state, "SENT") == 0)
            ck_assert_msg(out >= 1, "seq %lld said sent and was not", (long long)rows[i].seq);
        ck_assert_msg(out <= 1 + rows[i].unsure, "seq %lld went out %d times, unsure %lld",
                      (long long)rows[i].seq, out, (long long)rows[i].unsure);
    }
}

static void world_holds(const struct seen seen[ESCALATIONS], const int sent[EVENTS_MAX + 1])
{
    for (int e = 0; e < ESCALATIONS; e++) {
        bool begun = false;
        for (int i = 0; i < script_n; i++)
            begun |= script[i].escalation == e && strcmp(script[i].type, "ESCALATION_PENDING") == 0;
        if (begun && settled_at[e] == 0)
            ck_assert_msg(seen[e].notices >= 1, "nobody heard of esc_%d", e);
        if (settled_at[e] != 0 && seen[e].notices > 0)
            ck_assert_msg(seen[e].last_update == settled_at[e], "esc_%d still looks open", e);
        ck_assert_msg(!seen[e].after_settled, "esc_%d was told of after it was settled", e);
    }
    rows_hold(sent);
}

#endif
