#!/usr/bin/env python3
"""The reading commands on a real book: audit verify, query and export, policy validate and explain,
status; what they say and how they exit, on an intact book and on copies that somebody damaged.
Prints TAP. Usage: cli_audit.py [--engine PATH]"""
import csv
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def run(book, *words, data=None):
    """(exit, stdout, stderr) of a command on the book, or on another data folder."""
    env = dict(book.env, CLOSEGATE_DATA_DIR=data or book.data)
    done = subprocess.run([book.engine, *words], env=env, stdin=subprocess.DEVNULL, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=lib.ROOT)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def run_json(book, *words, data=None):
    code, out, err = run(book, *words, "--json", data=data)
    try:
        return code, json.loads(out)
    except ValueError:
        return code, {"not_json": out + err}


def copy(book, name):
    """A data folder of its own with the whole book in one file."""
    folder = os.path.join(book.dir, name)
    os.mkdir(folder)
    for file in ("recon.db", "recon.db-wal"):
        path = os.path.join(book.data, file)
        if os.path.exists(path):
            shutil.copy(path, folder)
    db = sqlite3.connect(os.path.join(folder, "recon.db"))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return folder


def edited(book, name, *statements):
    """A copy after a stranger's SQL, the schema's triggers out of the way and put back."""
    folder = copy(book, name)
    db = sqlite3.connect(os.path.join(folder, "recon.db"), isolation_level=None)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
                          " AND tbl_name = 'audit_events'").fetchall()
    for trigger, _ in triggers:
        db.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        db.execute(statement)
    for _, sql in triggers:
        db.execute(sql)
    db.close()
    return folder


def rehash(folder, seq, old, new):
    """A forger who knows the format: rewrites an event and its own hash."""
    db = sqlite3.connect(os.path.join(folder, "recon.db"), isolation_level=None)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
                          " AND tbl_name = 'audit_events'").fetchall()
    for trigger, _ in triggers:
        db.execute(f"DROP TRIGGER {trigger}")
    event, prev = db.execute("SELECT event, hash_prev FROM audit_events WHERE seq = ?",
                             (seq,)).fetchone()
    assert old in event
    event = event.replace(old, new)
    db.execute("UPDATE audit_events SET event = ?, hash_self = ? WHERE seq = ?",
               (event, hashlib.sha256(prev + event.encode()).digest(), seq))
    for _, sql in triggers:
        db.execute(sql)
    db.close()
    return folder


def intact(book):
    code, said = run_json(book, "audit", "verify", "--book")
    n = book.rows("SELECT count(*) AS n FROM audit_events")[0]["n"]
    check("audit verify --book: intact, exit 0", code == 0 and said["result"] == "intact", said)
    check("it counts every event", said.get("events") == n, said)
    check("it names the last hash", said.get("head") == book.rows(
        "SELECT lower(hex(hash_self)) AS h FROM audit_events ORDER BY seq DESC LIMIT 1")[0]["h"])
    check("it checked rows", said.get("rows", 0) > 400, said)
    code, out, _ = run(book, "audit", "verify")
    check("in words: intact, the events, the book", code == 0 and out.startswith(f"intact: {n} events"),
          out)


def broken(book):
    def says(name, folder, problem, seq=None, table=None):
        code, said = run_json(book, "audit", "verify", "--book", data=folder)
        check(f"{name}: broken, exit 2", code == 2 and said.get("result") == "broken", said)
        check(f"{name}: {problem}", problem in said.get("problem", ""), said)
        if seq:
            check(f"{name}: at event {seq}", said.get("bad_seq") == seq, said)
        if table:
            check(f"{name}: in {table}", said.get("table") == table, said)

    says("an edited event", edited(book, "edit", "UPDATE audit_events SET event ="
         " replace(event, 'engine:auto-confirm', 'human:nobody') WHERE seq = 20"),
         "hash_self is not the hash", 20)
    says("an event taken out", edited(book, "gap", "DELETE FROM audit_events WHERE seq = 20"),
         "missing", 20)
    says("two events exchanged", edited(
        book, "swap", "UPDATE audit_events SET seq = -1 WHERE seq = 20",
        "UPDATE audit_events SET seq = 20 WHERE seq = 21",
        "UPDATE audit_events SET seq = 21 WHERE seq = -1"), "hash_prev", 20)
    # The chain breaks behind the event, the signed tree with the head that covers it.
    forged = rehash(copy(book, "forge"), 20, "engine:auto-confirm", "engine:auto-confirn")
    says("an event forged with its hash", forged, "signed head")
    said = run_json(book, "audit", "verify", data=forged)[1]
    rows, tree = said["verdicts"]["rows"], said["verdicts"]["tree"]
    check("an event forged with its hash: the chain names the one behind it",
          rows["bad_seq"] == 21 and "hash_prev" in rows["problem"], rows)
    check("an event forged with its hash: the tree the first that its head covers",
          1 < tree["bad_seq"] <= 20 and said["bad_seq"] == tree["bad_seq"], tree)
    says("a match edited", edited(book, "row", "UPDATE matches SET amount_minor = amount_minor + 1"
                                  " WHERE rowid = 3"), "changed behind", table="matches")
    says("a principal edited", edited(book, "who", "UPDATE principals SET name = 'Eve'"
                                      " WHERE rowid = 1"), "changed behind", table="principals")
    says("a state row taken out", edited(book, "gone", "DELETE FROM match_states WHERE rowid = 1"),
         "gone", table="match_states")
    folder = copy(book, "trigger")
    db = sqlite3.connect(os.path.join(folder, "recon.db"))
    db.execute("DROP TRIGGER audit_no_update")
    db.commit()
    db.close()
    says("a trigger dropped", folder, "schema")
    folder = copy(book, "header")
    with open(os.path.join(folder, "recon.db"), "r+b") as f:
        f.write(b"not a database at all")
    says("a damaged file", folder, "damaged")
    folder = copy(book, "short")
    os.truncate(os.path.join(folder, "recon.db"), 40960)
    says("a file cut short", folder, "damaged")


def not_known(book):
    folder = os.path.join(book.dir, "empty")
    os.mkdir(folder)
    code, _, err = run(book, "audit", "verify", data=folder)
    check("no book: could not tell, exit 1, and says so", code == 1 and "no book" in err, err)
    os.mkdir(os.path.join(folder, "recon.db"))
    code, _, err = run(book, "audit", "verify", data=folder)
    check("no file: could not tell, exit 1", code == 1, err)
    code, _, err = run(book, "audit", "verify", "--everything")
    check("an unknown option: exit 64", code == 64, err)


def query(book):
    code, out, err = run(book, "audit", "query", "--type", "POLICY_VIOLATION")
    check("audit query: a table with the decision and its reason",
          code == 0 and "deny POLICY_BLOCK" in out, out + err)
    code, out, err = run(book, "audit", "query", "--limit", "2", "--after", "10", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    check("audit query --json: one line an event", [e["seq"] for e in lines] == [11, 12], out)
    check("what the limit left out is said", "--after 12" in err, err)
    row = lines[0]
    text = book.rows("SELECT event FROM audit_events WHERE seq = 11")[0]["event"]
    digest = hashlib.sha256(bytes.fromhex(row["hash_prev"]) + text.encode()).hexdigest()
    check("its hash is of the event as kept", row["hash_self"] == digest)
    total = len(book.rows("SELECT 1 FROM audit_events"))
    _, out, _ = run(book, "audit", "query", "--json", "--limit", "10000", "--from", "2000-01-01",
                    "--to", "2999-12-31T00:00:00Z")
    check("between two times", len(out.splitlines()) == total, out)
    _, out, _ = run(book, "audit", "query", "--json", "--to", "2000-01-01")
    check("nothing before the book", out == "", out)
    match = book.rows("SELECT match_id FROM match_states LIMIT 1")[0]["match_id"]
    _, out, _ = run(book, "audit", "query", "--json", "--match", match)
    check("by match", out and all(json.loads(e)["event"]["match_id"] == match
                                  for e in out.splitlines()), out)
    for words in (("--limit", "0"), ("--limit", "x"), ("--from", "yesterday"), ("--after", "-1")):
        code, _, err = run(book, "audit", "query", *words)
        check(f"audit query {' '.join(words)}: exit 1, and names it", code == 1 and words[0] in err,
              err)


def export(book):
    total = len(book.rows("SELECT 1 FROM audit_events"))
    path = os.path.join(book.dir, "log.jsonl")
    code, said = run_json(book, "audit", "export", "--out", path)
    data = open(path, "rb").read()
    check("audit export: the digest it says is the file's",
          code == 0 and said["sha256"] == hashlib.sha256(data).hexdigest(), said)
    prev, good = "0" * 64, 0
    for line in data.decode().splitlines():
        row = json.loads(line)
        event = line.split('"event":', 1)[1][:-1]
        digest = hashlib.sha256(bytes.fromhex(prev) + event.encode()).hexdigest()
        good += row["hash_prev"] == prev and row["hash_self"] == digest
        prev = row["hash_self"]
    check("audit export: the chain holds without the book", good == total == said["events"], good)
    code, _, err = run(book, "audit", "export", "--out", path)
    check("audit export: a file that exists is not replaced",
          code == 1 and open(path, "rb").read() == data, err)
    check("audit export: nothing half-done is left",
          not [f for f in os.listdir(book.dir) if f.endswith(".part")])
    code, out, err = run(book, "audit", "export", "--format", "csv")
    rows = list(csv.reader(out.splitlines(True)))
    head = rows[0]
    check("audit export --format csv: every event, every row as wide as the head",
          code == 0 and len(rows) == total + 1 and {len(r) for r in rows} == {len(head)}, err)
    table = [dict(zip(head, r)) for r in rows[1:]]
    check("csv: the events' text is whole", all(
        hashlib.sha256(bytes.fromhex(r["hash_prev"]) + r["event"].encode()).hexdigest()
        == r["hash_self"] for r in table))
    check("csv: amounts are decimals with their currency",
          any(r["amount"] == "612.48" and r["currency"] == "GBP" for r in table))
    folder = edited(book, "hole", "DELETE FROM audit_events WHERE seq = 20")
    out_path = os.path.join(book.dir, "hole.jsonl")
    code, _, err = run(book, "audit", "export", "--out", out_path, data=folder)
    check("audit export: a log with a hole is not exported",
          code == 1 and "missing" in err and not os.path.exists(out_path), err)
    code, _, err = run(book, "audit", "export", "--format", "xml")
    check("audit export --format xml: exit 64", code == 64, err)


def formulas(book):
    """A rationale that a spreadsheet would run, through the daemon and out again."""
    nasty = '=HYPERLINK("http://x","y")'
    daemon = lib.Engine(book)
    daemon.start()
    match = book.rows("SELECT object_id FROM escalations WHERE tool = 'confirm_match'"
                      " ORDER BY escalation_id LIMIT 1")[0]["object_id"]
    answer = lib.Caller(daemon, "human:maria").call("reject_match", match_id=match, rationale=nasty)
    check("a match is rejected meanwhile", answer["outcome"] == "ok", answer)
    code, said = run_json(book, "audit", "verify", "--book")
    check("audit verify works beside a running engine", code == 0, said)
    code, said = run_json(book, "status")
    check("status sees the engine run", code == 0 and said["engine_running"] is True, said)
    daemon.stop()
    code, said = run_json(book, "status")
    check("and sees that it stopped", code == 0 and said["engine_running"] is False)
    _, out, _ = run(book, "audit", "export", "--format", "csv")
    rows = list(csv.reader(out.splitlines(True)))
    cells = [dict(zip(rows[0], r))["rationale"] for r in rows[1:]]
    check("csv: a formula is made text", "'" + nasty in cells and nasty not in cells)


def policy(book):
    file = os.path.join(book.data, "policy.yaml")
    code, said = run_json(book, "policy", "validate")
    digest = hashlib.sha256(open(file, "rb").read()).hexdigest()
    check("policy validate: valid, with the file's digest, in force",
          code == 0 and said["valid"] and said["digest"] == digest and said["in_force"], said)
    text = open(file, encoding="utf-8").read()

    def bad(sentence, new, place, words):
        path = os.path.join(book.dir, "bad.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(new)
        code, out, err = run(book, "validate", path)
        check(f"validate: {sentence}: exit 2", code == 2, out + err)
        check(f"validate: {sentence}: {place}", out.startswith(f"{path}:{place}") and words in out,
              out)
        code, said = run_json(book, "policy", "validate", path)
        check(f"validate --json: {sentence}", code == 2 and said["valid"] is False
              and words in said["errors"][0]["message"] and said["errors"][0]["line"] > 0, said)

    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines, 1) if line.startswith("materiality_threshold_usd"))
    bad("a number that YAML readers disagree about",
        text.replace(lines[at - 1], "materiality_threshold_usd: 1e3"), f"{at}:", "1e3")
    bad("an unknown key", text + "\nsods: 1\n", f"{len(lines) + 2}:1: /sods", "unknown")
    at = next(i for i, line in enumerate(lines, 1) if line.startswith("  acme-uk:"))
    bad("an entity the book does not have", text.replace("\n  acme-uk:", "\n  acme-xx:"),
        f"{at}:", "acme-xx")
    code, _, err = run(book, "policy", "validate", os.path.join(book.dir, "nothing.yaml"))
    check("policy validate: no such file: exit 1", code == 1, err)


def explain(book):
    waiting = book.rows("SELECT match_id, json_extract(event, '$.reason') AS reason, event FROM audit_events"
                        " WHERE event_type = 'ESCALATION_PENDING' ORDER BY seq")
    same = 0
    for row in waiting[:12]:
        event = json.loads(row["event"])
        code, said = run_json(book, "policy", "explain", "--match", row["match_id"])
        v = said.get("verdict", {})
        # limits that fill up as others are confirmed may decide otherwise by now
        moving = ("CUMULATIVE_OVER_THRESHOLD", "AUTO_CONFIRM_CAP", "STATE_INVALID")
        same += code == 0 and (v.get("reason") in moving or (
            v.get("reason") == row["reason"] and v.get("clause") == event["clause_text"]
            and v.get("row") == event["row"] and v.get("pointer") == event["clause_pointer"]))
        if v:
            check(f"policy explain {row['reason']}: only the last row holds",
                  [s["held"] for s in said["steps"]] == [False] * (len(said["steps"]) - 1) + [True],
                  said)
    check("policy explain says what was decided", same == len(waiting[:12]), same)
    match = waiting[-1]["match_id"]
    code, out, err = run(book, "policy", "explain", "--match", match, "--as", "human:maria",
                         "--rationale", "seen")
    check("policy explain for a human: in words, with the facts",
          code == 0 and "row 13 decides: allowed" in out and "has_rationale: true" in out, out + err)
    before = len(book.rows("SELECT 1 FROM audit_events"))
    run(book, "policy", "explain", "--match", match)
    check("policy explain records nothing", len(book.rows("SELECT 1 FROM audit_events")) == before)
    for words, code in ((("--match", "mat_none"), 1), (("--match", match, "--as", "alice"), 1),
                        (("--match", match, "--as", "human:nobody"), 1), ((), 64),
                        (("--match", match, "--action", "eat"), 1)):
        got, _, err = run(book, "policy", "explain", *words)
        check(f"policy explain {' '.join(w for w in words if w != match)}: exit {code}",
              got == code, err)


def status(book):
    code, said = run_json(book, "status")
    check("status: exit 0, with policy and chain", code == 0 and said["head"]["seq"] == len(
        book.rows("SELECT 1 FROM audit_events")), said)
    check("status: what waits, by clause, adds up",
          sum(w["count"] for w in said["waiting"]) == said["waiting_n"]
          and all(w["clause"] for w in said["waiting"]), said["waiting"])
    n = book.rows("SELECT count(*) AS n FROM entries")[0]["n"]
    counted = sum(row[s]["count"] for e in said["entities"] for row in e["entries"]
                  for s in ("unmatched", "proposed", "confirmed", "exception"))
    check("status: every entry is in one state", counted == n, (counted, n))
    code, out, err = run(book, "status")
    check("status in words", code == 0 and "waiting for a human" in out, out + err)
    code, _, err = run(book, "status", data=os.path.join(book.dir, "nowhere"))
    check("status without a book: exit 1", code == 1 and "no book" in err, err)


def main():
    book = lib.Book(lib.given_engine())
    try:
        book.cli("seed", "saas", check=True)
        book.cli("recon", check=True)
        intact(book)
        broken(book)
        not_known(book)
        query(book)
        export(book)
        policy(book)
        explain(book)
        status(book)
        formulas(book)
    finally:
        book.close()
    return tap.done()


sys.exit(main())
