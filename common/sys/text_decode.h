/* Other encodings into UTF-8 without losing a byte: what is not valid in the source comes out as
 * bytes that are not valid UTF-8 (utf8_valid says no), so that the fault stays in its own row. */
#ifndef COMMON_SYS_TEXT_DECODE_H
#define COMMON_SYS_TEXT_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buf.h"

/* UTF-16 code units without a byte order mark. A lone surrogate becomes its three-byte form, an odd
 * last byte 0xFF. Appends to `out`, whose failure (memory, ceiling) is asked with buf_check. */
void text_from_utf16(const void *bytes, size_t len, bool big_endian, struct buf *out);

/* Windows-1252; the five undefined bytes stay as they are. */
void text_from_windows_1252(const void *bytes, size_t len, struct buf *out);

#endif
