#!/usr/bin/env python3
"""Long work on a real engine: a pass that is killed with -9 in the middle fails visibly at the next
start and is repeated, a load that is killed goes on where it stopped, two passes over one entity
never work at once, a pass is cancelled while it works, a clean stop leaves nothing behind, and a
start with nothing to sweep records no sweep. Prints TAP.
Usage: runs.py [--engine PATH] [--pairs N]"""
import argparse
import json
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault")]
import engine as lib  # noqa: E402
from kill9 import files_of  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
WAIT = 60


class Later(threading.Thread):
    """A call whose answer may never come."""

    def __init__(self, engine, tool, **arguments):
        super().__init__(daemon=True)
        self.caller = lib.Caller(engine, "human:maria", timeout=WAIT)
        self.tool, self.arguments, self.answer = tool, arguments, None
        self.start()

    def run(self):
        try:
            self.answer = self.caller.call(self.tool, **self.arguments)
        except (OSError, lib.Unreachable, lib.http.client.HTTPException) as e:
            self.answer = {"outcome": "lost", "text": str(e)}


def runs(book):
    return book.rows("SELECT * FROM workflow_runs ORDER BY run_id")


def wait_for(what, good, seconds=WAIT):
    found = lib.wait_until(good, seconds, 0.005)
    if not found:
        raise SystemExit(f"Bail out! waited {seconds} s for {what}")
    return found


def working(book, kind, chunks=1):
    """The run of that kind that has committed so many chunks and not ended."""
    rows = book.rows("SELECT * FROM workflow_runs WHERE kind = ? AND state = 'RUNNING'"
                     " AND chunks >= ?", kind, chunks)
    return rows[0] if rows else None


def events(book, event_type):
    return [json.loads(r["event"]) for r in book.rows(
        "SELECT event FROM audit_events WHERE event_type = ? ORDER BY seq", event_type)]


def write_files(book, pairs):
    """One large file of each side; their paths by source."""
    whole = {}
    for source, _, text in files_of(pairs):
        head, body = text.split("\n", 1)
        whole.setdefault(source, [head + "\n"]).append(body)
    paths = {}
    for source, parts in whole.items():
        paths[source] = os.path.join(book.dir, f"{source}.csv")
        with open(paths[source], "w", encoding="utf-8") as f:
            f.write("".join(parts))
        os.chmod(paths[source], 0o644)
    return paths


class CliLater(threading.Thread):
    def __init__(self, book, *words):
        super().__init__(daemon=True)
        self.book, self.words, self.said = book, words, None
        self.start()

    def run(self):
        self.said = self.book.cli(*self.words, timeout=WAIT)


def killed_load(book, engine, paths):
    path = paths["gl-us"]
    later = CliLater(book, "ingest", "--source", "gl-us", path)
    run = wait_for("the load", lambda: working(book, "ingest_file"))
    engine.kill()
    later.join(WAIT)
    check("a load that was killed had not ended", runs(book)[-1]["state"] == "RUNNING")
    engine.start()
    now = [r for r in runs(book) if r["run_id"] == run["run_id"]][0]
    check("after the restart its run has failed and says to load the file again",
          now["state"] == "FAILED" and "load the same file again" in now["error"], dict(now))
    sweeps = events(book, "RECOVERY_SWEEP")
    check("one event names the run and counts the lock",
          len(sweeps) == 1 and sweeps[0]["actor_id"] == "engine:recovery"
          and sweeps[0]["detail"]["runs"][0]["run_id"] == run["run_id"]
          and sweeps[0]["detail"]["locks_freed"] == 1, sweeps)
    code, text = book.cli("ingest", "--source", "gl-us", path, "--json", timeout=WAIT)
    report = json.loads(text)  # exit 2: the chart lacks the other side's account
    check("loading it again goes on where it stopped", code in (0, 2) and report["resumed"] > 0
          and report["loaded"] + report["quarantined"] == report["rows"], report)
    book.cli("ingest", "--source", "bank-us-operating", paths["bank-us-operating"], timeout=WAIT)


def killed_pass(book, engine):
    later = Later(engine, "run_recon_pass", entity_id="acme-us")
    run = wait_for("the pass", lambda: working(book, "run_recon_pass", 2))
    engine.kill()
    later.join(WAIT)
    check("the caller of a pass that was killed gets no answer", later.answer["outcome"] == "lost",
          later.answer)
    engine.start()
    now = [r for r in runs(book) if r["run_id"] == run["run_id"]][0]
    check("its run has failed and says to run it again; what it wrote is counted",
          now["state"] == "FAILED" and "run it again" in now["error"]
          and now["rows"] >= run["rows"] > 0, dict(now))
    check("no lock is left", not book.rows("SELECT * FROM advisory_locks"))
    return run


def second_and_cancelled(book, engine):
    maria = lib.Caller(engine, "human:maria", timeout=WAIT)
    first = Later(engine, "run_recon_pass", entity_id="acme-us")
    run = wait_for("the pass", lambda: book.rows(
        "SELECT * FROM workflow_runs WHERE state IN ('QUEUED', 'RUNNING')"))[0]
    second = maria.call("run_recon_pass", entity_id="acme-us")
    check("a second pass meanwhile is told which run works there",
          second["outcome"] == "error" and run["run_id"] in second["text"], second)
    part = maria.call("run_recon_pass", entity_id="acme-us", account="1010")
    check("and so is one over a part of it", part["outcome"] == "error"
          and run["run_id"] in part["text"], part)
    shown = maria.read(f"recon://runs/{run['run_id']}")
    check("the run can be read while it works", shown["data"].get("state") in ("QUEUED", "RUNNING"),
          shown)
    gone = maria.call("cancel_run", run_id=run["run_id"], rationale="the file was wrong")
    check("it is cancelled", gone["outcome"] == "ok" and gone["data"]["state"] == "CANCELLED", gone)
    first.join(WAIT)
    check("its caller hears of it", first.answer["outcome"] == "error"
          and "CANCELLED" in first.answer["text"], first.answer)
    again = maria.call("cancel_run", run_id=run["run_id"])
    check("what has ended is not cancelled again", again["outcome"] == "deny", again)
    done = maria.call("run_recon_pass", entity_id="acme-us")
    check("the pass is run again and ends", done["outcome"] == "ok", done)
    listed = maria.read("recon://runs")["data"]["runs"]
    check("recon://runs shows them, the newest first",
          listed[0]["run_id"] == done["data"]["run_id"] and listed[0]["state"] == "SUCCEEDED"
          and "CANCELLED" in [r["state"] for r in listed], listed)


def quiet_start(book, engine):
    before = len(events(book, "RECOVERY_SWEEP"))
    check("the engine stops cleanly", engine.stop() == 0)
    engine.start()
    check("a start with nothing to sweep records no sweep",
          len(events(book, "RECOVERY_SWEEP")) == before)
    code, text = book.cli("status")
    check("status counts the runs", code == 0 and "runs    0 under way, 2 failed" in text, text)
    engine.stop()
    seq = book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]
    code, text = book.cli("sweep")
    check("sweep on the locked book finds nothing and records nothing", code == 0
          and seq == book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"], text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--pairs", type=int, default=20000)
    options = parser.parse_args()
    book = lib.Book(lib.find_engine(options.engine))
    with lib.serving(book) as engine:
        paths = write_files(book, options.pairs)
        killed_load(book, engine, paths)
        killed_pass(book, engine)
        second_and_cancelled(book, engine)
        quiet_start(book, engine)
        intact, text = lib.chain_is_intact(book)
        check("audit verify --book: intact", intact, text)
    sys.exit(tap.done())


main()
