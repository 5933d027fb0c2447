#!/usr/bin/env python3
"""The spine over HTTP, on a real daemon and a real disk: durable confirm_match with 1 and 64
clients beside a raw write and fdatasync of as many bytes in the same folder, in turns; and
run_recon_pass over the demo company's 153 entries, every time on a fresh book. Auto-confirm is off:
the matcher proposes, nobody decides. Requests are signed before the clock starts. The client shares
the machine with the engine.

    bench_spine.py [--engine PATH] [--dir FOLDER] [--pairs N] [--rounds N]"""
import argparse
import base64
import json
import os
import re
import selectors
import shutil
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault")]
import engine as real  # noqa: E402
from kill9 import files_of, proposals  # noqa: E402


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def line(name, seconds, per_second=None, note=""):
    """One row of the table tests/bench/run prints."""
    rate = f"{per_second:10.0f}/s" if per_second else " " * 12
    print(f"{name:44} {percentile(seconds, .5) * 1e3:9.3f} ms {percentile(seconds, .95) * 1e3:9.3f} ms"
          f" {rate}  {note}", flush=True)


def request_bytes(caller, tool, arguments):
    """A signed tools/call as it goes over the wire."""
    kept = {}

    def keep(body, headers):
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        kept["bytes"] = (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{caller.engine.port}\r\n{head}"
                         f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        return 200, {}, b"{}"

    caller.post = keep
    caller.rpc("tools/call", {"name": tool, "arguments": arguments}, tool)
    return kept["bytes"]


class Client:
    """One connection with one request under way."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began, self.buffer = 0, b""

    def send(self, data):
        self.began, self.buffer = time.perf_counter(), b""
        self.socket.sendall(data)

    def receive(self):
        """The body, once it is whole."""
        self.buffer += self.socket.recv(65536)
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = int(re.search(rb"content-length: *(\d+)", head, re.I).group(1))
        return body if len(body) >= length else None


def check(body):
    if b'"status":"ok"' not in body:
        raise SystemExit(f"not confirmed: {body[:400]}")


def drive(port, requests, clients):
    """All requests over so many connections; (each one's seconds, all seconds)."""
    selector, waiting, took = selectors.DefaultSelector(), list(reversed(requests)), []
    began = time.perf_counter()
    for _ in range(min(clients, len(requests))):
        client = Client(port)
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.send(waiting.pop())
    while len(took) < len(requests):
        for key, _ in selector.select():
            body = key.data.receive()
            if body is None:
                continue
            took.append(time.perf_counter() - key.data.began)
            check(body)
            if waiting:
                key.data.send(waiting.pop())
    whole = time.perf_counter() - began
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return took, whole


def raw(folder, size, n):
    """As many bytes as a commit writes, appended and synced."""
    path, data, took = os.path.join(folder, "raw"), os.urandom(size), []
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    for _ in range(n):
        began = time.perf_counter()
        os.write(fd, data)
        os.fdatasync(fd)
        took.append(time.perf_counter() - began)
    os.close(fd)
    os.unlink(path)
    return took


def without_auto_confirm(options):
    """The demo company's book in the folder given, under its policy with auto_confirm off."""
    book = real.Book(options.engine, under=options.dir)
    book.make()
    book.edit_policy((r"(auto_confirm:\s*\{?\s*enabled:\s*)true", r"\1false"))
    return book


def human(engine):
    return real.Caller(engine, "human:maria")


def wal_bytes(book):
    return os.path.getsize(os.path.join(book.data, "recon.db-wal"))


def bench_confirm(options):
    book = without_auto_confirm(options)
    engine = real.Engine(book)
    try:
        engine.start()
        for source, name, text in files_of(options.pairs):
            content = base64.b64encode(text.encode()).decode()
            book.cli("call", "--admin", "ingest_file", json.dumps(
                {"source_id": source, "name": name, "content_base64": content}), check=True)
        book.cli("recon", "--json", check=True)
        confirm_figures(options, book, engine, [m for m, _ in proposals(book)][:options.pairs])
    finally:
        print(f"# stopped: {engine.stop()}", file=sys.stderr)
        if not options.keep:
            book.close()


def confirm_figures(options, book, engine, matches):
    caller = human(engine)
    slices = {1: matches[:len(matches) // 4], 64: matches[len(matches) // 4:]}
    for clients, ids in slices.items():
        requests = [request_bytes(caller, "confirm_match",
                                  {"match_id": m, "rationale": "checked against the statement"})
                    for m in ids]
        before = wal_bytes(book)
        quiet = raw(book.data, options.commit_bytes, 200)
        took, whole = drive(engine.port, requests, clients)
        quiet += raw(book.data, options.commit_bytes, 200)
        rate, raw_rate = len(took) / whole, 1 / percentile(quiet, .5)
        line(f"write + fdatasync of {options.commit_bytes} bytes", quiet, raw_rate)
        line(f"confirm_match over HTTP, {clients} client{'s' * (clients > 1)}", took, rate,
             f"{rate / raw_rate:.2f} of raw; log +{max(0, wal_bytes(book) - before) >> 10} KiB")


def bench_pass(options):
    book = without_auto_confirm(options)
    saved, files = os.path.join(book.dir, "saved"), ("recon.db", "recon.db-wal")
    os.makedirs(saved)
    for name in files:
        if os.path.exists(os.path.join(book.data, name)):
            shutil.copy(os.path.join(book.data, name), saved)
    entries = book.rows("SELECT count(*) AS n FROM entries e JOIN accounts a USING (entity_id,"
                        " account_id) WHERE a.reconciled")[0]["n"]
    entities = [r["entity_id"] for r in book.rows("SELECT entity_id FROM entities ORDER BY 1")]
    took, quiet = [], []
    try:
        for _ in range(options.rounds):
            took.append(pass_once(book, saved, files, entities))
            quiet += raw(book.data, options.commit_bytes, 20)
        line(f"write + fdatasync of {options.commit_bytes} bytes", quiet, 1 / percentile(quiet, .5))
        line(f"run_recon_pass, {entries} entries, {len(entities)} entities", took)
    finally:
        if not options.keep:
            book.close()


def pass_once(book, saved, files, entities):
    for name in files + ("recon.db-shm",):
        path = os.path.join(book.data, name)
        if os.path.exists(path):
            os.unlink(path)
        if os.path.exists(os.path.join(saved, name)):
            shutil.copy(os.path.join(saved, name), path)
    engine = real.Engine(book)
    engine.start()
    caller, client = human(engine), Client(engine.port)
    requests = [request_bytes(caller, "run_recon_pass", {"entity_id": e}) for e in entities]
    took = 0
    for data in [request_bytes(caller, "list_pending_escalations", {})] + requests:
        client.send(data)
        body = None
        while body is None:
            body = client.receive()
        if data in requests:
            check(body)
            took += time.perf_counter() - client.began
    client.socket.close()
    engine.stop()
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--dir", help="where the book is made (a folder on the disk to measure)")
    parser.add_argument("--pairs", type=int, default=2000, help="matches to confirm")
    parser.add_argument("--rounds", type=int, default=40, help="fresh books for run_recon_pass")
    parser.add_argument("--commit-bytes", type=int, default=65536, help="of the raw write")
    parser.add_argument("--keep", action="store_true", help="leave the books there")
    parser.add_argument("--only", choices=["confirm", "pass"])
    options = parser.parse_args()
    options.engine = real.find_engine(options.engine)
    if options.only != "pass":
        bench_confirm(options)
    if options.only != "confirm":
        bench_pass(options)


if __name__ == "__main__":
    main()
