/* One answer, from a stream's bytes to its parts. What is kept is bounded here, for both dialects:
 * they say what an event means, this file how much of it we take. */
#include <stdlib.h>
#include <string.h>

#include "agent/llm/provider_own.h"
#include "common/sys/crypt.h"
#include "common/sys/json_read.h"

#define PIECES_MAX      (LLM_CALLS_MAX * 2)
#define EVENT_NODES_MAX ((size_t)20000)
#define ARENA_MAX       ((size_t)16 * 1024 * 1024) /* of one event's tree */
#define TOKENS_MAX      INT64_C(1000000000000)
#define MADE_ID         "call_"
#define MADE_RANDOM     12
#define ELLIPSIS        "\xe2\x80\xa6"

struct llm_reader {
    const struct llm_dialect *dialect;
    struct llm_hooks hooks;
    struct sse_read sse;
    struct buf event;    /* mended */
    struct buf scratch;  /* one name or piece, mended */
    struct arena *arena; /* one event's tree */
    struct piece *pieces[PIECES_MAX];
    size_t pieces_n, calls_n, text_len;
    enum llm_stop stop;
    bool over;   /* the answer's end was told */
    bool closed; /* nothing more is read */
    bool ended;
    struct llm_usage usage;
    char model[LLM_NAME_MAX + 1], id[LLM_NAME_MAX + 1];
    char failed_where[LLM_NAME_MAX + 1], failed_msg[SAID_MAX + 1]; /* "": not failed */
};

/* ---- lifetime ---- */

struct err llm_reader_new(int api, struct llm_hooks hooks, struct llm_reader **out)
{
    const struct llm_dialect *dialect = llm_dialect_of(api);
    ENSURE(dialect != NULL, ERR_BUG, "there is no such provider's dialect");
    struct llm_reader *r = calloc(1, sizeof *r);
    struct arena *arena = r == NULL ? NULL : arena_new(ARENA_MAX);
    if (arena == NULL) {
        free(r);
        return err_new(ERR_LIMIT, "out of memory");
    }
    r->dialect = dialect;
    r->hooks = hooks;
    r->arena = arena;
    sse_read_init(&r->sse, LLM_EVENT_MAX);
    buf_init(&r->event, 6 * LLM_EVENT_MAX); /* a broken byte becomes six */
    buf_init(&r->scratch, 6 * LLM_EVENT_MAX);
    *out = r;
    return OK;
}

void llm_reader_free(struct llm_reader *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->pieces_n; i++) {
        buf_fini(&r->pieces[i]->text);
        free(r->pieces[i]);
    }
    sse_read_fini(&r->sse);
    buf_fini(&r->event);
    buf_fini(&r->scratch);
    arena_free(r->arena);
    free(r);
}

/* ---- small things ---- */

/* As much of a text as fits, to a whole character. */
static void copy_cut(char *out, size_t max, struct str text)
{
    size_t n = text.len > max ? max : text.len;
    n = n == 0 ? 0 : utf8_valid_len(text.at, n);
    if (n > 0)
        memcpy(out, text.at, n);
    out[n] = '\0';
}

/* A text of an event, without what cannot be a character. */
static struct str mended(struct llm_reader *r, const struct json *text)
{
    struct mend mend = {.n = 0};
    buf_clear(&r->scratch);
    if (json_is(text, JSON_TYPE_TEXT)) {
        mend_put(&mend, text->text, &r->scratch);
        mend_end(&mend, &r->scratch);
    }
    return buf_str(&r->scratch);
}

static void copy_name(struct llm_reader *r, const struct json *text, char out[LLM_NAME_MAX + 1])
{
    if (out[0] == '\0')
        copy_cut(out, LLM_NAME_MAX, mended(r, text));
}

/* ---- failures ---- */

void reader_fail(struct llm_reader *r, const char *where, const char *msg)
{
    r->closed = true;
    if (r->over || r->failed_where[0] != '\0')
        return; /* the answer was whole by then */
    copy_cut(r->failed_where, LLM_NAME_MAX, str_of(where));
    copy_cut(r->failed_msg, SAID_MAX, str_of(msg));
}

void reader_malformed(struct llm_reader *r)
{
    reader_fail(r, "malformed", "an event of the provider's stream is not what it must be");
}

static void too_large(struct llm_reader *r)
{
    reader_fail(r, "too_large", "the provider's answer is larger than we take");
}

void reader_fail_said(struct llm_reader *r, const struct json *event)
{
    struct llm_said said;
    char word[LLM_NAME_MAX + 1] = "", msg[SAID_MAX + 1];
    if (!llm_said_read(event, &said)) {
        reader_malformed(r);
        return;
    }
    const struct json type = {.type = JSON_TYPE_TEXT,
                              .text = str_of(said.code[0] != '\0' ? said.code : said.type)};
    const struct json message = {.type = JSON_TYPE_TEXT, .text = str_of(said.message)};
    copy_name(r, &type, word);
    copy_cut(msg, SAID_MAX, mended(r, &message));
    reader_fail(r, word[0] == '\0' ? "error" : word, msg[0] == '\0' ? "an error" : msg);
}

/* ---- pieces ---- */

static void tell_text(struct llm_reader *r, const struct piece *piece, size_t from)
{
    const size_t n = piece->text.len - from;
    r->text_len += n;
    if (piece->text.failed || r->text_len > LLM_TEXT_MAX)
        too_large(r);
    else if (n > 0 && r->hooks.text != NULL)
        r->hooks.text(r->hooks.ctx, (struct str){piece->text.at + from, n});
}

/* What was the beginning of a character is none. */
static void finish_text(struct llm_reader *r, struct piece *piece)
{
    const size_t from = piece->text.len;
    mend_end(&piece->mend, &piece->text);
    if (!piece->is_call)
        tell_text(r, piece, from);
}

static struct piece *piece_new(struct llm_reader *r, bool is_call, int64_t index)
{
    struct piece *piece = r->pieces_n < PIECES_MAX ? calloc(1, sizeof *piece) : NULL;
    if (r->pieces_n > 0 && !r->pieces[r->pieces_n - 1]->is_call)
        finish_text(r, r->pieces[r->pieces_n - 1]); /* before the next is heard */
    if (piece == NULL) {
        too_large(r);
        return NULL;
    }
    piece->is_call = is_call;
    piece->index = index;
    buf_init(&piece->text, is_call ? LLM_ARGUMENTS_MAX : LLM_TEXT_MAX);
    r->pieces[r->pieces_n++] = piece;
    return piece;
}

void reader_text(struct llm_reader *r, int64_t index, const struct json *text)
{
    if (!json_is(text, JSON_TYPE_TEXT) || text->text.len == 0 || r->over)
        return;
    struct piece *last = r->pieces_n > 0 ? r->pieces[r->pieces_n - 1] : NULL;
    if (last == NULL || last->is_call || last->index != index)
        last = piece_new(r, false, index);
    if (last == NULL)
        return;
    const size_t from = last->text.len;
    mend_put(&last->mend, text->text, &last->text);
    tell_text(r, last, from);
}

struct piece *reader_call(struct llm_reader *r, int64_t index, const struct json *id,
                          const struct json *tool)
{
    if (r->calls_n >= LLM_CALLS_MAX || r->over) {
        too_large(r);
        return NULL;
    }
    struct piece *call = piece_new(r, true, index);
    if (call == NULL)
        return NULL;
    r->calls_n++;
    reader_name(r, call, id, tool);
    return call;
}

void reader_name(struct llm_reader *r, struct piece *call, const struct json *id,
                 const struct json *tool)
{
    const bool told = call->tool[0] != '\0';
    copy_name(r, id, call->id);
    copy_name(r, tool, call->tool);
    if (!told && call->tool[0] != '\0' && r->hooks.call != NULL)
        r->hooks.call(r->hooks.ctx, call->tool);
}

struct piece *reader_find(const struct llm_reader *r, int64_t index)
{
    for (size_t i = r->pieces_n; i > 0; i--) {
        if (r->pieces[i - 1]->is_call && r->pieces[i - 1]->index == index)
            return r->pieces[i - 1];
    }
    return NULL;
}

struct piece *reader_last_call(const struct llm_reader *r)
{
    for (size_t i = r->pieces_n; i > 0; i--) {
        if (r->pieces[i - 1]->is_call)
            return r->pieces[i - 1];
    }
    return NULL;
}

void reader_arguments(struct llm_reader *r, struct piece *call, const struct json *arguments)
{
    struct str text = {0};
    if (call == NULL || r->over)
        return;
    if (json_is(arguments, JSON_TYPE_OBJECT) && arguments->count > 0) {
        CLEANUP(jw_fini) struct jw w;
        jw_init(&w, 6 * LLM_EVENT_MAX);
        jw_tree(&w, NULL, arguments);
        if (jw_done(&w, &text).kind != ERR_NONE)
            return;
        call->whole = true;
        buf_clear(&call->text);
        mend_put(&call->mend, text, &call->text);
    } else if (json_is(arguments, JSON_TYPE_TEXT) && arguments->text.len > 0) {
        if (call->whole)
            buf_clear(&call->text);
        call->whole = false;
        mend_put(&call->mend, arguments->text, &call->text);
    }
}

/* ---- what else is told ---- */

void reader_stop(struct llm_reader *r, enum llm_stop stop)
{
    if (!r->over)
        r->stop = stop;
    r->over = true;
}

void reader_close(struct llm_reader *r)
{
    r->closed = true;
}

bool reader_is_empty(const struct llm_reader *r)
{
    return r->pieces_n == 0;
}

struct llm_usage *reader_usage(struct llm_reader *r)
{
    return &r->usage;
}

void reader_told(struct llm_reader *r, const struct json *id, const struct json *model)
{
    copy_name(r, id, r->id);
    copy_name(r, model, r->model);
}

void reader_count(const struct json *usage, const char *key, int64_t *count)
{
    int64_t n;
    if (json_int(json_get(usage, key), &n) && n >= 0)
        *count = n < TOKENS_MAX ? n : TOKENS_MAX;
}

/* ---- bytes in ---- */

static void take_event(struct llm_reader *r, struct str data)
{
    static const struct json_limits limits = {.nodes_max = EVENT_NODES_MAX,
                                              .bytes_max = 6 * LLM_EVENT_MAX};
    struct json *tree = NULL;
    arena_reset(r->arena);
    buf_clear(&r->event);
    mend_event(data, &r->event);
    if (json_read(r->arena, buf_str(&r->event), &limits, &tree).kind != ERR_NONE)
        tree = NULL;
    r->dialect->event(r, data, tree);
}

void llm_reader_put(struct llm_reader *r, const char *bytes, size_t n)
{
    struct str data;
    if (r->closed || r->ended)
        return;
    sse_read_put(&r->sse, bytes, n);
    while (!r->closed && sse_read_next(&r->sse, &data))
        take_event(r, data);
    if (r->sse.failed)
        too_large(r);
}

/* ---- the answer out ---- */

/* Providers want letters, digits, '_' and '-' when they get an id back, and no id twice. */
static bool id_is_good(const struct llm_reader *r, size_t at)
{
    const char *id = r->pieces[at]->id;
    if (id[0] == '\0' || id[strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] != '\0')
        return false;
    for (size_t i = 0; i < at; i++) {
        if (r->pieces[i]->is_call && text_eq(r->pieces[i]->id, id))
            return false;
    }
    return true;
}

static const char *call_id(struct arena *arena, const struct llm_reader *r, size_t at)
{
    unsigned char random[MADE_RANDOM];
    char hex[2 * MADE_RANDOM + 1];
    if (id_is_good(r, at))
        return arena_strdup(arena, r->pieces[at]->id);
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, hex);
    return arena_fmt(arena, MADE_ID "%s", hex);
}

/* The beginning of arguments that are none. */
static struct str malformed(struct arena *arena, struct str wrote)
{
    char *out = arena_alloc(arena, LLM_MALFORMED_MAX + sizeof ELLIPSIS);
    if (out == NULL)
        return (struct str){0};
    copy_cut(out, LLM_MALFORMED_MAX, wrote);
    const size_t n = strlen(out);
    if (n < wrote.len)
        memcpy(out + n, ELLIPSIS, sizeof ELLIPSIS);
    return str_of(out);
}

static void call_part(struct arena *arena, const struct llm_reader *r, size_t at,
                      struct llm_part *part)
{
    static const struct json_limits limits = {.bytes_max = LLM_ARGUMENTS_MAX,
                                              .nodes_max = EVENT_NODES_MAX};
    const struct piece *call = r->pieces[at];
    const struct str wrote = buf_str(&call->text);
    struct json *tree = NULL;
    *part = (struct llm_part){.kind = LLM_CALL, .call_id = call_id(arena, r, at)};
    part->tool = arena_strdup(arena, call->tool);
    if (wrote.len == strspn(buf_text(&call->text), " \t\r\n"))
        tree = json_object_new(arena);
    else if (call->text.failed || json_read(arena, wrote, &limits, &tree).kind != ERR_NONE)
        tree = NULL;
    part->arguments = json_is(tree, JSON_TYPE_OBJECT) ? tree : NULL;
    if (part->arguments == NULL)
        part->text = malformed(arena, wrote);
}

static struct err fill(const struct llm_reader *r, struct arena *arena, bool calls,
                       struct llm_answer *answer)
{
    struct llm_part *parts = ARENA_ARRAY(arena, r->pieces_n, struct llm_part);
    size_t n = 0;
    for (size_t i = 0; parts != NULL && i < r->pieces_n; i++) {
        const struct piece *piece = r->pieces[i];
        if (piece->is_call && calls)
            call_part(arena, r, i, &parts[n++]);
        else if (!piece->is_call && piece->text.len > 0)
            parts[n++] = (struct llm_part){
                .kind = LLM_TEXT, .text = {str_dup(arena, buf_str(&piece->text)), piece->text.len}};
    }
    *answer = (struct llm_answer){.parts = parts, .n = n, .stop = r->stop, .usage = r->usage};
    answer->model = r->model[0] == '\0' ? NULL : arena_strdup(arena, r->model);
    answer->id = r->id[0] == '\0' ? NULL : arena_strdup(arena, r->id);
    return arena_check(arena);
}

struct err llm_reader_end(struct llm_reader *r, struct arena *arena, struct llm_answer *answer)
{
    *answer = (struct llm_answer){.stop = LLM_STOP_CUT};
    ENSURE(!r->ended, ERR_BUG, "an answer is taken twice");
    r->ended = true;
    for (size_t i = 0; i < r->pieces_n; i++)
        finish_text(r, r->pieces[i]);
    if (!r->over)
        reader_fail(r, "cut", "the provider's stream ended before its answer did");
    if (r->stop == LLM_STOP_END && r->calls_n > 0)
        r->stop = LLM_STOP_CALLS; /* some servers say "stop" whatever they stop for */
    else if (r->stop == LLM_STOP_CALLS && r->calls_n == 0)
        r->stop = LLM_STOP_END;
    const bool failed = r->failed_where[0] != '\0';
    if (failed)
        r->stop = LLM_STOP_CUT;
    TRY(fill(r, arena, !failed && r->stop != LLM_STOP_REFUSED, answer));
    if (!failed)
        return OK;
    const char *where = arena_fmt(arena, LLM_STREAM "%s", r->failed_where),
               *msg = arena_strdup(arena, r->failed_msg);
    TRY(arena_check(arena));
    return err_at(ERR_UPSTREAM, where, msg);
}
