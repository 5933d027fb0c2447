/* Rooms: made when something happens in a session or somebody comes to look, gone when neither is
 * so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/llm/llm_own.h"
#include "common/base/invariant.h"

struct room *room_find(struct llm *llm, const char *session_id)
{
    struct room *room;
    TAILQ_FOREACH(room, &llm->rooms, link)
    if (strcmp(room->session_id, session_id) == 0)
        return room;
    return NULL;
}

struct err room_of(struct llm *llm, const char *session_id, struct room **out)
{
    *out = room_find(llm, session_id);
    if (*out != NULL)
        return OK;
    struct room *room = calloc(1, sizeof *room);
    ENSURE(room != NULL, ERR_LIMIT, "out of memory");
    if (strlen(session_id) >= sizeof room->session_id) {
        free(room);
        return err_new(ERR_INPUT, "no session has such an id");
    }
    room->llm = llm;
    memcpy(room->session_id, session_id, strlen(session_id) + 1);
    buf_init(&room->text, LLM_TEXT_MAX);
    TAILQ_INIT(&room->watchers);
    TAILQ_INSERT_TAIL(&llm->rooms, room, link);
    *out = room;
    return OK;
}

void room_leave(struct room *room)
{
    if (room->stage != STAGE_IDLE || !TAILQ_EMPTY(&room->watchers))
        return;
    TAILQ_REMOVE(&room->llm->rooms, room, link);
    buf_fini(&room->text);
    free(room);
}

void room_tell(struct room *room, const char *event, struct str json)
{
    struct llm_watcher *w = TAILQ_FIRST(&room->watchers), *next;
    for (; w != NULL; w = next) {
        next = TAILQ_NEXT(w, link);
        w->fn(w->ctx, event, json);
    }
}

/* ---- what they are told ---- */

static struct str state_json(char *json, size_t size, enum agent_session_state state,
                             bool turn_open, enum stage stage)
{
    static const char *const doing[] = {"idle", "tools", "thinking", "waiting"};
    const int n =
        snprintf(json, size, "{\"state\":\"%s\",\"turn_open\":%s,\"doing\":\"%s\"}",
                 fsm_agent_session.state_names[state], turn_open ? "true" : "false", doing[stage]);
    INVARIANT(n > 0 && (size_t)n < size);
    return (struct str){json, (size_t)n};
}

void room_tell_state(struct room *room)
{
    char json[160];
    if (room->known)
        room_tell(room, "state",
                  state_json(json, sizeof json, room->state, room->turn_open, room->stage));
}

static struct err text_json(struct jw *w, struct str text, bool from_start, struct str *json)
{
    jw_init(w, 8 * LLM_TEXT_MAX);
    jw_obj(w);
    jw_str(w, "delta", text);
    if (from_start)
        jw_bool(w, "from_start", true);
    jw_end(w);
    return jw_done(w, json);
}

void room_tell_text(struct room *room, struct str delta)
{
    CLEANUP(jw_fini) struct jw w;
    struct str json;
    if (text_json(&w, delta, false, &json).kind == ERR_NONE)
        room_tell(room, "text", json);
}

static void greet_text(struct llm_watcher *watcher)
{
    CLEANUP(jw_fini) struct jw w;
    struct str json;
    if (text_json(&w, buf_str(&watcher->room->text), true, &json).kind == ERR_NONE)
        watcher->fn(watcher->ctx, "text", json);
}

void room_greet(struct llm_watcher *watcher, enum agent_session_state state, bool turn_open)
{
    const struct room *room = watcher->room;
    char json[160];
    watcher->fn(watcher->ctx, "state",
                state_json(json, sizeof json, room->known ? room->state : state,
                           room->known ? room->turn_open : turn_open, room->stage));
    if (room->stage == STAGE_ASKING)
        greet_text(watcher);
}

/* ---- who looks on ---- */

struct err llm_watch(struct llm *llm, const char *session_id, llm_watch_fn *fn, void *ctx,
                     struct llm_watcher **out)
{
    struct room *room;
    struct llm_watcher *w = calloc(1, sizeof *w);
    ENSURE(w != NULL, ERR_LIMIT, "out of memory");
    const struct err e = room_of(llm, session_id, &room);
    if (e.kind != ERR_NONE) {
        free(w);
        return e;
    }
    *w = (struct llm_watcher){.room = room, .fn = fn, .ctx = ctx};
    TAILQ_INSERT_TAIL(&room->watchers, w, link);
    *out = w;
    return OK;
}

void llm_unwatch(struct llm_watcher *watcher)
{
    if (watcher == NULL)
        return;
    struct room *room = watcher->room;
    TAILQ_REMOVE(&room->watchers, watcher, link);
    free(watcher);
    room_leave(room);
}
