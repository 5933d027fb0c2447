/* minizip reads the directory and zlib unpacks; what may be in an archive is decided here, before
 * any of it is. */
#include "common/sys/zip_read.h"

#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/sys/zip_write.h"

#define PIECE_MAX ((size_t)64 * 1024)

struct zip_reader {
    unzFile zip;
    struct zip_entry *entries;        /* as the directory has them */
    const struct zip_entry **by_name; /* sorted */
    size_t n;
    char raw[PIECE_MAX], piece[PIECE_MAX]; /* as stored, unpacked */
};

/* ---- the caller's file ---- */

static voidpf file_given(voidpf opaque, const void *name, int mode)
{
    (void)name, (void)mode;
    return opaque;
}

static int file_kept(voidpf opaque, voidpf stream)
{
    (void)opaque, (void)stream;
    return 0;
}

/* minizip looks for an archive anywhere in the file; ours begins and ends with it (APPNOTE 4.3.7,
 * 4.3.16: the end record without a comment). */
static struct err frame_check(FILE *from)
{
    enum { END_LEN = 22 };
    char head[4], tail[END_LEN];
    ENSURE(fseeko(from, 0, SEEK_SET) == 0 && fread(head, sizeof head, 1, from) == 1 &&
               memcmp(head, "PK\3\4", 4) == 0,
           ERR_INPUT, "this is no ZIP archive");
    ENSURE(fseeko(from, -END_LEN, SEEK_END) == 0 && fread(tail, sizeof tail, 1, from) == 1 &&
               memcmp(tail, "PK\5\6", 4) == 0 && memcmp(tail + END_LEN - 2, "\0\0", 2) == 0,
           ERR_INPUT, "the archive is cut off, or something stands behind it");
    return OK;
}

/* ---- the directory ---- */

static struct err entry_check(const char *name, const unz_file_info64 *info,
                              const struct zip_limits *limits)
{
    if (!zip_name_good(name))
        return err_new(ERR_INPUT, "an entry's name is none that may be unpacked");
    ENSURE(info->size_filename == strlen(name), ERR_INPUT, "an entry's name holds a NUL");
    ENSURE((info->flag & 1) == 0, ERR_INPUT, "an entry is encrypted");
    ENSURE(info->compression_method == 0 || info->compression_method == Z_DEFLATED, ERR_INPUT,
           "an entry is compressed in a way that we do not write");
    ENSURE(info->uncompressed_size <= limits->entry_bytes_max, ERR_LIMIT,
           "an entry is larger than one may be");
    return OK;
}

static struct err entry_take(struct zip_reader *z, struct arena *arena,
                             const struct zip_limits *limits, struct zip_entry *entry)
{
    char name[ZIP_NAME_MAX + 2] = "";
    unz_file_info64 info;
    unz64_file_pos at;
    ENSURE(unzGetCurrentFileInfo64(z->zip, &info, name, sizeof name - 1, NULL, 0, NULL, 0) ==
                   UNZ_OK &&
               unzGetFilePos64(z->zip, &at) == UNZ_OK,
           ERR_INPUT, "the archive's directory cannot be read");
    ENSURE(info.size_filename <= ZIP_NAME_MAX, ERR_INPUT, "an entry's name is too long");
    TRY(entry_check(name, &info, limits));
    *entry = (struct zip_entry){.name = arena_strdup(arena, name),
                                .size = info.uncompressed_size,
                                .place = at.pos_in_zip_directory,
                                .number = at.num_of_file,
                                .crc32 = (uint32_t)info.crc,
                                .deflated = info.compression_method == Z_DEFLATED};
    return arena_check(arena);
}

static int by_name(const void *a, const void *b)
{
    const struct zip_entry *const *one = a, *const *other = b;
    return strcmp((*one)->name, (*other)->name);
}

static struct err directory_read(struct zip_reader *z, struct arena *arena,
                                 const struct zip_limits *limits)
{
    unz_global_info64 info;
    uint64_t total = 0;
    ENSURE(unzGetGlobalInfo64(z->zip, &info) == UNZ_OK, ERR_INPUT,
           "the archive's directory cannot be read");
    ENSURE(info.number_entry <= limits->entries_max, ERR_LIMIT,
           "the archive has more entries than it may have");
    z->n = (size_t)info.number_entry;
    z->entries = ARENA_ARRAY(arena, z->n + 1, struct zip_entry);
    z->by_name = ARENA_ARRAY(arena, z->n + 1, const struct zip_entry *);
    TRY(arena_check(arena));
    for (size_t i = 0; i < z->n; i++) {
        ENSURE((i == 0 ? unzGoToFirstFile(z->zip) : unzGoToNextFile(z->zip)) == UNZ_OK, ERR_INPUT,
               "the archive's directory is cut off");
        TRY(entry_take(z, arena, limits, &z->entries[i]));
        total += z->entries[i].size;
        ENSURE(total <= limits->bytes_max, ERR_LIMIT, "the archive is larger than one may be");
        z->by_name[i] = &z->entries[i];
    }
    qsort(z->by_name, z->n, sizeof z->by_name[0], by_name);
    for (size_t i = 1; i < z->n; i++) {
        if (strcmp(z->by_name[i - 1]->name, z->by_name[i]->name) == 0)
            return err_at(ERR_INPUT, z->by_name[i]->name,
                          "the archive has two entries of one name");
    }
    return OK;
}

struct err zip_reader_new(struct arena *arena, FILE *from, const struct zip_limits *limits,
                          struct zip_reader **out)
{
    zlib_filefunc64_def funcs;
    TRY(frame_check(from));
    struct zip_reader *z = calloc(1, sizeof *z);
    ENSURE(z != NULL, ERR_LIMIT, "out of memory");
    fill_fopen64_filefunc(&funcs);
    funcs.zopen64_file = file_given;
    funcs.zclose_file = file_kept;
    funcs.opaque = from;
    z->zip = unzOpen2_64("", &funcs);
    struct err e = z->zip == NULL ? err_new(ERR_INPUT, "this is no ZIP archive")
                                  : directory_read(z, arena, limits);
    if (e.kind != ERR_NONE) {
        zip_reader_free(z);
        return e;
    }
    *out = z;
    return OK;
}

void zip_reader_free(struct zip_reader *z)
{
    if (z == NULL)
        return;
    if (z->zip != NULL)
        (void)unzClose(z->zip);
    free(z);
}

size_t zip_entries_n(const struct zip_reader *z)
{
    return z->n;
}

const struct zip_entry *zip_entry_at(const struct zip_reader *z, size_t i)
{
    return &z->entries[i];
}

const struct zip_entry *zip_entry_find(const struct zip_reader *z, const char *name)
{
    const struct zip_entry wanted = {.name = name}, *key = &wanted;
    const struct zip_entry **found =
        z->n == 0 ? NULL : bsearch(&key, z->by_name, z->n, sizeof z->by_name[0], by_name);
    return found == NULL ? NULL : *found;
}

/* ---- an entry ---- */

/* minizip would stop at the length that the directory tells, whatever comes behind it, and another
 * program would not: so we take the bytes as they are stored and unpack them here. */
struct unpacking {
    z_stream from;
    zip_piece_fn *fn;
    void *arg;
    uint64_t seen;
    uLong sum;
    bool ended; /* of what is deflated */
};

static struct err piece_give(struct unpacking *u, const struct zip_entry *entry, const char *at,
                             size_t len)
{
    u->seen += len;
    u->sum = crc32(u->sum, (const Bytef *)at, (uInt)len);
    if (u->seen > entry->size)
        return err_at(ERR_INPUT, entry->name, "this entry is longer than it says");
    return len == 0 ? OK : u->fn(u->arg, (struct str){at, len});
}

static struct err piece_inflate(struct zip_reader *z, const struct zip_entry *entry,
                                struct unpacking *u, size_t len)
{
    int rc;
    u->from.next_in = (Bytef *)z->raw;
    u->from.avail_in = (uInt)len;
    do {
        if (u->ended)
            return err_at(ERR_INPUT, entry->name, "something stands behind what this entry holds");
        u->from.next_out = (Bytef *)z->piece;
        u->from.avail_out = (uInt)PIECE_MAX;
        rc = inflate(&u->from, Z_NO_FLUSH);
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return err_at(ERR_INPUT, entry->name, "this entry cannot be unpacked");
        TRY(piece_give(u, entry, z->piece, PIECE_MAX - u->from.avail_out));
        u->ended = rc == Z_STREAM_END;
    } while (u->from.avail_in > 0 || (!u->ended && u->from.avail_out == 0));
    return OK;
}

static struct err pieces(struct zip_reader *z, const struct zip_entry *entry, struct unpacking *u)
{
    for (;;) {
        const int got = unzReadCurrentFile(z->zip, z->raw, (unsigned)sizeof z->raw);
        if (got < 0)
            return err_at(ERR_INPUT, entry->name, "this entry cannot be read");
        if (got == 0)
            break;
        TRY(entry->deflated ? piece_inflate(z, entry, u, (size_t)got)
                            : piece_give(u, entry, z->raw, (size_t)got));
    }
    if (u->seen != entry->size || (entry->deflated && !u->ended))
        return err_at(ERR_INPUT, entry->name, "this entry is shorter than it says");
    if (u->sum != entry->crc32)
        return err_at(ERR_INPUT, entry->name, "this entry's checksum does not fit");
    return OK;
}

struct err zip_entry_read(struct zip_reader *z, const struct zip_entry *entry, zip_piece_fn *fn,
                          void *arg)
{
    const unz64_file_pos at = {entry->place, entry->number};
    struct unpacking u = {.fn = fn, .arg = arg, .sum = crc32(0, NULL, 0)};
    int method, level;
    if (unzGoToFilePos64(z->zip, &at) != UNZ_OK ||
        unzOpenCurrentFile2(z->zip, &method, &level, 1) != UNZ_OK)
        return err_at(ERR_INPUT, entry->name, "this entry cannot be opened");
    struct err e = inflateInit2(&u.from, -MAX_WBITS) == Z_OK ? pieces(z, entry, &u)
                                                             : err_new(ERR_LIMIT, "out of memory");
    (void)inflateEnd(&u.from);
    (void)unzCloseCurrentFile(z->zip);
    return e;
}

static struct err piece_keep(void *arg, struct str piece)
{
    buf_put(arg, piece.at, piece.len);
    return buf_check(arg);
}

struct err zip_entry_text(struct zip_reader *z, struct arena *arena, const struct zip_entry *entry,
                          size_t len_max, struct str *bytes)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf whole;
    buf_init(&whole, len_max);
    if (entry->size > len_max)
        return err_at(ERR_LIMIT, entry->name, "this entry is longer than one may be");
    TRY(zip_entry_read(z, entry, piece_keep, &whole));
    *bytes = (struct str){arena_dup(arena, buf_text(&whole), whole.len), whole.len};
    return arena_check(arena);
}
