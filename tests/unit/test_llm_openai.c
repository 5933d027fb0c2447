/* OpenAI's Chat Completions: what we send, and what its streams and those of its likes say, however
 * they are cut. */
#include "tests/unit/llm_stream.h"

#define D(json) "data: " json "\n\n"
#define CHUNK(choice)                                                                              \
    D("{\"id\":\"cmpl-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m-1-x\",\"choices\":"   \
      "[" choice "],\"usage\":null}")
#define DELTA(delta) CHUNK("{\"index\":0,\"delta\":{" delta "},\"finish_reason\":null}")
#define TEXT(text)   DELTA("\"content\":\"" text "\"")
#define CALLS(calls) DELTA("\"tool_calls\":[" calls "]")
#define CALL(i, id, tool, arguments)                                                               \
    "{\"index\":" i ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" tool      \
    "\",\"arguments\":\"" arguments "\"}}"
#define MORE(i, arguments) "{\"index\":" i ",\"function\":{\"arguments\":\"" arguments "\"}}"
#define BARE(id, tool, arguments)                                                                  \
    "{" id "\"function\":{\"name\":\"" tool "\",\"arguments\":\"" arguments "\"}}"
#define WHY(reason) CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}")
#define USAGE                                                                                      \
    D("{\"id\":\"cmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":100,"                        \
      "\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":64}}}")
#define DONE   D("[DONE]")
#define NAMES  " of m-1-x as cmpl-1"
#define COUNTS " in 36 out 7 read 64 write 0" NAMES

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)256 << 20);
}

static void down(void)
{
    arena_free(arena);
}

#define TELLS(bytes, want) story_is(__LINE__, LLM_API_OPENAI, STR(bytes), (want))

/* ---- a request ---- */

START_TEST(a_request_is_the_dialects_to_the_letter)
{
    const struct llm_endpoint to = {LLM_API_OPENAI, "http://127.0.0.1:8080/v1", "sk-k"};
    struct talk t;
    struct fetch_req req;
    talk_make(arena, &t);
    ck_assert_str_eq(
        request_body(arena, &to, &t.ask, &req),
        "{\"model\":\"m-1\",\"max_tokens\":1000,\"stream\":true,\"stream_options\":"
        "{\"include_usage\":true},\"messages\":["
        "{\"role\":\"system\",\"content\":\"Be exact.\"},"
        "{\"role\":\"user\",\"content\":\"What is open?\\n\\nAnd why?\"},"
        "{\"role\":\"assistant\",\"content\":\"I look.\",\"tool_calls\":["
        "{\"id\":\"c-1\",\"type\":\"function\",\"function\":{\"name\":\"list_matches\","
        "\"arguments\":\"{\\\"id\\\":\\\"m\\\\\\\"1\\\"}\"}},"
        "{\"id\":\"c-2\",\"type\":\"function\",\"function\":{\"name\":\"no_such_tool_\","
        "\"arguments\":\"{\\\"malformed\\\":\\\"{\\\\\\\"a\\\\\\\":\\\"}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c-1\",\"content\":\"two\"},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c-2\",\"content\":\"ERROR: none\"},"
        "{\"role\":\"user\",\"content\":\"Be brief.\"}],"
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"list_matches\","
        "\"description\":\"Lists matches.\",\"parameters\":{\"type\":\"object\"}}},"
        "{\"type\":\"function\",\"function\":{\"name\":\"match_status\",\"description\":"
        "\"Tells of one.\",\"parameters\":{\"type\":\"object\"}}}]}");
    ck_assert_str_eq(req.url, "http://127.0.0.1:8080/v1/chat/completions");
    ck_assert_str_eq(request_pair(&req, "authorization"), "Bearer sk-k");
    ck_assert_str_eq(request_pair(&req, "accept"), "text/event-stream");
}
END_TEST

/* A question with one call and its result, and nothing else. */
static const char *short_body(const char *base_url)
{
    const struct llm_part parts[] = {
        {.kind = LLM_CALL, .call_id = "c", .tool = "t", .arguments = json_object_new(arena)},
        {.kind = LLM_RESULT, .call_id = "c", .tool = "t"}};
    const struct llm_message messages[] = {{LLM_ASSISTANT, &parts[0], 1}, {LLM_USER, &parts[1], 1}};
    const struct llm_ask ask = {
        .model = "m", .messages = messages, .messages_n = 2, .answer_tokens = 9};
    const struct llm_endpoint to = {LLM_API_OPENAI, base_url, NULL};
    struct fetch_req req;
    const char *body = request_body(arena, &to, &ask, &req);
    ck_assert_ptr_null(request_pair(&req, "authorization"));
    return body;
}

START_TEST(the_ceiling_has_the_name_that_the_server_knows)
{
    static const char rest[] =
        ":9,\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":["
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
        "\"function\",\"function\":{\"name\":\"t\",\"arguments\":\"{}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"\"}]}";
    static const struct {
        const char *base_url, *name;
    } rows[] = {
        {"https://api.openai.com/v1", "max_completion_tokens"},
        {"https://API.OpenAI.com:443/v1", "max_completion_tokens"},
        {"https://api.openai.com.example/v1", "max_tokens"},
        {"http://localhost:11434/v1?api.openai.com", "max_tokens"},
        {"https://generativelanguage.example/v1beta/openai", "max_tokens"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_str_eq(short_body(rows[i].base_url),
                         arena_fmt(arena, "{\"model\":\"m\",\"%s\"%s", rows[i].name, rest));
}
END_TEST

/* ---- a stream ---- */

START_TEST(a_text_comes_as_it_is_written)
{
    TELLS(": OPENROUTER PROCESSING\n\n" DELTA("\"role\":\"assistant\",\"content\":\"\"")
              TEXT("Two are ") DELTA("\"reasoning_content\":\"hm\",\"content\":null") TEXT("open.")
                  WHY("stop") USAGE DONE TEXT("!"),
          "heard Two are open.\ntext Two are open.\nend" COUNTS);
}
END_TEST

START_TEST(calls_are_put_together_each_by_its_own_number)
{
    TELLS(TEXT("I look.") CALLS(CALL("0", "call_1", "match_status", ""))
              CALLS(MORE("0", "{\\\"match_id\\\":"))
                  CALLS(CALL("1", "call_2", "list_matches", "{\\\"limit\\\": 1"))
                      CALLS(MORE("1", "0}") "," MORE("0", " \\\"M1\\\"}")) WHY("tool_calls")
                          USAGE DONE,
          "heard I look.<match_status><list_matches>\ntext I look.\n"
          "call call_1 match_status {\"match_id\":\"M1\"}\n"
          "call call_2 list_matches {\"limit\":10}\ncalls" COUNTS);
}
END_TEST

START_TEST(servers_cut_calls_in_their_own_ways)
{
    static const char two[] = "heard <a><b>\ncall c1 a {\"x\":1}\ncall c2 b {}\ncalls" NAMES;
    static const char made[] =
        "heard <a><a>\ncall (made) a {\"x\":1}\ncall (made) a {\"x\":2}\ncalls" NAMES;
    /* whole calls without a number; all with the number 0; by an id that is said again */
    TELLS(CALLS(BARE("\"id\":\"c1\",", "a", "{\\\"x\\\":1}") "," BARE("\"id\":\"c2\",", "b", "{}"))
              WHY("stop") DONE,
          two);
    TELLS(CALLS(CALL("0", "c1", "a", "{\\\"x\\\":1}")) CALLS(CALL("0", "c2", "b", "{}"))
              WHY("tool_calls"),
          two);
    TELLS(CALLS(CALL("0", "c1", "a", "{\\\"x\\\"")) CALLS(CALL("0", "c1", "a", ":1}"))
              CALLS(CALL("1", "c2", "b", "")) WHY("stop"),
          two);
    /* pieces without a number go on with the last; a name begins another */
    TELLS(CALLS(BARE("", "a", "{\\\"x\\\"")) CALLS("{\"function\":{\"arguments\":\":1}\"}}")
              CALLS(BARE("\"id\":null,", "a", "{\\\"x\\\":2}")) WHY("stop"),
          made);
    /* the name said again with every piece, without an id */
    TELLS(CALLS(CALL("0", "", "a", "{\\\"x\\\":")) CALLS(CALL("0", "", "a", "1}")) WHY("tool_calls")
              DONE,
          "heard <a>\ncall (made) a {\"x\":1}\ncalls" NAMES);
    /* an object instead of its text */
    TELLS(CALLS("{\"id\":\"c1\",\"function\":{\"name\":\"a\",\"arguments\":{\"x\":1.0}}}")
              WHY("tool_calls"),
          "heard <a>\ncall c1 a {\"x\":1.0}\ncalls" NAMES);
    TELLS(DELTA("\"function_call\":{\"name\":\"a\",\"arguments\":\"\"}")
              DELTA("\"function_call\":{\"arguments\":\"{\\\"x\\\":1}\"}") WHY("function_call")
                  DONE,
          "heard <a>\ncall (made) a {\"x\":1}\ncalls" NAMES);
}
END_TEST

START_TEST(why_it_stopped_is_told)
{
    TELLS(TEXT("a") WHY("length") DONE, "heard a\ntext a\nlength" NAMES);
    TELLS(TEXT("a") CALLS(CALL("0", "c", "t", "")) WHY("content_filter") DONE,
          "heard a<t>\ntext a\nrefused" NAMES);
    /* no reason but an end; a reason but no end; a reason with the last words; calls of none */
    TELLS(TEXT("a") DONE, "heard a\ntext a\nend" NAMES);
    TELLS(TEXT("a") WHY("stop"), "heard a\ntext a\nend" NAMES);
    TELLS(CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}"),
          "heard a\ntext a\nend" NAMES);
    TELLS(TEXT("a") WHY("tool_calls") DONE, "heard a\ntext a\nend" NAMES);
    TELLS(DELTA("\"refusal\":\"No.\"") WHY("stop") DONE, "heard No.\ntext No.\nend" NAMES);
}
END_TEST

START_TEST(one_answer_is_read_and_no_other)
{
    TELLS(CHUNK("{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":"
                "\"stop\"}") TEXT("a") WHY("stop") DONE,
          "heard a\ntext a\nend" NAMES);
}
END_TEST

START_TEST(counts_are_what_they_can_be)
{
    TELLS(TEXT("a") WHY("stop") D("{\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
                                  "\"completion_tokens\":-1,\"prompt_tokens_details\":"
                                  "{\"cached_tokens\":9}}}") DONE,
          "heard a\ntext a\nend in 0 out 0 read 5 write 0" NAMES);
    TELLS(TEXT("a") WHY("stop") D("{\"choices\":[],\"usage\":{\"prompt_tokens\":5,"
                                  "\"completion_tokens\":2,\"prompt_tokens_details\":null}}") DONE,
          "heard a\ntext a\nend in 5 out 2 read 0 write 0" NAMES);
}
END_TEST

START_TEST(characters_that_were_cut_are_whole_again)
{
    TELLS(TEXT("\\ud83d") TEXT("\\ude00") CALLS(CALL("0", "c", "t",
                                                     "{\\\"x\\\":"
                                                     "\\\"\xe2")) CALLS(MORE("0", "\x82\xac\\\"}"))
              WHY("tool_calls"),
          "heard \xf0\x9f\x98\x80<t>\ntext \xf0\x9f\x98\x80\n"
          "call c t {\"x\":\"\xe2\x82\xac\"}\ncalls" NAMES);
}
END_TEST

START_TEST(an_error_in_the_stream_keeps_the_text_and_drops_the_calls)
{
    TELLS(TEXT("I ") CALLS(CALL("0", "c", "t", "{}"))
              D("{\"error\":{\"message\":\"The server had an error\",\"type\":"
                "\"server_error\",\"param\":null,\"code\":null}}") WHY("stop"),
          "heard I <t>\ntext I \ncut" NAMES
          " error upstream stream:server_error The server had an error");
    TELLS(D("{\"error\":{\"code\":429,\"message\":\"Slow\"}}"),
          "heard \ncut error upstream stream:429 Slow");
    TELLS(D("{\"error\":\"no memory\"}"), "heard \ncut error upstream stream:error no memory");
    TELLS(D("{\"object\":\"error\",\"message\":\"bad\",\"type\":\"BadRequestError\"}"),
          "heard \ncut error upstream stream:BadRequestError bad");
    /* the answer was whole by then */
    TELLS(TEXT("a") WHY("stop") D("{\"error\":\"late\"}"), "heard a\ntext a\nend" NAMES);
}
END_TEST

START_TEST(a_stream_that_ends_early_is_no_answer)
{
    static const char error[] = " error upstream stream:cut the provider's stream ended before its "
                                "answer did";
    TELLS(DONE, arena_fmt(arena, "heard \ncut%s", error));
    TELLS(TEXT("I ") "data: [DO", arena_fmt(arena, "heard I \ntext I \ncut" NAMES "%s", error));
}
END_TEST

START_TEST(what_is_no_event_of_the_dialect_ends_the_reading)
{
    const struct str streams[] = {STR("data: {\n\n"), STR("data: 17\n\n"),
                                  STR("data: {\"error\":{}}\n\n"), STR(CALLS("\"x\"")),
                                  STR("data: {\"a\":1,\"a\":1}\n\n")};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        ck_assert_msg(
            strstr(stream_story(arena, LLM_API_OPENAI, streams[i]),
                   " error upstream stream:malformed an event of the provider's stream") != NULL,
            "stream %zu", i);
}
END_TEST

TEST_MAIN_AROUND("llm_openai", up, down, a_request_is_the_dialects_to_the_letter,
                 the_ceiling_has_the_name_that_the_server_knows, a_text_comes_as_it_is_written,
                 calls_are_put_together_each_by_its_own_number, servers_cut_calls_in_their_own_ways,
                 why_it_stopped_is_told, one_answer_is_read_and_no_other,
                 counts_are_what_they_can_be, characters_that_were_cut_are_whole_again,
                 an_error_in_the_stream_keeps_the_text_and_drops_the_calls,
                 a_stream_that_ends_early_is_no_answer,
                 what_is_no_event_of_the_dialect_ends_the_reading)
