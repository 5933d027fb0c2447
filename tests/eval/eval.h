/* What every evaluation is given: the engine under trial, the keys of two clients of it, three of
 * its people, and where the findings go. Made by main from the options; nothing here is found by
 * looking into the engine's folder. */
#ifndef TESTS_EVAL_EVAL_H
#define TESTS_EVAL_EVAL_H

#include "common/sys/llm_config.h"
#include "tests/eval/eval_client.h"
#include "tests/eval/report.h"

struct eval {
    struct arena *arena; /* of the whole run */
    struct eval_target target;
    struct eval_wire *wire;    /* TCP */
    struct eval_key workspace; /* speaks for people and for the chat's model */
    struct eval_key program;   /* an mcp_client's; .key NULL: none was given */

    struct eval_actor model;    /* the hostile model in the chat of the victim */
    struct eval_actor client;   /* the same behind the mcp_client, for the same person */
    struct eval_actor victim;   /* the person, honest, on the web */
    struct eval_actor approver; /* another person with authority, honest, on the web */
    struct eval_actor confined; /* the hostile model for a person with roles in some entities only;
                                   .sub NULL: none was given */
    struct eval_actor auditor;  /* reads everything, may do nothing: by whom we judge */

    struct llm_config llm; /* api NONE: the scripted model */
    const char *only;      /* one scenario; NULL: all */
    int64_t seed;
    struct json *used; /* an object: ids that a scenario has spent */
    struct report report;
};

/* The adversarial dimension: every scenario, each a row of the report. An error: it could not go on
 * (the engine is gone, a key does not fit). adversarial.c */
MUST_CHECK struct err adversarial_run(struct eval *e);
/* The scenarios, a line each: id, category, what is tried. */
void adversarial_list(struct buf *out);
size_t adversarial_count(void);

#endif
