/* people.yaml: who is there when a book begins. */
#include "engine/call/boot.h"
#include "tests/unit/policy_base.h"

static struct err read_role(const char *role, struct boot_person **people)
{
    size_t n = 0;
    const char *yaml = arena_fmt(arena, "people:\n  - {id: ana, name: Ana, roles: [%s]}\n", role);
    return people_read(arena, str_of(yaml), people, &n);
}

START_TEST(a_role_says_where_it_counts)
{
    struct boot_person *people = NULL;
    ck_err(read_role("{role: controller}", &people), ERR_INPUT);
    ck_err(read_role("{role: controller, entities: some}", &people), ERR_INPUT);
    ck_err(read_role("{role: controller, entities: [1]}", &people), ERR_INPUT);
    ck_ok(read_role("{role: controller, entities: all}", &people));
    ck_assert(people[0].roles_n == 1 && people[0].roles[0].entity == NULL);
    ck_ok(read_role("{role: controller, entities: [us, uk]}", &people));
    ck_assert_uint_eq(people[0].roles_n, 2);
    ck_assert_str_eq(people[0].roles[1].entity, "uk");
}
END_TEST

START_TEST(who_lists_no_identity_acts_by_the_id)
{
    struct boot_person *people = NULL;
    ck_ok(read_role("{role: controller, entities: all}", &people));
    ck_assert_uint_eq(people[0].identities_n, 1);
    ck_assert_str_eq(people[0].identities[0].kind, "actor");
    ck_assert_str_eq(people[0].identities[0].subject, "ana");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_role_says_where_it_counts,
                                  who_lists_no_identity_acts_by_the_id};
    return run("people", tests, sizeof tests / sizeof tests[0]);
}
