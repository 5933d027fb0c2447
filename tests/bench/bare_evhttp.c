/* What libevent's own HTTP server does with a request when it has nothing to do for it: reads it
 * and answers a constant of about the size of ours. The floor of bench_beside.py. bare_evhttp PORT
 * BYTES */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct evbuffer *constant;

static void on_request(struct evhttp_request *request, void *arg)
{
    struct evbuffer *body = evbuffer_new();
    (void)arg;
    if (body == NULL || evbuffer_add_buffer_reference(body, constant) != 0)
        abort();
    (void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                            "application/json");
    evhttp_send_reply(request, HTTP_OK, NULL, body);
    evbuffer_free(body);
}

int main(int argc, char **argv)
{
    struct event_base *base = event_base_new();
    struct evhttp *http = base == NULL ? NULL : evhttp_new(base);
    if (argc != 3 || http == NULL) {
        (void)fprintf(stderr, "usage: bare_evhttp PORT BYTES\n");
        return 64;
    }
    size_t n = strtoul(argv[2], NULL, 10);
    constant = evbuffer_new();
    for (size_t i = 0; constant != NULL && i < n; i++)
        (void)evbuffer_add(constant, "x", 1);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_POST | EVHTTP_REQ_GET);
    evhttp_set_gencb(http, on_request, NULL);
    if (evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)strtoul(argv[1], NULL, 10)) != 0) {
        (void)fprintf(stderr, "bare_evhttp: the port cannot be bound\n");
        return EXIT_FAILURE;
    }
    return event_base_dispatch(base) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
