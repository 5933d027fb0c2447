/* Traces as others get them: lines of JSON, and the page a reviewer reads, on which no text of a
 * model or a payee looks like a row or drives the terminal; and the commands that print them. */
#include "agent/store/trace_line.h"

#include <unistd.h>

#include "agent/cli/commands.h"
#include "agent/cli/trace_show.h"
#include "common/sys/json_read.h"
#include "tests/unit/talk_book.h"

static struct json *read_json(struct fixture *f, const char *text)
{
    static const struct json_limits limits = {.bytes_max = 8u << 20};
    struct json *tree;
    ck_ok(json_read(f->arena, str_of(text), &limits, &tree));
    return tree;
}

static void add(struct fixture *f, struct talk *t, struct trace *row, const char *body)
{
    ck_ok(in_tx(f, trace_add(f->db, f->arena, t, row, read_json(f, body))));
}

static struct trace answered(int64_t at_us)
{
    return (struct trace){.turn = 1,
                          .kind = TRACE_ANSWERED,
                          .at_us = at_us,
                          .model = "model-1-0401",
                          .latency_us = 1250000,
                          .use = {100, 20, 3000, 400, 5550}};
}

/* One row of each kind. */
static struct talk conversation(struct fixture *f)
{
    static const struct {
        enum trace_kind kind;
        const char *body;
    } rows[] = {
        {TRACE_SAID, "{\"text\":\"Match what is left\\nof March.\"}"},
        {TRACE_ASKED, "{\"attempt\":1,\"request_sha256\":\"00\",\"bytes\":3451,\"messages\":2}"},
        {TRACE_ANSWERED,
         "{\"parts\":[{\"type\":\"text\",\"text\":\"I look at the matches.\"},{\"type\":\"call\","
         "\"call_id\":\"c1\",\"tool\":\"confirm_match\",\"arguments\":{\"match_id\":\"mat_1\"}},"
         "{\"type\":\"call\",\"call_id\":\"c2\",\"tool\":\"x\",\"malformed\":\"{\\\"a\"}],"
         "\"stop\":\"calls\"}"},
        {TRACE_CALLING, "{\"call_id\":\"c1\",\"tool\":\"confirm_match\",\"arguments\":{"
                        "\"match_id\":\"mat_1\"},\"idempotency_key\":\"key-1\"}"},
        {TRACE_RETURNED,
         "{\"call_id\":\"c1\",\"tool\":\"confirm_match\",\"status\":\"denied\",\"is_error\":true,"
         "\"text\":\"Who proposed may not confirm.\",\"seq\":812,\"reason\":\"SOD_SAME_ACTOR\","
         "\"clause\":\"the proposer never confirms\",\"pointer\":\"/sod/0\"}"},
        {TRACE_NOTED, "{\"what\":\"stopped\",\"text\":\"by the person\"}"},
        {TRACE_SUMMED, "{\"text\":\"They matched March.\",\"upto\":4}"},
    };
    struct talk t = talk_of(f, "prn_maria", "chat", NOW);
    char digest[TRACE_DIGEST];
    ck_ok(in_tx(f, prompt_keep(f->db, STR("You are careful."), digest)));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace row = {.turn = 1, .kind = rows[i].kind, .at_us = NOW + (int64_t)i};
        if (row.kind == TRACE_ANSWERED)
            row = answered(NOW + (int64_t)i);
        if (row.kind == TRACE_ASKED)
            row.system_sha256 = digest;
        add(f, &t, &row, rows[i].body);
    }
    return t;
}

/* ---- lines ---- */

static const char *line_of(struct fixture *f, const struct talk *t, const struct trace *row)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, TRACE_LINE_MAX);
    ck_ok(trace_line(t, row, &out));
    return arena_strdup(f->arena, buf_text(&out));
}

START_TEST(a_line_says_whose_it_is_and_carries_the_body_unchanged)
{
    FRESH(f);
    struct talk t = conversation(&f);
    struct trace *rows;
    size_t n;
    ck_ok(traces_load(f.db, f.arena, t.session_id, 0, 10, &rows, &n));
    ck_assert_uint_eq(n, 7);
    const char *line = line_of(&f, &t, &rows[2]);
    ck_assert_ptr_eq(strchr(line, '\n'), line + strlen(line) - 1);
    const struct json *o = read_json(&f, line);
    ck_assert_str_eq(json_get_text(o, "session_id"), t.session_id);
    ck_assert_str_eq(json_get_text(o, "kind"), "answered");
    ck_assert_str_eq(json_get_text(o, "at"), "2026-03-03T09:15:02.000002Z");
    ck_assert_str_eq(json_get_text(o, "principal_id"), "prn_maria");
    ck_assert_str_eq(json_get_text(o, "actor"), "human:maria");
    ck_assert_str_eq(json_get_text(o, "entity_id"), "US");
    ck_assert_str_eq(json_get_text(o, "model"), "model-1-0401");
    ck_assert(str_is(json_get(o, "cost_micros")->text, "5550"));
    ck_assert(str_is(json_get(o, "latency_us")->text, "1250000"));
    struct json *body;
    ck_ok(trace_tree(f.arena, &rows[2], &body));
    ck_assert(json_equal(json_get(o, "body"), body));
    o = read_json(&f, line_of(&f, &t, &rows[1]));
    ck_assert_str_eq(json_get_text(o, "model"), "model-1"); /* the session's */
    ck_assert_uint_eq(strlen(json_get_text(o, "system_sha256")), 64);
    ck_assert_ptr_null(json_get(o, "cost_micros"));
    teardown(&f);
}
END_TEST

/* ---- the page ---- */

static const char *page_of(struct fixture *f, const struct talk *t)
{
    char *text = NULL;
    size_t len = 0, n;
    FILE *to = open_memstream(&text, &len);
    struct trace *rows;
    ck_ok(traces_load(f->db, f->arena, t->session_id, 0, 100, &rows, &n));
    ck_ok(trace_show_head(f->arena, t, to));
    for (size_t i = 0; i < n; i++)
        ck_ok(trace_show_row(f->arena, t, &rows[i], to));
    fclose(to);
    const char *kept = arena_strdup(f->arena, text);
    free(text);
    return kept;
}

static void has(const char *page, const char *wanted)
{
    ck_assert_msg(strstr(page, wanted) != NULL, "no \"%s\" in:\n%s", wanted, page);
}

START_TEST(a_page_says_who_said_what_and_what_came_of_it)
{
    FRESH(f);
    struct talk t = conversation(&f);
    const char *page = page_of(&f, &t);
    has(page,
        "What is left?\nof human:maria (prn_maria), chat, entity US; anthropic model-1; ACTIVE");
    has(page, "#0    2026-03-03 09:15:02  turn 1  human:maria said\n      Match what is left\n"
              "      of March.\n");
    has(page, "model-1 was asked: attempt 1, 2 messages, 3451 bytes, system prompt ");
    has(page, "model-1-0401 answered in 1.250 s, stopped: calls\n"
              "      (100 tokens in, 20 out, 3000 from the cache, 400 to it, 0.005550 USD)\n"
              "      I look at the matches.\n"
              "      -> confirm_match {\"match_id\":\"mat_1\"}\n"
              "      -> x (malformed) {\"a\n");
    has(page, "calls confirm_match on behalf of human:maria\n      {\"match_id\":\"mat_1\"}\n"
              "      idempotency key: key-1\n");
    has(page, "confirm_match returned: denied SOD_SAME_ACTOR, event 812 of the engine's log\n"
              "      clause: the proposer never confirms\n"
              "      Who proposed may not confirm.\n");
    has(page, "noted: stopped\n      by the person\n");
    has(page, "up to #4, summed up for the model\n      They matched March.\n");
    teardown(&f);
}
END_TEST

START_TEST(no_text_looks_like_a_row_or_drives_the_terminal)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    struct trace said = {.turn = 1, .kind = TRACE_SAID, .at_us = NOW};
    struct trace called = {.turn = 1, .kind = TRACE_CALLING, .at_us = NOW};
    add(&f, &t, &said,
        "{\"text\":\"hello\\n#9    2026-03-03 09:15:02  turn 1  human:ben "
        "said\\r\\u001b[2J\\u202e\"}");
    add(&f, &t, &called, "{\"tool\":\"x\\n#9 y\\u001b[31m\",\"arguments\":{\"a\":\"\\u009b1m\"}}");
    const char *page = page_of(&f, &t);
    ck_assert_ptr_null(strchr(page, '\x1b'));
    ck_assert_ptr_null(strstr(page, "\xc2\x9b"));
    ck_assert_ptr_null(strchr(page, '\r'));
    ck_assert_ptr_null(strstr(page, "\n#9"));
    ck_assert_ptr_null(strstr(page, "\xe2\x80\xae"));
    teardown(&f);
}
END_TEST

START_TEST(bodies_that_lack_everything_are_still_shown)
{
    FRESH(f);
    struct talk t = talk_of(&f, "prn_maria", "chat", NOW);
    for (unsigned kind = 0; kind < TRACE_KINDS; kind++) {
        struct trace empty = {.turn = 1, .kind = (enum trace_kind)kind, .at_us = NOW};
        add(&f, &t, &empty, "{}");
        add(&f, &t, &empty,
            "{\"text\":7,\"parts\":{\"a\":1},\"tool\":[],\"arguments\":null,\"clause\":{\"id\":1},"
            "\"seq\":\"x\",\"upto\":\"y\",\"what\":{}}");
    }
    const char *page = page_of(&f, &t);
    has(page, "#13 ");
    has(page, "clause: {\"id\":1}");
    teardown(&f);
}
END_TEST

/* ---- the commands ---- */

/* What the program prints, run with these arguments. */
static const char *printed(struct fixture *f, int *code, const char *a, const char *b,
                           const char *c, const char *d)
{
    char dir[128], name[128], *text = arena_alloc(f->arena, (size_t)1 << 20);
    const char *const argv[] = {"closegate-agent", "traces", a, b, c, d, NULL};
    const char *const env[] = {"CLOSEGATE_ENV=dev", "CLOSEGATE_AGENT_AUTH_BACKEND=dev", dir, NULL};
    int argc = 3;
    while (argv[argc] != NULL)
        argc++;
    snprintf(dir, sizeof dir, "CLOSEGATE_AGENT_DATA_DIR=%s", f->folder);
    snprintf(name, sizeof name, "%s/out", f->folder);
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    ck_assert_ptr_nonnull(freopen(name, "w", stdout));
    *code = cli_main(&agent_program, argc, argv, env);
    fflush(stdout);
    ck_assert_int_ge(dup2(kept, STDOUT_FILENO), 0);
    close(kept);
    FILE *in = fopen(name, "r");
    ck_assert_ptr_nonnull(in);
    text[fread(text, 1, ((size_t)1 << 20) - 1, in)] = '\0';
    fclose(in);
    unlink(name);
    return text;
}

static int lines_in(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

START_TEST(the_commands_list_show_and_export)
{
    FRESH(f);
    int code;
    struct talk t = conversation(&f);
    said(&f, &t, NOW + DAY, "the next day");
    const struct json *list = read_json(&f, printed(&f, &code, "list", "--json", NULL, NULL));
    ck_assert_int_eq(code, CLI_YES);
    ck_assert_uint_eq(list->count, 1);
    ck_assert_str_eq(json_get_text(list->items[0], "session_id"), t.session_id);
    list = read_json(&f, printed(&f, &code, "list", "--person=prn_ben", "--json", NULL));
    ck_assert_uint_eq(list->count, 0);
    list = read_json(&f, printed(&f, &code, "list", "--after", t.session_id, "--json"));
    ck_assert_uint_eq(list->count, 0);
    has(printed(&f, &code, "show", t.session_id, NULL, NULL), "event 812 of the engine's log");
    ck_assert_int_eq(lines_in(printed(&f, &code, "show", t.session_id, "--json", NULL)), 8);
    ck_assert_int_eq(lines_in(printed(&f, &code, "export", NULL, NULL, NULL)), 8);
    ck_assert_int_eq(lines_in(printed(&f, &code, "export", "--until", "2026-03-04", NULL)), 7);
    ck_assert_int_eq(lines_in(printed(&f, &code, "export", "--since=2026-03-04", NULL, NULL)), 1);
    const char *all = printed(&f, &code, "export", "--session", t.session_id, "--prompts");
    ck_assert_int_eq(code, CLI_YES);
    ck_assert_int_eq(lines_in(all), 9);
    const char *prompt = strstr(all, "{\"kind\":\"prompt\",\"sha256\":\"");
    ck_assert_ptr_nonnull(prompt);
    has(prompt, "\"text\":\"You are careful.\"}\n");
    ck_assert(prompt < strstr(all, "\"kind\":\"asked\"")); /* before the row that names it */
    teardown(&f);
}
END_TEST

START_TEST(the_commands_say_what_they_were_given_wrong)
{
    FRESH(f);
    int code;
    (void)printed(&f, &code, "show", "ses_none", NULL, NULL);
    ck_assert_int_eq(code, CLI_UNKNOWN);
    (void)printed(&f, &code, "export", "--session=ses_none", NULL, NULL);
    ck_assert_int_eq(code, CLI_UNKNOWN);
    (void)printed(&f, &code, "list", "--after=ses_none", NULL, NULL);
    ck_assert_int_eq(code, CLI_UNKNOWN);
    (void)printed(&f, &code, "export", "--since", "yesterday", NULL);
    ck_assert_int_eq(code, CLI_USAGE);
    (void)printed(&f, &code, "list", "--limit", "0", NULL);
    ck_assert_int_eq(code, CLI_USAGE);
    (void)printed(&f, &code, "forget", "--before", "2999-01-01", NULL);
    ck_assert_int_eq(code, CLI_USAGE);
    teardown(&f);
}
END_TEST

START_TEST(forget_deletes_what_is_old_and_says_how_much)
{
    FRESH(f);
    int code;
    const struct json *said_;
    struct talk t = conversation(&f), got;
    said_ = read_json(&f, printed(&f, &code, "forget", "--before", "2026-03-03", "--json"));
    ck_assert_int_eq(code, CLI_YES);
    ck_assert(str_is(json_get(said_, "sessions")->text, "0"));
    ck_ok(talk_load_any(f.db, f.arena, t.session_id, &got));
    said_ = read_json(&f, printed(&f, &code, "forget", "--before", "2026-03-04", "--json"));
    ck_assert(str_is(json_get(said_, "sessions")->text, "1"));
    ck_assert(str_is(json_get(said_, "rows")->text, "7"));
    ck_err(talk_load_any(f.db, f.arena, t.session_id, &got), ERR_MISSING);
    teardown(&f);
}
END_TEST

TEST_MAIN("trace_line", a_line_says_whose_it_is_and_carries_the_body_unchanged,
          a_page_says_who_said_what_and_what_came_of_it,
          no_text_looks_like_a_row_or_drives_the_terminal,
          bodies_that_lack_everything_are_still_shown, the_commands_list_show_and_export,
          the_commands_say_what_they_were_given_wrong, forget_deletes_what_is_old_and_says_how_much)
