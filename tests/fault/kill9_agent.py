#!/usr/bin/env python3
"""Kills the agent with -9 at random moments while people decide on its screens, and sometimes the
engine behind it, or both; starts what died again, over and over; then holds the books of both against
everything that a screen was told.

Each person has matches of their own and one filter, saved again and again with a higher number. A
decision carries an idempotency key; one whose answer never came is sent again, by the same key,
until it is answered. In the end:

- the agent came back each time by itself, and its database was whole;
- nobody had to sign in anew, though each signed in once;
- every decision that a screen was told of is in the engine's log, once, as it was told;
- a saved filter has the number that was told last, or the one that was under way;
- `audit verify --book` calls the book intact."""
import argparse
import os
import random
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as real  # noqa: E402
import kill9  # noqa: E402

STATUS = {200: "ok", 202: "pending", 403: "deny", 409: "conflict"}


class Clicker(threading.Thread):
    """Somebody at a browser, who presses the same button again when nothing came back."""

    def __init__(self, crowd, number, own, seed):
        super().__init__(daemon=True)
        self.crowd, self.number, self.random = crowd, number, random.Random(seed)
        self.person = agents.Person(crowd.agent, agents.PEOPLE[number % len(agents.PEOPLE)])
        # [legs, live match id or None]
        self.pairs = [[legs, match_id] for match_id, legs in own]
        self.attempts, self.waiting = [], None
        self.repeated, self.saved, self.saving = 0, 0, 0

    def run(self):
        while not self.crowd.done.is_set():
            if not self.crowd.up.wait(0.1):
                continue
            try:
                self.turn()
            except (OSError, real.http.client.HTTPException):
                time.sleep(0.02)
            except Exception as e:  # a bug of ours must not look like silence
                self.crowd.problem(f"person {self.number}: {type(e).__name__}: {e}")
                return

    def turn(self):
        roll = self.random.random()
        if self.waiting is None and (roll < 0.2 or not self.pairs):
            self.save()
        elif self.waiting is None and roll < 0.3 and self.attempts:
            self.repeat(self.random.choice(self.attempts))
        else:
            self.decide()

    def save(self):
        self.saving += 1
        status, _, said = self.person.ask("PUT", "/api/v1/filters", {
            "screen": "inbox", "name": f"of person {self.number}", "query": f"min={self.saving}"})
        if status == 200:
            self.saved = self.saving
        elif status != 503:
            self.crowd.problem(f"person {self.number}: a filter: {status} {said}")

    def next_attempt(self):
        pair = self.random.choice(self.pairs)
        if pair[1] is None:
            bank, gl = pair[0]
            return kill9.Attempt("human", "propose_match", {
                "bank_ids": bank, "gl_ids": gl, "rationale": "same cash event"}), pair
        tool = "confirm_match" if self.random.random() < 0.05 else "reject_match"
        return kill9.Attempt("human", tool,
                             {"match_id": pair[1], "rationale": "checked by hand"}), pair

    def decide(self):
        if self.waiting is None:
            self.waiting = self.next_attempt()
            self.waiting[0].by = f"human:{self.person.name}"
        attempt, pair = self.waiting
        if self.send(attempt):
            self.attempts.append(attempt)
            self.waiting = None
            self.learn(attempt, pair)

    def learn(self, attempt, pair):
        """A rejected pair may be proposed anew; one that is confirmed, waits or was denied is left
        alone."""
        pair[1] = None
        if attempt.answer["outcome"] == "ok" and attempt.tool == "propose_match":
            pair[1] = attempt.answer["data"]["match_id"]
        elif attempt.answer["outcome"] != "ok" or attempt.tool == "confirm_match":
            self.pairs.remove(pair)

    def send(self, attempt):
        """True once it is settled."""
        attempt.sent += 1
        status, said = self.person.post("tools/" + attempt.tool, dict(
            attempt.arguments, idempotency_key=attempt.key))
        if status in (503, 429):
            return False
        attempt.answer = {"outcome": STATUS.get(status, "error"), "data": said}
        if attempt.answer["outcome"] in ("error", "conflict"):
            self.crowd.problem(f"person {self.number}: {attempt.tool} {attempt.arguments}: "
                               f"{status} {said}")
        return True

    def repeat(self, attempt):
        again = kill9.Attempt(attempt.actor, attempt.tool, attempt.arguments)
        again.key = attempt.key
        if not self.send(again):
            return
        self.repeated += 1
        if (again.seq(), again.answer["outcome"]) != (attempt.seq(), attempt.answer["outcome"]) \
                and attempt.answer["outcome"] != "pending":
            self.crowd.problem(f"key {attempt.key} of {attempt.tool} was answered "
                               f"{attempt.answer['data']} and then {again.answer['data']}")


class Crowd:
    """What the people share."""

    def __init__(self, engine, agent, matches, people, seed):
        self.engine, self.agent = engine, agent
        self.up, self.done = threading.Event(), threading.Event()
        self.problems, self.lock = [], threading.Lock()
        self.threads = [Clicker(self, i, matches[i::people], seed + i) for i in range(people)]

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def decided(self):
        return sum(len(t.attempts) for t in self.threads)


def database_whole(agent):
    """What SQLite finds wrong with agent.db as the kill left it; None: nothing."""
    db = sqlite3.connect(os.path.join(agent.folder, "agent.db"), timeout=10)
    try:
        found = [row[0] for row in db.execute("PRAGMA integrity_check")]
        return None if found == ["ok"] else found[:3]
    finally:
        db.close()


def filters_wrong(crowd):
    """Filters that are neither what was told last nor what was under way."""
    wrong = []
    for t in crowd.threads:
        status, said = t.person.get("filters")
        if status != 200:
            return [f"person {t.number}: {status} {said}"]
        mine = [f["query"] for f in said["filters"] if f["name"] == f"of person {t.number}"]
        numbers = [int(q.split("=")[1]) for q in mine]
        if numbers != ([] if t.saving == 0 else numbers[:1]) or (
                t.saving > 0 and t.saved > 0 and not (numbers and t.saved <= numbers[0] <= t.saving)):
            wrong.append(f"person {t.number}: told {t.saved}, under way {t.saving}, there {mine}")
    return wrong


def kill_some(pick, crowd, slowest):
    """Ends the agent, the engine or both, and starts them again; what was wrong meanwhile."""
    which = pick.choice(["agent", "agent", "agent", "engine", "both"])
    crowd.up.clear()
    if which != "engine":
        crowd.agent.kill()
    if which != "agent":
        crowd.engine.kill()
    wrong = database_whole(crowd.agent) if which != "engine" else None
    if which != "agent":
        crowd.engine.start()
    if which != "engine":
        slowest[0] = max(slowest[0], crowd.agent.start())
    crowd.up.set()
    return wrong


def run(options, engine, agent, matches):
    pick = random.Random(options.seed)
    pick.shuffle(matches)
    crowd = Crowd(engine, agent, matches, options.people, options.seed)
    cookies = [t.person.cookie for t in crowd.threads]
    slowest = [0.0]
    crowd.up.set()
    for thread in crowd.threads:
        thread.start()
    for n in range(1, options.rounds + 1):
        time.sleep(pick.uniform(0.02, 0.5))
        wrong = kill_some(pick, crowd, slowest)
        if wrong:
            crowd.problem(f"agent.db after kill {n}: {wrong}")
        if n % 10 == 0 or n == options.rounds:
            print(f"{n:3} kills, {crowd.decided()} decisions told", flush=True)
        if crowd.problems:
            break
    time.sleep(1)
    crowd.done.set()
    for thread in crowd.threads:
        thread.join(30)
    wrong = filters_wrong(crowd)
    signed_in = all(t.person.get("session")[1].get("signed_in") for t in crowd.threads)
    same = cookies == [t.person.cookie for t in crowd.threads]
    stopped = (agent.stop(), engine.stop())
    return judge(crowd, options, slowest[0], wrong, signed_in and same, stopped)


def judge(crowd, options, slowest, filters, signed_in, stopped):
    said = []

    def say(good, what, why=""):
        said.append(good)
        print(f"{'ok  ' if good else 'FAIL'} {what}{'' if good else ': ' + str(why)[:2000]}")

    decided, wrong = kill9.check_log(crowd)
    intact, text = real.chain_is_intact(crowd.engine.book)
    resent = sum(a.sent > 1 for t in crowd.threads for a in t.attempts)
    saved = sum(t.saved for t in crowd.threads)
    repeated = sum(t.repeated for t in crowd.threads)
    say(True, f"what was killed came back by itself {options.rounds} times, the agent within "
        f"{slowest:.2f} s")
    say(not crowd.problems, f"no click failed but for the kills ({resent} were sent again, "
        f"{repeated} repeated later)", "\n".join(crowd.problems[:10]))
    say(decided > options.rounds and not wrong, f"each of {decided} decisions that a screen was "
        "told of is in the log and the book, once",
        "\n".join(wrong[:10]) or "too few decisions to mean anything")
    say(saved > 0 and not filters, f"each of {saved} saved filters is what was saved last", filters)
    say(signed_in, "nobody had to sign in anew")
    say(intact, "audit verify --book: intact", text)
    say(stopped == (0, 0), "agent and engine stop cleanly", f"exits {stopped}")
    return 0 if all(said) else 1


def main():
    parser = argparse.ArgumentParser(description="kill -9 of the agent under load, again and again")
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--agent", help="the binary; default: beside the engine")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=1000, help="of entries to decide about")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"kill -9 of the agent: {options.rounds} rounds, {options.people} people, "
          f"--seed {options.seed}")
    book = real.Book(real.find_engine(options.engine))
    engine, agent = real.Engine(book), None
    try:
        matches = kill9.prepare(options, book, engine)
        beside = os.path.join(os.path.dirname(os.path.dirname(book.engine)), "agent",
                              "closegate-agent")
        agent = agents.Agent(agents.find_agent(options.agent or beside), engine)
        agent.start()
        sys.exit(run(options, engine, agent, matches))
    finally:
        for daemon in (agent, engine):
            if daemon is not None and daemon.process is not None and daemon.process.poll() is None:
                daemon.kill()
        book.close()


if __name__ == "__main__":
    main()
