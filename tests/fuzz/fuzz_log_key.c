/* Key statements and chains of them, from anybody: read without harm; what is believed is signed.
 */
#include <stdlib.h>
#include <string.h>

#include "common/sys/log_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A statement that was read stands for itself: both keys are of one log, and it begins somewhere.
 */
static void statement_check(const struct log_key_statement *s)
{
    if (s->from == 0 || s->new_key.alg != NOTE_ED25519)
        abort();
    if (s->has_old && strcmp(s->old_key.name, s->new_key.name) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new((size_t)16 << 20);
    struct str bytes = {(const char *)data, size};
    struct log_key_statement one, *all;
    size_t n;
    if (log_key_read(bytes, &one).kind == ERR_NONE)
        statement_check(&one);
    if (log_key_chain_read(arena, bytes, &all, &n).kind == ERR_NONE) {
        for (size_t i = 0; i < n; i++)
            statement_check(&all[i]);
    }
    arena_free(arena);
    return 0;
}
