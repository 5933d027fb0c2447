/* The book behind fuzz_endpoint: the demo company's policy, people and master data, the files of
 * its smaller entity loaded by a person, and a pass over them, all through the engine's own calls;
 * made once, on a memory file system where there is one, and put back as it was whenever an input
 * has changed it. And what must hold of a book whatever was said to its engine. */
#ifndef TESTS_FUZZ_ENDPOINT_BOOK_H
#define TESTS_FUZZ_ENDPOINT_BOOK_H

#include "common/sys/config.h"
#include "engine/call/spine.h"

#define BOOK_OS_UID   4242 /* on this host that is maria */
#define BOOK_MATCHES  10
#define BOOK_PROPOSED 5 /* of them, the smallest first; the others are confirmed */
#define BOOK_WAITING  5

enum book_client { BOOK_WORKSPACE, BOOK_CLAUDE, BOOK_BOT, BOOK_GONE, BOOK_CLIENTS };

/* What inputs may name. */
struct endpoint_book {
    struct arena *arena;
    struct config config;
    const struct policy *policy;
    struct spine *spine;
    const char *path;
    const char *client_ids[BOOK_CLIENTS];
    struct ed25519_key *client_keys[BOOK_CLIENTS];
    const char *principals[3]; /* demo-user, maria, sam */
    const char *matches[BOOK_MATCHES];
    const char *waiting[BOOK_WAITING], *digests[BOOK_WAITING]; /* escalations */
};

/* Microseconds since 1970: a millisecond later at each look. The same for every input. */
int64_t book_clock(void);

struct endpoint_book *book_make(void);
/* Before an input. */
void book_begin(struct endpoint_book *book);
/* After it, once all work is done: the log and every row of the book hold, every receipt that was
 * given does and is of the event that was answered, and nobody did what they may not. Then the book
 * is as it was before. */
typedef bool book_known(void *ctx, const char *actor_id);
struct book_receipt {
    const struct json *tree;
    int64_t seq; /* as the answer says; 0: it says none */
};
struct book_said {
    book_known *known; /* whether this actor showed who it is, in this input */
    void *ctx;
    const struct book_receipt *receipts;
    size_t receipts_n;
    size_t bare; /* answers that say what was recorded, to who may see it, and have no receipt */
};
void book_judge(struct endpoint_book *book, const struct book_said *said);

#endif
