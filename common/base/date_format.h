/* Dates in a spelling that somebody declared. A format is never guessed from the dates: 03/04/2026
 * is two dates, and only the sender knows which.
 *
 * Tokens: YYYY; YY; MM and DD with two digits; M and D with one or two; MMM as in Jan, JAN or jan.
 * Everything between is taken literally and may be any of - / . , and space. A format names the
 * year, the month and the day once each, and M and D are not followed by another digit: "DMYYYY" is
 * refused. */
#ifndef COMMON_BASE_DATE_FORMAT_H
#define COMMON_BASE_DATE_FORMAT_H

#include "common/base/civil.h"
#include "common/base/err.h"

enum { NO_PIVOT = -1 };

/* OK when date_parse_format can use it. With YY the pivot must be stated (0 to 100). */
MUST_CHECK struct err date_format_check(const char *format, int pivot);

/* The whole of `text` in `format`. Two-digit years below the pivot are 20YY, the others 19YY.
 * ERR_INPUT for a bad format, for text that does not fit it, and for a day that does not exist. */
MUST_CHECK struct err date_parse_format(const char *text, const char *format, int pivot,
                                        struct date *d);

#endif
