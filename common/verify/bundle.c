/* From the archive inwards: the manifest, who signed it, every file, then what is in them. */
#include "common/verify/bundle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/json_read.h"
#include "common/verify/bundle_own.h"

#define NOTE_MAX ((size_t)64 * 1024)

static const struct json_limits json_limits = {
    .depth_max = 64, .bytes_max = BUNDLE_JSON_MAX, .nodes_max = 5000000};

bool bundle_unread(struct bundle *b, const char *check, struct err e, struct err *out)
{
    if (e.kind == ERR_NONE)
        return true;
    if (e.kind == ERR_INPUT || e.kind == ERR_LIMIT || e.kind == ERR_AUTH || e.kind == ERR_CONFLICT)
        return report_fails(b->report, check,
                            e.where == NULL ? NULL : arena_strdup(b->arena, e.where), "%s", e.msg);
    *out = e;
    return false;
}

bool bundle_json(struct bundle *b, struct arena *arena, const char *name, struct json **tree)
{
    const struct zip_entry *entry = zip_entry_find(b->zip, name);
    struct str text;
    if (entry == NULL)
        return report_fails(b->report, "files", name, "this file is missing");
    struct err e = zip_entry_text(b->zip, arena, entry, BUNDLE_JSON_MAX, &text);
    if (e.kind == ERR_NONE)
        e = json_read(arena, text, &json_limits, tree);
    if (e.kind != ERR_NONE)
        return report_fails(b->report, "files", name, "this file cannot be read: %s", e.msg);
    return true;
}

/* ---- the manifest ---- */

static int by_name(const void *x, const void *y)
{
    const struct bundle_file *a = x, *b = y;
    return strcmp(a->name, b->name);
}

const struct bundle_file *bundle_file_find(const struct bundle *b, const char *name)
{
    const struct bundle_file wanted = {.name = name};
    return b->files_n == 0 ? NULL
                           : bsearch(&wanted, b->files, b->files_n, sizeof *b->files, by_name);
}

static bool manifest_fails(struct bundle *b, const char *where, const char *says)
{
    return report_fails(b->report, "manifest", where, "%s", says);
}

static bool file_take(const struct json *row, struct bundle_file *file)
{
    *file = (struct bundle_file){.name = json_get_text(row, "name"),
                                 .sha256 = json_get_text(row, "sha256")};
    return file->name != NULL && file->sha256 != NULL && strlen(file->sha256) == 64 &&
           json_int(json_get(row, "bytes"), &file->bytes) && file->bytes >= 0 &&
           strncmp(file->name, "manifest.", 9) != 0;
}

static bool files_take(struct bundle *b, const struct json *list)
{
    if (!json_is(list, JSON_TYPE_ARRAY) || list->count == 0 || list->count > BUNDLE_ENTRIES_MAX)
        return manifest_fails(b, "/files", "expected the list of files");
    b->files = ARENA_ARRAY(b->arena, list->count, struct bundle_file);
    if (b->files == NULL)
        return manifest_fails(b, "/files", "too many files");
    for (size_t i = 0; i < list->count; i++) {
        if (!file_take(list->items[i], &b->files[i]))
            return manifest_fails(b, arena_fmt(b->arena, "/files/%zu", i),
                                  "expected name, bytes and sha256");
    }
    b->files_n = list->count;
    qsort(b->files, b->files_n, sizeof *b->files, by_name);
    for (size_t i = 1; i < b->files_n; i++) {
        if (strcmp(b->files[i - 1].name, b->files[i].name) == 0)
            return manifest_fails(b, b->files[i].name, "this file is listed twice");
    }
    return true;
}

static bool manifest_take(struct bundle *b, const struct json *m)
{
    const struct json *entities = json_get(m, "entities");
    if (!text_eq(json_get_text(m, "format"), BUNDLE_FORMAT))
        return manifest_fails(b, "/format", "this is no " BUNDLE_FORMAT);
    b->origin = json_get_text(m, "origin");
    b->control = json_get_text(m, "control");
    b->partial = json_is(entities, JSON_TYPE_ARRAY);
    if (b->origin == NULL || !note_name_valid(str_of(b->origin)))
        return manifest_fails(b, "/origin", "expected the log's name");
    if (!json_int(json_get(m, "first_seq"), &b->first) ||
        !json_int(json_get(m, "last_seq"), &b->last) || b->first < 1 || b->last < b->first ||
        !json_int(json_get(m, "events"), &b->events) || b->events != b->last - b->first + 1 ||
        !json_int(json_get(m, "transactions"), &b->transactions))
        return manifest_fails(b, "/first_seq", "expected the period's events and their number");
    if (b->control != NULL && !control_good(b->control))
        return manifest_fails(b, "/control", "this is no control");
    struct err e = sample_plan_read(json_get(m, "sample"), &b->plan);
    if (e.kind != ERR_NONE)
        return manifest_fails(b, "/sample", e.msg);
    return files_take(b, json_get(m, "files"));
}

static bool manifest_check(struct bundle *b)
{
    const struct zip_entry *entry = zip_entry_find(b->zip, "manifest.json");
    struct json *tree;
    struct str text;
    if (entry == NULL)
        return manifest_fails(b, NULL, "the archive has no manifest.json");
    struct err e = zip_entry_text(b->zip, b->arena, entry, BUNDLE_JSON_MAX, &text);
    if (e.kind == ERR_NONE)
        e = json_read(b->arena, text, &json_limits, &tree);
    if (e.kind != ERR_NONE)
        return manifest_fails(b, e.where, e.msg);
    sha256_hex(text.at, text.len, b->manifest_sha256);
    if (!manifest_take(b, tree))
        return false;
    json_put_text(b->arena, b->report->facts, "origin", b->origin);
    json_put_text(b->arena, b->report->facts, "from", json_get_text(tree, "from"));
    json_put_text(b->arena, b->report->facts, "to", json_get_text(tree, "to"));
    json_put_int(b->arena, b->report->facts, "first_seq", b->first);
    json_put_int(b->arena, b->report->facts, "last_seq", b->last);
    json_put_bool(b->arena, b->report->facts, "all_entities", !b->partial);
    json_put_text(b->arena, b->report->facts, "manifest_sha256", b->manifest_sha256);
    return true;
}

/* ---- who signed it ---- */

/* The bundle's own rotations of the key: believed as far as they hang on a key that was given. */
static bool keys_take(struct bundle *b, struct err *e)
{
    struct json *proof;
    if (!bundle_json(b, b->arena, "chain_proof.json", &proof))
        return false;
    const struct json *list = json_pointer_get(proof, "/keys/statements");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const char *statement = json_text(list->items[i]);
        if (statement == NULL)
            return report_fails(b->report, "keys", "chain_proof.json", "expected statements");
        if (!bundle_unread(b, "keys", trust_state(b->trust, str_of(statement)), e))
            return false;
    }
    return true;
}

/* What is wrong with the signatures, or NULL. Whoever signs a bundle holds the key of the day,
 * which signs more than the period's events; a key that ended within the period or before is in
 * other hands. It may begin later: bundles are made again after a rotation. */
static const char *signers_problem(const struct bundle *b, const struct note *note)
{
    bool any = false, ended = false;
    for (size_t i = 0; i < b->trust->n; i++) {
        const struct trust_key *k = &b->trust->keys[i];
        if (!k->believed || strcmp(k->key.name, b->origin) != 0)
            continue;
        const enum note_check found = note_check(note, &k->key, NULL);
        if (found == NOTE_FORGED)
            return "a signature does not hold";
        if (found == NOTE_SIGNED)
            *(k->until > (uint64_t)b->last ? &any : &ended) = true;
    }
    if (any)
        return NULL;
    return ended ? "it is signed by a key that was retired before the period's end"
                 : "it is not signed by a key that was given";
}

static bool signature_check(struct bundle *b, struct err *e)
{
    const struct zip_entry *entry = zip_entry_find(b->zip, "manifest.note");
    CLEANUP(buf_fini) struct buf expected;
    struct note *note = ARENA_NEW(b->arena, struct note);
    struct str text;
    buf_init(&expected, NOTE_MAX);
    if (entry == NULL)
        return report_fails(b->report, "signature", "manifest.note",
                            "nobody signed this bundle: the book's log had no key");
    bundle_note_put(&expected, b->origin, b->first, b->last, b->manifest_sha256);
    struct err read = note == NULL ? err_new(ERR_STORE, "no memory") : buf_check(&expected);
    if (read.kind == ERR_NONE)
        read = zip_entry_text(b->zip, b->arena, entry, NOTE_MAX, &text);
    if (read.kind == ERR_NONE)
        read = note_parse(text, note);
    if (!bundle_unread(b, "signature", read, e))
        return false;
    if (!str_eq(note->text, buf_str(&expected)))
        return report_fails(b->report, "signature", "manifest.note",
                            "what is signed is another manifest");
    const char *problem = signers_problem(b, note);
    if (problem != NULL)
        return report_fails(b->report, "signature", "manifest.note", "%s", problem);
    report_holds(b->report, "signature", "the manifest is signed by the key of %s", b->origin);
    return true;
}

/* ---- every file ---- */

struct hashing {
    struct sha256 sum;
};

static struct err piece_hash(void *arg, struct str piece)
{
    struct hashing *h = arg;
    sha256_add(&h->sum, piece.at, piece.len);
    return OK;
}

static bool file_check(struct bundle *b, struct bundle_file *file, struct err *e)
{
    const struct zip_entry *entry = zip_entry_find(b->zip, file->name);
    struct hashing h;
    uint8_t sum[SHA256_LEN];
    char hex[SHA256_HEX_SIZE];
    if (entry == NULL)
        return report_fails(b->report, "files", file->name, "this file is missing");
    if (entry->size != (uint64_t)file->bytes)
        return report_fails(b->report, "files", file->name, "this file has another length");
    sha256_begin(&h.sum);
    struct err read = zip_entry_read(b->zip, entry, piece_hash, &h);
    sha256_end(&h.sum, sum);
    if (!bundle_unread(b, "files", read, e))
        return false;
    hex_print(sum, sizeof sum, hex);
    if (strcmp(hex, file->sha256) != 0)
        return report_fails(b->report, "files", file->name, "this file was changed");
    return true;
}

static bool files_check(struct bundle *b, struct err *e)
{
    for (size_t i = 0; i < zip_entries_n(b->zip); i++) {
        const char *name = zip_entry_at(b->zip, i)->name;
        if (strcmp(name, "manifest.json") != 0 && strcmp(name, "manifest.note") != 0 &&
            bundle_file_find(b, name) == NULL)
            return report_fails(b->report, "files", name, "the manifest does not know this file");
    }
    for (size_t i = 0; i < b->files_n; i++) {
        if (!file_check(b, &b->files[i], e))
            return false;
    }
    report_holds(b->report, "files",
                 "%zu files are there, each as the manifest has it, and no more", b->files_n);
    return true;
}

/* ---- all of it ---- */

static bool steps(struct bundle *b, struct err *e)
{
    return manifest_check(b) && keys_take(b, e) && signature_check(b, e) && files_check(b, e) &&
           bundle_log_check(b, e) && bundle_sample_check(b, e);
}

struct err bundle_check(struct arena *arena, FILE *from, uint64_t len, struct trust *trust,
                        struct report *report)
{
    uint64_t most =
        len > BUNDLE_BYTES_MAX / BUNDLE_RATIO_MAX ? BUNDLE_BYTES_MAX : len * BUNDLE_RATIO_MAX;
    struct bundle b = {.arena = arena, .trust = trust, .report = report};
    struct err e = OK;
    if (most < BUNDLE_FREE)
        most = BUNDLE_FREE;
    const struct zip_limits limits = {BUNDLE_ENTRIES_MAX, most, most};
    if (!bundle_unread(&b, "archive", zip_reader_new(arena, from, &limits, &b.zip), &e))
        return e;
    b.scratch = arena_new((size_t)1 << 30);
    if (b.scratch == NULL)
        e = err_new(ERR_STORE, "no memory");
    b.tallies.arena = arena;
    if (e.kind == ERR_NONE && !steps(&b, &e) && e.kind == ERR_NONE && report_good(report))
        e = err_new(ERR_BUG, "a step of the check failed and does not say why");
    arena_free(b.scratch);
    zip_reader_free(b.zip);
    return e.kind == ERR_NONE ? arena_check(arena) : e;
}
