/* application/x-www-form-urlencoded: queries and posted forms, read strictly and written so that
 * any reader agrees. Pure. */
#ifndef COMMON_BASE_FORM_H
#define COMMON_BASE_FORM_H

#include "common/base/buf.h"

/* Appends `name=value`, behind a '&' unless `out` is empty or ends in '?'. All but letters, digits,
 * '-', '.', '_' and '~' is percent-encoded (RFC 3986 2.3), a space too. */
void form_put(struct buf *out, const char *name, const char *value);
/* The same of one text alone, for a path's step or a user name. */
void form_escape(struct buf *out, const char *text);

/* The value of the one parameter of that name, decoded: %xx and + . *value is NULL when there is
 * none. ERR_INPUT: given twice, a bad escape, a NUL, no UTF-8. Other parameters are not looked at.
 */
MUST_CHECK struct err form_get(struct arena *arena, struct str form, const char *name,
                               const char **value);

#endif
