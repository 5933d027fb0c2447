/* A book's first transaction, and what every start of the engine records. The engine acts in its
 * own name here: there is nobody else yet, or it only says what is so. */
#ifndef ENGINE_CALL_BOOT_H
#define ENGINE_CALL_BOOT_H

#include "engine/ingest/master.h"
#include "engine/store/store.h"
#include "engine/tools/tool.h"

struct log_keys; /* engine/store/log_keys.h */

/* The longest policy text. */
#define POLICY_BYTES_MAX ((size_t)1024 * 1024)

struct boot_role {
    const char *role;
    const char *entity; /* NULL: every entity */
};
struct boot_identity {
    const char *kind, *issuer, *subject; /* issuer "" when the kind has none */
};

/* A person of the first hour. */
struct boot_person {
    const char *name;
    struct boot_role *roles;
    size_t roles_n;
    struct boot_identity *identities;
    size_t identities_n;
};

/* people.yaml: {people: [{id, name, title?, roles: [{role, entities: all | [..]}], identities?}]}.
 * A person without identities gets kind actor with their id as subject. */
MUST_CHECK struct err people_read(struct arena *arena, struct str yaml, struct boot_person **people,
                                  size_t *n);

struct boot_spec {
    struct str policy_text;
    const struct json *proof; /* policy_admit's; NULL: the first start proves the policy */
    const struct boot_person *people;
    size_t people_n;
    const struct client *clients;
    size_t clients_n;
    const struct master *master; /* NULL: none yet */
    struct log_keys *log_keys;   /* of the data folder; NULL: the log is not signed */
    bool demo;                   /* SEEDED names the demo company */
    bool prod;
};

/* The policy in `text`, bound to the book's entities; it lives in `arena`. Errors are placed at
 * `line:column pointer`. */
MUST_CHECK struct err policy_parse(struct arena *arena, struct str text, struct policy **policy);
MUST_CHECK struct err policy_for_book(struct arena *arena, struct tx *tx, struct str text,
                                      struct policy **policy);

/* Writes BOOK_CREATED (with the policy, people and clients), and SEEDED for master data, into an
 * empty book: one transaction, all or nothing. ERR_CONFLICT when the book has events already. */
MUST_CHECK struct err book_create(struct store *store, const struct boot_spec *spec,
                                  int64_t (*clock_us)(void), struct arena *arena);

/* Gives a book that has none its first log key, which signs from KEY_ROTATED on. ERR_CONFLICT when
 * it has one. */
MUST_CHECK struct err book_first_key(struct store *store, struct log_keys *keys,
                                     int64_t (*clock_us)(void), struct arena *arena);

/* What stands at the start of a process. */
struct boot_start {
    struct str policy_text;    /* the file's bytes */
    const char *config_sha256; /* of the settings, secrets left out */
    const char *binary_sha256; /* of the executable */
    bool prod;
};

/* Decides which policy is in force and records the start: in dev a changed file is in force at once
 * (POLICY_LOADED); in prod it stays inert, the last one in force goes on, and *inert is set, also
 * when it is the one in force that cannot go on. The policy lives in `arena`. Appends
 * ENGINE_STARTED, and then sweeps as engine:recovery what a dead process left behind
 * (RECOVERY_SWEEP, when it left anything). */
MUST_CHECK struct err engine_start(struct store *store, const struct boot_start *start,
                                   int64_t (*clock_us)(void), struct arena *arena,
                                   struct policy **policy, bool *inert);

/* The policy in force without recording a start: for commands that only read. */
MUST_CHECK struct err policy_now(struct tx *tx, struct arena *arena, struct policy **policy);

#endif
