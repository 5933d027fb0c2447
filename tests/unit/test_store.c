/* The nouns of the store: what each keeps, what each refuses, and that all of it leaves a book that
 * verifies. */
#include "tests/unit/raw_book.h"

static struct book b;

static void up(void)
{
    book_up(&b);
}

/* Whatever a test did, each row is what an event wrote. */
static void down(void)
{
    expect_intact(&b);
    book_down(&b);
}

static struct match proposed(const char *id, const char *bank, const char *gl)
{
    struct match m = pair_of(&b, bank, gl, 500);
    m.match_id = id;
    call_begin(&b);
    ck_ok(match_insert(&b.tx, &m));
    ck_ok(effect_bulk(&b.tx, TABLE_MATCHES, 1));
    append(&b, "OK");
    call_end(&b);
    return m;
}

static void move(struct match *m, enum match_state to)
{
    call_begin(&b);
    ck_ok(match_transition(&b.tx, m, to, "human:ana"));
    append(&b, "OK");
    call_end(&b);
}

/* ---- matches ---- */

START_TEST(an_entry_stands_in_one_live_match)
{
    const char *holder;
    (void)proposed("mat_1", "bank:1", "gl:1");
    struct match other = pair_of(&b, "bank:2", "gl:1", 500);
    call_begin(&b);
    ck_err(match_insert(&b.tx, &other), ERR_CONFLICT);
    tx_call_undo(&b.tx);
    ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(match_of_entry(&b.tx, b.arena, "gl:1", &holder));
    ck_assert_str_eq(holder, "mat_1");
    ck_ok(match_of_entry(&b.tx, b.arena, "bank:2", &holder)); /* taken and given back */
    ck_assert_ptr_null(holder);
    call_end(&b);
}
END_TEST

START_TEST(a_match_is_read_as_it_was_written_and_moves_by_versions)
{
    struct match m = proposed("mat_1", "bank:1", "gl:1"), read;
    struct match stale = m;
    move(&m, MATCH_CONFIRMED);
    ck_assert_int_eq(m.version, 2);
    call_begin(&b);
    ck_ok(match_load(&b.tx, b.arena, "mat_1", &read));
    ck_assert(read.state == MATCH_CONFIRMED && read.version == 2 && read.legs_n == 2);
    ck_assert(read.amount.minor == 500 && read.sure && read.source == SOURCE_MATCHER);
    ck_assert_str_eq(read.legs[0].entry_id, "bank:1");
    ck_assert_str_eq(read.composition_sha256, m.composition_sha256);
    ck_err(match_transition(&b.tx, &stale, MATCH_REJECTED, "human:bob"), ERR_CONFLICT);
    ck_err(match_load(&b.tx, b.arena, "mat_9", &read), ERR_MISSING);
    call_end(&b);
    move(&m, MATCH_REVERSED);
    ck_assert_int_eq(m.version, 3);
}
END_TEST

START_TEST(a_rejected_match_lets_its_entries_go_and_is_remembered)
{
    struct match m = proposed("mat_1", "bank:1", "gl:1");
    bool rejected;
    move(&m, MATCH_REJECTED);
    call_begin(&b);
    ck_ok(match_was_rejected(&b.tx, m.composition_sha256, &rejected));
    ck_assert(rejected);
    call_end(&b);
    struct match again = proposed("mat_2", "bank:1", "gl:1"); /* the entries are free */
    ck_assert_str_eq(again.composition_sha256, m.composition_sha256);
    struct match other = pair_of(&b, "bank:1", "gl:2", 500);
    call_begin(&b);
    ck_ok(match_was_rejected(&b.tx, other.composition_sha256, &rejected));
    ck_assert(!rejected);
    call_end(&b);
}
END_TEST

START_TEST(matches_are_listed_by_state_and_counted)
{
    struct match m = proposed("mat_1", "bank:1", "gl:1"), *rows;
    (void)proposed("mat_2", "bank:2", "gl:2");
    (void)proposed("mat_3", "bank:3", "gl:3");
    struct match_counts counts;
    size_t n;
    move(&m, MATCH_CONFIRMED);
    call_begin(&b);
    ck_ok(matches_list(&b.tx, b.arena, "us", NULL, MATCH_PROPOSED, NULL, 10, &rows, &n));
    ck_assert(n == 2 && text_eq(rows[0].match_id, "mat_2"));
    ck_ok(matches_list(&b.tx, b.arena, "us", "1000", MATCH_PROPOSED, "mat_2", 10, &rows, &n));
    ck_assert(n == 1 && text_eq(rows[0].match_id, "mat_3"));
    ck_ok(matches_list(&b.tx, b.arena, "uk", NULL, MATCH_PROPOSED, NULL, 10, &rows, &n));
    ck_assert_uint_eq(n, 0);
    ck_ok(matches_count(&b.tx, "us", &counts));
    ck_assert(counts.proposed == 2 && counts.confirmed == 1 && counts.rejected == 0);
    call_end(&b);
}
END_TEST

/* ---- escalations ---- */

START_TEST(one_escalation_is_open_for_a_key)
{
    const struct escalation one = escalation_of("esc_1", "key"),
                            two = escalation_of("esc_2", "key");
    struct escalation e, stale;
    bool found;
    call_begin(&b);
    ck_ok(escalation_insert(&b.tx, &one));
    append(&b, "ESCALATION_PENDING");
    call_end(&b);
    call_begin(&b);
    ck_err(escalation_insert(&b.tx, &two), ERR_CONFLICT);
    tx_call_undo(&b.tx);
    ck_ok(tx_call_begin(b.store, b.arena, b.clock_us, &b.tx));
    ck_ok(escalation_open_find(&b.tx, b.arena, "key", &found, &e));
    ck_assert(found && e.state == ESCALATION_PENDING && e.amount.minor == 1200000);
    stale = e;
    ck_ok(escalation_move(&b.tx, &e, ESCALATION_REJECTED, "human:ana", "no", "{}"));
    ck_err(escalation_move(&b.tx, &stale, ESCALATION_APPROVED, "human:bob", "yes", "{}"),
           ERR_CONFLICT);
    ck_ok(escalation_open_find(&b.tx, b.arena, "key", &found, &e));
    ck_assert(!found);
    ck_ok(escalation_was_asked(&b.tx, "key", "p1", &found));
    ck_assert(found);
    ck_ok(escalation_was_asked(&b.tx, "key", "p2", &found));
    ck_assert(!found);
    ck_ok(escalation_insert(&b.tx, &two)); /* the first is settled */
    append(&b, "ESCALATION_PENDING");
    call_end(&b);
}
END_TEST

START_TEST(a_party_joins_once)
{
    const struct escalation e = escalation_of("esc_1", "key");
    const struct party ana = {PARTY_REQUESTER, "human:ana", "p-ana"};
    const struct party other_name = {PARTY_REQUESTER, "human:ana.b", "p-ana"};
    const struct party agent = {PARTY_AGENT, "llm:s-1", "p-ana"};
    struct party *parties;
    size_t n;
    call_begin(&b);
    ck_ok(escalation_insert(&b.tx, &e));
    ck_ok(escalation_party_add(&b.tx, "esc_1", &ana));
    ck_ok(escalation_party_add(&b.tx, "esc_1", &other_name));
    ck_ok(escalation_party_add(&b.tx, "esc_1", &agent));
    ck_ok(escalation_parties(&b.tx, b.arena, "esc_1", &parties, &n));
    ck_assert_uint_eq(n, 2);
    append(&b, "ESCALATION_PENDING");
    call_end(&b);
}
END_TEST

/* ---- limits ---- */

START_TEST(a_window_adds_up_its_days_by_currency)
{
    struct money usd, eur, sums[4];
    struct date today;
    int64_t count;
    size_t n;
    ck_ok(money_make(100, "USD", &usd));
    ck_ok(money_make(7, "EUR", &eur));
    ck_ok(date_parse("2026-03-03", &today));
    for (int day = 0; day < 3; day++) {
        call_begin(&b);
        ck_ok(auto_confirmed_add(&b.tx, "book", "", usd));
        ck_ok(auto_confirmed_add(&b.tx, "book", "", eur));
        ck_ok(auto_confirmed_add(&b.tx, "entity", "us", usd));
        append(&b, "OK");
        call_end(&b);
        b.clock_us += US_PER_DAY;
    }
    call_begin(&b);
    ck_ok(auto_confirmed_since(&b.tx, "book", "", today, sums, 4, &n, &count));
    ck_assert(n == 2 && sums[0].minor == 21 && sums[1].minor == 300 && count == 6);
    today.days += 2; /* inclusive */
    ck_ok(auto_confirmed_since(&b.tx, "book", "", today, sums, 4, &n, &count));
    ck_assert(n == 2 && sums[1].minor == 100 && count == 2);
    ck_ok(auto_confirmed_since(&b.tx, "entity", "uk", today, sums, 4, &n, &count));
    ck_assert(n == 0 && count == 0);
    ck_err(auto_confirmed_since(&b.tx, "book", "", today, sums, 1, &n, &count), ERR_LIMIT);
    call_end(&b);
}
END_TEST

/* ---- answers by key ---- */

START_TEST(an_answer_is_kept_for_thirty_days)
{
    const struct kept_answer kept = {.args_sha256 = "a", .outcome = "ok", .result = "{}", .seq = 1};
    const char *scope, *other;
    struct kept_answer found_answer;
    bool found;
    ck_ok(idempotency_scope(b.arena, "llm:a", "c", "t", "k", &scope));
    ck_ok(idempotency_scope(b.arena, "llm:ac", "", "t", "k", &other));
    ck_assert_str_ne(scope, other);
    call_begin(&b);
    int64_t kept_at = b.tx.now_us;
    ck_ok(idempotency_keep(&b.tx, scope, &kept));
    ck_err(idempotency_keep(&b.tx, scope, &kept), ERR_CONFLICT);
    ck_ok(idempotency_find(&b.tx, b.arena, other, &found, &found_answer));
    ck_assert(!found);
    b.tx.now_us = kept_at + 30 * US_PER_DAY - 1;
    ck_ok(idempotency_find(&b.tx, b.arena, scope, &found, &found_answer));
    ck_assert(found && text_eq(found_answer.outcome, "ok"));
    b.tx.now_us = kept_at + 30 * US_PER_DAY;
    ck_ok(idempotency_find(&b.tx, b.arena, scope, &found, &found_answer));
    ck_assert(!found);
    ck_ok(idempotency_keep(&b.tx, scope, &kept)); /* the old one is forgotten */
    call_end(&b);
}
END_TEST

/* ---- people ---- */

static struct err facts(const char *principal, const char *tool, struct ask *ask)
{
    const struct actor actor = {.kind = ACTOR_HUMAN,
                                .id = "human:ana",
                                .principal = principal,
                                .channel = CHANNEL_WEB,
                                .auth_time_us = b.clock_us - 60000000};
    *ask = (struct ask){.tier = TIER_T2};
    return actor_facts(&b.tx, b.arena, &actor, tool, ask);
}

START_TEST(a_disabled_principal_is_refused_on_the_next_call)
{
    struct ask ask;
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-ana", "Ana", true));
    ck_ok(role_grant(&b.tx, "p-ana", "controller", "us"));
    ck_ok(role_grant(&b.tx, "p-ana", "accountant", NULL));
    ck_err(role_grant(&b.tx, "p-ana", "accountant", NULL), ERR_CONFLICT);
    ck_ok(facts("p-ana", "confirm_match", &ask));
    ck_assert(ask.roles_n == 2 && ask.roles[0].entity == NULL && !ask.frozen);
    ck_assert_str_eq(ask.roles[1].entity, "us");
    ck_assert_int_eq(ask.auth_age_s, 60);
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-ana", "Ana", false));
    ck_err(facts("p-ana", "confirm_match", &ask), ERR_AUTH);
    ck_err(facts("p-nobody", "confirm_match", &ask), ERR_AUTH);
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
}
END_TEST

/* Freezing comes with its command; what stands in the table is obeyed already. */
START_TEST(a_freeze_of_an_actor_a_tool_or_a_kind_is_seen_by_the_next_call)
{
    static const char *const standing[][2] = {
        {"actor", "human:ana"}, {"actor", "p-ana"}, {"tool", "confirm_match"},
        {"kind", "human"},      {"all", ""},        {"kind", "llm"},
        {"tool", "other"}};
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-ana", "Ana", true));
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
    for (size_t i = 0; i < sizeof standing / sizeof standing[0]; i++) {
        struct ask ask;
        attack(&b, arena_fmt(b.arena,
                             "INSERT INTO freezes VALUES ('f', '%s', '%s', 'frozen', 'why', 1, 2)",
                             standing[i][0], standing[i][1]));
        call_begin(&b);
        ck_ok(facts("p-ana", "confirm_match", &ask));
        ck_assert_msg(ask.frozen == (i < 5), "%s %s", standing[i][0], standing[i][1]);
        call_end(&b);
        attack(&b, "DELETE FROM freezes");
    }
}
END_TEST

START_TEST(an_identity_leads_to_one_principal)
{
    struct principal p;
    call_begin(&b);
    ck_ok(principal_put(&b.tx, "p-ana", "Ana", true));
    ck_ok(identity_link(&b.tx, "p-ana", "actor", "", "ana"));
    ck_err(identity_link(&b.tx, "p-ana", "actor", "", "ana"), ERR_CONFLICT);
    ck_ok(identity_find(&b.tx, b.arena, "actor", "", "ana", &p));
    ck_assert_str_eq(p.principal_id, "p-ana");
    ck_err(identity_find(&b.tx, b.arena, "actor", "", "Ana", &p), ERR_MISSING);
    ck_err(identity_find(&b.tx, b.arena, "oidc", "", "ana", &p), ERR_MISSING);
    append(&b, "REGISTRY_CHANGED");
    call_end(&b);
}
END_TEST

START_TEST(an_assertion_is_spent_once)
{
    call_begin(&b);
    ck_ok(jti_spend(&b.tx, "j-1", b.clock_us + 60000000));
    ck_err(jti_spend(&b.tx, "j-1", b.clock_us + 60000000), ERR_AUTH);
    ck_ok(jti_spend(&b.tx, "j-2", b.clock_us + 60000000));
    call_end(&b);
}
END_TEST

/* ---- policies ---- */

START_TEST(a_policy_text_is_kept_whole_and_once)
{
    static const char digest[] = "0123456789012345678901234567890123456789012345678901234567890123";
    const struct event loaded = {.type = "POLICY_LOADED", .policy_version = digest};
    const char *text, *in_force;
    bool is_new;
    call_begin(&b);
    ck_ok(policy_in_force(&b.tx, b.arena, &in_force));
    ck_assert_ptr_null(in_force);
    ck_ok(policy_keep(&b.tx, digest, STR("version: 1\n"), &is_new));
    ck_assert(is_new);
    ck_ok(audit_append(&b.tx, &loaded));
    ck_ok(policy_keep(&b.tx, digest, STR("version: 1\n"), &is_new));
    ck_assert(!is_new);
    ck_ok(policy_text_load(&b.tx, b.arena, digest, &text));
    ck_assert_str_eq(text, "version: 1\n");
    ck_err(policy_text_load(&b.tx, b.arena, "other", &text), ERR_MISSING);
    ck_ok(policy_in_force(&b.tx, b.arena, &in_force));
    ck_assert_str_eq(in_force, digest);
    call_end(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {an_entry_stands_in_one_live_match,
                                  a_match_is_read_as_it_was_written_and_moves_by_versions,
                                  a_rejected_match_lets_its_entries_go_and_is_remembered,
                                  matches_are_listed_by_state_and_counted,
                                  one_escalation_is_open_for_a_key,
                                  a_party_joins_once,
                                  a_window_adds_up_its_days_by_currency,
                                  an_answer_is_kept_for_thirty_days,
                                  a_disabled_principal_is_refused_on_the_next_call,
                                  a_freeze_of_an_actor_a_tool_or_a_kind_is_seen_by_the_next_call,
                                  an_identity_leads_to_one_principal,
                                  an_assertion_is_spent_once,
                                  a_policy_text_is_kept_whole_and_once};
    return test_run_all("store", up, down, tests, sizeof tests / sizeof tests[0]);
}
