/* The life of a match: parts of entries, differences and their accounts, and taking it back. */
#include "engine/store/differences.h"
#include "engine/store/limits.h"
#include "engine/store/parts.h"
#include "engine/tools/recon_chunk.h"
#include "tests/unit/spine_book.h"

static const struct actor *const ana = &spine_ana;

/* b:1 of 1,000.01 and g:1 … g:3 of 1,000.01 to 1,000.03, and so on: cents + N each. */
static void life_up(void)
{
    static const char *const accounts[][2] = {{"6600", "fees"}, {"2400", "deferred_revenue"}};
    struct tx tx;
    enum put put;
    spine_up();
    book_begin(&tx);
    for (size_t i = 0; i < 2; i++)
        ck_ok(account_put(&tx,
                          &(struct account){.entity_id = "US",
                                            .account_id = accounts[i][0],
                                            .name = "x",
                                            .class_ = accounts[i][1]},
                          &put));
    ck_ok(entity_put(&tx,
                     &(struct entity){.entity_id = "UK",
                                      .name = "UK Ltd",
                                      .functional_currency = "USD",
                                      .zone = "Europe/London",
                                      .calendar = "UK_EW"},
                     &put));
    book_end(&tx);
    spine_entries(1, 5, 100000);
}

/* ---- asking ---- */

static struct call *call_text(const struct actor *actor, const char *tool, const char *json)
{
    struct json *args;
    ck_ok(json_read(arena, str_of(json), NULL, &args));
    return spine_call(actor, tool, NULL, args);
}

static struct call *propose(const struct actor *actor, const char *json)
{
    return spine_run(call_text(actor, "propose_match", json));
}

static const char *proposed(const struct actor *actor, const char *json)
{
    struct call *c = propose(actor, json);
    spine_is(c, CALL_OK);
    return json_get_text(c->result, "match_id");
}

static void refused(const char *json, const char *where)
{
    struct call *c = propose(ana, json);
    spine_failed(c, ERR_INPUT);
    ck_assert_msg(text_eq(c->err.where, where), "%s: %s", c->err.where, c->err.msg);
}

static void denied(const struct call *c, enum reason reason)
{
    spine_is(c, CALL_DENIED);
    ck_assert_msg(c->verdict.reason == reason, "%s", reason_name(c->verdict.reason));
}

static void moved(const char *tool, const char *name, const char *match_id)
{
    const struct actor a = spine_human(name);
    spine_is(spine_run(spine_on_match(&a, tool, match_id, "seen")), CALL_OK);
}

static void confirmed_by_ben(const char *match_id)
{
    moved("confirm_match", "ben", match_id);
}

/* ---- the book ---- */

static int64_t open_of(const char *entry_id)
{
    struct entry e;
    struct money open;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_load(&tx, arena, entry_id, &e));
    ck_ok(entry_open(&tx, &e, &open));
    tx_read_end(&tx);
    return open.minor;
}

static struct entry_totals totals_of(enum side side)
{
    struct entry_totals *totals;
    size_t n;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_totals(&tx, arena, "US", &totals, &n));
    tx_read_end(&tx);
    for (size_t i = 0; i < n; i++) {
        if (totals[i].side == side)
            return totals[i];
    }
    ck_abort_msg("no totals");
}

static int64_t sum_of(const struct entry_totals *t)
{
    int64_t sum = 0;
    for (unsigned s = 0; s < ENTRY_STATES; s++)
        sum += t->sum_minor[s];
    return sum;
}

static size_t differences(struct difference **rows)
{
    size_t n;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(differences_list(&tx, arena, "US", "1010", NULL, 100, rows, &n));
    tx_read_end(&tx);
    return n;
}

/* ---- taking back ---- */

static const char *pair(int number)
{
    return proposed(
        ana, arena_fmt(arena, "{\"bank_ids\":[\"b:%d\"],\"gl_ids\":[\"g:%d\"]}", number, number));
}

START_TEST(a_reversed_match_lets_its_entries_go)
{
    const char *id = pair(1);
    confirmed_by_ben(id);
    ck_assert_int_eq(open_of("b:1"), 0);
    moved("unmatch", "ana", id);
    ck_assert_int_eq(spine_state(id), MATCH_REVERSED);
    ck_assert_int_eq(open_of("b:1"), 100001);
    confirmed_by_ben(pair(1)); /* people may propose it again */
    book_is_intact();
}
END_TEST

START_TEST(only_a_confirmed_match_is_taken_back)
{
    const char *id = pair(1);
    denied(spine_run(spine_on_match(ana, "unmatch", id, "why")), REASON_STATE_INVALID);
    confirmed_by_ben(id);
    moved("unmatch", "ana", id);
    denied(spine_run(spine_on_match(ana, "unmatch", id, "why")), REASON_STATE_INVALID);
    denied(spine_run(spine_on_match(ana, "confirm_match", id, "why")), REASON_STATE_INVALID);
    spine_failed(spine_run(spine_on_match(ana, "unmatch", "mat_0", NULL)), ERR_MISSING);
}
END_TEST

START_TEST(an_agents_unmatch_waits_for_a_human)
{
    const struct actor llm = spine_agent("ana"), ben = spine_human("ben");
    const char *id = pair(1);
    confirmed_by_ben(id);
    struct call *asked = spine_run(spine_on_match(&llm, "unmatch", id, "wrong invoice"));
    spine_is(asked, CALL_PENDING);
    ck_assert_int_eq(asked->verdict.reason, REASON_TIER_REQUIRES_HUMAN);
    ck_assert_int_eq(spine_state(id), MATCH_CONFIRMED);
    struct call *again = spine_run(spine_on_match(&llm, "unmatch", id, "still wrong"));
    ck_assert_str_eq(again->escalation_id, asked->escalation_id);
    spine_is(spine_run(spine_answer(&llm, asked, "confirm", NULL)), CALL_DENIED);
    spine_is(spine_run(spine_answer(&ben, asked, "confirm", "looked")), CALL_OK);
    ck_assert_int_eq(spine_state(id), MATCH_REVERSED);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_APPROVED);
    book_is_intact();
}
END_TEST

START_TEST(a_rejected_unmatch_leaves_the_match)
{
    const struct actor llm = spine_agent("ana"), ben = spine_human("ben");
    const char *id = pair(1);
    confirmed_by_ben(id);
    struct call *asked = spine_run(spine_on_match(&llm, "unmatch", id, NULL));
    spine_is(spine_run(spine_answer(&ben, asked, "reject", "it is right")), CALL_OK);
    ck_assert_int_eq(spine_state(id), MATCH_CONFIRMED);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_REJECTED);
}
END_TEST

START_TEST(taking_back_by_hand_settles_what_waited_for_it)
{
    const struct actor llm = spine_agent("ana");
    const char *id = pair(1);
    confirmed_by_ben(id);
    struct call *asked = spine_run(spine_on_match(&llm, "unmatch", id, NULL));
    moved("unmatch", "ben", id);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_APPROVED);
    spine_is(spine_run(spine_answer(ana, asked, "confirm", "late")), CALL_OK); /* hears how */
    ck_assert_int_eq(spine_events_of("ESCALATION_APPROVED"), 1);
}
END_TEST

START_TEST(above_materiality_taking_back_needs_words)
{
    const char *id = spine_matches(20, 1, 1500000)[0];
    confirmed_by_ben(id);
    denied(spine_run(spine_on_match(ana, "unmatch", id, NULL)), REASON_MISSING_RATIONALE);
    moved("unmatch", "ana", id);
}
END_TEST

START_TEST(above_single_max_taking_back_needs_two)
{
    const struct actor cho = spine_human("cho"), dia = spine_human("dia");
    const char *id = spine_matches(20, 1, 600000)[0];
    confirmed_by_ben(id);
    struct call *first = spine_run(spine_on_match(&cho, "unmatch", id, "wrong"));
    spine_is(first, CALL_PENDING);
    ck_assert_int_eq(first->verdict.reason, REASON_SECOND_APPROVER_REQUIRED);
    spine_is(spine_run(spine_on_match(&cho, "unmatch", id, "wrong")), CALL_PENDING);
    ck_assert_int_eq(spine_state(id), MATCH_CONFIRMED);
    spine_is(spine_run(spine_answer(&dia, first, "confirm", "wrong indeed")), CALL_OK);
    ck_assert_int_eq(spine_state(id), MATCH_REVERSED);
    book_is_intact();
}
END_TEST

START_TEST(a_reversal_makes_no_room_for_more_without_people)
{
    struct money sums[4];
    size_t n;
    int64_t count;
    struct tx tx;
    const char *id = spine_matches(20, 1, 5000)[0];
    spine_is(spine_run(spine_on_match(&spine_engine, "confirm_match", id, NULL)), CALL_OK);
    moved("unmatch", "ana", id);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(auto_confirmed_since(&tx, "entity", "US", (struct date){0}, sums, 4, &n, &count));
    tx_read_end(&tx);
    ck_assert(n == 1 && count == 1 && sums[0].minor == 5020);
}
END_TEST

START_TEST(what_people_took_back_is_known_whatever_rule_finds_it)
{
    struct leg legs[2] = {
        {.entry_id = "g:1", .version = 1, .side = SIDE_GL, .amount_minor = 100001},
        {.entry_id = "b:1", .version = 1, .side = SIDE_BANK, .amount_minor = 100001}};
    struct reversed reversed;
    bool yes;
    struct tx tx;
    const char *id = pair(1);
    confirmed_by_ben(id);
    moved("unmatch", "ana", id);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(reversed_load(&tx, arena, "US", "1010", &reversed));
    ck_assert_uint_eq(reversed.n, 1);
    ck_ok(reversed_has(&reversed, arena, legs, 2, &yes));
    ck_assert(yes);
    ck_ok(reversed_has(&reversed, arena, legs, 1, &yes));
    ck_assert(!yes);
    legs[0].version = 2; /* another reading of the line is another composition */
    ck_ok(reversed_has(&reversed, arena, legs, 2, &yes));
    ck_assert(!yes);
    ck_ok(reversed_load(&tx, arena, "US", "1090", &reversed));
    ck_assert_uint_eq(reversed.n, 0);
    tx_read_end(&tx);
}
END_TEST

/* ---- the matcher ---- */

/* The proposals that a pass made of the bank line b:`number`. */
static int64_t pass_proposes(int number)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    struct call *c = book_call("run_recon_pass", args);
    spine_is(c, CALL_OK);
    return spine_int("SELECT count(*) FROM matches WHERE source = 'matcher'"
                     " AND legs LIKE '%\"' || ?1 || '\"%'",
                     arena_fmt(arena, "b:%d", number));
}

START_TEST(the_matcher_does_not_propose_what_people_took_back)
{
    const char *id = pair(1);
    confirmed_by_ben(id);
    moved("unmatch", "ana", id);
    ck_assert_int_eq(pass_proposes(1), 0);
    ck_assert_int_eq(pass_proposes(2), 1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM exceptions WHERE entry_id = 'b:1'"
                               " AND class = 'REJECTED_BEFORE'",
                               NULL),
                     1);
    book_is_intact();
}
END_TEST

/* The pass had computed before somebody took a part. */
START_TEST(a_chunk_passes_over_what_was_taken_in_part_meanwhile)
{
    struct leg legs[2] = {
        {.entry_id = "b:1", .version = 1, .side = SIDE_BANK, .amount_minor = 100001},
        {.entry_id = "g:1", .version = 1, .side = SIDE_GL, .amount_minor = 100001}};
    struct match m = exact_proposal(legs, 2);
    struct recon_chunk chunk = {
        .entity_id = "US", .account_id = "1010", .requested_by = "human:ana"};
    struct call c = {.arena = arena,
                     .tool = &tool_recon_chunk,
                     .actor = {.kind = ACTOR_ENGINE, .id = "engine:matcher", .backend = "engine"},
                     .policy = book_policy,
                     .args = &chunk};
    struct call *calls[1] = {&c};
    m.composition_sha256 = "00";
    m.amount = (struct money){.minor = 100001, .cur = "USD"};
    chunk.matches = &m;
    chunk.matches_n = 1;
    (void)proposed(ana, "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:1\"],\"parts\":["
                        "{\"entry_id\":\"b:1\",\"amount\":\"1.00\"},"
                        "{\"entry_id\":\"g:1\",\"amount\":\"1.00\"}]}");
    ck_assert(call_group(book_writer, calls, 1, book_clock));
    spine_is(&c, CALL_OK);
    ck_assert(chunk.proposed == 0 && chunk.overtaken == 1);
    book_is_intact();
}
END_TEST

START_TEST(the_matcher_leaves_what_is_held_in_part)
{
    (void)proposed(ana, "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:1\"],\"parts\":["
                        "{\"entry_id\":\"b:1\",\"amount\":\"1.00\"},"
                        "{\"entry_id\":\"g:1\",\"amount\":\"1.00\"}]}");
    ck_assert_int_eq(pass_proposes(1), 0);
    ck_assert_int_eq(pass_proposes(2), 1);
    book_is_intact();
}
END_TEST

static void fee_policy(const char *cap)
{
    const char *text = with("matching: {}", arena_fmt(arena,
                                                      "matching: {tolerances: {fee_cap: %s,"
                                                      " fee_account: \"6600\"}}",
                                                      cap));
    struct policy *policy;
    text = arena_fmt(arena, "%.*s%s%s", (int)(strstr(text, "authority:") - text), text,
                     spine_authority, strchr(strstr(text, "authority:"), '\n'));
    ck_ok(load_text(str_of(text), &policy));
    book_policy = policy;
}

START_TEST(a_fee_that_the_matcher_finds_goes_where_policy_says)
{
    struct tx tx;
    fee_policy("5.00");
    book_begin(&tx);
    spine_entry(&tx, "b:ACME LTD", SIDE_BANK, 99700);
    spine_entry(&tx, "g:ACME LTD", SIDE_GL, 100000);
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    book_end(&tx);
    (void)pass_proposes(1);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM match_differences d JOIN matches m"
                               " USING (match_id) WHERE m.match_type = 'tolerance_fee'"
                               " AND d.account_id = '6600' AND d.amount_minor = -300"
                               " AND json_extract(m.evidence, '$.difference.account_id') = '6600'",
                               NULL),
                     1);
    book_is_intact();
}
END_TEST

/* ---- parts ---- */

/* `cents` of g:1 against the same of b:1. */
static const char *part_args(int bank, int gl, const char *amount)
{
    return arena_fmt(arena,
                     "{\"bank_ids\":[\"b:%d\"],\"gl_ids\":[\"g:%d\"],\"parts\":["
                     "{\"entry_id\":\"b:%d\",\"amount\":\"%s\"},"
                     "{\"entry_id\":\"g:%d\",\"amount\":\"%s\"}]}",
                     bank, gl, bank, amount, gl, amount);
}

START_TEST(a_part_leaves_the_rest_open)
{
    const char *id = proposed(ana, part_args(1, 1, "400.00"));
    struct entry_totals t = totals_of(SIDE_BANK);
    ck_assert_int_eq(open_of("b:1"), 60001);
    ck_assert(t.sum_minor[ENTRY_PROPOSED] == 40000 && t.count[ENTRY_PROPOSED] == 0);
    ck_assert(t.count[ENTRY_UNMATCHED] == 5 && sum_of(&t) == 500015);
    confirmed_by_ben(id);
    t = totals_of(SIDE_BANK);
    ck_assert(t.sum_minor[ENTRY_CONFIRMED] == 40000 && t.sum_minor[ENTRY_PROPOSED] == 0);
    const char *rest = proposed(ana, part_args(1, 1, "600.01"));
    t = totals_of(SIDE_BANK);
    ck_assert_int_eq(open_of("b:1"), 0);
    ck_assert(t.count[ENTRY_PROPOSED] == 1 && t.count[ENTRY_UNMATCHED] == 4);
    ck_assert(t.sum_minor[ENTRY_PROPOSED] == 60001 && t.sum_minor[ENTRY_CONFIRMED] == 40000);
    ck_assert_int_eq(sum_of(&t), 500015);
    book_is_intact();
    moved("reject_match", "ben", rest);
    ck_assert_int_eq(open_of("b:1"), 60001);
    moved("unmatch", "ana", id);
    ck_assert_int_eq(open_of("b:1"), 100001);
    book_is_intact();
}
END_TEST

START_TEST(parts_that_use_an_entry_up_take_it_and_any_of_them_gives_it_back)
{
    enum entry_state state;
    const char *holder, *one = proposed(ana, part_args(1, 1, "400.00"));
    const char *two = proposed(ana, part_args(1, 1, "600.01"));
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_state(&tx, arena, "b:1", &state, &holder));
    ck_assert(state == ENTRY_PROPOSED && text_eq(holder, two));
    tx_read_end(&tx);
    moved("reject_match", "ben", one); /* not the one that took the last part */
    ck_assert_int_eq(open_of("b:1"), 40000);
    book_is_intact();
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entry_state(&tx, arena, "b:1", &state, &holder));
    ck_assert(state == ENTRY_UNMATCHED && holder == NULL);
    tx_read_end(&tx);
}
END_TEST

START_TEST(one_line_pays_two_invoices_and_leaves_a_part)
{
    struct tx tx;
    struct match m;
    spine_entries(30, 1, 30000 - 30); /* b:30, g:30 of 300.00 */
    spine_entries(31, 1, 20000 - 31); /* of 200.00 */
    const char *id = proposed(ana, "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:30\",\"g:31\"],"
                                   "\"parts\":[{\"entry_id\":\"b:1\",\"amount\":\"500.00\"}]}");
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(match_load(&tx, arena, id, &m));
    tx_read_end(&tx);
    ck_assert(m.amount.minor == 50000 && m.difference_minor == 0 && m.legs_n == 3);
    ck_assert(m.legs[0].part && !m.legs[1].part && !m.legs[2].part);
    ck_assert_int_eq(open_of("b:1"), 50001);
    ck_assert_int_eq(open_of("g:30"), 0);
}
END_TEST

START_TEST(a_part_is_of_the_match_and_fits_its_entry)
{
    refused("{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:1\"],\"parts\":[{\"entry_id\":\"g:2\","
            "\"amount\":\"1.00\"}]}",
            "/parts/0/entry_id");
    refused(part_args(1, 1, "1000.02"), "/parts/0/amount");
    refused(part_args(1, 1, "-1.00"), "/parts/0/amount");
    refused(part_args(1, 1, "0"), "/parts/0/amount");
    refused(part_args(1, 1, "1.001"), "/parts/0/amount");
    refused(
        "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:1\"],\"parts\":["
        "{\"entry_id\":\"b:1\",\"amount\":\"1.00\"},{\"entry_id\":\"b:1\",\"amount\":\"2.00\"}]}",
        "/parts/1/entry_id");
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 0);
}
END_TEST

START_TEST(a_part_of_the_whole_is_the_whole)
{
    struct tx tx;
    struct match m, n;
    const char *whole = pair(1), *part;
    moved("reject_match", "ben", whole);
    part = proposed(ana, part_args(1, 1, "1000.01"));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(match_load(&tx, arena, whole, &m));
    ck_ok(match_load(&tx, arena, part, &n));
    tx_read_end(&tx);
    ck_assert(!n.legs[0].part && !n.legs[1].part);
    ck_assert_str_eq(m.composition_sha256, n.composition_sha256);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM live_parts", NULL), 0);
}
END_TEST

START_TEST(another_part_is_another_composition)
{
    struct tx tx;
    struct match m, n;
    const char *one = proposed(ana, part_args(1, 1, "400.00"));
    const char *two = proposed(ana, part_args(1, 1, "400.01"));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(match_load(&tx, arena, one, &m));
    ck_ok(match_load(&tx, arena, two, &n));
    tx_read_end(&tx);
    ck_assert_str_ne(m.composition_sha256, n.composition_sha256);
}
END_TEST

START_TEST(no_more_is_taken_of_an_entry_than_is_open)
{
    (void)proposed(ana, part_args(1, 1, "400.00"));
    denied(propose(ana, part_args(1, 2, "600.02")), REASON_STATE_INVALID);
    denied(propose(ana, "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:2\"],"
                        "\"difference_account\":\"6600\"}"),
           REASON_STATE_INVALID); /* the whole of what is held in part */
    (void)pair(3);
    denied(propose(ana, part_args(3, 2, "1.00")), REASON_STATE_INVALID);
    ck_assert_int_eq(open_of("b:1"), 60001);
    book_is_intact();
}
END_TEST

START_TEST(of_two_parts_in_one_group_the_second_sees_the_first)
{
    struct call *calls[2] = {call_text(ana, "propose_match", part_args(1, 1, "600.00")),
                             call_text(ana, "propose_match", part_args(1, 2, "600.00"))};
    ck_assert(call_group(book_writer, calls, 2, book_clock));
    spine_is(calls[0], CALL_OK);
    denied(calls[1], REASON_STATE_INVALID);
    ck_assert_int_eq(open_of("b:1"), 40001);
    ck_assert_int_eq(open_of("g:2"), 100002);
    book_is_intact();
}
END_TEST

START_TEST(the_table_itself_refuses_a_part_too_many)
{
    static const struct {
        const char *entry;
        int64_t minor;
    } wrong[] = {{"b:1", 60002}, {"b:1", -1}, {"b:9", 1}, {"b:2", 1}};
    (void)proposed(ana, part_args(1, 1, "400.00"));
    (void)pair(2);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct match m = {.match_id = "mat_x", .entity_id = "US"};
        struct leg leg = {.entry_id = wrong[i].entry, .amount_minor = wrong[i].minor, .part = true};
        struct tx tx;
        ck_ok(store_group_begin(book_writer));
        ck_ok(tx_call_begin(book_writer, arena, book_clock(), &tx));
        ck_err(part_take(&tx, &m, &leg), ERR_CONFLICT);
        tx_call_undo(&tx);
        ck_assert(store_group_abandon(book_writer));
    }
}
END_TEST

static struct err not_held_in_part(void *arg, const struct open_entry *e)
{
    ck_assert(!str_is(e->entry_id, "b:1") && !str_is(e->entry_id, "g:1"));
    ++*(size_t *)arg;
    return OK;
}

START_TEST(an_entry_held_in_part_is_left_to_people)
{
    size_t n = 0;
    struct tx tx;
    (void)proposed(ana, part_args(1, 1, "400.00"));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(entries_unmatched(&tx, "US", "1010", not_held_in_part, &n));
    tx_read_end(&tx);
    ck_assert_uint_eq(n, 8);
}
END_TEST

/* ---- differences ---- */

static const char *fee_args(const char *account)
{
    return arena_fmt(arena, "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:4\"]%s%s%s}",
                     account == NULL ? "" : ",\"difference_account\":\"",
                     account == NULL ? "" : account, account == NULL ? "" : "\"");
}

START_TEST(sides_that_differ_name_where_the_rest_goes)
{
    refused(fee_args(NULL), "/difference_account");
    refused(fee_args("9999"), "/difference_account");
    refused(fee_args("1010"), "/difference_account"); /* the account itself */
    refused("{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:1\"],\"difference_account\":\"6600\"}",
            "/difference_account"); /* they agree */
    struct call *c = propose(ana, fee_args("6600"));
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "difference"), "-0.03");
    ck_assert_str_eq(json_get_text(c->result, "difference_account"), "6600");
    book_is_intact();
}
END_TEST

START_TEST(policy_names_the_account_of_a_small_fee)
{
    fee_policy("0.02");
    refused(fee_args(NULL), "/difference_account"); /* 0.03 */
    struct call *c = propose(ana, "{\"bank_ids\":[\"b:1\"],\"gl_ids\":[\"g:3\"]}");
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "difference_account"), "6600");
}
END_TEST

START_TEST(a_confirmed_difference_is_listed_until_it_is_taken_back)
{
    struct difference *rows;
    struct difference_sum *sums;
    size_t n;
    struct tx tx;
    const char *id = proposed(ana, fee_args("6600"));
    ck_assert_uint_eq(differences(&rows), 0); /* nobody has confirmed it */
    confirmed_by_ben(id);
    ck_assert_uint_eq(differences(&rows), 1);
    ck_assert_str_eq(rows[0].match_id, id);
    ck_assert_str_eq(rows[0].difference_account, "6600");
    ck_assert_str_eq(rows[0].confirmed_by, "human:ben");
    ck_assert_int_eq(rows[0].amount.minor, -3);
    ck_assert_int_eq(strncmp(rows[0].confirmed_at, "2026-01-01T", 11), 0);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(differences_sum(&tx, arena, "US", &sums, &n));
    tx_read_end(&tx);
    ck_assert(n == 1 && sums[0].count == 1 && sums[0].amount.minor == -3);
    moved("unmatch", "ana", id);
    ck_assert_uint_eq(differences(&rows), 0);
}
END_TEST

static bool asks_about(const struct call *c, const char *account_id)
{
    for (size_t i = 0; i < c->ask.accounts_n; i++) {
        if (text_eq(c->ask.accounts[i].id, account_id))
            return c->ask.accounts[i].known && !c->ask.accounts[i].reconciled;
    }
    return false;
}

START_TEST(a_difference_on_a_sensitive_account_is_for_people)
{
    const struct actor llm = spine_agent("ana"), ben = spine_human("ben");
    const char *id = proposed(ana, fee_args("2400"));
    struct call *c = spine_run(spine_on_match(&llm, "confirm_match", id, "why"));
    spine_is(c, CALL_PENDING);
    ck_assert_int_eq(c->verdict.reason, REASON_ACCOUNT_FORCED_HUMAN);
    ck_assert(asks_about(c, "2400"));
    const struct json *facts = json_get(c->bound, "difference_account");
    ck_assert_str_eq(json_text(facts), "2400"); /* what the human is shown */
    spine_is(spine_run(spine_answer(&ben, c, "confirm", "seen")), CALL_OK);
}
END_TEST

/* A proposal of the matcher with a difference, and everything else that lets a machine confirm. */
START_TEST(no_machine_confirms_what_leaves_a_difference)
{
    struct leg legs[2] = {
        {.entry_id = "b:1", .version = 1, .side = SIDE_BANK, .amount_minor = 100001},
        {.entry_id = "g:2", .version = 1, .side = SIDE_GL, .amount_minor = 100002}};
    struct match m = {.entity_id = "US",
                      .account_id = "1010",
                      .class_ = "fuzzy_match",
                      .match_type = "tolerance_fee",
                      .rule = "tolerance_fee/1",
                      .rule_version = 1,
                      .source = SOURCE_MATCHER,
                      .proposer = "engine:matcher",
                      .difference_account = "6600",
                      .score_bp = 10000,
                      .legs = legs,
                      .legs_n = 2,
                      .evidence = "{}"};
    struct tx tx;
    ck_ok(match_measure(&m, "USD"));
    ck_ok(match_composition(arena, m.rule, legs, 2, &m.composition_sha256));
    book_begin(&tx);
    ck_ok(match_insert(&tx, &m));
    ck_ok(effect_bulk(&tx, TABLE_MATCHES, 1));
    ck_ok(effect_bulk(&tx, TABLE_MATCH_DIFFERENCES, 1));
    book_end(&tx);
    struct call *c = spine_run(spine_on_match(&spine_engine, "confirm_match", m.match_id, "auto"));
    spine_is(c, CALL_PENDING);
    ck_assert_int_eq(c->verdict.reason, REASON_STRATEGY_REQUIRES_HUMAN);
    const struct actor llm = spine_agent("ana");
    spine_is(spine_run(spine_on_match(&llm, "confirm_match", m.match_id, "why")), CALL_PENDING);
    book_is_intact();
}
END_TEST

/* ---- any order of anything ---- */

static uint64_t dice_state;
static uint32_t dice(uint32_t n)
{
    dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice_state >> 33) % n;
}

#define LIVE_MAX 64
struct live {
    const char *ids[LIVE_MAX];
    size_t n;
};

static void random_proposal(struct live *live)
{
    int bank = (int)dice(5) + 1, gl = (int)dice(5) + 1;
    const char *amount = arena_fmt(arena, "%u.%02u", dice(1000), dice(100));
    const char *args =
        dice(4) == 0 ? arena_fmt(arena, "{\"bank_ids\":[\"b:%d\"],\"gl_ids\":[\"g:%d\"]%s}", bank,
                                 gl, bank == gl ? "" : ",\"difference_account\":\"6600\"")
                     : part_args(bank, gl, amount);
    struct call *c = propose(ana, args);
    ck_assert(c->outcome == CALL_OK || c->outcome == CALL_DENIED || c->err.kind == ERR_INPUT);
    if (c->outcome == CALL_OK && live->n < LIVE_MAX)
        live->ids[live->n++] = json_get_text(c->result, "match_id");
}

static void random_move(struct live *live)
{
    static const char *const acts[] = {"confirm_match", "reject_match", "unmatch"};
    const struct actor ben = spine_human("ben");
    if (live->n == 0)
        return;
    const char *id = live->ids[dice((uint32_t)live->n)];
    struct call *c = spine_run(spine_on_match(&ben, acts[dice(3)], id, "as it falls"));
    ck_assert(c->outcome == CALL_OK || c->outcome == CALL_DENIED);
}

/* What readers look at for open entries is just those that no confirmed match holds whole. */
static void what_may_be_open_is_known(void)
{
    static const char settled[] = "SELECT l.entry_id FROM live_legs l JOIN match_states s"
                                  " ON s.match_id = l.match_id WHERE s.state = 'CONFIRMED'"
                                  " AND l.entry_id NOT IN (SELECT entry_id FROM live_parts)";
    const char *wrong =
        arena_fmt(arena,
                  "SELECT count(*) FROM entries WHERE (entry_id IN (%s)) = (entry_id IN"
                  " (SELECT u.entry_id FROM unsettled u))",
                  settled);
    ck_assert_int_eq(spine_int(wrong, NULL), 0);
}

/* Parts never exceed their entry, sums add up to the cent, and every entry is counted once. */
static void everything_adds_up(void)
{
    ck_assert_int_eq(spine_int("SELECT count(*) FROM entries e WHERE abs(e.amount_minor) <"
                               " (SELECT coalesce(sum(p.minor), 0) FROM live_parts p"
                               " WHERE p.entry_id = e.entry_id)",
                               NULL),
                     0);
    for (unsigned side = SIDE_BANK; side <= SIDE_GL; side++) {
        struct entry_totals t = totals_of((enum side)side);
        int64_t count = 0;
        for (unsigned s = 0; s < ENTRY_STATES; s++)
            count += t.count[s];
        ck_assert_int_eq(count, 5);
        ck_assert_int_eq(sum_of(&t), 500015);
    }
}

START_TEST(random_lives_never_take_more_than_there_is)
{
    struct live live = {.n = 0};
    dice_state = (uint64_t)_i * 7919 + 1;
    for (int step = 0; step < 60; step++) {
        if (dice(2) == 0)
            random_proposal(&live);
        else
            random_move(&live);
        everything_adds_up();
        what_may_be_open_is_known();
    }
    book_is_intact();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_reversed_match_lets_its_entries_go,
        only_a_confirmed_match_is_taken_back,
        an_agents_unmatch_waits_for_a_human,
        a_rejected_unmatch_leaves_the_match,
        taking_back_by_hand_settles_what_waited_for_it,
        above_materiality_taking_back_needs_words,
        above_single_max_taking_back_needs_two,
        a_reversal_makes_no_room_for_more_without_people,
        what_people_took_back_is_known_whatever_rule_finds_it,
        the_matcher_does_not_propose_what_people_took_back,
        a_chunk_passes_over_what_was_taken_in_part_meanwhile,
        the_matcher_leaves_what_is_held_in_part,
        a_fee_that_the_matcher_finds_goes_where_policy_says,
        a_part_leaves_the_rest_open,
        parts_that_use_an_entry_up_take_it_and_any_of_them_gives_it_back,
        one_line_pays_two_invoices_and_leaves_a_part,
        a_part_is_of_the_match_and_fits_its_entry,
        a_part_of_the_whole_is_the_whole,
        another_part_is_another_composition,
        no_more_is_taken_of_an_entry_than_is_open,
        of_two_parts_in_one_group_the_second_sees_the_first,
        the_table_itself_refuses_a_part_too_many,
        an_entry_held_in_part_is_left_to_people,
        sides_that_differ_name_where_the_rest_goes,
        policy_names_the_account_of_a_small_fee,
        a_confirmed_difference_is_listed_until_it_is_taken_back,
        a_difference_on_a_sensitive_account_is_for_people,
        no_machine_confirms_what_leaves_a_difference,
    };
    TCase *tcase = test_case("match_life", life_up, spine_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_add_loop_test(tcase, random_lives_never_take_more_than_there_is, 0, 12);
    return test_run("match_life", tcase);
}
