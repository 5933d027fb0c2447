/* What the screens of a decision read: a match with everything that stands around it, an escalation
 * with who may answer it and why not, and how both ended. */
#include <string.h>

#include "engine/store/work.h"
#include "tests/unit/spine_book.h"

static struct actor ben, cho, dia, agent; /* ben's */

static void screens_up(void)
{
    static const char *const names[] = {"ana", "ben", "cho", "dia"};
    struct tx tx;
    spine_up();
    ben = spine_human("ben"), cho = spine_human("cho"), dia = spine_human("dia");
    agent = spine_agent("ben");
    book_begin(&tx);
    for (size_t i = 0; i < 4; i++)
        ck_ok(identity_link(&tx, arena_fmt(arena, "p-%s", names[i]), "actor", "", names[i]));
    book_end(&tx);
}

static const struct json *read_as(const struct actor *actor, const char *prefix, const char *id,
                                  enum err_kind want)
{
    struct arena *own = arena_new((size_t)64 << 20);
    struct call *c = ARENA_NEW(own, struct call);
    const struct resource *r = NULL;
    struct tx tx;
    for (size_t i = 0; r == NULL && i < resources_n; i++)
        r = strcmp(resources[i].uri, prefix) == 0 ? &resources[i] : NULL;
    ck_assert_ptr_nonnull(r);
    spine_arenas[spine_arenas_n++] = own;
    *c = (struct call){.arena = own, .actor = *actor, .policy = book_policy};
    ck_ok(tx_read_begin(book_reader, own, book_clock(), &tx));
    const struct err e = r->read(c, &tx, id);
    tx_read_end(&tx);
    ck_assert_msg(e.kind == want, "%s: %s %s", id, err_kind_name(e.kind), e.msg);
    return c->result;
}

static const struct json *match(const struct actor *actor, const char *id)
{
    return read_as(actor, "recon://matches/{id}", id, ERR_NONE);
}

static const struct json *escalation(const struct actor *actor, const struct call *asked)
{
    return read_as(actor, "recon://escalations/{id}", asked->escalation_id, ERR_NONE);
}

static bool is(const struct json *o, const char *pointer, const char *want)
{
    return text_eq(json_text(json_pointer_get(o, pointer)), want);
}

static bool may(const struct json *o, const char *decision)
{
    const struct json *b = json_pointer_get(o, arena_fmt(arena, "/may/%s/may", decision));
    ck_assert_ptr_nonnull(b);
    return b->truth;
}

static int64_t number(const struct json *o, const char *pointer)
{
    int64_t n = -1;
    (void)json_int(json_pointer_get(o, pointer), &n);
    return n;
}

/* A proposal whose evidence knows other candidates: one of this entity, one of another. */
static const char *with_alternatives(void)
{
    struct match m;
    struct tx tx;
    struct entry other = {.entry_id = "uk:9",
                          .version = 1,
                          .side = SIDE_GL,
                          .contra = CONTRA_ACCOUNT,
                          .contra_account = "4000",
                          .source_id = "s",
                          .file_id = "f",
                          .row_no = 1,
                          .entity_id = "UK",
                          .account_id = "1010",
                          .date = {20454},
                          .raw_sha256 = "00"};
    const char **ids = spine_matches(1, 1, 1000);
    spine_entries(5, 2, 1000);
    ck_ok(money_make(1006, "USD", &other.amount));
    book_begin(&tx);
    ck_ok(entry_insert(&tx, &other));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 1));
    ck_ok(match_load(&tx, arena, ids[0], &m));
    m.match_id = NULL;
    m.legs[0].entry_id = "b:5", m.legs[1].entry_id = "g:5";
    m.legs[0].amount_minor = m.legs[1].amount_minor = 1005;
    m.evidence = "{\"alternatives\":[{\"entry_id\":\"g:6\",\"score_bp\":9000},{\"entry_id\":"
                 "\"uk:9\",\"score_bp\":8000}],\"compared\":[{\"bank\":\"1005\",\"book\":\"1005\","
                 "\"field\":\"amount\"},{\"bank\":\"x\",\"book\":\"y\",\"field\":\"text\"}]}";
    ck_ok(match_composition(arena, m.rule, m.legs, 2, &m.composition_sha256));
    ck_ok(match_insert(&tx, &m));
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    return m.match_id;
}

START_TEST(a_match_is_shown_with_its_legs_and_accounts_by_name)
{
    const struct json *m = match(&spine_ana, with_alternatives());
    ck_assert(is(m, "/legs/0/entry_id", "b:5") && is(m, "/legs/0/amount", "10.05"));
    ck_assert(is(m, "/legs/0/date", "2026-01-01") && is(m, "/legs/0/currency", "USD"));
    ck_assert(is(m, "/legs/0/reference", "5") && is(m, "/period/from", "2026-01-01"));
    ck_assert(is(m, "/entity/name", "US Inc") && is(m, "/entity/currency", "USD"));
    ck_assert(is(m, "/accounts/0/account_id", "1010") && is(m, "/accounts/0/class", "cash"));
    ck_assert(is(m, "/accounts/1/account_id", "4000"));
    ck_assert(is(m, "/compared/0/bank", "10.05") && is(m, "/compared/1/bank", "x"));
    ck_assert(is(m, "/evidence/compared/0/bank", "1005"));
    ck_assert(is(m, "/proposed_by/actor", "engine:matcher"));
    ck_assert_ptr_null(json_get(m, "decided"));
    ck_assert_ptr_null(json_get(m, "waits_as"));
}
END_TEST

START_TEST(other_candidates_are_shown_as_far_as_the_caller_sees_them)
{
    const struct actor eve = spine_human("eve");
    const char *id = with_alternatives();
    struct tx tx;
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "US"));
    book_end(&tx);
    const struct json *m = match(&spine_ana, id);
    ck_assert_uint_eq(json_get(m, "alternatives")->count, 2);
    ck_assert(is(m, "/alternatives/0/entry_id", "g:6") && is(m, "/alternatives/0/amount", "10.06"));
    ck_assert(is(m, "/alternatives/0/state", "unmatched"));
    ck_assert_int_eq(number(m, "/alternatives/1/score_bp"), 8000);
    ck_assert_uint_eq(json_get(match(&eve, id), "alternatives")->count, 1);
}
END_TEST

START_TEST(what_people_said_about_a_match_is_with_it)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct tx tx;
    struct comment said = {.object = object_key(arena, OBJECT_MATCH, ids[0]),
                           .author = "human:ana",
                           .principal = "p-ana",
                           .author_kind = "human",
                           .text = "looks right"};
    book_begin(&tx);
    ck_ok(comment_add(&tx, &said));
    book_end(&tx);
    ck_assert(is(match(&ben, ids[0]), "/comments/0/text", "looks right"));
}
END_TEST

START_TEST(an_escalation_says_who_asked_and_who_may_answer)
{
    const char **ids = spine_matches(1, 1, 2000000); /* above materiality */
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], "please"));
    spine_is(asked, CALL_PENDING);
    const struct json *e = escalation(&spine_ana, asked);
    ck_assert(is(e, "/tier", "T2") && is(e, "/entities/0/name", "US Inc"));
    ck_assert(is(e, "/accounts/0/class", "cash") && is(e, "/period/to", "2026-01-01"));
    ck_assert(is(e, "/requested_by/actor", "llm:claude.s-1"));
    ck_assert(is(e, "/requested_by/on_behalf_of/name", "ben"));
    ck_assert(is(e, "/proposed_by/actor", "engine:matcher"));
    ck_assert(may(e, "confirm") && may(e, "reject") && may(e, "request_info"));
    ck_assert(json_pointer_get(e, "/may/confirm/with_rationale")->truth);
    ck_assert(!may(e, "answer") && is(e, "/may/answer/because", "not_now"));
    ck_assert_int_eq(number(e, "/stages/needed"), 1);
    e = escalation(&ben, asked);
    ck_assert(!may(e, "confirm") && is(e, "/may/confirm/because", "your_agent_asked"));
    ck_assert(is(e, "/may/confirm/reason", "SOD_SAME_ACTOR") && may(e, "withdraw"));
    e = escalation(&agent, asked);
    ck_assert(is(e, "/may/confirm/because", "human_only") && may(e, "withdraw"));
    struct actor other = spine_agent("cho");
    other.id = "llm:claude.s-2";
    ck_assert(is(escalation(&other, asked), "/may/withdraw/because", "not_yours"));
    ck_assert(is(match(&spine_ana, ids[0]), "/waits_as", asked->escalation_id));
}
END_TEST

START_TEST(stages_say_who_approved_and_who_is_missing)
{
    const char **ids = spine_matches(1, 1, 700000); /* above a clerk's 5,000 USD */
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(asked, CALL_PENDING);
    const struct json *e = escalation(&cho, asked);
    ck_assert_int_eq(number(e, "/stages/needed"), 2);
    ck_assert(json_pointer_get(e, "/may/confirm/needs_another")->truth);
    ck_assert_int_eq(number(escalation(&spine_ana, asked), "/stages/needed"), 1);
    spine_is(spine_run(spine_answer(&cho, asked, "confirm", "seen")), CALL_PENDING);
    e = escalation(&dia, asked);
    ck_assert(is(e, "/state", "STAGE_APPROVED") && is(e, "/stages/approved/0/name", "cho"));
    ck_assert_int_eq(number(e, "/stages/missing"), 1);
    ck_assert(may(e, "confirm") && !json_pointer_get(e, "/may/confirm/needs_another")->truth);
    e = escalation(&cho, asked);
    ck_assert(json_pointer_get(e, "/stages/you_approved")->truth);
    ck_assert_int_eq(number(e, "/stages/missing"), 1);
    spine_is(spine_run(spine_answer(&dia, asked, "confirm", "me, too")), CALL_OK);
    e = escalation(&cho, asked);
    ck_assert(is(e, "/decided/by/name", "dia") &&
              is(e, "/decided/event_type", "ESCALATION_APPROVED"));
    ck_assert(is(e, "/decided/rationale", "me, too") && number(e, "/decided/seq") > 0);
    ck_assert_ptr_null(json_get(e, "may"));
    const struct json *m = match(&cho, ids[0]);
    ck_assert(is(m, "/state", "CONFIRMED") && is(m, "/decided/by/actor", "human:dia"));
}
END_TEST

START_TEST(what_changed_since_it_was_asked_is_said_before_anybody_answers)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    struct tx tx;
    enum put put;
    const struct account other = {
        .entity_id = "US", .account_id = "4000", .name = "x", .class_ = "intercompany"};
    struct entry again;
    book_begin(&tx);
    ck_ok(account_put(&tx, &other, &put));
    ck_ok(entry_load(&tx, arena, "g:1", &again));
    again.version = 2;
    again.contra_account = "4999";
    ck_ok(entry_insert(&tx, &again));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 1));
    book_end(&tx);
    const struct json *e = escalation(&spine_ana, asked);
    ck_assert(!may(e, "confirm") && is(e, "/may/confirm/because", "changed"));
    ck_assert_uint_gt(json_pointer_get(e, "/may/confirm/difference")->count, 0);
    const struct json *m = match(&spine_ana, ids[0]);
    ck_assert_int_eq(number(m, "/legs/1/version"), 1);
    ck_assert_int_eq(number(m, "/legs/1/latest_version"), 2);
}
END_TEST

START_TEST(asking_whether_one_may_changes_nothing)
{
    const char **ids = spine_matches(1, 1, 1000);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    const int64_t events = spine_events();
    for (int i = 0; i < 3; i++)
        (void)escalation(&spine_ana, asked);
    ck_assert_int_eq(spine_events(), events);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_PENDING);
    spine_is(spine_run(spine_answer(&spine_ana, asked, "confirm", "seen")), CALL_OK);
}
END_TEST

SPINE_MAIN("screens", screens_up, spine_down, a_match_is_shown_with_its_legs_and_accounts_by_name,
           other_candidates_are_shown_as_far_as_the_caller_sees_them,
           what_people_said_about_a_match_is_with_it,
           an_escalation_says_who_asked_and_who_may_answer,
           stages_say_who_approved_and_who_is_missing,
           what_changed_since_it_was_asked_is_said_before_anybody_answers,
           asking_whether_one_may_changes_nothing)
