/* The checker of the random adversary can fail: matches, the machine, proposals, the chain. */
#include "tests/unit/lies.h"

/* ---- states of matches ---- */

static void confirm_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    confirm(l);
}

static void confirm_without_reason(struct lie *l)
{
    l->rationale = "  ";
    confirm(l);
}

static void confirm_over_api(struct lie *l)
{
    l->actor.channel = CHANNEL_API;
    confirm(l);
}

static void confirm_long_signed_in(struct lie *l)
{
    l->actor.auth_time_us = book_now - INT64_C(9) * 3600 * 1000000;
    confirm(l);
}

static void confirm_as_clerk(struct lie *l)
{
    l->actor = spine_human("cho");
    confirm(l);
}

static void confirm_as_nobody(struct lie *l)
{
    l->actor = spine_human("eve");
    confirm(l);
}

static void confirm_for_another(struct lie *l)
{
    moved(l, MATCH_CONFIRMED, "human:ben");
}

static void confirm_another(struct lie *l)
{
    confirm(l);
    l->match_id = l->matches[1];
}

static void confirm_refused(struct lie *l)
{
    l->verdict = (struct verdict){
        .reason = REASON_FROZEN, .row = "a", .clause = "x", .pointer = "/clauses/FROZEN"};
    l->type = "POLICY_VIOLATION";
    confirm(l);
}

static void reject(struct lie *l)
{
    l->tool = "reject_match";
    l->action = ACTION_REJECT;
    moved(l, MATCH_REJECTED, l->actor.id);
}

static void reject_without_reason(struct lie *l)
{
    l->rationale = NULL;
    reject(l);
}

static void take_back_as_agent(struct lie *l)
{
    l->actor = spine_agent("ana");
    l->tool = "unmatch";
    l->action = ACTION_UNMATCH;
    moved(l, MATCH_REVERSED, l->actor.id);
}

static void ask_for_it(struct lie *l)
{
    const struct asked what = {"confirm_match", l->match_id, 1};
    ck_ok(asker_add(l->tx, &what, &(struct asker){PARTY_REQUESTER, "p-ana", "human:ana"}));
}

static void agent_asks_for_it(struct lie *l)
{
    const struct asked what = {"confirm_match", l->match_id, 1};
    ck_ok(asker_add(l->tx, &what, &(struct asker){PARTY_AGENT, "p-ana", "llm:claude.s-1"}));
}

static void confirm_unjudged(struct lie *l)
{
    l->unjudged = true;
    confirm(l);
}

START_TEST(a_match_is_not_confirmed_past_the_rules)
{
    static const struct row rows[] = {
        {.rule = "", .tell = confirm},
        {.rule = "no-agent-confirms", .tell = confirm_as_agent},
        {.rule = "two-pairs-of-eyes", .tell = confirm, .before = ask_for_it},
        {.rule = "own-agent", .tell = confirm, .before = agent_asks_for_it},
        {.rule = "material-wants-a-reason", .tell = confirm_without_reason, .cents = 2000000},
        {.rule = "", .tell = confirm_without_reason},
        {.rule = "channel", .tell = confirm_over_api},
        {.rule = "login-age", .tell = confirm_long_signed_in},
        {.rule = "second-approver", .tell = confirm_as_clerk, .cents = 2000000},
        {.rule = "", .tell = confirm_as_clerk},
        {.rule = "authority", .tell = confirm_as_nobody},
        {.rule = "blocked",
         .tell = confirm,
         .find = "blocked: []",
         .put = "blocked: [{id: no-us, entity: US, action: CONFIRM, clause: Nothing is confirmed "
                "here.}]"},
        {.rule = "actor-of-the-row", .tell = confirm_for_another},
        {.rule = "event-names-it", .tell = confirm_another},
        {.rule = "denied-changes-nothing", .tell = confirm_refused},
        {.rule = "allowed-by-the-gate", .tell = confirm_unjudged},
    };
    ALL_CAUGHT(rows);
}
END_TEST

START_TEST(a_match_is_not_turned_down_or_taken_back_past_the_rules)
{
    static const struct row rows[] = {
        {.rule = "", .tell = reject},
        {.rule = "rejection-wants-a-reason", .tell = reject_without_reason},
        {.rule = "people-take-back", .tell = take_back_as_agent, .before = confirm},
        {.rule = "match-states", .tell = confirm_rejected, .before = confirm},
        {.rule = "match-states", .tell = confirm, .before = confirm_rejected},
    };
    ALL_CAUGHT(rows);
}
END_TEST

/* ---- the machine ---- */

static void by_machine_counted(struct lie *l)
{
    by_machine(l);
    ck_ok(auto_confirmed_add(l->tx, "account", "US/1010",
                             (struct money){.minor = 12001, .cur = "USD"}));
    ck_ok(auto_confirmed_add(l->tx, "book", "", (struct money){.minor = 12001, .cur = "USD"}));
}

static void by_the_matcher(struct lie *l)
{
    by_machine(l);
    l->actor.id = "engine:matcher";
    sql_run(l, "UPDATE match_states SET actor = ?2 WHERE match_id = ?1 AND seq = ?3", l->match_id,
            l->actor.id);
    ck_ok(effect_row(l->tx, TABLE_MATCH_STATES, l->match_id));
}

static void at_another_call(struct lie *l)
{
    by_machine(l);
    l->tool = "comment_item";
}

/* Another proposal of the legs of a match that is rejected for it. */
static void proposed_by(struct lie *l, const struct actor *who, enum source source, bool unsure)
{
    struct match m;
    ck_ok(match_load(l->tx, arena, l->matches[2], &m));
    if (m.state == MATCH_PROPOSED)
        ck_ok(match_transition(l->tx, &m, MATCH_REJECTED, l->actor.id));
    m.match_id = NULL;
    m.proposer = who->id;
    m.proposer_principal = who->principal;
    m.proposer_obo = who->on_behalf_of;
    m.source = source;
    m.ambiguous = unsure;
    ck_ok(match_insert(l->tx, &m));
    ck_ok(effect_row(l->tx, TABLE_MATCHES, m.match_id));
    l->match_id = m.match_id;
}

static void proposed_by_agent(struct lie *l)
{
    const struct actor agent = spine_agent("ben");
    proposed_by(l, &agent, SOURCE_LLM, false);
}

static void proposed_as_a_tie(struct lie *l)
{
    const struct actor matcher = {.kind = ACTOR_ENGINE, .id = "engine:matcher"};
    proposed_by(l, &matcher, SOURCE_MATCHER, true);
}

static void across_entities(struct lie *l)
{
    sql_run(l, "UPDATE entries SET entity_id = ?2, seq = seq + 0 * ?3 WHERE entry_id = ?1", "g:1",
            "UK");
    sql_run(l,
            "INSERT INTO entities SELECT ?2, name, functional_currency, zone, calendar, parent,"
            " version, seq FROM entities WHERE entity_id = ?1 AND ?3 > 0",
            "US", "UK");
    sql_run(l,
            "INSERT INTO accounts SELECT ?2 || account_key, ?2, account_id, name, class, currency,"
            " reconciled, version, seq FROM accounts WHERE entity_id = ?1 AND ?3 > 0",
            "US", "UK");
}

START_TEST(the_machine_keeps_within_its_limits)
{
    static const struct row rows[] = {
        {.rule = "", .tell = by_machine},
        {.rule = "materiality", .tell = by_machine, .cents = 2000000},
        {.rule = "sensitive-account", .tell = by_machine, .find = "\"2400\"", .put = "\"4000\""},
        {.rule = "match-type",
         .tell = by_machine,
         .find = "[fuzzy]\nstrategy_clauses_by_match_type: {fuzzy",
         .put = "[exact]\nstrategy_clauses_by_match_type: {exact"},
        {.rule = "auto-confirm-is-enabled",
         .tell = by_machine,
         .find = "{enabled: true}",
         .put = "{enabled: false}"},
        {.rule = "auto-confirm-cap",
         .tell = by_machine_counted,
         .find = "{enabled: true}",
         .put = "{enabled: true, cap: {amount: 100 USD, period: day}}"},
        {.rule = "cumulative-limit",
         .tell = by_machine_counted,
         .find = "cumulative_limits: []",
         .put = "cumulative_limits: [{id: all, per: book, window_days: 7, max: 100 USD}]"},
        {.rule = "entities", .tell = by_machine, .before = across_entities},
        {.rule = "machine-confirms", .tell = by_the_matcher},
        {.rule = "strangers", .tell = at_another_call},
        {.rule = "machine-confirms-its-matcher", .tell = by_machine, .before = proposed_by_agent},
        {.rule = "no-tie-is-broken", .tell = by_machine, .before = proposed_as_a_tie},
    };
    ALL_CAUGHT(rows);
}
END_TEST

/* ---- proposals ---- */

static void free_the_third(struct lie *l)
{
    struct match m;
    ck_ok(match_load(l->tx, arena, l->matches[2], &m));
    ck_ok(match_transition(l->tx, &m, MATCH_REJECTED, l->actor.id));
}

static void propose_as_another(struct lie *l)
{
    const struct actor ben = spine_human("ben");
    l->tool = "propose_match";
    l->action = ACTION_PROPOSE;
    struct lie other = *l;
    proposed_by(&other, &ben, SOURCE_HUMAN, false);
    l->match_id = l->matches[2];
}

static void propose_as_the_matcher(struct lie *l)
{
    l->tool = "propose_match";
    l->action = ACTION_PROPOSE;
    proposed_by(l, &l->actor, SOURCE_MATCHER, false);
}

static void propose_twice(struct lie *l)
{
    sql_run(l,
            "INSERT INTO matches SELECT ?2, entity_id, account_id, class, match_type, rule,"
            " rule_version, 'human', 'human:ana', 'p-ana', NULL, composition_sha256, currency,"
            " amount_minor, difference_minor, score_bp, ambiguous, sure, legs, evidence,"
            " rationale, ?3 FROM matches WHERE match_id = ?1",
            l->matches[1], "mat_twice");
    ck_ok(effect_row(l->tx, TABLE_MATCHES, "mat_twice"));
    l->tool = "propose_match";
    l->action = ACTION_PROPOSE;
}

static void propose_for_more(struct lie *l)
{
    sql_run(l,
            "INSERT INTO matches SELECT ?2, entity_id, account_id, class, match_type, rule,"
            " rule_version, 'human', 'human:ana', 'p-ana', NULL, composition_sha256, currency,"
            " amount_minor + 1, difference_minor, score_bp, ambiguous, sure, legs, evidence,"
            " rationale, ?3 FROM matches WHERE match_id = ?1",
            l->matches[1], "mat_more");
    ck_ok(effect_row(l->tx, TABLE_MATCHES, "mat_more"));
    l->tool = "propose_match";
    l->action = ACTION_PROPOSE;
}

/* The source has sent the line again: what is proposed is the line as it was. */
static void send_again(struct lie *l)
{
    struct entry e = spine_line("b:3", SIDE_BANK);
    free_the_third(l);
    e.version = 2;
    e.amount = (struct money){.minor = 12003, .cur = "USD"};
    ck_ok(entry_insert(l->tx, &e));
}

static void propose_what_was(struct lie *l)
{
    sql_run(l,
            "INSERT INTO matches SELECT ?2, entity_id, account_id, class, match_type, rule,"
            " rule_version, 'human', 'human:ana', 'p-ana', NULL, composition_sha256, currency,"
            " amount_minor, difference_minor, score_bp, ambiguous, sure, legs, evidence,"
            " rationale, ?3 FROM matches WHERE match_id = ?1",
            l->matches[2], "mat_was");
    ck_ok(effect_row(l->tx, TABLE_MATCHES, "mat_was"));
    l->tool = "propose_match";
    l->action = ACTION_PROPOSE;
}

START_TEST(a_proposal_is_its_callers_and_of_what_is_free)
{
    static const struct row rows[] = {
        {.rule = "proposer-is-the-caller", .tell = propose_as_another, .before = free_the_third},
        {.rule = "proposer-is-the-caller",
         .tell = propose_as_the_matcher,
         .before = free_the_third},
        {.rule = "legs-as-they-stand", .tell = propose_what_was, .before = send_again},
        {.rule = "matched-once", .tell = propose_twice},
        {.rule = "amount-is-the-books", .tell = propose_for_more},
    };
    ALL_CAUGHT(rows);
}
END_TEST

/* ---- the chain ---- */

static void tampered(const char *script, const char *rule)
{
    struct book_check *check;
    struct db *attacker;
    spine_up();
    policy_put(&(struct row){.rule = rule});
    struct lie l = honest(spine_matches(1, 3, 12000));
    ck_ok(book_check_new(book_path, &check));
    in_one_event(&l, confirm);
    ck_ok(db_open(book_path, DB_MIGRATOR, &attacker));
    ck_ok(db_begin_immediate(attacker));
    ck_ok(db_script(attacker, script));
    ck_ok(db_commit(attacker));
    db_close(attacker);
    ck_assert_str_eq(found_out(&l, check), rule);
    book_check_free(check);
    spine_down();
}

START_TEST(an_event_that_was_written_over_is_seen)
{
    tampered("DROP TRIGGER audit_no_update; UPDATE audit_events SET hash_self = zeroblob(32)"
             " WHERE seq = (SELECT max(seq) FROM audit_events)",
             "chain-holds");
    tampered("DROP TRIGGER audit_no_update; UPDATE audit_events SET event ="
             " replace(event, 'human:ana', 'human:eve')"
             " WHERE seq = (SELECT max(seq) FROM audit_events)",
             "chain-holds");
}
END_TEST

/* The last event once more under the next number, linked as it should be; it tells its old number.
 */
static void event_repeat(const char *path)
{
    const struct db_sql read = {"last", "SELECT event, seq, hash_self FROM audit_events"
                                        " ORDER BY seq DESC LIMIT 1"};
    const struct db_sql write = {"lie",
                                 "INSERT INTO audit_events (seq, event, hash_prev, hash_self)"
                                 " VALUES (?1, ?2, ?3, ?4)"};
    struct db *attacker;
    uint8_t hash[SHA256_LEN];
    struct sha256 h;
    struct stmt *q;
    bool row;
    size_t len;
    ck_ok(db_open(path, DB_MIGRATOR, &attacker));
    ck_ok(db_begin_immediate(attacker));
    ck_ok(db_script(attacker, "DROP TRIGGER audit_append"));
    ck_ok(stmt_new(attacker, &read, &q));
    ck_ok(stmt_step(q, &row));
    const struct str text = stmt_str(q, 0, arena);
    const int64_t seq = stmt_int(q, 1);
    const uint8_t *prev = stmt_blob(q, 2, arena, &len);
    stmt_free(q);
    sha256_begin(&h);
    sha256_add(&h, prev, SHA256_LEN);
    sha256_add(&h, text.at, text.len);
    sha256_end(&h, hash);
    ck_ok(stmt_new(attacker, &write, &q));
    stmt_bind_int(q, 1, seq + 1);
    stmt_bind_str(q, 2, text);
    stmt_bind_blob(q, 3, prev, SHA256_LEN);
    stmt_bind_blob(q, 4, hash, SHA256_LEN);
    ck_ok(stmt_run(q));
    stmt_free(q);
    ck_ok(db_commit(attacker));
    db_close(attacker);
}

START_TEST(an_event_under_another_number_is_seen)
{
    struct book_check *check;
    spine_up();
    policy_put(&(struct row){.rule = "event-in-order"});
    struct lie l = honest(spine_matches(1, 3, 12000));
    ck_ok(book_check_new(book_path, &check));
    in_one_event(&l, confirm);
    event_repeat(book_path);
    ck_assert_str_eq(found_out(&l, check), "event-in-order");
    book_check_free(check);
    spine_down();
}
END_TEST

TEST_MAIN("book_check", an_event_under_another_number_is_seen,
          a_match_is_not_confirmed_past_the_rules,
          a_match_is_not_turned_down_or_taken_back_past_the_rules,
          the_machine_keeps_within_its_limits, a_proposal_is_its_callers_and_of_what_is_free,
          an_event_that_was_written_over_is_seen)
