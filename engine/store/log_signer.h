/* The log's private keys in a process of their own: the engine has their public side and asks it to
 * sign. Whoever takes the engine over can have things signed while they are there, and takes no key
 * away. It keeps that promise only where the folder of the keys is out of the engine's reach
 * (CLOSEGATE_KEY_DIR, engine/cli/confined.c).
 *
 * It is forked before the engine holds anything, confines itself to the folder, and ends with the
 * engine. It signs heads that go on from what it signed before (log_signed.h), statements about its
 * own keys, evidence bundles, and nothing else. An engine whose signer has ended, or does not sign,
 * stops: what cannot be signed is not committed. */
#ifndef ENGINE_STORE_LOG_SIGNER_H
#define ENGINE_STORE_LOG_SIGNER_H

#include "common/sys/confine.h"
#include "engine/store/log_keys.h"

struct log_signer;

/* While there is one thread, and before confine_early: what a process has locked in memory is not
 * locked in its child. Returns once the signer has confined itself; its errors are told
 * here (ERR_STORE with `need` CONFINE_WHOLE, as confine_apply). */
MUST_CHECK struct err log_signer_start(const char *key_dir, enum confine_need need,
                                       struct log_signer **out);
/* The signer ends by itself then. Takes NULL; after log_keys_free. */
void log_signer_free(struct log_signer *signer);
CLEANUP_DEFINE(struct log_signer *, log_signer_free)

int64_t log_signer_pid(const struct log_signer *signer);

/* log_keys_open, with the signer's keys. Errors are worded until the next one. */
MUST_CHECK struct err log_signer_keys(struct log_signer *signer, struct log_keys **keys);

/* From now on the heads are `store`'s, which proves that they go on; it is looked at while one is
 * signed, and never later than the next call of this. */
void log_signer_follow(struct log_signer *signer, struct store *store);
/* Whether what was signed is in the store's tree (of tree_sign_with). ERR_STORE says what to do. */
MUST_CHECK struct err log_signer_agrees(struct log_signer *signer, struct store *store);

#endif
