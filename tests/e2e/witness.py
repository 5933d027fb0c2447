#!/usr/bin/env python3
"""Witnesses: closegate-witness asked by a second client of the published protocol and killed while it
answers; a real engine that feeds it and a witness of our own; rotation, forks, a book that was set
back, and what `required` means. Prints TAP. Usage: witness.py [--engine PATH]"""
import http.client
import json
import os
import re
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import evidence  # noqa: E402
import witness as wit  # noqa: E402
from engine import wait_until  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


# ---- the witness and a log of ours ----

def protocol(binary, folder):
    w = wit.Witness(binary, os.path.join(folder, "w1"))
    vkey = w.make()
    check("init prints a verifier key of type 04 and refuses to replace the key",
          re.fullmatch(r"witness\.example/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}", vkey)
          and w.cli("init")[0] == 2, vkey)
    log = evidence.Log("bk_protocol")
    w.start([log.key.vkey])
    other = evidence.Log("bk_other")
    c = wit.Client(w, log)
    for _ in range(6):
        log.add()
    (status, _, _), _ = wit.Client(w, other).send(0, 1)
    check("an unknown log is 404", status == 404, status)
    thief = evidence.Key(log.origin, "thief")
    (status, _, _), _ = c.send(0, 7, evidence.checkpoint(thief, log.leaves))
    check("a checkpoint by another key is 403", status == 403, status)
    (status, _, text), note = c.send(0, 7)
    check("the first one is cosigned, with the time of now", status == 200 and
          abs(evidence.note_holds(note + text, vkey) - time.time()) < 60, text)
    check("GET /checkpoint shows it with both signatures",
          evidence.note_holds(w.checkpoint(), vkey)
          and evidence.note_holds(w.checkpoint(), log.key.vkey))
    for _ in range(300):
        log.add()
    (status, kind, text), _ = c.send(3, 307)
    check("another old size is 409 with the last one",
          (status, kind, text) == (409, "text/x.tlog.size", "7\n"), (status, kind, text))
    (status, _, text), _ = c.send(308, 307)
    check("an old size beyond the checkpoint is 400", status == 400, text)
    proof = evidence.consistency(7, log.leaves)
    (status, _, text), _ = c.send(7, 307, proof=proof[:-1])
    check("a proof that is cut is 422", status == 422, text)
    (status, _, text), _ = c.send(7, 307, proof=[bytes(32)] + proof[1:])
    check("a proof of other hashes is 422", status == 422, text)
    check("nothing of that was cosigned", w.size() == 7)
    check("a client that knows nothing is told by 409 and goes on",
          evidence.note_holds(c.bring(), vkey) and w.size() == 307)
    fork = evidence.Log("bk_protocol", key=log.key)
    for i in range(306):
        fork.add(fork="yes" if i > 100 else "no")
    (status, kind, text), _ = wit.Client(w, fork).send(307, 307)
    check("another tree of the same size is 409", (status, text) == (409, "307\n"), text)
    evil = [n for n in os.listdir(w.data) if n.endswith(".fork")]
    check("and kept as evidence", len(evil) == 1, os.listdir(w.data))
    fork.add()
    (status, _, text), _ = wit.Client(w, fork).send(307, 308)
    check("a fork that has grown is 422", status == 422, text)
    for body in (b"", b"old 1", b"old 01\n\n", b"\xff\xfe", b"old 1\n" * 3000):
        status, _, text = w.ask("POST", "/add-checkpoint", body)
        check("what is no request is refused and harms nobody", status in (400, 413), text)
    rotated(w, log, c)
    return w, log, c


def rotated(w, log, c):
    old = log.key
    statement = log.rotate(evidence.Key(log.origin, "second"))
    (status, _, _), _ = c.send(w.size(), len(log.leaves))
    check("after a rotation the log's new key is unknown: 403", status == 403, status)
    chain = json.dumps({"format": "closegate-key-chain/1", "statements": [statement]}).encode()
    lone = statement.rpartition("\u2014 ")[0]
    bad = json.dumps({"format": "closegate-key-chain/1", "statements": [lone]}).encode()
    check("a statement without the old key's signature is not believed",
          w.ask("POST", "/add-keys", bad)[0] == 403)
    check("the statement of both keys is", w.ask("POST", "/add-keys", chain)[0] == 200)
    check("and checkpoints of the new key are cosigned", evidence.note_holds(c.bring(), w.vkey))
    log.add()
    (status, _, _), _ = c.send(w.size(), len(log.leaves), evidence.checkpoint(old, log.leaves))
    check("those of the old one are not any more", status == 403, status)


def killed(w, log, c):
    """kill -9 while it answers: what it said it knows, it knows."""
    bad, first = [], log.key
    for _ in range(12):
        told = [w.size()]
        going = threading.Event()

        def bring():
            while not going.is_set():
                log.add()
                try:
                    c.bring()
                    told.append(len(log.leaves))
                except (OSError, ValueError, http.client.HTTPException):
                    return

        t = threading.Thread(target=bring)
        t.start()
        time.sleep(0.15)
        w.kill()
        going.set()
        t.join()
        w.start([evidence.Key(log.origin, "log").vkey])
        if not told[-1] <= w.size() <= len(log.leaves) or not w.checkpoint():
            bad.append((told[-1], w.size(), len(log.leaves)))
    check("kill -9 twelve times: it never forgets what it cosigned", not bad, bad)
    check("it knows the key it was handed over to, too, and goes on",
          evidence.note_holds(c.bring(), w.vkey) and first.vkey == log.key.vkey)
    w.stop()


# ---- the engine and its witnesses ----

class Company:
    def __init__(self, binary, folder):
        self.binary = binary
        self.book = lib.Book(binary, under=folder)
        self.daemon = lib.Engine(self.book)
        self.real = wit.Witness(binary, os.path.join(folder, "real"), "witness.example/real")

    def make(self):
        self.book.make()
        self.book.cli("recon", check=True)
        self.vkey = self.book.cli("keys", "export", check=True)[1].strip()
        self.real.make()
        self.own = wit.OwnWitness([self.vkey])

    def set(self, **settings):
        self.book.env.update({"CLOSEGATE_WITNESS" + k: str(v) for k, v in settings.items()})

    def both(self):
        return f"{self.real.vkey} {self.real.url}, {self.own.key.vkey} {self.own.url}/"

    def head(self):
        return self.book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]

    def cosigned(self, vkey):
        rows = self.book.rows("SELECT max(size) AS n FROM audit_cosignatures WHERE witness = ?", vkey)
        return rows[0]["n"] or 0

    def anchored(self):
        return min(self.cosigned(self.real.vkey), self.cosigned(self.own.key.vkey))

    def event(self, tool="confirm_match"):
        """Two events by an administrator: a freeze and its end."""
        code, text = self.book.cli("freeze", "--tool", tool, "--reason", "drill", "--json")
        if code == 0:
            code, text = self.book.cli("thaw", json.loads(text)["freeze_id"], "--rationale", "over")
        return code, text

    def get(self, path):
        c = http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=10)
        try:
            c.request("GET", path)
            r = c.getresponse()
            return r.status, r.read().decode()
        finally:
            c.close()

    def metric(self, name):
        found = re.search(rf"^{name} (\d+)$", self.get("/metrics")[1], re.M)
        return int(found.group(1)) if found else None

    def close(self):
        self.daemon.stop()
        self.real.stop()
        self.own.close()


def fed(c):
    c.real.start([c.vkey])
    c.set(ES=c.both(), _QUORUM=2)
    c.daemon.start()
    check("both witnesses cosign the newest head by themselves",
          wait_until(lambda: c.anchored() == c.head(), 20), (c.anchored(), c.head()))
    before = c.anchored()
    c.event()
    check("and the next one behind a change", wait_until(lambda: c.anchored() == c.head(), 20)
          and c.anchored() > before, (c.anchored(), c.head()))
    note = c.get("/tlog/checkpoint")[1]
    check("the log serves its head with their signatures",
          evidence.note_holds(note, c.real.vkey) and evidence.note_holds(note, c.own.key.vkey)
          and evidence.note_holds(note, c.vkey), note)
    seq = c.head()
    receipt = json.loads(c.book.cli("audit", "prove", str(seq), check=True)[1])
    check("a receipt made now brings them along",
          evidence.receipt_holds(receipt, c.vkey)
          and evidence.note_holds(receipt["checkpoint"], c.own.key.vkey), receipt)
    between = c.book.rows("SELECT max(size) AS n FROM audit_heads WHERE size NOT IN"
                          " (SELECT size FROM audit_cosignatures)")[0]["n"]
    receipt = json.loads(c.book.cli("audit", "prove", str(between), check=True)[1])
    check("that of an event whose own head nobody cosigned, by the next one that somebody did",
          evidence.receipt_holds(receipt, c.vkey)
          and (evidence.note_holds(receipt["checkpoint"], c.own.key.vkey)
               or evidence.note_holds(receipt["checkpoint"], c.real.vkey)), receipt)
    answer = json.loads(c.book.cli("audit", "verify", "--json", "--witness", c.real.vkey)[1])
    check("audit verify tells how far the log is anchored", answer["signed"]["anchored"]["to"] == seq, answer)
    check("metrics and status say so", wait_until(lambda: c.metric("closegate_anchored_seq") == seq)
          and c.metric("closegate_witnesses_answering") == 2
          and f"1 to {seq} of {seq}" in c.book.cli("status")[1], c.book.cli("status"))
    check("our witness had nothing to refuse but the first size it was asked for",
          all(status == 409 for status, _ in c.own.refusals), c.own.refusals)


def goes_on_after_faults(c):
    c.real.kill()
    c.event()
    check("one silent witness leaves the quorum open",
          wait_until(lambda: c.cosigned(c.own.key.vkey) == c.head(), 20)
          and c.anchored() < c.head(), (c.anchored(), c.head()))
    check("which is reported and, advisory, refuses nothing",
          wait_until(lambda: c.metric("closegate_witnesses_answering") == 1)
          and c.event()[0] == 0 and c.get("/readyz")[0] == 200)
    c.real.start([c.vkey])
    check("back again, it is brought up to date", wait_until(lambda: c.anchored() == c.head(), 40),
          (c.anchored(), c.head()))
    c.own.lie, before = evidence.Key(c.own.key.name, "liar", alg=4), c.cosigned(c.own.key.vkey)
    c.event()
    check("an answer that is no cosignature is not kept",
          wait_until(lambda: "no cosignature" in c.daemon.tail(), 20)
          and c.cosigned(c.own.key.vkey) == before and c.anchored() < c.head(), c.daemon.tail(3))
    c.own.lie = None
    check("the next good one is", wait_until(lambda: c.anchored() == c.head(), 40), c.daemon.tail(3))
    c.daemon.kill()
    c.daemon.start()
    check("kill -9 of the engine: it goes on where the witnesses are",
          c.event()[0] == 0 and wait_until(lambda: c.anchored() == c.head(), 20))
    c.own.vkeys = [c.vkey]
    code, text = c.book.cli("keys", "rotate", "--rationale", "drill")
    now = c.book.cli("keys", "export", check=True)[1].strip()
    check("after a rotation the real witness is told the chain and goes on",
          code == 0 and wait_until(lambda: c.cosigned(c.real.vkey) == c.head(), 40), text)
    c.own.vkeys = [now]
    check("ours does once its keeper gives it the new key",
          wait_until(lambda: c.anchored() == c.head(), 60), c.own.refusals[-3:])
    c.vkey = now


def required(c):
    c.daemon.stop()
    c.set(_MODE="required", _MAX_AGE=3)
    c.daemon.start()
    check("required, with witnesses there, changes go on",
          wait_until(lambda: c.event()[0] == 0, 20, every=0.5)
          and wait_until(lambda: c.anchored() == c.head(), 20), c.daemon.tail(3))
    c.real.stop()
    c.event()
    check("without a quorum changes are refused once the oldest event has waited too long",
          wait_until(lambda: c.get("/readyz")[0] == 503, 20) and c.event()[0] == 1, c.event())
    head = c.head()
    code, text = c.event()
    check("in words that say why", "witnesses" in text and "MAX_AGE" in text, text)
    maria = lib.Caller(c.daemon, "human:maria")
    check("an agent's change is refused alike, and nothing is recorded",
          "witnesses" in maria.call("comment_item", object="match:" + c.match, text="x")["text"]
          and c.head() == head)
    check("reads go on", maria.call("list_matches")["outcome"] == "ok")
    check("metrics tell it", c.metric("closegate_changes_held") == 1)
    c.daemon.stop()
    code, text = c.book.cli("freeze", "--tool", "confirm_match", "--reason", "x")
    check("the locked book is no way around it", code == 1 and "start the engine" in text, text)
    c.real.start([c.vkey])
    c.daemon.start()
    check("a witness that answers lets changes go on",
          wait_until(lambda: c.event()[0] == 0, 40, every=0.5), c.daemon.tail(3))


def forked(c):
    """A copy of the data folder goes its own way: the witnesses do not follow."""
    wait_until(lambda: c.anchored() == c.head(), 20)
    c.daemon.stop()
    aside = c.book.data + ".aside"
    shutil.copytree(c.book.data, aside)
    c.daemon.start()
    for _ in range(3):
        c.event()
    check("the one of the two goes on", wait_until(lambda: c.anchored() == c.head(), 20))
    ahead = c.anchored()
    c.daemon.stop()
    shutil.rmtree(c.book.data)
    os.rename(aside, c.book.data)
    c.daemon.start()
    said = wait_until(lambda: "set back" in c.daemon.tail(50), 20)
    check("the other one has fewer events than were cosigned: told at once", said, c.daemon.tail(5))
    check("and, required, it changes nothing", wait_until(lambda: c.event()[0] == 1, 20, every=0.5))
    c.daemon.stop()
    c.set(_MODE="advisory")
    c.daemon.start()
    while c.head() <= ahead:
        c.event("propose_match")
    said = wait_until(lambda: "does not go on" in c.daemon.tail(80)
                      or "forked" in c.daemon.tail(80).rpartition("set back")[2], 60)
    check("grown past them it is a fork, and neither witness cosigns it",
          said and c.cosigned(c.real.vkey) <= ahead and c.real.size() == c.own.size == ahead,
          c.daemon.tail(5))
    check("the real one says so as well", "does not go on" in c.real.tail(200), c.real.tail(5))


def followed(binary, folder):
    """A witness that looks by itself, at an engine that knows nothing of it."""
    book = lib.Book(binary, under=folder)
    daemon = lib.Engine(book)
    w = wit.Witness(binary, os.path.join(folder, "follows"), "witness.example/follows")
    w.make()
    try:
        book.make()
        vkey = book.cli("keys", "export", check=True)[1].strip()
        daemon.start()

        def head():
            return book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]

        w.start([vkey], follow=f"http://127.0.0.1:{daemon.port}/tlog")
        check("a witness follows a log by its checkpoint", wait_until(lambda: w.size() == head(), 20))
        maria = lib.Caller(daemon, "human:maria")
        book.cli("recon", check=True)
        match = book.rows("SELECT match_id FROM matches LIMIT 1")[0]["match_id"]
        for i in range(300):
            maria.call("comment_item", object="match:" + match, text=f"one of many {i}")
        check("over more than a tile, by proofs made from its tiles",
              wait_until(lambda: w.size() == head(), 20) and head() > 300, (w.size(), head()))
        book.cli("keys", "rotate", "--rationale", "drill", check=True)
        check("and over a rotation, by the chain of keys that the log serves",
              wait_until(lambda: w.size() == head(), 20), w.tail(3))
        now = book.cli("keys", "export", check=True)[1].strip()
        check("what it shows is signed by both", evidence.note_holds(w.checkpoint(), w.vkey)
              and evidence.note_holds(w.checkpoint(), now))
    finally:
        daemon.stop()
        w.stop()


def settings(binary, folder):
    book = lib.Book(binary, under=folder)
    key = evidence.Key("w.example/1", "w", alg=4).vkey
    for words, says in (({"ES": "nothing"}, "expected a witness's key"),
                        ({"ES": evidence.Key("w.example/1", "w").vkey + " http://x"}, "type 04"),
                        ({"ES": key + " ftp://x"}, "http://"),
                        ({"ES": f"{key} http://x, {key} http://y"}, "twice"),
                        ({"ES": key + " http://x", "_QUORUM": "2"}, "fewer witnesses"),
                        ({"_MODE": "required"}, "names none")):
        book.env = {k: v for k, v in book.env.items() if not k.startswith("CLOSEGATE_WITNESS")}
        book.env.update({"CLOSEGATE_WITNESS" + k: v for k, v in words.items()})
        code, text = book.cli("status")
        check(f"a setting that cannot be is refused: {says}", code == 1 and says in text, text)


def main():
    binary = lib.given_engine()
    folder = os.path.join(lib.tempfile.mkdtemp(prefix="closegate-witness-"))
    c = Company(binary, folder)
    try:
        killed(*protocol(binary, folder))
        settings(binary, folder)
        c.make()
        c.match = c.book.rows("SELECT match_id FROM matches LIMIT 1")[0]["match_id"]
        fed(c)
        goes_on_after_faults(c)
        required(c)
        forked(c)
        c.close()
        followed(binary, folder)
    except Exception:
        print("# " + c.daemon.tail().replace("\n", "\n# "))
        raise
    finally:
        c.daemon.stop()
        c.real.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
