/* Policies as commands name them, and mistakes in their files the way compilers tell them. */
#ifndef ENGINE_CLI_POLICY_FILE_H
#define ENGINE_CLI_POLICY_FILE_H

#include "engine/cli/cli.h"
#include "engine/gate/gate.h"
#include "engine/store/store.h"

/* "12:5 /lines/3" in its parts; a place without line is all pointer. */
struct place {
    int64_t line, column;
    const char *pointer; /* never NULL */
};
struct place place_of(const char *where);

/* The error with FILE:LINE:COLUMN: POINTER for its place. */
MUST_CHECK struct err in_file(struct arena *arena, const char *file, struct err e);

/* A policy and what it was made of. */
struct named_policy {
    const char *name; /* as it was given: a file, a digest, in-force */
    struct str text;
    struct policy *policy;
};

/* The policy that is called so: `in-force`, a digest of one that the book keeps (or the first 8
 * digits of it or more), or a file. Bound to the book's entities. */
MUST_CHECK struct err policy_named(struct arena *arena, struct tx *tx, const char *name,
                                   struct named_policy *named);

/* A row's facts, each by its name, as gate_step lists them; `value` is NULL when the ask has none.
 */
typedef struct err row_fact_fn(void *arg, const char *name, const struct json *value);
MUST_CHECK struct err row_facts(struct arena *arena, const char *facts, const struct json *ask,
                                row_fact_fn *fn, void *arg);

const char *ruling_words(enum ruling ruling); /* "allowed", "a human decides", "denied" */

#endif
