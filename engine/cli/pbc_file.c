/* Writing a bundle's files: counted and hashed on their way into the archive. */
#include <inttypes.h>
#include <string.h>

#include "common/base/csv_cell.h"
#include "common/sys/json_read.h"
#include "common/sys/json_write.h"
#include "engine/cli/pbc.h"

#define JSON_MAX ((size_t)64 << 20)
#define LINE_MAX ((size_t)32 << 20)

struct err pbc_begin(struct pbc *p, const char *name, bool large)
{
    p->name = arena_strdup(p->arena, name);
    TRY(arena_check(p->arena));
    sha256_begin(&p->sum);
    p->bytes = 0;
    return zip_entry_begin(p->zip, name, large);
}

struct err pbc_put(struct pbc *p, const void *bytes, size_t len)
{
    sha256_add(&p->sum, bytes, len);
    p->bytes += (int64_t)len;
    return zip_put(p->zip, bytes, len);
}

struct err pbc_end(struct pbc *p)
{
    uint8_t sum[SHA256_LEN];
    char hex[SHA256_HEX_SIZE];
    struct json *o = json_object_new(p->arena);
    sha256_end(&p->sum, sum);
    hex_print(sum, sizeof sum, hex);
    json_put_text(p->arena, o, "name", p->name);
    json_put_int(p->arena, o, "bytes", p->bytes);
    json_put_text(p->arena, o, "sha256", hex);
    json_push(p->arena, p->files, o);
    TRY(arena_check(p->arena));
    return zip_entry_end(p->zip);
}

struct err pbc_file(struct pbc *p, const char *name, struct str bytes)
{
    TRY(pbc_begin(p, name, false));
    TRY(pbc_put(p, bytes.at, bytes.len));
    return pbc_end(p);
}

struct err pbc_json(struct pbc *p, const char *name, const struct json *tree,
                    char hex[SHA256_HEX_SIZE])
{
    CLEANUP(jw_fini) struct jw w;
    struct str text;
    jw_init_pretty(&w, JSON_MAX);
    jw_tree(&w, NULL, tree);
    TRY(err_in(jw_done(&w, &text), name));
    if (text.len > 0 && text.at[text.len - 1] == '\n')
        text.len--;
    if (hex != NULL) {
        struct sha256 h;
        uint8_t sum[SHA256_LEN];
        sha256_begin(&h);
        sha256_add(&h, text.at, text.len);
        sha256_add(&h, "\n", 1);
        sha256_end(&h, sum);
        hex_print(sum, sizeof sum, hex);
    }
    TRY(pbc_begin(p, name, false));
    TRY(pbc_put(p, text.at, text.len));
    TRY(pbc_put(p, "\n", 1));
    return pbc_end(p);
}

/* ---- questions as CSV ---- */

struct table {
    struct pbc *p;
    struct buf line;
    int64_t rows;
};

static struct err line_out(struct table *t)
{
    buf_puts(&t->line, "\r\n");
    TRY(buf_check(&t->line));
    TRY(pbc_put(t->p, t->line.at, t->line.len));
    buf_clear(&t->line);
    return OK;
}

static struct err head_line(void *arg, const struct pbc_cell *cells, size_t n)
{
    struct table *t = arg;
    for (size_t i = 0; i < n; i++)
        buf_putf(&t->line, "%s%s", i == 0 ? "" : ",", cells[i].column);
    return line_out(t);
}

/* The amount's text: its currency stands behind it. */
static const char *amount_of(struct arena *arena, const struct pbc_cell *cells, size_t i, size_t n)
{
    if (i + 1 == n || !text_eq(cells[i + 1].column, "currency") || cells[i].is_null)
        return "";
    return minor_text(arena, cells[i].number, str_dup(arena, cells[i + 1].text));
}

static struct err row_line(void *arg, const struct pbc_cell *cells, size_t n)
{
    struct table *t = arg;
    arena_reset(t->p->scratch);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&t->line, ',');
        if (text_eq(cells[i].column, "amount"))
            buf_puts(&t->line, amount_of(t->p->scratch, cells, i, n));
        else if (cells[i].is_number)
            buf_puti(&t->line, cells[i].number);
        else
            csv_cell(&t->line, str_dup(t->p->scratch, cells[i].text));
    }
    TRY(arena_check(t->p->scratch));
    t->rows++;
    return line_out(t);
}

void pbc_answer(struct pbc *p, const char *file, const char *what, const char *query, int64_t rows)
{
    struct json *o = json_object_new(p->arena);
    json_put_known(p->arena, o, "file", file);
    json_put_known(p->arena, o, "statement", what);
    json_put_int(p->arena, o, "rows", rows);
    json_put_bool(p->arena, o, "none", rows == 0);
    json_put_text(p->arena, o, "query", query);
    json_push(p->arena, p->answers, o);
}

struct err pbc_csv(struct pbc *p, const char *name, enum pbc_query query)
{
    struct table t = {.p = p};
    buf_init(&t.line, LINE_MAX);
    struct err e = pbc_begin(p, name, false);
    if (e.kind == ERR_NONE)
        e = pbc_ask(&p->book.tx, query, &p->ask, head_line, row_line, &t);
    buf_fini(&t.line);
    TRY(e);
    pbc_answer(p, name, NULL, pbc_text(query), t.rows);
    return pbc_end(p);
}

/* ---- questions as JSON ---- */

struct listing {
    struct arena *arena;
    struct json *rows;
};

/* Columns of the book that hold JSON. */
static bool holds_json(const char *column)
{
    static const char *const names[] = {"event", "legs", "evidence", "bound", "args"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_eq(column, names[i]))
            return true;
    }
    return false;
}

static struct err row_object(void *arg, const struct pbc_cell *cells, size_t n)
{
    struct listing *l = arg;
    struct json *o = json_object_new(l->arena);
    for (size_t i = 0; i < n; i++) {
        const struct pbc_cell *c = &cells[i];
        const char *text = c->is_null ? NULL : str_dup(l->arena, c->text);
        if (c->is_null)
            continue;
        if (text_eq(c->column, "amount"))
            json_put_text(l->arena, o, c->column, amount_of(l->arena, cells, i, n));
        else if (c->is_number)
            json_put_int(l->arena, o, c->column, c->number);
        else if (holds_json(c->column) && text != NULL)
            json_put(l->arena, o, c->column, json_raw_new(l->arena, str_of(text)));
        else
            json_put_text(l->arena, o, c->column, text);
    }
    json_push(l->arena, l->rows, o);
    return arena_check(l->arena);
}

struct err pbc_rows(struct pbc *p, struct arena *arena, enum pbc_query query, const char *id,
                    struct json **rows)
{
    struct pbc_ask ask = p->ask;
    struct listing l = {.arena = arena, .rows = json_array_new(arena)};
    ask.id = id;
    TRY(pbc_ask(&p->book.tx, query, &ask, NULL, row_object, &l));
    *rows = l.rows;
    return arena_check(arena);
}
