/* Learned rules as master data: who proposes, who approves, what the next pass does with them. */
#include "engine/store/matching_rules.h"
#include "tests/unit/spine_book.h"

static const struct actor *const ana = &spine_ana;

static void named(struct tx *tx, const char *id, enum side side, int64_t cents, const char *memo)
{
    struct entry e = spine_line(id, side);
    e.memo = memo;
    ck_ok(money_make(cents, "USD", &e.amount));
    ck_ok(entry_insert(tx, &e));
}

#define BANK_SAYS   "ACH CREDIT DLSTAR TECH"
#define LEDGER_SAYS "Delta Starlight Inc"

static void rules_up(void)
{
    struct tx tx;
    enum put put;
    spine_up();
    book_begin(&tx);
    ck_ok(
        account_put(&tx,
                    &(struct account){
                        .entity_id = "US", .account_id = "6600", .name = "Fees", .class_ = "fees"},
                    &put));
    named(&tx, "b:1", SIDE_BANK, 5000, BANK_SAYS);
    named(&tx, "g:1", SIDE_GL, 5000, LEDGER_SAYS);
    named(&tx, "b:2", SIDE_BANK, 9710, BANK_SAYS);
    named(&tx, "g:2", SIDE_GL, 10000, LEDGER_SAYS);
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 4));
    book_end(&tx);
}

static struct call *call_text(const struct actor *actor, const char *tool, const char *json)
{
    struct json *args;
    ck_ok(json_read(arena, str_of(json), NULL, &args));
    return spine_call(actor, tool, NULL, args);
}

static const char *confirmed(int number)
{
    const struct actor ben = spine_human("ben");
    struct call *c = spine_run(
        call_text(ana, "propose_match",
                  arena_fmt(arena, "{\"bank_ids\":[\"b:%d\"],\"gl_ids\":[\"g:%d\"]%s}", number,
                            number, number == 2 ? ",\"difference_account\":\"6600\"" : "")));
    spine_is(c, CALL_OK);
    const char *id = json_get_text(c->result, "match_id");
    spine_is(spine_run(spine_on_match(&ben, "confirm_match", id, "seen")), CALL_OK);
    return id;
}

static struct call *propose(const struct actor *actor, const char *match_id, const char *fee)
{
    const char *json =
        arena_fmt(arena, "{\"match_id\":\"%s\"%s%s%s}", match_id, fee == NULL ? "" : ",\"fee\":\"",
                  fee == NULL ? "" : fee, fee == NULL ? "" : "\"");
    return call_text(actor, "propose_rule", json);
}

static struct call *retire(const struct actor *actor, const char *rule_id)
{
    return call_text(actor, "retire_rule",
                     arena_fmt(arena, "{\"rule_id\":\"%s\",\"rationale\":\"wrong\"}", rule_id));
}

static struct matching_rule rule_of(const char *match_id)
{
    struct matching_rule rule;
    const char *rule_id;
    struct tx tx;
    ck_ok(rule_id_of(arena, match_id, &rule_id));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(matching_rule_load(&tx, arena, rule_id, &rule));
    tx_read_end(&tx);
    return rule;
}

static int64_t rules(void)
{
    return spine_int("SELECT count(*) FROM matching_rules", NULL);
}

START_TEST(a_confirmed_match_teaches_a_rule_in_words)
{
    const char *id = confirmed(1);
    struct call *c = spine_run(propose(ana, id, NULL));
    spine_is(c, CALL_OK);
    ck_assert_str_eq(json_get_text(c->result, "says"),
                     "In account 1010 of US, bank lines in USD that name \"DLSTAR TECH\" belong to"
                     " ledger entries that name \"DELTA STARLIGHT INC\", usually on the same day."
                     " The amounts are the same.");
    const struct matching_rule rule = rule_of(id);
    ck_assert(rule.state == RULE_ACTIVE && rule.version == 1);
    ck_assert_str_eq(rule.author, "human:ana");
    ck_assert_int_eq(spine_events_of("MASTER_DATA_CHANGED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_fee_is_learned_as_it_is_said_to_be)
{
    const char *id = confirmed(2);
    spine_failed(spine_run(propose(ana, id, NULL)), ERR_INPUT);
    struct call *c = spine_run(propose(ana, id, "percentage"));
    spine_is(c, CALL_OK);
    ck_assert_ptr_nonnull(strstr(json_get_text(c->result, "says"),
                                 "The bank shows 2.9 % less than the ledger, a fee for account"
                                 " 6600."));
    ck_assert_int_eq(rule_of(id).fee_ppm, 29000);
    spine_is(spine_run(retire(ana, rule_of(id).rule_id)), CALL_OK);
    c = spine_run(propose(ana, id, "fixed")); /* the same match, read anew */
    spine_is(c, CALL_OK);
    ck_assert_ptr_nonnull(strstr(json_get_text(c->result, "says"), "-2.90 more than the ledger"));
    ck_assert(rule_of(id).version == 3 && rule_of(id).fee_minor == -290);
    book_is_intact();
}
END_TEST

START_TEST(an_agents_rule_waits_for_a_human)
{
    const struct actor llm = spine_agent("ana"), ben = spine_human("ben");
    const char *id = confirmed(1);
    struct call *asked = spine_run(propose(&llm, id, NULL));
    spine_is(asked, CALL_PENDING);
    ck_assert_int_eq(asked->verdict.reason, REASON_TIER_REQUIRES_HUMAN);
    ck_assert_int_eq(rules(), 0);
    ck_assert_ptr_nonnull(json_get_text(asked->bound, "says")); /* what the human reads */
    spine_is(spine_run(spine_answer(&ben, asked, "confirm", "so it is")), CALL_OK);
    ck_assert_str_eq(rule_of(id).author, "llm:claude.s-1");
    ck_assert_str_eq(rule_of(id).approver, "human:ben");
    book_is_intact();
}
END_TEST

START_TEST(a_rule_of_prod_takes_two)
{
    const struct actor ben = spine_human("ben");
    const char *id = confirmed(1);
    struct call *asked = propose(ana, id, NULL), *own, *other;
    asked->prod = true;
    spine_is(spine_run(asked), CALL_PENDING);
    own = spine_answer(ana, asked, "confirm", "mine");
    own->prod = true;
    spine_is(spine_run(own), CALL_DENIED);
    ck_assert_int_eq(own->verdict.reason, REASON_SOD_SAME_ACTOR);
    ck_assert_int_eq(rules(), 0);
    other = spine_answer(&ben, asked, "confirm", "read it");
    other->prod = true;
    spine_is(spine_run(other), CALL_OK);
    ck_assert_str_eq(rule_of(id).author, "human:ana");
    ck_assert_str_eq(rule_of(id).approver, "human:ben");
}
END_TEST

START_TEST(a_clerk_teaches_nothing)
{
    const struct actor cho = spine_human("cho");
    struct call *c = spine_run(propose(&cho, confirmed(1), NULL));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_NOT_AUTHORISED);
}
END_TEST

START_TEST(only_what_stands_confirmed_teaches)
{
    const struct actor llm = spine_agent("ana"), ben = spine_human("ben");
    const char *id = confirmed(1);
    struct call *asked = spine_run(propose(&llm, id, NULL));
    spine_is(spine_run(spine_on_match(ana, "unmatch", id, "wrong")), CALL_OK);
    struct call *c = spine_run(propose(ana, id, NULL));
    spine_is(c, CALL_DENIED);
    ck_assert_int_eq(c->verdict.reason, REASON_STATE_INVALID);
    spine_is(spine_run(spine_answer(&ben, asked, "confirm", "late")), CALL_OK);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_STALE);
    ck_assert_int_eq(rules(), 0);
}
END_TEST

START_TEST(a_rule_is_taught_once)
{
    const char *id = confirmed(1);
    struct tx tx;
    spine_is(spine_run(propose(ana, id, NULL)), CALL_OK);
    struct call *again = spine_run(propose(ana, id, NULL));
    spine_is(again, CALL_DENIED);
    ck_assert_int_eq(again->verdict.reason, REASON_STATE_INVALID);
    book_begin(&tx);
    named(&tx, "b:3", SIDE_BANK, 7000, BANK_SAYS);
    named(&tx, "g:3", SIDE_GL, 7000, LEDGER_SAYS);
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    book_end(&tx);
    spine_failed(spine_run(propose(ana, confirmed(3), NULL)), ERR_CONFLICT); /* another's words */
}
END_TEST

START_TEST(a_rule_is_retired_once)
{
    const char *id = confirmed(1);
    spine_is(spine_run(propose(ana, id, NULL)), CALL_OK);
    const char *rule_id = rule_of(id).rule_id;
    const struct actor llm = spine_agent("ana");
    spine_is(spine_run(retire(&llm, rule_id)), CALL_PENDING);
    spine_is(spine_run(retire(ana, rule_id)), CALL_OK);
    ck_assert(rule_of(id).state == RULE_RETIRED && rule_of(id).version == 2);
    struct call *again = spine_run(retire(ana, rule_id));
    spine_is(again, CALL_DENIED);
    ck_assert_int_eq(again->verdict.reason, REASON_STATE_INVALID);
    spine_failed(spine_run(retire(ana, "rul_0")), ERR_MISSING);
    book_is_intact();
}
END_TEST

/* Two invoices of one amount: without the rule the line could be either's. */
static void next_month(void)
{
    struct tx tx;
    book_begin(&tx);
    named(&tx, "b:8", SIDE_BANK, 8000, BANK_SAYS);
    named(&tx, "g:8", SIDE_GL, 8000, LEDGER_SAYS);
    named(&tx, "g:9", SIDE_GL, 8000, "Meadow Metals Corp");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 3));
    book_end(&tx);
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    spine_is(book_call("run_recon_pass", args), CALL_OK);
}

START_TEST(the_next_pass_proposes_by_the_rule_and_no_machine_confirms_it)
{
    const char *id = confirmed(1);
    spine_is(spine_run(propose(ana, id, NULL)), CALL_OK);
    next_month();
    ck_assert_int_eq(
        spine_int("SELECT count(*) FROM matches m LEFT JOIN match_states s USING (match_id)"
                  " WHERE m.match_type = 'learned_alias' AND m.sure = 0 AND s.state IS NULL"
                  " AND m.legs LIKE '%\"b:8\"%\"g:8\"%'"
                  " AND json_extract(m.evidence, '$.learned_rule.rule_id') = ?1"
                  " AND json_extract(m.evidence, '$.learned_rule.version') = 1",
                  rule_of(id).rule_id),
        1);
    book_is_intact();
}
END_TEST

START_TEST(a_retired_rule_finds_nothing)
{
    const char *id = confirmed(1);
    spine_is(spine_run(propose(ana, id, NULL)), CALL_OK);
    spine_is(spine_run(retire(ana, rule_of(id).rule_id)), CALL_OK);
    next_month();
    ck_assert_int_eq(
        spine_int("SELECT count(*) FROM matches WHERE match_type LIKE 'learned%'", NULL), 0);
}
END_TEST

START_TEST(a_learned_fee_goes_to_its_account)
{
    const char *id = confirmed(2);
    struct tx tx;
    spine_is(spine_run(propose(ana, id, "percentage")), CALL_OK);
    book_begin(&tx);
    named(&tx, "b:8", SIDE_BANK, 19420, BANK_SAYS);
    named(&tx, "g:8", SIDE_GL, 20000, LEDGER_SAYS);
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 2));
    book_end(&tx);
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    spine_is(book_call("run_recon_pass", args), CALL_OK);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM matches m JOIN match_differences d"
                               " USING (match_id) WHERE m.match_type = 'learned_fee'"
                               " AND d.account_id = '6600' AND d.amount_minor = -580",
                               NULL),
                     1);
    book_is_intact();
}
END_TEST

SPINE_MAIN("rules", rules_up, spine_down, a_confirmed_match_teaches_a_rule_in_words,
           a_fee_is_learned_as_it_is_said_to_be, an_agents_rule_waits_for_a_human,
           a_rule_of_prod_takes_two, a_clerk_teaches_nothing, only_what_stands_confirmed_teaches,
           a_rule_is_taught_once, a_rule_is_retired_once,
           the_next_pass_proposes_by_the_rule_and_no_machine_confirms_it,
           a_retired_rule_finds_nothing, a_learned_fee_goes_to_its_account)
