/* Opaque cursors. */
#include "engine/tools/cursor.h"

#include <string.h>

#include "common/sys/crypt.h"

#define PREFIX "after:"

const char *cursor_print(struct arena *arena, const char *last)
{
    const char *plain = arena_fmt(arena, PREFIX "%s", last);
    size_t len = plain == NULL ? 0 : strlen(plain);
    char *text = plain == NULL ? NULL : arena_alloc(arena, BASE64_SIZE(len));
    if (text != NULL)
        base64url_print(plain, len, text);
    return text;
}

struct err cursor_parse(struct arena *arena, const char *cursor, const char **last)
{
    char plain[512];
    size_t len;
    *last = "";
    if (text_empty(cursor))
        return OK;
    bool good = base64url_parse(str_of(cursor), plain, sizeof plain - 1, &len) &&
                len >= sizeof PREFIX - 1 && memcmp(plain, PREFIX, sizeof PREFIX - 1) == 0;
    if (!good)
        return err_at(ERR_INPUT, "/cursor", "not a cursor of this list");
    *last = arena_dup(arena, plain + sizeof PREFIX - 1, len - (sizeof PREFIX - 1));
    return arena_check(arena);
}
