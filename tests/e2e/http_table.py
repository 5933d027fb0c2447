#!/usr/bin/env python3
"""What docs/HTTP.md says is refused, sent to the engine as bytes: every row of its table has its
shapes here, every shape a row there, and the status is the one that the row says. Behind each
refused request stands another one, which nobody may answer: the connection ends. The server's own
clients are not asked; only sockets.

    http_table.py --engine PATH"""
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as real  # noqa: E402
import tap  # noqa: E402

TABLE = os.path.join(real.ROOT, "docs", "HTTP.md")
H = b"Host: localhost\r\n"
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def get(target=b"/healthz", more=b"", host=H, version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\n" + host + more + b"\r\n"


def post(more, body=b"", path=b"/mcp"):
    return b"POST " + path + b" HTTP/1.1\r\n" + H + b"Content-Type: application/json\r\n" \
        + more + b"\r\n" + body


def chunked(body):
    return post(b"Transfer-Encoding: chunked\r\n", body)


LONG = b"/" + b"a" * 9000

# The row's words, and what is sent. A pair's second is the status where the row names several.
SHAPES = {
    "an empty line before the request, a bare LF, a CR without LF, a NUL or control character anywhere": [
        b"\r\n" + get(), b"\n" + get(), b"GET /healthz HTTP/1.1\n" + H + b"\r\n",
        b"GET /healthz HTTP/1.1\r\n" + H + b"A: b\nC: d\r\n\r\n", get(more=b"A: b\n\r\n"),
        get(more=b"A: b\rC: d\r\n"), b"GET /healthz HTTP/1.1\r" + H + b"\r\n",
        get(more=b"A: b\0c\r\n"), get(more=b"A: b\x0bc\r\n"), get(more=b"A: b\x7f\r\n"),
        get(b"/\0"), b"G\0T /healthz HTTP/1.1\r\n" + H + b"\r\n", get(more=b"\n")],
    "more than one space in the request line, a tab, no version (HTTP/0.9), a malformed version": [
        b"GET  /healthz HTTP/1.1\r\n" + H + b"\r\n", b"GET\t/healthz HTTP/1.1\r\n" + H + b"\r\n",
        b"GET /healthz  HTTP/1.1\r\n" + H + b"\r\n", b" GET /healthz HTTP/1.1\r\n" + H + b"\r\n",
        b"GET /healthz\r\n", get(version=b"http/1.1"), get(version=b"HTTP/1.10"),
        get(version=b"HTTP/11"), get(version=b"HTTP/1.1 ")],
    "HTTP/1.0, HTTP/2.0, any version but 1.1": [
        get(version=b"HTTP/1.0"), get(version=b"HTTP/2.0"), get(version=b"HTTP/0.9"),
        get(version=b"HTTP/1.2")],
    "a method other than GET HEAD POST PUT PATCH DELETE OPTIONS (names are case-sensitive; CONNECT and"
    " TRACE too)": [
        b"get /healthz HTTP/1.1\r\n" + H + b"\r\n", b"TRACE / HTTP/1.1\r\n" + H + b"\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\n" + H + b"\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"A" * 30 + b" / HTTP/1.1\r\n"],
    "a target that is not an absolute path: absolute-form, authority-form, `*` without OPTIONS": [
        get(b"http://localhost/healthz"), get(b"localhost:80"), get(b"healthz"), get(b"*"),
        b"OPTIONS *x HTTP/1.1\r\n" + H + b"\r\n"],
    "in a target: `#`, a backslash, quotes, `<>^{}` and the like, bytes ≥ 0x80, a malformed"
    " percent-encoding": [
        get(b"/a#b"), get(b"/a\\b"), get(b"/a\"b"), get(b"/<a>"), get(b"/a^b"), get(b"/{a}"),
        get(b"/a|b"), get(b"/\xc3\xa4"), get(b"/%zz"), get(b"/%2")],
    "a request line over 8 KiB": [get(LONG)],
    "headers over 32 KiB in all, or more than 100": [
        get(more=b"X: " + b"a" * 33000 + b"\r\n"), get(more=b"X: y\r\n" * 101),
        get(more=(b"X: " + b"a" * 4000 + b"\r\n") * 9)],
    "white space before a colon, a folded line, a line without a colon, an empty or malformed name": [
        get(more=b"A : b\r\n"), get(more=b"A\t: b\r\n"), get(more=b"A: b\r\n c\r\n"),
        get(more=b"A: b\r\n\tc\r\n"), get(more=b"A\r\n"), get(more=b": b\r\n"),
        get(more=b"A(: b\r\n"), get(more=b"\xc3\xa4: b\r\n"),
        b"GET /healthz HTTP/1.1\r\n " + H + b"\r\n",
        post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        post(b"Content-Length\x20: 5\r\n", b"hello")],
    "no Host, two Hosts, an empty one, one with a comma, user, path or bad port": [
        get(host=b""), get(host=H + H), get(host=H + b"hOST: other\r\n"), get(host=b"Host:\r\n"),
        get(host=b"Host: \t\r\n"), get(host=b"Host: a,b\r\n"), get(host=b"Host: u@localhost\r\n"),
        get(host=b"Host: localhost/x\r\n"), get(host=b"Host: localhost:\r\n"),
        get(host=b"Host: localhost:80x\r\n"), get(host=b"Host: :80\r\n"),
        get(host=b"Host: [::1\r\n")],
    "two Content-Lengths (equal ones too), a list, a sign, spaces, hex, leading zeros, an empty value": [
        post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello"),
        post(b"Content-Length: 5\r\ncontent-length: 6\r\n", b"hello"),
        post(b"Content-Length: 5, 5\r\n", b"hello"), post(b"Content-Length: +5\r\n", b"hello"),
        post(b"Content-Length: -5\r\n", b"hello"), post(b"Content-Length: 5 5\r\n", b"hello"),
        post(b"Content-Length: 0x5\r\n", b"hello"), post(b"Content-Length: 05\r\n", b"hello"),
        post(b"Content-Length:\r\n", b"hello")],
    "Content-Length and Transfer-Encoding together; two Transfer-Encodings": [
        post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n")],
    "Transfer-Encoding that is not exactly `chunked`": [
        post(b"Transfer-Encoding: " + te + b"\r\n", b"0\r\n\r\n")
        for te in (b"identity", b"gzip, chunked", b"chunked, chunked", b"Chunked", b"chunked,", b"",
                   b"xchunked", b"chunked;q=1", b"\"chunked\"")],
    "a chunk extension, space or sign in a chunk size, more than 8 digits, a chunk longer than its size": [
        chunked(b"5;x=y\r\nhello\r\n0\r\n\r\n"), chunked(b"5 \r\nhello\r\n0\r\n\r\n"),
        chunked(b" 5\r\nhello\r\n0\r\n\r\n"), chunked(b"+5\r\nhello\r\n0\r\n\r\n"),
        chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), chunked(b"000000005\r\nhello\r\n0\r\n\r\n"),
        chunked(b"5\r\nhello!\r\n0\r\n\r\n"), chunked(b"5\nhello\r\n0\r\n\r\n"),
        chunked(b"5\r\nhello\n0\r\n\r\n"), chunked(b"\r\n")],
    "trailers": [chunked(b"0\r\nX: y\r\n\r\n"), chunked(b"0\r\nContent-Length: 5\r\n\r\n")],
    "a body past the route's ceiling (1 MiB unless the route says otherwise, 64 MiB at most)": [
        post(b"Content-Length: 1048577\r\n"), post(b"Content-Length: 18446744073709551621\r\n"),
        chunked(b"100001\r\n"), chunked(b"FFFFFFFF\r\n"), get(more=b"Content-Length: 1\r\n"),
        post(b"Content-Length: 1048577\r\nExpect: 100-continue\r\n")],
    "`Expect` other than `100-continue`": [
        get(more=b"Expect: 200-ok\r\n"), get(more=b"Expect: 100-continue, x\r\n"),
        get(more=b"Expect:\r\n")],
}


class Peer:
    """A client of bytes."""

    def __init__(self, port, data=b"", source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), 60, (source, 0))
        if data:
            self.socket.sendall(data)

    def rest(self):
        """All until the server ends the connection; None when it was reset before."""
        said = b""
        try:
            while piece := self.socket.recv(65536):
                said += piece
        except ConnectionError:
            return said or None
        except socket.timeout:
            return said + b"(and nothing more for a minute)"
        finally:
            self.socket.close()
        return said

    def one(self):
        """One answer with its head, the connection stays."""
        said = b""
        while b"\r\n\r\n" not in said:
            piece = self.socket.recv(65536)
            if not piece:
                return said
            said += piece
        head, _, body = said.partition(b"\r\n\r\n")
        length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [b"", b"0"])[1])
        while len(body) < length:
            body += self.socket.recv(65536)
        return head + b"\r\n\r\n" + body


def status(said):
    return int(said[9:12]) if said and said.startswith(b"HTTP/1.1 ") else None


def answers(said):
    return len(re.findall(rb"HTTP/1\.1 \d{3} ", said))


def rows():
    """{what arrives: answer} of the table, in its order."""
    found = {}
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            if len(cells) == 2 and cells[0] != "what arrives" and set(cells[0]) != {"-"}:
                found[cells[0]] = cells[1]
    return found


def refused_whole(t, port, row, wanted):
    """One answer with the status of the row, then the end; and the one behind it is not read."""
    bad = []
    for shape in SHAPES[row]:
        said = Peer(port, shape + SMUGGLED).rest()
        head = (said or b"").partition(b"\r\n\r\n")[0].lower()
        good = (said is not None and status(said) == wanted and answers(said) == 1
                and b"\r\nconnection: close" in head and b'{"error": "' in said)
        if not good:
            bad.append((shape[:80], said and said[:120]))
    t.check(f"{wanted}: {row}", not bad, bad[:3])


# ---- rows that take more than one request ----

def late(port):
    slow_head = Peer(port, b"GET /healthz HT")
    slow_lines = Peer(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nA: ")
    slow_body = Peer(port, post(b"Content-Length: 9\r\n", b"{"))
    slow_chunk = Peer(port, chunked(b"9\r\n{"))
    silent = Peer(port)
    said = [p.rest() for p in (slow_head, slow_lines, slow_body, slow_chunk)]
    quiet = silent.rest()
    return [status(s) for s in said] == [408] * 4 and quiet == b"", (said, quiet)


def unknown_path(port):
    said = [Peer(port, get(path, b"Connection: close\r\n")).rest()
            for path in (b"/nowhere", b"/mcp/", b"/%6dcp", b"/healthz/../mcp", b"//healthz", b"/MCP")]
    return [status(s) for s in said] == [404] * 6, said


def other_method(port):
    close = b"Connection: close\r\n"
    said = [Peer(port, m + b" " + path + b" HTTP/1.1\r\n" + H + close + b"\r\n").rest()
            for m, path in ((b"DELETE", b"/healthz"), (b"OPTIONS", b"*"), (b"OPTIONS", b"/mcp"),
                            (b"PUT", b"/mcp"), (b"HEAD", b"/admin"))]
    return ([status(s) for s in said] == [405] * 5
            and all(b"\r\nallow:" in s.lower() for s in said)), said


def full(port):
    """None is idle: each has begun a request. The ceiling of the second engine is 6, 4 of a peer."""
    held = [Peer(port, b"GET /healthz HT", f"127.0.0.{i}") for i in (11, 11, 11, 12, 12, 12)]
    settle(port)
    said = Peer(port, source="127.0.0.13").rest()
    for p in held:
        p.socket.close()
    return status(said) == 503 and b"Retry-After: 1\r\n" in said, said


def settle(port):
    """Connections that were made before this one have been accepted: so has this one, or it was
    turned away."""
    Peer(port, source="127.0.0.1").socket.close()


def until_room(port):
    """Those that were closed are gone: the engine hears of them before it answers anybody new."""
    for i in range(1, 200):
        said = Peer(port, get(more=b"Connection: close\r\n"), f"127.0.2.{i}").rest()
        if status(said) == 200:
            return


def full_peer(port):
    until_room(port)
    held = [Peer(port, b"GET /healthz HT", "127.0.0.21") for _ in range(4)]
    said = Peer(port, source="127.0.0.21").rest()
    other = Peer(port, get(more=b"Connection: close\r\n"), "127.0.0.22").rest()
    for p in held:
        p.socket.close()
    return status(said) == 429 and b"Retry-After: 1\r\n" in said and status(other) == 200, (said, other)


def too_fast(port):
    """The second engine takes 5 a second of a peer, 10 at once."""
    until_room(port)
    peer, said = Peer(port, source="127.0.0.31"), []
    while len(said) < 2000 and (not said or status(said[-1]) == 200):
        peer.socket.sendall(get())
        said.append(peer.one())
    last = said[-1]
    wait = re.search(rb"Retry-After: (\d+)\r\n", last)
    other = Peer(port, get(more=b"Connection: close\r\n"), "127.0.0.32").rest()
    peer.socket.sendall(get())  # the connection lives on
    again = status(peer.one())
    good = (len(said) > 10 and status(last) == 429 and wait and int(wait[1]) >= 1
            and status(other) == 200 and again in (200, 429))
    return good, (len(said), last, other, again)


def slow_reader(port):
    """Asks again and again, and reads nothing."""
    peer = Peer(port)
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    what = "it may go on"
    for _ in range(200000):
        try:
            peer.socket.sendall(b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n")
        except ConnectionError:
            what = "ended"
            break
        except socket.timeout:
            what = "it is not read any more, and not ended either"
            break
    peer.socket.close()
    return what == "ended", what


def idle(port):
    peer = Peer(port, get())
    first = peer.one()
    return status(first) == 200 and peer.rest() == b"", first


SCENES = {
    "the head not complete within 10 s, or the body within 30 s": (late, 1),
    "an unknown path": (unknown_path, 1),
    "a known path with another method; `OPTIONS *`": (other_method, 1),
    "an answer not taken within 30 s": (slow_reader, 1),
    "a connection idle for 60 s": (idle, 1),
    "a connection over the ceiling in all, when none is idle": (full, 2),
    "a connection over the ceiling of one peer address (IPv6: a /64)": (full_peer, 2),
    "a request over the rate of one peer address (IPv6: a /64)": (too_fast, 2),
}
# Held by tests/e2e/limits.py, where callers are known.
ELSEWHERE = {"a request over the rate of one caller, or over what it may have under way"}


def choices(t, port):
    """What is taken, and how: the text under the table."""
    continues = Peer(port, post(b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n"))
    first = continues.socket.recv(25)
    continues.socket.sendall(b"{}")
    t.check("a body that is waited for is called for with 100 Continue",
            first == b"HTTP/1.1 100 Continue\r\n\r\n" and status(continues.rest()) not in (None, 100), first)
    at_once = Peer(port, post(b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n",
                              b"{}")).rest()
    t.check("and one that came along is not", status(at_once) not in (None, 100), at_once)
    head = Peer(port, b"HEAD /healthz HTTP/1.1\r\n" + H + b"Connection: close\r\n\r\n").rest()
    t.check("HEAD is GET without the body", status(head) == 200 and head.endswith(b"\r\n\r\n")
            and b"Content-Length: 16\r\n" in head, head)
    many = b"".join(get(b"/healthz?%d" % i) for i in range(50))
    said = Peer(port, many + get(b"/nowhere", b"Connection: close\r\n") + get()).rest()
    t.check("pipelined requests are answered in order until one says close",
            said.count(b"HTTP/1.1 200") == 50 and answers(said) == 51
            and said.rindex(b"HTTP/1.1 200") < said.index(b"HTTP/1.1 404"), said[-200:])
    half = Peer(port, get())
    half.socket.shutdown(socket.SHUT_WR)
    t.check("a client that closes only its sending side gets its answer", status(half.rest()) == 200)
    split = Peer(port)
    for byte in chunked(b"2\r\n{}\r\n0\r\n\r\n").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1):
        split.socket.sendall(bytes([byte]))
    t.check("bytes that come one by one are a request", status(split.rest()) not in (None, 400, 408))


def engine_with(book, **settings):
    book.env.update({f"CLOSEGATE_{name}": str(value) for name, value in settings.items()})
    engine = real.Engine(book)
    engine.start()
    return engine


def check_all(t, ports):
    table, work = rows(), []
    for row in table:
        if row in SCENES:
            scene, which = SCENES[row]
            result = []
            thread = threading.Thread(target=lambda s=scene, p=ports[which], out=result:
                                      out.append(s(p)))
            work.append((row, thread, result))
            if which == 1:
                thread.start()
    for row, answer in table.items():
        statuses = re.findall(r"\b[1-5]\d\d\b", answer)
        if row in SHAPES:
            refused_whole(t, ports[1], row, int(statuses[0]) if len(statuses) == 1 else None)
        elif row not in SCENES and row not in ELSEWHERE:
            t.check(f"the row has its shapes here: {row}", False)
    for row, thread, result in work:
        if not thread.ident:
            thread.start()
        thread.join()
        good, said = result[0] if result else (False, "the scene broke off")
        t.check(row, good, said)
    missing = [row for row in [*SHAPES, *SCENES, *ELSEWHERE] if row not in table]
    t.check("every shape here has its row there", not missing, missing)


def main():
    t, book, other = tap.Tap(), None, None
    path = real.given_engine()
    engines = []
    try:
        book, other = real.Book(path), real.Book(path)
        for b in (book, other):
            b.make()
        engines.append(engine_with(book, HTTP_HEAD_SECONDS=2, HTTP_BODY_SECONDS=2,
                                   HTTP_IDLE_SECONDS=2, HTTP_WRITE_SECONDS=2))
        # whoever starts it looks at /readyz from 127.0.0.1, too
        engines.append(engine_with(other, MAX_CONNECTIONS=6, MAX_CONNECTIONS_PER_PEER=4,
                                   PEER_RATE=5, TRUSTED_PROXIES="10.0.0.0/8"))
        check_all(t, {1: engines[0].port, 2: engines[1].port})
        choices(t, engines[0].port)
        t.check("and the engine still is what it was",
                status(Peer(engines[0].port, get(b"/readyz", b"Connection: close\r\n")).rest()) == 200)
    finally:
        for e in engines:
            e.stop()
        for b in (book, other):
            if b is not None:
                b.close()
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
