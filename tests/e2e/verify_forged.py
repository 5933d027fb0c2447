#!/usr/bin/env python3
"""Forged and broken evidence, made with keys of its own by tests/lib/evidence.py: closegate-verify
refuses every piece (exit 2, or 1 where it cannot be read), and accepts what they were made from.
Prints TAP. Usage: verify_forged.py --verify PATH"""
import argparse
import concurrent.futures
import copy
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import evidence as ev  # noqa: E402
from tap import Tap  # noqa: E402


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Bench:
    """Files in a folder, and the verifier over them."""

    def __init__(self, tap, verify, folder):
        self.tap, self.verify, self.folder, self.n = tap, verify, folder, 0

    def file(self, content):
        self.n += 1
        path = os.path.join(self.folder, f"f{self.n}")
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *args):
        return subprocess.run([self.verify, *args], capture_output=True, text=True, check=False)

    def holds(self, sentence, *args):
        done = self.run(*args)
        self.tap.check(sentence, done.returncode == 0, done.stdout + done.stderr)

    def refused(self, sentence, says, *args):
        """Exit 2 or 1, and the words that tell why."""
        done = self.run(*args)
        said = done.stdout + done.stderr
        self.tap.check(f"refused: {sentence}", done.returncode in (1, 2) and says in said,
                       f"exit {done.returncode}: {said}")

    def all_refused(self, sentence, contents, *args):
        """Many receipts at once, by --json: none holds, and each is told of."""
        paths = [self.file(c) for c in contents]
        held, told, codes = [], 0, set()
        for i in range(0, len(paths), 400):
            done = self.run("receipt", "--json", *args, *paths[i:i + 400])
            codes.add(done.returncode)
            rows = [json.loads(line) for line in done.stdout.splitlines()]
            held += [row["subject"] for row in rows if row["holds"] is not False]
            told += len(rows) + sum(line.startswith("closegate-verify: ")
                                    for line in done.stderr.splitlines())
        self.tap.check(f"refused: {sentence} ({len(paths)})",
                       not held and told == len(paths) and codes <= {1, 2} and paths,
                       f"held {held[:3]}, told {told} of {len(paths)}, exits {codes}")


def flips(data, every=1):
    """Each byte with one bit changed, which bit going round."""
    data = data.encode() if isinstance(data, str) else data
    for i in range(0, len(data), every):
        for bit in {1 << (i % 8), 1}:
            yield data[:i] + bytes([data[i] ^ bit]) + data[i + 1:]


def book(name="bk_test", seed="log", events=40):
    log = ev.Log(name, ev.Key("closegate/" + name, seed))
    while len(log.events) < events // 2:
        log.add()
    log.head()
    while len(log.events) < events:
        log.add()
    log.head()
    return log


def receipt_parts(b, log, key):
    """Every part of a receipt with every byte changed, written as JSON again."""
    good = log.receipt(17)
    b.holds("the receipt that all of these are made from", "receipt", b.file(dump(good)), *key)
    for name in ("event", "hash_prev", "checkpoint"):
        made = []
        for text in flips(good[name]):
            try:
                made.append(dump({**good, name: text.decode()}))
            except UnicodeDecodeError:
                made.append(dump(good).encode().replace(dump(good[name]).encode()[1:-1], text))
        b.all_refused(f"a bit of {name}", made, *key)
    made = []
    for i, node in enumerate(good["proof"]):
        for data in flips(ev.base64.b64decode(node)):
            made.append(dump({**good, "proof": good["proof"][:i] + [ev.b64(data)]
                              + good["proof"][i + 1:]}))
    b.all_refused("a bit of a hash of the proof", made, *key)
    b.all_refused("another index", [dump({**good, "index": i}) for i in range(60) if i != 16], *key)
    b.all_refused("a bit of the file", list(flips(dump(good))), *key)
    b.all_refused("a file cut short", [dump(good)[:i] for i in range(0, len(dump(good)), 7)], *key)


def proof_file(b, log, key):
    good = ev.tlog_proof(log.receipt(17))
    b.holds("the tlog-proof that all of these are made from", "receipt", b.file(good), *key)
    b.all_refused("a bit of a tlog-proof", list(flips(good)), *key)
    b.all_refused("a tlog-proof cut short", [good[:i] for i in range(0, len(good), 7)], *key)
    b.all_refused("a tlog-proof with a line twice, away, or swapped",
                  [l for i in range(good.count("\n")) for l in lines_moved(good, i)], *key)


def lines_moved(text, i):
    lines = text.splitlines(keepends=True)
    made = ["".join(lines[:i] + lines[i + 1:]), "".join(lines[:i + 1] + lines[i:])]
    if i + 1 < len(lines) and lines[i] != lines[i + 1]:
        made.append("".join(lines[:i] + [lines[i + 1], lines[i]] + lines[i + 2:]))
    return made


def receipt_forms(b, log, key):
    """Receipts whose JSON, base64 or numbers are not the one form they have."""
    good = log.receipt(17)
    text = dump(good)

    def wrong(sentence, says, made):
        b.refused(sentence, says, "receipt", b.file(made), *key)

    wrong("a member twice", "/index", text.replace(
        '"index":16', '"index":16,"index":16'))
    wrong("a member twice, once escaped", "/index",
          text.replace('"index":16', '"index":16,"\\u0069ndex":16'))
    wrong("an unknown member", "/key", dump({**good, "key": log.key.vkey}))
    wrong("a member missing", "/proof", dump({k: v for k, v in good.items() if k != "proof"}))
    wrong("an index with a leading zero", "byte", text.replace('"index":16', '"index":016'))
    wrong("an index that is a fraction", "/index", text.replace('"index":16', '"index":16.0'))
    wrong("an index that is text", "/index", text.replace('"index":16', '"index":"16"'))
    wrong("an index below zero", "/index", text.replace('"index":16', '"index":-1'))
    wrong("an index past 2^53", "/index", text.replace('"index":16', '"index":9007199254740992'))
    wrong("a hash in capitals", "/hash_prev", dump({**good, "hash_prev": good["hash_prev"].upper()}))
    wrong("a hash too short", "/hash_prev", dump({**good, "hash_prev": good["hash_prev"][:-2]}))
    wrong("another format", "/format", dump({**good, "format": "closegate-receipt/2"}))
    first = good["proof"][0]
    tail = ev.base64.b64encode(ev.base64.b64decode(first)).decode()[:-2]
    last = "BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = next(first[:-2] + c + "=" for c in last
                 if ev.base64.b64decode(first[:-2] + c + "=") == ev.base64.b64decode(first)
                 and first[:-2] + c + "=" != first)
    for what, node in {"without its padding": first[:-1], "with loose bits": loose,
                       "with white space": first + "\n", "of base64url": first[:3] + "_-" + first[5:],
                       "too short": ev.b64(bytes(31)), "too long": ev.b64(bytes(33)),
                       "cut": tail}.items():
        wrong(f"a hash of the proof {what}", "/proof/0",
              dump({**good, "proof": [node] + good["proof"][1:]}))
    wrong("a byte order mark", "byte", b"\xef\xbb\xbf" + text.encode())
    wrong("bytes behind", "byte", text + "x")
    wrong("nothing", "empty", "")
    wrong("text that is not UTF-8", "byte", text.encode().replace("\u20ac".encode(), b"\xe2\x82"))


def receipt_lies(b, log, key):
    """Well-formed receipts that tell of something else than what was signed."""
    good, other = log.receipt(17), log.receipt(18)
    proof = good["proof"]

    def wrong(sentence, says, made, *args):
        made = dump(made) if isinstance(made, dict) else made
        b.refused(sentence, says, "receipt", b.file(made), *(args or key))

    wrong("a proof too short", "inclusion", {**good, "proof": proof[:-1]})
    wrong("a proof too long", "inclusion", {**good, "proof": proof + [proof[-1]]})
    wrong("a proof of no hash", "inclusion", {**good, "proof": []})
    wrong("a proof of 65 hashes", "/proof", {**good, "proof": [proof[0]] * 65})
    for i in range(len(proof) - 1):
        wrong(f"hashes {i} and {i + 1} of the proof swapped", "inclusion",
              {**good, "proof": proof[:i] + [proof[i + 1], proof[i]] + proof[i + 2:]})
    wrong("the proof of another event", "inclusion", {**good, "proof": other["proof"]})
    wrong("the neighbour's event at this place", "inclusion",
          {**good, "event": other["event"], "hash_prev": other["hash_prev"]})
    wrong("the neighbour's event with its own index and this proof", "inclusion",
          {**other, "proof": proof})
    wrong("a proof at another size", "inclusion",
          {**log.receipt(17, size=20), "checkpoint": good["checkpoint"]})
    wrong("an older checkpoint than the proof's", "inclusion",
          {**good, "checkpoint": log.heads[20]})
    wrong("an event that is not in the checkpoint yet", "inclusion",
          {**log.receipt(39), "checkpoint": log.heads[20]})
    twin = book("bk_other", "other")
    wrong("a key that was not given", "signature", good, "--key", twin.key.vkey)
    wrong("no key for this log, but a name that begins so", "signature", good, "--key",
          ev.Key(log.origin + "x", "log").vkey)
    impostor = ev.Key(log.origin, "impostor")
    wrong("a signature by an impostor of the same name", "signature",
          {**good, "checkpoint": ev.checkpoint(impostor, log.leaves)})
    text = good["checkpoint"].rpartition("\n\n")[0] + "\n"
    wrong("an impostor's signature under the true key's id", "signature",
          {**good, "checkpoint": text + "\n" + impostor.line(text, key_id=log.key.id)})
    wrong("a checkpoint of another log signed by this log's key", "signature",
          {**good, "checkpoint": ev.checkpoint(log.key, log.leaves, origin="closegate/bk_other")})
    wrong("a receipt of another book's log", "signature", twin.receipt(17))
    both = (*key, "--key", twin.key.vkey)
    wrong("this log's event in the other log's checkpoint, both believed", "inclusion",
          {**good, "checkpoint": twin.heads[40]}, *both)
    foreign = ev.Log("bk_test", log.key)
    foreign.add_text(ev.canonical({**json.loads(good["event"]), "book_id": "bk_other", "seq": 2}))
    foreign.head()
    wrong("an event of another book in this log", "event", foreign.receipt(2))
    odd = ev.Log("bk_test", log.key)
    odd.add_text(good["event"])
    odd.head()
    wrong("an event that stands at another number than it says", "event", odd.receipt(2))
    loose = ev.Log("bk_test", log.key)
    loose.add_text(ev.canonical(json.loads(good["event"]) | {"seq": 2}).replace(":", ": ", 1))
    loose.head()
    wrong("an event that is not canonical, though signed", "event", loose.receipt(2))
    twins = ev.Log("bk_test", log.key)
    twins.add_text('{"book_id":"bk_test","seq":2,"seq":2}')
    twins.head()
    wrong("an event with a member twice, though signed", "event", twins.receipt(2))


def checkpoints(b, log, key):
    """Notes and checkpoints that are none."""
    good = log.heads[40]
    text = good.rpartition("\n\n")[0] + "\n"
    b.holds("a checkpoint", "checkpoint", b.file(good), *key)
    stranger = ev.Key("example.org/other", "stranger")
    b.holds("a checkpoint that a stranger signed too", "checkpoint",
            b.file(good + stranger.line(text)), *key)
    b.holds("a checkpoint with a long signature of an algorithm unknown here", "checkpoint",
            b.file(good + f"\u2014 pq.example {ev.b64(bytes(4600))}\n"), *key)

    def wrong(sentence, says, made, *args):
        b.refused(sentence, says, "checkpoint", b.file(made), *(args or key))

    def signed(made):
        return log.key.note(made)

    origin, size, top = text.split("\n")[:3]
    wrong("a size with a leading zero", "line 2", signed(f"{origin}\n0{size}\n{top}\n"))
    wrong("a size with a sign", "line 2", signed(f"{origin}\n+{size}\n{top}\n"))
    wrong("a size with a space", "line 2", signed(f"{origin}\n{size} \n{top}\n"))
    wrong("a size past 2^63", "line 2", signed(f"{origin}\n9223372036854775808\n{top}\n"))
    wrong("a size past 2^64", "line 2", signed(f"{origin}\n18446744073709551657\n{top}\n"))
    wrong("a root cut short", "line 3", signed(f"{origin}\n{size}\n{top[:-1]}\n"))
    wrong("a root of 31 bytes", "line 3", signed(f"{origin}\n{size}\n{ev.b64(bytes(31))}\n"))
    wrong("an empty tree with another root", "line 3", signed(f"{origin}\n0\n{top}\n"))
    wrong("extension lines", "line 4", signed(text + "more\n"))
    wrong("a checkpoint of two lines", "line", signed(f"{origin}\n{size}\n"))
    wrong("no name", "line 1", signed(f"\n{size}\n{top}\n"))
    wrong("no signature", "note", text)
    wrong("no signature behind the empty line", "signatures", text + "\n")
    wrong("the same signature twice", "line 6", good + good.splitlines()[-1] + "\n")
    wrong("a good signature and a bad one of the same key", "line 6",
          good + f"\u2014 {origin} {ev.b64(log.key.id + bytes(64))}\n")
    wrong("a signature line with two spaces", "line 5", good.replace("\u2014 ", "\u2014  "))
    wrong("a hyphen for the dash", "line 5", good.replace("\u2014", "-"))
    wrong("a key's name with a plus", "line 5", good.replace("\u2014 closegate/", "\u2014 close+ate/"))
    wrong("a signature without its padding", "line 5", good.rstrip("\n").rstrip("=") + "\n")
    wrong("no line end at the end", "line 5", good[:-1])
    wrong("a line end too many", "", good + "\n")
    wrong("carriage returns", "line 1", good.replace("\n", "\r\n"))
    wrong("a NUL", "line 1", good.replace("close", "clo\0se", 1))
    wrong("bytes that are no text", "line 1", b"\xff" + good.encode())
    wrong("33 signatures", "line", good + "".join(
        ev.Key(f"n{i}.example", "n").line(text) for i in range(33)))
    wrong("64 KiB and more", "64 KiB", good + f"\u2014 pq.example {ev.b64(bytes(60000))}\n")
    wrong("an empty file", "note", "")
    done = b.run("checkpoint", b.file(good), "--key", "closegate/bk_test+00000000+" + ev.b64(
        log.key.data))
    b.tap.check("a key with another id is wrong usage", done.returncode == 64, done.stderr)
    weak = bytes([1]) + bytes([1]) + bytes(31)  # the neutral element: anything verifies under it
    weak_id = ev.sha(b"closegate/bk_test\n" + weak)[:4].hex()
    done = b.run("checkpoint", b.file(good), "--key", f"closegate/bk_test+{weak_id}+{ev.b64(weak)}")
    b.tap.check("a key of small order is wrong usage", done.returncode == 64
                and "weak" in done.stderr, done.stderr)
    done = b.run("checkpoint", b.file(good))
    b.tap.check("no key is wrong usage", done.returncode == 64, done.stderr)


def witnesses(b, log, key):
    w1, w2 = ev.Key("w1.example", "w1", 4), ev.Key("w2.example", "w2", 4)
    both = ev.checkpoint(log.key, log.leaves, w1, w2)
    one = ev.checkpoint(log.key, log.leaves, w1)
    text = one.rpartition("\n\n")[0] + "\n"
    asks = ("--witness", w1.vkey, "--witness", w2.vkey)
    b.holds("two cosignatures, both asked for", "checkpoint", b.file(both), *key, *asks)
    b.holds("one of two, when one is enough", "checkpoint", b.file(one), *key, *asks,
            "--witnesses", "1")
    b.refused("one of two, when both are asked for", "witnesses", "checkpoint", b.file(one), *key,
              *asks)
    moved = one.splitlines(keepends=True)
    sig = bytearray(ev.base64.b64decode(moved[-1].split(" ")[2]))
    sig[11] ^= 1
    moved[-1] = f"\u2014 w1.example {ev.b64(bytes(sig))}\n"
    b.refused("a cosignature with another time", "witnesses", "checkpoint", b.file("".join(moved)),
              *key, *asks[:2])
    b.refused("a cosignature with a bit wrong, even when another is enough", "witnesses",
              "checkpoint", b.file("".join(moved) + w2.line(text)), *key, *asks, "--witnesses", "1")
    late = log.key.note(text) + w1.line(text, time=2**63)
    b.refused("a cosignature with a time past 2^63", "witnesses", "checkpoint", b.file(late), *key,
              *asks[:2])
    plain = ev.Key("w1.example", "w1", 1)
    b.refused("a witness's plain signature as its cosignature", "witnesses", "checkpoint",
              b.file(log.key.note(text) + plain.line(text, key_id=w1.id)), *key, *asks[:2])
    old = log.heads[20].rpartition("\n\n")[0] + "\n"
    b.refused("a cosignature of another checkpoint", "witnesses", "checkpoint",
              b.file(log.heads[40] + w1.line(old)), *key, *asks[:2])
    b.refused("a cosignature as the log's own signature", "signature", "checkpoint",
              b.file(text + "\n" + ev.Key(log.origin, "log", 4).line(text)), *key)
    done = b.run("checkpoint", b.file(both), *key, "--witness", w1.vkey, "--witness",
                 ev.Key("alias.example", "w1", 4).vkey)
    b.tap.check("one witness under two names is wrong usage", done.returncode == 64, done.stderr)


def rotations(b):
    """A log whose key changed twice, and those who would sign beyond their time."""
    log = book()
    k1, k2, k3 = log.key, ev.Key(log.origin, "second"), ev.Key(log.origin, "third")
    first = log.rotate(k2)
    log.head()
    second = log.rotate(k3)
    log.add()
    log.head()
    lines = log.lines()
    whole = b.file("\n".join(lines) + "\n")
    chain = {"format": "closegate-key-chain/1", "statements": [first, second]}
    linked = ("--key-chain", b.file(dump(chain)))
    for name, k in {"first": k1, "middle": k2, "last": k3}.items():
        b.holds(f"the log, the {name} key given", "log", whole, "--key", k.vkey)
        for size in (20, 40, 41, 43):
            b.holds(f"the checkpoint of {size}, the {name} key and the chain given", "checkpoint",
                    b.file(log.heads[size]), "--key", k.vkey, *linked)
    b.refused("a later key's checkpoint without the chain", "signature", "checkpoint",
              b.file(log.heads[43]), "--key", k1.vkey)
    for size, k in ((41, k1), (43, k1), (43, k2), (40, k2), (41, k3)):
        note = ev.checkpoint(k, log.leaves[:size])
        b.refused(f"a checkpoint of {size} by a key of another time", "signature", "checkpoint",
                  b.file(note), "--key", k.vkey, *linked)
        b.refused(f"the same in the log at {size}", "signature", "log", b.file("\n".join(
            [line for line in lines if '"checkpoint"' not in line][:size]
            + [dump({"checkpoint": note})]) + "\n"), "--key", k.vkey, *linked)
    mallory = ev.Key(log.origin, "mallory")
    keys = ("--key", k1.vkey)

    def forged(sentence, says, statements, *given):
        b.refused(sentence, says, "checkpoint", b.file(log.heads[40]), *(given or keys),
                  "--key-chain", b.file(dump({**chain, "statements": statements})))

    text = second.rpartition("\n\n")[0] + "\n"
    forged("a statement without the old key's signature", "keys", [k3.note(text)])
    forged("a statement without the new key's signature", "keys", [k2.note(text)])
    forged("a statement with a stranger's signature beside", "keys", [second + mallory.line(text)])
    forged("two statements that retire one key", "keys",
           [first, ev.key_statement(log.origin, 50, k1, mallory)])
    forged("a chain that goes back", "keys", [first, ev.key_statement(log.origin, 41, k2, k3)])
    forged("a chain that bites its tail", "keys",
           [first, second, ev.key_statement(log.origin, 60, k3, k1)])
    forged("a statement that is no note", "/statements/1", [first, "x"])
    forged("more statements than a log has keys", "/statements", [first] * 129)
    b.refused("a chain file with a member twice", "/format", "checkpoint", b.file(log.heads[40]),
              *keys, "--key-chain", b.file(dump(chain).replace(
                  "{", '{"format":"closegate-key-chain/1",', 1)))
    b.refused("a chain of keys that hangs on none that was given", "signature", "checkpoint",
              b.file(ev.checkpoint(mallory, log.leaves)), *keys, "--key-chain", b.file(dump(
                  {**chain, "statements": [ev.key_statement(log.origin, 30,
                                                            ev.Key(log.origin, "m0"), mallory)]})))
    taken_over = book()
    taken_over.rotate(mallory)
    bad = taken_over.events[-1].replace(k1.line(taken_over_text(taken_over)).rstrip("\n"), "")
    taken_over = book()
    taken_over.add_text(bad)
    taken_over.key = mallory
    taken_over.head()
    b.refused("a takeover in the log, signed by the new key alone", "keys", "log",
              b.file("\n".join(taken_over.lines()) + "\n"), *keys)
    early = book()
    statement = ev.key_statement(early.origin, 10, k1, mallory)
    early.add("KEY_ROTATED", detail={"statement": statement})
    early.head()
    b.refused("a rotation that is dated back", "keys", "log",
              b.file("\n".join(early.lines()) + "\n"), *keys)


def without_tree(b, log, key):
    """What closegate-verify says of it, one check after the other: of its command line alone."""
    stated = {"format": "closegate-key-chain/1",
              "statements": [ev.key_statement(log.origin, 50, log.key, ev.Key(log.origin, name))
                             for name in ("one", "other")]}
    none = b.file(dump({**log.receipt(17, size=20), "checkpoint": "c"}))
    for what, path in (("receipt", none), ("checkpoint", b.file("c"))):
        done = b.run(what, "--json", path, *key, "--key-chain", b.file(dump(stated)), "--witness",
                     ev.Key("w1.example", "w1", 4).vkey)
        said = json.loads(done.stdout)
        b.tap.check(f"of a {what} that tells no tree, behind forged keys, nothing more is judged",
                    done.returncode == 2 and said["facts"] == {} and
                    [c["check"] for c in said["checks"]] == ["keys", "checkpoint"],
                    done.stdout + done.stderr)


def taken_over_text(log):
    return json.loads(log.events[-1])["detail"]["statement"].rpartition("\n\n")[0] + "\n"


def logs(b, log, key):
    lines = log.lines()
    good = "\n".join(lines) + "\n"
    whole = b.file(good)
    b.holds("the log that all of these are made from", "log", whole, *key)
    late = [line for line in lines if '"checkpoint"' not in line]
    heads = [line for line in lines if '"checkpoint"' in line]
    b.holds("its checkpoints at the end, the last one first", "log",
            b.file("\n".join(late + heads[::-1]) + "\n"), *key)
    b.holds("its checkpoints at the beginning", "log", b.file("\n".join(heads + late) + "\n"), *key)

    def wrong(sentence, says, made, *args):
        made = "\n".join(made) + "\n" if isinstance(made, list) else made
        b.refused(sentence, says, "log", b.file(made), *key, *args)

    cases = list(flips(good, every=11))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda c: b.run("log", b.file(c), *key).returncode, cases))
    b.tap.check(f"refused: a bit of a log ({len(cases)})", set(codes) == {2},
                [i for i, c in enumerate(codes) if c != 2][:5])
    wrong("two events swapped", "event", [lines[1], lines[0]] + lines[2:])
    wrong("an event left out", "event 5", lines[:4] + lines[5:])
    wrong("an event twice", "event 6", lines[:5] + lines[4:])
    wrong("the first event left out", "event 1", lines[1:])
    wrong("no head", "signature", late)
    wrong("a tail that no checkpoint covers", "event 21", [line for line in lines
                                                           if line != heads[-1]])
    wrong("the tail cut off, the last checkpoint left", "truncation", late[:30] + heads)
    wrong("an empty log", "no event", "")
    wrong("a line of something else", "line 3", lines[:2] + ["{}"] + lines[2:])
    wrong("a line with white space", "line 2", [lines[0], lines[1].replace(":", ": ", 1)])
    wrong("a checkpoint's line with a member twice", "line 21", lines[:20] + [
        lines[20].replace("{", '{"checkpoint":"x",')] + lines[21:])
    other = book("bk_other", "log")
    wrong("a checkpoint of another log", "signature", lines + other.lines()[-1:])
    wrong("the same, its key believed too", "another log", lines + other.lines()[-1:], "--key",
          other.key.vkey)
    older = b.file(log.heads[20])
    newer, receipt = b.file(log.heads[40]), b.file(dump(log.receipt(33)))
    b.holds("nothing was lost since", "log", whole, *key, "--against", older, "--against", newer,
            "--against", receipt)
    witness = ev.Key("w1.example", "w1", 4)
    seen = copy.deepcopy(log)
    seen.head(witness)
    b.holds("a cosigned log against what was had of it before it was cosigned", "log",
            b.file("\n".join(seen.lines()) + "\n"), *key, "--witness", witness.vkey,
            "--against", receipt, "--against", b.file(ev.tlog_proof(log.receipt(12))),
            "--against", newer)
    wrong("a log without the cosignature, though a checkpoint of it has one", "witnesses", lines,
          "--witness", witness.vkey, "--against", b.file(seen.heads[40]))
    cut = lines[:21]
    b.holds("a log shortened to an earlier checkpoint holds by itself", "log",
            b.file("\n".join(cut) + "\n"), *key)
    wrong("the same against a later checkpoint", "cut off", cut, "--against", newer)
    wrong("the same against a later receipt", "cut off", cut, "--against", receipt)
    fork = forked(log, 30)
    wrong("a forked history, signed by the log itself, against a checkpoint", "written anew",
          fork.lines(), "--against", newer)
    wrong("a forked history against a receipt", "event 33", fork.lines(), "--against", receipt)
    wrong("against a checkpoint that the key did not sign", "against", lines, "--against",
          b.file(ev.checkpoint(ev.Key(log.origin, "impostor"), log.leaves)))
    wrong("against what is neither checkpoint nor receipt", "", lines, "--against", b.file("{}"))
    wrong("against another log's checkpoint", "another log", lines, "--key", other.key.vkey,
          "--against", b.file(other.heads[40]))
    clock = ev.Log(log.book, log.key)
    clock.add(timestamp_utc="2026-03-03T09:00:01.000001Z")
    clock.head()
    wrong("a clock that stands still", "event 2", clock.lines())
    clock = ev.Log(log.book, log.key)
    clock.add(timestamp_utc="tomorrow")
    clock.head()
    wrong("no time", "event 2", clock.lines())
    second = ev.Log(log.book, log.key)
    second.add("BOOK_CREATED")
    second.head()
    wrong("a second beginning", "event 2", second.lines())
    for what, text in {"not canonical": '{"seq": 2}', "no JSON": '{"seq":2', "no object": '"2"',
                       "of another book": '{"book_id":"bk_x","seq":2}',
                       "of another number": '{"book_id":"bk_test","seq":3}',
                       "with a number beyond its form": '{"book_id":"bk_test","n":1.0,"seq":2}',
                       "with keys out of order": '{"seq":2,"book_id":"bk_test"}'}.items():
        odd = ev.Log(log.book, log.key)
        odd.add_text(text)
        odd.head()
        wrong(f"an event {what}, hashed and signed", "event 2", odd.lines())


def forked(log, at):
    """Another history from `at` on, by the log's own key."""
    fork = ev.Log(log.book, log.key)
    fork.__dict__.update({k: copy.copy(getattr(log, k))
                          for k in ("events", "prevs", "selfs", "leaves")})
    for rows in (fork.events, fork.prevs, fork.selfs, fork.leaves):
        del rows[at:]
    fork.heads = {20: log.heads[20]}
    while len(fork.events) < len(log.events):
        fork.add("POLICY_VIOLATION")
    fork.head()
    return fork


def consistencies(b, log, key):
    old, now = b.file(log.heads[20]), b.file(log.heads[40])
    good = log.consistency(20, 40)
    whole = b.file("\n".join(log.lines()) + "\n")
    b.holds("two checkpoints by a proof", "consistency", old, now, *key, "--proof",
            b.file(dump(good)))
    b.holds("two checkpoints by the log", "consistency", old, now, *key, "--log", whole)

    def wrong(sentence, says, made, first=old, second=now):
        b.refused(sentence, says, "consistency", first, second, *key, "--proof",
                  b.file(made if isinstance(made, str) else dump(made)))

    proof = good["proof"]
    for i, node in enumerate(proof):
        data = bytearray(ev.base64.b64decode(node))
        data[i] ^= 4
        wrong(f"a bit of hash {i}", "consistency",
              {**good, "proof": proof[:i] + [ev.b64(bytes(data))] + proof[i + 1:]})
        wrong(f"hash {i} left out", "consistency", {**good, "proof": proof[:i] + proof[i + 1:]})
    wrong("a hash too many", "consistency", {**good, "proof": proof + [proof[0]]})
    wrong("no hash", "consistency", {**good, "proof": []})
    wrong("a proof between other sizes", "consistency", {**log.consistency(19, 40)})
    wrong("another proof that says these sizes", "consistency",
          {**log.consistency(19, 40), "from": 20})
    wrong("the older for the newer", "fewer", good, now, old)
    wrong("a proof with a size twice", "/from", dump(good).replace('"from":20', '"from":20,"from":20'))
    wrong("a proof with a leading zero", "byte", dump(good).replace('"from":20', '"from":020'))
    fork = forked(log, 10)
    fork.head()
    wrong("a forked history by the old proof", "consistency", good, old, b.file(fork.heads[40]))
    b.refused("a forked history by the forked log", "written anew", "consistency", old,
              b.file(fork.heads[40]), *key, "--log", b.file("\n".join(fork.lines()) + "\n"))
    b.refused("a log that ends before the newer", "cut off", "consistency", old, now, *key, "--log",
              b.file("\n".join(log.lines()[:30]) + "\n"))
    other = book("bk_other", "other")
    b.refused("checkpoints of two logs", "two logs", "consistency", old, b.file(other.heads[40]),
              *key, "--key", other.key.vkey, "--proof", b.file(dump(good)))
    b.refused("a checkpoint that the key did not sign", "signature", "consistency", old,
              b.file(ev.checkpoint(ev.Key(log.origin, "impostor"), log.leaves)), *key, "--proof",
              b.file(dump(good)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verify", required=True)
    args = parser.parse_args()
    tap = Tap()
    log = book()
    key = ("--key", log.key.vkey)
    with tempfile.TemporaryDirectory() as folder:
        b = Bench(tap, args.verify, folder)
        receipt_parts(b, log, key)
        proof_file(b, log, key)
        receipt_forms(b, log, key)
        receipt_lies(b, log, key)
        checkpoints(b, log, key)
        witnesses(b, log, key)
        rotations(b)
        without_tree(b, log, key)
        logs(b, log, key)
        consistencies(b, log, key)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
