/* An event's line in its control's population, by one walk over its text. */
#include "common/verify/population.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/csv_cell.h"
#include "common/base/json_skim.h"
#include "common/sys/json_read.h"

/* A cell's column, and the members that it is read from. */
static const struct {
    const char *column, *member, *inner; /* inner NULL: the member itself */
} cells[POPULATION_CELLS] = {
    {"event_type", "event_type", NULL},
    {"tool", "tool", NULL},
    {"tier", "tier", NULL},
    {"reason", "reason", NULL},
    {"gate_row", "row", NULL},
    {"clause_pointer", "clause_pointer", NULL},
    {"policy_version", "policy_version", NULL},
    {"gate_version", "gate_version", NULL},
    {"actor_id", "actor_id", NULL},
    {"principal_id", "principal_id", NULL},
    {"on_behalf_of", "on_behalf_of", NULL},
    {"channel", "channel", NULL},
    {"entity_id", "entity_id", NULL},
    {"object_type", "object", "type"},
    {"object_id", "object", "id"},
    {"match_id", "match_id", NULL},
    {"escalation_id", "escalation_id", NULL},
    {"batch_id", "batch_id", NULL},
    {"state_from", "state_from", NULL},
    {"state_to", "state_to", NULL},
    {"caused_by", "caused_by", NULL},
    {"amount_usd", "amount_usd", NULL},
};

bool control_good(const char *control)
{
    size_t len = control == NULL ? 0 : strlen(control);
    return len > 0 && len <= 40 && strspn(control, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == len;
}

/* ---- reading ---- */

/* A text without its quotes and escapes, or a number's digits; NULL for anything else. */
static struct err value_text(struct arena *arena, struct json_skim *s, const char **out)
{
    const char *from = s->at;
    struct str quoted;
    struct json *text;
    *out = NULL;
    if (!json_skim_text(s, &quoted)) {
        json_skim_pass(s);
        const size_t len = (size_t)(s->at - from);
        if (len > 0 && (*from == '-' || (*from >= '0' && *from <= '9')))
            *out = arena_dup(arena, from, len);
        return arena_check(arena);
    }
    ENSURE(quoted.len >= 2, ERR_INPUT, "a text does not end");
    if (memchr(quoted.at, '\\', quoted.len) != NULL) {
        TRY(json_read(arena, quoted, NULL, &text));
        *out = json_text(text);
        return OK;
    }
    *out = arena_dup(arena, quoted.at + 1, quoted.len - 2);
    return arena_check(arena);
}

/* What the row needs beside its cells. */
struct wanted {
    const char *seq, *control, *decision, *at, *minor, *currency;
};

static const char **place_of(struct wanted *w, struct str key)
{
    const struct {
        const char *name, **at;
    } places[] = {
        {"seq", &w->seq},          {"action", &w->control},     {"decision", &w->decision},
        {"timestamp_utc", &w->at}, {"amount_minor", &w->minor}, {"currency", &w->currency},
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (str_is(key, places[i].name))
            return places[i].at;
    }
    return NULL;
}

static const char **cell_of(struct population_row *row, struct str key, struct str outer)
{
    for (size_t i = 0; i < POPULATION_CELLS; i++) {
        const bool nested = cells[i].inner != NULL;
        if (nested == (outer.len > 0) && str_is(key, nested ? cells[i].inner : cells[i].member) &&
            (!nested || str_is(outer, cells[i].member)))
            return &row->cells[i];
    }
    return NULL;
}

static struct err inner_read(struct arena *arena, struct json_skim *s, struct str outer,
                             struct population_row *row)
{
    struct str key;
    for (json_skim_into(s, '{'); json_skim_key(s, &key);) {
        const char **place = cell_of(row, key, outer);
        if (place == NULL)
            json_skim_pass(s);
        else
            TRY(value_text(arena, s, place));
    }
    return OK;
}

static struct err members_read(struct arena *arena, struct str event, struct population_row *row,
                               struct wanted *w)
{
    struct json_skim s = json_skim_of(event);
    struct str key;
    ENSURE(json_skim_into(&s, '{'), ERR_INPUT, "an event is an object");
    while (json_skim_key(&s, &key)) {
        const char **place = place_of(w, key);
        if (place == NULL)
            place = cell_of(row, key, (struct str){NULL, 0});
        if (place != NULL)
            TRY(value_text(arena, &s, place));
        else if (str_is(key, "object") && s.at < s.end && *s.at == '{')
            TRY(inner_read(arena, &s, key, row));
        else
            json_skim_pass(&s);
    }
    return OK;
}

static bool int_parse(const char *text, int64_t *n)
{
    char *end;
    if (text == NULL)
        return false;
    errno = 0;
    *n = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

struct err population_read(struct arena *arena, struct str event, struct population_row *row)
{
    struct wanted w = {.seq = NULL};
    struct money amount;
    int64_t minor;
    *row = (struct population_row){.seq = 0};
    TRY(members_read(arena, event, row, &w));
    ENSURE(int_parse(w.seq, &row->seq) && row->seq > 0 && w.at != NULL, ERR_INPUT,
           "an event has no number or no time");
    row->at = w.at;
    row->item.seq = row->seq;
    if (w.decision == NULL || w.control == NULL)
        return OK;
    ENSURE(control_good(w.control), ERR_INPUT, "an event's action is none");
    row->control = w.control;
    row->decision = w.decision;
    if (w.minor == NULL || w.currency == NULL)
        return OK;
    ENSURE(int_parse(w.minor, &minor), ERR_INPUT, "an event's amount is no number");
    TRY(money_make(minor, w.currency, &amount));
    row->item.minor = minor;
    memcpy(row->item.cur, amount.cur, sizeof row->item.cur);
    return OK;
}

/* ---- the files ---- */

void population_head(struct buf *line)
{
    buf_puts(line, "no,seq,timestamp_utc,control,decision,amount,currency");
    for (size_t i = 0; i < POPULATION_CELLS; i++)
        buf_putf(line, ",%s", cells[i].column);
    buf_puts(line, ",hash_self\r\n");
}

struct err population_line(struct arena *arena, const struct population_row *row, int64_t no,
                           const uint8_t hash_self[32], struct buf *line)
{
    char hex[65];
    buf_putf(line, "%" PRId64 ",%" PRId64 ",", no, row->seq);
    csv_cell(line, row->at);
    buf_putf(line, ",%s,", row->control);
    csv_cell(line, row->decision);
    buf_putf(line, ",%s,%s",
             row->item.cur[0] == '\0' ? "" : minor_text(arena, row->item.minor, row->item.cur),
             row->item.cur);
    for (size_t i = 0; i < POPULATION_CELLS; i++) {
        buf_putc(line, ',');
        csv_cell(line, row->cells[i]);
    }
    hex_print(hash_self, 32, hex);
    buf_putf(line, ",%s\r\n", hex);
    TRY(arena_check(arena));
    return buf_check(line);
}

void sample_head(struct buf *line)
{
    buf_puts(line, "control,seq,method,seed,amount,currency,hits,certain\r\n");
}

void sample_lines(struct arena *arena, const char *control, const struct sample_plan *plan,
                  const struct sample *sample, struct buf *lines)
{
    for (size_t i = 0; i < sample->n; i++) {
        const struct sample_pick *p = &sample->picks[i];
        buf_putf(lines, "%s,%" PRId64 ",%s,", control, p->item.seq,
                 plan->method == SAMPLE_MUS ? "mus" : "random");
        csv_cell(lines, plan->seed);
        buf_putf(lines, ",%s,%s,%" PRId64 ",%s\r\n",
                 p->item.cur[0] == '\0' ? "" : minor_text(arena, p->item.minor, p->item.cur),
                 p->item.cur, p->hits, p->certain ? "yes" : "no");
    }
}

struct json *sample_print(struct arena *arena, const struct sample *sample)
{
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < sample->strata_n; i++) {
        const struct sample_stratum *s = &sample->strata[i];
        struct json *o = json_object_new(arena);
        json_put_int(arena, o, "items", s->items);
        if (s->cur[0] != '\0') {
            json_put_text(arena, o, "currency", s->cur);
            json_put_text(arena, o, "total", minor_text(arena, s->total, s->cur));
        }
        json_put_int(arena, o, "left_out", s->left_out);
        if (s->interval > 0) {
            json_put_text(arena, o, "interval", minor_text(arena, s->interval, s->cur));
            json_put_text(arena, o, "first_unit", minor_text(arena, s->start, s->cur));
        }
        json_put_int(arena, o, "picked", s->picked);
        json_put_int(arena, o, "hits", s->hits);
        json_push(arena, list, o);
    }
    return list;
}
