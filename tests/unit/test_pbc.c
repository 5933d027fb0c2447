/* engine/store/pbc.h: whose events a bundle of some entities tells. */
#include "engine/store/pbc.h"

#include "common/sys/json_read.h"
#include "tests/unit/raw_book.h"

static struct book b;

static void up(void)
{
    book_up(&b);
}

static void down(void)
{
    book_down(&b);
}

/* A delivery that failed: `entity` is where the event stands, `entities` (JSON; NULL) whom it
 * concerns. */
static void event_of(const char *entity, const char *entities)
{
    struct json *list = NULL;
    call_begin(&b);
    if (entities != NULL)
        ck_ok(json_read(b.arena, str_of(entities), NULL, &list));
    const struct event event = {.type = "DELIVERY_FAILED", .entity_id = entity, .entities = list};
    ck_ok(audit_append(&b.tx, &event));
    call_end(&b);
}

/* The events' numbers, one digit each. */
struct numbers {
    char text[16];
    size_t n;
};

static void number_add(struct numbers *told, int64_t seq)
{
    ck_assert(seq < 10 && told->n + 1 < sizeof told->text);
    told->text[told->n++] = (char)('0' + seq);
}

static struct err listed(void *arg, const struct pbc_cell *cells, size_t n)
{
    ck_assert_uint_gt(n, 0);
    number_add(arg, cells[0].number);
    return OK;
}

static struct err shown(void *arg, const struct pbc_event *event)
{
    if (event->shown)
        number_add(arg, event->seq);
    return OK;
}

/* Both as the log and as a question's rows. */
static void expect_told(const char *entities, const char *want_shown, const char *want_listed)
{
    const struct pbc_ask ask = {.first = 1, .last = store_head(b.store)->seq, .entities = entities};
    struct numbers told = {.n = 0}, rows = {.n = 0};
    struct tx tx;
    ck_ok(tx_read_begin(b.store, b.arena, b.clock_us, &tx));
    ck_ok(pbc_log(&tx, &ask, shown, &told));
    ck_ok(pbc_ask(&tx, PBC_DEAD_LETTERS, &ask, NULL, listed, &rows));
    tx_read_end(&tx);
    ck_assert_str_eq(told.text, want_shown);
    ck_assert_str_eq(rows.text, want_listed);
}

START_TEST(an_event_of_two_entities_is_told_to_who_may_read_both)
{
    event_of("us", NULL);
    event_of("us", "[\"us\"]");
    event_of("us", "[\"us\",\"uk\"]");
    event_of("uk", "[\"us\",\"uk\"]");
    event_of("uk", NULL);
    expect_told("[\"us\"]", "23", "23");
    expect_told("[\"uk\"]", "6", "6");
    expect_told("[\"us\",\"uk\"]", "23456", "23456");
    expect_told(NULL, "123456", "23456");
}
END_TEST

TEST_MAIN_AROUND("pbc", up, down, an_event_of_two_entities_is_told_to_who_may_read_both)
