/* Private to engine/store/log_keys*.c: the private keys of the data folder. */
#ifndef ENGINE_STORE_LOG_KEYS_OWN_H
#define ENGINE_STORE_LOG_KEYS_OWN_H

#include "engine/store/log_keys.h"

#define LOG_KEY_FILE  "log.key"
#define LOG_NEXT_FILE "log.key.next"
#define KEY_PATH_MAX  4096

enum key_file { KEY_FILE_NOW = 0, KEY_FILE_NEXT, KEY_FILE_N };

/* A file and what it holds; secret NULL: there is no such file. */
struct key_slot {
    char path[KEY_PATH_MAX];
    struct note_signer signer; /* its key is named once the book is known */
};

/* Slots change places when a rotation is finished, so a signer that a store uses stays where it is.
 */
struct log_keys {
    char folder[KEY_PATH_MAX];
    struct key_slot slots[KEY_FILE_N];
    size_t now;                /* the slot of log.key; the other one is log.key.next's */
    bool rotated;              /* the files may be behind the book */
    struct log_signer *signer; /* who holds them; NULL: this process */
};

struct key_slot *log_keys_slot(struct log_keys *keys, enum key_file file);
/* Whether this slot holds the private half of the key. */
bool log_keys_holds(const struct key_slot *slot, const struct note_key *key);
/* Loads the file, or makes it, or does neither when it is loaded already. */
MUST_CHECK struct err log_keys_fill(struct key_slot *slot);
/* The same, also where somebody else holds them. */
MUST_CHECK struct err log_keys_fill_in(struct log_keys *keys, enum key_file file);
/* log.key.next becomes log.key; what was log.key is kept as log.key.<id>.retired, or overwritten
 * and removed under that name. Any part of it may have been done before. */
MUST_CHECK struct err log_keys_advance(struct log_keys *keys, const struct note_key *retired,
                                       bool wipe);

#endif
