/* Filters a person kept: a name for a page's query. */
#include "agent/inbox/inbox_own.h"
#include "agent/inbox/shapes.h"

#include "agent/store/filters.h"
#include "common/sys/crypt.h"

static struct json *filter_json(struct arena *arena, const struct filter *f)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "filter_id", f->filter_id);
    json_put_text(arena, o, "screen", f->screen);
    json_put_text(arena, o, "name", f->name);
    json_put_text(arena, o, "query", f->query);
    return o;
}

struct err get_filters(struct request *r)
{
    struct json *o = json_object_new(r->arena), *list = json_array_new(r->arena);
    struct filter *rows;
    size_t n;
    TRY(filters_list(r->db, r->arena, r->session.principal_id, &rows, &n));
    for (size_t i = 0; i < n; i++)
        json_push(r->arena, list, filter_json(r->arena, &rows[i]));
    json_put(r->arena, o, "filters", list);
    reply_json(r, 200, o);
    return OK;
}

static const struct json_field fields[] = {
    JSON_TEXT(struct filter, screen, .required = true, .max = 32, .help = "inbox, exceptions …"),
    JSON_TEXT(struct filter, name, .required = true, .max = 64, .help = "what the person calls it"),
    JSON_TEXT(struct filter, query, .required = true, .min = -1, .max = 1000,
              .help = "of the page's address, without the question mark"),
};

const struct shape shape_filter = {.name = "Filter",
                                   .help = "PUT filters",
                                   .fields = fields,
                                   .n = sizeof fields / sizeof fields[0],
                                   .closed = true};

struct err put_filter(struct request *r)
{
    struct filter f = {0};
    uint8_t id[12];
    char text[2 * sizeof id + 1];
    TRY(request_body(r, JSON_FIELDS(fields), &f));
    crypt_random(id, sizeof id);
    hex_print(id, sizeof id, text);
    f.filter_id = arena_fmt(r->arena, "flt_%s", text);
    f.principal_id = r->session.principal_id;
    f.created_us = r->now_us;
    TRY(arena_check(r->arena));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, filter_put(r->db, r->arena, &f)));
    reply_json(r, 200, filter_json(r->arena, &f));
    return OK;
}

struct err delete_filter(struct request *r)
{
    bool found = false;
    const char *id = str_dup(r->arena, r->rest);
    TRY(arena_check(r->arena));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, filter_drop(r->db, r->session.principal_id, id, &found)));
    ENSURE(found, ERR_MISSING, "you have no such filter");
    reply_json(r, 200, json_object_new(r->arena));
    return OK;
}
