/* RFC 8785. The tree keeps the members of an object in a search tree ordered as the RFC sorts them,
 * so there is nothing left to sort. Doubles exist in this file only, and only between a number
 * literal and its ECMAScript spelling; mantissas are handed to strtod as integers, so no locale's
 * comma matters. */
#include "common/sys/jcs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/canon.h"

#define LITERAL_MAX 1000u /* digits; longer numbers are not numbers that anybody means */

static struct err value_print(const struct json *node, unsigned depth, struct buf *out);

/* ---- numbers: ECMA-262, Number::toString ---- */

struct digits {
    char at[20]; /* significant digits without trailing zeros, at least one */
    int len;
    int point; /* the value is 0.DIGITS × 10^point */
};

/* strtod of sign, digits and exponent, the decimal point moved out of the way. */
static double literal_value(struct str s)
{
    char text[LITERAL_MAX + 32];
    size_t n = 0, i = 0;
    long shift = 0, power = 0;
    bool part = false;
    for (; i < s.len && s.at[i] != 'e' && s.at[i] != 'E'; i++) {
        shift -= part;
        part = part || s.at[i] == '.';
        if (s.at[i] != '.')
            text[n++] = s.at[i];
    }
    if (i < s.len)
        power = strtol(s.at + i + 1, NULL, 10); /* saturates; beyond any double either way */
    if (power > 100000 || power < -100000)
        power = power > 0 ? 100000 : -100000;
    (void)snprintf(text + n, sizeof text - n, "e%ld", power + shift);
    return strtod(text, NULL);
}

/* `d` rounded to `len` digits; its mantissa as an integer text and the exponent of that. */
static void digits_take(double d, int len, struct digits *to)
{
    char text[40];
    int n = 0;
    (void)snprintf(text, sizeof text, "%.*e", len - 1, d);
    const char *p = text;
    for (; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9')
            to->at[n++] = *p;
    }
    to->at[n] = '\0';
    to->len = n;
    to->point = (int)strtol(p + 1, NULL, 10) + 1;
}

static bool digits_are(const struct digits *x, double d)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%se%d", x->at, x->point - x->len);
    double back = strtod(text, NULL);
    return memcmp(&back, &d, sizeof d) == 0;
}

/* One more in the last place; false when that would carry out of the digits. */
static bool digits_next(struct digits *x)
{
    int i = x->len - 1;
    while (i >= 0 && x->at[i] == '9')
        x->at[i--] = '0';
    if (i < 0)
        return false;
    x->at[i]++;
    return true;
}

/* The fewest digits that read back as `d` > 0. Just above a power of two the doubles below lie
 * closer than those above, so the next decimal up may read back where the nearest one does not. */
static void digits_shortest(double d, struct digits *x)
{
    for (int len = 1; len <= 17; len++) {
        digits_take(d, len, x);
        if (digits_are(x, d) || (digits_next(x) && digits_are(x, d)))
            break;
    }
    while (x->len > 1 && x->at[x->len - 1] == '0')
        x->at[--x->len] = '\0';
}

static void zeros_put(struct buf *out, int n)
{
    for (int i = 0; i < n; i++)
        buf_putc(out, '0');
}

static void digits_put(struct buf *out, const struct digits *x)
{
    size_t len = (size_t)x->len;
    if (x->point > 21 || x->point <= -6) {
        buf_putc(out, x->at[0]);
        if (len > 1)
            buf_putc(out, '.');
        buf_put(out, x->at + 1, len - 1);
        buf_putf(out, "e%+d", x->point - 1);
    } else if (x->point <= 0) {
        buf_puts(out, "0.");
        zeros_put(out, -x->point);
        buf_put(out, x->at, len);
    } else if (x->point >= x->len) {
        buf_put(out, x->at, len);
        zeros_put(out, x->point - x->len);
    } else {
        buf_put(out, x->at, (size_t)x->point);
        buf_putc(out, '.');
        buf_put(out, x->at + x->point, len - (size_t)x->point);
    }
}

static struct err number_print(const struct json *node, struct buf *out)
{
    int64_t n;
    if (json_int(node, &n) && n >= -CANON_SAFE_MAX && n <= CANON_SAFE_MAX) {
        buf_puti(out, n);
        return OK;
    }
    ENSURE(node->text.len <= LITERAL_MAX, ERR_INPUT, "a number of more than 1000 characters");
    double d = literal_value(node->text);
    ENSURE(isfinite(d), ERR_INPUT, "a number beyond the range of a double");
    if (signbit(d) && fpclassify(d) != FP_ZERO)
        buf_putc(out, '-');
    if (fpclassify(d) == FP_ZERO) {
        buf_putc(out, '0');
        return OK;
    }
    struct digits x;
    digits_shortest(fabs(d), &x);
    digits_put(out, &x);
    return OK;
}

/* ---- text ---- */

struct err jcs_text_print(struct str text, struct buf *out)
{
    return canon_text_print(text, out);
}

/* ---- nests ---- */

static struct err array_print(const struct json *node, unsigned depth, struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        TRY(value_print(node->items[i], depth + 1, out));
    }
    buf_putc(out, ']');
    return OK;
}

/* The members under `id` in order; as deep as the search tree, 2 log2 n. */
static struct err members_print(const struct json *node, uint32_t id, unsigned depth,
                                struct buf *out)
{
    if (id == 0)
        return OK;
    const struct json_member *m = &node->members[id - 1];
    TRY(members_print(node, m->left, depth, out));
    if (out->len > 0 && out->at[out->len - 1] != '{')
        buf_putc(out, ',');
    TRY(jcs_text_print(m->key, out));
    buf_putc(out, ':');
    TRY(value_print(m->value, depth + 1, out));
    return members_print(node, m->right, depth, out);
}

static struct err value_print(const struct json *node, unsigned depth, struct buf *out)
{
    ENSURE(depth < JCS_DEPTH_MAX, ERR_LIMIT, "JSON nested too deeply");
    switch (node->type) {
    case JSON_TYPE_NULL:
        buf_puts(out, "null");
        return OK;
    case JSON_TYPE_BOOL:
        buf_puts(out, node->truth ? "true" : "false");
        return OK;
    case JSON_TYPE_NUMBER:
        return number_print(node, out);
    case JSON_TYPE_TEXT:
        return jcs_text_print(node->text, out);
    case JSON_TYPE_ARRAY:
        return array_print(node, depth, out);
    case JSON_TYPE_OBJECT:
        buf_putc(out, '{');
        TRY(members_print(node, node->root, depth, out));
        buf_putc(out, '}');
        return OK;
    case JSON_TYPE_RAW: /* nobody vouches that it is canonical */
        return err_new(ERR_BUG, "raw JSON in a canonical text");
    }
    return err_new(ERR_BUG, "a JSON node of no type");
}

struct err jcs_print(const struct json *tree, struct buf *out)
{
    ENSURE(tree != NULL, ERR_BUG, "no JSON to print");
    TRY(value_print(tree, 0, out));
    return buf_check(out);
}

struct err jcs_text(struct arena *arena, const struct json *tree, struct str *out)
{
    CLEANUP(buf_fini) struct buf b;
    buf_init(&b, SIZE_MAX / 4);
    TRY(jcs_print(tree, &b));
    const char *copy = str_dup(arena, buf_str(&b));
    TRY(arena_check(arena));
    *out = (struct str){.at = copy, .len = b.len};
    return OK;
}
