/* One text: read plainly, looked through by the finders and the patterns, written again with a mask
 * over what was found. What a mask leaves could make a number together with what stands beside it,
 * so the outcome is looked through again. */
#include "agent/llm/redact.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "agent/llm/redact_own.h"
#include "common/base/buf.h"

#define MASK        "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2"
#define KEEP        4 /* of a number's characters */
#define KEEP_FROM   8 /* digits */
#define PATTERN_MAX 512
#define WINDOW      (2 * REDACT_MATCH_MAX)
#define BYTES_MAX   (4 * REDACT_BYTES_MAX)
#define ROUNDS      8 /* of looking again */
#define ROUNDS_KEEP 3 /* of these, with the last four kept */

struct redactor {
    regex_t *patterns;
    size_t n;
};

/* ---- the patterns ---- */

/* POSIX has no references back in extended expressions, but libraries do. */
static bool refers_back(const char *at)
{
    for (; *at != '\0'; at += *at == '\\' && at[1] != '\0' ? 2 : 1) {
        if (*at == '\\' && plain_digit(at[1]))
            return true;
    }
    return false;
}

static struct err pattern_add(struct arena *arena, struct redactor *r, const char *text)
{
    char why[160];
    if (strlen(text) > PATTERN_MAX)
        return err_fmt(arena, ERR_INPUT, NULL, "a pattern is longer than %d bytes: %.40s…",
                       PATTERN_MAX, text);
    if (refers_back(text))
        return err_fmt(arena, ERR_INPUT, NULL, "pattern %s refers back to a group", text);
    regex_t *re = &r->patterns[r->n];
    int rc = regcomp(re, text, REG_EXTENDED | REG_ICASE);
    if (rc != 0) {
        (void)regerror(rc, re, why, sizeof why);
        return err_fmt(arena, ERR_INPUT, NULL, "pattern %s is no regular expression: %s", text,
                       why);
    }
    r->n++;
    if (regexec(re, "", 0, NULL, 0) == 0)
        return err_fmt(arena, ERR_INPUT, NULL, "pattern %s matches nothing at all, so everywhere",
                       text);
    return OK;
}

struct err redactor_new(struct arena *arena, const struct setting_list *patterns,
                        struct redactor **redactor)
{
    CLEANUP(redactor_free) struct redactor *r = calloc(1, sizeof *r);
    const size_t n = patterns == NULL ? 0 : patterns->n;
    ENSURE(r != NULL, ERR_LIMIT, "out of memory");
    r->patterns = calloc(n == 0 ? 1 : n, sizeof *r->patterns);
    ENSURE(r->patterns != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        TRY(pattern_add(arena, r, patterns->items[i]));
    *redactor = r;
    r = NULL;
    return OK;
}

void redactor_free(struct redactor *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        regfree(&r->patterns[i]);
    free(r->patterns);
    free(r);
}

/* Every match that begins in the first half of the window at `at` (all of it at a line's end). */
static void pattern_find(const regex_t *re, const struct plain *p, size_t at, size_t len,
                         struct spans *found)
{
    char window[WINDOW + 1];
    memcpy(window, p->at + at, len);
    window[len] = '\0';
    const char behind = p->at[at + len];
    const size_t ours = len < WINDOW ? len : WINDOW / 2;
    const int cut = behind == '\0' || behind == '\n' ? 0 : REG_NOTEOL;
    for (size_t from = 0; from < ours;) {
        const bool inside = at + from > 0 && p->at[at + from - 1] != '\n';
        regmatch_t m;
        if (regexec(re, window + from, 1, &m, cut | (inside ? REG_NOTBOL : 0)) != 0)
            return;
        const size_t first = from + (size_t)m.rm_so, end = from + (size_t)m.rm_eo;
        if (end > first)
            spans_add(found, at + first, at + end);
        from = end > first ? end : end + 1;
    }
}

/* A line at a time, a long one by windows that lie half over each other, so that a pattern costs
 * the same however long the text is. */
static void find_patterns(const struct redactor *r, const struct plain *p, struct spans *found)
{
    for (size_t line = 0, end; r->n > 0 && line < p->n; line = end + 1) {
        const char *stop = memchr(p->at + line, '\n', p->n - line);
        end = stop == NULL ? p->n : (size_t)(stop - p->at);
        for (size_t at = line; at < end; at += WINDOW / 2) {
            const size_t len = end - at < WINDOW ? end - at : WINDOW;
            for (size_t i = 0; i < r->n; i++)
                pattern_find(&r->patterns[i], p, at, len, found);
            if (len < WINDOW)
                break;
        }
    }
}

/* ---- the mask ---- */

/* Over what was read as [first, end). */
static void mask_put(struct buf *out, const struct plain *p, struct span span, bool keep)
{
    char last[KEEP];
    size_t digits = 0, n = 0;
    for (size_t i = span.first; i < span.end; i++)
        digits += plain_digit(p->at[i]);
    for (size_t i = span.end; i > span.first && n < KEEP; i--) {
        if (plain_alnum(p->at[i - 1]))
            last[KEEP - ++n] = p->at[i - 1];
    }
    buf_puts(out, MASK);
    if (keep && digits >= KEEP_FROM)
        buf_put(out, last + KEEP - n, n);
}

/* Bytes that are no UTF-8 become U+FFFD. */
static void copy_put(struct buf *out, struct str text)
{
    while (text.len > 0) {
        const size_t good = utf8_valid_len(text.at, text.len);
        buf_put(out, text.at, good);
        if (good < text.len)
            buf_puts(out, "\xef\xbf\xbd");
        const size_t done = good < text.len ? good + 1 : good;
        text = (struct str){text.at + done, text.len - done};
    }
}

static void masked_put(struct buf *out, const struct plain *p, const struct spans *found, bool keep)
{
    size_t at = 0;
    for (size_t i = 0; i < found->n; i++) {
        const size_t from = p->from[found->at[i].first], end = plain_end(p, found->at[i].end - 1);
        /* a pattern may begin or end within a character */
        if (from > at)
            copy_put(out, (struct str){p->text.at + at, from - at});
        mask_put(out, p, found->at[i], keep);
        at = end > at ? end : at;
    }
    copy_put(out, (struct str){p->text.at + at, p->text.len - at});
}

/* One look: the masked text in `out`, or nothing when the text may stay as it is. Patterns look
 * once: they may well match a mask. */
static struct err look(const struct redactor *r, struct str text, struct named named,
                       unsigned round, struct buf *out, size_t *hidden)
{
    CLEANUP(plain_fini) struct plain p = {.n = 0};
    CLEANUP(spans_fini) struct spans found = {.n = 0};
    TRY(plain_init(&p, text));
    find_ibans(&p, &found);
    find_cards(&p, &found);
    if (!named.id)
        find_worded(&p, &found);
    find_named(&p, named.least, &found);
    if (round == 0)
        find_patterns(r, &p, &found);
    ENSURE(!found.failed, ERR_LIMIT, "out of memory");
    spans_settle(&found);
    *hidden = found.n;
    if (found.n > 0 || !utf8_valid(text.at, text.len))
        masked_put(out, &p, &found, round < ROUNDS_KEEP);
    return buf_check(out);
}

/* A text without digits and other scripts has nothing that the finders know. */
static bool is_plain_talk(const struct redactor *r, struct str text)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (((unsigned char)text.at[i] & 0x80) != 0)
            return false;
        digits += plain_digit(text.at[i]);
    }
    return digits < KEEP && r->n == 0;
}

struct err redact_behind(const struct redactor *r, struct arena *arena, struct str text,
                         struct named named, struct str *out, size_t *count)
{
    *out = text;
    if (is_plain_talk(r, text))
        return OK;
    CLEANUP(buf_fini) struct buf one;
    CLEANUP(buf_fini) struct buf two;
    struct buf *into = &one, *before = &two;
    buf_init(into, BYTES_MAX);
    buf_init(before, BYTES_MAX);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t hidden = 0;
        buf_clear(into);
        TRY(look(r, *out, named, round, into, &hidden));
        if (into->len == 0)
            break;
        *count += hidden;
        *out = buf_str(into);
        struct buf *next = before;
        before = into;
        into = next;
    }
    if (out->at != text.at)
        *out = (struct str){arena_dup(arena, out->at, out->len), out->len};
    ENSURE(out->at != NULL, ERR_LIMIT, "a text is too large to be redacted");
    return OK;
}

struct err redact_text(const struct redactor *r, struct arena *arena, struct str text,
                       struct str *out, size_t *count)
{
    return redact_behind(r, arena, text, (struct named){.all = false}, out, count);
}

/* What one of ours is: letters, '_' and 26 characters; or a mask, from an earlier look. */
static bool is_ours(const struct plain *p)
{
    const char *mark = memchr(p->at, '_', p->n);
    return (mark != NULL && p->at + p->n == mark + 27 && plain_letter(p->at[0]) != '\0') ||
           (p->n <= sizeof MASK - 1 + KEEP && strncmp(p->at, MASK, sizeof MASK - 1) == 0);
}

struct err redact_whole(struct arena *arena, struct str text, unsigned least, struct str *out,
                        bool *hidden)
{
    CLEANUP(plain_fini) struct plain p = {.n = 0};
    CLEANUP(buf_fini) struct buf b;
    buf_init(&b, BYTES_MAX);
    size_t digits = 0;
    *out = text;
    TRY(plain_init(&p, text));
    for (size_t i = 0; i < p.n; i++)
        digits += plain_digit(p.at[i]);
    *hidden = digits >= least && !is_ours(&p);
    if (!*hidden)
        return OK;
    mask_put(&b, &p, (struct span){0, p.n}, true);
    TRY(buf_check(&b));
    *out = (struct str){str_dup(arena, buf_str(&b)), b.len};
    return arena_check(arena);
}
