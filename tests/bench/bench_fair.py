#!/usr/bin/env python3
"""What a pass over a large account costs everybody else: one client confirms matches and reads pages
of a hundred (list_pending_escalations, query_audit) through the real daemon, first while nothing else
happens, then while run_recon_pass matches, proposes and auto-confirms the account, every confirmation
its own event. Beside it a raw write and fdatasync in the same folder, and how long the log grew.

    bench_fair.py [--engine PATH] [--dir FOLDER] [--rows 100000] [--keep]"""
import argparse
import base64
import os
import re
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault")]
import engine as real  # noqa: E402
from bench_book import tool  # noqa: E402
from bench_spine import percentile, raw, request_bytes  # noqa: E402
from kill9 import files_of, proposals  # noqa: E402

MASTER = {
    "entities.csv": "id,name,functional_currency,zone,calendar,parent\n"
                    "big,Big Inc.,USD,America/New_York,US_FED,\n",
    "accounts.csv": "entity,id,name,class,currency,reconciled\n"
                    "big,1010,Operating account,cash,USD,yes\n"
                    "big,4000,Sales,revenue,USD,no\n",
    "counterparties.csv": "id,name,kind\n",
    "sources.yaml": "sources:\n" + "".join(f"""  - id: {name}
    entity: big
    account: "1010"
    side: {side}
    columns: {{id: id, date: date, reference: reference, memo: memo, amount: amount{extra}}}
    date_format: YYYY-MM-DD
    decimal: "."
    sign: as_is
    contra: {contra}
""" for name, side, extra, contra in (("big-bank", "bank", "", "none"),
                                      ("big-gl", "gl", ", contra_account: contra", "account"))),
}


def big_files(folder, rows):
    """A bank file and a ledger file that agree line by line."""
    paths = {}
    for source in ("big-bank", "big-gl"):
        paths[source] = os.path.join(folder, f"{source}.csv")
        with open(paths[source], "w", encoding="utf-8") as f:
            f.write("id,date,reference,memo,amount,contra\n")
            for i in range(rows):
                f.write(f"{source}-{i:07},2026-{1 + i % 6:02}-{1 + i % 28:02},WIRE-{i:07},Receipt,"
                        f"{100 + i % 900}.{i % 100:02},4000\n")
    return paths


def make_book(options):
    """The demo company with proposals for people, and a large account nobody has matched yet."""
    book = real.Book(options.engine, under=options.dir)
    book.socket = os.path.join(book.data, "engine.sock")
    book.env["CLOSEGATE_ENGINE_SOCKET"] = book.socket
    book.make()
    book.edit_policy((r"(auto_confirm:\s*\{?\s*enabled:\s*)true", r"\1false"))
    for name, text in MASTER.items():
        with open(os.path.join(book.dir, name), "w", encoding="utf-8") as f:
            f.write(text)
    book.cli("ingest", "--master", book.dir, check=True)
    engine = real.Engine(book)
    engine.start()
    try:
        for source, name, text in files_of(options.pairs):
            tool(book, "ingest_file", source_id=source, name=name,
                 content_base64=base64.b64encode(text.encode()).decode())
        book.cli("recon", "--json", check=True)
    finally:
        engine.stop()
    book.edit_policy((r"(auto_confirm:\s*\{?\s*enabled:\s*)false", r"\1true"),
                (r'cap: \{amount: "[^"]*", count: \d+', 'cap: {amount: "900000000000 USD", count: 900000000'),
                (r"\ncumulative_limits:.*?(?=\n# ----)", "\ncumulative_limits: []\n"))
    return book


class Client:
    """One connection; a page is a megabyte, so that it is gathered, not searched again and again."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.room = bytearray(16 << 20)

    def ask(self, data):
        """(seconds, body)."""
        began, at, end = time.perf_counter(), 0, None
        self.socket.sendall(data)
        while end is None or at < end:
            at += self.socket.recv_into(memoryview(self.room)[at:])
            head = self.room.find(b"\r\n\r\n", 0, min(at, 4096)) if end is None else 0
            if end is None and head >= 0:
                end = head + 4 + int(re.search(rb"content-length: *(\d+)", self.room[:head],
                                               re.I).group(1))
        return time.perf_counter() - began, bytes(self.room[:end]).partition(b"\r\n\r\n")[2]


class Sampler:
    """One client: a confirmation, then a page of each kind, again and again."""

    def __init__(self, book, engine, matches):
        self.book, self.caller = book, real.Caller(engine, "human:maria")
        self.client, self.matches = Client(engine.port), matches
        self.took, self.log_bytes, self.refused = {}, 0, 0

    def one(self, name, tool, arguments):
        data = request_bytes(self.caller, tool, arguments)
        seconds, body = self.client.ask(data)
        self.took.setdefault(name, []).append(seconds)
        if b'"isError":true' in body or b'"error"' in body:
            raise SystemExit(f"{tool}: {body[:400]}")
        return body

    def round(self):
        if self.matches:
            body = self.one("confirm_match", "confirm_match", {
                "match_id": self.matches.pop(), "rationale": "checked against the statement"})
            self.refused += b'"status":"ok"' not in body
        self.one("list_pending_escalations", "list_pending_escalations", {"limit": 100})
        self.one("query_audit, latest day", "query_audit", {"limit": 100, "from": "2020-01-01"})
        self.one("query_audit, an actor", "query_audit", {
            "limit": 100, "actor": "engine:auto-confirm"})
        self.one("query_audit, an actor and a type", "query_audit", {
            "limit": 100, "actor": "engine:auto-confirm", "event_type": "ESCALATION_PENDING"})
        log = os.path.join(self.book.data, "recon.db-wal")
        self.log_bytes = max(self.log_bytes, os.path.getsize(log))
        time.sleep(.005)

    def tell(self, title):
        print(f"\n{title:36} {'median':>9} {'p95':>9} {'p99':>9} {'max':>9}")
        for name, took in self.took.items():
            figures = [percentile(took, p) * 1e3 for p in (.5, .95, .99)] + [max(took) * 1e3]
            print(f"{name:36} " + " ".join(f"{f:6.1f} ms" for f in figures) + f"  of {len(took)}",
                  flush=True)
        if self.refused:
            print(f"{self.refused} confirmations were not ok")


def bench(options, book, engine):
    engine.start()
    paths = big_files(book.dir, options.rows)
    for source, path in paths.items():
        tool(book, "ingest_file", source_id=source, path=path)
    matches = [m for m, (bank, _) in proposals(book) if ":KX-" in bank[0]]
    quiet = Sampler(book, engine, matches[:200])
    floor = raw(book.data, 65536, 200)
    while quiet.matches:
        quiet.round()
    quiet.tell(f"nothing else, {2 * options.rows} entries")
    answer, busy = {}, Sampler(book, engine, matches[200:])

    def run_pass():
        answer.update(tool(book, "run_recon_pass", entity_id="big"))

    thread, began = threading.Thread(target=run_pass), time.perf_counter()
    thread.start()
    while thread.is_alive():
        busy.round()
    took = time.perf_counter() - began
    floor += raw(book.data, 65536, 200)
    busy.tell(f"a pass of {took:.1f} s beside it")
    print(f"\n{answer['proposed']} proposed, {answer['confirmed']} confirmed, {answer['waiting']} waiting;"
          f" the log at most {busy.log_bytes >> 20} MiB;"
          f" write + fdatasync of 64 KiB {percentile(floor, .5) * 1e3:.2f} ms,"
          f" p99 {percentile(floor, .99) * 1e3:.2f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--dir", help="where the book is made (a folder on the disk to measure)")
    parser.add_argument("--rows", type=int, default=100000, help="of each file")
    parser.add_argument("--pairs", type=int, default=1500, help="matches for people")
    parser.add_argument("--keep", action="store_true", help="leave the book there")
    options = parser.parse_args()
    options.engine = real.find_engine(options.engine)
    book = make_book(options)
    engine = real.Engine(book)
    try:
        bench(options, book, engine)
    finally:
        engine.stop()
        if not options.keep:
            book.close()


if __name__ == "__main__":
    main()
