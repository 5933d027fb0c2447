/* Certificates as files hold them. The function is crypt.h's. */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/sys/crypt.h"

/* One certificate, and nothing else beside it. */
static bool is_certificate(const X509_INFO *info)
{
    return info->x509 != NULL && info->x_pkey == NULL && info->enc_data == NULL &&
           info->crl == NULL;
}

bool certificates_only(struct str pem)
{
    BIO *from = pem.len == 0 || pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
    STACK_OF(X509_INFO) *all = from == NULL ? NULL : PEM_X509_INFO_read_bio(from, NULL, NULL, NULL);
    const int n = all == NULL ? 0 : sk_X509_INFO_num(all);
    bool good = n > 0;
    for (int i = 0; i < n; i++)
        good = good && is_certificate(sk_X509_INFO_value(all, i));
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(from);
    ERR_clear_error();
    return good;
}
