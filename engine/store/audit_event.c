/* One event, member by member (DESIGN §5), written in the order of RFC 8785. Money and what may
 * pass 2^53 are text. */
#include "engine/store/audit_event.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/civil.h"
#include "common/sys/jcs.h"
#include "engine/store/sql.h"

/* What one event is made of. */
struct telling {
    struct tx *tx;
    const struct event *event;
    const struct chain_head *at;
    const struct actor *actor;    /* of nobody: a NULL in each member */
    const struct ask *ask;        /* NULL: none */
    const struct verdict *judged; /* NULL: none */
    const struct ask_value *usd;  /* NULL: not valued */
};

static void write_instant(struct canon *w, struct str key, int64_t us)
{
    char text[INSTANT_TEXT_MAX];
    instant_print(us, text);
    canon_text(w, key, text);
}

static void write_tree(struct canon *w, struct str key, const struct json *tree)
{
    if (tree != NULL)
        canon_fail(w, jcs_print(tree, canon_value(w, key)));
}

static void write_some(struct canon *w, struct str key, const char *const *texts, size_t n)
{
    if (n > 0)
        canon_texts(w, key, texts, n);
}

/* ---- the larger members ---- */

static void write_accounts(struct canon *w, const struct ask *ask)
{
    canon_arr(w, KEY("accounts"));
    for (size_t i = 0; i < ask->accounts_n; i++)
        canon_text(w, CANON_ITEM, ask->accounts[i].id);
    canon_end(w);
}

static void write_amount(struct canon *w, const struct ask *ask)
{
    char text[24];
    if (!ask->has_amount)
        return;
    (void)snprintf(text, sizeof text, "%" PRId64, ask->amount.minor);
    canon_text(w, KEY("amount_minor"), text);
}

static const struct ask_value *value_in_usd(const struct ask *ask)
{
    const struct ask_value *usd = NULL;
    for (size_t i = 0; i < ask->values_n; i++) {
        if (text_eq(ask->values[i].cur, "USD") && ask->values[i].status != FX_MISSING)
            usd = &ask->values[i];
    }
    return usd;
}

static void write_usd(struct canon *w, const struct ask_value *usd)
{
    char text[DECIMAL_TEXT_MAX];
    if (usd == NULL)
        return;
    decimal_print(usd->value, text);
    canon_text(w, KEY("amount_usd"), text);
}

static void write_fx(struct canon *w, const struct ask_value *usd)
{
    char text[DECIMAL_TEXT_MAX], day[DATE_TEXT_MAX];
    if (usd == NULL)
        return;
    canon_obj(w, KEY("fx"));
    if (usd->source != NULL) {
        date_print(usd->as_of, day);
        canon_text(w, KEY("as_of"), day);
    }
    decimal_print(usd->rate, text);
    canon_text(w, KEY("rate"), text);
    canon_text(w, KEY("source"), usd->source == NULL ? "identity" : usd->source);
    canon_end(w);
}

static void write_auth(struct canon *w, const struct actor *a)
{
    canon_obj(w, KEY("auth"));
    canon_fact(w, KEY("acr"), a->acr);
    if (a->auth_time_us != 0)
        write_instant(w, KEY("auth_time"), a->auth_time_us);
    canon_fact(w, KEY("backend"), a->backend);
    canon_fact(w, KEY("iss"), a->iss);
    if (a->login_bound && a->login != NULL) {
        canon_obj(w, KEY("login"));
        canon_fact(w, KEY("acr"), a->login->acr);
        write_instant(w, KEY("auth_time"), a->login->auth_time_us);
        canon_text(w, KEY("iss"), a->login->iss);
        canon_text(w, KEY("sha256"), a->login->sha256);
        canon_end(w);
    }
    canon_end(w);
}

static void write_roles(struct canon *w, const struct ask *ask)
{
    canon_arr(w, KEY("roles"));
    for (size_t i = 0; i < ask->roles_n; i++)
        canon_text(w, CANON_ITEM, ask->roles[i].role);
    canon_end(w);
}

static void write_object(struct canon *w, const struct event *e)
{
    if (e->object_type == NULL)
        return;
    canon_obj(w, KEY("object"));
    canon_fact(w, KEY("id"), e->object_id);
    canon_text(w, KEY("type"), e->object_type);
    canon_int(w, KEY("version"), e->object_version);
    canon_end(w);
}

static void write_effects(struct canon *w, const struct tx *tx)
{
    canon_arr(w, KEY("effects"));
    for (size_t i = 0; i < tx->effects_n; i++) {
        canon_obj(w, CANON_ITEM);
        canon_text(w, KEY("id"), tx->effects[i].id);
        canon_text(w, KEY("row_sha256"), tx->effects[i].row_sha256);
        canon_text(w, KEY("table"), tx->effects[i].table);
        canon_int(w, KEY("version"), tx->effects[i].version);
        canon_end(w);
    }
    canon_end(w);
}

static void write_bulk(struct canon *w, const struct tx *tx)
{
    if (tx->bulk_n == 0)
        return;
    canon_arr(w, KEY("effects_bulk"));
    for (size_t i = 0; i < tx->bulk_n; i++) {
        canon_obj(w, CANON_ITEM);
        canon_int(w, KEY("count"), tx->bulk[i].count);
        canon_text(w, KEY("rows_sha256"), tx->bulk[i].rows_sha256);
        canon_text(w, KEY("table"), tx->bulk[i].table);
        canon_end(w);
    }
    canon_end(w);
}

/* ---- the members ---- */

static void write_a_to_c(struct canon *w, const struct telling *t)
{
    const struct event *e = t->event;
    if (t->ask != NULL) {
        write_accounts(w, t->ask);
        canon_text(w, KEY("action"), action_name(t->ask->action));
    }
    if (t->actor != NULL)
        canon_fact(w, KEY("actor_id"), t->actor->id);
    if (t->ask != NULL) {
        write_amount(w, t->ask);
        write_usd(w, t->usd);
    }
    canon_fact(w, KEY("args_sha256"), e->args_sha256);
    if (t->actor != NULL)
        write_auth(w, t->actor);
    canon_fact(w, KEY("batch_id"), e->batch_id);
    canon_text(w, KEY("book_id"), t->tx->store->book_id);
    canon_text(w, KEY("build"), CLOSEGATE_BUILD);
    if (e->caused_by != 0)
        canon_int(w, KEY("caused_by"), e->caused_by);
    if (t->actor != NULL)
        canon_fact(w, KEY("channel"), channel_name(t->actor->channel));
    if (t->judged != NULL) {
        canon_text(w, KEY("clause_pointer"), t->judged->pointer);
        canon_text(w, KEY("clause_text"), t->judged->clause);
    }
    if (t->actor != NULL)
        canon_fact(w, KEY("client"), t->actor->client);
    if (t->ask != NULL && t->ask->has_amount)
        canon_text(w, KEY("currency"), t->ask->amount.cur);
}

static void write_d_to_o(struct canon *w, const struct telling *t)
{
    const struct event *e = t->event;
    if (t->judged != NULL)
        canon_text(w, KEY("decision"), ruling_name(t->judged->ruling));
    write_tree(w, KEY("detail"), e->detail);
    write_effects(w, t->tx);
    write_bulk(w, t->tx);
    write_tree(w, KEY("entities"), e->entities);
    canon_fact(w, KEY("entity_id"), e->entity_id);
    canon_fact(w, KEY("escalation_id"), e->escalation_id);
    canon_text(w, KEY("event_type"), e->type);
    write_some(w, KEY("evidence_opened"), e->evidence_opened, e->evidence_opened_n);
    write_fx(w, t->usd);
    if (t->ask != NULL) {
        ask_write(w, KEY("gate_input"), t->ask);
        canon_int(w, KEY("gate_version"), GATE_VERSION);
    }
    canon_fact(w, KEY("match_id"), e->match_id);
    if (t->actor != NULL)
        canon_fact(w, KEY("model"), t->actor->model);
    write_object(w, e);
    if (t->actor != NULL)
        canon_fact(w, KEY("on_behalf_of"), t->actor->on_behalf_of);
    canon_fact(w, KEY("opened_at"), e->opened_at);
}

static void write_p_to_t(struct canon *w, const struct telling *t)
{
    const struct event *e = t->event;
    canon_fact(w, KEY("policy_version"), e->policy_version);
    canon_texts(w, KEY("posture"), t->tx->store->posture, t->tx->store->posture_n);
    if (t->actor != NULL)
        canon_fact(w, KEY("principal_id"), t->actor->principal);
    canon_fact(w, KEY("rationale"), e->rationale);
    canon_fact(w, KEY("rationale_author"), e->rationale_author);
    if (t->judged != NULL)
        canon_text(w, KEY("reason"), reason_name(t->judged->reason));
    canon_fact(w, KEY("request_id"), e->request_id);
    if (t->ask != NULL)
        write_roles(w, t->ask);
    if (t->judged != NULL)
        canon_text(w, KEY("row"), t->judged->row);
    canon_int(w, KEY("seq"), t->at->seq);
    write_some(w, KEY("signers"), e->signers, e->signers_n);
    canon_fact(w, KEY("source"), e->source);
    canon_fact(w, KEY("state_from"), e->state_from);
    canon_fact(w, KEY("state_to"), e->state_to);
    if (t->ask != NULL)
        canon_text(w, KEY("tier"), tier_name(t->ask->tier));
    write_instant(w, KEY("timestamp_utc"), t->at->timestamp_us);
    canon_fact(w, KEY("tool"), e->tool);
    canon_fact(w, KEY("transition_id"), e->transition_id);
}

struct err event_print(struct tx *tx, const struct event *event, const struct chain_head *at,
                       struct buf *text)
{
    struct canon w;
    const struct telling t = {.tx = tx,
                              .event = event,
                              .at = at,
                              .actor = event->actor,
                              .ask = event->ask,
                              .judged = event->verdict,
                              .usd = event->ask == NULL ? NULL : value_in_usd(event->ask)};
    canon_into_text(&w, text);
    canon_obj(&w, CANON_ITEM);
    write_a_to_c(&w, &t);
    write_d_to_o(&w, &t);
    write_p_to_t(&w, &t);
    canon_end(&w);
    return canon_done(&w);
}
