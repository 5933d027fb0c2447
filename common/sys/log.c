/* A line is built in a fixed buffer on the stack and leaves with one write(2), so lines of several
 * threads never mix and logging needs no memory. What does not fit is left out and `cut` says so.
 */
#include "common/sys/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES    ((size_t)8192)
#define LINE_TAIL         ((size_t)64) /* kept free for `cut` and the line's end */
#define VALUE_MAX_BYTES   ((size_t)2048)
#define MESSAGE_MAX_BYTES ((size_t)512) /* fits even when every byte is escaped */
#define SLOTS             ((size_t)128)

struct line {
    char at[LINE_MAX_BYTES];
    size_t len, max;
    bool full; /* the field being written did not fit */
};

struct slot {
    uint64_t hash;
    int64_t since_ms;
    uint32_t seen, dropped;
};

static struct {
    pthread_mutex_t lock;
    struct log_options options;
    bool set;
    struct slot slot[SLOTS];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local char request_id[64], trace_id[64];

static const char *const level_names[] = {"error", "warn", "info", "debug"};

struct log_options log_options_default(void)
{
    return (struct log_options){.level = LOG_INFO,
                                .fd = STDERR_FILENO,
                                .human = isatty(STDERR_FILENO) == 1,
                                .burst = 50,
                                .window_ms = 1000};
}

void log_init(const struct log_options *options)
{
    (void)pthread_mutex_lock(&state.lock);
    state.options = *options;
    state.set = true;
    memset(state.slot, 0, sizeof state.slot);
    (void)pthread_mutex_unlock(&state.lock);
}

static struct log_options options_now(void)
{
    (void)pthread_mutex_lock(&state.lock);
    if (!state.set) {
        state.options = log_options_default();
        state.set = true;
    }
    struct log_options options = state.options;
    (void)pthread_mutex_unlock(&state.lock);
    return options;
}

bool log_level_parse(const char *text, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (!text_eq(text, level_names[i]))
            continue;
        *out = (enum log_level)i;
        return true;
    }
    return false;
}

bool log_enabled(enum log_level level)
{
    return level <= options_now().level;
}

static void copy_id(char out[64], const char *id)
{
    size_t n = id == NULL ? 0 : strlen(id);
    n = n < 63 ? n : 63;
    if (n > 0)
        memcpy(out, id, n);
    out[n] = '\0';
}

void log_context(const char *request, const char *trace)
{
    copy_id(request_id, request);
    copy_id(trace_id, trace);
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False when the line is one too many; otherwise *dropped says how many like it were. */
static bool let_through(const struct log_options *options, enum log_level level,
                        const char *message, uint32_t *dropped)
{
    *dropped = 0;
    if (options->burst == 0)
        return true;
    uint64_t hash = (uint64_t)level + 1;
    for (const char *p = message; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001B3);
    int64_t now = clock_ms(CLOCK_MONOTONIC);
    (void)pthread_mutex_lock(&state.lock);
    struct slot *slot = &state.slot[hash % SLOTS];
    if (slot->hash != hash || now - slot->since_ms >= (int64_t)options->window_ms) {
        *dropped = slot->hash == hash ? slot->dropped : 0;
        *slot = (struct slot){.hash = hash, .since_ms = now};
    }
    bool pass = slot->seen < options->burst;
    slot->seen += pass ? 1 : 0;
    slot->dropped += pass ? 0 : 1;
    (void)pthread_mutex_unlock(&state.lock);
    return pass;
}

static void put(struct line *line, const char *bytes, size_t len)
{
    if (line->full || len > line->max - line->len) {
        line->full = true;
        return;
    }
    memcpy(line->at + line->len, bytes, len);
    line->len += len;
}

static void puts_line(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_int(struct line *line, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", (long long)v);
    put(line, text, (size_t)n);
}

/* C0, DEL and C1 controls, and the marks that turn text around on a terminal. */
static bool needs_escape(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x2028 || cp == 0x2029 ||
           cp == 0x200E || cp == 0x200F || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static void put_escaped(struct line *line, struct str text, size_t max)
{
    size_t len = text.len < max ? text.len : max;
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = utf8_next(text.at + i, text.len - i, &cp);
        char escape[8];
        if (n == 0) {
            puts_line(line, "\\ufffd");
            n = 1;
        } else if (cp == '"' || cp == '\\') {
            put(line, cp == '"' ? "\\\"" : "\\\\", 2);
        } else if (needs_escape(cp)) {
            int w = snprintf(escape, sizeof escape, "\\u%04x", (unsigned)cp);
            put(line, escape, (size_t)w);
        } else {
            put(line, text.at + i, n);
        }
        i += n;
    }
    if (text.len > len)
        puts_line(line, "…");
}

static void put_quoted(struct line *line, struct str text)
{
    put(line, "\"", 1);
    put_escaped(line, text, VALUE_MAX_BYTES);
    put(line, "\"", 1);
}

static bool is_secret_name(const char *name)
{
    static const char *const words[] = {"token",  "secret",      "password", "authorization",
                                        "cookie", "private_key", "api_key"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(name, words[i]) != NULL)
            return true;
    }
    return false;
}

static void put_value(struct line *line, const struct log_field *field)
{
    if (is_secret_name(field->name)) {
        puts_line(line, "\"[hidden]\"");
        return;
    }
    switch (field->kind) {
    case LOG_KIND_TEXT:
        if (field->text == NULL)
            puts_line(line, "null");
        else
            put_quoted(line, str_of(field->text));
        break;
    case LOG_KIND_STR:
        put_quoted(line, field->str);
        break;
    case LOG_KIND_INT:
        put_int(line, field->number);
        break;
    case LOG_KIND_BOOL:
        puts_line(line, field->number != 0 ? "true" : "false");
        break;
    case LOG_KIND_END:
        break;
    }
}

/* A field is written whole or not at all. */
static void put_field(struct line *line, bool human, const struct log_field *field)
{
    size_t before = line->len;
    line->full = false;
    puts_line(line, human ? "  " : ",\"");
    puts_line(line, field->name);
    puts_line(line, human ? "=" : "\":");
    put_value(line, field);
    if (!line->full)
        return;
    line->len = before;
    line->max = before; /* nothing after it either */
}

static void put_time(struct line *line, bool human)
{
    char text[48];
    int64_t now = clock_ms(CLOCK_REALTIME);
    time_t seconds = (time_t)(now / 1000);
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm);
    int n =
        snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(now % 1000));
    if (n > 0 && (size_t)n < sizeof text)
        put(line, human ? text + 11 : text, (size_t)n - (human ? 11 : 0));
}

static void put_start(struct line *line, bool human, enum log_level level, const char *message)
{
    puts_line(line, human ? "" : "{\"time\":\"");
    put_time(line, human);
    puts_line(line, human ? " " : "\",\"level\":\"");
    puts_line(line, level_names[level]);
    puts_line(line, human ? (level == LOG_ERROR || level == LOG_DEBUG ? " " : "  ")
                          : "\",\"message\":\"");
    put_escaped(line, str_of(message), MESSAGE_MAX_BYTES);
    puts_line(line, human ? "" : "\"");
}

static void put_end(struct line *line, bool human, bool cut)
{
    line->max = sizeof line->at;
    line->full = false;
    if (cut)
        puts_line(line, human ? "  cut=true" : ",\"cut\":true");
    puts_line(line, human ? "\n" : "}\n");
}

static void line_out(int fd, const struct line *line)
{
    size_t done = 0;
    while (done < line->len) {
        ssize_t n = write(fd, line->at + done, line->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody reads the log; there is nobody to tell */
        done += (size_t)n;
    }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields)
{
    struct log_options options = options_now();
    uint32_t dropped = 0;
    if (level > options.level || !let_through(&options, level, message, &dropped))
        return;
    struct line line;
    line.len = 0;
    line.max = sizeof line.at - LINE_TAIL;
    line.full = false;
    bool human = options.human;
    put_start(&line, human, level, message);
    const struct log_field ids[] = {LOG_TEXT("request_id", request_id),
                                    LOG_TEXT("trace_id", trace_id), LOG_INT("dropped", dropped)};
    if (request_id[0] != '\0')
        put_field(&line, human, &ids[0]);
    if (trace_id[0] != '\0')
        put_field(&line, human, &ids[1]);
    if (dropped > 0)
        put_field(&line, human, &ids[2]);
    for (const struct log_field *f = fields; f->kind != LOG_KIND_END; f++)
        put_field(&line, human, f);
    put_end(&line, human, line.full);
    line_out(options.fd, &line);
}
