/* A notice as a mail: RFC 5322, plain text in UTF-8 (quoted-printable), headers encoded per RFC
 * 2047 where they must be. Nothing that is not ours becomes a header of its own: line ends cannot
 * get in. Pure. */
#ifndef AGENT_NOTIFY_MAIL_H
#define AGENT_NOTIFY_MAIL_H

#include "agent/notify/card.h"
#include "common/base/str.h"

struct mail_about {
    const char *from, *to, *to_name; /* addresses (smtp_address_ok); a name, NULL: none */
    const char *lead;                /* "Reminder"; NULL: nothing */
    const char *delivery_id;         /* names the mail: the same for every attempt */
    const char *host;                /* behind the @ of Message-ID: the sender's domain */
    int64_t now_us;
};

MUST_CHECK struct err mail_message(struct arena *arena, const struct card *card,
                                   const struct mail_about *about, struct str *message);

/* RFC 2047 4.1 for `text` in a header line that has `column` bytes before it: as it is when it is
 * short printable ASCII, else "=?UTF-8?B?…?=" words, folded. */
const char *mail_header_text(struct arena *arena, const char *text, size_t column);

#endif
