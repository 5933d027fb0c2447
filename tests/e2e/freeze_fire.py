#!/usr/bin/env python3
"""The kill switch under fire: 64 clients decide without a pause, and again and again something is
frozen among them: an agent, a person with all their agents, a tool, a kind of actor, everything.
Judged by the order of the log and by nothing else: between FROZEN and THAWED nothing came of what
was frozen, and others went on. No act on several things at once is cut in two by it, and a pass
whose asker is frozen while it works proposes nothing more. Prints TAP.
Usage: freeze_fire.py [--engine PATH] [--pairs N] [--clients N]"""
import argparse
import base64
import itertools
import json
import os
import random
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault")]
import engine as lib  # noqa: E402
from kill9 import files_of, proposals  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
WAIT = 120
BULK = 4  # items of one act
ASKED, ABOUT = 160, 200
ENOUGH = 40  # effects before a freeze, denials behind it


class Try:
    """One call: when it went out, when it was answered, and what came of it."""

    def __init__(self, caller, tool, arguments):
        self.actor, self.tool = caller.actor, tool
        self.sent = time.monotonic()
        got = caller.call(tool, **arguments)
        self.answered = time.monotonic()
        self.outcome, self.reason, self.text = got["outcome"], got["reason"], got["text"]
        self.busy = got["outcome"] == "error" and got.get("status") in (429, 503)


class Client(threading.Thread):
    """Decides until the fire is out. A person has matches of their own; who has none left, and
    every agent, comments or attaches."""

    turns = itertools.cycle((True, False))

    def __init__(self, fire, actor, obo=None, tool=None, own=()):
        super().__init__(daemon=True)
        self.fire, self.tool, self.own = fire, tool, list(own)
        self.caller = lib.Caller(fire.engine, actor, obo, key=fire.key, timeout=WAIT)
        self.tries, self.obo, self.comments = [], obo, next(self.turns)

    def next(self):
        if self.tool == "resolve_escalations" and len(self.own) >= BULK:
            items, self.own = self.own[:BULK], self.own[BULK:]
            return self.tool, {"decision": "reject", "rationale": "not ours", "items": items}
        if self.tool in ("confirm_match", "reject_match") and self.own:
            return self.tool, {"match_id": self.own.pop(), "rationale": "looked at"}
        if self.comments:
            return "comment_item", {"object": random.choice(self.fire.about), "text": "seen"}
        return "attach_evidence", {"object": random.choice(self.fire.about), "name": "scan.pdf",
                                   "sha256": os.urandom(32).hex()}

    def run(self):
        try:
            while not self.fire.out.is_set():
                tool, arguments = self.next()
                one = Try(self.caller, tool, arguments)
                self.tries.append(one)
                if one.busy:
                    time.sleep(0.05)
                elif one.outcome == "error":
                    self.fire.problems.append(f"{one.actor} {tool}: {one.text[:200]}")
        except Exception as e:  # a bug of ours must not look like silence
            self.fire.problems.append(f"{self.caller.actor}: {type(e).__name__}: {e}")


class Fire:
    """What the clients share."""

    def __init__(self, engine, matches, items, clients):
        self.engine, self.key = engine, engine.book.key()
        self.out, self.problems = threading.Event(), []
        self.about, matches = matches[:ABOUT], matches[ABOUT:]  # an item holds no end of evidence
        people = clients // 4
        share = [matches[i::2 * people] for i in range(2 * people)]
        self.clients = [Client(self, f"llm:fire.s-{i // 2 if i % 2 else 0}", "demo-user")
                        for i in range(clients - 2 * people - 4)]
        self.clients += [Client(self, "llm:fire.of-sam", "sam") for _ in range(4)]
        for i in range(people):
            if i < 4:
                self.clients.append(Client(self, "human:sam", tool="resolve_escalations",
                                           own=items[i::4]))
            else:
                self.clients.append(Client(self, "human:sam", tool="confirm_match", own=share[i]))
            self.clients.append(Client(self, "human:demo-user", tool="reject_match",
                                       own=share[people + i]))

    def tries(self, fits):
        return [t for c in self.clients for t in list(c.tries) if fits(c, t)]


def events(book, after=0):
    return [json.loads(r["event"]) for r in book.rows(
        "SELECT event FROM audit_events WHERE seq > ? ORDER BY seq", after)]


def last(book):
    return book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]


class Round:
    """One freeze among the fire. `of` says of an event, `by` of a client's call, whether it is of
    what is frozen."""

    def __init__(self, name, freeze, of, by):
        self.name, self.freeze, self.of, self.by = name, freeze, of, by

    def count(self, fire, since, fits):
        return len(fire.tries(lambda c, t: t.sent > since and self.by(c, t) and fits(t)))

    def burn(self, fire, maria):
        began = time.monotonic()
        lib.wait_until(lambda: self.count(fire, began, lambda t: t.outcome == "ok") >= ENOUGH, WAIT)
        frozen = maria.call("freeze", reason="a drill", **self.freeze)
        if frozen["outcome"] != "ok":
            raise SystemExit(f"Bail out! {self.name}: {frozen}")
        self.told = time.monotonic()
        self.first = frozen["data"]["seq"]
        lib.wait_until(lambda: self.count(fire, self.told, lambda t: t.reason == "FROZEN")
                       >= ENOUGH, WAIT)
        self.thawing = time.monotonic()
        thawed = maria.call("thaw", freeze_id=frozen["data"]["freeze_id"], rationale="over")
        if thawed["outcome"] != "ok":
            raise SystemExit(f"Bail out! {self.name}: {thawed}")
        self.end = thawed["data"]["seq"]

    def judge(self, fire, log):
        between = [e for e in log if self.first < e["seq"] < self.end]
        its = [e for e in between if self.of(e)]
        came = [e for e in its if e["event_type"] != "POLICY_VIOLATION"]
        check(f"{self.name}: nothing came of it between FROZEN and THAWED", not came, came[:2])
        check(f"{self.name}: it was tried all the while ({len(its)} denials)",
              len(its) >= ENOUGH and all(e["reason"] == "FROZEN" for e in its
                                         if e["gate_input"]["frozen"]), its[:2])
        said = fire.tries(lambda c, t: self.by(c, t) and t.sent > self.told
                          and t.answered < self.thawing and t.outcome not in ("deny", "error"))
        check(f"{self.name}: nobody was told otherwise", not said, [vars(t) for t in said[:2]])
        if self.freeze["scope"] == "all":
            return
        check(f"{self.name}: everybody else went on",
              [e for e in between if not self.of(e) and e["event_type"] == "OK"], len(between))


def sam(book):
    return book.principal("sam")


def rounds(book):
    person = sam(book)

    def actor(name):
        return lambda e: e["actor_id"] == name

    return [
        Round("an agent", {"scope": "actor", "value": "llm:fire.s-0"}, actor("llm:fire.s-0"),
              lambda c, t: t.actor == "llm:fire.s-0"),
        Round("a person and their agents", {"scope": "actor", "value": "human:sam"},
              lambda e: person in (e.get("principal_id"), e.get("on_behalf_of")),
              lambda c, t: t.actor == "human:sam" or c.obo == "sam"),
        Round("a tool", {"scope": "tool", "value": "comment_item"},
              lambda e: e.get("tool") == "comment_item", lambda c, t: t.tool == "comment_item"),
        Round("a kind of actor", {"scope": "kind", "value": "llm"},
              lambda e: e["actor_id"].startswith("llm:"), lambda c, t: t.actor.startswith("llm:")),
        Round("people", {"scope": "kind", "value": "human"},
              lambda e: e["actor_id"].startswith("human:"),
              lambda c, t: t.actor.startswith("human:")),
        Round("everything", {"scope": "all"}, lambda e: True, lambda c, t: True),
    ]


def several_are_whole(log):
    """An act on several things is one transaction: no freeze falls between its parts."""
    at = {}
    for e in log:
        if e.get("batch_id", "").startswith("bat_"):
            at.setdefault(e["batch_id"], []).append(e["seq"])
    switches = [e["seq"] for e in log if e["event_type"] in ("FROZEN", "THAWED")]
    cut = [b for b, seqs in at.items() if any(seqs[0] < s < seqs[-1] for s in switches)]
    check(f"none of {len(at)} acts on several things is cut in two", at and not cut, cut[:2])
    halves = [b for b, seqs in at.items() if len(seqs) < BULK + 1]
    check("each of them has all of its parts in the log", not halves, halves[:2])


def asked(engine, matches):
    """An agent asks for a confirmation of each: what one clause stopped, for acts on several."""
    agent = lib.Caller(engine, "llm:fire.asks", "demo-user", timeout=WAIT)
    for match_id in matches:
        agent.call("confirm_match", match_id=match_id)
    return [dict(r) for r in engine.book.rows(
        "SELECT escalation_id, digest FROM escalations WHERE requester = 'llm:fire.asks'"
        " AND state = 'PENDING' ORDER BY escalation_id")]


def under_fire(book, engine, clients):
    matches = [match_id for match_id, _ in proposals(book)]
    items = asked(engine, matches[:ASKED])
    fire = Fire(engine, matches[ASKED:], items, clients)
    maria = lib.Caller(engine, "human:maria", timeout=WAIT)
    before, drill = last(book), rounds(book)
    print(f"# {len(fire.clients)} clients, {len(matches)} matches to decide", flush=True)
    for client in fire.clients:
        client.start()
    for one in drill:
        one.burn(fire, maria)
    fire.out.set()
    for client in fire.clients:
        client.join(WAIT)
    check("no call failed", not fire.problems, fire.problems[:3])
    log = events(book, before)
    print(f"# {len(log)} events", flush=True)
    for one in drill:
        one.judge(fire, log)
    several_are_whole(log)


class Pass(threading.Thread):
    """A pass that an agent asked for."""

    def __init__(self, engine):
        super().__init__(daemon=True)
        self.caller = lib.Caller(engine, "llm:fire.s-9", "demo-user", timeout=WAIT)
        self.answer = None
        self.start()

    def run(self):
        self.answer = self.caller.call("run_recon_pass", entity_id="acme-us")


def a_pass_is_stopped(book, engine):
    maria = lib.Caller(engine, "human:maria", timeout=WAIT)
    before = last(book)
    later = Pass(engine)
    running = lib.wait_until(lambda: book.rows(
        "SELECT run_id FROM workflow_runs WHERE state = 'RUNNING' AND chunks >= 1"), WAIT, 0.002)
    frozen = maria.call("freeze", scope="actor", value="llm:fire.s-9", reason="a drill")
    later.join(WAIT)
    check("a pass is denied once its asker is frozen", running and frozen["outcome"] == "ok"
          and later.answer["outcome"] == "deny" and later.answer["reason"] == "FROZEN",
          later.answer)
    run = dict(book.rows("SELECT * FROM workflow_runs ORDER BY run_id DESC LIMIT 1")[0])
    its = [e for e in events(book, before) if e.get("batch_id") == run["run_id"]]
    came = [e for e in its if e["seq"] > frozen["data"]["seq"]
            and e["event_type"] not in ("POLICY_VIOLATION", "RUN_ENDED")]
    check("after FROZEN the engine does nothing more of it", not came, came[:2])
    stood = [e for e in its if e["event_type"] == "OK"]
    check("what it had proposed stands", len(stood) >= 2, its[:2])
    check("the run has failed and its lock is given back", run["state"] == "FAILED"
          and not book.rows("SELECT * FROM advisory_locks"), run)
    maria.call("thaw", freeze_id=frozen["data"]["freeze_id"], rationale="over")
    again = Pass(engine)
    again.join(WAIT)
    check("after the thaw a pass ends as any other", again.answer["outcome"] == "ok", again.answer)


def load(book, pairs):
    """By the command line: the daemon does not see this folder."""
    for source, name, text in files_of(pairs):
        content = base64.b64encode(text.encode()).decode()
        book.cli("call", "--admin", "ingest_file", json.dumps(
            {"source_id": source, "name": name, "content_base64": content}), check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=64)
    options = parser.parse_args()
    with lib.serving(lib.Book(lib.find_engine(options.engine))) as engine:
        book = engine.book
        load(book, options.pairs)
        a_pass_is_stopped(book, engine)
        under_fire(book, engine, options.clients)
        intact, text = lib.chain_is_intact(book)
        check("audit verify --book and replay: intact", intact, text)
    sys.exit(tap.done())


main()
