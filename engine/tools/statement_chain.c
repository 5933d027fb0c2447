/* Statements of an account, one currency after the other. */
#include "engine/tools/statement_chain.h"

#include "engine/report/bankrec.h"

struct chain {
    struct bankrec_statement *list;
    size_t n;
    struct bankrec_break *breaks;
    size_t breaks_n;
};

static struct err chain_of(struct arena *arena, const struct statement *rows, size_t n,
                           const char *currency, struct chain *c)
{
    *c = (struct chain){.list = ARENA_ARRAY(arena, n, struct bankrec_statement)};
    TRY(arena_check(arena));
    for (size_t i = 0; i < n; i++) {
        const struct statement *s = &rows[i];
        if (!text_eq(s->closing.cur, currency))
            continue;
        c->list[c->n++] = (struct bankrec_statement){.statement_id = s->statement_id,
                                                     .from = s->from,
                                                     .to = s->to,
                                                     .opening_minor = s->opening.minor,
                                                     .closing_minor = s->closing.minor,
                                                     .lines_minor = s->lines.minor,
                                                     .balanced = s->balanced};
    }
    return bankrec_chain(c->list, c->n, (struct date){DATE_DAYS_MAX}, arena, &c->breaks,
                         &c->breaks_n);
}

static bool is_first_of(const struct statement *rows, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (text_eq(rows[k].closing.cur, rows[i].closing.cur))
            return false;
    }
    return true;
}

struct err statement_chain_broken(struct tx *tx, struct arena *arena, const char *entity_id,
                                  const char *account_id, bool *broken)
{
    struct statement *rows;
    struct chain c;
    size_t n;
    *broken = false;
    TRY(statements_list(tx, arena, entity_id, account_id, &rows, &n));
    for (size_t i = 0; i < n && !*broken; i++) {
        if (!is_first_of(rows, i))
            continue;
        TRY(chain_of(arena, rows, n, rows[i].closing.cur, &c));
        *broken = c.breaks_n > 0;
    }
    return OK;
}

static struct err gap_words(struct arena *arena, const struct bankrec_break *b,
                            const char *currency, const char **gap)
{
    char to[DATE_TEXT_MAX], from[DATE_TEXT_MAX], was[MONEY_TEXT_MAX], is[MONEY_TEXT_MAX];
    struct money expected, found;
    TRY(money_make(b->expected_minor, currency, &expected));
    TRY(money_make(b->found_minor, currency, &found));
    date_print(b->before->to, to);
    date_print(b->statement->from, from);
    money_print(expected, was);
    money_print(found, is);
    *gap = arena_fmt(arena, "the statement up to %s closed with %s, the one from %s opens with %s",
                     to, was, from, is);
    return arena_check(arena);
}

static bool same_statement(const struct bankrec_statement *a, const struct statement *s)
{
    return a->from.days == s->from.days && a->to.days == s->to.days &&
           a->opening_minor == s->opening.minor && a->closing_minor == s->closing.minor;
}

struct err statement_gap(struct tx *tx, struct arena *arena, const struct statement *s,
                         const char **gap)
{
    struct statement *rows;
    struct chain c;
    size_t n;
    *gap = NULL;
    TRY(statements_list(tx, arena, s->entity_id, s->account_id, &rows, &n));
    TRY(chain_of(arena, rows, n, s->closing.cur, &c));
    for (size_t i = 0; i < c.breaks_n && *gap == NULL; i++) {
        const struct bankrec_break *b = &c.breaks[i];
        if (b->fault == BANKREC_GAP &&
            (same_statement(b->statement, s) || same_statement(b->before, s)))
            TRY(gap_words(arena, b, s->closing.cur, gap));
    }
    return OK;
}
