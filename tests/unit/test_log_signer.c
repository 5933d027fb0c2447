/* A process that holds the log's keys: it signs as the keys would here, changes them as they would
 * be changed here, and signs nothing that is no log's. An engine without its signer stops. */
#include "engine/store/log_signer.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/log.h"
#include "engine/store/log_signer_own.h"
#include "tests/unit/test.h"

static const char text[] = "closegate/book_1\n1\nx\n";

static char folder[64];
static struct log_signer *signer;
static struct log_keys *keys;

static void up(void)
{
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
                 an_engine_whose_signer_has_ended_stops_at_the_next_signature,
                 the_signer_ends_with_the_engine_and_not_by_its_signals)
