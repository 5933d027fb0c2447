/* Actor ids and row ids as they arrive from outside. */
#include <stdlib.h>
#include <string.h>

#include "common/base/id.h"
#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1);
    INVARIANT(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    struct actor_id actor;
    if (actor_parse((struct str){.at = text, .len = size}, &actor).kind == ERR_NONE) {
        INVARIANT(actor.kind != ACTOR_NONE && strlen(actor.text) == size);
        INVARIANT(memcmp(actor.text, text, size) == 0 && actor_name(&actor)[0] != '\0');
    }
    if (id_valid(text, NULL))
        INVARIANT(strlen(text) < ID_TEXT_MAX);
    free(text);
    return 0;
}
