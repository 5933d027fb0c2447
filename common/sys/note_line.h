/* Private to the readers of notes: how a place in a text of lines is named. */
#ifndef COMMON_SYS_NOTE_LINE_H
#define COMMON_SYS_NOTE_LINE_H

#include "common/base/str.h"

/* "line 3", static; lines are counted from 1. */
const char *note_line(size_t n);
/* How many line ends a text has. */
size_t note_lines_of(struct str text);

#endif
