/* A form of any bytes is read or refused, and a value that was read, written and read again is the
 * same. */
#include "common/base/form.h"

#include <string.h>

#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(8 << 20);
    CLEANUP(buf_fini) struct buf out;
    const char *value, *again;

    buf_init(&out, 8 << 20);
    if (size > 65536 ||
        form_get(arena, (struct str){(const char *)data, size}, "a", &value).kind != ERR_NONE ||
        value == NULL)
        return 0;
    form_put(&out, "before", value);
    form_put(&out, "a", value);
    INVARIANT(form_get(arena, buf_str(&out), "a", &again).kind == ERR_NONE);
    INVARIANT(strcmp(value, again) == 0);
    return 0;
}
