/* `statement`: an account's bank reconciliation statement as of a day, as an accountant draws it:
 * per bank, per books, every reconciling item, what nobody can explain. Reads a snapshot as the
 * person at the terminal; needs no daemon. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/csv_cell.h"
#include "common/base/money.h"
#include "engine/cli/columns.h"
#include "engine/cli/commands.h"
#include "engine/cli/run_call.h"
#include "engine/cli/totals.h"

#define PAGE_ITEMS 500

/* The first page has the figures; the items of all of them are in `items`. */
struct drawn {
    struct cli *cli;
    struct json *figures;
    struct json *items;
};

static const char *text_of(const struct json *o, const char *key)
{
    const char *text = json_get_text(o, key);
    return text == NULL ? "" : text;
}

/* ---- reading ---- */

static struct err page_read(struct drawn *d, const char *cursor, const struct json **page)
{
    static const struct {
        const char *option, *member;
    } passed[] = {{"entity", "entity_id"},
                  {"account", "account_id"},
                  {"date", "date"},
                  {"currency", "currency"}};
    struct json *args = json_object_new(d->cli->arena);
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        const char *value = cli_option(d->cli, passed[i].option);
        if (value != NULL)
            json_put_text(d->cli->arena, args, passed[i].member, value);
    }
    json_put_int(d->cli->arena, args, "limit", PAGE_ITEMS);
    json_put_known(d->cli->arena, args, "cursor", cursor);
    TRY(arena_check(d->cli->arena));
    return run_read(d->cli, "bank_reconciliation", args, page);
}

static struct err draw(struct drawn *d)
{
    const char *cursor = NULL;
    d->figures = json_object_new(d->cli->arena);
    d->items = json_array_new(d->cli->arena);
    do {
        const struct json *page, *items;
        TRY(page_read(d, cursor, &page));
        items = json_get(page, "items");
        for (size_t i = 0; i < items->count; i++)
            json_push(d->cli->arena, d->items, items->items[i]);
        for (size_t i = 0; cursor == NULL && i < page->count; i++)
            (void)json_add(d->cli->arena, d->figures, page->members[i].key, page->members[i].value);
        cursor = json_get_text(page, "next_cursor");
    } while (cursor != NULL);
    json_put(d->cli->arena, d->figures, "items", d->items);
    return arena_check(d->cli->arena);
}

/* ---- for people ---- */

static void line(const char *text, const char *amount)
{
    printf("%-58s %18s\n", text, amount);
}

static void balance_tell(struct drawn *d, const struct json *side, const char *whose)
{
    struct arena *arena = d->cli->arena;
    const char *date = text_of(d->figures, "date"), *from = text_of(side, "from_date");
    if (json_get(side, "balance") == NULL) {
        line(arena_fmt(arena, "Movement per %s since %s (no balance is known)", whose,
                       json_get(side, "first_entry") == NULL ? "the beginning"
                                                             : text_of(side, "first_entry")),
             text_of(side, "movement"));
        return;
    }
    line(arena_fmt(arena, "Balance per %s, %s", whose, date), text_of(side, "balance"));
    if (!text_eq(from, date))
        line(arena_fmt(arena, "  (%s on %s, and what moved until then)",
                       text_of(side, "from_balance"), from),
             "");
}

static const char *standing(struct arena *arena, const struct json *item)
{
    const char *state = text_of(item, "state"), *match = json_get_text(item, "match_id");
    if (text_eq(state, "proposed"))
        return arena_fmt(arena, "proposed %s", match);
    if (text_eq(state, "settled_later"))
        return arena_fmt(arena, "settled %s, %s", text_of(item, "last_leg"), match);
    if (text_eq(state, "exception"))
        return text_eq(text_of(item, "exception_state"), "OPEN")
                   ? text_of(item, "class")
                   : arena_fmt(arena, "%s %s", text_of(item, "class"),
                               text_of(item, "exception_state"));
    return match == NULL ? state : arena_fmt(arena, "%s %s", text_of(item, "match_type"), match);
}

static struct err items_tell(struct drawn *d, const char *section)
{
    static const struct column columns[] = {
        {"date", false},      {"days", true},   {"amount", true},  {"counterparty", false},
        {"reference", false}, {"entry", false}, {"stands", false},
    };
    struct arena *arena = d->cli->arena;
    struct columns table = {
        .arena = arena, .columns = columns, .columns_n = sizeof columns / sizeof columns[0]};
    for (size_t i = 0; i < d->items->count; i++) {
        const struct json *item = d->items->items[i];
        if (!text_eq(json_get_text(item, "section"), section))
            continue;
        const char *who = json_get_text(item, "counterparty");
        const char *const cells[] = {text_of(item, "date"),
                                     arena_fmt(arena, "%" PRId64, figure(item, "age_days")),
                                     text_of(item, "effect"),
                                     who == NULL ? json_get_text(item, "memo") : who,
                                     json_get_text(item, "reference"),
                                     json_get_text(item, "entry_id"),
                                     standing(arena, item)};
        for (size_t k = 0; k < sizeof cells / sizeof cells[0]; k++)
            TRY(columns_add(&table, cells[k]));
    }
    columns_print(&table, "    ", stdout);
    return OK;
}

static struct err sections_tell(struct drawn *d, const char *side)
{
    const struct json *sections = json_get(d->figures, "sections");
    for (size_t i = 0; i < sections->count; i++) {
        const struct json *s = sections->items[i];
        if (!text_eq(json_get_text(s, "adjusts"), side) || figure(s, "count") == 0)
            continue;
        line(arena_fmt(d->cli->arena, "  %s: %" PRId64, text_of(s, "title"), figure(s, "count")),
             text_of(s, "effect"));
        TRY(items_tell(d, text_of(s, "section")));
    }
    return OK;
}

static struct err side_tell(struct drawn *d, const char *side, const char *whose)
{
    const struct json *o = json_get(d->figures, side);
    balance_tell(d, o, whose);
    TRY(sections_tell(d, side));
    line(arena_fmt(d->cli->arena, "Adjusted %s per %s",
                   json_get(o, "balance") == NULL ? "movement" : "balance", whose),
         text_of(o, "adjusted"));
    printf("\n");
    return OK;
}

static void breaks_tell(struct drawn *d)
{
    const struct json *breaks = json_get(d->figures, "statement_breaks");
    for (size_t i = 0; i < breaks->count; i++) {
        const struct json *b = breaks->items[i];
        if (text_eq(json_get_text(b, "fault"), "BROKEN"))
            printf("STATEMENT BROKEN: %s to %s: opening and lines make %s, it closes with %s\n",
                   text_of(b, "from"), text_of(b, "to"), text_of(b, "expected"),
                   text_of(b, "found"));
        else
            printf("STATEMENT GAP: %s to %s opens with %s, the one to %s closed with %s\n",
                   text_of(b, "from"), text_of(b, "to"), text_of(b, "found"),
                   text_of(b, "before_to"), text_of(b, "expected"));
    }
}

static bool is_reconciled(const struct drawn *d)
{
    const struct json *yes = json_get(d->figures, "reconciled");
    return yes != NULL && yes->truth;
}

static struct err told(struct drawn *d)
{
    struct arena *arena = d->cli->arena;
    const struct json *f = d->figures, *why = json_get(f, "why_not");
    const char *unexplained = json_get_text(f, "unexplained");
    printf("Bank reconciliation statement\n%s, account %s %s, %s, as of %s\n\n",
           plain_text(arena, text_of(f, "entity_id")), plain_text(arena, text_of(f, "account_id")),
           plain_text(arena, text_of(f, "account_name")), text_of(f, "currency"),
           text_of(f, "date"));
    TRY(side_tell(d, "bank", "bank"));
    TRY(side_tell(d, "books", "books"));
    line("Unexplained difference", unexplained == NULL ? "not known" : unexplained);
    breaks_tell(d);
    if (is_reconciled(d))
        printf("\nReconciled: all of the difference is listed above, %zu items.\n",
               d->items->count);
    else
        printf("\nNOT reconciled:\n");
    for (size_t i = 0; i < why->count; i++)
        text_wrap(arena, "  ", arena_fmt(arena, "- %s", json_text(why->items[i])), stdout);
    return OK;
}

/* ---- for a spreadsheet ---- */

static const struct {
    const char *name;
    bool amount; /* written as it is */
} item_columns[] = {{"entry_id", false}, {"counterparty", false}, {"reference", false},
                    {"memo", false},     {"amount", true},        {"effect", true},
                    {"state", false},    {"match_id", false},     {"exception_id", false},
                    {"class", false}};
enum { ITEM_COLUMNS = sizeof item_columns / sizeof item_columns[0] };

static void csv_figure(struct drawn *d, const char *name, const char *amount)
{
    const struct json *f = d->figures;
    struct buf out;
    buf_init(&out, (size_t)1 << 16);
    csv_cell(&out, name);
    buf_puts(&out, ",");
    csv_cell(&out, text_of(f, "date"));
    buf_puts(&out, ",,,,,,,");
    buf_puts(&out, amount);
    buf_puts(&out, ",,,,,");
    csv_cell(&out, text_of(f, "currency"));
    buf_puts(&out, "\r\n");
    fwrite(out.at, 1, out.len, stdout);
    buf_fini(&out);
}

static void csv_item(struct drawn *d, const struct json *item)
{
    struct buf out;
    buf_init(&out, (size_t)1 << 20);
    csv_cell(&out, text_of(item, "section"));
    buf_puts(&out, ",");
    csv_cell(&out, text_of(item, "date"));
    buf_putf(&out, ",%" PRId64, figure(item, "age_days"));
    for (size_t i = 0; i < ITEM_COLUMNS; i++) {
        buf_putc(&out, ',');
        if (item_columns[i].amount)
            buf_puts(&out, text_of(item, item_columns[i].name));
        else
            csv_cell(&out, json_get_text(item, item_columns[i].name));
    }
    buf_putc(&out, ',');
    csv_cell(&out, text_of(d->figures, "currency"));
    buf_puts(&out, "\r\n");
    fwrite(out.at, 1, out.len, stdout);
    buf_fini(&out);
}

static void csv_side(struct drawn *d, const char *side)
{
    const struct json *o = json_get(d->figures, side);
    const struct json *sections = json_get(d->figures, "sections");
    const bool known = json_get(o, "balance") != NULL;
    csv_figure(d, arena_fmt(d->cli->arena, "%s_per_%s", known ? "balance" : "movement", side),
               text_of(o, known ? "balance" : "movement"));
    for (size_t s = 0; s < sections->count; s++) {
        if (!text_eq(json_get_text(sections->items[s], "adjusts"), side))
            continue;
        for (size_t i = 0; i < d->items->count; i++) {
            if (text_eq(text_of(d->items->items[i], "section"),
                        text_of(sections->items[s], "section")))
                csv_item(d, d->items->items[i]);
        }
    }
    csv_figure(d, arena_fmt(d->cli->arena, "adjusted_per_%s", side), text_of(o, "adjusted"));
}

static void told_csv(struct drawn *d)
{
    printf("line,date,age_days");
    for (size_t i = 0; i < ITEM_COLUMNS; i++)
        printf(",%s", item_columns[i].name);
    printf(",currency\r\n");
    csv_side(d, "bank");
    csv_side(d, "books");
    csv_figure(d, "unexplained", text_of(d->figures, "unexplained"));
}

/* ---- the command ---- */

static int run_statement(struct cli *cli)
{
    static const char *const needed[] = {"entity", "account", "date"};
    struct drawn d = {.cli = cli};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (cli_option(cli, needed[i]) == NULL)
            return cli_misuse(cli, arena_fmt(cli->arena, "--%s is missing", needed[i]));
    }
    if (cli->json && cli_option(cli, "csv") != NULL)
        return cli_misuse(cli, "--json or --csv, not both");
    struct err e = draw(&d);
    if (e.kind == ERR_NONE && cli->json)
        cli_print(cli, d.figures);
    else if (e.kind == ERR_NONE && cli_option(cli, "csv") != NULL)
        told_csv(&d);
    else if (e.kind == ERR_NONE)
        e = told(&d);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    return is_reconciled(&d) ? CLI_YES : CLI_NO;
}

static const struct cli_option options[] = {
    {"entity", "ID", "whose account"},
    {"account", "ID", "of its chart"},
    {"date", "DAY", "as of the end of this day: 2026-03-31"},
    {"currency", "CUR", "which, when the account holds several"},
    {"csv", NULL, "a line an item, for a spreadsheet"},
};

const struct command command_statement = {
    .name = "statement",
    .args = "--entity ID --account ID --date DAY",
    .summary = "draw an account's bank reconciliation statement as of a day",
    .help =
        "Balance per bank and per books, every reconciling item with its age, and the difference\n"
        "that stays unexplained. Exit 0 when the account is reconciled: nothing unexplained, a\n"
        "statement of the bank covers the day, and none is broken; else 2. docs/STATEMENT.md",
    .options = options,
    .options_n = sizeof options / sizeof options[0],
    .run = run_statement,
};
