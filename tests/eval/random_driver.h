/* The random adversary: calls of every tool by models, people and a service, some honest and most
 * not, one after the other, and the book looked at after each. It stops at the first rule that does
 * not hold and tells how to make it happen again. */
#ifndef TESTS_EVAL_RANDOM_DRIVER_H
#define TESTS_EVAL_RANDOM_DRIVER_H

#include "tests/eval/eval.h"

struct random_options {
    const char *book; /* recon.db of the engine under trial */
    int64_t calls;
    struct eval_key service; /* of a service client; .key NULL: none was given */
};

/* What was found goes to standard output. *broken: a rule did not hold, and was told. An error: it
 * could not go on. Of `e` only the target, the workspace's key, the wire and the seed are used. */
MUST_CHECK struct err random_run(struct eval *e, const struct random_options *options,
                                 bool *broken);

#endif
