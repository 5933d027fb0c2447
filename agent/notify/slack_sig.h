/* Is this Slack? The signature v0 over the raw body (X-Slack-Signature, X-Slack-Request-Timestamp),
 * compared in constant time, within five minutes of our clock. That no signature is taken twice is
 * the store's part (agent/store/clicks.h). Pure but for HMAC. */
#ifndef AGENT_NOTIFY_SLACK_SIG_H
#define AGENT_NOTIFY_SLACK_SIG_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

#define SLACK_WINDOW_S 300

/* ERR_AUTH when it is not; the words do not say which part failed to whoever tries. */
MUST_CHECK struct err slack_sig_check(const char *secret, struct str timestamp,
                                      struct str signature, struct str body, int64_t now_s);

#endif
