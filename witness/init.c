/* `init` makes the witness's key; `key` prints what logs and verifiers are given of it. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/sys/log.h"
#include "witness/commands.h"
#include "witness/witness.h"

static int vkey_told(struct cli *cli)
{
    struct note_signer signer = {.secret = NULL};
    struct err e = witness_key_load(cli->arena, cli_settings(cli), &signer);
    ed25519_free(signer.secret);
    if (e.kind != ERR_NONE)
        return cli_fail(cli, e);
    const char *vkey = note_key_print(cli->arena, &signer.key);
    if (!cli->json) {
        printf("%s\n", vkey == NULL ? "" : vkey);
        return CLI_YES;
    }
    struct json *o = json_object_new(cli->arena);
    json_put_text(cli->arena, o, "vkey", vkey);
    cli_print(cli, o);
    return CLI_YES;
}

static struct err key_make(struct cli *cli)
{
    CLEANUP(ed25519_free) struct ed25519_key *key = NULL;
    const char *folder = cli_settings(cli)->data_dir;
    const char *path = arena_fmt(cli->arena, "%s/" WITNESS_KEY_FILE, folder);
    TRY(arena_check(cli->arena));
    if (cli_settings(cli)->name[0] == '\0')
        return err_at(ERR_INPUT, "CLOSEGATE_WITNESS_NAME", "say what the witness is called");
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return err_at(ERR_STORE, folder, "the folder could not be made; its parent must exist");
    TRY(ed25519_new(&key));
    return ed25519_save(key, path);
}

static int run_init(struct cli *cli)
{
    struct err e = key_make(cli);
    if (e.kind != ERR_NONE) {
        int code = cli_fail(cli, e);
        return e.kind == ERR_CONFLICT ? CLI_NO : code;
    }
    return vkey_told(cli);
}

const struct command command_init = {
    .name = "init",
    .args = "",
    .summary = "make the witness's key, and print its public side (vkey)",
    .help =
        "Makes witness.key in the data folder, mode 0600, and never replaces one (exit 2). The\n"
        "name is CLOSEGATE_WITNESS_NAME and part of the key.",
    .run = run_init,
};

const struct command command_key = {
    .name = "key",
    .args = "",
    .summary = "print the witness's verifier key (vkey, type 04)",
    .help = "For CLOSEGATE_WITNESSES of the engine, and for verifiers (--witness).",
    .run = vkey_told,
};
