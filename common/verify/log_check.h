/* An exported log (audit export --heads), checked line by line: JSON lines that are events,
 * {"seq","hash_prev","hash_self","event"} exactly as the export writes them, or checkpoints,
 * {"checkpoint":"<signed note>"}. Memory does not grow with the log. What is known from elsewhere
 * (an earlier checkpoint, a receipt) is given beforehand: a log that was cut short or written anew
 * since does not contain it. */
#ifndef COMMON_VERIFY_LOG_CHECK_H
#define COMMON_VERIFY_LOG_CHECK_H

#include "common/base/civil.h"
#include "common/verify/check.h"

/* Hands over every line, from the first, without its end; `line.at` is NULL for one that is too
 * long. The source may be asked several times. `line` says false when it needs no more. */
#define LOG_LINE_MAX (EVENT_BYTES_MAX + 512)
typedef bool log_line_fn(void *to, uint64_t number, struct str line);
struct log_source {
    struct err (*lines)(void *arg, log_line_fn *line, void *to);
    void *arg;
};

/* A log in a file: `arg` is its path. */
struct err log_file_lines(void *path, log_line_fn *line, void *to);

/* The tree's root when it had `size` leaves, as somebody signed it. */
struct log_known {
    const char *name;  /* who says so: a file's name, or "line 17" */
    struct str origin; /* of which log */
    uint64_t size;
    struct merkle_hash root;
};
/* An event's hash_self, as a receipt has it. */
struct log_leaf {
    const char *name;
    uint64_t seq;
    uint8_t hash_self[SHA256_LEN];
};

struct log_check {
    struct arena *arena;
    struct trust *trust;
    struct report *report;
    struct log_known *known; /* given, in the order of size */
    size_t known_n, known_cap;
    struct log_leaf *leaves;
    size_t leaves_n, leaves_cap;
    bool events_only; /* the log need not carry checkpoints: others vouch for its tree */
};

void log_check_init(struct log_check *c, struct arena *arena, struct trust *trust,
                    struct report *report);

/* A checkpoint, or a receipt (both its forms): what it vouches for must be in the log. Its own
 * signature is checked first, a line of the report. ERR_INPUT when it can be read as neither. */
MUST_CHECK struct err log_check_against(struct log_check *c, const char *name, struct str bytes);
MUST_CHECK struct err log_check_known(struct log_check *c, const char *name,
                                      const struct checkpoint *checkpoint);

/* Chain, form, numbers, clock, tree, signatures, key rotations, and what is known: lines of the
 * report. An error is one of reading. Key rotations in the log widen `trust`: call _keys before
 * anything is judged against it, then _run. */
MUST_CHECK struct err log_check_keys(struct log_check *c, const struct log_source *source);
MUST_CHECK struct err log_check_run(struct log_check *c, const struct log_source *source);

#endif
