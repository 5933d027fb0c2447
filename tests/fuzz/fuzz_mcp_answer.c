/* Whatever the engine (or whoever answers in its place) says, one of a result and an error comes
 * out of it, and an error has a sentence. The first byte chooses the status and whether it comes in
 * events; a second reading of what was understood finds the same. */
#include "agent/mcpc/answer.h"

#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void whole_error(struct err e)
{
    INVARIANT(e.kind == ERR_NONE || (e.msg != NULL && e.msg[0] != '\0'));
}

static void read_result(struct arena *arena, const struct json *result)
{
    struct mcpc_result call;
    struct str text;
    struct err e = answer_call(arena, result, &call);
    whole_error(e);
    INVARIANT(call.status != NULL && call.status[0] != '\0');
    if (e.kind == ERR_NONE && text_eq(call.status, "failed") && call.structured == NULL)
        INVARIANT(!call.is_error || call.error != NULL);
    whole_error(mcpc_failure(arena, &call));
    whole_error(answer_text(result, &text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 401, 404, 413, 500, 502, 503};
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)64 << 20);
    struct answer answer;
    if (size == 0)
        return 0;
    const struct answer_http http = {.status = statuses[data[0] & 7],
                                     .content_type = (data[0] & 8) != 0 ? "text/event-stream"
                                                     : (data[0] & 16) != 0
                                                         ? NULL
                                                         : "application/json; charset=utf-8",
                                     .body = {(const char *)data + 1, size - 1},
                                     .id = 1};
    struct err e = answer_read(arena, &http, &answer);
    whole_error(e);
    if (e.kind != ERR_NONE)
        return 0;
    if (answer.result != NULL) {
        INVARIANT(http.status == 200 && json_is(answer.result, JSON_TYPE_OBJECT));
        read_result(arena, answer.result);
    } else {
        e = answer_error(arena, &answer);
        whole_error(e);
        INVARIANT(e.kind != ERR_NONE);
    }
    return 0;
}
