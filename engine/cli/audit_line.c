/* Printing an event; its canonical text is copied, never made again. */
#include "engine/cli/audit_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/money.h"
#include "common/sys/json_read.h"

static const struct json_limits event_limits = {
    .depth_max = 32, .bytes_max = 8u << 20, .nodes_max = 1000000};

void audit_line_json(const struct audit_row *row, struct buf *out)
{
    char prev[65], self[65];
    hex_print(row->hash_prev, sizeof row->hash_prev, prev);
    hex_print(row->hash_self, sizeof row->hash_self, self);
    buf_putf(out,
             "{\"seq\":%" PRId64 ",\"hash_prev\":\"%s\",\"hash_self\":\"%s\",\"event\":", row->seq,
             prev, self);
    buf_puts(out, row->event);
    buf_puts(out, "}\n");
}

struct err audit_line_tree(struct arena *arena, const struct audit_row *row, struct json **event)
{
    struct err e = json_read(arena, str_of(row->event), &event_limits, event);
    if (e.kind == ERR_INPUT)
        return err_fmt(arena, ERR_STORE, NULL, "event %" PRId64 " is not JSON; run audit verify",
                       row->seq);
    return e;
}

struct err audit_line_amount(struct arena *arena, const struct json *event, const char **amount,
                             const char **currency)
{
    const char *minor = json_get_text(event, "amount_minor");
    char text[MONEY_TEXT_MAX], *end;
    struct money m;
    *amount = NULL;
    *currency = json_get_text(event, "currency");
    if (minor == NULL || *currency == NULL)
        return OK;
    errno = 0;
    const long long n = strtoll(minor, &end, 10);
    ENSURE(errno == 0 && *end == '\0' && money_make(n, *currency, &m).kind == ERR_NONE, ERR_STORE,
           "an event's amount cannot be read; run audit verify");
    money_print(m, text);
    *amount = arena_strdup(arena, text);
    return arena_check(arena);
}
