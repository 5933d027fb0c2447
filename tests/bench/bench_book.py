#!/usr/bin/env python3
"""Large books through the real daemon: a bank CSV and a ledger CSV of so many rows each are loaded,
one pass stores its proposals, and the status is read; for growing sizes, with the engine's peak
memory and what each step grew by. Auto-confirm is off: the matcher proposes, nobody decides.
Beside it a floor, measured in the same run on the same disk: SQLite alone copies the rows that the
engine wrote into tables of the same schema, in chunks of as many rows, each its own synced commit.
The files are made from a seed, so that every run has the same bytes.

    bench_book.py [--engine PATH] [--dir FOLDER] [--sizes 10000,100000,1000000] [--verify]"""
import argparse
import http.client
import json
import os
import random
import re
import socket
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engine as real  # noqa: E402

SYLLABLES = ["Al", "Ber", "Can", "Dri", "Em", "Fjo", "Gla", "Her", "Isl", "Jas", "Kel", "Lar",
             "Mon", "Nor", "Ost", "Pri", "Qui", "Rav", "Sol", "Tam", "Um", "Val", "Win", "Yar"]
TRADES = ["Freight", "Machinery", "Catering", "Software", "Packaging", "Roofing", "Textiles",
          "Welding", "Dairy", "Optics", "Rentals", "Studios"]
MASTER = {
    "entities.csv": "id,name,functional_currency,zone,calendar,parent\n"
                    "big,Big Inc.,USD,America/New_York,US_FED,\n",
    "accounts.csv": "entity,id,name,class,currency,reconciled\n"
                    "big,1010,Operating account,cash,USD,yes\n"
                    "big,2000,Payables,payables,USD,no\n",
    "counterparties.csv": "id,name,kind\n",
    "sources.yaml": """sources:
  - id: bank
    entity: big
    account: "1010"
    side: bank
    columns: {id: id, date: date, memo: description, amount: amount}
    date_format: YYYY-MM-DD
    decimal: "."
    sign: as_is
    contra: none
  - id: gl
    entity: big
    account: "1010"
    side: gl
    columns: {id: id, date: date, counterparty: name, memo: memo, reference: document,
              amount: amount, contra_account: contra}
    date_format: YYYY-MM-DD
    decimal: "."
    sign: as_is
    contra: account
""",
}
CHUNK = 2000  # rows of a chunk of the floor


# ---- the files ----

def party(draw):
    """Some 50,000 parties; half of all events are with the 500 best known."""
    who = draw.randrange(500) * 331 if draw.random() < .5 else draw.randrange(165888)
    return (SYLLABLES[who % 24] + SYLLABLES[who // 24 % 24].lower()
            + SYLLABLES[who // 576 % 24].lower() + " " + TRADES[who // 13824 % 12])


def money(cents):
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def day_text(day):
    return time.strftime("%Y-%m-%d", time.gmtime(day * 86400))


class Files:
    """A bank file and a ledger file of exactly n rows each."""

    def __init__(self, folder, n):
        self.n, self.bank_n, self.gl_n = n, 0, 0
        self.paths = {s: os.path.join(folder, f"{s}-{n}.csv") for s in ("bank", "gl")}
        self.bank = open(self.paths["bank"], "w", encoding="utf-8")
        self.gl = open(self.paths["gl"], "w", encoding="utf-8")
        self.bank.write("id,date,description,amount\n")
        self.gl.write("id,date,name,memo,document,amount,contra\n")
        draw = random.Random(n)
        span = 31 if n < 20000 else 91 if n < 200000 else 365
        self.days = [day_text(20000 + i) for i in range(span + 8)]
        while self.bank_n < n or self.gl_n < n:
            self.event(draw, min(self.gl_n * span // n, span - 1))
        self.bank.close()
        self.gl.close()

    def add_bank(self, cents, day, text):
        if self.bank_n < self.n:
            self.bank_n += 1
            self.bank.write(f"b{self.bank_n:07},{self.days[day]},{text},{money(cents)}\n")

    def add_gl(self, cents, day, name, memo, document):
        if self.gl_n < self.n:
            self.gl_n += 1
            self.gl.write(f"g{self.gl_n:07},{self.days[day]},{name},{memo},{document},"
                          f"{money(cents)},2000\n")

    def event(self, draw, day):
        """Mostly one entry a line, some late, coded, split, short, void or strangers."""
        name, what = party(draw), draw.randrange(100)
        memo, document = f"Services INV-{draw.randrange(900000)}", f"AP-{self.gl_n}"
        cents = 1000 + draw.randrange(1000) * draw.randrange(40000)
        cents = -cents if draw.random() < .67 else cents
        late, bank = day + draw.randrange(4), f"ACH {name.upper()}"
        if what < 88:
            self.add_bank(cents, late, bank if what < 80 else f"MKTPL *{draw.randrange(9000000)}")
            self.add_gl(cents, day, name, memo, document)
        elif what < 90:
            more = (-1 if cents < 0 else 1) * (1000 + draw.randrange(50000))
            self.add_bank(cents + more, late, bank)
            self.add_gl(cents, day, name, memo, document)
            self.add_gl(more, day, name, memo, document)
        elif what < 94:
            self.add_bank(cents - 25 * draw.randrange(100), late, bank)
            self.add_gl(cents, day, name, memo, document)
        elif what < 95:
            self.add_gl(cents, day, name, memo, document)
            self.add_gl(-cents, late, name, f"VOID {memo}", document)
        elif what < 98:
            self.add_bank(cents, day, bank)
        else:
            self.add_gl(cents, day, name, memo, document)


# ---- the engine ----

class Socket(http.client.HTTPConnection):
    """The engine's Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=3600)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def rpc(book, method, params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    link = Socket(book.socket)
    link.request("POST", "/admin", body, {"Content-Type": "application/json",
                                          "Accept": "application/json, text/event-stream",
                                          "MCP-Protocol-Version": "2025-11-25"})
    answer = json.loads(link.getresponse().read())
    link.close()
    if "error" in answer or answer["result"].get("isError"):
        raise SystemExit(f"{method}: {json.dumps(answer)[:600]}")
    return answer["result"]


def tool(book, name, /, **arguments):
    return rpc(book, "tools/call", {"name": name, "arguments": arguments})["structuredContent"]


def status_figure(engine, name):
    """A figure of /proc/PID/status in MiB."""
    with open(f"/proc/{engine.process.pid}/status", encoding="ascii") as f:
        return int(re.search(rf"{name}:\s+(\d+)", f.read()).group(1)) / 1024


def cpu_seconds(engine):
    """What the engine's threads have computed so far, its system calls included."""
    with open(f"/proc/{engine.process.pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_book(options):
    book = real.Book(options.engine, starter="empty", under=options.dir)
    book.socket = os.path.join(book.data, "engine.sock")
    book.env["CLOSEGATE_ENGINE_SOCKET"] = book.socket
    book.make()
    book.edit_policy((r"(auto_confirm:\s*\{?\s*enabled:\s*)true", r"\1false"))
    for name, text in MASTER.items():
        with open(os.path.join(book.dir, name), "w", encoding="utf-8") as f:
            f.write(text)
    return book


def timed(step, *args, **kw):
    began = time.perf_counter()
    result = step(*args, **kw)
    return time.perf_counter() - began, result


# ---- the floor ----

def copy_table(db, table):
    """Every row of the book's table into ours, in chunks."""
    top = db.execute(f"SELECT max(rowid) FROM book.{table}").fetchone()[0] or 0
    for at in range(0, top, CHUNK):
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"INSERT INTO main.{table} SELECT * FROM book.{table} WHERE rowid > ? AND"
                   " rowid <= ?", (at, at + CHUNK))
        db.execute("COMMIT")


def copy_legs(db):
    legs = db.execute("SELECT entry_id, match_id FROM book.live_legs ORDER BY match_id").fetchall()
    for at in range(0, len(legs), 2 * CHUNK):
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO main.live_legs VALUES (?, ?)", legs[at:at + 2 * CHUNK])
        db.execute("COMMIT")


def floor(book):
    """SQLite alone: seconds for the entries, and for matches, legs and exceptions."""
    path = os.path.join(book.data, "floor.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("ATTACH ? AS book", (os.path.join(book.data, "recon.db"),))
    tables = ("entries", "matches", "live_legs", "exceptions")
    for row in db.execute("SELECT sql FROM book.sqlite_schema WHERE tbl_name IN (?, ?, ?, ?) AND"
                          " sql IS NOT NULL AND type IN ('table', 'index')", tables).fetchall():
        db.execute(row[0])
    load, _ = timed(copy_table, db, "entries")
    store = sum(timed(*step)[0] for step in ((copy_table, db, "matches"), (copy_legs, db),
                                             (copy_table, db, "exceptions")))
    db.close()
    for name in (path, path + "-wal", path + "-shm"):
        if os.path.exists(name):
            os.unlink(name)
    return load, store


# ---- a run ----

class Run:
    """One size: seconds by step."""

    def __init__(self, options, n):
        self.n, self.seconds, self.cpu = n, {}, {}
        book = make_book(options)
        engine = real.Engine(book)
        try:
            files = Files(book.dir, n)
            engine.start()
            self.engine = engine
            book.cli("ingest", "--master", book.dir, check=True)
            for side in ("bank", "gl"):
                self.load(book, side, files.paths[side])
            self.resident = status_figure(engine, "VmHWM")
            self.step("run_recon_pass", lambda: tool(book, "run_recon_pass", entity_id="big"))
            self.proposed = self.answer["proposed"]
            self.exceptions = self.answer["exceptions"]
            self.step("status", lambda: rpc(book, "resources/read", {"uri": "recon://status"}))
            self.peak = status_figure(engine, "VmHWM")
            engine.stop()
            self.engine = None
            self.bytes = os.path.getsize(os.path.join(book.data, "recon.db"))
            if options.verify:
                self.step("audit verify --book", lambda: book.cli("audit", "verify", "--book",
                                                                  timeout=3600, check=True))
            self.floor = floor(book)
        finally:
            engine.stop()
            if not options.keep:
                book.close()

    def load(self, book, side, path):
        answer = self.step(f"ingest_file {side}",
                           lambda: tool(book, "ingest_file", source_id=side, path=path))
        if answer["loaded"] != self.n:
            raise SystemExit(f"loaded {answer['loaded']} of {self.n}: {json.dumps(answer)[:400]}")

    def step(self, name, act):
        before = cpu_seconds(self.engine) if self.engine else 0
        self.seconds[name], self.answer = timed(act)
        self.cpu[name] = cpu_seconds(self.engine) - before if self.engine else 0
        print(f"#   {self.n:9} {name:22} {self.seconds[name]:8.2f} s", file=sys.stderr, flush=True)
        return self.answer

    def whole(self):
        return sum(self.seconds[s] for s in ("ingest_file bank", "ingest_file gl",
                                             "run_recon_pass"))


def tell(run, before):
    rows = {"ingest_file bank": run.n, "ingest_file gl": run.n, "run_recon_pass": 2 * run.n,
            "audit verify --book": 2 * run.n}
    print(f"\n{run.n} x {run.n}: {run.proposed} proposals, {run.exceptions} exceptions,"
          f" book {run.bytes >> 20} MiB")
    for name, took in run.seconds.items():
        rate = f"{rows[name] / took:10.0f} rows/s" if name in rows else " " * 17
        grown = f"  x{took / before.seconds[name]:.1f}" if before else ""
        cpu = f"  cpu {run.cpu[name]:6.2f} s" if run.cpu[name] else ""
        print(f"  {name:24} {took:9.2f} s {rate}{cpu}{grown}")
    grown = f"  x{run.whole() / before.whole():.1f}" if before else ""
    print(f"  {'load, match, store':24} {run.whole():9.2f} s"
          f" {2 * run.n / run.whole():10.0f} rows/s{grown}")
    print(f"  {'SQLite alone':24} {sum(run.floor):9.2f} s  entries {run.floor[0]:.2f} s, proposals"
          f" {run.floor[1]:.2f} s; the engine takes {run.whole() / sum(run.floor):.1f} times that")
    print(f"  {'peak memory':24} {run.peak:9.0f} MiB  after loading {run.resident:.0f} MiB",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--dir", help="where the books are made (a folder on the disk to measure)")
    parser.add_argument("--sizes", default="10000,100000,1000000", help="rows of each file")
    parser.add_argument("--verify", action="store_true", help="audit verify --book too")
    parser.add_argument("--keep", action="store_true", help="leave the books there")
    options = parser.parse_args()
    options.engine = real.find_engine(options.engine)
    before = None
    for n in (int(size) for size in options.sizes.split(",")):
        run = Run(options, n)
        tell(run, before)
        before = run


if __name__ == "__main__":
    main()
