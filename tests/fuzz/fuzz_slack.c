/* What arrives from Slack: the form, the JSON in it, a button's value, and text as it is shown. The
 * first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/notify/slack.h"
#include "agent/notify/slack_payload.h"
#include "common/base/invariant.h"
#include "common/sys/inert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is shown is UTF-8, within its length, and without what Slack would read as markup. */
static void shown(struct arena *arena, const char *text)
{
    const char *line = inert_line(arena, INERT_SLACK, text, 200);
    if (line == NULL)
        return;
    INVARIANT(utf8_valid(line, strlen(line)));
    INVARIANT(strlen(line) <= 200 * 4);
    INVARIANT(strpbrk(line, "<>\n\r\t\x1b") == NULL);
}

static void click(struct arena *arena, struct str body)
{
    struct slack_click c;
    const char *id, *digest;
    bool ours;
    if (slack_click_parse(arena, body, &ours, &c).kind != ERR_NONE || !ours)
        return;
    INVARIANT(c.team_id != NULL && c.user_id != NULL && c.value != NULL);
    if (slack_value_parse(arena, c.value, &id, &digest).kind == ERR_NONE)
        INVARIANT(strlen(digest) == 64 && strlen(id) > 0);
    shown(arena, c.reason);
}

static void command(struct arena *arena, struct str body)
{
    struct slack_command c;
    if (slack_command_parse(arena, body, &c).kind != ERR_NONE)
        return;
    INVARIANT(strchr(slack_subject(arena, c.team_id, c.user_id), ':') != NULL);
    shown(arena, c.text);
    shown(arena, c.user_name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(8 << 20);
    if (size < 1 || arena == NULL) {
        arena_free(arena);
        return 0;
    }
    const struct str body = {(const char *)data + 1, size - 1};
    if (data[0] == 'c')
        command(arena, body);
    else if (data[0] == 't')
        shown(arena, str_dup(arena, body));
    else
        click(arena, body);
    arena_free(arena);
    return 0;
}
