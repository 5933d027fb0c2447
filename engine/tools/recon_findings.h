/* Private to engine/tools: what a pass over one account found, handed out in chunks. The matcher's
 * answer is held as numbers; rows for the book are worded chunk by chunk, in the chunk's memory. */
#ifndef ENGINE_TOOLS_RECON_FINDINGS_H
#define ENGINE_TOOLS_RECON_FINDINGS_H

#include "engine/tools/recon_chunk.h"
#include "engine/tools/recon_inputs.h"

struct findings {
    struct open_account open;
    struct recon_result *result; /* NULL: nothing is open */
    size_t match_next, exception_next;
    struct proposal_ground ground;
    struct reversed reversed;
    bool broken; /* a statement of the account does not add up */
};

/* Reads what is open in the account on the reader's snapshot, lets it go, and matches. `arena` is
 * for parameters and errors; it must outlive the findings, as must the ids. On an error, too, they
 * are the caller's to free. */
MUST_CHECK struct err findings_compute(struct findings *f, struct job_port *port,
                                       struct arena *arena, const struct policy *policy,
                                       const struct entity *entity, const char *account_id);
void findings_free(struct findings *f); /* takes one that is all zero */

/* An upper bound of the rows still to come. */
size_t findings_left(const struct findings *f);

#define FINDINGS_CHUNK_ROWS 500 /* of matches, and about as many exceptions */

/* The next rows, in `arena`: matches that nobody has rejected before, then exceptions that the book
 * does not list yet; at least one as long as there are any. Asks the book on the reader's snapshot.
 */
MUST_CHECK struct err findings_take(struct findings *f, struct job_port *port, struct arena *arena,
                                    struct recon_chunk *chunk);

#endif
