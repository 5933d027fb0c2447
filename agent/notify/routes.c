/* The notifier's rows of the agent's routes. */
#include "agent/notify/notify_own.h"

#define API    "/api/v1/"
#define CHANGE (NEEDS_SESSION | NEEDS_CSRF)

static const struct route rows[] = {
    /* Slack's own requests: their signature is what lets them in */
    {HTTP_POST, "/slack/actions", 256 * 1024, NO_ENGINE, post_slack_actions},
    {HTTP_POST, "/slack/commands", 64 * 1024, NO_ENGINE, post_slack_commands},
    {HTTP_GET, API "link/slack", 0, NEEDS_SESSION | NO_ENGINE, get_link_slack},
    {HTTP_POST, API "link/slack", 4096, CHANGE, post_link_slack},
    {HTTP_GET, API "outbox", 0, NEEDS_SESSION, get_outbox},
    {HTTP_POST, API "outbox/*", 4096, CHANGE, post_outbox_retry},
    {HTTP_GET, API "push", 0, NEEDS_SESSION | NO_ENGINE, get_push},
    {HTTP_POST, API "push", 8192, CHANGE | NO_ENGINE, post_push},
    {HTTP_POST, API "push/remove", 8192, CHANGE | NO_ENGINE, post_push_remove},
};

const struct routes notify_routes = {rows, sizeof rows / sizeof rows[0]};
