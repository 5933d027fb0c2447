/* "v0:" timestamp ":" body, HMAC-SHA256 with the app's signing secret, in hex behind "v0=". */
#include "agent/notify/slack_sig.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/sys/crypt.h"

#define SIG_LEN  67 /* "v0=" and 64 hex digits */
#define BODY_MAX ((size_t)1024 * 1024)

/* Ten digits or so of seconds, no sign. */
static bool seconds_parse(struct str text, int64_t *s)
{
    int64_t n = 0;
    if (text.len == 0 || text.len > 12)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        n = n * 10 + (text.at[i] - '0');
    }
    *s = n;
    return true;
}

struct err slack_sig_check(const char *secret, struct str timestamp, struct str signature,
                           struct str body, int64_t now_s)
{
    static const char *const no = "the request is not signed by Slack, or too old";
    CLEANUP(buf_fini) struct buf base;
    uint8_t mac[SHA256_LEN];
    char want[SIG_LEN + 1] = "v0=";
    int64_t at;
    buf_init(&base, BODY_MAX + 32);
    ENSURE(!text_empty(secret) && seconds_parse(timestamp, &at) && signature.len == SIG_LEN,
           ERR_AUTH, no);
    ENSURE(at >= now_s - SLACK_WINDOW_S && at <= now_s + SLACK_WINDOW_S, ERR_AUTH, no);
    buf_puts(&base, "v0:");
    buf_put(&base, timestamp.at, timestamp.len);
    buf_putc(&base, ':');
    buf_put(&base, body.at, body.len);
    TRY(buf_check(&base));
    hmac_sha256(secret, strlen(secret), base.at, base.len, mac);
    hex_print(mac, sizeof mac, want + 3);
    ENSURE(bytes_eq_ct(want, signature.at, SIG_LEN), ERR_AUTH, no);
    return OK;
}
