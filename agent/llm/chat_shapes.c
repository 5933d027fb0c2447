/* The tables. Rows have the members that show.c takes from their traces (agent/store/traces.h). */
#include "agent/llm/chat_shapes.h"

#include "agent/call/shape_rows.h"

/* clang-format off */
/* ---- GET chat ---- */

static const struct json_field shape_spent_rows[] = {
    WHOLE("tokens", MUST), WHOLE("tokens_max", MUST, OR_NULL, .help = "null: no limit"),
    AMOUNT("cost", MUST), AMOUNT("cost_max", MUST, OR_NULL, .help = "null: no limit"),
};
static OURS(shape_spent, "Spent", "Tokens and money, and their limits");

static const struct json_field suggestion_rows[] = {TEXT("title", MUST), TEXT("text", MUST)};
static const struct json_field spents_rows[] = {
    ONE("session", shape_spent_rows, .help = "its limits alone: what a session used is its own"),
    ONE("person_day", shape_spent_rows, MUST), ONE("day", shape_spent_rows, MUST), TEXT("currency", MUST),
};
static const struct json_field offer_rows[] = {WHOLE("offered", MUST), WHOLE("withheld", MUST)};
static const struct json_field shape_chat_setup_rows[] = {
    TRUTH("configured", MUST), TEXT("why", .help = "why not"), TEXT("api"), TEXT("model"),
    MANY("suggestions", suggestion_rows), ONE("spent", spents_rows, .help = "since the UTC day began"),
    ONE("tools", offer_rows, .help = "absent while the engine is not there"),
};
OURS(shape_chat_setup, "ChatSetup", "GET chat");

/* ---- sessions ---- */

static const struct json_field shape_chat_session_rows[] = {
    TEXT("session_id", MUST), TEXT("title", MUST),
    IS("state", "ACTIVE", "WAITING_TOOL", "WAITING_HUMAN", "ENDED", "FAILED"),
    TEXT("entity_id"), IS("origin", "chat", "ask", "run"), TEXT("api", MUST), TEXT("model", MUST),
    TRUTH("turn_open", MUST), TEXT("created_at", MUST), TEXT("used_at", MUST), WHOLE("input_tokens", MUST),
    WHOLE("output_tokens", MUST), AMOUNT("cost", MUST), WHOLE("rows", MUST, .help = "how many, with those that are not shown"),
};
static OURS(shape_chat_session, "ChatSession", "A conversation");

static const struct json_field shape_chat_sessions_rows[] = {
    MANY("sessions", shape_chat_session_rows, MUST), TEXT("next", .help = "of the next page: before"),
};
OURS(shape_chat_sessions, "ChatSessions", "GET chat/sessions");

static const struct json_field shape_chat_taken_rows[] = {
    TEXT("session_id", MUST), WHOLE("n", MUST, .help = "of the row that was said"),
};
OURS(shape_chat_taken, "ChatTaken", "What became of what was said");

/* ---- what an answer is made of ---- */

static const struct json_field shape_text_part_rows[] = {IS("type", "text"), TEXT("text", MUST)};
static OURS(shape_text_part, "TextPart", "What it says");

static const struct json_field shape_call_part_rows[] = {
    IS("type", "call"), TEXT("call_id", MUST), TEXT("tool", MUST), ANY("arguments", .holds = JSON_TYPE_OBJECT),
    TEXT("malformed", .help = "what it wrote instead of arguments"),
};
static OURS(shape_call_part, "CallPart", "A tool that it asks for");

static const struct json_field shape_answer_part_rows[] = {IS("type", "text", "call")};
static const struct shape *const parts[] = {&shape_text_part, &shape_call_part};
static EITHER(shape_answer_part, "AnswerPart", "A part of what the model answered", parts);

/* ---- rows ---- */

#define ROW_ROWS                                                                                   \
    WHOLE("n", MUST), WHOLE("turn", MUST), TEXT("at", MUST), WHOLE("latency_ms")
#define ASKED_ROWS                                                                                 \
    WHOLE("input_tokens", .help = "with what the cache gave"), WHOLE("output_tokens"), AMOUNT("cost")

static const struct json_field shape_said_row_rows[] = {IS("kind", "said"), ROW_ROWS, TEXT("text", MUST)};
static OURS(shape_said_row, "SaidRow", "What a person said");

static const struct json_field shape_answered_row_rows[] = {
    IS("kind", "answered"), ROW_ROWS, ASKED_ROWS, MANY("parts", shape_answer_part_rows, MUST),
    TEXT("stop", MUST, .help = "end, calls, length, refused, stopped"),
    TEXT("provider_id"), TEXT("provider_model"),
};
static OURS(shape_answered_row, "AnsweredRow", "What the model answered");

static const struct json_field shape_returned_row_rows[] = {
    IS("kind", "returned"), ROW_ROWS, TEXT("call_id", MUST), TEXT("tool", MUST),
    TEXT("status", MUST, .help = "ok, pending_approval, denied, or how it failed"), TRUTH("is_error", MUST),
    ANY("result"), TRUTH("result_left_out", .help = "too large to be shown here"),
    TEXT("text", .help = "where there is no result: what the model was told"),
    WHOLE("hidden", .help = "how many account numbers and the like were taken out"),
    TEXT("escalation_id"), TEXT("code"), WHOLE("seq"), TEXT("reason"), TEXT("clause"), TEXT("pointer"),
    TEXT("match_id"),
};
static OURS(shape_returned_row, "ReturnedRow", "What a call came to");

static const struct json_field shape_noted_row_rows[] = {
    IS("kind", "noted"), ROW_ROWS,
    TEXT("what", MUST, .help = "stopped, budget, steps, trouble, again, resumed, unknown, decided"),
    TEXT("text", MUST), TEXT("escalation_id"), TEXT("state", .help = "the escalation's"),
};
static OURS(shape_noted_row, "NotedRow", "What happened in between");

static const struct json_field shape_summed_row_rows[] = {
    IS("kind", "summed"), ROW_ROWS, ASKED_ROWS, TEXT("text", MUST), WHOLE("upto", MUST, .help = "the last row that it stands for"),
};
static OURS(shape_summed_row, "SummedRow", "What the model is given instead of the rows above");

static const struct json_field shape_chat_row_rows[] = {
    IS("kind", "said", "answered", "returned", "noted", "summed"),
};
static const struct shape *const row_kinds[] = {
    &shape_said_row, &shape_answered_row, &shape_returned_row, &shape_noted_row, &shape_summed_row,
};
static EITHER(shape_chat_row, "ChatRow", "A row of a conversation; none of it ever changes", row_kinds);

static const struct json_field shape_talk_rows[] = {
    ONE("session", shape_chat_session_rows, MUST), MANY("rows", shape_chat_row_rows, MUST),
};
static OURS(shape_talk, "Talk", "GET chat/sessions/ID");

/* ---- GET chat/tools ---- */

static const struct json_field shape_model_tool_rows[] = {
    TEXT("name", MUST), TEXT("title"), TEXT("summary", MUST), IS("state", "offered", "new", "changed", "off"),
    TEXT("why", .help = "why it is not offered"), TEXT("sha256", MUST), TRUTH("read_only", MUST),
    TEXT("accepted_by", .help = "a principal"), TEXT("accepted_at"), TEXT("accepted_sha256"),
    ANY("definition", .holds = JSON_TYPE_OBJECT), ANY("accepted_definition", .holds = JSON_TYPE_OBJECT),
};
static OURS(shape_model_tool, "ModelTool", "A tool, as the model is offered it or not");

static const struct json_field shape_model_tools_rows[] = {MANY("tools", shape_model_tool_rows, MUST)};
OURS(shape_model_tools, "ModelTools", "GET chat/tools");
/* clang-format on */

static const struct shape *const shapes[] = {
    &shape_spent,       &shape_chat_setup,   &shape_chat_session, &shape_chat_sessions,
    &shape_chat_taken,  &shape_text_part,    &shape_call_part,    &shape_answer_part,
    &shape_said_row,    &shape_answered_row, &shape_returned_row, &shape_noted_row,
    &shape_summed_row,  &shape_chat_row,     &shape_talk,         &shape_model_tool,
    &shape_model_tools, &shape_said,         &shape_first_said,   &shape_accept,
};
const struct shape_list chat_shapes = {shapes, N(shapes)};

static struct err note_row(struct request *r, const struct json *row)
{
    const struct json *list = json_get(row, "parts");
    TRY(shape_note(r, &shape_chat_row, row));
    for (size_t i = 0; json_is(list, JSON_TYPE_ARRAY) && i < list->count; i++)
        TRY(shape_note(r, &shape_answer_part, list->items[i]));
    return OK;
}

struct err chat_note_talk(struct request *r, const struct json *talk)
{
    const struct json *list = json_get(talk, "rows");
    TRY(shape_note(r, &shape_talk, talk));
    for (size_t i = 0; json_is(list, JSON_TYPE_ARRAY) && i < list->count; i++)
        TRY(note_row(r, list->items[i]));
    return OK;
}
