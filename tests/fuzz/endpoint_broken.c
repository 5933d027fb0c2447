/* Whether fuzz_endpoint would notice: its inputs are replayed, with the engine as it is or with one
 * thing of it broken (-Wl,--wrap) once the book is made. It ends in abort() as soon as an input
 * shows that something is wrong.
 * Usage: endpoint-broken none|FAULT INPUT… */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/call/receipt.h"
#include "engine/gate/gate.h"
#include "engine/store/audit.h"
#include "engine/store/store.h"
#include "proto/assertion.h"
#include "proto/jsonrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)64 << 10)

enum fault {
    FAULT_NONE,
    MACHINE_CONFIRMS,   /* the gate lets an agent confirm */
    MACHINE_SETTLES,    /* it lets an agent settle what waits for a human */
    NO_EVENT,           /* what is allowed is done and not recorded */
    NO_EFFECTS,         /* it is recorded without what it did */
    DENIED_AND_DONE,    /* it is recorded as denied */
    WAITING_AND_DONE,   /* it is recorded as waiting for a human */
    NO_RECEIPT,         /* answers have no receipt */
    ANOTHERS_RECEIPT,   /* they have that of the event before */
    WRONG_ID,           /* they are to another request */
    ANYBODYS_ASSERTION, /* what an assertion was signed for is not looked at */
    FAULTS
};

static const char *const names[FAULTS] = {
    "none",
    "machine_confirms",
    "machine_settles",
    "no_event",
    "no_effects",
    "denied_and_done",
    "waiting_and_done",
    "no_receipt",
    "anothers_receipt",
    "wrong_id",
    "anybodys_assertion",
};

static enum fault broken = FAULT_NONE;

/* ---- what is broken ---- */

struct verdict __real_gate_decide(const struct policy *policy, const struct ask *ask);
struct verdict __wrap_gate_decide(const struct policy *policy, const struct ask *ask);
struct err __real_audit_append(struct tx *tx, const struct event *event);
struct err __wrap_audit_append(struct tx *tx, const struct event *event);
void __real_receipts_end(struct store *store, struct call **calls, size_t n);
void __wrap_receipts_end(struct store *store, struct call **calls, size_t n);
struct json *__real_jsonrpc_result(struct arena *arena, const struct json *id,
                                   const struct json *result);
struct json *__wrap_jsonrpc_result(struct arena *arena, const struct json *id,
                                   const struct json *result);
struct err __real_assertion_check(const struct assertion *a, const struct assertion_request *req);
struct err __wrap_assertion_check(const struct assertion *a, const struct assertion_request *req);

struct verdict __wrap_gate_decide(const struct policy *policy, const struct ask *ask)
{
    struct verdict v = __real_gate_decide(policy, ask);
    const bool confirms = ask->action == ACTION_CONFIRM, settles = ask->action == ACTION_RESOLVE;
    if (ask->actor_kind == ACTOR_LLM && ((broken == MACHINE_CONFIRMS && confirms) ||
                                         (broken == MACHINE_SETTLES && (confirms || settles)))) {
        v.ruling = RULING_ALLOW;
        v.reason = REASON_ALLOWED;
    }
    return v;
}

struct err __wrap_audit_append(struct tx *tx, const struct event *event)
{
    struct event said = *event;
    struct verdict v = {.row = ""};
    if (event->verdict == NULL || event->verdict->ruling != RULING_ALLOW)
        return __real_audit_append(tx, event);
    v = *event->verdict;
    said.verdict = &v;
    if (broken == NO_EVENT || broken == NO_EFFECTS)
        tx->effects_n = tx->bulk_n = 0;
    if (broken == DENIED_AND_DONE) {
        v.ruling = RULING_DENY;
        v.reason = REASON_FROZEN;
        said.type = "POLICY_VIOLATION";
    }
    if (broken == WAITING_AND_DONE) {
        v.ruling = RULING_HUMAN;
        v.reason = REASON_TIER_REQUIRES_HUMAN;
        said.type = "ESCALATION_PENDING";
    }
    if (broken != NO_EVENT)
        return __real_audit_append(tx, &said);
    tx->event_seq = store_head(tx->store)->seq;
    return OK;
}

void __wrap_receipts_end(struct store *store, struct call **calls, size_t n)
{
    for (size_t i = 0; broken == ANOTHERS_RECEIPT && i < n; i++) {
        calls[i]->receipt = NULL; /* it is read back, of that number */
        calls[i]->seq -= calls[i]->seq > 1;
    }
    __real_receipts_end(store, calls, n);
    for (size_t i = 0; broken == NO_RECEIPT && i < n; i++)
        calls[i]->receipt = NULL;
}

struct json *__wrap_jsonrpc_result(struct arena *arena, const struct json *id,
                                   const struct json *result)
{
    return __real_jsonrpc_result(arena, broken == WRONG_ID ? json_int_new(arena, 4711) : id,
                                 result);
}

struct err __wrap_assertion_check(const struct assertion *a, const struct assertion_request *req)
{
    struct err e = __real_assertion_check(a, req);
    return broken == ANYBODYS_ASSERTION ? OK : e;
}

/* ---- replaying ---- */

static enum fault fault_find(const char *name)
{
    size_t i = 0;
    while (i < FAULTS && strcmp(names[i], name) != 0)
        i++;
    return (enum fault)i;
}

/* A copy of just that size, so that reading past it shows. */
static bool replay(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return false;
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    uint8_t *input = malloc(n > 0 ? n : 1);
    const bool whole = ferror(f) == 0 && feof(f) != 0 && input != NULL;
    (void)fclose(f);
    if (whole) {
        memcpy(input, bytes, n);
        (void)LLVMFuzzerTestOneInput(input, n);
    }
    free(input);
    return whole;
}

int main(int argc, char **argv)
{
    static const uint8_t nothing[1];
    const enum fault fault = argc < 3 ? FAULTS : fault_find(argv[1]);
    if (fault == FAULTS) {
        (void)fprintf(stderr, "usage: endpoint-broken none|FAULT INPUT...\n");
        return 64;
    }
    (void)LLVMFuzzerTestOneInput(nothing, 0); /* the book, while nothing is broken */
    broken = fault;
    for (int i = 2; i < argc; i++)
        if (!replay(argv[i])) {
            (void)fprintf(stderr, "endpoint-broken: %s cannot be read\n", argv[i]);
            return 1;
        }
    return 0;
}
