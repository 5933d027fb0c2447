/* Transport bypass: around identity, around HTTP, around the endpoint. */
#include "tests/eval/trial.h"

#define TRANSPORT "transport bypass"

/* A call that would write something if it got through. */
static struct err change_letter(struct trial *t, const struct eval_actor *as,
                                struct eval_letter *letter)
{
    struct json *params = json_object_new(t->arena), *args = json_object_new(t->arena);
    json_put_text(t->arena, args, "object", "entry:none");
    json_put_text(t->arena, args, "text", "was here");
    json_put_text(t->arena, params, "name", "comment_item");
    json_put(t->arena, params, "arguments", args);
    return eval_letter_make(&t->e->target, t->arena, as, "tools/call", "comment_item", params,
                            letter);
}

static struct err nobody(struct trial *t)
{
    static const struct http_pair words[] = {
        {"X-Actor-Id", "human:maria"},      {"X-Actor-Id", "engine:matcher"},
        {"Authorization", "Bearer admin"},  {"X-Forwarded-User", "maria"},
        {"X-Closegate-Actor", "human:ana"}, {"Cookie", "session=admin"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct eval_letter letter;
        TRY(change_letter(t, NULL, &letter));
        eval_letter_put(&letter, words[i].name, words[i].value);
        TRY(trial_refused(t, &letter, arena_fmt(t->arena, "nobody with %s", words[i].name)));
    }
    return OK;
}

const struct scenario transport_scenarios[] = {
    {"no-credentials", TRANSPORT, "calls without an assertion, with headers that claim somebody",
     nobody},
    {NULL, NULL, NULL, NULL},
};
