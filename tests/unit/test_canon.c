/* Canonical text written in order is the canonical text of the same tree. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/canon.h"
#include "common/sys/jcs.h"
#include "tests/unit/test.h"

/* Every kind of value, every nesting, and what is left out. */
static void write_all(struct canon *w)
{
    static const char *const two[] = {"a", "\xc3\xa4\n\x01\\\"\x7f"};
    canon_obj(w, CANON_ITEM);
    canon_bool(w, KEY("actor"), true);
    canon_bool(w, KEY("actor_kind"), false);
    canon_arr(w, KEY("empty"));
    canon_end(w);
    canon_fact(w, KEY("fact"), "there");
    canon_fact(w, KEY("fact_not"), NULL);
    canon_int(w, KEY("int"), INT64_C(-9007199254740992));
    canon_int(w, KEY("int_more"), 0);
    canon_arr(w, KEY("list"));
    canon_int(w, CANON_ITEM, 1);
    canon_obj(w, CANON_ITEM);
    canon_end(w);
    canon_obj(w, CANON_ITEM);
    canon_text(w, KEY("x"), "");
    canon_end(w);
    canon_end(w);
    canon_text(w, KEY("null"), NULL);
    canon_text(w, KEY("text"), "exactly8 exactly8\tand the rest");
    canon_texts(w, KEY("texts"), two, 2);
    canon_end(w);
}

START_TEST(text_and_tree_of_the_same_calls_agree)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    CLEANUP(buf_fini) struct buf text;
    struct canon into_text, into_tree;
    struct str of_tree;
    buf_init(&text, 1 << 16);
    canon_into_text(&into_text, &text);
    write_all(&into_text);
    ck_ok(canon_done(&into_text));
    canon_into_tree(&into_tree, a);
    write_all(&into_tree);
    ck_ok(canon_done(&into_tree));
    ck_ok(jcs_text(a, into_tree.root, &of_tree));
    ck_assert_str_eq(buf_text(&text), of_tree.at);
    ck_assert_str_eq(of_tree.at,
                     "{\"actor\":true,\"actor_kind\":false,\"empty\":[],\"fact\":\"there\","
                     "\"int\":-9007199254740992,\"int_more\":0,\"list\":[1,{},{\"x\":\"\"}],"
                     "\"null\":null,\"text\":\"exactly8 exactly8\\tand the rest\","
                     "\"texts\":[\"a\",\"\xc3\xa4\\n\\u0001\\\\\\\"\x7f\"]}");
}
END_TEST

START_TEST(a_subtree_stands_where_its_name_does)
{
    CLEANUP(arena_free) struct arena *a = arena_new(1 << 20);
    CLEANUP(buf_fini) struct buf text;
    struct canon w;
    struct json *tree = json_object_new(a);
    json_put_int(a, tree, "z", 2);
    json_put_int(a, tree, "b", 1);
    buf_init(&text, 1 << 16);
    canon_into_text(&w, &text);
    canon_obj(&w, CANON_ITEM);
    ck_ok(jcs_print(tree, canon_value(&w, KEY("detail"))));
    canon_int(&w, KEY("seq"), 7);
    canon_end(&w);
    ck_ok(canon_done(&w));
    ck_assert_str_eq(buf_text(&text), "{\"detail\":{\"b\":1,\"z\":2},\"seq\":7}");
}
END_TEST

/* Two members, the second of them as it is given. */
static struct err written(size_t bytes_max, struct str key, const char *text, int64_t n)
{
    CLEANUP(buf_fini) struct buf out;
    struct canon w;
    buf_init(&out, bytes_max);
    canon_into_text(&w, &out);
    canon_obj(&w, CANON_ITEM);
    canon_int(&w, KEY("b"), n);
    canon_text(&w, key, text);
    canon_end(&w);
    return canon_done(&w);
}

START_TEST(what_cannot_be_written_is_an_error_at_the_end)
{
    ck_ok(written(64, KEY("c"), "good", 1));
    ck_err(written(64, KEY("c"), "\xff", 1), ERR_INPUT);
    ck_err(written(64, KEY("c"), "good", INT64_C(9007199254740993)), ERR_LIMIT);
    for (size_t max = 0; max < strlen("{\"b\":1,\"c\":\"good\"}"); max++)
        ck_err(written(max, KEY("c"), "good", 1), ERR_LIMIT);
}
END_TEST

static bool stops(struct str key)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO); /* what INVARIANT prints is no failure here */
        (void)signal(SIGABRT, SIG_DFL);
        _exit(written(64, key, "x", 1).kind == ERR_NONE ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

START_TEST(a_member_out_of_order_or_twice_stops_us)
{
    ck_assert(!stops(KEY("c")));
    ck_assert(stops(KEY("a")));
    ck_assert(stops(KEY("b")));
    ck_assert(!stops(KEY("bb")));
    ck_assert(stops(KEY("B")));
    ck_assert(stops(CANON_ITEM));
}
END_TEST

TEST_MAIN("canon", text_and_tree_of_the_same_calls_agree, a_subtree_stands_where_its_name_does,
          what_cannot_be_written_is_an_error_at_the_end, a_member_out_of_order_or_twice_stops_us)
