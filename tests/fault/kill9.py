#!/usr/bin/env python3
"""Kills the engine with -9 at random moments while many callers decide, and starts it again, over
and over; then holds the book against everything that was acknowledged.

Each caller has matches of its own, and all of them share a few they quarrel about. Every call
carries an idempotency key and is written down before it is sent. A call whose answer never came is
repeated after the restart with the same key and arguments until it is answered. In the end:

- the engine came back each time by itself;
- every acknowledged decision is in the audit log, once, as it was acknowledged;
- no decision is in the log that nobody asked for, none twice;
- a repeated key gets the stored answer;
- after each kill the signed heads are the trees of the events that survived, to the last;
- `audit verify --book` calls the book intact."""
import argparse
import base64
import collections
import json
import os
import random
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as real  # noqa: E402
import evidence  # noqa: E402

DECIDED = ("ok", "deny", "pending")


class Attempt:
    """One decision a caller wants: the key, the call, and what was acknowledged."""

    def __init__(self, actor, tool, arguments):
        self.actor, self.tool, self.arguments = actor, tool, arguments
        self.key, self.answer, self.sent = uuid.uuid4().hex, None, 0
        self.by = None  # the actor's whole name, once sent

    def seq(self):
        return self.answer["data"].get("seq")

    def escalation(self):
        return self.answer["data"].get("escalation_id")


class Crowd:
    """What the callers share."""

    def __init__(self, engine, matches, callers, seed):
        self.engine, self.matches = engine, matches
        self.key = engine.book.key()
        self.principals = {n: engine.book.principal(n) for n in ("maria", "sam", "demo-user")}
        self.up, self.done = threading.Event(), threading.Event()
        self.problems, self.lock = [], threading.Lock()
        shared, own = matches[:8], matches[8:]
        self.threads = [Worker(self, i, own[i::callers], shared, seed + i) for i in range(callers)]

    def problem(self, text):
        with self.lock:
            self.problems.append(text)


class Worker(threading.Thread):
    """Proposes, rejects and confirms; remembers what it was told."""

    def __init__(self, crowd, number, own, shared, seed):
        super().__init__(daemon=True)
        self.crowd, self.number, self.random = crowd, number, random.Random(seed)
        # [legs, live match id or None]
        self.pairs = [[legs, match_id] for match_id, legs in own]
        self.shared = [match_id for match_id, _ in shared]
        self.attempts, self.waiting, self.repeated = [], None, 0
        human = self.random.choice(["maria", "sam"])
        self.callers = {"human": self.caller(f"human:{human}"),
                        "llm": self.caller(f"llm:kill.s-{number}", "demo-user")}

    def caller(self, actor, obo=None):
        name = actor.split(":", 1)[1]
        caller = real.Caller(self.crowd.engine, actor, key=self.crowd.key,
                             principal=self.crowd.principals.get(name, name), timeout=60)
        if obo:
            caller.claims["obo"] = self.crowd.principals[obo]
        return caller

    def next_attempt(self):
        roll = self.random.random()
        if roll < 0.10 or not self.pairs:
            return Attempt("human", self.random.choice(["confirm_match", "reject_match"]),
                           {"match_id": self.random.choice(self.shared),
                            "rationale": "quarrelled about"}), None
        pair = self.random.choice(self.pairs)
        if pair[1] is None:
            bank, gl = pair[0]
            return Attempt("llm", "propose_match",
                           {"bank_ids": bank, "gl_ids": gl, "rationale": "same cash event"}), pair
        if roll < 0.17:
            return Attempt("llm", "confirm_match", {"match_id": pair[1]}), pair
        tool = "confirm_match" if roll < 0.20 else "reject_match"
        return Attempt("human", tool, {"match_id": pair[1], "rationale": "checked by hand"}), pair

    def run(self):
        while not self.crowd.done.is_set():
            if not self.crowd.up.wait(0.1):
                continue
            try:
                self.turn()
            except real.Unreachable:
                time.sleep(0.02)
            except Exception as e:  # a bug of ours must not look like silence
                self.crowd.problem(f"caller {self.number}: {type(e).__name__}: {e}")
                return

    def turn(self):
        if self.waiting is None:
            if self.attempts and self.random.random() < 0.05:
                self.repeat(self.random.choice(self.attempts))
                return
            self.waiting = self.next_attempt()
        attempt, pair = self.waiting
        if not self.send(attempt):
            return
        self.waiting = None
        self.attempts.append(attempt)
        self.learn(attempt, pair)

    def send(self, attempt):
        """True once the engine has decided; until then the same key goes out again."""
        attempt.sent += 1
        attempt.by = self.callers[attempt.actor].actor
        got = self.callers[attempt.actor].call(attempt.tool, idempotency_key=attempt.key,
                                               **attempt.arguments)
        if got["outcome"] in DECIDED:
            attempt.answer = got
            return True
        text = got["text"] + json.dumps(got["data"])
        if "outcome is unknown" in text or got.get("status") == 503 or "too much" in text:
            return False
        self.crowd.problem(f"caller {self.number}: {attempt.tool} {attempt.arguments}: {text[:300]}")
        attempt.answer = got
        return True

    def repeat(self, attempt):
        """An answered key, asked again."""
        again = Attempt(attempt.actor, attempt.tool, attempt.arguments)
        again.key = attempt.key
        if not self.send(again):
            return
        self.repeated += 1
        if attempt.answer["outcome"] not in DECIDED:
            return
        same = (again.seq() == attempt.seq()
                and again.answer["outcome"] == attempt.answer["outcome"])
        if attempt.answer["outcome"] == "pending":  # answers with the escalation's current state
            same = again.escalation() == attempt.escalation()
        if not same:
            self.crowd.problem(f"key {attempt.key} of {attempt.tool} was answered "
                               f"{attempt.answer['data']} and then {again.answer['data']}")

    def learn(self, attempt, pair):
        if pair is None or attempt.answer["outcome"] != "ok":
            if pair is not None and attempt.answer["outcome"] == "deny":
                # confirmed above our authority, blocked, …: leave this pair alone
                self.pairs = [p for p in self.pairs if p is not pair] or self.pairs[:0]
            return
        if attempt.tool == "propose_match":
            pair[1] = attempt.answer["data"]["match_id"]
        elif attempt.tool == "reject_match":
            pair[1] = None
        else:
            self.pairs = [p for p in self.pairs if p is not pair]


def proposals(book):
    """(match, ([bank entries], [ledger entries])) of every open proposal a person may decide."""
    rows = book.rows(
        "SELECT m.match_id, m.legs FROM matches m LEFT JOIN match_states s USING (match_id) "
        "WHERE s.state IS NULL ORDER BY m.amount_minor, m.match_id")
    found = []
    for row in rows:
        legs = json.loads(row["legs"])
        bank = [leg["entry_id"] for leg in legs if leg["side"] == "bank"]
        gl = [leg["entry_id"] for leg in legs if leg["side"] == "gl"]
        if bank and gl:
            found.append((row["match_id"], (bank, gl)))
    return found


CHUNK = 250  # pairs a file: what fits on a command line


def files_of(pairs):
    """A made-up company: `pairs` receipts, each in a bank file and in a ledger file;
    (source, name, text) of each."""
    for start in range(0, pairs, CHUNK):
        bank = ["Transaction ID,Date,Description,Reference,Amount,Balance"]
        gl = ["Line,Posted,Account,Debit,Credit,Name,Memo,Document,Batch,Journal,Event,Reverses"]
        balance = 0
        for i in range(start, min(start + CHUNK, pairs)):
            cents, day = 10000 + i * 7, f"2026-06-{1 + i % 28:02}"
            balance += cents
            amount, total = (f"{n // 100}.{n % 100:02}" for n in (cents, balance))
            bank.append(f"KX-{i:05},{day},RECEIPT {i:05},KR-{i:05},{amount},{total}")
            for line, account, debit, credit in ((1, "1010", amount, ""), (2, "1200", "", amount)):
                gl.append(f"KJ-{i:05}-{line},{day},{account},{debit},{credit},Customer {i},"
                          f"Receipt,KR-{i:05},,KJ-{i:05},,")
        for source, lines in (("bank-us-operating", bank), ("gl-us", gl)):
            yield source, f"{source}-{start}.csv", "\n".join(lines) + "\n"


def check_log(crowd):
    """The log against what was acknowledged; a list of what does not agree."""
    wrong, by_seq = [], {}
    events = {row["seq"]: json.loads(row["event"]) for row in crowd.engine.book.rows(
        "SELECT seq, event FROM audit_events")}
    attempts = [a for t in crowd.threads for a in t.attempts if a.answer["outcome"] in DECIDED]
    waiting = {(e.get("escalation_id"), e.get("actor_id")): s for s, e in events.items()
               if e.get("event_type") == "ESCALATION_PENDING"}
    for a in attempts:
        if a.seq() is None and a.answer["outcome"] == "pending":
            # told at a repetition only, which says where it waits and not which event
            a.answer["data"]["seq"] = waiting.get((a.escalation(), a.by))
        event = events.get(a.seq())
        if event is None:
            wrong.append(f"{a.tool} {a.arguments}: acknowledged as event {a.seq()}, not in the log")
        elif event.get("tool") != a.tool or event.get("match_id") not in (
                a.arguments.get("match_id"), a.answer["data"].get("match_id")):
            wrong.append(f"{a.tool} {a.arguments}: event {a.seq()} says another thing")
        elif a.seq() in by_seq and by_seq[a.seq()].key != a.key and a.answer["outcome"] != "pending":
            wrong.append(f"event {a.seq()} was acknowledged for two keys")
        by_seq[a.seq()] = a
    tools = ("confirm_match", "reject_match", "propose_match")
    # an effect also settles the escalation that waited for it: that event follows from the call's
    kinds = ("OK", "POLICY_VIOLATION", "ESCALATION_PENDING")
    pending = sum(t.waiting is not None and t.waiting[0].sent > 0 for t in crowd.threads)
    mine = [s for s, e in events.items() if e.get("tool") in tools
            and e.get("event_type") in kinds and str(e.get("actor_id", "")).split(":")[0] in ("human", "llm")]
    extra = [s for s in mine if s not in by_seq]
    if len(extra) > pending:
        wrong.append(f"{len(extra)} decisions in the log that nobody was told of, "
                     f"{pending} were under way: {extra[:5]}")
    twice = [k for k, n in collections.Counter(
        (e.get("tool"), e.get("match_id")) for s, e in events.items()
        if s in mine and e.get("event_type") == "OK").items() if n > 1]
    if twice:
        wrong.append(f"effects that happened twice: {twice[:5]}")
    wrong += check_states(crowd, attempts)
    return len(attempts), wrong


def check_states(crowd, attempts):
    """The book's matches are what the acknowledged decisions made of them."""
    states = {r["match_id"]: r["state"] for r in crowd.engine.book.rows(
        "SELECT match_id, state FROM match_states")}
    wrong = []
    for a in attempts:
        want = {"confirm_match": "CONFIRMED", "reject_match": "REJECTED"}.get(a.tool)
        if want and a.answer["outcome"] == "ok" and states.get(a.arguments["match_id"]) != want:
            wrong.append(f"{a.arguments['match_id']} was acknowledged {want}, the book says "
                         f"{states.get(a.arguments['match_id'])}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description="kill -9 under load, again and again")
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=1000, help="of entries to decide about")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"kill -9: {options.rounds} rounds, {options.callers} callers, --seed {options.seed}")
    book = real.Book(real.find_engine(options.engine))
    engine = real.Engine(book)
    try:
        sys.exit(run(options, book, engine))
    finally:
        if engine.process is not None and engine.process.poll() is None:
            engine.kill()
        book.close()


def prepare(options, book, engine):
    book.make()
    engine.start()
    for source, name, text in files_of(options.pairs):
        content = base64.b64encode(text.encode()).decode()
        book.cli("call", "--admin", "ingest_file", json.dumps(
            {"source_id": source, "name": name, "content_base64": content}), check=True)
    book.cli("recon", "--json", check=True)
    matches = proposals(book)
    print(f"{len(matches)} open proposals")
    return matches


def run(options, book, engine):
    pick = random.Random(options.seed)
    matches = prepare(options, book, engine)
    pick.shuffle(matches)
    crowd = Crowd(engine, matches, options.callers, options.seed)
    crowd.up.set()
    for thread in crowd.threads:
        thread.start()
    slowest, heads = 0, evidence.Heads(book, book.cli("keys", "export", check=True)[1].strip())
    for n in range(1, options.rounds + 1):
        time.sleep(pick.uniform(0.02, 0.9))
        engine.kill()
        crowd.up.clear()
        wrong = heads.look()
        if wrong:
            crowd.problem(f"after kill {n}: {wrong}")
        slowest = max(slowest, engine.start())
        crowd.up.set()
        if n % 10 == 0 or n == options.rounds:
            print(f"{n:3} kills, {sum(len(t.attempts) for t in crowd.threads)} decisions "
                  f"acknowledged", flush=True)
        if crowd.problems:
            break
    time.sleep(1)
    crowd.done.set()
    for thread in crowd.threads:
        thread.join(30)
    stopped = engine.stop()
    return judge(crowd, options, slowest, stopped, heads)


def judge(crowd, options, slowest, stopped, heads):
    said = []

    def say(good, what, why=""):
        said.append(good)
        print(f"{'ok  ' if good else 'FAIL'} {what}{'' if good else ': ' + str(why)[:2000]}")

    decided, wrong = check_log(crowd)
    intact, text = real.chain_is_intact(crowd.engine.book)
    repeated = sum(t.repeated for t in crowd.threads)
    resent = sum(a.sent > 1 for t in crowd.threads for a in t.attempts)
    say(True, f"the engine came back by itself {options.rounds} times, at most {slowest:.2f} s")
    say(not crowd.problems, f"no call failed but for the kills ({resent} were sent again)",
        "\n".join(crowd.problems[:10]))
    say(decided > options.rounds and not wrong,
        f"each of {decided} acknowledged decisions is in the log and the book, once",
        "\n".join(wrong[:10]) or "too few decisions to mean anything")
    say(repeated > 0 and not any("and then" in p for p in crowd.problems),
        f"{repeated} repeated keys were answered as before")
    wrong = heads.look()
    say(wrong is None and heads.heads > options.rounds,
        f"after each kill and in the end every event is covered by one of {heads.heads} signed "
        "heads", wrong or "too few heads to mean anything")
    say(intact, "audit verify --book: intact", text)
    say(stopped == 0, "the engine stops cleanly", f"exit {stopped}")
    return 0 if all(said) else 1


if __name__ == "__main__":
    main()
