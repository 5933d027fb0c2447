/* Private to the checking of logs: one line of an export. */
#ifndef COMMON_VERIFY_LOG_LINE_H
#define COMMON_VERIFY_LOG_LINE_H

#include "common/base/arena.h"
#include "common/sys/crypt.h"

enum log_line_kind { LOG_LINE_BAD = 0, LOG_LINE_EVENT, LOG_LINE_CHECKPOINT };

struct log_line {
    uint64_t seq;
    uint8_t hash_prev[SHA256_LEN], hash_self[SHA256_LEN];
    struct str event; /* a slice: the very bytes that were hashed */
    struct str note;  /* of a checkpoint, in the arena */
};

/* Strict: an event's line is laid out exactly as the export does. The arena is for checkpoints. */
enum log_line_kind log_line_parse(struct arena *arena, struct str line, struct log_line *out);

#endif
