/* Exceptions from being listed to being ended, through the spine: who may flag, take, resolve and
 * write off, what then counts, and that nothing that ended stands again. */
#include <string.h>

#include "engine/fsm/entry.h"
#include "engine/store/exceptions.h"
#include "engine/store/files.h"
#include "engine/store/work.h"
#include "engine/tools/resources.h"
#include "tests/unit/spine_book.h"

#define DAY_US INT64_C(86400000000)

/* A write-off to 100 USD is one person's; more than 1,000 in a week is not. Clerks decide to 5,000
 * alone. */
static const char authority[] =
    "write_off_limit: 100 USD\n"
    "authority:\n"
    "  - {role: controller, actions: [CONFIRM, REJECT, RESOLVE, WITHDRAW, PROPOSE, FLAG, ASSIGN,"
    " COMMENT, ATTACH, RESOLVE_EXCEPTION, UNMATCH, INGEST], entities: all}\n"
    "  - {role: clerk, actions: [CONFIRM, REJECT, RESOLVE, PROPOSE, FLAG, ASSIGN, COMMENT, ATTACH,"
    " RESOLVE_EXCEPTION], entities: all, single_max: 5000 USD}\n"
    "  - {role: engine, actions: [CONFIRM, PROPOSE], entities: all}\n"
    "exceptions: {escalate_after_days: 10}";

static struct actor eve; /* of UK only */

static void policy_set(void)
{
    struct policy *p;
    const char *text =
        with("authority: [{role: controller, actions: [CONFIRM], entities: all}]", authority);
    const char *at = strstr(text, "cumulative_limits: []");
    text = arena_fmt(arena,
                     "%.*scumulative_limits: [{id: week, per: book, window_days: 7, max: "
                     "1000 USD}]%s",
                     (int)(at - text), text, at + strlen("cumulative_limits: []"));
    ck_ok(load_text(str_of(text), &p));
    book_policy = p;
}

static void exceptions_up(void)
{
    struct tx tx;
    enum put put;
    spine_up();
    policy_set();
    eve = spine_human("eve");
    book_begin(&tx);
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    ck_ok(identity_link(&tx, "p-cho", "actor", "", "cho"));
    ck_ok(source_put(&tx,
                     &(struct source_def){.source_id = "s",
                                          .entity_id = "US",
                                          .account_id = "1010",
                                          .side = SIDE_BANK,
                                          .mapping = "{}"},
                     &put));
    book_end(&tx);
    spine_entries(1, 8, 5000);     /* about 50 USD */
    spine_entries(101, 2, 50000);  /* about 500 USD */
    spine_entries(201, 2, 600000); /* about 6,000 USD */
}

/* ---- calls ---- */

static struct call *call_of(const struct actor *actor, const char *tool,
                            const char *const pairs[][2])
{
    struct json *args = json_object_new(arena);
    for (size_t i = 0; pairs[i][0] != NULL; i++)
        json_put_text(arena, args, pairs[i][0], pairs[i][1]);
    struct call *c = spine_call(actor, tool, NULL, args);
    if (c->tool->run != TOOL_READ)
        return spine_run(c);
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &tx));
    c->err = c->tool->read(c, &tx);
    tx_read_end(&tx);
    c->outcome = c->err.kind == ERR_NONE ? CALL_OK : CALL_FAILED;
    return c;
}
#define CALL(actor, tool, ...)                                                                     \
    call_of((actor), (tool), (const char *const[][2]){__VA_ARGS__, {NULL, NULL}})

static struct call *flag(const struct actor *actor, const char *entry, const char *class_)
{
    return CALL(actor, "flag_exception", {"entry_id", entry}, {"class", class_},
                {"rationale", "seen on the statement"});
}

/* Flagged by ben; its id. */
static const char *flagged(const char *entry, const char *class_)
{
    const struct actor ben = spine_human("ben");
    struct call *c = flag(&ben, entry, class_);
    spine_is(c, CALL_OK);
    return arena_strdup(arena, json_get_text(c->result, "exception_id"));
}

static struct call *resolve(const struct actor *actor, const char *id, const char *outcome)
{
    return CALL(actor, "resolve_exception", {"exception_id", id}, {"outcome", outcome},
                {"rationale", "the bank said so"});
}

/* ---- what the book says ---- */

static struct exception_row row_of(const char *id)
{
    struct exception_row x;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(exception_load(&tx, arena, id, &x));
    tx_read_end(&tx);
    return x;
}

static void state_is(const char *id, enum exception_state state)
{
    const struct exception_row x = row_of(id);
    ck_assert_str_eq(exception_state_name(x.state), exception_state_name(state));
}

static enum entry_state stand_of(const char *entry)
{
    enum entry_state state;
    const char *match_id;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_state(&tx, arena, entry, &state, &match_id));
    tx_read_end(&tx);
    return state;
}

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

struct looking {
    const char *entry;
    bool found;
};

static struct err look(void *arg, const struct open_entry *e)
{
    struct looking *l = arg;
    l->found = l->found || str_is(e->entry_id, l->entry);
    return OK;
}

static bool in_matching(const char *entry)
{
    struct looking l = {.entry = entry};
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_unmatched(&tx, "US", "1010", look, &l));
    tx_read_end(&tx);
    return l.found;
}

static int64_t given_up(void)
{
    return spine_int("SELECT coalesce(sum(sum_minor), 0) FROM written_off WHERE scope = 'book'",
                     NULL);
}

/* ---- flagging ---- */

START_TEST(whoever_may_flag_makes_an_exception_of_an_entry)
{
    const struct actor agent = spine_agent("ben");
    struct call *c = flag(&agent, "b:1", "FX_DIFFERENCE");
    spine_is(c, CALL_OK);
    const char *id = json_get_text(c->result, "exception_id");
    state_is(id, EXCEPTION_OPEN);
    ck_assert_str_eq(row_of(id).class_, "FX_DIFFERENCE");
    ck_assert_str_eq(row_of(id).flag.actor, "llm:claude.s-1");
    ck_assert_str_eq(row_of(id).flag.on_behalf_of, "p-ben");
    ck_assert_str_eq(row_of(id).flag.rationale_author, "model");
    ck_assert_int_eq(stand_of("b:1"), ENTRY_EXCEPTION);
    book_is_intact();
}
END_TEST

START_TEST(the_same_is_not_flagged_twice_and_another_class_takes_its_place)
{
    const struct actor ben = spine_human("ben");
    const char *first = flagged("b:1", "FEE");
    struct call *again = flag(&ben, "b:1", "FEE");
    spine_is(again, CALL_DENIED);
    ck_assert_int_eq(again->verdict.reason, REASON_STATE_INVALID);
    spine_is(CALL(&ben, "assign_item", {"object", first}, {"to", "p-dia"}), CALL_OK);
    struct call *other = flag(&ben, "b:1", "NSF_RETURN");
    spine_is(other, CALL_OK);
    const char *second = json_get_text(other->result, "exception_id");
    ck_assert_str_eq(json_get_text(other->result, "replaces"), first);
    state_is(first, EXCEPTION_RESOLVED);
    ck_assert_str_eq(row_of(first).outcome, "reclassified");
    state_is(second, EXCEPTION_INVESTIGATING); /* whoever had it has it still */
    ck_assert_str_eq(row_of(second).assignee, "p-dia");
    ck_assert(!row_of(first).latest);
    book_is_intact();
}
END_TEST

START_TEST(what_stands_in_a_match_is_not_flagged)
{
    const struct actor ben = spine_human("ben");
    struct tx tx;
    book_begin(&tx);
    (void)spine_proposal(&tx, 1, 5000);
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    book_end(&tx);
    struct call *c = flag(&ben, "b:1", "FEE");
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_STATE_INVALID);
}
END_TEST

START_TEST(flagging_asks_for_no_ceiling)
{
    const struct actor cho = spine_human("cho");
    spine_is(flag(&cho, "b:201", "DUPLICATE"), CALL_OK);
}
END_TEST

START_TEST(what_one_may_not_see_is_not_there)
{
    const char *id = flagged("b:1", "FEE");
    spine_failed(flag(&eve, "b:2", "FEE"), ERR_MISSING);
    spine_failed(resolve(&eve, id, "false_positive"), ERR_MISSING);
    spine_failed(CALL(&eve, "investigate_exception", {"entry_id", "b:1"}), ERR_MISSING);
    spine_failed(CALL(&eve, "comment_item", {"object", id}, {"text", "mine"}), ERR_MISSING);
    spine_failed(CALL(&eve, "comment_item", {"object", "entry:b:1"}, {"text", "mine"}),
                 ERR_MISSING);
    spine_failed(CALL(&eve, "comment_item", {"object", "entry:none"}, {"text", "mine"}),
                 ERR_MISSING);
    spine_failed(CALL(&eve, "assign_item", {"object", id}, {"to", "p-eve"}), ERR_MISSING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM comments", NULL), 0);
}
END_TEST

START_TEST(a_class_that_is_none_is_refused)
{
    struct json *args = json_object_new(arena);
    struct call c = {.arena = arena, .tool = tool_find("flag_exception"), .actor = spine_ana};
    json_put_text(arena, args, "entry_id", "b:1");
    json_put_text(arena, args, "class", "WEATHER");
    json_put_text(arena, args, "rationale", "x");
    struct err e = call_bind(&c, args);
    ck_err(e, ERR_INPUT);
    ck_assert_str_eq(e.where, "/class");
}
END_TEST

/* ---- assigning ---- */

START_TEST(who_takes_an_exception_investigates_it_and_may_give_it_back)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    struct call *c =
        CALL(&ben, "assign_item", {"object", id}, {"to", "human:cho"}, {"rationale", "yours"});
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "assignee"), "p-cho");
    state_is(id, EXCEPTION_INVESTIGATING);
    int64_t events = spine_events();
    spine_is(CALL(&ben, "assign_item", {"object", id}, {"to", "p-cho"}), CALL_OK);
    ck_assert_int_eq(spine_events(), events); /* it was so already */
    spine_is(CALL(&ben, "assign_item", {"object", id}, {"to", "role:clerk"}), CALL_OK);
    state_is(id, EXCEPTION_INVESTIGATING);
    spine_is(CALL(&ben, "assign_item", {"object", id}), CALL_OK);
    state_is(id, EXCEPTION_OPEN);
    ck_assert_ptr_null(row_of(id).assignee);
    book_is_intact();
}
END_TEST

START_TEST(nobody_is_given_what_they_may_not_see)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "p-eve"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "p-nobody"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "human:nobody"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", id}, {"to", "role:engine"}), ERR_INPUT);
    spine_failed(CALL(&ben, "assign_item", {"object", "exc_1"}, {"to", "p-cho"}), ERR_INPUT);
    state_is(id, EXCEPTION_OPEN);
}
END_TEST

START_TEST(what_ended_is_given_to_nobody)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_is(resolve(&ben, id, "false_positive"), CALL_OK);
    struct call *c = CALL(&ben, "assign_item", {"object", id}, {"to", "p-cho"});
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_STATE_INVALID);
}
END_TEST

/* ---- comments and evidence ---- */

START_TEST(comments_say_who_wrote_them_and_stay)
{
    const struct actor ben = spine_human("ben"), agent = spine_agent("ben");
    struct comment *rows;
    struct tx tx;
    size_t n;
    const char *id = flagged("b:1", "FEE");
    spine_is(CALL(&ben, "comment_item", {"object", id}, {"text", "called the bank"}), CALL_OK);
    spine_is(CALL(&agent, "comment_item", {"object", id}, {"text", "looks like March"}), CALL_OK);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(comments_of(&tx, arena, arena_fmt(arena, "exception:%s", id), 10, &rows, &n));
    tx_read_end(&tx);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(rows[0].author_kind, "human");
    ck_assert_str_eq(rows[0].principal, "p-ben");
    ck_assert_str_eq(rows[1].author, "llm:claude.s-1");
    ck_assert_str_eq(rows[1].author_kind, "model");
    ck_assert_str_eq(rows[1].principal, "p-ben");
    book_is_intact();
}
END_TEST

START_TEST(evidence_is_a_digest_and_the_same_document_is_one)
{
    const struct actor ben = spine_human("ben");
    static const char sha[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct call *one = CALL(&ben, "attach_evidence", {"object", "entry:b:1"}, {"sha256", sha},
                            {"name", "advice.pdf"}, {"media_type", "application/pdf"});
    spine_is(one, CALL_OK);
    struct call *two = CALL(&ben, "attach_evidence", {"object", "entry:b:1"}, {"sha256", sha},
                            {"name", "advice.pdf"});
    spine_is(two, CALL_OK);
    ck_assert_str_eq(json_get_text(one->result, "evidence_id"),
                     json_get_text(two->result, "evidence_id"));
    ck_assert_int_eq(spine_int("SELECT count(*) FROM evidence", NULL), 1);
    book_is_intact();
}
END_TEST

START_TEST(everything_that_has_an_id_can_be_commented)
{
    const struct actor agent = spine_agent("ben"), ben = spine_human("ben");
    const char **ids = spine_matches(301, 1, 7000);
    struct call *pending = spine_run(spine_on_match(&agent, "confirm_match", ids[0], NULL));
    spine_is(pending, CALL_PENDING);
    const char *escalation = pending->escalation_id;
    spine_is(CALL(&ben, "comment_item", {"object", ids[0]}, {"text", "a"}), CALL_OK);
    spine_is(CALL(&ben, "comment_item", {"object", escalation}, {"text", "b"}), CALL_OK);
    spine_is(CALL(&ben, "comment_item", {"object", "entry:b:301"}, {"text", "c"}), CALL_OK);
    spine_is(CALL(&ben, "assign_item", {"object", escalation}, {"to", "p-cho"}), CALL_OK);
    ck_assert_int_eq(spine_int("SELECT count(DISTINCT object) FROM comments", NULL), 3);
    book_is_intact();
}
END_TEST

/* ---- resolving ---- */

START_TEST(a_resolved_exception_stands_no_more_and_its_entry_is_unmatched)
{
    const struct actor cho = spine_human("cho");
    const char *id = flagged("b:1", "TIMING");
    struct call *c = resolve(&cho, id, "timing_accepted");
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "state"), "RESOLVED");
    ck_assert_int_eq(stand_of("b:1"), ENTRY_UNMATCHED);
    ck_assert(in_matching("b:1"));
    struct call *again = resolve(&cho, id, "timing_accepted");
    spine_is(again, CALL_DENIED);
    ck_assert_int_eq(again->verdict.reason, REASON_STATE_INVALID);
    book_is_intact();
}
END_TEST

START_TEST(an_exception_does_not_end_without_a_reason)
{
    const struct actor cho = spine_human("cho");
    const char *id = flagged("b:1", "TIMING");
    struct call *c =
        CALL(&cho, "resolve_exception", {"exception_id", id}, {"outcome", "timing_accepted"});
    spine_failed(c, ERR_INPUT);
    ck_assert_str_eq(c->err.where, "/rationale");
    state_is(id, EXCEPTION_OPEN);
}
END_TEST

START_TEST(a_small_write_off_is_one_persons_and_counts)
{
    const struct actor ben = spine_human("ben");
    const char *id = flagged("b:1", "FEE");
    spine_is(resolve(&ben, id, "write_off"), CALL_OK);
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert_int_eq(given_up(), 5001);
    ck_assert_int_eq(stand_of("b:1"), ENTRY_UNMATCHED);
    ck_assert(!in_matching("b:1"));
    ck_assert_int_eq(spine_int("SELECT count(*) FROM auto_confirmed", NULL), 0);
    book_is_intact();
}
END_TEST

START_TEST(a_large_write_off_is_not_who_flagged_its)
{
    const struct actor ben = spine_human("ben"), cho = spine_human("cho");
    const char *id = flagged("b:101", "UNIDENTIFIED_RECEIPT");
    struct call *own = resolve(&ben, id, "write_off");
    spine_is(own, CALL_DENIED);
    ck_assert_int_eq(own->verdict.reason, REASON_SOD_SAME_ACTOR);
    state_is(id, EXCEPTION_OPEN);
    spine_is(resolve(&cho, id, "write_off"), CALL_OK);
    ck_assert_int_eq(given_up(), 50101);
    book_is_intact();
}
END_TEST

START_TEST(many_small_write_offs_are_a_large_one)
{
    const struct actor ben = spine_human("ben"), cho = spine_human("cho");
    const char *large = flagged("b:101", "FEE"), *other = flagged("b:102", "FEE");
    const char *small = flagged("b:1", "FEE");
    spine_is(resolve(&cho, large, "write_off"), CALL_OK);
    spine_is(resolve(&ben, small, "write_off"), CALL_OK); /* 551 of 1,000 */
    spine_is(resolve(&cho, other, "write_off"), CALL_OK); /* 1,052 */
    const char *last = flagged("b:2", "FEE");
    struct call *c = resolve(&ben, last, "write_off"); /* 50 more, and he flagged it */
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_SOD_SAME_ACTOR);
    spine_is(resolve(&ben, last, "false_positive"), CALL_OK);
}
END_TEST

START_TEST(a_write_off_above_single_max_takes_two_people)
{
    const struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char *id = flagged("b:201", "FEE");
    struct call *first = resolve(&cho, id, "write_off");
    spine_is(first, CALL_PENDING);
    ck_assert_int_eq(first->verdict.reason, REASON_SECOND_APPROVER_REQUIRED);
    spine_is(resolve(&cho, id, "write_off"), CALL_PENDING); /* still one pair of eyes */
    state_is(id, EXCEPTION_OPEN);
    struct call *second = spine_run(spine_answer(&dia, first, "confirm", "seen the notice"));
    spine_is(second, CALL_OK);
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert_int_eq(spine_escalation(first->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(given_up(), 600201);
    book_is_intact();
}
END_TEST

START_TEST(what_an_agent_wants_to_write_off_a_human_confirms)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *asked = resolve(&agent, id, "write_off");
    spine_is(asked, CALL_PENDING);
    ck_assert_int_eq(asked->verdict.reason, REASON_TIER_REQUIRES_HUMAN);
    ck_assert_str_eq(spine_escalation(asked->escalation_id).object_type, "exception");
    state_is(id, EXCEPTION_OPEN);
    spine_failed(spine_run(spine_answer(&cho, asked, "confirm", NULL)), ERR_INPUT);
    struct call *done = spine_run(spine_answer(&cho, asked, "confirm", "one fee, as every month"));
    spine_is(done, CALL_OK);
    ck_assert_str_eq(json_get_text(done->result, "state"), "WRITTEN_OFF");
    state_is(id, EXCEPTION_WRITTEN_OFF);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(given_up(), 5001);
    book_is_intact();
}
END_TEST

/* What a confirmed request says is the bound tool's: the answer's schema must let it through. */
START_TEST(the_schema_of_an_answer_is_open)
{
    struct json *schema;
    ck_ok(tool_output_schema(arena, tool_find("resolve_escalation"), &schema));
    ck_assert(json_get(schema, "additionalProperties")->truth);
    ck_ok(tool_output_schema(arena, tool_find("resolve_exception"), &schema));
    ck_assert(!json_get(schema, "additionalProperties")->truth);
}
END_TEST

START_TEST(an_answer_is_not_stale_because_somebody_took_the_exception)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *asked = resolve(&agent, id, "false_positive");
    spine_is(CALL(&cho, "assign_item", {"object", id}, {"to", "p-cho"}), CALL_OK);
    spine_is(spine_run(spine_answer(&cho, asked, "confirm", "agreed")), CALL_OK);
    state_is(id, EXCEPTION_RESOLVED);
}
END_TEST

START_TEST(a_human_who_acts_directly_settles_what_was_asked)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *same = resolve(&agent, id, "false_positive");
    struct call *other = resolve(&agent, id, "timing_accepted");
    spine_is(other, CALL_PENDING);
    spine_is(resolve(&cho, id, "false_positive"), CALL_OK);
    ck_assert_int_eq(spine_escalation(same->escalation_id).state, ESCALATION_APPROVED);
    ck_assert_int_eq(spine_escalation(other->escalation_id).state, ESCALATION_STALE);
    book_is_intact();
}
END_TEST

START_TEST(a_rejected_request_leaves_the_exception_open)
{
    const struct actor agent = spine_agent("ben"), cho = spine_human("cho");
    const char *id = flagged("b:1", "FEE");
    struct call *asked = resolve(&agent, id, "write_off");
    spine_is(spine_run(spine_answer(&cho, asked, "reject", "it is a deposit")), CALL_OK);
    state_is(id, EXCEPTION_OPEN);
    ck_assert_int_eq(given_up(), 0);
}
END_TEST

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

SPINE_MAIN("exceptions", exceptions_up, spine_down, whoever_may_flag_makes_an_exception_of_an_entry,
           the_same_is_not_flagged_twice_and_another_class_takes_its_place,
           what_stands_in_a_match_is_not_flagged, flagging_asks_for_no_ceiling,
           what_one_may_not_see_is_not_there, a_class_that_is_none_is_refused,
           who_takes_an_exception_investigates_it_and_may_give_it_back,
           nobody_is_given_what_they_may_not_see, what_ended_is_given_to_nobody,
           comments_say_who_wrote_them_and_stay, evidence_is_a_digest_and_the_same_document_is_one,
           everything_that_has_an_id_can_be_commented,
           a_resolved_exception_stands_no_more_and_its_entry_is_unmatched,
           an_exception_does_not_end_without_a_reason, a_small_write_off_is_one_persons_and_counts,
           a_large_write_off_is_not_who_flagged_its, many_small_write_offs_are_a_large_one,
           a_write_off_above_single_max_takes_two_people,
           what_an_agent_wants_to_write_off_a_human_confirms, the_schema_of_an_answer_is_open,
           an_answer_is_not_stale_because_somebody_took_the_exception,
           a_human_who_acts_directly_settles_what_was_asked,
           a_rejected_request_leaves_the_exception_open,
           a_confirmed_match_ends_the_exceptions_of_its_entries,
           a_written_off_entry_is_proposed_by_nobody_until_it_is_flagged_again,
           a_pass_respects_what_people_did, a_pass_leaves_alone_what_somebody_investigates,
           what_grows_old_is_escalated_once, only_the_engine_sweeps,
           a_sweep_is_bounded_and_says_that_more_is_left, the_list_says_state_age_and_who_has_it,
           pages_follow_each_other_and_end,
           investigating_tells_what_stood_near_and_why_it_was_not_it,
           an_entry_stands_where_its_machine_says)
