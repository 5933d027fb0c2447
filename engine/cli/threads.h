/* --threads N of the commands that read the whole log. */
#ifndef ENGINE_CLI_THREADS_H
#define ENGINE_CLI_THREADS_H

#include <stddef.h>

#include "common/base/err.h"

/* NULL is 0: as many as the machine has processors. ERR_INPUT unless it is 1 to 8. */
MUST_CHECK static inline struct err threads_option(const char *text, unsigned *threads)
{
    *threads = 0;
    if (text == NULL)
        return OK;
    if (text[0] < '1' || text[0] > '8' || text[1] != '\0')
        return err_at(ERR_INPUT, "--threads", "expected a number from 1 to 8");
    *threads = (unsigned)(text[0] - '0');
    return OK;
}

#endif
