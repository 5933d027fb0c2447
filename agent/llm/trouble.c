/* The words a provider has for a failure come first, then its status, then what we know ourselves.
 * Every sentence says what happened, quotes the provider if it said anything, and says what to do.
 */
#include "agent/llm/trouble.h"

#include <string.h>

#include "agent/llm/provider_own.h"
#include "common/base/civil.h"
#include "common/sys/backoff.h"
#include "common/sys/inert.h"
#include "common/sys/json_read.h"

#define QUOTE_MAX    300u
#define KEY_SHOWN    "[key]"
#define KEY_PREFIX   8u /* so many of its first characters give a key away */
#define VENDOR_KEY   "sk-"
#define REPLY_MAX    ((size_t)256 * 1024)
#define AFTER_MS_MAX (RETRY_AFTER_MAX_S * 1000)

enum kind {
    NOTHING = 0, /* not said */
    KEY,
    QUOTA,
    MODEL,
    CONTEXT,
    QUESTION,
    REFUSED,
    RATE,
    BUSY,
    UNREACHABLE,
    TIMEOUT,
    CUT,
    MALFORMED,
    TOO_LARGE,
    SETTING,
    FAULT,
};

struct kind_row {
    const char *name;
    bool again;
    bool for_good; /* a header that says otherwise is not believed */
    const char *what, *todo;
};

static const struct kind_row kinds[] = {
    [KEY] = {"key", false, true, "The provider does not accept the key", NULL},
    [QUOTA] = {"quota", false, true, "What the account with the provider may use is used up",
               "Whoever pays for it can raise its limit."},
    [MODEL] = {"model", false, true, "The provider does not know the model, or not this address",
               "Check CLOSEGATE_AGENT_MODEL and CLOSEGATE_LLM_BASE_URL."},
    [CONTEXT] = {"context", false, true, "The conversation is longer than the model can read",
                 "Begin a new one, or ask about less at once."},
    [QUESTION] =
        {"question", false, false, "The provider does not take the request",
         "Asking the same again will not help: begin a new conversation, or show this to whoever "
         "runs closegate."},
    [REFUSED] = {"refused", false, false, "A filter of the provider refused the request",
                 "Say it in other words."},
    [RATE] = {"rate", true, false, "The provider's limit is reached for now",
              "Try again in a while."},
    [BUSY] = {"busy", true, false, "The provider is overloaded or out of order",
              "Try again in a while."},
    [UNREACHABLE] = {"unreachable", true, false, "The provider cannot be reached",
                     "Check that it runs and that CLOSEGATE_LLM_BASE_URL is right."},
    [TIMEOUT] = {"timeout", true, false, "The provider gave no whole answer in time",
                 "Try again in a while."},
    [CUT] = {"cut", true, false, "The provider's answer was cut off", "Try again."},
    [MALFORMED] = {"malformed", true, false, "What the provider sent is not an answer",
                   "Try again; when it stays so, check CLOSEGATE_LLM_BASE_URL."},
    [TOO_LARGE] = {"too_large", false, false, "The provider's answer is larger than is taken",
                   "Ask for less at once."},
    [SETTING] = {"setting", false, true, "The provider's address is none that can be asked",
                 "Check CLOSEGATE_LLM_BASE_URL."},
    [FAULT] = {"fault", false, false, "The provider was not asked",
               "Show this to whoever runs closegate."},
};

/* ---- which kind it is ---- */

struct word_row {
    const char *word;
    enum kind kind;
};

/* What says more than the status does. */
static const struct word_row clear_words[] = {
    {"insufficient_quota", QUOTA},
    {"billing_hard_limit_reached", QUOTA},
    {"billing_not_active", QUOTA},
    {"billing_error", QUOTA},
    {"context_length_exceeded", CONTEXT},
    {"exceed_context_size_error", CONTEXT},
    {"request_too_large", CONTEXT},
    {"invalid_api_key", KEY},
    {"authentication_error", KEY},
    {"permission_error", KEY},
    {"model_not_found", MODEL},
    {"not_found_error", MODEL},
    {"content_filter", REFUSED},
    {"content_policy_violation", REFUSED},
    {"overloaded_error", BUSY},
    {"rate_limit_error", RATE},
    {"rate_limit_exceeded", RATE},
    {"cut", CUT},
    {"malformed", MALFORMED},
    {"too_large", TOO_LARGE},
};

/* For a stream, which has no status of its own. What is not named here was an accident. */
static const struct word_row vague_words[] = {
    {"invalid_request_error", QUESTION},
    {"invalid_prompt", QUESTION},
    {"timeout_error", TIMEOUT},
};

/* Of messages, in lower case: nobody has one word for these. */
static const struct word_row fragments[] = {
    {"prompt is too long", CONTEXT}, {"context length", CONTEXT},
    {"context window", CONTEXT},     {"context limit", CONTEXT},
    {"maximum context", CONTEXT},    {"exceeds the available context size", CONTEXT},
    {"input token count", CONTEXT},  {"credit balance is too low", QUOTA},
    {"insufficient balance", QUOTA},
};

static const struct {
    int from, to;
    enum kind kind;
} statuses[] = {
    {200, 299, MALFORMED}, {300, 399, SETTING}, {401, 401, KEY},     {402, 402, QUOTA},
    {403, 403, KEY},       {404, 404, MODEL},   {405, 405, SETTING}, {408, 408, TIMEOUT},
    {409, 409, BUSY},      {413, 413, CONTEXT}, {429, 429, RATE},    {400, 499, QUESTION},
    {504, 504, TIMEOUT},   {500, 599, BUSY},
};

#define KIND_OF(rows, word) kind_of((rows), sizeof(rows) / sizeof((rows)[0]), (word))

static enum kind kind_of(const struct word_row *rows, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        if (text_eq(word, rows[i].word))
            return rows[i].kind;
    }
    return NOTHING;
}

static enum kind kind_of_status(int status)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (status >= statuses[i].from && status <= statuses[i].to)
            return statuses[i].kind;
    }
    return NOTHING;
}

static enum kind kind_of_message(const char *message)
{
    for (size_t i = 0; i < sizeof fragments / sizeof fragments[0]; i++) {
        if (strcasestr(message, fragments[i].word) != NULL)
            return fragments[i].kind;
    }
    return NOTHING;
}

/* "429" as a status; 0 when it is none. */
static int status_word(const char *word)
{
    if (strlen(word) != 3 || strspn(word, "0123456789") != 3)
        return 0;
    return (word[0] - '0') * 100 + (word[1] - '0') * 10 + (word[2] - '0');
}

static enum kind kind_of_said(const struct llm_said *said, int status)
{
    enum kind kind = KIND_OF(clear_words, said->code);
    kind = kind != NOTHING ? kind : KIND_OF(clear_words, said->type);
    kind = kind != NOTHING ? kind : kind_of_message(said->message);
    kind = kind != NOTHING ? kind : kind_of_status(status != 0 ? status : status_word(said->code));
    kind = kind != NOTHING ? kind : KIND_OF(vague_words, said->code);
    return kind != NOTHING ? kind : BUSY;
}

/* What went wrong before there was an answer, or in our reading of it. */
static enum kind kind_of_err(struct err e, struct llm_said *said)
{
    if (e.where != NULL && strncmp(e.where, LLM_STREAM, strlen(LLM_STREAM)) == 0) {
        said->code = e.where + strlen(LLM_STREAM);
        said->message = e.msg == NULL ? "" : e.msg;
        return kind_of_said(said, 0);
    }
    switch (e.kind) {
    case ERR_MISSING:
    case ERR_UPSTREAM:
        return UNREACHABLE;
    case ERR_UNKNOWN:
        return TIMEOUT;
    case ERR_LIMIT:
        return TOO_LARGE;
    case ERR_INPUT:
    case ERR_REFUSED:
        return SETTING;
    case ERR_NONE:
    case ERR_AUTH:
    case ERR_CONFLICT:
    case ERR_STORE:
    case ERR_BUG:
        break;
    }
    return FAULT;
}

static enum kind kind_of_reply(struct arena *arena, const struct fetch_reply *reply,
                               struct llm_said *said)
{
    static const struct json_limits limits = {.bytes_max = REPLY_MAX, .nodes_max = 20000};
    struct json *tree = NULL;
    const char *page = reply->body.at == NULL ? "" : reply->body.at;
    *said = (struct llm_said){"", "", ""};
    const bool is_json = json_read(arena, reply->body, &limits, &tree).kind == ERR_NONE;
    if (!is_json && page[strspn(page, " \t\r\n")] != '<') /* of a proxy: for browsers */
        said->message = page;
    else if (is_json)
        (void)llm_said_read(tree, said);
    return kind_of_said(said, reply->status);
}

/* ---- what is quoted ---- */

/* Of what keys are made of. */
static bool is_keyish(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_-*+/=.~", c) != NULL);
}

/* Whether a key (ours, its beginning, or anything a vendor would call one) begins here. */
static bool begins_key(const char *at, bool fresh, const char *our_key)
{
    const size_t len = our_key == NULL ? 0 : strlen(our_key);
    const size_t n = len < KEY_PREFIX ? len : KEY_PREFIX;
    if (n > 0 && strncmp(at, our_key, n) == 0 && (n == KEY_PREFIX || (fresh && !is_keyish(at[n]))))
        return true;
    return fresh && strncmp(at, VENDOR_KEY, strlen(VENDOR_KEY)) == 0;
}

/* Providers tell which key they do not take. */
static void put_redacted(struct buf *out, const char *text, const char *our_key)
{
    const size_t whole = our_key == NULL ? 0 : strlen(our_key);
    for (const char *at = text; *at != '\0';) {
        if (!begins_key(at, at == text || !is_keyish(at[-1]), our_key)) {
            buf_putc(out, *at++);
            continue;
        }
        buf_puts(out, KEY_SHOWN);
        if (whole > 0 && strncmp(at, our_key, whole) == 0)
            at += whole; /* whatever it is made of */
        while (is_keyish(*at))
            at++;
    }
}

/* One line; "" when nothing was said. */
static const char *quote(struct arena *arena, const struct llm_endpoint *to, const char *message)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, 2 * REPLY_MAX);
    message = message == NULL ? "" : message;
    put_redacted(&text, message + strspn(message, " \t\r\n"), to->key);
    const char *line =
        text.failed ? "" : inert_line(arena, INERT_PLAIN, buf_text(&text), QUOTE_MAX);
    return line == NULL ? "" : line; /* the arena is full, which is asked at the end */
}

/* ---- the sentence ---- */

static const char *todo(struct arena *arena, const struct llm_endpoint *to, enum kind kind,
                        int64_t after_ms)
{
    const char *name = to->api == LLM_API_ANTHROPIC ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY";
    if (kind == KEY)
        return arena_fmt(arena, to->key == NULL ? "None is set: set %s." : "Check %s.", name);
    if (after_ms > 0)
        return arena_fmt(arena, "Try again in %lld s.", (long long)((after_ms + 999) / 1000));
    return kinds[kind].todo;
}

static const char *sentence(struct arena *arena, const struct llm_endpoint *to, enum kind kind,
                            const char *detail, int64_t after_ms)
{
    return arena_fmt(arena, "%s%s%s. %s", kinds[kind].what, detail[0] == '\0' ? "" : ": ", detail,
                     todo(arena, to, kind, after_ms));
}

/* In the provider's words, or (of an exchange that came to nothing) where it was and in ours. */
static const char *detail(struct arena *arena, const struct llm_endpoint *to, struct err e,
                          enum kind kind, const struct llm_said *said)
{
    const bool ours = kind == CUT || kind == MALFORMED || kind == TOO_LARGE;
    const bool exchange = e.kind != ERR_NONE && said->code[0] == '\0';
    const char *text = quote(arena, to, exchange ? e.msg : said->message);
    if (exchange && e.where != NULL)
        return arena_fmt(arena, "%s (%s)", text, e.where);
    return exchange ? text : ours || text[0] == '\0' ? "" : arena_fmt(arena, "“%s”", text);
}

/* ---- when ---- */

static int64_t after_ms(const struct fetch_reply *reply, int64_t now_us)
{
    const char *ms = fetch_header(reply, "retry-after-ms");
    int64_t n = 0;
    const size_t digits = ms == NULL ? 0 : strspn(ms, "0123456789");
    if (digits > 0 && (ms[digits] == '\0' || ms[digits] == '.')) {
        for (size_t i = 0; i < digits && n < AFTER_MS_MAX; i++)
            n = n * 10 + (ms[i] - '0');
        return n < AFTER_MS_MAX ? n : AFTER_MS_MAX;
    }
    return retry_after_parse(fetch_header(reply, "retry-after"), now_us, &n) ? n * 1000 : 0;
}

static bool is_again(enum kind kind, const struct fetch_reply *reply)
{
    const char *should = reply == NULL ? NULL : fetch_header(reply, "x-should-retry");
    if (text_eq(should, "false"))
        return false;
    return kinds[kind].again || (text_eq(should, "true") && !kinds[kind].for_good);
}

struct err llm_trouble_of(struct arena *arena, const struct llm_endpoint *to, struct err e,
                          const struct fetch_reply *reply, int64_t now_us, struct llm_trouble *out)
{
    struct llm_said said = {"", "", ""};
    const bool refused_it = reply != NULL && (reply->status / 100 != 2 || reply->body.len > 0);
    if (refused_it)
        e = OK; /* that no answer was read is what follows from it */
    ENSURE(refused_it || e.kind != ERR_NONE, ERR_BUG, "nothing went wrong with the provider");
    const enum kind kind = refused_it ? kind_of_reply(arena, reply, &said) : kind_of_err(e, &said);
    *out = (struct llm_trouble){.again = is_again(kind, reply), .kind = kinds[kind].name};
    out->after_ms = out->again && reply != NULL ? after_ms(reply, now_us) : 0;
    out->sentence = sentence(arena, to, kind, detail(arena, to, e, kind, &said), out->after_ms);
    return arena_check(arena);
}
