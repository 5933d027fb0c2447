/* One line of an export. An event's bytes must be the hashed ones, so its line is not parsed as
 * JSON: it has one layout. */
#include "common/verify/log_line.h"

#include <string.h>

#include "common/sys/json_read.h"
#include "common/sys/note.h"
#include "common/verify/receipt_own.h"

static bool take(struct str *rest, const char *text)
{
    size_t len = strlen(text);
    if (rest->len < len || memcmp(rest->at, text, len) != 0)
        return false;
    *rest = (struct str){rest->at + len, rest->len - len};
    return true;
}

static bool take_hash(struct str *rest, uint8_t hash[SHA256_LEN])
{
    struct str hex = {rest->at, 2 * SHA256_LEN};
    if (rest->len < hex.len || !receipt_hash_parse(hex, hash))
        return false;
    *rest = (struct str){rest->at + hex.len, rest->len - hex.len};
    return true;
}

static bool take_number(struct str *rest, uint64_t *n)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
        len++;
    struct str digits = {rest->at, len};
    *rest = (struct str){rest->at + len, rest->len - len};
    return note_number_parse(digits, n);
}

static bool event_parse(struct str rest, struct log_line *out)
{
    if (!take(&rest, "{\"seq\":") || !take_number(&rest, &out->seq) ||
        !take(&rest, ",\"hash_prev\":\"") || !take_hash(&rest, out->hash_prev) ||
        !take(&rest, "\",\"hash_self\":\"") || !take_hash(&rest, out->hash_self) ||
        !take(&rest, "\",\"event\":") || rest.len < 3 || rest.at[rest.len - 1] != '}')
        return false;
    out->event = (struct str){rest.at, rest.len - 1};
    return true;
}

static bool checkpoint_line_parse(struct arena *arena, struct str line, struct log_line *out)
{
    struct checkpoint_line {
        const char *checkpoint;
    } c;
    static const struct json_field fields[] = {
        JSON_TEXT(struct checkpoint_line, checkpoint, .required = true),
    };
    struct json *tree = NULL;
    if (json_read(arena, line, NULL, &tree).kind != ERR_NONE ||
        json_bind(arena, JSON_FIELDS(fields), tree, &c).kind != ERR_NONE)
        return false;
    out->note = str_of(c.checkpoint);
    return true;
}

enum log_line_kind log_line_parse(struct arena *arena, struct str line, struct log_line *out)
{
    struct str rest = line;
    if (line.at == NULL)
        return LOG_LINE_BAD;
    if (take(&rest, "{\"checkpoint\":"))
        return checkpoint_line_parse(arena, line, out) ? LOG_LINE_CHECKPOINT : LOG_LINE_BAD;
    return event_parse(line, out) ? LOG_LINE_EVENT : LOG_LINE_BAD;
}
