/* Private to common/sys/crypt*.c and tls*.c: OpenSSL's memory (crypt_memory.c). */
#ifndef COMMON_SYS_CRYPT_MEMORY_H
#define COMMON_SYS_CRYPT_MEMORY_H

/* How often OpenSSL was refused memory in this thread. It tells a signature that does not hold and
 * one it had no memory to check alike: a no counts only when this is what it was before. */
unsigned crypt_shortages(void);

#endif
