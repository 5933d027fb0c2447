#!/usr/bin/env python3
"""Administration of a prod engine by two users of this host, on the command line: people, roles,
clients, policy, freeze; SIGHUP. Each acts as what the kernel says they are. Needs root, to be two
users; without, it is skipped."""
import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as real  # noqa: E402

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
checks = []


def check(sentence, good, said=""):
    checks.append(bool(good))
    print(f"{'ok' if good else 'not ok'} {len(checks)} - {sentence}"
          + ("" if good else f" # {str(said)!r}"), flush=True)


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
        for _ in range(200):
            if until():
                return True
            time.sleep(0.02)
        return False


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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine")
    binary = real.find_engine(parser.parse_args().engine)
    if os.getuid() != 0:
        print("1..0 # SKIP needs root, to be two users of this host")
        return 0
    c = Company(binary)
    try:
        c.make()
        for part in (people, clients, policy, hangup, freeze, reports):
            part(c)
        check("the engine stops cleanly", c.daemon.stop() == 0, c.daemon.tail(5))
    finally:
        c.daemon.stop()
        c.book.close()
    print(f"1..{len(checks)}")
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
