/* The nonce of a fresh login: the published recipe, and that nothing else makes one. */
#include "proto/approval_nonce.h"

#include <string.h>

#include "tests/unit/test.h"

#define DIGEST "0000000000000000000000000000000000000000000000000000000000000007"

START_TEST(the_nonce_is_the_hash_of_the_digest_and_the_decision_as_any_tool_computes_it)
{
    /* printf %s%s DIGEST confirm | openssl dgst -sha256 -binary | basenc --base64url */
    char nonce[APPROVAL_NONCE_SIZE];
    ck_ok(approval_nonce(DIGEST, "confirm", nonce));
    ck_assert_str_eq(nonce, "DF_CDlkbJN2JEWTky8n2fg0j-7tZ-XotZ7i0DZjWu9s");
    ck_ok(approval_nonce(DIGEST, "reject", nonce));
    ck_assert_str_eq(nonce, "IxoePgUuKGxHBrUQiucY73Sus4xCXb3Q9qijLD6MG0Y");
}
END_TEST

START_TEST(what_is_no_digest_or_no_decision_makes_no_nonce)
{
    static const char *const digests[] = {
        NULL,       "",
        "7",        "A000000000000000000000000000000000000000000000000000000000000007",
        DIGEST "0", "000000000000000000000000000000000000000000000000000000000000000 "};
    static const char *const decisions[] = {
        NULL, "", "Confirm", "confirm ", "confirm\n", "abcdefghijklmnopqrstuvwxyzabcdefg"};
    char nonce[APPROVAL_NONCE_SIZE];
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        ck_err(approval_nonce(digests[i], "confirm", nonce), ERR_INPUT);
        ck_assert_str_eq(nonce, "");
    }
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++)
        ck_err(approval_nonce(DIGEST, decisions[i], nonce), ERR_INPUT);
}
END_TEST

TEST_MAIN("approval_nonce",
          the_nonce_is_the_hash_of_the_digest_and_the_decision_as_any_tool_computes_it,
          what_is_no_digest_or_no_decision_makes_no_nonce)
