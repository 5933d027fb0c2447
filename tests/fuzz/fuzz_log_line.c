/* Any bytes as an exported log: judged line by line without a fault, and never found to hold. One
 * line at a time, too: an event's bytes are a slice of it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/verify/log_check.h"
#include "common/verify/log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err lines_of(void *arg, log_line_fn *line, void *to)
{
    struct str rest = *(struct str *)arg, text;
    uint64_t number = 0;
    bool more = true;
    while (more && rest.len > 0) {
        bool ended = str_cut(rest, '\n', &text, &rest);
        more = line(to, ++number, text) && ended;
    }
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 30);
    struct str bytes = {.at = (const char *)data, .len = size};
    const struct log_source source = {lines_of, &bytes};
    struct log_line line;
    struct log_check check;
    struct trust trust;
    struct report report;
    if (log_line_parse(arena, bytes, &line) == LOG_LINE_EVENT)
        INVARIANT(line.event.at > bytes.at && line.event.at + line.event.len < bytes.at + size);
    trust_init(&trust, arena);
    report_init(&report, arena, "fuzz");
    INVARIANT(trust_give(&trust, "PeterNeumann+c74f20a3+"
                                 "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
                  .kind == ERR_NONE);
    log_check_init(&check, arena, &trust, &report);
    INVARIANT(log_check_keys(&check, &source).kind == ERR_NONE);
    INVARIANT(log_check_run(&check, &source).kind == ERR_NONE);
    INVARIANT(!report_good(&report) && report.problem != NULL);
    return 0;
}
