/* How a command changes the book: as a call on the same spine as everybody's, in the name of the
 * person at the keyboard (`os` identity, channel cli). Through the running engine's Unix socket,
 * or, when none runs, through the same code on the locked book. There is no third way. */
#ifndef ENGINE_CLI_RUN_CALL_H
#define ENGINE_CLI_RUN_CALL_H

#include "engine/cli/cli.h"
#include "engine/tools/tool.h"

struct run_call {
    enum call_outcome outcome; /* OK, PENDING or DENIED; a failure is the function's error */
    const struct json *result;
    const struct json *receipt; /* of the event that recorded it; NULL: none came */
    bool by_daemon;
};

/* ERR_MISSING when there is no book; ERR_AUTH when the person is nobody to the registry. */
MUST_CHECK struct err run_call(struct cli *cli, const char *tool, const struct json *arguments,
                               struct run_call *out);

/* A tool of TOOL_READ, or a resource (by uri), on a snapshot: needs no daemon and disturbs none. */
MUST_CHECK struct err run_read(struct cli *cli, const char *tool_or_uri,
                               const struct json *arguments, const struct json **result);

/* The same through the running engine when there is one: whoever administers need not be able to
 * read the book's file. The tool is offered on the socket. */
MUST_CHECK struct err run_ask(struct cli *cli, const char *tool, const struct json *arguments,
                              const struct json **result);

/* The person of this terminal, as the daemon would know them. */
MUST_CHECK struct err run_person(struct tx *tx, struct arena *arena, struct actor *actor);

#endif
