/* Private to engine/cli: what `init` and `seed` share. */
#ifndef ENGINE_CLI_NEW_BOOK_H
#define ENGINE_CLI_NEW_BOOK_H

#include "engine/call/boot.h"
#include "engine/cli/cli.h"

/* Makes the data folder, the keys of the workspace and its service, policy.yaml and the book with
 * its first transaction. The person who runs it is linked to the first of `people` by their user of
 * this host. What an earlier attempt left half-done is taken up. ERR_CONFLICT when there is a book
 * already. */
MUST_CHECK struct err new_book(struct cli *cli, struct str policy_text, struct boot_person *people,
                               size_t people_n, const struct master *master, bool demo);

/* True when the data folder holds a book with at least its first event. */
bool book_exists(struct cli *cli);

#endif
