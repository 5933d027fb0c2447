#!/usr/bin/env python3
"""closegate-agent under attack and in trouble, on a real engine: nothing that a browser sends changes
whose name a call is signed with; two clicks are one decision; an engine that hears and says nothing
holds up only what needs it; a stream of what changes ends with its session; agent.db that cannot be
written; stopping under load. Prints TAP. Usage: agent_attacks.py [--engine PATH] [--agent PATH]"""
import base64
import json
import os
import signal
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def together(*calls):
    """What each returns, all begun at once."""
    said, gate = [None] * len(calls), threading.Barrier(len(calls))

    def run(i):
        gate.wait()
        said[i] = calls[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return said


def names(agent):
    """Sam is Sam, whatever his browser adds."""
    sam = agents.Person(agent, "sam")
    for what, head in {
            "X-Actor-Id": {"X-Actor-Id": "human:maria"},
            "an assertion": {"X-Closegate-Assertion": "eyJhbGciOiJub25lIn0.e30."},
            "an ID token": {"X-Closegate-Id-Token": "e30.e30.e30"},
            "a proxy's headers": {"X-Forwarded-User": "maria", "X-Forwarded-Email": "maria",
                                  "Forwarded": "for=127.0.0.1;host=evil", "X-Forwarded-For": "::1"},
            "Authorization": {"Authorization": "Bearer maria"}}.items():
        status, said = sam.get("session", headers=head)
        check(f"{what} of a browser's names nobody", status == 200
              and said["me"]["actor"] == "human:sam", (status, said))
    for extra in ("actor", "principal", "as", "sub"):
        status, said = sam.post("tools/query_audit", {"limit": 1, extra: "human:maria"}
                                if extra != "actor" else {"limit": 1, "on_behalf_of": "maria"})
        check(f"no argument is a name ({extra})", status == 422, (status, said))


def races(agent):
    maria, robin = agents.Person(agent, "maria"), agents.Person(agent, "demo-user")
    rows = [w for w in maria.waiting() if w["reason"] == "ACCOUNT_FORCED_HUMAN"][:3]
    key = os.urandom(12).hex()
    said = together(*[lambda: maria.decide(rows[0], "confirm", "seen", key=key)] * 4)
    check("four requests of one click are one decision", {s for s, _ in said} == {200}
          and len({b["seq"] for _, b in said}) == 1, said)
    said = together(lambda: maria.decide(rows[1], "confirm", "one window"),
                    lambda: maria.decide(rows[1], "reject", "the other window"),
                    lambda: robin.decide(rows[1], "confirm", "another pair of eyes"))
    check("of three decisions at once one counts, the others hear of it",
          sorted(s for s, _ in said) == [200, 409, 409], said)
    key = os.urandom(12).hex()
    one, two = together(lambda: maria.decide(rows[2], "confirm", "mine", key=key),
                        lambda: robin.decide(rows[2], "confirm", "mine, too", key=key))
    check("another's idempotency key gives nobody another's answer",
          sorted((one[0], two[0])) == [200, 409], (one, two))


def streams(agent):
    maria, again, sam = (agents.Person(agent, n) for n in ("maria", "maria", "sam"))
    hers, his = agents.Live(maria), agents.Live(sam)
    maria.post("logout", {})
    check("a stream ends when its person signs out", hers.ended.wait(3))
    check("another's goes on", not his.ended.is_set())
    hers = agents.Live(again)
    check("with her other session she listens again", hers.status == 200, hers.status)
    code, text = agent.cli("session", "end", again.get("session")[1]["person"]["principal_id"])
    check("an administrator ends her sessions", code == 0, text)
    check("and with the next heartbeat her stream", hers.ended.wait(25), text)
    his.close()


def hung(agent, engine):
    maria, sam = agents.Person(agent, "maria"), agents.Person(agent, "sam")
    asked = []

    def ask():
        began = time.monotonic()
        asked.append((maria.get("escalations", timeout=60)[0], time.monotonic() - began))
    threads = [threading.Thread(target=ask) for _ in range(24)]
    engine.process.send_signal(signal.SIGSTOP)
    try:
        for t in threads:
            t.start()
        time.sleep(0.3)
        for path in ("filters", "push"):
            began = time.monotonic()
            status, said = maria.get(path, timeout=60)
            check(f"GET {path} does not wait for the engine", status in (200, 404)
                  and time.monotonic() - began < 2, (status, said, time.monotonic() - began))
        began = time.monotonic()
        page = maria.ask("GET", "/")[0], maria.ask("GET", "/healthz")[0]
        out = sam.post("logout", {}, timeout=60)
        check("nor does the page, nor signing out", out[0] == 200 and page[1] == 200
              and time.monotonic() - began < 2, (page, out, time.monotonic() - began))
        for t in threads:
            t.join()
        check("what asks it is answered 503, within two deadlines and what is left of the others'",
              {s for s, _ in asked} == {503} and max(t for _, t in asked) < 12, asked)
        began = time.monotonic()
        status, said = maria.get("escalations")
        check("once it is known to be silent nobody waits long", status == 503
              and time.monotonic() - began < 2.5, (status, time.monotonic() - began))
    finally:
        engine.process.send_signal(signal.SIGCONT)
    deadline = time.monotonic() + 15
    while maria.get("escalations")[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    check("it goes on, and so does the list", maria.get("escalations")[0] == 200)


def unwritable(agent):
    """Another process holds agent.db's only pen: people still read and decide."""
    maria, sam = agents.Person(agent, "maria"), agents.Person(agent, "sam")
    path = os.path.join(agent.folder, "agent.db")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("UPDATE sessions SET created_us = created_us - 120000000, "
               "seen_us = seen_us - 120000000")  # so that each use is kept
    db.execute("BEGIN IMMEDIATE")
    row = [w for w in maria.waiting() if w["tool"] == "confirm_match"][0]
    status, said = maria.decide(row, "reject", "not ours")
    check("a decision does not fail for a session that cannot be touched", status == 200,
          (status, said))
    status, said = sam.post("logout", {}, timeout=60)
    check("a sign-out that cannot be kept is not called done", status == 503, (status, said))
    db.execute("ROLLBACK")
    check("and is, afterwards", sam.post("logout", {})[0] == 200)
    db.execute("UPDATE sessions SET created_us = created_us + 86400000000, "
               "seen_us = seen_us + 86400000000")
    db.close()
    check("a session from tomorrow holds no longer", maria.get("health")[0] == 401)


def secrets(agent, engine):
    """Everything that was secret above is in no log."""
    words = set()
    for person in (agents.Person(agent, n) for n in agents.PEOPLE):
        words |= {person.cookie.split("=", 1)[1], person.csrf}
        person.get("escalations")
        person.post("logout", {}, headers={"X-CSRF-Token": "x" * 43})
    with open(os.path.join(agent.folder, "agent.secret"), "rb") as f:
        secret = f.read()
    words |= {secret.hex(), base64.b64encode(secret).decode(), secret.decode("latin-1").strip()}
    with open(agent.log, encoding="utf-8", errors="replace") as f:
        mine = f.read()
    check("no cookie, token or secret is in the agent's log",
          not [w for w in words if w and w in mine])
    for word in ("X-Closegate-Assertion", "eyJ", "PRIVATE KEY"):
        check(f"nor is {word}", word not in mine + engine.tail(1000))


def stopping(agent, engine):
    maria = agents.Person(agent, "maria")
    said = []

    def ask():
        try:
            said.append(maria.get("escalations", timeout=30)[0])
        except (OSError, ValueError) as e:
            said.append(type(e).__name__)
    live = agents.Live(maria)
    engine.process.send_signal(signal.SIGSTOP)
    threads = [threading.Thread(target=ask) for _ in range(30)]
    for t in threads:
        t.start()
    time.sleep(0.5)
    try:
        began = time.monotonic()
        code = agent.stop()
        check("SIGTERM with thirty requests under way, and an engine that says nothing, ends it",
              code == 0 and time.monotonic() - began < 15, (code, agent.tail(5)))
    finally:
        engine.process.send_signal(signal.SIGCONT)
    for t in threads:
        t.join()
    check("each was answered", set(said) == {503} and len(said) == 30, said)
    check("and the stream ended", live.ended.wait(3))


def main():
    engine_binary, agent_binary = agents.given()
    book = lib.Book(engine_binary)
    short = {"CLOSEGATE_AGENT_ENGINE_TIMEOUT_MS": "2000"}
    with lib.serving(book, ["recon"]) as engine, \
            agents.serving(engine, agent_binary, env=short) as agent:
        names(agent)
        races(agent)
        streams(agent)
        hung(agent, engine)
        unwritable(agent)
        secrets(agent, engine)
        stopping(agent, engine)
        check("the log of the book is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
