/* The longest common subsequence of the lines between the common beginning and end, by the table of
 * its lengths: quadratic in what lies between, and policies are short. */
#include "engine/report/text_diff.h"

#include <string.h>

enum { CONTEXT = 3 };

struct lines {
    struct str *at; /* without their line ends */
    size_t n;
    bool open; /* the last one has no line end */
};

/* A line of the result: of both texts (' '), gone ('-') or new ('+'). */
struct step {
    char sign;
    size_t old_at, new_at; /* where the texts stand before it */
    struct str line;
    bool open;
};

struct script {
    struct step *at;
    size_t n;
};

static struct err split(struct arena *arena, struct str text, struct lines *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    out->open = text.len > 0 && text.at[text.len - 1] != '\n';
    n += out->open;
    ENSURE(n <= TEXT_DIFF_LINES_MAX, ERR_LIMIT, "the text has too many lines to be compared");
    out->at = ARENA_ARRAY(arena, n + 1, struct str);
    TRY(arena_check(arena));
    for (out->n = 0; text.len > 0; out->n++)
        (void)str_cut(text, '\n', &out->at[out->n], &text);
    out->n = n;
    return OK;
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
    const bool a_open = a->open && i + 1 == a->n, b_open = b->open && k + 1 == b->n;
    return a_open == b_open && str_eq(a->at[i], b->at[k]);
}

static void step_add(struct script *s, char sign, size_t i, size_t k, struct str line, bool open)
{
    s->at[s->n++] = (struct step){sign, i, k, line, open};
}

/* What lies between the common beginning and the common end, and a table over it: lengths[i][k], of
 * the longest common subsequence of a's lines from i and b's from k, both counted from `begin`. */
struct middle {
    size_t begin, a_end, b_end, width;
    uint16_t *lengths;
};

static uint16_t *length_at(const struct middle *m, size_t i, size_t k)
{
    return &m->lengths[(i - m->begin) * m->width + (k - m->begin)];
}

static struct err middle_make(struct arena *arena, const struct lines *a, const struct lines *b,
                              struct middle *m)
{
    *m = (struct middle){.a_end = a->n, .b_end = b->n};
    while (m->begin < a->n && m->begin < b->n && same(a, m->begin, b, m->begin))
        m->begin++;
    while (m->a_end > m->begin && m->b_end > m->begin && same(a, m->a_end - 1, b, m->b_end - 1))
        m->a_end--, m->b_end--;
    m->width = m->b_end - m->begin + 1;
    m->lengths = arena_array(arena, (m->a_end - m->begin + 1) * m->width, sizeof *m->lengths);
    TRY(arena_check(arena));
    for (size_t i = m->a_end; i-- > m->begin;) {
        for (size_t k = m->b_end; k-- > m->begin;) {
            const uint16_t down = *length_at(m, i + 1, k), right = *length_at(m, i, k + 1);
            *length_at(m, i, k) = same(a, i, b, k) ? (uint16_t)(*length_at(m, i + 1, k + 1) + 1)
                                  : down > right   ? down
                                                   : right;
        }
    }
    return OK;
}

static struct err script_make(struct arena *arena, const struct lines *a, const struct lines *b,
                              struct script *s)
{
    struct middle m;
    TRY(middle_make(arena, a, b, &m));
    s->at = ARENA_ARRAY(arena, a->n + b->n + 1, struct step);
    TRY(arena_check(arena));
    for (size_t i = 0, k = 0; i < a->n || k < b->n;) {
        const bool a_left = i < m.a_end, b_left = k < m.b_end;
        if (a_left == b_left && same(a, i, b, k)) {
            step_add(s, ' ', i, k, a->at[i], a->open && i + 1 == a->n);
            i++, k++;
        } else if (!b_left || (a_left && *length_at(&m, i + 1, k) >= *length_at(&m, i, k + 1))) {
            step_add(s, '-', i, k, a->at[i], a->open && i + 1 == a->n);
            i++;
        } else {
            step_add(s, '+', i, k, b->at[k], b->open && k + 1 == b->n);
            k++;
        }
    }
    return OK;
}

/* "3,7", or "3" for one line; an empty range stands behind the line before it. */
static void range_put(struct buf *out, char sign, size_t at, size_t n)
{
    buf_putf(out, "%c%zu", sign, n == 0 ? at : at + 1);
    if (n != 1)
        buf_putf(out, ",%zu", n);
}

static void hunk_put(struct buf *out, const struct script *s, size_t from, size_t to)
{
    size_t olds = 0, news = 0;
    for (size_t i = from; i < to; i++) {
        olds += s->at[i].sign != '+';
        news += s->at[i].sign != '-';
    }
    buf_puts(out, "@@ ");
    range_put(out, '-', s->at[from].old_at, olds);
    buf_putc(out, ' ');
    range_put(out, '+', s->at[from].new_at, news);
    buf_puts(out, " @@\n");
    for (size_t i = from; i < to; i++) {
        buf_putc(out, s->at[i].sign);
        buf_put(out, s->at[i].line.at, s->at[i].line.len);
        buf_puts(out, s->at[i].open ? "\n\\ No newline at end of file\n" : "\n");
    }
}

/* Changes with no more than two contexts between them are one hunk. */
static size_t hunk_end(const struct script *s, size_t change)
{
    size_t end = change + 1;
    for (size_t i = change; i < s->n && i <= end + (size_t)(2 * CONTEXT); i++) {
        if (s->at[i].sign != ' ')
            end = i + 1;
    }
    return end;
}

struct err text_diff(struct arena *arena, const char *old_name, struct str old_text,
                     const char *new_name, struct str new_text, struct buf *out)
{
    struct lines a, b;
    struct script s = {.n = 0};
    bool headed = false;
    TRY(split(arena, old_text, &a));
    TRY(split(arena, new_text, &b));
    TRY(script_make(arena, &a, &b, &s));
    for (size_t i = 0; i < s.n; i++) {
        if (s.at[i].sign == ' ')
            continue;
        if (!headed)
            buf_putf(out, "--- %s\n+++ %s\n", old_name, new_name);
        headed = true;
        const size_t end = hunk_end(&s, i), from = i < CONTEXT ? 0 : i - CONTEXT;
        hunk_put(out, &s, from, end + CONTEXT > s.n ? s.n : end + CONTEXT);
        i = end + CONTEXT - 1;
    }
    return buf_check(out);
}
