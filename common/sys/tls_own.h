/* What tls.c and tls_files.c share. Internal. */
#ifndef COMMON_SYS_TLS_OWN_H
#define COMMON_SYS_TLS_OWN_H

#include "common/sys/tls.h"

struct tls_server {
    struct ssl_ctx_st *ctx;
    int64_t until_s; /* of our certificate */
};

/* When a certificate ends. False: it does not say so properly. */
struct x509_st;
bool tls_cert_ends(const struct x509_st *cert, int64_t *until_s);

#endif
