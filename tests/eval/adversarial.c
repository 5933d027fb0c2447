/* The adversarial dimension: the scenarios in order, each tried and judged. */
#include <string.h>

#include "tests/eval/trial.h"

static const struct scenario *const tables[] = {
    hijack_scenarios, role_scenarios,      exfil_scenarios, action_scenarios,
    schema_scenarios, transport_scenarios, real_scenarios};
enum { TABLES = sizeof tables / sizeof tables[0] };

size_t adversarial_count(void)
{
    size_t n = 0;
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct scenario *s = tables[t]; s->id != NULL; s++)
            n++;
    }
    return n;
}

void adversarial_list(struct buf *out)
{
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct scenario *s = tables[t]; s->id != NULL; s++)
            buf_putf(out, "%-28s %-18s %s%s\n", s->id, s->category, s->tries,
                     tables[t] == real_scenarios ? " (--model real)" : "");
    }
}

struct err adversarial_run(struct eval *e)
{
    const bool real = e->llm.api != LLM_API_NONE;
    bool found = false;
    for (size_t t = 0; t < TABLES; t++) {
        for (const struct scenario *s = tables[t]; s->id != NULL; s++) {
            if (real != (tables[t] == real_scenarios) ||
                (e->only != NULL && strcmp(e->only, s->id) != 0))
                continue;
            found = true;
            TRY(trial_run(e, s));
        }
    }
    ENSURE(found, ERR_INPUT, "there is no such scenario (--list names them)");
    return OK;
}
