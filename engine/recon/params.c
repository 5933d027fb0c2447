/* The matching parameters: their defaults (FINANCE 4.2 and 4.3) and what makes sense. */
#include "engine/recon/internal.h"

void recon_params_default(struct recon_params *params)
{
    *params = (struct recon_params){
        .version = "default/1",
        .window_days = 5,
        .window_cheque_days = 45,
        .window_group_days = 10,
        .fee_max_minor = 5000,
        .fee_share_max = 1000,
        .transposition = true,
        .book_net_of_fee = true,
        .weight_text = 4500,
        .weight_reference = 2500,
        .weight_date = 1500,
        .weight_amount = 1000,
        .weight_channel = 500,
        .high_min = 9000,
        .review_min = 7000,
        .margin_min = 500,
        .group_items_max = 5,
        .group_candidates_max = 30,
        .group_nodes_max = 20000,
        .candidates_max = 200,
        .bytes_max = (size_t)1 << 30,
    };
}

static bool in_range(int64_t v, int64_t min, int64_t max)
{
    return v >= min && v <= max;
}

static struct err check_scores(const struct recon_params *p)
{
    ENSURE(in_range(p->high_min, 1, 10000), ERR_INPUT, "high_min is not within 1 and 10000");
    ENSURE(in_range(p->review_min, 1, p->high_min), ERR_INPUT,
           "review_min is not within 1 and high_min");
    ENSURE(in_range(p->margin_min, 1, 10000), ERR_INPUT, "margin_min is not within 1 and 10000");
    const uint32_t weights[] = {p->weight_text, p->weight_reference, p->weight_date,
                                p->weight_amount, p->weight_channel};
    uint64_t sum = 0;
    for (size_t i = 0; i < 5; i++) {
        ENSURE(weights[i] <= 1000000, ERR_INPUT, "a weight is over 1000000");
        sum += weights[i];
    }
    ENSURE(sum > 0 && p->weight_amount > 0, ERR_INPUT, "weight_amount is 0");
    return OK;
}

static struct err check_limits(const struct recon_params *p)
{
    ENSURE(in_range(p->group_items_max, 2, 16), ERR_INPUT,
           "group_items_max is not within 2 and 16");
    ENSURE(in_range(p->group_candidates_max, 2, 64), ERR_INPUT,
           "group_candidates_max is not within 2 and 64");
    ENSURE(in_range(p->group_nodes_max, 1, 10000000), ERR_INPUT,
           "group_nodes_max is not within 1 and 10000000");
    ENSURE(in_range(p->candidates_max, 1, 10000), ERR_INPUT,
           "candidates_max is not within 1 and 10000");
    return OK;
}

static struct err check_holidays(const struct recon_params *p)
{
    for (size_t i = 0; i < p->holidays_n; i++) {
        ENSURE(i == 0 || p->holidays[i] > p->holidays[i - 1], ERR_INPUT,
               "holidays are not in ascending order");
        ENSURE((((int64_t)p->holidays[i] - 4) % 7 + 7) % 7 < 5, ERR_INPUT,
               "a holiday is on a weekend");
    }
    return OK;
}

static struct err check_learned(const struct recon_params *p)
{
    ENSURE(p->learned_n <= RECON_LEARNED_MAX, ERR_LIMIT, "more learned rules than a pass takes");
    for (size_t i = 0; i < p->learned_n; i++) {
        const struct recon_learned *r = &p->learned[i];
        if (r->bank_name == NULL || r->book_name == NULL)
            return err_at(ERR_INPUT, r->id, "a learned rule names nobody");
        if (!in_range(r->lag_days, -366, 366) || !in_range(r->fee_ppm, -1000000, 1000000))
            return err_at(ERR_INPUT, r->id, "a learned rule's lag or percentage makes no sense");
    }
    return OK;
}

struct err recon_params_check(const struct recon_params *p)
{
    ENSURE(p->version != NULL && p->version[0] != '\0', ERR_INPUT,
           "the parameters have no version");
    ENSURE(in_range(p->window_days, 0, 366), ERR_INPUT, "window_days is not within 0 and 366");
    ENSURE(in_range(p->window_cheque_days, p->window_days, 366), ERR_INPUT,
           "window_cheque_days is not within window_days and 366");
    ENSURE(in_range(p->window_group_days, 0, 366), ERR_INPUT,
           "window_group_days is not within 0 and 366");
    ENSURE(p->fee_max_minor >= 0, ERR_INPUT, "fee_max_minor is negative");
    ENSURE(p->fee_share_max <= 10000, ERR_INPUT, "fee_share_max is over 10000");
    TRY(check_scores(p));
    TRY(check_limits(p));
    TRY(check_holidays(p));
    return check_learned(p);
}
