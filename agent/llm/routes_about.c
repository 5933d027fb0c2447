/* What there is to chat with: the model, its budgets, its tools, and who accepts them. */
#include "agent/llm/routes_own.h"

#include <string.h>

#include "agent/llm/chat_shapes.h"
#include "agent/llm/turn.h"
#include "agent/store/tool_pins.h"
#include "common/sys/json_read.h"

/* ---- GET chat ---- */

static const struct {
    const char *title, *text;
} suggestions[] = {
    {"What stands in the way of the close?",
     "What is still open for the close of this month? List exceptions by age, matches that wait "
     "for "
     "approval and accounts that do not reconcile, with amounts."},
    {"Clear what you can",
     "Run a reconciliation pass, then look at what is left and propose matches where the evidence "
     "is good. Tell me what waits for approval and why."},
    {"Why is it unmatched?", "Look at the oldest open exceptions and explain for each of the first "
                             "five why it has no match "
                             "and what would settle it."},
    {"What needs a second pair of eyes?", "Which of the waiting approvals are the largest, who may "
                                          "decide them, and what does the policy "
                                          "say about each?"},
    {"What was denied?",
     "What did the policy deny in the last seven days, to whom, and by which clause?"},
};

static void put_spent(struct arena *arena, struct json *o, const char *key,
                      const struct trace_use *use, int64_t tokens_max, int64_t cost_max)
{
    struct json *one = json_object_new(arena);
    json_put_int(arena, one, "tokens", trace_use_tokens(use));
    json_put(arena, one, "tokens_max",
             tokens_max == 0 ? json_null_new(arena) : json_int_new(arena, tokens_max));
    json_put_text(arena, one, "cost", show_cost(arena, use->cost_micros));
    json_put(arena, one, "cost_max",
             cost_max == 0 ? json_null_new(arena)
                           : json_text_new(arena, show_cost(arena, cost_max)));
    json_put(arena, o, key, one);
}

static struct err put_budgets(struct request *r, struct json *o)
{
    const struct llm_limits *tokens = &r->config->llm.tokens, *cost = &r->config->llm.cost_micros;
    struct json *spent = json_object_new(r->arena);
    struct trace_use own, all;
    TRY(traces_spent(r->db, r->session.principal_id, r->now_us, &own));
    TRY(traces_spent(r->db, NULL, r->now_us, &all));
    put_spent(r->arena, spent, "session", &(struct trace_use){0}, tokens->session, cost->session);
    put_spent(r->arena, spent, "person_day", &own, tokens->person_day, cost->person_day);
    put_spent(r->arena, spent, "day", &all, tokens->day, cost->day);
    json_put_text(r->arena, spent, "currency", "USD");
    json_put(r->arena, o, "spent", spent);
    return OK;
}

static struct json *suggestions_json(struct arena *arena)
{
    struct json *list = json_array_new(arena);
    for (size_t i = 0; i < sizeof suggestions / sizeof suggestions[0]; i++) {
        struct json *one = json_object_new(arena);
        json_put_text(arena, one, "title", suggestions[i].title);
        json_put_text(arena, one, "text", suggestions[i].text);
        json_push(arena, list, one);
    }
    return list;
}

/* The tools as the model of this person would see them. */
static struct err hold_tools(struct request *r, struct tools_held **held)
{
    const struct worker_tools worker = {r->db, r->mcpc};
    const struct talk nobody = {.session_id = "tools",
                                .principal_id = r->session.principal_id,
                                .model = r->config->llm.model};
    const struct mcpc_actor actor = turn_actor(r->arena, &nobody);
    TRY(arena_check(r->arena));
    return tools_hold(r->agent->llm->tools, &worker, r->arena, &actor, r->now_us, held);
}

/* How many are offered; while the engine is not there nobody knows, and the page says so by
 * itself. */
static void put_tools(struct request *r, struct json *o)
{
    struct tools_held *held = NULL;
    struct json *tools = json_object_new(r->arena);
    int64_t withheld = 0;
    if (hold_tools(r, &held).kind != ERR_NONE)
        return;
    for (size_t i = 0; i < held->set.rows_n; i++) {
        const enum toolset_state state = held->set.rows[i].state;
        withheld += state == TOOLSET_NEW || state == TOOLSET_CHANGED;
    }
    json_put_int(r->arena, tools, "offered", (int64_t)held->set.n);
    json_put_int(r->arena, tools, "withheld", withheld);
    json_put(r->arena, o, "tools", tools);
    tools_release(r->agent->llm->tools, held);
}

struct err get_chat(struct request *r)
{
    struct json *o = json_object_new(r->arena);
    const bool configured = r->agent->llm != NULL;
    json_put_bool(r->arena, o, "configured", configured);
    if (!configured) {
        json_put_text(r->arena, o, "why",
                      "No model is set up. CLOSEGATE_AGENT_MODEL names one, and a provider's key "
                      "(ANTHROPIC_API_KEY_FILE, OPENAI_API_KEY_FILE) or the address of a server of "
                      "your own (CLOSEGATE_LLM_BASE_URL) says where it is.");
        TRY(shape_note(r, &shape_chat_setup, o));
        reply_json(r, 200, o);
        return OK;
    }
    json_put_text(r->arena, o, "api", llm_api_name(r->config->llm.api));
    json_put_text(r->arena, o, "model", r->config->llm.model);
    json_put(r->arena, o, "suggestions", suggestions_json(r->arena));
    TRY(put_budgets(r, o));
    put_tools(r, o);
    TRY(shape_note(r, &shape_chat_setup, o));
    reply_json(r, 200, o);
    return OK;
}

/* ---- GET chat/tools ---- */

static void put_pin(struct request *r, struct json *o, const struct tool_pin *pin)
{
    struct json *tree;
    if (pin->sha256 == NULL)
        return;
    json_put_text(r->arena, o, "accepted_by", pin->accepted_by);
    json_put_instant(r->arena, o, "accepted_at", pin->accepted_us);
    json_put_text(r->arena, o, "accepted_sha256", pin->sha256);
    if (json_read(r->arena, str_of(pin->definition), NULL, &tree).kind == ERR_NONE)
        json_put(r->arena, o, "accepted_definition", tree);
}

static struct json *tool_json(struct request *r, const struct toolset_row *row,
                              const struct tool_pin *pins, size_t pins_n)
{
    static const char *const states[] = {"off", "offered", "new", "changed"};
    struct json *o = json_object_new(r->arena);
    json_put_text(r->arena, o, "name", row->name);
    json_put_known(r->arena, o, "title", row->title);
    json_put(r->arena, o, "summary", json_str_new(r->arena, row->summary));
    json_put_text(r->arena, o, "state", states[row->state]);
    json_put_known(r->arena, o, "why", row->why);
    json_put_text(r->arena, o, "sha256", row->sha256);
    json_put_bool(r->arena, o, "read_only", row->read_only);
    if (row->definition != NULL)
        json_put(r->arena, o, "definition", row->definition);
    for (size_t i = 0; i < pins_n; i++)
        if (text_eq(pins[i].name, row->name))
            put_pin(r, o, &pins[i]);
    return o;
}

/* Written out at once: the definitions live as long as they are held. */
static struct err tools_json(struct request *r, const struct toolset *set)
{
    struct json *o = json_object_new(r->arena), *list = json_array_new(r->arena);
    struct tool_pin *pins;
    struct str text;
    size_t pins_n;
    TRY(pin_list(r->db, r->arena, &pins, &pins_n));
    for (size_t i = 0; i < set->rows_n; i++)
        json_push(r->arena, list, tool_json(r, &set->rows[i], pins, pins_n));
    json_put(r->arena, o, "tools", list);
    TRY(shape_note(r, &shape_model_tools, o));
    TRY(arena_check(r->arena));
    CLEANUP(jw_fini) struct jw w;
    jw_init(&w, (size_t)32 << 20);
    jw_tree(&w, NULL, o);
    TRY(jw_done(&w, &text));
    const char *kept = arena_dup(r->arena, text.at, text.len);
    TRY(arena_check(r->arena));
    reply_raw(r, 200, (struct str){kept, text.len});
    return OK;
}

static struct err need_model(const struct request *r)
{
    ENSURE(r->agent->llm != NULL, ERR_MISSING, "no model is set up");
    return OK;
}

struct err get_tools(struct request *r)
{
    struct tools_held *held;
    TRY(need_model(r));
    TRY(hold_tools(r, &held));
    const struct err e = tools_json(r, &held->set);
    tools_release(r->agent->llm->tools, held);
    return e;
}

/* ---- POST chat/tools/{name}/accept ---- */

/* What a model may be offered is for those who answer for the controls. */
static struct err may_accept(struct request *r, bool *may)
{
    static const char *const roles[] = {"admin", "controller"};
    const struct json *me;
    *may = false;
    TRY(request_read(r, "recon://me", &me));
    const struct json *own = json_get(me, "roles");
    for (size_t i = 0; own != NULL && i < own->count; i++) {
        const char *role = json_get_text(own->items[i], "role");
        for (size_t k = 0; role != NULL && k < sizeof roles / sizeof roles[0]; k++)
            *may = *may || text_eq(role, roles[k]);
    }
    return OK;
}

struct accept {
    const char *sha256;
};

static const struct json_field accept_fields[] = {
    JSON_TEXT(struct accept, sha256, .required = true, .min = 64, .max = 64,
              .help = "of the definition that was read"),
};

const struct shape shape_accept = {.name = "Accept",
                                   .help = "POST chat/tools/NAME/accept",
                                   .fields = accept_fields,
                                   .n = sizeof accept_fields / sizeof accept_fields[0],
                                   .closed = true};

struct err post_tool_accept(struct request *r)
{
    struct accept accept = {0};
    struct str name, verb;
    bool may;
    TRY(need_model(r));
    ENSURE(str_cut(r->rest, '/', &name, &verb) && str_is(verb, "accept"), ERR_MISSING,
           "there is no such address");
    TRY(request_body(r, JSON_FIELDS(accept_fields), &accept));
    TRY(may_accept(r, &may));
    if (!may) { /* 401 would tell the page that nobody is signed in */
        reply_error(r, 403, "auth", "a tool's definition is accepted by an admin or a controller",
                    NULL);
        return OK;
    }
    const char *tool = str_dup(r->arena, name);
    TRY(arena_check(r->arena));
    TRY(agent_db_begin(r->db));
    TRY(agent_db_end(r->db,
                     pin_accept(r->db, tool, accept.sha256, r->session.principal_id, r->now_us)));
    tools_forget(r->agent->llm->tools);
    reply_json(r, 200, json_object_new(r->arena));
    return OK;
}
