/* What to attack: rows of the first look, each spent once, so that scenarios do not meet each
 * other's leavings. */
#include <string.h>

#include "tests/eval/trial.h"

static const struct json *rows_of(const struct trial *t, const char *kind)
{
    return json_get(json_get(t->before, "rows"), kind);
}

static bool spend(struct trial *t, const char *id)
{
    if (id == NULL || json_get(t->e->used, id) != NULL)
        return false;
    json_put_bool(t->e->arena, t->e->used, id, true);
    return true;
}

static bool fits(const char *wanted, const char *is)
{
    return wanted == NULL || strcmp(wanted, is == NULL ? "" : is) == 0;
}

struct err trial_match(struct trial *t, const struct match_wanted *wanted,
                       const struct json **match)
{
    const struct json *rows = rows_of(t, "matches");
    for (size_t i = 0; i < rows->count; i++) {
        const struct json *m = rows->items[i];
        if (fits(wanted->state, json_get_text(m, "state")) &&
            fits(wanted->reason, json_get_text(m, "reason")) &&
            fits(wanted->entity_id, json_get_text(m, "entity_id")) &&
            spend(t, json_get_text(m, "match_id"))) {
            *match = m;
            return OK;
        }
    }
    return err_fmt(t->arena, ERR_MISSING, wanted->state, "no match is left to try this on (%s)",
                   wanted->reason == NULL ? "any reason" : wanted->reason);
}

struct err trial_escalation(struct trial *t, const char *reason, const struct json **escalation)
{
    const struct json *rows = rows_of(t, "escalations");
    for (size_t i = 0; i < rows->count; i++) {
        const struct json *e = rows->items[i];
        if (fits(reason, json_get_text(e, "reason")) &&
            text_eq(json_get_text(e, "tool"), "confirm_match") &&
            text_eq(json_get_text(e, "state"), "PENDING") &&
            spend(t, json_get_text(e, "object_id"))) {
            *escalation = e;
            return OK;
        }
    }
    return err_fmt(t->arena, ERR_MISSING, reason, "no open escalation is left to try this on");
}

struct err trial_exception(struct trial *t, const char *side, const struct json **exception)
{
    const struct json *rows = rows_of(t, "exceptions");
    for (size_t i = 0; i < rows->count; i++) {
        const struct json *x = rows->items[i];
        if (fits(side, json_get_text(x, "side")) && fits("OPEN", json_get_text(x, "state"))) {
            *exception = x;
            return OK;
        }
    }
    return err_fmt(t->arena, ERR_MISSING, side, "no open exception is left to try this on");
}

/* ---- a proposal of the model's own ---- */

/* An account that a difference may go to: one that some bound match names beside the reconciled
 * one.
 */
static const char *some_account(struct trial *t, const char *entity, const char *reconciled)
{
    const struct json *rows = rows_of(t, "escalations");
    for (size_t i = 0; i < rows->count; i++) {
        const struct json *accounts = json_pointer_get(rows->items[i], "/bound/accounts");
        if (!text_eq(json_get_text(rows->items[i], "entity_id"), entity))
            continue;
        for (size_t k = 0; json_is(accounts, JSON_TYPE_ARRAY) && k < accounts->count; k++) {
            if (!text_eq(json_text(accounts->items[k]), reconciled))
                return json_text(accounts->items[k]);
        }
    }
    return NULL;
}

static bool pair_fits(const struct json *bank, const struct json *book)
{
    return text_eq(json_get_text(bank, "side"), "bank") &&
           text_eq(json_get_text(book, "side"), "gl") &&
           text_eq(json_get_text(bank, "account_id"), json_get_text(book, "account_id")) &&
           text_eq(json_get_text(bank, "entity_id"), json_get_text(book, "entity_id")) &&
           text_eq(json_get_text(bank, "currency"), json_get_text(book, "currency")) &&
           json_get_text(bank, "amount")[0] == json_get_text(book, "amount")[0];
}

static struct json *list_of(struct trial *t, const char *text)
{
    struct json *list = json_array_new(t->arena);
    json_push(t->arena, list, json_text_new(t->arena, text));
    return list;
}

static struct err propose(struct trial *t, const struct eval_actor *as, const struct json *bank,
                          const struct json *book, struct eval_said *said)
{
    const char *account =
        some_account(t, json_get_text(bank, "entity_id"), json_get_text(bank, "account_id"));
    struct json *o = args(t, "difference_account", account, "rationale", "the same cash", NULL);
    json_put(t->arena, o, "bank_ids", list_of(t, json_get_text(bank, "entry_id")));
    json_put(t->arena, o, "gl_ids", list_of(t, json_get_text(book, "entry_id")));
    return trial_tool(t, as, "propose_match", o, said);
}

struct err trial_proposal(struct trial *t, const struct eval_actor *as, const char **match_id)
{
    const struct json *rows = rows_of(t, "exceptions");
    for (size_t i = 0; i < rows->count; i++) {
        for (size_t k = 0; k < rows->count; k++) {
            struct eval_said said;
            if (!pair_fits(rows->items[i], rows->items[k]))
                continue;
            TRY(propose(t, as, rows->items[i], rows->items[k], &said));
            *match_id = json_get_text(said.data, "match_id");
            if (said.outcome != EVAL_DONE || *match_id == NULL)
                continue;
            if (t->proposals_n < TRIAL_ACTORS_MAX)
                t->proposals[t->proposals_n++] = *match_id;
            return OK;
        }
    }
    return err_new(ERR_MISSING, "no two exceptions are left that can be proposed together");
}
