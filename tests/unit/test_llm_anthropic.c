/* Anthropic's Messages API: what we send, byte for byte, and what its streams say, however they are
 * cut. */
#include "tests/unit/llm_stream.h"

#define E(json) "event: x\ndata: " json "\n\n"
#define START                                                                                      \
    E("{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"   \
      "\"assistant\",\"model\":\"m-1-large\",\"content\":[],\"stop_reason\":null,\"usage\":"       \
      "{\"input_tokens\":12,\"cache_creation_input_tokens\":3,\"cache_read_input_tokens\":400,"    \
      "\"output_tokens\":1}}}")
#define TEXT_BEGINS(i)                                                                             \
    E("{\"type\":\"content_block_start\",\"index\":" i ",\"content_block\":{\"type\":\"text\","    \
      "\"text\":\"\"}}")
#define TEXT(i, text)                                                                              \
    E("{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{\"type\":\"text_delta\","      \
      "\"text\":\"" text "\"}}")
#define CALL_BEGINS(i, id, tool)                                                                   \
    E("{\"type\":\"content_block_start\",\"index\":" i ",\"content_block\":{\"type\":"             \
      "\"tool_use\",\"id\":\"" id "\",\"name\":\"" tool "\",\"input\":{}}}")
#define INPUT(i, json)                                                                             \
    E("{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{\"type\":"                     \
      "\"input_json_delta\",\"partial_json\":\"" json "\"}}")
#define ENDS(i) E("{\"type\":\"content_block_stop\",\"index\":" i "}")
#define WHY(reason)                                                                                \
    E("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" reason                           \
      "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":89}}")
#define STOP   E("{\"type\":\"message_stop\"}")
#define PING   E("{\"type\":\"ping\"}")
#define COUNTS " in 12 out 89 read 400 write 3 of m-1-large as msg_1"

static struct arena *arena;

static void up(void)
{
    arena = arena_new((size_t)256 << 20);
}

static void down(void)
{
    arena_free(arena);
}

#define TELLS(bytes, want) story_is(__LINE__, LLM_API_ANTHROPIC, STR(bytes), (want))

static const struct llm_endpoint endpoint = {LLM_API_ANTHROPIC, "https://api.example", "sk-k"};

/* ---- a request ---- */

START_TEST(a_request_is_the_dialects_to_the_letter)
{
    struct talk t;
    struct fetch_req req;
    talk_make(arena, &t);
    ck_assert_str_eq(
        request_body(arena, &endpoint, &t.ask, &req),
        "{\"model\":\"m-1\",\"max_tokens\":1000,\"stream\":true,"
        "\"system\":[{\"type\":\"text\",\"text\":\"Be exact.\",\"cache_control\":{\"type\":"
        "\"ephemeral\"}}],"
        "\"tools\":[{\"name\":\"list_matches\",\"description\":\"Lists matches.\","
        "\"input_schema\":{\"type\":\"object\"}},"
        "{\"name\":\"match_status\",\"description\":\"Tells of one.\","
        "\"input_schema\":{\"type\":\"object\"},\"cache_control\":{\"type\":\"ephemeral\"}}],"
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is "
        "open?\"},{\"type\":\"text\",\"text\":\"And why?\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"I look.\"},"
        "{\"type\":\"tool_use\",\"id\":\"c-1\",\"name\":\"list_matches\",\"input\":{\"id\":"
        "\"m\\\"1\"}},"
        "{\"type\":\"tool_use\",\"id\":\"c-2\",\"name\":\"no_such_tool_\",\"input\":"
        "{\"malformed\":\"{\\\"a\\\":\"}}]},"
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"c-1\","
        "\"content\":\"two\"},{\"type\":\"tool_result\",\"tool_use_id\":\"c-2\",\"content\":"
        "\"none\",\"is_error\":true},{\"type\":\"text\",\"text\":\"Be brief.\","
        "\"cache_control\":{\"type\":\"ephemeral\"}}]}]}");
    ck_assert_str_eq(req.url, "https://api.example/v1/messages");
    ck_assert_str_eq(request_pair(&req, "x-api-key"), "sk-k");
    ck_assert_str_eq(request_pair(&req, "anthropic-version"), "2023-06-01");
    ck_assert_str_eq(req.stream_type, "text/event-stream");
}
END_TEST

START_TEST(what_there_is_none_of_is_left_out)
{
    const struct llm_part hello = {.kind = LLM_TEXT, .text = STR("Hi")};
    const struct llm_message message = {LLM_USER, &hello, 1};
    const struct llm_ask ask = {
        .model = "m", .messages = &message, .messages_n = 1, .answer_tokens = 9};
    const struct llm_endpoint open = {LLM_API_ANTHROPIC, "http://127.0.0.1:1", NULL};
    struct fetch_req req;
    ck_assert_str_eq(request_body(arena, &open, &ask, &req),
                     "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":"
                     "\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\",\"cache_control\":"
                     "{\"type\":\"ephemeral\"}}]}]}");
    ck_assert_ptr_null(request_pair(&req, "x-api-key"));
}
END_TEST

START_TEST(without_a_dialect_nothing_is_asked_or_read)
{
    struct fetch_req req;
    struct llm_reader *reader;
    ck_err(llm_request(arena, &(struct llm_endpoint){.base_url = "http://x"}, &(struct llm_ask){0},
                       &req),
           ERR_BUG);
    ck_err(llm_reader_new(LLM_API_NONE, (struct llm_hooks){0}, &reader), ERR_BUG);
}
END_TEST

START_TEST(text_that_is_no_text_is_refused_before_it_is_sent)
{
    const struct llm_part bad = {.kind = LLM_TEXT, .text = STR("a\xff")};
    const struct llm_message message = {LLM_USER, &bad, 1};
    const struct llm_ask ask = {
        .model = "m", .messages = &message, .messages_n = 1, .answer_tokens = 9};
    struct fetch_req req;
    ck_err(llm_request(arena, &endpoint, &ask, &req), ERR_INPUT);
}
END_TEST

/* ---- a stream ---- */

START_TEST(a_text_comes_as_it_is_written)
{
    TELLS(START TEXT_BEGINS("0") PING TEXT("0", "Two are ") TEXT("0", "open.") ENDS("0")
              WHY("end_turn") STOP,
          "heard Two are open.\ntext Two are open.\nend" COUNTS);
}
END_TEST

START_TEST(calls_are_put_together_each_by_its_own_number)
{
    TELLS(START TEXT_BEGINS("0") TEXT("0", "I look.") ENDS("0")
              CALL_BEGINS("1", "toolu_1", "match_status")
                  CALL_BEGINS("2", "toolu_2", "list_matches") INPUT("1", "{\\\"match_id\\\":")
                      INPUT("2", "") INPUT("2", "{\\\"limit\\\": 1") INPUT("1", " \\\"M1\\\"}")
                          INPUT("2", "0}") ENDS("1") ENDS("2") CALL_BEGINS("3", "toolu_3", "whoami")
                              ENDS("3") WHY("tool_use") STOP,
          "heard I look.<match_status><list_matches><whoami>\ntext I look.\n"
          "call toolu_1 match_status {\"match_id\":\"M1\"}\n"
          "call toolu_2 list_matches {\"limit\":10}\n"
          "call toolu_3 whoami {}\n"
          "calls" COUNTS);
}
END_TEST

START_TEST(arguments_may_come_at_once)
{
    TELLS(START E("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
                  "\"tool_use\",\"id\":\"t\",\"name\":\"a\",\"input\":{\"x\":[1.50]}}}")
              WHY("tool_use") STOP,
          "heard <a>\ncall t a {\"x\":[1.50]}\ncalls" COUNTS);
}
END_TEST

START_TEST(arguments_that_are_none_are_kept_as_they_were_written)
{
    TELLS(START CALL_BEGINS("0", "a", "t") INPUT("0", "{\\\"x\\\":1,\\\"x\\\":2}")
              CALL_BEGINS("1", "b", "t") INPUT("1", "[1]") CALL_BEGINS("2", "c", "t")
                  INPUT("2", "{\\\"x\\\": tru") CALL_BEGINS("3", "d", "t") INPUT("3", " \\n ")
                      WHY("max_tokens") STOP,
          "heard <t><t><t><t>\n"
          "call a t malformed {\"x\":1,\"x\":2}\ncall b t malformed [1]\n"
          "call c t malformed {\"x\": tru\ncall d t {}\nlength" COUNTS);
}
END_TEST

START_TEST(ids_that_cannot_be_given_back_are_replaced)
{
    TELLS(START CALL_BEGINS("0", "a", "t") CALL_BEGINS("1", "a", "t") CALL_BEGINS("2", "a b", "t")
              CALL_BEGINS("3", "", "t") WHY("tool_use") STOP,
          "heard <t><t><t><t>\ncall a t {}\ncall (made) t {}\ncall (made) t {}\n"
          "call (made) t {}\ncalls" COUNTS);
}
END_TEST

START_TEST(what_we_did_not_ask_for_is_passed_over)
{
    TELLS(": hello\n\n" START E("{\"type\":\"content_block_start\",\"index\":0,"
                                "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}")
              E("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                "\"thinking_delta\",\"thinking\":\"hm\"}}")
                  E("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
                    "\"signature_delta\",\"signature\":\"x\"}}") ENDS("0")
                      E("{\"type\":\"content_block_start\",\"index\":1,\"content_block\":"
                        "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"w\"}}")
                          INPUT("1", "{}") E("{\"type\":\"of_tomorrow\",\"index\":\"x\"}")
                              TEXT("2", "Yes.") WHY("pause_turn") STOP,
          "heard Yes.\ntext Yes.\nend" COUNTS);
}
END_TEST

START_TEST(why_it_stopped_is_told)
{
    TELLS(START TEXT("0", "a") WHY("stop_sequence") STOP, "heard a\ntext a\nend" COUNTS);
    TELLS(START TEXT("0", "a") WHY("max_tokens") STOP, "heard a\ntext a\nlength" COUNTS);
    TELLS(START TEXT("0", "a") WHY("model_context_window_exceeded") STOP,
          "heard a\ntext a\nlength" COUNTS);
    TELLS(START WHY("end_turn") STOP, "heard \nend" COUNTS);
    TELLS(START WHY("tool_use") STOP, "heard \nend" COUNTS);
    /* its end was told, only the last words are missing */
    TELLS(START TEXT("0", "a") WHY("end_turn"), "heard a\ntext a\nend" COUNTS);
}
END_TEST

START_TEST(a_call_of_an_answer_that_was_refused_is_none)
{
    TELLS(START TEXT("0", "a") CALL_BEGINS("1", "c", "t") WHY("refusal") STOP,
          "heard a<t>\ntext a\nrefused" COUNTS);
}
END_TEST

START_TEST(characters_that_were_cut_are_whole_again)
{
    /* half a pair in each of two events, raw bytes in each of three, and what is no character */
    TELLS(START TEXT("0", "a\\ud83d") TEXT("0", "\\ude00b") WHY("end_turn"),
          "heard a\xf0\x9f\x98\x80"
          "b\ntext a\xf0\x9f\x98\x80"
          "b\nend" COUNTS);
    TELLS(START TEXT("0", "\xe2") TEXT("0", "\x82") TEXT("0", "\xac!") WHY("end_turn"),
          "heard \xe2\x82\xac!\ntext \xe2\x82\xac!\nend" COUNTS);
    TELLS(START TEXT("0", "x\\ude00y\\ud83dz\xffq\\u0000") WHY("end_turn"),
          "heard x\xef\xbf\xbdy\xef\xbf\xbdz\xef\xbf\xbdq\xef\xbf\xbd\n"
          "text x\xef\xbf\xbdy\xef\xbf\xbdz\xef\xbf\xbdq\xef\xbf\xbd\nend" COUNTS);
    TELLS(START TEXT("0", "x\\ud83d\xe2") TEXT("0", "\\ud83d") WHY("end_turn"),
          "heard x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n"
          "text x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\nend" COUNTS);
    /* what follows elsewhere is heard after it, not before */
    TELLS(START TEXT("0", "x\\ud83d") TEXT("1", "y") WHY("end_turn"),
          "heard x\xef\xbf\xbdy\ntext x\xef\xbf\xbd\ntext y\nend" COUNTS);
    TELLS(START TEXT("0", "\\ufdd8\xef\xb7\xa1 \\\\ud83d") WHY("end_turn"),
          "heard \xef\xbf\xbd\xef\xbf\xbd \\ud83d\n"
          "text \xef\xbf\xbd\xef\xbf\xbd \\ud83d\nend" COUNTS);
}
END_TEST

START_TEST(an_error_in_the_stream_keeps_the_text_and_drops_the_calls)
{
    TELLS(START TEXT("0", "I ") CALL_BEGINS("1", "c", "t")
              E("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":"
                "\"Overloaded\"}}") TEXT("0", "more") WHY("end_turn") STOP,
          "heard I <t>\ntext I \ncut in 12 out 1 read 400 write 3 of m-1-large as msg_1"
          " error upstream stream:overloaded_error Overloaded");
}
END_TEST

START_TEST(a_stream_that_ends_early_is_no_answer)
{
    const char *error =
        " error upstream stream:cut the provider's stream ended before its answer did";
    TELLS("", arena_fmt(arena, "heard \ncut%s", error));
    TELLS(START TEXT("0", "I ") "event: x\ndata: {\"type\":\"message_de",
          arena_fmt(arena,
                    "heard I \ntext I \ncut in 12 out 1 read 400 write 3 of m-1-large "
                    "as msg_1%s",
                    error));
}
END_TEST

START_TEST(what_is_no_event_of_the_dialect_ends_the_reading)
{
    const struct str streams[] = {STR("data: <html>\n\n"),
                                  STR("data: []\n\n"),
                                  STR("data: {\"type\":1}\n\n"),
                                  STR("data: {\"type\":\"content_block_start\"}\n\n"),
                                  STR("data: {\"type\":\"content_block_delta\",\"index\":1.5}\n\n"),
                                  STR("data: {\"type\":\"error\"}x\n\n"),
                                  STR("data: {\"type\":\"ping\",\"type\":\"ping\"}\n\n")};
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        ck_assert_str_eq(stream_story(arena, LLM_API_ANTHROPIC, streams[i]),
                         "heard \ncut error upstream stream:malformed an event of the provider's "
                         "stream is not what it must be");
}
END_TEST

/* ---- ceilings ---- */

static const char *ending(const struct buf *bytes)
{
    const char *story = story_cut(arena, LLM_API_ANTHROPIC, buf_str(bytes), 0, 65536);
    const char *last = strrchr(story, '\n');
    ck_ok(buf_check(bytes));
    return last == NULL ? story : last + 1;
}

START_TEST(an_answer_has_its_ceilings)
{
    static const char too_large[] =
        "cut error upstream stream:too_large the provider's answer is larger than we take";
    CLEANUP(buf_fini) struct buf bytes;
    char filler[4097];
    memset(filler, 'a', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    buf_init(&bytes, (size_t)8 << 20);
    for (size_t n = 0; n <= LLM_TEXT_MAX; n += sizeof filler - 1)
        buf_putf(&bytes, TEXT("0", "%s"), filler);
    ck_assert_str_eq(ending(&bytes), too_large);
    buf_clear(&bytes);
    for (int i = 0; i <= LLM_CALLS_MAX; i++)
        buf_putf(&bytes, CALL_BEGINS("%d", "c%d", "t"), i, i);
    ck_assert_str_eq(ending(&bytes), too_large);
    buf_clear(&bytes);
    buf_puts(&bytes, "data: ");
    for (size_t n = 0; n <= LLM_EVENT_MAX; n += sizeof filler - 1)
        buf_puts(&bytes, filler);
    buf_puts(&bytes, "\n\n");
    ck_assert_str_eq(ending(&bytes), too_large);
}
END_TEST

START_TEST(arguments_that_are_too_large_are_malformed_and_cut)
{
    CLEANUP(buf_fini) struct buf bytes;
    CLEANUP(llm_reader_free) struct llm_reader *reader = NULL;
    struct llm_answer answer;
    char filler[4097];
    memset(filler, ' ', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    buf_init(&bytes, (size_t)8 << 20);
    buf_puts(&bytes, CALL_BEGINS("0", "c", "t") INPUT("0", "{"));
    for (size_t n = 0; n <= LLM_ARGUMENTS_MAX; n += sizeof filler - 1)
        buf_putf(&bytes, INPUT("0", "%s"), filler);
    buf_puts(&bytes, INPUT("0", "}") WHY("tool_use") STOP);
    ck_ok(llm_reader_new(LLM_API_ANTHROPIC, (struct llm_hooks){0}, &reader));
    llm_reader_put(reader, bytes.at, bytes.len);
    ck_ok(llm_reader_end(reader, arena, &answer));
    ck_assert_uint_eq(answer.n, 1);
    ck_assert_ptr_null(answer.parts[0].arguments);
    ck_assert_uint_eq(answer.parts[0].text.len, LLM_MALFORMED_MAX + strlen("…"));
    ck_err(llm_reader_end(reader, arena, &answer), ERR_BUG);
}
END_TEST

TEST_MAIN_AROUND("llm_anthropic", up, down, a_request_is_the_dialects_to_the_letter,
                 what_there_is_none_of_is_left_out, without_a_dialect_nothing_is_asked_or_read,
                 text_that_is_no_text_is_refused_before_it_is_sent, a_text_comes_as_it_is_written,
                 calls_are_put_together_each_by_its_own_number, arguments_may_come_at_once,
                 arguments_that_are_none_are_kept_as_they_were_written,
                 ids_that_cannot_be_given_back_are_replaced, what_we_did_not_ask_for_is_passed_over,
                 why_it_stopped_is_told, a_call_of_an_answer_that_was_refused_is_none,
                 characters_that_were_cut_are_whole_again,
                 an_error_in_the_stream_keeps_the_text_and_drops_the_calls,
                 a_stream_that_ends_early_is_no_answer,
                 what_is_no_event_of_the_dialect_ends_the_reading, an_answer_has_its_ceilings,
                 arguments_that_are_too_large_are_malformed_and_cut)
