/* Between the book and the matcher: rows in, proposals and exceptions out. */
#include "engine/tools/recon_inputs.h"

#include <string.h>

#include "common/base/calendar.h"
#include "common/sys/jcs.h"
#include "engine/tools/fee.h"
#include "engine/tools/match_facts.h"

/* ---- in ---- */

static struct err holidays_of(struct arena *arena, const char *calendar,
                              const struct entry *entries, size_t n, struct recon_params *params)
{
    const struct calendar *cal;
    int32_t first = INT32_MAX, last = INT32_MIN, *days;
    TRY(calendar_find(calendar, &cal));
    for (size_t i = 0; i < n; i++) {
        first = entries[i].date.days < first ? entries[i].date.days : first;
        last = entries[i].date.days > last ? entries[i].date.days : last;
    }
    if (n == 0)
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
                           const struct entity *entity, const char *currency,
                           const struct entry *entries, size_t n, struct recon_params *params)
{
    const struct policy_matching *m = &policy->matching;
    recon_params_default(params);
    params->version = policy->digest;
    params->window_days = (int32_t)m->window_days;
    params->window_cheque_days = (int32_t)m->window_days_cheque;
    params->window_group_days = (int32_t)m->window_days_group;
    TRY(fee_cap_minor(m, currency, &params->fee_max_minor));
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
    TRY(holidays_of(arena, entity->calendar, entries, n, params));
    return recon_params_check(params);
}

struct err recon_entries_of(struct arena *arena, const struct entry *entries, size_t n,
                            struct recon_entry **out)
{
    *out = ARENA_ARRAY(arena, n, struct recon_entry);
    ENSURE(*out != NULL, ERR_LIMIT, "too many entries for one pass");
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = &entries[i];
        struct recon_entry *r = &(*out)[i];
        *r = (struct recon_entry){.id = e->entry_id,
                                  .text = e->memo,
                                  .counterparty = e->counterparty,
                                  .reference = e->reference,
                                  .key = e->group_key,
                                  .reverses = e->reverses,
                                  .amount_minor = e->amount.minor,
                                  .day = e->date.days,
                                  .flags = e->reverses == NULL ? 0 : RECON_REVERSAL,
                                  .side = e->side == SIDE_BANK ? RECON_BANK : RECON_BOOK};
        memcpy(r->cur, e->amount.cur, sizeof r->cur);
    }
    return OK;
}

/* ---- out ---- */

static void part(struct arena *arena, struct json *o, const char *name, uint16_t bp)
{
    if (bp != RECON_ABSENT)
        json_put_int(arena, o, name, bp);
}

static struct json *parts_print(struct arena *arena, const struct recon_parts *p)
{
    struct json *o = json_object_new(arena);
    part(arena, o, "text", p->text);
    part(arena, o, "reference", p->reference);
    part(arena, o, "date", p->date);
    part(arena, o, "amount", p->amount);
    part(arena, o, "channel", p->channel);
    return o;
}

static struct err compared_print(struct arena *arena, const struct recon_result *result,
                                 const struct recon_match *rm, struct json **out)
{
    struct recon_compared lines[RECON_COMPARED_MAX];
    size_t n;
    TRY(recon_explain(result, rm, arena, lines, &n));
    *out = json_array_new(arena);
    for (size_t i = 0; i < n; i++) {
        struct json *line = json_object_new(arena);
        json_put_text(arena, line, "field", lines[i].field);
        json_put_text(arena, line, "bank", lines[i].bank);
        json_put_text(arena, line, "book", lines[i].book);
        part(arena, line, "score_bp", lines[i].score_bp);
        json_push(arena, *out, line);
    }
    return OK;
}

static struct json *alternatives_print(struct arena *arena, const struct recon_match *rm,
                                       const struct entry *entries)
{
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < RECON_ALTERNATIVES && rm->alternatives[i].score_bp > 0; i++) {
        struct json *o = json_object_new(arena);
        json_put_text(arena, o, "entry_id", entries[rm->alternatives[i].entry].entry_id);
        json_put_int(arena, o, "score_bp", rm->alternatives[i].score_bp);
        json_push(arena, list, o);
    }
    return list;
}

static struct err evidence_print(struct arena *arena, const struct recon_result *result,
                                 const struct recon_match *rm, const struct entry *entries,
                                 struct match *m)
{
    struct json *o = json_object_new(arena), *compared;
    struct str text;
    TRY(compared_print(arena, result, rm, &compared));
    json_put_text(arena, o, "parameters", result->params_version);
    json_put(arena, o, "compared", compared);
    json_put(arena, o, "score_parts_bp", parts_print(arena, &rm->parts));
    json_put_int(arena, o, "runner_up_bp", rm->runner_up_bp);
    json_put_int(arena, o, "margin_bp", rm->margin_bp);
    json_put_int(arena, o, "solutions", rm->solutions);
    json_put_bool(arena, o, "capped", rm->capped);
    json_put(arena, o, "alternatives", alternatives_print(arena, rm, entries));
    if (m->difference_minor != 0)
        json_put(arena, o, "difference", difference_print(arena, m));
    if (rm->search_n > 0) {
        struct json *search = json_object_new(arena);
        json_put_int(arena, search, "candidates", rm->search_n);
        json_put_int(arena, search, "nodes", rm->search_nodes);
        json_put(arena, o, "search", search);
    }
    TRY(arena_check(arena));
    TRY(jcs_text(arena, o, &text));
    m->evidence = text.at;
    return OK;
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

static struct err legs_of(struct arena *arena, const struct recon_result *result,
                          const struct recon_match *rm, const struct entry *entries,
                          struct match *m)
{
    size_t n = (size_t)rm->bank_n + rm->book_n;
    m->legs = ARENA_ARRAY(arena, n, struct leg);
    ENSURE(m->legs != NULL, ERR_LIMIT, "out of memory");
    for (; m->legs_n < n; m->legs_n++) {
        const struct entry *e = &entries[result->legs[rm->legs + m->legs_n]];
        m->legs[m->legs_n] = (struct leg){.entry_id = e->entry_id,
                                          .version = e->version,
                                          .side = e->side,
                                          .amount_minor = e->amount.minor};
    }
    return OK;
}

/* Two digits that changed places are a mistake to correct, not a cost. */
static bool is_fee(const struct recon_match *rm)
{
    return rm->type == RECON_TYPE_FEE || rm->type == RECON_TYPE_BOOK_NET;
}

struct err proposal_of(struct arena *arena, const struct recon_result *result,
                       const struct recon_match *rm, const struct entry *entries,
                       const char *fee_account_id, struct match *m)
{
    const struct entry *first = &entries[result->legs[rm->legs]];
    *m = (struct match){
        .entity_id = first->entity_id,
        .account_id = first->account_id,
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
    TRY(legs_of(arena, result, rm, entries, m));
    TRY(match_measure(m, first->amount.cur));
    m->difference_account = is_fee(rm) ? fee_account_id : NULL;
    TRY(match_composition(arena, m->rule, m->legs, m->legs_n, &m->composition_sha256));
    return evidence_print(arena, result, rm, entries, m);
}

struct err exception_of(struct arena *arena, const struct recon_result *result,
                        const struct recon_exception *re, const struct entry *entries,
                        struct exception_row *row)
{
    const struct entry *e = &entries[re->entry];
    struct json *o = json_object_new(arena), *near = json_array_new(arena);
    struct str text;
    for (unsigned i = 0; i < re->near_n; i++) {
        struct json *miss = json_object_new(arena);
        struct money difference = e->amount;
        char amount[MONEY_TEXT_MAX];
        difference.minor = re->near[i].difference_minor;
        money_print(difference, amount);
        json_put_text(arena, miss, "entry_id", entries[re->near[i].entry].entry_id);
        json_put_int(arena, miss, "score_bp", re->near[i].score_bp);
        json_put_text(arena, miss, "difference", amount);
        json_push(arena, near, miss);
    }
    json_put(arena, o, "near_misses", near);
    json_put_text(arena, o, "parameters", result->params_version);
    TRY(arena_check(arena));
    TRY(jcs_text(arena, o, &text));
    *row = (struct exception_row){.entry_id = e->entry_id,
                                  .entity_id = e->entity_id,
                                  .account_id = e->account_id,
                                  .class_ =
                                      recon_exception_name((enum recon_exception_class)re->class),
                                  .detail = text.at};
    return OK;
}
