/* Bodies of add-checkpoint: read without harm, and what is read is printed to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/witness_ask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = {(const char *)data, size};
    struct witness_ask ask;
    struct buf again;
    if (witness_ask_read(body, &ask).kind != ERR_NONE)
        return 0;
    buf_init(&again, 2 * WITNESS_ASK_MAX);
    witness_ask_print(&ask, &again);
    if (again.failed || again.len != size || memcmp(again.at, data, size) != 0)
        abort();
    buf_fini(&again);
    return 0;
}
