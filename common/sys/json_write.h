/* Writes JSON text by yajl_gen into a bounded buffer. There is no error to check until the end: the
 * first failure (too big, bad UTF-8, a key missing or too many, unbalanced ends) is kept, the rest
 * does nothing, and jw_done tells. Elements of an array take key NULL; members of an object need a
 * key.
 *
 *     CLEANUP(jw_fini) struct jw w;
 *     jw_init(&w, 64 * 1024);
 *     jw_obj(&w); jw_text(&w, "id", id); jw_arr_in(&w, "ids"); jw_text(&w, NULL, "a"); jw_end(&w);
 *     jw_end(&w);
 *     TRY(jw_done(&w, &body));
 */
#ifndef COMMON_SYS_JSON_WRITE_H
#define COMMON_SYS_JSON_WRITE_H

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/money.h"

#define JW_DEPTH_MAX 64

struct yajl_gen_t;

struct jw {
    struct yajl_gen_t *gen; /* private, as all of it */
    struct buf out;
    struct err failed;
    unsigned depth;
    bool is_array[JW_DEPTH_MAX];
    bool wrote;
    size_t memory_used;
    _Alignas(max_align_t) char memory[1024]; /* of `gen`; so a writer stays where it was made */
};

void jw_init(struct jw *w, size_t bytes_max);        /* compact */
void jw_init_pretty(struct jw *w, size_t bytes_max); /* indented by two spaces, for people */
void jw_fini(struct jw *w);

static inline void jw_fini_cleanup(struct jw *w)
{
    jw_fini(w);
}

void jw_obj(struct jw *w); /* an object as the whole value, or as an element */
void jw_arr(struct jw *w);
void jw_obj_in(struct jw *w, const char *key); /* an object as a member */
void jw_arr_in(struct jw *w, const char *key);
void jw_end(struct jw *w); /* ends the innermost object or array */

void jw_text(struct jw *w, const char *key, const char *text); /* NULL writes null */
void jw_str(struct jw *w, const char *key, struct str text);
void jw_int(struct jw *w, const char *key, int64_t n);
void jw_bool(struct jw *w, const char *key, bool truth);
void jw_null(struct jw *w, const char *key);
void jw_number(struct jw *w, const char *key, struct str literal); /* a valid JSON number */
/* {"amount":"12.50","currency":"USD"}; null for a money that is in no currency. */
void jw_money(struct jw *w, const char *key, struct money m);
void jw_tree(struct jw *w, const char *key, const struct json *tree); /* NULL writes null */
/* JSON text that is known to be good (a canonical event from the book, say), byte for byte. */
void jw_raw(struct jw *w, const char *key, struct str json);

/* The text, valid until jw_fini; or the first error: ERR_LIMIT, ERR_INPUT (bad UTF-8), ERR_BUG. */
MUST_CHECK struct err jw_done(struct jw *w, struct str *body);

#endif
