/* Two asks, fact by fact: also those that ask_print leaves out, such as a sum that is not known. */
#ifndef TESTS_GATE_SAME_ASK_H
#define TESTS_GATE_SAME_ASK_H

#include "common/base/str.h"
#include "engine/gate/ask.h"

static inline bool same_decimal(struct decimal a, struct decimal b)
{
    return a.coef == b.coef && a.scale == b.scale;
}

static inline bool same_sum(struct ask_cumulative a, struct ask_cumulative b)
{
    return a.known == b.known && same_decimal(a.sum, b.sum);
}

static inline bool same_texts(const char *const *a, size_t a_n, const char *const *b, size_t b_n)
{
    bool same = a_n == b_n;
    for (size_t i = 0; same && i < a_n; i++)
        same = text_eq(a[i], b[i]);
    return same;
}

static inline bool same_accounts(const struct ask *a, const struct ask *b)
{
    bool same = a->accounts_n == b->accounts_n;
    for (size_t i = 0; same && i < a->accounts_n; i++) {
        const struct ask_account *x = &a->accounts[i], *y = &b->accounts[i];
        same = text_eq(x->id, y->id) && text_eq(x->class_, y->class_) && x->known == y->known &&
               x->reconciled == y->reconciled;
    }
    return same;
}

static inline bool same_roles(const struct ask *a, const struct ask *b)
{
    bool same = a->roles_n == b->roles_n;
    for (size_t i = 0; same && i < a->roles_n; i++) {
        const struct ask_role *x = &a->roles[i], *y = &b->roles[i];
        same = text_eq(x->role, y->role) && text_eq(x->entity, y->entity) &&
               text_eq(x->lender, y->lender);
    }
    return same;
}

static inline bool same_values(const struct ask *a, const struct ask *b)
{
    bool same = a->values_n == b->values_n;
    for (size_t i = 0; same && i < a->values_n; i++) {
        const struct ask_value *x = &a->values[i], *y = &b->values[i];
        same = text_eq(x->cur, y->cur) && x->status == y->status &&
               same_decimal(x->value, y->value) && same_decimal(x->rate, y->rate) &&
               text_eq(x->source, y->source) && x->as_of.days == y->as_of.days;
    }
    return same;
}

static inline bool same_money(const struct ask *a, const struct ask *b)
{
    bool same = a->cumulative_n == b->cumulative_n && a->has_amount == b->has_amount &&
                a->amount.minor == b->amount.minor && text_eq(a->amount.cur, b->amount.cur);
    for (size_t i = 0; same && i < a->cumulative_n; i++)
        same = same_sum(a->cumulative[i], b->cumulative[i]);
    return same && same_values(a, b) && same_sum(a->auto_confirmed, b->auto_confirmed) &&
           same_sum(a->bulk_sum, b->bulk_sum);
}

#define SAME(member)       (a->member == b->member)
#define SAME_TEXT(member)  text_eq(a->member, b->member)
#define SAME_TEXTS(member) same_texts(a->member, a->member##_n, b->member, b->member##_n)

static inline bool same_lists(const struct ask *a, const struct ask *b)
{
    return SAME_TEXTS(proposers) && SAME_TEXTS(own_agents_of) && SAME_TEXTS(entities) &&
           SAME_TEXTS(events) && SAME_TEXTS(seats) && same_accounts(a, b) && same_roles(a, b);
}

static inline bool same_names(const struct ask *a, const struct ask *b)
{
    return SAME_TEXT(tool) && SAME_TEXT(actor) && SAME_TEXT(principal) && SAME_TEXT(on_behalf_of) &&
           SAME_TEXT(client) && SAME_TEXT(object_type) && SAME_TEXT(object_id) &&
           SAME_TEXT(match_type) && SAME_TEXT(counterparty) && SAME_TEXT(subject) &&
           SAME_TEXT(bulk_reason);
}

static inline bool same_ask(const struct ask *a, const struct ask *b)
{
    return SAME(action) && SAME(tier) && SAME(change) && SAME(posting) && SAME(decision) &&
           SAME(actor_kind) && SAME(channel) && SAME(auth_age_s) && SAME(login_wanted) &&
           SAME(login_bound) && SAME(prod) && SAME(frozen) && SAME(frozen_self) &&
           SAME(delivery_service) && SAME(object_version) && SAME(state) && SAME(state_valid) &&
           SAME(entry_taken) && SAME(source) && SAME(score_bp) && SAME(sure) && SAME(ambiguous) &&
           SAME(entity_mismatch) && SAME(intercompany) && SAME(intercompany_paired) &&
           SAME(period_closed) && SAME(keeps_amount) && SAME(auto_confirmed_n) &&
           SAME(has_rationale) && SAME(approvers_n) && SAME(own_seat) && SAME(bulk_n) &&
           SAME(bulk_one_clause) && same_names(a, b) && same_lists(a, b) && same_money(a, b);
}

#undef SAME
#undef SAME_TEXT
#undef SAME_TEXTS

#endif
