/* propose_match: somebody, often an agent, says which entries are the same cash event, or which
 * parts of them are. It takes the entries, nothing more; confirming is another's act. */
#include "common/sys/jcs.h"
#include "engine/store/differences.h"
#include "engine/store/exceptions.h"
#include "engine/store/master.h"
#include "engine/store/parts.h"
#include "engine/store/tables.h"
#include "engine/tools/fee.h"
#include "engine/tools/match_facts.h"

struct part {
    const char *entry_id, *amount;
};

static const struct json_field part_fields[] = {
    JSON_TEXT(struct part, entry_id, .required = true, .max = 256,
              .help = "one of bank_ids or gl_ids"),
    JSON_DECIMAL(struct part, amount, .required = true,
                 .help = "in the entry's currency, with the entry's sign; at most what is open"),
};

struct propose_match {
    const char **bank_ids, **gl_ids;
    size_t bank_ids_n, gl_ids_n;
    struct part *parts;
    size_t parts_n;
    const char *difference_account, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXTS(struct propose_match, bank_ids, bank_ids_n, .required = true, .min = 1, .max = 100,
               .each_max = 256, .unique = true, .help = "entries of the bank's side"),
    JSON_TEXTS(struct propose_match, gl_ids, gl_ids_n, .required = true, .min = 1, .max = 100,
               .each_max = 256, .unique = true,
               .help = "entries of the ledger's side, GL or subledger"),
    JSON_OBJECTS(struct propose_match, parts, parts_n, part_fields, .max = 200,
                 .help = "the entries of which only a part belongs here; the rest stays open"),
    JSON_TEXT(struct propose_match, difference_account, .max = 64,
              .help = "the account that the difference of the sides goes to; needed when they "
                      "differ, unless the policy names one for a fee of this size"),
    JSON_TEXT(struct propose_match, rationale, .max = 2000, .help = "why these belong together"),
};

struct proposed {
    const char *match_id, *state, *amount, *currency, *difference, *difference_account;
    int64_t version;
};

static const struct json_field result[] = {
    JSON_TEXT(struct proposed, match_id, .help = "the new match"),
    JSON_TEXT(struct proposed, state, .help = "PROPOSED_MATCH"),
    JSON_INT(struct proposed, version, .help = "1"),
    JSON_DECIMAL(struct proposed, amount, .help = "the larger side's size"),
    JSON_TEXT(struct proposed, currency, .help = "ISO 4217"),
    JSON_DECIMAL(struct proposed, difference, .help = "bank less ledger"),
    JSON_TEXT(struct proposed, difference_account, .help = "where it goes"),
};

static struct err sides_check(const struct propose_match *args, const struct entry *legs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool bank = i < args->bank_ids_n;
        ENSURE(bank == (legs[i].side == SIDE_BANK), ERR_INPUT,
               bank ? "bank_ids names an entry that is not of the bank's side"
                    : "gl_ids names an entry of the bank's side");
        ENSURE(money_same_currency(legs[i].amount, legs[0].amount), ERR_INPUT,
               "the entries are in different currencies");
        ENSURE(text_eq(legs[i].account_id, legs[0].account_id) ||
                   !text_eq(legs[i].entity_id, legs[0].entity_id),
               ERR_INPUT, "the entries are of different accounts");
    }
    return OK;
}

static struct err match_of(struct call *c, const struct entry *legs, size_t n, struct match *m)
{
    const struct propose_match *args = c->args;
    *m = (struct match){
        .entity_id = legs[0].entity_id,
        .account_id = legs[0].account_id,
        .class_ = n > 2 ? "multi_to_one" : "fuzzy_match",
        .match_type = "manual",
        .rule = "manual/1",
        .rule_version = 1,
        .source = c->actor.kind == ACTOR_HUMAN ? SOURCE_HUMAN : SOURCE_LLM,
        .proposer = c->actor.id,
        .proposer_principal = c->actor.principal,
        .proposer_obo = c->actor.on_behalf_of,
        .legs = ARENA_ARRAY(c->arena, n, struct leg),
        .evidence = "{}",
        .rationale = args->rationale,
    };
    ENSURE(m->legs != NULL, ERR_LIMIT, "out of memory");
    for (; m->legs_n < n; m->legs_n++)
        m->legs[m->legs_n] = (struct leg){.entry_id = legs[m->legs_n].entry_id,
                                          .version = legs[m->legs_n].version,
                                          .side = legs[m->legs_n].side,
                                          .amount_minor = legs[m->legs_n].amount.minor};
    return OK;
}

/* ---- parts ---- */

static struct err part_refused(struct call *c, size_t i, const char *member, const char *why)
{
    return err_fmt(c->arena, ERR_INPUT, arena_fmt(c->arena, "/parts/%zu/%s", i, member), "%s", why);
}

static struct err part_apply(struct call *c, size_t i, const struct entry *entry, struct leg *leg)
{
    const struct propose_match *args = c->args;
    struct money amount;
    struct err e = money_parse(args->parts[i].amount, entry->amount.cur, &amount);
    if (e.kind != ERR_NONE)
        return part_refused(c, i, "amount", e.msg);
    if (leg->part)
        return part_refused(c, i, "entry_id", "two parts of one entry in one match");
    if (amount.minor == 0 || (amount.minor < 0) != (entry->amount.minor < 0))
        return part_refused(c, i, "amount", "a part has its entry's sign, and is not zero");
    bool over =
        amount.minor < 0 ? amount.minor < entry->amount.minor : amount.minor > entry->amount.minor;
    if (over)
        return part_refused(c, i, "amount", "a part is not more than its entry");
    leg->part = amount.minor != entry->amount.minor;
    leg->amount_minor = amount.minor;
    return OK;
}

static struct err parts_apply(struct call *c, const struct entry *legs, struct match *m)
{
    const struct propose_match *args = c->args;
    for (size_t i = 0; i < args->parts_n; i++) {
        size_t k = 0;
        while (k < m->legs_n && !text_eq(m->legs[k].entry_id, args->parts[i].entry_id))
            k++;
        if (k == m->legs_n)
            return part_refused(c, i, "entry_id", "not among bank_ids and gl_ids");
        TRY(part_apply(c, i, &legs[k], &m->legs[k]));
    }
    TRY(match_measure(m, legs[0].amount.cur));
    return match_composition(c->arena, m->rule, m->legs, m->legs_n, &m->composition_sha256);
}

/* Less is open of an entry than the match would hold. */
/* What a person settled otherwise is taken as well, until somebody flags it again. */
static struct err settled_fact(struct call *c, struct tx *tx, const struct match *m)
{
    for (size_t i = 0; i < m->legs_n; i++) {
        bool settled;
        TRY(entry_settled(tx, m->legs[i].entry_id, &settled));
        c->ask.entry_taken |= settled;
    }
    return OK;
}

static struct err taken_fact(struct call *c, struct tx *tx, const struct entry *legs,
                             const struct match *m)
{
    for (size_t i = 0; i < m->legs_n; i++) {
        int64_t wanted = m->legs[i].amount_minor;
        struct money open;
        TRY(entry_open(tx, &legs[i], &open));
        c->ask.entry_taken |= wanted < 0 ? wanted < open.minor : wanted > open.minor;
        const char *other = NULL;
        if (wanted == 0) /* nothing of it could be open */
            TRY(match_of_entry(tx, c->arena, legs[i].entry_id, &other));
        c->ask.entry_taken |= other != NULL;
    }
    return OK;
}

/* ---- the difference ---- */

/* The one that is asked for; else the policy's, for a fee that it tolerates. */
static struct err difference_account(struct call *c, struct tx *tx, const struct match *m,
                                     const char **account_id)
{
    const struct propose_match *args = c->args;
    struct account account;
    *account_id = args->difference_account;
    if (*account_id == NULL)
        TRY(fee_account_of(c, tx, m, account_id));
    if (*account_id == NULL)
        return err_at(ERR_INPUT, "/difference_account",
                      "the sides differ: name the account that the difference goes to");
    if (text_eq(*account_id, m->account_id))
        return err_at(ERR_INPUT, "/difference_account",
                      "a difference goes to another account than the one being reconciled");
    struct err e = account_load(tx, c->arena, m->entity_id, *account_id, &account);
    return e.kind == ERR_MISSING ? err_at(ERR_INPUT, "/difference_account", e.msg) : e;
}

static struct err difference_plan(struct call *c, struct tx *tx, struct match *m)
{
    const struct propose_match *args = c->args;
    struct json *evidence = json_object_new(c->arena);
    struct str text;
    if (m->difference_minor == 0) {
        if (args->difference_account != NULL)
            return err_at(ERR_INPUT, "/difference_account", "the sides agree to the cent");
        return OK;
    }
    TRY(difference_account(c, tx, m, &m->difference_account));
    json_put(c->arena, evidence, "difference", difference_print(c->arena, m));
    TRY(arena_check(c->arena));
    TRY(jcs_text(c->arena, evidence, &text));
    m->evidence = text.at;
    return difference_fact(c, tx, m);
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct propose_match *args = c->args;
    size_t n = args->bank_ids_n + args->gl_ids_n;
    const char **ids = ARENA_ARRAY(c->arena, n, const char *);
    struct match *m = ARENA_NEW(c->arena, struct match);
    struct entry *legs;
    ENSURE(ids != NULL && m != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        ids[i] = i < args->bank_ids_n ? args->bank_ids[i] : args->gl_ids[i - args->bank_ids_n];
    TRY(entries_load(tx, c->arena, ids, n, &legs));
    TRY(sides_check(args, legs, n));
    TRY(match_of(c, legs, n, m));
    TRY(parts_apply(c, legs, m));
    TRY(legs_facts(c, tx, legs, n, m->amount));
    TRY(difference_plan(c, tx, m));
    TRY(taken_fact(c, tx, legs, m));
    TRY(settled_fact(c, tx, m));
    c->ask.state_valid = true;
    c->ask.source = m->source;
    c->ask.match_type = m->match_type;
    c->object_type = c->ask.object_type = "match";
    c->planned = m;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct match *m = c->planned;
    char amount[MONEY_TEXT_MAX], difference[MONEY_TEXT_MAX];
    struct money rest = m->amount;
    TRY(match_insert(tx, m));
    TRY(effect_row(tx, TABLE_MATCHES, m->match_id));
    if (match_names_difference(m))
        TRY(effect_row(tx, TABLE_MATCH_DIFFERENCES, m->match_id));
    c->object_id = c->match_id = m->match_id;
    c->state_to = match_state_name(MATCH_PROPOSED);
    rest.minor = m->difference_minor;
    money_print(m->amount, amount);
    money_print(rest, difference);
    const struct proposed done = {.match_id = m->match_id,
                                  .state = c->state_to,
                                  .version = m->version,
                                  .amount = amount,
                                  .currency = m->amount.cur,
                                  .difference = difference,
                                  .difference_account = m->difference_account};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

const struct tool tool_propose_match = {
    .name = "propose_match",
    .title = "Propose a match",
    .summary = "Proposes that bank entries and ledger entries are the same cash event. Changes no "
               "balance; somebody else confirms or rejects it.",
    .tier = TIER_T0,
    .action = ACTION_PROPOSE,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct propose_match),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
