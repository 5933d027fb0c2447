/* One easy handle a mail. */
#include "common/sys/smtp.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

#include "common/sys/trust.h"

#define TIMEOUT_MS  30000U
#define ADDRESS_MAX 254

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void curl_start(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct upload {
    struct str left;
    bool all; /* read to its end */
};

static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
    struct upload *up = arg;
    const size_t room = size * n;
    const size_t take = up->left.len < room ? up->left.len : room;
    memcpy(out, up->left.at, take);
    up->left.at += take;
    up->left.len -= take;
    up->all = up->left.len == 0;
    return take;
}

bool smtp_address_ok(const char *address)
{
    const char *at = address == NULL ? NULL : strchr(address, '@');
    const size_t n = address == NULL ? 0 : strlen(address);
    if (at == NULL || at == address || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
        n > ADDRESS_MAX)
        return false;
    for (const char *p = address; *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("<>\"\\,;:()[]", *p) != NULL)
            return false;
    }
    return true;
}

static bool set_options(CURL *c, const struct smtp_mail *m, struct upload *up, const char *from,
                        struct curl_slist *to)
{
    const long tls = m->password != NULL ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY;
    int rc = 0;
    rc |= (int)curl_easy_setopt(c, CURLOPT_URL, m->url);
    rc |= (int)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    rc |= (int)curl_easy_setopt(c, CURLOPT_PROXY, "");
    rc |= (int)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS,
                                m->timeout_ms == 0 ? (long)TIMEOUT_MS : (long)m->timeout_ms);
    rc |= (int)curl_easy_setopt(c, CURLOPT_USE_SSL, tls);
    rc |= (int)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_MAIL_FROM, from);
    rc |= (int)curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
    rc |= (int)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    rc |= (int)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    rc |= (int)curl_easy_setopt(c, CURLOPT_READDATA, up);
    if (trust_file() != NULL)
        rc |= (int)curl_easy_setopt(c, CURLOPT_CAINFO, trust_file());
    if (m->password != NULL) {
        rc |= (int)curl_easy_setopt(c, CURLOPT_USERNAME, m->user);
        rc |= (int)curl_easy_setopt(c, CURLOPT_PASSWORD, m->password);
    }
    return rc == 0;
}

static struct err outcome(struct arena *arena, CURL *c, CURLcode code, bool all)
{
    long answer = 0;
    (void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer);
    if (code == CURLE_OK)
        return OK;
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        return err_new(ERR_MISSING, "no mail server answers there");
    if (code == CURLE_LOGIN_DENIED)
        return err_new(ERR_UPSTREAM, "the mail server does not take the user or password");
    if (answer >= 500 && answer < 600 &&
        (code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY))
        return err_fmt(arena, ERR_INPUT, NULL, "the mail server refuses this mail for good (%ld)",
                       answer);
    if (all &&
        (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING))
        return err_new(ERR_UNKNOWN, "the mail was sent and the server did not answer");
    return err_fmt(arena, ERR_UPSTREAM, NULL, "the mail server: %s (%ld)", curl_easy_strerror(code),
                   answer);
}

struct err smtp_send(struct arena *arena, const struct smtp_mail *mail)
{
    struct upload up = {.left = mail->message};
    (void)pthread_once(&once, curl_start);
    ENSURE(smtp_address_ok(mail->from) && smtp_address_ok(mail->to), ERR_INPUT,
           "this is no mail address");
    const char *from = arena_fmt(arena, "<%s>", mail->from);
    const char *to = arena_fmt(arena, "<%s>", mail->to);
    TRY(arena_check(arena));
    CURL *c = curl_easy_init();
    struct curl_slist *rcpt = curl_slist_append(NULL, to);
    struct err e = err_new(ERR_LIMIT, "libcurl does not take the mail");
    if (c != NULL && rcpt != NULL && set_options(c, mail, &up, from, rcpt))
        e = outcome(arena, c, curl_easy_perform(c), up.all);
    curl_slist_free_all(rcpt);
    curl_easy_cleanup(c);
    return e;
}
