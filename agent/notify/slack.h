/* A notice as Slack's Block Kit has it: same facts, same digest code, a deep link; buttons only for
 * what a chat app may decide. Payees' words go into plain_text, escaped: no mention, no link, no
 * emphasis comes of them. Also the small things said to one person. Pure. */
#ifndef AGENT_NOTIFY_SLACK_H
#define AGENT_NOTIFY_SLACK_H

#include "agent/notify/card.h"
#include "common/base/str.h"

/* Documented limits of what we use (UTF-16 units, or how many). */
enum {
    SLACK_TEXT_MAX = 4000, /* the fallback, as recommended */
    SLACK_BLOCKS_MAX = 50,
    SLACK_HEADER_MAX = 150,
    SLACK_SECTION_MAX = 3000,
    SLACK_FIELD_MAX = 2000,
    SLACK_BUTTON_MAX = 75,
    SLACK_VALUE_MAX = 2000,
    SLACK_CONFIRM_MAX = 300,
    SLACK_ID_MAX = 255,
};

/* Names in interactions: what a click says. */
#define SLACK_ACTION_CONFIRM "closegate_confirm"
#define SLACK_ACTION_REJECT  "closegate_reject"
#define SLACK_ACTION_OPEN    "closegate_open"
#define SLACK_ACTION_REASON  "closegate_reason"
#define SLACK_BLOCK_REASON   "closegate_reason"

struct slack_place {
    const char *channel;     /* where to, or where it stands */
    const char *ts;          /* of the message to replace; NULL: a new one */
    const char *thread_ts;   /* under which to say it; NULL: on its own */
    const char *lead;        /* what is new, before the title: "Reminder"; NULL: nothing */
    bool brief;              /* title, code and link: the whole stands above in the thread */
    const char *delivery_id; /* names a block: the same for every attempt */
};

/* The body of chat.postMessage or chat.update, JSON, in the arena. */
MUST_CHECK struct err slack_message(struct arena *arena, const struct card *card,
                                    const struct slack_place *place, struct str *body);

/* {"response_type": "ephemeral", …}: a sentence of ours to one person, and where to go on (may be
 * NULL). The answer to a command, or the body for a response_url. */
MUST_CHECK struct err slack_whisper(struct arena *arena, const char *sentence, const char *url,
                                    struct str *body);

/* A button's value: the escalation and the digest of what was shown beside it. */
MUST_CHECK struct err slack_value_parse(struct arena *arena, const char *value,
                                        const char **escalation_id, const char **digest);

#endif
