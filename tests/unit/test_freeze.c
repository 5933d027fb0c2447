/* The kill switch: what it stops, what it leaves to thaw by, and what waits meanwhile. */
#include "common/base/buf.h"
#include "common/sys/crypt.h"
#include "tests/unit/admin_book.h"

#define FREEZE(scope, value)                                                                       \
    "{\"scope\":\"" scope "\",\"value\":\"" value "\",\"reason\":\"odd nights\"}"
#define FREEZE_ALL "{\"scope\":\"all\",\"reason\":\"stop\"}"

static const char *freeze_id(const struct call *c)
{
    spine_is(c, CALL_OK);
    return json_get_text(c->result, "freeze_id");
}

static struct call *thaw_as(const char *name, const char *id, bool prod)
{
    const char *args = arena_fmt(arena, "{\"freeze_id\":\"%s\",\"rationale\":\"safe\"}", id);
    return prod ? admin_prod(name, "thaw", args) : admin_dev(name, "thaw", args);
}

static struct call *confirm_as(const struct actor *actor, const char *match_id)
{
    return spine_run(spine_on_match(actor, "confirm_match", match_id, "seen"));
}

START_TEST(a_frozen_agent_is_denied_until_it_is_thawed)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 1, 1000);
    const char *id = freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "llm:claude.s-1")));
    admin_denied(confirm_as(&agent, ids[0]), REASON_FROZEN);
    ck_assert_int_eq(spine_events_of("POLICY_VIOLATION"), 1);
    spine_is(confirm_as(&spine_ana, ids[0]), CALL_OK);
    spine_is(thaw_as("ana", id, false), CALL_OK);
    spine_failed(thaw_as("ana", id, false), ERR_MISSING);
    ck_assert_int_eq(spine_events_of("FROZEN"), 1);
    ck_assert_int_eq(spine_events_of("THAWED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_frozen_person_is_frozen_with_every_agent_of_theirs)
{
    const struct actor cho = spine_human("cho"), agent = spine_agent("cho");
    const char **ids = spine_matches(1, 1, 1000);
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "human:cho")));
    admin_denied(confirm_as(&cho, ids[0]), REASON_FROZEN);
    admin_denied(confirm_as(&agent, ids[0]), REASON_FROZEN);
    book_is_intact();
}
END_TEST

START_TEST(a_freeze_stops_its_kind_and_its_tool_and_nothing_else)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    const char *kind = freeze_id(admin_dev("ana", "freeze", FREEZE("kind", "llm")));
    admin_denied(confirm_as(&agent, ids[0]), REASON_FROZEN);
    spine_is(confirm_as(&spine_ana, ids[0]), CALL_OK);
    spine_is(thaw_as("ana", kind, false), CALL_OK);
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("tool", "confirm_match")));
    admin_denied(confirm_as(&spine_ana, ids[1]), REASON_FROZEN);
    spine_is(spine_run(spine_on_match(&spine_ana, "reject_match", ids[1], "no")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(everything_frozen_is_thawed_by_two_people)
{
    const char **ids = spine_matches(1, 1, 1000);
    const char *id = freeze_id(admin_prod("ana", "freeze", FREEZE_ALL));
    admin_denied(confirm_as(&spine_ana, ids[0]), REASON_FROZEN);
    admin_denied(admin_prod("ben", "change_person", "{\"act\":\"disable\",\"person\":\"dia\"}"),
                 REASON_FROZEN);
    struct call *asked = thaw_as("ben", id, true);
    spine_is(asked, CALL_PENDING);
    admin_denied(admin_answer("ben", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    spine_is(admin_answer("ana", asked, "confirm"), CALL_OK);
    spine_is(confirm_as(&spine_ana, ids[0]), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(no_freeze_of_kind_or_tool_locks_itself_in)
{
    const char *humans = freeze_id(admin_prod("ana", "freeze", FREEZE("kind", "human")));
    struct call *asked = thaw_as("ana", humans, true);
    spine_is(asked, CALL_PENDING);
    spine_is(admin_answer("ben", asked, "confirm"), CALL_OK);
    const char *tool = freeze_id(admin_prod("ana", "freeze", FREEZE("tool", "thaw")));
    (void)freeze_id(admin_prod("ana", "freeze", FREEZE("tool", "resolve_escalation")));
    asked = thaw_as("ben", tool, true);
    spine_is(asked, CALL_PENDING);
    spine_is(admin_answer("ana", asked, "confirm"), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(enough_people_stay_who_can_thaw)
{
    struct call *c = admin_prod("ana", "freeze", FREEZE("actor", "human:ben"));
    spine_failed(c, ERR_CONFLICT);
    ck_assert_ptr_nonnull(strstr(c->err.msg, "1 people would be left"));
    /* in dev one who thaws is enough; the last one is not frozen there either */
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "human:ben")));
    spine_failed(admin_dev("ana", "freeze", FREEZE("actor", "human:ana")), ERR_CONFLICT);
    book_is_intact();
}
END_TEST

START_TEST(what_a_frozen_agent_asked_for_waits)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *one = confirm_as(&agent, ids[0]), *two = confirm_as(&agent, ids[1]);
    const char *kind = freeze_id(admin_dev("ana", "freeze", FREEZE("kind", "llm")));
    admin_denied(spine_run(spine_answer(&spine_ana, one, "confirm", "seen")), REASON_FROZEN);
    ck_assert_int_eq(spine_escalation(one->escalation_id).state, ESCALATION_PENDING);
    spine_is(thaw_as("ana", kind, false), CALL_OK);
    spine_is(spine_run(spine_answer(&spine_ana, one, "confirm", "seen")), CALL_OK);
    /* the person behind the agent, frozen */
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("actor", "human:ben")));
    admin_denied(spine_run(spine_answer(&spine_ana, two, "confirm", "seen")), REASON_FROZEN);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    book_is_intact();
}
END_TEST

START_TEST(a_freeze_is_thrown_once_and_by_people)
{
    const struct actor agent = spine_agent("ana");
    struct json *args;
    const char *id = freeze_id(admin_dev("ana", "freeze", FREEZE("kind", "engine")));
    struct call *again = admin_dev("ben", "freeze", FREEZE("kind", "engine"));
    ck_assert_str_eq(freeze_id(again), id);
    ck_assert_int_eq(spine_events_of("FROZEN"), 1);
    ck_ok(json_read(arena, str_of(FREEZE("kind", "llm")), NULL, &args));
    spine_is(spine_run(spine_call(&agent, "freeze", NULL, args)), CALL_PENDING);
    admin_denied(admin_dev("cho", "freeze", FREEZE("kind", "llm")), REASON_NOT_AUTHORISED);
    static const char *const wrong[] = {FREEZE("kind", "martian"), FREEZE("tool", "no_such_tool"),
                                        FREEZE("all", "x"),
                                        "{\"scope\":\"actor\",\"reason\":\"x\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        spine_failed(admin_dev("ana", "freeze", wrong[i]), ERR_INPUT);
    spine_failed(admin_dev("ana", "freeze", FREEZE("actor", "human:nobody")), ERR_MISSING);
    book_is_intact();
}
END_TEST

/* ---- work that is under way ---- */

static struct job_port plain_port(void)
{
    return (struct job_port){.reader = book_reader,
                             .submit = book_submit,
                             .cancelled = book_cancelled,
                             .clock_us = book_clock};
}

/* The request alone is judged: the job waits for its turn. */
static struct call *pass_begun(const struct actor *actor)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "entity_id", "US");
    struct call *c = spine_call(actor, "run_recon_pass", NULL, args), *open = call_open_new(c);
    ck_assert_ptr_nonnull(open);
    spine_is(spine_run(open), CALL_OK);
    ck_assert(call_opened(c, open));
    return c;
}

static int64_t count(const char *sql)
{
    return spine_int(sql, NULL);
}

/* It ended as a denial that a freeze is the reason of, nothing was allowed to the engine since, and
 * the run's lock is given back. */
static void stopped(const struct call *c)
{
    admin_denied(c, REASON_FROZEN);
    ck_assert_str_eq(json_get_text(c->result, "reason"), "FROZEN");
    ck_assert_int_eq(count("SELECT count(*) FROM workflow_runs WHERE state <> 'FAILED'"), 0);
    ck_assert_int_eq(count("SELECT count(*) FROM advisory_locks"), 0);
    ck_assert_int_eq(
        count("SELECT count(*) FROM audit_events WHERE json_extract(event, '$.decision') = 'allow'"
              " AND actor_id LIKE 'engine:%' AND seq >"
              " (SELECT max(seq) FROM audit_events WHERE event_type = 'FROZEN')"),
        0);
    book_is_intact();
}

/* What stops an agent's pass, each in its own way. */
static const char *const stoppers[] = {
    FREEZE("actor", "llm:claude.s-1"), FREEZE("actor", "human:ben"),     FREEZE("kind", "llm"),
    FREEZE("kind", "engine"),          FREEZE("tool", "run_recon_pass"), FREEZE_ALL};
#define STOPPERS (sizeof stoppers / sizeof stoppers[0])

START_TEST(a_pass_whose_asker_is_frozen_before_its_turn_proposes_nothing)
{
    const struct actor agent = spine_agent("ben");
    struct job_port port = plain_port();
    spine_entries(1, 3, 1000);
    for (size_t i = 0; i < STOPPERS; i++) {
        struct call *c = pass_begun(&agent);
        const char *id = freeze_id(admin_dev("ana", "freeze", stoppers[i]));
        ck_ok(call_job(c, &port));
        stopped(c);
        spine_is(thaw_as("ana", id, false), CALL_OK);
    }
    ck_assert_int_eq(count("SELECT count(*) FROM matches"), 0);
}
END_TEST

static const char *to_throw, *thrown; /* what is frozen behind a pass's first batch, and its id */
static const char *leaves;            /* who is disabled there instead; NULL: nobody */
static int batches;

static void disable(const char *person)
{
    spine_is(admin_dev("ana", "change_person",
                       arena_fmt(arena, "{\"act\":\"disable\",\"person\":\"%s\"}", person)),
             CALL_OK);
}

static struct err submit_then_stop(struct job_port *port, struct call **calls, size_t n)
{
    TRY(book_submit(port, calls, n));
    if (++batches > 1)
        return OK;
    if (leaves != NULL)
        disable(leaves);
    else
        thrown = freeze_id(admin_dev("ana", "freeze", to_throw));
    return OK;
}

static struct call *pass_frozen_amid(const char *freeze)
{
    const struct actor agent = spine_agent("ben");
    struct job_port port = plain_port();
    struct call *c = pass_begun(&agent);
    port.submit = submit_then_stop;
    to_throw = freeze;
    leaves = NULL;
    batches = 0;
    ck_ok(call_job(c, &port));
    return c;
}

START_TEST(a_pass_stops_at_its_next_chunk_when_its_asker_is_frozen)
{
    int64_t before = 0;
    for (size_t i = 0; i < STOPPERS; i++) {
        spine_entries(1 + 1200 * (int)i, 1200, 1000);
        stopped(pass_frozen_amid(stoppers[i]));
        ck_assert_int_eq(batches, 3); /* what stands, what was denied, the end */
        int64_t proposed = count("SELECT count(*) FROM matches");
        ck_assert(proposed > before && proposed < 1200 * (int64_t)(i + 1));
        before = proposed;
        spine_is(thaw_as("ana", thrown, false), CALL_OK);
    }
}
END_TEST

START_TEST(what_a_freeze_kept_from_auto_confirm_is_asked_again_after_the_thaw)
{
    const struct actor agent = spine_agent("ben");
    struct job_port port = plain_port();
    spine_entries(1, 5, 1000);
    struct call *c = pass_frozen_amid(FREEZE("tool", "confirm_match"));
    stopped(c);
    ck_assert_int_eq(count("SELECT count(*) FROM match_states"), 0);
    spine_is(thaw_as("ana", thrown, false), CALL_OK);
    c = pass_begun(&agent);
    ck_ok(call_job(c, &port));
    spine_is(c, CALL_OK);
    ck_assert_int_eq(count("SELECT count(*) FROM match_states WHERE state = 'CONFIRMED'"), 5);
    book_is_intact();
}
END_TEST

/* It failed, with the reason where the run's end is recorded, and nothing came of it since. */
static void ended_for_who_left(const struct call *c, struct err e)
{
    ck_err(e, ERR_AUTH);
    ck_assert_ptr_nonnull(strstr(e.msg, "who asked for it is disabled"));
    ck_assert_int_eq(count("SELECT count(*) FROM advisory_locks"), 0);
    ck_assert_int_eq(
        spine_int("SELECT count(*) FROM audit_events WHERE event_type = 'RUN_ENDED'"
                  " AND json_extract(event, '$.batch_id') = ?1 AND"
                  " json_extract(event, '$.detail.error') LIKE '%who asked for it is disabled%'",
                  c->run_id),
        1);
    ck_assert_int_eq(
        count("SELECT count(*) FROM audit_events WHERE event_type <> 'RUN_ENDED'"
              " AND actor_id LIKE 'engine:%' AND seq >"
              " (SELECT max(seq) FROM audit_events WHERE event_type = 'REGISTRY_CHANGED')"),
        0);
    book_is_intact();
}

START_TEST(a_pass_stops_at_its_next_chunk_when_its_asker_is_disabled)
{
    const struct actor agent = spine_agent("ben");
    struct job_port port = plain_port();
    spine_entries(1, 1200, 1000);
    struct call *c = pass_begun(&agent);
    port.submit = submit_then_stop;
    leaves = "ben";
    batches = 0;
    ended_for_who_left(c, call_job(c, &port));
    ck_assert_int_eq(batches, 3); /* what stands, what was refused, the end */
    const int64_t proposed = count("SELECT count(*) FROM matches");
    ck_assert(proposed > 0 && proposed < 1200);
    ck_assert_int_eq(count("SELECT count(*) FROM match_states"), 0);
}
END_TEST

START_TEST(a_pass_whose_asker_is_disabled_before_its_turn_proposes_nothing)
{
    const struct actor ben = spine_human("ben");
    struct job_port port = plain_port();
    spine_entries(1, 3, 1000);
    struct call *c = pass_begun(&ben);
    disable("ben");
    ended_for_who_left(c, call_job(c, &port));
    ck_assert_int_eq(count("SELECT count(*) FROM matches"), 0);
}
END_TEST

START_TEST(auto_confirm_stops_when_the_pass_s_asker_is_disabled)
{
    const struct actor agent = spine_agent("ben");
    struct job_port port = plain_port();
    spine_entries(1, 5, 1000);
    struct call *c = pass_begun(&agent);
    port.submit = submit_then_stop; /* all is proposed in the first batch */
    leaves = "ben";
    batches = 0;
    ended_for_who_left(c, call_job(c, &port));
    ck_assert_int_eq(count("SELECT count(*) FROM matches"), 5);
    ck_assert_int_eq(count("SELECT count(*) FROM match_states"), 0);
}
END_TEST

/* ---- a load ---- */

#define ROWS  4500
#define CHUNK 2000 /* of ingest_file.c */

static void bank_declared(void)
{
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "sources_yaml",
                  "sources:\n  - id: bank\n    entity: US\n    account: \"1010\"\n    side: bank\n"
                  "    date_format: YYYY-MM-DD\n    decimal: \".\"\n    sign: as_is\n"
                  "    contra: none\n    currency: USD\n"
                  "    columns: {id: Id, date: Date, amount: Amount, memo: Text}\n");
    spine_is(spine_run(spine_call(&spine_ana, "load_master", NULL, args)), CALL_OK);
}

static struct call *load_by(const struct actor *actor, const char *prefix)
{
    struct json *args = json_object_new(arena);
    struct buf csv;
    buf_init(&csv, 1 << 20);
    buf_puts(&csv, "Id,Date,Amount,Text\n");
    for (int i = 0; i < ROWS; i++)
        buf_putf(&csv, "%s%d,2026-06-01,1.00,x\n", prefix, i);
    char *text = arena_alloc(arena, BASE64_SIZE(csv.len));
    ck_assert_ptr_nonnull(text);
    base64_print(csv.at, csv.len, text);
    buf_fini(&csv);
    json_put_text(arena, args, "source_id", "bank");
    json_put_text(arena, args, "name", "file.csv");
    json_put_text(arena, args, "content_base64", text);
    return spine_call(actor, "ingest_file", NULL, args);
}

START_TEST(a_load_stops_at_its_next_chunk_when_whoever_loads_is_frozen)
{
    static const char *const freezes[] = {FREEZE("actor", "human:ben"),
                                          FREEZE("tool", "ingest_file")};
    const struct actor ben = spine_human("ben");
    struct job_port port = plain_port();
    bank_declared();
    leaves = NULL;
    for (int i = 0; i < 2; i++) {
        const char *prefix = i == 0 ? "a" : "b";
        struct call *c = load_by(&ben, prefix);
        port.submit = submit_then_stop;
        to_throw = freezes[i];
        batches = 0;
        ck_ok(call_job(c, &port));
        admin_denied(c, REASON_FROZEN);
        ck_assert_int_eq(count("SELECT count(*) FROM entries"), i * ROWS + CHUNK);
        ck_assert_int_eq(count("SELECT count(*) FROM advisory_locks"), 0);
        spine_is(thaw_as("ana", thrown, false), CALL_OK);
        port.submit = book_submit;
        c = load_by(&ben, prefix);
        ck_ok(call_job(c, &port));
        spine_is(c, CALL_OK);
        ck_assert_int_eq(count("SELECT count(*) FROM entries"), (i + 1) * ROWS);
    }
    book_is_intact();
}
END_TEST

START_TEST(a_load_stops_at_its_next_chunk_when_whoever_loads_is_disabled)
{
    const struct actor ben = spine_human("ben");
    struct job_port port = plain_port();
    bank_declared();
    struct call *c = load_by(&ben, "a");
    port.submit = submit_then_stop;
    leaves = "ben";
    batches = 0;
    ck_err(call_job(c, &port), ERR_AUTH);
    ck_assert_int_eq(count("SELECT count(*) FROM entries"), CHUNK);
    ck_assert_int_eq(count("SELECT count(*) FROM advisory_locks"), 0);
    book_is_intact();
}
END_TEST

START_TEST(an_item_of_several_is_stopped_by_a_freeze_of_what_it_would_do)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *one = confirm_as(&agent, ids[0]), *two = confirm_as(&agent, ids[1]);
    struct json *args = json_object_new(arena), *items = json_array_new(arena);
    const struct call *both[] = {one, two};
    for (size_t i = 0; i < 2; i++) {
        struct json *item = json_object_new(arena);
        json_put_text(arena, item, "escalation_id", both[i]->escalation_id);
        json_put_text(arena, item, "digest", spine_escalation(both[i]->escalation_id).digest);
        json_push(arena, items, item);
    }
    json_put_text(arena, args, "decision", "confirm");
    json_put_text(arena, args, "rationale", "seen");
    json_put(arena, args, "items", items);
    (void)freeze_id(admin_dev("ana", "freeze", FREEZE("tool", "confirm_match")));
    struct call *c = spine_run(spine_call(&spine_ana, "resolve_escalations", NULL, args));
    spine_is(c, CALL_OK); /* each is judged by itself */
    const struct json *results = json_get(c->result, "results");
    for (size_t i = 0; i < 2; i++) {
        ck_assert_str_eq(json_get_text(results->items[i], "status"), "denied");
        ck_assert_str_eq(json_get_text(results->items[i], "reason"), "FROZEN");
        ck_assert_int_eq(spine_state(ids[i]), MATCH_PROPOSED);
    }
    book_is_intact();
}
END_TEST

SPINE_MAIN("freeze", admin_up, spine_down, a_frozen_agent_is_denied_until_it_is_thawed,
           a_frozen_person_is_frozen_with_every_agent_of_theirs,
           a_freeze_stops_its_kind_and_its_tool_and_nothing_else,
           everything_frozen_is_thawed_by_two_people, no_freeze_of_kind_or_tool_locks_itself_in,
           enough_people_stay_who_can_thaw, what_a_frozen_agent_asked_for_waits,
           a_freeze_is_thrown_once_and_by_people,
           a_pass_whose_asker_is_frozen_before_its_turn_proposes_nothing,
           a_pass_stops_at_its_next_chunk_when_its_asker_is_frozen,
           what_a_freeze_kept_from_auto_confirm_is_asked_again_after_the_thaw,
           a_pass_stops_at_its_next_chunk_when_its_asker_is_disabled,
           a_pass_whose_asker_is_disabled_before_its_turn_proposes_nothing,
           auto_confirm_stops_when_the_pass_s_asker_is_disabled,
           a_load_stops_at_its_next_chunk_when_whoever_loads_is_frozen,
           a_load_stops_at_its_next_chunk_when_whoever_loads_is_disabled,
           an_item_of_several_is_stopped_by_a_freeze_of_what_it_would_do)
