/* Full account numbers never leave for the provider. What is one: an IBAN whose check digits hold
 * (any case, any grouping); a payment card's number (13 to 19 digits, Luhn, a first digit that
 * cards have); digits that stand behind a word such as account, routing or konto; in JSON also what
 * a member holds whose name says so (account_number, iban …); and whatever the configured patterns
 * find. Of each the last four are kept, "••••4471", of one with fewer than 8 digits nothing.
 *
 * Looked at is what the text says, not how it is written: digits and letters of other shapes are
 * read as the plain ones, invisible characters are read over, and spaces, dots, dashes and slashes
 * between digits do not hide a number. Amounts, dates, ids, digests and codes stay.
 *
 * Linear in the text. A redactor is made once at start and used by any thread. */
#ifndef AGENT_LLM_REDACT_H
#define AGENT_LLM_REDACT_H

#include "common/base/json.h"
#include "common/sys/settings.h"

#define REDACT_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of one text */

struct redactor;

/* `patterns` (may be NULL): POSIX extended regular expressions, one an item, case-insensitive,
 * matched a line at a time on the text as it is read (above). What one matches is at most
 * REDACT_MATCH_MAX bytes. ERR_INPUT names the pattern that is none, refers back, or matches nothing
 * at all (and so everywhere). */
#define REDACT_MATCH_MAX ((size_t)128)
MUST_CHECK struct err redactor_new(struct arena *arena, const struct setting_list *patterns,
                                   struct redactor **redactor);
void redactor_free(struct redactor *r);
CLEANUP_DEFINE(struct redactor *, redactor_free)

/* *out is `text` itself when there is nothing to hide, else it lives in the arena; always valid
 * UTF-8 (bytes that are none become U+FFFD). Adds to *count how many numbers were hidden. ERR_LIMIT
 * for a text beyond REDACT_BYTES_MAX or a full arena: then nothing may leave. */
MUST_CHECK struct err redact_text(const struct redactor *r, struct arena *arena, struct str text,
                                  struct str *out, size_t *count);

/* Every text and every member's name in the tree, and whole numbers where they can be a card's or
 * their member is named so. Subtrees without anything to hide are shared. */
MUST_CHECK struct err redact_tree(const struct redactor *r, struct arena *arena,
                                  const struct json *tree, const struct json **out, size_t *count);

#endif
