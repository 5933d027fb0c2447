/* RFC 4648, sections 4 and 5, strictly: one value has one text. The functions are crypt.h's. */
#include "common/sys/crypt.h"

static const char digits_std[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char digits_url[65] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *print_groups(const char digits[65], const unsigned char *p, size_t len, char *out)
{
    for (; len >= 3; p += 3, len -= 3) {
        *out++ = digits[p[0] >> 2];
        *out++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
        *out++ = digits[(p[1] & 15) << 2 | p[2] >> 6];
        *out++ = digits[p[2] & 63];
    }
    if (len > 0)
        *out++ = digits[p[0] >> 2];
    if (len == 1)
        *out++ = digits[(p[0] & 3) << 4];
    if (len == 2) {
        *out++ = digits[(p[0] & 3) << 4 | p[1] >> 4];
        *out++ = digits[(p[1] & 15) << 2];
    }
    return out;
}

void base64url_print(const void *bytes, size_t len, char *out)
{
    *print_groups(digits_url, bytes, len, out) = '\0';
}

void base64_print(const void *bytes, size_t len, char *out)
{
    char *end = print_groups(digits_std, bytes, len, out);
    while ((end - out) % 4 != 0)
        *end++ = '=';
    *end = '\0';
}

static int digit_value(char c, char d62, char d63)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == d62)
        return 62;
    return c == d63 ? 63 : -1;
}

static bool parse_digits(struct str text, const char *last_two, unsigned char *out, size_t cap,
                         size_t *len)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    *len = 0;
    if (text.len % 4 == 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int v = digit_value(text.at[i], last_two[0], last_two[1]);
        if (v < 0)
            return false;
        acc = (acc << 6 | (uint32_t)v) & 0xFFFFFF;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        if (*len == cap)
            return false;
        out[(*len)++] = (unsigned char)(acc >> bits);
    }
    /* What is left over of the last digit must be zero. */
    return (acc & ((1u << bits) - 1)) == 0;
}

bool base64url_parse(struct str text, void *out, size_t cap, size_t *len)
{
    return parse_digits(text, "-_", out, cap, len);
}

bool base64_parse(struct str text, void *out, size_t cap, size_t *len)
{
    *len = 0;
    if (text.len % 4 != 0)
        return false;
    for (int i = 0; i < 2 && text.len > 0 && text.at[text.len - 1] == '='; i++)
        text.len--;
    return parse_digits(text, "+/", out, cap, len);
}
