/* A quote inside a text is escaped, so that nothing in a text is taken for structure. */
#include "common/base/json_skim.h"

#include <string.h>

struct json_skim json_skim_of(struct str text)
{
    return (struct json_skim){.at = text.at, .end = text.at + text.len};
}

static bool is_at(const struct json_skim *s, char c)
{
    return s->at < s->end && *s->at == c;
}

bool json_skim_into(struct json_skim *s, char bracket)
{
    const bool yes = is_at(s, bracket);
    s->at += yes;
    return yes;
}

/* Behind the text that begins here: its quote is the first before which no backslash, or a pair of
 * them, stands. */
static void text_pass(struct json_skim *s)
{
    const char *from = s->at + 1;
    while (from < s->end) {
        const char *quote = memchr(from, '"', (size_t)(s->end - from));
        const char *escape = quote;
        if (quote == NULL)
            break;
        while (escape > from && escape[-1] == '\\')
            escape--;
        from = quote + 1;
        if ((quote - escape) % 2 == 0) {
            s->at = from;
            return;
        }
    }
    s->at = s->end;
}

bool json_skim_text(struct json_skim *s, struct str *quoted)
{
    const char *from = s->at;
    if (!is_at(s, '"'))
        return false;
    text_pass(s);
    *quoted = (struct str){.at = from, .len = (size_t)(s->at - from)};
    return true;
}

static bool ends_scalar(char c)
{
    return c == ',' || c == ']' || c == '}';
}

void json_skim_pass(struct json_skim *s)
{
    size_t depth = 0;
    do {
        if (s->at == s->end)
            return;
        const char c = *s->at;
        if (c == '"') {
            text_pass(s);
        } else if (c == '[' || c == '{') {
            depth++;
            s->at++;
        } else if (depth > 0) {
            depth -= c == ']' || c == '}';
            s->at++;
        } else {
            while (s->at < s->end && !ends_scalar(*s->at))
                s->at++;
        }
    } while (depth > 0);
}

/* Behind the comma, at what comes next; false at the end of all. */
static bool more(struct json_skim *s, char closing)
{
    if (is_at(s, ','))
        s->at++;
    if (s->at < s->end && *s->at != closing)
        return true;
    s->at += s->at < s->end;
    return false;
}

bool json_skim_key(struct json_skim *s, struct str *key)
{
    struct str quoted;
    if (!more(s, '}'))
        return false;
    if (!json_skim_text(s, &quoted) || quoted.len < 2 || !is_at(s, ':')) {
        s->at = s->end;
        return false;
    }
    s->at++;
    *key = (struct str){.at = quoted.at + 1, .len = quoted.len - 2};
    return true;
}

bool json_skim_item(struct json_skim *s)
{
    if (!more(s, ']'))
        return false;
    if (*s->at != '}')
        return true;
    s->at = s->end; /* no element begins so, and none is passed by it */
    return false;
}
