/* Private to engine/cli: the log's keys as a command that writes begins with them. */
#ifndef ENGINE_CLI_LOG_KEY_H
#define ENGINE_CLI_LOG_KEY_H

#include "engine/call/anchor.h"
#include "engine/cli/cli.h"
#include "engine/store/log_signer.h"

/* For whoever holds the book's lock: the key that the book names signs `store` from now on, before
 * anything is written. A book without a key gets its first one in dev, and says so; in prod it is
 * ERR_MISSING with what to do. ERR_AUTH when the key is not in the data folder, or its file is for
 * others to read. *keys must outlive the store; NULL when heads are not signed.
 * `signer` NULL: the keys are held by this process. */
MUST_CHECK struct err log_key_begin(struct cli *cli, struct store *store, struct log_signer *signer,
                                    struct log_keys **keys);

/* What the settings say that weakens the evidence (store_posture_set); log_key_begin says it to its
 * store. */
const char *const *posture_of(const struct cli *cli, size_t *n);

/* CLOSEGATE_WITNESSES and what they mean. */
struct anchor_rule anchor_rule_of(const struct cli *cli);

/* For whoever writes without an engine that feeds the witnesses: ERR_STORE when the book's newest
 * events have waited too long for them. */
MUST_CHECK struct err anchor_check(struct cli *cli, struct store *store);

#endif
