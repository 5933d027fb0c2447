#include "tests/eval/random_driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/sys/jcs.h"
#include "common/sys/json_read.h"
#include "proto/assertion.h"
#include "tests/eval/random_draw.h"

enum {
    REMEMBERED = 64,
    SWEEP_EVERY = 20000,
    CARE_EVERY = 20,
    FIRST_PASSES = 2,
    REFUSED_MAX = 300,
    UNTOLD_SHOWN = 5,
    TOOLS_MAX = 96,
    REASONS = 64
};
#define CALL_BYTES ((size_t)64 << 20)

/* One call, and how its claims are bent. */
struct letter {
    struct eval_actor as;
    const char *tool;
    const struct json *arguments;
    int64_t login_age_s;
};

/* A call that may be made again, word for word. */
struct remembered {
    struct letter letter;
    struct arena *arena;
};

struct tool_row {
    const char *name;
    const struct json *schema;
    bool reads, administers;
    unsigned weight;
    int64_t n[EVAL_UNTOLD + 1];
};

struct driver {
    struct eval *e;
    const struct random_options *o;
    struct book_check *check;
    struct arena *arena, *tools_arena; /* of a call; of the run */
    struct draw d;
    struct tool_row tools[TOOLS_MAX];
    size_t tools_n;
    unsigned weights;
    struct remembered remembered[REMEMBERED];
    int64_t step, said[EVAL_UNTOLD + 1];
    int64_t check_us, began_us, refused_in_a_row;
};

static int64_t clock_us(clockid_t which)
{
    struct timespec now;
    (void)clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- tools ---- */

static unsigned weight_of(const char *name, bool reads)
{
    static const struct {
        const char *name;
        unsigned weight;
    } rows[] = {{"propose_match", 22},
                {"confirm_match", 22},
                {"resolve_escalation", 26},
                {"reject_match", 6},
                {"unmatch", 9},
                {"escalate_match", 8},
                {"resolve_escalations", 4},
                {"flag_exception", 6},
                {"resolve_exception", 7},
                {"freeze", 1},
                {"thaw", 1},
                {"propose_policy", 1},
                {"change_client", 1},
                {"change_person", 1},
                {"grant_role", 2},
                {"link_identity", 1},
                {"run_recon_pass", 2},
                {"set_delegation", 2},
                {"generate_close_summary", 1},
                {"bank_reconciliation", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_eq(rows[i].name, name))
            return rows[i].weight;
    }
    return reads ? 1 : 4;
}

static bool is_administration(const char *name)
{
    static const char *const names[] = {"freeze",        "thaw",          "propose_policy",
                                        "change_client", "change_person", "grant_role",
                                        "link_identity"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_eq(names[i], name))
            return true;
    }
    return false;
}

static void tool_add(struct driver *v, const char *name, const struct json *schema, bool reads)
{
    if (v->tools_n == TOOLS_MAX)
        return;
    struct tool_row *t = &v->tools[v->tools_n++];
    *t = (struct tool_row){.name = name,
                           .schema = schema,
                           .reads = reads,
                           .administers = is_administration(name),
                           .weight = weight_of(name, reads)};
    v->weights += t->weight;
}

/* What a controller is offered, and what nobody here is. */
static struct err tools_load(struct driver *v)
{
    const struct json *list;
    struct eval_actor as = {.by = &v->e->workspace,
                            .sub = v->d.people[0].sub,
                            .principal = v->d.people[0].principal,
                            .channel = "web"};
    TRY(eval_tools(v->e->wire, v->tools_arena, &as, &list));
    for (size_t i = 0; i < list->count; i++) {
        const struct json *t = list->items[i];
        const struct json *hint = json_pointer_get(t, "/annotations/readOnlyHint");
        tool_add(v, json_get_text(t, "name"), json_get(t, "inputSchema"),
                 hint != NULL && hint->truth);
    }
    v->e->target.tools = list;
    tool_add(v, "load_master", NULL, false);
    tool_add(v, "ingest_file", NULL, false);
    tool_add(v, "sweep_escalations", NULL, false);
    return OK;
}

static struct tool_row *tool_pick(struct driver *v)
{
    size_t at = draw_below(&v->d, v->weights);
    for (size_t i = 0; i < v->tools_n; i++) {
        if (at < v->tools[i].weight)
            return &v->tools[i];
        at -= v->tools[i].weight;
    }
    return &v->tools[0];
}

static struct tool_row *tool_find(struct driver *v, const char *name)
{
    for (size_t i = 0; i < v->tools_n; i++) {
        if (text_eq(v->tools[i].name, name))
            return &v->tools[i];
    }
    return &v->tools[0];
}

/* ---- who ---- */

static struct eval_actor person(struct driver *v, const struct draw_person *p)
{
    static const char *const channels[] = {"slack", "chat", "api", "web"};
    const bool odd = draw_chance(&v->d, 12);
    return (struct eval_actor){.by = &v->e->workspace,
                               .sub = p->sub,
                               .principal = p->principal,
                               .channel = odd ? channels[draw_below(&v->d, 4)] : "web"};
}

static struct eval_actor model(struct driver *v, const struct draw_person *p)
{
    size_t session = 1 + draw_below(&v->d, 3);
    return (struct eval_actor){.by = &v->e->workspace,
                               .sub = arena_fmt(v->arena, "llm:chat.s%zu", session),
                               .obo = p->principal,
                               .channel = "chat"};
}

static struct eval_actor service(struct driver *v)
{
    const struct eval_key *by = &v->o->service;
    return (struct eval_actor){
        .by = by, .sub = arena_fmt(v->arena, "llm:%s.service", by->client_id), .channel = "api"};
}

/* Names live in the list of people, which is read anew: a letter keeps its own. */
static void names_keep(struct arena *arena, struct eval_actor *as)
{
    as->sub = arena_strdup(arena, as->sub);
    as->principal = as->principal == NULL ? NULL : arena_strdup(arena, as->principal);
    as->obo = as->obo == NULL ? NULL : arena_strdup(arena, as->obo);
}

static const struct draw_person *who(struct driver *v, const struct tool_row *t,
                                     struct eval_actor *as)
{
    const struct draw_person *p = &v->d.people[draw_below(&v->d, v->d.people_n)];
    unsigned models = t->administers ? 15 : 42;
    bool serves = v->o->service.key != NULL &&
                  draw_chance(&v->d, text_eq(t->name, "record_delivery") ? 70 : 2);
    if (serves) {
        *as = service(v);
        return NULL;
    }
    if (draw_chance(&v->d, models)) {
        *as = model(v, p);
        return NULL;
    }
    *as = person(v, p);
    return p;
}

/* ---- what ---- */

static bool is_required(const struct json *schema, const char *name)
{
    return stated_lists(json_get(schema, "required"), name);
}

static struct json *arguments_for(struct driver *v, const struct tool_row *t,
                                  const struct draw_person *caller)
{
    struct json *o = json_object_new(v->arena);
    const struct json *members = json_get(t->schema, "properties");
    struct draw_for f = {.tool = t->name, .caller = caller};
    for (size_t i = 0; members != NULL && i < members->count; i++) {
        const char *name = members->members[i].key.at;
        bool reason = text_eq(name, "rationale");
        bool usual = reason || text_eq(name, "value") || text_eq(name, "difference_account");
        unsigned wanted = is_required(t->schema, name) ? 99 : usual ? 80 : 25;
        if (text_eq(name, "idempotency_key") || !draw_chance(&v->d, wanted))
            continue;
        json_put(v->arena, o, name, draw_member(&v->d, &f, name, members->members[i].value));
    }
    return o;
}

static struct json *without(struct arena *arena, const struct json *o, const char *name)
{
    struct json *rest = json_object_new(arena);
    for (size_t i = 0; i < o->count; i++) {
        if (!str_is(o->members[i].key, name) && !str_is(o->members[i].key, "parts"))
            json_put(arena, rest, o->members[i].key.at, o->members[i].value);
    }
    return rest;
}

/* Legs that belonged together once, proposed again. */
static bool propose_again(struct driver *v, struct json *o)
{
    struct json *legs, *bank = json_array_new(v->arena), *books = json_array_new(v->arena);
    const char *text = draw_legs(&v->d);
    if (text == NULL || json_read(v->arena, str_of(text), NULL, &legs).kind != ERR_NONE)
        return false;
    for (size_t i = 0; i < legs->count; i++) {
        bool is_bank = text_eq(json_get_text(legs->items[i], "side"), "bank");
        json_push(v->arena, is_bank ? bank : books, json_get(legs->items[i], "entry_id"));
    }
    json_put(v->arena, o, "bank_ids", bank);
    json_put(v->arena, o, "gl_ids", books);
    return true;
}

/* One member is another, one is gone, or one is there that says who calls. */
static struct json *mutated(struct driver *v, const struct json *o)
{
    static const char *const names[] = {"actor", "principal", "on_behalf_of", "approved_by",
                                        "as",    "role",      "policy",       "__proto__"};
    struct json *other = json_object_new(v->arena);
    size_t at = o->count == 0 ? 0 : draw_below(&v->d, o->count), how = draw_below(&v->d, 3);
    for (size_t i = 0; i < o->count; i++) {
        if (i == at && how == 0)
            continue;
        bool junk = i == at && how == 1;
        json_put(v->arena, other, o->members[i].key.at,
                 junk ? draw_junk(&v->d) : o->members[i].value);
    }
    if (how == 2)
        json_put_text(v->arena, other, names[draw_below(&v->d, 8)], "human:maria");
    return other;
}

static void letter_make(struct driver *v, struct tool_row *t, struct letter *l)
{
    const struct draw_person *caller = who(v, t, &l->as);
    struct json *o = arguments_for(v, t, caller);
    bool again = false;
    names_keep(v->arena, &l->as);
    l->tool = t->name;
    if (text_eq(t->name, "propose_match") && draw_chance(&v->d, 60))
        again = propose_again(v, o);
    if (again && draw_chance(&v->d, 85))
        o = without(v->arena, o, "difference_account");
    if (draw_chance(&v->d, 6))
        o = mutated(v, o);
    if (!t->reads && draw_chance(&v->d, 12))
        json_put(v->arena, o, "idempotency_key",
                 json_text_new(v->arena, arena_fmt(v->arena, "k%zu", draw_below(&v->d, 200))));
    if (draw_chance(&v->d, 4))
        l->login_age_s = draw_chance(&v->d, 50) ? 30000 : -1;
    l->arguments = o;
}

/* ---- again ---- */

static void remember(struct driver *v, const struct letter *l)
{
    struct remembered *r = &v->remembered[draw_below(&v->d, REMEMBERED)];
    struct str text;
    struct json *copy;
    if (r->arena == NULL)
        r->arena = arena_new((size_t)8 << 20);
    if (r->arena == NULL || jcs_text(v->arena, l->arguments, &text).kind != ERR_NONE)
        return;
    arena_reset(r->arena);
    r->letter = *l;
    names_keep(r->arena, &r->letter.as);
    r->letter.as.channel = l->as.channel;
    if (json_read(r->arena, text, NULL, &copy).kind != ERR_NONE)
        r->letter.tool = NULL;
    r->letter.arguments = copy;
}

/* The same call again: by the same caller, or word for word by another. */
static bool recall(struct driver *v, struct letter *l)
{
    const struct remembered *r = &v->remembered[draw_below(&v->d, REMEMBERED)];
    if (r->arena == NULL || r->letter.tool == NULL)
        return false;
    *l = r->letter;
    if (!draw_chance(&v->d, 40))
        return true;
    (void)who(v, tool_find(v, l->tool), &l->as);
    names_keep(v->arena, &l->as);
    return true;
}

/* ---- so that it goes on ---- */

static const struct draw_person *a_controller(struct driver *v)
{
    for (size_t i = 0; i < v->d.people_n; i++) {
        if (v->d.people[i].controller && text_eq(v->d.people[i].sub, "human:maria"))
            return &v->d.people[i];
    }
    return &v->d.people[0];
}

/* A controller thaws, lets people back in, and has the pass run. */
static bool care(struct driver *v, struct letter *l)
{
    const struct draw_person *maria = a_controller(v);
    struct json *o = json_object_new(v->arena);
    const char *freeze = draw_frozen(&v->d);
    const char *gone = draw_disabled(&v->d);
    const bool first = v->step <= FIRST_PASSES;
    *l = (struct letter){.as = {.by = &v->e->workspace,
                                .sub = maria->sub,
                                .principal = maria->principal,
                                .channel = "web"},
                         .arguments = o};
    names_keep(v->arena, &l->as);
    if (!first && freeze != NULL) {
        l->tool = "thaw";
        json_put_text(v->arena, o, "freeze_id", freeze);
        return true;
    }
    if (!first && gone != NULL) {
        l->tool = "change_person";
        json_put_text(v->arena, o, "act", "enable");
        json_put_text(v->arena, o, "person", gone);
        return true;
    }
    for (size_t i = 0; !first && i < v->d.people_n; i++) {
        if (v->d.people[i].controller || draw_has_role(&v->d, v->d.people[i].principal))
            continue;
        l->tool = "grant_role";
        json_put_text(v->arena, o, "act", "grant");
        json_put_text(v->arena, o, "person", v->d.people[i].sub);
        json_put_text(v->arena, o, "role", "accountant");
        json_put_text(v->arena, o, "entity", "all");
        return true;
    }
    l->tool = "run_recon_pass";
    json_put_text(v->arena, o, "entity_id",
                  (first ? v->step == 1 : draw_chance(&v->d, 50)) ? "acme-us" : "acme-uk");
    return true;
}

/* ---- a call ---- */

static void aged(struct driver *v, const struct letter *l, struct json *claims)
{
    if (json_get(claims, "auth_time") == NULL || l->login_age_s == 0)
        return;
    if (l->login_age_s < 0) {
        json_put(v->arena, claims, "auth_time", NULL);
        return;
    }
    json_put_int(v->arena, claims, "auth_time",
                 clock_us(CLOCK_REALTIME) / 1000000 - l->login_age_s);
}

/* Claims without what is NULL. */
static struct json *without_nulls(struct arena *arena, const struct json *claims)
{
    struct json *o = json_object_new(arena);
    for (size_t i = 0; i < claims->count; i++) {
        if (claims->members[i].value != NULL)
            json_put(arena, o, claims->members[i].key.at, claims->members[i].value);
    }
    return o;
}

static struct err say(struct driver *v, const struct letter *l, struct eval_said *said)
{
    struct json *params = json_object_new(v->arena);
    struct eval_letter letter;
    struct eval_reply reply;
    const char *token;
    json_put_text(v->arena, params, "name", l->tool);
    json_put(v->arena, params, "arguments", l->arguments);
    TRY(eval_letter_make(&v->e->target, v->arena, &l->as, "tools/call", l->tool, params, &letter));
    if (l->login_age_s != 0) {
        struct json *claims = eval_claims(&v->e->target, v->arena, &l->as, &letter);
        aged(v, l, claims);
        TRY(eval_token(v->arena, NULL, l->as.by, true, without_nulls(v->arena, claims), &token));
        eval_letter_put(&letter, ASSERTION_HEADER, token);
    }
    TRY(eval_letter_say(v->e->wire, v->arena, &letter, &reply));
    eval_said_read(v->arena, &reply, said);
    return arena_check(v->arena);
}

static const char *arguments_text(struct arena *arena, const struct json *o)
{
    struct str text;
    return jcs_text(arena, o, &text).kind == ERR_NONE ? text.at : "?";
}

static void fault_tell(struct driver *v, const struct letter *l, const struct eval_said *said,
                       const struct book_fault *fault)
{
    printf("BROKEN at step %" PRId64 " of seed %" PRId64 "\n%s\n"
           "  call   %s %s on behalf of %s by %s over %s\n         %.2000s\n  answer %s %s\n",
           v->step, v->e->seed, book_fault_print(v->arena, fault), l->tool, l->as.sub,
           l->as.obo == NULL ? "nobody" : l->as.obo, l->as.by->client_id, l->as.channel,
           arguments_text(v->arena, l->arguments), eval_outcome_name(said->outcome),
           said->reason == NULL ? "" : said->reason);
}

/* What could not be told is no fault and no proof: the first few are shown. */
static void untold_tell(const struct driver *v, const struct letter *l,
                        const struct eval_said *said)
{
    if (v->said[EVAL_UNTOLD] + v->said[EVAL_NOTHING] <= UNTOLD_SHOWN)
        fprintf(stderr, "# step %" PRId64 ": %s by %s was not told: HTTP %d %.*s\n", v->step,
                l->tool, l->as.sub, said->status, said->body.len > 300 ? 300 : (int)said->body.len,
                said->body.at);
}

static void next_letter(struct driver *v, struct letter *l)
{
    *l = (struct letter){.tool = NULL};
    if ((v->step <= FIRST_PASSES || v->step % CARE_EVERY == 0) && care(v, l))
        return;
    if (draw_chance(&v->d, 4) && recall(v, l))
        return;
    letter_make(v, tool_pick(v), l);
    if (draw_chance(&v->d, 10))
        remember(v, l);
}

static struct err one_step(struct driver *v, struct book_fault *fault)
{
    struct letter l;
    struct eval_said said;
    arena_reset(v->arena);
    if (v->step % 50 == 0)
        TRY(draw_people(&v->d));
    next_letter(v, &l);
    TRY(arena_check(v->arena));
    TRY(say(v, &l, &said));
    struct tool_row *t = tool_find(v, l.tool);
    t->n[said.outcome]++;
    v->said[said.outcome]++;
    v->refused_in_a_row = said.outcome == EVAL_REFUSED ? v->refused_in_a_row + 1 : 0;
    ENSURE(v->refused_in_a_row < REFUSED_MAX, ERR_AUTH, "nothing gets as far as the gate any more");
    int64_t since = clock_us(CLOCK_MONOTONIC);
    const struct book_call call = {.as = &l.as, .tool = l.tool, .reads = t->reads};
    TRY(book_check_step(v->check, &call, &said, fault));
    v->check_us += clock_us(CLOCK_MONOTONIC) - since;
    if (said.outcome == EVAL_UNTOLD || said.outcome == EVAL_NOTHING)
        untold_tell(v, &l, &said);
    if (fault->rule != NULL)
        fault_tell(v, &l, &said, fault);
    return OK;
}

static struct err whole(struct driver *v, bool *broken)
{
    struct book_fault fault;
    TRY(book_check_all(v->check, &fault));
    *broken = fault.rule != NULL;
    if (*broken)
        printf("BROKEN by step %" PRId64 " of seed %" PRId64 "\n%s\n", v->step, v->e->seed,
               book_fault_print(v->arena, &fault));
    return OK;
}

static struct err steps(struct driver *v, bool *broken)
{
    for (v->step = 1; v->step <= v->o->calls && !*broken; v->step++) {
        struct book_fault fault = {.rule = NULL};
        struct err e = one_step(v, &fault);
        if (e.kind != ERR_NONE)
            return err_fmt(v->tools_arena, e.kind, e.where,
                           "step %" PRId64 " of seed %" PRId64 ": %s", v->step, v->e->seed, e.msg);
        *broken = fault.rule != NULL;
        if (!*broken && v->step % SWEEP_EVERY == 0) {
            fprintf(stderr, "# %" PRId64 " calls, event %" PRId64 ", %" PRId64 " calls/s\n",
                    v->step, book_check_head(v->check),
                    v->step * 1000000 / (clock_us(CLOCK_MONOTONIC) - v->began_us + 1));
            TRY(whole(v, broken));
        }
    }
    return *broken ? OK : whole(v, broken);
}

/* ---- what came of it ---- */

/* docs/POLICY.md's reasons that no event had. */
static void not_reached(const struct book_count *reasons, size_t n)
{
    static const char *const all[] = {"UNLISTED",
                                      "FROZEN",
                                      "POLICY_BLOCK",
                                      "NOT_AUTHORISED",
                                      "CHANNEL_NOT_ALLOWED",
                                      "AUTH_TOO_OLD",
                                      "PERIOD_CLOSED",
                                      "STATE_INVALID",
                                      "SOD_SAME_ACTOR",
                                      "ACCOUNT_FORCED_HUMAN",
                                      "MATERIALITY_OVER_THRESHOLD",
                                      "STRATEGY_REQUIRES_HUMAN",
                                      "MISSING_RATIONALE",
                                      "SOURCE_REQUIRES_HUMAN",
                                      "AMBIGUOUS_MATCH",
                                      "ENTITY_MISMATCH",
                                      "INTERCOMPANY_UNPAIRED",
                                      "CUMULATIVE_OVER_THRESHOLD",
                                      "AUTO_CONFIRM_CAP",
                                      "FX_RATE_MISSING",
                                      "FX_RATE_STALE",
                                      "TIER_REQUIRES_HUMAN",
                                      "SECOND_APPROVER_REQUIRED",
                                      "BULK_LIMIT"};
    printf("\nnot reached:");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bool had = false;
        for (size_t k = 0; k < n; k++)
            had |= text_eq(reasons[k].name, all[i]);
        printf("%s%s", had ? "" : " ", had ? "" : all[i]);
    }
    printf("\n");
}

static void summary(struct driver *v, bool broken)
{
    struct book_count reasons[REASONS];
    size_t n = book_check_reasons(v->check, reasons, REASONS);
    int64_t us = clock_us(CLOCK_MONOTONIC) - v->began_us + 1, calls = v->step - 1;
    printf("seed %" PRId64 ": %" PRId64 " calls in %" PRId64 ".%" PRId64 " s, %" PRId64
           " a second; of a call %" PRId64 " us were checking; last event %" PRId64 "; %s\n",
           v->e->seed, calls, us / 1000000, us / 100000 % 10, calls * 1000000 / us,
           calls == 0 ? 0 : v->check_us / calls, book_check_head(v->check),
           broken ? "a rule did not hold" : "every rule held");
    printf("answers:");
    for (int i = 0; i <= EVAL_UNTOLD; i++)
        printf(" %s %" PRId64, eval_outcome_name((enum eval_outcome)i), v->said[i]);
    printf("\nreasons:");
    for (size_t i = 0; i < n; i++)
        printf(" %s %" PRId64, reasons[i].name, reasons[i].n);
    not_reached(reasons, n);
    for (size_t i = 0; i < v->tools_n; i++) {
        const struct tool_row *t = &v->tools[i];
        printf("  %-26s refused %-6" PRId64 " denied %-6" PRId64 " pending %-6" PRId64
               " done %-6" PRId64 " untold %" PRId64 "\n",
               t->name, t->n[EVAL_REFUSED], t->n[EVAL_DENIED], t->n[EVAL_PENDING], t->n[EVAL_DONE],
               t->n[EVAL_UNTOLD]);
    }
}

static struct err made(struct driver *v)
{
    v->arena = arena_new(CALL_BYTES);
    v->tools_arena = arena_new(CALL_BYTES);
    ENSURE(v->arena != NULL && v->tools_arena != NULL, ERR_LIMIT, "out of memory");
    TRY(book_check_new(v->o->book, &v->check));
    v->d = (struct draw){.state = (uint64_t)v->e->seed,
                         .db = book_check_db(v->check),
                         .arena = v->arena,
                         .now_us = clock_us(CLOCK_REALTIME)};
    TRY(draw_prepare(v->d.db));
    TRY(draw_people(&v->d));
    return tools_load(v);
}

struct err random_run(struct eval *e, const struct random_options *options, bool *broken)
{
    struct driver v = {.e = e, .o = options};
    *broken = false;
    struct err bad = made(&v);
    v.began_us = clock_us(CLOCK_MONOTONIC);
    if (bad.kind == ERR_NONE)
        bad = steps(&v, broken);
    if (v.check != NULL && v.tools_n > 0)
        summary(&v, *broken);
    if (bad.kind != ERR_NONE)
        bad = err_fmt(e->arena, bad.kind,
                      bad.where == NULL ? NULL : arena_strdup(e->arena, bad.where), "%s", bad.msg);
    e->target.tools = NULL;
    book_check_free(v.check);
    for (size_t i = 0; i < REMEMBERED; i++)
        arena_free(v.remembered[i].arena);
    arena_free(v.arena);
    arena_free(v.tools_arena);
    return bad;
}
