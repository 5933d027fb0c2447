/* The commands of closegate-verify, and what they share: whom to believe is on the command line. */
#ifndef COMMON_VERIFY_VERIFY_H
#define COMMON_VERIFY_VERIFY_H

#include "common/sys/cli.h"
#include "common/verify/trust.h"

extern const struct program verify_program;

extern const struct command command_bundle;
extern const struct command command_checkpoint;
extern const struct command command_consistency;
extern const struct command command_docs;
extern const struct command command_log;
extern const struct command command_receipt;

/* The options by which a command is told whom to believe. */
#define TRUST_OPTIONS                                                                              \
    {"key", "VKEY...", "believe this key of the log: <name>+<id>+<base64>; may be repeated"},      \
        {"key-chain", "FILE...", "believe the keys it connects with one that was given"},          \
        {"witness", "VKEY...", "ask for the cosignature of this witness; may be repeated"},        \
    {                                                                                              \
        "witnesses", "N", "how many of them must have cosigned; all, when not said"                \
    }

#define VERIFY_FILE_MAX ((size_t)64 * 1024 * 1024)

/* CLI_YES, or what the command must return: CLI_USAGE without a key, CLI_UNKNOWN for a file that
 * cannot be read. A chain of keys that does not hold is a line of the report. */
int verify_trust(struct cli *cli, struct trust *trust, struct report *report);

/* Prints the report, and gives CLI_YES or CLI_NO. */
int verify_told(const struct cli *cli, const struct report *report);

#endif
