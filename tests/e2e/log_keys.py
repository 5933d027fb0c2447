#!/usr/bin/env python3
"""The keys of a book's log: made with the book, rotated under load and under kill -9, lost and found
again. Every head and statement is checked by a second implementation (tests/lib/evidence.py). Prints
TAP. Usage: log_keys.py [--engine PATH]"""
import json
import os
import random
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import evidence  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def mode(path):
    return oct(os.stat(path).st_mode & 0o777)


class Company:
    def __init__(self, binary):
        self.book = lib.Book(binary)
        self.daemon = lib.Engine(self.book)

    def path(self, name):
        return os.path.join(self.book.data, name)

    def keys(self):
        return json.loads(self.book.cli("keys", "list", "--json", check=True)[1])

    def vkeys(self):
        return [key["vkey"] for key in self.keys()]

    def rotate(self, *words):
        return self.book.cli("keys", "rotate", *words)

    def heads(self):
        return self.book.rows("SELECT size, note FROM audit_heads ORDER BY size")

    def badly_signed(self):
        """Heads that are not signed by the key whose range they are in."""
        keys = self.keys()
        bad = []
        for h in self.heads():
            now = [k for k in keys if k["from_size"] <= h["size"]][-1]
            if not evidence.note_holds(h["note"], now["vkey"]):
                bad.append(h["size"])
        return bad

    def verified(self):
        return self.book.cli("audit", "verify", "--key", self.keys()[0]["vkey"])

    def files(self):
        return sorted(n for n in os.listdir(self.book.data) if n.startswith("log.key"))


def made_with_the_book(c):
    keys = c.keys()
    rows = c.book.rows("SELECT seq, event FROM audit_events WHERE event_type = 'KEY_ROTATED'")
    check("seed makes the log's key and records it right behind BOOK_CREATED",
          len(keys) == 1 and keys[0]["from_size"] == 2 and [r["seq"] for r in rows] == [2], keys)
    check("its file is for its owner alone", mode(c.path("log.key")) == "0o600")
    detail = json.loads(rows[0]["event"])["detail"]
    check("the statement is signed by the key it names",
          evidence.note_holds(detail["statement"], detail["vkey"]) and
          detail["vkey"] == keys[0]["vkey"] and "\nold -\n" in detail["statement"], detail)
    code, text = c.book.cli("keys", "init")
    check("keys init refuses a book that has a key (exit 2)", code == 2, text)
    check("keys export prints the vkey", c.book.cli("keys", "export")[1].strip() == detail["vkey"])


def rotated_under_load(c):
    maria = [lib.Caller(c.daemon, "human:maria") for _ in range(3)]
    match = c.book.rows("SELECT match_id FROM matches LIMIT 1")[0]["match_id"]
    bad, stop, receipts = [], threading.Event(), []

    def load(caller):
        while not stop.is_set():
            done = caller.call("comment_item", object="match:" + match, text="under load")
            if done["outcome"] != "ok":
                bad.append(done)
            elif done["receipt"]:
                receipts.append(done["receipt"])

    threads = [threading.Thread(target=load, args=(m,)) for m in maria]
    for t in threads:
        t.start()
    said = []
    for i in range(4):
        time.sleep(0.2)
        said.append(c.rotate(*(["--wipe-old"] if i % 2 else []), "--rationale", "drill"))
    time.sleep(0.2)
    stop.set()
    for t in threads:
        t.join()
    keys = c.keys()
    check("four rotations under load each give another key",
          all(code == 0 for code, _ in said) and len({k["vkey"] for k in keys}) == 5, said)
    check("no caller notices", not bad and len(receipts) > 20, bad[:1] or len(receipts))
    check("each head is signed by the key of its range", not c.badly_signed(), c.badly_signed())

    def holds(r):
        size = int(r["checkpoint"].split("\n")[1])
        now = [k for k in keys if k["from_size"] <= size][-1]
        return evidence.receipt_holds(r, now["vkey"])

    check("so is every receipt that was given meanwhile", all(holds(r) for r in receipts))
    check("old keys are kept aside or wiped, as was asked",
          c.files() == sorted(["log.key", f"log.key.{keys[0]['key_id']}.retired",
                               f"log.key.{keys[2]['key_id']}.retired"]), c.files())
    check("audit verify believes the whole log by its first key", c.verified()[0] == 0,
          c.verified())
    chain = json.loads(c.book.cli("keys", "export", "--chain", "--json", check=True)[1])
    ok = True
    for before, now, statement in zip([None] + keys, keys, chain["statements"]):
        ok = ok and evidence.note_holds(statement, now["vkey"]) and \
            (before is None or evidence.note_holds(statement, before["vkey"]))
    check("each statement of the chain is signed by both keys",
          ok and len(chain["statements"]) == len(keys) == 5, chain)


def killed_while_rotating(c):
    """kill -9 at any moment of a rotation: the next start has the right key."""
    random.seed(4711)
    bad, before = [], c.vkeys()
    for i in range(8):
        asking = threading.Thread(target=c.rotate, args=(["--wipe-old"] if i % 2 else []))
        asking.start()
        time.sleep(random.uniform(0.0, 0.06))
        c.daemon.kill()
        asking.join()
        try:
            c.daemon.start()
        except SystemExit as e:
            bad.append(str(e))
            break
        if c.badly_signed() or "log.key" not in c.files():
            bad.append((i, c.files(), c.badly_signed()))
    check("kill -9 in the middle of eight rotations: it starts each time, rightly signed", not bad,
          bad)
    check("each that was committed is in force, and none before it was lost",
          c.vkeys()[:len(before)] == before and c.verified()[0] == 0,
          (before, c.keys(), c.verified()))


def without_its_key(c):
    c.daemon.stop()
    os.rename(c.path("log.key"), c.path("elsewhere"))
    code, text = c.book.cli("serve")
    check("serve does not start without the book's key, and says what to do",
          code == 1 and "put its file back" in text, text)
    code, text = c.book.cli("freeze", "--tool", "confirm_match", "--reason", "x")
    check("nor does a command that writes", code == 1 and "put its file back" in text, text)
    check("reading goes on", c.book.cli("status")[0] == 0 and c.book.cli("audit", "verify")[0] == 0)
    os.rename(c.path("elsewhere"), c.path("log.key"))
    os.chmod(c.path("log.key"), 0o640)
    code, text = c.book.cli("serve")
    check("a key that others may read is refused", code == 1 and "chmod 600" in text, text)
    os.chmod(c.path("log.key"), 0o600)
    check("status tells which key signs", c.keys()[-1]["key_id"] in c.book.cli("status")[1],
          c.book.cli("status")[1])
    secret = open(c.path("log.key"), encoding="utf-8").read().split("\n")[1]
    check("no key material is logged", secret not in open(c.daemon.log, encoding="utf-8").read())


def book_from_before(binary):
    """One that was made without a key, as before there were any."""
    book = lib.Book(binary, starter="empty")
    try:
        book.env["CLOSEGATE_RECEIPTS"] = "off"
        book.make_anew()
        del book.env["CLOSEGATE_RECEIPTS"]
        check("a book from before has no key", book.cli("keys", "list")[1].startswith("the book has")
              and not os.path.exists(os.path.join(book.data, "log.key")))
        book.env["CLOSEGATE_ENV"] = "prod"
        code, text = book.cli("serve")
        check("in prod it is not served, and what to do is said",
              code == 1 and "keys init" in text, text)
        code, text = book.cli("freeze", "--tool", "confirm_match", "--reason", "x")
        check("nor written", code == 1 and "keys init" in text, text)
        n = book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]
        code, text = book.cli("keys", "init")
        vkey = text.strip()
        head = book.rows("SELECT size, note FROM audit_heads")
        check("keys init gives it one, and the first head covers all that was before",
              code == 0 and [h["size"] for h in head] == [n + 1]
              and evidence.note_holds(head[0]["note"], vkey), (text, len(head)))
        check("once", book.cli("keys", "init")[0] == 2)
        code, text = book.cli("audit", "prove", "1")
        check("so its first event can be proved", code == 0
              and evidence.receipt_holds(json.loads(text), vkey), text)
    finally:
        book.close()
    book = lib.Book(binary, starter="empty")
    daemon = lib.Engine(book)
    try:
        book.env["CLOSEGATE_RECEIPTS"] = "off"
        book.make_anew()
        del book.env["CLOSEGATE_RECEIPTS"]
        book.env["CLOSEGATE_LOG_LEVEL"] = "info"
        daemon.start()
        check("in dev serve makes a key by itself and says so", "had no log key" in daemon.tail()
              and len(json.loads(book.cli("keys", "list", "--json")[1])) == 1, daemon.tail())
    finally:
        daemon.stop()
        book.close()


def main():
    book_from_before(lib.given_engine())
    c = Company(lib.given_engine())
    try:
        c.book.make_anew()
        c.book.cli("recon", check=True)
        made_with_the_book(c)
        c.daemon.start()
        rotated_under_load(c)
        killed_while_rotating(c)
        without_its_key(c)
    except Exception:
        print("# " + c.daemon.tail().replace("\n", "\n# "))
        raise
    finally:
        c.daemon.stop()
        shutil.rmtree(c.book.dir, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
