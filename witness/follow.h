/* Looking at logs by ourselves, on a thread of its own: checkpoint, proof from tiles, and then the
 * same judgement as of what is brought. */
#ifndef WITNESS_FOLLOW_H
#define WITNESS_FOLLOW_H

#include "witness/witness.h"

struct follower;

/* `settings` and `witness` must outlive it. *out is NULL when there is nothing to follow. */
MUST_CHECK struct err follow_start(const struct witness_settings *settings, struct witness *witness,
                                   struct follower **out);
void follow_stop(struct follower *f); /* takes NULL; ends what is under way */

#endif
