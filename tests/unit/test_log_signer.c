/* A process that holds the log's keys: it signs as the keys would here, changes them as they would
 * be changed here, and signs nothing that is no log's, no other key and no other past. An engine
 * without its signer stops. */
#include "engine/store/log_signer.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/disk.h"
#include "common/sys/log.h"
#include "engine/store/log_signer_own.h"
#include "tests/unit/raw_book.h"

/* Of an evidence bundle: what needs no book. */
static const char text[] = "closegate-bundle/1\nclosegate/book_1\n1 2\n"
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

static char folder[64];
static struct log_signer *signer;
static struct log_keys *keys;

/* log.signed as the disk has it for certain; the signer's syncs come by here. */
static struct durable {
    size_t len;
    char bytes[16384];
} * durable;

static void signed_path(char path[96])
{
    (void)snprintf(path, 96, "%s/" LOG_SIGNED_FILE, folder);
}

int fdatasync(int fd)
{
    struct stat ours, its;
    char path[96];
    const int rc = (int)syscall(SYS_fdatasync, fd);
    signed_path(path);
    if (rc == 0 && fstat(fd, &its) == 0 && stat(path, &ours) == 0 && its.st_ino == ours.st_ino &&
        its.st_dev == ours.st_dev)
        durable->len = (size_t)pread(fd, durable->bytes, sizeof durable->bytes, 0);
    return rc;
}

static bool is_durable(void)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct str bytes;
    char path[96];
    signed_path(path);
    ck_ok(disk_read(arena, path, sizeof durable->bytes, &bytes));
    return durable->len == bytes.len && memcmp(durable->bytes, bytes.at, bytes.len) == 0;
}

static void up(void)
{
    durable =
        mmap(NULL, sizeof *durable, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(durable, MAP_FAILED);
    struct log_options quiet = log_options_default();
    quiet.fd = -1;
    log_init(&quiet);
    (void)snprintf(folder, sizeof folder, "/tmp/closegate-signer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_ok(log_signer_start(folder, CONFINE_PARTLY, &signer));
    ck_ok(log_signer_keys(signer, &keys));
}

static void file_remove(const char *name)
{
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)unlink(path);
}

static void tear_down(void)
{
    log_keys_free(keys);
    const pid_t pid = (pid_t)log_signer_pid(signer);
    log_signer_free(signer);
    (void)waitpid(pid, NULL, 0);
    DIR *dir = opendir(folder);
    for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
        file_remove(d->d_name);
    (void)closedir(dir);
    (void)rmdir(folder);
    (void)munmap(durable, sizeof *durable);
}

static bool there(const char *name)
{
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void signs(const struct key_slot *slot)
{
    uint8_t sig[ED25519_SIG_LEN], public_key[ED25519_KEY_LEN];
    ck_assert_ptr_nonnull(slot->signer.secret);
    ed25519_public(slot->signer.secret, public_key);
    ed25519_sign(slot->signer.secret, text, sizeof text - 1, sig);
    ck_assert(ed25519_verify(public_key, text, sizeof text - 1, sig));
}

START_TEST(a_key_that_is_made_there_signs_from_here)
{
    ck_assert_ptr_null(log_keys_slot(keys, KEY_FILE_NOW)->signer.secret);
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    ck_assert(there("log.key"));
    signs(log_keys_slot(keys, KEY_FILE_NOW));
}
END_TEST

START_TEST(a_rotation_moves_the_files_there_and_the_slots_here)
{
    struct note_key retired;
    char aside[64], id[2 * NOTE_ID_LEN + 1];
    uint8_t public_key[ED25519_KEY_LEN], next_public[ED25519_KEY_LEN];
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NEXT));
    ck_assert(there("log.key.next"));
    const struct key_slot *next = log_keys_slot(keys, KEY_FILE_NEXT);
    ed25519_public(log_keys_slot(keys, KEY_FILE_NOW)->signer.secret, public_key);
    ed25519_public(next->signer.secret, next_public);
    ck_ok(note_key_make("closegate/book_1", NOTE_ED25519, public_key, &retired));
    ck_ok(log_keys_advance(keys, &retired, false));
    ck_assert_ptr_eq(log_keys_slot(keys, KEY_FILE_NOW), next);
    ed25519_public(next->signer.secret, public_key);
    ck_assert_mem_eq(public_key, next_public, sizeof public_key);
    signs(next);
    ck_assert_ptr_null(log_keys_slot(keys, KEY_FILE_NEXT)->signer.secret);
    hex_print(retired.id, NOTE_ID_LEN, id);
    (void)snprintf(aside, sizeof aside, "log.key.%s.retired", id);
    ck_assert(there("log.key") && !there("log.key.next") && there(aside));
}
END_TEST

START_TEST(its_errors_are_told_here)
{
    struct note_key other = {.alg = NOTE_ED25519};
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NEXT));
    struct err e = log_keys_advance(keys, &other, false);
    ck_assert_int_eq(e.kind, ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(e.msg, "neither the book's current key nor the one before"));
    signs(log_keys_slot(keys, KEY_FILE_NOW));
}
END_TEST

START_TEST(a_folder_that_is_not_there_or_a_file_for_others_is_told)
{
    char path[80];
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    (void)snprintf(path, sizeof path, "%s/log.key", folder);
    ck_assert_int_eq(chmod(path, 0644), 0);
    struct log_keys *again = NULL;
    struct err e = log_signer_keys(signer, &again);
    ck_assert_int_eq(e.kind, ERR_AUTH);
    ck_assert_str_eq(e.where, "log.key");
    ck_assert_ptr_null(again);
}
END_TEST

/* How a child ends that has something signed. */
static int signing_ends(const char *what, bool gone)
{
    int status = 0;
    if (gone) {
        ck_assert_int_eq(kill((pid_t)log_signer_pid(signer), SIGKILL), 0);
        ck_assert_int_eq(waitpid((pid_t)log_signer_pid(signer), NULL, 0),
                         (pid_t)log_signer_pid(signer));
    }
    const pid_t child = fork();
    if (child == 0) {
        uint8_t sig[ED25519_SIG_LEN];
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        ed25519_sign(log_keys_slot(keys, KEY_FILE_NOW)->signer.secret, what, strlen(what), sig);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

START_TEST(what_is_no_text_of_a_log_is_not_signed)
{
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    ck_assert_int_eq(signing_ends(text, false), 0);
    ck_assert_int_eq(signing_ends("eyJhbGciOiJFZERTQSJ9.e30", false), SIGABRT);
    ck_assert_int_eq(signing_ends("close", false), SIGABRT);
    ck_assert_int_eq(signing_ends("closegate-assertion/1\n", false), SIGABRT);
    ck_assert_int_eq(signing_ends("closegate/book_1\nx\n", false), SIGABRT);
}
END_TEST

/* ---- another key ---- */

static void key_of(const struct key_slot *slot, struct note_key *key)
{
    uint8_t public_key[ED25519_KEY_LEN];
    ed25519_public(slot->signer.secret, public_key);
    ck_ok(note_key_make("closegate/book_1", NOTE_ED25519, public_key, key));
}

static int statement_ends(const struct note_key *next)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1 << 16);
    struct note_key now;
    key_of(log_keys_slot(keys, KEY_FILE_NOW), &now);
    return signing_ends(arena_fmt(arena, "closegate-log-key/1\n%s\nfrom 5\nold %s\nnew %s\n",
                                  now.name, note_key_print(arena, &now),
                                  note_key_print(arena, next)),
                        false);
}

START_TEST(the_log_is_handed_over_to_the_signers_own_next_key_and_to_no_other)
{
    CLEANUP(ed25519_free) struct ed25519_key *stranger = NULL;
    uint8_t public_key[ED25519_KEY_LEN];
    struct note_key next;
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NEXT));
    key_of(log_keys_slot(keys, KEY_FILE_NEXT), &next);
    ck_assert_int_eq(statement_ends(&next), 0);
    ck_ok(ed25519_new(&stranger));
    ed25519_public(stranger, public_key);
    ck_ok(note_key_make("closegate/book_1", NOTE_ED25519, public_key, &next));
    ck_assert_int_eq(statement_ends(&next), SIGABRT);
}
END_TEST

/* ---- a book's heads ---- */

static struct book b;

static void first_key(void)
{
    const struct json *detail;
    book_up(&b);
    ck_err(log_keys_use(keys, b.store, b.arena), ERR_MISSING);
    ck_ok(tree_build(b.store));
    call_begin(&b);
    ck_ok(log_keys_rotate(keys, &b.tx, false, &detail));
    const struct event event = {.type = "KEY_ROTATED", .detail = detail};
    ck_ok(audit_append(&b.tx, &event));
    call_end(&b);
    ck_ok(log_keys_use(keys, b.store, b.arena));
}

/* The engine and its signer begin anew. */
static struct err both_again(void)
{
    const pid_t pid = (pid_t)log_signer_pid(signer);
    log_keys_free(keys);
    keys = NULL;
    log_signer_free(signer);
    (void)waitpid(pid, NULL, 0);
    book_reopen(&b);
    ck_ok(log_signer_start(folder, CONFINE_PARTLY, &signer));
    TRY(log_signer_keys(signer, &keys));
    return log_keys_use(keys, b.store, b.arena);
}

/* The signer does not come to write at its end. */
static struct err killed_and_again(void)
{
    ck_assert_int_eq(kill((pid_t)log_signer_pid(signer), SIGKILL), 0);
    return both_again();
}

static void file_copy(const char *from, const char *to)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(16 << 20);
    struct str bytes;
    ck_ok(disk_read(arena, from, 8 << 20, &bytes));
    ck_ok(disk_write_over(to, bytes.at, bytes.len, 0600));
}

static void book_file(const char *end, char path[64])
{
    (void)snprintf(path, 64, "%s%s", b.path, end);
}

START_TEST(a_book_grows_under_its_signer_over_starts_and_rotations)
{
    struct note_key retired;
    const struct json *detail;
    first_key();
    for (int i = 0; i < 300; i++) /* past a tile */
        event_add(&b, "ENGINE_STARTED");
    ck_ok(both_again());
    event_add(&b, "ENGINE_STARTED");
    call_begin(&b);
    ck_ok(log_keys_rotate(keys, &b.tx, false, &detail));
    const struct event event = {.type = "KEY_ROTATED", .detail = detail};
    ck_ok(audit_append(&b.tx, &event));
    call_end(&b);
    ck_ok(log_keys_settle(keys, b.store));
    ck_assert(is_durable()); /* before the key that signed it goes */
    event_add(&b, "ENGINE_STARTED");
    event_add(&b, "ENGINE_STARTED");
    ck_ok(both_again());
    event_add(&b, "ENGINE_STARTED");
    ck_ok(note_key_parse(str_of(json_get_text(detail, "before")), &retired));
    ck_assert(!log_keys_holds(log_keys_slot(keys, KEY_FILE_NOW), &retired));
    book_down(&b);
}
END_TEST

START_TEST(what_was_signed_is_durable_when_the_signer_has_ended)
{
    first_key();
    for (int i = 0; i < 5; i++)
        event_add(&b, "ENGINE_STARTED");
    const pid_t pid = (pid_t)log_signer_pid(signer);
    log_keys_free(keys);
    keys = NULL;
    log_signer_free(signer);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert(is_durable());
    book_reopen(&b);
    ck_ok(log_signer_start(folder, CONFINE_PARTLY, &signer));
    ck_ok(log_signer_keys(signer, &keys));
    ck_ok(log_keys_use(keys, b.store, b.arena));
    event_add(&b, "ENGINE_STARTED");
    book_down(&b);
}
END_TEST

START_TEST(what_was_signed_becomes_durable_while_nobody_asks)
{
    first_key();
    for (int i = 0; i < 5; i++)
        event_add(&b, "ENGINE_STARTED");
    while (!is_durable())
        (void)usleep(10000); /* or the suite's time is over */
    book_down(&b);
}
END_TEST

START_TEST(after_a_power_cut_the_older_slot_goes_on_and_two_bad_ones_start_nothing)
{
    char path[96];
    first_key();
    for (int i = 0; i < 5; i++)
        event_add(&b, "ENGINE_STARTED");
    signed_path(path);
    FILE *f = NULL;
    for (int slot = 0; slot < 2; slot++) {
        ck_ok(both_again()); /* from whichever slot is left */
        event_add(&b, "ENGINE_STARTED");
        f = fopen(path, "r+");
        ck_assert_int_eq(fseek(f, slot * 4096L, SEEK_SET), 0);
        ck_assert_int_ge(fputs("junk", f), 0);
        ck_assert_int_eq(fclose(f), 0);
        ck_ok(killed_and_again());
        for (int i = 0; i < 3; i++)
            event_add(&b, "ENGINE_STARTED");
    }
    f = fopen(path, "w");
    ck_assert_int_ge(fputs("junk", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    const struct err e = killed_and_again();
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(e.msg, "docs/KEYS.md"));
    ck_assert_int_eq(unlink(path), 0);
    ck_ok(both_again());
    book_down(&b);
}
END_TEST

START_TEST(events_that_were_signed_and_never_committed_are_nobodys_past)
{
    char whole[64], kept[64];
    first_key();
    event_add(&b, "ENGINE_STARTED");
    book_file("", whole);
    book_file(".kept", kept);
    store_close(b.store);
    file_copy(whole, kept);
    ck_ok(store_open(b.path, STORE_WRITER, b.arena, &b.store));
    ck_ok(log_keys_use(keys, b.store, b.arena));
    event_add(&b, "LOST"); /* as if the commit had failed behind the signature */
    store_close(b.store);
    file_copy(kept, whole);
    (void)unlink(kept);
    ck_ok(store_open(b.path, STORE_WRITER, b.arena, &b.store));
    ck_ok(log_keys_use(keys, b.store, b.arena));
    event_add(&b, "ANOTHER");
    event_add(&b, "ANOTHER");
    ck_ok(both_again());
    book_down(&b);
}
END_TEST

START_TEST(a_book_that_was_set_back_is_not_gone_on_with)
{
    char whole[64], kept[64], path[96];
    first_key();
    book_file("", whole);
    book_file(".kept", kept);
    store_close(b.store);
    file_copy(whole, kept);
    ck_ok(store_open(b.path, STORE_WRITER, b.arena, &b.store));
    ck_ok(log_keys_use(keys, b.store, b.arena));
    for (int i = 0; i < 3; i++)
        event_add(&b, "ENGINE_STARTED");
    store_close(b.store);
    b.store = NULL;
    file_copy(kept, whole);
    (void)unlink(kept);
    struct err e = both_again();
    ck_assert_int_eq(e.kind, ERR_STORE);
    ck_assert_str_eq(e.where, LOG_SIGNED_FILE);
    signed_path(path);
    ck_assert_int_eq(unlink(path), 0); /* a person's word that it is right so */
    ck_ok(both_again());
    event_add(&b, "ENGINE_STARTED");
    book_down(&b);
}
END_TEST

START_TEST(an_engine_whose_signer_has_ended_stops_at_the_next_signature)
{
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    ck_assert_int_eq(signing_ends(text, true), SIGABRT);
    ck_err(log_keys_fill_in(keys, KEY_FILE_NEXT), ERR_STORE);
}
END_TEST

START_TEST(the_signer_ends_with_the_engine_and_not_by_its_signals)
{
    const pid_t pid = (pid_t)log_signer_pid(signer);
    ck_assert_int_eq(kill(pid, SIGTERM), 0);
    ck_assert_int_eq(kill(pid, SIGINT), 0);
    ck_ok(log_keys_fill_in(keys, KEY_FILE_NOW));
    signs(log_keys_slot(keys, KEY_FILE_NOW));
    log_keys_free(keys);
    keys = NULL;
    log_signer_free(signer);
    int status = 1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    signer = NULL;
    ck_ok(log_signer_start(folder, CONFINE_PARTLY, &signer)); /* for tear_down */
    ck_ok(log_signer_keys(signer, &keys));
    signs(log_keys_slot(keys, KEY_FILE_NOW)); /* of the file */
}
END_TEST

TEST_MAIN_AROUND("log_signer", up, tear_down, a_key_that_is_made_there_signs_from_here,
                 a_rotation_moves_the_files_there_and_the_slots_here, its_errors_are_told_here,
                 a_folder_that_is_not_there_or_a_file_for_others_is_told,
                 what_is_no_text_of_a_log_is_not_signed,
                 the_log_is_handed_over_to_the_signers_own_next_key_and_to_no_other,
                 a_book_grows_under_its_signer_over_starts_and_rotations,
                 what_was_signed_is_durable_when_the_signer_has_ended,
                 what_was_signed_becomes_durable_while_nobody_asks,
                 after_a_power_cut_the_older_slot_goes_on_and_two_bad_ones_start_nothing,
                 events_that_were_signed_and_never_committed_are_nobodys_past,
                 a_book_that_was_set_back_is_not_gone_on_with,
                 an_engine_whose_signer_has_ended_stops_at_the_next_signature,
                 the_signer_ends_with_the_engine_and_not_by_its_signals)
