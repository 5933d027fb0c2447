/* Characters that reorder, hide or break what is shown, or carry text that nobody sees. */
#ifndef COMMON_BASE_UNSEEN_H
#define COMMON_BASE_UNSEEN_H

#include <stdbool.h>
#include <stdint.h>

/* Controls beyond ASCII, bidi marks and overrides, invisible letters and fillers, line and
 * paragraph separators, tags and supplementary variation selectors. Not the joiners U+200C and
 * U+200D nor the variation selectors U+FE00 to U+FE0F: whole scripts need them. ASCII's own
 * controls are the caller's to judge. */
bool unseen(uint32_t cp);

/* Those that are left out above: alone they shape the character before them, many in a row say
 * nothing to anybody's eye. */
bool unseen_in_rows(uint32_t cp);

#endif
