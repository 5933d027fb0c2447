/* Private to engine/gate: what an enumeration's values are called, by their place, for those who
 * read them back from text. */
#ifndef ENGINE_GATE_ASK_NAMES_H
#define ENGINE_GATE_ASK_NAMES_H

#include "engine/gate/ask.h"

#define ASK_NAMES(name, print, type)                                                               \
    static inline const char *name(unsigned i)                                                     \
    {                                                                                              \
        return print((type)i);                                                                     \
    }

ASK_NAMES(action_at, action_name, enum action)
ASK_NAMES(tier_at, tier_name, enum tier)
ASK_NAMES(kind_at, actor_kind_name, enum actor_kind)
ASK_NAMES(channel_at, channel_name, enum channel)
ASK_NAMES(state_at, match_state_name, enum match_state)
ASK_NAMES(source_at, source_name, enum source)
ASK_NAMES(decision_at, decision_name, enum decision)
ASK_NAMES(fx_at, fx_status_name, enum fx_status)

#undef ASK_NAMES

#endif
