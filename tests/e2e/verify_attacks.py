#!/usr/bin/env python3
"""A book edited behind the engine's back in many ways: which of audit verify's four verdicts says so,
and at which event; and audit replay over the same books. The forger here knows the formats (a second
implementation of them, tests/lib/evidence.py) and sometimes has the log's own key.
Prints TAP. Usage: verify_attacks.py [--engine PATH]"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import evidence  # noqa: E402
from tap import Tap  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402

tap = Tap()
check = tap.check
BOUND = ("audit_events", "audit_heads", "audit_tiles", "audit_cosignatures", "policies")


def run(book, *words, data=None):
    env = dict(book.env, CLOSEGATE_DATA_DIR=data or book.data)
    done = subprocess.run([book.engine, *words, "--json"], env=env, stdin=subprocess.DEVNULL,
                          timeout=120, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=lib.ROOT)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError:
        return done.returncode, {"not_json": (done.stdout + done.stderr).decode()}


class Forger:
    """A copy of the book, its triggers put out of the way and put back on leaving."""

    def __init__(self, book, name):
        self.folder = os.path.join(book.dir, name)
        os.mkdir(self.folder)
        for file in ("recon.db", "recon.db-wal"):
            if os.path.exists(os.path.join(book.data, file)):
                shutil.copy(os.path.join(book.data, file), self.folder)

    def __enter__(self):
        self.db = sqlite3.connect(os.path.join(self.folder, "recon.db"), isolation_level=None)
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.triggers = self.db.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN"
            f" ({','.join('?' * len(BOUND))})", BOUND).fetchall()
        for name, _ in self.triggers:
            self.db.execute(f"DROP TRIGGER {name}")
        return self

    def __exit__(self, *why):
        for _, sql in self.triggers:
            self.db.execute(sql)
        self.db.close()

    def text(self, seq):
        return self.db.execute("SELECT event FROM audit_events WHERE seq = ?", (seq,)).fetchone()[0]

    def put(self, seq, *changes):
        """Rewrites an event's text, and nothing else."""
        text = self.text(seq)
        for old, new in changes:
            assert old in text, (seq, old, text)
            text = text.replace(old, new)
        self.db.execute("UPDATE audit_events SET event = ? WHERE seq = ?", (text, seq))

    def rehash(self):
        """The whole chain anew, over the texts as they are."""
        prev = bytes(32)
        for seq, text in self.db.execute("SELECT seq, event FROM audit_events ORDER BY seq"
                                         ).fetchall():
            own = evidence.sha(prev + text.encode())
            self.db.execute("UPDATE audit_events SET hash_prev = ?, hash_self = ? WHERE seq = ?",
                            (prev, own, seq))
            prev = own

    def leaves(self):
        return [evidence.leaf_hash(h) for (h,) in
                self.db.execute("SELECT hash_self FROM audit_events ORDER BY seq")]

    def sign(self, key, first=0):
        """Every head from a size on: the root as it is now, signed by this key."""
        leaves = self.leaves()
        for (size,) in self.db.execute("SELECT size FROM audit_heads WHERE size >= ?",
                                       (first,)).fetchall():
            self.db.execute("UPDATE audit_heads SET root = ?, note = ? WHERE size = ?",
                            (evidence.root(leaves[:size]),
                             evidence.checkpoint(key, leaves[:size]), size))


def log_key(book, origin):
    """The log's own key, which its keeper has."""
    key = evidence.Key(origin, "own")
    key.secret = book.key("log")
    key.data = b"\x01" + key.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key.id = evidence.sha(origin.encode() + b"\n" + key.data)[:4]
    return key


class Log:
    """What the tests know of the intact book."""

    def __init__(self, book):
        self.book = book
        rows = book.rows("SELECT seq, event FROM audit_events ORDER BY seq")
        self.events = {r["seq"]: json.loads(r["event"]) for r in rows}
        self.last = max(self.events)
        self.heads = [r["size"] for r in book.rows("SELECT size FROM audit_heads ORDER BY size")]
        self.origin = "closegate/" + self.events[1]["book_id"]
        self.key = log_key(book, self.origin)
        self.decided = [s for s, e in self.events.items() if "gate_input" in e]
        self.keyed = [s for s, e in self.events.items() if e["event_type"] == "KEY_ROTATED"][0]

    def since(self, seq):
        """The first event that the head which covers this one may be wrong about."""
        return max([h for h in self.heads if h < seq], default=0) + 1


def verdicts(log, name, folder, want, *words, code=2):
    """want: {"rows": 7} broken at 7, True ok, None not known; the others are ok."""
    got, said = run(log.book, "audit", "verify", *words, data=folder)
    check(f"{name}: exit {code}", got == code, said)
    for question in ("rows", "tree", "truncation", "clock"):
        told = said.get("verdicts", {}).get(question, {})
        seq = want.get(question, True)
        if seq is True:
            check(f"{name}: {question} is ok", told.get("result") == "ok", said)
        elif seq is None:
            check(f"{name}: {question} is not known", told.get("result") == "not known", said)
        else:
            check(f"{name}: {question} is broken at {seq}", told.get("result") == "broken"
                  and told.get("bad_seq", 0) == seq, said)
    return said


# ---- as it is ----

def intact(log):
    said = verdicts(log, "as it is", None, {}, code=0)
    check("every event is under a signed head", said["signed"]["covered"] == log.last
          and said["signed"]["heads"] == len(log.heads), said)
    check("the key is the book's own word", said["signed"]["own_word"] is True
          and said["signed"]["key"] == log.key.vkey, said)
    check("nothing is anchored", said["signed"]["anchored"] is None
          and said["signed"]["unanchored"] == {"from": 1, "to": log.last}, said)
    said = verdicts(log, "with the key pinned", None, {}, "--key", log.key.vkey, code=0)
    check("a pinned key is nobody's own word", said["signed"]["own_word"] is False, said)
    stranger = evidence.Key(log.origin, "stranger")
    verdicts(log, "with another key pinned", None, {"tree": log.heads[0], "truncation": None},
             "--key", stranger.vkey)


# ---- rows ----

def rows_edited(log):
    seq = log.decided[1]
    with Forger(log.book, "text") as f:
        f.put(seq, ('"decision":"', '"decision":"x'))
    verdicts(log, "an event's text", f.folder, {"rows": seq})
    with Forger(log.book, "hash") as f:
        f.db.execute("UPDATE audit_events SET hash_self = randomblob(32) WHERE seq = ?", (seq,))
    verdicts(log, "an event's hash", f.folder, {"rows": seq, "tree": log.since(seq)})
    with Forger(log.book, "gap") as f:
        f.db.execute("DELETE FROM audit_events WHERE seq = ?", (seq,))
    verdicts(log, "an event gone", f.folder, {"rows": seq, "tree": seq, "clock": None,
                                              "truncation": None})
    with Forger(log.book, "below") as f:
        f.db.execute("INSERT INTO audit_events (seq, event, hash_prev, hash_self)"
                     " SELECT 0, event, hash_prev, hash_self FROM audit_events WHERE seq = 1")
    code, said = run(log.book, "audit", "verify", data=f.folder)
    check("an event before the first is seen", code == 2
          and said["verdicts"]["rows"]["bad_seq"] == 1, said)
    with Forger(log.book, "form") as f:
        f.put(seq, (',"seq":', ', "seq":'))
        f.rehash()
        f.sign(log.key)
    verdicts(log, "an event out of canonical form, by who has the key", f.folder, {"rows": seq})


# ---- tree ----

def heads_edited(log):
    seq, size = log.decided[1], log.heads[3]
    with Forger(log.book, "anew") as f:
        f.put(seq, ('"decision":"', '"decision":"x'))
        f.rehash()
    verdicts(log, "the chain written anew from an event on", f.folder, {"tree": log.since(seq)})
    with Forger(log.book, "signature") as f:
        f.db.execute("UPDATE audit_heads SET note = substr(note, 1, length(note) - 12) || 'A' ||"
                     " substr(note, length(note) - 10) WHERE size = ?", (size,))
    verdicts(log, "a head's signature", f.folder, {"tree": size})
    with Forger(log.book, "root") as f:
        f.db.execute("UPDATE audit_heads SET root = randomblob(32) WHERE size = ?", (size,))
    verdicts(log, "a head's root", f.folder, {"tree": log.since(size)})
    stranger = evidence.Key(log.origin, "stranger")
    with Forger(log.book, "resigned") as f:
        f.sign(stranger, size)
    verdicts(log, "heads signed by another key", f.folder, {"tree": size})
    with Forger(log.book, "no_last_head") as f:
        f.db.execute("DELETE FROM audit_heads WHERE size = ?", (log.last,))
    verdicts(log, "the last head gone", f.folder, {"tree": None}, code=1)
    with Forger(log.book, "no_heads") as f:
        f.db.execute("DELETE FROM audit_heads")
    verdicts(log, "every head gone", f.folder, {"tree": None, "truncation": None}, code=1)


# ---- keys ----

def key_taken_over(log):
    """Everything anew under a key of the forger's own, its statement included."""
    stranger = evidence.Key(log.origin, "stranger")
    detail = log.events[log.keyed]["detail"]
    statement = evidence.key_statement(log.origin, log.keyed, None, stranger)
    with Forger(log.book, "taken_over") as f:
        f.put(log.keyed, (json.dumps(detail["statement"], ensure_ascii=False),
                          json.dumps(statement, ensure_ascii=False)),
              (f'"{detail["vkey"]}"', f'"{stranger.vkey}"'))
        f.rehash()
        f.sign(stranger)
    verdicts(log, "a log under another key, at its own word", f.folder, {}, code=0)
    verdicts(log, "the same with the key pinned", f.folder,
             {"tree": log.heads[0], "truncation": None}, "--key", log.key.vkey)
    kept = os.path.join(log.book.dir, "kept.note")
    said = verdicts(log, "the same against a checkpoint that was kept", f.folder,
                    {"truncation": 0}, "--against", kept)
    check("it says which file", "kept.note" in said["verdicts"]["truncation"]["problem"], said)
    with Forger(log.book, "statement") as f:
        f.put(log.keyed, (json.dumps(detail["statement"], ensure_ascii=False),
                          json.dumps(statement.replace(stranger.vkey, log.key.vkey),
                                     ensure_ascii=False)))
        f.rehash()
        f.sign(log.key)
    code, said = run(log.book, "audit", "verify", data=f.folder)
    check("a statement that is signed by nobody is named", code == 2
          and said["verdicts"]["tree"]["bad_seq"] == log.keyed, said)


# ---- truncation ----

def kept_heads(log):
    """A checkpoint and a receipt of now, kept where the forger cannot write."""
    note = log.book.cli("audit", "checkpoint", check=True)[1]
    receipt = log.book.cli("audit", "prove", str(log.decided[-1]), check=True)[1]
    for name, text in (("kept.note", note), ("kept.json", receipt)):
        with open(os.path.join(log.book.dir, name), "w", encoding="utf-8") as out:
            out.write(text)


def cut_off(log):
    note, receipt = (os.path.join(log.book.dir, n) for n in ("kept.note", "kept.json"))
    size = [h for h in log.heads if h < log.decided[-1]][-1]
    both = ("--against", note, "--against", receipt)
    said = verdicts(log, "against heads that were kept", None, {}, *both, code=0)
    check("it says how far", str(log.last) in said["verdicts"]["truncation"]["says"], said)
    with Forger(log.book, "tail") as f:
        f.db.execute("DELETE FROM audit_events WHERE seq > ?", (size,))
    verdicts(log, "an end cut off, its heads left", f.folder, {"truncation": size + 1})
    with Forger(log.book, "tail_heads") as f:
        f.db.execute("DELETE FROM audit_events WHERE seq > ?", (size,))
        f.db.execute("DELETE FROM audit_heads WHERE size > ?", (size,))
    verdicts(log, "an end cut off with its heads, by its own word", f.folder, {}, code=0)
    for name, file in (("checkpoint", note), ("receipt", receipt)):
        verdicts(log, f"the same against a {name}", f.folder, {"truncation": size + 1},
                 "--against", file)
    seq = log.decided[-1]
    early = log.decided[1]
    own = os.path.join(log.book.dir, "early.json")
    with open(own, "w", encoding="utf-8") as out:
        out.write(log.book.cli("audit", "prove", str(early), check=True)[1])
    with Forger(log.book, "kept_gap") as f:
        f.db.execute("DELETE FROM audit_events WHERE seq = ?", (early,))
    gap = {"rows": early, "tree": early, "clock": None}
    verdicts(log, "an event gone, against a checkpoint behind it", f.folder,
             {**gap, "truncation": None}, "--against", note)
    verdicts(log, "the same against the event's own receipt", f.folder,
             {**gap, "truncation": early}, "--against", own)
    with Forger(log.book, "keeper") as f:
        f.put(seq, ('"tool":"', '"tool":"x'))
        f.rehash()
        f.sign(log.key)
    verdicts(log, "an event anew by who has the key, by its own word", f.folder, {}, code=0)
    verdicts(log, "the same against the event's receipt", f.folder, {"truncation": seq},
             "--against", receipt)
    code, said = run(log.book, "audit", "verify", "--against", note, data=f.folder)
    check("and against a checkpoint", code == 2
          and said["verdicts"]["truncation"]["result"] == "broken", said)


def odd_files(log):
    path = os.path.join(log.book.dir, "odd")

    def against(text):
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return run(log.book, "audit", "verify", "--against", path)

    code, said = against("nothing of the kind\n")
    check("a file that is no checkpoint: could not tell, and which", code == 1
          and said["result"] == "unknown", said)
    other = evidence.Log("book_other")
    code, said = against(other.head())
    check("a checkpoint of another log is not in this one", code == 2
          and "another log" in said["verdicts"]["truncation"]["problem"], said)
    with open(os.path.join(log.book.dir, "kept.json"), encoding="utf-8") as f:
        receipt = json.load(f)
    receipt["index"] += 1
    code, said = against(json.dumps(receipt))
    check("a receipt that does not hold by itself: could not tell", code == 1, said)
    code, said = run(log.book, "audit", "verify", "--key", "nonsense")
    check("a key that is none: could not tell", code == 1, said)
    code, said = run(log.book, "audit", "verify", "--threads", "0")
    check("no threads: could not tell", code == 1, said)


# ---- clock ----

def clock(log):
    seq = log.decided[1]
    before = log.events[seq - 1]["timestamp_utc"]
    with Forger(log.book, "clock") as f:
        f.put(seq, (log.events[seq]["timestamp_utc"], before))
        f.rehash()
        f.sign(log.key)
    verdicts(log, "a time not later than the one before", f.folder, {"clock": seq})
    with Forger(log.book, "no_time") as f:
        f.put(seq, (log.events[seq]["timestamp_utc"], "yesterday"))
        f.rehash()
        f.sign(log.key)
    verdicts(log, "no time at all", f.folder, {"clock": seq})


# ---- witnesses ----

def anchored(log):
    witness = evidence.Key("witness.example/w1", "w1", alg=4)
    size = log.heads[-2]
    with Forger(log.book, "witness") as f:
        note = f.db.execute("SELECT note FROM audit_heads WHERE size = ?", (size,)).fetchone()[0]
        text = note.split("\n\n")[0] + "\n"
        f.db.execute("INSERT INTO audit_cosignatures VALUES (?, ?, ?, ?)",
                     (size, witness.vkey, witness.line(text), 1772528400))
    said = verdicts(log, "a head that a witness signed", f.folder, {}, code=0)
    check("what it covers is anchored, what follows is not",
          said["signed"]["anchored"] == {"from": 1, "to": size}
          and said["signed"]["unanchored"] == {"from": size + 1, "to": log.last}, said)
    said = verdicts(log, "a witness that is pinned", f.folder, {}, "--witness", witness.vkey, code=0)
    check("a pinned witness counts", said["signed"]["anchored"] == {"from": 1, "to": size}, said)
    other = evidence.Key("witness.example/w2", "w2", alg=4)
    said = verdicts(log, "another witness pinned", f.folder, {}, "--witness", other.vkey, code=0)
    check("then nothing is anchored", said["signed"]["anchored"] is None, said)
    with Forger(log.book, "witness_forged") as f:
        f.db.execute("INSERT INTO audit_cosignatures VALUES (?, ?, ?, ?)",
                     (size, witness.vkey, witness.line("another text\n"), 1772528400))
    said = verdicts(log, "a witness's line that does not hold", f.folder, {"tree": size})
    check("anchors nothing", said["signed"]["anchored"] is None, said)


# ---- replay ----

def replay(log):
    def differs(name, folder, seq, what):
        code, said = run(log.book, "audit", "replay", data=folder)
        check(f"{name}: exit 2 at event {seq}", code == 2 and said.get("bad_seq") == seq, said)
        check(f"{name}: {what}", what in said.get("what", ""), said)
        return said

    code, said = run(log.book, "audit", "replay")
    check("every decision of the demo company is the gate's", code == 0
          and said["result"] == "equal" and said["decided"] == len(log.decided)
          and said["decided"] + said["recorded"] == log.last, said)
    code, said = run(log.book, "audit", "replay", "--from", "2", "--to", "5")
    check("a range", code == 0 and said["from"] == 2 and said["to"] == 5, said)
    code, said = run(log.book, "audit", "replay", "--from", str(log.last + 1))
    check("a range that is none: could not tell", code == 1, said)
    seq = log.decided[2]
    with Forger(log.book, "decision") as f:
        f.put(seq, ('"decision":"allow"', '"decision":"deny"'), ('"row":"13"', '"row":"5"'))
    said = differs("another decision", f.folder, seq, "decision")
    check("both verdicts are shown", said["was"]["decision"] == "deny"
          and said["again"]["decision"] == "allow" and said["again"]["row"] == "13", said)
    with Forger(log.book, "type") as f:
        f.put(seq, (f'"event_type":"{log.events[seq]["event_type"]}"',
                    '"event_type":"POLICY_VIOLATION"'))
    differs("an allowed act called a violation", f.folder, seq, "event_type")
    with Forger(log.book, "fact") as f:
        f.put(seq, ('"frozen":false', '"frozen":true'))
    said = differs("another fact", f.folder, seq, "decision")
    check("the gate's answer to it is shown", said["again"]["reason"] == "FROZEN"
          and said["again"]["clause_text"], said)
    with Forger(log.book, "member") as f:
        f.put(seq, ('"has_rationale":', '"hardly":1,"has_rationale":'))
    differs("a fact that the gate never saw", f.folder, seq, "gate_input cannot be read")
    summed = [s for s in log.decided if log.events[s]["gate_input"]["auto_confirmed"]["known"]][0]
    with Forger(log.book, "spelling") as f:
        f.put(summed, ('"auto_confirmed":{"known":true,"sum":"', '"auto_confirmed":{"known":true,"sum":"0'))
    differs("a fact in another spelling", f.folder, summed, "does not print back")
    with Forger(log.book, "policy") as f:
        f.db.execute("UPDATE policies SET text = replace(text, '10000', '99999')")
    said = differs("another policy text", f.folder, log.decided[0], "digest is another")
    check("it could not be decided again", said["again"] is None, said)
    with Forger(log.book, "no_policy") as f:
        f.db.execute("DELETE FROM policies")
    differs("no policy text", f.folder, log.decided[0], "does not have the text")
    named = log.events[seq]["policy_version"]
    for name, digest in (("longer", named + "x"), ("shorter", named[:-1])):
        with Forger(log.book, f"policy_{name}") as f:
            f.put(seq, (f'"policy_version":"{named}"', f'"policy_version":"{digest}"'))
        differs(f"a digest that is {name} than the policy's", f.folder, seq, "does not have the text")
    old = [s for s in log.decided if log.events[s]["row"] == "13"][-1]
    with Forger(log.book, "gate_2") as f:
        f.put(old, (f'"gate_version":{log.events[old]["gate_version"]}', '"gate_version":2'))
    code, said = run(log.book, "audit", "replay", data=f.folder)
    check("the gate before this one is still known", code == 0, said)
    with Forger(log.book, "gate") as f:
        f.put(seq, (f'"gate_version":{log.events[seq]["gate_version"]}', '"gate_version":99'))
    code, said = run(log.book, "audit", "replay", data=f.folder)
    check("another gate: could not tell, and which event", code == 1
          and said["unknown"] == 1 and said["unknown_seq"] == seq and "99" in said["why"], said)


def main():
    book = lib.Book(lib.given_engine())
    try:
        book.make_anew()
        book.cli("recon", check=False)
        book.cli("actor", "add", "nina", "--name", "Nina")
        log = Log(book)
        kept_heads(log)
        intact(log)
        rows_edited(log)
        heads_edited(log)
        key_taken_over(log)
        cut_off(log)
        odd_files(log)
        clock(log)
        anchored(log)
        replay(log)
    finally:
        book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
