/* Whom a verifier believes: the log's keys and the witnesses, given by whoever runs it and never
 * taken from what is checked. A chain of key statements (from a file or from the log itself) widens
 * that: a key that a believed key hands over to, or was handed over by, is believed for the sizes
 * that the statement leaves it. */
#ifndef COMMON_VERIFY_TRUST_H
#define COMMON_VERIFY_TRUST_H

#include "common/sys/log_key.h"
#include "common/verify/report.h"

struct trust_key {
    struct note_key key;
    uint64_t from, until; /* the sizes it signs: from <= size < until; 0 and UINT64_MAX when no
                             statement says so */
    size_t before, after; /* its neighbours in the chain, index + 1; 0 for none known */
    bool believed;        /* given, or reached from one that was */
};

struct trust {
    struct arena *arena;
    struct trust_key *keys;
    size_t n, cap;
    struct note_key *witnesses;
    size_t witnesses_n, witnesses_cap;
    size_t witnesses_min; /* so many of them must have cosigned */
};

void trust_init(struct trust *t, struct arena *arena);

/* A log's key (Ed25519), or with `witness` one for cosignatures. ERR_INPUT, also for a twin. */
MUST_CHECK struct err trust_give(struct trust *t, const char *vkey);
MUST_CHECK struct err trust_witness(struct trust *t, const char *vkey);

/* A statement, from anywhere: it is believed only as far as a believed key signed it. ERR_INPUT and
 * ERR_AUTH as log_key_read; ERR_CONFLICT when it contradicts an earlier one (two keys that
 * follow one, one that follows two, a chain that goes back). The same one twice is nothing new. */
MUST_CHECK struct err trust_state(struct trust *t, struct str statement);
/* The file of a chain (log_key_chain_read): its errors, and those of trust_state with a place. */
MUST_CHECK struct err trust_chain(struct trust *t, struct str json);

/* Whether a checkpoint's note is signed by the log: by a believed key that bears its origin's name
 * and signs its size. Parses the note into *note and the checkpoint into *c; what cannot be read
 * and what does not hold are lines of the report alike ("checkpoint", "signature"). Of what cannot
 * be read only c->origin is set, to nothing. The note's slices are of `bytes`. */
bool trust_note(const struct trust *t, struct str bytes, struct report *report, struct note *note,
                struct checkpoint *c);

/* How many of the witnesses cosigned. *forged is one whose cosignature does not hold, or NULL;
 * *newest_s the latest of their times, 0 for none. */
size_t trust_cosigned(const struct trust *t, const struct note *note,
                      const struct note_key **forged, int64_t *newest_s);

/* Both: the log's signature, and as many cosignatures as are asked for ("witnesses"). */
bool trust_checkpoint(const struct trust *t, struct str bytes, struct report *report,
                      struct note *note, struct checkpoint *c);

#endif
