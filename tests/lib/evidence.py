"""Receipts, checkpoints and logs made and checked a second time, from the published formats alone:
RFC 6962 trees, C2SP signed notes, checkpoints, cosignatures and proofs, RFC 8785 for plain events.
Nothing here is shared with the C code. Only Debian's python3-cryptography beside the standard
library."""
import base64
import hashlib
import json
import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(data):
    return base64.b64encode(data).decode()


def sha(data):
    return hashlib.sha256(data).digest()


def canonical(value):
    """RFC 8785 of what our tests need: ASCII keys, integers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


# ---- the tree, as RFC 6962 2.1 writes it ----

def leaf_hash(data):
    return sha(b"\x00" + data)


def node_hash(left, right):
    return sha(b"\x01" + left + right)


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(leaves):
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root(leaves[:k]), root(leaves[k:]))


def inclusion(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return inclusion(m, leaves[:k]) + [root(leaves[k:])]
    return inclusion(m - k, leaves[k:]) + [root(leaves[:k])]


def consistency(m, leaves, whole=True):
    if m == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root(leaves[:k])]


def inclusion_holds(leaf, index, size, proof, want):
    fn, sn, r = index, size - 1, leaf
    if index >= size:
        return False
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == want


# ---- notes ----

class Key:
    """Signs notes: alg 1 the text itself, alg 4 a cosignature with its time."""

    def __init__(self, name, seed, alg=1):
        self.name, self.alg = name, alg
        self.secret = Ed25519PrivateKey.from_private_bytes(sha(seed.encode()))
        public = self.secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.data = bytes([alg]) + public
        self.id = sha(name.encode() + b"\n" + self.data)[:4]

    @property
    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{b64(self.data)}"

    def line(self, text, time=1772528400, key_id=None):
        if self.alg == 1:
            sig = self.secret.sign(text.encode())
        else:
            signed = f"cosignature/v1\ntime {time}\n{text}".encode()
            sig = struct.pack(">Q", time) + self.secret.sign(signed)
        return f"\u2014 {self.name} {b64((key_id or self.id) + sig)}\n"

    def note(self, text):
        return text + "\n" + self.line(text)


def checkpoint(key, leaves, *cosigners, origin=None, size=None, top=None, extra=""):
    text = (f"{origin or key.name}\n{len(leaves) if size is None else size}\n"
            f"{b64(root(leaves) if top is None else top)}\n{extra}")
    return key.note(text) + "".join(c.line(text) for c in cosigners)


def note_holds(note, vkey):
    """Whether the key signed the note; for alg 4 the time it states."""
    name, _, data = vkey.split("+", 2)
    data = base64.b64decode(data)
    text, _, sigs = note.rpartition("\n\n")
    text += "\n"
    for line in sigs.splitlines():
        _, who, sig = line.split(" ")
        sig = base64.b64decode(sig)
        if who != name or sig[:4] != sha(name.encode() + b"\n" + data)[:4]:
            continue
        signed, sig = text.encode(), sig[4:]
        time = True
        if data[0] == 4:
            time, sig = struct.unpack(">Q", sig[:8])[0], sig[8:]
            signed = f"cosignature/v1\ntime {time}\n".encode() + signed
        try:
            Ed25519PublicKey.from_public_bytes(data[1:]).verify(sig, signed)
            return time
        except InvalidSignature:
            return False
    return False


def key_statement(origin, start, old, new):
    text = (f"closegate-log-key/1\n{origin}\nfrom {start}\n"
            f"old {old.vkey if old else '-'}\nnew {new.vkey}\n")
    return new.note(text) + (old.line(text) if old else "")


# ---- a book's log ----

class Log:
    """A chain of events with its tree; `rotate` writes the event that changes the key."""

    def __init__(self, book="bk_test", key=None):
        self.book, self.origin = book, "closegate/" + book
        self.key = key or Key(self.origin, "log")
        self.events, self.prevs, self.selfs, self.leaves = [], [], [], []
        self.heads = {}
        self.add("BOOK_CREATED")

    def add(self, kind="OK", **members):
        seq = len(self.events) + 1
        event = {"seq": seq, "book_id": self.book, "event_type": kind, "actor_id": "human:ana",
                 "timestamp_utc": f"2026-03-03T09:{seq // 60 % 60:02}:{seq % 60:02}.{seq:06}Z",
                 "rationale": f"caf\u00e9 \u20ac {seq}", **members}
        self.add_text(canonical(event))

    def add_text(self, text):
        prev = self.selfs[-1] if self.selfs else bytes(32)
        self.events.append(text)
        self.prevs.append(prev)
        self.selfs.append(sha(prev + text.encode()))
        self.leaves.append(leaf_hash(self.selfs[-1]))

    def rotate(self, new):
        seq = len(self.events) + 1
        statement = key_statement(self.origin, seq, self.key, new)
        self.add("KEY_ROTATED", detail={"statement": statement, "vkey": new.vkey,
                                        "before": self.key.vkey, "from_size": seq})
        self.key = new
        return statement

    def head(self, *cosigners, **wrong):
        """Signs the log as it stands; kept for the export."""
        note = checkpoint(self.key, self.leaves, *cosigners, **wrong)
        self.heads[len(self.events)] = note
        return note

    def receipt(self, seq, note=None, size=None):
        size = size or len(self.events)
        return {"format": "closegate-receipt/1", "event": self.events[seq - 1],
                "hash_prev": self.prevs[seq - 1].hex(), "index": seq - 1,
                "proof": [b64(h) for h in inclusion(seq - 1, self.leaves[:size])],
                "checkpoint": note or self.heads[size]}

    def line(self, seq):
        return (f'{{"seq":{seq},"hash_prev":"{self.prevs[seq - 1].hex()}",'
                f'"hash_self":"{self.selfs[seq - 1].hex()}","event":{self.events[seq - 1]}}}')

    def lines(self):
        out = []
        for seq in range(1, len(self.events) + 1):
            out.append(self.line(seq))
            if seq in self.heads:
                out.append(json.dumps({"checkpoint": self.heads[seq]}, ensure_ascii=False))
        return out

    def consistency(self, old, new):
        return {"format": "closegate-consistency/1", "from": old, "to": new,
                "proof": [b64(h) for h in consistency(old, self.leaves[:new])] if old else []}


FACTS = {"gate_input": {f"fact_{i:02}": f"value {i}" for i in range(48)}}  # as wide as a real event


def write_long_log(path, events, group=128):
    """An export with a checkpoint every so many events, its tree kept at the right edge alone; the
    key's text."""
    log, edge = Log("bk_bench"), []
    base = canonical({"actor_id": "human:ana", "book_id": log.book, **FACTS})[:-1]
    with open(path, "w", encoding="utf-8") as f:
        prev = bytes(32)
        for seq in range(1, events + 1):
            kind = "BOOK_CREATED" if seq == 1 else "OK"
            event = ('{"actor_id":"human:ana","book_id":"bk_bench","event_type":"%s",%s,"seq":%d,'
                     '"timestamp_utc":"2026-03-03T%02d:%02d:%02d.%06dZ"}' % (
                         kind, base[base.index('"gate_input"'):], seq, 9 + seq // 3600000000,
                         seq // 60000000 % 60, seq // 1000000 % 60, seq % 1000000))
            self = sha(prev + event.encode())
            f.write(f'{{"seq":{seq},"hash_prev":"{prev.hex()}","hash_self":"{self.hex()}",'
                    f'"event":{event}}}\n')
            prev, node, level = self, leaf_hash(self), 0
            while edge and edge[-1][0] == level:
                node, level = node_hash(edge.pop()[1], node), level + 1
            edge.append((level, node))
            if seq % group == 0 or seq == events:
                top = edge[-1][1]
                for _, left in reversed(edge[:-1]):
                    top = node_hash(left, top)
                note = checkpoint(log.key, [], size=seq, top=top)
                f.write(json.dumps({"checkpoint": note}, ensure_ascii=False) + "\n")
    return log.key.vkey


def tlog_proof(receipt):
    extra = json.dumps({"event": receipt["event"], "hash_prev": receipt["hash_prev"]})
    return ("c2sp.org/tlog-proof@v1\n" f"extra {b64(extra.encode())}\nindex {receipt['index']}\n"
            + "".join(h + "\n" for h in receipt["proof"]) + "\n" + receipt["checkpoint"])


def tlog_proof_read(text):
    head, _, rest = text.partition("\n\n")
    first, extra, index, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1" and extra.startswith("extra ")
    members = json.loads(base64.b64decode(extra[6:]))
    return {"format": "closegate-receipt/1", **members, "index": int(index[6:]), "proof": hashes,
            "checkpoint": rest}


def receipt_holds(receipt, vkey):
    """The whole of what docs/EVIDENCE.md says that makes a receipt hold."""
    self = sha(bytes.fromhex(receipt["hash_prev"]) + receipt["event"].encode())
    origin, size, top = receipt["checkpoint"].split("\n")[:3]
    event = json.loads(receipt["event"])
    return bool(note_holds(receipt["checkpoint"], vkey) and vkey.startswith(origin + "+")
                and event["seq"] == receipt["index"] + 1
                and origin == "closegate/" + event["book_id"]
                and inclusion_holds(leaf_hash(self), receipt["index"], int(size),
                                    [base64.b64decode(h) for h in receipt["proof"]],
                                    base64.b64decode(top)))


class Heads:
    """A book's signed heads against its events, read beside the engine; look() goes on where it was."""

    def __init__(self, book, vkey):
        self.book, self.vkey, self.size, self.peaks, self.heads = book, vkey, 0, [], 0

    def add(self, self_hash):
        """One more leaf; the peaks are (leaves, root) of the complete trees, the largest first."""
        self.peaks.append((1, leaf_hash(self_hash)))
        self.size += 1
        while len(self.peaks) > 1 and self.peaks[-1][0] == self.peaks[-2][0]:
            n, right = self.peaks.pop()
            _, left = self.peaks.pop()
            self.peaks.append((2 * n, node_hash(left, right)))

    def root(self):
        top = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            top = node_hash(left, top)
        return top

    def look(self):
        """What is wrong, or None: each head is the tree of its events and signed, the last covers all."""
        heads = {r["size"]: r for r in self.book.rows(
            "SELECT size, root, note FROM audit_heads WHERE size > ?", self.size)}
        for row in self.book.rows("SELECT seq, hash_self FROM audit_events WHERE seq > ?"
                                  " ORDER BY seq", self.size):
            self.add(row["hash_self"])
            head = heads.pop(row["seq"], None)
            if head is None:
                continue
            said = head["note"].split("\n")
            if (said[1] != str(self.size) or base64.b64decode(said[2]) != self.root()
                    or head["root"] != self.root() or not note_holds(head["note"], self.vkey)):
                return f"the head of {self.size} events is not theirs"
            self.heads += 1
        if heads:
            return f"there are heads of {sorted(heads)} events, but {self.size} events"
        last = self.book.rows("SELECT max(size) AS n FROM audit_heads")[0]["n"]
        return None if last == self.size else f"the last head covers {last} of {self.size} events"
