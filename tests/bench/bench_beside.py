#!/usr/bin/env python3
"""A durable, audited confirm_match over HTTP beside what it is measured by, in turns on one machine:

  raw       write and fdatasync of as many bytes as a commit has, in the same folder
  ours      the engine, a signed receipt in each reply
  unaudited the same engine with audit writing off (no_audit.c), which no release holds
  evhttp    libevent's own HTTP server that answers a constant
  sdk       the official TypeScript SDK's server, one row into SQLite at synchronous=FULL

Callers sign each request (--identity assertion), or are believed by the bare header (bare, in dev: a
workspace without a key is put into the book). The bare header does not tell when somebody signed in, so
no policy lets it confirm: there the decision is reject_match. Medians of the rounds, the spread, and the
aims of the issue beside what came of them. --stalls offers 5,000 a second for so many seconds instead
(of reject_match, since no assertion lives that long).

    bench_beside.py --engine E --unaudited E --evhttp P --load P [--dir FOLDER] [--clients 1,64,256]
        [--calls 1000] [--rounds 5] [--identity assertion|bare] [--stalls SECONDS] [--rate 5000]"""
import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault"), HERE]
import engine as real  # noqa: E402
import mcp_clients  # noqa: E402
from bench_spine import raw  # noqa: E402
from kill9 import files_of, proposals  # noqa: E402

GOOD = '"status":"ok"'


def load_rows(book, pairs):
    """Both files are in the data folder, where the daemon may read them, confined or not."""
    whole = {}
    for source, _, text in files_of(pairs):
        head, body = text.split("\n", 1)
        whole.setdefault(source, [head + "\n"]).append(body)
    for source, parts in whole.items():
        path = os.path.join(book.data, f"{source}.csv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(parts))
        book.cli("ingest", "--source", source, path, timeout=900)


def prepared(options, pairs):
    """A book with so many proposals and nobody's decision yet."""
    book = real.Book(options.engine, under=options.dir)
    book.make()
    book.edit_policy((r"(auto_confirm:\s*\{?\s*enabled:\s*)true", r"\1false"))
    engine = real.Engine(book)
    try:
        engine.start()
        load_rows(book, pairs)
        book.cli("recon", "--json", check=True, timeout=900)
        matches = [m for m, _ in proposals(book)]
    finally:
        engine.stop()
    if options.identity == "bare":
        db = sqlite3.connect(os.path.join(book.data, "recon.db"))
        db.execute("UPDATE clients SET public_key = NULL WHERE client_id = 'workspace'")
        db.commit()
        db.close()
    return book, matches


class Caller(real.Caller):
    """Keeps its request instead of sending it."""

    def __init__(self, engine, bare):
        super().__init__(engine, "human:maria")
        self.bare, self.kept = bare, None

    def post(self, body, headers):
        if self.bare:
            headers = {k: v for k, v in headers.items() if k != "X-Closegate-Assertion"}
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        self.kept = (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{self.engine.port}\r\n{head}"
                     f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        return 200, {}, b"{}"

    def decide(self, match_id):
        self.call("reject_match" if self.bare else "confirm_match", match_id=match_id, rationale="checked against the statement")
        return self.kept


def requests_file(options, requests):
    with tempfile.NamedTemporaryFile(dir=options.scratch, delete=False) as f:
        for r in requests:
            f.write(b"%d\n" % len(r) + r)
    return f.name


def driven(options, port, clients, count, requests, good, rate=0):
    path = requests_file(options, requests)
    env = dict(os.environ, **({"LOAD_GOOD": good} if good else {}))
    done = subprocess.run([options.load, str(port), str(clients), str(count), str(rate), path],
                          env=env, text=True, stdout=subprocess.PIPE, timeout=3600)
    os.unlink(path)
    if done.returncode != 0:
        raise SystemExit(f"load: exit {done.returncode} {done.stdout}")
    said = json.loads(done.stdout)
    said["rate"] = said["n"] * 1e6 / said["us"]
    return said


# ---- who is driven ----

class Engine:
    """Ours, or ours without audit writing, on a copy of the book."""

    def __init__(self, options, name, binary, book, matches):
        self.options, self.name, self.matches = options, name, list(matches)
        copy = real.Book(options.engine, under=options.dir, env={"CLOSEGATE_RECEIPTS": "on"})
        shutil.copytree(book.data, copy.data)
        self.book = copy
        self.engine = real.Engine(copy)
        copy.engine = binary
        if name == "unaudited":
            copy.env["CLOSEGATE_RECEIPTS"] = "off"
        self.engine.start(60)

    def run(self, clients, count, rate=0):
        mine, self.matches = self.matches[:count], self.matches[count:]
        if len(mine) < count:
            raise SystemExit("too few matches: more --pairs")
        caller = Caller(self.engine, self.options.identity == "bare")
        return driven(self.options, self.engine.port, clients, count,
                      [caller.decide(m) for m in mine], GOOD, rate)

    def stop(self):
        self.engine.stop()
        self.book.close()


class Program:
    """A server that is a program of its own on a port of its own."""

    def __init__(self, options, name, words, env=None):
        self.options, self.name, self.port = options, name, real.free_port()
        self.process = subprocess.Popen([w.replace("PORT", str(self.port)) for w in words],
                                        env=env, cwd=real.ROOT, stdout=subprocess.DEVNULL)
        if not real.wait_until(self.answers, 60):
            raise SystemExit(f"{name}: does not listen")

    def answers(self):
        try:
            real.connection(self.port, 2).connect()
            return True
        except OSError:
            return False

    def run(self, clients, count, rate=0):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "confirm_match", "arguments": {
                "match_id": "mat_01M802BGR1C7BWTNB4Q2VC20DV",
                "rationale": "checked against the statement"}}}).encode()
        request = (f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                   "Content-Type: application/json\r\n"
                   "Accept: application/json, text/event-stream\r\n"
                   "MCP-Protocol-Version: 2025-11-25\r\n"
                   f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        good = GOOD if self.name == "sdk" else None
        return driven(self.options, self.port, clients, count, [request], good, rate)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def servers(options, book, matches):
    """All of them, by name; the SDK's only where its packages are installed."""
    yield Engine(options, "ours", options.engine, book, matches)
    if options.unaudited:
        yield Engine(options, "unaudited", options.unaudited, book, matches)
    if options.evhttp:
        yield Program(options, "evhttp", [options.evhttp, "PORT", "4096"])
    if os.access(mcp_clients.NODE, os.X_OK):
        yield Program(options, "sdk", [mcp_clients.NODE, "--no-warnings",
                                       os.path.join(HERE, "sdk_server.mjs"), "PORT",
                                       os.path.join(options.scratch, "sdk.db")],
                      dict(mcp_clients.environment(), NODE_OPTIONS=""))
    else:
        print("sdk: not there; tests/e2e/mcp/install brings it")


# ---- the table ----

class Figures:
    """Of each server and number of clients, a value a round."""

    def __init__(self):
        self.p50, self.rate, self.p99 = {}, {}, {}

    def add(self, name, clients, said):
        for kept, value in ((self.p50, said["p50_us"]), (self.rate, said["rate"]),
                            (self.p99, said["p99_us"])):
            kept.setdefault((name, clients), []).append(value)

    def show(self):
        print(f"{'':12}{'clients':>8}{'p50 µs':>10}{'spread':>16}{'p99 µs':>10}{'a second':>12}"
              f"{'spread':>18}")
        for (name, clients), p50 in self.p50.items():
            rate, p99 = self.rate[name, clients], self.p99[name, clients]
            spread = f"{min(p50):.0f} … {max(p50):.0f}"
            spread_rate = f"{min(rate):.0f} … {max(rate):.0f}"
            print(f"{name:12}{clients:8}{statistics.median(p50):10.0f}{spread:>16}"
                  f"{statistics.median(p99):10.0f}{statistics.median(rate):12.0f}"
                  f"{spread_rate:>18}")

    def ratio(self, kept, a, b):
        """The median over the rounds of one against the other in the same round."""
        if a not in kept or b not in kept:
            return None
        return statistics.median(x / y for x, y in zip(kept[a], kept[b]))

    def aims(self):
        rows = [("1 client: p50 over raw", self.ratio(self.p50, ("ours", 1), ("raw", 1)), "≤", 2.5),
                ("64 clients: rate over the SDK's",
                 self.ratio(self.rate, ("ours", 64), ("sdk", 64)), "≥", 20),
                ("64 clients: rate over unaudited",
                 self.ratio(self.rate, ("ours", 64), ("unaudited", 64)), "≥", 0.65),
                ("256 clients: rate over evhttp",
                 self.ratio(self.rate, ("ours", 256), ("evhttp", 256)), "≥", 0.4)]
        for name, value, sign, aim in rows:
            if value is not None:
                met = value <= aim if sign == "≤" else value >= aim
                print(f"{name:36}{value:8.2f}  aim {sign} {aim}: {'met' if met else 'missed'}")


def raw_of(options, figures):
    took = raw(options.scratch, options.commit_bytes, 200)
    figures.add("raw", 1, {"p50_us": statistics.median(took) * 1e6,
                           "p99_us": sorted(took)[197] * 1e6, "rate": len(took) / sum(took)})


def rounds(options, all_of_them):
    figures = Figures()
    for _ in range(options.rounds):
        raw_of(options, figures)
        for clients in options.clients:
            for server in all_of_them:
                figures.add(server.name, clients, server.run(clients, options.calls))
    figures.show()
    figures.aims()


def stalls(options, ours):
    """So many a second are offered, whether or not the last ones were answered."""
    figures = Figures()
    raw_of(options, figures)
    said = ours.run(256, options.rate * options.stalls, options.rate)
    floor = statistics.median(figures.p50["raw", 1])
    print(f"{options.rate} a second offered for {options.stalls} s: {said['rate']:.0f} a second, p50 "
          f"{said['p50_us']} µs, p99 {said['p99_us']} µs, at most {said['max_us']} µs")
    print(f"p99 over raw {said['p99_us'] / floor:8.1f}  aim ≤ 25;  {said['over_20_ms']} over 20 ms, "
          f"aim 0")


def needed(options):
    if options.stalls:
        return options.rate * options.stalls
    return options.calls * options.rounds * len(options.clients)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine")
    parser.add_argument("--unaudited", help="the engine without audit writing")
    parser.add_argument("--evhttp", help="bare_evhttp")
    parser.add_argument("--load", required=True, help="what drives them")
    parser.add_argument("--dir", help="a folder on the disk to measure")
    parser.add_argument("--clients", default="1,64,256")
    parser.add_argument("--calls", type=int, default=1000, help="of each server in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--identity", choices=["assertion", "bare"], default="assertion")
    parser.add_argument("--commit-bytes", type=int, default=65536, help="of the raw write")
    parser.add_argument("--stalls", type=int, default=0, help="seconds at the offered rate")
    parser.add_argument("--rate", type=int, default=5000)
    options = parser.parse_args()
    options.engine = real.find_engine(options.engine)
    options.clients = [int(n) for n in options.clients.split(",")]
    if options.stalls:
        options.identity = "bare"
    return options


def main():
    options = arguments()
    load = os.getloadavg()[0]
    print(f"identity: {options.identity}; {os.cpu_count()} cores, load {load:.1f}")
    with contextlib.ExitStack() as stack:
        options.scratch = stack.enter_context(tempfile.TemporaryDirectory(dir=options.dir))
        book, matches = prepared(options, needed(options))
        stack.callback(book.close)
        all_of_them = []
        for server in servers(options, book, matches):
            stack.callback(server.stop)
            all_of_them.append(server)
            if options.stalls:
                break
        if options.stalls:
            stalls(options, all_of_them[0])
        else:
            rounds(options, all_of_them)


if __name__ == "__main__":
    main()
