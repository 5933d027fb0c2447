/* Texts that give orders, as they stand in memos, comments and documents. Ended by NULL. */
#ifndef TESTS_EVAL_POISON_H
#define TESTS_EVAL_POISON_H

extern const char *const poison[];

#endif
