/* common/verify/population.h: an event's line, and the figures of many. */
#include <string.h>

#include "common/verify/population.h"
#include "tests/unit/test.h"

static struct arena *arena;
static const uint8_t hash[32] = {0xab};

static void up(void)
{
    arena = arena_new((size_t)64 << 20);
}

static void down(void)
{
    arena_free(arena);
}

#define HEAD "{\"seq\":7,\"timestamp_utc\":\"2026-03-03T09:15:02.123456Z\""

static struct population_row row_of(const char *event)
{
    struct population_row row;
    ck_ok(population_read(arena, str_of(event), &row));
    return row;
}

static const char *line_of(const struct population_row *row)
{
    struct buf line;
    buf_init(&line, 1u << 16);
    ck_ok(population_line(arena, row, 3, hash, &line));
    const char *text = arena_strdup(arena, buf_text(&line));
    buf_fini(&line);
    return text;
}

START_TEST(a_decision_is_a_line_of_its_control)
{
    struct population_row row =
        row_of(HEAD ",\"action\":\"CONFIRM\",\"decision\":\"deny\",\"amount_minor\":\"-1050\","
                    "\"currency\":\"USD\",\"event_type\":\"POLICY_VIOLATION\",\"gate_version\":3,"
                    "\"object\":{\"id\":\"mat_1\",\"type\":\"match\",\"version\":2}}");
    ck_assert_str_eq(row.control, "CONFIRM");
    ck_assert_int_eq(row.item.minor, -1050);
    const char *line = line_of(&row);
    ck_assert_ptr_nonnull(
        strstr(line, "3,7,2026-03-03T09:15:02.123456Z,CONFIRM,deny,-10.50,USD,POLICY_VIOLATION,"));
    ck_assert_ptr_nonnull(strstr(line, ",3,"));
    ck_assert_ptr_nonnull(strstr(line, ",match,mat_1,"));
    ck_assert_ptr_nonnull(strstr(line, ",ab000000"));
}
END_TEST

START_TEST(a_line_has_as_many_cells_as_the_head)
{
    struct population_row row = row_of(HEAD ",\"action\":\"THAW\",\"decision\":\"allow\"}");
    struct buf head;
    size_t commas[2] = {0};
    buf_init(&head, 1u << 16);
    population_head(&head);
    for (const char *c = buf_text(&head); *c != '\0'; c++)
        commas[0] += *c == ',';
    for (const char *c = line_of(&row); *c != '\0'; c++)
        commas[1] += *c == ',';
    ck_assert_uint_eq(commas[0], commas[1]);
    buf_fini(&head);
}
END_TEST

START_TEST(an_event_without_a_decision_is_in_no_population)
{
    ck_assert_ptr_null(row_of(HEAD "}").control);
    ck_assert_ptr_null(row_of(HEAD ",\"action\":\"CONFIRM\"}").control);
    ck_assert_ptr_null(row_of(HEAD ",\"decision\":\"allow\"}").control);
}
END_TEST

START_TEST(escapes_are_resolved_and_formulas_made_safe)
{
    struct population_row row =
        row_of(HEAD ",\"action\":\"CONFIRM\",\"decision\":\"allow\",\"actor_id\":\"=1+1\","
                    "\"entity_id\":\"a\\\"b,c\",\"batch_id\":\"\\u00e9\"}");
    const char *line = line_of(&row);
    ck_assert_ptr_nonnull(strstr(line, ",'=1+1,"));
    ck_assert_ptr_nonnull(strstr(line, ",\"a\"\"b,c\","));
    ck_assert_ptr_nonnull(strstr(line, ",\xc3\xa9,"));
}
END_TEST

START_TEST(what_an_inner_object_says_is_not_taken_for_the_events_own)
{
    struct population_row row = row_of(
        HEAD ",\"detail\":{\"action\":\"THAW\",\"decision\":\"allow\"},\"action\":\"CONFIRM\","
             "\"decision\":\"deny\",\"gate_input\":{\"seq\":9,\"decision\":\"none\"}}");
    ck_assert_str_eq(row.control, "CONFIRM");
    ck_assert_str_eq(row.decision, "deny");
    ck_assert_int_eq(row.seq, 7);
}
END_TEST

START_TEST(what_cannot_be_an_event_is_refused)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"seq\":7}",
        "{\"seq\":0,\"timestamp_utc\":\"t\"}",
        "{\"seq\":\"x\",\"timestamp_utc\":\"t\"}",
        "{\"seq\":99999999999999999999,\"timestamp_utc\":\"t\"}",
        HEAD ",\"action\":\"../x\",\"decision\":\"allow\"}",
        HEAD ",\"action\":\"CONFIRM\",\"decision\":\"allow\",\"amount_minor\":\"1x\","
             "\"currency\":\"USD\"}",
        HEAD ",\"action\":\"CONFIRM\",\"decision\":\"allow\",\"amount_minor\":\"1\","
             "\"currency\":\"usd\"}",
    };
    struct population_row row;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_err(population_read(arena, str_of(bad[i]), &row), ERR_INPUT);
}
END_TEST

START_TEST(figures_are_by_decision_and_currency)
{
    struct tallies t = {.arena = arena};
    static const char *const events[] = {
        HEAD ",\"action\":\"REJECT\",\"decision\":\"allow\"}",
        HEAD ",\"action\":\"CONFIRM\",\"decision\":\"human\",\"amount_minor\":\"5\","
             "\"currency\":\"USD\"}",
        HEAD ",\"action\":\"CONFIRM\",\"decision\":\"allow\",\"amount_minor\":\"7\","
             "\"currency\":\"USD\"}",
        HEAD ",\"action\":\"CONFIRM\",\"decision\":\"allow\",\"amount_minor\":\"100\","
             "\"currency\":\"JPY\"}",
        HEAD ",\"action\":\"CONFIRM\",\"decision\":\"allow\",\"amount_minor\":\"-2\","
             "\"currency\":\"USD\"}",
    };
    struct tally *tally;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct population_row row = row_of(events[i]);
        row.seq = row.item.seq = (int64_t)i + 1;
        ck_ok(tally_add(&t, &row, &tally));
    }
    tallies_sort(&t);
    ck_assert_uint_eq(t.n, 2);
    const struct tally *confirm = &t.at[0];
    ck_assert_str_eq(confirm->control, "CONFIRM");
    ck_assert_int_eq(confirm->count, 4);
    ck_assert_int_eq(confirm->first_seq, 2);
    ck_assert_int_eq(confirm->last_seq, 5);
    const struct json *o = tally_print(arena, confirm);
    ck_assert_str_eq(json_text(json_pointer_get(o, "/sums/0/currency")), "JPY");
    ck_assert_str_eq(json_text(json_pointer_get(o, "/sums/0/amount")), "100");
    ck_assert_str_eq(json_text(json_pointer_get(o, "/sums/1/amount")), "0.05");
    ck_assert_str_eq(json_text(json_pointer_get(o, "/sums/2/decision")), "human");
}
END_TEST

TEST_MAIN_AROUND("population", up, down, a_decision_is_a_line_of_its_control,
                 a_line_has_as_many_cells_as_the_head,
                 an_event_without_a_decision_is_in_no_population,
                 escapes_are_resolved_and_formulas_made_safe,
                 what_an_inner_object_says_is_not_taken_for_the_events_own,
                 what_cannot_be_an_event_is_refused, figures_are_by_decision_and_currency)
