/* One recipe for both daemons, so that neither can drift from the other. */
#include "proto/approval_nonce.h"

#include <string.h>

#include "common/sys/crypt.h"

#define DIGEST_DIGITS ((size_t)64)
#define DECISION_MAX  ((size_t)32)

static bool is_digest(const char *text)
{
    return text != NULL && strlen(text) == DIGEST_DIGITS &&
           strspn(text, "0123456789abcdef") == DIGEST_DIGITS;
}

static bool is_decision(const char *text)
{
    const size_t len = text == NULL ? 0 : strlen(text);
    return len > 0 && len <= DECISION_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz_") == len;
}

struct err approval_nonce(const char *digest, const char *decision, char out[APPROVAL_NONCE_SIZE])
{
    uint8_t hash[SHA256_LEN];
    char text[BASE64_SIZE(SHA256_LEN)];
    struct sha256 h;

    out[0] = '\0';
    ENSURE(is_digest(digest), ERR_INPUT, "a digest is 64 lower-case hex digits");
    ENSURE(is_decision(decision), ERR_INPUT, "a decision is one lower-case word");
    sha256_begin(&h);
    sha256_add(&h, digest, DIGEST_DIGITS);
    sha256_add(&h, decision, strlen(decision));
    sha256_end(&h, hash);
    base64url_print(hash, sizeof hash, text);
    memcpy(out, text, APPROVAL_NONCE_SIZE);
    return OK;
}
