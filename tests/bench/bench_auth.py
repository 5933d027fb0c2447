#!/usr/bin/env python3
"""What it costs to know who calls: the same read with the bare header, with a signed assertion, with
an access token that was seen before, and with one that was not, in turns on one machine. The floor is
the bare header in the same run; of many short rounds the best one counts, which nobody interrupted.
CPU time is the engine's own, all its threads. A workspace without a key, which the bare header needs,
is put into the book directly.

    bench_auth.py [--engine PATH] [--dir FOLDER] [--calls 200] [--rounds 20]"""
import argparse
import glob
import http.server
import json
import os
import socket
import sqlite3
import statistics
import sys
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]
import engine as real  # noqa: E402

META = {"io.modelcontextprotocol/protocolVersion": real.MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}}
TOOL = "list_matches"
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": TOOL, "arguments": {"entity_id": "acme-us", "limit": 1},
                              "_meta": META}}).encode()


class Provider:
    """Publishes one RSA key and signs access tokens with it."""

    def __init__(self):
        self.key, self.n = rsa.generate_private_key(65537, 2048), 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(provider.document(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self, path):
        def number(n):
            return real.b64url(n.to_bytes((n.bit_length() + 7) // 8, "big"))
        if path.endswith("/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": self.issuer + "/keys"}
        public = self.key.public_key().public_numbers()
        return {"keys": [{"kty": "RSA", "kid": "r", "n": number(public.n), "e": number(public.e)}]}

    def token(self, audience):
        self.n += 1
        now = int(time.time())
        parts = ({"alg": "RS256", "kid": "r", "typ": "at+jwt"},
                 {"iss": self.issuer, "sub": "sam", "aud": audience, "client_id": "desk",
                  "jti": f"j-{self.n}", "iat": now, "exp": now + 3600, "scope": "mcp:read",
                  "auth_time": now, "acr": "mfa", "sid": "0" * 32})
        signed = ".".join(real.b64url(json.dumps(p).encode()) for p in parts)
        return signed + "." + real.b64url(self.key.sign(signed.encode(), padding.PKCS1v15(),
                                                        hashes.SHA256()))


class Line:
    """One kept connection; ask() is one request and its whole answer."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        self.s.sendall(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.s.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"refused: {got[:400]}")
        length = int(next(line.split(b":")[1] for line in head.split(b"\r\n")
                          if line.lower().startswith(b"content-length:")))
        while len(body) < length:
            body += self.s.recv(65536)


def request(*fields):
    head = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json",
            "Accept: application/json", f"MCP-Protocol-Version: {real.MODERN}",
            "Mcp-Method: tools/call", f"Mcp-Name: {TOOL}", f"Content-Length: {len(BODY)}",
            *fields]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + BODY


def cpu_ns(pid):
    """Of all threads, as the kernel counts it in nanoseconds."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def engines(args, provider):
    """The same company twice: under header-trust without a key, and under oidc."""
    bare = real.Book(args.engine, under=args.dir)
    bare.make()
    db = sqlite3.connect(os.path.join(bare.data, "recon.db"))
    db.execute("UPDATE clients SET public_key = NULL WHERE client_id = 'workspace'")
    db.commit()
    db.close()
    token = real.Book(args.engine, under=args.dir)
    token.make()
    token.env.update(CLOSEGATE_AUTH_BACKEND="oidc", CLOSEGATE_OIDC_ISSUER=provider.issuer,
                     CLOSEGATE_OIDC_CLIENT_ID="closegate")
    both = real.Engine(bare), real.Engine(token)
    for e in both:
        e.start()
    token.cli("client", "add", "desk", "--kind", "mcp_client", "--name", "Desk", check=True)
    token.cli("actor", "link", "sam", "--kind", "oidc", "--issuer", provider.issuer, "--subject",
              "sam", check=True)
    return both


def ways(bare, token, provider, n):
    """(name, engine, the requests of one round, made anew)."""
    url = f"http://127.0.0.1:{token.port}/mcp"
    seen = provider.token(url)
    llm = real.Caller(token, "llm:s-1", obo="sam")

    def asserted():
        return request("X-Closegate-Assertion: " + llm.assertion("POST", "/mcp", BODY))

    return (("bare header", bare, lambda: [request("X-Actor-Id: human:sam")] * n),
            ("token seen before", token, lambda: [request("Authorization: Bearer " + seen)] * n),
            ("assertion, EdDSA", token, lambda: [asserted() for _ in range(n)]),
            ("token not seen, RS256", token,
             lambda: [request("Authorization: Bearer " + provider.token(url))
                      for _ in range(n // 10)]))


def measure(engine, requests):
    line, times = Line(engine.port), []
    line.ask(requests[0])
    before = cpu_ns(engine.process.pid)
    for r in requests[1:]:
        began = time.perf_counter_ns()
        line.ask(r)
        times.append(time.perf_counter_ns() - began)
    return statistics.median(times) / 1000, (cpu_ns(engine.process.pid) - before) / len(times) / 1000


def report(rows):
    def least(name, which):
        return min(r[which] for r in rows[name])
    print(f"{'':24} {'wall µs':>9} {'ratio':>7} {'CPU µs':>9} {'ratio':>7} {'CPU spread':>16}")
    for name, got in rows.items():
        wall, cpu = least(name, 0), least(name, 1)
        print(f"{name:24} {wall:9.1f} {wall / least('bare header', 0):7.3f} {cpu:9.1f}"
              f" {cpu / least('bare header', 1):7.3f} {cpu:8.1f}–{max(r[1] for r in got):7.1f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--dir")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    args.engine = real.find_engine(args.engine)
    provider = Provider()
    bare, token = engines(args, provider)
    try:
        table = ways(bare, token, provider, args.calls)
        rows = {name: [] for name, _, _ in table}
        for _ in range(args.rounds):
            for name, engine, make in table:
                rows[name].append(measure(engine, make()))
        report(rows)
    finally:
        for e in (bare, token):
            e.stop()
            e.book.close()


if __name__ == "__main__":
    main()
