/* Between the book and the matcher: rows in, proposals and exceptions out. */
#include "engine/tools/recon_inputs.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/calendar.h"
#include "common/sys/jcs.h"
#include "engine/tools/fee.h"
#include "engine/tools/learned.h"
#include "engine/tools/match_facts.h"

#define TEXTS_BYTES_MAX    ((size_t)3 << 30) /* of an account's open entries */
#define EVIDENCE_BYTES_MAX ((size_t)8 << 20) /* of one match */

/* ---- in ---- */

static struct err open_room(struct open_account *open)
{
    if (open->n < open->cap)
        return OK;
    size_t cap = open->cap == 0 ? 64 : open->cap * 2;
    struct recon_entry *entries = realloc(open->entries, cap * sizeof *entries);
    if (entries != NULL)
        open->entries = entries;
    struct open_mark *marks = realloc(open->marks, cap * sizeof *marks);
    if (marks != NULL)
        open->marks = marks;
    ENSURE(entries != NULL && marks != NULL, ERR_LIMIT, "too many entries for one pass");
    open->cap = cap;
    return OK;
}

/* A copy at *to, which moves behind it. */
static const char *text_put(char **to, struct str text)
{
    char *at = *to;
    if (text.at == NULL)
        return NULL;
    memcpy(at, text.at, text.len + 1);
    *to += text.len + 1;
    return at;
}

static struct err open_add(void *arg, const struct open_entry *e)
{
    struct open_account *open = arg;
    TRY(open_room(open));
    ENSURE(e->version > 0 && e->version <= UINT32_MAX, ERR_STORE, "an entry's version is none");
    char *to =
        arena_alloc(open->texts, e->entry_id.len + e->memo.len + e->counterparty.len +
                                     e->reference.len + e->group_key.len + e->reverses.len + 6);
    ENSURE(to != NULL, ERR_LIMIT, "too many entries for one pass");
    struct recon_entry *r = &open->entries[open->n];
    *r = (struct recon_entry){.id = text_put(&to, e->entry_id),
                              .text = text_put(&to, e->memo),
                              .counterparty = text_put(&to, e->counterparty),
                              .reference = text_put(&to, e->reference),
                              .key = text_put(&to, e->group_key),
                              .reverses = text_put(&to, e->reverses),
                              .amount_minor = e->amount.minor,
                              .day = e->date.days,
                              .flags = e->reverses.at == NULL ? 0 : RECON_REVERSAL,
                              .side = e->side == SIDE_BANK ? RECON_BANK : RECON_BOOK};
    memcpy(r->cur, e->amount.cur, sizeof r->cur);
    open->marks[open->n++] =
        (struct open_mark){.version = (uint32_t)e->version, .side = (uint8_t)e->side};
    return OK;
}

struct err open_account_load(struct tx *tx, const char *entity_id, const char *account_id,
                             struct open_account *open)
{
    *open = (struct open_account){
        .entity_id = entity_id, .account_id = account_id, .texts = arena_new(TEXTS_BYTES_MAX)};
    ENSURE(open->texts != NULL, ERR_LIMIT, "out of memory");
    return entries_unmatched(tx, entity_id, account_id, open_add, open);
}

void open_account_free(struct open_account *open)
{
    free(open->entries);
    free(open->marks);
    arena_free(open->texts);
    *open = (struct open_account){.n = 0};
}

static struct err holidays_of(struct arena *arena, const char *calendar,
                              const struct open_account *open, struct recon_params *params)
{
    const struct calendar *cal;
    int32_t first = INT32_MAX, last = INT32_MIN, *days;
    TRY(calendar_find(calendar, &cal));
    for (size_t i = 0; i < open->n; i++) {
        first = open->entries[i].day < first ? open->entries[i].day : first;
        last = open->entries[i].day > last ? open->entries[i].day : last;
    }
    if (open->n == 0)
        return OK;
    days = ARENA_ARRAY(arena, (size_t)(last - first) + 1, int32_t);
    ENSURE(days != NULL, ERR_LIMIT, "the entries' dates lie too far apart for one pass");
    for (int32_t d = first; d <= last; d++) {
        struct date day = {.days = d};
        enum weekday weekday = date_weekday(day);
        if (weekday != SATURDAY && weekday != SUNDAY && !calendar_is_business_day(cal, day))
            days[params->holidays_n++] = d;
    }
    params->holidays = days;
    return OK;
}

struct err recon_params_of(struct arena *arena, const struct policy *policy,
                           const struct entity *entity, const struct open_account *open,
                           struct recon_params *params)
{
    const struct policy_matching *m = &policy->matching;
    recon_params_default(params);
    params->version = policy->digest;
    params->window_days = (int32_t)m->window_days;
    params->window_cheque_days = (int32_t)m->window_days_cheque;
    params->window_group_days = (int32_t)m->window_days_group;
    TRY(fee_cap_minor(m, open->n == 0 ? entity->functional_currency : open->entries[0].cur,
                      &params->fee_max_minor));
    params->fee_share_max = (uint32_t)m->fee_share_bp;
    params->transposition = m->transposition;
    params->book_net_of_fee = m->book_net_of_fee;
    params->weight_text = (uint32_t)m->weight_text_bp;
    params->weight_reference = (uint32_t)m->weight_reference_bp;
    params->weight_date = (uint32_t)m->weight_date_bp;
    params->weight_amount = (uint32_t)m->weight_amount_bp;
    params->weight_channel = (uint32_t)m->weight_account_bp;
    params->high_min = (uint32_t)m->high_bp;
    params->review_min = (uint32_t)m->review_bp;
    params->margin_min = (uint32_t)m->ambiguity_margin_bp;
    params->group_items_max = (uint32_t)m->group_items_max;
    params->group_candidates_max = (uint32_t)m->group_candidates_max;
    params->group_nodes_max = (uint32_t)m->group_nodes_max;
    params->candidates_max = (uint32_t)m->candidates_max;
    TRY(holidays_of(arena, entity->calendar, open, params));
    return recon_params_check(params);
}

/* ---- out: the members of each object stand as RFC 8785 sorts them ---- */

static void number_put(struct buf *out, const char *lead, int64_t n)
{
    buf_puts(out, lead);
    buf_puti(out, n);
}

/* A member that may be missing. */
static void part_put(struct buf *out, const char *name, uint16_t bp)
{
    if (bp == RECON_ABSENT)
        return;
    if (out->len > 0 && out->at[out->len - 1] != '{')
        buf_putc(out, ',');
    buf_putc(out, '"');
    buf_puts(out, name);
    number_put(out, "\":", bp);
}

static void parts_put(struct buf *out, const struct recon_parts *p)
{
    buf_putc(out, '{');
    part_put(out, "amount", p->amount);
    part_put(out, "channel", p->channel);
    part_put(out, "date", p->date);
    part_put(out, "reference", p->reference);
    part_put(out, "text", p->text);
    buf_putc(out, '}');
}

static struct err text_member(struct buf *out, const char *lead, const char *text)
{
    buf_puts(out, lead);
    return jcs_text_print(str_of(text), out);
}

static struct err compared_put(struct arena *arena, const struct recon_result *result,
                               const struct recon_match *rm, struct buf *out)
{
    struct recon_compared lines[RECON_COMPARED_MAX];
    size_t n;
    TRY(recon_explain(result, rm, arena, lines, &n));
    buf_putc(out, '[');
    for (size_t i = 0; i < n; i++) {
        TRY(text_member(out, i == 0 ? "{\"bank\":" : ",{\"bank\":", lines[i].bank));
        TRY(text_member(out, ",\"book\":", lines[i].book));
        TRY(text_member(out, ",\"field\":", lines[i].field));
        part_put(out, "score_bp", lines[i].score_bp);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return OK;
}

static struct err alternatives_put(const struct open_account *open, const struct recon_match *rm,
                                   struct buf *out)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < RECON_ALTERNATIVES && rm->alternatives[i].score_bp > 0; i++) {
        TRY(text_member(out, i == 0 ? "{\"entry_id\":" : ",{\"entry_id\":",
                        open->entries[rm->alternatives[i].entry].id));
        number_put(out, ",\"score_bp\":", rm->alternatives[i].score_bp);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return OK;
}

/* The learned rule that found it, or NULL. */
static const struct matching_rule *rule_behind(const struct recon_match *rm,
                                               const struct proposal_ground *ground)
{
    return rm->learned == 0 ? NULL : &ground->rules[rm->learned - 1];
}

static struct err evidence_put(struct arena *arena, const struct open_account *open,
                               const struct recon_result *result, const struct recon_match *rm,
                               const struct proposal_ground *ground, const struct match *m,
                               struct buf *out)
{
    const struct matching_rule *rule = rule_behind(rm, ground);
    buf_puts(out, "{\"alternatives\":");
    TRY(alternatives_put(open, rm, out));
    buf_puts(out, rm->capped ? ",\"capped\":true" : ",\"capped\":false");
    buf_puts(out, ",\"compared\":");
    TRY(compared_put(arena, result, rm, out));
    if (m->difference_minor != 0) {
        buf_puts(out, ",\"difference\":");
        TRY(jcs_print(difference_print(arena, m), out));
    }
    if (rule != NULL) {
        buf_puts(out, ",\"learned_rule\":");
        TRY(jcs_print(rule_evidence(arena, rule), out));
    }
    number_put(out, ",\"margin_bp\":", rm->margin_bp);
    TRY(text_member(out, ",\"parameters\":", result->params_version));
    number_put(out, ",\"runner_up_bp\":", rm->runner_up_bp);
    buf_puts(out, ",\"score_parts_bp\":");
    parts_put(out, &rm->parts);
    if (rm->search_n > 0) {
        number_put(out, ",\"search\":{\"candidates\":", rm->search_n);
        number_put(out, ",\"nodes\":", rm->search_nodes);
        buf_putc(out, '}');
    }
    number_put(out, ",\"solutions\":", rm->solutions);
    buf_putc(out, '}');
    return buf_check(out);
}

struct err proposal_evidence(struct arena *arena, const struct open_account *open,
                             const struct recon_result *result, const struct recon_match *rm,
                             const struct proposal_ground *ground, struct match *m)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, EVIDENCE_BYTES_MAX);
    TRY(evidence_put(arena, open, result, rm, ground, m, &text));
    m->evidence = arena_dup(arena, text.at, text.len);
    return arena_check(arena);
}

/* The number behind the slash of "exact/1". */
static int64_t rule_version(const char *rule)
{
    const char *slash = strchr(rule, '/');
    int64_t version = 0;
    for (const char *p = slash == NULL ? "" : slash + 1; *p >= '0' && *p <= '9'; p++)
        version = version * 10 + (*p - '0');
    return version;
}

static struct err legs_of(struct arena *arena, const struct open_account *open,
                          const struct recon_result *result, const struct recon_match *rm,
                          struct match *m)
{
    size_t n = (size_t)rm->bank_n + rm->book_n;
    m->legs = ARENA_ARRAY(arena, n, struct leg);
    ENSURE(m->legs != NULL, ERR_LIMIT, "out of memory");
    for (; m->legs_n < n; m->legs_n++) {
        uint32_t at = result->legs[rm->legs + m->legs_n];
        m->legs[m->legs_n] = (struct leg){.entry_id = open->entries[at].id,
                                          .version = open->marks[at].version,
                                          .side = (enum side)open->marks[at].side,
                                          .amount_minor = open->entries[at].amount_minor};
    }
    return OK;
}

/* Two digits that changed places are a mistake to correct, not a cost. */
static bool is_fee(const struct recon_match *rm)
{
    return rm->type == RECON_TYPE_FEE || rm->type == RECON_TYPE_BOOK_NET;
}

struct err proposal_of(struct arena *arena, const struct open_account *open,
                       const struct recon_result *result, const struct recon_match *rm,
                       const struct proposal_ground *ground, struct match *m)
{
    const struct matching_rule *rule = rule_behind(rm, ground);
    *m = (struct match){
        .entity_id = open->entity_id,
        .account_id = open->account_id,
        .class_ = recon_class_name((enum recon_class)rm->class),
        .match_type = recon_type_name((enum recon_type)rm->type),
        .rule = rm->rule,
        .rule_version = rule_version(rm->rule),
        .source = SOURCE_MATCHER,
        .proposer = "engine:matcher",
        .score_bp = rm->score_bp,
        .ambiguous = rm->ambiguous || rm->solutions > 1,
        /* What was found by its sum alone is a finding, not a proof. */
        .sure = recon_auto_confirmable(result, rm) && rm->search_n == 0,
    };
    TRY(legs_of(arena, open, result, rm, m));
    TRY(match_measure(m, open->entries[result->legs[rm->legs]].cur));
    m->difference_account = rule != NULL ? rule->difference_account
                            : is_fee(rm) ? ground->fee_account_id
                                         : NULL;
    return match_composition(arena, m->rule, m->legs, m->legs_n, &m->composition_sha256);
}

static struct err misses_put(const struct open_account *open, const struct recon_exception *re,
                             struct buf *out)
{
    const struct recon_entry *e = &open->entries[re->entry];
    struct money difference;
    char amount[MONEY_TEXT_MAX];
    buf_putc(out, '[');
    for (unsigned i = 0; i < re->near_n; i++) {
        TRY(money_make(re->near[i].difference_minor, e->cur, &difference));
        money_print(difference, amount);
        TRY(text_member(out, i == 0 ? "{\"difference\":" : ",{\"difference\":", amount));
        TRY(text_member(out, ",\"entry_id\":", open->entries[re->near[i].entry].id));
        number_put(out, ",\"score_bp\":", re->near[i].score_bp);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    return OK;
}

struct err exception_of(struct arena *arena, const struct open_account *open,
                        const struct recon_result *result, const struct recon_exception *re,
                        struct exception_row *row)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, EVIDENCE_BYTES_MAX);
    buf_puts(&text, "{\"near_misses\":");
    TRY(misses_put(open, re, &text));
    TRY(text_member(&text, ",\"parameters\":", result->params_version));
    buf_putc(&text, '}');
    TRY(buf_check(&text));
    *row = (struct exception_row){.entry_id = open->entries[re->entry].id,
                                  .entity_id = open->entity_id,
                                  .account_id = open->account_id,
                                  .class_ =
                                      recon_exception_name((enum recon_exception_class)re->class),
                                  .detail = arena_dup(arena, text.at, text.len)};
    return arena_check(arena);
}
