/* Any bytes as the arguments of every tool. The first byte chooses the tool; the rest is read as a
 * client's would be. What binds obeys the schema that the tool publishes: it prints as canonical
 * JSON, and binding the printed form again says the same. What does not bind says why. */
#include <string.h>

#include "common/base/invariant.h"
#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "engine/call/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct policy policy;

static void call_begin(struct call *c, struct arena *arena, const struct tool *tool)
{
    *c = (struct call){.arena = arena, .tool = tool, .policy = &policy};
    c->actor = (struct actor){.kind = ACTOR_LLM, .id = "llm:fuzz.1", .backend = "dev"};
}

static void bind_again(struct arena *arena, const struct call *first)
{
    struct call second;
    struct str text;
    struct json *tree;
    INVARIANT(jcs_text(arena, first->args_tree, &text).kind == ERR_NONE);
    if (json_read(arena, text, NULL, &tree).kind != ERR_NONE)
        return; /* larger than one message may be, once its escapes are written out */
    call_begin(&second, arena, first->tool);
    INVARIANT(call_bind(&second, tree).kind == ERR_NONE);
    INVARIANT(strcmp(first->args_sha256, second.args_sha256) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *tree;
    struct call c;
    if (size == 0)
        return 0;
    CLEANUP(arena_free) struct arena *arena = arena_new((size_t)8 << 20);
    const struct tool *tool = tools[data[0] % tools_n];
    struct str text = {(const char *)data + 1, size - 1};
    if (json_read(arena, text, NULL, &tree).kind != ERR_NONE)
        return 0;
    call_begin(&c, arena, tool);
    struct err e = call_bind(&c, tree);
    if (e.kind != ERR_NONE)
        INVARIANT(e.msg != NULL && e.msg[0] != '\0');
    else
        bind_again(arena, &c);
    return 0;
}
