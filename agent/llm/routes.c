/* The chat's API. A session is its person's alone; a browser's words become rows, and the loop is
 * told to look. */
#include "agent/llm/routes_own.h"

#include <string.h>

#include "agent/llm/begin.h"
#include "agent/llm/chat_shapes.h"
#include "agent/llm/feed.h"
#include "agent/llm/turn.h"

#define PAGE_MAX   100
#define SESSIONS   "/api/v1/chat/sessions"
#define ROWS_SHOWN 100000

static struct err need_llm(const struct request *r)
{
    ENSURE(r->agent->llm != NULL, ERR_MISSING,
           "no model is set up: CLOSEGATE_AGENT_MODEL and a provider's key or address do that");
    return OK;
}

/* ---- which session ---- */

/* "ses_…/stop" as id and verb ("" for none). */
static struct err path_of(struct request *r, const char **id, const char **verb)
{
    struct str head = r->rest, tail = STR("");
    (void)str_cut(r->rest, '/', &head, &tail);
    *id = str_dup(r->arena, head);
    *verb = str_dup(r->arena, tail);
    TRY(arena_check(r->arena));
    ENSURE(id_valid(*id, "ses"), ERR_MISSING, "you have no such conversation");
    return OK;
}

static struct err own_talk(struct request *r, const char *id, struct talk *talk)
{
    const struct err e = talk_load(r->db, r->arena, id, r->session.principal_id, talk);
    if (e.kind == ERR_MISSING)
        return err_new(ERR_MISSING, "you have no such conversation");
    return e;
}

/* ---- what a person says ---- */

struct said {
    const char *text, *entity_id;
};

static const struct json_field said_fields[] = {
    JSON_TEXT(struct said, text, .required = true, .max = LLM_SAID_MAX, .help = "what is asked"),
};

static const struct json_field first_fields[] = {
    JSON_TEXT(struct said, text, .required = true, .max = LLM_SAID_MAX, .help = "what is asked"),
    JSON_TEXT(struct said, entity_id, .max = 64, .help = "the entity that it is about"),
};

const struct shape shape_said = {.name = "Said",
                                 .help = "POST chat/sessions/ID/messages",
                                 .fields = said_fields,
                                 .n = sizeof said_fields / sizeof said_fields[0],
                                 .closed = true};

const struct shape shape_first_said = {.name = "FirstSaid",
                                       .help = "POST chat/sessions",
                                       .fields = first_fields,
                                       .n = sizeof first_fields / sizeof first_fields[0],
                                       .closed = true};

/* The entity is one that the engine lets this person see. */
static struct err check_entity(struct request *r, const char *entity_id)
{
    const struct json *me;
    if (entity_id == NULL)
        return OK;
    TRY(request_read(r, "recon://me", &me));
    return llm_entity_check(me, entity_id);
}

static struct err reply_said(struct request *r, int status, const struct talk *talk, int64_t n)
{
    struct json *o = json_object_new(r->arena);
    llm_wake(r->agent->llm, talk->session_id);
    json_put_text(r->arena, o, "session_id", talk->session_id);
    json_put_int(r->arena, o, "n", n);
    TRY(shape_note(r, &shape_chat_taken, o));
    reply_json(r, status, o);
    return OK;
}

static struct err post_session(struct request *r)
{
    struct said said = {0};
    struct talk talk;
    int64_t n;
    TRY(need_llm(r));
    TRY(request_body(r, JSON_FIELDS(first_fields), &said));
    TRY(check_entity(r, said.entity_id));
    const struct llm_begin begin = {.principal_id = r->session.principal_id,
                                    .actor = r->session.actor,
                                    .origin = "chat",
                                    .entity_id = said.entity_id,
                                    .text = said.text};
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, llm_begin(r->agent->llm, r->db, r->arena, &begin, &talk, &n)));
    return reply_said(r, 201, &talk, n);
}

static struct err say(struct request *r, struct talk *talk)
{
    struct said said = {0};
    int64_t n;
    TRY(request_body(r, JSON_FIELDS(said_fields), &said));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, llm_say(r->agent->llm, r->db, r->arena, talk, said.text, &n)));
    return reply_said(r, 202, talk, n);
}

static void reply_taken(struct request *r)
{
    reply_json(r, 202, json_object_new(r->arena));
}

static struct err move(struct request *r, struct talk *talk, enum agent_session_event event,
                       bool turn_open)
{
    TRY(agent_db_begin(r->db));
    return agent_db_end(r->db, talk_move(r->db, r->arena, talk, event, turn_open, r->now_us));
}

static struct err stop(struct request *r, struct talk *talk)
{
    llm_halt(r->agent->llm, talk->session_id);
    reply_taken(r);
    return OK;
}

static struct err retry(struct request *r, struct talk *talk)
{
    ENSURE(talk->state == AGENT_SESSION_FAILED, ERR_CONFLICT, "there is nothing to try again");
    TRY(move(r, talk, AGENT_SESSION_EVENT_RETRY, true));
    llm_wake(r->agent->llm, talk->session_id);
    reply_taken(r);
    return OK;
}

static struct err end(struct request *r, struct talk *talk)
{
    ENSURE(!talk->turn_open, ERR_CONFLICT, "the last turn is still under way; stop it first");
    if (talk->state != AGENT_SESSION_ENDED)
        TRY(move(r, talk, AGENT_SESSION_EVENT_END, false));
    reply_taken(r);
    return OK;
}

static struct err post_to_session(struct request *r)
{
    static const struct {
        const char *verb;
        struct err (*fn)(struct request *r, struct talk *talk);
    } verbs[] = {{"messages", say}, {"stop", stop}, {"retry", retry}, {"end", end}};
    const char *id, *verb;
    struct talk talk;
    TRY(need_llm(r));
    TRY(path_of(r, &id, &verb));
    TRY(own_talk(r, id, &talk));
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (text_eq(verb, verbs[i].verb))
            return verbs[i].fn(r, &talk);
    return err_new(ERR_MISSING, "there is no such address");
}

/* ---- what a person reads ---- */

struct page {
    const char *before;
    int64_t limit;
};

static const struct json_field page_fields[] = {
    JSON_TEXT(struct page, before, .max = 64, .help = "the last page's `next`"),
    JSON_INT(struct page, limit, .min = 1, .max = PAGE_MAX, .def = 30, .help = "how many"),
};

/* `next` is "<used_us>.<session id>". */
static struct err place_of(struct request *r, const char *text, struct talk_place *place)
{
    struct str us, id;
    ENSURE(str_cut(str_of(text), '.', &us, &id) && us.len > 0 && us.len <= 17, ERR_INPUT,
           "this is no `next` of ours");
    for (size_t i = 0; i < us.len; i++) {
        ENSURE(us.at[i] >= '0' && us.at[i] <= '9', ERR_INPUT, "this is no `next` of ours");
        place->used_us = place->used_us * 10 + (us.at[i] - '0');
    }
    place->session_id = str_dup(r->arena, id);
    TRY(arena_check(r->arena));
    ENSURE(id_valid(place->session_id, "ses"), ERR_INPUT, "this is no `next` of ours");
    return OK;
}

static struct err get_sessions(struct request *r)
{
    struct page page = {0};
    struct talk_place place = {0};
    struct json *o = json_object_new(r->arena), *list = json_array_new(r->arena);
    struct talk *talks;
    size_t n;
    TRY(request_query(r, JSON_FIELDS(page_fields), &page));
    if (page.before != NULL)
        TRY(place_of(r, page.before, &place));
    TRY(talks_list(r->db, r->arena, r->session.principal_id, page.before == NULL ? NULL : &place,
                   (size_t)page.limit + 1, &talks, &n));
    for (size_t i = 0; i < n && i < (size_t)page.limit; i++)
        json_push(r->arena, list, show_talk(r->arena, &talks[i]));
    json_put(r->arena, o, "sessions", list);
    if (n > (size_t)page.limit) {
        const struct talk *last = &talks[page.limit - 1];
        json_put_text(r->arena, o, "next",
                      arena_fmt(r->arena, "%lld.%s", (long long)last->used_us, last->session_id));
    }
    TRY(shape_note(r, &shape_chat_sessions, o));
    reply_json(r, 200, o);
    return OK;
}

static struct err show(struct request *r, struct talk *talk)
{
    struct json *o = json_object_new(r->arena), *list = json_array_new(r->arena);
    const struct worker_tools worker = {r->db, r->mcpc};
    struct trace *rows;
    size_t n;
    /* what cannot be asked now, or was just said by another window, is seen the next time */
    if (talk->state == AGENT_SESSION_WAITING_HUMAN && r->agent->llm != NULL &&
        turn_look(r->agent->llm, &worker, r->arena, talk).kind != ERR_NONE)
        TRY(own_talk(r, talk->session_id, talk));
    TRY(traces_load(r->db, r->arena, talk->session_id, 0, ROWS_SHOWN, &rows, &n));
    for (size_t i = 0; i < n; i++) {
        struct json *body;
        TRY(trace_tree(r->arena, &rows[i], &body));
        const struct json *row = show_row(r->arena, &rows[i], body);
        if (row != NULL)
            json_push(r->arena, list, row);
    }
    json_put(r->arena, o, "session", show_talk(r->arena, talk));
    json_put(r->arena, o, "rows", list);
    TRY(chat_note_talk(r, o));
    reply_json(r, 200, o);
    return OK;
}

static struct err events(struct request *r, struct talk *talk)
{
    struct talk *kept = ARENA_NEW(r->arena, struct talk);
    TRY(need_llm(r));
    ENSURE(kept != NULL, ERR_LIMIT, "out of memory");
    *kept = *talk;
    r->stream_of = kept;
    r->stream = feed_open;
    return OK;
}

static struct err get_session_of(struct request *r)
{
    const char *id, *verb;
    struct talk talk;
    TRY(path_of(r, &id, &verb));
    TRY(own_talk(r, id, &talk));
    if (text_empty(verb))
        return show(r, &talk);
    if (text_eq(verb, "events"))
        return events(r, &talk);
    if (text_eq(verb, "export"))
        return export_talk(r, &talk);
    return err_new(ERR_MISSING, "there is no such address");
}

static const struct route rows[] = {
    {HTTP_GET, "/api/v1/chat", 0, NEEDS_SESSION, get_chat},
    {HTTP_GET, "/api/v1/chat/tools", 0, NEEDS_SESSION, get_tools},
    {HTTP_POST, "/api/v1/chat/tools/*", 4096, NEEDS_SESSION | NEEDS_CSRF, post_tool_accept},
    {HTTP_GET, SESSIONS, 0, NEEDS_SESSION | NO_ENGINE, get_sessions},
    {HTTP_POST, SESSIONS, (size_t)128 * 1024, NEEDS_SESSION | NEEDS_CSRF, post_session},
    {HTTP_GET, SESSIONS "/*", 0, NEEDS_SESSION, get_session_of},
    {HTTP_POST, SESSIONS "/*", (size_t)128 * 1024, NEEDS_SESSION | NEEDS_CSRF | NO_ENGINE,
     post_to_session},
};

const struct routes llm_routes = {rows, sizeof rows / sizeof rows[0]};
