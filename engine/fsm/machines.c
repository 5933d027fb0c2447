/* The list. */
#include "engine/fsm/machines.h"

const struct fsm *const fsm_machines[] = {&fsm_entry,    &fsm_match,     &fsm_matching_rule,
                                          &fsm_approval, &fsm_exception, &fsm_workflow_run};
const size_t fsm_machines_n = sizeof fsm_machines / sizeof fsm_machines[0];
