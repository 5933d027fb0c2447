/* Decisions into figures. */
#include "engine/tools/close_figures.h"

enum { TALLIES_MAX = 512 }; /* kinds of figure, not events */

/* One figure: how many, how much, in one currency (NULL: no amount). */
struct tally {
    const char *by, *type, *currency;
    int64_t count, sum_minor;
};

struct tallies {
    struct tally at[TALLIES_MAX];
    size_t n;
};

static struct err tally_add(struct tallies *t, const char *by, const char *type,
                            const struct closing_decision *d)
{
    size_t i = 0;
    while (i < t->n && !(text_eq(t->at[i].by, by) && text_eq(t->at[i].type, type) &&
                         text_eq(t->at[i].currency, d->currency)))
        i++;
    ENSURE(i < TALLIES_MAX, ERR_LIMIT, "too many kinds of decision to add up");
    if (i == t->n)
        t->at[t->n++] = (struct tally){.by = by, .type = type, .currency = d->currency};
    t->at[i].count += d->count;
    ENSURE(!__builtin_add_overflow(t->at[i].sum_minor, d->sum_minor, &t->at[i].sum_minor),
           ERR_LIMIT, "a sum does not fit");
    return OK;
}

static struct err tally_print(struct call *c, const struct tally *t, struct json *list)
{
    struct json *o = json_object_new(c->arena);
    struct money sum;
    char text[MONEY_TEXT_MAX];
    json_put_known(c->arena, o, "by", t->by);
    json_put_known(c->arena, o, "match_type", t->type);
    json_put_int(c->arena, o, "count", t->count);
    if (t->currency != NULL) {
        TRY(money_make(t->sum_minor, t->currency, &sum));
        money_print(sum, text);
        json_put_text(c->arena, o, "sum", text);
        json_put_text(c->arena, o, "currency", t->currency);
    }
    json_push(c->arena, list, o);
    return arena_check(c->arena);
}

struct json *close_check(struct call *c, const struct close_period *p, const char *event_type,
                         const char *where)
{
    struct json *o = json_object_new(c->arena), *args = json_object_new(c->arena);
    json_put_text(c->arena, args, "entity_id", p->entity_id);
    json_put_known(c->arena, args, "event_type", event_type);
    json_put_text(c->arena, args, "from", p->from_utc);
    json_put_text(c->arena, args, "to", p->to_utc);
    json_put_text(c->arena, o, "tool", "query_audit");
    json_put(c->arena, o, "arguments", args);
    json_put_known(c->arena, o, "where", where);
    return o;
}

/* ---- which events a figure adds up ---- */

typedef bool holds_fn(const struct closing_decision *d);

static bool moved(const struct closing_decision *d, const char *object, const char *to)
{
    return text_eq(d->decision, "allow") && text_eq(d->object_type, object) &&
           text_eq(d->state_to, to);
}

static bool is_confirmed(const struct closing_decision *d)
{
    return moved(d, "match", "CONFIRMED");
}

static bool is_rejected(const struct closing_decision *d)
{
    return moved(d, "match", "REJECTED");
}

static bool is_reversed(const struct closing_decision *d)
{
    return moved(d, "match", "REVERSED");
}

static bool is_written_off(const struct closing_decision *d)
{
    return moved(d, "exception", "WRITTEN_OFF");
}

static bool is_resolved(const struct closing_decision *d)
{
    return moved(d, "exception", "RESOLVED");
}

static bool by_people(const struct closing_decision *d)
{
    return text_eq(d->actor_kind, "human");
}

static bool is_against_matcher(const struct closing_decision *d)
{
    return by_people(d) && is_rejected(d) && text_eq(d->source, "matcher");
}

static bool is_unsure(const struct closing_decision *d)
{
    return by_people(d) && is_confirmed(d) && d->unsure;
}

struct figure_def {
    const char *name;
    holds_fn *holds;
    bool by, type;
    const char *where;
};

static const struct figure_def figures[] = {
    {"confirmed", is_confirmed, true, true,
     "decision allow, object.type match, state_to CONFIRMED; by people when actor_id is human:"},
    {"rejected", is_rejected, true, false, "decision allow, object.type match, state_to REJECTED"},
    {"reversed", is_reversed, true, false, "decision allow, object.type match, state_to REVERSED"},
    {"write_offs", is_written_off, true, false,
     "decision allow, object.type exception, state_to WRITTEN_OFF"},
    {"resolved_exceptions", is_resolved, true, false,
     "decision allow, object.type exception, state_to RESOLVED"},
};

static const struct figure_def overrides[] = {
    {"rejected_of_matcher", is_against_matcher, false, false,
     "as rejected, by people, source matcher: what the matcher proposed and people refused"},
    {"confirmed_unsure", is_unsure, false, false,
     "as confirmed, by people, gate_input.ambiguous true or gate_input.sure false"},
    {"reversed", is_reversed, false, false, "as reversed: what was confirmed and people took back"},
};

static struct err figure_put(struct call *c, const struct close_period *p,
                             const struct figure_def *def, const struct closing_decision *rows,
                             size_t n, struct json *o)
{
    struct tallies *t = ARENA_NEW(c->arena, struct tallies);
    struct json *figure = json_object_new(c->arena), *list = json_array_new(c->arena);
    int64_t count = 0;
    ENSURE(t != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++) {
        if (!def->holds(&rows[i]))
            continue;
        count += rows[i].count;
        TRY(tally_add(t,
                      !def->by              ? NULL
                      : by_people(&rows[i]) ? "people"
                                            : "policy",
                      def->type ? rows[i].match_type : NULL, &rows[i]));
    }
    for (size_t i = 0; i < t->n; i++)
        TRY(tally_print(c, &t->at[i], list));
    json_put_int(c->arena, figure, "count", count);
    json_put(c->arena, figure, "sums", list);
    json_put(c->arena, figure, "check", close_check(c, p, NULL, def->where));
    json_put(c->arena, o, def->name, figure);
    return arena_check(c->arena);
}

static struct err verdicts_put(struct call *c, const struct close_period *p,
                               const struct closing_decision *rows, size_t n, struct json *o)
{
    static const char *const rulings[][2] = {
        {"allow", "allowed"}, {"deny", "denied"}, {"human", "escalated"}};
    struct json *verdicts = json_object_new(c->arena);
    for (size_t k = 0; k < sizeof rulings / sizeof rulings[0]; k++) {
        int64_t count = 0;
        for (size_t i = 0; i < n; i++)
            count += text_eq(rows[i].decision, rulings[k][0]) ? rows[i].count : 0;
        json_put_int(c->arena, verdicts, rulings[k][1], count);
    }
    json_put(c->arena, verdicts, "check",
             close_check(c, p, NULL, "by decision: allow, deny, human"));
    json_put(c->arena, o, "decisions", verdicts);
    return arena_check(c->arena);
}

struct err close_decisions(struct call *c, const struct close_period *p,
                           const struct closing_decision *rows, size_t n, struct json *o)
{
    struct json *over = json_object_new(c->arena);
    TRY(verdicts_put(c, p, rows, n, o));
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        TRY(figure_put(c, p, &figures[i], rows, n, o));
    for (size_t i = 0; i < sizeof overrides / sizeof overrides[0]; i++)
        TRY(figure_put(c, p, &overrides[i], rows, n, over));
    json_put(c->arena, o, "overrides", over);
    return arena_check(c->arena);
}
