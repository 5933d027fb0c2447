/* Reading what a bank reconciliation statement needs, and saying it. */
#include "engine/tools/reconciliation.h"

#include "engine/store/files.h"
#include "engine/store/ledger.h"

enum { BOOKS, BANK };

const char *reconciliation_money(struct call *c, const struct reconciliation *r, int64_t minor)
{
    struct money m;
    char text[MONEY_TEXT_MAX] = "";
    if (money_make(minor, r->of.currency, &m).kind == ERR_NONE)
        money_print(m, text);
    return arena_strdup(c->arena, text);
}

static const char *day_text(struct call *c, struct date day)
{
    char text[DATE_TEXT_MAX];
    date_print(day, text);
    return arena_strdup(c->arena, text);
}

/* ---- reading ---- */

/* Who may not see the entity is told what anybody is told about an account that is not there. */
static struct err account_find(struct call *c, struct tx *tx, const char *entity_id,
                               const char *account_id, struct account *account)
{
    struct scope scope;
    TRY(scope_load(c, tx, &scope));
    if (!scope_has(&scope, entity_id))
        return err_fmt(c->arena, ERR_MISSING, "/entity_id", "there is no entity \"%s\"", entity_id);
    struct entity entity;
    TRY(err_in(entity_load(tx, c->arena, entity_id, &entity), "/entity_id"));
    return account_load(tx, c->arena, entity_id, account_id, account);
}

static struct err currency_find(struct call *c, struct tx *tx, const struct account *account,
                                const char **currency)
{
    const char **all, *names = "";
    size_t n;
    if (*currency != NULL)
        return currency_valid(*currency)
                   ? OK
                   : err_at(ERR_INPUT, "/currency", "not a currency of ISO 4217");
    *currency = account->currency;
    if (*currency != NULL)
        return OK;
    TRY(reconciling_currencies(tx, c->arena, account->entity_id, account->account_id, &all, &n));
    ENSURE(n > 0, ERR_MISSING, "the account has no entries, and the chart names no currency");
    *currency = all[0];
    for (size_t i = 0; n > 1 && i < n; i++)
        names = arena_fmt(c->arena, "%s%s%s", names, i == 0 ? "" : ", ", all[i]);
    TRY(arena_check(c->arena));
    return n == 1 ? OK
                  : err_fmt(c->arena, ERR_INPUT, "/currency",
                            "the account holds several currencies: say one of %s", names);
}

static struct err statements_load(struct call *c, struct tx *tx, struct reconciliation *r)
{
    struct statement *rows;
    size_t n;
    TRY(statements_list(tx, c->arena, r->of.entity_id, r->of.account_id, &rows, &n));
    r->statements = ARENA_ARRAY(c->arena, n, struct bankrec_statement);
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < n; i++) {
        const struct statement *s = &rows[i];
        ENSURE(s->closing.cur[0] != '\0', ERR_STORE, "a statement's row cannot be read back");
        if (!text_eq(s->closing.cur, r->of.currency))
            continue;
        r->statements[r->statements_n++] =
            (struct bankrec_statement){.statement_id = s->statement_id,
                                       .from = s->from,
                                       .to = s->to,
                                       .opening_minor = s->opening.minor,
                                       .closing_minor = s->closing.minor,
                                       .lines_minor = s->lines.minor,
                                       .balanced = s->balanced};
    }
    return OK;
}

static struct err anchors_find(struct call *c, struct tx *tx, struct reconciliation *r)
{
    struct ledger_balance b;
    bool found;
    r->in.bank.anchor = bankrec_bank_anchor(r->statements, r->statements_n, r->of.day);
    TRY(ledger_balance_near(tx, c->arena, r->of.entity_id, r->of.account_id, r->of.currency,
                            r->of.day, &found, &b));
    if (found)
        r->in.books.anchor = (struct bankrec_anchor){
            .basis = BANKREC_COVERED, .day = b.date, .minor = b.balance.minor};
    return OK;
}

/* From the balance to the day, or from the day back from a later balance. */
static struct reconciling_range range_of(const struct bankrec_anchor *a, struct date day)
{
    if (a->day.days <= day.days)
        return (struct reconciling_range){a->day, day};
    return (struct reconciling_range){day, a->day};
}

static struct err moved_of(const struct bankrec_anchor *a, struct date day,
                           const struct reconciling_flow *flow, int64_t *moved)
{
    if (a->basis == BANKREC_MOVEMENT) {
        *moved = flow->ever_minor;
    } else if (a->day.days <= day.days) {
        *moved = flow->range_minor;
    } else {
        ENSURE(!__builtin_sub_overflow(0, flow->range_minor, moved), ERR_LIMIT,
               "a sum does not fit");
    }
    return OK;
}

/* What is settled is what moved less what is open: only the open entries are read one by one. */
static struct err groups_make(struct call *c, struct reconciliation *r,
                              const struct reconciling_sum *sums, size_t n)
{
    struct bankrec_group *groups = ARENA_ARRAY(c->arena, n + 2, struct bankrec_group);
    TRY(arena_check(c->arena));
    for (size_t side = 0; side < 2; side++)
        groups[side] = (struct bankrec_group){.bank = side == BANK,
                                              .settled = true,
                                              .count = r->flows[side].ever_n,
                                              .sum_minor = r->flows[side].ever_minor};
    for (size_t i = 0; i < n; i++) {
        struct bankrec_group *settled = &groups[sums[i].bank ? BANK : BOOKS];
        groups[i + 2] = (struct bankrec_group){.bank = sums[i].bank,
                                               .class_ = sums[i].class_,
                                               .proposed = sums[i].proposed,
                                               .negative = sums[i].negative,
                                               .count = sums[i].count,
                                               .sum_minor = sums[i].sum_minor};
        settled->count -= sums[i].count;
        ENSURE(!__builtin_sub_overflow(settled->sum_minor, sums[i].sum_minor, &settled->sum_minor),
               ERR_LIMIT, "a sum does not fit");
    }
    r->in.groups = groups;
    r->in.groups_n = n + 2;
    return OK;
}

static struct err differences_load(struct call *c, struct tx *tx, struct reconciliation *r,
                                   bool every)
{
    TRY(reconciling_differences(tx, c->arena, &r->of, every, &r->differences, &r->differences_n));
    r->in.differences_n = (int64_t)r->differences_n;
    r->in.differences_minor = 0;
    for (size_t i = 0; i < r->differences_n; i++)
        ENSURE(!__builtin_add_overflow(r->in.differences_minor, r->differences[i].minor,
                                       &r->in.differences_minor),
               ERR_LIMIT, "a sum does not fit");
    return bankrec_compute(&r->in, &r->out);
}

struct err reconciliation_balances(struct call *c, struct tx *tx, struct reconciliation *r)
{
    TRY(statements_load(c, tx, r));
    TRY(bankrec_chain(r->statements, r->statements_n, r->of.day, c->arena, &r->breaks,
                      &r->breaks_n));
    TRY(anchors_find(c, tx, r));
    const struct reconciling_range ranges[2] = {range_of(&r->in.books.anchor, r->of.day),
                                                range_of(&r->in.bank.anchor, r->of.day)};
    TRY(reconciling_flows(tx, &r->of, ranges, r->flows));
    TRY(moved_of(&r->in.books.anchor, r->of.day, &r->flows[BOOKS], &r->in.books.moved_minor));
    TRY(moved_of(&r->in.bank.anchor, r->of.day, &r->flows[BANK], &r->in.bank.moved_minor));
    r->in.breaks_n = r->breaks_n;
    return bankrec_compute(&r->in, &r->out);
}

struct err reconciliation_figures(struct call *c, struct tx *tx, struct reconciliation *r)
{
    struct reconciling_sum *sums;
    size_t n;
    TRY(reconciliation_balances(c, tx, r));
    TRY(reconciling_sums(tx, c->arena, &r->of, &sums, &n));
    TRY(groups_make(c, r, sums, n));
    TRY(differences_load(c, tx, r, false));
    /* A match over several accounts balances as a whole and not in this one. */
    return r->out.unlisted_minor == 0 ? OK : differences_load(c, tx, r, true);
}

struct err reconciliation_find(struct call *c, struct tx *tx, const char *entity_id,
                               const char *account_id, const char *currency, struct date day,
                               struct reconciliation *r)
{
    *r = (struct reconciliation){
        .of = {.entity_id = entity_id, .account_id = account_id, .currency = currency, .day = day}};
    TRY(account_find(c, tx, entity_id, account_id, &r->account));
    return currency_find(c, tx, &r->account, &r->of.currency);
}

struct err reconciliation_load(struct call *c, struct tx *tx, const char *entity_id,
                               const char *account_id, const char *currency, struct date day,
                               struct reconciliation *r)
{
    TRY(reconciliation_find(c, tx, entity_id, account_id, currency, day, r));
    return reconciliation_figures(c, tx, r);
}

/* ---- telling ---- */

struct json *reconciliation_side(struct call *c, const struct reconciliation *r, bool bank)
{
    const struct bankrec_side *in = bank ? &r->in.bank : &r->in.books;
    struct json *o = json_object_new(c->arena);
    const bool known = in->anchor.basis != BANKREC_MOVEMENT;
    json_put_text(c->arena, o, "basis",
                  !bank && known ? "ledger" : bankrec_basis_name(in->anchor.basis));
    json_put_text(c->arena, o, known ? "balance" : "movement",
                  reconciliation_money(c, r, bank ? r->out.bank_minor : r->out.books_minor));
    return o;
}

static struct json *side_print(struct call *c, const struct reconciliation *r, size_t side,
                               int64_t adjusted)
{
    const struct bankrec_side *in = side == BANK ? &r->in.bank : &r->in.books;
    struct json *o = reconciliation_side(c, r, side == BANK);
    const bool known = in->anchor.basis != BANKREC_MOVEMENT;
    json_put_text(c->arena, o, "adjusted", reconciliation_money(c, r, adjusted));
    if (known) {
        json_put_text(c->arena, o, "from_balance", reconciliation_money(c, r, in->anchor.minor));
        json_put_text(c->arena, o, "from_date", day_text(c, in->anchor.day));
        json_put_text(c->arena, o, "moved", reconciliation_money(c, r, in->moved_minor));
    }
    json_put_known(c->arena, o, "statement_id", in->anchor.statement_id);
    json_put_int(c->arena, o, "entries", r->flows[side].ever_n);
    if (r->flows[side].has_first)
        json_put_text(c->arena, o, "first_entry", day_text(c, r->flows[side].first));
    return o;
}

static struct json *sections_print(struct call *c, const struct reconciliation *r)
{
    struct json *list = json_array_new(c->arena);
    for (unsigned s = 0; s < BANKREC_SECTIONS; s++) {
        struct json *o = json_object_new(c->arena);
        json_put_text(c->arena, o, "section", bankrec_section_name((enum bankrec_section)s));
        json_put_text(c->arena, o, "title", bankrec_section_title((enum bankrec_section)s));
        json_put_text(c->arena, o, "adjusts",
                      bankrec_adjusts_bank((enum bankrec_section)s) ? "bank" : "books");
        json_put_int(c->arena, o, "count", r->out.sections[s].count);
        json_put_text(c->arena, o, "effect",
                      reconciliation_money(c, r, r->out.sections[s].effect_minor));
        json_push(c->arena, list, o);
    }
    return list;
}

static struct json *breaks_print(struct call *c, const struct reconciliation *r)
{
    struct json *list = json_array_new(c->arena);
    for (size_t i = 0; i < r->breaks_n; i++) {
        const struct bankrec_break *b = &r->breaks[i];
        struct json *o = json_object_new(c->arena);
        json_put_text(c->arena, o, "fault", b->fault == BANKREC_BROKEN ? "BROKEN" : "GAP");
        json_put_text(c->arena, o, "statement_id", b->statement->statement_id);
        json_put_text(c->arena, o, "from", day_text(c, b->statement->from));
        json_put_text(c->arena, o, "to", day_text(c, b->statement->to));
        if (b->before != NULL) {
            json_put_text(c->arena, o, "before_statement_id", b->before->statement_id);
            json_put_text(c->arena, o, "before_to", day_text(c, b->before->to));
        }
        json_put_text(c->arena, o, "expected", reconciliation_money(c, r, b->expected_minor));
        json_put_text(c->arena, o, "found", reconciliation_money(c, r, b->found_minor));
        json_push(c->arena, list, o);
    }
    return list;
}

static void why(struct call *c, struct json *list, const char *text)
{
    json_push(c->arena, list, json_text_new(c->arena, text));
}

/* One sentence for everything that keeps the account from being called reconciled. */
static struct json *why_not(struct call *c, const struct reconciliation *r)
{
    struct json *list = json_array_new(c->arena);
    const struct bankrec_anchor *bank = &r->in.bank.anchor;
    if (r->breaks_n > 0)
        why(c, list,
            arena_fmt(c->arena, "%zu of the bank's statements are broken or do not follow on",
                      r->breaks_n));
    if (bank->basis == BANKREC_MOVEMENT)
        why(c, list, "no statement gives a balance per bank: load one with its balances");
    if (bank->basis == BANKREC_CARRIED)
        why(c, list,
            arena_fmt(c->arena, "no statement covers the day: the bank's nearest balance is of %s",
                      day_text(c, bank->day)));
    if (r->in.books.anchor.basis == BANKREC_MOVEMENT)
        why(c, list,
            "no balance per books is known: give one of the ledger as master data (balances.csv)");
    if (r->out.unexplained_minor != 0)
        why(c, list,
            arena_fmt(c->arena, "a difference of %s %s is not explained",
                      reconciliation_money(c, r, r->out.unexplained_minor), r->of.currency));
    if (r->out.unlisted_minor != 0)
        why(c, list,
            arena_fmt(c->arena,
                      "settled entries differ by %s %s that no item tells: run audit verify",
                      reconciliation_money(c, r, r->out.unlisted_minor), r->of.currency));
    return list;
}

struct err reconciliation_print(struct call *c, const struct reconciliation *r, struct json **out)
{
    struct json *o = json_object_new(c->arena);
    json_put_text(c->arena, o, "entity_id", r->of.entity_id);
    json_put_text(c->arena, o, "account_id", r->of.account_id);
    json_put_text(c->arena, o, "account_name", r->account.name);
    json_put_text(c->arena, o, "date", day_text(c, r->of.day));
    json_put_text(c->arena, o, "currency", r->of.currency);
    json_put(c->arena, o, "bank", side_print(c, r, BANK, r->out.adjusted_bank_minor));
    json_put(c->arena, o, "books", side_print(c, r, BOOKS, r->out.adjusted_books_minor));
    json_put(c->arena, o, "sections", sections_print(c, r));
    if (r->out.unexplained_known)
        json_put_text(c->arena, o, "unexplained",
                      reconciliation_money(c, r, r->out.unexplained_minor));
    json_put_text(c->arena, o, "unlisted", reconciliation_money(c, r, r->out.unlisted_minor));
    json_put_bool(c->arena, o, "reconciled", r->out.reconciled);
    json_put(c->arena, o, "why_not", why_not(c, r));
    json_put(c->arena, o, "statement_breaks", breaks_print(c, r));
    *out = o;
    return arena_check(c->arena);
}
