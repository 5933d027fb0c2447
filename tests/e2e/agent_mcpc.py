#!/usr/bin/env python3
"""The agent's MCP client against a real engine: people and the service as whom it calls, what it
hears, and what becomes of both while the engine is killed and started again. Prints TAP.
Usage: agent_mcpc.py [--engine PATH] --probe PATH"""
import argparse
import json
import os
import queue
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
KILLS = 8


class Probe:
    """mcpc_probe; answers and news come on one pipe."""

    def __init__(self, path, engine):
        self.process = subprocess.Popen(
            [path, f"http://127.0.0.1:{engine.port}", engine.book.data], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.answers, self.news, self.heard = queue.Queue(), queue.Queue(), []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            said = json.loads(line)
            (self.news if said["answer"] == "news" else self.answers).put(said)

    def say(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def ask(self, **line):
        self.say(**line)
        return self.answers.get(timeout=60)

    def call(self, who, tool, **args):
        return self.ask(do="call", tool=tool, args=args, **who)

    def read(self, who, uri):
        return self.ask(do="read", uri=uri, **who)

    def health(self):
        return self.ask(do="health")

    def until(self, kind, uri=None, timeout=15):
        """What was heard up to the first news of that kind; [] when it does not come."""
        heard, end = [], time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                heard.append(self.news.get(timeout=0.1))
            except queue.Empty:
                continue
            if heard[-1]["news"] == kind and uri in (None, heard[-1].get("uri")):
                return heard
        return []

    def end(self):
        self.process.stdin.close()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "did not end"


def calls(probe, maria, match):
    got = probe.call(maria, "list_pending_escalations")
    check("a person's list comes as structured content", got["kind"] == "ok"
          and got["status"] == "ok" and "escalations" in got["structured"], got)
    check("with the engine's own request id", got.get("request_id"), got)
    got = probe.call(maria, "generate_close_summary", entity_id="acme-us", period="2026-06")
    check("an argument that must be mirrored in a header is", got["kind"] == "ok"
          and not got["is_error"], got)
    got = probe.read(maria, "recon://me")
    check("a resource is read as the person", got["kind"] == "ok"
          and got["tree"]["human"] == "human:maria", got)
    check("one that is not there is missing",
          probe.read(maria, "recon://matches/mat_none")["kind"] == "missing")
    check("the service reads the feed", probe.read({}, "recon://feed")["kind"] == "ok")
    got = probe.call({}, "confirm_match", match_id=match, rationale="x")
    check("and is refused what is not on its list", got["kind"] == "auth"
          and "list" in got["why"], got)
    got = probe.call(maria, "comment_item", object=match[:-1] + ("0" if match[-1] != "0" else "1"),
                     text="x")
    check("a failure is a result with the engine's words", got["kind"] == "ok"
          and got["status"] == "failed" and got["error"] == "missing" and got["message"], got)
    got = probe.call(maria, "comment_item", object=match, text=7)
    check("arguments that do not fit are, too", got["status"] == "failed"
          and got["error"] == "input", got)
    wrong = dict(maria, principal="p-nobody")
    got = probe.call(wrong, "list_pending_escalations")
    check("a claim that is not the registry's is refused", got["kind"] == "auth", got)
    got = probe.call(maria, "comment_item", object=match, text="once", idempotency_key="k-once")
    again = probe.call(maria, "comment_item", object=match, text="once", idempotency_key="k-once")
    check("one key is one comment", got["status"] == "ok"
          and got["structured"]["comment_id"] == again["structured"]["comment_id"], (got, again))
    health = probe.health()
    check("the engine's version and protocol are known", health["reachable"] and health["version"]
          and health["protocol"] == lib.MODERN, health)
    check("it is ready", probe.ask(do="ready")["kind"] == "ok")


def follows(probe, maria, match):
    probe.say(do="follow", uris=[f"recon://matches/{match}", "recon://escalations"])
    check("who follows is told to catch up first",
          [n["news"] for n in probe.until("catch_up")] == ["catch_up"])
    got = probe.call(maria, "escalate_match", match_id=match, rationale="please look")
    check("a match is put before a human", got["kind"] == "ok" and not got["is_error"], got)
    check("and the follower hears of it", probe.until("updated", "recon://escalations"))


def restarts(probe, maria, engine):
    engine.kill()
    check("a loss is told", probe.until("lost"))
    got = probe.call(maria, "list_pending_escalations")
    check("nobody there is upstream", got["kind"] == "upstream", got)
    check("ready says the same", probe.ask(do="ready")["kind"] == "upstream")
    health = probe.health()
    check("the health says why", not health["reachable"] and health["reason"], health)
    engine.start()
    check("after a restart the follower catches up", probe.until("catch_up"))
    got = probe.call(maria, "list_pending_escalations")
    check("and calls work at once", got["kind"] == "ok", got)
    check("it came back once", probe.health()["comebacks"] == 1)
    stopped = engine.stop()
    check("an orderly end is a loss, too", stopped == 0 and probe.until("lost"))
    engine.start()
    check("and a new beginning", probe.until("catch_up"))


def killing(probe, maria, match, engine):
    """Comments, each with a key of its own, while the engine is killed at any moment."""
    done, said = threading.Event(), {}
    dice = random.Random(7)

    def killer():
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.02, 0.3))
            engine.kill()
            engine.start()
        done.set()

    thread = threading.Thread(target=killer)
    thread.start()
    n = 0
    while not done.is_set():
        n += 1
        got = probe.call(maria, "comment_item", object=match, text=f"c-{n}",
                         idempotency_key=f"k-{n}")
        said[f"c-{n}"] = got
        if got["kind"] == "upstream":
            time.sleep(0.02)
    thread.join()
    kinds = {got["kind"] for got in said.values()}
    check("each was done, not begun, or is unknown", kinds <= {"ok", "upstream", "unknown_outcome"},
          kinds)
    rows = [r["text"] for r in engine.book.rows("SELECT text FROM comments WHERE text LIKE 'c-%'")]
    check("no comment is there twice", len(rows) == len(set(rows)), rows)
    lost = [t for t, got in said.items() if got["kind"] == "ok" and t not in rows]
    check("every one that was confirmed is there", not lost, lost)
    begun = [t for t, got in said.items() if got["kind"] == "upstream" and t in rows]
    check("and none that was said not to be begun", not begun, begun)
    settled = {t: probe.call(maria, "comment_item", object=match, text=t,
                             idempotency_key="k-" + t[2:]) for t in said}
    check("saying all again with the same keys settles them", {g["kind"] for g in settled.values()}
          == {"ok"})
    rows = [r["text"] for r in engine.book.rows("SELECT text FROM comments WHERE text LIKE 'c-%'")]
    check("once each", sorted(rows) == sorted(said), (len(rows), len(said)))
    print(f"# {len(said)} changes, {KILLS} kills: "
          + ", ".join(f"{sum(g['kind'] == k for g in said.values())} {k}" for k in sorted(kinds)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--probe", required=True)
    given = parser.parse_args()
    book = lib.Book(lib.find_engine(given.engine))
    with lib.serving(book, ["recon"]) as engine:
        match = book.rows("SELECT m.match_id FROM matches m LEFT JOIN match_states s USING "
                          "(match_id) WHERE s.state IS NULL ORDER BY m.match_id")[0]["match_id"]
        maria = {"sub": "human:maria", "principal": book.principal("maria")}
        probe = Probe(os.path.abspath(given.probe), engine)
        try:
            calls(probe, maria, match)
            follows(probe, maria, match)
            restarts(probe, maria, engine)
            killing(probe, maria, match, engine)
        finally:
            check("it ends when its input does", probe.end() == 0)
        engine.stop()
        intact, text = lib.chain_is_intact(book)
        check("the chain is intact", intact, text)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
