/* Names of actors and rows, checked once at the edge: an actor id as DESIGN §3 spells it, a row id
 * as a ULID with a prefix for its kind, and the short code people compare when they approve.
 * Nothing here makes randomness or reads a clock; the caller brings both. */
#ifndef COMMON_BASE_ID_H
#define COMMON_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

enum actor_kind { ACTOR_NONE = 0, ACTOR_HUMAN, ACTOR_LLM, ACTOR_ENGINE };

enum {
    ACTOR_NAME_MAX = 128,        /* bytes after the colon */
    ACTOR_TEXT_MAX = 136,        /* "engine:", 128 bytes, NUL */
    ID_TEXT_MAX = 40,            /* a prefix of at most 8, '_', 26, NUL; and some */
    ID_RANDOM_LEN = 10,          /* bytes of randomness in a row id */
    APPROVAL_HASH_LEN = 5,       /* bytes of the hash an approval code shows */
    APPROVAL_CODE_TEXT_MAX = 10, /* "7QK4-M2XD" and NUL */
};

/* ^(human|llm|engine):[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$, compared byte for byte. All zero is
 * nobody. */
struct actor_id {
    enum actor_kind kind;
    char text[ACTOR_TEXT_MAX]; /* the whole of it: "human:ana" */
};

/* ERR_INPUT for anything else than the grammar: upper-case kinds, white space, a NUL, non-ASCII …
 */
MUST_CHECK struct err actor_parse(struct str text, struct actor_id *actor);

/* "human", "llm" or "engine"; "none" for nobody. */
const char *actor_kind_name(enum actor_kind kind);

/* The part after the colon, within `actor`; "" for nobody. */
const char *actor_name(const struct actor_id *actor);

/* The same somebody; nobody is not even the same as nobody. */
bool actor_same(const struct actor_id *a, const struct actor_id *b);

/* "mat_01J9ZK6W3N4Q5R6S7T8V9WXYZ0": `prefix` (1 to 8 lower-case letters, without the underscore)
 * and a ULID: 48 bits of milliseconds since 1970 and 80 of randomness, so ids sort by time. */
void id_print(const char *prefix, int64_t unix_ms, const unsigned char random[ID_RANDOM_LEN],
              char out[ID_TEXT_MAX]);

/* True when `text` (may be NULL) is what id_print makes for this prefix; NULL allows any prefix. */
bool id_valid(const char *text, const char *prefix);

/* When the id was made. False for what is no id. */
bool id_time(const char *text, int64_t *unix_ms);

/* "7QK4-M2XD": 40 bits in Crockford's base 32, for people to compare. */
void approval_code_print(const unsigned char hash[APPROVAL_HASH_LEN],
                         char out[APPROVAL_CODE_TEXT_MAX]);

#endif
