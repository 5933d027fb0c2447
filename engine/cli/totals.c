/* Adding up goes through struct money: what does not fit is an error, never a wrong sum. */
#include "engine/cli/totals.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/money.h"
#include "engine/cli/columns.h"

static const char *const states[] = {"confirmed", "proposed", "exception", "unmatched"};
enum { STATES_N = sizeof states / sizeof states[0] };

int64_t figure(const struct json *o, const char *name)
{
    int64_t n = 0;
    return json_int(json_get(o, name), &n) ? n : 0;
}

static struct err cells_add(struct arena *arena, const struct json *row, struct columns *table)
{
    const char *currency = json_get_text(row, "currency");
    int64_t count = 0;
    struct money all, one;
    char text[MONEY_TEXT_MAX];
    TRY(money_make(0, currency, &all));
    for (size_t i = 0; i < STATES_N; i++) {
        const struct json *state = json_get(row, states[i]);
        const char *sum = json_get_text(state, "sum");
        TRY(money_parse(sum, currency, &one));
        TRY(money_add(all, one, &all));
        count += figure(state, "count");
        TRY(columns_add(table, arena_fmt(arena, "%" PRId64, figure(state, "count"))));
        TRY(columns_add(table, sum));
    }
    money_print(all, text);
    TRY(columns_add(table, arena_fmt(arena, "%" PRId64, count)));
    return columns_add(table, arena_strdup(arena, text));
}

static void broken_tell(struct arena *arena, const struct json *entity)
{
    const struct json *broken = json_get(entity, "broken_statements");
    for (size_t i = 0; broken != NULL && i < broken->count; i++)
        text_wrap(
            arena, "  ",
            arena_fmt(arena,
                      "account %s: a statement does not add up, or does not follow on the one "
                      "before it; until that is mended the engine confirms nothing of this "
                      "account",
                      json_text(broken->items[i])),
            stdout);
}

struct err totals_print(struct arena *arena, const struct json *entity)
{
    static const struct column columns[] = {
        {"account", false},  {"side", false}, {"cur", false},     {"", true},
        {"confirmed", true}, {"", true},      {"proposed", true}, {"", true},
        {"exception", true}, {"", true},      {"open", true},     {"", true},
        {"all", true},
    };
    struct columns table = {
        .arena = arena, .columns = columns, .columns_n = sizeof columns / sizeof columns[0]};
    const struct json *rows = json_get(entity, "entries");
    for (size_t i = 0; rows != NULL && i < rows->count; i++) {
        const struct json *r = rows->items[i], *reconciled = json_get(r, "reconciled");
        if (reconciled != NULL && !reconciled->truth)
            continue;
        TRY(columns_add(&table, json_get_text(r, "account_id")));
        TRY(columns_add(&table, json_get_text(r, "side")));
        TRY(columns_add(&table, json_get_text(r, "currency")));
        TRY(cells_add(arena, r, &table));
    }
    if (table.cells_n == 0)
        printf("  no entries yet\n");
    else
        columns_print(&table, "  ", stdout);
    broken_tell(arena, entity);
    return OK;
}
