/* A notice as an Adaptive Card 1.5, wrapped as a Workflows webhook wants it (message with one
 * attachment, at most 28 KB). Teams decides nothing: the card links into the workspace. Payees'
 * words go into text runs, which no Markdown and no {{DATE()}} is read in. Pure. */
#ifndef AGENT_NOTIFY_TEAMS_H
#define AGENT_NOTIFY_TEAMS_H

#include "agent/notify/card.h"
#include "common/base/str.h"

#define TEAMS_BODY_MAX ((size_t)28 * 1024)

/* `lead` says what is new, before the title ("Reminder"); may be NULL. */
MUST_CHECK struct err teams_message(struct arena *arena, const struct card *card, const char *lead,
                                    struct str *body);

#endif
