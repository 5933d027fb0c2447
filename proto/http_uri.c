/* Normal forms. What is not plainly an address of a resource on a host is refused rather than
 * repaired. */
#include "proto/http_uri.h"

#include <string.h>

#include "common/base/str.h"

#define BAD "not an http or https address"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* RFC 3986 2.3: a character that means the same with % and without. */
static bool is_unreserved(char c)
{
    return is_letter(c) || is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

static bool is_path_char(char c)
{
    return is_unreserved(c) || (c != '\0' && strchr("!$&'()*+,;=:@/", c) != NULL);
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- scheme, host and port ---- */

/* The port behind the host, when it does not go without saying; false: it is none. */
static bool port_of(struct str text, unsigned usual, unsigned *port)
{
    unsigned n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]) || n > 6553)
            return false;
        n = n * 10 + (unsigned)(text.at[i] - '0');
    }
    *port = n == usual ? 0 : n;
    return n <= 65535 && (n > 0 || text.len == 0);
}

/* A name, an IPv4 address or an IPv6 address in brackets: where it ends, or 0. */
static size_t host_len(struct str authority)
{
    size_t n = 0;
    if (authority.len > 0 && authority.at[0] == '[') {
        while (++n < authority.len && (hex_value(authority.at[n]) >= 0 || authority.at[n] == ':' ||
                                       authority.at[n] == '.'))
            continue;
        return n > 1 && n < authority.len && authority.at[n] == ']' ? n + 1 : 0;
    }
    while (n < authority.len && is_unreserved(authority.at[n]))
        n++;
    /* A name that begins with a dot would read as a step of the path. */
    return n > 0 && (is_letter(authority.at[0]) || is_digit(authority.at[0])) ? n : 0;
}

static char *put_authority(char *out, struct str authority, unsigned usual)
{
    const size_t n = host_len(authority);
    unsigned port = 0;
    if (n == 0 || (n < authority.len && authority.at[n] != ':'))
        return NULL;
    const size_t skip = n < authority.len ? n + 1 : n;
    if (!port_of((struct str){authority.at + skip, authority.len - skip}, usual, &port))
        return NULL;
    for (size_t i = 0; i < n; i++)
        *out++ = lower(authority.at[i]);
    if (port == 0)
        return out;
    *out++ = ':';
    unsigned place = 1;
    while (port / place >= 10)
        place *= 10;
    for (; place > 0; place /= 10)
        *out++ = (char)('0' + port / place % 10);
    return out;
}

/* ---- the path ---- */

/* One character or %xx; NULL when it has no place in a path. */
static const char *put_char(const char *in, size_t left, char **out)
{
    static const char digits[] = "0123456789ABCDEF";
    if (*in != '%') {
        *(*out)++ = *in;
        return is_path_char(*in) ? in + 1 : NULL;
    }
    if (left < 3 || hex_value(in[1]) < 0 || hex_value(in[2]) < 0)
        return NULL;
    const int c = hex_value(in[1]) * 16 + hex_value(in[2]);
    if (c < 0x80 && is_unreserved((char)c)) {
        *(*out)++ = (char)c;
    } else {
        *(*out)++ = '%';
        *(*out)++ = digits[c >> 4];
        *(*out)++ = digits[c & 15];
    }
    return in + 3;
}

/* RFC 3986 5.2.4, in place; `path` begins with '/'. */
static void drop_dots(char *path)
{
    char *out = path;
    for (const char *in = path; *in != '\0';) {
        const size_t n = 1 + strcspn(in + 1, "/");
        const bool here = n == 2 && in[1] == '.', up = n == 3 && in[1] == '.' && in[2] == '.';
        if (!here && !up) {
            memmove(out, in, n);
            out += n;
        }
        while (up && out > path && *--out != '/')
            continue;
        in += n;
        if ((here || up) && *in == '\0')
            *out++ = '/';
    }
    *out = '\0';
}

static bool put_path(char *out, struct str path)
{
    char *begin = out;
    const char *in = path.at, *end = path.at + path.len;
    if (path.len == 0)
        *out++ = '/';
    while (in != NULL && in < end)
        in = put_char(in, (size_t)(end - in), &out);
    *out = '\0';
    if (in == NULL)
        return false;
    drop_dots(begin);
    return true;
}

struct err http_uri_normal(struct arena *arena, const char *text, const char **normal)
{
    struct str scheme, rest;
    ENSURE(strlen(text) <= HTTP_URI_MAX, ERR_INPUT, "the address is too long");
    ENSURE(str_cut(str_of(text), ':', &scheme, &rest) && rest.len > 2 &&
               memcmp(rest.at, "//", 2) == 0,
           ERR_INPUT, BAD);
    const bool https = str_is_nocase(scheme, "https");
    ENSURE(https || str_is_nocase(scheme, "http"), ERR_INPUT, BAD);
    rest.at += 2;
    const char *path = rest.at + strcspn(rest.at, "/?#");
    char *whole = arena_alloc(arena, strlen(text) + 2);
    ENSURE(whole != NULL, ERR_LIMIT, "out of memory");
    const size_t n = https ? 8 : 7;
    memcpy(whole, https ? "https://" : "http://", n);
    char *out =
        put_authority(whole + n, (struct str){rest.at, (size_t)(path - rest.at)}, https ? 443 : 80);
    ENSURE(out != NULL, ERR_INPUT, BAD);
    ENSURE(put_path(out, (struct str){path, strcspn(path, "?#")}), ERR_INPUT,
           "the address holds a character that has no place in it");
    *normal = whole;
    return OK;
}
