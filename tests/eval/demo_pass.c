/* The embedded demo company through everything that decides: its files by their mappings, the
 * matcher per account, the gate for each proposal in the order of the matches, with the windows of
 * limits kept in memory. No book, no daemon: what is printed follows from the data, the policy, the
 * matcher and the gate alone. demo_truth.py compares it with deploy/demo/saas/truth.
 *
 *   demo_pass           one line a fact, fields between tabs */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"
#include "common/sys/crypt.h"
#include "common/sys/embed.h"
#include "common/sys/yaml_read.h"
#include "engine/fx/fx.h"
#include "engine/gate/gate.h"
#include "engine/ingest/csv_source.h"
#include "engine/ingest/master.h"
#include "engine/recon/pass.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define ENTRIES_MAX 4096
#define CONFIRM_MAX 1024

/* One confirmation that no human looked at. */
struct confirmed {
    const char *entity, *account, *counterparty;
    struct decimal usd;
};

struct demo {
    struct arena *arena;
    struct policy *policy;
    struct master master;
    struct entry *entries;
    size_t entries_n;
    struct confirmed confirmed[CONFIRM_MAX];
    size_t confirmed_n;
};

static struct err embedded_find(struct arena *arena, const char *name, struct str *bytes)
{
    for (size_t i = 0; i < demo_saas_n; i++) {
        if (strcmp(demo_saas[i].name, name) == 0) {
            *bytes = (struct str){(const char *)demo_saas[i].bytes, demo_saas[i].len};
            return OK;
        }
    }
    return err_fmt(arena, ERR_MISSING, name, "the demo has no such file");
}

/* ---- reading ---- */

static struct err policy_read(struct demo *d)
{
    struct policy_entity entities[8];
    struct json *tree;
    struct str yaml;
    char *digest = arena_alloc(d->arena, SHA256_HEX_SIZE);
    TRY(embedded_find(d->arena, "policy.yaml", &yaml));
    TRY(yaml_read(d->arena, yaml, &tree));
    sha256_hex(yaml.at, yaml.len, digest);
    TRY(policy_load(d->arena, tree, digest, &d->policy));
    size_t n = d->master.entities_n < 8 ? d->master.entities_n : 8;
    for (size_t i = 0; i < n; i++)
        entities[i] = (struct policy_entity){d->master.entities[i].entity_id,
                                             d->master.entities[i].functional_currency};
    return policy_bind_entities(d->arena, d->policy, entities, n);
}

static struct err master_read(struct demo *d)
{
    static const struct master none;
    struct str text;
    TRY(embedded_find(d->arena, "entities.csv", &text));
    TRY(master_read_entities(d->arena, text, &d->master));
    TRY(embedded_find(d->arena, "accounts.csv", &text));
    TRY(master_read_accounts(d->arena, text, &d->master));
    TRY(embedded_find(d->arena, "counterparties.csv", &text));
    TRY(master_read_counterparties(d->arena, text, &d->master));
    TRY(embedded_find(d->arena, "sources.yaml", &text));
    TRY(master_read_sources(d->arena, text, &d->master));
    return master_check(d->arena, &d->master, &none);
}

static void row_take(struct demo *d, const struct source_row *row, const char *source)
{
    char amount[MONEY_TEXT_MAX], balance[MONEY_TEXT_MAX] = "";
    const struct entry *e = &row->entry;
    if (row->kind != SOURCE_ENTRY) {
        printf("refused\t%s\t%s\n", source, row->reason == NULL ? "skipped" : row->reason);
        return;
    }
    money_print(e->amount, amount);
    if (row->has_balance)
        money_print(row->balance, balance);
    printf("entry\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", source, e->entry_id, e->entity_id,
           e->account_id, side_name(e->side), amount, e->amount.cur, balance);
    if (d->entries_n < ENTRIES_MAX)
        d->entries[d->entries_n++] = *e;
}

static struct err source_read(struct demo *d, const struct mapping *m)
{
    struct account *chart = ARENA_ARRAY(d->arena, d->master.accounts_n, struct account);
    struct source_row row = {.kind = SOURCE_SKIPPED};
    struct str csv = {0};
    size_t n = 0;
    ENSURE(chart != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < d->master.accounts_n; i++) {
        if (text_eq(d->master.accounts[i].entity_id, m->entity))
            chart[n++] = d->master.accounts[i];
    }
    TRY(embedded_find(d->arena, arena_fmt(d->arena, "%s.csv", m->id), &csv));
    CLEANUP(csv_source_close) struct csv_source *source = NULL;
    TRY(csv_source_open(d->arena, csv.at, csv.len, m, chart, n, &source));
    TRY(csv_source_next(source, d->arena, &row));
    while (row.kind != SOURCE_END) {
        row_take(d, &row, m->id);
        TRY(csv_source_next(source, d->arena, &row));
    }
    return OK;
}

/* ---- matching ---- */

static const struct account *account_of(const struct demo *d, const char *entity, const char *id)
{
    for (size_t i = 0; i < d->master.accounts_n; i++) {
        const struct account *a = &d->master.accounts[i];
        if (text_eq(a->entity_id, entity) && text_eq(a->account_id, id))
            return a;
    }
    return NULL;
}

static struct err params_of(const struct policy *p, const char *currency,
                            struct recon_params *params)
{
    const struct policy_matching *m = &p->matching;
    struct decimal cap;
    struct money fee;
    recon_params_default(params);
    params->version = p->digest;
    params->window_days = (int32_t)m->window_days;
    params->window_cheque_days = (int32_t)m->window_days_cheque;
    params->window_group_days = (int32_t)m->window_days_group;
    TRY(decimal_parse(m->fee_cap, 2, &cap));
    TRY(decimal_round_to_money(cap, currency, ROUND_DOWN, &fee));
    params->fee_max_minor = fee.minor;
    params->fee_share_max = (uint32_t)m->fee_share_bp;
    params->transposition = m->transposition;
    params->book_net_of_fee = m->book_net_of_fee;
    params->high_min = (uint32_t)m->high_bp;
    params->review_min = (uint32_t)m->review_bp;
    params->margin_min = (uint32_t)m->ambiguity_margin_bp;
    return recon_params_check(params);
}

static struct recon_entry recon_of(const struct entry *e)
{
    struct recon_entry r = {.id = e->entry_id,
                            .text = e->memo,
                            .counterparty = e->counterparty,
                            .reference = e->reference,
                            .key = e->group_key,
                            .reverses = e->reverses,
                            .amount_minor = e->amount.minor,
                            .day = e->date.days,
                            .flags = e->reverses == NULL ? 0 : RECON_REVERSAL,
                            .side = e->side == SIDE_BANK ? RECON_BANK : RECON_BOOK};
    memcpy(r.cur, e->amount.cur, sizeof r.cur);
    return r;
}

/* ---- the facts of a match ---- */

struct legs {
    const struct entry *at[64];
    size_t n;
};

static void account_fact(struct demo *d, struct ask_account *list, size_t *n, const char *entity,
                         const char *id, bool reconciled)
{
    const struct account *known = id == NULL ? NULL : account_of(d, entity, id);
    for (size_t i = 0; i < *n; i++) {
        if (text_eq(list[i].id, id))
            return;
    }
    list[(*n)++] = (struct ask_account){.id = id,
                                        .class_ = known == NULL ? NULL : known->class_,
                                        .known = known != NULL,
                                        .reconciled = reconciled};
}

static void contra_facts(struct demo *d, const struct entry *leg, struct ask_account *list,
                         size_t *n)
{
    size_t others = 0;
    if (leg->contra == CONTRA_ACCOUNT)
        account_fact(d, list, n, leg->entity_id, leg->contra_account, false);
    if (leg->contra != CONTRA_JOURNAL)
        return;
    for (size_t i = 0; i < d->entries_n; i++) {
        const struct entry *e = &d->entries[i];
        bool line = leg->journal_id != NULL && text_eq(e->journal_id, leg->journal_id) &&
                    text_eq(e->entity_id, leg->entity_id);
        if (!line || text_eq(e->account_id, leg->account_id))
            continue;
        account_fact(d, list, n, leg->entity_id, e->account_id, false);
        others++;
    }
    if (others == 0)
        account_fact(d, list, n, leg->entity_id, NULL, false);
}

static const char *counterparty_of(const struct legs *legs)
{
    const char *name = NULL;
    for (size_t i = 0; i < legs->n; i++) {
        const char *one = legs->at[i]->counterparty;
        if (one != NULL && name != NULL && !text_eq(one, name))
            return NULL;
        name = one == NULL ? name : one;
    }
    return name;
}

static struct money size_of(const struct legs *legs)
{
    int64_t sums[2] = {0, 0};
    for (size_t i = 0; i < legs->n; i++) {
        int64_t minor = legs->at[i]->amount.minor;
        sums[legs->at[i]->side == SIDE_BANK ? 0 : 1] += minor < 0 ? -minor : minor;
    }
    struct money m = legs->at[0]->amount;
    m.minor = sums[0] > sums[1] ? sums[0] : sums[1];
    return m;
}

static struct date value_day(const struct legs *legs)
{
    struct date bank = {.days = INT32_MIN}, any = legs->at[0]->date;
    for (size_t i = 0; i < legs->n; i++) {
        const struct entry *e = legs->at[i];
        any = e->date.days > any.days ? e->date : any;
        if (e->side == SIDE_BANK && e->date.days > bank.days)
            bank = e->date;
    }
    return bank.days == INT32_MIN ? any : bank;
}

static bool in_scope(enum policy_per per, const struct confirmed *c, const struct entry *leg,
                     const char *counterparty)
{
    switch (per) {
    case PER_ENTITY:
        return text_eq(c->entity, leg->entity_id);
    case PER_ACCOUNT:
        return text_eq(c->entity, leg->entity_id) && text_eq(c->account, leg->account_id);
    case PER_COUNTERPARTY:
        return text_eq(c->counterparty, counterparty);
    case PER_BOOK:
        break;
    }
    return true;
}

/* Everything is decided on one day, so a window holds all of its scope. */
static struct ask_cumulative window_of(const struct demo *d, enum policy_per per,
                                       const struct entry *leg, const char *counterparty,
                                       int64_t *n)
{
    struct ask_cumulative w = {.sum = decimal_of_int(0), .known = true};
    *n = 0;
    for (size_t i = 0; i < d->confirmed_n; i++) {
        if (!in_scope(per, &d->confirmed[i], leg, counterparty))
            continue;
        w.known = w.known && decimal_add(w.sum, d->confirmed[i].usd, &w.sum).kind == ERR_NONE;
        ++*n;
    }
    return w;
}

/* ---- the gate ---- */

static struct err facts(struct demo *d, const struct recon_result *result,
                        const struct recon_match *rm, const struct legs *legs, struct ask *ask)
{
    const struct policy *p = d->policy;
    const struct entry *first = legs->at[0];
    struct ask_account *accounts = ARENA_ARRAY(d->arena, d->entries_n, struct ask_account);
    struct ask_value *values = ARENA_ARRAY(d->arena, p->currencies_n, struct ask_value);
    struct ask_cumulative *windows = ARENA_ARRAY(d->arena, p->cumulative_n, struct ask_cumulative);
    const char **names = ARENA_ARRAY(d->arena, legs->n + 1, const char *);
    TRY(arena_check(d->arena));
    *ask = (struct ask){.action = ACTION_CONFIRM, .tier = TIER_T2, .tool = "confirm_match"};
    ask->change = ask->has_rationale = ask->has_amount = ask->state_valid = true;
    ask->actor_kind = ACTOR_ENGINE;
    ask->actor = "engine:auto-confirm";
    ask->state = MATCH_PROPOSED;
    ask->source = SOURCE_MATCHER;
    ask->match_type = recon_type_name((enum recon_type)rm->type);
    ask->score_bp = rm->score_bp;
    ask->sure = recon_auto_confirmable(result, rm) && rm->search_n == 0;
    ask->ambiguous = rm->ambiguous || rm->solutions > 1;
    ask->counterparty = counterparty_of(legs);
    ask->amount = size_of(legs);
    names[0] = first->entity_id;
    ask->entities = names;
    ask->entities_n = 1;
    for (size_t i = 0; i < legs->n; i++)
        account_fact(d, accounts, &ask->accounts_n, first->entity_id, legs->at[i]->account_id,
                     true);
    for (size_t i = 0; i < legs->n; i++) {
        contra_facts(d, legs->at[i], accounts, &ask->accounts_n);
        if (legs->at[i]->event_kind != NULL)
            names[1 + ask->events_n++] = legs->at[i]->event_kind;
    }
    ask->accounts = accounts;
    ask->events = names + 1;
    for (size_t i = 0; i < p->currencies_n; i++)
        values[i] = fx_value(p, ask->amount, p->currencies[i], value_day(legs));
    ask->values = values;
    ask->values_n = p->currencies_n;
    int64_t n;
    for (size_t i = 0; i < p->cumulative_n; i++)
        windows[i] = window_of(d, p->cumulative[i].per, first, ask->counterparty, &n);
    ask->cumulative = windows;
    ask->cumulative_n = p->cumulative_n;
    ask->auto_confirmed = window_of(d, PER_ACCOUNT, first, NULL, &ask->auto_confirmed_n);
    return OK;
}

static struct err match_judge(struct demo *d, const struct recon_result *result,
                              const struct recon_match *rm, const struct entry *entries)
{
    struct legs legs = {.n = 0};
    struct ask ask;
    for (uint32_t i = 0; i < rm->bank_n + rm->book_n && legs.n < 64; i++)
        legs.at[legs.n++] = &entries[result->legs[rm->legs + i]];
    TRY(facts(d, result, rm, &legs, &ask));
    struct verdict v = gate_decide(d->policy, &ask);
    printf("match\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%u", legs.at[0]->entity_id, legs.at[0]->account_id,
           ask.match_type, ruling_name(v.ruling), reason_name(v.reason), v.row, v.pointer,
           (unsigned)rm->score_bp);
    for (size_t i = 0; i < legs.n; i++)
        printf("\t%s", legs.at[i]->entry_id);
    printf("\n");
    if (v.ruling == RULING_ALLOW && d->confirmed_n < CONFIRM_MAX)
        d->confirmed[d->confirmed_n++] = (struct confirmed){
            .entity = legs.at[0]->entity_id,
            .account = legs.at[0]->account_id,
            .counterparty = ask.counterparty,
            .usd = fx_value(d->policy, ask.amount, "USD", value_day(&legs)).value};
    return OK;
}

static struct err account_pass(struct demo *d, const struct account *account)
{
    struct entry *entries = ARENA_ARRAY(d->arena, d->entries_n, struct entry);
    struct recon_entry *rows = ARENA_ARRAY(d->arena, d->entries_n, struct recon_entry);
    struct recon_params params;
    size_t n = 0;
    TRY(arena_check(d->arena));
    for (size_t i = 0; i < d->entries_n; i++) {
        if (!text_eq(d->entries[i].entity_id, account->entity_id) ||
            !text_eq(d->entries[i].account_id, account->account_id))
            continue;
        entries[n] = d->entries[i];
        rows[n] = recon_of(&entries[n]);
        n++;
    }
    TRY(params_of(d->policy, account->currency, &params));
    CLEANUP(recon_result_free) struct recon_result *result = NULL;
    TRY(recon_pass(rows, n, &params, &result));
    for (size_t i = 0; i < result->matches_n; i++)
        TRY(match_judge(d, result, &result->matches[i], entries));
    for (size_t i = 0; i < result->exceptions_n; i++) {
        const struct recon_exception *x = &result->exceptions[i];
        printf("exception\t%s\t%s\t%s\t%s\n", account->entity_id, account->account_id,
               entries[x->entry].entry_id,
               recon_exception_name((enum recon_exception_class)x->class));
    }
    return OK;
}

static struct err run(struct demo *d)
{
    d->arena = arena_new(ARENA_BYTES);
    ENSURE(d->arena != NULL, ERR_LIMIT, "out of memory");
    d->entries = ARENA_ARRAY(d->arena, ENTRIES_MAX, struct entry);
    TRY(arena_check(d->arena));
    TRY(master_read(d));
    TRY(policy_read(d));
    for (size_t i = 0; i < d->master.mappings_n; i++)
        TRY(source_read(d, &d->master.mappings[i]));
    for (size_t i = 0; i < d->master.accounts_n; i++) {
        if (d->master.accounts[i].reconciled)
            TRY(account_pass(d, &d->master.accounts[i]));
    }
    return OK;
}

int main(void)
{
    struct demo *d = calloc(1, sizeof *d);
    if (d == NULL)
        return 1;
    struct err e = run(d);
    if (e.kind != ERR_NONE)
        fprintf(stderr, "demo_pass: %s: %s\n", e.where == NULL ? "-" : e.where, e.msg);
    arena_free(d->arena);
    free(d);
    return e.kind == ERR_NONE && fflush(stdout) == 0 ? 0 : 1;
}
