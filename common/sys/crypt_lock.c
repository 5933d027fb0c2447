/* OpenSSL's secure heap: pages that are locked, left out of cores and fenced off. It takes the
 * private keys that are loaded from then on, by itself. */
#include <openssl/crypto.h>

#include "common/sys/crypt.h"

/* Of CRYPT_KEYS_BYTES each thread's random generator takes a part as well, and each TLS handshake a
 * key's; once full it gives nothing. */
#define LEAST 32

bool crypt_keys_lock(void)
{
    static bool locked;
    if (CRYPTO_secure_malloc_initialized() == 0)
        locked = CRYPTO_secure_malloc_init(CRYPT_KEYS_BYTES, LEAST) == 1; /* 2: not locked */
    return locked;
}

void *secret_alloc(size_t len)
{
    return OPENSSL_secure_zalloc(len);
}

void secret_free(void *secret, size_t len)
{
    OPENSSL_secure_clear_free(secret, len);
}
