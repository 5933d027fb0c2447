/* The log: one JSON object a line on stderr, one write(2) a line; on a terminal, lines for people.
 * A message is a constant sentence, what varies goes into fields. Safe from any thread.
 *
 *   log_info("listening", LOG_TEXT("addr", addr), LOG_INT("port", port), LOG_END);
 *
 * Text is escaped (bad UTF-8 becomes U+FFFD), long values are cut. A field whose name says secret
 * (token, secret, password, authorization, cookie, private_key, api_key) prints as "[hidden]"; do
 * not rely on it: secrets do not belong in a log call. The same message more than `burst` times in
 * `window_ms` is dropped and counted; the next one let through says how many (`dropped`). */
#ifndef COMMON_SYS_LOG_H
#define COMMON_SYS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum log_kind { LOG_KIND_END = 0, LOG_KIND_TEXT, LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_BOOL };

struct log_field {
    const char *name; /* [a-z0-9_]+ */
    enum log_kind kind;
    const char *text; /* NULL prints as null */
    struct str str;
    int64_t number;
};

/* clang-format off */
#define LOG_TEXT(n, v) {.name = (n), .kind = LOG_KIND_TEXT, .text = (v)}
#define LOG_STR(n, v)  {.name = (n), .kind = LOG_KIND_STR, .str = (v)}
#define LOG_INT(n, v)  {.name = (n), .kind = LOG_KIND_INT, .number = (int64_t)(v)}
#define LOG_BOOL(n, v) {.name = (n), .kind = LOG_KIND_BOOL, .number = (v) ? 1 : 0}
#define LOG_END        {.kind = LOG_KIND_END}
/* clang-format on */
/* The parts of a struct err: three fields. */
#define LOG_ERR(e)                                                                                 \
    LOG_TEXT("error", err_kind_name((e).kind)), LOG_TEXT("why", (e).msg), LOG_TEXT("at", (e).where)

struct log_options {
    enum log_level level; /* more detailed lines are dropped */
    int fd;               /* where lines go */
    bool human;           /* lines for people instead of JSON */
    uint32_t burst;       /* 0: no rate limit */
    uint32_t window_ms;
};

/* LOG_INFO, stderr, human when that is a terminal, 50 a second. Also what holds before log_init. */
struct log_options log_options_default(void);
void log_init(const struct log_options *options);
/* "error", "warn", "info", "debug"; false otherwise. */
bool log_level_parse(const char *text, enum log_level *out);
bool log_enabled(enum log_level level);

/* The ids put into every line of this thread until changed; NULL for none. Copied (63 bytes at
 * most). */
void log_context(const char *request_id, const char *trace_id);

/* `fields` ends with LOG_END. Use the macros. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#define log_error(message, ...)                                                                    \
    log_write(LOG_ERROR, (message), (const struct log_field[]){__VA_ARGS__})
#define log_warn(message, ...)                                                                     \
    log_write(LOG_WARN, (message), (const struct log_field[]){__VA_ARGS__})
#define log_info(message, ...)                                                                     \
    log_write(LOG_INFO, (message), (const struct log_field[]){__VA_ARGS__})
#define log_debug(message, ...)                                                                    \
    log_write(LOG_DEBUG, (message), (const struct log_field[]){__VA_ARGS__})

#endif
