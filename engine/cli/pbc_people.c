/* Who could do what, who did, and where duties were not segregated. Only of a whole book: the
 * registry is of everybody. */
#include <inttypes.h>
#include <string.h>

#include "common/base/csv_cell.h"
#include "common/sys/json_read.h"
#include "engine/call/boot.h"
#include "engine/cli/pbc_pass.h"
#include "engine/store/policies.h"

#define CSV_MAX ((size_t)64 << 20)

/* ---- actors.csv ---- */

static void cells_put(struct buf *out, const char *const *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(out, ',');
        csv_cell(out, cells[i]);
    }
    buf_puts(out, "\r\n");
}

static const char *identities_text(struct arena *arena, const struct json *list)
{
    const char *all = "";
    for (size_t i = 0; list != NULL && all != NULL && i < list->count; i++) {
        const char *issuer = json_get_text(list->items[i], "issuer");
        all = arena_fmt(arena, "%s%s%s:%s%s%s", all, i == 0 ? "" : " ",
                        json_get_text(list->items[i], "kind"),
                        json_get_text(list->items[i], "subject"), text_empty(issuer) ? "" : "@",
                        text_empty(issuer) ? "" : issuer);
    }
    return all;
}

static void person_lines(struct arena *arena, const struct json *person, struct buf *out)
{
    const struct json *roles = json_get(person, "roles");
    for (size_t i = 0; (roles != NULL && i < roles->count) || i == 0; i++) {
        const struct json *r = roles != NULL && i < roles->count ? roles->items[i] : NULL;
        const char *const cells[] = {"person",
                                     json_get_text(person, "principal_id"),
                                     json_get_text(person, "name"),
                                     json_get_text(person, "status"),
                                     identities_text(arena, json_get(person, "identities")),
                                     json_get_text(r, "role"),
                                     json_get_text(r, "entity"),
                                     json_get_text(r, "granted_at"),
                                     json_get_text(r, "granted_by"),
                                     json_get_text(r, "approved_by")};
        cells_put(out, cells, sizeof cells / sizeof cells[0]);
    }
}

static void client_line(const struct json *client, struct buf *out)
{
    const char *const cells[] = {"client",
                                 json_get_text(client, "client_id"),
                                 json_get_text(client, "name"),
                                 json_get_text(client, "status"),
                                 json_get_text(client, "key_sha256"),
                                 json_get_text(client, "kind"),
                                 "",
                                 "",
                                 "",
                                 ""};
    cells_put(out, cells, sizeof cells / sizeof cells[0]);
}

static struct err actors_file(struct pbc *p)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    struct json *args = json_object_new(p->arena);
    const struct json *review;
    buf_init(&out, CSV_MAX);
    json_put_text(p->arena, args, "as_of", p->ask.until);
    TRY(pbc_tool(p, "access_review", args, &review));
    const struct json *people = json_get(review, "people"), *clients = json_get(review, "clients");
    buf_puts(&out, "kind,id,name,status,identities_or_key,role_or_kind,entity,granted_at,granted_by"
                   ",approved_by\r\n");
    for (size_t i = 0; people != NULL && i < people->count; i++)
        person_lines(p->arena, people->items[i], &out);
    for (size_t i = 0; clients != NULL && i < clients->count; i++)
        client_line(clients->items[i], &out);
    TRY(arena_check(p->arena));
    TRY(buf_check(&out));
    pbc_answer(p, "actors.csv", NULL,
               "closegate-engine access-review --as-of <the period's last day>",
               (int64_t)(people == NULL ? 0 : people->count) +
                   (int64_t)(clients == NULL ? 0 : clients->count));
    return pbc_file(p, "actors.csv", buf_str(&out));
}

/* ---- segregation of duties ---- */

/* The policy's own matrix: what each role may do. */
static struct err matrix_file(struct pbc *p)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    const struct policy *policy = p->asker->policy;
    int64_t rows = 0;
    buf_init(&out, CSV_MAX);
    buf_puts(&out, "role,action\r\n");
    for (size_t i = 0; i < policy->authority_n; i++) {
        for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
            if ((policy->authority[i].actions & (UINT64_C(1) << a)) == 0)
                continue;
            const char *const cells[] = {policy->authority[i].role, action_name(a)};
            cells_put(&out, cells, 2);
            rows++;
        }
    }
    TRY(buf_check(&out));
    pbc_answer(p, "sod_matrix.csv", NULL, "authority of the policy in force at the export", rows);
    return pbc_file(p, "sod_matrix.csv", buf_str(&out));
}

static struct err conflicts_file(struct pbc *p)
{
    struct json *args = json_object_new(p->arena);
    const struct json *report;
    json_put_text(p->arena, args, "from", p->from);
    json_put_text(p->arena, args, "to", p->to);
    TRY(pbc_tool(p, "sod_report", args, &report));
    const struct json *conflicts = json_get(report, "conflicts");
    pbc_answer(p, "sod_conflicts.json", "A person holds roles that allow both sides of a pair.",
               "closegate-engine sod-report --from <first day> --to <last day>",
               conflicts == NULL ? 0 : (int64_t)conflicts->count);
    return pbc_json(p, "sod_conflicts.json", report, NULL);
}

/* As PBC_ACTORS_USED answers. */
static struct err used_file(struct pbc *p)
{
    __attribute__((cleanup(buf_fini_cleanup))) struct buf out;
    buf_init(&out, CSV_MAX);
    buf_puts(&out, "actor_id,principal_id,backend,issuer,events,allowed,held,refused,first_seq,"
                   "last_seq,first_act,last_act\r\n");
    for (size_t i = 0; i < p->gathered->actors_n; i++) {
        const struct pbc_actor *a = &p->gathered->actors[i];
        const char *const who[] = {a->actor, a->principal, a->backend, a->issuer};
        const int64_t counts[] = {a->events,  a->allowed,   a->held,
                                  a->refused, a->first_seq, a->last_seq};
        for (size_t k = 0; k < 4; k++) {
            csv_cell(&out, who[k]);
            buf_putc(&out, ',');
        }
        for (size_t k = 0; k < 6; k++)
            buf_putf(&out, "%" PRId64 ",", counts[k]);
        buf_putf(&out, "%s,%s\r\n", a->first_act, a->last_act);
    }
    TRY(buf_check(&out));
    pbc_answer(p, "actors_used.csv", NULL, pbc_text(PBC_ACTORS_USED),
               (int64_t)p->gathered->actors_n);
    return pbc_file(p, "actors_used.csv", buf_str(&out));
}

struct err pbc_people(struct pbc *p)
{
    TRY(used_file(p));
    TRY(pbc_csv(p, "refused.csv", PBC_REFUSED));
    if (p->scoped)
        return OK;
    TRY(actors_file(p));
    TRY(pbc_csv(p, "registry_changes.csv", PBC_REGISTRY_EVENTS));
    TRY(matrix_file(p));
    return conflicts_file(p);
}
