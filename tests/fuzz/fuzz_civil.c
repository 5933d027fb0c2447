/* Dates, instants and declared formats: text up to the first newline, the format behind it. */
#include <stdlib.h>
#include <string.h>

#include "common/base/civil.h"
#include "common/base/date_format.h"
#include "common/base/invariant.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1);
    INVARIANT(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    char *format = strchr(text, '\n');
    if (format != NULL)
        *format++ = '\0';
    struct date d;
    int64_t us, again;
    char printed[INSTANT_TEXT_MAX];
    if (date_parse(text, &d).kind == ERR_NONE) {
        date_print(d, printed);
        INVARIANT(strcmp(printed, text) == 0);
    }
    if (instant_parse(text, &us).kind == ERR_NONE) {
        instant_print(us, printed);
        INVARIANT(instant_parse(printed, &again).kind == ERR_NONE && again == us);
    }
    if (instant_parse_offset(text, &us).kind == ERR_NONE)
        INVARIANT(instant_valid(us) && date_valid(instant_date_utc(us)));
    if (format != NULL && date_parse_format(text, format, 70, &d).kind == ERR_NONE)
        INVARIANT(date_valid(d) && date_format_check(format, 70).kind == ERR_NONE);
    free(text);
    return 0;
}
