/* No book is written without the key that signs it. */
#include "engine/cli/log_key.h"

#include "common/sys/confine.h"
#include "common/sys/log.h"
#include "engine/call/boot.h"

static struct err begin(struct cli *cli, struct store *store, struct log_keys *keys)
{
    struct err e = log_keys_use(keys, store, cli->arena);
    if (e.kind != ERR_MISSING || store_head(store)->seq == 0)
        return e.kind == ERR_MISSING ? OK : e; /* an empty book has nothing to be signed */
    if (cli_config(cli)->env == CONFIG_PROD)
        return e;
    TRY(book_first_key(store, keys, cli_clock_us, cli->arena));
    log_info("the book had no log key: one was made, and signs from now on",
             LOG_TEXT("folder", cli_config(cli)->key_dir), LOG_END);
    return OK;
}

/* By whether heads are not signed, and whether the engine need not be confined. */
const char *const *posture_of(const struct cli *cli, size_t *n)
{
    static const char *const both[] = {"unsafe_no_confinement", "unsafe_receipts_off"};
    const bool receipts_off = cli_config(cli)->receipts == CONFIG_RECEIPTS_OFF;
    const bool unconfined = cli_config(cli)->unsafe_no_confinement != CONFINE_WHOLE;
    *n = (size_t)receipts_off + (size_t)unconfined;
    if (*n == 0)
        return NULL;
    return unconfined ? both : both + 1;
}

struct err log_key_begin(struct cli *cli, struct store *store, struct log_signer *signer,
                         struct log_keys **out)
{
    CLEANUP(log_keys_free) struct log_keys *keys = NULL;
    size_t n;
    const char *const *posture = posture_of(cli, &n);
    *out = NULL;
    store_posture_set(store, posture, n);
    if (cli_config(cli)->receipts == CONFIG_RECEIPTS_OFF)
        return OK;
    if (signer != NULL)
        TRY(log_signer_keys(signer, &keys));
    else
        TRY(log_keys_open(cli_config(cli)->key_dir, &keys));
    TRY(begin(cli, store, keys));
    *out = keys;
    keys = NULL;
    return OK;
}

struct anchor_rule anchor_rule_of(const struct cli *cli)
{
    const struct config *c = cli_config(cli);
    return (struct anchor_rule){.witnesses = &c->witness_list,
                                .mode = (enum witness_mode)c->witness_mode,
                                .quorum = c->witness_quorum,
                                .max_age_s = c->witness_max_age};
}

struct err anchor_check(struct cli *cli, struct store *store)
{
    const struct anchor_rule rule = anchor_rule_of(cli);
    struct anchor anchor;
    struct tx tx;
    if (rule.mode != WITNESS_REQUIRED)
        return OK;
    TRY(tx_read_begin(store, cli->arena, cli_clock_us(), &tx));
    struct err e = anchor_read(&tx, cli->arena, &rule, &anchor);
    tx_read_end(&tx);
    TRY(e);
    if (!anchor_holds_up(&rule, &anchor, cli_clock_us()))
        return OK;
    return err_fmt(cli->arena, ERR_STORE, NULL,
                   "%s; start the engine, which brings them to the witnesses", anchor_held);
}
