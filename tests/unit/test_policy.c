/* What policy_load makes of a policy, key by key, and the files we ship. */
#include <stdio.h>

#include "common/base/buf.h"
#include "tests/unit/policy_base.h"

static void check_decimal(struct decimal d, const char *want)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_print(d, text);
    ck_assert_str_eq(text, want);
}

static void check_limit(const struct policy *p, const struct policy_limit *l, const char *amount,
                        const char *cur)
{
    check_decimal(l->max, amount);
    ck_assert_str_eq(l->cur, cur);
    ck_assert_uint_lt(l->cur_index, p->currencies_n);
    ck_assert_str_eq(p->currencies[l->cur_index], cur);
}

static void check_clause(struct policy_clause c, const char *text, const char *pointer)
{
    ck_assert_str_eq(c.text, text);
    ck_assert_str_eq(c.pointer, pointer);
}

/* ---- names ---- */

START_TEST(every_reason_has_a_name_that_finds_it)
{
    for (int i = REASON_ALLOWED; i < REASON_COUNT; i++) {
        enum reason reason = REASON_NONE;
        ck_assert(reason_find(reason_name((enum reason)i), &reason));
        ck_assert_int_eq((int)reason, i);
    }
}
END_TEST

START_TEST(what_is_no_reason_is_not_found)
{
    enum reason reason = REASON_FROZEN;
    ck_assert(!reason_find("NONE", &reason));
    ck_assert(!reason_find("frozen", &reason));
    ck_assert(!reason_find("", &reason));
    ck_assert(!reason_find(NULL, &reason));
    ck_assert_int_eq(reason, REASON_FROZEN);
    ck_assert_str_eq(reason_name(REASON_NONE), "NONE");
    ck_assert_str_eq(reason_name(REASON_COUNT), "NONE");
}
END_TEST

/* ---- what loads ---- */

START_TEST(the_base_document_loads_with_the_documented_defaults)
{
    const struct policy *p = load("bulk: {max_items: 25}\n", "");
    ck_assert_int_eq(p->version, 1);
    ck_assert_str_eq(p->digest, digest);
    ck_assert_int_eq(p->bulk.max_items, 50);
    ck_assert_int_eq(p->escalation.expiry_hours, 168);
    ck_assert_int_eq(p->escalation.sla_hours, 24);
    ck_assert_uint_eq(p->escalation.reminder_hours_n, 0);
    ck_assert_int_eq(p->exception_days_max, 30);
    const struct policy_matching *m = &p->matching;
    ck_assert_int_eq(m->window_days, 5);
    ck_assert_int_eq(m->window_days_cheque, 45);
    ck_assert_int_eq(m->window_days_group, 10);
    ck_assert_int_eq(m->high_bp, 9000);
    ck_assert_int_eq(m->review_bp, 7000);
    ck_assert_int_eq(m->ambiguity_margin_bp, 500);
    ck_assert_int_eq(m->weight_text_bp, 4500);
    ck_assert_int_eq(m->weight_reference_bp, 2500);
    ck_assert_int_eq(m->weight_date_bp, 1500);
    ck_assert_int_eq(m->weight_amount_bp, 1000);
    ck_assert_int_eq(m->weight_account_bp, 500);
    ck_assert_ptr_null(m->fee_cap);
    ck_assert_int_eq(m->fee_share_bp, 1000);
    ck_assert(m->transposition && m->book_net_of_fee);
    ck_assert_int_eq(m->group_items_max, 5);
    ck_assert_int_eq(m->group_candidates_max, 30);
    ck_assert_int_eq(m->group_nodes_max, 20000);
    ck_assert_int_eq(m->candidates_max, 200);
}
END_TEST

START_TEST(sections_that_may_be_left_out_may_be_left_out)
{
    static const char *const lines[] = {
        "entity_materiality_overrides: {acme-uk: 8000, acme-jp: \"1000000 JPY\"}\n",
        "always_human_accounts: [\"2400\"]\n",
        "no_auto_confirm_match_types: [fuzzy]\n"
        "strategy_clauses_by_match_type: {fuzzy: A similar name is confirmed by a person.}\n",
        "cumulative_limits: []\n",
        "blocked: []\n",
        "matching: {}\n",
        "ap: {}\n",
        "close: {}\n",
        "escalation: {}\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        (void)load(lines[i], "");
}
END_TEST

START_TEST(every_reason_gets_its_clause_and_where_it_stands)
{
    const struct policy *p = load("version: 1\n", "version: 1\n");
    for (int i = REASON_UNLISTED; i < REASON_COUNT; i++) {
        const char *name = reason_name((enum reason)i);
        check_clause(p->clauses[i], arena_fmt(arena, "This is the sentence for %s.", name),
                     arena_fmt(arena, "/clauses/%s", name));
    }
    ck_assert_ptr_null(p->clauses[REASON_ALLOWED].text);
}
END_TEST

START_TEST(materiality_is_dollars_and_points_at_itself)
{
    static const char *const same[] = {"10000", "\"10000\"", "10000.00"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const char *line = arena_fmt(arena, "usd: %s\n", same[i]);
        const struct policy *p = load("usd: 10000\n", line);
        check_limit(p, &p->materiality, "10000", "USD");
        ck_assert_uint_eq(p->materiality.cur_index, 0);
        check_clause(p->materiality_clause, "This is the sentence for MATERIALITY_OVER_THRESHOLD.",
                     "/materiality_threshold_usd");
    }
    check_decimal(load("usd: 10000", "usd: 0")->materiality.max, "0");
    check_decimal(load("usd: 10000", "usd: 0.01")->materiality.max, "0.01");
}
END_TEST

START_TEST(an_override_names_its_currency_or_waits_for_its_entity)
{
    const struct policy *p = load("acme-uk: 8000", "\"acme/uk~1\": \"8000.50\"");
    ck_assert_uint_eq(p->overrides_n, 2);
    ck_assert_str_eq(p->overrides[0].entity, "acme/uk~1");
    check_decimal(p->overrides[0].limit.max, "8000.5");
    ck_assert_str_eq(p->overrides[0].limit.cur, "");
    ck_assert_uint_ge(p->overrides[0].limit.cur_index, p->currencies_n);
    check_clause(p->overrides[0].clause, "This is the sentence for MATERIALITY_OVER_THRESHOLD.",
                 "/entity_materiality_overrides/acme~1uk~01");
    check_limit(p, &p->overrides[1].limit, "1000000", "JPY");
}
END_TEST

START_TEST(accounts_are_named_by_id_prefix_class_or_event)
{
    const struct policy *p =
        load("[\"2400\"]", "\n  - \"2400\"\n  - {id: \"1010\", legs: all}\n"
                           "  - {prefix: \"22\", legs: contra, clause: Payroll is for people.}\n"
                           "  - {class: equity}\n  - {event: vendor_bank_change}");
    ck_assert_uint_eq(p->accounts_n, 5);
    ck_assert_str_eq(p->accounts[0].id, "2400");
    ck_assert(!p->accounts[0].legs_all);
    check_clause(p->accounts[0].clause, "This is the sentence for ACCOUNT_FORCED_HUMAN.",
                 "/always_human_accounts/0");
    ck_assert_str_eq(p->accounts[1].id, "1010");
    ck_assert(p->accounts[1].legs_all);
    ck_assert_str_eq(p->accounts[2].prefix, "22");
    ck_assert_ptr_null(p->accounts[2].id);
    ck_assert(!p->accounts[2].legs_all);
    check_clause(p->accounts[2].clause, "Payroll is for people.", "/always_human_accounts/2");
    ck_assert_str_eq(p->accounts[3].class_, "equity");
    ck_assert_str_eq(p->accounts[4].event, "vendor_bank_change");
}
END_TEST

START_TEST(a_match_type_carries_its_own_clause)
{
    const struct policy *p = load("version: 1\n", "version: 1\n");
    ck_assert_uint_eq(p->match_types_n, 1);
    ck_assert_str_eq(p->match_types[0].name, "fuzzy");
    check_clause(p->match_types[0].clause, "A similar name is confirmed by a person.",
                 "/strategy_clauses_by_match_type/fuzzy");
}
END_TEST

START_TEST(auto_confirm_has_an_optional_cap)
{
    const struct policy *p = load("{enabled: true}", "{enabled: false}");
    ck_assert(!p->auto_confirm.enabled);
    ck_assert(!p->auto_confirm.has_cap_amount && !p->auto_confirm.has_cap_count);
    p = load("{enabled: true}", "{enabled: true, cap: {amount: 500 EUR, period: quarter}}");
    ck_assert(p->auto_confirm.enabled && p->auto_confirm.has_cap_amount);
    ck_assert(!p->auto_confirm.has_cap_count);
    check_limit(p, &p->auto_confirm.cap_amount, "500", "EUR");
    ck_assert_int_eq(p->auto_confirm.period, PERIOD_QUARTER);
    p = load("{enabled: true}", "{enabled: true, cap: {count: 7, period: day}}");
    ck_assert(p->auto_confirm.has_cap_count && !p->auto_confirm.has_cap_amount);
    ck_assert_int_eq(p->auto_confirm.cap_count, 7);
    ck_assert_int_eq(p->auto_confirm.period, PERIOD_DAY);
}
END_TEST

START_TEST(cumulative_limits_keep_scope_window_and_clause)
{
    const struct policy *p =
        load("limits: []", "limits:\n"
                           "  - {id: a, per: counterparty, window_days: 30, max: 50000 USD}\n"
                           "  - {id: b, per: book, window_days: 1, max: 9.99 GBP, "
                           "clause: That is enough for today.}");
    ck_assert_uint_eq(p->cumulative_n, 2);
    ck_assert_str_eq(p->cumulative[0].id, "a");
    ck_assert_int_eq(p->cumulative[0].per, PER_COUNTERPARTY);
    ck_assert_int_eq(p->cumulative[0].window_days, 30);
    check_limit(p, &p->cumulative[0].limit, "50000", "USD");
    check_clause(p->cumulative[0].clause, "This is the sentence for CUMULATIVE_OVER_THRESHOLD.",
                 "/cumulative_limits/0");
    ck_assert_int_eq(p->cumulative[1].per, PER_BOOK);
    check_limit(p, &p->cumulative[1].limit, "9.99", "GBP");
    check_clause(p->cumulative[1].clause, "That is enough for today.", "/cumulative_limits/1");
}
END_TEST

START_TEST(a_blocked_rule_keeps_all_its_conditions)
{
    const struct policy *p =
        load("blocked: []",
             "blocked:\n"
             "  - {id: a, counterparty: V 1, account: \"1010\", entity: uk, actor: llm:x.1,"
             " actor_kind: llm, tool: reject_match, action: REJECT, over: 5 USD,"
             " clause: Not this one.}\n"
             "  - {id: b, account_prefix: \"9\", clause: Nor that one.}");
    ck_assert_uint_eq(p->blocked_n, 2);
    const struct policy_block *b = &p->blocked[0];
    ck_assert_str_eq(b->id, "a");
    ck_assert_str_eq(b->counterparty, "V 1");
    ck_assert_str_eq(b->account, "1010");
    ck_assert_str_eq(b->entity, "uk");
    ck_assert_str_eq(b->actor, "llm:x.1");
    ck_assert_int_eq(b->actor_kind, ACTOR_LLM);
    ck_assert_str_eq(b->tool, "reject_match");
    ck_assert_int_eq(b->action, ACTION_REJECT);
    ck_assert(b->has_over);
    check_limit(p, &b->over, "5", "USD");
    check_clause(b->clause, "Not this one.", "/blocked/0");
    ck_assert_str_eq(p->blocked[1].account_prefix, "9");
    ck_assert_int_eq(p->blocked[1].actor_kind, ACTOR_NONE);
    ck_assert_int_eq(p->blocked[1].action, ACTION_NONE);
    ck_assert(!p->blocked[1].has_over);
}
END_TEST

START_TEST(grants_keep_actions_entities_and_maxima)
{
    const struct policy *p =
        load("[{role: controller, actions: [CONFIRM], entities: all}]",
             "\n  - {role: c, actions: [CONFIRM, CHANGE_REGISTRY], entities: [uk, jp], "
             "max: 100 EUR, single_max: 100 EUR}\n"
             "  - {role: c, actions: [PROPOSE], entities: all}\n"
             "  - {role: engine, actions: [PROPOSE, CONFIRM, FLAG, ESCALATE, INGEST], "
             "entities: all, max: 7 USD}");
    ck_assert_uint_eq(p->authority_n, 3);
    const struct policy_authority *a = &p->authority[0];
    ck_assert_str_eq(a->role, "c");
    ck_assert(a->actions ==
              (UINT64_C(1) << ACTION_CONFIRM | UINT64_C(1) << ACTION_CHANGE_REGISTRY));
    ck_assert_uint_eq(a->entities_n, 2);
    ck_assert_str_eq(a->entities[1], "jp");
    check_limit(p, &a->max, "100", "EUR");
    check_limit(p, &a->single_max, "100", "EUR");
    check_clause(a->clause, "This is the sentence for NOT_AUTHORISED.", "/authority/0");
    ck_assert_uint_eq(p->authority[1].entities_n, 0);
    ck_assert(!p->authority[1].has_max && !p->authority[1].has_single_max);
    ck_assert(p->authority[2].has_max && !p->authority[2].has_single_max);
}
END_TEST

START_TEST(own_agent_has_three_answers)
{
    ck_assert_int_eq(load("own_agent: deny", "own_agent: deny")->own_agent, OWN_AGENT_DENY);
    ck_assert_int_eq(load("own_agent: deny", "own_agent: below_materiality")->own_agent,
                     OWN_AGENT_BELOW_MATERIALITY);
    ck_assert_int_eq(load("own_agent: deny", "own_agent: allow")->own_agent, OWN_AGENT_ALLOW);
}
END_TEST

START_TEST(rates_are_exact_and_say_where_they_come_from)
{
    const struct policy *p =
        load("{max_staleness_days: 4}",
             "\n  max_staleness_days: 0\n  rates:\n"
             "    - {base: GBP, quote: USD, rate: \"1.2710\", as_of: 2026-03-02, source: Desk}\n"
             "    - {base: GBP, quote: USD, rate: 1.28, as_of: 2026-03-03, source: Desk}\n"
             "    - {base: GBP, quote: JPY, rate: \"190.123456789012\", as_of: 2026-03-03, "
             "source: Desk}");
    ck_assert_int_eq(p->fx_max_staleness_days, 0);
    ck_assert_uint_eq(p->fx_rates_n, 3);
    ck_assert_str_eq(p->fx_rates[0].base, "GBP");
    ck_assert_str_eq(p->fx_rates[0].quote, "USD");
    check_decimal(p->fx_rates[0].rate, "1.271");
    check_decimal(p->fx_rates[2].rate, "190.123456789012");
    ck_assert_str_eq(p->fx_rates[0].source, "Desk");
    struct ymd day = date_ymd(p->fx_rates[1].as_of);
    ck_assert_int_eq(day.year * 10000 + day.month * 100 + day.day, 20260303);
}
END_TEST

START_TEST(matching_is_bound_field_by_field)
{
    const struct policy *p =
        load("matching: {}",
             "matching:\n"
             "  windows: {days: 0, cheque_days: 60, group_days: 3}\n"
             "  tolerances: {fee_cap: 12.5, fee_share: 0.0525, transposition: false, "
             "book_net_of_fee: false}\n"
             "  weights: {text: 1, reference: \"0\", date: 0, amount: \"0.0\", account: 0}\n"
             "  high: \"1\"\n  review: \"0.7575\"\n  ambiguity_margin: 0\n"
             "  groups: {items_max: 12, candidates_max: 60, nodes_max: 100}\n"
             "  candidates_max: 1\n");
    const struct policy_matching *m = &p->matching;
    ck_assert_int_eq(m->window_days, 0);
    ck_assert_int_eq(m->window_days_cheque, 60);
    ck_assert_int_eq(m->window_days_group, 3);
    ck_assert_str_eq(m->fee_cap, "12.5");
    ck_assert_int_eq(m->fee_share_bp, 525);
    ck_assert(!m->transposition && !m->book_net_of_fee);
    ck_assert_int_eq(m->weight_text_bp, 10000);
    ck_assert_int_eq(m->weight_account_bp, 0);
    ck_assert_int_eq(m->high_bp, 10000);
    ck_assert_int_eq(m->review_bp, 7575);
    ck_assert_int_eq(m->ambiguity_margin_bp, 0);
    ck_assert_int_eq(m->group_items_max, 12);
    ck_assert_int_eq(m->group_candidates_max, 60);
    ck_assert_int_eq(m->group_nodes_max, 100);
    ck_assert_int_eq(m->candidates_max, 1);
}
END_TEST

START_TEST(exceptions_grow_old_after_the_days_given)
{
    const struct policy *p =
        load("escalation: {}", "escalation: {}\nexceptions: {escalate_after_days: 7}");
    ck_assert_int_eq(p->exception_days_max, 7);
    struct policy *none;
    ck_err(load_text(str_of(with("escalation: {}",
                                 "escalation: {}\nexceptions: {escalate_after_days: 0}")),
                     &none),
           ERR_INPUT);
    ck_err(
        load_text(str_of(with("escalation: {}", "escalation: {}\nexceptions: {days: 7}")), &none),
        ERR_INPUT);
}
END_TEST

START_TEST(escalations_keep_their_clock)
{
    const struct policy *p =
        load("escalation: {}",
             "escalation: {expiry_hours: 48, sla_hours: 8, reminders_hours: [4, 12, 47]}");
    ck_assert_int_eq(p->escalation.expiry_hours, 48);
    ck_assert_int_eq(p->escalation.sla_hours, 8);
    ck_assert_uint_eq(p->escalation.reminder_hours_n, 3);
    ck_assert_int_eq(p->escalation.reminder_hours[2], 47);
}
END_TEST

START_TEST(bulk_is_bounded_by_default_and_quotes_what_stopped_it)
{
    const struct policy_bulk *none = &load("bulk: {max_items: 25}\n", "")->bulk;
    ck_assert_int_eq(none->max_items, 50);
    ck_assert_str_eq(none->max_amount.cur, "USD");
    ck_assert_int_eq(decimal_cmp(none->max_amount.max, decimal_of_int(10000)), 0);
    ck_assert_uint_ne(none->reasons & UINT64_C(1) << REASON_AMBIGUOUS_MATCH, 0);
    ck_assert_str_eq(none->amount_clause.pointer, "/clauses/BULK_LIMIT");
    const struct policy *p =
        load("bulk: {max_items: 25}", "bulk: {max_items: 9, max_amount: 500 CHF, reasons: "
                                      "[AMBIGUOUS_MATCH], clause: Not so many at once.}");
    ck_assert_int_eq(p->bulk.max_items, 9);
    ck_assert_str_eq(p->currencies[p->bulk.max_amount.cur_index], "CHF");
    ck_assert_uint_eq(p->bulk.reasons, UINT64_C(1) << REASON_AMBIGUOUS_MATCH);
    ck_assert_str_eq(p->bulk.clause.pointer, "/bulk");
    ck_assert_str_eq(p->bulk.items_clause.pointer, "/bulk/max_items");
    ck_assert_str_eq(p->bulk.amount_clause.pointer, "/bulk/max_amount");
    ck_assert_str_eq(p->bulk.reasons_clause.pointer, "/bulk/reasons");
    ck_assert_str_eq(p->bulk.reasons_clause.text, "Not so many at once.");
    /* a policy from before the clause was there */
    const struct policy *old = load("  BULK_LIMIT: This is the sentence for BULK_LIMIT.\n", "");
    ck_assert_str_ne(old->bulk.items_clause.text, "");
    ck_assert_str_eq(old->bulk.items_clause.pointer, "/bulk/max_items");
    ck_assert_str_eq(old->bulk.amount_clause.pointer, "/materiality_threshold_usd");
    ck_assert_str_eq(old->clauses[REASON_BULK_LIMIT].pointer, "/clauses");
}
END_TEST

START_TEST(channels_are_bits_per_tier_and_login_age_is_seconds)
{
    const struct policy *p = load("{T2: 480, T3: 5}", "{T1: 600, T2: 480, T3: 5}");
    ck_assert_uint_eq(p->channels[TIER_T1], 1u << CHANNEL_WEB | 1u << CHANNEL_CLI);
    ck_assert_uint_eq(p->channels[TIER_T2], 1u << CHANNEL_WEB | 1u << CHANNEL_SLACK);
    ck_assert_uint_eq(p->channels[TIER_T3], 1u << CHANNEL_WEB);
    ck_assert_int_eq(p->login_age_max_s[TIER_T0], 0);
    ck_assert_int_eq(p->login_age_max_s[TIER_T1], 36000);
    ck_assert_int_eq(p->login_age_max_s[TIER_T2], 28800);
    ck_assert_int_eq(p->login_age_max_s[TIER_T3], 300);
    ck_assert_int_eq(load("bulk: {max_items: 25}", "bulk: {max_items: 1}")->bulk.max_items, 1);
}
END_TEST

/* ---- entities ---- */

static const struct policy_entity entities[] = {
    {"acme-us", "USD"}, {"acme-uk", "GBP"}, {"acme-jp", "JPY"}};

static struct policy *load_unbound(const char *find, const char *put)
{
    struct policy *policy = NULL;
    ck_ok(load_text(str_of(with(find, put)), &policy));
    return policy;
}

START_TEST(binding_gives_an_override_its_entitys_currency)
{
    struct policy *p = load_unbound("version: 1\n", "version: 1\n");
    ck_assert_uint_eq(p->currencies_n, 2);
    for (int twice = 0; twice < 2; twice++) {
        ck_ok(policy_bind_entities(arena, p, entities, 3));
        ck_assert_uint_eq(p->currencies_n, 3);
        ck_assert_str_eq(p->currencies[0], "USD");
        check_limit(p, &p->materiality, "10000", "USD");
        check_limit(p, &p->overrides[0].limit, "8000", "GBP");
        check_limit(p, &p->overrides[1].limit, "1000000", "JPY");
    }
}
END_TEST

START_TEST(an_entity_nobody_knows_keeps_the_policy_from_loading)
{
    struct policy *p = load_unbound("version: 1\n", "version: 1\n");
    struct err e = policy_bind_entities(arena, p, entities, 2);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/entity_materiality_overrides/acme-jp");
    p = load_unbound("blocked: []", "blocked: [{id: a, entity: acme-ku, clause: Not this one.}]");
    e = policy_bind_entities(arena, p, entities, 3);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/blocked/0");
    p = load_unbound("entities: all}", "entities: [acme-us, acme]}");
    e = policy_bind_entities(arena, p, entities, 3);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/authority/0");
}
END_TEST

START_TEST(an_override_fits_its_entitys_currency)
{
    struct policy *p = load_unbound("{acme-uk: 8000,", "{acme-us: 0.5, acme-uk: 1.005,");
    struct err e = policy_bind_entities(arena, p, entities, 3);
    ck_assert_int_eq(e.kind, ERR_INPUT);
    ck_assert_str_eq(e.where, "/entity_materiality_overrides/acme-uk");
    ck_assert_uint_eq(p->currencies_n, 2); /* nothing was changed */
    p = load_unbound("acme-jp: \"1000000 JPY\"", "acme-jp: 1000000.00");
    ck_ok(policy_bind_entities(arena, p, entities, 3));
    check_limit(p, &p->overrides[1].limit, "1000000", "JPY");
}
END_TEST

/* ---- the files we ship ---- */

static struct policy *load_file(const char *path)
{
    struct policy *policy = NULL;
    struct buf b;
    char chunk[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    buf_init(&b, YAML_BYTES_MAX);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_put(&b, chunk, n);
    (void)fclose(f);
    ck_ok(buf_check(&b));
    const char *text = arena_dup(arena, b.at, b.len);
    struct err e = load_text((struct str){text, b.len}, &policy);
    buf_fini(&b);
    ck_assert_msg(e.kind == ERR_NONE, "%s:%s: %s", path, e.where == NULL ? "-" : e.where, e.msg);
    return policy;
}

START_TEST(the_starters_load_for_a_company_we_know_nothing_of)
{
    static const struct policy_entity one[] = {{"any", "EUR"}};
    struct policy *saas = load_file("deploy/policy-library/saas.yaml");
    ck_ok(policy_bind_entities(arena, saas, one, 1));
    check_decimal(saas->materiality.max, "10000");
    ck_assert_uint_eq(saas->overrides_n, 0);
    ck_assert_int_eq(saas->own_agent, OWN_AGENT_BELOW_MATERIALITY);
    struct policy *sox = load_file("deploy/policy-library/sox.yaml");
    ck_ok(policy_bind_entities(arena, sox, one, 1));
    check_decimal(sox->materiality.max, "5000");
    ck_assert_int_eq(sox->own_agent, OWN_AGENT_DENY);
    ck_assert_uint_gt(sox->match_types_n, saas->match_types_n);
}
END_TEST

START_TEST(the_demo_company_has_its_overrides_and_one_hole_in_its_rates)
{
    static const struct policy_entity two[] = {{"acme-us", "USD"}, {"acme-uk", "GBP"}};
    struct policy *p = load_file("deploy/demo/saas/policy.yaml");
    int holes = 0;
    ck_ok(policy_bind_entities(arena, p, two, 2));
    ck_assert_uint_eq(p->overrides_n, 1);
    check_limit(p, &p->overrides[0].limit, "8000", "GBP");
    ck_assert_str_eq(p->blocked[0].counterparty, "Brackwater");
    for (size_t i = 1; i < p->fx_rates_n; i++) {
        int gap = p->fx_rates[i].as_of.days - p->fx_rates[i - 1].as_of.days;
        ck_assert_int_ge(gap, 1);
        holes += gap > (int)p->fx_max_staleness_days + 1;
    }
    ck_assert_int_eq(holes, 1);
}
END_TEST

START_TEST(the_documented_example_loads)
{
    static const struct policy_entity two[] = {{"acme-jp", "JPY"}, {"acme-uk", "GBP"}};
    struct policy *p = load_file("docs/policy-example.yaml");
    ck_ok(policy_bind_entities(arena, p, two, 2));
    ck_assert_uint_eq(p->currencies_n, 4);
    ck_assert_uint_eq(p->blocked_n, 5);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_reason_has_a_name_that_finds_it,
        what_is_no_reason_is_not_found,
        the_base_document_loads_with_the_documented_defaults,
        sections_that_may_be_left_out_may_be_left_out,
        every_reason_gets_its_clause_and_where_it_stands,
        materiality_is_dollars_and_points_at_itself,
        an_override_names_its_currency_or_waits_for_its_entity,
        accounts_are_named_by_id_prefix_class_or_event,
        a_match_type_carries_its_own_clause,
        auto_confirm_has_an_optional_cap,
        cumulative_limits_keep_scope_window_and_clause,
        a_blocked_rule_keeps_all_its_conditions,
        grants_keep_actions_entities_and_maxima,
        own_agent_has_three_answers,
        rates_are_exact_and_say_where_they_come_from,
        matching_is_bound_field_by_field,
        exceptions_grow_old_after_the_days_given,
        escalations_keep_their_clock,
        bulk_is_bounded_by_default_and_quotes_what_stopped_it,
        channels_are_bits_per_tier_and_login_age_is_seconds,
        binding_gives_an_override_its_entitys_currency,
        an_entity_nobody_knows_keeps_the_policy_from_loading,
        an_override_fits_its_entitys_currency,
        the_starters_load_for_a_company_we_know_nothing_of,
        the_demo_company_has_its_overrides_and_one_hole_in_its_rates,
        the_documented_example_loads,
    };
    return run("policy", tests, sizeof tests / sizeof tests[0]);
}
