/* Pages by hand: there are few, and they must work when nothing else does. */
#include "agent/oidc/page.h"

#include <string.h>

#include "common/base/buf.h"

#define PAGE_MAX ((size_t)64 * 1024)

static const char css[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:12vh auto;padding:0 1.25rem;"
    "color:#1c2430;background:#f7f8fa}h1{font-size:1.4rem;margin:0 0 1rem}code{display:block;"
    "overflow-wrap:anywhere;background:#e9ecf1;border-radius:6px;padding:.75rem;margin:1rem 0}"
    "a{color:#0b57b8}a:focus-visible{outline:3px solid #0b57b8;outline-offset:2px}small{color:"
    "#56606e}@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#12161c}code{"
    "background:#1f2630}a{color:#8ab8ff}a:focus-visible{outline-color:#8ab8ff}small{color:#a2acba}"
    "}\n";

struct err get_page_css(struct request *r)
{
    reply_text(r, 200, "text/css; charset=utf-8", STR(css));
    return OK;
}

static void put_escaped(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            buf_puts(out, "&amp;");
            break;
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '"':
            buf_puts(out, "&quot;");
            break;
        case '\'':
            buf_puts(out, "&#39;");
            break;
        default:
            buf_putc(out, *text);
        }
    }
}

static void put_element(struct buf *out, const char *name, const char *text)
{
    buf_putf(out, "<%s>", name);
    put_escaped(out, text);
    buf_putf(out, "</%s>\n", name);
}

const char *page_shell_word(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, 4 * strlen(text) + 3), *to = out;
    if (out == NULL)
        return "''";
    *to++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') { /* ends the quotes, stands by itself, begins them again */
            memcpy(to, "'\\'", 3);
            to += 3;
        }
        *to++ = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
    }
    *to++ = '\'';
    *to = '\0';
    return out;
}

void page_reply(struct request *r, const struct page *page)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, PAGE_MAX);
    buf_puts(&out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                   "<link rel=\"stylesheet\" href=\"/auth/page.css\">\n");
    put_element(&out, "title", arena_fmt(r->arena, "%s – closegate", page->title));
    buf_puts(&out, "</head><body><main>\n");
    put_element(&out, "h1", page->title);
    for (size_t i = 0; i < sizeof page->lines / sizeof page->lines[0] && page->lines[i] != NULL;
         i++)
        put_element(&out, "p", page->lines[i]);
    if (page->code != NULL)
        put_element(&out, "code", page->code);
    buf_puts(&out, "<p><a href=\"");
    put_escaped(&out, page->href == NULL ? "/auth/login" : page->href);
    buf_puts(&out, "\">");
    put_escaped(&out, page->link == NULL ? "Try again" : page->link);
    buf_puts(&out, "</a></p>\n");
    buf_putf(&out, "<p><small>Request %s</small></p>\n</main></body></html>\n", r->id);
    const char *text = out.failed ? NULL : arena_dup(r->arena, out.at, out.len);
    reply_text(r, page->status, "text/html; charset=utf-8",
               text == NULL ? STR("out of memory") : (struct str){text, out.len});
}

static const char *sentence(struct request *r, const char *fragment)
{
    char *text = arena_fmt(r->arena, "%s.", fragment);
    if (text != NULL && text[0] >= 'a' && text[0] <= 'z')
        text[0] = (char)(text[0] - 'a' + 'A');
    return text == NULL ? fragment : text;
}

void page_failure(struct request *r, struct err e)
{
    const bool theirs = e.kind == ERR_UPSTREAM || e.kind == ERR_UNKNOWN || e.kind == ERR_LIMIT ||
                        e.kind == ERR_STORE || e.kind == ERR_BUG;
    page_reply(r, &(struct page){.status = theirs ? 503 : 403,
                                 .title = theirs ? "Signing in does not work just now"
                                                 : "You are not signed in",
                                 .lines = {sentence(r, e.msg)}});
}
