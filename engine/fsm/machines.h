/* Every machine of the engine, for docs/fsm.md and the test that checks them all. */
#ifndef ENGINE_FSM_MACHINES_H
#define ENGINE_FSM_MACHINES_H

#include "common/base/workflow_run.h"
#include "engine/fsm/approval.h"
#include "engine/fsm/entry.h"
#include "engine/fsm/exception.h"
#include "engine/fsm/match.h"
#include "engine/fsm/matching_rule.h"

extern const struct fsm *const fsm_machines[];
extern const size_t fsm_machines_n;

#endif
