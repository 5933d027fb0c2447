/* Headers, then what the card says, line by line. */
#include "agent/notify/mail.h"

#include <string.h>

#include "common/base/buf.h"
#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "common/sys/inert.h"

#define MESSAGE_MAX  ((size_t)256 * 1024)
#define LINE_MAX_QP  76
#define WORD_BYTES   45 /* of text in an encoded word: 60 characters of base64, 75 in all at most */
#define TITLE_SHOWN  200
#define LINE_SHOWN   1000
#define CLAUSE_SHOWN 2000

/* ---- headers ---- */

static bool is_plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < ' ' || *p > '~')
            return false;
    }
    return strstr(text, "=?") == NULL;
}

/* The longest run of whole characters within `max` bytes. */
static size_t whole_characters(const char *text, size_t len, size_t max)
{
    size_t n = 0;
    while (n < len) {
        uint32_t cp;
        const size_t one = utf8_next(text + n, len - n, &cp);
        const size_t step = one == 0 ? 1 : one;
        if (n + step > max)
            break;
        n += step;
    }
    return n;
}

const char *mail_header_text(struct arena *arena, const char *text, size_t column)
{
    CLEANUP(buf_fini) struct buf out;
    char word[BASE64_SIZE(WORD_BYTES)];
    size_t len = strlen(text);
    buf_init(&out, 8192);
    if (is_plain(text) && column + len <= LINE_MAX_QP)
        return arena_strdup(arena, text);
    while (len > 0) {
        /* the first word shares its line with the header's name */
        const size_t max = out.len == 0 && column > 15 ? WORD_BYTES - 15 : WORD_BYTES;
        const size_t n = whole_characters(text, len, max);
        base64_print(text, n, word);
        buf_puts(&out, out.len == 0 ? "" : "\r\n ");
        buf_putf(&out, "=?UTF-8?B?%s?=", word);
        text += n;
        len -= n;
    }
    return buf_check(&out).kind == ERR_NONE ? str_dup(arena, buf_str(&out)) : NULL;
}

/* RFC 5322 3.3: "Sat, 21 Nov 2026 09:34:27 +0000" */
static const char *date_text(struct arena *arena, int64_t us)
{
    static const char *const days[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[INSTANT_TEXT_MAX];
    const struct date d = instant_date_utc(us);
    const struct ymd y = date_ymd(d);
    instant_print(us, text);
    return arena_fmt(arena, "%s, %d %.3s %d %.8s +0000", days[date_weekday(d)], y.day,
                     months + (y.month - 1) * 3, y.year, text + 11);
}

static void headers_put(struct buf *out, struct arena *arena, const struct card *card,
                        const struct mail_about *a)
{
    const char *title = card_title(arena, card);
    title = a->lead == NULL ? title : arena_fmt(arena, "%s: %s", a->lead, title);
    title = arena_fmt(arena, "%s (%s)", inert_line(arena, INERT_PLAIN, title, TITLE_SHOWN),
                      inert_line(arena, INERT_PLAIN, card->code, 20));
    buf_putf(out, "From: closegate <%s>\r\n", a->from);
    if (text_empty(a->to_name))
        buf_putf(out, "To: %s\r\n", a->to);
    else /* always an encoded word: a name may hold what a phrase may not */
        buf_putf(out, "To: =?UTF-8?B?%s?= <%s>\r\n", a->to_name, a->to);
    buf_putf(out, "Subject: %s\r\n", mail_header_text(arena, title, 9));
    buf_putf(out, "Date: %s\r\n", date_text(arena, a->now_us));
    buf_putf(out, "Message-ID: <%s@%s>\r\n", a->delivery_id, a->host);
    buf_puts(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

/* ---- the body ---- */

/* RFC 2045 6.7. Lines end in LF here; no blank ends one, because card lines are trimmed of none but
 * a soft break or a character always follows. */
static void quoted_put(struct buf *out, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.at[i];
        const bool last = i + 1 == text.len || text.at[i + 1] == '\n';
        const bool plain = (c > ' ' && c <= '~' && c != '=') || (c == ' ' && !last);
        if (c == '\n') {
            buf_puts(out, "\r\n");
            column = 0;
            continue;
        }
        if (column + (plain ? 1u : 3u) > LINE_MAX_QP - 1) {
            buf_puts(out, "=\r\n");
            column = 0;
        }
        if (plain) {
            buf_putc(out, (char)c);
        } else {
            buf_putc(out, '=');
            buf_putc(out, digits[c >> 4]);
            buf_putc(out, digits[c & 15]);
        }
        column += plain ? 1 : 3;
    }
}

static void line_put(struct buf *out, struct arena *arena, const struct card_fact *f)
{
    buf_putf(out, "%s: %s\n", inert_line(arena, INERT_PLAIN, f->label, TITLE_SHOWN),
             inert_line(arena, INERT_PLAIN, f->value, LINE_SHOWN));
}

static void text_put(struct buf *out, struct arena *arena, const struct card *card)
{
    buf_putf(out, "%s\n\n", inert_line(arena, INERT_PLAIN, card_title(arena, card), TITLE_SHOWN));
    for (size_t i = 0; i < card->facts_n; i++)
        line_put(out, arena, &card->facts[i]);
    buf_putc(out, '\n');
    for (size_t i = 0; i < card->lines_n; i++)
        line_put(out, arena, &card->lines[i]);
    if (card->lines_more > 0)
        buf_putf(out, "and %zu more, in the workspace\n", card->lines_more);
    if (!text_empty(card->clause))
        buf_putf(out, "\nWhy it waits: \xe2\x80\x9c%s\xe2\x80\x9d (policy %s)\n",
                 inert_line(arena, INERT_PLAIN, card->clause, CLAUSE_SHOWN),
                 inert_line(arena, INERT_PLAIN, card->pointer, TITLE_SHOWN));
    buf_putf(out, "Digest code: %s\n", inert_line(arena, INERT_PLAIN, card->code, 20));
    if (card->due_us > 0)
        buf_putf(out, "%s %s\n", card->overdue ? "Overdue since" : "Answer by",
                 card_instant(arena, card->due_us));
    buf_putf(out, "\nDecide in the workspace: %s\n", card->url);
}

struct err mail_message(struct arena *arena, const struct card *card,
                        const struct mail_about *about, struct str *message)
{
    CLEANUP(buf_fini) struct buf out, text;
    struct mail_about a = *about;
    char name[BASE64_SIZE(WORD_BYTES)];
    buf_init(&out, MESSAGE_MAX);
    buf_init(&text, MESSAGE_MAX / 4);
    if (!text_empty(a.to_name)) {
        const char *shown = inert_line(arena, INERT_PLAIN, a.to_name, TITLE_SHOWN);
        TRY(arena_check(arena));
        base64_print(shown, whole_characters(shown, strlen(shown), WORD_BYTES - 5), name);
        a.to_name = name;
    }
    headers_put(&out, arena, card, &a);
    text_put(&text, arena, card);
    TRY(buf_check(&text));
    quoted_put(&out, buf_str(&text));
    TRY(buf_check(&out));
    TRY(arena_check(arena));
    *message = (struct str){.at = str_dup(arena, buf_str(&out)), .len = out.len};
    return arena_check(arena);
}
