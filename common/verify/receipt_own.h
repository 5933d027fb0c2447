/* Private to the files that read and print proofs. */
#ifndef COMMON_VERIFY_RECEIPT_OWN_H
#define COMMON_VERIFY_RECEIPT_OWN_H

#include "common/verify/receipt.h"

#define RECEIPT_INDEX_MAX (((int64_t)1 << 53) - 1)

/* Exactly 64 lower-case hex digits. */
bool receipt_hash_parse(struct str hex, uint8_t out[SHA256_LEN]);
/* Canonical base64 of exactly one hash. */
bool receipt_node_parse(struct str base64, struct merkle_hash *out);
/* Of the member /proof: ERR_INPUT with its place. */
MUST_CHECK struct err receipt_proof_bind(struct arena *arena, const char *const *base64, size_t n,
                                         struct merkle_proof *proof);
struct json *receipt_proof_print(struct arena *arena, const struct merkle_proof *proof);

#endif
