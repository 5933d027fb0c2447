/* A report a dead letter; one more when it arrives after all. */
#include "agent/notify/report.h"

#include "common/sys/log.h"

#define REPORTS_MAX 50

static struct err report_one(struct deliverer *w, struct arena *arena, const struct delivery *d)
{
    const struct mcpc_actor service = mcpc_service(w->agent->engine);
    const bool sent = text_eq(d->state, "SENT");
    struct json *args = json_object_new(arena);
    struct mcpc_result result;
    json_put_text(arena, args, "escalation_id", d->escalation_id);
    json_put_text(arena, args, "channel", d->channel);
    json_put_text(arena, args, "status", sent ? "delivered" : "dead_letter");
    json_put_int(arena, args, "attempts", d->report_no);
    json_put_text(arena, args, "detail",
                  arena_fmt(arena, "%s: %.300s", d->kind,
                            sent                    ? "sent again by hand"
                            : d->last_error == NULL ? "given up"
                                                    : d->last_error));
    TRY(arena_check(arena));
    TRY(mcpc_call(w->mcpc, arena, &service, "record_delivery", args, &result));
    if (!text_eq(result.status, "ok")) /* asking again would be answered the same */
        log_warn("the engine does not record a dead letter", LOG_TEXT("delivery", d->delivery_id),
                 LOG_TEXT("status", result.status), LOG_TEXT("why", result.message), LOG_END);
    return outbox_reported(w->db, d);
}

struct err report_step(struct deliverer *w, struct arena *arena)
{
    struct delivery *due;
    size_t n;
    TRY(outbox_to_report(w->db, arena, REPORTS_MAX, &due, &n));
    for (size_t i = 0; i < n; i++)
        TRY(report_one(w, arena, &due[i]));
    return OK;
}
