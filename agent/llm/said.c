/* An error as a provider words it, whatever the shape. */
#include "agent/llm/provider_own.h"

/* Text, or a number's digits ("code": 429). */
static const char *word(const struct json *value)
{
    const char *text = json_text(value);
    if (json_is(value, JSON_TYPE_NUMBER))
        text = value->text.at;
    return text == NULL ? "" : text;
}

static const char *first(const char *a, const char *b)
{
    return a[0] != '\0' ? a : b;
}

static bool read_object(const struct json *error, struct llm_said *said)
{
    said->type = first(word(json_get(error, "type")), word(json_get(error, "status")));
    said->code = word(json_get(error, "code"));
    said->message = first(word(json_get(error, "message")), word(json_get(error, "detail")));
    return said->message[0] != '\0' || said->type[0] != '\0' || said->code[0] != '\0';
}

bool llm_said_read(const struct json *tree, struct llm_said *said)
{
    *said = (struct llm_said){"", "", ""};
    if (json_is(tree, JSON_TYPE_ARRAY) && tree->count > 0)
        tree = tree->items[0];
    const struct json *error = json_get(tree, "error");
    if (json_is(error, JSON_TYPE_OBJECT))
        return read_object(error, said);
    said->message = word(error);
    return said->message[0] != '\0' || read_object(tree, said);
}
