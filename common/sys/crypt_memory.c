/* OpenSSL's memory goes through here. What it frees is wiped: its readers of key files free copies
 * of keys as they are (3.0). What it is refused is counted. In force before main, as it has to be
 * before OpenSSL's first allocation; the secure heap (crypt_lock.c) is not of it. */
#include "common/sys/crypt_memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local unsigned shortages;

unsigned crypt_shortages(void)
{
    return shortages;
}

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    void *p = size == 0 ? NULL : malloc(size);
    shortages += p == NULL && size > 0;
    return p;
}

static void give(void *p, const char *file, int line)
{
    (void)file, (void)line;
    if (p != NULL)
        OPENSSL_cleanse(p, malloc_usable_size(p));
    free(p);
}

/* Never in place: what a smaller block leaves over, or a moved one behind, would not be wiped. */
static void *take_again(void *p, size_t size, const char *file, int line)
{
    const size_t had = malloc_usable_size(p);
    void *grown = take(size, file, line);
    if (grown != NULL && p != NULL)
        memcpy(grown, p, had < size ? had : size);
    if (grown != NULL || size == 0)
        give(p, file, line);
    return grown;
}

__attribute__((constructor)) static void begin(void)
{
    (void)CRYPTO_set_mem_functions(take, take_again, give);
}
