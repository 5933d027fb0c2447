/* The ids of assertions that were used, kept as long as one could come again. Two generations: what
 * was put in is found for at least `keep_s` and at most twice that; memory is bounded by the
 * ceiling. One thread. */
#ifndef ENGINE_AUTH_JTI_SET_H
#define ENGINE_AUTH_JTI_SET_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define JTI_SET_MAX ((size_t)1 << 20) /* ids a generation */

struct jti_set;

struct jti_set *jti_set_new(int64_t keep_s, size_t ids_max); /* NULL without memory */
void jti_set_free(struct jti_set *set);
CLEANUP_DEFINE(struct jti_set *, jti_set_free)

/* Uses `jti` of `client`: ERR_CONFLICT when it is in the set already, ERR_LIMIT when the set is
 * full (then it is not used). `now_s` must not go back; when it does, nothing is forgotten. */
MUST_CHECK struct err jti_set_use(struct jti_set *set, const char *client, const char *jti,
                                  int64_t now_s);

#endif
