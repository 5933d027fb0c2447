/* The proof of a policy where it is taken: made, or found in the book. */
#include "engine/call/admit.h"

#include <pthread.h>
#include <string.h>

#include "common/sys/crypt.h"
#include "common/sys/jcs.h"
#include "common/sys/yaml_read.h"
#include "engine/gate/case.h"
#include "engine/store/policies.h"

#define PROOF_BYTES ((size_t)512 << 20)

/* ---- proving ---- */

/* The report without what lives in the proof's own memory. */
static struct err keep(struct arena *arena, const struct policy *policy,
                       const struct proof_report *made, struct policy_examined *examined)
{
    struct proof_report *r = &examined->report;
    struct proof_invariant *list = ARENA_ARRAY(arena, made->invariants_n, struct proof_invariant);
    TRY(arena_check(arena));
    *r = *made;
    for (size_t i = 0; i < made->invariants_n; i++) {
        list[i] = made->invariants[i];
        list[i].spaces = arena_strdup(arena, made->invariants[i].spaces);
    }
    r->invariants = list;
    examined->counterexample = NULL;
    if (made->holds)
        return arena_check(arena);
    r->finding.what = arena_strdup(arena, made->finding.what);
    r->finding.ask = NULL;
    examined->counterexample = case_print(arena, policy, made->finding.ask, &made->finding.verdict);
    return arena_check(arena);
}

/* A part of the proof on a processor of its own. */
struct part {
    struct proof_of of;
    struct arena *arena; /* what the report lives in */
    struct proof_report report;
    struct err err;
};

static void *part_run(void *arg)
{
    struct part *p = arg;
    p->err = p->arena == NULL ? err_new(ERR_LIMIT, "out of memory")
                              : policy_prove(p->arena, &p->of, &p->report);
    return NULL;
}

/* Where no thread can be had, the parts are proved one after the other. */
static struct err parts_run(struct part *parts)
{
    pthread_t thread;
    bool apart = pthread_create(&thread, NULL, part_run, &parts[1]) == 0;
    (void)part_run(&parts[0]);
    if (apart)
        (void)pthread_join(thread, NULL);
    else
        (void)part_run(&parts[1]);
    TRY(parts[0].err);
    TRY(parts[1].err);
    proof_join(&parts[0].report, &parts[1].report);
    return OK;
}

struct err policy_examine(struct arena *arena, struct str text, const struct policy *policy,
                          struct policy_examined *examined)
{
    CLEANUP(arena_free) struct arena *one = arena_new(PROOF_BYTES);
    CLEANUP(arena_free) struct arena *two = arena_new(PROOF_BYTES);
    struct json *tree;
    ENSURE(one != NULL && two != NULL, ERR_LIMIT, "out of memory");
    const struct err e = yaml_read(one, text, &tree);
    ENSURE(e.kind != ERR_LIMIT, ERR_LIMIT, "out of memory");
    ENSURE(e.kind == ERR_NONE, ERR_BUG, "the policy was read once, and cannot be read again");
    struct proof_of of = {.policy = policy, .tree = tree, .parts = 2};
    struct part parts[] = {{.of = of, .arena = one}, {.of = of, .arena = two}};
    parts[1].of.part = 1;
    TRY(parts_run(parts));
    return keep(arena, policy, &parts[0].report, examined);
}

/* ---- what is known of it ---- */

/* Another functional currency of an entity is another limit. */
static const char *binding_digest(struct arena *arena, const struct policy *policy)
{
    uint8_t digest[SHA256_LEN];
    char *hex = arena_alloc(arena, SHA256_HEX_SIZE);
    struct sha256 h;
    sha256_begin(&h);
    for (size_t i = 0; i < policy->overrides_n; i++) {
        const struct policy_override *o = &policy->overrides[i];
        sha256_add(&h, o->clause.pointer, strlen(o->clause.pointer) + 1);
        sha256_add(&h, o->limit.cur, sizeof o->limit.cur);
    }
    sha256_end(&h, digest);
    if (hex != NULL)
        hex_print(digest, sizeof digest, hex);
    return hex;
}

static struct json *proof_print(struct arena *arena, const struct policy_proof *p)
{
    struct json *o = json_object_new(arena);
    json_put_text(arena, o, "policy", p->digest);
    json_put_text(arena, o, "binding", p->binding);
    json_put_int(arena, o, "gate_version", p->gate_version);
    json_put_int(arena, o, "ask_schema", p->ask_schema);
    json_put_int(arena, o, "proof_version", p->proof_version);
    return o;
}

static struct err refuse(struct arena *arena, const struct policy_examined *examined)
{
    const struct proof_finding *f = &examined->report.finding;
    struct str text = {.at = ""};
    TRY(jcs_text(arena, examined->counterexample, &text));
    return err_fmt(arena, ERR_REFUSED, NULL,
                   "the policy breaks the invariant %s: %s; counterexample: %.*s", f->invariant,
                   f->what, (int)text.len, text.at);
}

struct err policy_admit(struct arena *arena, struct tx *tx, struct str text,
                        const struct policy *policy, struct json **proof)
{
    const struct policy_proof known = {.digest = policy->digest,
                                       .binding = binding_digest(arena, policy),
                                       .gate_version = GATE_VERSION,
                                       .ask_schema = ASK_SCHEMA,
                                       .proof_version = PROOF_VERSION};
    struct policy_examined examined;
    bool proved = false;
    *proof = proof_print(arena, &known);
    TRY(arena_check(arena));
    if (tx != NULL)
        TRY(policy_was_proved(tx, &known, &proved));
    if (proved)
        return OK;
    TRY(policy_examine(arena, text, policy, &examined));
    return examined.report.holds ? OK : refuse(arena, &examined);
}
