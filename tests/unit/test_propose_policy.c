/* Another policy comes into force: proposed by one, approved by another, recorded under both. */
#include "common/sys/crypt.h"
#include "engine/call/boot.h"
#include "engine/store/policies.h"
#include "tests/unit/admin_book.h"

static const char one_authority[] = "authority: [{role: controller, actions: [CONFIRM], entities: "
                                    "all}]";

/* The book's policy is in force by an event, as after init. */
static void policy_up(void)
{
    struct tx tx;
    enum put put;
    bool is_new;
    char hex[SHA256_HEX_SIZE];
    struct policy *policy;
    admin_up();
    struct str text = str_of(with(one_authority, admin_authority));
    sha256_hex(text.at, text.len, hex);
    book_begin(&tx);
    static const char *const entities[][2] = {{"acme-uk", "GBP"}, {"acme-jp", "JPY"}};
    for (size_t i = 0; i < 2; i++)
        ck_ok(entity_put(&tx,
                         &(struct entity){.entity_id = entities[i][0],
                                          .name = "x",
                                          .functional_currency = entities[i][1],
                                          .zone = "Europe/London",
                                          .calendar = "UK_EW"},
                         &put));
    ck_ok(policy_for_book(arena, &tx, text, &policy));
    ck_ok(policy_keep(&tx, hex, text, &is_new));
    const struct event loaded = {.type = "POLICY_LOADED",
                                 .actor = &spine_engine,
                                 .policy_version = hex,
                                 .object_type = "policy",
                                 .object_id = arena_strdup(arena, hex)};
    ck_ok(audit_append(&tx, &loaded));
    ck_ok(tx_call_keep(&tx));
    ck_ok(store_group_commit(book_writer));
    book_policy = policy;
}

static const char *in_force(void)
{
    const char *now;
    struct tx tx;
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(policy_in_force(&tx, arena, &now));
    tx_read_end(&tx);
    return now;
}

static const char *stricter(void)
{
    const char *text = with(one_authority, admin_authority);
    const char *at = strstr(text, "5000 USD");
    return arena_fmt(arena, "%.*s4000 USD%s", (int)(at - text), text, at + 8);
}

static struct call *propose(const char *by, const char *text, bool prod)
{
    const struct actor actor = admin_at(by);
    struct json *args = json_object_new(arena);
    json_put_text(arena, args, "text", text);
    struct call *c = spine_call(&actor, "propose_policy", NULL, args);
    c->prod = prod;
    return spine_run(c);
}

START_TEST(in_prod_another_human_puts_it_in_force)
{
    const char *before = in_force();
    struct call *asked = propose("ana", stricter(), true);
    spine_is(asked, CALL_PENDING);
    ck_assert(!asked->policy_loaded);
    ck_assert_str_eq(in_force(), before);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 1);
    admin_denied(admin_answer("ana", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    struct call *done = admin_answer("ben", asked, "confirm");
    spine_is(done, CALL_OK);
    ck_assert(done->policy_loaded);
    ck_assert_str_ne(in_force(), before);
    ck_assert_str_eq(in_force(), json_get_text(done->result, "policy_version"));
    ck_assert_int_eq(spine_int("SELECT max(CASE event_type WHEN 'POLICY_LOADED' THEN seq END)"
                               " = 1 + max(CASE event_type WHEN 'POLICY_APPROVED' THEN seq END)"
                               " FROM audit_events",
                               NULL),
                     1);
    /* decided under the one that was */
    ck_assert_int_eq(spine_int("SELECT policy_version = ?1 FROM audit_events WHERE event_type ="
                               " 'POLICY_APPROVED'",
                               before),
                     1);
    book_is_intact();
}
END_TEST

START_TEST(the_proposal_says_what_differs)
{
    struct call *asked = propose("ana", stricter(), true);
    struct escalation e = spine_escalation(asked->escalation_id);
    struct json *bound;
    ck_ok(json_read(arena, str_of(e.bound), NULL, &bound));
    const struct json *row = json_pointer_get(bound, "/facts/after/changes/0");
    ck_assert_str_eq(json_get_text(row, "pointer"), "/authority/1/single_max");
    ck_assert_str_eq(json_get_text(row, "before"), "5000 USD");
    ck_assert_str_eq(json_get_text(row, "after"), "4000 USD");
    ck_assert_ptr_null(json_pointer_get(bound, "/facts/after/changes/1"));
}
END_TEST

START_TEST(in_dev_one_person_is_enough)
{
    struct call *done = propose("ana", stricter(), false);
    spine_is(done, CALL_OK);
    ck_assert(done->policy_loaded);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 1);
    ck_assert_int_eq(spine_events_of("POLICY_APPROVED"), 1);
    ck_assert_str_eq(in_force(), json_get_text(done->result, "policy_version"));
    spine_is(propose("ana", stricter(), false), CALL_OK);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 1);
    book_is_intact();
}
END_TEST

START_TEST(a_rejected_proposal_changes_nothing)
{
    const char *before = in_force();
    struct call *asked = propose("ana", stricter(), true);
    spine_is(admin_answer("ben", asked, "reject"), CALL_OK);
    ck_assert_str_eq(in_force(), before);
    ck_assert_int_eq(spine_events_of("POLICY_APPROVED"), 0);
    book_is_intact();
}
END_TEST

START_TEST(what_does_not_load_is_refused_with_its_place)
{
    struct call *c = propose("ana", "version: 1\nsods: {}\n", true);
    spine_failed(c, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(c->err.where, "2:1"));
    spine_failed(propose("ana", "version: [", true), ERR_INPUT);
    ck_assert_int_eq(spine_events_of("POLICY_PROPOSED"), 0);
}
END_TEST

START_TEST(a_policy_that_nobody_could_change_again_is_refused)
{
    spine_failed(propose("ana", base, true), ERR_CONFLICT);
    admin_denied(propose("cho", stricter(), true), REASON_NOT_AUTHORISED);
}
END_TEST

START_TEST(a_second_proposal_does_not_outlive_the_first_ones_approval)
{
    struct call *one = propose("ana", stricter(), true);
    struct call *two = propose("ana", arena_fmt(arena, "# other\n%s", stricter()), true);
    struct policy *policy;
    struct tx tx;
    spine_is(two, CALL_PENDING);
    spine_is(admin_answer("ben", one, "confirm"), CALL_OK);
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    ck_ok(policy_now(&tx, arena, &policy));
    tx_read_end(&tx);
    book_policy = policy; /* as the running engine does */
    const char *now = in_force();
    struct call *late = admin_answer("ben", two, "confirm");
    ck_assert(!late->policy_loaded);
    ck_assert_str_eq(in_force(), now);
    book_is_intact();
}
END_TEST

SPINE_MAIN("propose_policy", policy_up, spine_down, in_prod_another_human_puts_it_in_force,
           the_proposal_says_what_differs, in_dev_one_person_is_enough,
           a_rejected_proposal_changes_nothing, what_does_not_load_is_refused_with_its_place,
           a_policy_that_nobody_could_change_again_is_refused,
           a_second_proposal_does_not_outlive_the_first_ones_approval)
