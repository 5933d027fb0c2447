/* What an auditor asks about access: who could do what on a day, and where one person is enough for
 * what should have two. */
#include "tests/unit/admin_book.h"

static struct err read_as(const char *name, const char *tool, const char *args, struct json **out)
{
    struct call *c = ARENA_NEW(arena, struct call);
    struct json *tree;
    struct tx tx;
    *c = (struct call){
        .arena = arena, .tool = tool_find(tool), .actor = admin_at(name), .policy = book_policy};
    ck_ok(json_read(arena, str_of(args), NULL, &tree));
    ck_ok(call_bind(c, tree));
    ck_ok(tx_read_begin(book_reader, arena, book_clock(), &tx));
    struct err e = c->tool->read(c, &tx);
    tx_read_end(&tx);
    *out = c->result;
    return e;
}

static const struct json *read_ok(const char *tool, const char *args)
{
    struct json *out = NULL;
    ck_ok(read_as("ana", tool, args, &out));
    return out;
}

static const struct json *find(const struct json *list, const char *member, const char *value)
{
    for (size_t i = 0; i < list->count; i++) {
        if (text_eq(json_get_text(list->items[i], member), value))
            return list->items[i];
    }
    return NULL;
}

START_TEST(the_registry_is_read_by_administrators_and_auditors)
{
    static const char *const reads[] = {"list_registry", "list_policies", "access_review",
                                        "sod_report"};
    struct json *out;
    for (size_t i = 0; i < 4; i++)
        ck_err(read_as("cho", reads[i], "{}", &out), ERR_AUTH);
    spine_is(admin_dev("ana", "grant_role",
                       "{\"act\":\"grant\",\"person\":\"cho\",\"role\":\"auditor\","
                       "\"entity\":\"US\"}"),
             CALL_OK);
    ck_err(read_as("cho", "sod_report", "{}", &out), ERR_AUTH);
    spine_is(admin_dev("ana", "grant_role",
                       "{\"act\":\"grant\",\"person\":\"cho\",\"role\":\"auditor\","
                       "\"entity\":\"all\"}"),
             CALL_OK);
    for (size_t i = 0; i < 4; i++)
        ck_ok(read_as("cho", reads[i], "{}", &out));
}
END_TEST

START_TEST(a_role_is_listed_with_who_asked_and_who_approved)
{
    struct call *asked = admin_prod("ana", "grant_role",
                                    "{\"act\":\"grant\",\"person\":\"dia\","
                                    "\"role\":\"controller\",\"entity\":\"US\"}");
    spine_is(admin_answer("ben", asked, "confirm"), CALL_OK);
    const struct json *review = read_ok("access_review", "{}");
    const struct json *dia = find(json_get(review, "people"), "principal_id", "p-dia");
    const struct json *role = find(json_get(dia, "roles"), "role", "controller");
    ck_assert_str_eq(json_get_text(role, "granted_by"), "human:ana");
    ck_assert_str_eq(json_get_text(role, "approved_by"), "human:ben");
    role = find(json_get(dia, "roles"), "role", "clerk");
    ck_assert_str_eq(json_get_text(role, "granted_by"), "engine:init");
    const struct json *ben = find(json_get(review, "people"), "principal_id", "p-ben");
    ck_assert_ptr_nonnull(json_get_text(ben, "last_act"));
}
END_TEST

START_TEST(a_review_of_an_earlier_day_takes_later_changes_back)
{
    const int64_t day_us = INT64_C(86400) * 1000000;
    book_now += 10 * day_us; /* 2026-01-11 */
    spine_is(
        admin_dev("ana", "change_person", "{\"act\":\"add\",\"person\":\"eve\",\"name\":\"Eve\"}"),
        CALL_OK);
    book_now += day_us;
    spine_is(admin_dev("ana", "change_person", "{\"act\":\"disable\",\"person\":\"cho\"}"),
             CALL_OK);
    spine_is(admin_dev("ana", "grant_role",
                       "{\"act\":\"revoke\",\"person\":\"dia\",\"role\":\"clerk\","
                       "\"entity\":\"all\"}"),
             CALL_OK);
    const struct json *before = read_ok("access_review", "{\"as_of\":\"2026-01-10\"}");
    const struct json *between = read_ok("access_review", "{\"as_of\":\"2026-01-11\"}");
    const struct json *now = read_ok("access_review", "{}");
    ck_assert_uint_eq(json_get(before, "people")->count, 4);
    ck_assert_uint_eq(json_get(between, "people")->count, 5);
    ck_assert_uint_eq(json_get(now, "people")->count, 5);
    const struct json *cho = find(json_get(between, "people"), "principal_id", "p-cho");
    ck_assert_str_eq(json_get_text(cho, "status"), "active");
    cho = find(json_get(now, "people"), "principal_id", "p-cho");
    ck_assert_str_eq(json_get_text(cho, "status"), "disabled");
    const struct json *dia = find(json_get(before, "people"), "principal_id", "p-dia");
    ck_assert_uint_eq(json_get(dia, "roles")->count, 1);
    dia = find(json_get(now, "people"), "principal_id", "p-dia");
    ck_assert_uint_eq(json_get(dia, "roles")->count, 0);
}
END_TEST

START_TEST(who_may_do_both_sides_is_named)
{
    const struct json *report = read_ok("sod_report", "{}");
    const struct json *list = json_get(report, "conflicts");
    ck_assert_ptr_nonnull(find(list, "principal_id", "p-ana"));
    ck_assert_ptr_nonnull(find(list, "principal_id", "p-ben"));
    ck_assert_ptr_null(find(list, "principal_id", "p-cho"));
    spine_is(admin_prod("ana", "change_person", "{\"act\":\"disable\",\"person\":\"dia\"}"),
             CALL_PENDING);
    ck_assert_uint_eq(json_get(read_ok("sod_report", "{}"), "dead_ends")->count, 2);
}
END_TEST

START_TEST(people_who_may_be_one_are_a_hint)
{
    ck_assert_uint_eq(json_get(read_ok("sod_report", "{}"), "lookalikes")->count, 0);
    spine_is(admin_dev("ana", "change_person",
                       "{\"act\":\"add\",\"person\":\"ana2\",\"name\":\"A N A\"}"),
             CALL_OK);
    static const char *const mails[][2] = {{"cho", "Cho.Chen@a.example"},
                                           {"dia", "chochen@b.example"}};
    for (size_t i = 0; i < 2; i++)
        spine_is(admin_dev("ana", "link_identity",
                           arena_fmt(arena,
                                     "{\"act\":\"link\",\"person\":\"%s\",\"kind\":\"header\","
                                     "\"subject\":\"%s\"}",
                                     mails[i][0], mails[i][1])),
                 CALL_OK);
    const struct json *list = json_get(read_ok("sod_report", "{}"), "lookalikes");
    ck_assert_uint_eq(list->count, 2);
    ck_assert_ptr_nonnull(find(list, "hint", "the same name"));
    ck_assert_ptr_nonnull(find(list, "hint", "the same mailbox name"));
}
END_TEST

/* More events than the memory of one call would hold. */
START_TEST(a_period_of_many_denials_is_counted_whole)
{
    struct call *asked =
        admin_prod("ana", "change_person", "{\"act\":\"disable\",\"person\":\"dia\"}");
    for (int i = 0; i < 4000; i++)
        admin_denied(admin_answer("ana", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    int64_t n = 0;
    const struct json *report = read_ok("sod_report", "{}");
    ck_assert(json_int(json_get(report, "prevented_n"), &n));
    ck_assert_int_eq(n, 4000);
    ck_assert_uint_eq(json_get(report, "prevented")->count, 500);
}
END_TEST

START_TEST(what_was_stopped_is_counted)
{
    struct call *asked =
        admin_prod("ana", "change_person", "{\"act\":\"disable\",\"person\":\"dia\"}");
    admin_denied(admin_answer("ana", asked, "confirm"), REASON_SOD_SAME_ACTOR);
    admin_denied(admin_answer("cho", asked, "confirm"), REASON_NOT_AUTHORISED);
    int64_t n = 0;
    const struct json *report = read_ok("sod_report", "{}");
    ck_assert(json_int(json_get(report, "prevented_n"), &n));
    ck_assert_int_eq(n, 1);
    ck_assert_str_eq(json_get_text(json_get(report, "prevented")->items[0], "actor"), "human:ana");
    report = read_ok("sod_report", "{\"from\":\"2031-01-01\"}");
    ck_assert_uint_eq(json_get(report, "prevented")->count, 0);
}
END_TEST

START_TEST(roles_that_lead_nowhere_are_named)
{
    const struct json *report = read_ok("sod_report", "{}");
    ck_assert_uint_eq(json_get(report, "roles_unheld")->count, 0);
    ck_assert_uint_eq(json_get(report, "roles_unknown")->count, 0);
    spine_is(admin_dev("ana", "grant_role",
                       "{\"act\":\"grant\",\"person\":\"eve\",\"role\":\"clerk\","
                       "\"entity\":\"all\"}"),
             CALL_FAILED);
    struct tx tx;
    book_begin(&tx);
    ck_ok(role_grant(&tx, "p-dia", "treasurer", NULL));
    book_end(&tx);
    report = read_ok("sod_report", "{}");
    ck_assert_str_eq(json_get_text(json_get(report, "roles_unknown")->items[0], "role"),
                     "treasurer");
}
END_TEST

SPINE_MAIN("sod_report", admin_up, spine_down, the_registry_is_read_by_administrators_and_auditors,
           a_role_is_listed_with_who_asked_and_who_approved,
           a_review_of_an_earlier_day_takes_later_changes_back, who_may_do_both_sides_is_named,
           people_who_may_be_one_are_a_hint, what_was_stopped_is_counted,
           a_period_of_many_denials_is_counted_whole, roles_that_lead_nowhere_are_named)
