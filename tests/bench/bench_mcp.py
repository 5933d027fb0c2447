#!/usr/bin/env python3
"""What the MCP endpoint costs: from the start to the first answer, resident memory idle, with busy
clients and with waiting subscriptions, and the latency of reads on a large book while somebody
writes. The book is the demo company's with as many more audit events as are asked for, copies of a
real one that are put there directly (they do not verify: only reading is measured).

    bench_mcp.py [--engine PATH] [--dir FOLDER] [--events 1000000] [--clients 64]
                 [--listeners 5000] [--rate 200] [--seconds 10]"""
import argparse
import hashlib
import json
import os
import re
import resource
import selectors
import socket
import sqlite3
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]
import engine as real  # noqa: E402

META = {"io.modelcontextprotocol/protocolVersion": real.MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}}


def post(method, params, name=None, accept="application/json, text/event-stream"):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                       "params": dict(params, _meta=META)}).encode()
    head = (f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Accept: {accept}\r\nMCP-Protocol-Version: {real.MODERN}\r\nMcp-Method: {method}\r\n"
            + (f"Mcp-Name: {name}\r\n" if name else "") + f"Content-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


PAGE = post("tools/call", {"name": "query_audit", "arguments": {"limit": 100}}, "query_audit")
STATUS = post("resources/read", {"uri": "recon://status"}, "recon://status")
LISTEN = post("subscriptions/listen", {"notifications": {
    "toolsListChanged": True, "resourceSubscriptions": ["recon://escalations"]}})


def many_events(book, n):
    """Copies of the last event behind it, with their own numbers."""
    db = sqlite3.connect(os.path.join(book.data, "recon.db"), isolation_level=None)
    seq, event, last = db.execute("SELECT seq, event, hash_self FROM audit_events"
                                  " ORDER BY seq DESC LIMIT 1").fetchone()
    text = json.dumps(dict(json.loads(event), seq=-987654321), sort_keys=True,
                      ensure_ascii=False, separators=(",", ":"))

    def rows():
        prev = last
        for i in range(seq + 1, seq + 1 + n):
            own = text.replace("-987654321", str(i))
            mine = hashlib.sha256(prev + own.encode()).digest()
            yield i, own, prev, mine
            prev = mine
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    db.executemany("INSERT INTO audit_events (seq, event, hash_prev, hash_self)"
                   " VALUES (?, ?, ?, ?)", rows())
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def resident(engine):
    with open(f"/proc/{engine.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 2**20


def read_answer(s):
    """One answer with Content-Length; its status and size."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += s.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    n = int(re.search(rb"Content-Length: (\d+)", head).group(1))
    while len(body) < n:
        body += s.recv(1 << 20)
    return int(head.split()[1]), n


def percentile(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p / 100))]


class Paced(threading.Thread):
    """One client on its own connection, a request every `every` seconds."""

    def __init__(self, port, requests, every, offset, until):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests, self.every, self.at, self.until = requests, every, offset, until
        self.took = {name: [] for name in requests}
        self.bad = 0

    def run(self):
        names, i = list(self.requests), 0
        while self.at < self.until:
            time.sleep(max(0, self.at - time.perf_counter()))
            name = names[i % len(names)]
            began = time.perf_counter()
            self.socket.sendall(self.requests[name])
            self.bad += read_answer(self.socket)[0] != 200
            self.took[name].append(time.perf_counter() - began)
            self.at, i = self.at + self.every, i + 1


def writes(engine, stop, done):
    """A human who rejects the same match for ever: each is denied and recorded."""
    maria = real.Caller(engine, "human:maria")
    match = engine.book.rows("SELECT min(match_id) AS id FROM matches")[0]["id"]
    while not stop.is_set():
        maria.call("reject_match", match_id=match, rationale="bench")
        done.append(1)
        time.sleep(0.01)


def reads(engine, options):
    begin = time.perf_counter() + 0.5
    every = options.clients / options.rate
    clients = [Paced(engine.port, {"query_audit, a page of 100": PAGE, "recon://status": STATUS},
                     every, begin + every * i / options.clients, begin + options.seconds)
               for i in range(options.clients)]
    stop, done = threading.Event(), []
    writer = threading.Thread(target=writes, args=(engine, stop, done), daemon=True)
    writer.start()
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    stop.set()
    writer.join()
    for name in clients[0].took:
        took = [t for c in clients for t in c.took[name]]
        print(f"{name}: {len(took)} reads, median {percentile(took, 50) * 1e3:.2f} ms, p99"
              f" {percentile(took, 99) * 1e3:.2f} ms, {len(done) / options.seconds:.0f} writes/s"
              f" beside, {sum(c.bad for c in clients)} failed", flush=True)
    print(f"resident with {options.clients} clients at {options.rate}/s: {resident(engine):.1f} MiB",
          flush=True)


def busy(engine, options):
    """Every client asks again as soon as it has its answer."""
    pick, sent, end = selectors.DefaultSelector(), 0, time.perf_counter() + options.seconds
    for _ in range(options.clients):
        s = socket.create_connection(("127.0.0.1", engine.port))
        s.sendall(PAGE)
        pick.register(s, selectors.EVENT_READ)
    while time.perf_counter() < end:
        for key, _ in pick.select(1):
            read_answer(key.fileobj)
            key.fileobj.sendall(PAGE)
            sent += 1
    print(f"{options.clients} clients without a pause: {sent / options.seconds:.0f} pages/s,"
          f" resident {resident(engine):.1f} MiB", flush=True)


def listeners(engine, options):
    before = resident(engine)
    held = []
    for _ in range(options.listeners):
        s = socket.create_connection(("127.0.0.1", engine.port))
        s.sendall(LISTEN)
        held.append(s)
    good = sum(b" 200 " in s.recv(65536) for s in held)
    took = []
    with socket.create_connection(("127.0.0.1", engine.port)) as s:
        for _ in range(50):
            began = time.perf_counter()
            s.sendall(STATUS)
            read_answer(s)
            took.append(time.perf_counter() - began)
    after = resident(engine)
    print(f"{good} of {options.listeners} subscriptions held: resident {before:.1f} ->"
          f" {after:.1f} MiB, {(after - before) * 1024 / max(1, good):.1f} KiB each; recon://status"
          f" beside them p95 {percentile(took, 95) * 1e3:.2f} ms", flush=True)
    for s in held:
        s.close()
    time.sleep(1)
    print(f"after they left: resident {resident(engine):.1f} MiB", flush=True)


def first_answer(engine):
    """From exec to the first byte of an answer, in seconds; polled every millisecond."""
    env = dict(engine.book.env, CLOSEGATE_ENGINE_LISTEN=f"127.0.0.1:{engine.port}")
    with open(engine.log, "ab") as log:
        began = time.perf_counter()
        engine.process = subprocess.Popen([engine.book.engine, "serve"], env=env, cwd=real.ROOT,
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.perf_counter() - began < 30:
            try:
                with socket.create_connection(("127.0.0.1", engine.port)) as s:
                    s.sendall(PAGE)
                    read_answer(s)
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.001)
    raise SystemExit("no answer\n" + engine.tail())


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--engine")
    ask.add_argument("--dir")
    for name, value in (("events", 1000000), ("clients", 64), ("listeners", 5000), ("rate", 200),
                        ("seconds", 10)):
        ask.add_argument(f"--{name}", type=int, default=value)
    options = ask.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
    book = real.Book(real.find_engine(options.engine), under=options.dir, env={
        "CLOSEGATE_AUTH_BACKEND": "dev", "CLOSEGATE_LOG_LEVEL": "error",
        "CLOSEGATE_MAX_CONNECTIONS": "10000", "CLOSEGATE_MAX_CONNECTIONS_PER_PEER": "0",
        "CLOSEGATE_ACTOR_RATE": "0", "CLOSEGATE_ACTOR_IN_FLIGHT": "0"})
    engine = real.Engine(book)
    try:
        book.make()
        engine.start()
        real.Caller(engine, "human:maria").call("run_recon_pass", entity_id="acme-us")
        engine.stop()
        many_events(book, options.events)
        print(f"load {os.getloadavg()[0]:.1f}, {options.events} events more", flush=True)
        starts = []
        for _ in range(5):
            starts.append(first_answer(engine))
            engine.stop()
        print(f"start to first answer: median {percentile(starts, 50) * 1e3:.0f} ms, best"
              f" {min(starts) * 1e3:.0f} ms", flush=True)
        engine.start()
        time.sleep(1)
        print(f"resident idle: {resident(engine):.1f} MiB", flush=True)
        reads(engine, options)
        busy(engine, options)
        listeners(engine, options)
        print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    finally:
        if engine.process and engine.process.poll() is None:
            engine.stop()
        book.close()


if __name__ == "__main__":
    main()
