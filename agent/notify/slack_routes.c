/* What Slack asks of us: is it Slack, and was it not taken before; then it is written down and
 * acknowledged within the three seconds that Slack waits. The work is done after (clicks.c). */
#include "agent/notify/notify_own.h"
#include "agent/notify/slack.h"
#include "agent/notify/slack_payload.h"
#include "agent/notify/slack_sig.h"
#include "agent/store/chat.h"
#include "common/base/civil.h"
#include "common/base/id.h"
#include "common/sys/crypt.h"

#define CODE_LIFE_US (600 * US_PER_SECOND)

/* ---- is it Slack ---- */

static struct err signature_read(struct request *r, struct str *signature)
{
    const char *secret = r->config->notify.slack_signing_secret;
    struct str stamp;
    ENSURE(secret != NULL, ERR_MISSING, "Slack is not configured here");
    ENSURE(http_header(r->http, "X-Slack-Signature", signature) == 1 &&
               http_header(r->http, "X-Slack-Request-Timestamp", &stamp) == 1,
           ERR_AUTH, "the request is not signed by Slack, or too old");
    return slack_sig_check(secret, stamp, *signature, r->http->body, r->now_us / US_PER_SECOND);
}

/* Twice the window: a stamp may be as far ahead of our clock as it may be behind it. */
static struct err take_once(struct request *r, struct str signature)
{
    const int64_t until = r->now_us + 2 * SLACK_WINDOW_S * US_PER_SECOND;
    bool again;
    TRY(slack_seen_add(r->db, signature, r->now_us, until, &again));
    ENSURE(!again, ERR_AUTH, "this request was taken before");
    return OK;
}

/* ---- buttons ---- */

static struct err click_of(struct request *r, const struct slack_click *in, struct click *out)
{
    const bool confirm = text_eq(in->action_id, SLACK_ACTION_CONFIRM);
    ENSURE(confirm || text_eq(in->action_id, SLACK_ACTION_REJECT), ERR_INPUT,
           "this is no button of ours");
    *out = (struct click){
        .subject = slack_subject(r->arena, in->team_id, in->user_id),
        .decision = confirm ? "confirm" : "reject",
        .reason = in->reason,
        .response_url = in->response_url,
    };
    return slack_value_parse(r->arena, in->value, &out->escalation_id, &out->digest);
}

static struct err click_keep(struct request *r, struct str signature, struct click *c)
{
    TRY(take_once(r, signature));
    return c == NULL ? OK : click_add(r->db, r->arena, c, r->now_us);
}

struct err post_slack_actions(struct request *r)
{
    struct slack_click in;
    struct click c;
    struct str signature;
    bool ours;
    TRY(signature_read(r, &signature));
    TRY(slack_click_parse(r->arena, r->http->body, &ours, &in));
    if (ours)
        TRY(click_of(r, &in, &c));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, click_keep(r, signature, ours ? &c : NULL)));
    if (ours)
        notify_wake(r->agent->notify);
    reply_text(r, 200, "text/plain; charset=utf-8", STR(""));
    return OK;
}

/* ---- /closegate link ---- */

static const char *code_make(struct arena *arena)
{
    unsigned char random[2 * APPROVAL_HASH_LEN];
    char a[APPROVAL_CODE_TEXT_MAX], b[APPROVAL_CODE_TEXT_MAX];
    crypt_random(random, sizeof random);
    approval_code_print(random, a);
    approval_code_print(random + APPROVAL_HASH_LEN, b);
    return arena_fmt(arena, "%s-%s", a, b);
}

static struct err link_begin(struct request *r, const struct slack_command *c, struct str *body)
{
    const char *code = code_make(r->arena);
    const char *url = arena_fmt(r->arena, "%s/link/slack?code=%s", r->config->workspace_url, code);
    const char *subject = slack_subject(r->arena, c->team_id, c->user_id);
    const char *name = c->user_name == NULL ? c->user_id : c->user_name;
    TRY(arena_check(r->arena));
    TRY(link_code_add(r->db, code, subject, name, r->now_us + CODE_LIFE_US));
    return slack_whisper(r->arena,
                         arena_fmt(r->arena,
                                   "Open the workspace, sign in and confirm that this Slack "
                                   "account is yours. Code %s, for ten minutes. Do not give it to "
                                   "anybody.",
                                   code),
                         url, body);
}

static struct err command_run(struct request *r, struct str signature,
                              const struct slack_command *c, struct str *body)
{
    TRY(take_once(r, signature));
    if (str_is_nocase(str_trim(str_of(c->text)), "link"))
        return link_begin(r, c, body);
    return slack_whisper(r->arena, "/closegate link: say which person of the workspace you are.",
                         arena_fmt(r->arena, "%s/inbox", r->config->workspace_url), body);
}

struct err post_slack_commands(struct request *r)
{
    struct slack_command c;
    struct str signature, body;
    TRY(signature_read(r, &signature));
    TRY(slack_command_parse(r->arena, r->http->body, &c));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db, command_run(r, signature, &c, &body)));
    reply_raw(r, 200, body);
    return OK;
}

/* ---- the signed-in person's side of it ---- */

struct link_args {
    const char *code;
};

static const struct json_field link_fields[] = {
    JSON_TEXT(struct link_args, code, .required = true, .max = 32,
              .help = "the code that /closegate link gave"),
};

static struct err code_find(struct request *r, const char *code, struct link_code *out)
{
    bool found;
    TRY(link_code_find(r->db, r->arena, code, r->now_us, &found, out));
    if (!found)
        return err_at(ERR_MISSING, "/code", "the code is unknown, was used, or is too old");
    return OK;
}

/* Whose account it is: to be shown before anybody confirms it. */
struct err get_link_slack(struct request *r)
{
    struct link_args args;
    struct link_code code;
    struct json *o = json_object_new(r->arena);
    TRY(request_query(r, JSON_FIELDS(link_fields), &args));
    TRY(code_find(r, args.code, &code));
    json_put_text(r->arena, o, "slack_name", code.shown_name);
    json_put_text(r->arena, o, "slack_id", code.subject);
    reply_json(r, 200, o);
    return OK;
}

static struct err link_ask(struct request *r, const struct link_code *code,
                           struct mcpc_result *result)
{
    const struct mcpc_actor who = request_actor(r);
    struct json *args = json_object_new(r->arena);
    json_put_text(r->arena, args, "act", "link");
    json_put_text(r->arena, args, "person", r->session.principal_id);
    json_put_text(r->arena, args, "kind", "slack");
    json_put_text(r->arena, args, "subject", code->subject);
    json_put_text(r->arena, args, "rationale",
                  "asked for by /closegate link in Slack, confirmed when signed in");
    TRY(arena_check(r->arena));
    return mcpc_call(r->mcpc, r->arena, &who, "link_identity", args, result);
}

/* The registry links, which is gated: in prod a second person confirms (202), and whoever may not
 * change the registry is told so (403). The code is used up only when it led somewhere. */
struct err post_link_slack(struct request *r)
{
    struct link_args args;
    struct link_code code;
    struct mcpc_result result;
    TRY(request_body(r, JSON_FIELDS(link_fields), &args));
    TRY(code_find(r, args.code, &code));
    TRY(link_ask(r, &code, &result));
    if (text_eq(result.status, "ok") || text_eq(result.status, "pending_approval")) {
        TRY(agent_db_begin(r->db));
        TRY(agent_db_end(r->db, link_code_use(r->db, args.code, r->now_us)));
    }
    reply_result(r, &result);
    return OK;
}
