/* closegate-engine: flags, settings, command. What a command does is its own file in engine/cli. */
#include <malloc.h>
#include <unistd.h>

#include "engine/cli/cli.h"

/* Large work takes the same few MiB for chunk after chunk: kept, they are not zeroed by the kernel
 * each time. */
#define KEPT_BYTES  (64 << 20)
#define CHUNK_BYTES (4 << 20) /* what is larger goes back at once */

int main(int argc, char **argv)
{
    (void)mallopt(M_TOP_PAD, CHUNK_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, CHUNK_BYTES);
    return cli_main(&engine_program, argc, (const char *const *)argv, (const char *const *)environ);
}
