/* Exceptions among everything else: what a confirmed match, a pass and time do to them, how they
 * are read, and that nothing that ended stands again. */
#include <string.h>

#include "engine/store/files.h"
#include "engine/tools/resources.h"
#include "tests/unit/exceptions_book.h"

/* ---- what others do ---- */

/* As a pass does; whether it was new. */
static bool list(const char *entry, const char *class_)
{
    const struct exception_row row = {.entry_id = entry,
                                      .entity_id = "US",
                                      .account_id = "1010",
                                      .class_ = class_,
                                      .detail = "{\"near_misses\":[]}"};
    struct tx tx;
    bool added;
    book_begin(&tx);
    ck_ok(exception_insert(&tx, &row, &added));
    ck_ok(effect_bulk(&tx, TABLE_EXCEPTIONS, added));
    book_end(&tx);
    return added;
}

/* Something was loaded. */
static void files_grow(void)
{
    const struct file_row file = {.file_id = arena_fmt(arena, "fil_%lld", (long long)book_now),
                                  .source_id = "s",
                                  .name = "later.csv",
                                  .sha256 = arena_fmt(arena, "%064lld", (long long)book_now)};
    struct tx tx;
    book_begin(&tx);
    ck_ok(file_put(&tx, &file));
    book_end(&tx);
}

/* ---- matches ---- */

START_TEST(a_confirmed_match_ends_the_exceptions_of_its_entries)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "TIMING"), *match;
    struct tx tx;
    book_begin(&tx);
    match = spine_proposal(&tx, 1, 5000);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    state_is(id, EXCEPTION_OPEN);
    spine_is(resolve(&ben, id, "false_positive"), CALL_DENIED); /* it is in a match */
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", match, "paid")), CALL_OK);
    state_is(id, EXCEPTION_RESOLVED);
    ck_assert_str_eq(row_of(id).outcome, "matched");
    spine_is(spine_run(spine_on_match(&ben, "unmatch", match, "wrong month")), CALL_OK);
    ck_assert_int_eq(stand_of("b:1"), ENTRY_UNMATCHED); /* nothing is resurrected */
    ck_assert(list("b:1", "TIMING"));                   /* and it may be found again */
    book_is_intact();
}
END_TEST

START_TEST(a_written_off_entry_is_proposed_by_nobody_until_it_is_flagged_again)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_is(resolve(&ben, id, "write_off"), CALL_OK);
    struct json *args = json_object_new(arena), *banks = json_array_new(arena),
                *gls = json_array_new(arena);
    json_push(arena, banks, json_text_new(arena, "b:1"));
    json_push(arena, gls, json_text_new(arena, "g:1"));
    json_put(arena, args, "bank_ids", banks);
    json_put(arena, args, "gl_ids", gls);
    struct call *c = spine_run(spine_call(&ben, "propose_match", NULL, args));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_STATE_INVALID);
    const char *again = flagged("b:1", "FEE");
    ck_assert_str_ne(again, id);
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert(in_matching("b:1"));
    spine_is(spine_run(spine_call(&ben, "propose_match", NULL, args)), CALL_OK);
    book_is_intact();
}
END_TEST

/* ---- what a pass lists ---- */

START_TEST(a_pass_respects_what_people_did)
{
    const struct actor ben = spine_human("ben");
    ck_assert(list("b:1", "TIMING"));
    ck_assert(!list("b:1", "TIMING"));
    ck_assert(!list("b:1", "MISSING_GL")); /* nothing was loaded since */
    files_grow();
    ck_assert(list("b:1", "MISSING_GL"));
    const char *flagged_one = flagged("b:2", "FEE");
    files_grow();
    ck_assert(!list("b:2", "MISSING_GL")); /* somebody knows better */
    spine_is(resolve(&ben, flagged_one, "false_positive"), CALL_OK);
    ck_assert(!list("b:2", "FEE"));
    ck_assert(!list("b:2", "MISSING_GL")); /* nothing was loaded since it ended */
    files_grow();
    ck_assert(!list("b:2", "FEE")); /* what was settled is not said again */
    ck_assert(list("b:2", "MISSING_GL"));
    ck_assert_int_eq(stand_of("b:2"), ENTRY_EXCEPTION);
    book_is_intact();
}
END_TEST

START_TEST(a_pass_leaves_alone_what_somebody_investigates)
{
    const struct actor ben = spine_human("ben");
    struct exception_row x;
    struct tx tx;
    bool found;
    ck_assert(list("b:1", "TIMING"));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(exception_of_entry(&tx, arena, "b:1", &found, &x));
    tx_read_end(&tx);
    spine_is(CALL(&ben, "assign_item", {"object", x.exception_id}, {"to", "p-cho"}), CALL_OK);
    files_grow();
    ck_assert(!list("b:1", "MISSING_GL"));
}
END_TEST

/* ---- growing old ---- */

static struct call *sweep(const struct actor *actor)
{
    extern const struct tool tool_sweep_exceptions;
    struct arena *own = arena_new((size_t)16 << 20);
    struct call *c = ARENA_NEW(own, struct call);
    spine_arenas[spine_arenas_n++] = own;
    *c = (struct call){
        .arena = own, .tool = &tool_sweep_exceptions, .actor = *actor, .policy = book_policy};
    return spine_run(c);
}

static int64_t swept(struct call *c)
{
    int64_t n = -1;
    spine_is(c, CALL_OK);
    ck_assert(json_int(json_get(c->result, "escalated"), &n));
    return n;
}

static const struct actor sweeper = {
    .kind = ACTOR_ENGINE, .id = "engine:sweeper", .backend = "engine"};

START_TEST(what_grows_old_is_escalated_once)
{
    const char *id = flagged("b:1", "FEE");
    int64_t events = spine_events();
    ck_assert_int_eq(swept(sweep(&sweeper)), 0);
    ck_assert_int_eq(spine_events(), events); /* nothing to do, nothing to say */
    book_now += 10 * DAY_US;
    const char *young = flagged("b:2", "FEE");
    struct call *c = sweep(&sweeper);
    ck_assert_int_eq(swept(c), 1);
    state_is(id, EXCEPTION_ESCALATED);
    state_is(young, EXCEPTION_OPEN);
    ck_assert_int_eq(spine_events_of("EXCEPTION_ESCALATED"), 1);
    ck_assert_int_eq(swept(sweep(&sweeper)), 0);
    spine_is(resolve(&spine_ana, id, "false_positive"), CALL_OK); /* and it can still end */
    book_is_intact();
}
END_TEST

START_TEST(only_the_engine_sweeps)
{
    (void)flagged("b:1", "FEE");
    book_now += 11 * DAY_US;
    spine_is(sweep(&spine_ana), CALL_DENIED);
    ck_assert_ptr_null(tool_find("sweep_exceptions"));
}
END_TEST

START_TEST(a_sweep_is_bounded_and_says_that_more_is_left)
{
    struct tx tx;
    bool added;
    spine_entries(1000, 130, 100);
    book_begin(&tx);
    for (int i = 0; i < 130; i++) {
        const struct exception_row row = {.entry_id = arena_fmt(arena, "b:%d", 1000 + i),
                                          .entity_id = "US",
                                          .account_id = "1010",
                                          .class_ = "TIMING",
                                          .detail = "{}"};
        ck_ok(exception_insert(&tx, &row, &added));
        ck_assert(added);
    }
    ck_ok(effect_bulk(&tx, TABLE_EXCEPTIONS, 130));
    book_end(&tx);
    book_now += 20 * DAY_US;
    struct call *c = sweep(&sweeper);
    ck_assert_int_eq(swept(c), 100);
    ck_assert(json_get(c->result, "more")->truth);
    c = sweep(&sweeper);
    ck_assert_int_eq(swept(c), 30);
    ck_assert(!json_get(c->result, "more")->truth);
    ck_assert_int_eq(spine_events_of("EXCEPTION_ESCALATED"), 130);
    book_is_intact();
}
END_TEST

/* ---- reading ---- */

static struct json *read_with(struct err (*read)(struct call *, struct tx *, const char *),
                              const struct actor *actor, const char *id, struct err *e)
{
    struct call *c = ARENA_NEW(arena, struct call);
    struct tx tx;
    *c = (struct call){.arena = arena, .actor = *actor, .policy = book_policy};
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    *e = read(c, &tx, id);
    tx_read_end(&tx);
    return c->result;
}

START_TEST(the_list_says_state_age_and_who_has_it)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    int64_t age = 0, open = 0;
    struct err e;
    spine_is(CALL(&ben, "assign_item", {"object", id}, {"to", "p-cho"}), CALL_OK);
    spine_is(CALL(&ben, "comment_item", {"object", id}, {"text", "called"}), CALL_OK);
    book_now += 40 * DAY_US;
    struct json *all = read_with(exceptions_read, &ben, NULL, &e);
    ck_ok(e);
    const struct json *one = json_pointer_get(all, "/exceptions/0");
    ck_assert_str_eq(json_get_text(one, "state"), "INVESTIGATING");
    ck_assert_str_eq(json_get_text(one, "assignee"), "p-cho");
    ck_assert(json_int(json_get(one, "age_days"), &age) && age == 40);
    ck_assert(json_int(json_get(one, "open_days"), &open) && open == 40);
    ck_assert(json_int(json_pointer_get(all, "/aging/US/31-60"), &age) && age == 1);
    struct json *single = read_with(exception_read, &ben, id, &e);
    ck_ok(e);
    ck_assert_uint_eq(json_get(single, "comments")->count, 1);
    ck_assert_uint_eq(json_get(single, "history")->count, 3); /* flagged, assigned, commented */
    (void)read_with(exception_read, &eve, id, &e);
    ck_err(e, ERR_MISSING);
    struct json *none = read_with(exceptions_read, &eve, NULL, &e);
    ck_ok(e);
    ck_assert_uint_eq(json_get(none, "exceptions")->count, 0);
}
END_TEST

START_TEST(pages_follow_each_other_and_end)
{
    const struct actor ben = spine_human("ben");
    struct tx tx;
    struct err e;
    bool added;
    spine_entries(1000, 250, 100);
    book_begin(&tx);
    for (int i = 0; i < 250; i++) {
        const struct exception_row row = {.entry_id = arena_fmt(arena, "b:%d", 1000 + i),
                                          .entity_id = "US",
                                          .account_id = "1010",
                                          .class_ = "TIMING",
                                          .detail = "{}"};
        ck_ok(exception_insert(&tx, &row, &added));
    }
    ck_ok(effect_bulk(&tx, TABLE_EXCEPTIONS, 250));
    book_end(&tx);
    struct json *page = read_with(entity_exceptions_read, &ben, "US", &e);
    ck_ok(e);
    ck_assert_uint_eq(json_get(page, "exceptions")->count, 200);
    const char *next = arena_fmt(arena, "US/%s", json_get_text(page, "next_cursor"));
    page = read_with(entity_exceptions_read, &ben, next, &e);
    ck_ok(e);
    ck_assert_uint_eq(json_get(page, "exceptions")->count, 50);
    ck_assert_ptr_null(json_get_text(page, "next_cursor"));
    (void)read_with(entity_exceptions_read, &ben, "US/x!", &e);
    ck_err(e, ERR_INPUT);
    (void)read_with(entity_exceptions_read, &eve, "US", &e);
    ck_err(e, ERR_MISSING);
}
END_TEST

START_TEST(investigating_tells_what_stood_near_and_why_it_was_not_it)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    const char **ids = spine_matches(301, 1, 4700); /* 301 cents on top: 50.01, as b:1 */
    spine_is(spine_run(spine_on_match(&ben, "reject_match", ids[0], "no")), CALL_OK);
    struct call *c = CALL(&ben, "investigate_exception", {"entry_id", "b:1"});
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "state"), "exception");
    ck_assert_str_eq(json_get_text(json_pointer_get(c->result, "/exceptions/0"), "exception_id"),
                     id);
    const struct json *candidates = json_get(c->result, "candidates");
    ck_assert_uint_eq(candidates->count, 2); /* g:1 and g:301 */
    for (size_t i = 0; i < candidates->count; i++)
        ck_assert_uint_gt(json_get(candidates->items[i], "why")->count, 0);
    struct call *other = CALL(&ben, "investigate_exception", {"entry_id", "b:301"});
    spine_is(other, CALL_OK);
    ck_assert_str_eq(json_get_text(json_pointer_get(other->result, "/matches/0"), "state"),
                     "REJECTED");
    spine_failed(CALL(&ben, "investigate_exception", {"entry_id", "none"}), ERR_MISSING);
}
END_TEST

static const char *why(const char *entry)
{
    struct call *c = CALL(&spine_ana, "investigate_exception", {"entry_id", entry});
    spine_is(c, CALL_OK);
    return json_get_text(c->result, "why");
}

START_TEST(why_an_entry_is_not_matched_is_said_in_a_sentence)
{
    const struct actor ben = spine_human("ben"), cho = spine_human("cho");
    const struct actor agent = spine_agent("cho");
    struct entry sale = spine_line("s:1", SIDE_GL);
    struct tx tx;
    sale.account_id = "4000";
    ck_ok(money_make(100, "USD", &sale.amount));
    book_begin(&tx);
    ck_ok(entry_insert(&tx, &sale));
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 1));
    book_end(&tx);
    ck_assert_ptr_nonnull(strstr(why("b:2"), "no pass has looked at it"));
    ck_assert_str_eq(why("s:1"), "account 4000 is not reconciled: nothing is matched on it");
    const char *id = flagged("b:1", "FEE");
    ck_assert_str_eq(why("b:1"), "human:ben flagged it as FEE: a bank fee that is not booked");
    spine_is(resolve(&cho, id, "write_off"), CALL_OK);
    ck_assert_str_eq(why("b:1"), "its exception (FEE) ended as write_off: it is out of matching "
                                 "until somebody flags it again");
    spine_is(resolve(&ben, flagged("b:3", "TIMING"), "timing_accepted"), CALL_OK);
    ck_assert_ptr_nonnull(strstr(why("b:3"), "ended as timing_accepted: it is matched when"));
    const char **ids = spine_matches(301, 1, 4700);
    ck_assert_ptr_nonnull(strstr(why("b:301"), "nobody has asked to confirm it yet"));
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(asked, CALL_PENDING);
    ck_assert_ptr_nonnull(strstr(why("b:301"), asked->escalation_id));
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", ids[0], "seen")), CALL_OK);
    ck_assert_str_eq(why("b:301"), arena_fmt(arena, "it is matched: %s is confirmed", ids[0]));
    spine_is(spine_run(spine_on_match(&ben, "unmatch", ids[0], "wrong")), CALL_OK);
    ck_assert_ptr_nonnull(strstr(why("b:301"), "its match was taken back"));
}
END_TEST

/* ---- the entry machine and the book ---- */

/* What the machine says and what the book derives are one: every event of the machine is made to
 * happen to a real entry, each from every state that has a row for it. */
struct walk {
    const char *entry;
    int state; /* of fsm_entry */
    unsigned rows_seen[32];
    const char *match;
};

static int state_derived(const char *entry)
{
    static const char *const names[] = {"UNMATCHED", "PROPOSED", "MATCHED", "EXCEPTION"};
    int state;
    ck_ok(fsm_state_parse(&fsm_entry, names[stand_of(entry)], arena, &state));
    return state;
}

static void step(struct walk *w, enum entry_event event)
{
    const struct fsm_row *row = fsm_find(&fsm_entry, w->state, (int)event);
    ck_assert_msg(row != NULL, "the machine has no way for what happened: %s in %s",
                  fsm_event_name(&fsm_entry, (int)event), fsm_state_name(&fsm_entry, w->state));
    w->rows_seen[row - fsm_entry.rows]++;
    w->state = row->next;
    ck_assert_str_eq(fsm_state_name(&fsm_entry, state_derived(w->entry)),
                     fsm_state_name(&fsm_entry, w->state));
}

static void propose(struct walk *w, int number)
{
    struct tx tx;
    book_begin(&tx);
    w->match = spine_proposal(&tx, number, 5000);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    step(w, ENTRY_EVENT_PROPOSE);
}

static void act(struct walk *w, const char *tool, enum entry_event event)
{
    spine_is(spine_run(spine_on_match(&spine_ana, tool, w->match, "looked")), CALL_OK);
    step(w, event);
}

static void flag_as(struct walk *w, const char *class_)
{
    (void)flagged(w->entry, class_);
    step(w, ENTRY_EVENT_FLAG);
}

static void end(struct walk *w, const char *outcome, enum entry_event event)
{
    struct exception_row x;
    struct tx tx;
    bool found;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(exception_of_entry(&tx, arena, w->entry, &found, &x));
    tx_read_end(&tx);
    spine_is(resolve(&spine_ana, x.exception_id, outcome), CALL_OK);
    step(w, event);
}

START_TEST(an_entry_stands_where_its_machine_says)
{
    struct walk w = {.entry = "b:1"};
    w.state = fsm_entry.initial;
    ck_assert_int_eq(state_derived("b:1"), w.state);
    propose(&w, 1);
    act(&w, "reject_match", ENTRY_EVENT_REJECT);
    ck_assert(list("b:1", "TIMING"));
    step(&w, ENTRY_EVENT_LIST);
    files_grow();
    ck_assert(list("b:1", "MISSING_GL"));
    step(&w, ENTRY_EVENT_LIST);
    flag_as(&w, "FEE");
    propose(&w, 1);
    act(&w, "reject_match", ENTRY_EVENT_REJECT_LISTED);
    propose(&w, 1);
    act(&w, "confirm_match", ENTRY_EVENT_CONFIRM);
    act(&w, "unmatch", ENTRY_EVENT_UNMATCH);
    flag_as(&w, "FEE");
    end(&w, "false_positive", ENTRY_EVENT_RESOLVE);
    flag_as(&w, "FEE");
    end(&w, "write_off", ENTRY_EVENT_WRITE_OFF);
    for (size_t i = 0; i < fsm_entry.n_rows; i++)
        ck_assert_msg(w.rows_seen[i] > 0, "nothing took %s from %s",
                      fsm_event_name(&fsm_entry, fsm_entry.rows[i].event),
                      fsm_state_name(&fsm_entry, fsm_entry.rows[i].state));
    book_is_intact();
}
END_TEST

SPINE_MAIN("exceptions_life", exceptions_up, spine_down,
           a_confirmed_match_ends_the_exceptions_of_its_entries,
           a_written_off_entry_is_proposed_by_nobody_until_it_is_flagged_again,
           a_pass_respects_what_people_did, a_pass_leaves_alone_what_somebody_investigates,
           what_grows_old_is_escalated_once, only_the_engine_sweeps,
           a_sweep_is_bounded_and_says_that_more_is_left, the_list_says_state_age_and_who_has_it,
           pages_follow_each_other_and_end,
           investigating_tells_what_stood_near_and_why_it_was_not_it,
           why_an_entry_is_not_matched_is_said_in_a_sentence,
           an_entry_stands_where_its_machine_says)
