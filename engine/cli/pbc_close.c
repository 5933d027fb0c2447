/* close_<entity>_<month>.json, and eval/. Of a close summary what the log decides: figures that are
 * of the day they are asked on (what waits, what stands unmatched) are left out here, since the
 * same export would tell others tomorrow. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/disk.h"
#include "engine/cli/pbc.h"
#include "engine/store/master.h"

#define EVAL_FILES_MAX 200
#define EVAL_BYTES_MAX ((size_t)64 << 20)

/* ---- close ---- */

static const struct json *of_the_log(struct pbc *p, const struct json *summary)
{
    static const char *const kept[] = {"entity_id",  "name",
                                       "period",     "zone",
                                       "from_date",  "to_date",
                                       "from_utc",   "to_utc",
                                       "decisions",  "confirmed",
                                       "rejected",   "reversed",
                                       "write_offs", "resolved_exceptions",
                                       "overrides",  "people",
                                       "policies"};
    struct json *o = json_object_new(p->arena);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (json_get(summary, kept[i]) != NULL)
            json_put(p->arena, o, kept[i], json_get(summary, kept[i]));
    }
    return o;
}

static struct err close_file(struct pbc *p, const char *entity, const char *month)
{
    const char *name = arena_fmt(p->arena, "close_%s_%s.json", entity, month);
    struct json *args = json_object_new(p->arena);
    const struct json *summary;
    TRY(arena_check(p->arena));
    if (!zip_name_good(name))
        return err_at(ERR_INPUT, entity, "this entity's id cannot be part of a file's name");
    json_put_text(p->arena, args, "entity_id", entity);
    json_put_text(p->arena, args, "period", month);
    TRY(pbc_tool(p, "generate_close_summary", args, &summary));
    pbc_answer(p, name, NULL, "generate_close_summary entity_id period", 1);
    return pbc_json(p, name, of_the_log(p, summary), NULL);
}

static bool wanted(const struct pbc *p, const char *entity)
{
    if (p->entity != NULL)
        return text_eq(p->entity, entity);
    const char *quoted = arena_fmt(p->arena, "\"%s\"", entity);
    return p->ask.entities == NULL || (quoted != NULL && strstr(p->ask.entities, quoted) != NULL);
}

/* Every month that lies within the period whole, from that of its first event to that of its last:
 * a month that the log does not know yet or not any more has nothing to tell. */
struct err pbc_close(struct pbc *p)
{
    struct entity *entities;
    struct date from, to;
    size_t n;
    int64_t first_us;
    TRY(date_parse(p->from, &from));
    TRY(date_parse(p->to, &to));
    TRY(audit_time(&p->book.tx, p->ask.first, &first_us));
    const struct date begins = date_month_first(instant_date_utc(first_us)),
                      ends = date_month_last(instant_date_utc(p->time_us));
    if (from.days < begins.days)
        from = begins;
    if (to.days > ends.days)
        to = ends;
    TRY(entities_list(&p->book.tx, p->arena, &entities, &n));
    for (struct date day = date_month_first(from); day.days <= to.days;) {
        char text[DATE_TEXT_MAX];
        const struct date last = date_month_last(day);
        date_print(day, text);
        text[7] = '\0';
        for (size_t i = 0; day.days >= from.days && last.days <= to.days && i < n; i++) {
            if (wanted(p, entities[i].entity_id))
                TRY(close_file(p, entities[i].entity_id, text));
        }
        day.days = last.days + 1;
    }
    return OK;
}

/* ---- eval ---- */

static int by_name(const void *a, const void *b)
{
    const char *const *one = a, *const *other = b;
    return strcmp(*one, *other);
}

static struct err names_read(struct pbc *p, DIR *folder, const char ***names, size_t *n)
{
    size_t cap = 0;
    *names = NULL;
    *n = 0;
    for (struct dirent *d; (d = readdir(folder)) != NULL;) {
        if (d->d_name[0] == '.')
            continue;
        ENSURE(*n < EVAL_FILES_MAX, ERR_LIMIT, "the folder has more than 200 files");
        *names = arena_grow(p->arena, *names, *n, &cap, sizeof **names);
        ENSURE(*names != NULL, ERR_LIMIT, "out of memory");
        (*names)[(*n)++] = arena_strdup(p->arena, d->d_name);
    }
    if (*n > 1)
        qsort(*names, *n, sizeof **names, by_name);
    return arena_check(p->arena);
}

static struct err eval_copy(struct pbc *p, const char *file)
{
    const char *path = arena_fmt(p->arena, "%s/%s", p->eval_dir, file),
               *name = arena_fmt(p->arena, "eval/%s", file);
    struct str bytes;
    TRY(arena_check(p->arena));
    if (!zip_name_good(name))
        return err_at(ERR_INPUT, path, "this file's name cannot be one of the archive");
    arena_reset(p->scratch);
    TRY(disk_read(p->scratch, path, EVAL_BYTES_MAX, &bytes));
    return pbc_file(p, name, bytes);
}

struct err pbc_eval(struct pbc *p)
{
    const char **names;
    size_t n;
    if (p->eval_dir == NULL) {
        pbc_answer(p, NULL, "Eval runs: none given (--eval DIR).", "the folder of --eval", 0);
        return OK;
    }
    DIR *folder = opendir(p->eval_dir);
    if (folder == NULL)
        return err_at(errno == ENOENT ? ERR_MISSING : ERR_INPUT, p->eval_dir,
                      "this folder of eval reports cannot be read");
    struct err e = names_read(p, folder, &names, &n);
    closedir(folder);
    TRY(err_in(e, p->eval_dir));
    for (size_t i = 0; i < n; i++)
        TRY(eval_copy(p, names[i]));
    pbc_answer(p, "eval/", "Eval runs, as they were given; their follow-up is the company's.",
               "the folder of --eval", (int64_t)n);
    return OK;
}
