/* One walk over JSON text that lies there, without a tree: for text this program wrote itself
 * (compact, no twin keys), where a list shows one line of a long document. It does not judge the
 * text, which json_read does; in text that is no JSON it finds something or nothing, and never
 * looks past its end.
 *
 *     struct json_skim s = json_skim_of(text);
 *     for (json_skim_into(&s, '{'); json_skim_key(&s, &key);)
 *         if (!str_is(key, "name") || !json_skim_text(&s, &name))
 *             json_skim_pass(&s);
 */
#ifndef COMMON_BASE_JSON_SKIM_H
#define COMMON_BASE_JSON_SKIM_H

#include "common/base/str.h"

struct json_skim {
    const char *at, *end;
};

struct json_skim json_skim_of(struct str text);

/* Steps into an object ('{') or an array ('['). False, and stays, when none begins here. */
bool json_skim_into(struct json_skim *s, char bracket);

/* Within an object: the next member's key as it is written, and steps before its value; false, and
 * steps behind the object, when there is none. */
bool json_skim_key(struct json_skim *s, struct str *key);

/* Within an array: steps before the next element; false, and behind the array, when there is none.
 */
bool json_skim_item(struct json_skim *s);

/* Passes a text; *quoted is it as it is written, with its quotes. False, and stays, at another
 * value. */
bool json_skim_text(struct json_skim *s, struct str *quoted);

/* Passes the value that begins here. */
void json_skim_pass(struct json_skim *s);

#endif
