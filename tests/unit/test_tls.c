/* A server's files, and one end of a connection whose other end is OpenSSL's own client. */
#include "common/sys/tls.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/made_tls.h"
#include "tests/unit/test.h"

#define DAY_S 86400

static char folder[64];
static struct arena *arena;
static struct made_ca *ca, *other_ca;
static struct tls_files files;

static const char *in(const char *name)
{
    return arena_fmt(arena, "%s/%s", folder, name);
}

static int64_t now(void)
{
    return (int64_t)time(NULL);
}

static void leaf(const struct made_ca *by, const struct made_leaf *l, const char *name)
{
    made_leaf(by, l, arena_fmt(arena, "%s/%s.pem", folder, name),
              arena_fmt(arena, "%s/%s.key", folder, name), NULL);
}

static void up(void)
{
    arena = arena_new((size_t)8 << 20);
    snprintf(folder, sizeof folder, "/tmp/closegate-test-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ca = made_ca("a company");
    other_ca = made_ca("another company");
    made_ca_save(ca, in("ca.pem"));
    made_ca_save(other_ca, in("other-ca.pem"));
    leaf(ca, &(struct made_leaf){.name = "engine.test"}, "server");
    leaf(ca, &(struct made_leaf){.name = "agent", .client = true}, "client");
    files = (struct tls_files){.cert = in("server.pem"), .key = in("server.key")};
}

static void down(void)
{
    static const char *const names[] = {"ca",  "other-ca", "server", "client",
                                        "odd", "linked",   "both"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(arena_fmt(arena, "%s/%s.pem", folder, names[i]));
        (void)unlink(arena_fmt(arena, "%s/%s.key", folder, names[i]));
    }
    ck_assert_int_eq(rmdir(folder), 0);
    made_ca_free(ca);
    made_ca_free(other_ca);
    arena_free(arena);
}

static void refused(enum err_kind kind, const char *where, const char *why)
{
    struct tls_server *server;
    struct err e = tls_server_new(arena, &files, now(), &server);
    ck_assert_msg(e.kind == kind && strstr(e.msg, why) != NULL, "%s: %s", err_kind_name(e.kind),
                  e.msg);
    ck_assert_str_eq(e.where, where);
    ck_assert_ptr_null(server);
}

START_TEST(a_certificate_and_its_key_make_a_server_that_knows_its_end)
{
    CLEANUP(tls_server_free) struct tls_server *server;
    int64_t until;
    ck_ok(tls_server_new(arena, &files, now(), &server));
    ck_assert_int_le(llabs(tls_server_until(server) - (now() + DAY_S)), 60);
    ck_ok(tls_cert_until(arena, files.cert, &until));
    ck_assert_int_eq(until, tls_server_until(server));
}
END_TEST

START_TEST(a_key_that_others_may_read_is_refused)
{
    ck_assert_int_eq(chmod(files.key, 0640), 0);
    refused(ERR_AUTH, files.key, "chmod 600");
}
END_TEST

START_TEST(a_linked_key_is_taken_and_judged_by_what_it_leads_to)
{
    CLEANUP(tls_server_free) struct tls_server *server;
    const char *target = files.key;
    files.key = in("linked.key");
    ck_assert_int_eq(symlink(target, files.key), 0);
    ck_ok(tls_server_new(arena, &files, now(), &server));
    ck_assert_int_eq(chmod(target, 0604), 0);
    refused(ERR_AUTH, files.key, "chmod 600");
}
END_TEST

START_TEST(a_key_of_another_certificate_is_refused)
{
    files.key = in("client.key");
    refused(ERR_INPUT, files.key, "not the certificate's");
}
END_TEST

START_TEST(a_certificate_is_refused_outside_its_time)
{
    files = (struct tls_files){.cert = in("odd.pem"), .key = in("odd.key")};
    leaf(ca, &(struct made_leaf){.name = "late", .from_s = -10, .until_s = -5}, "odd");
    refused(ERR_INPUT, files.cert, "expired");
    leaf(ca, &(struct made_leaf){.name = "soon", .from_s = 1000, .until_s = 2000}, "odd");
    refused(ERR_INPUT, files.cert, "not good yet");
}
END_TEST

START_TEST(a_clients_certificate_is_no_servers_and_the_other_way_round)
{
    ck_ok(tls_client_files_check(
        arena, &(struct tls_files){.cert = in("client.pem"), .key = in("client.key")}, now()));
    ck_err(tls_client_files_check(arena, &files, now()), ERR_INPUT);
    files = (struct tls_files){.cert = in("client.pem"), .key = in("client.key")};
    refused(ERR_INPUT, files.cert, "not for servers");
}
END_TEST

START_TEST(a_weak_key_is_refused)
{
    files = (struct tls_files){.cert = in("odd.pem"), .key = in("odd.key")};
    leaf(ca, &(struct made_leaf){.name = "weak", .rsa_bits = 1024}, "odd");
    refused(ERR_INPUT, files.cert, "too small");
    leaf(ca, &(struct made_leaf){.name = "strong", .rsa_bits = 2048}, "odd");
    CLEANUP(tls_server_free) struct tls_server *server;
    ck_ok(tls_server_new(arena, &files, now(), &server));
}
END_TEST

START_TEST(what_is_no_certificate_or_no_key_is_refused)
{
    const struct tls_files good = files;
    files.cert = in("server.key");
    refused(ERR_INPUT, files.cert, "certificates in PEM");
    files = good;
    files.key = in("server.pem");
    ck_assert_int_eq(chmod(files.key, 0600), 0);
    refused(ERR_INPUT, files.key, "no private key");
    files = good;
    files.peer_ca = in("server.key");
    refused(ERR_INPUT, files.peer_ca, "certificates in PEM");
    files = good;
    files.key = in("nowhere.key");
    refused(ERR_MISSING, files.key, "no key file");
    files.key = NULL;
    struct tls_server *server;
    ck_err(tls_server_new(arena, &files, now(), &server), ERR_INPUT);
}
END_TEST

/* ---- ends ---- */

static struct {
    struct tls_server *server;
    struct tls_end *end;
    struct made_tls *client;
    int wire[2];   /* ours, the client's */
    size_t pieces; /* how many bytes are put at a time; 0: all */
    char heard[1 << 16];
    size_t heard_n;
} two;

static void meet(const struct made_client *client)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, two.wire), 0);
    ck_ok(tls_server_new(arena, &files, now(), &two.server));
    ck_ok(tls_end_new(two.server, &two.end));
    two.client = made_tls_new(two.wire[1], client);
}

static void part(void)
{
    tls_end_free(two.end);
    tls_server_free(two.server);
    made_tls_free(two.client);
    close(two.wire[0]);
    close(two.wire[1]);
    memset(&two, 0, sizeof two);
}

/* Moves what can be moved from the client to the end and back. */
static void pump(void)
{
    char bytes[20000];
    ssize_t n;
    size_t got;
    while ((n = recv(two.wire[0], bytes, sizeof bytes, 0)) > 0) {
        const size_t piece = two.pieces == 0 ? (size_t)n : two.pieces;
        for (size_t at = 0; at < (size_t)n; at += piece) {
            const size_t len = (size_t)n - at < piece ? (size_t)n - at : piece;
            (void)tls_end_put(two.end, bytes + at, len);
            while ((got = tls_end_read(two.end, two.heard + two.heard_n,
                                       sizeof two.heard - two.heard_n)) > 0)
                two.heard_n += got;
        }
    }
    while ((got = tls_end_wire(two.end, bytes, sizeof bytes)) > 0)
        ck_assert_int_eq(send(two.wire[0], bytes, got, MSG_NOSIGNAL), (ssize_t)got);
}

/* The handshake as the client sees it, and what the server made of it. */
static int shake(void)
{
    int rc = -2;
    for (int i = 0; i < 20 && rc == -2; i++) {
        rc = made_tls_shake(two.client);
        pump();
    }
    return rc;
}

static void met(const struct made_client *client)
{
    meet(client);
    ck_assert_int_eq(shake(), 1);
    ck_assert_msg(tls_end_state(two.end) == TLS_OPEN, "%s", tls_end_why(two.end));
}

static void turned_away(const struct made_client *client, const char *why)
{
    char byte;
    size_t n;
    meet(client);
    (void)shake();
    ck_assert_int_eq(tls_end_state(two.end), TLS_BROKEN);
    ck_assert_msg(strstr(tls_end_why(two.end), why) != NULL, "%s", tls_end_why(two.end));
    ck_assert(!tls_end_write(two.end, "x", 1) && !tls_end_put(two.end, "x", 1));
    ck_assert_int_le(made_tls_hear(two.client, &byte, 1, &n), 0); /* the alert */
    part();
}

START_TEST(words_go_both_ways_however_the_wire_cuts_them)
{
    static const size_t pieces[] = {0, 1, 7};
    const struct made_client client = {.ca = in("ca.pem"), .alpn = "http/1.1"};
    char back[100];
    size_t n;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        meet(&client);
        two.pieces = pieces[i];
        ck_assert_int_eq(shake(), 1);
        ck_assert_int_eq(made_tls_say(two.client, "from a client", 13), 1);
        pump();
        ck_assert_mem_eq(two.heard, "from a client", 13);
        ck_assert(tls_end_write(two.end, "from a server", 13));
        pump();
        ck_assert_int_eq(made_tls_hear(two.client, back, sizeof back, &n), 1);
        ck_assert(n == 13 && memcmp(back, "from a server", 13) == 0);
        ck_assert(!made_tls_resumable(two.client));
        part();
    }
}
END_TEST

START_TEST(nothing_can_be_said_before_the_handshake_is_over)
{
    meet(&(struct made_client){.ca = in("ca.pem")});
    ck_assert_int_eq(tls_end_state(two.end), TLS_SHAKING);
    ck_assert(!tls_end_write(two.end, "early", 5));
    char byte;
    ck_assert_uint_eq(tls_end_wire(two.end, &byte, 1), 0);
    part();
}
END_TEST

START_TEST(tls_1_2_is_refused)
{
    turned_away(&(struct made_client){.ca = in("ca.pem"), .old = true}, "unsupported protocol");
}
END_TEST

START_TEST(another_protocol_is_refused_and_none_is_not)
{
    turned_away(&(struct made_client){.ca = in("ca.pem"), .alpn = "h2"}, "no application protocol");
    met(&(struct made_client){.ca = in("ca.pem")});
    part();
}
END_TEST

START_TEST(what_is_not_tls_breaks_the_end)
{
    static const char *const said[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\xFF\xFF",
                                       "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\x00\x00\x00"};
    static const size_t len[] = {27, 5, 13};
    char byte;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        CLEANUP(tls_server_free) struct tls_server *server;
        CLEANUP(tls_end_free) struct tls_end *end;
        ck_ok(tls_server_new(arena, &files, now(), &server));
        ck_ok(tls_end_new(server, &end));
        ck_assert(tls_end_put(end, said[i], len[i]));
        ck_assert_uint_eq(tls_end_read(end, &byte, 1), 0);
        ck_assert_int_eq(tls_end_state(end), TLS_BROKEN);
    }
}
END_TEST

START_TEST(a_client_shows_a_certificate_of_the_right_company_that_is_good_now)
{
    const char *server_ca = in("ca.pem");
    struct made_client client = {.ca = server_ca};
    uint8_t print[32], want[32];
    int64_t until;
    files.peer_ca = in("ca.pem");

    turned_away(&client, "peer did not return a certificate");
    client.cert = in("odd.pem");
    client.key = in("odd.key");
    leaf(other_ca, &(struct made_leaf){.name = "agent", .client = true}, "odd");
    turned_away(&client, "unable to get local issuer certificate");
    leaf(ca, &(struct made_leaf){.name = "x", .client = true, .from_s = -9, .until_s = -5}, "odd");
    turned_away(&client, "certificate has expired");
    leaf(ca, &(struct made_leaf){.name = "a server"}, "odd");
    turned_away(&client, "unsuitable certificate purpose");

    made_leaf(ca, &(struct made_leaf){.name = "agent", .client = true}, in("odd.pem"),
              in("odd.key"), want);
    met(&client);
    ck_assert(tls_end_peer(two.end, print, &until));
    ck_assert_mem_eq(print, want, sizeof print);
    ck_assert_int_le(llabs(until - (now() + DAY_S)), 60);
    part();
}
END_TEST

START_TEST(an_optional_certificate_may_lack_and_must_not_be_wrong)
{
    struct made_client client = {.ca = in("ca.pem")};
    uint8_t print[32];
    int64_t until;
    files.peer_ca = in("ca.pem");
    files.clients = TLS_CLIENTS_OPTIONAL;
    met(&client);
    ck_assert(!tls_end_peer(two.end, print, &until));
    part();
    client.cert = in("odd.pem");
    client.key = in("odd.key");
    leaf(other_ca, &(struct made_leaf){.name = "agent", .client = true}, "odd");
    turned_away(&client, "unable to get local issuer certificate");
}
END_TEST

START_TEST(a_certificate_that_nobody_asked_for_is_nobodys)
{
    uint8_t print[32];
    int64_t until;
    met(&(struct made_client){
        .ca = in("ca.pem"), .cert = in("client.pem"), .key = in("client.key")});
    ck_assert(!tls_end_peer(two.end, print, &until));
    part();
}
END_TEST

START_TEST(each_side_says_when_nothing_follows)
{
    char back[10];
    size_t n;
    met(&(struct made_client){.ca = in("ca.pem")});
    made_tls_shut(two.client);
    pump();
    ck_assert_int_eq(tls_end_state(two.end), TLS_CLOSED);
    ck_assert(tls_end_write(two.end, "still", 5));
    tls_end_shut(two.end);
    tls_end_shut(two.end);
    ck_assert(!tls_end_write(two.end, "more", 4));
    pump();
    ck_assert_int_eq(made_tls_hear(two.client, back, sizeof back, &n), 1);
    ck_assert_uint_eq(n, 5);
    ck_assert_int_eq(made_tls_hear(two.client, back, sizeof back, &n), 0);
    part();
}
END_TEST

START_TEST(an_end_outlives_its_server)
{
    met(&(struct made_client){.ca = in("ca.pem")});
    tls_server_free(two.server);
    two.server = NULL;
    ck_assert_int_eq(made_tls_say(two.client, "still", 5), 1);
    pump();
    ck_assert_mem_eq(two.heard, "still", 5);
    part();
}
END_TEST

/* Each is answered with one of ours, which the client need not read. */
START_TEST(keys_may_be_changed_and_not_for_ever)
{
    char back[10];
    size_t n;
    met(&(struct made_client){.ca = in("ca.pem")});
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(made_tls_rekey(two.client), 1);
    pump();
    ck_assert_int_eq(made_tls_say(two.client, "still", 5), 1);
    pump();
    ck_assert_mem_eq(two.heard, "still", 5);
    ck_assert(tls_end_write(two.end, "here", 4));
    pump();
    ck_assert_int_eq(made_tls_hear(two.client, back, sizeof back, &n), 1);
    ck_assert_mem_eq(back, "here", 4);
    ck_assert_int_eq(made_tls_rekey(two.client), 1);
    pump();
    ck_assert_int_eq(tls_end_state(two.end), TLS_BROKEN);
    ck_assert_str_eq(tls_end_why(two.end), "too many key updates");
    part();
}
END_TEST

START_TEST(other_rules_take_the_clients_that_they_would_let_in)
{
    const struct made_client none = {.ca = in("ca.pem")};
    const struct made_client shown = {
        .ca = in("ca.pem"), .cert = in("client.pem"), .key = in("client.key")};
    const struct {
        const char *ca;
        int clients;
        bool without, with;
    } rows[] = {
        {in("ca.pem"), TLS_CLIENTS_REQUIRED, false, true},
        {in("ca.pem"), TLS_CLIENTS_OPTIONAL, true, true},
        {in("other-ca.pem"), TLS_CLIENTS_REQUIRED, false, false},
        {in("other-ca.pem"), TLS_CLIENTS_OPTIONAL, true, false},
        {in("client.pem"), TLS_CLIENTS_REQUIRED, false, true}, /* pinned */
        {NULL, TLS_CLIENTS_REQUIRED, true, false},             /* nobody vouches for anybody */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int with = 0; with < 2; with++) {
            CLEANUP(tls_server_free) struct tls_server *next;
            files.peer_ca = in("ca.pem");
            files.clients = TLS_CLIENTS_OPTIONAL;
            met(with == 1 ? &shown : &none);
            files.peer_ca = rows[i].ca;
            files.clients = rows[i].clients;
            ck_ok(tls_server_new(arena, &files, now(), &next));
            ck_assert_int_eq(tls_server_takes(next, two.end),
                             with == 1 ? rows[i].with : rows[i].without);
            part();
        }
    }
}
END_TEST

TEST_MAIN_AROUND("tls", up, down, a_certificate_and_its_key_make_a_server_that_knows_its_end,
                 a_key_that_others_may_read_is_refused,
                 a_linked_key_is_taken_and_judged_by_what_it_leads_to,
                 a_key_of_another_certificate_is_refused, a_certificate_is_refused_outside_its_time,
                 a_clients_certificate_is_no_servers_and_the_other_way_round, a_weak_key_is_refused,
                 what_is_no_certificate_or_no_key_is_refused,
                 words_go_both_ways_however_the_wire_cuts_them,
                 nothing_can_be_said_before_the_handshake_is_over, tls_1_2_is_refused,
                 another_protocol_is_refused_and_none_is_not, what_is_not_tls_breaks_the_end,
                 a_client_shows_a_certificate_of_the_right_company_that_is_good_now,
                 an_optional_certificate_may_lack_and_must_not_be_wrong,
                 a_certificate_that_nobody_asked_for_is_nobodys,
                 each_side_says_when_nothing_follows, an_end_outlives_its_server,
                 keys_may_be_changed_and_not_for_ever,
                 other_rules_take_the_clients_that_they_would_let_in)
