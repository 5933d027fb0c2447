/* What Slack sends us, already known to be Slack's: application/x-www-form-urlencoded fields, and
 * the JSON in `payload`. Members we do not use are let pass, they are many and change. Pure. */
#ifndef AGENT_NOTIFY_SLACK_PAYLOAD_H
#define AGENT_NOTIFY_SLACK_PAYLOAD_H

#include "common/base/arena.h"
#include "common/base/str.h"

/* One field of a form, decoded, in the arena; NULL when it is not there. ERR_INPUT: a field twice,
 * a broken escape, a NUL, bytes that are not UTF-8. */
MUST_CHECK struct err form_field(struct arena *arena, struct str body, const char *name,
                                 const char **value);

/* A press of one of our buttons. */
struct slack_click {
    const char *team_id, *user_id;
    const char *action_id, *value;
    const char *reason;                  /* what stood in the input beside it; NULL: nothing */
    const char *response_url;            /* for a word to the person; NULL: none */
    const char *channel_id, *message_ts; /* where the message stands; NULL: not said */
};

/* *ours is false for what is no press of a button with a value: a link that was opened, another
 * kind of interaction. ERR_INPUT: not what Slack documents. */
MUST_CHECK struct err slack_click_parse(struct arena *arena, struct str body, bool *ours,
                                        struct slack_click *click);

/* A slash command: /closegate text. */
struct slack_command {
    const char *team_id, *user_id, *user_name, *command, *text;
};
MUST_CHECK struct err slack_command_parse(struct arena *arena, struct str body,
                                          struct slack_command *command);

/* "T0TEAM:U0USER": how the registry knows the person (identity of kind slack). */
const char *slack_subject(struct arena *arena, const char *team_id, const char *user_id);

#endif
