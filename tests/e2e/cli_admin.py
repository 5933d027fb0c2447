#!/usr/bin/env python3
"""Administration on the command line. In dev by one person: a policy loaded by SIGHUP, settings that
change, a policy proposed while agents call. In prod by two users of this host, each acting as what the
kernel says they are: people, roles, clients, policy, freeze; that needs root and is left out without."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as real  # noqa: E402
from engine import wait_until  # noqa: E402
from tap import Tap  # noqa: E402

BEN_UID = 54321
PEOPLE = """people:
  - {{id: ana, name: Ana Alvarez, roles: [{{role: controller, entities: all}}]}}
  - id: ben
    name: Ben Berg
    roles: [{{role: controller, entities: all}}]
    identities:
      - {{kind: actor, subject: ben}}
      - {{kind: os, subject: "{host}:{uid}"}}
  - {{id: cho, name: Cho Chen, roles: [{{role: accountant, entities: all}}]}}
"""
tap = Tap()
check = tap.check


class Company:
    def __init__(self, binary):
        self.book = real.Book(binary, env={"CLOSEGATE_ENV": "prod"})
        self.daemon = real.Engine(self.book)
        os.chmod(self.book.dir, 0o755)

    def path(self, name, text):
        path = os.path.join(self.book.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def make(self):
        people = self.path("people.yaml", PEOPLE.format(host=socket.gethostname(), uid=BEN_UID))
        self.book.cli("init", "--people", people, check=True)
        os.chmod(self.book.data, 0o755)
        self.up()

    def up(self):
        self.daemon.start()
        os.chmod(os.path.join(self.book.data, "engine.sock"), 0o666)

    def ana(self, *words):
        return self.book.cli(*words)

    def ben(self, *words):
        return self.user(BEN_UID, *words)

    def user(self, uid, *words):
        done = subprocess.run([self.book.engine, *words], env=self.book.env, cwd="/", timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, user=uid, group=uid, extra_groups=[])
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def in_force(self):
        return json.loads(self.ana("policy", "list", "--json")[1])["in_force"]

    def hangup(self, until):
        self.daemon.process.send_signal(signal.SIGHUP)
        return wait_until(until)


def ask(sentence, got, code, *parts):
    check(sentence, got[0] == code and all(p in got[1] for p in parts), got)
    found = re.search(r"code ([0-9A-Z]{4}-[0-9A-Z]{4})", got[1])
    return found.group(1) if found else None


def people(c):
    code = ask("adding a person waits for another human", c.ana("actor", "add", "eve", "--name",
               "Eve Eriksen"), 0, "waits for another human")
    ask("who asked may not confirm it", c.ana("escalation", "confirm", code), 2,
        "SOD_SAME_ACTOR")
    ask("the other sees exactly what would happen", c.ben("escalation", "show", code), 0,
        "Eve Eriksen", "change_person")
    ask("and confirms it", c.ben("escalation", "confirm", code, "--rationale", "hired"), 0, "done",
        "prn_")
    ask("then the person is there", c.ana("actor", "show", "human:eve"), 0, "Eve Eriksen")
    code = ask("so with a role", c.ana("role", "grant", "eve", "accountant", "--entity", "all"), 0,
               "waits")
    ask("confirmed by its code", c.ben("escalation", "confirm", code), 0, "done")
    ask("a role that is not there is told with those that are", c.ana(
        "role", "grant", "eve", "boss", "--entity", "all"), 1, "auditor", "controller")
    ask("the last two administrators stay", c.ana("actor", "disable", "ben"), 1, "takes 2")
    code = ask("whom a change is about", c.ana("actor", "link", "ben", "--kind", "slack",
               "--subject", "U1"), 0, "waits")
    ask("does not approve it", c.ben("escalation", "confirm", code), 2, "SOD_SAME_ACTOR")
    ask("and may reject it", c.ben("escalation", "reject", code), 0, "rejected")
    ask("an unknown user of the host is nobody", c.user(54322, "actor", "list"), 1,
        "linked to nobody")


def clients(c):
    key = os.path.join(c.book.dir, "desk.key")
    code = ask("a client is added with a key made here", c.ana(
        "client", "add", "desk", "--kind", "mcp_client", "--name", "Desk", "--new-key", key), 0,
        "waits")
    check("its private half is the owner's alone", os.stat(key).st_mode & 0o777 == 0o600)
    ask("and confirmed", c.ben("escalation", "confirm", code), 0, "done desk")
    ask("then it is listed", c.ben("client", "list"), 0, "desk", "mcp_client", "active")
    ask("a client's id has no dots", c.ana("client", "add", "a.b", "--kind", "mcp_client",
        "--name", "x"), 1, "no dots")


def policy(c):
    with open(os.path.join(c.book.data, "policy.yaml"), encoding="utf-8") as f:
        text = f.read()
    stricter = text.replace("materiality_threshold_usd: 10000", "materiality_threshold_usd: 9000")
    before = c.in_force()
    ask("a mistake in a policy has a line", c.ana("policy", "propose", c.path(
        "broken.yaml", text + "sods: {}\n")), 1, "sods", ":1 /sods")
    code = ask("another policy waits for another human", c.ana(
        "policy", "propose", c.path("stricter.yaml", stricter), "--rationale", "audit"), 0, "waits")
    check("until then the old one is in force", c.in_force() == before)
    ask("its author does not approve it", c.ana("policy", "approve", code), 2, "SOD_SAME_ACTOR")
    row = [p for p in json.loads(c.ben("policy", "list", "--json")[1])["policies"]
           if not p["in_force"]][0]
    ask("somebody else does, by its digest", c.ben("policy", "approve", row["policy_version"][:12]),
        0, "done")
    check("and it is in force without a restart", c.in_force() == row["policy_version"])
    ask("its text is kept", c.ana("policy", "show", row["policy_version"]), 0,
        "materiality_threshold_usd: 9000")
    events = [r["event_type"] for r in c.book.rows(
        "SELECT event_type FROM audit_events WHERE event_type LIKE 'POLICY_%' ORDER BY seq")]
    check("proposed, approved and loaded are recorded in this order",
          [e for e in events if e != "POLICY_VIOLATION"][-3:] ==
          ["POLICY_PROPOSED", "POLICY_APPROVED", "POLICY_LOADED"], events)
    calls = c.book.rows("SELECT policy_version FROM audit_events ORDER BY seq DESC LIMIT 1")
    c.ana("freeze", "--tool", "propose_match", "--reason", "a look")
    latest = c.book.rows("SELECT policy_version FROM audit_events ORDER BY seq DESC LIMIT 1")
    check("the next call is decided under it", latest[0]["policy_version"] ==
          row["policy_version"], (calls[0]["policy_version"], latest[0]["policy_version"]))
    c.daemon.stop()
    c.up()
    check("it stays so after a restart, whatever the file says", c.in_force() ==
          row["policy_version"])


def hangup(c):
    before = c.in_force()
    path = os.path.join(c.book.data, "policy.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text + "sods: {}\n")
    check("SIGHUP with a broken file names the place",
          c.hangup(lambda: "sods" in c.daemon.tail()), c.daemon.tail(5))
    with open(path, "w", encoding="utf-8") as f:
        f.write(text + "# a comment\n")
    check("in prod a changed file is announced as inert",
          c.hangup(lambda: "is not in force: propose it" in c.daemon.tail()), c.daemon.tail(5))
    check("and what was in force stays", c.in_force() == before)
    ask("status says so, too", c.ana("status"), 0, "policy file")


def freeze(c):
    ask("anybody whose role allows it freezes", c.ana("freeze", "--all", "--reason", "stop"), 0,
        "done frz_")
    ask("then nothing is changed", c.ana("actor", "rename", "eve", "--name", "E"), 2, "FROZEN")
    frozen = json.loads(c.ben("thaw", "--json")[1])
    every = [f["freeze_id"] for f in frozen if f["scope"] == "all"][0]
    code = ask("thawing waits for another human", c.ana("thaw", every), 0, "waits")
    ask("who asked does not thaw alone", c.ana("escalation", "confirm", code), 2,
        "SOD_SAME_ACTOR")
    ask("the other one does", c.ben("escalation", "confirm", code), 0, "done")
    ask("and changes are made again", c.ana("actor", "rename", "eve", "--name", "E"), 0, "waits")
    ask("the last who can thaw are not frozen", c.ana(
        "freeze", "--actor", "human:ben", "--reason", "x"), 1, "left who may thaw")


def reports(c):
    ask("the access review names who granted and approved", c.ana("access-review"), 0,
        "human:ana / human:ben", "Cho Chen", "desk")
    got = c.ana("access-review", "--csv")
    check("as CSV, too", got[0] == 0 and got[1].startswith('"id","name","status"'), got)
    past = json.loads(c.ana("access-review", "--as-of", "2020-01-01", "--json")[1])
    check("as of a day before, nobody was added yet",
          len(past["people"]) == 3 and all(p["name"] != "Eve Eriksen" for p in past["people"]),
          past)
    report = json.loads(c.ben("sod-report", "--json")[1])
    check("the report names conflicts and what was stopped", report["prevented_n"] >= 4 and
          any(x["actions"] == ["CHANGE_REGISTRY", "CONFIRM"] for x in report["conflicts"]), report)
    ask("and is readable", c.ana("sod-report"), 0, "stopped for being one pair of eyes")
    intact, said = real.chain_is_intact(c.book)
    check("the book and its log are intact", intact, said)


def alone(binary):
    """One person in dev; the daemon reads its settings from a file."""
    book = real.Book(binary)
    settings = os.path.join(book.dir, "settings")
    with open(settings, "w", encoding="utf-8") as f:
        f.write("CLOSEGATE_ALLOWED_HOSTS=one.example\n")
    book.env["CLOSEGATE_LOG_LEVEL"] = "info"
    book.make()
    daemon = Configured(book, settings)
    try:
        daemon.start()
        dev(book, daemon, settings)
        check("the engine of dev stops cleanly", daemon.stop() == 0, daemon.tail(5))
    finally:
        daemon.stop()
        book.close()


class Configured(real.Engine):
    """An engine that reads its settings from a file."""

    def __init__(self, book, settings):
        super().__init__(book)
        book.env["CLOSEGATE_ENGINE_LISTEN"] = f"127.0.0.1:{self.port}"
        wrapper = os.path.join(book.dir, "engine")
        with open(wrapper, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec "{book.engine}" "$@" --config "{settings}"\n')
        os.chmod(wrapper, 0o755)
        book.engine = wrapper


def loaded(book):
    return len(book.rows("SELECT 1 FROM audit_events WHERE event_type = 'POLICY_LOADED'"))


def dev(book, daemon, settings):
    path = os.path.join(book.data, "policy.yaml")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    caller = real.Caller(daemon, "llm:s-1", obo="maria")
    version = caller.read("recon://policy")["data"]["policy_version"]
    with open(path, "w", encoding="utf-8") as f:
        f.write(text + "# changed\n")
    daemon.process.send_signal(signal.SIGHUP)
    check("in dev SIGHUP loads a changed file", wait_until(lambda: loaded(book) == 2),
          daemon.tail(5))
    check("and calls are decided under it", wait_until(
        lambda: caller.read("recon://policy")["data"]["policy_version"] != version))
    with open(path, "w", encoding="utf-8") as f:
        f.write("version: [\n")
    daemon.process.send_signal(signal.SIGHUP)
    check("a broken one changes nothing", wait_until(lambda: "has a mistake" in daemon.tail())
          and loaded(book) == 2, daemon.tail(5))
    with open(settings, "w", encoding="utf-8") as f:
        f.write("CLOSEGATE_ALLOWED_HOSTS=two.example\nCLOSEGATE_SWEEP_SECONDS=77\n")
    daemon.process.send_signal(signal.SIGHUP)
    noted = lambda: book.rows("SELECT event FROM audit_events WHERE event_type = 'CONFIG_CHANGED'")
    check("changed settings are recorded", wait_until(lambda: len(noted()) == 1), daemon.tail(5))
    detail = json.loads(noted()[0]["event"])["detail"]
    check("what holds now and what at the next start",
          detail["changed"] == ["CLOSEGATE_ALLOWED_HOSTS"] and
          detail["at_restart"] == ["CLOSEGATE_SWEEP_SECONDS"], detail)
    daemon.process.send_signal(signal.SIGHUP)
    under_load(book, caller, text)
    check("the book of dev is intact", *real.chain_is_intact(book))


def under_load(book, caller, text):
    """Policies come and go while an agent calls: every call has one of them, and none is dropped."""
    agents = [real.Caller(caller.engine, f"llm:s-{i}", obo="maria") for i in range(4)]
    wrong = []

    def calls(agent):
        for _ in range(40):
            got = agent.call("confirm_match", match_id="mat_none")
            if got["outcome"] != "error" or "no such match" not in got["text"].lower():
                wrong.append(got)

    threads = [threading.Thread(target=calls, args=(a,)) for a in agents]
    for t in threads:
        t.start()
    for i in range(10):
        person = real.Caller(caller.engine, "human:maria")
        got = person.call("propose_policy", text=f"{text}# {i}\n")
        if got["outcome"] != "ok":
            wrong.append(got)
    for t in threads:
        t.join()
    check("no call is dropped while policies change", not wrong, wrong[:2])
    check("each of them was in force", loaded(book) == 12, loaded(book))


def main():
    binary = real.given_engine()
    alone(binary)
    if os.getuid() != 0:
        return tap.done()
    c = Company(binary)
    try:
        c.make()
        for part in (people, clients, policy, hangup, freeze, reports):
            part(c)
        check("the engine stops cleanly", c.daemon.stop() == 0, c.daemon.tail(5))
    finally:
        c.daemon.stop()
        c.book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
