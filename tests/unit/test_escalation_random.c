/* Random histories around escalations, held against a small model that knows nothing of how the
 * engine keeps its books: who proposed and asked for what, who approved a stage, whose seat is
 * lent, who is disabled. Several calls share a commit group, so that they race. The same histories
 * each time; a failure names its seed. A long campaign: CLOSEGATE_RANDOM_BOOKS=200 for 2,000 of
 * them. */
#include "tests/unit/spine_book.h"

#include "engine/store/delegations.h"

#define HOUR_US   (INT64_C(3600) * 1000000)
#define HISTORIES 10 /* a book */
#define BOOKS     4  /* or as many as CLOSEGATE_RANDOM_BOOKS says */

static const char authority[] =
    "authority:\n"
    "  - {role: controller, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, ESCALATE,"
    " SET_DELEGATION], entities: all}\n"
    "  - {role: clerk, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, ESCALATE,"
    " SET_DELEGATION], entities: all, single_max: 5000 USD}\n"
    "  - {role: engine, actions: [CONFIRM, PROPOSE], entities: all}";

/* ana and ben are controllers, cho and dia clerks; fay has only what is lent to her. */
enum { ANA, BEN, CHO, DIA, FAY, PEOPLE };
static const char *const names[PEOPLE] = {"ana", "ben", "cho", "dia", "fay"};

/* The matcher proposed three; the fourth is for whoever proposes it first, and again once it was
 * turned down. */
enum { SMALL, TWO_PEOPLE, MATERIAL, THEIRS, MATCHES };
static const int64_t cents[MATCHES] = {1000, 700000, 2000000, 3000};

/* ---- the model ---- */

struct approval {
    int who;
    bool lenders[PEOPLE]; /* on one of these seats, when not on her own */
    bool borrowed;
    const char *policy;
    int64_t at_us;
};

static struct {
    const char *id[MATCHES]; /* NULL: not proposed yet */
    bool live[MATCHES];      /* it has its entries */
    int first;               /* number of the first pair of entries */
    bool asked[MATCHES][PEOPLE], agent_asked[MATCHES][PEOPLE];
    struct approval approvals[MATCHES][64];
    size_t approvals_n[MATCHES];
    int confirmed[MATCHES];
    const char *escalation[MATCHES], *digest[MATCHES];
    bool disabled[PEOPLE];
    int64_t lent_until[PEOPLE][PEOPLE]; /* [lender][borrower] */
} model;

static uint64_t seed, rng;
static struct policy policies[3];

static uint32_t pick(uint32_t n)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (uint32_t)(rng >> 20) % n;
}

#define HOLDS(x, what) ck_assert_msg(x, "seed %llu: %s", (unsigned long long)seed, what)

static bool approved_before(int m, int who)
{
    for (size_t i = 0; i < model.approvals_n[m]; i++) {
        if (model.approvals[m][i].who == who)
            return true;
    }
    return false;
}

static bool barred(int m, int who)
{
    return model.asked[m][who] || (m == MATERIAL && model.agent_asked[m][who]);
}

/* Whose seat could `who` be sitting on now, to confirm this? */
static bool seat_of(int m, int who, int lender)
{
    return lender != FAY && model.lent_until[lender][who] > book_now && !model.disabled[lender] &&
           !barred(m, lender);
}

static bool alone_is_enough(int m, int seat)
{
    return seat == ANA || seat == BEN || m == SMALL || m == THEIRS;
}

/* Somebody else approved a stage: still here, of this policy, and not on this one's seat. */
static bool seconded(int m, int who)
{
    for (size_t i = 0; i < model.approvals_n[m]; i++) {
        const struct approval *a = &model.approvals[m][i];
        bool other_seat = !a->borrowed;
        for (int l = 0; l < PEOPLE; l++)
            other_seat |= a->lenders[l] && l != who;
        if (a->who != who && other_seat && !model.disabled[a->who] && !model.asked[m][a->who] &&
            text_eq(a->policy, book_policy->digest) &&
            book_now - a->at_us < book_policy->escalation.expiry_hours * HOUR_US)
            return true;
    }
    return false;
}

static bool could_confirm(int m, int who)
{
    if (barred(m, who) || model.disabled[who])
        return false;
    if (who != FAY && (alone_is_enough(m, who) || seconded(m, who)))
        return true;
    for (int l = 0; l < PEOPLE; l++) {
        bool fresh = seat_of(m, who, l) && !approved_before(m, l);
        if (fresh && (alone_is_enough(m, l) || seconded(m, who)))
            return true;
    }
    return false;
}

/* ---- making calls ---- */

struct act {
    struct call *c;
    const char *id; /* of the match as it was when the call was made */
    int match, who; /* who: a person, also behind an agent; PEOPLE: the engine */
    bool agent, escalates, proposes;
};

static struct actor actor_of(int who, bool agent)
{
    if (who == PEOPLE)
        return spine_engine;
    struct actor a = agent ? spine_agent(names[who]) : spine_human(names[who]);
    if (agent)
        a.id = arena_fmt(arena, "llm:claude.%s", names[who]);
    a.auth_time_us = book_now;
    return a;
}

static struct call *escalate_of(const struct actor *who, const char *match_id)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "match_id", match_id);
    json_put_text(arena, args, "rationale", "please look");
    return spine_call(who, "escalate_match", NULL, args);
}

static struct call *answer_of(const struct actor *who, int m)
{
    static const char *const decisions[] = {"confirm",  "confirm", "confirm",      "reject",
                                            "withdraw", "answer",  "request_info", "confirm"};
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "escalation_id", model.escalation[m]);
    json_put_text(arena, args, "digest", model.digest[m]);
    json_put_text(arena, args, "decision", decisions[pick(8)]);
    json_put_text(arena, args, "rationale", "so I say");
    return spine_call(who, "resolve_escalation", NULL, args);
}

static struct call *proposal_of(const struct actor *who)
{
    struct json *args = json_object_new(arena), *bank = json_array_new(arena),
                *gl = json_array_new(arena);
    int number = model.first + THEIRS;
    json_push(arena, bank, json_text_new(arena, arena_fmt(arena, "b:%d", number)));
    json_push(arena, gl, json_text_new(arena, arena_fmt(arena, "g:%d", number)));
    json_put(arena, args, "bank_ids", bank);
    json_put(arena, args, "gl_ids", gl);
    return spine_call(who, "propose_match", NULL, args);
}

/* The fourth match is proposed when it is not there, and sometimes when it is. */
static bool proposes(const struct act *a)
{
    return a->match == THEIRS && a->who != PEOPLE && (a->id == NULL || pick(6) == 0);
}

static struct act act_make(void)
{
    struct act a = {.match = (int)pick(MATCHES), .who = (int)pick(PEOPLE), .agent = pick(3) == 0};
    uint32_t what = pick(12);
    if (what == 11)
        a = (struct act){.match = a.match, .who = PEOPLE};
    if (a.who == PEOPLE && a.match == THEIRS && model.id[THEIRS] == NULL)
        a.match = SMALL;
    const struct actor who = actor_of(a.who, a.agent);
    const char *id = a.id = model.id[a.match];
    if (proposes(&a)) {
        a.proposes = true;
        a.c = proposal_of(&who);
        return a;
    }
    if (what < 5 && model.escalation[a.match] != NULL) {
        a.c = answer_of(&who, a.match);
    } else if (what < 8) {
        a.escalates = true;
        a.c = escalate_of(&who, id);
    } else {
        const char *tool = what == 8 && pick(3) == 0 ? "reject_match" : "confirm_match";
        a.c = spine_on_match(&who, tool, id, "as I see it");
    }
    if (a.who == PEOPLE && a.escalates) /* the engine asks by confirming */
        a.escalates = false, a.c = spine_on_match(&who, "confirm_match", id, "by policy");
    return a;
}

/* ---- what came of it ---- */

static void note_approval(const struct act *a)
{
    size_t *n = &model.approvals_n[a->match];
    struct approval *p = &model.approvals[a->match][*n];
    if (a->who == PEOPLE || a->agent || *n == 64)
        return;
    *p = (struct approval){
        .who = a->who, .policy = book_policy->digest, .at_us = book_now, .borrowed = a->who == FAY};
    for (int l = 0; l < PEOPLE; l++)
        p->lenders[l] = seat_of(a->match, a->who, l);
    (*n)++;
}

static void note_asked(const struct act *a)
{
    if (a->who == PEOPLE)
        return;
    if (a->agent)
        model.agent_asked[a->match][a->who] = true;
    else
        model.asked[a->match][a->who] = true;
}

static bool became(const struct call *c, const char *state)
{
    return text_eq(json_get_text(c->result, "state"), state);
}

static int proposed, refused; /* in a book */

/* Of the fourth match nobody has asked for anything yet. */
static void proposal_check(const struct act *a)
{
    const struct call *c = a->c;
    int m = a->match;
    HOLDS(c->outcome != CALL_FAILED || c->err.kind == ERR_AUTH, c->err.msg);
    refused += c->outcome == CALL_DENIED && model.live[m];
    if (c->outcome != CALL_OK)
        return;
    HOLDS(!model.disabled[a->who], "who is disabled proposed");
    proposed++;
    HOLDS(!model.live[m], "entries were taken twice");
    model.id[m] = json_get_text(c->result, "match_id");
    model.live[m] = true;
    memset(model.asked[m], 0, sizeof model.asked[m]);
    memset(model.agent_asked[m], 0, sizeof model.agent_asked[m]);
    model.approvals_n[m] = 0;
    model.confirmed[m] = 0;
    model.escalation[m] = model.digest[m] = NULL;
    note_asked(a); /* who proposes asks */
}

/* Was this allowed to anybody, by the model's own lights? Then the model learns. */
static void act_check(const struct act *a)
{
    const struct call *c = a->c;
    if (a->proposes) {
        proposal_check(a);
        return;
    }
    HOLDS(a->id == model.id[a->match] || !became(c, "CONFIRMED"), "what is gone was confirmed");
    if (a->id != model.id[a->match])
        return;
    model.live[a->match] &= !became(c, "REJECTED");
    bool second = c->verdict.reason == REASON_SECOND_APPROVER_REQUIRED;
    HOLDS(c->outcome != CALL_FAILED || c->err.kind != ERR_BUG, c->err.msg);
    if (c->outcome == CALL_OK && became(c, "CONFIRMED")) {
        HOLDS(!a->agent, "an agent confirmed");
        HOLDS(a->who == PEOPLE || could_confirm(a->match, a->who), "who may not confirm, did");
        HOLDS(a->who != PEOPLE || a->match != MATERIAL, "the engine confirmed a material match");
        HOLDS(a->who != PEOPLE || a->match != THEIRS, "the engine confirmed what it did not find");
        HOLDS(model.live[a->match], "a match without entries was confirmed");
        model.confirmed[a->match]++;
    }
    if (c->outcome == CALL_PENDING && second && a->who != PEOPLE && !a->agent) {
        HOLDS(!barred(a->match, a->who), "a stage was approved by who asked");
        note_approval(a);
    }
    bool asks = (c->outcome == CALL_PENDING && !second && c->tool->action == ACTION_CONFIRM) ||
                (a->escalates && c->outcome == CALL_OK);
    if (asks)
        note_asked(a);
    bool waits = c->outcome == CALL_PENDING || (a->escalates && c->outcome == CALL_OK);
    if (waits && json_get_text(c->result, "digest") != NULL) {
        model.escalation[a->match] = json_get_text(c->result, "escalation_id");
        model.digest[a->match] = json_get_text(c->result, "digest");
    }
}

/* ---- the world around ---- */

static void disable_or_not(int who)
{
    struct tx tx;
    model.disabled[who] = !model.disabled[who];
    book_begin(&tx);
    ck_ok(
        principal_put(&tx, arena_fmt(arena, "p-%s", names[who]), names[who], !model.disabled[who]));
    book_end(&tx);
}

static void lend(int lender, int borrower)
{
    char until[INSTANT_TEXT_MAX];
    struct json *args = json_object_new(arena);
    int64_t hours = (int64_t)pick(100) - 20, at = book_now + hours * HOUR_US;
    const struct actor who = actor_of(lender, false);
    instant_print(at, until);
    json_put_text(arena, args, "to", arena_fmt(arena, "p-%s", names[borrower]));
    json_put_text(arena, args, "until", until);
    json_put_text(arena, args, "rationale", "away");
    struct call *c = spine_run(spine_call(&who, "set_delegation", NULL, args));
    HOLDS(c->outcome != CALL_OK || (lender != borrower && lender != FAY), "a seat that is none");
    if (c->outcome == CALL_OK)
        model.lent_until[lender][borrower] = at;
}

static void sweep_once(void)
{
    extern const struct tool tool_sweep_escalations;
    static const struct actor sweeper = {
        .kind = ACTOR_ENGINE, .id = "engine:sweeper", .backend = "engine"};
    struct call *c = ARENA_NEW(arena, struct call);
    *c = (struct call){
        .arena = arena, .tool = &tool_sweep_escalations, .actor = sweeper, .policy = book_policy};
    ck_ok(call_bind(c, json_object_new(arena)));
    spine_is(spine_run(c), CALL_OK);
}

static void world_turns(void)
{
    switch (pick(6)) {
    case 0:
        disable_or_not((int)pick(PEOPLE));
        break;
    case 1:
    case 2:
        lend((int)pick(PEOPLE), (int)pick(PEOPLE));
        break;
    case 3:
        book_policy = &policies[pick(3)];
        break;
    case 4:
        book_now += (int64_t)pick(90) * HOUR_US;
        sweep_once();
        break;
    default:
        break;
    }
}

/* ---- invariants of the book ---- */

static int64_t one_int(const char *sql)
{
    return spine_int(sql, NULL);
}

static void book_check(void)
{
    HOLDS(one_int(
              "SELECT count(*) FROM (SELECT 1 FROM escalations WHERE state IN ('PENDING',"
              " 'STAGE_APPROVED', 'INFO_REQUESTED') GROUP BY key_sha256 HAVING count(*) > 1)") == 0,
          "two open escalations of one key");
    HOLDS(one_int("SELECT count(*) FROM escalations WHERE state = 'APPROVED' AND decided_by NOT"
                  " LIKE 'human:%'") == 0,
          "approved, and not by a human");
    HOLDS(one_int("SELECT count(*) FROM escalations e WHERE state = 'APPROVED' AND (SELECT count(*)"
                  " FROM match_states s WHERE s.match_id = e.object_id AND s.state = 'CONFIRMED'"
                  " AND s.actor = e.decided_by) <> 1") == 0,
          "approved without its effect");
    HOLDS(
        one_int("SELECT count(*) FROM (SELECT 1 FROM escalations WHERE state = 'APPROVED' GROUP BY"
                " object_id HAVING count(*) > 1)") == 0,
        "approved twice");
    for (int m = 0; m < MATCHES; m++)
        HOLDS(model.confirmed[m] <= 1, "confirmed twice");
}

static void policies_make(void)
{
    for (int i = 0; i < 3; i++) {
        policies[i] = *book_policy;
        policies[i].digest[0] = (char)('a' + i);
    }
    policies[2].clauses[REASON_TIER_REQUIRES_HUMAN].text = "Only on Mondays.";
    book_policy = &policies[0];
}

static void random_up(void)
{
    struct tx tx;
    spine_up();
    book_policy =
        load("authority: [{role: controller, actions: [CONFIRM], entities: all}]", authority);
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-fay", "fay", true));
    book_end(&tx);
    policies_make();
}

/* ---- a history ---- */

static void everybody_back(void)
{
    for (int i = 0; i < PEOPLE; i++) {
        if (model.disabled[i])
            disable_or_not(i);
    }
    book_policy = &policies[0];
}

static void step(void)
{
    struct act acts[4];
    struct call *group[4];
    size_t n = 1 + pick(3);
    for (size_t i = 0; i < n; i++) {
        acts[i] = act_make();
        group[i] = acts[i].c;
    }
    ck_assert(call_group(book_writer, group, n, book_clock));
    for (size_t i = 0; i < n; i++)
        act_check(&acts[i]);
}

static void history(int number, int first)
{
    int64_t lent[PEOPLE][PEOPLE];
    memcpy(lent, model.lent_until, sizeof lent);
    memset(&model, 0, sizeof model);
    memcpy(model.lent_until, lent, sizeof lent);
    model.first = first;
    for (int m = 0; m < THEIRS; m++) {
        model.id[m] = spine_matches(first + m, 1, cents[m])[0];
        model.live[m] = true;
    }
    spine_entries(first + THEIRS, 1, cents[THEIRS]);
    seed = (uint64_t)number + 1;
    rng = seed * UINT64_C(0x9E3779B97F4A7C15);
    for (int i = 0, n = 6 + (int)pick(14); i < n; i++) {
        if (pick(3) == 0)
            world_turns();
        step();
        book_check();
    }
    everybody_back();
    book_is_intact();
}

START_TEST(nobody_gets_past_the_model)
{
    struct arena *kept = arena;
    memset(&model, 0, sizeof model);
    for (int i = 0; i < HISTORIES; i++) {
        arena = arena_new((size_t)256 << 20);
        history(_i * HISTORIES + i, 1 + i * MATCHES);
        arena_free(arena);
        while (spine_arenas_n > 0)
            arena_free(spine_arenas[--spine_arenas_n]);
    }
    arena = kept;
    ck_assert(proposed > 0 && refused > 0); /* or this shows less than it says */
}
END_TEST

int main(void)
{
    const char *books = getenv("CLOSEGATE_RANDOM_BOOKS");
    TCase *tcase = test_case("escalation_random", random_up, spine_down);
    tcase_add_loop_test(tcase, nobody_gets_past_the_model, 0,
                        books == NULL ? BOOKS : (int)strtol(books, NULL, 10));
    return test_run("escalation_random", tcase);
}
