/* The form first, then the JSON within it. */
#include "agent/notify/slack_payload.h"

#include <string.h>

#include "common/base/json.h"
#include "common/sys/json_read.h"

#define ID_MAX     32   /* of a team, user or channel */
#define REASON_MAX 8000 /* bytes; what our input lets through is 2000 characters */

/* ---- the form ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte an escape stands for, -1 when it is none. */
static int escape_at(struct str raw, size_t i)
{
    if (i + 2 >= raw.len)
        return -1;
    const int high = hex_digit(raw.at[i + 1]), low = hex_digit(raw.at[i + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static struct err form_decode(struct arena *arena, struct str raw, const char *name,
                              const char **out)
{
    char *text = arena_alloc(arena, raw.len + 1);
    size_t n = 0;
    ENSURE(text != NULL, ERR_LIMIT, "the form is too large");
    for (size_t i = 0; i < raw.len; i++) {
        int c = raw.at[i] == '+' ? ' ' : (unsigned char)raw.at[i];
        if (c == '%') {
            c = escape_at(raw, i);
            i += 2;
        }
        if (c <= 0)
            return err_at(ERR_INPUT, name, "a broken escape, or a NUL");
        text[n++] = (char)c;
    }
    if (!utf8_valid(text, n))
        return err_at(ERR_INPUT, name, "is not UTF-8");
    *out = text;
    return OK;
}

struct err form_field(struct arena *arena, struct str body, const char *name, const char **value)
{
    struct str pair, key, raw;
    *value = NULL;
    while (body.len > 0) {
        if (!str_cut(body, '&', &pair, &body))
            body.len = 0;
        if (!str_cut(pair, '=', &key, &raw) || !str_is(key, name))
            continue;
        if (*value != NULL)
            return err_at(ERR_INPUT, name, "is there twice");
        TRY(form_decode(arena, raw, name, value));
    }
    return OK;
}

/* ---- a click ---- */

/* Letters and digits, as Slack's ids are: they become part of a name in the registry. */
static bool id_valid_slack(const char *id)
{
    const size_t n = id == NULL ? 0 : strlen(id);
    return n > 0 && n <= ID_MAX &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == n;
}

static const char *text_in(const struct json *tree, const char *pointer)
{
    return json_text(json_pointer_get(tree, pointer));
}

static struct err payload_read(struct arena *arena, struct str body, struct json **tree)
{
    const char *payload;
    TRY(form_field(arena, body, "payload", &payload));
    if (payload == NULL)
        return err_at(ERR_INPUT, "payload", "is missing");
    return json_read(arena, str_of(payload), NULL, tree);
}

struct err slack_click_parse(struct arena *arena, struct str body, bool *ours,
                             struct slack_click *click)
{
    struct json *p;
    *ours = false;
    TRY(payload_read(arena, body, &p));
    if (!text_eq(json_get_text(p, "type"), "block_actions"))
        return OK;
    /* a grid's people have their own team, which need not be the message's */
    const char *own_team = text_in(p, "/user/team_id");
    *click = (struct slack_click){
        .team_id = own_team != NULL ? own_team : text_in(p, "/team/id"),
        .user_id = text_in(p, "/user/id"),
        .action_id = text_in(p, "/actions/0/action_id"),
        .value = text_in(p, "/actions/0/value"),
        .reason = text_in(p, "/state/values/closegate_reason/closegate_reason/value"),
        .response_url = json_get_text(p, "response_url"),
        .channel_id = text_in(p, "/channel/id"),
        .message_ts = text_in(p, "/message/ts"),
    };
    if (click->action_id == NULL || click->value == NULL)
        return OK;
    if (!id_valid_slack(click->team_id) || !id_valid_slack(click->user_id))
        return err_at(ERR_INPUT, "/user/id", "the click does not say whose it is");
    if (click->reason != NULL && strlen(click->reason) > REASON_MAX)
        return err_at(ERR_LIMIT, "/state/values", "the reason is too long");
    *ours = true;
    return OK;
}

/* ---- a command ---- */

struct err slack_command_parse(struct arena *arena, struct str body, struct slack_command *command)
{
    *command = (struct slack_command){0};
    TRY(form_field(arena, body, "team_id", &command->team_id));
    TRY(form_field(arena, body, "user_id", &command->user_id));
    TRY(form_field(arena, body, "user_name", &command->user_name));
    TRY(form_field(arena, body, "command", &command->command));
    TRY(form_field(arena, body, "text", &command->text));
    if (!id_valid_slack(command->team_id) || !id_valid_slack(command->user_id))
        return err_at(ERR_INPUT, "user_id", "the command does not say whose it is");
    ENSURE(command->command != NULL, ERR_INPUT, "the command does not say which it is");
    command->text = command->text == NULL ? "" : command->text;
    return OK;
}

const char *slack_subject(struct arena *arena, const char *team_id, const char *user_id)
{
    return arena_fmt(arena, "%s:%s", team_id, user_id);
}
