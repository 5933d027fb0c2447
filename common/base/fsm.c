/* Looking up a transition, checking a table as a whole, and drawing it. Sets of states are bits. */
#include "common/base/fsm.h"

#include <stdint.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/base/str.h"

static uint64_t bit(int state)
{
    return (uint64_t)1 << state;
}

const struct fsm_row *fsm_find(const struct fsm *machine, int state, int event)
{
    for (size_t i = 0; i < machine->n_rows; i++) {
        if (machine->rows[i].state == state && machine->rows[i].event == event)
            return &machine->rows[i];
    }
    return NULL;
}

const char *fsm_state_name(const struct fsm *machine, int state)
{
    return state >= 0 && (size_t)state < machine->n_states ? machine->state_names[state] : "?";
}

const char *fsm_event_name(const struct fsm *machine, int event)
{
    return event >= 0 && (size_t)event < machine->n_events ? machine->event_names[event] : "?";
}

struct err fsm_step(const struct fsm *machine, int state, int event, struct arena *arena, int *next)
{
    const struct fsm_row *row = fsm_find(machine, state, event);
    if (row == NULL)
        return err_fmt(arena, ERR_CONFLICT, NULL, "%s: no %s from %s", machine->name,
                       fsm_event_name(machine, event), fsm_state_name(machine, state));
    *next = row->next;
    return OK;
}

struct err fsm_state_parse(const struct fsm *machine, const char *name, struct arena *arena,
                           int *state)
{
    for (size_t i = 0; i < machine->n_states; i++) {
        if (text_eq(name, machine->state_names[i])) {
            *state = (int)i;
            return OK;
        }
    }
    return err_fmt(arena, ERR_STORE, NULL, "%s: no state is called %s", machine->name,
                   name == NULL ? "(null)" : name);
}

static struct err fault(const struct fsm *machine, struct arena *arena, const char *what,
                        const char *name)
{
    return err_fmt(arena, ERR_BUG, NULL, "%s: %s %s", machine->name, what, name);
}

static struct err names_check(const struct fsm *machine, const char *const *names, size_t n,
                              struct arena *arena)
{
    for (size_t i = 0; i < n; i++) {
        if (text_empty(names[i]))
            return fault(machine, arena, "a name is missing", "");
        for (size_t j = 0; j < i; j++) {
            if (text_eq(names[i], names[j]))
                return fault(machine, arena, "two are called", names[i]);
        }
    }
    return OK;
}

/* Either every row has a tier or none has. */
static bool has_tiers(const struct fsm *machine)
{
    return machine->n_rows > 0 && machine->rows[0].tier != FSM_TIER_NONE;
}

static bool tier_fits(const struct fsm *machine, int tier)
{
    return has_tiers(machine) ? tier >= FSM_TIER_ENGINE && tier <= 3 : tier == FSM_TIER_NONE;
}

static struct err rows_check(const struct fsm *machine, struct arena *arena)
{
    uint64_t events = 0;
    for (size_t i = 0; i < machine->n_rows; i++) {
        const struct fsm_row *row = &machine->rows[i];
        if (row->state < 0 || (size_t)row->state >= machine->n_states || row->next < 0 ||
            (size_t)row->next >= machine->n_states)
            return fault(machine, arena, "a row names a state that is none", "");
        if (row->event < 0 || (size_t)row->event >= machine->n_events)
            return fault(machine, arena, "a row names an event that is none", "");
        if (!tier_fits(machine, row->tier))
            return fault(machine, arena, "no such tier on", fsm_event_name(machine, row->event));
        if (fsm_find(machine, row->state, row->event) != row)
            return err_fmt(arena, ERR_BUG, NULL, "%s: two rows for %s from %s", machine->name,
                           fsm_event_name(machine, row->event),
                           fsm_state_name(machine, row->state));
        if (machine->terminal[row->state])
            return fault(machine, arena, "a row leaves the terminal state",
                         fsm_state_name(machine, row->state));
        events |= bit(row->event);
    }
    for (int event = 0; (size_t)event < machine->n_events; event++) {
        if (!(events & bit(event)))
            return fault(machine, arena, "no row uses the event", fsm_event_name(machine, event));
    }
    return OK;
}

/* `set` and all that is reached from it, following the rows forward or back. */
static uint64_t closure(const struct fsm *machine, uint64_t set, bool forward)
{
    for (uint64_t before = 0; set != before;) {
        before = set;
        for (size_t i = 0; i < machine->n_rows; i++) {
            const struct fsm_row *row = &machine->rows[i];
            if (set & bit(forward ? row->state : row->next))
                set |= bit(forward ? row->next : row->state);
        }
    }
    return set;
}

static struct err paths_check(const struct fsm *machine, struct arena *arena)
{
    uint64_t ends = 0, leaves = 0;
    for (int state = 0; (size_t)state < machine->n_states; state++)
        ends |= machine->terminal[state] ? bit(state) : 0;
    for (size_t i = 0; i < machine->n_rows; i++)
        leaves |= bit(machine->rows[i].state);
    uint64_t reached = closure(machine, bit(machine->initial), true);
    uint64_t finishes = closure(machine, ends, false);
    for (int state = 0; (size_t)state < machine->n_states; state++) {
        const char *name = fsm_state_name(machine, state);
        if (!(reached & bit(state)))
            return fault(machine, arena, "nothing leads to the state", name);
        if (!((leaves | ends) & bit(state)))
            return fault(machine, arena, "a dead end that is not terminal:", name);
    }
    for (int state = 0; (size_t)state < machine->n_states; state++) {
        if (ends != 0 && !(finishes & bit(state)))
            return fault(machine, arena, "no terminal state can be reached from",
                         fsm_state_name(machine, state));
    }
    return OK;
}

struct err fsm_check(const struct fsm *machine, struct arena *arena)
{
    if (machine->n_states < 1 || machine->n_states > FSM_STATES_MAX || machine->n_events < 1 ||
        machine->n_events > FSM_EVENTS_MAX)
        return fault(machine, arena, "too few or too many states or events", "");
    if (machine->initial < 0 || (size_t)machine->initial >= machine->n_states)
        return fault(machine, arena, "the initial state is none", "");
    TRY(names_check(machine, machine->state_names, machine->n_states, arena));
    TRY(names_check(machine, machine->event_names, machine->n_events, arena));
    TRY(rows_check(machine, arena));
    return paths_check(machine, arena);
}

static const char *tier_name(int tier)
{
    static const char *const names[] = {"T0", "T1", "T2", "T3"};
    return tier == FSM_TIER_ENGINE ? "engine" : names[tier];
}

void fsm_print(const struct fsm *machine, struct buf *out)
{
    buf_putf(out, "## %s\n\n```mermaid\nstateDiagram-v2\n", machine->name);
    buf_putf(out, "    [*] --> %s\n", fsm_state_name(machine, machine->initial));
    for (size_t i = 0; i < machine->n_rows; i++) {
        const struct fsm_row *row = &machine->rows[i];
        buf_putf(out, "    %s --> %s: %s\n", fsm_state_name(machine, row->state),
                 fsm_state_name(machine, row->next), fsm_event_name(machine, row->event));
    }
    for (int state = 0; (size_t)state < machine->n_states; state++) {
        if (machine->terminal[state])
            buf_putf(out, "    %s --> [*]\n", fsm_state_name(machine, state));
    }
    const bool tiers = has_tiers(machine);
    buf_puts(out, "```\n\n| state | event | next |");
    buf_puts(out, tiers ? " tier |\n|---|---|---|---|\n" : "\n|---|---|---|\n");
    for (size_t i = 0; i < machine->n_rows; i++) {
        const struct fsm_row *row = &machine->rows[i];
        buf_putf(out, "| %s | %s | %s |", fsm_state_name(machine, row->state),
                 fsm_event_name(machine, row->event), fsm_state_name(machine, row->next));
        if (tiers)
            buf_putf(out, " %s |", tier_name(row->tier));
        buf_putc(out, '\n');
    }
}
