/* Where notices go. A channel is a row here, a name in 0002_notify.sql, and a file that delivers.
 */
#include "agent/notify/deliver.h"

static bool has_slack(const struct notify_config *c)
{
    return c->slack_bot_token != NULL && c->slack_channel != NULL;
}

static bool has_teams(const struct notify_config *c)
{
    return c->teams_webhook_url != NULL;
}

static bool has_mail(const struct notify_config *c)
{
    return c->smtp_url != NULL && c->smtp_from != NULL;
}

static bool has_push(const struct notify_config *c)
{
    return c->push;
}

const struct channel channels[] = {
    {"slack", has_slack, slack_deliver},
    {"teams", has_teams, teams_deliver},
    {"email", has_mail, mail_deliver},
    {"push", has_push, push_deliver},
};
const size_t channels_n = sizeof channels / sizeof channels[0];
