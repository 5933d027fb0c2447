/* What somebody of one entity sees of another's: nothing, not in the log of their own refusals
 * either. And what a request makes of too little memory: an error. */
#include "engine/tools/scope.h"

#include "tests/unit/spine_book.h"

static struct actor eve; /* of UK only */

static void entry_of(struct tx *tx, const char *id, enum side side, const char *entity)
{
    struct entry e = {.entry_id = id,
                      .version = 1,
                      .side = side,
                      .contra = CONTRA_ACCOUNT,
                      .contra_account = "4000",
                      .source_id = "s",
                      .file_id = "f",
                      .row_no = 1,
                      .entity_id = entity,
                      .account_id = "1010",
                      .date = {20454},
                      .raw_sha256 = "00"};
    ck_ok(money_make(777777, "USD", &e.amount));
    ck_ok(entry_insert(tx, &e));
}

static void scope_up(void)
{
    struct tx tx;
    enum put put;
    spine_up();
    eve = spine_human("eve");
    book_begin(&tx);
    ck_ok(entity_put(&tx,
                     &(struct entity){.entity_id = "UK",
                                      .name = "UK Ltd",
                                      .functional_currency = "GBP",
                                      .zone = "Europe/London",
                                      .calendar = "UK_EW"},
                     &put));
    ck_ok(principal_put(&tx, "p-eve", "eve", true));
    ck_ok(role_grant(&tx, "p-eve", "controller", "UK"));
    entry_of(&tx, "uk:1", SIDE_BANK, "UK");
    entry_of(&tx, "uk:2", SIDE_GL, "UK");
    entry_of(&tx, "us:1", SIDE_GL, "US");
    entry_of(&tx, "us:2", SIDE_BANK, "US");
    entry_of(&tx, "uk:3", SIDE_BANK, "UK");
    ck_ok(effect_bulk(&tx, TABLE_ENTRIES, 5));
    book_end(&tx);
}

static struct json *ids_of(const char *bank, const char *gl)
{
    struct json *args = json_object_new(arena);
    struct json *banks = json_array_new(arena), *gls = json_array_new(arena);
    json_push(arena, banks, json_text_new(arena, bank));
    json_push(arena, gls, json_text_new(arena, gl));
    json_put(arena, args, "bank_ids", banks);
    json_put(arena, args, "gl_ids", gls);
    return args;
}

static struct call *propose(const struct actor *actor, const char *bank, const char *gl)
{
    return spine_run(spine_call(actor, "propose_match", NULL, ids_of(bank, gl)));
}

static const struct json *read_as(const struct actor *actor, const char *tool, const char *list)
{
    struct call *c = spine_call(actor, tool, NULL, json_object_new(arena));
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, c->arena, book_clock(), &tx));
    ck_ok(c->tool->read(c, &tx));
    tx_read_end(&tx);
    return json_get(c->result, list);
}

static bool tells(const struct json *events, int64_t seq)
{
    for (size_t i = 0; i < events->count; i++) {
        int64_t n = 0;
        if (json_int(json_get(events->items[i], "seq"), &n) && n == seq)
            return true;
    }
    return false;
}

START_TEST(a_refusal_over_another_entity_s_entries_does_not_tell_them)
{
    struct call *mixed = propose(&eve, "uk:1", "us:1");
    struct call *own = propose(&eve, "uk:1", "uk:2");
    spine_is(mixed, CALL_DENIED);
    spine_is(own, CALL_OK);
    const struct json *events = read_as(&eve, "query_audit", "events");
    ck_assert(!tells(events, mixed->seq));
    ck_assert(tells(events, own->seq));
    ck_assert(tells(read_as(&spine_ana, "query_audit", "events"), mixed->seq));
}
END_TEST

START_TEST(what_waits_across_entities_is_seen_by_those_who_see_both)
{
    const struct actor agent = spine_agent("ben");
    struct call *m = propose(&spine_ana, "uk:1", "us:1");
    spine_is(m, CALL_OK);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", m->match_id, NULL));
    spine_is(asked, CALL_PENDING);
    ck_assert_uint_eq(read_as(&eve, "list_pending_escalations", "escalations")->count, 0);
    ck_assert_uint_eq(read_as(&spine_ana, "list_pending_escalations", "escalations")->count, 1);
    struct call *own = propose(&spine_ana, "uk:3", "uk:2");
    spine_is(own, CALL_OK);
    spine_is(spine_run(spine_on_match(&agent, "confirm_match", own->match_id, NULL)), CALL_PENDING);
    ck_assert_uint_eq(read_as(&eve, "list_pending_escalations", "escalations")->count, 1);
}
END_TEST

static struct err match_resource(const struct actor *actor, const char *match_id)
{
    struct call *c = ARENA_NEW(arena, struct call);
    struct tx tx;
    struct err e = err_new(ERR_MISSING, "no such resource");
    *c = (struct call){.arena = arena, .actor = *actor, .policy = book_policy};
    for (size_t i = 0; i < resources_n; i++) {
        if (!text_eq(resources[i].name, "match"))
            continue;
        ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
        e = resources[i].read(c, &tx, match_id);
        tx_read_end(&tx);
    }
    return e;
}

START_TEST(a_match_across_entities_is_read_by_those_who_see_both)
{
    const char *across = propose(&spine_ana, "uk:1", "us:1")->match_id;
    const char *own = propose(&spine_ana, "uk:3", "uk:2")->match_id;
    ck_assert_int_eq(match_resource(&eve, across).kind, ERR_MISSING);
    ck_ok(match_resource(&eve, own));
    ck_ok(match_resource(&spine_ana, across));
}
END_TEST

/* ---- too little memory ---- */

static struct call *starved(size_t bytes, const struct actor *actor, const char *tool,
                            const struct json *args)
{
    struct arena *own = arena_new(bytes);
    struct call *c = ARENA_NEW(arena, struct call);
    *c = (struct call){
        .arena = own, .tool = tool_find(tool), .actor = *actor, .policy = book_policy};
    c->err = call_bind(c, args);
    if (c->err.kind != ERR_NONE)
        c->outcome = CALL_FAILED;
    else
        ck_assert(call_group(book_writer, &c, 1, book_clock));
    if (c->outcome == CALL_FAILED)
        ck_assert_msg(c->err.kind == ERR_LIMIT, "%zu bytes: %s", bytes, c->err.msg);
    return c;
}

static void starve(const struct actor *actor, const char *tool, const struct json *args,
                   enum call_outcome fed)
{
    int64_t events = spine_events();
    for (size_t bytes = 64; bytes < (size_t)8 << 20; bytes += bytes < 65536 ? 96 : 4096) {
        struct call *c = starved(bytes, actor, tool, args);
        enum call_outcome outcome = c->outcome;
        arena_free(c->arena);
        if (outcome != CALL_FAILED) {
            ck_assert_int_eq(outcome, fed);
            ck_assert_int_gt(spine_events(), events);
            book_is_intact();
            return;
        }
        ck_assert_int_eq(spine_events(), events);
    }
    ck_abort_msg("no memory was enough");
}

START_TEST(a_call_without_memory_fails_and_leaves_nothing)
{
    const struct actor agent = spine_agent("ben");
    const char **ids = spine_matches(1, 3, 1000);
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "match_id", ids[0]);
    json_put_text(arena, args, "rationale", "seen");
    json_put_text(arena, args, "idempotency_key", "k");
    starve(&agent, "confirm_match", args, CALL_PENDING);
    starve(&eve, "confirm_match", args, CALL_DENIED);
    starve(&spine_ana, "confirm_match", args, CALL_OK);
    starve(&agent, "propose_match", ids_of("us:2", "us:1"), CALL_OK);
    json_put_text(arena, args, "match_id", ids[1]);
    starve(&spine_ana, "reject_match", args, CALL_OK);
    struct call *asked = spine_run(spine_on_match(&agent, "confirm_match", ids[2], NULL));
    args = json_object_new(arena);
    json_put_text(arena, args, "escalation_id", asked->escalation_id);
    json_put_text(arena, args, "decision", "confirm");
    json_put_text(arena, args, "digest", json_get_text(asked->result, "digest"));
    starve(&spine_ana, "resolve_escalation", args, CALL_OK);
}
END_TEST

SPINE_MAIN("scope", scope_up, spine_down,
           a_refusal_over_another_entity_s_entries_does_not_tell_them,
           what_waits_across_entities_is_seen_by_those_who_see_both,
           a_match_across_entities_is_read_by_those_who_see_both,
           a_call_without_memory_fails_and_leaves_nothing)
