/* People, identities, roles and clients change under control: what is refused, and that in prod it
 * takes two who are neither each other nor the person concerned. */
#include "tests/unit/admin_book.h"

#define ADD_EVE "{\"act\":\"add\",\"person\":\"eve\",\"name\":\"Eve\"}"

START_TEST(a_person_is_added_with_the_id_they_act_by)
{
    struct call *c = admin_dev("ana", "change_person", ADD_EVE);
    spine_is(c, CALL_OK);
    struct person eve = admin_person("human:eve");
    ck_assert_str_eq(json_get_text(c->result, "principal_id"), eve.base.principal_id);
    ck_assert_str_eq(eve.base.name, "Eve");
    ck_assert_uint_eq(eve.identities_n, 1);
    ck_assert_uint_eq(eve.grants_n, 0);
    ck_assert_int_eq(spine_events_of("REGISTRY_CHANGED"), 2);
    spine_failed(admin_dev("ana", "change_person", ADD_EVE), ERR_CONFLICT);
    book_is_intact();
}
END_TEST

START_TEST(what_makes_no_person_is_refused)
{
    static const char *const wrong[] = {
        "{\"act\":\"add\",\"person\":\"eve\"}",
        "{\"act\":\"add\",\"person\":\"e ve\",\"name\":\"Eve\"}",
        "{\"act\":\"add\",\"person\":\"llm:eve\",\"name\":\"Eve\"}",
        "{\"act\":\"add\",\"person\":\"engine:eve\",\"name\":\"Eve\"}",
        "{\"act\":\"add\",\"person\":\"human:\",\"name\":\"Eve\"}",
        "{\"act\":\"rename\",\"person\":\"ben\"}",
        "{\"act\":\"disable\",\"person\":\"ben\",\"name\":\"Ben\"}",
    };
    int64_t before = spine_events();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        spine_failed(admin_dev("ana", "change_person", wrong[i]), ERR_INPUT);
    spine_failed(admin_dev("ana", "change_person", "{\"act\":\"disable\",\"person\":\"nobody\"}"),
                 ERR_MISSING);
    ck_assert_int_eq(spine_events(), before);
}
END_TEST

START_TEST(what_is_so_already_is_not_recorded_again)
{
    int64_t before = spine_events();
    struct call *c = admin_dev("ana", "change_person", "{\"act\":\"enable\",\"person\":\"cho\"}");
    spine_is(c, CALL_OK);
    ck_assert(!json_get(c->result, "changed")->truth);
    spine_is(
        admin_dev("ana", "grant_role",
                  "{\"act\":\"grant\",\"person\":\"cho\",\"role\":\"clerk\",\"entity\":\"all\"}"),
        CALL_OK);
    ck_assert_int_eq(spine_events(), before);
}
END_TEST

START_TEST(who_is_disabled_is_refused_in_the_same_group)
{
    const struct actor cho = spine_human("cho"), agent = spine_agent("cho");
    const char **ids = spine_matches(1, 2, 1000);
    struct call *group[] = {
        spine_on_match(&cho, "confirm_match", ids[0], "before"),
        admin_prepare("ana", "change_person", "{\"act\":\"disable\",\"person\":\"cho\"}", false),
        spine_on_match(&cho, "confirm_match", ids[1], "after"),
        spine_on_match(&agent, "confirm_match", ids[1], NULL),
    };
    ck_assert(call_group(book_writer, group, 4, book_clock));
    spine_is(group[0], CALL_OK);
    spine_is(group[1], CALL_OK);
    spine_failed(group[2], ERR_AUTH);
    spine_failed(group[3], ERR_AUTH);
    ck_assert_int_eq(spine_state(ids[1]), MATCH_PROPOSED);
    spine_is(admin_dev("ana", "change_person", "{\"act\":\"enable\",\"person\":\"p-cho\"}"),
             CALL_OK);
    spine_is(spine_run(spine_on_match(&cho, "confirm_match", ids[1], "again")), CALL_OK);
    book_is_intact();
}
END_TEST

START_TEST(a_disabled_client_is_refused_in_the_same_group)
{
    struct actor bot = spine_agent("ana");
    const char **ids = spine_matches(1, 1, 1000);
    spine_is(admin_dev("ana", "change_client",
                       "{\"act\":\"add\",\"client\":\"desk\",\"kind\":\"mcp_client\","
                       "\"name\":\"Desk\"}"),
             CALL_OK);
    bot.client = "desk";
    bot.client_kind = CLIENT_MCP;
    struct call *group[] = {
        admin_prepare("ana", "change_client", "{\"act\":\"disable\",\"client\":\"desk\"}", false),
        spine_on_match(&bot, "confirm_match", ids[0], NULL),
    };
    ck_assert(call_group(book_writer, group, 2, book_clock));
    spine_is(group[0], CALL_OK);
    spine_failed(group[1], ERR_AUTH);
    book_is_intact();
}
END_TEST

START_TEST(an_identity_is_one_persons_for_good)
{
    static const char link[] = "{\"act\":\"%s\",\"person\":\"%s\",\"kind\":\"header\","
                               "\"subject\":\"c@x.example\"}";
    spine_is(admin_dev("ana", "link_identity", arena_fmt(arena, link, "link", "cho")), CALL_OK);
    spine_failed(admin_dev("ana", "link_identity", arena_fmt(arena, link, "link", "dia")),
                 ERR_CONFLICT);
    spine_failed(admin_dev("ana", "link_identity", arena_fmt(arena, link, "unlink", "dia")),
                 ERR_MISSING);
    spine_is(admin_dev("ana", "link_identity", arena_fmt(arena, link, "unlink", "cho")), CALL_OK);
    spine_failed(admin_dev("ana", "link_identity", arena_fmt(arena, link, "link", "dia")),
                 ERR_CONFLICT);
    spine_is(admin_dev("ana", "link_identity", arena_fmt(arena, link, "link", "cho")), CALL_OK);
    ck_assert_uint_eq(admin_person("cho").identities_n, 2);
    book_is_intact();
}
END_TEST

START_TEST(an_identity_has_the_shape_of_its_kind)
{
    static const char *const wrong[] = {
        "{\"act\":\"link\",\"person\":\"cho\",\"kind\":\"oidc\",\"subject\":\"1\"}",
        "{\"act\":\"link\",\"person\":\"cho\",\"kind\":\"os\",\"issuer\":\"x\","
        "\"subject\":\"h:1\"}",
        "{\"act\":\"link\",\"person\":\"cho\",\"kind\":\"actor\",\"subject\":\"a b\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        spine_failed(admin_dev("ana", "link_identity", wrong[i]), ERR_INPUT);
}
END_TEST

START_TEST(a_role_the_policy_does_not_have_is_refused_with_those_it_has)
{
    struct call *c = admin_dev("ana", "grant_role",
                               "{\"act\":\"grant\",\"person\":\"cho\",\"role\":\"boss\","
                               "\"entity\":\"all\"}");
    spine_failed(c, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(c->err.msg, "auditor, controller, clerk"));
    spine_failed(admin_dev("ana", "grant_role",
                           "{\"act\":\"grant\",\"person\":\"cho\",\"role\":\"engine\","
                           "\"entity\":\"all\"}"),
                 ERR_INPUT);
    spine_failed(admin_dev("ana", "grant_role",
                           "{\"act\":\"grant\",\"person\":\"cho\",\"role\":\"clerk\","
                           "\"entity\":\"MARS\"}"),
                 ERR_MISSING);
}
END_TEST

START_TEST(the_last_administrators_stay)
{
    static const char *const outs[][2] = {
        {"change_person", "{\"act\":\"disable\",\"person\":\"ben\"}"},
        {"grant_role", "{\"act\":\"revoke\",\"person\":\"ben\",\"role\":\"controller\","
                       "\"entity\":\"all\"}"},
        {"link_identity", "{\"act\":\"unlink\",\"person\":\"ben\",\"kind\":\"actor\","
                          "\"subject\":\"ben\"}"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct call *c = admin_prod("ana", outs[i][0], outs[i][1]);
        spine_failed(c, ERR_CONFLICT);
        ck_assert_ptr_nonnull(strstr(c->err.msg, "takes 2"));
    }
    /* in dev one is enough, and the last one stays too */
    spine_is(admin_dev("ana", outs[0][0], outs[0][1]), CALL_OK);
    spine_failed(admin_dev("ana", "change_person", "{\"act\":\"disable\",\"person\":\"ana\"}"),
                 ERR_CONFLICT);
    book_is_intact();
}
END_TEST

START_TEST(in_prod_a_second_human_confirms_a_role)
{
    struct call *asked = admin_prod("ana", "grant_role",
                                    "{\"act\":\"grant\",\"person\":\"cho\","
                                    "\"role\":\"controller\",\"entity\":\"US\"}");
    spine_is(asked, CALL_PENDING);
    admin_denied(admin_answer("ana", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    admin_denied(admin_answer("cho", asked, "confirm"), REASON_NOT_AUTHORISED);
    ck_assert_uint_eq(admin_person("cho").grants_n, 1);
    spine_is(admin_answer("ben", asked, "confirm"), CALL_OK);
    ck_assert_uint_eq(admin_person("cho").grants_n, 2);
    ck_assert_int_eq(spine_escalation(asked->escalation_id).state, ESCALATION_APPROVED);
    book_is_intact();
}
END_TEST

START_TEST(whom_a_change_is_about_may_ask_for_it_and_not_approve_it)
{
    static const char link[] = "{\"act\":\"link\",\"person\":\"ben\",\"kind\":\"slack\","
                               "\"subject\":\"U042\"}";
    struct call *asked = admin_prod("ana", "link_identity", link);
    spine_is(asked, CALL_PENDING);
    admin_denied(admin_answer("ben", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    spine_is(admin_answer("ben", asked, "reject"), CALL_OK);
    struct call *own = admin_prod("ben", "link_identity", link);
    spine_is(own, CALL_PENDING);
    spine_is(admin_answer("ana", own, "confirm"), CALL_OK);
    ck_assert_uint_eq(admin_person("ben").identities_n, 2);
    book_is_intact();
}
END_TEST

START_TEST(the_word_of_somebody_disabled_since_does_not_count)
{
    spine_is(admin_dev("ana", "grant_role",
                       "{\"act\":\"grant\",\"person\":\"dia\",\"role\":\"controller\","
                       "\"entity\":\"all\"}"),
             CALL_OK);
    struct call *asked = admin_prod("dia", "change_person", ADD_EVE);
    spine_is(asked, CALL_PENDING);
    spine_is(admin_dev("ana", "change_person", "{\"act\":\"disable\",\"person\":\"dia\"}"),
             CALL_OK);
    spine_is(admin_answer("ben", asked, "confirm"), CALL_PENDING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM principals WHERE name = 'Eve'", NULL), 0);
    book_is_intact();
}
END_TEST

START_TEST(a_clerk_and_an_agent_administer_nothing)
{
    const struct actor agent = spine_agent("ana");
    admin_denied(admin_dev("cho", "change_person", ADD_EVE), REASON_NOT_AUTHORISED);
    struct json *args;
    ck_ok(json_read(arena, str_of(ADD_EVE), NULL, &args));
    spine_is(spine_run(spine_call(&agent, "change_person", NULL, args)), CALL_PENDING);
    ck_assert_int_eq(spine_int("SELECT count(*) FROM principals WHERE name = 'Eve'", NULL), 0);
}
END_TEST

START_TEST(a_clients_id_has_no_dots)
{
    static const char *const wrong[] = {"a.b", "A", "", "-a", "_a", "a b", "ä"};
    static const char add[] = "{\"act\":\"add\",\"client\":\"%s\",\"kind\":\"mcp_client\","
                              "\"name\":\"X\"}";
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct json *args;
        const struct actor ana = admin_at("ana");
        struct call c = {.arena = arena, .tool = tool_find("change_client"), .actor = ana};
        ck_ok(json_read(arena, str_of(arena_fmt(arena, add, wrong[i])), NULL, &args));
        ck_err(call_bind(&c, args), ERR_INPUT);
    }
    spine_is(admin_dev("ana", "change_client", arena_fmt(arena, add, "desk-1_b")), CALL_OK);
}
END_TEST

START_TEST(a_client_has_what_its_kind_needs)
{
    static const char *const wrong[] = {
        "{\"act\":\"add\",\"client\":\"x\",\"name\":\"X\"}",
        "{\"act\":\"add\",\"client\":\"x\",\"name\":\"X\",\"kind\":\"service\"}",
        "{\"act\":\"add\",\"client\":\"x\",\"name\":\"X\",\"kind\":\"service\","
        "\"tools\":[\"grant_role\"]}",
        "{\"act\":\"add\",\"client\":\"x\",\"name\":\"X\",\"kind\":\"workspace\","
        "\"tools\":[\"query_audit\"]}",
        "{\"act\":\"add\",\"client\":\"x\",\"name\":\"X\",\"kind\":\"mcp_client\","
        "\"channels\":[\"cli\"]}",
        "{\"act\":\"add\",\"client\":\"x\",\"name\":\"X\",\"kind\":\"mcp_client\","
        "\"public_key\":\"abc\"}",
        "{\"act\":\"rotate_key\",\"client\":\"x\"}",
        "{\"act\":\"set_access\",\"client\":\"x\"}",
        "{\"act\":\"disable\",\"client\":\"x\",\"public_key\":\"abc\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        spine_failed(admin_dev("ana", "change_client", wrong[i]), ERR_INPUT);
    spine_failed(admin_dev("ana", "change_client", "{\"act\":\"disable\",\"client\":\"x\"}"),
                 ERR_MISSING);
}
END_TEST

START_TEST(a_client_gets_another_key_and_other_tools)
{
    struct client client;
    struct tx tx;
    spine_is(admin_dev("ana", "change_client",
                       "{\"act\":\"add\",\"client\":\"svc\",\"name\":\"Svc\",\"kind\":\"service\","
                       "\"tools\":[\"query_audit\"]}"),
             CALL_OK);
    spine_is(admin_dev("ana", "change_client",
                       "{\"act\":\"rotate_key\",\"client\":\"svc\",\"public_key\":"
                       "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"}"),
             CALL_OK);
    spine_is(admin_dev("ana", "change_client",
                       "{\"act\":\"set_access\",\"client\":\"svc\",\"channels\":[\"web\"]}"),
             CALL_OK);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(client_load(&tx, arena, "svc", &client));
    tx_read_end(&tx);
    ck_assert(client.has_key && client.public_key[31] == 31 && client.version == 3);
    ck_assert_uint_eq(client.channels, 1u << CHANNEL_WEB);
    ck_assert_uint_eq(client.tools_n, 1);
    book_is_intact();
}
END_TEST

/* ---- whatever is asked, and by whom: no one person is two ---- */

static uint64_t random_state = UINT64_C(0x2545F4914F6CDD1D);

static size_t pick(size_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % n);
}

static const char *const everybody[] = {"ana", "ben", "cho", "dia", "eve", "fay"};
#define EVERYBODY_N (sizeof everybody / sizeof everybody[0])

static struct call *ask_as(const struct actor *by, const char *tool, const char *args)
{
    struct json *tree;
    ck_ok(json_read(arena, str_of(args), NULL, &tree));
    struct call *c = spine_call(by, tool, NULL, tree);
    c->prod = true;
    return spine_run(c);
}

static struct call *random_ask(const struct actor *by)
{
    const char *of = everybody[pick(EVERYBODY_N)];
    const char *subject = everybody[pick(EVERYBODY_N)];
    static const char *const person_acts[] = {"add", "rename", "disable", "enable"};
    switch (pick(3)) {
    case 0: {
        const char *act = person_acts[pick(4)];
        bool named = text_eq(act, "add") || text_eq(act, "rename");
        return ask_as(by, "change_person",
                      arena_fmt(arena, "{\"act\":\"%s\",\"person\":\"%s\"%s}", act, of,
                                named ? ",\"name\":\"X\"" : ""));
    }
    case 1:
        return ask_as(by, "link_identity",
                      arena_fmt(arena,
                                "{\"act\":\"%s\",\"person\":\"%s\",\"kind\":\"actor\","
                                "\"subject\":\"%s\"}",
                                pick(2) == 0 ? "link" : "unlink", of, subject));
    default:
        return ask_as(by, "grant_role",
                      arena_fmt(arena,
                                "{\"act\":\"%s\",\"person\":\"%s\",\"role\":\"%s\","
                                "\"entity\":\"all\"}",
                                pick(3) > 0 ? "grant" : "revoke", of,
                                pick(2) == 0 ? "controller" : "clerk"));
    }
}

/* As the transport would say it: the principal that this flesh and blood's id is linked to now. */
static bool shows_up(const char *name, struct actor *actor)
{
    struct principal p;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    struct err e = identity_find(&tx, arena, "actor", "", name, &p);
    tx_read_end(&tx);
    *actor = admin_at(name);
    actor->principal = p.principal_id;
    return e.kind == ERR_NONE && p.active;
}

struct asked {
    const char *by;
    struct call *call;
};

static void answers(const char *by, const struct asked *asked, const char *about)
{
    struct actor actor;
    if (!shows_up(by, &actor))
        return;
    struct call *c = spine_answer(&actor, asked->call, "confirm", "seen");
    c->prod = true;
    spine_run(c);
    bool done = c->outcome == CALL_OK && text_eq(json_get_text(c->result, "status"), "ok") &&
                json_get(c->result, "changed") != NULL;
    ck_assert_msg(!done || !text_eq(by, asked->by), "%s approved what %s asked for: %s", by,
                  asked->by, about);
}

START_TEST(no_one_person_is_ever_two_administrators)
{
    struct asked open[64];
    size_t open_n = 0, done = 0;
    for (int i = 0; i < 1000; i++) {
        const char *by = everybody[pick(EVERYBODY_N)];
        struct actor actor;
        if (pick(2) == 0 && shows_up(by, &actor) && open_n < 64) {
            struct call *c = random_ask(&actor);
            ck_assert_msg(c->outcome != CALL_OK || (json_get(c->result, "changed") != NULL &&
                                                    !json_get(c->result, "changed")->truth),
                          "one person changed the registry of prod");
            if (c->outcome == CALL_PENDING)
                open[open_n++] = (struct asked){by, c};
        } else if (open_n > 0) {
            size_t at = pick(open_n), first = pick(EVERYBODY_N);
            const char *about = json_get_text(open[at].call->result, "escalation_id");
            for (size_t k = 0; k < EVERYBODY_N; k++, done++)
                answers(everybody[(first + k) % EVERYBODY_N], &open[at], about);
            open[at] = open[--open_n];
        }
    }
    ck_assert_uint_gt(done, 50);
    ck_assert_int_gt(spine_events_of("REGISTRY_CHANGED"), 5);
    /* every identity is one person's, now and before */
    ck_assert_int_eq(spine_int("SELECT count(*) FROM (SELECT 1 FROM identities GROUP BY kind,"
                               " issuer, subject HAVING count(DISTINCT principal_id) > 1)",
                               NULL),
                     0);
    book_is_intact();
}
END_TEST

SPINE_MAIN("administer", admin_up, spine_down, a_person_is_added_with_the_id_they_act_by,
           what_makes_no_person_is_refused, what_is_so_already_is_not_recorded_again,
           who_is_disabled_is_refused_in_the_same_group,
           a_disabled_client_is_refused_in_the_same_group, an_identity_is_one_persons_for_good,
           an_identity_has_the_shape_of_its_kind,
           a_role_the_policy_does_not_have_is_refused_with_those_it_has,
           the_last_administrators_stay, in_prod_a_second_human_confirms_a_role,
           whom_a_change_is_about_may_ask_for_it_and_not_approve_it,
           the_word_of_somebody_disabled_since_does_not_count,
           a_clerk_and_an_agent_administer_nothing, a_clients_id_has_no_dots,
           a_client_has_what_its_kind_needs, a_client_gets_another_key_and_other_tools,
           no_one_person_is_ever_two_administrators)
