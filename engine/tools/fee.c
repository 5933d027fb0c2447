/* Fees that policy tolerates between the sides. */
#include "engine/tools/fee.h"

#include "engine/store/master.h"

__extension__ typedef __int128 wide;

struct err fee_cap_minor(const struct policy_matching *m, const char *currency, int64_t *minor)
{
    struct decimal cap;
    struct money fee;
    *minor = 0;
    if (m->fee_cap == NULL)
        return OK;
    TRY(decimal_parse(m->fee_cap, DECIMAL_PARSE_SCALE_MAX, &cap));
    TRY(decimal_round_to_money(cap, currency, ROUND_DOWN, &fee));
    *minor = fee.minor;
    return OK;
}

struct err fee_account(struct tx *tx, struct arena *arena, const struct policy *policy,
                       const char *entity_id, const char **account_id)
{
    const char *named = policy->matching.fee_account;
    struct account account;
    *account_id = NULL;
    if (named == NULL)
        return OK;
    struct err e = account_load(tx, arena, entity_id, named, &account);
    if (e.kind == ERR_MISSING)
        return OK;
    *account_id = named;
    return e;
}

struct err fee_account_of(struct call *c, struct tx *tx, const struct match *m,
                          const char **account_id)
{
    int64_t cap;
    wide off = m->difference_minor < 0 ? -(wide)m->difference_minor : m->difference_minor;
    *account_id = NULL;
    TRY(fee_cap_minor(&c->policy->matching, m->amount.cur, &cap));
    if (off > cap || off * 10000 > (wide)m->amount.minor * c->policy->matching.fee_share_bp)
        return OK;
    return fee_account(tx, c->arena, c->policy, m->entity_id, account_id);
}
