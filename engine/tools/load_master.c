/* load_master: entities, charts of accounts, counterparties, balances of the ledger and sources,
 * from the texts of their files. All or nothing; what is the same already is left alone, and when
 * everything is, nothing is asked or recorded. */
#include "engine/ingest/master.h"
#include "engine/store/master.h"
#include "engine/tools/tool.h"

struct load_master {
    const char *entities_csv, *accounts_csv, *counterparties_csv, *balances_csv, *sources_yaml;
    const char *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct load_master, entities_csv,
              .help = "id,name,functional_currency,zone,calendar,parent"),
    JSON_TEXT(struct load_master, accounts_csv, .help = "entity,id,name,class,currency,reconciled"),
    JSON_TEXT(struct load_master, counterparties_csv, .help = "id,name,kind"),
    JSON_TEXT(struct load_master, balances_csv,
              .help = "entity,account,currency,date,balance: of the ledger, at the end of the day"),
    JSON_TEXT(struct load_master, sources_yaml, .help = "docs/INGEST.md"),
    JSON_TEXT(struct load_master, rationale, .max = 2000, .help = "why"),
};

struct counts {
    int64_t added, changed, same;
};

static const struct json_field counts_fields[] = {
    JSON_INT(struct counts, added),
    JSON_INT(struct counts, changed),
    JSON_INT(struct counts, same),
};

struct loaded {
    struct counts entities, accounts, counterparties, balances, sources;
};

static const struct json_field result[] = {
    JSON_OBJECT(struct loaded, entities, counts_fields),
    JSON_OBJECT(struct loaded, accounts, counts_fields),
    JSON_OBJECT(struct loaded, counterparties, counts_fields),
    JSON_OBJECT(struct loaded, balances, counts_fields),
    JSON_OBJECT(struct loaded, sources, counts_fields),
};

/* The plan's notes. */
struct planned {
    struct master master, book;
    struct source_def *sources; /* of master.mappings */
    struct loaded counts;
    struct json *changes; /* what a human will see: {table, id, change} */
};

/* ---- reading ---- */

static struct err texts_read(struct call *c, struct planned *p)
{
    const struct load_master *a = c->args;
    ENSURE(a->entities_csv != NULL || a->accounts_csv != NULL || a->counterparties_csv != NULL ||
               a->balances_csv != NULL || a->sources_yaml != NULL,
           ERR_INPUT, "nothing to load");
    if (a->entities_csv != NULL)
        TRY(master_read_entities(c->arena, str_of(a->entities_csv), &p->master));
    if (a->accounts_csv != NULL)
        TRY(master_read_accounts(c->arena, str_of(a->accounts_csv), &p->master));
    if (a->counterparties_csv != NULL)
        TRY(master_read_counterparties(c->arena, str_of(a->counterparties_csv), &p->master));
    if (a->balances_csv != NULL)
        TRY(master_read_balances(c->arena, str_of(a->balances_csv), &p->master));
    if (a->sources_yaml != NULL)
        TRY(master_read_sources(c->arena, str_of(a->sources_yaml), &p->master));
    return OK;
}

static struct err book_read(struct call *c, struct tx *tx, struct master *book)
{
    TRY(entities_list(tx, c->arena, &book->entities, &book->entities_n));
    size_t total = 0;
    struct account **lists = ARENA_ARRAY(c->arena, book->entities_n, struct account *);
    size_t *counts = ARENA_ARRAY(c->arena, book->entities_n, size_t);
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < book->entities_n; i++) {
        TRY(accounts_list(tx, c->arena, book->entities[i].entity_id, &lists[i], &counts[i]));
        total += counts[i];
    }
    book->accounts = ARENA_ARRAY(c->arena, total, struct account);
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < book->entities_n; i++) {
        for (size_t j = 0; j < counts[i]; j++)
            book->accounts[book->accounts_n++] = lists[i][j];
    }
    return OK;
}

static struct err sources_make(struct call *c, struct planned *p)
{
    p->sources = ARENA_ARRAY(c->arena, p->master.mappings_n, struct source_def);
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < p->master.mappings_n; i++) {
        const struct mapping *m = &p->master.mappings[i];
        struct str jcs;
        TRY(mapping_print(c->arena, m, &jcs));
        p->sources[i] = (struct source_def){.source_id = m->id,
                                            .entity_id = m->entity,
                                            .account_id = m->account,
                                            .side = (enum side)m->side,
                                            .mapping = jcs.at};
    }
    return OK;
}

/* ---- what would change ---- */

/* NULL when nothing changes. */
static struct json *note(struct call *c, struct planned *p, enum put put, struct counts *counts,
                         const char *id)
{
    static const char *const names[] = {"same", "added", "changed"};
    counts->same += put == PUT_SAME;
    counts->added += put == PUT_ADDED;
    counts->changed += put == PUT_CHANGED;
    if (put == PUT_SAME)
        return NULL;
    struct json *one = json_object_new(c->arena);
    json_put_text(c->arena, one, "id", id);
    json_put_text(c->arena, one, "change", names[put]);
    json_push(c->arena, p->changes, one);
    return one;
}

/* A human is shown the figure they vouch for. */
static struct err balance_note(struct call *c, struct tx *tx, struct planned *p,
                               const struct ledger_balance *b)
{
    char day[DATE_TEXT_MAX], balance[MONEY_TEXT_MAX];
    enum put put;
    TRY(ledger_balance_change(tx, b, &put, NULL));
    date_print(b->date, day);
    money_print(b->balance, balance);
    struct json *one =
        note(c, p, put, &p->counts.balances,
             arena_fmt(c->arena, "%s/%s/%s/%s", b->entity_id, b->account_id, b->balance.cur, day));
    if (one != NULL)
        json_put_text(c->arena, one, "balance", balance);
    return arena_check(c->arena);
}

static struct err changes_find(struct call *c, struct tx *tx, struct planned *p)
{
    enum put put;
    p->changes = json_array_new(c->arena);
    for (size_t i = 0; i < p->master.entities_n; i++) {
        TRY(entity_change(tx, &p->master.entities[i], &put, NULL));
        (void)note(c, p, put, &p->counts.entities, p->master.entities[i].entity_id);
    }
    for (size_t i = 0; i < p->master.accounts_n; i++) {
        const struct account *a = &p->master.accounts[i];
        TRY(account_change(tx, a, &put, NULL));
        (void)note(c, p, put, &p->counts.accounts,
                   put == PUT_SAME ? NULL
                                   : arena_fmt(c->arena, "%s/%s", a->entity_id, a->account_id));
    }
    for (size_t i = 0; i < p->master.counterparties_n; i++) {
        TRY(counterparty_change(tx, &p->master.counterparties[i], &put, NULL));
        (void)note(c, p, put, &p->counts.counterparties,
                   p->master.counterparties[i].counterparty_id);
    }
    for (size_t i = 0; i < p->master.balances_n; i++)
        TRY(balance_note(c, tx, p, &p->master.balances[i]));
    for (size_t i = 0; i < p->master.mappings_n; i++) {
        TRY(source_change(tx, &p->sources[i], &put, NULL));
        (void)note(c, p, put, &p->counts.sources, p->sources[i].source_id);
    }
    return arena_check(c->arena);
}

static struct err result_print(struct call *c, const struct planned *p)
{
    TRY(json_unbind(c->arena, JSON_FIELDS(result), &p->counts, &c->result));
    json_put_text(c->arena, c->result, "status", "ok");
    return arena_check(c->arena);
}

/* ---- the gate's facts ---- */

static void entity_add(const char **list, size_t *n, const char *id)
{
    for (size_t i = 0; i < *n; i++) {
        if (text_eq(list[i], id))
            return;
    }
    list[(*n)++] = id;
}

/* Every entity that a row is of; counterparties are nobody's in particular. */
static struct err entities_ask(struct call *c, const struct planned *p)
{
    const struct master *m = &p->master;
    size_t n = 0, max = m->entities_n + p->book.entities_n;
    const char **list = ARENA_ARRAY(c->arena, max, const char *);
    TRY(arena_check(c->arena));
    for (size_t i = 0; i < m->entities_n; i++)
        entity_add(list, &n, m->entities[i].entity_id);
    for (size_t i = 0; i < m->accounts_n; i++)
        entity_add(list, &n, m->accounts[i].entity_id);
    for (size_t i = 0; i < m->balances_n; i++)
        entity_add(list, &n, m->balances[i].entity_id);
    for (size_t i = 0; i < m->mappings_n; i++)
        entity_add(list, &n, m->mappings[i].entity);
    c->ask.entities = list;
    c->ask.entities_n = n;
    c->entity_id = n == 1 ? list[0] : NULL;
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    TRY(texts_read(c, p));
    TRY(book_read(c, tx, &p->book));
    TRY(master_check(c->arena, &p->master, &p->book));
    TRY(sources_make(c, p));
    TRY(changes_find(c, tx, p));
    if (p->changes->count == 0) { /* nothing to decide */
        c->outcome = CALL_OK;
        return result_print(c, p);
    }
    TRY(entities_ask(c, p));
    c->ask.state_valid = true;
    c->ask.change = true;
    c->object_type = "master_data";
    c->object_id = "master_data";
    c->bound = p->changes;
    c->event_type = "MASTER_DATA_CHANGED";
    c->planned = p;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct planned *p = c->planned;
    enum put put;
    for (size_t i = 0; i < p->master.entities_n; i++)
        TRY(entity_put(tx, &p->master.entities[i], &put));
    for (size_t i = 0; i < p->master.accounts_n; i++)
        TRY(account_put(tx, &p->master.accounts[i], &put));
    for (size_t i = 0; i < p->master.counterparties_n; i++)
        TRY(counterparty_put(tx, &p->master.counterparties[i], &put));
    for (size_t i = 0; i < p->master.balances_n; i++)
        TRY(ledger_balance_put(tx, &p->master.balances[i], &put));
    for (size_t i = 0; i < p->master.mappings_n; i++)
        TRY(source_put(tx, &p->sources[i], &put));
    struct json *detail;
    TRY(json_unbind(c->arena, JSON_FIELDS(result), &p->counts, &detail));
    c->detail = detail;
    return result_print(c, p);
}

const struct tool tool_load_master = {
    .name = "load_master",
    .title = "Load master data",
    .summary = "Adds or changes entities, accounts, counterparties, balances of the ledger and "
               "sources from the texts of their files. All or nothing.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_MASTER_DATA,
    .run = TOOL_CHANGE,
    .offer = OFFER_SOCKET,
    .idempotent = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct load_master),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
