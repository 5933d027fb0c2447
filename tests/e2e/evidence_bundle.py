#!/usr/bin/env python3
"""audit-evidence-export and closegate-verify bundle on a demo company: the same bytes twice, what
is in the archive against the book read by somebody else's SQL, every file changed once, who may.
Prints TAP. Usage: evidence_bundle.py --engine PATH --verify PATH"""
import argparse
import csv
import datetime
import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
PERIOD = ["--from", str(TODAY - datetime.timedelta(days=40)), "--to",
          str(TODAY + datetime.timedelta(days=1))]


class Bundles:
    """A book, and where its bundles go."""

    def __init__(self, book, verify):
        self.book, self.verify, self.n = book, verify, 0
        self.key = book.cli("keys", "export", check=True)[1].strip()

    def path(self):
        self.n += 1
        return os.path.join(self.book.dir, f"b{self.n}.zip")

    def make(self, *words, period=None):
        """(path, what the command said)"""
        path = self.path()
        code, said = self.book.cli("audit-evidence-export", *(period or PERIOD), *words, "--out",
                                   path)
        return path, code, said

    def good(self, path, *words):
        done = subprocess.run([self.verify, "bundle", path, "--key", self.key, *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def changed(self, path, change):
        """A bundle of the entries that change(name, bytes) gives: None leaves one out."""
        out = self.path()
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                content = change(info.filename, old.read(info))
                if content is not None:
                    new.writestr(info.filename, content)
        return out


def read(path, name):
    with zipfile.ZipFile(path) as z:
        return z.read(name)


def rows_of(path, name):
    return list(csv.DictReader(io.StringIO(read(path, name).decode(), newline="")))


# ---- the same bytes ----

def same_bytes(b):
    one, code, said = b.make("--sample", "6", "--seed", "2026-q1")
    check("a bundle is made", code == 0, said)
    two = b.make("--sample", "6", "--seed", "2026-q1")[0]
    with open(one, "rb") as f, open(two, "rb") as g:
        check("made again it is the same bytes, though the first export is an event since",
              f.read() == g.read())
    other = b.make("--sample", "6", "--seed", "2026-q2")[0]
    check("another seed draws another sample",
          read(one, "sample_2026-q1.csv").split(b"\n")[1:] !=
          read(other, "sample_2026-q2.csv").replace(b"q2", b"q1").split(b"\n")[1:])
    check("a file that is there is not replaced",
          b.book.cli("audit-evidence-export", *PERIOD, "--out", one)[0] == 1)
    code, said = b.good(one)
    check("closegate-verify finds nothing wrong", code == 0, said)
    code, said = b.good(one, "--json")
    found = json.loads(said)
    check("and says so to programs", found["holds"] and
          {c["check"] for c in found["checks"]} >=
          {"signature", "files", "log", "tree", "populations", "reconciliation", "sample",
           "receipts"}, said)
    with zipfile.ZipFile(one) as z:
        check("another ZIP program finds every checksum right", z.testzip() is None)
        check("no entry says when or by whom it was packed",
              len({i.date_time for i in z.infolist()}) == 1 and
              {i.external_attr for i in z.infolist()} == {0})
    return one


# ---- what is in it ----

CLASSIC = ["README.txt", "sample_2026-q1.csv", "actors.csv", "dead_letter.csv",
           "policy/versions.csv", "sweeper_runs.csv", "chain_proof.json", "config_snapshot.json",
           "population_CONFIRM.csv", "population_reconciliation.json", "sod_matrix.csv",
           "sod_conflicts.json", "exceptions_aging.csv", "fx_rates_used.csv", "ingestion_runs.csv",
           "overrides.csv", "completeness_statement.json", "manifest.json", "manifest.note",
           "queries.sql", "log/events.jsonl"]


def rank(seed, control, seq):
    return hashlib.sha256(f"closegate-sample/1\n{seed}\n{control}\n{seq}\n".encode()).digest()


def contents(b, path):
    with zipfile.ZipFile(path) as z:
        names = z.namelist()
    for name in CLASSIC:
        check(f"{name} is there", name in names)
    manifest = json.loads(read(path, "manifest.json"))
    check("the manifest's hashes are those of an independent reading",
          all(hashlib.sha256(read(path, f["name"])).hexdigest() == f["sha256"] and
              len(read(path, f["name"])) == f["bytes"] for f in manifest["files"]))
    check("and it lists everything but itself",
          sorted(f["name"] for f in manifest["files"]) ==
          sorted(n for n in names if not n.startswith("manifest.")))
    first, last = manifest["first_seq"], manifest["last_seq"]
    decided = {}
    for row in b.book.rows("SELECT seq, event FROM audit_events WHERE seq BETWEEN ? AND ?", first,
                           last):
        event = json.loads(row["event"])
        if "decision" in event:
            decided.setdefault(event["action"], []).append((row["seq"], event))
    for control, events in decided.items():
        rows = rows_of(path, f"population_{control}.csv")
        check(f"the population of {control} is every decision on it, in order, counted",
              [(int(r["seq"]), r["decision"], r["actor_id"]) for r in rows] ==
              [(seq, e["decision"], e["actor_id"]) for seq, e in events] and
              [int(r["no"]) for r in rows] == list(range(1, len(rows) + 1)))
        drawn = [int(r["seq"]) for r in rows_of(path, "sample_2026-q1.csv")
                 if r["control"] == control]
        check(f"the sample of {control} is the one the recipe draws",
              drawn == sorted(sorted((seq for seq, _ in events),
                                     key=lambda s, c=control: rank("2026-q1", c, s))[:6]))
    told = json.loads(read(path, "population_reconciliation.json"))
    check("the reconciliation counts what there is",
          told["events"] == last - first + 1 and
          told["decisions"] == sum(len(e) for e in decided.values()) and
          {c["control"]: c["count"] for c in told["controls"]} ==
          {c: len(e) for c, e in decided.items()})
    transactions(path)
    return manifest


def transactions(path):
    for row in rows_of(path, "sample_2026-q1.csv"):
        t = json.loads(read(path, f"transactions/{row['seq']}.json"))
        event = t["decision"]["event"]
        if event.get("match_id"):
            good = (t["proposal"]["match_id"] == event["match_id"] and "evidence" in t["proposal"]
                    and t["inputs"] and all(len(i["raw_sha256"]) == 64 for i in t["inputs"])
                    and any(h["seq"] == event["seq"] for h in t["history"]))
            if not good:
                check("a transaction has proposal, inputs and history", False, row["seq"])
                return
        raw = bytes.fromhex(t["decision"]["hash_prev"]) + t["receipt"]["event"].encode()
        if hashlib.sha256(raw).hexdigest() != t["decision"]["hash_self"]:
            check("a transaction's event is the hashed one", False, row["seq"])
            return
    check("each transaction has its proposal, inputs with raw hashes, history and hashed event", True)


def aging(b, path):
    """At the period's end, which is now: what the running engine itself says stands."""
    stands, said = set(), ""
    for entity in ("acme-us", "acme-uk"):
        said = b.book.cli("call", "list_exceptions", json.dumps({"entity_id": entity}), "--json")[1]
        found = json.loads(said)
        found = found.get("structuredContent", found)
        stands |= {x["exception_id"] for x in found.get("exceptions", [])}
    rows = rows_of(path, "exceptions_aging.csv")
    check("the exceptions that are aged are those that stand",
          stands and {r["exception_id"] for r in rows} == stands,
          f"{len(rows)} {len(stands)} {said}")


def decimal(cells, names):
    """A query's row as the bundle writes it: an amount in minor units, with its currency behind."""
    out = ["" if c is None else str(c) for c in cells]
    for i, name in enumerate(names):
        if name == "amount" and cells[i] is not None:
            digits = f"{abs(cells[i]):03d}"
            sign = "-" if cells[i] < 0 else ""
            out[i] = f"{sign}{digits[:-2]}.{digits[-2:]}"  # all of the demo's have two
    return out


def queries(b, path):
    """Every query that the bundle carries, asked again by another program's SQLite."""
    manifest = json.loads(read(path, "manifest.json"))
    binds = (manifest["first_seq"], manifest["last_seq"], None, manifest["to"], None)
    db = sqlite3.connect(f"file:{os.path.join(b.book.data, 'recon.db')}?mode=ro", uri=True)
    told = json.loads(read(path, "completeness_statement.json"))["answers"]
    compared = 0
    for answer in told:
        file, sql = answer.get("file"), answer["query"]
        if not sql.startswith(("SELECT", "WITH")) or file == "log/events.jsonl":
            continue
        given = list(binds)
        if "?5" in sql:
            given[4] = answer["statement"].split("'")[1]
        wanted = max(int(n) for n in re.findall(r"\?(\d)", sql))
        cursor = db.execute(sql, given[:wanted])
        names, rows = [d[0] for d in cursor.description], cursor.fetchall()
        good = len(rows) == answer["rows"] and answer["none"] == (not rows)
        if file and file.startswith("population_"):
            good = good and [str(r[0]) for r in rows] == [r["seq"] for r in rows_of(path, file)]
        elif file and file.endswith(".csv"):
            lines = list(csv.reader(io.StringIO(read(path, file).decode(), newline="")))
            # a cell that begins like a formula has an apostrophe before it
            plain = [[c[1:] if c[:1] == "'" else c for c in line] for line in lines[1:]]
            good = good and lines[0] == names and plain == [decimal(r, names) for r in rows]
        compared += 1
        if not good:
            check("a query gives what the bundle has", False, f"{file} {answer.get('statement')}")
    types = json.loads(read(path, "population_reconciliation.json"))
    rows = db.execute(types["query_by_type"], binds[:2]).fetchall()
    check("and so does that of events by type", [list(r) for r in rows] ==
          [[t["event_type"], t["events"], t["first_seq"], t["last_seq"]]
           for t in types["events_by_type"]])
    db.close()
    check("every query gives what the bundle has, row by row", compared > 15, compared)
    shell = shutil.which("sqlite3")
    if shell is None:
        check("queries.sql runs # SKIP no sqlite3", True)
        return
    done = subprocess.run([shell, "-readonly", os.path.join(b.book.data, "recon.db")],
                          input=read(path, "queries.sql"), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    check("queries.sql runs in SQLite's shell", done.returncode == 0 and not done.stderr and
          b".parameter" not in done.stdout, done.stderr.decode() + done.stdout.decode()[:200])
    scoped = b.make("--entity", "acme-uk")[0]
    asked = [line for line in read(scoped, "queries.sql").decode().splitlines()
             if line.startswith(".parameter set ?3")]
    done = subprocess.run([shell, ":memory:"], input="\n".join(asked + ["SELECT ?3;"]).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    check("those of a bundle of one entity ask for it alone",
          json.loads(done.stdout or b"0") == ["acme-uk"], done.stdout + done.stderr)


# ---- what is forged ----

def forged(b, path):
    with zipfile.ZipFile(path) as z:
        names = z.namelist()
    bad = []
    for name in names:
        flipped = b.changed(path, lambda n, c, name=name: c if n != name or not c else
                            bytes([c[0] ^ 1]) + c[1:])
        if b.good(flipped)[0] != 2:
            bad.append(name)
    check(f"each of {len(names)} files, changed in one bit, is refused", not bad, bad)
    gone = [n for n in names if b.good(b.changed(path, lambda m, c, n=n: None if m == n else c))[0]
            != 2]
    check("each of them missing is refused", not gone, gone)
    more = b.path()
    shutil.copy(path, more)
    with zipfile.ZipFile(more, "a") as z:
        z.writestr("population_EXTRA.csv", "no,seq\r\n")
    check("a file more is refused", b.good(more)[0] == 2)
    outside = b.path()
    shutil.copy(path, outside)
    with zipfile.ZipFile(outside, "a") as z:
        z.writestr("../outside.txt", "x")
    code, said = b.good(outside)
    check("a name that leads out is refused", code == 2 and "archive" in said, said)
    with open(path, "rb") as f:
        whole = f.read()
    cut = b.path()
    with open(cut, "wb") as f:
        f.write(whole[:-100])
    check("a cut archive is refused", b.good(cut)[0] == 2)
    bomb = b.path()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("manifest.json", b"0" * (200 << 20))
    check("a bomb is refused unopened", b.good(bomb)[0] == 2)
    check("a file that is not there cannot be told", b.good(path + ".none")[0] == 1)
    check("no archive at all is refused", b.good(os.path.join(b.book.data, "policy.yaml"))[0] == 2)


def resealed(b, path, change):
    """A forger who makes the manifest anew, but cannot sign it."""
    files = {}
    with zipfile.ZipFile(path) as z:
        for name in z.namelist():
            files[name] = z.read(name)
    change(files)
    manifest = json.loads(files["manifest.json"])
    for f in manifest["files"]:
        f["sha256"] = hashlib.sha256(files[f["name"]]).hexdigest()
        f["bytes"] = len(files[f["name"]])
    files["manifest.json"] = json.dumps(manifest).encode()
    out = b.path()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in files.items():
            z.writestr(name, content)
    return out


def insider(b, path, book_key):
    """Whoever holds the log's key signs a manifest of anything: what is made from the log is still
    found out, since the tree of the events is signed, too."""
    def lines(files, name, change):
        text = files[name].decode().split("\r\n")
        change(text)
        files[name] = "\r\n".join(text).encode()

    def drop_row(files):
        lines(files, "population_CONFIRM.csv", lambda t: t.pop(3))

    def swap_pick(files):
        files["sample_2026-q1.csv"] = files["sample_2026-q1.csv"].replace(b",no\r\n", b",yes\r\n", 1)

    def drop_event(files):
        log = files["log/events.jsonl"].split(b"\n")
        log.pop(10)
        files["log/events.jsonl"] = b"\n".join(log)

    def soften(files):
        files["population_reconciliation.json"] = files["population_reconciliation.json"].replace(
            b'"deny"', b'"allow"', 1)

    def other_event(files):
        name = next(n for n in files if n.startswith("transactions/") and n.endswith(".json"))
        t = json.loads(files[name])
        t["decision"]["event"]["decision"] = "deny"
        files[name] = json.dumps(t).encode()

    def edit_event(files):
        files["log/events.jsonl"] = files["log/events.jsonl"].replace(b'"decision":"human"',
                                                                      b'"decision":"allow"', 1)

    def rewrite_end(files):
        log = files["log/events.jsonl"].decode().rstrip("\n").split("\n")
        head, event = log[-1].split(',"event":', 1)
        event = event[:-1].replace('"event_type":"', '"event_type":"X_', 1)
        prev = re.search(r'"hash_prev":"([0-9a-f]{64})"', head).group(1)
        own = hashlib.sha256(bytes.fromhex(prev) + event.encode()).hexdigest()
        head = re.sub(r'"hash_self":"[0-9a-f]{64}"', f'"hash_self":"{own}"', head)
        log[-1] = f'{head},"event":{event}}}'
        files["log/events.jsonl"] = ("\n".join(log) + "\n").encode()

    for what, change, where in (("a decision left out of its population", drop_row, "populations"),
                                ("a changed sample", swap_pick, "sample"),
                                ("an event left out of the log", drop_event, "log"),
                                ("a changed event", edit_event, "log"),
                                ("a rewritten end, hashed anew", rewrite_end, "tree"),
                                ("a changed figure", soften, "reconciliation"),
                                ("another decision shown", other_event, "receipts")):
        out = resealed(b, path, change)
        unsigned = b.good(out)
        signed = resign(b, out, book_key)
        code, said = b.good(signed, "--json")
        failed = json.loads(said).get("failed")
        check(f"{what} is refused for the manifest's signature, and signed anew for what it is",
              unsigned[0] == 2 and "signature" in unsigned[1] and code == 2 and failed == where,
              f"{unsigned[0]} {failed} {said}")


    def flood(files):
        files["log/events.jsonl"] = b"no event\n" + b"x" * (9 << 20)

    said = b.good(resign(b, resealed(b, path, flood), book_key), "--json")[1]
    told = json.loads(said)
    check("however much stands behind the first wrong event, that one is told",
          told["failed"] == "log" and told.get("where") == "event 1" and
          told["problem"] == "this line is no event", said)


def resign(b, path, private):
    import base64
    manifest = json.loads(read(path, "manifest.json"))
    digest = hashlib.sha256(read(path, "manifest.json")).hexdigest()
    text = (f"closegate-bundle/1\n{manifest['origin']}\n{manifest['first_seq']} "
            f"{manifest['last_seq']}\n{digest}\n")
    key_id = bytes.fromhex(b.key.split("+", 2)[1])
    sig = base64.b64encode(key_id + private.sign(text.encode())).decode()
    note = f"{text}\n\u2014 {manifest['origin']} {sig}\n".encode()
    return b.changed(path, lambda n, c: note if n == "manifest.note" else c)


def other_keys(b, path):
    other = b.key.split("+", 2)[0]
    stranger = lib.Book(b.book.engine)
    try:
        stranger.make_anew()
        key = stranger.cli("keys", "export", check=True)[1].strip()
        done = subprocess.run([b.verify, "bundle", path, "--key", key], capture_output=True,
                              check=False)
        check("another book's key does not vouch for it", done.returncode == 2, done.stdout)
    finally:
        stranger.close()
    done = subprocess.run([b.verify, "bundle", path], capture_output=True, check=False)
    check("without a key nothing is believed", done.returncode == 64, done.stdout)
    check("the key names the log", other.startswith("closegate/book_"))


# ---- samples, controls, entities ----

def others(b):
    for words in (["--mus", "--interval", "2500", "--seed", "m"],
                  ["--mus", "--sample", "4", "--seed", "m"],
                  ["--control", "CONFIRM", "--sample", "3", "--seed", "c"],
                  ["--control", "THAW", "--sample", "3", "--seed", "c"],
                  ["--entity", "acme-uk", "--sample", "3", "--seed", "e"], []):
        path, code, said = b.make(*words)
        code2, said2 = b.good(path) if code == 0 else (None, "")
        check(f"a bundle with {' '.join(words) or 'no sample'} is made and holds",
              code == 0 and code2 == 0, said + said2)
    path = b.make("--entity", "acme-uk", "--sample", "2", "--seed", "e")[0]
    texts = b"".join(read(path, n) for n in zipfile.ZipFile(path).namelist()
                     if not n.startswith(("policy/", "config_", "README")))
    check("a bundle of one entity tells nothing of another's events",
          b"bank-us-operating" not in texts and b"acme-us" not in texts)
    names = zipfile.ZipFile(path).namelist()
    check("nor of people and roles", "actors.csv" not in names and "sod_matrix.csv" not in names)
    for words, why in ((["--sample", "3"], "--seed"), (["--mus", "--seed", "x"], "how much"),
                       (["--sample", "0", "--seed", "x"], "sample"),
                       (["--sample", "3", "--seed", "../x"], "seed"),
                       (["--interval", "5", "--seed", "x"], "--mus"),
                       (["--control", "../x"], "control")):
        path, code, said = b.make(*words)
        check(f"{' '.join(words)} is wrong usage, and why", code == 64 and why in said, said)
    path, code, said = b.make("--entity", "nobody")
    check("an entity that is not there is told so", code == 1 and "nobody" in said and
          not os.path.exists(path), said)
    path, code, said = b.make(period=["--from", "2001-01-01", "--to", "2001-12-31"])
    check("a period without events is told so", code == 1 and not os.path.exists(path), said)
    path, code, said = b.make("--mus", "--interval", "0.001", "--seed", "x")
    check("an interval that no currency has is refused, and leaves no file",
          code == 1 and "interval" in said and not os.path.exists(path) and
          not os.path.exists(path + ".part"), said)


def eval_folder(b):
    folder = os.path.join(b.book.dir, "evals")
    os.mkdir(folder)
    with open(os.path.join(folder, "nightly.json"), "w", encoding="utf-8") as f:
        f.write('{"passed": 60}')
    path = b.make("--eval", folder)[0]
    none = b.make()[0]
    check("eval reports stand beside", read(path, "eval/nightly.json") == b'{"passed": 60}')
    told = json.loads(read(none, "completeness_statement.json"))["answers"]
    check("and that there were none is said", any("none given" in a.get("statement", "")
                                                  for a in told))
    check("of what is not expected there is nothing, with the query",
          all(a["none"] and a["query"] for a in told
              if "match was confirmed by" in a.get("statement", "")))


# ---- who may, and that it is recorded ----

def recorded(b, path):
    row = b.book.rows("SELECT event FROM audit_events WHERE event_type = 'EXPORTED'"
                      " ORDER BY seq LIMIT 1")[0]
    event = json.loads(row["event"])
    check("the export is an event: who, what, the manifest's hash",
          event["actor_id"].startswith("human:") and
          event["detail"]["manifest_sha256"] ==
          hashlib.sha256(read(path, "manifest.json")).hexdigest() and
          event["detail"]["transactions"] == len(rows_of(path, "sample_2026-q1.csv")),
          json.dumps(event))
    check("the log still holds", b.book.cli("audit", "verify", "--book")[0] == 0)


def roles(engine, verify):
    """Auditors of all, of one entity, and those who may not: the one at the keyboard becomes it."""
    for role, entity, may in (("auditor", "all", "all"), ("auditor", "acme-uk", "acme-uk"),
                              ("accountant", "all", None)):
        book = lib.Book(engine)
        try:
            book.make_anew()
            b = Bundles(book, verify)
            book.cli("role", "grant", "demo-user", role, "--entity", entity, check=True)
            book.cli("role", "revoke", "demo-user", "controller", "--entity", "all", check=True)
            path, code, said = b.make("--sample", "2", "--seed", "r")
            if may is None:
                check(f"an {role} may not export, and no file is left", code == 1 and
                      "auditor" in said and not os.path.exists(path), said)
                continue
            whole = json.loads(read(path, "manifest.json"))["entities"] if code == 0 else "?"
            check(f"an {role} of {entity} exports just that", code == 0 and
                  whole == (None if may == "all" else [may]), said)
            check("and it holds", b.good(path)[0] == 0, b.good(path)[1])
        finally:
            book.close()


def served(b):
    """With the daemon running it records and signs; the file is the same."""
    before = b.make("--sample", "4", "--seed", "d")[0]
    engine = lib.Engine(b.book)
    try:
        engine.start()
        path, code, said = b.make("--sample", "4", "--seed", "d")
        with open(before, "rb") as f, open(path, "rb") as g:
            check("through a running engine it is the same bundle", code == 0 and
                      f.read() == g.read(), said)
        aging(b, path)
    finally:
        engine.stop()


def rotated(b, path):
    """After the key was rotated, by the old key and by the new one."""
    old, old_private = b.key, log_key(b.book)
    code, said = b.book.cli("keys", "rotate")
    check("the log's key is rotated", code == 0, said)
    b.key = b.book.cli("keys", "export", check=True)[1].strip().split("\n")[-1]
    after = b.make("--sample", "2", "--seed", "k")[0]
    code, said = b.good(after)
    check("a bundle after a rotation holds by the new key", code == 0, said)
    new, b.key = b.key, old
    code, said = b.good(after)
    check("and by the old one, which handed over", code == 0 and new != old, said)
    code, said = b.good(path)
    check("the bundle from before still holds", code == 0, said)

    def promote(files):
        files["actors.csv"] = files["actors.csv"].replace(b"controller", b"auditor", 1)

    stolen = resign(b, resealed(b, after, promote), old_private)
    for b.key in (old, new):
        code, said = b.good(stolen)
        check("whoever took the old key signs no bundle of a period after its end",
              code == 2 and "retired before the period's end" in said, said)


def tiles(b):
    """Two periods beside each other meet without a gap: cut at an instant the test chooses."""
    events = b.book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]
    past = str(TODAY - datetime.timedelta(days=1))
    code, said = b.make(period=["--from", "2020-01-01", "--to", past])[1:]
    check("a period that ends before the book begins has no events", code == 1, said)
    path = b.make(period=["--from", "2020-01-01", "--to", str(TODAY)])[0]
    manifest = json.loads(read(path, "manifest.json"))
    check("the first period begins with event 1 and ends with the last that tells anything",
          manifest["first_seq"] == 1 and 1 < manifest["last_seq"] < events)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", required=True)
    parser.add_argument("--verify", required=True)
    args = parser.parse_args()
    book = lib.Book(lib.find_engine(args.engine))
    try:
        book.make_anew()
        for entity in ("acme-us", "acme-uk"):
            book.cli("recon", "--entity", entity, check=True)
        b = Bundles(book, os.path.abspath(args.verify))
        path = same_bytes(b)
        contents(b, path)
        queries(b, path)
        recorded(b, path)
        forged(b, path)
        insider(b, path, log_key(book))
        other_keys(b, path)
        others(b)
        eval_folder(b)
        served(b)
        tiles(b)
        rotated(b, path)
    finally:
        book.close()
    roles(lib.find_engine(args.engine), os.path.abspath(args.verify))
    return tap.done()


def log_key(book):
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    with open(os.path.join(book.data, "log.key"), "rb") as f:
        return load_pem_private_key(f.read(), password=None)


if __name__ == "__main__":
    sys.exit(main())
