/* From words to a call on the spine, and its outcome in words. */
#include "engine/cli/admin.h"

#include <stdio.h>
#include <string.h>

#include "common/base/invariant.h"

const struct cli_option admin_why[1] = {{"rationale", "TEXT", "why"}};

const char *admin_text(const struct json *o, const char *member)
{
    const char *text = json_get_text(o, member);
    return text == NULL ? "" : text;
}

const char *admin_pairs(struct cli *cli, const struct json *list, const char *one,
                        const char *other, const char *between)
{
    const char *text = "";
    for (size_t i = 0; list != NULL && i < list->count; i++)
        text = arena_fmt(cli->arena, "%s%s%s:%s", text == NULL ? "" : text, i == 0 ? "" : between,
                         admin_text(list->items[i], one), admin_text(list->items[i], other));
    return text == NULL ? "" : text;
}

/* ---- calling ---- */

static void told_pending(struct cli *cli, const struct json *r)
{
    printf("waits for another human: %s, code %s\n", admin_text(r, "escalation_id"),
           admin_text(r, "code"));
    printf("  %s\n", plain_text(cli->arena, admin_text(r, "clause")));
    printf("  closegate-engine escalation confirm %s\n", admin_text(r, "code"));
}

static void told_done(struct cli *cli, const struct json *r)
{
    static const char *const ids[] = {"principal_id",   "client_id",     "freeze_id",
                                      "policy_version", "escalation_id", "vkey"};
    const struct json *changed = json_get(r, "changed");
    const char *status = admin_text(r, "status");
    printf("%s", changed != NULL && !changed->truth ? "it is so already"
                 : strcmp(status, "ok") == 0        ? "done"
                                                    : plain_text(cli->arena, status));
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (json_get_text(r, ids[i]) != NULL)
            printf(" %s", json_get_text(r, ids[i]));
    }
    printf("\n");
}

int admin_submit(struct cli *cli, const char *tool, const struct json *arguments)
{
    struct run_call done;
    struct err e = arena_check(cli->arena);
    if (e.kind == ERR_NONE)
        e = run_call(cli, tool, arguments, &done);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (cli->json) {
        cli_print(cli, done.result);
    } else if (done.outcome == CALL_PENDING) {
        told_pending(cli, done.result);
    } else if (done.outcome == CALL_DENIED) {
        printf("denied: %s\n  %s\n", admin_text(done.result, "reason"),
               plain_text(cli->arena, admin_text(done.result, "clause")));
    } else {
        told_done(cli, done.result);
    }
    return done.outcome == CALL_DENIED ? CLI_NO : CLI_YES;
}

static struct json *list_of(struct arena *arena, const char *words)
{
    struct json *list = json_array_new(arena);
    struct str item, rest = str_of(words);
    bool more = rest.len > 0;
    while (more) {
        more = str_cut(rest, ',', &item, &rest);
        json_push(arena, list, json_str_new(arena, str_trim(item)));
    }
    return list;
}

int admin_run(struct cli *cli, const struct admin_call *call, struct json *more)
{
    struct json *args = more == NULL ? json_object_new(cli->arena) : more;
    size_t word = 0;
    json_put_known(cli->arena, args, "act", call->act);
    for (size_t i = 0; i < ADMIN_PARTS_MAX && call->parts[i].member != NULL; i++) {
        const struct admin_part *part = &call->parts[i];
        const char *value = part->option != NULL ? cli_option(cli, part->option)
                            : word < cli->args_n ? cli->args[word++]
                                                 : NULL;
        if (value == NULL)
            continue;
        if (part->list)
            json_put(cli->arena, args, part->member, list_of(cli->arena, value));
        else
            json_put_text(cli->arena, args, part->member, value);
    }
    return admin_submit(cli, call->tool, args);
}

/* ---- reading ---- */

bool admin_read(struct cli *cli, const char *tool, const struct json *arguments,
                const struct json **result, int *code)
{
    struct err e = run_ask(cli, tool, arguments, result);
    *code = CLI_YES;
    if (e.kind != ERR_NONE)
        *code = cli_fail(cli, e);
    return e.kind == ERR_NONE;
}

static struct err rows_add(struct cli *cli, const struct admin_list *list, const struct json *items,
                           struct columns *table)
{
    const char *cells[ADMIN_CELLS_MAX] = {0};
    INVARIANT(list->heads_n <= ADMIN_CELLS_MAX);
    for (size_t i = 0; i < items->count; i++) {
        list->row(cli, items->items[i], cells);
        for (size_t k = 0; k < list->heads_n; k++)
            TRY(columns_add(table, cells[k]));
    }
    return arena_check(cli->arena);
}

int admin_print(struct cli *cli, const struct admin_list *list, const struct json *items,
                const struct json *json)
{
    struct columns table = {
        .arena = cli->arena, .columns = list->heads, .columns_n = list->heads_n};
    struct err e = rows_add(cli, list, items, &table);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    if (cli->json)
        cli_print(cli, json);
    else if (items->count == 0 && list->none != NULL)
        printf("%s\n", list->none);
    else
        columns_print(&table, "", stdout);
    return CLI_YES;
}

int admin_list(struct cli *cli, const struct admin_list *list, const struct json *arguments)
{
    const struct json *result, *items;
    int code;
    if (!admin_read(cli, list->tool, arguments, &result, &code))
        return code;
    items = json_get(result, list->member);
    if (items == NULL)
        return cli_fail(cli, err_at(ERR_UPSTREAM, list->member, "not in the engine's answer"));
    return admin_print(cli, list, items, list->whole ? result : items);
}

/* ---- what waits ---- */

static bool is_named(const struct json *row, const char *name)
{
    const char *object = admin_text(row, "object_id");
    size_t n = strlen(name);
    if (text_eq(json_get_text(row, "escalation_id"), name) ||
        text_eq(json_get_text(row, "code"), name))
        return true;
    return text_eq(json_get_text(row, "object_type"), "policy") && n >= 8 &&
           strncmp(object, name, n) == 0;
}

struct err admin_waiting(struct cli *cli, const char *name, const struct json **row)
{
    const char *cursor = NULL;
    do {
        struct json *args = json_object_new(cli->arena);
        const struct json *page, *list;
        json_put_known(cli->arena, args, "cursor", cursor);
        json_put_int(cli->arena, args, "limit", 200);
        TRY(run_ask(cli, "list_pending_escalations", args, &page));
        list = json_get(page, "escalations");
        for (size_t i = 0; list != NULL && i < list->count; i++) {
            if (is_named(list->items[i], name)) {
                *row = list->items[i];
                return OK;
            }
        }
        cursor = json_get_text(page, "next_cursor");
    } while (cursor != NULL);
    return err_fmt(cli->arena, ERR_MISSING, NULL, "nothing that waits is named %s", name);
}

int admin_answer(struct cli *cli, const char *name, const char *decision)
{
    struct json *args = json_object_new(cli->arena);
    const struct json *row;
    struct err e = admin_waiting(cli, name, &row);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    json_put(cli->arena, args, "escalation_id", json_get(row, "escalation_id"));
    json_put(cli->arena, args, "digest", json_get(row, "digest"));
    json_put_text(cli->arena, args, "decision", decision);
    if (cli_option(cli, "rationale") != NULL)
        json_put_text(cli->arena, args, "rationale", cli_option(cli, "rationale"));
    return admin_submit(cli, "resolve_escalation", args);
}
