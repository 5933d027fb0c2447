/* Percent-encoding and the pairs of a form. */
#include "common/base/form.h"

#include <string.h>

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

void form_escape(struct buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (is_plain(*text)) {
            buf_putc(out, *text);
            continue;
        }
        buf_putc(out, '%');
        buf_putc(out, digits[c >> 4]);
        buf_putc(out, digits[c & 15]);
    }
}

void form_put(struct buf *out, const char *name, const char *value)
{
    if (out->len > 0 && out->at[out->len - 1] != '?')
        buf_putc(out, '&');
    form_escape(out, name);
    buf_putc(out, '=');
    form_escape(out, value);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A byte of the text, and how many characters it took; 0: a bad escape or a NUL. */
static size_t byte_at(struct str text, size_t i, char *byte)
{
    *byte = text.at[i] == '+' ? ' ' : text.at[i];
    if (*byte != '%')
        return *byte == '\0' ? 0 : 1;
    const int high = i + 2 < text.len ? hex_value(text.at[i + 1]) : -1;
    const int low = i + 2 < text.len ? hex_value(text.at[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0)
        return 0;
    *byte = (char)(high * 16 + low);
    return 3;
}

static struct err decode(struct arena *arena, struct str text, const char **out)
{
    char *decoded = arena_alloc(arena, text.len + 1);
    size_t n = 0;
    TRY(arena_check(arena));
    for (size_t i = 0, step = 0; i < text.len; i += step) {
        step = byte_at(text, i, &decoded[n++]);
        ENSURE(step > 0, ERR_INPUT, "a parameter is not well encoded");
    }
    ENSURE(utf8_valid(decoded, n), ERR_INPUT, "a parameter is not UTF-8");
    *out = decoded;
    return OK;
}

struct err form_get(struct arena *arena, struct str form, const char *name, const char **value)
{
    struct str pair, left, right;
    const char *key;
    *value = NULL;
    for (bool more = form.len > 0; more;) {
        more = str_cut(form, '&', &pair, &form);
        if (!str_cut(pair, '=', &left, &right))
            right = STR("");
        /* Any spelling of the name counts, so that nobody smuggles in a second one. */
        TRY(decode(arena, left, &key));
        if (strcmp(key, name) != 0)
            continue;
        if (*value != NULL)
            return err_fmt(arena, ERR_INPUT, NULL, "the parameter %s was given twice", name);
        TRY(decode(arena, right, value));
    }
    return OK;
}
