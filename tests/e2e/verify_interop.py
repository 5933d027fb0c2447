#!/usr/bin/env python3
"""Three programs that share no code about the same evidence: the engine and closegate-verify (C), a
reading of the published formats in Python (tests/lib/evidence.py), and one in Node's crypto
(evidence.mjs). What the engine gives out, the other two check; what they make, closegate-verify
accepts. Prints TAP. Usage: verify_interop.py --engine PATH --verify PATH"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engine as lib  # noqa: E402
import evidence as ev  # noqa: E402
import mcp_clients  # noqa: E402
from tap import Tap  # noqa: E402


def node_path():
    """The one of the MCP clients, else one of this machine."""
    return mcp_clients.NODE if os.access(mcp_clients.NODE, os.X_OK) else shutil.which("node")


class Three:
    def __init__(self, tap, verify, folder):
        self.tap, self.verify, self.folder, self.n = tap, verify, folder, 0
        self.node = node_path()

    def ask_node(self, **asked):
        done = subprocess.run([self.node, os.path.join(HERE, "evidence.mjs")],
                              input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=False)
        return json.loads(done.stdout or b"{}")

    def file(self, content):
        self.n += 1
        path = os.path.join(self.folder, f"i{self.n}")
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def holds(self, sentence, *args):
        done = subprocess.run([self.verify, *args], capture_output=True, text=True, check=False)
        self.tap.check(sentence, done.returncode == 0, done.stdout + done.stderr)


def of_the_engine(three, engine):
    """A demo company's book: every event's receipt, its checkpoints and proofs."""
    tap, book = three.tap, lib.Book(engine)
    try:
        book.make_anew()
        vkey = book.cli("keys", "export", check=True)[1].strip()
        receipts = [json.loads(book.cli("audit", "prove", str(row["seq"]), "--json", check=True)[1])
                    for row in book.rows("SELECT seq FROM audit_events ORDER BY seq")]
        size = len(receipts)
        now = book.cli("audit", "checkpoint", check=True)[1]
        heads = [row["size"] for row in book.rows("SELECT size FROM audit_heads ORDER BY size")]
        last = json.loads(book.cli("audit", "prove", "3", "--size", str(heads[-1]), "--json",
                                   check=True)[1])
        tap.check("Python finds that each of the engine's receipts holds",
                  size > 5 and all(ev.receipt_holds(r, vkey) for r in receipts + [last]), size)
        lied = {**last, "event": last["event"].replace('"seq":3', '"seq":4')}
        tap.check("Python refuses one with another number", not ev.receipt_holds(lied, vkey))
        three.holds("closegate-verify finds the same", "receipt", "--key", vkey,
                    *[three.file(r) for r in receipts + [last]])
        proof = book.cli("audit", "prove", "3", "--format", "tlog-proof", check=True)[1]
        tap.check("Python reads the engine's tlog-proof as the same receipt",
                  ev.tlog_proof_read(proof) == receipts[2], proof)
        three.holds("closegate-verify takes that tlog-proof", "receipt", "--key", vkey,
                    three.file(proof))
        export = os.path.join(three.folder, "export")
        book.cli("audit", "export", "--heads", "--out", export, check=True)
        three.holds("closegate-verify finds that the engine's export holds", "log", export, "--key",
                    vkey, "--against", three.file(last))
        old = book.cli("audit", "checkpoint", "--size", str(heads[2]), check=True)[1]
        step = json.loads(book.cli("audit", "consistency", str(heads[2]), "--json", check=True)[1])
        three.holds("and that its checkpoints are consistent", "consistency", three.file(old),
                    three.file(now), "--key", vkey, "--proof", three.file(step))
        by_hand(three, last, vkey)
        if three.node:
            node_checks(three, vkey, receipts + [last], lied, proof, old, now, step)
    finally:
        book.close()


def is_static(tap, verify):
    """What an auditor is handed brings all it needs, and no database. (Sanitizers have no static
    runtime.)"""
    with open(verify, "rb") as f:
        program = f.read()
    if b"__asan_init" in program or b"__sanitizer" in program:
        return
    needs = subprocess.run(["readelf", "-dl", verify], capture_output=True, text=True, check=True)
    tap.check("closegate-verify needs no library and no loader of this machine",
              "NEEDED" not in needs.stdout and "INTERP" not in needs.stdout, needs.stdout)
    tap.check("and there is no database in it", b"SQLite format 3" not in program)


def memory_is_bounded(three):
    """25 MB of log in 16 MiB of address space; sanitizers want terabytes of it for themselves."""
    path = os.path.join(three.folder, "long")
    vkey = ev.write_long_log(path, 20000)
    with open(three.verify, "rb") as f:
        if b"__asan_init" in f.read():
            return
    done = subprocess.run([three.verify, "log", path, "--key", vkey], capture_output=True, text=True,
                          check=False, preexec_fn=lambda: resource.setrlimit(
                              resource.RLIMIT_AS, (16 << 20, 16 << 20)))
    three.tap.check("the memory of a log's check does not grow with the log",
                    os.path.getsize(path) > 24 << 20 and done.returncode == 0,
                    f"exit {done.returncode}: {done.stdout} {done.stderr}")


def by_hand(three, receipt, vkey):
    """The shell lines that docs/EVIDENCE.md gives a stranger, as they stand there."""
    if not all(shutil.which(tool) for tool in ("jq", "xxd", "openssl", "base64")):
        print("# no jq or xxd here: the lines of docs/EVIDENCE.md are not tried")
        return
    with open(os.path.join(lib.ROOT, "docs", "EVIDENCE.md"), encoding="utf-8") as f:
        lines = f.read().partition("## By hand")[2].partition("```sh\n")[2].partition("```")[0]
    said = []
    for piece in (receipt, {**receipt, "event": receipt["event"].replace('"seq":3', '"seq":4')}):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "receipt.json"), "w", encoding="utf-8") as f:
                json.dump(piece, f)
            done = subprocess.run(["sh", "-eu", "-c", lines], cwd=folder, capture_output=True,
                                  text=True, check=False, env={**os.environ, "KEY": vkey})
        said.append(done.stdout.splitlines() + [done.stderr])
    three.tap.check("docs/EVIDENCE.md's lines by hand find that it holds",
                    len(said[0]) > 3 and said[0][0] == said[0][1]
                    and said[0][2] == "Signature Verified Successfully", said[0])
    three.tap.check("and that one with another number does not",
                    len(said[1]) > 3 and said[1][0] != said[1][1], said[1])


def node_checks(three, vkey, receipts, lied, proof, old, now, step):
    tap = three.tap
    held = [three.ask_node(do="check", receipt=r, vkey=vkey).get("holds") for r in receipts[-4:]]
    tap.check("Node finds that the engine's receipts hold", held == [True] * len(held), held)
    tap.check("Node refuses one with another number",
              three.ask_node(do="check", receipt=lied, vkey=vkey).get("holds") is False)
    tap.check("Node finds the checkpoint signed",
              three.ask_node(do="note", note=now, vkey=vkey).get("holds") is True)
    tap.check("Node finds the checkpoints consistent",
              three.ask_node(do="consistency", proof=step, old=old, now=now).get("holds") is True)
    tap.check("Node reads the tlog-proof as the same receipt",
              three.ask_node(do="proof", text=proof).get("receipt") == receipts[2])


def of_node(three):
    made = three.ask_node(do="make", events=23)
    keys = ("--key", made["vkey"], "--witness", made["witness"])
    three.holds("closegate-verify takes Node's receipts, cosigned", "receipt", *keys,
                *[three.file(r) for r in made["receipts"]])
    three.holds("and Node's log", "log", three.file(made["log"]), *keys)
    three.holds("and Node's checkpoint", "checkpoint", three.file(made["now"]), *keys)
    three.holds("and Node's consistency proof", "consistency", three.file(made["old"]),
                three.file(made["now"]), *keys, "--proof", three.file(made["proof"]))
    three.tap.check("Python takes them, too",
                    all(ev.receipt_holds(r, made["vkey"]) for r in made["receipts"])
                    and ev.note_holds(made["now"], made["witness"]) == 1772528422)


def of_python(three):
    """Every size and place of small trees, which closegate-verify judges by C's own climb."""
    log, witness = ev.Log("bk_python"), ev.Key("witness.example/python", "w", 4)
    while len(log.events) < 20:
        log.head(witness)
        log.add()
    log.head(witness)
    keys = ("--key", log.key.vkey, "--witness", witness.vkey)
    receipts = [log.receipt(seq, size=size) for size in log.heads for seq in range(1, size + 1)]
    three.holds(f"closegate-verify takes Python's receipts ({len(receipts)})", "receipt", *keys,
                *[three.file(r) for r in receipts])
    three.holds("as tlog-proofs, too", "receipt", *keys,
                *[three.file(ev.tlog_proof(r)) for r in receipts[-20:]])
    three.holds("and Python's log", "log", three.file("\n".join(log.lines()) + "\n"), *keys)
    for old in (1, 2, 7, 8, 19, 20):
        three.holds(f"and its consistency from {old}", "consistency", three.file(log.heads[old]),
                    three.file(log.heads[20]), *keys, "--proof", three.file(log.consistency(old, 20)))
    if three.node:
        held = [three.ask_node(do="check", receipt=r, vkey=log.key.vkey).get("holds")
                for r in receipts[-5:]]
        three.tap.check("Node takes them, too", held == [True] * 5
                        and three.ask_node(do="note", note=log.heads[20], vkey=witness.vkey)
                        == {"holds": True, "time": 1772528400}, held)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--verify", required=True)
    args = parser.parse_args()
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        three = Three(tap, args.verify, folder)
        if three.node is None:
            tap.check("Node is here, where it must be",
                      os.environ.get("CLOSEGATE_MCP_CLIENTS_REQUIRED") != "1")
            print("# no Node here: Python alone (tests/e2e/mcp/install brings one)")
        is_static(tap, args.verify)
        of_the_engine(three, lib.find_engine(args.engine))
        of_python(three)
        memory_is_bounded(three)
        if three.node:
            of_node(three)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
