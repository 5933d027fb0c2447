/* Promised times, entity by entity. */
#include "engine/tools/sla.h"

#include "common/base/business.h"
#include "common/sys/zone_read.h"
#include "engine/store/master.h"

#define HOUR_US (INT64_C(3600) * 1000000)

struct sla_place {
    const char *entity_id;
    bool wall; /* hours are hours */
    struct zone zone;
    struct business days;
    const char *late; /* of sla_late; NULL: not asked yet */
    struct sla_place *next;
};

/* A promise is no control: where a calendar or a zone is not there any more, hours are counted. */
static struct err days_load(struct sla *s, struct sla_place *p)
{
    struct arena *arena = s->c->arena;
    struct entity entity;
    p->wall = true;
    if (s->c->policy->escalation.clock == CLOCK_WALL || p->entity_id[0] == '\0')
        return OK;
    struct err e = entity_load(s->tx, arena, p->entity_id, &entity);
    if (e.kind == ERR_NONE)
        e = calendar_find(entity.calendar, &p->days.cal);
    if (e.kind == ERR_NONE)
        e = zone_load(entity.zone, arena, &p->zone);
    if (e.kind == ERR_LIMIT)
        return e;
    p->days.zone = &p->zone;
    p->wall = e.kind != ERR_NONE;
    return OK;
}

static struct err place_of(struct sla *s, struct str entity_id, struct sla_place **place)
{
    entity_id = entity_id.len == 0 ? STR("") : entity_id;
    for (struct sla_place *p = s->places; p != NULL; p = p->next) {
        if (str_is(entity_id, p->entity_id)) {
            *place = p;
            return OK;
        }
    }
    struct sla_place *p = ARENA_NEW(s->c->arena, struct sla_place);
    const char *kept = str_dup(s->c->arena, entity_id);
    ENSURE(p != NULL && kept != NULL, ERR_LIMIT, "out of memory");
    *p = (struct sla_place){.entity_id = kept};
    TRY(days_load(s, p));
    p->next = s->places;
    s->places = *place = p;
    return OK;
}

struct err sla_due(struct sla *s, const struct escalation *e, int64_t hours, int64_t *due_us)
{
    struct sla_place *p;
    int64_t made;
    TRY(instant_parse(e->created_at, &made));
    TRY(place_of(s, e->entity_id == NULL ? STR("") : str_of(e->entity_id), &p));
    *due_us = made + hours * HOUR_US;
    return p->wall ? OK : business_after(&p->days, made, hours, due_us);
}

struct err sla_until(struct sla *s, struct str entity_id, int64_t hours, const char **until)
{
    char text[INSTANT_TEXT_MAX];
    struct sla_place *p;
    int64_t us = s->tx->now_us - hours * HOUR_US;
    TRY(place_of(s, entity_id, &p));
    if (!p->wall)
        TRY(business_before(&p->days, s->tx->now_us, hours, &us));
    instant_print(us, text);
    *until = arena_strdup(s->c->arena, text);
    return arena_check(s->c->arena);
}

struct err sla_late(struct sla *s, struct str entity_id, const char **until)
{
    struct sla_place *p;
    TRY(place_of(s, entity_id, &p));
    if (p->late == NULL)
        TRY(sla_until(s, entity_id, s->c->policy->escalation.sla_hours, &p->late));
    *until = p->late;
    return OK;
}
