/* Opening what a turn needs, and asking the registry for whom it is. */
#include "agent/cli/headless.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/llm/begin.h"
#include "agent/llm/show.h"
#include "common/base/id.h"
#include "common/sys/log.h"
#include "common/sys/os_subject.h"

#define WORKERS 2

/* The first asks the turn to end as the Chat's stop does; whoever insists leaves it open. */
static void on_signal(void *ctx)
{
    struct headless *h = ctx;
    h->signals++;
    if (h->signals == 1 && h->following != NULL)
        llm_halt(h->agent.llm, h->following);
    else if (h->signals > 1)
        loop_stop(h->loop);
}

/* ---- for whom ---- */

static struct err find_named(struct headless *h, const char *named)
{
    static const char human[] = "human:";
    ENSURE(strncmp(named, human, sizeof human - 1) == 0 && named[sizeof human - 1] != '\0',
           ERR_INPUT, "--for names a person: human:ID");
    const struct err e = whois(h->mcpc, h->agent.engine, h->cli->arena, "actor", NULL,
                               named + sizeof human - 1, &h->person);
    if (e.kind == ERR_MISSING)
        return err_at(ERR_MISSING, named, "the registry knows nobody of this name");
    return err_in(e, named);
}

static struct err find_user(struct headless *h)
{
    const char *me = os_subject(h->cli->arena, getuid());
    ENSURE(me != NULL, ERR_LIMIT, "no memory");
    const struct err e = whois(h->mcpc, h->agent.engine, h->cli->arena, "os", NULL, me, &h->person);
    if (e.kind == ERR_MISSING)
        return err_at(ERR_MISSING, me,
                      "this user of this host is linked to nobody in the registry: say --for "
                      "human:ID, or link it (closegate-engine actor link)");
    return err_in(e, me);
}

struct mcpc_actor headless_reader(const struct headless *h, const char *name)
{
    return (struct mcpc_actor){.sub = arena_fmt(h->cli->arena, "llm:chat.%s", name),
                               .obo = h->person.principal_id,
                               .channel = "chat",
                               .model = cli_config(h->cli)->llm.model};
}

struct err headless_entity(struct headless *h, const char *entity_id)
{
    const struct mcpc_actor who = headless_reader(h, "ask");
    const struct json *me;
    if (entity_id == NULL)
        return OK;
    TRY(arena_check(h->cli->arena));
    TRY(mcpc_read_json(h->mcpc, h->cli->arena, &who, "recon://me", &me));
    return llm_entity_check(me, entity_id);
}

/* ---- opening ---- */

static struct err open_loop(struct headless *h)
{
    const struct mcpc_options engine = open_engine_options(h->cli);
    h->agent = (struct agent){.config = cli_config(h->cli), .started_us = cli_clock_us()};
    TRY(mcpc_shared_new(&engine, &h->agent.engine));
    TRY(mcpc_new(h->agent.engine, &h->mcpc));
    TRY(loop_new(&h->loop));
    TRY(loop_on_signal(h->loop, SIGINT, on_signal, h));
    TRY(loop_on_signal(h->loop, SIGTERM, on_signal, h));
    const struct llm_options llm = {.loop = h->loop,
                                    .agent = &h->agent,
                                    .db_path = cli_path(h->cli, "agent.db"),
                                    .clock_us = cli_clock_us,
                                    .workers = WORKERS};
    return llm_start(&llm, &h->agent.llm);
}

struct err headless_open(struct cli *cli, struct headless *h)
{
    struct log_options log = log_options_default();
    *h = (struct headless){.cli = cli};
    log.level = LOG_ERROR; /* what a person should know stands in the rows, in words */
    log_init(&log);
    ENSURE(cli_config(cli)->llm.api != LLM_API_NONE, ERR_UPSTREAM,
           "no model is set up: CLOSEGATE_AGENT_MODEL and a provider's key or address do that");
    TRY(open_agent_db(cli, &h->db));
    return open_loop(h);
}

struct err headless_person(struct headless *h, const char *named)
{
    return named == NULL ? find_user(h) : find_named(h, named);
}

void headless_close(struct headless *h)
{
    llm_stop(h->agent.llm);
    llm_free(h->agent.llm);
    mcpc_free(h->mcpc);
    mcpc_shared_free(h->agent.engine);
    loop_free(h->loop);
    agent_db_close(h->db);
}

struct err headless_again(struct headless *h, struct talk *t)
{
    if (t->turn_open) {
        llm_resume(h->agent.llm, t->session_id);
        return OK;
    }
    ENSURE(t->state == AGENT_SESSION_FAILED, ERR_CONFLICT, "there is no turn to go on with");
    TRY(agent_db_begin(h->db));
    TRY(agent_db_end(h->db, talk_move(h->db, h->cli->arena, t, AGENT_SESSION_EVENT_RETRY, true,
                                      cli_clock_us())));
    llm_wake(h->agent.llm, t->session_id);
    return OK;
}

/* ---- what it took ---- */

static int64_t input_of(const struct trace_use *use)
{
    return use->input_tokens + use->cache_read_tokens + use->cache_write_tokens;
}

const char *headless_use(struct arena *arena, const struct trace_use *use)
{
    const char *cost = show_cost(arena, use->cost_micros);
    return arena_fmt(arena, "%lld tokens in, %lld out, %s USD", (long long)input_of(use),
                     (long long)use->output_tokens, cost == NULL ? "?" : cost);
}

struct json *headless_use_json(struct arena *arena, const struct trace_use *use)
{
    struct json *o = json_object_new(arena);
    json_put_int(arena, o, "input_tokens", input_of(use));
    json_put_int(arena, o, "output_tokens", use->output_tokens);
    json_put_text(arena, o, "cost", show_cost(arena, use->cost_micros));
    return o;
}
