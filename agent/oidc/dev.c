/* dev: whoever opens the page is one of three people of the demo company, and may change into
 * another, so that dual control can be tried alone. Never in prod (agent_config refuses it). */
#include "agent/oidc/signin_own.h"

static const struct {
    const char *person, *what;
} people[] = {
    {"demo-user", "Controller"},
    {"maria", "Controller, the second pair of eyes"},
    {"sam", "Accountant"},
};

void dev_offer(struct request *r, struct json *session)
{
    struct json *list = json_array_new(r->arena);
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        struct json *o = json_object_new(r->arena);
        json_put_text(r->arena, o, "person", people[i].person);
        json_put_text(r->arena, o, "what", people[i].what);
        json_push(r->arena, list, o);
    }
    json_put(r->arena, session, "people", list);
}

struct dev_args {
    const char *person;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct dev_args, person, .required = true, .max = 64, .help = "one of `people`"),
};

struct err post_session_dev(struct request *r)
{
    struct dev_args args;
    struct known_person known;
    bool offered = false;
    if (r->config->auth_backend != AGENT_AUTH_DEV)
        return err_new(ERR_MISSING, "there is no such address");
    TRY(request_body(r, JSON_FIELDS(fields), &args));
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++)
        offered = offered || text_eq(people[i].person, args.person);
    if (!offered)
        return err_at(ERR_INPUT, "/person", "not one of the demo's people");
    TRY(signin_whois(r, "actor", NULL, args.person, &known));
    struct session s = {.backend = "dev",
                        .issuer = "",
                        .subject = args.person,
                        .actor = known.actor,
                        .principal_id = known.principal_id,
                        .name = known.name,
                        .auth_time = r->now_us / 1000000};
    TRY(signin_begin(r, &s, NULL));
    struct json *o = json_object_new(r->arena);
    json_put_bool(r->arena, o, "signed_in", true);
    json_put_text(r->arena, o, "csrf", s.csrf);
    json_put_text(r->arena, o, "name", s.name);
    reply_json(r, 200, o);
    return OK;
}
