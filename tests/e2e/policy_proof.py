#!/usr/bin/env python3
"""The proof of a policy where it is taken. The real engine proves what it is given once: the book says
what was proved, and by what. An engine whose gate is broken (tests/e2e/broken_gate.c) makes no book,
does not start, reloads nothing and proposes nothing, and shows the counterexample, which the real
engine's `policy test` reads and refuses. Prints TAP. Usage: policy_proof.py --engine PATH --broken PATH"""
import argparse
import json
import os
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
EXAMPLE = os.path.join(lib.ROOT, "docs", "policy-example.yaml")
KEY = {"policy", "binding", "gate_version", "ask_schema", "proof_version"}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--broken", required=True)
    given = parser.parse_args()
    return lib.find_engine(given.engine), os.path.abspath(given.broken)


def proofs(book, event_type):
    rows = book.rows("SELECT json_extract(event, '$.detail.proof') AS proof FROM audit_events"
                     " WHERE event_type = ? ORDER BY seq", event_type)
    return [json.loads(row["proof"]) if row["proof"] else None for row in rows]


def another(book):
    """The file says something else from now on: nothing was proved of it."""
    book.edit_policy((r"materiality_threshold_usd: \d+", "materiality_threshold_usd: 777"))


def holds(engine):
    book = lib.Book(engine)
    try:
        code, text = book.cli("policy", "prove", EXAMPLE, "--json")
        told = json.loads(text)
        check("without a book a file is proved", code == 0 and told["holds"] and told["whole"], text)
        check("on some millions of points, of which many are allowed",
              told["points"] > 1000000 and told["allowed"] > told["points"] / 20, text)
        check("every invariant has a name, a sentence and where it is checked",
              len(told["invariants"]) == 9 and
              all(i["name"] and i["sentence"].endswith(".") and i["spaces"] for i in told["invariants"]),
              text)
        book.make_anew()
        first = proofs(book, "POLICY_LOADED")
        check("the event that loads the first policy says by what it was proved",
              len(first) == 1 and first[0] and set(first[0]) == KEY, first)
        code, text = book.cli("policy", "prove", "--in-force", "--json")
        check("the policy in force is proved by its name",
              code == 0 and json.loads(text)["digest"] == first[0]["policy"], text)
        started(engine, book, first[0])
    finally:
        book.close()


def started(engine, book, first):
    daemon = lib.Engine(book)
    daemon.start()
    check("and so does a start", proofs(book, "ENGINE_STARTED")[-1] == first,
          proofs(book, "ENGINE_STARTED"))
    another(book)
    daemon.process.send_signal(signal.SIGHUP)
    lib.wait_until(lambda: len(proofs(book, "POLICY_LOADED")) == 2, seconds=90)
    loaded = proofs(book, "POLICY_LOADED")
    check("a policy loaded by SIGHUP was proved, too",
          len(loaded) == 2 and loaded[1] and loaded[1]["policy"] != first["policy"], loaded)
    book.edit_policy((r"materiality_threshold_usd: 777", "materiality_threshold_usd: 778"))
    code, text = book.cli("policy", "propose", os.path.join(book.data, "policy.yaml"))
    proposed, loaded = proofs(book, "POLICY_PROPOSED"), proofs(book, "POLICY_LOADED")
    check("so was one that is proposed, and in dev is in force at once",
          code == 0 and len(proposed) == 1 and len(loaded) == 3 and proposed[0] == loaded[2], text)
    daemon.stop()


def refused(name, answer, invariant="llm_never_confirms"):
    code, text = answer
    check(f"{name}: a no, with the invariant and the counterexample",
          code == 2 and f"breaks the invariant {invariant}: " in text and "counterexample: {" in text,
          (code, text))
    return text


def breaks(engine, broken):
    book = lib.Book(broken)
    try:
        refused("no book is made", book.cli("seed", "saas"))
        check("and nothing of one is left", not os.path.exists(os.path.join(book.data, "recon.db")),
              os.listdir(book.dir))
        refused("validate", book.cli("policy", "validate", EXAMPLE))
        code, text = book.cli("policy", "validate", EXAMPLE, "--json")
        check("validate --json says so at its place", code == 2 and not json.loads(text)["valid"], text)
        code, text = book.cli("policy", "prove", EXAMPLE)
        check("prove: a no, with the counterexample for people",
              code == 2 and "broken: llm_never_confirms: an llm confirmed a match" in text and
              "as a case of `policy test`" in text, (code, text))
        code, text = book.cli("policy", "prove", EXAMPLE, "--json")
        finding = json.loads(text)["finding"]
        counterexample(engine, book, finding)
        on_a_book(engine, broken, book)
    finally:
        book.close()


def counterexample(engine, book, finding):
    """What the broken gate allows, the real one does not."""
    case = finding["case"]
    check("the counterexample is a case", finding["invariant"] == "llm_never_confirms" and
          case["given"]["action"] == "CONFIRM" and case["expect"]["ruling"] == "allow", finding)
    path = os.path.join(book.dir, "found.test.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"cases": [case]}, f)
    book.engine = engine
    code, text = book.cli("policy", "test", path, "--policy", EXAMPLE)
    check("policy test reads it, and the real gate decides it otherwise",
          code == 2 and "human" in text, (code, text))


def on_a_book(engine, broken, book):
    """A book that the real engine made, and another policy than was proved then."""
    book.engine = engine
    book.make_anew()
    book.engine = broken
    daemon = lib.Engine(book)
    daemon.start()
    events = book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]
    another(book)
    daemon.process.send_signal(signal.SIGHUP)
    found = lib.wait_until(lambda: "breaks the invariant" in log_of(daemon), seconds=90)
    check("reload: the policy in force stays, and the log says why", found, log_of(daemon))
    refused("propose", book.cli("policy", "propose", os.path.join(book.data, "policy.yaml")))
    check("and the book has no event of either",
          not book.rows("SELECT 1 FROM audit_events WHERE seq > ? AND event_type IN"
                        " ('POLICY_LOADED', 'POLICY_PROPOSED')", events))
    daemon.stop()
    events = book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]
    refused("serve does not start", book.cli("serve"))
    refused("nor does a command without it", book.cli("recon"))
    check("nothing was recorded by either",
          book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"] == events)
    inert(book)


def inert(book):
    """In prod the file is not in force, so what is wrong is not the file's. That the policy in force
    was proved is forgotten: as under a newer gate."""
    book.env["CLOSEGATE_ENV"] = "prod"
    tamper(book, """UPDATE audit_events SET event = replace(event, '"proof":{', '"proof_":{')
                    WHERE instr(event, '"proof":{') > 0""", "audit_no_update")
    text = refused("serve does not start in prod", book.cli("serve"))
    check("for the policy in force, and the file is not blamed",
          "the policy in force (" in text and "not the file" in text and "policy.yaml" not in text, text)
    tamper(book, "UPDATE policies SET text = replace(text, 'version: 1', 'version: 9')")
    code, text = book.cli("serve")
    check("nor is it when that one does not load", code == 1 and "the policy in force (" in text
          and "not the file: " in text and "/version" in text and "policy.yaml" not in text, (code, text))


def tamper(book, sql, trigger=None):
    db = sqlite3.connect(os.path.join(book.data, "recon.db"), isolation_level=None)
    was = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,)).fetchone()
    if was:
        db.execute("DROP TRIGGER " + trigger)
    changed = db.execute(sql).rowcount
    if was:
        db.execute(was[0])
    db.close()
    check("there was something to tamper with", changed > 0, sql)


def log_of(daemon):
    with open(daemon.log, encoding="utf-8", errors="replace") as f:
        return f.read()


def main():
    engine, broken = arguments()
    holds(engine)
    breaks(engine, broken)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
